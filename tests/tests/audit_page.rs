//! The page of `weir audit` in a browser: nothing is loaded, nothing runs, everything can be read, on a screen, on a phone, in the dark, by
//! keyboard and on A4. The pictures of it lie in the folder for temporary files of the build.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use weir_tests::harness::binary;
use weir_tests::pages::{self, SCREENS};

/// Events with a bit of everything, and names as long as names get.
fn export() -> String {
    let event = |n: u64| {
        let name = ["Signup", "Invite Sent", "Report Exported", "Checkout Step Viewed With A Name That Is Long"]
            [n as usize % 4];
        let mut properties = json!({
            "distinct_id": format!("user-{n}"), "time": 1_761_106_053 + n * 3_600, "plan": "pro", "seats": n, "is_trial": n.is_multiple_of(2),
            "email": format!("augusta.{n}@example.com"),
            "$current_url": format!("https://app.example.com/users/{n}?email=augusta.{n}%40example.com"),
            "a_rather_long_property_name_as_generated_code_makes_them": "AKIAIOSFODNN7EXAMPLE",
        });
        if n % 4 == 1 {
            properties["invitee"] = json!({"mobile": "+1 415 555 0132", "full_name": "Augusta Planted"});
        }
        if n % 4 == 2 {
            properties["note"] = json!("please call me back at the summer house because the invoice is wrong again");
            properties["card"] = json!("4111 1111 1111 1111");
        }
        json!({"event": name, "properties": properties})
    };
    (0..60).map(|n| format!("{}\n", event(n))).collect::<String>() + "{\"half\n"
}

#[test]
fn the_page_of_an_audit_is_read_on_a_screen_a_phone_and_paper_and_asks_nobody() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("audit-page");
    std::fs::create_dir_all(&folder).expect("there is a folder");
    let (file, page) = (folder.join("export.ndjson"), folder.join("audit.html"));
    std::fs::write(&file, export()).expect("it can be written");
    let status = Command::new(binary()).arg("audit").arg(&file).arg("--html").arg(&page).output().expect("weir runs");
    assert_eq!(status.status.code(), Some(1), "{}", String::from_utf8_lossy(&status.stderr));

    let report = pages::look("browser/audit.mjs", &page, &folder);
    println!("{report:#}");
    for name in SCREENS {
        let view = &report["views"][name];
        assert_eq!(view["title"], "What Mixpanel knows about your users");
        assert_eq!(view["scripts"], 0);
        let headings: Vec<&str> = view["headings"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        assert!(headings.iter().any(|h| h.starts_with("Fix these 3 and ")), "{headings:?}");
        assert_eq!(headings.last(), Some(&"What this rests on"));
        assert!(view["cells"].as_u64() > Some(12) && view["rows"].as_u64() > Some(4), "{name}: {view}");
        // The picture is wider than a phone: it scrolls by itself, and a keyboard reaches it.
        assert_eq!(view["focused"], json!({"class": "picture", "outline": true}), "{name}");
    }
}

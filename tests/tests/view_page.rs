//! `weir destination view` and `weir ledger postcard`: what they say of a vendor's copy, and their pages in a browser: nothing is loaded,
//! nothing runs, everything can be read, on a screen, on a phone, in the dark and on A4. The pictures lie in the build's folder.

use std::path::Path;

use serde_json::{Value, json};
use weir_event::{Clock, SystemClock};
use weir_tests::harness::{Folder, Setup, WRITE_KEY, Weir};
use weir_tests::pages::{self, SCREENS};
use weir_tests::standin::Standin;
use weir_tests::wire;

const PLANTED: [&str; 3] = ["augusta.planted@example.net", "4111 1111 1111 1111", "user-3"];

fn events(weir: &Weir) {
    let event = |n: u64| {
        let name = ["Signup", "Invite Sent", "Report Exported", "Checkout Step Viewed With A Name That Is Long"];
        json!({"event": name[n as usize % 4], "properties": {
            "token": WRITE_KEY, "distinct_id": format!("user-{}", n % 7), "$insert_id": format!("{n:032x}"), "plan": "pro", "seats": n,
            "time": SystemClock.now().0 as f64 / 1000.0, "email": PLANTED[0], "card": PLANTED[1], "company": format!("org-{}", n % 3),
        }})
    };
    let body = serde_json::to_vec(&(0..60).map(event).collect::<Value>()).expect("JSON of our own");
    assert_eq!(wire::post(weir.ingest(), "/in/web/track", "application/json", &body).expect("an answer").status, 200);
    weir.settle();
}

fn run(folder: &Folder, args: &[&str]) -> (Option<i32>, Value) {
    let (code, out, err) = folder.weir(&[args, &["--json"]].concat());
    assert!(
        PLANTED.iter().all(|planted| !out.contains(planted) && !err.contains(planted)),
        "no value is said: {out}{err}"
    );
    (code, serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}")))
}

/// The page as a browser has it, on every screen.
fn look(page: &Path, pictures: &Path) -> Value {
    let report = pages::look("browser/view.mjs", page, pictures);
    for screen in SCREENS {
        assert_eq!(report["views"][screen]["scripts"], 0, "{screen}");
    }
    let text = std::fs::read_to_string(page).expect("the page");
    assert!(text.contains("default-src 'none'") && PLANTED.iter().all(|planted| !text.contains(planted)));
    report
}

#[test]
fn what_a_vendor_can_see_and_one_person_before_and_now_are_pages_without_a_value() {
    let vendor = Standin::of_weir();
    let weir = Weir::start(&Setup::with_subject(&vendor.url(), "stable", "{allow: [plan, seats]}"));
    let folder = weir.folder();
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("view-page");
    std::fs::create_dir_all(&pictures).expect("there is a folder");
    let view = pictures.join("view.html");
    let html = view.display().to_string();

    // Before anything was sent: the page says so and stands.
    let (code, answer) = run(folder, &["destination", "view", "product", "--html", &html]);
    assert_eq!((code, answer["events"].as_u64()), (Some(0), Some(0)), "{answer}");

    events(&weir);
    let (code, answer) = run(folder, &["destination", "view", "product", "--html", &html]);
    assert_eq!(
        (code, answer["events"].as_u64(), answer["subjects"].as_u64()),
        (Some(0), Some(60), Some(7)),
        "{answer}"
    );
    let example = |path: &str| {
        let fields = answer["fields"].as_array().expect("fields");
        fields.iter().find(|field| field["path"] == path).and_then(|field| field["example"].as_str().map(str::to_owned))
    };
    // By type from the catalog, and never a value; what did not leave is not seen.
    assert_eq!(
        (example("plan").as_deref(), example("seats").as_deref(), example("email")),
        (Some("some text"), Some("42"), None)
    );
    let of_hours: u64 = answer["hours"]
        .as_array()
        .expect("days")
        .iter()
        .flat_map(|day| day["events"].as_array().expect("hours"))
        .filter_map(Value::as_u64)
        .sum();
    assert_eq!(of_hours, 60);
    assert!(answer["infers"].to_string().contains("how fast you grow: 7 new ids"), "{answer}");
    assert!(answer["scope"].to_string().contains("this question is in the audit log"), "{answer}");
    let (code, out, _) = folder.weir(&["destination", "view", "product"]);
    assert!(
        code == Some(0)
            && out.contains("would you be proud of it?")
            && out.contains("kept for ever as far as anybody has said")
    );
    let report = look(&view, &pictures);
    let wide = &report["views"]["wide"];
    assert_eq!(
        (wide["title"].as_str(), wide["pictures"].as_u64()),
        (Some("What mixpanel can see of us, as product"), Some(3))
    );
    assert!(wide["cells"].as_u64() > Some(5), "{wide}");

    // Without an import: what the app tried to send against what left.
    let card = pictures.join("postcard.html");
    let html = card.display().to_string();
    let ask = ["ledger", "postcard", PLANTED[2], "--destination", "product", "--html", &html];
    let (code, answer) = run(folder, &ask);
    assert_eq!((code, answer["before"]["evidence"].as_str()), (Some(1), Some("tried to send")), "{answer}");
    let fields = |answer: &Value, card: &str| -> Vec<String> {
        let list = answer[card]["fields"].as_array().expect("fields").clone();
        list.iter().filter_map(|field| field["path"].as_str().map(str::to_owned)).collect()
    };
    let before = fields(&answer, "before");
    assert!(before.contains(&"email".to_owned()) && before.contains(&"card".to_owned()), "{before:?}");
    let scope = answer["scope"].to_string();
    for said in ["looked for in every environment", "ids are joined by", "this question is in the audit log"] {
        assert!(scope.contains(said), "{said}: {scope}");
    }
    let now = fields(&answer, "now");
    assert!(now.contains(&"plan".to_owned()) && !now.contains(&"email".to_owned()), "{now:?}");
    assert!(
        answer["before"]["fields"].to_string().contains("alex@example.com"),
        "an address that is made up: {answer}"
    );

    // With one: what it had of this person, as declared.
    let export = folder.data().join("../export.ndjson");
    let line = json!({"event": "Signup", "properties": {"distinct_id": PLANTED[2], "time": 1_761_106_053, "mobile": "+1 415 555 0132"}});
    std::fs::write(&export, format!("{line}\n")).expect("it can be written");
    assert_eq!(run(folder, &["holdings", "import", "--vendor", "mixpanel", &export.display().to_string()]).0, Some(0));
    let (code, answer) = run(folder, &ask);
    assert_eq!((code, answer["before"]["evidence"].as_str()), (Some(1), Some("declared")), "{answer}");
    let before = fields(&answer, "before");
    assert!(before.contains(&"mobile".to_owned()) && !before.contains(&"card".to_owned()), "{before:?}");
    let report = look(&card, &pictures);
    assert_eq!(report["views"]["wide"]["besides"], true, "the cards stand side by side");
    assert_eq!(report["views"]["phone"]["besides"], false, "and one above the other on a phone");

    let (code, _, err) = folder.weir(&["destination", "view", "nobody"]);
    assert!(code == Some(2) && err.contains("it knows product"), "{err}");
    let (code, answer) = run(folder, &["ledger", "postcard", "somebody-else", "--destination", "product"]);
    assert_eq!((code, answer["now"]["events"].as_u64()), (Some(0), Some(0)), "{answer}");
}

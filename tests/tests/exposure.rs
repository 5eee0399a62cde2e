//! `weir ledger exposure` beside a running Weir: held against what really arrived at the vendor.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use weir_event::{Clock, SystemClock};
use weir_tests::harness::{Folder, Setup, WRITE_KEY, Weir};
use weir_tests::standin::Standin;
use weir_tests::wire;

const PLANTED: [&str; 3] = ["ada@example.com", "4111 1111 1111 1111", "user-3"];

fn events(weir: &Weir, name: &str, numbers: std::ops::Range<u64>) {
    let event = |n: u64| {
        json!({"event": name, "properties": {
            "token": WRITE_KEY, "distinct_id": format!("user-{}", n % 7), "$insert_id": format!("{n:032x}"), "plan": "pro", "seats": 4,
            "time": SystemClock.now().0 as f64 / 1000.0, "email": PLANTED[0], "card": PLANTED[1],
        }})
    };
    let body = serde_json::to_vec(&numbers.map(event).collect::<Value>()).expect("JSON of our own");
    assert_eq!(
        wire::post(weir.ingest(), "/in/web/track", "application/json", &body).expect("weir answers").status,
        200
    );
}

fn ask(folder: &Folder, more: &[&str]) -> (Option<i32>, Value) {
    let (code, out, err) = folder.weir(&[&["ledger", "exposure", "--json"], more].concat());
    for planted in PLANTED {
        assert!(!out.contains(planted) && !err.contains(planted), "an answer has no value: {out}{err}");
    }
    (code, serde_json::from_str(&out).unwrap_or_default())
}

fn names<'a>(list: &'a Value, field: &str) -> BTreeSet<&'a str> {
    list.as_array().expect("a list").iter().filter_map(|line| line[field].as_str()).collect()
}

#[test]
fn an_exposure_says_what_arrived_at_the_vendor_of_how_many_and_what_did_not() {
    let (product, growth) = (Standin::of_weir(), Standin::of_weir());
    let second = format!(
        "  growth:\n    type: mixpanel\n    vendor: elsewhere\n    endpoint: {}\n    allow_addresses: [127.0.0.0/8]\n    token: {{env: PRODUCT_TOKEN}}\n    \
         subject: stable\n    onward: [{{vendor: mixpanel, since: 2020-01-01}}]\n    release: {{allow: [seats]}}\n",
        growth.url()
    );
    let first = Setup::with_subject(&product.url(), "{rotating: 7d}", "{allow: [plan]}");
    let mut setup = first;
    setup.destinations.push_str(&second);
    let setup = setup.and("slices: [country, plan, email]\n");
    let weir = Weir::start(&setup);
    let folder = weir.folder();
    events(&weir, "Report Exported", 0..40);
    events(&weir, "Page Viewed", 40..45);
    weir.settle();

    let (code, answer) = ask(folder, &["--destination", "product"]);
    assert_eq!(code, Some(0), "{answer}");
    let arrived = product.events();
    let people: BTreeSet<String> = arrived.iter().filter_map(|event| event.text("distinct_id")).collect();
    let told = |field: &str| answer[field].as_u64().expect("a count") as usize;
    assert_eq!((told("events"), told("accepted"), told("subjects")), (arrived.len(), arrived.len(), people.len()));
    assert_eq!((told("events"), told("subjects")), (45, 7));
    // Epochs of seven days: one, or two at a border.
    let epochs = answer["epochs"].as_array().expect("a list");
    assert_eq!(epochs.iter().filter_map(|of| of["events"].as_u64()).sum::<u64>(), 45, "{epochs:?}");
    assert!((1..=2).contains(&epochs.len()) && epochs.iter().all(|of| of["destination"] == "product"), "{epochs:?}");
    assert!(names(&answer["fields"], "path").contains("plan") && !names(&answer["fields"], "path").contains("seats"));
    let withheld: BTreeSet<(&str, &str)> = answer["withheld"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|line| (line["path"].as_str().unwrap_or_default(), line["rule"].as_str().unwrap_or_default()))
        .collect();
    for expected in [("email", "minimised"), ("card", "minimised"), ("seats", "not_allowed")] {
        assert!(withheld.contains(&expected), "{withheld:?}");
    }
    assert_eq!(names(&answer["by_event"], "name"), BTreeSet::from(["Page Viewed", "Report Exported"]));

    // Each property of `slices` by itself; an address is dropped before it could be one.
    let slices: BTreeSet<(&str, Option<u64>)> = answer["by_slice"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|of| (of["name"].as_str().unwrap_or_default(), of["subjects"].as_u64()))
        .collect();
    assert_eq!(slices, BTreeSet::from([("email=unknown", Some(7)), ("plan=pro", Some(7)), ("unknown", Some(7))]));

    // By vendor: also what another forwards to it, as declared. And a window before everything is empty.
    let (_, answer) = ask(folder, &["--vendor", "mixpanel"]);
    let evidence = |answer: &Value| {
        let recipients = answer["recipients"].as_array().expect("a list").clone();
        recipients.iter().map(|of| format!("{} {}", of["destination"], of["evidence"])).collect::<BTreeSet<_>>()
    };
    let expected = ["\"growth\" \"forwarded, as declared\"", "\"product\" \"sent by Weir\""].map(str::to_owned);
    assert_eq!((answer["events"].as_u64(), evidence(&answer)), (Some(90), BTreeSet::from(expected)));
    let (_, answer) = ask(folder, &["--vendor", "mixpanel", "--to", "2020-06-01"]);
    assert_eq!((answer["events"].as_u64(), answer["subjects"].as_u64()), (Some(0), Some(0)));

    // A time past Weir is in every answer about it.
    assert_eq!(folder.weir(&["bypass", "open", "--all", "--reason", "a test"]).0, Some(0));
    let (_, answer) = ask(folder, &["--destination", "product"]);
    assert!(
        answer["not_covered"][0].as_str().is_some_and(|line| line.contains("NOT COVERED: all sources")),
        "{answer}"
    );

    // Ended, and Weir stopped: the answer stays.
    assert_eq!(folder.weir(&["destination", "end", "product", "--confirm", "product"]).0, Some(0));
    let folder = weir.kill();
    let page = folder.data().join("../exposure.html");
    let (code, answer) = ask(&folder, &["--destination", "product", "--html", &page.display().to_string()]);
    assert_eq!((code, answer["events"].as_u64(), answer["subjects"].as_u64()), (Some(0), Some(45), Some(7)));
    assert!(answer["scope"].to_string().contains("ended"), "{answer}");
    let page = std::fs::read_to_string(page).expect("the page");
    assert!(page.contains("default-src 'none'") && page.contains("NOT COVERED") && !page.contains("<script"));
    assert!(PLANTED.iter().all(|planted| !page.contains(planted)));
    assert_eq!(page.matches("<svg").count(), 3);

    // How somebody appears there is what left, whatever the configuration says today, or whether it names the destination at all.
    let there: BTreeSet<String> = growth.events().iter().filter_map(|event| event.text("distinct_id")).collect();
    let raw = Setup { destinations: setup.destinations.replace("subject: stable", "subject: raw"), ..setup.clone() };
    assert_ne!(raw.destinations, setup.destinations);
    let without = Setup { destinations: setup.destinations.replace(&second, ""), ..setup.clone() };
    for later in [&setup, &raw, &without] {
        folder.configure(later);
        let (code, out, err) = folder.weir(&["ledger", "subject", "--json", PLANTED[2]]);
        let answer: Value = serde_json::from_str(&out).unwrap_or_default();
        let rows = answer["rows"].as_array().expect("rows").clone();
        let of_growth: Value = rows.into_iter().filter(|row| row["destination"] == "growth").collect();
        let told = names(&of_growth, "as");
        assert!(code == Some(1) && told.len() == 1 && told.iter().all(|as_| there.contains(*as_)), "{out}{err}");
    }

    // A time in which nothing can have left, or a name that nobody knows, is no "nothing left".
    for (wrong, says) in [
        (vec!["ledger", "subject", "user-3", "--from", "2026-11-02", "--to", "2026-10-01"], "exchange them"),
        (vec!["ledger", "subject", "user-3", "--from", "2999-01-01"], "has not come yet"),
        (vec!["ledger", "postcard", "user-3", "--destination", "prodcut"], "knows a destination prodcut"),
        (vec!["ledger", "exposure", "--from", "2026-02-30"], "is no time"),
    ] {
        let (code, out, err) = folder.weir(&wrong);
        assert!(code == Some(2) && err.contains(says), "{wrong:?}: {out}{err}");
    }
    folder.configure(&setup);
    let (code, out, _) = folder.weir(&["ledger", "subject", "user-3", "--to", "2020-01-01"]);
    assert!(
        code == Some(0)
            && out.contains("in the time that was asked about")
            && out.contains("to 2020-01-02T00:00:00.000Z"),
        "{out}"
    );
    let page = folder.data().join("../nothing.html");
    let (_, answer) =
        ask(&folder, &["--vendor", "mixpanel", "--to", "2020-01-01", "--html", &page.display().to_string()]);
    assert_eq!(answer["events"], 0);
    let page = std::fs::read_to_string(page).expect("the page");
    assert!(
        page.contains("Nothing left in this time") && page.matches("<h2>").count() == 1,
        "only the scope has a heading"
    );

    for (wrong, says) in [
        (["--destination", "nobody"], "it knows growth, product"),
        (["--vendor", "nobody"], "it names elsewhere, mixpanel"),
        (["--from", "soon"], "is no time"),
    ] {
        let (code, _, err) = folder.weir(&[&["ledger", "exposure"], &wrong[..]].concat());
        assert!(code == Some(2) && err.contains(says), "{err}");
    }
}

#[test]
fn everything_that_left_about_an_id_is_told_under_the_vendors_pseudonym_with_receipts_that_a_stranger_accepts() {
    let standin = Standin::of_weir();
    let weir = Weir::start(&Setup::with_subject(&standin.url(), "{rotating: 7d}", "{allow: [plan]}"));
    let folder = weir.folder();
    events(&weir, "Report Exported", 0..40);
    weir.settle();
    // Asked at once: the tree is up to a second behind, and the question waits for it.
    let receipts = folder.data().join("../receipts");
    let subject = |id: &str, more: &[&str]| {
        let (code, out, err) = folder.weir(&[&["ledger", "subject", "--json", id], more].concat());
        (code, serde_json::from_str::<Value>(&out).unwrap_or_default(), err)
    };
    let (code, answer, err) = subject("user-3", &["--receipts", &receipts.display().to_string()]);
    assert_eq!(code, Some(1), "{answer}{err}");
    let rows = answer["rows"].as_array().expect("rows");
    let told = names(&answer["rows"], "as");
    // The vendor's side does not know user-3; of the seven people two have six events and five have fewer or more.
    let pseudonym = told.first().expect("a pseudonym");
    let there =
        standin.events().iter().filter(|event| event.text("distinct_id").as_deref() == Some(*pseudonym)).count();
    assert_eq!((told.len(), rows.len()), (1, there));
    assert_eq!(rows.len(), (0..40).filter(|n| n % 7 == 3).count());
    assert!(
        rows.iter()
            .all(|row| row["became"] == "accepted" && row["event"] == "Report Exported" && row["kind"] == "user")
    );
    assert!(rows[0]["left"].to_string().contains("\"plan\"") && rows[0]["withheld"].to_string().contains("\"email\""));

    let verifier = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("verifiers/receipt.py");
    let check = |leaf: &std::path::Path, receipt: &std::path::Path| {
        let mut command = std::process::Command::new("python3");
        command.arg(&verifier).arg(receipt).arg(leaf).arg(receipts.join("verifier-key"));
        let output = command.output().expect("python3 is needed");
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let names = answer["receipts"].as_array().expect("receipts");
    assert!(!names.is_empty());
    for name in names {
        let receipt = receipts.join(name.as_str().expect("a name"));
        let leaf = receipt.with_extension("leaf");
        let (good, says) = check(&leaf, &receipt);
        assert!(good, "{says}");
        // Another leaf is refused.
        let mut bytes = std::fs::read(&leaf).expect("the leaf");
        bytes[4] ^= 1;
        let forged = receipts.join("forged");
        std::fs::write(&forged, bytes).expect("a file");
        assert!(!check(&forged, &receipt).0);
    }

    // The key as text does as well as the file of it.
    let key = std::fs::read_to_string(receipts.join("verifier-key")).expect("the key");
    let receipt = receipts.join(names[0].as_str().expect("a name"));
    let mut command = std::process::Command::new("python3");
    command.arg(&verifier).arg(&receipt).arg(receipt.with_extension("leaf")).arg(key.trim());
    assert!(command.output().expect("python3 is needed").status.success());

    let (code, answer, _) = subject("user-99", &[]);
    assert_eq!((code, answer["rows"].as_array().map(Vec::len)), (Some(0), Some(0)));
    let (code, answer, _) = subject("undefined", &[]);
    assert!(code == Some(2) && answer["error"].to_string().contains("takes it for nobody"), "{answer}");
}

//! Each detector's cases as data: `cases.txt`, those of numbers with a shape: `cases_ids.txt`,
//! and those of classes that only a key gives away: `cases_keyed.txt`.

use std::collections::BTreeMap;

mod made_up;

use weir_detect::{Engine, PathFacts};
use weir_event::{LeafKind, Likelihood};

const CASES: &[&str] = &[include_str!("cases.txt"), include_str!("cases_ids.txt"), include_str!("cases_keyed.txt")];

#[test]
fn every_case_holds_and_every_detector_has_cases() {
    let engine = Engine::new();
    let mut counts: BTreeMap<&str, [u32; 2]> = engine.detectors().map(|name| (name, [0; 2])).collect();
    let mut failures = Vec::new();
    for line in CASES.iter().flat_map(|cases| cases.lines()).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let fields: Vec<&str> = line.splitn(4, '|').map(str::trim).collect();
        let [detector, expected, path, value] = fields.as_slice() else { panic!("four fields: {line}") };
        let count = counts.get_mut(detector).unwrap_or_else(|| panic!("no such detector: {line}"));
        count[usize::from(*expected == "-")] += 1;
        let mut found = Vec::new();
        let value = made_up::expand(value).replace('⏎', "\n");
        engine.scan(PathFacts::of_path(path), LeafKind::String, value.as_bytes(), &mut found);
        let best = found.iter().filter(|f| f.detector == *detector).map(|f| f.likelihood).max();
        let holds = match *expected {
            "+" => best >= Some(Likelihood::Likely),
            "?" => best == Some(Likelihood::Possible),
            _ => best.is_none(),
        };
        if !holds {
            failures.push(format!("{line}   found {best:?}"));
        }
    }
    for (detector, [positive, negative]) in counts {
        // Vendors' formats are tried by `secrets.rs`, from the examples of their files.
        if detector.starts_with("secret_") && detector != "secret_keyed" {
            continue;
        }
        if positive < 2 || negative < 2 {
            failures
                .push(format!("{detector}: {positive} positive and {negative} negative cases, at least two of each"));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn numbers_are_scanned_as_written() {
    let detectors = |path: &str, number: &str| {
        let mut found = Vec::new();
        Engine::new().scan(PathFacts::of_path(path), LeafKind::Number, number.as_bytes(), &mut found);
        found.iter().map(|f| f.detector).collect::<Vec<_>>()
    };
    for card in ["4111111111111111", "4111111111111111.0", "4.111111111111111e15", "4.111111111111111E+15"] {
        assert_eq!(detectors("x", card), ["payment_card"], "{card}");
    }
    assert_eq!(detectors("phone", "4155550132"), ["phone"]);
    assert_eq!(detectors("lat", "52.520008"), ["location"]);
    for clean in ["4155550132", "1760000000", "4111111111111112", "0.4111111111111111", "1440", "-1e400", "1e5"] {
        assert!(detectors("x", clean).is_empty(), "{clean}");
    }
}

#[test]
fn a_span_covers_the_value_and_nothing_else() {
    let text = "write to ada@example.com, please";
    let mut found = Vec::new();
    Engine::new().scan(PathFacts::NONE, LeafKind::String, text.as_bytes(), &mut found);
    let span = found.iter().find(|f| f.detector == "email").expect("found").span;
    assert_eq!(&text[span.0 as usize..span.1 as usize], "ada@example.com");
    found.clear();
    let text = "x=1&password=hunter2&y=2";
    Engine::new().scan(PathFacts::NONE, LeafKind::String, text.as_bytes(), &mut found);
    let span = found[0].span;
    assert_eq!(&text[span.0 as usize..span.1 as usize], "hunter2");
}

#[test]
fn what_lies_inside_a_stronger_finding_is_not_reported_beside_it() {
    let categories = |text: &str| {
        let mut found = Vec::new();
        Engine::new().scan(PathFacts::NONE, LeafKind::String, text.as_bytes(), &mut found);
        found.iter().map(|f| f.detector).collect::<Vec<_>>()
    };
    assert_eq!(categories("https://ada:s3cret@example.com/"), ["url_credentials"]);
    assert_eq!(categories("DE89 3704 0044 0532 0130 00"), ["iban"]);
    // One in eleven of such phone numbers has the sum of an NHS number.
    assert_eq!(categories("415 555 0113"), ["phone"]);
    assert_eq!(categories("+1 415 555 0113"), ["phone"]);
    assert_eq!(categories("+7 856-734-62-15"), ["phone"]);
}

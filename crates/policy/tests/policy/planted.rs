//! Acceptance test 19 of the user asks: the same value planted anywhere in an event is treated alike. And user ask 3: no full
//! address.

use proptest::prelude::*;
use weir_event::{Operation, ProfileOp};
use weir_policy::SubjectMode;

use crate::support::{Event, Value, World, number, object, shown, text};

/// Values that no record and no destination may have, each with a clean text around it where one is put.
fn planted() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{3,8}\\.[a-z]{3,8}@[a-z]{4,9}\\.(com|de|io|co\\.uk)",
        Just("4111111111111111".to_owned()),
        Just("5555555555554444".to_owned()),
        "AKIA[A-Z2-7]{16}",
        "ghp_[A-Za-z0-9]{36}",
        "sk_live_[A-Za-z0-9]{24}",
        "\\+49151[0-9]{8}",
    ]
}

fn percent_encoded(value: &str) -> String {
    value
        .bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

fn base64(value: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in value.as_bytes().chunks(3) {
        let n = chunk.iter().fold(0_u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let digit = DIGITS[(n >> (18 - 6 * i) & 63) as usize];
            out.push(if i <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

/// The places of test 19. Each is an event that holds the value once.
fn places(value: &str) -> Vec<(&'static str, Event<'static>)> {
    let event = || Event::new("saved").with("plan", text("pro"));
    let encoded = percent_encoded(value);
    let mut places = vec![
        ("body", event().with("place", text(value))),
        ("in a sentence", event().with("place", text(format!("see {value} now")))),
        ("nested object", event().with("form", object([("inner", object([("field", text(value))]))]))),
        ("array", event().with("list", Value::Array(vec![text("a"), text(value), object([("x", text(value))])]))),
        ("key", event().with("map", object([(value, text("below"))]))),
        ("top-level key", event().with(value, text("below"))),
        ("url query", event().with("link", text(format!("https://shop.example.com/a?q={encoded}")))),
        ("url path", event().with("link", text(format!("https://shop.example.com/u/{encoded}/edit")))),
        ("url fragment", event().with("link", text(format!("https://shop.example.com/a#{encoded}")))),
        (
            "page url",
            event()
                .context("context.page.url", text(format!("https://shop.example.com/a?e={encoded}&utm_source=news"))),
        ),
        ("utm", event().context("context.page.url", text(format!("https://shop.example.com/a?utm_source={encoded}")))),
        ("page title", event().context("context.page.title", text(value))),
        ("percent-encoded", event().with("place", text(encoded))),
        ("json in a string", event().with("place", text(format!("{{\"inner\":\"{value}\"}}")))),
        ("base64", event().with("place", text(base64(value)))),
        (
            "profile",
            Event::new("$profile")
                .doing(Operation::Profile(ProfileOp::Set))
                .with("place", text(value))
                .with("plan", text("pro")),
        ),
    ];
    if value.bytes().all(|b| b.is_ascii_digit()) {
        places.push(("number", event().with("amount", number(value))));
    }
    places
}

/// Everything allowed that a test can name: what is missing was taken by its category, not for want of a rule.
const ALLOW: [&str; 16] = [
    "plan",
    "place",
    "form.inner.field",
    "list",
    "list.*.x",
    "map",
    "map.*",
    "link",
    "amount",
    "context.page.url",
    "context.page.title",
    "context.campaign.source",
    "profile.place",
    "profile.plan",
    "context.page.referrer",
    "context.page.search",
];

#[test]
fn a_clean_value_in_the_same_places_stays_and_leaves() {
    // The control of the test below: what is not there was taken away, it was not lost by the test.
    let world = World::new();
    let mut releaser = world.releaser(SubjectMode::Stable, &ALLOW, &[]);
    let gone = ["url query", "url fragment", "page url", "key", "top-level key", "base64"];
    for (place, event) in places("quarterly") {
        let stored = world.minimise(&event).unwrap();
        let leaves =
            world.release(&mut releaser, &stored, |r| r.map(|r| shown(&r)).unwrap_or_default().contains("quarterly"));
        let held = stored.holds("quarterly");
        let expected = !gone.contains(&place);
        assert_eq!((held, leaves), (expected, expected), "{place}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn asks_19_a_planted_value_is_in_no_record_and_leaves_nowhere(value in planted()) {
        let world = World::new();
        let mut releaser = world.releaser(SubjectMode::Stable, &ALLOW, &[]);
        for (place, event) in places(&value) {
            let stored = world.minimise(&event).unwrap();
            for form in [value.clone(), percent_encoded(&value), base64(&value)] {
                prop_assert!(!stored.holds(&form), "{place}: the record holds {form}");
                let text = world.release(&mut releaser, &stored, |r| r.map(|r| shown(&r)).unwrap_or_default());
                prop_assert!(!text.to_lowercase().contains(&form.to_lowercase()), "{place}: {form} leaves");
            }
            let remap = |n: u32| weir_event::NameId(n);
            let kept = stored.view(&remap).leaves().filter(|l| l.as_ref().is_ok_and(|l| l.text == b"pro")).count();
            prop_assert_eq!(kept, 1, "{}: what stands beside it stays", place);
        }
    }

    #[test]
    fn asks_3_no_full_address_is_kept(a in 1_u8..223, b in 0_u8..255, c in 0_u8..255, d in 100_u8..255) {
        let world = World::new();
        let full = format!("{a}.{b}.{c}.{d}");
        let event = Event::new("saved")
            .with("client", text(full.clone()))
            .with("place", text(format!("from {full} today")))
            .context("context.ip", text(full.clone()));
        let stored = world.minimise(&event).unwrap();
        prop_assert!(!stored.values(world.path("context.ip")).contains(&full));
        // A version number has the shape of an address; the detectors decide, and what they call an address is cut.
        let remap = |n: u32| weir_event::NameId(n);
        for finding in stored.view(&remap).findings().filter(|f| f.category == weir_event::Category::IpAddress) {
            prop_assert!(!stored.values(finding.path).iter().any(|v| v.contains(&full)));
        }
    }

    #[test]
    fn an_unknown_property_never_leaves(key in "[a-z]{3,12}", value in "[a-z]{12,20}") {
        let world = World::new();
        let event = Event::new("saved").with(&key, text(value.clone())).with("deep", object([("er", text(value.clone()))]));
        let stored = world.minimise(&event).unwrap();
        let mut releaser = world.releaser(SubjectMode::Stable, &[], &[]);
        let text = world.release(&mut releaser, &stored, |r| shown(&r.unwrap()));
        prop_assert!(!text.contains(&value));
    }
}

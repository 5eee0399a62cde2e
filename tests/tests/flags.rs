//! D17, mode `proxy`, with the vendors' own SDKs: the flags that the page sees are the vendor's, what the vendor sees is what
//! policy allows, and each question is in the ledger before it is sent.

use serde_json::{Value, json};
use weir_tests::drivers::{Sdk, drive};
use weir_tests::harness::{Setup, VENDOR_TOKEN, WRITE_KEY, Weir};
use weir_tests::privacy::{assert_nowhere, planted};
use weir_tests::standin::fault::Fault;
use weir_tests::standin::{Account, Standin};

fn vendor() -> Standin {
    let account = Account { tokens: vec![VENDOR_TOKEN.to_owned()], decides_flags: true, ..Account::default() };
    Standin::start_with(account, 0)
}

fn setup(standin: &Standin, subject: &str, auxiliary: &str) -> Setup {
    let mut setup = Setup::with_subject(&standin.url(), subject, "{allow: [plan, n]}");
    setup.sources = setup.sources.replace("mode: enforce", &format!("mode: enforce, auxiliary: {auxiliary}"));
    setup
}

/// The same for PostHog.
fn posthog(standin: &Standin, subject: &str) -> Setup {
    let mut setup = Setup::with_subject(&standin.url(), subject, "{allow: [profile.plan]}");
    setup.sources = setup
        .sources
        .replace("protocol: mixpanel", "protocol: posthog")
        .replace("mode: enforce", "mode: enforce, auxiliary: proxy");
    setup.destinations = setup.destinations.replace("type: mixpanel", "type: posthog");
    let (before, rest) = setup.destinations.split_once("import: ").expect("Mixpanel's has an import");
    let (_, after) = rest.split_once("release: ").expect("a release follows");
    setup.destinations = format!("{before}release: {after}");
    setup
}

/// What the page saw at each of two visits of the same person.
fn visits(base: &str) -> Vec<Value> {
    seen_by(Sdk::Browser, base)
}

fn seen_by(sdk: Sdk, base: &str) -> Vec<Value> {
    drive(sdk, "flags", base, WRITE_KEY).report["flags"].as_array().cloned().unwrap_or_default()
}

fn questions(standin: &Standin) -> Vec<String> {
    standin.requests().iter().filter(|r| r.path().starts_with("/flags")).map(|r| r.target.clone()).collect()
}

#[test]
fn d17_flags_of_a_raw_destination_are_the_same_before_and_after() {
    let before = vendor();
    let direct = visits(&before.url());
    assert_eq!(direct[0]["exports"], json!(true), "the vendor decides by the property: {direct:?}");
    assert_ne!(direct[0]["bucket"], json!("fallback"));
    let standin = vendor();
    let weir = Weir::start(&setup(&standin, "{raw: {confirm_category: true}}", "proxy"));
    assert_eq!(visits(&weir.source_url("web")), direct);
}

#[test]
fn d17_flags_of_a_rotating_destination_follow_the_properties_and_keep_their_bucket() {
    let standin = vendor();
    let weir = Weir::start(&setup(&standin, "{rotating: 1d}", "proxy"));
    let first = visits(&weir.source_url("web"));
    assert_eq!(first[0]["exports"], json!(true), "an allowed property reaches the vendor");
    assert_eq!(first[0], first[1], "both visits are in one bucket");
    let asked = questions(&standin);
    assert!(!asked.is_empty());
    for target in &asked {
        assert!(!target.contains("email") && !target.contains("ada"), "more than policy allows was asked: {target}");
    }
    assert_nowhere(&planted(), &standin, &weir);
    let metrics = weir.settle();
    assert!(metrics.sum("weir_flag_questions_total", &[("answer", "vendor")]) > 0);
    assert_eq!(metrics.sums_broken(), Vec::<String>::new(), "a question is in no sum");
    // Another day, another process, the same bucket.
    let folder = weir.kill();
    let (code, said) = folder.verify_ledger(true);
    assert_eq!(code, Some(0), "{said}");
    let weir = folder.start();
    assert_eq!(visits(&weir.source_url("web")), first);
    // The vendor is gone: what it said last counts.
    standin.always(Fault::status(500));
    assert_eq!(visits(&weir.source_url("web")), first);
}

#[test]
fn d17_refused_calls_for_flags_leave_the_page_with_its_fallbacks() {
    let standin = vendor();
    let weir = Weir::start(&setup(&standin, "stable", "refuse"));
    for seen in visits(&weir.source_url("web")) {
        assert_eq!(seen, json!({"exports": "fallback", "bucket": "fallback"}));
    }
    assert_eq!(questions(&standin), Vec::<String>::new());
}

#[test]
fn d17_posthogs_flags_are_the_same_before_and_after_and_nothing_else_is_switched_on() {
    const NODE: Sdk = Sdk::Script("node/posthog.mjs");
    let before = vendor();
    let direct = seen_by(NODE, &before.url());
    assert_eq!(direct[0]["exports"], json!(true), "the vendor decides by the property: {direct:?}");
    let standin = vendor();
    let weir = Weir::start(&posthog(&standin, "{raw: {confirm_category: true}}"));
    assert_eq!(seen_by(NODE, &weir.source_url("web")), direct);

    let standin = vendor();
    let weir = Weir::start(&posthog(&standin, "{rotating: 1d}"));
    let first = seen_by(NODE, &weir.source_url("web"));
    assert_eq!((&first[0], &first[0]["exports"]), (&first[1], &json!(true)), "one bucket, and the property counts");
    assert_ne!(first[0]["bucket"], direct[0]["bucket"], "the vendor does not know the id");
    for asked in standin.requests().iter().filter(|r| r.path().starts_with("/flags")) {
        let asked: Value = serde_json::from_slice(&asked.opened).expect("JSON");
        assert_eq!(asked["person_properties"], json!({"plan": "pro"}));
        assert_eq!(asked["geoip_disable"], json!(true));
    }
    assert_nowhere(&planted(), &standin, &weir);
    let body =
        br#"{"token":"mptoken0123456789abcdef012345678","distinct_id":"u-1","person_properties":{"plan":"pro"}}"#;
    let answer = weir_tests::wire::post(weir.ingest(), "/in/web/flags/?v=2&config=true", "application/json", body);
    let answer = answer.expect("an answer");
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(text.contains("exports") && !text.contains("sessionRecording") && !text.contains("siteApps"), "{text}");
}

#[test]
fn d17_a_tap_asks_nobody() {
    let standin = vendor();
    let mut setup = setup(&standin, "stable", "proxy");
    setup.sources = setup.sources.replace("mode: enforce", "mode: tap");
    let weir = Weir::start(&setup);
    visits(&weir.source_url("web"));
    assert_eq!(questions(&standin), Vec::<String>::new());
}

#[test]
fn d17_a_proxy_needs_a_destination_of_its_vendor() {
    let mut setup = setup(&vendor(), "stable", "proxy");
    setup.destinations.clear();
    let folder = weir_tests::harness::Folder::new(&setup);
    let Err(said) = folder.try_start() else { panic!("it starts") };
    assert!(said.contains("there is no destination of type mixpanel"), "{said}");
}

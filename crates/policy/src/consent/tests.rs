use std::sync::Arc;
use weir_event::Text;
use weir_event::names::ClassOnly;

use super::*;
use ConsentState::{Given, Refused, Unknown};

fn names() -> Arc<Names> {
    Names::new(Box::new(ClassOnly))
}

fn cookies(reading: Reading, header: &str) -> ConsentStates {
    let spec = ConsentSpec { cookies: vec![("c".to_owned(), reading)], ..ConsentSpec::default() };
    let signals = ConsentSignals::resolve(&spec, &names()).unwrap();
    signals.of_request(false, false, [header.as_bytes()].into_iter())
}

/// One event with these leaves.
fn event(spec: &ConsentSpec, leaves: &[(&str, LeafKind, &str)]) -> ConsentStates {
    let names = names();
    let signals = ConsentSignals::resolve(spec, &names).unwrap();
    let mut batch = DraftBatch::default();
    for (path, kind, text) in leaves {
        let at = Text { start: batch.text.len() as u32, len: text.len() as u32 };
        batch.text.extend_from_slice(text.as_bytes());
        let path = names.restore(NameKind::Path, path).unwrap();
        batch.leaves.push(Leaf { path, kind: *kind, text: at });
    }
    let draft = Draft {
        operation: weir_event::Operation::Track,
        name: names.label("x"),
        name_text: Text::default(),
        identities: Vec::new(),
        sdk_id: None,
        client_time: None,
        sent_at: None,
        historical: false,
        leaves: 0..leaves.len() as u32,
        unnamed: 0,
        fault: None,
    };
    Consent::new(&signals, ConsentStates::UNKNOWN).of_event(&batch, &draft)
}

fn states(of: ConsentStates) -> [ConsentState; 5] {
    Purpose::ALL.map(|purpose| of.state(purpose))
}

#[test]
fn headers_refuse_what_is_configured_and_agree_to_nothing() {
    let spec = ConsentSpec {
        gpc: vec![Purpose::SaleOrSharing],
        dnt: vec![Purpose::Analytics, Purpose::Advertising],
        ..ConsentSpec::default()
    };
    let signals = ConsentSignals::resolve(&spec, &names()).unwrap();
    let of = |gpc, dnt| states(signals.of_request(gpc, dnt, [].into_iter()));
    assert_eq!(of(false, false), [Unknown; 5]);
    assert_eq!(of(true, false), [Unknown, Unknown, Refused, Unknown, Unknown]);
    assert_eq!(of(false, true), [Refused, Refused, Unknown, Unknown, Unknown]);
    assert_eq!(of(true, true), [Refused, Refused, Refused, Unknown, Unknown]);
    let gpc = signals.of_request(true, false, [].into_iter());
    assert_eq!(gpc.origin(Purpose::SaleOrSharing), ConsentOrigin::Gpc);
}

#[test]
fn d18_only_the_named_cookie_is_read() {
    let analytics = Reading::Purpose(Purpose::Analytics);
    assert_eq!(states(cookies(analytics, "a=no; c=yes; d=no"))[0], Given);
    assert_eq!(states(cookies(analytics, "cc=yes; xc=yes;C=yes; c2=yes; c"))[0], Unknown);
    assert_eq!(states(cookies(analytics, "c=\"granted\""))[0], Given);
    assert_eq!(states(cookies(analytics, "c=yes; c=no"))[0], Refused, "among two of one name the refusal counts");
    assert_eq!(states(cookies(analytics, "c=perhaps"))[0], Unknown);
    assert_eq!(states(cookies(analytics, &format!("c={}", "1".repeat(9_000))))[0], Unknown);
    assert_eq!(cookies(analytics, "c=yes").origin(Purpose::Analytics), ConsentOrigin::Cookie);
}

#[test]
fn cookies_of_consent_platforms_are_understood() {
    let one_trust = "c=isGpcEnabled=0&datestamp=Sun+Nov+22+2026&version=202405.1.0&consentId=4f0&interactionCount=1&groups=C0001%3A1%2CC0002%3A0%2CC0003%3A1%2CC0004%3A1%2CC0005%3A0&AwaitingReconsent=false";
    assert_eq!(states(cookies(Reading::OneTrust, one_trust)), [Refused, Refused, Unknown, Unknown, Given]);
    assert_eq!(
        states(cookies(Reading::OneTrust, "c=groups%3DC0002%3A1%26x%3D1")),
        [Given, Unknown, Unknown, Unknown, Unknown]
    );
    let cookiebot = "c={stamp:%27aGVsbG8=%27%2Cnecessary:true%2Cpreferences:false%2Cstatistics:true%2Cmarketing:false%2Cmethod:%27explicit%27%2Cver:1}";
    assert_eq!(states(cookies(Reading::Cookiebot, cookiebot)), [Given, Refused, Unknown, Unknown, Refused]);
    assert_eq!(states(cookies(Reading::Cookiebot, "c=-1")), [Unknown; 5]);
    let tc = "c=COvFyGBOvFyGBAbAAAENAPCAAOAAAAAAAAAAAEEUACCKAAA";
    assert_eq!(states(cookies(Reading::Tcf, tc)), [Refused, Refused, Unknown, Refused, Unknown]);
    assert_eq!(states(cookies(Reading::GoogleConsent, "c=G101")), [Given, Refused, Unknown, Unknown, Unknown]);
    assert_eq!(states(cookies(Reading::GoogleConsent, "c=G1-0")), [Refused, Unknown, Unknown, Unknown, Unknown]);
    assert_eq!(states(cookies(Reading::GoogleConsent, "c=G2x11")), [Unknown; 5]);
}

#[test]
fn categories_of_segment_and_rudderstack_are_read_by_name() {
    let spec = ConsentSpec::default();
    let at = |key: &str| format!("{PREFERENCES}.{key}");
    let (c2, c4, sharing) = (at("C0002"), at("advertising"), at("DataSharing"));
    let segment =
        event(&spec, &[(&c2, LeafKind::True, ""), (&c4, LeafKind::False, ""), (&sharing, LeafKind::False, "")]);
    assert_eq!(states(segment), [Given, Refused, Refused, Unknown, Unknown]);
    assert_eq!(segment.origin(Purpose::Analytics), ConsentOrigin::Categories);
    let both = event(&spec, &[(&c2, LeafKind::True, ""), (&at("Statistics"), LeafKind::False, "")]);
    assert_eq!(states(both)[0], Refused, "two categories of one purpose: the refusal counts");
    assert_eq!(states(event(&spec, &[(&at("C0001"), LeafKind::True, "")])), [Unknown; 5]);

    let (allowed, denied) = (format!("{}.*", LISTS[0].0), format!("{}.*", LISTS[1].0));
    let lists = [(allowed.as_str(), LeafKind::String, "C0002"), (denied.as_str(), LeafKind::String, "Marketing")];
    assert_eq!(states(event(&spec, &lists)), [Given, Refused, Unknown, Unknown, Unknown]);
}

#[test]
fn a_category_whose_name_is_no_key_is_read_from_the_map() {
    let spec = ConsentSpec {
        categories: vec![("4711".into(), Some(Purpose::Analytics)), ("4712".into(), Some(Purpose::Functional))],
        ..ConsentSpec::default()
    };
    let folded = format!("{PREFERENCES}.*");
    let leaves = [
        (folded.as_str(), LeafKind::MapKey, "4711"),
        (folded.as_str(), LeafKind::True, ""),
        (folded.as_str(), LeafKind::MapKey, "9999"),
        (folded.as_str(), LeafKind::False, ""),
        (folded.as_str(), LeafKind::MapKey, "4712"),
        (folded.as_str(), LeafKind::String, "no"),
    ];
    assert_eq!(states(event(&spec, &leaves)), [Given, Unknown, Unknown, Unknown, Refused]);
}

#[test]
fn google_consent_mode_is_read_by_its_names_and_what_is_configured_replaces_what_is_built_in() {
    let leaves = [
        ("analytics_storage", LeafKind::String, "granted"),
        ("ad_storage", LeafKind::String, "granted"),
        ("ad_user_data", LeafKind::String, "denied"),
    ];
    assert_eq!(states(event(&ConsentSpec::default(), &leaves)), [Given, Refused, Unknown, Unknown, Unknown]);
    let spec = ConsentSpec {
        categories: vec![("c0002".into(), None), ("C0004".into(), Some(Purpose::SaleOrSharing))],
        properties: vec![
            ("ad_user_data".into(), Reading::Ignore),
            ("analytics_storage".into(), Reading::Purpose(Purpose::Functional)),
            ("profile.gdpr.tc".into(), Reading::Tcf),
        ],
        ..ConsentSpec::default()
    };
    assert_eq!(states(event(&spec, &leaves)), [Unknown, Given, Unknown, Unknown, Given]);
    let (c2, c4) = (format!("{PREFERENCES}.C0002"), format!("{PREFERENCES}.c0004"));
    let both = event(&spec, &[(&c2, LeafKind::True, ""), (&c4, LeafKind::False, "")]);
    assert_eq!(states(both), [Unknown, Unknown, Refused, Unknown, Unknown]);
    let tc = "CLcVDxRMWfGmWAVAHCENAXCkAKDAADnAABRgA5mdfCKZuYJez-NQm0TBMYA4oCAAGQYIAAAAAAEAIAEgAA.argAC0gAAAAAAAAAAAA";
    let tcf = event(&spec, &[("profile.gdpr.tc", LeafKind::String, tc)]);
    assert_eq!((states(tcf)[0], tcf.origin(Purpose::Analytics)), (Refused, ConsentOrigin::Tcf));
}

#[test]
fn a_path_that_is_none_is_named() {
    let property = |path: &str| (path.to_owned(), Reading::Tcf);
    let spec = ConsentSpec {
        properties: vec![property("a..b"), property("fine"), property("profile")],
        ..ConsentSpec::default()
    };
    assert_eq!(ConsentSignals::resolve(&spec, &names()).unwrap_err(), ["a..b", "profile"]);
}

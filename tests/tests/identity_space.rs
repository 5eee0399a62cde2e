//! `identity_space`: the client and the server of one product know a person by one id, whichever vendor's SDKs they use.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use weir_event::{Clock, SystemClock};
use weir_tests::harness::{Setup, Weir};
use weir_tests::standin::Standin;
use weir_tests::wire;

/// Source, protocol, space.
const SOURCES: [(&str, &str, &str); 4] = [
    ("browser", "amplitude", "shop"),
    ("server", "mixpanel", "shop"),
    ("app", "snowplow", "shop"),
    ("partner", "mixpanel", "partner"),
];

fn post(weir: &Weir, path: &str, body: &Value) {
    let answer =
        wire::post(weir.ingest(), path, "application/json", body.to_string().as_bytes()).expect("weir answers");
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
}

/// One event of each source about the same user on the same device, named by its source.
fn send(weir: &Weir) {
    let now = SystemClock.now().0;
    let (user, device) = ("user-4711", "93bc0e7f-3901-4b07-aee3-87fe5437f575");
    let amplitude = json!({"api_key": "key-of-browser", "events": [
        {"event_type": "browser", "user_id": user, "device_id": device, "time": now, "insert_id": "i-1"}]});
    post(weir, "/in/browser/2/httpapi", &amplitude);
    let snowplow = json!({"data": [{"e": "se", "se_ca": "c", "se_ac": "app", "uid": user, "duid": device, "aid": "key-of-app", "dtm": now.to_string()}]});
    post(weir, "/in/app/com.snowplowanalytics.snowplow/tp2", &snowplow);
    for source in ["server", "partner"] {
        let event = json!([{"event": source, "properties": {"token": format!("key-of-{source}"), "time": now, "distinct_id": user,
            "$user_id": user, "$device_id": device, "$insert_id": "i-1"}}]);
        post(weir, &format!("/in/{source}/track"), &event);
    }
}

/// The ids by which the vendor knows the user and the device, by source.
fn seen(subject: &str) -> BTreeMap<String, [String; 3]> {
    let standin = Standin::of_weir();
    let mut setup = Setup::with_subject(&standin.url(), subject, "{allow: []}");
    setup.sources.clear();
    for (source, protocol, space) in SOURCES {
        setup.sources.push_str(&format!(
            "  {source}: {{protocol: {protocol}, write_keys: [key-of-{source}], mode: enforce, identity_space: {space}}}\n"
        ));
    }
    let weir = Weir::start(&setup);
    send(&weir);
    weir.wait_until("every source has arrived", || standin.events().len() == SOURCES.len());
    let text = |event: &weir_tests::standin::record::StoredEvent, key: &str| event.text(key).unwrap_or_default();
    let ids = standin.events();
    ids.iter()
        .map(|e| (e.name().to_owned(), ["distinct_id", "$user_id", "$device_id"].map(|key| text(e, key))))
        .collect()
}

#[test]
fn sources_of_one_identity_space_have_one_pseudonym_at_a_destination_and_other_spaces_another() {
    for subject in ["stable", "{rotating: 7d}"] {
        let seen = seen(subject);
        let [browser, server, app, partner] = ["browser", "server", "app", "partner"].map(|source| &seen[source]);
        assert!(browser.iter().all(|id| !id.is_empty() && !id.contains("4711")), "{browser:?}");
        assert_eq!(browser, server, "a browser with Amplitude's SDK and a server with Mixpanel's, {subject}");
        assert_eq!(browser, app, "an app with Snowplow's, {subject}");
        for (id, other) in browser.iter().zip(partner) {
            assert_ne!(id, other, "another space, {subject}");
        }
    }
}

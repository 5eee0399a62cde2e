//! What each vendor's SDKs say, by what it means. Where a vendor has no call for it, there is no case.

use serde_json::{Value, json};

/// One call of one vendor's SDK.
pub(crate) struct Case {
    /// What it means: a heading of the page.
    pub(crate) concept: &'static str,
    /// The protocol that it comes in.
    pub(crate) from: &'static str,
    /// How it is shown.
    pub(crate) says: &'static str,
    /// Where it is sent.
    pub(crate) path: &'static str,
    /// The request.
    pub(crate) request: Value,
}

pub(crate) const CONCEPTS: &[&str] = &[
    "A user does something",
    "A device of nobody known does something",
    "A user does something on a device",
    "A device turns out to be a user's",
    "A second id for the same person",
    "Two ids are one person",
    "A person belongs to a group",
    "A group's profile",
    "A person's profile",
    "Revenue",
    "A page is viewed",
    "A screen is viewed",
    "A session",
    "A time of the client's",
];

const T: &str = "2026-11-21T23:19:34.000Z";
const SENT: &str = "2026-11-21T23:19:38.000Z";
const MS: u64 = 1_795_303_174_000;
const SENT_MS: u64 = 1_795_303_178_000;
const USER: &str = "user-4711";
const OTHER: &str = "user-4712";
const DEVICE: &str = "device-9f2c";
const GROUP: &str = "org-77";

pub(crate) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    mixpanel(&mut cases);
    amplitude(&mut cases);
    for vendor in ["segment", "rudderstack"] {
        segment(vendor, &mut cases);
    }
    posthog(&mut cases);
    snowplow(&mut cases);
    cases
}

/// `own` with what `more` adds to it.
fn with(own: Value, more: Value) -> Value {
    let mut own = own;
    if let (Some(own), Value::Object(more)) = (own.as_object_mut(), more) {
        own.extend(more);
    }
    own
}

fn mixpanel(cases: &mut Vec<Case>) {
    let mut add = |concept: usize, says, path, request| {
        cases.push(Case { concept: CONCEPTS[concept], from: "mixpanel", says, path, request: json!([request]) });
    };
    let event = |name: &str, properties| {
        let own = json!({"token": "t", "time": MS, "$insert_id": format!("i-{name}"), "plan": "pro"});
        json!({"event": name, "properties": with(own, properties)})
    };
    let update = |more| with(json!({"$token": "t", "$distinct_id": USER}), more);
    let device = format!("$device:{DEVICE}");
    add(0, "an event with `$user_id`", "/track", event("Exported", json!({"distinct_id": USER, "$user_id": USER})));
    add(
        1,
        "an event of `$device:…`",
        "/track",
        event("Exported", json!({"distinct_id": device, "$device_id": DEVICE})),
    );
    add(
        2,
        "an event with both",
        "/track",
        event("Exported", json!({"distinct_id": USER, "$user_id": USER, "$device_id": DEVICE})),
    );
    add(
        3,
        "`$identify`",
        "/track",
        event(
            "$identify",
            json!({"distinct_id": USER, "$user_id": USER, "$anon_distinct_id": device, "$device_id": DEVICE}),
        ),
    );
    add(4, "`$create_alias`", "/track", event("$create_alias", json!({"distinct_id": USER, "alias": OTHER})));
    add(5, "`$merge`", "/import", event("$merge", json!({"$distinct_ids": [USER, OTHER]})));
    add(6, "`$union` of a group key", "/engage", update(json!({"$union": {"company": [GROUP]}})));
    add(
        7,
        "`$set` of a group",
        "/groups",
        json!({"$token": "t", "$group_key": "company", "$group_id": GROUP, "$set": {"plan": "pro"}}),
    );
    for (says, operation) in [
        ("`$set`", json!({"$set": {"plan": "pro"}})),
        ("`$set_once`", json!({"$set_once": {"plan": "pro"}})),
        ("`$add`", json!({"$add": {"seats": 2}})),
        ("`$append`", json!({"$append": {"plan": "pro"}})),
        ("`$union`", json!({"$union": {"plan": ["pro"]}})),
        ("`$remove`", json!({"$remove": {"plan": "pro"}})),
        ("`$unset`", json!({"$unset": ["plan"]})),
        ("`$delete`", json!({"$delete": ""})),
    ] {
        add(8, says, "/engage", update(operation));
    }
    add(
        10,
        "`$mp_web_page_view`",
        "/track",
        event("$mp_web_page_view", json!({"distinct_id": USER, "current_page_title": "Pricing"})),
    );
    add(12, "`$session_id`", "/track", event("Exported", json!({"distinct_id": USER, "$session_id": "s-1"})));
    add(13, "`time`", "/track", event("Exported", json!({"distinct_id": USER})));
}

fn amplitude(cases: &mut Vec<Case>) {
    let mut add = |concept: usize, says, event| {
        let request = json!({"api_key": "k", "events": [event], "client_upload_time": SENT});
        cases.push(Case { concept: CONCEPTS[concept], from: "amplitude", says, path: "/2/httpapi", request });
    };
    let event = |name: &str, more| {
        let own = json!({"event_type": name, "time": MS, "insert_id": format!("i-{name}")});
        with(own, more)
    };
    let properties = json!({"plan": "pro"});
    add(0, "an event with `user_id`", event("Exported", json!({"user_id": USER, "event_properties": properties})));
    add(
        1,
        "an event with `device_id`",
        event("Exported", json!({"device_id": DEVICE, "event_properties": properties})),
    );
    add(
        2,
        "an event with both",
        event("Exported", json!({"user_id": USER, "device_id": DEVICE, "event_properties": properties})),
    );
    add(
        6,
        "`$identify` with `groups`",
        event(
            "$identify",
            json!({"user_id": USER, "device_id": DEVICE, "groups": {"company": GROUP}, "user_properties": {"$set": {"company": GROUP}}}),
        ),
    );
    add(
        7,
        "`$groupidentify`",
        event("$groupidentify", json!({"groups": {"company": GROUP}, "group_properties": {"$set": {"plan": "pro"}}})),
    );
    for (says, operation) in [
        ("`$set`", json!({"$set": {"plan": "pro"}})),
        ("`$setOnce`", json!({"$setOnce": {"plan": "pro"}})),
        ("`$add`", json!({"$add": {"seats": 2}})),
        ("`$append`", json!({"$append": {"plan": "pro"}})),
        ("`$prepend`", json!({"$prepend": {"plan": "pro"}})),
        ("`$preInsert`", json!({"$preInsert": {"plan": "pro"}})),
        ("`$postInsert`", json!({"$postInsert": {"plan": "pro"}})),
        ("`$remove`", json!({"$remove": {"plan": "pro"}})),
        ("`$unset`", json!({"$unset": {"plan": "-"}})),
        ("`$clearAll`", json!({"$clearAll": "-"})),
    ] {
        add(8, says, event("$identify", json!({"user_id": USER, "user_properties": operation})));
    }
    add(
        9,
        "`revenue`, `price`, `quantity`",
        event("Bought", json!({"user_id": USER, "revenue": 20.5, "price": 10.25, "quantity": 2, "productId": "p"})),
    );
    add(
        10,
        "`[Amplitude] Page Viewed`",
        event(
            "[Amplitude] Page Viewed",
            json!({"user_id": USER, "event_properties": {"[Amplitude] Page Title": "Pricing"}}),
        ),
    );
    add(12, "`session_id`", event("Exported", json!({"user_id": USER, "session_id": MS})));
    add(13, "`time`, `client_upload_time`", event("Exported", json!({"user_id": USER})));
}

fn segment(from: &'static str, cases: &mut Vec<Case>) {
    let mut add = |concept: usize, says, message| {
        let request = json!({"batch": [message], "sentAt": SENT});
        cases.push(Case { concept: CONCEPTS[concept], from, says, path: "/v1/batch", request });
    };
    let message = |kind: &str, more| {
        let own = json!({"type": kind, "timestamp": T, "messageId": format!("i-{kind}")});
        with(own, more)
    };
    let track = |more| message("track", with(json!({"event": "Exported", "properties": {"plan": "pro"}}), more));
    add(0, "track with `userId`", track(json!({"userId": USER})));
    add(1, "track with `anonymousId`", track(json!({"anonymousId": DEVICE})));
    add(2, "track with both", track(json!({"userId": USER, "anonymousId": DEVICE})));
    add(
        3,
        "identify with both",
        message("identify", json!({"userId": USER, "anonymousId": DEVICE, "traits": {"plan": "pro"}})),
    );
    add(4, "alias", message("alias", json!({"userId": OTHER, "previousId": USER})));
    if from == "rudderstack" {
        let ids = json!([{"type": "user_id", "value": USER}, {"type": "user_id", "value": OTHER}]);
        add(5, "merge", message("merge", json!({"mergeProperties": ids})));
    }
    add(6, "group without traits", message("group", json!({"userId": USER, "groupId": GROUP})));
    add(7, "group with traits", message("group", json!({"userId": USER, "groupId": GROUP, "traits": {"plan": "pro"}})));
    add(8, "identify with traits", message("identify", json!({"userId": USER, "traits": {"plan": "pro"}})));
    add(9, "track with `revenue`", track(json!({"userId": USER, "properties": {"revenue": 20.5, "currency": "EUR"}})));
    add(10, "page", message("page", json!({"userId": USER, "name": "Pricing", "category": "Docs"})));
    add(11, "screen", message("screen", json!({"userId": USER, "name": "Home"})));
    if from == "rudderstack" {
        add(12, "`context.sessionId`", track(json!({"userId": USER, "context": {"sessionId": MS}})));
    }
    add(13, "`timestamp`, `sentAt`", track(json!({"userId": USER})));
}

fn posthog(cases: &mut Vec<Case>) {
    let mut add = |concept: usize, says, event| {
        let request = json!({"api_key": "k", "batch": [event], "sent_at": SENT});
        cases.push(Case { concept: CONCEPTS[concept], from: "posthog", says, path: "/batch/", request });
    };
    let event = |name: &str, id: &str, more| {
        let uuid = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
        json!({"event": name, "distinct_id": id, "uuid": uuid, "timestamp": T, "properties": more})
    };
    add(0, "an event of a server", event("Exported", USER, json!({"plan": "pro"})));
    add(
        1,
        "an event, `$is_identified: false`",
        event("Exported", DEVICE, json!({"plan": "pro", "$device_id": DEVICE, "$is_identified": false})),
    );
    add(
        2,
        "an event with `$device_id`",
        event("Exported", USER, json!({"plan": "pro", "$device_id": DEVICE, "$user_id": USER, "$is_identified": true})),
    );
    add(
        3,
        "`$identify`",
        event("$identify", USER, json!({"$anon_distinct_id": DEVICE, "$device_id": DEVICE, "$user_id": USER})),
    );
    add(4, "`$create_alias`", event("$create_alias", USER, json!({"alias": OTHER, "distinct_id": USER})));
    add(5, "`$merge_dangerously`", event("$merge_dangerously", USER, json!({"alias": OTHER})));
    add(6, "an event with `$groups`", event("Exported", USER, json!({"plan": "pro", "$groups": {"company": GROUP}})));
    add(
        7,
        "`$groupidentify`",
        event(
            "$groupidentify",
            USER,
            json!({"$group_type": "company", "$group_key": GROUP, "$group_set": {"plan": "pro"}}),
        ),
    );
    for (says, operation) in [
        ("`$set`", json!({"$set": {"plan": "pro"}})),
        ("`$set_once`", json!({"$set_once": {"plan": "pro"}})),
        ("`$unset`", json!({"$unset": ["plan"]})),
    ] {
        add(8, says, event("$set", USER, operation));
    }
    add(10, "`$pageview`", event("$pageview", USER, json!({"title": "Pricing"})));
    add(11, "`$screen`", event("$screen", USER, json!({"$screen_name": "Home"})));
    add(12, "`$session_id`", event("Exported", USER, json!({"$session_id": "s-1"})));
    add(13, "`timestamp`, `sent_at`", event("Exported", USER, json!({})));
}

fn snowplow(cases: &mut Vec<Case>) {
    let mut add = |concept: usize, says, event| {
        let path = "/com.snowplowanalytics.snowplow/tp2";
        cases.push(Case {
            concept: CONCEPTS[concept],
            from: "snowplow",
            says,
            path,
            request: json!({"data": [event]}),
        });
    };
    let event = |kind: &str, more| {
        let own = json!({"e": kind, "eid": format!("i-{kind}"), "dtm": MS.to_string(), "stm": SENT_MS.to_string()});
        with(own, more)
    };
    let own = |schema: &str, data: Value| {
        json!({"schema": "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0", "data": {"schema": schema, "data": data}}).to_string()
    };
    let exported = own("iglu:com.acme/exported/jsonschema/1-0-0", json!({"plan": "pro"}));
    let home = own("iglu:com.snowplowanalytics.mobile/screen_view/jsonschema/1-0-0", json!({"name": "Home"}));
    add(0, "an event with `uid`", event("ue", json!({"uid": USER, "ue_pr": exported})));
    add(1, "an event with `duid`", event("ue", json!({"duid": DEVICE, "ue_pr": exported})));
    add(2, "an event with both", event("ue", json!({"uid": USER, "duid": DEVICE, "ue_pr": exported})));
    add(9, "`tr`", event("tr", json!({"uid": USER, "tr_id": "o-1", "tr_tt": "20.5", "tr_cu": "EUR"})));
    add(9, "`ti`", event("ti", json!({"uid": USER, "ti_id": "o-1", "ti_sk": "p", "ti_pr": "10.25", "ti_qu": "2"})));
    add(10, "`pv`", event("pv", json!({"uid": USER, "page": "Pricing"})));
    add(11, "`screen_view`", event("ue", json!({"uid": USER, "ue_pr": home})));
    add(12, "`sid`", event("pp", json!({"uid": USER, "sid": "s-1"})));
    add(13, "`dtm`, `stm`", event("pp", json!({"uid": USER})));
}

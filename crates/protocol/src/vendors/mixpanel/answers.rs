//! What Mixpanel's SDKs need to hear. mixpanel-node takes nothing but `1`, mixpanel-python wants both keys of the verbose form
//! even from `/import`, mixpanel-browser drops on any 4xx and keeps on 5xx.

use std::borrow::Cow;
use std::fmt::Write;

use crate::answer::{Answer, Answering, PIXEL_GIF, Situation, is_plain_identifier};
use crate::body::Carrier;
use crate::inbound::Endpoint;
use crate::vendors::mixpanel::{DECIDE, FLAGS, IMPORT, RECORD};

pub(super) fn answer(answering: &Answering<'_>) -> Answer {
    let situation = &answering.situation;
    let status = match situation {
        // A refusal for the developer must not make the SDK come back: 200 with status 0.
        Situation::Refused(_) if answering.endpoint != IMPORT => 200,
        Situation::AcceptedPartly { .. } if is_strict_import(answering) => 400,
        _ => situation.status(),
    };
    let is_good = matches!(situation, Situation::Accepted { .. } | Situation::AcceptedPartly { .. });
    let answer = if answering.endpoint == RECORD {
        Answer::new(status, "application/json", record(situation))
    } else if is_strict_import(answering) {
        Answer::new(status, "application/json", strict(status, situation).into_bytes())
    } else if param(answering, "img").as_deref() == Some("1") {
        Answer::new(status, "image/gif", PIXEL_GIF)
    } else if let Some(callback) = param(answering, "callback").filter(|name| is_plain_identifier(name)) {
        Answer::new(status, "text/javascript", format!("{callback}({})", u8::from(is_good)).into_bytes())
    } else if param(answering, "verbose").is_some_and(|v| v == "1" || v == "true") || *situation == Situation::BadKey {
        if is_good {
            Answer::json(status, r#"{"error":null,"status":1}"#)
        } else {
            Answer::new(
                status,
                "application/json",
                format!(r#"{{"error":"{}","status":0}}"#, situation.message()).into_bytes(),
            )
        }
    } else {
        Answer::new(status, "text/plain", if is_good { &b"1"[..] } else { &b"0"[..] })
    };
    answer.with_headers_of(situation, if answering.endpoint == RECORD { "POST, OPTIONS" } else { "GET, POST, OPTIONS" })
}

pub(super) fn auxiliary(endpoint: Endpoint) -> Answer {
    match endpoint {
        FLAGS => Answer::json(200, r#"{"flags":{}}"#),
        DECIDE => Answer::json(
            200,
            r#"{"notifications":[],"surveys":[],"variants":[],"event_bindings":[],"automatic_events":false}"#,
        ),
        // Recordings are dropped here (D17), so the SDK is told not to make them.
        _ => Answer::json(200, r#"{"sdk_config":{"config":{"record_sessions_percent":0}}}"#),
    }
}

/// `/import` as the API reference has it. mixpanel-node and mixpanel-python post forms to it and expect the answers of `/track`.
fn is_strict_import(answering: &Answering<'_>) -> bool {
    let is_form = |opened: &crate::Opened| matches!(opened.carrier(), Some(Carrier::Field | Carrier::Query));
    answering.endpoint == IMPORT
        && !answering.opened.is_some_and(is_form)
        && param(answering, "verbose").is_none_or(|verbose| verbose != "1")
}

fn strict(status: u16, situation: &Situation<'_>) -> String {
    match situation {
        Situation::Accepted { events } => {
            format!(r#"{{"code":200,"num_records_imported":{events},"status":"OK"}}"#)
        }
        Situation::AcceptedPartly { events, failed } => {
            let mut out = format!(
                r#"{{"code":400,"error":"{}","status":"Bad Request","num_records_imported":{events},"failed_records":["#,
                situation.message()
            );
            for (i, event) in failed.iter().enumerate() {
                // The insert id is the caller's own data, which no answer of ours repeats; the index says which one it is.
                let comma = if i == 0 { "" } else { "," };
                let (index, message) = (event.index, event.message);
                let _ = write!(out, r#"{comma}{{"index":{index},"insert_id":"","field":"","message":"{message}"}}"#);
            }
            out.push_str("]}");
            out
        }
        other => {
            let (message, reason) = (other.message(), other.reason());
            format!(r#"{{"code":{status},"error":"{message}","status":"{reason}"}}"#)
        }
    }
}

fn record(situation: &Situation<'_>) -> Vec<u8> {
    match situation {
        Situation::Accepted { .. } | Situation::AcceptedPartly { .. } => br#"{"code":200,"status":"OK"}"#.to_vec(),
        other => strict(other.status(), other).into_bytes(),
    }
}

/// A parameter of the query or of the form body; python sends `verbose` in the body, browsers in the query.
fn param<'a>(answering: &'a Answering<'_>, name: &str) -> Option<Cow<'a, str>> {
    answering.head.query_param(name).or_else(|| answering.opened?.field(name))
}

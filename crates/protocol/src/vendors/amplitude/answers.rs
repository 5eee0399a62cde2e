//! What Amplitude's SDKs need to hear. The `code` in the JSON decides, not the HTTP status; where a body is no JSON the status
//! does. A 400 that lists no event makes an SDK send the same again until it gives up, one with `missing_field` makes it drop all,
//! and one that begins with `Invalid API key` makes it stop.

use weir_event::Millis;

use crate::answer::{Answer, Answering, Situation};
use crate::body::Carrier;
use crate::inbound::Endpoint;
use crate::vendors::amplitude::{CONFIG, FLAGS, GROUP_IDENTIFY, IDENTIFY, LEGACY};

pub(super) fn answer(answering: &Answering<'_>) -> Answer {
    let situation = &answering.situation;
    let status = match situation {
        // Amplitude has no 401: an SDK would send the same for ever.
        Situation::BadKey => 400,
        _ => situation.status(),
    };
    let answer = if is_form(answering) {
        Answer::new(status, "text/plain", text(situation).as_bytes())
    } else {
        Answer::new(status, "application/json", json(status, answering).into_bytes())
    };
    let allow = match answering.endpoint {
        CONFIG => "GET, OPTIONS",
        IDENTIFY | GROUP_IDENTIFY => "GET, POST, OPTIONS",
        _ => "POST, OPTIONS",
    };
    answer.with_headers_of(situation, allow)
}

pub(super) fn auxiliary(endpoint: Endpoint) -> Answer {
    match endpoint {
        FLAGS => Answer::json(200, "[]"),
        // Recordings are dropped here (D17), so the SDK is told not to make them. What else is captured stays as the page says.
        CONFIG => Answer::json(
            200,
            r#"{"configs":{"sessionReplay":{"sr_sampling_config":{"capture_enabled":false,"sample_rate":0}}}}"#,
        ),
        _ => Answer::json(200, "{}"),
    }
}

/// Whether the events came in a form, as old SDKs send them, which take a word for an answer.
fn is_form(answering: &Answering<'_>) -> bool {
    matches!(answering.endpoint, LEGACY | IDENTIFY | GROUP_IDENTIFY)
        && answering.opened.is_none_or(|opened| opened.carrier() != Some(Carrier::Body))
}

fn text(situation: &Situation<'_>) -> &'static str {
    match situation {
        Situation::Accepted { .. } | Situation::AcceptedPartly { .. } => "success",
        Situation::BadKey => "invalid_api_key",
        Situation::BadBody => "missing_event",
        other => other.message(),
    }
}

fn json(status: u16, answering: &Answering<'_>) -> String {
    let error = match &answering.situation {
        Situation::Accepted { events } | Situation::AcceptedPartly { events, .. } => {
            let note = answering.opened.and_then(|opened| opened.note().first_chunk::<8>());
            let size = note.map_or(0, |bytes| u64::from_le_bytes(*bytes));
            let Millis(now) = answering.now;
            return format!(
                r#"{{"code":200,"events_ingested":{events},"payload_size_bytes":{size},"server_upload_time":{now}}}"#
            );
        }
        Situation::BadKey => "Invalid API key: the source has no such key",
        other => other.message(),
    };
    let details = match &answering.situation {
        // Sending it again would change nothing.
        Situation::Refused(_) => r#","missing_field":"refused""#,
        Situation::TooManyRequests { .. } => {
            r#","eps_threshold":0,"throttled_users":{},"throttled_devices":{},"throttled_events":[],"exceeded_daily_quota_users":{},"exceeded_daily_quota_devices":{}"#
        }
        _ if status == 400 => {
            r#","events_with_invalid_fields":{},"events_with_missing_fields":{},"events_with_invalid_id_lengths":{},"silenced_events":[]"#
        }
        _ => "",
    };
    format!(r#"{{"code":{status},"error":"{error}"{details}}}"#)
}

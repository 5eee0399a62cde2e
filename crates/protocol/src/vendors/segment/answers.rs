//! What Segment's and RudderStack's SDKs need to hear. Both look at the status alone: 408, 429 and 5xx come back, any other 4xx is
//! dropped, with a 413 the whole batch.

use std::borrow::Cow;

use crate::answer::{Answer, Answering, PIXEL_GIF, Situation};
use crate::inbound::Auxiliary;
use crate::vendors::segment::{Dialect, HEALTH, METRICS, PIXEL, ROBOTS, SETTINGS, SOURCE_CONFIG, VERSION};

pub(in crate::vendors) fn answer(dialect: Dialect, answering: &Answering<'_>) -> Answer {
    let situation = &answering.situation;
    let status = situation.status();
    let is_good = matches!(situation, Situation::Accepted { .. } | Situation::AcceptedPartly { .. });
    let answer = if answering.endpoint == PIXEL {
        Answer::new(status, "image/gif", PIXEL_GIF)
    } else {
        match dialect {
            Dialect::Segment if is_good => Answer::json(200, r#"{"success":true}"#),
            Dialect::Segment => {
                let text = format!(r#"{{"success":false,"message":"{}"}}"#, situation.message());
                Answer::new(status, "application/json", text.into_bytes())
            }
            Dialect::RudderStack => Answer::new(status, "text/plain; charset=utf-8", rudderstack(situation).as_bytes()),
        }
    };
    answer.with_headers_of(situation, if answering.endpoint == PIXEL { "GET, OPTIONS" } else { "POST, OPTIONS" })
}

/// The texts of rudder-server's `gateway/response`, where it has one.
const fn rudderstack(situation: &Situation<'_>) -> &'static str {
    match situation {
        Situation::Accepted { .. } | Situation::AcceptedPartly { .. } => "ok",
        Situation::BadBody => "request does not contain a valid json",
        Situation::BadKey => "failed to read writekey from header",
        Situation::TooLarge => "request size exceeds max limit",
        Situation::TooManyRequests { .. } => "max requests limit reached",
        _ => situation.message(),
    }
}

pub(in crate::vendors) fn auxiliary(call: &Auxiliary<'_>) -> Answer {
    let json = |status, text: String| Answer::new(status, "application/json", Cow::Owned(text.into_bytes()));
    match (call.endpoint, call.write_key) {
        (SETTINGS, Some(key)) => json(200, settings(key, call.blocked)),
        // As the vendor's own host says it: a page that gets no settings sends nothing.
        (SETTINGS, None) => Answer::json(404, r#"{"success":false,"message":"no source has this write key"}"#),
        (SOURCE_CONFIG, Some(key)) => json(200, source_config(key, &call.now.to_rfc3339())),
        (SOURCE_CONFIG, None) => Answer::json(401, r#"{"message":"Unauthorized request. Please check write key"}"#),
        (METRICS, _) => Answer::json(200, r#"{"success":true}"#),
        (HEALTH, _) => Answer::json(200, r#"{"server":"UP","acceptingEvents":"TRUE"}"#),
        (VERSION, _) => Answer::json(200, r#"{"Version":"weir"}"#),
        (ROBOTS, _) => Answer::new(200, "text/plain; charset=utf-8", &b"User-agent: *\nDisallow: /\n"[..]),
        _ => Answer::json(404, "{}"),
    }
}

/// The settings with which analytics-next sends to its own host and to nowhere else: no destination in the browser, no script of
/// a third party, no metrics. The key replaces the page's own, so it is the configured one.
///
/// An event of `blocked` is not even sent: analytics-next looks it up in the plan (`plan.track.<event>.enabled`).
fn settings(write_key: &str, blocked: &[String]) -> String {
    let blocks: String = blocked
        .iter()
        .filter(|event| *event != "__default")
        .map(|event| format!(r#","{}":{{"enabled":false,"integrations":{{}}}}"#, escaped(event)))
        .collect();
    format!(
        concat!(
            r#"{{"integrations":{{"Segment.io":{{"apiKey":"{}","unbundledIntegrations":[],"addBundledMetadata":true,"#,
            r#""maybeBundledConfigIds":{{}}}}}},"plan":{{"track":{{"__default":{{"enabled":true,"integrations":{{}}}}{}}},"#,
            r#""identify":{{"__default":{{"enabled":true}}}},"group":{{"__default":{{"enabled":true}}}}}},"edgeFunction":{{}},"#,
            r#""analyticsNextEnabled":true,"middlewareSettings":{{}},"enabledMiddleware":{{}},"metrics":{{"sampleRate":0}},"#,
            r#""legacyVideoPluginsEnabled":false,"remotePlugins":[]}}"#
        ),
        escaped(write_key),
        blocks
    )
}

/// The source of RudderStack's browser SDK: no destination in the browser, no error reports, no metrics.
fn source_config(write_key: &str, now: &str) -> String {
    format!(
        concat!(
            r#"{{"source":{{"id":"weir","name":"weir","writeKey":"{}","enabled":true,"workspaceId":"weir","destinations":[],"#,
            r#""config":{{"statsCollection":{{"errors":{{"enabled":false}},"metrics":{{"enabled":false}}}}}},"dataplanes":{{}}}},"#,
            r#""updatedAt":"{}"}}"#
        ),
        escaped(write_key),
        now
    )
}

/// A configured key as JSON text: what is no plain ASCII becomes an escape.
fn escaped(key: &str) -> String {
    let mut out = String::with_capacity(key.len());
    for unit in key.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte @ (b'!' | b'#'..=b'[' | b']'..=b'~')) if !matches!(byte, b'<' | b'>' | b'&') => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("\\u{unit:04x}")),
        }
    }
    out
}

//! Which versions of an app a source's requests come from: its share in the metrics tells when an old release is gone.
//!
//! One count per request, by what its first event says of `context.app.version`. A version is a value, so it becomes a label only
//! where it has the form of one, where nothing is found in it, and while fewer than [`SOURCE_APP_VERSIONS_MAX`] are known; all
//! others are one count together.

use std::sync::{Mutex, PoisonError};

use weir_event::limits::{APP_VERSION_BYTES_MAX, SOURCE_APP_VERSIONS_MAX};
use weir_event::names::NameKind;
use weir_event::{DraftBatch, LeafKind, NameId, Names};

/// The canonical path of the version of an app.
const PATH: &str = "context.app.version";
/// What every version is called that is none of the known ones.
pub const OTHER: &str = "other";

/// What a source has counted in this process. Not part of any generation.
#[derive(Debug)]
pub struct AppVersions {
    path: Option<NameId>,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    known: Vec<(&'static str, u64)>,
    other: u64,
}

impl AppVersions {
    /// Nothing counted yet.
    pub fn new(names: &Names) -> AppVersions {
        AppVersions { path: names.restore(NameKind::Path, PATH), counts: Mutex::default() }
    }

    /// Counts a request by its first event; one that says no version counts nowhere.
    pub fn count(&self, drafts: &DraftBatch, names: &Names) {
        let Some(first) = drafts.drafts.first() else { return };
        let said = drafts.tape(first).iter().find(|leaf| Some(leaf.path) == self.path && leaf.kind.has_text());
        let Some(leaf) = said else { return };
        let text = if leaf.kind == LeafKind::String { drafts.str(leaf.text) } else { "" };
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, count)) = counts.known.iter_mut().find(|(known, _)| *known == text) {
            *count += 1;
            return;
        }
        let has_room = counts.known.len() < SOURCE_APP_VERSIONS_MAX;
        match (has_room && is_version(text)).then(|| names.label_without_finding(text)).flatten() {
            Some(label) => counts.known.push((names.text(label), 1)),
            None => counts.other += 1,
        }
    }

    /// Requests by version, and [`OTHER`] last where there are any.
    pub fn counted(&self) -> Vec<(&'static str, u64)> {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let other = (counts.other > 0).then_some((OTHER, counts.other));
        counts.known.iter().copied().chain(other).collect()
    }
}

/// Digits, with single dots or hyphens between them: `4.12.0`, `4.12.0-2`.
fn is_version(text: &str) -> bool {
    text.len() <= APP_VERSION_BYTES_MAX
        && text.split(['.', '-']).all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use weir_detect::{Engine, Judge};
    use weir_protocol::{DecodeOptions, RequestHead, protocol};

    use super::*;

    fn names() -> Arc<Names> {
        Names::new(Box::new(Judge::new(Arc::new(Engine::new()))))
    }

    fn send(versions: &AppVersions, names: &Arc<Names>, version: &str) {
        let events =
            |version: &str| format!(r#"{{"api_key":"k","events":[{{"event_type":"a","device_id":"d"{version}}}]}}"#);
        let body = events(&if version.is_empty() { String::new() } else { format!(r#","app_version":{version}"#) });
        let amplitude = protocol("amplitude").unwrap();
        let head = RequestHead { method: "POST", path: "/2/httpapi", ..RequestHead::default() };
        let weir_protocol::Call::Ingest(endpoint) = amplitude.classify(head.method, head.path) else {
            panic!("it takes events")
        };
        let mut opened = amplitude.open(endpoint, &head, body.into_bytes(), &Default::default()).unwrap();
        let (mut batch, options) = (DraftBatch::default(), DecodeOptions::new([], names));
        amplitude.decode(endpoint, &head, &mut opened, &names.source(), &options, &mut batch).unwrap();
        versions.count(&batch, names);
    }

    #[test]
    fn a_request_counts_by_the_version_that_its_first_event_says() {
        let names = names();
        let versions = AppVersions::new(&names);
        for version in [r#""4.12.0""#, r#""4.12.0-2""#, r#""4.12.0""#, ""] {
            send(&versions, &names, version);
        }
        assert_eq!(versions.counted(), [("4.12.0", 2), ("4.12.0-2", 1)]);
    }

    #[test]
    fn d1_what_is_no_version_or_holds_a_finding_is_never_a_label() {
        let names = names();
        let versions = AppVersions::new(&names);
        let not_one = [
            r#""ada.lovelace@example.com""#,
            r#""Ada""#,
            r#""4.12.0 (beta)""#,
            r#""4..12""#,
            r#"".4""#,
            r#""-""#,
            r#""203.0.113.42""#,
            r#""4111-1111-1111-1111""#,
            r#""1.2.3.4.5.6.7.8.9.10.11""#,
            "4711",
        ];
        not_one.iter().for_each(|version| send(&versions, &names, version));
        assert_eq!(versions.counted(), [(OTHER, not_one.len() as u64)]);
    }

    #[test]
    fn a_source_has_no_more_versions_than_the_limit() {
        let names = names();
        let versions = AppVersions::new(&names);
        for i in 0..SOURCE_APP_VERSIONS_MAX + 7 {
            send(&versions, &names, &format!(r#""1.{i}""#));
        }
        send(&versions, &names, r#""1.0""#);
        let counted = versions.counted();
        assert_eq!(
            (counted.len(), counted[0], counted.last()),
            (SOURCE_APP_VERSIONS_MAX + 1, ("1.0", 2), Some(&(OTHER, 7)))
        );
    }
}

//! What each source was seen to use since the process began, for `weir preflight --data`: calls and features by the table of
//! `weir_protocol::preflight`, SDKs by its packages. In memory only; a restart forgets it.
//!
//! No text of an event is kept: an SDK is one of the table or "unknown", and a version is kept only where it has the shape of one.
//!
//! Limits: 32 pairs of SDK and version a source, further ones count as "others"; endpoints and features are those of the table.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock, PoisonError, RwLock};

use weir_console::command::{ObservedSource, ObservedTimes, ObservedVersion};
use weir_event::names::NameKind;
use weir_event::{DraftBatch, LeafKind, NameId, Names, SourceId};
use weir_protocol::Endpoint;
use weir_protocol::preflight::{self, Feature, Sdk, Shows, Vendor, path_ends};

/// Different pairs of SDK and version of one source.
const VERSIONS_MAX: usize = 32;

/// What all sources were seen to use.
#[derive(Default)]
pub struct Observed {
    /// Paths of the name and the version of a library.
    library: OnceLock<Option<(NameId, NameId)>>,
    sources: RwLock<BTreeMap<SourceId, Mutex<Seen>>>,
}

#[derive(Default)]
struct Seen {
    protocol: &'static str,
    /// Calls by endpoint, with the features that an endpoint shows.
    calls: BTreeMap<&'static str, (u64, Vec<Feature>)>,
    /// By package and version. The package is absent where the table has none.
    sdks: Vec<(Option<&'static Sdk>, String, u64)>,
}

impl Observed {
    /// A source was called.
    pub fn call(&self, source: &SourceId, protocol: &'static str, endpoint: Endpoint, path: &str) {
        self.with(source, |seen| {
            seen.protocol = protocol;
            let call = seen.calls.entry(endpoint.0).or_insert_with(|| (0, features(protocol, path)));
            call.0 += 1;
        });
    }

    /// A request of a source was decoded. Its first event speaks for it.
    pub fn decoded(&self, source: &SourceId, protocol: &'static str, names: &Names, drafts: &DraftBatch) {
        let library = self.library.get_or_init(|| {
            let path = |text| names.restore(NameKind::Path, text);
            path("context.library.name").zip(path("context.library.version"))
        });
        let Some((name_path, version_path)) = *library else { return };
        let Some(draft) = drafts.drafts.first() else { return };
        let leaves = drafts.leaves.get(draft.leaves.start as usize..draft.leaves.end as usize).unwrap_or_default();
        let text = |wanted: NameId| {
            let leaf = leaves.iter().find(|leaf| leaf.path == wanted && leaf.kind == LeafKind::String)?;
            let start = leaf.text.start as usize;
            std::str::from_utf8(drafts.text.get(start..start + leaf.text.len as usize)?).ok()
        };
        let Some(name) = text(name_path) else { return };
        let sdk = preflight::vendor(protocol).and_then(|vendor| vendor.sdk_of_library(name));
        let version = text(version_path).and_then(preflight::version).unwrap_or("unknown");
        self.with(source, |seen| {
            seen.protocol = protocol;
            let package = |sdk: Option<&Sdk>| sdk.map(|sdk| sdk.package);
            let is_this =
                |(own, of, _): &&mut (Option<&Sdk>, String, u64)| package(*own) == package(sdk) && of == version;
            if let Some((.., times)) = seen.sdks.iter_mut().find(is_this) {
                *times += 1;
            } else if seen.sdks.len() < VERSIONS_MAX {
                seen.sdks.push((sdk, version.to_owned(), 1));
            } else if let Some((_, of, times)) = seen.sdks.last_mut() {
                "others".clone_into(of);
                *times += 1;
            }
        });
    }

    /// For the command line.
    pub fn list(&self) -> Vec<ObservedSource> {
        let sources = self.sources.read().unwrap_or_else(PoisonError::into_inner);
        let shown = |(source, seen): (&SourceId, &Mutex<Seen>)| {
            let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            let mut features: BTreeMap<Feature, u64> = BTreeMap::new();
            for (times, shown) in seen.calls.values() {
                for feature in shown {
                    *features.entry(*feature).or_default() += times;
                }
            }
            let times = |name: &str, times: u64| ObservedTimes { name: name.to_owned(), times };
            ObservedSource {
                source: source.to_string(),
                protocol: seen.protocol.to_owned(),
                calls: seen.calls.iter().map(|(endpoint, (count, _))| times(endpoint, *count)).collect(),
                features: features.iter().map(|(feature, count)| times(feature.text(), *count)).collect(),
                sdks: seen
                    .sdks
                    .iter()
                    .map(|(sdk, version, times)| ObservedVersion {
                        package: sdk.map_or("", |sdk| sdk.package).to_owned(),
                        version: version.clone(),
                        times: *times,
                    })
                    .collect(),
            }
        };
        sources.iter().map(shown).collect()
    }

    fn with(&self, source: &SourceId, change: impl FnOnce(&mut Seen)) {
        let known = self.sources.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = known.get(source) {
            return change(&mut seen.lock().unwrap_or_else(PoisonError::into_inner));
        }
        drop(known);
        let mut sources = self.sources.write().unwrap_or_else(PoisonError::into_inner);
        let seen = sources.entry(source.clone()).or_default();
        change(seen.get_mut().unwrap_or_else(PoisonError::into_inner));
    }
}

/// The features that a call to a path shows.
fn features(protocol: &str, path: &str) -> Vec<Feature> {
    let of = |vendor: &'static Vendor| {
        let shown = vendor.signs.iter().filter(|sign| matches!(sign.shows, Shows::Path(own) if path_ends(own, path)));
        shown.map(|sign| sign.feature).collect()
    };
    preflight::vendor(protocol).map(of).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use weir_detect::{Engine, Judge};
    use weir_protocol::body::{self, Limits};
    use weir_protocol::{DecodeOptions, RequestHead};

    use super::*;

    #[test]
    fn what_a_source_uses_is_counted_and_no_text_of_it_is_kept() {
        let names = Names::new(Box::new(Judge::new(Arc::new(Engine::new()))));
        let (observed, source) = (Observed::default(), SourceId::parse("web").unwrap());
        let protocol = weir_protocol::protocol("mixpanel").unwrap();
        let (of_source, options) = (names.source(), DecodeOptions::new([], &names));
        let send = |library: &str, version: &str| {
            let body = format!(r#"{{"event":"a","properties":{{"mp_lib":"{library}","$lib_version":"{version}"}}}}"#);
            let head = RequestHead { method: "POST", path: "/track", ..RequestHead::default() };
            let mut opened = body::open(&head, body.into_bytes(), &Limits::default()).unwrap();
            let mut drafts = DraftBatch::default();
            protocol.decode(Endpoint("track"), &head, &mut opened, &of_source, &options, &mut drafts).unwrap();
            observed.call(&source, "mixpanel", Endpoint("track"), "/track");
            observed.decoded(&source, "mixpanel", &names, &drafts);
        };
        send("web", "2.83.0");
        send("web", "2.83.0");
        send("ada@example.com", "ada@example.com");
        for n in 0..100 {
            send("python", &format!("5.{n}.0"));
        }
        observed.call(&source, "mixpanel", Endpoint("flags"), "/flags/");
        let list = observed.list();
        assert_eq!(list.len(), 1);
        let calls: Vec<_> = list[0].calls.iter().map(|c| (c.name.as_str(), c.times)).collect();
        assert_eq!(calls, [("flags", 1), ("track", 103)]);
        assert_eq!(
            list[0].features.iter().map(|f| (f.name.as_str(), f.times)).collect::<Vec<_>>(),
            [("feature flags", 1)]
        );
        let first = &list[0].sdks[0];
        assert_eq!((first.package.as_str(), first.version.as_str(), first.times), ("mixpanel-browser", "2.83.0", 2));
        assert_eq!((list[0].sdks[1].package.as_str(), list[0].sdks[1].version.as_str()), ("", "unknown"));
        assert_eq!(list[0].sdks.len(), VERSIONS_MAX);
        assert_eq!(list[0].sdks.iter().map(|s| s.times).sum::<u64>(), 103);
        assert!(!format!("{list:?}").contains("ada"));
    }
}

//! `Weir-Omitted`: the answer to a development source names the properties of its events that no destination would receive, so that
//! a developer sees it where the SDK is. Names only, clean ones; never a value, and nothing on sources of other environments.
//!
//! The form is a list of RFC 9651: strings, or display strings where a name is not ASCII, sorted, each once; where not all fit,
//! `more;n=12` at the end. What SDKs say of their surroundings (`context.`) is not listed: it is in every event and nobody's doing.
//! What would leave is asked of release itself, with the event at hand.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use weir_event::limits::{OMITTED_BYTES_MAX, OMITTED_EVENTS_MAX};
use weir_event::wire::Cursor;
use weir_event::{Environment, Millis, NameId, Names};
use weir_journal::Record;
use weir_keys::KeySnapshot;
use weir_policy::{MinimisedBatch, RecordView, Releaser};

use crate::generation::{Generation, SourceRuntime};

/// The header's name.
pub(crate) const HEADER: &str = "Weir-Omitted";

/// Whether the answers of this source have the header at all.
pub(crate) fn is_told(source: &SourceRuntime) -> bool {
    source.policy.environment == Environment::Development
}

/// The header's value for the events of one request; `None` where nothing is omitted.
pub(crate) fn value(
    batch: &MinimisedBatch,
    generation: &Generation,
    source: &SourceRuntime,
    keys: &Arc<KeySnapshot>,
    now: Millis,
) -> Option<String> {
    // A defect that an event meets here must not cost the request its answer.
    let omitted = catch_unwind(AssertUnwindSafe(|| omitted(batch, generation, source.memory.names.names(), keys, now)));
    omitted.ok().and_then(|names| list(&names, OMITTED_BYTES_MAX))
}

fn omitted(
    batch: &MinimisedBatch,
    generation: &Generation,
    names: &Arc<Names>,
    keys: &Arc<KeySnapshot>,
    now: Millis,
) -> BTreeSet<&'static str> {
    let mut releasers: Vec<(NameId, Releaser)> = Vec::new();
    let mut out = BTreeSet::new();
    // The record was never on disk: its ids are this process's own.
    let own = |stored: u32| NameId(stored);
    let mut at = Cursor::new(batch.bytes());
    for _ in 0..batch.events().min(OMITTED_EVENTS_MAX) {
        let Ok(Ok(view)) = at.bytes().map(|record| RecordView::parse_bytes(record, &own)) else { break };
        let scalars = view.leaves().filter_map(Result::ok).filter(|leaf| leaf.kind.is_scalar()).map(|leaf| leaf.path);
        let mut paths: BTreeSet<NameId> = scalars.chain(view.withheld().map(|(path, _)| path)).collect();
        for label in view.offered() {
            if !releasers.iter().any(|(known, _)| *known == label) {
                let Some(setup) = generation.destinations.values().find(|s| names.label(s.id.as_str()) == label) else {
                    continue;
                };
                // By the policy for questions: the same, but it needs no key of an epoch that may not have one yet.
                let (policy, names) = (Arc::clone(&setup.inquiries), Arc::clone(names));
                releasers.push((label, Releaser::new(policy, Arc::clone(keys), names)));
            }
            let Some((_, releaser)) = releasers.iter_mut().find(|(known, _)| *known == label) else { continue };
            releaser.set_time(now);
            let Ok(released) = releaser.release(&view) else { continue };
            if let Some(set) = releaser.field_set(released.row().field_set) {
                // A path of which one value left and another did not is in both lists.
                let withheld: BTreeSet<NameId> = set.withheld().iter().map(|(path, _)| *path).collect();
                paths.retain(|path| withheld.contains(path) || !set.left().iter().any(|(left, ..)| left == path));
            }
        }
        let texts = paths.into_iter().filter(|path| *path != NameId::UNNAMED).map(|path| names.text(path));
        out.extend(texts.filter(|text| !text.starts_with("context.")));
    }
    out
}

/// A list of RFC 9651, at most so long.
fn list(names: &BTreeSet<&str>, bytes_max: usize) -> Option<String> {
    /// Room for `, more;n=` and a number.
    const MORE_BYTES: usize = 24;
    let mut out = String::new();
    for (listed, name) in names.iter().enumerate() {
        let item = item(name);
        if out.len() + 2 + item.len() + MORE_BYTES > bytes_max {
            let comma = if out.is_empty() { "" } else { ", " };
            out.push_str(&format!("{comma}more;n={}", names.len() - listed));
            break;
        }
        if !out.is_empty() {
            out.push_str(", ");
        }
        out.push_str(&item);
    }
    (!out.is_empty()).then_some(out)
}

/// A string, or a display string where it is not of visible ASCII.
fn item(name: &str) -> String {
    let is_plain = name.bytes().all(|b| (0x20..0x7f).contains(&b));
    let mut out = String::from(if is_plain { "\"" } else { "%\"" });
    for byte in name.bytes() {
        match byte {
            b'"' | b'\\' if is_plain => out.extend(['\\', char::from(byte)]),
            b'"' | b'%' if !is_plain => out.push_str(&format!("%{byte:02x}")),
            0x20..0x7f => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02x}")),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_header_is_a_list_of_rfc_9651() {
        let list = |names: &[&str]| list(&names.iter().copied().collect(), 1_024);
        assert_eq!(list(&[]), None);
        assert_eq!(list(&["seats", "plan", "cart.items.*.price"]).unwrap(), r#""cart.items.*.price", "plan", "seats""#);
        assert_eq!(list(&["a\\.b", "größe"]).unwrap(), r#""a\\.b", %"gr%c3%b6%c3%9fe""#);
    }

    proptest! {
        #[test]
        fn no_name_breaks_out_of_the_header_and_its_length_is_bounded(
            names in proptest::collection::btree_set(".{0,60}", 0..60), max in 30_usize..600
        ) {
            let refs: BTreeSet<&str> = names.iter().map(String::as_str).collect();
            let Some(out) = list(&refs, max) else { return Ok(()) };
            prop_assert!(out.len() <= max);
            prop_assert!(out.bytes().all(|b| (0x20..0x7f).contains(&b)));
            // Read back: every item is one of the names, or the count of the rest.
            let (mut rest, mut read, mut more) = (out.as_str(), 0, 0);
            while !rest.is_empty() {
                if let Some(n) = rest.strip_prefix("more;n=") {
                    more = n.parse::<usize>().unwrap();
                    break;
                }
                let display = rest.starts_with('%');
                let body = rest.trim_start_matches('%').strip_prefix('"').unwrap();
                let mut end = 0;
                while body.as_bytes()[end] != b'"' {
                    end += if body.as_bytes()[end] == b'\\' && !display { 2 } else { 1 };
                }
                let whole = [if display { "%" } else { "" }, "\"", &body[..end], "\""].concat();
                prop_assert!(refs.iter().any(|name| item(name) == whole));
                read += 1;
                rest = body[end + 1..].trim_start_matches(", ");
            }
            prop_assert_eq!(read + more, names.len());
        }
    }
}

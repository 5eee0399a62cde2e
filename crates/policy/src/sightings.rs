//! How something was last found at a property: by which detector, on what evidence, when, in a value of what shape. Kept in memory for
//! people who ask; a record holds what was found and not how.
//!
//! Never a value: of the text that was found each run of small letters becomes `a`, of capitals `A`, of digits `0`, of letters
//! beyond ASCII `ü`, with `+` where it is longer than one, and the rest stands as it is: `a+.a+@a+.a+`.
//!
//! Limits: [`SIGHTINGS_MAX`] triples of event, path and class; of each the gate notes one in [`PAUSE_MILLIS`].

use std::cell::RefCell;
use std::hash::BuildHasher;
use std::sync::{Mutex, PoisonError};

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use weir_event::{Category, Evidence, Finding, Likelihood, Millis, NameId};

use crate::detectors::Stands;

/// What is kept.
pub const SIGHTINGS_MAX: usize = weir_event::limits::SIGHTINGS_MAX;
/// A thread notes the same again after so long.
pub const PAUSE_MILLIS: i64 = 10_000;
/// Symbols of a shape.
const SHAPE_MAX: usize = 40;

/// How something was found.
#[derive(Clone, PartialEq, Debug)]
pub struct Sighting {
    /// By which detector.
    pub detector: &'static str,
    /// Why it believes so.
    pub evidence: Evidence,
    /// How sure it is.
    pub likelihood: Likelihood,
    /// When the event was received.
    pub at: Millis,
    /// What the value looked like.
    pub shape: String,
}

type Key = (NameId, NameId, NameId, Category);

/// What was found last, by source, event, path and class.
#[derive(Default)]
pub struct Sightings(Mutex<HashMap<Key, Sighting, FixedState>>);

/// Says how many, not what.
impl std::fmt::Debug for Sightings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sightings(…)")
    }
}

impl Sightings {
    /// How a class was last found at a path of an event; `None` where it was not since the process began.
    pub fn last(&self, source: NameId, event: NameId, path: NameId, category: Category) -> Option<Sighting> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&(source, event, path, category)).cloned()
    }

    /// Notes a finding in a value, unless this thread has just done so.
    pub(crate) fn note(&self, stands: Stands, text: &[u8], finding: &Finding) {
        let key = (stands.source, stands.event, stands.path, finding.category);
        let hash = FixedState::default().hash_one(key);
        let known = RECENT.with_borrow_mut(|recent| {
            let slot = &mut recent[hash as usize % RECENT_SLOTS];
            let known = slot.0 == hash && (0..PAUSE_MILLIS).contains(&(stands.at.0 - slot.1));
            if !known {
                *slot = (hash, stands.at.0);
            }
            known
        });
        if known {
            return;
        }
        let span = text.get(finding.span.0 as usize..finding.span.1 as usize).unwrap_or(text);
        let Finding { detector, evidence, likelihood, .. } = *finding;
        let sighting = Sighting { detector, evidence, likelihood, at: stands.at, shape: shape(span) };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < SIGHTINGS_MAX || all.contains_key(&key) {
            all.insert(key, sighting);
        }
    }
}

const RECENT_SLOTS: usize = 256;

thread_local! {
    /// By hash of the key: what was noted when.
    static RECENT: RefCell<[(u64, i64); RECENT_SLOTS]> = const { RefCell::new([(0, i64::MIN); RECENT_SLOTS]) };
}

/// What a text looks like, without any of its letters and digits.
pub fn shape(text: &[u8]) -> String {
    let mut out = String::new();
    let mut last = None;
    let mut symbols = 0;
    for byte in text {
        let symbol = match byte {
            b'a'..=b'z' => 'a',
            b'A'..=b'Z' => 'A',
            b'0'..=b'9' => '0',
            0x80.. => 'ü',
            b' '..=b'~' => char::from(*byte),
            _ => ' ',
        };
        if last == Some(symbol) && (symbol.is_alphanumeric() || symbol == ' ') {
            if !out.ends_with('+') {
                out.push('+');
            }
            continue;
        }
        if symbols == SHAPE_MAX {
            out.push('…');
            return out;
        }
        out.push(symbol);
        symbols += 1;
        last = Some(symbol);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_shape_shows_the_form_and_no_letter_of_the_value() {
        for (text, expected) in [
            ("ada.lovelace@example.com", "a+.a+@a+.a+"),
            ("4111 1111 1111 1111", "0+ 0+ 0+ 0+"),
            ("DE89370400440532013000", "A+0+"),
            ("Ada Löwe", "Aa+ Aü+a+"),
            ("", ""),
        ] {
            assert_eq!(shape(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(shape("a1".repeat(100).as_bytes()).chars().count(), SHAPE_MAX + 1);
    }

    proptest! {
        #[test]
        fn a_shape_holds_nothing_but_signs(text in ".{0,80}") {
            let only = |c: char| matches!(c, 'a' | 'A' | '0' | 'ü' | '…') || (c.is_ascii() && !c.is_ascii_alphanumeric());
            prop_assert!(shape(text.as_bytes()).chars().all(only));
        }
    }

    #[test]
    fn the_newest_sighting_counts_and_is_noted_once_in_a_while() {
        let sightings = Sightings::default();
        let stands = |at| Stands { source: NameId(7_001), event: NameId(7_002), path: NameId(7_003), at: Millis(at) };
        let finding = |detector| Finding {
            category: Category::ContactEmail,
            likelihood: Likelihood::Likely,
            evidence: Evidence::Shape,
            detector,
            span: (0, 3),
        };
        let last =
            || sightings.last(NameId(7_001), NameId(7_002), NameId(7_003), Category::ContactEmail).map(|s| s.detector);
        assert_eq!(last(), None);
        sightings.note(stands(100_000), b"a@b", &finding("one"));
        sightings.note(stands(100_000 + PAUSE_MILLIS - 1), b"a@b", &finding("two"));
        assert_eq!(last(), Some("one"));
        sightings.note(stands(100_000 + PAUSE_MILLIS), b"a@b", &finding("three"));
        assert_eq!(last(), Some("three"));
    }
}

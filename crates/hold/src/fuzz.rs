//! Entry points for fuzzing; replayed on stable by this crate's tests and by libFuzzer.

use std::sync::{Arc, OnceLock};

use weir_event::names::NameVerdict;
use weir_event::{NameJudge, Names};

use crate::entry::{Entry, EntryId, Parts, Shelf, Snapshot};

struct AllClean;

impl NameJudge for AllClean {
    fn judge(&self, _: &str) -> NameVerdict {
        NameVerdict::Clean
    }
}

/// Any bytes as an entry, as the plain bytes of a group and as a header's snapshot: never panics, and what is read is written back
/// to something that reads the same.
pub fn fuzz_entry(data: &[u8]) {
    static NAMES: OnceLock<Arc<Names>> = OnceLock::new();
    let names = NAMES.get_or_init(|| Names::new(Box::new(AllClean)));
    for shelf in Shelf::ALL {
        // Texts are interned for good, so only short inputs may bring some.
        if data.len() < 256
            && let Ok(entry) = Entry::decode(EntryId { shelf, number: 7 }, data, names)
        {
            let again = Entry::decode(entry.info().id, &entry.encode(), names);
            debug_assert!(again.is_ok_and(|again| again.info() == entry.info()), "an entry comes back");
        }
        if let Ok(snapshot) = Snapshot::decode(shelf, data) {
            let again = Snapshot::decode(shelf, &snapshot.encode());
            debug_assert!(again.is_ok_and(|again| again == snapshot), "a snapshot comes back");
        }
    }
    let count = data.last().copied().unwrap_or(0).into();
    if let Ok(parts) = Parts::decode(Shelf::Raw, data, count) {
        let entries: Vec<Vec<u8>> = parts.entries.iter().map(|entry| entry.to_vec()).collect();
        let mut out = Vec::new();
        Parts::encode(&parts.dictionaries, &parts.done, &entries, &mut out);
        debug_assert!(Parts::decode(Shelf::Raw, &out, count).is_ok(), "a group comes back");
    }
}

//! The minimised events of one request, on their way into the journal.

use std::cell::OnceCell;
use std::fmt;

use weir_event::{ConsentStates, Finding, Millis, NameId, Names, Rule, Text, wire};

use crate::detectors::Pinned;
use crate::minimise::StoredFinding;
use crate::minimise::identities::Contact;
use crate::record::Tag;
use crate::tally::Delta;
use crate::withdrawals::Refusal;

/// The minimised events of one request: what the journal appends. Only [`crate::Minimiser`] can put an event in (D2).
///
/// ```compile_fail,E0451
/// let forged = weir_policy::MinimisedBatch { bytes: b"anything".to_vec(), ..weir_policy::MinimisedBatch::new(weir_event::Millis(0)) };
/// ```
pub struct MinimisedBatch {
    received_at: Millis,
    /// `count` records, each a varint length and the bytes.
    bytes: Vec<u8>,
    count: u32,
    /// Sorted and distinct at any time.
    names: Vec<NameId>,
    /// One bit per name id that `names` holds.
    seen: Vec<u64>,
    delta: Delta,
    /// Journaled by source and offered by destination, by label: added to the delta when the note is asked for.
    journaled: Vec<(NameId, &'static str, u64)>,
    offered: Vec<(NameId, &'static str, u64)>,
    note: OnceCell<Vec<u8>>,
    /// The fingerprint of the keys, once for the batch: a batch is of one request and so of one key snapshot.
    pub(crate) keys: Option<[u8; 16]>,
    /// What finds things in its events: what held when the request was pinned (D16).
    pub(crate) detectors: Pinned,
    /// What its events refuse.
    pub(crate) refusals: Vec<Refusal>,
}

/// Scratch of one event; a thread keeps one, so that a clean event allocates nothing. A stage that panics leaves it dirty, so each
/// event clears it first.
#[derive(Default)]
pub(crate) struct Work {
    pub(crate) record: Vec<u8>,
    pub(crate) leaves: Vec<u8>,
    pub(crate) found: Vec<Finding>,
    pub(crate) findings: Vec<StoredFinding>,
    pub(crate) near_misses: Vec<(NameId, u8, u32)>,
    pub(crate) withheld: Vec<(NameId, Rule)>,
    pub(crate) tags: Vec<Tag>,
    pub(crate) links: Vec<(u8, u8, u8)>,
    pub(crate) contacts: Vec<Contact>,
    pub(crate) extra: Vec<(NameId, String)>,
    pub(crate) raw: Vec<u8>,
    pub(crate) text: Vec<u8>,
    pub(crate) url: String,
    /// The event's own ids, each once, and the length of the shortest.
    pub(crate) ids: Vec<Text>,
    pub(crate) id_bytes_min: usize,
    /// The batch's fingerprint of the keys.
    pub(crate) keys: [u8; 16],
    pub(crate) consents: ConsentStates,
}

impl Work {
    pub(crate) fn clear(&mut self) {
        self.record.clear();
        self.leaves.clear();
        self.found.clear();
        self.findings.clear();
        self.near_misses.clear();
        self.withheld.clear();
        self.tags.clear();
        self.links.clear();
        self.contacts.clear();
        self.extra.clear();
        self.raw.clear();
        self.text.clear();
        self.url.clear();
        self.ids.clear();
        self.id_bytes_min = usize::MAX;
    }
}

impl MinimisedBatch {
    /// An empty batch of one request.
    pub fn new(received_at: Millis) -> MinimisedBatch {
        MinimisedBatch {
            received_at,
            bytes: Vec::new(),
            count: 0,
            names: Vec::new(),
            seen: Vec::new(),
            delta: Delta::default(),
            journaled: Vec::new(),
            offered: Vec::new(),
            note: OnceCell::new(),
            keys: None,
            detectors: Pinned::none(),
            refusals: Vec::new(),
        }
    }

    /// Its events are scanned with what the request pinned (D16).
    pub fn detect_with(&mut self, detectors: Pinned) {
        self.detectors = detectors;
    }

    /// Counts events of this request that end here by a rule: duplicates, session recordings. Durable with the same group (D11).
    pub fn count_dropped(&mut self, source: &str, rule: Rule, events: u64) {
        self.note.take();
        self.delta.dropped(source, rule, events);
    }

    /// Whether nothing is in it, not even a count: then there is nothing to append.
    pub fn is_empty(&self) -> bool {
        self.count == 0 && self.delta.is_empty()
    }

    /// How many events are in it.
    pub fn events(&self) -> u32 {
        self.count
    }

    /// What its events refuse, for [`crate::Withdrawals::note`] once they are durable.
    pub fn take_refusals(&mut self) -> Vec<Refusal> {
        std::mem::take(&mut self.refusals)
    }

    /// Bytes of its records.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Room for about `bytes` of records, so that a large request grows the buffer once.
    pub fn reserve(&mut self, bytes: usize) {
        self.bytes.reserve(bytes);
    }

    pub(crate) fn delta(&mut self) -> &mut Delta {
        self.note.take();
        &mut self.delta
    }

    #[inline]
    pub(crate) fn note_name(&mut self, name: NameId) {
        let (word, bit) = (name.0 as usize / 64, 1_u64 << (name.0 % 64));
        if self.seen.get(word).is_none_or(|seen| seen & bit == 0) {
            self.note_new_name(name, word, bit);
        }
    }

    #[cold]
    fn note_new_name(&mut self, name: NameId, word: usize, bit: u64) {
        if self.names.is_empty() {
            // Room for a usual batch at once.
            self.names.reserve(48);
        }
        if word >= self.seen.len() {
            self.seen.resize(word + 8, 0);
        }
        if let Some(word) = self.seen.get_mut(word)
            && *word & bit == 0
        {
            *word |= bit;
            let at = self.names.binary_search(&name).unwrap_or_else(|at| at);
            self.names.insert(at, name);
        }
    }

    /// Takes over a record and counts it. Until here a failing event has changed nothing but the scratch and
    /// spare names.
    pub(crate) fn push_record(&mut self, record: &[u8], names: &Names, source: NameId, offered: &[NameId]) {
        self.note.take();
        wire::put_bytes(&mut self.bytes, record);
        self.count += 1;
        count(&mut self.journaled, names, source);
        offered.iter().for_each(|label| count(&mut self.offered, names, *label));
    }
}

fn count(counts: &mut Vec<(NameId, &'static str, u64)>, names: &Names, label: NameId) {
    match counts.iter_mut().find(|c| c.0 == label) {
        Some(counted) => counted.2 += 1,
        None => counts.push((label, names.text(label), 1)),
    }
}

impl weir_journal::Record for MinimisedBatch {
    fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn count(&self) -> u32 {
        self.count
    }

    fn names(&self) -> &[NameId] {
        &self.names
    }

    fn note(&self) -> &[u8] {
        self.note.get_or_init(|| {
            let mut delta = self.delta.clone();
            self.journaled.iter().for_each(|(_, id, events)| delta.journaled(id, *events));
            self.offered.iter().for_each(|(_, id, events)| delta.offered(id, *events));
            if delta.is_empty() { Vec::new() } else { delta.encode() }
        })
    }

    fn received_at(&self) -> Millis {
        self.received_at
    }
}

/// Counts only.
impl fmt::Debug for MinimisedBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MinimisedBatch({} events, {} bytes)", self.count, self.bytes.len())
    }
}

//! What is told becomes entries, with the definitions that they need before them.

use std::ops::Range;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use tokio::sync::oneshot;
use weir_event::limits::LEDGER_ENTRY_BYTES_MAX;
use weir_event::{Millis, NameId, Offset};
use weir_keys::SecretKey;

use super::Shared;
use super::durable::Durable;
use super::records::{FieldSetDefinition, Intent, Outcome, Results};
use crate::blinds::Root;
use crate::entry::{
    BatchId, Entry, EventResult, FieldSetId, IntentEntry, OutcomeEntry, Purpose, StoredName, encode_results,
};
use crate::error::LedgerError;
use crate::queue::Waiting;
use crate::rows::{ROWS_MAX, Row, StoredRow, seal};
use crate::secrets::PURPOSE;
use crate::state::{field_set_id, put_name};
use crate::tree::hash::{Hash, sha256};

pub(super) const UNSORTED: &str = "offsets must be sorted, disjoint and not empty ranges";

pub(super) fn are_sorted(offsets: &[Range<Offset>]) -> bool {
    offsets.iter().all(|r| r.start < r.end) && offsets.windows(2).all(|w| w[0].end <= w[1].start)
}

/// What rows name.
struct Wanted {
    /// Names that have no definition yet.
    names: Vec<NameId>,
    /// All field sets, known or not.
    field_sets: Vec<FieldSetId>,
    /// The dictionary's, when it was asked.
    era: u64,
}

impl Shared {
    pub(super) fn prepare_intent(&self, intent: Intent) -> Result<(BatchId, Durable), LedgerError> {
        let count = intent.rows.len();
        self.signing().refuse_rewound()?;
        if !are_sorted(&intent.offsets) {
            return Err(LedgerError::Misuse(UNSORTED));
        }
        let expected = if intent.purpose == Purpose::Ask { 0 } else { count as u64 };
        if intent.offsets.iter().map(|r| r.end.0 - r.start.0).sum::<u64>() != expected || count > ROWS_MAX {
            return Err(LedgerError::Misuse(
                "an intent needs one row for each offset, at most 65,536, and none to ask",
            ));
        }
        let at = self.clock.now();
        let Wanted { names, field_sets, mut era } = self.wanted(&intent.rows)?;
        if !names.is_empty() || field_sets.iter().any(|id| !self.dictionary().field_sets.contains(id)) {
            let definitions: Vec<&FieldSetDefinition> =
                intent.field_sets.iter().filter(|d| field_sets.contains(&d.id)).collect();
            era = self.define(at, &names, &field_sets, &definitions)?;
        }
        let batch = BatchId(self.next_batch.fetch_add(1, Ordering::Relaxed));
        let (body, rows_root) = self.sealed(batch, at, &intent.rows, era)?;
        let entry = Entry::Intent(IntentEntry {
            batch,
            destination: intent.destination,
            lane: intent.lane,
            purpose: intent.purpose,
            generation: intent.generation,
            retry_of: intent.retry_of,
            offsets: intent.offsets,
            rows: count as u32,
            payload_digest: intent.payload_digest,
            rows_root,
            field_sets,
        });
        Ok((batch, self.push(Some(era), true, at, entry, &body)?))
    }

    /// What the log has to define before rows.
    fn wanted(&self, rows: &[Row]) -> Result<Wanted, LedgerError> {
        let dictionary = self.dictionary();
        let mut wanted = Wanted { names: Vec::new(), field_sets: Vec::new(), era: dictionary.era };
        let mut last = None;
        for row in rows {
            for name in [row.event, row.slice] {
                if dictionary.number(name).is_none() && !wanted.names.contains(&name) {
                    wanted.names.push(name);
                }
            }
            if last != Some(row.field_set) {
                last = Some(row.field_set);
                if !wanted.field_sets.contains(&row.field_set) {
                    wanted.field_sets.push(row.field_set);
                }
            }
            let (needed, limit) = (wanted.field_sets.len() * 16, LEDGER_ENTRY_BYTES_MAX);
            if needed > limit {
                return Err(LedgerError::EntryTooLarge { needed, limit });
            }
        }
        Ok(wanted)
    }

    /// The body of an intent, and the root of its rows; an error where definitions of `era` were lost.
    fn sealed(&self, batch: BatchId, at: Millis, rows: &[Row], era: u64) -> Result<(Vec<u8>, Hash), LedgerError> {
        let seed = SecretKey::generate();
        let wrapped = self.keys.wrap(PURPOSE, &batch.0.to_le_bytes(), seed.bytes());
        let time = StoredRow::time_of(at);
        let dictionary = self.dictionary();
        if dictionary.era != era {
            return Err(LedgerError::Lost);
        }
        let number = |id| dictionary.number(id).unwrap_or(StoredName(0));
        let rows = rows.iter().enumerate().map(|(index, row)| StoredRow {
            time,
            subject: row.subject,
            organisation: row.organisation,
            event: number(row.event),
            field_set: row.field_set,
            slice: number(row.slice),
            epoch: row.epoch,
            batch,
            // An intent has at most 65,536 rows.
            index: index as u16,
        });
        let root = if self.newest_formats.load(Ordering::Relaxed) { Root::Tree } else { Root::Flat };
        Ok(seal(root, &seed, &wrapped, rows))
    }

    pub(super) fn prepare_outcome(&self, outcome: Outcome) -> Result<Durable, LedgerError> {
        let Outcome { batch, status, results } = outcome;
        let at = self.clock.now();
        let reasons: Vec<NameId> = match &results {
            Results::Rejected(reason) => vec![*reason],
            Results::Partial(rejected) => rejected.iter().map(|(_, reason)| *reason).collect(),
            _ => Vec::new(),
        };
        let era = if reasons.is_empty() { None } else { Some(self.define_names(at, &reasons)?) };
        let number = |id| self.dictionary().number(id).unwrap_or(StoredName(0));
        let (result, body) = match results {
            Results::Accepted => (OutcomeEntry::Accepted, Vec::new()),
            Results::Rejected(reason) => (OutcomeEntry::Rejected(number(reason)), Vec::new()),
            Results::Unknown => (OutcomeEntry::Unknown, Vec::new()),
            Results::Returned => (OutcomeEntry::Returned, Vec::new()),
            Results::Partial(rejected) => {
                let rows = self.state().open_rows(batch);
                let rows = rows.ok_or(LedgerError::Misuse("an outcome of a batch that is not open"))?;
                let mut results = vec![EventResult::Accepted; rows as usize];
                for (index, reason) in rejected {
                    let place = results.get_mut(index as usize);
                    let place = place.ok_or(LedgerError::Misuse("a rejected event that is not in the batch"))?;
                    *place = EventResult::Rejected(number(reason));
                }
                let body = encode_results(&results);
                (OutcomeEntry::Partial(sha256(&body)), body)
            }
        };
        self.push(era, false, at, Entry::Outcome { batch, status, result }, &body)
    }

    /// Queues definitions of names and field sets before anything that names them; gives the era they hold in.
    fn define(
        &self,
        at: Millis,
        names: &[NameId],
        needed: &[FieldSetId],
        definitions: &[&FieldSetDefinition],
    ) -> Result<u64, LedgerError> {
        let mut dictionary = self.dictionary.write().unwrap_or_else(PoisonError::into_inner);
        let mut entries = Vec::new();
        // Another caller may have defined some of them since.
        let fresh: Vec<NameId> = names.iter().copied().filter(|id| dictionary.number(*id).is_none()).collect();
        if !fresh.is_empty() {
            let mut body = Vec::new();
            for id in &fresh {
                let known = self.names.entry(*id);
                put_name(&mut body, known.kind, known.text);
            }
            let entry =
                Entry::Names { first: StoredName(dictionary.next), count: fresh.len() as u32, digest: sha256(&body) };
            entries.push(Waiting::new(at, entry, &body, None)?);
        }
        let mut defined = Vec::new();
        for id in needed.iter().filter(|id| !dictionary.field_sets.contains(*id)) {
            let definition = definitions.iter().find(|d| d.id == *id);
            let definition = definition.ok_or(LedgerError::Misuse("a row names a field set that has no definition"))?;
            let digest = sha256(&definition.canonical);
            if field_set_id(&digest) != *id {
                return Err(LedgerError::Misuse("a field set's id is not that of its bytes"));
            }
            entries.push(Waiting::new(at, Entry::FieldSet { digest }, &definition.canonical, None)?);
            defined.push(*id);
        }
        // Pushed under the dictionary's lock: whoever sees a number after this queues behind its definition.
        self.queue.push(Some(dictionary.era), false, entries)?;
        for id in fresh {
            let number = dictionary.next;
            dictionary.set(id, number);
            dictionary.next += 1;
        }
        dictionary.field_sets.extend(defined);
        Ok(dictionary.era)
    }

    /// The same of names alone, as far as they have none.
    fn define_names(&self, at: Millis, names: &[NameId]) -> Result<u64, LedgerError> {
        let mut new = Vec::new();
        let era = {
            let dictionary = self.dictionary();
            for name in names {
                if dictionary.number(*name).is_none() && !new.contains(name) {
                    new.push(*name);
                }
            }
            dictionary.era
        };
        if new.is_empty() { Ok(era) } else { self.define(at, &new, &[], &[]) }
    }

    pub(super) fn record(&self, entry: Entry, body: &[u8]) -> Durable {
        self.push(None, false, self.clock.now(), entry, body).unwrap_or_else(Durable::refused)
    }

    fn push(
        &self,
        era: Option<u64>,
        limited: bool,
        at: Millis,
        entry: Entry,
        body: &[u8],
    ) -> Result<Durable, LedgerError> {
        let (sender, receiver) = oneshot::channel();
        self.queue.push(era, limited, vec![Waiting::new(at, entry, body, Some(sender))?])?;
        Ok(Durable::of(receiver))
    }
}

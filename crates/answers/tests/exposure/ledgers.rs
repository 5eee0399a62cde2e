//! Ledgers of deliveries that end in every way there is, and what is done to them.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use weir_event::names::{ClassOnly, NameKind};
use weir_event::{Clock, DestinationId, GenerationId, ManualClock, Millis, Names, Offset, Rule};
use weir_keys::Keys;
use weir_ledger::tree::hash::sha256;
use weir_ledger::{
    FieldSetDefinition, FieldSetId, Intent, Kind, Ledger, Options, Outcome, Passed, Purpose, RangeDrop, Results, Row,
};
use weir_rows::Store;

pub(crate) const START: Millis = Millis(1_795_300_000_000);
pub(crate) const HOUR: i64 = 3_600_000;
/// Event, what left (path, category, action), what did not (path, rule).
pub(crate) type Set =
    (&'static str, &'static [(&'static str, &'static str, &'static str)], &'static [(&'static str, &'static str)]);
pub(crate) const SETS: [Set; 3] = [
    ("signed_up", &[("plan", "-", "keep"), ("user", "user.unique_id", "pseudonymize")], &[("email", "minimised")]),
    ("signed_up", &[("plan", "-", "keep")], &[("email", "minimised"), ("seats", "not_allowed")]),
    (
        "exported",
        // A path has a line for each category and action.
        &[
            ("tags", "-", "keep"),
            ("tags", "free_text", "keep"),
            ("tags", "free_text", "pseudonymize"),
            ("user", "user.unique_id", "keep"),
        ],
        &[],
    ),
];
pub(crate) const DESTINATIONS: [&str; 2] = ["growth", "product"];
pub(crate) const SLICES: [&str; 4] = ["CH", "DE", "DE, plan=pro", "unknown, plan=other"];
/// Each slice has an epoch of its own, from this one on.
pub(crate) const EPOCH: u32 = 2_960;

/// One row: subject, organisation, field set, slice; 0 is nobody.
pub(crate) type Fact = (u64, u64, usize, usize);

#[derive(Clone, Debug)]
pub(crate) enum Fate {
    Accepted,
    Rejected,
    /// These places are rejected.
    Partial(BTreeSet<u32>),
    Unknown,
    /// Unknown, then sent again and accepted.
    DecidedLater,
    /// Clearly not taken.
    Returned,
    /// No answer, and given up: it may have been stored.
    Lost,
    /// No answer, then sent again and accepted, which nothing says but the offsets.
    LostAndAgain,
    /// No outcome is recorded.
    Open,
}

#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) destination: usize,
    pub(crate) hours: i64,
    pub(crate) purpose: Purpose,
    pub(crate) rows: Vec<Fact>,
    pub(crate) fate: Fate,
    pub(crate) dropped: u64,
}

pub(crate) fn sent() -> impl Strategy<Value = Sent> {
    let fate = prop_oneof![
        4 => Just(Fate::Accepted),
        1 => Just(Fate::Rejected),
        2 => prop::collection::btree_set(0_u32..5, 1..3).prop_map(Fate::Partial),
        1 => Just(Fate::Unknown),
        1 => Just(Fate::DecidedLater),
        1 => Just(Fate::Returned),
        1 => Just(Fate::Lost),
        1 => Just(Fate::LostAndAgain),
        1 => Just(Fate::Open),
    ];
    let purpose = prop_oneof![6 => Just(Purpose::Deliver), 1 => Just(Purpose::Replay), 1 => Just(Purpose::Resend)];
    let rows = prop::collection::vec((0_u64..6, 0_u64..3, 0_usize..3, 0_usize..SLICES.len()), 1..6);
    (0_usize..2, 0_i64..30, purpose, rows, fate, 0_u64..3).prop_map(
        |(destination, hours, purpose, rows, fate, dropped)| Sent { destination, hours, purpose, rows, fate, dropped },
    )
}

pub(crate) fn text_of(set: &Set) -> String {
    let left = set.1.iter().map(|(path, category, action)| format!("left\t{path}\t{category}\t{action}\n"));
    let withheld = set.2.iter().map(|(path, rule)| format!("withheld\t{path}\t{rule}\n"));
    format!("weir field set v1\nevent\t{}\n{}", set.0, left.chain(withheld).collect::<String>())
}

pub(crate) fn definition(set: &Set) -> FieldSetDefinition {
    let canonical = text_of(set).into_bytes();
    FieldSetDefinition { id: FieldSetId(sha256(&canonical)[..16].try_into().unwrap()), canonical }
}

/// What `weir ledger verify` says of the files of rows.
pub(crate) fn files_are_wrong(ledger: &Path) -> Option<weir_rows::verify::Bad> {
    let clock = Arc::new(ManualClock::at(START));
    let keys = Keys::open_read_only(&ledger.with_file_name("keys"), clock).unwrap();
    weir_rows::verify::verify(ledger, Some(&keys)).unwrap().bad
}

/// Has the log give up every row that the files have, but those in the file that is appended to.
pub(crate) fn thin(dir: &Path, store: &mut Store) {
    let (ledger, ..) = reopen(dir);
    ledger.end_file().unwrap();
    // Noted long ago, given up now.
    store.thin(&ledger, Millis(0), &|| true).unwrap();
    while store.thin(&ledger, Millis(i64::MAX), &|| true).unwrap() {}
    ledger.close().unwrap();
}

pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Writes them all; the time of each batch.
pub(crate) fn write(dir: &Path, all: &[Sent], roll_bytes: u64) -> Vec<Millis> {
    let (ledger, _, times) = open_and_write(dir, all, roll_bytes);
    ledger.close().unwrap();
    times
}

pub(crate) fn open_and_write(
    dir: &Path,
    all: &[Sent],
    roll_bytes: u64,
) -> (Arc<Ledger>, Arc<ManualClock>, Vec<Millis>) {
    let clock = Arc::new(ManualClock::at(START));
    let keys = Keys::open(&dir.join("keys"), Arc::clone(&clock) as Arc<dyn Clock>).unwrap();
    let names = Names::new(Box::new(ClassOnly));
    let options = Options { tree_interval: Duration::ZERO, roll_bytes, ..Options::default() };
    let of = Arc::clone(&clock) as Arc<dyn Clock>;
    let (ledger, _) = Ledger::open(&dir.join("ledger"), Kind::Egress, keys, Arc::clone(&names), options, of).unwrap();
    let ids = DESTINATIONS.map(|id| DestinationId::parse(id).unwrap());
    ids.iter().for_each(|id| ledger.start(id, Offset(0)).wait().unwrap());
    let (mut times, mut next) = (Vec::new(), 0);
    let mut now = START;
    for sent in all {
        now = now.plus(sent.hours * HOUR);
        clock.set(now);
        times.push(now);
        let id = &ids[sent.destination];
        let row = |fact: &Fact| Row {
            subject: fact.0,
            organisation: fact.1,
            event: names.restore(NameKind::Event, SETS[fact.2].0).unwrap(),
            field_set: definition(&SETS[fact.2]).id,
            slice: names.label(SLICES[fact.3]),
            epoch: EPOCH + fact.3 as u32,
        };
        let many = sent.rows.len() as u64;
        let intent = Intent {
            destination: id.clone(),
            lane: 0,
            generation: GenerationId([sent.destination as u8; 8]),
            offsets: vec![Offset(next)..Offset(next + many)],
            rows: sent.rows.iter().map(row).collect(),
            field_sets: SETS.iter().map(definition).collect(),
            payload_digest: [0; 32],
            retry_of: None,
            purpose: sent.purpose,
        };
        next += many;
        let batch = wait(ledger.intend(intent.clone())).unwrap();
        let reason = names.label("bad");
        let settle = |batch, results| ledger.outcome(Outcome { batch, status: 200, results }).wait().unwrap();
        match &sent.fate {
            Fate::Accepted => settle(batch, Results::Accepted),
            Fate::Rejected => settle(batch, Results::Rejected(reason)),
            Fate::Partial(which) => {
                let rejected = which.iter().filter(|i| u64::from(**i) < many).map(|i| (*i, reason)).collect();
                settle(batch, Results::Partial(rejected));
            }
            Fate::Unknown => settle(batch, Results::Unknown),
            Fate::DecidedLater => {
                settle(batch, Results::Unknown);
                let again = Intent { retry_of: Some(batch), purpose: Purpose::Replay, ..intent };
                settle(wait(ledger.intend(again)).unwrap(), Results::Accepted);
            }
            Fate::Returned => {
                ledger.outcome(Outcome { batch, status: 429, results: Results::Returned }).wait().unwrap()
            }
            Fate::Lost => ledger.outcome(Outcome { batch, status: 503, results: Results::Returned }).wait().unwrap(),
            Fate::LostAndAgain => {
                ledger.attempt(batch, 1, 0).wait().unwrap();
                ledger.outcome(Outcome { batch, status: 429, results: Results::Returned }).wait().unwrap();
                settle(wait(ledger.intend(intent)).unwrap(), Results::Accepted);
            }
            Fate::Open => {}
        }
        if sent.dropped > 0 {
            let offsets = vec![Offset(next)..Offset(next + sent.dropped)];
            next += sent.dropped;
            let drop = RangeDrop {
                destination: id.clone(),
                offsets,
                rule: Rule::Event,
                count: sent.dropped,
                passed: Passed::Dropped,
            };
            ledger.range(drop).wait().unwrap();
        }
    }
    (ledger, clock, times)
}

pub(crate) fn reopen(dir: &Path) -> (Arc<Ledger>, Arc<Keys>, Arc<dyn Clock>) {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(START.plus(400 * HOUR)));
    let keys = Keys::open(&dir.join("keys"), Arc::clone(&clock)).unwrap();
    let options = Options { tree_interval: Duration::ZERO, ..Options::default() };
    let names = Names::new(Box::new(ClassOnly));
    let of = (Arc::clone(&keys), Arc::clone(&clock));
    let (ledger, _) = Ledger::open(&dir.join("ledger"), Kind::Egress, of.0, names, options, of.1).unwrap();
    (ledger, keys, clock)
}

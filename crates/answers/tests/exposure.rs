//! Exposure against a model that counts one row at a time, on random ledgers.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use proptest::prelude::*;
use weir_answers::exposure::{Counted, Exposure, Share, Sums, ask_each};
use weir_answers::subject::{Became, about};
use weir_answers::view::{look, week_of};
use weir_answers::{Question, ask};
use weir_event::names::{ClassOnly, NameKind};
use weir_event::{Clock, DestinationId, GenerationId, ManualClock, Millis, Names, Offset, Rule};
use weir_keys::Keys;
use weir_ledger::history;
use weir_ledger::tree::hash::sha256;
use weir_ledger::{
    Erased, FieldSetDefinition, FieldSetId, Intent, Kind, Ledger, Options, Outcome, Passed, Purpose, RangeDrop,
    Results, Row,
};
use weir_rows::erase::erase;
use weir_rows::file::RowsFile;
use weir_rows::months::MONTHS_FULL;
use weir_rows::store::Manifest;
use weir_rows::{Keeper, May, Month, Store, lookup};

const START: Millis = Millis(1_795_300_000_000);
const HOUR: i64 = 3_600_000;
/// Event, what left (path, category, action), what did not (path, rule).
type Set =
    (&'static str, &'static [(&'static str, &'static str, &'static str)], &'static [(&'static str, &'static str)]);
const SETS: [Set; 3] = [
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
const DESTINATIONS: [&str; 2] = ["growth", "product"];
const SLICES: [&str; 4] = ["CH", "DE", "DE, plan=pro", "unknown, plan=other"];
/// Each slice has an epoch of its own, from this one on.
const EPOCH: u32 = 2_960;

/// One row: subject, organisation, field set, slice; 0 is nobody.
type Fact = (u64, u64, usize, usize);

#[derive(Clone, Debug)]
enum Fate {
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
struct Sent {
    destination: usize,
    hours: i64,
    purpose: Purpose,
    rows: Vec<Fact>,
    fate: Fate,
    dropped: u64,
}

fn sent() -> impl Strategy<Value = Sent> {
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

fn text_of(set: &Set) -> String {
    let left = set.1.iter().map(|(path, category, action)| format!("left\t{path}\t{category}\t{action}\n"));
    let withheld = set.2.iter().map(|(path, rule)| format!("withheld\t{path}\t{rule}\n"));
    format!("weir field set v1\nevent\t{}\n{}", set.0, left.chain(withheld).collect::<String>())
}

fn definition(set: &Set) -> FieldSetDefinition {
    let canonical = text_of(set).into_bytes();
    FieldSetDefinition { id: FieldSetId(sha256(&canonical)[..16].try_into().unwrap()), canonical }
}

/// What `weir ledger verify` says of the files of rows.
fn files_are_wrong(ledger: &std::path::Path) -> Option<weir_rows::verify::Bad> {
    let clock = Arc::new(ManualClock::at(START));
    let keys = Keys::open_read_only(&ledger.with_file_name("keys"), clock).unwrap();
    weir_rows::verify::verify(ledger, Some(&keys)).unwrap().bad
}

/// Has the log give up every row that the files have, but those in the file that is appended to.
fn thin(dir: &std::path::Path, store: &mut Store) {
    let (ledger, ..) = reopen(dir);
    ledger.end_file().unwrap();
    // Noted long ago, given up now.
    store.thin(&ledger, Millis(0), &|| true).unwrap();
    while store.thin(&ledger, Millis(i64::MAX), &|| true).unwrap() {}
    ledger.close().unwrap();
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Writes them all; the time of each batch.
fn write(dir: &std::path::Path, all: &[Sent], roll_bytes: u64) -> Vec<Millis> {
    let (ledger, _, times) = open_and_write(dir, all, roll_bytes);
    ledger.close().unwrap();
    times
}

fn open_and_write(
    dir: &std::path::Path,
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

#[derive(Default)]
struct Model {
    sums: Sums,
    held: Vec<(Fact, i64)>,
    dropped: u64,
}

fn model(all: &[Sent], times: &[Millis], question: &Question) -> Model {
    let mut model = Model::default();
    for (sent, at) in all.iter().zip(times) {
        let id = DestinationId::parse(DESTINATIONS[sent.destination]).unwrap();
        let is_asked = question
            .destinations
            .as_ref()
            .is_none_or(|of| of.get(&id).is_some_and(|windows| windows.iter().any(|(from, to)| from <= at && at < to)));
        if !is_asked || *at < question.from || *at >= question.to {
            continue;
        }
        model.dropped += sent.dropped;
        for (i, fact) in sent.rows.iter().enumerate() {
            let sum = match &sent.fate {
                Fate::Accepted | Fate::DecidedLater | Fate::LostAndAgain => &mut model.sums.accepted,
                Fate::Unknown | Fate::Open | Fate::Lost => &mut model.sums.possibly_held,
                Fate::Rejected => &mut model.sums.rejected,
                Fate::Partial(which) if which.contains(&(i as u32)) => &mut model.sums.rejected,
                Fate::Partial(_) => &mut model.sums.accepted,
                Fate::Returned => &mut model.sums.returned,
            };
            *sum += 1;
            let is_held = match &sent.fate {
                Fate::Rejected | Fate::Returned => false,
                Fate::Partial(which) => !which.contains(&(i as u32)),
                _ => true,
            };
            if is_held {
                model.held.push((*fact, at.day()));
                // What decided an unknown batch was a replay.
                let is_copy = sent.purpose == Purpose::Resend && !matches!(sent.fate, Fate::DecidedLater);
                model.sums.resent += u64::from(is_copy);
            }
        }
    }
    model
}

fn share<'a>(facts: impl Iterator<Item = &'a (Fact, i64)>) -> Share {
    let facts: Vec<_> = facts.collect();
    let different =
        |of: fn(&Fact) -> u64| facts.iter().map(|(f, _)| of(f)).filter(|id| *id != 0).collect::<BTreeSet<_>>().len();
    Share { events: facts.len() as u64, subjects: different(|f| f.0) as u64, organisations: different(|f| f.1) as u64 }
}

fn by<K: Ord>(held: &[(Fact, i64)], key: impl Fn(&(Fact, i64)) -> K) -> BTreeMap<K, Share> {
    let keys: BTreeSet<K> = held.iter().map(&key).collect();
    keys.into_iter().map(|k| (share(held.iter().filter(|h| key(h) == k)), k)).map(|(s, k)| (k, s)).collect()
}

/// A row is in each group that its slice tells.
fn by_slices(held: &[(Fact, i64)]) -> BTreeMap<String, Share> {
    let groups: BTreeSet<&str> = held.iter().flat_map(|(fact, _)| SLICES[fact.3].split(", ")).collect();
    let of = |group: &str| share(held.iter().filter(|(fact, _)| SLICES[fact.3].split(", ").any(|told| told == group)));
    groups.into_iter().map(|group| (group.to_owned(), of(group))).collect()
}

/// The vendor's-eye view, by hand from each row that counts.
fn seen_by_the_vendor(dir: &std::path::Path, question: &Question, answer: &Exposure) {
    let mut rows = Vec::new();
    let mut each = |row: Counted<'_>| rows.push((row.at, row.subject, row.organisation, row.event.to_owned()));
    ask_each(dir, question, &mut each).unwrap();
    let view = look(dir, question).unwrap();
    assert_eq!(&view.exposure, answer);
    let mut hours = [[0; 24]; 7];
    for (at, ..) in &rows {
        // Zeller: 0 is Saturday.
        let text = at.to_rfc3339();
        let part = |range: std::ops::Range<usize>| text[range].parse::<i64>().unwrap();
        let (mut year, mut month, day) = (part(0..4), part(5..7), part(8..10));
        if month < 3 {
            (year, month) = (year - 1, month + 12);
        }
        let zeller = (day + 13 * (month + 1) / 5 + year + year / 4 - year / 100 + year / 400) % 7;
        hours[((zeller + 5) % 7) as usize][part(11..13) as usize] += 1;
    }
    assert_eq!(view.hours, hours);
    let week = |at: Millis| week_of(at.day());
    let people: BTreeSet<u64> = rows.iter().map(|row| row.1).filter(|subject| *subject != 0).collect();
    let mut newcomers = BTreeMap::new();
    for person in people {
        let first = rows.iter().filter(|row| row.1 == person).map(|row| week(row.0)).min().unwrap();
        *newcomers.entry(first).or_insert(0_u64) += 1;
    }
    assert_eq!(view.newcomers, newcomers);
    let mut adoption: BTreeMap<String, BTreeMap<i64, u64>> = BTreeMap::new();
    rows.iter().for_each(|row| *adoption.entry(row.3.clone()).or_default().entry(week(row.0)).or_default() += 1);
    assert_eq!(view.adoption, adoption);
    let all: BTreeSet<u64> = rows.iter().map(|row| row.2).filter(|of| *of != 0).collect();
    assert_eq!((view.organisations.len() as u64, all.len() as u64), (answer.organisations, answer.organisations));
    let mut expected: Vec<(u64, u64)> = all
        .iter()
        .map(|of| {
            let of: Vec<_> = rows.iter().filter(|row| row.2 == *of).collect();
            (of.len() as u64, of.iter().map(|row| row.1).filter(|s| *s != 0).collect::<BTreeSet<_>>().len() as u64)
        })
        .collect();
    expected.sort_unstable();
    let mut said: Vec<(u64, u64)> = view.organisations.iter().map(|of| (of.events, of.subjects)).collect();
    said.sort_unstable();
    assert_eq!(said, expected);
    assert!(view.organisations.iter().all(|of| of.weeks.values().sum::<u64>() == of.events));
}

fn everything() -> Question {
    Question { destinations: None, from: Millis(0), to: Millis(i64::MAX) }
}

/// What is told of subjects, without the moment of each event; of tries that a later one replaced nothing is left in sums.
fn sums_of(
    ledger: &std::path::Path,
    subjects: &BTreeSet<u64>,
) -> BTreeMap<(u64, DestinationId, FieldSetId, &'static str), u64> {
    let mut sums = BTreeMap::new();
    let told = about(ledger, subjects, Millis(0), Millis(i64::MAX), usize::MAX).unwrap();
    for row in told.rows.into_iter().filter(|row| row.became != Became::PossiblyHeld) {
        *sums.entry((row.subject, row.destination.clone(), row.field_set, row.became.name())).or_default() +=
            row.events();
    }
    sums
}

/// An exposure says what the rows that count say.
fn agrees(answer: &Exposure, expected: &Model) {
    assert_eq!(answer.sums, expected.sums);
    let whole = share(expected.held.iter());
    assert_eq!((answer.subjects, answer.organisations), (whole.subjects, whole.organisations));
    assert_eq!(answer.without_subject, expected.held.iter().filter(|(f, _)| f.0 == 0).count() as u64);
    assert_eq!(answer.days, by(&expected.held, |(_, day)| *day));
    assert_eq!(answer.slices, by_slices(&expected.held));
    assert_eq!(answer.events, by(&expected.held, |(f, _)| SETS[f.2].0.to_owned()));
    let mut epochs = BTreeMap::new();
    answer.epochs.values().flatten().for_each(|(epoch, events)| *epochs.entry(*epoch).or_insert(0) += events);
    let of_epochs = by(&expected.held, |(f, _)| EPOCH + f.3 as u32);
    assert!(epochs.into_iter().eq(of_epochs.into_iter().map(|(epoch, share)| (epoch, share.events))));
    assert_eq!(answer.not_sent.values().sum::<u64>(), expected.dropped);
    let has = |f: &Fact, path: &str| SETS[f.2].1.iter().any(|(p, ..)| *p == path);
    let paths: BTreeSet<&str> = expected.held.iter().flat_map(|(f, _)| SETS[f.2].1.iter().map(|(p, ..)| *p)).collect();
    assert_eq!(
        answer.fields.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(),
        paths.into_iter().collect::<Vec<_>>()
    );
    for field in &answer.fields {
        let of = share(expected.held.iter().filter(|(f, _)| has(f, &field.path)));
        assert_eq!((field.count(), field.subjects), (of.events, of.subjects), "{}", field.path);
        let with = |is: &dyn Fn(&str, &str) -> bool| {
            let has = |f: &Fact| {
                SETS[f.2].1.iter().any(|(path, category, action)| *path == field.path && is(category, action))
            };
            expected.held.iter().filter(|(f, _)| has(f)).count() as u64
        };
        for (action, events) in &field.actions {
            assert_eq!(*events, with(&|_, of| of == action), "{} {action}", field.path);
        }
        for (category, events) in &field.categories {
            assert_eq!(*events, with(&|of, _| of == category), "{} {category}", field.path);
        }
        let in_events = field.events.iter().map(|(name, events)| (name.as_str(), *events));
        let by_name =
            by(&expected.held.iter().filter(|(f, _)| has(f, &field.path)).copied().collect::<Vec<_>>(), |(f, _)| {
                SETS[f.2].0
            });
        assert!(in_events.eq(by_name.into_iter().map(|(name, share)| (name, share.events))), "{}", field.path);
    }
    for line in &answer.withheld {
        let with = |f: &Fact| SETS[f.2].2.contains(&(line.path.as_str(), line.rule.as_str()));
        assert_eq!(line.events, expected.held.iter().filter(|(f, _)| with(f)).count() as u64);
    }
    let found = by(&expected.held.iter().filter(|(f, _)| has(f, "user")).copied().collect::<Vec<_>>(), |(_, day)| *day);
    let found: BTreeMap<i64, u64> = found.into_iter().map(|(day, share)| (day, share.events)).collect();
    assert_eq!(answer.categories.get("user.unique_id").cloned().unwrap_or_default(), found);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn an_exposure_is_what_counting_row_by_row_gives(
        all in prop::collection::vec(sent(), 1..14),
        window in (0_i64..120, 1_i64..200),
        only in prop::option::of(0_usize..2),
        small_files in any::<bool>(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let times = write(dir.path(), &all, if small_files { 2_000 } else { 1 << 26 });
        let (from, to) = (START.plus(window.0 * HOUR), START.plus((window.0 + window.1) * HOUR));
        let id = |i: usize| DestinationId::parse(DESTINATIONS[i]).unwrap();
        // One half of the window of one destination, twice, must not count twice.
        let middle = START.plus((window.0 + window.1 / 2) * HOUR);
        let destinations = only.map(|i| BTreeMap::from([(id(i), vec![(from, middle), (from, middle)])]));
        let question = Question { destinations, from, to };
        let answer = ask(&dir.path().join("ledger"), &question).unwrap();
        let mut shown: (u64, BTreeSet<u64>) = (0, BTreeSet::new());
        let mut each = |row: Counted<'_>| {
            shown.0 += 1;
            shown.1.extend((row.subject != 0).then_some(row.subject));
        };
        assert_eq!(ask_each(&dir.path().join("ledger"), &question, &mut each).unwrap(), answer);
        assert_eq!((shown.0, shown.1.len() as u64), (answer.sums.held() - answer.erased, answer.subjects));
        seen_by_the_vendor(&dir.path().join("ledger"), &question, &answer);
        agrees(&answer, &model(&all, &times, &question));
    }

    #[test]
    fn d13_how_much_of_the_log_was_taken_over_into_files_changes_no_answer(
        all in prop::collection::vec(sent(), 1..14),
        window in (0_i64..120, 1_i64..200),
        only in prop::option::of(0_usize..2),
        cuts in prop::collection::vec((0_u64..60, 0_usize..3, any::<bool>()), 1..12),
        small_files in any::<bool>(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &all, if small_files { 2_000 } else { 1 << 26 });
        let ledger = dir.path().join("ledger");
        let (from, to) = (START.plus(window.0 * HOUR), START.plus((window.0 + window.1) * HOUR));
        let destinations = only.map(|i| BTreeMap::from([(DestinationId::parse(DESTINATIONS[i]).unwrap(), vec![(from, to)])]));
        let question = Question { destinations, from, to };
        let subjects = BTreeSet::from([1, 2, 3]);
        let (exposure, told) = (ask(&ledger, &question).unwrap(), about(&ledger, &subjects, from, to, 7).unwrap());
        let mut store = Store::open(&ledger).unwrap();
        // From much later the months are over, and each becomes one file.
        let nows = [START, START.plus(3 * Millis::DAY), START.plus(90 * Millis::DAY)];
        for (durable, merging, is_thinned) in cuts.into_iter().chain([(u64::MAX, 2, false)]) {
            store.take(durable).unwrap();
            while store.merge(nows[merging]).unwrap() {}
            if is_thinned {
                thin(dir.path(), &mut store);
            }
            prop_assert_eq!(files_are_wrong(&ledger), None);
            prop_assert_eq!(&ask(&ledger, &question).unwrap(), &exposure);
            prop_assert_eq!(&about(&ledger, &subjects, from, to, 7).unwrap(), &told);
            // As after a crash: what no list names is removed, what it names is there.
            std::fs::write(ledger.join("rows/99999999.parquet"), b"torn").unwrap();
            store = Store::open(&ledger).unwrap();
        }
        // What has no outcome stays behind in the log.
        let is_settled = all.iter().all(|sent| !matches!(sent.fate, Fate::Open));
        prop_assert_eq!(store.manifest().entries == exposure.entries, is_settled);
        // The same from another log: the files are given up.
        let other = tempfile::tempdir().unwrap();
        write(other.path(), &all[..1], 1 << 26);
        let expected = ask(&other.path().join("ledger"), &question).unwrap();
        std::fs::rename(ledger.join("rows"), other.path().join("ledger/rows")).unwrap();
        // Without its files a log that has given rows up gives no answer; another has all of them, and the same answer.
        if history::is_thinned(&ledger).unwrap() {
            prop_assert!(ask(&ledger, &everything()).is_err() && Store::open(&ledger).is_err());
            prop_assert!(files_are_wrong(&ledger).is_some());
        } else {
            prop_assert_eq!(&ask(&ledger, &question).unwrap(), &exposure);
        }
        prop_assert_eq!(&ask(&other.path().join("ledger"), &question).unwrap(), &expected);
        let mut store = Store::open(&other.path().join("ledger")).unwrap();
        while store.take(u64::MAX).unwrap().more {}
        prop_assert_eq!(&ask(&other.path().join("ledger"), &question).unwrap(), &expected);
    }

    #[test]
    fn what_is_erased_is_about_nobody_before_and_after_it_is_taken_out_of_the_files(
        all in prop::collection::vec(sent(), 1..10),
        erased in prop::collection::btree_set(1_u64..6, 1..3),
        durable in 0_u64..60,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let times = write(dir.path(), &all, 1 << 26);
        let ledger = dir.path().join("ledger");
        let question = Question { destinations: None, from: START, to: Millis(i64::MAX) };
        let held = model(&all, &times, &question).held;
        let left: Vec<_> = held.iter().filter(|(fact, _)| !erased.contains(&fact.0)).copied().collect();
        let mut store = Store::open(&ledger).unwrap();
        store.take(durable).unwrap();
        prop_assert_eq!(files_are_wrong(&ledger), None);
        store.erase(&erased, u64::MAX).unwrap();
        prop_assert_eq!(files_are_wrong(&ledger), None);
        let before = ask(&ledger, &question).unwrap();
        prop_assert_eq!(before.sums.held(), held.len() as u64);
        prop_assert_eq!((before.erased, before.subjects), ((held.len() - left.len()) as u64, share(left.iter()).subjects));
        prop_assert_eq!(&before.slices, &by_slices(&left));
        prop_assert!(about(&ledger, &erased, START, Millis(i64::MAX), usize::MAX).unwrap().rows.is_empty());
        store.purge().unwrap();
        prop_assert_eq!(files_are_wrong(&ledger), None);
        prop_assert_eq!(&ask(&ledger, &question).unwrap(), &before);
        for entry in &store.manifest().rows {
            let file = RowsFile::open(&ledger.join("rows").join(&entry.name)).unwrap();
            for subject in &erased {
                prop_assert!(!lookup::holds(&file, *subject).unwrap());
            }
        }
        prop_assert_eq!(store.purge().unwrap(), 0);
    }

    #[test]
    fn d13_after_thirteen_months_sums_say_of_whole_months_what_the_rows_said(
        all in prop::collection::vec(sent(), 1..14),
        window in (0_i64..3_000, 1_i64..3_000),
        only in prop::option::of(0_usize..2),
        cuts in prop::collection::vec(1_u64..40, 0..4),
        erased in 1_u64..6,
        is_thinned in any::<bool>(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        // Over months, and settled: what has no outcome stays in the log.
        let settled = |sent: Sent| match sent.fate {
            Fate::Open => Sent { fate: Fate::Unknown, ..sent },
            _ => sent,
        };
        let all: Vec<Sent> = all.into_iter().map(|sent| settled(Sent { hours: sent.hours * 20, ..sent })).collect();
        let times = write(dir.path(), &all, 1 << 26);
        let ledger = dir.path().join("ledger");
        let (from, to) = (START.plus(window.0 * HOUR), START.plus((window.0 + window.1) * HOUR));
        let of = |from, to| {
            let id = |i: usize| DestinationId::parse(DESTINATIONS[i]).unwrap();
            Question { destinations: only.map(|i| BTreeMap::from([(id(i), vec![(from, to)])])), from, to }
        };
        let subjects: BTreeSet<u64> = (1..6).collect();
        let everything = everything();
        let (before, told) = (ask(&ledger, &everything).unwrap(), sums_of(&ledger, &subjects));
        let mut store = Store::open(&ledger).unwrap();
        for durable in cuts {
            store.take(durable).unwrap();
        }
        while store.take(u64::MAX).unwrap().more {}
        if is_thinned {
            thin(dir.path(), &mut store);
        }
        // The month after the last has not been kept for long enough until thirteen are over between.
        let last = Month::of(*times.last().unwrap());
        let not_yet = Month(last.0 + MONTHS_FULL).bounds().1.plus(-1);
        while store.sum_up(not_yet).unwrap() {}
        prop_assert!(store.manifest().rows.iter().all(|file| file.is_sums == (file.month < last)));
        prop_assert_eq!(sums_of(&ledger, &subjects), told.clone());
        while store.sum_up(not_yet.plus(1)).unwrap() {}
        prop_assert!(store.manifest().rows.iter().all(|file| file.is_sums));
        let mut store = Store::open(&ledger).unwrap();
        prop_assert!(!store.sum_up(not_yet.plus(1)).unwrap());
        prop_assert_eq!(files_are_wrong(&ledger), None);
        while store.merge(not_yet).unwrap() {}
        prop_assert_eq!(files_are_wrong(&ledger), None);
        prop_assert_eq!(sums_of(&ledger, &subjects), told);
        // A month that a window cuts counts whole, and all of it on its first day.
        let (first, end) = (Month::of(from).bounds().0, Month::of(to.plus(-1)).bounds().1);
        let mut expected = model(&all, &times, &of(first, end));
        expected.held.iter_mut().for_each(|(_, day)| *day = Month::of(Millis(*day * Millis::DAY)).bounds().0.day());
        expected.dropped = model(&all, &times, &of(from, to)).dropped;
        let answer = ask(&ledger, &of(from, to)).unwrap();
        agrees(&answer, &expected);
        prop_assert_eq!(answer.sums_until.is_some(), !expected.held.is_empty());
        let mut events = 0;
        prop_assert_eq!(&ask_each(&ledger, &of(from, to), &mut |row: Counted<'_>| events += row.events()).unwrap(), &answer);
        prop_assert_eq!(events, answer.sums.held());
        let after = ask(&ledger, &everything).unwrap();
        prop_assert_eq!((&after.fields, &after.withheld, &after.events), (&before.fields, &before.withheld, &before.events));
        prop_assert_eq!((&after.slices, after.sums, after.subjects), (&before.slices, before.sums, before.subjects));
        prop_assert!(after.generations.iter().map(|(id, of)| (id, of.2)).eq(before.generations.iter().map(|(id, of)| (id, of.2))));
        // Sums are erased as rows are. What the log has still is counted there.
        let is_about = all.iter().any(|sent| sent.rows.iter().any(|fact| fact.0 == erased));
        prop_assert_eq!(store.summed_about(&BTreeSet::from([erased])).unwrap() > 0, is_thinned && is_about);
        store.erase(&BTreeSet::from([erased]), u64::MAX).unwrap();
        store.purge().unwrap();
        prop_assert_eq!(files_are_wrong(&ledger), None);
        let held = model(&all, &times, &everything).held;
        let left: Vec<_> = held.iter().filter(|(fact, _)| fact.0 != erased).copied().collect();
        let gone = ask(&ledger, &everything).unwrap();
        prop_assert_eq!((gone.sums, gone.erased), (before.sums, (held.len() - left.len()) as u64));
        prop_assert_eq!(&gone.slices, &by_slices(&left));
        prop_assert!(about(&ledger, &[erased].into(), Millis(0), Millis(i64::MAX), usize::MAX).unwrap().rows.is_empty());
    }

    #[test]
    fn what_is_told_of_subjects_is_each_of_their_rows_and_what_became_of_it(
        all in prop::collection::vec(sent(), 1..14),
        window in (0_i64..120, 1_i64..200),
        subjects in prop::collection::btree_set(1_u64..6, 1..3),
        small_files in any::<bool>(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let times = write(dir.path(), &all, if small_files { 2_000 } else { 1 << 26 });
        let (from, to) = (START.plus(window.0 * HOUR), START.plus((window.0 + window.1) * HOUR));
        let told = about(&dir.path().join("ledger"), &subjects, from, to, usize::MAX).unwrap();
        let mut expected = Vec::new();
        for (sent, at) in all.iter().zip(&times).filter(|(_, at)| from <= **at && **at < to) {
            let tries: &[Became] = match &sent.fate {
                Fate::Accepted | Fate::Partial(_) => &[Became::Accepted],
                Fate::Rejected => &[Became::Rejected],
                Fate::Unknown | Fate::Open | Fate::Lost => &[Became::PossiblyHeld],
                Fate::DecidedLater | Fate::LostAndAgain => &[Became::PossiblyHeld, Became::Accepted],
                Fate::Returned => &[Became::Returned],
            };
            for became in tries {
                for (i, fact) in sent.rows.iter().enumerate().filter(|(_, fact)| subjects.contains(&fact.0)) {
                    let refused = matches!(&sent.fate, Fate::Partial(which) if which.contains(&(i as u32)));
                    let became = if refused { Became::Rejected } else { *became };
                    expected.push((fact.0, *at, DESTINATIONS[sent.destination], SETS[fact.2].0, became));
                }
            }
        }
        let rows = told.rows.iter().map(|row| {
            (row.subject, row.at, row.destination.as_str(), told.shapes[&row.field_set].event.as_str(), row.became)
        });
        prop_assert_eq!(rows.collect::<Vec<_>>(), expected);
    }
}

#[test]
fn the_files_are_kept_up_beside_a_ledger_that_is_written_and_readers_meet_no_gap() {
    let dir = tempfile::tempdir().unwrap();
    let rows = vec![(1, 1, 0, 0), (2, 0, 1, 1), (3, 2, 2, 2)];
    let sent = |hours| Sent {
        destination: hours as usize % 2,
        hours,
        purpose: Purpose::Deliver,
        rows: rows.clone(),
        fate: Fate::Accepted,
        dropped: 1,
    };
    let all: Vec<Sent> = (0..60).map(sent).collect();
    let (ledger, clock, _) = open_and_write(dir.path(), &all, 4_000);
    let folder = dir.path().join("ledger");
    let question = Question { destinations: None, from: START, to: Millis(i64::MAX) };
    let expected = ask(&folder, &question).unwrap();
    assert_eq!(expected.sums.accepted, 180);
    let look = Duration::from_millis(1);
    let may = May { jump: Duration::MAX, ..May::default() };
    let keeper = Keeper::start(&folder, Arc::clone(&ledger), Arc::clone(&clock) as Arc<dyn Clock>, look, may).unwrap();
    // Nothing is due within the hour; then everything is, and the months that are over become one file each.
    clock.set(clock.now().plus(90 * Millis::DAY));
    let is_done = || {
        let manifest = Manifest::read(&folder).unwrap();
        let months: BTreeSet<_> = manifest.rows.iter().map(|file| (file.destination, file.month)).collect();
        manifest.entries == ledger.entries() && months.len() == manifest.rows.len()
    };
    let mut looks = 0;
    while !is_done() {
        assert_eq!(ask(&folder, &question).unwrap(), expected);
        looks += 1;
        assert!(looks < 10_000, "the files were never made");
    }
    // A week later the log gives its rows up.
    assert!(!history::is_thinned(&folder).unwrap());
    while !history::is_thinned(&folder).unwrap() {
        // How far the files go may be noted a little after the list says it: then it takes another week.
        if looks % 50 == 0 {
            clock.set(clock.now().plus(8 * Millis::DAY));
        }
        assert_eq!(ask(&folder, &question).unwrap(), expected);
        looks += 1;
        assert!(looks < 20_000, "the log never gave its rows up");
    }
    // Long after, sums are left of them.
    clock.set(clock.now().plus(400 * Millis::DAY));
    while !Manifest::read(&folder).unwrap().rows.iter().all(|file| file.is_sums) {
        assert_eq!(ask(&folder, &question).unwrap().sums, expected.sums);
        looks += 1;
        assert!(looks < 30_000, "the sums were never made");
    }
    keeper.close();
    ledger.close().unwrap();
    assert_eq!(ask(&folder, &question).unwrap().sums, expected.sums);
    assert_eq!(files_are_wrong(&folder), None);
    // Taken over entry by entry and merged all the while, under the eyes of a reader.
    let dir = tempfile::tempdir().unwrap();
    let (ledger, ..) = open_and_write(dir.path(), &all, 4_000);
    let folder = dir.path().join("ledger");
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut store = Store::open(&folder).unwrap();
            for durable in 1..=ledger.entries() {
                store.take(durable).unwrap();
                while store.merge(START).unwrap() {}
                if durable % 16 == 0 {
                    // What was noted eight days ago is given up.
                    let now = START.plus(durable as i64 * Millis::DAY);
                    while store.thin(&ledger, now, &|| true).unwrap() {}
                    assert_eq!(files_are_wrong(&folder), None, "{durable}");
                }
            }
        });
        while !writer.is_finished() {
            assert_eq!(ask(&folder, &question).unwrap(), expected);
        }
    });
    assert_eq!(ask(&folder, &question).unwrap(), expected);
}

#[test]
fn while_a_backup_copies_nothing_is_changed_but_who_is_to_be_erased_is_erased_before_the_copy_begins() {
    let dir = tempfile::tempdir().unwrap();
    let rows = vec![(ERASED, 1, 0, 0), (KEPT, 0, 1, 1)];
    let sent = |at: i64| Sent {
        destination: at as usize % 2,
        hours: 2,
        purpose: Purpose::Deliver,
        rows: rows.clone(),
        fate: Fate::Accepted,
        dropped: 0,
    };
    let (ledger, clock, _) = open_and_write(dir.path(), &(0..9).map(sent).collect::<Vec<_>>(), 2_000);
    let folder = dir.path().join("ledger");
    Store::open(&folder).unwrap().take(12).unwrap();
    let before = Manifest::read(&folder).unwrap();
    clock.set(clock.now().plus(900 * Millis::DAY));
    let copies = Arc::new(AtomicBool::new(true));
    let is_free = Arc::clone(&copies);
    let change = Box::new(move || !is_free.load(std::sync::atomic::Ordering::Relaxed));
    let may = May { jump: Duration::MAX, change, ..May::default() };
    let look = Duration::from_millis(1);
    let keeper = Keeper::start(&folder, Arc::clone(&ledger), Arc::clone(&clock) as Arc<dyn Clock>, look, may).unwrap();
    std::thread::sleep(50 * look);
    assert_eq!(Manifest::read(&folder).unwrap(), before, "much is due, and nothing is done");
    let files = keeper.cut().unwrap();
    assert!(files.len() > 4 && files.iter().all(|path| path.is_file()));
    let done = keeper.erase(BTreeSet::from([ERASED]), Box::new(|_| Ok(())));
    let files = keeper.cut().unwrap();
    assert_eq!(done.try_recv().unwrap().unwrap().rows, 9, "it was waited for");
    for path in files {
        let bytes = std::fs::read(path).unwrap();
        assert!(!bytes.windows(8).any(|of| of == ERASED.to_le_bytes()));
    }
    copies.store(false, std::sync::atomic::Ordering::Relaxed);
    clock.set(clock.now().plus(2 * HOUR));
    let mut looks = 0;
    while Manifest::read(&folder).unwrap().entries < ledger.entries() {
        std::thread::sleep(look);
        looks += 1;
        assert!(looks < 10_000, "it never went on");
    }
    keeper.close();
    ledger.close().unwrap();
    assert_eq!(files_are_wrong(&folder), None);
}

/// Whose rows go, and whose stay: bytes that stand nowhere by chance.
const ERASED: u64 = 0x7b1f_c3a9_5e02_d846;
const KEPT: u64 = 0x31d4_0be7_92fa_c651;

/// Whether a subject stands in any file below a folder, as rows have it or in words.
fn names_anywhere(dir: &std::path::Path, subject: u64) -> bool {
    let (text, hex) = (subject.to_string(), format!("{subject:016x}"));
    let forms = [&subject.to_le_bytes()[..], &subject.to_be_bytes(), text.as_bytes(), hex.as_bytes()];
    std::fs::read_dir(dir).unwrap().any(|item| {
        let path = item.unwrap().path();
        path.is_dir() && names_anywhere(&path, subject)
            || path.is_file() && {
                let bytes = std::fs::read(&path).unwrap();
                forms.iter().any(|form| bytes.windows(form.len()).any(|window| window == *form))
            }
    })
}

fn reopen(dir: &std::path::Path) -> (Arc<Ledger>, Arc<Keys>, Arc<dyn Clock>) {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(START.plus(400 * HOUR)));
    let keys = Keys::open(&dir.join("keys"), Arc::clone(&clock)).unwrap();
    let options = Options { tree_interval: Duration::ZERO, ..Options::default() };
    let names = Names::new(Box::new(ClassOnly));
    let of = (Arc::clone(&keys), Arc::clone(&clock));
    let (ledger, _) = Ledger::open(&dir.join("ledger"), Kind::Egress, of.0, names, options, of.1).unwrap();
    (ledger, keys, clock)
}

#[test]
fn d15_an_erasure_that_ends_at_any_step_is_ended_by_the_next_start_and_leaves_no_byte_of_whom_it_was_about() {
    let rows = vec![(ERASED, 1, 0, 0), (KEPT, 1, 1, 1), (ERASED, 0, 2, 2), (0, 0, 0, 0)];
    let sent = |at: i64| Sent {
        destination: at as usize % 2,
        hours: 30,
        purpose: Purpose::Deliver,
        rows: if at % 3 == 2 { rows[1..2].to_vec() } else { rows.clone() },
        fate: if at == 9 { Fate::Open } else { Fate::Accepted },
        dropped: 0,
    };
    let all: Vec<Sent> = (0..12).map(sent).collect();
    let question = Question { destinations: None, from: START, to: Millis(i64::MAX) };
    let (subjects, kept, goes_on) = (BTreeSet::from([ERASED]), BTreeSet::from([KEPT]), AtomicBool::new(false));
    let mut answers = Vec::new();
    for (steps, is_thinned) in (0..=4).flat_map(|steps| [(steps, false), (steps, true)]) {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &all, 1_500);
        let folder = dir.path().join("ledger");
        // Some of it in files, of which there are several, and some in the log alone.
        Store::open(&folder).unwrap().take(11).unwrap();
        Store::open(&folder).unwrap().take(20).unwrap();
        if is_thinned {
            thin(dir.path(), &mut Store::open(&folder).unwrap());
        }
        assert_eq!(history::is_thinned(&folder).unwrap(), is_thinned);
        let told = about(&folder, &kept, START, Millis(i64::MAX), usize::MAX).unwrap();
        assert!(names_anywhere(&folder, ERASED) && !told.rows.is_empty());
        let before = ask(&folder, &question).unwrap();
        let (ledger, _, _) = reopen(dir.path());
        // Few of them at a time, so that there is more than one turn.
        let mut store = Store::open(&folder).unwrap().with_about_rows(3);
        let until = ledger.end_file().unwrap();
        let mut found = Erased::default();
        let counted = store.each_about(&subjects, |about| {
            found += ledger.count_rows(about, until, &goes_on)?;
            Ok(())
        });
        counted.unwrap();
        assert_eq!((found.rows, found.batches, found.under_way), (16, 8, 2));
        if steps == 0 {
            let refused = Box::new(|_| Err(weir_ledger::LedgerError::Lost));
            assert!(erase(&mut store, &ledger, &subjects, refused, &goes_on).is_err());
            assert_eq!((store.erasing(), ask(&folder, &question).unwrap()), (None, before.clone()), "nothing went");
        }
        if steps >= 1 {
            store.erase(&subjects, until).unwrap();
        }
        if steps >= 2 {
            let erased = store.each_about(&subjects, |about| Ok(ledger.erase(about, until, &goes_on).map(drop)?));
            erased.unwrap();
        }
        if steps >= 3 {
            store.purge().unwrap();
        }
        if steps >= 4 {
            store.end_erasure().unwrap();
        }
        let meanwhile = ask(&folder, &question).unwrap();
        if steps > 0 {
            assert_eq!((meanwhile.erased, meanwhile.sums), (16, before.sums), "step {steps}: they count, of nobody");
            assert!(about(&folder, &subjects, START, Millis(i64::MAX), usize::MAX).unwrap().rows.is_empty());
        }
        drop((ledger, store));

        let (ledger, keys, clock) = reopen(dir.path());
        let look = Duration::from_millis(1);
        let keeper = Keeper::start(&folder, Arc::clone(&ledger), clock, look, May::default()).unwrap();
        if steps == 0 {
            let told = Arc::new(std::sync::Mutex::new(None));
            let tell = Arc::clone(&told);
            let record = Box::new(move |found| {
                *tell.lock().unwrap() = Some(found);
                Ok(())
            });
            let erased = keeper.erase(subjects.clone(), record).recv().unwrap().unwrap();
            assert_eq!((Some(erased), erased.rows), (*told.lock().unwrap(), 16));
        }
        let mut looks = 0;
        while !Manifest::read(&folder).unwrap().erased.is_empty() {
            std::thread::sleep(look);
            looks += 1;
            assert!(looks < 10_000, "step {steps}: it was never ended");
        }
        keeper.close();
        ledger.close().unwrap();
        assert!(!names_anywhere(&folder, ERASED) && names_anywhere(&folder, KEPT), "step {steps}");
        assert_eq!(about(&folder, &kept, START, Millis(i64::MAX), usize::MAX).unwrap().rows, told.rows);
        let report = weir_ledger::verify::verify(&folder, Some(&keys)).unwrap();
        assert_eq!((report.bad, report.rows_erased), (None, 16), "step {steps}");
        assert_eq!(files_are_wrong(&folder), None, "step {steps}");
        answers.push(ask(&folder, &question).unwrap());
    }
    assert_eq!((answers[0].erased, answers[0].subjects), (16, 1));
    assert!(answers.windows(2).all(|two| two[0] == two[1]), "the same state, however it came about");
}

#[test]
fn a_file_of_rows_that_is_damaged_gives_no_answer_and_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let rows = (0..200).map(|i| (1 + i % 5, 1, 0, 0)).collect();
    let one =
        Sent { destination: 0, hours: 1, purpose: Purpose::Deliver, rows, fate: Fate::Partial([7].into()), dropped: 1 };
    write(dir.path(), &vec![one; 6], 1 << 26);
    let ledger = dir.path().join("ledger");
    let all = Question { destinations: None, from: Millis(0), to: Millis(i64::MAX) };
    let expected = ask(&ledger, &all).unwrap();
    Store::open(&ledger).unwrap().take(u64::MAX).unwrap();
    for item in std::fs::read_dir(ledger.join("rows")).unwrap() {
        let path = item.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        for at in [0, bytes.len() / 3, bytes.len() / 2, bytes.len() - 1] {
            let mut changed = bytes.clone();
            changed[at] ^= 0x10;
            std::fs::write(&path, changed).unwrap();
            // Never another answer.
            assert!(ask(&ledger, &all).map_or(true, |answer| answer == expected), "{} at {at}", path.display());
        }
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(ask(&ledger, &all).unwrap(), expected);
    }
    std::fs::remove_dir_all(ledger.join("rows")).unwrap();
    assert_eq!(ask(&ledger, &all).unwrap(), expected);
}

#[test]
fn a_ledger_that_is_damaged_gives_no_answer() {
    let dir = tempfile::tempdir().unwrap();
    let row = (1, 0, 0, 0);
    let one = Sent {
        destination: 0,
        hours: 1,
        purpose: Purpose::Deliver,
        rows: vec![row; 4],
        fate: Fate::Accepted,
        dropped: 0,
    };
    write(dir.path(), &vec![one; 6], 1 << 26);
    let log = dir.path().join("ledger/log");
    let file = std::fs::read_dir(&log).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let all = Question { destinations: None, from: Millis(0), to: Millis(i64::MAX) };
    assert!(ask(&dir.path().join("ledger"), &all).is_err());
}

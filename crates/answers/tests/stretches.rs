//! What several threads count of a large ledger, each of its own subjects, and add up: the same as one of them counts, and as the rows say.
//! Smaller ledgers, against a model of all that an exposure says, are in `exposure.rs`; they fit one stretch of subjects and so one thread.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use weir_answers::exposure::{Counted, Share, ask_apart, ask_each};
use weir_answers::subject::{Became, about};
use weir_answers::view::look;
use weir_answers::{Question, ask};
use weir_event::{DestinationId, Millis};
use weir_ledger::FieldSetId;
use weir_rows::dictionary::{Destination, Dictionary};
use weir_rows::facts::{BatchFact, Fate};
use weir_rows::gather::Gathered;
use weir_rows::{LedgerRow, Store};

const ROWS: u64 = 200_000;
/// Every fourth batch is in a file of its own.
const FILES: u64 = 2;
const BATCH_ROWS: u64 = 80;
const SLICES: u64 = 4;
const SETS: u64 = 6;
const ORGANISATIONS: u64 = 130;
/// Whose rows fill pages of their own.
const HEAVY: u64 = 1 << 62;
const ERASED: u64 = 77;
const BEGIN: Millis = Millis(1_795_300_000_000);

/// Numbers that follow from their own.
fn mixed(number: u64) -> u64 {
    let z = (number ^ (number >> 30)).wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 8
}

/// One row: a fifth is of one subject, every fiftieth of nobody; an organisation's people lie in all stretches, and each
/// slice, day and event has only some of the organisations.
fn row(number: u64) -> LedgerRow {
    let random = mixed(number);
    let person = random % 30_000;
    let subject = match number {
        _ if number.is_multiple_of(50) => 0,
        _ if number % 1_000 == 7 => ERASED,
        _ if number % 5 == 1 => HEAVY,
        _ => mixed(person + 1) << 8 | 1,
    };
    // New ones come by and by.
    let organisation = match person {
        _ if person.is_multiple_of(9) => 0,
        _ => number / (ROWS / 5) * (ORGANISATIONS / 5) + person % (ORGANISATIONS / 5) + 1,
    };
    LedgerRow {
        subject,
        time: (BEGIN.0 / 1_000) as u32 + (number / BATCH_ROWS) as u32 * 120,
        batch: number / BATCH_ROWS + 1,
        index: (number % BATCH_ROWS) as u16,
        organisation,
        event: 1,
        field_set: ((random >> 20) % (SETS / 2) * 2 + organisation % 2 + 1) as u32,
        slice: (3 + organisation % (SLICES - 1) + (random >> 30) % 2) as u32,
        epoch: 0,
        more: 0,
    }
}

fn dictionary() -> Dictionary {
    let mut dictionary = Dictionary::default();
    dictionary.names.extend(["Opened", "Closed"].map(str::to_owned));
    dictionary.names.extend((0..SLICES).map(|slice| format!("C{slice}")));
    for set in 0..SETS {
        let event = if set % 2 == 0 { "Opened" } else { "Closed" };
        let text = format!("weir field set v1\nevent\t{event}\nleft\tp{set}\t-\tkeep\nleft\tplan\t-\tkeep\n");
        dictionary.add_field_set(FieldSetId([set as u8; 16]), text.as_bytes());
    }
    dictionary.destinations.push(Destination { id: DestinationId::parse("product").unwrap(), changes: Vec::new() });
    dictionary
}

fn write(dir: &Path) {
    let mut store = Store::open(dir).unwrap();
    for file in 0..FILES {
        let mut gathered = Gathered::default();
        for batch in (1..=ROWS / BATCH_ROWS).filter(|batch| u64::from(batch.is_multiple_of(4)) == file) {
            let first = (batch - 1) * BATCH_ROWS;
            gathered.rows.extend((first..first + BATCH_ROWS).map(|number| (0, row(number))));
            gathered.batches.push(BatchFact {
                batch,
                at: Millis(i64::from(row(first).time) * 1_000),
                generation: [(batch % 3) as u8; 8],
                entry: batch,
                destination: 0,
                purpose: 0,
                fate: Some(if batch % 7 == 0 { Fate::Unknown } else { Fate::Accepted }),
                is_unclear: false,
                rows: BATCH_ROWS as u32,
                is_month: false,
            });
        }
        store.add(gathered, dictionary()).unwrap();
    }
    store.erase(&[ERASED].into(), u64::MAX).unwrap();
}

/// The shares of rows by something that each has.
fn by<K: Ord>(rows: &[LedgerRow], key: impl Fn(&LedgerRow) -> K) -> BTreeMap<K, Share> {
    let mut by: BTreeMap<K, (u64, BTreeSet<u64>, BTreeSet<u64>)> = BTreeMap::new();
    for row in rows {
        let (events, subjects, organisations) = by.entry(key(row)).or_default();
        *events += 1;
        subjects.extend((row.subject != 0).then_some(row.subject));
        organisations.extend((row.organisation != 0).then_some(row.organisation));
    }
    let share = |(events, subjects, organisations): (u64, BTreeSet<u64>, BTreeSet<u64>)| Share {
        events,
        subjects: subjects.len() as u64,
        organisations: organisations.len() as u64,
    };
    by.into_iter().map(|(key, of)| (key, share(of))).collect()
}

#[test]
fn what_is_counted_stretch_by_stretch_adds_up_to_what_one_counts_and_to_what_the_rows_say() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = dir.path();
    write(ledger);
    let question = Question { destinations: None, from: Millis(0), to: Millis(i64::MAX) };
    let mut shown = 0;
    let by_one = ask_each(ledger, &question, &mut |_: Counted<'_>| shown += 1).unwrap();
    let (added, stretches) = ask_apart(ledger, &question).unwrap();
    assert!(stretches >= 3, "several are added up: {stretches}");
    assert_eq!(added, by_one);
    assert_eq!(ask(ledger, &question).unwrap(), by_one);
    assert_eq!(look(ledger, &question).unwrap().exposure, by_one);

    let all: Vec<LedgerRow> = (0..ROWS).map(row).collect();
    let rows: Vec<LedgerRow> = all.iter().filter(|row| row.subject != ERASED).copied().collect();
    assert_eq!((by_one.sums.held(), by_one.erased, shown), (ROWS, ROWS - rows.len() as u64, rows.len() as u64));
    assert_eq!(by_one.erased, ROWS / 1_000);
    let unknown = all.iter().filter(|row| row.batch % 7 == 0).count() as u64;
    assert_eq!((by_one.sums.possibly_held, by_one.sums.accepted), (unknown, ROWS - unknown));
    let whole = by(&rows, |_| ())[&()];
    assert_eq!((by_one.subjects, by_one.organisations), (whole.subjects, whole.organisations));
    assert_eq!(by_one.organisations, ORGANISATIONS, "each is in several stretches");
    assert_eq!(by_one.without_subject, rows.iter().filter(|row| row.subject == 0).count() as u64);
    assert_eq!(by_one.slices, by(&rows, |row| format!("C{}", row.slice - 3)));
    let event = |row: &LedgerRow| if row.field_set % 2 == 1 { "Opened".to_owned() } else { "Closed".to_owned() };
    assert_eq!(by_one.events, by(&rows, event));
    let day = |row: &LedgerRow| Millis(i64::from(row.time) * 1_000).day();
    // Erased rows count as events of their day, of nobody.
    let events_of: BTreeMap<i64, u64> = by(&all, day).into_iter().map(|(day, share)| (day, share.events)).collect();
    let of_days = by(&rows, day).into_iter().map(|(day, share)| (day, Share { events: events_of[&day], ..share }));
    assert_eq!(by_one.days, of_days.collect());
    let of_set = by(&rows, |row| format!("p{}", row.field_set - 1));
    for field in by_one.fields.iter().filter(|field| field.path != "plan") {
        let share = of_set[&field.path];
        assert_eq!((field.actions["keep"], field.subjects), (share.events, share.subjects), "{}", field.path);
    }
    let plan = by_one.fields.iter().find(|field| field.path == "plan").unwrap();
    assert_eq!((plan.actions["keep"], plan.subjects), (rows.len() as u64, whole.subjects));
    let of_generation = |generation: u8| all.iter().filter(|row| (row.batch % 3) as u8 == generation).count() as u64;
    for (id, (_, _, events)) in &by_one.generations {
        assert_eq!(*events, of_generation(id.0[0]));
    }
}

#[test]
fn of_somebody_with_very_many_rows_the_oldest_are_told_and_how_many_more_there_are() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = dir.path();
    write(ledger);
    let wanted = BTreeSet::from([HEAVY, ERASED]);
    let mut rows: Vec<LedgerRow> = (0..ROWS).map(row).filter(|row| row.subject == HEAVY).collect();
    rows.sort_unstable_by_key(|row| (row.batch, row.index));
    let batches: BTreeSet<u64> = rows.iter().map(|row| row.batch).collect();
    assert!(batches.len() > 2_000, "more than are looked up one by one: {}", batches.len());
    for rows_max in [1, 700, usize::MAX] {
        let told = about(ledger, &wanted, Millis(0), Millis(i64::MAX), rows_max).unwrap();
        let kept = rows_max.min(rows.len());
        assert_eq!((told.rows.len(), told.more), (kept, (rows.len() - kept) as u64));
        for (told, row) in told.rows.iter().zip(&rows) {
            let became = if row.batch % 7 == 0 { Became::PossiblyHeld } else { Became::Accepted };
            let set = FieldSetId([row.field_set as u8 - 1; 16]);
            assert_eq!((told.subject, told.entry, told.place, told.field_set), (HEAVY, row.batch, row.index, set));
            assert_eq!((told.became, told.batch.0), (became, row.batch));
        }
        assert!(told.texts.keys().eq(told.shapes.keys()));
    }
}

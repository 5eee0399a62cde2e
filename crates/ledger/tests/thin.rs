//! Rows that lie in files elsewhere and no longer in the log: nothing else changes, and with those rows everything is as it was.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use common::{Failure, FaultyDisk, World, accepted, options, wait};
use weir_event::{Millis, Offset};
use weir_ledger::entry::Entry;
use weir_ledger::erase::{About, Erased};
use weir_ledger::history::{self, Place};
use weir_ledger::rows::{Body, RowsBody, StoredRow};
use weir_ledger::verify::verify;
use weir_ledger::{BatchId, Kind, Ledger, LedgerError, Options, ThinBatch, Thinned};

const ERASED: u64 = 0x7b1f_c3a9_5e02_d846;
const OTHER: u64 = 0x31d4_0be7_92fa_c651;
const ANY_TIME: Millis = Millis(i64::MAX);
const ROWS: u64 = 40;

static GOES_ON: AtomicBool = AtomicBool::new(false);

/// The rows of thinned batches, by whoever keeps them.
type Elsewhere = BTreeMap<BatchId, Vec<Option<StoredRow>>>;

fn small_files() -> Options {
    Options { roll_bytes: 20_000, ..options() }
}

/// Batches of 40 rows, a quarter of them about the one who is erased later.
fn fill(world: &World, ledger: &Ledger, batches: std::ops::Range<u64>) {
    for i in batches {
        let mut intent = world.intent(ROWS * i, ROWS);
        for (at, row) in intent.rows.iter_mut().enumerate() {
            row.subject = if at % 4 == 3 { ERASED } else { OTHER };
            row.event = world.event(["export_made", "page_viewed"][at % 2]);
        }
        let batch = wait(ledger.intend(intent)).unwrap();
        ledger.outcome(accepted(batch)).wait().unwrap();
    }
}

fn filled(options: Options, batches: u64) -> (World, Arc<Ledger>) {
    let world = World::new();
    let (ledger, _) = world.try_open(options).unwrap();
    ledger.start(&world.product, Offset(0)).wait().unwrap();
    fill(&world, &ledger, 0..batches);
    (world, ledger)
}

/// Thins everything that can be.
fn thin(ledger: &Ledger, elsewhere: &mut Elsewhere) -> Result<u64, LedgerError> {
    let (below, mut from, mut rows) = (ledger.end_file()?, 0, 0);
    loop {
        let thinned: Thinned = ledger.thin(from, below, |batches: &[ThinBatch<'_>]| {
            elsewhere.extend(batches.iter().map(|of| (of.batch, of.body.rows().collect())));
            Ok::<(), LedgerError>(())
        })?;
        assert!(thinned.entries > from || !thinned.more);
        (from, rows) = (thinned.entries, rows + thinned.rows);
        if !thinned.more {
            return Ok(rows);
        }
    }
}

/// Places and leaves of all entries, and the body of each intent with its rows, which those at hand are put into where it has none.
#[derive(PartialEq, Debug)]
struct Seen {
    places: Vec<Place>,
    leaves: Vec<Vec<u8>>,
    bodies: Vec<Vec<u8>>,
    thin: usize,
}

fn seen(world: &World, elsewhere: &Elsewhere) -> Seen {
    let mut seen = Seen { places: Vec::new(), leaves: Vec::new(), bodies: Vec::new(), thin: 0 };
    let end = history::each_from(&world.dir(), Kind::Egress, Place::default(), |place, at, entry, body| {
        seen.places.push(place);
        seen.leaves.push(entry.encode(at));
        if let Entry::Intent(intent) = entry {
            let bytes = match Body::parse(body).unwrap() {
                Body::Rows(_) => body.to_owned(),
                Body::Thin(thin) => {
                    seen.thin += 1;
                    let rows = elsewhere[&intent.batch].iter().flatten().map(|row| (row.index, *row)).collect();
                    thin.whole(&world.keys, intent.batch, &rows).unwrap().unwrap()
                }
            };
            assert_eq!(RowsBody::parse(&bytes).unwrap().stored_root(), intent.rows_root);
            seen.bodies.push(bytes);
        }
        ControlFlow::Continue(())
    });
    seen.places.extend(end.unwrap());
    seen
}

fn log_bytes(world: &World) -> u64 {
    world.log_files().iter().map(|path| path.metadata().unwrap().len()).sum()
}

fn is_good(world: &World) -> bool {
    let reports = [verify(&world.dir(), None).unwrap(), verify(&world.dir(), Some(&world.keys)).unwrap()];
    reports.iter().all(|report| report.bad.is_none())
}

#[test]
fn d13_a_thinned_log_is_small_and_with_the_rows_from_elsewhere_it_is_as_it_was() {
    let (world, ledger) = filled(small_files(), 20);
    ledger.flush_tree().unwrap();
    let (before, bytes) = (seen(&world, &Elsewhere::new()), log_bytes(&world));
    assert!(world.log_files().len() > 3);
    let mut elsewhere = Elsewhere::new();
    assert_eq!(thin(&ledger, &mut elsewhere).unwrap(), 20 * ROWS);
    assert_eq!(thin(&ledger, &mut elsewhere).unwrap(), 0, "there is nothing left to take out");
    let after = seen(&world, &elsewhere);
    assert_eq!((before.thin, after.thin), (0, 20));
    assert_eq!(Seen { thin: 0, ..after }, before, "places, leaves, and the bodies to the byte");
    assert!(log_bytes(&world) * 5 < bytes, "{} of {bytes}", log_bytes(&world));
    let report = verify(&world.dir(), Some(&world.keys)).unwrap();
    assert_eq!((report.rows, report.rows_elsewhere, report.rows_opened), (20 * ROWS, 20 * ROWS, Some(0)));
    assert!(is_good(&world));
    // It goes on, and the tree with it.
    fill(&world, &ledger, 20..22);
    ledger.flush_tree().unwrap();
    ledger.close().unwrap();
    drop(ledger);
    assert!(is_good(&world));
    let (ledger, _) = world.open();
    assert_eq!(ledger.totals()[&world.product].delivered, 22 * ROWS);
    let times = Millis(0)..ANY_TIME;
    let count = ledger.count_left(&world.product, "export_made", times, Offset(21 * ROWS + 2)).unwrap();
    assert_eq!(count, 20 * ROWS / 2 + ROWS / 2 + 1, "D11: thinned batches count by event");
}

#[test]
fn a_file_is_thinned_only_where_its_rows_are_kept_and_all_of_it_may_be() {
    let (world, ledger) = filled(small_files(), 8);
    let below = ledger.end_file().unwrap();
    let bytes = log_bytes(&world);
    let refuses = |_: &[ThinBatch<'_>]| Err(LedgerError::Misuse("they are not all there"));
    assert!(matches!(ledger.thin(0, below, refuses), Err(LedgerError::Misuse(_))));
    let none = Thinned { entries: 0, rows: 0, more: false };
    let unasked = |_: &[ThinBatch<'_>]| -> Result<(), LedgerError> { panic!("nothing is due") };
    assert_eq!(ledger.thin(0, 2, unasked).unwrap(), none, "it has entries that are not to be thinned");
    assert_eq!(ledger.thin(below, below, unasked).unwrap(), Thinned { entries: below, ..none });
    assert_eq!(ledger.thin(0, u64::MAX, |_| Ok::<(), LedgerError>(())).unwrap().rows % ROWS, 0);
    assert!(log_bytes(&world) < bytes);
    let (_world, older) = filled(Options { newest_formats: false, ..small_files() }, 8);
    let below = older.end_file().unwrap();
    assert_eq!(older.thin(0, below, unasked).unwrap(), none, "the release before could not read it");
}

#[test]
fn d15_rows_of_thinned_batches_are_erased_by_their_hashes_and_the_others_keep_their_proofs() {
    let (world, ledger) = filled(small_files(), 9);
    let mut elsewhere = Elsewhere::new();
    // Some rows go before, so that there are batches with erased rows that are thinned then.
    let until = ledger.end_file().unwrap();
    let first = About { subjects: BTreeSet::from([ERASED]), ..About::default() };
    assert_eq!(ledger.erase(&first, until, &GOES_ON).unwrap().rows, 90);
    fill(&world, &ledger, 9..15);
    let before = seen(&world, &elsewhere);
    thin(&ledger, &mut elsewhere).unwrap();
    assert_eq!(Seen { thin: 0, ..seen(&world, &elsewhere) }, before, "hashes of erased rows are kept");
    let proofs = |elsewhere: &Elsewhere| -> Vec<_> {
        let bodies = seen(&world, elsewhere).bodies;
        let of = |(at, bytes): (usize, &Vec<u8>)| {
            let body = RowsBody::parse(bytes).unwrap();
            (0..ROWS as u16).map(|i| body.proofs(&world.keys, BatchId(at as u64 + 1), &[i])).collect::<Vec<_>>()
        };
        bodies.iter().enumerate().map(of).collect()
    };
    let proved = proofs(&elsewhere);

    let rows = |(batch, rows): (&BatchId, &Vec<Option<StoredRow>>)| {
        let of: Vec<StoredRow> = rows.iter().flatten().filter(|row| row.subject == ERASED).copied().collect();
        (!of.is_empty()).then_some((*batch, of))
    };
    let about = About { elsewhere: elsewhere.iter().filter_map(rows).collect(), ..first };
    let until = ledger.end_file().unwrap();
    let expected = Erased { rows: 60, batches: 6, under_way: 0 };
    assert_eq!(ledger.count_rows(&about, until, &GOES_ON).unwrap(), expected);
    assert_eq!(ledger.erase(&about, until, &GOES_ON).unwrap(), expected);
    assert_eq!(ledger.erase(&about, until, &GOES_ON).unwrap(), Erased::default(), "they still lie elsewhere");
    for rows in elsewhere.values_mut().flatten() {
        *rows = rows.filter(|row| row.subject != ERASED);
    }
    for (before, after) in proved.iter().zip(proofs(&elsewhere)) {
        for (i, (before, after)) in before.iter().zip(after).enumerate() {
            assert_eq!(after, before.clone().filter(|_| i % 4 != 3), "row {i}");
        }
    }
    let report = verify(&world.dir(), Some(&world.keys)).unwrap();
    assert_eq!((report.bad, report.rows_erased, report.rows_elsewhere), (None, 150, 450));
}

#[test]
fn d13_a_thin_body_and_other_rows_do_not_make_the_root() {
    let (world, ledger) = filled(small_files(), 1);
    let mut elsewhere = Elsewhere::new();
    thin(&ledger, &mut elsewhere).unwrap();
    let mut bodies = Vec::new();
    history::each(&world.dir(), Kind::Egress, |_, _, entry, body| {
        if let Entry::Intent(intent) = entry {
            bodies.push((intent.clone(), body.to_owned()));
        }
    })
    .unwrap();
    let (intent, body) = bodies.remove(0);
    let Body::Thin(thin) = Body::parse(&body).unwrap() else { panic!("it was thinned") };
    let good: BTreeMap<u16, StoredRow> =
        elsewhere[&intent.batch].iter().flatten().map(|row| (row.index, *row)).collect();
    let root = |rows: &BTreeMap<u16, StoredRow>| {
        let whole = thin.whole(&world.keys, intent.batch, rows).unwrap();
        whole.map(|bytes| RowsBody::parse(&bytes).unwrap().stored_root())
    };
    assert_eq!(root(&good), Some(intent.rows_root));
    let mut changed = good.clone();
    changed.get_mut(&7).unwrap().epoch ^= 1;
    assert!(root(&changed).is_some_and(|root| root != intent.rows_root));
    let mut missing = good.clone();
    missing.remove(&7);
    assert_eq!(root(&missing), None);
    assert!(thin.whole(&world.keys, BatchId(intent.batch.0 + 1), &good).is_err(), "a seed is of its own batch");
}

#[test]
fn thinning_that_was_cut_short_at_any_step_ends_in_the_same_state_when_it_is_asked_for_again() {
    let run = |world: &World, disk: &FaultyDisk, elsewhere: &mut Elsewhere| -> Result<u64, LedgerError> {
        let (ledger, _) = world.try_open(Options { disk: Arc::new(disk.clone()), ..options() })?;
        let thinned = thin(&ledger, elsewhere);
        let _ = ledger.close();
        thinned
    };
    let fresh = || {
        let (world, ledger) = filled(Options { roll_bytes: 12_000, ..options() }, 10);
        ledger.close().unwrap();
        world
    };
    let (world, disk) = (fresh(), FaultyDisk::default());
    assert_eq!(run(&world, &disk, &mut Elsewhere::new()).unwrap(), 10 * ROWS);
    let steps = disk.steps();
    assert!(steps > 15, "{steps}");
    for at in 1..=steps {
        for failure in [Failure::Lost, Failure::Kept] {
            for dies in [false, true] {
                let (world, disk) = (fresh(), FaultyDisk::failing(at, failure, dies));
                let mut elsewhere = Elsewhere::new();
                let before = seen(&world, &elsewhere);
                let what = format!("step {at} of {steps}, {failure:?}, dies: {dies}");
                let first = run(&world, &disk, &mut elsewhere);
                assert!(is_good(&world), "{what}");
                let half = seen(&world, &elsewhere);
                assert_eq!(half.bodies, before.bodies, "{what}: what is not in the log was shown before");
                run(&world, &FaultyDisk::default(), &mut elsewhere)
                    .unwrap_or_else(|error| panic!("{what}: {error}, after {first:?}"));
                let after = seen(&world, &elsewhere);
                assert_eq!((&after.bodies, after.thin), (&before.bodies, 10), "{what}");
                assert_eq!(after.places[..before.places.len()], before.places[..], "{what}");
            }
        }
    }
}

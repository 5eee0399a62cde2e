//! Taking rows out of the log: what was about somebody is gone, and everything else proves what it proved before.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use common::{Failure, FaultyDisk, World, accepted, options, wait};
use weir_event::Offset;
use weir_ledger::entry::Entry;
use weir_ledger::erase::{About, Erased};
use weir_ledger::history::{self, Place};
use weir_ledger::receipt::Receipts;
use weir_ledger::rows::{RowProof, RowsBody};
use weir_ledger::verify::verify;
use weir_ledger::{Kind, Ledger, LedgerError, Options, Outcome, Results};

/// Whose rows go. Its bytes are such as stand nowhere by chance.
const ERASED: u64 = 0x7b1f_c3a9_5e02_d846;
const OTHER: u64 = 0x31d4_0be7_92fa_c651;

static GOES_ON: AtomicBool = AtomicBool::new(false);

fn about() -> About {
    About { subjects: BTreeSet::from([ERASED]), ..About::default() }
}

/// Batches of 40 rows; in every third of them some are about the one who is erased later.
fn fill(world: &World, ledger: &Ledger, batches: std::ops::Range<u64>) {
    for i in batches {
        let mut intent = world.intent(40 * i, 40);
        intent.rows.iter_mut().for_each(|row| row.subject = OTHER);
        if i % 3 == 0 {
            for at in [0, 7, 39] {
                intent.rows[at].subject = ERASED;
            }
        }
        let batch = wait(ledger.intend(intent)).unwrap();
        ledger.outcome(accepted(batch)).wait().unwrap();
    }
}

/// Everything that readers of the log rest on: places, entries, and rows with their proofs, by entry.
#[derive(PartialEq, Debug)]
struct Seen {
    places: Vec<Place>,
    leaves: Vec<Vec<u8>>,
    proofs: Vec<Vec<Option<RowProof>>>,
}

fn seen(world: &World) -> Seen {
    let mut seen = Seen { places: Vec::new(), leaves: Vec::new(), proofs: Vec::new() };
    let end = history::each_from(&world.dir(), Kind::Egress, Place::default(), |place, at, entry, body| {
        seen.places.push(place);
        seen.leaves.push(entry.encode(at));
        if let Entry::Intent(intent) = entry {
            let rows = RowsBody::parse(body).unwrap();
            let proof = |at| Some(rows.proofs(&world.keys, intent.batch, &[at])?.remove(0));
            seen.proofs.push((0..intent.rows as u16).map(proof).collect());
        }
        ControlFlow::Continue(())
    });
    seen.places.extend(end.unwrap());
    seen
}

fn holds(path: &Path, wanted: &[u8]) -> bool {
    if path.is_dir() {
        return std::fs::read_dir(path).unwrap().any(|item| holds(&item.unwrap().path(), wanted));
    }
    std::fs::read(path).unwrap().windows(wanted.len()).any(|window| window == wanted)
}

/// Whether a tag is in any file of the ledger, in either order of bytes.
fn has_tag(world: &World, tag: u64) -> bool {
    holds(&world.dir(), &tag.to_le_bytes()) || holds(&world.dir(), &tag.to_be_bytes())
}

fn subject_of(proof: &RowProof) -> u64 {
    u64::from_le_bytes(proof.row[4..12].try_into().unwrap())
}

/// Holds what is there after an erasure against what was there before.
fn check(world: &World, before: &Seen, what: &str) {
    let after = seen(world);
    assert_eq!(&before.places[..], &after.places[..before.places.len()], "{what}: every place is what it was");
    assert_eq!(&before.leaves[..], &after.leaves[..before.leaves.len()], "{what}");
    for (before, after) in before.proofs.iter().zip(&after.proofs) {
        for (before, after) in before.iter().zip(after) {
            let expected = before.as_ref().filter(|proof| subject_of(proof) != ERASED);
            assert_eq!(after.as_ref(), expected, "{what}: the proofs of other rows are the same");
        }
    }
    let (without, with) = (verify(&world.dir(), None).unwrap(), verify(&world.dir(), Some(&world.keys)).unwrap());
    assert_eq!((without.bad, with.bad), (None, None), "{what}");
    assert!(!has_tag(world, ERASED) && has_tag(world, OTHER), "{what}");
}

#[test]
fn d15_an_erased_person_is_in_no_file_and_everything_else_proves_what_it_did() {
    let world = World::new();
    let (ledger, _) = world.try_open(Options { roll_bytes: 20_000, ..options() }).unwrap();
    ledger.start(&world.product, Offset(0)).wait().unwrap();
    fill(&world, &ledger, 0..20);
    ledger.flush_tree().unwrap();
    let published = ledger.published().unwrap().unwrap();
    let before = seen(&world);
    let receipts = Receipts::open(&world.dir()).unwrap();
    let texts: Vec<String> = (0..receipts.size()).map(|entry| receipts.of(entry).unwrap().text()).collect();
    assert!(world.log_files().len() > 3 && has_tag(&world, ERASED));

    let until = ledger.end_file().unwrap();
    assert_eq!((until, ledger.end_file().unwrap()), (ledger.entries(), until), "a file without entries stays");
    let expected = Erased { rows: 21, batches: 7, under_way: 0 };
    assert_eq!(ledger.count_rows(&about(), until, &GOES_ON).unwrap(), expected);
    check_counts(&world, 0);
    assert_eq!(ledger.erase(&about(), until, &GOES_ON).unwrap(), expected);
    check(&world, &before, "while it runs");
    check_counts(&world, 21);
    assert_eq!(ledger.erase(&about(), until, &GOES_ON).unwrap(), Erased::default(), "there is nothing left to erase");

    // The tree goes on over it, and earlier heads and receipts hold.
    fill(&world, &ledger, 22..24);
    ledger.flush_tree().unwrap();
    let receipts = Receipts::open(&world.dir()).unwrap();
    let again: Vec<String> = (0..texts.len() as u64).map(|entry| receipts.of(entry).unwrap().text()).collect();
    let proof = |text: &String| text.split("\n\n").next().unwrap().lines().nth(1).unwrap().to_owned();
    assert_eq!(texts.iter().map(proof).collect::<Vec<_>>(), again.iter().map(proof).collect::<Vec<_>>());
    let later = ledger.published().unwrap().unwrap();
    assert!(later.head.size > published.head.size);
    let hashes = ledger.consistency(published.head.size, later.head.size).unwrap();
    assert!(!hashes.is_empty());
    ledger.close().unwrap();
    drop(ledger);
    check(&world, &before, "after it was closed");
    let (ledger, recovered) = world.open();
    assert_eq!(recovered.unfinished, []);
    assert_eq!(ledger.totals()[&world.product].delivered, 22 * 40, "nothing that is counted has changed");
    // Another one later, also of files that were written again before.
    let until = ledger.end_file().unwrap();
    let others = About { subjects: BTreeSet::from([OTHER, 0]), ..About::default() };
    assert_eq!(ledger.erase(&others, until, &GOES_ON).unwrap().batches, 22);
    assert!(!has_tag(&world, OTHER));
    assert_eq!(verify(&world.dir(), Some(&world.keys)).unwrap().bad, None);
    check_counts(&world, 22 * 40);
}

fn check_counts(world: &World, erased: u64) {
    let report = verify(&world.dir(), Some(&world.keys)).unwrap();
    assert_eq!((report.rows_erased, report.rows_opened), (erased, Some(report.rows - erased)));
}

#[test]
fn d13_batches_of_the_release_before_are_erased_from_once_the_upgrade_is_finished() {
    let world = World::new();
    let (ledger, _) = world.try_open(Options { newest_formats: false, ..options() }).unwrap();
    ledger.start(&world.product, Offset(0)).wait().unwrap();
    fill(&world, &ledger, 0..4);
    let until = ledger.end_file().unwrap();
    assert!(
        matches!(ledger.erase(&about(), until, &GOES_ON), Err(LedgerError::Misuse(why)) if why.contains("upgrade finish"))
    );
    let format = |path: &Path| std::fs::read(path).unwrap()[8];
    assert!(world.log_files().iter().all(|path| format(path) == 1), "nothing was written that it could not read");
    let before = seen(&world);
    ledger.write_newest_formats();
    assert_eq!(ledger.erase(&about(), until, &GOES_ON).unwrap().rows, 6);
    fill(&world, &ledger, 4..7);
    let until = ledger.end_file().unwrap();
    assert_eq!(ledger.erase(&about(), until, &GOES_ON).unwrap().rows, 3);
    ledger.close().unwrap();
    drop(ledger);
    check(&world, &before, "old and new");
}

#[test]
fn rows_of_a_batch_that_is_under_way_are_erased_and_said_to_be() {
    let world = World::new();
    let (ledger, _) = world.open();
    ledger.start(&world.product, Offset(0)).wait().unwrap();
    let mut intent = world.intent(0, 2);
    intent.rows[1].subject = ERASED;
    let batch = wait(ledger.intend(intent)).unwrap();
    let until = ledger.end_file().unwrap();
    assert_eq!(ledger.erase(&about(), until, &GOES_ON).unwrap(), Erased { rows: 1, batches: 1, under_way: 1 });
    ledger
        .outcome(Outcome { batch, status: 200, results: Results::Partial(vec![(1, world.names.label("bad"))]) })
        .wait()
        .unwrap();
    assert_eq!(ledger.totals()[&world.product].delivered, 1, "its outcome comes to the same events");
    assert!(matches!(ledger.erase(&about(), until + 1, &GOES_ON), Err(LedgerError::Misuse(_))));
    ledger.close().unwrap();
}

#[test]
fn d15_an_erasure_that_was_cut_short_at_any_step_ends_in_the_same_state_when_it_is_asked_for_again() {
    let run = |world: &World, disk: &FaultyDisk| -> Result<Erased, LedgerError> {
        let faulty = Options { disk: Arc::new(disk.clone()), ..options() };
        let (ledger, _) = world.try_open(faulty)?;
        let until = ledger.end_file()?;
        let erased = ledger.erase(&about(), until, &GOES_ON);
        let _ = ledger.close();
        erased
    };
    let fresh = || {
        let world = World::new();
        let (ledger, _) = world.try_open(Options { roll_bytes: 12_000, ..options() }).unwrap();
        ledger.start(&world.product, Offset(0)).wait().unwrap();
        fill(&world, &ledger, 0..10);
        ledger.close().unwrap();
        world
    };
    let (world, disk) = (fresh(), FaultyDisk::default());
    assert_eq!(run(&world, &disk).unwrap().rows, 12);
    let steps = disk.steps();
    assert!(steps > 20, "{steps}");
    for at in 1..=steps {
        for failure in [Failure::Lost, Failure::Kept] {
            for dies in [false, true] {
                let (world, disk) = (fresh(), FaultyDisk::failing(at, failure, dies));
                let before = seen(&world);
                let what = format!("step {at} of {steps}, {failure:?}, dies: {dies}");
                let first = run(&world, &disk);
                // Half done it is whole all the same: each file is as it was, or without these rows.
                assert_eq!(verify(&world.dir(), Some(&world.keys)).unwrap().bad, None, "{what}");
                assert_eq!(seen(&world).places[..before.places.len()], before.places[..], "{what}");
                run(&world, &FaultyDisk::default()).unwrap_or_else(|error| panic!("{what}: {error}, after {first:?}"));
                check(&world, &before, &what);
            }
        }
    }
}

#[test]
fn a_damaged_file_is_not_written_again() {
    let world = World::new();
    let (ledger, _) = world.open();
    ledger.start(&world.product, Offset(0)).wait().unwrap();
    fill(&world, &ledger, 0..3);
    let until = ledger.end_file().unwrap();
    let path = world.log_files().remove(0);
    let good = std::fs::read(&path).unwrap();
    for at in [5, 100, good.len() / 2, good.len() - 3] {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let erased = ledger.erase(&about(), until, &GOES_ON);
        assert!(matches!(erased, Err(LedgerError::Damaged { .. })), "byte {at}: {erased:?}");
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }
    std::fs::write(&path, &good).unwrap();
    assert_eq!(ledger.erase(&about(), until, &GOES_ON).unwrap().rows, 3);
}

//! Answers beside the thread that keeps the files: while it makes and merges them, has the log give rows up, waits for a backup, and erases.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use weir_answers::subject::about;
use weir_answers::{Question, ask};
use weir_event::{Clock, Millis};
use weir_ledger::{Erased, Purpose, history};
use weir_rows::erase::erase;
use weir_rows::manifest::Manifest;
use weir_rows::{Keeper, May, Store};

use crate::ledgers::{Fate, HOUR, START, Sent, files_are_wrong, open_and_write, reopen, thin, write};

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
fn names_anywhere(dir: &Path, subject: u64) -> bool {
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

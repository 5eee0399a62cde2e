//! Exposure against a model that counts one row at a time, on random ledgers.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod keeper;
mod ledgers;
mod model;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use weir_answers::exposure::{Counted, ask_each};
use weir_answers::subject::{Became, about};
use weir_answers::{Question, ask};
use weir_event::{DestinationId, Millis};
use weir_ledger::{Purpose, history};
use weir_rows::file::RowsFile;
use weir_rows::months::MONTHS_FULL;
use weir_rows::{Month, Store, lookup};

use crate::ledgers::{DESTINATIONS, Fate, HOUR, SETS, START, Sent, files_are_wrong, sent, thin, write};
use crate::model::{agrees, by_slices, everything, model, seen_by_the_vendor, share, sums_of};

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

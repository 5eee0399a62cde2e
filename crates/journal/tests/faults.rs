//! What the journal promises when things fail: torn tails, damage, each operation failed both ways, power loss at any moment.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

mod support;

use std::path::PathBuf;
use std::sync::Arc;

use proptest::prelude::*;
use support::*;
use weir_event::{Millis, Names, Offset};
use weir_journal::sim::{Fault, Operation, SimDisk};
use weir_journal::{AppendError, Journal};

fn segments(disk: &SimDisk) -> Vec<PathBuf> {
    disk.paths().into_iter().filter(|path| path.extension().is_some_and(|e| e == "segment")).collect()
}

/// A journal of one segment with `groups` groups, closed; the file, its bytes and where its last byte stands that matters.
fn one_segment(names: &Arc<Names>, groups: u64) -> (SimDisk, PathBuf, Vec<u8>) {
    let disk = SimDisk::default();
    block(async {
        let (journal, _) = open_at(Arc::new(disk.clone()), &dir(), small(), Arc::clone(names)).unwrap();
        for i in 0..groups {
            journal.append(Batch::new(names, &[i], 0)).await.unwrap();
        }
        journal.close().await;
        // Opening once more cuts the file behind its last group.
        let (journal, _) = open(&disk);
        journal.close().await;
    });
    let path = segments(&disk).remove(0);
    let bytes = disk.bytes(&path).unwrap();
    (disk, path, bytes)
}

#[test]
fn a_tail_torn_at_any_byte_costs_the_torn_group_only() {
    let n = names();
    let (disk, path, bytes) = one_segment(&n, 3);
    let (_, _, two) = one_segment(&n, 2);
    for cut in two.len()..bytes.len() {
        for zeroed in [true, false] {
            let mut torn = bytes.clone();
            if zeroed {
                torn[cut..].fill(0)
            } else {
                torn.truncate(cut)
            }
            // A tag may end in zeros, and the padding behind the tag does not matter.
            let whole = torn.len() == bytes.len() && torn == bytes;
            let copy = disk.after_kill();
            copy.set_bytes(&path, torn);
            block(async {
                let (journal, recovery) = open_at(Arc::new(copy.clone()), &dir(), small(), Arc::clone(&n)).unwrap();
                let tail = journal.tail().0;
                assert!(tail == 2 || (tail == 3 && (whole || bytes.len() - cut < 16)), "cut at {cut}: tail {tail}");
                assert!(recovery.damaged.is_empty());
                let expected: Vec<_> = (0..tail).map(|i| (i, i)).collect();
                assert_eq!(carried(&journal), (0..tail).collect::<Vec<_>>());
                assert_eq!(journal.append(Batch::new(&n, &[9], 0)).await, Ok(Offset(tail)..Offset(tail + 1)));
                let (records, damaged) = read(&journal, Offset(0), &n).await;
                assert_eq!(records, [expected, vec![(tail, 9)]].concat());
                assert!(damaged.is_empty());
            });
        }
    }
}

#[test]
fn a_flipped_byte_costs_its_own_group_is_reported_and_stops_nobody() {
    let n = names();
    let (disk, path, bytes) = one_segment(&n, 4);
    let (_, _, one) = one_segment(&n, 1);
    let (_, _, two) = one_segment(&n, 2);
    for at in (one.len()..two.len()).chain([0, 9, 20, 79, 90]) {
        let in_header = at < 4096;
        let copy = disk.after_kill();
        let mut flipped = bytes.clone();
        flipped[at] ^= if at == 9 { 0 } else { 1 };
        if flipped == bytes {
            continue;
        }
        copy.set_bytes(&path, flipped);
        block(async {
            let (journal, recovery) = open_at(Arc::new(copy.clone()), &dir(), small(), Arc::clone(&n)).unwrap();
            if in_header {
                assert_eq!((recovery.headers_damaged, recovery.damaged.len()), (1, 1));
                assert!(journal.tail() >= Offset(4), "no offset is used twice");
            } else {
                assert_eq!(journal.tail(), Offset(4));
            }
            let tail = journal.tail().0;
            assert_eq!(journal.append(Batch::new(&n, &[50], 0)).await, Ok(Offset(tail)..Offset(tail + 1)));
            let (records, damaged) = read(&journal, Offset(0), &n).await;
            if in_header {
                assert_eq!((records, damaged), (vec![(tail, 50)], vec![(0, tail)]));
            } else if damaged.is_empty() {
                // The padding behind the sealed bytes means nothing.
                assert_eq!(records.len(), 5, "flip at {at}");
            } else {
                assert_eq!(damaged, [(1, 2)], "flip at {at}");
                assert_eq!(records, [(0, 0), (2, 2), (3, 3), (4, 50)]);
                assert_eq!(journal.health().damaged_offsets, 1);
                let _ = read(&journal, Offset(0), &n).await;
                assert_eq!(journal.health().damaged_ranges, 1, "counted once, however often it is met");
            }
        });
    }
}

#[test]
fn a_missing_segment_is_a_gap_that_is_reported() {
    let disk = SimDisk::default();
    let n = names();
    block(async {
        let (journal, _) = open_at(Arc::new(disk.clone()), &dir(), small(), Arc::clone(&n)).unwrap();
        for i in 0..60 {
            journal.append(Batch::new(&n, &[i], 3_000)).await.unwrap();
        }
        journal.close().await;
    });
    let files = segments(&disk);
    disk.set_bytes(&files[1], Vec::new());
    block(async {
        let (journal, recovery) = open_at(Arc::new(disk.clone()), &dir(), small(), Arc::clone(&n)).unwrap();
        assert_eq!(recovery.headers_damaged, 1);
        assert_eq!(carried(&journal), (0..60).collect::<Vec<_>>(), "the sums are not in it");
        let (records, damaged) = read(&journal, Offset(0), &n).await;
        assert_eq!(damaged.len(), 1);
        let (from, to) = damaged[0];
        let expected: Vec<_> = (0..60).filter(|i| *i < from || *i >= to).map(|i| (i, i)).collect();
        assert_eq!(records, expected);
        // Such a segment is trimmed like any other.
        assert!(journal.trim(Offset(60), Millis(i64::MAX)).unwrap().segments >= 3);
    });
}

/// Appends until the planned fault has happened and the journal works again; everything acknowledged must then be there after
/// `then` happened to the disk.
fn fail_and_reload(n: usize, fault: Fault, then: impl FnOnce(&SimDisk) -> SimDisk) -> Option<Operation> {
    let disk = SimDisk::default();
    let table = names();
    let mut acknowledged = Vec::new();
    block(async {
        let (journal, _) = open_at(Arc::new(disk.clone()), &dir(), small(), Arc::clone(&table)).unwrap();
        disk.fail(n, fault);
        let mut id = 0;
        let mut waited = 0;
        while acknowledged.len() < 60 {
            match journal.append(Batch::new(&table, &[id], 3_000)).await {
                Ok(range) => acknowledged.push((range.start.0, id)),
                Err(AppendError::Poisoned(_) | AppendError::Full(_)) => {
                    waited += 1;
                    assert!(waited < 2_000, "does not come back after operation {n} failed");
                    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                }
                Err(error) => panic!("{error}"),
            }
            id += 1;
            if id == 30 {
                // Trim meets the fault too; it may fail, and may be called again.
                let _ = journal.trim(Offset(4), Millis(i64::MAX));
            }
        }
        let floor = journal.floor().0;
        let (records, damaged) = read(&journal, Offset(floor), &table).await;
        let live: Vec<_> = acknowledged.iter().copied().filter(|(offset, _)| *offset >= floor).collect();
        assert_eq!((records, damaged), (live, vec![]), "what was not acknowledged is not read");
        disk.stop();
    });
    let failed = disk.has_failed().then(|| *disk.operations().get(n).unwrap());
    let disk = then(&disk);
    block(async {
        let (journal, _) = open_at(Arc::new(disk.clone()), &dir(), small(), Arc::clone(&table)).unwrap();
        let floor = journal.floor().0;
        let (records, damaged) = read(&journal, Offset(floor), &table).await;
        assert_eq!(damaged, [], "operation {n} {fault:?}");
        for pair in acknowledged.iter().filter(|(offset, _)| *offset >= floor) {
            assert!(records.contains(pair), "operation {n} {fault:?}: {pair:?} was acknowledged");
        }
        let sums = carried(&journal);
        assert!(acknowledged.iter().all(|(_, id)| sums.contains(id)));
        assert_eq!(sums.len() as u64, journal.tail().0);
        let tail = journal.tail().0;
        assert_eq!(journal.append(Batch::new(&table, &[7_000], 0)).await, Ok(Offset(tail)..Offset(tail + 1)));
    });
    failed
}

#[test]
fn d12_each_operation_failed_both_ways_loses_nothing_that_was_acknowledged() {
    let mut met = std::collections::BTreeMap::<String, usize>::new();
    let meet = |n: usize, fault: Fault, met: &mut std::collections::BTreeMap<String, usize>| {
        if let Some(operation) = fail_and_reload(n, fault, |disk| disk.after_power_loss(|_| 0)) {
            *met.entry(format!("{operation:?}")).or_default() += 1;
        }
        fail_and_reload(n, fault, SimDisk::after_kill);
    };
    for fault in [Fault::Lost, Fault::Kept] {
        // The first ones begin segments and write; those from 60 on meet the trim.
        for n in (0..28).chain(56..96) {
            meet(n, fault, &mut met);
        }
    }
    // Which operation the n-th one is depends on how writer and preparer take turns, so a rare one may not have been met yet.
    let all = ["Write", "Sync", "Create", "Rename", "SyncDir"];
    for n in 28..56 {
        if all.iter().any(|operation| !met.contains_key(*operation)) {
            meet(n, Fault::Lost, &mut met);
        }
    }
    for operation in all {
        assert!(met.contains_key(operation), "{operation} was not failed: {met:?}");
    }
}

#[test]
fn d9_after_a_failed_sync_the_segment_is_left_and_its_offsets_are_used_by_the_next() {
    let disk = SimDisk::default();
    let n = names();
    block(async {
        let (journal, _) = open_at(Arc::new(disk.clone()), &dir(), small(), Arc::clone(&n)).unwrap();
        journal.append(Batch::new(&n, &[1], 0)).await.unwrap();
        // Wait until the next spare is ready, so that the next operations are the writer's own: write, then sync.
        while disk.paths().iter().filter(|path| path.extension().is_some_and(|e| e == "spare")).count() < 1 {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        disk.fail(1, Fault::Kept);
        assert!(matches!(journal.append(Batch::new(&n, &[2], 0)).await, Err(AppendError::Poisoned(_))));
        assert_eq!(journal.tail(), Offset(1));
        assert_eq!(journal.append(Batch::new(&n, &[3], 0)).await, Ok(Offset(1)..Offset(2)));
        assert_eq!(journal.health().poisoned, 1);
        assert_eq!(segments(&disk).len(), 2);
        assert_eq!(read(&journal, Offset(0), &n).await.0, [(0, 1), (1, 3)]);
    });
    // The failed group is whole on disk, but the next segment's base rules it out.
    let (journal, recovery) = open(&disk.after_power_loss(|_| 1));
    assert_eq!((carried(&journal), recovery.damaged.len()), (vec![1, 3], 0));
}

/// What may happen to a journal.
#[derive(Clone, Debug)]
enum Op {
    /// Appends at once, of so many records each.
    Append(Vec<u8>, u16),
    Close,
    Kill {
        after: usize,
    },
    PowerLoss {
        after: usize,
        choices: Vec<u8>,
    },
    Trim(u8),
    Fail(usize, bool),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => (proptest::collection::vec(0_u8..5, 1..6), 0_u16..4_000).prop_map(|(counts, padding)| Op::Append(counts, padding)),
        1 => Just(Op::Close),
        1 => (0_usize..12).prop_map(|after| Op::Kill { after }),
        2 => (0_usize..12, proptest::collection::vec(any::<u8>(), 8)).prop_map(|(after, choices)| Op::PowerLoss { after, choices }),
        1 => any::<u8>().prop_map(Op::Trim),
        1 => (0_usize..8, any::<bool>()).prop_map(|(n, kept)| Op::Fail(n, kept)),
    ]
}

/// What must be true of a journal, whatever happened.
#[derive(Default)]
struct Model {
    /// Acknowledged: offset → number.
    acknowledged: std::collections::BTreeMap<u64, u64>,
    next_id: u64,
}

impl Model {
    async fn append(&mut self, journal: &Journal<Batch>, table: &Names, counts: &[u8], padding: u16) {
        let mut waiting = Vec::new();
        for count in counts {
            let ids: Vec<u64> = (self.next_id..self.next_id + u64::from(*count)).collect();
            self.next_id += u64::from(*count);
            let (journal, batch) = (journal.clone(), Batch::new(table, &ids, padding.into()));
            waiting.push((ids, tokio::spawn(async move { journal.append(batch).await })));
        }
        for (ids, task) in waiting {
            if let Ok(range) = task.await.unwrap() {
                assert_eq!(range.end.0 - range.start.0, ids.len() as u64);
                for (offset, id) in (range.start.0..).zip(ids) {
                    assert_eq!(self.acknowledged.insert(offset, id), None, "an offset never repeats");
                }
            }
        }
    }

    async fn check(&self, journal: &Journal<Batch>, table: &Names) {
        let (floor, tail) = (journal.floor().0, journal.tail().0);
        let (records, damaged) = read(journal, Offset(floor), table).await;
        assert_eq!(damaged, [], "what was accepted once is durable");
        for (expected, (offset, id)) in (floor..).zip(&records) {
            assert_eq!(*offset, expected);
            assert!(*id < self.next_id);
        }
        let found: std::collections::BTreeMap<_, _> = records.iter().copied().collect();
        for (offset, id) in self.acknowledged.range(floor..) {
            assert_eq!(found.get(offset), Some(id), "offset {offset} was acknowledged");
        }
        let sums = carried(journal);
        for id in self.acknowledged.values().chain(found.values()) {
            assert_eq!(sums.iter().filter(|sum| *sum == id).count(), 1, "{id} is in the sums once");
        }
        assert_eq!(sums.len() as u64, tail, "the sums count every offset ever given");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]
    #[test]
    fn whatever_happens_what_was_acknowledged_is_there(ops in proptest::collection::vec(op(), 1..14)) {
        let table = names();
        block(async {
            let mut disk = SimDisk::default();
            let mut model = Model::default();
            let reopen = |disk: &SimDisk| open_at(Arc::new(disk.clone()), &dir(), small(), Arc::clone(&table)).unwrap().0;
            let mut journal = reopen(&disk);
            for op in ops {
                match op {
                    Op::Append(counts, padding) => model.append(&journal, &table, &counts, padding).await,
                    Op::Close => {
                        journal.close().await;
                        // A planned failure ends with the run that it was planned for.
                        disk = disk.after_kill();
                        journal = reopen(&disk);
                        model.check(&journal, &table).await;
                    }
                    Op::Kill { after } => {
                        disk.stop_after(after);
                        model.append(&journal, &table, &[1, 2, 0, 1], 700).await;
                        disk.stop();
                        drop(journal);
                        disk = disk.after_kill();
                        journal = reopen(&disk);
                        model.check(&journal, &table).await;
                    }
                    Op::PowerLoss { after, choices } => {
                        disk.stop_after(after);
                        model.append(&journal, &table, &[1, 2, 0, 1], 700).await;
                        disk.stop();
                        drop(journal);
                        let mut choices = choices.into_iter().cycle();
                        disk = disk.after_power_loss(|below| usize::from(choices.next().unwrap()) * 31 % below);
                        journal = reopen(&disk);
                        model.check(&journal, &table).await;
                    }
                    Op::Trim(part) => {
                        let before = journal.tail().0 * u64::from(part) / 255;
                        let floor = journal.floor().0;
                        let _ = journal.trim(Offset(before), Millis(i64::MAX));
                        assert!(journal.floor().0 <= before.max(floor));
                    }
                    Op::Fail(n, kept) => disk.fail(n, if kept { Fault::Kept } else { Fault::Lost }),
                }
            }
            drop(journal);
            let journal = reopen(&disk.after_kill());
            model.check(&journal, &table).await;
        });
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        weir_journal::fuzz::fuzz_segment(&bytes);
    }

    #[test]
    fn any_damage_anywhere_leaves_a_journal_that_opens_and_goes_on(
        flips in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
        cut in proptest::option::of(any::<proptest::sample::Index>()),
    ) {
        let table = names();
        let (disk, path, mut bytes) = one_segment(&table, 5);
        for (at, value) in flips {
            let at = at.index(bytes.len());
            // The format number is left out: a higher one is refused, which another test shows.
            if !(8..10).contains(&at) {
                bytes[at] = value;
            }
        }
        if let Some(cut) = cut {
            let at = cut.index(bytes.len());
            bytes.truncate(at);
        }
        let disk = disk.after_kill();
        disk.set_bytes(&path, bytes);
        block(async {
            let (journal, _) = open_at(Arc::new(disk.clone()), &dir(), small(), Arc::clone(&table)).unwrap();
            let tail = journal.tail().0;
            assert_eq!(journal.append(Batch::new(&table, &[99], 0)).await, Ok(Offset(tail)..Offset(tail + 1)));
            let (records, _) = read(&journal, Offset(0), &table).await;
            assert_eq!(records.last(), Some(&(tail, 99)));
            for (offset, id) in &records[..records.len() - 1] {
                assert_eq!(offset, id, "what is read is what was written");
            }
        });
    }
}

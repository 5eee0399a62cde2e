//! What the journal promises when nothing fails: order, offsets, trim, roll, close, sealing.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

mod support;

use std::sync::Arc;

use support::*;
use weir_event::{Millis, Offset};
use weir_journal::sim::SimDisk;
use weir_journal::{AppendError, Journal, JournalError, Options, ReadError};

#[test]
fn records_come_back_in_order_with_their_names_after_a_restart() {
    let disk = SimDisk::default();
    block(async {
        let (journal, recovery) = open(&disk);
        assert_eq!((recovery.segments, journal.tail(), journal.floor()), (0, Offset(0), Offset(0)));
        let n = names();
        for i in 0..20 {
            // These names are interned in another table than the journal's, so the texts cannot come from it by accident.
            let _ = n.label(&format!("shift {i}"));
        }
        journal.close().await;

        let first = names();
        let (journal, _) = open_at(Arc::new(disk.clone()), &dir(), small(), Arc::clone(&first)).unwrap();
        assert_eq!(journal.append(Batch::new(&first, &[1, 2, 3], 10)).await, Ok(Offset(0)..Offset(3)));
        assert_eq!(journal.append(Batch::new(&first, &[4], 10)).await, Ok(Offset(3)..Offset(4)));
        let expected = vec![(0, 1), (1, 2), (2, 3), (3, 4)];
        assert_eq!(read(&journal, Offset(0), &first).await, (expected.clone(), vec![]));
        assert_eq!(read(&journal, Offset(1), &first).await, (expected[1..].to_vec(), vec![]));
        journal.close().await;

        let second = names();
        for i in 0..20 {
            let _ = second.label(&format!("shift {i}"));
        }
        let (journal, recovery) = open_at(Arc::new(disk.clone()), &dir(), small(), Arc::clone(&second)).unwrap();
        assert_eq!((recovery.groups, recovery.torn, journal.tail()), (2, 0, Offset(4)));
        assert_eq!(carried(&journal), [1, 2, 3, 4]);
        assert_eq!(read(&journal, Offset(0), &second).await, (expected.clone(), vec![]));
        assert_eq!(read(&journal, Offset(2), &second).await, (expected[2..].to_vec(), vec![]), "inside a group");
    });
}

#[test]
fn a_note_without_records_is_durable_and_takes_no_offset() {
    let disk = SimDisk::default();
    block(async {
        let (journal, _) = open(&disk);
        assert_eq!(journal.append(Batch::note_only(77)).await, Ok(Offset(0)..Offset(0)));
        let n = names();
        journal.append(Batch::new(&n, &[1], 0)).await.unwrap();
        journal.append(Batch::note_only(78)).await.unwrap();
        drop(journal);
        let (journal, _) = open(&disk.after_power_loss(|_| 0));
        assert_eq!(carried(&journal), [77, 1, 78]);
        assert_eq!(journal.tail(), Offset(1));
    });
}

#[test]
fn readers_follow_across_segments_and_see_every_group_once() {
    let disk = SimDisk::default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let n = names();
        let (journal, _) = open_at(Arc::new(disk.clone()), &dir(), small(), Arc::clone(&n)).unwrap();
        let follow = |from: u64| {
            let (journal, n) = (journal.clone(), Arc::clone(&n));
            tokio::spawn(async move {
                let mut reader = journal.reader(Offset(from));
                let mut seen = Vec::new();
                while seen.len() < 600 - from as usize {
                    let group = reader.next().await.unwrap();
                    for i in reader.first()..group.count() {
                        let mut cursor = weir_event::wire::Cursor::new(group.record(i).unwrap());
                        seen.push(cursor.varint().unwrap());
                        assert!(n.text(group.name(cursor.varint().unwrap() as u32)).starts_with("property"));
                    }
                }
                seen
            })
        };
        let early = [follow(0), follow(0), follow(17)];
        for i in 0..200 {
            journal.append(Batch::new(&n, &[3 * i, 3 * i + 1, 3 * i + 2], 500)).await.unwrap();
        }
        assert!(journal.health().segments > 3, "{:?}", journal.health());
        for (task, from) in early.into_iter().chain([follow(0), follow(599)]).zip([0, 0, 17, 0, 599]) {
            assert_eq!(task.await.unwrap(), (from..600).collect::<Vec<_>>());
        }
        // At the tail a reader waits, and ends when the journal is closed.
        let mut reader = journal.reader(Offset(600));
        let waiting = tokio::spawn(async move { reader.next().await.map(|group| group.base()) });
        journal.close().await;
        assert!(matches!(waiting.await.unwrap(), Err(ReadError::Closed)));
    });
}

#[test]
fn d12_recent_groups_are_shared_and_not_opened_again() {
    let disk = SimDisk::default();
    block(async {
        let n = names();
        let (journal, _) = open_at(Arc::new(disk.clone()), &dir(), small(), Arc::clone(&n)).unwrap();
        journal.append(Batch::new(&n, &[1, 2], 0)).await.unwrap();
        let (mut a, mut b) = (journal.reader(Offset(0)), journal.reader(Offset(1)));
        assert!(Arc::ptr_eq(&a.next().await.unwrap(), &b.next().await.unwrap()));
        assert_eq!((a.first(), b.first()), (0, 1));
    });
}

#[test]
fn trim_removes_whole_segments_that_are_passed_and_old_and_keeps_the_sums() {
    let disk = SimDisk::default();
    block(async {
        let n = names();
        let (journal, _) = open_at(Arc::new(disk.clone()), &dir(), small(), Arc::clone(&n)).unwrap();
        for i in 0..100 {
            journal.append(Batch::new(&n, &[i], 3_000).at(1_000 + i as i64)).await.unwrap();
        }
        let before = journal.health();
        assert!(before.segments >= 5);
        assert_eq!(journal.trim(Offset(0), Millis(i64::MAX)).unwrap().segments, 0);
        assert_eq!(journal.trim(Offset(100), Millis(1_000)).unwrap().segments, 0, "younger than asked");
        let trimmed = journal.trim(Offset(60), Millis(i64::MAX)).unwrap();
        assert!(trimmed.segments >= 2);
        let floor = journal.floor().0;
        assert!(floor > 0 && floor <= 60);
        assert_eq!(trimmed.oldest_received_at, Some(Millis(1_000 + floor as i64)));

        let mut late = journal.reader(Offset(3));
        match late.next().await {
            Err(ReadError::Trimmed { from, to }) => assert_eq!((from.0, to.0), (3, floor)),
            other => panic!("{other:?}"),
        }
        assert_eq!(late.next().await.unwrap().base(), Offset(floor), "goes on behind the gap");

        let expected: Vec<_> = (floor..100).map(|i| (i, i)).collect();
        assert_eq!(read(&journal, Offset(floor), &n).await.0, expected);
        drop(journal);
        let (journal, _) = open(&disk.after_power_loss(|_| 0));
        assert_eq!(journal.floor(), Offset(floor));
        assert_eq!(carried(&journal), (0..100).collect::<Vec<_>>());
        let all = journal.trim(Offset(100), Millis(i64::MAX)).unwrap();
        assert_eq!(journal.health().segments, 1, "the newest segment carries the sums and stays: {all:?}");
        drop(journal);
    });
}

#[test]
fn a_recycled_segment_never_shows_its_former_groups() {
    let disk = SimDisk::default();
    block(async {
        let n = names();
        let (journal, _) = open_at(Arc::new(disk.clone()), &dir(), small(), Arc::clone(&n)).unwrap();
        for round in 0..30 {
            for i in 0..20 {
                journal.append(Batch::new(&n, &[round * 20 + i], 3_000)).await.unwrap();
            }
            journal.trim(journal.tail(), Millis(i64::MAX)).unwrap();
        }
        // A few groups at the front of a recycled file, former groups behind them, and no clean close.
        drop(journal);
        let disk = disk.after_kill();
        let files = disk.paths().len();
        assert!(files <= 5, "trimmed segments are used again: {files}");
        let (journal, recovery) = open_at(Arc::new(disk.clone()), &dir(), small(), Arc::clone(&n)).unwrap();
        assert_eq!((journal.tail(), recovery.torn, recovery.damaged.len()), (Offset(600), 0, 0));
        let floor = journal.floor().0;
        let expected: Vec<_> = (floor..600).map(|i| (i, i)).collect();
        assert_eq!(read(&journal, Offset(floor), &n).await, (expected, vec![]));
    });
}

#[test]
fn nothing_readable_is_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("journal");
    let n = names();
    block(async {
        let (journal, _) =
            Journal::open(&dir, keys(), Arc::clone(&n), Box::new(Numbers::default()), small(), clock()).unwrap();
        for i in 0..60 {
            journal.append(Batch::new(&n, &[i], 2_000)).await.unwrap();
        }
        journal.trim(Offset(40), Millis(i64::MAX)).unwrap();
        journal.close().await;
    });
    let mut searched = 0;
    for entry in std::fs::read_dir(&dir).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        searched += bytes.len();
        for clear in [&b"marker-ada"[..], b"property", b"example.com"] {
            assert!(!bytes.windows(clear.len()).any(|w| w == clear));
        }
    }
    assert!(searched > 64 * 1024);
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(std::fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_trimmed_segment_cannot_be_opened_again_from_what_remains() {
    let disk = SimDisk::default();
    block(async {
        let n = names();
        let (journal, _) = open_at(Arc::new(disk.clone()), &dir(), small(), Arc::clone(&n)).unwrap();
        for i in 0..30 {
            journal.append(Batch::new(&n, &[i], 3_000)).await.unwrap();
        }
        let first = disk.paths().into_iter().find(|path| path.extension().is_some_and(|e| e == "segment")).unwrap();
        let header = disk.bytes(&first).unwrap()[..128].to_vec();
        journal.trim(Offset(30), Millis(i64::MAX)).unwrap();
        drop(journal);
        // Neither now nor after any crash does the header, and with it the wrapped key, stand in a file.
        for path in disk.paths() {
            assert!(!disk.bytes(&path).unwrap().windows(128).any(|w| w == header));
        }
    });
}

#[test]
fn a_newer_format_and_a_foreign_key_folder_are_refused() {
    let disk = SimDisk::default();
    let n = names();
    block(async {
        let (journal, _) = open(&disk);
        journal.append(Batch::new(&n, &[1], 0)).await.unwrap();
        journal.close().await;
    });
    let path = disk.paths().into_iter().find(|path| path.extension().is_some_and(|e| e == "segment")).unwrap();
    let good = disk.bytes(&path).unwrap();

    let mut newer = good.clone();
    newer[8] = 2;
    disk.set_bytes(&path, newer);
    let opened = open_at(Arc::new(disk.clone()), &dir(), small(), names());
    assert!(matches!(opened.err(), Some(JournalError::Newer { found: 2, .. })));

    disk.set_bytes(&path, good);
    let folder = tempfile::tempdir().unwrap();
    let others = weir_keys::Keys::open(&folder.path().join("keys"), clock()).unwrap();
    let opened =
        Journal::<Batch>::open_on(Arc::new(disk.clone()), &dir(), others, names(), Box::new(()), small(), clock());
    assert!(matches!(opened.err(), Some(JournalError::OtherKeys { .. })));
    assert!(disk.bytes(&path).is_some(), "a refusal changes nothing");
    assert_eq!(open(&disk).0.tail(), Offset(1));
}

#[test]
fn limits_are_answered() {
    let disk = SimDisk::default();
    let n = names();
    block(async {
        let (journal, _) = open(&disk);
        let limit = journal.append_bytes_max();
        assert_eq!(journal.append(Batch::new(&n, &[1], limit)).await, Err(AppendError::TooLarge { limit }));
        assert_eq!(journal.append(Batch::new(&n, &[1], 0).with_count(2)).await, Err(AppendError::Malformed));
        let fits = journal.append(Batch::new(&n, &[1], limit - 200)).await;
        assert_eq!(fits, Ok(Offset(0)..Offset(1)), "larger than group_bytes, a group of its own");
        let clone = journal.clone();
        journal.close().await;
        assert_eq!(clone.append(Batch::new(&n, &[2], 0)).await, Err(AppendError::Closed));
    });
    let tiny = Options { segment_bytes: 4096, ..small() };
    assert!(matches!(open_at(Arc::new(disk), &dir(), tiny, names()).err(), Some(JournalError::Options(_))));
}

#[test]
fn d12_a_full_budget_and_a_full_disk_refuse_before_writing_and_resume_without_a_restart() {
    for by_budget in [true, false] {
        let disk = SimDisk::default();
        let n = names();
        let options = Options { budget_bytes: if by_budget { 4 * 64 * 1024 } else { 1 << 30 }, ..small() };
        disk.set_capacity((!by_budget).then_some(4 * 64 * 1024 + 1_000));
        block(async {
            let (journal, _) = open_at(Arc::new(disk.clone()), &dir(), options.clone(), Arc::clone(&n)).unwrap();
            let mut id = 0;
            let refused = loop {
                match journal.append(Batch::new(&n, &[id], 3_000)).await {
                    Ok(range) => assert_eq!(range.start.0, id),
                    Err(error) => break error,
                }
                id += 1;
            };
            assert!(matches!(refused, AppendError::Full(_)), "{refused}");
            assert!(journal.health().refusal.is_some() && journal.health().poisoned == 0);
            assert!(journal.bytes_on_disk() <= 4 * 64 * 1024);
            assert_eq!(journal.tail(), Offset(id), "nothing of the refused append is there");
            // A smaller append still fits the current segment.
            assert!(journal.append(Batch::new(&n, &[id], 10)).await.is_ok());
            id += 1;

            journal.trim(Offset(id), Millis(i64::MAX)).unwrap();
            let mut tries = 0;
            while journal.append(Batch::new(&n, &[id], 3_000)).await.is_err() {
                tries += 1;
                assert!(tries < 2_000, "does not resume");
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
            assert_eq!(journal.tail(), Offset(id + 1));
            journal.close().await;
            let (journal, _) = open_at(Arc::new(disk.clone()), &dir(), options, Arc::clone(&n)).unwrap();
            assert_eq!(carried(&journal), (0..=id).collect::<Vec<_>>());
        });
    }
}

#[test]
fn an_append_waits_for_others_only_until_nothing_more_is_coming_or_a_moment_has_passed() {
    let disk = SimDisk::default();
    block(async {
        let (journal, _) = open(&disk);
        let n = names();
        let idle = journal.idle_hint();
        idle();
        // Nobody says it again: the moment passes.
        assert_eq!(journal.append(Batch::new(&n, &[1], 10)).await, Ok(Offset(0)..Offset(1)));
        let mut appends: Vec<_> = (2..10).map(|i| Box::pin(journal.append(Batch::new(&n, &[i], 10)))).collect();
        let first_poll = std::future::poll_fn(|context| {
            appends.iter_mut().for_each(|append| {
                // Whether one is done already does not matter here.
                let _ = append.as_mut().poll(context);
            });
            std::task::Poll::Ready(())
        });
        first_poll.await;
        idle();
        drop(appends);
        journal.append(Batch::new(&n, &[10], 10)).await.unwrap();
        assert_eq!(
            carried(&journal),
            (1..=10).collect::<Vec<_>>(),
            "dropping the future does not take the append back"
        );
    });
}

#[test]
fn whoever_of_a_group_has_gone_the_others_are_answered() {
    let disk = SimDisk::default();
    block(async {
        let (journal, _) = open(&disk);
        let n = names();
        for round in 0..20_u64 {
            let tasks: Vec<_> = (0..10_u64)
                .map(|i| {
                    let (journal, batch) = (journal.clone(), Batch::new(&n, &[round * 10 + i], 10));
                    tokio::spawn(async move { journal.append(batch).await })
                })
                .collect();
            tokio::task::yield_now().await;
            let gone = round as usize % 10;
            tasks[gone].abort();
            for (i, task) in tasks.into_iter().enumerate() {
                let answered = task.await;
                assert!(i == gone || answered.unwrap().is_ok());
            }
        }
    });
}

#[test]
fn records_are_read_by_their_offset_beside_the_process_that_writes_them() {
    use weir_event::wire::Cursor;
    use weir_journal::beside::Beside;
    use weir_journal::disk::RealDisk;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    assert_eq!(Beside::open(&path).unwrap().floor(), None, "no journal yet");
    let seen = |from: u64, to: u64| {
        let beside = Beside::open(&path).unwrap();
        let mut seen = Vec::new();
        let mut visit = |group: &weir_journal::Group, records: std::ops::Range<u32>| {
            for index in records {
                let number = Cursor::new(group.record(index).unwrap()).varint().unwrap();
                seen.push((group.base().0 + u64::from(index), number));
            }
        };
        beside.each(Offset(from)..Offset(to), &keys(), &mut visit).unwrap();
        (beside.floor().map_or(0, |floor| floor.0), seen)
    };
    block(async {
        let n = names();
        let (journal, _) = open_at(Arc::new(RealDisk::default()), &path, small(), Arc::clone(&n)).unwrap();
        for id in 0..300 {
            journal.append(Batch::new(&n, &[2 * id, 2 * id + 1], 400)).await.unwrap();
        }
        // While it is open: all of them, any part of them, and nothing beyond the end.
        let expected = |from: u64, to: u64| (from..to).map(|offset| (offset, offset)).collect::<Vec<_>>();
        assert_eq!(seen(0, 600), (0, expected(0, 600)));
        assert_eq!(seen(37, 412).1, expected(37, 412));
        assert_eq!(seen(590, 10_000).1, expected(590, 600));
        journal.trim(Offset(300), Millis(i64::MAX)).unwrap();
        let (floor, left) = seen(0, 600);
        assert!(floor > 0 && left == expected(floor, 600), "{floor}");
        journal.close().await;
    });
    // What is damaged is not shown; the rest is.
    let newest = |path: &std::path::Path| {
        let mut files: Vec<_> = std::fs::read_dir(path).unwrap().map(|e| e.unwrap().path()).collect();
        files.sort();
        files
            .into_iter()
            .filter(|file| file.to_string_lossy().contains("seg"))
            .max_by_key(|f| f.metadata().unwrap().len())
    };
    if let Some(file) = newest(&path) {
        let (_, before) = seen(0, 600);
        let mut bytes = std::fs::read(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&file, bytes).unwrap();
        let (_, after) = seen(0, 600);
        assert!(after.len() <= before.len() && after.iter().all(|one| before.contains(one)));
    }
}

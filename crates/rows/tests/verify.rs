//! What somebody with the data folder may do to the files of rows: flip, delete, reorder, truncate, replace, add, take away, forge with
//! every checksum made again. Each is found, and the file is named. What the store itself does is never taken for it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use weir_event::names::{ClassOnly, NameKind};
use weir_event::{Clock, DestinationId, GenerationId, ManualClock, Millis, Names, Offset, Rule};
use weir_keys::Keys;
use weir_ledger::tree::hash::sha256;
use weir_ledger::{
    FieldSetDefinition, FieldSetId, Intent, Kind, Ledger, Options, Outcome, Passed, Purpose, RangeDrop, Results, Row,
};
use weir_rows::columns::Columns;
use weir_rows::dictionary::Dictionary;
use weir_rows::facts::{self, BatchFact, Fate};
use weir_rows::file::{self, Form, RowsFile};
use weir_rows::manifest::Manifest;
use weir_rows::verify::{Report, verify};
use weir_rows::{LedgerRow, RowsError, Store};

const START: Millis = Millis(1_795_300_000_000);

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// A ledger of two destinations and two months in `dir`, with batches of every fate; the last has none yet.
fn fill(dir: &Path) {
    let clock = Arc::new(ManualClock::at(START));
    let keys = Keys::open(&dir.join("keys"), Arc::clone(&clock) as Arc<dyn Clock>).unwrap();
    let names = Names::new(Box::new(ClassOnly));
    let options = Options { tree_interval: Duration::ZERO, roll_bytes: 6_000, ..Options::default() };
    let of = (Arc::clone(&names), Arc::clone(&clock) as Arc<dyn Clock>);
    let (ledger, _) = Ledger::open(&dir.join("ledger"), Kind::Egress, keys, of.0, options, of.1).unwrap();
    let ids = ["growth", "product"].map(|id| DestinationId::parse(id).unwrap());
    ids.iter().for_each(|id| ledger.start(id, Offset(0)).wait().unwrap());
    for i in 0..16_u64 {
        clock.set(START.plus(i as i64 * 4 * Millis::DAY));
        let canonical = format!("weir field set v1\nevent\topened\nleft\tplan{}\t-\tkeep\n", i % 3).into_bytes();
        let definition = FieldSetDefinition { id: FieldSetId(sha256(&canonical)[..16].try_into().unwrap()), canonical };
        let row = |at: u64| Row {
            subject: 1_000 + (i * 7 + at * 11) % 40,
            organisation: at % 3,
            event: names.restore(NameKind::Event, ["opened", "closed"][(at % 2) as usize]).unwrap(),
            field_set: definition.id,
            slice: names.label(["CH", "DE"][(i % 2) as usize]),
            epoch: 0,
        };
        let destination = ids[(i % 2) as usize].clone();
        let intent = Intent {
            destination: destination.clone(),
            lane: 0,
            generation: GenerationId([1; 8]),
            offsets: vec![Offset(40 * i)..Offset(40 * i + 30)],
            rows: (0..30).map(row).collect(),
            field_sets: vec![definition.clone()],
            payload_digest: [0; 32],
            retry_of: None,
            purpose: Purpose::Deliver,
        };
        let batch = wait(ledger.intend(intent)).unwrap();
        let results = match i {
            15 => break,
            3 => Results::Unknown,
            4 | 9 => Results::Partial(vec![(5, names.label("bad"))]),
            _ => Results::Accepted,
        };
        ledger.outcome(Outcome { batch, status: 200, results }).wait().unwrap();
        let offsets = vec![Offset(40 * i + 30)..Offset(40 * i + 40)];
        let drop = RangeDrop { destination, offsets, rule: Rule::Event, count: 10, passed: Passed::Dropped };
        ledger.range(drop).wait().unwrap();
    }
    ledger.close().unwrap();
}

struct World {
    dir: tempfile::TempDir,
}

impl World {
    /// A filled ledger whose files were taken over in two steps.
    fn new() -> World {
        let world = World { dir: tempfile::tempdir().unwrap() };
        fill(world.dir.path());
        let mut store = Store::open(&world.ledger()).unwrap();
        store.take(30).unwrap();
        store.take(u64::MAX).unwrap();
        world
    }

    /// The same once the log has given its rows up: all but those of the batch that has no outcome.
    fn thinned() -> World {
        let world = World::new();
        world.thin().unwrap();
        world
    }

    fn thin(&self) -> Result<(), RowsError> {
        let clock = Arc::new(ManualClock::at(START)) as Arc<dyn Clock>;
        let keys = Keys::open(&self.dir.path().join("keys"), Arc::clone(&clock)).unwrap();
        let names = Names::new(Box::new(ClassOnly));
        let options = Options { tree_interval: Duration::ZERO, ..Options::default() };
        let (ledger, _) = Ledger::open(&self.ledger(), Kind::Egress, keys, names, options, clock).unwrap();
        ledger.end_file().unwrap();
        let mut store = Store::open(&self.ledger()).unwrap();
        // Noted long ago, given up now.
        store.thin(&ledger, Millis(0), &|| true)?;
        while store.thin(&ledger, Millis(i64::MAX), &|| true)? {}
        ledger.close().map_err(RowsError::from)
    }

    fn keys(&self) -> Arc<Keys> {
        Keys::open_read_only(&self.dir.path().join("keys"), Arc::new(ManualClock::at(START))).unwrap()
    }

    fn ledger(&self) -> PathBuf {
        self.dir.path().join("ledger")
    }

    fn rows(&self) -> PathBuf {
        self.ledger().join("rows")
    }

    fn verify(&self) -> Report {
        verify(&self.ledger(), Some(&self.keys())).unwrap()
    }

    /// What is said after a change, which is undone then: the file's name and what is wrong with it.
    fn after(&self, change: impl FnOnce(&World)) -> (String, String) {
        let saved: Vec<(PathBuf, Vec<u8>)> = std::fs::read_dir(self.rows())
            .unwrap()
            .map(|item| item.unwrap().path())
            .map(|path| (path.clone(), std::fs::read(path).unwrap()))
            .collect();
        change(self);
        let bad = self.verify().bad.expect("the change is found");
        std::fs::remove_dir_all(self.rows()).unwrap();
        std::fs::create_dir(self.rows()).unwrap();
        saved.into_iter().for_each(|(path, bytes)| std::fs::write(path, bytes).unwrap());
        assert_eq!(self.verify().bad, None);
        (bad.file.file_name().unwrap().to_str().unwrap().to_owned(), bad.what)
    }

    fn manifest(&self) -> Manifest {
        Manifest::read(&self.ledger()).unwrap()
    }

    /// Changes the list of files, with its checksum.
    fn forge_manifest(&self, change: impl FnOnce(&mut serde_json::Value)) {
        let path = self.rows().join("manifest");
        let bytes = std::fs::read(&path).unwrap();
        let mut value = serde_json::from_slice(&bytes[..bytes.len() - 10]).unwrap();
        change(&mut value);
        let mut bytes = serde_json::to_vec_pretty(&value).unwrap();
        let crc = crc32c::crc32c(&bytes);
        bytes.extend_from_slice(format!("\n{crc:08x}\n").as_bytes());
        std::fs::write(path, bytes).unwrap();
    }

    /// Changes the rows of one file, with its checksums and its number in the list.
    fn forge_rows(&self, at: usize, change: impl FnOnce(&mut Vec<LedgerRow>)) {
        let name = self.manifest().rows[at].name.clone();
        let path = self.rows().join(&name);
        let mut rows = rows_of(&path);
        change(&mut rows);
        let form = RowsFile::open(&path).unwrap().form();
        let count = rows.len();
        file::write(&path, form, rows.into_iter().map(Ok)).unwrap();
        self.forge_manifest(|value| value["rows"][at]["rows"] = count.into());
    }
}

fn rows_of(path: &Path) -> Vec<LedgerRow> {
    let file = RowsFile::open(path).unwrap();
    let mut columns = Columns::default();
    for stretch in file.stretches() {
        file.read(&stretch, file.form().columns(), &mut columns).unwrap();
    }
    (0..columns.len()).map(|at| columns.row(at)).collect()
}

#[test]
fn what_the_store_makes_is_what_the_log_says_at_any_time() {
    let world = World::new();
    let report = world.verify();
    assert_eq!((report.bad, report.rows, report.entries), (None, 450, world.manifest().entries));
    assert!(report.files >= 6 && report.entries > 40);
    let mut store = Store::open(&world.ledger()).unwrap();
    while store.merge(START.plus(90 * Millis::DAY)).unwrap() {}
    let merged = world.verify();
    assert!(merged.bad.is_none() && merged.files < report.files && merged.rows == 450, "{merged:?}");
    store.erase(&[1_007, 1_011].into(), u64::MAX).unwrap();
    assert_eq!(world.verify().bad, None, "an erasure that has just begun");
    store.purge().unwrap();
    assert_eq!(world.verify().bad, None);
    // Were it ended before the log was written again, the files would lack what the log has.
    let (_, what) = world.after(|_| Store::open(&world.ledger()).unwrap().end_erasure().unwrap());
    assert!(what.ends_with("is not the one that was recorded"), "{what}");
    let mut store = Store::open(&world.ledger()).unwrap();
    while store.sum_up(START.plus(800 * Millis::DAY)).unwrap() {}
    let summed = world.verify();
    assert!(summed.bad.is_none() && summed.rows < 450, "{summed:?}");
    // No files at all: everything is read from the log.
    std::fs::remove_dir_all(world.rows()).unwrap();
    assert_eq!(world.verify(), Report { proved: Some(0), ..Report::default() });
    // An earlier state of the files is as good: the log says the rest.
    Store::open(&world.ledger()).unwrap().take(30).unwrap();
    let earlier = world.verify();
    assert!(earlier.bad.is_none() && earlier.rows > 0 && earlier.rows < 450, "{earlier:?}");
}

#[test]
fn flipped_truncated_and_missing_files_are_named() {
    let world = World::new();
    let paths = || std::fs::read_dir(world.rows()).unwrap().map(|item| item.unwrap().path());
    for path in paths().collect::<Vec<_>>() {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        // Checksums are those of a file, which is what is named.
        let named = name.replace(".sums", ".parquet");
        let length = std::fs::metadata(&path).unwrap().len() as usize;
        for at in (0..length).step_by(length / 12 + 1) {
            let (file, what) = world.after(|_| {
                let mut bytes = std::fs::read(&path).unwrap();
                bytes[at] ^= 0x10;
                std::fs::write(&path, bytes).unwrap();
            });
            assert_eq!(file, named, "byte {at} of {name}: {what}");
        }
        for kept in [0, length / 2, length - 1] {
            let (file, what) = world.after(|_| {
                let bytes = std::fs::read(&path).unwrap();
                std::fs::write(&path, &bytes[..kept]).unwrap();
            });
            assert_eq!(file, named, "{kept} bytes of {name}: {what}");
        }
        if name != "manifest" {
            let (file, what) = world.after(|_| std::fs::remove_file(&path).unwrap());
            assert!([&name, &named].contains(&&file) && what == "it is missing", "{name}: {file} {what}");
        }
    }
}

#[test]
fn rows_that_are_changed_added_taken_away_or_moved_are_named_though_every_checksum_fits() {
    let world = World::new();
    for at in 0..world.manifest().rows.len() {
        let name = world.manifest().rows[at].name.clone();
        let forged = |change: &dyn Fn(&mut Vec<LedgerRow>)| {
            let (file, what) = world.after(|world| {
                world.forge_rows(at, |rows| {
                    change(rows);
                    rows.sort_unstable();
                });
            });
            assert_eq!(file, name, "{what}");
            what
        };
        let changes: [&dyn Fn(&mut LedgerRow); 6] = [
            &|row| row.subject += 1,
            &|row| row.organisation += 1,
            &|row| row.field_set = row.field_set % 3 + 1,
            &|row| row.slice += 1,
            &|row| row.epoch = 9,
            &|row| *row = row.erased(),
        ];
        for change in changes {
            let what = forged(&|rows| change(&mut rows[3]));
            assert!(what.ends_with("is not the one that was recorded"), "{what}");
        }
        assert!(forged(&|rows| rows.truncate(rows.len() - 1)).ends_with("is missing"));
        assert!(forged(&|rows| rows.push(rows[0])).ends_with("is there twice"));
        let unknown = forged(&|rows| rows.push(LedgerRow { batch: 999, ..rows[0] }));
        assert!(unknown.ends_with("of batch 999 is none that was recorded"), "{unknown}");
        assert!(forged(&|rows| rows.push(LedgerRow { index: 30, ..rows[0] })).ends_with("is none that was recorded"));
        assert!(forged(&|rows| rows[0].time += 40 * 86_400).contains("another month"));
        let (file, what) = world.after(|world| world.forge_rows(at, |rows| rows.reverse()));
        assert!(file == name && what.contains("not in order"), "{file} {what}");
    }
    let (_, what) = world.after(|world| {
        world.forge_manifest(|value| drop(value["rows"].as_array_mut().unwrap().remove(0)));
    });
    assert!(what.ends_with("is missing"), "a file that the list does not name: {what}");
    let (_, what) = world.after(|world| world.forge_manifest(|value| value["rows"][0]["rows"] = 1.into()));
    assert!(what.contains("more or fewer rows"), "{what}");
}

#[test]
fn d13_rows_that_the_files_alone_have_are_held_against_the_roots_of_their_batches() {
    let world = World::thinned();
    let report = world.verify();
    assert_eq!((report.bad, report.rows), (None, 450));
    // The last file of the log holds the batch without an outcome.
    assert!(report.alone >= 300 && report.proved == Some(report.alone), "{} {:?}", report.alone, report.proved);
    let without = verify(&world.ledger(), None).unwrap();
    assert_eq!((without.bad, without.alone, without.proved), (None, report.alone, None));
    let rows = world.manifest().rows;
    let mut seen = BTreeSet::new();
    for (at, entry) in rows.iter().enumerate() {
        let mut forged = |change: &dyn Fn(&mut Vec<LedgerRow>)| {
            let (file, what) = world.after(|world| {
                world.forge_rows(at, |rows| {
                    change(rows);
                    rows.sort_unstable();
                });
            });
            let found = rows.iter().find(|found| found.name == file).map(|found| (found.destination, found.month));
            assert_eq!(found, Some((entry.destination, entry.month)), "{what}");
            seen.insert(what.split_once(": ").map_or(what.clone(), |(_, what)| what.to_owned()));
        };
        let changes: [&dyn Fn(&mut LedgerRow); 7] = [
            &|row| row.subject += 1,
            &|row| row.organisation += 1,
            &|row| row.field_set = row.field_set % 3 + 1,
            &|row| row.slice += 1,
            &|row| row.epoch = 9,
            &|row| row.time += 1,
            &|row| *row = row.erased(),
        ];
        changes.iter().for_each(|change| forged(&|rows| change(&mut rows[3])));
        forged(&|rows| rows.truncate(rows.len() - 1));
        forged(&|rows| rows.push(rows[0]));
        forged(&|rows| rows.push(LedgerRow { batch: 999, ..rows[0] }));
        forged(&|rows| rows.push(LedgerRow { index: 30, ..rows[0] }));
        forged(&|rows| rows.push(LedgerRow { index: 30, ..rows[0].erased() }));
        // One of a batch that lies in another file.
        let elsewhere = rows.iter().find(|other| (other.destination, other.month) != (entry.destination, entry.month));
        let batch = rows_of(&world.rows().join(&elsewhere.unwrap().name))[0].batch;
        forged(&|rows| rows.push(LedgerRow { batch, ..rows[0] }));
    }
    for expected in [
        "its rows are not those that were recorded",
        "of 30 rows 29 are there",
        "is there twice",
        "is none that was recorded",
    ] {
        assert!(seen.iter().any(|what| what.contains(expected)), "{expected}: {seen:?}");
    }
}

#[test]
fn d13_a_log_that_has_given_rows_up_does_not_do_without_their_files() {
    let world = World::thinned();
    let gone = "it names no file with the rows of entry";
    let (file, what) = world.after(|world| std::fs::remove_file(world.rows().join("manifest")).unwrap());
    assert!(file == "manifest" && what.starts_with(gone), "{file}: {what}");
    let kept = |world: &World| std::fs::read_dir(world.rows()).unwrap().count();
    let files = kept(&world);
    // Neither is begun anew, and what lies there is not removed.
    world.after(|world| {
        std::fs::remove_file(world.rows().join("manifest")).unwrap();
        assert!(matches!(Store::open(&world.ledger()), Err(RowsError::Gone(_))));
        assert_eq!(kept(world), files - 1);
    });
    // A list that is older than the files, or than what the log has given up.
    world.after(|world| {
        let name = world.manifest().rows[0].name.clone();
        std::fs::remove_file(world.rows().join(name)).unwrap();
        let opened = Store::open(&world.ledger()).map(drop);
        assert!(matches!(opened, Err(RowsError::Damaged { what: "it is missing", .. })), "{opened:?}");
        assert_eq!(kept(world), files - 1);
    });
    world.after(|world| {
        std::fs::write(world.rows().join("manifest"), b"torn").unwrap();
        assert!(matches!(Store::open(&world.ledger()), Err(RowsError::Damaged { .. })));
        assert_eq!(kept(world), files);
    });
    world.after(|world| {
        world.forge_manifest(|value| value["checksum"] = 7.into());
        assert!(matches!(Store::open(&world.ledger()), Err(RowsError::Damaged { .. })), "it is of another log");
        assert_eq!(kept(world), files);
    });
}

#[test]
fn d13_the_log_keeps_rows_that_the_files_do_not_have_to_the_last_one() {
    type Change = dyn Fn(&mut Vec<LedgerRow>);
    let changes: [&Change; 5] = [
        &|rows| rows[3].slice += 1,
        &|rows| rows.truncate(rows.len() - 1),
        &|rows| rows.push(rows[0]),
        &|rows| rows.push(LedgerRow { index: 30, ..rows[0] }),
        &|rows| rows[3] = rows[3].erased(),
    ];
    for change in changes {
        let world = World::new();
        world.forge_rows(0, |rows| {
            change(rows);
            rows.sort_unstable();
        });
        let thinned = world.thin();
        assert!(matches!(thinned, Err(RowsError::Lacks(_))), "{thinned:?}");
        let lacking = world.verify();
        assert!(lacking.bad.is_some_and(|bad| bad.what.contains("row")), "the log has what the files lack");
    }
}

#[test]
fn replaced_files_and_another_ledgers_are_named() {
    let world = World::new();
    let rows = world.manifest().rows;
    let pairs = rows.iter().flat_map(|a| rows.iter().map(move |b| (a, b)));
    let (to, from) = pairs.into_iter().find(|(a, b)| a.name != b.name && a.month == b.month).unwrap();
    let (file, what) = world.after(|world| {
        for end in ["parquet", "sums"] {
            let path = |name: &str| world.rows().join(name).with_extension(end);
            std::fs::copy(path(&from.name), path(&to.name)).unwrap();
        }
        world.forge_manifest(|value| {
            let place = rows.iter().position(|entry| entry.name == to.name).unwrap();
            value["rows"][place]["rows"] = from.rows.into();
        });
    });
    assert!(rows.iter().any(|entry| entry.name == file), "{file} {what}");
    let other = World::new();
    let (file, what) = world.after(|world| {
        std::fs::remove_dir_all(world.rows()).unwrap();
        std::fs::rename(other.rows(), world.rows()).unwrap();
    });
    assert_eq!((file.as_str(), what.as_str()), ("manifest", "it is of another log"));
    let (file, _) = world.after(|world| world.forge_manifest(|value| value["entries"] = 1_000_000.into()));
    assert_eq!(file, "manifest");
}

#[test]
fn what_two_lists_share_are_the_same_files_though_numbers_were_given_again() {
    let world = World { dir: tempfile::tempdir().unwrap() };
    fill(world.dir.path());
    let copy = |to: &str| {
        let to = world.dir.path().join(to);
        std::fs::create_dir(&to).unwrap();
        for item in std::fs::read_dir(world.rows()).unwrap().map(Result::unwrap) {
            std::fs::copy(item.path(), to.join(item.file_name())).unwrap();
        }
        (Manifest::read(&world.ledger()).unwrap(), to)
    };
    let take = |durable| Store::open(&world.ledger()).unwrap().take(durable).unwrap();
    take(20);
    let (_, first) = copy("first");
    take(30);
    let (second, later) = copy("second");
    // The first copy is put back, and what comes after it is taken over in another step.
    std::fs::remove_dir_all(world.rows()).unwrap();
    std::fs::rename(&first, world.rows()).unwrap();
    take(u64::MAX);
    let here = Manifest::read(&world.ledger()).unwrap();
    let same =
        |path: &PathBuf| std::fs::read(path).unwrap() == std::fs::read(later.join(path.file_name().unwrap())).unwrap();
    let is_of_both = |path: &PathBuf| later.join(path.file_name().unwrap()).exists();
    let of_both: Vec<PathBuf> = here.files(&world.ledger()).into_iter().filter(is_of_both).collect();
    assert!(!of_both.iter().all(same), "a name alone says nothing");
    let shared = here.shared(&second).files(&world.ledger());
    let of_rows: Vec<_> = shared.iter().filter(|path| path.extension().is_some()).collect();
    assert!(of_rows.len() > 4 && of_rows.into_iter().all(same));
}

#[test]
fn forged_batches_results_ranges_and_names_are_named() {
    let world = World::new();
    let manifest = world.manifest();
    let name = manifest.batches[0].name.clone();
    let forge = |change: fn(&mut Vec<BatchFact>)| {
        world.after(|world| {
            let path = world.rows().join(&name);
            let mut list = facts::decode::<BatchFact>(&std::fs::read(&path).unwrap()).unwrap();
            change(&mut list);
            std::fs::write(path, facts::encode(&list)).unwrap();
        })
    };
    let changes: [fn(&mut Vec<BatchFact>); 4] = [
        |list| list[1].fate = Some(Fate::Rejected),
        |list| list[1].at = list[1].at.plus(1),
        |list| list[1].generation = [2; 8],
        |list| drop(list.drain(1..2)),
    ];
    for change in changes {
        let (file, what) = forge(change);
        assert!(file == name && what.starts_with("batch 2 "), "{file} {what}");
    }
    let (file, what) = world.after(|world| world.forge_manifest(|value| value["ranges"] = serde_json::json!([])));
    assert!(file == "manifest" && what.contains("did not leave"), "{file} {what}");
    let (file, what) = world.after(|world| world.forge_manifest(|value| value["results"] = serde_json::json!([])));
    assert!(file == "manifest" && what.contains("what became of batch"), "{file} {what}");
    let (file, _) = world.after(|world| {
        let mut paths = std::fs::read_dir(world.rows()).unwrap().map(|item| item.unwrap().path());
        let path = paths.find(|path| path.extension().is_some_and(|end| end == "dictionary")).unwrap();
        let mut dictionary = Dictionary::decode(&std::fs::read(&path).unwrap()).unwrap();
        dictionary.names.swap(0, 1);
        std::fs::write(path, dictionary.encode()).unwrap();
    });
    assert!(file.ends_with(".dictionary"), "{file}");
}

#[test]
fn forged_sums_of_a_month_are_named() {
    let world = World::new();
    let mut store = Store::open(&world.ledger()).unwrap();
    while store.sum_up(START.plus(800 * Millis::DAY)).unwrap() {}
    let sums = world.manifest().rows.iter().position(|entry| entry.is_sums).unwrap();
    for change in [|row: &mut LedgerRow| row.more += 1, |row: &mut LedgerRow| row.subject += 100] {
        let (_, what) = world.after(|world| {
            world.forge_rows(sums, |rows| {
                change(&mut rows[2]);
                rows.sort_unstable();
            });
        });
        assert!(what.starts_with("the sums of "), "{what}");
    }
    assert_eq!(RowsFile::open(&world.rows().join(&world.manifest().rows[sums].name)).unwrap().form(), Form::Months);
}

//! What the tests of the journal share.
#![allow(dead_code, missing_docs, unreachable_pub, clippy::unwrap_used, reason = "each test file uses a part of it")]

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use weir_event::names::{NameKind, NameVerdict};
use weir_event::wire::{Cursor, put_bytes, put_varint};
use weir_event::{ManualClock, Millis, NameId, NameJudge, Names, Offset};
use weir_journal::disk::Disk;
use weir_journal::{Carry, Journal, JournalError, Options, ReadError, Record, Recovery};
use weir_keys::Keys;

struct AllClean;

impl NameJudge for AllClean {
    fn judge(&self, _: &str) -> NameVerdict {
        NameVerdict::Clean
    }
}

pub fn names() -> Arc<Names> {
    Names::new(Box::new(AllClean))
}

/// One key folder for all tests of a process.
pub fn keys() -> Arc<Keys> {
    static KEYS: OnceLock<(tempfile::TempDir, Arc<Keys>)> = OnceLock::new();
    let (_, keys) = KEYS.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let keys = Keys::open(&dir.path().join("keys"), clock()).unwrap();
        (dir, keys)
    });
    Arc::clone(keys)
}

pub fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Millis(1_800_000_000_000)))
}

pub fn dir() -> PathBuf {
    PathBuf::from("/data/journal")
}

/// Records of a test: each is its number, a name and padding.
pub struct Batch {
    bytes: Vec<u8>,
    count: u32,
    names: Vec<NameId>,
    note: Vec<u8>,
    received_at: Millis,
}

impl Batch {
    pub fn new(names: &Names, ids: &[u64], padding: usize) -> Batch {
        let mut used = Vec::new();
        let (mut bytes, mut note) = (Vec::new(), Vec::new());
        for id in ids {
            let name = names.restore(NameKind::Path, &format!("property {}", id % 7)).unwrap();
            used.push(name);
            put_bytes(&mut bytes, &record(*id, name, padding));
            put_varint(&mut note, *id);
        }
        used.sort_unstable();
        used.dedup();
        Batch {
            bytes,
            count: ids.len() as u32,
            names: used,
            note,
            received_at: Millis(ids.first().map_or(0, |id| *id as i64)),
        }
    }

    pub fn at(mut self, at: i64) -> Batch {
        self.received_at = Millis(at);
        self
    }

    pub fn note_only(note: u64) -> Batch {
        let mut bytes = Vec::new();
        put_varint(&mut bytes, note);
        Batch { bytes: Vec::new(), count: 0, names: Vec::new(), note: bytes, received_at: Millis(5) }
    }

    pub fn with_count(mut self, count: u32) -> Batch {
        self.count = count;
        self
    }
}

fn record(id: u64, name: NameId, padding: usize) -> Vec<u8> {
    let mut record = Vec::new();
    put_varint(&mut record, id);
    put_varint(&mut record, u64::from(name.0));
    record.resize(record.len() + padding, id as u8);
    record.extend_from_slice(b"marker-ada@example.com");
    record
}

impl Record for Batch {
    fn bytes(&self) -> &[u8] {
        &self.bytes
    }
    fn count(&self) -> u32 {
        self.count
    }
    fn names(&self) -> &[NameId] {
        &self.names
    }
    fn note(&self) -> &[u8] {
        &self.note
    }
    fn received_at(&self) -> Millis {
        self.received_at
    }
}

/// Knows every number that it was ever given, in order.
#[derive(Default)]
pub struct Numbers(pub Vec<u64>);

impl Carry for Numbers {
    fn absorb(&mut self, note: &[u8]) {
        let mut cursor = Cursor::new(note);
        while !cursor.is_done() {
            self.0.push(cursor.varint().unwrap());
        }
    }
    fn snapshot(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.0.iter().for_each(|n| put_varint(&mut out, *n));
        out
    }
    fn restore(&mut self, snapshot: &[u8]) {
        self.0.clear();
        self.absorb(snapshot);
    }
}

pub fn carried(journal: &Journal<Batch>) -> Vec<u64> {
    let mut numbers = Numbers::default();
    numbers.restore(&journal.with_carry(|carry| carry.snapshot()));
    numbers.0
}

pub fn small() -> Options {
    Options {
        segment_bytes: 64 * 1024,
        budget_bytes: 8 * 1024 * 1024,
        group_bytes: 8 * 1024,
        window_bytes: 16 * 1024,
        ..Options::default()
    }
}

pub fn open_at(
    disk: Arc<dyn Disk>,
    dir: &Path,
    options: Options,
    names: Arc<Names>,
) -> Result<(Journal<Batch>, Recovery), JournalError> {
    Journal::open_on(disk, dir, keys(), names, Box::new(Numbers::default()), options, clock())
}

pub fn open(disk: &(impl Disk + Clone)) -> (Journal<Batch>, Recovery) {
    open_at(Arc::new(disk.clone()), &dir(), small(), names()).unwrap()
}

pub fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// What reading from an offset to the tail gives: (offset, number) of each record, and the ranges that were damaged.
pub async fn read(journal: &Journal<Batch>, from: Offset, names: &Names) -> (Vec<(u64, u64)>, Vec<(u64, u64)>) {
    let (mut records, mut damaged) = (Vec::new(), Vec::new());
    let mut reader = journal.reader(from);
    while reader.position() < journal.tail() {
        match reader.next().await {
            Ok(group) => {
                for i in reader.first()..group.count() {
                    let mut cursor = Cursor::new(group.record(i).unwrap());
                    let id = cursor.varint().unwrap();
                    let name = group.name(cursor.varint().unwrap() as u32);
                    assert_eq!(names.text(name), format!("property {}", id % 7));
                    assert!(cursor.rest().ends_with(b"marker-ada@example.com"));
                    records.push((group.base().0 + u64::from(i), id));
                }
                assert!(group.record(group.count()).is_none());
            }
            Err(ReadError::Damaged { from, to }) => damaged.push((from.0, to.0)),
            Err(error) => panic!("{error}"),
        }
    }
    (records, damaged)
}

//! What the hold promises: D10 (withheld events), D11 (one state each, sums that survive), D12 (failures), D3 (rejections once).

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use proptest::prelude::*;
use weir_detect::Engine;
use weir_event::names::{NameKind, NameVerdict};
use weir_event::wire::{Cursor, put_bytes, put_varint};
use weir_event::{
    Clock, DestinationId, Draft, DraftBatch, Environment, EventId, GenerationId, ManualClock, Millis, NameId,
    NameJudge, Names, Offset, Operation, Region, Rule, SourceId, Text,
};
use weir_hold::{EntryId, Fate, Hold, HoldError, HoldOptions, Owner, Rejected, Shelf, held_aad};
use weir_journal::sim::{Fault, SimDisk};
use weir_journal::{Group, Journal, Options, Record};
use weir_keys::Keys;
use weir_policy::{Consent, Gate, Minimiser, RegionSource, SourcePolicy, Withheld};

const NOW: i64 = 1_800_000_000_000;

struct AllClean;

impl NameJudge for AllClean {
    fn judge(&self, _: &str) -> NameVerdict {
        NameVerdict::Clean
    }
}

fn names() -> Arc<Names> {
    Names::new(Box::new(AllClean))
}

fn key_folder() -> &'static (tempfile::TempDir, Arc<Keys>) {
    static KEYS: OnceLock<(tempfile::TempDir, Arc<Keys>)> = OnceLock::new();
    KEYS.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let keys = Keys::open(&dir.path().join("keys"), Arc::new(ManualClock::at(Millis(NOW)))).unwrap();
        (dir, keys)
    })
}

fn keys() -> Arc<Keys> {
    Arc::clone(&key_folder().1)
}

fn dir() -> PathBuf {
    PathBuf::from("/data/hold")
}

fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn id(n: u64) -> EventId {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&n.to_be_bytes());
    EventId(id)
}

fn source() -> SourceId {
    SourceId::parse("web").unwrap()
}

fn destination() -> DestinationId {
    DestinationId::parse("product").unwrap()
}

/// An event that could not be minimised, with a body of about `padding` bytes.
fn withheld(n: u64, rule: Rule, padding: usize) -> Withheld {
    static MINIMISER: OnceLock<(Minimiser, Arc<Names>)> = OnceLock::new();
    let (minimiser, names) = MINIMISER.get_or_init(|| {
        let names = names();
        (Minimiser::new(Arc::new(Engine::new()), Arc::clone(&names)), names)
    });
    let mut text = format!("ada@example.com did a thing {n} ").into_bytes();
    text.resize(text.len() + padding, b'x');
    let name_text = Text { start: 0, len: text.len() as u32 };
    let draft = Draft {
        operation: Operation::Track,
        name: NameId::UNNAMED,
        name_text,
        identities: Vec::new(),
        sdk_id: None,
        client_time: Some(Millis(NOW - 5_000)),
        sent_at: None,
        historical: false,
        leaves: 0..0,
        unnamed: 0,
        fault: None,
    };
    let batch = DraftBatch { text, ..DraftBatch::default() };
    let policy = SourcePolicy {
        id: source(),
        label: names.label("web"),
        environment: Environment::Production,
        identity_space: "default".into(),
        protocol: 1,
        keeps_raw: false,
        tap: false,
        slices: weir_policy::Slices::default(),
    };
    let snapshot = keys().snapshot();
    let gate = Gate {
        source: &policy,
        received_at: Millis(NOW),
        region: Region::UNKNOWN,
        region_source: RegionSource::Unknown,
        generation: GenerationId::default(),
        consent: Consent::UNKNOWN,
        keys: &snapshot,
        offered: &[],
        raw_day: 0,
        replay_of: None,
    };
    minimiser.withhold(&gate, &batch, &draft, id(n), rule, "minimise")
}

struct Batch(Vec<u8>, u32, Vec<NameId>);

impl Record for Batch {
    fn bytes(&self) -> &[u8] {
        &self.0
    }
    fn count(&self) -> u32 {
        self.1
    }
    fn names(&self) -> &[NameId] {
        &self.2
    }
    fn note(&self) -> &[u8] {
        b""
    }
    fn received_at(&self) -> Millis {
        Millis(NOW)
    }
}

/// A journal group of `count` records; each is its number and a name.
async fn group(names: &Arc<Names>, count: u64) -> Arc<Group> {
    let options = Options { segment_bytes: 64 * 1024, budget_bytes: 1 << 20, ..Options::default() };
    let clock = Arc::new(ManualClock::at(Millis(NOW)));
    let disk = Arc::new(SimDisk::default());
    let (journal, _) =
        Journal::open_on(disk, Path::new("/data/journal"), keys(), Arc::clone(names), Box::new(()), options, clock)
            .unwrap();
    let mut bytes = Vec::new();
    let name = names.restore(NameKind::Path, "plan.format").unwrap();
    for n in 0..count {
        let mut record = Vec::new();
        put_varint(&mut record, n);
        put_varint(&mut record, u64::from(name.0));
        record.extend_from_slice(b"marker-value");
        put_bytes(&mut bytes, &record);
    }
    journal.append(Batch(bytes, count as u32, vec![name])).await.unwrap();
    journal.reader(Offset(0)).next().await.unwrap()
}

fn rejected(group: &Arc<Group>, index: u32) -> Rejected {
    Rejected {
        destination: destination(),
        event_id: id(u64::from(index)),
        group: Arc::clone(group),
        index,
        reason: "invalid_time",
        received_at: Millis(NOW),
    }
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Millis(NOW)))
}

fn open_with(disk: &SimDisk, clock: &Arc<ManualClock>, options: HoldOptions) -> (Hold, weir_hold::hold::Opened) {
    let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(clock);
    Hold::open_on(Arc::new(disk.clone()), &dir(), keys(), names(), clock, options).unwrap()
}

fn open(disk: &SimDisk) -> Hold {
    open_with(disk, &clock(), HoldOptions::default()).0
}

fn raw(number: u64) -> EntryId {
    EntryId { shelf: Shelf::Raw, number }
}

fn totals(hold: &Hold) -> BTreeMap<(String, Fate), u64> {
    hold.totals().into_iter().map(|t| ((t.owner.as_str().to_owned(), t.fate), t.count)).collect()
}

#[test]
fn d10_a_withheld_event_survives_power_loss_and_opens_with_the_hold_key_only() {
    let disk = SimDisk::default();
    block(async {
        let hold = open(&disk);
        let first = hold.put_withheld(withheld(1, Rule::EventNameUnclean, 0)).await.unwrap();
        let again = hold.put_withheld(withheld(1, Rule::EventNameUnclean, 0)).await.unwrap();
        assert_eq!((first.id, first.new, again.id, again.new), (raw(0), true, raw(0), false), "an event is held once");
        assert!(hold.put_withheld(withheld(2, Rule::StageFailed, 0)).await.unwrap().new);

        let hold = open(&disk.after_power_loss(|_| 0));
        let listed = hold.list(10, |_| true);
        assert_eq!(listed.len(), 2);
        let info = &listed[0];
        assert_eq!((info.id, info.event_id, info.stage), (raw(0), id(1), "minimise"));
        assert_eq!((info.reason, info.epoch_time), ("event_name_unclean", Millis(NOW - 5_000)));
        let (_, body) = hold.body(raw(0)).await.unwrap();
        assert!(!body.windows(11).any(|w| w == b"example.com"));
        let private = weir_keys::open_hold_key(keys().dir()).unwrap();
        let opened = private.open(&held_aad(&source(), id(1)), &body).unwrap();
        assert_eq!(opened, withheld(1, Rule::EventNameUnclean, 0).body());
        assert!(private.open(&held_aad(&source(), id(2)), &body).is_err(), "for its own event only");
        for path in disk.paths() {
            let bytes = disk.bytes(&path).unwrap();
            for clear in [&b"example.com"[..], b"web", b"minimise"] {
                assert!(!bytes.windows(clear.len()).any(|w| w == clear));
            }
        }
    });
}

#[test]
fn d10_without_bodies_only_the_skeleton_is_kept() {
    let disk = SimDisk::default();
    block(async {
        let (hold, _) = open_with(&disk, &clock(), HoldOptions { keep_body: false, ..HoldOptions::default() });
        let stored = hold.put_withheld(withheld(1, Rule::StageFailed, 0)).await.unwrap();
        let (info, body) = hold.body(stored.id).await.unwrap();
        assert_eq!((info.bytes, body.len()), (0, 0));
    });
}

#[test]
fn d10_what_was_held_too_long_expires_is_counted_and_its_file_is_destroyed() {
    let disk = SimDisk::default();
    let clock = clock();
    block(async {
        let (hold, _) = open_with(&disk, &clock, HoldOptions::default());
        hold.put_withheld(withheld(1, Rule::StageFailed, 0)).await.unwrap();
        clock.advance(Millis::DAY);
        hold.put_withheld(withheld(2, Rule::StageFailed, 0)).await.unwrap();
        let files = disk.paths();
        assert_eq!(files.len(), 2, "a file takes entries of one day");
        let first = disk.bytes(&files[0]).unwrap();

        assert_eq!(hold.expire(Millis(NOW + 71 * Millis::HOUR)).await, Ok(0));
        assert_eq!(hold.expire(Millis(NOW + 72 * Millis::HOUR)).await, Ok(1));
        assert_eq!(hold.body(raw(0)).await.err(), Some(HoldError::NotHere));
        assert!(hold.body(raw(1)).await.is_ok());
        assert!(!disk.paths().contains(&files[0]));
        assert_eq!(hold.expire(Millis(NOW + 96 * Millis::HOUR)).await, Ok(1));
        assert!(!disk.paths().contains(&files[1]), "the newest file goes too when its time is over");
        let expected = BTreeMap::from([(("web".to_owned(), Fate::Expired), 2)]);
        assert_eq!((totals(&hold), hold.gauges().len()), (expected.clone(), 0));

        for after in [disk.after_kill(), disk.after_power_loss(|_| 0)] {
            for path in after.paths() {
                assert!(!after.bytes(&path).unwrap().windows(96).any(|w| w == &first[..96]), "the wrapped key is gone");
            }
            let hold = open(&after);
            assert_eq!((totals(&hold), hold.gauges().len()), (expected.clone(), 0));
            let next = hold.put_withheld(withheld(3, Rule::StageFailed, 0)).await.unwrap();
            assert_eq!(next.id, raw(2), "no id is used twice");
        }
    });
}

#[test]
fn d3_a_rejected_event_is_held_once_and_opens_with_its_names_after_a_restart() {
    let disk = SimDisk::default();
    block(async {
        let table = names();
        let read = group(&table, 3).await;
        let hold = open(&disk);
        let stored = hold.put_rejected(vec![rejected(&read, 0), rejected(&read, 2)]).await.unwrap();
        assert!(stored.iter().all(|s| s.new));
        let again = hold.put_rejected(vec![rejected(&read, 2), rejected(&read, 1)]).await.unwrap();
        assert_eq!((again[0].id, again[0].new, again[1].new), (stored[1].id, false, true));

        let later = names();
        for i in 0..9 {
            let _ = later.label(&format!("shift {i}"));
        }
        let disk = disk.after_power_loss(|_| 0);
        let opened =
            Hold::open_on(Arc::new(disk.clone()), &dir(), keys(), Arc::clone(&later), clock(), HoldOptions::default());
        let (hold, report) = opened.unwrap();
        assert_eq!((report.rejected, report.raw, report.rejected_damage.entries), (3, 0, 0));
        let record = hold.open_rejected(stored[1].id).await.unwrap();
        let mut cursor = Cursor::new(record.bytes());
        assert_eq!(cursor.varint().unwrap(), 2);
        assert_eq!(later.text(record.name(cursor.varint().unwrap() as u32)), "plan.format");
        assert_eq!(cursor.rest(), b"marker-value");
        assert_eq!((record.info().offset, record.info().reason), (Some(Offset(2)), "invalid_time"));
        assert_eq!(hold.find(&Owner::Destination(destination()), id(2)), Some(stored[1].id));

        // Discarded, and rejected again by a resend after a crash: it stays discarded. Replayed and rejected again: a new entry.
        assert_eq!(hold.discard(vec![stored[0].id]).await, Ok(1));
        assert_eq!(hold.discard(vec![stored[0].id]).await, Ok(0), "counted once");
        assert_eq!(hold.mark_replayed(vec![stored[1].id]).await, Ok(1));
        let last = hold.put_rejected(vec![rejected(&read, 0), rejected(&read, 2)]).await.unwrap();
        assert_eq!((last[0].new, last[1].new), (false, true));
        let gauges = hold.gauges();
        assert_eq!((gauges.len(), gauges[0].reason, gauges[0].count), (1, "invalid_time", 2));
        let product = |fate| ("product".to_owned(), fate);
        assert_eq!(totals(&hold), BTreeMap::from([(product(Fate::Discarded), 1), (product(Fate::Replayed), 1)]));
    });
}

#[test]
fn d10_a_full_hold_says_so_and_takes_more_when_there_is_room() {
    let disk = SimDisk::default();
    block(async {
        let options = HoldOptions { bytes_max: 1_200_000, ..HoldOptions::default() };
        let (hold, _) = open_with(&disk, &clock(), options);
        assert!(!hold.is_full());
        let mut n = 0;
        while hold.put_withheld(withheld(n, Rule::StageFailed, 50_000)).await.is_ok() {
            n += 1;
        }
        assert!((10..30).contains(&n), "{n}");
        assert!(hold.is_full() && !hold.is_quarantine_full());
        assert_eq!(hold.put_withheld(withheld(n, Rule::StageFailed, 50_000)).await.err(), Some(HoldError::Full));
        assert_eq!(hold.discard((0..n).map(raw).collect()).await, Ok(n));
        hold.expire(Millis(NOW)).await.unwrap();
        assert!(!hold.is_full());
        assert!(hold.put_withheld(withheld(n, Rule::StageFailed, 50_000)).await.is_ok());

        let (few, _) =
            open_with(&SimDisk::default(), &clock(), HoldOptions { entries_max: 2, ..HoldOptions::default() });
        let three = (0..3).map(|n| withheld(n, Rule::StageFailed, 0)).collect();
        assert_eq!(few.put_all_withheld(three).await.err(), Some(HoldError::Full), "all or none");
        assert_eq!(few.list(10, |_| true).len(), 0);
    });
}

#[test]
fn d12_a_full_disk_refuses_and_the_hold_resumes_without_a_restart() {
    let disk = SimDisk::default();
    block(async {
        let hold = open(&disk);
        disk.set_capacity(Some(60_000));
        let mut n = 0;
        while hold.put_withheld(withheld(n, Rule::StageFailed, 5_000)).await.is_ok() {
            n += 1;
        }
        assert!((3..12).contains(&n), "{n}");
        assert_eq!(hold.put_withheld(withheld(n, Rule::StageFailed, 5_000)).await.err(), Some(HoldError::Full));
        disk.set_capacity(None);
        assert!(hold.put_withheld(withheld(n, Rule::StageFailed, 5_000)).await.unwrap().new);
        let hold = open(&disk.after_power_loss(|_| 0));
        assert_eq!(hold.list(100, |_| true).len() as u64, n + 1);
    });
}

#[test]
fn puts_that_come_together_share_a_sync_and_each_has_its_own_answer() {
    let disk = SimDisk::default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let hold = open(&disk);
        let tasks: Vec<_> = (0..40)
            .map(|n| {
                let hold = hold.clone();
                tokio::spawn(async move { hold.put_withheld(withheld(n / 2, Rule::StageFailed, 0)).await.unwrap() })
            })
            .collect();
        let mut new = 0;
        for task in tasks {
            new += usize::from(task.await.unwrap().new);
        }
        assert_eq!((new, hold.list(100, |_| true).len()), (20, 20));
    });
}

#[test]
fn a_flipped_byte_costs_its_group_and_stops_nobody() {
    let disk = SimDisk::default();
    block(async {
        let hold = open(&disk);
        for n in 0..3 {
            hold.put_withheld(withheld(n, Rule::StageFailed, 0)).await.unwrap();
        }
        drop(hold);
        let path = disk.paths().remove(0);
        let good = disk.bytes(&path).unwrap();
        let mut seen = BTreeMap::<(usize, u64, u64), usize>::new();
        for at in (0..good.len()).step_by(37) {
            let mut bytes = good.clone();
            bytes[at] ^= 0x10;
            if (8..10).contains(&at) {
                continue;
            }
            let copy = disk.after_kill();
            copy.set_bytes(&path, bytes);
            let (hold, opened) = open_with(&copy, &clock(), HoldOptions::default());
            let damage = opened.raw_damage;
            *seen.entry((hold.list(10, |_| true).len(), damage.entries, damage.files)).or_default() += 1;
            let next = hold.put_withheld(withheld(9, Rule::StageFailed, 0)).await.unwrap();
            assert!(next.id.number >= 2);
        }
        // Nothing lost; one of the first two lost and counted; the last one, which looks torn; the header.
        let kinds: Vec<_> = seen.into_keys().collect();
        assert_eq!(kinds, [(0, 0, 1), (2, 0, 0), (2, 1, 0), (3, 0, 0)]);
    });
}

/// What may happen to a hold.
#[derive(Clone, Debug)]
enum Op {
    Put(Vec<u8>),
    Finish(u8, bool),
    Expire,
    NextDay,
    Restart,
    PowerLoss(usize, Vec<u8>),
    Fail(usize, bool),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => proptest::collection::vec(0_u8..60, 1..5).prop_map(Op::Put),
        3 => (any::<u8>(), any::<bool>()).prop_map(|(n, discard)| Op::Finish(n, discard)),
        1 => Just(Op::Expire),
        1 => Just(Op::NextDay),
        1 => Just(Op::Restart),
        2 => (0_usize..10, proptest::collection::vec(any::<u8>(), 8)).prop_map(|(n, choices)| Op::PowerLoss(n, choices)),
        2 => (0_usize..8, any::<bool>()).prop_map(|(n, kept)| Op::Fail(n, kept)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]
    #[test]
    fn d11_whatever_happens_each_event_is_in_one_state_and_the_sums_hold(ops in proptest::collection::vec(op(), 1..25)) {
        block(async {
            let clock = clock();
            let mut disk = SimDisk::default();
            let (mut hold, _) = open_with(&disk, &clock, HoldOptions::default());
            // Entries that were acknowledged, and those whose end was: the hold must agree with both for ever.
            let mut put: BTreeMap<EntryId, EventId> = BTreeMap::new();
            let mut ended: BTreeMap<EntryId, Fate> = BTreeMap::new();
            for op in ops {
                match op {
                    Op::Put(events) => {
                        let events: Vec<u64> = events.into_iter().map(u64::from).collect();
                        let batch = events.iter().map(|n| withheld(*n, Rule::StageFailed, 10)).collect();
                        if let Ok(stored) = hold.put_all_withheld(batch).await {
                            for (stored, n) in stored.iter().zip(events) {
                                let before = put.insert(stored.id, id(n));
                                assert!(before.is_none_or(|event| event == id(n)), "an id names one event");
                            }
                        }
                    }
                    Op::Finish(which, discard) => {
                        let live = hold.list(usize::MAX, |_| true);
                        if let Some(info) = live.get(usize::from(which) % live.len().max(1)) {
                            let fate = if discard { Fate::Discarded } else { Fate::Replayed };
                            let done = match fate {
                                Fate::Discarded => hold.discard(vec![info.id]).await,
                                _ => hold.mark_replayed(vec![info.id]).await,
                            };
                            if done.is_ok() {
                                put.insert(info.id, info.event_id);
                                ended.insert(info.id, fate);
                            }
                        }
                    }
                    Op::Expire => {
                        let now = clock.now().plus(2 * Millis::DAY);
                        let due: Vec<_> = hold.list(usize::MAX, |i| now.since(i.held_at) >= 72 * Millis::HOUR);
                        if hold.expire(now).await.is_ok() {
                            for info in due {
                                put.insert(info.id, info.event_id);
                                ended.insert(info.id, Fate::Expired);
                            }
                        }
                    }
                    Op::NextDay => clock.advance(Millis::DAY),
                    Op::Restart => {
                        drop(hold);
                        disk = disk.after_kill();
                        hold = open_with(&disk, &clock, HoldOptions::default()).0;
                    }
                    Op::PowerLoss(after, choices) => {
                        disk.stop_after(after);
                        let _ = hold.put_withheld(withheld(200, Rule::StageFailed, 10)).await;
                        let _ = hold.put_withheld(withheld(201, Rule::StageFailed, 10)).await;
                        let _ = hold.expire(clock.now()).await;
                        drop(hold);
                        let mut choices = choices.into_iter().cycle();
                        disk = disk.after_power_loss(|below| usize::from(choices.next().unwrap()) * 31 % below);
                        let (reopened, report) = open_with(&disk, &clock, HoldOptions::default());
                        assert_eq!(report.raw_damage, weir_hold::log::Damage::default());
                        hold = reopened;
                    }
                    Op::Fail(n, kept) => disk.fail(n, if kept { Fault::Kept } else { Fault::Lost }),
                }
                let live: BTreeMap<EntryId, EventId> =
                    hold.list(usize::MAX, |_| true).into_iter().map(|info| (info.id, info.event_id)).collect();
                let events: std::collections::BTreeSet<_> = live.values().collect();
                assert_eq!(events.len(), live.len(), "an event is live once");
                for id in ended.keys() {
                    assert!(!live.contains_key(id), "{id} ended");
                }
                let gone = put.iter().filter(|(id, _)| !live.contains_key(id)).count() as u64;
                let total: u64 = hold.totals().iter().map(|t| t.count).sum();
                assert!(total >= gone, "{gone} acknowledged entries are not live, {total} are counted");
                for (id, event) in &live {
                    assert!(put.get(id).is_none_or(|e| e == event));
                    assert_eq!(hold.body(*id).await.unwrap().0.event_id, *event);
                }
                for fate in [Fate::Replayed, Fate::Discarded, Fate::Expired] {
                    let known = ended.values().filter(|f| **f == fate).count() as u64;
                    let counted: u64 = hold.totals().iter().filter(|t| t.fate == fate).map(|t| t.count).sum();
                    assert!(counted >= known, "{fate:?}: {counted} counted, {known} known");
                }
            }
        });
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        weir_hold::fuzz::fuzz_entry(&bytes);
    }
}

#[test]
fn entry_ids_come_back_from_their_text() {
    for shelf in Shelf::ALL {
        let id = EntryId { shelf, number: 12 };
        assert_eq!(EntryId::parse(&id.to_string()), Some(id));
    }
    for bad in ["", "raw", "raw-", "raw-x", "other-1", "12"] {
        assert_eq!(EntryId::parse(bad), None);
    }
}

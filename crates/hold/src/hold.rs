//! The handle.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use weir_event::names::NameKind;
use weir_event::{Clock, DestinationId, EventId, Millis, NameId, Names, Offset, Rule, SourceId};
use weir_journal::Group;
use weir_journal::disk::{Disk, DiskError, RealDisk};
use weir_keys::{HoldPublic, Keys};
use weir_policy::Withheld;

use crate::entry::{Dictionary, Entry, EntryId, Fate, HoldInfo, Owner, Shelf};
use crate::log::{Damage, Log, Put};

/// How much is held, and for how long.
#[derive(Clone, Debug)]
pub struct HoldOptions {
    /// Bytes of each shelf's files. At it: [`HoldError::Full`]; a full raw hold stops intake, a full quarantine its destination.
    pub bytes_max: u64,
    /// Live entries of each shelf; they are listed from memory. At it: [`HoldError::Full`].
    pub entries_max: usize,
    /// How long a withheld event is kept (D10: 72 h).
    pub raw_millis: i64,
    /// How long a rejected event is kept.
    pub rejected_millis: i64,
    /// Whether bodies are kept at all; without, only the skeleton is.
    pub keep_body: bool,
}

impl Default for HoldOptions {
    fn default() -> HoldOptions {
        HoldOptions {
            bytes_max: 1024 * 1024 * 1024,
            entries_max: 250_000,
            raw_millis: 72 * Millis::HOUR,
            rejected_millis: 30 * Millis::DAY,
            keep_body: true,
        }
    }
}

/// Why the hold cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The operating system refused.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Written by a newer Weir.
    #[error("{} has format {found}, this version knows up to {}: run the newer version", path.display(), weir_journal::segment::FORMAT)]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u16,
    },
    /// Sealed under another master key.
    #[error("{} was sealed under another key folder: start with the one that belongs to this data folder", path.display())]
    OtherKeys {
        /// The file.
        path: PathBuf,
    },
}

/// Why the hold did not do it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HoldError {
    /// No room: answer 503 with Retry-After; discard or replay what is held, or wait until it expires.
    #[error("the hold is full: replay or discard what it holds, or give it more room")]
    Full,
    /// A write or sync failed; it may or may not be on disk, and can be put again. The next one goes to a new file.
    #[error("the hold's file failed ({0}): look at the disk")]
    Failed(ErrorKind),
    /// No live entry has this id.
    #[error("no such entry is held (it may have been replayed, discarded or expired)")]
    NotHere,
    /// The entry is listed but its bytes do not open.
    #[error("the entry is damaged on disk")]
    Damaged,
}

impl HoldError {
    pub(crate) fn of(kind: ErrorKind) -> HoldError {
        match kind {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => HoldError::Full,
            kind => HoldError::Failed(kind),
        }
    }
}

/// What opening found.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Opened {
    /// Live withheld events.
    pub raw: u64,
    /// Live rejected events.
    pub rejected: u64,
    /// Damage on the raw shelf.
    pub raw_damage: Damage,
    /// Damage in quarantine.
    pub rejected_damage: Damage,
}

/// What became of a put.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stored {
    /// The entry that holds the event.
    pub id: EntryId,
    /// `false` where it was there already: counted then, not now.
    pub new: bool,
}

/// An event that one destination rejected.
pub struct Rejected {
    /// The destination.
    pub destination: DestinationId,
    /// The event.
    pub event_id: EventId,
    /// The group that it was read from.
    pub group: Arc<Group>,
    /// Its index there.
    pub index: u32,
    /// The encoder's code: a text of ours of at most 64 bytes.
    pub reason: &'static str,
    /// When it was received.
    pub received_at: Millis,
}

/// A rejected event, opened.
pub struct RejectedRecord {
    info: HoldInfo,
    record: Vec<u8>,
    names: BTreeMap<u32, NameId>,
}

impl RejectedRecord {
    /// Its entry.
    pub fn info(&self) -> &HoldInfo {
        &self.info
    }

    /// The record as it stood in the journal.
    pub fn bytes(&self) -> &[u8] {
        &self.record
    }

    /// The id in this process of a name id stored in the record.
    pub fn name(&self, stored: u32) -> NameId {
        self.names.get(&stored).copied().unwrap_or(NameId::UNNAMED)
    }
}

/// How many live entries an owner has for a reason.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Gauge {
    /// Whose.
    pub owner: Owner,
    /// Why.
    pub reason: &'static str,
    /// How many.
    pub count: u64,
}

/// How many entries of an owner ended in a way, since the hold exists.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Total {
    /// Whose.
    pub owner: Owner,
    /// How they ended.
    pub fate: Fate,
    /// How many.
    pub count: u64,
}

/// What a withheld body is sealed to besides the key, so that it opens for its own event only.
pub fn held_aad(source: &SourceId, event_id: EventId) -> Vec<u8> {
    let mut aad = b"weir/held/v1".to_vec();
    aad.extend_from_slice(&event_id.0);
    aad.extend_from_slice(source.as_str().as_bytes());
    aad
}

struct Inner {
    raw: Log,
    rejected: Log,
    public: HoldPublic,
    names: Arc<Names>,
    clock: Arc<dyn Clock>,
    options: HoldOptions,
}

/// The hold between two groups of either shelf: nothing is put or ended as long as this lives. To be held for moments.
#[must_use = "puts wait while this lives"]
pub struct Frozen<'a>([crate::log::Frozen<'a>; 2]);

impl Frozen<'_> {
    /// The files as they are now, and how many bytes of each belong to a copy: a crash at this moment would leave the same. They
    /// stay so until [`Hold::expire`]; what is put later lies behind them.
    pub fn files(&self) -> Vec<(PathBuf, u64)> {
        self.0.iter().flat_map(crate::log::Frozen::files).collect()
    }
}

/// The raw hold and quarantine. Clones are the same.
#[derive(Clone)]
pub struct Hold(Arc<Inner>);

impl Hold {
    /// Opens the hold in `dir`, which is created if need be. Gauges and totals are right when it returns.
    pub fn open(
        dir: &Path,
        keys: Arc<Keys>,
        names: Arc<Names>,
        clock: Arc<dyn Clock>,
        options: HoldOptions,
    ) -> Result<(Hold, Opened), OpenError> {
        Hold::open_on(Arc::new(RealDisk::default()), dir, keys, names, clock, options)
    }

    /// [`Hold::open`] on a disk of the caller's.
    pub fn open_on(
        disk: Arc<dyn Disk>,
        dir: &Path,
        keys: Arc<Keys>,
        names: Arc<Names>,
        clock: Arc<dyn Clock>,
        options: HoldOptions,
    ) -> Result<(Hold, Opened), OpenError> {
        disk.create_dir(dir).map_err(DiskError::at("create", dir))?;
        let shelf = |shelf: Shelf| {
            let (disk, keys) = (Arc::clone(&disk), Arc::clone(&keys));
            let (names, clock) = (Arc::clone(&names), Arc::clone(&clock));
            Log::open(shelf, &dir.join(shelf.name()), disk, keys, names, clock, options.bytes_max, options.entries_max)
        };
        let (raw, raw_damage) = shelf(Shelf::Raw)?;
        let (rejected, rejected_damage) = shelf(Shelf::Rejected)?;
        let count = |log: &Log| {
            let mut count = 0;
            log.each(|_| count += 1);
            count
        };
        let opened = Opened { raw: count(&raw), rejected: count(&rejected), raw_damage, rejected_damage };
        let public = keys.hold_public();
        Ok((Hold(Arc::new(Inner { raw, rejected, public, names, clock, options })), opened))
    }

    /// Stops between two groups, for a copy that agrees with what else is stopped at the same time. Waits for a group under way.
    pub fn freeze(&self) -> Frozen<'_> {
        Frozen([self.0.raw.freeze(), self.0.rejected.freeze()])
    }

    /// Puts one event that could not be minimised; resolves after the sync.
    pub async fn put_withheld(&self, withheld: Withheld) -> Result<Stored, HoldError> {
        let stored = self.put_all_withheld(vec![withheld]).await?;
        stored.first().copied().ok_or(HoldError::Failed(ErrorKind::Other))
    }

    /// Puts the withheld events of one request with one sync. All or none: on an error answer 503, and the request comes again.
    pub async fn put_all_withheld(&self, withheld: Vec<Withheld>) -> Result<Vec<Stored>, HoldError> {
        self.off(move |inner| {
            let held_at = inner.clock.now();
            let mut put = Put { entries: Vec::new(), dictionaries: Vec::new(), size: 0 };
            for event in withheld {
                let (source, event_id) = (event.source().clone(), event.event_id());
                let keep = inner.options.keep_body && !event.body().is_empty();
                let aad = held_aad(&source, event_id);
                let body = if keep { inner.public.seal(&aad, event.body()) } else { Vec::new() };
                put.size += body.len() + 256;
                let info = HoldInfo {
                    id: EntryId { shelf: Shelf::Raw, number: 0 },
                    owner: Owner::Source(source),
                    event_id,
                    reason: event.reason().name(),
                    stage: event.stage(),
                    received_at: event.received_at(),
                    epoch_time: event.epoch_time(),
                    held_at,
                    offset: None,
                    bytes: body.len() as u64,
                };
                put.entries.push(Entry::Held { info, body });
            }
            inner.raw.put(put)
        })
        .await
    }

    /// Puts events that a destination rejected, with one sync; all or none. An event that is here already stays as it is, so a
    /// batch that is sent again after a crash changes nothing (D3).
    pub async fn put_rejected(&self, rejected: Vec<Rejected>) -> Result<Vec<Stored>, HoldError> {
        self.off(move |inner| {
            let held_at = inner.clock.now();
            let mut put = Put { entries: Vec::new(), dictionaries: Vec::new(), size: 0 };
            let mut groups: Vec<Arc<Group>> = Vec::new();
            for event in rejected {
                let dictionary =
                    groups.iter().position(|group| Arc::ptr_eq(group, &event.group)).unwrap_or_else(|| {
                        let names = event.group.dictionary();
                        put.size += names.iter().map(|(_, _, text)| text.len() + 8).sum::<usize>();
                        put.dictionaries.push(
                            names.into_iter().map(|(id, kind, text)| (id, kind as u8, text.to_owned())).collect(),
                        );
                        groups.push(Arc::clone(&event.group));
                        groups.len() - 1
                    });
                // An index outside its group is a defect of the caller; nothing is stored for nothing.
                let record = event.group.record(event.index).ok_or(HoldError::NotHere)?.to_vec();
                put.size += record.len() + 256;
                let info = HoldInfo {
                    id: EntryId { shelf: Shelf::Rejected, number: 0 },
                    owner: Owner::Destination(event.destination),
                    event_id: event.event_id,
                    reason: event.reason,
                    stage: "",
                    received_at: event.received_at,
                    epoch_time: event.received_at,
                    held_at,
                    offset: Some(Offset(event.group.base().0 + u64::from(event.index))),
                    bytes: record.len() as u64,
                };
                put.entries.push(Entry::Rejected { info, dictionary: dictionary as u32, record });
            }
            inner.rejected.put(put)
        })
        .await
    }

    /// Throws live entries away; resolves after the sync and says how many.
    pub async fn discard(&self, ids: Vec<EntryId>) -> Result<u64, HoldError> {
        self.finish(ids, Fate::Discarded).await
    }

    /// Marks entries as gone back on their way. Call it after the event is durable there; calling it again changes nothing.
    pub async fn mark_replayed(&self, ids: Vec<EntryId>) -> Result<u64, HoldError> {
        self.finish(ids, Fate::Replayed).await
    }

    /// Ends live entries that the policy in force does not release, each batch by the rule that says so; resolves after the sync.
    pub async fn mark_dropped(&self, ids: Vec<EntryId>, rule: Rule) -> Result<u64, HoldError> {
        self.finish(ids, Fate::Dropped(rule)).await
    }

    /// Ends what was held too long and destroys files of which nothing is live, keys first; says how many entries expired. Call it
    /// every few minutes.
    pub async fn expire(&self, now: Millis) -> Result<u64, HoldError> {
        self.off(move |inner| {
            let mut expired = 0;
            for (log, millis) in
                [(&inner.raw, inner.options.raw_millis), (&inner.rejected, inner.options.rejected_millis)]
            {
                let mut due = Vec::new();
                log.each(|info| {
                    if now.since(info.held_at) >= millis {
                        due.push(info.id.number);
                    }
                });
                expired += log.finish(&due, Fate::Expired)?;
                log.sweep()?;
            }
            Ok(expired)
        })
        .await
    }

    /// A rejected event, opened, for a replay at release of its destination.
    pub async fn open_rejected(&self, id: EntryId) -> Result<RejectedRecord, HoldError> {
        if id.shelf != Shelf::Rejected {
            return Err(HoldError::NotHere);
        }
        self.off(move |inner| {
            let (entry, dictionary) = inner.rejected.read(id.number)?;
            let Entry::Rejected { info, record, .. } = entry else { return Err(HoldError::Damaged) };
            Ok(RejectedRecord { info, record, names: restore(&inner.names, &dictionary) })
        })
        .await
    }

    /// A withheld event's entry and its sealed body, which opens with the hold key and [`held_aad`]; empty where none was kept.
    pub async fn body(&self, id: EntryId) -> Result<(HoldInfo, Vec<u8>), HoldError> {
        if id.shelf != Shelf::Raw {
            return Err(HoldError::NotHere);
        }
        self.off(move |inner| match inner.raw.read(id.number)?.0 {
            Entry::Held { info, body } => Ok((info, body)),
            Entry::Rejected { .. } => Err(HoldError::Damaged),
        })
        .await
    }

    /// Live entries that a filter admits, oldest first, at most `max`. No values.
    pub fn list(&self, max: usize, admit: impl Fn(&HoldInfo) -> bool) -> Vec<HoldInfo> {
        let mut out = Vec::new();
        for log in [&self.0.raw, &self.0.rejected] {
            log.each(|info| {
                if out.len() < max && admit(info) {
                    out.push(info.clone());
                }
            });
        }
        out
    }

    /// The live entry of an event. After a restart, whoever knows from the journal which replays were kept marks them with it.
    pub fn find(&self, owner: &Owner, event_id: EventId) -> Option<EntryId> {
        match owner {
            Owner::Source(_) => self.0.raw.find(owner, event_id),
            Owner::Destination(_) => self.0.rejected.find(owner, event_id),
        }
    }

    /// Live entries by (owner, reason).
    pub fn gauges(&self) -> Vec<Gauge> {
        let mut counts = BTreeMap::new();
        for log in [&self.0.raw, &self.0.rejected] {
            log.each(|info| *counts.entry((info.owner.clone(), info.reason)).or_default() += 1);
        }
        counts.into_iter().map(|((owner, reason), count)| Gauge { owner, reason, count }).collect()
    }

    /// Ended entries by (owner, fate), since the hold exists.
    pub fn totals(&self) -> Vec<Total> {
        let both = [&self.0.raw, &self.0.rejected].into_iter().flat_map(Log::totals);
        both.map(|((owner, fate), count)| Total { owner, fate, count }).collect()
    }

    /// Bytes on disk of both shelves.
    pub fn bytes_on_disk(&self) -> u64 {
        self.0.raw.bytes() + self.0.rejected.bytes()
    }

    /// Bytes on disk of one shelf; each has a budget of its own.
    pub fn shelf_bytes(&self, shelf: Shelf) -> u64 {
        match shelf {
            Shelf::Raw => self.0.raw.bytes(),
            Shelf::Rejected => self.0.rejected.bytes(),
        }
    }

    /// Whether the raw hold may refuse the next event: intake stops (D10).
    pub fn is_full(&self) -> bool {
        self.0.raw.is_full()
    }

    /// Whether quarantine may refuse the next event: its destinations wait.
    pub fn is_quarantine_full(&self) -> bool {
        self.0.rejected.is_full()
    }

    async fn finish(&self, ids: Vec<EntryId>, fate: Fate) -> Result<u64, HoldError> {
        self.off(move |inner| {
            let numbers =
                |shelf: Shelf| -> Vec<u64> { ids.iter().filter(|id| id.shelf == shelf).map(|id| id.number).collect() };
            let raw = inner.raw.finish(&numbers(Shelf::Raw), fate)?;
            Ok(raw + inner.rejected.finish(&numbers(Shelf::Rejected), fate)?)
        })
        .await
    }

    /// Runs disk work off the async threads. A panic there is a defect; what it was doing is reported as failed.
    async fn off<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, HoldError> + Send + 'static,
    ) -> Result<T, HoldError> {
        let inner = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || work(&inner)).await;
        done.unwrap_or(Err(HoldError::Failed(ErrorKind::Other)))
    }
}

fn restore(names: &Names, dictionary: &Dictionary) -> BTreeMap<u32, NameId> {
    let restored = dictionary.iter().filter_map(|(stored, kind, text)| {
        let kind = NameKind::from_number(*kind)?;
        Some((*stored, names.restore(kind, text)?))
    });
    restored.collect()
}

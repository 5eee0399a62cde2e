//! The files of one shelf: sealed segments as `weir-journal` writes them, under another magic and never prepared ahead.
//!
//! A file takes entries of one day at most and of one run of the process. Its header's snapshot knows the totals and the fate of
//! every entry done before it began, so of an older file only its entries matter: once none of them is live the file is
//! destroyed, key first. Entry numbers are offsets: a number of a group that failed is cut off by the base of the next file.
//!
//! Names: `<number>-<base>.hold`; `.new` while it is begun, `.gone` while it is destroyed. Both are destroyed at open.
//!
//! Locks, taken in this order: `writer` (one commit at a time), then `state` for a look or a change, never over disk work.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use weir_event::log::{Field, Level, emit};
use weir_event::{Clock, EventId, Names};
use weir_journal::disk::{Disk, DiskError, DiskFile};
use weir_journal::segment::{
    FRAME_BYTES, Found, GROUP_ALIGN, Header, HeaderError, Kind, SegmentReader, Span, data_start, new_header,
    parse_header, read_header, seal_group, write_again,
};
use weir_journal::spare::destroy;
use weir_keys::{AeadKey, Keys};

use crate::entry::{Dictionary, Done, Entry, EntryId, Fate, HoldInfo, Owner, Parts, Shelf, Snapshot};
use crate::hold::{HoldError, OpenError, Stored};

/// The hold's segments.
pub const HOLD: Kind = Kind { magic: *b"weirhold", purpose: "hold/v1" };
/// A file takes no more entries beyond this.
const FILE_BYTES: u64 = 16 * 1024 * 1024;
/// Puts of several callers go into one group up to this.
const GROUP_BYTES: usize = 8 * 1024 * 1024;

/// Entries to put, with the dictionaries that they refer to. The numbers in the infos are given at the commit.
pub(crate) struct Put {
    pub(crate) entries: Vec<Entry>,
    pub(crate) dictionaries: Vec<Dictionary>,
    pub(crate) size: usize,
}

struct Slot {
    put: Mutex<Option<Put>>,
    result: Mutex<Option<Result<Vec<Stored>, HoldError>>>,
}

/// Where an entry stands.
struct Live {
    info: HoldInfo,
    file: u64,
    at: u64,
    index: u32,
}

struct File {
    path: PathBuf,
    base: u64,
    len: u64,
    live: u64,
    /// `None` where the header is damaged.
    sealed: Option<Arc<Sealed>>,
}

struct Sealed {
    id: [u8; 16],
    key: AeadKey,
}

#[derive(Default)]
struct State {
    live: BTreeMap<u64, Live>,
    by_event: HashMap<(Owner, EventId), u64>,
    snapshot: Snapshot,
    files: BTreeMap<u64, File>,
    next_entry: u64,
    bytes: u64,
}

/// The file that entries go to.
struct Current {
    number: u64,
    file: Box<dyn DiskFile>,
    id: [u8; 16],
    key: AeadKey,
    at: u64,
    counter: u64,
    day: i64,
}

struct Writer {
    current: Option<Current>,
    next_file: u64,
}

/// One shelf.
pub(crate) struct Log {
    shelf: Shelf,
    dir: PathBuf,
    disk: Arc<dyn Disk>,
    keys: Arc<Keys>,
    names: Arc<Names>,
    clock: Arc<dyn Clock>,
    bytes_max: u64,
    entries_max: usize,
    writer: Mutex<Writer>,
    state: Mutex<State>,
    waiting: Mutex<Vec<Arc<Slot>>>,
}

/// What opening a shelf found wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Damage {
    /// Entries that cannot be read.
    pub entries: u64,
    /// Files whose header is damaged; how many entries they held is not known.
    pub files: u64,
}

/// A shelf between two groups.
pub(crate) struct Frozen<'a> {
    log: &'a Log,
    _writer: MutexGuard<'a, Writer>,
}

impl Frozen<'_> {
    /// Its files, and how many bytes of each are durable.
    pub(crate) fn files(&self) -> Vec<(PathBuf, u64)> {
        lock(&self.log.state).files.values().map(|file| (file.path.clone(), file.len)).collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn file_name(number: u64, base: u64) -> String {
    format!("{number:016x}-{base:016x}.hold")
}

fn parse_name(name: &str) -> Option<(u64, u64)> {
    let (number, base) = name.strip_suffix(".hold")?.split_once('-')?;
    Some((u64::from_str_radix(number, 16).ok()?, u64::from_str_radix(base, 16).ok()?))
}

impl Log {
    #[expect(clippy::too_many_arguments, reason = "called in one place")]
    pub(crate) fn open(
        shelf: Shelf,
        dir: &Path,
        disk: Arc<dyn Disk>,
        keys: Arc<Keys>,
        names: Arc<Names>,
        clock: Arc<dyn Clock>,
        bytes_max: u64,
        entries_max: usize,
    ) -> Result<(Log, Damage), OpenError> {
        disk.create_dir(dir).map_err(DiskError::at("create", dir))?;
        if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            disk.sync_dir(parent).map_err(DiskError::at("sync", parent))?;
        }
        disk.sync_dir(dir).map_err(DiskError::at("sync", dir))?;
        let mut found = Vec::new();
        for name in disk.list(dir).map_err(DiskError::at("list", dir))? {
            let path = dir.join(&name);
            if let Some((number, base)) = parse_name(&name) {
                found.push((number, base, path));
            } else if name.ends_with(".new") || name.ends_with(".gone") {
                destroy(&*disk, &path)?;
            }
        }
        found.sort_unstable();
        let (mut state, mut damage) = (State::default(), Damage::default());
        let opened: Vec<_> = found
            .iter()
            .map(|(number, base, path)| {
                let file = disk.open(path).map_err(DiskError::at("open", path))?;
                match read_header(HOLD, &keys, &*file, path) {
                    Ok(o) if (o.header.number, o.header.base) == (*number, *base) => Ok((file, Some(o))),
                    Ok(_) | Err(HeaderError::Damaged) => Ok((file, None)),
                    Err(HeaderError::Disk(error)) => Err(OpenError::Disk(error)),
                    Err(HeaderError::Newer { found }) => Err(OpenError::Newer { path: path.clone(), found }),
                    Err(HeaderError::OtherKeys) => Err(OpenError::OtherKeys { path: path.clone() }),
                }
            })
            .collect::<Result<_, _>>()?;
        let newest = opened.iter().rposition(|(_, header)| header.is_some());
        let mut next_file = 1;
        for (place, ((number, base, path), (file, header))) in found.iter().zip(opened).enumerate() {
            let len = file.len().map_err(DiskError::at("measure", path))?;
            state.bytes += len;
            next_file = number + 1;
            state.next_entry = state.next_entry.max(*base);
            let sealed = header.map(|o| (Arc::new(Sealed { id: o.header.id, key: o.key }), o.data_start, o.header));
            let kept = sealed.as_ref().map(|(sealed, _, _)| Arc::clone(sealed));
            state.files.insert(*number, File { path: path.clone(), base: *base, len, live: 0, sealed: kept });
            let Some((sealed, start, header)) = sealed else {
                damage.files += 1;
                emit(Level::Error, "the header of a hold file is damaged", &[("file", Field::Ours(path.clone()))]);
                // How many entries it held is not known, but each takes a byte at least: no number is used twice.
                state.next_entry = state.next_entry.saturating_add(len);
                continue;
            };
            let is_newest = newest == Some(place);
            if is_newest {
                // The last run may have died between a write and its sync, or after a sync that failed. What is accepted here must
                // not vanish later: a put of the same event is answered by it.
                write_again(&*file, path, len)?;
                state.snapshot = Snapshot::decode(shelf, &header.snapshot).unwrap_or_else(|_| {
                    damage.files += 1;
                    Snapshot::default()
                });
            }
            let end_max = found.get(place + 1).map(|(next, base, _)| (*next, *base));
            let reader = SegmentReader { file: &*file, path, id: &sealed.id, key: &sealed.key };
            read_file(shelf, &names, *number, &reader, start, end_max, is_newest, &mut state, &mut damage)?;
        }
        state.settle();
        let log = Log {
            shelf,
            dir: dir.to_owned(),
            disk,
            keys,
            names,
            clock,
            bytes_max,
            entries_max,
            writer: Mutex::new(Writer { current: None, next_file }),
            state: Mutex::new(state),
            waiting: Mutex::default(),
        };
        Ok((log, damage))
    }

    /// Puts entries; returns after the sync. Callers that come meanwhile share the next group.
    pub(crate) fn put(&self, put: Put) -> Result<Vec<Stored>, HoldError> {
        let slot = Arc::new(Slot { put: Mutex::new(Some(put)), result: Mutex::new(None) });
        lock(&self.waiting).push(Arc::clone(&slot));
        let mut writer = lock(&self.writer);
        loop {
            if let Some(result) = lock(&slot.result).take() {
                return result;
            }
            let mut taken = Vec::new();
            {
                let mut waiting = lock(&self.waiting);
                let mut size = 0;
                while let Some(next) = waiting.first() {
                    let more = lock(&next.put).as_ref().map_or(0, |put| put.size);
                    if !taken.is_empty() && size + more > GROUP_BYTES {
                        break;
                    }
                    size += more;
                    taken.push(waiting.remove(0));
                }
            }
            if taken.is_empty() {
                // Whoever took our put did not live to answer it: a defect, and the put may or may not be on disk.
                return Err(HoldError::Failed(ErrorKind::Other));
            }
            let puts: Vec<Put> = taken.iter().filter_map(|slot| lock(&slot.put).take()).collect();
            let results = self.put_group(&mut writer, puts);
            for (slot, result) in taken.iter().zip(results) {
                *lock(&slot.result) = Some(result);
            }
        }
    }

    fn put_group(&self, writer: &mut Writer, puts: Vec<Put>) -> Vec<Result<Vec<Stored>, HoldError>> {
        let (mut dictionaries, mut entries, mut results) = (Vec::new(), Vec::new(), Vec::new());
        {
            let state = lock(&self.state);
            let mut size = 0;
            let mut new: HashMap<(Owner, EventId), u64> = HashMap::new();
            for put in puts {
                size += put.size as u64;
                let room = state.bytes + size <= self.bytes_max
                    && state.live.len() + entries.len() + put.entries.len() <= self.entries_max;
                if !room {
                    size -= put.size as u64;
                    results.push(Err(HoldError::Full));
                    continue;
                }
                let first_dictionary = dictionaries.len() as u32;
                dictionaries.extend(put.dictionaries);
                let stored = put.entries.into_iter().map(|mut entry| {
                    let key = (entry.info().owner.clone(), entry.info().event_id);
                    if let Some(number) = new.get(&key).copied().or_else(|| state.held(self.shelf, &key)) {
                        return Stored { id: EntryId { shelf: self.shelf, number }, new: false };
                    }
                    let number = state.next_entry + entries.len() as u64;
                    let id = EntryId { shelf: self.shelf, number };
                    match &mut entry {
                        Entry::Held { info, .. } => info.id = id,
                        Entry::Rejected { info, dictionary, .. } => {
                            info.id = id;
                            *dictionary += first_dictionary;
                        }
                    }
                    new.insert(key, number);
                    entries.push(entry);
                    Stored { id, new: true }
                });
                results.push(Ok(stored.collect()));
            }
        }
        if entries.is_empty() {
            return results;
        }
        if let Err(error) = self.commit(writer, &dictionaries, &[], entries) {
            results.iter_mut().filter(|result| result.is_ok()).for_each(|result| *result = Err(error));
        }
        results
    }

    /// Ends live entries; returns after the sync. Ids that are not live are passed over, so it can be called again.
    pub(crate) fn finish(&self, numbers: &[u64], fate: Fate) -> Result<u64, HoldError> {
        let mut writer = lock(&self.writer);
        let done: Vec<Done> = {
            let state = lock(&self.state);
            let numbers: BTreeSet<u64> = numbers.iter().copied().collect();
            let live = numbers.into_iter().filter_map(|number| state.live.get(&number));
            live.map(|live| Done { number: live.info.id.number, fate, owner: live.info.owner.clone() }).collect()
        };
        if !done.is_empty() {
            self.commit(&mut writer, &[], &done, Vec::new())?;
        }
        Ok(done.len() as u64)
    }

    /// Writes one group and, once it is durable, changes the state by it.
    fn commit(
        &self,
        writer: &mut Writer,
        dictionaries: &[Dictionary],
        done: &[Done],
        entries: Vec<Entry>,
    ) -> Result<(), HoldError> {
        let day = self.clock.now().day();
        let mut current = match writer.current.take() {
            Some(current) if current.day == day && current.at < FILE_BYTES => current,
            _ => self.begin(writer, day)?,
        };
        let encoded: Vec<Vec<u8>> = entries.iter().map(Entry::encode).collect();
        let mut span = Span::EMPTY;
        entries.iter().for_each(|entry| span.join(Span::of(entry.info().held_at)));
        let mut buffer = vec![0; FRAME_BYTES];
        Parts::encode(dictionaries, done, &encoded, &mut buffer);
        let base = lock(&self.state).next_entry;
        let count = entries.len() as u32;
        let frame = seal_group(&current.key, &current.id, current.counter, base, count, span, &mut buffer);
        // From here an error drops `current`: the file is left, its key is not used again, and the base of the next file cuts off
        // what may stand in it. After a crash before there is one, recovery may find the group and keep it: nothing is lost by that.
        let written = current.file.write_all_at(&buffer, current.at).and_then(|()| current.file.sync_data());
        if let Err(error) = written {
            emit(Level::Error, "a hold file failed and was left", &[("error", Field::Io(error.kind()))]);
            return Err(HoldError::of(error.kind()));
        }
        let mut state = lock(&self.state);
        for (index, entry) in entries.into_iter().enumerate() {
            let info = entry.info().clone();
            state.add(Live { info, file: current.number, at: current.at, index: index as u32 });
        }
        done.iter().for_each(|done| state.end(done));
        state.next_entry = frame.end();
        state.bytes += frame.stride();
        if let Some(file) = state.files.get_mut(&current.number) {
            file.len += frame.stride();
        }
        drop(state);
        current.at += frame.stride();
        current.counter += 1;
        writer.current = Some(current);
        Ok(())
    }

    /// Begins a new file. A crash on the way leaves a `.new`, destroyed at open, or an empty file.
    fn begin(&self, writer: &mut Writer, day: i64) -> Result<Current, HoldError> {
        let number = writer.next_file;
        writer.next_file += 1;
        let (base, snapshot) = {
            let state = lock(&self.state);
            (state.next_entry, state.snapshot.encode())
        };
        let mut header =
            Header { id: [0; 16], number, base, created_at: self.clock.now(), before: Span::EMPTY, snapshot };
        weir_keys::random(&mut header.id);
        let (bytes, key) = new_header(HOLD, &self.keys, &header);
        // The readers' key is read from the header as a restart would: it opens before anything rests on it.
        let reopened = parse_header(HOLD, &self.keys, &mut bytes.clone())
            .map_err(|_| HoldError::Failed(ErrorKind::InvalidData))?;
        let sealed = Arc::new(Sealed { id: header.id, key: reopened.key });
        let (new, path) = (self.dir.join(format!("{number:016x}.new")), self.dir.join(file_name(number, base)));
        let named = self.disk.create(&new).and_then(|file| {
            file.write_all_at(&bytes, 0)?;
            file.sync_data()?;
            self.disk.rename(&new, &path)?;
            self.disk.sync_dir(&self.dir)?;
            Ok(file)
        });
        let file = named.map_err(|error| {
            emit(Level::Error, "a hold file could not be begun", &[("error", Field::Io(error.kind()))]);
            // Under either name it is harmless, so a failed removal only costs its space.
            let _ = self.disk.remove(&path).or_else(|_| self.disk.remove(&new));
            HoldError::of(error.kind())
        })?;
        let at = data_start(bytes.len() as u64);
        let mut state = lock(&self.state);
        state.bytes += at;
        state.files.insert(number, File { path, base, len: at, live: 0, sealed: Some(sealed) });
        Ok(Current { number, file, id: header.id, key, at, counter: 1, day })
    }

    /// Destroys files of which nothing is live any more. The newest goes too, once another carries the totals.
    pub(crate) fn sweep(&self) -> Result<u64, HoldError> {
        let mut writer = lock(&self.writer);
        let newest_is_over = {
            let state = lock(&self.state);
            let newest = state.files.last_key_value().map(|(_, file)| file);
            newest.is_some_and(|file| file.live == 0 && file.base < state.next_entry)
        };
        if newest_is_over {
            let day = self.clock.now().day();
            writer.current = None;
            writer.current = Some(self.begin(&mut writer, day)?);
        }
        let over: Vec<(u64, PathBuf)> = {
            let state = lock(&self.state);
            let newest = state.files.last_key_value().map(|(number, _)| *number);
            let over = state
                .files
                .iter()
                .filter(|(number, file)| Some(**number) != newest && file.live == 0 && file.sealed.is_some());
            over.map(|(number, file)| (*number, file.path.clone())).collect()
        };
        for (number, path) in &over {
            // Renamed first: a crash after it leaves a `.gone`, and open goes on with destroying it.
            let gone = self.dir.join(format!("{number:016x}.gone"));
            let renamed = self.disk.rename(path, &gone).and_then(|()| self.disk.sync_dir(&self.dir));
            renamed.map_err(|error| HoldError::of(error.kind()))?;
            lock(&self.state).forget(*number);
            destroy(&*self.disk, &gone).map_err(|error| HoldError::of(error.source.kind()))?;
        }
        Ok(over.len() as u64)
    }

    /// Stops between two groups; nothing is put or ended as long as the guard lives.
    pub(crate) fn freeze(&self) -> Frozen<'_> {
        Frozen { log: self, _writer: lock(&self.writer) }
    }

    /// An entry with its payload, and its dictionary.
    pub(crate) fn read(&self, number: u64) -> Result<(Entry, Dictionary), HoldError> {
        let (path, sealed, at, index) = {
            let state = lock(&self.state);
            let live = state.live.get(&number).ok_or(HoldError::NotHere)?;
            let file = state.files.get(&live.file).ok_or(HoldError::NotHere)?;
            let sealed = file.sealed.as_ref().ok_or(HoldError::Damaged)?;
            (file.path.clone(), Arc::clone(sealed), live.at, live.index)
        };
        let failed = |error: DiskError| HoldError::of(error.source.kind());
        let file = self.disk.open(&path).map_err(DiskError::at("open", &path)).map_err(failed)?;
        let reader = SegmentReader { file: &*file, path: &path, id: &sealed.id, key: &sealed.key };
        let Found::Group(frame, plain) = reader.group(at).map_err(failed)? else { return Err(HoldError::Damaged) };
        let parts = Parts::decode(self.shelf, &plain, frame.records).map_err(|_| HoldError::Damaged)?;
        let bytes = parts.entries.get(index as usize).ok_or(HoldError::Damaged)?;
        let id = EntryId { shelf: self.shelf, number };
        let entry = Entry::decode(id, bytes, &self.names).map_err(|_| HoldError::Damaged)?;
        let dictionary = match &entry {
            Entry::Held { .. } => Dictionary::new(),
            Entry::Rejected { dictionary, .. } => {
                parts.dictionaries.into_iter().nth(*dictionary as usize).ok_or(HoldError::Damaged)?
            }
        };
        Ok((entry, dictionary))
    }

    /// Looks at every live entry, in order.
    pub(crate) fn each(&self, mut look: impl FnMut(&HoldInfo)) {
        lock(&self.state).live.values().for_each(|live| look(&live.info));
    }

    /// The live entry of an event.
    pub(crate) fn find(&self, owner: &Owner, event_id: EventId) -> Option<EntryId> {
        let state = lock(&self.state);
        let number = *state.by_event.get(&(owner.clone(), event_id))?;
        state.live.contains_key(&number).then_some(EntryId { shelf: self.shelf, number })
    }

    pub(crate) fn totals(&self) -> BTreeMap<(Owner, Fate), u64> {
        lock(&self.state).snapshot.totals.clone()
    }

    pub(crate) fn bytes(&self) -> u64 {
        lock(&self.state).bytes
    }

    /// Whether a further entry may be refused.
    pub(crate) fn is_full(&self) -> bool {
        let state = lock(&self.state);
        state.live.len() >= self.entries_max
            || state.bytes + weir_event::limits::HOLD_BODY_BYTES_MAX as u64 + 65_536 > self.bytes_max
    }
}

/// Reads the entries of one file, and its ends where it is the newest.
#[expect(clippy::too_many_arguments, reason = "called in one place")]
fn read_file(
    shelf: Shelf,
    names: &Names,
    number: u64,
    reader: &SegmentReader<'_>,
    start: u64,
    end_max: Option<(u64, u64)>,
    is_newest: bool,
    state: &mut State,
    damage: &mut Damage,
) -> Result<(), OpenError> {
    let (mut at, mut counter) = (start, 0);
    // Not the state's next entry: a file with a damaged header before this one makes that an upper bound.
    let mut next = state.files.get(&number).map_or(0, |file| file.base);
    loop {
        match reader.group(at)? {
            Found::Group(frame, plain) => {
                if end_max.is_some_and(|(_, max)| frame.end() > max) || frame.base < next {
                    break;
                }
                damage.entries += frame.base - next;
                next = frame.end();
                match Parts::decode(shelf, &plain, frame.records) {
                    Ok(parts) => {
                        for (index, bytes) in parts.entries.iter().enumerate() {
                            let id = EntryId { shelf, number: frame.base + index as u64 };
                            match Entry::decode(id, bytes, names) {
                                Ok(entry) => {
                                    let info = entry.info().clone();
                                    state.add(Live { info, file: number, at, index: index as u32 });
                                }
                                Err(_) => damage.entries += 1,
                            }
                        }
                        if is_newest {
                            parts.done.iter().for_each(|done| state.end(done));
                        }
                    }
                    Err(_) => damage.entries += u64::from(frame.records),
                }
                (at, counter) = (at + frame.stride(), frame.counter);
            }
            Found::Unreadable(_) | Found::Nothing => {
                // Torn, if nothing follows; otherwise damaged, and the gap in the numbers counts it.
                let Some((place, frame)) = reader.search(at + GROUP_ALIGN, counter)? else { break };
                (at, counter) = (place, frame.counter.saturating_sub(1));
            }
        }
    }
    // What is missing before the next file was in a destroyed one, unless nothing was between the two.
    if let Some((_, max)) = end_max.filter(|(follower, _)| *follower == number + 1) {
        damage.entries += max.saturating_sub(next);
    }
    state.next_entry = next.max(state.next_entry);
    Ok(())
}

impl State {
    fn add(&mut self, live: Live) {
        let number = live.info.id.number;
        self.by_event.insert((live.info.owner.clone(), live.info.event_id), number);
        if let Some(file) = self.files.get_mut(&live.file) {
            file.live += 1;
        }
        self.live.insert(number, live);
    }

    /// Ends an entry: from live to done, counted once. While loading, its file may be gone already.
    fn end(&mut self, done: &Done) {
        if self.snapshot.done.insert(done.number, done.fate).is_none() {
            self.take(done.number);
            *self.snapshot.totals.entry((done.owner.clone(), done.fate)).or_default() += 1;
        }
    }

    fn take(&mut self, number: u64) -> Option<Live> {
        let live = self.live.remove(&number)?;
        if let Some(file) = self.files.get_mut(&live.file) {
            file.live -= 1;
        }
        Some(live)
    }

    /// After loading: takes what the snapshot calls done out of the live ones, and forgets what it says of files that are gone.
    fn settle(&mut self) {
        let done: Vec<u64> = self.snapshot.done.keys().copied().collect();
        for number in done {
            self.take(number);
        }
        let first = self.files.first_key_value().map_or(u64::MAX, |(_, file)| file.base);
        self.snapshot.done.retain(|number, _| *number >= first);
    }

    /// The entry that makes another of the same event needless: a live one, or for a rejection one that an operator or the clock
    /// already ended, since a resend after a crash must not bring it back.
    fn held(&self, shelf: Shelf, key: &(Owner, EventId)) -> Option<u64> {
        let number = *self.by_event.get(key)?;
        let ended = matches!(self.snapshot.done.get(&number), Some(Fate::Discarded | Fate::Expired | Fate::Dropped(_)));
        (self.live.contains_key(&number) || shelf == Shelf::Rejected && ended).then_some(number)
    }

    /// Forgets a file that is destroyed, and the fates of its entries.
    fn forget(&mut self, number: u64) {
        let Some(file) = self.files.remove(&number) else { return };
        let end = self.files.range(number..).next().map_or(self.next_entry, |(_, next)| next.base);
        self.bytes = self.bytes.saturating_sub(file.len);
        let gone: Vec<u64> = self.snapshot.done.range(file.base..end).map(|(number, _)| *number).collect();
        for number in gone {
            self.snapshot.done.remove(&number);
        }
        self.by_event.retain(|_, number| !(file.base..end).contains(number));
    }
}

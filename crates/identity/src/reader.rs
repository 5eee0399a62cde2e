//! The task that reads the journal into the index.
//!
//! It answers to nobody's pace: intake, delivery and trimming do not wait for it. A crash loses what was read since the last write,
//! and nothing of it in the end: the next start reads those records again, as long as the journal has them. What was trimmed before
//! it was read is a gap, which is written down.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use weir_event::log::{Field, Level, emit};
use weir_event::{Clock, Offset, SubjectTag};
use weir_journal::disk::Disk;
use weir_journal::{Group, Journal, ReadError, Reader};
use weir_policy::{MinimisedBatch, RecordView};

use crate::link::{KEY_BYTES, Stored, sides};
use crate::manifest::Manifest;
use crate::store::{Found, IdentityError, Store};

/// New links are written this long after the last time, if there are any.
const SAVE_INTERVAL: Duration = Duration::from_secs(10);
/// Writing takes at most one part in so many of the time.
const SAVE_SHARE: u32 = 20;
const DISK_RETRY: Duration = Duration::from_secs(1);
/// New links that wait to be written. At it the journal is not read on until they are.
const WAITING_MAX: usize = 200_000;
/// Links that were seen lately, which need not be written again: most events bring no new one.
const RECENT: usize = 1 << 16;

/// The identity index of a running Weir.
#[derive(Clone)]
pub struct IdentityHandle {
    asks: mpsc::Sender<Ask>,
}

type Answer = oneshot::Sender<Result<(), IdentityError>>;

enum Ask {
    /// Take in what the journal holds now, and write it down.
    Save(Answer),
    /// Links of these are to go.
    Forget(Vec<SubjectTag>, Answer),
    /// Files that do not count any more may be removed.
    Sweep,
    Stop(oneshot::Sender<()>),
}

impl IdentityHandle {
    /// Goes on from the stored index, or begins one at the journal's first offset. Must run inside a runtime. What is wrong with the
    /// disk is said in the log and tried again: nothing waits for it.
    pub fn start(
        disk: Arc<dyn Disk>,
        data: &Path,
        journal: Journal<MinimisedBatch>,
        clock: Arc<dyn Clock>,
    ) -> IdentityHandle {
        let (asks, asked) = mpsc::channel(16);
        tokio::spawn(run(disk, data.to_owned(), journal, clock, asked));
        IdentityHandle { asks }
    }

    /// Takes in everything that is in the journal when this is called, and writes it down.
    pub async fn save(&self) -> Result<(), IdentityError> {
        self.ask(Ask::Save).await
    }

    /// Removes the links of these tags (D15): durably out of every answer when this returns, off the disk with the next merge, which
    /// follows at once. Links that come in afterwards are new ones.
    pub async fn forget(&self, tags: Vec<SubjectTag>) -> Result<(), IdentityError> {
        self.ask(|answer| Ask::Forget(tags, answer)).await
    }

    /// Lets it remove files that do not count any more: to be called from time to time, and not while a backup copies.
    pub fn sweep(&self) {
        // One that is busy is asked again.
        let _ = self.asks.try_send(Ask::Sweep);
    }

    /// Writes down what was read and ends the task.
    pub async fn close(&self) {
        let (done, answer) = oneshot::channel();
        if self.asks.send(Ask::Stop(done)).await.is_ok() {
            let _ = answer.await;
        }
    }

    async fn ask(&self, ask: impl FnOnce(Answer) -> Ask) -> Result<(), IdentityError> {
        let (done, answer) = oneshot::channel();
        self.asks.send(ask(done)).await.map_err(|_| IdentityError::Stopped)?;
        answer.await.map_err(|_| IdentityError::Stopped)?
    }
}

async fn run(
    disk: Arc<dyn Disk>,
    data: PathBuf,
    journal: Journal<MinimisedBatch>,
    clock: Arc<dyn Clock>,
    mut asked: mpsc::Receiver<Ask>,
) {
    let mut is_failing = false;
    let store = loop {
        let (disk, data, clock) = (Arc::clone(&disk), data.clone(), Arc::clone(&clock));
        let (floor, tail) = (journal.floor(), journal.tail());
        let opened = tokio::task::spawn_blocking(move || {
            let (mut store, found) = Store::open(disk, &data, floor, tail, clock.now())?;
            // Nothing copies at a start. What stays is removed later.
            let _ = store.sweep();
            Ok::<_, IdentityError>((store, found))
        });
        match opened.await {
            Ok(Ok((store, found))) => {
                say(found, store.manifest());
                break store;
            }
            _ if !std::mem::replace(&mut is_failing, true) => {
                emit(Level::Warn, "the identity index cannot be opened; it is tried again", &[]);
            }
            _ => {}
        }
        if !wait(&mut asked).await {
            return;
        }
    };
    let reader = journal.reader(store.manifest().position);
    let forgotten = store.forgotten().iter().map(|of| (of.tag, of.until)).collect();
    let task = Task {
        progress: store.manifest().clone(),
        store: Some(store),
        journal,
        clock,
        waiting: HashMap::default(),
        recent: vec![None; RECENT],
        forgotten,
        is_failing: false,
        saved: None,
    };
    task.run(reader, asked).await;
}

/// Waits a while, in which nothing can be done; `false` where it is to end.
async fn wait(asked: &mut mpsc::Receiver<Ask>) -> bool {
    let until = Instant::now() + DISK_RETRY;
    while let Ok(ask) = tokio::time::timeout_at(until, asked.recv()).await {
        match ask {
            Some(Ask::Save(done) | Ask::Forget(_, done)) => drop(done.send(Err(IdentityError::Stopped))),
            Some(Ask::Sweep) => {}
            Some(Ask::Stop(done)) => {
                let _ = done.send(());
                return false;
            }
            None => return false,
        }
    }
    true
}

fn say(found: Found, manifest: &Manifest) {
    let from = [("from", Field::Count(manifest.position.0))];
    match found {
        Found::Whole => {}
        Found::New if manifest.position.0 == 0 => {}
        Found::New => {
            emit(Level::Warn, "the identity index begins here: ids that were joined before are not in it", &from);
        }
        Found::Earlier => {
            emit(Level::Warn, "the newest identity index cannot be read: it goes on from one before", &from)
        }
        Found::Lost => {
            emit(Level::Error, "the identity index is lost: it is made anew of what the journal holds", &from);
        }
    }
}

struct Task {
    /// Away while a thread works with it; gone for good where that thread broke.
    store: Option<Store>,
    /// How far the journal was read, of which the store's manifest is a part.
    progress: Manifest,
    journal: Journal<MinimisedBatch>,
    clock: Arc<dyn Clock>,
    waiting: HashMap<[u8; KEY_BYTES], Stored, RandomState>,
    recent: Vec<Option<Stored>>,
    /// Tags whose links are to go, and up to which offset they are not read again.
    forgotten: HashMap<SubjectTag, Offset, RandomState>,
    is_failing: bool,
    /// The position that was written last by this process.
    saved: Option<Offset>,
}

impl Task {
    async fn run(mut self, mut reader: Reader, mut asked: mpsc::Receiver<Ask>) {
        let mut due = Instant::now() + SAVE_INTERVAL;
        loop {
            let has_room = self.waiting.len() < WAITING_MAX;
            tokio::select! {
                biased;
                ask = asked.recv() => match ask {
                    Some(Ask::Save(done)) => {
                        let tail = self.journal.tail();
                        let mut saved = Ok(());
                        while reader.position() < tail && saved.is_ok() && self.step(reader.next().await).await {
                            if self.waiting.len() >= WAITING_MAX {
                                saved = self.save(&mut due).await;
                            }
                        }
                        if saved.is_ok() {
                            saved = self.save(&mut due).await;
                        }
                        let _ = done.send(saved);
                    }
                    Some(Ask::Forget(tags, done)) => {
                        let forgot = self.forget(tags).await;
                        let _ = done.send(forgot);
                        due = Instant::now();
                    }
                    Some(Ask::Sweep) => self.sweep().await,
                    Some(Ask::Stop(done)) => {
                        let _ = self.write().await;
                        let _ = done.send(());
                        return;
                    }
                    None => return,
                },
                () = tokio::time::sleep_until(due) => {
                    let _ = self.save(&mut due).await;
                }
                read = reader.next(), if has_room => {
                    if !self.step(read).await {
                        // Everything was read; what is left to do is to be asked to stop.
                        let _ = self.save(&mut due).await;
                        loop {
                            match asked.recv().await {
                                Some(Ask::Stop(done)) => {
                                    let _ = done.send(());
                                    return;
                                }
                                Some(Ask::Save(done)) => drop(done.send(self.write().await)),
                                Some(Ask::Forget(tags, done)) => drop(done.send(self.forget(tags).await)),
                                Some(Ask::Sweep) => {}
                                None => return,
                            }
                        }
                    }
                    if self.waiting.len() >= WAITING_MAX {
                        due = Instant::now() + if self.is_failing { DISK_RETRY } else { Duration::ZERO };
                    }
                }
            }
        }
    }

    /// Takes in what was read; `false` where the journal has ended.
    async fn step(&mut self, read: Result<Arc<Group>, ReadError>) -> bool {
        match read {
            Ok(group) => self.add(&group),
            Err(ReadError::Damaged { to, .. }) => self.miss(to),
            Err(ReadError::Trimmed { to, .. }) => self.miss(to),
            Err(ReadError::Closed) => return false,
            Err(ReadError::Disk(_)) => {
                emit(Level::Warn, "the journal cannot be read for the identity index; it is tried again", &[]);
                tokio::time::sleep(DISK_RETRY).await;
            }
        }
        true
    }

    fn miss(&mut self, to: Offset) {
        let fields = [("from", Field::Count(self.progress.position.0)), ("to", Field::Count(to.0))];
        emit(Level::Warn, "events could not be read for the identity index: answers name the gap", &fields);
        self.progress.miss(to, self.clock.now());
    }

    fn add(&mut self, group: &Group) {
        let first = self.progress.position.0.saturating_sub(group.base().0);
        for index in u32::try_from(first).unwrap_or(u32::MAX)..group.count() {
            let offset = Offset(group.base().0 + u64::from(index));
            // Most records hold no link, and are not read further than that shows.
            let read = match RecordView::glance(group, index) {
                Ok((received_at, false)) => Ok(received_at),
                Ok((_, true)) => RecordView::parse(group, index).map(|view| {
                    sides(&view).for_each(|link| self.take(link, offset));
                    view.received_at()
                }),
                Err(error) => Err(error),
            };
            // Delivery reports it; here its links are missed.
            let Ok(received_at) = read else {
                self.miss(Offset(offset.0 + 1));
                continue;
            };
            self.progress.through = self.progress.through.max(received_at);
            self.progress.position = Offset(offset.0 + 1);
        }
    }

    fn take(&mut self, link: Stored, offset: Offset) {
        if !self.forgotten.is_empty() {
            let is_forgotten = |tag: SubjectTag| self.forgotten.get(&tag).is_some_and(|until| offset < *until);
            if is_forgotten(link.tag()) || is_forgotten(link.linked()) {
                return;
            }
        }
        let mut key = [0; KEY_BYTES];
        key.copy_from_slice(link.key());
        // Any bytes of two keyed hashes say where it goes.
        let place = u16::from_le_bytes([key[0] ^ key[20], key[1] ^ key[21]]);
        let Some(known) = self.recent.get_mut(usize::from(place)) else { return };
        if known.is_some_and(|known| known.key() == link.key()) {
            return;
        }
        *known = Some(link);
        self.waiting.entry(key).and_modify(|waiting| *waiting = waiting.earliest(&link)).or_insert(link);
    }

    async fn forget(&mut self, tags: Vec<SubjectTag>) -> Result<(), IdentityError> {
        let tail = self.journal.tail();
        let list = tags.clone();
        self.with_store(move |store| store.forget(&list, tail)).await?;
        self.forgotten.extend(tags.into_iter().map(|tag| (tag, tail)));
        let forgotten = &self.forgotten;
        self.waiting.retain(|_, link| !forgotten.contains_key(&link.tag()) && !forgotten.contains_key(&link.linked()));
        // A link that comes again is to be written again.
        self.recent.fill(None);
        Ok(())
    }

    async fn sweep(&mut self) {
        if self.with_store(Store::sweep).await.is_err() {
            emit(Level::Warn, "old files of the identity index cannot be removed; it is tried again", &[]);
        }
        if let Some(store) = &self.store {
            self.forgotten = store.forgotten().iter().map(|of| (of.tag, of.until)).collect();
        }
    }

    async fn save(&mut self, due: &mut Instant) -> Result<(), IdentityError> {
        let began = Instant::now();
        let saved = match self.write().await {
            Ok(()) => self.merge().await,
            Err(error) => Err(error),
        };
        *due = Instant::now() + SAVE_INTERVAL.max(began.elapsed() * SAVE_SHARE);
        // Said once: the next success ends it.
        let was_failing = std::mem::replace(&mut self.is_failing, saved.is_err());
        if saved.is_err() && !was_failing {
            emit(Level::Warn, "the identity index cannot be written; it is tried again", &[]);
        }
        saved
    }

    async fn write(&mut self) -> Result<(), IdentityError> {
        if self.waiting.is_empty() && self.saved == Some(self.progress.position) {
            return Ok(());
        }
        let mut links: Vec<Stored> = self.waiting.values().copied().collect();
        links.sort_unstable();
        let progress = self.progress.clone();
        self.with_store(move |store| store.commit(&links, &progress)).await?;
        self.waiting.clear();
        self.saved = Some(self.progress.position);
        Ok(())
    }

    async fn merge(&mut self) -> Result<(), IdentityError> {
        while self.with_store(Store::merge).await? {}
        Ok(())
    }

    /// Works with the store where threads may wait for the disk.
    async fn with_store<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Store) -> Result<T, IdentityError> + Send + 'static,
    ) -> Result<T, IdentityError> {
        let mut store = self.store.take().ok_or(IdentityError::Stopped)?;
        let worked = tokio::task::spawn_blocking(move || {
            let done = work(&mut store);
            (store, done)
        });
        let (store, done) = worked.await.map_err(|_| IdentityError::Stopped)?;
        self.store = Some(store);
        done
    }
}

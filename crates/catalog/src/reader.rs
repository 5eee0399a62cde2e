//! The task that reads the journal into the catalog and writes that down from time to time.
//!
//! It answers to nobody's pace: intake and trimming do not wait for it. A crash loses what was counted since the last write, and
//! nothing of it in the end: the next start reads those events again.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use weir_event::log::{Field, Level, emit};
use weir_event::{Clock, Names, Offset};
use weir_journal::{Group, Journal, ReadError, Reader};
use weir_policy::{MinimisedBatch, RecordView};

use crate::catalog::Catalog;
use crate::file::{self, CatalogError};
use crate::sketch::SketchKey;

/// The catalog is written this long after the last time, if anything changed.
const SAVE_INTERVAL: Duration = Duration::from_secs(10);
/// Writing it takes at most one part in so many of the time.
const SAVE_SHARE: u32 = 50;
const DISK_RETRY: Duration = Duration::from_secs(1);

/// The catalog of a running Weir.
#[derive(Clone)]
pub struct CatalogHandle {
    state: Arc<Mutex<Catalog>>,
    asks: mpsc::Sender<Ask>,
    version: Arc<AtomicU16>,
}

enum Ask {
    /// Take in what the journal holds now, and write it down.
    Save(oneshot::Sender<Result<(), CatalogError>>),
    Stop(oneshot::Sender<()>),
}

impl CatalogHandle {
    /// Goes on from the stored catalog, or begins one at the journal's first offset; writes it in this version of its format. Must
    /// run inside a runtime.
    pub fn start(
        data: &Path,
        journal: Journal<MinimisedBatch>,
        names: Arc<Names>,
        key: SketchKey,
        clock: &dyn Clock,
        version: u16,
    ) -> CatalogHandle {
        let catalog = restore(data, &journal, &names, key, clock);
        let saved = catalog.position();
        let reader = journal.reader(saved);
        let state = Arc::new(Mutex::new(catalog));
        let (asks, asked) = mpsc::channel(16);
        let version = Arc::new(AtomicU16::new(version));
        let (state_of_task, data) = (Arc::clone(&state), data.to_owned());
        let of_task = Arc::clone(&version);
        let task = Task { state: state_of_task, journal, names, data, saved, failing: false, version: of_task };
        tokio::spawn(task.run(reader, asked));
        CatalogHandle { state, asks, version }
    }

    /// From now on the file is written in this version.
    pub fn write_version(&self, version: u16) {
        self.version.store(version, Ordering::Relaxed);
    }

    /// Looks at the catalog as it is now. Intake does not wait meanwhile, the catalog's own task does.
    pub fn read<T>(&self, look: impl FnOnce(&Catalog) -> T) -> T {
        look(&self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A copy as it is now.
    pub fn snapshot(&self) -> Arc<Catalog> {
        self.read(|catalog| Arc::new(catalog.clone()))
    }

    /// Takes in everything that is in the journal when this is called, and writes the file.
    pub async fn save(&self) -> Result<(), CatalogError> {
        let (done, answer) = oneshot::channel();
        self.asks.send(Ask::Save(done)).await.map_err(|_| CatalogError::Stopped)?;
        answer.await.map_err(|_| CatalogError::Stopped)?
    }

    /// Writes down what was read and ends the task.
    pub async fn close(&self) {
        let (done, answer) = oneshot::channel();
        if self.asks.send(Ask::Stop(done)).await.is_ok() {
            let _ = answer.await;
        }
    }
}

/// The stored catalog, if it reads and fits the journal; else a new one from the journal's first offset.
fn restore(
    data: &Path,
    journal: &Journal<MinimisedBatch>,
    names: &Names,
    key: SketchKey,
    clock: &dyn Clock,
) -> Catalog {
    let begin = || Catalog::new(key, journal.floor(), clock.now());
    match file::read(data, names, key) {
        Ok(mut catalog) if catalog.position() > journal.tail() => {
            emit(Level::Warn, "the catalog is ahead of the journal, whose end was lost: it goes on from there", &[]);
            catalog.position = journal.tail();
            catalog
        }
        Ok(catalog) => catalog,
        Err(CatalogError::Absent(_)) => begin(),
        Err(_) => {
            let from = [("from", Field::Count(journal.floor().0))];
            emit(Level::Warn, "the catalog cannot be read: it is made anew of what the journal holds", &from);
            begin()
        }
    }
}

struct Task {
    state: Arc<Mutex<Catalog>>,
    journal: Journal<MinimisedBatch>,
    names: Arc<Names>,
    data: PathBuf,
    /// The position in the file.
    saved: Offset,
    failing: bool,
    /// The version of the file that may be written.
    version: Arc<AtomicU16>,
}

impl Task {
    async fn run(mut self, mut reader: Reader, mut asked: mpsc::Receiver<Ask>) {
        let mut due = Instant::now() + SAVE_INTERVAL;
        loop {
            tokio::select! {
                biased;
                ask = asked.recv() => match ask {
                    Some(Ask::Save(done)) => {
                        let tail = self.journal.tail();
                        while reader.position() < tail && self.step(reader.next().await).await {}
                        let _ = done.send(self.save(&mut due).await);
                    }
                    Some(Ask::Stop(done)) => {
                        let _ = self.save(&mut due).await;
                        let _ = done.send(());
                        return;
                    }
                    None => return,
                },
                () = tokio::time::sleep_until(due) => {
                    let _ = self.save(&mut due).await;
                }
                read = reader.next() => {
                    if !self.step(read).await {
                        // Everything was read; what is left to do is to be asked to stop.
                        let _ = self.save(&mut due).await;
                        match asked.recv().await {
                            Some(Ask::Stop(done)) => drop(done.send(())),
                            Some(Ask::Save(done)) => drop(done.send(Ok(()))),
                            None => {}
                        }
                        return;
                    }
                }
            }
        }
    }

    /// Takes in what was read; `false` where the journal has ended.
    async fn step(&self, read: Result<Arc<Group>, ReadError>) -> bool {
        match read {
            Ok(group) => self.add(&group),
            Err(ReadError::Damaged { to, .. }) => self.change(|catalog| catalog.miss(to)),
            Err(ReadError::Trimmed { from, to }) => {
                self.change(|catalog| catalog.miss(to));
                let fields = [("from", Field::Count(from.0)), ("to", Field::Count(to.0))];
                emit(Level::Warn, "the catalog was behind: events were trimmed before it counted them", &fields);
            }
            Err(ReadError::Closed) => return false,
            Err(ReadError::Disk(_)) => {
                emit(Level::Warn, "the journal cannot be read for the catalog; it is tried again", &[]);
                tokio::time::sleep(DISK_RETRY).await;
            }
        }
        true
    }

    fn add(&self, group: &Group) {
        self.change(|catalog| {
            let first = catalog.position().0.saturating_sub(group.base().0);
            for index in u32::try_from(first).unwrap_or(u32::MAX)..group.count() {
                let offset = Offset(group.base().0 + u64::from(index));
                match RecordView::parse(group, index) {
                    Ok(view) => catalog.add(&view, offset, &self.names),
                    // Delivery reports it; here it is one event that was not counted.
                    Err(_) => catalog.miss(Offset(offset.0 + 1)),
                }
            }
        });
    }

    fn change(&self, change: impl FnOnce(&mut Catalog)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }

    async fn save(&mut self, due: &mut Instant) -> Result<(), CatalogError> {
        let began = Instant::now();
        let saved = self.write().await;
        *due = Instant::now() + SAVE_INTERVAL.max(began.elapsed() * SAVE_SHARE);
        // Said once: the next success ends it.
        let was_failing = std::mem::replace(&mut self.failing, saved.is_err());
        if saved.is_err() && !was_failing {
            emit(Level::Warn, "the catalog cannot be written; it is tried again", &[]);
        }
        saved
    }

    async fn write(&mut self) -> Result<(), CatalogError> {
        let path = self.data.join(file::FILE_NAME);
        let (position, bytes) = {
            let catalog = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if catalog.position() == self.saved && path.exists() {
                return Ok(());
            }
            let version = self.version.load(Ordering::Relaxed);
            (catalog.position(), catalog.encode_as(&self.names, version))
        };
        let data = self.data.clone();
        let written = tokio::task::spawn_blocking(move || file::write(&data, &bytes)).await;
        written.unwrap_or(Err(CatalogError::Stopped))?;
        self.saved = position;
        Ok(())
    }
}

//! Everything that one running Weir is made of, opened in the order that recovery needs: folder, keys, names, journal, hold,
//! ledgers, generation, delivery. `serve` runs it; `watch` and `operate` show and steer it.

mod reload;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use weir_catalog::{CatalogHandle, SketchKey};
use weir_deliver::{Deliver, Parts};
use weir_detect::{Engine, Judge};
use weir_event::log::{self, Field, Level};
use weir_event::{Clock, DestinationId, EventId, Millis, Names};
use weir_hold::{EntryId, Hold, HoldOptions, Shelf};
use weir_identity::IdentityHandle;
use weir_journal::Journal;
use weir_journal::disk::RealDisk as JournalDisk;
use weir_keys::Keys;
use weir_ledger::{Act, Actor, Kind, Ledger, Recovered, Target};
use weir_policy::{MinimisedBatch, Minimiser, SharedTally, Withdrawals};
use weir_rows::keeper::{Keeper, LOOK, May};

use crate::alerts::Alerts;
use crate::alerts::push::Push;
use crate::backup::lease::{Lease, Logs};
use crate::bypass::Bypass;
use crate::config::{Config, Problems, Secrets, ShipWay, StartFrom};
use crate::consent;
use crate::disk::{DataFolder, Space};
use crate::formats::Formats;
use crate::generation::{Generation, Memories};
use crate::key_acts::KeyActs;
use crate::listen;
use crate::mirror::Mirror;
use crate::pipeline::Pipeline;
use crate::profile;
use crate::receivers;
use crate::rollout;
use crate::ship::Shipping;
use crate::telemetry::Telemetry;
use crate::witness::Cosigner;

/// Where things are.
#[derive(Clone, Debug)]
pub struct Places {
    /// The configuration file.
    pub config: PathBuf,
    /// The data folder.
    pub data: PathBuf,
    /// The key folder, outside the data folder.
    pub keys: PathBuf,
}

/// A wish for another process to take over, and where to say what became of it.
#[derive(Debug)]
pub struct Succession {
    /// The binary; the running one's own path where there is none.
    pub binary: Option<PathBuf>,
    /// Process id and version of the one that has taken over, or why this one goes on.
    pub done: tokio::sync::oneshot::Sender<Result<(u32, String), String>>,
}

/// One running Weir.
pub struct Gateway {
    /// Where things are.
    pub places: Places,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// When it was opened.
    pub started: Millis,
    /// The key ring.
    pub keys: Arc<Keys>,
    /// All names.
    pub names: Arc<Names>,
    /// The detectors.
    pub engine: Arc<Engine>,
    /// What sources have learned.
    pub memories: Memories,
    /// The sums that the journal carries (D11).
    pub tally: SharedTally,
    /// The gate.
    pub pipeline: Arc<Pipeline>,
    /// Raw hold and quarantine.
    pub hold: Hold,
    /// What left.
    pub egress: Arc<Ledger>,
    /// Who did what.
    pub audit: Arc<Ledger>,
    /// When apps sent past Weir.
    pub bypass: Bypass,
    /// What an operator should look at.
    pub alerts: Alerts,
    /// Alerts on their way to the operator's webhook.
    pub push: Arc<Push>,
    /// Acts of the audit log on their way to other systems.
    pub shipping: Arc<Shipping>,
    /// Which keys the audit ledger knows of.
    key_acts: KeyActs,
    /// Traces on their way to a collector.
    pub telemetry: Arc<Telemetry>,
    /// Delivery.
    pub deliver: Arc<Deliver>,
    /// What was observed.
    pub catalog: CatalogHandle,
    /// Which ids belong together.
    pub identity: IdentityHandle,
    /// What keeps the files of ledger rows up with the ledger.
    pub rows: Keeper,
    /// Who has refused what since events came in that still wait.
    pub withdrawals: Arc<Withdrawals>,
    /// The disk.
    pub space: Arc<Space>,
    /// Anchors that are not files.
    pub mirror: Arc<Mirror>,
    /// For whom this one cosigns, where it does.
    pub cosigner: Option<Arc<Cosigner>>,
    /// The ingest listener, once there is one; a reload changes its limits and proxies.
    ingest: OnceLock<listen::Handle>,
    /// The rollout that is under way.
    pub(crate) rollouts: rollout::Desk,
    /// The resend that is under way.
    pub(crate) resending: crate::resend::Desk,
    /// One reload at a time.
    pub(crate) reloading: tokio::sync::Mutex<()>,
    /// The backup that is under way, if there is one.
    pub lease: Arc<Lease>,
    /// Who can hand this process over to another, once it serves.
    successor: OnceLock<tokio::sync::mpsc::Sender<Succession>>,
    // Last, so that the folder stays locked until everything above is closed.
    pub(crate) folder: DataFolder,
}

/// Why it cannot start. The texts say what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration.
    #[error("{0}")]
    Config(#[from] Problems),
    /// The data folder.
    #[error("{0}")]
    Disk(#[from] crate::disk::DiskError),
    /// The keys.
    #[error("keys: {0}")]
    Keys(#[from] weir_keys::KeysError),
    /// The data was written with keys that are not here.
    #[error(
        "{data} was written with keys that are not in {keys}: give the right folder with --keys, or restore it from a backup",
        data = .0.display(), keys = .1.display()
    )]
    KeysMissing(PathBuf, PathBuf),
    /// The key folder lies in the data folder, so a copy of the data would open itself.
    #[error("the key folder {} lies in the data folder: keep them apart, so that a copy of the data opens nothing", .0.display())]
    KeysInside(PathBuf),
    /// The journal.
    #[error("journal: {0}")]
    Journal(#[from] weir_journal::JournalError),
    /// The hold.
    #[error("hold: {0}")]
    Hold(#[from] weir_hold::hold::OpenError),
    /// A ledger.
    #[error("ledger: {0}")]
    Ledger(#[from] weir_ledger::LedgerError),
    /// Delivery.
    #[error("delivery: {0}")]
    Deliver(#[from] weir_deliver::DeliverError),
    /// An address, a certificate, a socket.
    #[error("{what}: {}", source.kind())]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// TLS.
    #[error("{0}")]
    Tls(#[from] crate::tls::TlsError),
    /// What is known of a rollout.
    #[error("{0}")]
    Rollout(#[from] rollout::file::KeptError),
    /// A change that is not made.
    #[error("{0}")]
    Refused(String),
}

/// What a reload did.
#[derive(Clone, Default, Debug)]
pub struct Reloaded {
    /// Whether the generation changed.
    pub changed: bool,
    /// Fields whose change waits for the next start.
    pub at_next_start: Vec<String>,
    /// What it does to events, where the rules of a destination differ.
    pub evaluation: Option<weir_console::rollout::Evaluation>,
    /// Whether it comes into force in steps.
    pub is_staged: bool,
}

/// A destination that is a folder, and a file of acts, must not lie in one of ours: what it is given would be read as journal, ledger or
/// keys, or copied with them.
fn refuse_own_folders(config: &Config, places: &Places) -> Result<(), Problems> {
    let lies_in = |path: &Path| {
        let path = real(path);
        let ours = [("data", &places.data), ("key", &places.keys)];
        ours.into_iter().find(|(_, ours)| path.starts_with(real(ours))).map(|(which, _)| which)
    };
    let mut problems = Vec::new();
    for (id, destination) in &config.destinations {
        let Some(which) = destination.folder.as_ref().and_then(|folder| lies_in(folder)) else { continue };
        let what = format!("`destinations.{id}.files.path` lies in the {which} folder: write files somewhere else");
        problems.push(config.problem(&format!("destinations.{id}.files"), &what));
    }
    for (id, ship) in &config.ships {
        let ShipWay::File(file) = &ship.way else { continue };
        let Some(which) = lies_in(file) else { continue };
        let what = format!("`audit_log.ship.{id}.to` lies in the {which} folder: write it somewhere else");
        problems.push(config.problem(&format!("audit_log.ship.{id}"), &what));
    }
    if problems.is_empty() { Ok(()) } else { Err(config.problems(problems)) }
}

/// A path without links, as far as it exists.
fn real(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    match (path.parent(), path.file_name()) {
        (Some(above), Some(name)) if !above.as_os_str().is_empty() => real(above).join(name),
        (Some(_), Some(name)) => real(Path::new(".")).join(name),
        _ => path.to_owned(),
    }
}

impl Gateway {
    /// Opens everything. Must run inside the runtime that delivery is to use.
    pub async fn open(places: Places, config: Config, clock: Arc<dyn Clock>) -> Result<Gateway, StartError> {
        let folder = DataFolder::open(&places.data)?;
        let keys = open_keys(&places, &clock)?;
        let space = Arc::new(Space::open(&folder, config.disk_reserve, config.journal.segment_bytes)?);
        let engine = Arc::new(Engine::new());
        let names = Names::new(Box::new(Judge::new(Arc::clone(&engine))));
        let tally = SharedTally::default();
        let options = weir_journal::Options {
            segment_bytes: config.journal.segment_bytes,
            budget_bytes: config.journal.budget_bytes,
            ..weir_journal::Options::default()
        };
        let (journal, recovery) = Journal::<MinimisedBatch>::open(
            &places.data.join("journal"),
            Arc::clone(&keys),
            Arc::clone(&names),
            Box::new(tally.clone()),
            options,
            Arc::clone(&clock),
        )?;
        report_recovery(&recovery);
        let (hold, _) = Hold::open(
            &places.data.join("hold"),
            Arc::clone(&keys),
            Arc::clone(&names),
            Arc::clone(&clock),
            hold_options(&config),
        )?;
        finish_replays(&hold, &tally).await;
        let mirror = Arc::new(Mirror::of(&config)?);
        let (egress, recovered) =
            open_ledger(Kind::Egress, &folder.formats(), &places, &config, &keys, &names, &clock)?;
        let (audit, _) = open_ledger(Kind::Audit, &folder.formats(), &places, &config, &keys, &names, &clock)?;
        // Before anything is signed or sent (D14); one that does not answer is asked again while it runs.
        mirror.compare(&[Arc::clone(&egress), Arc::clone(&audit)], &clock).await;
        for ledger in [&egress, &audit] {
            ledger.refuse_rewound()?;
        }
        let bypass = Bypass::open(&places.data.join("audit"))?;

        let memories = Memories::default();
        let has_ended = |id: &DestinationId| egress.position(id).is_some_and(|p| p.life == weir_ledger::Status::Ended);
        egress.totals().into_keys().filter(has_ended).for_each(|id| memories.end(id));
        let config = rollout::in_force(&places.data, config)?;
        let generation = Arc::new(Generation::resolve(config, &engine, &names, &memories)?);
        refuse_own_folders(&generation.config, &places)?;
        let found = rollout::Found::read(&places.data, &generation)?;
        let running = found.running(&generation, &engine, &names, &memories)?;
        fill_windows(&journal, &generation, clock.now()).await;
        // Before anything is sent: what was refused while events waited must stop them after a restart too.
        let withdrawals = Arc::new(Withdrawals::new());
        let old_asks = running.as_ref().map(|running| running.old.asks_consent()).unwrap_or_default();
        let asked = withdrawals.watch(generation.asks_consent().or(old_asks));
        // In the middle of a rollout both sides have events that wait.
        let sides = running.as_ref().map(|running| &*running.old).into_iter().chain([&*generation]);
        let oldest = sides.map(|side| consent::oldest_waiting(side, &journal, &hold, &egress)).min();
        let oldest = oldest.unwrap_or_else(|| journal.floor());
        consent::read_again(&withdrawals, asked, &journal, oldest).await;
        let sketches = SketchKey::derive(&keys.snapshot());
        let version = profile::catalog_version(&folder.formats());
        let catalog =
            CatalogHandle::start(&places.data, journal.clone(), Arc::clone(&names), sketches, &*clock, version);
        profile::learn(&catalog, &names, &memories.learned);
        let identity =
            IdentityHandle::start(Arc::new(JournalDisk::default()), &places.data, journal.clone(), Arc::clone(&clock));
        let lease = Arc::<Lease>::default();
        let (of_backups, now) = (Arc::clone(&lease), Arc::clone(&clock));
        let may = May {
            sum_up: folder.formats().may_write("rows.manifest") >= 3,
            change: Box::new(move || !of_backups.is_live(now.now())),
            ..May::default()
        };
        let rows = Keeper::start(&places.data.join("ledger"), Arc::clone(&egress), Arc::clone(&clock), LOOK, may)?;
        let minimiser = Minimiser::new(Arc::clone(&engine), Arc::clone(&names));
        let (push, telemetry) = (Arc::<Push>::default(), Arc::<Telemetry>::default());
        push.set(receivers::webhook(&generation.config)?);
        let shipping = Arc::<Shipping>::default();
        shipping.set(receivers::ships(&generation.config)?);
        telemetry.set(receivers::otlp(&generation.config)?);
        let parts = Parts {
            traces: Some(Arc::clone(&telemetry) as Arc<dyn weir_deliver::trace::Traces>),
            keys: Arc::clone(&keys),
            names: Arc::clone(&names),
            journal: journal.clone(),
            ledger: Arc::clone(&egress),
            hold: hold.clone(),
            withdrawals: Arc::clone(&withdrawals),
            clock: Arc::clone(&clock),
        };
        say_unreached(&generation, &egress, &journal);
        let staged = running.as_ref().map(rollout::Running::staged);
        let unfinished = recovered.unfinished;
        let deliver =
            Deliver::start_staged(parts, generation.id, &generation.destinations, staged.as_ref(), unfinished).await?;
        let rollouts = rollout::Desk::opened(running, found.kept.as_ref(), &places.config, &generation, &hold);
        let pipeline = Pipeline::new(
            Arc::clone(&generation),
            minimiser,
            journal,
            hold.clone(),
            Arc::clone(&keys),
            Arc::clone(&space),
            Arc::clone(&withdrawals),
            Arc::clone(&clock),
        );
        let deliver = Arc::new(deliver);
        pipeline.questions().attach(Arc::clone(&deliver));
        let started = clock.now();
        // With the number of keys that were unwrapped for it: their use begins here.
        let opened = keys.list().iter().filter(|key| key.destroyed.is_none()).count() as u64;
        let targets = vec![Target::Generation(generation.id), Target::Count(opened)];
        let act = Act { actor: Actor::Weir, action: "start", targets };
        audit.act(act).await?;
        let key_acts = KeyActs::read(&places.data.join("audit"))?;
        key_acts.note(&audit, &keys).await?;
        let cosigner = generation.config.ledger.witness.as_ref().map(|of| {
            let witness = crate::witness::of(of, &places.data, &keys);
            Cosigner::new(witness, Arc::clone(&keys), Arc::clone(&clock))
        });
        Ok(Gateway {
            places,
            clock,
            started,
            keys,
            names,
            engine,
            memories,
            tally,
            pipeline: Arc::new(pipeline),
            hold,
            egress,
            audit,
            bypass,
            alerts: Alerts::default(),
            push,
            shipping,
            key_acts,
            telemetry,
            deliver,
            catalog,
            identity,
            rows,
            withdrawals,
            space,
            mirror,
            cosigner,
            ingest: OnceLock::new(),
            rollouts,
            resending: crate::resend::Desk::default(),
            reloading: tokio::sync::Mutex::new(()),
            lease,
            successor: OnceLock::new(),
            folder,
        })
    }

    /// Makes the listener known, so that a reload reaches it.
    pub fn attach(&self, ingest: listen::Handle) {
        let _ = self.ingest.set(ingest);
    }

    /// Makes known who can hand the process over.
    pub fn attach_successor(&self, to: tokio::sync::mpsc::Sender<Succession>) {
        let _ = self.successor.set(to);
    }

    /// Hands the process over to another (see [`crate::hand_over`]); returns once that one serves, or this one goes on.
    pub async fn hand_over(&self, binary: Option<PathBuf>) -> Result<(u32, String), String> {
        let (done, answer) = tokio::sync::oneshot::channel();
        let to = self.successor.get().ok_or("this process cannot hand over: stop and start it")?;
        // One at a time: a second wish waits for nothing.
        to.try_send(Succession { binary, done }).map_err(|_| "a hand-over is under way, or the process is stopping")?;
        answer.await.unwrap_or_else(|_| Err("the process stopped meanwhile".to_owned()))
    }

    /// Ends a destination for good, and offers it nothing more although it is still in the configuration.
    pub async fn end_destination(&self, id: &DestinationId) -> Result<(), weir_deliver::DeliverError> {
        let _one = self.reloading.lock().await;
        self.deliver.end(id).await?;
        self.memories.end(id.clone());
        let config = self.pipeline.generation().config.clone();
        // It resolved before. Should it not now, the end holds all the same: what is offered until the next reload is dropped.
        if let Ok(generation) = Generation::resolve(config, &self.engine, &self.names, &self.memories) {
            let generation = Arc::new(generation);
            // A rollout under way ends with this one, too.
            let _ = self.rollouts.go_on_with(&generation);
            self.pipeline.replace(generation);
        }
        Ok(())
    }

    /// What is done every second and every minute beside the traffic: expiry, trimming, keys of days that are over.
    pub async fn upkeep(&self) {
        let now = self.clock.now();
        // A backup that is under way copies files that this would destroy; it holds them for a while at most.
        if !self.files_must_stay() && self.hold.expire(now).await.is_err() {
            log::emit(Level::Warn, "expired entries of the hold could not be removed; it is tried again", &[]);
        }
        self.trim();
        if !self.files_must_stay() {
            self.identity.sweep();
        }
        if self.key_acts.note(&self.audit, &self.keys).await.is_err() {
            log::emit(Level::Error, "keys that were made or destroyed could not be entered into the audit ledger", &[]);
        }
        self.learn();
    }

    /// Takes the catalog's verdicts of now for the gate and for release.
    pub(crate) fn learn(&self) {
        profile::learn(&self.catalog, &self.names, &self.memories.learned);
    }

    /// Frees journal segments that every destination has passed and whose replay window is over; returns how many.
    pub fn trim(&self) -> u64 {
        let journal = self.pipeline.journal();
        let window = self.pipeline.generation().config.journal.replay_window;
        let older_than = self.clock.now().plus(-i64::try_from(window.as_millis()).unwrap_or(i64::MAX));
        let before = self.deliver.floor().unwrap_or_else(|| journal.tail());
        if self.files_must_stay() {
            return 0;
        }
        match journal.trim(before, older_than) {
            Ok(trimmed) => {
                // D8: raw ids die with the last segment of their day.
                let oldest = trimmed.oldest_received_at.unwrap_or_else(|| self.clock.now());
                let day = u32::try_from(oldest.day()).unwrap_or(0);
                if self.keys.destroy_raw_days_before(day).is_err() {
                    log::emit(
                        Level::Error,
                        "keys of days that are over could not be destroyed; it is tried again",
                        &[],
                    );
                }
                u64::from(trimmed.segments)
            }
            Err(_) => {
                log::emit(Level::Error, "the journal could not be trimmed; it is tried again", &[]);
                0
            }
        }
    }

    /// Whether a backup keeps files from being freed. To take events comes first: where there is no room for them, it is broken.
    pub(crate) fn files_must_stay(&self) -> bool {
        let no_room =
            !self.space.intake_open() || self.pipeline.journal().health().refusal.is_some() || self.hold.is_full();
        if no_room && self.lease.break_up() {
            log::emit(Level::Warn, "a backup under way was given up, because its files have to be freed", &[]);
        }
        self.lease.is_live(self.clock.now())
    }

    /// The moment of a backup (D19: its beginning was recorded). Blocks for a group of each log.
    pub fn backup_cut(&self) -> Result<weir_console::command::BackupCut, weir_rows::RowsError> {
        // First: what the copied log has not, they have.
        let rows = self.rows.cut()?;
        let logs = Logs {
            folder: &self.places.data,
            egress: &self.egress,
            audit: &self.audit,
            keys: &self.keys,
            formats: self.folder.formats(),
            clock: &*self.clock,
        };
        logs.cut(self.pipeline.journal(), &self.hold, rows).map_err(weir_rows::RowsError::from)
    }

    /// Gives both folders up to another process, after [`Gateway::close`], although this value still lives.
    pub fn release(&self) {
        self.keys.release();
        self.folder.release();
    }

    /// Stops in the order of an event's way: no more intake (the caller has closed the listener), delivery, journal, ledgers.
    pub async fn close(&self, grace: Duration) {
        self.pipeline.stop();
        self.resending.close(grace).await;
        self.deliver.stop(grace).await;
        self.pipeline.journal().clone().close().await;
        self.catalog.close().await;
        self.identity.close().await;
        self.rows.close();
        let act = Act { actor: Actor::Weir, action: "stop", targets: Vec::new() };
        let _ = self.audit.act(act).await;
        for ledger in [&self.egress, &self.audit] {
            if ledger.close().is_err() {
                log::emit(Level::Error, "a ledger could not be closed cleanly; the next start catches up", &[]);
            }
        }
    }
}

fn open_keys(places: &Places, clock: &Arc<dyn Clock>) -> Result<Arc<Keys>, StartError> {
    let absolute = |p: &Path| std::path::absolute(p).unwrap_or_else(|_| p.to_owned());
    if absolute(&places.keys).starts_with(absolute(&places.data)) {
        return Err(StartError::KeysInside(places.keys.clone()));
    }
    // New keys beside old data would make everything in it unreadable and every pseudonym different.
    let written = std::fs::read_dir(places.data.join("journal")).is_ok_and(|mut entries| entries.next().is_some());
    if written && !places.keys.join("ring").exists() {
        return Err(StartError::KeysMissing(places.data.clone(), places.keys.clone()));
    }
    Ok(Keys::open(&places.keys, Arc::clone(clock))?)
}

fn hold_options(config: &Config) -> HoldOptions {
    HoldOptions {
        bytes_max: config.hold.budget_bytes,
        raw_millis: i64::try_from(config.hold.keep.as_millis()).unwrap_or(i64::MAX),
        rejected_millis: i64::try_from(config.hold.keep.as_millis()).unwrap_or(i64::MAX),
        keep_body: config.hold.keep_body,
        ..HoldOptions::default()
    }
}

/// `from: earliest` sounds like more than it is: an event goes to the destinations that were configured when it came in (D9, D11).
fn say_unreached(generation: &Generation, egress: &Ledger, journal: &Journal<MinimisedBatch>) {
    let events = journal.tail().0.saturating_sub(journal.floor().0);
    for (id, destination) in &generation.config.destinations {
        let is_new = egress.position(id).is_none();
        if is_new && events > 0 && destination.from == StartFrom::Earliest {
            let fields = [("destination", Field::Destination(id.clone())), ("events", Field::Count(events))];
            log::emit(
                Level::Warn,
                "events from before a destination was configured do not reach it: `from: earliest` begins later",
                &fields,
            );
        }
    }
}

/// Where the audit tree's checkpoint is mirrored: beside the egress tree's, with `.audit` added.
pub fn audit_anchor(egress: &Path) -> PathBuf {
    egress.with_added_extension("audit")
}

fn open_ledger(
    kind: Kind,
    formats: &Formats,
    places: &Places,
    config: &Config,
    keys: &Arc<Keys>,
    names: &Arc<Names>,
    clock: &Arc<dyn Clock>,
) -> Result<(Arc<Ledger>, Recovered), StartError> {
    let (folder, origin, anchors) = match kind {
        Kind::Egress => ("ledger", config.ledger.origin.clone(), config.ledger.anchors.clone()),
        // The audit tree is anchored beside the egress tree, under a name of its own.
        Kind::Audit => {
            let origin = config.ledger.origin.as_ref().map(|origin| format!("{origin}/audit"));
            ("audit", origin, config.ledger.anchors.iter().map(|file| audit_anchor(file)).collect())
        }
    };
    let has_remote_anchors = config.ledger.has_remote_anchors();
    let newest_formats = may_erase_rows(formats);
    let options =
        weir_ledger::Options { origin, anchors, has_remote_anchors, newest_formats, ..weir_ledger::Options::default() };
    let dir = places.data.join(folder);
    Ok(Ledger::open(&dir, kind, Arc::clone(keys), Arc::clone(names), options, Arc::clone(clock))?)
}

/// Whether rows may be written, erased, and given up by the log, in a way that the release before cannot read.
pub(crate) fn may_erase_rows(formats: &Formats) -> bool {
    formats.may_write("ledger.log") >= 2
        && formats.may_write("ledger.rows") >= 4
        && formats.may_write("rows.manifest") >= 3
}

/// Both ledgers of a folder on which no Weir runs; the caller holds its lock, and closes them.
pub fn open_ledgers_at_rest(
    folder: &DataFolder,
    places: &Places,
    keys: &Arc<Keys>,
    clock: &Arc<dyn Clock>,
) -> Result<[Arc<Ledger>; 2], StartError> {
    let names = Names::new(Box::new(Judge::new(Arc::new(Engine::new()))));
    let config = config_at_rest(places)?;
    let open =
        |kind| Ok::<_, StartError>(open_ledger(kind, &folder.formats(), places, &config, keys, &names, clock)?.0);
    Ok([open(Kind::Egress)?, open(Kind::Audit)?])
}

fn config_at_rest(places: &Places) -> Result<Config, StartError> {
    Ok(match &places.config {
        file if file.is_file() => Config::load(file, Secrets::Leave)?,
        _ => Config::built_in(),
    })
}

/// Enters one act of an operator into the audit ledger where no Weir runs; the caller holds the folder's lock. Durable when this
/// returns.
pub async fn record_offline(
    folder: &DataFolder,
    places: &Places,
    keys: &Arc<Keys>,
    act: Act,
    clock: &Arc<dyn Clock>,
) -> Result<(), StartError> {
    let engine = Arc::new(Engine::new());
    let names = Names::new(Box::new(Judge::new(engine)));
    let config = config_at_rest(places)?;
    let (audit, _) = open_ledger(Kind::Audit, &folder.formats(), places, &config, keys, &names, clock)?;
    audit.act(act).await?;
    Ok(audit.close()?)
}

/// A crash between the journal append of a replay and the hold's own note leaves both: the journal's word counts (D10).
async fn finish_replays(hold: &Hold, tally: &SharedTally) {
    let replayed: Vec<EventId> = tally.read().replayed_ids().collect();
    let entries = hold.list(usize::MAX, |info| info.id.shelf == Shelf::Raw && replayed.contains(&info.event_id));
    let ids: Vec<EntryId> = entries.iter().map(|info| info.id).collect();
    if !ids.is_empty() && hold.mark_replayed(ids).await.is_err() {
        log::emit(
            Level::Warn,
            "entries of the hold that were replayed could not be marked; it is tried at the next start",
            &[],
        );
    }
}

/// Fills the dedup windows from the last ten minutes of the journal, so that a batch that was durable when we crashed and is sent
/// again now is taken for what it is (D5).
async fn fill_windows(journal: &Journal<MinimisedBatch>, generation: &Generation, now: Millis) {
    let oldest = now.plus(-weir_event::limits::DEDUP_WINDOW_MILLIS);
    let Ok(from) = journal.received_since(oldest) else { return };
    let tail = journal.tail();
    let mut reader = journal.reader(from);
    while reader.position() < tail {
        let Ok(Ok(group)) = tokio::time::timeout(Duration::from_secs(30), reader.next()).await else { return };
        for index in 0..group.count() {
            let Ok(view) = weir_policy::RecordView::parse(&group, index) else { continue };
            if let Some(source) = generation.sources.values().find(|s| s.policy.label == view.source()) {
                source.memory.window.admit(std::iter::once(view.event_id()), view.received_at());
            }
        }
    }
}

fn report_recovery(recovery: &weir_journal::Recovery) {
    if !recovery.damaged.is_empty() {
        let fields = [("ranges", Field::Count(recovery.damaged.len() as u64))];
        log::emit(Level::Error, "parts of the journal cannot be read; see `weir doctor`", &fields);
    }
}

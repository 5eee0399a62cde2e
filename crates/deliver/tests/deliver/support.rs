//! A gateway without a listener: folders, keys, journal, ledger, hold, one destination; restarts on the same folders.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use weir_deliver::{Deliver, DestinationStatus, Options, Parts, Setup, Transport};
use weir_detect::{Engine, Judge};
use weir_event::draft::Leaf;
use weir_event::{
    DestinationId, Draft, DraftBatch, Environment, GenerationId, Identity, LeafKind, ManualClock, Millis, NameId,
    Names, Offset, Operation, Region, Role, SourceId, SourceNames, SubjectKind, Text,
};
use weir_hold::{Hold, HoldOptions};
use weir_journal::Journal;
use weir_keys::Keys;
use weir_ledger::disk::{Disk, DiskFile, RealDisk};
use weir_ledger::{Kind, Ledger, OpenIntent, Totals};
use weir_outbound::{Client, ClientOptions, Endpoint};
use weir_policy::{
    Consent, Gate, MinimisedBatch, Minimiser, RegionSource, ReleasePolicy, ReleaseSpec, Routing, RuleSpec, SharedTally,
    SourcePolicy, SubjectMode,
};
use weir_protocol::{DestinationSetup, ImportCredentials, Secret, destination_kind};

/// 2026-11-21T23:19:38.843Z.
pub(crate) const NOW: Millis = Millis(1_795_303_178_843);

pub(crate) fn product() -> DestinationId {
    DestinationId::parse("product").unwrap()
}

/// Waits are short, everything else as in production.
pub(crate) fn options() -> Options {
    Options {
        retry_first: Duration::from_millis(5),
        retry_longest: Duration::from_millis(40),
        jitter: (Duration::ZERO, Duration::from_millis(5)),
        linger: Duration::from_millis(20),
        ..Options::default()
    }
}

pub(crate) struct World {
    folder: tempfile::TempDir,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) disk: Arc<Failing>,
    pub(crate) up: Option<Up>,
    sent: usize,
}

/// What a process has open.
pub(crate) struct Up {
    pub(crate) keys: Arc<Keys>,
    pub(crate) names: Arc<Names>,
    source_names: SourceNames,
    minimiser: Minimiser,
    policy: SourcePolicy,
    pub(crate) journal: Journal<MinimisedBatch>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) hold: Hold,
    pub(crate) tally: SharedTally,
    unfinished: Vec<OpenIntent>,
    pub(crate) deliver: Option<Deliver>,
}

/// One event as a test writes it.
#[derive(Clone)]
pub(crate) struct Event {
    pub(crate) operation: Operation,
    pub(crate) subject: String,
    pub(crate) plan: String,
    pub(crate) age: i64,
    pub(crate) offered: bool,
    /// Empty: not known.
    pub(crate) country: &'static str,
}

impl Event {
    pub(crate) fn track(subject: &str) -> Event {
        let (operation, plan) = (Operation::Track, "pro".into());
        Event { operation, subject: subject.into(), plan, age: 1_000, offered: true, country: "DE" }
    }

    pub(crate) fn profile(op: weir_event::ProfileOp, subject: &str, plan: &str) -> Event {
        Event { operation: Operation::Profile(op), plan: plan.into(), ..Event::track(subject) }
    }

    pub(crate) fn many(n: usize) -> Vec<Event> {
        (0..n).map(|i| Event::track(&format!("user-{}", i % 17))).collect()
    }
}

impl World {
    pub(crate) async fn new() -> World {
        let world = World {
            folder: tempfile::tempdir().unwrap(),
            clock: Arc::new(ManualClock::at(NOW)),
            disk: Arc::default(),
            up: None,
            sent: 0,
        };
        world.start()
    }

    /// Opens everything on the folders that are there.
    pub(crate) fn start(mut self) -> World {
        let dir = self.folder.path();
        let clock = || Arc::clone(&self.clock) as Arc<dyn weir_event::Clock>;
        let keys = Keys::open(&dir.join("keys"), clock()).unwrap();
        let engine = Arc::new(Engine::new());
        let names = Names::new(Box::new(Judge::new(Arc::clone(&engine))));
        let tally = SharedTally::default();
        let (journal, _) = Journal::open(
            &dir.join("journal"),
            Arc::clone(&keys),
            Arc::clone(&names),
            Box::new(tally.clone()),
            weir_journal::Options { segment_bytes: 1 << 20, ..weir_journal::Options::default() },
            clock(),
        )
        .unwrap();
        let options =
            weir_ledger::Options { disk: Arc::clone(&self.disk) as Arc<dyn Disk>, ..weir_ledger::Options::default() };
        let (ledger, recovered) =
            Ledger::open(&dir.join("ledger"), Kind::Egress, Arc::clone(&keys), Arc::clone(&names), options, clock())
                .unwrap();
        let (hold, _) =
            Hold::open(&dir.join("hold"), Arc::clone(&keys), Arc::clone(&names), clock(), HoldOptions::default())
                .unwrap();
        let policy = SourcePolicy {
            id: SourceId::parse("web").unwrap(),
            label: names.label("web"),
            environment: Environment::Production,
            identity_space: "default".into(),
            protocol: 1,
            keeps_raw: false,
            tap: false,
            slices: weir_policy::Slices::default(),
        };
        self.up = Some(Up {
            minimiser: Minimiser::new(engine, Arc::clone(&names)),
            source_names: names.source(),
            keys,
            names,
            policy,
            journal,
            ledger,
            hold,
            tally,
            unfinished: recovered.unfinished,
            deliver: None,
        });
        self
    }

    /// Ends the process without a word to anybody, as a kill does, and starts it again.
    pub(crate) async fn crash(mut self) -> World {
        let up = self.up.take().unwrap();
        drop(up.deliver);
        // Tasks that were aborted are gone once the runtime has looked at them.
        tokio::time::sleep(Duration::from_millis(20)).await;
        up.journal.close().await;
        drop((up.ledger, up.hold));
        let keys = up.keys;
        for _ in 0..500 {
            if Arc::strong_count(&keys) == 1 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        drop(keys);
        self.disk.appends.store(false, SeqCst);
        self.disk.syncs.store(false, SeqCst);
        self.disk.failed.store(0, SeqCst);
        self.start()
    }

    pub(crate) fn up(&self) -> &Up {
        self.up.as_ref().unwrap()
    }

    pub(crate) fn deliver(&self) -> &Deliver {
        self.up().deliver.as_ref().unwrap()
    }

    pub(crate) fn setup(&self, url: &str, allow: &[&str], options: Options) -> Arc<Setup> {
        self.setup_for(url, allow, SubjectMode::Rotating { period_millis: 7 * Millis::DAY }, options)
    }

    pub(crate) fn setup_for(&self, url: &str, allow: &[&str], subject: SubjectMode, options: Options) -> Arc<Setup> {
        self.setup_of(url, allow, subject, (Vec::new(), Routing::default()), options)
    }

    pub(crate) fn setup_with(&self, url: &str, allow: &[&str], rules: Vec<RuleSpec>, options: Options) -> Arc<Setup> {
        let subject = SubjectMode::Rotating { period_millis: 7 * Millis::DAY };
        self.setup_of(url, allow, subject, (rules, Routing::default()), options)
    }

    pub(crate) fn setup_routed(
        &self,
        url: &str,
        allow: &[&str],
        subject: SubjectMode,
        options: Options,
        routing: Routing,
    ) -> Arc<Setup> {
        self.setup_of(url, allow, subject, (Vec::new(), routing), options)
    }

    fn setup_of(
        &self,
        url: &str,
        allow: &[&str],
        subject: SubjectMode,
        (rules, routing): (Vec<RuleSpec>, Routing),
        options: Options,
    ) -> Arc<Setup> {
        let spec = ReleaseSpec {
            destination: product(),
            subject,
            allow: allow.iter().map(|path| (*path).to_owned()).collect(),
            rules,
            links: false,
            routing,
        };
        let client = ClientOptions {
            allow_addresses: vec!["127.0.0.0/8".parse().unwrap()],
            request_timeout: Duration::from_secs(10),
            ..ClientOptions::default()
        };
        Arc::new(Setup {
            id: product(),
            release: Arc::new(ReleasePolicy::resolve(&spec, &self.up().names).unwrap()),
            inquiries: Arc::new(ReleasePolicy::resolve(&spec, &self.up().names).unwrap()),
            kind: destination_kind("mixpanel").unwrap(),
            vendor: DestinationSetup {
                import: Some(ImportCredentials {
                    user: Secret::new("account"),
                    password: Secret::new("secret"),
                    project_id: Some("12".into()),
                }),
                ..DestinationSetup::new("0123456789abcdef0123456789abcdef", &self.up().names)
            },
            transport: Transport::Http {
                endpoint: Endpoint::parse(url).unwrap(),
                client: Client::new(client).unwrap(),
            },
            options,
        })
    }

    /// Starts delivery of generation 1 to the vendor.
    pub(crate) async fn deliver_to(&mut self, url: &str, options: Options) {
        let setup = self.setup(url, &["plan", "profile.plan", "profile.seats"], options);
        self.deliver_with(1, Some(setup)).await;
    }

    pub(crate) async fn deliver_with(&mut self, generation: u8, setup: Option<Arc<Setup>>) {
        let setups: BTreeMap<_, _> = setup.into_iter().map(|setup| (product(), setup)).collect();
        let generation = GenerationId([generation; 8]);
        let clock = Arc::clone(&self.clock);
        let up = self.up.as_mut().unwrap();
        match &up.deliver {
            Some(deliver) => deliver.apply(generation, &setups).await.unwrap(),
            None => {
                let parts = Parts {
                    keys: Arc::clone(&up.keys),
                    names: Arc::clone(&up.names),
                    journal: up.journal.clone(),
                    ledger: Arc::clone(&up.ledger),
                    hold: up.hold.clone(),
                    withdrawals: Arc::default(),
                    clock,
                    traces: None,
                };
                let unfinished = std::mem::take(&mut up.unfinished);
                up.deliver = Some(Deliver::start(parts, generation, &setups, unfinished).await.unwrap());
            }
        }
    }

    /// Puts events through minimise into the journal, some in each request.
    pub(crate) async fn put(&mut self, events: &[Event]) {
        for chunk in events.chunks(50) {
            let mut out = MinimisedBatch::new(self.now());
            for event in chunk {
                self.sent += 1;
                let up = self.up();
                let id = format!("sdk-{}", self.sent);
                let draft = up.draft(event, &id, self.now());
                let raw_day = u32::try_from(self.now().day()).unwrap();
                if up.policy.keeps_raw {
                    up.keys.ensure_raw_day(raw_day).unwrap();
                }
                let keys = up.keys.snapshot();
                let offered =
                    if event.offered { vec![up.names.label("product")] } else { vec![up.names.label("other")] };
                let gate = Gate {
                    source: &up.policy,
                    received_at: self.now(),
                    region: Region::parse(event.country).unwrap_or(Region::UNKNOWN),
                    region_source: RegionSource::ClientAddress,
                    generation: GenerationId([9; 8]),
                    consent: Consent::UNKNOWN,
                    keys: &keys,
                    offered: &offered,
                    raw_day,
                    replay_of: None,
                };
                let event_id = up.minimiser.event_id(&gate, &draft, &draft.drafts[0]);
                assert!(up.minimiser.minimise(&gate, &draft, &draft.drafts[0], event_id, &mut out).is_ok());
            }
            self.up().journal.append(out).await.unwrap();
        }
    }

    /// From now on the source keeps raw ids, as where a destination is `raw`, under the key of each day, made at the gate (D8).
    pub(crate) fn keep_raw(&mut self) {
        self.up.as_mut().unwrap().policy.keeps_raw = true;
    }

    fn now(&self) -> Millis {
        weir_event::Clock::now(&*self.clock)
    }

    pub(crate) fn totals(&self) -> Totals {
        self.up().ledger.totals().remove(&product()).unwrap_or_default()
    }

    pub(crate) fn status(&self) -> DestinationStatus {
        self.deliver().status().into_iter().find(|status| status.id == product()).unwrap()
    }

    pub(crate) fn offered(&self) -> u64 {
        self.up().tally.read().destinations().find(|(id, _)| *id == "product").map_or(0, |(_, n)| n)
    }

    /// D11: what waits.
    pub(crate) fn waiting(&self) -> u64 {
        let totals = self.totals();
        let ended = totals.delivered + self.quarantined() + totals.unknown + totals.dropped.values().sum::<u64>();
        self.offered().checked_sub(ended).expect("more events have ended than were offered")
    }

    /// D11: a gauge.
    pub(crate) fn quarantined(&self) -> u64 {
        self.up().hold.gauges().iter().map(|gauge| gauge.count).sum()
    }

    /// What is in quarantine, opened.
    pub(crate) async fn held(&self) -> Vec<weir_hold::RejectedRecord> {
        let hold = &self.up().hold;
        let mut records = Vec::new();
        for info in hold.list(1_000, |_| true) {
            records.push(hold.open_rejected(info.id).await.unwrap());
        }
        records
    }

    /// Waits until nothing waits: every event is terminal.
    pub(crate) async fn settled(&self) {
        let at_tail =
            || self.up().ledger.position(&product()).is_some_and(|p| p.floor == self.up().tail() && p.done.is_empty());
        self.until("every event is terminal", || at_tail() && self.waiting() == 0).await;
    }

    pub(crate) async fn until(&self, what: &str, done: impl Fn() -> bool) {
        for _ in 0..3_000 {
            if done() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let status = self.up().deliver.as_ref().map(|deliver| deliver.status());
        panic!("not within 30 s: {what}; offered {} {:?} {status:?}", self.offered(), self.totals());
    }
}

impl Up {
    pub(crate) fn tail(&self) -> Offset {
        self.journal.tail()
    }

    fn draft(&self, event: &Event, sdk_id: &str, now: Millis) -> DraftBatch {
        let mut batch = DraftBatch::default();
        let name = match event.operation {
            Operation::Track => "key created",
            _ => "$profile",
        };
        let name_text = put(&mut batch, name);
        let subject = put(&mut batch, &event.subject);
        let sdk_id = Some(put(&mut batch, sdk_id));
        let root = if event.operation == Operation::Track { NameId::EVENT_ROOT } else { NameId::PROFILE_ROOT };
        for (key, value) in [("plan", event.plan.as_str()), ("note", "not for anybody")] {
            let (path, _) = self.source_names.path(root, key);
            let text = put(&mut batch, value);
            batch.leaves.push(Leaf { path, kind: LeafKind::String, text });
        }
        batch.drafts.push(Draft {
            operation: event.operation,
            name: self.source_names.event(name),
            name_text,
            identities: vec![Identity { kind: SubjectKind::User, role: Role::Subject, text: subject }],
            sdk_id,
            client_time: Some(now.plus(-event.age)),
            sent_at: None,
            historical: event.age > Millis::DAY,
            leaves: 0..2,
            unnamed: 0,
            fault: None,
        });
        batch
    }
}

fn put(batch: &mut DraftBatch, text: &str) -> Text {
    let start = batch.text.len() as u32;
    batch.text.extend_from_slice(text.as_bytes());
    Text { start, len: text.len() as u32 }
}

/// A ledger disk that can be told to fail.
#[derive(Default)]
pub(crate) struct Failing {
    pub(crate) appends: Arc<AtomicBool>,
    pub(crate) syncs: Arc<AtomicBool>,
    pub(crate) failed: Arc<AtomicUsize>,
}

impl Disk for Failing {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let log = path.components().any(|part| part.as_os_str() == "log");
        let file = RealDisk.create(path)?;
        Ok(Box::new(FailingFile {
            file,
            appends: if log { Arc::clone(&self.appends) } else { Arc::default() },
            syncs: if log { Arc::clone(&self.syncs) } else { Arc::default() },
            failed: Arc::clone(&self.failed),
        }))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealDisk.rename(from, to)
    }
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        RealDisk.sync_dir(dir)
    }
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        RealDisk.create_dir(dir)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove(path)
    }
}

struct FailingFile {
    file: Box<dyn DiskFile>,
    appends: Arc<AtomicBool>,
    syncs: Arc<AtomicBool>,
    failed: Arc<AtomicUsize>,
}

impl FailingFile {
    fn fails(&self, flag: &AtomicBool) -> io::Result<()> {
        if flag.load(SeqCst) {
            self.failed.fetch_add(1, SeqCst);
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }
}

impl DiskFile for FailingFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.fails(&self.appends)?;
        self.file.append(bytes)
    }
    fn sync(&mut self) -> io::Result<()> {
        self.fails(&self.syncs)?;
        self.file.sync()
    }
    fn cut(&mut self, len: u64) -> io::Result<()> {
        self.file.cut(len)
    }
}

//! Handing the acts of the audit log to other systems (`audit_log.ship`): in their order, each at least once, also over any end of the
//! process. One task for each receiver, with a place of its own ([`weir_trail::outbox`]): one that is slow or down keeps nobody waiting, and
//! what it lacks is told by an alert. A receiver knows what it gets twice by the act's id.
//!
//! Limits: 256 acts in one batch; a receiver that did not take one is tried again after 1 s, 2 s … 60 s.

mod carry;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use weir_event::log::{Field, Level, emit};
use weir_event::{Clock, DestinationId, Millis};
use weir_ledger::Ledger;
use weir_ledger::disk::RealDisk;
use weir_outbound::{Client, Endpoint};
use weir_trail::ocsf::Sender;
use weir_trail::outbox::{Batch, OutboxError};
use weir_trail::syslog::Form;
use weir_trail::{Outbox, People, position};

use crate::receivers::Receiver;

/// How often a receiver that has everything looks for more.
const LOOK: Duration = Duration::from_millis(500);
/// Before a batch is tried again; twice as long each further time.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// This machine's users.
pub fn people() -> People {
    People::read(Path::new("/etc/passwd"))
}

/// This Weir.
pub fn sender(origin: String) -> Sender {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Sender { origin, host, version: env!("CARGO_PKG_VERSION").to_owned() }
}

/// Who gets acts.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its name in the configuration, and that of its place.
    pub id: DestinationId,
    /// What an act looks like.
    pub form: Form,
    /// How it gets them.
    pub way: Way,
}

/// How acts are handed on.
#[derive(Clone, Debug)]
pub enum Way {
    /// Syslog over the network.
    Stream {
        /// Where.
        endpoint: Endpoint,
        /// Connects to it.
        client: Client,
    },
    /// Syslog to a socket of this machine.
    Local(PathBuf),
    /// A signed request.
    Webhook(Receiver),
    /// A line in a file.
    File(PathBuf),
}

/// How a receiver stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Standing {
    /// The entry that it is to have next.
    pub entry: u64,
    /// Acts that it took from this process.
    pub shipped: u64,
    /// The time of the oldest act that it was offered and has not taken.
    pub waits_since: Option<Millis>,
}

/// All receivers.
#[derive(Debug)]
pub struct Shipping {
    targets: watch::Sender<Arc<Vec<Target>>>,
    standings: Mutex<BTreeMap<DestinationId, Standing>>,
}

impl Default for Shipping {
    fn default() -> Shipping {
        Shipping { targets: watch::Sender::new(Arc::default()), standings: Mutex::default() }
    }
}

impl Shipping {
    /// From now on acts go to these.
    pub fn set(&self, targets: Vec<Target>) {
        self.targets.send_replace(Arc::new(targets));
    }

    /// How each stands.
    pub fn standings(&self) -> BTreeMap<DestinationId, Standing> {
        self.lock().clone()
    }

    /// How long the oldest act that each does not have has waited; those that have everything are not in it.
    pub fn waits(&self, now: Millis) -> Vec<(DestinationId, Duration)> {
        let waits = |since: Millis| Duration::from_millis(u64::try_from(now.since(since)).unwrap_or(0));
        self.lock().iter().filter_map(|(id, standing)| Some((id.clone(), waits(standing.waits_since?)))).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<DestinationId, Standing>> {
        self.standings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ships until it is aborted. After a reload the tasks begin anew: what was under way is sent again.
    pub async fn run(self: Arc<Self>, audit: Arc<Ledger>, dir: PathBuf, clock: Arc<dyn Clock>) {
        let mut targets = self.targets.subscribe();
        loop {
            let mut tasks = JoinSet::new();
            let current = Arc::clone(&targets.borrow_and_update());
            // Here no task runs that could put its own back.
            self.lock().retain(|id, _| current.iter().any(|target| target.id == *id));
            for target in current.iter() {
                let lane = Lane {
                    shipping: Arc::clone(&self),
                    target: target.clone(),
                    audit: Arc::clone(&audit),
                    dir: dir.clone(),
                    clock: Arc::clone(&clock),
                };
                tasks.spawn(lane.run());
            }
            if targets.changed().await.is_err() {
                return;
            }
            tasks.shutdown().await;
        }
    }
}

/// One receiver's task.
struct Lane {
    shipping: Arc<Shipping>,
    target: Target,
    audit: Arc<Ledger>,
    dir: PathBuf,
    clock: Arc<dyn Clock>,
}

impl Lane {
    async fn run(self) {
        let mut wait = FIRST_WAIT;
        loop {
            // Ends only where the ledger or the place cannot be read or written; both may be better later.
            if let Err(error) = self.ship(&mut wait).await {
                let now = self.clock.now();
                self.stands(|standing| standing.waits_since = standing.waits_since.or(Some(now)));
                let fields =
                    [("receiver", Field::Destination(self.target.id.clone())), ("why", Field::Static(why(&error)))];
                emit(Level::Error, "acts of the audit log cannot be shipped; it is tried again", &fields);
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// Ships for as long as that can be done. What did work sets back how long is waited after an error.
    async fn ship(&self, wait: &mut Duration) -> Result<(), OutboxError> {
        let file = position::folder(&self.dir).join(self.target.id.as_str());
        let sender = sender(self.audit.verifier_key().name.clone());
        // It may have to read most of a file of the log.
        let mut outbox = tokio::task::block_in_place(|| Outbox::open(&self.dir, &file, self.audit.entries()))?;
        if outbox.starts_again() {
            let fields = [("receiver", Field::Destination(self.target.id.clone()))];
            emit(
                Level::Error,
                "the audit ledger is not the one that was shipped before: every act is shipped again",
                &fields,
            );
        }
        self.stands(|standing| standing.entry = outbox.entry());
        loop {
            let durable = self.audit.entries();
            let batch = if outbox.entry() < durable {
                tokio::task::block_in_place(|| outbox.next(durable, &people()))?
            } else {
                None
            };
            let Some(batch) = batch else {
                // It has everything, also where an error came after the last act.
                self.stands(|standing| (standing.entry, standing.waits_since) = (outbox.entry(), None));
                *wait = FIRST_WAIT;
                tokio::time::sleep(LOOK).await;
                continue;
            };
            self.stands(|standing| standing.waits_since = batch.acts.first().map(|act| act.at));
            self.carry(&batch, &sender).await;
            tokio::task::block_in_place(|| outbox.taken(&RealDisk, &batch))?;
            *wait = FIRST_WAIT;
            self.stands(|standing| {
                standing.entry = outbox.entry();
                standing.shipped += batch.acts.len() as u64;
                standing.waits_since = None;
            });
        }
    }

    /// Until the receiver has it.
    async fn carry(&self, batch: &Batch, sender: &Sender) {
        let mut wait = FIRST_WAIT;
        let mut told = false;
        let receiver = || ("receiver", Field::Destination(self.target.id.clone()));
        while let Err(why) = carry::carry(&self.target, batch, sender, &*self.clock).await {
            // Once: an alert says it for as long as it lasts.
            if !std::mem::replace(&mut told, true) {
                let fields = [receiver(), ("why", Field::Static(why))];
                emit(Level::Warn, "a receiver of the audit log took nothing; its acts wait", &fields);
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
        if told {
            emit(Level::Info, "a receiver of the audit log takes acts again", &[receiver()]);
        }
    }

    fn stands(&self, change: impl FnOnce(&mut Standing)) {
        change(self.shipping.lock().entry(self.target.id.clone()).or_default());
    }
}

fn why(error: &OutboxError) -> &'static str {
    match error {
        OutboxError::Ledger(_) => "the audit ledger cannot be read",
        OutboxError::Position(position::PositionError::Damaged(_)) => {
            "its place in audit/shipped is damaged: remove it"
        }
        OutboxError::Position(_) => "its place in audit/shipped cannot be read or written",
    }
}

#[cfg(test)]
mod tests {
    use weir_event::SystemClock;
    use weir_event::names::ClassOnly;
    use weir_keys::Keys;
    use weir_ledger::{Act, Actor, Kind, Options};

    use super::*;

    /// A receiver that is a file, and a ledger of some acts.
    fn lane(folder: &Path) -> Lane {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let keys = Keys::open(&folder.join("keys"), Arc::clone(&clock)).unwrap();
        let (dir, names) = (folder.join("audit"), weir_event::Names::new(Box::new(ClassOnly)));
        let options = Options::default();
        let (audit, _) = Ledger::open(&dir, Kind::Audit, keys, names, options, Arc::clone(&clock)).unwrap();
        for _ in 0..3 {
            audit.act(Act { actor: Actor::Weir, action: "trim", targets: Vec::new() }).wait().unwrap();
        }
        let way = Way::File(folder.join("acts.ndjson"));
        let target = Target { id: DestinationId::parse("lines").unwrap(), form: Form::Weir, way };
        Lane { shipping: Arc::default(), target, audit, dir, clock }
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap()
    }

    /// Runs a lane until something holds.
    fn ship_until(lane: &Lane, what: &str, holds: impl Fn(Standing) -> bool) {
        let standing = || lane.shipping.standings().get(&lane.target.id).copied().unwrap_or_default();
        let holds = || async {
            while !holds(standing()) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        runtime().block_on(async {
            let (mut wait, end) = (FIRST_WAIT, tokio::time::sleep(Duration::from_secs(20)));
            tokio::select! {
                ended = lane.ship(&mut wait) => panic!("{what}: {ended:?}"),
                () = holds() => {}
                () = end => panic!("{what}: {:?}", standing()),
            }
        });
    }

    #[test]
    fn a_receiver_that_has_everything_waits_for_nothing_once_an_error_has_passed() {
        let folder = tempfile::tempdir().unwrap();
        let lane = lane(folder.path());
        ship_until(&lane, "it ships", |standing| standing.shipped == 3 && standing.waits_since.is_none());
        // What a moment leaves in which the ledger could not be read.
        lane.stands(|standing| standing.waits_since = Some(lane.clock.now()));
        ship_until(&lane, "it has everything", |standing| standing.waits_since.is_none());
        assert_eq!(lane.shipping.waits(lane.clock.now()), []);
        let lines = std::fs::read_to_string(folder.path().join("acts.ndjson")).unwrap();
        assert_eq!(lines.lines().count(), 3, "nothing is sent again");
    }

    #[test]
    fn what_goes_on_sets_back_how_long_is_waited_after_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let lane = lane(folder.path());
        let ends = runtime().block_on(async {
            let mut wait = LONGEST_WAIT;
            let _ = tokio::time::timeout(Duration::from_secs(1), lane.ship(&mut wait)).await;
            wait
        });
        assert_eq!(ends, FIRST_WAIT);
    }

    #[test]
    fn a_receiver_that_is_gone_from_the_configuration_stands_nowhere_also_where_its_task_ended_later() {
        let folder = tempfile::tempdir().unwrap();
        let lane = lane(folder.path());
        let shipping = Arc::clone(&lane.shipping);
        shipping.set(Vec::new());
        // What a task of the configuration before still says while it is being ended.
        lane.stands(|standing| standing.waits_since = Some(lane.clock.now()));
        let run = Arc::clone(&shipping).run(Arc::clone(&lane.audit), lane.dir.clone(), Arc::clone(&lane.clock));
        let gone = async {
            while !shipping.standings().is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        runtime().block_on(async {
            tokio::select! {
                () = run => panic!("it ended"),
                () = gone => {}
                () = tokio::time::sleep(Duration::from_secs(20)) => panic!("{:?}", shipping.standings()),
            }
        });
    }
}

//! The desk of `weir resend`: one resend or rehearsal at a time, destination by destination, watched and cancelled through
//! `admin.sock`. What is sent and in which order: `weir_deliver::resend`.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use weir_console::admin::AdminError;
use weir_console::resend::{Resending, ResentTo};
use weir_deliver::{Progress, Resent, Wanted};
use weir_event::log::{Field, Level, emit};
use weir_event::{DestinationId, Millis, Rule};
use weir_protocol::vendors::{DestinationKind, RepeatEffect};

use crate::gateway::Gateway;

/// Where a resend is kept while it runs, and its report afterwards until the next one.
#[derive(Default)]
pub struct Desk(Mutex<Option<Job>>);

struct Job {
    state: Resending,
    progress: Arc<Progress>,
}

/// What an operator asked for, checked.
pub(crate) struct Asked {
    pub(crate) wanted: Wanted,
    pub(crate) destinations: Vec<DestinationId>,
    pub(crate) go: bool,
}

/// Characters of an event's name.
const EVENT_CHARS_MAX: usize = 200;

impl Asked {
    /// Reads the command.
    pub(crate) fn read(command: weir_console::Command) -> Result<Asked, AdminError> {
        let weir_console::Command::ResendStart { event, from, to, destinations, go, skip_resent, rate } = command
        else {
            return Err(AdminError::request("not a resend"));
        };
        if event.is_empty() || event.chars().count() > EVENT_CHARS_MAX {
            return Err(AdminError::request(format!("an event's name has 1 to {EVENT_CHARS_MAX} characters")));
        }
        if from >= to || rate == 0 {
            return Err(AdminError::request(
                "the window's first time comes before its second, and the rate is at least 1",
            ));
        }
        let id = |text: &String| DestinationId::parse(text).map_err(|e| AdminError::request(e.to_string()));
        let destinations = destinations.iter().map(id).collect::<Result<_, _>>()?;
        let wanted = Wanted { event, from: Millis(from), to: Millis(to), skip_resent, rate };
        Ok(Asked { wanted, destinations, go })
    }
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, Option<Job>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the last one is.
    pub(crate) fn state(&self) -> Option<Resending> {
        self.lock().as_ref().map(|job| {
            let count = |of: &std::sync::atomic::AtomicU64| of.load(Relaxed);
            Resending {
                offsets: count(&job.progress.offsets),
                seen: count(&job.progress.seen),
                sent: count(&job.progress.sent),
                waits: job.state.running && job.progress.waits.load(Relaxed),
                ..job.state.clone()
            }
        })
    }

    /// Ends it and waits until it has, so that its last request gets its outcome.
    pub(crate) async fn close(&self, grace: std::time::Duration) {
        let until = tokio::time::Instant::now() + grace;
        while self.cancel() && tokio::time::Instant::now() < until {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// Tells it to end; whether one is running.
    pub(crate) fn cancel(&self) -> bool {
        let job = self.lock();
        let running = job.as_ref().filter(|job| job.state.running);
        running.inspect(|job| job.progress.cancel()).is_some()
    }
}

impl Gateway {
    /// Begins a resend; it goes on by itself.
    pub(crate) async fn start_resend(self: &Arc<Self>, asked: Asked) -> Result<Resending, AdminError> {
        let generation = self.pipeline.generation();
        let known = |id: &DestinationId| generation.destinations.contains_key(id);
        if let Some(id) = asked.destinations.iter().find(|id| !known(id)) {
            return Err(AdminError::NotFound { what: format!("destination {id} in the configuration") });
        }
        let all = || generation.destinations.keys().cloned().collect();
        let destinations = if asked.destinations.is_empty() { all() } else { asked.destinations.clone() };
        let journal_from = self.journal_begins().await.map_or_else(String::new, Millis::to_rfc3339);
        {
            let mut job = self.resending.lock();
            if job.as_ref().is_some_and(|job| job.state.running) {
                let message = "another resend is under way: see `weir resend --status`, or end it with --cancel";
                return Err(AdminError::Conflict { message: message.to_owned() });
            }
            let state = Resending {
                event: asked.wanted.event.clone(),
                from: asked.wanted.from.to_rfc3339(),
                to: asked.wanted.to.to_rfc3339(),
                go: asked.go,
                running: true,
                journal_from,
                ..Resending::default()
            };
            *job = Some(Job { state, progress: Arc::default() });
        }
        let gateway = Arc::clone(self);
        tokio::spawn(async move { gateway.run_resend(&asked, destinations).await });
        self.resending.state().ok_or(AdminError::Failed { message: "the resend ended at once".to_owned() })
    }

    async fn run_resend(&self, asked: &Asked, destinations: Vec<DestinationId>) {
        let mut cancelled = false;
        for id in destinations {
            let progress = {
                let mut job = self.resending.lock();
                let Some(job) = job.as_mut() else { break };
                cancelled |= job.progress.is_cancelled();
                if cancelled {
                    break;
                }
                // Each destination counts from the beginning.
                job.progress = Arc::default();
                Arc::clone(&job.progress)
            };
            let done = self.deliver.resend(&id, &asked.wanted, !asked.go, &progress).await;
            let kind = self.pipeline.generation().destinations.get(&id).map(|setup| setup.kind);
            let report = match done {
                Ok(resent) => report(&id, kind, &resent),
                Err(error) => ResentTo { stopped: Some(error.to_string()), ..report(&id, kind, &Resent::default()) },
            };
            if asked.go {
                let sent = report.results.iter().map(|(_, n)| n).sum();
                let whole = Field::Static(if report.stopped.is_some() { "no" } else { "yes" });
                let fields =
                    [("destination", Field::Destination(id)), ("events", Field::Count(sent)), ("whole", whole)];
                emit(Level::Info, "events were sent once more", &fields);
            }
            if let Some(job) = self.resending.lock().as_mut() {
                job.state.destinations.push(report);
            }
        }
        if let Some(job) = self.resending.lock().as_mut() {
            job.state.running = false;
        }
    }

    /// When the oldest event that the journal holds was received.
    pub(crate) async fn journal_begins(&self) -> Option<Millis> {
        let journal = self.pipeline.journal();
        let mut reader = journal.reader(journal.floor());
        while reader.position() < journal.tail() {
            match reader.next().await {
                Ok(group) => return Some(group.received_at()),
                Err(weir_journal::ReadError::Damaged { .. } | weir_journal::ReadError::Trimmed { .. }) => {}
                Err(_) => return None,
            }
        }
        None
    }
}

fn report(id: &DestinationId, kind: Option<&'static DestinationKind>, resent: &Resent) -> ResentTo {
    let some = |counts: &[(&str, u64)]| -> Vec<(String, u64)> {
        counts.iter().filter(|(_, n)| *n > 0).map(|(what, n)| ((*what).to_owned(), *n)).collect()
    };
    let by_rule = |rules: &std::collections::BTreeMap<Rule, u64>| -> Vec<(String, u64)> {
        rules.iter().map(|(rule, n)| (rule.name().to_owned(), *n)).collect()
    };
    let mut before = some(&[
        ("delivered", resent.delivered_before),
        ("unknown", resent.unknown_before),
        ("quarantined", resent.quarantined),
        ("rejected", resent.rejected_before),
        ("waiting", resent.waiting),
    ]);
    before.extend(by_rule(&resent.dropped_before).into_iter().map(|(rule, n)| (format!("dropped: {rule}"), n)));
    before.extend(some(&[("sent once more", resent.resent_before)]));
    ResentTo {
        destination: id.to_string(),
        vendor: kind.map_or("", |kind| kind.name).to_owned(),
        repeat: kind.map_or("", |kind| effect(kind.repeat.effect)).to_owned(),
        repeat_within_millis: kind.and_then(|kind| kind.repeat.within_millis),
        repeat_source: kind.map_or("", |kind| kind.repeat.source).to_owned(),
        found: resent.found,
        before,
        sends: some(&[
            ("first", resent.first),
            ("replaces", resent.replaces),
            ("ignored", resent.ignored),
            ("duplicates", resent.duplicates),
        ]),
        stays: some(&[
            ("not repairable", resent.not_repairable),
            ("quarantined", resent.quarantined),
            ("waiting", resent.waiting),
            ("sent once more before", resent.left_out),
        ]),
        withheld: by_rule(&resent.withheld),
        gone: resent.gone,
        damaged: resent.damaged,
        results: some(&[("delivered", resent.delivered), ("rejected", resent.rejected), ("unknown", resent.unknown)]),
        stopped: resent.stopped.map(str::to_owned),
    }
}

const fn effect(effect: RepeatEffect) -> &'static str {
    match effect {
        RepeatEffect::Replaces => "replaces",
        RepeatEffect::Ignored => "ignored",
        RepeatEffect::Duplicates => "duplicates",
    }
}

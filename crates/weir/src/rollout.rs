//! Rollouts: a change of what destinations may have comes into force for a growing share of people, and guards take it back.
//!
//! What is staged is release: the rules of destinations that both generations have. Everything else of a generation (sources, minimise,
//! addresses, new destinations) applies at once; taking a rollout back takes it back too.
//!
//! Order of each change: the file `rollout` (durable) → delivery → gate. A crash in between leaves the file, and the next start goes on
//! as it says. What was kept for a rollout is settled by whatever policy is in force when none is under way, so it needs no note of its
//! own: the quarantine entries are that note.

pub(crate) mod evaluate;
pub mod file;
pub(crate) mod guard;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use weir_console::admin::AdminError;
use weir_console::rollout::{Reading, Rollout as Shown};
use weir_deliver::{Counts, Setup};
use weir_detect::Engine;
use weir_event::log::{Field, Level, emit};
use weir_event::{DestinationId, GenerationId, Millis, Names, Rule};
use weir_hold::Hold;
use weir_ledger::{Act, Actor, Target};

use crate::config::values::percent_text;
use crate::config::{self, Config, Secrets};
use crate::gateway::{Gateway, StartError};
use crate::generation::{Generation, Memories};
use file::Kept;
use guard::{Answered, Seen};

/// Calls of one round that settle what was kept, some thousand events each.
const SETTLE_CALLS_MAX: usize = 20;

/// Where a rollout is kept while it is under way, and how the last one ended.
#[derive(Default)]
pub struct Desk {
    state: Mutex<State>,
    /// Whether something may be in quarantine that was kept for a rollout.
    has_kept: AtomicBool,
    /// Whether it is being settled now.
    settles: AtomicBool,
}

#[derive(Default)]
struct State {
    running: Option<Running>,
    ended: Option<Shown>,
    /// What was taken back, while the generation before it is in force.
    taken_back: Option<TakenBack>,
}

/// A change that was taken back.
struct TakenBack {
    /// Its generation, in hex.
    id: String,
    config: Config,
    /// What is in force instead, where the gate could not be given it: its secrets were gone.
    in_force: Option<Arc<Generation>>,
}

impl TakenBack {
    /// Whether `new` would bring it into force: it is the same, or has its rules wherever they differ from those in force.
    fn is_in(&self, old: &Config, new: &Generation) -> bool {
        if self.id == new.id.to_hex() || self.config.text() == new.config.text() {
            return true;
        }
        let rules_differ = crate::destination::rules_differ;
        let is_changed =
            |id: &&DestinationId| old.destinations.contains_key(*id) && rules_differ(id, old, &self.config);
        let mut changed = self.config.destinations.keys().filter(is_changed).peekable();
        changed.peek().is_some() && changed.all(|id| !rules_differ(id, &self.config, &new.config))
    }
}

/// A rollout under way.
pub(crate) struct Running {
    pub(crate) old: Arc<Generation>,
    new: Arc<Generation>,
    /// By which people are drawn: what `new` was when it began, under whatever release.
    draw: GenerationId,
    plan: config::Rollout,
    /// What is in force for everybody else: the new setups with the old rules.
    sides: BTreeMap<DestinationId, Arc<Setup>>,
    step: usize,
    started: Millis,
    step_since: Millis,
    paused: Option<Millis>,
    counts: BTreeMap<DestinationId, Arc<Counts>>,
    /// What vendors answered for the policy in force, in the steps before.
    before: BTreeMap<DestinationId, Answered>,
    /// The end that is in the audit ledger already, although it could not be brought about yet.
    noted: Option<&'static str>,
}

/// What is to be done next.
enum Next {
    Nothing,
    Step,
    Finish,
    RollBack(String),
}

impl Running {
    pub(crate) fn new(old: Arc<Generation>, new: Arc<Generation>, plan: config::Rollout, now: Millis) -> Running {
        let mut running = Running {
            sides: BTreeMap::new(),
            step: 0,
            started: now,
            step_since: now,
            paused: None,
            counts: BTreeMap::new(),
            before: BTreeMap::new(),
            noted: None,
            draw: new.id,
            old,
            new,
            plan,
        };
        running.take_sides();
        running
    }

    /// Both policies of each destination whose rules differ; counts begin anew.
    fn take_sides(&mut self) {
        for id in Gateway::differing(&self.old, &self.new) {
            let (Some(was), Some(will)) = (self.old.destinations.get(&id), self.new.destinations.get(&id)) else {
                continue;
            };
            self.sides.insert(id.clone(), Arc::new(will.with_rules_of(was)));
            self.counts.insert(id, Arc::default());
        }
    }

    /// What delivery is told.
    pub(crate) fn staged(&self) -> weir_deliver::Rollout {
        weir_deliver::Rollout {
            old: self.old.id,
            draw: self.draw,
            setups: self.sides.clone(),
            share: self.share(),
            counts: self.counts.clone(),
        }
    }

    fn share(&self) -> u32 {
        self.plan.steps.get(self.step).copied().unwrap_or(1_000_000)
    }

    fn kept(&self, rolled_back: bool, breach: Option<String>) -> Kept {
        Kept {
            rolled_back,
            new: self.new.id.to_hex(),
            new_text: file::checksum(self.new.config.text().as_bytes()),
            draw: self.draw.to_hex(),
            old_config: self.old.config.text().to_string(),
            step: u32::try_from(self.step).unwrap_or(u32::MAX),
            step_since: self.step_since.0,
            started: self.started.0,
            paused: self.paused.map(|at| at.0),
            breach,
        }
    }

    fn seen(&self) -> Vec<Seen> {
        let of =
            |answers: &weir_deliver::staged::Answers| (answers.answered.load(Relaxed), answers.rejected.load(Relaxed));
        let one = |(id, counts): (&DestinationId, &Arc<Counts>)| {
            let (now, before) = (of(&counts.old), self.before.get(id).copied().unwrap_or_default());
            let old = (now.0 + before.0, now.1 + before.1);
            Seen { destination: id.clone(), comparison: counts.comparison(), old, new: of(&counts.new) }
        };
        self.counts.iter().map(one).collect()
    }

    fn next(&self, names: &Names, now: Millis) -> Next {
        if self.counts.values().any(|counts| counts.is_full.load(Relaxed)) {
            return Next::RollBack("quarantine has no room for what the rollout keeps".to_owned());
        }
        if let Some(breach) = guard::breach(&guard::read(&self.plan.guards, names, &self.seen())) {
            return Next::RollBack(breach);
        }
        let over = now.since(self.step_since) >= i64::try_from(self.plan.step_time.as_millis()).unwrap_or(i64::MAX);
        match (self.paused.is_none() && over, self.step + 1 < self.plan.steps.len()) {
            (true, true) => Next::Step,
            (true, false) => Next::Finish,
            (false, _) => Next::Nothing,
        }
    }

    fn advance(&mut self, now: Millis) {
        for seen in self.seen() {
            self.before.insert(seen.destination, seen.old);
        }
        self.step += 1;
        self.step_since = now;
        self.counts.values_mut().for_each(|counts| *counts = Arc::default());
    }

    fn shown(&self, state: &str, names: &Names, kept: u64, now: Millis) -> Shown {
        let seen = self.seen();
        let until = self.step_since.plus(i64::try_from(self.plan.step_time.as_millis()).unwrap_or(i64::MAX));
        Shown {
            state: state.to_owned(),
            old: self.old.id.to_hex(),
            new: self.new.id.to_hex(),
            started: self.started.to_rfc3339(),
            steps: self.plan.steps.clone(),
            step: u32::try_from(self.step).unwrap_or(u32::MAX),
            left_millis: u64::try_from(until.since(self.paused.unwrap_or(now))).unwrap_or(0),
            breach: None,
            kept,
            guards: guard::read(&self.plan.guards, names, &seen),
            destinations: seen.iter().map(|one| guard::difference(&one.destination, &one.comparison, names)).collect(),
        }
    }
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As a start finds it.
    pub(crate) fn opened(
        running: Option<Running>,
        kept: Option<&Kept>,
        file: &Path,
        old: &Generation,
        hold: &Hold,
    ) -> Desk {
        // Only its rules are needed.
        let taken_back = |kept: &Kept| {
            let config = Config::load(file, Secrets::Leave).ok()?;
            Some(TakenBack { id: kept.new.clone(), config, in_force: None })
        };
        let taken_back = kept.filter(|kept| kept.rolled_back).and_then(taken_back);
        let ended = kept.filter(|kept| kept.rolled_back).map(|kept| Shown {
            state: "rolled_back".to_owned(),
            old: old.id.to_hex(),
            new: kept.new.clone(),
            started: Millis(kept.started).to_rfc3339(),
            step: kept.step,
            breach: kept.breach.clone(),
            ..Shown::default()
        });
        let has_kept = kept_events(hold) > 0;
        let state = Mutex::new(State { running, ended, taken_back });
        Desk { state, has_kept: AtomicBool::new(has_kept), settles: AtomicBool::new(false) }
    }

    /// The generation on its way, if one is.
    pub(crate) fn under_way(&self) -> Option<Arc<Generation>> {
        self.lock().running.as_ref().map(|running| Arc::clone(&running.new))
    }

    /// What delivery is told of the rollout under way, which goes on with a generation that was read again.
    pub(crate) fn go_on_with(&self, new: &Arc<Generation>) -> Option<weir_deliver::Rollout> {
        let mut state = self.lock();
        let running = state.running.as_mut()?;
        running.new = Arc::clone(new);
        let counts = running.counts.clone();
        running.take_sides();
        running.counts = counts;
        Some(running.staged())
    }

    /// The last one is over and done with: another configuration holds.
    pub(crate) fn forget(&self) {
        let mut state = self.lock();
        (state.ended, state.taken_back) = (None, None);
    }

    /// The generation whose rules hold, where it is not the gate's.
    pub(crate) fn rules_in_force(&self) -> Option<Arc<Generation>> {
        self.lock().taken_back.as_ref().and_then(|taken_back| taken_back.in_force.clone())
    }

    /// Refuses to begin again what was taken back.
    pub(crate) fn refuse_again(&self, old: &Generation, new: &Generation) -> Result<(), StartError> {
        match &self.lock().taken_back {
            Some(taken_back) if taken_back.is_in(&old.config, new) => Err(StartError::Refused(
                "this change was taken back, see `weir rollout status`: put weir.yaml right; if it is meant, `weir reload --force`"
                    .to_owned(),
            )),
            _ => Ok(()),
        }
    }

    /// Something may be in quarantine that was kept.
    pub(crate) fn look_again(&self) {
        self.has_kept.store(true, Relaxed);
    }

    pub(crate) fn is_running(&self) -> bool {
        self.lock().running.is_some()
    }
}

/// What a start goes by: the configuration in force, and what is on its way.
pub(crate) struct Found {
    pub(crate) kept: Option<Kept>,
}

/// The configuration that a start goes by: the file's, unless that was taken back.
pub(crate) fn in_force(data: &Path, config: Config) -> Result<Config, StartError> {
    let Some(kept) = file::read(data)?.filter(|kept| kept.rolled_back) else { return Ok(config) };
    let id = crate::generation::id_of(&config, Engine::new().version());
    if !kept.is_next(id, config.text()) {
        // It was put right: the file holds.
        return Ok(config);
    }
    let old = Config::parse(&kept.old_config, config.file(), Secrets::environment());
    old.map_err(|problems| StartError::Refused(format!(
        "the configuration in {} was taken back ({}), and the one before it does not resolve any more: put weir.yaml right and start again\n{problems}",
        config.file().display(),
        kept.breach.unwrap_or_default(),
    )))
}

impl Found {
    /// Reads the file of the data folder. One that says nothing about this generation is removed.
    pub(crate) fn read(data: &Path, generation: &Generation) -> Result<Found, StartError> {
        let Some(kept) = file::read(data)? else { return Ok(Found { kept: None }) };
        // Under way and the file holds the next one, or taken back and the one before is in force.
        let is_meant = match kept.rolled_back {
            true => **generation.config.text() == *kept.old_config,
            false => kept.is_next(generation.id, generation.config.text()),
        };
        if is_meant {
            return Ok(Found { kept: Some(kept) });
        }
        emit(
            Level::Warn,
            "the configuration is neither of those of the last rollout: it holds at once, and the rollout is over",
            &[],
        );
        file::remove(data)?;
        Ok(Found { kept: None })
    }

    /// The rollout that goes on.
    pub(crate) fn running(
        &self,
        new: &Arc<Generation>,
        engine: &Engine,
        names: &Arc<Names>,
        memories: &Memories,
    ) -> Result<Option<Running>, StartError> {
        let Some(kept) = self.kept.as_ref().filter(|kept| !kept.rolled_back) else { return Ok(None) };
        // Only its rules are needed; a secret that has gone since must not keep the gateway down.
        let config = Config::parse(&kept.old_config, new.config.file(), Secrets::Leave)?;
        let old = Arc::new(Generation::resolve(config, engine, names, memories)?);
        let plan = new.config.rollout.clone().or_else(|| old.config.rollout.clone()).unwrap_or_default();
        let mut running = Running::new(old, Arc::clone(new), plan, Millis(kept.started));
        running.draw = GenerationId::from_hex(&kept.draw).unwrap_or(new.id);
        running.step = usize::try_from(kept.step).unwrap_or(usize::MAX).min(running.plan.steps.len().saturating_sub(1));
        running.step_since = Millis(kept.step_since);
        running.paused = kept.paused.map(Millis);
        emit(Level::Info, "a rollout goes on where it was", &[]);
        Ok(Some(running))
    }
}

/// Events in quarantine that were kept for a rollout.
pub(crate) fn kept_events(hold: &Hold) -> u64 {
    hold.gauges().iter().filter(|gauge| gauge.reason == Rule::Rollout.name()).map(|gauge| gauge.count).sum()
}

impl Gateway {
    /// Begins a rollout; the caller has the reload lock.
    pub(crate) async fn begin_rollout(
        &self,
        old: Arc<Generation>,
        new: Arc<Generation>,
        plan: config::Rollout,
    ) -> Result<(), StartError> {
        let running = Running::new(old, Arc::clone(&new), plan, self.clock.now());
        let before = file::read(&self.places.data)?;
        file::write(&self.places.data, &running.kept(false, None))?;
        self.rollouts.has_kept.store(true, Relaxed);
        let staged = running.staged();
        self.rollouts.lock().running = Some(running);
        let installed = self.install(new, Some(&staged)).await;
        if installed.is_err() {
            // Nothing was staged: the one before goes on.
            self.rollouts.lock().running = None;
            match before {
                Some(before) => file::write(&self.places.data, &before)?,
                None => file::remove(&self.places.data)?,
            }
        } else {
            self.rollouts.forget();
        }
        installed
    }

    /// Looks at the rollout that is under way, once a second.
    pub(crate) async fn tick_rollout(self: &Arc<Self>) {
        self.settle_kept();
        if !self.rollouts.is_running() {
            return;
        }
        let Ok(_one) = self.reloading.try_lock() else { return };
        let next = self.rollouts.lock().running.as_ref().map(|running| running.next(&self.names, self.clock.now()));
        let done = match next {
            None | Some(Next::Nothing) => Ok(()),
            Some(Next::Step) => self.step().await,
            Some(Next::Finish) => self.finish("rollout_finished").await,
            Some(Next::RollBack(why)) => self.roll_back(why).await,
        };
        if let Err(error) = done {
            let _ = error;
            emit(Level::Error, "a rollout could not go on; it is tried again", &[]);
        }
    }

    async fn step(&self) -> Result<(), StartError> {
        let now = self.clock.now();
        let (new, staged, kept, share) = {
            let mut state = self.rollouts.lock();
            let Some(running) = state.running.as_mut() else { return Ok(()) };
            running.advance(now);
            (Arc::clone(&running.new), running.staged(), running.kept(false, None), running.share())
        };
        // A crash before this goes back to the step before.
        file::write(&self.places.data, &kept)?;
        self.note("rollout_step", &[Target::Generation(new.id), Target::Count(u64::from(share))]).await;
        emit(Level::Info, "a rollout takes its next step", &[("millionths", Field::Count(u64::from(share)))]);
        self.deliver.apply_staged(new.id, &new.destinations, Some(&staged)).await?;
        Ok(())
    }

    async fn finish(&self, action: &'static str) -> Result<(), StartError> {
        let kept = kept_events(&self.hold);
        let now = self.clock.now();
        let ended = self
            .rollouts
            .lock()
            .running
            .as_ref()
            .map(|running| (Arc::clone(&running.new), running.shown("finished", &self.names, kept, now)));
        let Some((new, shown)) = ended else { return Ok(()) };
        file::remove(&self.places.data)?;
        self.note_end(action, &[Target::Generation(new.id)]).await;
        self.install(new, None).await?;
        *self.rollouts.lock() = State { running: None, ended: Some(shown), taken_back: None };
        self.rollouts.has_kept.store(true, Relaxed);
        emit(Level::Info, "a rollout is finished: the new generation holds for all", &[]);
        Ok(())
    }

    async fn roll_back(&self, why: String) -> Result<(), StartError> {
        let kept = kept_events(&self.hold);
        let now = self.clock.now();
        let ended = self.rollouts.lock().running.as_ref().map(|running| {
            let shown = running.shown("rolled_back", &self.names, kept, now);
            (Arc::clone(&running.old), Arc::clone(&running.new), shown, running.kept(true, Some(why.clone())))
        });
        let Some((old, new, shown, file)) = ended else { return Ok(()) };
        file::write(&self.places.data, &file)?;
        self.note_end("rollout_taken_back", &[Target::Generation(new.id), Target::Generation(old.id)]).await;
        // Read again with its secrets: a start in the middle of the rollout had left them.
        let config = Config::parse(old.config.text(), &self.places.config, Secrets::environment());
        let whole = config.and_then(|config| Generation::resolve(config, &self.engine, &self.names, &self.memories));
        let in_force = match whole {
            Ok(old) => {
                self.install(Arc::new(old), None).await?;
                None
            }
            // Its rules are known at any rate; the rest stays as the new one has it.
            Err(_) => {
                let sides: BTreeMap<_, _> = {
                    let state = self.rollouts.lock();
                    let sides = state.running.as_ref().map(|running| running.sides.clone()).unwrap_or_default();
                    new.destinations
                        .iter()
                        .map(|(id, setup)| (id.clone(), Arc::clone(sides.get(id).unwrap_or(setup))))
                        .collect()
                };
                self.deliver.apply(old.id, &sides).await?;
                Some(old)
            }
        };
        *self.rollouts.lock() = State {
            running: None,
            ended: Some(Shown { breach: Some(why), ..shown }),
            taken_back: Some(TakenBack { id: new.id.to_hex(), config: new.config.clone(), in_force }),
        };
        self.rollouts.has_kept.store(true, Relaxed);
        emit(
            Level::Error,
            "a rollout was taken back: the generation before it stays in force; see `weir rollout status`",
            &[("kept_events", Field::Count(kept))],
        );
        Ok(())
    }

    /// Weir's own acts are in the audit ledger like anybody's. That one cannot be recorded stops no rollback.
    async fn note(&self, action: &'static str, targets: &[Target]) {
        let act = Act { actor: Actor::Weir, action, targets: targets.to_vec() };
        if self.audit.act(act).await.is_err() {
            emit(Level::Error, "an act of a rollout could not be entered into the audit ledger", &[]);
        }
    }

    /// The end of a rollout, once, however often it has to be tried.
    async fn note_end(&self, action: &'static str, targets: &[Target]) {
        let before = self.rollouts.lock().running.as_mut().and_then(|running| running.noted.replace(action));
        if before != Some(action) {
            self.note(action, targets).await;
        }
    }

    /// Settles what was kept, while no rollout is under way: by the policy in force.
    fn settle_kept(self: &Arc<Self>) {
        if !self.rollouts.has_kept.load(Relaxed)
            || self.rollouts.is_running()
            || self.rollouts.settles.swap(true, Relaxed)
        {
            return;
        }
        let gateway = Arc::clone(self);
        tokio::spawn(async move {
            let is_done = gateway.settle_all().await;
            if is_done {
                gateway.rollouts.has_kept.store(false, Relaxed);
            } else {
                // The vendor is away, or the destination suspended: not at once again.
                tokio::time::sleep(std::time::Duration::from_secs(5)).await;
            }
            gateway.rollouts.settles.store(false, Relaxed);
        });
    }

    /// Whether nothing is left to be settled by itself.
    async fn settle_all(&self) -> bool {
        let mut is_done = true;
        for id in self.egress.totals().into_keys() {
            self.settle_one(&id).await;
            is_done &= !self.deliver.has_held(&id);
        }
        is_done
    }

    /// Settles what was kept of one destination's, as long as that gets on.
    async fn settle_one(&self, id: &DestinationId) {
        for _ in 0..SETTLE_CALLS_MAX {
            if self.rollouts.is_running() || self.pipeline.is_stopping() {
                return;
            }
            let Ok(settled) = self.deliver.settle_held(id).await else { return };
            if settled.rejected + settled.unknown > 0 {
                let events = settled.rejected + settled.unknown;
                let fields = [("destination", Field::Destination(id.clone())), ("events", Field::Count(events))];
                emit(Level::Warn, "events that a rollout kept stay in quarantine: see `weir quarantine list`", &fields);
            }
            // Away: not at once again. What is rejected is not tried again.
            if settled.put_off > 0 || settled.delivered + settled.not_released + settled.rejected == 0 {
                return;
            }
        }
    }

    /// How it is, or how the last one ended.
    pub(crate) fn rollout(&self) -> Shown {
        let kept = if self.rollouts.has_kept.load(Relaxed) { kept_events(&self.hold) } else { 0 };
        let state = self.rollouts.lock();
        if let Some(running) = &state.running {
            let word = if running.paused.is_some() { "paused" } else { "running" };
            return running.shown(word, &self.names, kept, self.clock.now());
        }
        match &state.ended {
            Some(ended) => Shown { kept, left_millis: 0, ..ended.clone() },
            None => Shown { state: "none".to_owned(), kept, ..Shown::default() },
        }
    }

    /// One line for `weir status`.
    pub(crate) fn rollout_line(&self) -> Option<String> {
        let shown = self.rollout();
        let share = shown.steps.get(shown.step as usize).map(|share| percent_text(*share)).unwrap_or_default();
        match shown.state.as_str() {
            "running" | "paused" => Some(format!(
                "rollout {}: {share} of people have generation {}, the others {}; see `weir rollout status`",
                shown.state, shown.new, shown.old
            )),
            "rolled_back" => Some(format!(
                "rollout of generation {} was taken back, {} stays in force: {}",
                shown.new,
                shown.old,
                shown.breach.unwrap_or_default()
            )),
            _ => None,
        }
    }

    /// What a change in a text would do; nothing is changed.
    pub(crate) async fn preview_rollout(
        &self,
        text: Option<&str>,
    ) -> Result<weir_console::rollout::Evaluation, AdminError> {
        let conflict = |e: &dyn std::fmt::Display| AdminError::Conflict { message: e.to_string() };
        let file = &self.places.config;
        let generation = match text {
            Some(text) => Config::parse(text, file, Secrets::environment())
                .and_then(|config| Generation::resolve(config, &self.engine, &self.names, &self.memories)),
            None => Generation::load(file, Secrets::environment(), &self.engine, &self.names, &self.memories),
        };
        let generation = generation.map_err(|e| conflict(&e))?;
        let old = self.in_force();
        let plan = plan_of(&old, &generation).unwrap_or_default();
        Ok(self.evaluate(&old, &generation, &plan).await)
    }

    /// The generation whose rules hold for most: the one before while a rollout is under way.
    pub(crate) fn in_force(&self) -> Arc<Generation> {
        let running = self.rollouts.lock().running.as_ref().map(|running| Arc::clone(&running.old));
        running.or_else(|| self.rollouts.rules_in_force()).unwrap_or_else(|| self.pipeline.generation())
    }

    /// `weir rollout pause|resume|abort|finish`.
    pub(crate) async fn steer_rollout(&self, act: Steer) -> Result<Shown, AdminError> {
        let _one = self.reloading.lock().await;
        if !self.rollouts.is_running() {
            return Err(AdminError::Conflict { message: "no rollout is under way".to_owned() });
        }
        let now = self.clock.now();
        let kept = {
            let mut state = self.rollouts.lock();
            state.running.as_mut().map(|running| {
                match (act, running.paused) {
                    (Steer::Pause, None) => running.paused = Some(now),
                    // The time of the pause does not count.
                    (Steer::Resume, Some(at)) => {
                        running.step_since = running.step_since.plus(now.since(at));
                        running.paused = None;
                    }
                    _ => {}
                }
                running.kept(false, None)
            })
        };
        let failed = |error: StartError| AdminError::Failed { message: error.to_string() };
        match act {
            Steer::Pause | Steer::Resume => {
                if let Some(kept) = kept {
                    file::write(&self.places.data, &kept).map_err(|e| failed(e.into()))?;
                }
            }
            Steer::Abort => self.roll_back("taken back by an operator".to_owned()).await.map_err(failed)?,
            Steer::Finish => self.finish("rollout_finished").await.map_err(failed)?,
        }
        Ok(self.rollout())
    }
}

/// What an operator does to a rollout.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Steer {
    Pause,
    Resume,
    Abort,
    Finish,
}

/// How a change comes into force: as the new configuration says, or, where it says nothing, as the one before did.
pub(crate) fn plan_of(old: &Generation, new: &Generation) -> Option<config::Rollout> {
    new.config.rollout.clone().or_else(|| old.config.rollout.clone())
}

/// Why a change is refused.
pub(crate) fn refusal(readings: &[Reading]) -> Option<String> {
    let breach = guard::breach(readings)?;
    Some(format!(
        "the change is held against the events of the last time before it comes into force, and {breach}: see `weir rollout preview`; \
         if it is meant, `weir reload --force`"
    ))
}

//! Another configuration for a gateway that runs (D16): what is refused, what waits for the next start, and the swap.

use std::sync::Arc;

use weir_event::log::{self, Level};
use weir_ledger::{Act, Actor, Target};

use super::{Gateway, Reloaded, StartError, refuse_own_folders, say_unreached};
use crate::config::{Auxiliary, Config, Mode, Position, Problem, Problems, Secrets};
use crate::consent;
use crate::generation::Generation;
use crate::listen::Settings;
use crate::receivers;
use crate::rollout;

impl Gateway {
    /// Reads the configuration again and swaps the generation (D16). A configuration with a problem changes nothing, nor does one
    /// that a guard of the rollout refuses, unless it is forced.
    pub async fn reload(&self, force: bool) -> Result<Reloaded, StartError> {
        self.reload_expecting(|_| true, "", force).await
    }

    /// [`Gateway::reload`] on behalf of a command that has edited the file: where the file that this process reads does not hold
    /// what was written, somebody edited another one, and nothing changes.
    pub async fn reload_expecting(
        &self,
        is_expected: impl FnOnce(&Config) -> bool,
        expected: &str,
        force: bool,
    ) -> Result<Reloaded, StartError> {
        let _one = self.reloading.lock().await;
        let (file, secrets) = (&self.places.config, Secrets::environment());
        let generation = Arc::new(Generation::load(file, secrets, &self.engine, &self.names, &self.memories)?);
        refuse_own_folders(&generation.config, &self.places)?;
        let old = self.pipeline.generation();
        if !is_expected(&generation.config) {
            let read = file.canonicalize().unwrap_or_else(|_| file.clone());
            let message = format!(
                "{expected} in this file, which is the one that weir reads: name it with --config {}",
                read.display()
            );
            return Err(generation.config.problems(vec![Problem::new(Position::default(), message)]).into());
        }
        refuse_flag_loss(&old, &generation.config)?;
        // Nothing is changed where a receiver of its own would not resolve.
        let _ = (receivers::webhook(&generation.config)?, receivers::otlp(&generation.config)?);
        receivers::ships(&generation.config)?;
        let at_next_start = needs_start(&old.config, &generation.config);
        let changed = old.id != generation.id;
        if let Some(on_its_way) = self.rollouts.under_way() {
            if on_its_way.id != generation.id {
                let message = "a rollout is under way: see `weir rollout status`, and end it with `weir rollout finish` or `weir rollout abort` first";
                return Err(StartError::Refused(message.to_owned()));
            }
            // Read again, for secrets that are not part of the hash.
            let staged = self.rollouts.go_on_with(&generation);
            self.install(generation, staged.as_ref()).await?;
            return Ok(Reloaded { changed, at_next_start, evaluation: None, is_staged: true });
        }
        // Not the gate's where a change was taken back and the one before did not resolve.
        let old = self.in_force();
        if !force {
            self.rollouts.refuse_again(&old, &generation)?;
        }
        say_unreached(&generation, &self.egress, self.pipeline.journal());
        let plan = rollout::plan_of(&old, &generation);
        let differs = !Gateway::differing(&old, &generation).is_empty();
        let evaluation = match differs {
            true => Some(self.evaluate(&old, &generation, &plan.clone().unwrap_or_default()).await),
            false => None,
        };
        match (plan, &evaluation) {
            (Some(plan), Some(evaluation)) => {
                if let Some(refusal) = rollout::refusal(&evaluation.guards).filter(|_| !force) {
                    return Err(StartError::Refused(refusal));
                }
                self.begin_rollout(old, generation, plan).await?;
                Ok(Reloaded { changed, at_next_start, is_staged: true, evaluation: Some(evaluation.clone()) })
            }
            _ => {
                // What was taken back is no longer what the file says.
                rollout::file::remove(&self.places.data)?;
                self.install(generation, None).await?;
                self.rollouts.forget();
                Ok(Reloaded { changed, at_next_start, is_staged: false, evaluation })
            }
        }
    }

    /// Swaps the generation, at delivery and at the gate; for release of some destinations as a rollout says.
    pub(crate) async fn install(
        &self,
        generation: Arc<Generation>,
        staged: Option<&weir_deliver::Rollout>,
    ) -> Result<(), StartError> {
        let (webhook, otlp) = (receivers::webhook(&generation.config)?, receivers::otlp(&generation.config)?);
        let ships = receivers::ships(&generation.config)?;
        let old = self.pipeline.generation();
        // Delivery first: a destination must have its beginning in the ledger before an event is offered to it. Secrets are not
        // part of the hash, so delivery gets the new setups even where the id is the same.
        // What is asked for from now on has to be known before the first destination asks.
        let staged_asks = |staged: &weir_deliver::Rollout| {
            let asks = staged.setups.values().map(|setup| setup.release.asks_consent());
            asks.fold(weir_event::PurposeSet::EMPTY, weir_event::PurposeSet::or)
        };
        let asks = generation.asks_consent().or(staged.map(staged_asks).unwrap_or_default());
        let asked = self.withdrawals.watch(old.asks_consent().or(asks));
        let oldest = consent::oldest_waiting(&generation, self.pipeline.journal(), &self.hold, &self.egress);
        consent::read_again(&self.withdrawals, asked, self.pipeline.journal(), oldest).await;
        self.deliver.apply_staged(generation.id, &generation.destinations, staged).await?;
        // What a rollout kept and nobody could settle may be settled under this one.
        self.rollouts.look_again();
        self.pipeline.replace(Arc::clone(&generation));
        self.push.set(webhook);
        self.shipping.set(ships);
        self.telemetry.set(otlp);
        let _ = self.withdrawals.watch(asks);
        if let Some(ingest) = self.ingest.get() {
            let config = &generation.config;
            ingest.set(Settings { limits: config.limits, trusted_proxies: config.trusted_proxies.clone() });
        }
        // A generation on its way holds for all at the end of its rollout only.
        if staged.is_none() && (old.id != generation.id || self.rollouts.is_running()) {
            // The start of its time, for whoever asks since when a rule holds. It is in force already, so an error changes nothing.
            let targets = vec![Target::Generation(generation.id)];
            let act = Act { actor: Actor::Weir, action: crate::why::IN_FORCE, targets };
            if self.audit.act(act).await.is_err() {
                log::emit(Level::Error, "the audit ledger does not say since when the configuration is in force", &[]);
            }
        }
        Ok(())
    }
}

/// D17: a source that SDKs ask for flags may not *change* to `enforce` with constant answers unless somebody accepts that the flags
/// are gone. A source that started in `enforce` goes on; doctor and a metric say so.
fn refuse_flag_loss(old: &Generation, new: &Config) -> Result<(), Problems> {
    let loses = |(id, source): &(&weir_event::SourceId, &crate::config::Source)| {
        let before = old.config.sources.get(*id).map(|s| s.mode);
        source.mode == Mode::Enforce
            && !matches!(source.auxiliary, Auxiliary::Proxy(_))
            && before.is_some_and(|mode| mode != Mode::Enforce)
            && !source.accept_flag_loss
            && old.sources.get(*id).is_some_and(|running| running.has_seen_flags())
    };
    let what = "its SDKs ask for feature flags, which `enforce` answers with none: set accept_flag_loss: true, or auxiliary: proxy, or stay in observe";
    let lost: Vec<_> =
        new.sources.iter().filter(loses).map(|(id, _)| new.problem(&format!("sources.{id}.mode"), what)).collect();
    if lost.is_empty() { Ok(()) } else { Err(new.problems(lost)) }
}

/// Fields that are read once, at the start.
fn needs_start(old: &Config, new: &Config) -> Vec<String> {
    let mut waits = Vec::new();
    let mut differs = |field: &str, yes: bool| {
        if yes {
            waits.push(field.to_owned());
        }
    };
    differs("listen.ingest", old.listen.ingest != new.listen.ingest);
    differs("listen.console", old.listen.console != new.listen.console);
    differs("listen.tls", old.listen.tls.is_some() != new.listen.tls.is_some());
    differs("journal.segment", old.journal.segment_bytes != new.journal.segment_bytes);
    differs("journal.budget", old.journal.budget_bytes != new.journal.budget_bytes);
    differs("hold.budget", old.hold.budget_bytes != new.hold.budget_bytes);
    differs("disk.reserve", old.disk_reserve != new.disk_reserve);
    differs("ledger.anchors", old.ledger.anchors != new.ledger.anchors);
    // What is shown of a secret is where it stands.
    let differ = |part: fn(&crate::config::Ledger) -> String| part(&old.ledger) != part(&new.ledger);
    differs("ledger.publish", differ(|of| format!("{:?}", of.publish)));
    differs("ledger.bucket", differ(|of| format!("{:?}", of.bucket)));
    differs("ledger.webhook", differ(|of| format!("{:?}", of.webhook)));
    differs("ledger.witnesses", differ(|of| format!("{:?}", of.witnesses)));
    differs("ledger.witness", differ(|of| format!("{:?}", of.witness)));
    differs("limits.in_flight", old.limits.in_flight_bytes != new.limits.in_flight_bytes);
    differs("limits.connections", old.limits.connections != new.limits.connections);
    waits
}

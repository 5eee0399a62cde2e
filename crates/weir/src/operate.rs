//! What an operator may do to a running gateway (D19): the commands of `admin.sock`, each recorded in the audit ledger before it runs.

use std::sync::Arc;

use weir_console::admin::{Actor, Admin, AdminError};
use weir_console::command::{
    Command, DestinationStatus, Filter, KeyStatus, MaskedLeaf, QuarantineEntry, Reply, SourceStatus, Status,
};
use weir_deliver::{DeliverError, Replayed as Redelivered};
use weir_event::ids::hex;
use weir_event::log::{Field, Level, emit};
use weir_event::{DestinationId, LeafKind, Millis, SourceId};
use weir_hold::{EntryId, HoldInfo, Owner, RejectedRecord, Shelf};
use weir_ledger::disk::RealDisk;
use weir_ledger::kept::{self, Class};
use weir_ledger::{Act, Target};
use weir_policy::{RecordView, Releaser};

use crate::alerts;
use crate::bypass::{self, Change};
use crate::config::Config;
use crate::evidence;
use crate::gateway::{self, Gateway, Reloaded, StartError};
use crate::ladder;
use crate::marks::About;
use crate::pipeline::{Reentry, Replayed};
use crate::preview;
use crate::profile;
use crate::resend::Asked;
use crate::rollout::Steer;
use crate::why::Question;

/// Entries that one list shows at most.
const LIST_MAX: usize = 10_000;

impl Gateway {
    /// Enters a command into the audit ledger; durable when this returns.
    pub async fn record(&self, actor: Actor, command: &Command) -> Result<(), AdminError> {
        let actor = weir_ledger::Actor::Local { uid: actor.uid };
        if let Some(change) = bypass_of(command)? {
            let (dir, now) = (self.places.data.join("audit"), self.clock.now());
            return self.bypass.change(&self.audit, &dir, actor, change, now).await;
        }
        match command {
            Command::HoldingsImport { digest } => {
                evidence::may_add(&self.places.data, Class::Holding, &evidence::digest(digest)?)?;
            }
            Command::HoldingsRemove { digest } => {
                evidence::may_remove(&self.places.data, Class::Holding, &evidence::digest(digest)?)?;
            }
            Command::LedgerErase { tags } => self.may_erase(tags)?,
            Command::ReconciliationKeep { digest } => {
                evidence::may_add(&self.places.data, Class::Reconciliation, &evidence::digest(digest)?)?;
            }
            Command::ReconciliationRemove { digest } => {
                evidence::may_remove(&self.places.data, Class::Reconciliation, &evidence::digest(digest)?)?;
            }
            _ => {}
        }
        let mut targets = self.targets(command);
        if let Command::Disclose(disclose) = command {
            let note = crate::disclose::keep_note(&self.places.data.join("audit"), disclose.note.as_deref());
            targets.extend(note.map_err(|message| AdminError::NotRecorded { message })?);
        }
        let act = Act { actor, action: command.action(), targets };
        self.audit.act(act).await.map_err(|e| AdminError::NotRecorded { message: e.to_string() })
    }

    /// Runs a command that was recorded.
    pub async fn run(self: &Arc<Self>, command: Command) -> Result<Reply, AdminError> {
        match command {
            Command::Reload {} => self.reloaded(self.reload(false).await),
            Command::ReloadForced {} => self.reloaded(self.reload(true).await),
            Command::RolloutPreview { config } => Ok(Reply::Evaluated(self.preview_rollout(config.as_deref()).await?)),
            Command::RolloutStatus {} => Ok(Reply::Rollout(self.rollout())),
            Command::RolloutPause {} => Ok(Reply::Rollout(self.steer_rollout(Steer::Pause).await?)),
            Command::RolloutResume {} => Ok(Reply::Rollout(self.steer_rollout(Steer::Resume).await?)),
            Command::RolloutAbort {} => Ok(Reply::Rollout(self.steer_rollout(Steer::Abort).await?)),
            Command::RolloutFinish {} => Ok(Reply::Rollout(self.steer_rollout(Steer::Finish).await?)),
            Command::DestinationPreview { destination, config, source, since } => {
                let source = source.as_deref().map(SourceId::parse).transpose();
                let source = source.map_err(|error| AdminError::request(format!("not a source id: {error}")))?;
                let asked = preview::Asked { destination: id(&destination)?, config, source, since: Millis(since) };
                Ok(Reply::Preview(Box::new(self.preview(asked).await?)))
            }
            Command::DestinationAdd { destination } => {
                let destination = id(&destination)?;
                let expected = format!("there is no destination {destination}");
                self.reloaded(
                    self.reload_expecting(|new| new.destinations.contains_key(&destination), &expected, false).await,
                )
            }
            Command::LadderMove { source, event, step } => {
                let expected = format!("source {source} is not where the command put it");
                let is_there = |new: &Config| ladder::is_on(new, &source, event.as_deref(), step);
                self.reloaded(self.reload_expecting(is_there, &expected, false).await)
            }
            Command::FalsePositiveMark { event, property, category, source } => {
                let about = about(event, property, &category, source)?;
                let expected = "this mark is not".to_owned();
                self.reloaded(self.reload_expecting(|new| about.is_in(new), &expected, false).await)
            }
            Command::Explain { event, property, source } => self.explain(&event, &property, source.as_deref()),
            Command::Status {} => Ok(Reply::Status(self.status())),
            Command::Alerts {} => Ok(Reply::Alerts { alerts: self.alerts.on().iter().map(alerts::shown).collect() }),
            Command::QuarantineList { filter, limit } => Ok(self.quarantine(&filter, limit as usize)),
            Command::QuarantineShow { entry } => self.show(self.entry(&entry)?).await,
            Command::QuarantineReplay { entry, opened, preview } => {
                let info = self.entry(&entry)?;
                match info.id.shelf {
                    Shelf::Raw => {
                        let opened = opened.and_then(|o| o.reveal()).ok_or_else(|| {
                            AdminError::request("an entry of the raw hold is opened with hold.key by the command line")
                        })?;
                        self.replay_held(info, opened, preview).await
                    }
                    Shelf::Rejected => self.replay_rejected(info, preview).await,
                }
            }
            Command::QuarantineDiscard { entries } => {
                let ids = entries.iter().map(|e| self.entry(e).map(|info| info.id)).collect::<Result<Vec<_>, _>>()?;
                let count = self.hold.discard(ids).await.map_err(failed)?;
                Ok(Reply::Done { count })
            }
            Command::DestinationList {} => Ok(Reply::Destinations { destinations: self.destinations() }),
            Command::DestinationSuspend { destination } => {
                self.deliver.suspend(&id(&destination)?).await.map_err(of_delivery)?;
                Ok(Reply::Done { count: 1 })
            }
            Command::DestinationResume { destination } => {
                self.deliver.resume(&id(&destination)?).await.map_err(of_delivery)?;
                Ok(Reply::Done { count: 1 })
            }
            Command::DestinationEnd { destination, .. } => {
                self.end_destination(&id(&destination)?).await.map_err(of_delivery)?;
                Ok(Reply::Done { count: 1 })
            }
            Command::Trim {} => Ok(Reply::Done { count: self.trim() }),
            Command::Observed {} => Ok(Reply::Observed { sources: self.pipeline.observed().list() }),
            Command::Why { event, property, source, destination } => {
                self.why(&Question { event, property, source, destination }).await
            }
            Command::Events {} => Ok(self.events()),
            Command::CatalogSave {} => {
                self.catalog.save().await.map_err(|e| AdminError::Failed { message: e.to_string() })?;
                self.learn();
                Ok(Reply::Done { count: self.catalog.read(|catalog| catalog.events().len() as u64) })
            }
            Command::IdentitySave {} => {
                self.identity.save().await.map_err(|e| AdminError::Failed { message: e.to_string() })?;
                Ok(Reply::Done { count: 1 })
            }
            Command::KeysList {} => Ok(Reply::Keys { keys: self.key_list() }),
            Command::ResendStart { .. } => Ok(Reply::Resend(self.start_resend(Asked::read(command)?).await?)),
            Command::ResendStatus {} => {
                let none = || AdminError::NotFound { what: "resend since weir was started".to_owned() };
                Ok(Reply::Resend(self.resending.state().ok_or_else(none)?))
            }
            Command::ResendCancel {} => Ok(Reply::Done { count: u64::from(self.resending.cancel()) }),
            Command::BackupBegin { pid } => match self.lease.begin(pid, self.clock.now()) {
                Some(lease) => Ok(Reply::BackupLease { lease }),
                None => Err(AdminError::Conflict {
                    message: "another backup is under way: wait until it has ended".to_owned(),
                }),
            },
            Command::BackupCut { lease } => {
                self.renew(lease)?;
                let cut = tokio::task::block_in_place(|| self.backup_cut());
                Ok(Reply::BackupCut(cut.map_err(|e| AdminError::Failed { message: e.to_string() })?))
            }
            Command::BackupRenew { lease } => self.renew(lease),
            Command::BackupEnd { lease } if self.lease.end(lease, self.clock.now()) => Ok(Reply::Done { count: 1 }),
            Command::BackupEnd { .. } => Err(broken()),
            Command::UpgradeFinish {} => {
                let raised = self.folder.finish_upgrade();
                let raised = raised.map_err(|e| AdminError::Failed { message: e.to_string() })?;
                self.catalog.write_version(profile::catalog_version(&self.folder.formats()));
                if gateway::may_erase_rows(&self.folder.formats()) {
                    self.egress.write_newest_formats();
                }
                let formats = raised.into_iter().map(|(name, from, to)| (name.to_owned(), from, to)).collect();
                Ok(Reply::Raised { formats })
            }
            Command::Upgrade { binary } => match self.hand_over(binary.map(Into::into)).await {
                Ok((pid, version)) => Ok(Reply::HandedOver { pid, version }),
                Err(why) => Err(AdminError::Conflict { message: format!("this process goes on: {why}") }),
            },
            Command::LedgerErase { tags } => self.erase(&tags).await,
            Command::HoldingsImport { .. } | Command::ReconciliationKeep { .. } => Ok(Reply::Done { count: 1 }),
            Command::HoldingsRemove { digest } => self.delete_evidence(Class::Holding, &digest),
            Command::ReconciliationRemove { digest } => self.delete_evidence(Class::Reconciliation, &digest),
            // To record it was all that was asked.
            Command::KeysBackup {}
            | Command::Disclose(_)
            | Command::BypassOpen { .. }
            | Command::BypassClose { .. } => Ok(Reply::Done { count: self.keys.list().len() as u64 }),
        }
    }
}

fn about(event: String, property: String, category: &str, source: Option<String>) -> Result<About, AdminError> {
    let unknown = || AdminError::request(format!("there is no category `{category}`"));
    let category = crate::config::values::category(category).ok_or_else(unknown)?;
    if !weir_policy::may_be_marked(category) {
        return Err(AdminError::request(crate::marks::REFUSED));
    }
    Ok(About { source, event, property, category })
}

/// A backup may not go on.
fn broken() -> AdminError {
    AdminError::Conflict {
        message: "the gateway had to free files for events that come in, or the backup took too long: run it again, to a faster target".to_owned(),
    }
}

impl Gateway {
    fn reloaded(&self, done: Result<Reloaded, StartError>) -> Result<Reply, AdminError> {
        let done = done.map_err(|e| AdminError::Conflict { message: e.to_string() })?;
        say_reloaded(&done);
        let generation = self.pipeline.generation_id().to_hex();
        let Reloaded { changed, at_next_start, evaluation, is_staged } = done;
        Ok(Reply::Reloaded { generation, changed, at_next_start, evaluation, is_staged })
    }

    fn renew(&self, lease: u64) -> Result<Reply, AdminError> {
        if self.lease.renew(lease, self.clock.now()) { Ok(Reply::Done { count: 1 }) } else { Err(broken()) }
    }

    fn targets(&self, command: &Command) -> Vec<Target> {
        let destination = |text: &str| DestinationId::parse(text).ok().map(Target::Destination);
        match command {
            Command::QuarantineShow { entry } | Command::QuarantineReplay { entry, .. } => {
                self.entry(entry).ok().map(|info| Target::Event(info.event_id)).into_iter().collect()
            }
            Command::Disclose(disclose) => {
                let entry = disclose.entry.as_deref().and_then(|entry| self.entry(entry).ok());
                crate::disclose::targets(disclose, entry.map(|info| info.event_id))
            }
            Command::QuarantineDiscard { entries } => {
                let named = entries.iter().filter_map(|e| self.entry(e).ok()).take(99);
                let mut targets: Vec<Target> = named.map(|info| Target::Event(info.event_id)).collect();
                targets.push(Target::Count(entries.len() as u64));
                targets
            }
            Command::DestinationSuspend { destination: id }
            | Command::DestinationResume { destination: id }
            | Command::DestinationAdd { destination: id }
            | Command::DestinationPreview { destination: id, .. }
            | Command::DestinationEnd { destination: id, .. } => destination(id).into_iter().collect(),
            Command::LadderMove { source, event, .. } => ladder::targets(source, event.as_deref()),
            Command::FalsePositiveMark { event, property, category, source } => {
                let about = about(event.clone(), property.clone(), category, source.clone());
                about.map(|about| about.targets()).unwrap_or_default()
            }
            Command::ResendStart { event, from, to, destinations, .. } => {
                // The name is the operator's text, which may be no clean one: its digest says which it was.
                let mut name = [0; 32];
                name.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, event.as_bytes()).as_ref());
                let times = [*from, *to].map(|at| Target::Count(u64::try_from(at).unwrap_or(0)));
                let named = destinations.iter().take(90).filter_map(|id| destination(id));
                named.chain([Target::Digest(name)]).chain(times).collect()
            }
            Command::LedgerErase { tags } => vec![Target::Count(tags.len() as u64)],
            Command::HoldingsImport { digest }
            | Command::HoldingsRemove { digest }
            | Command::ReconciliationKeep { digest }
            | Command::ReconciliationRemove { digest } => {
                evidence::digest(digest).ok().map(Target::Digest).into_iter().collect()
            }
            _ => vec![Target::Generation(self.pipeline.generation_id())],
        }
    }

    /// Deletes a file of evidence that does not count any more.
    fn delete_evidence(&self, class: Class, digest: &str) -> Result<Reply, AdminError> {
        let deleted = kept::delete(&RealDisk, &self.places.data, class, &evidence::digest(digest)?);
        deleted.map_err(|e| AdminError::Failed { message: e.to_string() })?;
        Ok(Reply::Done { count: 1 })
    }

    fn entry(&self, id: &str) -> Result<HoldInfo, AdminError> {
        let not_found = || AdminError::NotFound { what: "such entry: see `weir quarantine list`".to_owned() };
        let id = EntryId::parse(id).ok_or_else(not_found)?;
        self.hold.list(1, |info| info.id == id).into_iter().next().ok_or_else(not_found)
    }

    fn quarantine(&self, filter: &Filter, limit: usize) -> Reply {
        let admits = |info: &HoldInfo| {
            let owner_is = |wanted: &Option<String>, shelf| {
                wanted.as_deref().is_none_or(|w| info.id.shelf == shelf && info.owner.as_str() == w)
            };
            owner_is(&filter.source, Shelf::Raw)
                && owner_is(&filter.destination, Shelf::Rejected)
                && filter.reason.as_deref().is_none_or(|reason| info.reason == reason)
        };
        let all = self.hold.list(usize::MAX, admits);
        let total = all.len() as u64;
        let entries = all.iter().take(limit.min(LIST_MAX)).map(|info| self.shown(info)).collect();
        Reply::Quarantine { entries, total }
    }

    fn shown(&self, info: &HoldInfo) -> QuarantineEntry {
        let keep = i64::try_from(self.pipeline.generation().config.hold.keep.as_millis()).unwrap_or(i64::MAX);
        let (source, destination) = match &info.owner {
            Owner::Source(id) => (Some(id.to_string()), None),
            Owner::Destination(id) => (None, Some(id.to_string())),
        };
        QuarantineEntry {
            entry: info.id.to_string(),
            event: info.event_id.to_hex(),
            source,
            destination,
            reason: info.reason.to_owned(),
            stage: info.stage.to_owned(),
            at: info.held_at.to_rfc3339(),
            expires: info.held_at.plus(keep).to_rfc3339(),
            has_body: info.bytes > 0,
        }
    }

    async fn show(&self, info: HoldInfo) -> Result<Reply, AdminError> {
        let entry = self.shown(&info);
        if info.id.shelf == Shelf::Raw {
            let (_, body) = self.hold.body(info.id).await.map_err(failed)?;
            let body = (!body.is_empty()).then(|| hex(&body));
            return Ok(Reply::Sealed { entry, body });
        }
        let record = self.hold.open_rejected(info.id).await.map_err(failed)?;
        let remap = |stored| record.name(stored);
        let view = RecordView::parse_bytes(record.bytes(), &remap)
            .map_err(|e| AdminError::Failed { message: format!("the record does not read: {e}") })?;
        let categories = |path| {
            let found = view.findings().filter(|f| f.path == path);
            found.map(|f| f.category.key().to_owned()).collect()
        };
        let leaves = view.leaves().filter_map(Result::ok).filter(|leaf| leaf.kind.is_scalar()).map(|leaf| MaskedLeaf {
            path: self.names.text(leaf.path).to_owned(),
            kind: kind_name(leaf.kind).to_owned(),
            length: u32::try_from(String::from_utf8_lossy(leaf.text).chars().count()).unwrap_or(u32::MAX),
            categories: categories(leaf.path),
        });
        let leaves = leaves.collect();
        Ok(Reply::Masked { entry, leaves })
    }

    /// An event of the raw hold goes through the gate again: today's policy, the same event id and epoch time (D10).
    async fn replay_held(&self, info: HoldInfo, body: Vec<u8>, preview: bool) -> Result<Reply, AdminError> {
        let Owner::Source(source) = &info.owner else {
            return Err(AdminError::Failed { message: "an entry of the raw hold has no source".to_owned() });
        };
        let entry = Reentry { source: source.clone(), event_id: info.event_id, epoch_time: info.epoch_time, body };
        let outcome = self.pipeline.replay(vec![entry], preview).await.into_iter().next().map(|(_, outcome)| outcome);
        let line = match outcome {
            Some(Replayed::Journaled) => {
                // The journal's group names the event as replayed, so a crash before this line is repaired at the next start.
                self.hold.mark_replayed(vec![info.id]).await.map_err(failed)?;
                "journaled: it goes to every destination of its source".to_owned()
            }
            Some(Replayed::Would) => "would be journaled and go to every destination of its source".to_owned(),
            Some(Replayed::Withheld(rule)) => format!("withheld again, by rule {}", rule.name()),
            Some(Replayed::NoSource) => "its source is not configured any more".to_owned(),
            Some(Replayed::Unreadable) | None => "the opened body does not read: is hold.key the right one?".to_owned(),
            Some(Replayed::NotNow) => "the journal takes nothing at the moment: try again".to_owned(),
        };
        let done = matches!(outcome, Some(Replayed::Journaled));
        Ok(Reply::Replayed { done, outcomes: vec![line] })
    }

    /// An event that one destination rejected re-enters at release for that destination only (D10).
    async fn replay_rejected(&self, info: HoldInfo, preview: bool) -> Result<Reply, AdminError> {
        let Owner::Destination(destination) = &info.owner else {
            return Err(AdminError::Failed { message: "a rejected entry has no destination".to_owned() });
        };
        let record = self.hold.open_rejected(info.id).await.map_err(failed)?;
        if preview {
            return self.preview_rejected(destination, &record);
        }
        let replayed = self.deliver.replay(destination, vec![record]).await.map_err(of_delivery)?;
        let line = match replayed {
            Redelivered { delivered: 1.., .. } => "the vendor took it; it has left quarantine",
            Redelivered { rejected: 1.., .. } => "the vendor rejected it again; it stays in quarantine",
            Redelivered { not_released: 1.., .. } => "today's policy does not release it; it stays in quarantine",
            Redelivered { unknown: 1.., .. } => {
                "sent, but no answer came back: it may have arrived, and stays in quarantine"
            }
            Redelivered { put_off: 1.., .. } => "the vendor could not be reached or asked to wait: try again later",
            _ => "it has left quarantine meanwhile",
        };
        Ok(Reply::Replayed { done: replayed.delivered > 0, outcomes: vec![format!("{destination}: {line}")] })
    }

    /// What a replay of a rejected event would send: names only, and nothing is changed.
    fn preview_rejected(&self, destination: &DestinationId, record: &RejectedRecord) -> Result<Reply, AdminError> {
        let generation = self.pipeline.generation();
        let setup = generation.destinations.get(destination).ok_or_else(|| AdminError::Conflict {
            message: format!("destination {destination} is not in the configuration"),
        })?;
        let remap = |stored| record.name(stored);
        let view = RecordView::parse_bytes(record.bytes(), &remap)
            .map_err(|e| AdminError::Failed { message: format!("the record does not read: {e}") })?;
        let mut releaser = Releaser::new(Arc::clone(&setup.release), self.keys.snapshot(), Arc::clone(&self.names));
        releaser.set_time(self.clock.now());
        let line = match releaser.release(&view) {
            Ok(released) => {
                let mut paths: Vec<&str> = released.leaves().iter().map(|leaf| self.names.text(leaf.path())).collect();
                paths.dedup();
                format!("{destination}: would be sent as {} with {}", released.name(), paths.join(", "))
            }
            Err(rule) => format!("{destination}: would not be sent, by rule {}", rule.name()),
        };
        Ok(Reply::Replayed { done: false, outcomes: vec![line] })
    }

    /// How the process is doing.
    pub fn status(&self) -> Status {
        let generation = self.pipeline.generation();
        let journal = self.pipeline.journal();
        let mode = |id: &SourceId| {
            let mode = generation.config.sources.get(id).map(|source| source.mode);
            mode.map_or(String::new(), |mode| format!("{mode:?}").to_lowercase())
        };
        let sources = self.source_counts().into_iter().map(|counts| SourceStatus {
            mode: mode(&counts.source),
            source: counts.source.to_string(),
            journaled: counts.journaled,
            quarantined: counts.quarantined.iter().map(|(_, n)| n).sum(),
            dropped: counts.dropped.iter().map(|(rule, n)| (rule.name().to_owned(), *n)).collect(),
        });
        Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            generation: generation.id.to_hex(),
            started: self.started.to_rfc3339(),
            not_ready: Vec::new(),
            journal_bytes: journal.bytes_on_disk(),
            journal_offsets: (journal.floor().0, journal.tail().0),
            disk_free_bytes: self.space.free_bytes(),
            ledger_entries: self.egress.entries(),
            alerts: self.alerts.on().iter().map(alerts::shown).collect(),
            bypass: {
                let (coverage, dir) = (self.bypass.coverage(), self.places.data.join("audit"));
                coverage.open().map(|window| bypass::shown(window, &dir)).collect()
            },
            sources: sources.collect(),
            destinations: self.destinations(),
            notices: self.rollout_line().into_iter().chain(generation.config.ending(self.clock.now())).collect(),
        }
    }

    fn destinations(&self) -> Vec<DestinationStatus> {
        let states = self.deliver.status();
        let of = |counts: weir_console::metrics::DestinationCounts| {
            let state = states.iter().find(|s| s.id == counts.destination);
            let text = match state {
                None => "not started".to_owned(),
                Some(s) if s.life == weir_ledger::Status::Ended => "ended".to_owned(),
                Some(s) if s.life == weir_ledger::Status::Suspended => "suspended".to_owned(),
                Some(s) if s.halted.is_some() => format!("halted: {}", s.halted.unwrap_or_default()),
                Some(s) if !s.is_configured => "not configured: its events wait".to_owned(),
                Some(s) if s.refused.is_some() => format!("refused by the vendor: {}", s.refused.unwrap_or_default()),
                Some(s) if s.breaker != weir_deliver::BreakerState::Closed => "retrying".to_owned(),
                Some(_) => "active".to_owned(),
            };
            DestinationStatus {
                destination: counts.destination.to_string(),
                state: text,
                offered: counts.offered,
                delivered: counts.delivered,
                waiting: counts.waiting,
                quarantined: counts.quarantined.iter().map(|(_, n)| n).sum(),
                unknown: counts.unknown,
                dropped: counts.dropped.iter().map(|(rule, n)| (rule.name().to_owned(), *n)).collect(),
                lag_millis: state.map_or(0, |s| u64::try_from(s.lag_millis).unwrap_or(0)),
            }
        };
        self.destination_counts().into_iter().map(of).collect()
    }

    fn key_list(&self) -> Vec<KeyStatus> {
        let time = |at: Option<Millis>| at.map(Millis::to_rfc3339);
        let status = |key: weir_keys::KeyInfo| KeyStatus {
            name: key.name.to_string(),
            purpose: key.purpose.to_owned(),
            created: time(key.created).unwrap_or_default(),
            destroyed: time(key.destroyed),
        };
        self.keys.list().into_iter().map(status).collect()
    }
}

/// What a command changes about bypass windows, if it is about them.
fn bypass_of(command: &Command) -> Result<Option<Change>, AdminError> {
    Ok(match command {
        Command::BypassOpen { source, since, reason } => {
            let parse = |text: &String| SourceId::parse(text).map_err(|e| AdminError::request(e.to_string()));
            let source = source.as_ref().map(parse).transpose()?;
            Some(Change::Open { source, since: since.map(Millis), reason: reason.clone() })
        }
        Command::BypassClose { window } => Some(Change::Close { number: *window }),
        _ => None,
    })
}

fn id(text: &str) -> Result<DestinationId, AdminError> {
    DestinationId::parse(text).map_err(|e| AdminError::request(e.to_string()))
}

fn failed(error: weir_hold::HoldError) -> AdminError {
    AdminError::Failed { message: error.to_string() }
}

fn of_delivery(error: DeliverError) -> AdminError {
    match error {
        DeliverError::NoSuchDestination(id) => AdminError::NotFound { what: format!("destination {id}") },
        DeliverError::Ended(id) => AdminError::Conflict { message: format!("destination {id} has ended, for good") },
        DeliverError::InRollout(_) => AdminError::Conflict { message: error.to_string() },
        other => AdminError::Failed { message: other.to_string() },
    }
}

const fn kind_name(kind: LeafKind) -> &'static str {
    match kind {
        LeafKind::String | LeafKind::MapKey => "string",
        LeafKind::Number => "number",
        LeafKind::True => "true",
        LeafKind::False => "false",
        _ => "null",
    }
}

/// The log line of a reload that was done, whoever asked for it.
pub(crate) fn say_reloaded(done: &Reloaded) {
    let word = |yes: bool| Field::Static(if yes { "yes" } else { "no" });
    let differences = done.evaluation.iter().flat_map(|evaluation| &evaluation.destinations);
    let (lost, gained) = differences.fold((0, 0), |(lost, gained), one| (lost + one.lost, gained + one.gained));
    let fields = [
        ("changed", word(done.changed)),
        ("in_steps", word(done.is_staged)),
        ("fields_for_the_next_start", Field::Count(done.at_next_start.len() as u64)),
        ("events_that_leave_no_more", Field::Count(lost)),
        ("events_that_leave_now", Field::Count(gained)),
    ];
    emit(Level::Info, "configuration reloaded", &fields);
}

/// The admin socket's side of a shared gateway.
pub struct Operator(pub Arc<Gateway>);

impl Admin for Operator {
    async fn record(&self, actor: Actor, command: &Command) -> Result<(), AdminError> {
        self.0.record(actor, command).await
    }

    async fn run(&self, _: Actor, command: Command) -> Result<Reply, AdminError> {
        self.0.run(command).await
    }
}

//! Alerts of a running Weir: measures, asks the rules of `weir-watch`, says what begins and ends.

pub mod push;

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use weir_console::command::AlertStatus;
use weir_event::log::{Field, Level, emit};
use weir_event::{Millis, NameId, SourceId};
use weir_hold::Shelf;
use weir_ledger::Status;
use weir_watch::{Alert, Change, DestinationReading, Fill, Of, Reading, Severity, SourceReading, Watcher};

use crate::gateway::Gateway;

/// What is on, and what was measured.
#[derive(Debug)]
pub struct Alerts {
    watcher: Mutex<Watcher>,
    began: Instant,
}

impl Default for Alerts {
    fn default() -> Alerts {
        Alerts { watcher: Mutex::default(), began: Instant::now() }
    }
}

impl Alerts {
    /// Takes a reading; logs what began and ended, and gives it.
    pub fn observe(&self, reading: &Reading) -> Vec<Change> {
        let changes = self.watcher.lock().unwrap_or_else(PoisonError::into_inner).observe(reading);
        for change in &changes {
            match change {
                Change::Begins(alert) if alert.severity == Severity::Critical => {
                    emit(Level::Error, "an alert is on: see `weir alerts`", &fields(alert));
                }
                Change::Begins(alert) => emit(Level::Warn, "an alert is on: see `weir alerts`", &fields(alert)),
                Change::Ends(alert) => emit(Level::Info, "an alert is over", &fields(alert)),
            }
        }
        changes
    }

    /// What is on, gravest first.
    pub fn on(&self) -> Vec<Alert> {
        self.watcher.lock().unwrap_or_else(PoisonError::into_inner).alerts()
    }

    /// What is filling, and how long until it is full.
    pub fn times_to_full(&self) -> Vec<(Of, Duration)> {
        self.watcher.lock().unwrap_or_else(PoisonError::into_inner).times_to_full().to_vec()
    }
}

fn fields(alert: &Alert) -> Vec<(&'static str, Field)> {
    let mut fields = vec![("alert", Field::Static(alert.name)), ("severity", Field::Static(alert.severity.name()))];
    match &alert.of {
        Of::Weir => {}
        Of::Source(id) => fields.push(("source", Field::Source(id.clone()))),
        Of::Destination(id) => fields.push(("destination", Field::Destination(id.clone()))),
        Of::Fill(what) => fields.push(("of", Field::Static(what))),
    }
    if let Some(time) = alert.time_to_full {
        fields.push(("full_in_seconds", Field::Count(time.as_secs())));
    }
    fields
}

/// An alert for people and programs.
pub fn shown(alert: &Alert) -> AlertStatus {
    AlertStatus {
        name: alert.name.to_owned(),
        severity: alert.severity.name().to_owned(),
        of: alert.of.name().to_owned(),
        since: alert.since.to_rfc3339(),
        text: alert.text.clone(),
        time_to_full_seconds: alert.time_to_full.map(|time| time.as_secs()),
    }
}

impl Gateway {
    /// Why it takes no events now; empty where it does. Words of ours.
    pub fn intake_closed(&self) -> Vec<&'static str> {
        let mut why = Vec::new();
        if !self.space.intake_open() {
            why.push("disk full");
        }
        if self.pipeline.journal().health().refusal.is_some() {
            why.push("the journal has no room for another segment");
        }
        if self.hold.is_full() {
            why.push("the raw hold is full");
        }
        why
    }

    /// Everything that alerts are about, at this moment.
    pub fn reading(&self, certificate_ends: Option<Millis>) -> Reading {
        let generation = self.pipeline.generation();
        let config = &generation.config;
        let fill = |what, value: u64, limit: u64| Fill { what, value: value as f64, limit: limit as f64 };
        let segment = config.journal.segment_bytes as f64;
        let fills = vec![
            fill("journal", self.pipeline.journal().bytes_on_disk(), config.journal.budget_bytes),
            Fill { what: "disk", value: -(self.space.free_bytes() as f64), limit: -segment },
            fill("raw_hold", self.hold.shelf_bytes(Shelf::Raw), config.hold.budget_bytes),
            fill("quarantine", self.hold.shelf_bytes(Shelf::Rejected), config.hold.budget_bytes),
        ];
        let sources = self.source_counts().into_iter().filter(|counts| generation.sources.contains_key(&counts.source));
        let day = self.clock.now().plus(-Millis::DAY);
        let (new_classes, changed) = self.catalog.read(|catalog| {
            let changed: Vec<NameId> = catalog.changed_forms(day).iter().map(|(event, ..)| event.source).collect();
            (catalog.new_classes(day), changed)
        });
        let changed_of = |id: &SourceId| changed.iter().filter(|of| self.names.text(**of) == id.as_str()).count();
        let new_of =
            |id: &SourceId| new_classes.iter().filter(|new| self.names.text(new.source) == id.as_str()).count();
        let sources = sources.map(|counts| SourceReading {
            new_classes: new_of(&counts.source) as u64,
            changed_forms: changed_of(&counts.source) as u64,
            id: counts.source,
            received: counts.received,
            held: counts.quarantined.iter().map(|(_, n)| n).sum(),
        });
        let destination = |status: weir_deliver::DestinationStatus| {
            let configured = config.destinations.get(&status.id);
            let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
            DestinationReading {
                is_suspended: status.life == Status::Suspended || configured.is_none(),
                refused: status.refused,
                halted: status.halted,
                lag_millis: u64::try_from(status.lag_millis).unwrap_or(0),
                lag_millis_max: configured.map_or(0, |d| millis(d.lag_max)),
                is_lagging: status.is_lagging,
                expires: configured.is_some_and(|d| d.on_lag == crate::config::OnLag::Expire),
                delivered: status.totals.delivered,
                rejected: status.totals.rejected,
                id: status.id,
            }
        };
        let destinations = self.deliver.status().into_iter().filter(|status| status.life != Status::Ended);
        Reading {
            at: self.clock.now(),
            up: self.alerts.began.elapsed(),
            fills,
            intake_closed: self.intake_closed(),
            reserve: (self.space.reserve_bytes(), self.space.reserve_wanted()),
            ledger_unwritable: self.egress.is_poisoned() || self.audit.is_poisoned(),
            ledger_rewound: self.egress.is_rewound() || self.audit.is_rewound(),
            anchors_behind: self.egress.anchors_behind() + self.audit.anchors_behind() + self.mirror.behind(),
            certificate_ends,
            allowances_ending: config.ending(self.clock.now()).len() as u64,
            bypass_open: self.bypass.coverage().open().count() as u64,
            shipping: self.shipping.waits(self.clock.now()),
            sources: sources.collect(),
            destinations: destinations.map(destination).collect(),
        }
    }
}

//! What is seen from outside: readiness and metrics (D11). Counters come from what is durable: the tally that the journal carries,
//! the hold's own totals, the ledger.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use weir_console::http::Watched;
use weir_console::metrics::{DestinationCounts, Kind, Label, Sample, Snapshot, SourceCounts, Times};
use weir_event::{DestinationId, Rule, SourceId};
use weir_hold::Owner;
use weir_ledger::Totals;
use weir_watch::{Of, Severity};

use crate::gateway::Gateway;
use crate::listen;
use crate::{process, stage};

/// The gateway with its listener, as the console sees it.
pub struct Watch {
    /// The gateway.
    pub gateway: std::sync::Arc<Gateway>,
    /// The ingest listener.
    pub ingest: listen::Handle,
}

/// What the hold adds to the sums of one source or destination.
#[derive(Default)]
struct Held {
    quarantined: BTreeMap<&'static str, u64>,
    dropped: BTreeMap<Rule, u64>,
}

impl Gateway {
    fn held(&self) -> BTreeMap<Owner, Held> {
        let mut all: BTreeMap<Owner, Held> = BTreeMap::new();
        for gauge in self.hold.gauges() {
            *all.entry(gauge.owner).or_default().quarantined.entry(gauge.reason).or_default() += gauge.count;
        }
        for total in self.hold.totals() {
            // A replay is no drop: its event is journaled or delivered, and counted there.
            if let Some(rule) = total.fate.rule() {
                *all.entry(total.owner).or_default().dropped.entry(rule).or_default() += total.count;
            }
        }
        all
    }

    /// The sums of every source that is configured or has ever had an event.
    pub fn source_counts(&self) -> Vec<SourceCounts> {
        let (tally, held) = (self.tally.read(), self.held());
        let mut ids: Vec<SourceId> = self.pipeline.generation().sources.keys().cloned().collect();
        ids.extend(tally.sources().filter_map(|(id, _)| SourceId::parse(id).ok()));
        ids.extend(held.keys().filter_map(|owner| match owner {
            Owner::Source(id) => Some(id.clone()),
            Owner::Destination(_) => None,
        }));
        ids.sort_unstable();
        ids.dedup();
        let counts = |source: SourceId| {
            let own = tally.source(source.as_str()).cloned().unwrap_or_default();
            let mut dropped = own.dropped;
            let mut quarantined = Vec::new();
            if let Some(held) = held.get(&Owner::Source(source.clone())) {
                held.dropped.iter().for_each(|(rule, n)| *dropped.entry(*rule).or_default() += n);
                quarantined = held.quarantined.iter().map(|(reason, n)| (*reason, *n)).collect();
            }
            let ended: u64 = dropped.values().sum();
            let waiting: u64 = quarantined.iter().map(|(_, n)| n).sum();
            SourceCounts {
                source,
                received: own.journaled + ended + waiting,
                journaled: own.journaled,
                dropped: dropped.into_iter().collect(),
                quarantined,
            }
        };
        ids.into_iter().map(counts).collect()
    }

    /// The sums of every destination, ended ones too.
    pub fn destination_counts(&self) -> Vec<DestinationCounts> {
        // The ledger is read before the tally: an event that is delivered in between is then counted as waiting, never twice.
        let (totals, held) = (self.egress.totals(), self.held());
        let tally = self.tally.read();
        let offered: BTreeMap<&str, u64> = tally.destinations().collect();
        let mut ids: Vec<DestinationId> = self.pipeline.generation().destinations.keys().cloned().collect();
        ids.extend(totals.keys().cloned());
        ids.extend(offered.keys().filter_map(|id| DestinationId::parse(id).ok()));
        ids.sort_unstable();
        ids.dedup();
        let counts = |destination: DestinationId| {
            let nothing = Totals::default();
            let own = totals.get(&destination).unwrap_or(&nothing);
            let mut dropped = own.dropped.clone();
            let mut quarantined = Vec::new();
            if let Some(held) = held.get(&Owner::Destination(destination.clone())) {
                held.dropped.iter().for_each(|(rule, n)| *dropped.entry(*rule).or_default() += n);
                quarantined = held.quarantined.iter().map(|(reason, n)| (*reason, *n)).collect();
            }
            let offered = offered.get(destination.as_str()).copied().unwrap_or(0);
            let settled: u64 = own.delivered
                + own.unknown
                + dropped.values().sum::<u64>()
                + quarantined.iter().map(|(_, n): &(&str, u64)| n).sum::<u64>();
            DestinationCounts {
                destination,
                offered,
                delivered: own.delivered,
                dropped: dropped.into_iter().collect(),
                waiting: offered.saturating_sub(settled),
                unknown: own.unknown,
                quarantined,
            }
        };
        ids.into_iter().map(counts).collect()
    }
}

impl Watched for Watch {
    fn not_ready(&self) -> Vec<&'static str> {
        let gateway = &self.gateway;
        let mut why = gateway.intake_closed();
        if gateway.egress.is_poisoned() || gateway.audit.is_poisoned() {
            why.push("a ledger cannot be written");
        }
        if gateway.pipeline.is_stopping() {
            why.push("stopping");
        }
        why
    }

    fn metrics(&self) -> Snapshot {
        let gateway = &self.gateway;
        let mut more = Vec::new();
        let mut sample = |name, help, kind, labels: Vec<(&'static str, Label)>, value: f64| {
            more.push(Sample { name, help, kind, labels, value });
        };
        let health = gateway.pipeline.journal().health();
        sample("weir_journal_bytes", "Bytes of the journal's files.", Kind::Gauge, vec![], health.bytes_on_disk as f64);
        let config = &gateway.pipeline.generation().config;
        let budgets = [
            ("weir_journal_budget_bytes", "Bytes that the journal may have.", config.journal.budget_bytes),
            ("weir_hold_budget_bytes", "Bytes that raw hold and quarantine may have, each.", config.hold.budget_bytes),
        ];
        budgets.into_iter().for_each(|(name, help, bytes)| sample(name, help, Kind::Gauge, vec![], bytes as f64));
        sample(
            "weir_journal_damaged_events",
            "Events in parts of the journal that cannot be read.",
            Kind::Gauge,
            vec![],
            health.damaged_offsets as f64,
        );
        sample(
            "weir_disk_free_bytes",
            "Free bytes of the data folder's file system.",
            Kind::Gauge,
            vec![],
            gateway.space.free_bytes() as f64,
        );
        sample(
            "weir_disk_reserve_bytes",
            "Bytes set aside for ledger and hold.",
            Kind::Gauge,
            vec![],
            gateway.space.reserve_bytes() as f64,
        );
        sample(
            "weir_hold_bytes",
            "Bytes of raw hold and quarantine.",
            Kind::Gauge,
            vec![],
            gateway.hold.bytes_on_disk() as f64,
        );
        sample(
            "weir_ledger_entries_total",
            "Entries of the egress ledger.",
            Kind::Counter,
            vec![],
            gateway.egress.entries() as f64,
        );
        sample(
            "weir_audit_entries_total",
            "Entries of the audit ledger.",
            Kind::Counter,
            vec![],
            gateway.audit.entries() as f64,
        );
        for (kind, taken, failed) in gateway.mirror.counts() {
            let labels = || vec![("kind", Label::Name(kind))];
            sample(
                "weir_anchor_taken_total",
                "Checkpoints that anchors elsewhere took, by their kind.",
                Kind::Counter,
                labels(),
                taken as f64,
            );
            sample(
                "weir_anchor_failed_total",
                "Tries at which an anchor elsewhere took none, by its kind.",
                Kind::Counter,
                labels(),
                failed as f64,
            );
        }
        let (cosigned, refused) = gateway.cosigner.as_ref().map_or((0, 0), |of| of.counts());
        sample(
            "weir_witness_cosigned_total",
            "Checkpoints of other ledgers that this one cosigned.",
            Kind::Counter,
            vec![],
            cosigned as f64,
        );
        sample(
            "weir_witness_refused_total",
            "Checkpoints of other ledgers that this one refused to cosign.",
            Kind::Counter,
            vec![],
            refused as f64,
        );
        sample(
            "weir_bypass_open",
            "Windows open in which apps send past Weir: no answer covers them.",
            Kind::Gauge,
            vec![],
            gateway.bypass.coverage().open().count() as f64,
        );
        sample(
            "weir_ingest_connections",
            "Open connections of SDKs.",
            Kind::Gauge,
            vec![],
            listen_connections(&self.ingest),
        );
        sample(
            "weir_ingest_in_flight_bytes",
            "Bytes of requests being handled.",
            Kind::Gauge,
            vec![],
            self.ingest.in_flight_bytes() as f64,
        );
        let rollout = gateway.rollout();
        for (state, is_now) in ["running", "paused", "rolled_back"].map(|state| (state, rollout.state == state)) {
            sample(
                "weir_rollout_state",
                "1 for what the rollout is, or how the last one ended.",
                Kind::Gauge,
                vec![("state", Label::Name(state))],
                f64::from(u8::from(is_now)),
            );
        }
        let is_on = rollout.state == "running" || rollout.state == "paused";
        let share = rollout.steps.get(rollout.step as usize).copied().filter(|_| is_on).unwrap_or(0);
        sample(
            "weir_rollout_share",
            "The share of people that has the policy on its way, from 0 to 1.",
            Kind::Gauge,
            vec![],
            f64::from(share) / 1e6,
        );
        sample(
            "weir_rollout_kept_events",
            "Events in quarantine that are kept until one policy holds for all.",
            Kind::Gauge,
            vec![],
            rollout.kept as f64,
        );
        for guard in ["volume", "fill", "dropped", "quarantined"] {
            let found = rollout.guards.iter().find(|reading| is_on && reading.guard == guard);
            let (value, limit) = found.map_or((0, 0), |reading| (reading.value, reading.limit));
            let label = || vec![("guard", Label::Name(guard))];
            sample(
                "weir_rollout_guard",
                "What a guard of the rollout measures where it measures most, from 0 to 1.",
                Kind::Gauge,
                label(),
                f64::from(value) / 1e6,
            );
            sample(
                "weir_rollout_guard_limit",
                "What takes the rollout back when it is passed; 0 while there is none.",
                Kind::Gauge,
                label(),
                f64::from(limit) / 1e6,
            );
        }
        let asked = gateway.pipeline.questions().asked();
        for (answer, count) in [
            ("vendor", asked.vendor),
            ("remembered", asked.remembered),
            ("stale", asked.stale),
            ("constant", asked.constant),
        ] {
            sample(
                "weir_flag_questions_total",
                "Calls for flags in mode `proxy`, by whose answer the SDK got: the vendor's, one remembered, the last one, the constant one.",
                Kind::Counter,
                vec![("answer", Label::Name(answer))],
                count as f64,
            );
        }
        let flags = |source: &crate::generation::SourceRuntime| {
            let asks = matches!(source.auxiliary, crate::config::Auxiliary::Proxy(_));
            f64::from(u8::from(source.has_seen_flags() && !asks))
        };
        let generation = gateway.pipeline.generation();
        for (id, source) in &generation.sources {
            let label = vec![("source", Label::Source(id.clone()))];
            sample(
                "weir_source_flags_answered_constant",
                "1 where SDKs ask this source for flags and get none (D17).",
                Kind::Gauge,
                label,
                flags(source),
            );
        }
        for (id, source) in generation.sources.iter().filter(|(_, source)| source.rate_limit.is_some()) {
            let label = vec![("source", Label::Source(id.clone()))];
            sample(
                "weir_source_over_rate_requests_total",
                "Requests of this process answered with 503 because the source was over its rate_limit.",
                Kind::Counter,
                label,
                source.memory.rate.refused() as f64,
            );
        }
        for (id, source) in &generation.sources {
            for (version, requests) in source.memory.versions.counted() {
                let labels = vec![("source", Label::Source(id.clone())), ("version", Label::Name(version))];
                sample(
                    "weir_source_app_version_requests_total",
                    "Requests of this process by the app version of their first event: at most 50 versions of digits, dots and hyphens a source, the rest is `other`.",
                    Kind::Counter,
                    labels,
                    requests as f64,
                );
            }
        }
        let statuses = gateway.deliver.status();
        for status in &statuses {
            let label = || vec![("destination", Label::Destination(status.id.clone()))];
            sample(
                "weir_destination_lag_seconds",
                "Age of the oldest event that waits.",
                Kind::Gauge,
                label(),
                status.lag_millis as f64 / 1e3,
            );
            let halted = status.refused.is_some() || status.halted.is_some();
            sample(
                "weir_destination_refused",
                "1 where the vendor refuses us or delivery has stopped.",
                Kind::Gauge,
                label(),
                f64::from(u8::from(halted)),
            );
            sample(
                "weir_destination_requests_total",
                "Requests sent by this process.",
                Kind::Counter,
                label(),
                status.requests as f64,
            );
            sample(
                "weir_destination_failures_total",
                "Requests of this process that failed.",
                Kind::Counter,
                label(),
                status.failures as f64,
            );
        }
        let on = gateway.alerts.on();
        for rule in weir_watch::RULES {
            for severity in Severity::ALL {
                let count = on.iter().filter(|alert| alert.name == rule.name && alert.severity == severity).count();
                let labels = vec![("name", Label::Name(rule.name)), ("severity", Label::Name(severity.name()))];
                let help = "Alerts that are on, by rule and severity.";
                sample("weir_alert", help, Kind::Gauge, labels, count as f64);
            }
        }
        let times_to_full = gateway.alerts.times_to_full();
        let mut to_full = |what, destination: Option<&DestinationId>, of: Of| {
            let time = times_to_full.iter().find(|(known, _)| *known == of).map(|(_, time)| time.as_secs_f64());
            let destination = destination.map_or(Label::Empty, |id| Label::Destination(id.clone()));
            let labels = vec![("what", Label::Name(what)), ("destination", destination)];
            let help = "Seconds until it is full, or the lag limit of a destination is reached, if it goes on so; infinite where it does not fill.";
            sample("weir_time_to_full_seconds", help, Kind::Gauge, labels, time.unwrap_or(f64::INFINITY));
        };
        ["journal", "disk", "raw_hold", "quarantine"].into_iter().for_each(|what| to_full(what, None, Of::Fill(what)));
        statuses.iter().for_each(|s| to_full("lag", Some(&s.id), Of::Destination(s.id.clone())));
        for (id, destination) in &generation.config.destinations {
            let labels = vec![("destination", Label::Destination(id.clone()))];
            let help = "Age at which events of a destination expire, or are held where it says so.";
            let limit = destination.lag_max.as_secs_f64();
            sample("weir_destination_lag_limit_seconds", help, Kind::Gauge, labels, limit);
        }
        let (push, telemetry) = (&gateway.push, &gateway.telemetry);
        for (what, sent, dropped) in
            [("alerts", &push.sent, &push.dropped), ("traces", &telemetry.sent, &telemetry.dropped)]
        {
            for (result, count) in [("sent", sent), ("dropped", dropped)] {
                let labels = vec![("what", Label::Name(what)), ("result", Label::Name(result))];
                let help = "Alerts and traces of this process that their receiver took, or that were given up.";
                sample("weir_push_total", help, Kind::Counter, labels, count.load(Ordering::Relaxed) as f64);
            }
        }
        for (id, standing) in gateway.shipping.standings() {
            let labels = || vec![("receiver", Label::Destination(id.clone()))];
            let help = "Acts of the audit log that a receiver has taken, by this process.";
            sample("weir_audit_shipped_total", help, Kind::Counter, labels(), standing.shipped as f64);
            let help = "Entries of the audit ledger that a receiver does not have yet.";
            let waiting = gateway.audit.entries().saturating_sub(standing.entry);
            sample("weir_audit_ship_waiting", help, Kind::Gauge, labels(), waiting as f64);
        }
        for (stage, seconds) in stage::seconds().unwrap_or_default() {
            let label = vec![("stage", Label::Name(stage))];
            sample(
                "weir_stage_cpu_seconds_total",
                "CPU time by stage (WEIR_STAGE_TIMES=1).",
                Kind::Counter,
                label,
                seconds,
            );
        }
        more.extend(process::samples(gateway.started));
        let mut times = vec![Times {
            name: "weir_ingest_request_seconds",
            help: "How long requests of SDKs took, from their head to their answer, the arrival of the body included.",
            labels: vec![],
            counts: self.ingest.gauges().took.counts(),
        }];
        times.extend(statuses.into_iter().map(|status| Times {
            name: "weir_destination_request_seconds",
            help: "How long the vendor took to answer a request of this process.",
            labels: vec![("destination", Label::Destination(status.id))],
            counts: status.took,
        }));
        more.sort_by_key(|sample: &Sample| sample.name);
        Snapshot {
            sources: gateway.source_counts(),
            destinations: gateway.destination_counts(),
            times,
            no_destination: gateway.tally.read().undelivered_by_rule().iter().map(|(r, n)| (*r, *n)).collect(),
            more,
        }
    }
}

fn listen_connections(handle: &listen::Handle) -> f64 {
    handle.gauges().connections.load(Ordering::Relaxed) as f64
}

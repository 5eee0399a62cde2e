//! From readings to alerts that begin and end.

use std::collections::BTreeMap;
use std::time::Duration;

use weir_event::{DestinationId, Millis, SourceId};

use crate::reading::{Fill, Reading};
use crate::rules::{Of, RULES, Seen, Severity};
use crate::series::Series;

/// An alert ends once its rule has been silent for so long, so that one on the edge does not begin and end all day.
const QUIET: Duration = Duration::from_secs(15);
/// A difference of the two clocks between two readings that is a jump.
const JUMP_MILLIS: i64 = 60_000;

/// One alert that is on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Alert {
    /// The name of its rule.
    pub name: &'static str,
    /// How grave it is now.
    pub severity: Severity,
    /// What it is about.
    pub of: Of,
    /// Since when.
    pub since: Millis,
    /// What is the matter, and what to do.
    pub text: String,
    /// How long until it is full.
    pub time_to_full: Option<Duration>,
}

/// What a reading changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// An alert began, or became graver.
    Begins(Alert),
    /// An alert ended.
    Ends(Alert),
}

/// What was measured before, as far as a rule needs it. Bounded: a few hundred numbers for each source, destination and fill.
#[derive(Clone, Debug, Default)]
pub struct History {
    fills: BTreeMap<&'static str, Series>,
    received: BTreeMap<SourceId, Series>,
    held: BTreeMap<SourceId, (u64, f64, Series)>,
    lag: BTreeMap<DestinationId, (f64, Series)>,
    rejected: BTreeMap<DestinationId, Series>,
    answered: BTreeMap<DestinationId, Series>,
    /// The clocks at the last reading.
    clocks: Option<(Millis, Duration)>,
    jump: Option<(Duration, i64)>,
}

impl History {
    fn add(&mut self, now: &Reading) {
        let up = now.up;
        if let Some((at, before)) = self.clocks.replace((now.at, up)) {
            let counted = i64::try_from(up.saturating_sub(before).as_millis()).unwrap_or(i64::MAX);
            let by = now.at.since(at).saturating_sub(counted);
            if by.abs() > JUMP_MILLIS {
                self.jump = Some((up, by));
            }
        }
        for fill in &now.fills {
            self.fills.entry(fill.what).or_default().push(up, fill.value);
        }
        let is_source = |id: &SourceId| now.sources.iter().any(|source| source.id == *id);
        self.received.retain(|id, _| is_source(id));
        self.held.retain(|id, _| is_source(id));
        for source in &now.sources {
            self.received.entry(source.id.clone()).or_default().push(up, source.received as f64);
            // What expires or is replayed leaves the gauge; only what comes is counted.
            let (last, sum, series) =
                self.held.entry(source.id.clone()).or_insert_with(|| (source.held, 0.0, Series::default()));
            *sum += source.held.saturating_sub(*last) as f64;
            *last = source.held;
            series.push(up, *sum);
        }
        let is_destination = |id: &DestinationId| now.destinations.iter().any(|d| d.id == *id);
        self.lag.retain(|id, _| is_destination(id));
        self.rejected.retain(|id, _| is_destination(id));
        self.answered.retain(|id, _| is_destination(id));
        for destination in &now.destinations {
            let (limit, lag) = self.lag.entry(destination.id.clone()).or_default();
            *limit = destination.lag_millis_max as f64;
            lag.push(up, destination.lag_millis as f64);
            let (rejected, delivered) = (destination.rejected as f64, destination.delivered as f64);
            self.rejected.entry(destination.id.clone()).or_default().push(up, rejected);
            self.answered.entry(destination.id.clone()).or_default().push(up, rejected + delivered);
        }
    }

    /// How long until this is full; `None` where it is not filling.
    pub fn time_to_full(&self, fill: &Fill) -> Option<Duration> {
        self.fills.get(fill.what)?.time_to_full(fill.limit)
    }

    /// How long until the oldest event of a destination reaches the lag limit; `None` where it does not get older.
    pub fn time_to_lag_limit(&self, id: &DestinationId) -> Option<Duration> {
        let (limit, lag) = self.lag.get(id)?;
        if lag.last() > 0.0 { lag.time_to_full(*limit) } else { None }
    }

    /// Events of a source withheld in the last 15 minutes, and received.
    pub fn source_quarter(&self, id: &SourceId) -> (Option<f64>, Option<f64>) {
        let held = self.held.get(id).and_then(|(_, _, series)| series.rise_short());
        (held, self.received.get(id).and_then(Series::rise_short))
    }

    /// Events of a destination rejected in the last 15 minutes, and answered.
    pub fn destination_quarter(&self, id: &DestinationId) -> (Option<f64>, Option<f64>) {
        let rise = |of: &BTreeMap<DestinationId, Series>| of.get(id).and_then(Series::rise_short);
        (rise(&self.rejected), rise(&self.answered))
    }

    /// Events of a source in the last 15 minutes, and the share of the steps before in which it had some.
    pub fn traffic(&self, id: &SourceId) -> (Option<f64>, Option<f64>) {
        let series = self.received.get(id);
        (series.and_then(Series::rise_short), series.and_then(Series::rising_share))
    }

    /// The last jump of the clock: when, and by how many milliseconds.
    pub fn clock_jump(&self) -> Option<(Duration, i64)> {
        self.jump
    }
}

/// Keeps the history and what is on.
#[derive(Debug, Default)]
pub struct Watcher {
    history: History,
    on: BTreeMap<(usize, Of), On>,
    fills: Vec<(Of, Duration)>,
}

#[derive(Debug)]
struct On {
    alert: Alert,
    /// When its rule spoke last.
    spoke: Duration,
}

impl Watcher {
    /// Takes a reading and tells what it changed.
    pub fn observe(&mut self, now: &Reading) -> Vec<Change> {
        self.history.add(now);
        let mut changes = Vec::new();
        let seen = Seen { now, history: &self.history };
        for (place, rule) in RULES.iter().enumerate() {
            for finding in (rule.check)(&seen) {
                let fresh = Alert {
                    name: rule.name,
                    severity: finding.severity,
                    of: finding.of.clone(),
                    since: now.at,
                    text: finding.text,
                    time_to_full: finding.time_to_full,
                };
                let key = (place, finding.of);
                match self.on.get_mut(&key) {
                    Some(on) => {
                        let graver = fresh.severity > on.alert.severity;
                        on.alert = Alert { since: on.alert.since, ..fresh };
                        on.spoke = now.up;
                        if graver {
                            changes.push(Change::Begins(on.alert.clone()));
                        }
                    }
                    None => {
                        changes.push(Change::Begins(fresh.clone()));
                        self.on.insert(key, On { alert: fresh, spoke: now.up });
                    }
                }
            }
        }
        let over: Vec<_> = self.on.extract_if(.., |_, on| now.up.saturating_sub(on.spoke) >= QUIET).collect();
        changes.extend(over.into_iter().map(|(_, on)| Change::Ends(on.alert)));
        let fills = now.fills.iter().filter_map(|fill| Some((Of::Fill(fill.what), self.history.time_to_full(fill)?)));
        let lags = now.destinations.iter().filter_map(|destination| {
            Some((Of::Destination(destination.id.clone()), self.history.time_to_lag_limit(&destination.id)?))
        });
        self.fills = fills.chain(lags).collect();
        changes
    }

    /// What is on, gravest first, then in the order of the rules.
    pub fn alerts(&self) -> Vec<Alert> {
        let mut alerts: Vec<Alert> = self.on.values().map(|on| on.alert.clone()).collect();
        alerts.sort_by_key(|alert| std::cmp::Reverse(alert.severity));
        alerts
    }

    /// What is filling, and how long until it is full.
    pub fn times_to_full(&self) -> &[(Of, Duration)] {
        &self.fills
    }
}

#[cfg(test)]
mod tests;

//! Metrics in Prometheus' text format, version 0.0.4. Labels are ids that the operator chose, clean names and words of ours
//! (promise 7): the types admit nothing else.

use std::fmt::Write;

use weir_event::histogram::HistogramCounts;
use weir_event::{DestinationId, Rule, SourceId};

/// Everything that `/metrics` shows, at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// By source.
    pub sources: Vec<SourceCounts>,
    /// By destination, ended ones too.
    pub destinations: Vec<DestinationCounts>,
    /// Events that no destination took, by rule.
    pub no_destination: Vec<(Rule, u64)>,
    /// Everything else. Samples of one family stand together.
    pub more: Vec<Sample>,
    /// Times in buckets. Those of one family stand together.
    pub times: Vec<Times>,
}

/// How long something took, in buckets.
#[derive(Clone, Debug)]
pub struct Times {
    /// Its name: `weir_…_seconds`.
    pub name: &'static str,
    /// One sentence.
    pub help: &'static str,
    /// Its labels.
    pub labels: Vec<(&'static str, Label)>,
    /// What was counted.
    pub counts: HistogramCounts,
}

/// The sums of one source (D11): received = journaled + quarantined + dropped.
#[derive(Clone, Debug)]
pub struct SourceCounts {
    /// The source.
    pub source: SourceId,
    /// Events whose fate is durable.
    pub received: u64,
    /// Events in the journal.
    pub journaled: u64,
    /// Events that ended at the gate.
    pub dropped: Vec<(Rule, u64)>,
    /// Events in the raw hold now, by reason.
    pub quarantined: Vec<(&'static str, u64)>,
}

/// The sums of one destination (D11): offered = delivered + waiting + quarantined + dropped + unknown.
#[derive(Clone, Debug)]
pub struct DestinationCounts {
    /// The destination.
    pub destination: DestinationId,
    /// Events offered.
    pub offered: u64,
    /// Events that the vendor accepted.
    pub delivered: u64,
    /// Events dropped.
    pub dropped: Vec<(Rule, u64)>,
    /// Events waiting now.
    pub waiting: u64,
    /// Events sent whose answer was lost.
    pub unknown: u64,
    /// Events that the vendor rejected and that are kept now, by reason.
    pub quarantined: Vec<(&'static str, u64)>,
}

/// One value.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Its name: `weir_…`, a counter's with `_total`.
    pub name: &'static str,
    /// One sentence.
    pub help: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Its labels.
    pub labels: Vec<(&'static str, Label)>,
    /// The value.
    pub value: f64,
}

/// What a value is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Only rises.
    Counter,
    /// Rises and falls.
    Gauge,
    /// Counts in buckets, of [`Times`].
    Histogram,
}

/// The value of a label.
#[derive(Clone, Debug)]
pub enum Label {
    /// A source.
    Source(SourceId),
    /// A destination.
    Destination(DestinationId),
    /// A rule.
    Rule(Rule),
    /// A word of ours or a clean, interned name (D1).
    Name(&'static str),
    /// Nothing.
    Empty,
}

impl Label {
    fn text(&self) -> &str {
        match self {
            Label::Source(id) => id.as_str(),
            Label::Destination(id) => id.as_str(),
            Label::Rule(rule) => rule.name(),
            Label::Name(text) => text,
            Label::Empty => "",
        }
    }
}

impl Snapshot {
    /// The whole page.
    pub fn text(&self) -> String {
        let mut page = Page(String::with_capacity(8 * 1024));
        let source = |s: &SourceCounts| ("source", Label::Source(s.source.clone()));
        let destination = |d: &DestinationCounts| ("destination", Label::Destination(d.destination.clone()));
        let rule = |rule: Rule| ("rule", Label::Rule(rule));
        let reason = |reason: &'static str| ("reason", Label::Name(reason));

        page.family("weir_events_received_total", Kind::Counter, "Events whose fate is durable, by source.");
        for s in &self.sources {
            page.count("weir_events_received_total", &[source(s)], s.received);
        }
        page.family("weir_events_journaled_total", Kind::Counter, "Events in the journal, by source.");
        for s in &self.sources {
            page.count("weir_events_journaled_total", &[source(s)], s.journaled);
        }
        page.family("weir_intake_dropped_total", Kind::Counter, "Events that ended at the gate, by source and rule.");
        for s in &self.sources {
            for (r, n) in &s.dropped {
                page.count("weir_intake_dropped_total", &[source(s), rule(*r)], *n);
            }
        }
        page.family("weir_intake_quarantined", Kind::Gauge, "Events in the raw hold, by source and reason.");
        for s in &self.sources {
            for (why, n) in &s.quarantined {
                page.count("weir_intake_quarantined", &[source(s), reason(why)], *n);
            }
        }
        page.family("weir_events_offered_total", Kind::Counter, "Events offered to a destination.");
        for d in &self.destinations {
            page.count("weir_events_offered_total", &[destination(d)], d.offered);
        }
        page.family("weir_events_delivered_total", Kind::Counter, "Events that the vendor accepted.");
        for d in &self.destinations {
            page.count("weir_events_delivered_total", &[destination(d)], d.delivered);
        }
        let help = "Events dropped by a named rule; destination is empty where no destination took the event.";
        page.family("weir_events_dropped_total", Kind::Counter, help);
        for (r, n) in &self.no_destination {
            page.count("weir_events_dropped_total", &[("destination", Label::Empty), rule(*r)], *n);
        }
        for d in &self.destinations {
            for (r, n) in &d.dropped {
                page.count("weir_events_dropped_total", &[destination(d), rule(*r)], *n);
            }
        }
        page.family("weir_events_waiting", Kind::Gauge, "Events waiting for a destination.");
        for d in &self.destinations {
            page.count("weir_events_waiting", &[destination(d)], d.waiting);
        }
        page.family("weir_events_unknown", Kind::Gauge, "Events sent whose answer was lost.");
        for d in &self.destinations {
            page.count("weir_events_unknown", &[destination(d)], d.unknown);
        }
        page.family(
            "weir_events_quarantined",
            Kind::Gauge,
            "Events that a vendor rejected and that are kept, by reason.",
        );
        for d in &self.destinations {
            for (why, n) in &d.quarantined {
                page.count("weir_events_quarantined", &[destination(d), reason(why)], *n);
            }
        }
        let mut last = "";
        for sample in &self.more {
            if sample.name != last {
                page.family(sample.name, sample.kind, sample.help);
                last = sample.name;
            }
            page.sample(sample.name, &sample.labels, sample.value);
        }
        for times in &self.times {
            if times.name != last {
                page.family(times.name, Kind::Histogram, times.help);
                last = times.name;
            }
            page.times(times);
        }
        page.0
    }
}

struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn count(&mut self, name: &str, labels: &[(&'static str, Label)], value: u64) {
        self.name(name, labels);
        let _ = writeln!(self.0, " {value}");
    }

    fn sample(&mut self, name: &str, labels: &[(&'static str, Label)], value: f64) {
        self.name(name, labels);
        let _ = if value == f64::INFINITY { writeln!(self.0, " +Inf") } else { writeln!(self.0, " {value}") };
    }

    fn times(&mut self, times: &Times) {
        let Times { name, labels, counts, .. } = times;
        for (bound, count) in &counts.buckets {
            self.bucket(name, labels, &bound.to_string(), *count);
        }
        self.bucket(name, labels, "+Inf", counts.count);
        self.name(&format!("{name}_sum"), labels);
        let _ = writeln!(self.0, " {}", counts.sum_seconds);
        self.name(&format!("{name}_count"), labels);
        let _ = writeln!(self.0, " {}", counts.count);
    }

    fn bucket(&mut self, name: &str, labels: &[(&'static str, Label)], bound: &str, count: u64) {
        self.name(&format!("{name}_bucket"), labels);
        if labels.is_empty() {
            self.0.push('{');
        } else {
            self.0.pop();
            self.0.push(',');
        }
        let _ = writeln!(self.0, "le=\"{bound}\"}} {count}");
    }

    fn name(&mut self, name: &str, labels: &[(&'static str, Label)]) {
        self.0.push_str(name);
        for (i, (key, value)) in labels.iter().enumerate() {
            self.0.push(if i == 0 { '{' } else { ',' });
            self.0.push_str(key);
            self.0.push_str("=\"");
            for c in value.text().chars() {
                match c {
                    '\\' => self.0.push_str("\\\\"),
                    '"' => self.0.push_str("\\\""),
                    '\n' => self.0.push_str("\\n"),
                    c => self.0.push(c),
                }
            }
            self.0.push('"');
        }
        if !labels.is_empty() {
            self.0.push('}');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names are relied on by scripts: a change here breaks somebody's dashboard.
    #[test]
    fn the_page_has_the_names_that_scripts_rely_on() {
        let source = SourceCounts {
            source: SourceId::parse("web").unwrap(),
            received: 10,
            journaled: 7,
            dropped: vec![(Rule::Duplicate, 2)],
            quarantined: vec![("event_name_unclean", 1)],
        };
        let destination = DestinationCounts {
            destination: DestinationId::parse("product").unwrap(),
            offered: 7,
            delivered: 3,
            dropped: vec![(Rule::TooOld, 1)],
            waiting: 1,
            unknown: 1,
            quarantined: vec![("rejected", 1)],
        };
        let more = ["open", "shut"].map(|state| Sample {
            name: "weir_breaker",
            help: "A\nline.",
            kind: Kind::Gauge,
            labels: vec![("state", Label::Name(if state == "open" { "o\"p\\e\nn" } else { "shut" }))],
            value: 0.5,
        });
        let counts = HistogramCounts { buckets: vec![(0.005, 2), (1.0, 3)], count: 4, sum_seconds: 2.5 };
        let labelled = vec![("destination", Label::Destination(DestinationId::parse("product").unwrap()))];
        let times =
            [vec![], labelled].map(|labels| Times { name: "weir_x_seconds", help: "", labels, counts: counts.clone() });
        let snapshot = Snapshot {
            sources: vec![source],
            destinations: vec![destination],
            no_destination: vec![(Rule::NoDestination, 4)],
            more: more.to_vec(),
            times: times.to_vec(),
        };
        let text = snapshot.text();
        let samples: Vec<_> = text.lines().filter(|l| !l.starts_with('#')).collect();
        assert_eq!(
            samples,
            [
                "weir_events_received_total{source=\"web\"} 10",
                "weir_events_journaled_total{source=\"web\"} 7",
                "weir_intake_dropped_total{source=\"web\",rule=\"duplicate\"} 2",
                "weir_intake_quarantined{source=\"web\",reason=\"event_name_unclean\"} 1",
                "weir_events_offered_total{destination=\"product\"} 7",
                "weir_events_delivered_total{destination=\"product\"} 3",
                "weir_events_dropped_total{destination=\"\",rule=\"no_destination\"} 4",
                "weir_events_dropped_total{destination=\"product\",rule=\"too_old\"} 1",
                "weir_events_waiting{destination=\"product\"} 1",
                "weir_events_unknown{destination=\"product\"} 1",
                "weir_events_quarantined{destination=\"product\",reason=\"rejected\"} 1",
                "weir_breaker{state=\"o\\\"p\\\\e\\nn\"} 0.5",
                "weir_breaker{state=\"shut\"} 0.5",
                "weir_x_seconds_bucket{le=\"0.005\"} 2",
                "weir_x_seconds_bucket{le=\"1\"} 3",
                "weir_x_seconds_bucket{le=\"+Inf\"} 4",
                "weir_x_seconds_sum 2.5",
                "weir_x_seconds_count 4",
                "weir_x_seconds_bucket{destination=\"product\",le=\"0.005\"} 2",
                "weir_x_seconds_bucket{destination=\"product\",le=\"1\"} 3",
                "weir_x_seconds_bucket{destination=\"product\",le=\"+Inf\"} 4",
                "weir_x_seconds_sum{destination=\"product\"} 2.5",
                "weir_x_seconds_count{destination=\"product\"} 4",
            ]
        );
        assert_eq!(text.matches("# TYPE weir_x_seconds histogram").count(), 1);
        for sample in samples.into_iter().filter(|sample| !sample.starts_with("weir_x")) {
            let name = sample.split(['{', ' ']).next().unwrap();
            assert_eq!(text.matches(&format!("# TYPE {name} ")).count(), 1, "{name}");
            assert!(name.ends_with("_total") == text.contains(&format!("# TYPE {name} counter")), "{name}");
        }
        assert!(text.contains("# HELP weir_breaker A\\nline.\n"));
    }
}

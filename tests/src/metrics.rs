//! `/metrics` as numbers, and the sums of D11.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use crate::wire;

/// The value of each series, by its name and labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics {
    series: BTreeMap<(String, BTreeMap<String, String>), f64>,
    text: String,
}

impl Metrics {
    /// Reads them from a console listener.
    pub fn read(console: SocketAddr) -> std::io::Result<Metrics> {
        let answer = wire::get(console, "/metrics")?;
        if answer.status != 200 {
            return Err(std::io::Error::other(format!("/metrics answered {}", answer.status)));
        }
        Ok(Metrics::parse(&answer.text()))
    }

    /// Reads the text format; a line that is not understood fails the test that meets it.
    pub fn parse(text: &str) -> Metrics {
        let mut series = BTreeMap::new();
        for line in text.lines().filter(|l| !l.starts_with('#') && !l.trim().is_empty()) {
            let (name, labels, value) =
                split(line).unwrap_or_else(|| panic!("a metrics line that cannot be read: {line}"));
            series.insert((name, labels), value);
        }
        Metrics { series, text: text.to_owned() }
    }

    /// The text as served.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The sum over every series of this name whose labels hold all of these.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        self.series
            .iter()
            .filter(|((n, has), _)| n == name && labels.iter().all(|(k, v)| has.get(*k).is_some_and(|h| h == v)))
            .map(|(_, value)| *value as u64)
            .sum()
    }

    /// The series of one name that are not zero, by one label.
    pub fn by(&self, name: &str, label: &str) -> BTreeMap<String, u64> {
        let mut out = BTreeMap::new();
        for ((n, has), value) in &self.series {
            if n == name && *value > 0.0 {
                *out.entry(has.get(label).cloned().unwrap_or_default()).or_insert(0) += *value as u64;
            }
        }
        out
    }

    /// What is wrong with the sums of D11; empty where they hold. Only at rest: a reading is not one instant.
    pub fn sums_broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for source in self.labels("weir_events_received_total", "source") {
            let of = |name: &str| self.sum(name, &[("source", &source)]);
            let received = of("weir_events_received_total");
            let (journaled, held) = (of("weir_events_journaled_total"), of("weir_intake_quarantined"));
            let dropped = of("weir_intake_dropped_total");
            if received != journaled + held + dropped {
                broken.push(format!(
                    "source {source}: received {received} != journaled {journaled} + quarantined {held} + dropped {dropped}"
                ));
            }
        }
        for destination in self.labels("weir_events_offered_total", "destination") {
            if destination.is_empty() {
                continue;
            }
            let of = |name: &str| self.sum(name, &[("destination", &destination)]);
            let offered = of("weir_events_offered_total");
            let (delivered, waiting) = (of("weir_events_delivered_total"), of("weir_events_waiting"));
            let (held, dropped) = (of("weir_events_quarantined"), of("weir_events_dropped_total"));
            let unknown = of("weir_events_unknown");
            if offered != delivered + waiting + held + dropped + unknown {
                broken.push(format!(
                    "destination {destination}: offered {offered} != delivered {delivered} + waiting {waiting} + quarantined {held} + dropped {dropped} + unknown {unknown}"
                ));
            }
        }
        broken
    }

    fn labels(&self, name: &str, label: &str) -> BTreeSet<String> {
        self.series.keys().filter(|(n, _)| n == name).filter_map(|(_, has)| has.get(label).cloned()).collect()
    }
}

fn split(line: &str) -> Option<(String, BTreeMap<String, String>, f64)> {
    let (head, value) = line.rsplit_once(' ')?;
    let value = value.parse().ok()?;
    let Some((name, rest)) = head.split_once('{') else {
        return Some((head.to_owned(), BTreeMap::new(), value));
    };
    let mut rest = rest.strip_suffix('}')?;
    let mut labels = BTreeMap::new();
    while !rest.is_empty() {
        let (key, after) = rest.split_once("=\"")?;
        let end = after.char_indices().scan(false, |escaped, (at, c)| {
            let ends = c == '"' && !*escaped;
            *escaped = c == '\\' && !*escaped;
            Some((at, ends))
        });
        let end = end.filter(|(_, ends)| *ends).map(|(at, _)| at).next()?;
        labels.insert(key.to_owned(), after[..end].replace("\\\"", "\"").replace("\\\\", "\\"));
        rest = after[end + 1..].trim_start_matches(',');
    }
    Some((name.to_owned(), labels, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
# TYPE weir_events_received_total counter
weir_events_received_total{source="web"} 10
weir_events_journaled_total{source="web"} 7
weir_intake_dropped_total{source="web",rule="duplicate"} 1
weir_intake_dropped_total{source="web",rule="event_name_unclean"} 1
weir_intake_quarantined{source="web",reason="event_name_unclean"} 1
weir_events_offered_total{destination="product"} 7
weir_events_delivered_total{destination="product"} 3
weir_events_dropped_total{destination="product",rule="too_old"} 1
weir_events_dropped_total{destination="",rule="no_destination"} 5
weir_events_waiting{destination="product"} 1
weir_events_unknown{destination="product"} 1
weir_events_quarantined{destination="product",reason="time, \"bad\""} 1
up 1
"#;

    #[test]
    fn sums_that_hold_are_seen_and_one_event_too_few_is_named() {
        let good = Metrics::parse(GOOD);
        assert_eq!(good.sums_broken(), Vec::<String>::new());
        assert_eq!(good.sum("weir_intake_dropped_total", &[("source", "web")]), 2);
        assert_eq!(good.by("weir_events_quarantined", "reason"), BTreeMap::from([("time, \"bad\"".to_owned(), 1)]));
        for line in GOOD.lines().filter(|l| l.starts_with("weir") && !l.contains("no_destination")) {
            let broken =
                Metrics::parse(&GOOD.replace(line, &format!("{} 99", line.rsplit_once(' ').expect("a value").0)));
            assert_eq!(broken.sums_broken().len(), 1, "{line}");
        }
    }
}

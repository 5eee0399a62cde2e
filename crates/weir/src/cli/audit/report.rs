//! What came of an audit, for a terminal and as JSON: names that were judged clean, counts, kinds, shapes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use weir_event::{Category, Likelihood, Millis, NameId};
use weir_protocol::vendors::{amplitude, mixpanel, posthog, segment};

use crate::cli::Exit;
use crate::cli::output::{counted, table};

use super::examine::Examiner;
use super::export::OTHER;
use super::files::FileReport;
use super::inventory::{Event, Found, Property};
use super::sensitivity::{SENSITIVE_MIN, is_sensitive, weight};

/// Rows of the work list that are shown.
pub(super) const WORK_MAX: usize = 20;
/// How many first steps the headline promises something of.
const FIRST_STEPS: usize = 3;

/// A report.
pub(super) struct Report {
    pub(super) now: Millis,
    pub(super) files: Vec<FileReport>,
    /// Names for people.
    pub(super) vendors: Vec<&'static str>,
    pub(super) events: Vec<EventRow>,
    /// By volume and sensitivity, most first.
    pub(super) work: Vec<WorkRow>,
    pub(super) seen: u64,
    pub(super) time: Option<(Millis, Millis)>,
    pub(super) unnamed: u64,
    pub(super) unlisted: u64,
}

/// Events of one name.
pub(super) struct EventRow {
    pub(super) vendor: &'static str,
    pub(super) name: &'static str,
    pub(super) seen: u64,
    pub(super) withheld: BTreeMap<&'static str, u64>,
    pub(super) dropped: BTreeMap<&'static str, u64>,
    pub(super) properties: Vec<PropertyRow>,
    /// Volume by sensitivity.
    pub(super) score: u64,
}

/// One property of it.
pub(super) struct PropertyRow {
    /// The path as policy has it.
    pub(super) path: &'static str,
    /// The vendor's own name for it, or the path.
    pub(super) label: String,
    pub(super) kinds: Vec<&'static str>,
    pub(super) seen: u64,
    pub(super) example: Option<(String, &'static str)>,
    pub(super) findings: Vec<FindingRow>,
    pub(super) gate: BTreeMap<&'static str, u64>,
    pub(super) leaves: BTreeMap<&'static str, u64>,
    pub(super) stays: BTreeMap<&'static str, u64>,
    /// What the default policy does, in words.
    pub(super) says: String,
    pub(super) file: usize,
    pub(super) score: u64,
}

/// What was found in it.
pub(super) struct FindingRow {
    pub(super) category: Category,
    pub(super) likelihood: Likelihood,
    pub(super) events: u64,
    pub(super) evidence: Vec<&'static str>,
    pub(super) detectors: Vec<&'static str>,
    pub(super) example: Option<(String, &'static str)>,
}

/// A property to be fixed, wherever it stands.
pub(super) struct WorkRow {
    pub(super) vendor: &'static str,
    pub(super) path: &'static str,
    pub(super) label: String,
    pub(super) categories: Vec<&'static str>,
    /// Events that have it, most first.
    pub(super) events: Vec<&'static str>,
    /// Events in which something sensitive stands there.
    pub(super) values: u64,
    pub(super) sensitivity: u32,
    pub(super) score: u64,
    pub(super) example: Option<String>,
    pub(super) says: String,
}

impl Report {
    /// Draws the conclusions.
    pub(super) fn new(examiner: Examiner, files: Vec<FileReport>, now: Millis) -> Report {
        let names = examiner.names();
        let text = |name: NameId| names.text(name);
        let inventory = &examiner.inventory;
        let mut events: Vec<EventRow> = inventory
            .events
            .iter()
            .map(|((vendor, name), event)| EventRow::new(vendor, text(*name), event, &text))
            .collect();
        events.sort_by(|a, b| (b.score, b.seen).cmp(&(a.score, a.seen)).then_with(|| a.name.cmp(b.name)));
        let keys: BTreeSet<&'static str> = events.iter().map(|event| event.vendor).collect();
        Report {
            now,
            files,
            vendors: keys.into_iter().filter(|key| *key != OTHER).map(title).collect(),
            work: work(&events),
            seen: inventory.seen,
            time: inventory.time,
            unnamed: inventory.unnamed,
            unlisted: inventory.unlisted,
            events,
        }
    }

    /// Whether something sensitive was found.
    pub(super) fn is_sensitive(&self) -> bool {
        !self.work.is_empty()
    }

    /// Whether every file was read to its end.
    pub(super) fn is_whole(&self) -> bool {
        self.files.iter().all(|file| file.not_read.is_none()) && self.seen > 0
    }

    /// A file that was not read may hold anything, so that counts before what was found.
    pub(super) fn exit(&self) -> Exit {
        match (self.is_whole(), self.is_sensitive()) {
            (false, _) => Exit::CouldNotRun,
            (true, true) => Exit::Found,
            (true, false) => Exit::Fine,
        }
    }

    /// `Mixpanel and Segment`.
    pub(super) fn who(&self) -> String {
        match self.vendors.as_slice() {
            [] => "this export".to_owned(),
            [one] => (*one).to_owned(),
            [all @ .., last] => format!("{} and {last}", all.join(", ")),
        }
    }

    /// `What Mixpanel knows about your users`.
    pub(super) fn title(&self) -> String {
        let verb = if self.vendors.len() > 1 { "know" } else { "knows" };
        format!("What {} {verb} about your users", self.who())
    }

    pub(super) fn sensitive_events(&self) -> usize {
        self.events.iter().filter(|event| event.score > 0).count()
    }

    pub(super) fn total_score(&self) -> u64 {
        self.work.iter().map(|row| row.score).sum()
    }

    /// How many first rows of the work list are promised something of, the share that is gone with them, and how many it takes for 80 %.
    pub(super) fn fix(&self) -> (usize, u64, usize) {
        let total = self.total_score().max(1);
        let first = self.work.len().min(FIRST_STEPS);
        let share = self.work.iter().take(first).map(|row| row.score).sum::<u64>() * 100 / total;
        let mut sum = 0;
        let most = self.work.iter().position(|row| {
            sum += row.score;
            sum * 100 >= total * 80
        });
        (first, share, most.map_or(0, |place| place + 1))
    }

    /// `Fix these 3 and 84 % is gone`.
    pub(super) fn headline(&self) -> String {
        let (first, share, _) = self.fix();
        match first {
            1 => format!("Fix this one and {share} % is gone"),
            _ => format!("Fix these {first} and {share} % is gone"),
        }
    }

    /// The share of a row of the work list, in percent.
    pub(super) fn share(&self, row: &WorkRow) -> u64 {
        (row.score * 100).div_ceil(self.total_score().max(1))
    }

    /// When the events are of.
    pub(super) fn span(&self) -> Option<(String, String)> {
        self.time.map(|(first, last)| (first.to_rfc3339(), last.to_rfc3339()))
    }

    /// What was not read, in words; empty where all was.
    pub(super) fn gaps(&self) -> Vec<String> {
        let mut gaps = Vec::new();
        for file in &self.files {
            if let Some(why) = &file.not_read {
                gaps.push(format!("{} was not read, or not to its end: {why}", base(&file.name)));
            }
            if file.damaged > 0 {
                let places: Vec<String> = file.places.iter().map(u64::to_string).collect();
                let more = if file.damaged > file.places.len() as u64 { " …" } else { "" };
                let what = counted(file.damaged, &format!("damaged {}", file.unit));
                gaps.push(format!("{}: {what} passed over (number {}{more})", base(&file.name), places.join(", ")));
            }
            if file.others > 0 {
                gaps.push(format!("{}: {} that brings no events", base(&file.name), counted(file.others, "request")));
            }
        }
        if self.unnamed > 0 {
            let what = counted(self.unnamed, "value");
            gaps.push(format!(
                "{what} under a key that is no clean name, which the gateway drops with it: not listed by name"
            ));
        }
        if self.unlisted > 0 {
            gaps.push(format!("{} whose property found no room in the list", counted(self.unlisted, "value")));
        }
        gaps
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let (first, share, most) = self.fix();
        let span = self.span();
        json!({
            "title": self.title(),
            "weir": env!("CARGO_PKG_VERSION"),
            "generated": self.now.to_rfc3339(),
            "sensitive": self.is_sensitive(),
            "whole": self.is_whole(),
            "scope": {
                "files": self.files.iter().map(file_json).collect::<Vec<_>>(),
                "vendors": self.vendors,
                "events": self.seen,
                "from": span.as_ref().map(|(from, _)| from),
                "to": span.as_ref().map(|(_, to)| to),
                "gaps": self.gaps(),
                "unclean_keys": self.unnamed,
                "unlisted": self.unlisted,
            },
            "fix": {"properties": first, "share": share as f64 / 100.0, "for_80_percent": most},
            "work_list": self.work.iter().enumerate().map(|(i, row)| json!({
                "rank": i + 1,
                "vendor": row.vendor,
                "path": row.path,
                "name": row.label,
                "categories": row.categories,
                "events": row.events,
                "values": row.values,
                "sensitivity": row.sensitivity,
                "share": self.share(row) as f64 / 100.0,
                "example": row.example,
                "policy": row.says,
            })).collect::<Vec<_>>(),
            "events": self.events.iter().map(EventRow::json).collect::<Vec<_>>(),
        })
    }

    /// For people.
    pub(super) fn text(&self, width: usize) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "{}\n", self.title());
        let _ = writeln!(out, "{}", self.summary());
        if self.is_sensitive() {
            let (_, _, most) = self.fix();
            let _ = writeln!(out, "\n{}; 80 % takes {}.\n", self.headline(), counted(most as u64, "property"));
            out.push_str(&table(
                &["", "property", "holds", "events", "share", "shape", "in", "by default, Weir"],
                self.work.iter().take(WORK_MAX).enumerate().map(|(i, row)| {
                    vec![
                        (i + 1).to_string(),
                        row.label.clone(),
                        few(&row.categories),
                        row.values.to_string(),
                        format!("{} %", self.share(row)),
                        row.example.clone().unwrap_or_default(),
                        shortened(&row.events, width / 4),
                        row.says.clone(),
                    ]
                }),
            ));
        }
        for event in &self.events {
            let _ = writeln!(out, "\n{}", self.event_words(event));
            for (rule, times) in event.withheld.iter().chain(&event.dropped) {
                let _ = writeln!(out, "  {times} kept out as a whole: {rule}");
            }
            let rows = event.properties.iter().map(|property| {
                vec![
                    format!("  {}", property.label),
                    property.kinds.join("|"),
                    percent(property.seen, event.seen),
                    property.finding_words(),
                    property.example.as_ref().map(|(shape, _)| shape.clone()).unwrap_or_default(),
                    property.says.clone(),
                ]
            });
            out.push_str(&table(&["  property", "type", "in", "found", "shape", "by default, Weir"], rows));
        }
        let gaps = self.gaps();
        if !gaps.is_empty() {
            out.push_str("\nnot in this report\n");
            gaps.iter().for_each(|gap| out.push_str(&format!("  {gap}\n")));
        }
        out.push_str(
            "\nNames and shapes only. Detection does not find everything; what the files do not hold is not in here.\n",
        );
        out
    }

    /// The name of an event and how many there were; whose they are, where there are several vendors.
    pub(super) fn event_words(&self, event: &EventRow) -> String {
        let whose = if self.vendors.len() > 1 { format!("{}, ", title(event.vendor)) } else { String::new() };
        format!("{}  ({whose}{})", event.name, counted(event.seen, "event"))
    }

    /// One sentence about what was read and found.
    pub(super) fn summary(&self) -> String {
        let span = self.span().map(|(from, to)| format!(" of {} to {}", day(&from), day(&to))).unwrap_or_default();
        let read = format!("In {}{span}", counted(self.seen, "event"));
        if !self.is_sensitive() {
            return format!("{read}, nothing sensitive was found.");
        }
        let verb = if self.work.len() == 1 { "holds" } else { "hold" };
        format!(
            "{read}, {} {verb} something sensitive, in {} of {}.",
            counted(self.work.len() as u64, "property"),
            self.sensitive_events(),
            counted(self.events.len() as u64, "kind of event").replace("kind of events", "kinds of events"),
        )
    }
}

impl EventRow {
    fn new(vendor: &'static str, name: &'static str, event: &Event, text: &dyn Fn(NameId) -> &'static str) -> EventRow {
        let all = |kept: &BTreeMap<&'static str, u64>| {
            kept.keys().next().copied().filter(|_| kept.values().sum::<u64>() == event.seen)
        };
        let rule = Whole { withheld: all(&event.withheld), dropped: all(&event.dropped) };
        let mut properties: Vec<PropertyRow> = event
            .properties
            .iter()
            .map(|(path, property)| PropertyRow::new(vendor, text(*path), property, rule))
            .collect();
        properties.sort_by(|a, b| (b.score, b.seen).cmp(&(a.score, a.seen)).then_with(|| a.path.cmp(b.path)));
        EventRow {
            vendor,
            name,
            seen: event.seen,
            withheld: event.withheld.clone(),
            dropped: event.dropped.clone(),
            score: properties.iter().map(|property| property.score).sum(),
            properties,
        }
    }

    fn json(&self) -> Value {
        json!({
            "vendor": self.vendor,
            "event": self.name,
            "seen": self.seen,
            "withheld": self.withheld,
            "dropped": self.dropped,
            "properties": self.properties.iter().map(|property| property.json(self.seen)).collect::<Vec<_>>(),
        })
    }

    /// Events of this name in which something of a category stands, the most at one path.
    pub(super) fn with(&self, category: Category) -> u64 {
        let of = |property: &PropertyRow| {
            property
                .findings
                .iter()
                .find(|f| f.category == category && f.likelihood >= Likelihood::Possible)
                .map(|f| f.events)
        };
        self.properties.iter().filter_map(of).max().unwrap_or(0)
    }
}

impl PropertyRow {
    fn new(vendor: &'static str, path: &'static str, property: &Property, whole: Whole) -> PropertyRow {
        let mut findings: Vec<FindingRow> =
            property.findings.iter().filter(|found| found.events > 0).map(FindingRow::new).collect();
        findings.sort_by(|a, b| {
            (weight(b.category), b.events)
                .cmp(&(weight(a.category), a.events))
                .then_with(|| a.category.cmp(&b.category))
        });
        let score = findings.iter().filter(|f| f.is_sensitive()).map(FindingRow::score).max();
        PropertyRow {
            path,
            label: label(vendor, path),
            kinds: property.kinds(),
            seen: property.seen,
            example: property.example.clone(),
            says: says(path, property, whole),
            findings,
            gate: property.gate.clone(),
            leaves: property.leaves.clone(),
            stays: property.stays.clone(),
            file: property.file,
            score: score.unwrap_or(0),
        }
    }

    /// What was found, for a person.
    pub(super) fn finding_words(&self) -> String {
        let word = |f: &FindingRow| format!("{} ({})", f.category.key(), f.likelihood.key().replace('_', " "));
        let words: Vec<String> = self.findings.iter().map(word).collect();
        few(&words.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn json(&self, of: u64) -> Value {
        json!({
            "path": self.path,
            "name": self.label,
            "types": self.kinds,
            "seen": self.seen,
            "rate": rate(self.seen, of),
            "example": self.example.as_ref().map(|(shape, _)| shape),
            "length": self.example.as_ref().map(|(_, length)| length),
            "findings": self.findings.iter().map(|f| f.json(of)).collect::<Vec<_>>(),
            "policy": {"gate": self.gate, "leaves": self.leaves, "stays": self.stays, "says": self.says},
        })
    }
}

impl FindingRow {
    fn new(found: &Found) -> FindingRow {
        let mut evidence: Vec<&'static str> = found.evidence.iter().map(|evidence| evidence.code()).collect();
        if evidence.is_empty() {
            // Policy knows what some paths are: an address, a page.
            evidence.push("path");
        }
        FindingRow {
            category: found.category,
            likelihood: found.likelihood,
            events: found.events,
            evidence,
            detectors: found.detectors.clone(),
            example: found.example.clone(),
        }
    }

    pub(super) fn is_sensitive(&self) -> bool {
        is_sensitive(self.category, self.likelihood)
    }

    /// Volume by sensitivity. What is merely possible counts a quarter: a number of an order passes a card's checksum once in ten.
    fn score(&self) -> u64 {
        let sure = if self.likelihood > Likelihood::Possible { 4 } else { 1 };
        self.events * u64::from(weight(self.category)) * sure
    }

    fn json(&self, of: u64) -> Value {
        json!({
            "category": self.category.key(),
            "likelihood": self.likelihood.key(),
            "events": self.events,
            "rate": rate(self.events, of),
            "sensitivity": weight(self.category),
            "evidence": self.evidence,
            "detectors": self.detectors,
            "example": self.example.as_ref().map(|(shape, _)| shape),
        })
    }
}

/// The sensitive properties of all events, by path.
fn work(events: &[EventRow]) -> Vec<WorkRow> {
    let mut rows: BTreeMap<(&str, &str), WorkRow> = BTreeMap::new();
    // Events come with the most first, so their names do too.
    for event in events {
        for property in event.properties.iter().filter(|property| property.score > 0) {
            let row = rows.entry((event.vendor, property.path)).or_insert_with(|| WorkRow {
                vendor: event.vendor,
                path: property.path,
                label: property.label.clone(),
                categories: Vec::new(),
                events: Vec::new(),
                values: 0,
                sensitivity: 0,
                score: 0,
                example: None,
                says: property.says.clone(),
            });
            let sensitive = || property.findings.iter().filter(|f| f.is_sensitive());
            for finding in sensitive() {
                if !row.categories.contains(&finding.category.key()) {
                    row.categories.push(finding.category.key());
                }
                if row.example.is_none() {
                    row.example = finding.example.as_ref().map(|(shape, _)| shape.clone());
                }
                row.sensitivity = row.sensitivity.max(weight(finding.category));
            }
            row.events.push(event.name);
            row.values += sensitive().map(|f| f.events).max().unwrap_or(0);
            row.score += property.score;
        }
    }
    let mut rows: Vec<WorkRow> = rows.into_values().collect();
    rows.sort_by(|a, b| b.score.cmp(&a.score).then_with(|| (a.vendor, a.path).cmp(&(b.vendor, b.path))));
    debug_assert!(rows.iter().all(|row| row.sensitivity >= SENSITIVE_MIN));
    rows
}

/// The rules by which all events of a name are kept out as a whole: at the gate, or when they would leave.
#[derive(Clone, Copy)]
struct Whole {
    withheld: Option<&'static str>,
    dropped: Option<&'static str>,
}

/// What the default policy does with a property, in words.
fn says(path: &str, property: &Property, whole: Whole) -> String {
    if let Some(rule) = whole.withheld {
        return format!("withholds the whole event ({rule})");
    }
    let of = |action: &str| property.gate.get(action).copied().unwrap_or(0);
    let total: u64 = property.gate.values().sum();
    let kept = if total > 0 && of("drop") == total {
        return "drops it before anything is stored".to_owned();
    } else if of("drop") > 0 {
        format!("drops it where found ({} of {total} events)", of("drop"))
    } else if of("truncate") > 0 {
        "keeps the network only".to_owned()
    } else if of("template") > 0 {
        "keeps origin and path pattern".to_owned()
    } else if path.starts_with("context.identity.") {
        "stores a keyed tag".to_owned()
    } else if property.gate.is_empty() {
        return "drops it: its key is no clean name".to_owned();
    } else {
        "keeps it".to_owned()
    };
    let leaves = match property.leaves.keys().next().copied() {
        _ if whole.dropped.is_some() => format!("the event does not leave ({})", whole.dropped.unwrap_or_default()),
        None => "nothing leaves without a rule".to_owned(),
        Some("pseudonymize") => "a pseudonym leaves".to_owned(),
        Some("coarsen") => "a family or class of it leaves".to_owned(),
        Some(_) => "it leaves".to_owned(),
    };
    format!("{kept}, {leaves}")
}

/// What a property is called where it comes from.
pub(super) fn label(vendor: &str, path: &str) -> String {
    let own = match vendor {
        "mixpanel" | OTHER => mixpanel::names::property(path).map(str::to_owned),
        "amplitude" => amplitude::names::field(path).map(str::to_owned),
        "posthog" => posthog::names::property(path).map(str::to_owned),
        "segment" | "rudderstack" => segment::names::key(path).map(|key| format!("context.{key}")),
        _ => None,
    };
    let id = path.strip_prefix("context.identity.").map(|kind| format!("({kind} id)"));
    own.or(id).unwrap_or_else(|| path.to_owned())
}

fn title(vendor: &'static str) -> &'static str {
    weir_protocol::preflight::vendor(vendor).map_or(vendor, |vendor| vendor.title)
}

fn file_json(file: &FileReport) -> Value {
    json!({
        "name": file.name,
        "form": file.form,
        "events": file.events,
        "damaged": file.damaged,
        "damaged_at": file.places,
        "unit": file.unit,
        "without_events": file.others,
        "not_read": file.not_read,
    })
}

/// The name of a file without its folders.
pub(super) fn base(name: &str) -> String {
    Path::new(name).file_name().map_or_else(|| name.to_owned(), |base| base.to_string_lossy().into_owned())
}

/// The day of a time.
pub(super) fn day(time: &str) -> &str {
    time.get(..10).unwrap_or(time)
}

/// As many names as have room, and how many more there are.
pub(super) fn shortened(names: &[&str], chars_max: usize) -> String {
    let mut out = String::new();
    for (i, name) in names.iter().enumerate() {
        if i > 0 && out.chars().count() + name.chars().count() > chars_max {
            let _ = write!(out, " and {} more", names.len() - i);
            break;
        }
        if i > 0 {
            out.push_str(", ");
        }
        out.push_str(name);
    }
    out
}

/// The first ones of a list.
pub(super) fn few(words: &[&str]) -> String {
    const FEW: usize = 3;
    match words.len() {
        all if all > FEW + 1 => format!("{} and {} more", words[..FEW].join(", "), all - FEW),
        _ => words.join(", "),
    }
}

fn rate(part: u64, of: u64) -> f64 {
    // Four digits are more than a share of events means.
    (part as f64 / of.max(1) as f64 * 10_000.0).round() / 10_000.0
}

pub(super) fn percent(part: u64, of: u64) -> String {
    match part * 100 / of.max(1) {
        0 if part > 0 => "<1 %".to_owned(),
        share => format!("{share} %"),
    }
}

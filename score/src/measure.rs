//! Scores the engine over leaves: per class, per label, per property, and anything sensitive at all.
//!
//! A class is right on a leaf if it is in the leaf's truth and a finding of at least *likely* has one of its categories. A wrong
//! finding is one that none of the leaf's labels accepts.

use std::collections::{BTreeMap, BTreeSet};

use weir_detect::{Engine, PathFacts};
use weir_event::{Evidence, Finding, LeafKind};

use crate::classes::{CLASSES, Class};
use crate::corpus::{Kind, Leaf};

/// Rights and wrongs.
#[derive(Clone, Copy, Default)]
pub(crate) struct Count {
    pub(crate) hits: u64,
    pub(crate) missed: u64,
    pub(crate) wrong: u64,
}

impl Count {
    pub(crate) fn precision(&self) -> Option<f64> {
        share(self.hits, self.hits + self.wrong)
    }

    pub(crate) fn recall(&self) -> Option<f64> {
        share(self.hits, self.hits + self.missed)
    }

    /// The mean of both in which recall weighs four times as much.
    pub(crate) fn f2(&self) -> Option<f64> {
        let (p, r) = (self.precision()?, self.recall()?);
        (p + r > 0.0).then(|| 5.0 * p * r / (4.0 * p + r))
    }

    pub(crate) fn total(&self) -> u64 {
        self.hits + self.missed
    }

    fn note(&mut self, truth: bool, found: bool) {
        match (truth, found) {
            (true, true) => self.hits += 1,
            (true, false) => self.missed += 1,
            (false, true) => self.wrong += 1,
            (false, false) => {}
        }
    }
}

fn share(of: u64, all: u64) -> Option<f64> {
    (all > 0).then(|| of as f64 / all as f64)
}

/// What one class reached.
#[derive(Default)]
pub(crate) struct ClassScore {
    pub(crate) leaf: Count,
    /// Bare values, where the key helps and where it does not.
    pub(crate) known: Count,
    pub(crate) silent: Count,
    pub(crate) property: Count,
    /// Findings whose place agrees with the labelled one by half or more, of those that have a place.
    pub(crate) placed: (u64, u64),
    /// What was taken for what, and how often: `from the detector, on what: example`.
    pub(crate) confusions: BTreeMap<String, (u64, String)>,
    /// Misses by label and wrapping.
    pub(crate) misses: BTreeMap<String, (u64, String)>,
}

/// The whole score.
pub(crate) struct Score {
    pub(crate) leaves: u64,
    pub(crate) classes: Vec<ClassScore>,
    pub(crate) labels: BTreeMap<String, Count>,
    pub(crate) any: Count,
}

/// One path.
#[derive(Default)]
struct Property {
    leaves: u64,
    /// By class: leaves that are of it, and leaves that were found to be.
    classes: BTreeMap<usize, (u64, u64)>,
}

/// The property's path as the decoders give it: an event's own properties stand at the top.
pub(crate) fn path(key: &str) -> &str {
    ["properties.", "event_properties."].iter().find_map(|root| key.strip_prefix(root)).unwrap_or(key)
}

/// Scans one leaf as the gate does.
pub(crate) fn scan(engine: &Engine, leaf: &Leaf, found: &mut Vec<Finding>) {
    let kind = match leaf.kind {
        Kind::Text => LeafKind::String,
        Kind::Number => LeafKind::Number,
        Kind::Boolean if leaf.value == "true" => LeafKind::True,
        Kind::Boolean => LeafKind::False,
    };
    found.clear();
    engine.scan(PathFacts::of_path(path(&leaf.key)), kind, leaf.value.as_bytes(), found);
}

pub(crate) fn score(engine: &Engine, leaves: &[Leaf]) -> Score {
    let mut score = Score {
        leaves: leaves.len() as u64,
        classes: CLASSES.iter().map(|_| ClassScore::default()).collect(),
        labels: BTreeMap::new(),
        any: Count::default(),
    };
    let mut found = Vec::new();
    let mut properties: BTreeMap<&str, Property> = BTreeMap::new();
    for leaf in leaves {
        scan(engine, leaf, &mut found);
        found.retain(Class::counts);
        let of = |labels: &[String]| labels.iter().filter_map(|l| Class::of_label(l)).collect::<BTreeSet<usize>>();
        let (truth, maybe) = (of(&leaf.labels), of(&leaf.maybe));
        let explained = |f: &Finding| truth.union(&maybe).any(|class| CLASSES[*class].accepts(f));
        let property = properties.entry(path(&leaf.key)).or_default();
        property.leaves += 1;
        for label in &leaf.labels {
            let Some(class) = Class::of_label(label) else { continue };
            let hit = found.iter().any(|f| CLASSES[class].accepts(f));
            score.labels.entry(label.clone()).or_default().note(true, hit);
        }
        for class in &truth {
            let hit = found.iter().any(|f| CLASSES[*class].accepts(f));
            let own = &mut score.classes[*class];
            own.leaf.note(true, hit);
            if leaf.wrap == "bare" {
                match leaf.known {
                    Some(true) => own.known.note(true, hit),
                    Some(false) => own.silent.note(true, hit),
                    None => {}
                }
            }
            if !hit {
                let what = format!(
                    "{} ({})",
                    leaf.labels.join(", "),
                    if leaf.wrap == "bare" { &leaf.key } else { &leaf.wrap }
                );
                let entry = own.misses.entry(what).or_insert_with(|| (0, example(leaf)));
                entry.0 += 1;
            }
            let counts = property.classes.entry(*class).or_default();
            counts.0 += 1;
            counts.1 += u64::from(hit);
            for (label, from, to) in &leaf.spans {
                if Class::of_label(label) != Some(*class) {
                    continue;
                }
                let placed: Vec<&Finding> =
                    found.iter().filter(|f| CLASSES[*class].accepts(f) && f.evidence != Evidence::Decoded).collect();
                if placed.is_empty() {
                    continue;
                }
                own.placed.1 += 1;
                own.placed.0 += u64::from(placed.iter().any(|f| overlap(f, *from, *to) >= 0.5));
            }
        }
        let mut counted = BTreeSet::new();
        for finding in found.iter().filter(|f| !explained(f)) {
            let Some(class) = CLASSES.iter().position(|class| class.claims(finding)) else { continue };
            // One wrong class of one leaf counts once.
            if !counted.insert(class) {
                continue;
            }
            let own = &mut score.classes[class];
            own.leaf.note(false, true);
            if leaf.wrap == "bare" {
                match leaf.known {
                    Some(true) => own.known.note(false, true),
                    Some(false) => own.silent.note(false, true),
                    None => {}
                }
            }
            let truth = if leaf.labels.is_empty() { "clean".to_owned() } else { leaf.labels.join(", ") };
            let what = format!("`{}` on {truth} ({})", finding.detector, path(&leaf.key));
            own.confusions.entry(what).or_insert_with(|| (0, example(leaf))).0 += 1;
            property.classes.entry(class).or_default().1 += 1;
        }
        let right = found.iter().any(|f| truth.iter().any(|class| CLASSES[*class].accepts(f)));
        let wrong = found.iter().any(|f| !explained(f));
        if !leaf.labels.is_empty() {
            score.any.note(true, right || wrong);
        } else {
            score.any.note(false, wrong);
        }
    }
    for property in properties.values() {
        // A property is of a class if most of its values are; of few values nothing is said.
        for (class, (of_class, found)) in property.classes.iter().filter(|_| property.leaves >= 5) {
            score.classes[*class].property.note(of_class * 2 > property.leaves, found * 2 > property.leaves);
        }
    }
    score
}

/// Intersection over union of a finding's place and the labelled one.
fn overlap(finding: &Finding, from: usize, to: usize) -> f64 {
    let (start, end) = (finding.span.0 as usize, finding.span.1 as usize);
    let common = end.min(to).saturating_sub(start.max(from));
    common as f64 / (end.max(to) - start.min(from)).max(1) as f64
}

/// The corpus holds nobody's data, so it may be shown.
fn example(leaf: &Leaf) -> String {
    let value: String = leaf.value.chars().take(90).map(|c| if c.is_control() || c == '|' { ' ' } else { c }).collect();
    format!("{} = {value}", path(&leaf.key))
}

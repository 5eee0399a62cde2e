//! `weir detect explain`: what is known of a property, and how: what its name announces, what was found in its values by which detector
//! on what evidence, when, and what people have marked. Of a value its shape at most.

use weir_catalog::learn::Standing;
use weir_catalog::{ObservedFinding, ObservedProperty};
use weir_console::AdminError;
use weir_console::command::{Explained, ExplainedFinding, ExplainedMark, Reply};
use weir_detect::Verdict;
use weir_event::{Millis, NameId, SourceId};
use weir_ledger::Actor;

use crate::gateway::Gateway;
use crate::marks::About;

/// What was learned of a path: the word for programs, the sentence for people.
const VERDICTS: [(Verdict, &str, &str); 5] = [
    (Verdict::CARDS, "cards", "its numbers are cards: nearly all pass the check"),
    (Verdict::CARDS_BY_CHANCE, "cards_by_chance", "its numbers pass a card's check by chance only"),
    (Verdict::VERSIONS, "versions", "four numbers here are versions, not addresses"),
    (Verdict::NUMBERS, "numbers", "its numbers are national ids: nearly all pass the sum of one"),
    (Verdict::NUMBERS_BY_CHANCE, "numbers_by_chance", "its numbers pass the sum of a national id by chance only"),
];
/// Before the name of a kind of number.
const OF_KIND: &str = "numbers:";

/// The words of a verdict.
pub(crate) fn verdicts(verdict: Verdict) -> Vec<String> {
    let words = VERDICTS.iter().filter(|(of, ..)| verdict.has(*of)).map(|(_, word, _)| (*word).to_owned());
    words.chain(verdict.kind().map(|kind| format!("{OF_KIND}{}", kind.name()))).collect()
}

/// What a word of a verdict says to a person.
pub(crate) fn sentence(word: &str) -> Option<String> {
    let known = VERDICTS.iter().find(|(_, other, _)| *other == word).map(|(.., sentence)| (*sentence).to_owned());
    known.or_else(|| {
        let kind = word.strip_prefix(OF_KIND)?;
        Some(format!("its numbers are of the kind {kind}: nearly all pass its sum, far more than by chance"))
    })
}

impl Gateway {
    /// What is known of a property in each event of each source that has it.
    pub(crate) fn explain(&self, event: &str, property: &str, source: Option<&str>) -> Result<Reply, AdminError> {
        let generation = self.pipeline.generation();
        let mut properties = Vec::new();
        let explained = self.catalog.read(|catalog| {
            let lift = catalog.lift(&self.names);
            let mut out = Vec::new();
            for of in catalog.events() {
                let name = self.names.text(of.source);
                if source.is_some_and(|wanted| wanted != name) || self.names.text(of.name) != event {
                    continue;
                }
                let protocol = generation.source(name).map(|source| source.protocol);
                let canonical = protocol.and_then(|protocol| protocol.canonical_path(property)).unwrap_or(property);
                let is_it = |p: &&ObservedProperty| {
                    let text = self.names.text(p.path);
                    text == property || text == canonical
                };
                let of_event = of.properties.iter().filter(is_it);
                out.extend(of_event.map(|p| (p.path, self.explained(of.source, of.name, p, lift.verdict(p.path)))));
            }
            out
        });
        for (path, mut explained) in explained {
            explained.marks = self.marks_at(&explained.source, event, path)?;
            properties.push(explained);
        }
        if properties.is_empty() {
            let what = format!("property `{property}` of event `{event}` in the catalog: see `weir catalog show`");
            return Err(AdminError::NotFound { what });
        }
        Ok(Reply::Explained { properties })
    }

    fn explained(&self, source: NameId, event: NameId, property: &ObservedProperty, verdict: Verdict) -> Explained {
        let entry = self.names.entry(property.path);
        let by_name = self.engine.path_categories(&self.engine.path_facts(entry));
        let standing = property.standing();
        let found = property.findings.iter().filter(|f| f.events > 0);
        Explained {
            source: self.names.text(source).to_owned(),
            event: self.names.text(event).to_owned(),
            property: entry.text.to_owned(),
            standing: standing.word().to_owned(),
            because: if let Standing::Undecided(why) = standing { why.to_owned() } else { String::new() },
            events: property.events,
            by_name: by_name.map(|(category, sure)| (category.key().to_owned(), sure.key().to_owned())).collect(),
            verdicts: verdicts(verdict),
            findings: found.map(|f| self.finding(source, event, property.path, f)).collect(),
            marks: Vec::new(),
        }
    }

    fn finding(&self, source: NameId, event: NameId, path: NameId, found: &ObservedFinding) -> ExplainedFinding {
        let last = self.memories.learned.sightings.last(source, event, path, found.category);
        let time = |at: Millis| (at.0 > 0).then(|| at.to_rfc3339());
        let actor = |detector: &str| {
            let generation = self.pipeline.generation();
            if generation.config.detectors.iter().any(|own| own.name == detector) {
                format!("weir.yaml, generation {}", generation.id.to_hex())
            } else {
                format!("weir {}, detectors version {}", env!("CARGO_PKG_VERSION"), self.engine.version())
            }
        };
        ExplainedFinding {
            category: found.category.key().to_owned(),
            events: found.events,
            first: time(found.first),
            last: time(found.last),
            never_seen_before: found.is_new_class(),
            detector: last.as_ref().map(|s| s.detector.to_owned()),
            actor: last.as_ref().map(|s| actor(s.detector)),
            evidence: last.as_ref().map(|s| s.evidence.code().to_owned()),
            likelihood: last.as_ref().map(|s| s.likelihood.key().to_owned()),
            shape: last.map(|s| s.shape),
        }
    }

    /// What people have marked at a property, who and when.
    pub(crate) fn marks_at(&self, source: &str, event: &str, path: NameId) -> Result<Vec<ExplainedMark>, AdminError> {
        let generation = self.pipeline.generation();
        let (config, path) = (&generation.config, self.names.text(path));
        let of_source = generation.source(source);
        let mut marks = Vec::new();
        for mark in config.false_positives.iter().filter(|mark| mark.event == event) {
            let canonical = of_source.and_then(|source| source.protocol.canonical_path(&mark.property));
            let is_here = mark.property == path || canonical == Some(path);
            if !is_here || mark.source.as_ref().map(SourceId::as_str).is_some_and(|of| of != source) {
                continue;
            }
            let made = About::of(mark).made(&self.places.data.join("audit"));
            let made = made.map_err(|e| AdminError::Failed { message: e.to_string() })?;
            marks.push(ExplainedMark {
                category: mark.category.key().to_owned(),
                reason: mark.reason.clone(),
                ends: mark.ends.map(Millis::to_rfc3339),
                at: made.as_ref().map(|(at, _)| at.to_rfc3339()),
                actor: made.map(|(_, actor)| match actor {
                    Actor::Weir => "weir".to_owned(),
                    Actor::Local { uid } => format!("user {uid} of this machine"),
                    Actor::Token(_) => "a token of the console".to_owned(),
                }),
            });
        }
        Ok(marks)
    }
}

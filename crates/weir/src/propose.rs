//! What a destination's allow list could take up of what was observed. It proposes what was seen without a finding and does not
//! look like an id; everything else it names with the reason why not. It decides nothing: a person reviews and pastes.

use std::collections::{BTreeMap, BTreeSet};

use weir_catalog::catalog::number_of;
use weir_catalog::{Catalog, ObservedProperty, ValueType};
use weir_event::{Millis, NameId, Names, Rule, SourceId};
use weir_policy::{Expectation, Expected};

/// Paths that stand in the catalog and in no allow list: an address never leaves, the country is in the baseline.
const NEVER_ASKED: [&str; 2] = ["context.ip", "context.location.country"];
/// Ends of a key that say that its values are ids.
const ID_WORDS: [&str; 8] = ["id", "uuid", "guid", "token", "ids", "uid", "hash", "secret"];

/// One property of the answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// As an allow list writes it.
    pub path: String,
    /// Events that had it.
    pub events: u64,
    /// Names of events that had it, by source.
    pub seen_in: BTreeSet<(String, String)>,
    /// Most frequent type of its values.
    pub value_type: Option<&'static str>,
    /// About how many different values it has in the event where it has most.
    pub different: u64,
    /// Why it is not proposed; empty where it is.
    pub reasons: BTreeSet<String>,
}

/// What may be taken up, and what a person has to decide on.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Proposal {
    /// Seen without a finding, and not like an id.
    pub allow: Vec<Candidate>,
    /// Without a finding, but like an id, or taken away by a rule of the destination.
    pub needs_decision: Vec<Candidate>,
    /// Something was found in it, or the gate dropped it.
    pub found: Vec<Candidate>,
    /// How many paths leave already.
    pub leaves_already: usize,
}

/// What to look at.
#[derive(Clone, Debug)]
pub struct Scope<'a> {
    /// Sources whose environment the destination takes.
    pub sources: &'a BTreeSet<SourceId>,
    /// Only what was seen on this day or after.
    pub since: Millis,
}

impl Proposal {
    /// For the destination of this policy.
    pub fn of(catalog: &Catalog, names: &Names, expectation: &Expectation, scope: &Scope<'_>) -> Proposal {
        let mut candidates: BTreeMap<NameId, Candidate> = BTreeMap::new();
        let first_day = number_of(scope.since, Millis::DAY);
        for event in catalog.events() {
            let source = names.text(event.source);
            let is_wanted = SourceId::parse(source).is_ok_and(|id| scope.sources.contains(&id));
            if !is_wanted || expectation.event(event.source, event.name).is_err() {
                continue;
            }
            for property in &event.properties {
                let events = property.days.since(first_day);
                if events == 0 || NEVER_ASKED.contains(&names.text(property.path)) || is_only_a_container(property) {
                    continue;
                }
                let candidate = candidates.entry(property.path).or_insert_with(|| Candidate {
                    path: names.text(property.path).to_owned(),
                    events: 0,
                    seen_in: BTreeSet::new(),
                    value_type: None,
                    different: 0,
                    reasons: BTreeSet::new(),
                });
                candidate.events += events;
                candidate.seen_in.insert((source.to_owned(), names.text(event.name).to_owned()));
                candidate.value_type = candidate.value_type.or(property.main_type().map(ValueType::name));
                candidate.different = candidate.different.max(property.profile.distinct.estimate());
                candidate.reasons.extend(findings_of(property, scope.since));
            }
        }
        let mut proposal = Proposal::default();
        for (path, mut candidate) in candidates {
            if !candidate.reasons.is_empty() {
                proposal.found.push(candidate);
                continue;
            }
            match expectation.path(path, []) {
                Ok(Expected::Whole | Expected::Pseudonym) => {
                    proposal.leaves_already += 1;
                    continue;
                }
                Ok(Expected::Reduced) | Err(Rule::NotAllowed) => {}
                Err(Rule::AllowanceEnded) => drop(candidate.reasons.insert("its allowance has ended".to_owned())),
                Err(rule) => drop(candidate.reasons.insert(format!("withheld by a rule ({})", rule.name()))),
            }
            let observed = catalog.events().iter().filter_map(|event| event.property(path));
            candidate.reasons.extend(observed.filter_map(looks_like_an_id).map(str::to_owned));
            candidate.reasons.extend(is_called_an_id(names, path).then(|| "its name says id".to_owned()));
            let list = if candidate.reasons.is_empty() { &mut proposal.allow } else { &mut proposal.needs_decision };
            list.push(candidate);
        }
        for list in [&mut proposal.allow, &mut proposal.needs_decision, &mut proposal.found] {
            list.sort_by(|a, b| a.path.cmp(&b.path));
        }
        proposal
    }

    /// The allow entries as YAML, each line reviewed by a person before it is pasted.
    pub fn yaml(&self, destination: &str, owner: &str, until: &str) -> String {
        let mut out = format!("destinations:\n  {destination}:\n    release:\n      allow:\n");
        for candidate in &self.allow {
            let entry = format!("{{path: {}, owner: {}, until: {until}}}", scalar(&candidate.path), scalar(owner));
            out.push_str(&format!("        - {entry}  # {}\n", candidate.remark()));
        }
        if self.allow.is_empty() {
            out.push_str("        []  # nothing new was seen without a finding\n");
        }
        for (list, head) in [
            (&self.needs_decision, "# Needs your decision, and is not proposed:"),
            (&self.found, "# Something was found in it, and is not proposed:"),
        ] {
            if !list.is_empty() {
                out.push_str(&format!("\n{head}\n"));
            }
            for candidate in list {
                let reasons: Vec<&str> = candidate.reasons.iter().map(String::as_str).collect();
                let seen = candidate.remark();
                out.push_str(&format!("#   {}: {}  ({seen})\n", scalar(&candidate.path), reasons.join("; ")));
            }
        }
        out
    }
}

impl Candidate {
    fn remark(&self) -> String {
        let names: BTreeSet<&str> = self.seen_in.iter().map(|(_, event)| event.as_str()).collect();
        let mut seen = names.iter().take(3).copied().collect::<Vec<_>>().join(", ");
        if names.len() > 3 {
            seen.push_str(&format!(" and {} more", names.len() - 3));
        }
        let events = if self.events == 1 { "event" } else { "events" };
        let value_type = self.value_type.unwrap_or("nothing kept");
        format!("{seen}: {} {events}, {value_type}, {} different", self.events, self.different)
    }
}

/// A text as YAML reads it back, also where it has characters that mean something there.
pub fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '.' | '/' | '-');
    let is_plain =
        text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '$')) && text.chars().all(plain);
    if is_plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

/// Only markers were seen at it: what is in the container has paths of its own.
fn is_only_a_container(property: &ObservedProperty) -> bool {
    let scalars = [ValueType::String, ValueType::Number, ValueType::Boolean, ValueType::Null];
    let has_scalar = scalars.into_iter().any(|t| property.types[t as usize] > 0);
    let has_container = property.types[ValueType::Object as usize] + property.types[ValueType::Array as usize] > 0;
    has_container && !has_scalar
}

fn findings_of(property: &ObservedProperty, since: Millis) -> impl Iterator<Item = String> {
    let found = property.found_since(since).map(|finding| finding.category.key().to_owned());
    // What the gate dropped is in no record: there is nothing that could leave.
    let dropped = (property.withheld > 0).then(|| "dropped at the gate".to_owned());
    found.chain(dropped).collect::<Vec<_>>().into_iter()
}

fn looks_like_an_id(property: &ObservedProperty) -> Option<&'static str> {
    property.profile.needs_decision()
}

/// Whether the last key of a path ends in a word for ids: `project_id`, `projectId`, `requestID`, `token`.
fn is_called_an_id(names: &Names, path: NameId) -> bool {
    let key = match names.entry(path) {
        entry if entry.folded => names.entry(entry.parent).key,
        entry => entry.key,
    };
    let camel = key.ends_with("Id") || key.ends_with("ID") || key.ends_with("Ids") || key.ends_with("Token");
    let lower = key.to_ascii_lowercase();
    let last = lower.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    camel || ID_WORDS.contains(&last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_ends_in_a_word_for_ids_says_so() {
        let names = Names::new(Box::new(weir_event::names::ClassOnly));
        let path = |text: &str| names.restore(weir_event::names::NameKind::Path, text).unwrap();
        for text in ["project_id", "projectId", "user.id", "requestID", "api-token", "ids.*", "$device_id", "uuid"] {
            assert!(is_called_an_id(&names, path(text)), "{text}");
        }
        for text in ["paid", "valid", "plan", "width", "identity_kind", "hashtags", "tokens_used"] {
            assert!(!is_called_an_id(&names, path(text)), "{text}");
        }
    }

    #[test]
    fn what_is_proposed_reads_back_as_it_was_meant() {
        let candidate = |path: &str| Candidate {
            path: path.to_owned(),
            events: 2,
            seen_in: BTreeSet::from([("web".to_owned(), "signed_up".to_owned())]),
            value_type: Some("string"),
            different: 1,
            reasons: BTreeSet::new(),
        };
        let odd = ["plan", "cart.items.*.price", "a: b", "[x]", "no", "true", "\\profile.x", "städte", "- x", "7"];
        let proposal = Proposal { allow: odd.map(candidate).to_vec(), ..Proposal::default() };
        let own = "destinations:\n  product:\n";
        let full = "destinations:\n  product:\n    type: mixpanel\n    token: {env: T}\n    subject: stable\n";
        let yaml = proposal.yaml("product", "growth: team #1", "2027-02-20").replace(own, full);
        let config =
            crate::config::Config::parse(&yaml, std::path::Path::new("weir.yaml"), crate::config::Secrets::Leave);
        let config = config.unwrap_or_else(|problems| panic!("{problems}\n{yaml}"));
        let destination = config.destinations.values().next().unwrap();
        assert_eq!(destination.allow, odd);
        let terms = &destination.allow_terms;
        assert_eq!(terms.len(), odd.len());
        assert!(
            terms
                .iter()
                .all(|t| t.owner.as_deref() == Some("growth: team #1") && t.until().as_deref() == Some("2027-02-20"))
        );
        assert!(Proposal::default().yaml("product", "a", "2027-02-20").contains("allow:\n        []"));
    }
}

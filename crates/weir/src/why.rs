//! `weir why` and `weir status --events`: by which rule a destination has an event or a property of it, and what each has of each.
//!
//! What is said of an event comes from release itself, with the newest such event that the journal still holds; where it holds none,
//! from the rules alone ([`weir_policy::Expectation`], which asks the same function). No value is read out.

use std::sync::Arc;
use std::time::Duration;

use weir_catalog::catalog::number_of;
use weir_console::AdminError;
use weir_console::command::{EventStatus, Reply, WhyAnswer};
use weir_deliver::Setup;
use weir_event::{Category, DestinationId, GenerationId, Millis, NameId, Offset, Rule, SourceId};
use weir_journal::Group;
use weir_ledger::entry::Entry;
use weir_ledger::{LedgerError, Target, acts};
use weir_policy::{Action, Expectation, RecordView, Releaser};

use crate::config::Mode;
use crate::gateway::Gateway;
use crate::generation::SourceRuntime;
use crate::propose::scalar;

/// The act that a new generation leaves in the audit ledger, besides `start`.
pub(crate) const IN_FORCE: &str = "generation_in_force";
/// How long an allowance lasts in the YAML that is shown.
const LASTS_MILLIS: i64 = 90 * Millis::DAY;
/// A journal that does not answer in this time is passed over: the rules alone are asked.
const READ_PATIENCE: Duration = Duration::from_secs(10);

/// What was asked.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// The event's name.
    pub event: String,
    /// A property of it, by its path or the vendor's name for it.
    pub property: Option<String>,
    /// Only from this source.
    pub source: Option<String>,
    /// Only at this destination.
    pub destination: Option<String>,
}

/// One event of one source as the catalog knows it, or one property of it.
struct Seen {
    source: NameId,
    name: NameId,
    path: Option<NameId>,
    newest: Offset,
    first: Millis,
    last: Millis,
    events: u64,
    found: Vec<Category>,
    is_withheld: bool,
}

impl Gateway {
    /// Answers for each source and destination that the question is about.
    pub(crate) async fn why(&self, question: &Question) -> Result<Reply, AdminError> {
        let generation = self.pipeline.generation();
        let not_found = |what: String| AdminError::NotFound { what };
        if let Some(id) = &question.destination
            && !generation.destinations.keys().any(|known| known.as_str() == id)
        {
            return Err(not_found(format!("destination `{id}`")));
        }
        let seen = self.seen(question);
        if seen.is_empty() {
            let of = question.property.as_ref().map(|p| format!("property `{p}` of ")).unwrap_or_default();
            return Err(not_found(format!("{of}event `{}` in the catalog: see `weir catalog list`", question.event)));
        }
        let mut answers = Vec::new();
        for seen in &seen {
            let group = self.group_at(seen.newest).await;
            for (id, setup) in &generation.destinations {
                if question.destination.as_deref().is_none_or(|wanted| wanted == id.as_str()) {
                    answers.push(self.answer(seen, id, setup, group.as_deref()));
                }
            }
        }
        let since = in_force_since(&self.places.data.join("audit"), generation.id);
        let since = since.map_err(|e| AdminError::Failed { message: e.to_string() })?.map(Millis::to_rfc3339);
        Ok(Reply::Why { generation: generation.id.to_hex(), since, answers })
    }

    /// Each event with its step, its counts and what each destination has of it.
    pub(crate) fn events(&self) -> Reply {
        let (generation, now) = (self.pipeline.generation(), self.clock.now());
        let expectations: Vec<(&DestinationId, NameId, Expectation)> = generation
            .destinations
            .iter()
            .map(|(id, setup)| {
                let expectation = Expectation::new(Arc::clone(&setup.release), Arc::clone(&self.names), now);
                (id, self.names.label(id.as_str()), expectation)
            })
            .collect();
        let hour = number_of(now, Millis::HOUR).saturating_sub(23);
        let week = now.plus(-7 * Millis::DAY);
        let events = self.catalog.read(|catalog| {
            let of_event = |event: &weir_catalog::ObservedEvent| {
                let source = generation.source(self.names.text(event.source));
                let mode = source.map(|source| source.mode_of(event.name));
                let destinations = expectations.iter().filter_map(|(id, label, expectation)| {
                    let reaches = source.is_some_and(|s| s.offered.contains(label)) && mode != Some(Mode::Tap);
                    let reaches = reaches && expectation.event(event.source, event.name).is_ok();
                    let leaves = |p: &&weir_catalog::ObservedProperty| {
                        reaches && keeps_a_value(p) && expectation.path(p.path, kept(p)).is_ok()
                    };
                    let released = event.properties.iter().filter(leaves).count() as u64;
                    let all = event.properties.len() as u64;
                    source.map(|_| (id.to_string(), released, all - released))
                });
                EventStatus {
                    source: self.names.text(event.source).to_owned(),
                    event: self.names.text(event.name).to_owned(),
                    step: mode.map_or_else(|| "not configured".to_owned(), |mode| crate::ladder::word(mode).to_owned()),
                    events: event.events,
                    last_24h: event.hours.since(hour),
                    properties: event.properties.len() as u64,
                    destinations: destinations.collect(),
                    new_classes: event
                        .properties
                        .iter()
                        .flat_map(|p| p.findings.iter().map(move |f| (p.path, f)))
                        .filter(|(_, f)| f.is_new_class() && f.first >= week)
                        .map(|(path, f)| (self.names.text(path).to_owned(), f.category.key().to_owned()))
                        .collect(),
                    changed_forms: event
                        .properties
                        .iter()
                        .filter_map(|p| Some((p.path, p.profile.texts()?.changed().filter(|c| c.at >= week)?)))
                        .map(|(path, c)| (self.names.text(path).to_owned(), c.from.name().into(), c.to.name().into()))
                        .collect(),
                }
            };
            let mut events: Vec<EventStatus> = catalog.events().iter().map(of_event).collect();
            events.sort_by(|a, b| (&a.source, &a.event).cmp(&(&b.source, &b.event)));
            events
        });
        Reply::Events { events }
    }

    fn seen(&self, question: &Question) -> Vec<Seen> {
        let generation = self.pipeline.generation();
        self.catalog.read(|catalog| {
            let mut out = Vec::new();
            for event in catalog.events() {
                let source = self.names.text(event.source);
                let is_other = question.source.as_deref().is_some_and(|wanted| wanted != source);
                if is_other || self.names.text(event.name) != question.event {
                    continue;
                }
                let (source, name, path) = (event.source, event.name, None);
                let Some(property) = &question.property else {
                    let (newest, first, last, events) = (event.newest, event.first, event.last, event.events);
                    let found = Vec::new();
                    out.push(Seen { source, name, path, newest, first, last, events, found, is_withheld: false });
                    continue;
                };
                let protocol = generation.source(self.names.text(source)).map(|source| source.protocol);
                let canonical = protocol.and_then(|protocol| protocol.canonical_path(property)).unwrap_or(property);
                let is_it = |p: &&weir_catalog::ObservedProperty| {
                    let text = self.names.text(p.path);
                    text == property || text == canonical
                };
                out.extend(event.properties.iter().find(is_it).map(|p| Seen {
                    source,
                    name,
                    path: Some(p.path),
                    newest: p.newest,
                    first: p.first,
                    last: p.last,
                    events: p.events,
                    found: p.findings.iter().filter(|f| f.events > 0).map(|f| f.category).collect(),
                    is_withheld: !keeps_a_value(p),
                }));
            }
            out
        })
    }

    /// The journal's group of an offset, if it is still there.
    async fn group_at(&self, offset: Offset) -> Option<Arc<Group>> {
        let journal = self.pipeline.journal();
        if offset < journal.floor() || offset >= journal.tail() {
            return None;
        }
        let mut reader = journal.reader(offset);
        let group = tokio::time::timeout(READ_PATIENCE, reader.next()).await.ok()?.ok()?;
        (group.base() <= offset && offset < group.end()).then_some(group)
    }

    fn answer(&self, seen: &Seen, id: &DestinationId, setup: &Setup, group: Option<&Group>) -> WhyAnswer {
        let generation = self.pipeline.generation();
        let source = generation.source(self.names.text(seen.source));
        let view = group.and_then(|group| {
            let index = u32::try_from(seen.newest.0.saturating_sub(group.base().0)).ok()?;
            RecordView::parse(group, index).ok()
        });
        let outcome = match source.map(|source| self.reach(seen, id, source)) {
            None => Err(Rule::NoDestination),
            Some(Err(rule)) => Err(rule),
            Some(Ok(())) => match &view {
                Some(view) => self.released(seen, setup, view),
                None => self.expected(seen, setup),
            },
        };
        let covered = SourceId::parse(self.names.text(seen.source)).ok().is_none_or(|source| {
            self.bypass.coverage().open().all(|window| window.source.as_ref().is_some_and(|of| *of != source))
        });
        let (source, event) = (self.names.text(seen.source), self.names.text(seen.name));
        let path = seen.path.map(|path| self.names.text(path));
        WhyAnswer {
            source: source.to_owned(),
            event: event.to_owned(),
            property: path.map(str::to_owned),
            destination: id.to_string(),
            leaves: outcome.is_ok(),
            how: outcome.as_ref().map_or_else(|_| String::new(), Clone::clone),
            rule: outcome.as_ref().err().map(|rule| rule.name().to_owned()),
            because: outcome.as_ref().err().map_or_else(String::new, |rule| because(*rule, &seen.found)),
            basis: if view.is_some() {
                "the newest such event"
            } else {
                "the rules alone: the journal holds no such event"
            }
            .to_owned(),
            first_seen: seen.first.to_rfc3339(),
            last_seen: seen.last.to_rfc3339(),
            events: seen.events,
            change: change(outcome.err(), source, event, path, id, self.clock.now()),
            covered,
            marks: path.and_then(|_| self.marks_at(source, event, seen.path?).ok()).unwrap_or_default(),
        }
    }

    /// Why events of this name from this source are not even offered to a destination.
    fn reach(&self, seen: &Seen, id: &DestinationId, source: &SourceRuntime) -> Result<(), Rule> {
        if source.mode_of(seen.name) == Mode::Tap {
            return Err(Rule::Tap);
        }
        let label = self.names.label(id.as_str());
        if source.offered.contains(&label) { Ok(()) } else { Err(Rule::NoDestination) }
    }

    /// What release does with the newest event: how the property, or the event, leaves.
    fn released(&self, seen: &Seen, setup: &Setup, view: &RecordView<'_>) -> Result<String, Rule> {
        // Keys for one look: an epoch may not have its own yet.
        let keys = self.keys.snapshot();
        let mut releaser = Releaser::new(Arc::clone(&setup.release), Arc::clone(&keys), Arc::clone(&self.names));
        let epoch = releaser.epoch_of(view);
        releaser.set_keys(Arc::new(keys.rehearsal(&setup.id, epoch)));
        releaser.set_time(self.clock.now());
        setup.release.check_withdrawn(view, seen.newest.0, &self.withdrawals)?;
        let set = releaser.release(view)?.row().field_set;
        let Some(set) = releaser.field_set(set) else { return Err(Rule::StageFailed) };
        let Some(path) = seen.path else {
            let (left, withheld) = (set.left().len(), set.withheld().len());
            return Ok(format!("leaves with {left} fields, {withheld} are withheld"));
        };
        let left = set.left().iter().find(|(of, ..)| *of == path).map(|(_, _, action)| *action);
        let withheld = set.withheld().iter().find(|(of, _)| *of == path).map(|(_, rule)| *rule);
        match (left, withheld) {
            (Some(_), Some(rule)) => Ok(format!("some of its values leave, others are withheld ({})", rule.name())),
            (Some(Action::Keep), None) => Ok("leaves".to_owned()),
            (Some(action), None) => Ok(format!("leaves, {}", action.name())),
            (None, Some(rule)) => Err(rule),
            // A container: what is in it decides.
            (None, None) => self.expected(seen, setup),
        }
    }

    fn expected(&self, seen: &Seen, setup: &Setup) -> Result<String, Rule> {
        let now = self.clock.now();
        let expectation = Expectation::new(Arc::clone(&setup.release), Arc::clone(&self.names), now);
        expectation.event(seen.source, seen.name)?;
        let Some(path) = seen.path else { return Ok("leaves with what its properties' rules let through".to_owned()) };
        if seen.is_withheld {
            return Err(Rule::Minimised);
        }
        expectation.path(path, seen.found.iter().copied()).map(|expected| expected.name().to_owned())
    }
}

/// Whether the gate kept some value of it.
fn keeps_a_value(property: &weir_catalog::ObservedProperty) -> bool {
    property.types.iter().any(|n| *n > 0)
}

fn kept(property: &weir_catalog::ObservedProperty) -> impl Iterator<Item = Category> {
    property.findings.iter().filter(|f| f.events > property.withheld).map(|f| f.category)
}

/// Since when a generation is in force without a break, by the audit ledger.
pub(crate) fn in_force_since(dir: &std::path::Path, wanted: GenerationId) -> Result<Option<Millis>, LedgerError> {
    let mut since = None;
    acts::each(dir, |at, entry| {
        let Entry::Act { action, targets, .. } = entry else { return };
        if action != "start" && action != IN_FORCE {
            return;
        }
        let is_it = targets.iter().any(|target| matches!(target, Target::Generation(id) if *id == wanted));
        since = if is_it { since.or(Some(at)) } else { None };
    })?;
    Ok(since)
}

fn because(rule: Rule, found: &[Category]) -> String {
    let found: Vec<&str> = found.iter().map(|category| category.key()).collect();
    let found = if found.is_empty() { String::new() } else { format!(" ({})", found.join(", ")) };
    match rule {
        Rule::NotAllowed => "it is not in the destination's `allow`".to_owned(),
        Rule::AllowanceEnded => "its entry in `allow` has ended".to_owned(),
        Rule::Property => "a rule of the destination by property takes it away".to_owned(),
        Rule::Category => format!("a rule of the destination by category takes away what was found in it{found}"),
        Rule::Event => "a rule of the destination drops this event".to_owned(),
        Rule::RoutedElsewhere => "the destination's `route` does not take it".to_owned(),
        Rule::Minimised => format!("the gate drops it before it is stored: no destination can have it{found}"),
        Rule::Tap => "it is on the step `tap`: nothing of it is delivered".to_owned(),
        Rule::NoDestination => "the destination does not take this source's environment".to_owned(),
        other => format!("rule {}", other.name()),
    }
}

/// The YAML that would turn the answer around; `None` where no configuration does.
fn change(
    rule: Option<Rule>,
    source: &str,
    event: &str,
    path: Option<&str>,
    id: &DestinationId,
    now: Millis,
) -> Option<String> {
    let rules = |rule: String| format!("destinations:\n  {id}:\n    release:\n      rules:\n        - {rule}\n");
    let until = now.plus(LASTS_MILLIS).to_rfc3339();
    let until = until.get(..10).unwrap_or_default();
    Some(match (rule, path) {
        (None, Some(path)) => rules(format!("{{property: {}, action: drop}}", scalar(path))),
        (None, None) => rules(format!("{{event: {}, action: drop}}", scalar(event))),
        (Some(Rule::NotAllowed | Rule::AllowanceEnded), Some(path)) => format!(
            "destinations:\n  {id}:\n    release:\n      allow:\n        - {{path: {}, owner: your-team, until: {until}}}\n",
            scalar(path)
        ),
        (Some(Rule::Property), Some(path)) => {
            format!(
                "# remove from destinations.{id}.release.rules the rule by property for {} or above it\n",
                scalar(path)
            )
        }
        (Some(Rule::Category), _) => {
            format!("# remove from destinations.{id}.release.rules the rule by category, if what was found may leave\n")
        }
        (Some(Rule::Event), _) => {
            format!(
                "# remove from destinations.{id}.release.rules:\n#   - {{event: {}, action: drop}}\n",
                scalar(event)
            )
        }
        (Some(Rule::RoutedElsewhere), _) => format!("# change destinations.{id}.route\n"),
        (Some(Rule::Tap), _) => {
            format!("sources:\n  {source}:\n    events:\n      {}: {{mode: observe}}\n", scalar(event))
        }
        (Some(Rule::NoDestination), _) => {
            format!("# name the environment of source {source} in destinations.{id}.environments\n")
        }
        (Some(_), _) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_change_an_answer_is_yaml_for_its_own_rule() {
        let id = DestinationId::parse("product").unwrap();
        let change = |rule, path| change(rule, "web", "signed up", path, &id, Millis(0));
        assert!(
            change(Some(Rule::NotAllowed), Some("a.b"))
                .unwrap()
                .contains("- {path: a.b, owner: your-team, until: 1970-04-01}")
        );
        assert!(change(None, Some("seats")).unwrap().contains("- {property: seats, action: drop}"));
        assert!(change(None, None).unwrap().contains("- {event: \"signed up\", action: drop}"));
        assert!(change(Some(Rule::Tap), None).unwrap().contains("\"signed up\": {mode: observe}"));
        assert_eq!(change(Some(Rule::Minimised), Some("mail")), None, "no rule lets out what is not kept");
    }
}

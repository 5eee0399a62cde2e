//! What a destination would get of traffic that the journal holds, also one that is not in force: each record goes through the release
//! policy itself, and what is reported is the field set that the ledger would name. Paths, counts and rules, no value; nothing is
//! sent, and no key is made or kept.
//!
//! Limits: the newest `PREVIEW_EVENTS_MAX` events, `PREVIEW_PROPERTIES_MAX` pairs of event and property; one preview at a time.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use tokio::sync::Semaphore;
use weir_console::admin::AdminError;
use weir_console::preview::{Preview, PreviewEvent, PreviewProperty, Price, PricePeriod};
use weir_event::limits::{PREVIEW_EVENTS_MAX, PREVIEW_PROPERTIES_MAX};
use weir_event::{Category, DestinationId, LeafKind, Millis, NameId, Names, Offset, Role, Rule, SourceId, SubjectKind};
use weir_journal::ReadError;
use weir_keys::KeySnapshot;
use weir_policy::{RecordView, ReleasePolicy, Releaser};

use crate::config::{Secrets, Subject};
use crate::destination;
use crate::gateway::Gateway;
use crate::generation::Generation;

/// Lifetimes of pseudonyms whose price is always said.
const PERIODS: [i64; 3] = [Millis::DAY, 7 * Millis::DAY, 30 * Millis::DAY];
/// Fewer subjects say nothing about the others.
const SUBJECTS_MIN: u64 = 100;
/// A preview needs memory for the subjects that it counts.
static ONE: Semaphore = Semaphore::const_new(1);

/// What is asked for.
#[derive(Debug)]
pub struct Asked {
    /// The destination.
    pub destination: DestinationId,
    /// The configuration that has it; `None` for the one in force.
    pub config: Option<String>,
    /// Only events of this source.
    pub source: Option<SourceId>,
    /// Only events received since.
    pub since: Millis,
}

impl Gateway {
    /// Looks at the journal through the release policy of a destination.
    pub async fn preview(&self, asked: Asked) -> Result<Preview, AdminError> {
        let Ok(_one) = ONE.try_acquire() else {
            return Err(AdminError::Conflict { message: "another preview is under way: try again".to_owned() });
        };
        let generation = match &asked.config {
            None => self.pipeline.generation(),
            Some(text) => {
                let file = &self.places.config;
                let generation = Generation::of_text(text, file, Secrets::Leave, &self.names, &self.engine);
                Arc::new(generation.map_err(|problems| AdminError::request(problems.to_string()))?)
            }
        };
        let id = &asked.destination;
        let Some(from) = generation.config.destinations.get(id) else {
            return Err(AdminError::NotFound { what: format!("destination {id} in this configuration") });
        };
        // The raw ids of earlier events are there only where they were kept for a raw destination (D8). What leaves beside the ids is
        // the same with pseudonyms, so that is what is asked for.
        let (release, confirmed) = match from.subject {
            Subject::Raw { confirm_category } => {
                let policy = destination::preview_policy(id, from, &generation.config, &self.names);
                (policy.map_err(AdminError::request)?, Some(confirm_category))
            }
            _ => {
                let setup = generation.destinations.get(id);
                let setup = setup.ok_or_else(|| AdminError::NotFound { what: format!("destination {id}") })?;
                (Arc::clone(&setup.release), None)
            }
        };
        let source = asked.source.as_ref().map(|id| self.names.label(id.as_str()));
        let own = match from.subject {
            Subject::Rotating(period) => i64::try_from(period.as_millis()).ok(),
            _ => None,
        };
        let mut study = Study::new(release, self.keys.snapshot(), &self.names, confirmed, own);
        study.releaser.set_time(self.clock.now());

        let journal = self.pipeline.journal();
        let since = journal.received_since(asked.since);
        let since = since.map_err(|e| AdminError::Failed { message: format!("the journal cannot be read: {e}") })?;
        let tail = journal.tail();
        let newest = Offset(tail.0.saturating_sub(PREVIEW_EVENTS_MAX as u64));
        study.cut = newest > since;
        let mut reader = journal.reader(since.max(newest));
        while reader.position() < tail {
            let group = match reader.next().await {
                Ok(group) => group,
                // Skipped: the reader stands behind it.
                Err(ReadError::Damaged { .. } | ReadError::Trimmed { .. }) => continue,
                Err(e) => return Err(AdminError::Failed { message: format!("the journal cannot be read: {e}") }),
            };
            for index in reader.first()..group.count() {
                let Ok(view) = RecordView::parse(&group, index) else { continue };
                let is_wanted = view.received_at() >= asked.since
                    && source.is_none_or(|source| view.source() == source)
                    && from.environments.contains(&view.environment());
                if is_wanted {
                    study.add(&view);
                }
            }
            tokio::task::yield_now().await;
        }
        let subject = match from.subject {
            Subject::Raw { .. } => "raw",
            Subject::Stable => "stable",
            Subject::Rotating(_) => "rotating",
        };
        Ok(study.report(id, subject))
    }
}

struct Study<'n> {
    releaser: Releaser,
    keys: Arc<KeySnapshot>,
    destination: DestinationId,
    epochs: BTreeSet<u32>,
    names: &'n Names,
    /// For `raw`: whether ids that look like e-mail addresses or phone numbers may leave.
    confirmed: Option<bool>,
    events: HashMap<NameId, EventCounts>,
    properties: usize,
    unlisted: u64,
    seen: u64,
    cut: bool,
    time: Option<(Millis, Millis)>,
    subjects: HashSet<u64>,
    /// The first and the last time by which epochs go.
    epoch_time: Option<(Millis, Millis)>,
    /// By lifetime: subjects with each of their epochs.
    periods: BTreeMap<i64, HashSet<(u64, i64)>>,
}

#[derive(Default)]
struct EventCounts {
    seen: u64,
    leaves: u64,
    dropped: BTreeMap<&'static str, u64>,
    properties: HashMap<NameId, PropertyCounts>,
}

#[derive(Default)]
struct PropertyCounts {
    seen: u64,
    kinds: BTreeSet<&'static str>,
    characters: Option<(u64, u64)>,
    found: BTreeSet<&'static str>,
    leaves: BTreeMap<&'static str, u64>,
    withheld: BTreeMap<&'static str, u64>,
    /// The number of the last event that was counted: an array has many values at one path.
    last: u64,
}

impl<'n> Study<'n> {
    fn new(
        release: Arc<ReleasePolicy>,
        keys: Arc<KeySnapshot>,
        names: &'n Arc<Names>,
        confirmed: Option<bool>,
        own: Option<i64>,
    ) -> Study<'n> {
        let destination = release.destination().clone();
        let keys = Arc::new(keys.rehearsal(&destination, []));
        let periods = PERIODS.into_iter().chain(own).map(|period| (period, HashSet::new())).collect();
        Study {
            releaser: Releaser::new(release, Arc::clone(&keys), Arc::clone(names)),
            keys,
            destination,
            epochs: BTreeSet::new(),
            names,
            confirmed,
            events: HashMap::new(),
            properties: 0,
            unlisted: 0,
            seen: 0,
            cut: false,
            time: None,
            subjects: HashSet::new(),
            epoch_time: None,
            periods,
        }
    }

    fn add(&mut self, view: &RecordView<'_>) {
        self.seen += 1;
        let at = view.received_at();
        self.time = Some(self.time.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
        self.count_subject(view);
        if let Some(epoch) = self.releaser.epoch_of(view)
            && self.epochs.insert(epoch)
        {
            self.keys = Arc::new(self.keys.rehearsal(&self.destination, [epoch]));
            self.releaser.set_keys(Arc::clone(&self.keys));
        }
        let unconfirmed =
            self.confirmed == Some(false) && view.tags().any(|tag| tag.role != Role::Contact && tag.shape != 0);
        let released = if unconfirmed { Err(Rule::UnconfirmedIdentifier) } else { self.releaser.release(view) };
        let number = self.seen;
        let event = self.events.entry(view.name()).or_default();
        event.seen += 1;
        let mut paths = Paths { event, number, left_to_list: &mut self.properties, unlisted: &mut self.unlisted };
        for leaf in view.leaves().filter_map(Result::ok).filter(|leaf| leaf.kind.is_scalar()) {
            let Some(property) = paths.at(leaf.path) else { continue };
            property.kinds.insert(kind_of(leaf.kind));
            let characters = String::from_utf8_lossy(leaf.text).chars().count() as u64;
            let (least, most) = property.characters.unwrap_or((characters, characters));
            property.characters = Some((least.min(characters), most.max(characters)));
        }
        for finding in view.findings() {
            if let Some(property) = paths.at(finding.path) {
                property.found.insert(finding.category.key());
            }
        }
        match released {
            Err(rule) => {
                *paths.event.dropped.entry(rule.name()).or_default() += 1;
                for (path, rule) in view.withheld() {
                    if let Some(property) = paths.at(path) {
                        *property.withheld.entry(rule.name()).or_default() += 1;
                    }
                }
            }
            Ok(released) => {
                paths.event.leaves += 1;
                if let Some(set) = self.releaser.field_set(released.row().field_set) {
                    let is_raw = self.confirmed.is_some();
                    for (path, category, action) in set.left() {
                        if let Some(property) = paths.at(*path) {
                            let word = if is_raw && is_identity(*category) { "keep" } else { action.name() };
                            *property.leaves.entry(word).or_default() += 1;
                        }
                    }
                    for (path, rule) in set.withheld() {
                        if let Some(property) = paths.at(*path) {
                            *property.withheld.entry(rule.name()).or_default() += 1;
                        }
                    }
                }
                self.releaser.take_back(released);
            }
        }
    }

    fn count_subject(&mut self, view: &RecordView<'_>) {
        let of_kind = |kind: SubjectKind| view.tags().find(|tag| tag.role != Role::Contact && tag.kind == kind);
        let Some(tag) = of_kind(SubjectKind::User).or_else(|| of_kind(SubjectKind::Device)) else { return };
        let (subject, at) = (tag.tag.short(), view.epoch_time());
        self.epoch_time = Some(self.epoch_time.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
        self.subjects.insert(subject);
        for (period, pairs) in &mut self.periods {
            pairs.insert((subject, at.0.div_euclid(*period)));
        }
    }

    fn report(self, id: &DestinationId, subject: &str) -> Preview {
        let (first, last) = self.time.unwrap_or((Millis(0), Millis(0)));
        let text = |at: Millis| if self.seen == 0 { String::new() } else { at.to_rfc3339() };
        let subjects = self.subjects.len() as u64;
        let span = self.epoch_time.map_or(0, |(first, last)| last.since(first));
        let span_millis = u64::try_from(span).unwrap_or(0);
        let rotating = self.periods.iter().map(|(period, pairs)| {
            let epochs: HashSet<i64> = pairs.iter().map(|(_, epoch)| *epoch).collect();
            let mut times: HashMap<u64, u32> = HashMap::new();
            pairs.iter().for_each(|(subject, _)| *times.entry(*subject).or_default() += 1);
            let period_millis = u64::try_from(*period).unwrap_or(0);
            PricePeriod {
                period_millis,
                epochs: epochs.len() as u64,
                pseudonyms: pairs.len() as u64,
                returning: times.values().filter(|times| **times > 1).count() as u64,
                is_enough: subjects >= SUBJECTS_MIN && span_millis >= period_millis.saturating_add(period_millis / 2),
            }
        });
        let price = Price { subjects, span_millis, rotating: rotating.collect() };
        let mut list: Vec<PreviewEvent> =
            self.events.iter().map(|(name, counts)| counts.report(self.names.text(*name), self.names)).collect();
        list.sort_by(|a, b| b.seen.cmp(&a.seen).then_with(|| a.event.cmp(&b.event)));
        Preview {
            destination: id.to_string(),
            subject: subject.to_owned(),
            from: text(first),
            to: text(last),
            events: self.seen,
            cut: self.cut,
            unlisted: self.unlisted,
            list,
            price,
        }
    }
}

/// The properties of one event, while one event of it is counted.
struct Paths<'a> {
    event: &'a mut EventCounts,
    number: u64,
    left_to_list: &'a mut usize,
    unlisted: &'a mut u64,
}

impl Paths<'_> {
    fn at(&mut self, path: NameId) -> Option<&mut PropertyCounts> {
        if !self.event.properties.contains_key(&path) {
            if *self.left_to_list == PREVIEW_PROPERTIES_MAX {
                *self.unlisted += 1;
                return None;
            }
            *self.left_to_list += 1;
        }
        let property = self.event.properties.entry(path).or_default();
        if property.last != self.number {
            (property.last, property.seen) = (self.number, property.seen + 1);
        }
        Some(property)
    }
}

impl EventCounts {
    fn report(&self, event: &str, names: &Names) -> PreviewEvent {
        let counted = |counts: &BTreeMap<&'static str, u64>| -> Vec<(String, u64)> {
            counts.iter().map(|(word, count)| ((*word).to_owned(), *count)).collect()
        };
        let words = |words: &BTreeSet<&'static str>| words.iter().map(|word| (*word).to_owned()).collect();
        let mut properties: Vec<PreviewProperty> = self
            .properties
            .iter()
            .map(|(path, counts)| PreviewProperty {
                path: names.text(*path).to_owned(),
                seen: counts.seen,
                kinds: words(&counts.kinds),
                characters: counts.characters.unwrap_or_default(),
                found: words(&counts.found),
                leaves: counted(&counts.leaves),
                withheld: counted(&counts.withheld),
            })
            .collect();
        properties.sort_by(|a, b| b.seen.cmp(&a.seen).then_with(|| a.path.cmp(&b.path)));
        PreviewEvent {
            event: event.to_owned(),
            seen: self.seen,
            leaves: self.leaves,
            dropped: counted(&self.dropped),
            properties,
        }
    }
}

fn is_identity(category: Option<Category>) -> bool {
    use Category::{ContactEmail, ContactPhone, DeviceId, Organization, UniqueId};
    matches!(category, Some(UniqueId | DeviceId | Organization | ContactEmail | ContactPhone))
}

fn kind_of(kind: LeafKind) -> &'static str {
    match kind {
        LeafKind::String | LeafKind::MapKey => "string",
        LeafKind::Number => "number",
        LeafKind::True | LeafKind::False => "boolean",
        _ => "null",
    }
}

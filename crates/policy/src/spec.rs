//! What a destination's configuration says about release, and what it means: read everything, report all problems, then build.

use std::fmt;
use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet};
use weir_event::names::{NameKind, has_clean_class};
use weir_event::{Category, ConsentState, DestinationId, Millis, NameId, Names, Purpose, PurposeSet, Rule};

use crate::detectors::Detectors;
use crate::presets::{self, Bound, Preset};
use crate::record::RecordView;
use crate::regions::Regions;
use crate::route::{Route, RouteProblem, Routing, UnknownCountry};
use crate::sample::{SampleSpec, Samples};
use crate::withdrawals::Withdrawals;

/// `destinations.<id>` as configured, as far as release is concerned.
#[derive(Clone, Debug)]
pub struct ReleaseSpec {
    /// The destination.
    pub destination: DestinationId,
    /// How people appear. There is no default.
    pub subject: SubjectMode,
    /// Paths that may leave, beside the baseline. A path stands for exactly itself and for the scalar elements of an array there.
    pub allow: Vec<String>,
    /// Rules, most of which take away.
    pub rules: Vec<RuleSpec>,
    /// Whether old-to-new links (alias, merge) may leave (D7).
    pub links: bool,
    /// Which events go there at all.
    pub routing: Routing,
}

impl ReleaseSpec {
    /// The same for questions about flags (D17): a pseudonym that rotates would give people other flags each time, and a question is
    /// no event, so that it has no name to be routed or sampled by. Where people live and whose source it is holds for it too.
    pub fn for_questions(mut self) -> ReleaseSpec {
        if let SubjectMode::Rotating { .. } = self.subject {
            self.subject = SubjectMode::Stable;
        }
        self.rules.retain(|rule| rule.sample.is_none());
        self.routing.route.events.clear();
        self.routing.route.except_events.clear();
        // There is nothing to hold: a question whose answer nobody waits for any more is not asked later.
        self.routing.residency.unknown = UnknownCountry::Strictest;
        self
    }
}

/// How people appear at a destination.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SubjectMode {
    /// As the product knows them. `confirm_category` is the second fact that ids which look like contact details need (D8).
    Raw {
        /// A category key: `user.contact`, `user.contact.email` or `user.contact.phone_number`.
        confirm_category: Option<String>,
    },
    /// Under a key of this destination's own that does not rotate.
    Stable,
    /// Under a key of this destination's own that rotates.
    Rotating {
        /// How long an epoch is.
        period_millis: i64,
    },
}

/// What a rule by consent asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConsentRuleSpec {
    /// For what.
    pub purpose: Purpose,
    /// Where: codes of ISO 3166-1, `eu`, `eea`, `uk`; empty: everywhere.
    pub regions: Vec<String>,
    /// Whether an event of which nothing is known may leave.
    pub unknown_may_leave: bool,
}

/// One rule as configured: exactly one of the fields before `sample` is set, or `sample` alone.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct RuleSpec {
    /// Values of this category and of those below it. Action: `drop`.
    pub category: Option<String>,
    /// This path and what lies below it. Action: `drop`; or `pseudonymize`, for an allowed path itself.
    pub property: Option<String>,
    /// Events of this name. Action: `drop`.
    pub event: Option<String>,
    /// A set of paths of ours with bounded values: a name of [`presets::PRESETS`]. No action.
    pub preset: Option<String>,
    /// Events of people who have not agreed to this purpose. Action: `drop`.
    pub consent: Option<ConsentRuleSpec>,
    /// A share of the events of this name, or of all that have no sample of their own. No action.
    pub sample: Option<SampleSpec>,
    /// What to do.
    pub action: Option<String>,
}

/// One thing wrong with a release configuration. Shows what the operator wrote, nothing of an event.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct ReleaseError {
    /// Where: `subject`, `allow[2]`, `rules[0]`.
    pub place: String,
    /// What.
    pub problem: Problem,
}

/// What is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Problem {
    /// Not a path.
    Path(String),
    /// A path that no destination may have.
    NeverLeaves(String),
    /// Not a category of the list, nor above one.
    Category(String),
    /// Not a clean event name.
    Event(String),
    /// Not a preset of the list.
    Preset(String),
    /// Not an action, or not one that fits the rule.
    Action(String),
    /// A rule needs an action.
    NoAction,
    /// A rule names none, or more than one, of its four subjects.
    NotOneSubject,
    /// A transform of a path that is not allowed would never apply.
    NotAllowed(String),
    /// An epoch that is too short or too long.
    Period,
    /// Not a country, nor a name of several.
    Region(String),
    /// A sample is of an event or of all; a rule with it has no other subject and no action.
    SampleOnly,
    /// A second sample of the same.
    SampledTwice,
    /// Something about the route.
    Route(RouteProblem),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Path(text) => write!(
                f,
                "`{text}` is not a path: write keys joined by `.`, with `\\` before a `.` or `*` inside a key"
            ),
            Problem::NeverLeaves(text) => {
                write!(f, "`{text}` never leaves: take it out, the country is in the baseline")
            }
            Problem::Category(text) => write!(f, "there is no category `{text}`: see the list of categories"),
            Problem::Event(text) => write!(f, "`{text}` is not a clean event name"),
            Problem::Preset(text) => {
                let all = presets::PRESETS.iter().map(|preset| preset.name).collect::<Vec<_>>().join(", ");
                write!(f, "there is no preset `{text}`: there are {all}")
            }
            Problem::Action(text) => {
                write!(f, "action `{text}` does not fit here: use `drop`, or `pseudonymize` for a property")
            }
            Problem::NoAction => f.write_str("a rule needs an action: `drop`, or `pseudonymize` for a property"),
            Problem::NotOneSubject => {
                f.write_str("a rule names exactly one of `category`, `property`, `event`, `preset` and `consent`")
            }
            Problem::NotAllowed(text) => {
                write!(f, "`{text}` is not in `allow`, so it never leaves: allow it too, or remove the rule")
            }
            Problem::Region(text) => {
                write!(f, "`{text}` is not a region: write codes of countries such as `DE`, or `eu`, `eea`, `uk`")
            }
            Problem::SampleOnly => f.write_str("`sample` goes with `event` or alone, and takes no action"),
            Problem::SampledTwice => f.write_str("there is a sample of this already: remove one of the two rules"),
            Problem::Route(problem) => problem.fmt(f),
            Problem::Period => f.write_str("a rotation period lies between 1h and 366d"),
        }
    }
}

/// Which raw ids may leave though they look like contact details.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Confirmed {
    pub(crate) email: bool,
    pub(crate) phone: bool,
}

/// How people appear, resolved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    Raw(Confirmed),
    Stable,
    Rotating(i64),
}

/// A release configuration that means something. Immutable; part of a generation (D16).
#[derive(Clone, Debug)]
pub struct ReleasePolicy {
    pub(crate) destination: DestinationId,
    pub(crate) mode: Mode,
    pub(crate) links: bool,
    pub(crate) allow: HashSet<NameId, FixedState>,
    /// Paths of `allow` that may leave only before an instant.
    ends: HashMap<NameId, Millis, FixedState>,
    pub(crate) pseudonymize: HashSet<NameId, FixedState>,
    pub(crate) dropped_properties: HashSet<NameId, FixedState>,
    pub(crate) dropped_events: HashSet<NameId, FixedState>,
    /// By number of the category.
    pub(crate) dropped_categories: [bool; Category::ALL.len() + 1],
    presets: HashMap<NameId, Bound, FixedState>,
    /// What names begin with, the root that they are of.
    preset_beginnings: Vec<(&'static str, Bound)>,
    pub(crate) route: Route,
    pub(crate) samples: Samples,
    consents: Vec<ConsentRule>,
    pub(crate) detectors: Arc<Detectors>,
}

/// A rule by consent, resolved.
#[derive(Clone, Debug)]
struct ConsentRule {
    purpose: Purpose,
    /// `None`: everywhere.
    regions: Option<Regions>,
    unknown_may_leave: bool,
}

impl ConsentRule {
    fn holds_for(&self, view: &RecordView<'_>) -> bool {
        self.regions.as_ref().is_none_or(|regions| regions.may_hold(view.region()))
    }
}

impl ReleasePolicy {
    /// Resolves a configuration; all problems at once.
    pub fn resolve(spec: &ReleaseSpec, names: &Names) -> Result<ReleasePolicy, Vec<ReleaseError>> {
        let mut problems = Vec::new();
        let mut wrong = |place: &str, problem| problems.push(ReleaseError { place: place.to_owned(), problem });
        let mode = match &spec.subject {
            SubjectMode::Stable => Mode::Stable,
            SubjectMode::Rotating { period_millis } => {
                if !(Millis::HOUR..=366 * Millis::DAY).contains(period_millis) {
                    wrong("subject", Problem::Period);
                }
                Mode::Rotating((*period_millis).max(Millis::HOUR))
            }
            SubjectMode::Raw { confirm_category: None } => Mode::Raw(Confirmed::default()),
            SubjectMode::Raw { confirm_category: Some(key) } => {
                let confirmed = Confirmed {
                    email: Category::ContactEmail.is_under(key),
                    phone: Category::ContactPhone.is_under(key),
                };
                if confirmed == Confirmed::default() {
                    wrong("subject", Problem::Category(key.clone()));
                }
                Mode::Raw(confirmed)
            }
        };
        let route = Route::resolve(&spec.routing, &spec.destination, names).unwrap_or_else(|found| {
            found.into_iter().for_each(|(field, problem)| wrong(&format!("route.{field}"), Problem::Route(problem)));
            Route::nowhere()
        });
        let mut policy = ReleasePolicy {
            destination: spec.destination.clone(),
            mode,
            links: spec.links,
            allow: HashSet::default(),
            ends: HashMap::default(),
            pseudonymize: HashSet::default(),
            dropped_properties: HashSet::default(),
            dropped_events: HashSet::default(),
            dropped_categories: [false; Category::ALL.len() + 1],
            presets: HashMap::default(),
            preset_beginnings: Vec::new(),
            route,
            samples: Samples::default(),
            consents: Vec::new(),
            detectors: Arc::default(),
        };
        for (i, text) in spec.allow.iter().enumerate() {
            match path(names, text) {
                Ok(path) => {
                    policy.allow.insert(path);
                }
                Err(problem) => wrong(&format!("allow[{i}]"), problem),
            }
        }
        for (i, rule) in spec.rules.iter().enumerate() {
            if let Err(problem) = policy.add_rule(rule, names) {
                wrong(&format!("rules[{i}]"), problem);
            }
        }
        if problems.is_empty() { Ok(policy) } else { Err(problems) }
    }

    /// The same, with what its generation finds things with: a record that was written under another version is scanned again.
    #[must_use]
    pub fn detect_with(mut self, detectors: &Arc<Detectors>) -> ReleasePolicy {
        self.detectors = Arc::clone(detectors);
        self
    }

    fn add_rule(&mut self, rule: &RuleSpec, names: &Names) -> Result<(), Problem> {
        let action = rule.action.as_deref();
        let only_drop = || match action {
            Some("drop") => Ok(()),
            Some(other) => Err(Problem::Action(other.to_owned())),
            None => Err(Problem::NoAction),
        };
        let event_id = |name: &String| {
            let id = if has_clean_class(name) { names.restore(NameKind::Event, name) } else { None };
            id.ok_or_else(|| Problem::Event(name.clone()))
        };
        if let Some(sample) = rule.sample {
            let others =
                [rule.category.is_some(), rule.property.is_some(), rule.preset.is_some(), rule.consent.is_some()];
            if others.contains(&true) || action.is_some() {
                return Err(Problem::SampleOnly);
            }
            let event = rule.event.as_ref().map(event_id).transpose()?;
            return if self.samples.add(event, sample) { Ok(()) } else { Err(Problem::SampledTwice) };
        }
        if let Some(consent) = &rule.consent {
            if rule.category.is_some() || rule.property.is_some() || rule.event.is_some() || rule.preset.is_some() {
                return Err(Problem::NotOneSubject);
            }
            only_drop()?;
            let regions = Regions::parse(&consent.regions).map_err(Problem::Region)?;
            self.consents.push(ConsentRule {
                purpose: consent.purpose,
                regions: (!consent.regions.is_empty()).then_some(regions),
                unknown_may_leave: consent.unknown_may_leave,
            });
            return Ok(());
        }
        match (&rule.category, &rule.property, &rule.event, &rule.preset) {
            (Some(key), None, None, None) => {
                only_drop()?;
                let mut known = false;
                for category in Category::ALL.into_iter().filter(|c| c.is_under(key)) {
                    self.dropped_categories[category as usize] = true;
                    known = true;
                }
                if known { Ok(()) } else { Err(Problem::Category(key.clone())) }
            }
            (None, Some(text), None, None) => {
                let path = path(names, text)?;
                match action {
                    Some("pseudonymize") if !self.allow.contains(&path) => Err(Problem::NotAllowed(text.clone())),
                    Some("pseudonymize") => {
                        self.pseudonymize.insert(path);
                        Ok(())
                    }
                    _ => {
                        only_drop()?;
                        self.dropped_properties.insert(path);
                        Ok(())
                    }
                }
            }
            (None, None, Some(name), None) => {
                only_drop()?;
                self.dropped_events.insert(event_id(name)?);
                Ok(())
            }
            (None, None, None, Some(name)) => match (presets::preset(name), action) {
                (Some(preset), None) => self.add_preset(preset, names),
                (Some(_), Some(other)) => Err(Problem::Action(other.to_owned())),
                (None, _) => Err(Problem::Preset(name.clone())),
            },
            _ => Err(Problem::NotOneSubject),
        }
    }

    /// Lets a path of the allow list leave only before `end`; of several ends the first holds. Whether it is one of the list.
    pub fn end_at(&mut self, text: &str, end: Millis, names: &Names) -> bool {
        let Ok(path) = path(names, text) else { return false };
        let first = self.ends.get(&path).map_or(end, |known| end.min(*known));
        self.ends.insert(path, first);
        self.allow.contains(&path)
    }

    /// Whether the allow list has a path that has not ended at `now`. An error names the rule by which it stays.
    pub(crate) fn check_allowed(&self, path: NameId, now: Millis) -> Result<(), Rule> {
        if !self.allow.contains(&path) {
            return Err(Rule::NotAllowed);
        }
        match self.ends.get(&path) {
            Some(end) if now >= *end => Err(Rule::AllowanceEnded),
            _ => Ok(()),
        }
    }

    /// The next instant after `now` at which an entry of the allow list ends; without one, the end of time.
    pub fn next_end(&self, now: Millis) -> Millis {
        self.ends.values().copied().filter(|end| *end > now).min().unwrap_or(Millis(i64::MAX))
    }

    fn add_preset(&mut self, preset: &'static Preset, names: &Names) -> Result<(), Problem> {
        for entry in preset.paths {
            match entry.path.strip_suffix("<name>") {
                Some(beginning) => self.preset_beginnings.push((beginning, entry.bound)),
                // A path of two presets has one bound in both: a test says so.
                None => drop(self.presets.insert(path(names, entry.path)?, entry.bound)),
            }
        }
        Ok(())
    }

    /// The bound within which a preset lets out the values of a path.
    pub(crate) fn bound_of(&self, path: NameId, names: &Names) -> Option<Bound> {
        if let Some(bound) = self.presets.get(&path) {
            return Some(*bound);
        }
        let entry = names.entry(path);
        // Directly below a root: what lies deeper is no value of the property.
        if !matches!(entry.parent, NameId::EVENT_ROOT | NameId::PROFILE_ROOT) {
            return None;
        }
        let text = names.text(path);
        let begins = |(beginning, _): &&(&str, Bound)| text.len() > beginning.len() && text.starts_with(beginning);
        self.preset_beginnings.iter().find(begins).map(|(_, bound)| *bound)
    }

    /// The destination.
    pub fn destination(&self) -> &DestinationId {
        &self.destination
    }

    /// The purposes that this destination asks consent for.
    pub fn asks_consent(&self) -> PurposeSet {
        self.consents.iter().map(|rule| rule.purpose).collect()
    }

    /// Why an event may not leave by what is known of its own consent. A refusal counts before what is not known.
    pub(crate) fn check_consent(&self, view: &RecordView<'_>) -> Result<(), Rule> {
        let mut fate = Ok(());
        for rule in self.consents.iter().filter(|rule| rule.holds_for(view)) {
            match view.consents().state(rule.purpose) {
                ConsentState::Given => {}
                ConsentState::Refused => return Err(Rule::ConsentRefused),
                ConsentState::Unknown if rule.unknown_may_leave => {}
                ConsentState::Unknown => fate = Err(Rule::ConsentUnknown),
            }
        }
        fate
    }

    /// Why an event at `offset` of the journal may not leave by what its person has said since.
    pub fn check_withdrawn(&self, view: &RecordView<'_>, offset: u64, withdrawals: &Withdrawals) -> Result<(), Rule> {
        if self.consents.is_empty() {
            return Ok(());
        }
        let asked = self.consents.iter().filter(|rule| rule.holds_for(view)).map(|rule| rule.purpose).collect();
        withdrawals.check(view, offset, asked)
    }

    /// Whether events that a rule keeps back wait in quarantine instead of being dropped.
    pub fn holds(&self, rule: Rule) -> bool {
        rule == Rule::RegionUnknown && self.route.holds_unknown()
    }

    /// Whether raw ids leave: then the gate must keep them for what this destination takes (D8).
    pub fn is_raw(&self) -> bool {
        matches!(self.mode, Mode::Raw(_))
    }

    /// The rotation period, where people appear by epoch.
    pub fn period_millis(&self) -> Option<i64> {
        match self.mode {
            Mode::Rotating(period) => Some(period),
            Mode::Raw(_) | Mode::Stable => None,
        }
    }
}

fn path(names: &Names, text: &str) -> Result<NameId, Problem> {
    if text == "context.ip" {
        return Err(Problem::NeverLeaves(text.to_owned()));
    }
    let clean = text.len() <= 2_000 && !text.chars().any(char::is_control);
    let id = if clean { names.restore(NameKind::Path, text) } else { None };
    match id {
        // A root is no property: allowing it would say less than it seems to.
        Some(id) if id.0 > NameId::GROUP_ROOT.0 => Ok(id),
        _ => Err(Problem::Path(text.to_owned())),
    }
}

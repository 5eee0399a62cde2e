//! Which events go to a destination at all: by source, event name and country, and by residency class.
//!
//! A destination has a route of its own; without one it takes everything. Residency stands above all routes: the class of a
//! country names the only destinations that events of people there may reach. Both are decided when an event is released (D16), so
//! that a change applies to what waits.
//!
//! An event whose country is not known goes where it would go *from every country*. Anywhere else it is dropped as
//! `region_unknown`, or held in the destination's quarantine where the configuration says so: never sent on a guess.

use std::fmt;

use foldhash::fast::FixedState;
use hashbrown::HashSet;
use weir_event::names::{NameKind, has_clean_class};
use weir_event::{DestinationId, NameId, Names, Rule};

use crate::record::RecordView;
use crate::regions::{Place, Regions, place_of};

/// The word that stands for every country that no other class names.
pub const ELSEWHERE: &str = "elsewhere";

/// `destinations.<id>.route` as configured. What is empty says nothing.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct RouteSpec {
    /// Only events of these sources.
    pub sources: Vec<String>,
    /// Only these events.
    pub events: Vec<String>,
    /// All events but these.
    pub except_events: Vec<String>,
    /// Only events from these countries: codes of ISO 3166-1, `eu`, `eea`, `uk`.
    pub countries: Vec<String>,
}

/// `residency` as configured.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct ResidencySpec {
    /// The classes. A country is in one at most.
    pub classes: Vec<ResidencyClassSpec>,
    /// What happens to an event whose country is not known, at a destination that does not take every country.
    pub unknown: UnknownCountry,
}

/// One class of countries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ResidencyClassSpec {
    /// Its name, for messages.
    pub name: String,
    /// Codes of ISO 3166-1, `eu`, `eea`, `uk`; or [`ELSEWHERE`] alone.
    pub countries: Vec<String>,
    /// The only destinations that its events may reach.
    pub only: Vec<DestinationId>,
}

/// What happens to an event whose country is not known. Neither sends it where some country must not go.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub enum UnknownCountry {
    /// It is dropped as `region_unknown` wherever it might be wrong.
    #[default]
    Strictest,
    /// It waits in the destination's quarantine wherever it might be wrong.
    Hold,
}

/// What a destination's routing rests on.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Routing {
    /// Its own route.
    pub route: RouteSpec,
    /// What holds for all destinations.
    pub residency: ResidencySpec,
}

/// What is wrong with a route or a class. Shows what the operator wrote.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RouteProblem {
    /// Not a clean event name.
    Event(String),
    /// An event that is both asked for and excepted.
    BothWays(String),
    /// Not a country, nor a name of several.
    Country(String),
    /// A country of two classes: the code and the other class.
    TwoClasses(&'static str, String),
    /// Two classes that stand for the rest of the world.
    ElsewhereTwice(String),
    /// The rest of the world is a class of its own.
    ElsewhereMixed,
    /// No country is left for this class.
    NoCountry,
    /// None of the destinations that a class names takes an event of its countries.
    NoTaker,
}

impl fmt::Display for RouteProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RouteProblem::Event(name) => write!(f, "`{name}` is not a clean event name"),
            RouteProblem::BothWays(name) => {
                write!(f, "`{name}` is in `events` and in `except_events`: take it out of one")
            }
            RouteProblem::Country(word) => {
                write!(f, "`{word}` is not a region: write codes of countries such as `DE`, or `eu`, `eea`, `uk`")
            }
            RouteProblem::TwoClasses(code, other) => {
                write!(f, "{code} is in class `{other}` too: a country belongs to one class")
            }
            RouteProblem::ElsewhereTwice(other) => {
                write!(f, "class `{other}` stands for `{ELSEWHERE}` already: only one can")
            }
            RouteProblem::ElsewhereMixed => {
                write!(f, "`{ELSEWHERE}` stands alone: it is every country that no other class names")
            }
            RouteProblem::NoCountry => write!(f, "no country is left for `{ELSEWHERE}`: remove the class"),
            RouteProblem::NoTaker => f.write_str(
                "no destination in `only` takes an event of these countries by its own route: its events would reach nobody",
            ),
        }
    }
}

/// The classes, resolved: for checks of the whole configuration.
#[derive(Clone, Default, Debug)]
pub(crate) struct Classes(Vec<(Regions, Vec<DestinationId>)>);

impl Classes {
    /// Resolves all classes; each problem with the number of its class.
    pub(crate) fn resolve(spec: &ResidencySpec) -> Result<Classes, Vec<(usize, RouteProblem)>> {
        let mut problems = Vec::new();
        let mut named: Vec<Regions> = Vec::new();
        let mut rest: Option<usize> = None;
        for (i, class) in spec.classes.iter().enumerate() {
            let is_rest = |word: &String| word.eq_ignore_ascii_case(ELSEWHERE);
            let mut countries = Regions::default();
            if class.countries.iter().any(is_rest) {
                match rest {
                    _ if class.countries.len() > 1 => problems.push((i, RouteProblem::ElsewhereMixed)),
                    Some(other) => problems.push((i, RouteProblem::ElsewhereTwice(spec.classes[other].name.clone()))),
                    None => rest = Some(i),
                }
            } else {
                match Regions::parse(&class.countries) {
                    Ok(parsed) => countries = parsed,
                    Err(word) => problems.push((i, RouteProblem::Country(word))),
                }
            }
            for (other, known) in named.iter().enumerate() {
                let shared = countries.without(&countries.without(known));
                if let Some(code) = shared.codes().next() {
                    problems.push((i, RouteProblem::TwoClasses(code, spec.classes[other].name.clone())));
                }
            }
            named.push(countries);
        }
        if let Some(rest) = rest {
            let mut left = Regions::all();
            for class in &named {
                left = left.without(class);
            }
            if left.is_empty() {
                problems.push((rest, RouteProblem::NoCountry));
            }
            named[rest] = left;
        }
        let classes = named.into_iter().zip(&spec.classes).map(|(countries, class)| (countries, class.only.clone()));
        if problems.is_empty() { Ok(Classes(classes.collect())) } else { Err(problems) }
    }

    /// The countries whose class does not admit a destination.
    fn refused(&self, destination: &DestinationId) -> Regions {
        let mut refused = Regions::default();
        for (countries, only) in &self.0 {
            if !only.contains(destination) {
                refused.join(countries);
            }
        }
        refused
    }
}

/// What is wrong with the classes by themselves and against the routes of the destinations that they name: the number of the
/// class, and what.
pub fn residency_problems<'a>(
    spec: &ResidencySpec,
    route_of: impl Fn(&DestinationId) -> Option<&'a RouteSpec>,
) -> Vec<(usize, RouteProblem)> {
    let classes = match Classes::resolve(spec) {
        Ok(classes) => classes,
        Err(problems) => return problems,
    };
    let takes_one = |countries: &Regions, id: &DestinationId| match route_of(id).map(|route| route.countries.as_slice())
    {
        None => false,
        Some([]) => true,
        // A word that is none is a problem of the route.
        Some(words) => Regions::parse(words).is_ok_and(|taken| countries.without(&taken) != *countries),
    };
    let reaches_nobody = classes.0.iter().enumerate().filter(|(_, (countries, only))| {
        let known = only.iter().any(|id| route_of(id).is_some());
        known && !only.iter().any(|id| takes_one(countries, id))
    });
    reaches_nobody.map(|(i, _)| (i, RouteProblem::NoTaker)).collect()
}

/// What becomes of an event whose country is not known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnknownFate {
    /// It goes: it may be from anywhere, and anywhere is taken.
    Taken,
    /// It is dropped as `region_unknown`.
    Dropped,
    /// It waits in the destination's quarantine.
    Held,
}

impl UnknownFate {
    /// At one destination.
    pub fn at(destination: &DestinationId, spec: &Routing) -> UnknownFate {
        UnknownFate::of(&countries(spec), &refused(spec, destination), spec.residency.unknown)
    }

    fn of(taken: &Regions, refused: &Regions, unknown: UnknownCountry) -> UnknownFate {
        match unknown {
            _ if *taken == Regions::all() && refused.is_empty() => UnknownFate::Taken,
            // Held for nothing where no country could ever leave.
            UnknownCountry::Hold if !taken.without(refused).is_empty() => UnknownFate::Held,
            UnknownCountry::Hold | UnknownCountry::Strictest => UnknownFate::Dropped,
        }
    }
}

/// The countries that a destination's own route takes; none where that does not resolve.
fn countries(spec: &Routing) -> Regions {
    match spec.route.countries.as_slice() {
        [] => Regions::all(),
        words => Regions::parse(words).unwrap_or_default(),
    }
}

/// The countries whose class does not admit a destination. Classes that do not resolve are reported where they stand; until then
/// they refuse everything.
fn refused(spec: &Routing, destination: &DestinationId) -> Regions {
    Classes::resolve(&spec.residency).map_or_else(|_| Regions::all(), |classes| classes.refused(destination))
}

/// A route that means something. A few compares an event.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// Labels; `None`: every source.
    sources: Option<Vec<NameId>>,
    /// `None`: every event.
    events: Option<HashSet<NameId, FixedState>>,
    except_events: HashSet<NameId, FixedState>,
    /// Whether the country matters at all.
    by_country: bool,
    /// Every country; two letters that are none are not known.
    known: Regions,
    taken: Regions,
    refused: Regions,
    unknown: UnknownFate,
}

impl Route {
    /// Resolves a route; each problem with the field it is about.
    pub(crate) fn resolve(
        spec: &Routing,
        destination: &DestinationId,
        names: &Names,
    ) -> Result<Route, Vec<(&'static str, RouteProblem)>> {
        let mut problems = Vec::new();
        let mut set = |field, list: &[String]| -> HashSet<NameId, FixedState> {
            let mut ids = HashSet::default();
            for name in list {
                match Some(name)
                    .filter(|name| has_clean_class(name))
                    .and_then(|name| names.restore(NameKind::Event, name))
                {
                    Some(id) => drop(ids.insert(id)),
                    None => problems.push((field, RouteProblem::Event(name.clone()))),
                }
            }
            ids
        };
        let route = &spec.route;
        let (events, except_events) = (set("events", &route.events), set("except_events", &route.except_events));
        for name in route.events.iter().filter(|name| route.except_events.contains(name)) {
            problems.push(("except_events", RouteProblem::BothWays(name.clone())));
        }
        if let Err(word) = Regions::parse(&route.countries) {
            problems.push(("countries", RouteProblem::Country(word)));
        }
        let (taken, refused) = (countries(spec), refused(spec, destination));
        let unknown = UnknownFate::of(&taken, &refused, spec.residency.unknown);
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Route {
            sources: (!route.sources.is_empty()).then(|| route.sources.iter().map(|id| names.label(id)).collect()),
            events: (!route.events.is_empty()).then_some(events),
            except_events,
            by_country: unknown != UnknownFate::Taken,
            known: Regions::all(),
            taken,
            refused,
            unknown,
        })
    }

    /// A route that takes nothing, in place of one that does not resolve.
    pub(crate) fn nowhere() -> Route {
        Route {
            sources: Some(Vec::new()),
            events: Some(HashSet::default()),
            except_events: HashSet::default(),
            by_country: true,
            known: Regions::all(),
            taken: Regions::default(),
            refused: Regions::all(),
            unknown: UnknownFate::Dropped,
        }
    }

    /// Why an event does not go here, as far as that can be said of it for certain.
    #[inline]
    pub(crate) fn check(&self, view: &RecordView<'_>) -> Result<(), Rule> {
        self.check_names(view.source(), view.name())?;
        if !self.by_country {
            return Ok(());
        }
        match self.country(view) {
            Some(place) if self.refused.has(place) => Err(Rule::Residency),
            Some(place) if !self.taken.has(place) => Err(Rule::RoutedElsewhere),
            _ => Ok(()),
        }
    }

    /// Why no event of this name from this source goes here.
    pub(crate) fn check_names(&self, source: NameId, event: NameId) -> Result<(), Rule> {
        let is_asked_for = self.events.as_ref().is_none_or(|events| events.contains(&event));
        let comes_from = self.sources.as_ref().is_none_or(|sources| sources.contains(&source));
        if !is_asked_for || !comes_from || self.except_events.contains(&event) {
            return Err(Rule::RoutedElsewhere);
        }
        Ok(())
    }

    /// Why an event whose country is not known does not go here. Asked last: what another rule drops is not held.
    #[inline]
    pub(crate) fn check_unknown(&self, view: &RecordView<'_>) -> Result<(), Rule> {
        if self.unknown != UnknownFate::Taken && self.country(view).is_none() {
            Err(Rule::RegionUnknown)
        } else {
            Ok(())
        }
    }

    fn country(&self, view: &RecordView<'_>) -> Option<Place> {
        place_of(view.region()).filter(|place| self.known.has(*place))
    }

    /// Whether what [`Route::check_unknown`] keeps back is held instead of dropped.
    pub(crate) fn holds_unknown(&self) -> bool {
        self.unknown == UnknownFate::Held
    }
}

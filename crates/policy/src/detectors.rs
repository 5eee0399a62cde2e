//! What finds things in values, beside the engine's own list: detectors of the configuration, what people have marked as found in
//! error, and what was learned of paths. One for a generation; requests and batches pin what holds when they begin (D16).

use std::fmt;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use weir_detect::{Engine, Known, Lift, OwnDetectors, PathFacts, Verdict};
use weir_event::{Category, Evidence, Finding, LeafKind, Millis, NameId, Names};

use crate::paths::ByPath;
use crate::sightings::Sightings;

/// What was learned of paths, replaced as a whole, and how things were last found. One for the life of a process; nothing of it
/// belongs to a generation.
#[derive(Default)]
pub struct Learned {
    lift: RwLock<Arc<Lift>>,
    /// How things were last found.
    pub sightings: Sightings,
}

impl Learned {
    /// From now on this holds. Events under way keep what they pinned.
    pub fn set(&self, lift: Arc<Lift>) {
        *self.lift.write().unwrap_or_else(PoisonError::into_inner) = lift;
    }

    /// What holds now.
    pub fn now(&self) -> Arc<Lift> {
        Arc::clone(&self.lift.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Learned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Learned(version {})", self.now().version())
    }
}

/// Somebody's word that a class found at a property is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mark {
    /// Only as this source sends it: its label.
    pub source: Option<NameId>,
    /// In events of this name.
    pub event: NameId,
    /// At this path.
    pub path: NameId,
    /// What it is not.
    pub category: Category,
    /// Until then.
    pub until: Option<Millis>,
}

/// Whether somebody's word may keep a class away at all. Never a card, an e-mail address, or a secret that its form gives away: of
/// these one that is overlooked weighs more than many that are found in error.
pub fn may_be_marked(category: Category) -> bool {
    !matches!(
        category,
        Category::ContactEmail
            | Category::CreditCard
            | Category::SecretToken
            | Category::SecretUrl
            | Category::PrivateKey
            | Category::Password
    )
}

/// What a generation finds things with.
#[derive(Debug, Default)]
pub struct Detectors {
    learned: Arc<Learned>,
    own: OwnDetectors,
    /// Which of the own ones a path asks for.
    hints: ByPath<u64>,
    marks: HashMap<(NameId, NameId), Vec<Mark>, FixedState>,
}

impl Detectors {
    /// With what the process has learned, and what the configuration says. A mark of a class that may not be marked is left out.
    pub fn new(learned: Arc<Learned>, own: OwnDetectors, marks: impl IntoIterator<Item = Mark>) -> Detectors {
        let mut by_place: HashMap<(NameId, NameId), Vec<Mark>, FixedState> = HashMap::default();
        for mark in marks.into_iter().filter(|mark| may_be_marked(mark.category)) {
            by_place.entry((mark.event, mark.path)).or_default().push(mark);
        }
        Detectors { learned, own, hints: ByPath::default(), marks: by_place }
    }

    /// What holds for one request or one event from its beginning to its end.
    pub fn pin(self: &Arc<Self>) -> Pinned {
        Pinned { detectors: Arc::clone(self), lift: self.learned.now() }
    }

    /// The detectors of the configuration.
    pub fn own(&self) -> &OwnDetectors {
        &self.own
    }
}

/// What holds for one request or one event.
#[derive(Clone, Debug, Default)]
pub struct Pinned {
    detectors: Arc<Detectors>,
    lift: Arc<Lift>,
}

/// Where a leaf stands, for what people have marked.
#[derive(Clone, Copy)]
pub(crate) struct Stands {
    pub(crate) source: NameId,
    pub(crate) event: NameId,
    pub(crate) path: NameId,
    pub(crate) at: Millis,
}

impl Pinned {
    /// The engine's own list and no more.
    pub(crate) fn none() -> Pinned {
        static NONE: LazyLock<Pinned> = LazyLock::new(Pinned::default);
        NONE.clone()
    }

    /// Takes over what holds now, as [`Detectors::pin`] does. Where that is what was pinned, no reference is counted for it.
    pub(crate) fn renew(&mut self, detectors: &Arc<Detectors>) {
        if !Arc::ptr_eq(&self.detectors, detectors) {
            *self = detectors.pin();
            return;
        }
        let now = self.detectors.learned.lift.read().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&self.lift, &now) {
            self.lift = Arc::clone(&now);
        }
    }

    /// The version of all that finds things (D16), as a record keeps it: the engine's in the low eight bits, above it digests of the
    /// configuration's detectors and of what was learned. A record of another version is scanned again at release.
    pub fn version(&self, engine: &Engine) -> u32 {
        engine.version() & 0xff | (self.lift.version() ^ self.detectors.own.version()) << 8
    }

    /// What is found in a leaf under the path's facts. In place, because each leaf at the gate comes by here from one loop.
    #[inline(always)]
    pub(crate) fn scan(
        &self,
        engine: &Engine,
        names: &Names,
        facts: PathFacts,
        (kind, text): (LeafKind, &[u8]),
        stands: Stands,
        found: &mut Vec<Finding>,
    ) {
        let facts = facts.and(self.lift.facts(stands.path));
        let own = &self.detectors.own;
        if own.is_empty() {
            engine.scan(facts, kind, text, found);
        } else {
            let hints = self.detectors.hints.get_or(stands.path, || own.hints(names.text(stands.path)));
            engine.scan_knowing(Known { own: Some(own), hints }, facts, kind, text, found);
        }
        self.lift.weigh(stands.path, facts, kind, text, found);
        if !found.is_empty() && !self.detectors.marks.is_empty() {
            self.take_marked(stands, found);
        }
    }

    /// Notes how something was found in a value, for people who ask.
    pub(crate) fn note(&self, stands: Stands, text: &[u8], finding: &Finding) {
        self.detectors.learned.sightings.note(stands, text, finding);
    }

    /// Takes out what somebody has marked as found in error.
    #[cold]
    fn take_marked(&self, stands: Stands, found: &mut Vec<Finding>) {
        let Some(marks) = self.detectors.marks.get(&(stands.event, stands.path)) else { return };
        found.retain(|finding| {
            let is_it = |mark: &Mark| {
                mark.category == finding.category
                    && mark.source.is_none_or(|source| source == stands.source)
                    && mark.until.is_none_or(|until| stands.at < until)
            };
            // A prefix that only a secret has is a secret, whatever class it was given.
            finding.evidence == Evidence::Prefix || !marks.iter().any(is_it)
        });
    }

    /// Whether it was learned of a path that forms of this class are none.
    pub(crate) fn speaks_against(&self, category: Category, path: NameId) -> bool {
        let verdict = self.lift.verdict(path);
        match category {
            Category::CreditCard => verdict.has(Verdict::CARDS_BY_CHANCE),
            Category::IpAddress => verdict.has(Verdict::VERSIONS),
            Category::NationalId => verdict.has(Verdict::NUMBERS_BY_CHANCE),
            _ => false,
        }
    }
}

//! What finds things in values, beside the engine's own list: what was learned of paths. One for a generation; requests and batches
//! pin what holds when they begin (D16).

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use weir_detect::{Engine, Lift, PathFacts, Verdict};
use weir_event::{Category, NameId};

/// What was learned of paths, replaced as a whole. One for the life of a process; nothing of it belongs to a generation.
#[derive(Default)]
pub struct Learned(RwLock<Arc<Lift>>);

impl Learned {
    /// From now on this holds. Events under way keep what they pinned.
    pub fn set(&self, lift: Arc<Lift>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = lift;
    }

    /// What holds now.
    pub fn now(&self) -> Arc<Lift> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Learned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Learned(version {})", self.now().version())
    }
}

/// What a generation finds things with.
#[derive(Clone, Debug, Default)]
pub struct Detectors {
    learned: Arc<Learned>,
}

impl Detectors {
    /// With what the process has learned.
    pub fn new(learned: Arc<Learned>) -> Detectors {
        Detectors { learned }
    }

    /// What holds for one request or one event from its beginning to its end.
    pub fn pin(self: &Arc<Self>) -> Pinned {
        Pinned { lift: self.learned.now() }
    }
}

/// What holds for one request or one event.
#[derive(Clone, Debug, Default)]
pub struct Pinned {
    lift: Arc<Lift>,
}

impl Pinned {
    /// The version of all that finds things (D16), as a record keeps it: the engine's in the low eight bits, above it a digest of
    /// what was learned. A record of another version is scanned again at release.
    pub fn version(&self, engine: &Engine) -> u32 {
        engine.version() & 0xff | self.lift.version() << 8
    }

    /// The facts of a path's name with what was learned of it.
    #[inline]
    pub(crate) fn facts(&self, of_name: PathFacts, path: NameId) -> PathFacts {
        of_name.and(self.lift.facts(path))
    }

    /// Whether it was learned of a path that forms of this class are none.
    pub(crate) fn speaks_against(&self, category: Category, path: NameId) -> bool {
        let verdict = self.lift.verdict(path);
        match category {
            Category::CreditCard => verdict.has(Verdict::CARDS_BY_CHANCE),
            Category::IpAddress => verdict.has(Verdict::VERSIONS),
            _ => false,
        }
    }
}

//! Tier 0: what a path's name says about its values. Computed once per path, never per leaf.

/// What a path's name says: a set of hints. It adds to a detector's belief and never gates one that has a checksum or a prefix.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct PathFacts(u64);

impl PathFacts {
    /// Nothing is known: for values without a path.
    pub const NONE: PathFacts = PathFacts(0);

    /// The facts of a path's text, keys joined by `.` (D1).
    pub fn of_path(path: &str) -> PathFacts {
        let _ = path;
        PathFacts::NONE
    }
}

//! What was learned of paths from many of their values, as read-only input of a scan: a verdict for each path.
//!
//! One value cannot say whether a number that passes the Luhn sum is a card or an order's number that happens to pass, as one in ten
//! does. Many values of a path can. The gate counts (see [`PathFacts::COUNTING`]), the catalog learns, and what it concluded comes
//! back here as a whole, under a version. A verdict adds hints to those of the path's name and never takes one away: a value that is
//! grouped like a card, stands under a card's key, has a secret's prefix or the form of an e-mail address is found whatever is
//! learned of its path.

use weir_event::NameId;

use crate::facts::PathFacts;

/// What was learned of one path.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Verdict(u8);

impl Verdict {
    /// Nothing: what a value is taken for without a profile holds, which is the strict side.
    pub const NONE: Verdict = Verdict(0);
    /// Nearly all values of a card's form pass its check: they are cards, whatever the key says.
    pub const CARDS: Verdict = Verdict(1);
    /// As many pass as would by chance: a bare number that does is none.
    pub const CARDS_BY_CHANCE: Verdict = Verdict(2);
    /// Values of four numbers are versions.
    pub const VERSIONS: Verdict = Verdict(4);

    /// Both.
    #[must_use]
    pub const fn and(self, other: Verdict) -> Verdict {
        Verdict(self.0 | other.0)
    }

    /// Whether it holds all of `other`.
    pub const fn has(self, other: Verdict) -> bool {
        self.0 & other.0 == other.0
    }

    /// As stored in a hash.
    pub const fn bits(self) -> u8 {
        self.0
    }

    const fn facts(self) -> PathFacts {
        let mut facts = PathFacts::NONE;
        if self.has(Verdict::CARDS) {
            facts = facts.and(PathFacts::CARD);
        }
        if self.has(Verdict::CARDS_BY_CHANCE) {
            facts = facts.and(PathFacts::CARDS_BY_CHANCE);
        }
        if self.has(Verdict::VERSIONS) {
            facts = facts.and(PathFacts::VERSIONS_BY_PROFILE);
        }
        facts
    }
}

/// The verdicts on all paths. Immutable: a newer one takes its place as a whole, between two events.
#[derive(Clone, Debug, Default)]
pub struct Lift {
    version: u32,
    facts: Box<[PathFacts]>,
    verdicts: Box<[(NameId, Verdict)]>,
}

impl Lift {
    /// Of these verdicts. `version` tells this one from others (D16); 0 is that of no verdict at all.
    pub fn new(version: u32, mut verdicts: Vec<(NameId, Verdict)>) -> Lift {
        verdicts.retain(|(path, verdict)| *verdict != Verdict::NONE && (path.0 as usize) < PATHS_MAX);
        verdicts.sort_unstable_by_key(|(path, _)| *path);
        let length = verdicts.last().map_or(0, |(path, _)| path.0 as usize + 1);
        let mut facts = vec![PathFacts::NONE; length];
        for (path, verdict) in &verdicts {
            facts[path.0 as usize] = verdict.facts();
        }
        let version = if verdicts.is_empty() { 0 } else { version };
        Lift { version, facts: facts.into(), verdicts: verdicts.into() }
    }

    /// Its version.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// What is to be added to the facts of a path's name.
    #[inline]
    pub fn facts(&self, path: NameId) -> PathFacts {
        self.facts.get(path.0 as usize).copied().unwrap_or(PathFacts::NONE)
    }

    /// The verdict on a path.
    pub fn verdict(&self, path: NameId) -> Verdict {
        let place = self.verdicts.binary_search_by_key(&path, |(path, _)| *path);
        place.map_or(Verdict::NONE, |place| self.verdicts[place].1)
    }

    /// All verdicts, by path.
    pub fn verdicts(&self) -> &[(NameId, Verdict)] {
        &self.verdicts
    }
}

/// Paths of a higher number get no verdict: 2 MiB of hints.
const PATHS_MAX: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use weir_event::{Category, Finding, LeafKind, Likelihood};

    use super::*;
    use crate::Engine;

    fn best(facts: PathFacts, text: &str, category: Category) -> Option<Likelihood> {
        let mut found: Vec<Finding> = Vec::new();
        Engine::new().scan(facts, LeafKind::String, text.as_bytes(), &mut found);
        found.iter().filter(|f| f.category == category).map(|f| f.likelihood).max()
    }

    fn knowing(key: &str, verdict: Verdict) -> PathFacts {
        let lift = Lift::new(7, vec![(NameId(40), verdict), (NameId(41), Verdict::NONE)]);
        let version = if verdict == Verdict::NONE { 0 } else { 7 };
        assert_eq!(
            (lift.version(), lift.verdict(NameId(40)), lift.facts(NameId(41))),
            (version, verdict, PathFacts::NONE)
        );
        PathFacts::of_path(key).and(lift.facts(NameId(40)))
    }

    #[test]
    fn a_verdict_of_chance_lowers_a_bare_number_and_nothing_else() {
        let chance = |key| knowing(key, Verdict::CARDS_BY_CHANCE);
        let card = |facts, text| best(facts, text, Category::CreditCard);
        assert_eq!(card(PathFacts::of_path("reference_no"), "4111111111111111"), Some(Likelihood::Likely));
        assert_eq!(card(chance("reference_no"), "4111111111111111"), Some(Likelihood::Unlikely));
        assert_eq!(card(chance("reference_no"), "4111 1111 1111 1111"), Some(Likelihood::VeryLikely), "grouped");
        assert_eq!(card(chance("card_number"), "4111111111111111"), Some(Likelihood::VeryLikely), "the key says so");
        assert!(card(chance("reference_no"), "paid with 4111111111111111") >= Some(Likelihood::Possible), "in a text");
        assert!(best(chance("x"), "ada@example.com", Category::ContactEmail) >= Some(Likelihood::Likely));
    }

    #[test]
    fn a_verdict_of_cards_finds_them_under_any_key() {
        let cards = knowing("order_id", Verdict::CARDS);
        assert_eq!(
            best(PathFacts::of_path("order_id"), "4111111111111111", Category::CreditCard),
            Some(Likelihood::Possible)
        );
        assert_eq!(best(cards, "4111111111111111", Category::CreditCard), Some(Likelihood::VeryLikely));
    }

    #[test]
    fn four_numbers_of_a_property_of_versions_are_no_address_unless_the_key_says_so() {
        let address = |key: &str, verdict| best(knowing(key, verdict), "203.0.113.7", Category::IpAddress);
        assert!(address("reported_by", Verdict::NONE) >= Some(Likelihood::Possible));
        assert_eq!(address("reported_by", Verdict::VERSIONS), Some(Likelihood::Unlikely));
        assert_eq!(address("ip_address", Verdict::VERSIONS), Some(Likelihood::VeryLikely));
    }

    #[test]
    fn who_counts_sees_what_nearly_is_of_a_class_and_nobody_else_does() {
        let counting = PathFacts::of_path("reference_no").and(PathFacts::COUNTING);
        assert_eq!(best(counting, "4111111111111112", Category::CreditCard), Some(Likelihood::VeryUnlikely));
        assert_eq!(best(PathFacts::of_path("reference_no"), "4111111111111112", Category::CreditCard), None);
        let counting = PathFacts::of_path("reported_by").and(PathFacts::COUNTING);
        for version in ["120.0.6099.129", "1.2.3.4-beta"] {
            assert_eq!(best(counting, version, Category::IpAddress), Some(Likelihood::VeryUnlikely), "{version}");
        }
        assert_eq!(best(counting, "some words and 2026.11.22.1 in them", Category::IpAddress), None);
    }
}

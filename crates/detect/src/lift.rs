//! What was learned of paths from many of their values, as read-only input of a scan: a verdict for each path.
//!
//! One value cannot say whether a number that passes the Luhn sum is a card or an order's number that happens to pass, as one in ten
//! does. Many values of a path can. The gate counts (see [`PathFacts::COUNTING`]), the catalog learns, and what it concluded comes
//! back here as a whole, under a version. In the same way nearly all values of a path may pass the sum of one country's ids
//! ([`crate::shapes::learned`]). A verdict adds hints to those of the path's name and never takes one away: a value that is
//! grouped like a card, stands under a card's key, has a secret's prefix or the form of an e-mail address is found whatever is
//! learned of its path.

use weir_event::{Finding, LeafKind, NameId};

use crate::facts::PathFacts;
use crate::shapes::learned::{self, Kind};

/// What was learned of one path.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Verdict {
    flags: u8,
    /// The number of a kind of number, plus one.
    kind: u8,
}

impl Verdict {
    /// Nothing: what a value is taken for without a profile holds, which is the strict side.
    pub const NONE: Verdict = Verdict::flag(0);
    /// Nearly all values of a card's form pass its check: they are cards, whatever the key says.
    pub const CARDS: Verdict = Verdict::flag(1);
    /// As many pass as would by chance: a bare number that does is none.
    pub const CARDS_BY_CHANCE: Verdict = Verdict::flag(2);
    /// Values of four numbers are versions.
    pub const VERSIONS: Verdict = Verdict::flag(4);
    /// Nearly all numbers with the shape of national ids pass the sum of one: what is possible is likely.
    pub const NUMBERS: Verdict = Verdict::flag(8);
    /// As many numbers with the shape of national ids pass the sum of one as would by chance: they are none.
    pub const NUMBERS_BY_CHANCE: Verdict = Verdict::flag(16);

    const fn flag(flags: u8) -> Verdict {
        Verdict { flags, kind: 0 }
    }

    /// Nearly all numbers pass the sum of this kind: they are of it, whatever the key says.
    pub const fn of_kind(kind: Kind) -> Verdict {
        Verdict { flags: 0, kind: kind.number() + 1 }
    }

    /// The kind that nearly all numbers are of.
    pub fn kind(self) -> Option<Kind> {
        Kind::of_number(self.kind.checked_sub(1)?)
    }

    /// Both. A path's numbers are of one kind: that of `self`, if it has one.
    #[must_use]
    pub const fn and(self, other: Verdict) -> Verdict {
        Verdict { flags: self.flags | other.flags, kind: if self.kind == 0 { other.kind } else { self.kind } }
    }

    /// Whether it holds all of `other`.
    pub const fn has(self, other: Verdict) -> bool {
        self.flags & other.flags == other.flags && (other.kind == 0 || self.kind == other.kind)
    }

    /// As it goes into a hash that must be the same in any version of the list of kinds.
    pub fn digest(self) -> (u8, &'static str) {
        (self.flags, self.kind().map_or("", Kind::name))
    }

    const fn facts(self) -> PathFacts {
        let mut facts = PathFacts::NONE;
        if self.kind != 0 || self.has(Verdict::NUMBERS) || self.has(Verdict::NUMBERS_BY_CHANCE) {
            facts = facts.and(PathFacts::NUMBERS_BY_PROFILE);
        }
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

    /// What was found in a leaf under `facts`, in the light of what was learned of its path. Never takes away what a prefix, a card's
    /// form or an address gave away, nor anything found in a part of the leaf.
    #[inline]
    pub fn weigh(&self, path: NameId, facts: PathFacts, kind: LeafKind, text: &[u8], found: &mut Vec<Finding>) {
        if facts.has(PathFacts::NUMBERS_BY_PROFILE) && matches!(kind, LeafKind::String | LeafKind::Number) {
            learned::weigh(self.verdict(path), facts, text, found);
        }
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

    /// As the gate does: scanned under what is known of the path, then weighed.
    fn weighed(key: &str, verdict: Verdict, text: &str) -> Vec<Finding> {
        let lift = Lift::new(1, vec![(NameId(40), verdict)]);
        let facts = PathFacts::of_path(key).and(lift.facts(NameId(40)));
        let mut found = Vec::new();
        Engine::new().scan(facts, LeafKind::String, text.as_bytes(), &mut found);
        lift.weigh(NameId(40), facts, LeafKind::String, text.as_bytes(), &mut found);
        found
    }

    fn kind(name: &str) -> Verdict {
        Verdict::of_kind(Kind::named(name).unwrap_or_else(|| panic!("{name} is in the list")))
    }

    #[test]
    fn a_verdict_on_a_kind_finds_what_passes_its_sum_as_a_whole_and_nothing_else() {
        let national = |verdict, key, text| {
            let found = weighed(key, verdict, text);
            found.iter().filter(|f| f.category == Category::NationalId).map(|f| f.likelihood).max()
        };
        let bsn = kind("nl_bsn");
        assert_eq!(national(Verdict::NONE, "dimension", "111222333"), None);
        assert_eq!(national(bsn, "dimension", "111222333"), Some(Likelihood::Likely));
        assert_eq!(national(bsn, "dimension", "111222334"), None, "the sum fails");
        assert_eq!(national(bsn, "dimension", "order 111222333"), None, "in a text it is anybody's");
        assert_eq!(national(bsn, "order_no", "111222333"), None, "one in eleven orders passes");
        assert_eq!(national(bsn, "bsn", "111222333"), Some(Likelihood::VeryLikely), "the key says so");
        assert_eq!(
            national(kind("br_cpf"), "order_no", "52998224725"),
            Some(Likelihood::Likely),
            "one in a hundred does"
        );
    }

    #[test]
    fn groups_that_pass_by_chance_are_lowered_where_nothing_else_speaks_for_them() {
        let best = |verdict, key, text| {
            let found = weighed(key, verdict, text);
            found.iter().filter(|f| f.category == Category::NationalId).map(|f| f.likelihood).max()
        };
        let chance = Verdict::NUMBERS_BY_CHANCE;
        for (text, cold) in [("130-692-544", Likelihood::Possible), ("046 454 286", Likelihood::Possible)] {
            assert_eq!(best(Verdict::NONE, "dimension", text), Some(cold), "{text}");
            assert_eq!(best(chance, "dimension", text), Some(Likelihood::Unlikely), "{text}");
            assert_eq!(best(Verdict::NUMBERS, "dimension", text), Some(Likelihood::Likely), "{text}");
        }
        assert_eq!(best(chance, "sin_number", "046-454-286"), Some(Likelihood::VeryLikely), "its key");
        assert_eq!(best(chance, "dimension", "529.982.247-25"), Some(Likelihood::Likely), "little else is written so");
        assert!(best(chance, "dimension", "it is 130-692-544, please") >= Some(Likelihood::Possible), "in a text");
    }

    #[test]
    fn no_verdict_keeps_a_secret_a_card_or_an_address_from_being_found() {
        let flags = [Verdict::CARDS_BY_CHANCE, Verdict::VERSIONS, Verdict::NUMBERS, Verdict::NUMBERS_BY_CHANCE];
        let all = flags.into_iter().fold(kind("nl_bsn"), Verdict::and);
        for text in [
            "AKIAIOSFODNN7EXAMPLF",
            "ada@example.com",
            "4111 1111 1111 1111",
            "paid with 4111111111111111",
            "postgres://ada:hunter2@db.example.com/x",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
        ] {
            let (cold, learned) = (weighed("plan", Verdict::NONE, text), weighed("plan", all, text));
            assert!(cold.iter().any(|f| f.likelihood >= Likelihood::Likely), "{text}");
            assert_eq!(cold, learned, "{text}");
        }
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

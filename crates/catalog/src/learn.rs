//! What the counts of a property say of it: verdicts for detection, tags, and what was never seen there before.
//!
//! Decisions are made by the bounds of Wilson's interval (Wilson 1927) at 95 %: a share is not near, above or below something before
//! enough values say so, and until then the strict side holds. The newest values weigh most: of about [`WINDOW`] of them the counts
//! are halved, so that a property whose values change is decided anew.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use weir_detect::{Lift, Verdict};
use weir_event::{Category, Millis, NameId, Names};

use crate::catalog::Catalog;
use crate::numbers::ShapedNumbers;
use crate::observed::{ObservedEvent, ObservedFinding, ObservedProperty};
use crate::texts::Changed;

/// No verdict on fewer values.
pub const VALUES_MIN: u32 = 30;
/// At so many counted values both counts are halved.
pub const WINDOW: u32 = 4_096;
/// A class in this part of a property's events, or more, is what the property is.
pub const TAG_SHARE: f64 = 0.05;
/// So many events without a class, before its first: then it was never seen there before.
pub const CLEAN_EVENTS: u64 = 1_000;

/// One number in ten passes the Luhn sum; two of a hundred more are within what a window of values shows by chance.
const CARDS_CHANCE_MAX: f64 = 0.12;
/// Above this it is not chance, however few the values.
const CARDS_SHARE_OF_CHANCE_MAX: f64 = 0.3;
/// Nearly all; less than this by a window of values is a mixture.
const CARDS_SHARE_MIN: f64 = 0.8;
/// Addresses are never written as versions are.
const VERSIONS_SHARE_MIN: f64 = 0.05;

/// Lower and upper bound of the share that `k` of `n` stand for, at 95 %.
pub fn wilson(k: u64, n: u64) -> (f64, f64) {
    const Z: f64 = 1.96;
    if n == 0 {
        return (0.0, 1.0);
    }
    let (n, p) = (n as f64, k as f64 / n as f64);
    let middle = p + Z * Z / (2.0 * n);
    let spread = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let of = 1.0 + Z * Z / n;
    (((middle - spread) / of).max(0.0), ((middle + spread) / of).min(1.0))
}

/// What `passed` of `tested` values say, that have the form of a class and pass its check.
pub fn verdict(category: Category, passed: u32, tested: u32) -> Verdict {
    if tested < VALUES_MIN {
        return Verdict::NONE;
    }
    let (low, high) = wilson(u64::from(passed), u64::from(tested));
    match category {
        Category::CreditCard if low > CARDS_SHARE_MIN => Verdict::CARDS,
        Category::CreditCard if high < CARDS_SHARE_OF_CHANCE_MAX && low <= CARDS_CHANCE_MAX => Verdict::CARDS_BY_CHANCE,
        Category::IpAddress if wilson(u64::from(tested - passed), u64::from(tested)).0 > VERSIONS_SHARE_MIN => {
            Verdict::VERSIONS
        }
        _ => Verdict::NONE,
    }
}

impl ObservedFinding {
    /// A value of the class's form was seen, which passes its check or not.
    #[inline]
    pub(crate) fn test(&mut self, passed: bool) {
        self.tested += 1;
        self.passed += u32::from(passed);
        if self.tested >= WINDOW {
            self.tested /= 2;
            self.passed /= 2;
        }
    }

    /// Whether it was found at a property that had been without it for long.
    pub fn is_new_class(&self) -> bool {
        self.events > 0 && self.before >= CLEAN_EVENTS
    }
}

/// What is known of a property.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It is of these classes: each is in a twentieth of its events or more.
    Tagged(Vec<Category>),
    /// These were found in it, seldom.
    Found(Vec<Category>),
    /// Nothing was found, and that says little yet: why.
    Undecided(&'static str),
    /// Nothing was found in enough values.
    NothingFound,
}

impl Standing {
    /// Its word in reports. None of them is "clean".
    pub const fn word(&self) -> &'static str {
        match self {
            Standing::Tagged(_) => "tagged",
            Standing::Found(_) => "found",
            Standing::Undecided(_) => "undecided",
            Standing::NothingFound => "nothing found",
        }
    }
}

impl ObservedProperty {
    /// What is known of it.
    pub fn standing(&self) -> Standing {
        let is_tag = |f: &&ObservedFinding| wilson(f.events, self.events).0 >= TAG_SHARE;
        let of = |list: &mut dyn Iterator<Item = &ObservedFinding>| list.map(|f| f.category).collect::<Vec<_>>();
        let numbers = self.profile.shaped().map_or(Verdict::NONE, ShapedNumbers::verdict);
        let by_chance = |f: &ObservedFinding| {
            matches!(verdict(f.category, f.passed, f.tested), Verdict::CARDS_BY_CHANCE | Verdict::VERSIONS)
                || (f.category == Category::NationalId && numbers.has(Verdict::NUMBERS_BY_CHANCE))
        };
        let found = || self.findings.iter().filter(|f| f.events > 0 && !by_chance(f));
        let tags = of(&mut found().filter(is_tag));
        if !tags.is_empty() {
            return Standing::Tagged(tags);
        }
        let seldom = of(&mut found());
        if !seldom.is_empty() {
            return Standing::Found(seldom);
        }
        let is_open =
            |f: &ObservedFinding| f.near_misses > 0 && verdict(f.category, f.passed, f.tested) == Verdict::NONE;
        if let Some(why) = self.profile.needs_decision() {
            Standing::Undecided(why)
        } else if self.findings.iter().any(is_open) {
            Standing::Undecided("some values nearly have the form of a class")
        } else if self.events < u64::from(VALUES_MIN) {
            Standing::Undecided("few events had it so far")
        } else {
            Standing::NothingFound
        }
    }
}

/// A class found at a property that had been without it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NewClass {
    /// The source.
    pub source: NameId,
    /// The event.
    pub event: NameId,
    /// The property.
    pub path: NameId,
    /// What was found.
    pub category: Category,
    /// When for the first time.
    pub first: Millis,
    /// After so many events without.
    pub before: u64,
}

impl Catalog {
    /// Classes that were found for the first time since, at properties that had been without them for [`CLEAN_EVENTS`] events or more.
    pub fn new_classes(&self, since: Millis) -> Vec<NewClass> {
        let mut all = Vec::new();
        for event in &self.events {
            for property in &event.properties {
                let new = property.findings.iter().filter(|f| f.is_new_class() && f.first >= since);
                all.extend(new.map(|f| NewClass {
                    source: event.source,
                    event: event.name,
                    path: property.path,
                    category: f.category,
                    first: f.first,
                    before: f.before,
                }));
            }
        }
        all
    }

    /// Properties whose texts have changed their form since, and how.
    pub fn changed_forms(&self, since: Millis) -> Vec<(&ObservedEvent, &ObservedProperty, Changed)> {
        let all = self.events.iter().flat_map(|event| event.properties.iter().map(move |property| (event, property)));
        all.filter_map(|(event, property)| {
            let changed = property.profile.texts()?.changed().filter(|changed| changed.at >= since)?;
            Some((event, property, changed))
        })
        .collect()
    }

    /// The numbers with a shape at each path, of all events.
    fn shaped_numbers(&self) -> BTreeMap<NameId, Cow<'_, ShapedNumbers>> {
        let mut all: BTreeMap<NameId, Cow<'_, ShapedNumbers>> = BTreeMap::new();
        for property in self.events.iter().flat_map(|event| &event.properties) {
            let Some(shaped) = property.profile.shaped() else { continue };
            match all.entry(property.path) {
                Entry::Occupied(mut known) => known.get_mut().to_mut().merge(shaped),
                Entry::Vacant(first) => drop(first.insert(Cow::Borrowed(shaped))),
            }
        }
        all
    }

    /// The verdicts on all paths. A path has one, whichever events of whichever sources it stands in. The version follows from the
    /// verdicts alone, so that a restart gives the same.
    pub fn lift(&self, names: &Names) -> Lift {
        let mut counts: BTreeMap<(NameId, Category), (u32, u32)> = BTreeMap::new();
        for property in self.events.iter().flat_map(|event| &event.properties) {
            for finding in property.findings.iter().filter(|f| f.tested > 0) {
                let (passed, tested) = counts.entry((property.path, finding.category)).or_default();
                *passed = passed.saturating_add(finding.passed);
                *tested = tested.saturating_add(finding.tested);
            }
        }
        let mut verdicts: BTreeMap<NameId, Verdict> = BTreeMap::new();
        for (path, numbers) in self.shaped_numbers() {
            let verdict = numbers.verdict();
            if verdict != Verdict::NONE {
                verdicts.insert(path, verdict);
            }
        }
        for ((path, category), (passed, tested)) in counts {
            let verdict = verdict(category, passed, tested);
            if verdict != Verdict::NONE {
                let of_path = verdicts.entry(path).or_default();
                *of_path = of_path.and(verdict);
            }
        }
        let mut texts: Vec<(&str, (u8, &str))> =
            verdicts.iter().map(|(path, v)| (names.text(*path), v.digest())).collect();
        texts.sort_unstable();
        let mut sum = 0_u32;
        for (path, (flags, kind)) in texts {
            sum = crc32c::crc32c_append(sum, path.as_bytes());
            sum = crc32c::crc32c_append(sum, &[0, flags]);
            sum = crc32c::crc32c_append(sum, kind.as_bytes());
        }
        // 24 bits go into a record's version, 0 is that of no verdict.
        Lift::new((sum & 0x00ff_ffff).max(1), verdicts.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_bounds_are_those_of_wilsons_interval() {
        // Held against statsmodels' proportion_confint(method="wilson").
        for (k, n, low, high) in
            [(3, 30, 0.0346, 0.2562), (30, 30, 0.8865, 1.0), (0, 30, 0.0, 0.1135), (100, 1_000, 0.0829, 0.1202)]
        {
            let (l, h) = wilson(k, n);
            assert!((l - low).abs() < 2e-3 && (h - high).abs() < 2e-3, "{k} of {n}: {l} {h}");
        }
    }

    #[test]
    fn cards_are_told_from_numbers_that_pass_by_chance_and_a_mixture_stays_undecided() {
        let card = |passed, tested| verdict(Category::CreditCard, passed, tested);
        assert_eq!(card(3, 29), Verdict::NONE, "too few");
        assert_eq!(card(3, 30), Verdict::CARDS_BY_CHANCE);
        assert_eq!(card(30, 30), Verdict::CARDS);
        assert_eq!(card(410, 4_095), Verdict::CARDS_BY_CHANCE);
        for (passed, tested) in [(12, 40), (20, 40), (60, 100), (700, 4_000)] {
            assert_eq!(card(passed, tested), Verdict::NONE, "{passed} of {tested}: perhaps some are");
        }
        assert_eq!(verdict(Category::IpAddress, 40, 40), Verdict::NONE);
        assert_eq!(verdict(Category::IpAddress, 30, 40), Verdict::VERSIONS);
        assert_eq!(verdict(Category::NationalId, 4, 40), Verdict::NONE, "nothing is learned of it");
    }

    proptest! {
        #[test]
        fn a_window_of_random_numbers_is_chance_and_one_of_cards_is_cards(seed in any::<u64>(), first in 0_u32..3_000) {
            // What was there before does not decide for ever.
            for (share, expected) in [(10, Verdict::CARDS_BY_CHANCE), (100, Verdict::CARDS)] {
                let mut finding = ObservedFinding::of(Category::CreditCard);
                (0..first).for_each(|n| finding.test(n % 2 == 0));
                let mut state = seed;
                for _ in 0..20_000 {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    finding.test((state >> 33) % 100 < share);
                }
                prop_assert_eq!(verdict(finding.category, finding.passed, finding.tested), expected);
                prop_assert!(finding.tested < WINDOW);
            }
        }
    }
}

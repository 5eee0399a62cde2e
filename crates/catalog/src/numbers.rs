//! Numbers with a shape among the values of a property, and the sums that they pass: what tells a property of national ids from one of
//! order numbers that pass a sum by chance, as one in ten does.
//!
//! Two questions, two counts. *Is it of one kind?* By kind of number ([`weir_detect::Kind`]), over values that were not among the
//! newest [`RECENT_MAX`] different ones, so that one value that comes a thousand times is one. *Are the ones that detection takes for ids
//! without a key more than chance?* Over all values of the sample, those included that the gate dropped because of it: they are in the
//! record as a finding only.
//!
//! The decision. Many kinds share a shape (eleven digits: twelve of them), so all are looked at and the one with the strongest evidence
//! is taken: the likelihood ratio of "[`SHARE_EXPECTED`] of the values pass" to "as many as random numbers". Under chance that ratio exceeds
//! *x* with a probability of at most 1/*x*, however often one looks (Ville, *Étude critique de la notion de collectif*, 1939; used for
//! sequential tests by Wald, 1945). Looking at 64 kinds at 100,000 properties, and to be wrong by chance once in 10⁶ such catalogs, asks for
//! *x* = 6.4 · 10¹² by Bonferroni's sum: [`EVIDENCE_MIN`] is its logarithm. Besides, the share itself must be surely above
//! [`SHARE_MIN`] by Wilson's bound: chance is not the only other explanation (a counter behind a date passes the date).
//!
//! Limits: [`KINDS_MAX`] kinds of a property; at [`WINDOW`] values counts are halved, so that the newest weigh most. No value is kept: of the
//! recent ones 15 bits of a keyed hash, one of which fits millions of numbers.

use weir_detect::shapes::learned::Shaped;
use weir_detect::{Kind, Verdict};
use weir_event::Category;

use crate::learn::{VALUES_MIN, WINDOW, wilson};

/// Different values that are told from new ones.
pub const RECENT_MAX: usize = 64;
/// Kinds that are counted at one property.
pub const KINDS_MAX: usize = 32;
/// The logarithm of how much likelier "they are of this kind" must be than chance: see above.
pub const EVIDENCE_MIN: f64 = 30.0;
/// So many pass where they are of the kind: a few are typed wrong.
const SHARE_EXPECTED: f64 = 0.95;
/// Surely more than this pass.
const SHARE_MIN: f64 = 0.8;
/// Where every value was dropped nobody knows their shape: of none do more than this pass for an id by chance.
const CHANCE_MOST: f64 = 0.5;
/// Below this there is nothing that chance would have to explain.
const CHANCE_LEAST: f64 = 0.001;
/// Parts of one in which chances are added up.
const PARTS: f32 = 256.0;

/// One kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KindCount {
    /// Which.
    pub kind: Kind,
    /// Values of its shape,
    pub tested: u32,
    /// and of these such as pass its sum.
    pub passed: u32,
}

/// What the numbers with a shape say.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ShapedNumbers {
    /// Of the newest different values 15 bits, and whether it is found as an id without a key. A ring.
    pub(crate) recent: Vec<u16>,
    pub(crate) next: u8,
    /// Values that were not among the recent ones when they came.
    pub(crate) different: u32,
    pub(crate) kinds: Vec<KindCount>,
    /// Values of the sample: kept ones with a shape, and dropped ones that were found as ids.
    pub(crate) values: u32,
    /// Of these: found as ids.
    pub(crate) found: u32,
    /// Of these: kept.
    pub(crate) kept: u32,
    /// Sum of the kept ones' chances to be found, in [`PARTS`].
    pub(crate) expected: u32,
}

impl ShapedNumbers {
    /// A value that the gate kept.
    pub(crate) fn add(&mut self, mark: u32, shaped: &Shaped<'_>) {
        let bits = (mark >> 17) as u16;
        let known = self.recent.iter().find(|recent| **recent >> 1 == bits).map(|recent| recent & 1 == 1);
        let is_found = known.unwrap_or_else(|| shaped.is_found());
        if known.is_none() {
            let entry = bits << 1 | u16::from(is_found);
            match self.recent.get_mut(usize::from(self.next)) {
                Some(oldest) => *oldest = entry,
                None => self.recent.push(entry),
            }
            self.next = (self.next + 1) % RECENT_MAX as u8;
            self.different = self.different.saturating_add(1);
        }
        // Where a verdict stands those that pass are dropped and not told apart: then none is.
        if known.is_none() || self.has_verdict_on_kind() {
            shaped.kinds().for_each(|(kind, passes)| self.count(kind, passes));
        }
        self.kept += 1;
        self.expected += (shaped.chance() * PARTS) as u32;
        self.add_any(is_found);
    }

    /// A value that the gate dropped because it found this in it. Of which kind it is, its record does not say: of the one that the
    /// others are of.
    pub(crate) fn add_dropped(&mut self, category: Category) {
        if let Some(front) = self.front().filter(|front| front.kind.category() == category) {
            self.count(front.kind, true);
        }
        if category == Category::NationalId {
            self.add_any(true);
        }
    }

    fn add_any(&mut self, is_found: bool) {
        self.values += 1;
        self.found += u32::from(is_found);
        if self.values >= WINDOW {
            for count in [&mut self.values, &mut self.found, &mut self.kept, &mut self.expected] {
                *count /= 2;
            }
        }
    }

    fn count(&mut self, kind: Kind, passes: bool) {
        let place = match self.kinds.iter().position(|count| count.kind == kind) {
            Some(place) => place,
            None if self.kinds.len() >= KINDS_MAX => return,
            None => {
                self.kinds.push(KindCount { kind, tested: 0, passed: 0 });
                self.kinds.len() - 1
            }
        };
        if let Some(count) = self.kinds.get_mut(place) {
            count.tested += 1;
            count.passed += u32::from(passes);
            if count.tested >= WINDOW {
                count.tested /= 2;
                count.passed /= 2;
            }
        }
    }

    /// The same path in another event: what both say.
    pub(crate) fn merge(&mut self, other: &ShapedNumbers) {
        for one in &other.kinds {
            match self.kinds.iter_mut().find(|count| count.kind == one.kind) {
                Some(count) => {
                    count.tested += one.tested;
                    count.passed += one.passed;
                }
                None => self.kinds.push(*one),
            }
        }
        self.different = self.different.saturating_add(other.different);
        self.values += other.values;
        self.found += other.found;
        self.kept += other.kept;
        self.expected = self.expected.saturating_add(other.expected);
    }

    /// The kinds that were counted.
    pub fn kinds(&self) -> &[KindCount] {
        &self.kinds
    }

    /// What follows.
    pub fn verdict(&self) -> Verdict {
        let of_kind = self.front().filter(is_of_kind).map_or(Verdict::NONE, |front| Verdict::of_kind(front.kind));
        let chance = if self.kept == 0 {
            CHANCE_MOST
        } else {
            f64::from(self.expected) / f64::from(PARTS) / f64::from(self.kept)
        };
        let (low, high) = wilson(self.found.into(), self.values.into());
        let any = if self.values < VALUES_MIN || chance < CHANCE_LEAST {
            Verdict::NONE
        } else if low > SHARE_MIN && evidence(self.found, self.values, chance) >= EVIDENCE_MIN {
            Verdict::NUMBERS
        } else if self.different >= VALUES_MIN
            && low <= 1.2 * chance
            && high < f64::min(3.0 * chance, (chance + SHARE_MIN) / 2.0)
        {
            Verdict::NUMBERS_BY_CHANCE
        } else {
            Verdict::NONE
        };
        of_kind.and(any)
    }

    fn has_verdict_on_kind(&self) -> bool {
        // Most have none, and that is seen without a logarithm.
        self.kinds.iter().any(|count| count.tested >= VALUES_MIN && 10 * count.passed >= 8 * count.tested)
            && self.front().is_some_and(|front| is_of_kind(&front))
    }

    /// The kind with the strongest evidence.
    fn front(&self) -> Option<KindCount> {
        let weight = |count: &KindCount| evidence(count.passed, count.tested, 1.0 / f64::from(count.kind.chance()));
        let best = |a: &&KindCount, b: &&KindCount| {
            // Of two that are as strong the one that is rarer by chance, then the first by name: not the first that came.
            let order = weight(a).total_cmp(&weight(b)).then(a.kind.chance().cmp(&b.kind.chance()));
            order.then(b.kind.name().cmp(a.kind.name()))
        };
        self.kinds.iter().filter(|count| count.passed > 0).max_by(best).copied()
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        2 * self.recent.capacity() + self.kinds.capacity() * size_of::<KindCount>()
    }
}

fn is_of_kind(count: &KindCount) -> bool {
    count.tested >= VALUES_MIN
        && wilson(count.passed.into(), count.tested.into()).0 > SHARE_MIN
        && evidence(count.passed, count.tested, 1.0 / f64::from(count.kind.chance())) >= EVIDENCE_MIN
}

/// The logarithm of how much likelier `passed` of `tested` are where [`SHARE_EXPECTED`] pass than where `chance` do.
fn evidence(passed: u32, tested: u32, chance: f64) -> f64 {
    let failed = f64::from(tested.saturating_sub(passed));
    f64::from(passed) * (SHARE_EXPECTED / chance).ln() + failed * ((1.0 - SHARE_EXPECTED) / (1.0 - chance)).ln()
}

#[cfg(test)]
mod tests;

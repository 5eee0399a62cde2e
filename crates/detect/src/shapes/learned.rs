//! Numbers with a shape as a profile sees them: which kinds a whole value may be of, and which of their sums it passes.
//!
//! A bare number that stands alone is often no one's: one in ten passes the sum of some country. If nearly all of many different values of
//! a property pass the sum of one kind, chance explains it no longer; if a tenth of them do, chance explains it well. The catalog
//! counts both ([`shaped`], off the request path), its verdicts come back as [`crate::lift`], and [`weigh`] is what follows from them.

use weir_event::{Category, Evidence, Finding, Likelihood};

use super::{ALL, Entry, Form, IDS, entries, fits, passes, walk, word_at};
use crate::bytes::Blocks;
use crate::facts::PathFacts;
use crate::lift::Verdict;

/// No shape is longer, spaces of three bytes included.
const TEXT_BYTES_MAX: usize = 64;
/// A verdict on a kind whose sum more than one number in so many passes does not hold against a key that says that the numbers are
/// ours: an order's number often ends in a digit of Luhn's.
const CHANCE_AGAINST_KEY: u32 = 50;

/// One kind of number with a shape and a sum.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Kind(u8);

impl Kind {
    /// All of which a profile can learn: those with a check digit or letter. Of ranges and dates alone it learns nothing: numbers of
    /// orders begin with a day too.
    pub fn all() -> impl Iterator<Item = Kind> {
        (0..IDS.len() as u8).map(Kind).filter(|kind| kind.is_learned())
    }

    /// By its stable name, as findings carry it.
    pub fn named(name: &str) -> Option<Kind> {
        Kind::all().find(|kind| kind.name() == name)
    }

    /// Its stable name.
    pub fn name(self) -> &'static str {
        IDS[usize::from(self.0)].name
    }

    /// One in how many random numbers of its shape passes.
    pub fn chance(self) -> u32 {
        IDS[usize::from(self.0)].chance
    }

    /// What it is.
    pub fn category(self) -> Category {
        IDS[usize::from(self.0)].category
    }

    /// Its number in this version of the list, from 0: for tables in memory, never stored.
    pub const fn number(self) -> u8 {
        self.0
    }

    pub(crate) fn of_number(number: u8) -> Option<Kind> {
        Some(Kind(number)).filter(|kind| usize::from(kind.0) < IDS.len())
    }

    /// Whether the text is one of it, as a whole.
    pub fn is_of(self, text: &[u8]) -> bool {
        shaped(text).is_some_and(|shaped| shaped.kinds().any(|(kind, passes)| kind == self && passes))
    }

    fn is_learned(self) -> bool {
        let id = &IDS[usize::from(self.0)];
        id.has_sum && !id.has_digest && id.chance >= 10
    }
}

/// A value that has the shape of numbers as a whole.
#[derive(Clone, Copy, Debug)]
pub struct Shaped<'t> {
    text: &'t [u8],
    node: usize,
}

/// A value that has, as a whole, the shape of some kind that a profile can learn. Computes no sum.
pub fn shaped(text: &[u8]) -> Option<Shaped<'_>> {
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let mut blocks = Blocks::of(text, &[]);
    let first = word_at(text, &mut blocks, 0);
    let mut whole = None;
    walk(text, blocks, &ALL, first.end, first.begins(&ALL)?, |node, end, _| {
        if end == text.len() {
            whole = Some(Shaped { text, node });
        }
    });
    whole.filter(|shaped| shaped.entries().any(|entry| Kind(entry.id as u8).is_learned()))
}

impl Shaped<'_> {
    /// The kinds whose shape it has, and whether it passes their sum.
    pub fn kinds(&self) -> impl Iterator<Item = (Kind, bool)> {
        let kinds = self.entries().map(|entry| Kind(entry.id as u8)).filter(|kind| kind.is_learned());
        kinds.map(|kind| (kind, passes(&IDS[usize::from(kind.0)], self.text)))
    }

    /// The part of random numbers of its shape that are found as a national id without a key.
    pub fn chance(&self) -> f32 {
        self.found().map(|entry| 1.0 / IDS[entry.id].chance as f32).sum::<f32>().min(1.0)
    }

    /// Whether it is found as a national id without a key.
    pub fn is_found(&self) -> bool {
        self.found().any(|entry| passes(&IDS[entry.id], self.text))
    }

    fn found(&self) -> impl Iterator<Item = &'static Entry> {
        self.entries().filter(|entry| {
            let id = &IDS[entry.id];
            id.category == Category::NationalId && !id.has_digest && id.chance >= entry.form.chance_possible()
        })
    }

    fn entries(&self) -> impl Iterator<Item = &'static Entry> {
        entries(self.node).filter(|entry| fits(self.text, entry.shape))
    }

    /// Whether much else is written so: a kind of it in such a form may be learned to be none.
    fn is_common(&self) -> bool {
        self.entries().all(|entry| matches!(entry.form, Form::Bare | Form::Word | Form::Common))
    }
}

/// What was learned of a path, on what was found in one of its values. Of a value that is a number as a whole, and of nothing else: a
/// number in a text, a prefix, an address, a card stay as they were found.
pub(crate) fn weigh(verdict: Verdict, facts: PathFacts, text: &[u8], found: &mut Vec<Finding>) {
    let Some(shaped) = shaped(text) else { return };
    let span = (0, text.len() as u32);
    let is_ours = facts.has(PathFacts::REFERENCE);
    if let Some(kind) = verdict.kind()
        && (!is_ours || kind.chance() >= CHANCE_AGAINST_KEY)
        && shaped.kinds().any(|(other, passes)| other == kind && passes)
    {
        let category = kind.category();
        if found.iter().any(|f| f.category == category && f.likelihood >= Likelihood::Likely) {
            return;
        }
        found.retain(|f| f.category != category);
        let (likelihood, evidence, detector) = (Likelihood::Likely, Evidence::Checksum, kind.name());
        found.push(Finding { category, likelihood, evidence, detector, span });
        return;
    }
    for finding in found.iter_mut().filter(|f| f.span == span && f.category == Category::NationalId) {
        let Some(id) = IDS.iter().find(|id| id.name == finding.detector) else { continue };
        if facts.has(id.facts) {
            continue;
        }
        match finding.likelihood {
            Likelihood::Possible if verdict.has(Verdict::NUMBERS) && !is_ours => {
                finding.likelihood = Likelihood::Likely;
            }
            Likelihood::Possible | Likelihood::Likely
                if verdict.has(Verdict::NUMBERS_BY_CHANCE) && shaped.is_common() =>
            {
                finding.likelihood = Likelihood::Unlikely;
            }
            _ => {}
        }
    }
}

//! Classes that only a key can give away and whose values have no shape worth a test: passwords, user names, user and cookie ids,
//! cities, employers, gender, health.
//!
//! Finds: `{"password": "hunter2"}`, `{"username": "ada"}`, `{"gender": "f"}`, `{"user_id": "4711"}`, `{"city": "Lyon"}`.
//! Not one: empty values and the words that stand for nothing (`null`, `none`, `unknown`).
//! Misses: all of these under silent keys.
//! Source: key vocabulary; Fideslang 2.0 for the categories.

use weir_event::{Category, Evidence, Likelihood};

use crate::facts::PathFacts;
use crate::leaf::{Leaf, Output};

const CLASSES: &[(PathFacts, Category, Likelihood)] = &[
    (PathFacts::PASSWORD, Category::Password, Likelihood::VeryLikely),
    (PathFacts::USERNAME, Category::Username, Likelihood::Likely),
    (PathFacts::UNIQUE_ID, Category::UniqueId, Likelihood::Likely),
    (PathFacts::COOKIE_ID, Category::CookieId, Likelihood::Likely),
    (PathFacts::CITY, Category::LocationImprecise, Likelihood::Likely),
    (PathFacts::ORGANIZATION, Category::Organization, Likelihood::Likely),
    (PathFacts::GENDER, Category::Gender, Likelihood::Likely),
    (PathFacts::HEALTH, Category::Health, Likelihood::Likely),
];

/// Every hint of the table.
pub(crate) const FACTS: PathFacts = {
    let mut facts = PathFacts::NONE;
    let mut i = 0;
    while i < CLASSES.len() {
        facts = facts.and(CLASSES[i].0);
        i += 1;
    }
    facts
};

const NOTHING: &[&[u8]] = &[b"null", b"none", b"nil", b"undefined", b"unknown", b"n/a", b"na", b"-", b"true", b"false"];

pub(crate) fn find(leaf: &Leaf<'_>, out: &mut Output<'_>) {
    let text = leaf.text.trim_ascii();
    if text.is_empty() || NOTHING.iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return;
    }
    for (facts, category, likelihood) in CLASSES {
        if leaf.facts.has(*facts) {
            out.add(*category, *likelihood, Evidence::KeyName, 0, leaf.text.len());
        }
    }
}

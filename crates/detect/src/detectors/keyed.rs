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
    (PathFacts::COOKIE, Category::Cookie, Likelihood::Likely),
    (PathFacts::LICENSE, Category::DriversLicense, Likelihood::Likely),
    (PathFacts::PASSPORT, Category::Passport, Likelihood::Likely),
    (PathFacts::VEHICLE, Category::VehicleRegistration, Likelihood::Likely),
    (PathFacts::IMMIGRATION, Category::Immigration, Likelihood::Likely),
    (PathFacts::JOB, Category::JobTitle, Likelihood::Likely),
    (PathFacts::AGE, Category::AgeRange, Likelihood::Likely),
    (PathFacts::LANGUAGE, Category::Language, Likelihood::Likely),
    (PathFacts::MARITAL, Category::MaritalStatus, Likelihood::Likely),
    (PathFacts::POLITICS, Category::PoliticalOpinion, Likelihood::Likely),
    (PathFacts::ETHNICITY, Category::RaceEthnicity, Likelihood::Likely),
    (PathFacts::RELIGION, Category::ReligiousBelief, Likelihood::Likely),
    (PathFacts::SEXUALITY, Category::SexualOrientation, Likelihood::Likely),
    (PathFacts::CRIMINAL, Category::CriminalHistory, Likelihood::Likely),
    (PathFacts::CHILDREN, Category::Childrens, Likelihood::Likely),
    (PathFacts::BIOMETRIC, Category::Biometric, Likelihood::Likely),
    (PathFacts::SEARCH, Category::SearchHistory, Likelihood::Likely),
    (PathFacts::MEDIA, Category::MediaConsumption, Likelihood::Likely),
    (PathFacts::IMAGE, Category::SelfImage, Likelihood::Likely),
    (PathFacts::PRIVATE_TEXT, Category::PrivateContent, Likelihood::Likely),
    (PathFacts::FAX, Category::FaxNumber, Likelihood::Likely),
    (PathFacts::SOCIAL, Category::SocialUrl, Likelihood::Likely),
    (PathFacts::INSURANCE, Category::InsuranceId, Likelihood::Likely),
    (PathFacts::MEDICAL_RECORD, Category::MedicalRecord, Likelihood::Likely),
    (PathFacts::GENETIC, Category::Genetic, Likelihood::Likely),
    (PathFacts::FINANCIAL, Category::Financial, Likelihood::Likely),
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

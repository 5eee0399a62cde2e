//! How much it matters that a vendor has values of a category, as one number: what the order of the work list rests on.

use weir_event::{Category, Likelihood};

/// From here on a finding is something sensitive: it makes the command end with 1. Below it are the ids and places that analytics is made
/// of, which are shown.
pub(in crate::cli) const SENSITIVE_MIN: u32 = 2;

/// (Category or what lies above it, weight); the first that covers a category counts.
const WEIGHTS: &[(&str, u32)] = &[
    ("user.contact.organization", 1),
    ("user.demographic.language", 1),
    ("user.demographic.age_range", 2),
    ("user.demographic.gender", 3),
    ("user.device.ip_address", 3),
    ("user.device.device_id", 2),
    ("user.device", 1),
    ("user.location.precise", 5),
    ("user.location", 1),
    ("user.unique_id", 1),
    ("user.behavior.search_history", 3),
    ("user.behavior", 1),
    ("user.account", 2),
    ("user.job_title", 2),
    ("user.social", 2),
    ("user.contact", 5),
    ("user.name", 4),
    ("user.demographic.date_of_birth", 5),
    ("user.content", 5),
    ("free_text", 4),
    ("user.authorization", 10),
    ("user.financial", 10),
    ("user.payment", 10),
    ("user.government_id", 10),
    ("user.health_and_medical", 10),
    ("user.biometric", 10),
    ("user.criminal_history", 10),
    ("user.childrens", 10),
    ("user.demographic", 8),
    ("secret", 10),
];
/// Of a category that the table does not have.
const WEIGHT_OF_OTHERS: u32 = 5;

/// The weight of a category.
pub(in crate::cli) fn weight(category: Category) -> u32 {
    let covers = |(key, _): &&(&str, u32)| category.is_under(key);
    WEIGHTS.iter().find(covers).map_or(WEIGHT_OF_OTHERS, |(_, weight)| *weight)
}

/// The weight of a category by its key.
pub(in crate::cli) fn weight_of(key: &str) -> u32 {
    Category::ALL.into_iter().find(|category| category.key() == key).map_or(WEIGHT_OF_OTHERS, weight)
}

/// Whether such a finding is something sensitive.
pub(super) fn is_sensitive(category: Category, likelihood: Likelihood) -> bool {
    weight(category) >= SENSITIVE_MIN && likelihood >= Likelihood::Possible
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_weigh_more_than_contacts_and_contacts_more_than_ids() {
        let of = |key: &str| weight(Category::ALL.into_iter().find(|c| c.key() == key).unwrap());
        assert!(of("secret.token") > of("user.contact.email"));
        assert!(of("user.contact.email") > of("user.device.ip_address"));
        assert!(of("user.device.ip_address") > of("user.unique_id"));
        assert!(of("user.unique_id") < SENSITIVE_MIN && of("user.device.ip_address") >= SENSITIVE_MIN);
    }

    #[test]
    fn every_entry_of_the_table_covers_a_category_and_none_hides_a_later_one() {
        for (i, (key, _)) in WEIGHTS.iter().enumerate() {
            let hidden =
                WEIGHTS[..i].iter().any(|(before, _)| *before == *key || key.starts_with(&format!("{before}.")));
            assert!(!hidden, "{key} comes too late");
        }
    }
}

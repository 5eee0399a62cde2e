//! Classes that are scored: which labels they have, which categories a finding of them may have, what they must reach.
//!
//! The targets are those that were set for detection before it was built (section 8 of its specification): the precision of cards, accounts
//! and national ids is the cold one, without a profile of the property. Where it sets none, 0.90 and 0.90 is our own bar.

use weir_event::{Finding, Likelihood};

use crate::corpus::{numbers, secrets};

/// A class of personal data or secrets.
pub(crate) struct Class {
    pub(crate) name: &'static str,
    pub(crate) labels: Labels,
    /// Categories, by key, that a finding on a leaf of this class may have.
    pub(crate) accepts: &'static [&'static str],
    /// Categories whose wrong findings are this class's, of these detectors (of all where empty).
    pub(crate) claims: (&'static [&'static str], &'static [&'static str]),
    pub(crate) precision: f64,
    pub(crate) recall: f64,
    /// The recall that is enough under keys that do not help, where it is another.
    pub(crate) recall_silent: Option<f64>,
    /// How sure a finding must be to count.
    pub(crate) least: Likelihood,
    /// Whether the default policy takes it away.
    pub(crate) goes: bool,
}

pub(crate) enum Labels {
    Of(&'static [&'static str]),
    Vendors,
    NationalIds,
}

impl Labels {
    pub(crate) fn has(&self, label: &str) -> bool {
        match self {
            Labels::Of(list) => list.contains(&label),
            Labels::Vendors => secrets::labels().any(|l| l == label),
            Labels::NationalIds => numbers::national_id_labels().any(|l| l == label),
        }
    }
}

const fn class(name: &'static str, labels: &'static [&'static str], accepts: &'static [&'static str]) -> Class {
    Class {
        name,
        labels: Labels::Of(labels),
        accepts,
        claims: (accepts, &[]),
        precision: 0.90,
        recall: 0.90,
        recall_silent: None,
        least: Likelihood::Likely,
        goes: true,
    }
}

const fn target(mut class: Class, precision: f64, recall: f64) -> Class {
    class.precision = precision;
    class.recall = recall;
    class
}

/// The default policy keeps it.
const fn kept(mut class: Class) -> Class {
    class.goes = false;
    class
}

/// Wrong findings are this class's only where one of these detectors made them.
const fn of(mut class: Class, detectors: &'static [&'static str]) -> Class {
    class.claims.1 = detectors;
    class
}

const SECRET: &[&str] = &["secret", "user.authorization"];
const NATIONAL: &[&str] =
    &["user.government_id", "user.health_and_medical.insurance_beneficiary_id", "user.health_and_medical.record_id"];
const IP: &[&str] = &["user.device.ip_address"];
const DEVICE: &[&str] = &["user.device.device_id"];

/// All of them. A wrong finding is counted against the first that claims it.
pub(crate) const CLASSES: &[Class] = &[
    target(class("email", &["email"], &["user.contact.email"]), 0.995, 0.995),
    target(class("phone", &["phone"], &["user.contact.phone_number", "user.contact.fax_number"]), 0.97, 0.95),
    target(of(class("ip_v6", &["ipv6"], IP), &["ip_v6"]), 0.995, 0.995),
    target(class("ip_v4", &["ipv4"], IP), 0.98, 0.99),
    target(class("payment_card", &["credit_card"], &["user.financial.credit_card"]), 0.95, 0.99),
    target(class("iban", &["iban"], &["user.financial.bank_account"]), 0.95, 0.99),
    target(of(class("us_ssn", &["us_ssn"], NATIONAL), &["us_ssn"]), 0.98, 0.99),
    // Where no key helps, a formatted number whose sum one in eleven passes is only possible.
    Class {
        labels: Labels::NationalIds,
        recall_silent: Some(0.7),
        ..target(class("national_id", &[], NATIONAL), 0.95, 0.99)
    },
    kept(target(of(class("mac", &["mac"], DEVICE), &["mac"]), 0.995, 0.995)),
    kept(class("ad_id", &["ad_id"], &["user.device.device_id", "user.unique_id"])),
    target(
        kept(class(
            "uuid",
            &["uuid", "unique_id"],
            &["user.unique_id", "user.device.device_id", "user.device.cookie_id"],
        )),
        0.995,
        0.995,
    ),
    target(of(class("url_credentials", &["url_creds"], SECRET), &["url_credentials"]), 0.995, 0.995),
    Class {
        // Without a key it is reported with low confidence, as the target has it.
        least: Likelihood::Possible,
        recall_silent: Some(0.5),
        ..target(
            of(class("entropy_secret", &["entropy_secret"], SECRET), &["secret_keyed", "secret_entropy", "entropy"]),
            0.80,
            0.85,
        )
    },
    Class { labels: Labels::Vendors, ..target(class("vendor_secret", &[], &["secret"]), 0.995, 0.995) },
    class("password", &["password"], SECRET),
    Class {
        recall_silent: Some(0.5),
        ..target(class("name", &["person_name", "children"], &["user.name", "user.childrens"]), 0.95, 0.85)
    },
    Class {
        recall_silent: Some(0.5),
        ..target(class("address", &["address"], &["user.contact.address", "user.location.imprecise"]), 0.95, 0.85)
    },
    target(class("birth_date", &["dob"], &["user.demographic.date_of_birth"]), 0.95, 0.85),
    Class {
        recall_silent: Some(0.5),
        ..target(class("geo", &["geo_precise"], &["user.location.precise"]), 0.95, 0.85)
    },
    target(class("free_text", &["free_text"], &["free_text", "user.content"]), 0.95, 0.98),
    kept(class("cookie_id", &["cookie_id"], &["user.device.cookie_id", "user.device.cookie", "user.unique_id"])),
    kept(class("email_hash", &["email_hash"], &["user.unique_id", "user.contact.email"])),
    kept(class("username", &["username"], &["user.account", "user.name"])),
    kept(class("organization", &["organization"], &["user.contact.organization"])),
    kept(class("gender", &["gender"], &["user.demographic.gender"])),
    kept(class("place", &["place_imprecise"], &["user.location", "user.contact.address"])),
    kept(class("job_title", &["job_title"], &["user.job_title"])),
    kept(class("age", &["age"], &["user.demographic.age_range"])),
    kept(class("marital_status", &["marital"], &["user.demographic.marital_status"])),
    class("religion", &["religion"], &["user.demographic.religious_belief"]),
    class("orientation", &["orientation"], &["user.demographic.sexual_orientation"]),
    class("politics", &["politics"], &["user.demographic.political_opinion"]),
    class("ethnicity", &["ethnicity"], &["user.demographic.race_ethnicity"]),
    class("criminal", &["criminal"], &["user.criminal_history"]),
    class("biometric", &["biometric"], &["user.biometric", "user.authorization.biometric"]),
    class("health", &["health"], &["user.health_and_medical"]),
    class("passport", &["passport"], &["user.government_id"]),
    class("license", &["license"], &["user.government_id"]),
    class("vehicle", &["vehicle"], &["user.government_id"]),
    class("insurance", &["insurance"], &["user.health_and_medical", "user.government_id"]),
    class("financial", &["financial"], &["user.financial"]),
    // Not scored: what a leaf may be called beside its label.
    kept(class("language", &["language"], &["user.demographic.language"])),
    kept(class("browsing_history", &["browsing_history"], &["user.behavior"])),
    kept(class("search_history", &["search_history"], &["user.behavior"])),
];

impl Class {
    /// Whether a finding on a leaf of this class is right.
    pub(crate) fn accepts(&self, finding: &Finding) -> bool {
        self.accepts.iter().any(|key| finding.category.is_under(key))
    }

    /// Whether a wrong finding is counted here.
    pub(crate) fn claims(&self, finding: &Finding) -> bool {
        let (categories, detectors) = self.claims;
        categories.iter().any(|key| finding.category.is_under(key))
            && (detectors.is_empty() || detectors.contains(&finding.detector))
    }

    /// Whether a finding is sure enough to count, for the class whose it would be.
    pub(crate) fn counts(finding: &Finding) -> bool {
        let class = CLASSES.iter().find(|class| class.claims(finding));
        finding.likelihood >= class.map_or(Likelihood::Likely, |class| class.least)
    }

    /// The class of a label; its own name is one, for corpora that know no finer ones.
    pub(crate) fn of_label(label: &str) -> Option<usize> {
        CLASSES.iter().position(|class| class.labels.has(label) || class.name == label)
    }
}

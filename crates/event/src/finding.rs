//! What was found in a value: a category at a path, by which detector, how sure. Never the value.

use crate::NameId;

/// What a value is, in Fideslang keys (ethyca/fideslang 2.0, whose keys are fixed), plus our own `secret.*` and `free_text`.
/// The number is stored in journal records and ledger field sets: append, never renumber.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(u8)]
#[expect(missing_docs, reason = "each variant's meaning is its Fideslang key, below")]
pub enum Category {
    ContactEmail = 1,
    ContactPhone = 2,
    ContactAddress = 3,
    Name = 4,
    CreditCard = 5,
    BankAccount = 6,
    NationalId = 7,
    IpAddress = 8,
    DeviceId = 9,
    CookieId = 10,
    UniqueId = 11,
    PseudonymousId = 12,
    LocationPrecise = 13,
    LocationImprecise = 14,
    DateOfBirth = 15,
    Password = 16,
    Secret = 17,
    SecretToken = 18,
    SecretUrl = 19,
    FreeText = 20,
    BrowsingHistory = 21,
    Username = 22,
    Organization = 23,
    Gender = 24,
    Health = 25,
    Cookie = 26,
    DriversLicense = 27,
    Passport = 28,
    VehicleRegistration = 29,
    Immigration = 30,
    JobTitle = 31,
    AgeRange = 32,
    Language = 33,
    MaritalStatus = 34,
    PoliticalOpinion = 35,
    RaceEthnicity = 36,
    ReligiousBelief = 37,
    SexualOrientation = 38,
    CriminalHistory = 39,
    Childrens = 40,
    Biometric = 41,
    SearchHistory = 42,
    MediaConsumption = 43,
    SelfImage = 44,
    PrivateContent = 45,
    FaxNumber = 46,
    SocialUrl = 47,
    PrivateKey = 48,
    InsuranceId = 49,
    MedicalRecord = 50,
    Genetic = 51,
    Financial = 52,
}

impl Category {
    /// Every category, in order of its number.
    pub const ALL: [Category; 52] = {
        use Category::*;
        [
            ContactEmail,
            ContactPhone,
            ContactAddress,
            Name,
            CreditCard,
            BankAccount,
            NationalId,
            IpAddress,
            DeviceId,
            CookieId,
            UniqueId,
            PseudonymousId,
            LocationPrecise,
            LocationImprecise,
            DateOfBirth,
            Password,
            Secret,
            SecretToken,
            SecretUrl,
            FreeText,
            BrowsingHistory,
            Username,
            Organization,
            Gender,
            Health,
            Cookie,
            DriversLicense,
            Passport,
            VehicleRegistration,
            Immigration,
            JobTitle,
            AgeRange,
            Language,
            MaritalStatus,
            PoliticalOpinion,
            RaceEthnicity,
            ReligiousBelief,
            SexualOrientation,
            CriminalHistory,
            Childrens,
            Biometric,
            SearchHistory,
            MediaConsumption,
            SelfImage,
            PrivateContent,
            FaxNumber,
            SocialUrl,
            PrivateKey,
            InsuranceId,
            MedicalRecord,
            Genetic,
            Financial,
        ]
    };

    /// The key in configuration, ledger and reports.
    pub const fn key(self) -> &'static str {
        match self {
            Category::ContactEmail => "user.contact.email",
            Category::ContactPhone => "user.contact.phone_number",
            Category::ContactAddress => "user.contact.address",
            Category::Name => "user.name",
            Category::CreditCard => "user.financial.credit_card",
            Category::BankAccount => "user.financial.bank_account",
            Category::NationalId => "user.government_id.national_identification_number",
            Category::IpAddress => "user.device.ip_address",
            Category::DeviceId => "user.device.device_id",
            Category::CookieId => "user.device.cookie_id",
            Category::UniqueId => "user.unique_id",
            Category::PseudonymousId => "user.unique_id.pseudonymous",
            Category::LocationPrecise => "user.location.precise",
            Category::LocationImprecise => "user.location.imprecise",
            Category::DateOfBirth => "user.demographic.date_of_birth",
            Category::Password => "user.authorization.password",
            Category::Secret => "secret",
            Category::SecretToken => "secret.token",
            Category::SecretUrl => "secret.url_credentials",
            Category::FreeText => "free_text",
            Category::BrowsingHistory => "user.behavior.browsing_history",
            Category::Username => "user.account.username",
            Category::Organization => "user.contact.organization",
            Category::Gender => "user.demographic.gender",
            Category::Health => "user.health_and_medical",
            Category::Cookie => "user.device.cookie",
            Category::DriversLicense => "user.government_id.drivers_license_number",
            Category::Passport => "user.government_id.passport_number",
            Category::VehicleRegistration => "user.government_id.vehicle_registration",
            Category::Immigration => "user.government_id.immigration",
            Category::JobTitle => "user.job_title",
            Category::AgeRange => "user.demographic.age_range",
            Category::Language => "user.demographic.language",
            Category::MaritalStatus => "user.demographic.marital_status",
            Category::PoliticalOpinion => "user.demographic.political_opinion",
            Category::RaceEthnicity => "user.demographic.race_ethnicity",
            Category::ReligiousBelief => "user.demographic.religious_belief",
            Category::SexualOrientation => "user.demographic.sexual_orientation",
            Category::CriminalHistory => "user.criminal_history",
            Category::Childrens => "user.childrens",
            Category::Biometric => "user.biometric",
            Category::SearchHistory => "user.behavior.search_history",
            Category::MediaConsumption => "user.behavior.media_consumption",
            Category::SelfImage => "user.content.self_image",
            Category::PrivateContent => "user.content.private",
            Category::FaxNumber => "user.contact.fax_number",
            Category::SocialUrl => "user.contact.url",
            Category::PrivateKey => "secret.private_key",
            Category::InsuranceId => "user.health_and_medical.insurance_beneficiary_id",
            Category::MedicalRecord => "user.health_and_medical.record_id",
            Category::Genetic => "user.health_and_medical.genetic",
            Category::Financial => "user.financial",
        }
    }

    /// Reads the stored number.
    pub fn from_number(number: u8) -> Option<Category> {
        Category::ALL.get(usize::from(number).checked_sub(1)?).copied()
    }

    /// Whether this category is `key` or lies below it: `user.contact` covers `user.contact.email`.
    pub fn is_under(self, key: &str) -> bool {
        let own = self.key();
        own == key || (own.starts_with(key) && own.as_bytes().get(key.len()) == Some(&b'.'))
    }
}

/// How sure, in the five steps of Google's likelihood.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(u8)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Likelihood {
    VeryUnlikely = 1,
    Unlikely = 2,
    Possible = 3,
    Likely = 4,
    VeryLikely = 5,
}

impl Likelihood {
    /// The word in configuration, reports and the output of commands.
    pub const fn key(self) -> &'static str {
        match self {
            Likelihood::VeryUnlikely => "very_unlikely",
            Likelihood::Unlikely => "unlikely",
            Likelihood::Possible => "possible",
            Likelihood::Likely => "likely",
            Likelihood::VeryLikely => "very_likely",
        }
    }

    /// Reads the stored number.
    pub const fn from_number(number: u8) -> Option<Likelihood> {
        Some(match number {
            1 => Likelihood::VeryUnlikely,
            2 => Likelihood::Unlikely,
            3 => Likelihood::Possible,
            4 => Likelihood::Likely,
            5 => Likelihood::VeryLikely,
            _ => return None,
        })
    }
}

/// Why a detector believes what it says. Codes only: evidence never carries the value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Evidence {
    /// The key's name says so.
    KeyName = 1,
    /// The value has the shape of the class.
    Shape = 2,
    /// A checksum or a validator of the class passed.
    Checksum = 3,
    /// A prefix that only this class has.
    Prefix = 4,
    /// Found after decoding (percent, JSON in a string, base64).
    Decoded = 5,
    /// Length and words of running text.
    LongText = 6,
}

impl Evidence {
    /// The code in the output of commands.
    pub const fn code(self) -> &'static str {
        match self {
            Evidence::KeyName => "key_name",
            Evidence::Shape => "shape",
            Evidence::Checksum => "checksum",
            Evidence::Prefix => "prefix",
            Evidence::Decoded => "decoded",
            Evidence::LongText => "long_text",
        }
    }

    /// The same for a person, as the end of a sentence that begins with `because`.
    pub const fn words(self) -> &'static str {
        match self {
            Evidence::KeyName => "the key's name says so",
            Evidence::Shape => "the value has its shape",
            Evidence::Checksum => "the value has its shape and passes its checksum or validator",
            Evidence::Prefix => "the value begins as only this class does",
            Evidence::Decoded => "it came to light after decoding (percent, JSON in a string, base64)",
            Evidence::LongText => "it has the length and the words of running text",
        }
    }
}

/// One finding: what, where in the leaf, why. `detector` is the detector's stable name.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Finding {
    /// What the value is.
    pub category: Category,
    /// How sure.
    pub likelihood: Likelihood,
    /// Why.
    pub evidence: Evidence,
    /// Which detector, by its stable name in the docs.
    pub detector: &'static str,
    /// Byte offsets in the leaf's text; the whole leaf where the class has no narrower span.
    pub span: (u32, u32),
}

/// A finding tied to its path, as it travels with the event (D9). No span and no value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PathFinding {
    /// Where.
    pub path: NameId,
    /// What.
    pub category: Category,
    /// How sure.
    pub likelihood: Likelihood,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_places_agree() {
        for category in Category::ALL {
            assert_eq!(Category::from_number(category as u8), Some(category));
        }
        assert_eq!(Category::from_number(0), None);
        assert_eq!(Category::from_number(200), None);
    }

    #[test]
    fn a_key_covers_what_lies_below_it_and_nothing_beside_it() {
        assert!(Category::ContactEmail.is_under("user.contact"));
        assert!(Category::ContactEmail.is_under("user"));
        assert!(!Category::ContactEmail.is_under("user.con"));
        assert!(Category::SecretToken.is_under("secret"));
    }
}

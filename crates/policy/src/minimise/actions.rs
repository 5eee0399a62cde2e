//! What is done with what was found: the default policy.

use std::net::IpAddr;

use weir_event::{Category, Evidence, Finding, Likelihood, Operation, ProfileOp};

use crate::gate::Action;

/// The `kind` of D5. Operations that one SDK message may carry together have kinds of their own, or they would be duplicates.
pub(super) fn operation_class(operation: Operation) -> &'static str {
    match operation {
        Operation::Track => "track",
        Operation::Identify => "identify",
        Operation::Alias => "alias",
        Operation::Merge => "merge",
        Operation::Page => "page",
        Operation::Screen => "screen",
        Operation::Join => "join",
        Operation::Profile(op) => match op {
            ProfileOp::Set => "profile.set",
            ProfileOp::SetOnce => "profile.set_once",
            ProfileOp::Add => "profile.add",
            ProfileOp::Append => "profile.append",
            ProfileOp::Union => "profile.union",
            ProfileOp::Remove => "profile.remove",
            ProfileOp::Unset => "profile.unset",
            ProfileOp::Delete => "profile.delete",
            ProfileOp::Prepend => "profile.prepend",
            ProfileOp::PreInsert => "profile.pre_insert",
            ProfileOp::Clear => "profile.clear",
        },
        Operation::Group(op) => match op {
            ProfileOp::Set => "group.set",
            ProfileOp::SetOnce => "group.set_once",
            ProfileOp::Add => "group.add",
            ProfileOp::Append => "group.append",
            ProfileOp::Union => "group.union",
            ProfileOp::Remove => "group.remove",
            ProfileOp::Unset => "group.unset",
            ProfileOp::Delete => "group.delete",
            ProfileOp::Prepend => "group.prepend",
            ProfileOp::PreInsert => "group.pre_insert",
            ProfileOp::Clear => "group.clear",
        },
    }
}

/// What the default policy does about a finding.
pub(crate) fn action_for(finding: &Finding, text: &[u8]) -> Action {
    match finding.category {
        Category::ContactEmail
        | Category::ContactPhone
        | Category::ContactAddress
        | Category::CreditCard
        | Category::BankAccount
        | Category::NationalId
        | Category::LocationPrecise
        | Category::DateOfBirth
        | Category::Password
        | Category::Secret
        | Category::SecretToken
        | Category::SecretUrl
        | Category::FreeText
        | Category::Health
        | Category::Cookie
        | Category::DriversLicense
        | Category::Passport
        | Category::VehicleRegistration
        | Category::Immigration
        | Category::MaritalStatus
        | Category::PoliticalOpinion
        | Category::RaceEthnicity
        | Category::ReligiousBelief
        | Category::SexualOrientation
        | Category::CriminalHistory
        | Category::Childrens
        | Category::Biometric
        | Category::SelfImage
        | Category::PrivateContent
        | Category::FaxNumber
        | Category::PrivateKey
        | Category::InsuranceId
        | Category::MedicalRecord
        | Category::Genetic
        | Category::Financial => Action::Drop,
        // A word that looks like a name is a word; a key that says "name" of a person is certain.
        Category::Name if finding.evidence == Evidence::KeyName || finding.likelihood >= Likelihood::Likely => {
            Action::Drop
        }
        Category::IpAddress if whole_address(text).is_some() => Action::Truncate,
        Category::IpAddress => Action::Drop,
        Category::Name
        | Category::DeviceId
        | Category::CookieId
        | Category::UniqueId
        | Category::PseudonymousId
        | Category::LocationImprecise
        | Category::BrowsingHistory
        | Category::Username
        | Category::Organization
        | Category::Gender
        | Category::JobTitle
        | Category::AgeRange
        | Category::Language
        // Longer ones are free text, and go as that.
        | Category::SearchHistory
        | Category::MediaConsumption
        | Category::SocialUrl => Action::Keep,
    }
}

pub(super) fn whole_address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?.trim();
    text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text).parse().ok()
}

/// Whether a text begins as a URL of the web does. Nearly all end at their first byte, without a call.
#[inline(always)]
pub(super) fn is_http_url(text: &[u8]) -> bool {
    matches!(text, [b'h' | b'H', ..]) && begins_as_url(text)
}

#[inline(never)]
fn begins_as_url(text: &[u8]) -> bool {
    let begins = |with: &[u8]| text.len() > with.len() && text[..with.len()].eq_ignore_ascii_case(with);
    begins(b"http://") || begins(b"https://")
}

/// Whether what stands where URLs stand is one without an origin: a path, or anything with a query or a fragment that says
/// something. A slash in running text makes no path.
pub(super) fn is_relative_url(text: &[u8]) -> bool {
    let Some(first) = memchr::memchr3(b'/', b'?', b'#', text) else { return false };
    let after = &text[first + 1..];
    match text[first] {
        b'/' => (first == 0 && !after.is_empty()) || !text.contains(&b' '),
        _ => after.iter().any(|b| matches!(b, b'=' | b'/')),
    }
}

impl Action {
    /// Of two actions on one value the one that leaves less.
    pub(super) fn max_severity(self, other: Action) -> Action {
        match (self, other) {
            (Action::Drop, _) | (_, Action::Drop) => Action::Drop,
            (Action::Keep, other) => other,
            (own, _) => own,
        }
    }
}

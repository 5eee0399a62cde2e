//! D1: whether a raw name is a name.
//!
//! The class of characters was tested before. A name that holds what a detector finds is unclean; one that looks like an id, a
//! time or another value is data: as a key it folds to `*` and its text is scanned as a value.

use std::sync::Arc;

use weir_event::{Category, Finding, LeafKind, Likelihood, NameJudge, NameVerdict};

use crate::digits::starts_with_uuid;
use crate::{Engine, PathFacts};

/// Judges names with every detector.
#[derive(Clone, Debug)]
pub struct Judge(pub Arc<Engine>);

impl Judge {
    /// A judge that asks `engine`.
    pub fn new(engine: Arc<Engine>) -> Judge {
        Judge(engine)
    }
}

impl NameJudge for Judge {
    fn judge(&self, raw: &str) -> NameVerdict {
        let mut found = Vec::new();
        self.0.scan(PathFacts::NONE, LeafKind::String, raw.as_bytes(), &mut found);
        // Names are often sentences, so running text is no reason. An id or a random name is data, below.
        let is_name = |f: &Finding| {
            // A few words with a capital or a number are an event more often than somebody's name or street.
            let maybe_person =
                matches!(f.category, Category::Name | Category::ContactAddress) && f.likelihood < Likelihood::Likely;
            matches!(f.category, Category::FreeText | Category::UniqueId)
                || maybe_person
                || f.detector == "secret_entropy"
        };
        if found.iter().any(|f| !is_name(f) && f.likelihood >= Likelihood::Possible) {
            return NameVerdict::Unclean;
        }
        if looks_like_data(raw) { NameVerdict::Data } else { NameVerdict::Clean }
    }
}

/// Whether a name, or a word of it, is an id rather than a word: digits, a UUID, hex, a random mix of letters and digits.
pub(crate) fn looks_like_data(raw: &str) -> bool {
    let bytes = raw.as_bytes();
    let letters = bytes.iter().any(|b| b.is_ascii_alphabetic() || *b >= 0x80);
    let digits = bytes.iter().filter(|b| b.is_ascii_digit()).count();
    if digits == 0 {
        return false;
    }
    !letters || digits > 12 || starts_with_uuid(bytes) || raw.split(|c: char| !c.is_alphanumeric()).any(is_id)
}

/// One word: `4711028`, `8fa3b2c1d9`, `01J9ZQ4V7N`, but not `utf8`, `step2`, `h264`, `oauth2`, `2024`.
fn is_id(word: &str) -> bool {
    let bytes = word.as_bytes();
    let digits = bytes.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = bytes.len() - digits;
    // How often letters turn into digits or back: words with a number at the end do once.
    let turns = bytes.windows(2).filter(|w| w[0].is_ascii_digit() != w[1].is_ascii_digit()).count();
    match (letters, digits) {
        (0, 5..) => true,
        (_, 6..) => true,
        (_, 3..) => bytes.len() >= 8 && turns >= 2,
        (_, 2) => bytes.len() >= 8 && turns >= 3,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(raw: &str) -> NameVerdict {
        Judge::new(Arc::new(Engine::new())).judge(raw)
    }

    #[test]
    fn d1_names_of_events_and_keys_are_clean() {
        for raw in [
            "Order Completed",
            "$pageview",
            "Checkout Step 3 Viewed",
            "api_key_created",
            "$ae_first_app_open_date",
            "utf8",
            "sha256",
            "oauth2_login",
            "h264",
            "mp_country_code",
            "x-amz-date",
            "campaign_2024",
            "Über uns",
            "注文完了",
            "email",
            "password_reset",
            "User clicked on the button to sign up for the plan",
            "[Amplitude] Page Viewed",
            "docs/quickstart",
            "web3",
            "base64",
            "Place Order 1",
            "10 Minute Walk",
            "12 Maple Street",
            "Jordan Park",
        ] {
            assert_eq!(judge(raw), NameVerdict::Clean, "{raw}");
        }
    }

    #[test]
    fn d1_ids_are_data() {
        for raw in [
            "4711",
            "550e8400-e29b-41d4-a716-446655440000",
            "8fa3b2c1d9",
            "user_8fa3b2c1d9",
            "order 1234567",
            "2026-11-22",
            "01J9ZQ4V7N8XKQ2M3P5R6S7T8V",
            "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "12:30",
        ] {
            assert_eq!(judge(raw), NameVerdict::Data, "{raw}");
        }
    }

    #[test]
    fn d1_names_that_hold_a_finding_are_unclean() {
        for raw in [
            "4111 1111 1111 1111",
            "415-555-0132",
            "login from 203.0.113.7",
            "ssn 536-22-8741",
            "AKIAIOSFODNN7EXAMPLE",
            "DE89370400440532013000",
            "2001:db8::a1b2",
        ] {
            assert_eq!(judge(raw), NameVerdict::Unclean, "{raw}");
        }
    }
}

//! The purposes of a TC string: IAB Europe Transparency & Consent Framework, version 2 of the string (all 2.x of the framework).
//!
//! Source: IAB Tech Lab, "Consent string and vendor list formats v2", section "The Core String". Its fields, in bits: version 6,
//! created 36, last updated 36, CMP id 12, CMP version 12, screen 6, language 12, vendor list 12, policy version 6, service specific 1,
//! non-standard texts 1, special features 12, and then *purposes consent* 24, one bit per purpose from purpose 1 on. What follows, and
//! the segments behind the first `.`, is not read: which vendors may, and on which other legal ground, is not what is asked here.

use weir_event::{ConsentState, Purpose};

/// Which of the framework's purposes make one of ours. All of them together: one refusal refuses.
pub const PURPOSES: [(Purpose, &[u32]); 3] = [
    // Measure advertising, measure content, understand audiences.
    (Purpose::Analytics, &[7, 8, 9]),
    // Select basic ads, create profiles for ads, use them.
    (Purpose::Advertising, &[2, 3, 4]),
    // Create profiles to personalise content, use them.
    (Purpose::Personalization, &[5, 6]),
];

const PURPOSES_AT: usize = 6 + 36 + 36 + 12 + 12 + 6 + 12 + 12 + 6 + 1 + 1 + 12;
const PURPOSES_BITS: usize = 24;

/// The purposes that a TC string says yes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Consents(u32);

impl Consents {
    /// Whether consent to a purpose of the framework was given.
    pub fn has(self, purpose: u32) -> bool {
        (1..=PURPOSES_BITS as u32).contains(&purpose) && self.0 >> (PURPOSES_BITS as u32 - purpose) & 1 == 1
    }

    /// Whether it was given to all of these.
    pub(super) fn state(self, purposes: &[u32]) -> ConsentState {
        if purposes.iter().all(|purpose| self.has(*purpose)) { ConsentState::Given } else { ConsentState::Refused }
    }
}

/// Reads a TC string; `None` where it is none of version 2.
pub fn read(text: &[u8]) -> Option<Consents> {
    let core = text.split(|b| *b == b'.').next()?.trim_ascii();
    let mut bits = Bits { text: core, at: 0 };
    let version = bits.take(6)?;
    bits.at = PURPOSES_AT;
    let purposes = bits.take(PURPOSES_BITS)?;
    // The rest of the segment is not read, but text that is no base64url is no TC string.
    let is_whole = core.iter().all(|b| sextet(*b).is_some());
    (version == 2 && is_whole).then_some(Consents(purposes))
}

/// Bits of a base64url text, six per character.
struct Bits<'a> {
    text: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> Option<u32> {
        let mut value = 0;
        for at in self.at..self.at + count {
            let sextet = sextet(*self.text.get(at / 6)?)?;
            value = value << 1 | u32::from(sextet >> (5 - at % 6) & 1);
        }
        self.at += count;
        Some(value)
    }
}

fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'-' => Some(62),
        b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purposes(text: &str) -> Option<Vec<u32>> {
        let consents = read(text.as_bytes())?;
        Some((1..=24).filter(|purpose| consents.has(*purpose)).collect())
    }

    #[test]
    fn tc_strings_of_the_specification_and_of_other_readers_tests_say_their_purposes() {
        // The specification's own example ("How should a TC String be stored/passed"), whole and core alone.
        let example = "COvFyGBOvFyGBAbAAAENAPCAAOAAAAAAAAAAAEEUACCKAAA.IFoEUQQgAIQwgIwQABAEAAAAOIAACAIAAAAQAIAgEAACEAAAAAgAQBAAAAAAAGBAAgAAAAAAAFAAECAAAgAAQARAEQAAAAAJAAIAAgAAAYQEAAAQmAgBC3ZAYzUw";
        assert_eq!(purposes(example), Some(vec![1, 2, 3]));
        assert_eq!(purposes("COvFyGBOvFyGBAbAAAENAPCAAOAAAAAAAAAAAEEUACCKAAA"), Some(vec![1, 2, 3]));
        // From the documentation of two public readers, with the purposes that they give.
        let some =
            "CLcVDxRMWfGmWAVAHCENAXCkAKDAADnAABRgA5mdfCKZuYJez-NQm0TBMYA4oCAAGQYIAAAAAAEAIAEgAA.argAC0gAAAAAAAAAAAA";
        assert_eq!(purposes(some), Some(vec![1, 3, 9, 10]));
        let all = "COxR03kOxR1CqBcABCENAgCMAP_AAH_AAAqIF3EXySoGY2thI2YVFxBEIYwfJxyigMgChgQIsSwNQIeFLBoGLiAAHBGYJAQAGBAEEACBAQIkHGBMCQAAgAgBiRCMQEGMCzNIBIBAggEbY0FACCVmHkHSmZCY7064O__QLuIJEFQMAkSBAIACLECIQwAQDiAAAYAlAAABAhIaAAgIWBQEeAAAACAwAAgAAABBAAACAAQAAICIAAABAAAgAiAQAAAAGgIQAACBABACRIAAAEANCAAgiCEAQg4EAo4AAA";
        assert_eq!(purposes(all), Some((1..=10).collect()));
    }

    #[test]
    fn what_is_no_tc_string_of_version_2_says_nothing() {
        let core = "COvFyGBOvFyGBAbAAAENAPCAAOAAAAAAAAAAAEEUACCKAAA";
        for text in [
            "",
            ".",
            "C",
            "true",
            "BObdrPUOevsguAfDqFENCNAAAAAmeAAA",
            &core[..29],
            &format!("{core}="),
            "COvFyGBOvFyGBAbAAAENAPCAAO AAAAAAAAA",
        ] {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
        assert!(read(&core.as_bytes()[..30]).is_some(), "180 bits hold the purposes");
    }

    #[test]
    fn one_purpose_of_several_that_is_refused_refuses() {
        let state = |given: &[u32], of: &[u32]| Consents(given.iter().map(|p| 1 << (24 - p)).sum()).state(of);
        assert_eq!(state(&[7, 8, 9], &[7, 8, 9]), ConsentState::Given);
        assert_eq!(state(&[7, 9], &[7, 8, 9]), ConsentState::Refused);
        assert_eq!(state(&[], &[5, 6]), ConsentState::Refused);
        assert!(!Consents(u32::MAX).has(0) && !Consents(u32::MAX).has(25) && !Consents(u32::MAX).has(u32::MAX));
    }
}

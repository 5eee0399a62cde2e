//! Classes that only a key can give away: one file each, and one line each here.
//!
//! A file holds the words that keys of its class are made of, in the languages of the users, and what a value must look like. The
//! dictionary of [`crate::facts`] is built of these words, so a class costs nothing where no key asks for it.

use weir_event::{Category, Evidence, Likelihood};

use crate::facts::PathFacts;
use crate::leaf::{Leaf, Output};

pub(crate) mod age;
pub(crate) mod biometric;
pub(crate) mod children;
pub(crate) mod city;
pub(crate) mod click_id;
pub(crate) mod cookie;
pub(crate) mod cookie_id;
pub(crate) mod criminal_history;
pub(crate) mod drivers_license;
pub(crate) mod email_hash;
pub(crate) mod fax_number;
pub(crate) mod financial;
pub(crate) mod gender;
pub(crate) mod genetic;
pub(crate) mod health;
pub(crate) mod immigration;
pub(crate) mod insurance_id;
pub(crate) mod job_title;
pub(crate) mod language;
pub(crate) mod marital_status;
pub(crate) mod media_consumption;
pub(crate) mod medical_record;
pub(crate) mod national_id;
pub(crate) mod organization;
pub(crate) mod passport;
pub(crate) mod password;
pub(crate) mod political_opinion;
pub(crate) mod private_content;
pub(crate) mod race_ethnicity;
pub(crate) mod religious_belief;
pub(crate) mod search_history;
pub(crate) mod self_image;
pub(crate) mod sexual_orientation;
pub(crate) mod social_url;
pub(crate) mod user_id;
pub(crate) mod username;
pub(crate) mod vehicle;

/// Every class.
#[rustfmt::skip]
pub(crate) const CLASSES: &[Keyed] = &[
    password::CLASS, username::CLASS, user_id::CLASS, cookie_id::CLASS, cookie::CLASS, click_id::CLASS, email_hash::CLASS, city::CLASS, organization::CLASS,
    gender::CLASS, health::CLASS, insurance_id::CLASS, medical_record::CLASS, genetic::CLASS, financial::CLASS,
    national_id::CLASS, drivers_license::CLASS, passport::CLASS, vehicle::CLASS, immigration::CLASS, job_title::CLASS, age::CLASS, language::CLASS,
    marital_status::CLASS, political_opinion::CLASS, race_ethnicity::CLASS, religious_belief::CLASS, sexual_orientation::CLASS,
    criminal_history::CLASS, children::CLASS, biometric::CLASS, search_history::CLASS, media_consumption::CLASS,
    self_image::CLASS, private_content::CLASS, fax_number::CLASS, social_url::CLASS,
];

/// One class.
pub(crate) struct Keyed {
    /// Its stable name in findings and docs.
    pub(crate) name: &'static str,
    /// What its values are.
    pub(crate) category: Category,
    /// The hint that its words give.
    pub(crate) facts: PathFacts,
    /// Further hints that they give.
    pub(crate) also: PathFacts,
    /// How sure it is of a value that fits.
    pub(crate) likelihood: Likelihood,
    /// Whether a value, and it may be a number, looks like one of the class.
    pub(crate) fits: fn(&[u8], bool) -> Fit,
    /// The words.
    pub(crate) words: Vocabulary,
}

impl Keyed {
    /// How sure a key is of the class: a word that things are numbered by too leaves it possible.
    pub(crate) fn sure(&self, facts: PathFacts) -> Likelihood {
        if facts.has(PathFacts::REFERENCE) { Likelihood::Possible } else { self.likelihood }
    }
}

/// The words of keys, each as it is written without its separators: `dateofbirth`. Case and accents do not count.
#[derive(Clone, Copy)]
pub(crate) struct Vocabulary {
    /// Mean the class at the end of any key.
    pub(crate) always: &'static str,
    /// Mean it where the key begins with them, or behind a person: `age`, `user_age`, not `cache_age`.
    pub(crate) alone: &'static str,
    /// Mean it only behind or below a person: `user.title`.
    pub(crate) of_persons: &'static str,
    /// Mean it behind or below a person or a place: `address.state`.
    pub(crate) of_places: &'static str,
}

impl Vocabulary {
    /// No word.
    pub(crate) const NONE: Vocabulary = Vocabulary { always: "", alone: "", of_persons: "", of_places: "" };
}

/// Whether a value looks like one of its class.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// It does.
    Yes,
    /// It may be one, or a code, a counter or a state.
    Perhaps,
    /// It does not.
    No,
}

/// The name of this list among the detectors.
pub(crate) const LIST: &str = "keyed";

/// Every hint of the classes.
pub(crate) const FACTS: PathFacts = {
    let mut facts = PathFacts::NONE;
    let mut i = 0;
    while i < CLASSES.len() {
        facts = facts.and(CLASSES[i].facts);
        i += 1;
    }
    facts
};

/// The place in [`CLASSES`] of each hint's class.
const BY_FACT: [u8; 64] = {
    let mut table = [0; 64];
    let mut i = 0;
    while i < CLASSES.len() {
        let bits = CLASSES[i].facts.bits();
        assert!(bits.count_ones() == 1, "one hint, one class");
        table[bits.trailing_zeros() as usize] = i as u8;
        i += 1;
    }
    table
};

pub(crate) fn find(leaf: &Leaf<'_>, out: &mut Output<'_>) {
    let text = leaf.text.trim_ascii();
    let mut nothing = None;
    let mut bits = leaf.facts.bits() & FACTS.bits();
    while bits != 0 {
        let class = &CLASSES[usize::from(BY_FACT[bits.trailing_zeros() as usize])];
        bits &= bits - 1;
        // What a token or a parameter of a search holds is that.
        let is_other = match class.category {
            Category::UniqueId => out.has(Category::SecretToken, Likelihood::Likely),
            Category::SearchHistory => out.is_explained(0, leaf.text.len()),
            _ => false,
        };
        if is_other || out.is_full(class.category) {
            continue;
        }
        if *nothing.get_or_insert_with(|| says_nothing(text)) {
            return;
        }
        let likelihood = match (class.fits)(text, leaf.is_number) {
            Fit::Yes => leaf.facts.sure(class.sure(leaf.facts)),
            Fit::Perhaps => Likelihood::Possible,
            Fit::No => continue,
        };
        out.detector = class.name;
        out.add(class.category, likelihood, Evidence::KeyName, 0, leaf.text.len());
    }
}

/// Whether the value is empty, a mask, a placeholder of a template, or a word that stands for nothing or for a state.
pub(crate) fn says_nothing(text: &[u8]) -> bool {
    let masked = text.iter().all(|b| matches!(b, b'*' | b'x' | b'X' | b'-' | b'.' | b'_' | b'#' | b' '));
    let placeholder = match text {
        [b'{', b'{', .., b'}', b'}'] | [b'$', b'{', .., b'}'] | [b'<', .., b'>'] | [b'%', b'{', .., b'}'] => true,
        [b'[', inner @ .., b']'] => {
            inner.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'_' | b'-' | b':'))
        }
        _ => false,
    };
    masked || placeholder || is_state(text)
}

/// Words that stand for nothing or for a state of the thing. Sorted.
#[rustfmt::skip]
const STATES: [&[u8]; 72] = [
    b"absent", b"accepted", b"active", b"all", b"any", b"cancelled", b"changed", b"default", b"denied", b"disabled", b"empty", b"enabled",
    b"error", b"expired", b"fail", b"failed", b"failure", b"false", b"filled", b"granted", b"hidden", b"inactive", b"incorrect", b"invalid",
    b"medium", b"missing", b"n", b"n/a", b"na", b"nan", b"new", b"nil", b"no", b"none", b"not provided", b"not set", b"not_provided",
    b"not_set", b"null", b"off", b"ok", b"on", b"optional", b"other", b"passed", b"pending", b"present", b"prompt", b"provided", b"redacted",
    b"removed", b"required", b"reset", b"sent", b"set", b"shown", b"skipped", b"strong", b"success", b"true", b"unavailable", b"undefined",
    b"unknown", b"unset", b"updated", b"valid", b"verified", b"visible", b"weak", b"wrong", b"y", b"yes",
];

/// The lengths of the states that begin with each byte, as bits.
static STATE_LENGTHS: [u16; 256] = {
    let mut lengths = [0; 256];
    let mut i = 0;
    while i < STATES.len() {
        lengths[STATES[i][0] as usize] |= 1 << STATES[i].len();
        i += 1;
    }
    lengths
};

fn is_state(text: &[u8]) -> bool {
    // Most values end here: no state has their first letter and length.
    let Some(first) = text.first() else { return false };
    if STATE_LENGTHS[usize::from(first.to_ascii_lowercase())] >> text.len().min(15) & 1 == 0 {
        return false;
    }
    let mut lower = [0; 12];
    let Some(lower) = lower.get_mut(..text.len()) else { return false };
    lower.copy_from_slice(text);
    lower.make_ascii_lowercase();
    STATES.binary_search(&&*lower).is_ok()
}

/// Any value.
pub(crate) fn anything(_: &[u8], _: bool) -> Fit {
    Fit::Yes
}

/// A text with a letter.
pub(crate) fn letters(value: &[u8], is_number: bool) -> Fit {
    let letter = value.iter().any(|b| b.is_ascii_alphabetic() || *b >= 0x80);
    if letter && !is_number { Fit::Yes } else { Fit::No }
}

/// A number as authorities write them: four bytes or more, a digit, no running text.
pub(crate) fn number_like(value: &[u8], _: bool) -> Fit {
    let spaces = value.iter().filter(|b| **b == b' ').count();
    let fits = (4..=40).contains(&value.len()) && count_digits(value) >= 1 && spaces <= 5;
    if fits { Fit::Yes } else { Fit::No }
}

/// A small number is a counter or a code as often as somebody's own.
pub(crate) fn no_counter(value: &[u8], _: bool) -> Fit {
    if number_below(value, 10) { Fit::Perhaps } else { Fit::Yes }
}

/// How many ASCII digits.
pub(crate) fn count_digits(value: &[u8]) -> usize {
    value.iter().filter(|b| b.is_ascii_digit()).count()
}

/// Whether the value is a whole number below `limit`, as a counter or a code would be.
pub(crate) fn number_below(value: &[u8], limit: u32) -> bool {
    value.len() <= 4
        && value.iter().all(u8::is_ascii_digit)
        && value.iter().fold(0, |sum, b| sum * 10 + u32::from(b - b'0')) < limit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_sorted_and_found() {
        assert!(STATES.is_sorted());
        assert!(STATES.iter().all(|state| is_state(&state.to_ascii_uppercase())));
    }

    #[test]
    fn masks_and_placeholders_say_nothing() {
        for nothing in ["", "****", "xxx", "{{first_name}}", "${EMAIL}", "[FILTERED]", "<name>", "N/A", "-"] {
            assert!(says_nothing(nothing.as_bytes()), "{nothing}");
        }
        for something in ["ada", "[1,2]", "x1", "a*"] {
            assert!(!says_nothing(something.as_bytes()), "{something}");
        }
    }
}

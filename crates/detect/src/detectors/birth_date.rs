//! Dates of birth, by key and shape.
//!
//! Finds: under a key of birth dates a date or a year of this century or the last (`1987-04-12`, `12.4.1987`, `April 12, 1987`,
//! `1987`, `昭和62年4月12日`), and a time in seconds or milliseconds (`545184000`); other texts with a number are possible.
//! Not one: `true`, ages (`37`), texts without a number.
//! Example: `dob` = `1987-04-12`, `geburtsdatum` = `12.04.1987`, `naissance` = `12 avril 1987`, `birth_year` = `1987`
//! Misses: dates under silent keys: a date alone says nothing.
//! Source: key vocabulary.

use weir_event::{Category, Evidence, Likelihood};

use crate::leaf::{Leaf, Output};

pub(crate) fn find(leaf: &Leaf<'_>, out: &mut Output<'_>) {
    let text = leaf.text.trim_ascii();
    let digits = text.iter().filter(|b| b.is_ascii_digit()).count();
    if text.len() > 40 || digits == 0 {
        return;
    }
    let likelihood = match text {
        _ if has_date(text) || (digits >= 5 && is_time(text)) => leaf.facts.sure(Likelihood::Likely),
        // A day without its year, or a form that is not known.
        _ if digits >= 2 && digits < text.len() => Likelihood::Possible,
        _ => return,
    };
    out.add(Category::DateOfBirth, likelihood, Evidence::KeyName, 0, leaf.text.len());
}

/// A year from 1900 to 2039, three groups of digits, eight digits as one date, or a year of a Japanese era.
fn has_date(text: &[u8]) -> bool {
    let mut groups = text.split(|b| !b.is_ascii_digit()).filter(|group| !group.is_empty());
    let is_year = |group: &[u8]| matches!(group, [b'1', b'9', _, _] | [b'2', b'0', b'0'..=b'3', _]);
    let whole = groups.clone().any(|group| match group.len() {
        4 => is_year(group),
        8 => is_year(&group[..4]) || is_year(&group[4..]),
        _ => false,
    });
    let parts = groups.clone().count() == 3 && groups.all(|group| group.len() <= 2);
    whole || parts
}

/// Seconds or milliseconds since 1970, or before.
fn is_time(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    (5..=13).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit)
}

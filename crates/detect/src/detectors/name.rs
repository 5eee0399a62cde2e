//! Names of persons, by key and shape, and by a set of names.
//!
//! Finds: under a key of names (`first_name`, `nachname`, `author`, a bare `name`) up to five words of letters, and under one that is
//! surely a person's any other text with a letter as possible; without one two to
//! six words that begin with a capital, all but one of them in the set and one of them hardly anything else than a name
//! (`given_names`). Under a key that names somebody or something (`owner`, `assigned_to`) one such word, or two words with capitals,
//! is possible.
//! Not one: values with digits or signs (`Checkout v2`, `btn_primary`), long texts, placeholders, two words of which each is also a
//! place or a thing (`Jordan Park`).
//! Example: `first_name` = `Maria`, `nachname` = `Müller`, `field_3` = `Priya Patel`, `prop_1` = `García, José`
//! Misses: under silent keys single names, names outside the set, names written without capitals or without spaces (`山田太郎`).
//! Source: key vocabulary; commonest given and family names of some fifty countries.

use weir_event::{Category, Evidence, Likelihood};

use super::keyed::says_nothing;
use crate::facts::PathFacts;
use crate::given_names::{FilterHash, Known, has_family_ending, look_up, may_end_a_family_name};
use crate::leaf::{Leaf, Output};
use crate::words::Words;

/// Hints that make it look.
pub(crate) const FACTS: PathFacts = PathFacts::NAME.and(PathFacts::NAME_VAGUE);
/// Longer texts are more than a name where no key says so.
const BYTES_MAX: usize = 80;

pub(crate) fn find(leaf: &Leaf<'_>, out: &mut Output<'_>) {
    let text = leaf.text;
    if !leaf.facts.has(FACTS) && !may_be_names(text) {
        return;
    }
    let is_letter = |b: &u8| b.is_ascii_alphabetic() || *b >= 0x80;
    let fits = (2..=100).contains(&text.len())
        && text.iter().all(|b| is_letter(b) || matches!(b, b' ' | b'.' | b'-' | b'\'' | b',' | b'+'))
        && text.iter().any(is_letter);
    if leaf.is_number {
        return;
    }
    if !fits {
        // Under a key that is surely a person's a sign too many, or a title, hides no name.
        let is_text = text.len() <= 200 && text.iter().any(is_letter) && !matches!(text[0], b'{' | b'[');
        if leaf.facts.has(PathFacts::NAME) && !leaf.facts.has(PathFacts::NAME_VAGUE) && is_text && !says_nothing(text) {
            out.add(Category::Name, Likelihood::Possible, Evidence::KeyName, 0, text.len());
        }
        return;
    }
    let spaces = text.iter().filter(|b| **b == b' ').count();
    let (likelihood, evidence) = if leaf.facts.has(PathFacts::NAME) {
        if says_nothing(text) {
            return;
        }
        let is_long = spaces > 4 && of_set(text, true) != Some(Likelihood::Likely);
        if is_long && leaf.facts.has(PathFacts::NAME_VAGUE) {
            return;
        }
        let likelihood = if is_long { Likelihood::Possible } else { leaf.facts.sure(Likelihood::Likely) };
        (likelihood, Evidence::KeyName)
    } else {
        let Some(likelihood) = of_set(text, leaf.facts.has(PathFacts::NAME_VAGUE)) else { return };
        (likelihood, Evidence::Shape)
    };
    out.add(Category::Name, likelihood, evidence, 0, text.len());
}

/// Whether the set of names has to be asked where no key says anything: in one pass, without folding and without looking a word up. Two
/// words at least must be of the set, and at most one may be of none; a word in small letters is short and stands inside names.
fn may_be_names(text: &[u8]) -> bool {
    if text.len() > BYTES_MAX {
        return false;
    }
    let (mut known, mut unknown, mut at) = (0, 0, 0);
    while at < text.len() {
        let start = at;
        let mut hash = FilterHash::NEW;
        while let Some(byte @ b'A'..=b'Z') = text.get(at) {
            hash = hash.with(byte | 0x20);
            at += 1;
        }
        let capitals = at - start;
        while let Some(byte @ b'a'..=b'z') = text.get(at) {
            hash = hash.with(*byte);
            at += 1;
        }
        // A hump makes two words of one.
        if capitals > 1 && at > start + capitals {
            return true;
        }
        let word = &text[start..at];
        match text.get(at) {
            None | Some(b' ' | b'.' | b'-' | b'\'' | b',' | b'+') => at += 1,
            Some(b'A'..=b'Z' | 0x80..) => return true,
            Some(_) => return false,
        }
        // Nothing, or an initial.
        if word.len() < 2 {
            continue;
        }
        if hash.may_be_listed() || ends_as_a_name(word) {
            known += 1;
        } else {
            unknown += 1;
            let begins = start == 0 || text[start - 1] == b' ';
            if unknown > 1 || (begins && capitals == 0) {
                return false;
            }
        }
    }
    known >= 2
}

fn ends_as_a_name(word: &[u8]) -> bool {
    if word.last().is_none_or(|last| !may_end_a_family_name(last | 0x20)) {
        return false;
    }
    let mut lower = [0; 16];
    let end = &word[word.len().saturating_sub(lower.len())..];
    let lower = &mut lower[..end.len()];
    lower.copy_from_slice(end);
    lower.make_ascii_lowercase();
    has_family_ending(lower)
}

/// How sure the set of names is of a whole value.
fn of_set(text: &[u8], vague_key: bool) -> Option<Likelihood> {
    if text.len() > BYTES_MAX {
        return None;
    }
    let words = Words::of(std::str::from_utf8(text).ok()?);
    let (mut certain, mut also, mut unknown) = (0, 0, 0);
    for word in (0..words.count).map(|i| words.word(i)) {
        match look_up(word) {
            // A firm: `Johnson and Johnson`.
            None if matches!(word, b"and" | b"und" | b"et" | b"of" | b"the" | b"for") => return None,
            Some(Known::Particle) => {}
            Some(Known::Name) => certain += 1,
            Some(Known::Also) => also += 1,
            // An initial.
            None if word.len() == 1 => {}
            None => unknown += 1,
        }
        // At most one word of a name may be unknown; of a title most are.
        if unknown > 1 && !vague_key {
            return None;
        }
    }
    let known = certain + also;
    let count = known + unknown;
    if count == 0 || count > 6 || !has_capitals(text) {
        return None;
    }
    if certain > 0 && known >= 2 && unknown <= usize::from(certain >= 2) {
        return Some(Likelihood::Likely);
    }
    match vague_key {
        true if certain > 0 && unknown <= 1 => Some(Likelihood::Possible),
        true if (2..=3).contains(&count) => Some(Likelihood::Possible),
        _ => None,
    }
}

/// Whether each word begins with a capital, or a letter that has none, except what stands inside names.
fn has_capitals(text: &[u8]) -> bool {
    text.split(|b| *b == b' ').filter(|word| !word.is_empty()).all(|word| {
        let small = word[0].is_ascii_lowercase();
        !small
            || (word.len() <= 4 && look_up(word.strip_suffix(b".").unwrap_or(word)) == Some(Known::Particle))
            || word.starts_with(b"d'")
    })
}

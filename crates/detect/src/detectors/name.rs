//! Names of persons, by key and shape, and by a set of names.
//!
//! Finds: under a key of names (`first_name`, `nachname`, `author`, a bare `name`) up to five words of letters, and under one that is
//! surely a person's any other text with a letter as possible; without one two to
//! six words that begin with a capital, of which one is a given name and hardly anything else, none an ordinary word of some language,
//! and at most one in no list of names (`given_names`); or a given name that is a word as well beside a family name. Under a key that
//! names somebody or something (`owner`, `assigned_to`) one such word, or two words with capitals, is possible.
//! Not one: values with digits or signs (`Checkout v2`, `btn_primary`), long texts, placeholders, two words of which each is also a
//! place or a thing (`Jordan Park`), a given name beside an ordinary word (`Julia Language`), saints (`Santa Clara`), known towns, brands and works
//! (`Juan Aldama`, `John Deere`, `Forrest Gump`), firms and what is called after somebody
//! (`Johnson and Johnson`, `Robert Bosch Stiftung`); what stands under a key of places or organizations.
//! Example: `first_name` = `Maria`, `nachname` = `Müller`, `field_3` = `Priya Patel`, `prop_1` = `García, José`, `x` = `Agnieszka Borszczuk`
//! Misses: under silent keys single names, given names outside the set, family names that are rare and words as well (`Cindy Hampton`),
//! names written without capitals, in capitals alone or without spaces (`山田太郎`); with one word in no list under a key of labels and in
//! Vietnamese. Streets, small towns, brands and works that are called as a person is are found (`Ralph Lauren`).
//! Source: key vocabulary; lists of names and of words, see `data/README.md`.

use weir_event::{Category, Evidence, Likelihood};

use super::keyed::says_nothing;
use crate::facts::PathFacts;
use crate::given_names::{Entry, Known, NameHash, is_particle, look_up};
use crate::leaf::{Leaf, Output};
use crate::words::Words;

/// Hints that make it look.
pub(crate) const FACTS: PathFacts = PathFacts::NAME.and(PathFacts::NAME_VAGUE);
/// Longer texts are more than a name where no key says so.
const BYTES_MAX: usize = 80;
/// No word that stands inside names in small letters is longer.
const PARTICLE_BYTES_MAX: usize = 4;

/// What the key says is no person, though it is often called after one.
const OTHERS: PathFacts = PathFacts::CITY.and(PathFacts::ORGANIZATION);

pub(crate) fn find(leaf: &Leaf<'_>, out: &mut Output<'_>) {
    let text = leaf.text;
    if !leaf.facts.has(FACTS) && (!may_be_names(text) || leaf.facts.has(OTHERS)) {
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
        let is_long = spaces > 4 && of_set(text, leaf.facts) != Some(Likelihood::Likely);
        if is_long && leaf.facts.has(PathFacts::NAME_VAGUE) {
            return;
        }
        let likelihood = if is_long { Likelihood::Possible } else { leaf.facts.sure(Likelihood::Likely) };
        (likelihood, Evidence::KeyName)
    } else {
        let Some(likelihood) = of_set(text, leaf.facts) else { return };
        (likelihood, Evidence::Shape)
    };
    out.add(Category::Name, likelihood, evidence, 0, text.len());
}

/// Whether the set of names has to be asked where no key says anything: in one pass, without folding. A given name must be among the
/// words, and no ordinary word; one in small letters is short and stands inside names.
fn may_be_names(text: &[u8]) -> bool {
    if text.len() > BYTES_MAX {
        return false;
    }
    let (mut given, mut words, mut at) = (0, 0, 0);
    while at < text.len() {
        let start = at;
        let mut hash = NameHash::NEW;
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
        let len = at - start;
        match text.get(at) {
            None | Some(b' ' | b'.' | b'-' | b'\'' | b',' | b'+') => at += 1,
            Some(b'A'..=b'Z' | 0x80..) => return true,
            Some(_) => return false,
        }
        // Nothing, or an initial.
        if len < 2 {
            continue;
        }
        words += 1;
        if capitals == 0 {
            let begins = start == 0 || text[start - 1] == b' ';
            if begins && len > PARTICLE_BYTES_MAX {
                return false;
            }
        } else if hash.may_be_given() && matches!(hash.entry(), Some(Entry::Name(Known::Given | Known::Also))) {
            given += 1;
        } else if hash.is_word() && hash.entry().is_none() && !is_short_particle(&text[start..start + len]) {
            return false;
        }
    }
    given > 0 && words > 1
}

/// Whether a word, in any case, stands inside names: `Van`.
fn is_short_particle(word: &[u8]) -> bool {
    let mut lower = [0; PARTICLE_BYTES_MAX];
    lower.get_mut(..word.len()).is_some_and(|lower| {
        lower.copy_from_slice(word);
        lower.make_ascii_lowercase();
        is_particle(lower)
    })
}

/// What the set of names says of the words of a value.
#[derive(Default)]
struct Counts {
    given: usize,
    family: usize,
    also: usize,
    /// Words that are family names too.
    also_family: usize,
    /// In no list: many names are.
    unknown: usize,
    /// Of these, ordinary words of some language.
    ordinary: usize,
}

/// How sure the set of names is of a whole value.
fn of_set(text: &[u8], facts: PathFacts) -> Option<Likelihood> {
    if text.len() > BYTES_MAX || !has_capitals(text) {
        return None;
    }
    let vague_key = facts.has(FACTS);
    let words = Words::of(std::str::from_utf8(text).ok()?);
    if matches!(text[0], 0xe3..=0xed) {
        // Each character is a word of its own.
        let is_short = vague_key && (2..=3).contains(&words.count);
        return if is_ideographic(text) { Some(Likelihood::Likely) } else { is_short.then_some(Likelihood::Possible) };
    }
    let (mut counts, mut phrase) = (Counts::default(), NameHash::NEW);
    for i in 0..words.count {
        let word = words.word(i);
        phrase = word.iter().fold(if i == 0 { phrase } else { phrase.with(b' ') }, |hash, byte| hash.with(*byte));
        match look_up(word) {
            // A firm: `Johnson and Johnson`.
            None if matches!(word, b"and" | b"und" | b"et" | b"of" | b"the" | b"for") => return None,
            None if is_called_after(word) => return None,
            Some(Known::Particle) => {}
            Some(Known::Given) => counts.given += 1,
            Some(Known::Family) => counts.family += 1,
            Some(Known::Also) => counts.also += 1,
            Some(Known::AlsoFamily) => counts.also_family += 1,
            // An initial.
            None if word.len() == 1 => {}
            None => {
                counts.unknown += 1;
                counts.ordinary += usize::from(NameHash::of(word).is_word());
            }
        }
        // At most one word of a name may be unknown; of a title most are.
        if counts.unknown > 1 && !vague_key {
            return None;
        }
    }
    let Counts { given, family, also, also_family, unknown, ordinary } = counts;
    let known = given + family + also + also_family;
    let count = known + unknown;
    if count == 0 || count > 6 {
        return None;
    }
    let is_other = || phrase.entry() == Some(Entry::Other) || is_place_or_thing(text, words.word(0));
    if count >= 2 && ordinary == 0 && (given > 0 || (also > 0 && family > 0)) && !is_other() {
        // A name that nobody listed beside one that is hardly anything else.
        let unlisted = unknown == 1 && given > 0 && count <= 4 && (known >= 2 || may_be_unlisted(text, facts));
        if unknown == 0 || unlisted {
            return Some(Likelihood::Likely);
        }
    }
    match vague_key {
        true if given + family > 0 && unknown <= 1 => Some(Likelihood::Possible),
        true if (2..=3).contains(&count) => Some(Likelihood::Possible),
        _ => None,
    }
}

/// Whether a word of none of the lists may be a name: not on a label, where it is a product's, not as an abbreviation, and not in
/// Vietnamese, whose names are ordinary words, or the scripts behind it.
fn may_be_unlisted(text: &[u8], facts: PathFacts) -> bool {
    let abbreviated = text.iter().any(u8::is_ascii_lowercase)
        && text.split(|b| *b == b' ').any(|word| {
            word.len() >= 2 && word[..2].iter().all(u8::is_ascii_uppercase) && !word.iter().any(u8::is_ascii_lowercase)
        });
    !facts.has(PathFacts::LABEL) && !abbreviated && text.iter().all(|b| *b < 0xe1)
}

/// What is called after a person and is no name itself: `Robert Bosch Stiftung`.
#[rustfmt::skip]
fn is_called_after(word: &[u8]) -> bool {
    matches!(
        word,
        b"foundation" | b"stiftung" | b"fondation" | b"fundacion" | b"fundacao" | b"fondazione" | b"university" | b"universitat" |
            b"universite" | b"universita" | b"universidad" | b"universidade" | b"institute" | b"institut" | b"instituto" | b"lycee" |
            b"airport" | b"flughafen" | b"aeroport" | b"aeropuerto" | b"aeroporto" | b"orchestra" | b"orchester" | b"hospital" |
            b"klinikum" | b"krankenhaus" | b"street" | b"avenue" | b"avenida" | b"allee" | b"laan" | b"straat" | b"sokak" | b"utca" |
            b"prospekt" | b"bulvar" | b"namesti" | b"denkmal" | b"zentrum" | b"apotheke" | b"backerei" | b"verlag" | b"gmbh" | b"inc"
    ) || word.ends_with(b"strasse") || word.ends_with(b"schule")
}

/// Churches' and towns' saints, and what belongs to somebody: `Santa Maria`, `Logan's Run`.
fn is_place_or_thing(text: &[u8], first: &[u8]) -> bool {
    matches!(first, b"san" | b"santa" | b"santo" | b"sao" | b"saint" | b"sainte" | b"sankt" | b"st" | b"sint")
        || text.windows(2).enumerate().any(|(at, pair)| pair == b"'s" && text.get(at + 2).is_none_or(|b| *b == b' '))
}

/// Two words in Chinese, Japanese or Korean, both listed and one of them a given name.
fn is_ideographic(text: &[u8]) -> bool {
    let mut words = text.split(|b| *b == b' ').map(|word| NameHash::of(word).entry());
    let pair = [words.next().flatten(), words.next().flatten()];
    words.next().is_none()
        && pair.iter().all(|entry| matches!(entry, Some(Entry::Name(_))))
        && pair.iter().any(|entry| matches!(entry, Some(Entry::Name(Known::Given | Known::Also))))
}

/// Whether each word begins with a capital, or a letter that has none, except what stands inside names.
fn has_capitals(text: &[u8]) -> bool {
    text.split(|b| *b == b' ').filter(|word| !word.is_empty()).all(|word| {
        !begins_small(word)
            || (word.len() <= PARTICLE_BYTES_MAX && is_particle(word.strip_suffix(b".").unwrap_or(word)))
            || word.starts_with(b"d'")
    })
}

/// Whether a word begins with a small letter, Latin, Greek or Cyrillic.
fn begins_small(word: &[u8]) -> bool {
    match (word[0], word.get(1).copied().unwrap_or_default()) {
        (b'a'..=b'z', _) => true,
        (0xc3, second) => second >= 0x9f,
        // Capital and small letter take turns, a capital first but for these.
        (0xc4, second @ 0xb9..) | (0xc5, second @ (..=0x88 | 0xb9..)) => second % 2 == 0,
        (0xc4 | 0xc5, second) => second % 2 == 1,
        (0xce, second) => second >= 0xac,
        (0xcf, _) => true,
        (0xd0, second) => second >= 0xb0,
        (0xd1, second) => second <= 0x9f,
        _ => false,
    }
}

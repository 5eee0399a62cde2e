//! Postal addresses, by key and shape, and by the words of streets.
//!
//! Finds: under a key of addresses (`street`, `shipping_address`, `zip`) a text with a number and a word, two words or more, or a
//! postal code. Without one, a street and a number as eight languages write them (`12 Maple St`, `143 avenue Victor Hugo`,
//! `Hauptstraße 7`, `Via Roma 91`, `ul. Długa 19`), which is likely with a town or a postal code behind it and possible without;
//! `Boston, MA 02108`; addresses in Japanese, Chinese and Korean.
//! Not one: `{"address": "home"}`, a URL, an e-mail address (its own detector), a street without a number.
//! Example: `street` = `Hauptstraße 7`, `zip` = `10115`, `field_3` = `7877 Pine Lane, Boston, MA 02108`,
//! `x` = `Calle de Alcalá, 69, 08002 Sevilla`, `x` = `東京都渋谷区神南2丁目6-1`
//! Misses: under silent keys addresses of other languages, a postal code with a town alone, streets whose names have no word for one
//! (`Broadway 12`).
//! Source: key vocabulary; Universal Postal Union addressing formats.

use weir_event::{Category, Evidence, Likelihood};

use super::keyed::says_nothing;
use crate::facts::PathFacts;
use crate::leaf::{Leaf, Output};
use crate::words::Words;

pub(crate) fn find(leaf: &Leaf<'_>, out: &mut Output<'_>) {
    let text = leaf.text;
    if leaf.facts.has(PathFacts::ADDRESS) {
        if fits_key(text) && !says_nothing(text) {
            let likelihood = leaf.facts.sure(Likelihood::Likely);
            out.add(Category::ContactAddress, likelihood, Evidence::KeyName, 0, text.len());
        }
        // What does not look like one may be one all the same: a farm's name, a sign too many.
        let certain = leaf.facts.has(PathFacts::CERTAIN) && text.iter().any(|b| b.is_ascii_alphabetic() || *b >= 0x80);
        if !out.has(Category::ContactAddress, Likelihood::Possible) && !says_nothing(text) && (certain || may_be(text))
        {
            out.add(Category::ContactAddress, Likelihood::Possible, Evidence::KeyName, 0, text.len());
        }
        return;
    }
    if leaf.is_number || !(8..=BYTES_MAX).contains(&text.len()) {
        return;
    }
    if let Some(likelihood) = of_words(text) {
        out.add(Category::ContactAddress, likelihood, Evidence::Shape, 0, text.len());
    }
}

fn fits_key(text: &[u8]) -> bool {
    let digits = text.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = text.iter().filter(|b| b.is_ascii_alphabetic() || **b >= 0x80).count();
    let spaces = text.iter().filter(|b| **b == b' ').count();
    let strange = text.iter().any(|b| matches!(b, b'@' | b'{' | b'=' | b'<')) || text.windows(3).any(|w| w == b"://");
    let street = letters >= 3 && (digits >= 1 || spaces >= 1) && text.len() <= 300;
    let postal_code = (3..=10).contains(&text.len()) && digits >= 3 && digits + letters + spaces + 1 >= text.len();
    !strange && (street || postal_code)
}

/// A number and words, whatever the signs between them.
fn may_be(text: &[u8]) -> bool {
    let count = |test: fn(&u8) -> bool| text.iter().filter(|b| test(b)).count();
    let foreign = text.contains(&b'@') || text.windows(3).any(|w| w == b"://");
    !foreign
        && count(u8::is_ascii_digit) >= 1
        && count(|b| b.is_ascii_alphabetic() || *b >= 0x80) >= 3
        && count(|b| *b == b' ') >= 1
}

/// Longer texts are more than an address where no key says so.
const BYTES_MAX: usize = 120;
const PARTS_MAX: usize = 20;

/// A word between spaces and commas.
#[derive(Clone, Copy, Default)]
struct Part<'a> {
    text: &'a [u8],
    /// A comma stands before it.
    after_comma: bool,
}

impl Part<'_> {
    /// `12`, `12a`, `12-14`, `7/9`, `199B`: a number of a house.
    fn is_number(&self) -> bool {
        let digits = self.text.iter().take_while(|b| b.is_ascii_digit()).count();
        let rest = &self.text[digits.min(self.text.len())..];
        (1..=5).contains(&digits)
            && match rest {
                [] => true,
                [one] => one.is_ascii_alphabetic(),
                [b'-' | b'/', more @ ..] => more.len() <= 4 && more.iter().all(u8::is_ascii_alphanumeric),
                _ => false,
            }
    }

    /// `10115`, `31-147`, `1100-053`, `SW1A`, `1AA`, `D-10115`.
    fn is_postal_code(&self) -> bool {
        let digits = self.text.iter().filter(|b| b.is_ascii_digit()).count();
        let fits = self.text.iter().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase() || *b == b'-');
        fits && self.text.len() <= 10
            && (digits >= 4 || (digits >= 1 && self.text.len() >= 3 && digits < self.text.len()))
    }

    fn has_capital(&self) -> bool {
        self.text.first().is_some_and(|b| b.is_ascii_uppercase() || *b >= 0x80)
    }

    fn is_state(&self) -> bool {
        self.text.len() == 2 && self.text.iter().all(u8::is_ascii_uppercase)
    }

    /// Lower-case, without accents and dots.
    fn folded(&self) -> Words {
        Words::of(std::str::from_utf8(self.text).unwrap_or_default())
    }

    fn is_one_of(&self, list: &List) -> bool {
        if !list.may_have(self.text) {
            return false;
        }
        let folded = self.folded();
        folded.count > 0 && list.words.iter().any(|word| word.as_bytes() == folded.ending(0))
    }
}

/// Words, and what most others differ in: their first letters with their lengths, as bits.
struct List {
    words: &'static [&'static str],
    lengths: [u16; 32],
}

impl List {
    const fn of(words: &'static [&'static str]) -> List {
        let mut lengths = [0; 32];
        let mut i = 0;
        while i < words.len() {
            let word = words[i].as_bytes();
            if word[0].is_ascii() {
                assert!(word.len() < 16, "a bit for each length");
                lengths[(word[0] & 0x1f) as usize] |= 1 << word.len();
            }
            i += 1;
        }
        List { words, lengths }
    }

    /// Whether a part can be of the list. One that is not of letters alone is folded first, which may shorten it.
    #[inline]
    fn may_have(&self, part: &[u8]) -> bool {
        !part.iter().all(u8::is_ascii_alphabetic)
            || part
                .first()
                .is_some_and(|first| part.len() < 16 && self.lengths[usize::from(first & 0x1f)] >> part.len() & 1 == 1)
    }
}

/// How sure the words of streets are of a whole value.
fn of_words(text: &[u8]) -> Option<Likelihood> {
    if text.first().is_some_and(|b| matches!(b, 0xe3..=0xed)) {
        return is_east_asian(text).then_some(Likelihood::Likely);
    }
    let mut all = [Part::default(); PARTS_MAX];
    let mut count = 0;
    let mut after_comma = false;
    for piece in text.split_inclusive(|b| matches!(b, b' ' | b',')) {
        let word = piece.trim_ascii_end();
        let (word, comma) = word.strip_suffix(b",").map_or((word, false), |word| (word, true));
        if !word.is_empty() {
            *all.get_mut(count)? = Part { text: word, after_comma };
            count += 1;
            after_comma = false;
        }
        after_comma |= comma;
    }
    let parts = &all[..count];
    if let [.., city, state, code] = parts
        && (state.after_comma && state.is_state() && city.has_capital())
        && code.text.len() >= 5
        && code.text[..5].iter().all(u8::is_ascii_digit)
    {
        return Some(Likelihood::Likely);
    }
    let (end, is_plain) = street(parts)?;
    let rest = &parts[end..];
    let town = rest.iter().enumerate().any(|(i, part)| {
        let followed = rest.get(i + 1).is_some_and(Part::has_capital);
        (part.after_comma && part.has_capital()) || (part.is_postal_code() && (followed || i > 0))
    });
    match rest.first() {
        _ if town => Some(Likelihood::Likely),
        None => is_plain.then_some(Likelihood::Possible),
        Some(next) => (is_plain && (next.after_comma || next.is_one_of(&UNITS))).then_some(Likelihood::Possible),
    }
}

/// How many parts a street and its number take at the begin, and whether its word means a street and nothing else (`Via Email 1` and
/// `10 Minute Walk` need a town).
fn street(parts: &[Part<'_>]) -> Option<(usize, bool)> {
    let [first, rest @ ..] = parts else { return None };
    let starts_with_number = first.is_number();
    // Before any word is held against the lists: without a number near there is no address.
    if !starts_with_number && !rest.iter().take(8).any(Part::is_number) {
        return None;
    }
    if starts_with_number {
        let skip = usize::from(rest.first().is_some_and(|part| part.is_one_of(&BEHIND_NUMBER)));
        if rest.get(skip).is_some_and(|part| part.is_one_of(&FIRST)) {
            // To the next comma or number: `143 avenue Victor Hugo, 75002 Bordeaux`.
            let name =
                rest[skip + 1..].iter().take(6).take_while(|part| !part.after_comma && !part.is_postal_code()).count();
            return (name > 0).then_some((2 + skip + name, !rest[skip].is_one_of(&ALSO)));
        }
        let last = (1..rest.len().min(6)).find(|i| rest[*i].has_capital() && rest[*i].is_one_of(&LAST))?;
        return rest[..=last]
            .iter()
            .all(|part| !part.after_comma && (part.has_capital() || part.is_number()))
            .then_some((last + 2, !rest[last].is_one_of(&ALSO)));
    }
    if first.is_one_of(&FIRST) {
        let number = (1..rest.len().min(8)).find(|i| rest[*i].is_number())?;
        return Some((number + 2, !first.is_one_of(&ALSO)));
    }
    if !first.has_capital() {
        return None;
    }
    // `Hauptstraße 7`, `Lange Straße 12`, `Keizersgracht 171`.
    let named = parts.iter().take(4).position(|part| {
        if !may_end_a_street(part.text) {
            return false;
        }
        let folded = part.folded();
        let word = folded.ending(0);
        folded.count > 0
            && ENDINGS.iter().any(|ending| {
                word.ends_with(ending.as_bytes()) && (word.len() >= ending.len() + 3 || ending.len() >= 5)
            })
    })?;
    let number = parts.get(named + 1)?;
    (number.is_number() && !number.after_comma).then_some((named + 2, is_street(parts[named])))
}

/// Whether the name ends as a street's and nothing else's does.
fn is_street(part: Part<'_>) -> bool {
    let folded = part.folded();
    let word = folded.ending(0);
    ["strasse", "gasse", "straat", "gracht", "laan", "gatan", "vagen", "vej", "gade", "veien", "katu"]
        .iter()
        .any(|ending| word.ends_with(ending.as_bytes()))
}

/// Words of streets that mean something else as often.
static ALSO: List = List::of(&[
    "place", "via", "cours", "route", "plaza", "al", "av", "pl", "os", "camino", "ronda", "largo", "ter", "way",
    "drive", "dr", "walk", "trail", "loop", "close", "hill", "row", "court", "ct", "circle", "cir", "gardens", "grove",
    "crescent", "square", "sq", "pike", "broadway", "plac", "highway", "terrace", "mews", "alley",
]);

/// What may stand between the number and the street.
static BEHIND_NUMBER: List = List::of(&["bis", "ter", "quater"]);

/// Words for a street that stand before its name. French, Spanish, Portuguese, Italian, Polish.
static FIRST: List = List::of(&[
    "rue",
    "avenue",
    "av",
    "boulevard",
    "bd",
    "place",
    "allee",
    "chemin",
    "impasse",
    "quai",
    "route",
    "cours",
    "calle",
    "avenida",
    "avda",
    "paseo",
    "plaza",
    "carrera",
    "camino",
    "ronda",
    "rua",
    "travessa",
    "praca",
    "largo",
    "alameda",
    "estrada",
    "rodovia",
    "via",
    "viale",
    "piazza",
    "corso",
    "vicolo",
    "piazzale",
    "ul",
    "ulica",
    "al",
    "aleja",
    "os",
    "osiedle",
    "plac",
    "pl",
    "ulitsa",
    "улица",
    "ул",
    "проспект",
    "вулиця",
    "вул",
    "jalan",
    "jl",
]);

/// Words for a street that stand behind its name. English.
static LAST: List = List::of(&[
    "st",
    "street",
    "ave",
    "avenue",
    "rd",
    "road",
    "ln",
    "lane",
    "dr",
    "drive",
    "blvd",
    "boulevard",
    "ct",
    "court",
    "way",
    "pl",
    "place",
    "sq",
    "square",
    "ter",
    "terrace",
    "pkwy",
    "parkway",
    "hwy",
    "highway",
    "cir",
    "circle",
    "close",
    "crescent",
    "gardens",
    "mews",
    "row",
    "grove",
    "hill",
    "walk",
    "alley",
    "trail",
    "loop",
    "plaza",
    "pike",
    "broadway",
]);

/// Endings of the names of streets. German, Dutch, Swedish, Danish, Norwegian, Finnish.
const ENDINGS: &[&str] = &[
    "strasse", "str", "weg", "gasse", "allee", "platz", "ring", "damm", "ufer", "chaussee", "straat", "laan", "plein",
    "gracht", "kade", "dijk", "singel", "gatan", "vagen", "vej", "gade", "gate", "gata", "veien", "katu", "tie",
];

/// By the last letter of an ending, the letters before it, as bits.
static LAST_TWO: [u32; 32] = {
    let mut letters = [0; 32];
    let mut i = 0;
    while i < ENDINGS.len() {
        let ending = ENDINGS[i].as_bytes();
        letters[(ending[ending.len() - 1] & 0x1f) as usize] |= 1 << (ending[ending.len() - 2] & 0x1f);
        i += 1;
    }
    letters
};

/// Whether a part can have one of the endings. One that is not of letters alone is folded first.
fn may_end_a_street(part: &[u8]) -> bool {
    match part {
        [.., before, last] if part.iter().all(u8::is_ascii_alphabetic) => {
            LAST_TWO[usize::from(last & 0x1f)] >> (before & 0x1f) & 1 == 1
        }
        _ => part.len() > 1,
    }
}

/// What may stand behind a street: the part of a house.
static UNITS: List = List::of(&[
    "apt",
    "apartment",
    "suite",
    "ste",
    "unit",
    "floor",
    "fl",
    "flat",
    "room",
    "bldg",
    "app",
    "piso",
    "apto",
    "interno",
]);

/// Prefecture or province, then town or district, then a number.
fn is_east_asian(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let after = |from: usize, signs: &[char]| {
        let mut found = text[from..].match_indices(signs);
        found.next().map(|(at, sign)| from + at + sign.len())
    };
    let number =
        |from: usize| text[from..].bytes().any(|b| b.is_ascii_digit()) || text[from..].contains(['丁', '番', '号']);
    let region = after(0, &['都', '道', '府', '県', '省', '市', '区', '시', '도']);
    let town =
        region.and_then(|at| after(at, &['市', '区', '區', '町', '村', '县', '路', '街', '구', '군', '로', '길']));
    !text.contains(['。', '、', '！', '？']) && town.is_some_and(number)
}

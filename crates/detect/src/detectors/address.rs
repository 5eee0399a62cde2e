//! Postal addresses, by key and shape, by the words of streets, and by the codes of countries.
//!
//! Finds: under a key of addresses (`street`, `shipping_address`, `zip`) a text with a number and a word, two words or more, or a
//! postal code. Without one, a street and a number as some thirty languages write them (`12 Maple St`, `143 avenue Victor Hugo`,
//! `Hauptstraße 7`, `Via Roma 91`, `ul. Długa 19`, `Kossuth utca 76.`, `пер. Глинки, д. 23`), which is likely with a town or a postal code
//! beside it and possible without; words that mean more than streets ask for a town and its code. Whatever the street's name:
//! `Boston, MA 02108`, codes of Britain, Canada, Australia, Portugal, Brazil, the Czech Republic and others that look like nothing else,
//! those of armies abroad, a flat behind a number and a name; addresses in Japanese, Chinese and Korean. Lines are as good as commas.
//! Not one: `{"address": "home"}`, a URL, an e-mail address (its own detector), a street without a number, a sentence around an address.
//! Example: `street` = `Hauptstraße 7`, `zip` = `10115`, `field_3` = `7877 Pine Lane, Boston, MA 02108`,
//! `x` = `Calle de Alcalá, 69, 08002 Sevilla`, `x` = `東京都渋谷区神南2丁目6-1`, `x` = `7 Megan Course, North Stuart, BL8 5HZ`
//! Misses: under silent keys a part alone (`Suite 501`, `28245`), a town with a code of digits alone, streets whose names have no word for
//! one before such a code (`Broadway 12, 5039 Isaksen`); scripts that are not Latin, Cyrillic, Greek or East Asian; text with a colon.
//! Source: key vocabulary; Universal Postal Union addressing formats.

use weir_event::{Category, Evidence, Likelihood};

use self::words::{
    ALSO, BEHIND_NUMBER, FIRST, HOUSE, LAST, NEEDS_CODE, Needs, Part, STRICT_UNITS, UNITS, ends_a_street,
};
use super::keyed::says_nothing;
use crate::bytes::find_any;
use crate::facts::PathFacts;
use crate::leaf::{Leaf, Output};

mod codes;
mod words;

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
const PARTS_MAX: usize = 24;
/// How many words a street's name and what leads to it has.
const NAME_PARTS_MAX: usize = 8;

/// How sure the form of a whole value is.
fn of_words(text: &[u8]) -> Option<Likelihood> {
    // A postal code may lead.
    let start = text.iter().position(|b| !(b.is_ascii_digit() || matches!(b, b' ' | b'-')))?;
    if matches!(text[start], 0xe3..=0xed) {
        // `第3章`, `2026年`
        if ["第", "年", "月", "个", "個"].iter().any(|other| text[start..].starts_with(other.as_bytes())) {
            return None;
        }
        return is_east_asian(text).then_some(Likelihood::Likely);
    }
    // What no address has.
    if find_any(text, 0, [b';', b'_', b'|', b'>']).is_some() {
        return None;
    }
    let mut all = [Part::default(); PARTS_MAX];
    let mut count = 0;
    let mut after_comma = false;
    for piece in text.split_inclusive(|b| matches!(b, b' ' | b',' | b'\n')) {
        let word = piece.trim_ascii_end();
        let (word, comma) = word.strip_suffix(b",").map_or((word, false), |word| (word, true));
        if !word.is_empty() {
            *all.get_mut(count)? = Part::of(word, after_comma);
            count += 1;
            after_comma = false;
        }
        after_comma |= comma || piece.ends_with(b"\n");
    }
    let parts = &mut all[..count];
    // Before any word is held against the lists: without the number of a house or a postal code there is no address.
    let has_number = parts.iter().take(NAME_PARTS_MAX + 1).any(Part::is_number);
    if !has_number && !parts.iter().skip(2).any(|part| part.text.len() > 4 && part.text[0].is_ascii_digit()) {
        return None;
    }
    parts.iter_mut().for_each(Part::look_up);
    let parts = &*parts;
    let begins = (1..count).filter(|i| parts[*i].after_comma);
    let found = sure(parts, 0).or_else(|| {
        let is_one = has_region(parts) || has_marked_code(parts) || is_indian(parts) || has_unit(parts);
        if is_one { Some(Likelihood::Likely) } else { begins.filter_map(|begin| sure(parts, begin)).max() }
    });
    // `The office is at …` is a text.
    found.filter(|_| parts.iter().filter(|part| part.is_of_a_sentence()).nth(1).is_none())
}

/// How sure a street makes that begins at one of the parts.
fn sure(parts: &[Part<'_>], begin: usize) -> Option<Likelihood> {
    let (before, mut own) = parts.split_at(begin);
    // `Flat 4 12 Maple Street`, `Block 7 Lot 85 Guijo Avenue`.
    while let [unit, number, street, ..] = own
        && !number.after_comma
        && !street.after_comma
        && number.is_number()
        && unit.is_one_of(UNITS)
    {
        own = &own[2..];
    }
    let (end, needs) = street(own)?;
    let rest = &own[end..];
    let is_led = before.iter().any(Part::is_named);
    let has_code = |parts: &[Part<'_>]| {
        (0..parts.len()).any(|i| {
            let town = |part: Option<&Part<'_>>| part.is_some_and(Part::is_named);
            codes::any(&parts[i..])
                .is_some_and(|taken| is_led || town(parts.get(i + taken)) || (i > 0 && town(parts.get(i - 1))))
        })
    };
    let has_town = |rest: &[Part<'_>]| {
        rest.iter().enumerate().any(|(i, part)| {
            let followed = rest.get(i + 1).is_some_and(Part::has_capital);
            (part.after_comma && part.has_capital()) || (codes::is_postal_code(part.text) && (followed || i > 0))
        })
    };
    let town = match needs {
        Needs::Code => has_code(rest) || has_code(before),
        // What stands before a street is its town, or a title.
        Needs::Town => has_town(rest) || has_code(rest) || has_code(before),
        Needs::Nothing => has_town(rest) || is_led,
    };
    match rest.first() {
        _ if town => Some(Likelihood::Likely),
        _ if begin > 0 || needs != Needs::Nothing => None,
        None => Some(Likelihood::Possible),
        Some(next) => (next.after_comma || next.is_one_of(UNITS)).then_some(Likelihood::Possible),
    }
}

/// How many parts a street and its number take at the begin, and what it asks for besides.
fn street(parts: &[Part<'_>]) -> Option<(usize, Needs)> {
    let [first, rest @ ..] = parts else { return None };
    let starts_with_number = first.is_number();
    if starts_with_number {
        let skip = usize::from(rest.first().is_some_and(|part| part.is_one_of(BEHIND_NUMBER)));
        if let Some(needs) = rest.get(skip).and_then(before_name) {
            // To the next comma or number: `143 avenue Victor Hugo, 75002 Bordeaux`.
            let is_name = |part: &&Part<'_>| !part.after_comma && !codes::is_postal_code(part.text);
            let name = rest[skip + 1..].iter().take(6).take_while(is_name).count();
            return (name > 0).then_some((2 + skip + name, needs));
        }
        let last = (1..rest.len().min(6)).find(|i| rest[*i].has_capital() && rest[*i].is_one_of(LAST))?;
        let needs = if rest[last].is_one_of(ALSO) { Needs::Town } else { Needs::Nothing };
        // `12, Maple Street`: a comma behind the number, which is no span of years.
        let has_comma = rest[0].after_comma && !first.text.contains(&b'-');
        let is_name = |(i, part): (usize, &Part<'_>)| {
            (!part.after_comma || (i == 0 && has_comma)) && (part.has_capital() || part.is_number())
        };
        return rest[..=last].iter().enumerate().all(is_name).then_some((last + 2, needs));
    }
    if let Some(needs) = before_name(first) {
        let mut look = (1..rest.len().min(NAME_PARTS_MAX)).filter(|i| rest[*i].is_number());
        let is_code = |at: usize| rest[at].after_comma && codes::any(&rest[at..]).is_some_and(|taken| taken == 1);
        let is_named = |at: usize| rest[..at].iter().any(Part::is_named);
        let Some(number) = look.next() else {
            // `Intrarea Tudor, Pitesti, 469033`: no number, and the code at the end.
            let code = rest.len().checked_sub(1)?;
            return (needs == Needs::Nothing && is_code(code) && is_named(code)).then_some((code, needs));
        };
        // `rue Alves, 01329 Saint Augustin`: no number, and the code at once.
        if is_code(number) && rest[number].text.len() >= 4 && rest.get(number + 1).is_some_and(Part::is_named) {
            return (needs == Needs::Nothing && is_named(number)).then_some((number + 1, needs));
        }
        // `д. 5`, `Nr. 59`.
        let is_house = number > 0 && rest[number - 1].is_one_of(HOUSE);
        return Some((number + 2, if is_house { needs.min(Needs::Town) } else { needs }));
    }
    if !first.has_capital() {
        return None;
    }
    // `Hauptstraße 7`, `Lange Straße 12`, `Keizersgracht 171`, `Kossuth utca 76.`
    for (named, part) in parts.iter().enumerate().take(4).take_while(|(i, part)| *i == 0 || !part.after_comma) {
        let house = usize::from(parts.get(named + 1).is_some_and(|part| part.is_one_of(HOUSE)));
        let is_number = |part: &Part<'_>| part.is_number() && !part.after_comma;
        if parts.get(named + 1 + house).is_some_and(is_number)
            && let Some(needs) = ends_a_street(*part, named == 0)
        {
            return Some((named + 2 + house, needs));
        }
    }
    None
}

/// What a word asks for that stands before the name of a street; `None` where it is none.
fn before_name(part: &Part<'_>) -> Option<Needs> {
    if part.is_one_of(FIRST) {
        return Some(if part.is_one_of(ALSO) { Needs::Town } else { Needs::Nothing });
    }
    part.is_one_of(NEEDS_CODE).then_some(Needs::Code)
}

/// `12345 Any Name Apt. 12, Town`: a flat behind a number and a name of any language.
fn has_unit(parts: &[Part<'_>]) -> bool {
    let Some(unit) = (2..parts.len().min(NAME_PARTS_MAX)).find(|i| parts[*i].is_one_of(STRICT_UNITS)) else {
        return false;
    };
    let is_numbered = parts.get(unit + 1).is_some_and(|part| part.is_number() && !part.after_comma);
    is_numbered
        && parts[0].text.len() >= 2
        && parts[0].is_number()
        && parts[1].is_named()
        && parts.get(unit + 2).is_some_and(|part| part.after_comma && part.has_capital())
}

/// A town, its state or province, and a code that fits: `Boston, MA 02108`, `Stevenview, BC V3T 6B3`, `Edwardsville, TAS, 2920`,
/// `APO AA 66791`; or a number and a town with a British code: `7 Megan Course, North Stuart, BL8 5HZ`.
fn has_region(parts: &[Part<'_>]) -> bool {
    const PROVINCES: [&[u8]; 13] =
        [b"AB", b"BC", b"MB", b"NB", b"NL", b"NS", b"NT", b"NU", b"ON", b"PE", b"QC", b"SK", b"YT"];
    const AUSTRALIAN: [&[u8]; 8] = [b"ACT", b"NSW", b"NT", b"QLD", b"SA", b"TAS", b"VIC", b"WA"];
    let numbered = parts[0].is_number() || parts.get(1).is_some_and(Part::is_number);
    (1..parts.len()).any(|i| {
        let (town, region, rest) = (&parts[i - 1], parts[i].text, &parts[i + 1..]);
        if region.len() > 4 || rest.is_empty() {
            return false;
        }
        // Nothing follows the code but a country.
        let ends = |taken: usize| rest.get(taken).is_none_or(|part| part.after_comma);
        let code = rest.first().map_or(b"".as_slice(), |part| part.text);
        if numbered && i > 1 && (parts[i].after_comma || town.is_named()) && codes::is_british(region, code) && ends(1)
        {
            return true;
        }
        match region {
            // Of the army: `APO AA 66791`.
            b"AA" | b"AE" | b"AP" => {
                [b"APO", b"FPO", b"DPO"].iter().any(|post| town.text == *post) && codes::is_zip(code)
            }
            _ if PROVINCES.contains(&region) && codes::canadian(rest).is_some_and(ends) => town.has_capital(),
            _ if AUSTRALIAN.contains(&region) && codes::is_of_form(code, "9999") => {
                numbered && parts[1..=i].iter().any(|part| part.after_comma) && town.is_named() && ends(1)
            }
            // `Calle 33 # 51-89`, as in Colombia.
            b"#" => {
                let is_street = |at: usize| parts.get(at).is_some_and(|part| part.is_number() && !part.after_comma);
                let led = is_street(i - 1) || (!town.after_comma && i > 1 && is_street(i - 2));
                led && !parts[i].after_comma && codes::is_crossing(code)
            }
            // `72317-126 Sousa do Norte / RR`.
            b"/" => codes::is_state(code) && parts[..i].iter().rev().take(6).any(|part| codes::is_brazilian(part.text)),
            _ => {
                parts[i].after_comma && codes::is_state(region) && town.has_capital() && codes::is_zip(code) && ends(1)
            }
        }
    })
}

/// A name and a number, then a code that hardly anything else looks like, and a town: `Panenská 4, 581 85 Lipník nad Bečvou`,
/// `R. de Pinto, S/N, 7735-760 Cantanhede`, `Σερίφου 85, 596 75 Θεσσαλονίκη`.
fn has_marked_code(parts: &[Part<'_>]) -> bool {
    (2..parts.len()).any(|i| {
        let (before, rest) = (&parts[..i], &parts[i..]);
        if !rest[0].after_comma {
            return false;
        }
        // A Greek code may be announced: `ΤΚ 596 75`.
        let rest = if rest[0].text == "ΤΚ".as_bytes() { &rest[1..] } else { rest };
        let is_greek = |part: &Part<'_>| matches!(part.text, [0xce | 0xcf, ..]);
        let greek = |rest: &[Part<'_>]| {
            (codes::is_of_form(rest.first()?.text, "99999") && is_greek(rest.get(1)?) && before.iter().any(is_greek))
                .then_some(1)
        };
        let Some(taken) = codes::marked(rest).or_else(|| greek(rest)) else { return false };
        let is_numbered = match taken {
            1 => before.iter().any(Part::is_number),
            _ => before[i - 1].is_number(),
        };
        let town = rest.get(taken).or_else(|| before.last().filter(|_| taken == 1));
        is_numbered && before.iter().any(Part::is_named) && town.is_some_and(Part::is_named)
    })
}

/// A number with a comma behind it, names, and a town with six digits: `51/83, Dhar Nagar, Warangal 185640`.
fn is_indian(parts: &[Part<'_>]) -> bool {
    let [.., before, last] = parts else { return false };
    let own = match parts {
        [house, rest @ ..] if house.text == b"H.No." => rest,
        _ => parts,
    };
    let is_code = |code: &[u8]| codes::is_of_form(code, "999999") && matches!(code[0], b'1'..=b'8');
    let town = match last.text.iter().position(|b| *b == b'-') {
        Some(dash) => last.after_comma && is_code(&last.text[dash + 1..]) && words::is_named(&last.text[..dash]),
        None => {
            let is_house = own.len() < parts.len() || parts[0].text.contains(&b'/');
            is_house && !last.after_comma && is_code(last.text) && before.after_comma && before.is_named()
        }
    };
    town && own.len() >= 3
        && own[0].is_number()
        && own[1].after_comma
        && own[1..own.len() - 1].iter().all(Part::is_named)
}

/// Prefecture or province, then town or district, then a number; in Korean a town or district, a road and the number behind it.
fn is_east_asian(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let after = |from: usize, signs: &[char]| {
        let mut found = text[from..].match_indices(signs);
        found.next().map(|(at, sign)| from + at + sign.len())
    };
    let number =
        |from: usize| text[from..].bytes().any(|b| b.is_ascii_digit()) || text[from..].contains(['丁', '番', '号']);
    let region = after(0, &['都', '道', '府', '県', '省', '市', '区', '縣', '县']);
    let town = region.and_then(|at| after(at, &['市', '区', '區', '町', '村', '县', '路', '街']));
    // `长沙市阳逻胡同272号`
    let house = |from: usize| {
        let at = text[from..].find(['号', '號']).unwrap_or_default();
        text.as_bytes()[..from + at].last().is_some_and(u8::is_ascii_digit)
    };
    let korean = || {
        let is_long = |word: &str| word.chars().nth(2).is_some();
        let mut words = text.split(' ');
        words.any(|word| is_long(word) && word.ends_with(['시', '군', '구']))
            && words.clone().zip(words.skip(1)).any(|(road, number)| {
                let is_road = road.ends_with(['로', '길', '가', '동', '리', '면']) || road.ends_with("거리");
                is_road && is_long(road) && number.starts_with(|c: char| c.is_ascii_digit()) && is_of_digits(number)
            })
    };
    !text.contains(['。', '、', '！', '？']) && (town.is_some_and(number) || region.is_some_and(house) || korean())
}

/// `152`, `12-3`.
fn is_of_digits(word: &str) -> bool {
    word.trim_end_matches(',').bytes().all(|b| b.is_ascii_digit() || b == b'-')
}

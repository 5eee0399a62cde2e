//! Where someone is, to better than about a kilometre.
//!
//! Finds: under a key of coordinates any degree with three decimals or more (`lat: 52.520008`), as text or number, and pairs
//! (`52.5200,13.4050`); without a key a pair with four decimals or more each, or with three where a map's URL says so (`ll=`, `@`,
//! `geo:`), in either order, also as WKT (`POINT(13.4050 52.5200)`), as GeoJSON, and in degrees and minutes; under a key plus codes.
//! Not one: coarse values (`52.5`), degrees out of range; without a key, three decimals or more in a row (`0.3506,-0.6532,0.5418`).
//! Example: `lat` = `52.520008`, `coords` = `52.520,13.405`, `x` = `-33.868820,151.209290`,
//! `$current_url` = `https://maps.example.com/place/@52.520,13.405,15z`, `x` = `POINT(13.404954 52.520008)`,
//! `x` = `52°31'12.0"N 13°24'18.0"E`, `location` = `9F4MGC22+22`
//! Misses: geohashes, place ids of maps, grids of the military.
//! Source: WGS 84; three decimals are about 110 m. Open Location Code; RFC 5870 (`geo:`); RFC 7946 (GeoJSON).

use weir_event::{Category, Evidence, Likelihood};

use crate::bytes::{find_any, find_byte, find_either};
use crate::facts::PathFacts;
use crate::gate::signal;
use crate::leaf::{Leaf, Output};

pub(crate) fn find(leaf: &Leaf<'_>, out: &mut Output<'_>) {
    let keyed = leaf.facts.has(PathFacts::GEO);
    if keyed
        && let Some((end, decimals, degrees)) = degree(leaf.text)
        && end == leaf.text.len()
    {
        if decimals >= 3 && degrees <= 180 {
            let likelihood = leaf.facts.sure(Likelihood::Likely);
            out.add(Category::LocationPrecise, likelihood, Evidence::KeyName, 0, end);
        }
        return;
    }
    if leaf.is_number {
        return;
    }
    let text = leaf.text;
    if (keyed && is_plus_code(text)) || is_in_minutes(text) {
        out.add(Category::LocationPrecise, Likelihood::Likely, Evidence::Shape, 0, text.len());
        return;
    }
    let point = has_point(text);
    if !point && !keyed && !leaf.may_have(signal::HAS_COMMA) {
        return;
    }
    let mut from = 0;
    // Between the numbers of a point stands a space.
    let between = [b',', b';', if point { b' ' } else { b',' }];
    while let Some(at) = find_any(text, from, between) {
        from = at + 1;
        if at == 0 || !text[at - 1].is_ascii_digit() {
            continue;
        }
        let len =
            text[..at].iter().rev().take(20).take_while(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-')).count();
        let start = at - len;
        if start > 0 && text[start - 1].is_ascii_alphanumeric() {
            continue;
        }
        let gap = 1 + usize::from(text.get(at + 1) == Some(&b' '));
        let Some((first, decimals, latitude)) = degree(&text[start..at]) else { continue };
        let Some((second, more_decimals, longitude)) = text.get(at + gap..).and_then(degree) else { continue };
        let decimals_min = if keyed || is_of_a_map(&text[..start]) { 3 } else { 4 };
        let precise = decimals >= decimals_min && more_decimals >= decimals_min;
        // Three decimals in a row are a vector or a list.
        let goes_on = |b: Option<&u8>| matches!(b, Some(b',' | b';'));
        let before = if start >= 2 && text[start - 1] == b' ' { start - 2 } else { start.wrapping_sub(1) };
        let after = at + gap + second;
        let pairs_go_on = text.get(after) == Some(&b' ')
            && degree(&text[after + 1..]).is_some_and(|(len, ..)| goes_on(text.get(after + 1 + len)));
        let pair_before = start >= 2 && text[start - 1] == b' ' && text[start - 2].is_ascii_digit();
        let is_list = pairs_go_on
            || pair_before
            || goes_on(text.get(before)) && before > 0 && text[before - 1].is_ascii_digit()
            || goes_on(text.get(after))
                && degree(text.get(after + 1..).unwrap_or_default().trim_ascii_start()).is_some();
        // Ratios, weights, and the arguments of a function.
        let is_ratio = latitude == 0 && longitude == 0;
        let is_argument = start >= 2 && text[start - 1] == b'(' && text[start - 2].is_ascii_alphanumeric();
        if (is_list || is_ratio || is_argument) && !keyed && !point {
            continue;
        }
        if first == len && precise && latitude.min(longitude) <= 90 && latitude.max(longitude) <= 180 {
            let likelihood = if keyed { Likelihood::VeryLikely } else { Likelihood::Likely };
            out.add(Category::LocationPrecise, likelihood, Evidence::Shape, start, at + gap + second);
        }
        if out.is_full(Category::LocationPrecise) {
            return;
        }
    }
    if keyed && text.len() <= 80 && !out.has(Category::LocationPrecise, Likelihood::Possible) && holds_a_degree(text) {
        out.add(Category::LocationPrecise, leaf.facts.sure(Likelihood::Likely), Evidence::KeyName, 0, text.len());
    }
}

/// Whether a number of degrees with three decimals or more stands anywhere, with a comma for its point four or more.
fn holds_a_degree(text: &[u8]) -> bool {
    (0..text.len()).any(|at| {
        let begins = text[at].is_ascii_digit()
            && (at == 0 || !text[at - 1].is_ascii_alphanumeric() && !matches!(text[at - 1], b'.' | b','));
        if !begins {
            return false;
        }
        let precise = degree(&text[at..]).is_some_and(|(_, decimals, degrees)| decimals >= 3 && degrees <= 180);
        let whole = text[at..].iter().take_while(|b| b.is_ascii_digit()).count();
        let comma = whole <= 3
            && text.get(at + whole) == Some(&b',')
            && text[at + whole + 1..].iter().take_while(|b| b.is_ascii_digit()).count() >= 4;
        precise || comma
    })
}

/// Whether what stands before a pair says that it is a place on a map.
fn is_of_a_map(before: &[u8]) -> bool {
    const MARKS: [&[u8]; 8] = [b"ll=", b"@", b"geo:", b"loc:", b"center=", b"query=", b"destination=", b"daddr="];
    MARKS.iter().any(|mark| before.ends_with(mark))
}

/// `9F4MGC22+22`: eight digits of the code's alphabet, a plus, two or three more.
fn is_plus_code(text: &[u8]) -> bool {
    let digit = |b: &u8| b"23456789CFGHJMPQRVWX".contains(b);
    matches!(text, [code @ .., b'+', _, _] | [code @ .., b'+', _, _, _] if code.len() == 8)
        && text.iter().all(|b| *b == b'+' || digit(b))
}

/// `52°31'12.0"N 13°24'18.0"E`: two degrees with minutes, each with its direction.
fn is_in_minutes(text: &[u8]) -> bool {
    if find_byte(text, 0, "°".as_bytes()[0]).is_none() {
        return false;
    }
    let mut found = 0;
    let mut rest = text;
    while let Some(at) = rest.windows(2).position(|w| w == "°".as_bytes()) {
        let digits = |text: &[u8]| text.iter().take_while(|b| b.is_ascii_digit()).count();
        let (before, after) = (&rest[..at], rest[at + 2..].trim_ascii_start());
        let minutes = digits(after);
        let direction = after.iter().take(20).any(|b| matches!(b, b'N' | b'S' | b'E' | b'W' | b'O'));
        if before.last().is_some_and(u8::is_ascii_digit) && (1..=2).contains(&minutes) && direction {
            found += 1;
        }
        rest = &rest[at + 2..];
    }
    found == 2
}

/// Whether `POINT(` stands in it, as WKT writes a place.
fn has_point(text: &[u8]) -> bool {
    let mut at = 0;
    while let Some(start) = find_either(text, at, b'P', b'p') {
        if let Some([word @ .., b'(' | b' ']) = text.get(start..start + 6)
            && word.eq_ignore_ascii_case(b"POINT")
        {
            return true;
        }
        at = start + 1;
    }
    false
}

/// The number that `text` begins with: its length, its decimals, its whole degrees.
fn degree(text: &[u8]) -> Option<(usize, usize, u32)> {
    let sign = usize::from(text.first() == Some(&b'-'));
    let whole = text[sign..].iter().take(4).take_while(|b| b.is_ascii_digit()).count();
    if !(1..=3).contains(&whole) || text.get(sign + whole) != Some(&b'.') {
        return None;
    }
    let degrees = text[sign..sign + whole].iter().fold(0, |sum, b| sum * 10 + u32::from(b - b'0'));
    let decimals = text[sign + whole + 1..].iter().take(20).take_while(|b| b.is_ascii_digit()).count();
    (decimals > 0).then_some((sign + whole + 1 + decimals, decimals, degrees))
}

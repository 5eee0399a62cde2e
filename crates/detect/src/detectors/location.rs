//! Where someone is, to better than about a kilometre.
//!
//! Finds: under a key of coordinates any degree with three decimals or more (`lat: 52.520008`), as text or number, and pairs
//! (`52.5200,13.4050`); without a key a pair with four decimals or more each.
//! Not one: coarse values (`52.5`), degrees out of range; without a key, three decimals or more in a row (`0.3506,-0.6532,0.5418`).
//! Misses: degrees and minutes, plus codes, geohashes.
//! Source: WGS 84; three decimals are about 110 m.

use weir_event::{Category, Evidence, Likelihood};

use crate::facts::PathFacts;
use crate::leaf::{Leaf, Output};

pub(crate) fn find(leaf: &Leaf<'_>, out: &mut Output<'_>) {
    let keyed = leaf.facts.has(PathFacts::GEO);
    if keyed
        && let Some((end, decimals, degrees)) = degree(leaf.text)
        && end == leaf.text.len()
    {
        if decimals >= 3 && degrees <= 180 {
            out.add(Category::LocationPrecise, Likelihood::Likely, Evidence::KeyName, 0, end);
        }
        return;
    }
    if leaf.is_number {
        return;
    }
    let text = leaf.text;
    let decimals_min = if keyed { 3 } else { 4 };
    for (at, byte) in text.iter().enumerate() {
        if !matches!(byte, b',' | b';') || at == 0 || !text[at - 1].is_ascii_digit() {
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
        let precise = decimals >= decimals_min && more_decimals >= decimals_min;
        // Three decimals in a row are a vector or a list.
        let goes_on = |b: Option<&u8>| matches!(b, Some(b',' | b';'));
        let before = if start >= 2 && text[start - 1] == b' ' { start - 2 } else { start.wrapping_sub(1) };
        let after = at + gap + second;
        let is_list = goes_on(text.get(before)) && before > 0 && text[before - 1].is_ascii_digit()
            || goes_on(text.get(after))
                && degree(text.get(after + 1..).unwrap_or_default().trim_ascii_start()).is_some();
        if is_list && !keyed {
            continue;
        }
        if first == len && precise && latitude <= 90 && longitude <= 180 {
            let likelihood = if keyed { Likelihood::VeryLikely } else { Likelihood::Likely };
            out.add(Category::LocationPrecise, likelihood, Evidence::Shape, start, at + gap + second);
        }
        if out.is_full(Category::LocationPrecise) {
            return;
        }
    }
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

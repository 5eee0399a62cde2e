//! IPv4 addresses.
//!
//! Finds: `203.0.113.7`, also with a port, inside text and URLs. Private ranges are possible only: they name a place in a
//! network, seldom a person.
//! Not one: loopback, `0.0.0.0`, netmasks; versions (`1.2.3.4-beta`, `v2.0.14.3`, `Chrome/120.0.0.0`, a key `version`).
//! Example: `203.0.113.7`, `client 203.0.113.7:443 refused`
//! Misses: octal, hexadecimal and single-number forms. A four-part version of large numbers under a silent key is taken for one.
//! Source: RFC 791, RFC 1918, RFC 5735.

use weir_event::{Category, Evidence, Likelihood};

use crate::digits::Run;
use crate::facts::PathFacts;
use crate::leaf::{Leaf, Output};

pub(crate) fn find(leaf: &Leaf<'_>, run: &Run<'_>, out: &mut Output<'_>) {
    let keyed = leaf.facts.has(PathFacts::IP);
    if leaf.facts.has(PathFacts::VERSION) && !keyed {
        return;
    }
    let groups = run.groups();
    // Three dots, and none before and behind.
    let dotted = run.dotted();
    let mut begins = dotted & dotted >> 1 & dotted >> 2 & !(dotted << 1) & !(dotted >> 3) & run.not_shown(4);
    while begins != 0 {
        let i = begins.trailing_zeros() as usize;
        begins &= begins - 1;
        if run.goes_on_before(i, b'.') || run.goes_on_after(i + 3, b'.') {
            continue;
        }
        let mut octets = [0_u8; 4];
        let valid = octets.iter_mut().zip(&groups[i..]).all(|(octet, group)| {
            let digits = &run.text[group.start..group.end];
            let value = digits.iter().take(4).fold(0_u32, |sum, d| sum * 10 + u32::from(d - b'0'));
            *octet = value as u8;
            digits.len() <= 3 && value <= 255 && (digits.len() == 1 || digits[0] != b'0')
        });
        let (start, end) = (groups[i].start, groups[i + 3].end);
        if !valid || run.is_glued_before(i) || run.is_glued_after(i + 3) || is_version(run.text, start, end) {
            // A value that is a version and no more: many of them show what the others of the property are.
            let is_value = start == 0 && run.text[end..].len() <= VERSION_TAIL_BYTES_MAX;
            if is_value && leaf.facts.has(PathFacts::COUNTING) {
                out.add(Category::IpAddress, Likelihood::VeryUnlikely, Evidence::Shape, start, end);
            }
            continue;
        }
        let likelihood = match octets {
            [0 | 127 | 255, ..] => continue,
            [_, _, 0, 0] if !keyed => continue,
            [10, ..] | [192, 168, ..] | [172, 16..=31, ..] | [169, 254, ..] if !keyed => Likelihood::Possible,
            [first, ..] if first >= 224 => Likelihood::Unlikely,
            _ if keyed => Likelihood::VeryLikely,
            // What the profile says is of whole values.
            _ if leaf.facts.has(PathFacts::VERSIONS_BY_PROFILE) && (start, end) == (0, run.text.len()) => {
                Likelihood::Unlikely
            }
            _ if octets.iter().all(|octet| *octet < 32) => Likelihood::Possible,
            _ => Likelihood::Likely,
        };
        out.add(Category::IpAddress, likelihood, Evidence::Shape, start, end);
        if out.is_full(Category::IpAddress) {
            return;
        }
    }
}

/// `-beta.12`, `+build.2026`.
const VERSION_TAIL_BYTES_MAX: usize = 16;

/// What stands around four numbers where they are a version.
fn is_version(text: &[u8], start: usize, end: usize) -> bool {
    if matches!(text.get(end), Some(b'-' | b'+' | b'_')) && is_of_release(&text[end + 1..]) {
        return true;
    }
    let before = &text[..start];
    match before {
        [.., b'^' | b'~'] | [.., b'>' | b'<' | b'=', b'='] | [.., b'>' | b'<', b'=', b' '] => true,
        // `Chrome/120.0.0.0`: a product token at the beginning, after a space or a parenthesis; not a path's segment.
        [product @ .., b'/'] => {
            let name = product
                .iter()
                .rev()
                .take(40)
                .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
                .count();
            let ahead = product.len().checked_sub(name + 1).map(|at| product[at]);
            let word = product.rsplit(|b| *b == b' ').next().unwrap_or_default();
            name > 0 && matches!(ahead, None | Some(b' ' | b'(' | b';' | b',' | b'+')) && !word.contains(&b':')
        }
        _ => {
            let tail = &before[before.len().saturating_sub(9)..];
            let tail = tail.strip_suffix(b" ").unwrap_or(tail);
            ends_with(tail, b"version") || ends_with(tail, b"build")
        }
    }
}

/// Whether a word begins that follows the numbers of a release: `-beta`, `+build.7`, `_rc1`. After an address anything may stand.
fn is_of_release(text: &[u8]) -> bool {
    const WORDS: [&[u8]; 20] = [
        b"alpha",
        b"beta",
        b"rc",
        b"pre",
        b"preview",
        b"dev",
        b"snapshot",
        b"build",
        b"final",
        b"release",
        b"ga",
        b"hotfix",
        b"patch",
        b"git",
        b"stable",
        b"canary",
        b"nightly",
        b"debug",
        b"sha",
        b"post",
    ];
    let letters = text.iter().take(10).take_while(|b| b.is_ascii_alphabetic()).count();
    let word = &text[..letters];
    letters == 1 || WORDS.iter().any(|known| word.eq_ignore_ascii_case(known))
}

fn ends_with(text: &[u8], word: &[u8]) -> bool {
    text.len() >= word.len() && text[text.len() - word.len()..].eq_ignore_ascii_case(word)
}

//! IPv6 addresses.
//!
//! Finds: `2001:db8::a1b2`, `[2001:db8::1]:443`, `::ffff:203.0.113.7`, `fe80::1%eth0`.
//! Not one: times (`12:34:56`), MAC addresses, loopback, `Foo::bar`.
//! Example: `2001:db8::a1b2`, `[2001:db8:0:1:2:3:4:5]:443`
//! Misses: addresses glued to letters.
//! Source: RFC 4291, RFC 5952.

use std::net::Ipv6Addr;

use weir_event::{Category, Evidence, Likelihood};

use crate::bytes::find_byte;
use crate::facts::PathFacts;
use crate::leaf::{Leaf, Output};

const BYTES_MAX: usize = 45;

pub(crate) fn find(leaf: &Leaf<'_>, out: &mut Output<'_>) {
    let text = leaf.text;
    let keyed = leaf.facts.has(PathFacts::IP);
    let mut at = 0;
    // Every address has a colon; what is of it stands around the first.
    while let Some(colon) = find_byte(text, at, b':') {
        // Behind most colons stands nothing of an address, and it has two.
        if !text.get(colon + 1).is_some_and(|byte| is_part(*byte)) {
            at = colon + 1;
            continue;
        }
        let start = colon - text[at..colon].iter().rev().take_while(|b| is_part(**b)).count();
        at = start;
        let (mut colons, mut classes, mut before) = (0, 0, 0);
        while let Some(byte) = text.get(at)
            && is_part(*byte)
        {
            let class = CLASSES[usize::from(*byte)];
            colons += u32::from(class & COLON);
            classes |= class | ((class & before & COLON) * DOUBLED);
            before = class;
            at += 1;
        }
        // A sentence's colon or stop, or a label's colon (`ip:2001:db8::1` begins with a label that is no part).
        let mut token = &text[start..at];
        let mut begin = start;
        let is_labelled = token.first() == Some(&b':') && token.get(1) != Some(&b':');
        if is_labelled {
            token = &token[1..];
            begin += 1;
        }
        let glued = !is_labelled && start > 0 && text[start - 1].is_ascii_alphanumeric()
            || text.get(at).is_some_and(u8::is_ascii_alphanumeric);
        // One that is not shortened has seven colons, or six and an IPv4 address.
        if colons < 2 || (colons < 6 && classes & DOUBLED == 0) || classes & DIGIT == 0 || glued {
            continue;
        }
        while matches!(token, [.., b'.']) || (matches!(token, [.., b':']) && !token.ends_with(b"::")) {
            token = &token[..token.len() - 1];
        }
        if token.len() > BYTES_MAX || token.len() < 4 {
            continue;
        }
        let groups = token.split(|b| *b == b':').filter(|g| !g.is_empty()).count();
        let first = token.iter().take_while(|b| **b != b':').count();
        let likelihood = match (keyed, groups) {
            (true, _) => Likelihood::VeryLikely,
            (false, 8) => Likelihood::Likely,
            (false, 2..) if first >= 3 || token.starts_with(b"::ffff:") => Likelihood::Likely,
            (false, 3..) => Likelihood::Possible,
            _ => continue,
        };
        let Some(address) = std::str::from_utf8(token).ok().and_then(|t| t.parse::<Ipv6Addr>().ok()) else { continue };
        if address.is_loopback() || address.is_unspecified() {
            continue;
        }
        out.add(Category::IpAddress, likelihood, Evidence::Shape, begin, begin + token.len());
        if out.is_full(Category::IpAddress) {
            return;
        }
    }
}

/// Bits of [`CLASSES`].
const COLON: u8 = 1;
const DIGIT: u8 = 2;
const PART: u8 = 4;
/// Of a token: two colons stand beside each other.
const DOUBLED: u8 = 8;

/// What a byte is of an address: nothing, or a part and which.
static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b':' => PART | COLON,
            b'0'..=b'9' => PART | DIGIT,
            b'a'..=b'f' | b'A'..=b'F' | b'.' => PART,
            _ => 0,
        };
        byte += 1;
    }
    classes
};

fn is_part(byte: u8) -> bool {
    CLASSES[usize::from(byte)] != 0
}

//! E-mail addresses.
//!
//! Finds: `ada@example.com`, also inside text, URLs and JSON; `ada%40example.com` through the decode pass. The domain must end in
//! a top-level domain of the compact table. Under an e-mail key any domain with a dot is enough.
//! Where the domain goes on behind a top-level domain by something that is none of it, by a quotation mark, by a letter of another
//! script, by `_`, `-` or a file's ending, the address is what stands before.
//! Not one: `icon@2x.png`, `lodash@4.17.21`, `git@github.com:org/repo`, `ssh://git@github.com/org/repo`, `logo@2x.zip`.
//! Example: `ada@example.com`, `https://app.example.com/?e=ada%40example.com`, `email` = `ada@intranet.firma`
//! Misses: quoted local parts with spaces, addresses at an IP literal, top-level domains newer than the table.
//! Source: RFC 5321 §4.1.2 cut down to what providers accept; IANA root zone.

use weir_event::{Category, Evidence, Likelihood};

use crate::bytes::find_byte;
use crate::facts::PathFacts;
use crate::leaf::{Leaf, Output};
use crate::tld::is_tld;

const LOCAL_BYTES_MAX: usize = 64;
const DOMAIN_BYTES_MAX: usize = 253;

pub(crate) fn find(leaf: &Leaf<'_>, out: &mut Output<'_>) {
    let text = leaf.text;
    let mut from = 0;
    while let Some(at) = find_byte(text, from, b'@') {
        from = at + 1;
        let local = text[..at].iter().rev().take(LOCAL_BYTES_MAX).take_while(|b| is_local(**b)).count();
        let mut start = at - local;
        // What stands before an escape is known better from the decoded text; here it only may be an address.
        let is_escape = |w: &[u8]| w[0] == b'%' && w[1].is_ascii_hexdigit() && w[2].is_ascii_hexdigit();
        let escape = match find_byte(&text[start..at], 0, b'%') {
            Some(_) => text[start..at].windows(3).rposition(is_escape),
            None => None,
        };
        start += escape.map_or(0, |place| place + 3);
        while start < at && !text[start].is_ascii_alphanumeric() && text[start] < 0x80 && text[start] != b'_' {
            start += 1;
        }
        let rest = &text[at + 1..];
        if start == at {
            continue;
        }
        let Some((len, is_whole)) = mail_domain(rest, leaf.facts.has(PathFacts::EMAIL)) else { continue };
        let domain = &rest[..len];
        if is_program(&text[..start], &text[start..at], &rest[len..]) || is_scaled_image(domain) {
            continue;
        }
        let likelihood = match leaf.facts.has(PathFacts::EMAIL) {
            _ if escape.is_some() => Likelihood::Possible,
            true => Likelihood::VeryLikely,
            false if !is_whole || is_file(domain) => Likelihood::Possible,
            false => Likelihood::Likely,
        };
        out.add(Category::ContactEmail, likelihood, Evidence::Shape, start, at + 1 + len);
        if out.is_full(Category::ContactEmail) {
            return;
        }
    }
}

/// Bits of [`CLASSES`].
const LOCAL: u8 = 1;
const DOMAIN: u8 = 2;

static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        let both = b.is_ascii_alphanumeric() || b >= 0x80 || matches!(b, b'.' | b'-' | b'_');
        let local = matches!(b, b'%' | b'+' | b'\'' | b'!' | b'#' | b'$' | b'*' | b'~' | b'^');
        classes[byte] = if both {
            LOCAL | DOMAIN
        } else if local {
            LOCAL
        } else {
            0
        };
        byte += 1;
    }
    classes
};

fn is_local(byte: u8) -> bool {
    CLASSES[usize::from(byte)] & LOCAL != 0
}

fn is_domain(byte: u8) -> bool {
    CLASSES[usize::from(byte)] & DOMAIN != 0
}

/// How long the domain at the beginning of `rest` is, and whether what follows cannot be of it.
fn mail_domain(rest: &[u8], keyed: bool) -> Option<(usize, bool)> {
    let mut end = rest.iter().take(DOMAIN_BYTES_MAX).take_while(|b| is_domain(**b)).count();
    while end > 0 && matches!(rest[end - 1], b'.' | b'-' | b'_') {
        end -= 1;
    }
    let mut is_whole = true;
    loop {
        let dot = rest[..end].iter().rposition(|b| *b == b'.')?;
        let (host, label) = (&rest[..dot], &rest[dot + 1..end]);
        if host.is_empty() || host[0] == b'.' || host[0] == b'-' {
            return None;
        }
        let plausible = label.len() >= 2 && label.iter().all(|b| b.is_ascii_alphabetic() || *b >= 0x80);
        if is_tld(label) || (label.len() >= 4 && label.iter().all(|b| *b >= 0x80)) || (keyed && plausible) {
            return Some((end, is_whole));
        }
        let letters = label.iter().take_while(|b| b.is_ascii_alphabetic()).count();
        if letters >= 2 && label.get(letters).is_some_and(|b| !b.is_ascii_alphanumeric()) && is_tld(&label[..letters]) {
            return Some((dot + 1 + letters, is_whole && label[letters] >= 0x80));
        }
        // A sentence may go on without a space: `ada@example.com.Please`. Else what follows is a file's ending, or nobody knows.
        is_whole &= label.first().is_some_and(u8::is_ascii_uppercase);
        end = dot;
    }
}

/// `git@github.com:org/repo`, `ssh://git@github.com/org`, and the key of a DSN: who logs in there is no person.
fn is_program(before: &[u8], local: &[u8], after: &[u8]) -> bool {
    let in_url = before.ends_with(b"://");
    let is_key = local.len() >= 16 && local.iter().all(u8::is_ascii_hexdigit);
    (local == b"git" && (in_url || after.first() == Some(&b':'))) || (in_url && is_key)
}

/// `mobile.zip`: domains that end in it are few, files many.
fn is_file(domain: &[u8]) -> bool {
    let lower = |ending: &[u8]| {
        domain.len() > ending.len() && domain[domain.len() - ending.len()..].eq_ignore_ascii_case(ending)
    };
    domain.iter().filter(|b| **b == b'.').count() == 1 && (lower(b".zip") || lower(b".mov"))
}

/// `2x.zip`: the scale of an image or a version, with a file ending that is a top-level domain too.
fn is_scaled_image(domain: &[u8]) -> bool {
    let first = domain.split(|b| *b == b'.').next().unwrap_or_default();
    first.len() >= 2 && first.last() == Some(&b'x') && first[..first.len() - 1].iter().all(u8::is_ascii_digit)
}

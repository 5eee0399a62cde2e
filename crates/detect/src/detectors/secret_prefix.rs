//! Credentials that begin with a prefix that only they have.
//!
//! Finds: keys and tokens of AWS, GitHub, GitLab, Slack, Stripe, OpenAI, Anthropic, Google, SendGrid, Twilio, npm, PyPI, Shopify,
//! Hugging Face and others of the table; private keys in PEM; JSON web tokens; `Bearer …` and `Basic …`; Slack web-hooks.
//! GitHub's tokens carry a CRC-32: one that does not match is only possible.
//! Not one: publishable keys (`pk_live_…`), CSS classes (`sk-folding-cube`), `Bearer token expected`.
//! Misses: credentials without a prefix (only by key: `secret_keyed`), prefixes newer than the table.
//! Source: the vendors' own documentation of their token formats; RFC 7519, RFC 6750, RFC 7617, RFC 7468.

use weir_event::{Category, Evidence, Likelihood};

use crate::decode;
use crate::leaf::{Leaf, Output};

/// What may follow a prefix.
#[derive(Clone, Copy, PartialEq)]
enum Class {
    /// Letters and digits.
    Alnum,
    /// Letters, digits, `-` and `_`.
    Word,
    /// Letters, digits, `-`, `_`, `.`, `+`, `/`, `=`.
    Wide,
    /// Upper-case letters and digits.
    Upper,
    /// Hexadecimal digits.
    Hex,
    /// As `Word`, and not only words: it must hold a digit and two cases, so that no CSS class is one.
    Random,
    /// GitHub's 30 letters and digits with a CRC-32 in base 62 behind.
    Checked,
}

#[rustfmt::skip]
const PREFIXES: &[(&[u8], Class, usize)] = &[
    (b"AKIA", Class::Upper, 16), (b"ASIA", Class::Upper, 16), (b"ABIA", Class::Upper, 16), (b"ACCA", Class::Upper, 16),
    (b"AIza", Class::Word, 35), (b"AGE-SECRET-KEY-1", Class::Upper, 58), (b"EAAA", Class::Word, 60),
    (b"GOCSPX-", Class::Word, 20), (b"NRAK-", Class::Upper, 27), (b"PMAK-", Class::Word, 24), (b"SG.", Class::Wide, 40),
    (b"SK", Class::Hex, 32), (b"dapi", Class::Hex, 32), (b"dckr_pat_", Class::Word, 27), (b"doo_v1_", Class::Hex, 64),
    (b"dop_v1_", Class::Hex, 64), (b"dp.pt.", Class::Alnum, 40), (b"figd_", Class::Word, 38), (b"ghp_", Class::Checked, 36),
    (b"gho_", Class::Checked, 36), (b"ghu_", Class::Checked, 36), (b"ghs_", Class::Checked, 36),
    (b"ghr_", Class::Checked, 36), (b"github_pat_", Class::Word, 60), (b"glpat-", Class::Word, 20),
    (b"glc_", Class::Wide, 32), (b"glsa_", Class::Word, 32), (b"gsk_", Class::Alnum, 40), (b"hf_", Class::Alnum, 30),
    (b"hvs.", Class::Word, 24), (b"key-", Class::Hex, 32), (b"lin_api_", Class::Alnum, 40), (b"npm_", Class::Alnum, 36),
    (b"ntn_", Class::Alnum, 40), (b"pplx-", Class::Alnum, 40), (b"pypi-AgEI", Class::Word, 50), (b"r8_", Class::Alnum, 37),
    (b"rk_live_", Class::Alnum, 20), (b"rk_test_", Class::Alnum, 20), (b"sk_live_", Class::Alnum, 20),
    (b"sk_test_", Class::Alnum, 20), (b"shpat_", Class::Hex, 32), (b"shpca_", Class::Hex, 32), (b"shppa_", Class::Hex, 32),
    (b"shpss_", Class::Hex, 32), (b"sk-ant-", Class::Word, 24), (b"sk-proj-", Class::Word, 24),
    (b"sk-svcacct-", Class::Word, 24), (b"sk-or-", Class::Word, 24), (b"sk-", Class::Random, 20),
    (b"sntrys_", Class::Wide, 40), (b"sq0atp-", Class::Word, 22), (b"sq0csp-", Class::Word, 40), (b"tfp_", Class::Word, 40),
    (b"whsec_", Class::Wide, 24), (b"xai-", Class::Alnum, 40), (b"xapp-", Class::Word, 20), (b"xoxa-", Class::Word, 15),
    (b"xoxb-", Class::Word, 15), (b"xoxc-", Class::Word, 15), (b"xoxd-", Class::Wide, 15), (b"xoxe-", Class::Word, 15),
    (b"xoxe.", Class::Wide, 15), (b"xoxo-", Class::Word, 15), (b"xoxp-", Class::Word, 15), (b"xoxr-", Class::Word, 15),
    (b"xoxs-", Class::Word, 15), (b"ya29.", Class::Word, 20),
];

/// Where the prefixes of each first byte begin in the table, and how many there are.
const INDEX: [(u8, u8); 256] = {
    let mut index = [(0, 0); 256];
    let mut i = 0;
    while i < PREFIXES.len() {
        let first = PREFIXES[i].0[0] as usize;
        if index[first].1 == 0 {
            index[first].0 = i as u8;
        }
        assert!(index[first].0 + index[first].1 == i as u8, "prefixes of one first byte stand together");
        index[first].1 += 1;
        i += 1;
    }
    index
};

/// Which bytes begin a prefix, or one of the forms that have code of their own; and which are letters or digits.
const BEGINS: [(bool, bool); 256] = {
    let mut begins = [(false, false); 256];
    let mut i = 0;
    while i < PREFIXES.len() {
        begins[PREFIXES[i].0[0] as usize].0 = true;
        i += 1;
    }
    begins[b'e' as usize].0 = true;
    begins[b'B' as usize].0 = true;
    begins[b'b' as usize].0 = true;
    begins[b'h' as usize].0 = true;
    begins[b'-' as usize].0 = true;
    let mut byte = 0;
    while byte < 256 {
        begins[byte].1 = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    begins
};
/// No credential of the table is shorter.
const TOKEN_BYTES_MIN: usize = 12;

pub(crate) fn find(leaf: &Leaf<'_>, out: &mut Output<'_>) {
    let text = leaf.text;
    let mut boundary = true;
    let mut at = 0;
    // One attempt at a JSON web token in each run of its characters keeps the walk linear.
    let mut token_tried_until = 0;
    while at + TOKEN_BYTES_MIN <= text.len() {
        let candidate = text[at..=text.len() - TOKEN_BYTES_MIN].iter().position(|byte| {
            let (begins, is_alphanumeric) = BEGINS[usize::from(*byte)];
            let here = boundary & begins;
            boundary = !is_alphanumeric;
            here
        });
        let Some(candidate) = candidate else { return };
        at += candidate;
        let byte = text[at];
        let rest = &text[at..];
        let found = match byte {
            b'e' if rest.starts_with(b"eyJ") && at >= token_tried_until => {
                token_tried_until = at + rest.iter().take_while(|b| is_word(**b)).count();
                web_token(rest).map(|len| (len, Category::SecretToken, Likelihood::VeryLikely))
            }
            b'B' | b'b' => authorization(rest).map(|len| (len, Category::SecretToken, Likelihood::Likely)),
            b'h' if rest.starts_with(b"hooks.slack.com/services/T") => {
                Some((rest.len().min(80), Category::SecretToken, Likelihood::VeryLikely))
            }
            b'-' if rest.starts_with(b"-----BEGIN ") => {
                private_key(rest).map(|len| (len, Category::Secret, Likelihood::VeryLikely))
            }
            _ => None,
        };
        let found = found.or_else(|| prefixed(rest).map(|(len, likelihood)| (len, Category::SecretToken, likelihood)));
        let Some((len, category, likelihood)) = found else {
            at += 1;
            continue;
        };
        out.add(category, likelihood, Evidence::Prefix, at, at + len);
        if out.is_full(category) {
            return;
        }
        boundary = false;
        at += len;
    }
}

fn prefixed(text: &[u8]) -> Option<(usize, Likelihood)> {
    let (first, count) = INDEX[usize::from(*text.first()?)];
    for (prefix, class, min) in &PREFIXES[usize::from(first)..usize::from(first + count)] {
        if text.get(1) != prefix.get(1) {
            continue;
        }
        let Some(rest) = text.strip_prefix(*prefix) else { continue };
        let is_in = |b: &u8| match class {
            Class::Alnum | Class::Checked => b.is_ascii_alphanumeric(),
            Class::Word | Class::Random => is_word(*b),
            Class::Wide => is_word(*b) || matches!(b, b'.' | b'+' | b'/' | b'='),
            Class::Upper => b.is_ascii_uppercase() || b.is_ascii_digit(),
            Class::Hex => b.is_ascii_hexdigit(),
        };
        // Long enough to see the whole of any of them, short enough that a walk over prefixes stays linear.
        let len = rest.iter().take(*min).take_while(|b| is_in(b)).count();
        if len < *min {
            continue;
        }
        let body = &rest[..len];
        let exact = matches!(class, Class::Upper | Class::Hex | Class::Checked);
        if exact && rest.get(len).is_some_and(u8::is_ascii_alphanumeric) {
            continue;
        }
        let has = |test: fn(&u8) -> bool| body.iter().any(test);
        let mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
        if *class == Class::Random && !mixed {
            continue;
        }
        if !has(u8::is_ascii_digit) && !has(u8::is_ascii_uppercase) {
            continue;
        }
        let likelihood = match class {
            Class::Checked if !has_github_checksum(body) => Likelihood::Possible,
            _ => Likelihood::VeryLikely,
        };
        let tail = rest[len..].iter().take(512).take_while(|b| is_in(b)).count();
        return Some((prefix.len() + len + tail, likelihood));
    }
    None
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

/// Three parts with dots, the first a JSON header that names an algorithm.
fn web_token(text: &[u8]) -> Option<usize> {
    let part = |from: usize| from + text[from..].iter().take_while(|b| is_word(**b)).count();
    let header_end = part(0);
    if text.get(header_end) != Some(&b'.') {
        return None;
    }
    let payload_end = part(header_end + 1);
    if payload_end < header_end + 3 || text.get(payload_end) != Some(&b'.') {
        return None;
    }
    let mut header = [0; 192];
    let len = decode::base64_prefix(&text[..header_end], &mut header);
    let header = &header[..len];
    let names = |word: &[u8]| header.windows(word.len()).any(|w| w == word);
    (header.starts_with(b"{") && (names(b"\"alg\"") || names(b"\"typ\"") || names(b"\"enc\"")))
        .then(|| part(payload_end + 1))
}

/// `Bearer` or `Basic` and a credential, the space also as `%20` or `+`.
fn authorization(text: &[u8]) -> Option<usize> {
    let (scheme, min) = if starts_with(text, b"bearer") {
        (6, 16)
    } else if starts_with(text, b"basic") {
        (5, 8)
    } else {
        return None;
    };
    let gap = match text.get(scheme..)? {
        [b' ' | b'+', ..] => 1,
        [b'%', b'2', b'0', ..] => 3,
        [b':', b' ', ..] => 2,
        _ => return None,
    };
    let start = scheme + gap;
    let credential = &text[start..];
    let len = credential
        .iter()
        .take(4_096)
        .take_while(|b| is_word(**b) || matches!(b, b'.' | b'~' | b'+' | b'/' | b'=' | b'%'))
        .count();
    let credential = &credential[..len];
    if len < min {
        return None;
    }
    let proven = if scheme == 5 {
        let mut decoded = [0; 192];
        let len = decode::base64_prefix(credential, &mut decoded);
        decoded[..len].contains(&b':') && decoded[..len].iter().all(|b| (0x20..0x7f).contains(b))
    } else {
        credential.iter().any(u8::is_ascii_digit) || credential.iter().any(u8::is_ascii_uppercase)
    };
    proven.then_some(start + len)
}

fn starts_with(text: &[u8], word: &[u8]) -> bool {
    text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word))
}

/// `-----BEGIN [RSA|EC|OPENSSH|ENCRYPTED|PGP] PRIVATE KEY`.
fn private_key(text: &[u8]) -> Option<usize> {
    let head = &text[..text.len().min(64)];
    let at = head.windows(11).position(|w| w == b"PRIVATE KEY")?;
    Some(at + 11)
}

/// GitHub: the last six characters are the CRC-32 of the first thirty, in base 62.
fn has_github_checksum(body: &[u8]) -> bool {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let (Some(random), Some(checksum)) = (body.get(..30), body.get(30..36)) else { return false };
    let mut crc = !0_u32;
    for byte in random {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    let mut crc = !crc;
    checksum.iter().rev().all(|byte| {
        let digit = DIGITS[(crc % 62) as usize];
        crc /= 62;
        *byte == digit
    })
}

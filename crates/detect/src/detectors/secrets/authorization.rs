//! Credentials in the form of HTTP's authorization, and of headers that carry a key.
//!
//! Finds: `Bearer …`, `Basic …` whose base64 holds a colon, `Authorization: Token …`, `X-Api-Key: …`, `X-Auth-Token: …`; the
//! space also as `%20` or `+`.
//! Not one: `Bearer token authentication failed`, `Basic plan with 10 seats`.
//! Example: `Authorization: Bearer {alnum 24}`, `Basic YWRhOmh1bnRlcjI=`, `X-Api-Key: {alnum 32}`
//! Misses: credentials of fewer than 16 characters; digest authentication, which carries none.
//! Source: RFC 6750; RFC 7617; RFC 9110 §11.6.2.

use weir_event::{Category, Likelihood};

use crate::decode;
use crate::detectors::anchored::Part::{Assign, AtLeast};
use crate::detectors::anchored::{Anchored, LETTER, Seen, Verdict, WIDE, form, likely};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_authorization",
    category: Category::SecretToken,
    forms: &[
        form(b"Bearer", &[], bearer),
        form(b"bearer", &[], bearer),
        form(b"BEARER", &[], bearer),
        form(b"Basic", &[], basic),
        form(b"basic", &[], basic),
        form(b"BASIC", &[], basic),
        form(b"Authorization", &[Assign], header),
        form(b"authorization", &[Assign], header),
        form(b"AUTHORIZATION", &[Assign], header),
        form(b"X-Api-Key", &[Assign, AtLeast(WIDE, 16)], header_key),
        form(b"x-api-key", &[Assign, AtLeast(WIDE, 16)], header_key),
        form(b"X-API-Key", &[Assign, AtLeast(WIDE, 16)], header_key),
        form(b"X-API-KEY", &[Assign, AtLeast(WIDE, 16)], header_key),
        form(b"X-Auth-Token", &[Assign, AtLeast(WIDE, 16)], header_key),
        form(b"x-auth-token", &[Assign, AtLeast(WIDE, 16)], header_key),
        form(b"X-Access-Token", &[Assign, AtLeast(WIDE, 16)], header_key),
        form(b"x-access-token", &[Assign, AtLeast(WIDE, 16)], header_key),
    ],
};

/// How much of a credential is looked at for proof, and how much of it belongs to it. The first is small, so that a text of schemes
/// without credentials costs little.
const PROOF_BYTES: usize = 64;
const BYTES_MAX: usize = 4_096;

fn bearer(seen: &Seen<'_>) -> Option<Verdict> {
    let gap = gap(seen.after())?;
    let credential = &seen.after()[gap..];
    let proof = &credential[..WIDE.run(credential, PROOF_BYTES)];
    let proven = proof.iter().any(u8::is_ascii_digit) || proof.iter().any(u8::is_ascii_uppercase);
    if proven && proof.len() >= 16 { whole(seen, gap) } else { None }
}

fn basic(seen: &Seen<'_>) -> Option<Verdict> {
    const BYTES_MIN: usize = 8;
    let gap = gap(seen.after())?;
    let credential = &seen.after()[gap..];
    let is_text = |bytes: &[u8]| bytes.iter().all(|b| (0x20..0x7f).contains(b));
    let mut decoded = [0; 192];
    // Most words behind `basic` are no base64 of text: their beginning shows it.
    let head = decode::base64_prefix(credential.get(..BYTES_MIN)?, &mut decoded);
    if head < 6 || !is_text(&decoded[..head]) {
        return None;
    }
    let len = decode::base64_prefix(credential, &mut decoded);
    if decoded[..len].contains(&b':') && is_text(&decoded[..len]) { whole(seen, gap) } else { None }
}

/// `Authorization: ApiKey …`: a scheme of letters, or none, and a credential.
fn header(seen: &Seen<'_>) -> Option<Verdict> {
    let after = seen.after();
    let scheme = LETTER.run(after, 12);
    let skip = if after.get(scheme) == Some(&b' ') { scheme + 1 } else { 0 };
    // What is looked at where it stands, here or in a vendor's file.
    const KNOWN: [&[u8]; 4] = [b"bearer", b"basic", b"splunk", b"ssws"];
    if KNOWN.iter().any(|word| after[..scheme].eq_ignore_ascii_case(word)) || after.starts_with(b"Token token=") {
        return None;
    }
    let credential = &after[skip..];
    let proof = &credential[..WIDE.run(credential, PROOF_BYTES)];
    let has = |test: fn(&u8) -> bool| proof.iter().any(test);
    let fits = proof.len() >= 16 && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    if fits { whole(seen, skip) } else { None }
}

/// The scheme, what stands between, and all of the credential.
fn whole(seen: &Seen<'_>, gap: usize) -> Option<Verdict> {
    let len = gap + WIDE.run(&seen.after()[gap..], BYTES_MAX);
    seen.is(Likelihood::Likely).map(|verdict| verdict.and_after(len))
}

/// The key of a header: it holds letters and digits.
fn header_key(seen: &Seen<'_>) -> Option<Verdict> {
    if seen.body().iter().any(u8::is_ascii_alphabetic) { likely(seen) } else { None }
}

/// The space behind the scheme.
fn gap(after: &[u8]) -> Option<usize> {
    match after {
        [b' ' | b'+', ..] => Some(1),
        [b'%', b'2', b'0', ..] => Some(3),
        [b':', b' ', ..] => Some(2),
        _ => None,
    }
}

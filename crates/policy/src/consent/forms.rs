//! How consent platforms write a yes or a no.

use std::borrow::Cow;

use weir_event::ConsentState;

const YES: [&str; 14] = [
    "true",
    "1",
    "yes",
    "y",
    "granted",
    "given",
    "accepted",
    "allow",
    "allowed",
    "opt_in",
    "opted_in",
    "opt-in",
    "optin",
    "consented",
];
const NO: [&str; 17] = [
    "false",
    "0",
    "no",
    "n",
    "denied",
    "deny",
    "refused",
    "rejected",
    "declined",
    "disallowed",
    "opt_out",
    "opted_out",
    "opt-out",
    "optout",
    "withdrawn",
    "revoked",
    "none",
];

/// A word for yes or no; whatever else is unknown.
pub(super) fn word(text: &[u8]) -> ConsentState {
    let text = text.trim_ascii();
    let is_one_of = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word.as_bytes()));
    if is_one_of(&YES) {
        ConsentState::Given
    } else if is_one_of(&NO) {
        ConsentState::Refused
    } else {
        ConsentState::Unknown
    }
}

/// `…&groups=C0001:1,C0002:0&…`, percent-encoded once or twice or not at all.
pub(super) fn one_trust(text: &[u8], mut category: impl FnMut(&[u8], ConsentState)) {
    // A framework may have encoded the whole of it.
    let text = if memchr::memchr(b'=', text).is_none() { percent_decoded(text) } else { Cow::Borrowed(text) };
    for groups in text.split(|b| *b == b'&').filter_map(|pair| pair.strip_prefix(b"groups=")) {
        for group in percent_decoded(groups).split(|b| *b == b',') {
            if let Some(colon) = memchr::memrchr(b':', group) {
                category(&group[..colon], word(&group[colon + 1..]));
            }
        }
    }
}

/// `{stamp:'…',necessary:true,preferences:false,…}`, percent-encoded or not.
pub(super) fn cookiebot(text: &[u8], mut category: impl FnMut(&[u8], ConsentState)) {
    let text = percent_decoded(text);
    let text = text.trim_ascii();
    let Some(inner) = text.strip_prefix(b"{").and_then(|text| text.strip_suffix(b"}")) else { return };
    for pair in inner.split(|b| *b == b',') {
        if let Some(colon) = memchr::memchr(b':', pair) {
            category(pair[..colon].trim_ascii(), word(&pair[colon + 1..]));
        }
    }
}

fn percent_decoded(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'%', text).is_none() {
        return Cow::Borrowed(text);
    }
    let digit = |at: usize| text.get(at).and_then(|b| char::from(*b).to_digit(16));
    let (mut out, mut at) = (Vec::with_capacity(text.len()), 0);
    while let Some(byte) = text.get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    Cow::Owned(out)
}

//! Credentials that only the key gives away.
//!
//! Finds: one word of 8 bytes or more with a digit or two cases under a key of secrets (`token`, `client_secret`, `Authorization`);
//! from 16 bytes on likely, before that possible. So the keys of vendors that give them no form of their own are found: Algolia,
//! Auth0, Cohere, Mistral, Segment, Snowflake and many more.
//! Not one: sentences, `true`, enumerations (`secret`, `restricted`), numbers (`{"token": 17}` counts something), what stands for a
//! secret (`${API_KEY}`, `<your-token>`, `[Filtered]`, `YOUR_API_KEY`, `********`), names of programs (`OAuth2TokenProvider`), paths.
//! A value that another detector knows (an e-mail address, an IP address) is that and no secret.
//! Example: `client_secret` = `{hex 40}`, `api_key` = `{alnum 32}`
//! Misses: short or all-letter secrets.
//! Source: key vocabulary of the vendors' SDKs; the words of placeholders in the vendors' documentation.

use weir_event::{Category, Evidence, Likelihood};

use crate::leaf::{Leaf, Output};
use crate::randomness::{WORDY, mean_cost};

pub(crate) fn find(leaf: &Leaf<'_>, out: &mut Output<'_>) {
    let text = leaf.text;
    if leaf.is_number || text.len() < 8 || out.is_explained(0, text.len()) {
        return;
    }
    if let Some(likelihood) = judge(text) {
        out.add(Category::Secret, likelihood, Evidence::KeyName, 0, text.len());
    }
}

/// How likely a value is a secret that is named so.
pub(crate) fn judge(text: &[u8]) -> Option<Likelihood> {
    let has = |test: fn(&u8) -> bool| text.iter().any(test);
    // A percent sign: the decoded form is looked at instead.
    let one_word = !has(|b| b.is_ascii_whitespace() || *b == b'%');
    let mixed = has(u8::is_ascii_digit) || (has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase));
    if !one_word || !mixed || stands_for_one(text) {
        return None;
    }
    Some(match text.len() {
        16.. if is_wordy(text) => Likelihood::Unlikely,
        16.. => Likelihood::Likely,
        _ => Likelihood::Possible,
    })
}

/// A place where a secret will be put, or one that was taken out: `${API_KEY}`, `{{ token }}`, `<your-token>`, `[Filtered]`.
fn stands_for_one(text: &[u8]) -> bool {
    const OPENS: &[&[u8]] = &[
        b"${",
        b"{{",
        b"<",
        b"[",
        b"$(",
        b"process.env",
        b"os.environ",
        b"env.",
        b"vault:",
        b"ssm:",
        b"arn:",
        b"op://",
    ];
    const WORDS: &[&[u8]] = &[
        b"your",
        b"example",
        b"changeme",
        b"placeholder",
        b"redacted",
        b"filtered",
        b"xxxx",
        b"****",
        b"dummy",
        b"insert",
    ];
    let beginning = |word: &[u8]| text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
    let within = |word: &[u8]| text.windows(word.len()).take(64).any(|w| w.eq_ignore_ascii_case(word));
    OPENS.iter().any(|open| beginning(open))
        || (text[0] == b'$' && text[1..].iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_'))
        || (text.len() <= 64 && is_wordy(text) && WORDS.iter().any(|word| within(word)))
}

/// Made of words: an identifier of a program, a path, a slug. A digest or a UUID is none.
fn is_wordy(text: &[u8]) -> bool {
    let letters = text.iter().filter(|b| b.is_ascii_alphabetic()).count();
    let hex = text.iter().all(|b| b.is_ascii_hexdigit() || *b == b'-');
    !hex && 10 * letters >= 7 * text.len() && mean_cost(text) < WORDY - 4
}

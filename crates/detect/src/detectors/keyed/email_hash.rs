//! Hashes of e-mail addresses and telephone numbers, which advertisers match persons by.
//!
//! Finds: a digest in hexadecimal (MD5, SHA-1, SHA-256, SHA-512) or a SHA-256 in base64 under a key of hashed addresses.
//! Not one: anything else under such a key: whether one was made, or with which sum.
//! Example: `email_sha256` = `{hex 64}`, `hashed_email` = `{hex 32}`, `user_data.em` = `{hex 64}`, `emailMd5` = `{hex 32}`
//! Misses: the same digests under keys that say nothing; Gravatar's addresses are `gravatar`'s.
//! Source: Meta's Conversions API and Google's enhanced conversions (hashing of customer information).

use weir_event::{Category, Likelihood};

use super::{Fit, Keyed, Vocabulary};
use crate::digits::all_hexadecimal;
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "email_hash",
    category: Category::PseudonymousId,
    facts: PathFacts::EMAIL_HASH,
    also: PathFacts::NONE,
    likelihood: Likelihood::Likely,
    fits,
    words: Vocabulary {
        always: "emailhash emailhashed hashedemail hashemail hashedemailaddress emailaddresshash emailsha emailmd shaemail mdemail
            shaemailaddress shaofemail mdofemail emaildigest emailhex hashedmail mailhash hem em emhash hashedem emailencoded
            lowercaseemailhash gravatarhash gravatarid phonehash hashedphone hashedphonenumber phonesha shaphone shaphonenumber
            phonemd ph phhash userhash hasheduserid externalidhash",
        ..Vocabulary::NONE
    },
};

fn fits(value: &[u8], is_number: bool) -> Fit {
    let value = value.strip_prefix(b"sha256:").or(value.strip_prefix(b"md5:")).unwrap_or(value);
    let is_hex = matches!(value.len(), 32 | 40 | 56 | 64 | 96 | 128) && all_hexadecimal(value);
    let is_base64 = value.len() == 44
        && value.ends_with(b"=")
        && value[..43].iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_'));
    if !is_number && (is_hex || is_base64) { Fit::Yes } else { Fit::No }
}

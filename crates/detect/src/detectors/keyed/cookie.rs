//! Cookies as a browser sends them.
//!
//! Finds: a value of eight bytes or more under a key of cookies.
//! Not one: a consent (`cookies: accepted`).
//! Example: `cookie` = `sid=8f2c1a; theme=dark`, `document.cookie` = `_ga=GA1.2.3456`
//! Misses: the same values under keys that say nothing.
//! Source: RFC 6265.

use weir_event::{Category, Likelihood};

use super::{Fit, Keyed, Vocabulary};
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "cookie",
    category: Category::Cookie,
    facts: PathFacts::COOKIE,
    also: PathFacts::NONE,
    likelihood: Likelihood::Likely,
    fits,
    words: Vocabulary {
        always: "cookie cookies setcookie cookieheader cookiestring documentcookie rawcookie cookievalue cookiejar",
        ..Vocabulary::NONE
    },
};

fn fits(value: &[u8], is_number: bool) -> Fit {
    match value {
        _ if is_number || value.len() < 3 => Fit::No,
        _ if value.contains(&b'=') => Fit::Yes,
        _ if value.len() >= 16 && value.iter().any(u8::is_ascii_digit) => Fit::Yes,
        _ => Fit::No,
    }
}

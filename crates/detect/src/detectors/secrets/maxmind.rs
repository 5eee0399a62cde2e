//! Licence keys of MaxMind.
//!
//! Finds: six and 29 characters and `_mmk`.
//! Example: `{alnum 6}_{alnum 29}_mmk`
//! Misses: keys of before 2023, which have no ending.
//! Source: MaxMind's documentation of licence keys; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::{ALNUM, Anchored, Seen, Verdict, any, form};

pub(crate) const SECRET: Anchored =
    Anchored { name: "secret_maxmind", category: Category::SecretToken, forms: &[form(b"mmk", &[], licence)] };

/// Two parts with underscores stand before it.
fn licence(seen: &Seen<'_>) -> Option<Verdict> {
    let (before, key) = seen.before().split_last_chunk::<37>()?;
    let fits = key[36] == b'_' && key[6] == b'_' && key[..6].iter().chain(&key[7..36]).all(|b| ALNUM.has(*b));
    let goes_on = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let is_whole = !goes_on(before.last()) && !goes_on(seen.after().first());
    if fits && is_whole { any(seen).map(|verdict| verdict.with_before(37)) } else { None }
}

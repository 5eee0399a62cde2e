//! Whole headers of cookies.
//!
//! Finds: `Cookie:` and `Set-Cookie:` with a name and a value behind.
//! Not one: sentences about cookies.
//! Example: `Cookie: _ga=GA1.2.{digit 10}.17{digit 8}; sid={hex 16}`, `set-cookie: session={alnum 24}; Path=/; HttpOnly`
//! Misses: headers with fewer than four digits and capitals; cookies without their header, except under a key of cookies.
//! Source: RFC 6265.

use weir_event::{Category, Likelihood};

use crate::detectors::anchored::Part::Assign;
use crate::detectors::anchored::{Anchored, Seen, Verdict, WORD, form};

pub(crate) const IDENTIFIER: Anchored = Anchored {
    name: "cookie_header",
    category: Category::Cookie,
    forms: &[
        form(b"Cookie", &[Assign], pairs),
        form(b"cookie", &[Assign], pairs),
        form(b"Set-Cookie", &[Assign], pairs),
        form(b"set-cookie", &[Assign], pairs),
    ],
};

/// A name, `=` and a value.
fn pairs(seen: &Seen<'_>) -> Option<Verdict> {
    const NAME_BYTES_MAX: usize = 64;
    const VALUE_BYTES_MAX: usize = 4_096;
    let after = seen.after();
    let name = WORD.run(after, NAME_BYTES_MAX);
    let value = after.get(name + 1..)?;
    let is_value = |b: &u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'\'');
    if name == 0 || after[name] != b'=' || !value.first().is_some_and(is_value) {
        return None;
    }
    // To the end of the header: the rest belongs to it where it is one.
    let len = value.iter().take(VALUE_BYTES_MAX).take_while(|b| is_value(b) || **b == b' ').count();
    seen.is(Likelihood::Likely).map(|verdict| verdict.and_after(name + 1 + len))
}

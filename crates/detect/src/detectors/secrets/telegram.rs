//! Bot tokens of Telegram.
//!
//! Finds: the bot's number, a colon and 35 characters that begin with `AA`.
//! Example: `{digit 10}:AA{word 33}`
//! Misses: prefixes newer than this file.
//! Source: Telegram's Bot API; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{Anchored, Seen, Verdict, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_telegram",
    category: Category::SecretToken,
    forms: &[form(b"AA", &[Exactly(WORD, 33)], bot)],
};

/// A colon and a number of 8 to 10 digits stand before it.
fn bot(seen: &Seen<'_>) -> Option<Verdict> {
    let before = seen.before().strip_suffix(b":")?;
    let digits = before.iter().rev().take(11).take_while(|b| b.is_ascii_digit()).count();
    let glued =
        before[..before.len() - digits].last().is_some_and(|b| b.is_ascii_alphanumeric() && !before.ends_with(b"bot"));
    let is_path = before[..before.len() - digits].ends_with(b"bot");
    let fits = (8..=10).contains(&digits) && (is_path || !glued);
    if fits { varied(seen).map(|verdict| verdict.with_before(digits + 1)) } else { None }
}

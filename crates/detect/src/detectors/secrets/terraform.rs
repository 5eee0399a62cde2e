//! API tokens of HCP Terraform.
//!
//! Finds: fourteen characters, `.atlasv1.` and 60 characters or more.
//! Example: `{alnum 14}.atlasv1.{word 67}`
//! Misses: prefixes newer than this file.
//! Source: HashiCorp's documentation of API tokens; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{ALNUM, Anchored, Seen, Verdict, WORD, any, form};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_terraform",
    category: Category::SecretToken,
    forms: &[form(b"atlasv1.", &[AtLeast(WORD, 60)], atlas)],
};

/// A dot and fourteen characters stand before it.
fn atlas(seen: &Seen<'_>) -> Option<Verdict> {
    let (before, id) = seen.before().split_last_chunk::<15>()?;
    let fits = id[14] == b'.' && id[..14].iter().all(|b| ALNUM.has(*b));
    let is_whole = !before.last().is_some_and(u8::is_ascii_alphanumeric);
    if fits && is_whole { any(seen).map(|verdict| verdict.with_before(15)) } else { None }
}

//! Keys of Brevo (Sendinblue).
//!
//! Finds: `xkeysib-` and `xsmtpsib-`, 64 hexadecimal digits and 16 characters.
//! Example: `xkeysib-{hex 64}-{alnum 16}`
//! Misses: prefixes newer than this file.
//! Source: Brevo's developer documentation; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::{Exactly, Text};
use crate::detectors::anchored::{ALNUM, Anchored, HEX, any, form};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_brevo",
    category: Category::SecretToken,
    forms: &[
        form(b"xkeysib-", &[Exactly(HEX, 64), Text(b"-"), Exactly(ALNUM, 16)], any),
        form(b"xsmtpsib-", &[Exactly(HEX, 64), Text(b"-"), Exactly(ALNUM, 16)], any),
    ],
};

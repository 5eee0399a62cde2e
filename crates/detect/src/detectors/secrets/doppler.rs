//! Tokens of Doppler.
//!
//! Finds: tokens of persons, services, service accounts, the command line, SCIM and audit (`dp.pt.`, `dp.st.`, `dp.sa.`,
//! `dp.ct.`, `dp.scim.`, `dp.audit.`).
//! Example: `dp.pt.{alnum 43}`
//! Misses: prefixes newer than this file.
//! Source: Doppler's documentation of token formats; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::{AtLeast, Between, Text};
use crate::detectors::anchored::{ALNUM, Anchored, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_doppler",
    category: Category::SecretToken,
    forms: &[
        form(b"dp.pt.", &[AtLeast(ALNUM, 40)], varied),
        form(b"dp.sa.", &[AtLeast(ALNUM, 40)], varied),
        form(b"dp.ct.", &[AtLeast(ALNUM, 40)], varied),
        form(b"dp.scim.", &[AtLeast(ALNUM, 40)], varied),
        form(b"dp.audit.", &[AtLeast(ALNUM, 40)], varied),
        form(b"dp.said.", &[AtLeast(ALNUM, 40)], varied),
        form(b"dp.st.", &[AtLeast(ALNUM, 40)], varied),
        form(b"dp.st.", &[Between(WORD, 2, 35), Text(b"."), AtLeast(ALNUM, 40)], varied),
    ],
};

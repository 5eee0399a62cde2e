//! Keys and tokens of Google.
//!
//! Finds: API keys (`AIza…`, `AQ.…`), client secrets (`GOCSPX-`), access and refresh tokens (`ya29.`, `1//0`), server keys of
//! Cloud Messaging. The key of a service account is found as a private key.
//! Not one: ids of clients (`….apps.googleusercontent.com`), of measurement (`G-…`) and site keys of reCAPTCHA.
//! Example: `AIza{word 35}`, `GOCSPX-{word 28}`, `ya29.{word 60}`
//! Misses: nothing tells a key of a web page (Firebase) from one of a server: both are found.
//! Source: Google Cloud's documentation of API keys and OAuth 2.0; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::{AtLeast, Exactly, Text};
use crate::detectors::anchored::{Anchored, WORD, any, form, random, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_google",
    category: Category::SecretToken,
    forms: &[
        form(b"AIza", &[Exactly(WORD, 35)], varied),
        form(b"AQ.Ab8RN6", &[Exactly(WORD, 44)], varied),
        form(b"GOCSPX-", &[Exactly(WORD, 28)], varied),
        form(b"ya29.", &[AtLeast(WORD, 20)], varied),
        form(b"1//0", &[AtLeast(WORD, 40)], random),
        form(b"AAAA", &[Exactly(WORD, 7), Text(b":"), Exactly(WORD, 140)], any),
    ],
};

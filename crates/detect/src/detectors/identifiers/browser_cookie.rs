//! Identifiers that the scripts of analytics and advertising keep in cookies, by their shape.
//!
//! Finds: Google's client and session ids (`GA1.…`, `GS1.…`, `GS2.…`), Meta's browser and click ids (`fb.1.…`), wherever they stand.
//! Not one: versions and dotted numbers without those beginnings.
//! Example: `GA1.2.{digit 10}.17{digit 8}`, `fb.1.17{digit 11}.{digit 10}`, `GS1.1.17{digit 8}.3.1.17{digit 8}.0.0.0`
//! Misses: those whose value is a UUID or a number: by key they are `cookie_id`'s.
//! Source: Google's documentation of gtag.js cookies; Meta's documentation of the parameters fbp and fbc.

use weir_event::Category;

use crate::detectors::anchored::Part::{AtLeast, Between, Exactly, Text};
use crate::detectors::anchored::{ALNUM, Anchored, DIGIT, WORD, any, form};

pub(crate) const IDENTIFIER: Anchored = Anchored {
    name: "browser_cookie",
    category: Category::CookieId,
    forms: &[
        form(b"GA1.", &[Between(DIGIT, 1, 2), Text(b"."), Between(DIGIT, 5, 10), Text(b"."), Exactly(DIGIT, 10)], any),
        form(b"GS1.", &[Exactly(DIGIT, 1), Text(b"."), Exactly(DIGIT, 10), Text(b"."), AtLeast(DIGIT, 1)], any),
        form(b"GS2.", &[Exactly(DIGIT, 1), Text(b".s"), Exactly(DIGIT, 10), Text(b"$"), AtLeast(ALNUM, 1)], any),
        form(b"fb.0.", &[Exactly(DIGIT, 13), Text(b"."), AtLeast(WORD, 8)], any),
        form(b"fb.1.", &[Exactly(DIGIT, 13), Text(b"."), AtLeast(WORD, 8)], any),
        form(b"fb.2.", &[Exactly(DIGIT, 13), Text(b"."), AtLeast(WORD, 8)], any),
    ],
};

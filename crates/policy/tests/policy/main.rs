//! What minimise and release promise, tried on the real keys, the real detectors and the real names.

#![allow(clippy::unwrap_used, reason = "a helper of tests that cannot go on says so")]

mod consent;
mod minimise;
mod planted;
mod presets;
mod records;
mod release;
mod routing;
mod support;

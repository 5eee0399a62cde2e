//! Delivery on a real journal, ledger, hold and key folder, to a real local server that misbehaves.

#![allow(clippy::unwrap_used, reason = "a helper of tests that cannot go on says so")]

mod faults;
mod held;
mod life;
mod ordinary;
mod replay;
mod resend;
mod staged;
mod support;
mod vendor;

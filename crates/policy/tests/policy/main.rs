//! What minimise and release promise, tried on the real keys, the real detectors and the real names.

mod minimise;
mod planted;
mod records;
mod release;
mod support;

//! The transparency log over the entries: RFC 6962 hashing, C2SP tlog-tiles on the disk, C2SP checkpoints and cosignatures.
//!
//! Files below `tree/`: `checkpoint` (a signed note), `tile/<level>/<index>[.p/<width>]` (up to 256 hashes of 32 bytes),
//! `tile/entries/<index>[.p/<width>]` (up to 256 leaves, each after its length as two bytes, big-endian). A stranger's tool reads
//! them; `tests/verifiers` has two.

pub mod cosignature;
pub mod hash;
pub mod note;
pub mod proof;
pub mod tiles;

pub(crate) mod store;

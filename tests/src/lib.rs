//! The whole product from outside.
//!
//! Nothing here knows an inner type of Weir: the tests start the real binary, speak to it over sockets as an SDK does, and
//! look at what a vendor received, what the metrics say and what stands on the disk. In reading order:
//!
//! - [`standin`]: an HTTP server that behaves as Mixpanel's ingestion API documents it, checks every limit and records all it receives;
//! - [`harness`]: the `weir` process: start, stop, `kill -9`, restart, its configuration, its output;
//! - [`wire`]: requests over a socket, byte for byte;
//! - [`metrics`]: `/metrics` as numbers, and the sums of D11;
//! - [`load`]: seeded events whose fate can be followed one by one;
//! - [`captures`]: the kept requests of real SDKs;
//! - [`privacy`]: looking for planted values in every form they could hide in;
//! - [`drivers`]: the real SDKs as child processes;
//! - [`through`]: what holds whichever SDK it is that speaks through Weir;
//! - [`pages`]: pages of ours in a browser, as their readers see them;
//! - [`damage`]: what a crash can leave on a disk;
//! - [`bucket`], [`receiver`]: an object store that verifies signatures, and whoever takes what is posted;
//! - [`exports`]: vendors' own word for what they have;
//! - [`encoding`], [`random`]: base64, percent encoding and a seeded generator, so that a failure repeats from its printed seed.

pub mod bucket;
pub mod captures;
pub mod damage;
pub mod disk;
pub mod drivers;
pub mod encoding;
pub mod exports;
pub mod harness;
pub mod load;
pub mod metrics;
pub mod nginx;
pub mod pages;
pub mod privacy;
pub mod random;
pub mod receiver;
pub mod standin;
pub mod through;
pub mod wire;

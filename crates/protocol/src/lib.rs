//! Vendor formats, both ways: bytes in, drafts out; released events in, bytes out. Pure: no sockets, no files, no clock.
//!
//! What this crate must never do: decide what may leave (that is `policy`), look at a value beyond what its format says, put
//! any value into an error, and copy a byte of a request into what goes to a vendor.
//!
//! Read in this order: [`inbound`] (what a protocol is), [`body`] (bytes to JSON text), [`archive`] (exports in a ZIP), [`json`] (text to tape), `drafting` (what decoders share),
//! [`answer`], [`outbound`] (what an encoder is), `writing`, `plain` and `replies` (what encoders share), then one vendor, [`vendors::mixpanel`]. To add a vendor: one file below `vendors/` and one line in [`vendors`].

pub mod answer;
pub mod archive;
pub mod body;
pub mod deletion;
mod drafting;
pub mod export;
pub mod fuzz;
pub mod inbound;
pub mod inquiry;
pub mod json;
pub mod outbound;
pub mod parity;
mod plain;
pub mod preflight;
mod replies;
pub mod signing;
pub mod statuses;
pub mod vendors;
mod writing;

pub use answer::{Answer, Answering, Situation};
pub use body::{BodyError, Opened};
pub use inbound::{Auxiliary, Call, DecodeError, DecodeOptions, Decoded, Endpoint, Protocol, RequestHead, WriteKey};
pub use outbound::{
    DestinationSetup, Encoded, Encoder, IdentityMerge, ImportCredentials, Lane, LaneLimits, Secret, SetupError, Verdict,
};
pub use vendors::{DestinationKind, destination_kind, encoder, protocol};

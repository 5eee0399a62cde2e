//! Outgoing HTTP, and streams of bytes: the only crate that opens connections to the outside (D2). It knows bytes and addresses, no vendor and no event.
//!
//! What it must never do: follow a redirect, take a proxy from the environment, keep a cookie, add a header that the caller did not
//! give (beyond `Host` and `Content-Length`), connect to an address that was not checked, or call a request unsent that may have
//! been acted on.
//!
//! Read in this order: [`client`] (the request's way, sent or unknown), [`address`] (what may be connected to), [`connect`], then
//! the small ones.

pub mod address;
pub mod client;
pub mod connect;
pub mod endpoint;
pub mod error;
pub mod fuzz;
pub mod local;
mod retry_after;
mod tls;

pub use address::Cidr;
pub use client::{Client, ClientOptions, Download, Request, Response, header_map, put_headers};
pub use connect::{Resolve, Resolving, SystemResolver};
pub use endpoint::Endpoint;
pub use error::{NotSent, OutboundError, SendError, Unknown};

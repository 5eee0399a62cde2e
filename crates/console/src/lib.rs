//! What an operator reaches a running Weir by: `admin.sock` for commands, an HTTP listener for health and metrics (D19).
//!
//! The commands here are those that the console's API will use later. Only this crate knows their JSON. It decides nothing:
//! the binary implements [`Admin`] and [`Watched`]. What it must never do: run a recorded command before its audit entry is
//! durable ([`admin::handle`] is the one way in), or show a value of an event in health or metrics.
//!
//! Read in this order: [`command`], [`admin`], [`socket`], [`resend`], [`rollout`], [`metrics`], [`http`].

pub mod admin;
pub mod command;
pub mod http;
pub mod metrics;
pub mod preview;
pub mod resend;
pub mod rollout;
pub mod socket;

pub use admin::{Actor, Admin, AdminError};
pub use command::{Command, Reply};
pub use http::Watched;
pub use metrics::Snapshot;

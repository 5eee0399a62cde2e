//! Delivery: one task per destination reads the journal, releases, encodes, records what is about to leave, sends it, records what
//! became of it (D3).
//!
//! No offset is stored here: the position of a destination is the lowest journal offset without a terminal outcome in the ledger.
//! Only [`weir_protocol::outbound::Encoded`] is sent, which only encoders make of [`weir_policy::Released`] (D2).
//!
//! What it must never do: send anything whose intent is not durable; take an event for terminal before the ledger says so; send
//! again, without being told to, what does not repeat safely; let one destination's trouble touch another or the intake.
//!
//! Read in this order: [`setup`] (what a destination is), [`deliver`] (the handle), `task` (one destination's loop), `cut` (events
//! to batches), `send` (the life of one batch), `folder` (files of this machine), [`compare`] and [`staged`] (rollouts), [`replay`],
//! [`resend`], [`ask`], `breaker`.

pub mod ask;
pub mod compare;
pub mod deliver;
pub mod judge;
pub mod replay;
pub mod resend;
pub mod setup;
pub mod staged;
pub mod status;
pub mod trace;

mod breaker;
mod cut;
mod folder;
mod send;
mod task;

pub use ask::{Answered, AskError};
pub use compare::{Comparison, Pair};
pub use deliver::{Deliver, DeliverError, Parts};
pub use folder::Folder;
pub use judge::Judge;
pub use replay::Replayed;
pub use resend::{Progress, Resent, Wanted};
pub use setup::{OnLag, OnUnknown, Options, Setup, Start, Transport};
pub use staged::{Counts, Rollout, Staged};
pub use status::{BreakerState, DestinationStatus};

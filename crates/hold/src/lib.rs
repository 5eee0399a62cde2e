//! The raw hold and quarantine: events that wait for a decision, sealed, listed without their values, gone when their time is over.
//!
//! Two logs of the same make, see [`log`]: `raw`, what could not be minimised at the gate (D10; bodies are sealed to a key that
//! the gateway cannot open), and `rejected`, what one destination refused (D3; the minimised record). Each entry is in exactly one
//! state: live, or done as replayed, discarded or expired (D11).
//!
//! What it must never do: return before the sync; show a value; open a held body; keep a body past its time because a neighbour
//! in its file lives longer.
//!
//! Read in this order: [`hold`] (the handle), [`entry`] (what is stored), [`log`] (files, recovery, removal).

pub mod entry;
pub mod fuzz;
pub mod hold;
pub mod log;

pub use entry::{EntryId, Fate, HoldInfo, Owner, Shelf};
pub use hold::{
    Frozen, Gauge, Hold, HoldError, HoldOptions, Opened, Rejected, RejectedRecord, Stored, Total, held_aad,
};

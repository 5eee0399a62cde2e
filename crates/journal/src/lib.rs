//! The journal: sealed bytes that survive a crash, generic over a [`Record`].
//!
//! One writer thread takes everything that waits, seals it as one group, writes it and syncs it, and only then answers (D9, D12).
//! Readers share what was just written; older groups are read from disk. The journal knows no event, no source and no vendor: it
//! never looks into a record, a note or a snapshot.
//!
//! What it must never do: answer before the sync returned; append to a segment after a restart or an error; use a group counter
//! twice under a key; hand out a group that another reader was not also given.
//!
//! Read in this order: [`journal`] (the handle), [`writer`] (the life of an append), [`segment`] (the stored format), [`group`],
//! [`recovery`], [`spare`] (files prepared ahead), [`reader`], [`beside`] (from another process), [`disk`].

pub mod beside;
pub mod disk;
pub mod fuzz;
pub mod group;
pub mod journal;
pub mod reader;
pub mod recovery;
pub mod segment;
#[cfg(feature = "sim")]
pub mod sim;
pub mod spare;
pub mod survey;
pub mod writer;

mod core;

pub use crate::group::{Group, Record};
pub use crate::journal::{AppendError, Carry, Cut, Frozen, Health, Journal, JournalError, Options, Trimmed};
pub use crate::reader::{ReadError, Reader};
pub use crate::recovery::{Damage, Recovery};

//! The ledger: what left, recorded before it left, and what became of it (D3, D13, D14).
//!
//! Two ledgers run on this code: the egress ledger, which is also the one truth about delivery, and the audit ledger of
//! administrative acts. Each is a folder: `log/` (write-ahead entries, durable on return), `tree/` (a C2SP transparency log over
//! the entries' leaves, at most a second behind), `origin` (whose tree it is).
//!
//! No event content passes through here: rows carry keyed tags, stored name numbers and digests, and the leaves of the tree not
//! even those. Nothing is sent and no vendor is known.
//!
//! Read in this order: [`entry`] (what is recorded), [`rows`], `state` (what it adds up to), `record` and `log` (how it lies on the
//! disk), [`tree`], [`anchor`], [`ledger`] (the interface), [`verify`], [`coverage`] (the times that no
//! answer covers), [`fates`] (what became of each event), [`history`] (all of it, for readers), [`receipt`] (proofs to hand out), [`consistency`] (that a later tree
//! holds an earlier one), [`letter`] (a checkpoint that can be mailed), [`witness`] (of other ledgers, and by others), `blinds`, `secrets` and
//! [`erase`] (taking rows out), [`thin`] and `thinning` (rows that lie in files elsewhere), `rewrite` (how a file of the log is put into another's place).

pub mod acts;
pub mod anchor;
pub mod consistency;
pub mod coverage;
pub mod disk;
pub mod entry;
pub mod erase;
pub mod error;
pub mod fates;
pub mod fuzz;
pub mod history;
pub mod kept;
pub mod ledger;
pub mod letter;
pub mod read;
pub mod receipt;
pub mod rows;
pub mod thin;
pub mod tree;
pub mod verify;
pub mod witness;

mod blinds;
mod digested;
mod log;
mod queue;
mod ranges;
mod record;
mod rewrite;
mod secrets;
mod state;
mod thinning;
mod windowed;

pub use anchor::{Anchor, NewOrigin, Published, Rewind, recover_from_anchor};
pub use coverage::Coverage;
pub use entry::{Actor, BatchId, EventResult, FieldSetId, Passed, Purpose, StoredName, Target};
pub use erase::Erased;
pub use error::LedgerError;
pub use fates::{Fate, Fates};
pub use ledger::{
    Act, Cut, Durable, FieldSetDefinition, Frozen, Intent, Kind, Ledger, Options, Outcome, RangeDrop, Recovered,
    Results,
};
pub use rows::Row;
pub use state::{OpenIntent, Position, Status, Totals};
pub use thinning::{ThinBatch, Thinned};

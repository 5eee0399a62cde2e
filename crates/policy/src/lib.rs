//! Minimise and release: what the company keeps at all, and what each destination may have of it.
//!
//! This crate is the only maker of the proof types and of their stored form (D2): a record that is to enter the journal is a
//! [`MinimisedBatch`], an event that could not be minimised is a [`Withheld`], an event that may leave is a [`Released`]. Their
//! fields are private, so that forwarding an unchecked event does not compile. Pure: no I/O; keys come as a `&KeySnapshot`.
//!
//! Read in this order: [`gate`] (what a source brings along), [`minimise`] (D4 to D8), [`record`] (D9: the stored form),
//! [`withheld`] (D10), [`spec`] and [`release`] (default-deny), [`field_set`], [`tally`] (D11).

pub mod batch;
pub mod canonical;
pub mod field_set;
pub mod fuzz;
pub mod gate;
pub mod minimise;
mod paths;
pub mod record;
pub mod release;
pub mod spec;
pub mod tally;
pub mod withheld;

pub use batch::MinimisedBatch;
pub use field_set::{FieldSet, FieldSetId};
pub use gate::{Action, Consent, Gate, RegionSource, SourcePolicy};
pub use minimise::Minimiser;
pub use record::{RecordError, RecordView};
pub use release::{Released, ReleasedId, Releaser, RowFacts};
pub use spec::{ReleaseError, ReleasePolicy, ReleaseSpec, RuleSpec, SubjectMode};
pub use tally::{SharedTally, Tally};
pub use withheld::Withheld;

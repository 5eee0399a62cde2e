//! Minimise and release: what the company keeps at all, and what each destination may have of it.
//!
//! This crate is the only maker of the proof types and of their stored form (D2): a record that is to enter the journal is a
//! [`MinimisedBatch`], an event that could not be minimised is a [`Withheld`], an event that may leave is a [`Released`]. Their
//! fields are private, so that forwarding an unchecked event does not compile. Pure: no I/O; keys come as a `&KeySnapshot`.
//!
//! Read in this order: [`gate`] (what a source brings along), [`detectors`], [`minimise`] (D4 to D8), [`record`] (D9: the stored form),
//! `slices` (D13), [`withheld`] (D10), [`consent`] and [`withdrawals`] (what people said), [`route`] and [`sample`] (whose events go where), [`spec`], [`presets`] and
//! [`release`] (default-deny), [`field_set`], [`tally`] (D11).

pub mod batch;
pub mod canonical;
pub mod consent;
pub mod detectors;
pub mod field_set;
pub mod fuzz;
pub mod gate;
pub mod minimise;
mod paths;
pub mod presets;
pub mod record;
mod regions;
pub mod release;
pub mod route;
pub mod sample;
pub mod sightings;
mod slices;
pub mod spec;
pub mod tally;
pub mod withdrawals;
pub mod withheld;

pub use batch::MinimisedBatch;
pub use consent::{Consent, ConsentSignals, ConsentSpec, Reading};
pub use detectors::{Detectors, Learned, Mark, Pinned, may_be_marked};
pub use field_set::{FieldSet, FieldSetId};
pub use gate::{Action, Gate, RegionSource, SourcePolicy};
pub use minimise::Minimiser;
pub use record::{RecordError, RecordView};
pub use regions::{is_country, is_region};
pub use release::{Expectation, Expected, Released, ReleasedId, Releaser, RowFacts};
pub use route::{ResidencyClassSpec, ResidencySpec, RouteProblem, RouteSpec, Routing, UnknownCountry, UnknownFate};
pub use sample::{SampleBy, SampleSpec, Share};
pub use slices::Slices;
pub use spec::{ConsentRuleSpec, ReleaseError, ReleasePolicy, ReleaseSpec, RuleSpec, SubjectMode};
pub use tally::{SharedTally, Tally};
pub use withdrawals::{Refusal, Withdrawals};
pub use withheld::Withheld;

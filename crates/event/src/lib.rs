//! The vocabulary of Weir: events, names, subjects, findings, time, limits.
//!
//! Every other crate depends on this one, so it does no I/O, knows no vendor and decides nothing.
//! Read in this order: [`draft`] (what a decoder hands over), [`names`] (D1: names are values), [`subject`] (D6),
//! [`finding`], then the small ones.

pub mod consent;
pub mod draft;
pub mod finding;
pub mod histogram;
pub mod ids;
pub mod limits;
pub mod log;
pub mod names;
pub mod rule;
pub mod subject;
pub mod time;
pub mod wire;

pub use consent::{ConsentOrigin, ConsentState, ConsentStates, Purpose, PurposeSet};
pub use draft::{Draft, DraftBatch, Identity, Leaf, LeafKind, Operation, ProfileOp, Role, Text};
pub use finding::{Category, Evidence, Finding, Likelihood};
pub use ids::{DestinationId, Environment, EventId, GenerationId, IdError, Offset, Region, SourceId};
pub use names::{NameEntry, NameId, NameJudge, NameVerdict, Names, SourceNames};
pub use rule::Rule;
pub use subject::{SubjectKind, SubjectTag};
pub use time::{Clock, ManualClock, Millis, SystemClock};

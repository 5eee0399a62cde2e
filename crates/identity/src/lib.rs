//! Which ids belong together: the links of every journal record (D6), kept past the journal's retention, so that a person is found
//! under each id that they had.
//!
//! A reader of the journal with a position of its own (design: "one journal, many readers"). It keeps keyed tags, how two of them
//! were joined and since when; no id, no contact detail, no value: none of them is in a record. It runs off the request path and
//! holds nothing up: where the journal was trimmed before it came there, it goes on behind the gap, and since a lost link makes an
//! answer wrong, the gap is written down and stands in each answer's scope.
//!
//! On disk it is sorted runs that never change, merged tier by tier, and a manifest that names them with the position (D3: one
//! atomic write). A look-up is a search in each run, a few pages; the closure over what is found is made at query time and no row
//! of the ledger is rewritten.
//!
//! Read in this order: [`link`] (what is kept), [`run`] (sorted files), [`manifest`] (what counts, what was missed, what is to be
//! forgotten), [`store`] (writing, merging, crashes), [`index`] (look-ups), [`closure`] (who is joined to whom), [`reader`] (the task).

pub mod closure;
pub mod fuzz;
pub mod index;
pub mod link;
pub mod manifest;
pub mod reader;
pub mod run;
pub mod store;

pub use closure::{Closure, Hub, Joined, Limits};
pub use index::Index;
pub use link::{IdKind, Link};
pub use manifest::Gap;
pub use reader::IdentityHandle;
pub use store::IdentityError;

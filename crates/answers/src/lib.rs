//! What the ledger answers: "what did they have?" (exposure), "what of me?" (subject).
//!
//! A reader of the ledger's log, beside a running Weir or without one. It opens no key and sees no event content, because rows have none:
//! subjects are short forms of keyed tags, fields are content-addressed sets of paths, categories, actions and rules (D13).
//!
//! Every answer is counted from the rows themselves (`weir_rows`), so that it is exact and current to the last recorded batch. Read in this
//! order: [`exposure`] (the question and the answer), `count` (how it is counted), `organisations` and `seen` (sets), [`subject`],
//! [`holding`] (what a vendor had before Weir), [`reconcile`] (what it says that it has), [`view`] (what it can make of what it has).

mod count;
pub mod example;
pub mod exposure;
pub mod fuzz;
pub mod holding;
mod organisations;
pub mod reconcile;
mod seen;
mod shape;
pub mod subject;
pub mod view;

pub use exposure::{AskError, Exposure, Question, ask, ask_each};
pub use holding::Holding;
pub use shape::Shape;

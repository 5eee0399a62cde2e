//! What the ledger answers: "what did they have?" (exposure), "what of me?" (subject).
//!
//! A reader of the ledger's log, beside a running Weir or without one. It opens no key and sees no event content, because rows have none:
//! subjects are short forms of keyed tags, fields are content-addressed sets of paths, categories, actions and rules (D13).
//!
//! Every answer is counted from the rows themselves, so that it is exact and current to the last recorded batch; the cost is that of
//! reading the log once. Read in this order: [`exposure`] (the question and the answer), `seen` (sets of subjects),
//! [`subject`].

pub mod exposure;
mod seen;
mod shape;
pub mod subject;

pub use exposure::{AskError, Exposure, Question, ask};
pub use shape::Shape;

//! The audit log for people and for other systems: which acts there are, what one says, how it is found, and how it looks as a table, CSV,
//! JSON, OCSF and syslog; and how far a receiver has it.
//!
//! What it must never do: send anything, open a key, put a note (which may name people) into what is shipped.
//!
//! Read in this order: [`actions`] (every act by its word), [`act`] (one of them), [`filter`], [`table`], [`ocsf`], [`syslog`],
//! [`position`] (how far a receiver has it), [`outbox`] (what it is to have next).

pub mod act;
pub mod actions;
pub mod filter;
pub mod fuzz;
pub mod ocsf;
pub mod outbox;
pub mod position;
pub mod syslog;
pub mod table;

pub use act::{Acted, People};
pub use actions::{ACTIONS, Action, Class};
pub use filter::Filter;
pub use outbox::Outbox;
pub use position::Position;

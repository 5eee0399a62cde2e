//! Alerts: what an operator should know before it costs an event. Pure functions of what was measured; no I/O, no clock.
//!
//! The binary measures ([`Reading`]) every few seconds and hands it to a [`Watcher`], which keeps a short history ([`series`]),
//! asks every rule ([`rules`]) and tells which alerts began and ended. Nothing is stored: after a start the history is empty, rules
//! that need one are silent until they have it, and all others speak at the first reading.
//!
//! What it must never do: put anything into a text but ids that the operator chose, words of ours and numbers; act.
//!
//! Read in this order: [`reading`], [`series`] (slopes and time to full), [`rules`], [`watcher`].

pub mod reading;
pub mod rules;
pub mod series;
pub mod watcher;

pub use reading::{DestinationReading, Fill, Reading, SourceReading};
pub use rules::{Finding, Of, RULES, Rule, Severity};
pub use watcher::{Alert, Change, Watcher};

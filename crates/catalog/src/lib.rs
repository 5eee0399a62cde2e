//! What was observed: which events come in from which source, with which properties, since when, how often, of what type, with
//! which findings. A reader of the journal with a position of its own (design: "one journal, many readers").
//!
//! It keeps names that were judged clean (D1), times, counts and sketches; never a value, and nothing that a value can be read back
//! from. It runs off the request path and holds nothing up: where the journal was trimmed before it came there, it goes on behind
//! the gap and counts what it missed. Position and state are one file, replaced as a whole (D3).
//!
//! Its place for detection (D9 and D16): [`ObservedFinding`] counts what the gate found and nearly found, by path and category;
//! [`learn`] makes verdicts of the counts, versioned, which come back to the gate as a whole.
//!
//! Read in this order: [`catalog`] (what is kept, and how an event is added), [`observed`], [`profile`] with [`texts`] and [`numbers`], [`sketch`], [`window`], [`learn`],
//! [`codec`] (the stored form), [`file`], [`reader`] (the task).

pub mod catalog;
pub mod codec;
pub mod file;
pub mod fuzz;
pub mod learn;
pub mod numbers;
pub mod observed;
pub mod profile;
pub mod reader;
pub mod sketch;
pub mod texts;
pub mod window;

pub use crate::catalog::{Catalog, EVENTS_MAX, PROPERTIES_MAX};
pub use crate::codec::DecodeError;
pub use crate::file::{CatalogError, FILE_NAME};
pub use crate::observed::{ObservedEvent, ObservedFinding, ObservedProperty, ValueType};
pub use crate::profile::Profile;
pub use crate::reader::CatalogHandle;
pub use crate::sketch::SketchKey;
pub use crate::texts::{Changed, TextForm};
pub use crate::window::Window;

//! Weir's own log lines. The types admit no event content: a field is a count, an id that the operator chose, a clean name,
//! a static text or a file of ours (promise 7, D1). There is deliberately no variant that takes a `String` from outside.

use std::fmt;
use std::path::PathBuf;
use std::sync::OnceLock;

use crate::{DestinationId, SourceId};

/// How loud.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Level {
    Error,
    Warn,
    Info,
    Debug,
}

/// One value of a log line.
#[derive(Clone, Debug)]
pub enum Field {
    /// A count, a size, an HTTP status, a duration in the unit that the key names.
    Count(u64),
    /// A text of ours.
    Static(&'static str),
    /// A clean, interned name (D1).
    Name(&'static str),
    /// A source.
    Source(SourceId),
    /// A destination.
    Destination(DestinationId),
    /// A file of ours or an address that the operator configured.
    Ours(PathBuf),
    /// An operating system error: its kind, never a message that may carry data.
    Io(std::io::ErrorKind),
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Field::Count(n) => write!(f, "{n}"),
            Field::Static(text) | Field::Name(text) => f.write_str(text),
            Field::Source(id) => write!(f, "{id}"),
            Field::Destination(id) => write!(f, "{id}"),
            Field::Ours(path) => write!(f, "{}", path.display()),
            Field::Io(kind) => write!(f, "{kind}"),
        }
    }
}

/// Where log lines go. `weir` installs one at start; without one they are dropped, so that libraries stay silent in tests.
pub trait LogSink: Send + Sync {
    /// Writes one line.
    fn write(&self, level: Level, message: &'static str, fields: &[(&'static str, Field)]);
}

static SINK: OnceLock<Box<dyn LogSink>> = OnceLock::new();

/// Installs the process's sink; the first call wins.
pub fn install(sink: Box<dyn LogSink>) {
    let _ = SINK.set(sink);
}

/// Writes one line: a static message, fields that cannot hold event content.
pub fn emit(level: Level, message: &'static str, fields: &[(&'static str, Field)]) {
    if let Some(sink) = SINK.get() {
        sink.write(level, message, fields);
    }
}

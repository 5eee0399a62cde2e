//! Where Weir's log lines go: standard error, for people or as JSON. What may stand in a line is decided by the types of
//! `weir_event::log`, not here (promise 7).

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

use weir_event::Clock;
use weir_event::log::{Field, Level, LogSink};

/// How a line looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// `2026-11-21T23:19:38.843Z INFO  started sources=2`
    Human,
    /// `{"time":"…","level":"info","event":"started","message":"started","sources":2}`
    Json,
}

/// The sink on standard error.
#[derive(Debug)]
pub struct StderrSink {
    format: Format,
    loudest: Level,
    clock: Arc<dyn Clock>,
}

impl StderrSink {
    /// Lines up to `level`, in `format`.
    pub fn new(format: Format, level: Level, clock: Arc<dyn Clock>) -> StderrSink {
        StderrSink { format, loudest: level, clock }
    }

    fn line(&self, level: Level, message: &str, fields: &[(&'static str, Field)]) -> String {
        let time = self.clock.now().to_rfc3339();
        let mut out = String::with_capacity(160);
        match self.format {
            Format::Human => {
                let word = name(level).to_ascii_uppercase();
                let _ = write!(out, "{time} {word:<5} {message}");
                for (key, field) in fields {
                    let text = field.to_string();
                    let bare =
                        !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\');
                    // Debug form escapes line breaks and control characters, so that one event stays one line.
                    let _ = if bare { write!(out, " {key}={text}") } else { write!(out, " {key}={text:?}") };
                }
            }
            Format::Json => {
                let (event, message) = (event(message), json(message));
                let _ = write!(
                    out,
                    "{{\"time\":\"{time}\",\"level\":\"{}\",\"event\":\"{event}\",\"message\":{message}",
                    name(level)
                );
                for (key, field) in fields {
                    let _ = match field {
                        Field::Count(n) => write!(out, ",{}:{n}", json(key)),
                        other => write!(out, ",{}:{}", json(key), json(&other.to_string())),
                    };
                }
                out.push('}');
            }
        }
        out.push('\n');
        out
    }
}

impl LogSink for StderrSink {
    fn write(&self, level: Level, message: &'static str, fields: &[(&'static str, Field)]) {
        if level <= self.loudest {
            // One write per line, so that lines of several threads do not mix. A closed stderr is no reason to stop.
            let _ = std::io::stderr().lock().write_all(self.line(level, message, fields).as_bytes());
        }
    }
}

/// The stable name of a line: the words of its message up to the first stop. `docs/log.md` lists all of them; a test holds the two
/// together and sees that no two messages have one name.
pub fn event(message: &str) -> String {
    let said = message.split([':', ';', ',', '(']).next().unwrap_or_default();
    let words = said.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("_")
}

fn name(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warn => "warn",
        Level::Info => "info",
        Level::Debug => "debug",
    }
}

fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_event::{ManualClock, Millis, SourceId};

    fn sink(format: Format) -> StderrSink {
        StderrSink::new(format, Level::Info, Arc::new(ManualClock::at(Millis(0))))
    }

    #[test]
    fn one_event_is_one_line_in_both_formats() {
        let fields = [
            ("count", Field::Count(3)),
            ("source", Field::Source(SourceId::parse("web").unwrap())),
            ("file", Field::Ours("a\nb \"c\"".into())),
        ];
        let human = sink(Format::Human).line(Level::Warn, "batch split", &fields);
        assert_eq!(human, "1970-01-01T00:00:00.000Z WARN  batch split count=3 source=web file=\"a\\nb \\\"c\\\"\"\n");
        let json = sink(Format::Json).line(Level::Warn, "batch split", &fields);
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!((&read["count"], &read["level"], &read["file"]), (&3.into(), &"warn".into(), &"a\nb \"c\"".into()));
        assert_eq!(read["event"], "batch_split");
        assert_eq!(json.matches('\n').count(), 1);
    }
}

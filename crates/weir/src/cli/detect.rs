//! `weir detect`: what the detectors say about events or single leaves on standard input, one line of JSON for every leaf. The interface
//! by which anyone scores the detectors: no server, no configuration, no state between leaves.
//!
//! [`paths`]: what a path's name says, remembered.

pub(super) mod mark;
mod own;
mod paths;

use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use weir_detect::{Engine, Known, OwnDetectors};
use weir_event::{Evidence, Finding, LeafKind, limits};

use super::lines::{Lines, Next};
use super::scalars::{self, Scalar};
use super::{Exit, Output};
use paths::{Paths, Place};

/// What `weir detect` was told.
#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    /// Runs the cases of the detectors in the configuration instead. Exits 1 where one does not hold.
    #[arg(long, conflicts_with = "explain")]
    test: bool,
    /// A configuration whose own detectors look too. With --test the default is weir.yaml in the current folder.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// For a person: a line for each finding that says what, where and why. Never the value.
    #[arg(long)]
    explain: bool,
}

/// Why a run ended early. No part of the input stands in the text.
#[derive(Debug, thiserror::Error)]
enum DetectError {
    /// A line that cannot be read.
    #[error("line {line} is not {what}")]
    Line {
        /// Which, from 1.
        line: u64,
        /// What it should have been.
        what: &'static str,
    },
    /// A line over the limit.
    #[error("line {0} is longer than {max} bytes", max = limits::DETECT_LINE_BYTES_MAX)]
    TooLong(u64),
    /// Standard input fails.
    #[error("standard input cannot be read")]
    Read(#[source] io::Error),
    /// Standard output fails.
    #[error("standard output cannot be written")]
    Write(#[source] io::Error),
}

#[derive(Clone, Debug, Subcommand)]
enum Command {
    /// What is known of a property of a running Weir, and how: by its name, by its values, by which detector on what evidence, when,
    /// who marked what. Of a value its shape at most.
    #[command(after_help = "Example:\n  weir detect explain 'Report Exported' note")]
    Explain(mark::Explain),
    /// Says that a class is found in error at a property: it is not looked for there any more. Adds to `false_positives` in weir.yaml;
    /// recorded in the audit ledger before it is in force. Cards, e-mail addresses, passwords and secrets with a form of their own
    /// cannot be marked.
    #[command(
        after_help = "Example:\n  weir detect mark --false-positive --event 'Report Exported' --property note --category free_text \\\n    \
                      --reason 'titles that we generate' --until 2027-03-31\n\n\
                      Exit codes: 0 marked, 1 refused, 2 could not run"
    )]
    Mark(mark::Mark),
}

pub(super) fn run(out: &Output, options: &Options) -> Exit {
    match &options.command {
        Some(Command::Explain(explain)) => return mark::explain(out, explain),
        Some(Command::Mark(mark)) => return mark::mark(out, mark),
        None => {}
    }
    if options.test {
        return own::run(out, options.config.as_deref().unwrap_or(Path::new("weir.yaml")));
    }
    let form = if options.explain { Form::Words } else { Form::Json };
    let mut to = io::BufWriter::with_capacity(1 << 18, io::stdout().lock());
    let input = io::BufReader::with_capacity(1 << 18, io::stdin().lock());
    let detectors = match options.config.as_deref().map(own::load).transpose() {
        Ok(detectors) => detectors.unwrap_or_default(),
        Err(why) => return out.fail(why),
    };
    let ended = detect_with(&detectors, input, &mut to, form);
    // What was said about the lines before stays said.
    let flushed = to.flush();
    drop(to);
    match ended.and(flushed.map_err(DetectError::Write)) {
        Ok(()) => Exit::Fine,
        // Whoever closed the pipe has seen enough.
        Err(DetectError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Fine,
        Err(error) => out.fail_with(&error),
    }
}

/// How findings are said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    Json,
    Words,
}

/// With the engine's own list of detectors.
fn detect(input: impl BufRead, to: &mut impl Write, form: Form) -> Result<(), DetectError> {
    detect_with(&OwnDetectors::default(), input, to, form)
}

/// Reads lines of JSON until they end, and answers each leaf as it comes.
fn detect_with(own: &OwnDetectors, input: impl BufRead, to: &mut impl Write, form: Form) -> Result<(), DetectError> {
    let mut lines = Lines::new(input, limits::DETECT_LINE_BYTES_MAX);
    let mut speaker = Speaker { engine: Engine::new(), own, to, form, found: Vec::new(), leaves: 0, with_findings: 0 };
    let mut paths = Paths::new();
    let mut scratch = scalars::Scratch::default();
    loop {
        match lines.read().map_err(DetectError::Read)? {
            Next::End => break,
            Next::TooLong => return Err(DetectError::TooLong(lines.number())),
            Next::Line => {}
        }
        let line = lines.number();
        let text = lines.line();
        if text.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        scalars::check(text).map_err(|what| DetectError::Line { line, what })?;
        if let Some(leaf) = scalars::as_leaf(text) {
            let key = scalars::unescaped(leaf.key, &mut scratch.key);
            let place = paths.given(&String::from_utf8_lossy(key));
            let (kind, text) = leaf.value.read(leaf.kind, &mut scratch.text);
            speaker.say(line, place, kind, text).map_err(DetectError::Write)?;
        } else {
            let mut said = Ok(());
            scalars::for_each(text, &mut scratch.path, |path, value: Scalar<'_>| {
                let (kind, text) = value.read(None, &mut scratch.text);
                if said.is_ok() {
                    said = speaker.say(line, paths.walked(path), kind, text);
                }
            });
            said.map_err(DetectError::Write)?;
        }
    }
    speaker.end().map_err(DetectError::Write)
}

struct Speaker<'w, W> {
    engine: Engine,
    own: &'w OwnDetectors,
    to: &'w mut W,
    form: Form,
    found: Vec<Finding>,
    leaves: u64,
    with_findings: u64,
}

impl<W: Write> Speaker<'_, W> {
    fn say(&mut self, line: u64, place: &Place, kind: LeafKind, text: &[u8]) -> io::Result<()> {
        self.found.clear();
        if self.own.is_empty() {
            self.engine.scan(place.facts, kind, text, &mut self.found);
        } else {
            let known = Known { own: Some(self.own), hints: self.own.hints(&place.text) };
            self.engine.scan_knowing(known, place.facts, kind, text, &mut self.found);
        }
        self.leaves += 1;
        self.with_findings += u64::from(!self.found.is_empty() || !place.in_key.is_empty());
        match self.form {
            Form::Json => self.say_json(line, place),
            Form::Words => self.say_words(line, place),
        }
    }

    fn say_json(&mut self, line: u64, place: &Place) -> io::Result<()> {
        let to = &mut *self.to;
        write!(to, "{{\"line\":{line},\"path\":{},\"findings\":[", place.json)?;
        let here = self.found.iter().map(|f| (f, ""));
        let in_key = place.in_key.iter().map(|f| (f, "\"in_key\","));
        for (i, (finding, in_key)) in here.chain(in_key).enumerate() {
            let (start, end) = if in_key.is_empty() { finding.span } else { (0, 0) };
            write!(
                to,
                "{}{{\"category\":\"{}\",\"likelihood\":\"{}\",\"span\":[{start},{end}],\"evidence\":[{in_key}\"{}\",\"detector:{}\"]}}",
                if i == 0 { "" } else { "," },
                finding.category.key(),
                finding.likelihood.key(),
                finding.evidence.code(),
                finding.detector,
            )?;
        }
        to.write_all(b"]}\n")
    }

    fn say_words(&mut self, line: u64, place: &Place) -> io::Result<()> {
        for finding in &self.found {
            let (start, end) = finding.span;
            let bytes = match finding.evidence {
                Evidence::Decoded => String::new(),
                _ => format!(" at bytes {start} to {end}"),
            };
            self.to.write_all(explained(line, place, finding, &bytes).as_bytes())?;
        }
        for finding in &place.in_key {
            self.to.write_all(explained(line, place, finding, " in a key above").as_bytes())?;
        }
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        if self.form == Form::Words {
            writeln!(self.to, "{} of {} leaves have findings", self.with_findings, self.leaves)?;
        }
        Ok(())
    }
}

fn explained(line: u64, place: &Place, finding: &Finding, at: &str) -> String {
    let likelihood = finding.likelihood.key().replace('_', " ");
    let (path, category) = (&place.text, finding.category.key());
    let why = finding.evidence.words();
    format!("line {line}, {path}: {likelihood} {category}{at}, because {why} (detector {})\n", finding.detector)
}

/// Replayed on stable and by libFuzzer: no line of input makes the reading or an answer panic, and each leaf has its line.
pub mod fuzz {
    use super::{Form, detect};

    /// Any bytes as the input.
    pub fn fuzz_detect(data: &[u8]) {
        for form in [Form::Json, Form::Words] {
            let mut out = Vec::new();
            let _ = detect(data, &mut out, form);
            if form == Form::Json {
                for line in out.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
                    let said: serde_json::Value = serde_json::from_slice(line).unwrap_or_default();
                    assert!(said["findings"].is_array() && said["line"].as_u64() > Some(0), "each line is whole");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;

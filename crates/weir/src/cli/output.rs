//! What a command says and how it ends.

use std::fs::{File, OpenOptions};
use std::io::{IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde_json::{Value, json};
use weir_console::command::{Command, DestinationStatus, Reply};
use weir_console::{AdminError, socket};
use weir_event::Millis;

/// How a command ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Exit {
    /// Nothing to say against it.
    Fine = 0,
    /// It ran, and found something.
    Found = 1,
    /// It could not run.
    CouldNotRun = 2,
}

/// Standard output, for people or as JSON.
#[derive(Debug)]
pub struct Output {
    json: bool,
}

impl Output {
    /// As JSON, or for people.
    pub fn new(json: bool) -> Output {
        Output { json }
    }

    /// Whether a program reads it.
    pub(super) fn is_json(&self) -> bool {
        self.json
    }

    /// Says one thing: `value` to a program, `text` to a person.
    pub fn show(&self, value: &Value, text: &str) {
        let text = if self.json { value.to_string() } else { text.to_owned() };
        let mut out = std::io::stdout().lock();
        // A closed pipe is the reader's decision.
        let _ = out.write_all(text.as_bytes());
        if !text.ends_with('\n') {
            let _ = out.write_all(b"\n");
        }
    }

    /// Says why a command could not run.
    pub fn fail(&self, why: impl std::fmt::Display) -> Exit {
        if self.json {
            self.show(&json!({"error": why.to_string()}), "");
        } else {
            let _ = writeln!(std::io::stderr().lock(), "weir: {why}");
        }
        Exit::CouldNotRun
    }

    /// [`Output::fail`] with all causes behind the error.
    pub fn fail_with(&self, error: &dyn std::error::Error) -> Exit {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        self.fail(text)
    }
}

/// Writes a page or a list to the file that was named, and says so.
pub(super) fn write(file: &Path, bytes: impl AsRef<[u8]>) -> Result<String, String> {
    written(file, std::fs::write(file, bytes))
}

/// The same for what is about one person: where it makes the file, only its owner can read it.
pub(super) fn write_private(file: &Path, bytes: impl AsRef<[u8]>) -> Result<String, String> {
    let made = private(file).and_then(|mut made| made.write_all(bytes.as_ref()));
    written(file, made)
}

/// A file to write to, empty, which only its owner can read where it is new.
pub(super) fn private(file: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file)
}

fn written(file: &Path, done: std::io::Result<()>) -> Result<String, String> {
    let file = file.display();
    done.map(|()| format!("written: {file}\n")).map_err(|error| format!("{file} cannot be written: {}", error.kind()))
}

/// A day, counted from 1970, as a date.
pub(super) fn day(number: i64) -> String {
    let text = Millis(number.saturating_mul(Millis::DAY)).to_rfc3339();
    text.split('T').next().unwrap_or_default().to_owned()
}

/// A line on the terminal that says how far it is; nothing where standard error is not one.
pub(super) struct Progress {
    what: &'static str,
    total: u64,
    done: u64,
    shown: Option<u64>,
    is_on: bool,
}

impl Progress {
    pub(super) fn new(what: &'static str, total: u64) -> Progress {
        // A small input is read before anybody could look.
        Progress { what, total, done: 0, shown: None, is_on: total > 4 << 20 && std::io::stderr().is_terminal() }
    }

    pub(super) fn add(&mut self, bytes: u64) {
        self.done += bytes;
        let percent = (self.done * 100).checked_div(self.total).unwrap_or(100).min(100);
        if self.is_on && self.shown != Some(percent) {
            self.shown = Some(percent);
            let full = usize::try_from(percent / 4).unwrap_or(25);
            let mut out = std::io::stderr().lock();
            // The terminal may be gone; the report does not depend on it.
            let _ = write!(out, "\r{}  [{:<25}] {percent:>3} %", self.what, "=".repeat(full));
            let _ = out.flush();
        }
    }

    pub(super) fn end(&mut self) {
        if self.shown.take().is_some() {
            let _ = write!(std::io::stderr().lock(), "\r{:<55}\r", "");
        }
    }
}

/// Asks the running Weir and says what it answered.
pub(super) fn ask(out: &Output, data: &Path, command: &Command) -> Exit {
    match socket::ask(data, command) {
        Ok(reply) => show(out, &reply),
        Err(error) => refused(out, &error),
    }
}

/// What is not there or cannot be done now was found; everything else is a command that could not run.
pub(super) fn refused(out: &Output, error: &AdminError) -> Exit {
    out.fail(error);
    exit_of(error)
}

pub(super) fn exit_of(error: &AdminError) -> Exit {
    match error {
        AdminError::NotFound { .. } | AdminError::Conflict { .. } => Exit::Found,
        _ => Exit::CouldNotRun,
    }
}

pub(super) fn show(out: &Output, reply: &Reply) -> Exit {
    let value = serde_json::to_value(reply).unwrap_or_default();
    let text = match reply {
        Reply::Done { count } => format!("done: {count}"),
        Reply::Reloaded { generation, changed: false, .. } => {
            format!("nothing changed: generation {generation} stays in force")
        }
        Reply::Reloaded { generation, at_next_start, evaluation, is_staged, .. } => {
            let mut text = match is_staged {
                true => format!("generation {generation} comes into force in steps: see `weir rollout status`"),
                false => format!("generation {generation} is in force"),
            };
            if let Some(evaluation) = evaluation {
                text.push('\n');
                text.push_str(&super::rollout::evaluation(evaluation));
            }
            if !at_next_start.is_empty() {
                text.push_str(&format!("\nat the next start only: {}", at_next_start.join(", ")));
            }
            text
        }
        Reply::Preview(preview) => super::destination::preview::text(preview),
        Reply::Quarantine { entries, total } => {
            let rows = entries.iter().map(|e| {
                let owner = match (&e.source, &e.destination) {
                    (Some(source), _) => format!("source {source}"),
                    (_, Some(destination)) => format!("destination {destination}"),
                    _ => String::new(),
                };
                let body = if e.has_body { "yes" } else { "no" };
                [&e.entry, &owner, &e.reason, &e.stage, &e.at, &e.expires, body].map(String::from).to_vec()
            });
            let head = ["entry", "of", "reason", "stage", "since", "expires", "replayable"];
            format!("{}{} of {total} shown", table(&head, rows), entries.len())
        }
        Reply::Erased(erased) => {
            format!("erased: {} of {}", counted(erased.rows, "row"), counted(erased.batches, "batch"))
        }
        Reply::Masked { entry, leaves } => masked(&entry.entry, &entry.reason, leaves),
        Reply::Sealed { entry, .. } => format!("{}: sealed", entry.entry),
        Reply::Replayed { done, outcomes } => {
            let head = if *done { "replayed" } else { "nothing was changed" };
            format!("{head}\n{}", outcomes.iter().map(|o| format!("  {o}\n")).collect::<String>())
        }
        Reply::Alerts { alerts } => alerts.iter().map(|alert| super::alerts::line(alert) + "\n").collect(),
        Reply::Observed { sources } => {
            let line = |s: &weir_console::command::ObservedSource| format!("{} {}", s.source, s.protocol);
            sources.iter().map(line).collect::<Vec<_>>().join("\n")
        }
        Reply::Destinations { destinations } => destinations_table(destinations),
        Reply::Evaluated(evaluation) => super::rollout::evaluation(evaluation),
        Reply::Rollout(rollout) => super::rollout::status(rollout),
        Reply::Resend(resending) => super::resend::describe(resending),
        Reply::Keys { keys } => {
            let rows = keys.iter().map(|k| {
                let destroyed = k.destroyed.as_ref().map(|at| format!("destroyed {at}")).unwrap_or_default();
                vec![k.name.clone(), k.purpose.clone(), k.created.clone(), destroyed]
            });
            table(&["key", "purpose", "created", ""], rows)
        }
        Reply::BackupLease { lease } => format!("backup {lease} may begin"),
        Reply::BackupCut(cut) => format!("{} files", cut.files.len()),
        Reply::Raised { formats } if formats.is_empty() => "every format is at its newest version already".to_owned(),
        Reply::Raised { formats } => {
            let lines = formats.iter().map(|(name, from, to)| format!("{name}: version {to} is written, was {from}\n"));
            lines.collect()
        }
        Reply::HandedOver { pid, version } => format!("process {pid}, weir {version}, has taken over"),
        Reply::Why { generation, since, answers } => {
            let since = since.as_ref().map(|at| format!(" since {at}")).unwrap_or_default();
            let mut text = format!("generation {generation} is in force{since}\n");
            answers.iter().for_each(|answer| text.push_str(&why_answer(answer)));
            text
        }
        Reply::Explained { properties } => properties.iter().map(super::detect::mark::text).collect(),
        Reply::Events { events } => {
            let row = |e: &weir_console::command::EventStatus| {
                let of =
                    |(id, released, withheld): &(String, u64, u64)| format!("{id} {released}, withheld {withheld}");
                let counts = [e.last_24h, e.events, e.properties].map(|n| n.to_string());
                let mut destinations = e.destinations.iter().map(of).collect::<Vec<_>>().join("; ");
                for (path, category) in &e.new_classes {
                    destinations.push_str(&format!("; ! {category} in {path}, never seen there before"));
                }
                for (path, from, to) in &e.changed_forms {
                    destinations.push_str(&format!("; ! {path} was {from}, {to} newly came"));
                }
                [vec![e.source.clone(), e.event.clone(), e.step.clone()], counts.to_vec(), vec![destinations]].concat()
            };
            table(
                &["source", "event", "step", "last 24 h", "events", "properties", "of these leave"],
                events.iter().map(row),
            )
        }
        Reply::Status(status) => {
            let mut text = String::new();
            let ready = if status.not_ready.is_empty() {
                "ready".to_owned()
            } else {
                format!("not ready: {}", status.not_ready.join(", "))
            };
            for window in &status.bypass {
                text.push_str(&format!("{}\n", crate::bypass::not_covered(window)));
            }
            status.alerts.iter().for_each(|alert| text.push_str(&(super::alerts::line(alert) + "\n")));
            text.push_str(&format!("weir {} since {}, {ready}\n", status.version, status.started));
            text.push_str(&format!("generation {}, ledger entries {}\n", status.generation, status.ledger_entries));
            let (from, to) = status.journal_offsets;
            text.push_str(&format!(
                "journal {} bytes, offsets {from} to {to}; {} bytes free\n\n",
                status.journal_bytes, status.disk_free_bytes
            ));
            let rows = status.sources.iter().map(|s| {
                let dropped = s.dropped.iter().map(|(rule, n)| format!("{rule} {n}")).collect::<Vec<_>>().join(", ");
                vec![s.source.clone(), s.mode.clone(), s.journaled.to_string(), s.quarantined.to_string(), dropped]
            });
            text.push_str(&table(&["source", "mode", "journaled", "held", "dropped"], rows));
            text.push('\n');
            text.push_str(&destinations_table(&status.destinations));
            status.notices.iter().for_each(|notice| text.push_str(&format!("\n! {notice}\n")));
            text
        }
    };
    out.show(&value, &text);
    match reply {
        Reply::Status(status) if !status.not_ready.is_empty() => Exit::Found,
        other => super::rollout::exit(other),
    }
}

pub(super) fn masked(entry: &str, reason: &str, leaves: &[weir_console::command::MaskedLeaf]) -> String {
    let rows =
        leaves.iter().map(|l| vec![l.path.clone(), l.kind.clone(), l.length.to_string(), l.categories.join(", ")]);
    format!("{entry}: {reason}\n{}", table(&["path", "kind", "characters", "found"], rows))
}

fn why_answer(answer: &weir_console::command::WhyAnswer) -> String {
    let what = match &answer.property {
        Some(property) => format!("{property} of {}", answer.event),
        None => answer.event.clone(),
    };
    let result = match &answer.rule {
        None => answer.how.clone(),
        Some(rule) => format!("does not leave, by rule {rule}: {}", answer.because),
    };
    let mut text = format!(
        "\n{what} from {} at {}: {result}\n  seen in {} events, first {}, last {}; asked of {}\n",
        answer.source, answer.destination, answer.events, answer.first_seen, answer.last_seen, answer.basis
    );
    if !answer.covered {
        text.push_str("  not covered: apps of this source send past weir at present (`weir bypass list`)\n");
    }
    answer.marks.iter().for_each(|mark| text.push_str(&super::detect::mark::mark_line(mark)));
    if let Some(change) = &answer.change {
        let to = if answer.leaves { "to withhold it" } else { "to let it leave" };
        text.push_str(&format!("  {to}:\n"));
        change.lines().for_each(|line| text.push_str(&format!("    {line}\n")));
    }
    text
}

fn destinations_table(destinations: &[DestinationStatus]) -> String {
    let rows = destinations.iter().map(|d| {
        let dropped = d.dropped.iter().map(|(rule, n)| format!("{rule} {n}")).collect::<Vec<_>>().join(", ");
        let counts = [d.offered, d.delivered, d.waiting, d.quarantined, d.unknown].map(|n| n.to_string());
        let lag = format!("{}s", d.lag_millis / 1_000);
        [vec![d.destination.clone(), d.state.clone()], counts.to_vec(), vec![lag, dropped]].concat()
    });
    let head = ["destination", "state", "offered", "delivered", "waiting", "quarantined", "unknown", "lag", "dropped"];
    table(&head, rows)
}

/// Columns of the terminal, as the shell says them; a page's width where it does not.
pub(super) fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
    columns.unwrap_or(100).clamp(40, 160)
}

/// A number with its noun.
pub(super) fn counted(number: u64, what: &str) -> String {
    let plural = match what.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if what.ends_with("ch") || what.ends_with("ss") => format!("{what}es"),
        None => format!("{what}s"),
    };
    format!("{number} {}", if number == 1 { what } else { &plural })
}

/// Columns as wide as their widest cell. Cells are ours: ids, words, counts, clean names.
pub(super) fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut rows: Vec<Vec<String>> = rows.collect();
    if rows.is_empty() {
        return format!("no {}\n", head.first().copied().unwrap_or("entry"));
    }
    rows.insert(0, head.iter().map(|h| (*h).to_owned()).collect());
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |c: usize| rows.iter().filter_map(|r| r.get(c)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width - cell.chars().count() + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

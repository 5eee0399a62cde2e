//! `weir bypass`: records that the company's apps sent to a vendor past Weir, so that no answer about that time claims to know.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;
use weir_console::command::{BypassWindow, Command as Ask};
use weir_console::socket;
use weir_event::{Clock, Millis, SourceId, SystemClock};
use weir_ledger::Coverage;

use super::output::{refused, table};
use super::{Exit, Folders, Output, offline};
use crate::bypass::{self, Change};
use crate::config::duration;
use crate::disk;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Begins a window: from now on, or from --since on, these apps send to the vendor themselves. Recorded in the audit ledger.
    #[command(
        after_help = "Example:\n  weir bypass open --source web --reason 'launch of the new checkout, ticket 4711' --since 2h\n  weir bypass open --all --reason 'gateway moves to another host'"
    )]
    Open(Open),
    /// Ends a window: from now on these apps send to Weir again.
    #[command(after_help = "Example:\n  weir bypass close\n  weir bypass close 3")]
    Close {
        /// Its number, where several are open.
        #[arg(value_name = "WINDOW")]
        window: Option<u64>,
        #[command(flatten)]
        folders: Folders,
    },
    /// All windows, open and closed. Reads only; works beside a running Weir and without one.
    #[command(after_help = "Example:\n  weir bypass list --json")]
    List(Folders),
}

#[derive(Debug, Args)]
pub(super) struct Open {
    /// The source whose apps send past Weir.
    #[arg(long, value_name = "ID", required_unless_present = "all", conflicts_with = "all")]
    source: Option<String>,
    /// All sources.
    #[arg(long)]
    all: bool,
    /// Why: one line of your own words, kept beside the audit ledger and in no log line.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// When it began, if not now: a time as 2026-11-22T08:00:00Z, or how long ago as 2h.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    #[command(flatten)]
    folders: Folders,
}

pub(super) fn run(out: &Output, command: &Command) -> Exit {
    match command {
        Command::Open(open) => {
            let source = match open.source.as_deref().map(SourceId::parse).transpose() {
                Ok(source) => source,
                Err(error) => return out.fail(format!("--source: {error}")),
            };
            let now = SystemClock.now();
            let since = match &open.since {
                None => None,
                Some(text) => match time(text, now) {
                    Some(since) => Some(since),
                    None => return out.fail("--since is a time as 2026-11-22T08:00:00Z, or how long ago as 2h"),
                },
            };
            change(out, &open.folders, Change::Open { source, since, reason: open.reason.clone() })
        }
        Command::Close { window, folders } => change(out, folders, Change::Close { number: *window }),
        Command::List(folders) => list(out, folders),
    }
}

fn time(text: &str, now: Millis) -> Option<Millis> {
    let ago = || Some(now.plus(-i64::try_from(duration(text)?).ok()?));
    Millis::from_rfc3339(text).or_else(ago)
}

fn change(out: &Output, folders: &Folders, change: Change) -> Exit {
    let data = &folders.data;
    match disk::version_is_known(data) {
        Ok(true) => {}
        Ok(false) => return out.fail(format!("{} is no data folder: name it with --data", data.display())),
        Err(error) => return out.fail_with(&error),
    }
    if disk::is_in_use(data) {
        let ask = match change {
            Change::Open { source, since, reason } => {
                Ask::BypassOpen { source: source.map(|id| id.to_string()), since: since.map(|at| at.0), reason }
            }
            Change::Close { number } => Ask::BypassClose { window: number },
        };
        return match socket::ask(data, &ask) {
            Ok(_) => list(out, folders),
            Err(error) => refused(out, &error),
        };
    }
    let keys = match folders.key_folder() {
        Ok(keys) => keys,
        Err(why) => return out.fail(why),
    };
    let audit = audit(folders);
    let recorded = offline::record(folders, &keys, || {
        let known = Coverage::read(&audit).map_err(|e| e.to_string())?;
        bypass::act(&known, &audit, offline::actor(), &change, SystemClock.now()).map_err(|e| e.to_string())
    });
    match recorded {
        Ok(()) => list(out, folders),
        Err(why) => out.fail(format!("not recorded: {why}")),
    }
}

fn audit(folders: &Folders) -> PathBuf {
    folders.data.join("audit")
}

fn list(out: &Output, folders: &Folders) -> Exit {
    let windows = match windows(folders) {
        Ok(windows) => windows,
        Err(why) => return out.fail(why),
    };
    let rows = windows.iter().map(|w| {
        let since = if w.backdated { format!("{} (recorded {})", w.since, w.recorded) } else { w.since.clone() };
        let reason = w.reason.clone().unwrap_or_else(|| "(its file is gone)".to_owned());
        let source = w.source.clone().unwrap_or_else(|| "all".to_owned());
        vec![w.window.to_string(), source, since, w.until.clone().unwrap_or_else(|| "OPEN".to_owned()), reason]
    });
    out.show(&json!({"windows": windows}), &table(&["window", "source", "since", "until", "reason"], rows));
    Exit::Fine
}

/// All windows of a data folder.
pub(super) fn windows(folders: &Folders) -> Result<Vec<BypassWindow>, String> {
    let audit = audit(folders);
    let read = Coverage::read(&audit).map_err(|e| format!("what was bypassed cannot be read: {e}"))?;
    Ok(read.windows().iter().map(|window| bypass::shown(window, &audit)).collect())
}

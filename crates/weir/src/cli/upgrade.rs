//! `weir upgrade`: another binary takes over ([`crate::hand_over`]); which version of each stored format a data folder has, and the step after which the release before cannot open it.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;
use weir_console::command::{Command as Ask, Reply};

use super::output::{ask, table};
use super::{Exit, Folders, Output};
use crate::disk;
use crate::formats::{self, FORMATS, Formats};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    /// The binary that takes over. Default: the path that the running one was started from, where a new one may lie by now.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    #[command(flatten)]
    folders: Folders,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Which version of each format may be written, and what `finish` would raise.
    #[command(
        after_help = "Example:\n  weir upgrade status --data /var/lib/weir\n\nExit codes: 0 nothing to raise, 1 `weir upgrade finish` would raise something, 2 could not be read"
    )]
    Status(Folders),
    /// Lets this release write its newest formats. The release before cannot open the data folder after it: do it once you will not
    /// go back.
    #[command(after_help = "Example:\n  weir upgrade finish --data /var/lib/weir")]
    Finish(Folders),
}

pub(super) fn run(out: &Output, options: &Options) -> Exit {
    match &options.command {
        None => hand_over(out, &options.folders.data, options.binary.as_deref()),
        Some(Command::Status(folders)) => status(out, folders),
        Some(Command::Finish(folders)) => finish(out, folders),
    }
}

fn hand_over(out: &Output, data: &Path, binary: Option<&Path>) -> Exit {
    let binary = match binary.map(std::fs::canonicalize).transpose() {
        Ok(binary) => binary.and_then(|path| path.to_str().map(str::to_owned)),
        Err(error) => return out.fail(format!("the new binary cannot be found: {}", error.kind())),
    };
    ask(out, data, &Ask::Upgrade { binary })
}

fn status(out: &Output, folders: &Folders) -> Exit {
    let data = &folders.data;
    let known = match disk::version_is_known(data).map(|_| Formats::read(data)) {
        Ok(Ok(known)) => known,
        Ok(Err(error)) => return out.fail_with(&error),
        Err(error) => return out.fail_with(&error),
    };
    let Some(known) = known else {
        return out.fail(format!("{} says no formats yet: the next start writes them", data.display()));
    };
    let behind = known.behind(FORMATS);
    let values: Vec<_> = FORMATS
        .iter()
        .map(|f| {
            json!({"format": f.name, "written": known.may_write(f.name), "newest": f.newest, "reads_from": f.reads_from})
        })
        .collect();
    let rows = FORMATS.iter().map(|f| {
        let reads =
            if f.reads_from == f.newest { f.newest.to_string() } else { format!("{} to {}", f.reads_from, f.newest) };
        vec![f.name.to_owned(), known.may_write(f.name).to_string(), reads]
    });
    let mut text = format!(
        "weir {} on {}\n{}",
        env!("CARGO_PKG_VERSION"),
        data.display(),
        table(&["format", "written", "read"], rows)
    );
    text.push_str(&if behind.is_empty() {
        "every format is at its newest version: only this release, or a newer one, can be counted on to open the folder\n".to_owned()
    } else {
        let names: Vec<_> = behind.iter().map(|(name, from, to)| format!("{name} {from} to {to}")).collect();
        format!("the release before can still open the folder; `weir upgrade finish` raises {}\n", names.join(", "))
    });
    let raises: Vec<_> =
        behind.iter().map(|(name, from, to)| json!({"format": name, "from": from, "to": to})).collect();
    out.show(&json!({"version": env!("CARGO_PKG_VERSION"), "formats": values, "finish_raises": raises}), &text);
    if behind.is_empty() { Exit::Fine } else { Exit::Found }
}

fn finish(out: &Output, folders: &Folders) -> Exit {
    let data = &folders.data;
    match disk::version_is_known(data) {
        Err(error) => return out.fail_with(&error),
        Ok(false) => return out.fail(format!("{} is no data folder: name it with --data", data.display())),
        Ok(true) if disk::is_in_use(data) => return ask(out, data, &Ask::UpgradeFinish {}),
        Ok(true) => {}
    }
    // The entry first (D19).
    let raised = super::backup::record_at_rest(folders, "upgrade_finish").map_err(|e| e.to_string());
    match raised.and_then(|()| formats::finish(data).map_err(|e| e.to_string())) {
        Ok(raised) => {
            let formats = raised.into_iter().map(|(name, from, to)| (name.to_owned(), from, to)).collect();
            super::output::show(out, &Reply::Raised { formats })
        }
        Err(why) => out.fail(why),
    }
}

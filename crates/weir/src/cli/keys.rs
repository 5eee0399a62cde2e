//! `weir keys`: list, backup, check and restore of a backup. Works beside a running Weir: keys are read, never changed, here.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Subcommand;
use serde_json::json;
use weir_event::SystemClock;
use weir_keys::{BackupReport, Keys};

use super::output::table;
use super::{Exit, Folders, Output};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Names, purposes and ages of keys; never a key.
    #[command(after_help = "Example:\n  weir keys list")]
    List(Folders),
    /// Copies the key folder to a new folder, consistently, also while Weir runs. Keep it apart from the data.
    #[command(after_help = "Example:\n  weir keys backup /mnt/safe/weir-keys-2026-11-22")]
    Backup {
        /// The new folder; it must not exist.
        to: PathBuf,
        #[command(flatten)]
        folders: Folders,
    },
    /// Checks a backup: its files are whole and its ring opens.
    #[command(after_help = "Example:\n  weir keys check-backup /mnt/safe/weir-keys-2026-11-22")]
    CheckBackup {
        /// The folder of the backup.
        backup: PathBuf,
    },
}

pub(super) fn run(out: &Output, command: &Command) -> Exit {
    match command {
        Command::List(folders) => list(out, folders),
        Command::Backup { to, folders } => {
            let from = match folders.key_folder() {
                Ok(from) => from,
                Err(why) => return out.fail(why),
            };
            match Keys::backup(&from, to) {
                Ok(report) => {
                    let text = format!("{} is a checked copy of {}\n", to.display(), from.display());
                    shown(out, &report, &text)
                }
                Err(error) => out.fail_with(&error),
            }
        }
        Command::CheckBackup { backup } => match Keys::restore_check(backup) {
            Ok(report) => shown(out, &report, &format!("{} is whole\n", backup.display())),
            Err(error) => {
                out.fail_with(&error);
                Exit::Found
            }
        },
    }
}

fn shown(out: &Output, report: &BackupReport, first: &str) -> Exit {
    let files: Vec<_> = report.files.iter().map(|(name, sum)| json!({"file": name, "sha256": sum})).collect();
    let value = json!({"keys": report.keys, "has_hold_key": report.has_hold_key, "files": files});
    let rows = report.files.iter().map(|(name, sum)| vec![name.clone(), sum.clone()]);
    let mut text = format!("{first}{} keys\n{}", report.keys, table(&["file", "sha-256"], rows));
    if !report.has_hold_key {
        text.push_str("hold.key is not in it: bodies in the raw hold cannot be opened from this copy\n");
    }
    out.show(&value, &text);
    Exit::Fine
}

fn list(out: &Output, folders: &Folders) -> Exit {
    let dir = match folders.key_folder() {
        Ok(dir) => dir,
        Err(why) => return out.fail(why),
    };
    let keys = match Keys::open_read_only(&dir, Arc::new(SystemClock)) {
        Ok(keys) => keys,
        Err(error) => return out.fail_with(&error),
    };
    let list = keys.list();
    let values: Vec<_> = list
        .iter()
        .map(|k| {
            json!({
                "name": k.name.to_string(),
                "purpose": k.purpose,
                "created": k.created.map(weir_event::Millis::to_rfc3339),
                "destroyed": k.destroyed.map(weir_event::Millis::to_rfc3339),
            })
        })
        .collect();
    let rows = list.iter().map(|k| {
        let created = k.created.map(weir_event::Millis::to_rfc3339).unwrap_or_default();
        let destroyed = k.destroyed.map(|at| format!("destroyed {}", at.to_rfc3339())).unwrap_or_default();
        vec![k.name.to_string(), k.purpose.to_owned(), created, destroyed]
    });
    out.show(&json!({"folder": dir, "keys": values}), &table(&["key", "purpose", "created", ""], rows));
    Exit::Fine
}

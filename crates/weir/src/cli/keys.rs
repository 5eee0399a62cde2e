//! `weir keys`: list, backup, check and restore of a backup. Works beside a running Weir: keys are read, never changed, here. A backup
//! is in the audit ledger before the first key is copied.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Subcommand;
use serde_json::json;
use weir_console::Command as Ask;
use weir_console::socket;
use weir_event::SystemClock;
use weir_keys::{BackupReport, KeyName, Keys};
use weir_ledger::Act;

use super::output::table;
use super::{Exit, Folders, Output, offline};
use crate::disk;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Names, purposes and ages of keys; never a key.
    #[command(after_help = "Example:\n  weir keys list")]
    List(Folders),
    /// Copies the key folder to a new folder, consistently, also while Weir runs; it is in the audit ledger before. Keep it apart
    /// from the data.
    #[command(after_help = "Example:\n  weir keys backup /mnt/safe/weir-keys-2026-11-22 --data /var/lib/weir")]
    Backup {
        /// The new folder; it must not exist.
        to: PathBuf,
        /// Copies although there is no data folder, in whose audit log it would stand.
        #[arg(long)]
        unrecorded: bool,
        #[command(flatten)]
        folders: Folders,
    },
    /// Makes a key folder of a backup, without the keys that were destroyed since: those that a backup of the data lists, and those
    /// of another copy of the key folder.
    #[command(
        after_help = "Example:\n  weir keys restore /mnt/safe/weir-keys-2026-11-22 --keys /var/lib/weir-keys --data-backup /mnt/backup/weir"
    )]
    Restore {
        /// The folder of the backup of keys.
        backup: PathBuf,
        /// The new key folder; it must not exist, or be empty.
        #[arg(long, value_name = "FOLDER")]
        keys: PathBuf,
        /// A backup of the data: keys that were destroyed by its time stay destroyed.
        #[arg(long, value_name = "FOLDER")]
        data_backup: Option<PathBuf>,
        /// A younger copy of the key folder: keys that are destroyed there stay destroyed.
        #[arg(long, value_name = "FOLDER")]
        destroyed_in: Option<PathBuf>,
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
        Command::Backup { to, unrecorded, folders } => {
            let from = match folders.key_folder() {
                Ok(from) => from,
                Err(why) => return out.fail(why),
            };
            // The entry first: a copy of all keys that nobody knows of is what the audit ledger is there to tell.
            let recorded = match record(folders, &from) {
                Ok(recorded) => recorded,
                Err(why) => return out.fail(format!("not copied, because it cannot be recorded: {why}")),
            };
            if !recorded && !unrecorded {
                let data = folders.data.display();
                return out.fail(format!(
                    "not copied, because it cannot be recorded: {data} is no data folder; name it with --data, or go on with --unrecorded"
                ));
            }
            match Keys::backup(&from, to) {
                Ok(report) => {
                    let mut text = format!("{} is a checked copy of {}\n", to.display(), from.display());
                    if !recorded {
                        let data = folders.data.display();
                        text.push_str(&format!("{data} is no data folder, so that this is in no audit ledger\n"));
                    }
                    shown(out, &report, &text)
                }
                Err(error) => out.fail_with(&error),
            }
        }
        Command::Restore { backup, keys, data_backup, destroyed_in } => {
            let destroyed = match destroyed(data_backup.as_deref(), destroyed_in.as_deref()) {
                Ok(destroyed) => destroyed,
                Err(why) => return out.fail(why),
            };
            match Keys::restore(backup, keys, &destroyed, &SystemClock) {
                Ok(report) => {
                    let text = format!("{} is made of {}\n", keys.display(), backup.display());
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

/// The names of keys that must not come back (D15).
fn destroyed(data_backup: Option<&Path>, other: Option<&Path>) -> Result<Vec<KeyName>, String> {
    let mut names = std::collections::BTreeSet::new();
    if let Some(folder) = data_backup {
        let manifest = crate::backup::restore::open(folder).map_err(|e| e.to_string())?;
        for name in &manifest.facts.keys.destroyed {
            names.insert(KeyName::parse(name).map_err(|e| e.to_string())?);
        }
    }
    if let Some(folder) = other {
        let keys = Keys::open_read_only(folder, Arc::new(SystemClock)).map_err(|e| e.to_string())?;
        names.extend(keys.list().into_iter().filter(|key| key.destroyed.is_some()).map(|key| key.name));
    }
    Ok(names.into_iter().collect())
}

/// Enters the backup into the audit ledger: through the Weir that runs on the data folder, or directly where none does. `false` where
/// there is no data folder.
fn record(folders: &Folders, keys: &Path) -> Result<bool, String> {
    let data = &folders.data;
    if !disk::version_is_known(data).map_err(|e| e.to_string())? {
        return Ok(false);
    }
    if disk::is_in_use(data) {
        return match socket::ask(data, &Ask::KeysBackup {}) {
            Ok(_) => Ok(true),
            Err(error) => Err(error.to_string()),
        };
    }
    let act = || Ok::<_, String>(Act { actor: offline::actor(), action: "keys_backup", targets: Vec::new() });
    offline::record(folders, keys, act).map(|()| true)
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

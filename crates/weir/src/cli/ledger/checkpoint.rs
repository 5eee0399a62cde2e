//! `weir ledger checkpoint` and `check-checkpoint`: the signed head as a letter, and the way back.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use weir_event::ids::hex;
use weir_ledger::anchor::{Origin, Published};
use weir_ledger::consistency::since;
use weir_ledger::letter::{self, LETTER_BYTES_MAX};
use weir_ledger::tree::note::{Checkpoint, VerifierKey};

use super::{Tree, read_given, tree_dir};
use crate::cli::{Exit, Output};

#[derive(Debug, Args)]
pub(in crate::cli) struct Options {
    /// The data folder.
    #[arg(long, value_name = "FOLDER", default_value = "weir-data")]
    data: PathBuf,
    /// Of which tree.
    #[arg(long, value_enum, default_value = "egress")]
    tree: Tree,
    /// Only the signed note, without words.
    #[arg(long)]
    note: bool,
    /// Only the key that checks it, as other tools and witnesses read it.
    #[arg(long, conflicts_with = "note")]
    key: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Check {
    /// The letter, or a bare checkpoint; `-` reads standard input. It may be a mail that was quoted or wrapped.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The data folder.
    #[arg(long, value_name = "FOLDER", default_value = "weir-data")]
    data: PathBuf,
}

pub(super) fn run(out: &Output, options: &Options) -> Exit {
    match newest(options) {
        Ok((value, text)) => {
            out.show(&value, &text);
            Exit::Fine
        }
        Err(why) => out.fail(why),
    }
}

fn newest(options: &Options) -> Result<(Value, String), String> {
    let dir = tree_dir(&options.data, options.tree)?;
    let key = key_of(&dir)?;
    let (head, note) = match Published::read(&dir, &key) {
        Ok(Some(published)) => (Some(published.head), published.note),
        // The key is made before anything is signed.
        Ok(None) if options.key => (None, String::new()),
        Ok(None) => return Err(format!("{} holds no checkpoint yet: nothing was signed", dir.display())),
        Err(error) => return Err(error.to_string()),
    };
    let value = json!({
        "origin": key.name,
        "size": head.as_ref().map(|head| head.size),
        "root": head.as_ref().map(|head| hex(&head.root)),
        "note": note,
        "verifier_key": key.to_text(),
        "fingerprint": key.fingerprint(),
    });
    let text = match head {
        _ if options.key => key.to_text(),
        Some(_) if options.note => note,
        Some(head) => letter::write(&note, &head, &key),
        None => String::new(),
    };
    Ok((value, text))
}

fn key_of(dir: &Path) -> Result<VerifierKey, String> {
    let origin = Origin::read(dir).map_err(|error| error.to_string())?;
    Ok(origin.ok_or("there is no ledger here: its origin is missing")?.key)
}

pub(super) fn check(out: &Output, options: &Check) -> Exit {
    match checked(options) {
        Ok((value, text, exit)) => {
            out.show(&value, &text);
            exit
        }
        Err(why) => out.fail(why),
    }
}

fn checked(options: &Check) -> Result<(Value, String, Exit), String> {
    let notes = letter::read(&read_given(&options.file, LETTER_BYTES_MAX)?);
    if notes.is_empty() {
        return Err(format!("{} has no checkpoint in it", options.file.display()));
    }
    let (mut values, mut text, mut exit) = (Vec::new(), String::new(), Exit::Fine);
    for note in &notes {
        let said = Checkpoint::parse_unverified(note.as_bytes()).map_err(|error| error.to_string())?;
        // The origin says which tree; the key of that tree says whether it is ours.
        let dirs = [Tree::Egress, Tree::Audit].map(|tree| tree_dir(&options.data, tree));
        let own = dirs.into_iter().flatten().find(|dir| key_of(dir).is_ok_and(|key| key.name == said.origin));
        let Some(dir) = own else {
            return Err(format!(
                "the checkpoint is of {}, and {} holds no such tree; an origin that was given up is kept beside it",
                said.origin,
                options.data.display()
            ));
        };
        match since(&dir, note) {
            Ok(proof) => {
                values.push(json!({"origin": said.origin, "size": said.size, "extended": true, "now": proof.new.size}));
                text.push_str(&format!(
                    "{}: the ledger holds all {} entries of this checkpoint as they were, and {} more\n",
                    said.origin,
                    said.size,
                    proof.new.size - said.size
                ));
            }
            Err(error) if error.is_finding() => {
                exit = Exit::Found;
                values.push(json!({"origin": said.origin, "size": said.size, "extended": false, "found": error.name(), "what": error.to_string()}));
                text.push_str(&format!("{}: {error}\n", said.origin));
            }
            Err(error) => return Err(error.to_string()),
        }
    }
    Ok((json!({"ok": exit == Exit::Fine, "checkpoints": values}), text, exit))
}

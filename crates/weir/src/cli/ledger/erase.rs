//! `weir ledger erase`: takes what is about one person out of the ledger and the identity index of a running Weir.

use std::path::Path;
use std::sync::Arc;

use clap::Args;
use serde_json::json;
use weir_console::command::{Command as Ask, Erased, Reply};
use weir_console::socket;
use weir_event::SystemClock;
use weir_event::ids::hex;
use weir_keys::Keys;

use super::persons::{self, Kind, Person, Tagger};
use super::subject;
use crate::cli::output::counted;
use crate::cli::{Exit, Folders, Output};
use crate::config::{Config, Secrets};
use crate::{disk, evidence};

#[derive(Debug, Args)]
pub(in crate::cli) struct Options {
    /// The id as the apps send it, an e-mail address or a phone number. `-` reads it from standard input, so that it stands in no list of
    /// processes and no history.
    #[arg(value_name = "ID")]
    id: String,
    /// What it is. Default: a user's and a device's id, and an e-mail address or phone number where it looks like one.
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// Only this id: what belongs to the same person stays.
    #[arg(long)]
    only: bool,
    /// Erase. There is no way back.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    folders: Folders,
}

pub(super) fn run(out: &Output, options: &Options) -> Exit {
    match erase(options) {
        Ok((erased, joined, imports)) => {
            out.show(
                &json!({
                    "done": erased.is_done, "rows": erased.rows, "batches": erased.batches, "under_way": erased.under_way,
                    "notes": erased.notes, "links_gone": erased.are_links_gone, "joined": joined, "in_imports": imports,
                }),
                &text(erased, joined, &imports),
            );
            if erased.is_done && erased.under_way == 0 && imports.is_empty() { Exit::Fine } else { Exit::Found }
        }
        Err(why) => out.fail(why),
    }
}

fn erase(options: &Options) -> Result<(Erased, usize, Vec<u64>), String> {
    let Options { folders, .. } = options;
    if !options.yes {
        return Err("nothing was erased: `weir ledger subject` shows what is about this id; with --yes it goes, and there is no way back"
            .to_owned());
    }
    disk::version_is_known(&folders.data).map_err(|error| error.to_string())?;
    let id = subject::id(&options.id)?;
    let keys =
        Keys::open_read_only(&folders.key_folder()?, Arc::new(SystemClock)).map_err(|error| error.to_string())?;
    let config = match folders.config_file() {
        Some(file) => Some(Config::load(&file, Secrets::Leave).map_err(|problems| problems.to_string())?),
        None => None,
    };
    let snapshot = keys.snapshot();
    let meant = Tagger::new(&snapshot, config.as_ref()).meanings(&id, options.kind);
    if meant.is_empty() {
        return Err("this is no e-mail address or phone number: leave --kind away".to_owned());
    }
    // What could not be joined would stay, and nobody would know of it.
    let index = if options.only { None } else { persons::index(folders).map_err(subject::only)? };
    let person = Person::new(meant, index.as_ref()).map_err(subject::only)?;
    if person.is_shared() {
        return Err("nothing was erased: a device of this id was used under other user ids, perhaps by other people; \
                    `weir ledger subject` shows who is joined: erase each id with --only"
            .to_owned());
    }
    let tags: Vec<String> = person.meanings.values().map(|meaning| hex(&meaning.tag.0)).collect();
    match socket::ask(&folders.data, &Ask::LedgerErase { tags }).map_err(|error| error.to_string())? {
        Reply::Erased(erased) => Ok((erased, person.joined().len(), imports(&folders.data, &person)?)),
        _ => Err("weir gave another answer than was asked for: it is of another release".to_owned()),
    }
}

/// Imports of what vendors had before Weir that somebody is in. They are evidence named by its digest, and go as a whole or not at all.
fn imports(data: &Path, person: &Person) -> Result<Vec<u64>, String> {
    let all = evidence::holdings(data)?;
    let holds = |short: &u64, of: &weir_answers::Holding| of.of(*short).is_some();
    let is_in = |holding: &Option<weir_answers::Holding>| {
        holding.as_ref().is_some_and(|of| person.meanings.keys().any(|short| holds(short, of)))
    };
    Ok(all.iter().filter(|(_, holding)| is_in(holding)).map(|(kept, _)| kept.number).collect())
}

fn text(erased: Erased, joined: usize, imports: &[u64]) -> String {
    if !erased.is_done {
        return "it takes longer than an answer may, and goes on by itself, also over a restart: run the command again to see that nothing is left\n"
            .to_owned();
    }
    let mut text = format!(
        "erased: {} of {}; joined to this one: {}\n  the tree, its checkpoints, and receipts and proofs of everybody else's rows stay what they were\n",
        counted(erased.rows, "row"),
        counted(erased.batches, "batch"),
        counted(joined as u64, "id")
    );
    if erased.notes > 0 {
        text.push_str(&format!(
            "  deleted with them: {} of the audit log that named these ids\n",
            counted(erased.notes, "note")
        ));
    }
    if !erased.are_links_gone {
        text.push_str("  what joined the ids is in no answer any more; off the disk it goes once the backup that is under way has ended\n");
    }
    if erased.under_way > 0 {
        text.push_str(&format!(
            "  NOT OVER: {} of batches that are under way among them: their events may be sent again, with rows of their own: run this again later\n",
            counted(erased.under_way, "row")
        ));
    }
    for number in imports {
        text.push_str(&format!(
            "  LEFT: import {number} has these ids: `weir holdings remove {number}` takes it away as a whole\n"
        ));
    }
    text.push_str(
        "  not touched: events that wait in the journal or in quarantine (sealed, they go with their time), what comes in from now on, backups made before, \
         and what vendors have\n",
    );
    text
}

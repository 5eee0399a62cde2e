//! `weir quarantine`: what was withheld at the gate or rejected by a vendor. Bodies of the raw hold are opened in this process,
//! which alone reads `hold.key`; the gateway never does (D10). What is shown is masked: paths, lengths, categories.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::json;
use weir_console::command::{
    Command as Ask, Disclose, Disclosure, Filter, MaskedLeaf, Opened, QuarantineEntry, Reply, unhex,
};
use weir_console::socket;
use weir_detect::{Engine, Judge};
use weir_event::{DraftBatch, EventId, LeafKind, Names, SourceId};
use zeroize::Zeroizing;

use super::output::{ask, masked, refused, show};
use super::{Exit, Folders, Output};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// What is held: reasons, times, no value.
    #[command(after_help = "Example:\n  weir quarantine list --source web --reason event_name_unclean")]
    List {
        /// Only what was withheld at the gate of this source.
        #[arg(long)]
        source: Option<String>,
        /// Only what this destination rejected.
        #[arg(long)]
        destination: Option<String>,
        /// Only with this reason.
        #[arg(long)]
        reason: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 100)]
        limit: u32,
        #[command(flatten)]
        folders: Folders,
    },
    /// One entry, masked. Recorded in the audit log.
    #[command(after_help = "Example:\n  weir quarantine show raw-12")]
    Show(One),
    /// Passes entries through today's policy again: those that are named, or all that fit.
    #[command(
        after_help = "Example:\n  weir quarantine replay raw-12 --preview\n  weir quarantine replay raw-12 raw-13\n  \
                      weir quarantine replay --all --destination product\n\nEnds with 1 where some entry stays."
    )]
    Replay(Replay),
    /// Throws entries away; they count as dropped under `discarded`.
    #[command(after_help = "Example:\n  weir quarantine discard raw-12 raw-13")]
    Discard {
        /// Their ids.
        #[arg(required = true, value_name = "ENTRY")]
        entries: Vec<String>,
        #[command(flatten)]
        folders: Folders,
    },
}

#[derive(Debug, Args)]
pub(super) struct Replay {
    /// Their ids, such as raw-12 or rejected-7.
    #[arg(value_name = "ENTRY", required_unless_present = "all", conflicts_with = "all")]
    entries: Vec<String>,
    /// All of them, or all that `--source`, `--destination` and `--reason` leave; at most 10,000 at a time.
    #[arg(long)]
    all: bool,
    /// With --all: only what was withheld at the gate of this source.
    #[arg(long, requires = "all")]
    source: Option<String>,
    /// With --all: only what this destination rejected.
    #[arg(long, requires = "all")]
    destination: Option<String>,
    /// With --all: only with this reason.
    #[arg(long, requires = "all")]
    reason: Option<String>,
    /// Says what would happen and changes nothing.
    #[arg(long)]
    preview: bool,
    /// The folder that holds hold.key, where it was moved away. Default: the key folder.
    #[arg(long, value_name = "FOLDER")]
    hold_key: Option<PathBuf>,
    #[command(flatten)]
    folders: Folders,
}

/// Entries that one `--all` replays: as many as one list shows.
const REPLAYED_MAX: u32 = 10_000;

#[derive(Debug, Args)]
pub(super) struct One {
    /// Its id, such as raw-12 or rejected-7.
    entry: String,
    /// The folder that holds hold.key, where it was moved away. Default: the key folder.
    #[arg(long, value_name = "FOLDER")]
    hold_key: Option<PathBuf>,
    #[command(flatten)]
    folders: Folders,
}

pub(super) fn run(out: &Output, command: &Command) -> Exit {
    match command {
        Command::List { source, destination, reason, limit, folders } => {
            let filter = Filter { source: source.clone(), destination: destination.clone(), reason: reason.clone() };
            ask(out, &folders.data, &Ask::QuarantineList { filter, limit: *limit })
        }
        Command::Show(one) => match fetch(out, one) {
            Ok(Fetched::Answered(reply)) => show(out, &reply),
            Ok(Fetched::Opened(entry, body)) => show_opened(out, &entry, &body),
            Err(exit) => exit,
        },
        Command::Replay(command) => replay(out, command),
        Command::Discard { entries, folders } => {
            ask(out, &folders.data, &Ask::QuarantineDiscard { entries: entries.clone() })
        }
    }
}

/// One entry is answered as the gateway answers; of several each has its line.
fn replay(out: &Output, command: &Replay) -> Exit {
    let entries = if command.all {
        let (source, destination) = (command.source.clone(), command.destination.clone());
        let filter = Filter { source, destination, reason: command.reason.clone() };
        match socket::ask(&command.folders.data, &Ask::QuarantineList { filter, limit: REPLAYED_MAX }) {
            Ok(Reply::Quarantine { entries, .. }) => entries.into_iter().map(|entry| entry.entry).collect(),
            Ok(_) => return out.fail("the answer is not of this release: use the command line of the same release"),
            Err(error) => return refused(out, &error),
        }
    } else {
        command.entries.clone()
    };
    if let ([entry], false) = (&entries[..], command.all) {
        return match replay_one(out, command, entry) {
            Ok(reply) => show(out, &reply),
            Err(exit) => exit,
        };
    }
    let (mut done, mut text, mut list) = (0, String::new(), Vec::new());
    for entry in &entries {
        match replay_one(out, command, entry) {
            Ok(Reply::Replayed { done: is_done, outcomes }) => {
                done += usize::from(is_done);
                text.push_str(&format!("{entry}: {}\n", outcomes.join("; ")));
                list.push(json!({"entry": entry, "done": is_done, "outcomes": outcomes}));
            }
            Ok(_) => return out.fail("the answer is not of this release: use the command line of the same release"),
            // What became of those before it is said all the same.
            Err(Exit::CouldNotRun) => {
                out.show(
                    &json!({"reply": "replayed_several", "done": done, "of": entries.len(), "entries": list}),
                    &text,
                );
                return Exit::CouldNotRun;
            }
            Err(_) => list.push(json!({"entry": entry, "done": false, "outcomes": []})),
        }
    }
    let head = if command.preview {
        "nothing was changed".to_owned()
    } else {
        format!("{done} of {} replayed", entries.len())
    };
    out.show(
        &json!({"reply": "replayed_several", "done": done, "of": entries.len(), "entries": list}),
        &format!("{text}{head}"),
    );
    if command.preview || done == entries.len() { Exit::Fine } else { Exit::Found }
}

fn replay_one(out: &Output, command: &Replay, entry: &str) -> Result<Reply, Exit> {
    let opened = if entry.starts_with("raw-") {
        let (hold_key, folders) = (command.hold_key.clone(), command.folders.clone());
        match fetch(out, &One { entry: entry.to_owned(), hold_key, folders })? {
            Fetched::Opened(_, body) => Some(Opened::new(&body)),
            Fetched::Answered(_) => None,
        }
    } else {
        None
    };
    let ask_for = Ask::QuarantineReplay { entry: entry.to_owned(), opened, preview: command.preview };
    socket::ask(&command.folders.data, &ask_for).map_err(|error| refused(out, &error))
}

enum Fetched {
    Answered(Reply),
    Opened(QuarantineEntry, Zeroizing<Vec<u8>>),
}

/// Asks for an entry; one that comes sealed is opened with the hold key.
fn fetch(out: &Output, one: &One) -> Result<Fetched, Exit> {
    let reply = socket::ask(&one.folders.data, &Ask::QuarantineShow { entry: one.entry.clone() });
    let (entry, body) = match reply {
        Ok(Reply::Sealed { entry, body }) => (entry, body),
        Ok(other) => return Ok(Fetched::Answered(other)),
        Err(error) => return Err(refused(out, &error)),
    };
    let Some(body) = body else {
        out.fail(format!(
            "{}: only the reason was kept (`hold.keep_body` was false, or the body was too large)",
            one.entry
        ));
        return Err(Exit::Found);
    };
    let bound = entry.source.as_deref().and_then(|s| SourceId::parse(s).ok()).zip(EventId::from_hex(&entry.event));
    let (Some((source, event)), Some(body)) = (bound, unhex(&body)) else {
        return Err(out.fail("the answer is not of this release: use the command line of the same release"));
    };
    let folder = match &one.hold_key {
        Some(folder) => folder.clone(),
        None => one.folders.key_folder().map_err(|why| out.fail(why))?,
    };
    // The key of everything that is held: that it is used is an act of its own, entered before it is opened.
    let of_entry = Disclose { entry: Some(one.entry.clone()), ..Disclose::new(Disclosure::HoldKeyUse) };
    socket::ask(&one.folders.data, &Ask::Disclose(of_entry)).map_err(|error| refused(out, &error))?;
    let key = weir_keys::open_hold_key(&folder).map_err(|error| out.fail_with(&error))?;
    let opened = key.open(&weir_hold::held_aad(&source, event), &body).map_err(|error| out.fail_with(&error))?;
    Ok(Fetched::Opened(entry, Zeroizing::new(opened)))
}

fn show_opened(out: &Output, entry: &QuarantineEntry, body: &[u8]) -> Exit {
    let engine = Arc::new(Engine::new());
    let names = Names::new(Box::new(Judge(Arc::clone(&engine))));
    match weir_policy::withheld::decode(body, &names.source()) {
        Ok(batch) => {
            let leaves = mask(&batch, &engine, &names);
            let text = masked(&entry.entry, &entry.reason, &leaves);
            out.show(&json!({"reply": "masked", "entry": entry, "leaves": leaves}), &text);
            Exit::Fine
        }
        Err(_) => {
            out.fail(format!("{}: its body cannot be read by this release", entry.entry));
            Exit::CouldNotRun
        }
    }
}

/// Path, kind, length and categories of each leaf. An unclean path shows as `(unnamed)`.
fn mask(batch: &DraftBatch, engine: &Engine, names: &Names) -> Vec<MaskedLeaf> {
    let mut leaves = Vec::new();
    let mut found = Vec::new();
    for draft in &batch.drafts {
        for leaf in batch.tape(draft) {
            if !leaf.kind.is_scalar() {
                continue;
            }
            let text = batch.bytes(leaf.text);
            found.clear();
            engine.scan(engine.path_facts(names.entry(leaf.path)), leaf.kind, text, &mut found);
            let mut categories: Vec<String> = found.iter().map(|f| f.category.key().to_owned()).collect();
            categories.sort_unstable();
            categories.dedup();
            let kind = match leaf.kind {
                LeafKind::Null => "null",
                LeafKind::True => "true",
                LeafKind::False => "false",
                LeafKind::Number => "number",
                _ => "string",
            };
            leaves.push(MaskedLeaf {
                path: names.text(leaf.path).to_owned(),
                kind: kind.to_owned(),
                length: u32::try_from(batch.str(leaf.text).chars().count()).unwrap_or(u32::MAX),
                categories,
            });
        }
    }
    leaves
}

#[cfg(test)]
mod tests {
    use weir_event::{Draft, Leaf, NameId, Operation, Text};

    use super::*;

    #[test]
    fn a_masked_event_shows_where_and_what_but_no_value() {
        let engine = Arc::new(Engine::new());
        let names = Names::new(Box::new(Judge(Arc::clone(&engine))));
        let source = names.source();
        let text = b"ada@example.com4711".to_vec();
        let (note, _) = source.path(NameId::EVENT_ROOT, "note");
        let (seats, _) = source.path(NameId::EVENT_ROOT, "seats");
        let leaves = vec![
            Leaf { path: note, kind: LeafKind::String, text: Text { start: 0, len: 15 } },
            Leaf { path: seats, kind: LeafKind::Number, text: Text { start: 15, len: 4 } },
        ];
        let draft = Draft {
            operation: Operation::Track,
            name: NameId::UNNAMED,
            name_text: Text::default(),
            identities: Vec::new(),
            sdk_id: None,
            client_time: None,
            sent_at: None,
            historical: false,
            leaves: 0..2,
            unnamed: 0,
            fault: None,
        };
        let batch = DraftBatch { text, leaves, drafts: vec![draft], ..DraftBatch::default() };
        let masked = mask(&batch, &engine, &names);
        assert_eq!((masked[0].path.as_str(), masked[0].length), ("note", 15));
        assert!(masked[0].categories.contains(&"user.contact.email".to_owned()), "{:?}", masked[0].categories);
        assert_eq!((masked[1].kind.as_str(), masked[1].length), ("number", 4));
        assert!(!format!("{masked:?}").contains("ada") && !format!("{masked:?}").contains("4711"));
    }
}

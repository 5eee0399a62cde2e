//! `weir holdings`: what vendors had before Weir. An export of a vendor goes in; what stays is which fields it held, what was found in
//! them, of how many people, in which time: *declared* evidence (D13), recorded in the audit ledger before it counts (D19). No value is
//! kept, and no id: people are kept as the short form of their tag, as rows of the ledger bear it (D6).

pub(super) mod report;

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use weir_answers::Holding;
use weir_answers::holding::Said;
use weir_console::command::{Command as Ask, Disclose, Disclosure};
use weir_console::socket;
use weir_event::ids::hex;
use weir_event::{Clock, DestinationId, Environment, Millis, SourceId, SystemClock};
use weir_keys::Keys;
use weir_ledger::disk::RealDisk;
use weir_ledger::kept::{self, Class, Kept};

use super::audit::collect::{Collected, collect};
use super::disclosure::Recording;
use super::output::{refused, table};
use super::{Exit, Folders, Output, offline};
use crate::{config, disk, evidence};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Reads exports of a vendor, as `weir audit` does, and records which fields, categories and people they held, and in which time.
    /// Needs the key folder, so that people are the same ones as in the ledger. Keeps no value and no id.
    #[command(
        after_help = "Example:\n  weir holdings import --vendor mixpanel --destination product --to 2026-10-31 export/\n\n\
                      Exit codes: 0 all of it was read, 1 recorded, but something could not be read, 2 nothing was recorded"
    )]
    Import(Box<Import>),
    /// Every import that counts.
    #[command(after_help = "Example:\n  weir holdings list --json")]
    List(Folders),
    /// One import: its fields, what was found in them, of how many people, and what to delete at the vendor, with which tool.
    #[command(after_help = "Example:\n  weir holdings show 1")]
    Show {
        /// Its number.
        #[arg(value_name = "IMPORT")]
        number: u64,
        #[command(flatten)]
        folders: Folders,
    },
    /// Takes an import away: it does not count any more and its file is deleted; that it was there stays in the audit ledger.
    #[command(after_help = "Example:\n  weir holdings remove 1 --confirm 1")]
    Remove {
        /// Its number.
        #[arg(value_name = "IMPORT")]
        number: u64,
        /// The number once more: the file is gone then.
        #[arg(long, value_name = "IMPORT")]
        confirm: u64,
        #[command(flatten)]
        folders: Folders,
    },
}

#[derive(Debug, Args)]
pub(super) struct Import {
    /// Exports, or folders of them: NDJSON, JSON, CSV, plain, gzip or zstd.
    #[arg(value_name = "FILE|FOLDER", required = true)]
    inputs: Vec<PathBuf>,
    /// Whose they are.
    #[arg(long, value_name = "NAME")]
    vendor: String,
    /// The destination that goes on with what they hold, where there is one.
    #[arg(long, value_name = "ID")]
    destination: Option<String>,
    /// The environment whose people they are of. Default: the first that the destination takes, else production.
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// The identity space of the ids in it. Default: that of the sources of this environment.
    #[arg(long, value_name = "NAME")]
    identity_space: Option<String>,
    /// The first day that counts; events before it are left out.
    #[arg(long, value_name = "DAY")]
    from: Option<String>,
    /// The last day that counts, such as the last one before Weir; events after it are left out.
    #[arg(long, value_name = "DAY")]
    to: Option<String>,
    #[command(flatten)]
    recording: Recording,
    #[command(flatten)]
    folders: Folders,
}

pub(super) fn run(out: &Output, command: &Command) -> Exit {
    let done = match command {
        Command::Import(options) => import(out, options),
        Command::List(folders) => list(out, folders),
        Command::Show { number, folders } => show(out, folders, *number),
        Command::Remove { number, confirm, folders } => remove(out, folders, *number, *confirm),
    };
    done.unwrap_or_else(|why| out.fail(why))
}

fn import(out: &Output, options: &Import) -> Result<Exit, String> {
    let Import { folders, inputs, .. } = options;
    let data = &folders.data;
    folders.must_be_there()?;
    let (said, environment) = said(options)?;
    let key_folder = folders.key_folder()?;
    let keys = Keys::open_read_only(&key_folder, Arc::new(SystemClock)).map_err(|error| error.to_string())?;
    let destinations = options.destination.iter().cloned().collect();
    let disclose = Disclose { destinations, ..Disclose::new(Disclosure::HoldingsImport) };
    options.recording.enter(folders, &[], disclose)?;
    let now = SystemClock.now();
    let collected = collect(inputs, said, keys.snapshot(), environment, now)?;
    let Collected { holding, not_read, twice } = collected;
    if holding.events == 0 {
        let why = not_read.first().map_or("they hold no event", String::as_str);
        return Err(format!("nothing was recorded: {why}"));
    }
    let bytes = holding.encode();
    let digest = evidence::put(data, Class::Holding, &bytes)?;
    // Nobody counts the file yet. Where it is refused, it goes again.
    if let Err(refusal) = record(folders, &key_folder, Class::Holding, digest) {
        if !matches!(refusal, Refusal::Known(_)) {
            let _ = kept::delete(&RealDisk, data, Class::Holding, &digest);
        }
        return Ok(refusal.said(out));
    }
    let recorded = evidence::counting(data, Class::Holding)?.into_iter().find(|kept| kept.digest == digest);
    let kept = recorded.ok_or("it was recorded, and is not in the audit ledger")?;
    let mut text = report::text(&kept, &holding);
    for file in &twice {
        text.push_str(&format!("the same as a file before it, and not read again: {file}\n"));
    }
    for why in &not_read {
        text.push_str(&format!("NOT READ: {why}\n"));
    }
    let mut value = report::value(&kept, &holding);
    (value["not_read"], value["read_once"]) = (json!(not_read), json!(twice));
    out.show(&value, &text);
    Ok(if not_read.is_empty() { Exit::Fine } else { Exit::Found })
}

/// What the export is said to be of, and the environment under whose key its ids are tagged.
fn said(options: &Import) -> Result<(Said, Environment), String> {
    let clean = |text: &str| {
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | '-' | '_');
        !text.is_empty() && text.len() <= 100 && text.chars().all(is_word)
    };
    if !clean(&options.vendor) {
        return Err("--vendor is a name of up to 100 letters, digits, spaces, dots, dashes".to_owned());
    }
    let destination = options.destination.as_deref().map(DestinationId::parse).transpose();
    let destination = destination.map_err(|error| format!("--destination: {error}"))?;
    let config = options.folders.configuration()?;
    let of = config.as_ref().zip(destination.as_ref()).and_then(|(config, id)| config.destinations.get(id));
    let environment = match (&options.environment, of) {
        (Some(name), _) => Environment::ALL.into_iter().find(|of| of.name() == name.as_str()).ok_or_else(|| {
            let known: Vec<&str> = Environment::ALL.iter().map(|of| of.name()).collect();
            format!("--environment is one of {}", known.join(", "))
        })?,
        (None, Some(of)) => of.environments.first().copied().unwrap_or(Environment::Production),
        (None, None) => Environment::Production,
    };
    let space = match (&options.identity_space, &config) {
        (Some(space), _) => {
            SourceId::parse(space).map_err(|error| format!("--identity-space: {error}"))?;
            space.clone()
        }
        (None, Some(config)) => {
            let sources = config.sources.values().filter(|source| source.environment == environment);
            let mut spaces: Vec<&str> = sources.map(|source| source.identity_space.as_str()).collect();
            spaces.sort_unstable();
            spaces.dedup();
            match spaces.as_slice() {
                [] => "default".to_owned(),
                [only] => (*only).to_owned(),
                several => {
                    return Err(format!(
                        "the sources have several identity spaces: say with --identity-space which one these ids are of: {}",
                        several.join(", ")
                    ));
                }
            }
        }
        (None, None) => "default".to_owned(),
    };
    let day = |text: &Option<String>, flag: &str| {
        let at = text.as_ref().map(|text| config::day(text).ok_or(text));
        let at = at.transpose().map_err(|text| format!("{flag} `{text}` is no day: write 2026-11-22"))?;
        Ok::<_, String>(at.map(Millis::day))
    };
    let days = match (day(&options.from, "--from")?, day(&options.to, "--to")?) {
        (None, None) => None,
        (from, to) => Some((from.unwrap_or(0), to.unwrap_or(SystemClock.now().day()))),
    };
    if days.is_some_and(|(from, to)| from > to) {
        return Err("--from is after --to: exchange them".to_owned());
    }
    let (vendor, name) = (options.vendor.clone(), environment.name().to_owned());
    Ok((Said { vendor, destination, environment: name, space, days }, environment))
}

/// Why something was not recorded.
pub(super) enum Refusal {
    /// By the running Weir.
    Asked(weir_console::AdminError),
    /// It is recorded already; its file stays.
    Known(String),
    /// Beside none.
    Alone(String),
}

impl Refusal {
    pub(super) fn why(&self) -> String {
        match self {
            Refusal::Asked(error) => error.to_string(),
            Refusal::Known(why) | Refusal::Alone(why) => why.clone(),
        }
    }

    pub(super) fn said(&self, out: &Output) -> Exit {
        match self {
            Refusal::Asked(error) => refused(out, error),
            Refusal::Known(why) => {
                out.fail(why);
                Exit::Found
            }
            Refusal::Alone(why) => out.fail(format!("not recorded: {why}")),
        }
    }
}

/// Records evidence whose file is in its folder: by the running Weir, or under the lock of the data folder where none runs.
pub(super) fn record(folders: &Folders, keys: &std::path::Path, class: Class, digest: [u8; 32]) -> Result<(), Refusal> {
    let data = &folders.data;
    if disk::is_in_use(data) {
        let digest = hex(&digest);
        let ask = match class {
            Class::Holding => Ask::HoldingsImport { digest },
            Class::Reconciliation => Ask::ReconciliationKeep { digest },
        };
        return match socket::ask(data, &ask) {
            Ok(_) => Ok(()),
            Err(weir_console::AdminError::Conflict { message }) => Err(Refusal::Known(message)),
            Err(error) => Err(Refusal::Asked(error)),
        };
    }
    match evidence::may_add(data, class, &digest) {
        Err(weir_console::AdminError::Conflict { message }) => return Err(Refusal::Known(message)),
        Err(error) => return Err(Refusal::Alone(error.to_string())),
        Ok(()) => {}
    }
    let act = || Ok::<_, String>(kept::adding(offline::actor(), class, digest));
    offline::record(folders, keys, act).map_err(Refusal::Alone)
}

fn found(folders: &Folders, number: u64) -> Result<Kept, String> {
    let all = evidence::counting(&folders.data, Class::Holding)?;
    let of = all.into_iter().find(|kept| kept.number == number);
    of.ok_or_else(|| format!("there is no import {number}: see `weir holdings list`"))
}

fn show(out: &Output, folders: &Folders, number: u64) -> Result<Exit, String> {
    let kept = match found(folders, number) {
        Ok(kept) => kept,
        Err(why) => {
            out.fail(why);
            return Ok(Exit::Found);
        }
    };
    let holding = evidence::holding(&folders.data, &kept);
    let holding = holding
        .ok_or_else(|| format!("the file of import {number} is gone or was changed: remove it, and import it again"))?;
    out.show(&report::value(&kept, &holding), &report::text(&kept, &holding));
    Ok(Exit::Fine)
}

fn remove(out: &Output, folders: &Folders, number: u64, confirm: u64) -> Result<Exit, String> {
    if number != confirm {
        return Err("--confirm is not the same number: there is no way back".to_owned());
    }
    let kept = match found(folders, number) {
        Ok(kept) => kept,
        Err(why) => {
            out.fail(why);
            return Ok(Exit::Found);
        }
    };
    let data = &folders.data;
    if disk::is_in_use(data) {
        if let Err(error) = socket::ask(data, &Ask::HoldingsRemove { digest: hex(&kept.digest) }) {
            return Ok(refused(out, &error));
        }
    } else {
        let act = || Ok::<_, String>(kept::removing(offline::actor(), Class::Holding, kept.digest));
        offline::record(folders, &folders.key_folder()?, act)?;
        kept::delete(&RealDisk, data, Class::Holding, &kept.digest).map_err(|error| error.to_string())?;
    }
    list(out, folders)
}

fn list(out: &Output, folders: &Folders) -> Result<Exit, String> {
    folders.must_be_there()?;
    let all = evidence::holdings(&folders.data)?;
    let value: Vec<Value> = all.iter().map(|(kept, holding)| report::head(kept, holding.as_ref())).collect();
    let rows = all.iter().map(|(kept, holding)| {
        let Some(holding) = holding else {
            return vec![kept.number.to_string(), "its file is gone or was changed".to_owned()];
        };
        vec![
            kept.number.to_string(),
            holding.said.vendor.clone(),
            holding.said.destination.as_ref().map_or("", DestinationId::as_str).to_owned(),
            report::span(holding),
            holding.events.to_string(),
            holding.subjects().to_string(),
            kept.at.to_rfc3339(),
        ]
    });
    let head = ["import", "vendor", "destination", "events from, to", "events", "ids", "recorded"];
    out.show(&json!({"holdings": value}), &table(&head, rows));
    Ok(Exit::Fine)
}

/// Whose holdings an answer about an exposure lists.
pub(super) fn about(holding: &Holding, vendor: Option<&str>, recipients: &[(DestinationId, Option<String>)]) -> bool {
    let said = &holding.said;
    match vendor {
        Some(vendor) => said.vendor == vendor,
        None => recipients.iter().any(|(id, vendor)| {
            said.destination.as_ref().map_or(vendor.as_deref() == Some(said.vendor.as_str()), |of| of == id)
        }),
    }
}

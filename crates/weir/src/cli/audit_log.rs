//! `weir audit-log`: who did what to this Weir, when: to read, to check, to prove one act to somebody else, to hand on. Reads the audit
//! ledger beside a running Weir; opens no key for it.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use weir_console::command::{Disclose, Disclosure};
use weir_event::{Clock, SystemClock};
use weir_ledger::acts;
use weir_ledger::anchor::Origin;
use weir_trail::ocsf::Sender;
use weir_trail::syslog::{self, Form};
use weir_trail::{Acted, Filter, People, table};

use super::disclosure::Recording;
use super::{Exit, Folders, Output, ledger, output};
use crate::ship;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Who did what, when, newest last. A note beside an act (which ids it was about, and why) is shown as long as its file is there.
    #[command(
        after_help = "Example:\n  weir audit-log read --since 7d --action reidentify\n  weir audit-log read --actor ada --csv > acts.csv\n  \
                      weir audit-log read --follow --json\n\nClasses of acts: life, change, read, export, key_use, reidentify; docs/audit-log.md has every word"
    )]
    Read(Box<Read>),
    /// Checks log, tree and checkpoints of the audit ledger, as `weir ledger verify` does with both.
    #[command(
        after_help = "Example:\n  weir audit-log verify --data weir-data --keys ~/.local/state/weir/keys\n\nExit codes: 0 whole, 1 something is bad, 2 could not be checked"
    )]
    Verify {
        /// A checkpoint mirror to compare with; those of the configuration are compared too.
        #[arg(long = "anchor", value_name = "FILE")]
        anchors: Vec<PathBuf>,
        #[command(flatten)]
        folders: Folders,
    },
    /// Proof that an act is in the signed tree, for somebody who does not trust this Weir (c2sp.org/tlog-proof), with the leaf beside it.
    #[command(after_help = "Example:\n  weir audit-log receipt 41 --to receipts")]
    Receipt {
        /// The act's number, as `weir audit-log read` shows it.
        #[arg(required = true, value_name = "ENTRY")]
        entries: Vec<u64>,
        /// The folder that it is written into.
        #[arg(long, value_name = "FOLDER")]
        to: PathBuf,
        #[command(flatten)]
        folders: Folders,
    },
    /// Hands acts on, once: to standard output or a file. What is to be shipped for good stands under `audit_log.ship` in weir.yaml.
    #[command(after_help = "Example:\n  weir audit-log ship --once --to - --since 24h | gzip > acts.ndjson.gz\n  \
                      weir audit-log ship --once --to acts.ndjson --form weir")]
    Ship(Box<Ship>),
}

/// Which acts.
#[derive(Debug, Args)]
struct Which {
    /// From when on: a time, a day, or how long ago, as 30d.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Up to this time, which is outside; a day counts to its end.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// By whom: a user's name or number, or `weir`. May be given several times.
    #[arg(long, value_name = "WHO")]
    actor: Vec<String>,
    /// What: an act's word, or a class of acts. May be given several times.
    #[arg(long, value_name = "WHAT")]
    action: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct Read {
    #[command(flatten)]
    which: Which,
    /// As CSV, a line for each.
    #[arg(long, conflicts_with = "follow")]
    csv: bool,
    /// Goes on, and shows each act as it is recorded.
    #[arg(long)]
    follow: bool,
    #[command(flatten)]
    folders: Folders,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum As {
    /// Events of OCSF 1.3.0, a line for each.
    Ocsf,
    /// As `weir audit-log read --json` shows them, a line for each.
    Weir,
    /// Messages of RFC 5424, a line for each.
    Syslog,
}

#[derive(Debug, Args)]
pub(super) struct Ship {
    #[command(flatten)]
    which: Which,
    /// What there is now, and no more.
    #[arg(long, required = true)]
    once: bool,
    /// A file, or `-` for standard output.
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// In which form.
    #[arg(long, value_enum, default_value = "ocsf")]
    form: As,
    #[command(flatten)]
    recording: Recording,
    #[command(flatten)]
    folders: Folders,
}

/// How often a follower looks.
const FOLLOW: Duration = Duration::from_millis(500);

pub(super) fn run(out: &Output, command: &Command) -> Exit {
    let done = match command {
        Command::Read(options) => read(out, options),
        Command::Verify { anchors, folders } => return ledger::verify_audit(out, folders, anchors),
        Command::Receipt { entries, to, folders } => receipts(out, entries, to, folders),
        Command::Ship(options) => ship(out, options),
    };
    done.unwrap_or_else(|why| out.fail(why))
}

fn audit(folders: &Folders) -> Result<PathBuf, String> {
    let dir = folders.data.join("audit");
    if dir.is_dir() {
        return Ok(dir);
    }
    Err(format!("{} has no audit ledger: name the data folder with --data", folders.data.display()))
}

fn origin(dir: &Path) -> Result<String, String> {
    let origin = Origin::read(dir).map_err(|error| error.to_string())?;
    Ok(origin.ok_or("the audit ledger has no origin: run `weir ledger verify`")?.key.name)
}

fn filter(which: &Which) -> Result<Filter, String> {
    let now = SystemClock.now();
    let time = |text: &Option<String>, flag, is_end| {
        text.as_ref().map(|text| ledger::time_of(text, flag, now, is_end)).transpose()
    };
    let (since, until) = (time(&which.since, "--since", false)?, time(&which.until, "--until", true)?);
    let filter = Filter { since, until, actors: which.actor.clone(), actions: which.action.clone() };
    if let Some(word) = filter.unknown_action() {
        return Err(format!("no act and no class of acts is called `{word}`: docs/audit-log.md has their words"));
    }
    Ok(filter)
}

/// The acts that fit, from an entry on; and the place behind the last entry.
fn acts_from(dir: &Path, start: u64, filter: &Filter, people: &People) -> Result<(Vec<Acted>, u64), String> {
    let mut list = Vec::new();
    let next = acts::from(dir, start, |index, at, entry| {
        list.extend(Acted::of(index, at, entry, people).filter(|acted| filter.admits(acted)));
    });
    next.map(|next| (list, next)).map_err(|error| error.to_string())
}

fn read(out: &Output, options: &Read) -> Result<Exit, String> {
    let dir = audit(&options.folders)?;
    let (filter, people, origin) = (filter(&options.which)?, ship::people(), origin(&dir)?);
    let (list, mut next) = acts_from(&dir, 0, &filter, &people)?;
    let value = |acted: &Acted| {
        let mut value = acted.value(&origin);
        value["note"] = json!(acted.note(&dir));
        value
    };
    let cells = |acted: &Acted| table::cells(acted, acted.note(&dir).as_deref());
    if options.csv {
        let mut text = table::line(&table::COLUMNS);
        list.iter().for_each(|acted| text.push_str(&table::line(&cells(acted))));
        return Ok(written(&text));
    }
    if !options.follow {
        let rows = list.iter().map(|acted| cells(acted).to_vec());
        let text = if list.is_empty() { "no act\n".to_owned() } else { output::table(&table::COLUMNS, rows) };
        let acts: Vec<Value> = list.iter().map(value).collect();
        out.show(&json!({"origin": origin, "entries": next, "acts": acts}), &text);
        return Ok(Exit::Fine);
    }
    let line = |acted: &Acted| match out.is_json() {
        true => format!("{}\n", value(acted)),
        false => {
            format!("{}\n", cells(acted).into_iter().filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join("  "))
        }
    };
    let mut list = list;
    // Until it is interrupted, or nobody reads any more.
    loop {
        let text: String = list.iter().map(line).collect();
        if !text.is_empty() && written(&text) != Exit::Fine {
            return Ok(Exit::Fine);
        }
        std::thread::sleep(FOLLOW);
        let more = acts_from(&dir, next, &filter, &people)?;
        // A tree that was made again from a backup begins anew.
        next = more.1;
        list = more.0;
    }
}

fn written(text: &str) -> Exit {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Exit::Fine,
        // A closed pipe is the reader's decision, and the end of it.
        Err(_) => Exit::CouldNotRun,
    }
}

fn receipts(out: &Output, entries: &[u64], to: &Path, folders: &Folders) -> Result<Exit, String> {
    let dir = audit(folders)?;
    let receipts = ledger::receipts(&folders.data, &dir, entries.iter().max().copied())?;
    let names = ledger::write_receipts(&receipts, to, entries.iter().copied())?;
    let text = format!(
        "{} written to {}; tests/verifiers/receipt.py is one program that checks them\n",
        output::counted(names.len() as u64, "receipt"),
        to.display()
    );
    out.show(&json!({"receipts": names, "verifier_key": receipts.verifier_key()}), &text);
    Ok(Exit::Fine)
}

fn ship(out: &Output, options: &Ship) -> Result<Exit, String> {
    let folders = &options.folders;
    let dir = audit(folders)?;
    let (filter, people, origin) = (filter(&options.which)?, ship::people(), origin(&dir)?);
    // Acts say who works here and what they look at: handing them on is an act itself.
    let standing = options.recording.enter(folders, &[], Disclose::new(Disclosure::AuditLogShip))?;
    let (list, _) = acts_from(&dir, 0, &filter, &people)?;
    let sender: Sender = ship::sender(origin);
    let line = |acted: &Acted| match options.form {
        As::Ocsf => format!("{}\n", syslog::value(acted, &sender, Form::Ocsf)),
        As::Weir => format!("{}\n", syslog::value(acted, &sender, Form::Weir)),
        As::Syslog => format!("{}\n", syslog::message(acted, &sender, Form::Ocsf)),
    };
    let text: String = list.iter().map(line).collect();
    if options.to == Path::new("-") {
        if std::io::stderr().is_terminal() {
            // Standard output is for the acts alone.
            let _ = writeln!(std::io::stderr(), "{}", standing.line());
        }
        return Ok(written(&text));
    }
    output::write(&options.to, text)?;
    let said = format!(
        "{} written to {}\n{}\n",
        output::counted(list.len() as u64, "act"),
        options.to.display(),
        standing.line()
    );
    out.show(&json!({"acts": list.len(), "to": options.to, "scope": [standing.line()]}), &said);
    Ok(Exit::Fine)
}

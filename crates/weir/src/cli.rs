//! The command line. Every command takes `--json`, shows an example in `--help`, and ends with 0 (fine), 1 (found something) or
//! 2 (could not run).
//!
//! Read-only commands work beside a running Weir on the same folders; what changes something goes through `admin.sock` (D19).

mod alerts;
mod apply;
pub mod audit;
mod audit_log;
mod backup;
mod bypass;
mod capacity;
mod catalog;
mod config;
mod destination;
pub mod detect;
mod disclosure;
mod doctor;
mod holdings;
mod keys;
mod ladder;
mod ledger;
mod lines;
mod offline;
mod outbound;
mod output;
mod page;
mod policy;
pub mod preflight;
mod quarantine;
mod reading;
mod recording;
mod resend;
mod rollout;
mod scalars;
mod status;
mod table;
mod upgrade;
mod why;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use weir_console::Command as Ask;

use crate::config::{Config, Secrets};
use crate::disk;

pub use output::{Exit, Output};

/// A telemetry firewall: what your product analytics may say to whom, and a record of what it said.
#[derive(Debug, Parser)]
#[command(name = "weir", version, max_term_width = 110)]
#[command(
    after_help = "Example:\n  weir serve\n  weir doctor\n\nExit codes: 0 fine, 1 found something, 2 could not run"
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Answers as one JSON object on standard output.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts the gateway. Without a configuration nothing leaves, because there is no destination.
    #[command(
        after_help = "Example:\n  weir serve --config weir.yaml --data /var/lib/weir/data --keys /var/lib/weir/keys"
    )]
    Serve(ServeOptions),
    /// What is wrong with configuration, keys, disk, clock and destinations, and what to do about it.
    #[command(after_help = "Example:\n  weir doctor --config weir.yaml\n  weir doctor --capacity --config weir.yaml")]
    Doctor(DoctorOptions),
    /// Before the host is switched: which SDKs and features a recording of your traffic shows, what changes behind Weir, what would
    /// still go past it, and the configuration for each SDK that keeps everything on Weir. Shows no value, token or id.
    #[command(
        after_help = "Example:\n  weir preflight recording.har --weir https://weir.example.com --source web --html preflight.html\n\n\
                      Exit codes: 0 nothing to do but switch the host, 1 findings that need action, 2 could not run"
    )]
    Preflight(preflight::Options),
    /// What a vendor's export, or a recording of traffic, says about people: every event and property, what they hold, and what Weir would
    /// do with it. Offline; shows names and shapes, never a value.
    #[command(
        after_help = "Example:\n  weir audit export.ndjson.gz --html audit.html\n  weir audit exports/ recording.har --sarif\n\n\
                      Exit codes: 0 nothing sensitive found, 1 something sensitive found, 2 something could not be read"
    )]
    Audit(audit::Options),
    /// What the detectors say about events, or about leaves {"k": path, "t": "s|n|b", "v": value}, on standard input (NDJSON): one line of
    /// JSON for every leaf, in order.
    #[command(after_help = "Example:\n  weir detect < events.ndjson\n  \
                      echo '{\"k\":\"note\",\"t\":\"s\",\"v\":\"call 415-555-0132\"}' | weir detect --explain\n  \
                      weir detect --test --config weir.yaml\n\n\
                      Exit codes: 0 it ran, whatever was found, 2 it could not: the message names the line")]
    Detect(detect::Options),
    /// How a running Weir is doing.
    #[command(after_help = "Example:\n  weir status --json\n  weir status --events")]
    Status(status::Options),
    /// By which rule each destination has an event, or a property of it, or has it not: under which configuration, since when, and
    /// the YAML that would change it. Shows no value.
    #[command(after_help = "Example:\n  weir why 'Plan Upgraded' seats --destination product")]
    Why(why::Why),
    /// What a running Weir is worried about, what to do, and how long until something is full. Exits 1 while any alert is on.
    #[command(after_help = "Example:\n  weir alerts --json")]
    Alerts(Folders),
    /// Makes a running Weir read its configuration again. A bad one keeps the old and says why.
    #[command(after_help = "Example:\n  weir config check weir.yaml && weir reload")]
    Reload(rollout::Reload),
    /// Frees journal segments that every destination has passed, without waiting for the next round.
    #[command(after_help = "Example:\n  weir trim")]
    Trim(Folders),
    /// Checks a configuration, prints its schema.
    #[command(subcommand)]
    Config(config::Command),
    /// The record of what left.
    #[command(subcommand)]
    Ledger(ledger::Command),
    /// Who did what to this Weir, and who read what.
    #[command(subcommand)]
    AuditLog(audit_log::Command),
    /// Events that could not be minimised, or that a vendor rejected.
    #[command(subcommand)]
    Quarantine(quarantine::Command),
    /// How far each source and event has climbed: tap, observe, enforce. Moves one up or back.
    #[command(after_help = "Example:\n  weir ladder\n  weir ladder up web Signup")]
    Ladder(ladder::Ladder),
    /// Changes of what destinations may have, on their way into force.
    #[command(subcommand)]
    Rollout(rollout::Command),
    /// Events of a time once more from the journal, under today's policy, with the insert id, time and pseudonym of the first time.
    #[command(after_help = "Example:\n  weir resend --event 'Report Exported' --window 6h..2h\n  \
                      weir resend --event 'Report Exported' --window 6h..2h --destination product --go\n\n\
                      Exit codes: 0 all well, 1 something was not taken or not sent, 2 could not run")]
    Resend(resend::Options),
    /// Where events go.
    #[command(subcommand)]
    Destination(destination::Command),
    /// Times in which apps sent to a vendor past Weir: no answer covers them.
    #[command(subcommand)]
    Bypass(bypass::Command),
    /// What vendors had before Weir, from their own exports: declared evidence, so that exposure answers from day one.
    #[command(subcommand)]
    Holdings(holdings::Command),
    /// What was observed: events, properties, since when, how often, of what type.
    #[command(subcommand)]
    Catalog(catalog::Command),
    /// What may leave.
    #[command(subcommand)]
    Policy(policy::Command),
    /// Whom the configuration lets Weir connect to.
    #[command(subcommand)]
    Outbound(outbound::Command),
    /// The key folder.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Copies the data folder, of one moment, also while Weir takes events. No key is in it: `weir keys backup`.
    #[command(
        after_help = "Example:\n  weir backup /mnt/backup/weir --data /var/lib/weir\n  weir keys backup /mnt/safe/weir-keys-2026-11-22 --data /var/lib/weir"
    )]
    Backup(backup::Options),
    /// Makes a data folder of a backup. Refuses to write over data, and to put a ledger back to an earlier day than its anchors show.
    #[command(
        after_help = "Example:\n  weir restore /mnt/backup/weir --check\n  weir restore /mnt/backup/weir --data /var/lib/weir --keys /var/lib/weir-keys --config /etc/weir/weir.yaml\n\n\
                      Exit codes: 0 restored, 1 the backup or the target is not fit for it, 2 could not be read or written"
    )]
    Restore(backup::RestoreOptions),
    /// Lets another binary take over from the running Weir without a refused request; which release may open the data folder.
    #[command(
        after_help = "Example:\n  weir upgrade --binary /usr/local/bin/weir-0.2.0 --data /var/lib/weir\n  weir upgrade status\n  weir upgrade finish\n\n\
                      Exit codes: 0 done, 1 the running weir goes on as it is, 2 could not be asked"
    )]
    Upgrade(upgrade::Options),
}

/// Where configuration, data and keys are.
#[derive(Clone, Debug, Args)]
pub struct Folders {
    /// The configuration file. Default: weir.yaml in the current folder, if there is one.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The data folder.
    #[arg(long, value_name = "FOLDER", default_value = "weir-data")]
    pub data: PathBuf,
    /// The key folder, best on another disk than the data. Default: $XDG_STATE_HOME/weir/keys or ~/.local/state/weir/keys.
    #[arg(long, value_name = "FOLDER")]
    pub keys: Option<PathBuf>,
}

/// What `weir doctor` was told.
#[derive(Clone, Debug, Args)]
struct DoctorOptions {
    /// How long a vendor may be away, from what comes in: until the alert, until events expire, until intake stops, and which setting
    /// changes it. Exits 1 where it is less than a day.
    #[arg(long)]
    capacity: bool,
    #[command(flatten)]
    folders: Folders,
}

/// What `weir serve` was told.
#[derive(Clone, Debug, Args)]
pub struct ServeOptions {
    /// Where everything is.
    #[command(flatten)]
    pub folders: Folders,
    /// Prints one line {"ingest": "http://…", "console": "http://…"} on standard output once traffic is accepted.
    #[arg(long)]
    pub ready_json: bool,
    /// Takes the listening socket for SDKs from standard input, as a service manager gives it (StandardInput=socket), in the place of
    /// `listen.ingest`.
    #[arg(long)]
    pub ingest_from_stdin: bool,
    /// Started by a running weir to take over from it, by standard input: see `weir upgrade`.
    #[arg(long, hide = true, conflicts_with = "ingest_from_stdin")]
    pub take_over: bool,
}

impl Folders {
    /// An error where there is no data folder of this release: of a folder of another name everything would be said to be empty.
    pub fn must_be_there(&self) -> Result<(), String> {
        match disk::version_is_known(&self.data) {
            Ok(true) => Ok(()),
            Ok(false) => Err(format!("{} is no data folder: name it with --data", self.data.display())),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The configuration file to use, if there is any: as `serve` chooses, but nothing is written.
    pub fn config_file(&self) -> Option<PathBuf> {
        let usual = [PathBuf::from("weir.yaml"), self.data.join("weir.yaml")];
        self.config.clone().or_else(|| usual.into_iter().find(|file| file.is_file()))
    }

    /// What it says, without its secrets; `None` where there is no file.
    pub fn configuration(&self) -> Result<Option<Config>, String> {
        let Some(file) = self.config_file() else { return Ok(None) };
        Config::load(&file, Secrets::Leave).map(Some).map_err(|problems| problems.to_string())
    }

    /// The key folder: the one told, or the user's own.
    pub fn key_folder(&self) -> Result<PathBuf, String> {
        let state = || Some(PathBuf::from(std::env::var_os("XDG_STATE_HOME").filter(|v| !v.is_empty())?));
        let home = || Some(PathBuf::from(std::env::var_os("HOME").filter(|v| !v.is_empty())?).join(".local/state"));
        let own = || Some(state().filter(|p| p.is_absolute()).or_else(home)?.join("weir/keys"));
        self.keys.clone().or_else(own).ok_or_else(|| {
            "there is no home folder to keep keys in: say where with --keys, outside the data folder".to_owned()
        })
    }
}

/// Reads the command line and runs it. `serve` is handed in: it is the gateway itself, not a command body.
pub fn run(args: impl IntoIterator<Item = OsString>, serve: impl FnOnce(ServeOptions) -> Exit) -> Exit {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are asked for and go to standard output; everything else is a usage error.
            let _ = error.print();
            return if error.use_stderr() { Exit::CouldNotRun } else { Exit::Fine };
        }
    };
    let out = Output::new(cli.json);
    match cli.command {
        Command::Serve(options) => serve(options),
        Command::Doctor(options) if options.capacity => capacity::run(&out, &options.folders),
        Command::Doctor(options) => doctor::run(&out, &options.folders),
        Command::Preflight(options) => preflight::run(&out, &options),
        Command::Audit(options) => audit::run(&out, &options),
        Command::Detect(options) => detect::run(&out, &options),
        Command::Status(options) => status::run(&out, &options),
        Command::Why(why) => why::run(&out, &why),
        Command::Alerts(folders) => alerts::run(&out, &folders),
        Command::Reload(reload) => {
            let ask = if reload.force { Ask::ReloadForced {} } else { Ask::Reload {} };
            output::ask(&out, &reload.folders.data, &ask)
        }
        Command::Rollout(command) => rollout::run(&out, &command),
        Command::Trim(folders) => output::ask(&out, &folders.data, &Ask::Trim {}),
        Command::Config(command) => config::run(&out, &command),
        Command::Ledger(command) => ledger::run(&out, &command),
        Command::AuditLog(command) => audit_log::run(&out, &command),
        Command::Quarantine(command) => quarantine::run(&out, &command),
        Command::Resend(options) => resend::run(&out, &options),
        Command::Destination(command) => destination::run(&out, &command),
        Command::Ladder(ladder) => ladder::run(&out, &ladder),
        Command::Bypass(command) => bypass::run(&out, &command),
        Command::Holdings(command) => holdings::run(&out, &command),
        Command::Catalog(command) => catalog::run(&out, &command),
        Command::Policy(command) => policy::run(&out, &command),
        Command::Outbound(command) => outbound::run(&out, &command),
        Command::Keys(command) => keys::run(&out, &command),
        Command::Backup(options) => backup::backup(&out, &options),
        Command::Restore(options) => backup::restore(&out, &options),
        Command::Upgrade(options) => upgrade::run(&out, &options),
    }
}

#[cfg(test)]
mod tests;

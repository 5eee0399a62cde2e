//! `weir ledger verify`: is the record whole, and is it the one that was written? `weir ledger exposure`, `subject`, `answer`, `postcard`:
//! what left? `weir ledger checkpoint`, `check-checkpoint`, `consistency`: is it still what it was? All of these work beside a running Weir
//! and only read, but for the act by which a question about people is on record. `weir ledger recover` alone writes, and beside none.

mod answer;
mod checkpoint;
mod consistency;
mod erase;
mod exposure;
mod itself;
mod persons;
mod postcard;
mod reconcile;
mod rows;
mod subject;
mod witness;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Subcommand, ValueEnum};
use serde_json::json;
use weir_event::SystemClock;
use weir_keys::Keys;
use weir_ledger::anchor::{Rewind, recover_from_anchor};
use weir_ledger::disk::RealDisk;
use weir_ledger::receipt::Receipts;
use weir_ledger::tree::note::Checkpoint;
use weir_ledger::verify::{Report, verify_with_anchors};
use weir_ledger::{Act, Coverage, Kind, LedgerError};

use super::output::counted;
use super::{Exit, Folders, Output, offline, output};
use crate::config::{Config, Secrets};
use crate::{bypass, disk, gateway};
pub(super) use exposure::{looked, time_of};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Checks log, tree and checkpoints, and names the first bad entry; and the files of rows, which must hold what the log holds. With keys every
    /// row is recomputed as well.
    #[command(
        after_help = "Example:\n  weir ledger verify --data weir-data --keys ~/.local/state/weir/keys\n\nExit codes: 0 whole, 1 something is bad, 2 could not be checked"
    )]
    Verify {
        /// The data folder.
        #[arg(long, value_name = "FOLDER", default_value = "weir-data")]
        data: PathBuf,
        /// The key folder. Without it rows are not opened, only their stored hashes are checked.
        #[arg(long, value_name = "FOLDER")]
        keys: Option<PathBuf>,
        /// The configuration, for its anchors.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// A checkpoint mirror to compare with; may be given several times.
        #[arg(long = "anchor", value_name = "FILE")]
        anchors: Vec<PathBuf>,
    },
    /// What a vendor got: which fields of how many people, events and organisations, how each looked, what it did not get and by which
    /// rule. Counted exactly from the ledger, current to the last batch. The answer opens no key; to record the question where no Weir
    /// runs on the folder, its key folder is needed.
    #[command(
        after_help = "Example:\n  weir ledger exposure --vendor mixpanel --from 2026-11-01 --to 2026-11-20 --html exposure.html\n  \
                            weir ledger exposure --destination product --json\n  \
                            weir ledger exposure --self --html self.html\n\nExit codes: 0 answered, 2 could not be answered"
    )]
    Exposure(Box<exposure::Options>),
    /// Everything that left about one person: when, to whom, which fields, under which pseudonym, with a receipt for each batch. Asked for by
    /// id, e-mail address or phone number; other ids that events joined to it are in the answer. Needs the key folder, since only its
    /// keys turn an id into what the ledger bears.
    #[command(
        after_help = "Example:\n  weir ledger subject user-4711 --from 30d\n  weir ledger subject ada@example.com\n  \
                            weir ledger subject - --receipts receipts < id.txt\n\nExit codes: 0 nothing left about it and no import has it, 1 something did, 2 could not be answered"
    )]
    Subject(Box<subject::Options>),
    /// The page that a customer gets: what left about one id, where, when and which fields, what did not and by which rule. The page checks
    /// each row in the reader's own browser, offline. Needs the key folder.
    #[command(after_help = "Example:\n  weir ledger answer - --html answer.html --by 'Example Ltd' < id.txt\n\n\
                            Exit codes: 0 nothing left about it, 1 something did, 2 could not be answered")]
    Answer(Box<answer::Options>),
    /// Takes what is about one person out of the ledger for good: rows, what would show them again, what joins their ids, notes of the audit
    /// log that name them. How many rows go is entered into the audit log; the tree and everybody else's proofs stay what they were. This is
    /// Weir's own side alone: it asks no vendor to delete anything, and holds back no event that waits or comes later. Needs a running Weir
    /// and its key folder.
    #[command(after_help = "Example:\n  weir ledger erase - --yes < id.txt\n\n\
                            Exit codes: 0 nothing is left, 1 something is: the answer says what, 2 nothing was erased")]
    Erase(Box<erase::Options>),
    /// Prints the newest signed checkpoint as a letter to mail to somebody who keeps it: later it shows whether the ledger was changed.
    #[command(
        after_help = "Example:\n  weir ledger checkpoint | mail -s 'Weir checkpoint' notary@example.com\n  weir ledger checkpoint --key"
    )]
    Checkpoint(checkpoint::Options),
    /// Holds checkpoints from outside, such as a letter that comes back, against the ledger: does it still hold what was signed then?
    #[command(
        after_help = "Example:\n  weir ledger check-checkpoint letter.txt\n\nExit codes: 0 the ledger extends each of them, 1 it does not, 2 could not be checked"
    )]
    CheckCheckpoint(checkpoint::Check),
    /// Shows that a later tree holds an earlier one unchanged: between two signed checkpoints or sizes, or from a proof file alone.
    #[command(after_help = "Example:\n  weir ledger consistency monday.txt friday.txt --out week.proof\n  \
                            weir ledger consistency --proof week.proof --key 'weir/0011aabb/egress+…'\n\n\
                            Exit codes: 0 consistent, 1 not, 2 could not be checked")]
    Consistency(consistency::Options),
    /// One person as a vendor saw them before and sees them now: two cards, every value on them made up. Before is what an import has of
    /// them (`weir holdings`), else what the app tried to send. Needs the key folder.
    #[command(
        after_help = "Example:\n  weir ledger postcard - --destination product --html postcard.html < id.txt\n\n\
                            Exit codes: 0 there is nothing about it, 1 there is, 2 could not be answered"
    )]
    Postcard(Box<postcard::Options>),
    /// Asks a destination's vendor what it has, and compares it with what left: what is missing there, what is there and never left, and
    /// what of it nobody explains. Mixpanel, Amplitude and PostHog are asked with credentials of `export`; of others, or offline, files of
    /// their export are read. Needs the key folder: insert ids are made again with it.
    #[command(
        after_help = "Example:\n  weir ledger reconcile --destination product --from 2026-11-01 --to 2026-11-07 --html reconciled.html\n  \
                            weir ledger reconcile --destination product --from 2026-11-01 --to 2026-11-01 --export export.zip --json\n\n\
                            Exit codes: 0 nothing is unexplained, 1 something is, 2 there is no result"
    )]
    Reconcile(Box<reconcile::Options>),
    /// As a witness of others (`ledger.witness`): the key that checks what this Weir cosigns, and the last head of each ledger that it did.
    #[command(
        after_help = "Example:\n  weir ledger witness --config weir.yaml\n\nExit codes: 0 told, 2 it is no witness"
    )]
    Witness(Folders),
    /// Opens a new origin over ledgers that an anchor shows to be rewound, as after a restore from an older backup (D14). The old tree
    /// and its last head are kept, and the new tree begins with what was given up. Weir must not be running.
    #[command(
        after_help = "Example:\n  weir ledger recover --from-anchor /mnt/other/egress.checkpoint --data weir-data --keys ~/.local/state/weir/keys"
    )]
    Recover {
        /// The checkpoint that is ahead of the ledger: a mirror (the audit tree's, FILE.audit, is taken from beside it), an object of a bucket,
        /// or what a witness keeps. May be given several times; each goes to the tree that it is of.
        #[arg(long, value_name = "FILE", required = true)]
        from_anchor: Vec<PathBuf>,
        /// Where everything is.
        #[command(flatten)]
        folders: Folders,
    },
}

pub(super) fn run(out: &Output, command: &Command) -> Exit {
    match command {
        Command::Verify { data, keys, config, anchors } => verify(out, data, keys.as_ref(), config.as_ref(), anchors),
        Command::Exposure(options) => exposure::run(out, options),
        Command::Subject(options) => subject::run(out, options),
        Command::Answer(options) => answer::run(out, options),
        Command::Erase(options) => erase::run(out, options),
        Command::Checkpoint(options) => checkpoint::run(out, options),
        Command::CheckCheckpoint(options) => checkpoint::check(out, options),
        Command::Consistency(options) => consistency::run(out, options),
        Command::Postcard(options) => postcard::run(out, options),
        Command::Reconcile(options) => reconcile::run(out, options),
        Command::Witness(folders) => witness::run(out, folders),
        Command::Recover { from_anchor, folders } => recover(out, from_anchor, folders),
    }
}

/// Which of the two trees.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(in crate::cli) enum Tree {
    /// What left.
    Egress,
    /// Who did what.
    Audit,
}

/// The folder of a tree in a data folder.
pub(in crate::cli) fn tree_dir(data: &Path, tree: Tree) -> Result<PathBuf, String> {
    disk::version_is_known(data).map_err(|error| error.to_string())?;
    let dir = data.join(match tree {
        Tree::Egress => "ledger",
        Tree::Audit => "audit",
    });
    if dir.is_dir() {
        Ok(dir)
    } else {
        Err(format!("{} has no ledger: name the data folder with --data", data.display()))
    }
}

/// What a command was given as a file: `-` is standard input.
fn read_given(file: &Path, bytes_max: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = if file == Path::new("-") {
        std::io::stdin().lock().take(bytes_max as u64 + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(bytes_max as u64 + 1).read_to_end(&mut bytes))
    };
    read.map_err(|error| format!("{} cannot be read: {}", file.display(), error.kind()))?;
    if bytes.len() > bytes_max {
        return Err(format!("{} has more than {bytes_max} bytes", file.display()));
    }
    Ok(bytes)
}

fn recover(out: &Output, anchors: &[PathBuf], folders: &Folders) -> Exit {
    // The lock keeps a running Weir, and a second recovery, away from the tree.
    let folder = match disk::DataFolder::open(&folders.data) {
        Ok(folder) => folder,
        Err(error) => return out.fail_with(&error),
    };
    let clock = SystemClock;
    let keys = match folders.key_folder().map(|dir| Keys::open_read_only(&dir, Arc::new(clock))) {
        Ok(Ok(keys)) => keys,
        Ok(Err(error)) => return out.fail_with(&error),
        Err(why) => return out.fail(why),
    };
    let mut of_audit: Vec<PathBuf> =
        anchors.iter().map(|file| gateway::audit_anchor(file)).filter(|f| f.exists()).collect();
    // What a bucket or a witness keeps of the audit tree has a name of its own, and says whose it is.
    let audit = weir_ledger::anchor::Origin::read(&folder.path().join("audit")).ok().flatten();
    let is_audit = |file: &&PathBuf| {
        let head = std::fs::read(file).ok().and_then(|note| Checkpoint::parse_unverified(&note).ok());
        head.zip(audit.as_ref()).is_some_and(|(head, audit)| head.origin == audit.key.name)
    };
    let (audits, anchors): (Vec<&PathBuf>, Vec<&PathBuf>) = anchors.iter().partition(is_audit);
    of_audit.extend(audits.into_iter().cloned());
    let anchors: Vec<PathBuf> = anchors.into_iter().cloned().collect();
    let mut trees = Vec::new();
    if !anchors.is_empty() {
        trees.push((Kind::Egress, "ledger", anchors));
    }
    if !of_audit.is_empty() {
        trees.push((Kind::Audit, "audit", of_audit));
    }
    let (mut values, mut text) = (Vec::new(), String::new());
    for (kind, name, anchors) in trees {
        let dir = folder.path().join(name);
        // A tree that extends its anchors was not rewound, and is left as it is.
        if let Ok(report) = verify_with_anchors(&dir, Some(&keys), &anchors)
            && matches!(report.rewind, Rewind::Excluded { .. })
            && report.bad.is_none()
        {
            text.push_str(&format!("{name}: extends its anchors, nothing to recover\n"));
            continue;
        }
        match recover_from_anchor(&dir, kind, &keys, &anchors, Arc::new(RealDisk), &clock) {
            Ok(new) => {
                values.push(
                    json!({"tree": name, "origin": new.origin, "after": new.after.origin, "after_size": new.after.size,
                    "lost": new.lost, "old_tree": new.old_tree}),
                );
                text.push_str(&format!(
                    "{name}: new origin {}\n  it follows {} at {} entries, of which {} are not in the log any more\n  the old tree is kept in {}\n",
                    new.origin,
                    new.after.origin,
                    new.after.size,
                    new.lost,
                    new.old_tree.display()
                ));
            }
            Err(error) => return out.fail_with(&error),
        }
    }
    // Only now: a rewound audit ledger takes no entry before it has its new origin.
    drop((folder, keys));
    if !values.is_empty() {
        let act = || Ok::<_, String>(Act { actor: offline::actor(), action: "ledger_recover", targets: Vec::new() });
        let recorded = folders.key_folder().and_then(|keys| offline::record(folders, &keys, act));
        if let Err(why) = recorded {
            return out.fail(format!("{text}recovered, but not entered into the audit log: {why}"));
        }
    }
    out.show(&json!({"recovered": values}), &text);
    Exit::Fine
}

fn verify(out: &Output, data: &Path, keys: Option<&PathBuf>, config: Option<&PathBuf>, anchors: &[PathBuf]) -> Exit {
    if let Err(error) = disk::version_is_known(data) {
        return out.fail_with(&error);
    }
    let keys = match keys.map(|dir| Keys::open_read_only(dir, Arc::new(SystemClock))).transpose() {
        Ok(keys) => keys,
        Err(error) => return out.fail_with(&error),
    };
    let mut anchors = anchors.to_vec();
    if let Some(file) = config {
        match Config::load(file, Secrets::Leave) {
            Ok(config) => anchors.extend(config.ledger.anchors),
            Err(problems) => return out.fail(problems),
        }
    }
    let folder = data.join("ledger");
    if !folder.is_dir() {
        return out.fail(format!("{} has no ledger: name the data folder with --data", data.display()));
    }
    let of_audit = anchors.iter().map(|file| gateway::audit_anchor(file)).filter(|file| file.exists()).collect();
    let mut trees = vec![("egress", folder, anchors)];
    // It is anchored beside the first tree.
    let audit = data.join("audit");
    if audit.is_dir() {
        trees.push(("audit", audit.clone(), of_audit));
    }
    let mut exit = Exit::Fine;
    let (mut values, mut text) = (Vec::new(), String::new());
    let (mut entries, mut erased) = (0, 0);
    for (name, dir, anchors) in trees {
        let report = match checked(data, || verify_with_anchors(&dir, keys.as_deref(), &anchors)) {
            Ok(report) => report,
            Err(error) => return out.fail_with(&error),
        };
        if report.bad.is_some() {
            exit = Exit::Found;
        }
        entries += report.entries;
        let mut value = value(name, &report);
        text.push_str(&describe(name, &dir, &report));
        // What the files are held against must be whole itself.
        if name == "egress" && report.bad.is_none() {
            erased = report.rows_erased;
            match rows::files(data, &dir, keys.as_deref()) {
                Ok((files, said, is_whole)) => {
                    value["row_files"] = files;
                    text.push_str(&said);
                    exit = if is_whole { exit } else { Exit::Found };
                }
                Err(error) => return out.fail_with(&error),
            }
        }
        if name == "audit" && report.bad.is_none() {
            let announced = match rows::announced(&dir) {
                Ok(announced) => announced,
                Err(error) => return out.fail_with(&error),
            };
            if erased > announced {
                exit = Exit::Found;
                value["rows_erased_unannounced"] = json!(erased - announced);
                text.push_str(&format!(
                    "  BAD: {} of the egress tree erased, of which no entry here speaks\n",
                    counted(erased - announced, "row")
                ));
            }
        }
        if name == "audit" {
            match Coverage::read(&dir) {
                Ok(coverage) => {
                    let windows: Vec<_> = coverage.windows().iter().map(|w| bypass::shown(w, &dir)).collect();
                    windows.iter().for_each(|w| text.push_str(&format!("  {}\n", bypass::not_covered(w))));
                    value["not_covered"] = json!(windows);
                }
                // What is bad was named above.
                Err(_) => text.push_str("  NOT COVERED: no time, because what was bypassed cannot be read\n"),
            }
        }
        values.push(value);
    }
    // Every start makes both before the first of them has an entry.
    if entries > 0 && !audit.is_dir() {
        exit = Exit::Found;
        values.push(json!({"tree": "audit", "bad": {"file": audit, "entry": null, "what": "the tree is missing"}}));
        text.push_str(&format!("audit\n  BAD: {}: the tree is missing\n", audit.display()));
    }
    out.show(&json!({"ok": exit == Exit::Fine, "trees": values}), &text);
    exit
}

/// The audit ledger alone: the same checks.
pub(super) fn verify_audit(out: &Output, folders: &Folders, anchors: &[PathBuf]) -> Exit {
    let dir = folders.data.join("audit");
    if !dir.is_dir() {
        return out.fail(format!("{} has no audit ledger: name the data folder with --data", folders.data.display()));
    }
    let mut all: Vec<PathBuf> = anchors.to_vec();
    match folders.configuration() {
        Ok(config) => {
            all.extend(config.iter().flat_map(|of| &of.ledger.anchors).map(|file| gateway::audit_anchor(file)))
        }
        Err(why) => return out.fail(why),
    }
    // Without keys the tree is checked all the same: acts have no rows.
    let key_folder = folders.key_folder().ok().filter(|keys| keys.is_dir());
    let keys = match key_folder.as_ref().map(|dir| Keys::open_read_only(dir, Arc::new(SystemClock))).transpose() {
        Ok(keys) => keys,
        Err(error) => return out.fail_with(&error),
    };
    match checked(&folders.data, || verify_with_anchors(&dir, keys.as_deref(), &all)) {
        Ok(report) => {
            let is_whole = report.bad.is_none();
            let mut text = describe("audit", &dir, &report);
            if let (false, Some(keys)) = (is_whole, &key_folder) {
                text.push_str(&format!(
                    "  held against the key folder {}: if it is another Weir's, name the right one with --keys\n",
                    keys.display()
                ));
            }
            out.show(&json!({"ok": is_whole, "trees": [value("audit", &report)]}), &text);
            if is_whole { Exit::Fine } else { Exit::Found }
        }
        Err(error) => out.fail_with(&error),
    }
}

/// Writes the receipts of these entries into a folder, each with its leaf, and the key that checks them; gives their names.
pub(super) fn write_receipts(
    receipts: &Receipts,
    folder: &Path,
    entries: impl IntoIterator<Item = u64>,
) -> Result<Vec<String>, String> {
    std::fs::create_dir_all(folder)
        .map_err(|error| format!("{} cannot be written: {}", folder.display(), error.kind()))?;
    let write = |name: &str, bytes: &[u8]| output::write(&folder.join(name), bytes);
    write("verifier-key", receipts.verifier_key().as_bytes())?;
    let mut names = Vec::new();
    for entry in entries {
        let receipt = receipts.of(entry).map_err(|error| error.to_string())?;
        let name = format!("entry-{entry}.tlog-proof");
        write(&name, receipt.text().as_bytes())?;
        write(&format!("entry-{entry}.leaf"), &receipt.leaf)?;
        names.push(name);
    }
    Ok(names)
}

/// The receipts of a tree up to this entry. Beside a running Weir the tree is up to a second behind the log.
pub(super) fn receipts(data: &Path, tree: &Path, last: Option<u64>) -> Result<Receipts, String> {
    let is_behind = |receipts: &Receipts| last.is_some_and(|last| receipts.is_behind(last));
    let receipts = settled(data, 8, || Receipts::open(tree), |opened| !opened.as_ref().is_ok_and(is_behind));
    receipts.map_err(|error| error.to_string())
}

/// Log and tree of a data folder against each other: what looks bad beside a running Weir is looked at again before it is called bad.
fn checked(data: &Path, check: impl Fn() -> Result<Report, LedgerError>) -> Result<Report, LedgerError> {
    settled(data, 3, check, |report| !report.as_ref().is_ok_and(|report| report.bad.is_some()))
}

/// Beside a running Weir the tree moves while it is read: what is not as it should be is looked at so many times more.
fn settled<T>(data: &Path, more: u32, look: impl Fn() -> T, is_settled: impl Fn(&T) -> bool) -> T {
    let mut seen = look();
    for _ in 0..more {
        if is_settled(&seen) || !disk::is_in_use(data) {
            break;
        }
        std::thread::sleep(Duration::from_millis(300));
        seen = look();
    }
    seen
}

fn value(name: &str, report: &Report) -> serde_json::Value {
    json!({
        "tree": name,
        "origin": report.origin,
        "verifier_key": report.verifier_key,
        "entries": report.entries,
        "tree_size": report.tree_size,
        "rows": report.rows,
        "rows_opened": report.rows_opened,
        "rows_erased": report.rows_erased,
        "rows_elsewhere": report.rows_elsewhere,
        "unfinished": report.unfinished,
        "torn_bytes": report.torn_bytes,
        "rewind": format!("{:?}", report.rewind).to_lowercase(),
        "bad": report.bad.as_ref().map(|bad| json!({"file": bad.file, "entry": bad.index, "what": bad.what})),
    })
}

fn describe(name: &str, dir: &Path, report: &Report) -> String {
    let mut text = format!("{name} ({}), origin {}\n", dir.display(), report.origin);
    text.push_str(&format!("  {}, {} under the checkpoint\n", counted(report.entries, "entry"), report.tree_size));
    let rows = counted(report.rows, "row");
    text.push_str(&match report.rows_opened {
        Some(opened) => format!("  {rows}, {opened} recomputed, {} erased\n", report.rows_erased),
        None => format!("  {rows}, not opened\n"),
    });
    if report.rows_elsewhere > 0 {
        text.push_str(&format!("  {} of the rows are in the files of rows alone\n", report.rows_elsewhere));
    }
    if report.unfinished > 0 {
        text.push_str(&format!("  {} sent of which no outcome is recorded\n", counted(report.unfinished, "batch")));
    }
    if report.torn_bytes > 0 {
        text.push_str(&format!(
            "  never acknowledged: {} at the end (a crash while writing)\n",
            counted(report.torn_bytes, "byte")
        ));
    }
    match report.rewind {
        Rewind::Undetectable => text.push_str("  rewind undetectable: no anchor; configure `ledger.anchors`\n"),
        Rewind::Excluded { anchors } => {
            text.push_str(&format!("  extends what is held by {}\n", counted(anchors as u64, "anchor")));
        }
    }
    text.push_str(&match &report.bad {
        None => "  whole\n".to_owned(),
        Some(bad) => {
            let entry = bad.index.map(|i| format!(", entry {i}")).unwrap_or_default();
            format!("  BAD: {}{entry}: {}\n", bad.file.display(), bad.what)
        }
    });
    text
}

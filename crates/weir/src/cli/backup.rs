//! `weir backup` and `weir restore`: the data folder, of one moment, without a key. See [`crate::backup`].

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;
use weir_console::AdminError;
use weir_console::command::{BackupCut, Command as Ask, Reply};
use weir_console::socket;
use weir_event::{Clock, Millis, SystemClock};
use weir_keys::Keys;
use weir_ledger::disk::RealDisk;
use weir_ledger::{Act, Actor, Kind, Ledger, Target as Acted, recover_from_anchor};

use super::output::Progress;
use super::{Exit, Folders, Output};
use crate::backup::copy::{Finished, Target};
use crate::backup::lease::Logs;
use crate::backup::manifest::{Facts, KeyFact, Manifest, TreeFact};
use crate::backup::{BackupError, Class, ROWS, class_of, restore, walk};
use crate::config::{Config, Problems, Secrets};
use crate::disk::{self, DataFolder};
use crate::formats::Formats;
use crate::gateway::{self, Places, StartError};

/// How often the gateway is told that the backup goes on.
const RENEW: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub(super) struct Options {
    /// The folder of the backup: a new one, or that of the last backup, to which only what is new is copied then.
    to: PathBuf,
    #[command(flatten)]
    folders: Folders,
}

#[derive(Debug, Args)]
pub(super) struct RestoreOptions {
    /// The folder of the backup.
    from: PathBuf,
    /// Reads all of it, holds it against its manifest, and restores nothing.
    #[arg(long)]
    check: bool,
    /// Restores the files of ledger rows alone, into the data folder as it is, on which no weir may run: where one is damaged, a backup that is
    /// at most 7 days old mends it.
    #[arg(long, conflicts_with_all = ["check", "anchors", "rewind_to_backup"])]
    rows: bool,
    /// A checkpoint mirror that the backup must not be behind of; those of the configuration are compared too.
    #[arg(long = "anchor", value_name = "FILE")]
    anchors: Vec<PathBuf>,
    /// Restores although an anchor shows a younger ledger: opens a new origin that links to the old one (D14).
    #[arg(long)]
    rewind_to_backup: bool,
    #[command(flatten)]
    folders: Folders,
}

pub(super) fn backup(out: &Output, options: &Options) -> Exit {
    let data = &options.folders.data;
    let done = match disk::version_is_known(data) {
        Err(error) => return out.fail_with(&error),
        Ok(false) => return out.fail(format!("{} is no data folder: name it with --data", data.display())),
        Ok(true) if disk::is_in_use(data) => beside(data, &options.to),
        Ok(true) => at_rest(&options.folders, &options.to),
    };
    match done {
        Ok((finished, damaged)) => show_finished(out, &options.to, &finished, &damaged),
        Err(error) => out.fail_with(&error),
    }
}

/// Beside a running gateway, which gives the moment and keeps the files.
fn beside(data: &Path, to: &Path) -> Result<(Finished, Damaged), BackupError> {
    let mut target = Target::open(to, data)?;
    target.check_room(target.missing(&to_copy(data)?))?;
    let lease = match ask(data, &Ask::BackupBegin { pid: std::process::id() })? {
        Reply::BackupLease { lease } => lease,
        _ => return Err(BackupError::Broken("the answer is not of this release".to_owned())),
    };
    let copied = (|| {
        // Before the moment: see the order in `crate::backup`.
        let mut renewed = Instant::now();
        let mut renew = || {
            if renewed.elapsed() > RENEW {
                ask(data, &Ask::BackupRenew { lease })?;
                renewed = Instant::now();
            }
            Ok(())
        };
        copy_whole(&mut target, data, |_| renew())?;
        let cut = match ask(data, &Ask::BackupCut { lease })? {
            Reply::BackupCut(cut) => cut,
            _ => return Err(BackupError::Broken("the answer is not of this release".to_owned())),
        };
        let mut progress = Progress::new("copying", length_of(data, &cut));
        let done = copy_cut(&mut target, data, &cut, |bytes| {
            progress.add(bytes);
            renew()
        });
        progress.end();
        done.map(|damaged| (cut, damaged))
    })();
    // Where the copy failed its own error says why; where it was broken this one does, and no manifest is written.
    let ended = ask(data, &Ask::BackupEnd { lease });
    let (cut, damaged) = copied?;
    ended?;
    Ok((target.finish(facts_of(cut))?, damaged))
}

/// Where no gateway runs: under the lock of the folder, with the ledgers opened for the entry and the signed heads.
fn at_rest(folders: &Folders, to: &Path) -> Result<(Finished, Damaged), BackupError> {
    let data = &folders.data;
    let mut target = Target::open(to, data)?;
    target.check_room(target.missing(&to_copy(data)?))?;
    let rest = Rest::open(folders)?;
    rest.record("backup", Vec::new())?;
    let flushed = [&rest.egress, &rest.audit].into_iter().try_for_each(|ledger| ledger.flush_tree().map(drop));
    flushed?;
    copy_whole(&mut target, data, |_| Ok(()))?;
    let logs = walk(data)?.into_iter().filter(|(path, _)| class_of(path) == Class::Log);
    let not_ledgers = logs.filter(|(path, _)| !path.ends_with(".log"));
    let (rows, mut files): (Vec<_>, Vec<_>) = not_ledgers
        .map(|(path, bytes)| (data.join(path), Some(bytes)))
        .partition(|(path, _)| path.starts_with(data.join(ROWS)));
    let ledger = data.join("ledger");
    match weir_rows::manifest::Manifest::read(&ledger) {
        Ok(list) => {
            let listed = list.files_there(&ledger).map_err(|error| BackupError::Broken(error.to_string()))?;
            files.extend(listed.into_iter().map(|path| (path, None)));
        }
        // Without a list that can be read, all that lies there.
        Err(_) => files.extend(rows),
    }
    let cut = rest.logs().cut_at_rest(files, first_offset(data))?;
    let mut progress = Progress::new("copying", length_of(data, &cut));
    let done = copy_cut(&mut target, data, &cut, |bytes| {
        progress.add(bytes);
        Ok(())
    });
    progress.end();
    let damaged = done?;
    let finished = target.finish(facts_of(cut))?;
    rest.close()?;
    Ok((finished, damaged))
}

fn to_copy(data: &Path) -> Result<Vec<(String, u64)>, BackupError> {
    Ok(walk(data)?.into_iter().filter(|(path, _)| class_of(path) != Class::Left).collect())
}

fn copy_whole(
    target: &mut Target,
    data: &Path,
    mut progress: impl FnMut(u64) -> Result<(), BackupError>,
) -> Result<(), BackupError> {
    for (path, _) in walk(data)?.into_iter().filter(|(path, _)| class_of(path) == Class::Whole) {
        match target.copy(data, &path, None, &mut progress) {
            // It was replaced or went meanwhile, and is not part of what must be there.
            Err(BackupError::Freed { .. }) => {}
            other => other?,
        }
    }
    Ok(())
}

fn copy_cut(
    target: &mut Target,
    data: &Path,
    cut: &BackupCut,
    mut progress: impl FnMut(u64) -> Result<(), BackupError>,
) -> Result<Damaged, BackupError> {
    let mut damaged = Vec::new();
    for (path, bytes) in &cut.files {
        let from = data.join(path);
        if path.starts_with(ROWS) && !is_whole(&from, &mut progress)? {
            // What the log has given up lies in them alone: a damaged one does not take the place of a good copy.
            let length = std::fs::metadata(&from).map_or(0, |there| there.len());
            damaged.push((from, target.take_over(path, length)));
            if damaged.last().is_some_and(|(_, has_good)| *has_good) {
                continue;
            }
        }
        target.copy(data, path, *bytes, &mut progress)?;
    }
    for tree in &cut.trees {
        if let Some(note) = &tree.signed {
            target.put(&format!("{}/signed", tree.folder), note.as_bytes())?;
        }
    }
    Ok(damaged)
}

/// Whether a file of ledger rows has its checksums.
fn is_whole(path: &Path, progress: &mut impl FnMut(u64) -> Result<(), BackupError>) -> Result<bool, BackupError> {
    let mut ended = Ok(());
    let mut tick = || {
        if ended.is_ok() {
            ended = progress(0);
        }
    };
    let checked = weir_rows::whole::check(path, &mut tick);
    ended.map(|()| checked.is_ok())
}

/// Files of ledger rows that do not have their checksums, and whether the backup has the good copy of the one before.
type Damaged = Vec<(PathBuf, bool)>;

fn length_of(data: &Path, cut: &BackupCut) -> u64 {
    let there = |path: &str| std::fs::metadata(data.join(path)).map_or(0, |m| m.len());
    cut.files.iter().map(|(path, bytes)| bytes.unwrap_or_else(|| there(path))).sum()
}

/// The first offset, from the name of the first segment.
fn first_offset(data: &Path) -> u64 {
    let names = std::fs::read_dir(data.join("journal")).into_iter().flatten().flatten();
    let base = |name: &str| u64::from_str_radix(name.strip_suffix(".segment")?.split_once('-')?.1, 16).ok();
    names.filter_map(|entry| base(entry.file_name().to_str()?)).min().unwrap_or(0)
}

fn facts_of(cut: BackupCut) -> Facts {
    let tree = |tree: weir_console::command::BackupTree| TreeFact {
        folder: tree.folder,
        origin: tree.origin,
        entries: tree.entries,
        signed: tree.signed_size,
    };
    Facts {
        program: cut.version,
        made: Millis(cut.at),
        formats: Formats::from_pairs(cut.formats),
        journal: cut.journal,
        trees: cut.trees.into_iter().map(tree).collect(),
        keys: KeyFact {
            fingerprint: cut.key_fingerprint,
            ring: cut.key_ring,
            live: cut.keys,
            destroyed: cut.keys_destroyed,
        },
    }
}

fn ask(data: &Path, command: &Ask) -> Result<Reply, BackupError> {
    socket::ask(data, command).map_err(|error: AdminError| BackupError::Broken(error.to_string()))
}

fn show_finished(out: &Output, to: &Path, finished: &Finished, damaged: &Damaged) -> Exit {
    let manifest = &finished.manifest;
    let mut value = described(manifest);
    if let Some(value) = value.as_object_mut() {
        value.insert("copied_bytes".to_owned(), json!(finished.copied_bytes));
        value.insert("removed_objects".to_owned(), json!(finished.removed));
        let of = |(path, has_good): &(PathBuf, bool)| json!({"file": path, "has_good_copy": has_good});
        value.insert("damaged".to_owned(), damaged.iter().map(of).collect());
    }
    let mut text = format!(
        "{} is a checked backup of {}\n  {} files, {} bytes; {} bytes were copied, the rest was there\n{}",
        to.display(),
        manifest.facts.made.to_rfc3339(),
        manifest.files.len(),
        manifest.bytes(),
        finished.copied_bytes,
        described_keys(manifest)
    );
    for (path, has_good) in damaged {
        let copy = if *has_good {
            "the backup keeps the good copy that it had: stop Weir and run `weir restore --rows` with it"
        } else {
            "the backup has it as it is: look for a good copy in an older one"
        };
        text.push_str(&format!("  {} is damaged; {copy}\n", path.display()));
    }
    out.show(&value, &text);
    if damaged.is_empty() { Exit::Fine } else { Exit::Found }
}

fn described(manifest: &Manifest) -> serde_json::Value {
    let facts = &manifest.facts;
    let trees: Vec<_> = facts
        .trees
        .iter()
        .map(|t| json!({"tree": t.folder, "origin": t.origin, "entries": t.entries, "signed": t.signed}))
        .collect();
    json!({
        "made": facts.made.to_rfc3339(),
        "version": facts.program,
        "files": manifest.files.len(),
        "bytes": manifest.bytes(),
        "journal_offsets": [facts.journal.0, facts.journal.1],
        "trees": trees,
        "formats": facts.formats.iter().collect::<std::collections::BTreeMap<_, _>>(),
        "keys": {"fingerprint": facts.keys.fingerprint, "ring": facts.keys.ring, "names": facts.keys.live.len()},
    })
}

fn described_keys(manifest: &Manifest) -> String {
    let keys = &manifest.facts.keys;
    format!(
        "  no key is in it: it needs key folder {} at ring {} or later, from `weir keys backup`, kept apart\n",
        keys.fingerprint, keys.ring
    )
}

pub(super) fn restore(out: &Output, options: &RestoreOptions) -> Exit {
    let manifest = match restore::open(&options.from) {
        Ok(manifest) => manifest,
        Err(error) => return refused(out, &error),
    };
    let mut progress = Progress::new(if options.check { "checking" } else { "restoring" }, manifest.bytes());
    if options.check {
        let checked = restore::check(&options.from, &manifest, |bytes| {
            progress.add(bytes);
            Ok(())
        });
        progress.end();
        return match checked {
            Ok(()) => {
                let made = manifest.facts.made.to_rfc3339();
                let text = format!("{} is whole, of {made}\n{}", options.from.display(), described_keys(&manifest));
                out.show(&described(&manifest), &text);
                Exit::Fine
            }
            Err(error) => refused(out, &error),
        };
    }
    if options.rows {
        let restored = restore_rows(options, &manifest, &mut progress);
        progress.end();
        return match restored {
            Ok(files) => {
                let text = format!(
                    "{files} files of ledger rows are those of {}; the next start adds what came since from the log\n  whoever was erased since is to be erased again: `weir ledger verify` names what is there although it was erased\n",
                    manifest.facts.made.to_rfc3339()
                );
                out.show(&json!({"files": files, "made": manifest.facts.made.to_rfc3339()}), &text);
                Exit::Fine
            }
            Err(error) => refused(out, &error),
        };
    }
    let restored = run_restore(options, &manifest, &mut progress);
    progress.end();
    match restored {
        Ok(done) => show_restored(out, &options.folders.data, &manifest, &done),
        Err(error) => refused(out, &error),
    }
}

/// What a restore found on its way.
struct Restored {
    /// Trees that have a new origin, with the entries that were given up.
    rewound: Vec<(String, u64)>,
    /// Anchors that were compared.
    anchors: usize,
}

fn restore_rows(options: &RestoreOptions, manifest: &Manifest, progress: &mut Progress) -> Result<u64, BackupError> {
    let rest = Rest::open(&options.folders)?;
    let origin = &rest.egress.verifier_key().name;
    let of = manifest.facts.trees.iter().find(|tree| tree.folder == "ledger");
    if of.is_none_or(|tree| tree.origin != *origin) {
        return Err(BackupError::Unfit {
            path: options.from.clone(),
            why: "it is of another ledger than the data folder",
        });
    }
    let data = &options.folders.data;
    // Everything is looked at before anything is written.
    let rows = restore::Rows::choose(&options.from, manifest, data, |bytes| {
        progress.add(bytes);
        Ok(())
    })?;
    rest.record("restore_rows", vec![Acted::Count(rows.files())])?;
    rows.copy(&options.from, data)?;
    rest.close()?;
    Ok(rows.files())
}

fn run_restore(
    options: &RestoreOptions,
    manifest: &Manifest,
    progress: &mut Progress,
) -> Result<Restored, BackupError> {
    let (from, folders) = (&options.from, &options.folders);
    let data = &folders.data;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let key_folder = folders.key_folder().map_err(BackupError::Keys)?;
    let keys = Keys::open_read_only(&key_folder, Arc::clone(&clock));
    let keys = keys.map_err(|error| BackupError::Keys(format!("the backup needs its key folder: {error}")))?;
    restore::check_keys(&manifest.facts.keys, &keys)?;
    let mut anchors = options.anchors.clone();
    if let Some(config) = restore_config(from, manifest, folders)? {
        anchors.extend(config.ledger.anchors);
    }
    let ahead = restore::ahead(from, manifest, &anchors)?;
    if let (Some(first), false) = (ahead.first(), options.rewind_to_backup) {
        let first = first.clone();
        let (anchor, tree) = (first.anchor, first.tree);
        return Err(BackupError::Rewinds { anchor, tree, anchored: first.anchored, here: first.here });
    }
    restore::check_target(data, manifest)?;
    restore::copy(from, manifest, data, |bytes| {
        progress.add(bytes);
        Ok(())
    })?;
    let mut rewound = Vec::new();
    for (tree, kind) in [("ledger", Kind::Egress), ("audit", Kind::Audit)] {
        let of: Vec<PathBuf> = ahead.iter().filter(|a| a.tree == tree).map(|a| a.anchor.clone()).collect();
        if !of.is_empty() {
            let new = recover_from_anchor(&data.join(tree), kind, &keys, &of, Arc::new(RealDisk), &*clock)?;
            rewound.push((tree.to_owned(), new.lost));
        }
    }
    // The trees are made again and held against the signed heads before a start may rest on them.
    let rest = Rest::open_restored(folders, keys)?;
    let action = if rewound.is_empty() { "restore" } else { "restore_rewound" };
    rest.record(action, vec![Acted::Count(manifest.files.len() as u64)])?;
    rest.close()?;
    // The entry first: a crash before this line leaves a folder that is restored again from the beginning.
    restore::finish(data)?;
    let compared = anchors.iter().filter(|file| file.exists()).count();
    Ok(Restored { rewound, anchors: compared })
}

/// The configuration that a start on the restored folder would go by: the one that is told or here, else the one in the backup.
fn restore_config(from: &Path, manifest: &Manifest, folders: &Folders) -> Result<Option<Config>, BackupError> {
    let in_folder = folders.data.join("weir.yaml");
    let problems = |problems: Problems| BackupError::from(Box::new(StartError::from(problems)));
    // What a restore that was cut short left in the folder is that of the backup too.
    if let Some(file) = folders.config_file().filter(|file| *file != in_folder) {
        return Config::load(&file, Secrets::Leave).map(Some).map_err(problems);
    }
    let Some(item) = manifest.file("weir.yaml") else { return Ok(None) };
    // It is what the manifest says before anything rests on it.
    restore::check(from, &Manifest { facts: manifest.facts.clone(), files: vec![item.clone()] }, |_| Ok(()))?;
    let path = crate::backup::copy::object(from, &item.sum);
    let bytes = std::fs::read(&path).map_err(|source| BackupError::Io { what: "read", path, source })?;
    // Relative paths in it are those of the folder.
    Config::parse(&String::from_utf8_lossy(&bytes), &in_folder, Secrets::Leave).map(Some).map_err(problems)
}

fn show_restored(out: &Output, data: &Path, manifest: &Manifest, done: &Restored) -> Exit {
    let made = manifest.facts.made.to_rfc3339();
    let mut text = format!("{} is the data folder of {made}\n", data.display());
    for (tree, lost) in &done.rewound {
        text.push_str(&format!("  {tree}: a new origin follows the one of the anchor; {lost} entries are lost\n"));
    }
    if done.anchors == 0 {
        text.push_str("  no anchor was compared: whether the ledger went on after the backup cannot be told (rewind undetectable)\n");
    }
    text.push_str("  what was delivered after the backup is sent once more, under the same insert ids\n");
    text.push_str("  events that came in after the backup are not in it\n");
    let rewound: Vec<_> = done.rewound.iter().map(|(tree, lost)| json!({"tree": tree, "lost": lost})).collect();
    let mut value = described(manifest);
    if let Some(value) = value.as_object_mut() {
        value.insert("rewound".to_owned(), json!(rewound));
        value.insert("anchors_compared".to_owned(), json!(done.anchors));
    }
    out.show(&value, &text);
    Exit::Fine
}

/// What is found in a backup or a target is a finding; what could not be read or written is not.
fn refused(out: &Output, error: &BackupError) -> Exit {
    let exit = out.fail_with(error);
    match error {
        BackupError::Io { .. } | BackupError::NoRoom { .. } | BackupError::Start(_) => exit,
        _ => Exit::Found,
    }
}

/// A data folder on which no gateway runs, with its ledgers open.
struct Rest {
    folder: DataFolder,
    keys: Arc<Keys>,
    egress: Arc<Ledger>,
    audit: Arc<Ledger>,
    clock: Arc<dyn Clock>,
}

impl Rest {
    fn open(folders: &Folders) -> Result<Rest, BackupError> {
        let dir = folders.key_folder().map_err(BackupError::Keys)?;
        let keys = Keys::open_read_only(&dir, Arc::new(SystemClock));
        let keys = keys.map_err(|error| BackupError::Keys(format!("the ledger needs its key folder: {error}")))?;
        let folder = DataFolder::open(&folders.data).map_err(StartError::from).map_err(Box::new)?;
        Rest::of(folder, folders, keys)
    }

    fn open_restored(folders: &Folders, keys: Arc<Keys>) -> Result<Rest, BackupError> {
        let folder = DataFolder::open_restored(&folders.data).map_err(StartError::from).map_err(Box::new)?;
        Rest::of(folder, folders, keys)
    }

    fn of(folder: DataFolder, folders: &Folders, keys: Arc<Keys>) -> Result<Rest, BackupError> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let config = folders.config_file().unwrap_or_default();
        let places = Places { config, data: folders.data.clone(), keys: keys.dir().to_owned() };
        let [egress, audit] = gateway::open_ledgers_at_rest(&folder, &places, &keys, &clock).map_err(Box::new)?;
        Ok(Rest { folder, keys, egress, audit, clock })
    }

    fn logs(&self) -> Logs<'_> {
        Logs {
            folder: self.folder.path(),
            egress: &self.egress,
            audit: &self.audit,
            keys: &self.keys,
            formats: self.folder.formats(),
            clock: &*self.clock,
        }
    }

    /// The entry, durable.
    fn record(&self, action: &'static str, targets: Vec<Acted>) -> Result<(), BackupError> {
        let actor = Actor::Local { uid: rustix::process::getuid().as_raw() };
        Ok(self.audit.act(Act { actor, action, targets }).wait()?)
    }

    fn close(&self) -> Result<(), BackupError> {
        self.egress.close()?;
        Ok(self.audit.close()?)
    }
}

/// Enters an act into the audit ledger of a folder on which no gateway runs.
pub(super) fn record_at_rest(folders: &Folders, action: &'static str) -> Result<(), BackupError> {
    let rest = Rest::open(folders)?;
    rest.record(action, Vec::new())?;
    rest.close()
}

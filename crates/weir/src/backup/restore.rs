//! From a backup to a data folder that a gateway starts on.
//!
//! Everything is checked before the first byte is written: the manifest, the formats, the key folder, the anchors (D14). Then each
//! file is copied and held against its SHA-256. While that goes on the folder holds `restoring`, and no start takes it up; a run
//! that was cut short is done again from the beginning. At the end both ledgers are opened, which makes their trees again from the
//! logs, holds them against the signed heads of the backup, and enters the restore into the audit ledger.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use weir_keys::Keys;
use weir_ledger::anchor::Origin;
use weir_rows::manifest::Manifest as RowsManifest;

use super::copy::{object, read_manifest, stream, sync_dir};
use super::manifest::{Item, KeyFact, Manifest};
use super::{BackupError, ROWS, failed};
use crate::disk::{self, RESTORING};
use crate::formats::FORMATS;

/// The backup in a folder, with formats that this release can go on with.
pub fn open(backup: &Path) -> Result<Manifest, BackupError> {
    let manifest = read_manifest(backup)?;
    manifest.facts.formats.check(backup, FORMATS)?;
    Ok(manifest)
}

/// Reads every file of a backup and holds it against the manifest.
pub fn check(
    backup: &Path,
    manifest: &Manifest,
    mut progress: impl FnMut(u64) -> Result<(), BackupError>,
) -> Result<(), BackupError> {
    manifest.files.iter().try_for_each(|item| read(backup, &item.sum, item.bytes, None, &mut progress))
}

/// Refuses a key folder that is not the one of the data, or one that is older than the data: either would make events unreadable,
/// people look new to vendors, or a destroyed key live again (D15).
pub fn check_keys(facts: &KeyFact, keys: &Keys) -> Result<(), BackupError> {
    let say = |what: String| Err(BackupError::Keys(what));
    let (folder, found) = (keys.dir().display(), keys.fingerprint());
    if found != facts.fingerprint {
        return say(format!(
            "the backup was made with the key folder {}, {folder} is {found}: name the right one with --keys",
            facts.fingerprint
        ));
    }
    let list = keys.list();
    // One that is not there and not known as destroyed could be made again.
    let stays_away = |name: &String| list.iter().any(|key| key.destroyed.is_some() && key.name.to_string() == *name);
    let risen: Vec<&str> = facts.destroyed.iter().filter(|name| !stays_away(name)).map(String::as_str).collect();
    if !risen.is_empty() {
        return say(format!(
            "{folder} does not know of keys that they were destroyed by the time of the backup ({}): it is an older copy; make it \
             again with `weir keys restore --data-backup`, which leaves them out",
            shown(&risen)
        ));
    }
    let known = |name: &String| list.iter().any(|key| key.name.to_string() == *name);
    let missing: Vec<&str> = facts.live.iter().filter(|name| !known(name)).map(String::as_str).collect();
    // The ring's number alone refuses nothing: a restored ring leaves out in one step what was destroyed in many.
    if !missing.is_empty() {
        return say(format!(
            "{folder} is older than the backup (ring {} of {}, without {}): use a key backup that was made after it",
            keys.sequence(),
            facts.ring,
            shown(&missing)
        ));
    }
    Ok(())
}

fn shown(names: &[&str]) -> String {
    let more = if names.len() > 5 { format!(" and {} more", names.len() - 5) } else { String::new() };
    format!("{}{more}", names.iter().take(5).copied().collect::<Vec<_>>().join(", "))
}

/// An anchor that the backup is behind of.
#[derive(Clone, Debug)]
pub struct Ahead {
    /// `ledger` or `audit`.
    pub tree: String,
    /// The file.
    pub anchor: PathBuf,
    /// Entries under its head, of the present origin.
    pub anchored: u64,
    /// Entries of the backup.
    pub here: u64,
}

/// The anchors that are ahead of the backup: to restore it would rewind the ledger (D14). `anchors` are those of the egress tree; the
/// audit tree's lie beside them. An anchor that holds no checkpoint of the tree is refused as such.
pub fn ahead(backup: &Path, manifest: &Manifest, anchors: &[PathBuf]) -> Result<Vec<Ahead>, BackupError> {
    let mut found = Vec::new();
    for tree in &manifest.facts.trees {
        let origin = origin_of(backup, manifest, &tree.folder)?;
        for file in anchors {
            let anchor = if tree.folder == "audit" { crate::gateway::audit_anchor(file) } else { file.clone() };
            let here = tree.entries.saturating_sub(origin.base);
            match weir_ledger::anchor::anchored_size(&anchor, &origin)? {
                Some(anchored) if anchored > here => {
                    found.push(Ahead { tree: tree.folder.clone(), anchor, anchored, here });
                }
                _ => {}
            }
        }
    }
    Ok(found)
}

fn origin_of(backup: &Path, manifest: &Manifest, tree: &str) -> Result<Origin, BackupError> {
    let path = format!("{tree}/origin");
    let damaged = |why| BackupError::Damaged { path: backup.join("manifest"), why };
    let item = manifest.file(&path).ok_or_else(|| damaged("it has no origin of a ledger"))?;
    let from = object(backup, &item.sum);
    let bytes = fs::read(&from).map_err(failed("read", &from))?;
    Origin::from_bytes(&bytes).ok_or(BackupError::Damaged { path: from, why: "it is not the origin of a ledger" })
}

/// Refuses a target that holds anything but a restore that was cut short, and one without room.
pub fn check_target(data: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    let names: Vec<_> = match fs::read_dir(data) {
        // The root of a file system has its `lost+found`.
        Ok(entries) => entries.flatten().map(|e| e.file_name()).filter(|name| name != "lost+found").collect(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(failed("list", data)(error)),
    };
    if !names.is_empty() && !names.iter().any(|name| name == RESTORING) {
        let why = "it is not empty: a restore never writes over data; move it away, or name another folder with --data";
        return Err(BackupError::Unfit { path: data.to_owned(), why });
    }
    let there = data.ancestors().find(|path| path.is_dir()).unwrap_or(Path::new("."));
    let there = if there.as_os_str().is_empty() { Path::new(".") } else { there };
    let free = disk::free_bytes(there).map_err(failed("read the free space of", there))?;
    let needed = manifest.bytes();
    if free < needed {
        return Err(BackupError::NoRoom { path: data.to_owned(), needed, free });
    }
    Ok(())
}

/// Copies a backup into a folder. It cannot be started on before [`finish`].
pub fn copy(
    backup: &Path,
    manifest: &Manifest,
    data: &Path,
    mut progress: impl FnMut(u64) -> Result<(), BackupError>,
) -> Result<(), BackupError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder.create(data).map_err(failed("create", data))?;
    let marker = data.join(RESTORING);
    File::create(&marker).and_then(|file| file.sync_all()).map_err(failed("create", &marker))?;
    // From here on no start takes the folder up.
    sync_dir(data)?;
    let mut folders = std::collections::BTreeSet::from([data.to_owned()]);
    for item in &manifest.files {
        let to = data.join(&item.path);
        let parents: Vec<&Path> = to.ancestors().skip(1).take_while(|path| path.starts_with(data)).collect();
        if let Some(parent) = parents.first().filter(|parent| folders.insert((**parent).to_owned())) {
            builder.create(parent).map_err(failed("create", parent))?;
            folders.extend(parents.iter().map(|path| (*path).to_owned()));
        }
        read(backup, &item.sum, item.bytes, Some(&to), &mut progress)?;
    }
    // From the inside out, so that no name is durable in a folder that is not.
    folders.iter().rev().try_for_each(|folder| sync_dir(folder))
}

/// The files of ledger rows that are put back into a data folder on which no Weir runs (`weir restore --rows`).
pub struct Rows {
    files: Vec<Item>,
    /// The list of them, where it takes the place of the one that is there.
    list: Option<Item>,
}

impl Rows {
    /// Chooses: all of a backup, where its list goes with the log as it is now; of an older one those that are damaged here and of which both
    /// lists say the same. Reads each and holds it against its SHA-256; nothing is written.
    pub fn choose(
        backup: &Path,
        manifest: &Manifest,
        data: &Path,
        mut progress: impl FnMut(u64) -> Result<(), BackupError>,
    ) -> Result<Rows, BackupError> {
        let ledger = data.join("ledger");
        let of_rows = manifest.files.iter().filter(|item| item.path.starts_with(ROWS)).cloned();
        let (list, mut files): (Vec<Item>, Vec<Item>) =
            of_rows.partition(|item| item.path.strip_prefix(ROWS) == Some("manifest"));
        let unfit = |why| BackupError::Unfit { path: backup.to_owned(), why };
        let list = list.into_iter().next();
        let list = list.ok_or_else(|| unfit("no files of ledger rows are in it: an older weir made it"))?;
        read(backup, &list.sum, list.bytes, None, &mut progress)?;
        let path = object(backup, &list.sum);
        let bytes = fs::read(&path).map_err(failed("read", &path))?;
        let damaged = || BackupError::Damaged { path: path.clone(), why: "it is no list of files: use another backup" };
        let theirs = RowsManifest::of(&bytes).ok_or_else(damaged)?;
        let list = match weir_rows::thin::fits(&ledger, &theirs) {
            Ok(()) => Some(list),
            Err(error) => {
                let both = RowsManifest::read(&ledger).unwrap_or_default().shared(&theirs);
                let is_bad = |path: &PathBuf| weir_rows::whole::check(path, &mut || {}).is_err();
                let bad: Vec<PathBuf> = both.files(&ledger).into_iter().filter(is_bad).collect();
                files.retain(|item| bad.contains(&data.join(&item.path)));
                if files.is_empty() {
                    return Err(BackupError::Broken(error.to_string()));
                }
                None
            }
        };
        for item in &files {
            read(backup, &item.sum, item.bytes, None, &mut progress)?;
        }
        let needed = files.iter().map(|item| item.bytes).sum::<u64>();
        let free = disk::free_bytes(data).map_err(failed("read the free space of", data))?;
        if free < needed {
            return Err(BackupError::NoRoom { path: data.to_owned(), needed, free });
        }
        Ok(Rows { files, list })
    }

    /// How many they are.
    pub fn files(&self) -> u64 {
        self.files.len() as u64 + u64::from(self.list.is_some())
    }

    /// Puts them into their places, each whole or not at all, the list last. A crash before it leaves the list that was there, and the same is
    /// to be done again.
    pub fn copy(&self, backup: &Path, data: &Path) -> Result<(), BackupError> {
        let dir = data.join(ROWS);
        DirBuilder::new().recursive(true).mode(0o700).create(&dir).map_err(failed("create", &dir))?;
        for item in self.files.iter().chain(&self.list) {
            sync_dir(&dir)?;
            let place = data.join(&item.path);
            let mut new = place.clone().into_os_string();
            new.push(".tmp");
            let new = PathBuf::from(new);
            read(backup, &item.sum, item.bytes, Some(&new), &mut |_| Ok(()))?;
            fs::rename(&new, &place).map_err(failed("rename", &new))?;
        }
        sync_dir(&dir)
    }
}

/// The last step: the folder is a data folder.
pub fn finish(data: &Path) -> Result<(), BackupError> {
    let marker = data.join(RESTORING);
    fs::remove_file(&marker).map_err(failed("remove", &marker))?;
    sync_dir(data)
}

fn read(
    backup: &Path,
    sum: &str,
    bytes: u64,
    to: Option<&Path>,
    progress: &mut dyn FnMut(u64) -> Result<(), BackupError>,
) -> Result<(), BackupError> {
    let from = object(backup, sum);
    let mut file = match File::open(&from) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(BackupError::Damaged {
                path: from,
                why: "the manifest names it and it is not there: use another backup",
            });
        }
        Err(error) => return Err(failed("open", &from)(error)),
    };
    let there = file.metadata().map_err(failed("measure", &from))?.len();
    let why = "it is not what the manifest says: use another backup";
    if there != bytes || stream(&mut file, &from, to, bytes, progress)? != sum {
        return Err(BackupError::Damaged { path: from, why });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use weir_event::{DestinationId, ManualClock, Millis};
    use weir_keys::{KeyName, Keys};

    use super::*;

    fn facts(keys: &Keys) -> KeyFact {
        let names = |destroyed| {
            let of = keys.list().into_iter().filter(move |key| key.destroyed.is_some() == destroyed);
            of.map(|key| key.name.to_string()).collect()
        };
        KeyFact { fingerprint: keys.fingerprint(), ring: keys.sequence(), live: names(false), destroyed: names(true) }
    }

    #[test]
    fn d15_keys_restored_for_a_backup_are_taken_and_older_ones_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let clock: Arc<dyn weir_event::Clock> = Arc::new(ManualClock::at(Millis(1_800_000_000_000)));
        let keys = Keys::open(&at("keys"), Arc::clone(&clock)).unwrap();
        let product = DestinationId::parse("product").unwrap();
        keys.ensure_epochs(&product, &[1, 2, 3]).unwrap();
        Keys::backup(&at("keys"), &at("copy")).unwrap();
        // What came and went after the copy was made is not in it at all.
        keys.ensure_epochs(&product, &[4]).unwrap();
        for epoch in 1..=4 {
            assert!(keys.destroy_epoch(&product, epoch).unwrap());
        }
        let backup = facts(&keys);
        check_keys(&backup, &keys).unwrap();

        let restored = |to: &str, destroyed: &[KeyName]| {
            Keys::restore(&at("copy"), &at(to), destroyed, &*clock).unwrap();
            Keys::open_read_only(&at(to), Arc::clone(&clock)).unwrap()
        };
        let destroyed: Vec<_> = backup.destroyed.iter().map(|name| KeyName::parse(name).unwrap()).collect();
        let whole = restored("whole", &destroyed);
        assert!(whole.sequence() < backup.ring, "the case that the number of the ring would refuse");
        check_keys(&backup, &whole).unwrap();

        for (to, left) in [("one-lives", &destroyed[1..]), ("one-could-be-made-again", &destroyed[..3])] {
            let error = check_keys(&backup, &restored(to, left)).unwrap_err().to_string();
            assert!(error.contains("weir keys restore --data-backup"), "{to}: {error}");
        }
        keys.ensure_epochs(&product, &[5]).unwrap();
        let error = check_keys(&facts(&keys), &whole).unwrap_err().to_string();
        assert!(error.contains("without") && error.contains("made after it"), "{error}");
    }
}

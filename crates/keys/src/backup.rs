//! Copies of the key folder: made beside a running Weir, checked before they are used, never bringing a destroyed key back.
//!
//! ```text
//! manifest, version 1, text
//!   weir-keys-backup 1
//!   <SHA-256 in hex>  <file>      one line per file
//! ```
//! The manifest finds accidents. Whoever can write the backup can write the manifest too; the ring's own check value stands against
//! that as long as `master.key` is theirs not to have.

use std::fs;
use std::path::Path;

use ring::digest::{SHA256, digest};
use weir_event::{Clock, ids::hex};
use zeroize::Zeroizing;

use crate::files::{self, HOLD_PRIVATE, HOLD_PUBLIC, LEDGER, MASTER, RING};
use crate::keys::load_ring;
use crate::ring::{Master, Ring};
use crate::{KeyName, Keys, KeysError};

const MANIFEST: &str = "manifest";
const MANIFEST_HEAD: &str = "weir-keys-backup ";
const MANIFEST_VERSION: u16 = 1;

/// What a backup holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BackupReport {
    /// Each file and the SHA-256 of its bytes, in hex.
    pub files: Vec<(String, String)>,
    /// Keys in its ring.
    pub keys: usize,
    /// Whether the private hold key is in it. Without it, held bodies cannot be opened from this backup.
    pub has_hold_key: bool,
}

impl Keys {
    /// Copies the key folder `dir` to the new folder `to`, consistently, also while another process uses it.
    pub fn backup(dir: &Path, to: &Path) -> Result<BackupReport, KeysError> {
        files::check_folder(dir)?;
        let ring = stable_ring(dir)?;
        write_folder(dir, to, &ring)?;
        Keys::restore_check(to)
    }

    /// Checks a backup: its manifest, its files, and that its ring opens.
    pub fn restore_check(backup: &Path) -> Result<BackupReport, KeysError> {
        files::check_folder(backup)?;
        let path = backup.join(MANIFEST);
        let manifest = files::read(backup, MANIFEST)?;
        let manifest = std::str::from_utf8(&manifest).map_err(|_| KeysError::damaged(&path, "not a manifest"))?;
        let mut lines = manifest.lines();
        let version: u16 = lines
            .next()
            .and_then(|line| line.strip_prefix(MANIFEST_HEAD)?.parse().ok())
            .ok_or_else(|| KeysError::damaged(&path, "not a manifest"))?;
        if version > MANIFEST_VERSION {
            return Err(KeysError::NewerFormat { path, found: version, known: MANIFEST_VERSION });
        }
        let mut listed = Vec::new();
        for line in lines {
            let (sum, name) = line.split_once("  ").ok_or_else(|| KeysError::damaged(&path, "not a manifest"))?;
            if !FILES.contains(&name) {
                return Err(KeysError::damaged(&path, "names a file that is not of a key folder"));
            }
            let bytes = files::read(backup, name)?;
            if hex(digest(&SHA256, &bytes).as_ref()) != sum {
                return Err(KeysError::damaged(&backup.join(name), "its SHA-256 is not the one in the manifest"));
            }
            listed.push((name.to_owned(), sum.to_owned()));
        }
        let has = |name: &str| listed.iter().any(|(listed, _)| listed == name);
        for name in [RING, MASTER.name, LEDGER.name, HOLD_PUBLIC.name] {
            if !has(name) {
                return Err(KeysError::Missing { path: backup.join(name) });
            }
        }
        let (_, ring) = load_ring(backup)?;
        Ok(BackupReport { has_hold_key: has(HOLD_PRIVATE.name), keys: ring.keys.len(), files: listed })
    }

    /// Makes a new key folder `to` of a backup, without the keys named in `destroyed`: they are taken out before the first byte of
    /// the new ring is written (D15). `destroyed` is the list that the ledger's tree kept, which is younger than the backup.
    pub fn restore(
        backup: &Path,
        to: &Path,
        destroyed: &[KeyName],
        clock: &dyn Clock,
    ) -> Result<BackupReport, KeysError> {
        let mut report = Keys::restore_check(backup)?;
        if destroyed.iter().any(|name| !name.is_destroyable()) {
            return Err(KeysError::NotDestroyable);
        }
        let (master, mut ring) = load_ring(backup)?;
        for name in destroyed {
            ring.destroy(name, clock.now())?;
        }
        ring.sequence += 1;
        report.keys = ring.keys.len();
        let ring = ring.encode(&master);
        if let Some((_, sum)) = report.files.iter_mut().find(|(name, _)| name == RING) {
            *sum = hex(digest(&SHA256, &ring).as_ref());
        }
        write_folder(backup, to, &ring)?;
        Ok(report)
    }
}

/// In the order in which they are written: the ring makes a folder a key folder, so it comes after what it needs.
const FILES: [&str; 5] = [MASTER.name, LEDGER.name, HOLD_PRIVATE.name, HOLD_PUBLIC.name, RING];

/// The ring as one of its replacements wrote it. A destruction wipes the file that it replaces, so a reader can meet zeros.
fn stable_ring(dir: &Path) -> Result<Zeroizing<Vec<u8>>, KeysError> {
    let master = Master::new(&files::read_key(dir, &MASTER)?);
    let mut tries = 0;
    loop {
        let bytes = files::read(dir, RING)?;
        match Ring::decode(&dir.join(RING), &bytes, &master) {
            Ok(_) => return Ok(bytes),
            Err(KeysError::Damaged { .. }) if tries < 5 => tries += 1,
            Err(error) => return Err(error),
        }
    }
}

/// Writes a whole folder: the files of `from` with `ring` as the ring, then the manifest. A crash leaves a folder without a
/// manifest, which is no backup, or without a ring, which is refused as a target and as a key folder in use.
fn write_folder(from: &Path, to: &Path, ring: &[u8]) -> Result<(), KeysError> {
    if to.exists() && fs::read_dir(to).map_err(KeysError::io("list", to))?.next().is_some() {
        return Err(KeysError::TargetExists { path: to.to_owned() });
    }
    files::prepare_folder(to)?;
    let mut manifest = format!("{MANIFEST_HEAD}{MANIFEST_VERSION}\n");
    for name in FILES {
        let copied;
        let bytes = if name == RING {
            ring
        } else {
            copied = match files::read(from, name) {
                // It may have been moved away (D10).
                Err(KeysError::Missing { .. }) if name == HOLD_PRIVATE.name => continue,
                other => other?,
            };
            &copied
        };
        files::create(to, name, bytes)?;
        manifest.push_str(&format!("{}  {name}\n", hex(digest(&SHA256, bytes).as_ref())));
    }
    files::create(to, MANIFEST, manifest.as_bytes())?;
    files::sync_folder(to)
}

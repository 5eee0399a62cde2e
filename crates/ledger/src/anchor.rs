//! Whose tree it is, and what of it is known outside the data folder (D14).
//!
//! # `origin`
//! Text, one fact a line: `weir-origin 1`, `origin <name>`, `key <public key, hex>`, `base <entries before the tree's first leaf>`, and
//! one `after <old origin> <size> <root, base64>` for each origin that was given up. Written once at first start and again by
//! [`recover_from_anchor`], whole or not at all. At most 64 KiB.
//!
//! An anchor is a copy of the checkpoint in a file outside the data folder, on another disk or host. A ledger that was put back to an
//! earlier day is then shorter than its anchor, or not an extension of it. Without an anchor a rewind cannot be noticed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use weir_event::Clock;
use weir_event::ids::{hex, unhex};
use weir_keys::Keys;

use crate::disk::{Disk, replace};
use crate::entry::Entry;
use crate::error::LedgerError;
use crate::ledger::Kind;
use crate::log::LogWriter;
use crate::record::Unwritten;
use crate::tree::hash::Hash;
use crate::tree::note::{Checkpoint, NoteError, VerifierKey, base64, from_base64, is_valid_origin};
use crate::tree::proof::{Nodes, root_at};
use crate::tree::store::{checkpoint_path, cosigned_path, signed_path, tree_dir};

const FORMAT: u16 = 1;
const ORIGIN_BYTES_MAX: usize = 64 * 1024;

/// A head that was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// What it says.
    pub head: Checkpoint,
    /// As it was signed.
    pub note: String,
}

/// Whose tree a ledger keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Name and public key.
    pub key: VerifierKey,
    /// Entries of the log before the tree's first leaf: 0 unless an origin was given up.
    pub base: u64,
    /// The last heads of origins that were given up, oldest first.
    pub after: Vec<Checkpoint>,
}

/// A checkpoint that is kept outside the data folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// In a file; one that is not there yet is passed over.
    File(PathBuf),
    /// Fetched from elsewhere, with the name of that place.
    Note(PathBuf, Vec<u8>),
}

impl Anchor {
    fn place(&self) -> &Path {
        match self {
            Anchor::File(path) | Anchor::Note(path, _) => path,
        }
    }

    fn read(&self) -> Result<Option<Vec<u8>>, LedgerError> {
        match self {
            Anchor::File(path) => read_if_there(path),
            Anchor::Note(_, note) => Ok(Some(note.clone())),
        }
    }
}

/// What the anchors said at open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rewind {
    /// No anchor could be read: a rewind is undetectable.
    Undetectable,
    /// The ledger extends what this many anchors hold.
    Excluded {
        /// Anchors that were compared.
        anchors: usize,
    },
}

impl Published {
    /// The head that readers of the ledger in `dir` see, which must be signed by this key; `None` before the first.
    pub fn read(dir: &Path, key: &VerifierKey) -> Result<Option<Published>, LedgerError> {
        Published::read_file(&checkpoint_path(dir), key)
    }

    /// The same of any file; `None` where there is none.
    pub(crate) fn read_file(path: &Path, key: &VerifierKey) -> Result<Option<Published>, LedgerError> {
        let Some(note) = read_if_there(path)? else { return Ok(None) };
        let bad = |source| LedgerError::Checkpoint { path: path.to_owned(), source };
        let head = key.open(&note).map_err(bad)?;
        let note = String::from_utf8(note).map_err(|_| bad(NoteError::Malformed))?;
        Ok(Some(Published { head, note }))
    }
}

impl Origin {
    /// Reads `origin`; `None` where there is none yet.
    pub fn read(dir: &Path) -> Result<Option<Origin>, LedgerError> {
        let path = path(dir);
        let Some(bytes) = read_if_there(&path)? else { return Ok(None) };
        match Origin::parse(&bytes) {
            Ok(origin) => Ok(Some(origin)),
            Err(Some(found)) => Err(LedgerError::NewerFormat { path, found, known: FORMAT }),
            Err(None) => Err(LedgerError::Damaged { path, index: 0, what: "the origin cannot be read" }),
        }
    }

    /// Reads the bytes of an `origin`, as a backup keeps them; `None` where they are none of this release.
    pub fn from_bytes(bytes: &[u8]) -> Option<Origin> {
        Origin::parse(bytes).ok()
    }

    /// Reads the text; an error is the format where it is a newer one.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Origin, Option<u16>> {
        let text = std::str::from_utf8(bytes).ok().filter(|t| t.len() <= ORIGIN_BYTES_MAX).ok_or(None)?;
        let mut lines = text.strip_suffix('\n').ok_or(None)?.split('\n');
        let mut fact = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        let format: u16 = fact("weir-origin").and_then(|n| n.parse().ok()).ok_or(None)?;
        if format > FORMAT {
            return Err(Some(format));
        }
        let name = fact("origin").filter(|name| is_valid_origin(name)).ok_or(None)?.to_owned();
        let public = fact("key").and_then(unhex).ok_or(None)?;
        let base = fact("base").and_then(|n| n.parse().ok()).ok_or(None)?;
        let mut after = Vec::new();
        for line in lines {
            let mut words = line.strip_prefix("after ").ok_or(None)?.split(' ');
            let mut word = || words.next();
            let origin = word().filter(|name| is_valid_origin(name)).ok_or(None)?.to_owned();
            let size = word().and_then(|n| n.parse().ok()).ok_or(None)?;
            let root: Hash = word().and_then(from_base64).and_then(|r| r.try_into().ok()).ok_or(None)?;
            after.push(Checkpoint { origin, size, root });
        }
        Ok(Origin { key: VerifierKey { name, public }, base, after })
    }

    fn text(&self) -> String {
        let mut text = format!(
            "weir-origin {FORMAT}\norigin {}\nkey {}\nbase {}\n",
            self.key.name,
            hex(&self.key.public),
            self.base
        );
        for old in &self.after {
            text.push_str(&format!("after {} {} {}\n", old.origin, old.size, base64(&old.root)));
        }
        text
    }

    pub(crate) fn write(&self, disk: &dyn Disk, dir: &Path) -> Result<(), LedgerError> {
        let path = path(dir);
        replace(disk, &path, self.text().as_bytes()).map_err(LedgerError::io("write", &path))?;
        disk.sync_dir(dir).map_err(LedgerError::io("sync", dir))
    }
}

/// What [`recover_from_anchor`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrigin {
    /// The new tree's name.
    pub origin: String,
    /// The head that was given up.
    pub after: Checkpoint,
    /// Entries that the head covers and the log does not hold.
    pub lost: u64,
    /// Where the old tree lies now.
    pub old_tree: PathBuf,
}

/// Opens a new origin over a ledger that was put back to an earlier day (D14). The old tree, its last head and the anchors are kept
/// beside the new one; the first leaf of the new tree says what was given up. The ledger must not be open.
pub fn recover_from_anchor(
    dir: &Path,
    kind: Kind,
    keys: &Keys,
    anchors: &[PathBuf],
    disk: Arc<dyn Disk>,
    clock: &dyn Clock,
) -> Result<NewOrigin, LedgerError> {
    let old = Origin::read(dir)?.ok_or(LedgerError::Misuse("there is no ledger here: its origin is missing"))?;
    if old.key.public != keys.ledger_signer().public() {
        return Err(LedgerError::Misuse("the ledger was signed by another key; use its key folder"));
    }
    let mut heads = Vec::new();
    for path in anchors {
        heads.extend(Published::read_file(path, &old.key)?.map(|anchor| anchor.head));
    }
    let head = heads.into_iter().max_by_key(|head| head.size);
    let after = head.ok_or(LedgerError::Misuse("no anchor could be read; name the file that holds the checkpoint"))?;
    let mut log = LogWriter::open(&dir.join("log"), Arc::clone(&disk), kind as u8, u64::MAX, clock.now())?.writer;
    let base = log.index();
    let local = base.saturating_sub(old.base);
    let key = VerifierKey { name: new_name(None, kind)?, public: old.key.public };
    let entry = Entry::Origin {
        origin: key.name.clone(),
        old_origin: after.origin.clone(),
        old_size: after.size,
        old_root: after.root,
        local,
    };
    // A crash after this leaves an entry that announces an origin which never came to be; the next try writes another.
    let leaf = entry.encode(clock.now());
    let record =
        Unwritten::new(entry.kind(), &leaf, &[]).ok_or(LedgerError::Misuse("the origin does not fit an entry"))?;
    log.write_group(&[&record]).map_err(|_| LedgerError::Lost)?;

    // A crash among the moves leaves the old origin without a tree, which the anchors still refuse at open; the next try goes on.
    let old_tree = dir.join(format!("tree.before-{}", old.after.len() + 1));
    if tree_dir(dir).exists() {
        disk.rename(&tree_dir(dir), &old_tree).map_err(LedgerError::io("move", &old_tree))?;
    }
    disk.create_dir(&old_tree).map_err(LedgerError::io("create", &old_tree))?;
    if signed_path(dir).exists() {
        disk.rename(&signed_path(dir), &old_tree.join("signed")).map_err(LedgerError::io("move", &old_tree))?;
    }
    if cosigned_path(dir).exists() {
        disk.rename(&cosigned_path(dir), &old_tree.join("cosigned")).map_err(LedgerError::io("move", &old_tree))?;
    }
    for (i, path) in anchors.iter().enumerate() {
        if let Ok(note) = std::fs::read(path) {
            let copy = old_tree.join(format!("anchor-{i}"));
            replace(&*disk, &copy, &note).map_err(LedgerError::io("write", &copy))?;
        }
    }
    disk.sync_dir(&old_tree).map_err(LedgerError::io("sync", &old_tree))?;
    let mut given_up = old.after;
    given_up.push(after.clone());
    let origin = key.name.clone();
    Origin { key, base, after: given_up }.write(&*disk, dir)?;
    Ok(NewOrigin { origin, lost: after.size.saturating_sub(local), after, old_tree })
}

/// How many entries of this origin an anchor holds; `None` where it is not there, or of an origin that was given up.
pub fn anchored_size(path: &Path, origin: &Origin) -> Result<Option<u64>, LedgerError> {
    let Some(note) = read_if_there(path)? else { return Ok(None) };
    Ok(open_anchor(path, &note, origin)?.map(|checkpoint| checkpoint.size))
}

/// The head of an anchor of this origin; `None` for one of an origin that was given up, not larger than the head that was given up.
fn open_anchor(path: &Path, note: &[u8], origin: &Origin) -> Result<Option<Checkpoint>, LedgerError> {
    match origin.key.open(note) {
        Ok(head) => Ok(Some(head)),
        Err(NoteError::NotSigned) if is_of_old_origin(note, origin) => Ok(None),
        Err(source) => Err(LedgerError::Checkpoint { path: path.to_owned(), source }),
    }
}

/// A file's bytes; `None` where there is no such file.
pub(crate) fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, LedgerError> {
    match std::fs::read(path) {
        Ok(note) => Ok(Some(note)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(LedgerError::Io { what: "read", path: path.to_owned(), source }),
    }
}

/// The name of a new tree: the configured one, or `weir/<8 random hex digits>/<kind>`.
pub(crate) fn new_name(configured: Option<String>, kind: Kind) -> Result<String, LedgerError> {
    let name = configured.unwrap_or_else(|| {
        let mut random = [0; 4];
        weir_keys::random(&mut random);
        format!("weir/{}/{}", hex(&random), kind.name())
    });
    if is_valid_origin(&name) {
        Ok(name)
    } else {
        Err(LedgerError::Misuse("an origin is 1 to 200 bytes without white space, control characters and +"))
    }
}

/// Where the origin lies.
fn path(dir: &Path) -> PathBuf {
    dir.join("origin")
}

/// Holds the tree of `size` leaves against every anchor. An anchor of an origin that was given up counts where it is not larger
/// than the head that was given up.
pub(crate) fn check<N: Nodes>(
    anchors: &[Anchor],
    origin: &Origin,
    nodes: &N,
    size: u64,
) -> Result<Rewind, LedgerError> {
    let mut compared = 0;
    for place in anchors {
        // Not written yet: the next publication does.
        let Some(note) = place.read()? else { continue };
        let Some(anchor) = open_anchor(place.place(), &note, origin)? else { continue };
        let rewound = LedgerError::Rewound { checkpoint: place.place().to_owned(), size: anchor.size, local: size };
        if anchor.size > size || root_at(nodes, anchor.size).ok() != Some(anchor.root) {
            return Err(rewound);
        }
        compared += 1;
    }
    Ok(if compared == 0 { Rewind::Undetectable } else { Rewind::Excluded { anchors: compared } })
}

fn is_of_old_origin(note: &[u8], origin: &Origin) -> bool {
    origin.after.iter().any(|old| {
        let key = VerifierKey { name: old.origin.clone(), public: origin.key.public };
        key.open(note).is_ok_and(|anchor| anchor.size <= old.size)
    })
}

/// Copies the checkpoint to every anchor; gives those that could not be written, which is reported and does not stop delivery.
pub(crate) fn mirror(disk: &dyn Disk, anchors: &[PathBuf], note: &[u8]) -> usize {
    let write = |path: &&PathBuf| {
        let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        replace(disk, path, note).and_then(|()| disk.sync_dir(parent)).is_err()
    };
    anchors.iter().filter(write).count()
}

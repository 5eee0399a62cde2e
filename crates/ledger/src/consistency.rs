//! Consistency: that a later tree holds every entry of an earlier one, unchanged and in its place (RFC 6962 section 2.1.2).
//!
//! # A proof as a file
//! Checkable without Weir and without the ledger. Text, at most 256 KiB:
//! ```text
//! weir-consistency 1
//! origin <name>
//! old <size> <root, base64>
//! new <size> <root, base64>
//! <a hash of the proof, base64>          none to 63 of them
//!
//! <the old checkpoint, as in a letter>   where it is signed; then the new one
//! ```

use std::path::Path;

use crate::anchor::{Origin, Published};
use crate::error::LedgerError;
use crate::letter::{self, armored};
use crate::tree::hash::Hash;
use crate::tree::note::{Checkpoint, NoteError, VerifierKey, base64, from_base64, is_valid_origin};
use crate::tree::proof::{HASHES_MAX, consistency, consistency_holds, root_at};
use crate::tree::store::tree_dir;
use crate::tree::tiles::Tiles;

const FORM: &str = "weir-consistency 1";
/// A proof is not read past this.
pub const PROOF_BYTES_MAX: usize = 256 * 1024;

/// One end of a proof, as somebody asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Point {
    /// The tree of that many entries, by the ledger's own word.
    Size(u64),
    /// A checkpoint that was signed.
    Signed(String),
}

/// One end of a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// How many entries.
    pub size: u64,
    /// Their root.
    pub root: Hash,
    /// The signed note, where there is one.
    pub note: Option<String>,
}

/// A proof with both its ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Whose tree.
    pub origin: String,
    /// The earlier end.
    pub old: Head,
    /// The later end.
    pub new: Head,
    /// The proof between them.
    pub hashes: Vec<Hash>,
}

/// Why two heads are not shown to be of one history.
#[derive(Debug, thiserror::Error)]
pub enum Inconsistent {
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Tiles cannot be read.
    #[error("the tree cannot be read: {0}: run `weir ledger verify`")]
    Io(#[from] std::io::Error),
    /// A checkpoint is not signed by the key.
    #[error("the {which} checkpoint is not accepted: {source}")]
    NotAccepted {
        /// Old or new.
        which: &'static str,
        /// Why.
        source: NoteError,
    },
    /// Two trees of one size.
    #[error(
        "FORK: two checkpoints of {size} entries have different roots, and the same key signed both: the ledger was shown in two versions"
    )]
    Fork {
        /// Of how many entries.
        size: u64,
    },
    /// The ledger ends before the checkpoint.
    #[error(
        "REWOUND: the checkpoint is of {size} entries and the ledger has {local}: entries that were signed for are gone"
    )]
    Rewound {
        /// What was signed.
        size: u64,
        /// What is there.
        local: u64,
    },
    /// The ledger's tree is another one.
    #[error(
        "FORK: the first {size} entries of the ledger do not have the root that was signed for: it is not the history that the checkpoint was made of"
    )]
    Other {
        /// Of how many entries.
        size: u64,
    },
    /// The proof does not hold.
    #[error("the proof does not show that the tree of {new} entries holds the {old} entries of the earlier one")]
    NotShown {
        /// Entries of the earlier.
        old: u64,
        /// Entries of the later.
        new: u64,
    },
    /// The file's parts do not belong together.
    #[error("the file is not a proof that is whole: {0}")]
    Malformed(&'static str),
}

impl Inconsistent {
    /// A word for programs.
    pub const fn name(&self) -> &'static str {
        match self {
            Inconsistent::Ledger(_) | Inconsistent::Io(_) => "unreadable",
            Inconsistent::NotAccepted { .. } => "not_accepted",
            Inconsistent::Fork { .. } | Inconsistent::Other { .. } => "fork",
            Inconsistent::Rewound { .. } => "rewound",
            Inconsistent::NotShown { .. } => "not_shown",
            Inconsistent::Malformed(_) => "malformed",
        }
    }

    /// Whether it says something against the ledger or a checkpoint; otherwise nothing could be checked.
    pub const fn is_finding(&self) -> bool {
        !matches!(self, Inconsistent::Ledger(_) | Inconsistent::Io(_) | Inconsistent::Malformed(_))
    }
}

impl Proof {
    /// The proof between two points of the ledger in `dir`, whichever is the earlier, held against the tree that the ledger has now.
    pub fn make(dir: &Path, one: &Point, other: &Point) -> Result<Proof, Inconsistent> {
        let (origin, Published { head: published, .. }) = open(dir)?;
        let tiles = Tiles::new(&tree_dir(dir), published.size);
        let mut heads = Vec::new();
        for (which, point) in [("first", one), ("second", other)] {
            heads.push(match point {
                Point::Size(size) => Head { size: *size, root: [0; 32], note: None },
                Point::Signed(note) => {
                    let head = origin.key.open(note.as_bytes());
                    let head = head.map_err(|source| Inconsistent::NotAccepted { which, source })?;
                    Head { size: head.size, root: head.root, note: Some(note.clone()) }
                }
            });
        }
        heads.sort_by_key(|head| head.size);
        let [mut old, mut new]: [Head; 2] = heads.try_into().map_err(|_| Inconsistent::Malformed("it has two ends"))?;
        if old.size == new.size && old.note.is_some() && new.note.is_some() && old.root != new.root {
            return Err(Inconsistent::Fork { size: old.size });
        }
        for head in [&mut old, &mut new] {
            if head.size > published.size {
                return Err(Inconsistent::Rewound { size: head.size, local: published.size });
            }
            let root = root_at(&tiles, head.size)?;
            if head.note.is_none() {
                head.root = root;
            } else if head.root != root {
                return Err(Inconsistent::Other { size: head.size });
            }
        }
        let hashes = consistency(&tiles, old.size, new.size)?;
        let proof = Proof { origin: origin.key.name.clone(), old, new, hashes };
        // Made of tiles of a disk: it is only handed out where it holds.
        proof.check(Some(&origin.key))?;
        Ok(proof)
    }

    /// Checks the proof by itself. With a key both notes must be signed by it; the answer is how many of the two ends are.
    pub fn check(&self, key: Option<&VerifierKey>) -> Result<usize, Inconsistent> {
        let mut signed = 0;
        for (which, head) in [("old", &self.old), ("new", &self.new)] {
            let Some(note) = &head.note else { continue };
            let said = match key {
                Some(key) => key.open(note.as_bytes()),
                None => Checkpoint::parse_unverified(note.as_bytes()),
            };
            let said = said.map_err(|source| Inconsistent::NotAccepted { which, source })?;
            if (said.size, said.root) != (head.size, head.root) || said.origin != self.origin {
                return Err(Inconsistent::Malformed("a checkpoint in it is of another tree than it says"));
            }
            signed += usize::from(key.is_some());
        }
        let (old, new) = (&self.old, &self.new);
        if old.size == new.size && old.root != new.root {
            return Err(if signed == 2 {
                Inconsistent::Fork { size: old.size }
            } else {
                Inconsistent::NotShown { old: old.size, new: new.size }
            });
        }
        if !consistency_holds(old.size, &old.root, new.size, &new.root, &self.hashes) {
            return Err(Inconsistent::NotShown { old: old.size, new: new.size });
        }
        Ok(signed)
    }

    /// As a file.
    pub fn text(&self) -> String {
        let mut text = format!("{FORM}\norigin {}\n", self.origin);
        for (name, head) in [("old", &self.old), ("new", &self.new)] {
            text.push_str(&format!("{name} {} {}\n", head.size, base64(&head.root)));
        }
        self.hashes.iter().for_each(|hash| text.push_str(&format!("{}\n", base64(hash))));
        text.push('\n');
        [&self.old, &self.new]
            .iter()
            .filter_map(|head| head.note.as_ref())
            .for_each(|note| text.push_str(&armored(note)));
        text
    }

    /// Reads what [`Proof::text`] writes. Nothing is checked yet.
    pub fn parse(bytes: &[u8]) -> Result<Proof, Inconsistent> {
        let bad = Inconsistent::Malformed;
        let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= PROOF_BYTES_MAX);
        let (head, notes) = text.and_then(|t| t.split_once("\n\n")).ok_or(bad("it is no proof of consistency"))?;
        let mut lines = head.split('\n');
        if lines.next() != Some(FORM) {
            return Err(bad("it is no proof of consistency"));
        }
        let origin = lines.next().and_then(|line| line.strip_prefix("origin ")).filter(|name| is_valid_origin(name));
        let origin = origin.ok_or(bad("it does not say whose tree it is about"))?.to_owned();
        let mut end = |name: &str| {
            let (size, root) = lines.next()?.strip_prefix(name)?.strip_prefix(' ')?.split_once(' ')?;
            Some(Head { size: size.parse().ok()?, root: hash(root)?, note: None })
        };
        let missing = "a size or a root is missing";
        let (mut old, mut new) = (end("old").ok_or(bad(missing))?, end("new").ok_or(bad(missing))?);
        let hashes: Option<Vec<Hash>> = lines.by_ref().take(HASHES_MAX + 1).map(hash).collect();
        let hashes = hashes.filter(|hashes| hashes.len() <= HASHES_MAX).ok_or(bad("a hash cannot be read"))?;
        for note in letter::read(notes.as_bytes()) {
            let size = Checkpoint::parse_unverified(note.as_bytes()).map(|head| head.size);
            // Two heads of one size stand in their order.
            let place = [&mut old, &mut new].into_iter().find(|end| Ok(end.size) == size && end.note.is_none());
            place.ok_or(bad("a checkpoint in it is of another tree than it says"))?.note = Some(note);
        }
        Ok(Proof { origin, old, new, hashes })
    }
}

/// What a checkpoint from outside says of the ledger in `dir`: the proof that the tree of now extends it.
pub fn since(dir: &Path, note: &str) -> Result<Proof, Inconsistent> {
    let (_, now) = open(dir)?;
    // Beside a running Weir the tree may grow until the proof is made, which is then one in the larger tree.
    Proof::make(dir, &Point::Signed(note.to_owned()), &Point::Signed(now.note))
}

/// Whose tree lies in `dir`, and its published head.
fn open(dir: &Path) -> Result<(Origin, Published), Inconsistent> {
    let origin = Origin::read(dir)?.ok_or(LedgerError::Misuse("there is no ledger here: its origin is missing"))?;
    let published = Published::read(dir, &origin.key)?;
    Ok((origin, published.ok_or_else(|| std::io::Error::from(std::io::ErrorKind::NotFound))?))
}

fn hash(text: &str) -> Option<Hash> {
    from_base64(text)?.try_into().ok()
}

//! Receipts: that an entry is in the tree that a signed checkpoint speaks of, checkable without Weir and without the ledger.
//!
//! The form is `c2sp.org/tlog-proof@v1`: a line of its name, `index N`, the hashes of the inclusion proof in base64, an empty line,
//! the checkpoint. The leaf that it is about is not part of it: it is the entry's bytes ([`Receipt::leaf`]), whose first two bytes are
//! version and kind ([`crate::entry`]).

use std::path::Path;

use crate::anchor::{Origin, Published};
use crate::error::LedgerError;
use crate::tree::hash::{Hash, leaf_hash};
use crate::tree::note::{VerifierKey, base64};
use crate::tree::proof::{inclusion, inclusion_holds};
use crate::tree::store::{cosigned_path, tree_dir};
use crate::tree::tiles::{TILE_WIDTH, Tiles};

/// The first line.
pub const FORM: &str = "c2sp.org/tlog-proof@v1";

/// Why there is no receipt.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// The tree's files cannot be read.
    #[error("the tree cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// The ledger's origin cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// There is no ledger.
    #[error("there is no ledger here: its origin is missing")]
    NoOrigin,
    /// The checkpoint is not signed by the ledger's key.
    #[error("the checkpoint is not good: {0}: run `weir ledger verify`")]
    Checkpoint(String),
    /// It is not in the tree yet, or was not in this origin.
    #[error(
        "entry {0} is not under the checkpoint: the tree is at most a second behind; entries of an origin that was given up are not in it"
    )]
    NotCovered(u64),
    /// The tree does not hold together.
    #[error("the proof of entry {0} does not fit the checkpoint: run `weir ledger verify`")]
    Broken(u64),
}

/// A proof that an entry is in a tree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Receipt {
    /// Its place in the tree.
    pub index: u64,
    /// The leaf.
    pub leaf: Vec<u8>,
    /// The inclusion proof.
    pub path: Vec<Hash>,
    /// The note of the checkpoint, as signed.
    pub checkpoint: String,
}

impl Receipt {
    /// The text of it.
    pub fn text(&self) -> String {
        let hashes: String = self.path.iter().map(|hash| format!("{}\n", base64(hash))).collect();
        format!("{FORM}\nindex {}\n{hashes}\n{}", self.index, self.checkpoint)
    }
}

/// Makes receipts under one checkpoint.
#[derive(Debug)]
pub struct Receipts {
    origin: Origin,
    published: Published,
    /// The newest head that a witness cosigned, which may be a little older.
    cosigned: Option<Published>,
    tiles: Tiles,
}

impl Receipts {
    /// Reads the checkpoint of the ledger in `dir`, whose signature must be good.
    pub fn open(dir: &Path) -> Result<Receipts, ReceiptError> {
        let origin = Origin::read(dir)?.ok_or(ReceiptError::NoOrigin)?;
        let published = match Published::read(dir, &origin.key) {
            Err(LedgerError::Checkpoint { source, .. }) => return Err(ReceiptError::Checkpoint(source.to_string())),
            read => read?.ok_or_else(|| std::io::Error::from(std::io::ErrorKind::NotFound))?,
        };
        let tiles = Tiles::new(&tree_dir(dir), published.head.size);
        // Without a good one a receipt has the ledger's own signature only.
        let cosigned = Published::read_file(&cosigned_path(dir), &origin.key).ok().flatten();
        let cosigned = cosigned.filter(|older| older.head.size <= published.head.size);
        Ok(Receipts { origin, published, cosigned, tiles })
    }

    /// The key that checks the checkpoint, as other tools read it.
    pub fn verifier_key(&self) -> String {
        self.origin.key.to_text()
    }

    /// Leaves under the checkpoint.
    pub fn size(&self) -> u64 {
        self.published.head.size
    }

    /// Whether the checkpoint does not cover an entry yet that it may still come to cover.
    pub fn is_behind(&self, entry: u64) -> bool {
        entry >= self.origin.base.saturating_add(self.size())
    }

    /// The key itself.
    pub fn key(&self) -> &VerifierKey {
        &self.origin.key
    }

    /// The receipt of an entry of the log, under the checkpoint with cosignatures where that covers it. It was checked.
    pub fn of(&self, entry: u64) -> Result<Receipt, ReceiptError> {
        let index = entry.checked_sub(self.origin.base).filter(|index| *index < self.size());
        let index = index.ok_or(ReceiptError::NotCovered(entry))?;
        let mut bundle = self.tiles.bundle(index / TILE_WIDTH)?;
        let place = usize::try_from(index % TILE_WIDTH).unwrap_or(usize::MAX);
        let leaf =
            if place < bundle.len() { bundle.swap_remove(place) } else { return Err(ReceiptError::Broken(entry)) };
        let of_witness = self.cosigned.as_ref().filter(|cosigned| index < cosigned.head.size);
        let Published { head, note } = of_witness.unwrap_or(&self.published);
        let path = inclusion(&self.tiles, index, head.size)?;
        if !inclusion_holds(&leaf_hash(&leaf), index, head.size, &path, &head.root) {
            return Err(ReceiptError::Broken(entry));
        }
        Ok(Receipt { index, leaf, path, checkpoint: note.clone() })
    }
}

//! Heads of the tree: whether one may be signed, signing and publishing, and what anchors and witnesses say (D14).

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::{Ledger, Shared};
use crate::anchor::{self, Anchor, Published, Rewind};
use crate::disk::replace;
use crate::error::LedgerError;
use crate::read::LeafCursor;
use crate::tree::hash::Hash;
use crate::tree::note::{self, VerifierKey};
use crate::tree::proof::consistency;
use crate::tree::store::{Tree, checkpoint_path, cosigned_path, signed_path};

pub(super) struct TreeSide {
    pub(super) tree: Tree,
    pub(super) cursor: LeafCursor,
}

/// Whether a head may be signed (D14).
pub(super) enum Signing {
    /// Yes.
    Free,
    /// Not before anchors elsewhere were asked.
    Waits,
    /// One of them has a head that this ledger does not extend: nothing is signed and nothing is sent.
    Rewound { checkpoint: PathBuf, size: u64, local: u64 },
}

impl Signing {
    pub(super) fn refuse_rewound(&self) -> Result<(), LedgerError> {
        match self {
            Signing::Rewound { checkpoint, size, local } => {
                Err(LedgerError::Rewound { checkpoint: checkpoint.clone(), size: *size, local: *local })
            }
            Signing::Free | Signing::Waits => Ok(()),
        }
    }
}

impl Ledger {
    /// Whether an anchor elsewhere showed that the ledger was put back: nothing is signed or sent until it is restored or recovered.
    pub fn is_rewound(&self) -> bool {
        self.refuse_rewound().is_err()
    }

    /// The same as the error that says which anchor.
    pub fn refuse_rewound(&self) -> Result<(), LedgerError> {
        self.shared.signing().refuse_rewound()
    }

    /// Anchors elsewhere were asked as far as they answered: heads may be signed from now on, unless one showed a rewind.
    pub fn allow_signing(&self) {
        {
            let _tree = self.shared.tree();
            let mut signing = self.shared.signing();
            if matches!(*signing, Signing::Waits) {
                *signing = Signing::Free;
            }
        }
        self.signal.raise(false);
    }

    /// Holds a checkpoint from elsewhere against the ledger (D14). Where the ledger does not extend it, nothing is signed or sent from
    /// here on, and the error says so. Blocks on the disk.
    pub fn compare(&self, anchor: Anchor) -> Result<Rewind, LedgerError> {
        let mut side = self.shared.tree();
        let TreeSide { tree, cursor } = &mut *side;
        catch_up(tree, cursor, self.shared.queue.durable())?;
        let compared = anchor::check(&[anchor], &self.shared.origin, tree, tree.size());
        if let Err(LedgerError::Rewound { checkpoint, size, local }) = &compared {
            self.shared.stop_signing(checkpoint.clone(), *size, *local);
        }
        compared
    }

    /// A witness says that it cosigned `size` entries that this ledger does not hold (D14): nothing is signed or sent from here on.
    pub fn contradicted(&self, by: &Path, size: u64) {
        // Held until it is known, so that no head is signed meanwhile.
        let side = self.shared.tree();
        self.shared.stop_signing(by.to_owned(), size, side.tree.size());
    }

    /// The head that readers see; where there is none, as after a restore, the last that was signed, against which the log was held when it
    /// was opened (D14). `None` before the first. Blocks on the disk.
    pub fn published(&self) -> Result<Option<Published>, LedgerError> {
        let _tree = self.shared.tree();
        for path in [checkpoint_path(&self.shared.dir), signed_path(&self.shared.dir)] {
            if let Some(published) = Published::read_file(&path, &self.shared.origin.key)? {
                return Ok(Some(published));
            }
        }
        Ok(None)
    }

    /// The proof that the tree of `new` entries, signed already, extends that of `old`. Blocks on the disk.
    pub fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, LedgerError> {
        let path = checkpoint_path(&self.shared.dir);
        consistency(&self.shared.tree().tree, old, new).map_err(LedgerError::io("read the tiles of", path))
    }

    /// Keeps a witness's cosignature of a published checkpoint for receipts, under those of others: one line of each witness under the
    /// newest checkpoint that one of them cosigned. Blocks on the disk.
    pub fn keep_cosigned(&self, published: &Published, line: &str) -> Result<(), LedgerError> {
        // Held from reading what is kept until it is replaced: witnesses answer side by side.
        let _tree = self.shared.tree();
        let (path, key) = (cosigned_path(&self.shared.dir), &self.shared.origin.key);
        let bad = |source| LedgerError::Checkpoint { path: path.clone(), source };
        // One that is not good is replaced.
        let kept = Published::read_file(&path, key).ok().flatten();
        let under = match &kept {
            Some(kept) if kept.head.size > published.head.size => return Ok(()),
            Some(kept) if kept.head == published.head => kept,
            _ => published,
        };
        let note = note::with_line(&under.note, line).map_err(bad)?;
        key.open(note.as_bytes()).map_err(bad)?;
        if kept.is_some_and(|kept| kept.note == note) {
            return Ok(());
        }
        let disk = &*self.shared.disk;
        replace(disk, &path, note.as_bytes()).map_err(LedgerError::io("write", &path))?;
        disk.sync_dir(&self.shared.dir).map_err(LedgerError::io("sync", &self.shared.dir))
    }

    /// What checks this ledger's checkpoints, in the form other tools read.
    pub fn verifier_key(&self) -> &VerifierKey {
        &self.shared.origin.key
    }

    /// Anchors that the last publication could not write.
    pub fn anchors_behind(&self) -> u64 {
        self.shared.anchors_behind.load(Ordering::Relaxed)
    }

    /// Signs and publishes a head over every durable entry. Blocks on the disk.
    pub fn flush_tree(&self) -> Result<u64, LedgerError> {
        self.shared.flush_tree()
    }
}

/// Wakes the thread that signs.
#[derive(Default)]
pub(super) struct Signal {
    /// (something is new, stop)
    state: Mutex<(bool, bool)>,
    wake: Condvar,
}

impl Signal {
    pub(super) fn raise(&self, stop: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = (true, state.1 || stop);
        self.wake.notify_all();
    }
}

impl Shared {
    /// The first place that shows a rewind is the one that is named.
    fn stop_signing(&self, checkpoint: PathBuf, size: u64, local: u64) {
        let mut signing = self.signing();
        if signing.refuse_rewound().is_ok() {
            *signing = Signing::Rewound { checkpoint, size, local };
        }
    }

    pub(super) fn flush_tree(&self) -> Result<u64, LedgerError> {
        let mut side = self.tree();
        let TreeSide { tree, cursor } = &mut *side;
        catch_up(tree, cursor, self.queue.durable())?;
        let is_free = {
            let signing = self.signing();
            signing.refuse_rewound()?;
            matches!(*signing, Signing::Free)
        };
        if tree.size() > tree.published() && is_free {
            let (_, note) = tree.publish(&self.origin.key, |text| self.keys.ledger_signer().sign(text))?;
            let behind = anchor::mirror(&*self.disk, &self.anchors, &note);
            self.anchors_behind.store(behind as u64, Ordering::Relaxed);
        }
        Ok(tree.size())
    }

    pub(super) fn publish_at_most_every(&self, interval: Duration, signal: &Signal) {
        loop {
            {
                let mut state = signal.state.lock().unwrap_or_else(PoisonError::into_inner);
                while !state.0 {
                    state = signal.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                if state.1 {
                    return;
                }
                state.0 = false;
            }
            if self.flush_tree().is_err() {
                // The log is safe without the tree, which catches up once its disk is well; sending goes on meanwhile (D13).
                let field = weir_event::log::Field::Ours(self.dir.clone());
                weir_event::log::emit(
                    weir_event::log::Level::Error,
                    "the ledger's tree could not be published",
                    &[("dir", field)],
                );
            }
            let state = signal.state.lock().unwrap_or_else(PoisonError::into_inner);
            let waited = signal.wake.wait_timeout_while(state, interval, |state| !state.1);
            if waited.unwrap_or_else(PoisonError::into_inner).0.1 {
                return;
            }
        }
    }
}

pub(super) fn catch_up(tree: &mut Tree, cursor: &mut LeafCursor, until: u64) -> Result<(), LedgerError> {
    while let Some(leaf) = cursor.next(until)? {
        tree.append(&leaf)?;
    }
    Ok(())
}

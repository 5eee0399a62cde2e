//! What a receiver is to have next, and what it has: acts in their order, each at least once, none left out. A batch is handed out, sent by
//! somebody else, and then taken; only that is written down. A crash in between sends it again.
//!
//! The place is checked against the ledger: where the entry before it is not the one that was shipped (a ledger that was put back to an
//! earlier day, or exchanged), everything is sent once more, and whoever asked is told.

use std::path::{Path, PathBuf};

use weir_ledger::LedgerError;
use weir_ledger::acts::Reader;
use weir_ledger::disk::Disk;

use crate::act::{Acted, People};
use crate::position::{Position, PositionError};

/// Acts in one batch.
const ACTS_MAX: usize = 256;
/// Targets in one batch, so that its size is bounded.
const TARGETS_MAX: usize = 2_000;

/// Why there is no next batch.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The place.
    #[error(transparent)]
    Position(#[from] PositionError),
}

/// Acts that are to be sent together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Batch {
    /// In their order; never none.
    pub acts: Vec<Acted>,
    after: Position,
}

/// One receiver's side of the ledger.
#[derive(Debug)]
pub struct Outbox {
    file: PathBuf,
    reader: Reader,
    position: Position,
    starts_again: bool,
}

impl Outbox {
    /// Opens it at the place that the file says. `durable`: how many entries of the ledger in `dir` are. Blocks on the disk.
    pub fn open(dir: &Path, file: &Path, durable: u64) -> Result<Outbox, OutboxError> {
        let position = Position::read(file)?;
        let starts_again = match position.entry.checked_sub(1) {
            None => false,
            Some(_) if position.entry > durable => true,
            Some(last) => {
                let mut reader = Reader::at(dir, last)?;
                let found = reader.next(position.entry)?;
                if found.is_some_and(|(_, _, leaf)| leaf == position.leaf) {
                    // It stands where the next act is looked for.
                    return Ok(Outbox { file: file.to_owned(), reader, position, starts_again: false });
                }
                true
            }
        };
        let (position, reader) = (Position::default(), Reader::at(dir, 0)?);
        Ok(Outbox { file: file.to_owned(), reader, position, starts_again })
    }

    /// Whether the ledger is not the one of which acts were shipped before.
    pub fn starts_again(&self) -> bool {
        self.starts_again
    }

    /// The entry that comes next.
    pub fn entry(&self) -> u64 {
        self.position.entry
    }

    /// The next acts among the first `durable` entries; `None` where there are none. What is handed out has to be taken, or the outbox opened
    /// again.
    pub fn next(&mut self, durable: u64, people: &People) -> Result<Option<Batch>, OutboxError> {
        let (mut acts, mut targets) = (Vec::new(), 0);
        let mut after = self.position;
        while acts.len() < ACTS_MAX && targets < TARGETS_MAX {
            let index = self.reader.index();
            let Some((at, entry, leaf)) = self.reader.next(durable)? else { break };
            after = Position { entry: index + 1, leaf };
            if let Some(acted) = Acted::of(index, at, &entry, people) {
                targets += acted.targets.len();
                acts.push(acted);
            }
        }
        if acts.is_empty() {
            // Entries that are no acts are passed, and need no write of their own.
            self.position = after;
            return Ok(None);
        }
        Ok(Some(Batch { acts, after }))
    }

    /// The receiver has it. Durable when this returns.
    pub fn taken(&mut self, disk: &dyn Disk, batch: &Batch) -> Result<(), OutboxError> {
        // A crash before this line sends the batch again.
        batch.after.write(disk, &self.file)?;
        self.position = batch.after;
        Ok(())
    }
}

#[cfg(test)]
mod tests;

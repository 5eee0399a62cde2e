//! How far a receiver has the acts: the entry behind the last that it took, and the hash of that one's leaf, in one file that is replaced
//! whole, so that a crash leaves the one before or this one. The act is sent before it is written: what is lost with it is sent twice.
//!
//! # `audit/shipped/<receiver>`, version 1
//! Text of at most 200 bytes: `weir shipped 1`, `entry <number>`, `leaf <64 hex digits>` (zeros before the first entry), each with a line
//! end.

use std::path::{Path, PathBuf};

use weir_event::ids::{hex, unhex};
use weir_ledger::disk::{Disk, replace};

const HEAD: &str = "weir shipped 1";
const BYTES_MAX: u64 = 200;

/// The folder of positions in that of an audit ledger.
pub fn folder(audit: &Path) -> PathBuf {
    audit.join("shipped")
}

/// How far a receiver has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Position {
    /// The next entry that it is to have.
    pub entry: u64,
    /// The hash of the leaf before it.
    pub leaf: [u8; 32],
}

/// Why a position cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PositionError {
    /// The file cannot be read or written.
    #[error("{}: {}", .0.display(), .1.kind())]
    Io(PathBuf, #[source] std::io::Error),
    /// It is not one of ours.
    #[error("{} does not say how far its receiver is: remove it, and every act is sent once more", .0.display())]
    Damaged(PathBuf),
}

impl Position {
    /// Reads it. No file: the receiver has nothing.
    pub fn read(file: &Path) -> Result<Position, PositionError> {
        let failed = |error| PositionError::Io(file.to_owned(), error);
        match std::fs::metadata(file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Position::default()),
            Err(error) => return Err(failed(error)),
            Ok(meta) if meta.len() > BYTES_MAX => return Err(PositionError::Damaged(file.to_owned())),
            Ok(_) => {}
        }
        let bytes = std::fs::read(file).map_err(failed)?;
        Position::parse(&bytes).ok_or_else(|| PositionError::Damaged(file.to_owned()))
    }

    /// Reads the text.
    pub fn parse(bytes: &[u8]) -> Option<Position> {
        let text = std::str::from_utf8(bytes).ok()?.strip_prefix(HEAD)?.strip_prefix("\nentry ")?;
        let (entry, rest) = text.split_once('\n')?;
        let digits = rest.strip_prefix("leaf ")?.strip_suffix('\n')?;
        let position = Position { entry: entry.parse().ok()?, leaf: unhex(digits)? };
        // One text for one position.
        (position.text().as_bytes() == bytes).then_some(position)
    }

    /// The text.
    pub fn text(&self) -> String {
        format!("{HEAD}\nentry {}\nleaf {}\n", self.entry, hex(&self.leaf))
    }

    /// Writes it, durable. A crash leaves the one before or this one.
    pub fn write(&self, disk: &dyn Disk, file: &Path) -> Result<(), PositionError> {
        let failed = |error| PositionError::Io(file.to_owned(), error);
        if let Some(folder) = file.parent() {
            disk.create_dir(folder).map_err(failed)?;
            replace(disk, file, self.text().as_bytes()).map_err(failed)?;
            disk.sync_dir(folder).map_err(failed)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use weir_ledger::disk::RealDisk;

    use super::*;

    #[test]
    fn a_position_is_kept_and_one_that_is_damaged_is_not_taken_for_the_beginning() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("shipped/siem");
        assert_eq!(Position::read(&file).unwrap(), Position::default());
        let position = Position { entry: 41, leaf: [0xa5; 32] };
        position.write(&RealDisk, &file).unwrap();
        assert_eq!(Position::read(&file).unwrap(), position);
        std::fs::write(&file, "weir shipped 1\nentry 41\n").unwrap();
        assert!(matches!(Position::read(&file), Err(PositionError::Damaged(_))));
    }

    proptest! {
        #[test]
        fn every_position_comes_back_and_no_bytes_are_two(entry in any::<u64>(), leaf in any::<[u8; 32]>(), cut in 0_usize..90) {
            let position = Position { entry, leaf };
            let text = position.text();
            prop_assert_eq!(Position::parse(text.as_bytes()), Some(position));
            prop_assert!(text.len() as u64 <= BYTES_MAX);
            prop_assert!(cut >= text.len() || Position::parse(&text.as_bytes()[..cut]).is_none());
        }

        #[test]
        fn any_bytes_are_a_position_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            crate::fuzz::fuzz_position(&bytes);
        }
    }
}

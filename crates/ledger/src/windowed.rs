//! The records of one file of the log, a window at a time: a file has up to 64 MiB, and a server that reads its log beside the writer
//! should not take as much memory for it.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::error::LedgerError;
use crate::log::checked_header;
use crate::read::read_up_to;
use crate::record::{End, FILE_HEADER_BYTES_MAX, RECORD_HEADER_BYTES_MAX, Record, RecordHeader, Records, Walked};

/// What is read at once, unless a record is longer.
const WINDOW_BYTES: usize = 1024 * 1024;

/// Walks the records of one file as [`Records`] walks those of its bytes.
pub(crate) struct FileRecords {
    path: PathBuf,
    file: File,
    window: Vec<u8>,
    /// What is read at once.
    window_bytes: usize,
    /// Where in the file the window begins.
    begin: u64,
    /// Whether the file ended where the window does, when it was read.
    is_last: bool,
    /// How far it went, `at` counted from where the window begins.
    walked: Walked,
    end: Option<End>,
}

impl FileRecords {
    /// Before the first record of the file that begins with the entry `first_index`.
    pub(crate) fn open(path: &Path, first_index: u64, tree: u8) -> Result<FileRecords, LedgerError> {
        let file = File::open(path).map_err(LedgerError::io("open", path))?;
        let mut bytes = [0; FILE_HEADER_BYTES_MAX];
        let read = read_up_to(&file, &mut bytes, 0).map_err(LedgerError::io("read", path))?;
        let header = checked_header(&bytes[..read], path, first_index, tree)?;
        let mut walked = Walked::at_first(&header);
        walked.at = 0;
        let begin = header.len() as u64;
        Ok(FileRecords {
            path: path.to_owned(),
            file,
            window: Vec::new(),
            window_bytes: WINDOW_BYTES,
            begin,
            is_last: false,
            walked,
            end: None,
        })
    }

    pub(crate) fn next(&mut self) -> Result<Option<Record<'_>>, LedgerError> {
        if self.end.is_some() {
            return Ok(None);
        }
        self.fill()?;
        let mut records = Records::resumed(&self.window, self.walked);
        let record = records.next();
        self.walked = records.walked();
        self.end = record.is_none().then(|| records.end());
        Ok(record)
    }

    /// The checksum of the last record.
    pub(crate) fn checksum(&self) -> u32 {
        self.walked.previous
    }

    /// How it ended, after `next` gave `None`.
    pub(crate) fn end(&mut self) -> Result<End, LedgerError> {
        // What lies behind the window tells damage from a torn end.
        if self.end == Some(End::Torn) && !self.is_last {
            self.begin += self.walked.at as u64;
            self.walked.at = 0;
            let length = self.file.metadata().map_err(LedgerError::io("read", &self.path))?.len();
            self.window.clear();
            self.read(length.saturating_sub(self.begin) as usize)?;
            self.is_last = true;
            let mut records = Records::resumed(&self.window, self.walked);
            if records.next().is_none() {
                self.end = Some(records.end());
            }
        }
        Ok(self.end.unwrap_or(End::Clean))
    }

    /// Reads on, unless the window holds the next record whole, or none can begin there.
    fn fill(&mut self) -> Result<(), LedgerError> {
        loop {
            let rest = &self.window[self.walked.at..];
            let due = match RecordHeader::decode(rest) {
                Some(header) => header.len(),
                None => RECORD_HEADER_BYTES_MAX,
            };
            if rest.len() >= due || self.is_last {
                return Ok(());
            }
            self.window.drain(..self.walked.at);
            self.begin += self.walked.at as u64;
            self.walked.at = 0;
            self.window.shrink_to(self.window_bytes);
            self.read(due.max(self.window_bytes))?;
        }
    }

    /// Makes the window as long as this, or as the file reaches.
    fn read(&mut self, length: usize) -> Result<(), LedgerError> {
        let held = self.window.len();
        self.window.resize(length.max(held), 0);
        let read = read_up_to(&self.file, &mut self.window[held..], self.begin + held as u64)
            .map_err(LedgerError::io("read", &self.path))?;
        self.is_last = held + read < self.window.len();
        self.window.truncate(held + read);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::record::{FileHeader, Unwritten};

    /// A file of records of very different lengths, two to a group.
    fn written() -> Vec<u8> {
        let header = FileHeader { tree: 1, first_index: 0, first_group: 4, previous: 0, made_at: 7, replaced: None };
        let mut bytes = header.encode();
        let mut previous = header.checksum();
        for (i, length) in [10, 0, 700, 33, 64, 5_000, 1, 90].into_iter().enumerate() {
            let record = Unwritten::new(9, format!("leaf {i}").as_bytes(), &vec![b'a' + i as u8; length]).unwrap();
            previous = record.write(&mut bytes, 4 + i as u64 / 2, i % 2 == 0, i % 2 == 1, previous);
        }
        bytes
    }

    type Seen = (Vec<(Vec<u8>, Vec<u8>, u32)>, End);

    fn whole(bytes: &[u8]) -> Seen {
        let mut records = Records::new(bytes, &FileHeader::decode(bytes).unwrap());
        let mut seen = Vec::new();
        while let Some(record) = records.next() {
            seen.push((record.leaf.to_vec(), record.body.to_vec(), records.chain().0));
        }
        (seen, records.end())
    }

    fn by_windows(path: &Path, window_bytes: usize) -> Seen {
        let mut records = FileRecords::open(path, 0, 1).unwrap();
        records.window_bytes = window_bytes;
        let mut seen = Vec::new();
        while let Some(record) = records.next().unwrap() {
            let (leaf, body) = (record.leaf.to_vec(), record.body.to_vec());
            seen.push((leaf, body, records.checksum()));
        }
        (seen, records.end().unwrap())
    }

    #[test]
    fn windows_of_any_size_show_what_the_whole_file_shows_be_it_cut_or_damaged() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let bytes = written();
        let mut ends = HashSet::new();
        for at in (44..bytes.len()).step_by(7) {
            let mut broken = bytes.clone();
            broken[at] ^= 0x10;
            for file in [&bytes[..at], &broken, &bytes] {
                std::fs::write(&path, file).unwrap();
                let expected = whole(file);
                for window in [1, 50, 200, 1_000, WINDOW_BYTES] {
                    assert_eq!(by_windows(&path, window), expected, "window of {window}, byte {at}");
                }
                ends.insert(std::mem::discriminant(&expected.1));
            }
        }
        assert_eq!(ends.len(), 3, "clean, torn and damaged ends came up");
    }
}

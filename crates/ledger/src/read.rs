//! Reading the log beside its writer: its files, and the leaves that the tree is made of.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use weir_event::Millis;
use weir_event::limits::LEDGER_ENTRY_BYTES_MAX;

use crate::error::LedgerError;
use crate::record::{FILE_HEADER_BYTES_MAX, FileHeader, RECORD_HEADER_BYTES_MAX, RecordHeader, SNAPSHOT};

/// The name of the file whose first entry is `index`.
pub(crate) fn file_name(index: u64) -> String {
    format!("{index:020}.log")
}

/// The log's files in order of their first entries. Other files are passed over.
pub(crate) fn list(dir: &Path) -> Result<Vec<(u64, PathBuf)>, LedgerError> {
    let mut files = Vec::new();
    for item in std::fs::read_dir(dir).map_err(LedgerError::io("list", dir))? {
        let path = item.map_err(LedgerError::io("list", dir))?.path();
        let name = path.file_name().and_then(|n| n.to_str()).and_then(|n| n.strip_suffix(".log"));
        if let Some(index) = name.filter(|n| n.len() == 20 && n.bytes().all(|b| b.is_ascii_digit())) {
            files.extend(index.parse().ok().map(|index: u64| (index, path)));
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// When a file of the log was made.
pub(crate) fn made_at(path: &Path) -> Result<Millis, LedgerError> {
    let file = File::open(path).map_err(LedgerError::io("open", path))?;
    let mut bytes = [0; FILE_HEADER_BYTES_MAX];
    let read = read_up_to(&file, &mut bytes, 0).map_err(LedgerError::io("read", path))?;
    let damaged = |_| LedgerError::Damaged { path: path.to_owned(), index: 0, what: "the file header cannot be read" };
    FileHeader::decode(&bytes[..read]).map(|header| Millis(header.made_at)).map_err(damaged)
}

/// Walks the leaves of durable entries, reading bodies past. Its owner says how far it may go.
pub(crate) struct LeafCursor {
    dir: PathBuf,
    file: Option<(PathBuf, File)>,
    at: u64,
    index: u64,
}

impl LeafCursor {
    /// A cursor before entry `index`.
    pub(crate) fn at(dir: &Path, index: u64) -> Result<LeafCursor, LedgerError> {
        let mut cursor = LeafCursor { dir: dir.to_owned(), file: None, at: 0, index };
        let files = list(dir)?;
        let Some((first, path)) = files.into_iter().rev().find(|(first, _)| *first <= index) else {
            return Ok(cursor);
        };
        cursor.index = first;
        cursor.enter(path)?;
        while cursor.index < index {
            let before = cursor.index;
            if cursor.next(index)?.is_none() || cursor.index == before {
                break;
            }
        }
        Ok(cursor)
    }

    /// Index of the next leaf.
    pub(crate) fn index(&self) -> u64 {
        self.index
    }

    /// The next leaf, or `None` once it stands before entry `until`, of which all before must be durable.
    pub(crate) fn next(&mut self, until: u64) -> Result<Option<Vec<u8>>, LedgerError> {
        while self.index < until {
            let Some((path, file)) = &self.file else {
                self.enter(self.dir.join(file_name(self.index)))?;
                continue;
            };
            let damaged = |what| LedgerError::Damaged { path: path.clone(), index: self.index, what };
            let mut bytes = [0; RECORD_HEADER_BYTES_MAX + LEDGER_ENTRY_BYTES_MAX];
            let read = read_up_to(file, &mut bytes, self.at).map_err(LedgerError::io("read", path))?;
            if read == 0 {
                // The entries go on in the file that is named by the next of them.
                self.enter(self.dir.join(file_name(self.index)))?;
                continue;
            }
            let header =
                RecordHeader::decode(&bytes[..read]).ok_or_else(|| damaged("no record begins where one is due"))?;
            if !header.leaf_checks(&bytes[..read]) {
                return Err(damaged("the entry does not have its checksum"));
            }
            self.at += header.len() as u64;
            if header.kind != SNAPSHOT {
                self.index += 1;
                return Ok(Some(bytes[header.leaf_at()..header.body_at()].to_vec()));
            }
        }
        Ok(None)
    }

    fn enter(&mut self, path: PathBuf) -> Result<(), LedgerError> {
        if self.file.as_ref().is_some_and(|(here, _)| *here == path) {
            // The file says that it ends here, and the next one would be itself.
            return Err(LedgerError::Damaged { path, index: self.index, what: "the log ends before its last entry" });
        }
        let file = File::open(&path).map_err(LedgerError::io("open", &path))?;
        let mut bytes = [0; FILE_HEADER_BYTES_MAX];
        let read = read_up_to(&file, &mut bytes, 0).map_err(LedgerError::io("read", &path))?;
        let damaged =
            |_| LedgerError::Damaged { path: path.clone(), index: self.index, what: "the file header cannot be read" };
        self.at = FileHeader::decode(&bytes[..read]).map_err(damaged)?.len() as u64;
        self.file = Some((path, file));
        Ok(())
    }
}

/// Fills `bytes` from a place in a file on, or as far as the file reaches; gives how many were read.
pub(crate) fn read_up_to(file: &File, bytes: &mut [u8], at: u64) -> std::io::Result<usize> {
    let mut read = 0;
    while read < bytes.len() {
        match file.read_at(&mut bytes[read..], at + read as u64) {
            Ok(0) => break,
            Ok(n) => read += n,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

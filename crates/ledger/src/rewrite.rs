//! Files of the log that have ended, written again with other bodies: what erasing and thinning have in common.
//!
//! Such a file is written beside itself and put into its place. Entries, their leaves and the chain of checksums stay what they were, and
//! with them the tree, every signed head, every receipt, and every place in the log that others keep.
//!
//! # What a crash leaves
//! Before a rename: a temporary file, which the next open removes, and the file as it was. After it: the new file, whole. So each file is
//! as it was or as it is to be, and the same work asked for again ends in the same state.

use std::ops::Range;
use std::path::{Path, PathBuf};

use weir_event::Millis;

use crate::disk::replace;
use crate::entry::{Entry, IntentEntry};
use crate::error::LedgerError;
use crate::ledger::{Kind, Ledger};
use crate::log::checked_header;
use crate::read::list;
use crate::record::{BODY_BYTES_MAX, End, FileHeader, RecordHeader, Records, SNAPSHOT};
use crate::rows::Body;

/// A file of the log that has ended.
pub(crate) struct LogFile {
    path: PathBuf,
    header: FileHeader,
    bytes: Vec<u8>,
}

/// A record of an intent in it.
pub(crate) struct Intended<'f> {
    /// Where it lies.
    pub(crate) range: Range<usize>,
    /// When it was recorded.
    pub(crate) at: Millis,
    /// What it says.
    pub(crate) intent: Box<IntentEntry>,
    /// Its rows, or what is left of them here.
    pub(crate) body: Body<'f>,
}

impl LogFile {
    pub(crate) fn read(path: &Path, first: u64) -> Result<LogFile, LedgerError> {
        let bytes = std::fs::read(path).map_err(LedgerError::io("read", path))?;
        let header = checked_header(&bytes, path, first, Kind::Egress as u8)?;
        Ok(LogFile { path: path.to_owned(), header, bytes })
    }

    pub(crate) fn damaged(&self, index: u64, what: &'static str) -> LedgerError {
        LedgerError::Damaged { path: self.path.clone(), index, what }
    }

    /// The intents of the file, in order.
    pub(crate) fn intents(&self) -> Result<Vec<Intended<'_>>, LedgerError> {
        let mut records = Records::new(&self.bytes, &self.header);
        let (mut index, mut found) = (self.header.first_index, Vec::new());
        let mut at = records.position();
        while let Some(record) = records.next() {
            let range = at..records.position();
            at = range.end;
            if record.kind == INTENT {
                let body = Body::parse(record.body).map_err(|_| self.damaged(index, "the rows cannot be read"))?;
                let entry = Entry::decode(record.leaf).map_err(|_| self.damaged(index, "the entry cannot be read"))?;
                let (at, Entry::Intent(intent)) = entry else {
                    return Err(self.damaged(index, "the entry is not of the kind that its record says"));
                };
                found.push(Intended { range, at, intent: Box::new(intent), body });
            }
            index += u64::from(record.kind != SNAPSHOT);
        }
        // A file that has ended has no tail that nobody was told of.
        match records.end() {
            End::Clean => Ok(found),
            _ => Err(self.damaged(index, records.fault().unwrap_or("the file ends inside an entry"))),
        }
    }

    /// The bytes of the file with other bodies in these records, in order.
    pub(crate) fn with_bodies(
        &self,
        bodies: impl Iterator<Item = Result<(Range<usize>, Vec<u8>), LedgerError>>,
    ) -> Result<Vec<u8>, LedgerError> {
        let mut out = FileHeader { replaced: Some(self.header.checksum()), ..self.header }.encode();
        let mut copied = self.header.len();
        for body in bodies {
            let (range, body) = body?;
            out.extend_from_slice(self.bytes.get(copied..range.start).unwrap_or_default());
            let whole = self.bytes.get(range.clone()).unwrap_or_default();
            let put = RecordHeader::decode(whole).and_then(|header| header.put_replaced(whole, &body, &mut out));
            put.ok_or(LedgerError::EntryTooLarge { needed: body.len(), limit: BODY_BYTES_MAX })?;
            copied = range.end;
        }
        out.extend_from_slice(self.bytes.get(copied..).unwrap_or_default());
        Ok(out)
    }
}

impl Ledger {
    /// The files of the log that have ended and whose entries are all below `until`, and the number of the first entry of each. The file
    /// that is appended to is never written again.
    pub(crate) fn ended_files(&self, until: u64) -> Result<Vec<(u64, PathBuf)>, LedgerError> {
        if until > self.shared.queue.freeze().first_index {
            return Err(LedgerError::Misuse("the file that is appended to is never written again"));
        }
        let mut files = list(&self.log_dir())?;
        let ended =
            (1..files.len()).take_while(|next| files.get(*next).is_some_and(|(first, _)| *first <= until)).count();
        files.truncate(ended);
        Ok(files)
    }

    /// Puts a file of these bytes into the place of one of the log. Durable when this returns.
    pub(crate) fn put_file(&self, file: &LogFile, bytes: &[u8]) -> Result<(), LedgerError> {
        replace(&*self.shared.disk, &file.path, bytes).map_err(LedgerError::io("rewrite", &file.path))?;
        let dir = self.log_dir();
        self.shared.disk.sync_dir(&dir).map_err(LedgerError::io("sync", dir))
    }
}

/// The kind of an intent (`entry.rs`).
const INTENT: u8 = 7;

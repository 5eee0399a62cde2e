//! The log's files: what is read at open, and the one writer.
//!
//! A process never appends to a file of an earlier process: after a failed fsync or a crash the page cache may show bytes that the
//! disk does not hold. At open the readable part of the last file is written to a new file under the same name, and a new file
//! is begun with a snapshot of the state, so that open reads one file however old the ledger is.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use weir_event::Millis;

use crate::disk::{Disk, DiskFile, TEMPORARY, replace};
use crate::entry::Entry;
use crate::error::LedgerError;
use crate::read::{file_name, list};
use crate::record::{End as RecordsEnd, FORMAT, FileHeader, HeaderError, Records, SNAPSHOT, Unwritten};
use crate::state::State;

/// The writer, which is owned by the writer thread.
pub(crate) struct LogWriter {
    dir: PathBuf,
    disk: Arc<dyn Disk>,
    tree: u8,
    file: Box<dyn DiskFile>,
    /// Bytes of the file that are durable: the next group goes there.
    len: u64,
    /// The first entry of the file, which is its name.
    first_index: u64,
    /// Index of the next entry.
    index: u64,
    group: u64,
    previous: u32,
    roll_bytes: u64,
    buffer: Vec<u8>,
}

/// Where the log ends on the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct End {
    /// The first entry of the newest file, which is its name.
    pub(crate) first_index: u64,
    /// Its durable bytes.
    pub(crate) len: u64,
    /// Entries of the whole log.
    pub(crate) index: u64,
}

/// What became of a group that could not be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GroupError {
    /// It is not in the file; the writer can go on.
    Lost,
    /// What the disk holds is not known; the writer must stop.
    Poisoned,
}

/// What open found.
pub(crate) struct OpenedLog {
    pub(crate) writer: LogWriter,
    pub(crate) state: State,
    /// Unacknowledged bytes that were thrown away.
    pub(crate) torn_bytes: u64,
}

impl LogWriter {
    pub(crate) fn open(
        dir: &Path,
        disk: Arc<dyn Disk>,
        tree: u8,
        roll_bytes: u64,
        now: Millis,
    ) -> Result<OpenedLog, LedgerError> {
        disk.create_dir(dir).map_err(LedgerError::io("create", dir))?;
        remove_temporary(&*disk, dir)?;
        let mut found = Found { state: State::default(), index: 0, group: 0, previous: 0, torn_bytes: 0 };
        if let Some((first_index, path)) = list(dir)?.pop() {
            found = recover(&*disk, dir, &path, first_index, tree)?;
        }
        let Found { state, index, group, previous, torn_bytes } = found;
        let begun = begin(dir, &*disk, tree, index, group, previous, &state, now);
        let (file, len, previous) = begun.map_err(|(_, error)| error)?;
        let writer = LogWriter {
            dir: dir.to_owned(),
            disk,
            tree,
            file,
            len,
            first_index: index,
            index,
            group: group + 1,
            previous,
            roll_bytes,
            buffer: Vec::new(),
        };
        Ok(OpenedLog { writer, state, torn_bytes })
    }

    /// How many entries the log holds.
    pub(crate) fn index(&self) -> u64 {
        self.index
    }

    /// The file that is written, by its first entry, and how many bytes of it are durable.
    pub(crate) fn end(&self) -> End {
        End { first_index: self.first_index, len: self.len, index: self.index }
    }

    /// Writes one group and makes it durable.
    pub(crate) fn write_group(&mut self, records: &[&Unwritten]) -> Result<(), GroupError> {
        self.buffer.clear();
        let mut previous = self.previous;
        for (i, record) in records.iter().enumerate() {
            previous = record.write(&mut self.buffer, self.group, i == 0, i + 1 == records.len(), previous);
        }
        // A crash in the append leaves part of the group, which nobody was told of: a torn tail.
        if self.file.append(&self.buffer).is_err() {
            // Most likely the disk is full. What was written of the group must not stay, or the next one would follow garbage.
            return Err(if self.file.cut(self.len).is_ok() { GroupError::Lost } else { GroupError::Poisoned });
        }
        // A crash before the sync returns leaves a group that nobody was told of; its intents become unknown at open.
        if self.file.sync().is_err() {
            return Err(GroupError::Poisoned);
        }
        self.len += self.buffer.len() as u64;
        self.index += records.len() as u64;
        self.group += 1;
        self.previous = previous;
        if self.buffer.capacity() > BUFFER_BYTES_KEPT {
            self.buffer = Vec::new();
        }
        Ok(())
    }

    /// Begins a new file where this one is large enough. `state` is that of all entries so far.
    pub(crate) fn roll(&mut self, state: &State, now: Millis) -> Result<(), GroupError> {
        match self.len < self.roll_bytes {
            true => Ok(()),
            // No new file is there, so the old one can be used on; the next group tries again.
            false => self.end_file(state, now).or_else(|error| match error {
                GroupError::Lost => Ok(()),
                GroupError::Poisoned => Err(error),
            }),
        }
    }

    /// Begins a new file, so that this one is not appended to any more. One without entries stays. `state` is that of all entries so far.
    pub(crate) fn end_file(&mut self, state: &State, now: Millis) -> Result<(), GroupError> {
        if self.index == self.first_index {
            return Ok(());
        }
        match begin(&self.dir, &*self.disk, self.tree, self.index, self.group, self.previous, state, now) {
            Ok((file, len, previous)) => {
                (self.file, self.len, self.previous) = (file, len, previous);
                self.first_index = self.index;
                self.group += 1;
                Ok(())
            }
            // No new file is there, so the old one can be used on.
            Err((false, _)) => Err(GroupError::Lost),
            // The new file may be there or not: going on in the old one could leave two files that claim the same entries.
            Err((true, _)) => Err(GroupError::Poisoned),
        }
    }
}

/// A buffer larger than this is given back.
const BUFFER_BYTES_KEPT: usize = 4 * 1024 * 1024;

type Begun = (Box<dyn DiskFile>, u64, u32);

/// Makes a file of a header and a snapshot. The flag of an error says whether the file may be there under its name.
#[expect(clippy::too_many_arguments, reason = "the facts of a file header, used twice")]
fn begin(
    dir: &Path,
    disk: &dyn Disk,
    tree: u8,
    index: u64,
    group: u64,
    previous: u32,
    state: &State,
    now: Millis,
) -> Result<Begun, (bool, LedgerError)> {
    let header = FileHeader { tree, first_index: index, first_group: group, previous, made_at: now.0, replaced: None };
    let mut bytes = header.encode();
    let snapshot = Unwritten::new(SNAPSHOT, &[], &state.encode())
        .ok_or((false, LedgerError::Misuse("the ledger's state does not fit a snapshot")))?;
    let previous = snapshot.write(&mut bytes, group, true, true, header.checksum());
    let path = dir.join(file_name(index));
    let temporary = dir.join(format!("{}{TEMPORARY}", file_name(index)));
    let failed = |there, what, path: &Path| {
        let path = path.to_owned();
        move |source| (there, LedgerError::Io { what, path, source })
    };
    // A crash up to the rename leaves a temporary file, which the next open removes.
    let mut file = disk.create(&temporary).map_err(failed(false, "create", &temporary))?;
    file.append(&bytes).map_err(failed(false, "write", &temporary))?;
    file.sync().map_err(failed(false, "sync", &temporary))?;
    // From here on the file is whole under its name. It holds no entry yet, so with or without it the entries are the same.
    disk.rename(&temporary, &path).map_err(failed(true, "rename", &temporary))?;
    disk.sync_dir(dir).map_err(failed(true, "sync", dir))?;
    Ok((file, bytes.len() as u64, previous))
}

struct Found {
    state: State,
    index: u64,
    group: u64,
    previous: u32,
    torn_bytes: u64,
}

/// Reads the last file and puts its readable part on fresh ground.
fn recover(disk: &dyn Disk, dir: &Path, path: &Path, first_index: u64, tree: u8) -> Result<Found, LedgerError> {
    let bytes = std::fs::read(path).map_err(LedgerError::io("read", path))?;
    let header = checked_header(&bytes, path, first_index, tree)?;
    let damaged = |index, what| LedgerError::Damaged { path: path.to_owned(), index, what };
    let mut records = Records::new(&bytes, &header);
    let snapshot = records.next().filter(|r| r.kind == SNAPSHOT && r.leaf.is_empty());
    let snapshot = snapshot.ok_or_else(|| damaged(first_index, "the file does not begin with a snapshot"))?;
    let mut state = State::decode(snapshot.body).map_err(|_| damaged(first_index, "the snapshot cannot be read"))?;
    let mut index = first_index;
    while let Some(record) = records.next() {
        let (at, entry) = Entry::decode(record.leaf).map_err(|_| damaged(index, "the entry cannot be read"))?;
        if entry.kind() != record.kind {
            return Err(damaged(index, "the entry is not of the kind that its record says"));
        }
        state.apply(at, &entry, record.body).map_err(|misfit| damaged(index, misfit.0))?;
        index += 1;
    }
    if let RecordsEnd::Damaged(what) = records.end() {
        return Err(damaged(index, what));
    }
    let readable = records.position();
    let (previous, group) = records.chain();
    if index == first_index {
        // No entries: the new file takes this one's name and its place in the chain.
        return Ok(Found {
            state,
            index,
            group,
            previous: header.previous,
            torn_bytes: (bytes.len() - readable) as u64,
        });
    }
    // A crash before the rename leaves the old file as it was; after it, the same entries on pages that were synced.
    replace(disk, path, &bytes[..readable]).map_err(LedgerError::io("rewrite", path))?;
    disk.sync_dir(dir).map_err(LedgerError::io("sync", dir))?;
    Ok(Found { state, index, group, previous, torn_bytes: (bytes.len() - readable) as u64 })
}

/// Reads a file's header and holds it against its name and its tree.
pub(crate) fn checked_header(bytes: &[u8], path: &Path, first_index: u64, tree: u8) -> Result<FileHeader, LedgerError> {
    let damaged = |what| LedgerError::Damaged { path: path.to_owned(), index: first_index, what };
    let header = FileHeader::decode(bytes).map_err(|error| match error {
        HeaderError::Newer(found) => LedgerError::NewerFormat { path: path.to_owned(), found, known: FORMAT },
        HeaderError::Malformed => damaged("the file header cannot be read"),
    })?;
    if header.tree != tree {
        return Err(damaged("the file belongs to the other ledger"));
    }
    if header.first_index != first_index {
        return Err(damaged("the file does not begin with the entry that its name says"));
    }
    Ok(header)
}

fn remove_temporary(disk: &dyn Disk, dir: &Path) -> Result<(), LedgerError> {
    for item in std::fs::read_dir(dir).map_err(LedgerError::io("list", dir))? {
        let path = item.map_err(LedgerError::io("list", dir))?.path();
        if path.extension().is_some_and(|e| e == "tmp") {
            disk.remove(&path).map_err(LedgerError::io("remove", &path))?;
        }
    }
    Ok(())
}

//! Records by their offset, read from the files beside the process that writes them, or where none runs. Writes nothing and waits for
//! nothing: what was trimmed, is damaged or is being written at this moment is not shown, and whoever reads has to do without it.

use std::ops::Range;
use std::path::{Path, PathBuf};

use weir_event::Offset;
use weir_keys::Keys;

use crate::disk::{Disk, DiskError, ReadOnlyDisk};
use crate::group::Group;
use crate::journal::JournalError;
use crate::recovery::parse_name;
use crate::segment::{Found, GROUP_ALIGN, HeaderError, JOURNAL, SegmentReader, read_header};

/// The segments of a journal, as they were when it was looked at.
#[derive(Debug)]
pub struct Beside {
    /// First offset and file, in order.
    segments: Vec<(u64, PathBuf)>,
}

impl Beside {
    /// Looks which segments there are in `dir`; none, where there is no such folder.
    pub fn open(dir: &Path) -> Result<Beside, JournalError> {
        let disk = ReadOnlyDisk;
        if !dir.is_dir() {
            return Ok(Beside { segments: Vec::new() });
        }
        let names = disk.list(dir).map_err(DiskError::at("list", dir))?;
        let mut segments: Vec<(u64, PathBuf)> =
            names.iter().filter_map(|name| Some((parse_name(name)?.1, dir.join(name)))).collect();
        segments.sort_unstable();
        Ok(Beside { segments })
    }

    /// The first offset that is still there; `None` where nothing is.
    pub fn floor(&self) -> Option<Offset> {
        self.segments.first().map(|(base, _)| Offset(*base))
    }

    /// Shows every group that holds one of these offsets, in order, and which of its records are meant.
    ///
    /// The names in a group are numbers of the process that wrote it: they are not to be read.
    pub fn each(
        &self,
        offsets: Range<Offset>,
        keys: &Keys,
        visit: &mut dyn FnMut(&Group, Range<u32>),
    ) -> Result<(), JournalError> {
        for (at, (base, path)) in self.segments.iter().enumerate() {
            let end = self.segments.get(at + 1).map_or(u64::MAX, |(next, _)| *next);
            if *base < offsets.end.0 && offsets.start.0 < end {
                self.segment(path, &offsets, keys, visit)?;
            }
        }
        Ok(())
    }

    fn segment(
        &self,
        path: &Path,
        offsets: &Range<Offset>,
        keys: &Keys,
        visit: &mut dyn FnMut(&Group, Range<u32>),
    ) -> Result<(), JournalError> {
        // Trimmed meanwhile, or used again for other offsets: then its frames do not read under the old id either.
        let Ok(file) = ReadOnlyDisk.open(path) else { return Ok(()) };
        let opened = match read_header(JOURNAL, keys, &*file, path) {
            Ok(opened) => opened,
            Err(HeaderError::OtherKeys) => return Err(JournalError::OtherKeys { path: path.to_owned() }),
            Err(HeaderError::Newer { found }) => return Err(JournalError::Newer { path: path.to_owned(), found }),
            Err(_) => return Ok(()),
        };
        let reader = SegmentReader { file: &*file, path, id: &opened.header.id, key: &opened.key };
        let (mut at, mut counter) = (opened.data_start, 0);
        loop {
            let frame = match reader.frame(at)? {
                Some(frame) => frame,
                None => match reader.search(at, counter)? {
                    Some((found, frame)) => {
                        at = found;
                        frame
                    }
                    None => return Ok(()),
                },
            };
            if frame.base >= offsets.end.0 {
                return Ok(());
            }
            let mut step = frame.stride();
            if frame.end() > offsets.start.0 {
                match reader.group(at)? {
                    Found::Group(frame, plain) => {
                        if let Ok(group) = Group::own(&frame, plain) {
                            let first = offsets.start.0.saturating_sub(group.base().0);
                            let last = offsets.end.0.min(group.end().0) - group.base().0;
                            // A group has fewer records than 32 bits can number.
                            visit(&group, first as u32..last as u32);
                        }
                    }
                    // Its length may be right or not: the next frame is looked for behind this one.
                    Found::Unreadable(_) | Found::Nothing => step = GROUP_ALIGN,
                }
            }
            (at, counter) = (at + step, frame.counter);
        }
    }
}

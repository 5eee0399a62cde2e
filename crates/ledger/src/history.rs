//! The entries of a ledger in their order, read from its log, also beside a Weir that writes it.

use std::ops::{ControlFlow, Range};
use std::path::Path;

use weir_event::Millis;

use crate::Kind;
use crate::entry::Entry;
use crate::error::LedgerError;
use crate::read::list;
use crate::record::{End, SNAPSHOT};
use crate::rows::Body;
use crate::state::read_names;
use crate::windowed::FileRecords;

/// A place in a log: so many entries lie before it. The chain of checksums runs through all of them, so that the last one's names
/// the log up to there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub struct Place {
    /// Entries before it.
    pub entries: u64,
    /// Checksum of the last of them, 0 where there is none.
    pub checksum: u32,
}

/// Shows each entry of the ledger in `dir`, oldest first: its index, its time, what it says, its body. No ledger: no entry.
///
/// Checksums and chain of the records are checked, tree and signatures are not (`verify`). An error means that what was recorded is not
/// known: an entry is missing or damaged.
pub fn each(dir: &Path, kind: Kind, visit: impl FnMut(u64, Millis, &Entry, &[u8])) -> Result<(), LedgerError> {
    from(dir, kind, 0, visit).map(drop)
}

/// [`each`] from an entry on; gives the index of the next entry that there will be. Only the files that hold such entries are read.
pub fn from(
    dir: &Path,
    kind: Kind,
    start: u64,
    mut visit: impl FnMut(u64, Millis, &Entry, &[u8]),
) -> Result<u64, LedgerError> {
    let every = |place: Place, at: Millis, entry: &Entry, body: &[u8]| {
        visit(place.entries, at, entry, body);
        ControlFlow::Continue(())
    };
    walk(dir, kind, start, |_| true, every).map(|place| place.entries)
}

/// [`each`] of these entries only. Only the files that hold them are read.
pub fn between(
    dir: &Path,
    kind: Kind,
    entries: Range<u64>,
    mut visit: impl FnMut(u64, Millis, &Entry, &[u8]),
) -> Result<(), LedgerError> {
    let within = |place: Place, at: Millis, entry: &Entry, body: &[u8]| {
        if place.entries >= entries.end {
            return ControlFlow::Break(());
        }
        visit(place.entries, at, entry, body);
        ControlFlow::Continue(())
    };
    walk(dir, kind, entries.start, |_| true, within).map(drop)
}

/// As [`each`], from a place on and as long as `visit` wants more; it is given the place before the entry. The place behind the last
/// entry that was shown, or `None` where the log does not come by `from`: it is shorter, or another one.
pub fn each_from(
    dir: &Path,
    kind: Kind,
    from: Place,
    visit: impl FnMut(Place, Millis, &Entry, &[u8]) -> ControlFlow<()>,
) -> Result<Option<Place>, LedgerError> {
    let mut is_other = false;
    let end = walk(
        dir,
        kind,
        from.entries,
        |place| {
            is_other = place.checksum != from.checksum;
            !is_other
        },
        visit,
    )?;
    let is_by = !is_other && (end.entries > from.entries || end == from);
    Ok(is_by.then_some(end))
}

/// Whether the log has given rows up that lie in files elsewhere: it does so from its first batch on.
pub fn is_thinned(dir: &Path) -> Result<bool, LedgerError> {
    Ok(given_up_from(dir, Place::default())?.flatten().is_some())
}

/// The first entry from a place on whose rows the log has given up. The outer `None`: the log does not come by the place.
pub fn given_up_from(dir: &Path, from: Place) -> Result<Option<Option<u64>>, LedgerError> {
    let mut given_up = None;
    let end = each_from(dir, Kind::Egress, from, |place, _, entry, body| {
        if !matches!(entry, Entry::Intent(_)) {
            return ControlFlow::Continue(());
        }
        // It gives rows up in the order of its entries: the first batch says it of all.
        given_up = matches!(Body::parse(body), Ok(Body::Thin(_))).then_some(place.entries);
        ControlFlow::Break(())
    })?;
    Ok(end.map(|_| given_up))
}

/// Walks the entries from `start` on, once `goes_on` likes the place before the first of them.
fn walk(
    dir: &Path,
    kind: Kind,
    start: u64,
    mut goes_on: impl FnMut(Place) -> bool,
    mut visit: impl FnMut(Place, Millis, &Entry, &[u8]) -> ControlFlow<()>,
) -> Result<Place, LedgerError> {
    let log = dir.join("log");
    let files = if log.is_dir() { list(&log)? } else { Vec::new() };
    // The file that holds the last entry before the start, whose checksum names the place; where none lies before it, the first.
    let passed = files.partition_point(|(first, _)| *first < start.max(1)).saturating_sub(1);
    // The first file of a log begins with its first entry; a later one says itself where it begins.
    let begin = if passed == 0 { 0 } else { files.get(passed).map_or(0, |(first, _)| *first) };
    let mut place = Place { entries: begin, checksum: 0 };
    for (first, path) in files.into_iter().skip(passed) {
        let damaged = |index, what| LedgerError::Damaged { path: path.clone(), index, what };
        if first != place.entries {
            return Err(damaged(place.entries, "entries are missing before this file"));
        }
        let mut records = FileRecords::open(&path, first, kind as u8)?;
        while let Some(record) = records.next()? {
            if record.kind == SNAPSHOT {
                continue;
            }
            if place.entries == start && !goes_on(place) {
                return Ok(place);
            }
            if place.entries >= start {
                let (at, entry) =
                    Entry::decode(record.leaf).map_err(|_| damaged(place.entries, "the entry cannot be read"))?;
                if visit(place, at, &entry, record.body).is_break() {
                    return Ok(place);
                }
            }
            place = Place { entries: place.entries + 1, checksum: records.checksum() };
        }
        // What is torn was never acknowledged, or is being written at this moment.
        if let End::Damaged(what) = records.end()? {
            return Err(damaged(place.entries, what));
        }
    }
    Ok(place)
}

/// The texts of a names entry's body, in order of their numbers.
pub fn names(body: &[u8], count: u32) -> Result<Vec<String>, LedgerError> {
    let texts = read_names(body, count).map_err(|_| LedgerError::Misuse("names of the ledger cannot be read"))?;
    Ok(texts.into_iter().map(|(_, text)| text).collect())
}

//! All rows of several sorted files and of the log's end, subject by subject, on every core.
//!
//! A subject's rows come together, whatever files they lie in, so that "of how many different people" is a counter and needs no set. The
//! subjects are cut into stretches that threads take one after the other; no subject is in two of them, so that what threads count adds up.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::RowsError;
use crate::file::{Column, Columns, PAGE_ROWS, RowsFile};

/// Rows of the largest file that one stretch of subjects has: a few megabytes of memory for each file and thread.
const CHUNK_PAGES: usize = 16;

/// Where rows lie, sorted by subject.
#[derive(Clone, Copy)]
pub enum Run<'r> {
    /// In a file.
    File(&'r RowsFile),
    /// In memory.
    Memory(&'r Columns),
}

/// Who is shown the rows.
pub trait Visitor {
    /// Of rows of these batches, what is to be remembered beside each ([`Columns::marks`]); 0: it is not to be shown.
    fn mark(&mut self, batches: &[i64], marks: &mut [u16]);
    /// A subject begins; 0 is nobody, whose rows are not one person's.
    fn subject(&mut self, subject: u64);
    /// Rows of that subject.
    fn rows(&mut self, rows: &Columns, range: Range<usize>);
}

/// Shows all rows with these columns, `Subject` and `Batch` among them, to as many visitors as there are threads; each subject to one of
/// them only.
pub fn scan<V: Visitor + Send>(
    runs: &[Run<'_>],
    columns: &[Column],
    threads: usize,
    visitor: impl Fn() -> V + Sync,
) -> Result<Vec<V>, RowsError> {
    let chunks = chunks(runs)?;
    let next = AtomicUsize::new(0);
    let work = || -> Result<V, RowsError> {
        let mut visitor = visitor();
        let taken = std::iter::from_fn(|| chunks.get(next.fetch_add(1, Ordering::Relaxed)).copied());
        walk(runs, columns, taken, &mut visitor)?;
        Ok(visitor)
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (1..threads.clamp(1, chunks.len().max(1))).map(|_| scope.spawn(work)).collect();
        let mut visitors = vec![work()?];
        for thread in threads {
            match thread.join() {
                Ok(visitor) => visitors.push(visitor?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok(visitors)
    })
}

/// As [`scan`], with a visitor for each stretch of subjects: for tests, which are not to depend on how many threads there are and how fast.
#[doc(hidden)]
pub fn scan_apart<V: Visitor>(
    runs: &[Run<'_>],
    columns: &[Column],
    visitor: impl Fn() -> V,
) -> Result<Vec<V>, RowsError> {
    let of = |chunk| {
        let mut visitor = visitor();
        walk(runs, columns, std::iter::once(chunk), &mut visitor).map(|()| visitor)
    };
    chunks(runs)?.into_iter().map(of).collect()
}

/// Shows all rows to one visitor.
pub fn scan_on_one<V: Visitor>(runs: &[Run<'_>], columns: &[Column], visitor: &mut V) -> Result<(), RowsError> {
    walk(runs, columns, chunks(runs)?.into_iter(), visitor)
}

fn walk<V: Visitor>(
    runs: &[Run<'_>],
    columns: &[Column],
    chunks: impl Iterator<Item = (u64, u64)>,
    visitor: &mut V,
) -> Result<(), RowsError> {
    let mut room = Room { page: Columns::default(), buffers: runs.iter().map(|_| Columns::default()).collect() };
    for (first, last) in chunks {
        if first == last {
            one(runs, columns, first, &mut room, visitor)?;
        } else {
            many(runs, columns, first, last, &mut room, visitor)?;
        }
    }
    Ok(())
}

/// Stretches of subjects, both ends included. One that has pages of its own is a stretch of its own.
fn chunks(runs: &[Run<'_>]) -> Result<Vec<(u64, u64)>, RowsError> {
    let largest = runs.iter().filter_map(|run| match run {
        Run::File(file) => Some(file),
        Run::Memory(_) => None,
    });
    let bounds = match largest.max_by_key(|file| file.rows()) {
        Some(file) => file.bounds()?,
        None => Vec::new(),
    };
    let (mut chunks, mut from, mut pages) = (Vec::new(), 0, 0);
    for same in bounds.chunk_by(|a, b| a == b) {
        let end = same[0];
        pages += 1;
        let is_heavy = same.len() > 1 && end >= from;
        if is_heavy && end > from {
            chunks.push((from, end - 1));
            from = end;
        }
        if (is_heavy || pages >= CHUNK_PAGES) && end >= from && end < u64::MAX {
            chunks.push((from, end));
            (from, pages) = (end + 1, 0);
        }
    }
    chunks.push((from, u64::MAX));
    Ok(chunks)
}

/// Memory for rows, used again and again: a page of a file, and of each run what is looked at together.
struct Room {
    page: Columns,
    buffers: Vec<Columns>,
}

/// The rows of one subject, however many they are.
fn one<V: Visitor>(
    runs: &[Run<'_>],
    columns: &[Column],
    subject: u64,
    room: &mut Room,
    visitor: &mut V,
) -> Result<(), RowsError> {
    let mut begun = false;
    let mut show = |rows: &Columns, visitor: &mut V| {
        let range = rows.between(subject, subject);
        if !range.is_empty() {
            if !begun {
                visitor.subject(subject);
                begun = true;
            }
            visitor.rows(rows, range);
        }
    };
    for (run, buffer) in runs.iter().zip(&mut room.buffers) {
        match run {
            Run::Memory(rows) => {
                remembered(rows, subject, subject, buffer, visitor);
                show(buffer, visitor);
            }
            Run::File(file) => {
                let found = file.find(subject, subject)?.into_iter();
                for part in found.flat_map(|found| found.parts(CHUNK_PAGES * PAGE_ROWS)) {
                    buffer.clear();
                    file.read_marked(
                        &part,
                        columns,
                        |batches, marks| visitor.mark(batches, marks),
                        &mut room.page,
                        buffer,
                    )?;
                    show(buffer, visitor);
                }
            }
        }
    }
    Ok(())
}

/// Rows that are in memory, of subjects from `first` to `last`.
fn remembered<V: Visitor>(rows: &Columns, first: u64, last: u64, buffer: &mut Columns, visitor: &mut V) {
    buffer.clear();
    buffer.extend(rows, rows.between(first, last));
    buffer.retain(|batches, marks| visitor.mark(batches, marks));
}

/// The rows of many subjects, each of few rows.
fn many<V: Visitor>(
    runs: &[Run<'_>],
    columns: &[Column],
    first: u64,
    last: u64,
    room: &mut Room,
    visitor: &mut V,
) -> Result<(), RowsError> {
    for (run, buffer) in runs.iter().zip(&mut room.buffers) {
        match run {
            Run::Memory(rows) => remembered(rows, first, last, buffer, visitor),
            Run::File(file) => {
                buffer.clear();
                for stretch in file.find(first, last)? {
                    file.read_marked(
                        &stretch,
                        columns,
                        |batches, marks| visitor.mark(batches, marks),
                        &mut room.page,
                        buffer,
                    )?;
                }
            }
        }
    }
    // Of each run what is left: the next row, the end, and the rows.
    let mut ways: Vec<(usize, usize, &Columns)> = room
        .buffers
        .iter()
        .map(|rows| (rows.between(first, last), rows))
        .filter(|(range, _)| !range.is_empty())
        .map(|(range, rows)| (range.start, range.end, rows))
        .collect();
    while let Some(subject) = ways.iter().map(|(at, _, rows)| rows.subjects()[*at].cast_unsigned()).min() {
        visitor.subject(subject);
        let same = subject.cast_signed();
        ways.retain_mut(|(at, end, rows)| {
            let begin = *at;
            let subjects = &rows.subjects()[..*end];
            while subjects.get(*at) == Some(&same) {
                *at += 1;
            }
            if *at > begin {
                visitor.rows(rows, begin..*at);
            }
            *at < *end
        });
    }
    Ok(())
}

//! All rows of several sorted files and of the log's end, subject by subject, on every core.
//!
//! A subject's rows come together, whatever files they lie in, so that "of how many different people" is a counter and needs no set. The
//! subjects are cut into stretches that threads take one after the other; no subject is in two of them, so that what threads count adds up.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::columns::{Column, Columns};
use crate::error::RowsError;
use crate::file::{Pages, RowsFile, Stretch};

/// Pages of the largest file that one stretch of subjects has: a megabyte or two of each file and thread is read at a time.
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
    let mut ways: Vec<Way<'_>> = runs.iter().map(|run| Way::new(*run)).collect();
    for within in chunks {
        for way in &mut ways {
            way.begin(within)?;
            way.fill(columns, visitor)?;
        }
        while let Some(subject) = ways.iter().filter_map(|way| way.subject).min() {
            visitor.subject(subject);
            for way in &mut ways {
                while way.subject == Some(subject) {
                    let range = way.take(subject);
                    visitor.rows(&way.page, range);
                    way.fill(columns, visitor)?;
                }
            }
        }
    }
    Ok(())
}

/// A run's rows of a stretch of subjects. Only a page of it is decoded at a time, so that it stays in the processor's nearest memory.
struct Way<'r> {
    run: Run<'r>,
    /// The stretch, both ends included.
    within: (u64, u64),
    /// What was not begun of a file or of memory; and what was.
    stretches: std::vec::IntoIter<Stretch>,
    memory: Range<usize>,
    pages: Option<Pages<'r>>,
    page: Columns,
    /// Rows of the page that were not shown, and the subject of the first of them.
    left: Range<usize>,
    subject: Option<u64>,
}

impl<'r> Way<'r> {
    fn new(run: Run<'r>) -> Way<'r> {
        let (stretches, page) = (Vec::new().into_iter(), Columns::default());
        Way { run, within: (0, 0), stretches, memory: 0..0, pages: None, page, left: 0..0, subject: None }
    }

    /// Goes to another stretch.
    fn begin(&mut self, within: (u64, u64)) -> Result<(), RowsError> {
        self.within = within;
        match self.run {
            Run::File(file) => self.stretches = file.find(within.0, within.1)?.into_iter(),
            Run::Memory(rows) => self.memory = rows.between(within.0, within.1),
        }
        Ok(())
    }

    /// Sees to it that there are rows, if any are left.
    #[inline]
    fn fill<V: Visitor>(&mut self, columns: &[Column], visitor: &mut V) -> Result<(), RowsError> {
        while self.left.is_empty() && self.next(columns)? {
            self.page.retain(|batches, marks| visitor.mark(batches, marks));
            self.left = self.page.between(self.within.0, self.within.1);
        }
        let next = self.page.subjects().get(self.left.start).filter(|_| !self.left.is_empty());
        self.subject = next.map(|subject| subject.cast_unsigned());
        Ok(())
    }

    /// Reads the next page.
    fn next(&mut self, columns: &[Column]) -> Result<bool, RowsError> {
        let file = match self.run {
            Run::File(file) => file,
            Run::Memory(rows) => {
                self.page.clear();
                let range = std::mem::take(&mut self.memory);
                self.page.extend(rows, range.clone());
                return Ok(!range.is_empty());
            }
        };
        loop {
            if let Some(pages) = &mut self.pages
                && pages.next(&mut self.page)?
            {
                return Ok(true);
            }
            self.pages = match self.stretches.next() {
                Some(stretch) => Some(file.by_page(&stretch, columns)?),
                None => None,
            };
            if self.pages.is_none() {
                return Ok(false);
            }
        }
    }

    /// The next rows, which are the subject's.
    #[inline]
    fn take(&mut self, subject: u64) -> Range<usize> {
        let (begin, same) = (self.left.start, subject.cast_signed());
        let rows = self.page.subjects().get(self.left.clone()).unwrap_or_default();
        self.left.start += rows.iter().take_while(|of| **of == same).count();
        begin..self.left.start
    }
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

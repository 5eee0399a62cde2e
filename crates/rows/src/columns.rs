//! Rows by column, as they are read from a file ([`mod@crate::file`]) and written to one.

use crate::row::LedgerRow;

/// A column, by its place in the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
#[expect(missing_docs, reason = "the names are those of the row")]
pub enum Column {
    Subject = 0,
    Time = 1,
    Batch = 2,
    Index = 3,
    Organisation = 4,
    Event = 5,
    FieldSet = 6,
    Slice = 7,
    Epoch = 8,
    /// Only in sums of a month.
    More = 9,
}

pub(crate) const ALL: [Column; 10] = [
    Column::Subject,
    Column::Time,
    Column::Batch,
    Column::Index,
    Column::Organisation,
    Column::Event,
    Column::FieldSet,
    Column::Slice,
    Column::Epoch,
    Column::More,
];

const WIDE: usize = 3;
const NARROW: usize = 7;

impl Column {
    /// The place among the columns of 8 bytes (`Ok`) or of 4 (`Err`).
    pub(crate) const fn slot(self) -> Result<usize, usize> {
        match self {
            Column::Subject => Ok(0),
            Column::Batch => Ok(1),
            Column::Organisation => Ok(2),
            Column::Time => Err(0),
            Column::Index => Err(1),
            Column::Event => Err(2),
            Column::FieldSet => Err(3),
            Column::Slice => Err(4),
            Column::Epoch => Err(5),
            Column::More => Err(6),
        }
    }
}

/// Rows by column. Columns that were not asked for are empty. Numbers are unsigned; Parquet's readers hand them out as signed.
#[derive(Clone, Default, Debug)]
pub struct Columns {
    pub(crate) wide: [Vec<i64>; WIDE],
    pub(crate) narrow: [Vec<i32>; NARROW],
    /// See [`Columns::retain`].
    marks: Vec<u16>,
    kept: Vec<u32>,
}

impl Columns {
    /// Rows.
    #[inline]
    pub fn len(&self) -> usize {
        self.wide[0].len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes all rows out, and keeps the memory.
    pub fn clear(&mut self) {
        self.wide.iter_mut().for_each(Vec::clear);
        self.narrow.iter_mut().for_each(Vec::clear);
        self.marks.clear();
    }

    /// The subjects, in ascending unsigned order within one file.
    #[inline]
    pub fn subjects(&self) -> &[i64] {
        &self.wide[0]
    }

    /// Where the rows of subjects from `first` to `last`, both included, lie; rows must be sorted.
    pub fn between(&self, first: u64, last: u64) -> std::ops::Range<usize> {
        let subjects = self.subjects();
        let from = subjects.partition_point(|s| s.cast_unsigned() < first);
        from..subjects.partition_point(|s| s.cast_unsigned() <= last)
    }

    /// The batches.
    #[inline]
    pub fn batches(&self) -> &[i64] {
        &self.wide[1]
    }

    /// The organisations.
    #[inline]
    pub fn organisations(&self) -> &[i64] {
        &self.wide[2]
    }

    /// A column of four bytes.
    #[inline]
    pub fn narrow(&self, column: Column) -> &[i32] {
        match column.slot() {
            Err(slot) => &self.narrow[slot],
            Ok(_) => &[],
        }
    }

    /// What `retain` was told of each row's batch.
    #[inline]
    pub fn marks(&self) -> &[u16] {
        &self.marks
    }

    /// Has each row marked by its batch, and keeps the rows whose mark is not 0, in their order.
    pub(crate) fn retain(&mut self, mark: impl FnOnce(&[i64], &mut [u16])) {
        let batches = &self.wide[1];
        self.kept.resize(batches.len(), 0);
        self.marks.resize(batches.len(), 0);
        mark(batches, &mut self.marks);
        let mut count = 0;
        // Half of the rows of a month may lie outside of a window, at random: writing each down costs less than guessing which.
        for (at, mark) in (0..).zip(&self.marks) {
            self.kept[count] = at;
            count += usize::from(*mark != 0);
        }
        let kept = &self.kept[..count];
        keep(&mut self.marks, kept);
        self.wide.iter_mut().for_each(|column| keep(column, kept));
        self.narrow.iter_mut().for_each(|column| keep(column, kept));
    }

    /// Appends rows of another.
    pub(crate) fn extend(&mut self, from: &Columns, range: std::ops::Range<usize>) {
        for (to, from) in self.wide.iter_mut().zip(&from.wide) {
            to.extend_from_slice(from.get(range.clone()).unwrap_or_default());
        }
        for (to, from) in self.narrow.iter_mut().zip(&from.narrow) {
            to.extend_from_slice(from.get(range.clone()).unwrap_or_default());
        }
    }

    /// Appends a row to the columns that are kept.
    pub fn push(&mut self, row: &LedgerRow) {
        let [subject, batch, organisation] = &mut self.wide;
        subject.push(row.subject.cast_signed());
        batch.push(row.batch.cast_signed());
        organisation.push(row.organisation.cast_signed());
        let narrow = [row.time, u32::from(row.index), row.event, row.field_set, row.slice, row.epoch, row.more];
        for (column, value) in self.narrow.iter_mut().zip(narrow) {
            column.push(value.cast_signed());
        }
    }

    /// Events that a row stands for.
    #[inline]
    pub fn events(&self, at: usize) -> u64 {
        1 + u64::from(self.more(at))
    }

    #[inline]
    fn more(&self, at: usize) -> u32 {
        self.narrow(Column::More).get(at).map_or(0, |more| more.cast_unsigned())
    }

    /// A row; all columns of its file must be there.
    pub fn row(&self, at: usize) -> LedgerRow {
        let [subject, batch, organisation] = &self.wide;
        let [time, index, event, field_set, slice, epoch, _] = &self.narrow;
        LedgerRow {
            subject: subject[at].cast_unsigned(),
            time: time[at].cast_unsigned(),
            batch: batch[at].cast_unsigned(),
            index: index[at] as u16,
            organisation: organisation[at].cast_unsigned(),
            event: event[at].cast_unsigned(),
            field_set: field_set[at].cast_unsigned(),
            slice: slice[at].cast_unsigned(),
            epoch: epoch[at].cast_unsigned(),
            more: self.more(at),
        }
    }
}

/// Keeps these places of a column, if it is there; they ascend.
fn keep<T: Copy>(column: &mut Vec<T>, kept: &[u32]) {
    if !column.is_empty() {
        for (to, at) in kept.iter().enumerate() {
            column[to] = column[*at as usize];
        }
        column.truncate(kept.len());
    }
}

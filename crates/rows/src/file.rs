//! A file of rows: Parquet, sorted by (subject, time), so that one subject lies together and a distinct count needs no table.
//!
//! # Columns
//! `subject`, `batch`, `organisation` are UINT_64, `time` (seconds since 1970, UTC), `event`, `field_set`, `slice`, `epoch` UINT_32, `index`
//! UINT_16; all required. Numbers that hardly repeat beside each other are DELTA_BINARY_PACKED, the others have dictionaries. Nothing is
//! compressed beyond that: it gained 4 % and cost half of the speed. Row groups of 524,288 rows, pages of 8,192, statistics and the page
//! index for `subject`, so that any engine finds one subject by them as we do (storage.md: no bloom filter is needed in sorted files, and
//! distinct counts over 8-byte integers are not the trap that those over fixed-size binary are). Beside each file lie its checksums
//! ([`crate::sums`]). A file of sums of a month ([`crate::months`]) has a column more, `more`, UINT_32.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, Type};
use parquet::column::page::PageReader;
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::{Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader, SortingColumn};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::page_index::index_reader::{decode_column_index, decode_offset_index};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::file::statistics::Statistics;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::{ColumnPath, TypePtr};

use crate::columns::{ALL, Column, Columns};
use crate::error::RowsError;
use crate::row::LedgerRow;
use crate::sums::{Summing, Sums};

/// Rows of a row group.
pub const GROUP_ROWS: usize = 512 * 1024;
/// Rows of a page, the same rows in every column.
pub const PAGE_ROWS: usize = 8 * 1024;

const SCHEMA: &str = "message weir_ledger_rows {
    REQUIRED INT64 subject (INTEGER(64,false));
    REQUIRED INT32 time (INTEGER(32,false));
    REQUIRED INT64 batch (INTEGER(64,false));
    REQUIRED INT32 index (INTEGER(16,false));
    REQUIRED INT64 organisation (INTEGER(64,false));
    REQUIRED INT32 event (INTEGER(32,false));
    REQUIRED INT32 field_set (INTEGER(32,false));
    REQUIRED INT32 slice (INTEGER(32,false));
    REQUIRED INT32 epoch (INTEGER(32,false));
}";
const SCHEMA_OF_MONTHS: &str = "message weir_ledger_months {
    REQUIRED INT64 subject (INTEGER(64,false));
    REQUIRED INT32 time (INTEGER(32,false));
    REQUIRED INT64 batch (INTEGER(64,false));
    REQUIRED INT32 index (INTEGER(16,false));
    REQUIRED INT64 organisation (INTEGER(64,false));
    REQUIRED INT32 event (INTEGER(32,false));
    REQUIRED INT32 field_set (INTEGER(32,false));
    REQUIRED INT32 slice (INTEGER(32,false));
    REQUIRED INT32 epoch (INTEGER(32,false));
    REQUIRED INT32 more (INTEGER(32,false));
}";

/// What a row of a file stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// One event.
    Rows,
    /// All events of a month that differ in nothing but their time ([`crate::months`]).
    Months,
}

impl Form {
    /// The columns of such a file.
    pub fn columns(self) -> &'static [Column] {
        match self {
            Form::Rows => &ALL[..Column::More as usize],
            Form::Months => &ALL,
        }
    }

    fn schema(self) -> Result<TypePtr, ParquetError> {
        static PARSED: [OnceLock<TypePtr>; 2] = [const { OnceLock::new() }; 2];
        let (place, text) = match self {
            Form::Rows => (&PARSED[0], SCHEMA),
            Form::Months => (&PARSED[1], SCHEMA_OF_MONTHS),
        };
        match place.get() {
            Some(schema) => Ok(Arc::clone(schema)),
            None => {
                let schema = Arc::new(parse_message_type(text)?);
                Ok(Arc::clone(place.get_or_init(|| schema)))
            }
        }
    }
}

fn properties() -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_created_by("weir".to_owned())
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_compression(Compression::UNCOMPRESSED)
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_write_batch_size(PAGE_ROWS)
        .set_data_page_size_limit(1024 * 1024)
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_sorting_columns(Some(
            [0, 1].map(|column_idx| SortingColumn { column_idx, descending: false, nulls_first: false }).to_vec(),
        ))
        .set_column_statistics_enabled(ColumnPath::from("subject"), EnabledStatistics::Page);
    for column in ["subject", "time", "batch", "index"] {
        properties = properties
            .set_column_dictionary_enabled(ColumnPath::from(column), false)
            .set_column_encoding(ColumnPath::from(column), Encoding::DELTA_BINARY_PACKED);
    }
    properties.build()
}

/// Where a file's checksums lie.
pub(crate) fn sums_of(path: &Path) -> PathBuf {
    path.with_extension("sums")
}

/// What was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Written {
    /// Rows.
    pub rows: u64,
    /// Bytes of the file and its checksums.
    pub bytes: u64,
    /// The first and the last time, seconds UTC.
    pub span: (u32, u32),
}

/// Writes sorted rows to a new file and makes them durable; the folder still has to be synced.
pub fn write(
    path: &Path,
    form: Form,
    rows: impl Iterator<Item = Result<LedgerRow, RowsError>>,
) -> Result<Written, RowsError> {
    let broken = RowsError::parquet(path);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let file = options.open(path).map_err(RowsError::io("create", path))?;
    let sink = Summing::new(io::BufWriter::with_capacity(256 * 1024, file));
    let writer = form.schema().and_then(|schema| SerializedFileWriter::new(sink, schema, Arc::new(properties())));
    let mut writer = writer.map_err(&broken)?;
    let (mut columns, mut count, mut span) = (Columns::default(), 0_u64, (u32::MAX, 0));
    for row in rows {
        let row = row?;
        columns.push(&row);
        count += 1;
        span = (span.0.min(row.time), span.1.max(row.time));
        if columns.len() == GROUP_ROWS {
            write_group(&mut writer, form, &columns).map_err(&broken)?;
            columns.clear();
        }
    }
    if !columns.is_empty() {
        write_group(&mut writer, form, &columns).map_err(&broken)?;
    }
    let (sink, sums) = writer.into_inner().map_err(&broken)?.into_parts();
    let file = sink.into_inner().map_err(|error| RowsError::io("write", path)(error.into_error()))?;
    // A crash before this leaves a file that no list names.
    file.sync_data().map_err(RowsError::io("sync", path))?;
    let bytes = sums.encode();
    crate::facts::write(&sums_of(path), &bytes)?;
    Ok(Written { rows: count, bytes: sums.file_len() + bytes.len() as u64, span })
}

fn write_group<W: io::Write + Send>(
    writer: &mut SerializedFileWriter<W>,
    form: Form,
    columns: &Columns,
) -> Result<(), ParquetError> {
    let mut group = writer.next_row_group()?;
    for column in form.columns() {
        let Some(mut out) = group.next_column()? else { break };
        match column.slot() {
            Ok(slot) => out.typed::<Int64Type>().write_batch(&columns.wide[slot], None, None)?,
            Err(slot) => out.typed::<Int32Type>().write_batch(&columns.narrow[slot], None, None)?,
        };
        out.close()?;
    }
    group.close().map(drop)
}

/// Bytes of a file, read by position: threads that share it do not move each other's place.
struct ByPosition {
    file: File,
    sums: Sums,
}

impl Length for ByPosition {
    fn len(&self) -> u64 {
        self.sums.file_len()
    }
}

impl ChunkReader for ByPosition {
    type T = io::Cursor<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        let length = self.len().saturating_sub(start).min(1024 * 1024) as usize;
        Ok(io::Cursor::new(self.get_bytes(start, length)?))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        Ok(self.sums.read(&self.file, start, length)?)
    }
}

/// Part of a file in memory, under the positions that it has in the file.
struct Part {
    start: u64,
    bytes: Bytes,
    /// The dictionary, which lies before the data.
    dictionary: (u64, Bytes),
}

impl Length for Part {
    fn len(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

impl ChunkReader for Part {
    type T = io::Cursor<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        let length = self.len().saturating_sub(start) as usize;
        Ok(io::Cursor::new(self.get_bytes(start, length)?))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let (from, bytes) =
            if start >= self.start { (self.start, &self.bytes) } else { (self.dictionary.0, &self.dictionary.1) };
        let at = start.checked_sub(from).and_then(|at| usize::try_from(at).ok());
        let end = at.and_then(|at| at.checked_add(length)).filter(|end| *end <= bytes.len());
        match at.zip(end) {
            Some((at, end)) => Ok(bytes.slice(at..end)),
            None => Err(ParquetError::EOF("a page lies outside of its column".to_owned())),
        }
    }
}

/// A row group: which subjects lie in it.
#[derive(Clone, Copy, Debug)]
struct Group {
    rows: usize,
    first: u64,
    last: u64,
}

/// What a row group says of its subjects: the first and the last, and the last of each page.
pub(crate) struct Index {
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) pages: Vec<u64>,
}

/// A file of rows, open.
pub struct RowsFile {
    path: PathBuf,
    form: Form,
    reader: ByPosition,
    metadata: ParquetMetaData,
    groups: Vec<Group>,
    rows: u64,
}

impl std::fmt::Debug for RowsFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowsFile").field("path", &self.path).field("rows", &self.rows).finish_non_exhaustive()
    }
}

/// Rows of one group, by their places in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stretch {
    /// The row group.
    pub group: usize,
    /// The rows.
    pub rows: std::ops::Range<usize>,
}

impl Stretch {
    /// In parts of so many rows at most.
    pub fn parts(self, rows_max: usize) -> impl Iterator<Item = Stretch> {
        let Stretch { group, rows } = self;
        let end = rows.end;
        rows.step_by(rows_max).map(move |from| Stretch { group, rows: from..(from + rows_max).min(end) })
    }
}

impl RowsFile {
    /// Opens a file and reads what it says of itself.
    pub fn open(path: &Path) -> Result<RowsFile, RowsError> {
        let file = File::open(path).map_err(RowsError::io("open", path))?;
        let of = sums_of(path);
        let sums = std::fs::read(&of).map_err(RowsError::io("read", &of))?;
        let sums = Sums::decode(&sums).map_err(|what| RowsError::Damaged { path: path.to_owned(), what })?;
        let reader = ByPosition { file, sums };
        let broken = RowsError::parquet(path);
        let metadata = ParquetMetaDataReader::new().parse_and_finish(&reader).map_err(&broken)?;
        let wrong = |what: &str| broken(ParquetError::General(what.to_owned()));
        let found = metadata.file_metadata().schema();
        let form = match [Form::Rows, Form::Months].map(|form| form.schema().map(|of| of.as_ref() == found)) {
            [Ok(true), _] => Form::Rows,
            [_, Ok(true)] => Form::Months,
            _ => return Err(wrong("its columns are others")),
        };
        let mut groups = Vec::with_capacity(metadata.num_row_groups());
        for group in metadata.row_groups() {
            let Some(Statistics::Int64(subjects)) = group.column(0).statistics() else {
                return Err(wrong("a row group does not say which subjects it holds"));
            };
            let (Some(first), Some(last)) = (subjects.min_opt(), subjects.max_opt()) else {
                return Err(wrong("a row group does not say which subjects it holds"));
            };
            let rows = usize::try_from(group.num_rows()).map_err(|_| wrong("a row group has no rows"))?;
            if rows > GROUP_ROWS {
                return Err(wrong("a row group is too large"));
            }
            groups.push(Group { rows, first: first.cast_unsigned(), last: last.cast_unsigned() });
        }
        let rows = groups.iter().map(|group| group.rows as u64).sum();
        Ok(RowsFile { path: path.to_owned(), form, reader, metadata, groups, rows })
    }

    /// What its rows stand for.
    pub fn form(&self) -> Form {
        self.form
    }

    /// Rows.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// By what subjects are found in a row group.
    pub(crate) fn index(&self, group: usize) -> Result<Index, RowsError> {
        let (first, last) = self.groups.get(group).map_or((0, 0), |group| (group.first, group.last));
        Ok(Index { first, last, pages: self.pages(group)? })
    }

    /// Subjects at which the file may be cut: the last ones of its row groups' pages, in order.
    pub fn bounds(&self) -> Result<Vec<u64>, RowsError> {
        let mut bounds = Vec::new();
        for group in 0..self.groups.len() {
            bounds.extend(self.pages(group)?);
        }
        Ok(bounds)
    }

    /// The last subject of each page of a row group.
    fn pages(&self, group: usize) -> Result<Vec<u64>, RowsError> {
        let broken = RowsError::parquet(&self.path);
        let wrong = || broken(ParquetError::General("a row group has no page index".to_owned()));
        let range = self.metadata.row_group(group).column(0).column_index_range().ok_or_else(wrong)?;
        let bytes = self.range(range).map_err(&broken)?;
        match decode_column_index(&bytes, Type::INT64).map_err(&broken)? {
            ColumnIndexMetaData::INT64(index) => {
                Ok(index.max_values().iter().map(|subject| subject.cast_unsigned()).collect())
            }
            _ => Err(wrong()),
        }
    }

    /// Reads all of it and holds it against its checksums.
    pub(crate) fn check(&self, tick: &mut dyn FnMut()) -> Result<(), RowsError> {
        const PIECE: u64 = 1024 * 1024;
        let mut at = 0;
        while at < self.reader.len() {
            let end = (at + PIECE).min(self.reader.len());
            self.range(at..end).map_err(RowsError::parquet(&self.path))?;
            at = end;
            tick();
        }
        Ok(())
    }

    fn range(&self, range: std::ops::Range<u64>) -> Result<Bytes, ParquetError> {
        let length = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX);
        self.reader.get_bytes(range.start, length)
    }

    /// Pages that may hold subjects from `first` to `last`, both included.
    pub fn find(&self, first: u64, last: u64) -> Result<Vec<Stretch>, RowsError> {
        let mut found = Vec::new();
        for (at, group) in self.groups.iter().enumerate() {
            if group.last < first || last < group.first {
                continue;
            }
            if first <= group.first && group.last <= last {
                found.push(Stretch { group: at, rows: 0..group.rows });
                continue;
            }
            let pages = self.pages(at)?;
            // A page whose last subject is before `first` holds none of them; nor does one behind a page that ends after `last`.
            let from = pages.partition_point(|end| *end < first);
            let to = (pages.partition_point(|end| *end <= last) + 1).min(pages.len());
            if from < to {
                found.push(Stretch { group: at, rows: from * PAGE_ROWS..(to * PAGE_ROWS).min(group.rows) });
            }
        }
        Ok(found)
    }

    /// All rows, stretch by stretch.
    pub fn stretches(&self) -> Vec<Stretch> {
        self.groups.iter().enumerate().map(|(group, g)| Stretch { group, rows: 0..g.rows }).collect()
    }

    /// Appends those of these columns that it has, of a stretch.
    pub fn read(&self, stretch: &Stretch, columns: &[Column], out: &mut Columns) -> Result<(), RowsError> {
        let mut read = || -> Result<(), ParquetError> {
            for column in self.known(columns) {
                self.column(stretch, column)?.read(stretch.rows.len(), out)?;
            }
            Ok(())
        };
        read().map_err(RowsError::parquet(&self.path))
    }

    /// These columns of a stretch, page by page.
    pub(crate) fn by_page(&self, stretch: &Stretch, columns: &[Column]) -> Result<Pages<'_>, RowsError> {
        let columns = self.known(columns).map(|column| self.column(stretch, column)).collect::<Result<_, _>>();
        Ok(Pages { file: self, columns: columns.map_err(RowsError::parquet(&self.path))?, left: stretch.rows.len() })
    }

    /// Those of these columns that it has.
    fn known(&self, columns: &[Column]) -> impl Iterator<Item = Column> {
        let known = self.form.columns();
        columns.iter().filter(|column| known.contains(column)).copied()
    }

    /// A column, from where a stretch begins up to its end.
    fn column(&self, stretch: &Stretch, column: Column) -> Result<ColumnRows, ParquetError> {
        let wrong = |what: &str| ParquetError::General(what.to_owned());
        let group = self.metadata.row_group(stretch.group);
        let chunk = group.column(column as usize);
        let index = chunk.offset_index_range().ok_or_else(|| wrong("a column has no page index"))?;
        let all = decode_offset_index(&self.range(index)?)?.page_locations;
        let from = all.partition_point(|page| page.first_row_index as usize <= stretch.rows.start).saturating_sub(1);
        let to = all.partition_point(|page| (page.first_row_index as usize) < stretch.rows.end);
        let (Some(start), Some(first), Some(last)) =
            (all.first(), all.get(from), to.checked_sub(1).and_then(|at| all.get(at)))
        else {
            return Err(wrong("a column has fewer pages than rows"));
        };
        let (start, first) = (start.offset.cast_unsigned(), first.offset.cast_unsigned());
        let end = last.offset.cast_unsigned() + u64::from(last.compressed_page_size.cast_unsigned());
        let begin = chunk.byte_range().0;
        let dictionary = (begin, self.range(begin..start)?);
        let part = Arc::new(Part { start: first, bytes: self.range(first..end)?, dictionary });
        let pages = Box::new(SerializedPageReader::new(part, chunk, group.num_rows() as usize, Some(all))?);
        let (descriptor, skip) = (chunk.column_descr_ptr(), stretch.rows.start);
        Ok(match column.slot() {
            Ok(slot) => {
                let mut reader = ColumnReaderImpl::new(descriptor, pages as Box<dyn PageReader>);
                reader.skip_records(skip)?;
                ColumnRows::Wide(slot, reader)
            }
            Err(slot) => {
                let mut reader = ColumnReaderImpl::new(descriptor, pages as Box<dyn PageReader>);
                reader.skip_records(skip)?;
                ColumnRows::Narrow(slot, reader)
            }
        })
    }
}

/// What is left to read of a stretch.
pub(crate) struct Pages<'f> {
    file: &'f RowsFile,
    columns: Vec<ColumnRows>,
    left: usize,
}

impl Pages<'_> {
    /// The next page's rows instead of those that are there; `false` where there is none.
    pub(crate) fn next(&mut self, page: &mut Columns) -> Result<bool, RowsError> {
        page.clear();
        let rows = self.left.min(PAGE_ROWS);
        for column in &mut self.columns {
            column.read(rows, page).map_err(RowsError::parquet(&self.file.path))?;
        }
        self.left -= rows;
        Ok(rows > 0)
    }
}

/// What is left to read of a column, and its place in [`Columns`].
enum ColumnRows {
    Wide(usize, ColumnReaderImpl<Int64Type>),
    Narrow(usize, ColumnReaderImpl<Int32Type>),
}

impl ColumnRows {
    /// Appends the next rows, just so many.
    fn read(&mut self, rows: usize, out: &mut Columns) -> Result<(), ParquetError> {
        let read = match self {
            ColumnRows::Wide(slot, reader) => reader.read_records(rows, None, None, &mut out.wide[*slot])?,
            ColumnRows::Narrow(slot, reader) => reader.read_records(rows, None, None, &mut out.narrow[*slot])?,
        };
        if read.0 == rows {
            Ok(())
        } else {
            Err(ParquetError::General("a column has fewer rows than its file says".to_owned()))
        }
    }
}

//! Records as a Parquet file of one row group, compressed with Snappy. Columns:
//!
//! | column | type |
//! |---|---|
//! | `insert_id`, `type`, `event`, `subject`, `subject_kind` | string |
//! | `op`, `user`, `device`, `previous`, `next`, `country` | string or null |
//! | `time`, `received_at` | timestamp in milliseconds, UTC |
//! | `groups`, `properties`, `profile`, `group_profile`, `context` | JSON as a string, or null |
//!
//! What they mean is said in `plain.rs`. Properties are JSON in one column because every event has others: a warehouse reads them by
//! its functions for JSON, and a new property changes no schema. Columns are appended, never renamed.
//!
//! While a file is put together its rows are bytes of our own, never on disk: two 8-byte little-endian times, then each text column as
//! a LEB128 number, 0 for null, else its length plus one, and the text.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::TypePtr;
use weir_event::Role;
use weir_event::wire::{Cursor, WireError, put_varint};
use weir_policy::{Released, ReleasedId};

use crate::plain::{self, Part, Plain};

/// The columns; the two times first, then the texts in the order in which [`put_row`] writes them.
const SCHEMA: &str = "message weir_event {
    REQUIRED INT64 time (TIMESTAMP(MILLIS,true));
    REQUIRED INT64 received_at (TIMESTAMP(MILLIS,true));
    REQUIRED BYTE_ARRAY insert_id (STRING);
    REQUIRED BYTE_ARRAY type (STRING);
    OPTIONAL BYTE_ARRAY op (STRING);
    REQUIRED BYTE_ARRAY event (STRING);
    REQUIRED BYTE_ARRAY subject (STRING);
    REQUIRED BYTE_ARRAY subject_kind (STRING);
    OPTIONAL BYTE_ARRAY user (STRING);
    OPTIONAL BYTE_ARRAY device (STRING);
    OPTIONAL BYTE_ARRAY previous (STRING);
    OPTIONAL BYTE_ARRAY next (STRING);
    OPTIONAL BYTE_ARRAY country (STRING);
    OPTIONAL BYTE_ARRAY groups (STRING);
    OPTIONAL BYTE_ARRAY properties (STRING);
    OPTIONAL BYTE_ARRAY profile (STRING);
    OPTIONAL BYTE_ARRAY group_profile (STRING);
    OPTIONAL BYTE_ARRAY context (STRING);
}";
const TEXTS: usize = 16;
const IDS: [Role; 4] = [Role::User, Role::Device, Role::Previous, Role::Next];
const PARTS: [Part; 5] = [Part::Groups, Part::Properties, Part::Profile, Part::GroupProfile, Part::Context];

/// Writes an event as a row.
pub(super) fn put_row(plain: &mut Plain, event: &Released<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(&event.time().0.to_le_bytes());
    out.extend_from_slice(&event.received_at().0.to_le_bytes());
    let (kind, op) = plain::words(event.operation());
    put_text(out, Some(&event.insert_id().to_text()));
    put_text(out, Some(kind.as_bytes()));
    put_text(out, op.map(str::as_bytes));
    put_text(out, Some(event.name().as_bytes()));
    put_id(out, Some(event.subject()));
    put_text(out, Some(plain::subject_kind(event).as_bytes()));
    for role in IDS {
        put_id(out, event.id(role));
    }
    put_text(out, event.country().code().map(str::as_bytes));
    let found = plain.find(event);
    let mut text = Vec::new();
    for part in PARTS {
        text.clear();
        let is_there = plain.put_part(event, part, &found, &mut text);
        put_text(out, is_there.then_some(text.as_slice()));
    }
}

fn put_id(out: &mut Vec<u8>, id: Option<&ReleasedId>) {
    let mut buffer = [0; 36];
    put_text(out, id.map(|id| id.text(&mut buffer).as_bytes()));
}

fn put_text(out: &mut Vec<u8>, text: Option<&[u8]>) {
    put_varint(out, text.map_or(0, |text| text.len() as u64 + 1));
    out.extend_from_slice(text.unwrap_or_default());
}

/// The file of these rows.
pub(super) fn file(rows: Vec<u8>) -> Vec<u8> {
    // Unwrap safety: the rows are ours, the columns are those of the schema, and memory does not refuse to be written to. A defect
    // here stops this destination before anything is sent.
    #[allow(clippy::expect_used, reason = "see above")]
    write(&Bytes::from(rows)).expect("rows of our own are a file")
}

fn write(rows: &Bytes) -> Result<Vec<u8>, ParquetError> {
    let columns = Columns::read(rows).map_err(|_| ParquetError::General("rows".to_owned()))?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        // The same rows are the same bytes, whichever release of the crate wrote them.
        .set_created_by("weir".to_owned())
        .build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema()?, Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    for times in &columns.times {
        if let Some(mut column) = group.next_column()? {
            column.typed::<Int64Type>().write_batch(times, None, None)?;
            column.close()?;
        }
    }
    for (values, levels) in columns.texts {
        if let Some(mut column) = group.next_column()? {
            // A required column has no levels; none of its values is missing.
            let is_required = values.len() == levels.len();
            let is_optional = column.typed::<ByteArrayType>().get_descriptor().max_def_level() > 0;
            let levels = if is_optional { Some(levels.as_slice()) } else { None };
            if !is_optional && !is_required {
                return Err(ParquetError::General("a required column has a gap".to_owned()));
            }
            column.typed::<ByteArrayType>().write_batch(&values, levels, None)?;
            column.close()?;
        }
    }
    group.close()?;
    writer.into_inner()
}

fn schema() -> Result<TypePtr, ParquetError> {
    static PARSED: OnceLock<TypePtr> = OnceLock::new();
    match PARSED.get() {
        Some(schema) => Ok(Arc::clone(schema)),
        None => {
            let schema = Arc::new(parse_message_type(SCHEMA)?);
            Ok(Arc::clone(PARSED.get_or_init(|| schema)))
        }
    }
}

/// Rows, turned. Texts are not copied.
struct Columns {
    times: [Vec<i64>; 2],
    /// The values that are there, and for each row whether one is.
    texts: Vec<(Vec<ByteArray>, Vec<i16>)>,
}

impl Columns {
    fn read(rows: &Bytes) -> Result<Columns, WireError> {
        let mut columns = Columns { times: Default::default(), texts: vec![Default::default(); TEXTS] };
        let mut cursor = Cursor::new(rows);
        while !cursor.is_done() {
            for times in &mut columns.times {
                times.push(cursor.i64()?);
            }
            for (values, levels) in &mut columns.texts {
                let length = cursor.varint()?;
                levels.push(i16::from(length > 0));
                if let Some(length) = length.checked_sub(1) {
                    let length = usize::try_from(length).map_err(|_| WireError(cursor.position()))?;
                    let from = cursor.position();
                    cursor.take(length)?;
                    values.push(ByteArray::from(rows.slice(from..from + length)));
                }
            }
        }
        Ok(columns)
    }
}

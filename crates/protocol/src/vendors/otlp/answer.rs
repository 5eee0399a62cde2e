//! What a receiver says of a request that it took: `ExportLogsServiceResponse`, of which one number matters. Its texts may quote
//! events, so nothing of them is kept.

use weir_event::wire::Cursor;
use weir_event::{LeafKind, SourceNames};

use super::Encoding;
use crate::json::{Key, Malformed, Meaning};
use crate::replies::{self, Reading, Words};

/// Bytes of an answer that are looked at; outbound caps it anyway.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// A success, full or partial.
pub(super) struct Success {
    /// How many records were rejected; not which.
    pub(super) rejected: u64,
}

impl Success {
    /// `None` where it is no such answer. An empty body is one in either encoding.
    pub(super) fn read(encoding: Encoding, body: &[u8], names: &SourceNames) -> Option<Success> {
        if body.len() > ANSWER_BYTES_MAX {
            return None;
        }
        let rejected = match encoding {
            _ if body.is_empty() => 0,
            // Some receivers answer in JSON whatever they were sent.
            Encoding::Protobuf => of_response(body).or_else(|| of_json(body, names))?,
            Encoding::Json => of_json(body, names)?,
        };
        Some(Success { rejected })
    }
}

/// `ExportLogsServiceResponse { partial_success = 1 { rejected_log_records = 1, error_message = 2 } }`.
fn of_response(body: &[u8]) -> Option<u64> {
    let mut rejected = 0;
    let mut body = Cursor::new(body);
    while !body.is_done() {
        if let (1, Value::Bytes(partial)) = field(&mut body)? {
            let mut partial = Cursor::new(partial);
            while !partial.is_done() {
                if let (1, Value::Number(count)) = field(&mut partial)? {
                    // A negative count is none that anybody could mean.
                    rejected = u64::try_from(i64::try_from(count).ok()?).ok()?;
                }
            }
        }
    }
    Some(rejected)
}

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Fixed,
}

/// The next field of a protobuf message and its number; `None` where it is malformed.
fn field<'a>(message: &mut Cursor<'a>) -> Option<(u64, Value<'a>)> {
    let tag = message.varint().ok()?;
    let value = match tag & 7 {
        0 => Value::Number(message.varint().ok()?),
        1 => message.take(8).map(|_| Value::Fixed).ok()?,
        2 => Value::Bytes(message.bytes().ok()?),
        5 => message.take(4).map(|_| Value::Fixed).ok()?,
        _ => return None,
    };
    Some((tag >> 3, value)).filter(|(number, _)| *number != 0)
}

const PARTIAL: u8 = 1;
const REJECTED: u8 = 2;
const WORDS: Words = Words(&[("partialSuccess", PARTIAL), ("rejectedLogRecords", REJECTED)]);

/// What an answer in JSON says.
struct Said {
    has_keys: bool,
    is_ours: bool,
    /// None where it is no number.
    rejected: Option<u64>,
}

impl Default for Said {
    fn default() -> Said {
        Said { has_keys: false, is_ours: false, rejected: Some(0) }
    }
}

impl Said {
    fn member(&mut self, key: &Key, parser: &mut Reading<'_>) -> Result<(), Malformed> {
        self.has_keys = true;
        if key.meaning != Meaning::Special(PARTIAL) {
            return parser.skip();
        }
        self.is_ours = true;
        if parser.peek() != b'{' {
            return parser.skip();
        }
        replies::members(parser, |key, parser| {
            if key.meaning != Meaning::Special(REJECTED) {
                return parser.skip();
            }
            // A number, or as the JSON form of protobuf has it, a text.
            self.rejected = replies::number(parser, LeafKind::has_text)?;
            Ok(())
        })
    }
}

fn of_json(body: &[u8], names: &SourceNames) -> Option<u64> {
    let said = replies::read(body, ANSWER_BYTES_MAX, names, WORDS, Said::member)?;
    // An object of other keys is somebody else's answer, such as a gateway's error: nothing is taken for delivered.
    said.rejected.filter(|_| said.is_ours || !said.has_keys)
}

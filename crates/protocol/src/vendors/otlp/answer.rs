//! What a receiver says of a request that it took: `ExportLogsServiceResponse`, of which one number matters. Its texts may quote
//! events, so nothing of them is kept.

use weir_event::wire::Cursor;
use weir_event::{NameId, SourceNames};

use super::Encoding;
use crate::json::{self, Malformed, Meaning, Parser, Plan, Vocabulary};

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

/// The keys of an answer in JSON; everything else in it is passed over.
struct Words;

const PARTIAL: u8 = 1;
const REJECTED: u8 = 2;

impl Vocabulary for Words {
    fn meaning(&self, _: Plan, key: &str) -> Option<Meaning> {
        Some(Meaning::Special(match key {
            "partialSuccess" => PARTIAL,
            "rejectedLogRecords" => REJECTED,
            _ => 0,
        }))
    }
}

fn of_json(body: &[u8], names: &SourceNames) -> Option<u64> {
    json::read_answer(body, ANSWER_BYTES_MAX, names, Words, read_json)?
}

fn read_json(parser: &mut Parser<'_, Words>) -> Result<Option<u64>, Malformed> {
    let mut rejected = Some(0);
    let (mut is_empty, mut is_ours) = (true, false);
    let mut object = parser.begin_object(Plan(1), NameId::EVENT_ROOT)?;
    while let Some(key) = parser.next_key(&mut object)? {
        is_empty = false;
        is_ours |= key.meaning == Meaning::Special(PARTIAL);
        if key.meaning == Meaning::Special(PARTIAL) && parser.peek() == b'{' {
            let mut partial = parser.begin_object(Plan(1), NameId::EVENT_ROOT)?;
            while let Some(key) = parser.next_key(&mut partial)? {
                match key.meaning {
                    // A number, or as the JSON form of protobuf has it, a text.
                    Meaning::Special(REJECTED) => {
                        rejected = parser.scalar()?.and_then(|said| parser.str(said.text).parse().ok());
                    }
                    _ => parser.skip()?,
                }
            }
        } else {
            parser.skip()?;
        }
    }
    // An object of other keys is somebody else's answer, such as a gateway's error: nothing is taken for delivered.
    if parser.is_done() { Ok(rejected.filter(|_| is_empty || is_ours)) } else { Err(Malformed(parser.position())) }
}

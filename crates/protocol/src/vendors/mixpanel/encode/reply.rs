//! Mixpanel's answers.

use weir_event::{LeafKind, NameId, SourceNames};

use crate::json::{self, Malformed, Meaning, Parser, Plan, Vocabulary};
use crate::outbound::Verdict;

/// What an answer says. Its texts may quote events, so they are not read.
#[derive(Default)]
pub(super) struct Reply {
    pub(super) status: Option<i64>,
    pub(super) code: Option<i64>,
    pub(super) failed: Vec<u32>,
}

/// The keys of an answer; everything else in it is passed over.
struct ReplyWords;

const STATUS: u8 = 1;
const CODE: u8 = 2;
const FAILED: u8 = 3;
const INDEX: u8 = 4;
/// Bytes of an answer that are looked at; outbound caps it anyway.
const REPLY_BYTES_MAX: usize = 4 << 20;

impl Vocabulary for ReplyWords {
    fn meaning(&self, _: Plan, key: &str) -> Option<Meaning> {
        Some(Meaning::Special(match key {
            "status" => STATUS,
            "code" => CODE,
            "failed_records" => FAILED,
            "index" => INDEX,
            _ => 0,
        }))
    }
}

impl Reply {
    pub(super) fn parse(body: &[u8], names: &SourceNames) -> Option<Reply> {
        json::read_answer(body, REPLY_BYTES_MAX, names, ReplyWords, Reply::read)
    }

    fn read(parser: &mut Parser<'_, ReplyWords>) -> Result<Reply, Malformed> {
        let mut reply = Reply::default();
        let mut object = parser.begin_object(Plan(1), NameId::EVENT_ROOT)?;
        while let Some(key) = parser.next_key(&mut object)? {
            match key.meaning {
                Meaning::Special(STATUS) => reply.status = integer(parser)?,
                Meaning::Special(CODE) => reply.code = integer(parser)?,
                Meaning::Special(FAILED) if parser.peek() == b'[' => {
                    parser.expect(b'[')?;
                    let mut is_first = true;
                    while parser.next_element(&mut is_first)? {
                        if parser.peek() != b'{' {
                            parser.skip()?;
                            continue;
                        }
                        let mut record = parser.begin_object(Plan(2), NameId::EVENT_ROOT)?;
                        while let Some(key) = parser.next_key(&mut record)? {
                            match key.meaning {
                                Meaning::Special(INDEX) => {
                                    // An index that does not read is one that we did not send.
                                    let index = integer(parser)?.and_then(|index| u32::try_from(index).ok());
                                    reply.failed.push(index.unwrap_or(u32::MAX));
                                }
                                _ => parser.skip()?,
                            }
                        }
                    }
                }
                _ => parser.skip()?,
            }
        }
        if parser.is_done() { Ok(reply) } else { Err(Malformed(parser.position())) }
    }
}

fn integer(parser: &mut Parser<'_, ReplyWords>) -> Result<Option<i64>, Malformed> {
    let scalar = parser.scalar()?.filter(|scalar| scalar.kind == LeafKind::Number);
    Ok(scalar.and_then(|scalar| parser.str(scalar.text).parse().ok()))
}

pub(super) fn partial(mut failed: Vec<u32>, count: u32, invalid: impl Fn(&'static str) -> Verdict) -> Verdict {
    failed.sort_unstable();
    failed.dedup();
    if failed.iter().any(|index| *index >= count) {
        // An answer about events that we did not send says nothing about those that we did.
        return invalid("refused_as_invalid");
    }
    Verdict::Partial { rejected: failed.into_iter().map(|index| (index, "refused_as_invalid")).collect() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_answer_is_interpreted(data in proptest::collection::vec(any::<u8>(), 0..120), choice in 0_u8..8, json in "[\\[\\]{}\":,a-z0-9_-]{0,80}") {
            crate::fuzz::fuzz_interpret(&data);
            let answer = format!("{{\"failed_records\":[{{\"index\":{json}}}],\"code\":400}}");
            crate::fuzz::fuzz_interpret(&[&[choice, choice, 3], answer.as_bytes()].concat());
            crate::fuzz::fuzz_interpret(&[&[choice, choice, 3], json.as_bytes()].concat());
        }
    }
}

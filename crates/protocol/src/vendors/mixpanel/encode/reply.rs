//! Mixpanel's answers.

use weir_event::{LeafKind, SourceNames};

use crate::json::{Key, Malformed, Meaning};
use crate::outbound::Verdict;
use crate::replies::{self, Reading, Words};

/// What an answer says. Its texts may quote events, so they are not read.
#[derive(Default)]
pub(super) struct Reply {
    pub(super) status: Option<i64>,
    pub(super) code: Option<i64>,
    pub(super) failed: Vec<u32>,
}

const STATUS: u8 = 1;
const CODE: u8 = 2;
const FAILED: u8 = 3;
const INDEX: u8 = 4;
const WORDS: Words = Words(&[("status", STATUS), ("code", CODE), ("failed_records", FAILED), ("index", INDEX)]);
/// Bytes of an answer that are looked at; outbound caps it anyway.
const REPLY_BYTES_MAX: usize = 4 << 20;

impl Reply {
    pub(super) fn parse(body: &[u8], names: &SourceNames) -> Option<Reply> {
        replies::read(body, REPLY_BYTES_MAX, names, WORDS, Reply::member)
    }

    fn member(&mut self, key: &Key, parser: &mut Reading<'_>) -> Result<(), Malformed> {
        match key.meaning {
            Meaning::Special(STATUS) => self.status = integer(parser)?,
            Meaning::Special(CODE) => self.code = integer(parser)?,
            Meaning::Special(FAILED) if parser.peek() == b'[' => replies::elements(parser, |parser| {
                if parser.peek() != b'{' {
                    return parser.skip();
                }
                replies::members(parser, |key, parser| {
                    if key.meaning != Meaning::Special(INDEX) {
                        return parser.skip();
                    }
                    // An index that does not read is one that we did not send.
                    let index = integer(parser)?.and_then(|index| u32::try_from(index).ok());
                    self.failed.push(index.unwrap_or(u32::MAX));
                    Ok(())
                })
            })?,
            _ => parser.skip()?,
        }
        Ok(())
    }
}

fn integer(parser: &mut Reading<'_>) -> Result<Option<i64>, Malformed> {
    replies::number(parser, |kind| kind == LeafKind::Number)
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

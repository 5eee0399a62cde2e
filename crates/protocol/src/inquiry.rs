//! Auxiliary calls that are asked of the vendor (D17 mode `proxy`): feature flags, decided there with what policy lets it know.
//!
//! The call is read into a draft like an event, goes through minimise and release like an event, and is asked anew of what is left:
//! no byte of the SDK's request reaches the vendor but by [`Released`]. What comes back is the vendor's own, less what would switch
//! on more than flags.

use std::sync::OnceLock;

use weir_event::names::ClassOnly;
use weir_event::{DraftBatch, NameId, Names, SourceNames};
use weir_policy::Released;

use crate::answer::Answer;
use crate::inbound::{Auxiliary, DecodeOptions};
use crate::json::{Meaning, Parser, Plan, Vocabulary};
use crate::outbound::{DestinationSetup, Encoded};

/// How one vendor is asked.
pub trait Inquirer: Sync {
    /// Reads a call into a batch of one draft: whom it asks about and what it says of them. `None`: this call is not asked of
    /// anybody and gets its constant answer.
    fn read(
        &self,
        call: &Auxiliary<'_>,
        names: &SourceNames,
        options: &DecodeOptions,
        batch: &mut DraftBatch,
    ) -> Option<Inquiry>;

    /// The question to the vendor.
    fn ask(&self, inquiry: &Inquiry, about: &Released<'_>, setup: &DestinationSetup) -> Encoded;

    /// The vendor's answer as the SDK gets it; `None` where it is no answer: then the last one counts, or the constant one.
    fn relay(&self, inquiry: &Inquiry, status: u16, body: &[u8]) -> Option<Answer>;
}

/// What a call wants to know.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Inquiry {
    /// The vendor's path that is asked.
    pub path: &'static str,
    /// Which form of answer the SDK expects; the vendor's own numbers.
    pub version: u8,
    /// The flags that it names; empty for all.
    pub flags: Vec<String>,
}

impl Inquiry {
    /// Flags that one call may name.
    pub const FLAGS_MAX: usize = 200;

    /// Whether a flag's key may go on: a plain name, as vendors' consoles make them.
    pub fn is_plain(flag: &str) -> bool {
        (1..=200).contains(&flag.len())
            && flag.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b' '))
    }
}

/// Every key is of its own meaning: nothing is looked up, nothing is remembered beyond the text.
struct Members;

impl Vocabulary for Members {
    fn meaning(&self, _plan: Plan, _key: &str) -> Option<Meaning> {
        Some(Meaning::Special(0))
    }
}

/// The members of the one JSON object that a vendor's answer is: key and value as it stands. `None` where it is anything else.
pub(crate) fn members(body: &[u8]) -> Option<Vec<(String, &[u8])>> {
    static NAMES: OnceLock<SourceNames> = OnceLock::new();
    let names = NAMES.get_or_init(|| Names::new(Box::new(ClassOnly)).source());
    std::str::from_utf8(body).ok()?;
    let (mut text, mut leaves, mut members) = (body.to_vec(), Vec::new(), Vec::new());
    let mut parser = Parser::new(&mut text, &mut leaves, names, Members);
    let mut object = parser.begin_object(Plan(1), NameId::EVENT_ROOT).ok()?;
    while let Some(key) = parser.next_key(&mut object).ok()? {
        let key = parser.str(key.text).to_owned();
        parser.peek();
        let from = parser.position();
        parser.skip().ok()?;
        members.push((key, body.get(from..parser.position())?));
    }
    parser.is_done().then_some(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_taken_apart_by_its_members() {
        let body = br#" {"flags": {"a": [1, {"b": "}"}]}, "x\"y": null, "n": -1.5e3} "#;
        let found = members(body).expect("an object");
        let texts: Vec<_> = found.iter().map(|(k, v)| (k.as_str(), std::str::from_utf8(v).expect("UTF-8"))).collect();
        assert_eq!(texts, [("flags", r#"{"a": [1, {"b": "}"}]}"#), ("x\"y", "null"), ("n", "-1.5e3")]);
        for bad in [&b""[..], b"[]", b"{", b"{} {}", b"{\"a\":}", b"nonsense", b"{\"a\": \"\xff\"}"] {
            assert!(members(bad).is_none());
        }
    }
}

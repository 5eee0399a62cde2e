//! What Segment's keys mean: which are read beside the tape, which are objects of the context.

use super::special;
use crate::inbound::Canonical;
use crate::json::{Meaning, Plan, Vocabulary};
use crate::vendors::segment::names;

/// One message.
pub(super) const MESSAGE: Plan = Plan(1);
/// `{"batch": […]}`.
pub(super) const ENVELOPE: Plan = Plan(2);
/// A message's `context`.
pub(super) const CONTEXT: Plan = Plan(3);
/// An object in it that has canonical paths.
pub(super) const PART: Plan = Plan(4);
/// Traits of a person or a group.
pub(super) const TRAITS: Plan = Plan(5);
/// One of the two ids of a merge.
pub(super) const MERGED: Plan = Plan(6);

pub(super) struct Words<'a> {
    pub(super) canonical: &'a Canonical,
}

impl Vocabulary for Words<'_> {
    fn meaning(&self, plan: Plan, key: &str) -> Option<Meaning> {
        let special = match (plan, key) {
            (MESSAGE, "type") => special::TYPE,
            (MESSAGE, "event") => special::EVENT,
            (MESSAGE, "name") => special::NAME,
            (MESSAGE, "category") => special::CATEGORY,
            (MESSAGE, "userId") => special::USER_ID,
            (MESSAGE, "anonymousId") => special::ANONYMOUS_ID,
            (MESSAGE, "previousId") => special::PREVIOUS_ID,
            (MESSAGE, "groupId") => special::GROUP_ID,
            (MESSAGE, "messageId") => special::MESSAGE_ID,
            (MESSAGE, "timestamp") => special::TIMESTAMP,
            (MESSAGE, "originalTimestamp") => special::ORIGINAL_TIMESTAMP,
            (MESSAGE | ENVELOPE, "sentAt") => special::SENT_AT,
            (MESSAGE, "properties") => special::PROPERTIES,
            (MESSAGE | ENVELOPE, "context") => special::CONTEXT,
            (MESSAGE | CONTEXT, "traits") => special::TRAITS,
            (MESSAGE, "mergeProperties") => special::MERGE_PROPERTIES,
            (MESSAGE, "writeKey" | "rudderId" | "receivedAt" | "projectId") => special::FORGET,
            (ENVELOPE, "batch") => special::BATCH,
            // What else stands beside a batch is about sending it.
            (ENVELOPE, key) if key != "integrations" => special::FORGET,
            (CONTEXT, "groupId") => special::CONTEXT_GROUP_ID,
            (CONTEXT, "externalIds" | "externalId") => special::FORGET,
            (CONTEXT, key) => {
                let place = names::CONTEXT.iter().position(|(name, _)| *name == key)?;
                if place < names::PARTS {
                    return self.canonical.path(key).map(Meaning::Property);
                }
                special::PART + place as u8
            }
            (PART, "id") => special::DEVICE_ID,
            (PART, "advertisingId" | "token") => special::FORGET,
            // `id` is reserved for the id of the person or group itself; RudderStack's Android SDK writes it.
            (TRAITS, "id" | "userId" | "anonymousId" | "rudderId") => special::FORGET,
            (MERGED, "type") => special::MERGED_TYPE,
            (MERGED, "value") => special::MERGED_VALUE,
            (MERGED, _) => special::FORGET,
            _ => return None,
        };
        Some(Meaning::Special(special))
    }
}

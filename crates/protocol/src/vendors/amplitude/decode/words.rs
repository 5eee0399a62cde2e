//! What Amplitude's keys mean: which are read beside the tape, which are context, which are operations.

use weir_event::ProfileOp;

use super::special;
use crate::inbound::Canonical;
use crate::json::{Meaning, Plan, Vocabulary};
use crate::vendors::amplitude::names;

/// `{"api_key", "events", …}`.
pub(super) const ENVELOPE: Plan = Plan(1);
/// An event.
pub(super) const EVENT: Plan = Plan(2);
/// `event_properties`.
pub(super) const PROPERTIES: Plan = Plan(3);
/// `user_properties` or `group_properties`: operations, or properties.
pub(super) const UPDATE: Plan = Plan(4);
/// The properties in one operation.
pub(super) const PROFILE: Plan = Plan(5);
/// `groups`.
pub(super) const GROUPS: Plan = Plan(6);
/// `library` of old SDKs.
pub(super) const LIBRARY: Plan = Plan(7);

/// (Key, operation). Used in both directions.
pub(in crate::vendors::amplitude) const OPERATIONS: [(&str, ProfileOp); 10] = [
    ("$set", ProfileOp::Set),
    ("$setOnce", ProfileOp::SetOnce),
    ("$add", ProfileOp::Add),
    ("$append", ProfileOp::Append),
    ("$prepend", ProfileOp::Prepend),
    ("$preInsert", ProfileOp::PreInsert),
    ("$postInsert", ProfileOp::Union),
    ("$remove", ProfileOp::Remove),
    ("$unset", ProfileOp::Unset),
    ("$clearAll", ProfileOp::Clear),
];

pub(super) struct Words<'a> {
    pub(super) canonical: &'a Canonical,
}

impl Vocabulary for Words<'_> {
    fn meaning(&self, plan: Plan, key: &str) -> Option<Meaning> {
        let special = match (plan, key) {
            (ENVELOPE, "events" | "event" | "e" | "identification") => special::EVENTS,
            (ENVELOPE, "client_upload_time" | "upload_time") => special::SENT_AT,
            (ENVELOPE, _) | (EVENT, "api_key" | "amplitude_id") => special::FORGET,
            (EVENT, "event_type") => special::EVENT_TYPE,
            (EVENT, "user_id") => special::USER_ID,
            (EVENT, "device_id") => special::DEVICE_ID,
            (EVENT, "time" | "timestamp") => special::TIME,
            (EVENT, "insert_id" | "uuid") => special::INSERT_ID,
            (EVENT, "session_id") => special::SESSION_ID,
            (EVENT, "ip") => special::IP,
            (EVENT, "group_type") => special::GROUP_TYPE,
            (EVENT, "group_value") => special::GROUP_VALUE,
            (EVENT, "event_properties") => special::EVENT_PROPERTIES,
            (EVENT, "user_properties") => special::USER_PROPERTIES,
            (EVENT, "group_properties") => special::GROUP_PROPERTIES,
            (EVENT, "groups") => special::GROUPS,
            (EVENT, "library") => special::LIBRARY,
            (EVENT, _) => return self.path(names::field_path(key).map(|_| key)?),
            (PROPERTIES, _) => return self.path(names::canonical_path(key).map(|_| key)?),
            (UPDATE, _) => special::OPERATION + OPERATIONS.iter().position(|(name, _)| *name == key)? as u8,
            (LIBRARY, "name") => special::LIBRARY_NAME,
            (LIBRARY, "version") => special::LIBRARY_VERSION,
            (LIBRARY, _) => special::FORGET,
            _ => return None,
        };
        Some(Meaning::Special(special))
    }
}

impl Words<'_> {
    pub(super) fn path(&self, name: &str) -> Option<Meaning> {
        self.canonical.path(name).map(Meaning::Property)
    }
}

//! What PostHog's keys mean: which are read beside the tape, which are context, which are properties.

use weir_event::{NameId, ProfileOp, SourceNames};

use super::special;
use crate::inbound::Canonical;
use crate::json::{Meaning, Plan, Vocabulary};
use crate::vendors::posthog::names;

/// An event, or the object around a list of them.
pub(super) const EVENT: Plan = Plan(1);
/// The properties of an event.
pub(super) const PROPERTIES: Plan = Plan(2);
/// The properties of a person or of a group.
pub(super) const PROFILE: Plan = Plan(3);
/// Group types and their ids.
pub(super) const GROUPS: Plan = Plan(4);
/// What Capture V1 says beside the properties.
pub(super) const OPTIONS: Plan = Plan(5);

/// What is read after the event. Those at the top come last: where both have a property, the top wins, as at PostHog.
pub(super) const LATER: [(Plan, &str, Option<ProfileOp>); 7] = [
    (PROPERTIES, "$set", Some(ProfileOp::Set)),
    (PROPERTIES, "$set_once", Some(ProfileOp::SetOnce)),
    (PROPERTIES, "$unset", Some(ProfileOp::Unset)),
    (EVENT, "$set", Some(ProfileOp::Set)),
    (EVENT, "$set_once", Some(ProfileOp::SetOnce)),
    (EVENT, "$unset", Some(ProfileOp::Unset)),
    (PROPERTIES, "$group_set", None),
];
pub(super) const GROUP_SET: usize = 6;

pub(super) struct Words<'a> {
    pub(super) canonical: &'a Canonical,
    pub(super) names: &'a SourceNames,
}

impl Words<'_> {
    fn context(&self, property: &str) -> Option<Meaning> {
        self.canonical.path(property).map(Meaning::Property)
    }

    fn own(&self, parent: NameId, key: &str) -> Option<Meaning> {
        match self.names.path(parent, key) {
            (NameId::UNNAMED, _) => Some(Meaning::Unnamed),
            (path, true) => Some(Meaning::MapKey(path)),
            (path, false) => Some(Meaning::Property(path)),
        }
    }
}

impl Vocabulary for Words<'_> {
    fn meaning(&self, plan: Plan, key: &str) -> Option<Meaning> {
        let special = match (plan, key) {
            (EVENT, "event") => special::EVENT,
            (EVENT, "properties") => special::PROPERTIES,
            (EVENT, "distinct_id" | "$distinct_id") => special::TOP_DISTINCT_ID,
            (EVENT, "uuid") => special::UUID,
            (EVENT, "timestamp") => special::TIMESTAMP,
            (EVENT, "offset") => special::OFFSET,
            (EVENT, "options") => special::OPTIONS,
            (EVENT, "batch") => special::BATCH,
            (EVENT, "sent_at" | "created_at") => special::SENT_AT,
            (EVENT, "historical_migration") => special::HISTORICAL,
            (EVENT, "api_key" | "token" | "$token") | (PROPERTIES, "token" | "$geoip_disable") => special::FORGET,
            (EVENT, "session_id") => return self.context("$session_id"),
            (EVENT, "window_id") => return self.context("$window_id"),
            (EVENT, "ip") => return self.context("$ip"),
            (EVENT, "library") => return self.context("$lib"),
            (EVENT, "library_version") => return self.context("$lib_version"),
            (OPTIONS, "disable_skew_correction") => special::UNCORRECTED,
            (OPTIONS, _) => {
                let property = names::OPTIONS.iter().find(|(option, _)| *option == key).map(|(_, property)| *property);
                return match property {
                    Some(property) => self.own(NameId::EVENT_ROOT, property),
                    None => self.own(self.canonical.meta, key),
                };
            }
            (PROPERTIES, "distinct_id") => special::DISTINCT_ID,
            (PROPERTIES, "$device_id") => special::DEVICE_ID,
            (PROPERTIES, "$user_id") => special::USER_ID,
            (PROPERTIES, "$anon_distinct_id") => special::ANON_DISTINCT_ID,
            (PROPERTIES, "$insert_id") => special::INSERT_ID,
            (PROPERTIES, "$time") => special::TIME,
            (PROPERTIES, "$group_type") => special::GROUP_TYPE,
            (PROPERTIES, "$group_key") => special::GROUP_KEY,
            (PROPERTIES, "$groups") => special::GROUPS,
            (PROPERTIES, "$ignore_sent_at") => special::IGNORE_SENT_AT,
            (PROPERTIES, "$is_identified") => special::IS_IDENTIFIED,
            (PROFILE, _) if names::is_click(key) => return self.own(self.canonical.meta, key),
            (EVENT | PROPERTIES, _) => {
                if let Some(place) = LATER.iter().position(|(of, name, _)| *of == plan && *name == key) {
                    special::LATER + place as u8
                } else if plan == PROPERTIES && names::is_meta(key) {
                    return self.own(self.canonical.meta, key);
                } else if plan == PROPERTIES {
                    return self.context(key);
                } else {
                    return None;
                }
            }
            _ => return None,
        };
        Some(Meaning::Special(special))
    }
}

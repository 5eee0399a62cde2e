//! What keys mean in each object of the tracker protocol.

use super::special;
use crate::inbound::{Canonical, DecodeOptions};
use crate::json::{Meaning, Plan, Vocabulary};
use crate::vendors::snowplow::names;

/// `{"schema", "data"}` around the events.
pub(super) const ENVELOPE: Plan = Plan(1);
/// An event.
pub(super) const EVENT: Plan = Plan(2);
/// `{"schema", "data"}` inside an event, at each of its places: so the parser's guess which key comes next is right.
pub(super) const OUTER_EVENT: Plan = Plan(3);
pub(super) const INNER_EVENT: Plan = Plan(5);
pub(super) const OUTER_ENTITIES: Plan = Plan(6);
pub(super) const INNER_ENTITY: Plan = Plan(7);
/// The properties of a self-describing event.
pub(super) const PROPERTIES: Plan = Plan(4);
/// The data of an entity: this number plus its place in [`names::ENTITIES`].
pub(super) const ENTITY: u8 = 16;

pub(super) struct Words<'a> {
    pub(super) canonical: &'a Canonical,
    pub(super) options: &'a DecodeOptions,
}

impl Vocabulary for Words<'_> {
    fn meaning(&self, plan: Plan, key: &str) -> Option<Meaning> {
        let special = match (plan, key) {
            (ENVELOPE | OUTER_EVENT | INNER_EVENT | OUTER_ENTITIES | INNER_ENTITY, "data") => special::DATA,
            (INNER_EVENT | INNER_ENTITY, "schema") => special::SCHEMA,
            (ENVELOPE | OUTER_EVENT | INNER_EVENT | OUTER_ENTITIES | INNER_ENTITY, _) => special::FORGET,
            (EVENT, "e") => special::KIND,
            (EVENT, "eid") => special::EVENT_ID,
            (EVENT, "uid") => special::USER,
            (EVENT, "duid") => special::DOMAIN_USER,
            (EVENT, "nuid") => special::NETWORK_USER,
            (EVENT, "tnuid") => special::TRACKER_NETWORK_USER,
            (EVENT, "dtm") => special::DEVICE_TIME,
            (EVENT, "ttm") => special::TRUE_TIME,
            (EVENT, "stm") => special::SENT_TIME,
            (EVENT, "se_ac") => special::ACTION,
            (EVENT, "tv") => special::TRACKER,
            (EVENT, "ue_pr") => special::EVENT_PLAIN,
            (EVENT, "ue_px") => special::EVENT_BASE64,
            (EVENT, "co") => special::ENTITIES_PLAIN,
            (EVENT, "cx") => special::ENTITIES_BASE64,
            (EVENT, "aid" | "tid" | "fp" | "mac") => special::FORGET,
            (EVENT, _) => match names::TYPED.iter().position(|(name, _)| *name == key) {
                Some(place) => special::TYPED + place as u8,
                None => return self.canonical.path(key).map(Meaning::Property),
            },
            (PROPERTIES, _) => special::GROUP + self.options.group(key)?.0 as u8,
            (_, "userId") => special::SESSION_USER,
            (_, "appleIdfv" | "androidIdfa" | "appleIdfa" | "openIdfa" | "appSetId") => special::PHONE,
            (_, "previousSessionId" | "firstEventId" | "tabId") => special::FORGET,
            (Plan(entity), _) => {
                let (_, _, keys) = names::ENTITIES.get(usize::from(entity.checked_sub(ENTITY)?))?;
                let place = keys.iter().position(|name| name.strip_prefix("entity.") == Some(key))?;
                special::CANONICAL + place as u8
            }
        };
        Some(Meaning::Special(special))
    }
}

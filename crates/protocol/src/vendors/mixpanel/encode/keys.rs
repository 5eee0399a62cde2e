//! Keys of properties: Mixpanel's names where it has them, our own out of the way of what we write ourselves.

use weir_event::{LeafKind, NameId, Names};

use crate::vendors::mixpanel::names;
use crate::writing::{PathTable, TapeKeys, as_key};

/// Keys of an event's properties that we write ourselves.
const RESERVED: &[&str] = &[
    "token",
    "distinct_id",
    "time",
    "$insert_id",
    "$user_id",
    "$device_id",
    "$anon_distinct_id",
    "$distinct_ids",
    "alias",
    "ip",
    "$ip",
    "mp_country_code",
    "$country_code",
    "$distinct_id",
    "$token",
];

/// Which part of a tape is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::vendors::mixpanel) enum Select {
    /// Properties, and context by the vendor's names. Traits that came beside an event are none of its properties, and a profile
    /// is not changed by them.
    Event,
    /// Properties of a profile alone: context has no place there.
    Profile,
}

/// One path's key.
pub(in crate::vendors::mixpanel) struct KeyText {
    /// `"key":` at the top of an event.
    top: Vec<u8>,
    /// `"key":` elsewhere.
    nested: Vec<u8>,
    is_context: bool,
    /// Said of a person or a group, not of an event.
    is_profile: bool,
    /// The country from the gate, which we write ourselves.
    is_country: bool,
    /// A country that the product wrote into the profile: then ours stays away.
    pub(super) is_profile_country: bool,
}

/// The keys of one tape.
pub(in crate::vendors::mixpanel) struct Tape<'a> {
    pub(in crate::vendors::mixpanel) keys: &'a mut PathTable<KeyText>,
    pub(in crate::vendors::mixpanel) select: Select,
}

impl TapeKeys for Tape<'_> {
    fn top(&mut self, path: NameId, kind: LeafKind) -> Option<&[u8]> {
        let select = self.select;
        let key = self.keys.of(path, KeyText::new);
        let is_left_out = match select {
            Select::Profile => key.is_context,
            Select::Event => key.is_profile || (key.is_country && kind.is_scalar()),
        };
        let text = if select == Select::Event { &key.top } else { &key.nested };
        (!is_left_out).then_some(text)
    }

    fn nested(&mut self, path: NameId) -> &[u8] {
        &self.keys.of(path, KeyText::new).nested
    }
}

impl KeyText {
    pub(super) fn new(names: &Names, path: NameId) -> KeyText {
        let entry = names.entry(path);
        let context = entry.text.strip_prefix("context.");
        let is_own = |key: &str| {
            RESERVED.contains(&key)
                || key.starts_with("context.")
                || names::canonical_path(key).is_some()
                || names::RELEASED_ONLY.iter().any(|(_, n)| *n == key)
        };
        let top = match context {
            // Under its whole path where Mixpanel has no name: the last part may be a property's own name.
            Some(_) => names::property(entry.text).unwrap_or(entry.text).to_owned(),
            None if is_own(entry.key) => format!("property_{}", entry.key),
            None => entry.key.to_owned(),
        };
        KeyText {
            top: as_key(&top),
            nested: as_key(entry.key),
            is_context: context.is_some(),
            is_profile: entry.text.starts_with("profile.") || entry.text.starts_with("group."),
            is_country: entry.text == "context.location.country",
            is_profile_country: entry.text == "profile.$country_code",
        }
    }
}

//! Events as Mixpanel takes them, with the ids that they are about.

use weir_event::{Operation, Role};
use weir_policy::{Released, ReleasedId};

use super::MixpanelEncoder;
use super::keys::{Select, Tape};
use crate::outbound::IdentityMerge;
use crate::vendors::mixpanel::names;
use crate::writing::{
    group_types, groups_of, put_bare_id, put_field, put_id_text, put_key, put_number, put_string, put_tape,
};

impl MixpanelEncoder {
    pub(super) fn put_event(&mut self, event: &Released<'_>, out: &mut Vec<u8>) {
        let name = match event.operation() {
            Operation::Identify | Operation::Alias | Operation::Merge => self.link(event).unwrap_or_default(),
            Operation::Page => names::PAGE,
            _ => event.name(),
        };
        out.extend_from_slice(b"{\"event\":");
        put_string(out, name.as_bytes());
        out.extend_from_slice(b",\"properties\":{\"token\":");
        out.extend_from_slice(&self.token);
        out.extend_from_slice(b",\"time\":");
        put_number(out, event.time().0);
        out.extend_from_slice(b",\"$insert_id\":\"");
        out.extend_from_slice(&event.insert_id().to_text());
        out.push(b'"');
        self.put_ids(event, out);
        if let Some(code) = event.country().code() {
            put_field(out, "mp_country_code", code);
        }
        put_tape(out, event.leaves(), &mut Tape { keys: &mut self.keys, select: Select::Event }, true);
        out.extend_from_slice(b"}}");
    }

    fn put_ids(&mut self, event: &Released<'_>, out: &mut Vec<u8>) {
        match event.operation() {
            Operation::Merge => {
                // `$merge` takes exactly two ids and needs no other.
                out.extend_from_slice(b",\"$distinct_ids\":[");
                for (i, id) in [event.id(Role::Previous), event.id(Role::Next)].into_iter().flatten().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    put_id(out, id);
                }
                out.push(b']');
                return;
            }
            Operation::Alias => {
                for (key, role) in [("distinct_id", Role::Previous), ("alias", Role::Next)] {
                    if let Some(id) = event.id(role) {
                        put_key(out, key);
                        put_id(out, id);
                    }
                }
                return;
            }
            Operation::Identify if self.merge == IdentityMerge::Legacy => {
                for (key, id) in [("distinct_id", anonymous(event)), ("alias", Some(event.subject()))] {
                    if let Some(id) = id {
                        put_key(out, key);
                        put_id(out, id);
                    }
                }
                return;
            }
            _ => {}
        }
        put_key(out, "distinct_id");
        put_id(out, event.subject());
        // Where an event with both ids is all that links them, the one that it is about counts too.
        let subject = Some(event.subject()).filter(|_| self.merge == IdentityMerge::Simplified);
        let subject = subject.filter(|id| !matches!(id, ReleasedId::None { .. }));
        for (key, role, is_device) in [("$user_id", Role::User, false), ("$device_id", Role::Device, true)] {
            if let Some(id) = event.id(role).or_else(|| subject.filter(|id| id.is_device() == is_device)) {
                put_key(out, key);
                put_bare_id(out, id);
            }
        }
        if event.operation() == Operation::Identify
            && let Some(id) = anonymous(event)
        {
            put_key(out, "$anon_distinct_id");
            put_id(out, id);
        }
        self.put_groups(event, out, true);
    }

    /// Group ids as the lists that group analytics expects. `comma`: something stands before them.
    pub(super) fn put_groups(&mut self, event: &Released<'_>, out: &mut Vec<u8>, mut comma: bool) -> bool {
        for kind in group_types(event) {
            if std::mem::replace(&mut comma, true) {
                out.push(b',');
            }
            put_string(out, self.keys.names().entry(kind).key.as_bytes());
            out.push(b':');
            for (n, id) in groups_of(event, kind).enumerate() {
                out.push(if n == 0 { b'[' } else { b',' });
                put_bare_id(out, id);
            }
            out.push(b']');
        }
        comma
    }

    /// What links two ids in a project of this way of merging; `None` where it has no word for it.
    pub(super) fn link(&self, event: &Released<'_>) -> Option<&'static str> {
        match (self.merge, event.operation()) {
            (IdentityMerge::Original, Operation::Identify) => Some("$identify"),
            (IdentityMerge::Original, Operation::Merge) => Some("$merge"),
            (IdentityMerge::Original | IdentityMerge::Legacy, Operation::Alias) => Some("$create_alias"),
            // The user's id becomes another name of the anonymous one, which it must not be already.
            (IdentityMerge::Legacy, Operation::Identify) => {
                anonymous(event).filter(|id| *id != event.subject()).map(|_| "$create_alias")
            }
            _ => None,
        }
    }
}

/// The id before an identify.
fn anonymous<'a>(event: &'a Released<'_>) -> Option<&'a ReleasedId> {
    event.id(Role::Previous).or_else(|| event.id(Role::Device))
}

/// An id with the prefix by which Mixpanel knows devices, which decoding took off (D6).
pub(in crate::vendors::mixpanel) fn put_id(out: &mut Vec<u8>, id: &ReleasedId) {
    out.push(b'"');
    if id.is_device() {
        out.extend_from_slice(b"$device:");
    }
    put_id_text(out, id);
    out.push(b'"');
}

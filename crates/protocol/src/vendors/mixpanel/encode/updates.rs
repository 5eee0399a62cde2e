//! Profile operations of people and groups.

use weir_event::{LeafKind, Operation, ProfileOp};
use weir_policy::Released;
use weir_policy::release::ReleasedLeaf;

use super::MixpanelEncoder;
use super::events::put_id;
use super::keys::{KeyText, Select, Tape};
use crate::writing::{
    group_of, put_bare_id, put_field, put_key, put_number, put_scalar, put_string, put_tape, put_unset,
};

impl MixpanelEncoder {
    pub(super) fn put_update(&mut self, event: &Released<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"$token\":");
        out.extend_from_slice(&self.token);
        let op = match event.operation() {
            Operation::Group(op) => {
                if let Some((kind, id)) = group_of(event) {
                    put_field(out, "$group_key", self.keys.names().entry(kind).key);
                    put_key(out, "$group_id");
                    put_bare_id(out, id);
                }
                op
            }
            Operation::Profile(_) | Operation::Join => {
                put_key(out, "$distinct_id");
                put_id(out, event.subject());
                out.extend_from_slice(b",\"$ip\":0");
                match event.operation() {
                    Operation::Profile(op) => op,
                    // The groups are all that there is to say.
                    _ => ProfileOp::Union,
                }
            }
            // `lane_of` puts nothing else here; an update without an operation is refused by the vendor, not misread.
            _ => ProfileOp::Unset,
        };
        out.extend_from_slice(b",\"$time\":");
        put_number(out, event.time().seconds());
        let is_person = !matches!(event.operation(), Operation::Group(_));
        put_key(out, operator(op).unwrap_or("$unset"));
        match op {
            ProfileOp::Delete => out.extend_from_slice(b"\"\""),
            ProfileOp::Unset => {
                out.push(b'[');
                put_unset(out, event.leaves(), &mut Tape { keys: &mut self.keys, select: Select::Profile }, b"");
                out.push(b']');
            }
            _ => {
                out.push(b'{');
                let mut comma = false;
                if is_person && matches!(op, ProfileOp::Set | ProfileOp::SetOnce | ProfileOp::Union) {
                    comma = self.put_groups(event, out, comma);
                }
                if is_person
                    && op == ProfileOp::Set
                    && let Some(code) = event.country().code()
                    && !event.leaves().iter().any(|leaf| self.keys.of(leaf.path(), KeyText::new).is_profile_country)
                {
                    if comma {
                        out.push(b',');
                    }
                    comma = true;
                    out.extend_from_slice(b"\"$country_code\":");
                    put_string(out, code.as_bytes());
                }
                let mut tape = Tape { keys: &mut self.keys, select: Select::Profile };
                match event.operation() {
                    // Whoever joins a group says nothing else of the person.
                    Operation::Join => {}
                    _ if op == ProfileOp::Union => put_lists(out, event.leaves(), &mut tape, comma),
                    _ => {
                        put_tape(out, event.leaves(), &mut tape, comma);
                    }
                }
                out.push(b'}');
            }
        }
        out.push(b'}');
    }
}

/// The key of a profile operation; `None` where Mixpanel has none.
pub(super) fn operator(op: ProfileOp) -> Option<&'static str> {
    Some(match op {
        ProfileOp::Set => "$set",
        ProfileOp::SetOnce => "$set_once",
        ProfileOp::Add => "$add",
        ProfileOp::Append => "$append",
        ProfileOp::Union => "$union",
        ProfileOp::Remove => "$remove",
        ProfileOp::Unset => "$unset",
        ProfileOp::Delete => "$delete",
        ProfileOp::Prepend | ProfileOp::PreInsert | ProfileOp::Clear => return None,
    })
}

/// Writes a tape whose values must be lists: Mixpanel refuses a `$union` of anything else, and other vendors' SDKs send one value
/// bare.
fn put_lists(out: &mut Vec<u8>, leaves: &[ReleasedLeaf<'_>], keys: &mut Tape<'_>, mut comma: bool) {
    let mut rest = leaves;
    while let Some(first) = rest.iter().position(|leaf| leaf.kind() != LeafKind::MapKey) {
        let (mut end, mut depth) = (first, 0_u32);
        for leaf in &rest[first..] {
            end += 1;
            match leaf.kind() {
                LeafKind::ObjectBegin | LeafKind::ArrayBegin => depth += 1,
                LeafKind::ObjectEnd | LeafKind::ArrayEnd => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        let (value, after) = rest.split_at(end);
        rest = after;
        let start = out.len();
        comma = put_tape(out, value, keys, comma);
        // The key ends where the value begins; a value of its own is put in brackets.
        if value[first].kind().is_scalar() && out.len() > start {
            let mut bare = Vec::new();
            put_scalar(&mut bare, &value[first]);
            let at = out.len() - bare.len();
            out.insert(at, b'[');
            out.push(b']');
        }
    }
}

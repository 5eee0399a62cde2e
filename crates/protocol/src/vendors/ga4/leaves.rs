//! Parameters and user properties: where a leaf goes, by what name, and how many of them there may be.

use weir_event::{LeafKind, NameId, Names, Operation, Rule};
use weir_policy::{Released, ReleasedId};

use super::Ga4Encoder;
use super::head::is_longer;
use super::names::{
    NAME_MAX, PARAMS, RESERVED_PARAMS, RESERVED_USER, USER_NAME_MAX, VALUE_CHARS_MAX, name_of, own_param,
};
use crate::writing::{group_types, groups_of, put_key, put_number, put_scalar};

/// Parameters of one event.
const PARAMS_MAX: usize = 25;
/// User properties of one request.
const USER_PROPERTIES_MAX: usize = 25;
/// Characters of a value of a user property.
const USER_VALUE_CHARS_MAX: usize = 36;

/// Where a leaf goes, and by what name.
pub(super) struct Key {
    place: Place,
    name: String,
    chars_max: usize,
    /// One of [`PARAMS`] by its path: what has the name alone is not.
    is_known: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Param,
    User,
    /// Said otherwise.
    Nowhere,
}

impl Key {
    pub(super) fn new(names: &Names, path: NameId) -> Key {
        let entry = names.entry(path);
        let of = |place, name: &str| Key { place, name: name.to_owned(), chars_max: VALUE_CHARS_MAX, is_known: false };
        if let Some((_, name, chars_max)) = PARAMS.iter().find(|(of, ..)| *of == entry.text) {
            return Key { chars_max: *chars_max, is_known: true, ..of(Place::Param, name) };
        }
        match entry.text.strip_prefix("context.") {
            // The gate's own, which is `user_location`; an address leaves nowhere (D18).
            _ if matches!(entry.text, "context.location.country" | "context.ip") => of(Place::Nowhere, ""),
            Some(rest) => of(Place::Param, rest),
            None if entry.text.starts_with("profile.") => of(Place::User, entry.key),
            None if entry.text.starts_with("group.") => of(Place::Nowhere, ""),
            None => of(Place::Param, entry.key),
        }
    }
}

#[derive(Default)]
pub(super) struct Counts {
    /// Every parameter that the event will have.
    params: usize,
    user: usize,
    pub(super) has_session: bool,
}

impl Ga4Encoder {
    /// The first group of each type, by the name of its parameter.
    pub(super) fn groups<'e>(&self, event: &'e Released<'_>) -> Result<Vec<(String, &'e ReleasedId)>, Rule> {
        let mut groups: Vec<(String, &ReleasedId)> = Vec::new();
        for kind in group_types(event) {
            let Some(id) = groups_of(event, kind).next() else { continue };
            let name = name_of(&format!("group_{}", self.keys.names().entry(kind).key), NAME_MAX, RESERVED_PARAMS);
            if is_longer(id, VALUE_CHARS_MAX) || groups.iter().any(|(taken, _)| *taken == name) {
                return Err(Rule::OverLimit);
            }
            groups.push((name, id));
            // With the insert id.
            if groups.len() + 1 > PARAMS_MAX {
                return Err(Rule::OverLimit);
            }
        }
        Ok(groups)
    }

    /// Writes parameters to `params` and user properties to `user`, each with a comma before it.
    pub(super) fn put_leaves(
        &mut self,
        event: &Released<'_>,
        groups: &[(String, &ReleasedId)],
        params: &mut Vec<u8>,
        user: &mut Vec<u8>,
    ) -> Result<Counts, Rule> {
        // The insert id and the groups are there already.
        let mut counts = Counts { params: 1 + groups.len(), ..Counts::default() };
        // Names of what is open, and the next index of what is a list.
        let mut open: Vec<(String, Option<u32>)> = Vec::new();
        let mut top = Place::Nowhere;
        let mut map_key: Option<String> = None;
        let is_profile = matches!(event.operation(), Operation::Profile(_));
        let mut seen: Vec<(Place, String)> = groups.iter().map(|(name, _)| (Place::Param, name.clone())).collect();
        for leaf in event.leaves() {
            match leaf.kind() {
                LeafKind::MapKey => {
                    map_key = Some(leaf.text().to_owned());
                    continue;
                }
                LeafKind::ObjectEnd | LeafKind::ArrayEnd => {
                    open.pop();
                    continue;
                }
                _ => {}
            }
            let key = self.keys.of(leaf.path(), Key::new);
            let own_key = map_key.take();
            let is_known = key.is_known && open.is_empty();
            let name = match open.last_mut() {
                None => {
                    top = key.place;
                    key.name.clone()
                }
                Some((above, index)) => {
                    let part = match (index, own_key) {
                        (Some(index), _) => {
                            *index += 1;
                            (*index - 1).to_string()
                        }
                        (None, Some(own)) => own,
                        (None, None) => key.name.clone(),
                    };
                    format!("{above}_{part}")
                }
            };
            if matches!(leaf.kind(), LeafKind::ObjectBegin | LeafKind::ArrayBegin) {
                open.push((name, (leaf.kind() == LeafKind::ArrayBegin).then_some(0)));
                continue;
            }
            if leaf.kind() == LeafKind::Null {
                continue;
            }
            let place = top;
            let (out, count, chars_max, name) = match place {
                Place::Nowhere => continue,
                // An update of a profile is all about the person.
                Place::Param if is_profile => continue,
                Place::Param if is_known => (&mut *params, &mut counts.params, key.chars_max, name),
                Place::Param => (&mut *params, &mut counts.params, VALUE_CHARS_MAX, own_param(&name)),
                Place::User => {
                    let name = name_of(&name, USER_NAME_MAX, RESERVED_USER);
                    (&mut *user, &mut counts.user, USER_VALUE_CHARS_MAX, name)
                }
            };
            if leaf.kind().has_text() && leaf.text().chars().count() > chars_max {
                return Err(Rule::OverLimit);
            }
            // One name for two values would leave one of them out.
            if seen.iter().any(|(p, n)| *p == place && *n == name) {
                return Err(Rule::OverLimit);
            }
            let is_session = is_known && name == "session_id";
            // A session brings the time of engagement along.
            *count += 1 + usize::from(is_session);
            counts.has_session |= is_session;
            // At once: each further one is compared with all before it, and an event may have 2,000.
            if counts.params > PARAMS_MAX || counts.user > USER_PROPERTIES_MAX {
                return Err(Rule::OverLimit);
            }
            put_key(out, &name);
            if place == Place::User {
                out.extend_from_slice(b"{\"value\":");
            }
            match leaf.kind() {
                _ if is_session => put_session(out, leaf.text()),
                LeafKind::True => out.extend_from_slice(b"\"true\""),
                LeafKind::False => out.extend_from_slice(b"\"false\""),
                _ => put_scalar(out, leaf),
            }
            if place == Place::User {
                out.push(b'}');
            }
            seen.push((place, name));
        }
        Ok(counts)
    }
}

/// A session as Google takes it: digits, as they are or made of it.
fn put_session(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    if (1..=18).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) {
        out.extend_from_slice(text.as_bytes());
    } else {
        let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
        let number = digest.as_ref().iter().take(6).fold(0_i64, |number, byte| number << 8 | i64::from(*byte));
        put_number(out, number);
    }
    out.push(b'"');
}

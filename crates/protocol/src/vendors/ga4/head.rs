//! What holds for a whole request: who it is about, from which country, with what consent.

use weir_event::{ConsentState, Purpose, Role, Rule, SubjectKind};
use weir_policy::{Released, ReleasedId};

use super::Ga4Encoder;
use crate::writing::{put_bare_id, put_field, put_id_text, put_key, put_string};

/// Characters of a user's id. Source: event collection limits, User-ID value.
const USER_ID_CHARS_MAX: usize = 256;

/// Who an event is about.
struct Person<'a> {
    user: Option<&'a ReleasedId>,
    device: Option<&'a ReleasedId>,
}

impl<'a> Person<'a> {
    fn of(event: &'a Released<'_>) -> Person<'a> {
        let find = |is_kind: fn(SubjectKind) -> bool, roles: [Role; 3]| {
            let in_role = |role: &Role| event.ids().iter().find(|id| id.role == *role && is_kind(id.kind));
            roles.iter().find_map(in_role).map(|id| &id.id)
        };
        let is_user = |kind| matches!(kind, SubjectKind::User | SubjectKind::Email | SubjectKind::Phone);
        Person {
            user: find(is_user, [Role::Subject, Role::User, Role::Next]),
            device: find(|kind| kind == SubjectKind::Device, [Role::Device, Role::Subject, Role::Previous]),
        }
    }
}

impl Ga4Encoder {
    /// What holds for the whole request.
    pub(super) fn put_head(&self, event: &Released<'_>, user: &[u8], out: &mut Vec<u8>) -> Result<(), Rule> {
        let person = Person::of(event);
        if [person.user, person.device].into_iter().flatten().any(|id| is_longer(id, USER_ID_CHARS_MAX)) {
            return Err(Rule::OverLimit);
        }
        let client = person.device.or(person.user).unwrap_or(event.subject());
        if self.is_app {
            out.extend_from_slice(b"{\"app_instance_id\":\"");
            // 32 hexadecimal digits: a pseudonym without its hyphens. Another id is one only where it looks like one.
            let mut text = Vec::new();
            put_id_text(&mut text, client);
            text.retain(|b| *b != b'-');
            if text.len() != 32 || !text.iter().all(u8::is_ascii_hexdigit) {
                return Err(Rule::NoEquivalent);
            }
            out.extend_from_slice(&text);
            out.push(b'"');
        } else {
            out.extend_from_slice(b"{\"client_id\":");
            put_bare_id(out, client);
        }
        if let Some(user) = person.user {
            put_key(out, "user_id");
            put_bare_id(out, user);
        }
        if let Some(code) = event.country().code() {
            out.extend_from_slice(b",\"user_location\":{\"country_id\":");
            put_string(out, code.as_bytes());
            out.push(b'}');
        }
        let consents = event.consents();
        let state = |purpose| consents.state(purpose);
        let ads = state(Purpose::Advertising) == ConsentState::Given
            && state(Purpose::SaleOrSharing) != ConsentState::Refused;
        let personal = ads && state(Purpose::Personalization) == ConsentState::Given;
        let word = |given| if given { "GRANTED" } else { "DENIED" };
        out.extend_from_slice(b",\"consent\":{\"ad_user_data\":\"");
        out.extend_from_slice(word(ads).as_bytes());
        out.push(b'"');
        put_field(out, "ad_personalization", word(personal));
        out.push(b'}');
        if let Some(user) = user.strip_prefix(b",") {
            out.extend_from_slice(b",\"user_properties\":{");
            out.extend_from_slice(user);
            out.push(b'}');
        }
        out.extend_from_slice(b",\"events\":[");
        Ok(())
    }
}

/// Whether an id has too many characters; a pseudonym never has.
pub(super) fn is_longer(id: &ReleasedId, chars_max: usize) -> bool {
    matches!(id, ReleasedId::Raw { text, .. } if text.chars().count() > chars_max)
}

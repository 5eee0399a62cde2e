//! Paths as they stand on the wire, in the form that D1 gives them: what only holds properties is no part of a property's name.

use std::borrow::Cow;

/// Objects of the vendors that hold an event's properties.
const OF_EVENTS: &[&str] = &["properties", "event_properties", "eventProperties"];
/// Objects of the vendors that hold what is said about a person.
const OF_PERSONS: &[&str] =
    &["$set", "$set_once", "traits", "context.traits", "user_properties", "userProperties", "person_properties"];

/// A path of a vendor's JSON as D1 writes it: `properties.plan` is `plan`, `traits.email` and `properties.$set.email` are
/// `profile.email`; `context.ip` stays what it is.
pub fn of_wire(path: &str) -> Cow<'_, str> {
    let below = |path: &str, containers: &[&str]| {
        containers.iter().find_map(|c| path.strip_prefix(c)?.strip_prefix('.').map(str::len)).filter(|len| *len > 0)
    };
    let path = below(path, OF_EVENTS).map_or(path, |len| &path[path.len() - len..]);
    match below(path, OF_PERSONS) {
        Some(len) => format!("profile.{}", &path[path.len() - len..]).into(),
        None => path.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_holds_properties_is_no_part_of_their_names() {
        for (wire, path) in [
            ("properties.plan", "plan"),
            ("event_properties.experiment.variant", "experiment.variant"),
            ("properties.traits.email", "profile.email"),
            ("traits.address.city", "profile.address.city"),
            ("context.traits.name", "profile.name"),
            ("properties.$set.$email", "profile.$email"),
            ("user_properties.id", "profile.id"),
            ("context.ip", "context.ip"),
            ("propertiesx.plan", "propertiesx.plan"),
            ("properties", "properties"),
            ("properties.", "properties."),
            ("traits", "traits"),
            ("event", "event"),
        ] {
            assert_eq!(of_wire(wire), path, "{wire}");
        }
    }
}

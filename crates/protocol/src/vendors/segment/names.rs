//! Segment's names for what the canonical event calls `context.*`, as data, used in both directions and tested both ways.
//! RudderStack's are the same.

/// (Key in a message's `context`, canonical path). Source: Segment's specification ("Context"), analytics-next 1.84.3,
/// rudder-sdk-js 3.34.1.
pub const CONTEXT: &[(&str, &str)] = &[
    ("ip", "context.ip"),
    ("locale", "context.locale"),
    ("timezone", "context.timezone"),
    ("userAgent", "context.user_agent"),
    ("sessionId", "context.session_id"),
    ("app", "context.app"),
    ("campaign", "context.campaign"),
    ("device", "context.device"),
    ("library", "context.library"),
    ("location", "context.location"),
    ("network", "context.network"),
    ("os", "context.os"),
    ("page", "context.page"),
    ("screen", "context.screen"),
];

/// Where in [`CONTEXT`] the objects begin: their keys are canonical as they are, those that Segment does not name too.
pub const PARTS: usize = 5;

/// Properties by which a page says again what `context.page` says. Source: Segment's specification ("Page").
pub const PAGE: [&str; 5] = ["path", "referrer", "search", "title", "url"];

/// Keys of a message that are no part of its `context`, though the canonical event knows them below `context.meta`.
pub const ENVELOPE: &[&str] = &["_metadata", "channel", "integrations", "version"];

/// The canonical path of a key in `context`, such as `context.userAgent`. Keys inside the objects are canonical by themselves.
pub fn canonical_path(property: &str) -> Option<&'static str> {
    let key = property.strip_prefix("context.")?;
    CONTEXT[..PARTS].iter().find(|(name, _)| *name == key).map(|(_, path)| *path)
}

/// The key in `context` of a canonical path.
pub fn key(canonical: &str) -> Option<&'static str> {
    CONTEXT.iter().find(|(_, path)| *path == canonical).map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        for (i, (name, path)) in CONTEXT.iter().enumerate() {
            assert_eq!(key(path), Some(*name));
            let canonical = canonical_path(&format!("context.{name}"));
            assert_eq!(canonical, (i < PARTS).then_some(*path), "{name}");
            assert!(i < PARTS || *path == format!("context.{name}"), "an object bears its own name");
        }
    }
}

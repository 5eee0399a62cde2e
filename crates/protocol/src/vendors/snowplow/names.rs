//! The keys of Snowplow's tracker protocol and of its own entities, as data: where each goes and what its text is.
//!
//! Trackers send every value as a text; the protocol says what it is. Sources: Snowplow's "Tracker protocol", and the schemas of
//! its entities in Iglu Central. A key that is in no table here goes to `context.meta` under its own name.

/// (Key of an event, canonical path or the event property's name). What the warehouse has its own column for and no vendor
/// has a word for keeps Snowplow's name of the column.
pub const FIELDS: &[(&str, &str)] = &[
    ("url", "context.page.url"),
    ("refr", "context.page.referrer"),
    ("page", "context.page.title"),
    ("ua", "context.user_agent"),
    ("lang", "context.locale"),
    ("tz", "context.timezone"),
    ("ip", "context.ip"),
    ("sid", "context.session_id"),
    ("vid", "context.meta.vid"),
    ("cd", "context.meta.cd"),
    ("cookie", "context.meta.cookie"),
    ("f_pdf", "context.meta.f_pdf"),
    ("f_qt", "context.meta.f_qt"),
    ("f_realp", "context.meta.f_realp"),
    ("f_wma", "context.meta.f_wma"),
    ("f_dir", "context.meta.f_dir"),
    ("f_fla", "context.meta.f_fla"),
    ("f_java", "context.meta.f_java"),
    ("f_gears", "context.meta.f_gears"),
    ("f_ag", "context.meta.f_ag"),
    ("res", "context.screen.width"),
    ("res height", "context.screen.height"),
    ("tv", "context.library.name"),
    ("tv version", "context.library.version"),
    ("ue schema", "context.meta.schema"),
    // Structured events. The action is the event's name.
    ("se_ca", "category"),
    ("se_la", "label"),
    ("se_pr", "property"),
    ("se_va", "value"),
    // Page pings.
    ("pp_mix", "pp_xoffset_min"),
    ("pp_max", "pp_xoffset_max"),
    ("pp_miy", "pp_yoffset_min"),
    ("pp_may", "pp_yoffset_max"),
    // Transactions. The total is the revenue; an item's price is a property of it, or destinations that add up `price` times
    // `quantity` would count the order twice.
    ("tr_tt", "context.revenue.amount"),
    ("tr_cu", "context.revenue.currency"),
    ("tr_id", "order_id"),
    ("tr_af", "affiliation"),
    ("tr_tx", "tax"),
    ("tr_sh", "shipping"),
    ("tr_ci", "city"),
    ("tr_st", "state"),
    ("tr_co", "country"),
    ("ti_id", "order_id"),
    ("ti_sk", "sku"),
    ("ti_nm", "name"),
    ("ti_ca", "category"),
    ("ti_pr", "price"),
    ("ti_qu", "quantity"),
    ("ti_cu", "currency"),
    // Entities: those of a device.
    ("entity.osType", "context.os.name"),
    ("entity.osVersion", "context.os.version"),
    ("entity.deviceManufacturer", "context.device.manufacturer"),
    ("entity.deviceModel", "context.device.model"),
    ("entity.carrier", "context.network.carrier"),
    ("entity.language", "context.locale"),
    ("entity.resolution", "context.screen.width"),
    ("entity.scale", "context.screen.density"),
    // `browser_context`.
    ("entity.browserLanguage", "context.locale"),
    ("entity.devicePixelRatio", "context.screen.density"),
    // `application`.
    ("entity.version", "context.app.version"),
    ("entity.build", "context.app.build"),
    // `geolocation_context`.
    ("entity.latitude", "context.location.latitude"),
    ("entity.longitude", "context.location.longitude"),
    // `client_session`.
    ("entity.sessionId", "context.session_id"),
    // `transaction` of the e-commerce entities.
    ("entity.revenue", "context.revenue.amount"),
    ("entity.currency", "context.revenue.currency"),
];

/// What the text of a key of an event is, where it is not a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Type {
    /// A number, kept as it is written.
    Number,
    /// `1` or `0`.
    Flag,
    /// Width and height: `1280x720`.
    Size,
}

/// Keys of an event whose text is not a text.
pub const TYPED: &[(&str, Type)] = &[
    ("vid", Type::Number),
    ("cd", Type::Number),
    ("cookie", Type::Flag),
    ("res", Type::Size),
    ("se_va", Type::Number),
    ("pp_mix", Type::Number),
    ("pp_max", Type::Number),
    ("pp_miy", Type::Number),
    ("pp_may", Type::Number),
    ("tr_tt", Type::Number),
    ("tr_tx", Type::Number),
    ("tr_sh", Type::Number),
    ("ti_pr", Type::Number),
    ("ti_qu", Type::Number),
    ("f_pdf", Type::Flag),
    ("f_qt", Type::Flag),
    ("f_realp", Type::Flag),
    ("f_wma", Type::Flag),
    ("f_dir", Type::Flag),
    ("f_fla", Type::Flag),
    ("f_java", Type::Flag),
    ("f_gears", Type::Flag),
    ("f_ag", Type::Flag),
];

/// Keys of an entity of Snowplow's own that have a canonical path, by the entity's vendor and name. Ids in them are read by the
/// decoder and stand on no tape.
pub const ENTITIES: &[(&str, &str, &[&str])] = &[
    ("com.snowplowanalytics.snowplow", "client_session", &["entity.sessionId"]),
    ("com.snowplowanalytics.snowplow", "web_page", &[]),
    ("com.snowplowanalytics.snowplow", "mobile_context", DEVICE),
    ("com.snowplowanalytics.snowplow", "desktop_context", DEVICE),
    (
        "com.snowplowanalytics.snowplow",
        "browser_context",
        &["entity.browserLanguage", "entity.devicePixelRatio", "entity.resolution"],
    ),
    ("com.snowplowanalytics.snowplow", "geolocation_context", &["entity.latitude", "entity.longitude"]),
    ("com.snowplowanalytics.snowplow", "application", &["entity.version", "entity.build"]),
    ("com.snowplowanalytics.mobile", "application", &["entity.version", "entity.build"]),
    ("com.snowplowanalytics.snowplow.ecommerce", "transaction", &["entity.revenue", "entity.currency"]),
];

const DEVICE: &[&str] = &[
    "entity.osType",
    "entity.osVersion",
    "entity.deviceManufacturer",
    "entity.deviceModel",
    "entity.carrier",
    "entity.language",
    "entity.resolution",
    "entity.scale",
];

/// Entities that hold nothing but ids of other systems: cookies of Google Analytics. Read past.
pub const FORGOTTEN: &[(&str, &str)] = &[("com.google.analytics", "cookies"), ("com.google.ga4", "cookies")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_that_is_typed_or_of_an_entity_has_a_path() {
        let is_known = |key: &str| FIELDS.iter().any(|(name, _)| *name == key);
        assert!(TYPED.iter().all(|(key, _)| is_known(key)));
        assert!(ENTITIES.iter().flat_map(|(_, _, keys)| keys.iter()).all(|key| is_known(key)));
        for (place, (key, _)) in FIELDS.iter().enumerate() {
            assert!(FIELDS[..place].iter().all(|(before, _)| before != key), "{key} twice");
        }
    }
}

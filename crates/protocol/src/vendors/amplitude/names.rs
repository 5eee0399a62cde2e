//! Amplitude's names for what the canonical event calls `context.*`, as data, used in both directions and tested both ways.
//!
//! Amplitude says the same sort of thing in two places: as fields of the event ([`FIELDS`]) and, what a browser adds, as event
//! properties ([`PROPERTIES`]). A field's name means nothing among the properties: a product's own `country` stays its own.

/// (Field of the event, canonical path). Where two fields have one path, the first is what we send.
/// Source: Amplitude's HTTP V2 API reference; captured requests of amplitude-python 1.3.0; amplitude-js 8.21.10 for `version_name`;
/// the source of amplitude-swift for `product_id` and `revenue_type`.
pub const FIELDS: &[(&str, &str)] = &[
    ("platform", "context.platform"),
    ("os_name", "context.os.name"),
    ("os_version", "context.os.version"),
    ("device_brand", "context.device.brand"),
    ("device_manufacturer", "context.device.manufacturer"),
    ("device_model", "context.device.model"),
    ("carrier", "context.network.carrier"),
    ("language", "context.locale"),
    ("country", "context.location.country"),
    ("region", "context.location.region"),
    ("city", "context.location.city"),
    ("dma", "context.location.dma"),
    ("location_lat", "context.location.latitude"),
    ("location_lng", "context.location.longitude"),
    ("ip", "context.ip"),
    ("user_agent", "context.user_agent"),
    ("app_version", "context.app.version"),
    ("version_name", "context.app.version"),
    ("session_id", "context.session_id"),
    ("idfa", "context.device.idfa"),
    ("idfv", "context.device.idfv"),
    ("adid", "context.device.adid"),
    ("android_id", "context.device.android_id"),
    ("android_app_set_id", "context.device.android_app_set_id"),
    ("price", "context.revenue.price"),
    ("quantity", "context.revenue.quantity"),
    ("revenue", "context.revenue.amount"),
    ("productId", "context.revenue.product_id"),
    ("revenueType", "context.revenue.type"),
    ("product_id", "context.revenue.product_id"),
    ("revenue_type", "context.revenue.type"),
    ("currency", "context.revenue.currency"),
];

/// (Event property, canonical path), for what the browser SDK adds to events.
/// Source: captured requests of analytics-browser 2.47.1; its attribution plugins for the parameters.
pub const PROPERTIES: &[(&str, &str)] = &[
    ("[Amplitude] Page Location", "context.page.url"),
    ("[Amplitude] Page URL", "context.page.url_without_query"),
    ("[Amplitude] Page Domain", "context.page.domain"),
    ("[Amplitude] Page Path", "context.page.path"),
    ("[Amplitude] Page Title", "context.page.title"),
    ("referrer", "context.page.referrer"),
    ("referring_domain", "context.page.referring_domain"),
    ("utm_source", "context.campaign.source"),
    ("utm_medium", "context.campaign.medium"),
    ("utm_campaign", "context.campaign.name"),
    ("utm_term", "context.campaign.term"),
    ("utm_content", "context.campaign.content"),
    ("utm_id", "context.campaign.id"),
    ("dclid", "context.click.dclid"),
    ("fbclid", "context.click.fbclid"),
    ("gbraid", "context.click.gbraid"),
    ("gclid", "context.click.gclid"),
    ("ko_click_id", "context.click.ko_click_id"),
    ("li_fat_id", "context.click.li_fat_id"),
    ("msclkid", "context.click.msclkid"),
    ("rdt_cid", "context.click.rdt_cid"),
    ("ttclid", "context.click.ttclid"),
    ("twclid", "context.click.twclid"),
    ("wbraid", "context.click.wbraid"),
];

/// (Property of an event named [`REVENUE_EVENT`], canonical path).
/// Source: `Revenue` of the SDKs; captured requests of amplitude-python 1.3.0.
pub const REVENUE: &[(&str, &str)] = &[
    ("$price", "context.revenue.price"),
    ("$quantity", "context.revenue.quantity"),
    ("$revenue", "context.revenue.amount"),
    ("$productId", "context.revenue.product_id"),
    ("$revenueType", "context.revenue.type"),
    ("$currency", "context.revenue.currency"),
];

/// Parts of a field that hold more than one thing: `library` is `name/version`, or an object in old SDKs, which also write the
/// browser where the operating system belongs.
pub const PARTS: &[(&str, &str)] = &[
    ("library.name", "context.library.name"),
    ("library.version", "context.library.version"),
    ("browser.name", "context.browser.name"),
    ("browser.version", "context.browser.version"),
];

const ALL_LEN: usize = FIELDS.len() + PROPERTIES.len() + PARTS.len();
const ALL_ARRAY: [(&str, &str); ALL_LEN] = {
    let mut all = [("", ""); ALL_LEN];
    let mut at = 0;
    while at < ALL_LEN {
        all[at] = if at < FIELDS.len() {
            FIELDS[at]
        } else if at < FIELDS.len() + PROPERTIES.len() {
            PROPERTIES[at - FIELDS.len()]
        } else {
            PARTS[at - FIELDS.len() - PROPERTIES.len()]
        };
        at += 1;
    }
    all
};

/// The tables in one, for their ids. No name is in two of them.
pub const ALL: &[(&str, &str)] = &ALL_ARRAY;

/// What Amplitude calls a page view. Source: captured requests of analytics-browser 2.47.1.
pub const PAGE: &str = "[Amplitude] Page Viewed";
/// What its mobile SDKs call a screen view. Source: the source of amplitude-swift and amplitude-kotlin.
pub const SCREEN: &str = "[Amplitude] Screen Viewed";
/// What a revenue call becomes.
pub const REVENUE_EVENT: &str = "revenue_amount";
/// What an identify call becomes.
pub const IDENTIFY: &str = "$identify";
/// What a group identify call becomes.
pub const GROUP_IDENTIFY: &str = "$groupidentify";

/// The canonical path of a field of events.
pub fn field_path(field: &str) -> Option<&'static str> {
    FIELDS.iter().find(|(name, _)| *name == field).map(|(_, path)| *path)
}

/// The canonical path of an event property.
pub fn canonical_path(property: &str) -> Option<&'static str> {
    PROPERTIES.iter().find(|(name, _)| *name == property).map(|(_, path)| *path)
}

/// The field that a canonical path is sent as.
pub fn field(canonical: &str) -> Option<&'static str> {
    FIELDS.iter().find(|(_, path)| *path == canonical).map(|(name, _)| *name)
}

/// The event property that a canonical path is sent as, where it is no field.
pub fn property(canonical: &str) -> Option<&'static str> {
    PROPERTIES.iter().find(|(_, path)| *path == canonical).map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        for (name, path) in FIELDS {
            assert_eq!(field_path(name), Some(*path));
            assert_eq!(field_path(field(path).expect("every path has a field")), Some(*path), "{name}");
            assert_eq!(canonical_path(name), None, "a field's name means nothing among properties");
        }
        for (name, path) in PROPERTIES {
            assert_eq!(canonical_path(name), Some(*path));
            assert_eq!(property(path), Some(*name));
            assert_eq!((field(path), field_path(name)), (None, None));
        }
        let shared: Vec<_> = FIELDS.iter().filter(|(name, path)| field(path) != Some(name)).map(|(n, _)| *n).collect();
        assert_eq!(shared, ["version_name", "product_id", "revenue_type"]);
    }

    #[test]
    fn what_a_revenue_event_says_has_a_field_too() {
        for (_, path) in REVENUE {
            assert!(field(path).is_some(), "{path}");
        }
    }

    #[test]
    fn no_name_is_in_two_tables() {
        let mut names: Vec<_> = ALL.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }
}

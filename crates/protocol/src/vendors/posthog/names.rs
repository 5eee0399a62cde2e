//! PostHog's names for what the canonical event calls `context.*`, as data, used in both directions and tested both ways.

/// (PostHog's property, canonical path). Where two properties have one path, the first is what we send.
/// Source of the properties: captures of posthog-js, posthog-node and posthog-python; PostHog's `CORE_FILTER_DEFINITIONS_BY_GROUP` for
/// those of mobile SDKs and of its own GeoIP.
pub const CONTEXT: &[(&str, &str)] = &[
    ("$lib", "context.library.name"),
    ("$lib_version", "context.library.version"),
    ("$os", "context.os.name"),
    ("$os_name", "context.os.name"),
    ("$os_version", "context.os.version"),
    ("$browser", "context.browser.name"),
    ("$browser_version", "context.browser.version"),
    ("$browser_language", "context.locale"),
    ("$locale", "context.locale"),
    ("$device_model", "context.device.model"),
    ("$device_name", "context.device.name"),
    ("$device", "context.device.name"),
    ("$device_manufacturer", "context.device.manufacturer"),
    ("$device_type", "context.device.type"),
    ("$screen_width", "context.screen.width"),
    ("$screen_height", "context.screen.height"),
    ("$screen_density", "context.screen.density"),
    ("$viewport_width", "context.viewport.width"),
    ("$viewport_height", "context.viewport.height"),
    ("$raw_user_agent", "context.user_agent"),
    ("$user_agent", "context.user_agent"),
    ("$current_url", "context.page.url"),
    ("$pathname", "context.page.path"),
    ("$host", "context.page.domain"),
    ("$referrer", "context.page.referrer"),
    ("$referring_domain", "context.page.referring_domain"),
    ("$initial_referrer", "context.page.initial_referrer"),
    ("$initial_referring_domain", "context.page.initial_referring_domain"),
    ("utm_source", "context.campaign.source"),
    ("utm_medium", "context.campaign.medium"),
    ("utm_campaign", "context.campaign.name"),
    ("utm_term", "context.campaign.term"),
    ("utm_content", "context.campaign.content"),
    ("_kx", "context.click._kx"),
    ("bfcid", "context.click.bfcid"),
    ("dclid", "context.click.dclid"),
    ("epik", "context.click.epik"),
    ("fbclid", "context.click.fbclid"),
    ("gad_source", "context.click.gad_source"),
    ("gbraid", "context.click.gbraid"),
    ("gclid", "context.click.gclid"),
    ("gclsrc", "context.click.gclsrc"),
    ("igshid", "context.click.igshid"),
    ("irclid", "context.click.irclid"),
    ("li_fat_id", "context.click.li_fat_id"),
    ("mc_cid", "context.click.mc_cid"),
    ("msclkid", "context.click.msclkid"),
    ("oppref", "context.click.oppref"),
    ("qclid", "context.click.qclid"),
    ("rdt_cid", "context.click.rdt_cid"),
    ("sccid", "context.click.sccid"),
    ("ttclid", "context.click.ttclid"),
    ("twclid", "context.click.twclid"),
    ("wbraid", "context.click.wbraid"),
    ("$ip", "context.ip"),
    ("$geoip_city_name", "context.location.city"),
    ("$geoip_subdivision_1_name", "context.location.region"),
    ("$geoip_country_code", "context.location.country"),
    ("$app_name", "context.app.name"),
    ("$app_namespace", "context.app.namespace"),
    ("$app_version", "context.app.version"),
    ("$app_build", "context.app.build"),
    ("$network_carrier", "context.network.carrier"),
    ("$network_wifi", "context.network.wifi"),
    ("$network_cellular", "context.network.cellular"),
    ("$network_bluetooth", "context.network.bluetooth"),
    ("$session_id", "context.session_id"),
    ("$timezone", "context.timezone"),
    ("$timezone_offset", "context.timezone_offset"),
    // What the SDK says of itself and of the request: nothing about the product, and ids among it.
    ("$is_identified", "context.meta.$is_identified"),
    ("$window_id", "context.meta.$window_id"),
    ("$pageview_id", "context.meta.$pageview_id"),
    ("$prev_pageview_id", "context.meta.$prev_pageview_id"),
    ("$lib_custom_api_host", "context.meta.$lib_custom_api_host"),
    ("$initialization_time", "context.meta.$initialization_time"),
    ("$configured_session_timeout_ms", "context.meta.$configured_session_timeout_ms"),
    ("$sdk_dist_channel", "context.meta.$sdk_dist_channel"),
    ("$config_defaults", "context.meta.$config_defaults"),
    ("$recording_status", "context.meta.$recording_status"),
    ("$autocapture_disabled_server_side", "context.meta.$autocapture_disabled_server_side"),
    ("$web_vitals_enabled_server_side", "context.meta.$web_vitals_enabled_server_side"),
    ("$lib_rate_limit_remaining_tokens", "context.meta.$lib_rate_limit_remaining_tokens"),
    ("$feature_flag_request_id", "context.meta.$feature_flag_request_id"),
    ("$is_server", "context.meta.$is_server"),
    ("$session_is_sampled", "context.meta.$session_is_sampled"),
];

/// Properties that begin so are of the SDK's own, or say of the session's beginning what the event says of itself, click ids among
/// it: `context.meta.` and their own name.
const META_PREFIXES: [&str; 4] = ["$sdk_debug_", "$debug_", "$session_entry_", "$session_recording_"];
/// What the SDK puts before the name of what it first saw of a person.
const INITIAL: &str = "$initial_";

/// What PostHog calls a page view.
pub const PAGE: &str = "$pageview";
/// What it calls the view of a screen.
pub const SCREEN: &str = "$screen";

/// Properties of page views alone: (PostHog's property, canonical path). Elsewhere `title` is a property of the product's own.
pub const PAGE_ONLY: (&str, &str) = ("title", "context.page.title");
/// Properties of screen views alone: PostHog's property and ours, both the event's own.
pub const SCREEN_ONLY: (&str, &str) = ("$screen_name", "name");

/// What release writes beside what SDKs send, and what other vendors' SDKs say and PostHog's do not: (canonical path, PostHog's
/// property). Revenue is a property of the product's own at PostHog, so ours bear a sign that none of those has.
pub const RELEASED_ONLY: &[(&str, &str)] = &[
    ("context.screen.class", "screen_class"),
    ("context.campaign.id", "utm_id"),
    ("context.revenue.amount", "$revenue"),
    ("context.revenue.currency", "$currency"),
    ("context.revenue.price", "$price"),
    ("context.revenue.quantity", "$quantity"),
    ("context.revenue.product_id", "$product_id"),
    ("context.revenue.type", "$revenue_type"),
];

/// Capture V1 says these beside the properties: (option, the property that it is elsewhere).
pub const OPTIONS: &[(&str, &str)] = &[
    ("cookieless_mode", "$cookieless_mode"),
    ("process_person_profile", "$process_person_profile"),
    ("product_tour_id", "$product_tour_id"),
];

/// Whether a property of events is one of those that have no path of their own in the table: it goes below `context.meta`.
pub fn is_meta(property: &str) -> bool {
    property.starts_with('$') && META_PREFIXES.iter().any(|prefix| property.starts_with(prefix))
}

/// Whether a property of a person is a click id: who clicked on which advertisement is no property of the product's, wherever it
/// stands.
pub fn is_click(property: &str) -> bool {
    let plain = property.strip_prefix(INITIAL).unwrap_or(property);
    CONTEXT.iter().any(|(name, path)| *name == plain && path.starts_with("context.click."))
}

/// The canonical path of a property of events.
pub fn canonical_path(property: &str) -> Option<&'static str> {
    CONTEXT.iter().find(|(name, _)| *name == property).map(|(_, path)| *path)
}

/// The property of a canonical path.
pub fn property(canonical: &str) -> Option<&str> {
    let pairs = CONTEXT.iter().map(|(name, path)| (*path, *name));
    let mut pairs = pairs.chain(RELEASED_ONLY.iter().copied()).chain([(PAGE_ONLY.1, PAGE_ONLY.0)]);
    let known = pairs.find(|(path, _)| *path == canonical).map(|(_, name)| name);
    known.or_else(|| canonical.strip_prefix("context.meta.").filter(|rest| is_meta(rest) || is_click(rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        for (name, path) in CONTEXT {
            assert_eq!(canonical_path(name), Some(*path));
            let back = property(path).expect("every path has a property");
            assert_eq!(canonical_path(back), Some(*path), "{name}");
        }
        for (path, name) in RELEASED_ONLY {
            assert_eq!(property(path), Some(*name));
            assert_eq!(canonical_path(name), None, "an SDK's own property of that name is no context");
        }
        assert_eq!(property("context.meta.$sdk_debug_x"), Some("$sdk_debug_x"));
        assert_eq!(property("context.meta.$initial_gclid"), Some("$initial_gclid"));
        assert_eq!(property("context.meta.gclid"), Some("gclid"));
        assert_eq!(property("context.meta.other"), None);
        assert_eq!(property("context.page.title"), Some("title"));
        assert_eq!(canonical_path("title"), None);
    }

    #[test]
    fn only_declared_aliases_share_a_path() {
        let shared: Vec<_> =
            CONTEXT.iter().filter(|(name, path)| property(path) != Some(name)).map(|(n, _)| *n).collect();
        assert_eq!(shared, ["$os_name", "$locale", "$device", "$user_agent"]);
    }
}

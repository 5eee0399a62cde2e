//! Mixpanel's names for what the canonical event calls `context.*`, as data, used in both directions and tested both ways.

/// (Mixpanel's property, canonical path). Where two properties have one path, the first is what we send.
/// Source of the properties: mixpanel-browser 2.83.0 `_.info`, Mixpanel's "Default Properties", and the source of mixpanel-swift and
/// mixpanel-android (`fixtures/mixpanel/README.md`).
pub const CONTEXT: &[(&str, &str)] = &[
    ("mp_lib", "context.library.name"),
    ("$lib_version", "context.library.version"),
    ("$os", "context.os.name"),
    ("$os_version", "context.os.version"),
    ("$browser", "context.browser.name"),
    ("$browser_version", "context.browser.version"),
    ("$model", "context.device.model"),
    ("$device", "context.device.name"),
    ("$manufacturer", "context.device.manufacturer"),
    ("$brand", "context.device.brand"),
    ("$screen_width", "context.screen.width"),
    ("$screen_height", "context.screen.height"),
    ("$current_url", "context.page.url"),
    ("$referrer", "context.page.referrer"),
    ("$referring_domain", "context.page.referring_domain"),
    ("$initial_referrer", "context.page.initial_referrer"),
    ("$initial_referring_domain", "context.page.initial_referring_domain"),
    ("current_page_title", "context.page.title"),
    ("current_domain", "context.page.domain"),
    ("current_url_path", "context.page.path"),
    ("current_url_protocol", "context.page.protocol"),
    ("current_url_search", "context.page.search"),
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
    ("sccid", "context.click.sccid"),
    ("ttclid", "context.click.ttclid"),
    ("twclid", "context.click.twclid"),
    ("wbraid", "context.click.wbraid"),
    ("ip", "context.ip"),
    ("$ip", "context.ip"),
    ("$city", "context.location.city"),
    ("$region", "context.location.region"),
    ("mp_country_code", "context.location.country"),
    ("$country_code", "context.location.country"),
    ("$app_version_string", "context.app.version"),
    ("$app_version", "context.app.version"),
    ("$app_build_number", "context.app.build"),
    ("$app_release", "context.app.build"),
    ("$carrier", "context.network.carrier"),
    ("$wifi", "context.network.wifi"),
    ("$session_id", "context.session_id"),
    ("$timezone_offset", "context.timezone_offset"),
    ("$locale", "context.locale"),
];

/// What Mixpanel calls a page view. Source: mixpanel-browser 2.83.0 `track_pageview`.
pub const PAGE: &str = "$mp_web_page_view";

/// What release writes beside what SDKs send: (canonical path, Mixpanel's property).
pub const RELEASED_ONLY: &[(&str, &str)] = &[("context.screen.class", "screen_class")];

/// The canonical path of a property of events.
pub fn canonical_path(property: &str) -> Option<&'static str> {
    CONTEXT.iter().find(|(name, _)| *name == property).map(|(_, path)| *path)
}

/// The property of a canonical path.
pub fn property(canonical: &str) -> Option<&'static str> {
    let mut pairs = CONTEXT.iter().map(|(name, path)| (*path, *name)).chain(RELEASED_ONLY.iter().copied());
    pairs.find(|(path, _)| *path == canonical).map(|(_, name)| name)
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
    }

    #[test]
    fn only_declared_aliases_share_a_path() {
        let shared: Vec<_> =
            CONTEXT.iter().filter(|(name, path)| property(path) != Some(name)).map(|(n, _)| *n).collect();
        assert_eq!(shared, ["$ip", "$country_code", "$app_version", "$app_release"]);
    }
}

use std::collections::BTreeSet;

use super::*;

#[test]
fn every_feature_that_can_show_has_a_text_and_every_text_can_be_reached() {
    for vendor in VENDORS {
        let signs: BTreeSet<Feature> = vendor.signs.iter().map(|s| s.feature).collect();
        let changes: BTreeSet<Feature> = vendor.changes.iter().map(|c| c.feature).collect();
        assert_eq!(signs, changes, "{}", vendor.name);
        assert_eq!(changes.len(), vendor.changes.len(), "{}: one text for each feature", vendor.name);
    }
}

#[test]
fn every_call_beside_the_host_goes_to_a_host_of_the_table() {
    for vendor in VENDORS {
        for sdk in vendor.sdks {
            for beside in sdk.beside {
                let is_known = vendor.host(beside.host).is_some() || PACKAGE_HOSTS.contains(&beside.host);
                assert!(is_known, "{}: {}", sdk.package, beside.host);
            }
        }
    }
}

#[test]
fn a_snippet_names_weir_and_no_host_of_the_vendor() {
    let address = Address::parse("https://weir.example.com:8443", "web").unwrap();
    let mut snippets = 0;
    for vendor in VENDORS {
        for sdk in vendor.sdks.iter().filter(|sdk| !sdk.snippet.is_empty()) {
            let snippet = sdk.snippet_for(&address, "0123");
            assert!(snippet.contains("weir.example.com") && snippet.contains("/in/web"), "{}", sdk.package);
            assert!(snippet.contains("8443") && snippet.contains("0123"), "{}", sdk.package);
            assert!(!snippet.contains("WEIR_") && !snippet.contains("WRITE_KEY"), "{}: {snippet}", sdk.package);
            let code = snippet.lines().map(|l| l.split("//").next().unwrap_or_default());
            let code: String = code.filter(|l| !l.trim_start().starts_with('#')).collect();
            for host in vendor.hosts {
                assert!(!code.contains(host.name), "{} names {}", sdk.package, host.name);
            }
            snippets += 1;
        }
    }
    assert_eq!(snippets, 20, "every SDK of the tests has a snippet");
}

#[test]
fn an_address_is_taken_apart_and_anything_else_is_refused() {
    let address = Address::parse("http://127.0.0.1:8400/", "web").unwrap();
    assert_eq!(address.url(), "http://127.0.0.1:8400/in/web");
    assert_eq!(Address::parse("https://[::1]:8400", "web").unwrap().url(), "https://[::1]:8400/in/web");
    assert_eq!(Address::parse("https://weir.example.com", "a").unwrap().origin(), "https://weir.example.com");
    for bad in ["weir.example.com", "ftp://a", "https://", "https://a/b", "https://a:x", "https://a b", "https://a'b"] {
        assert_eq!(Address::parse(bad, "web"), None, "{bad}");
    }
    assert_eq!(Address::parse("https://a", "we/b"), None);
}

#[test]
fn a_version_is_shown_and_nothing_else_that_stands_in_its_place() {
    for (text, shown) in [
        ("2.83.0", Some("2.83.0")),
        ("npm:next-1.84.3", Some("1.84.3")),
        ("v4.10.1-beta.2", Some("4.10.1-beta.2")),
        ("ada@example.com", None),
        ("1.ada lovelace", None),
        ("203", None),
        ("1.4155550123", None),
        ("", None),
        ("1.2.3.4.5.6.7.8.9.10.11.12.13", None),
    ] {
        assert_eq!(version(text), shown, "{text}");
    }
    for (address, shown) in [
        ("cdn.amplitude.com/libs/analytics-browser-2.11.1-min.js.gz", Some("2.11.1")),
        ("cdn.jsdelivr.net/npm/@snowplow/javascript-tracker@3.24.2/dist/sp.js", Some("3.24.2")),
        ("cdn.mxpnl.com/libs/mixpanel-2-latest.min.js", None),
        ("us-assets.i.posthog.com/static/array.js", None),
    ] {
        assert_eq!(version_in_address(address), shown, "{address}");
    }
}

#[test]
fn hosts_and_paths_match_by_whole_parts() {
    let named = |host: &str| vendor_of_host(host).map(|(vendor, host)| (vendor.name, host.role));
    assert_eq!(named("API.Mixpanel.com"), Some(("mixpanel", Role::Events)));
    assert_eq!(named("sr-client-cfg.amplitude.com"), Some(("amplitude", Role::Configuration)));
    assert_eq!(named("acme.dataplane.rudderstack.com"), Some(("rudderstack", Role::Events)));
    assert_eq!(named("mixpanel.com.example.com"), None);
    assert_eq!(named("notmixpanel.com"), None);
    assert!(path_ends("v1/projects/*/settings", "/in/web/v1/projects/abc/settings"));
    assert!(!path_ends("v1/projects/*/settings", "/v1/projects/abc/def/settings"));
    assert!(!path_ends("engage", "/disengage"));
    assert!(path_ends("e", "/e/") && !path_ends("e", "/"));
    assert!(begins("[Amplitude] Form *", "[Amplitude] Form Started") && !begins("$set", "$set_once"));
}

#[test]
fn libraries_of_two_vendors_with_one_name_are_told_apart_by_the_vendor() {
    let package =
        |vendor_name: &str, library| vendor(vendor_name).and_then(|v| v.sdk_of_library(library)).map(|s| s.package);
    assert_eq!(package("mixpanel", "web"), Some("mixpanel-browser"));
    assert_eq!(package("posthog", "web"), Some("posthog-js"));
    assert_eq!(package("segment", "analytics-node"), Some("analytics-node"));
    assert_eq!(package("rudderstack", "analytics-node"), Some("@rudderstack/rudder-sdk-node"));
    assert_eq!(package("amplitude", "ada@example.com"), None);
}

//! Operating system, browser, screen and library, each reduced to a bounded set, so that they single nobody out.

/// The operating system's family, `other` where it is not of the list. Takes a name (`Mac OS X`) or a user agent.
pub fn os_family(text: &str) -> &'static str {
    // Order matters: an iPhone says `like Mac OS X`, Android says `Linux`.
    const FAMILIES: &[(&str, &str)] = &[
        ("windows phone", "other"),
        ("windows", "Windows"),
        ("iphone", "iOS"),
        ("ipad", "iOS"),
        ("ipod", "iOS"),
        ("tvos", "tvOS"),
        ("watchos", "watchOS"),
        ("visionos", "visionOS"),
        ("ios", "iOS"),
        ("android", "Android"),
        ("cros", "Chrome OS"),
        ("chrome os", "Chrome OS"),
        ("chromeos", "Chrome OS"),
        ("chromium os", "Chrome OS"),
        ("mac os", "macOS"),
        ("macos", "macOS"),
        ("macintosh", "macOS"),
        ("darwin", "macOS"),
        ("linux", "Linux"),
        ("ubuntu", "Linux"),
        ("debian", "Linux"),
        ("fedora", "Linux"),
    ];
    family(text, FAMILIES)
}

/// The browser's family, `other` where it is not of the list. Takes a name (`Mobile Safari`) or a user agent.
pub fn browser_family(text: &str) -> &'static str {
    // Order matters: nearly every browser also says that it is Chrome, Safari or Mozilla.
    const FAMILIES: &[(&str, &str)] = &[
        ("headless", "other"),
        ("bot", "other"),
        ("samsung", "Samsung Internet"),
        ("edg", "Edge"),
        ("opr/", "Opera"),
        ("opera", "Opera"),
        ("vivaldi", "other"),
        ("yabrowser", "other"),
        ("yandex", "other"),
        ("duckduckgo", "DuckDuckGo"),
        ("brave", "Brave"),
        ("facebook", "Facebook"),
        ("instagram", "Instagram"),
        ("fxios", "Firefox"),
        ("firefox", "Firefox"),
        ("crios", "Chrome"),
        ("chromium", "Chrome"),
        ("chrome", "Chrome"),
        ("internet explorer", "Internet Explorer"),
        ("msie", "Internet Explorer"),
        ("trident", "Internet Explorer"),
        ("android", "Android"),
        ("safari", "Safari"),
    ];
    family(text, FAMILIES)
}

/// The class of a screen by its width in CSS pixels.
pub fn screen_class(width: u32) -> &'static str {
    match width {
        0 => "other",
        1..=479 => "phone",
        480..=1023 => "tablet",
        1024..=1599 => "desktop",
        _ => "wide",
    }
}

/// The SDK's name as the list writes it and its version, or `None` where the name is not of the list or the version is not one.
pub fn library<'a>(name: &str, version: &'a str) -> Option<(&'static str, &'a str)> {
    let name = LIBRARIES.iter().find(|known| known.eq_ignore_ascii_case(name))?;
    is_version(version).then_some((*name, version))
}

/// What SDKs call themselves on the wire. Sorted.
const LIBRARIES: &[&str] = &[
    "@amplitude/analytics-node",
    "@segment/analytics-next",
    "@segment/analytics-node",
    "amplitude-analytics-browser",
    "amplitude-analytics-node",
    "amplitude-android",
    "amplitude-flutter",
    "amplitude-ios",
    "amplitude-js",
    "amplitude-kotlin",
    "amplitude-node-ts",
    "amplitude-python",
    "amplitude-react-native",
    "amplitude-swift",
    "amplitude-ts",
    "analytics-android",
    "analytics-go",
    "analytics-ios",
    "analytics-java",
    "analytics-kotlin",
    "analytics-node",
    "analytics-php",
    "analytics-python",
    "analytics-ruby",
    "analytics-swift",
    "analytics.js",
    "analytics_rails",
    "android",
    "flutter",
    "go",
    "iphone",
    "java",
    "mixpanel-js",
    "node",
    "php",
    "posthog-android",
    "posthog-flutter",
    "posthog-go",
    "posthog-ios",
    "posthog-js",
    "posthog-node",
    "posthog-php",
    "posthog-python",
    "posthog-react-native",
    "posthog-ruby",
    "python",
    "react-native",
    "ruby",
    "rudderlabs JavaScript SDK",
    "rudder-sdk-node",
    "swift",
    "unity",
    "unreal",
    "weir",
    "web",
];

/// Up to four numbers of up to four digits and perhaps a pre-release of a known word: what fits there can carry no id. Segment's
/// browser SDK says where it was loaded from before it (`npm:next-1.84.3`).
fn is_version(version: &str) -> bool {
    let loaded_from = ["npm:next-", "web:next-"].into_iter().find_map(|from| version.strip_prefix(from));
    let version = loaded_from.unwrap_or(version);
    let (core, suffix) = version.split_once('-').map_or((version, None), |(core, suffix)| (core, Some(suffix)));
    let core = core.strip_prefix('v').unwrap_or(core);
    let number = |part: &str| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let parts = core.split('.').count();
    let suffix_is_known = suffix.is_none_or(|suffix| {
        let word = suffix.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        suffix.len() - word.len() <= 4
            && matches!(word, "alpha" | "beta" | "rc" | "pre" | "dev" | "next" | "canary" | "snapshot" | "SNAPSHOT")
    });
    parts <= 4 && core.split('.').all(number) && suffix_is_known
}

fn family(text: &str, families: &[(&str, &'static str)]) -> &'static str {
    const BYTES_MAX: usize = 512;
    let text = text.as_bytes();
    let text = &text[..text.len().min(BYTES_MAX)];
    let holds = |word: &str| text.windows(word.len()).any(|w| w.eq_ignore_ascii_case(word.as_bytes()));
    families.iter().find(|(word, _)| holds(word)).map_or("other", |(_, family)| *family)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_told_from_names_and_user_agents() {
        let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1";
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/120.0.0.0";
        assert_eq!((os_family(iphone), browser_family(iphone)), ("iOS", "Safari"));
        assert_eq!((os_family(edge), browser_family(edge)), ("Windows", "Edge"));
        assert_eq!((os_family("Mac OS X"), browser_family("Mobile Safari")), ("macOS", "Safari"));
        assert_eq!((os_family("ada@example.com"), browser_family("")), ("other", "other"));
    }

    #[test]
    fn a_library_is_of_the_list_and_its_version_is_one() {
        assert_eq!(library("posthog-js", "1.449.2"), Some(("posthog-js", "1.449.2")));
        assert_eq!(library("WEB", "2.83.0-rc1"), Some(("web", "2.83.0-rc1")));
        assert_eq!(library("analytics.js", "npm:next-1.84.3"), Some(("analytics.js", "npm:next-1.84.3")));
        assert_eq!(library("ada", "1.0"), None);
        for bad in [
            "",
            "1.2.3.4.5",
            "1.20261122",
            "1.0-ada",
            "ada@example.com",
            "1..2",
            "1.0-rc20261122",
            "npm:next-ada",
            "npm:next-",
        ] {
            assert_eq!(library("web", bad), None, "{bad}");
        }
    }

    #[test]
    fn screens_have_classes() {
        assert_eq!([0, 390, 768, 1440, 2560].map(screen_class), ["other", "phone", "tablet", "desktop", "wide"]);
    }
}

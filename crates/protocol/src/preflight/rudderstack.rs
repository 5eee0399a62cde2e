//! RudderStack before the switch. Sources: analytics-js 3.34.1, rudder-sdk-node 3.0.13, rudder-sdk-python 2.1.9, captured and read.

use super::{
    Becomes, Beside, Change, Feature, Host, Library, Moves, Platform, Role, Says, Sdk, Shows, Sign, Signature, Vendor,
    Version,
};

pub(super) const VENDOR: Vendor = Vendor {
    name: "rudderstack",
    title: "RudderStack",
    hosts: &[
        Host { name: "*.dataplane.rudderstack.com", role: Role::Events, moves: Moves::WithHost },
        Host { name: "hosted.rudderlabs.com", role: Role::Events, moves: Moves::WithHost },
        Host { name: "*.rudderlabs.net", role: Role::Events, moves: Moves::WithHost },
        Host { name: "api.rudderstack.com", role: Role::Configuration, moves: Moves::By("configUrl") },
        Host { name: "api.rudderlabs.com", role: Role::Configuration, moves: Moves::By("configUrl") },
        Host {
            name: "cdn.rudderlabs.com",
            role: Role::Scripts,
            moves: Moves::By("the bundled build: import from '@rudderstack/analytics-js/bundled'"),
        },
        Host { name: "polyfill-fastly.io", role: Role::Scripts, moves: Moves::By("polyfillIfRequired: false") },
        Host {
            name: "rs-metrics.rudderstack.com",
            role: Role::Diagnostics,
            moves: Moves::By("configUrl: Weir's answer switches metrics and error reports off"),
        },
        Host {
            name: "*.rudderstack.com",
            role: Role::Application,
            moves: Moves::Never("people who use RudderStack itself; no SDK sends there"),
        },
    ],
    own_paths: &["sourceConfig", "beacon/v1/batch", "pixel/v1/track", "pixel/v1/page"],
    marks: &["/channel", "/rudderId"],
    query_marks: &[],
    libraries: &[Library { name: "/context/library/name", version: Version::At("/context/library/version") }],
    signs: &[
        Sign { feature: Feature::Profiles, shows: Shows::Field("/traits") },
        Sign { feature: Feature::Profiles, shows: Shows::Field("/context/traits") },
        Sign { feature: Feature::Aliases, shows: Shows::Field("/previousId") },
        Sign { feature: Feature::Import, shows: Shows::Path("v1/import") },
        Sign { feature: Feature::Consent, shows: Shows::Field("/context/consentManagement") },
        Sign { feature: Feature::RemoteConfiguration, shows: Shows::Path("sourceConfig") },
        Sign {
            feature: Feature::DeviceMode,
            shows: Shows::Answer("sourceConfig", "/source/destinations", Says::OtherThan(&[])),
        },
        Sign {
            feature: Feature::Diagnostics,
            shows: Shows::Answer("sourceConfig", "/source/config/statsCollection/metrics/enabled", Says::Something),
        },
        Sign { feature: Feature::DeviceMode, shows: Shows::Script("js-integrations/*.min.js") },
        Sign { feature: Feature::RemoteScript, shows: Shows::Script("plugins/*.js") },
        Sign { feature: Feature::RemoteScript, shows: Shows::Script("rsa.min.js") },
        Sign { feature: Feature::RemoteScript, shows: Shows::Script("rudder-analytics.min.js") },
    ],
    changes: &[
        Change {
            feature: Feature::Profiles,
            becomes: Becomes::Minimised,
            text: "names, addresses and telephone numbers in traits are taken out; a trait leaves only if `release.allow` names it",
        },
        Change { feature: Feature::Aliases, becomes: Becomes::Minimised, text: "ids in them become the pseudonyms that events carry" },
        Change { feature: Feature::Import, becomes: Becomes::Minimised, text: "old events are minimised like new ones" },
        Change {
            feature: Feature::Consent,
            becomes: Becomes::Minimised,
            text: "consent in the event is read by the release rule `consent:` where one is configured",
        },
        Change {
            feature: Feature::RemoteConfiguration,
            becomes: Becomes::Constant,
            text: "with configUrl at Weir the source's configuration names no destination; without it the browser goes on asking RudderStack, with the write key",
        },
        Change {
            feature: Feature::DeviceMode,
            becomes: Becomes::Constant,
            text: "destinations that run in the page are not loaded any more: each stops getting data until it has a server-side connection; \
                   left as they are they send to their vendors past Weir",
        },
        Change {
            feature: Feature::RemoteScript,
            becomes: Becomes::Outside,
            text: "the default build fetches plugins from RudderStack's CDN at each start and sends nothing if that fails: use the bundled build",
        },
        Change {
            feature: Feature::Diagnostics,
            becomes: Becomes::Outside,
            text: "metrics and error reports of the SDK go to a host of their own: configUrl at Weir switches them off",
        },
    ],
    identifiers: &["AnonymousId", "anonymousId", "userId"],
    keys: &["writeKey"],
    sdks: &[
        Sdk {
            package: "@rudderstack/analytics-js",
            platform: Platform::Browser,
            signatures: &[
                Signature::Library("RudderLabs JavaScript SDK"),
                Signature::Script("rsa.min.js"),
                Signature::Script("rudder-analytics.min.js"),
            ],
            beside: &[
                Beside {
                    host: "api.rudderstack.com",
                    when: "at each start, for the source's configuration, with the write key",
                    instead: "configUrl",
                },
                Beside {
                    host: "cdn.rudderlabs.com",
                    when: "at each start of the default build, for plugins, and for device-mode destinations",
                    instead: "the bundled build, and configUrl",
                },
                Beside { host: "polyfill-fastly.io", when: "in old browsers", instead: "polyfillIfRequired: false" },
            ],
            snippet: "import {RudderAnalytics} from '@rudderstack/analytics-js/bundled';  // the default build loads plugins from a CDN

const rudder = new RudderAnalytics();
rudder.load('WRITE_KEY', 'WEIR_URL', {
  configUrl: 'WEIR_URL',          // the source's configuration: Weir names no device-mode destination
  destSDKBaseURL: 'WEIR_URL/js-integrations',
  pluginsSDKBaseURL: 'WEIR_URL/plugins',
  polyfillIfRequired: false,
});
",
        },
        Sdk {
            package: "@rudderstack/rudder-sdk-node",
            platform: Platform::Node,
            signatures: &[Signature::Library("analytics-node"), Signature::Library("@rudderstack/rudder-sdk-node")],
            beside: &[],
            snippet: "import RudderAnalytics from '@rudderstack/rudder-sdk-node';

const rudder = new RudderAnalytics('WRITE_KEY', {dataPlaneUrl: 'WEIR_URL'});
",
        },
        Sdk {
            package: "rudder-sdk-python",
            platform: Platform::Python,
            signatures: &[Signature::Library("analytics-python"), Signature::Library("rudder-analytics-python")],
            beside: &[],
            snippet: "import rudderstack.analytics as rudder

rudder.write_key = 'WRITE_KEY'
rudder.host = 'WEIR_URL'
",
        },
        Sdk {
            package: "rudder-sdk-ios",
            platform: Platform::Mobile,
            signatures: &[Signature::Library("rudder-ios-library"), Signature::Library("rudder-sdk-ios*")],
            beside: &[Beside {
                host: "api.rudderstack.com",
                when: "at each start, for the source's configuration",
                instead: "controlPlaneURL",
            }],
            snippet: "",
        },
        Sdk {
            package: "rudder-sdk-android",
            platform: Platform::Mobile,
            signatures: &[Signature::Library("com.rudderstack.android.sdk.core")],
            beside: &[Beside {
                host: "api.rudderstack.com",
                when: "at each start, for the source's configuration",
                instead: "withControlPlaneUrl",
            }],
            snippet: "",
        },
    ],
};

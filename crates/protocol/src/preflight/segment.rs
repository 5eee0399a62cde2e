//! Segment before the switch. Sources: analytics-next 1.84.3, analytics-node 3.1.0 and 6.2.0 (legacy), segment-analytics-python
//! 2.4.0, captured and read.

use super::{
    Becomes, Beside, Change, Feature, Host, Library, Moves, Platform, Role, Says, Sdk, Shows, Sign, Signature, Vendor,
    Version,
};

const CDN: Moves = Moves::By("cdnURL");

pub(super) const VENDOR: Vendor = Vendor {
    name: "segment",
    title: "Segment",
    hosts: &[
        Host { name: "api.segment.io", role: Role::Events, moves: Moves::WithHost },
        Host { name: "events.eu1.segmentapis.com", role: Role::Events, moves: Moves::WithHost },
        Host { name: "cdn.segment.com", role: Role::Configuration, moves: CDN },
        Host {
            name: "cdn-settings.segment.com",
            role: Role::Configuration,
            moves: Moves::By("the CDN option of the mobile SDK"),
        },
        Host {
            name: "oauth2.segment.io",
            role: Role::Configuration,
            moves: Moves::By("write keys instead of OAuth towards Weir"),
        },
        Host {
            name: "profiles.segment.com",
            role: Role::Application,
            moves: Moves::Never("your servers asking for profiles; no SDK of these sends there"),
        },
        Host {
            name: "*.segment.com",
            role: Role::Application,
            moves: Moves::Never("people who use Segment itself; no SDK sends there"),
        },
    ],
    own_paths: &["v1/projects/*/settings", "analytics.js/v1/*/analytics.min.js"],
    marks: &["/writeKey", "/messageId"],
    query_marks: &[],
    libraries: &[Library { name: "/context/library/name", version: Version::At("/context/library/version") }],
    signs: &[
        Sign { feature: Feature::Profiles, shows: Shows::Field("/traits") },
        Sign { feature: Feature::Aliases, shows: Shows::Field("/previousId") },
        Sign { feature: Feature::Import, shows: Shows::Path("v1/import") },
        Sign { feature: Feature::Consent, shows: Shows::Field("/context/consent") },
        Sign { feature: Feature::RemoteConfiguration, shows: Shows::Path("v1/projects/*/settings") },
        Sign {
            feature: Feature::DeviceMode,
            shows: Shows::Answer("v1/projects/*/settings", "/integrations", Says::OtherThan(&["Segment.io"])),
        },
        Sign {
            feature: Feature::DeviceMode,
            shows: Shows::Answer("v1/projects/*/settings", "/remotePlugins", Says::OtherThan(&[])),
        },
        Sign { feature: Feature::DeviceMode, shows: Shows::Script("next-integrations/integrations/*/*/*.js") },
        Sign { feature: Feature::DeviceMode, shows: Shows::Script("next-integrations/integrations/*/*/*.js.gz") },
        Sign { feature: Feature::DeviceMode, shows: Shows::Script("next-integrations/actions/*/*.js") },
        Sign {
            feature: Feature::RemoteScript,
            shows: Shows::Answer("v1/projects/*/settings", "/edgeFunction/downloadURL", Says::Something),
        },
        Sign { feature: Feature::RemoteScript, shows: Shows::Script("analytics.js/v1/*/analytics.min.js") },
        Sign { feature: Feature::RemoteScript, shows: Shows::Script("analytics-next/bundles/*.js") },
        Sign { feature: Feature::Diagnostics, shows: Shows::Path("v1/m") },
    ],
    changes: &[
        Change {
            feature: Feature::Profiles,
            becomes: Becomes::Minimised,
            text: "names, addresses and telephone numbers in traits are taken out; a trait leaves only if `release.allow` names it",
        },
        Change {
            feature: Feature::Aliases,
            becomes: Becomes::Minimised,
            text: "ids in them become the pseudonyms that events carry",
        },
        Change {
            feature: Feature::Import,
            becomes: Becomes::Minimised,
            text: "old events are minimised like new ones",
        },
        Change {
            feature: Feature::Consent,
            becomes: Becomes::Minimised,
            text: "consent in the event is read by the release rule `consent:` where one is configured",
        },
        Change {
            feature: Feature::RemoteConfiguration,
            becomes: Becomes::Constant,
            text: "with cdnURL at Weir the settings answer names Segment.io and nothing else",
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
            text: "the browser fetches the SDK from Segment's host, which `apiHost` does not move: take it from the npm package",
        },
        Change {
            feature: Feature::Diagnostics,
            becomes: Becomes::Dropped,
            text: "metrics of the SDK are accepted and dropped, and the settings answer switches them off",
        },
    ],
    identifiers: &["userId", "anonymousId"],
    keys: &["writeKey", "/writeKey"],
    sdks: &[
        Sdk {
            package: "@segment/analytics-next",
            platform: Platform::Browser,
            signatures: &[Signature::Library("analytics.js"), Signature::Script("analytics.js/v1/*/analytics.min.js")],
            beside: &[
                Beside {
                    host: "cdn.segment.com",
                    when: "at each start, for settings with the write key in the path, and for scripts of device-mode destinations",
                    instead: "cdnURL",
                },
                Beside {
                    host: "api.segment.io",
                    when: "metrics of the SDK, where the settings answer switches them on",
                    instead: "cdnURL: Weir's settings answer has a sample rate of 0",
                },
            ],
            snippet: "import {AnalyticsBrowser} from '@segment/analytics-next';

const analytics = AnalyticsBrowser.load(
  {
    writeKey: 'WRITE_KEY',
    cdnURL: 'WEIR_URL',  // settings: Weir names no device-mode destination
  },
  {integrations: {'Segment.io': {apiHost: 'WEIR_AUTHORITYWEIR_PREFIX/v1', protocol: 'WEIR_SCHEME'}}},
);
",
        },
        Sdk {
            package: "@segment/analytics-node",
            platform: Platform::Node,
            signatures: &[Signature::Library("@segment/analytics-node"), Signature::Agent("analytics-node-next")],
            beside: &[Beside {
                host: "oauth2.segment.io",
                when: "with oauthSettings",
                instead: "the write key, without oauthSettings",
            }],
            snippet: "import {Analytics} from '@segment/analytics-node';

// The prefix belongs into `path`: one inside `host` is lost.
const analytics = new Analytics({writeKey: 'WRITE_KEY', host: 'WEIR_ORIGIN', path: 'WEIR_PREFIX/v1/batch'});
",
        },
        Sdk {
            package: "analytics-node",
            platform: Platform::Node,
            signatures: &[Signature::Library("analytics-node"), Signature::Agent("analytics-node")],
            beside: &[],
            snippet: "import Analytics from 'analytics-node';

const analytics = new Analytics('WRITE_KEY', {host: 'WEIR_ORIGIN', path: 'WEIR_PREFIX/v1/batch'});
",
        },
        Sdk {
            package: "segment-analytics-python",
            platform: Platform::Python,
            signatures: &[Signature::Library("analytics-python"), Signature::Agent("analytics-python")],
            beside: &[Beside {
                host: "oauth2.segment.io",
                when: "with oauth_client_id",
                instead: "the write key, without OAuth",
            }],
            snippet: "from segment.analytics import Client

analytics = Client('WRITE_KEY', host='WEIR_URL')
",
        },
        Sdk {
            package: "analytics-swift",
            platform: Platform::Mobile,
            signatures: &[Signature::Library("analytics-swift"), Signature::Library("analytics-ios")],
            beside: &[Beside {
                host: "cdn-settings.segment.com",
                when: "at each start, for settings",
                instead: "cdnHost",
            }],
            snippet: "",
        },
        Sdk {
            package: "analytics-kotlin",
            platform: Platform::Mobile,
            signatures: &[Signature::Library("analytics-kotlin"), Signature::Library("analytics-android")],
            beside: &[Beside {
                host: "cdn-settings.segment.com",
                when: "at each start, for settings",
                instead: "cdnHost",
            }],
            snippet: "",
        },
    ],
};

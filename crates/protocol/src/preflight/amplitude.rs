//! Amplitude before the switch. Sources: analytics-browser 2.47.1, analytics-node 1.5.73, amplitude-js 8.21.10, amplitude-analytics
//! 1.3.0 (python), captured and read.

use super::{
    Becomes, Beside, Change, Feature, Host, Library, Moves, Platform, Role, Says, Sdk, Shows, Sign, Signature, Vendor,
    Version,
};

const REMOTE: Moves = Moves::By("remoteConfig: {fetchRemoteConfig: false}");
const SCRIPT: Moves = Moves::By("take the SDK from the npm package, or serve its file from your own host");

pub(super) const VENDOR: Vendor = Vendor {
    name: "amplitude",
    title: "Amplitude",
    hosts: &[
        Host { name: "api2.amplitude.com", role: Role::Events, moves: Moves::WithHost },
        Host { name: "api.eu.amplitude.com", role: Role::Events, moves: Moves::WithHost },
        Host { name: "api.amplitude.com", role: Role::Events, moves: Moves::WithHost },
        Host { name: "sr-client-cfg.amplitude.com", role: Role::Configuration, moves: REMOTE },
        Host { name: "sr-client-cfg.eu.amplitude.com", role: Role::Configuration, moves: REMOTE },
        Host { name: "regionconfig.amplitude.com", role: Role::Configuration, moves: Moves::By("no useDynamicConfig") },
        Host {
            name: "regionconfig.eu.amplitude.com",
            role: Role::Configuration,
            moves: Moves::By("no useDynamicConfig"),
        },
        Host {
            name: "diagnostics.prod.us-west-2.amplitude.com",
            role: Role::Diagnostics,
            moves: Moves::By("enableDiagnostics: false"),
        },
        Host {
            name: "diagnostics.prod.eu-central-1.amplitude.com",
            role: Role::Diagnostics,
            moves: Moves::By("enableDiagnostics: false"),
        },
        Host {
            name: "api-sr.amplitude.com",
            role: Role::Recordings,
            moves: Moves::By("no session replay plugin; Weir carries no recordings"),
        },
        Host {
            name: "api-sr.eu.amplitude.com",
            role: Role::Recordings,
            moves: Moves::By("no session replay plugin; Weir carries no recordings"),
        },
        Host {
            name: "api.lab.amplitude.com",
            role: Role::Flags,
            moves: Moves::Never("Experiment has a client of its own"),
        },
        Host {
            name: "api.lab.eu.amplitude.com",
            role: Role::Flags,
            moves: Moves::Never("Experiment has a client of its own"),
        },
        Host {
            name: "flag.lab.amplitude.com",
            role: Role::Flags,
            moves: Moves::Never("Experiment has a client of its own"),
        },
        Host {
            name: "gs.amplitude.com",
            role: Role::Application,
            moves: Moves::Never("guides and surveys have a client of their own"),
        },
        Host { name: "cdn.amplitude.com", role: Role::Scripts, moves: SCRIPT },
        Host { name: "cdn.eu.amplitude.com", role: Role::Scripts, moves: SCRIPT },
        Host {
            name: "*.amplitude.com",
            role: Role::Application,
            moves: Moves::Never("people who use Amplitude itself; no SDK sends there"),
        },
    ],
    own_paths: &["2/httpapi"],
    marks: &["/event_type"],
    query_marks: &[],
    libraries: &[
        Library { name: "/library", version: Version::After('/') },
        Library { name: "/library/name", version: Version::At("/library/version") },
    ],
    signs: &[
        Sign { feature: Feature::Profiles, shows: Shows::Event("$identify") },
        Sign { feature: Feature::Profiles, shows: Shows::Event("$groupidentify") },
        Sign { feature: Feature::Profiles, shows: Shows::Path("identify") },
        Sign { feature: Feature::Profiles, shows: Shows::Path("groupidentify") },
        Sign { feature: Feature::Autocapture, shows: Shows::Event("[Amplitude] Element *") },
        Sign { feature: Feature::Autocapture, shows: Shows::Event("[Amplitude] Form *") },
        Sign { feature: Feature::Autocapture, shows: Shows::Event("[Amplitude] Network Request") },
        Sign { feature: Feature::Autocapture, shows: Shows::Event("[Amplitude] File Downloaded") },
        Sign { feature: Feature::Heatmaps, shows: Shows::Event("[Amplitude] Viewport Content Updated") },
        Sign { feature: Feature::RemoteConfiguration, shows: Shows::Path("config/*") },
        Sign {
            feature: Feature::Replay,
            shows: Shows::Answer(
                "config/*",
                "/configs/sessionReplay/sr_sampling_config/capture_enabled",
                Says::Something,
            ),
        },
        Sign {
            feature: Feature::Autocapture,
            shows: Shows::Answer("config/*", "/configs/analyticsSDK/browserSDK/autocapture", Says::Something),
        },
        Sign { feature: Feature::Replay, shows: Shows::Path("sessions/v2/track") },
        Sign { feature: Feature::Flags, shows: Shows::Path("sdk/v2/vardata") },
        Sign { feature: Feature::Flags, shows: Shows::Path("sdk/v2/flags") },
        Sign { feature: Feature::Experiments, shows: Shows::Event("$exposure") },
        Sign { feature: Feature::Experiments, shows: Shows::Event("[Experiment] *") },
        Sign { feature: Feature::WebExperiments, shows: Shows::Script("script/*.experiment.js") },
        Sign { feature: Feature::Surveys, shows: Shows::Script("script/*.engagement.js") },
        Sign { feature: Feature::Surveys, shows: Shows::Event("[Guides-Surveys] *") },
        Sign { feature: Feature::RemoteScript, shows: Shows::Script("script/*.js") },
        Sign { feature: Feature::RemoteScript, shows: Shows::Script("libs/*.js") },
        Sign { feature: Feature::RemoteScript, shows: Shows::Script("libs/*.js.gz") },
        Sign { feature: Feature::Diagnostics, shows: Shows::Path("v1/capture") },
    ],
    changes: &[
        Change {
            feature: Feature::Profiles,
            becomes: Becomes::Minimised,
            text: "user and group properties leave only if `release.allow` names them",
        },
        Change {
            feature: Feature::Autocapture,
            becomes: Becomes::Minimised,
            text: "texts and addresses of elements are taken out; reports built on them lose their rows",
        },
        Change {
            feature: Feature::Heatmaps,
            becomes: Becomes::Minimised,
            text: "positions leave only if `release.allow` names them",
        },
        Change {
            feature: Feature::RemoteConfiguration,
            becomes: Becomes::Outside,
            text: "`serverUrl` does not move it: the browser goes on asking Amplitude, with the API key in the path, unless the snippet's remoteConfig is set; \
                   what it switched on (autocapture, replay) must stand in init()",
        },
        Change {
            feature: Feature::Replay,
            becomes: Becomes::Outside,
            text: "recordings go to a host of their own, which `serverUrl` does not move: take the plugin out",
        },
        Change {
            feature: Feature::Flags,
            becomes: Becomes::Outside,
            text: "Amplitude Experiment has a client of its own, which sends user properties to Amplitude: not moved by this switch",
        },
        Change {
            feature: Feature::Experiments,
            becomes: Becomes::Outside,
            text: "exposures pass Weir as events, but variants are fetched past it, under ids that Amplitude then cannot join: end running experiments first",
        },
        Change {
            feature: Feature::WebExperiments,
            becomes: Becomes::Outside,
            text: "a script of the vendor changes the page and reads it: take it out, or know that it goes past Weir",
        },
        Change {
            feature: Feature::Surveys,
            becomes: Becomes::Outside,
            text: "guides and surveys load a script and send answers past Weir: take them out",
        },
        Change {
            feature: Feature::RemoteScript,
            becomes: Becomes::Outside,
            text: "the browser fetches code from the vendor, which may change it at any time and switch on replay and experiments with it",
        },
        Change {
            feature: Feature::Diagnostics,
            becomes: Becomes::Outside,
            text: "diagnostics go to a host that is written into the SDK, with the API key in a header: enableDiagnostics: false",
        },
    ],
    identifiers: &["user_id", "device_id", "X-Amp-User"],
    keys: &["api_key", "client", "/api_key"],
    sdks: &[
        Sdk {
            package: "@amplitude/analytics-browser",
            platform: Platform::Browser,
            signatures: &[
                Signature::Library("amplitude-ts"),
                Signature::Script("libs/analytics-browser-*.js"),
                Signature::Script("libs/analytics-browser-*.js.gz"),
            ],
            beside: &[
                Beside {
                    host: "sr-client-cfg.amplitude.com",
                    when: "at each start, with the API key in the path",
                    instead: "remoteConfig: {fetchRemoteConfig: false}",
                },
                Beside {
                    host: "diagnostics.prod.us-west-2.amplitude.com",
                    when: "for a share of sessions that Amplitude sets from its side",
                    instead: "enableDiagnostics: false",
                },
            ],
            snippet: "import * as amplitude from '@amplitude/analytics-browser';

amplitude.init('WRITE_KEY', {
  serverUrl: 'WEIR_URL/2/httpapi',
  remoteConfig: {fetchRemoteConfig: false},  // it is not moved by serverUrl, and can switch on replay and autocapture
  enableDiagnostics: false,                  // goes to a host of its own
  autocapture: {attribution: true, pageViews: true, sessions: true, elementInteractions: false, networkTracking: false},
});
",
        },
        Sdk {
            package: "@amplitude/unified",
            platform: Platform::Browser,
            signatures: &[Signature::Library("amplitude-unified*"), Signature::Script("script/*.js")],
            beside: &[
                Beside {
                    host: "sr-client-cfg.amplitude.com",
                    when: "at each start",
                    instead: "@amplitude/analytics-browser with its snippet",
                },
                Beside {
                    host: "api-sr.amplitude.com",
                    when: "session replay, which this package has built in",
                    instead: "@amplitude/analytics-browser with its snippet",
                },
            ],
            snippet: "",
        },
        Sdk {
            package: "@amplitude/analytics-node",
            platform: Platform::Node,
            signatures: &[Signature::Library("amplitude-node-ts")],
            beside: &[],
            snippet: "import * as amplitude from '@amplitude/analytics-node';

await amplitude.init('WRITE_KEY', {serverUrl: 'WEIR_URL/2/httpapi'}).promise;
",
        },
        Sdk {
            package: "amplitude-analytics (PyPI)",
            platform: Platform::Python,
            signatures: &[Signature::Library("amplitude-python")],
            beside: &[],
            snippet: "from amplitude import Amplitude, BaseEvent, Config

client = Amplitude('WRITE_KEY', configuration=Config(server_url='WEIR_URL/2/httpapi'))
",
        },
        Sdk {
            package: "amplitude-js",
            platform: Platform::Browser,
            signatures: &[
                Signature::Library("amplitude-js"),
                Signature::Script("libs/amplitude-*.js"),
                Signature::Script("libs/amplitude-*.js.gz"),
            ],
            beside: &[Beside {
                host: "regionconfig.amplitude.com",
                when: "with useDynamicConfig",
                instead: "useDynamicConfig: false",
            }],
            snippet: "import amplitude from 'amplitude-js';

amplitude.getInstance().init('WRITE_KEY', null, {
  apiEndpoint: 'WEIR_AUTHORITYWEIR_PREFIX/',
  forceHttps: WEIR_TLS,
  useDynamicConfig: false,  // asks a host of its own
});
",
        },
        Sdk {
            package: "Amplitude-Swift",
            platform: Platform::Mobile,
            signatures: &[Signature::Library("amplitude-swift"), Signature::Library("amplitude-ios")],
            beside: &[Beside {
                host: "sr-client-cfg.amplitude.com",
                when: "at each start of versions with remote configuration",
                instead: "enableAutoCaptureRemoteConfig = false, enableDiagnostics = false",
            }],
            snippet: "",
        },
        Sdk {
            package: "Amplitude-Kotlin",
            platform: Platform::Mobile,
            signatures: &[Signature::Library("amplitude-analytics-android"), Signature::Library("amplitude-android")],
            beside: &[Beside {
                host: "sr-client-cfg.amplitude.com",
                when: "at each start of versions with remote configuration",
                instead: "enableAutocaptureRemoteConfig = false, enableDiagnostics = false",
            }],
            snippet: "",
        },
        Sdk {
            package: "another Amplitude SDK",
            platform: Platform::Mobile,
            signatures: &[Signature::Library("amplitude-flutter*"), Signature::Library("amplitude-react-native*")],
            beside: &[],
            snippet: "",
        },
    ],
};

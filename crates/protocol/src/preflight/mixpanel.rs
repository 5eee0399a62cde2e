//! Mixpanel before the switch. Sources: mixpanel-browser 2.83.0, mixpanel 0.24.0 (node) and 5.4.1 (python), captured and read.

use super::{
    Becomes, Beside, Change, Feature, Host, Library, Moves, Platform, Role, Says, Sdk, Shows, Sign, Signature, Vendor,
    Version,
};

pub(super) const VENDOR: Vendor = Vendor {
    name: "mixpanel",
    title: "Mixpanel",
    hosts: &[
        Host { name: "api-js.mixpanel.com", role: Role::Events, moves: Moves::WithHost },
        Host { name: "api.mixpanel.com", role: Role::Events, moves: Moves::WithHost },
        Host { name: "api-eu.mixpanel.com", role: Role::Events, moves: Moves::WithHost },
        Host { name: "api-in.mixpanel.com", role: Role::Events, moves: Moves::WithHost },
        Host {
            name: "decide.mixpanel.com",
            role: Role::Configuration,
            moves: Moves::By("the host option of the mobile SDK"),
        },
        Host {
            name: "cdn.mxpnl.com",
            role: Role::Scripts,
            moves: Moves::By("take the SDK from the npm package, or serve its file from your own host"),
        },
        Host {
            name: "cdn4.mxpnl.com",
            role: Role::Scripts,
            moves: Moves::By("take the SDK from the npm package, or serve its file from your own host"),
        },
        Host {
            name: "*.mixpanel.com",
            role: Role::Application,
            moves: Moves::Never("people who use Mixpanel itself; no SDK sends there"),
        },
    ],
    own_paths: &[],
    marks: &["/properties/mp_lib", "/properties/token", "/$token"],
    query_marks: &["mp_lib", "$lib_version"],
    libraries: &[Library { name: "/properties/mp_lib", version: Version::At("/properties/$lib_version") }],
    signs: &[
        Sign { feature: Feature::Profiles, shows: Shows::Path("engage") },
        Sign { feature: Feature::Profiles, shows: Shows::Path("groups") },
        Sign { feature: Feature::Import, shows: Shows::Path("import") },
        Sign { feature: Feature::Aliases, shows: Shows::Event("$create_alias") },
        Sign { feature: Feature::Aliases, shows: Shows::Event("$merge") },
        Sign { feature: Feature::Flags, shows: Shows::Path("flags") },
        Sign { feature: Feature::Flags, shows: Shows::Path("flags/definitions") },
        Sign { feature: Feature::Flags, shows: Shows::Path("decide") },
        Sign { feature: Feature::Experiments, shows: Shows::Event("$experiment_started") },
        Sign { feature: Feature::Replay, shows: Shows::Path("record") },
        Sign { feature: Feature::RemoteConfiguration, shows: Shows::Path("settings") },
        Sign {
            feature: Feature::Replay,
            shows: Shows::Answer("settings", "/sdk_config/config/record_sessions_percent", Says::Something),
        },
        Sign { feature: Feature::Autocapture, shows: Shows::Event("$mp_click") },
        Sign { feature: Feature::Autocapture, shows: Shows::Event("$mp_input_change") },
        Sign { feature: Feature::Autocapture, shows: Shows::Event("$mp_submit") },
        Sign { feature: Feature::Autocapture, shows: Shows::Event("$mp_scroll") },
        Sign { feature: Feature::Autocapture, shows: Shows::Event("$mp_rage_click") },
        Sign { feature: Feature::Autocapture, shows: Shows::Event("$mp_dead_click") },
        Sign { feature: Feature::RemoteScript, shows: Shows::Script("libs/mixpanel*.js") },
    ],
    changes: &[
        Change {
            feature: Feature::Profiles,
            becomes: Becomes::Minimised,
            text: "names, addresses and telephone numbers of profiles are taken out; a property leaves only if `release.allow` names it",
        },
        Change {
            feature: Feature::Aliases,
            becomes: Becomes::Minimised,
            text: "ids in them become the pseudonyms that events carry; mixpanel-python's alias() needs its snippet, or it goes past Weir",
        },
        Change {
            feature: Feature::Import,
            becomes: Becomes::Minimised,
            text: "old events are minimised like new ones; the API secret of the call stays at Weir",
        },
        Change {
            feature: Feature::Flags,
            becomes: Becomes::Constant,
            text: "with `auxiliary: constant` no flag is on and the SDK uses your fallback values: look at each, or set `auxiliary: proxy`",
        },
        Change {
            feature: Feature::Experiments,
            becomes: Becomes::Constant,
            text: "without flags nobody is assigned a variant: end running experiments, or keep them out of the switch",
        },
        Change {
            feature: Feature::Replay,
            becomes: Becomes::Dropped,
            text: "recordings are accepted and dropped; the snippet switches them off in the page",
        },
        Change {
            feature: Feature::RemoteConfiguration,
            becomes: Becomes::Constant,
            text: "settings from Mixpanel's side have no effect any more: write what you rely on into init()",
        },
        Change {
            feature: Feature::Autocapture,
            becomes: Becomes::Minimised,
            text: "texts and addresses of elements are taken out; reports built on them lose their rows",
        },
        Change {
            feature: Feature::RemoteScript,
            becomes: Becomes::Outside,
            text: "the browser fetches the SDK from the vendor, which tells it address and page of each visitor, and the vendor may change it at any time",
        },
    ],
    identifiers: &["distinct_id", "$user_id", "$device_id", "$distinct_id", "replay_id", "context"],
    keys: &["token", "api_key", "/properties/token", "/$token"],
    sdks: &[
        Sdk {
            package: "mixpanel-browser",
            platform: Platform::Browser,
            signatures: &[Signature::Library("web"), Signature::Script("libs/mixpanel*.js")],
            beside: &[Beside {
                host: "cdn.mxpnl.com",
                when: "where the SDK comes as Mixpanel's script tag, and when recording starts in builds that load the recorder",
                instead: "the npm package, and record_sessions_percent: 0",
            }],
            snippet: "import mixpanel from 'mixpanel-browser';

mixpanel.init('WRITE_KEY', {
  api_host: 'WEIR_URL',
  api_payload_format: 'json',        // as towards Mixpanel's own host; base64 otherwise
  record_sessions_percent: 0,        // no session replay
  remote_settings_mode: 'disabled',  // nobody switches it on from outside
  flags: false,
});
",
        },
        Sdk {
            package: "mixpanel (npm)",
            platform: Platform::Node,
            signatures: &[Signature::Library("node")],
            beside: &[Beside {
                host: "api.mixpanel.com",
                when: "the providers of feature flags, whatever host is configured",
                instead: "no `local_flags_config` and no `remote_flags_config`",
            }],
            snippet: "import Mixpanel from 'mixpanel';

const mixpanel = Mixpanel.init('WRITE_KEY', {
  protocol: 'WEIR_SCHEME',
  host: 'WEIR_HOST',
  port: WEIR_PORT,
  path: 'WEIR_PREFIX',
});
",
        },
        Sdk {
            package: "mixpanel (PyPI)",
            platform: Platform::Python,
            signatures: &[Signature::Library("python")],
            beside: &[
                Beside {
                    host: "api.mixpanel.com",
                    when: "alias(), which makes a default Consumer of its own, whatever consumer is configured",
                    instead: "the second assignment of the snippet",
                },
                Beside {
                    host: "api.mixpanel.com",
                    when: "the providers of feature flags",
                    instead: "no `local_flags_config` and no `remote_flags_config`",
                },
            ],
            snippet: "import mixpanel

MixpanelConsumer = mixpanel.Consumer


def weir_consumer(*_, **__):
    return MixpanelConsumer(
        events_url='WEIR_URL/track',
        people_url='WEIR_URL/engage',
        groups_url='WEIR_URL/groups',
        import_url='WEIR_URL/import',
    )


# alias() makes a default Consumer of its own, which goes to api.mixpanel.com whatever is configured.
mixpanel.Consumer = weir_consumer

mp = mixpanel.Mixpanel('WRITE_KEY', consumer=weir_consumer())
",
        },
        Sdk {
            package: "mixpanel-swift",
            platform: Platform::Mobile,
            signatures: &[Signature::Library("swift"), Signature::Library("iphone")],
            beside: &[],
            snippet: "",
        },
        Sdk {
            package: "mixpanel-android",
            platform: Platform::Mobile,
            signatures: &[Signature::Library("android")],
            beside: &[],
            snippet: "",
        },
        Sdk {
            package: "another Mixpanel SDK",
            platform: Platform::Mobile,
            signatures: &[
                Signature::Library("flutter"),
                Signature::Library("react-native"),
                Signature::Library("unity"),
            ],
            beside: &[],
            snippet: "",
        },
    ],
};

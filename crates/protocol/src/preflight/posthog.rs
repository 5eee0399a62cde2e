//! PostHog before the switch. Sources: posthog-js 1.449.2, posthog-node 5.70.0, posthog 7.91.1 (python), captured and read.

use super::{
    Becomes, Beside, Change, Feature, Host, Library, Moves, Platform, Role, Says, Sdk, Shows, Sign, Signature, Vendor,
    Version,
};

pub(super) const VENDOR: Vendor = Vendor {
    name: "posthog",
    title: "PostHog",
    hosts: &[
        Host { name: "us.i.posthog.com", role: Role::Events, moves: Moves::WithHost },
        Host { name: "eu.i.posthog.com", role: Role::Events, moves: Moves::WithHost },
        Host { name: "app.posthog.com", role: Role::Events, moves: Moves::WithHost },
        Host {
            name: "us-assets.i.posthog.com",
            role: Role::Scripts,
            moves: Moves::By("the npm package, and api_host without asset_host"),
        },
        Host {
            name: "eu-assets.i.posthog.com",
            role: Role::Scripts,
            moves: Moves::By("the npm package, and api_host without asset_host"),
        },
        Host { name: "internal-c.posthog.com", role: Role::Scripts, moves: Moves::By("the npm package") },
        Host {
            name: "*.posthog.com",
            role: Role::Application,
            moves: Moves::Never("the toolbar and people who use PostHog itself; events do not go there"),
        },
    ],
    own_paths: &[
        "e",
        "i/v0/e",
        "i/v0/e/batch",
        "i/v1/analytics/events",
        "array/*/config.js",
        "array/*/config",
        "static/array.js",
        "api/surveys",
        "api/web_experiments",
        "api/early_access_features",
        "api/feature_flag/local_evaluation",
    ],
    marks: &["/properties/$lib", "/properties/$snapshot_data", "/distinct_id"],
    query_marks: &[],
    libraries: &[Library { name: "/properties/$lib", version: Version::At("/properties/$lib_version") }],
    signs: &[
        Sign { feature: Feature::Profiles, shows: Shows::Event("$identify") },
        Sign { feature: Feature::Profiles, shows: Shows::Event("$set") },
        Sign { feature: Feature::Profiles, shows: Shows::Event("$groupidentify") },
        Sign { feature: Feature::Aliases, shows: Shows::Event("$create_alias") },
        Sign { feature: Feature::Flags, shows: Shows::Path("flags") },
        Sign { feature: Feature::Flags, shows: Shows::Path("decide") },
        Sign { feature: Feature::Flags, shows: Shows::Path("flags/definitions") },
        Sign { feature: Feature::Flags, shows: Shows::Path("api/feature_flag/local_evaluation") },
        Sign { feature: Feature::Flags, shows: Shows::Event("$feature_flag_called") },
        Sign { feature: Feature::Flags, shows: Shows::Answer("array/*/config", "/hasFeatureFlags", Says::Something) },
        Sign { feature: Feature::Experiments, shows: Shows::Event("$experiment_*") },
        Sign { feature: Feature::WebExperiments, shows: Shows::Path("api/web_experiments") },
        Sign { feature: Feature::Replay, shows: Shows::Path("s") },
        Sign { feature: Feature::Replay, shows: Shows::Event("$snapshot") },
        Sign { feature: Feature::Replay, shows: Shows::Answer("array/*/config", "/sessionRecording", Says::Something) },
        Sign { feature: Feature::Replay, shows: Shows::Answer("flags", "/sessionRecording", Says::Something) },
        Sign { feature: Feature::Replay, shows: Shows::Script("static/recorder*.js") },
        Sign { feature: Feature::Replay, shows: Shows::Script("static/*/recorder*.js") },
        Sign { feature: Feature::Replay, shows: Shows::Script("static/*/posthog-recorder.js") },
        Sign { feature: Feature::Surveys, shows: Shows::Path("api/surveys") },
        Sign { feature: Feature::Surveys, shows: Shows::Event("survey *") },
        Sign { feature: Feature::Surveys, shows: Shows::Answer("array/*/config", "/surveys", Says::Something) },
        Sign { feature: Feature::Autocapture, shows: Shows::Event("$autocapture") },
        Sign { feature: Feature::Autocapture, shows: Shows::Event("$rageclick") },
        Sign { feature: Feature::Autocapture, shows: Shows::Event("$dead_click") },
        Sign {
            feature: Feature::Autocapture,
            shows: Shows::Answer("array/*/config", "/autocapture_opt_out", Says::No),
        },
        Sign { feature: Feature::Heatmaps, shows: Shows::Event("$$heatmap") },
        Sign { feature: Feature::Heatmaps, shows: Shows::Answer("array/*/config", "/heatmaps", Says::Something) },
        Sign { feature: Feature::Exceptions, shows: Shows::Event("$exception") },
        Sign { feature: Feature::Ai, shows: Shows::Event("$ai_*") },
        Sign { feature: Feature::RemoteConfiguration, shows: Shows::Path("array/*/config") },
        Sign { feature: Feature::RemoteConfiguration, shows: Shows::Path("array/*/config.js") },
        Sign { feature: Feature::RemoteScript, shows: Shows::Answer("array/*/config", "/siteApps", Says::Something) },
        Sign { feature: Feature::RemoteScript, shows: Shows::Script("static/array.js") },
        Sign { feature: Feature::RemoteScript, shows: Shows::Script("static/*/array.js") },
    ],
    changes: &[
        Change {
            feature: Feature::Profiles,
            becomes: Becomes::Minimised,
            text: "names, addresses and telephone numbers in person properties are taken out; a property leaves only if `release.allow` names it",
        },
        Change {
            feature: Feature::Aliases,
            becomes: Becomes::Minimised,
            text: "ids in them become the pseudonyms that events carry",
        },
        Change {
            feature: Feature::Flags,
            becomes: Becomes::Constant,
            text: "with `auxiliary: constant` no flag is on and the SDK uses your defaults: look at each, or set `auxiliary: proxy`; \
                   local evaluation on servers gets no definitions",
        },
        Change {
            feature: Feature::Experiments,
            becomes: Becomes::Constant,
            text: "without flags nobody is assigned a variant: end running experiments, or keep them out of the switch",
        },
        Change {
            feature: Feature::WebExperiments,
            becomes: Becomes::Constant,
            text: "changes to the page that PostHog makes are not fetched any more",
        },
        Change {
            feature: Feature::Replay,
            becomes: Becomes::Dropped,
            text: "recordings are accepted and dropped, and the remote configuration switches them off",
        },
        Change { feature: Feature::Surveys, becomes: Becomes::Constant, text: "no survey is shown any more" },
        Change {
            feature: Feature::Autocapture,
            becomes: Becomes::Minimised,
            text: "texts and addresses of elements are taken out; actions built on them lose their rows",
        },
        Change {
            feature: Feature::Heatmaps,
            becomes: Becomes::Constant,
            text: "Weir's remote configuration leaves heatmaps off",
        },
        Change {
            feature: Feature::Exceptions,
            becomes: Becomes::Minimised,
            text: "frames carry code and paths of yours, which are taken out; what is left leaves only if `release.allow` names it",
        },
        Change {
            feature: Feature::Ai,
            becomes: Becomes::Minimised,
            text: "prompts and completions are taken out; counts and models leave only if `release.allow` names them",
        },
        Change {
            feature: Feature::RemoteConfiguration,
            becomes: Becomes::Constant,
            text: "the answer switches on no replay, autocapture, survey or heatmap: write what you rely on into init()",
        },
        Change {
            feature: Feature::RemoteScript,
            becomes: Becomes::Outside,
            text: "the browser fetches code from PostHog, which may change at any time: take the SDK from the npm package; site apps are not loaded",
        },
    ],
    identifiers: &["distinct_id", "$device_id", "person_properties"],
    keys: &["api_key", "token", "/api_key", "/token", "/properties/token"],
    sdks: &[
        Sdk {
            package: "posthog-js",
            platform: Platform::Browser,
            signatures: &[
                Signature::Library("web"),
                Signature::Library("posthog-js*"),
                Signature::Script("static/array.js"),
                Signature::Script("static/*/array.js"),
            ],
            beside: &[Beside {
                host: "us-assets.i.posthog.com",
                when: "where the SDK comes as PostHog's script, and for recorder, surveys and the like where asset_host is set",
                instead: "the npm package, and disable_external_dependency_loading",
            }],
            snippet: "import posthog from 'posthog-js';

posthog.init('WRITE_KEY', {
  api_host: 'WEIR_URL',
  advanced_disable_flags: true,               // asks for no flags and no remote configuration
  disable_external_dependency_loading: true,  // no script of the vendor in your page
  disable_session_recording: true,
  disable_surveys: true,
  disable_web_experiments: true,
  capture_heatmaps: false,
  autocapture: false,
});
",
        },
        Sdk {
            package: "posthog-node",
            platform: Platform::Node,
            signatures: &[Signature::Library("posthog-node"), Signature::Agent("posthog-node")],
            beside: &[],
            snippet: "import {PostHog} from 'posthog-node';

// Without a personalApiKey: definitions of flags name people and would be fetched with a key that can read them.
const posthog = new PostHog('WRITE_KEY', {host: 'WEIR_URL'});
",
        },
        Sdk {
            package: "posthog (PyPI)",
            platform: Platform::Python,
            signatures: &[Signature::Library("posthog-python"), Signature::Agent("posthog-python")],
            beside: &[],
            snippet: "from posthog import Posthog

# Without a personal_api_key: definitions of flags name people and would be fetched with a key that can read them.
posthog = Posthog('WRITE_KEY', host='WEIR_URL')
",
        },
        Sdk {
            package: "posthog-ios",
            platform: Platform::Mobile,
            signatures: &[Signature::Library("posthog-ios"), Signature::Agent("posthog-ios")],
            beside: &[],
            snippet: "",
        },
        Sdk {
            package: "posthog-android",
            platform: Platform::Mobile,
            signatures: &[Signature::Library("posthog-android"), Signature::Agent("posthog-android")],
            beside: &[],
            snippet: "",
        },
        Sdk {
            package: "posthog-react-native",
            platform: Platform::Mobile,
            signatures: &[Signature::Library("posthog-react-native"), Signature::Agent("posthog-react-native")],
            beside: &[],
            snippet: "",
        },
        Sdk {
            package: "another PostHog SDK",
            platform: Platform::Node,
            signatures: &[Signature::Library("posthog-*"), Signature::Library("js")],
            beside: &[],
            snippet: "",
        },
    ],
};

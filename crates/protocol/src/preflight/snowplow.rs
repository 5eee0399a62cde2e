//! Snowplow before the switch. Sources: browser-tracker 4.10.1 (captured), node-tracker 4.8.0, snowplow-tracker 1.1.0 (python), read.
//! Collectors stand at customers' own hosts, so it is the paths that tell.

use super::{
    Becomes, Beside, Change, Feature, Host, Library, Moves, Platform, Role, Sdk, Shows, Sign, Signature, Vendor,
    Version,
};

pub(super) const VENDOR: Vendor = Vendor {
    name: "snowplow",
    title: "Snowplow",
    hosts: &[
        Host { name: "*.collector.snplow.net", role: Role::Events, moves: Moves::WithHost },
        Host { name: "*.snplow.net", role: Role::Events, moves: Moves::WithHost },
        Host {
            name: "*.snowplowanalytics.com",
            role: Role::Application,
            moves: Moves::Never("people who use Snowplow itself; trackers do not send there"),
        },
    ],
    own_paths: &["com.snowplowanalytics.snowplow/tp2", "com.snowplowanalytics.snowplow/tp1"],
    marks: &["/tv"],
    query_marks: &[],
    libraries: &[Library { name: "/tv", version: Version::After('-') }],
    signs: &[
        Sign { feature: Feature::Autocapture, shows: Shows::Field("/pp_mix") },
        Sign { feature: Feature::RemoteScript, shows: Shows::Script("@snowplow/javascript-tracker@*/dist/sp*.js") },
        Sign { feature: Feature::RemoteScript, shows: Shows::Script("sp.js") },
    ],
    changes: &[
        Change {
            feature: Feature::Autocapture,
            becomes: Becomes::Minimised,
            text: "page pings pass as events; link and form tracking leave only what `release.allow` names",
        },
        Change {
            feature: Feature::RemoteScript,
            becomes: Becomes::Outside,
            text: "the browser fetches the tracker from somebody else's host: serve it from your own, or take the npm package",
        },
    ],
    identifiers: &["uid", "duid", "nuid", "tnuid", "sid"],
    keys: &["aid", "/aid"],
    sdks: &[
        Sdk {
            package: "@snowplow/browser-tracker",
            platform: Platform::Browser,
            signatures: &[
                Signature::Library("js"),
                Signature::Script("@snowplow/javascript-tracker@*/dist/sp*.js"),
                Signature::Script("sp.js"),
            ],
            beside: &[Beside {
                host: "cdn.jsdelivr.net",
                when: "where the tracker comes as a script tag (javascript-tracker)",
                instead: "the npm package, or the file on your own host",
            }],
            snippet: "import {newTracker, trackPageView} from '@snowplow/browser-tracker';

newTracker('sp', 'WEIR_URL', {
  appId: 'WRITE_KEY',  // Weir knows the source by it
  anonymousTracking: {withServerAnonymisation: true},
});
",
        },
        Sdk {
            package: "@snowplow/node-tracker",
            platform: Platform::Node,
            signatures: &[Signature::Library("node")],
            beside: &[],
            snippet: "import {newTracker} from '@snowplow/node-tracker';

const tracker = newTracker(
  {namespace: 'sp', appId: 'WRITE_KEY', encodeBase64: false},
  {endpoint: 'WEIR_URL', bufferSize: 1},
);
",
        },
        Sdk {
            package: "snowplow-tracker (PyPI)",
            platform: Platform::Python,
            signatures: &[Signature::Library("py")],
            beside: &[],
            snippet: "from snowplow_tracker import Emitter, Subject, Tracker

# The address with its scheme: without one the emitter takes its own default.
tracker = Tracker('sp', Emitter('WEIR_URL', method='post'), subject=Subject(), app_id='WRITE_KEY')
",
        },
        Sdk {
            package: "another Snowplow tracker",
            platform: Platform::Mobile,
            signatures: &[
                Signature::Library("ios"),
                Signature::Library("andr"),
                Signature::Library("rn"),
                Signature::Library("*"),
            ],
            beside: &[],
            snippet: "",
        },
    ],
};

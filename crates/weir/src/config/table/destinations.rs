//! Where events go: `destinations`, but for what only one vendor has and what may leave.

use super::forms::{CIDR, DAY_FORM, PATH, SECRET, TIME_ZONE, URL, WORD};
use super::release::{RELEASE, ROUTE};
use super::sources::ENVIRONMENT;
use super::vendors::{DATADOG, FILES, GA4, OTLP_LOGS, SPLUNK_HEC};
use super::{DAY, Default, Field, HOUR, Kind, MINUTE, SECOND, Variant, choice};

pub(super) static DESTINATION: &[Field] = &[
    Field {
        name: "type",
        kind: Kind::Choice(&[
            choice("mixpanel", "A Mixpanel project."),
            choice("amplitude", "An Amplitude project."),
            choice("posthog", "A PostHog project."),
            choice("segment", "A Segment source of the kind HTTP API."),
            choice("rudderstack", "A RudderStack source; `endpoint` is its data plane."),
            choice(
                "ga4",
                "A stream of Google Analytics 4, by its Measurement Protocol; `ga4` names the stream, `token` is its API secret.",
            ),
            choice("datadog", "Datadog's logs, a log for each event."),
            choice("splunk_hec", "A Splunk HTTP Event Collector; `endpoint` is its address."),
            choice(
                "otlp",
                "A receiver of OpenTelemetry logs; `endpoint` is what stands before `/v1/logs`. `token`, where there is one, is a bearer token.",
            ),
            choice("files", "Files of NDJSON or Parquet for a warehouse, in a folder or a bucket: see `files`."),
            choice(
                "webhook",
                "A server of yours at `endpoint`; requests are signed with `token` by Standard Webhooks.",
            ),
        ]),
        default: Default::Required {
            why: "what receives the events: mixpanel, amplitude, posthog, segment, rudderstack, ga4, datadog, splunk_hec, otlp, files, webhook",
            stand_in: "mixpanel",
        },
        doc: "What receives the events.",
    },
    Field {
        name: "region",
        kind: Kind::Choice(&[
            choice(
                "us",
                "United States: `https://api.mixpanel.com`, `https://api2.amplitude.com`, `https://us.i.posthog.com`, `https://api.segment.io`.",
            ),
            choice(
                "eu",
                "European Union: `https://api-eu.mixpanel.com`, `https://api.eu.amplitude.com`, `https://eu.i.posthog.com`, `https://events.eu1.segmentapis.com`, Datadog's `datadoghq.eu`.",
            ),
            choice("in", "India: `https://api-in.mixpanel.com`; Mixpanel only."),
            choice("us1", "Datadog only: the site `datadoghq.com`."),
            choice("us3", "Datadog only: `us3.datadoghq.com`."),
            choice("us5", "Datadog only: `us5.datadoghq.com`."),
            choice("ap1", "Datadog only: `ap1.datadoghq.com`."),
            choice("ap2", "Datadog only: `ap2.datadoghq.com`."),
            choice("uk1", "Datadog only: `uk1.datadoghq.com`."),
            choice("gov", "Datadog only: `ddog-gov.com`."),
            choice("gov2", "Datadog only: `us2.ddog-gov.com`."),
        ]),
        default: Default::Absent,
        doc: "Where the vendor stores the project; a region that the type does not have is refused. Absent: the type's first, which is the United States. The vendor loses or refuses data sent to the wrong one.",
    },
    Field {
        name: "endpoint",
        kind: Kind::Text(&URL),
        default: Default::Absent,
        doc: "Another origin to send to, for tests or a relay. A vendor's own host must be that of `region`. Plain http needs `allow_addresses`. Absent: the region's host.",
    },
    Field {
        name: "allow_addresses",
        kind: Kind::List { of: &Kind::Text(&CIDR), min: 0, max: 64 },
        default: Default::Value("[]"),
        doc: "Private, loopback or link-local ranges that may be connected to. Public addresses need no entry. **Danger:** an entry lets this destination reach into your network.",
    },
    Field {
        name: "token",
        kind: SECRET,
        default: Default::Absent,
        doc: "The project token. It never stands in this file. Every type needs one, but `otlp`, where it is optional, and `files`, which has keys of its own.",
    },
    Field {
        name: "otlp",
        kind: Kind::Section(OTLP_LOGS),
        default: Default::Absent,
        doc: "How log records are written. For type `otlp` only.",
    },
    Field {
        name: "files",
        kind: Kind::Section(FILES),
        default: Default::Absent,
        doc: "Where files are and what they are. For type `files` only, which needs it.",
    },
    Field {
        name: "ga4",
        kind: Kind::Section(GA4),
        default: Default::Absent,
        doc: "Which stream of Google Analytics. For type `ga4`, which needs it.",
    },
    Field {
        name: "datadog",
        kind: Kind::Section(DATADOG),
        default: Default::Absent,
        doc: "How logs are marked. For type `datadog` only.",
    },
    Field {
        name: "splunk_hec",
        kind: Kind::Section(SPLUNK_HEC),
        default: Default::Absent,
        doc: "How events are marked and acknowledged. For type `splunk_hec` only.",
    },
    Field {
        name: "import",
        kind: Kind::Section(IMPORT),
        default: Default::Absent,
        doc: "A service account for the vendor's import endpoint, which is the only one that takes events older than five days. Absent: such events are dropped as `too_old`.",
    },
    Field {
        name: "export",
        kind: Kind::Section(EXPORT),
        default: Default::Absent,
        doc: "How the vendor is asked what it has, for `weir ledger reconcile`. Types `mixpanel`, `amplitude`, `posthog`; of any type for `time_zone` alone. Absent: only from files.",
    },
    Field {
        name: "environments",
        kind: Kind::List { of: &ENVIRONMENT, min: 1, max: 3 },
        default: Default::Value("[production]"),
        doc: "Which environments' events it takes.",
    },
    Field {
        name: "route",
        kind: Kind::Section(ROUTE),
        default: Default::Value("{}"),
        doc: "Which events go there at all. Absent: all of its environments.",
    },
    Field {
        name: "subject",
        kind: Kind::Variants {
            of: &[
                Variant {
                    name: "raw",
                    doc: "People appear as your apps name them, as before Weir. Nothing changes in the vendor's reports; a breach there exposes your ids. \
                          Ids that look like e-mail addresses or phone numbers are withheld unless `{raw: {confirm_category: true}}`.",
                    bare: true,
                    body: Some(&Kind::Section(RAW)),
                },
                Variant {
                    name: "stable",
                    doc: "People appear under a keyed pseudonym of this destination that stays. An existing project sees every user as new once.",
                    bare: true,
                    body: None,
                },
                Variant {
                    name: "rotating",
                    doc: "As `stable`, with a new pseudonym each epoch of this length (1h to 366d). Retention and cohorts reach no further than one epoch, and billed users multiply.",
                    bare: false,
                    body: Some(&Kind::Duration { min: HOUR, max: 366 * DAY }),
                },
            ],
            hint: "write raw, stable or {rotating: 7d}",
            secret: false,
        },
        default: Default::Required {
            why: "how people appear at this vendor, and there is no silent default: `raw` (your own ids; nothing changes in its reports, a breach there exposes them), \
                  `stable` (a keyed pseudonym that stays; users look new once) or `{rotating: 7d}` (a new pseudonym each epoch; retention ends with it, billed users multiply)",
            stand_in: "stable",
        },
        doc: "How people appear at this vendor. There is no default: each choice has a price that only you can weigh.",
    },
    Field {
        name: "release",
        kind: Kind::Section(RELEASE),
        default: Default::Value("{}"),
        doc: "What may leave to this destination beyond the baseline: clean event name, time, pseudonym, insert id, library, os and browser family, screen class, country.",
    },
    Field {
        name: "shares",
        kind: Kind::Flag,
        default: Default::Value("false"),
        doc: "Whether what this destination receives is sold or shared in the sense of the CCPA: then events of people who have refused that, by Global Privacy Control or otherwise, are dropped as `consent_refused`. The same as the rule `{consent: sale_or_sharing, unknown: allow}`.",
    },
    Field {
        name: "vendor",
        kind: Kind::Text(&WORD),
        default: Default::Absent,
        doc: "The company behind it, for reports. Absent: the name of `type`.",
    },
    Field {
        name: "from",
        kind: Kind::Choice(&[
            choice("now", "Events received after the destination first appears."),
            choice(
                "earliest",
                "Reads the journal from its oldest event. An event goes only to destinations that were configured when it came in, and \
                 keeps the list of them: so what came in before a destination was configured does not go to it, and a start says how many \
                 events those are. It makes a difference only where the ledger was lost and the journal was not.",
            ),
        ]),
        default: Default::Value("now"),
        doc: "Where a new destination starts. Without effect once it has started.",
    },
    Field {
        name: "on_unknown",
        kind: Kind::Choice(&[
            choice(
                "resend",
                "Send again, under the same insert ids. What does not repeat safely (`$add`, `$append`) is kept as unknown all the same.",
            ),
            choice("keep_unknown", "Leave it counted as unknown."),
        ]),
        default: Default::Absent,
        doc: "What to do with a batch that was sent but whose answer was lost. Absent: what suits the type, `resend`, but `keep_unknown` for a vendor that would count a second copy.",
    },
    Field {
        name: "onward",
        kind: Kind::List { of: &Kind::Section(ONWARD), min: 0, max: 200 },
        default: Default::Absent,
        doc: "Whom this vendor sends on to by its own configuration, which Weir cannot see: Segment and RudderStack do. It makes nobody receive anything; it is what answers about those vendors rest on, as *declared*. `[]`: nobody. Absent: not said, and `doctor` asks where the type forwards.",
    },
    Field {
        name: "retention",
        kind: Kind::Duration { min: DAY, max: 36_500 * DAY },
        default: Default::Absent,
        doc: "How long this vendor keeps what it gets, by your contract or the setting of its project. Nothing is deleted by it: it is what `weir destination view` rests on. Absent: for ever, as far as anybody has said.",
    },
    Field {
        name: "lag",
        kind: Kind::Section(LAG),
        default: Default::Value("{}"),
        doc: "How long events wait for a vendor that is slow, down or suspended.",
    },
    Field {
        name: "identity_merge",
        kind: Kind::Choice(&[
            choice(
                "simplified",
                "Simplified ID Merge: an event that has both `$device_id` and `$user_id` links them. No `$identify`, `$create_alias` or `$merge` is sent; those are dropped as `no_equivalent`.",
            ),
            choice(
                "original",
                "Original ID Merge: `$identify` with the anonymous id, `$create_alias`, and `$merge` by import.",
            ),
            choice(
                "legacy",
                "No ID merge: `$create_alias` for an identify and an alias. A merge is dropped as `no_equivalent`.",
            ),
        ]),
        default: Default::Value("original"),
        doc: "How this Mixpanel project makes one person of several ids: its project settings, Identity Merge, say it. For type `mixpanel` only. Without `links` no alias and no merge leaves, whichever it is.",
    },
    Field {
        name: "links",
        kind: Kind::Flag,
        default: Default::Value("false"),
        doc: "Whether alias and merge operations leave: the vendor then learns that two known pseudonyms are one person. Identify, which ties a device to the user who signs in on it, leaves always. Links across epochs never leave.",
    },
    Field {
        name: "compression",
        kind: Kind::Choice(&[
            choice("gzip", "Requests are compressed."),
            choice("none", "Requests are sent as they are."),
        ]),
        default: Default::Value("gzip"),
        doc: "How requests to the vendor are encoded.",
    },
    Field {
        name: "timeouts",
        kind: Kind::Section(TIMEOUTS),
        default: Default::Value("{}"),
        doc: "How long to wait for the vendor.",
    },
    Field {
        name: "root_certificates",
        kind: Kind::Text(&PATH),
        default: Default::Absent,
        doc: "A PEM file of further certificate authorities to trust for this destination, for a relay of your own. Absent: the public ones (Mozilla's list).",
    },
];

static ONWARD: &[Field] = &[
    Field {
        name: "vendor",
        kind: Kind::Text(&WORD),
        default: Default::Required { why: "the company that receives it", stand_in: "unset" },
        doc: "The company that receives it.",
    },
    Field { name: "region", kind: Kind::Text(&WORD), default: Default::Absent, doc: "Where it keeps the data." },
    Field {
        name: "since",
        kind: Kind::Text(&DAY_FORM),
        default: Default::Absent,
        doc: "The first day. Absent: from the beginning.",
    },
    Field {
        name: "until",
        kind: Kind::Text(&DAY_FORM),
        default: Default::Absent,
        doc: "The last day. Absent: it goes on.",
    },
];

static EXPORT: &[Field] = &[
    Field {
        name: "username",
        kind: SECRET,
        default: Default::Absent,
        doc: "Mixpanel: the name of a service account that may export. Amplitude: the project's API key. PostHog: absent. Read by `weir ledger reconcile` alone, never by a running Weir.",
    },
    Field {
        name: "secret",
        kind: SECRET,
        default: Default::Absent,
        doc: "Mixpanel: the service account's secret. Amplitude: the project's secret key. PostHog: a personal API key with the scope Query Read. Read by `weir ledger reconcile` alone.",
    },
    Field {
        name: "project_id",
        kind: Kind::Count { min: 1, max: u64::MAX / 2 },
        default: Default::Absent,
        doc: "The number of the project: Mixpanel and PostHog ask for it.",
    },
    Field {
        name: "time_zone",
        kind: Kind::Text(&TIME_ZONE),
        default: Default::Value("UTC"),
        doc: "In which time zone the vendor's project counts days. **Danger:** with another one events of its first and last hours are missing or too many.",
    },
    Field {
        name: "endpoint",
        kind: Kind::Text(&URL),
        default: Default::Absent,
        doc: "Another origin to ask, for tests, a relay or an instance of your own. Plain http needs `allow_addresses`. Absent: the host of the vendor's export in `region`.",
    },
];

static IMPORT: &[Field] = &[
    Field {
        name: "username",
        kind: SECRET,
        default: Default::Required {
            why: "the service account's name: {env: NAME} or {file: /path/to/it}",
            stand_in: "{env: UNSET}",
        },
        doc: "The service account's name.",
    },
    Field {
        name: "secret",
        kind: SECRET,
        default: Default::Required {
            why: "the service account's secret: {env: NAME} or {file: /path/to/it}",
            stand_in: "{env: UNSET}",
        },
        doc: "The service account's secret.",
    },
    Field {
        name: "project_id",
        kind: Kind::Count { min: 1, max: u64::MAX / 2 },
        default: Default::Required {
            why: "the number of the project that the service account belongs to",
            stand_in: "1",
        },
        doc: "The number of the project.",
    },
];

static RAW: &[Field] = &[Field {
    name: "confirm_category",
    kind: Kind::Flag,
    default: Default::Value("false"),
    doc: "Confirms that ids which look like e-mail addresses or phone numbers may leave as they are. **Danger:** they then name people to whoever reads the vendor's data.",
}];

static LAG: &[Field] = &[
    Field {
        name: "max",
        kind: Kind::Duration { min: MINUTE, max: 365 * DAY },
        default: Default::Value("72h"),
        doc: "How long an event waits at most. Half the journal budget is the other limit; whichever comes first. Alert at half.",
    },
    Field {
        name: "on_lag",
        kind: Kind::Choice(&[
            choice("expire", "The oldest waiting events are dropped under the rule `expired` and counted."),
            choice(
                "hold",
                "They wait on. **Danger:** when the journal budget is used up, intake stops with 503 for every source.",
            ),
        ]),
        default: Default::Value("expire"),
        doc: "What happens at the limit.",
    },
];

static TIMEOUTS: &[Field] = &[
    Field {
        name: "connect",
        kind: Kind::Duration { min: 100, max: 5 * MINUTE },
        default: Default::Value("5s"),
        doc: "For name look-up, connection and TLS together.",
    },
    Field {
        name: "request",
        kind: Kind::Duration { min: SECOND, max: 10 * MINUTE },
        default: Default::Value("30s"),
        doc: "From the first byte sent to the last byte of the answer. After it the outcome is unknown.",
    },
];

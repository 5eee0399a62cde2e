//! Where events come in: `listen`, `sources` and what a source says of consent.

use super::forms::{ADDRESS, COOKIE, EVENT_NAME, ID, PATH, PROPERTY, SOURCE_COUNTRY, WORD, WRITE_KEY};
use super::{Choice, Default, Field, Kind, choice};

pub(super) static LISTEN: &[Field] = &[
    Field {
        name: "ingest",
        kind: Kind::Text(&ADDRESS),
        default: Default::Value("127.0.0.1:8400"),
        doc: "Where SDKs send events.",
    },
    Field {
        name: "console",
        kind: Kind::Text(&ADDRESS),
        default: Default::Value("127.0.0.1:8401"),
        doc: "Where `/healthz`, `/readyz` and `/metrics` are served. No authentication: keep it off public addresses.",
    },
    Field {
        name: "tls",
        kind: Kind::Section(TLS),
        default: Default::Absent,
        doc: "TLS on the ingest address. Absent: plain HTTP, for use behind a proxy that terminates TLS.",
    },
];

static TLS: &[Field] = &[
    Field {
        name: "certificate",
        kind: Kind::Text(&PATH),
        default: Default::Required { why: "the PEM file with the certificate and its chain", stand_in: "unset" },
        doc: "PEM file: the certificate, then its chain. Read again when it changes and on SIGHUP; a bad one keeps the old in use.",
    },
    Field {
        name: "key",
        kind: Kind::Text(&PATH),
        default: Default::Required { why: "the PEM file with the private key", stand_in: "unset" },
        doc: "PEM file: the private key (PKCS#8, PKCS#1 or SEC1).",
    },
];

const MODES: &[Choice] = &[
    choice("tap", "A mirrored copy from the edge: received, minimised, counted; nothing is delivered."),
    choice("observe", "Delivered by the release rules; violations of a tracking plan are recorded, not acted on."),
    choice(
        "enforce",
        "Delivered by the release rules; violations of a tracking plan are acted on. Until a tracking plan exists the same as `observe`.",
    ),
];

pub(super) static SOURCE: &[Field] = &[
    Field {
        name: "protocol",
        kind: Kind::Choice(&[
            choice("mixpanel", "Mixpanel's SDK protocol: track, engage, groups, import."),
            choice("amplitude", "Amplitude's SDK protocol: HTTP V2, batch, identify, groupidentify, the legacy form."),
            choice("segment", "Segment's SDK protocol: single events, batches, the pixel."),
            choice("rudderstack", "RudderStack's SDK protocol: Segment's with merge, beacon and pixel."),
            choice("posthog", "PostHog's SDK protocol: capture in both forms, batch, engage, AI events."),
            choice("snowplow", "Snowplow's tracker protocol: tp2 and GET. The write key is the app id."),
        ]),
        default: Default::Value("mixpanel"),
        doc: "What the SDKs of this source speak.",
    },
    Field {
        name: "write_keys",
        kind: Kind::List { of: &Kind::Text(&WRITE_KEY), min: 1, max: 64 },
        default: Default::Required {
            why: "the keys by which SDKs name this source; a vendor's public project token may be used, so that the host is all that an app changes",
            stand_in: "[unset]",
        },
        doc: "The keys by which an SDK names this source. The vendor's public project token may be one of them. A key belongs to one source.",
    },
    Field {
        name: "environment",
        kind: ENVIRONMENT,
        default: Default::Value("production"),
        doc: "Which environment its events belong to. Each environment has keys of its own; a destination takes only those that it names.",
    },
    Field {
        name: "mode",
        kind: Kind::Choice(MODES),
        default: Default::Value("observe"),
        doc: "How far this source has climbed. No mode forwards what is not released.",
    },
    Field {
        name: "identity_space",
        kind: Kind::Text(&ID),
        default: Default::Value("default"),
        doc: "Sources in one space share user and device ids. **Danger:** a change makes every known user of this source a new one inside Weir.",
    },
    Field {
        name: "group_keys",
        kind: Kind::List { of: &Kind::Text(&WORD), min: 0, max: 20 },
        default: Default::Value("[]"),
        doc: "Properties whose value is the id of a group, such as company_id. They are treated as identifiers.",
    },
    Field {
        name: "events",
        kind: Kind::Map { key: &EVENT_NAME, key_name: "event name", of: &Kind::Section(EVENT), max: 2_000 },
        default: Default::Value("{}"),
        doc: "What differs for single events.",
    },
    Field {
        name: "auxiliary",
        kind: Kind::Choice(&[
            choice("constant", "A fixed answer that switches the feature off: SDKs fall back to their defaults."),
            choice(
                "proxy",
                "Feature flags are asked of the vendor, in a request built from scratch of what the destination's release rules allow, with a pseudonym that does not rotate; recorded in the ledger before it is sent. Settings get their fixed answer, since the vendor's could switch on recording, scripts and destinations that go past Weir.",
            ),
            choice("refuse", "Answer with 404."),
        ]),
        default: Default::Value("constant"),
        doc: "Calls for flags, remote settings and the like.",
    },
    Field {
        name: "auxiliary_destination",
        kind: Kind::Text(&ID),
        default: Default::Absent,
        doc: "With `auxiliary: proxy`: the destination whose vendor is asked. Absent: the only destination of the source's vendor that takes its environment.",
    },
    Field {
        name: "block_in_browser",
        kind: Kind::Flag,
        default: Default::Value("false"),
        doc: "Tell Segment's browser SDK, in the plan of its settings, which events every destination drops by an `event` rule: it then does not send them. Weir does not see or count what is not sent.",
    },
    Field {
        name: "accept_flag_loss",
        kind: Kind::Flag,
        default: Default::Value("false"),
        doc: "Needed to change a source that was seen to use flags to `enforce` with `auxiliary: constant`: its flags fall back to their defaults.",
    },
    Field {
        name: "consent",
        kind: Kind::Section(CONSENT),
        default: Default::Value("{}"),
        doc: "What its requests and events say about consent, for destinations with a rule by `consent`. See [consent](consent.md) for what is understood without configuration.",
    },
    Field {
        name: "country",
        kind: Kind::Text(&SOURCE_COUNTRY),
        default: Default::Value("client"),
        doc: "How the country of its events is known. `client`: by the address that a request comes from. `event`: by the address that stands in the event itself (`ip`, `$ip`, `context.ip`), as server SDKs send it; without one it is not known. `unknown`: not at all. A code such as `DE`: all of them are from there. **Danger:** the requests of a server come from the server's country, not from its users': for its source choose another than `client`.",
    },
    Field {
        name: "rate_limit",
        kind: Kind::Count { min: 1, max: 1_000_000 },
        default: Default::Absent,
        doc: "Events a second that this source may send, on average over ten seconds. Over it: 503 with Retry-After, which every SDK that retries at all retries; nothing is taken, the SDK keeps its events. Absent: as many as come.",
    },
];

const ENVIRONMENTS: &[Choice] = &[
    choice("development", "A developer's machine."),
    choice("staging", "A rehearsal of production."),
    choice("production", "Real users."),
];

pub(super) const ENVIRONMENT: Kind = Kind::Choice(ENVIRONMENTS);

static EVENT: &[Field] = &[Field {
    name: "mode",
    kind: Kind::Choice(MODES),
    default: Default::Absent,
    doc: "The mode of this event. Absent: the mode of the source.",
}];

const ANALYTICS: Choice = choice("analytics", "Measuring how the product is used.");
const ADVERTISING: Choice = choice("advertising", "Advertising, measured or targeted.");
const SALE: Choice = choice("sale_or_sharing", "Sale or sharing as the CCPA means it.");
const PERSONALIZATION: Choice = choice("personalization", "Fitting content to a person.");
const FUNCTIONAL: Choice = choice("functional", "Comfort beyond what the service needs.");
const PURPOSES: &[Choice] = &[ANALYTICS, ADVERTISING, SALE, PERSONALIZATION, FUNCTIONAL];
pub(super) const PURPOSE: Kind = Kind::Choice(PURPOSES);
const IGNORE: Choice = choice("ignore", "Says nothing: takes away what is built in.");

const READING: Kind = Kind::Choice(&[
    ANALYTICS,
    ADVERTISING,
    SALE,
    PERSONALIZATION,
    FUNCTIONAL,
    choice("onetrust", "OneTrust's cookie `OptanonConsent`, by the categories above."),
    choice("cookiebot", "Cookiebot's cookie `CookieConsent`, by the categories above."),
    choice("tcf", "A TC string of the IAB's framework, version 2."),
    choice("google", "Google's `gcs`: advertising and analytics."),
    IGNORE,
]);

static CONSENT: &[Field] = &[
    Field {
        name: "gpc",
        kind: Kind::List { of: &PURPOSE, min: 0, max: 5 },
        default: Default::Value("[sale_or_sharing]"),
        doc: "What `Sec-GPC: 1` refuses. **Danger:** without `sale_or_sharing` an opt-out that the CCPA Regulations (§ 7025) make valid is not seen.",
    },
    Field {
        name: "dnt",
        kind: Kind::List { of: &PURPOSE, min: 0, max: 5 },
        default: Default::Value("[sale_or_sharing]"),
        doc: "What `DNT: 1` refuses.",
    },
    Field {
        name: "categories",
        kind: Kind::Map {
            key: &WORD,
            key_name: "category",
            of: &Kind::Choice(&[ANALYTICS, ADVERTISING, SALE, PERSONALIZATION, FUNCTIONAL, IGNORE]),
            max: 200,
        },
        default: Default::Value("{}"),
        doc: "Consent categories by their name at the consent platform, without regard to case, beside those that are built in.",
    },
    Field {
        name: "properties",
        kind: Kind::Map { key: &PROPERTY, key_name: "property", of: &READING, max: 200 },
        default: Default::Value("{}"),
        doc: "Properties that say something about consent. For a purpose: a word for yes or no (`true`, `granted`, `denied`, `opted_out`, …); any other word is unknown.",
    },
    Field {
        name: "cookies",
        kind: Kind::Map { key: &COOKIE, key_name: "cookie", of: &READING, max: 20 },
        default: Default::Value("{}"),
        doc: "Cookies that say something about consent, read as properties are. Only these are read; none is stored. Cookies reach Weir only where it answers under the site's own domain.",
    },
];

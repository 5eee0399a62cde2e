//! How Weir is run: `rollout`, `log`, `alerts`, `telemetry`, `shutdown`.

use super::forms::{CIDR, HEADER, PERCENT, SECRET, URL};
use super::{DAY, Default, Field, Kind, MINUTE, SECOND, choice};

pub(super) static ROLLOUT: &[Field] = &[
    Field {
        name: "evaluate",
        kind: Kind::Duration { min: MINUTE, max: 7 * DAY },
        default: Default::Value("1h"),
        doc: "A change is held against the events of this long before it comes into force, as far as the journal holds them.",
    },
    Field {
        name: "steps",
        kind: Kind::List { of: &Kind::Text(&PERCENT), min: 1, max: 10 },
        default: Default::Value("[1%, 10%, 50%, 100%]"),
        doc: "The shares of people that get the change, one after the other; the last is 100%.",
    },
    Field {
        name: "step_time",
        kind: Kind::Duration { min: SECOND, max: 7 * DAY },
        default: Default::Value("10m"),
        doc: "How long each step lasts. Events that only the policy in force would let leave are kept meanwhile: all steps together are shorter than `hold.keep`.",
    },
    Field {
        name: "guards",
        kind: Kind::Section(GUARDS),
        default: Default::Value("{}"),
        doc: "What takes a change back. A guard looks where at least 20 events are counted.",
    },
];

static GUARDS: &[Field] = &[
    Field {
        name: "volume",
        kind: Kind::Text(&PERCENT),
        default: Default::Value("20%"),
        doc: "By how much the number of events of one name that leave may differ.",
    },
    Field {
        name: "fill",
        kind: Kind::Text(&PERCENT),
        default: Default::Value("10%"),
        doc: "How many points fewer of the events of one name may carry a property.",
    },
    Field {
        name: "dropped",
        kind: Kind::Text(&PERCENT),
        default: Default::Value("5%"),
        doc: "How many points more of a destination's events may be dropped.",
    },
    Field {
        name: "quarantined",
        kind: Kind::Text(&PERCENT),
        default: Default::Value("1%"),
        doc: "How many points more of a destination's events the vendor may reject.",
    },
];

pub(super) static LOG: &[Field] = &[
    Field {
        name: "format",
        kind: Kind::Choice(&[choice("human", "For a terminal."), choice("json", "One JSON object a line.")]),
        default: Default::Value("human"),
        doc: "How a line looks.",
    },
    Field {
        name: "level",
        kind: Kind::Choice(&[
            choice("error", "What needs a person now."),
            choice("warn", "And what will need one."),
            choice("info", "And what happened."),
            choice("debug", "And how."),
        ]),
        default: Default::Value("info"),
        doc: "What is written.",
    },
];

pub(super) const PUSH_ADDRESSES: Field = Field {
    name: "allow_addresses",
    kind: Kind::List { of: &Kind::Text(&CIDR), min: 0, max: 64 },
    default: Default::Value("[]"),
    doc: "Private, loopback or link-local ranges that it may lie in. Public addresses need no entry; plain http needs one.",
};

pub(super) static ALERTS: &[Field] = &[Field {
    name: "webhook",
    kind: Kind::Section(WEBHOOK),
    default: Default::Absent,
    doc: "Gets a message when an alert begins and when it is over: what `weir alerts` shows, no event content. Absent: nobody.",
}];

pub(super) static WEBHOOK: &[Field] = &[
    Field {
        name: "url",
        kind: Kind::Text(&URL),
        default: Default::Required { why: "where messages are posted to", stand_in: "https://unset.invalid" },
        doc: "Where messages are posted to, as JSON.",
    },
    Field {
        name: "secret",
        kind: SECRET,
        default: Default::Required {
            why: "the secret that the receiver checks signatures with: {env: NAME} or {file: /path/to/it}",
            stand_in: "{env: UNSET}",
        },
        doc: "Signs each message as Standard Webhooks says (`webhook-id`, `webhook-timestamp`, `webhook-signature`): `whsec_` and 24 to 64 bytes in base64.",
    },
    PUSH_ADDRESSES,
];

pub(super) static TELEMETRY: &[Field] = &[Field {
    name: "otlp",
    kind: Kind::Section(OTLP),
    default: Default::Absent,
    doc: "An OpenTelemetry collector that gets a trace of each batch to a vendor, by OTLP over HTTP: steps, times, counts, statuses; no event content. Absent: none.",
}];

static OTLP: &[Field] = &[
    Field {
        name: "endpoint",
        kind: Kind::Text(&URL),
        default: Default::Required {
            why: "the collector's address, such as https://otel.example.com:4318",
            stand_in: "https://unset.invalid",
        },
        doc: "The collector; `/v1/traces` is added.",
    },
    Field {
        name: "headers",
        kind: Kind::Map { key: &HEADER, key_name: "header", of: &SECRET, max: 16 },
        default: Default::Value("{}"),
        doc: "Headers that the collector wants, by name; their values are secrets. A bearer token is written with its `Bearer `.",
    },
    Field {
        name: "sample",
        kind: Kind::Share,
        default: Default::Value("0.1"),
        doc: "The share of batches that are traced.",
    },
    PUSH_ADDRESSES,
];

pub(super) static SHUTDOWN: &[Field] = &[Field {
    name: "grace",
    kind: Kind::Duration { min: 0, max: 10 * MINUTE },
    default: Default::Value("20s"),
    doc: "For requests and batches under way to end. Keep it below the service manager's own limit. What does not end in time is not lost: it was not acknowledged, or it is in the journal.",
}];

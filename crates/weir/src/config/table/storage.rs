//! What is kept, where and how much of it: `journal`, `hold`, `limits`, `ledger`, `audit_log`.

use super::forms::{ADDRESS, BUCKET, COSIGNER_KEY, ID, LEDGER_ORIGIN, LOG_KEY, PATH, RECEIVER, SECRET, URL};
use super::operation::{PUSH_ADDRESSES, WEBHOOK};
use super::vendors::S3;
use super::{DAY, Default, Field, GIB, HOUR, Kind, MIB, MINUTE, SECOND, choice};

pub(super) static JOURNAL: &[Field] = &[
    Field {
        name: "segment",
        kind: Kind::Size { min: MIB, max: GIB, auto: false },
        default: Default::Value("64MiB"),
        doc: "Size of one file. Files go whole: a bigger one frees space later.",
    },
    Field {
        name: "budget",
        kind: Kind::Size { min: 4 * MIB, max: 64 * 1024 * GIB, auto: false },
        default: Default::Value("8GiB"),
        doc: "Space that the journal may use. When it is used up and nothing may go, intake answers 503 with Retry-After. At least four segments.",
    },
    Field {
        name: "replay_window",
        kind: Kind::Duration { min: 0, max: 365 * DAY },
        default: Default::Value("24h"),
        doc: "How long a segment stays after every destination has passed it, for `from: earliest` and for looking into what happened.",
    },
];

pub(super) static HOLD: &[Field] = &[
    Field {
        name: "keep_body",
        kind: Kind::Flag,
        default: Default::Value("true"),
        doc: "Whether an event that could not be minimised is kept, sealed to a key that the gateway cannot open. `false`: only source, time and reason are kept, and it cannot be replayed.",
    },
    Field {
        name: "keep",
        kind: Kind::Duration { min: HOUR, max: 90 * DAY },
        default: Default::Value("72h"),
        doc: "How long an event stays before it counts as dropped under `hold_expired`.",
    },
    Field {
        name: "budget",
        // Less would count as full from the start: room for one event of the largest size is kept free on each shelf.
        kind: Kind::Size { min: 4 * MIB, max: 1024 * GIB, auto: false },
        default: Default::Value("256MiB"),
        doc: "Space for raw hold and quarantine, each. When one is full, intake answers 503 with Retry-After.",
    },
];

pub(super) static DISK: &[Field] = &[Field {
    name: "reserve",
    kind: Kind::Size { min: MIB, max: 1024 * GIB, auto: true },
    default: Default::Value("auto"),
    doc: "Space set aside at start for the ledger, the quarantine and the control store, so that a full disk stops intake before it stops the record. `auto`: the larger of 256 MiB and 2 % of the file system.",
}];

pub(super) static LIMITS: &[Field] = &[
    Field {
        name: "body",
        kind: Kind::Size { min: 1024, max: 64 * MIB, auto: false },
        default: Default::Value("10MiB"),
        doc: "One request body as received. Over it: 413 in the vendor's form.",
    },
    Field {
        name: "body_decoded",
        kind: Kind::Size { min: 1024, max: 128 * MIB, auto: false },
        default: Default::Value("20MiB"),
        doc: "One request body after decompression. Over it: 413.",
    },
    Field {
        name: "head",
        kind: Kind::Size { min: 8 * 1024, max: MIB, auto: false },
        default: Default::Value("64KiB"),
        doc: "Request line and headers together. Over it: 431.",
    },
    Field {
        name: "in_flight",
        kind: Kind::Size { min: MIB, max: 16 * GIB, auto: false },
        default: Default::Value("64MiB"),
        doc: "Bodies being handled at one moment, all connections together. Over it: 503 with Retry-After.",
    },
    Field {
        name: "connections",
        kind: Kind::Count { min: 1, max: 1_000_000 },
        default: Default::Value("4096"),
        doc: "Open connections. Over it: new ones wait in the system's queue.",
    },
    Field {
        name: "head_timeout",
        kind: Kind::Duration { min: 100, max: 10 * MINUTE },
        default: Default::Value("10s"),
        doc: "For a request's head to arrive, and for a TLS handshake. Then the connection is closed.",
    },
    Field {
        name: "body_timeout",
        kind: Kind::Duration { min: 100, max: 10 * MINUTE },
        default: Default::Value("60s"),
        doc: "For a request's body to arrive. Then 408.",
    },
    Field {
        name: "idle_timeout",
        kind: Kind::Duration { min: SECOND, max: HOUR },
        default: Default::Value("75s"),
        doc: "How long a connection may stay open between two requests.",
    },
];

pub(super) static LEDGER: &[Field] = &[
    Field {
        name: "origin",
        kind: Kind::Text(&LEDGER_ORIGIN),
        default: Default::Absent,
        doc: "The name of this log in its checkpoints. Absent: a name drawn at first start. Without effect once the log exists.",
    },
    Field {
        name: "anchors",
        kind: Kind::List { of: &Kind::Text(&PATH), min: 0, max: 16 },
        default: Default::Value("[]"),
        doc: "Files outside the data folder, best on another machine's disk, where each checkpoint is also written. Without one a rewind of the whole data folder cannot be detected.",
    },
    Field {
        name: "publish",
        kind: Kind::Duration { min: SECOND, max: HOUR },
        default: Default::Value("10s"),
        doc: "How often at most bucket, webhook and witnesses are told of a new checkpoint. Files in `anchors` are written at each, at most once a second.",
    },
    Field {
        name: "bucket",
        kind: Kind::Section(ANCHOR_BUCKET),
        default: Default::Absent,
        doc: "A bucket that the newest checkpoint of each tree is put into, as `egress.checkpoint` and `audit.checkpoint`, and read from at start. Absent: none.",
    },
    Field {
        name: "webhook",
        kind: Kind::Section(WEBHOOK),
        default: Default::Absent,
        doc: "A place that keeps the newest checkpoints and gets each as a signed message, `weir.checkpoint`. It may answer 409 with the newer note that it holds, which stops a rewound ledger. Absent: none.",
    },
    Field {
        name: "witnesses",
        kind: Kind::List { of: &Kind::Section(WITNESS_OF), min: 0, max: 16 },
        default: Default::Value("[]"),
        doc: "Witnesses (c2sp.org/tlog-witness) that cosign the checkpoints of both trees, each only where it extends the last one that it saw. One that is down holds nothing up; one that says that it saw a larger or another tree stops signing and sending, so name only those that you trust with that.",
    },
    Field {
        name: "witness",
        kind: Kind::Section(WITNESS_FOR),
        default: Default::Absent,
        doc: "Makes this Weir a witness of others, on a listener of its own: `POST /add-checkpoint`. `weir ledger witness` prints its key. Absent: it is none.",
    },
];

static ANCHOR_BUCKET: &[Field] = &[
    Field {
        name: "path",
        kind: Kind::Text(&BUCKET),
        default: Default::Required { why: "where checkpoints go: s3://bucket/prefix", stand_in: "s3://unset" },
        doc: "`s3://bucket/prefix`.",
    },
    Field {
        name: "endpoint",
        kind: Kind::Text(&URL),
        default: Default::Absent,
        doc: "An S3-compatible store. Absent: Amazon's, `https://s3.<region>.amazonaws.com`.",
    },
    Field {
        name: "s3",
        kind: Kind::Section(S3),
        default: Default::Required {
            why: "who writes to the bucket: `region`, `access_key` and `secret_key`",
            stand_in: "{region: unset, access_key: {env: UNSET}, secret_key: {env: UNSET}}",
        },
        doc: "Who writes to the bucket. The key needs to put and get these objects and to list the bucket (without that a store does not say that an object is not there yet); best in another account, with versions kept.",
    },
    PUSH_ADDRESSES,
];

static WITNESS_OF: &[Field] = &[
    Field {
        name: "url",
        kind: Kind::Text(&URL),
        default: Default::Required { why: "where the witness is asked", stand_in: "https://unset.invalid" },
        doc: "The witness; `/add-checkpoint` is added.",
    },
    Field {
        name: "key",
        kind: Kind::Text(&COSIGNER_KEY),
        default: Default::Required {
            why: "the witness's key: of a Weir, `weir ledger witness` there prints it",
            stand_in: "unset+3deede16+BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        },
        doc: "What checks its cosignatures (Ed25519, type 0x04): `name+id+base64`. Got by another way than its answers.",
    },
    PUSH_ADDRESSES,
];

static WITNESS_FOR: &[Field] = &[
    Field {
        name: "listen",
        kind: Kind::Text(&ADDRESS),
        default: Default::Required { why: "where others ask, such as 10.0.0.7:8402", stand_in: "127.0.0.1:0" },
        doc: "Address and port of the listener. Plain HTTP: what it is asked and what it answers is signed and no secret. It takes 32 connections and bodies of 68 KiB.",
    },
    Field {
        name: "name",
        kind: Kind::Text(&LEDGER_ORIGIN),
        default: Default::Required {
            why: "the witness's name in its cosignatures, such as weir-b.example.com/witness",
            stand_in: "unset",
        },
        doc: "Its name in its cosignatures. It is part of its key: whoever checks them needs the new key after a change.",
    },
    Field {
        name: "logs",
        kind: Kind::List { of: &Kind::Text(&LOG_KEY), min: 1, max: 64 },
        default: Default::Required {
            why: "for whom it cosigns: the keys that `weir ledger checkpoint --key` prints there, of both trees",
            stand_in: "[unset+19a94473+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA]",
        },
        doc: "The keys of the ledgers that it cosigns for, `name+id+base64`; the audit tree has one of its own (`--tree audit`).",
    },
];

pub(super) static AUDIT_LOG: &[Field] = &[Field {
    name: "ship",
    kind: Kind::Map { key: &ID, key_name: "receiver", of: &Kind::Section(SHIP), max: 8 },
    default: Default::Value("{}"),
    doc: "Systems that get every act of the audit log from its beginning on, by id: in order, each at least once, also after a stop. One that is down stops nothing; an alert says so. An id stays with its place in the log: another id begins anew.",
}];

static SHIP: &[Field] = &[
    Field {
        name: "type",
        kind: Kind::Choice(&[
            choice("syslog", "Messages of RFC 5424 by TLS, TCP (octet counting) or a socket of this machine."),
            choice("webhook", "A server of yours: JSON arrays of acts, signed by Standard Webhooks."),
            choice("file", "A file to which a line is appended for each act."),
        ]),
        default: Default::Required { why: "how acts are handed on: syslog, webhook or file", stand_in: "file" },
        doc: "How acts are handed on.",
    },
    Field {
        name: "to",
        kind: Kind::Text(&RECEIVER),
        default: Default::Required {
            why: "where: tls://host:6514, tcp://host:601 or unix:/dev/log; https://host/path; or a path",
            stand_in: "/unset",
        },
        doc: "Where: `tls://host:port`, `tcp://host:port` or `unix:/dev/log` for syslog, a URL for a webhook, a path for a file, outside the data and key folders. A relative path is taken from the folder of this file.",
    },
    Field {
        name: "form",
        kind: Kind::Choice(&[
            choice("ocsf", "Events of the Open Cybersecurity Schema Framework 1.3.0, class API Activity (6003)."),
            choice("weir", "As `weir audit-log read --json` shows an act, without notes."),
        ]),
        default: Default::Value("ocsf"),
        doc: "What an act looks like.",
    },
    Field {
        name: "secret",
        kind: SECRET,
        default: Default::Absent,
        doc: "For a webhook, which needs one: signs each request as Standard Webhooks says. `whsec_` and 24 to 64 bytes in base64.",
    },
    Field {
        name: "root_certificates",
        kind: Kind::Text(&PATH),
        default: Default::Absent,
        doc: "A PEM file of further certificate authorities to trust for it. Absent: the public ones (Mozilla's list).",
    },
    PUSH_ADDRESSES,
];

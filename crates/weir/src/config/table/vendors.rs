//! What only one type of destination has.

use super::forms::{HEADER, PATH, SECRET, TAG, WORD};
use super::{Default, Field, HOUR, Kind, MIB, SECOND, choice};

pub(super) static GA4: &[Field] = &[
    Field {
        name: "measurement_id",
        kind: Kind::Text(&WORD),
        default: Default::Absent,
        doc: "The stream of a site, `G-…`. Exactly one of the two.",
    },
    Field {
        name: "firebase_app_id",
        kind: Kind::Text(&WORD),
        default: Default::Absent,
        doc: "The stream of an app, `1:…:android:…`. People have to appear in it as pseudonyms: Google takes no other ids of an app's instance.",
    },
];

pub(super) static DATADOG: &[Field] = &[
    Field {
        name: "service",
        kind: Kind::Text(&WORD),
        default: Default::Absent,
        doc: "`service` of each log. Absent: none.",
    },
    Field {
        name: "source",
        kind: Kind::Text(&WORD),
        default: Default::Value("weir"),
        doc: "`ddsource` of each log, by which Datadog chooses a pipeline.",
    },
    Field {
        name: "tags",
        kind: Kind::List { of: &Kind::Text(&TAG), min: 0, max: 50 },
        default: Default::Value("[]"),
        doc: "`ddtags` of each log, such as `env:production`.",
    },
    Field {
        name: "hostname",
        kind: Kind::Text(&WORD),
        default: Default::Absent,
        doc: "`hostname` of each log. Absent: none; Weir never writes the name of the host that it runs on.",
    },
];

pub(super) static SPLUNK_HEC: &[Field] = &[
    Field {
        name: "index",
        kind: Kind::Text(&WORD),
        default: Default::Absent,
        doc: "`index` of each event. Absent: the token's.",
    },
    Field {
        name: "source",
        kind: Kind::Text(&WORD),
        default: Default::Absent,
        doc: "`source` of each event. Absent: the token's.",
    },
    Field {
        name: "sourcetype",
        kind: Kind::Text(&WORD),
        default: Default::Absent,
        doc: "`sourcetype` of each event. Absent: the token's.",
    },
    Field {
        name: "host",
        kind: Kind::Text(&WORD),
        default: Default::Absent,
        doc: "`host` of each event. Absent: what Splunk makes of it; Weir never writes the name of the host that it runs on.",
    },
    Field {
        name: "acknowledge",
        kind: Kind::Flag,
        default: Default::Value("false"),
        doc: "Whether a batch counts as delivered only when the indexers have it. The token needs indexer acknowledgement, which Splunk Enterprise has and Splunk Cloud mostly not; without it nothing is sent and the destination shows `acknowledgement_disabled`.",
    },
    Field {
        name: "acknowledge_within",
        kind: Kind::Duration { min: 100, max: HOUR },
        default: Default::Value("5m"),
        doc: "How long Splunk is asked before the outcome of a batch counts as unknown and `on_unknown` decides.",
    },
];

pub(super) static OTLP_LOGS: &[Field] = &[
    Field {
        name: "encoding",
        kind: Kind::Choice(&[
            choice("protobuf", "`application/x-protobuf`, which every receiver reads."),
            choice("json", "`application/json`."),
        ]),
        default: Default::Value("protobuf"),
        doc: "How requests are written.",
    },
    Field {
        name: "headers",
        kind: Kind::Map { key: &HEADER, key_name: "header", of: &SECRET, max: 16 },
        default: Default::Value("{}"),
        doc: "Headers with the receiver's own credentials, each a secret.",
    },
    Field {
        name: "resource",
        kind: Kind::Map { key: &WORD, key_name: "attribute", of: &Kind::Text(&WORD), max: 32 },
        default: Default::Value("{service.name: weir}"),
        doc: "Attributes of the resource that the records are of.",
    },
];

pub(super) static FILES: &[Field] = &[
    Field {
        name: "path",
        kind: Kind::Text(&PATH),
        default: Default::Required {
            why: "where files go: a folder such as /var/lib/weir-out, or s3://bucket/prefix",
            stand_in: "s3://unset",
        },
        doc: "A folder of this machine, or `s3://bucket/prefix`. A folder is made with the first file, for its owner only, and must not lie in the data or key folder. A relative one is taken from the folder of this file. Weir never removes a file there.",
    },
    Field {
        name: "format",
        kind: Kind::Choice(&[
            choice("ndjson", "A record of JSON on each line; with `compression: gzip`, `.ndjson.gz`."),
            choice("parquet", "Columns, compressed with Snappy; properties are a column of JSON."),
        ]),
        default: Default::Value("ndjson"),
        doc: "What files are.",
    },
    Field {
        name: "roll",
        kind: Kind::Section(ROLL),
        default: Default::Value("{}"),
        doc: "When a file is full. Events wait in memory and in the journal until then.",
    },
    Field {
        name: "s3",
        kind: Kind::Section(S3),
        default: Default::Absent,
        doc: "Who writes to the bucket. Needed for `s3://`. Without `endpoint` of the destination the requests go to Amazon's, `https://s3.<region>.amazonaws.com`.",
    },
];

static ROLL: &[Field] = &[
    Field {
        name: "every",
        kind: Kind::Duration { min: SECOND, max: HOUR },
        default: Default::Value("1m"),
        doc: "How long its first event waits at most. A file ends with the hour of its partition, too.",
    },
    Field {
        name: "events",
        kind: Kind::Count { min: 1, max: weir_protocol::vendors::files::EVENTS_MAX as u64 },
        default: Default::Value("10000"),
        doc: "Events of one file.",
    },
    Field {
        name: "bytes",
        kind: Kind::Size { min: MIB, max: 64 * MIB, auto: false },
        default: Default::Value("16MiB"),
        doc: "Bytes of one file before compression.",
    },
];

pub(super) static S3: &[Field] = &[
    Field {
        name: "region",
        kind: Kind::Text(&WORD),
        default: Default::Required { why: "the bucket's region, such as eu-central-1", stand_in: "unset" },
        doc: "The bucket's region.",
    },
    Field {
        name: "access_key",
        kind: SECRET,
        default: Default::Required {
            why: "an access key: {env: NAME} or {file: /path/to/it}",
            stand_in: "{env: UNSET}",
        },
        doc: "The access key. It needs to put objects and nothing else.",
    },
    Field {
        name: "secret_key",
        kind: SECRET,
        default: Default::Required {
            why: "the secret of the access key: {env: NAME} or {file: /path/to/it}",
            stand_in: "{env: UNSET}",
        },
        doc: "Its secret.",
    },
];

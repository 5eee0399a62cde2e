//! The one table of fields. It drives the check of a file, the JSON Schema (`docs/weir.schema.json`) and the page
//! (`docs/configuration.md`), so that the three cannot disagree.
//!
//! To add a field: one [`Field`] here, one line in `resolve.rs`.

use super::values;

/// One field of a section.
#[derive(Debug)]
pub struct Field {
    /// Its name in the file.
    pub name: &'static str,
    /// What it may be.
    pub kind: Kind,
    /// What stands when the file says nothing.
    pub default: Default,
    /// What it is for, with its unit and its danger. Markdown, sentences.
    pub doc: &'static str,
}

/// What stands when the file says nothing.
#[derive(Clone, Copy, Debug)]
pub enum Default {
    /// This YAML, checked like a written value.
    Value(&'static str),
    /// Nothing; the doc says what then happens.
    Absent,
    /// There is no safe default.
    Required {
        /// Why, and what to choose.
        why: &'static str,
        /// Stands in after the problem was reported, so that the rest of the file is checked too.
        stand_in: &'static str,
    },
}

/// What a value may be.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A text of a certain form.
    Text(&'static Form),
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Count {
        /// At least.
        min: u64,
        /// At most.
        max: u64,
    },
    /// A part of a whole, as `0.1`: from a millionth to 1.
    Share,
    /// Bytes, as `64MiB`; `auto` where `auto` is set.
    Size {
        /// At least, in bytes.
        min: u64,
        /// At most, in bytes.
        max: u64,
        /// Whether the word `auto` may stand instead.
        auto: bool,
    },
    /// A time span, as `72h`.
    Duration {
        /// At least, in milliseconds.
        min: u64,
        /// At most, in milliseconds.
        max: u64,
    },
    /// One of some words.
    Choice(&'static [Choice]),
    /// A list.
    List {
        /// What each item is.
        of: &'static Kind,
        /// At least so many.
        min: usize,
        /// At most so many.
        max: usize,
    },
    /// Named entries.
    Map {
        /// What a name may be.
        key: &'static Form,
        /// What the names are called in the docs.
        key_name: &'static str,
        /// What each entry is.
        of: &'static Kind,
        /// At most so many.
        max: usize,
    },
    /// A set of fields.
    Section(&'static [Field]),
    /// A set of fields of which one may stand alone, as its value: `plan` for `{path: plan}`.
    Short {
        /// The field that may stand alone.
        main: &'static str,
        /// All of them.
        of: &'static [Field],
    },
    /// One of some words, some of which carry a value: `stable` or `{rotating: 7d}`.
    Variants {
        /// The words.
        of: &'static [Variant],
        /// Said when something else stands there.
        hint: &'static str,
        /// Whether a wrong value could be a secret and must not be echoed.
        secret: bool,
    },
}

/// The form of a text.
#[derive(Debug)]
pub struct Form {
    /// What it is, for messages: "must be {noun}".
    pub noun: &'static str,
    /// A regular expression for editors; the check decides.
    pub pattern: Option<&'static str>,
    /// The check.
    pub check: fn(&str) -> bool,
}

/// A word of a choice.
#[derive(Debug)]
pub struct Choice {
    /// The word.
    pub name: &'static str,
    /// What it means.
    pub doc: &'static str,
    /// Set where the word is reserved and not accepted yet; what to use meanwhile.
    pub not_yet: Option<&'static str>,
}

/// A word of [`Kind::Variants`].
#[derive(Debug)]
pub struct Variant {
    /// The word.
    pub name: &'static str,
    /// What it means.
    pub doc: &'static str,
    /// Whether the word may stand alone.
    pub bare: bool,
    /// The value that it carries.
    pub body: Option<&'static Kind>,
}

/// Whether a path names a field, `<…>` standing for any key of a map.
#[cfg(test)]
pub(crate) fn has(path: &str) -> bool {
    let mut fields = ROOT;
    let mut steps = path.split('.').peekable();
    while let Some(step) = steps.next() {
        let Some(field) = fields.iter().find(|field| field.name == step) else { return false };
        let mut kind = &field.kind;
        if let Kind::Map { of, .. } = kind {
            if steps.peek().is_none() {
                return true;
            }
            if steps.next().is_none_or(|key| !key.starts_with('<')) {
                return false;
            }
            kind = of;
        }
        match kind {
            Kind::Section(below) | Kind::Short { of: below, .. } => fields = below,
            _ => return steps.next().is_none(),
        }
        if steps.peek().is_none() {
            return true;
        }
    }
    false
}

/// The words that a field of a destination may be, with what they mean, for commands that ask for one.
pub(crate) fn destination_words(name: &str) -> Vec<(&'static str, &'static str)> {
    let Some(Field { kind: Kind::Choice(words), .. }) = DESTINATION.iter().find(|field| field.name == name) else {
        return Vec::new();
    };
    words.iter().filter(|word| word.not_yet.is_none()).map(|word| (word.name, word.doc)).collect()
}

const fn choice(name: &'static str, doc: &'static str) -> Choice {
    Choice { name, doc, not_yet: None }
}

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const MIB: u64 = 1024 * 1024;
const GIB: u64 = 1024 * MIB;

const ADDRESS: Form = Form {
    noun: "an IP address and a port, such as 127.0.0.1:8400 (port 0 takes any free one)",
    pattern: Some(r"^(\[[0-9A-Fa-f:.]+\]|[0-9.]+):[0-9]{1,5}$"),
    check: |t| t.parse::<std::net::SocketAddr>().is_ok(),
};
const CIDR: Form = Form {
    noun: "an address range, such as 10.0.0.0/8 or fd00::/8",
    pattern: Some(r"^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$"),
    check: |t| values::cidr(t).is_some(),
};
const PERCENT: Form = Form {
    noun: "a part of a hundred above 0, such as 10% or 0.5%",
    pattern: Some(r"^[0-9]{1,3}(\.[0-9]{1,4})?%$"),
    check: |t| values::percent(t).is_some(),
};
const ID: Form = Form {
    noun: "1 to 40 of the characters a-z 0-9 _ - beginning with a letter",
    pattern: Some("^[a-z][a-z0-9_-]{0,39}$"),
    check: |t| weir_event::SourceId::parse(t).is_ok(),
};
const VARIABLE: Form = Form {
    noun: "the name of an environment variable: A-Z, 0-9 and _",
    pattern: Some("^[A-Za-z_][A-Za-z0-9_]{0,127}$"),
    check: |t| {
        t.len() <= 128
            && t.bytes().enumerate().all(|(i, b)| b == b'_' || b.is_ascii_alphabetic() || (i > 0 && b.is_ascii_digit()))
            && !t.is_empty()
    },
};
const PATH: Form = Form {
    noun: "a path",
    pattern: Some("^.{1,4096}$"),
    check: |t| (1..=4096).contains(&t.len()) && !t.contains('\0'),
};
const RECEIVER: Form = Form {
    noun: "tls://host:port, tcp://host:port, unix:/path, a URL, or a path",
    pattern: Some("^.{1,4096}$"),
    check: |t| (1..=4096).contains(&t.len()) && !t.chars().any(char::is_control),
};
const WRITE_KEY: Form = Form {
    noun: "1 to 128 of the characters A-Z a-z 0-9 _ - .",
    pattern: Some("^[A-Za-z0-9_.-]{1,128}$"),
    check: |t| {
        (1..=128).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
    },
};
const URL: Form = Form {
    noun: "an origin such as https://api-eu.mixpanel.com, without user, query or fragment",
    pattern: Some("^https?://[^/?#@\\s]+(/[^?#\\s]*)?$"),
    check: |t| values::Origin::parse(t).is_some(),
};
const EVENT_NAME: Form = Form {
    noun: "a clean event name: at most 100 letters, digits and _ $ . : [ ] / - or spaces",
    pattern: Some("^.{1,100}$"),
    check: weir_event::names::has_clean_class,
};
const PROPERTY: Form = Form {
    noun: "a property path: keys joined by `.`, `*` for list items, such as plan, cart.items.*.price or profile.plan",
    pattern: Some("^.{1,1000}$"),
    check: values::is_path,
};
const WORD: Form = Form {
    noun: "a name of at most 100 letters, digits and _ . : / - or spaces",
    pattern: Some("^.{1,100}$"),
    check: weir_event::names::has_clean_class,
};
const TAG: Form = Form {
    noun: "a tag of at most 200 letters, digits and _ - : . / that begins with a letter, such as env:production",
    pattern: Some("^[A-Za-z][A-Za-z0-9_:./-]{0,199}$"),
    check: |t| {
        t.len() <= 200
            && t.starts_with(|c: char| c.is_ascii_alphabetic())
            && t.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-:./".contains(&b))
    },
};
const OWNER: Form =
    Form { noun: "1 to 100 characters on one line", pattern: Some("^.{1,100}$"), check: values::is_owner };
const DATE: Form = Form {
    noun: "a day, such as 2027-03-31",
    pattern: Some("^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
    check: |t| values::day(t).is_some(),
};
const REGION: Form = Form {
    noun: "the ISO code of a country, such as DE, or eu, eea or uk",
    pattern: Some("^[A-Za-z]{2,3}$"),
    check: weir_policy::is_region,
};
const CLASS_REGION: Form = Form {
    noun: "the ISO code of a country, such as DE, or eu, eea, uk, or elsewhere alone",
    pattern: Some("^([A-Za-z]{2,3}|elsewhere)$"),
    check: |t| t.eq_ignore_ascii_case(weir_policy::route::ELSEWHERE) || weir_policy::is_region(t),
};
const SOURCE_COUNTRY: Form = Form {
    noun: "client, event, unknown, or the ISO code of a country such as DE",
    pattern: Some("^(client|event|unknown|[A-Z]{2})$"),
    check: |t| super::resolve::source_country(t).is_some(),
};
const CATEGORY: Form = Form {
    noun: "a category, or a part above categories, such as user.contact.email, user.contact or secret",
    pattern: Some("^[a-z_.]{1,100}$"),
    check: |t| weir_event::Category::ALL.iter().any(|c| c.is_under(t)),
};
const WHOLE_CATEGORY: Form = Form {
    noun: "a category, such as user.unique_id or user.account.username: see the list in docs/detectors.md",
    pattern: Some("^[a-z_.]{1,100}$"),
    check: |t| values::category(t).is_some(),
};
const REGEX: Form = Form {
    noun: "a regular expression of at most 1000 bytes",
    pattern: Some("^.{1,1000}$"),
    check: |t| (1..=weir_detect::own::REGEX_BYTES_MAX).contains(&t.len()),
};
const CASE: Form = Form {
    noun: "a text of at most 1000 bytes",
    pattern: Some("^.{1,1000}$"),
    check: |t| (1..=1_000).contains(&t.len()),
};
const COOKIE: Form = Form {
    noun: "the name of a cookie: 1 to 128 letters, digits and ! # $ % & ' * + - . ^ _ ` | ~",
    pattern: Some("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$"),
    check: |t| {
        (1..=128).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
    },
};
const DAY_FORM: Form = Form {
    noun: "a day such as 2026-03-01",
    pattern: Some("^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
    check: |t| t.len() == 10 && weir_event::Millis::from_rfc3339(&format!("{t}T00:00:00Z")).is_some(),
};
const HEADER: Form = Form {
    noun: "the name of a header: 1 to 64 of a-z 0-9 -, and none that belongs to the connection",
    pattern: Some("^[a-z0-9-]{1,64}$"),
    check: |t| {
        (1..=64).contains(&t.len())
            && t.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !matches!(
                t,
                "host"
                    | "content-length"
                    | "content-type"
                    | "transfer-encoding"
                    | "connection"
                    | "upgrade"
                    | "expect"
                    | "te"
                    | "cookie"
            )
    },
};
const LEDGER_ORIGIN: Form = Form {
    noun: "a name for this log as C2SP checkpoints carry it: no spaces and no +, such as weir.example.com/egress",
    pattern: Some("^[^\\s+]{1,100}$"),
    check: |t| (1..=100).contains(&t.len()) && t.chars().all(|c| !c.is_whitespace() && !c.is_control() && c != '+'),
};

const BUCKET: Form = Form {
    noun: "s3://, the name of a bucket and a prefix",
    pattern: Some("^s3://[^/\\s]+(/.*)?$"),
    check: |t| t.strip_prefix("s3://").is_some_and(|t| !t.is_empty() && !t.starts_with('/')),
};
const COSIGNER_KEY: Form = Form {
    noun: "a witness's key, as `weir ledger witness` prints it: name+id+base64",
    pattern: Some("^[^\\s+]+\\+[0-9a-f]{8}\\+B[A-Za-z0-9+/]{43}$"),
    check: |t| weir_ledger::tree::cosignature::CosignerKey::parse(t).is_some(),
};
const LOG_KEY: Form = Form {
    noun: "a ledger's key, as `weir ledger checkpoint --key` prints it: name+id+base64",
    pattern: Some("^[^\\s+]+\\+[0-9a-f]{8}\\+A[A-Za-z0-9+/]{43}$"),
    check: |t| weir_ledger::tree::note::VerifierKey::parse(t).is_some(),
};

const SECRET: Kind = Kind::Variants {
    of: &[
        Variant {
            name: "env",
            doc: "The environment variable that holds it.",
            bare: false,
            body: Some(&Kind::Text(&VARIABLE)),
        },
        Variant {
            name: "file",
            doc: "The file that holds it, and nothing else; a trailing line end is cut off. A relative path is taken from the folder of this file.",
            bare: false,
            body: Some(&Kind::Text(&PATH)),
        },
    ],
    hint: "a secret never stands in this file: write {env: NAME} and set the variable, or {file: /path/to/it}",
    secret: true,
};

const MODES: &[Choice] = &[
    choice("tap", "A mirrored copy from the edge: received, minimised, counted; nothing is delivered."),
    choice("observe", "Delivered by the release rules; violations of a tracking plan are recorded, not acted on."),
    choice(
        "enforce",
        "Delivered by the release rules; violations of a tracking plan are acted on. Until a tracking plan exists the same as `observe`.",
    ),
];

/// The whole file.
pub static ROOT: &[Field] = &[
    Field { name: "listen", kind: Kind::Section(LISTEN), default: Default::Value("{}"), doc: "Where Weir listens." },
    Field {
        name: "trusted_proxies",
        kind: Kind::List { of: &Kind::Text(&CIDR), min: 0, max: 256 },
        default: Default::Value("[]"),
        doc: "Address ranges of your own proxies. Only from them is `Forwarded` or `X-Forwarded-For` believed, and only for the country of an event. \
              **Danger:** a range that is too wide lets anybody choose the country of their events.",
    },
    Field {
        name: "sources",
        kind: Kind::Map { key: &ID, key_name: "source", of: &Kind::Section(SOURCE), max: 256 },
        default: Default::Value("{}"),
        doc: "Where events come in, by id. Without any, `weir serve` makes one source `default` with a write key of its own and prints it.",
    },
    Field {
        name: "destinations",
        kind: Kind::Map { key: &ID, key_name: "destination", of: &Kind::Section(DESTINATION), max: 64 },
        default: Default::Value("{}"),
        doc: "Where events may go, by id. Without any, nothing leaves. An id stays in the ledger for ever: do not use it again for another account.",
    },
    Field {
        name: "residency",
        kind: Kind::Section(RESIDENCY),
        default: Default::Value("{}"),
        doc: "Which destinations events of people in which countries may reach, whatever a destination's own `route` says. See [routing](routing.md).",
    },
    Field {
        name: "detectors",
        kind: Kind::List { of: &Kind::Section(OWN_DETECTOR), min: 0, max: weir_detect::own::OWN_MAX },
        default: Default::Value("[]"),
        doc: "Detectors of your own, beside [those that Weir brings](detectors.md): for the numbers of your staff, your customers, your tickets. What they find is treated as what is found by the others.",
    },
    Field {
        name: "false_positives",
        kind: Kind::List { of: &Kind::Section(FALSE_POSITIVE), min: 0, max: 1_000 },
        default: Default::Value("[]"),
        doc: "What was found in error, by people's word: `weir detect mark --false-positive` adds to it and records who did. \
              **Danger:** what is marked is not looked for at that property any more. Cards, e-mail addresses, passwords and secrets with a form of their own cannot be marked.",
    },
    Field {
        name: "slices",
        kind: Kind::List { of: &Kind::Text(&PROPERTY), min: 0, max: 3 },
        default: Default::Value("[country]"),
        doc: "Up to three properties with few values, by which ledger answers can be grouped. `country` is the country of the client address.",
    },
    Field {
        name: "journal",
        kind: Kind::Section(JOURNAL),
        default: Default::Value("{}"),
        doc: "The journal: where an event is durable before its sender gets an answer.",
    },
    Field {
        name: "hold",
        kind: Kind::Section(HOLD),
        default: Default::Value("{}"),
        doc: "The raw hold and the quarantine: events that could not be minimised, or that a vendor rejected.",
    },
    Field {
        name: "rollout",
        kind: Kind::Section(ROLLOUT),
        default: Default::Absent,
        doc: "How a change of what destinations may have comes into force. Absent: at once, and what it changes on the last hour's events is said. Present: held against that hour first, then for a growing share of people, with guards that take it back. See docs/rollout.md.",
    },
    Field { name: "disk", kind: Kind::Section(DISK), default: Default::Value("{}"), doc: "Disk space." },
    Field {
        name: "limits",
        kind: Kind::Section(LIMITS),
        default: Default::Value("{}"),
        doc: "Limits on what comes in. Each has its answer; a limit is never a silent loss.",
    },
    Field {
        name: "ledger",
        kind: Kind::Section(LEDGER),
        default: Default::Value("{}"),
        doc: "The record of what left.",
    },
    Field {
        name: "audit_log",
        kind: Kind::Section(AUDIT_LOG),
        default: Default::Value("{}"),
        doc: "Who did what to this Weir, and who read what. It is always kept; see [audit log](audit-log.md).",
    },
    Field {
        name: "log",
        kind: Kind::Section(LOG),
        default: Default::Value("{}"),
        doc: "Weir's own log lines, on standard error. They never hold a value of an event.",
    },
    Field {
        name: "alerts",
        kind: Kind::Section(ALERTS),
        default: Default::Value("{}"),
        doc: "Who is told of alerts beside status, metrics and log.",
    },
    Field {
        name: "telemetry",
        kind: Kind::Section(TELEMETRY),
        default: Default::Value("{}"),
        doc: "Traces of what Weir does. Off unless configured.",
    },
    Field {
        name: "shutdown",
        kind: Kind::Section(SHUTDOWN),
        default: Default::Value("{}"),
        doc: "How Weir stops on SIGTERM.",
    },
];

static RESIDENCY: &[Field] = &[
    Field {
        name: "classes",
        kind: Kind::Map { key: &ID, key_name: "class", of: &Kind::Section(CLASS), max: 32 },
        default: Default::Value("{}"),
        doc: "Classes of countries, such as `eu: {countries: [eea, uk], only: [mixpanel_eu]}`. A country of no class is not restricted.",
    },
    Field {
        name: "unknown",
        kind: Kind::Choice(&[
            choice(
                "strictest",
                "It goes only to destinations that would take it from every country; at the others it is dropped as `region_unknown`.",
            ),
            choice(
                "hold",
                "As `strictest`, but where some countries may go it waits in the destination's quarantine, from where it can be replayed when the rules have changed. A full quarantine stops that destination.",
            ),
        ]),
        default: Default::Value("strictest"),
        doc: "What happens to an event whose country is not known. It is never sent where some country must not go. Holds for `route.countries` too.",
    },
];

static CLASS: &[Field] = &[
    Field {
        name: "countries",
        kind: Kind::List { of: &Kind::Text(&CLASS_REGION), min: 1, max: 260 },
        default: Default::Required {
            why: "the countries of the class, such as [eea, uk, CH]",
            stand_in: "[elsewhere]",
        },
        doc: "The countries of the class, as ISO codes, `eu`, `eea` and `uk`; or `elsewhere` alone: every country that no other class names. A country is in one class at most.",
    },
    Field {
        name: "only",
        kind: Kind::List { of: &Kind::Text(&ID), min: 1, max: 64 },
        default: Default::Required { why: "the only destinations that its events may reach", stand_in: "[unset]" },
        doc: "The only destinations that events from there may reach. What reaches one of them is still a matter of its own `route`.",
    },
];

static LISTEN: &[Field] = &[
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

static SOURCE: &[Field] = &[
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
const ENVIRONMENT: Kind = Kind::Choice(ENVIRONMENTS);

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
const PURPOSE: Kind = Kind::Choice(PURPOSES);
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

static DESTINATION: &[Field] = &[
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

static GA4: &[Field] = &[
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

static DATADOG: &[Field] = &[
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

static SPLUNK_HEC: &[Field] = &[
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

static OTLP_LOGS: &[Field] = &[
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

static FILES: &[Field] = &[
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

static S3: &[Field] = &[
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

static OWN_DETECTOR: &[Field] = &[
    Field {
        name: "name",
        kind: Kind::Text(&ID),
        default: Default::Required { why: "findings say by which detector", stand_in: "unset" },
        doc: "Its name in findings; none of [Weir's own](detectors.md).",
    },
    Field {
        name: "regex",
        kind: Kind::Text(&REGEX),
        default: Default::Required { why: "what to look for", stand_in: "unset" },
        doc: "What it finds: a regular expression on bytes (`\\d`, `\\w`, `\\b` and `(?i)` are of ASCII), without looking around and back references, so that its time is linear in the value. \
              It runs where a text of at least three characters stands that every match holds, such as `EMP-` of `EMP-\\d{6}`, and under `keys`; one that has neither needs at least three digits.",
    },
    Field {
        name: "category",
        kind: Kind::Text(&WHOLE_CATEGORY),
        default: Default::Required { why: "what is done about it follows from it", stand_in: "user.unique_id" },
        doc: "What a match is.",
    },
    Field {
        name: "validator",
        kind: Kind::Text(&WORD),
        default: Default::Absent,
        doc: "A check that the letters and digits of a match have to pass: `luhn`, `mod97`, `verhoeff`, or one of the numbers with a shape of [Weir's own](detectors.md), such as `br_cpf`.",
    },
    Field {
        name: "keys",
        kind: Kind::List { of: &Kind::Text(&WORD), min: 0, max: 32 },
        default: Default::Value("[]"),
        doc: "Words of a property's path under which it always runs, and a match is one step surer: `employee_id` is in `employeeId` and in `profile.employee.id`.",
    },
    Field {
        name: "likelihood",
        kind: Kind::Choice(&[
            choice("possible", "Perhaps one."),
            choice("likely", "Mostly one."),
            choice("very_likely", "Always one."),
        ]),
        default: Default::Value("likely"),
        doc: "How sure a match is, where no key says so too. All three are acted on.",
    },
    Field {
        name: "matches",
        kind: Kind::List { of: &Kind::Text(&CASE), min: 0, max: 100 },
        default: Default::Value("[]"),
        doc: "Cases: texts in which it must find something, under the first of `keys` where it has some. A file whose cases do not hold is refused; `weir detect --test` shows them.",
    },
    Field {
        name: "not",
        kind: Kind::List { of: &Kind::Text(&CASE), min: 0, max: 100 },
        default: Default::Value("[]"),
        doc: "Cases in which it must find nothing.",
    },
];

static FALSE_POSITIVE: &[Field] = &[
    Field { name: "source", kind: Kind::Text(&ID), default: Default::Absent, doc: "Only as this source sends it." },
    Field {
        name: "event",
        kind: Kind::Text(&EVENT_NAME),
        default: Default::Required { why: "a mark holds for one event", stand_in: "unset" },
        doc: "The event.",
    },
    Field {
        name: "property",
        kind: Kind::Text(&PROPERTY),
        default: Default::Required { why: "a mark holds for one property", stand_in: "unset" },
        doc: "The property: its path, or the vendor's own name for it.",
    },
    Field {
        name: "category",
        kind: Kind::Text(&WHOLE_CATEGORY),
        default: Default::Required { why: "a mark holds for one category", stand_in: "free_text" },
        doc: "What it is not.",
    },
    Field {
        name: "reason",
        kind: Kind::Text(&OWNER),
        default: Default::Required { why: "whoever reads it later has to understand it", stand_in: "unset" },
        doc: "Why, for people.",
    },
    Field {
        name: "until",
        kind: Kind::Text(&DATE),
        default: Default::Absent,
        doc: "The last day (UTC). Absent: until it is taken out.",
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

static ROUTE: &[Field] = &[
    Field {
        name: "sources",
        kind: Kind::List { of: &Kind::Text(&ID), min: 1, max: 256 },
        default: Default::Absent,
        doc: "Only events of these sources. Absent: of every source.",
    },
    Field {
        name: "events",
        kind: Kind::List { of: &Kind::Text(&EVENT_NAME), min: 1, max: 2_000 },
        default: Default::Absent,
        doc: "Only these events. Absent: every event. Operations on profiles and identities have names too, such as `$identify` and `$set`: name those that are to go there.",
    },
    Field {
        name: "except_events",
        kind: Kind::List { of: &Kind::Text(&EVENT_NAME), min: 1, max: 2_000 },
        default: Default::Absent,
        doc: "All events but these.",
    },
    Field {
        name: "countries",
        kind: Kind::List { of: &Kind::Text(&REGION), min: 1, max: 260 },
        default: Default::Absent,
        doc: "Only events from these countries, as ISO codes, `eu`, `eea` and `uk`. What is not known to be from there does not go there: see `residency.unknown`. Absent: from everywhere.",
    },
];

static ALLOWED: &[Field] = &[
    Field {
        name: "path",
        kind: Kind::Text(&PROPERTY),
        default: Default::Required { why: "the path of the property that may leave", stand_in: "unset" },
        doc: "The path of the property.",
    },
    Field {
        name: "owner",
        kind: Kind::Text(&OWNER),
        default: Default::Absent,
        doc: "Who answers for it: a team or a person, as your company writes it. For reviews; nothing is decided by it.",
    },
    Field {
        name: "until",
        kind: Kind::Text(&DATE),
        default: Default::Absent,
        doc: "The last day, in UTC, on which it leaves. After it the property is withheld as `allowance_ended`, also in a request that was waiting to be sent; `weir doctor` and `weir status` say so 14 days before. Absent: it does not end.",
    },
];

static RELEASE: &[Field] = &[
    Field {
        name: "allow",
        kind: Kind::List { of: &Kind::Short { main: "path", of: ALLOWED }, min: 0, max: 10_000 },
        default: Default::Value("[]"),
        doc: "Properties that may leave. Event properties by their path; `profile.` and `group.<type>.` before profile properties.",
    },
    Field {
        name: "rules",
        kind: Kind::List { of: &Kind::Section(RULE), min: 0, max: 1_000 },
        default: Default::Value("[]"),
        doc: "Exceptions from `allow`, and presets. But for a preset, a rule never lets out what `allow` does not name.",
    },
];

pub(super) static RULE: &[Field] = &[
    Field {
        name: "category",
        kind: Kind::Text(&CATEGORY),
        default: Default::Absent,
        doc: "Applies to values found to be of this category or below it. Exactly one of `category`, `property`, `event`, `preset` and `consent` stands in a rule, or `sample` with or without `event`.",
    },
    Field {
        name: "property",
        kind: Kind::Text(&PROPERTY),
        default: Default::Absent,
        doc: "Applies to this property and what lies below it.",
    },
    Field { name: "event", kind: Kind::Text(&EVENT_NAME), default: Default::Absent, doc: "Applies to this event." },
    Field {
        name: "preset",
        kind: Kind::Choice(&[
            choice("utm", "The campaign properties `context.campaign.*`."),
            choice("attribution", "`utm`, the referring domain, and both as first seen. No click ids."),
            choice("device", "Versions of system and browser, make and model, language. No device name, no ids."),
            choice("app", "Name, version and build of the app."),
            choice("revenue", "Amounts, currency, quantity, product. No order ids."),
            choice("experiments", "Experiments, flags and their variants."),
        ]),
        default: Default::Absent,
        doc: "Lets out a reviewed list of properties with bounded values, in which nothing was found. Takes no action. See [presets](presets.md).",
    },
    Field {
        name: "consent",
        kind: PURPOSE,
        default: Default::Absent,
        doc: "Drops events of people who have not agreed to this purpose: `consent_refused`, or `consent_unknown` where nothing is known. A refusal also stops the person's events that still wait.",
    },
    Field {
        name: "regions",
        kind: Kind::List { of: &Kind::Text(&REGION), min: 1, max: 260 },
        default: Default::Absent,
        doc: "With `consent`: in which countries the rule holds, as ISO codes, `eu`, `eea` and `uk`. An event whose country is not known counts as inside. Absent: everywhere.",
    },
    Field {
        name: "unknown",
        kind: Kind::Choice(&[
            choice("drop", "What is not known is no yes."),
            choice("allow", "The event leaves unless consent was refused."),
        ]),
        default: Default::Absent,
        doc: "With `consent`: what happens to an event of which nothing is known. Absent: `drop`.",
    },
    Field {
        name: "sample",
        kind: Kind::Share,
        default: Default::Absent,
        doc: "Lets out a share of the events of this name, such as `{event: page_viewed, sample: 0.1}`; without `event`, of all events that have no sample of their own. The same people are in at every destination. The rest is dropped as `sampled_out` and counted.",
    },
    Field {
        name: "sample_by",
        kind: Kind::Choice(&[
            choice(
                "subject",
                "People: all events of one are in or out, profiles and identifies included. The user's id decides, else the device's, else the event's.",
            ),
            choice(
                "device",
                "Devices: what happens on one before and after somebody signs in stays together. Without a device as `subject`.",
            ),
            choice("event", "Single events. Profiles, identifies and the like are not sampled."),
        ]),
        default: Default::Absent,
        doc: "With `sample`: what is sampled. Absent: `subject`.",
    },
    Field {
        name: "action",
        kind: Kind::Choice(&[
            choice("drop", "The property does not leave; for an event, the whole event."),
            choice("pseudonymize", "The value leaves as a keyed pseudonym of this destination. For `property` only."),
        ]),
        default: Default::Value("drop"),
        doc: "What happens.",
    },
];

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

static JOURNAL: &[Field] = &[
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

static HOLD: &[Field] = &[
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

static ROLLOUT: &[Field] = &[
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

static DISK: &[Field] = &[Field {
    name: "reserve",
    kind: Kind::Size { min: MIB, max: 1024 * GIB, auto: true },
    default: Default::Value("auto"),
    doc: "Space set aside at start for the ledger, the quarantine and the control store, so that a full disk stops intake before it stops the record. `auto`: the larger of 256 MiB and 2 % of the file system.",
}];

static LIMITS: &[Field] = &[
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

static LEDGER: &[Field] = &[
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

static AUDIT_LOG: &[Field] = &[Field {
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

static LOG: &[Field] = &[
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

const PUSH_ADDRESSES: Field = Field {
    name: "allow_addresses",
    kind: Kind::List { of: &Kind::Text(&CIDR), min: 0, max: 64 },
    default: Default::Value("[]"),
    doc: "Private, loopback or link-local ranges that it may lie in. Public addresses need no entry; plain http needs one.",
};

static ALERTS: &[Field] = &[Field {
    name: "webhook",
    kind: Kind::Section(WEBHOOK),
    default: Default::Absent,
    doc: "Gets a message when an alert begins and when it is over: what `weir alerts` shows, no event content. Absent: nobody.",
}];

static WEBHOOK: &[Field] = &[
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

static TELEMETRY: &[Field] = &[Field {
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

static SHUTDOWN: &[Field] = &[Field {
    name: "grace",
    kind: Kind::Duration { min: 0, max: 10 * MINUTE },
    default: Default::Value("20s"),
    doc: "For requests and batches under way to end. Keep it below the service manager's own limit. What does not end in time is not lost: it was not acknowledged, or it is in the journal.",
}];

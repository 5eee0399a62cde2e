//! The one table of fields. It drives the check of a file, the JSON Schema (`docs/weir.schema.json`) and the page
//! (`docs/configuration.md`), so that the three cannot disagree.
//!
//! To add a field: one [`Field`] in the file of its section below `table`, one line in `resolve.rs`.

mod destinations;
mod detectors;
mod forms;
mod operation;
pub(super) mod release;
mod sources;
mod storage;
mod vendors;

use destinations::DESTINATION;
use detectors::{FALSE_POSITIVE, OWN_DETECTOR};
use forms::{CIDR, ID, PROPERTY};
use operation::{ALERTS, LOG, ROLLOUT, SHUTDOWN, TELEMETRY};
use release::RESIDENCY;
use sources::{LISTEN, SOURCE};
use storage::{AUDIT_LOG, DISK, HOLD, JOURNAL, LEDGER, LIMITS};

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
        doc: "Up to three properties with few values, by which ledger answers are grouped. `country` is the country of the event. A value stands in the ledger in clear, in each row, where it is clean as a name is and nothing was found in it, up to 40 characters and 50 values of a property; others count as `other`, and as `unknown` where the event has none.",
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

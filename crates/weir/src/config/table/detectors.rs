//! What a customer adds to detection: `detectors` and `false_positives`.

use super::forms::{CASE, DATE, EVENT_NAME, ID, OWNER, PROPERTY, REGEX, WHOLE_CATEGORY, WORD};
use super::{Default, Field, Kind, choice};

pub(super) static OWN_DETECTOR: &[Field] = &[
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

pub(super) static FALSE_POSITIVE: &[Field] = &[
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

//! What texts of the file look like.

use super::{Form, Kind, Variant};
use crate::config::{resolve, values};

pub(super) const ADDRESS: Form = Form {
    noun: "an IP address and a port, such as 127.0.0.1:8400 (port 0 takes any free one)",
    pattern: Some(r"^(\[[0-9A-Fa-f:.]+\]|[0-9.]+):[0-9]{1,5}$"),
    check: |t| t.parse::<std::net::SocketAddr>().is_ok(),
};

pub(super) const CIDR: Form = Form {
    noun: "an address range, such as 10.0.0.0/8 or fd00::/8",
    pattern: Some(r"^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$"),
    check: |t| values::cidr(t).is_some(),
};

pub(super) const PERCENT: Form = Form {
    noun: "a part of a hundred above 0, such as 10% or 0.5%",
    pattern: Some(r"^[0-9]{1,3}(\.[0-9]{1,4})?%$"),
    check: |t| values::percent(t).is_some(),
};

pub(super) const ID: Form = Form {
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

pub(super) const PATH: Form = Form {
    noun: "a path",
    pattern: Some("^.{1,4096}$"),
    check: |t| (1..=4096).contains(&t.len()) && !t.contains('\0'),
};

pub(super) const RECEIVER: Form = Form {
    noun: "tls://host:port, tcp://host:port, unix:/path, a URL, or a path",
    pattern: Some("^.{1,4096}$"),
    check: |t| (1..=4096).contains(&t.len()) && !t.chars().any(char::is_control),
};

pub(super) const WRITE_KEY: Form = Form {
    noun: "1 to 128 of the characters A-Z a-z 0-9 _ - .",
    pattern: Some("^[A-Za-z0-9_.-]{1,128}$"),
    check: |t| {
        (1..=128).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
    },
};

pub(super) const URL: Form = Form {
    noun: "an origin such as https://api-eu.mixpanel.com, without user, query or fragment",
    pattern: Some("^https?://[^/?#@\\s]+(/[^?#\\s]*)?$"),
    check: |t| values::Origin::parse(t).is_some(),
};

pub(super) const EVENT_NAME: Form = Form {
    noun: "a clean event name: at most 100 letters, digits and _ $ . : [ ] / - or spaces",
    pattern: Some("^.{1,100}$"),
    check: weir_event::names::has_clean_class,
};

pub(super) const PROPERTY: Form = Form {
    noun: "a property path: keys joined by `.`, `*` for list items, such as plan, cart.items.*.price or profile.plan",
    pattern: Some("^.{1,1000}$"),
    check: values::is_path,
};

pub(super) const WORD: Form = Form {
    noun: "a name of at most 100 letters, digits and _ . : / - or spaces",
    pattern: Some("^.{1,100}$"),
    check: weir_event::names::has_clean_class,
};

pub(super) const TAG: Form = Form {
    noun: "a tag of at most 200 letters, digits and _ - : . / that begins with a letter, such as env:production",
    pattern: Some("^[A-Za-z][A-Za-z0-9_:./-]{0,199}$"),
    check: |t| {
        t.len() <= 200
            && t.starts_with(|c: char| c.is_ascii_alphabetic())
            && t.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-:./".contains(&b))
    },
};

pub(super) const OWNER: Form =
    Form { noun: "1 to 100 characters on one line", pattern: Some("^.{1,100}$"), check: values::is_owner };

pub(super) const DATE: Form = Form {
    noun: "a day, such as 2027-03-31",
    pattern: Some("^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
    check: |t| values::day(t).is_some(),
};

pub(super) const REGION: Form = Form {
    noun: "the ISO code of a country, such as DE, or eu, eea or uk",
    pattern: Some("^[A-Za-z]{2,3}$"),
    check: weir_policy::is_region,
};

pub(super) const CLASS_REGION: Form = Form {
    noun: "the ISO code of a country, such as DE, or eu, eea, uk, or elsewhere alone",
    pattern: Some("^([A-Za-z]{2,3}|elsewhere)$"),
    check: |t| t.eq_ignore_ascii_case(weir_policy::route::ELSEWHERE) || weir_policy::is_region(t),
};

pub(super) const SOURCE_COUNTRY: Form = Form {
    noun: "client, event, unknown, or the ISO code of a country such as DE",
    pattern: Some("^(client|event|unknown|[A-Z]{2})$"),
    check: |t| resolve::source_country(t).is_some(),
};

pub(super) const CATEGORY: Form = Form {
    noun: "a category, or a part above categories, such as user.contact.email, user.contact or secret",
    pattern: Some("^[a-z_.]{1,100}$"),
    check: |t| weir_event::Category::ALL.iter().any(|c| c.is_under(t)),
};

pub(super) const WHOLE_CATEGORY: Form = Form {
    noun: "a category, such as user.unique_id or user.account.username: see the list in docs/detectors.md",
    pattern: Some("^[a-z_.]{1,100}$"),
    check: |t| values::category(t).is_some(),
};

pub(super) const REGEX: Form = Form {
    noun: "a regular expression of at most 1000 bytes",
    pattern: Some("^.{1,1000}$"),
    check: |t| (1..=weir_detect::own::REGEX_BYTES_MAX).contains(&t.len()),
};

pub(super) const CASE: Form = Form {
    noun: "a text of at most 1000 bytes",
    pattern: Some("^.{1,1000}$"),
    check: |t| (1..=1_000).contains(&t.len()),
};

pub(super) const COOKIE: Form = Form {
    noun: "the name of a cookie: 1 to 128 letters, digits and ! # $ % & ' * + - . ^ _ ` | ~",
    pattern: Some("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$"),
    check: |t| {
        (1..=128).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
    },
};

pub(super) const DAY_FORM: Form = Form {
    noun: "a day such as 2026-03-01",
    pattern: Some("^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
    check: |t| t.len() == 10 && weir_event::Millis::from_rfc3339(&format!("{t}T00:00:00Z")).is_some(),
};

pub(super) const TIME_ZONE: Form = Form {
    noun: "the name of a time zone such as UTC or Europe/Berlin",
    pattern: Some("^[A-Za-z0-9][A-Za-z0-9_+-]*(/[A-Za-z0-9][A-Za-z0-9_+-]*){0,2}$"),
    check: weir_answers::reconcile::zone::Zone::is_name,
};

pub(super) const HEADER: Form = Form {
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

pub(super) const LEDGER_ORIGIN: Form = Form {
    noun: "a name for this log as C2SP checkpoints carry it: no spaces and no +, such as weir.example.com/egress",
    pattern: Some("^[^\\s+]{1,100}$"),
    check: |t| (1..=100).contains(&t.len()) && t.chars().all(|c| !c.is_whitespace() && !c.is_control() && c != '+'),
};

pub(super) const BUCKET: Form = Form {
    noun: "s3://, the name of a bucket and a prefix",
    pattern: Some("^s3://[^/\\s]+(/.*)?$"),
    check: |t| t.strip_prefix("s3://").is_some_and(|t| !t.is_empty() && !t.starts_with('/')),
};

pub(super) const COSIGNER_KEY: Form = Form {
    noun: "a witness's key, as `weir ledger witness` prints it: name+id+base64",
    pattern: Some("^[^\\s+]+\\+[0-9a-f]{8}\\+B[A-Za-z0-9+/]{43}$"),
    check: |t| weir_ledger::tree::cosignature::CosignerKey::parse(t).is_some(),
};

pub(super) const LOG_KEY: Form = Form {
    noun: "a ledger's key, as `weir ledger checkpoint --key` prints it: name+id+base64",
    pattern: Some("^[^\\s+]+\\+[0-9a-f]{8}\\+A[A-Za-z0-9+/]{43}$"),
    check: |t| weir_ledger::tree::note::VerifierKey::parse(t).is_some(),
};

pub(super) const SECRET: Kind = Kind::Variants {
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

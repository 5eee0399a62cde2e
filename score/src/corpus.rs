//! A labelled corpus of analytics leaves: made from a seed, or read from a file.
//!
//! A line of a file of leaves: `{"e": event, "k": path, "t": "s|n|b", "v": value, "y": [labels]}`, an empty `y` meaning clean. Ours
//! carry more: `m` (labels that a finding may name without being wrong: a search query *may* count as text), `w` (what the value is
//! wrapped in), `h` (whether the key helps), `s` (where the value stands in the leaf, in bytes). No person and no live credential
//! is in it.

mod background;
pub(crate) mod numbers;
pub(crate) mod people;
pub(crate) mod secrets;
mod text;
mod wrap;

use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};

use crate::random::Random;
use background::{Session, Vendor};

/// The type of a leaf's value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Text,
    Number,
    Boolean,
}

/// One leaf and the truth about it.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    pub(crate) event: u64,
    pub(crate) key: String,
    pub(crate) kind: Kind,
    pub(crate) value: String,
    /// What it is.
    pub(crate) labels: Vec<String>,
    /// What it may be called as well.
    pub(crate) maybe: Vec<String>,
    /// What the labelled value is wrapped in.
    pub(crate) wrap: String,
    /// Whether the key helps; of files without this, nothing is known.
    pub(crate) known: Option<bool>,
    /// Where a label's value stands.
    pub(crate) spans: Vec<(String, usize, usize)>,
}

impl Leaf {
    fn new(key: impl Into<String>, kind: Kind, value: impl Into<String>) -> Leaf {
        Leaf {
            event: 0,
            key: key.into(),
            kind,
            value: value.into(),
            labels: Vec::new(),
            maybe: Vec::new(),
            wrap: "bare".to_owned(),
            known: Some(false),
            spans: Vec::new(),
        }
    }

    fn text(key: impl Into<String>, value: impl Into<String>) -> Leaf {
        Leaf::new(key, Kind::Text, value)
    }

    fn number(key: impl Into<String>, value: impl ToString) -> Leaf {
        Leaf::new(key, Kind::Number, value.to_string())
    }

    fn boolean(key: impl Into<String>, value: bool) -> Leaf {
        Leaf::new(key, Kind::Boolean, value.to_string())
    }

    fn labelled(mut self, label: &str) -> Leaf {
        self.labels.push(label.to_owned());
        self
    }

    fn maybe(mut self, label: &str) -> Leaf {
        self.maybe.push(label.to_owned());
        self
    }

    fn wrapped(mut self, wrap: &str) -> Leaf {
        self.wrap = wrap.to_owned();
        self
    }

    fn known(mut self) -> Leaf {
        self.known = Some(true);
        self
    }

    fn spanning(mut self, label: &str, value: &str) -> Leaf {
        if let Some(at) = self.value.find(value) {
            self.spans.push((label.to_owned(), at, at + value.len()));
        }
        self
    }
}

/// The share of leaves, in percent, that are sensitive and were added by us.
const SENSITIVE_PERCENT: f64 = 5.3;
/// Events of one session.
const SESSION_EVENTS: u64 = 40;

/// `events` events of all vendors.
pub(crate) fn generate(seed: u64, events: u64) -> Vec<Leaf> {
    let mut r = Random::new(seed);
    let mut leaves = Vec::new();
    let mut session = Session::new(&mut r);
    for event in 0..events {
        if event % SESSION_EVENTS == 0 {
            session = Session::new(&mut r);
        }
        let vendor = *r.pick(&Vendor::ALL);
        let from = leaves.len();
        background::event(&mut r, vendor, &session, &mut leaves);
        for _ in from..leaves.len() {
            if r.chance(SENSITIVE_PERCENT) {
                sensitive(&mut r, vendor, &mut leaves);
            }
        }
        leaves[from..].iter_mut().for_each(|leaf| leaf.event = event);
    }
    leaves
}

/// Adds one sensitive value; the weights are roughly how often each class is met in real traffic, rare ones lifted so that they can
/// be scored.
fn sensitive(r: &mut Random, vendor: Vendor, out: &mut Vec<Leaf>) {
    let at = vendor.properties();
    let leaf = match r.below(200) {
        0..=34 => {
            let value = people::email(r);
            wrap::place(
                r,
                at,
                "email",
                &value,
                "email|user_email|$email|traits.email|contact_email|emailAddress|correo|e-mail|billing.email|invitee_email",
            )
        }
        35..=48 => {
            let value = people::phone(r);
            wrap::place(r, at, "phone", &value, "phone|$phone|mobile|phone_number|telefon|contact.phone|whatsapp|tel")
        }
        49 | 50 => {
            let value = people::national_phone(r);
            wrap::keyed(r, at, "phone", &value, "phone|mobile_number|telefonnummer|traits.phone|celular", 0.0)
        }
        51..=64 => {
            let value = people::ip_v4(r);
            wrap::place(r, at, "ipv4", &value, "ip|$ip|ip_address|client_ip|remote_addr|user.ip")
        }
        65..=69 => {
            let value = people::ip_v6(r);
            wrap::place(r, at, "ipv6", &value, "ip|ip_address|client_ip|remote_addr")
        }
        70..=77 => {
            let value = numbers::card(r);
            wrap::place(r, at, "credit_card", &value, "card|card_number|payment.card_number|cc_number|kreditkarte")
        }
        78..=82 => {
            let value = numbers::ssn(r);
            wrap::place(r, at, "us_ssn", &value, "ssn|social_security_number|tax_id|user.ssn")
        }
        83..=87 => {
            let value = numbers::iban(r);
            wrap::place(r, at, "iban", &value, "iban|bank_account|payout_to|iban_number|account_iban")
        }
        88..=99 => {
            let id = numbers::national_id(r);
            let bare_digits = id.bare.bytes().all(|b| b.is_ascii_digit());
            if id.written != id.bare || !bare_digits {
                if r.chance(70.0) {
                    wrap::place(r, at, id.label, &id.written, id.keys)
                } else {
                    wrap::keyed(r, at, id.label, &id.bare, id.keys, 0.0)
                }
            } else {
                wrap::keyed(r, at, id.label, &id.bare, id.keys, 0.0)
            }
        }
        100..=121 => {
            let (label, maker, keys) = r.pick(secrets::VENDORS);
            let value = maker(r);
            let leaf = wrap::place(r, at, label, &value, keys);
            match *label {
                // What a token says of its subject, and an account's name, are found too.
                "jwt" => leaf.maybe("uuid"),
                "azure_storage_key" => leaf.maybe("username"),
                _ => leaf,
            }
        }
        122..=125 => {
            let value = secrets::url_credentials(r);
            wrap::place(r, at, "url_creds", &value, "url|endpoint|callback|database_url|dsn")
        }
        126..=130 => {
            let value = secrets::entropy(r);
            wrap::keyed(
                r,
                at,
                "entropy_secret",
                &value,
                "api_key|client_secret|secret|access_token|auth_token|webhook_secret|signing_key|apiSecret",
                25.0,
            )
        }
        131..=134 => {
            let value = people::mac(r);
            wrap::place(r, at, "mac", &value, "mac|mac_address|hw_id|device.mac")
        }
        135..=137 => {
            let value = secrets::ad_id(r);
            wrap::keyed(r, at, "ad_id", &value, "idfa|gaid|advertising_id|context.device.advertisingId|idfv|adid", 0.0)
                .maybe("uuid")
        }
        138..=140 => {
            let (keys, value) = secrets::cookie(r);
            wrap::keyed(r, at, "cookie_id", &value, keys, 0.0).maybe("uuid")
        }
        141 | 142 => {
            let value = secrets::hash(r);
            wrap::keyed(r, at, "email_hash", &value, "email_hash|hashed_email|email_sha256|em_hash|emailMd5", 0.0)
        }
        143..=157 => {
            if r.chance(25.0) {
                let value = people::whole_name(r);
                wrap::keyed(r, at, "person_name", &value, "x", 100.0)
            } else {
                let (keys, value) = people::name(r);
                wrap::keyed(r, at, "person_name", &value, keys, 0.0)
            }
        }
        158..=163 => {
            let value = people::address(r);
            wrap::keyed(
                r,
                at,
                "address",
                &value,
                "address|shipping.address|street|street_address|billing_address|anschrift|direccion|adresse|home_address|shipping.address_line_1",
                20.0,
            )
        }
        164..=168 => {
            let value = people::birth_date(r);
            wrap::keyed(
                r,
                at,
                "dob",
                &value,
                "dob|birth_date|birthday|date_of_birth|geburtsdatum|fecha_nacimiento|birthDate",
                0.0,
            )
        }
        169..=173 => match r.below(3) {
            0 => {
                let (lat, lng) = (people::degree(r), people::degree(r));
                let (one, other) = *r.pick(&[
                    ("lat", "lng"),
                    ("latitude", "longitude"),
                    ("geo.lat", "geo.lon"),
                    ("location.latitude", "location.longitude"),
                ]);
                out.push(Leaf::number(format!("{at}.{one}"), lat).labelled("geo_precise").known());
                Leaf::number(format!("{at}.{other}"), lng).labelled("geo_precise").known()
            }
            _ => {
                let value = people::place(r);
                wrap::keyed(r, at, "geo_precise", &value, "location|latlng|coords|coordinates|gps|position", 30.0)
            }
        },
        174..=179 => {
            let value = text::free_text(r);
            let keys =
                "feedback|comment|message|review|bio|notes|description|survey.answer|reason|kommentar|support_message";
            wrap::keyed(r, at, "free_text", &value, keys, 35.0)
        }
        180..=182 => {
            let value = text::prompt(r);
            wrap::keyed(r, at, "free_text", &value, "prompt|$ai_input|completion|user_message|llm.input|question", 20.0)
        }
        _ => background::profile(r, vendor),
    };
    out.push(leaf);
}

/// Writes leaves, one a line.
pub(crate) fn write(leaves: &[Leaf], path: &Path) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{} cannot be written: {error}", path.display());
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).map_err(failed)?);
    for leaf in leaves {
        let kind = match leaf.kind {
            Kind::Text => "s",
            Kind::Number => "n",
            Kind::Boolean => "b",
        };
        let mut line = json!({"e": leaf.event, "k": leaf.key, "t": kind, "v": leaf.value, "y": leaf.labels});
        let mut also = |name: &str, value: Value| line[name] = value;
        if !leaf.maybe.is_empty() {
            also("m", json!(leaf.maybe));
        }
        if !leaf.labels.is_empty() {
            also("w", json!(leaf.wrap));
            also("h", json!(leaf.known));
            also("s", json!(leaf.spans));
        }
        writeln!(file, "{line}").map_err(failed)?;
    }
    file.flush().map_err(failed)
}

/// Reads a file of leaves, ours or another's.
pub(crate) fn read(path: &Path) -> Result<Vec<Leaf>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(at, line)| leaf(line).ok_or_else(|| format!("{}:{}: no leaf", path.display(), at + 1)))
        .collect()
}

fn leaf(line: &str) -> Option<Leaf> {
    let line: Value = serde_json::from_str(line).ok()?;
    let texts = |name: &str| -> Vec<String> {
        line[name].as_array().into_iter().flatten().filter_map(|l| Some(l.as_str()?.to_owned())).collect()
    };
    let kind = match line["t"].as_str()? {
        "n" => Kind::Number,
        "b" => Kind::Boolean,
        _ => Kind::Text,
    };
    let span = |s: &Value| Some((s[0].as_str()?.to_owned(), s[1].as_u64()? as usize, s[2].as_u64()? as usize));
    Some(Leaf {
        event: line["e"].as_u64().unwrap_or_default(),
        key: line["k"].as_str()?.to_owned(),
        kind,
        value: line["v"].as_str()?.to_owned(),
        labels: texts("y"),
        maybe: texts("m"),
        wrap: line["w"].as_str().unwrap_or("bare").to_owned(),
        known: line["h"].as_bool(),
        spans: line["s"].as_array().into_iter().flatten().filter_map(span).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_corpus_and_a_file_gives_it_back() {
        let leaves = generate(7, 60);
        let again = generate(7, 60);
        assert_eq!(format!("{leaves:?}"), format!("{again:?}"));
        assert_ne!(format!("{leaves:?}"), format!("{:?}", generate(8, 60)));
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.leaves.jsonl");
        write(&leaves, &path).expect("written");
        let read = read(&path).expect("read");
        assert_eq!(read.len(), leaves.len());
        assert!(
            read.iter().zip(&leaves).all(|(a, b)| a.value == b.value && a.labels == b.labels && a.spans == b.spans)
        );
    }

    #[test]
    fn about_one_leaf_in_twenty_is_sensitive_and_no_label_is_rare_in_a_large_corpus() {
        let leaves = generate(11, 4_000);
        let sensitive = leaves
            .iter()
            .filter(|l| !l.labels.is_empty() && l.labels[0] != "uuid" && l.labels[0] != "unique_id")
            .count();
        let share = sensitive as f64 / leaves.len() as f64;
        assert!((0.04..0.07).contains(&share), "{share}");
        assert!(
            leaves
                .iter()
                .filter(|l| !l.spans.is_empty())
                .all(|l| l.spans.iter().all(|s| l.value.is_char_boundary(s.1)))
        );
    }
}

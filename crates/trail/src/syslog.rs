//! Acts as syslog messages: RFC 5424, and octet counting for streams (RFC 6587 section 3.4.1, RFC 5425 section 4.3).
//!
//! Facility 13 (log audit); the act's word is the MSGID; the one structured data element is `origin`, which IANA registers; the message is
//! JSON in ASCII. At most 4 KiB: an act with more targets than fit names the first of them and says how many there are.

use serde_json::{Value, json};

use crate::act::Acted;
use crate::actions::Class;
use crate::ocsf::{self, Sender};

/// RFC 5424: "log audit".
const FACILITY: u8 = 13;
/// Receivers must take 480 bytes and should take 2,048; those in use take 8,192.
const MESSAGE_BYTES_MAX: usize = 4 * 1024;

/// What the message is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Form {
    /// An event of OCSF.
    #[default]
    Ocsf,
    /// As `weir audit-log read --json` shows an act.
    Weir,
}

/// An act in a form.
pub fn value(acted: &Acted, sender: &Sender, form: Form) -> Value {
    match form {
        Form::Ocsf => ocsf::event(acted, sender),
        Form::Weir => acted.value(&sender.origin),
    }
}

/// One message, without framing.
pub fn message(acted: &Acted, sender: &Sender, form: Form) -> String {
    let severity = match acted.class() {
        Class::Life | Class::Read => 6,
        Class::Change => 5,
        Class::Export | Class::KeyUse | Class::Reidentify => 4,
    };
    let header = format!(
        "<{}>1 {} {} weir - {} [origin software=\"weir\" swVersion=\"{}\"] ",
        u32::from(FACILITY) * 8 + severity,
        acted.at.to_rfc3339(),
        word(&sender.host, 255),
        word(&acted.action, 32),
        param(&sender.version),
    );
    let mut shown = acted.targets.len();
    loop {
        let mut cut = acted.clone();
        cut.targets.truncate(shown);
        let mut value = value(&cut, sender, form);
        if shown < acted.targets.len() {
            value["targets_in_all"] = json!(acted.targets.len());
        }
        let text = format!("{header}{}", ascii(&value.to_string()));
        if text.len() <= MESSAGE_BYTES_MAX || shown == 0 {
            return text;
        }
        shown /= 2;
    }
}

/// The message in a stream.
pub fn framed(message: &[u8]) -> Vec<u8> {
    [format!("{} ", message.len()).as_bytes(), message].concat()
}

/// Printable ASCII without blanks, or `-`.
fn word(text: &str, max: usize) -> String {
    let kept: String = text.chars().filter(char::is_ascii_graphic).take(max).collect();
    if kept.is_empty() { "-".to_owned() } else { kept }
}

/// A parameter's value: `"`, `\` and `]` would have to be escaped; a version has none of them.
fn param(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || ".-+".contains(*c)).collect()
}

/// JSON with every character beyond ASCII escaped, so that a message needs no byte order mark (RFC 5424 section 6.4).
fn ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use weir_event::EventId;
    use weir_ledger::Target;

    use super::*;
    use crate::act::tests::{ORIGIN, acted};

    fn sender() -> Sender {
        Sender { origin: ORIGIN.to_owned(), host: "gate.example".to_owned(), version: "0.1.0".to_owned() }
    }

    #[test]
    fn a_message_is_of_rfc_5424_and_its_length_stands_before_it() {
        let message = message(&acted("ledger_subject", vec![Target::Count(1)]), &sender(), Form::Weir);
        let head = "<108>1 2026-11-21T23:19:38.843Z gate.example weir - ledger_subject \
                    [origin software=\"weir\" swVersion=\"0.1.0\"] {";
        assert!(message.starts_with(head), "{message}");
        let json = &message[message.find("] ").unwrap() + 2..];
        assert_eq!(serde_json::from_str::<Value>(json).unwrap()["action"], "ledger_subject");
        let framed = framed(message.as_bytes());
        let (length, rest) = std::str::from_utf8(&framed).unwrap().split_once(' ').unwrap();
        assert_eq!((length.parse(), rest), (Ok(message.len()), message.as_str()));
    }

    #[test]
    fn what_is_not_ascii_is_escaped_and_reads_the_same() {
        let mut act = acted("reload", Vec::new());
        act.name = Some("zoë 😀".to_owned());
        let message = message(&act, &sender(), Form::Weir);
        assert!(message.is_ascii());
        let json = &message[message.find("] ").unwrap() + 2..];
        assert_eq!(serde_json::from_str::<Value>(json).unwrap()["actor"]["name"], "zoë 😀");
    }

    #[test]
    fn an_act_of_many_targets_stays_below_the_limit_and_says_how_many_there_are() {
        let targets: Vec<Target> = (0..100).map(|n| Target::Event(EventId([n; 16]))).collect();
        for form in [Form::Ocsf, Form::Weir] {
            let message = message(&acted("quarantine_discard", targets.clone()), &sender(), form);
            assert!(message.len() <= MESSAGE_BYTES_MAX);
            assert!(message.contains("\"targets_in_all\":100"));
        }
    }
}

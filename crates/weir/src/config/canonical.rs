//! The resolved configuration as one text, for its content hash (D16).
//!
//! Format 1: JSON without spaces; sections in the order of the table, maps sorted by key, defaults written out, sizes in bytes,
//! times in milliseconds, shares in millionths. Secrets are named (variable or file), their values are not in it. Two files that mean the same
//! have the same text.

use super::check::{Checked, Read};

pub(crate) fn text(root: &Checked) -> String {
    let mut out = String::from("{\"weir_config\":1,\"root\":");
    write(&mut out, root);
    out.push('}');
    out
}

fn write(out: &mut String, checked: &Checked) {
    match &checked.value {
        Read::Absent => out.push_str("null"),
        Read::Text(text) => string(out, text),
        Read::Choice(word) => string(out, word),
        Read::Flag(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Read::Count(n) | Read::Size(Some(n)) | Read::Duration(n) => out.push_str(&n.to_string()),
        Read::Share(millionths) => out.push_str(&millionths.to_string()),
        Read::Size(None) => out.push_str("\"auto\""),
        Read::List(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                comma(out, i);
                write(out, item);
            }
            out.push(']');
        }
        Read::Map(entries) => {
            let mut sorted: Vec<_> = entries.iter().collect();
            sorted.sort_by(|a, b| a.0.text.cmp(&b.0.text));
            out.push('{');
            for (i, (key, value)) in sorted.into_iter().enumerate() {
                comma(out, i);
                string(out, &key.text);
                out.push(':');
                write(out, value);
            }
            out.push('}');
        }
        Read::Section(fields) => {
            out.push('{');
            for (i, (name, value)) in fields.iter().enumerate() {
                comma(out, i);
                string(out, name);
                out.push(':');
                write(out, value);
            }
            out.push('}');
        }
        Read::Variant(name, body) => {
            out.push('{');
            string(out, name);
            out.push(':');
            match body {
                Some(body) => write(out, body),
                None => out.push_str("true"),
            }
            out.push('}');
        }
    }
}

fn comma(out: &mut String, i: usize) {
    if i > 0 {
        out.push(',');
    }
}

fn string(out: &mut String, text: &str) {
    out.push_str(&serde_json::Value::from(text).to_string());
}

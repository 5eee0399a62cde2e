//! How a value that is added is written: short things in one line, longer ones as a block.

use super::Yaml;

/// Lists and maps longer than this become a block.
const LINE_MAX: usize = 100;

/// In one line: `{a: 1, b: [x, y]}`.
pub(super) fn flow(value: &Yaml) -> String {
    match value {
        Yaml::Text(text) => scalar(text),
        Yaml::List(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Yaml::Map(fields) => {
            let fields: Vec<String> = fields.iter().map(|(key, value)| flow_field(key, value)).collect();
            format!("{{{}}}", fields.join(", "))
        }
    }
}

/// `key: value` in one line.
pub(super) fn flow_field(key: &str, value: &Yaml) -> String {
    format!("{}: {}", scalar(key), flow(value))
}

/// Whether a value is better read in one line.
pub(super) fn is_short(value: &Yaml) -> bool {
    match value {
        Yaml::Text(_) => true,
        Yaml::List(_) => flow(value).len() <= LINE_MAX,
        Yaml::Map(fields) => match fields.as_slice() {
            [] => true,
            [(_, inner)] => !matches!(inner, Yaml::Map(_)) && flow(value).len() <= LINE_MAX,
            _ => false,
        },
    }
}

/// As a block whose lines begin at `column`; the first line comes without its indentation, the last without its end.
pub(super) fn block(value: &Yaml, column: usize, end: &str) -> String {
    let join = |lines: Vec<String>| lines.join(&format!("{end}{}", " ".repeat(column)));
    match value {
        Yaml::Text(text) => scalar(text),
        Yaml::List(items) if items.is_empty() => "[]".to_owned(),
        Yaml::List(items) => join(items.iter().map(|item| format!("- {}", flow(item))).collect()),
        Yaml::Map(fields) if fields.is_empty() => "{}".to_owned(),
        Yaml::Map(fields) => join(fields.iter().map(|(key, value)| block_field(key, value, column, end)).collect()),
    }
}

/// `key: value`, with the value as a block where it is long.
pub(super) fn block_field(key: &str, value: &Yaml, column: usize, end: &str) -> String {
    if is_short(value) {
        return flow_field(key, value);
    }
    let inner = column + 2;
    format!("{}:{end}{}{}", scalar(key), " ".repeat(inner), block(value, inner, end))
}

/// Plain where every reader of YAML takes it for the same text, else in double quotes.
fn scalar(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                out.push_str(&format!("\\U{:08x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn is_plain(text: &str) -> bool {
    let first = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'/' | b'$'));
    let all = text.bytes().all(|b| b.is_ascii_alphanumeric() || b" _./:$+-".contains(&b));
    let blanks = text.ends_with([' ', ':']) || text.contains("  ") || text.contains(": ");
    // `null` would be read as nothing; the others are texts to Weir, but another reader of the file may take them for flags.
    let word = ["null", "yes", "no", "on", "off"].iter().any(|word| text.eq_ignore_ascii_case(word));
    first && all && !blanks && !word
}

//! `docs/configuration.md`, generated from the table of fields.

use std::fmt::Write;

use super::table::{Default, Field, Kind, ROOT};
use super::values::{duration_text, size_text};

const HEAD: &str = "# Configuration

<!-- Generated from crates/weir/src/config/table.rs by `weir config page`; a test keeps it equal. -->

One file, `weir.yaml`, named with `--config`. Without a file Weir starts on defaults: nothing leaves, because there is no destination.

- Unknown fields are errors, with a suggestion. All problems are reported at once, as `file:line:column: message`.
- Times carry their unit: `250ms`, `30s`, `90m`, `72h`, `7d`. Sizes too: `512KiB`, `64MiB`, `8GiB` (powers of 1024).
- Secrets never stand in the file: `{env: NAME}` names a variable, `{file: /path}` a file.
- Relative paths are taken from the folder of the file.
- Anchors, aliases, tags and duplicate fields are refused.
- A running Weir reads the file again on `SIGHUP` or `weir reload`. The new configuration is checked whole and swapped in at one moment; a bad one keeps the old and says so. `listen` (addresses), `journal`, `disk` and `ledger` take effect at the next start.
- `weir config check FILE` checks a file without starting anything; `weir config schema` prints the JSON Schema (`docs/weir.schema.json`) for editors.

```yaml
# yaml-language-server: $schema=docs/weir.schema.json
listen: {ingest: 127.0.0.1:8400, console: 127.0.0.1:8401}
sources:
  web: {protocol: mixpanel, write_keys: [your-public-project-token], environment: production, mode: enforce}
destinations:
  product:
    type: mixpanel
    region: eu
    token: {env: PRODUCT_TOKEN}
    subject: {rotating: 7d}
    release: {allow: [plan, format]}
```
";

/// The page as it stands in `docs/configuration.md`.
pub fn text() -> String {
    let mut out = HEAD.to_owned();
    section(&mut out, "", ROOT);
    out
}

/// The example at the top of the page, for the test that reads it.
#[cfg(test)]
pub(super) fn example() -> &'static str {
    let start = HEAD.find("```yaml\n").map_or(0, |i| i + 8);
    HEAD[start..].split("```").next().unwrap_or_default()
}

fn section(out: &mut String, path: &str, fields: &'static [Field]) {
    let title = if path.is_empty() { "The file".to_owned() } else { format!("`{path}`") };
    let _ = writeln!(out, "\n## {title}\n\n| field | value | default | |\n|---|---|---|---|");
    for field in fields {
        let default = match field.default {
            Default::Value("{}") => String::new(),
            Default::Value(text) => format!("`{text}`"),
            Default::Absent => "none".to_owned(),
            Default::Required { .. } => "**required**".to_owned(),
        };
        let mut doc = field.doc.to_owned();
        words(&mut doc, &field.kind);
        let _ = writeln!(out, "| `{}` | {} | {default} | {doc} |", field.name, value(&field.kind).replace('|', "\\|"));
    }
    for field in fields {
        let below = if path.is_empty() { field.name.to_owned() } else { format!("{path}.{}", field.name) };
        descend(out, &below, &field.kind);
    }
}

fn descend(out: &mut String, path: &str, kind: &'static Kind) {
    match kind {
        Kind::Section(fields) | Kind::Short { of: fields, .. } => section(out, path, fields),
        Kind::Map { key_name, of, .. } => descend(out, &format!("{path}.<{key_name}>"), of),
        Kind::List { of, .. } => descend(out, &format!("{path}[]"), of),
        Kind::Variants { of, .. } => {
            for variant in *of {
                if let Some(body) = variant.body {
                    descend(out, &format!("{path}.{}", variant.name), body);
                }
            }
        }
        _ => {}
    }
}

fn value(kind: &'static Kind) -> String {
    match kind {
        Kind::Text(form) => form.noun.to_owned(),
        Kind::Flag => "`true` or `false`".to_owned(),
        Kind::Count { min, max } if *max > 1 << 60 => format!("a whole number from {min}"),
        Kind::Count { min, max } => format!("a whole number from {min} to {max}"),
        Kind::Share => "a share from `0.000001` to `1`".to_owned(),
        Kind::Size { min, max, auto } => {
            format!("a size from {} to {}{}", size_text(*min), size_text(*max), if *auto { ", or `auto`" } else { "" })
        }
        Kind::Duration { min, max } => format!("a time from {} to {}", duration_text(*min), duration_text(*max)),
        Kind::Choice(choices) => choices.iter().map(|c| format!("`{}`", c.name)).collect::<Vec<_>>().join(", "),
        Kind::List { of, min, max } => {
            let count = if *min == 0 { format!("at most {max}") } else { format!("{min} to {max}") };
            let item = match of {
                Kind::Section(_) => "entries, below".to_owned(),
                of => value(of),
            };
            format!("a list of {count}: {item}")
        }
        Kind::Map { key_name, max, .. } => format!("entries by {key_name}, at most {max}"),
        Kind::Section(_) => "a section, below".to_owned(),
        Kind::Short { main, of } => {
            let alone = of.iter().find(|field| field.name == *main).map(|field| value(&field.kind));
            format!("{}; or a section, below", alone.unwrap_or_default())
        }
        Kind::Variants { of, .. } => {
            let forms = of.iter().map(|v| match (v.bare, v.body) {
                (true, _) => format!("`{}`", v.name),
                (false, Some(body)) => format!("`{{{}: …}}` with {}", v.name, value(body)),
                (false, None) => v.name.to_owned(),
            });
            forms.collect::<Vec<_>>().join("; ")
        }
    }
}

fn words(doc: &mut String, kind: &'static Kind) {
    match kind {
        Kind::Choice(choices) if choices.len() > 1 => {
            for choice in *choices {
                let not_yet = choice.not_yet.map(|_| " *Not available yet.*").unwrap_or_default();
                let _ = write!(doc, "<br>`{}`: {}{not_yet}", choice.name, choice.doc);
            }
        }
        Kind::Variants { of, .. } => {
            for variant in *of {
                let _ = write!(doc, "<br>`{}`: {}", variant.name, variant.doc);
            }
        }
        _ => {}
    }
}

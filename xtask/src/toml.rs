//! As much TOML as `deny.toml` and our manifests need: sections, keys, strings, lists of strings or of inline tables.

use std::collections::BTreeMap;

/// The strings under each `section.key`; of an inline table its `crate` or `name` counts.
#[derive(Debug, Default)]
pub(crate) struct Toml {
    values: BTreeMap<String, Vec<String>>,
    sections: Vec<(String, Vec<String>)>,
}

impl Toml {
    /// Reads a text. Comments end at the line.
    pub(crate) fn parse(text: &str) -> Toml {
        let mut toml = Toml::default();
        let mut section = String::new();
        let mut open: Option<String> = None;
        for line in text.lines() {
            let line = without_comment(line).trim();
            if let Some(key) = open.clone() {
                toml.add(&key, line);
                if line.starts_with(']') || line.ends_with(']') && !line.ends_with("[]") {
                    open = None;
                }
                continue;
            }
            if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
                section = name.trim_matches(['[', ']']).trim().to_owned();
                toml.sections.push((section.clone(), Vec::new()));
                continue;
            }
            let Some((key, value)) = line.split_once('=') else { continue };
            let key = key.trim().trim_matches('"');
            if let Some((_, keys)) = toml.sections.last_mut() {
                keys.push(key.to_owned());
            }
            let key = format!("{section}.{key}");
            toml.add(&key, value);
            let value = value.trim();
            if value.starts_with('[') && !value.ends_with(']') {
                open = Some(key);
            }
        }
        toml
    }

    fn add(&mut self, key: &str, text: &str) {
        let into = self.values.entry(key.to_owned()).or_default();
        for table in text.split('{') {
            // Of `{ crate = "x", reason = "y" }` the first string is the one that is meant.
            let is_table = table.contains('}');
            let mut quoted = table.split('"').skip(1).step_by(2);
            if is_table {
                into.extend(quoted.next().map(str::to_owned));
            } else {
                into.extend(quoted.map(str::to_owned));
            }
        }
        let bare = text.trim();
        if !bare.contains(['"', '[', ']', '{', '}']) && !bare.is_empty() {
            into.push(bare.to_owned());
        }
    }

    /// The strings under a key; none where it is absent.
    pub(crate) fn list(&self, key: &str) -> &[String] {
        self.values.get(key).map_or(&[], Vec::as_slice)
    }

    /// Every section with the keys that stand directly in it.
    pub(crate) fn sections(&self) -> &[(String, Vec<String>)] {
        &self.sections
    }
}

fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    for (at, byte) in line.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'#' if !quoted => return &line[..at],
            _ => {}
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_tables_and_comments_are_read() {
        let toml = Toml::parse(
            "[licenses]\nallow = [\n  \"MIT\", # a comment, \"Not\"\n  \"ISC\",\n]\n[bans]\nmultiple = \"warn\"\nmax = 350\n\
             deny = [{ crate = \"openssl\", reason = \"one provider\" }, { crate = \"aws-lc-rs\" }]\nafter = \"x\"\n",
        );
        assert_eq!(toml.list("licenses.allow"), ["MIT", "ISC"]);
        assert_eq!(toml.list("bans.deny"), ["openssl", "aws-lc-rs"]);
        assert_eq!(toml.list("bans.multiple"), ["warn"]);
        assert_eq!(toml.list("bans.max"), ["350"]);
        assert_eq!(toml.list("bans.after"), ["x"]);
        assert!(toml.list("bans.none").is_empty());
    }
}

//! The dependency rules of `deny.toml`, checked over `cargo metadata`.
//!
//! The file keeps cargo-deny's own form, so that tool reads it too where it is installed; building it costs a CI run several
//! minutes, and these are the rules that matter here. Security advisories need its database and are not looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::check::Check;
use crate::shell;
use crate::toml::Toml;

/// D20.
const CRATES_MAX: usize = 350;

/// Checks every rule.
pub(crate) fn run(root: &Path) -> Vec<Check> {
    let input = (|| {
        let text = std::fs::read_to_string(root.join("deny.toml")).map_err(|e| format!("deny.toml: {e}"))?;
        let metadata = shell::output("cargo", &["metadata", "--format-version", "1", "--locked", "--all-features"])?;
        let metadata: Value = serde_json::from_str(&metadata).map_err(|e| format!("cargo metadata: {e}"))?;
        Ok::<_, String>((Toml::parse(&text), metadata))
    })();
    let (rules, metadata) = match input {
        Ok(input) => input,
        Err(message) => return vec![Check { rule: "the dependencies can be read", broken: vec![message] }],
    };
    let packages: Vec<Package> = metadata["packages"].as_array().into_iter().flatten().map(Package::of).collect();
    let outside: Vec<&Package> = packages.iter().filter(|p| p.source.is_some()).collect();
    vec![
        Check { rule: "every licence is on the list", broken: licences(&outside, &rules) },
        Check { rule: "every source is on the list", broken: sources(&outside, &rules) },
        Check { rule: "no banned crate is used", broken: banned(&outside, &rules) },
        Check { rule: "no crate is used in two versions without a reason", broken: duplicates(&outside, &rules) },
        Check {
            rule: "at most 350 crates are used (D20)",
            broken: (packages.len() > CRATES_MAX).then(|| format!("{} crates", packages.len())).into_iter().collect(),
        },
    ]
}

struct Package {
    name: String,
    version: String,
    licence: String,
    source: Option<String>,
}

impl Package {
    fn of(value: &Value) -> Package {
        let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
        Package {
            name: text("name"),
            version: text("version"),
            licence: text("license"),
            source: value["source"].as_str().map(str::to_owned),
        }
    }
}

fn licences(packages: &[&Package], rules: &Toml) -> Vec<String> {
    let allowed: BTreeSet<&str> = rules.list("licenses.allow").iter().map(String::as_str).collect();
    packages
        .iter()
        .filter(|p| !satisfied(&p.licence, &allowed))
        .map(|p| format!("{} {}: `{}`", p.name, p.version, p.licence))
        .collect()
}

/// Whether an SPDX expression can be satisfied with allowed licences.
fn satisfied(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    // `/` is the old way to write OR.
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = tokens.as_slice();
    either(&mut rest, allowed) && rest.is_empty()
}

fn either(rest: &mut &[&str], allowed: &BTreeSet<&str>) -> bool {
    let mut good = both(rest, allowed);
    while let Some((&"OR", after)) = rest.split_first() {
        *rest = after;
        // Both sides are read, whatever the first one says.
        let other = both(rest, allowed);
        good = good || other;
    }
    good
}

fn both(rest: &mut &[&str], allowed: &BTreeSet<&str>) -> bool {
    let mut good = single(rest, allowed);
    while let Some((&"AND", after)) = rest.split_first() {
        *rest = after;
        let other = single(rest, allowed);
        good = good && other;
    }
    good
}

fn single(rest: &mut &[&str], allowed: &BTreeSet<&str>) -> bool {
    match rest {
        [name, "WITH", exception, after @ ..] => {
            *rest = after;
            let whole = format!("{name} WITH {exception}");
            allowed.contains(whole.as_str()) || allowed.contains(name)
        }
        ["(", after @ ..] => {
            *rest = after;
            let good = either(rest, allowed);
            if let Some((&")", after)) = rest.split_first() {
                *rest = after;
            }
            good
        }
        [name, after @ ..] => {
            *rest = after;
            allowed.contains(name)
        }
        [] => false,
    }
}

fn sources(packages: &[&Package], rules: &Toml) -> Vec<String> {
    // The default registry has one name in metadata, whatever mirror it is fetched through.
    let default = "registry+https://github.com/rust-lang/crates.io-index";
    let allowed = rules.list("sources.allow-git");
    packages
        .iter()
        .filter(|p| {
            p.source.as_deref().is_some_and(|s| s != default && !allowed.iter().any(|a| s.contains(a.as_str())))
        })
        .map(|p| format!("{} {}: {}", p.name, p.version, p.source.as_deref().unwrap_or_default()))
        .collect()
}

fn banned(packages: &[&Package], rules: &Toml) -> Vec<String> {
    let banned = rules.list("bans.deny");
    packages.iter().filter(|p| banned.contains(&p.name)).map(|p| format!("{} {}", p.name, p.version)).collect()
}

fn duplicates(packages: &[&Package], rules: &Toml) -> Vec<String> {
    let skipped: BTreeSet<&str> = rules
        .list("bans.skip")
        .iter()
        .chain(rules.list("bans.skip-tree"))
        .map(|s| s.split('@').next().unwrap_or_default())
        .collect();
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in packages {
        versions.entry(&package.name).or_default().insert(&package.version);
    }
    versions
        .iter()
        .filter(|(name, versions)| versions.len() > 1 && !skipped.contains(*name))
        .map(|(name, versions)| format!("{name}: {}", versions.iter().copied().collect::<Vec<_>>().join(", ")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licence_expressions_are_satisfied_or_not() {
        let allowed = BTreeSet::from(["MIT", "Apache-2.0", "Unicode-3.0"]);
        for good in [
            "MIT",
            "MIT OR GPL-3.0",
            "GPL-3.0 OR MIT",
            "MIT/Apache-2.0",
            "(MIT OR GPL-3.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-3.0",
        ] {
            assert!(satisfied(good, &allowed), "{good}");
        }
        for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT OR ISC) AND ISC"] {
            assert!(!satisfied(bad, &allowed), "{bad}");
        }
    }
}

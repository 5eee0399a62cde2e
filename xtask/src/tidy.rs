//! Rules of this repository that need no build. A rule that cannot be checked here stands in `clippy.toml` or in a type.

use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use crate::check::Check;
use crate::shell;
use crate::toml::Toml;

/// The crates from the bottom up (ARCHITECTURE.md); each uses only crates before it.
const LAYERS: [&str; 18] = [
    "event", "watch", "outbound", "keys", "journal", "detect", "policy", "protocol", "hold", "ledger", "rows",
    "identity", "answers", "trail", "catalog", "deliver", "console", "weir",
];

/// Decide, never do: these open no file, no socket, no thread (design.md, D2).
const PURE: [&str; 4] = ["detect", "policy", "protocol", "watch"];

/// Checks every rule.
pub(crate) fn run(root: &Path) -> Vec<Check> {
    let files = match tracked(root) {
        Ok(files) => files,
        Err(message) => {
            return vec![Check { rule: "the files of the repository can be listed", broken: vec![message] }];
        }
    };
    let sources: Vec<(&str, String)> = files
        .iter()
        .filter(|f| f.ends_with(".rs"))
        .filter_map(|f| Some((f.as_str(), std::fs::read_to_string(root.join(f)).ok()?)))
        .collect();
    vec![
        Check { rule: "every crate uses only crates below its own", broken: layering(root, &files) },
        Check { rule: "what decides does no I/O", broken: purity(&sources) },
        Check { rule: "only outbound opens connections", broken: connections(&sources) },
        Check { rule: "every source file is named by a `mod` line", broken: unlisted(&sources) },
        Check { rule: "every source file says what it is for", broken: without_purpose(&sources) },
        Check { rule: "no unfinished mark, no test switched off", broken: unfinished(&sources) },
        Check {
            rule: "nothing names a path of one machine or a folder beside the repository",
            broken: machine_paths(root, &files),
        },
        Check { rule: "every relative link of a page leads somewhere", broken: dead_links(root, &files) },
        Check { rule: "no lock file names the host of a registry", broken: registry_hosts(root) },
    ]
}

/// Tracked and new files, not ignored ones.
fn tracked(_root: &Path) -> Result<Vec<String>, String> {
    let list = shell::output("git", &["ls-files", "--cached", "--others", "--exclude-standard"])?;
    Ok(list.lines().map(str::to_owned).collect())
}

fn layering(root: &Path, files: &[String]) -> Vec<String> {
    let mut broken = Vec::new();
    for file in files.iter().filter(|f| f.starts_with("crates/") && f.ends_with("/Cargo.toml")) {
        let name = file.split('/').nth(1).unwrap_or_default();
        let Some(own) = LAYERS.iter().position(|l| *l == name) else {
            broken.push(format!("{file}: `{name}` has no place in the layers: add it to ARCHITECTURE.md and to xtask"));
            continue;
        };
        let manifest = Toml::parse(&std::fs::read_to_string(root.join(file)).unwrap_or_default());
        for (section, keys) in manifest.sections().iter().filter(|(s, _)| s.ends_with("dependencies")) {
            for key in keys {
                let used = key.split('.').next().unwrap_or_default().trim_matches('"');
                let Some(used) = used.strip_prefix("weir-") else { continue };
                // A crate may name itself for its tests, to switch on a feature.
                let for_itself = used == name && section.starts_with("dev-");
                if !for_itself && LAYERS.iter().position(|l| *l == used).is_none_or(|below| below >= own) {
                    broken.push(format!("{file}: [{section}] names weir-{used}, which is not below {name}"));
                }
            }
        }
    }
    broken
}

fn purity(sources: &[(&str, String)]) -> Vec<String> {
    let banned = [
        "std::fs",
        "TcpListener",
        "TcpStream",
        "UdpSocket",
        "std::process",
        "std::thread::spawn",
        "tokio::",
        "SystemTime",
        "Instant::now",
        "weir_outbound",
    ];
    let pure = |file: &str| PURE.iter().any(|c| file.starts_with(&format!("crates/{c}/src/")));
    find(sources.iter().filter(|(file, _)| pure(file)), &banned)
}

fn connections(sources: &[(&str, String)]) -> Vec<String> {
    // A `TcpSocket` may also be listened on: it is its `connect` that would open one to somebody.
    let banned = [
        "TcpStream::connect",
        "socket.connect(",
        "TcpSocket::connect",
        "UdpSocket",
        "lookup_host",
        "hyper::client",
        "client::conn",
    ];
    let others =
        sources.iter().filter(|(file, _)| file.starts_with("crates/") && !file.starts_with("crates/outbound/"));
    find(others.filter(|(file, _)| file.contains("/src/")), &banned)
}

/// Lines outside of tests that hold one of the banned texts.
fn find<'a>(sources: impl Iterator<Item = &'a (&'a str, String)>, banned: &[&str]) -> Vec<String> {
    let mut broken = Vec::new();
    for (file, text) in sources.filter(|(file, _)| !is_test_file(file)) {
        for (number, line) in product_lines(text) {
            let code = line.split("//").next().unwrap_or_default();
            for word in banned.iter().filter(|w| code.contains(**w)) {
                broken.push(format!("{file}:{number}: {word}"));
            }
        }
    }
    broken
}

fn is_test_file(file: &str) -> bool {
    file.ends_with("/tests.rs") || file.contains("/tests/") || file.contains("/benches/")
}

/// The lines before the test module.
fn product_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(at, line)| (at + 1, line)).take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
}

/// A file that no `mod` line names is not compiled, so nothing in it is checked.
fn unlisted(sources: &[(&str, String)]) -> Vec<String> {
    let mut broken = Vec::new();
    for (file, _) in sources {
        let path = Path::new(file);
        let Some(stem) = path.file_stem().and_then(|s| s.to_str()) else { continue };
        let Some(folder) = path.parent() else { continue };
        let is_root = matches!(stem, "main" | "lib" | "build")
            || folder.ends_with("bin")
            || folder.ends_with("tests")
            || folder.ends_with("benches")
            || folder.ends_with("fuzz_targets")
            || folder.ends_with("examples");
        if is_root {
            continue;
        }
        let (name, above) = if stem == "mod" {
            let name = folder.file_name().and_then(|n| n.to_str()).unwrap_or_default();
            (name, folder.parent().unwrap_or(folder))
        } else {
            (stem, folder)
        };
        let line = format!("mod {name};");
        let named = sources.iter().any(|(parent, text)| {
            may_name(Path::new(parent), above) && text.contains(&line) || names_by_path(Path::new(parent), text, path)
        });
        if !named {
            broken.push(format!("{file}: no `{line}` names it"));
        }
    }
    broken
}

/// Whether a `#[path]` of this file leads to the other.
fn names_by_path(parent: &Path, text: &str, file: &Path) -> bool {
    let folder = parent.parent().unwrap_or(Path::new(""));
    let paths = text.lines().filter_map(|line| line.trim().strip_prefix("#[path = \"")?.strip_suffix("\"]"));
    paths.map(|path| folder.join(path)).any(|path| {
        let mut plain = PathBuf::new();
        for part in path.components() {
            match part {
                Component::ParentDir => drop(plain.pop()),
                part => plain.push(part),
            }
        }
        plain == file
    })
}

/// Whether a file may hold the `mod` lines of the files in a folder.
fn may_name(parent: &Path, folder: &Path) -> bool {
    // In `tests` and the like every file is a root and may have modules.
    let is_beside = parent.parent() == Some(folder);
    let is_root = matches!(parent.file_stem().and_then(|s| s.to_str()), Some("lib" | "main" | "mod"));
    is_beside && (is_root || folder.ends_with("tests") || folder.ends_with("benches"))
        || parent == folder.with_extension("rs")
}

fn without_purpose(sources: &[(&str, String)]) -> Vec<String> {
    sources
        .iter()
        .filter(|(file, text)| {
            !is_test_file(file) && !file.contains("/fuzz_targets/") && !text.trim_start().starts_with("//!")
        })
        .map(|(file, _)| format!("{file}: the first line is not `//! purpose`"))
        .collect()
}

fn unfinished(sources: &[(&str, String)]) -> Vec<String> {
    // Put together, so that this file does not find itself.
    let marks = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["#[ig", "nore"].concat(), ["todo", "!("].concat()];
    let mut broken = Vec::new();
    for (file, text) in sources {
        for (at, line) in text.lines().enumerate() {
            if let Some(mark) = marks.iter().find(|m| line.contains(m.as_str())) {
                broken.push(format!("{file}:{}: {mark}", at + 1));
            }
        }
    }
    broken
}

/// What speaks of home folders, which a detector finds: the accounts are made up.
const ABOUT_HOME_FOLDERS: [&str; 4] = [
    "crates/detect/benches/scan.rs",
    "crates/detect/src/detectors/home_path.rs",
    "docs/benchmark.md",
    "docs/detectors.md",
];

fn machine_paths(root: &Path, files: &[String]) -> Vec<String> {
    let marks: Vec<String> = [["/wo", "rk/"], ["/ro", "ot/"], ["/ho", "me/"], ["../sha", "red"], ["/tm", "p/brief"]]
        .iter()
        .map(|m| m.concat())
        .collect();
    let kinds = [
        ".rs",
        ".md",
        ".toml",
        ".sh",
        ".mjs",
        ".py",
        ".yaml",
        ".yml",
        ".json",
        ".go",
        ".service",
        ".conf",
        "Caddyfile",
    ];
    let mut broken = Vec::new();
    let excepted = |file: &str| file.starts_with("fixtures/") || ABOUT_HOME_FOLDERS.contains(&file);
    for file in files.iter().filter(|f| kinds.iter().any(|k| f.ends_with(k)) && !excepted(f)) {
        let Ok(text) = std::fs::read_to_string(root.join(file)) else { continue };
        for (at, line) in text.lines().enumerate() {
            if let Some(mark) = marks.iter().find(|m| line.contains(m.as_str())) {
                broken.push(format!("{file}:{}: {mark}", at + 1));
            }
        }
    }
    broken
}

fn dead_links(root: &Path, files: &[String]) -> Vec<String> {
    let mut broken = Vec::new();
    for file in files.iter().filter(|f| f.ends_with(".md")) {
        let Ok(text) = std::fs::read_to_string(root.join(file)) else { continue };
        let folder = root.join(file).parent().map(Path::to_path_buf).unwrap_or_default();
        for (at, line) in text.lines().enumerate() {
            for rest in line.split("](").skip(1) {
                let target = rest.split([')', ' ']).next().unwrap_or_default();
                let path = target.split('#').next().unwrap_or_default();
                if !path.is_empty()
                    && !target.contains("://")
                    && !target.starts_with("mailto:")
                    && !folder.join(path).exists()
                {
                    broken.push(format!("{file}:{}: {target}", at + 1));
                }
            }
        }
    }
    broken
}

fn registry_hosts(root: &Path) -> Vec<String> {
    let lock = std::fs::read_to_string(root.join("tests/sdk/package-lock.json")).unwrap_or_default();
    let lock: Value = serde_json::from_str(&lock).unwrap_or_default();
    let packages = lock["packages"].as_object();
    packages
        .into_iter()
        .flatten()
        .filter(|(_, package)| package.get("resolved").is_some())
        .map(|(name, _)| format!("tests/sdk/package-lock.json: {name} has `resolved`"))
        .collect()
}

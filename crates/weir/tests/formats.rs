//! The registry of stored formats against the code: every constant that says a version, and every magic, is in it.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::path::{Path, PathBuf};

use weir::formats::FORMATS;

/// Versions of what is not stored, each with why.
const NOT_STORED: &[(&str, &str)] = &[
    // The JSON of admin.sock, spoken between a process and a command line of the same release.
    ("crates/console/src/command.rs", "VERSION"),
    // Said between two processes of a hand-over, which each name theirs.
    ("crates/weir/src/hand_over.rs", "VERSION"),
    // A field of a request.
    ("crates/protocol/src/vendors/amplitude/decode/special.rs", "LIBRARY_VERSION"),
];

/// Magics, by the format that they begin.
const MAGICS: &[(&str, &str)] = &[
    ("WEIRCATG", "catalog"),
    ("WEIRHELD", "evidence.holding"),
    ("WEIRRECO", "evidence.reconciliation"),
    ("WEIRMSTR", "keys.file"),
    ("WEIRLEDG", "keys.file"),
    ("WEIRHPRV", "keys.file"),
    ("WEIRHPUB", "keys.file"),
    ("WEIRRING", "keys.ring"),
    ("WEIRLOG", "ledger.log"),
    ("WEIRIDRN", "identity.run"),
    ("WEIRIDMF", "identity.manifest"),
    ("WEIRIDFG", "identity.forgotten"),
    ("WEIRSUMS", "rows.sums"),
    ("WEIRFACT", "rows.facts"),
    ("WEIRROWD", "rows.dictionary"),
    ("weirjrnl", "journal.segment"),
    ("weirhold", "journal.segment"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every source file of every crate, with its path from the root of the repository.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let crates = std::fs::read_dir(root().join("crates")).unwrap();
    let mut folders: Vec<PathBuf> = crates.map(|entry| entry.unwrap().path().join("src")).collect();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
                // Tests at the end of a file make formats up.
                found.push((name, text.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned()));
            }
        }
    }
    found
}

/// `const NAME: u16 = 3;` where the name is one of a version.
fn version_constant(line: &str) -> Option<(&str, u32)> {
    let rest = line.trim_start().split_once("const ")?.1;
    let (name, rest) = rest.split_once(": u")?;
    let names = ["VERSION", "FORMAT"];
    let is_one = names.iter().any(|n| name == *n || name.ends_with(&format!("_{n}")));
    let number = rest.split_once("= ")?.1.split(';').next()?;
    Some((name, number.trim().parse().ok()?)).filter(|_| is_one)
}

#[test]
fn every_version_in_the_code_is_in_the_registry_and_every_entry_of_the_registry_is_in_the_code() {
    let sources = sources();
    let mut seen = Vec::new();
    for (file, text) in &sources {
        for (name, number) in text.lines().filter_map(version_constant) {
            if NOT_STORED.contains(&(file.as_str(), name)) {
                continue;
            }
            let known = FORMATS.iter().find(|f| f.owner == (file.as_str(), name));
            let known = known.unwrap_or_else(|| {
                panic!("{file}: {name} is the version of a stored format: give it a line in FORMATS (crates/weir/src/formats.rs), or in NOT_STORED of this test")
            });
            assert_eq!(known.newest, number, "{file}: {name} and the registry's `{}` differ", known.name);
            seen.push(known.name);
        }
    }
    for format in FORMATS {
        let (file, constant) = format.owner;
        let text = sources.iter().find(|(name, _)| name == file).unwrap_or_else(|| panic!("{file} is not there"));
        assert!(text.1.contains(&format!("const {constant}:")), "{file} has no {constant}");
        let by_text =
            matches!(format.name, "formats" | "ledger.reason" | "rows.months" | "rows.parquet" | "trail.shipped");
        assert!(by_text || seen.contains(&format.name), "{}: its constant is not a version", format.name);
        assert!((1..=format.newest).contains(&format.reads_from) && format.writes_from <= format.newest);
        // One release back: not more, or a version would have to be written for ever.
        // Some were raised more than once between two releases: the release before wrote version 1.
        let raised = match format.name {
            "ledger.rows" => 3,
            "catalog" | "rows.manifest" => 2,
            _ => 1,
        };
        assert!(format.newest - format.writes_from <= raised, "{}", format.name);
    }
}

#[test]
fn every_magic_in_the_code_begins_a_format_of_the_registry() {
    for (file, text) in sources() {
        for (at, _) in text.match_indices("b\"WEIR").chain(text.match_indices("b\"weir")) {
            let magic: String = text[at + 2..].chars().take_while(char::is_ascii_alphanumeric).collect();
            // Labels of keys and seals, such as weir/hold/v1, are `weir` and a slash.
            if magic == "weir" {
                continue;
            }
            let known = MAGICS.iter().find(|(text, _)| *text == magic);
            let (_, format) = known.unwrap_or_else(|| panic!("{file}: the magic {magic} is of no format: see MAGICS"));
            assert!(FORMATS.iter().any(|f| f.name == *format), "{format}");
        }
    }
}

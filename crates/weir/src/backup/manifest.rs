//! The manifest of a backup: what is in it, what it belongs to, and the SHA-256 of each file. No key, no value of an event.
//!
//! # Bytes, version 1
//! Text, one fact a line, in this order, each line ended by a line feed:
//! ```text
//! weir-backup 1
//! weir <version of the program>
//! made <milliseconds since 1970>
//! format <name> <version>                 one for each stored format (crate::formats)
//! journal <first offset> <next offset>    the second is - where no process ran
//! tree <folder> <origin> <entries> <size of the signed head>
//! keys <fingerprint> <number of the ring>
//! key <name>                              one for each key that the data rests on
//! destroyed <name>                        one for each key that was destroyed by then
//! file <SHA-256> <bytes> <path>           one for each file, sorted by path
//! end <SHA-256 of everything before this line>
//! ```
//! At most 64 MiB, 1,000,000 files, a path of 512 bytes. The checksum finds accidents. Whoever can write the backup can write the
//! manifest too; what stands against that is inside: sealed segments open for one key folder only, and the ledger is signed.

use std::fmt::Write as _;
use std::path::{Component, Path};

use ring::digest::{SHA256, digest};
use weir_event::ids::hex;
use weir_event::{Millis, limits};

use crate::formats::Formats;

/// The version that this code writes, and the newest that it reads.
const VERSION: u32 = 1;

/// A tree of which a copy is in the backup.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TreeFact {
    /// `ledger` or `audit`.
    pub folder: String,
    /// The tree's name.
    pub origin: String,
    /// Entries of its log.
    pub entries: u64,
    /// Entries under the signed head that is in the backup; 0 without one.
    pub signed: u64,
}

/// Which key folder the data belongs to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct KeyFact {
    /// [`weir_keys::Keys::fingerprint`].
    pub fingerprint: String,
    /// How often its ring had been replaced.
    pub ring: u64,
    /// The names of its keys.
    pub live: Vec<String>,
    /// The names of those that were destroyed.
    pub destroyed: Vec<String>,
}

/// What a backup says of itself besides its files.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Facts {
    /// The version of the program that made it.
    pub program: String,
    /// The moment that it shows.
    pub made: Millis,
    /// Which version of each format may be in it.
    pub formats: Formats,
    /// First and next offset of the journal.
    pub journal: (u64, Option<u64>),
    /// Its two trees.
    pub trees: Vec<TreeFact>,
    /// Its key folder.
    pub keys: KeyFact,
}

/// One file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Item {
    /// Below the data folder, with `/`.
    pub path: String,
    /// Its SHA-256 in hex, which names its copy.
    pub sum: String,
    /// Its length.
    pub bytes: u64,
}

/// All of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Manifest {
    /// What it belongs to.
    pub facts: Facts,
    /// What is in it, sorted by path.
    pub files: Vec<Item>,
}

/// Why a manifest cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ManifestError {
    /// A newer release made it.
    #[error("it is of format {found}, this weir reads up to {VERSION}: use the release that made it, or a newer one")]
    Newer {
        /// Its format.
        found: u32,
    },
    /// It is not what was written.
    #[error("the manifest is damaged ({0}): use another backup")]
    Damaged(&'static str),
}

impl Manifest {
    /// The text.
    pub fn text(&self) -> String {
        let mut out = format!("weir-backup {VERSION}\nweir {}\nmade {}\n", self.facts.program, self.facts.made.0);
        let mut line = |text: std::fmt::Arguments<'_>| {
            // Into a string: cannot fail.
            let _ = out.write_fmt(text);
            out.push('\n');
        };
        for (name, version) in self.facts.formats.iter() {
            line(format_args!("format {name} {version}"));
        }
        let (first, next) = self.facts.journal;
        line(format_args!("journal {first} {}", next.map_or("-".to_owned(), |n| n.to_string())));
        for tree in &self.facts.trees {
            line(format_args!("tree {} {} {} {}", tree.folder, tree.origin, tree.entries, tree.signed));
        }
        let keys = &self.facts.keys;
        line(format_args!("keys {} {}", keys.fingerprint, keys.ring));
        keys.live.iter().for_each(|name| line(format_args!("key {name}")));
        keys.destroyed.iter().for_each(|name| line(format_args!("destroyed {name}")));
        for file in &self.files {
            line(format_args!("file {} {} {}", file.sum, file.bytes, file.path));
        }
        let sum = sum_of(out.as_bytes());
        out.push_str(&format!("end {sum}\n"));
        out
    }

    /// Reads the text: checksum first, then each fact.
    pub fn parse(bytes: &[u8]) -> Result<Manifest, ManifestError> {
        let damaged = ManifestError::Damaged;
        let text = std::str::from_utf8(bytes).map_err(|_| damaged("it is not text"))?;
        if bytes.len() > limits::BACKUP_MANIFEST_BYTES_MAX {
            return Err(damaged("it is too long"));
        }
        // The version is read before the checksum: a later format may keep its checksum elsewhere.
        let version = text.strip_prefix("weir-backup ").and_then(|rest| rest.split('\n').next());
        let version: u32 = version.and_then(|n| n.parse().ok()).ok_or(damaged("it is not a manifest"))?;
        if version > VERSION {
            return Err(ManifestError::Newer { found: version });
        }
        let end = text.rfind("end ").filter(|at| *at == 0 || text.as_bytes().get(at - 1) == Some(&b'\n'));
        let (body, end) = end.and_then(|at| text.split_at_checked(at)).ok_or(damaged("it has no end"))?;
        if end != format!("end {}\n", sum_of(body.as_bytes())) {
            return Err(damaged("its checksum does not fit"));
        }
        let mut lines = Lines(body.lines().skip(1).peekable());
        let program = lines.one("weir")?.to_owned();
        let made = Millis(number(lines.one("made")?)?);
        let mut formats = Vec::new();
        while let Some(fact) = lines.next_if("format") {
            let (name, version) = fact.split_once(' ').ok_or(damaged("a format cannot be read"))?;
            formats.push((name.to_owned(), number(version)?));
        }
        let (first, next) = lines.one("journal")?.split_once(' ').ok_or(damaged("the journal cannot be read"))?;
        let journal = (number(first)?, if next == "-" { None } else { Some(number(next)?) });
        let mut trees = Vec::new();
        while let Some(fact) = lines.next_if("tree") {
            let words: Vec<&str> = fact.split(' ').collect();
            let [folder, origin, entries, signed] = words[..] else { return Err(damaged("a tree cannot be read")) };
            let (folder, origin) = (folder.to_owned(), origin.to_owned());
            trees.push(TreeFact { folder, origin, entries: number(entries)?, signed: number(signed)? });
        }
        let (fingerprint, ring) = lines.one("keys")?.split_once(' ').ok_or(damaged("the keys cannot be read"))?;
        let mut keys = KeyFact { fingerprint: fingerprint.to_owned(), ring: number(ring)?, ..KeyFact::default() };
        while let Some(name) = lines.next_if("key") {
            keys.live.push(name.to_owned());
        }
        while let Some(name) = lines.next_if("destroyed") {
            keys.destroyed.push(name.to_owned());
        }
        let mut files: Vec<Item> = Vec::new();
        while let Some(fact) = lines.next_if("file") {
            let mut words = fact.splitn(3, ' ');
            let mut word = || words.next().ok_or(damaged("a file cannot be read"));
            let (sum, bytes, path) = (word()?, word()?, word()?);
            if sum.len() != 64 || !sum.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
                return Err(damaged("a file has no SHA-256"));
            }
            if !is_path(path) || files.last().is_some_and(|last| last.path.as_str() >= path) {
                return Err(damaged("a path is not one of a data folder, or out of order"));
            }
            files.push(Item { path: path.to_owned(), sum: sum.to_owned(), bytes: number(bytes)? });
        }
        if lines.0.next().is_some() || files.len() > limits::BACKUP_FILES_MAX {
            return Err(damaged("there is more in it than belongs there"));
        }
        let facts = Facts { program, made, formats: Formats::from_pairs(formats), journal, trees, keys };
        Ok(Manifest { facts, files })
    }

    /// A file by its path.
    pub fn file(&self, path: &str) -> Option<&Item> {
        let at = self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok()?;
        self.files.get(at)
    }

    /// All bytes of its files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().fold(0, |sum, file| sum.saturating_add(file.bytes))
    }
}

/// Whether a text is a path below a data folder that may be written: plain parts, none that leads out of it.
pub fn is_path(text: &str) -> bool {
    let clean = |part: &str| part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    let plain = |part: Component<'_>| matches!(part, Component::Normal(part) if part.to_str().is_some_and(clean));
    (1..=512).contains(&text.len())
        && text.split('/').all(|part| !matches!(part, "" | "." | ".."))
        && Path::new(text).components().all(plain)
}

fn sum_of(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, ManifestError> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| plain).ok_or(ManifestError::Damaged("a number cannot be read"))
}

struct Lines<'t>(std::iter::Peekable<std::iter::Skip<std::str::Lines<'t>>>);

impl<'t> Lines<'t> {
    fn next_if(&mut self, name: &str) -> Option<&'t str> {
        let fact = self.0.peek()?.strip_prefix(name)?.strip_prefix(' ')?;
        self.0.next();
        Some(fact)
    }

    fn one(&mut self, name: &str) -> Result<&'t str, ManifestError> {
        self.next_if(name).ok_or(ManifestError::Damaged("a fact is missing"))
    }
}

/// Replayed on stable and by libFuzzer.
pub mod fuzz {
    /// Any bytes as a manifest: what is read is written the same again and names no file outside.
    pub fn fuzz_manifest(data: &[u8]) {
        if let Ok(manifest) = super::Manifest::parse(data) {
            assert!(manifest.files.iter().all(|file| super::is_path(&file.path)));
            assert_eq!(super::Manifest::parse(manifest.text().as_bytes()), Ok(manifest));
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::formats::FORMATS;

    pub(crate) fn sample() -> Manifest {
        let item = |path: &str, bytes| Item { path: path.to_owned(), sum: sum_of(path.as_bytes()), bytes };
        Manifest {
            facts: Facts {
                program: "0.1.0".to_owned(),
                made: Millis(1_800_000_000_000),
                formats: Formats::newest(FORMATS),
                journal: (7, Some(9)),
                trees: vec![TreeFact {
                    folder: "ledger".into(),
                    origin: "weir/0a/egress".into(),
                    entries: 3,
                    signed: 2,
                }],
                keys: KeyFact {
                    fingerprint: "ab".repeat(16),
                    ring: 4,
                    live: vec!["insert/product".into()],
                    destroyed: vec!["raw/20000".into()],
                },
            },
            files: vec![item("journal/0000000000000001-0000000000000000.segment", 4096), item("version", 12)],
        }
    }

    #[test]
    fn a_manifest_comes_back_and_one_changed_byte_is_found() {
        let manifest = sample();
        let text = manifest.text();
        assert_eq!(Manifest::parse(text.as_bytes()), Ok(manifest.clone()));
        assert_eq!(manifest.file("version").map(|f| f.bytes), Some(12));
        assert_eq!(manifest.file("other"), None);
        let mut bytes = text.clone().into_bytes();
        for at in 0..bytes.len() {
            bytes[at] ^= 1;
            assert!(Manifest::parse(&bytes).is_err(), "byte {at}");
            bytes[at] ^= 1;
        }
        let newer = text.replace("weir-backup 1", "weir-backup 2");
        assert_eq!(Manifest::parse(newer.as_bytes()), Err(ManifestError::Newer { found: 2 }));
    }

    #[test]
    fn a_path_that_leads_out_of_the_folder_is_refused() {
        for bad in ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", "./a", "a b", "a\\b", "ä"] {
            assert!(!is_path(bad), "{bad:?}");
        }
        assert!(is_path("ledger/log/00000000000000000000.log"));
        let mut manifest = sample();
        manifest.files[1].path = "zz/../../x".to_owned();
        assert!(Manifest::parse(manifest.text().as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            fuzz::fuzz_manifest(&bytes);
            let mut text = sample().text().into_bytes();
            let at = bytes.len() % text.len();
            text.splice(at..at, bytes.iter().copied());
            fuzz::fuzz_manifest(&text);
        }
    }
}

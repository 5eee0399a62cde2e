//! Every stored format, and which version of each may be written into a data folder.
//!
//! Release N reads what N-1 wrote and, until `weir upgrade finish`, writes nothing that N-1 cannot read: so the old binary can take
//! the folder back. The file `formats` says how far a folder has come; a format that is not in it is written at its first version.
//!
//! # `formats`, version 1
//! Text of at most 64 KiB: `weir-formats 1`, then one line `<name> <version>` for each format, sorted by name. Replaced as a whole.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The file's name in the data folder.
pub const FILE_NAME: &str = "formats";
const HEAD: &str = "weir-formats 1";
const BYTES_MAX: usize = 64 * 1024;

/// One stored format.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Format {
    /// Its name, for people and for the file.
    pub name: &'static str,
    /// The oldest version that this release reads.
    pub reads_from: u32,
    /// The oldest version that this release can write: that of the release before, until an upgrade is finished.
    pub writes_from: u32,
    /// The newest version that this release reads and writes.
    pub newest: u32,
    /// The source file that owns the bytes, and the constant in it that says the newest version; empty where the bytes have no
    /// number but are pinned by the text in `constant`.
    pub owner: (&'static str, &'static str),
}

const fn format(name: &'static str, newest: u32, file: &'static str, constant: &'static str) -> Format {
    Format { name, reads_from: 1, writes_from: newest, newest, owner: (file, constant) }
}

/// All of them. A format that is raised keeps `writes_from` at the version of the release before for one release, and its writer
/// asks [`Formats::may_write`]. `tests/formats.rs` holds this list against the constants of the code.
pub const FORMATS: &[Format] = &[
    format("backup", 1, "crates/weir/src/backup/manifest.rs", "VERSION"),
    // Version 2 keeps what profiles are learned from, version 3 of which characters texts are and which sums numbers pass.
    Format { writes_from: 1, ..format("catalog", 3, "crates/catalog/src/codec.rs", "VERSION") },
    format("data", 1, "crates/weir/src/disk.rs", "FORMAT"),
    format("evidence.holding", 1, "crates/answers/src/holding.rs", "VERSION"),
    format("evidence.reconciliation", 1, "crates/answers/src/reconcile/stored.rs", "VERSION"),
    format("formats", 1, "crates/weir/src/formats.rs", "HEAD"),
    format("hold.body", 2, "crates/policy/src/withheld.rs", "VERSION"),
    format("hold.seal", 1, "crates/keys/src/hold.rs", "VERSION"),
    format("identity.forgotten", 1, "crates/identity/src/manifest.rs", "FORGOTTEN_VERSION"),
    format("identity.manifest", 1, "crates/identity/src/manifest.rs", "VERSION"),
    format("identity.run", 1, "crates/identity/src/run.rs", "VERSION"),
    format("journal.record", 2, "crates/policy/src/record.rs", "VERSION"),
    format("journal.segment", 1, "crates/journal/src/segment.rs", "FORMAT"),
    format("journal.tally", 1, "crates/policy/src/tally.rs", "VERSION"),
    format("keys.backup", 1, "crates/keys/src/backup.rs", "MANIFEST_VERSION"),
    format("keys.file", 1, "crates/keys/src/files.rs", "KEY_FILE_VERSION"),
    format("keys.ring", 1, "crates/keys/src/ring.rs", "VERSION"),
    format("keys.wrap", 1, "crates/keys/src/ring.rs", "WRAP_VERSION"),
    format("ledger.leaf", 1, "crates/ledger/src/entry.rs", "LEAF_VERSION"),
    // Version 2 is a file from which rows were erased.
    Format { writes_from: 1, ..format("ledger.log", 2, "crates/ledger/src/record.rs", "FORMAT") },
    format("ledger.origin", 1, "crates/ledger/src/anchor.rs", "FORMAT"),
    format("ledger.reason", 1, "crates/ledger/src/coverage.rs", "REASON_HEAD"),
    // Version 2 is a batch of which single rows can be erased, version 3 one of which some were, version 4 one without its rows.
    Format { writes_from: 1, ..format("ledger.rows", 4, "crates/ledger/src/rows.rs", "FORMAT") },
    format("ledger.snapshot", 1, "crates/ledger/src/state.rs", "VERSION"),
    format("rollout", 1, "crates/weir/src/rollout/file.rs", "VERSION"),
    format("rows.dictionary", 1, "crates/rows/src/dictionary.rs", "VERSION"),
    format("rows.facts", 1, "crates/rows/src/facts.rs", "VERSION"),
    // Version 2 names sums of months, version 3 goes with a log that has given rows up; both are done where it may be written.
    Format { writes_from: 1, ..format("rows.manifest", 3, "crates/rows/src/manifest.rs", "VERSION") },
    format("rows.months", 1, "crates/rows/src/file.rs", "SCHEMA_OF_MONTHS"),
    format("rows.parquet", 1, "crates/rows/src/file.rs", "SCHEMA"),
    format("rows.sums", 1, "crates/rows/src/sums.rs", "VERSION"),
    format("trail.shipped", 1, "crates/trail/src/position.rs", "HEAD"),
];

/// Why a folder's formats do not go with this release.
#[derive(Debug, thiserror::Error)]
pub enum FormatsError {
    /// A newer release may have written something that this one cannot read.
    #[error(
        "{folder}: format `{name}` is at version {found}, this weir {} knows up to {known}: use the release that wrote it, or a newer one",
        env!("CARGO_PKG_VERSION")
    )]
    Newer {
        /// The folder or backup.
        folder: PathBuf,
        /// The format.
        name: String,
        /// Its version there.
        found: u32,
        /// The newest that is known; 0 where the format is not known at all.
        known: u32,
    },
    /// A release between was left out.
    #[error(
        "{folder}: format `{name}` is at version {found}, this weir {} works from {oldest} on: run the release between, `weir upgrade finish` there, then this one",
        env!("CARGO_PKG_VERSION")
    )]
    Older {
        /// The folder or backup.
        folder: PathBuf,
        /// The format.
        name: String,
        /// Its version there.
        found: u32,
        /// The oldest that can be gone on with.
        oldest: u32,
    },
    /// The file cannot be understood.
    #[error("{file} cannot be read as a list of formats: it is damaged; restore it from a backup of the data folder")]
    Damaged {
        /// Which.
        file: PathBuf,
    },
    /// The system says no.
    #[error("{file}: {action}: {}", source.kind())]
    Io {
        /// Which.
        file: PathBuf,
        /// What was tried.
        action: &'static str,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// Which version of each format may be written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Formats(BTreeMap<String, u32>);

impl Formats {
    /// What a new folder may hold: the newest of everything.
    pub fn newest(of: &[Format]) -> Formats {
        Formats(of.iter().map(|f| (f.name.to_owned(), f.newest)).collect())
    }

    /// What a folder says; `None` where it says nothing yet.
    pub fn read(folder: &Path) -> Result<Option<Formats>, FormatsError> {
        let file = folder.join(FILE_NAME);
        match std::fs::read(&file) {
            Ok(bytes) => Formats::parse(&bytes).map(Some).ok_or(FormatsError::Damaged { file }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(FormatsError::Io { file, action: "cannot be read", source }),
        }
    }

    /// Reads the text.
    pub fn parse(bytes: &[u8]) -> Option<Formats> {
        let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= BYTES_MAX)?;
        let mut lines = text.strip_suffix('\n')?.split('\n');
        lines.next().filter(|head| *head == HEAD)?;
        let mut all = BTreeMap::new();
        for line in lines {
            let (name, version) = line.split_once(' ')?;
            all.insert(checked_name(name)?.to_owned(), checked_version(version)?);
        }
        Some(Formats(all))
    }

    /// From names and versions, as a backup's manifest lists them.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, u32)>) -> Formats {
        Formats(pairs.into_iter().collect())
    }

    /// The text.
    pub fn text(&self) -> String {
        let lines = self.0.iter().map(|(name, version)| format!("{name} {version}\n"));
        format!("{HEAD}\n{}", lines.collect::<String>())
    }

    /// Names and versions, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u32)> {
        self.0.iter().map(|(name, version)| (name.as_str(), *version))
    }

    /// The version of a format that may be written; 0 where the folder has none of it yet.
    pub fn may_write(&self, name: &str) -> u32 {
        self.0.get(name).copied().unwrap_or(0)
    }

    /// Refuses what a newer release may have written, and what this one cannot go on with. Reads and writes nothing.
    pub fn check(&self, folder: &Path, of: &[Format]) -> Result<(), FormatsError> {
        for (name, found) in self.iter() {
            let known = of.iter().find(|format| format.name == name);
            let newest = known.map_or(0, |format| format.newest);
            let (folder, name) = (folder.to_owned(), name.to_owned());
            if found > newest {
                return Err(FormatsError::Newer { folder, name, found, known: newest });
            }
            // Nothing is raised behind the operator's back: what may be written stays until `finish`, so it must be something that
            // this release still writes.
            if let Some(format) = known
                && found < format.writes_from
            {
                return Err(FormatsError::Older { folder, name, found, oldest: format.writes_from });
            }
        }
        Ok(())
    }

    /// What `weir upgrade finish` would raise: name, version now, version then.
    pub fn behind(&self, of: &[Format]) -> Vec<(&'static str, u32, u32)> {
        let later = |format: &&Format| self.may_write(format.name) < format.newest;
        of.iter().filter(later).map(|format| (format.name, self.may_write(format.name), format.newest)).collect()
    }

    /// Puts it in the place of the folder's file: whole or not at all.
    pub fn write(&self, folder: &Path) -> Result<(), FormatsError> {
        let (file, fresh) = (folder.join(FILE_NAME), folder.join("formats.new"));
        let written = (|| {
            let mut out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
            out.write_all(self.text().as_bytes())?;
            out.sync_all()?;
            // A crash before this line leaves `formats.new`, which nobody reads and the next write overwrites.
            std::fs::rename(&fresh, &file)?;
            File::open(folder)?.sync_all()
        })();
        written.map_err(|source| FormatsError::Io { file, action: "cannot be written", source })
    }
}

/// Looks at a folder before anything in it is touched.
pub fn check_folder(folder: &Path) -> Result<(), FormatsError> {
    match Formats::read(folder)? {
        Some(formats) => formats.check(folder, FORMATS),
        None => Ok(()),
    }
}

/// What a folder may hold, after [`check_folder`]. A folder without the file gets one: it is new, or older than the file, and the
/// only release without it wrote what is the newest today.
pub fn open_folder(folder: &Path) -> Result<Formats, FormatsError> {
    if let Some(formats) = Formats::read(folder)? {
        formats.check(folder, FORMATS)?;
        return Ok(formats);
    }
    let formats = Formats::newest(FORMATS);
    formats.write(folder)?;
    Ok(formats)
}

/// Lets the newest of everything be written from now on; gives what was raised. The release before cannot open the folder after it.
pub fn finish(folder: &Path) -> Result<Vec<(&'static str, u32, u32)>, FormatsError> {
    let formats = open_folder(folder)?;
    let raised = formats.behind(FORMATS);
    if !raised.is_empty() {
        Formats::newest(FORMATS).write(folder)?;
    }
    Ok(raised)
}

fn checked_name(name: &str) -> Option<&str> {
    let clean = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.' || b == b'_';
    (!name.is_empty() && name.len() <= 64 && name.bytes().all(clean)).then_some(name)
}

fn checked_version(text: &str) -> Option<u32> {
    text.parse().ok().filter(|n| *n > 0 && text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit()))
}

/// Replayed on stable and by libFuzzer.
pub mod fuzz {
    /// Any bytes as the file `formats`; what is read is written the same again.
    pub fn fuzz_formats(data: &[u8]) {
        if let Some(formats) = super::Formats::parse(data) {
            assert_eq!(super::Formats::parse(formats.text().as_bytes()), Some(formats));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A release after this one: `journal.segment` is raised and still writes the version before.
    fn next_release() -> Vec<Format> {
        let mut all = FORMATS.to_vec();
        for format in all.iter_mut().filter(|f| f.name == "journal.segment") {
            (format.writes_from, format.newest) = (1, 2);
        }
        all.push(Format { name: "watch.rates", reads_from: 1, writes_from: 1, newest: 1, owner: ("", "") });
        all
    }

    #[test]
    fn a_new_release_writes_what_the_one_before_reads_until_the_upgrade_is_finished() {
        let folder = tempfile::tempdir().unwrap();
        let today = open_folder(folder.path()).unwrap();
        let next = next_release();
        today.check(folder.path(), &next).unwrap();
        assert_eq!(today.may_write("journal.segment"), 1, "not raised by itself");
        assert_eq!(today.may_write("watch.rates"), 0, "what the release before does not know is not written");
        assert_eq!(today.behind(&next), [("journal.segment", 1, 2), ("watch.rates", 0, 1)]);
        // The way back, before `finish`.
        check_folder(folder.path()).unwrap();
        Formats::newest(&next).write(folder.path()).unwrap();
        let error = check_folder(folder.path()).unwrap_err();
        assert!(matches!(error, FormatsError::Newer { found: 2, known: 1, .. }), "{error}");
        assert!(error.to_string().contains("journal.segment"));
    }

    #[test]
    fn a_release_that_was_left_out_is_named() {
        let mut later = next_release();
        for format in later.iter_mut().filter(|f| f.name == "journal.segment") {
            (format.writes_from, format.newest) = (2, 3);
        }
        let error = Formats::newest(FORMATS).check(Path::new("data"), &later).unwrap_err();
        assert!(matches!(error, FormatsError::Older { found: 1, oldest: 2, .. }), "{error}");
    }

    #[test]
    fn a_format_that_this_release_does_not_know_is_refused() {
        let formats = Formats::from_pairs([("watch.rates".to_owned(), 1)]);
        let error = formats.check(Path::new("data"), FORMATS).unwrap_err();
        assert!(matches!(error, FormatsError::Newer { known: 0, .. }), "{error}");
    }

    #[test]
    fn the_list_is_sorted_and_what_is_not_a_list_is_not_read() {
        assert!(FORMATS.is_sorted_by_key(|f| f.name));
        let text = Formats::newest(FORMATS).text();
        assert_eq!(Formats::parse(text.as_bytes()), Some(Formats::newest(FORMATS)));
        for bad in [
            "",
            "weir-formats 1",
            "weir-formats 2\n",
            "weir-formats 1\na\n",
            "weir-formats 1\na 0\n",
            "weir-formats 1\nA 1\n",
        ] {
            assert_eq!(Formats::parse(bad.as_bytes()), None, "{bad:?}");
        }
        for end in 0..text.len() {
            fuzz::fuzz_formats(&text.as_bytes()[..end]);
        }
    }
}

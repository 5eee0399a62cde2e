//! The list of files: `rows/manifest` in the ledger's folder.
//!
//! JSON and a last line with its CRC-32C in hexadecimal, replaced as a whole. It names every other file of the store and says up to which
//! entry of the log they go: position and state are one write (D3).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use weir_ledger::history::Place;

use crate::dictionary::Dictionary;
use crate::error::RowsError;
use crate::facts::{Fact, FactFile};
use crate::file::{self, Form};
use crate::row::Month;

/// The store's folder in that of the ledger.
pub const FOLDER: &str = "rows";
/// The newest version of the manifest. Version 1 knew no sums of months, version 2 no log that has given rows up.
pub const VERSION: u64 = 3;
pub(crate) const MANIFEST: &str = "manifest";
/// So often the list is read where a file of it was merged away meanwhile.
const TRIES: usize = 5;

/// A file of rows, as the manifest names it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RowsEntry {
    /// Its name.
    pub name: String,
    /// To whom, by the store's number.
    pub destination: u16,
    /// In which month.
    pub month: Month,
    /// Rows.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
    /// The first and the last second.
    pub span: (u32, u32),
    /// Whether its rows are sums of the month ([`crate::months`]).
    #[serde(default)]
    pub is_sums: bool,
}

impl RowsEntry {
    pub(crate) fn form(&self) -> Form {
        if self.is_sums { Form::Months } else { Form::Rows }
    }
}

/// A file of facts, as the manifest names it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FactsEntry {
    /// Its name.
    pub name: String,
    /// Records.
    pub records: u64,
    /// Bytes.
    pub bytes: u64,
    /// The lowest and the highest key.
    pub keys: (u64, u64),
    /// The first and the last time, Unix milliseconds; of results, which bear none, all time.
    pub span: (i64, i64),
}

impl FactsEntry {
    pub(crate) fn open<F: Fact>(&self, dir: &Path) -> Result<FactFile<F>, RowsError> {
        FactFile::open(&dir.join(&self.name), self.keys)
    }

    /// All records of these files, one file after the other.
    pub(crate) fn all<F: Fact>(entries: &[FactsEntry], dir: &Path) -> Result<Vec<F>, RowsError> {
        let mut all = Vec::new();
        for entry in entries {
            all.extend(entry.open::<F>(dir)?.all()?);
        }
        Ok(all)
    }
}

/// The list of files.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Manifest {
    pub(crate) version: u64,
    /// Entries of the log that are in the files.
    pub entries: u64,
    /// The checksum of the last of them.
    pub(crate) checksum: u32,
    pub(crate) next: u64,
    /// The dictionary.
    pub(crate) dictionary: Option<String>,
    /// Rows.
    pub rows: Vec<RowsEntry>,
    /// Batches.
    pub batches: Vec<FactsEntry>,
    /// Results.
    pub results: Vec<FactsEntry>,
    /// Ranges.
    pub ranges: Vec<FactsEntry>,
    /// Subjects whose rows are erased and may still lie in files, sorted.
    pub erased: Vec<u64>,
    /// Up to which entry of the log they are.
    #[serde(default)]
    pub(crate) erased_until: u64,
    /// Below this entry the log has given its rows up.
    #[serde(default)]
    pub(crate) thinned: u64,
    /// When (Unix milliseconds) the files went up to which entry, as far back as the log keeps its rows, oldest first.
    #[serde(default)]
    pub(crate) taken: Vec<(i64, u64)>,
}

impl Manifest {
    /// The place in the log.
    pub fn place(&self) -> Place {
        Place { entries: self.entries, checksum: self.checksum }
    }

    pub(crate) fn names(&self) -> BTreeSet<&str> {
        let facts = self.batches.iter().chain(&self.results).chain(&self.ranges).map(|file| file.name.as_str());
        let rows = self.rows.iter().map(|file| file.name.as_str());
        rows.chain(facts).chain(self.dictionary.as_deref()).collect()
    }

    /// The paths of all files, the list itself among them; none where there is no list.
    pub fn files(&self, ledger: &Path) -> Vec<PathBuf> {
        let dir = ledger.join(FOLDER);
        let list = Some(dir.join(MANIFEST)).filter(|path| path.exists());
        let mut files: Vec<PathBuf> = self.names().into_iter().map(|name| dir.join(name)).collect();
        files.extend(self.rows.iter().map(|entry| file::sums_of(&dir.join(&entry.name))));
        files.extend(list);
        files
    }

    /// The same; an error where one is not there.
    pub fn files_there(&self, ledger: &Path) -> Result<Vec<PathBuf>, RowsError> {
        let files = self.files(ledger);
        match files.iter().find(|path| !path.exists()) {
            Some(path) => Err(RowsError::Damaged { path: path.clone(), what: "it is missing" }),
            None => Ok(files),
        }
    }

    /// What this list and another say alike. A file of one name may be another there: numbers were given again where an older list was put
    /// back.
    #[must_use]
    pub fn shared(&self, other: &Manifest) -> Manifest {
        fn both<T: PartialEq + Clone>(ours: &[T], theirs: &[T]) -> Vec<T> {
            ours.iter().filter(|file| theirs.contains(file)).cloned().collect()
        }
        Manifest {
            rows: both(&self.rows, &other.rows),
            batches: both(&self.batches, &other.batches),
            results: both(&self.results, &other.results),
            ranges: both(&self.ranges, &other.ranges),
            dictionary: self
                .dictionary
                .clone()
                .filter(|of| self.place() == other.place() && Some(of) == other.dictionary.as_ref()),
            ..Manifest::default()
        }
    }

    pub(crate) fn name(&mut self, kind: &str) -> String {
        self.next += 1;
        format!("{:08}.{kind}", self.next)
    }

    /// The file of the dictionary.
    pub(crate) fn dictionary_name(&self) -> Option<&str> {
        self.dictionary.as_deref()
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        let facts = self.batches.iter().chain(&self.results).chain(&self.ranges).map(|file| file.bytes);
        self.rows.iter().map(|file| file.bytes).chain(facts).fold(0, u64::saturating_add)
    }

    /// Reads the manifest of a ledger's folder; an empty one where there is none.
    pub fn read(ledger: &Path) -> Result<Manifest, RowsError> {
        let path = ledger.join(FOLDER).join(MANIFEST);
        let bytes = match std::fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Manifest { version: VERSION, ..Manifest::default() });
            }
            read => read.map_err(RowsError::io("read", &path))?,
        };
        Manifest::decode(&bytes).map_err(|problem| match problem {
            Problem::Newer(found) => RowsError::NewerFormat { path, found, known: VERSION },
            Problem::Bad => RowsError::Damaged { path, what: "it cannot be read" },
        })
    }

    pub(crate) fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        let crc = crc32c::crc32c(&bytes);
        bytes.extend_from_slice(format!("\n{crc:08x}\n").as_bytes());
        Ok(bytes)
    }

    fn decode(bytes: &[u8]) -> Result<Manifest, Problem> {
        let (json, last) = bytes.split_last_chunk::<10>().ok_or(Problem::Bad)?;
        if format!("\n{:08x}\n", crc32c::crc32c(json)).as_bytes() != last {
            return Err(Problem::Bad);
        }
        let manifest: Manifest = serde_json::from_slice(json).map_err(|_| Problem::Bad)?;
        if manifest.version > VERSION {
            return Err(Problem::Newer(manifest.version));
        }
        // Names come from a file: none may lead out of the folder.
        let is_plain =
            |name: &&str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.') && !name.starts_with('.');
        if manifest.names().iter().all(is_plain) { Ok(manifest) } else { Err(Problem::Bad) }
    }

    /// The list in these bytes; `None` where they are none.
    pub fn of(bytes: &[u8]) -> Option<Manifest> {
        Manifest::decode(bytes).ok()
    }

    pub(crate) fn fuzz(data: &[u8]) {
        let Ok(manifest) = Manifest::decode(data) else { return };
        let bytes = manifest.encode().unwrap_or_default();
        assert!(matches!(Manifest::decode(&bytes), Ok(again) if again == manifest));
        let _ = (manifest.bytes(), manifest.place());
    }

    /// What is read by the list of a ledger's folder and the dictionary that goes with it. Beside a Weir that merges files the list may have
    /// been read a moment too early: then it is read again.
    pub(crate) fn with<T>(
        ledger: &Path,
        read: impl Fn(Manifest, Dictionary) -> Result<T, RowsError>,
    ) -> Result<T, RowsError> {
        let mut tries = 1;
        loop {
            let manifest = Manifest::read(ledger)?;
            match manifest.dictionary(ledger).and_then(|dictionary| read(manifest, dictionary)) {
                Err(error) if error.is_absent() && tries < TRIES => tries += 1,
                done => return done,
            }
        }
    }

    /// The dictionary that goes with it.
    pub fn dictionary(&self, ledger: &Path) -> Result<Dictionary, RowsError> {
        let Some(name) = &self.dictionary else { return Ok(Dictionary::default()) };
        let path = ledger.join(FOLDER).join(name);
        let bytes = std::fs::read(&path).map_err(RowsError::io("read", &path))?;
        Dictionary::decode(&bytes).map_err(|what| RowsError::Damaged { path, what })
    }
}

enum Problem {
    Newer(u64),
    Bad,
}

//! Is a file what was written? By its own checksums, without the log: so that a backup does not put a damaged copy into the place of a good one.

use std::path::Path;

use crate::dictionary::Dictionary;
use crate::error::RowsError;
use crate::facts::{self, BatchFact, RangeFact, ResultFact};
use crate::file::RowsFile;
use crate::manifest::{MANIFEST, Manifest};

/// Reads all of a file of the store and holds it against its checksums. A file of another name is fine. `tick` is called now and then: a
/// file may have many gigabytes.
pub fn check(path: &Path, tick: &mut dyn FnMut()) -> Result<(), RowsError> {
    let damaged = |what| RowsError::Damaged { path: path.to_owned(), what };
    let read = || std::fs::read(path).map_err(RowsError::io("read", path));
    if path.file_name().is_some_and(|name| name == MANIFEST) {
        return Manifest::of(&read()?).map(drop).ok_or_else(|| damaged("it cannot be read"));
    }
    let decoded = match path.extension().and_then(|end| end.to_str()) {
        Some("parquet") => return RowsFile::open(path)?.check(tick),
        Some("sums") => return RowsFile::open(&path.with_extension("parquet")).map(drop),
        Some("batches") => facts::decode::<BatchFact>(&read()?).map(drop),
        Some("results") => facts::decode::<ResultFact>(&read()?).map(drop),
        Some("ranges") => facts::decode::<RangeFact>(&read()?).map(drop),
        Some("dictionary") => Dictionary::decode(&read()?).map(drop),
        _ => Ok(()),
    };
    decoded.map_err(damaged)
}

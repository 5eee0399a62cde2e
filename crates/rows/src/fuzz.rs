//! Readers of bytes from the disk, as functions that must never panic; replayed on stable by the tests and by libFuzzer. Parquet files are
//! read by a library and only where every byte has its checksum, so that what a disk does to them ends here.

use crate::dictionary::Dictionary;
use crate::facts::{self, BatchFact, RangeFact, ResultFact};
use crate::manifest::Manifest;
use crate::sums::Sums;

/// What was read can be written, and is the same when it is read again.
pub fn fuzz_row_files(data: &[u8]) {
    if let Ok(all) = facts::decode::<BatchFact>(data) {
        assert_eq!(facts::decode(&facts::encode(&all)), Ok(all));
    }
    if let Ok(all) = facts::decode::<ResultFact>(data) {
        assert_eq!(facts::decode(&facts::encode(&all)), Ok(all));
    }
    if let Ok(all) = facts::decode::<RangeFact>(data) {
        assert_eq!(facts::decode(&facts::encode(&all)), Ok(all));
    }
    if let Ok(dictionary) = Dictionary::decode(data) {
        assert!(Dictionary::decode(&dictionary.encode()).as_ref() == Ok(&dictionary));
    }
    if let Ok(sums) = Sums::decode(data) {
        assert_eq!(Sums::decode(&sums.encode()), Ok(sums));
    }
    Manifest::fuzz(data);
}

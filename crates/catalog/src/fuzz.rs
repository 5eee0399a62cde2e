//! Entry points for fuzzing; replayed on stable by this crate's tests and by libFuzzer.

use std::sync::OnceLock;

use weir_event::names::ClassOnly;
use weir_event::{Names, Offset};

use crate::catalog::Catalog;
use crate::codec::decode_checked;
use crate::sketch::SketchKey;

/// Any bytes as a catalog, with and without its checksum: never panics, and what is read is written back to the same.
pub fn fuzz_catalog(data: &[u8]) {
    static NAMES: OnceLock<std::sync::Arc<Names>> = OnceLock::new();
    let names = NAMES.get_or_init(|| Names::new(Box::new(ClassOnly)));
    let key = SketchKey::from_bytes([1; 16]);
    // Texts are interned for good, so only short inputs may bring some.
    if data.len() > 4_096 {
        return;
    }
    let _ = Catalog::decode(data, names, key);
    let Ok(mut catalog) = decode_checked(data, names, key) else { return };
    let stored = catalog.encode(names);
    let again = Catalog::decode(&stored, names, key).map(|again| again.encode(names));
    assert_eq!(again, Ok(stored), "a catalog comes back");
    catalog.miss(Offset(u64::MAX));
    let _ = catalog.memory_bytes();
}

//! Entry points for fuzzing; replayed on stable by this crate's tests and by libFuzzer.

use crate::manifest::{Forgotten, Manifest};
use crate::run::{PAGE_BYTES, PAGE_LINKS, read_head, read_page};

/// Any bytes as a manifest, a list of what is to be forgotten, and a run, with and without their checksums: never panics, and what is
/// read of the first two is written back to the same.
pub fn fuzz_identity(data: &[u8]) {
    let _ = (Manifest::decode(data), Forgotten::decode(data));
    if let Ok(manifest) = Manifest::decode_checked(data) {
        assert_eq!(Manifest::decode(&manifest.encode()).as_ref(), Ok(&manifest), "a manifest comes back");
    }
    if let Ok(all) = Forgotten::decode_checked(data) {
        assert_eq!(Forgotten::decode(&Forgotten::encode(&all)).as_ref(), Ok(&all), "the list comes back");
    }
    let mut page = data.get(..data.len().min(PAGE_BYTES - 4)).unwrap_or_default().to_vec();
    page.resize(PAGE_BYTES - 4, 0);
    let sum = crc32c::crc32c(&page);
    page.extend_from_slice(&sum.to_le_bytes());
    let number = data.get(16..24).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes);
    for bytes in [data, &page] {
        let _ = read_head(bytes, number, bytes.len() as u64);
        for expected in [0, 1, PAGE_LINKS as u64] {
            for link in read_page(bytes, expected).into_iter().flatten() {
                let _ = (link.read(), link.first_seen());
            }
        }
    }
}

//! Readers of bytes from the disk, as functions that must never panic; replayed on stable by the tests and by libFuzzer.

use crate::holding::Holding;

/// A holding: what is read can be written and read again, and answered from.
pub fn fuzz_holding(data: &[u8]) {
    let Ok(holding) = Holding::decode(data) else { return };
    assert_eq!(Holding::decode(&holding.encode()).as_ref(), Ok(&holding), "a holding that was read can be written");
    let fields = holding.fields();
    assert!(
        fields.iter().all(|field| field.subjects <= holding.subjects()),
        "no field is of more people than there are"
    );
    let _ = (holding.of(0), holding.subjects_without_profile());
}

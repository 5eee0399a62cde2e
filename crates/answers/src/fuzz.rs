//! Readers of bytes from the disk, as functions that must never panic; replayed on stable by the tests and by libFuzzer.

use weir_event::Millis;

use crate::holding::Holding;
use crate::reconcile::stored::Stored;
use crate::reconcile::zone::Zone;

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

/// What is kept of a comparison with a vendor: what is read can be written again, and adds up to itself.
pub fn fuzz_reconciled(data: &[u8]) {
    let Ok(stored) = Stored::decode(data) else { return };
    assert_eq!(Stored::decode(&stored.encode()).as_ref(), Ok(&stored), "what was read can be written");
    let _ = stored.total();
}

/// The table of a time zone: whatever it says, a day can be told.
pub fn fuzz_zone(data: &[u8]) {
    let Ok(zone) = Zone::read(data) else { return };
    for at in [i64::MIN, -1, 0, 1_795_000_000_000, 4_000_000_000_000, i64::MAX] {
        let _ = zone.day_of(Millis(at));
    }
}

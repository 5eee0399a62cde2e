//! An SDK through Weir to stand-in vendors: what holds whichever SDK it is.

use std::collections::{BTreeMap, BTreeSet};

use crate::drivers::Driven;
use crate::harness::Weir;
use crate::metrics::Metrics;
use crate::standin::Standin;
use crate::standin::fault::Fault;

/// A vendor on a bad day, then well again.
pub fn bad_day() -> Vec<Fault> {
    vec![
        Fault::status(500),
        Fault::status_after(429, 1),
        Fault::CloseBeforeRead,
        Fault::TooLargeAbove(2),
        Fault::CloseAfterStore,
        Fault::status_after(503, 1),
    ]
}

/// The numbers that a vendor holds.
pub fn numbers(standin: &Standin) -> BTreeSet<u64> {
    standin.events().iter().filter_map(|event| event.number()).collect()
}

/// Every number has arrived at each vendor, nothing waits any more, and the sums of D11 hold.
pub fn arrived(weir: &Weir, standins: &[&Standin], driven: &Driven) -> Metrics {
    let sent: BTreeSet<u64> = driven.sent().into_iter().collect();
    for standin in standins {
        // A beacon may still be on its way when the driver has ended.
        weir.wait_until("every number has arrived", || numbers(standin).is_superset(&sent));
    }
    let metrics = weir.settle();
    assert_eq!(metrics.sums_broken(), Vec::<String>::new());
    metrics
}

/// Each number stands at the vendor under one insert id.
pub fn once_each(standin: &Standin, driven: &Driven) {
    let mut ids: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
    for event in standin.events() {
        if let Some(n) = event.number() {
            ids.entry(n).or_default().insert(event.insert_id().expect("every event has one"));
        }
    }
    for n in driven.sent() {
        assert_eq!(ids.get(&n).map(BTreeSet::len), Some(1), "number {n}: {:?}", ids.get(&n));
    }
}

/// The vendor had nothing to refuse and took nothing that it then drops.
pub fn nothing_refused(standin: &Standin) {
    assert_eq!(standin.violations(), [], "the vendor had something to refuse");
    assert_eq!(standin.silently_lost(), 0);
}

/// At Mixpanel nobody has the id that the customer uses.
pub fn no_raw_id(standin: &Standin) {
    for event in standin.events() {
        let id = event.text("distinct_id").unwrap_or_default();
        assert!(!id.is_empty() && !id.starts_with("user-"), "a raw id left: {id}");
    }
}

/// The ledger is whole, and Weir ends in peace.
pub fn end(weir: Weir) {
    let (code, said) = weir.folder().verify_ledger(true);
    assert_eq!(code, Some(0), "{said}");
    let (code, output) = weir.stop();
    assert_eq!(code, Some(0), "{output}");
}

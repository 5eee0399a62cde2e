//! Entry points over arbitrary bytes: replayed on stable by the tests and by libFuzzer. None may panic.

use std::sync::OnceLock;

use weir_event::names::ClassOnly;
use weir_event::{NameId, Names, SourceNames};

use crate::{ConsentSignals, ConsentSpec, Reading, RecordView, Tally, consent, withheld};

/// A journal record as it lies in a group.
pub fn fuzz_record(data: &[u8]) {
    let remap = |stored: u32| NameId(stored % 64);
    if let Ok(view) = RecordView::parse_bytes(data, &remap) {
        let _ = (view.offered().count(), view.tags().count(), view.links().count(), view.findings().count());
        let _ = (view.near_misses().count(), view.withheld().count(), view.leaves().count(), format!("{view:?}"));
        let glance = RecordView::glance_at(data);
        assert_eq!(
            glance,
            Ok((view.received_at(), view.links().next().is_some())),
            "a glance says what reading it says"
        );
    }
}

/// The body of a withheld event as it comes back for a replay.
pub fn fuzz_withheld(data: &[u8]) {
    // One table for all runs: names are never freed, and a table for each run would leak.
    static NAMES: OnceLock<SourceNames> = OnceLock::new();
    let names = NAMES.get_or_init(|| Names::new(Box::new(ClassOnly)).source());
    if let Ok(batch) = withheld::decode(data, names) {
        for draft in &batch.drafts {
            for leaf in batch.tape(draft) {
                let _ = batch.str(leaf.text);
            }
        }
    }
}

/// A tally in a group's note or a segment's header.
pub fn fuzz_tally(data: &[u8]) {
    if let Ok(tally) = Tally::decode(data) {
        let _ = tally.encode();
    }
}

/// A TC string, and every other form of consent in a cookie.
pub fn fuzz_consent(data: &[u8]) {
    static SIGNALS: OnceLock<ConsentSignals> = OnceLock::new();
    let signals = SIGNALS.get_or_init(|| {
        let readings = [Reading::Tcf, Reading::OneTrust, Reading::Cookiebot, Reading::GoogleConsent];
        let cookies = readings.into_iter().map(|reading| ("c".to_owned(), reading)).collect();
        let spec = ConsentSpec { cookies, ..ConsentSpec::default() };
        ConsentSignals::resolve(&spec, &Names::new(Box::new(ClassOnly))).unwrap_or_else(|_| unreachable!("no property"))
    });
    let _ = consent::tcf::read(data);
    let _ = signals.of_request(false, false, [data, &[b"c=", data].concat()].into_iter());
}

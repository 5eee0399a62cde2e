//! A gate in memory: requests of Mixpanel's form through decode and minimise, as records for the catalog.

#[allow(dead_code, reason = "other tests use the rest")]
#[path = "../../../protocol/tests/world/gate.rs"]
mod gate;

use std::path::Path;
use std::sync::Arc;

use weir_catalog::{Catalog, CatalogHandle, SketchKey};
use weir_event::names::NameKind;
use weir_event::wire::Cursor;
use weir_event::{ManualClock, Millis, NameId, Names};
use weir_journal::{Journal, Options, Record};
use weir_keys::Keys;
use weir_policy::{MinimisedBatch, RecordView};

use gate::MemoryGate;

/// 2026-11-22T00:00:00Z.
pub(crate) const START: Millis = Millis(1_795_305_600_000);

/// The gate, and what the catalog needs beside it.
pub(crate) struct World {
    gate: MemoryGate,
    pub(crate) keys: Arc<Keys>,
    pub(crate) names: Arc<Names>,
}

impl World {
    pub(crate) fn new() -> World {
        let gate = MemoryGate::new(START);
        World { keys: Arc::clone(&gate.keys), names: Arc::clone(&gate.names), gate }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.gate.folder.path()
    }

    pub(crate) fn key(&self) -> SketchKey {
        SketchKey::derive(&self.keys.snapshot())
    }

    /// One request of Mixpanel events through the gate.
    pub(crate) fn minimise(&self, source: &str, at: Millis, body: &str) -> MinimisedBatch {
        self.gate.minimise(source, "mixpanel", at, &self.gate.decode("mixpanel", "/track", body))
    }

    /// Adds the records of a batch behind what is there.
    pub(crate) fn add(&self, catalog: &mut Catalog, batch: &MinimisedBatch) {
        World::each(batch, |view| catalog.add(view, catalog.position(), &self.names));
    }

    /// The records of a batch.
    pub(crate) fn each(batch: &MinimisedBatch, mut f: impl FnMut(&RecordView<'_>)) {
        let own = |stored: u32| NameId(stored);
        let mut at = Cursor::new(batch.bytes());
        for _ in 0..batch.events() {
            f(&RecordView::parse_bytes(at.bytes().unwrap(), &own).unwrap());
        }
    }

    pub(crate) fn journal(&self) -> Journal<MinimisedBatch> {
        // What is not in a segment any more is not in a window either.
        let options =
            Options { segment_bytes: 256 * 1024, window_bytes: 64 * 1024, fsync: false, ..Options::default() };
        let clock = Arc::new(ManualClock::at(START));
        let (names, keys) = (Arc::clone(&self.names), Arc::clone(&self.keys));
        Journal::open(&self.folder().join("journal"), keys, names, Box::new(()), options, clock).unwrap().0
    }

    pub(crate) fn start(&self, data: &Path, journal: &Journal<MinimisedBatch>) -> CatalogHandle {
        let clock = ManualClock::at(START);
        CatalogHandle::start(
            data,
            journal.clone(),
            Arc::clone(&self.names),
            self.key(),
            &clock,
            weir_catalog::codec::VERSION,
        )
    }

    pub(crate) fn path(&self, text: &str) -> NameId {
        self.names.restore(NameKind::Path, text).unwrap()
    }

    pub(crate) fn event(&self, text: &str) -> NameId {
        self.names.restore(NameKind::Event, text).unwrap()
    }
}

/// A number as letters: digits in a key would fold.
pub(crate) fn letters(mut n: usize) -> String {
    let mut out = String::new();
    loop {
        out.push(char::from(b'a' + (n % 26) as u8));
        n /= 26;
        if n == 0 {
            return out;
        }
    }
}

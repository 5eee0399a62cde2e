//! A gate in memory: requests of Mixpanel's form through decode and minimise, as records for the catalog.

use std::path::Path;
use std::sync::Arc;

use weir_catalog::{Catalog, CatalogHandle, SketchKey};
use weir_detect::{Engine, Judge};
use weir_event::names::NameKind;
use weir_event::wire::Cursor;
use weir_event::{DraftBatch, Environment, GenerationId, ManualClock, Millis, NameId, Names, Region, SourceId};
use weir_journal::{Journal, Options, Record};
use weir_keys::Keys;
use weir_policy::{Consent, Gate, MinimisedBatch, Minimiser, RecordView, RegionSource, SourcePolicy};
use weir_protocol::body::{self, Limits};
use weir_protocol::{DecodeOptions, Endpoint, RequestHead};

/// 2026-11-22T00:00:00Z.
pub(crate) const START: Millis = Millis(1_795_305_600_000);

/// A gate in memory.
pub(crate) struct World {
    pub(crate) keys: Arc<Keys>,
    pub(crate) names: Arc<Names>,
    source_names: weir_event::SourceNames,
    minimiser: Minimiser,
    pub(crate) folder: tempfile::TempDir,
}

impl World {
    pub(crate) fn new() -> World {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::open(&folder.path().join("keys"), Arc::new(ManualClock::at(START))).unwrap();
        let engine = Arc::new(Engine::new());
        let names = Names::new(Box::new(Judge::new(Arc::clone(&engine))));
        let minimiser = Minimiser::new(engine, Arc::clone(&names));
        World { keys, source_names: names.source(), names, minimiser, folder }
    }

    pub(crate) fn key(&self) -> SketchKey {
        SketchKey::derive(&self.keys.snapshot())
    }

    /// One request of Mixpanel events through the gate.
    pub(crate) fn minimise(&self, source: &str, at: Millis, body: &str) -> MinimisedBatch {
        let protocol = weir_protocol::protocol("mixpanel").unwrap();
        let head = RequestHead { method: "POST", path: "/track", ..RequestHead::default() };
        let mut opened = body::open(&head, body.as_bytes().to_vec(), &Limits::default()).unwrap();
        let mut drafts = DraftBatch::default();
        let options = DecodeOptions::new([], &self.names);
        protocol.decode(Endpoint("track"), &head, &mut opened, &self.source_names, &options, &mut drafts).unwrap();
        let policy = SourcePolicy {
            id: SourceId::parse(source).unwrap(),
            label: self.names.label(source),
            environment: Environment::Production,
            identity_space: "default".into(),
            protocol: 1,
            keeps_raw: false,
            tap: false,
        };
        let keys = self.keys.snapshot();
        let gate = Gate {
            source: &policy,
            received_at: at,
            region: Region::UNKNOWN,
            region_source: RegionSource::Unknown,
            generation: GenerationId([9; 8]),
            consent: Consent::UNKNOWN,
            keys: &keys,
            offered: &[],
            raw_day: 0,
            replay_of: None,
        };
        let mut batch = MinimisedBatch::new(at);
        for draft in &drafts.drafts {
            let id = self.minimiser.event_id(&gate, &drafts, draft);
            assert!(self.minimiser.minimise(&gate, &drafts, draft, id, &mut batch).is_ok());
        }
        batch
    }

    /// Adds the records of a batch behind what is there.
    pub(crate) fn add(&self, catalog: &mut Catalog, batch: &MinimisedBatch) {
        let own = |stored: u32| NameId(stored);
        let mut at = Cursor::new(batch.bytes());
        for _ in 0..batch.events() {
            let view = RecordView::parse_bytes(at.bytes().unwrap(), &own).unwrap();
            catalog.add(&view, catalog.position(), &self.names);
        }
    }

    pub(crate) fn journal(&self) -> Journal<MinimisedBatch> {
        // What is not in a segment any more is not in a window either.
        let options =
            Options { segment_bytes: 256 * 1024, window_bytes: 64 * 1024, fsync: false, ..Options::default() };
        let clock = Arc::new(ManualClock::at(START));
        let (names, keys) = (Arc::clone(&self.names), Arc::clone(&self.keys));
        Journal::open(&self.folder.path().join("journal"), keys, names, Box::new(()), options, clock).unwrap().0
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

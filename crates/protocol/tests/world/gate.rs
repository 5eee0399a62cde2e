//! A gate in memory: a request of an SDK through decode and minimise, as records. Real keys, real detectors. Tests of other crates
//! use it, too.

use std::sync::Arc;

use weir_detect::{Engine, Judge};
use weir_event::{
    DestinationId, DraftBatch, Environment, GenerationId, ManualClock, Millis, Names, Region, SourceId, SourceNames,
};
use weir_keys::Keys;
use weir_policy::{Consent, Gate, MinimisedBatch, Minimiser, RegionSource, SourcePolicy};
use weir_protocol::body::Limits;
use weir_protocol::{Call, DecodeOptions, RequestHead, protocol};

pub(crate) struct MemoryGate {
    pub(crate) keys: Arc<Keys>,
    pub(crate) names: Arc<Names>,
    /// Where everybody is seen.
    pub(crate) region: Region,
    /// Whether ids are kept as the product knows them.
    pub(crate) keeps_raw: bool,
    /// The keys are in a folder of it.
    pub(crate) folder: tempfile::TempDir,
    source_names: SourceNames,
    minimiser: Minimiser,
}

impl MemoryGate {
    /// With keys of this day.
    pub(crate) fn new(day: Millis) -> MemoryGate {
        let folder = tempfile::tempdir().expect("a folder");
        let keys = Keys::open(&folder.path().join("keys"), Arc::new(ManualClock::at(day))).expect("keys");
        keys.ensure_raw_day(raw_day(day)).expect("a key");
        keys.ensure_destination(&DestinationId::parse("product").expect("an id")).expect("keys");
        let engine = Arc::new(Engine::new());
        let names = Names::new(Box::new(Judge::new(Arc::clone(&engine))));
        let minimiser = Minimiser::new(engine, Arc::clone(&names));
        let source_names = names.source();
        MemoryGate { keys, names, region: Region::UNKNOWN, keeps_raw: false, folder, source_names, minimiser }
    }

    /// What a request to a path of this vendor says.
    pub(crate) fn decode(&self, vendor: &str, path: &str, body: &str) -> DraftBatch {
        let head = RequestHead { method: "POST", path, ..RequestHead::default() };
        self.decode_request(vendor, &head, body.as_bytes().to_vec())
    }

    pub(crate) fn decode_request(&self, vendor: &str, head: &RequestHead<'_>, body: Vec<u8>) -> DraftBatch {
        let protocol = protocol(vendor).expect("it is in the list");
        let Call::Ingest(endpoint) = protocol.classify("POST", head.path) else { panic!("{} takes events", head.path) };
        let options = DecodeOptions::new(["company"], &self.names);
        let mut opened = protocol.open(endpoint, head, body, &Limits::default()).expect("it opens");
        let mut batch = DraftBatch::default();
        protocol.decode(endpoint, head, &mut opened, &self.source_names, &options, &mut batch).expect("it decodes");
        batch
    }

    /// What is kept of it, by a source of this vendor's, for a destination named `product`.
    pub(crate) fn minimise(&self, source: &str, vendor: &str, at: Millis, batch: &DraftBatch) -> MinimisedBatch {
        let policy = SourcePolicy {
            id: SourceId::parse(source).expect("an id"),
            label: self.names.label(source),
            environment: Environment::Production,
            identity_space: "default".into(),
            protocol: protocol(vendor).expect("it is in the list").number(),
            keeps_raw: self.keeps_raw,
            tap: false,
            slices: weir_policy::Slices::default(),
        };
        let (keys, offered) = (self.keys.snapshot(), [self.names.label("product")]);
        let gate = Gate {
            source: &policy,
            received_at: at,
            region: self.region,
            region_source: RegionSource::ClientAddress,
            generation: GenerationId([9; 8]),
            consent: Consent::UNKNOWN,
            keys: &keys,
            offered: &offered,
            raw_day: raw_day(at),
            replay_of: None,
        };
        let mut out = MinimisedBatch::new(at);
        for draft in &batch.drafts {
            assert_eq!(draft.fault, None);
            let id = self.minimiser.event_id(&gate, batch, draft);
            assert!(self.minimiser.minimise(&gate, batch, draft, id, &mut out).is_ok(), "it is minimised");
        }
        out
    }
}

fn raw_day(at: Millis) -> u32 {
    u32::try_from(at.0 / Millis::DAY).expect("a day of our time")
}

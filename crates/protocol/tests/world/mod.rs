//! A request of an SDK through decode, minimise and release to what a vendor gets. Real keys, real detectors, real policy.

use std::sync::Arc;

use serde_json::Value;
use weir_detect::{Engine, Judge};
use weir_event::wire::Cursor;
use weir_event::{
    DestinationId, DraftBatch, Environment, GenerationId, ManualClock, Millis, NameId, Names, Region, Rule, SourceId,
};
use weir_journal::Record;
use weir_keys::Keys;
use weir_policy::{
    Consent, Gate, MinimisedBatch, Minimiser, RecordView, RegionSource, ReleasePolicy, ReleaseSpec, Released, Releaser,
    RuleSpec, SourcePolicy, SubjectMode,
};
use weir_protocol::body::{self, Limits};
use weir_protocol::{Call, DecodeOptions, DestinationSetup, Encoded, Encoder, RequestHead, encoder, protocol};

/// 2026-11-21T23:19:38.843Z.
pub(crate) const NOW: Millis = Millis(1_795_303_178_843);

/// A token that every type of destination takes.
pub(crate) const TOKEN: &str = "whsec_vendorkeyvendorkeyvendorkeyvendo";

/// Everything between two vendors.
pub(crate) struct World {
    keys: Arc<Keys>,
    pub(crate) names: Arc<Names>,
    engine: Arc<Engine>,
    is_raw: bool,
    allow: Vec<String>,
    presets: Vec<String>,
    region: Region,
    to: &'static str,
    _folder: tempfile::TempDir,
}

impl World {
    /// A destination of this type that is allowed these paths.
    pub(crate) fn new(to: &'static str, allow: &[&str]) -> World {
        let folder = tempfile::tempdir().expect("a folder");
        let keys = Keys::open(&folder.path().join("keys"), Arc::new(ManualClock::at(NOW))).expect("keys");
        let engine = Arc::new(Engine::new());
        let names = Names::new(Box::new(Judge::new(Arc::clone(&engine))));
        keys.ensure_raw_day((NOW.0 / Millis::DAY) as u32).expect("a key");
        keys.ensure_destination(&DestinationId::parse("product").expect("an id")).expect("keys");
        let allow = allow.iter().map(|path| (*path).to_owned()).collect();
        World {
            keys,
            names,
            engine,
            is_raw: false,
            allow,
            presets: Vec::new(),
            region: Region::UNKNOWN,
            to,
            _folder: folder,
        }
    }

    /// The same, with the ids as the product knows them.
    pub(crate) fn raw(to: &'static str, allow: &[&str]) -> World {
        World { is_raw: true, ..World::new(to, allow) }
    }

    /// The same, with these presets.
    pub(crate) fn with_presets(self, presets: &[&str]) -> World {
        World { presets: presets.iter().map(|preset| (*preset).to_owned()).collect(), ..self }
    }

    /// The same, seen in this country.
    pub(crate) fn in_country(self, code: &str) -> World {
        World { region: Region::parse(code).expect("a country"), ..self }
    }

    /// Takes a request in and hands what may leave of it to `f`; what is dropped by a rule is missing there.
    pub(crate) fn released<T>(
        &self,
        from: &str,
        path: &str,
        request: &Value,
        f: impl FnOnce(&[Released<'_>]) -> T,
    ) -> T {
        self.fates(from, path, request, |fates| f(&fates.into_iter().flatten().collect::<Vec<_>>()))
    }

    /// The same with the rules by which the others are dropped.
    pub(crate) fn fates<T>(
        &self,
        from: &str,
        path: &str,
        request: &Value,
        f: impl FnOnce(Vec<Result<Released<'_>, Rule>>) -> T,
    ) -> T {
        let protocol = protocol(from).expect("it is in the list");
        let source_names = self.names.source();
        let options = DecodeOptions::new(["company"], &self.names);
        let head = RequestHead { method: "POST", path, ..RequestHead::default() };
        let mut opened = body::open(&head, request.to_string().into_bytes(), &Limits::default()).expect("it opens");
        let Call::Ingest(endpoint) = protocol.classify("POST", path) else { panic!("{path} takes events") };
        let mut batch = DraftBatch::default();
        protocol.decode(endpoint, &head, &mut opened, &source_names, &options, &mut batch).expect("it decodes");
        let source = SourcePolicy {
            id: SourceId::parse("web").expect("an id"),
            label: self.names.label("web"),
            environment: Environment::Production,
            identity_space: "default".into(),
            protocol: protocol.number(),
            keeps_raw: self.is_raw,
            tap: false,
        };
        let snapshot = self.keys.snapshot();
        let offered = [self.names.label("product")];
        let gate = Gate {
            source: &source,
            received_at: NOW,
            region: self.region,
            region_source: RegionSource::ClientAddress,
            generation: GenerationId([9; 8]),
            consent: Consent::UNKNOWN,
            keys: &snapshot,
            offered: &offered,
            raw_day: (NOW.0 / Millis::DAY) as u32,
            replay_of: None,
        };
        let minimiser = Minimiser::new(Arc::clone(&self.engine), Arc::clone(&self.names));
        let mut out = MinimisedBatch::new(NOW);
        for draft in &batch.drafts {
            assert_eq!(draft.fault, None);
            let id = minimiser.event_id(&gate, &batch, draft);
            minimiser.minimise(&gate, &batch, draft, id, &mut out).unwrap_or_else(|_| panic!("it is minimised"));
        }
        let subject = if self.is_raw { SubjectMode::Raw { confirm_category: None } } else { SubjectMode::Stable };
        let spec = ReleaseSpec {
            destination: DestinationId::parse("product").expect("an id"),
            subject,
            allow: self.allow.clone(),
            rules: self.presets.iter().map(|p| RuleSpec { preset: Some(p.clone()), ..RuleSpec::default() }).collect(),
            links: true,
            routing: weir_policy::Routing::default(),
        };
        let policy = ReleasePolicy::resolve(&spec, &self.names).expect("a policy");
        let mut releaser = Releaser::new(Arc::new(policy), self.keys.snapshot(), Arc::clone(&self.names));
        let remap = |number: u32| NameId(number);
        let mut records = Cursor::new(out.bytes());
        let mut released = Vec::new();
        while !records.is_done() {
            let view = RecordView::parse_bytes(records.bytes().expect("a record"), &remap).expect("it reads");
            released.push(releaser.release(&view));
        }
        f(released)
    }

    pub(crate) fn setup(&self, token: &str) -> DestinationSetup {
        let mut setup = DestinationSetup::new(token, &self.names);
        setup.settings.ga4.measurement_id = Some("G-TEST".to_owned());
        setup
    }

    pub(crate) fn encoder(&self) -> Box<dyn Encoder> {
        encoder(self.to, self.setup(TOKEN)).expect("a setup")
    }

    /// The requests that the vendor gets, one for each lane, with all that the lane takes.
    pub(crate) fn encoded(&self, from: &str, path: &str, request: &Value) -> Vec<Encoded> {
        self.released(from, path, request, |events| {
            let mut encoder = self.encoder();
            let mut out = Vec::new();
            for lane in encoder.lanes() {
                let mut building = weir_protocol::outbound::Building::new(*lane);
                for event in events.iter().filter(|event| encoder.lane_of(event, NOW) == Ok(*lane)).collect::<Vec<_>>()
                {
                    assert!(encoder.push(&mut building, event), "one request has room for a test");
                }
                if building.count() > 0 {
                    out.push(encoder.finish(building));
                }
            }
            out
        })
    }

    /// Where each event would go, or why nowhere.
    pub(crate) fn lanes(&self, from: &str, path: &str, request: &Value) -> Vec<Result<&'static str, Rule>> {
        self.released(from, path, request, |events| {
            let mut encoder = self.encoder();
            events.iter().map(|event| encoder.lane_of(event, NOW).map(|lane| lane.name)).collect()
        })
    }
}

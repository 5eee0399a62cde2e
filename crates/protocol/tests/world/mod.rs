//! A request of an SDK through decode, minimise and release to what a vendor gets. Real keys, real detectors, real policy.

pub(crate) mod gate;

use std::sync::Arc;

use serde_json::Value;
use weir_event::wire::Cursor;
use weir_event::{DestinationId, DraftBatch, Millis, NameId, Region, Rule};
use weir_journal::Record;
use weir_policy::{RecordView, ReleasePolicy, ReleaseSpec, Released, Releaser, RuleSpec, SubjectMode};
use weir_protocol::{DestinationSetup, Encoded, Encoder, encoder};

use gate::MemoryGate;

/// 2026-11-21T23:19:38.843Z.
pub(crate) const NOW: Millis = Millis(1_795_303_178_843);

/// A token that every type of destination takes.
pub(crate) const TOKEN: &str = "whsec_vendorkeyvendorkeyvendorkeyvendo";

/// Everything between two vendors.
pub(crate) struct World {
    pub(crate) gate: MemoryGate,
    allow: Vec<String>,
    presets: Vec<String>,
    to: &'static str,
}

impl World {
    /// A destination of this type that is allowed these paths.
    pub(crate) fn new(to: &'static str, allow: &[&str]) -> World {
        let allow = allow.iter().map(|path| (*path).to_owned()).collect();
        World { gate: MemoryGate::new(NOW), allow, presets: Vec::new(), to }
    }

    /// The same, with the ids as the product knows them.
    pub(crate) fn raw(to: &'static str, allow: &[&str]) -> World {
        let mut world = World::new(to, allow);
        world.gate.keeps_raw = true;
        world
    }

    /// The same, with these presets.
    pub(crate) fn with_presets(self, presets: &[&str]) -> World {
        World { presets: presets.iter().map(|preset| (*preset).to_owned()).collect(), ..self }
    }

    /// The same, seen in this country.
    pub(crate) fn in_country(mut self, code: &str) -> World {
        self.gate.region = Region::parse(code).expect("a country");
        self
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
        self.fates_of(from, &self.decode(from, path, request), f)
    }

    /// What a request says.
    pub(crate) fn decode(&self, from: &str, path: &str, request: &Value) -> DraftBatch {
        self.gate.decode(from, path, &request.to_string())
    }

    /// What becomes of each event that was decoded.
    pub(crate) fn fates_of<T>(
        &self,
        from: &str,
        batch: &DraftBatch,
        f: impl FnOnce(Vec<Result<Released<'_>, Rule>>) -> T,
    ) -> T {
        let out = self.gate.minimise("web", from, NOW, batch);
        let subject =
            if self.gate.keeps_raw { SubjectMode::Raw { confirm_category: None } } else { SubjectMode::Stable };
        let spec = ReleaseSpec {
            destination: DestinationId::parse("product").expect("an id"),
            subject,
            allow: self.allow.clone(),
            rules: self.presets.iter().map(|p| RuleSpec { preset: Some(p.clone()), ..RuleSpec::default() }).collect(),
            links: true,
            routing: weir_policy::Routing::default(),
        };
        let policy = ReleasePolicy::resolve(&spec, &self.gate.names).expect("a policy");
        let mut releaser = Releaser::new(Arc::new(policy), self.gate.keys.snapshot(), Arc::clone(&self.gate.names));
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
        let mut setup = DestinationSetup::new(token, &self.gate.names);
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

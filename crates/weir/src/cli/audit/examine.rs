//! What becomes of events under the default policy, asked of the code that decides it in the gateway: the vendor's decoder makes drafts of
//! them, minimise makes records of the drafts, release says what a destination without a rule would have of the records. Keys are at
//! random and kept nowhere; nothing is stored, nothing is sent. What many values of a property say of cards and versions comes back to the
//! detectors while the files are read, as in the gateway.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use weir_catalog::{Catalog, SketchKey};
use weir_detect::{Engine, Judge, OwnDetectors, PathFacts};
use weir_event::draft::{Draft, Identity, Leaf, Operation};
use weir_event::names::NameKind;
use weir_event::wire::Cursor;
use weir_event::{
    Category, DestinationId, DraftBatch, Environment, Evidence, Finding, GenerationId, LeafKind, Likelihood, Millis,
    NameId, Names, Offset, Region, Rule, SourceId, SourceNames, SubjectKind,
};
use weir_journal::Record;
use weir_keys::KeySnapshot;
use weir_policy::{
    Action, Consent, Detectors, Gate, Learned, MinimisedBatch, Minimiser, RecordView, RegionSource, ReleasePolicy,
    ReleaseSpec, Releaser, Routing, SourcePolicy, SubjectMode,
};
use weir_protocol::body::Opened;
use weir_protocol::inbound::{DecodeError, DecodeOptions, Decoded, Endpoint, Protocol, RequestHead};

use super::collect::{Collecting, Of};
use super::inventory::{Event, Inventory, Room};

/// Looks at events, vendor by vendor, in one inventory.
pub(super) struct Examiner {
    engine: Engine,
    names: Arc<Names>,
    minimiser: Minimiser,
    releaser: Releaser,
    detectors: Arc<Detectors>,
    learned: Arc<Learned>,
    catalog: Catalog,
    keys: Arc<KeySnapshot>,
    offered: [NameId; 1],
    ids: [NameId; 5],
    now: Millis,
    lanes: BTreeMap<&'static str, Lane>,
    batch: DraftBatch,
    found: Vec<Finding>,
    facts: HashMap<NameId, PathFacts, FixedState>,
    pub(super) inventory: Inventory,
    /// Whose ids are tagged, and where the events go besides; `weir audit` itself has neither.
    pub(super) collecting: Option<Collecting>,
}

/// One vendor's events are one source's.
struct Lane {
    names: SourceNames,
    options: DecodeOptions,
    source: SourcePolicy,
}

/// Why there is no examiner: a defect of ours, since nothing of it depends on the input.
#[derive(Debug, thiserror::Error)]
#[error("the default policy cannot be made: {0}")]
pub(super) struct NoPolicy(String);

impl Examiner {
    pub(super) fn new(now: Millis) -> Result<Examiner, NoPolicy> {
        Examiner::with(now, None)
    }

    /// The same with the gateway's own keys, so that ids get the tags that they get in the gateway (D6).
    pub(super) fn with(now: Millis, collecting: Option<Collecting>) -> Result<Examiner, NoPolicy> {
        let wrong = |error: &dyn std::fmt::Display| NoPolicy(error.to_string());
        let engine = Engine::new();
        let names = Names::new(Box::new(Judge::new(Arc::new(engine))));
        let destination = DestinationId::parse("default").map_err(|e| wrong(&e))?;
        let spec = ReleaseSpec {
            destination: destination.clone(),
            subject: SubjectMode::Stable,
            allow: Vec::new(),
            rules: Vec::new(),
            links: false,
            routing: Routing::default(),
        };
        let policy = ReleasePolicy::resolve(&spec, &names)
            .map_err(|errors| NoPolicy(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))?;
        let keys = Arc::new(match &collecting {
            Some(of) => of.keys.rehearsal(&destination, []),
            None => KeySnapshot::throw_away(&destination),
        });
        let mut releaser = Releaser::new(Arc::new(policy), Arc::clone(&keys), Arc::clone(&names));
        releaser.set_time(now);
        let learned = Arc::new(Learned::default());
        let path = |kind: &str| names.restore(NameKind::Path, &format!("context.identity.{kind}"));
        let ids = ["user", "device", "group", "email", "phone"].map(|kind| path(kind).unwrap_or(NameId::UNNAMED));
        Ok(Examiner {
            engine,
            minimiser: Minimiser::new(Arc::new(engine), Arc::clone(&names)),
            offered: [names.label("default")],
            ids,
            names,
            releaser,
            detectors: Arc::new(Detectors::new(Arc::clone(&learned), OwnDetectors::default(), [])),
            learned,
            catalog: Catalog::new(SketchKey::derive(&keys), Offset(0), now),
            keys,
            now,
            lanes: BTreeMap::new(),
            batch: DraftBatch::default(),
            found: Vec::new(),
            facts: HashMap::default(),
            inventory: Inventory::default(),
            collecting,
        })
    }

    /// The names that the inventory's ids stand for.
    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    /// Decodes a body as the gateway would, in the name of a vendor, and looks at its events. Where it does not decode, nothing was counted.
    pub(super) fn body(
        &mut self,
        vendor: &'static str,
        protocol: &'static dyn Protocol,
        endpoint: Endpoint,
        head: &RequestHead<'_>,
        mut opened: Opened,
        file: usize,
    ) -> Result<Decoded, DecodeError> {
        if !self.lanes.contains_key(vendor)
            && let Some(lane) = Lane::new(protocol, &self.names, self.collecting.as_ref())
        {
            self.lanes.insert(vendor, lane);
        }
        let Some(lane) = self.lanes.get(vendor) else { return Err(DecodeError::NotEvents) };
        let mut batch = std::mem::take(&mut self.batch);
        let decoded = protocol.decode(endpoint, head, &mut opened, &lane.names, &lane.options, &mut batch);
        if decoded.is_ok() {
            // What an event says of the person beside itself is decoded as a change of the profile, which follows it.
            let mut has_event = false;
            for draft in &batch.drafts {
                let is_profile = matches!(draft.operation, Operation::Profile(_) | Operation::Group(_));
                self.draft(vendor, &batch, draft, file, has_event && is_profile);
                has_event |= !is_profile;
            }
        }
        batch.clear();
        self.batch = batch;
        decoded
    }

    fn draft(&mut self, vendor: &'static str, batch: &DraftBatch, draft: &Draft, file: usize, is_part: bool) {
        let Some(lane) = self.lanes.get(vendor) else { return };
        let gate = Gate {
            source: &lane.source,
            received_at: self.now,
            region: Region::UNKNOWN,
            region_source: RegionSource::Unknown,
            generation: GenerationId([0; 8]),
            consent: Consent::UNKNOWN,
            keys: &self.keys,
            offered: &self.offered,
            raw_day: 0,
            replay_of: None,
        };
        let mut minimised = MinimisedBatch::new(self.now);
        minimised.detect_with(self.detectors.pin());
        let id = self.keys.random_event_id();
        let outcome =
            catch_unwind(AssertUnwindSafe(|| self.minimiser.minimise(&gate, batch, draft, id, &mut minimised)));
        // The record was never on disk: its ids are this process's own.
        let own = |stored: u32| NameId(stored);
        let mut at = Cursor::new(minimised.bytes());
        let view = match outcome {
            Ok(Ok(())) => at.bytes().ok().and_then(|record| RecordView::parse_bytes(record, &own).ok()),
            _ => None,
        };
        if let Some(view) = &view {
            learn(&mut self.catalog, view, &self.names, &self.learned);
        }
        let time = draft.client_time.and_then(|_| view.as_ref().map(RecordView::event_time));
        let (event, mut room) = self.inventory.event(vendor, draft.name, time);
        let mut hand =
            Hand { engine: &self.engine, names: &self.names, found: &mut self.found, facts: &mut self.facts, file };
        match (&view, outcome) {
            (Some(view), _) => {
                policy(event, view, &mut self.releaser, &mut room, file);
                hand.tape(event, &mut room, batch, draft, false);
            }
            (None, outcome) => {
                let rule = match outcome {
                    Ok(Err(withheld)) => withheld.reason(),
                    _ => Rule::StageFailed,
                };
                *event.withheld.entry(rule.name()).or_default() += 1;
                hand.tape(event, &mut room, batch, draft, true);
            }
        }
        let is_withheld = view.is_none();
        for identity in &draft.identities {
            hand.identity(event, &mut room, batch, identity, &self.ids, is_withheld);
        }
        self.inventory.unnamed += u64::from(draft.unnamed);
        if let Some(collecting) = &mut self.collecting {
            let of = Of { name: draft.name, at: time, is_part };
            collecting.event(vendor, &of, view.as_ref(), &self.inventory.notes, &self.names);
        }
    }
}

impl Lane {
    fn new(protocol: &'static dyn Protocol, names: &Arc<Names>, collecting: Option<&Collecting>) -> Option<Lane> {
        let id = SourceId::parse(protocol.name()).ok()?;
        Some(Lane {
            names: names.source(),
            options: DecodeOptions::new([], names),
            source: SourcePolicy {
                label: names.label(id.as_str()),
                id,
                environment: collecting.map_or(Environment::Production, |of| of.environment),
                identity_space: collecting.map_or("default", |of| &of.space).into(),
                protocol: protocol.number(),
                keeps_raw: false,
                tap: false,
                slices: weir_policy::Slices::default(),
            },
        })
    }
}

/// Adds an event to what is known of its paths; now and then, oftener at the beginning, what follows from that holds for what comes next.
fn learn(catalog: &mut Catalog, view: &RecordView<'_>, names: &Names, learned: &Learned) {
    const FIRST: u64 = 64;
    const EVERY: u64 = 1_024;
    let number = catalog.position().0 + 1;
    catalog.add(view, Offset(number - 1), names);
    if number.is_multiple_of(EVERY) || ((FIRST..EVERY).contains(&number) && number.is_power_of_two()) {
        learned.set(Arc::new(catalog.lift(names)));
    }
}

/// What minimise and release did with an event.
fn policy(event: &mut Event, view: &RecordView<'_>, releaser: &mut Releaser, room: &mut Room<'_>, file: usize) {
    let number = room.number();
    for finding in view.findings() {
        if let Some(property) = event.property(finding.path, file, room) {
            property.found(finding.category).count(finding.likelihood, number);
            room.note(finding.path, finding.category, finding.likelihood);
        }
    }
    // The sharpest action of each path, once for the event.
    let mut actions: BTreeMap<NameId, Action> = BTreeMap::new();
    for leaf in view.leaves().filter_map(Result::ok).filter(|leaf| leaf.kind.is_scalar()) {
        actions.entry(leaf.path).or_insert(Action::Keep);
    }
    for finding in view.findings().filter(|finding| finding.action != Action::Keep) {
        actions.insert(finding.path, finding.action);
    }
    for (path, _) in view.withheld() {
        actions.insert(path, Action::Drop);
    }
    for (path, action) in actions {
        if let Some(property) = event.property(path, file, room) {
            *property.gate.entry(action.name()).or_default() += 1;
        }
    }
    match releaser.release(view) {
        Err(rule) => *event.dropped.entry(rule.name()).or_default() += 1,
        Ok(released) => {
            if let Some(set) = releaser.field_set(released.row().field_set) {
                for (path, _, action) in set.left() {
                    if let Some(property) = event.property(*path, file, room) {
                        *property.leaves.entry(action.name()).or_default() += 1;
                    }
                }
                for (path, rule) in set.withheld() {
                    if let Some(property) = event.property(*path, file, room) {
                        *property.stays.entry(rule.name()).or_default() += 1;
                    }
                }
            }
            releaser.take_back(released);
        }
    }
}

/// What looks at the values themselves: what sort they are, of which shape, and why something was found.
struct Hand<'a> {
    engine: &'a Engine,
    names: &'a Names,
    found: &'a mut Vec<Finding>,
    /// What each path's name says.
    facts: &'a mut HashMap<NameId, PathFacts, FixedState>,
    file: usize,
}

impl Hand<'_> {
    /// `is_counted`: where there is no record, what is found here is what counts.
    fn tape(&mut self, event: &mut Event, room: &mut Room<'_>, batch: &DraftBatch, draft: &Draft, is_counted: bool) {
        for leaf in batch.tape(draft) {
            if leaf.kind.is_scalar() || leaf.kind == LeafKind::MapKey {
                self.leaf(event, room, batch, leaf, is_counted);
            }
        }
    }

    fn leaf(&mut self, event: &mut Event, room: &mut Room<'_>, batch: &DraftBatch, leaf: &Leaf, is_counted: bool) {
        let Some(property) = event.property(leaf.path, self.file, room) else { return };
        let text = batch.bytes(leaf.text);
        property.value(leaf.kind, text);
        if !leaf.kind.has_text() {
            return;
        }
        let facts = *self.facts.entry(leaf.path).or_insert_with(|| match leaf.path {
            NameId::UNNAMED => PathFacts::NONE,
            path => self.engine.path_facts(self.names.entry(path)),
        });
        self.found.clear();
        self.engine.scan(facts, leaf.kind, text, self.found);
        for finding in self.found.iter().filter(|f| f.likelihood >= Likelihood::Possible) {
            let found = property.found(finding.category);
            found.note(finding.evidence, finding.detector, text);
            // A value below an unclean key is in no record.
            if is_counted || leaf.path == NameId::UNNAMED {
                found.count(finding.likelihood, room.number());
                room.note(leaf.path, finding.category, finding.likelihood);
            }
        }
    }

    /// An id is no property, and the one thing that every vendor has of everybody.
    fn identity(
        &mut self,
        event: &mut Event,
        room: &mut Room<'_>,
        batch: &DraftBatch,
        identity: &Identity,
        ids: &[NameId; 5],
        is_withheld: bool,
    ) {
        let (path, category) = match identity.kind {
            SubjectKind::User => (ids[0], Category::UniqueId),
            // At random, and the same one for as long as the app is there.
            SubjectKind::Device => (ids[1], Category::PseudonymousId),
            SubjectKind::Group(_) => (ids[2], Category::Organization),
            SubjectKind::Email => (ids[3], Category::ContactEmail),
            SubjectKind::Phone => (ids[4], Category::ContactPhone),
        };
        let text = batch.bytes(identity.text);
        if text.is_empty() {
            return;
        }
        let number = room.number();
        let Some(property) = event.property(path, self.file, room) else { return };
        property.value(LeafKind::String, text);
        let found = property.found(category);
        found.note(Evidence::KeyName, "identity", text);
        found.count(Likelihood::VeryLikely, number);
        room.note(path, category, Likelihood::VeryLikely);
        self.found.clear();
        self.engine.scan(PathFacts::NONE, LeafKind::String, text, self.found);
        for finding in self.found.iter().filter(|f| f.likelihood >= Likelihood::Possible) {
            let found = property.found(finding.category);
            found.note(finding.evidence, finding.detector, text);
            found.count(finding.likelihood, number);
            room.note(path, finding.category, finding.likelihood);
        }
        if is_withheld {
            *property.gate.entry("withhold").or_default() += 1;
        }
    }
}

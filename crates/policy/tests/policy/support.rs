//! A gateway's worth of policy in memory: keys in a folder of its own, a source, and drafts written as values.

use std::sync::Arc;

use weir_detect::{Engine, Judge};
use weir_event::draft::Leaf;
use weir_event::wire::Cursor;
use weir_event::{
    DestinationId, Draft, DraftBatch, Environment, GenerationId, Identity, LeafKind, ManualClock, Millis, NameId,
    Names, Operation, Region, Role, SourceId, SourceNames, SubjectKind, Text,
};
use weir_journal::Record;
use weir_keys::{KeySnapshot, Keys};
use weir_policy::{
    Consent, Gate, MinimisedBatch, Minimiser, RecordView, RegionSource, ReleasePolicy, ReleaseSpec, Releaser, Routing,
    RuleSpec, SourcePolicy, SubjectMode, Withheld,
};

/// 2026-11-21T23:19:38.843Z.
pub(crate) const NOW: Millis = Millis(1_795_303_178_843);
pub(crate) const WEEK: i64 = 7 * Millis::DAY;

#[derive(Clone, Debug)]
pub(crate) enum Value {
    Null,
    True,
    Number(String),
    Text(String),
    Array(Vec<Value>),
    Object(Vec<(String, Value)>),
}

pub(crate) fn text(value: impl Into<String>) -> Value {
    Value::Text(value.into())
}

pub(crate) fn number(value: impl ToString) -> Value {
    Value::Number(value.to_string())
}

pub(crate) fn object<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Object(entries.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
}

pub(crate) struct World {
    pub(crate) keys: Arc<Keys>,
    pub(crate) names: Arc<Names>,
    pub(crate) source_names: SourceNames,
    pub(crate) minimiser: Minimiser,
    pub(crate) policy: SourcePolicy,
    pub(crate) offered: Vec<NameId>,
    /// The country of what is minimised from now on.
    pub(crate) region: Region,
    _folder: tempfile::TempDir,
}

pub(crate) fn raw_day(now: Millis) -> u32 {
    (now.0 / Millis::DAY) as u32
}

impl World {
    pub(crate) fn new() -> World {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::open(&folder.path().join("keys"), Arc::new(ManualClock::at(NOW))).unwrap();
        let engine = Arc::new(Engine::new());
        let names = Names::new(Box::new(Judge::new(Arc::clone(&engine))));
        let policy = SourcePolicy {
            id: SourceId::parse("web").unwrap(),
            label: names.label("web"),
            environment: Environment::Production,
            identity_space: "default".into(),
            protocol: 1,
            keeps_raw: false,
            tap: false,
            slices: weir_policy::Slices::default(),
        };
        let source_names = names.source();
        let minimiser = Minimiser::new(engine, Arc::clone(&names));
        let offered = vec![names.label("product")];
        let region = Region::parse("DE").unwrap();
        World { keys, names, source_names, minimiser, policy, offered, region, _folder: folder }
    }

    pub(crate) fn with_raw(mut self) -> World {
        self.policy.keeps_raw = true;
        self.keys.ensure_raw_day(raw_day(NOW)).unwrap();
        self
    }

    pub(crate) fn path(&self, text: &str) -> NameId {
        self.names.restore(weir_event::names::NameKind::Path, text).unwrap()
    }

    pub(crate) fn gate<'a>(&'a self, keys: &'a KeySnapshot) -> Gate<'a> {
        Gate {
            source: &self.policy,
            received_at: NOW,
            region: self.region,
            region_source: RegionSource::ClientAddress,
            generation: GenerationId([9; 8]),
            consent: Consent::UNKNOWN,
            keys,
            offered: &self.offered,
            raw_day: raw_day(NOW),
            replay_of: None,
        }
    }

    /// Puts one event through the gate.
    pub(crate) fn minimise(&self, event: &Event<'_>) -> Result<Stored, Withheld> {
        let batch = event.draft(self);
        let keys = self.keys.snapshot();
        let mut gate = self.gate(&keys);
        gate.received_at = event.received_at;
        gate.raw_day = raw_day(event.received_at);
        let id = self.minimiser.event_id(&gate, &batch, &batch.drafts[0]);
        let mut out = MinimisedBatch::new(gate.received_at);
        self.minimiser.minimise(&gate, &batch, &batch.drafts[0], id, &mut out)?;
        Ok(Stored::of(&out))
    }

    pub(crate) fn releaser(&self, subject: SubjectMode, allow: &[&str], rules: &[RuleSpec]) -> Releaser {
        self.releaser_of("product", subject, allow, rules, false)
    }

    pub(crate) fn releaser_of(
        &self,
        destination: &str,
        subject: SubjectMode,
        allow: &[&str],
        rules: &[RuleSpec],
        links: bool,
    ) -> Releaser {
        let destination = DestinationId::parse(destination).unwrap();
        let spec = ReleaseSpec {
            destination,
            subject,
            allow: allow.iter().map(|p| (*p).to_owned()).collect(),
            rules: rules.to_vec(),
            links,
            routing: Routing::default(),
        };
        self.releaser_for(&spec)
    }

    pub(crate) fn releaser_for(&self, spec: &ReleaseSpec) -> Releaser {
        self.keys.ensure_destination(&spec.destination).unwrap();
        let policy = ReleasePolicy::resolve(spec, &self.names).unwrap();
        Releaser::new(Arc::new(policy), self.keys.snapshot(), Arc::clone(&self.names))
    }

    /// Releases, the epoch's key made first as delivery does.
    pub(crate) fn release<T>(
        &self,
        releaser: &mut Releaser,
        stored: &Stored,
        f: impl FnOnce(Result<weir_policy::Released<'_>, weir_event::Rule>) -> T,
    ) -> T {
        let remap = |n: u32| NameId(n);
        let view = stored.view(&remap);
        if let Some(epoch) = releaser.epoch_of(&view) {
            self.keys.ensure_epochs(releaser.policy().destination(), &[epoch]).unwrap();
            releaser.set_keys(self.keys.snapshot());
        }
        f(releaser.release(&view))
    }
}

/// A record as it lies in a group.
#[derive(Clone, Debug)]
pub(crate) struct Stored(pub(crate) Vec<u8>);

impl Stored {
    pub(crate) fn of(batch: &MinimisedBatch) -> Stored {
        assert_eq!(batch.count(), 1);
        let mut at = Cursor::new(batch.bytes());
        let stored = Stored(at.bytes().unwrap().to_vec());
        assert!(at.is_done());
        stored
    }

    pub(crate) fn view<'g>(&'g self, remap: &'g dyn Fn(u32) -> NameId) -> RecordView<'g> {
        RecordView::parse_bytes(&self.0, remap).unwrap()
    }

    /// The leaves of a path, as text.
    pub(crate) fn values(&self, path: NameId) -> Vec<String> {
        let remap = |n: u32| NameId(n);
        let leaves = self.view(&remap).leaves().map(Result::unwrap);
        leaves
            .filter(|l| l.path == path && l.kind.is_scalar())
            .map(|l| String::from_utf8(l.text.to_vec()).unwrap())
            .collect()
    }

    pub(crate) fn holds(&self, needle: &str) -> bool {
        let needle = needle.to_lowercase();
        let lower: Vec<u8> = self.0.to_ascii_lowercase();
        lower.windows(needle.len()).any(|w| w == needle.as_bytes())
    }
}

/// An event as a test writes it.
#[derive(Clone)]
pub(crate) struct Event<'a> {
    pub(crate) operation: Operation,
    pub(crate) name: &'a str,
    pub(crate) ids: Vec<(Role, SubjectKind, &'a str)>,
    pub(crate) sdk_id: Option<&'a str>,
    pub(crate) time: Option<Millis>,
    pub(crate) historical: bool,
    pub(crate) received_at: Millis,
    pub(crate) properties: Vec<(String, Value)>,
    pub(crate) context: Vec<(&'a str, Value)>,
}

impl<'a> Event<'a> {
    pub(crate) fn new(name: &'a str) -> Event<'a> {
        Event {
            operation: Operation::Track,
            name,
            ids: vec![(Role::Subject, SubjectKind::User, "user-4711")],
            sdk_id: Some("sdk-id-1"),
            time: Some(NOW.plus(-1_000)),
            historical: false,
            received_at: NOW,
            properties: Vec::new(),
            context: Vec::new(),
        }
    }

    pub(crate) fn with(mut self, key: &str, value: Value) -> Event<'a> {
        self.properties.push((key.to_owned(), value));
        self
    }

    pub(crate) fn context(mut self, path: &'a str, value: Value) -> Event<'a> {
        self.context.push((path, value));
        self
    }

    pub(crate) fn by(mut self, role: Role, kind: SubjectKind, id: &'a str) -> Event<'a> {
        self.ids.retain(|(r, _, _)| *r != role);
        self.ids.push((role, kind, id));
        self
    }

    pub(crate) fn doing(mut self, operation: Operation) -> Event<'a> {
        self.operation = operation;
        self
    }

    pub(crate) fn at(mut self, received_at: Millis) -> Event<'a> {
        self.received_at = received_at;
        self.time = Some(received_at);
        self
    }

    pub(crate) fn draft(&self, world: &World) -> DraftBatch {
        let mut batch = DraftBatch::default();
        let name_text = put(&mut batch, self.name);
        let identities = self
            .ids
            .iter()
            .map(|(role, kind, id)| Identity { kind: *kind, role: *role, text: put(&mut batch, id) })
            .collect();
        let sdk_id = self.sdk_id.map(|id| put(&mut batch, id));
        let root = match self.operation {
            Operation::Profile(_) => NameId::PROFILE_ROOT,
            _ => NameId::EVENT_ROOT,
        };
        let mut unnamed = 0;
        for (key, value) in &self.properties {
            let (path, folded) = world.source_names.path(root, key);
            if path == NameId::UNNAMED {
                unnamed += 1;
                continue;
            }
            put_value(world, &mut batch, path, folded.then_some(key.as_str()), value);
        }
        for (path, value) in &self.context {
            put_value(world, &mut batch, world.path(path), None, value);
        }
        let leaves = 0..batch.leaves.len() as u32;
        batch.drafts.push(Draft {
            operation: self.operation,
            name: world.source_names.event(self.name),
            name_text,
            identities,
            sdk_id,
            client_time: self.time,
            sent_at: None,
            historical: self.historical,
            leaves,
            unnamed,
            fault: None,
        });
        batch
    }
}

fn put(batch: &mut DraftBatch, text: &str) -> Text {
    let start = batch.text.len() as u32;
    batch.text.extend_from_slice(text.as_bytes());
    Text { start, len: text.len() as u32 }
}

fn put_value(world: &World, batch: &mut DraftBatch, path: NameId, map_key: Option<&str>, value: &Value) {
    if let Some(key) = map_key {
        let text = put(batch, key);
        batch.leaves.push(Leaf { path, kind: LeafKind::MapKey, text });
    }
    let mut leaf = |kind, text| batch.leaves.push(Leaf { path, kind, text });
    match value {
        Value::Null => leaf(LeafKind::Null, Text::default()),
        Value::True => leaf(LeafKind::True, Text::default()),
        Value::Number(lexeme) => {
            let text = put(batch, lexeme);
            batch.leaves.push(Leaf { path, kind: LeafKind::Number, text });
        }
        Value::Text(value) => {
            let text = put(batch, value);
            batch.leaves.push(Leaf { path, kind: LeafKind::String, text });
        }
        Value::Array(items) => {
            leaf(LeafKind::ArrayBegin, Text::default());
            let element = world.source_names.element(path);
            items.iter().for_each(|item| put_value(world, batch, element, None, item));
            batch.leaves.push(Leaf { path, kind: LeafKind::ArrayEnd, text: Text::default() });
        }
        Value::Object(entries) => {
            leaf(LeafKind::ObjectBegin, Text::default());
            for (key, value) in entries {
                let (below, folded) = world.source_names.path(path, key);
                // Decoders drop what has an unclean key; here it stays, so that minimise is seen to drop it.
                put_value(world, batch, below, folded.then_some(key.as_str()), value);
            }
            batch.leaves.push(Leaf { path, kind: LeafKind::ObjectEnd, text: Text::default() });
        }
    }
}

pub(crate) fn drop_category(key: &str) -> RuleSpec {
    RuleSpec { category: Some(key.to_owned()), action: Some("drop".to_owned()), ..RuleSpec::default() }
}

pub(crate) fn property(path: &str, action: &str) -> RuleSpec {
    RuleSpec { property: Some(path.to_owned()), action: Some(action.to_owned()), ..RuleSpec::default() }
}

/// What leaves, as one text: for looking for what must not be in it.
pub(crate) fn shown(released: &weir_policy::Released<'_>) -> String {
    let mut out = format!("{} {:?} {}", released.name(), released.subject(), released.insert_id());
    let mut buffer = [0; 36];
    for id in released.ids() {
        out.push(' ');
        out.push_str(id.id.text(&mut buffer));
    }
    for leaf in released.leaves() {
        out.push('\n');
        out.push_str(leaf.text());
    }
    out
}

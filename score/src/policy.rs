//! What the default policy leaves of each leaf: the corpus goes through the real minimiser, event by event.

use std::collections::HashMap;
use std::sync::Arc;

use weir_detect::{Engine, Judge};
use weir_event::draft::Leaf as DraftLeaf;
use weir_event::names::NameKind;
use weir_event::wire::Cursor;
use weir_event::{
    Draft, DraftBatch, Environment, GenerationId, LeafKind, ManualClock, Millis, NameId, Names, Operation, Region,
    SourceId, Text,
};
use weir_journal::Record;
use weir_keys::Keys;
use weir_policy::{
    Consent, Detectors, Gate, MinimisedBatch, Minimiser, Pinned, RecordView, RegionSource, SourcePolicy,
};

use crate::classes::{CLASSES, Class};
use crate::corpus::{Kind, Leaf};
use crate::measure::path;

/// 2026-11-22: any day does.
pub(crate) const NOW: Millis = Millis(1_795_303_178_843);

/// What became of the leaves.
#[derive(Default)]
pub(crate) struct Fates {
    /// Leaves of classes that the default policy takes away.
    pub(crate) sensitive: u64,
    /// Of them those that stand in the record as they came.
    pub(crate) leaked: u64,
    /// Leaves without a label.
    pub(crate) clean: u64,
    /// Of them those that are gone or altered, URLs that became templates apart.
    pub(crate) altered: u64,
    /// Clean URLs that became templates, as every URL does.
    pub(crate) templates: u64,
    /// Leaves of events that were withheld as a whole.
    pub(crate) withheld: u64,
    pub(crate) leaks: HashMap<String, (u64, String)>,
    pub(crate) losses: HashMap<String, (u64, String)>,
}

impl Fates {
    pub(crate) fn leak_rate(&self) -> f64 {
        self.leaked as f64 / self.sensitive.max(1) as f64
    }

    pub(crate) fn collateral(&self) -> f64 {
        self.altered as f64 / self.clean.max(1) as f64
    }
}

/// A gate in memory.
pub(crate) struct World {
    pub(crate) names: Arc<Names>,
    keys: Arc<Keys>,
    minimiser: Minimiser,
    source: SourcePolicy,
    offered: [NameId; 1],
    _folder: tempfile::TempDir,
}

impl World {
    pub(crate) fn new() -> Result<World, String> {
        let folder = tempfile::tempdir().map_err(|error| format!("no folder for keys: {error}"))?;
        let keys = Keys::open(&folder.path().join("keys"), Arc::new(ManualClock::at(NOW)))
            .map_err(|error| format!("no keys: {error}"))?;
        let engine = Arc::new(Engine::new());
        let names = Names::new(Box::new(Judge::new(Arc::clone(&engine))));
        let source = SourcePolicy {
            id: SourceId::parse("corpus").map_err(|_| "no source")?,
            label: names.label("corpus"),
            environment: Environment::Production,
            identity_space: "default".into(),
            protocol: 1,
            keeps_raw: false,
            tap: false,
            slices: weir_policy::Slices::default(),
        };
        let minimiser = Minimiser::new(engine, Arc::clone(&names));
        Ok(World { offered: [names.label("product")], keys, minimiser, source, names, _folder: folder })
    }

    /// The record of an event with these leaves; `None` where it is withheld as a whole.
    pub(crate) fn record<'l>(
        &self,
        detectors: Pinned,
        leaves: impl Iterator<Item = (NameId, LeafKind, &'l str)>,
    ) -> Result<Option<Vec<u8>>, String> {
        let snapshot = self.keys.snapshot();
        let gate = Gate {
            source: &self.source,
            received_at: NOW,
            region: Region::parse("DE").ok_or("no region")?,
            region_source: RegionSource::ClientAddress,
            generation: GenerationId([9; 8]),
            consent: Consent::UNKNOWN,
            keys: &snapshot,
            offered: &self.offered,
            raw_day: 0,
            replay_of: None,
        };
        let mut batch = DraftBatch::default();
        for (path, kind, value) in leaves {
            let text = Text { start: batch.text.len() as u32, len: value.len() as u32 };
            batch.text.extend_from_slice(value.as_bytes());
            batch.leaves.push(DraftLeaf { path, kind, text });
        }
        let name = self.names.label("Corpus Event");
        batch.drafts.push(Draft {
            operation: Operation::Track,
            name,
            name_text: Text::default(),
            identities: Vec::new(),
            sdk_id: None,
            client_time: Some(NOW),
            sent_at: None,
            historical: false,
            leaves: 0..batch.leaves.len() as u32,
            unnamed: 0,
            fault: None,
        });
        let draft = &batch.drafts[0];
        let id = self.minimiser.event_id(&gate, &batch, draft);
        let mut out = MinimisedBatch::new(NOW);
        out.detect_with(detectors);
        if self.minimiser.minimise(&gate, &batch, draft, id, &mut out).is_err() {
            return Ok(None);
        }
        Ok(Some(Cursor::new(out.bytes()).bytes().map_err(|_| "an empty record")?.to_vec()))
    }
}

pub(crate) fn run(leaves: &[Leaf]) -> Result<Fates, String> {
    let world = World::new()?;
    let detectors = Arc::new(Detectors::default());
    let mut fates = Fates::default();
    for event in leaves.chunk_by(|a, b| a.event == b.event) {
        let mut ids = Vec::new();
        for leaf in event {
            ids.push(world.names.restore(NameKind::Path, path(&leaf.key)).unwrap_or(NameId::UNNAMED));
        }
        let drafted = event.iter().zip(&ids).map(|(leaf, path)| {
            let kind = match leaf.kind {
                Kind::Text => LeafKind::String,
                Kind::Number => LeafKind::Number,
                Kind::Boolean if leaf.value == "true" => LeafKind::True,
                Kind::Boolean => LeafKind::False,
            };
            (*path, kind, leaf.value.as_str())
        });
        let Some(record) = world.record(detectors.pin(), drafted)? else {
            fates.withheld += event.len() as u64;
            continue;
        };
        let remap = |n: u32| NameId(n);
        let view = RecordView::parse_bytes(&record, &remap).map_err(|error| format!("a record: {error}"))?;
        let mut kept: HashMap<NameId, Vec<Vec<u8>>> = HashMap::new();
        for leaf in view.leaves() {
            let leaf = leaf.map_err(|error| format!("a record: {error}"))?;
            if leaf.kind.is_scalar() {
                kept.entry(leaf.path).or_default().push(leaf.text.to_vec());
            }
        }
        for (leaf, path) in event.iter().zip(&ids) {
            note(&mut fates, leaf, kept.get(path).map(Vec::as_slice).unwrap_or_default());
        }
    }
    Ok(fates)
}

fn note(fates: &mut Fates, leaf: &Leaf, kept: &[Vec<u8>]) {
    let stands = leaf.kind == Kind::Boolean || kept.iter().any(|text| text == leaf.value.as_bytes());
    let classes: Vec<&Class> = leaf.labels.iter().filter_map(|l| Class::of_label(l)).map(|c| &CLASSES[c]).collect();
    let what = |map: &mut HashMap<String, (u64, String)>, name: String| {
        let value: String = leaf.value.chars().take(80).collect();
        map.entry(name).or_insert_with(|| (0, format!("{} = {value}", path(&leaf.key)))).0 += 1;
    };
    if classes.iter().any(|class| class.goes) {
        fates.sensitive += 1;
        // A template of a URL is no leak unless the value itself is in what is left.
        if stands {
            fates.leaked += 1;
            what(&mut fates.leaks, format!("{} ({})", leaf.labels.join(", "), leaf.wrap));
        }
    } else if leaf.labels.is_empty() {
        fates.clean += 1;
        let may_go = leaf.maybe.iter().filter_map(|l| Class::of_label(l)).any(|c| CLASSES[c].goes);
        // Of a relative URL the query goes.
        let before_query = leaf.value.split(['?', '#']).next().unwrap_or_default().as_bytes();
        let is_url = leaf.maybe.iter().any(|l| l == "browsing_history") || kept.iter().any(|text| text == before_query);
        match (stands, is_url) {
            (true, _) => {}
            (false, true) => fates.templates += 1,
            (false, false) if may_go => {}
            (false, false) => {
                fates.altered += 1;
                what(&mut fates.losses, path(&leaf.key).to_owned());
            }
        }
    }
}

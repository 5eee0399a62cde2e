//! A generation: configuration, policy and destinations resolved to one immutable whole, named by a content hash (D16).
//!
//! A request pins one when it arrives, a batch one when it is released. A new one replaces it in a single swap; what a source has
//! learned (its names, its dedup window) lives on from generation to generation.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use ring::digest;
use weir_deliver::Setup;
use weir_detect::{Engine, OwnDetectors};
use weir_event::names::NameKind;
use weir_event::{DestinationId, GenerationId, Millis, NameId, Names, PurposeSet, SourceId, SourceNames};
use weir_policy::{ConsentSignals, Detectors, Learned, Slices, SourcePolicy};
use weir_protocol::vendors::PROTOCOLS;
use weir_protocol::{DecodeOptions, Protocol};

use crate::config::{
    Auxiliary, Config, Country, Destination, Draft, Mode, Problem, Problems, RuleAction, Secrets, Selector, Subject,
};
use crate::dedup::DedupWindow;
use crate::destination;
use crate::marks;
use crate::rate::RateLimit;
use crate::versions::AppVersions;

/// Everything that a request or a batch is decided by.
pub struct Generation {
    /// Content hash of the resolved configuration and the detectors' version.
    pub id: GenerationId,
    /// The configuration it was made of.
    pub config: Config,
    /// The sources, by id.
    pub sources: BTreeMap<SourceId, Arc<SourceRuntime>>,
    /// The destinations, by id, ready for `deliver`.
    pub destinations: BTreeMap<DestinationId, Arc<Setup>>,
    /// What finds things in values.
    pub detectors: Arc<Detectors>,
    by_write_key: HashMap<String, SourceId>,
}

/// One source, ready to decode and minimise.
pub struct SourceRuntime {
    /// What policy needs to know.
    pub policy: SourcePolicy,
    /// The same for events in mode `tap`: journaled, offered to nobody, counted as `tap`.
    pub tapped: SourcePolicy,
    /// Its protocol.
    pub protocol: &'static dyn Protocol,
    /// What decoding needs to know.
    pub options: DecodeOptions,
    /// What it has learned; survives a reload.
    pub memory: Arc<SourceMemory>,
    /// Labels of the destinations that take its environment and itself. What a route says about single events and countries is
    /// decided at release.
    pub offered: Vec<NameId>,
    /// How the country of its events is known.
    pub country: Country,
    /// The path of an address that stands in an event.
    pub address_path: NameId,
    /// Events a second.
    pub rate_limit: Option<u32>,
    /// How consent is read from its requests and events.
    pub consent: ConsentSignals,
    /// What auxiliary calls get (D17).
    pub auxiliary: Auxiliary,
    /// Events that no destination takes, where the browser is to be told.
    pub blocked: Vec<String>,
    mode: Mode,
    event_modes: Vec<(NameId, Mode)>,
    write_keys: Vec<String>,
}

/// What a source has learned. Not part of any generation.
pub struct SourceMemory {
    /// Its names, with the limits of D1.
    pub names: SourceNames,
    /// Its dedup window (D5).
    pub window: DedupWindow,
    /// Whether an SDK has asked it for flags in this process (D17).
    pub flags: AtomicBool,
    /// What is left of its rate.
    pub rate: RateLimit,
    /// The versions of apps that its requests came from.
    pub versions: AppVersions,
}

/// The memories of all sources, by id, for as long as the process lives, and which destinations have ended.
#[derive(Default)]
pub struct Memories {
    sources: RwLock<BTreeMap<SourceId, Arc<SourceMemory>>>,
    ended: RwLock<BTreeSet<DestinationId>>,
    /// What was learned of paths from their values.
    pub learned: Arc<Learned>,
}

impl Memories {
    /// From the next generation on nothing is offered to this destination, whatever the configuration says: it has no way back.
    pub fn end(&self, destination: DestinationId) {
        self.ended.write().unwrap_or_else(PoisonError::into_inner).insert(destination);
    }

    /// The memory of a source; made when it is first asked for.
    pub fn of(&self, id: &SourceId, names: &Arc<Names>) -> Arc<SourceMemory> {
        if let Some(memory) = self.sources.read().unwrap_or_else(PoisonError::into_inner).get(id) {
            return Arc::clone(memory);
        }
        let mut all = self.sources.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(id.clone()).or_insert_with(|| {
            Arc::new(SourceMemory {
                names: names.source(),
                window: DedupWindow::default(),
                flags: AtomicBool::new(false),
                rate: RateLimit::default(),
                versions: AppVersions::new(names),
            })
        }))
    }
}

impl Generation {
    /// Reads a file and resolves what it says: what a reload goes by. Every problem at once, those of single fields and those of
    /// what they mean together, each with its place.
    pub fn load(
        file: &Path,
        secrets: Secrets<'_>,
        engine: &Engine,
        names: &Arc<Names>,
        memories: &Memories,
    ) -> Result<Generation, Problems> {
        Generation::of_draft(Config::draft_file(file, secrets)?, engine, names, memories)
    }

    fn of_draft(
        draft: Draft,
        engine: &Engine,
        names: &Arc<Names>,
        memories: &Memories,
    ) -> Result<Generation, Problems> {
        if draft.problems.is_empty() {
            return Generation::resolve(draft.config, engine, names, memories);
        }
        let file = draft.config.file().to_owned();
        let mut all = draft.problems;
        if let Err(more) = Generation::resolve(draft.config, engine, names, memories) {
            // Where a field is wrong by itself, a default stands in for it, and what that means does not matter.
            let is_known = |at| all.iter().any(|p: &Problem| p.at == at);
            let more: Vec<Problem> = more.list.into_iter().filter(|p| !is_known(p.at)).collect();
            all.extend(more);
        }
        Err(Problems::new(&file, all))
    }

    /// [`Generation::load`] where nothing runs yet, as a start and `weir config check` do: the configuration, known to resolve.
    pub fn check(file: &Path, secrets: Secrets<'_>) -> Result<Config, Problems> {
        let engine = Arc::new(Engine::new());
        let names = Names::new(Box::new(weir_detect::Judge::new(Arc::clone(&engine))));
        Generation::load(file, secrets, &engine, &names, &Memories::default()).map(|generation| generation.config)
    }

    /// The generation that this text of a file would be, where it does not stand there yet.
    pub fn of_text(
        text: &str,
        file: &Path,
        secrets: Secrets<'_>,
        names: &Arc<Names>,
        engine: &Engine,
    ) -> Result<Generation, Problems> {
        Generation::of_draft(Config::draft(text, file, secrets)?, engine, names, &Memories::default())
    }

    /// Resolves a configuration; every problem at once.
    pub fn resolve(
        config: Config,
        engine: &Engine,
        names: &Arc<Names>,
        memories: &Memories,
    ) -> Result<Generation, Problems> {
        let mut problems = Vec::new();
        let own = OwnDetectors::compile(&config.detectors).unwrap_or_else(|found| {
            let problem = |(place, problem): (usize, weir_detect::OwnProblem)| {
                config.problem(&format!("detectors[{place}]"), &problem.to_string())
            };
            problems.extend(found.into_iter().map(problem));
            OwnDetectors::default()
        });
        let marks = marks::resolve(&config, names, &mut problems);
        let detectors = Arc::new(Detectors::new(Arc::clone(&memories.learned), own, marks));
        let mut destinations = BTreeMap::new();
        for (id, destination) in &config.destinations {
            match destination::setup(id, destination, &config, names, &detectors) {
                Ok(setup) => {
                    destinations.insert(id.clone(), Arc::new(setup));
                }
                Err(of_this) => problems.extend(of_this.into_iter().map(|(field, what)| {
                    let dot = if field.is_empty() { "" } else { "." };
                    config.problem(&format!("destinations.{id}{dot}{field}"), &what)
                })),
            }
        }
        let ended = memories.ended.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut sources = BTreeMap::new();
        let mut by_write_key = HashMap::new();
        for (id, source) in &config.sources {
            let Some(protocol) = weir_protocol::protocol(source.protocol) else {
                problems.push(config.problem(&format!("sources.{id}"), &format!("no protocol {}", source.protocol)));
                continue;
            };
            let takers = || {
                let all = config.destinations.iter().filter(|(id, _)| !ended.contains(*id));
                all.filter(|(_, d)| d.takes(id, source.environment))
            };
            let memory = memories.of(id, names);
            // As in allow lists, a vendor's own name for a property stands for its path.
            let slices = config.slices.iter().map(|path| protocol.canonical_path(path).unwrap_or(path.as_str()));
            let Some(slices) = Slices::resolve(slices, names) else {
                problems.push(config.problem("slices", "one of them is not the path of a property"));
                continue;
            };
            let policy = SourcePolicy {
                id: id.clone(),
                label: names.label(id.as_str()),
                environment: source.environment,
                identity_space: source.identity_space.as_str().into(),
                protocol: protocol.number(),
                keeps_raw: takers().any(|(_, d)| matches!(d.subject, Subject::Raw { .. })),
                tap: false,
                slices,
            };
            // As in allow lists, a vendor's own name for a property stands for its path.
            let mut spec = source.consent.clone();
            for (path, _) in &mut spec.properties {
                if let Some(canonical) = protocol.canonical_path(path) {
                    canonical.clone_into(path);
                }
            }
            let consent = match ConsentSignals::resolve(&spec, names) {
                Ok(consent) => consent,
                Err(paths) => {
                    let at = format!("sources.{id}.consent");
                    problems.extend(
                        paths
                            .iter()
                            .map(|path| config.problem(&at, &format!("`{path}` is not the path of a property"))),
                    );
                    continue;
                }
            };
            let runtime = SourceRuntime {
                // A tapped event reaches no destination, so no raw id of it is kept (D8).
                tapped: SourcePolicy { tap: true, keeps_raw: false, ..policy.clone() },
                policy,
                protocol,
                options: DecodeOptions::new(source.group_keys.iter().map(String::as_str), names),
                offered: takers().map(|(id, _)| names.label(id.as_str())).collect(),
                consent,
                auxiliary: source.auxiliary.clone(),
                blocked: if source.block_in_browser { blocked(takers().map(|(_, d)| d)) } else { Vec::new() },
                country: source.country,
                address_path: names.restore(NameKind::Path, "context.ip").unwrap_or(NameId::UNNAMED),
                rate_limit: source.rate_limit,
                mode: source.mode,
                event_modes: source.events.iter().map(|(name, mode)| (memory.names.event(name), *mode)).collect(),
                write_keys: source.write_keys.clone(),
                memory,
            };
            for key in &source.write_keys {
                by_write_key.insert(key.clone(), id.clone());
            }
            sources.insert(id.clone(), Arc::new(runtime));
        }
        if !problems.is_empty() {
            return Err(config.problems(problems));
        }
        let id = generation_id(config.canonical(), engine.version());
        Ok(Generation { id, config, sources, destinations, detectors, by_write_key })
    }

    /// The purposes that some destination asks consent for.
    pub fn asks_consent(&self) -> PurposeSet {
        self.destinations.values().fold(PurposeSet::EMPTY, |all, setup| all.or(setup.release.asks_consent()))
    }

    /// The source that a write key belongs to.
    pub fn source_of_key(&self, key: &str) -> Option<&Arc<SourceRuntime>> {
        self.sources.get(self.by_write_key.get(key)?)
    }

    /// The protocols that some source speaks, each once, in the order of their list.
    pub fn protocols(&self) -> impl Iterator<Item = &'static dyn Protocol> {
        let spoken = |p: &&&'static dyn Protocol| self.sources.values().any(|s| s.protocol.number() == p.number());
        PROTOCOLS.iter().filter(spoken).copied()
    }

    /// The source of an id in a path.
    pub fn source(&self, id: &str) -> Option<&Arc<SourceRuntime>> {
        self.sources.get(&SourceId::parse(id).ok()?)
    }
}

impl SourceRuntime {
    /// The write key of this source that a candidate is. All keys are compared in full, so that the time tells nothing.
    pub fn own_key(&self, candidate: &str) -> Option<&str> {
        self.write_keys.iter().fold(None, |found, key| {
            let same = key.len() == candidate.len()
                && key.bytes().zip(candidate.bytes()).fold(0_u8, |difference, (a, b)| difference | (a ^ b)) == 0;
            if same { Some(key.as_str()) } else { found }
        })
    }

    /// Seconds that this source has to wait because it is over its rate; `None` where it is not.
    pub fn has_to_wait(&self, now: Millis) -> Option<u32> {
        self.memory.rate.wait(self.rate_limit?, now)
    }

    /// Whether an SDK has asked this source for flags, which `constant` answers with none (D17).
    pub fn has_seen_flags(&self) -> bool {
        self.memory.flags.load(Ordering::Relaxed)
    }

    /// Remembers that an SDK asked for flags.
    pub fn saw_flags(&self) {
        self.memory.flags.store(true, Ordering::Relaxed);
    }

    /// Whether the source is a mirrored copy, whatever single events of it are.
    pub fn is_tap(&self) -> bool {
        self.mode == Mode::Tap
    }

    /// The mode of an event: its own, else the source's.
    pub fn mode_of(&self, event: NameId) -> Mode {
        self.event_modes.iter().find(|(name, _)| *name == event).map_or(self.mode, |(_, mode)| *mode)
    }
}

/// Events that every one of these destinations drops by a rule.
fn blocked<'a>(mut takers: impl Iterator<Item = &'a Destination>) -> Vec<String> {
    let dropped = |destination: &Destination| -> BTreeSet<String> {
        let rules = destination.rules.iter().filter(|rule| rule.action == RuleAction::Drop);
        let by_rule =
            rules.filter_map(|rule| if let Selector::Event(name) = &rule.selector { Some(name) } else { None });
        by_rule.chain(&destination.route.except_events).cloned().collect()
    };
    let Some(first) = takers.next().map(dropped) else { return Vec::new() };
    takers.fold(first, |all, next| all.intersection(&dropped(next)).cloned().collect()).into_iter().collect()
}

/// The id that a configuration's generation has.
pub(crate) fn id_of(config: &Config, detectors: u32) -> GenerationId {
    generation_id(config.canonical(), detectors)
}

fn generation_id(canonical: &str, detectors: u32) -> GenerationId {
    let hash = digest::digest(&digest::SHA256, format!("weir/generation/v1\n{detectors}\n{canonical}").as_bytes());
    let mut id = [0; 8];
    id.copy_from_slice(&hash.as_ref()[..8]);
    GenerationId(id)
}

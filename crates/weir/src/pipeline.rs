//! The gate: the one place where the stages meet. Read top down; it is the way of an event from a request to its acknowledgement.
//!
//! ```text
//! route → read body → open → write key → decode → per event: id, dedup, minimise → hold → journal → answer
//! ```
//! Nothing is acknowledged before it is durable (promise 3), no stage that fails forwards anything (promise 1), and the answer
//! carries no byte of an event (promise 7).

use std::cell::RefCell;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use weir_detect::country::{self, TruncatedAddress};
use weir_event::log::{self, Field, Level};
use weir_event::{
    Clock, ConsentStates, DestinationId, Draft, DraftBatch, EventId, GenerationId, Millis, Region, Rule, SourceId,
};
use weir_hold::Hold;
use weir_journal::Journal;
use weir_keys::{KeySnapshot, Keys};
use weir_policy::{Consent, Gate, MinimisedBatch, Minimiser, RegionSource, Withdrawals, Withheld};
use weir_protocol::body::{self, BodyError, Opened};
use weir_protocol::vendors::PROTOCOLS;
use weir_protocol::{Answer, Answering, Auxiliary, Call, DecodeError, Endpoint, Protocol, RequestHead, Situation};

use crate::auxiliary::{Question, Questions};
use crate::config::{self, Country, Mode};
use crate::disk::Space;
use crate::generation::{Generation, SourceRuntime};
use crate::listen::{Body, Head, InFlight, Peer, Refusal, Service};
use crate::observed::Observed;
use crate::omitted;
use crate::stage::{Stage, StageTimer};

/// Seconds that an SDK is asked to wait when intake cannot take its events.
const RETRY_AFTER_SECONDS: u32 = 5;
/// The prefix under which a source is named in the path.
const PREFIX: &str = "/in/";

/// An event on its way back from the raw hold, opened by an operator's process.
pub struct Reentry {
    /// Its source.
    pub source: SourceId,
    /// Its id, unchanged.
    pub event_id: EventId,
    /// Its epoch time, unchanged (D4).
    pub epoch_time: Millis,
    /// The opened body, as `policy::withheld` wrote it.
    pub body: Vec<u8>,
}

/// What became of a replayed event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Replayed {
    /// It is in the journal.
    Journaled,
    /// A dry run: it would be.
    Would,
    /// Today's policy withholds it too.
    Withheld(Rule),
    /// Its source is not configured any more.
    NoSource,
    /// The body does not read.
    Unreadable,
    /// The journal takes nothing at the moment.
    NotNow,
}

/// What happened at the gate, for an answer in the vendor's form.
#[derive(Clone, Copy)]
enum Fate {
    Accepted(u32),
    BadBody,
    UnsupportedEncoding,
    TooLarge,
    BadKey,
    Overloaded,
    /// Over the source's rate, for so many seconds.
    OverRate(u32),
}

impl Fate {
    fn situation(self) -> Situation<'static> {
        match self {
            Fate::Accepted(events) => Situation::Accepted { events },
            Fate::BadBody => Situation::BadBody,
            Fate::UnsupportedEncoding => Situation::UnsupportedEncoding,
            Fate::TooLarge => Situation::TooLarge,
            Fate::BadKey => Situation::BadKey,
            Fate::Overloaded => Situation::Overloaded { retry_after_seconds: RETRY_AFTER_SECONDS },
            // Not 429: some SDKs drop their events at it.
            Fate::OverRate(retry_after_seconds) => Situation::Overloaded { retry_after_seconds },
        }
    }
}

/// The gate and what it writes to.
pub struct Pipeline {
    generation: RwLock<Arc<Generation>>,
    minimiser: Minimiser,
    journal: Journal<MinimisedBatch>,
    hold: Hold,
    keys: Arc<Keys>,
    space: Arc<Space>,
    clock: Arc<dyn Clock>,
    withdrawals: Arc<Withdrawals>,
    stopping: AtomicBool,
    questions: Questions,
    observed: Observed,
}

thread_local! {
    /// The decoded events of the request that this thread works on; kept for its memory, emptied before each use.
    static DRAFTS: RefCell<DraftBatch> = RefCell::default();
}

/// Who sent a request, as far as events may know.
#[derive(Clone, Copy)]
struct Sender {
    network: Option<TruncatedAddress>,
    /// What the head says of consent.
    consent: ConsentStates,
}

/// What the synchronous part of the gate made of a request.
struct Gated {
    batch: MinimisedBatch,
    withheld: Vec<Withheld>,
    admitted: Vec<EventId>,
    events: u32,
}

impl Service for Pipeline {
    async fn handle(&self, head: Head, body: Body, peer: Peer) -> Answer {
        self.answer(&head, body, peer).await
    }
}

impl Pipeline {
    /// A gate that works by `generation` until [`Pipeline::replace`].
    #[expect(clippy::too_many_arguments, reason = "called in one place")]
    pub fn new(
        generation: Arc<Generation>,
        minimiser: Minimiser,
        journal: Journal<MinimisedBatch>,
        hold: Hold,
        keys: Arc<Keys>,
        space: Arc<Space>,
        withdrawals: Arc<Withdrawals>,
        clock: Arc<dyn Clock>,
    ) -> Pipeline {
        let (stopping, questions, observed) = (AtomicBool::new(false), Questions::default(), Observed::default());
        Pipeline {
            generation: RwLock::new(generation),
            minimiser,
            journal,
            hold,
            keys,
            space,
            clock,
            withdrawals,
            stopping,
            questions,
            observed,
        }
    }

    /// Swaps the generation; requests under way keep the one they pinned.
    pub fn replace(&self, generation: Arc<Generation>) {
        *self.generation.write().unwrap_or_else(PoisonError::into_inner) = generation;
    }

    /// The generation that the next request will pin.
    pub fn generation(&self) -> Arc<Generation> {
        Arc::clone(&self.generation.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on every request is asked to come back later.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether [`Pipeline::stop`] was called.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Questions about flags (D17).
    pub fn questions(&self) -> &Questions {
        &self.questions
    }

    /// What each source was seen to use.
    pub fn observed(&self) -> &Observed {
        &self.observed
    }

    /// The journal, for readers and metrics.
    pub fn journal(&self) -> &Journal<MinimisedBatch> {
        &self.journal
    }

    /// One request from arrival to answer.
    async fn answer(&self, whole: &Head, body: Body, peer: Peer) -> Answer {
        let generation = self.generation();
        let (named, path) = match split(whole.path()) {
            Some((id, rest)) => match generation.source(id) {
                Some(source) => (Some(source), rest),
                None => return not_found(),
            },
            None => (None, whole.path()),
        };
        let head = whole.for_protocol(path);
        let sender = |source: &SourceRuntime| Sender {
            network: peer.network,
            consent: source.consent.of_request(head.gpc, head.dnt, whole.cookies()),
        };
        let Some((protocol, call)) = self.classify(&generation, named, &head, &body) else { return not_found() };
        let answer = |endpoint, opened: Option<&Opened>, situation| {
            protocol.answer(&Answering { endpoint, head: &head, opened, situation, now: self.clock.now() })
        };
        match call {
            Call::Unknown => not_found(),
            Call::WrongMethod(endpoint) => answer(endpoint, None, Situation::WrongMethod),
            Call::Auxiliary(endpoint) => {
                let opened = open_quietly(&generation, protocol, endpoint, &head, body);
                let found = authorise(&generation, named, protocol, &head, &opened);
                if let Some((source, _)) = found {
                    self.observed.call(&source.policy.id, protocol.name(), endpoint, head.path);
                    if protocol.is_flags(endpoint) {
                        source.saw_flags();
                    }
                }
                let (write_key, now) = (found.map(|(_, key)| key), self.clock.now());
                let blocked = found.map_or(&[][..], |(source, _)| &source.blocked);
                let call = Auxiliary { endpoint, head: &head, opened: &opened, write_key, blocked, now };
                match found.map(|(source, _)| (source, &source.auxiliary)) {
                    Some((_, config::Auxiliary::Refuse)) => answer(endpoint, Some(&opened), Situation::Unknown),
                    // A tap's call is a copy: the vendor has been asked already, and nothing of a tap leaves.
                    Some((source, config::Auxiliary::Proxy(destination))) if !source.is_tap() => {
                        let asked = self.ask(&generation, source, destination, &call, sender(source)).await;
                        asked.unwrap_or_else(|| protocol.auxiliary(&call))
                    }
                    Some(_) | None => protocol.auxiliary(&call),
                }
            }
            Call::Drop(endpoint, rule) => {
                let mut found = authorise(&generation, named, protocol, &head, &Opened::default());
                if found.is_none() {
                    let opened = open_quietly(&generation, protocol, endpoint, &head, body);
                    found = authorise(&generation, named, protocol, &head, &opened);
                }
                let fate = match found {
                    Some((source, _)) => {
                        self.observed.call(&source.policy.id, protocol.name(), endpoint, head.path);
                        self.drop_call(source, rule).await
                    }
                    None => Fate::BadKey,
                };
                answer(endpoint, None, fate.situation())
            }
            Call::Ingest(endpoint) => match body {
                // The bytes count against the budget until the answer is made.
                Body::Whole(bytes, mut taken) => {
                    let body = (bytes, &mut taken);
                    let (fate, opened, omitted) =
                        self.ingest(&generation, named, protocol, endpoint, &head, body, sender).await;
                    let mut answer = answer(endpoint, opened.as_ref(), fate.situation());
                    if let (Fate::Accepted(_), Some(omitted)) = (fate, omitted) {
                        answer.headers.push((omitted::HEADER, omitted.into()));
                    }
                    answer
                }
                Body::Refused(Refusal::TooLarge) => answer(endpoint, None, Situation::TooLarge),
                Body::Refused(Refusal::Overloaded) => answer(endpoint, None, Fate::Overloaded.situation()),
                Body::Refused(Refusal::TimedOut) => answer(endpoint, None, Situation::TimedOut),
                Body::Refused(Refusal::Broken) => answer(endpoint, None, Situation::BadBody),
            },
        }
    }

    /// The protocol and the call. A bare path may be of several vendors: then a write key tells, in the head or in the body.
    fn classify(
        &self,
        generation: &Generation,
        named: Option<&Arc<SourceRuntime>>,
        head: &RequestHead<'_>,
        body: &Body,
    ) -> Option<(&'static dyn Protocol, Call)> {
        if let Some(source) = named {
            return Some((source.protocol, source.protocol.classify_named(head.method, head.path)));
        }
        let call_of = |protocol: &&'static dyn Protocol| {
            let call = protocol.classify(head.method, head.path);
            (call != Call::Unknown).then_some((*protocol, call))
        };
        let possible: Vec<_> = generation.protocols().filter_map(|protocol| call_of(&protocol)).collect();
        if possible.len() <= 1 {
            // Nobody configured speaks it: the answer is still in the form of somebody who does.
            return possible.first().copied().or_else(|| PROTOCOLS.iter().find_map(call_of));
        }
        let limits = body::Limits { decoded_bytes_max: generation.config.limits.body_decoded_bytes };
        let is_known = |protocol, opened: &Opened| authorise(generation, None, protocol, head, opened).is_some();
        let by_head = possible.iter().find(|(protocol, _)| is_known(*protocol, &Opened::default()));
        let by_body = || {
            let Body::Whole(bytes, _) = body else { return None };
            possible.iter().find(|(protocol, call)| {
                let (Call::Ingest(endpoint) | Call::Auxiliary(endpoint) | Call::Drop(endpoint, _)) = call else {
                    return false;
                };
                let opened = protocol.open(*endpoint, head, bytes.clone(), &limits);
                opened.is_ok_and(|opened| is_known(*protocol, &opened))
            })
        };
        by_head.or_else(by_body).or(possible.first()).copied()
    }

    #[expect(clippy::too_many_arguments, reason = "the facts of one request; a struct of them would be used once")]
    async fn ingest(
        &self,
        generation: &Generation,
        named: Option<&Arc<SourceRuntime>>,
        protocol: &'static dyn Protocol,
        endpoint: Endpoint,
        head: &RequestHead<'_>,
        (body, taken): (Vec<u8>, &mut InFlight),
        sender: impl Fn(&SourceRuntime) -> Sender,
    ) -> (Fate, Option<Opened>, Option<String>) {
        if self.is_stopping() || self.hold.is_full() || !self.space.intake_open() {
            return (Fate::Overloaded, None, None);
        }
        let mut timer = StageTimer::start();
        let limits = body::Limits { decoded_bytes_max: generation.config.limits.body_decoded_bytes };
        let received = body.len();
        let mut opened = match protocol.open(endpoint, head, body, &limits) {
            Ok(opened) => opened,
            Err(BodyError::TooLarge { .. }) => return (Fate::TooLarge, None, None),
            Err(BodyError::UnsupportedEncoding) => return (Fate::UnsupportedEncoding, None, None),
            Err(BodyError::Damaged) => return (Fate::BadBody, None, None),
        };
        // A small body may hold a large one: what waits for the disk is as large as what it became. While it is being opened it is
        // bounded by the threads that do so.
        if !taken.grow(opened.text_bytes().len().saturating_sub(received)) {
            return (Fate::Overloaded, None, None);
        }
        timer.mark(Stage::Body);
        let Some((source, _)) = authorise(generation, named, protocol, head, &opened) else {
            return (Fate::BadKey, Some(opened), None);
        };
        if let Some(seconds) = source.has_to_wait(self.clock.now()) {
            return (Fate::OverRate(seconds), Some(opened), None);
        }
        let gated = DRAFTS.with_borrow_mut(|drafts| {
            let (names, options) = (&source.memory.names, &source.options);
            match protocol.decode(endpoint, head, &mut opened, names, options, drafts) {
                Ok(decoded) => {
                    timer.mark(Stage::Decode);
                    source.memory.rate.take(decoded.events);
                    source.memory.versions.count(drafts, names.names());
                    self.observed.call(&source.policy.id, protocol.name(), endpoint, head.path);
                    self.observed.decoded(&source.policy.id, protocol.name(), names.names(), drafts);
                    let gated = self.gate(generation, source, drafts, decoded.events, sender(source), &mut timer);
                    drafts.clear();
                    Ok(gated)
                }
                Err(DecodeError::TooManyEvents { .. }) => Err(Fate::TooLarge),
                Err(DecodeError::Malformed { .. } | DecodeError::NotEvents) => Err(Fate::BadBody),
            }
        });
        let (fate, omitted) = match gated {
            Ok(gated) => {
                let told = omitted::is_told(source);
                let omit = || omitted::value(&gated.batch, generation, source, &self.keys.snapshot(), self.clock.now());
                let omitted = told.then(omit).flatten();
                (self.commit(source, gated).await, omitted)
            }
            Err(fate) => (fate, None),
        };
        (fate, Some(opened), omitted)
    }

    /// Everything that is decided about the events of a request, without waiting for anything.
    fn gate(
        &self,
        generation: &Generation,
        source: &SourceRuntime,
        drafts: &DraftBatch,
        events: u32,
        sender: Sender,
        timer: &mut StageTimer,
    ) -> Gated {
        let now = self.clock.now();
        let keys = self.snapshot_for(source, now);
        let (region, region_source) = region_of(source, sender.network);
        let raw_day = raw_day(now);
        let gate = |tapped: bool| Gate {
            source: if tapped { &source.tapped } else { &source.policy },
            received_at: now,
            region,
            region_source,
            generation: generation.id,
            consent: Consent::new(&source.consent, sender.consent),
            keys: &keys,
            offered: if tapped { &[] } else { &source.offered },
            raw_day,
            replay_of: None,
        };
        let mut batch = MinimisedBatch::new(now);
        batch.detect_with(generation.detectors.pin());
        // Records are about half of what was sent. Where they are a little more, to grow would copy all of them.
        batch.reserve(drafts.text.len() / 4 * 3);
        let mut withheld = Vec::new();
        let everywhere = gate(false);
        let ids: Vec<EventId> = drafts.drafts.iter().map(|d| self.minimiser.event_id(&everywhere, drafts, d)).collect();
        let mut seen = Vec::new();
        source.memory.window.check(&ids, now, &mut seen);
        let mut admitted = Vec::with_capacity(ids.len());
        let mut of_this_request = HashSet::with_capacity_and_hasher(ids.len(), foldhash::fast::FixedState::default());
        let mut duplicates = 0;
        timer.mark(Stage::Dedup);
        for ((draft, id), seen) in drafts.drafts.iter().zip(&ids).zip(&seen) {
            if draft.sdk_id.is_some() && (*seen || !of_this_request.insert(*id)) {
                duplicates += 1;
                continue;
            }
            let mut gate = gate(source.mode_of(draft.name) == Mode::Tap);
            if source.country == Country::Event {
                (gate.region, gate.region_source) = region_in(drafts, draft, source);
            }
            // A bug in a stage must cost one event its delivery, never a batch and never a check (D10).
            let outcome =
                catch_unwind(AssertUnwindSafe(|| self.minimiser.minimise(&gate, drafts, draft, *id, &mut batch)));
            match outcome {
                Ok(Ok(())) => {}
                Ok(Err(held)) => withheld.push(held),
                Err(_) => {
                    log::emit(
                        Level::Error,
                        "a stage failed on an event; it is in the raw hold",
                        &[("source", Field::Source(source.policy.id.clone()))],
                    );
                    withheld.push(self.minimiser.withhold(&gate, drafts, draft, *id, Rule::StageFailed, "minimise"));
                }
            }
            if draft.sdk_id.is_some() {
                admitted.push(*id);
            }
        }
        if duplicates > 0 {
            batch.count_dropped(source.policy.id.as_str(), Rule::Duplicate, duplicates);
        }
        timer.mark(Stage::Minimise);
        Gated { batch, withheld, admitted, events }
    }

    /// Makes a request durable: the hold first, then the journal group that counts it, then the dedup window.
    async fn commit(&self, source: &SourceRuntime, mut gated: Gated) -> Fate {
        // A crash after this leaves entries of a request that was never acknowledged; when the SDK sends it again the same event
        // ids make these entries no-ops.
        if !gated.withheld.is_empty() && self.hold.put_all_withheld(gated.withheld).await.is_err() {
            return Fate::Overloaded;
        }
        // A crash before the group is synced loses the whole request, unacknowledged. After it, everything is there.
        if !gated.batch.is_empty() {
            let refusals = gated.batch.take_refusals();
            match self.journal.append(gated.batch).await {
                // Before the answer: who was told that a refusal arrived can rely on it.
                Ok(offsets) => self.withdrawals.note(&refusals, offsets.start.0),
                Err(_) => return Fate::Overloaded,
            }
        }
        source.memory.window.admit(gated.admitted.into_iter(), self.clock.now());
        Fate::Accepted(gated.events)
    }

    /// Asks a destination's vendor what an auxiliary call asks for (D17 `proxy`); `None` where the constant answer is to be given.
    async fn ask(
        &self,
        generation: &Generation,
        source: &SourceRuntime,
        destination: &DestinationId,
        call: &Auxiliary<'_>,
        sender: Sender,
    ) -> Option<Answer> {
        let keys = self.snapshot_for(source, call.now);
        let (region, region_source) = region_of(source, sender.network);
        let gate = Gate {
            source: &source.policy,
            received_at: call.now,
            region,
            region_source,
            generation: generation.id,
            consent: Consent::new(&source.consent, sender.consent),
            keys: &keys,
            offered: &source.offered,
            raw_day: raw_day(call.now),
            replay_of: None,
        };
        let question = Question::read(call, source, &self.minimiser, &gate)?;
        self.questions.answer(question, destination, call.now).await
    }

    /// A session recording or the like: accepted, dropped, counted (D17).
    async fn drop_call(&self, source: &SourceRuntime, rule: Rule) -> Fate {
        if self.is_stopping() || !self.space.intake_open() {
            return Fate::Overloaded;
        }
        let mut batch = MinimisedBatch::new(self.clock.now());
        batch.count_dropped(source.policy.id.as_str(), rule, 1);
        match self.journal.append(batch).await {
            Ok(_) => Fate::Accepted(1),
            Err(_) => Fate::Overloaded,
        }
    }

    /// The keys, with the day's raw-id key made durable first where the source keeps raw ids (D8).
    fn snapshot_for(&self, source: &SourceRuntime, now: Millis) -> Arc<KeySnapshot> {
        let snapshot = self.keys.snapshot();
        if !source.policy.keeps_raw || snapshot.raw_day(raw_day(now)).is_some() {
            return snapshot;
        }
        if self.keys.ensure_raw_day(raw_day(now)).is_err() {
            log::emit(Level::Error, "no raw-id key could be made for today; raw ids of this request are not kept", &[]);
        }
        self.keys.snapshot()
    }

    /// Puts events that come back from the raw hold through the gate: today's policy, the same event id and epoch time, past the
    /// dedup window (D10). Returns the ids that are durable now; the hold marks them done. With `dry_run` nothing is kept.
    pub async fn replay(&self, entries: Vec<Reentry>, dry_run: bool) -> Vec<(EventId, Replayed)> {
        let generation = self.generation();
        let mut results = Vec::with_capacity(entries.len());
        for entry in entries {
            results.push((entry.event_id, self.replay_one(&generation, entry, dry_run).await));
        }
        results
    }

    async fn replay_one(&self, generation: &Generation, entry: Reentry, dry_run: bool) -> Replayed {
        let Some(source) = generation.source(entry.source.as_str()) else { return Replayed::NoSource };
        let now = self.clock.now();
        let keys = self.snapshot_for(source, now);
        let Ok(drafts) = weir_policy::withheld::decode(&entry.body, &source.memory.names) else {
            return Replayed::Unreadable;
        };
        let Some(draft) = drafts.drafts.first() else { return Replayed::Unreadable };
        let tapped = source.mode_of(draft.name) == Mode::Tap;
        // The request and its address are gone; what the source or the event says is not.
        let (region, region_source) = match source.country {
            Country::Event => region_in(&drafts, draft, source),
            _ => region_of(source, None),
        };
        let gate = Gate {
            source: if tapped { &source.tapped } else { &source.policy },
            received_at: now,
            region,
            region_source,
            generation: generation.id,
            // What the request's head said is in the body.
            consent: Consent::new(&source.consent, ConsentStates::UNKNOWN),
            keys: &keys,
            offered: if tapped { &[] } else { &source.offered },
            raw_day: raw_day(now),
            replay_of: Some(entry.epoch_time),
        };
        let mut batch = MinimisedBatch::new(now);
        batch.detect_with(generation.detectors.pin());
        let id = entry.event_id;
        match catch_unwind(AssertUnwindSafe(|| self.minimiser.minimise(&gate, &drafts, draft, id, &mut batch))) {
            Ok(Ok(())) if dry_run => Replayed::Would,
            Ok(Ok(())) => {
                let refusals = batch.take_refusals();
                match self.journal.append(batch).await {
                    Ok(offsets) => {
                        self.withdrawals.note(&refusals, offsets.start.0);
                        Replayed::Journaled
                    }
                    Err(_) => Replayed::NotNow,
                }
            }
            Ok(Err(held)) => Replayed::Withheld(held.reason()),
            Err(_) => Replayed::Withheld(Rule::StageFailed),
        }
    }

    /// The generation's id, for status and metrics.
    pub fn generation_id(&self) -> GenerationId {
        self.generation().id
    }
}

/// The country of a request's events: what its source says, or that of the client's truncated address (D18).
fn region_of(source: &SourceRuntime, client: Option<TruncatedAddress>) -> (Region, RegionSource) {
    match source.country {
        Country::Declared(region) => (region, RegionSource::Declared),
        Country::Client => known(client.map_or(Region::UNKNOWN, country::look_up), RegionSource::ClientAddress),
        Country::Event | Country::Unknown => known(Region::UNKNOWN, RegionSource::Unknown),
    }
}

/// The country of the address that an event says it is from: servers send events of many people over one connection.
fn region_in(drafts: &DraftBatch, draft: &Draft, source: &SourceRuntime) -> (Region, RegionSource) {
    let mut leaves = drafts.tape(draft).iter().filter(|leaf| leaf.path == source.address_path);
    let address = leaves.find_map(|leaf| drafts.str(leaf.text).trim().parse().ok());
    let region = address.map_or(Region::UNKNOWN, |address| country::look_up(TruncatedAddress::of(address)));
    known(region, RegionSource::Declared)
}

fn known(region: Region, source: RegionSource) -> (Region, RegionSource) {
    (region, if region == Region::UNKNOWN { RegionSource::Unknown } else { source })
}

fn raw_day(now: Millis) -> u32 {
    u32::try_from(now.day()).unwrap_or(0)
}

/// `/in/<source>/rest` → (source, `/rest`).
fn split(path: &str) -> Option<(&str, &str)> {
    let after = path.strip_prefix(PREFIX)?;
    Some(match after.find('/') {
        Some(slash) => (&after[..slash], &after[slash..]),
        None => (after, "/"),
    })
}

/// The source of a request and the key that says so: the named source if a candidate is one of its keys, else the one of this
/// protocol that a candidate is a key of.
fn authorise<'g>(
    generation: &'g Generation,
    named: Option<&'g Arc<SourceRuntime>>,
    protocol: &dyn Protocol,
    head: &RequestHead<'_>,
    opened: &Opened,
) -> Option<(&'g Arc<SourceRuntime>, &'g str)> {
    let candidates = protocol.find_write_keys(head, opened);
    let speaks = |source: &SourceRuntime| source.protocol.number() == protocol.number();
    candidates.iter().find_map(|candidate| {
        let source = match named {
            Some(source) => source,
            None => generation.source_of_key(candidate.reveal()).filter(|source| speaks(source))?,
        };
        Some((source, source.own_key(candidate.reveal())?))
    })
}

/// What can be opened of the body of a call that bears no events; empty where it cannot.
fn open_quietly(
    generation: &Generation,
    protocol: &dyn Protocol,
    endpoint: Endpoint,
    head: &RequestHead<'_>,
    body: Body,
) -> Opened {
    let limits = body::Limits { decoded_bytes_max: generation.config.limits.body_decoded_bytes };
    match body {
        Body::Whole(bytes, mut taken) => {
            let received = bytes.len();
            let opened = protocol.open(endpoint, head, bytes, &limits).unwrap_or_default();
            let more = opened.text_bytes().len().saturating_sub(received);
            if taken.grow(more) { opened } else { Opened::default() }
        }
        Body::Refused(_) => Opened::default(),
    }
}

fn not_found() -> Answer {
    Answer::new(404, "text/plain", &b"not found: SDKs reach a source under /in/<source>/\n"[..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_names_the_source_and_leaves_the_vendor_path() {
        assert_eq!(split("/in/web/track/"), Some(("web", "/track/")));
        assert_eq!(split("/in/web"), Some(("web", "/")));
        assert_eq!(split("/track"), None);
    }
}

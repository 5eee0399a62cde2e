//! What the company keeps of an event at all. D4 (time), D5 (event id), D6 (tags), D8 (raw ids), D9 (the record).
//!
//! Order matters: ids are tagged first, then every leaf is scanned and kept, reduced or dropped, contact details are tagged as
//! they go, and only then is the record put together, from clean parts. The default policy:
//!
//! | found | done |
//! |---|---|
//! | secrets, passwords, cards, bank accounts, national ids, e-mail, phone, postal address, date of birth, precise location, long text | the whole leaf is dropped, the structure around it stays |
//! | names, where the key says so | dropped |
//! | an IP address as the whole value | its network, /24 or /48; inside a text: dropped |
//! | a URL as the whole value; where the property's name speaks of URLs, a relative one too | origin and templated path; `utm_*` of the page's query become `context.campaign.*` |
//! | a value that is one of the event's own ids, or a longer text that holds one | dropped: the id is tagged, not stored |
//! | an unclean key on the way | dropped and counted |
//!
//! A finding below *possible* is a near miss: counted, not acted on; the catalog learns from the counts. An error or a limit withholds the event, never keeps it.

pub(crate) mod actions;
pub(crate) mod identities;
pub mod moments;
mod own_ids;

use std::cell::RefCell;
use std::sync::{Arc, OnceLock};

use weir_detect::{Engine, PathFacts, TruncatedAddress};
use weir_event::draft::Leaf;
use weir_event::names::NameKind;
use weir_event::{
    Category, Draft, DraftBatch, EventId, LeafKind, Likelihood, NameId, Names, Region, Rule, SubjectKind, limits, wire,
};

use crate::batch::{MinimisedBatch, Work};
use crate::detectors::Stands;
use crate::gate::{Action, Gate};
use crate::paths::{CAMPAIGN, PathPlan, PathTable, Place};
use crate::record::{self, CUT, FINDINGS_MAX, HAS_RAW, HISTORICAL, LATE, REPLAYED, TAGS_MAX};
use crate::slices::Told;
use crate::withdrawals::{Refusal, is_persons};
use crate::withheld::Withheld;
use actions::{action_for, is_http_url, is_relative_url, operation_class, whole_address};
use identities::{cached_tag, fingerprint, link_identities, seal_raw};
use moments::{times, times_of_replay};
use own_ids::{holds_an_id, repeats_an_id, without_ids};

/// Makes records of drafts. Shared by all intake threads.
pub struct Minimiser {
    engine: Arc<Engine>,
    names: Arc<Names>,
    paths: PathTable,
    campaign: [(&'static str, NameId); 6],
    countries: Box<[OnceLock<NameId>]>,
    told: Told,
}

/// A finding and what was done, before it is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct StoredFinding {
    pub(crate) path: NameId,
    pub(crate) category: Category,
    pub(crate) likelihood: Likelihood,
    pub(crate) action: Action,
}

impl Minimiser {
    /// A minimiser over the process's names.
    pub fn new(engine: Arc<Engine>, names: Arc<Names>) -> Minimiser {
        let campaign = CAMPAIGN.map(|key| {
            let path = names.restore(NameKind::Path, &format!("context.campaign.{key}"));
            (key, path.unwrap_or(NameId::UNNAMED))
        });
        let countries = (0..=26 * 26).map(|_| OnceLock::new()).collect();
        Minimiser { engine, names, paths: PathTable::new(), campaign, countries, told: Told::default() }
    }

    /// The id of an event (D5): keyed from the SDK's own id, or random. Never of content.
    pub fn event_id(&self, gate: &Gate<'_>, batch: &DraftBatch, draft: &Draft) -> EventId {
        match draft.sdk_id.map(|id| batch.bytes(id)).filter(|id| !id.is_empty()) {
            Some(sdk_id) => {
                let kind = operation_class(draft.operation);
                gate.keys.event_id(gate.source.environment, gate.source.id.as_str(), kind, sdk_id)
            }
            None => gate.keys.random_event_id(),
        }
    }

    /// Appends the event's record to `out`, or says why it cannot be kept; then `out` is as before.
    pub fn minimise(
        &self,
        gate: &Gate<'_>,
        batch: &DraftBatch,
        draft: &Draft,
        event_id: EventId,
        out: &mut MinimisedBatch,
    ) -> Result<(), Withheld> {
        let fate = WORK.with_borrow_mut(|work| {
            work.clear();
            work.keys = *out.keys.get_or_insert_with(|| fingerprint(gate));
            self.write_record(gate, batch, draft, event_id, work, out)?;
            note_refusals(work, out);
            out.push_record(&work.record, &self.names, gate.source.label, gate.offered);
            Ok(())
        });
        match fate {
            Ok(()) => {
                if gate.offered.is_empty() {
                    out.delta().undelivered(if gate.source.tap { Rule::Tap } else { Rule::NoDestination });
                }
                if gate.replay_of.is_some() {
                    out.delta().replayed(event_id);
                }
                Ok(())
            }
            Err(rule) => Err(self.withhold(gate, batch, draft, event_id, rule, "minimise")),
        }
    }

    /// Makes of an event what may go to the raw hold (D10): for stages that failed before or in minimise.
    pub fn withhold(
        &self,
        gate: &Gate<'_>,
        batch: &DraftBatch,
        draft: &Draft,
        event_id: EventId,
        rule: Rule,
        stage: &'static str,
    ) -> Withheld {
        let epoch = gate.replay_of.unwrap_or_else(|| times(draft.client_time, draft.sent_at, gate.received_at).epoch);
        Withheld::new(gate, &self.names, batch, draft, event_id, rule, stage, epoch)
    }

    fn write_record(
        &self,
        gate: &Gate<'_>,
        batch: &DraftBatch,
        draft: &Draft,
        event_id: EventId,
        work: &mut Work,
        out: &mut MinimisedBatch,
    ) -> Result<(), Rule> {
        if let Some(rule) = draft.fault {
            return Err(rule);
        }
        if draft.name == NameId::UNNAMED {
            return Err(Rule::EventNameUnclean);
        }
        if draft.identities.iter().any(|i| i.text.len as usize > limits::ID_BYTES_MAX)
            || draft.sdk_id.is_some_and(|id| id.len as usize > limits::ID_BYTES_MAX)
        {
            return Err(Rule::OverLimit);
        }
        let mut flags = 0;
        let times = match gate.replay_of {
            Some(epoch) => times_of_replay(draft.client_time, epoch),
            None => times(draft.client_time, draft.sent_at, gate.received_at),
        };
        if times.late {
            flags |= LATE;
        }
        if draft.historical {
            flags |= HISTORICAL;
        }
        if gate.replay_of.is_some() {
            flags |= REPLAYED;
        }
        self.tag_identities(gate, batch, draft, work);
        // An event named after its own subject would carry the raw id to every destination and into the ledger's names.
        if repeats_an_id(batch, &work.ids, batch.bytes(draft.name_text)) {
            return Err(Rule::EventNameUnclean);
        }
        let walked = self.walk(gate, batch, draft, work, out)?;
        self.tag_contacts(gate, work);
        link_identities(draft.operation, &work.tags, &mut work.links);
        let full = |n: usize| n >= FINDINGS_MAX;
        if full(work.findings.len())
            || full(work.withheld.len())
            || full(work.near_misses.len())
            || work.tags.len() >= TAGS_MAX
        {
            flags |= CUT;
        }
        let raw_day = if gate.source.keeps_raw { seal_raw(gate, event_id, work) } else { None };
        if raw_day.is_some() {
            flags |= HAS_RAW;
        }

        let slices = &gate.source.slices;
        let slice = if slices.is_country_alone() {
            self.country(gate.region)
        } else {
            self.told.slice(slices, &self.names, gate.region, &work.leaves, &work.findings)
        };
        work.consents = gate.consent.of_event(batch, draft);
        let record = &mut work.record;
        record.extend_from_slice(&record::VERSION.to_le_bytes());
        record.extend_from_slice(&event_id.0);
        record.extend_from_slice(&u16::to_le_bytes(flags));
        record.push(gate.source.environment as u8);
        record.push(gate.source.protocol);
        record.push(draft.operation.number());
        record.extend_from_slice(&gate.region.0);
        record.push(gate.region_source as u8);
        record.extend_from_slice(&gate.received_at.0.to_le_bytes());
        record.extend_from_slice(&times.event.0.to_le_bytes());
        record.extend_from_slice(&times.epoch.0.to_le_bytes());
        record.extend_from_slice(&gate.generation.0);
        wire::put_varint(record, u64::from(out.detectors.version(&self.engine)));
        for name in [gate.source.label, draft.name, slice] {
            out.note_name(name);
            put_name(record, name);
        }
        wire::put_varint(record, u64::from(draft.unnamed) + walked.unnamed);

        // Lists are written to a scratch first: their length comes before them and its own length varies.
        let list = &mut work.text;
        list.clear();
        for label in gate.offered {
            out.note_name(*label);
            put_name(list, *label);
        }
        end_list(record, list);
        work.consents.known().for_each(|pair| list.extend_from_slice(&pair));
        end_list(record, list);
        for tag in &work.tags {
            list.push(tag.kind.number());
            if let SubjectKind::Group(group_type) = tag.kind {
                out.note_name(group_type);
                put_name(list, group_type);
            }
            list.extend_from_slice(&[tag.role as u8, tag.shape]);
            list.extend_from_slice(&tag.tag.0);
        }
        end_list(record, list);
        for (kind, from, to) in &work.links {
            list.extend_from_slice(&[*kind, *from, *to]);
        }
        end_list(record, list);
        for finding in &work.findings {
            out.note_name(finding.path);
            put_name(list, finding.path);
            list.extend_from_slice(&[finding.category as u8, finding.likelihood as u8, finding.action as u8]);
        }
        end_list(record, list);
        for (path, category, count) in &work.near_misses {
            out.note_name(*path);
            put_name(list, *path);
            list.push(*category);
            wire::put_varint(list, u64::from(*count));
        }
        end_list(record, list);
        for (path, rule) in &work.withheld {
            out.note_name(*path);
            put_name(list, *path);
            list.push(*rule as u8);
        }
        end_list(record, list);
        wire::put_bytes(record, &work.leaves);
        if let Some(day) = raw_day {
            record.extend_from_slice(&day.to_le_bytes());
            wire::put_bytes(record, &work.raw);
        }
        if record.len() > record::RECORD_BYTES_MAX { Err(Rule::TooLarge) } else { Ok(()) }
    }

    fn country(&self, region: Region) -> NameId {
        let place = match region.code().map(str::as_bytes) {
            Some(&[a @ b'A'..=b'Z', b @ b'A'..=b'Z']) => 1 + usize::from(a - b'A') * 26 + usize::from(b - b'A'),
            _ => 0,
        };
        *self.countries[place].get_or_init(|| self.names.label(region.code().unwrap_or("unknown")))
    }

    /// Walks the tape: scans, keeps, reduces or drops each leaf.
    fn walk(
        &self,
        gate: &Gate<'_>,
        batch: &DraftBatch,
        draft: &Draft,
        work: &mut Work,
        out: &mut MinimisedBatch,
    ) -> Result<Walked, Rule> {
        let tape = batch.tape(draft);
        let (mut depth, mut scalars, mut unnamed) = (0_usize, 0_usize, 0_u64);
        let mut campaign_seen = 0_u8;
        let mut i = 0;
        while let Some(leaf) = tape.get(i) {
            i += 1;
            if leaf.path == NameId::UNNAMED {
                // An unclean key on the way: the value goes, with everything below it.
                unnamed += 1;
                if leaf.kind == LeafKind::MapKey {
                    i = after_value(tape, i);
                } else if matches!(leaf.kind, LeafKind::ObjectBegin | LeafKind::ArrayBegin) {
                    i = after_value(tape, i - 1);
                }
                continue;
            }
            match leaf.kind {
                LeafKind::ObjectBegin | LeafKind::ArrayBegin => {
                    depth += 1;
                    if depth > limits::JSON_DEPTH_MAX {
                        return Err(Rule::OverLimit);
                    }
                    put_leaf(work, out, leaf.path, leaf.kind, None);
                    continue;
                }
                LeafKind::ObjectEnd | LeafKind::ArrayEnd => {
                    depth = depth.checked_sub(1).ok_or(Rule::Malformed)?;
                    put_leaf(work, out, leaf.path, leaf.kind, None);
                    continue;
                }
                LeafKind::Null
                | LeafKind::True
                | LeafKind::False
                | LeafKind::Number
                | LeafKind::String
                | LeafKind::MapKey => {}
            }
            scalars += 1;
            if scalars > limits::EVENT_LEAVES_MAX {
                return Err(Rule::OverLimit);
            }
            if !leaf.kind.has_text() {
                put_leaf(work, out, leaf.path, leaf.kind, None);
                continue;
            }
            let text = batch.bytes(leaf.text);
            let plan = self.paths.plan(&self.engine, &self.names, leaf.path);
            campaign_seen |= plan.campaign;
            let kept = self.leaf(gate, batch, draft, leaf, plan, text, work, out);
            if !kept && leaf.kind == LeafKind::MapKey {
                i = after_value(tape, i);
            }
        }
        if depth != 0 {
            return Err(Rule::Malformed);
        }
        if work.extra.is_empty() {
            return Ok(Walked { unnamed });
        }
        for (path, value) in std::mem::take(&mut work.extra) {
            if self.paths.plan(&self.engine, &self.names, path).campaign & campaign_seen == 0 {
                put_leaf(work, out, path, LeafKind::String, Some(value.as_bytes()));
            }
        }
        Ok(Walked { unnamed })
    }

    /// One leaf with text. Returns whether it is in the record in some form.
    #[inline]
    #[expect(clippy::too_many_arguments, reason = "the one inner loop; a struct of them would be built for each event")]
    fn leaf(
        &self,
        gate: &Gate<'_>,
        batch: &DraftBatch,
        draft: &Draft,
        leaf: &Leaf,
        plan: PathPlan,
        text: &[u8],
        work: &mut Work,
        out: &mut MinimisedBatch,
    ) -> bool {
        work.found.clear();
        if !matches!(plan.place, Place::Address | Place::Session) {
            let facts = plan.facts_in(draft.operation).and(PathFacts::COUNTING);
            let (source, event, at) = (gate.source.label, draft.name, gate.received_at);
            let stands = Stands { source, event, path: leaf.path, at };
            out.detectors.scan(&self.engine, &self.names, facts, (leaf.kind, text), stands, &mut work.found);
            let is_url = match plan.place {
                Place::Page | Place::PageUrl => true,
                _ => is_http_url(text) || (plan.names_url && is_relative_url(text)),
            };
            // Most values are shorter than every id.
            let may_hold_id = text.len() >= work.id_bytes_min;
            if work.found.is_empty() && !is_url && !(may_hold_id && holds_an_id(batch, &work.ids, leaf.kind, text)) {
                put_text(work, out, leaf.path, leaf.kind, text);
                return true;
            }
        }
        self.leaf_closer(gate, batch, draft, leaf, plan, text, work, out)
    }

    /// A leaf that is not simply kept: an address, a session, a URL, an id of the event, or one in which something was found (it
    /// is in `work.found`).
    #[expect(clippy::too_many_arguments, reason = "as `leaf`")]
    #[inline(never)]
    fn leaf_closer(
        &self,
        gate: &Gate<'_>,
        batch: &DraftBatch,
        draft: &Draft,
        leaf: &Leaf,
        plan: PathPlan,
        text: &[u8],
        work: &mut Work,
        out: &mut MinimisedBatch,
    ) -> bool {
        match plan.place {
            Place::Address => {
                let network = whole_address(text).map(|ip| TruncatedAddress::of(ip).network());
                let action = if network.is_some() { Action::Truncate } else { Action::Drop };
                add_finding(work, leaf.path, Category::IpAddress, Likelihood::VeryLikely, action);
                return self.put_or_withhold(work, out, leaf, network.map(|n| n.to_string().into_bytes()));
            }
            Place::Session => {
                let tag = cached_tag(gate, &work.keys, "session", text);
                return self.put_or_withhold(work, out, leaf, Some(weir_event::ids::hex(&tag.0).into_bytes()));
            }
            Place::Property | Place::Profile | Place::Page | Place::PageUrl => {}
        }

        let is_url = leaf.kind != LeafKind::Number
            && match plan.place {
                Place::Page | Place::PageUrl => !text.is_empty() && text != b"$direct",
                _ => is_http_url(text) || (plan.names_url && is_relative_url(text)),
            };
        let repeats =
            if is_url { repeats_an_id(batch, &work.ids, text) } else { holds_an_id(batch, &work.ids, leaf.kind, text) };
        if work.found.is_empty() && !is_url && !repeats {
            put_leaf(work, out, leaf.path, leaf.kind, Some(text));
            return true;
        }

        // From here on the leaf is one of few, and may cost an allocation.
        let mut fate = Action::Keep;
        let found = std::mem::take(&mut work.found);
        for finding in &found {
            if finding.likelihood < Likelihood::Possible {
                // The check passes, only the profile speaks against it: the catalog has to go on counting these.
                if finding.likelihood == Likelihood::Unlikely
                    && out.detectors.speaks_against(finding.category, leaf.path)
                {
                    add_finding(work, leaf.path, finding.category, finding.likelihood, Action::Keep);
                    continue;
                }
                add_near_miss(work, leaf.path, finding.category);
                continue;
            }
            let (source, event, at) = (gate.source.label, draft.name, gate.received_at);
            out.detectors.note(Stands { source, event, path: leaf.path, at }, text, finding);
            self.note_contact(draft, plan.place, text, finding, work);
            fate = fate.max_severity(action_for(finding, text));
        }
        let sure = found.iter().filter(|f| f.likelihood >= Likelihood::Possible);
        let kept = if repeats {
            add_finding(work, leaf.path, Category::UniqueId, Likelihood::VeryLikely, Action::Drop);
            sure.for_each(|f| add_finding(work, leaf.path, f.category, f.likelihood, Action::Drop));
            self.put_or_withhold(work, out, leaf, None)
        } else if is_url {
            // A template holds nothing of user information, query or fragment, so what was found there is gone with them; what
            // the template still holds is scanned again.
            sure.for_each(|f| add_finding(work, leaf.path, f.category, f.likelihood, Action::Drop));
            let url = without_ids(batch, &work.ids, text);
            let kept = self.put_template(batch, plan, leaf, text, &url, work, out);
            let action = if kept { Action::Template } else { Action::Drop };
            // Of what may be no URL and lost nothing there is nothing to say: `image/png`, `/docs/intro`.
            let is_page = matches!(plan.place, Place::Page | Place::PageUrl);
            if !kept || is_page || is_http_url(text) || !work.leaves.ends_with(text) {
                add_finding(work, leaf.path, Category::BrowsingHistory, Likelihood::Likely, action);
            }
            kept || self.put_or_withhold(work, out, leaf, None)
        } else {
            let reduced = match fate {
                Action::Truncate => {
                    whole_address(text).map(|ip| TruncatedAddress::of(ip).network().to_string().into_bytes())
                }
                _ => None,
            };
            if fate == Action::Truncate && reduced.is_none() {
                fate = Action::Drop;
            }
            sure.for_each(|f| add_finding(work, leaf.path, f.category, f.likelihood, fate));
            if fate == Action::Keep {
                put_leaf(work, out, leaf.path, leaf.kind, Some(text));
                true
            } else {
                self.put_or_withhold(work, out, leaf, reduced)
            }
        };
        work.found = found;
        kept
    }

    /// Writes what is left of a URL: `text` as it stood, `url` without the event's ids. Returns whether there is something. Of a
    /// map key all is left or nothing: two that become one would be one entry of the map.
    #[expect(clippy::too_many_arguments, reason = "as `leaf`")]
    fn put_template(
        &self,
        batch: &DraftBatch,
        plan: PathPlan,
        leaf: &Leaf,
        text: &[u8],
        url: &[u8],
        work: &mut Work,
        out: &mut MinimisedBatch,
    ) -> bool {
        // Only a campaign is read from the query; a template depends on what stands before it alone.
        let (before, query) = url.split_at(memchr::memchr2(b'?', b'#', url).unwrap_or(url.len()));
        let names_campaign =
            plan.place == Place::PageUrl && query.contains(&b'_') && memchr::memmem::find(query, b"utm_").is_some();
        let url = if names_campaign { url } else { before };
        let is_page = matches!(plan.place, Place::Page | Place::PageUrl);
        // What a relative URL lacks is put before it, and taken away again.
        let lacks = match url {
            _ if is_page || is_http_url(url) => "",
            [b'/', b'/', ..] => "https:",
            [b'/', ..] => "",
            _ => "/",
        };
        let completed;
        let url = if lacks.is_empty() {
            url
        } else {
            completed = [lacks.as_bytes(), url].concat();
            &completed
        };
        let mut template = std::mem::take(&mut work.url);
        let query = std::str::from_utf8(url).ok().and_then(|url| weir_detect::url::template_into(url, &mut template));
        let left = template.get(lacks.len()..).unwrap_or_default();
        let whole = leaf.kind != LeafKind::MapKey || left.as_bytes() == text;
        let kept = query.filter(|_| !left.is_empty() && whole && self.is_clean(plan.facts, left, work));
        if let Some(query) = kept {
            if names_campaign {
                self.take_campaign(batch, weir_detect::url::campaign(query), work);
            }
            put_leaf(work, out, leaf.path, leaf.kind, Some(left.as_bytes()));
        }
        work.url = template;
        kept.is_some()
    }

    fn put_or_withhold(
        &self,
        work: &mut Work,
        out: &mut MinimisedBatch,
        leaf: &Leaf,
        reduced: Option<Vec<u8>>,
    ) -> bool {
        match reduced {
            Some(text) => {
                let kind = if leaf.kind == LeafKind::MapKey { LeafKind::MapKey } else { LeafKind::String };
                put_leaf(work, out, leaf.path, kind, Some(&text));
                true
            }
            None => {
                let entry = (leaf.path, Rule::Minimised);
                if work.withheld.len() < FINDINGS_MAX && !work.withheld.contains(&entry) {
                    work.withheld.push(entry);
                }
                false
            }
        }
    }

    fn is_clean(&self, facts: PathFacts, text: &str, work: &mut Work) -> bool {
        work.found.clear();
        self.engine.scan(facts, LeafKind::String, text.as_bytes(), &mut work.found);
        let clean = work
            .found
            .iter()
            .all(|f| f.likelihood < Likelihood::Possible || action_for(f, text.as_bytes()) == Action::Keep);
        work.found.clear();
        clean
    }

    fn take_campaign(&self, batch: &DraftBatch, utm: Vec<(&'static str, String)>, work: &mut Work) {
        for (key, value) in utm {
            if holds_an_id(batch, &work.ids, LeafKind::String, value.as_bytes()) {
                continue;
            }
            let key = key.strip_prefix("utm_").unwrap_or(key);
            let key = if key == "campaign" { "name" } else { key };
            let Some((_, path)) = self.campaign.iter().find(|(name, _)| *name == key) else { continue };
            let plan = self.paths.plan(&self.engine, &self.names, *path);
            if self.is_clean(plan.facts, &value, work) && work.extra.len() < self.campaign.len() {
                work.extra.push((*path, value));
            }
        }
    }
}

thread_local! {
    /// Nothing that is borrowed from it lives longer than one event, and a panic gives it back.
    static WORK: RefCell<Work> = RefCell::default();
}

struct Walked {
    unnamed: u64,
}

/// What an event refuses, under each tag that is its person's own: kept beside the records until they are durable.
fn note_refusals(work: &Work, out: &mut MinimisedBatch) {
    let purposes = work.consents.refused();
    if purposes.is_empty() {
        return;
    }
    let index = out.events();
    for tag in work.tags.iter().filter(|tag| is_persons(tag)) {
        out.refusals.push(Refusal { index, tag: tag.tag, purposes });
    }
}

#[inline]
fn put_name(out: &mut Vec<u8>, name: NameId) {
    wire::put_varint(out, u64::from(name.0));
}

fn end_list(record: &mut Vec<u8>, list: &mut Vec<u8>) {
    if list.is_empty() {
        // Most of them.
        record.push(0);
        return;
    }
    wire::put_bytes(record, list);
    list.clear();
}

fn put_leaf(work: &mut Work, out: &mut MinimisedBatch, path: NameId, kind: LeafKind, text: Option<&[u8]>) {
    if kind.has_text() {
        put_text(work, out, path, kind, text.unwrap_or_default());
    } else {
        out.note_name(path);
        put_name(&mut work.leaves, path);
        work.leaves.push(kind as u8);
    }
}

/// Writes a leaf of a kind that has text. In place, because most leaves come by here from one loop.
#[inline(always)]
fn put_text(work: &mut Work, out: &mut MinimisedBatch, path: NameId, kind: LeafKind, text: &[u8]) {
    out.note_name(path);
    let leaves = &mut work.leaves;
    match path.0 {
        // Most leaves: the numbers are one or two bytes each and go in at once.
        0..0x80 if text.len() < 0x80 => {
            leaves.extend_from_slice(&[path.0 as u8, kind as u8, text.len() as u8]);
            leaves.extend_from_slice(text);
        }
        0x80..0x4000 if text.len() < 0x80 => {
            let (low, high) = (path.0 as u8 | 0x80, (path.0 >> 7) as u8);
            leaves.extend_from_slice(&[low, high, kind as u8, text.len() as u8]);
            leaves.extend_from_slice(text);
        }
        _ => {
            put_name(leaves, path);
            leaves.push(kind as u8);
            wire::put_bytes(leaves, text);
        }
    }
}

/// The place after the value that begins at `at`: one leaf, or a whole object or array.
fn after_value(tape: &[Leaf], at: usize) -> usize {
    let mut depth = 0_usize;
    let mut i = at;
    while let Some(leaf) = tape.get(i) {
        i += 1;
        match leaf.kind {
            LeafKind::ObjectBegin | LeafKind::ArrayBegin => depth += 1,
            // Nothing to skip: the container ends here.
            LeafKind::ObjectEnd | LeafKind::ArrayEnd if depth == 0 => return at,
            LeafKind::ObjectEnd | LeafKind::ArrayEnd => depth -= 1,
            LeafKind::MapKey => continue,
            _ => {}
        }
        if depth == 0 {
            return i;
        }
    }
    i
}

fn add_finding(work: &mut Work, path: NameId, category: Category, likelihood: Likelihood, action: Action) {
    let finding = StoredFinding { path, category, likelihood, action };
    if work.findings.len() < FINDINGS_MAX && !work.findings.contains(&finding) {
        work.findings.push(finding);
    }
}

fn add_near_miss(work: &mut Work, path: NameId, category: Category) {
    let category = category as u8;
    let near_misses = &mut work.near_misses;
    match near_misses.iter().position(|(p, c, _)| *p == path && *c == category) {
        Some(place) => near_misses[place].2 = near_misses[place].2.saturating_add(1),
        None if near_misses.len() < FINDINGS_MAX => near_misses.push((path, category, 1)),
        None => {}
    }
}

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

use std::borrow::Cow;
use std::cell::RefCell;
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use foldhash::fast::FixedState;
use weir_detect::{Engine, PathFacts, TruncatedAddress};
use weir_event::draft::Leaf;
use weir_event::{
    Category, Draft, DraftBatch, EventId, Evidence, Finding, Identity, LeafKind, Likelihood, Millis, NameId, Names,
    Operation, ProfileOp, Region, Role, Rule, SubjectKind, SubjectTag, Text, limits, names::NameKind, wire,
};

use crate::batch::{MinimisedBatch, Work};
use crate::canonical;
use crate::detectors::Stands;
use crate::gate::{Action, Gate};
use crate::paths::{CAMPAIGN, PathPlan, PathTable, Place};
use crate::record::{self, CUT, FINDINGS_MAX, HAS_RAW, HISTORICAL, LATE, LinkKind, REPLAYED, TAGS_MAX, Tag};
use crate::withdrawals::{Refusal, is_persons};
use crate::withheld::Withheld;

/// Makes records of drafts. Shared by all intake threads.
pub struct Minimiser {
    engine: Arc<Engine>,
    names: Arc<Names>,
    paths: PathTable,
    campaign: [(&'static str, NameId); 6],
    countries: Box<[OnceLock<NameId>]>,
}

/// A finding and what was done, before it is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct StoredFinding {
    pub(crate) path: NameId,
    pub(crate) category: Category,
    pub(crate) likelihood: Likelihood,
    pub(crate) action: Action,
}

/// A contact detail on its way to a tag.
pub(crate) struct Contact {
    kind: SubjectKind,
    canonical: String,
    own: bool,
}

/// The times of an event, fixed once (D4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Times {
    /// What vendors are told.
    pub event: Millis,
    /// What decides the epoch.
    pub epoch: Millis,
    /// Whether the client's timestamp was older than 48 hours.
    pub late: bool,
}

impl Minimiser {
    /// A minimiser over the process's names.
    pub fn new(engine: Arc<Engine>, names: Arc<Names>) -> Minimiser {
        let campaign = CAMPAIGN.map(|key| {
            let path = names.restore(NameKind::Path, &format!("context.campaign.{key}"));
            (key, path.unwrap_or(NameId::UNNAMED))
        });
        let countries = (0..=26 * 26).map(|_| OnceLock::new()).collect();
        Minimiser { engine, names, paths: PathTable::new(), campaign, countries }
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

        let slice = self.country(gate.region);
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

    fn tag_identities(&self, gate: &Gate<'_>, batch: &DraftBatch, draft: &Draft, work: &mut Work) {
        for identity in &draft.identities {
            if work.tags.len() >= TAGS_MAX {
                return;
            }
            let Some(id) = canonical_of(batch, identity) else { continue };
            if !matches!(identity.kind, SubjectKind::Group(_)) && id.len() >= REPEATED_ID_BYTES_MIN {
                let text = trimmed(batch, identity.text);
                // Most events name their subject twice.
                if work.ids.iter().all(|known| batch.bytes(*known) != batch.bytes(text)) {
                    work.ids.push(text);
                    work.id_bytes_min = work.id_bytes_min.min(text.len as usize);
                }
            }
            let shape = match identity.kind {
                SubjectKind::User | SubjectKind::Device | SubjectKind::Group(_) => canonical::shape(&id),
                SubjectKind::Email => record::SHAPE_EMAIL,
                SubjectKind::Phone => record::SHAPE_PHONE,
            };
            let tag = self.tag(gate, &work.keys, identity.kind, id.as_bytes());
            work.tags.push(Tag { kind: identity.kind, role: identity.role, shape, tag });
            if gate.source.keeps_raw {
                work.raw.push((work.tags.len() - 1) as u8);
                wire::put_bytes(&mut work.raw, id.as_bytes());
            }
            // An id that is a contact detail is also tagged as one, so that the person is found by it.
            if identity.kind == SubjectKind::User && shape != 0 {
                let (kind, canonical) = if shape == record::SHAPE_EMAIL {
                    (SubjectKind::Email, canonical::email(id.as_bytes()))
                } else {
                    (SubjectKind::Phone, canonical::phone(id.as_bytes()))
                };
                if let Some(canonical) = canonical {
                    work.contacts.push(Contact { kind, canonical, own: true });
                }
            }
        }
    }

    fn tag_contacts(&self, gate: &Gate<'_>, work: &mut Work) {
        let subject = subject_place(&work.tags);
        for contact in &work.contacts {
            let tag = self.tag(gate, &work.keys, contact.kind, contact.canonical.as_bytes());
            let known = work.tags.iter().position(|t| t.tag == tag && t.kind == contact.kind);
            let place = match known {
                Some(place) => place,
                None if work.tags.len() >= TAGS_MAX => continue,
                None => {
                    let shape =
                        if contact.kind == SubjectKind::Email { record::SHAPE_EMAIL } else { record::SHAPE_PHONE };
                    work.tags.push(Tag { kind: contact.kind, role: Role::Contact, shape, tag });
                    work.tags.len() - 1
                }
            };
            let kind = match (contact.own, contact.kind) {
                (false, _) => LinkKind::Mentioned,
                (true, SubjectKind::Phone) => LinkKind::PhoneUser,
                (true, _) => LinkKind::EmailUser,
            };
            if let Some(subject) = subject {
                push_link(&mut work.links, kind, place, subject);
            }
        }
    }

    fn tag(&self, gate: &Gate<'_>, keys: &[u8; 16], kind: SubjectKind, canonical: &[u8]) -> SubjectTag {
        match kind {
            SubjectKind::User => cached_tag(gate, keys, "user", canonical),
            SubjectKind::Device => cached_tag(gate, keys, "device", canonical),
            SubjectKind::Email => cached_tag(gate, keys, "email", canonical),
            SubjectKind::Phone => cached_tag(gate, keys, "phone", canonical),
            SubjectKind::Group(group_type) => {
                let mut text = String::with_capacity(32);
                text.push_str("group:");
                text.push_str(self.names.entry(group_type).key);
                cached_tag(gate, keys, &text, canonical)
            }
        }
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
                put_leaf(work, out, leaf.path, leaf.kind, Some(text));
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
        let names_campaign = plan.place == Place::PageUrl && memchr::memmem::find(query, b"utm_").is_some();
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

    fn note_contact(&self, draft: &Draft, place: Place, text: &[u8], finding: &Finding, work: &mut Work) {
        let span = text.get(finding.span.0 as usize..finding.span.1 as usize).unwrap_or(text);
        let (kind, canonical) = match finding.category {
            Category::ContactEmail => (SubjectKind::Email, canonical::email(span)),
            Category::ContactPhone => (SubjectKind::Phone, canonical::phone(span)),
            _ => return,
        };
        let Some(canonical) = canonical else { return };
        if work.contacts.len() >= TAGS_MAX {
            return;
        }
        let whole = span.len() == text.trim_ascii().len();
        let own = place == Place::Profile && whole && matches!(draft.operation, Operation::Profile(_));
        work.contacts.push(Contact { kind, canonical, own });
    }
}

thread_local! {
    /// Nothing that is borrowed from it lives longer than one event, and a panic gives it back.
    static WORK: RefCell<Work> = RefCell::default();
}

struct Walked {
    unnamed: u64,
}

/// D4: the times of an event. `client` is the client's own timestamp before skew correction, `sent_at` what the client's clock
/// showed when it sent the request: only the vendor's time is corrected by it.
pub fn times(client: Option<Millis>, sent_at: Option<Millis>, received_at: Millis) -> Times {
    let Some(client) = client.map(in_milliseconds) else {
        return Times { event: received_at, epoch: received_at, late: false };
    };
    let oldest = received_at.plus(-limits::EPOCH_BACKDATE_MILLIS_MAX);
    let event = corrected(client, sent_at, received_at).min(received_at);
    Times { event, epoch: client.clamp(oldest, received_at), late: client < oldest }
}

/// The client's time by our clock: received_at − (sent_at − client). A request that was sent before its event happened says
/// nothing about its clock.
pub(crate) fn corrected(client: Millis, sent_at: Option<Millis>, received_at: Millis) -> Millis {
    match sent_at.map(|sent_at| in_milliseconds(sent_at).since(client)) {
        Some(waited) if waited >= 0 => received_at.plus(-waited),
        _ => client,
    }
}

/// The times of an event that was withheld with `epoch`: the same as at its first try, whenever it comes back.
fn times_of_replay(client: Option<Millis>, epoch: Millis) -> Times {
    let client = client.map_or(epoch, in_milliseconds);
    Times { event: client.min(epoch), epoch, late: client < epoch }
}

/// Micro- and nanoseconds are seen by their size: as milliseconds they would lie past the year 5138.
pub(crate) fn in_milliseconds(time: Millis) -> Millis {
    match time.0 {
        n if n >= 100_000_000_000_000_000 => Millis(n / 1_000_000),
        n if n >= 100_000_000_000_000 => Millis(n / 1_000),
        _ => time,
    }
}

/// The `kind` of D5. Operations that one SDK message may carry together have kinds of their own, or they would be duplicates.
fn operation_class(operation: Operation) -> &'static str {
    match operation {
        Operation::Track => "track",
        Operation::Identify => "identify",
        Operation::Alias => "alias",
        Operation::Merge => "merge",
        Operation::Page => "page",
        Operation::Screen => "screen",
        Operation::Join => "join",
        Operation::Profile(op) => match op {
            ProfileOp::Set => "profile.set",
            ProfileOp::SetOnce => "profile.set_once",
            ProfileOp::Add => "profile.add",
            ProfileOp::Append => "profile.append",
            ProfileOp::Union => "profile.union",
            ProfileOp::Remove => "profile.remove",
            ProfileOp::Unset => "profile.unset",
            ProfileOp::Delete => "profile.delete",
            ProfileOp::Prepend => "profile.prepend",
            ProfileOp::PreInsert => "profile.pre_insert",
            ProfileOp::Clear => "profile.clear",
        },
        Operation::Group(op) => match op {
            ProfileOp::Set => "group.set",
            ProfileOp::SetOnce => "group.set_once",
            ProfileOp::Add => "group.add",
            ProfileOp::Append => "group.append",
            ProfileOp::Union => "group.union",
            ProfileOp::Remove => "group.remove",
            ProfileOp::Unset => "group.unset",
            ProfileOp::Delete => "group.delete",
            ProfileOp::Prepend => "group.prepend",
            ProfileOp::PreInsert => "group.pre_insert",
            ProfileOp::Clear => "group.clear",
        },
    }
}

/// What the default policy does about a finding.
pub(crate) fn action_for(finding: &Finding, text: &[u8]) -> Action {
    match finding.category {
        Category::ContactEmail
        | Category::ContactPhone
        | Category::ContactAddress
        | Category::CreditCard
        | Category::BankAccount
        | Category::NationalId
        | Category::LocationPrecise
        | Category::DateOfBirth
        | Category::Password
        | Category::Secret
        | Category::SecretToken
        | Category::SecretUrl
        | Category::FreeText
        | Category::Health
        | Category::Cookie
        | Category::DriversLicense
        | Category::Passport
        | Category::VehicleRegistration
        | Category::Immigration
        | Category::MaritalStatus
        | Category::PoliticalOpinion
        | Category::RaceEthnicity
        | Category::ReligiousBelief
        | Category::SexualOrientation
        | Category::CriminalHistory
        | Category::Childrens
        | Category::Biometric
        | Category::SelfImage
        | Category::PrivateContent
        | Category::FaxNumber
        | Category::PrivateKey
        | Category::InsuranceId
        | Category::MedicalRecord
        | Category::Genetic
        | Category::Financial => Action::Drop,
        // A word that looks like a name is a word; a key that says "name" of a person is certain.
        Category::Name if finding.evidence == Evidence::KeyName || finding.likelihood >= Likelihood::Likely => {
            Action::Drop
        }
        Category::IpAddress if whole_address(text).is_some() => Action::Truncate,
        Category::IpAddress => Action::Drop,
        Category::Name
        | Category::DeviceId
        | Category::CookieId
        | Category::UniqueId
        | Category::PseudonymousId
        | Category::LocationImprecise
        | Category::BrowsingHistory
        | Category::Username
        | Category::Organization
        | Category::Gender
        | Category::JobTitle
        | Category::AgeRange
        | Category::Language
        // Longer ones are free text, and go as that.
        | Category::SearchHistory
        | Category::MediaConsumption
        | Category::SocialUrl => Action::Keep,
    }
}

impl Action {
    /// Of two actions on one value the one that leaves less.
    fn max_severity(self, other: Action) -> Action {
        match (self, other) {
            (Action::Drop, _) | (_, Action::Drop) => Action::Drop,
            (Action::Keep, other) => other,
            (own, _) => own,
        }
    }
}

fn whole_address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?.trim();
    text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text).parse().ok()
}

#[inline]
fn is_http_url(text: &[u8]) -> bool {
    if !matches!(text, [b'h' | b'H', ..]) {
        return false;
    }
    let begins = |with: &[u8]| text.len() > with.len() && text[..with.len()].eq_ignore_ascii_case(with);
    begins(b"http://") || begins(b"https://")
}

/// Whether what stands where URLs stand is one without an origin: a path, or anything with a query or a fragment that says
/// something. A slash in running text makes no path.
fn is_relative_url(text: &[u8]) -> bool {
    let Some(first) = memchr::memchr3(b'/', b'?', b'#', text) else { return false };
    let after = &text[first + 1..];
    match text[first] {
        b'/' => (first == 0 && !after.is_empty()) || !text.contains(&b' '),
        _ => after.iter().any(|b| matches!(b, b'=' | b'/')),
    }
}

/// Whether a value is one of the event's own ids, which are tagged and not stored.
#[inline]
fn repeats_an_id(batch: &DraftBatch, ids: &[Text], text: &[u8]) -> bool {
    // The ids in `ids` are trimmed, so a shorter text is none of them. Most end here.
    ids.iter().any(|id| {
        id.len as usize <= text.len() && {
            let value = text.strip_prefix(DEVICE_PREFIX).unwrap_or(text).trim_ascii();
            batch.bytes(*id) == value
        }
    })
}

/// Whether a value is one of the event's own ids, or a longer text that holds one. Numbers are compared as a whole only.
#[inline]
fn holds_an_id(batch: &DraftBatch, ids: &[Text], kind: LeafKind, text: &[u8]) -> bool {
    repeats_an_id(batch, ids, text)
        || kind != LeafKind::Number
            && ids.iter().any(|id| {
                let len = id.len as usize;
                len >= HELD_ID_BYTES_MIN && len < text.len() && holds(text, batch.bytes(*id))
            })
}

/// Whether `id` stands in the longer `text`. Most texts are short: a search with a table would cost more than it saves.
fn holds(text: &[u8], id: &[u8]) -> bool {
    const SHORT_BYTES_MAX: usize = 64;
    let ([first, ..], [.., last]) = (id, id) else { return false };
    if text.len() > SHORT_BYTES_MAX {
        return memchr::memmem::find_iter(text, id).any(|at| stands_apart(text, at, id));
    }
    let ends = text.get(id.len() - 1..).unwrap_or_default();
    text.iter().zip(ends).enumerate().any(|(at, (begin, end))| {
        begin == first && end == last && text[at..].starts_with(id) && stands_apart(text, at, id)
    })
}

/// A short id is also a part of longer words, and one that begins or ends in a digit of longer numbers: these are others.
fn stands_apart(text: &[u8], at: usize, id: &[u8]) -> bool {
    const WORD_BYTES_MAX: usize = 7;
    let goes_on = |edge: Option<&u8>, beside: Option<&u8>| match (edge, beside) {
        (Some(edge), Some(beside)) if id.len() > WORD_BYTES_MAX => edge.is_ascii_digit() && beside.is_ascii_digit(),
        (_, Some(beside)) => beside.is_ascii_alphanumeric(),
        (_, None) => false,
    };
    let before = at.checked_sub(1).and_then(|at| text.get(at));
    !goes_on(id.first(), before) && !goes_on(id.last(), text.get(at + id.len()))
}

fn trimmed(batch: &DraftBatch, text: Text) -> Text {
    let bytes = batch.bytes(text);
    let before = bytes.len() - bytes.trim_ascii_start().len();
    Text { start: text.start + before as u32, len: bytes.trim_ascii().len() as u32 }
}

/// A URL whose host or path segments that hold one of the event's own ids became `*`. What stands in the query goes with the query.
fn without_ids<'t>(batch: &DraftBatch, ids: &[Text], url: &'t [u8]) -> Cow<'t, [u8]> {
    // What is decoded or cut is shorter, so a segment shorter than every id is none of them.
    let Some(shortest) = ids.iter().map(|id| id.len as usize).min() else { return Cow::Borrowed(url) };
    let is_id = |segment: &[u8]| {
        if segment.len() < shortest {
            return false;
        }
        let segment = segment.split(|b| *b == b';').next().unwrap_or_default();
        !segment.is_empty() && holds_an_id(batch, ids, LeafKind::String, &percent_decoded(segment))
    };
    let (path, rest) = url.split_at(memchr::memchr2(b'?', b'#', url).unwrap_or(url.len()));
    if !path.split(|b| *b == b'/').any(is_id) {
        return Cow::Borrowed(url);
    }
    let segments: Vec<&[u8]> = path.split(|b| *b == b'/').map(|s| if is_id(s) { b"*".as_slice() } else { s }).collect();
    let mut out = segments.join(&b'/');
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

fn percent_decoded(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'%') {
        return Cow::Borrowed(text);
    }
    let digit = |at: usize| text.get(at).and_then(|b| char::from(*b).to_digit(16)).map(|d| d as u8);
    let (mut out, mut at) = (Vec::with_capacity(text.len()), 0);
    while let Some(byte) = text.get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push(high << 4 | low);
                at += 3;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    Cow::Owned(out)
}

/// Shorter ids, and group names, are too common as values to be told apart from them.
const REPEATED_ID_BYTES_MIN: usize = 4;

/// Shorter ids are not looked for inside longer texts.
const HELD_ID_BYTES_MIN: usize = 6;

/// How Mixpanel marks a device id in `distinct_id`; decoders take it off, properties may repeat it.
const DEVICE_PREFIX: &[u8] = b"$device:";

fn canonical_of<'b>(batch: &'b DraftBatch, identity: &Identity) -> Option<Cow<'b, str>> {
    let text = batch.str(identity.text);
    let id = match identity.kind {
        SubjectKind::Email => canonical::email(text.as_bytes())?.into(),
        SubjectKind::Phone => canonical::phone(text.as_bytes())?.into(),
        SubjectKind::User | SubjectKind::Device | SubjectKind::Group(_) => canonical::id(text),
    };
    if canonical::is_sentinel(&id) { None } else { Some(id) }
}

/// The place of the tag that the event is about: a user before a device, the subject before others.
pub(crate) fn subject_place(tags: &[Tag]) -> Option<usize> {
    let rank = |tag: &Tag| match (tag.kind, tag.role) {
        (_, Role::Contact | Role::Group) | (SubjectKind::Group(_) | SubjectKind::Email | SubjectKind::Phone, _) => 9,
        (SubjectKind::User, Role::Subject) => 0,
        (SubjectKind::User, Role::User) => 1,
        (SubjectKind::User, Role::Next) => 2,
        (SubjectKind::User, _) => 3,
        (SubjectKind::Device, Role::Subject) => 4,
        (SubjectKind::Device, _) => 5,
    };
    tags.iter().enumerate().min_by_key(|(_, tag)| rank(tag)).filter(|(_, tag)| rank(tag) < 9).map(|(place, _)| place)
}

fn link_identities(operation: Operation, tags: &[Tag], links: &mut Vec<(u8, u8, u8)>) {
    let with_role = |role: Role| tags.iter().position(|t| t.role == role);
    let user = tags.iter().position(|t| t.kind == SubjectKind::User && t.role != Role::Previous);
    let device = tags.iter().position(|t| t.kind == SubjectKind::Device);
    match operation {
        Operation::Alias | Operation::Merge => {
            let kind = if operation == Operation::Alias { LinkKind::Alias } else { LinkKind::Merge };
            let to = with_role(Role::Next).or_else(|| with_role(Role::Subject));
            if let (Some(from), Some(to)) = (with_role(Role::Previous), to) {
                push_link(links, kind, from, to);
            }
        }
        Operation::Identify => {
            let to = with_role(Role::Next).or(user);
            if let (Some(from), Some(to)) = (with_role(Role::Previous).or(device), to) {
                push_link(links, LinkKind::DeviceUser, from, to);
            }
        }
        Operation::Track
        | Operation::Page
        | Operation::Screen
        | Operation::Join
        | Operation::Profile(_)
        | Operation::Group(_) => {
            if let (Some(device), Some(user)) = (device, user) {
                push_link(links, LinkKind::DeviceUser, device, user);
            }
        }
    }
}

fn push_link(links: &mut Vec<(u8, u8, u8)>, kind: LinkKind, from: usize, to: usize) {
    // Places are below TAGS_MAX, which fits a byte.
    let link = (kind as u8, from as u8, to as u8);
    if from != to && links.len() < TAGS_MAX && !links.contains(&link) {
        links.push(link);
    }
}

/// Seals what `work.raw` collected, in place. `None` where there is nothing or the day has no key: then no raw id is kept, and a
/// `raw` destination says so by rule.
fn seal_raw(gate: &Gate<'_>, event_id: EventId, work: &mut Work) -> Option<u32> {
    let key = gate.keys.raw_day(gate.raw_day)?;
    if work.raw.is_empty() {
        return None;
    }
    key.seal_random(&raw_aad(event_id), &mut work.raw, 0);
    Some(gate.raw_day)
}

/// Binds sealed raw ids to their event.
pub(crate) fn raw_aad(event_id: EventId) -> [u8; 27] {
    let mut aad = [0; 27];
    aad[..11].copy_from_slice(b"weir/raw/v1");
    aad[11..].copy_from_slice(&event_id.0);
    aad
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

#[inline]
fn put_leaf(work: &mut Work, out: &mut MinimisedBatch, path: NameId, kind: LeafKind, text: Option<&[u8]>) {
    out.note_name(path);
    let leaves = &mut work.leaves;
    let text = if kind.has_text() { Some(text.unwrap_or_default()) } else { None };
    match (text, path.0) {
        // Most leaves: the numbers are one or two bytes each and go in at once.
        (Some(text), 0..0x80) if text.len() < 0x80 => {
            leaves.extend_from_slice(&[path.0 as u8, kind as u8, text.len() as u8]);
            leaves.extend_from_slice(text);
        }
        (Some(text), 0x80..0x4000) if text.len() < 0x80 => {
            let (low, high) = (path.0 as u8 | 0x80, (path.0 >> 7) as u8);
            leaves.extend_from_slice(&[low, high, kind as u8, text.len() as u8]);
            leaves.extend_from_slice(text);
        }
        (text, _) => {
            put_name(leaves, path);
            leaves.push(kind as u8);
            if let Some(text) = text {
                wire::put_bytes(leaves, text);
            }
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

/// Tags of this thread's recent ids: direct-mapped, so it is bounded and never cleaned. The fingerprint of the keys is part of
/// each key, since one process may hold several key rings (tests, tools).
struct TagCache {
    slots: Vec<Slot>,
    key: Vec<u8>,
}

#[derive(Clone)]
struct Slot {
    /// Of the key; another one ends here.
    hash: u32,
    len: u8,
    key: [u8; Slot::KEY_BYTES],
    tag: SubjectTag,
}

impl Slot {
    const KEY_BYTES: usize = 107;
    /// A device's batch names one or two ids; more slots only push other things out of the processor's cache.
    const COUNT: usize = 32;
    const EMPTY: Slot = Slot { hash: 0, len: 0, key: [0; Slot::KEY_BYTES], tag: SubjectTag([0; 16]) };
}

thread_local! {
    static TAGS: RefCell<TagCache> = const { RefCell::new(TagCache { slots: Vec::new(), key: Vec::new() }) };
}

/// Tells key rings apart: a tag of nobody.
fn fingerprint(gate: &Gate<'_>) -> [u8; 16] {
    gate.keys.tag(gate.source.environment, "", "weir/fingerprint", &[]).0
}

fn cached_tag(gate: &Gate<'_>, fingerprint: &[u8; 16], kind: &str, id: &[u8]) -> SubjectTag {
    let (environment, space) = (gate.source.environment, &*gate.source.identity_space);
    if space.len() + kind.len() + id.len() + 19 > Slot::KEY_BYTES {
        return gate.keys.tag(environment, space, kind, id);
    }
    TAGS.with_borrow_mut(|TagCache { slots, key }| {
        if slots.is_empty() {
            slots.resize(Slot::COUNT, Slot::EMPTY);
        }
        key.clear();
        key.extend_from_slice(fingerprint);
        key.extend_from_slice(&[environment as u8, space.len() as u8, kind.len() as u8]);
        key.extend_from_slice(space.as_bytes());
        key.extend_from_slice(kind.as_bytes());
        key.extend_from_slice(id);
        let hash = FixedState::default().hash_one(&**key);
        let slot = &mut slots[hash as usize % Slot::COUNT];
        // The lower bits have chosen the slot.
        let upper = (hash >> 32) as u32;
        if slot.hash != upper || usize::from(slot.len) != key.len() || slot.key[..key.len()] != **key {
            slot.tag = gate.keys.tag(environment, space, kind, id);
            slot.hash = upper;
            slot.len = key.len() as u8;
            slot.key[..key.len()].copy_from_slice(key);
        }
        slot.tag
    })
}

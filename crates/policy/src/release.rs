//! What one destination may have of an event: default-deny. D7 (operations), D8 (raw ids), D16 (rescan).
//!
//! Without a rule a destination gets the baseline: clean event name, time, pseudonym, insert id, library, families of operating
//! system and browser, class of screen, country. Everything else leaves only by its path on the allow list, and not where a rule
//! or a finding takes it away. The structure around what leaves is kept, so that an allowed value stands where it stood; a
//! container that lost all its children goes too.
//!
//! Pseudonyms, time and insert id depend on the record and the destination's keys alone: a retry, a resend or a replay gives the
//! same (D5).

mod decision;
mod expectation;
mod identities;
mod memo;
mod released;

use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use foldhash::quality::RandomState;
use weir_detect::{Engine, families};
use weir_event::{
    Category, Finding, LeafKind, Millis, NameId, Names, Operation, ProfileOp, Region, Role, Rule, SubjectKind,
    SubjectTag,
};
use weir_keys::{DestinationKeys, Epoch, KeySnapshot};

use crate::detectors::{Pinned, Stands};
use crate::field_set::{FieldSet, FieldSetId, Shapes};
use crate::gate::Action;
use crate::minimise::identities::subject_place;
use crate::paths::PathTable;
use crate::record::{FindingView, LeafView, RecordView, Tag};
use crate::spec::{Mode, ReleasePolicy};
use decision::{Decision, Known, Outcome};
use identities::subject_of;
use memo::{LibraryMemo, Memo, Pseudonyms};
use released::LeafText;

pub use expectation::{Expectation, Expected};
pub use released::{Released, ReleasedId, ReleasedIdentity, ReleasedLeaf, RowFacts};

/// Releases events for one destination. One per delivery task: it caches by itself and needs no lock.
pub struct Releaser {
    policy: Arc<ReleasePolicy>,
    keys: Arc<KeySnapshot>,
    destination: Option<Arc<DestinationKeys>>,
    names: Arc<Names>,
    engine: Engine,
    /// What finds things in the event at hand, where its record was written under another version (D16).
    detectors: Pinned,
    paths: PathTable,
    known: Known,
    decisions: Vec<(Decision, bool)>,
    /// What entries of the allow list with an end are held against. Without a time they have ended.
    now: Millis,
    next_end: Millis,
    pseudonyms: Pseudonyms,
    os: Memo,
    browser: Memo,
    library: LibraryMemo,
    shapes: Shapes,
    shape_hasher: RandomState,
    work: Work,
    /// Empty lists of events that were let go, see [`Releaser::take_back`].
    leaves: Vec<ReleasedLeaf<'static>>,
    ids: Vec<ReleasedIdentity>,
}

/// Reused between events.
#[derive(Default)]
struct Work {
    findings: Vec<FindingView>,
    outcomes: Vec<(NameId, Outcome)>,
    open: Vec<Open>,
    found: Vec<Finding>,
    tags: Vec<Tag>,
}

/// A container whose end has not been seen.
struct Open {
    /// Where it begins in the output, its map key included.
    start: usize,
    /// Where its own marker is.
    marker: usize,
    path: NameId,
    array: bool,
    children: u32,
    /// The rule by which its map key, or one above, may not leave: then nothing below it does.
    denied: Option<Rule>,
}

/// A longer list of leaves is given back to the system.
const LEAVES_KEPT_MAX: usize = 4_096;

impl Releaser {
    /// A releaser for the policy's destination. Its keys must be in the snapshot; without them every event is refused.
    pub fn new(policy: Arc<ReleasePolicy>, keys: Arc<KeySnapshot>, names: Arc<Names>) -> Releaser {
        Releaser {
            destination: keys.destination(&policy.destination),
            known: Known::new(&names),
            detectors: policy.detectors.pin(),
            policy,
            keys,
            names,
            engine: Engine::new(),
            paths: PathTable::new(),
            decisions: Vec::new(),
            now: Millis(i64::MAX),
            next_end: Millis(i64::MAX),
            pseudonyms: Pseudonyms::default(),
            os: Memo::default(),
            browser: Memo::default(),
            library: LibraryMemo::default(),
            shapes: Shapes::default(),
            shape_hasher: RandomState::default(),
            work: Work::default(),
            leaves: Vec::new(),
            ids: Vec::new(),
        }
    }

    /// Goes on with newer keys: after an epoch's key was made, or one was destroyed.
    pub fn set_keys(&mut self, keys: Arc<KeySnapshot>) {
        if Arc::ptr_eq(&self.keys, &keys) {
            return;
        }
        self.destination = keys.destination(&self.policy.destination);
        self.keys = keys;
        self.pseudonyms.clear();
    }

    /// Tells the time, for entries of the allow list that end. Until it is told they have ended.
    pub fn set_time(&mut self, now: Millis) {
        if now >= self.next_end || now < self.now {
            self.decisions.clear();
        }
        if now != self.now {
            self.next_end = self.policy.next_end(now);
        }
        self.now = now;
    }

    /// Until when a decision of this releaser holds: at this instant the next entry of its allow list ends.
    pub fn good_until(&self) -> Millis {
        self.next_end
    }

    /// The epoch whose key must exist before this event is released; `None` for `raw` and `stable`.
    pub fn epoch_of(&self, view: &RecordView<'_>) -> Option<u32> {
        match self.policy.mode {
            Mode::Rotating(period) => Some(epoch_number(view.epoch_time(), period)),
            Mode::Raw(_) | Mode::Stable => None,
        }
    }

    /// The policy.
    pub fn policy(&self) -> &ReleasePolicy {
        &self.policy
    }

    /// A field set that a recent [`RowFacts`] names.
    pub fn field_set(&self, id: FieldSetId) -> Option<&FieldSet> {
        self.shapes.by_id(id)
    }

    /// What this destination may have of the event, or the rule by which it has nothing.
    pub fn release<'g>(&mut self, view: &RecordView<'g>) -> Result<Released<'g>, Rule> {
        let mut work = std::mem::take(&mut self.work);
        let released = self.release_with(view, &mut work);
        self.work = work;
        released
    }

    /// Takes an event back that nobody needs any more: the next one uses its memory.
    pub fn take_back(&mut self, released: Released<'_>) {
        let Released { mut leaves, mut ids, .. } = released;
        leaves.clear();
        ids.clear();
        if leaves.capacity() > LEAVES_KEPT_MAX {
            return;
        }
        // Nothing is moved, the list is empty: this keeps its memory and lets go of the group.
        self.leaves = leaves.into_iter().map_while(|_| None).collect();
        self.ids = ids;
    }

    fn release_with<'g>(&mut self, view: &RecordView<'g>, work: &mut Work) -> Result<Released<'g>, Rule> {
        if view.name() == NameId::UNNAMED {
            return Err(Rule::EventNameUnclean);
        }
        if self.policy.dropped_events.contains(&view.name()) {
            return Err(Rule::Event);
        }
        self.policy.route.check(view)?;
        self.policy.check_consent(view)?;
        work.tags.clear();
        work.tags.extend(view.tags());
        self.policy.samples.check(view, &work.tags)?;
        self.policy.route.check_unknown(view)?;
        let keys = self.destination.clone().ok_or(Rule::StageFailed)?;
        let epoch_number = self.epoch_of(view);
        let epoch = epoch_number.map_or(Epoch::Stable, Epoch::Rotating);
        self.check_operation(view, &work.tags)?;

        work.outcomes.clear();
        let ids = self.ids(view, &work.tags, &keys, epoch, &mut work.outcomes)?;
        let subject = match subject_of(view.operation(), &work.tags) {
            Some(place) => {
                let tag = &work.tags[place];
                let same = |i: &&ReleasedIdentity| i.role == tag.role && i.kind == tag.kind;
                ids.iter().find(same).map(|i| i.id.clone()).ok_or(Rule::StageFailed)?
            }
            None => {
                let uuid = keys.pseudonym(epoch, "event", &SubjectTag(view.event_id().0)).ok_or(Rule::StageFailed)?;
                ReleasedId::None { uuid }
            }
        };

        work.findings.clear();
        work.findings.extend(view.findings());
        let mut leaves: Vec<ReleasedLeaf<'g>> = std::mem::take(&mut self.leaves);
        leaves.clear();
        leaves.reserve(8 + view.leaves_bytes() / 32);
        let properties = self.tape(view, &keys, epoch, work, &mut leaves)?;
        let profile_of = match view.operation() {
            Operation::Profile(op) | Operation::Group(op) => Some(op),
            _ => None,
        };
        // A person's update that sets its group sets that group's pseudonym.
        let sets_group =
            matches!(view.operation(), Operation::Profile(ProfileOp::Set | ProfileOp::SetOnce | ProfileOp::Union))
                && ids.iter().any(|id| id.role == Role::Group);
        if profile_of.is_some_and(|op| !matches!(op, ProfileOp::Delete | ProfileOp::Clear))
            && properties == 0
            && !sets_group
        {
            return Err(Rule::EmptyProfile);
        }
        if let Some(code) = view.region().code()
            && self.baseline_allows(self.known.country, Some(Category::LocationImprecise), work)
        {
            let code = code.as_bytes();
            leaves.push(ReleasedLeaf {
                path: self.known.country,
                kind: LeafKind::String,
                text: LeafText::Country([code[0], code[1]]),
            });
            work.outcomes.push((self.known.country, Outcome::Ours(Category::LocationImprecise, Action::Coarsen)));
        }
        let country = match leaves.last() {
            Some(leaf) if leaf.path == self.known.country => view.region(),
            _ => Region::UNKNOWN,
        };

        let person = subject_place(&work.tags).map_or(0, |place| work.tags[place].tag.short());
        let organisation =
            work.tags.iter().find(|t| matches!(t.kind, SubjectKind::Group(_))).map_or(0, |t| t.tag.short());
        let row = RowFacts {
            subject: person,
            organisation,
            event: view.name(),
            field_set: self.field_set_of(view, work),
            slice: view.slice(),
            epoch: epoch_number.unwrap_or(0),
        };
        Ok(Released {
            event_id: view.event_id(),
            operation: view.operation(),
            name: view.name(),
            name_text: self.names.text(view.name()),
            time: view.event_time(),
            received_at: view.received_at(),
            historical: view.historical(),
            insert_id: keys.insert_id(view.event_id()),
            subject,
            ids,
            leaves,
            country,
            consents: view.consents(),
            row,
        })
    }

    /// Walks the record's tape and writes what may leave. Returns how many properties (not context) did.
    fn tape<'g>(
        &mut self,
        view: &RecordView<'g>,
        keys: &DestinationKeys,
        epoch: Epoch,
        work: &mut Work,
        out: &mut Vec<ReleasedLeaf<'g>>,
    ) -> Result<usize, Rule> {
        self.detectors.renew(&self.policy.detectors);
        let rescan = view.detector_version() != self.detectors.version(&self.engine);
        let (source, event, at) = (view.source(), view.name(), view.received_at());
        let stands = Stands { source, event, path: NameId::UNNAMED, at };
        let rescan = rescan.then_some((view.operation(), stands));
        let mut properties = 0;
        let mut key: Option<LeafView<'g>> = None;
        let (mut library, mut library_version): (&'g [u8], &'g [u8]) = (&[], &[]);
        let (mut os, mut browser, mut screen) = (None, None, None);
        work.open.clear();
        for leaf in view.leaves() {
            // A record that does not read is a defect of ours: nothing of it leaves.
            let leaf = leaf.map_err(|_| Rule::StageFailed)?;
            match leaf.kind {
                LeafKind::MapKey => {
                    key = Some(leaf);
                    continue;
                }
                LeafKind::ObjectEnd | LeafKind::ArrayEnd => {
                    let open = work.open.pop().ok_or(Rule::StageFailed)?;
                    if open.array != (leaf.kind == LeafKind::ArrayEnd) {
                        return Err(Rule::StageFailed);
                    }
                    if out.len() > open.marker + 1 {
                        out.push(ReleasedLeaf { path: leaf.path, kind: leaf.kind, text: LeafText::Stored(&[]) });
                    } else if open.children == 0
                        && open.denied.is_none()
                        && self.decide(open.path) == Decision::Allow
                        && !self.may_have_been_emptied(view, open.path)
                    {
                        out.push(ReleasedLeaf { path: leaf.path, kind: leaf.kind, text: LeafText::Stored(&[]) });
                        work.outcomes.push((open.path, Outcome::Left(Action::Keep)));
                        properties += 1;
                    } else {
                        out.truncate(open.start);
                    }
                    continue;
                }
                _ => {}
            }
            if let Some(parent) = work.open.last_mut() {
                parent.children += 1;
            }
            let start = out.len();
            let key = key.take();
            // A map key is a value too, and leaves with its value or not at all.
            let denied = match work.open.last().and_then(|open| open.denied) {
                None => key.as_ref().and_then(|key| self.finding_forbids(rescan, key, work)),
                above => above,
            };
            if matches!(leaf.kind, LeafKind::ObjectBegin | LeafKind::ArrayBegin) {
                out.extend(key.map(map_key));
                work.open.push(Open {
                    start,
                    marker: out.len(),
                    path: leaf.path,
                    array: leaf.kind == LeafKind::ArrayBegin,
                    children: 0,
                    denied,
                });
                out.push(ReleasedLeaf { path: leaf.path, kind: leaf.kind, text: LeafText::Stored(&[]) });
                continue;
            }
            if let Some(rule) = denied {
                note(work, leaf.path, Outcome::Withheld(rule));
                continue;
            }
            let (decision, is_context) = self.look_up(leaf.path);
            let outcome = match decision {
                Decision::Deny(rule) => Outcome::Withheld(rule),
                Decision::AllowElement if !self.is_direct_element(leaf.path, work) => {
                    Outcome::Withheld(Rule::NotAllowed)
                }
                _ => match self.finding_forbids(rescan, &leaf, work) {
                    Some(rule) => Outcome::Withheld(rule),
                    None => Outcome::Left(Action::Keep),
                },
            };
            if let Outcome::Withheld(_) = outcome {
                note(work, leaf.path, outcome);
                continue;
            }
            let text = match decision {
                Decision::Undecided | Decision::Deny(_) => return Err(Rule::StageFailed),
                Decision::Allow | Decision::AllowElement => {
                    note(work, leaf.path, Outcome::Left(self.action_at_gate(leaf.path, work)));
                    LeafText::Stored(leaf.text)
                }
                Decision::Bounded(bound) => {
                    let what = match bound.cut(leaf.kind, leaf.text) {
                        Some(_) if self.was_found(rescan, &leaf, work) => Err(Rule::Category),
                        Some(cut) => Ok(cut),
                        None => Err(Rule::Property),
                    };
                    match what {
                        Ok(cut) => {
                            let action = if cut.len() < leaf.text.len() { Action::Coarsen } else { Action::Keep };
                            note(work, leaf.path, Outcome::Left(action));
                            LeafText::Stored(cut)
                        }
                        Err(rule) => {
                            note(work, leaf.path, Outcome::Withheld(rule));
                            continue;
                        }
                    }
                }
                Decision::Pseudonymize => {
                    note(work, leaf.path, Outcome::Left(Action::Pseudonymize));
                    LeafText::Uuid(self.pseudonym_of_value(view, keys, epoch, &leaf)?)
                }
                Decision::Session => {
                    note(work, leaf.path, Outcome::Left(Action::Pseudonymize));
                    LeafText::Uuid(keys.session(epoch, leaf.text).ok_or(Rule::StageFailed)?.to_text())
                }
                Decision::OsFamily => {
                    os = Some(self.os.get_or_make(leaf.text, families::os_family));
                    continue;
                }
                Decision::BrowserFamily => {
                    browser = Some(self.browser.get_or_make(leaf.text, families::browser_family));
                    continue;
                }
                Decision::ScreenWidth { allowed } => {
                    screen = Some(families::screen_class(whole_number(leaf.text)));
                    if !allowed {
                        continue;
                    }
                    note(work, leaf.path, Outcome::Left(Action::Keep));
                    LeafText::Stored(leaf.text)
                }
                Decision::LibraryName => {
                    library = leaf.text;
                    continue;
                }
                Decision::LibraryVersion => {
                    library_version = leaf.text;
                    continue;
                }
            };
            out.extend(key.map(map_key));
            let kind = match text {
                LeafText::Uuid(_) => LeafKind::String,
                _ => leaf.kind,
            };
            out.push(ReleasedLeaf { path: leaf.path, kind, text });
            properties += usize::from(!is_context);
        }
        if !work.open.is_empty() {
            return Err(Rule::StageFailed);
        }

        for (path, family) in [(self.known.os, os), (self.known.browser, browser), (self.known.class, screen)] {
            if let Some(family) = family {
                self.put_baseline(path, LeafText::Static(family), Action::Coarsen, work, out);
            }
        }
        if let Some((name, version)) = self.library.get_or_make(library, library_version) {
            self.put_baseline(self.known.library, LeafText::Static(name), Action::Keep, work, out);
            if !version.is_empty() {
                self.put_baseline(
                    self.known.library_version,
                    LeafText::Stored(version.as_bytes()),
                    Action::Keep,
                    work,
                    out,
                );
            }
        } else if !library.is_empty() {
            note(work, self.known.library, Outcome::Withheld(Rule::NotAllowed));
        }
        Ok(properties)
    }

    fn put_baseline<'g>(
        &self,
        path: NameId,
        text: LeafText<'g>,
        action: Action,
        work: &mut Work,
        out: &mut Vec<ReleasedLeaf<'g>>,
    ) {
        if self.baseline_allows(path, None, work) {
            out.push(ReleasedLeaf { path, kind: LeafKind::String, text });
            note(work, path, Outcome::Left(action));
        }
    }

    /// Whether the gate may have taken something out of the container that stands at this path: then it is not known to have been
    /// empty. What went with an unclean key has no path, and a list that was cut does not say.
    fn may_have_been_emptied(&self, view: &RecordView<'_>, container: NameId) -> bool {
        let is_below = |mut path: NameId| {
            while path.0 > NameId::GROUP_ROOT.0 {
                path = self.names.entry(path).parent;
                if path == container {
                    return true;
                }
            }
            false
        };
        view.unnamed() > 0 || view.lists_were_cut() || view.withheld().any(|(path, _)| is_below(path))
    }

    fn is_direct_element(&self, path: NameId, work: &Work) -> bool {
        work.open.last().is_some_and(|open| open.array && open.path == self.names.entry(path).parent)
    }

    /// The field set of what was just decided; made once per shape.
    fn field_set_of(&mut self, view: &RecordView<'_>, work: &mut Work) -> FieldSetId {
        let mut hasher = self.shape_hasher.build_hasher();
        view.name().hash(&mut hasher);
        for (path, outcome) in &work.outcomes {
            hasher.write_u64(u64::from(path.0) << 32 | outcome.number());
        }
        // One number each, of other kinds than those of outcomes.
        for finding in &work.findings {
            let what = 4 << 16 | (finding.category as u64) << 8 | finding.action as u64;
            hasher.write_u64(u64::from(finding.path.0) << 32 | what);
        }
        for (path, rule) in view.withheld() {
            hasher.write_u64(u64::from(path.0) << 32 | 5 << 16 | rule as u64);
        }
        hasher.write_u64(u64::from(view.unnamed() > 0));
        let names = &self.names;
        self.shapes.get_or_make(hasher.finish(), || {
            let (mut left, mut withheld) = (Vec::new(), Vec::new());
            for (path, outcome) in &work.outcomes {
                match outcome {
                    Outcome::Withheld(rule) => withheld.push((*path, *rule)),
                    Outcome::Ours(category, action) => left.push((*path, Some(*category), *action)),
                    Outcome::Left(action) => {
                        let left_with = |f: &&FindingView| f.path == *path && f.action != Action::Drop;
                        let category = work.findings.iter().find(left_with).map(|f| f.category);
                        left.push((*path, category, *action));
                    }
                }
            }
            withheld.extend(view.withheld());
            if view.unnamed() > 0 {
                withheld.push((NameId::UNNAMED, Rule::PathUnclean));
            }
            FieldSet::new(names, view.name(), left, withheld)
        })
    }
}

impl fmt::Debug for Releaser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Releaser({})", self.policy.destination)
    }
}

fn note(work: &mut Work, path: NameId, outcome: Outcome) {
    // Elements of one array say the same thing again and again.
    if work.outcomes.last() != Some(&(path, outcome)) {
        work.outcomes.push((path, outcome));
    }
}

fn map_key(key: LeafView<'_>) -> ReleasedLeaf<'_> {
    ReleasedLeaf { path: key.path, kind: LeafKind::MapKey, text: LeafText::Stored(key.text) }
}

fn epoch_number(time: Millis, period_millis: i64) -> u32 {
    u32::try_from(time.0.div_euclid(period_millis)).unwrap_or(0)
}

/// The whole part of a number's text; 0 where it is none.
fn whole_number(text: &[u8]) -> u32 {
    if text.len() <= 9 && text.iter().all(u8::is_ascii_digit) {
        return text.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0'));
    }
    // A float to integer cast saturates, and not-a-number becomes 0.
    text_of(text).parse::<f64>().unwrap_or(0.0) as u32
}

fn text_of(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

//! Who is joined to whom, at query time (D6): from some tags to all that links lead to.
//!
//! A contact detail that was only *mentioned* in an event joins nobody: it is perhaps somebody else's, as in an invitation. A tag that
//! is joined to more than [`HUB_MAX`] others is a shared device or a placeholder: it is named, and no way leads through it. At most
//! [`JOINED_MAX`] tags are joined; where there are more, the answer says so.

use std::collections::VecDeque;

use foldhash::fast::RandomState;
use hashbrown::HashSet;
use weir_event::{Millis, SubjectTag};
use weir_policy::record::LinkKind;

use crate::index::Index;
use crate::link::{IdKind, Link};
use crate::store::IdentityError;

/// Tags that one question is joined to (D6).
pub const JOINED_MAX: usize = 1_000;
/// A tag with more links than these joins nobody.
pub const HUB_MAX: usize = 1_000;

/// How far a question goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Tags that are joined.
    pub joined: usize,
    /// Links that a tag may have for a way to lead through it.
    pub hub: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { joined: JOINED_MAX, hub: HUB_MAX }
    }
}

/// One tag that was joined.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Joined {
    /// Which.
    pub tag: SubjectTag,
    /// What sort of id.
    pub kind: IdKind,
    /// By what kind of link.
    pub by: LinkKind,
    /// To which tag: one that was asked for, or that was joined before.
    pub to: SubjectTag,
    /// Which of those that were asked for the way began at, by place.
    pub start: usize,
    /// When the link was first seen.
    pub first_seen: Millis,
}

/// A tag that too many others are joined to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hub {
    /// Which.
    pub tag: SubjectTag,
    /// What sort of id.
    pub kind: IdKind,
}

/// The answer.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Closure {
    /// Tags that were joined, nearest first.
    pub joined: Vec<Joined>,
    /// Tags that no way leads through, because too many others are joined to them. Those asked for may be among them.
    pub hubs: Vec<Hub>,
    /// There are more tags than may be joined.
    pub is_cut: bool,
    /// Different tags that those asked for were only mentioned with, and that were not joined otherwise; at most as many as a hub
    /// has links.
    pub mentioned: usize,
}

impl Index {
    /// What these tags are joined to.
    pub fn closure(&self, starts: &[SubjectTag]) -> Result<Closure, IdentityError> {
        self.closure_within(starts, Limits::default())
    }

    /// The same with other limits.
    pub fn closure_within(&self, starts: &[SubjectTag], limits: Limits) -> Result<Closure, IdentityError> {
        let mut closure = Closure::default();
        let mut seen: HashSet<SubjectTag, RandomState> = starts.iter().copied().collect();
        let mut mentioned: HashSet<SubjectTag, RandomState> = HashSet::default();
        let mut next: VecDeque<(SubjectTag, usize)> = starts.iter().enumerate().map(|(at, tag)| (*tag, at)).collect();
        let mut asked = starts.len();
        while let Some((tag, start)) = next.pop_front() {
            let links = self.links_of(tag, limits.hub)?;
            if asked > 0 {
                asked -= 1;
                mentioned.extend(links.mentioned.iter().map(|link| link.linked));
            }
            if links.is_hub {
                closure.hubs.extend(links.joined.first().map(|link| Hub { tag, kind: link.of }));
                continue;
            }
            for link in links.joined {
                if seen.contains(&link.linked) {
                    continue;
                }
                if closure.joined.len() >= limits.joined {
                    closure.is_cut = true;
                    continue;
                }
                seen.insert(link.linked);
                next.push_back((link.linked, start));
                let Link { kind: by, linked_kind: kind, linked, first_seen, .. } = link;
                closure.joined.push(Joined { tag: linked, kind, by, to: tag, start, first_seen });
            }
        }
        closure.mentioned = mentioned.difference(&seen).count();
        Ok(closure)
    }
}

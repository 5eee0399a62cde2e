//! Two policies on the same events of one destination: what each lets leave, rule by rule and property by property. Counts and clean
//! names, never a value.
//!
//! Both judge each event, so that a difference is one of the policies and never one of chance.

use std::collections::{BTreeMap, HashMap};

use weir_event::{Millis, NameId, Rule};
use weir_keys::sha256_short;
use weir_policy::{RecordView, Released};

use crate::judge::Judge;

/// Properties counted in one comparison; further ones are not, and it says so.
const PATHS_MAX: usize = 50_000;

/// What became of the events of one name.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Compared {
    /// Events that were meant for the destination.
    pub offered: u64,
    /// Under the policy in force.
    pub old: Side,
    /// Under the one that is to follow it.
    pub new: Side,
    /// The one in force releases them, the next does not.
    pub lost: u64,
    /// The other way round.
    pub gained: u64,
}

/// What one policy makes of them.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Side {
    /// Events that leave.
    pub released: u64,
    /// Events that do not, by rule.
    pub dropped: BTreeMap<Rule, u64>,
    /// In how many of those that leave a property does.
    pub filled: HashMap<NameId, u64>,
}

/// Two policies on the events of one destination, by name of the event.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Comparison {
    events: BTreeMap<NameId, Compared>,
    paths: usize,
    /// There were more properties than are counted.
    pub is_cut: bool,
}

impl Comparison {
    /// By name of the event.
    pub fn events(&self) -> impl Iterator<Item = (NameId, &Compared)> {
        self.events.iter().map(|(name, compared)| (*name, compared))
    }

    /// Adds one event; whether only the policy in force would let it leave.
    pub fn note(&mut self, name: NameId, old: Result<&Released<'_>, Rule>, new: Result<&Released<'_>, Rule>) -> bool {
        let compared = self.events.entry(name).or_default();
        let lost = old.is_ok() && new.is_err();
        compared.offered += 1;
        compared.lost += u64::from(lost);
        compared.gained += u64::from(old.is_err() && new.is_ok());
        for (side, judged) in [(&mut compared.old, old), (&mut compared.new, new)] {
            match judged {
                Ok(released) => self.is_cut |= !side.add(released, &mut self.paths),
                Err(rule) => *side.dropped.entry(rule).or_default() += 1,
            }
        }
        lost
    }

    /// Adds what another one counted.
    pub fn merge(&mut self, other: &Comparison) {
        self.is_cut |= other.is_cut;
        for (name, theirs) in &other.events {
            let ours = self.events.entry(*name).or_default();
            ours.offered += theirs.offered;
            ours.lost += theirs.lost;
            ours.gained += theirs.gained;
            for (side, more) in [(&mut ours.old, &theirs.old), (&mut ours.new, &theirs.new)] {
                side.released += more.released;
                more.dropped.iter().for_each(|(rule, n)| *side.dropped.entry(*rule).or_default() += n);
                more.filled.iter().for_each(|(path, n)| *side.filled.entry(*path).or_default() += n);
            }
        }
    }

    /// Events of all names.
    pub fn offered(&self) -> u64 {
        self.events.values().map(|compared| compared.offered).sum()
    }
}

impl Side {
    /// `false`: a property was not counted.
    fn add(&mut self, released: &Released<'_>, paths: &mut usize) -> bool {
        self.released += 1;
        let scalars = released.leaves().iter().filter(|leaf| leaf.kind().is_scalar());
        let mut seen: Vec<NameId> = scalars.map(weir_policy::release::ReleasedLeaf::path).collect();
        // The items of a list have one path and count once.
        seen.sort_unstable();
        seen.dedup();
        let mut counted = true;
        for path in seen {
            match self.filled.get_mut(&path) {
                Some(filled) => *filled += 1,
                None if *paths < PATHS_MAX => {
                    *paths += 1;
                    self.filled.insert(path, 1);
                }
                None => counted = false,
            }
        }
        counted
    }

    /// Events that do not leave.
    pub fn dropped_all(&self) -> u64 {
        self.dropped.values().sum()
    }
}

/// The two policies of one destination.
pub struct Pair {
    /// In force.
    pub old: Judge,
    /// To follow it.
    pub new: Judge,
}

impl Pair {
    /// Judges one event by both; whether only the one in force would let it leave. An event that was not meant for the destination
    /// does not count.
    pub fn look(&mut self, view: &RecordView<'_>, offset: u64, now: Millis, comparison: &mut Comparison) -> bool {
        if !self.old.is_offered(view) {
            return false;
        }
        let (old, new) = (self.old.judge(view, offset, now), self.new.judge(view, offset, now));
        let lost = comparison.note(view.name(), old.as_ref().map_err(|rule| *rule), new.as_ref().map_err(|rule| *rule));
        if let Ok(released) = old {
            self.old.take_back(released);
        }
        if let Ok(released) = new {
            self.new.take_back(released);
        }
        lost
    }
}

/// Shares are in millionths.
pub const WHOLE: u32 = 1_000_000;

/// Whether an event is of the share that the next policy releases: by the person whom it is about, so that everything of one is on one
/// side, else by the event. Who is in at a smaller share is in at a larger one; each rollout has its own draw.
pub fn is_in(view: &RecordView<'_>, draw: [u8; 8], share: u32) -> bool {
    if share >= WHOLE {
        return true;
    }
    let whose = view.subject().map_or(view.event_id().0, |tag| tag.0);
    let mut message = [0_u8; 15 + 8 + 16];
    message[..15].copy_from_slice(b"weir/rollout/v1");
    message[15..23].copy_from_slice(&draw);
    message[23..].copy_from_slice(&whose);
    let hash = sha256_short(&message);
    let mut first = [0; 8];
    first.copy_from_slice(&hash[..8]);
    // Fits: it is below a million.
    let number = (u128::from(u64::from_be_bytes(first)) * u128::from(WHOLE)) >> 64;
    number < u128::from(share)
}

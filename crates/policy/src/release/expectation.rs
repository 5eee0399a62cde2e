//! What a destination's policy would do with a property of which no value is at hand: for reports on what was observed. Asks the
//! same functions that release asks; consent, country, sampling and what newer detectors see need an event and are not in it.

use std::fmt;
use std::sync::Arc;

use weir_event::{Category, Millis, NameId, Names, Rule};

use super::decision::{Decision, Known, decide};
use crate::spec::ReleasePolicy;

/// How values of a path are expected to leave.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expected {
    /// As they are.
    Whole,
    /// As a keyed pseudonym of the destination's own.
    Pseudonym,
    /// Reduced to one of a few values, or only where they are one of a bounded form.
    Reduced,
}

impl Expected {
    /// The word in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Expected::Whole => "leaves",
            Expected::Pseudonym => "leaves as a pseudonym",
            Expected::Reduced => "leaves reduced",
        }
    }
}

/// A destination's policy at one instant, to be asked by path.
pub struct Expectation {
    policy: Arc<ReleasePolicy>,
    names: Arc<Names>,
    known: Known,
    now: Millis,
}

impl Expectation {
    /// Of this policy, at this time.
    pub fn new(policy: Arc<ReleasePolicy>, names: Arc<Names>, now: Millis) -> Expectation {
        Expectation { known: Known::new(&names), policy, names, now }
    }

    /// Why no event of this name from this source leaves to it.
    pub fn event(&self, source: NameId, event: NameId) -> Result<(), Rule> {
        if self.policy.dropped_events.contains(&event) {
            return Err(Rule::Event);
        }
        self.policy.route.check_names(source, event)
    }

    /// How values of a path leave to it, where these categories were found in them and kept at the gate, or why they do not.
    pub fn path(&self, path: NameId, found: impl IntoIterator<Item = Category>) -> Result<Expected, Rule> {
        let expected = match decide(&self.policy, &self.known, &self.names, self.now, path) {
            Decision::Undecided => return Err(Rule::StageFailed),
            Decision::Deny(rule) => return Err(rule),
            Decision::Allow | Decision::AllowElement => Expected::Whole,
            Decision::ScreenWidth { allowed: true } => Expected::Whole,
            Decision::Pseudonymize | Decision::Session => Expected::Pseudonym,
            Decision::Bounded(_)
            | Decision::OsFamily
            | Decision::BrowserFamily
            | Decision::ScreenWidth { allowed: false }
            | Decision::LibraryName
            | Decision::LibraryVersion => Expected::Reduced,
        };
        let forbidden = found.into_iter().any(|category| self.policy.dropped_categories[category as usize]);
        if forbidden { Err(Rule::Category) } else { Ok(expected) }
    }

    /// The policy.
    pub fn policy(&self) -> &ReleasePolicy {
        &self.policy
    }
}

impl fmt::Debug for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expectation({})", self.policy.destination)
    }
}

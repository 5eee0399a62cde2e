//! What becomes of a property at a destination: by its path once for all, by what was found in its value each time.

use weir_event::names::NameKind;
use weir_event::{Category, Likelihood, Millis, NameId, Names, Operation, Rule};

use super::{Releaser, Work, note};
use crate::detectors::Stands;
use crate::gate::Action;
use crate::minimise::actions::action_for;
use crate::presets::Bound;
use crate::record::{FINDINGS_MAX, FindingView, LeafView};
use crate::spec::ReleasePolicy;

/// What became of a path, as the field set tells it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Left(Action),
    /// An identity or a baseline field, whose category is ours.
    Ours(Category, Action),
    Withheld(Rule),
}

impl Outcome {
    /// Distinct for distinct outcomes, within this process.
    pub(super) fn number(self) -> u64 {
        match self {
            Outcome::Left(action) => 1 << 16 | action as u64,
            Outcome::Ours(category, action) => 2 << 16 | (category as u64) << 8 | action as u64,
            Outcome::Withheld(rule) => 3 << 16 | rule as u64,
        }
    }
}

/// What may be done with the values of a path. Depends on the policy alone, so it is looked up once per path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Decision {
    Undecided,
    Deny(Rule),
    Allow,
    /// The path is `x.*` and `x` is allowed: leaves where it is a direct element of the array at `x`.
    AllowElement,
    /// By a preset: bounded values in which nothing was found.
    Bounded(Bound),
    Pseudonymize,
    Session,
    OsFamily,
    BrowserFamily,
    ScreenWidth {
        allowed: bool,
    },
    LibraryName,
    LibraryVersion,
}

/// Paths that the baseline writes or that stand for ids in field sets.
pub(super) struct Known {
    pub(super) os: NameId,
    pub(super) browser: NameId,
    pub(super) width: NameId,
    pub(super) class: NameId,
    pub(super) library: NameId,
    pub(super) library_version: NameId,
    pub(super) country: NameId,
    pub(super) session: NameId,
    pub(super) address: NameId,
    pub(super) identity: [NameId; 5],
}

impl Known {
    pub(super) fn new(names: &Names) -> Known {
        let path = |text: &str| names.restore(NameKind::Path, text).unwrap_or(NameId::UNNAMED);
        Known {
            os: path("context.os.name"),
            browser: path("context.browser.name"),
            width: path("context.screen.width"),
            class: path("context.screen.class"),
            library: path("context.library.name"),
            library_version: path("context.library.version"),
            country: path("context.location.country"),
            session: path("context.session_id"),
            address: path("context.ip"),
            identity: ["user", "device", "group", "email", "phone"].map(|k| path(&format!("context.identity.{k}"))),
        }
    }
}

impl Releaser {
    #[inline]
    pub(super) fn decide(&mut self, path: NameId) -> Decision {
        self.look_up(path).0
    }

    /// The decision, and whether it is a path of the context.
    #[inline]
    pub(super) fn look_up(&mut self, path: NameId) -> (Decision, bool) {
        match self.decisions.get(path.0 as usize) {
            Some((Decision::Undecided, _)) | None => self.decide_first(path),
            Some(known) => *known,
        }
    }

    #[cold]
    fn decide_first(&mut self, path: NameId) -> (Decision, bool) {
        let place = path.0 as usize;
        if place >= self.decisions.len() {
            self.decisions.resize(place + 64, (Decision::Undecided, false));
        }
        let known = (
            decide(&self.policy, &self.known, &self.names, self.now, path),
            self.names.text(path).starts_with("context."),
        );
        self.decisions[place] = known;
        known
    }

    pub(super) fn baseline_allows(&self, path: NameId, category: Option<Category>, work: &mut Work) -> bool {
        let rule = if self.policy.dropped_properties.contains(&path) {
            Rule::Property
        } else if category.is_some_and(|c| self.policy.dropped_categories[c as usize]) {
            Rule::Category
        } else {
            return true;
        };
        note(work, path, Outcome::Withheld(rule));
        false
    }

    /// A rule by category, or what newer detectors see (D16).
    #[inline]
    pub(super) fn finding_forbids(
        &self,
        rescan: Option<(Operation, Stands)>,
        leaf: &LeafView<'_>,
        work: &mut Work,
    ) -> Option<Rule> {
        let dropped = &self.policy.dropped_categories;
        // What was dropped at the gate is not in what is left.
        let of_path = |f: &FindingView| f.path == leaf.path && f.action != Action::Drop && dropped[f.category as usize];
        if !work.findings.is_empty() && work.findings.iter().any(of_path) {
            return Some(Rule::Category);
        }
        // A list that was cut at its limit does not say what was found in the rest.
        if work.findings.len() >= FINDINGS_MAX && dropped.contains(&true) {
            return Some(Rule::Category);
        }
        self.detectors_forbid(rescan.filter(|_| leaf.kind.has_text())?, leaf, work)
    }

    /// What newer detectors see (D16).
    #[inline(never)]
    fn detectors_forbid(
        &self,
        (operation, stands): (Operation, Stands),
        leaf: &LeafView<'_>,
        work: &mut Work,
    ) -> Option<Rule> {
        let dropped = &self.policy.dropped_categories;
        let plan = self.paths.plan(&self.engine, &self.names, leaf.path);
        work.found.clear();
        let stands = Stands { path: leaf.path, ..stands };
        let found = &mut work.found;
        self.detectors.scan(&self.engine, &self.names, plan.facts_in(operation), (leaf.kind, leaf.text), stands, found);
        let sure = work.found.iter().filter(|f| f.likelihood >= Likelihood::Possible);
        let mut rule = None;
        for finding in sure {
            if action_for(finding, leaf.text) == Action::Drop {
                return Some(Rule::Minimised);
            }
            if dropped[finding.category as usize] {
                rule = Some(Rule::Category);
            }
        }
        rule
    }

    /// Whether a detector saw anything in the value of a path, which the gate kept: a preset was not written for that. A list that
    /// was cut at its limit does not say. Asked after [`Releaser::finding_forbids`], which scans anew what older detectors saw (D16).
    pub(super) fn was_found(&self, rescan: Option<(Operation, Stands)>, leaf: &LeafView<'_>, work: &Work) -> bool {
        let at_gate = |f: &FindingView| f.path == leaf.path && f.action != Action::Drop;
        let now = || work.found.iter().any(|f| f.likelihood >= Likelihood::Possible);
        work.findings.len() >= FINDINGS_MAX
            || work.findings.iter().any(at_gate)
            || (rescan.is_some() && leaf.kind.has_text() && now())
    }

    /// What the gate already did to the value that leaves.
    pub(super) fn action_at_gate(&self, path: NameId, work: &Work) -> Action {
        let reduced = |f: &&FindingView| f.path == path && matches!(f.action, Action::Truncate | Action::Template);
        work.findings.iter().find(reduced).map_or(Action::Keep, |f| f.action)
    }
}

/// What may be done with the values of a path: the one place where it is decided, whoever asks.
pub(super) fn decide(policy: &ReleasePolicy, known: &Known, names: &Names, now: Millis, path: NameId) -> Decision {
    if path == NameId::UNNAMED {
        return Decision::Deny(Rule::PathUnclean);
    }
    let mut above = path;
    loop {
        if policy.dropped_properties.contains(&above) {
            return Decision::Deny(Rule::Property);
        }
        if above.0 <= NameId::GROUP_ROOT.0 {
            break;
        }
        above = names.entry(above).parent;
    }
    let allowance = policy.check_allowed(path, now);
    let allowed = allowance.is_ok();
    // The country in what leaves is the gate's own; an address never leaves.
    if path == known.address || path == known.country {
        return Decision::Deny(Rule::NotAllowed);
    }
    if path == known.width {
        return Decision::ScreenWidth { allowed };
    }
    if allowed && policy.pseudonymize.contains(&path) {
        return Decision::Pseudonymize;
    }
    if allowed {
        return if path == known.session { Decision::Session } else { Decision::Allow };
    }
    if path == known.os {
        return Decision::OsFamily;
    }
    if path == known.browser {
        return Decision::BrowserFamily;
    }
    if path == known.library {
        return Decision::LibraryName;
    }
    if path == known.library_version {
        return Decision::LibraryVersion;
    }
    // What was to leave as a pseudonym while it was allowed does not leave as itself afterwards.
    if !policy.pseudonymize.contains(&path)
        && let Some(bound) = policy.bound_of(path, names)
    {
        return Decision::Bounded(bound);
    }
    let entry = names.entry(path);
    if !entry.folded {
        return Decision::Deny(allowance.err().unwrap_or(Rule::NotAllowed));
    }
    match (allowance, policy.check_allowed(entry.parent, now)) {
        (_, Ok(())) if policy.pseudonymize.contains(&entry.parent) => Decision::Pseudonymize,
        (_, Ok(())) => Decision::AllowElement,
        (Err(Rule::AllowanceEnded), Err(_)) => Decision::Deny(Rule::AllowanceEnded),
        (_, Err(rule)) => Decision::Deny(rule),
    }
}

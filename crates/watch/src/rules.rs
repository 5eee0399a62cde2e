//! The rules, in the order in which alerts are shown. To add one: a file, its `mod` line and its entry in [`RULES`]; `docs/operations.md`
//! is held against this list by a test.

mod allowance_ending;
mod anchors_behind;
mod audit_log_behind;
mod bypass_open;
mod certificate_ending;
mod changed_form;
mod clock_jumped;
mod destination_lagging;
mod destination_refused;
mod destination_stopped;
mod filling;
mod intake_closed;
mod ledger_rewound;
mod ledger_unwritable;
mod new_class;
mod quarantine_rising;
mod reserve_given_way;
mod traffic_stopped;

use std::time::Duration;

use weir_event::{DestinationId, SourceId};

use crate::reading::Reading;
use crate::watcher::History;

/// How grave.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// Look at it today.
    Warning,
    /// Look at it now: events are refused, lost or not recorded, or will be within hours.
    Critical,
}

impl Severity {
    /// Both.
    pub const ALL: [Severity; 2] = [Severity::Warning, Severity::Critical];

    /// Its word in status, metrics and webhooks.
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        }
    }
}

/// What an alert is about.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Of {
    /// The process.
    Weir,
    /// One source.
    Source(SourceId),
    /// One destination.
    Destination(DestinationId),
    /// One of [`crate::Fill::what`].
    Fill(&'static str),
}

impl Of {
    /// Its name; empty for the process.
    pub fn name(&self) -> &str {
        match self {
            Of::Weir => "",
            Of::Source(id) => id.as_str(),
            Of::Destination(id) => id.as_str(),
            Of::Fill(what) => what,
        }
    }
}

/// What a rule found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// How grave.
    pub severity: Severity,
    /// About what; one finding of a rule for each.
    pub of: Of,
    /// What is the matter, and what to do: ids, words of ours and numbers.
    pub text: String,
    /// How long until it is full.
    pub time_to_full: Option<Duration>,
}

impl Finding {
    fn new(severity: Severity, of: Of, text: impl Into<String>) -> Finding {
        Finding { severity, of, text: text.into(), time_to_full: None }
    }
}

/// What a rule looks at.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// Now.
    pub now: &'a Reading,
    /// Before.
    pub history: &'a History,
}

/// One rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its stable name.
    pub name: &'static str,
    /// When it speaks; one line of the page.
    pub about: &'static str,
    /// What it finds now.
    pub check: fn(&Seen<'_>) -> Vec<Finding>,
}

/// All rules.
pub const RULES: &[Rule] = &[
    intake_closed::RULE,
    ledger_unwritable::RULE,
    ledger_rewound::RULE,
    destination_stopped::RULE,
    destination_refused::RULE,
    destination_lagging::RULE,
    filling::JOURNAL,
    filling::DISK,
    filling::HOLD,
    reserve_given_way::RULE,
    quarantine_rising::RULE,
    traffic_stopped::RULE,
    new_class::RULE,
    changed_form::RULE,
    bypass_open::RULE,
    certificate_ending::RULE,
    allowance_ending::RULE,
    anchors_behind::RULE,
    audit_log_behind::RULE,
    clock_jumped::RULE,
];

/// A time span for people: its two largest units.
pub fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

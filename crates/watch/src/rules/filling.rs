//! What runs full: the journal, the disk, the hold. One rule each, one measure for all.

use std::time::Duration;

use super::{Finding, Of, Rule, Seen, Severity, span};
use crate::reading::Fill;

const WARNING: Duration = Duration::from_secs(24 * 3_600);
const CRITICAL: Duration = Duration::from_secs(2 * 3_600);
/// Shares of the limit; of what counts what is left there are none.
const WARNING_SHARE: f64 = 0.8;
const CRITICAL_SHARE: f64 = 0.95;

pub(super) const JOURNAL: Rule = Rule {
    name: "journal_filling",
    about: "the journal is full within a day, or at 80 % of `journal.budget`; critical within two hours or at 95 %",
    check: |seen| {
        find(
            seen,
            &["journal"],
            "at its budget intake answers 503: bring the slowest destination back, or raise `journal.budget`",
        )
    },
};

pub(super) const DISK: Rule = Rule {
    name: "disk_filling",
    about: "the data folder's disk has no room for another segment within a day; critical within two hours",
    check: |seen| {
        find(
            seen,
            &["disk"],
            "with no room for a segment intake answers 503: free space on the disk of the data folder",
        )
    },
};

pub(super) const HOLD: Rule = Rule {
    name: "hold_filling",
    about: "the raw hold or quarantine is full within a day, or at 80 % of `hold.budget`; critical within two hours or at 95 %",
    check: |seen| {
        let advice = "a full raw hold stops intake, a full quarantine its destinations: see `weir quarantine list`, replay or discard, or raise `hold.budget`";
        find(seen, &["raw_hold", "quarantine"], advice)
    },
};

fn find(seen: &Seen<'_>, what: &[&str], advice: &str) -> Vec<Finding> {
    let fills = seen.now.fills.iter().filter(|fill| what.contains(&fill.what));
    fills.filter_map(|fill| one(seen, fill, advice)).collect()
}

fn one(seen: &Seen<'_>, fill: &Fill, advice: &str) -> Option<Finding> {
    let time = seen.history.time_to_full(fill);
    let share = if fill.limit > 0.0 { fill.value / fill.limit } else { 0.0 };
    let within = |limit| time.is_some_and(|time| time < limit);
    let severity = if within(CRITICAL) || share >= CRITICAL_SHARE {
        Severity::Critical
    } else if within(WARNING) || share >= WARNING_SHARE {
        Severity::Warning
    } else {
        return None;
    };
    let what = fill.what.replace('_', " ");
    let how_full = if fill.limit > 0.0 {
        format!("{:.0} % full", share * 100.0)
    } else {
        format!("{:.0} MiB free", -fill.value / f64::from(1 << 20))
    };
    let when = time.map_or_else(String::new, |time| format!(", and full in {} if it goes on so", span(time)));
    let text = format!("{what}: {how_full}{when}; {advice}");
    Some(Finding { severity, of: Of::Fill(fill.what), text, time_to_full: time })
}

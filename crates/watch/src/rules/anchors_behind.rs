//! An anchor could not be told of the newest checkpoint.

use super::{Finding, Of, Rule, Seen, Severity};

pub(super) const RULE: Rule = Rule {
    name: "anchors_behind",
    about: "an anchor of the ledger does not have the newest checkpoint: what is recorded from now on could be rewound unseen",
    check,
};

fn check(seen: &Seen<'_>) -> Vec<Finding> {
    let behind = seen.now.anchors_behind;
    let text = format!(
        "{behind} anchors do not have the newest checkpoint: a file of `ledger.anchors` cannot be written, or a bucket, webhook or witness \
         does not take it; the log says why"
    );
    (behind > 0).then(|| Finding::new(Severity::Warning, Of::Weir, text)).into_iter().collect()
}

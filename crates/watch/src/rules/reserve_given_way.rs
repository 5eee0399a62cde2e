//! The disk is so full that the reserve of ledger and hold is used.

use super::{Finding, Of, Rule, Seen, Severity};

pub(super) const RULE: Rule = Rule {
    name: "reserve_given_way",
    about: "the disk is so full that part of `disk.reserve` was given up to ledger and hold",
    check,
};

fn check(seen: &Seen<'_>) -> Vec<Finding> {
    let (there, wanted) = seen.now.reserve;
    let text = format!(
        "the disk is full: {} of {} MiB of the reserve are left for ledger and quarantine: free space",
        there >> 20,
        wanted >> 20
    );
    (there < wanted).then(|| Finding::new(Severity::Critical, Of::Weir, text)).into_iter().collect()
}

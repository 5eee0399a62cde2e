//! An anchor elsewhere has a checkpoint that a ledger does not extend: nothing is signed and nothing is sent.

use super::{Finding, Of, Rule, Seen, Severity};

pub(super) const RULE: Rule = Rule {
    name: "ledger_rewound",
    about: "a bucket, a webhook or a witness holds a checkpoint that the ledger does not extend: nothing is signed and nothing is sent",
    check,
};

fn check(seen: &Seen<'_>) -> Vec<Finding> {
    let text = "an anchor holds a checkpoint that the ledger does not extend, so nothing is sent: \
                restore the ledger, or run weir ledger recover --from-anchor";
    seen.now.ledger_rewound.then(|| Finding::new(Severity::Critical, Of::Weir, text)).into_iter().collect()
}

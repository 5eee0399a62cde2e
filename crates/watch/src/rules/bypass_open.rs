//! Apps send past Weir, by the word of an operator.

use super::{Finding, Of, Rule, Seen, Severity};

pub(super) const RULE: Rule =
    Rule { name: "bypass_open", about: "apps send past Weir (`weir bypass`): no answer covers this time", check };

fn check(seen: &Seen<'_>) -> Vec<Finding> {
    let open = seen.now.bypass_open;
    let text = format!("{open} bypass windows are open: once the apps send to weir again, `weir bypass close`");
    (open > 0).then(|| Finding::new(Severity::Warning, Of::Weir, text)).into_iter().collect()
}

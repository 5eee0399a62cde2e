//! A property that is allowed until a day will soon not leave any more, or does not already.

use super::{Finding, Of, Rule, Seen, Severity};

pub(super) const RULE: Rule = Rule {
    name: "allowance_ending",
    about: "a property that `release.allow` lets out until a day ends within 14 days, or has ended",
    check,
};

fn check(seen: &Seen<'_>) -> Vec<Finding> {
    let ending = seen.now.allowances_ending;
    let text = format!(
        "{ending} allowed properties end within 14 days or have ended: `weir doctor` names them and their owners; set another day, or remove them"
    );
    (ending > 0).then(|| Finding::new(Severity::Warning, Of::Weir, text)).into_iter().collect()
}

//! Something turned up where it never was: an e-mail address in the text of a button. An app was changed, or a form field is recorded.

use super::{Finding, Of, Rule, Seen, Severity};

pub(super) const RULE: Rule = Rule {
    name: "new_class",
    about: "within the last 24 hours a category was found for the first time at a property that had been without it for 1,000 events or more",
    check,
};

fn check(seen: &Seen<'_>) -> Vec<Finding> {
    let of_source = seen.now.sources.iter().filter(|source| source.new_classes > 0);
    let finding = |source: &crate::SourceReading| {
        let (id, count) = (&source.id, source.new_classes);
        let text = format!(
            "{id}: {count} categories found at properties, never seen there before: `weir status --events` names them, `weir detect explain` says how they were found"
        );
        Finding::new(Severity::Warning, Of::Source(id.clone()), text)
    };
    of_source.map(finding).collect()
}

//! A property was of words and holds running text now, or ids where there were names of plans: an app was changed, or a field of a form is
//! recorded. Nothing need have been found in it.

use super::{Finding, Of, Rule, Seen, Severity};

pub(super) const RULE: Rule = Rule {
    name: "changed_form",
    about: "within the last 24 hours texts of another form (words, ids, running text) came at a property that had been without them: surely a tenth of its newest 64 values, at most a hundredth before",
    check,
};

fn check(seen: &Seen<'_>) -> Vec<Finding> {
    let of_source = seen.now.sources.iter().filter(|source| source.changed_forms > 0);
    let finding = |source: &crate::SourceReading| {
        let (id, count) = (&source.id, source.changed_forms);
        let text = format!(
            "{id}: texts of another form than before came at {count} properties: `weir status --events` names them, `weir catalog show` says of which form"
        );
        Finding::new(Severity::Warning, Of::Source(id.clone()), text)
    };
    of_source.map(finding).collect()
}

//! The certificate of the ingest listener ends soon.

use std::time::Duration;

use super::{Finding, Of, Rule, Seen, Severity, span};

const WARNING_MILLIS: i64 = 14 * 86_400_000;
const CRITICAL_MILLIS: i64 = 2 * 86_400_000;

pub(super) const RULE: Rule = Rule {
    name: "certificate_ending",
    about: "the certificate of `listen.tls` ends within 14 days; critical within 2",
    check,
};

fn check(seen: &Seen<'_>) -> Vec<Finding> {
    let Some(ends) = seen.now.certificate_ends else { return Vec::new() };
    let left = ends.since(seen.now.at);
    let severity = match left {
        _ if left < CRITICAL_MILLIS => Severity::Critical,
        _ if left < WARNING_MILLIS => Severity::Warning,
        _ => return Vec::new(),
    };
    let text = match u64::try_from(left) {
        Ok(left) => format!(
            "the certificate of `listen.tls` ends in {}: put a new pair in place, it is read within ten seconds",
            span(Duration::from_millis(left))
        ),
        Err(_) => "the certificate of `listen.tls` has ended, SDKs refuse it: put a new pair in place".to_owned(),
    };
    vec![Finding::new(severity, Of::Weir, text)]
}

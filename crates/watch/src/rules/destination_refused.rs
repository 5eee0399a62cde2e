//! A vendor refuses the destination as such: credentials, endpoint, plan.

use super::{Finding, Of, Rule, Seen, Severity};

pub(super) const RULE: Rule = Rule {
    name: "destination_refused",
    about: "a vendor refuses the destination as such (credentials, address); its events wait",
    check,
};

fn check(seen: &Seen<'_>) -> Vec<Finding> {
    let refused = seen.now.destinations.iter().filter_map(|d| Some((&d.id, d.refused?)));
    let find = |(id, why): (&weir_event::DestinationId, &'static str)| {
        let text = format!(
            "{id}: the vendor refuses it ({why}); its events wait: correct its token or endpoint, then `weir reload`"
        );
        Finding::new(Severity::Critical, Of::Destination(id.clone()), text)
    };
    refused.map(find).collect()
}

//! Delivery of a destination has stopped until a restart.

use super::{Finding, Of, Rule, Seen, Severity};

pub(super) const RULE: Rule =
    Rule { name: "destination_stopped", about: "delivery of a destination has stopped until a restart", check };

fn check(seen: &Seen<'_>) -> Vec<Finding> {
    let halted = seen.now.destinations.iter().filter_map(|d| Some((&d.id, d.halted?)));
    let find = |(id, why): (&weir_event::DestinationId, &'static str)| {
        let text = format!("{id}: delivery has stopped ({why}); its events wait: restart weir once its disk is well");
        Finding::new(Severity::Critical, Of::Destination(id.clone()), text)
    };
    halted.map(find).collect()
}

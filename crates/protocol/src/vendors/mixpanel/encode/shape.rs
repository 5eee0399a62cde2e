//! Mixpanel's limits on the shape of an event.

use weir_event::{LeafKind, Rule};
use weir_policy::Released;

/// Properties of one event, its own five among them: "less than 255".
const PROPERTIES_MAX: usize = 254;
/// What we write beside the tape: token, ids, time, insert id, country, alias.
const OWN_PROPERTIES: usize = 10;
/// Nesting of objects and lists below the properties.
const NESTING_MAX: usize = 3;
/// Elements of one list: "less than 255".
const ELEMENTS_MAX: usize = 254;

/// Mixpanel's limits on the shape of an event.
pub(super) fn check_shape(event: &Released<'_>) -> Result<(), Rule> {
    let properties_max = PROPERTIES_MAX.saturating_sub(OWN_PROPERTIES + event.ids().len());
    // Places of the innermost containers and how many values they hold; the outermost holds the properties.
    let mut held = [0_usize; NESTING_MAX + 1];
    let mut depth = 0;
    for leaf in event.leaves() {
        match leaf.kind() {
            LeafKind::MapKey => {}
            LeafKind::ObjectEnd | LeafKind::ArrayEnd => depth = usize::saturating_sub(depth, 1),
            kind => {
                held[depth] += 1;
                let max = if depth == 0 { properties_max } else { ELEMENTS_MAX };
                if held[depth] > max {
                    return Err(Rule::OverLimit);
                }
                if matches!(kind, LeafKind::ObjectBegin | LeafKind::ArrayBegin) {
                    depth += 1;
                    *held.get_mut(depth).ok_or(Rule::OverLimit)? = 0;
                }
            }
        }
    }
    Ok(())
}

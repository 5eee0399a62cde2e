//! The list of vendor formats: a `mod` line and a place in the slice for each, nothing else anywhere.

pub mod mixpanel;

use crate::inbound::Protocol;

/// Every inbound protocol, in order of its number.
pub const PROTOCOLS: &[&dyn Protocol] = &[&mixpanel::Mixpanel];

/// The protocol of a name in the configuration.
pub fn protocol(name: &str) -> Option<&'static dyn Protocol> {
    PROTOCOLS.iter().copied().find(|protocol| protocol.name() == name)
}

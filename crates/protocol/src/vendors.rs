//! The list of vendor formats: a `mod` line and a place in the slice for each, nothing else anywhere.

pub mod amplitude;
pub mod mixpanel;
pub mod posthog;
pub mod rudderstack;
pub mod segment;
pub mod snowplow;

use crate::inbound::Protocol;
use crate::outbound::{DestinationSetup, Encoder, SetupError};

/// Every inbound protocol, in order of its number.
pub const PROTOCOLS: &[&dyn Protocol] = &[
    &mixpanel::Mixpanel,
    &amplitude::Amplitude,
    &segment::Segment,
    &rudderstack::RudderStack,
    &posthog::PostHog,
    &snowplow::Snowplow,
];

/// The protocol of a name in the configuration.
pub fn protocol(name: &str) -> Option<&'static dyn Protocol> {
    PROTOCOLS.iter().copied().find(|protocol| protocol.name() == name)
}

/// A kind of destination.
pub struct DestinationKind {
    /// The name in `destinations.<id>.type`.
    pub name: &'static str,
    /// (region, base address) of the vendor; the first is the default.
    pub endpoints: &'static [(&'static str, &'static str)],
    /// Makes its encoder.
    pub encoder: fn(DestinationSetup) -> Result<Box<dyn Encoder>, SetupError>,
}

/// Every kind of destination.
pub const DESTINATIONS: &[DestinationKind] = &[
    DestinationKind { name: "mixpanel", endpoints: mixpanel::encode::ENDPOINTS, encoder: mixpanel::encode::encoder },
    DestinationKind { name: "amplitude", endpoints: amplitude::encode::ENDPOINTS, encoder: amplitude::encode::encoder },
    DestinationKind { name: "posthog", endpoints: posthog::encode::ENDPOINTS, encoder: posthog::encode::encoder },
    DestinationKind { name: "segment", endpoints: segment::encode::ENDPOINTS, encoder: segment::encode::encoder },
    DestinationKind { name: "rudderstack", endpoints: rudderstack::ENDPOINTS, encoder: rudderstack::encoder },
];

/// The kind of a name in the configuration.
pub fn destination_kind(name: &str) -> Option<&'static DestinationKind> {
    DESTINATIONS.iter().find(|kind| kind.name == name)
}

/// The encoder of a destination.
pub fn encoder(kind: &str, setup: DestinationSetup) -> Result<Box<dyn Encoder>, SetupError> {
    let kind = destination_kind(kind).ok_or(SetupError::UnknownKind)?;
    (kind.encoder)(setup)
}

impl DestinationKind {
    /// The vendor's own base address for a region; the default region's without one.
    pub fn endpoint(&self, region: Option<&str>) -> Result<&'static str, SetupError> {
        let Some(region) = region else {
            return self.endpoints.first().map(|(_, url)| *url).ok_or(SetupError::NoEndpoint);
        };
        let found = self.endpoints.iter().find(|(name, _)| name.eq_ignore_ascii_case(region));
        found.map(|(_, url)| *url).ok_or(SetupError::UnknownRegion)
    }

    /// Refuses a host of the vendor that is in another region than the one configured: the events would be lost or, worse, be
    /// where they must not be. A host that is not the vendor's own (a proxy, a test) says nothing about its region.
    pub fn check_region(&self, region: Option<&str>, host: &str) -> Result<(), SetupError> {
        // A vendor without addresses of its own is where the customer runs it.
        let Some(region) = region.filter(|_| !self.endpoints.is_empty()) else { return Ok(()) };
        self.endpoint(Some(region))?;
        let is_host = |url: &str| url.split("://").nth(1).is_some_and(|own| own.eq_ignore_ascii_case(host));
        match self.endpoints.iter().find(|(_, url)| is_host(url)) {
            Some((of_host, _)) if !of_host.eq_ignore_ascii_case(region) => {
                Err(SetupError::RegionMismatch { endpoint: of_host })
            }
            _ => Ok(()),
        }
    }
}

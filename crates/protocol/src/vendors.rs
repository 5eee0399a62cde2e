//! The list of vendor formats: a `mod` line and a place in the slice for each, nothing else anywhere.

pub mod amplitude;
pub mod datadog;
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
    /// What a second copy of an event does there.
    pub repeat: Repeat,
    /// Whether a batch whose answer was lost is sent again where the configuration says nothing (D3).
    pub resends_unknown: bool,
    /// Whether the vendor sends on to others by its own configuration: then `onward` has to say to whom (D13).
    pub forwards: bool,
}

/// What a second copy of an event, under the same insert id and time, does at a vendor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Repeat {
    /// What.
    pub effect: RepeatEffect,
    /// How long the vendor remembers, in milliseconds; `None` where it does not say, or for ever.
    pub within_millis: Option<i64>,
    /// Where the vendor says so.
    pub source: &'static str,
}

/// What a second copy does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RepeatEffect {
    /// Counts instead of the first: what was wrong is put right.
    Replaces,
    /// The first stays: nothing is counted twice, and nothing is put right.
    Ignored,
    /// Is one more event.
    Duplicates,
}

/// Every kind of destination.
pub const DESTINATIONS: &[DestinationKind] = &[
    DestinationKind {
        name: "mixpanel",
        endpoints: mixpanel::encode::ENDPOINTS,
        encoder: mixpanel::encode::encoder,
        repeat: mixpanel::encode::REPEAT,
        resends_unknown: true,
        forwards: false,
    },
    DestinationKind {
        name: "amplitude",
        endpoints: amplitude::encode::ENDPOINTS,
        encoder: amplitude::encode::encoder,
        repeat: amplitude::encode::REPEAT,
        resends_unknown: true,
        forwards: false,
    },
    DestinationKind {
        name: "posthog",
        endpoints: posthog::encode::ENDPOINTS,
        encoder: posthog::encode::encoder,
        repeat: posthog::encode::REPEAT,
        resends_unknown: true,
        forwards: false,
    },
    DestinationKind {
        name: "segment",
        endpoints: segment::encode::ENDPOINTS,
        encoder: segment::encode::encoder,
        repeat: segment::encode::REPEAT,
        resends_unknown: true,
        forwards: true,
    },
    DestinationKind {
        name: "rudderstack",
        endpoints: rudderstack::ENDPOINTS,
        encoder: rudderstack::encoder,
        repeat: rudderstack::REPEAT,
        resends_unknown: true,
        forwards: true,
    },
    DestinationKind {
        name: "datadog",
        endpoints: datadog::ENDPOINTS,
        encoder: datadog::encoder,
        repeat: datadog::REPEAT,
        resends_unknown: true,
        forwards: false,
    },
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

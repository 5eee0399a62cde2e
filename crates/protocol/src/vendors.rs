//! The list of vendor formats: a `mod` line and a place in the slice for each, nothing else anywhere.

pub mod amplitude;
pub mod datadog;
pub mod files;
pub mod ga4;
pub mod mixpanel;
pub mod otlp;
pub mod posthog;
pub mod rudderstack;
pub mod segment;
pub mod snowplow;
pub mod splunk_hec;
pub mod webhook;

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
    /// (region, base address) of the vendor: the first is the default, the first of a region is where requests go; the others of a
    /// region are further hosts of its that take events.
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
        name: "ga4",
        endpoints: ga4::ENDPOINTS,
        encoder: ga4::encoder,
        repeat: ga4::REPEAT,
        resends_unknown: false,
        forwards: false,
    },
    DestinationKind {
        name: "datadog",
        endpoints: datadog::ENDPOINTS,
        encoder: datadog::encoder,
        repeat: datadog::REPEAT,
        resends_unknown: true,
        forwards: false,
    },
    DestinationKind {
        name: "files",
        endpoints: files::ENDPOINTS,
        encoder: files::encoder,
        repeat: files::REPEAT,
        resends_unknown: true,
        forwards: false,
    },
    DestinationKind {
        name: "otlp",
        endpoints: otlp::ENDPOINTS,
        encoder: otlp::encoder,
        repeat: otlp::REPEAT,
        resends_unknown: true,
        forwards: false,
    },
    DestinationKind {
        name: "webhook",
        endpoints: webhook::ENDPOINTS,
        encoder: webhook::encoder,
        repeat: webhook::REPEAT,
        resends_unknown: true,
        forwards: false,
    },
    DestinationKind {
        name: "splunk_hec",
        endpoints: splunk_hec::ENDPOINTS,
        encoder: splunk_hec::encoder,
        repeat: splunk_hec::REPEAT,
        resends_unknown: true,
        forwards: false,
    },
];

/// The kind of a name in the configuration.
pub fn destination_kind(name: &str) -> Option<&'static DestinationKind> {
    DESTINATIONS.iter().find(|kind| kind.name == name)
}

/// The kind whose own host this is.
pub fn kind_of_host(host: &str) -> Option<&'static DestinationKind> {
    let is_own =
        |kind: &&DestinationKind| kind.endpoints.iter().any(|(_, url)| host_of(url).eq_ignore_ascii_case(host));
    DESTINATIONS.iter().find(is_own)
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
    /// where they must not be. So is a host of the vendor's domain that takes no events. A host that is not the vendor's own (a
    /// proxy, a test) says nothing about its region.
    pub fn check_region(&self, region: Option<&str>, host: &str) -> Result<(), SetupError> {
        // A vendor without addresses of its own is where the customer runs it.
        let Some(region) = region.filter(|_| !self.endpoints.is_empty()) else { return Ok(()) };
        self.endpoint(Some(region))?;
        let mut own = self.endpoints.iter().map(|(of_host, url)| (*of_host, host_of(url)));
        match own.clone().find(|(_, own)| own.eq_ignore_ascii_case(host)) {
            Some((of_host, _)) if !of_host.eq_ignore_ascii_case(region) => {
                Err(SetupError::RegionMismatch { endpoint: of_host })
            }
            Some(_) => Ok(()),
            None if own.any(|(_, own)| is_below(host, domain_of(own))) => Err(SetupError::NotForEvents),
            None => Ok(()),
        }
    }
}

fn host_of(url: &str) -> &str {
    let authority = url.split("://").nth(1).unwrap_or_default();
    authority.split(['/', ':']).next().unwrap_or_default()
}

/// The last two labels of a host name. Every host of the list is below a domain of two.
fn domain_of(host: &str) -> &str {
    let dots = host.rmatch_indices('.').nth(1);
    dots.map_or(host, |(at, _)| host.get(at + 1..).unwrap_or(host))
}

/// Whether a host is a domain's own or below it.
fn is_below(host: &str, domain: &str) -> bool {
    let host = host.to_ascii_lowercase();
    host.strip_suffix(domain).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_region_has_an_origin_and_every_host_is_of_one_region_and_one_vendor() {
        let mut hosts = Vec::new();
        for kind in DESTINATIONS {
            for (region, url) in kind.endpoints {
                let host = host_of(url);
                assert!(url.starts_with("https://") && !host.is_empty(), "{url}");
                assert_eq!(kind.check_region(Some(region), host), Ok(()), "{url}");
                let first = kind.endpoint(Some(region)).expect("a region of the list");
                assert!(kind.endpoints.contains(&(region, first)));
                for (other, _) in kind.endpoints.iter().filter(|(other, _)| other != region) {
                    let refused = Err(SetupError::RegionMismatch { endpoint: region });
                    assert_eq!(kind.check_region(Some(other), host), refused, "{url} is not of {other}");
                }
                hosts.push(host);
            }
        }
        let all = hosts.len();
        hosts.sort_unstable();
        hosts.dedup();
        assert_eq!(hosts.len(), all, "a host stands twice");
    }

    #[test]
    fn a_host_of_the_vendor_that_takes_no_events_is_refused() {
        let mixpanel = destination_kind("mixpanel").expect("a kind");
        assert_eq!(mixpanel.check_region(Some("us"), "Mixpanel.com"), Err(SetupError::NotForEvents));
        assert_eq!(mixpanel.check_region(Some("us"), "data.mixpanel.com"), Err(SetupError::NotForEvents));
        assert_eq!(mixpanel.check_region(Some("us"), "notmixpanel.com"), Ok(()), "a relay");
    }
}

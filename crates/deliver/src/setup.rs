//! What a destination is: resolved, immutable, part of a generation (D16).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use weir_event::{DestinationId, Millis, Offset};
use weir_outbound::{Client, Endpoint};
use weir_policy::ReleasePolicy;
use weir_protocol::outbound::DestinationSetup;
use weir_protocol::vendors::DestinationKind;

use crate::folder::Folder;

/// What to do with events whose outcome nobody knows (D3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnUnknown {
    /// Send them again, except operations that do not repeat safely: for vendors that remove duplicates.
    Resend,
    /// Leave them unknown.
    KeepUnknown,
}

/// What to do with events that wait longer than the lag limit (D12).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnLag {
    /// Drop them by rule `expired`.
    Expire,
    /// Keep them; the journal fills, and in the end intake stops.
    Hold,
}

/// Where a destination that the ledger does not know begins (D11).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Start {
    /// With the events that come in from now on.
    Now,
    /// At an offset.
    From(Offset),
}

/// How a destination is delivered to.
#[derive(Clone, Debug)]
pub struct Options {
    /// See [`OnUnknown`].
    pub on_unknown: OnUnknown,
    /// See [`OnLag`].
    pub on_lag: OnLag,
    /// Lag limit in time.
    pub lag_millis_max: i64,
    /// Lag limit in bytes of the journal; 0 for none.
    pub lag_bytes_max: u64,
    /// Where it begins when it is new.
    pub start: Start,
    /// The first wait after a failure; it doubles with each further one.
    pub retry_first: Duration,
    /// The longest wait, jitter and `Retry-After` aside.
    pub retry_longest: Duration,
    /// Added to each wait, at random between these.
    pub jitter: (Duration, Duration),
    /// The longest `Retry-After` that is honoured.
    pub retry_after_longest: Duration,
    /// Failures in a row after which only one request at a time is tried.
    pub breaker_failures: u32,
    /// How long a batch that is not full waits for more events.
    pub linger: Duration,
    /// Events that are gathered before they are cut.
    pub window_events_max: usize,
    /// Requests under way at a time on lanes where order does not matter; one on the others.
    pub in_flight_max: usize,
}

impl Default for Options {
    /// Source of the waits: Mixpanel's API reference (2 to 60 s, jitter 1 to 5 s); of the lag limit: D12.
    fn default() -> Options {
        Options {
            on_unknown: OnUnknown::Resend,
            on_lag: OnLag::Expire,
            lag_millis_max: 72 * Millis::HOUR,
            lag_bytes_max: 0,
            start: Start::Now,
            retry_first: Duration::from_secs(2),
            retry_longest: Duration::from_secs(60),
            jitter: (Duration::from_secs(1), Duration::from_secs(5)),
            retry_after_longest: Duration::from_secs(3_600),
            breaker_failures: 5,
            linger: Duration::from_millis(200),
            // One full request of Mixpanel's.
            window_events_max: 2_000,
            in_flight_max: 4,
        }
    }
}

/// One destination of a generation.
pub struct Setup {
    /// Its id.
    pub id: DestinationId,
    /// What it may have.
    pub release: Arc<ReleasePolicy>,
    /// What it may be asked about: the same, but nobody's pseudonym rotates, or their flags would change with it (D17).
    pub inquiries: Arc<ReleasePolicy>,
    /// The vendor's format.
    pub kind: &'static DestinationKind,
    /// What the format needs to know; checked by making an encoder of it before this is made.
    pub vendor: DestinationSetup,
    /// Where it goes, and how it gets there.
    pub transport: Transport,
    /// How.
    pub options: Options,
}

/// How what an encoder made gets to where it belongs.
#[derive(Clone, Debug)]
pub enum Transport {
    /// As a request.
    Http {
        /// Where requests go.
        endpoint: Endpoint,
        /// Sends them.
        client: Client,
    },
    /// As a file, under the name that its path says.
    Folder(Folder),
}

impl Setup {
    /// The same with the rules of another one: what may leave is the other's, everything else is this one's.
    #[must_use]
    pub fn with_rules_of(&self, other: &Setup) -> Setup {
        Setup {
            id: self.id.clone(),
            release: Arc::clone(&other.release),
            inquiries: Arc::clone(&other.inquiries),
            kind: self.kind,
            vendor: self.vendor.clone(),
            transport: self.transport.clone(),
            options: self.options.clone(),
        }
    }
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup").field("id", &self.id).field("transport", &self.transport).finish_non_exhaustive()
    }
}

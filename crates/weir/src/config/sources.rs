//! Where Weir listens, and where events come in.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use weir_event::{DestinationId, Environment, Region};
use weir_policy::ConsentSpec;

/// `listen`.
#[derive(Clone, Debug)]
pub struct Listen {
    /// For SDKs.
    pub ingest: SocketAddr,
    /// For health and metrics.
    pub console: SocketAddr,
    /// TLS on the ingest address.
    pub tls: Option<TlsFiles>,
}

/// `listen.tls`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TlsFiles {
    /// PEM: the certificate, then its chain.
    pub certificate: PathBuf,
    /// PEM: the private key.
    pub key: PathBuf,
}

/// `sources.<id>`.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name in the protocol's list (`weir_protocol::protocol`).
    pub protocol: &'static str,
    /// At least one; no key belongs to two sources.
    pub write_keys: Vec<String>,
    /// Which keys its subjects are tagged with.
    pub environment: Environment,
    /// How far it has climbed.
    pub mode: Mode,
    /// Which sources share ids (D6).
    pub identity_space: String,
    /// Properties whose value is a group's id.
    pub group_keys: Vec<String>,
    /// Events with a mode of their own.
    pub events: BTreeMap<String, Mode>,
    /// What auxiliary calls get (D17).
    pub auxiliary: Auxiliary,
    /// The second fact of D17.
    pub accept_flag_loss: bool,
    /// Whether browsers are told which events no destination takes.
    pub block_in_browser: bool,
    /// What says something about consent.
    pub consent: ConsentSpec,
    /// How the country of its events is known.
    pub country: Country,
    /// Events a second, on average over ten seconds; `None`: as many as come.
    pub rate_limit: Option<u32>,
}

impl Source {
    /// The mode of one event.
    pub fn mode_of(&self, event: &str) -> Mode {
        self.events.get(event).copied().unwrap_or(self.mode)
    }
}

/// How the country of a source's events is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Country {
    /// By the address that a request comes from (D18).
    Client,
    /// By the address that stands in the event.
    Event,
    /// Not at all.
    Unknown,
    /// They all have this one.
    Declared(Region),
}

/// How far a source or an event has climbed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// A mirrored copy; nothing is delivered.
    Tap,
    /// Delivered by the release rules.
    Observe,
    /// Delivered by the release rules, plan violations acted on.
    Enforce,
}

/// What calls for flags and settings get (D17).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Auxiliary {
    /// A fixed answer.
    Constant,
    /// Flags are asked of this destination's vendor; everything else gets its fixed answer.
    Proxy(DestinationId),
    /// An error.
    Refuse,
}

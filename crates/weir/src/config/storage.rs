//! What is kept, and who is told of it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use weir_ledger::tree::cosignature::CosignerKey;
use weir_ledger::tree::note::VerifierKey;

use super::{Cidr, Origin, Webhook};

/// `journal`.
#[derive(Clone, Copy, Debug)]
pub struct Journal {
    /// Bytes of one file.
    pub segment_bytes: u64,
    /// Bytes of all files.
    pub budget_bytes: u64,
    /// How long a segment stays after everybody has passed it.
    pub replay_window: Duration,
}

/// `hold`.
#[derive(Clone, Copy, Debug)]
pub struct Hold {
    /// Whether bodies are kept, sealed.
    pub keep_body: bool,
    /// How long an entry stays.
    pub keep: Duration,
    /// Bytes of all entries.
    pub budget_bytes: u64,
}

/// `limits`.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// One body as received.
    pub body_bytes: usize,
    /// One body decoded.
    pub body_decoded_bytes: usize,
    /// Request line and headers.
    pub head_bytes: usize,
    /// All bodies being handled.
    pub in_flight_bytes: usize,
    /// Open connections.
    pub connections: usize,
    /// For a head to arrive.
    pub head_timeout: Duration,
    /// For a body to arrive.
    pub body_timeout: Duration,
    /// Between two requests.
    pub idle_timeout: Duration,
}

/// `ledger`.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// The log's name; `None`: one drawn at first start.
    pub origin: Option<String>,
    /// Mirrors of the checkpoint.
    pub anchors: Vec<PathBuf>,
    /// How often at most bucket, webhook and witnesses are told.
    pub publish: Duration,
    /// A bucket that the checkpoint is put into.
    pub bucket: Option<AnchorBucket>,
    /// A webhook that the checkpoint is posted to.
    pub webhook: Option<Webhook>,
    /// Who cosigns the checkpoint.
    pub witnesses: Vec<WitnessOf>,
    /// For whom this Weir cosigns.
    pub witness: Option<WitnessFor>,
}

impl Ledger {
    /// Whether there are anchors that are not files.
    pub fn has_remote_anchors(&self) -> bool {
        self.bucket.is_some() || self.webhook.is_some() || !self.witnesses.is_empty()
    }
}

/// `ledger.bucket`.
#[derive(Clone, Debug)]
pub struct AnchorBucket {
    /// As it was written.
    pub path: String,
    /// The store.
    pub endpoint: Origin,
    /// Bucket and keys; `None` where secrets were left alone.
    pub bucket: Option<weir_protocol::vendors::files::Bucket>,
    /// Ranges, not public, that may be connected to.
    pub allow_addresses: Vec<Cidr>,
}

/// One of `ledger.witnesses`.
#[derive(Clone, Debug)]
pub struct WitnessOf {
    /// Where it is asked.
    pub url: Origin,
    /// What checks its cosignatures.
    pub key: CosignerKey,
    /// Ranges, not public, that may be connected to.
    pub allow_addresses: Vec<Cidr>,
}

/// `ledger.witness`.
#[derive(Clone, Debug)]
pub struct WitnessFor {
    /// Where others ask.
    pub listen: SocketAddr,
    /// The name in its cosignatures.
    pub name: String,
    /// The ledgers that it cosigns for.
    pub logs: Vec<VerifierKey>,
}

/// `audit_log.ship.<receiver>`.
#[derive(Clone, Debug)]
pub struct Ship {
    /// How, and where to.
    pub way: ShipWay,
    /// Whether acts are events of OCSF; else as Weir shows them.
    pub is_ocsf: bool,
    /// Ranges, not public, that may be connected to.
    pub allow_addresses: Vec<Cidr>,
    /// Further certificate authorities.
    pub root_certificates: Option<PathBuf>,
}

/// How acts are handed on.
#[derive(Clone, Debug)]
pub enum ShipWay {
    /// Syslog over the network, by its address as it was written.
    Stream(String),
    /// Syslog to a socket of this machine.
    Local(PathBuf),
    /// A webhook.
    Webhook(Webhook),
    /// A file.
    File(PathBuf),
}

//! Which ledger, how it is kept, and what opening it found.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::anchor::Rewind;
use crate::disk::{Disk, RealDisk};
use crate::state::OpenIntent;

/// Which ledger. The number is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    /// What left: intents, outcomes, ranges.
    Egress = 1,
    /// Administrative acts and reads.
    Audit = 2,
}

impl Kind {
    /// The last part of a default origin.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Egress => "egress",
            Kind::Audit => "audit",
        }
    }
}

/// How a ledger is kept.
#[derive(Clone)]
pub struct Options {
    /// The tree's name; without one `weir/<8 random hex digits>/<egress or audit>`. Used at the first start only.
    pub origin: Option<String>,
    /// Files outside the data folder that the checkpoint is copied to (D14).
    pub anchors: Vec<PathBuf>,
    /// Whether anchors will be compared that are not files: until [`super::Ledger::allow_signing`] nothing is signed.
    pub has_remote_anchors: bool,
    /// How often at most a checkpoint is signed. Zero: only on demand and at close.
    pub tree_interval: Duration,
    /// A log file over this many bytes is followed by a new one.
    pub roll_bytes: u64,
    /// Whether what the release before cannot read may be written: rows of which single ones can be erased, and files they were erased from.
    pub newest_formats: bool,
    /// The disk; tests have one that fails.
    pub disk: Arc<dyn Disk>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            origin: None,
            anchors: Vec::new(),
            has_remote_anchors: false,
            tree_interval: Duration::from_secs(1),
            roll_bytes: 64 * 1024 * 1024,
            newest_formats: true,
            disk: Arc::new(RealDisk),
        }
    }
}

/// What open found.
#[derive(Clone, Debug)]
pub struct Recovered {
    /// Whether the ledger was made by this call.
    pub is_new: bool,
    /// Entries in the log.
    pub entries: u64,
    /// Unacknowledged bytes at the end of the log that were thrown away.
    pub torn_bytes: u64,
    /// Intents without an outcome: their events are unknown until `on_unknown` decides (D3). Each must get an outcome.
    pub unfinished: Vec<OpenIntent>,
    /// What the anchors say of a rewind.
    pub rewind: Rewind,
}

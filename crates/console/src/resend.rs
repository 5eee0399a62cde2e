//! What `weir resend` says: how far it is, and for each destination what was found and what became of it. Counts and names of rules.

use serde::{Deserialize, Serialize};

/// A resend, or the rehearsal of one.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Resending {
    /// The event's name.
    pub event: String,
    /// Received from this time on, RFC 3339.
    pub from: String,
    /// Received before this time, RFC 3339.
    pub to: String,
    /// Whether something is sent; `false` for a rehearsal.
    pub go: bool,
    /// Whether it is still under way.
    pub running: bool,
    /// The journal holds nothing that was received before this time, RFC 3339.
    pub journal_from: String,
    /// Journal offsets to look at, at the destination that it is at.
    pub offsets: u64,
    /// Journal offsets looked at there.
    pub seen: u64,
    /// Events handed to the vendor there.
    pub sent: u64,
    /// Whether it waits now: live events go first, or the vendor asked to wait.
    pub waits: bool,
    /// By destination; those that it has come to.
    pub destinations: Vec<ResentTo>,
}

/// One destination. Counts of events.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ResentTo {
    /// Its id.
    pub destination: String,
    /// The kind of vendor.
    pub vendor: String,
    /// What the vendor does with a second copy of an event: `replaces`, `ignored`, `duplicates`.
    pub repeat: String,
    /// For how long, in milliseconds, where the vendor says so.
    pub repeat_within_millis: Option<i64>,
    /// Where the vendor says so.
    pub repeat_source: String,
    /// In the journal, of this name and time, and meant for this destination.
    pub found: u64,
    /// What had become of them before, by state; a drop by its rule.
    pub before: Vec<(String, u64)>,
    /// What sending does, by effect: `first`, `replaces`, `ignored`, `duplicates`.
    pub sends: Vec<(String, u64)>,
    /// Not sent, and why.
    pub stays: Vec<(String, u64)>,
    /// Today's policy or the vendor's limits let nothing of them leave, by rule.
    pub withheld: Vec<(String, u64)>,
    /// Left in this time, and no longer in the journal.
    pub gone: u64,
    /// Offsets of this time that are damaged.
    pub damaged: u64,
    /// What the vendor said of what was sent: `delivered`, `rejected`, `unknown`.
    pub results: Vec<(String, u64)>,
    /// Why it ended before everything was sent, or could not begin.
    pub stopped: Option<String>,
}

//! What `admin.sock` answers.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::resend::Resending;
use crate::rollout::{Evaluation, Rollout};

/// What comes back.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "snake_case")]
pub enum Reply {
    /// It is done, to so many.
    Done {
        /// Entries, segments, or 1.
        count: u64,
    },
    /// A new configuration holds.
    Reloaded {
        /// Its content hash.
        generation: String,
        /// Whether it differs from the one before.
        changed: bool,
        /// What was changed and takes effect only at the next start.
        at_next_start: Vec<String>,
        /// What it does to events, where what a destination may have differs.
        #[serde(default)]
        evaluation: Option<Evaluation>,
        /// Whether it comes into force in steps.
        #[serde(default)]
        is_staged: bool,
    },
    /// By which rule.
    Why {
        /// The generation in force.
        generation: String,
        /// Since when, RFC 3339.
        since: Option<String>,
        /// One for each source and destination.
        answers: Vec<WhyAnswer>,
    },
    /// What was found at a property, and how.
    Explained {
        /// One for each event of each source that has it.
        properties: Vec<Explained>,
    },
    /// Each event's step.
    Events {
        /// By source and event.
        events: Vec<EventStatus>,
    },
    /// How the process is doing.
    Status(Status),
    /// What a destination would get.
    Preview(Box<crate::preview::Preview>),
    /// Entries of raw hold and quarantine.
    Quarantine {
        /// At most as many as asked for.
        entries: Vec<QuarantineEntry>,
        /// How many there are.
        total: u64,
    },
    /// A rejected entry, masked.
    Masked {
        /// The entry.
        entry: QuarantineEntry,
        /// Its leaves: path, kind, length and categories, no value.
        leaves: Vec<MaskedLeaf>,
    },
    /// An entry of the raw hold.
    Sealed {
        /// The entry.
        entry: QuarantineEntry,
        /// Its body, sealed to the hold key, in hex; `None` where bodies are not kept.
        body: Option<String>,
    },
    /// What was about somebody was taken out of the ledger.
    Erased(Erased),
    /// What a replay would do, or did.
    Replayed {
        /// Whether it was done; `false` for a preview.
        done: bool,
        /// One line for each destination or for the gate: what happens.
        outcomes: Vec<String>,
    },
    /// All destinations.
    Destinations {
        /// By id.
        destinations: Vec<DestinationStatus>,
    },
    /// What a change does to events.
    Evaluated(Evaluation),
    /// How the rollout is.
    Rollout(Rollout),
    /// A resend.
    Resend(Resending),
    /// All keys.
    Keys {
        /// By name.
        keys: Vec<KeyStatus>,
    },
    /// The alerts that are on.
    Alerts {
        /// Gravest first.
        alerts: Vec<AlertStatus>,
    },
    /// What each source was seen to use.
    Observed {
        /// By id; only those that were called.
        sources: Vec<ObservedSource>,
    },
    /// A backup may begin.
    BackupLease {
        /// Names it to the commands that follow.
        lease: u64,
    },
    /// The moment of a backup.
    BackupCut(BackupCut),
    /// Formats that were raised: name, version before, version now.
    Raised {
        /// By name.
        formats: Vec<(String, u32, u32)>,
    },
    /// Another process has taken over.
    HandedOver {
        /// Its process id.
        pid: u32,
        /// Its version.
        version: String,
    },
}

/// Replies may carry paths and categories, so that they do not belong in a log either.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reply(…)")
    }
}

/// The moment of a backup: names, lengths and signed heads; no key, no value.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct BackupCut {
    /// The version of the binary.
    pub version: String,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Which version of each stored format may be there.
    pub formats: Vec<(String, u32)>,
    /// First and next offset of the journal.
    pub journal: (u64, Option<u64>),
    /// The trees.
    pub trees: Vec<BackupTree>,
    /// The fingerprint of the key folder.
    pub key_fingerprint: String,
    /// How often its ring was replaced.
    pub key_ring: u64,
    /// Names of its keys.
    pub keys: Vec<String>,
    /// Names of keys that were destroyed.
    pub keys_destroyed: Vec<String>,
    /// Files below the data folder, and how many bytes of each; `None` for all of it.
    pub files: Vec<(String, Option<u64>)>,
}

/// A tree at the moment of a backup.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct BackupTree {
    /// `ledger` or `audit`.
    pub folder: String,
    /// Its name.
    pub origin: String,
    /// Entries of its log.
    pub entries: u64,
    /// Entries under its newest signed head.
    pub signed_size: u64,
    /// That head; a checkpoint as it is published.
    pub signed: Option<String>,
}

/// By which rule one destination has an event of one source, or a property of it. Names only.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct WhyAnswer {
    /// The source.
    pub source: String,
    /// The event.
    pub event: String,
    /// The property, by its path.
    pub property: Option<String>,
    /// The destination.
    pub destination: String,
    /// Whether it leaves.
    pub leaves: bool,
    /// How, where it does.
    pub how: String,
    /// The rule by which it does not.
    pub rule: Option<String>,
    /// The same in words.
    pub because: String,
    /// What the answer rests on.
    pub basis: String,
    /// When it was first seen, RFC 3339.
    pub first_seen: String,
    /// When it was last seen.
    pub last_seen: String,
    /// In how many events.
    pub events: u64,
    /// The YAML that would turn the answer around.
    pub change: Option<String>,
    /// Whether all of the source's apps send through Weir now, as far as it was told.
    pub covered: bool,
    /// What people have marked at this property as found in error.
    #[serde(default)]
    pub marks: Vec<ExplainedMark>,
}

/// What is known of a property of one event of one source. Names, words of ours, times and counts; of a value its shape at most.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct Explained {
    /// The source.
    pub source: String,
    /// The event.
    pub event: String,
    /// The property's path.
    pub property: String,
    /// `tagged`, `found`, `undecided` or `nothing found`. There is no `clean`.
    pub standing: String,
    /// Why it is undecided.
    pub because: String,
    /// How many events had it.
    pub events: u64,
    /// What its name alone announces: category and likelihood.
    pub by_name: Vec<(String, String)>,
    /// What was learned from its values.
    pub verdicts: Vec<String>,
    /// What was found.
    pub findings: Vec<ExplainedFinding>,
    /// What people have marked as found in error.
    pub marks: Vec<ExplainedMark>,
}

/// A class that was found at a property.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct ExplainedFinding {
    /// What.
    pub category: String,
    /// In so many events.
    pub events: u64,
    /// When first, RFC 3339; none where it is not known.
    pub first: Option<String>,
    /// When last.
    pub last: Option<String>,
    /// Whether it had been without this class for long.
    pub never_seen_before: bool,
    /// Which detector found it last; none where it was not found since Weir was started.
    pub detector: Option<String>,
    /// Who says so: Weir and the version of its detectors, or the configuration that names the detector.
    pub actor: Option<String>,
    /// On what evidence.
    pub evidence: Option<String>,
    /// How sure.
    pub likelihood: Option<String>,
    /// What the value looked like.
    pub shape: Option<String>,
}

/// Somebody's word that a class found at a property is none.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct ExplainedMark {
    /// What it is not.
    pub category: String,
    /// Why, in the file's words.
    pub reason: String,
    /// The instant from which it does not hold, RFC 3339.
    pub ends: Option<String>,
    /// When it was made, RFC 3339; none where it was written by hand.
    pub at: Option<String>,
    /// Who made it.
    pub actor: Option<String>,
}

/// One event of one source.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct EventStatus {
    /// The source.
    pub source: String,
    /// The event.
    pub event: String,
    /// `tap`, `observe` or `enforce`.
    pub step: String,
    /// How many there were.
    pub events: u64,
    /// How many in the last 24 hours.
    pub last_24h: u64,
    /// Properties that were seen.
    pub properties: u64,
    /// By destination: properties that leave to it, and that do not.
    pub destinations: Vec<(String, u64, u64)>,
    /// Properties at which a category was found for the first time in the last seven days, after many events without: path, category.
    #[serde(default)]
    pub new_classes: Vec<(String, String)>,
    /// Properties at which texts of another form came in the last seven days: path, what they were, what came.
    #[serde(default)]
    pub changed_forms: Vec<(String, String, String)>,
}

/// How the process is doing.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct Status {
    /// The version of the binary.
    pub version: String,
    /// The generation in force.
    pub generation: String,
    /// Since when it runs, RFC 3339.
    pub started: String,
    /// Whether it is ready, and if not, why.
    pub not_ready: Vec<String>,
    /// Journal bytes on disk.
    pub journal_bytes: u64,
    /// First and next offset of the journal.
    pub journal_offsets: (u64, u64),
    /// Free bytes of the file system.
    pub disk_free_bytes: u64,
    /// Entries of the ledger.
    pub ledger_entries: u64,
    /// The alerts that are on, gravest first.
    #[serde(default)]
    pub alerts: Vec<AlertStatus>,
    /// Windows that are open in which apps send past Weir.
    #[serde(default)]
    pub bypass: Vec<BypassWindow>,
    /// By source.
    pub sources: Vec<SourceStatus>,
    /// By destination.
    pub destinations: Vec<DestinationStatus>,
    /// What somebody should look at before long, a sentence each: allowances that end.
    #[serde(default)]
    pub notices: Vec<String>,
}

/// One alert that is on.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AlertStatus {
    /// The stable name of its rule.
    pub name: String,
    /// `warning` or `critical`.
    pub severity: String,
    /// The source, destination or store that it is about; empty for the process.
    pub of: String,
    /// Since when, RFC 3339.
    pub since: String,
    /// What is the matter, and what to do.
    pub text: String,
    /// How long until it is full, where it fills.
    pub time_to_full_seconds: Option<u64>,
}

/// A time in which apps sent past Weir: no answer covers it.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BypassWindow {
    /// Its number.
    pub window: u64,
    /// Whose apps; none for all.
    pub source: Option<String>,
    /// When it began, RFC 3339.
    pub since: String,
    /// When it ended, RFC 3339; none while it is open.
    pub until: Option<String>,
    /// When its beginning was recorded, RFC 3339.
    pub recorded: String,
    /// Whether that was after it had begun.
    pub backdated: bool,
    /// Why, in the operator's words; none where that text was deleted or changed.
    pub reason: Option<String>,
}

/// One source.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct SourceStatus {
    /// Its id.
    pub source: String,
    /// Its mode; empty for one that is no longer configured.
    pub mode: String,
    /// Events in the journal, ever.
    pub journaled: u64,
    /// Events held at the gate now.
    pub quarantined: u64,
    /// Events dropped at the gate, ever, by rule.
    pub dropped: Vec<(String, u64)>,
}

/// What was taken out of the ledger. Counts only.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Erased {
    /// Whether it is done; else it goes on by itself.
    pub is_done: bool,
    /// Rows.
    pub rows: u64,
    /// Batches that they were of.
    pub batches: u64,
    /// Of the rows, those whose batch has no outcome yet: its events may be sent again.
    pub under_way: u64,
    /// Notes of the audit log that named them.
    pub notes: u64,
    /// Whether what joined their ids is off the disk; else it goes with the next round.
    pub are_links_gone: bool,
}

/// One destination.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct DestinationStatus {
    /// Its id.
    pub destination: String,
    /// `active`, `suspended` or `ended`, or why it waits.
    pub state: String,
    /// Events offered, ever.
    pub offered: u64,
    /// Events accepted by the vendor, ever.
    pub delivered: u64,
    /// Events waiting now.
    pub waiting: u64,
    /// Events rejected and kept now.
    pub quarantined: u64,
    /// Events sent whose answer was lost.
    pub unknown: u64,
    /// Events dropped, ever, by rule.
    pub dropped: Vec<(String, u64)>,
    /// Age of the oldest waiting event in milliseconds; 0 where none waits.
    pub lag_millis: u64,
}

/// One entry of raw hold or quarantine. No value of the event.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct QuarantineEntry {
    /// Its id, such as `raw-12` or `rejected-7`.
    pub entry: String,
    /// The event id in hex.
    pub event: String,
    /// The source, for one held at the gate.
    pub source: Option<String>,
    /// The destination that rejected it.
    pub destination: Option<String>,
    /// The rule, or the vendor's reason as a word of ours.
    pub reason: String,
    /// The stage that withheld it.
    pub stage: String,
    /// When, RFC 3339.
    pub at: String,
    /// When it expires, RFC 3339.
    pub expires: String,
    /// Whether there is a body to replay.
    pub has_body: bool,
}

/// One leaf of a masked event.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct MaskedLeaf {
    /// Its path.
    pub path: String,
    /// `string`, `number`, `true`, `false`, `null`.
    pub kind: String,
    /// Characters.
    pub length: u32,
    /// Categories found in it.
    pub categories: Vec<String>,
}

/// What one source was seen to use since the process began.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ObservedSource {
    /// Its id.
    pub source: String,
    /// Its protocol.
    pub protocol: String,
    /// Calls by endpoint.
    pub calls: Vec<ObservedTimes>,
    /// Features that calls show.
    pub features: Vec<ObservedTimes>,
    /// SDKs and versions, in requests.
    pub sdks: Vec<ObservedVersion>,
}

/// How often something was seen.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ObservedTimes {
    /// A name of ours.
    pub name: String,
    /// How often.
    pub times: u64,
}

/// An SDK that was seen.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ObservedVersion {
    /// Its package; empty where it is none that Weir knows.
    pub package: String,
    /// Its version.
    pub version: String,
    /// Requests.
    pub times: u64,
}

/// One key, without the key.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct KeyStatus {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub purpose: String,
    /// When it was created, RFC 3339.
    pub created: String,
    /// When it was destroyed, RFC 3339.
    pub destroyed: Option<String>,
}

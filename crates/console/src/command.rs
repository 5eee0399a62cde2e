//! The commands of `admin.sock` and their answers, as JSON: one object a line, `{"v":1,"command":…}` there, `{"ok":…}` or
//! `{"error":…}` back. A field or a command that is not known is refused, so that an old server never guesses what a new
//! client meant.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::resend::Resending;
use crate::rollout::{Evaluation, Rollout};

/// The version of the JSON. A server refuses any other.
pub const VERSION: u32 = 1;

/// What an operator asks for.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Read the configuration again (D16).
    Reload {},
    /// The same, although a guard of the rollout is against it.
    ReloadForced {},
    /// What a configuration would do to events: that of the file, or this text. Changes nothing.
    RolloutPreview {
        /// The text.
        config: Option<String>,
    },
    /// How the rollout is.
    RolloutStatus {},
    /// It stays at its step.
    RolloutPause {},
    /// It goes on.
    RolloutResume {},
    /// The generation before stays in force.
    RolloutAbort {},
    /// The next generation holds for all, now.
    RolloutFinish {},
    /// How the process is doing.
    Status {},
    /// What is in raw hold and quarantine: reasons and counts, no value.
    QuarantineList {
        /// Which entries.
        #[serde(default)]
        filter: Filter,
        /// At most so many.
        limit: u32,
    },
    /// One entry. One that a vendor rejected comes masked; one of the raw hold comes sealed, for the holder of `hold.key`.
    QuarantineShow {
        /// Its id, such as `raw-12` or `rejected-7`.
        entry: String,
    },
    /// Passes an entry through today's policy again.
    QuarantineReplay {
        /// Its id, such as `raw-12` or `rejected-7`.
        entry: String,
        /// The event of a raw hold entry as the client opened it. Lower-case hex.
        opened: Option<Opened>,
        /// Says what would happen and changes nothing.
        preview: bool,
    },
    /// Throws entries away; they count as dropped under `discarded`.
    QuarantineDiscard {
        /// Their ids; at most 1,000.
        entries: Vec<String>,
    },
    /// All destinations, ended ones too.
    DestinationList {},
    /// Stops delivery; events wait, on the clock of the lag limit.
    DestinationSuspend {
        /// Its id.
        destination: String,
    },
    /// Takes delivery up again.
    DestinationResume {
        /// Its id.
        destination: String,
    },
    /// Ends a destination for good: what waits is dropped under `ended`.
    DestinationEnd {
        /// Its id.
        destination: String,
        /// The id once more: a second fact, because there is no way back.
        confirm: String,
    },
    /// What a destination would get of the events that the journal holds: paths, counts and rules, no value.
    DestinationPreview {
        /// Its id.
        destination: String,
        /// The text of the configuration that has it; none for the one in force.
        config: Option<String>,
        /// Only events of this source.
        source: Option<String>,
        /// Only events received since, Unix milliseconds.
        since: i64,
    },
    /// Read the configuration again, in which this destination is new.
    DestinationAdd {
        /// Its id.
        destination: String,
    },
    /// Read the configuration again, in which this source, or one event of it, is on this step.
    LadderMove {
        /// The source.
        source: String,
        /// The event; none for the source itself.
        event: Option<String>,
        /// Where it is now.
        step: LadderStep,
    },
    /// Read the configuration again, in which this class is marked as found in error.
    FalsePositiveMark {
        /// The event.
        event: String,
        /// The property, as written.
        property: String,
        /// What it is not.
        category: String,
        /// Only as this source sends it.
        source: Option<String>,
    },
    /// What was found at a property: by which detector, on what evidence, when.
    Explain {
        /// The event's name.
        event: String,
        /// Its path, or the vendor's name for it.
        property: String,
        /// Only from this source.
        source: Option<String>,
    },
    /// Frees what every reader has passed, without waiting for the next round.
    Trim {},
    /// Names, purposes and ages of keys; never a key.
    KeysList {},
    /// What each source was seen to use since the process began: SDKs, calls and features by name, no value.
    Observed {},
    /// The alerts that are on.
    Alerts {},
    /// Begins a window in which apps send past Weir.
    BypassOpen {
        /// Whose apps; none for all.
        source: Option<String>,
        /// Since when, Unix milliseconds; none for now.
        since: Option<i64>,
        /// Why: the operator's own words.
        reason: String,
    },
    /// Ends such a window now.
    BypassClose {
        /// Its number, where several are open.
        window: Option<u64>,
    },
    /// What a vendor had before Weir counts from now on; its file lies in the data folder.
    HoldingsImport {
        /// The SHA-256 of the file, in hex.
        digest: String,
    },
    /// It does not count any more, and its file is deleted.
    HoldingsRemove {
        /// The SHA-256 of the file, in hex.
        digest: String,
    },
    /// By which rule a destination has an event, or a property of it.
    Why {
        /// The event's name.
        event: String,
        /// A property of it.
        property: Option<String>,
        /// Only from this source.
        source: Option<String>,
        /// Only at this destination.
        destination: Option<String>,
    },
    /// Each event's step, and how many of its properties each destination has.
    Events {},
    /// Write down what was observed until now, so that the command line reads it.
    CatalogSave {},
    /// Write down which ids belong together until now, so that the command line reads it.
    IdentitySave {},
    /// Releases events once more from the journal, or says what that would do. It goes on by itself.
    ResendStart {
        /// The event's name.
        event: String,
        /// Received from this time on, Unix milliseconds.
        from: i64,
        /// Received before this time.
        to: i64,
        /// Only to these; empty: all.
        destinations: Vec<String>,
        /// Sends; otherwise nothing is changed.
        go: bool,
        /// Leaves out what an earlier resend has brought to the vendor.
        skip_resent: bool,
        /// Events a second, at most.
        rate: u32,
    },
    /// How the last resend is.
    ResendStatus {},
    /// Ends the resend that is under way.
    ResendCancel {},
    /// Records that the key folder is about to be copied. The command line copies it, after this.
    KeysBackup {},
    /// Records that the command line is about to show, hand out or open something that it reads itself. It does so after this.
    Disclose(Disclose),
    /// Records that the data folder is about to be copied, and keeps what is about to be copied from being freed. The command line
    /// copies, after this.
    BackupBegin {
        /// The process that copies: once it has gone, another backup may begin.
        pid: u32,
    },
    /// The moment of the backup: which files, and how much of each.
    BackupCut {
        /// What [`Command::BackupBegin`] gave.
        lease: u64,
    },
    /// The backup goes on: nothing is freed for a while longer.
    BackupRenew {
        /// What [`Command::BackupBegin`] gave.
        lease: u64,
    },
    /// The backup is copied, or given up: files may be freed again.
    BackupEnd {
        /// What [`Command::BackupBegin`] gave.
        lease: u64,
    },
    /// Lets the newest version of each stored format be written. The release before cannot open the folder after it.
    UpgradeFinish {},
    /// Starts another binary on the same folders and hands the listening sockets over to it.
    Upgrade {
        /// The binary, as an absolute path; the running one's own path where it is left out.
        binary: Option<String>,
    },
}

/// What the command line is about to show, hand out or open: no id of a person, no value.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disclose {
    /// What.
    pub what: Disclosure,
    /// Destinations that it is about; the audit ledger names the first ninety.
    #[serde(default)]
    pub destinations: Vec<String>,
    /// An entry of raw hold or quarantine that it is about.
    #[serde(default)]
    pub entry: Option<String>,
    /// How many ids it is about.
    #[serde(default)]
    pub subjects: u64,
    /// What tells those ids apart, and why, in the operator's words: one line, kept beside the ledger, where it can be deleted.
    #[serde(default)]
    pub note: Option<String>,
}

impl Disclose {
    /// Of one kind, about nothing in particular.
    pub fn new(what: Disclosure) -> Disclose {
        Disclose { what, destinations: Vec::new(), entry: None, subjects: 0, note: None }
    }
}

/// What is read, exported or opened outside of the gateway.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disclosure {
    /// `weir ledger exposure`: what a vendor got, of how many.
    LedgerExposure,
    /// `weir ledger exposure --self`: what a thief of this Weir would get.
    LedgerExposureSelf,
    /// `weir ledger exposure --resolve`: which rows of the company's own table are in an exposure.
    LedgerResolve,
    /// `weir ledger subject`: an id becomes the pseudonyms that a vendor knows, and all that left about it.
    LedgerSubject,
    /// `weir ledger answer`: the same as a page that is handed out.
    LedgerAnswer,
    /// `weir ledger reconcile`: a vendor is asked what it has.
    LedgerReconcile,
    /// `weir destination view`: what a vendor can see.
    DestinationView,
    /// `weir holdings import`: a vendor's export is read.
    HoldingsImport,
    /// `weir postcard`: one person as a vendor saw them and sees them.
    Postcard,
    /// The hold key is used to open an entry of the raw hold.
    HoldKeyUse,
    /// `weir audit-log ship --once`: acts are handed to another system.
    AuditLogShip,
}

impl Disclosure {
    /// All of them.
    pub const ALL: [Disclosure; 11] = [
        Disclosure::LedgerExposure,
        Disclosure::LedgerExposureSelf,
        Disclosure::LedgerResolve,
        Disclosure::LedgerSubject,
        Disclosure::LedgerAnswer,
        Disclosure::LedgerReconcile,
        Disclosure::DestinationView,
        Disclosure::HoldingsImport,
        Disclosure::Postcard,
        Disclosure::HoldKeyUse,
        Disclosure::AuditLogShip,
    ];

    /// The word in the audit log.
    pub const fn action(self) -> &'static str {
        match self {
            Disclosure::LedgerExposure => "ledger_exposure",
            Disclosure::LedgerExposureSelf => "ledger_exposure_self",
            Disclosure::LedgerResolve => "ledger_resolve",
            Disclosure::LedgerSubject => "ledger_subject",
            Disclosure::LedgerAnswer => "ledger_answer",
            Disclosure::LedgerReconcile => "ledger_reconcile",
            Disclosure::DestinationView => "destination_view",
            Disclosure::HoldingsImport => "holdings_import",
            Disclosure::Postcard => "postcard",
            Disclosure::HoldKeyUse => "hold_key_use",
            Disclosure::AuditLogShip => "audit_log_ship",
        }
    }
}

/// A step of the ladder.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LadderStep {
    /// A mirrored copy; nothing is delivered.
    Tap,
    /// Delivered by the release rules.
    Observe,
    /// Delivered by the release rules, plan violations acted on.
    Enforce,
}

/// Which entries of raw hold and quarantine. Empty: all.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filter {
    /// Entries held at the gate of this source.
    pub source: Option<String>,
    /// Entries rejected at this destination.
    pub destination: Option<String>,
    /// Entries with this reason.
    pub reason: Option<String>,
}

/// An opened event on its way from the command line to the gate: content, so it hides itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Opened(String);

impl Opened {
    /// Wraps the bytes.
    pub fn new(bytes: &[u8]) -> Opened {
        Opened(weir_event::ids::hex(bytes))
    }

    /// The bytes; `None` if it is not hex.
    pub fn reveal(&self) -> Option<Vec<u8>> {
        unhex(&self.0)
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opened({} bytes)", self.0.len() / 2)
    }
}

/// Reads lower-case or upper-case hex.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).ok()).collect()
}

impl Command {
    /// The word in the audit log.
    pub const fn action(&self) -> &'static str {
        match self {
            Command::Reload {} => "reload",
            Command::ReloadForced {} => "reload_forced",
            Command::RolloutPreview { .. } => "rollout_preview",
            Command::RolloutStatus {} => "rollout_status",
            Command::RolloutPause {} => "rollout_pause",
            Command::RolloutResume {} => "rollout_resume",
            Command::RolloutAbort {} => "rollout_abort",
            Command::RolloutFinish {} => "rollout_finish",
            Command::Status {} => "status",
            Command::QuarantineList { .. } => "quarantine_list",
            Command::QuarantineShow { .. } => "quarantine_show",
            Command::QuarantineReplay { preview: true, .. } => "quarantine_preview",
            Command::QuarantineReplay { .. } => "quarantine_replay",
            Command::QuarantineDiscard { .. } => "quarantine_discard",
            Command::DestinationList {} => "destination_list",
            Command::DestinationSuspend { .. } => "destination_suspend",
            Command::DestinationResume { .. } => "destination_resume",
            Command::DestinationEnd { .. } => "destination_end",
            Command::DestinationAdd { .. } => "destination_add",
            Command::DestinationPreview { .. } => "destination_preview",
            Command::LadderMove { step: LadderStep::Tap, .. } => "ladder_tap",
            Command::LadderMove { step: LadderStep::Observe, .. } => "ladder_observe",
            Command::LadderMove { step: LadderStep::Enforce, .. } => "ladder_enforce",
            Command::FalsePositiveMark { .. } => "false_positive_mark",
            Command::Explain { .. } => "explain",
            Command::Trim {} => "trim",
            Command::KeysList {} => "keys_list",
            Command::Observed {} => "observed",
            Command::Alerts {} => "alerts",
            Command::BypassOpen { .. } => "bypass_open",
            Command::BypassClose { .. } => "bypass_close",
            Command::HoldingsImport { .. } => "holding_keep",
            Command::HoldingsRemove { .. } => "holding_remove",
            Command::Why { .. } => "why",
            Command::Events {} => "events",
            Command::CatalogSave {} => "catalog_save",
            Command::IdentitySave {} => "identity_save",
            Command::ResendStart { go: true, .. } => "resend",
            Command::ResendStart { .. } => "resend_preview",
            Command::ResendStatus {} => "resend_status",
            Command::ResendCancel {} => "resend_cancel",
            Command::KeysBackup {} => "keys_backup",
            Command::Disclose(disclose) => disclose.what.action(),
            Command::BackupBegin { .. } => "backup",
            Command::BackupCut { .. } => "backup_cut",
            Command::BackupRenew { .. } => "backup_renew",
            Command::BackupEnd { .. } => "backup_end",
            Command::UpgradeFinish {} => "upgrade_finish",
            Command::Upgrade { .. } => "upgrade",
        }
    }

    /// Whether it enters the audit log before it is run: every change, and every read of an event's content.
    pub const fn is_recorded(&self) -> bool {
        !matches!(
            self,
            Command::Status {}
                | Command::Alerts {}
                | Command::QuarantineList { .. }
                | Command::DestinationList {}
                | Command::KeysList {}
                | Command::Observed {}
                | Command::Why { .. }
                | Command::Explain { .. }
                | Command::Events {}
                | Command::CatalogSave {}
                | Command::IdentitySave {}
                | Command::ResendStart { go: false, .. }
                | Command::ResendStatus {}
                | Command::RolloutPreview { .. }
                | Command::RolloutStatus {}
                // Parts of a backup, whose beginning is recorded.
                | Command::BackupCut { .. }
                | Command::BackupRenew { .. }
                | Command::BackupEnd { .. }
        )
    }
}

/// Names the command; an opened event in it stays hidden.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Command({})", self.action())
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_refused() {
        for bad in [
            r#"{"command":"erase_everything"}"#,
            r#"{"command":"reload","force":true}"#,
            r#"{"command":"destination_end","destination":"a"}"#,
            r#"{"command":"quarantine_list","limit":1,"filter":{"value":"x"}}"#,
            r#"{"command":"disclose","what":"everything"}"#,
            r#"{"command":"disclose","what":"ledger_subject","id":"x"}"#,
        ] {
            assert!(serde_json::from_str::<Command>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_opened_event_prints_no_byte() {
        let command = Command::QuarantineReplay {
            entry: "raw-1".into(),
            opened: Some(Opened::new(b"ada@example.com")),
            preview: false,
        };
        let shown = format!("{command:?} {:?}", Opened::new(b"ada@example.com"));
        assert!(!shown.contains("ada") && !shown.contains(&weir_event::ids::hex(b"ada")));
        let json = serde_json::to_string(&command).unwrap();
        assert_eq!(serde_json::from_str::<Command>(&json).unwrap(), command);
    }

    #[test]
    fn every_command_that_changes_or_shows_content_is_recorded() {
        let entry = String::from("raw-1");
        let id = String::new;
        for command in [
            Command::Reload {},
            Command::ReloadForced {},
            Command::RolloutAbort {},
            Command::RolloutFinish {},
            Command::RolloutPause {},
            Command::RolloutResume {},
            Command::QuarantineShow { entry: entry.clone() },
            Command::QuarantineReplay { entry: entry.clone(), opened: None, preview: true },
            Command::QuarantineReplay { entry: entry.clone(), opened: None, preview: false },
            Command::QuarantineDiscard { entries: vec![entry] },
            Command::DestinationSuspend { destination: id() },
            Command::DestinationResume { destination: id() },
            Command::DestinationEnd { destination: id(), confirm: id() },
            Command::DestinationAdd { destination: id() },
            Command::DestinationPreview { destination: id(), config: None, source: None, since: 0 },
            Command::LadderMove { source: id(), event: None, step: LadderStep::Tap },
            Command::FalsePositiveMark { event: id(), property: id(), category: id(), source: None },
            Command::Trim {},
            Command::KeysBackup {},
            Command::Disclose(Disclose::new(Disclosure::LedgerExposure)),
            Command::BypassOpen { source: None, since: None, reason: id() },
            Command::BypassClose { window: None },
            Command::HoldingsImport { digest: id() },
            Command::HoldingsRemove { digest: id() },
            Command::BackupBegin { pid: 1 },
            Command::UpgradeFinish {},
            Command::Upgrade { binary: None },
        ] {
            assert!(command.is_recorded(), "{command:?}");
        }
    }
}

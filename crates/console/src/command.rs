//! The commands of `admin.sock` and their answers, as JSON: one object a line, `{"v":1,"command":…}` there, `{"ok":…}` or
//! `{"error":…}` back. A field or a command that is not known is refused, so that an old server never guesses what a new
//! client meant.

mod disclosure;
mod reply;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use disclosure::{Disclose, Disclosure};
pub use reply::{
    AlertStatus, BackupCut, BackupTree, BypassWindow, DestinationStatus, Erased, EventStatus, Explained,
    ExplainedFinding, ExplainedMark, KeyStatus, MaskedLeaf, ObservedSource, ObservedTimes, ObservedVersion,
    QuarantineEntry, Reply, SourceStatus, Status, WhyAnswer,
};

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
    /// Take what is about somebody out of the ledger: their rows, and what joins their ids. What waits or comes later is not held back.
    LedgerErase {
        /// Their tags, in hex.
        tags: Vec<String>,
    },
    /// What a vendor said that it has counts from now on; its file lies in the data folder.
    ReconciliationKeep {
        /// The SHA-256 of the file, in hex.
        digest: String,
    },
    /// It does not count any more, since a newer one does, and its file is deleted.
    ReconciliationRemove {
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
            Command::LedgerErase { .. } => "ledger_erase",
            Command::ReconciliationKeep { .. } => "reconciliation_keep",
            Command::ReconciliationRemove { .. } => "reconciliation_remove",
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

#[cfg(test)]
mod tests;

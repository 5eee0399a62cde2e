//! Every act that is recorded, by its word. The page `docs/audit-log.md` is held against this list, and the list against the commands.

/// What kind of act it is: the first question of whoever reads the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// A process begins or ends, or a step that Weir takes by itself.
    Life,
    /// Somebody changed what Weir does.
    Change,
    /// Somebody read what is about people: counts, masked events, what a vendor got.
    Read,
    /// Data or keys were copied out.
    Export,
    /// A key was made, destroyed, or used to open what was sealed.
    KeyUse,
    /// An id was turned into what a vendor or the ledger knows it by.
    Reidentify,
}

impl Class {
    /// All of them.
    pub const ALL: [Class; 6] =
        [Class::Life, Class::Change, Class::Read, Class::Export, Class::KeyUse, Class::Reidentify];

    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            Class::Life => "life",
            Class::Change => "change",
            Class::Read => "read",
            Class::Export => "export",
            Class::KeyUse => "key_use",
            Class::Reidentify => "reidentify",
        }
    }
}

/// One kind of act.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Action {
    /// Its word in the ledger.
    pub word: &'static str,
    /// What kind it is.
    pub class: Class,
    /// What was done, in words.
    pub says: &'static str,
}

const fn action(word: &'static str, class: Class, says: &'static str) -> Action {
    Action { word, class, says }
}

/// All of them, by class. An act whose word is not here is of another release; it is shown and shipped all the same.
pub const ACTIONS: &[Action] = &[
    action("start", Class::Life, "Weir started; keys were unwrapped"),
    action("stop", Class::Life, "Weir stopped"),
    action("generation_in_force", Class::Life, "a configuration came into force"),
    action("rollout_step", Class::Life, "a change reached a larger share of people"),
    action("rollout_finished", Class::Life, "a change holds for everybody"),
    action("rollout_taken_back", Class::Life, "a guard took a change back"),
    action("reload", Class::Change, "the configuration was read again"),
    action("reload_forced", Class::Change, "the configuration was read again, against a guard"),
    action("rollout_pause", Class::Change, "a change stays at its step"),
    action("rollout_resume", Class::Change, "a change goes on"),
    action("rollout_abort", Class::Change, "a change was taken back"),
    action("rollout_finish", Class::Change, "a change was put in force at once"),
    action("destination_add", Class::Change, "a destination was added"),
    action("destination_suspend", Class::Change, "delivery was stopped"),
    action("destination_resume", Class::Change, "delivery was taken up again"),
    action("destination_end", Class::Change, "a destination was ended for good"),
    action("ladder_tap", Class::Change, "a source or event was put on tap"),
    action("ladder_observe", Class::Change, "a source or event was put on observe"),
    action("ladder_enforce", Class::Change, "a source or event was put on enforce"),
    action("policy_propose", Class::Change, "a proposed policy was written"),
    action("false_positive_mark", Class::Change, "a finding was marked as found in error"),
    action("quarantine_replay", Class::Change, "a held event was let through again"),
    action("quarantine_discard", Class::Change, "held events were thrown away"),
    action("resend", Class::Change, "events were sent once more"),
    action("resend_cancel", Class::Change, "a resend was ended"),
    action("trim", Class::Change, "journal segments were freed"),
    action("bypass_open", Class::Change, "apps send past Weir from now on"),
    action("bypass_close", Class::Change, "apps send to Weir again"),
    action("holding_keep", Class::Change, "what a vendor had before Weir counts from now on"),
    action("holding_remove", Class::Change, "an import of what a vendor had does not count any more"),
    action("ledger_erase", Class::Change, "what is about so many ids of a person was to go from the ledger"),
    action("ledger_rows_erase", Class::Change, "so many rows of so many batches go from the ledger"),
    action("reconciliation_keep", Class::Change, "what a vendor said that it has counts from now on"),
    action("reconciliation_remove", Class::Change, "an older answer of a vendor's does not count any more"),
    action("upgrade", Class::Change, "another binary was to take over"),
    action("upgrade_finish", Class::Change, "newer stored formats may be written"),
    action("restore", Class::Change, "the data folder was made of a backup"),
    action("restore_rows", Class::Change, "files of ledger rows were put back from a backup"),
    action("restore_rewound", Class::Change, "the data folder was made of a backup that an anchor is ahead of"),
    action("ledger_recover", Class::Change, "a new origin was opened over a rewound ledger"),
    action("quarantine_show", Class::Read, "a held event was looked at, masked"),
    action("quarantine_preview", Class::Read, "what a replay would do was looked at"),
    action("destination_preview", Class::Read, "what a destination would get was looked at"),
    action("destination_view", Class::Read, "what a vendor can see was looked at"),
    action("ledger_exposure", Class::Read, "what a vendor got, of how many, was asked"),
    action("ledger_exposure_self", Class::Read, "what a thief of this Weir would get was asked"),
    action("ledger_reconcile", Class::Read, "a vendor was asked what it has"),
    action("holdings_import", Class::Read, "a vendor's export was read"),
    action("backup", Class::Export, "the data folder was copied"),
    action("keys_backup", Class::Export, "the key folder was copied"),
    action("audit_log_ship", Class::Export, "acts were handed to another system by hand"),
    action("hold_key_use", Class::KeyUse, "the hold key was used to open a held event"),
    action("key_made", Class::KeyUse, "a key was made"),
    action("key_destroyed", Class::KeyUse, "a key was destroyed"),
    action("ledger_subject", Class::Reidentify, "what left about an id was asked, and its pseudonyms"),
    action("ledger_resolve", Class::Reidentify, "which rows of the company's own table are in an exposure was asked"),
    action("ledger_answer", Class::Reidentify, "what left about an id was handed out as a page"),
    action("postcard", Class::Reidentify, "a person was shown as a vendor sees them"),
];

/// The entry of a word.
pub fn of(word: &str) -> Option<&'static Action> {
    ACTIONS.iter().find(|action| action.word == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_stands_once_and_fits_where_it_is_shipped() {
        for (i, action) in ACTIONS.iter().enumerate() {
            assert!(ACTIONS[i + 1..].iter().all(|other| other.word != action.word), "{}", action.word);
            // RFC 5424: a MSGID is 1 to 32 printable ASCII characters.
            assert!((1..=32).contains(&action.word.len()) && action.word.bytes().all(|b| b.is_ascii_graphic()));
            assert_eq!(of(action.word), Some(action));
        }
        assert_eq!(of("nothing"), None);
    }
}

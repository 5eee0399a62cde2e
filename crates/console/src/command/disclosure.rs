//! What the command line does by itself with what it knows, and enters into the audit log before.

use serde::{Deserialize, Serialize};

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

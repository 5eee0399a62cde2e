//! What is measured at one moment.

use std::time::Duration;

use weir_event::{DestinationId, Millis, SourceId};

/// One moment of a running Weir.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// By the machine's clock, which may jump.
    pub at: Millis,
    /// Since the process began, by a clock that does not.
    pub up: Duration,
    /// What can run full.
    pub fills: Vec<Fill>,
    /// Why intake is closed; empty where it is open.
    pub intake_closed: Vec<&'static str>,
    /// Bytes set aside for ledger and hold, and how many there should be.
    pub reserve: (u64, u64),
    /// Whether a ledger cannot be written any more.
    pub ledger_unwritable: bool,
    /// Whether an anchor elsewhere has shown that a ledger was put back.
    pub ledger_rewound: bool,
    /// Anchors that do not have the newest checkpoint.
    pub anchors_behind: u64,
    /// When the certificate of the ingest listener ends.
    pub certificate_ends: Option<Millis>,
    /// Properties whose permission to leave ends soon, or has ended.
    pub allowances_ending: u64,
    /// Windows open in which apps send past Weir.
    pub bypass_open: u64,
    /// Receivers of the audit log, and how long the oldest act that each does not have has waited.
    pub shipping: Vec<(DestinationId, Duration)>,
    /// By source.
    pub sources: Vec<SourceReading>,
    /// By destination; not those that have ended.
    pub destinations: Vec<DestinationReading>,
}

/// Something that can run full.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Fill {
    /// Its name: `journal`, `disk`, `raw_hold` or `quarantine`.
    pub what: &'static str,
    /// How much there is.
    pub value: f64,
    /// Full at. For free space both are negative: it is full when little is left.
    pub limit: f64,
}

/// One source.
#[derive(Clone, Debug)]
pub struct SourceReading {
    /// Its id.
    pub id: SourceId,
    /// Events received, ever.
    pub received: u64,
    /// Events in the raw hold now.
    pub held: u64,
    /// Categories found at a property for the first time in the last 24 hours, where they had never been.
    pub new_classes: u64,
    /// Properties of which texts of another form newly came in the last 24 hours.
    pub changed_forms: u64,
}

/// One destination.
#[derive(Clone, Debug)]
pub struct DestinationReading {
    /// Its id.
    pub id: DestinationId,
    /// Whether it was told to stop sending.
    pub is_suspended: bool,
    /// Why the vendor refuses it as such: a word of ours.
    pub refused: Option<&'static str>,
    /// Why delivery has stopped until a restart: a word of ours.
    pub halted: Option<&'static str>,
    /// Age of its oldest waiting event in milliseconds.
    pub lag_millis: u64,
    /// Its lag limit in milliseconds.
    pub lag_millis_max: u64,
    /// Whether it is past half of its lag limit, in time or in bytes.
    pub is_lagging: bool,
    /// Whether events expire at the limit.
    pub expires: bool,
    /// Events delivered, ever.
    pub delivered: u64,
    /// Events that the vendor rejected, ever.
    pub rejected: u64,
}

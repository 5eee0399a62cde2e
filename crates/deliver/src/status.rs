//! What can be seen of a destination from outside: for the console, metrics and doctor.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};

use weir_event::histogram::{Histogram, HistogramCounts};
use weir_event::{DestinationId, Millis, Offset};
use weir_ledger::{Status, Totals};

/// Whether requests are tried.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BreakerState {
    /// Freely.
    Closed,
    /// Not before a wait is over.
    Open,
    /// One, to see.
    Probing,
}

/// A destination at one moment.
#[derive(Clone, Debug)]
pub struct DestinationStatus {
    /// Which.
    pub id: DestinationId,
    /// Whether it is in the configuration.
    pub is_configured: bool,
    /// Active, suspended or ended.
    pub life: Status,
    /// The lowest offset without a terminal outcome.
    pub floor: Offset,
    /// Offsets between there and the journal's end, offered to this destination or not.
    pub behind: u64,
    /// Events in requests under way, their waits included.
    pub in_flight: u64,
    /// Events cut into batches that wait for their turn.
    pub queued: u64,
    /// What became of its events, from the ledger.
    pub totals: Totals,
    /// Whether requests are tried.
    pub breaker: BreakerState,
    /// The vendor refuses us as such (credentials, endpoint): a code of ours. Everything is kept and tried slowly.
    pub refused: Option<&'static str>,
    /// Delivery of this destination has stopped until a restart: a code of ours.
    pub halted: Option<&'static str>,
    /// The last accepted request, in this process.
    pub last_success: Option<Millis>,
    /// How long the oldest event that is known to wait has waited, in milliseconds.
    pub lag_millis: i64,
    /// Past half of the lag limit (D12).
    pub is_lagging: bool,
    /// Requests sent by this process.
    pub requests: u64,
    /// Requests of this process that failed or were put off.
    pub failures: u64,
    /// Requests of this process whose outcome is or was unknown.
    pub unknown_requests: u64,
    /// How long the vendor took to answer a request of this process.
    pub took: HistogramCounts,
}

/// What the task tells.
#[derive(Default)]
pub(crate) struct Gauges {
    pub(crate) in_flight: AtomicU64,
    pub(crate) queued: AtomicU64,
    pub(crate) requests: AtomicU64,
    pub(crate) failures: AtomicU64,
    pub(crate) unknown_requests: AtomicU64,
    pub(crate) took: Histogram,
    /// 0 for none.
    pub(crate) last_success: AtomicI64,
    /// Received-at of the oldest event that is known to wait; 0 for none.
    pub(crate) oldest: AtomicI64,
    pub(crate) lagging: AtomicBool,
    /// The destination has ended and everything that was offered to it is counted: it needs the journal no more.
    pub(crate) rests: AtomicBool,
    /// Events below this offset wait behind more bytes of the journal than may: they expire.
    pub(crate) expired_below: AtomicU64,
    pub(crate) refused: Mutex<Option<&'static str>>,
    pub(crate) halted: Mutex<Option<&'static str>>,
}

impl Gauges {
    pub(crate) fn set_refused(&self, code: Option<&'static str>) -> bool {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = *refused != code;
        *refused = code;
        changed
    }

    pub(crate) fn halt(&self, code: &'static str) {
        *self.halted.lock().unwrap_or_else(PoisonError::into_inner) = Some(code);
    }

    pub(crate) fn last_success(&self) -> Option<Millis> {
        Some(self.last_success.load(Relaxed)).filter(|at| *at != 0).map(Millis)
    }

    pub(crate) fn lag_millis(&self, now: Millis) -> i64 {
        match self.oldest.load(Relaxed) {
            0 => 0,
            oldest => now.since(Millis(oldest)).max(0),
        }
    }
}

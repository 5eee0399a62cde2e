//! What a vendor's HTTP statuses mean, as data: one table per kind of destination, from which verdicts are read and pages written.

use std::time::Duration;

use crate::outbound::{Encoded, Verdict};

/// What an answer of some status means, before its body is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Means {
    /// The vendor has it.
    Accepted,
    /// Something in the request does not go in: sent again in halves, and the one event to quarantine under this code.
    Invalid(&'static str),
    /// The vendor does not take us; everything is kept and somebody is told, under this code.
    Refused(&'static str),
    /// All of it goes to quarantine under this code: the vendor forbids to try again, in halves or whole.
    Final(&'static str),
    /// Not now.
    Retry,
    /// It cannot be told whether the vendor has it: `on_unknown` decides.
    Unknown,
}

/// Statuses, the first and the last, and what they mean.
pub type Statuses = (u16, u16, Means);

/// What a status means: the first line that has it, or not now.
pub fn means(table: &[Statuses], status: u16) -> Means {
    let line = table.iter().find(|(first, last, _)| (*first..=*last).contains(&status));
    line.map_or(Means::Retry, |(_, _, means)| *means)
}

/// The verdict on a request.
pub(crate) fn verdict(means: Means, encoded: &Encoded, retry_after: Option<Duration>) -> Verdict {
    match means {
        Means::Accepted => Verdict::Accepted,
        Means::Invalid(_) if encoded.count() > 1 => Verdict::Split,
        Means::Invalid(code) => Verdict::Reject(code),
        Means::Refused(code) => Verdict::Refused(code),
        Means::Retry => Verdict::Retry { after: retry_after },
        Means::Final(code) => Verdict::Reject(code),
        Means::Unknown => Verdict::Unknown,
    }
}

/// What most vendors mean, below 500; everything else is a reason to come again.
pub(crate) const REDIRECTED: Statuses = (300, 399, Means::Refused("redirected"));
pub(crate) const UNAUTHORIZED: Statuses = (401, 401, Means::Refused("credentials_refused"));
pub(crate) const PAYMENT: Statuses = (402, 402, Means::Refused("payment_required"));
pub(crate) const FORBIDDEN: Statuses = (403, 403, Means::Refused("credentials_refused"));
pub(crate) const NO_SUCH_PLACE: Statuses = (404, 405, Means::Refused("endpoint_unknown"));
pub(crate) const TIMED_OUT: Statuses = (408, 408, Means::Retry);
pub(crate) const TOO_LARGE: Statuses = (413, 413, Means::Invalid("too_large_for_vendor"));
pub(crate) const TOO_EARLY: Statuses = (425, 425, Means::Retry);
pub(crate) const TOO_MANY: Statuses = (429, 429, Means::Retry);
/// Comes last of the fours.
pub(crate) const INVALID: Statuses = (400, 499, Means::Invalid("refused_as_invalid"));

//! D4: when something happened, by the client's clock and by ours.

use weir_event::{Millis, limits};

/// The times of an event, fixed once (D4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Times {
    /// What vendors are told.
    pub event: Millis,
    /// What decides the epoch.
    pub epoch: Millis,
    /// Whether the client's timestamp was older than 48 hours.
    pub late: bool,
}

/// D4: the times of an event. `client` is the client's own timestamp before skew correction, `sent_at` what the client's clock
/// showed when it sent the request: only the vendor's time is corrected by it.
pub fn times(client: Option<Millis>, sent_at: Option<Millis>, received_at: Millis) -> Times {
    let Some(client) = client.map(in_milliseconds) else {
        return Times { event: received_at, epoch: received_at, late: false };
    };
    let oldest = received_at.plus(-limits::EPOCH_BACKDATE_MILLIS_MAX);
    let event = corrected(client, sent_at, received_at).min(received_at);
    Times { event, epoch: client.clamp(oldest, received_at), late: client < oldest }
}

/// The client's time by our clock: received_at − (sent_at − client). A request that was sent before its event happened says
/// nothing about its clock.
pub(crate) fn corrected(client: Millis, sent_at: Option<Millis>, received_at: Millis) -> Millis {
    match sent_at.map(|sent_at| in_milliseconds(sent_at).since(client)) {
        Some(waited) if waited >= 0 => received_at.plus(-waited),
        _ => client,
    }
}

/// The times of an event that was withheld with `epoch`: the same as at its first try, whenever it comes back.
pub(super) fn times_of_replay(client: Option<Millis>, epoch: Millis) -> Times {
    let client = client.map_or(epoch, in_milliseconds);
    Times { event: client.min(epoch), epoch, late: client < epoch }
}

/// Micro- and nanoseconds are seen by their size: as milliseconds they would lie past the year 5138.
pub(crate) fn in_milliseconds(time: Millis) -> Millis {
    match time.0 {
        n if n >= 100_000_000_000_000_000 => Millis(n / 1_000_000),
        n if n >= 100_000_000_000_000 => Millis(n / 1_000),
        _ => time,
    }
}

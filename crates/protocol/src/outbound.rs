//! What an encoder is: released events in, requests out, and what the vendor's answers mean.
//!
//! Requests are built from nothing but [`Released`] events and the destination's own setup. No byte, header or parameter of an
//! inbound request can get here, because no type here holds one.

mod request;
mod setup;

use std::time::Duration;

use weir_event::{Millis, Rule};
use weir_policy::Released;

pub(crate) use request::gzip;
pub use request::{Building, Encoded};
pub use setup::{DestinationSetup, IdentityMerge, ImportCredentials, Secret, Settings, SetupError};

/// One destination's outbound format. Each delivery task owns one; it caches and needs no lock.
pub trait Encoder: Send {
    /// Which of the vendor's endpoints takes this event, or the rule by which none does (D11: never silently). The answer is the
    /// same for the same event and time.
    fn lane_of(&mut self, event: &Released<'_>, now: Millis) -> Result<Lane, Rule>;

    /// Until when [`Encoder::lane_of`] puts the event into this lane; `None` where its age does not matter. A request that is not
    /// sent by then is made anew (D4: an age limit is a rule, never left to the vendor).
    fn good_until(&self, _lane: Lane, _event: &Released<'_>) -> Option<Millis> {
        None
    }

    /// Which requests of its lane take the event, as a number: those of two numbers never share one. For vendors that read some
    /// facts once for a whole request.
    fn request_of(&mut self, _event: &Released<'_>) -> u64 {
        0
    }

    /// The lanes, for reports and for cutting batches.
    fn lanes(&self) -> &'static [Lane];

    /// What one request of a lane may hold.
    fn limits(&self, lane: Lane) -> LaneLimits;

    /// Writes an event that [`Encoder::lane_of`] put into this lane behind those that the request holds. `false`: the request has
    /// no room for it and is as it was; an empty one takes any. Should this panic, the request still holds what it held.
    fn push(&mut self, request: &mut Building, event: &Released<'_>) -> bool;

    /// Closes a request. The same events give the same bytes.
    fn finish(&mut self, request: Building) -> Encoded;

    /// Encodes as many events from the front as one request may hold, at least one of a list that is not empty.
    /// [`Encoded::count`] says how many.
    fn encode(&mut self, lane: Lane, events: &[Released<'_>]) -> Encoded {
        let mut request = Building::new(lane);
        let _ = events.iter().all(|event| self.push(&mut request, event));
        self.finish(request)
    }

    /// How the vendor is asked whether it has kept what it took under a number of its own; `None` for a vendor whose first word is
    /// enough.
    ///
    /// Without a number it is a rehearsal, before anything is sent: a vendor that does not answer such questions is refused before
    /// it has anything of which nobody will ever know whether it was kept.
    fn confirm(&self, _receipt: Option<u64>) -> Option<Question> {
        None
    }

    /// What the answer to that question means.
    fn confirmed(&self, _receipt: Option<u64>, _status: u16, _body: &[u8]) -> Confirmation {
        Confirmation::Later
    }

    /// What an answer means for the batch.
    fn interpret(&self, encoded: &Encoded, status: u16, retry_after: Option<Duration>, body: &[u8]) -> Verdict;
}

/// One of a vendor's endpoints as a destination uses it. The number goes into ledger entries: append, never renumber.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Lane {
    /// The stored number.
    pub number: u8,
    /// The name in reports.
    pub name: &'static str,
}

/// What one request may hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LaneLimits {
    /// Events.
    pub events_max: usize,
    /// Bytes before compression.
    pub bytes_max: usize,
}

/// What an answer means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The vendor has all of it.
    Accepted,
    /// The vendor has all but these: index in the batch, and a code of ours.
    Partial {
        /// Index and code.
        rejected: Vec<(u32, &'static str)>,
    },
    /// Something in it does not go in: send halves.
    Split,
    /// Not now.
    Retry {
        /// When, if the vendor said.
        after: Option<Duration>,
    },
    /// The one event in it will never go in; a code of ours.
    Reject(&'static str),
    /// The vendor does not take us: keep everything, retry slowly, tell somebody. A code of ours.
    Refused(&'static str),
    /// It cannot be told whether the vendor has it, as if no answer had come.
    Unknown,
    /// The same, and the vendor forbids to send it again: it stays unknown.
    Undecided,
    /// The event at this place, or the one before it, since vendors count from both ends, does not go in: send them by themselves.
    SplitAround(u32),
    /// The vendor has read all of it and will say later whether it is kept: ask by [`Encoder::confirm`], under its own number.
    Confirm {
        /// The vendor's number of what it took.
        receipt: u64,
    },
}

/// A question that holds nothing of any event: numbers that the vendor gave.
#[derive(Clone, Debug)]
pub struct Question {
    /// The request.
    pub request: Encoded,
    /// The first wait before it is asked again; it doubles up to `longest`.
    pub every: Duration,
    /// The longest wait.
    pub longest: Duration,
    /// How long it is asked before the outcome counts as unknown.
    pub within: Duration,
}

/// What the vendor says to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Confirmation {
    /// It is kept.
    Kept,
    /// Not that it knew of.
    NotYet,
    /// Nothing: it cannot be asked now.
    Later,
    /// It answers no such questions. A code of ours.
    Refused(&'static str),
}

//! What the gate knows about an event besides its bytes: whose source it is, when and from where it came, under which generation.

use std::sync::Arc;

use weir_event::{Environment, GenerationId, Millis, NameId, Region, SourceId};
use weir_keys::KeySnapshot;

use crate::consent::Consent;
use crate::slices::Slices;

/// What a source's configuration says about every event of it.
#[derive(Clone, Debug)]
pub struct SourcePolicy {
    /// The source.
    pub id: SourceId,
    /// Its id as an interned label.
    pub label: NameId,
    /// Which environment its events belong to.
    pub environment: Environment,
    /// Which sources share ids (D6); `default` unless configured.
    pub identity_space: Arc<str>,
    /// The stored number of the protocol that it speaks.
    pub protocol: u8,
    /// Whether some destination of this environment is `raw` and takes this source's events (D8).
    pub keeps_raw: bool,
    /// Whether the source is in mode `tap`: its events are journaled and offered to nobody.
    pub tap: bool,
    /// By what answers of the ledger can group its events (D13).
    pub slices: Slices,
}

/// One request at the gate. Everything but the event itself.
#[derive(Clone, Copy, Debug)]
pub struct Gate<'a> {
    /// The source.
    pub source: &'a SourcePolicy,
    /// When the request was received.
    pub received_at: Millis,
    /// The country, already looked up on the truncated address (D18).
    pub region: Region,
    /// How the country is known.
    pub region_source: RegionSource,
    /// The generation that the request pinned (D16).
    pub generation: GenerationId,
    /// How consent is read from its events, and what the request's head says of it.
    pub consent: Consent<'a>,
    /// Unwrapped keys.
    pub keys: &'a KeySnapshot,
    /// The labels of the destinations that this event is offered to; empty where there is none or the source is a tap.
    pub offered: &'a [NameId],
    /// The day whose raw-id key exists (days since 1970), where the source keeps raw ids.
    pub raw_day: u32,
    /// `Some` where this event comes back from the hold: the epoch time it was withheld with (D10).
    pub replay_of: Option<Millis>,
}

/// How the country of an event is known. The number is stored: append, never renumber.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum RegionSource {
    /// It is not known.
    Unknown = 0,
    /// From the truncated client address.
    ClientAddress = 1,
    /// The SDK or the source's configuration says so.
    Declared = 2,
}

impl RegionSource {
    /// Reads the stored number.
    pub const fn from_number(number: u8) -> Option<RegionSource> {
        match number {
            0 => Some(RegionSource::Unknown),
            1 => Some(RegionSource::ClientAddress),
            2 => Some(RegionSource::Declared),
            _ => None,
        }
    }
}

/// What policy does with a value. The number is stored in journal records and ledger field sets: append, never renumber.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Action {
    /// It stays as it is.
    Keep = 1,
    /// It goes.
    Drop = 2,
    /// An address is cut to its network: /24 or /48.
    Truncate = 3,
    /// A URL becomes origin and templated path.
    Template = 4,
    /// A value becomes one of a small set: a family, a class.
    Coarsen = 5,
    /// A value becomes a keyed pseudonym of the destination's own.
    Pseudonymize = 6,
}

impl Action {
    /// All of them, in order of their number.
    pub const ALL: [Action; 6] =
        [Action::Keep, Action::Drop, Action::Truncate, Action::Template, Action::Coarsen, Action::Pseudonymize];

    /// The name in field sets and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Action::Keep => "keep",
            Action::Drop => "drop",
            Action::Truncate => "truncate",
            Action::Template => "template",
            Action::Coarsen => "coarsen",
            Action::Pseudonymize => "pseudonymize",
        }
    }

    /// Reads the stored number.
    pub fn from_number(number: u8) -> Option<Action> {
        Action::ALL.get(usize::from(number).checked_sub(1)?).copied()
    }
}

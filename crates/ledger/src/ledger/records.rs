//! What is told to the ledger: intents, outcomes, ranges, acts.

use std::ops::Range;

use weir_event::{DestinationId, GenerationId, NameId, Offset, Rule};

use crate::entry::{Actor, BatchId, FieldSetId, Passed, Purpose, Target};
use crate::rows::Row;
use crate::tree::hash::Hash;

/// A field set that rows may name: `canonical` is what `policy` hashes, names in it as text.
#[derive(Clone, Debug)]
pub struct FieldSetDefinition {
    /// First 16 bytes of the SHA-256 of `canonical`.
    pub id: FieldSetId,
    /// The bytes.
    pub canonical: Vec<u8>,
}

/// Something is about to be sent.
#[derive(Clone, Debug)]
pub struct Intent {
    /// To whom.
    pub destination: DestinationId,
    /// Which of the vendor's endpoints.
    pub lane: u8,
    /// Under which configuration.
    pub generation: GenerationId,
    /// The journal offsets, sorted and disjoint.
    pub offsets: Vec<Range<Offset>>,
    /// One row for each offset, in their order. An intent that asks has rows and no offsets.
    pub rows: Vec<Row>,
    /// Definitions of field sets that rows name. Known ones may be left out or given again.
    pub field_sets: Vec<FieldSetDefinition>,
    /// SHA-256 of the uncompressed body of the request.
    pub payload_digest: Hash,
    /// The batch that is tried again.
    pub retry_of: Option<BatchId>,
    /// What it is for.
    pub purpose: Purpose,
}

/// What became of a batch.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The batch.
    pub batch: BatchId,
    /// The vendor's HTTP status, 0 where there was none.
    pub status: u16,
    /// Event by event.
    pub results: Results,
}

/// The results of a batch.
#[derive(Clone, Debug)]
pub enum Results {
    /// Every event was accepted.
    Accepted,
    /// No event was accepted, for this reason (a label of ours).
    Rejected(NameId),
    /// These were rejected, by index in the batch and for what reason; the others were accepted.
    Partial(Vec<(u32, NameId)>),
    /// Nobody knows, and nothing will be sent again by itself (`keep_unknown`). Terminal.
    Unknown,
    /// Not terminal: the events wait again, to be retried, split or released anew. The next intent names this batch in `retry_of`.
    Returned,
}

/// Events that are never sent to a destination (D3).
#[derive(Clone, Debug)]
pub struct RangeDrop {
    /// Which destination.
    pub destination: DestinationId,
    /// Sorted and disjoint; all of it becomes terminal.
    pub offsets: Vec<Range<Offset>>,
    /// Why.
    pub rule: Rule,
    /// How many events.
    pub count: u64,
    /// What became of them.
    pub passed: Passed,
}

/// An administrative act or a read.
#[derive(Clone, Debug)]
pub struct Act {
    /// Who.
    pub actor: Actor,
    /// What, a word of ours.
    pub action: &'static str,
    /// To what; at most 100.
    pub targets: Vec<Target>,
}

//! Questions about somebody (D17 mode `proxy`): released like an event, recorded before they are sent (promise 2), in no sum (D11).
//!
//! Order: intent (durable) → request → outcome. A crash between the first and the last leaves an intent that the next start closes
//! as unknown: what may have left stays on record, and nobody waits for the answer any more.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use weir_event::wire::Cursor;
use weir_event::{GenerationId, NameId, Rule};
use weir_journal::Record;
use weir_ledger::{FieldSetDefinition, FieldSetId, Intent, Outcome, Purpose, Results, Row};
use weir_outbound::{Request, SendError};
use weir_policy::{MinimisedBatch, RecordView, Released, Releaser};
use weir_protocol::outbound::{DestinationSetup, Encoded};

use crate::deliver::Context;
use crate::send::{header_map, settle};
use crate::setup::{Setup, Transport};

/// How long an SDK is kept waiting for the vendor. posthog-js gives up on flags after 3 s.
const PATIENCE: Duration = Duration::from_millis(2_500);

/// What the vendor said.
#[derive(Clone)]
pub struct Answered {
    /// Its HTTP status.
    pub status: u16,
    /// Its body: the vendor's, so not for logs.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AskError {
    /// The destination is suspended, has ended, or is not in the configuration.
    #[error("the destination is not being sent to")]
    NotSending,
    /// The caller had the answer already.
    #[error("there was nothing left to ask")]
    NotAsked,
    /// Policy does not let the question leave.
    #[error("policy withholds the question by rule {}", .0.name())]
    Withheld(Rule),
    /// It could not be recorded, so it was not sent.
    #[error("the question could not be recorded, so it was not sent")]
    NotRecorded,
    /// The vendor could not be reached.
    #[error("the vendor could not be reached")]
    NotSent,
    /// It was sent, and no answer came in time.
    #[error("no answer came")]
    NoAnswer,
}

/// What was asked, ready to leave.
struct Question {
    encoded: Encoded,
    row: Row,
    field_set: Option<FieldSetDefinition>,
}

pub(crate) async fn ask(
    context: &Arc<Context>,
    setup: &Arc<Setup>,
    generation: GenerationId,
    about: MinimisedBatch,
    build: impl FnOnce(&Released<'_>, &DestinationSetup) -> Option<Encoded>,
) -> Result<Answered, AskError> {
    // A folder answers no questions.
    let Transport::Http { endpoint, client } = &setup.transport else { return Err(AskError::NotSending) };
    let question = question(context, setup, &about, build)?;
    drop(about);
    let headers = header_map(&question.encoded).ok_or(AskError::NotSent)?;
    let intent = Intent {
        destination: setup.id.clone(),
        lane: question.encoded.lane().number,
        generation,
        offsets: Vec::new(),
        rows: vec![question.row],
        field_sets: question.field_set.into_iter().collect(),
        payload_digest: question.encoded.digest(),
        retry_of: None,
        purpose: Purpose::Ask,
    };
    // A crash before this is durable leaves nothing, and nothing left.
    let batch = context.ledger.intend(intent).await.map_err(|_| AskError::NotRecorded)?;
    let request = Request {
        endpoint,
        method: if question.encoded.method() == "GET" { Method::GET } else { Method::POST },
        path_and_query: question.encoded.path_and_query(),
        headers,
        body: question.encoded.body(),
    };
    let sent = tokio::time::timeout(PATIENCE, client.send(request)).await;
    let label = |reason: &'static str| context.names.label(reason);
    let (answer, status, results) = match sent {
        Ok(Ok(response)) if (200..300).contains(&response.status) => {
            (Ok(Answered { status: response.status, body: response.body }), response.status, Results::Accepted)
        }
        Ok(Ok(response)) => {
            let answered = Answered { status: response.status, body: response.body };
            (Ok(answered), response.status, Results::Rejected(label("refused")))
        }
        Ok(Err(SendError::NotSent(_))) => (Err(AskError::NotSent), 0, Results::Rejected(label("not_sent"))),
        Ok(Err(SendError::Unknown(_))) | Err(_) => (Err(AskError::NoAnswer), 0, Results::Unknown),
    };
    // The answer is not kept waiting for its own record: the question is on record already.
    let context = Arc::clone(context);
    tokio::spawn(async move {
        let _ = settle(&context, Outcome { batch, status, results }).await;
    });
    answer
}

/// Releases what is asked about under the destination's policy for questions.
fn question(
    context: &Context,
    setup: &Setup,
    about: &MinimisedBatch,
    build: impl FnOnce(&Released<'_>, &DestinationSetup) -> Option<Encoded>,
) -> Result<Question, AskError> {
    // Ids of names are those of this process: the record was never on disk.
    let remap = |number: u32| NameId(number);
    let bytes = Cursor::new(about.bytes()).bytes().map_err(|_| AskError::Withheld(Rule::Malformed))?;
    let view = RecordView::parse_bytes(bytes, &remap).map_err(|_| AskError::Withheld(Rule::Malformed))?;
    let mut releaser = Releaser::new(Arc::clone(&setup.inquiries), context.keys.snapshot(), Arc::clone(&context.names));
    releaser.set_time(context.clock.now());
    let released = releaser.release(&view).map_err(AskError::Withheld)?;
    let facts = released.row();
    let field_set = FieldSetId(facts.field_set.0);
    let definition = releaser
        .field_set(facts.field_set)
        .map(|set| FieldSetDefinition { id: field_set, canonical: set.canonical_text().as_bytes().to_vec() });
    let (subject, organisation) = (facts.subject, facts.organisation);
    let row = Row { subject, organisation, event: facts.event, field_set, slice: facts.slice, epoch: facts.epoch };
    let encoded = build(&released, &setup.vendor).ok_or(AskError::NotAsked)?;
    Ok(Question { encoded, row, field_set: definition })
}

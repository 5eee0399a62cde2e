//! What one batch went through, for a trace: steps with their times, counts and words of ours. No content, no address, no name of an
//! event. Collected only where somebody wants it.

use std::sync::{Arc, Mutex, PoisonError};

use weir_event::{Clock, DestinationId, GenerationId, Millis};

use crate::cut::Batch;
use crate::setup::Setup;

/// Takes traces of batches. Must not block: delivery does not wait for it.
pub trait Traces: Send + Sync {
    /// Whether the next batch is traced. Draws once for each batch.
    fn draw(&self) -> bool;

    /// Takes the trace of a batch.
    fn batch(&self, trace: BatchTrace);
}

/// A step of a batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// `cut`, `wait`, `intend`, `send`, `confirm`, `quarantine` or `outcome`.
    pub name: &'static str,
    /// When it began.
    pub began: Millis,
    /// When it ended.
    pub ended: Millis,
    /// How it ended: a word of ours.
    pub result: &'static str,
    /// The vendor's HTTP status, of a `send` that has one.
    pub status: Option<u16>,
}

/// What one batch went through.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BatchTrace {
    /// To whom.
    pub destination: DestinationId,
    /// The type of the destination.
    pub vendor: &'static str,
    /// Which of the vendor's endpoints.
    pub lane: u8,
    /// How many events.
    pub events: u64,
    /// Bytes of the request's body.
    pub bytes: u64,
    /// Under which configuration.
    pub generation: GenerationId,
    /// Its number in the ledger; none where nothing was recorded.
    pub batch: Option<u64>,
    /// The batch that it tried again.
    pub retry_of: Option<u64>,
    /// How it ended: a word of ours.
    pub result: &'static str,
    /// What happened, in order.
    pub steps: Vec<Step>,
}

/// Collects the steps of one batch, or nothing.
#[derive(Clone, Default)]
pub(crate) struct Steps(Option<Arc<Collected>>);

struct Collected {
    clock: Arc<dyn Clock>,
    inner: Mutex<(Vec<Step>, Option<u64>)>,
}

/// Steps that one trace holds; a batch that is tried for days has more, of which the first are kept.
const STEPS_MAX: usize = 64;

impl Steps {
    /// Collects, where the default does not.
    pub(crate) fn collecting(clock: &Arc<dyn Clock>) -> Steps {
        Steps(Some(Arc::new(Collected { clock: Arc::clone(clock), inner: Mutex::default() })))
    }

    /// Runs a step and notes it with what `judge` makes of its result.
    pub(crate) async fn step<T>(
        &self,
        name: &'static str,
        work: impl Future<Output = T>,
        judge: impl FnOnce(&T) -> (&'static str, Option<u16>),
    ) -> T {
        let Some(collected) = &self.0 else { return work.await };
        let began = collected.clock.now();
        let done = work.await;
        let (result, status) = judge(&done);
        collected.add(Step { name, began, ended: collected.clock.now(), result, status });
        done
    }

    /// Notes the batch's number in the ledger.
    pub(crate) fn number(&self, batch: u64) {
        if let Some(collected) = &self.0 {
            collected.inner.lock().unwrap_or_else(PoisonError::into_inner).1 = Some(batch);
        }
    }

    /// What was collected, with what was known of the batch before; `None` where nothing was wanted.
    pub(crate) fn finish(&self, mut about: BatchTrace, result: &'static str) -> Option<BatchTrace> {
        let inner = self.0.as_ref()?.inner.lock().unwrap_or_else(PoisonError::into_inner).clone();
        about.steps.extend(inner.0);
        Some(BatchTrace { batch: inner.1, result, ..about })
    }
}

impl Collected {
    fn add(&self, step: Step) {
        let steps = &mut self.inner.lock().unwrap_or_else(PoisonError::into_inner).0;
        if steps.len() < STEPS_MAX {
            steps.push(step);
        }
    }
}

/// What is known of a batch before it is sent.
pub(crate) fn about(setup: &Setup, batch: &Batch) -> BatchTrace {
    let (began, ended) = batch.cut;
    BatchTrace {
        destination: setup.id.clone(),
        vendor: setup.kind.name,
        lane: batch.encoded.lane().number,
        events: batch.items.len() as u64,
        bytes: batch.encoded.body().len() as u64,
        generation: batch.generation,
        batch: None,
        retry_of: batch.retry_of.map(|id| id.0),
        result: "",
        steps: vec![Step { name: "cut", began, ended, result: "released", status: None }],
    }
}

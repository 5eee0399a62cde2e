//! Auxiliary calls in mode `proxy` (D17): flags asked of the vendor, with what policy lets it know, remembered for a while.
//!
//! A call is gated and released like an event; what is left makes the question. An answer is remembered under what it was asked of
//! (never under what the SDK sent), so that two calls that differ in nothing that leaves are one question. When the vendor does
//! not answer, the last answer counts, however old; where there is none the constant one does, and a counter tells.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use ring::digest;
use tokio::sync::Semaphore;
use weir_deliver::Deliver;
use weir_event::{DestinationId, DraftBatch, Millis, limits};
use weir_policy::{Gate, MinimisedBatch, Minimiser};
use weir_protocol::inquiry::{Inquirer, Inquiry};
use weir_protocol::{Answer, Auxiliary};

use crate::generation::SourceRuntime;

/// How long an answer counts without being asked again.
const FRESH_MILLIS: i64 = 30 * Millis::SECOND;
/// An answer that is longer is passed on and not remembered.
const REMEMBERED_BYTES_MAX: usize = 64 * 1024;

/// The questions of all sources.
pub struct Questions {
    deliver: OnceLock<Arc<Deliver>>,
    answers: Mutex<Answers>,
    permits: Semaphore,
    vendor: AtomicU64,
    remembered: AtomicU64,
    stale: AtomicU64,
    constant: AtomicU64,
}

/// A call that is asked of the vendor.
pub struct Question {
    inquirer: &'static dyn Inquirer,
    inquiry: Inquiry,
    about: MinimisedBatch,
}

/// What became of questions since the start, for metrics.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Asked {
    /// The vendor answered.
    pub vendor: u64,
    /// A remembered answer was fresh.
    pub remembered: u64,
    /// The vendor did not answer; the last answer counted.
    pub stale: u64,
    /// Nobody answered: the SDK got the constant answer.
    pub constant: u64,
}

/// Answers by what was asked, oldest first out.
#[derive(Default)]
struct Answers {
    by_question: HashMap<[u8; 32], (Millis, Answer), FixedState>,
    order: VecDeque<[u8; 32]>,
    bytes: usize,
}

impl Default for Questions {
    fn default() -> Questions {
        let counter = || AtomicU64::new(0);
        Questions {
            deliver: OnceLock::new(),
            answers: Mutex::default(),
            permits: Semaphore::new(limits::QUESTIONS_MAX),
            vendor: counter(),
            remembered: counter(),
            stale: counter(),
            constant: counter(),
        }
    }
}

impl Questions {
    /// Makes delivery known, once it has started.
    pub fn attach(&self, deliver: Arc<Deliver>) {
        let _ = self.deliver.set(deliver);
    }

    /// What became of questions.
    pub fn asked(&self) -> Asked {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Asked {
            vendor: read(&self.vendor),
            remembered: read(&self.remembered),
            stale: read(&self.stale),
            constant: read(&self.constant),
        }
    }

    /// The answer to a question; `None` where nobody has one.
    pub async fn answer(&self, question: Question, destination: &DestinationId, now: Millis) -> Option<Answer> {
        let Question { inquirer, inquiry, about } = question;
        let (mut asked_of, mut fresh) = ([0; 32], None);
        let permit = self.permits.try_acquire();
        if let (Some(deliver), Ok(_permit)) = (self.deliver.get(), permit) {
            let asking = deliver.ask(destination, about, |released, setup| {
                let encoded = inquirer.ask(&inquiry, released, setup);
                asked_of = digest_of(destination, &inquiry, encoded.path_and_query(), &encoded.digest());
                fresh = self.lock().find(&asked_of, now, FRESH_MILLIS);
                fresh.is_none().then_some(encoded)
            });
            if let Ok(answered) = asking.await
                && let Some(answer) = inquirer.relay(&inquiry, answered.status, &answered.body)
            {
                self.vendor.fetch_add(1, Ordering::Relaxed);
                self.lock().keep(asked_of, now, answer.clone());
                return Some(answer);
            }
        }
        if fresh.is_some() {
            self.remembered.fetch_add(1, Ordering::Relaxed);
            return fresh;
        }
        let last = self.lock().find(&asked_of, now, i64::MAX);
        let counter = if last.is_some() { &self.stale } else { &self.constant };
        counter.fetch_add(1, Ordering::Relaxed);
        last
    }

    fn lock(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Question {
    /// Reads a call and gates it. `None` where it is not asked of anybody, or policy keeps all of it.
    pub fn read(
        call: &Auxiliary<'_>,
        source: &SourceRuntime,
        minimiser: &Minimiser,
        gate: &Gate<'_>,
    ) -> Option<Question> {
        let inquirer = source.protocol.inquirer()?;
        let mut drafts = DraftBatch::default();
        let inquiry = inquirer.read(call, &source.memory.names, &source.options, &mut drafts)?;
        let draft = drafts.drafts.first().filter(|draft| draft.fault.is_none())?;
        let mut about = MinimisedBatch::new(gate.received_at);
        let id = minimiser.event_id(gate, &drafts, draft);
        // As for events: a bug in a stage must not cost more than this answer (D10).
        let gated = catch_unwind(AssertUnwindSafe(|| minimiser.minimise(gate, &drafts, draft, id, &mut about)));
        matches!(gated, Ok(Ok(()))).then_some(Question { inquirer, inquiry, about })
    }
}

/// What a question is known by: whom it goes to, what it says, and what the SDK expects.
fn digest_of(destination: &DestinationId, inquiry: &Inquiry, path: &str, digest_of_body: &[u8; 32]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in [destination.as_str().as_bytes(), path.as_bytes(), digest_of_body, &[inquiry.version]] {
        context.update(&(part.len() as u64).to_le_bytes());
        context.update(part);
    }
    for flag in &inquiry.flags {
        context.update(&(flag.len() as u64).to_le_bytes());
        context.update(flag.as_bytes());
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    out
}

impl Answers {
    fn find(&self, question: &[u8; 32], now: Millis, age_max: i64) -> Option<Answer> {
        let (at, answer) = self.by_question.get(question)?;
        (now.since(*at) <= age_max).then(|| answer.clone())
    }

    fn keep(&mut self, question: [u8; 32], now: Millis, answer: Answer) {
        if answer.body.len() > REMEMBERED_BYTES_MAX {
            return;
        }
        self.bytes += answer.body.len();
        match self.by_question.insert(question, (now, answer)) {
            Some((_, old)) => self.bytes -= old.body.len(),
            None => self.order.push_back(question),
        }
        while self.bytes > limits::ANSWERS_BYTES_MAX || self.order.len() > limits::ANSWERS_MAX {
            let Some(oldest) = self.order.pop_front() else { return };
            if let Some((_, answer)) = self.by_question.remove(&oldest) {
                self.bytes -= answer.body.len();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(size: usize) -> Answer {
        Answer::new(200, "application/json", vec![b'x'; size])
    }

    #[test]
    fn an_answer_is_fresh_for_a_while_and_the_last_one_for_ever() {
        let mut answers = Answers::default();
        answers.keep([1; 32], Millis(0), answer(10));
        assert!(answers.find(&[1; 32], Millis(FRESH_MILLIS), FRESH_MILLIS).is_some());
        assert!(answers.find(&[1; 32], Millis(FRESH_MILLIS + 1), FRESH_MILLIS).is_none());
        assert!(answers.find(&[1; 32], Millis(Millis::DAY), i64::MAX).is_some());
        assert!(answers.find(&[2; 32], Millis(0), i64::MAX).is_none());
    }

    #[test]
    fn answers_have_limits_and_the_oldest_goes_first() {
        let mut answers = Answers::default();
        let number = |n: usize| {
            let mut question = [0; 32];
            question[..8].copy_from_slice(&n.to_le_bytes());
            question
        };
        for n in 0..limits::ANSWERS_MAX + 5 {
            answers.keep(number(n), Millis(0), answer(1));
            answers.keep(number(n), Millis(1), answer(2));
        }
        assert_eq!(answers.order.len(), limits::ANSWERS_MAX);
        assert_eq!(answers.bytes, 2 * limits::ANSWERS_MAX);
        assert!(answers.find(&number(4), Millis(1), i64::MAX).is_none());
        assert!(answers.find(&number(5), Millis(1), i64::MAX).is_some());
        for n in 0..1_000 {
            answers.keep(number(n), Millis(2), answer(REMEMBERED_BYTES_MAX));
        }
        assert!(answers.bytes <= limits::ANSWERS_BYTES_MAX);
        answers.keep(number(7_777_777), Millis(2), answer(REMEMBERED_BYTES_MAX + 1));
        assert!(answers.find(&number(7_777_777), Millis(2), i64::MAX).is_none());
    }
}

//! Reading a body: at most so many bytes, in at most so long, within the common budget; chunked or not, announced or not.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};

use super::budget::{Budget, InFlight};

/// Bytes taken from the budget at a time where the length is not announced.
const CHUNKED_STEP_BYTES: usize = 64 * 1024;
/// A refused body is read and thrown away up to this many bytes, so that its sender reads the answer instead of a reset:
/// an SDK that sees 413 halves its batch, one that sees a closed socket may drop it.
const DRAIN_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// The body of a request, or why it was not read.
#[derive(Debug)]
pub enum Body {
    /// All of it.
    Whole(Vec<u8>, InFlight),
    /// Not read.
    Refused(Refusal),
}

/// Why a body was not read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// Over `limits.body`: 413.
    TooLarge,
    /// Over the bytes in flight: 503 with Retry-After.
    Overloaded,
    /// It did not arrive within `limits.body_timeout`: 408.
    TimedOut,
    /// The connection broke; nobody reads the answer.
    Broken,
}

pub(super) async fn read(mut body: Incoming, limit: usize, timeout: Duration, budget: &Budget, waits: bool) -> Body {
    let announced = body.size_hint().exact();
    if announced == Some(0) {
        return match budget.take(0) {
            Some(taken) => Body::Whole(Vec::new(), taken),
            None => Body::Refused(Refusal::Overloaded),
        };
    }
    // A sender that waits for `100 Continue` has sent nothing yet, and will not if the answer comes at once.
    let drain = announced.unwrap_or(0) <= DRAIN_BYTES_MAX && !waits;
    let over = announced.is_some_and(|n| n > limit as u64);
    let first = announced.map_or(CHUNKED_STEP_BYTES.min(limit), |n| usize::try_from(n).unwrap_or(usize::MAX));
    let mut late = None;
    let taken = if over { None } else { budget.take(first) };
    let Some(mut taken) = taken else {
        if drain {
            throw_away(&mut body, timeout, &mut late).await;
        }
        return Body::Refused(if over { Refusal::TooLarge } else { Refusal::Overloaded });
    };
    let mut room = first;
    // Memory follows what has arrived, not what was announced.
    let mut bytes = Vec::with_capacity(first.min(CHUNKED_STEP_BYTES));
    loop {
        let frame = match next(&mut body, timeout, &mut late).await {
            Ok(Some(frame)) => frame,
            Ok(None) => return Body::Whole(bytes, taken),
            Err(refusal) => return Body::Refused(refusal),
        };
        let refusal = if bytes.len() + frame.len() > limit {
            Some(Refusal::TooLarge)
        } else if bytes.len() + frame.len() > room {
            let step = CHUNKED_STEP_BYTES.max(frame.len());
            room += step;
            (!taken.grow(step)).then_some(Refusal::Overloaded)
        } else {
            None
        };
        if let Some(refusal) = refusal {
            drop(bytes);
            drop(taken);
            throw_away(&mut body, timeout, &mut late).await;
            return Body::Refused(refusal);
        }
        bytes.extend_from_slice(&frame);
    }
}

async fn throw_away(body: &mut Incoming, timeout: Duration, late: &mut Late) {
    let mut left = DRAIN_BYTES_MAX;
    while let Ok(Some(frame)) = next(body, timeout, late).await {
        left = left.saturating_sub(frame.len() as u64);
        if left == 0 {
            return;
        }
    }
}

/// The timer of a body, made when it is first waited for: a body that has already arrived costs none.
type Late = Option<Pin<Box<tokio::time::Sleep>>>;

async fn next(body: &mut Incoming, timeout: Duration, late: &mut Late) -> Result<Option<bytes::Bytes>, Refusal> {
    loop {
        let mut frame = body.frame();
        let frame = poll_fn(|cx| {
            if let Poll::Ready(frame) = Pin::new(&mut frame).poll(cx) {
                return Poll::Ready(Ok(frame));
            }
            let late = late.get_or_insert_with(|| Box::pin(tokio::time::sleep(timeout)));
            late.as_mut().poll(cx).map(|()| Err(Refusal::TimedOut))
        });
        match frame.await? {
            None => return Ok(None),
            Some(Err(_)) => return Err(Refusal::Broken),
            // Trailers are not read.
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

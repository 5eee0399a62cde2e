//! Alerts to a webhook of the operator's: signed, in order, tried a few times, never waited for. A message holds what `weir alerts`
//! shows, so ids of the operator's, words of ours and numbers.
//!
//! Limits: 64 messages wait, the oldest of which go first; five tries each, then it is dropped and counted. What is on when the process
//! ends is not told as over.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use tokio::sync::Notify;
use weir_event::Clock;
use weir_event::ids::hex;
use weir_event::log::{Field, Level, emit};
use weir_watch::Change;

use crate::receivers::Receiver;

const WAITING_MAX: usize = 64;
const TRIES: u32 = 5;
/// Before the second try; four times as long before each further one.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The queue to the webhook. Without a target nothing is queued.
#[derive(Debug, Default)]
pub struct Push {
    target: Mutex<Option<Arc<Receiver>>>,
    waiting: Mutex<VecDeque<(String, Bytes)>>,
    woken: Notify,
    /// Messages that the receiver took.
    pub sent: AtomicU64,
    /// Messages given up.
    pub dropped: AtomicU64,
}

impl Push {
    /// From now on alerts go there, or nowhere.
    pub fn set(&self, target: Option<Receiver>) {
        *self.target.lock().unwrap_or_else(PoisonError::into_inner) = target.map(Arc::new);
    }

    fn target(&self) -> Option<Arc<Receiver>> {
        self.target.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Queues what changed.
    pub fn queue(&self, changes: &[Change], clock: &dyn Clock) {
        if changes.is_empty() || self.target().is_none() {
            return;
        }
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        for change in changes {
            let (kind, alert) = match change {
                Change::Begins(alert) => ("weir.alert.on", alert),
                Change::Ends(alert) => ("weir.alert.over", alert),
            };
            let body = json!({"type": kind, "timestamp": clock.now().to_rfc3339(), "data": super::shown(alert)});
            // A receiver knows a repeated message by its id.
            let id = format!("msg_{}", hex(&weir_keys::SecretKey::generate().bytes()[..16]));
            if waiting.len() >= WAITING_MAX {
                waiting.pop_front();
                self.dropped.fetch_add(1, Relaxed);
            }
            waiting.push_back((id, Bytes::from(body.to_string())));
        }
        self.woken.notify_one();
    }

    /// Sends what is queued, until it is aborted.
    pub async fn run(&self, clock: Arc<dyn Clock>) {
        loop {
            let next = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let (Some((id, body)), Some(target)) = (next, self.target()) else {
                self.woken.notified().await;
                continue;
            };
            let mut wait = FIRST_WAIT;
            let mut taken = false;
            for try_number in 1..=TRIES {
                taken = send(&target, &id, &body, &*clock).await;
                if taken || try_number == TRIES {
                    break;
                }
                tokio::time::sleep(wait).await;
                wait *= 4;
            }
            if taken {
                self.sent.fetch_add(1, Relaxed);
            } else {
                self.dropped.fetch_add(1, Relaxed);
                emit(
                    Level::Warn,
                    "the webhook for alerts took no message; it is dropped",
                    &[("tries", Field::Count(TRIES.into()))],
                );
            }
        }
    }
}

async fn send(target: &Receiver, id: &str, body: &Bytes, clock: &dyn Clock) -> bool {
    let answer = target.post(id, "application/json", body.clone(), clock.now()).await;
    matches!(answer, Ok(answer) if (200..300).contains(&answer.status))
}

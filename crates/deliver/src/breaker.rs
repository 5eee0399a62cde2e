//! The circuit breaker of one destination, and how long to wait after failures.
//!
//! Closed: every batch tries. After some failures in a row it opens: nobody tries until a wait is over, then one does; its success
//! closes the breaker, its failure opens it again for longer.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::setup::Options;
use crate::status::BreakerState;

#[derive(Default)]
pub(crate) struct Breaker {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    failures: u32,
    open_until: Option<Instant>,
    probing: bool,
}

/// The right to try once. Dropping it without a word gives a probe back.
pub(crate) struct Permit<'a> {
    /// `None`: what came of the try was said already.
    breaker: Option<&'a Breaker>,
}

impl Breaker {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Resolves when a request may be tried. Cancel safe.
    pub(crate) async fn permit(&self) -> Permit<'_> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Registered before looking, so that a change in between is not missed.
            changed.as_mut().enable();
            let wait_until = {
                let mut state = self.lock();
                match state.open_until {
                    None => return Permit { breaker: Some(self) },
                    Some(until) if until <= Instant::now() && !state.probing => {
                        state.probing = true;
                        return Permit { breaker: Some(self) };
                    }
                    Some(until) => (!state.probing).then_some(until),
                }
            };
            match wait_until {
                Some(until) => tokio::select! {
                    () = tokio::time::sleep_until(until) => {}
                    () = &mut changed => {}
                },
                None => changed.await,
            }
        }
    }

    pub(crate) fn state(&self) -> BreakerState {
        let state = self.lock();
        match state.open_until {
            None => BreakerState::Closed,
            Some(_) if state.probing => BreakerState::Probing,
            Some(_) => BreakerState::Open,
        }
    }
}

impl Permit<'_> {
    /// The vendor answered in a way that says it takes requests.
    pub(crate) fn succeeded(mut self) {
        if let Some(breaker) = self.breaker.take() {
            *breaker.lock() = State::default();
            breaker.changed.notify_waiters();
        }
    }

    /// The same, where more is to come of this try: nobody waits for that.
    pub(crate) fn spend(&mut self) {
        std::mem::replace(self, Permit { breaker: None }).succeeded();
    }

    /// It did not.
    pub(crate) fn failed(mut self, options: &Options, asked: Option<Duration>) {
        let Some(breaker) = self.breaker.take() else { return };
        {
            let mut state = breaker.lock();
            state.failures = state.failures.saturating_add(1);
            state.probing = false;
            if state.failures >= options.breaker_failures.max(1) {
                let wait = wait(options, state.failures - options.breaker_failures.max(1) + 1, asked);
                state.open_until = Some(Instant::now() + wait);
            }
        }
        breaker.changed.notify_waiters();
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if let Some(breaker) = self.breaker {
            breaker.lock().probing = false;
            breaker.changed.notify_waiters();
        }
    }
}

/// The wait after the `failures`-th failure in a row: doubling, with jitter so that many senders do not come back at once, and not
/// shorter than what the vendor asked for.
pub(crate) fn wait(options: &Options, failures: u32, asked: Option<Duration>) -> Duration {
    let doubled = options.retry_first.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1).min(30)));
    let (least, most) = options.jitter;
    let mut random = [0; 8];
    weir_keys::random(&mut random);
    let share = f64::from(u32::from_le_bytes([random[0], random[1], random[2], random[3]])) / f64::from(u32::MAX);
    let jitter = least + most.saturating_sub(least).mul_f64(share);
    let wait = doubled.min(options.retry_longest) + jitter;
    wait.max(asked.unwrap_or_default().min(options.retry_after_longest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_to_the_longest_with_jitter_and_honour_retry_after() {
        let options = Options::default();
        for (failures, least) in [(1, 2), (2, 4), (3, 8), (5, 32), (6, 60), (40, 60)] {
            for _ in 0..50 {
                let wait = wait(&options, failures, None).as_secs_f64();
                assert!(wait >= f64::from(least) + 1.0 && wait <= f64::from(least) + 5.0, "{failures}: {wait}");
            }
        }
        assert_eq!(wait(&options, 1, Some(Duration::from_secs(120))), Duration::from_secs(120));
        assert_eq!(wait(&options, 1, Some(Duration::from_secs(1 << 40))), options.retry_after_longest);
    }

    /// Only lower bounds of time: a slow machine changes nothing.
    #[tokio::test]
    async fn an_open_breaker_lets_one_try_and_its_success_closes_it() {
        let options = Options {
            breaker_failures: 2,
            retry_first: Duration::from_millis(20),
            jitter: (Duration::ZERO, Duration::ZERO),
            ..Options::default()
        };
        let breaker = Breaker::default();
        breaker.permit().await.failed(&options, None);
        assert_eq!(breaker.state(), BreakerState::Closed);
        breaker.permit().await.failed(&options, None);
        assert_eq!(breaker.state(), BreakerState::Open);

        let before = Instant::now();
        let probe = breaker.permit().await;
        assert!(before.elapsed() >= options.retry_first);
        assert_eq!(breaker.state(), BreakerState::Probing);
        // A second one does not get through while the first is out.
        assert!(tokio::time::timeout(Duration::from_millis(60), breaker.permit()).await.is_err());
        probe.failed(&options, None);
        let before = Instant::now();
        let probe = breaker.permit().await;
        assert!(before.elapsed() >= 2 * options.retry_first);
        // Given up without a word: the next one may try at once.
        drop(probe);
        breaker.permit().await.succeeded();
        assert_eq!(breaker.state(), BreakerState::Closed);
    }
}

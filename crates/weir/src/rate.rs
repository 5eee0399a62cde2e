//! How many events a source may send, on average over ten seconds (`sources.<id>.rate_limit`).
//!
//! What a request holds is known once it is decoded. So a request is taken while anything is left, and is counted against what is
//! left afterwards, below zero if need be; the next one waits until that is made up for. A source over its rate costs no decoding.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use weir_event::Millis;

/// The seconds that may be sent at once after a time of quiet.
const BURST_SECONDS: i64 = 10;
/// Longest time that an SDK is asked to wait.
const WAIT_SECONDS_MAX: i64 = 3_600;

/// What a source has left. Not part of any generation: a reload changes the rate and forgives nothing.
#[derive(Debug, Default)]
pub struct RateLimit {
    /// Thousandths of events that are left, and when that was so.
    left: Mutex<Option<(i64, Millis)>>,
    refused: AtomicU64,
}

impl RateLimit {
    /// `None` if a request may come in; else the seconds after which it may.
    pub fn wait(&self, per_second: u32, now: Millis) -> Option<u32> {
        let (rate, most) = (i64::from(per_second), i64::from(per_second) * BURST_SECONDS * 1_000);
        let mut state = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let left = match *state {
            None => most,
            // A clock that was set back gives nothing and takes nothing.
            Some((left, at)) => left.saturating_add(now.since(at).max(0).saturating_mul(rate)).min(most),
        };
        *state = Some((left, now));
        if left > 0 {
            return None;
        }
        self.refused.fetch_add(1, Ordering::Relaxed);
        let seconds = (1 - left).div_euclid(rate * 1_000) + 1;
        Some(u32::try_from(seconds.clamp(1, WAIT_SECONDS_MAX)).unwrap_or(1))
    }

    /// Counts the events of a request that came in.
    pub fn take(&self, events: u32) {
        let mut state = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((left, _)) = state.as_mut() {
            *left = left.saturating_sub(i64::from(events) * 1_000);
        }
    }

    /// Requests refused in this process.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn after_ten_seconds_worth_at_once_the_rate_holds() {
        let limit = RateLimit::default();
        assert_eq!(limit.wait(5, Millis(0)), None);
        limit.take(50);
        assert_eq!(limit.wait(5, Millis(0)), Some(1), "nothing is left");
        assert_eq!(limit.wait(5, Millis(200)), None, "one event later");
        limit.take(2_000);
        assert_eq!(
            limit.wait(5, Millis(200)),
            Some(400),
            "a request may be larger than what was left, and is made up for"
        );
        assert_eq!(limit.wait(5, Millis(200 + 400_000)), None);
        assert_eq!(limit.refused(), 2);
    }

    proptest! {
        /// Whatever is sent whenever, also by a clock that goes back: never more than the burst, the rate times the time, and one request.
        #[test]
        fn a_source_gets_no_more_than_its_rate(
            rate in 1_u32..1_000,
            requests in proptest::collection::vec((-500_i64..3_000, 1_u32..2_000), 1..200),
        ) {
            let limit = RateLimit::default();
            let (mut now, mut forward, mut taken, mut largest) = (0_i64, 0_i64, 0_i64, 0_i64);
            for (step, events) in requests {
                now += step;
                forward += step.max(0);
                if limit.wait(rate, Millis(now)).is_none() {
                    limit.take(events);
                    taken += i64::from(events);
                    largest = largest.max(i64::from(events));
                }
            }
            prop_assert!(taken <= i64::from(rate) * (BURST_SECONDS + forward / 1_000 + 1) + largest);
        }

        /// Who waits as long as it was told comes in.
        #[test]
        fn the_wait_that_is_told_is_enough(rate in 1_u32..10_000, events in 1_u32..2_000) {
            let limit = RateLimit::default();
            let mut now = Millis(0);
            for _ in 0..20 {
                if let Some(seconds) = limit.wait(rate, now) {
                    now = now.plus(i64::from(seconds) * 1_000);
                    prop_assert_eq!(limit.wait(rate, now), None);
                }
                limit.take(events);
            }
        }
    }
}

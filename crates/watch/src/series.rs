//! A short history of one value, and what can be said of where it goes.
//!
//! Two windows: 15 minutes in steps of 15 s, and six hours in steps of 5 min, each step the median of its five minutes. The slope of a
//! window is Tukey's resistant line, from the median of its first third to the median of its last, so that neither an outlier nor a
//! step of a segment decides. A fill is believed from the last 15 minutes alone where it is near (two hours) or nothing longer is
//! known; otherwise the six hours must rise, too, to where they have not been before: a journal that is trimmed rises and falls all
//! day and is not filling.

use std::collections::VecDeque;
use std::time::Duration;

const SHORT: Window = Window { span: 15.0 * 60.0, step: 15.0, least: 5.0 * 60.0 };
const LONG: Window = Window { span: 6.0 * 3_600.0, step: 5.0 * 60.0, least: 3_600.0 };
/// A fill this near is told without asking the longer window.
const NEAR: f64 = 2.0 * 3_600.0;
/// What is newer than this does not count as "before".
const RECENT: f64 = 1_800.0;
/// How far above all before a fill must be, as a share of what the six hours range over.
const NEW_HIGH: f64 = 0.05;
/// A fill this far is none.
const FAR: f64 = 30.0 * 86_400.0;

struct Window {
    /// Seconds that it holds.
    span: f64,
    /// Seconds between two samples.
    step: f64,
    /// Seconds without which nothing is said.
    least: f64,
}

/// The history of one value.
#[derive(Clone, Debug, Default)]
pub struct Series {
    short: VecDeque<(f64, f64)>,
    long: VecDeque<(f64, f64)>,
    last: f64,
}

impl Series {
    /// Adds a value, `up` after the process began.
    pub fn push(&mut self, up: Duration, value: f64) {
        let at = up.as_secs_f64();
        self.last = value;
        keep(&mut self.short, &SHORT, at, || value);
        let short = &self.short;
        let five_minutes = (LONG.step / SHORT.step) as usize;
        let middle = || median(short.iter().rev().take(five_minutes).map(|(_, value)| *value));
        keep(&mut self.long, &LONG, at, middle);
    }

    /// The newest value.
    pub fn last(&self) -> f64 {
        self.last
    }

    /// How much it has risen in the last 15 minutes; `None` until they are known.
    pub fn rise_short(&self) -> Option<f64> {
        let (first, last) = (self.short.front()?, self.short.back()?);
        (last.0 - first.0 >= SHORT.span - 2.0 * SHORT.step).then_some(self.last - first.1)
    }

    /// The share of the five-minute steps of the last hours in which it rose, before the last 15 minutes; `None` until there is an
    /// hour of them.
    pub fn rising_share(&self) -> Option<f64> {
        let recent = self.short.front().map_or(f64::MAX, |(at, _)| *at);
        let older: Vec<f64> = self.long.iter().filter(|(at, _)| *at <= recent).map(|(_, value)| *value).collect();
        let steps = older.len().checked_sub(1).filter(|steps| *steps >= (LONG.least / LONG.step) as usize)?;
        Some(older.windows(2).filter(|two| two[1] > two[0]).count() as f64 / steps as f64)
    }

    /// How long until the value reaches `limit`, if it goes on as it does; `None` where it is not filling.
    pub fn time_to_full(&self, limit: f64) -> Option<Duration> {
        if self.short.is_empty() {
            return None;
        }
        let level = median(self.short.iter().rev().take(3).map(|(_, value)| *value));
        let left = limit - level;
        if left <= 0.0 {
            return Some(Duration::ZERO);
        }
        let short = slope(&self.short, &SHORT)?;
        if short < 0.0 {
            return None;
        }
        let fast = if short > 0.0 { left / short } else { f64::INFINITY };
        let seconds = match slope(&self.long, &LONG) {
            _ if fast < NEAR => fast,
            Some(long) if long > 0.0 && self.is_new_high(level) => fast.min(left / long),
            Some(_) => return None,
            None => fast,
        };
        (seconds < FAR).then(|| Duration::from_secs_f64(seconds))
    }

    fn is_new_high(&self, level: f64) -> bool {
        let now = self.long.back().map_or(0.0, |(at, _)| *at);
        let before = self.long.iter().filter(|(at, _)| now - at > RECENT).map(|(_, value)| *value);
        let (low, high) = before.fold((level, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
        level - high > (level.max(high) - low) * NEW_HIGH
    }
}

fn keep(samples: &mut VecDeque<(f64, f64)>, window: &Window, at: f64, value: impl FnOnce() -> f64) {
    if samples.back().is_some_and(|(last, _)| at - last < window.step) {
        return;
    }
    samples.push_back((at, value()));
    while samples.front().is_some_and(|(first, _)| at - first > window.span) {
        samples.pop_front();
    }
}

/// Rise per second; `None` where too little is known.
fn slope(samples: &VecDeque<(f64, f64)>, window: &Window) -> Option<f64> {
    let known = samples.back()?.0 - samples.front()?.0;
    let third = samples.len() / 3;
    if known < window.least - window.step || third < 2 {
        return None;
    }
    let of = |range: std::ops::Range<usize>, pick: fn(&(f64, f64)) -> f64| median(samples.range(range).map(pick));
    let (first, last) = (0..third, samples.len() - third..samples.len());
    let time = of(last.clone(), |s| s.0) - of(first.clone(), |s| s.0);
    (time > 0.0).then(|| (of(last, |s| s.1) - of(first, |s| s.1)) / time)
}

/// The middle value; 0 of none.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A reading every five seconds of what `value` says of the seconds.
    fn series(seconds: u64, value: impl Fn(f64) -> f64) -> Series {
        let mut series = Series::default();
        for at in (0..=seconds).step_by(5) {
            series.push(Duration::from_secs(at), value(at as f64));
        }
        series
    }

    fn hours(time: Option<Duration>) -> Option<f64> {
        time.map(|t| (t.as_secs_f64() / 360.0).round() / 10.0)
    }

    #[test]
    fn nothing_is_said_before_five_minutes_are_known() {
        assert_eq!(series(240, |at| at).time_to_full(1e6), None);
        assert!(series(300, |at| at).time_to_full(1e6).is_some());
    }

    #[test]
    fn what_falls_or_stands_is_not_filling_and_what_is_full_is_full_now() {
        assert_eq!(series(7_200, |at| 1e6 - at).time_to_full(2e6), None);
        assert_eq!(series(7_200, |_| 5.0).time_to_full(6.0), None);
        assert_eq!(series(10, |_| 6.0).time_to_full(6.0), Some(Duration::ZERO));
    }

    #[test]
    fn a_journal_that_is_trimmed_every_hour_is_not_filling() {
        // It rises by 100 an hour and falls back; the limit is ten times that.
        for end in (4 * 3_600..6 * 3_600).step_by(300) {
            let tooth = series(end, |at| (at % 3_600.0) / 36.0);
            assert_eq!(tooth.time_to_full(1_000.0), None, "after {end} s");
        }
    }

    #[test]
    fn steps_of_a_segment_are_a_slope() {
        // One step of 64 every ten minutes, for six hours: 384 an hour.
        let stepped = series(6 * 3_600, |at| (at / 600.0).floor() * 64.0);
        let time = stepped.time_to_full(stepped.last() + 3_840.0).unwrap().as_secs_f64();
        assert!((7.0..=11.0).contains(&(time / 3_600.0)), "{time}");
    }

    #[test]
    fn an_outage_that_has_just_begun_is_told_when_it_is_near() {
        // Level for six hours, then it fills at 1 a second for six minutes: near with 3,600 left, not believed with 100,000.
        let sudden = |at: f64| (at - 6.0 * 3_600.0).max(0.0);
        let seen = series(6 * 3_600 + 900, sudden);
        assert_eq!(hours(seen.time_to_full(900.0 + 3_600.0)), Some(1.0));
        assert_eq!(seen.time_to_full(100_000.0), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn a_steady_fill_is_told_to_within_a_tenth(rate in 1_u32..10_000, minutes in 6_u64..400, left in 600_u32..500_000) {
            let rate = f64::from(rate);
            let steady = series(minutes * 60, |at| at * rate);
            let time = steady.time_to_full(steady.last() + f64::from(left) * rate).unwrap().as_secs_f64();
            prop_assert!((time - f64::from(left)).abs() <= f64::from(left) / 10.0, "{} instead of {}", time, left);
        }

        #[test]
        fn a_tenth_of_outliers_changes_no_sign(seed in any::<u64>()) {
            let noisy = series(3_600, |at| {
                let draw = (at as u64 / 15).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(seed) >> 32;
                if draw % 10 == 0 { 1e9 } else { at }
            });
            // It may end in an outlier; what is left is counted from there.
            prop_assert!(noisy.time_to_full(2e9).is_none_or(|t| t > Duration::from_secs(3_600)));
        }

        #[test]
        fn memory_is_bounded(seconds in 0_u64..40_000) {
            let filled = series(seconds, |at| at);
            prop_assert!(filled.short.len() <= 62 && filled.long.len() <= 74);
        }
    }
}

//! How long a vendor may be away: what comes in, held against the limits of D12. Pure, so that it can be tested without a disk.
//!
//! From the moment that a vendor goes away its events stay in the journal. What happens then, and which limit decides:
//!
//! - **alert**: half of the lag limit, which is `lag.max` or half of `journal.budget`, whichever comes first;
//! - **expire** (`on_lag: expire`): the lag limit; what waits is dropped by that rule, and intake goes on;
//! - **intake stops** (`on_lag: hold`, or a replay window that does not fit): no further segment fits `journal.budget`, or the disk
//!   beside its reserve. SDKs get 503 and keep their events, as far as they do.
//!
//! Segments are freed as wholes, so that half of one is taken off where old ones are to be freed.

/// What is known.
#[derive(Clone, Copy, Debug)]
pub struct Inputs {
    /// Bytes of journal a second; 0 where nothing comes in.
    pub bytes_per_second: f64,
    /// Bytes of segments that hold something.
    pub filled_bytes: u64,
    /// Bytes of all files of the journal, spares included.
    pub file_bytes: u64,
    /// `journal.segment`.
    pub segment_bytes: u64,
    /// `journal.budget`.
    pub budget_bytes: u64,
    /// `journal.replay_window`, in seconds.
    pub replay_seconds: f64,
    /// Bytes that the journal may still take of the disk: free, less what the reserve lacks, less what must stay free for intake.
    pub disk_bytes: u64,
}

/// One destination.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// `lag.max`, in seconds.
    pub lag_seconds: f64,
    /// `on_lag: hold`.
    pub holds: bool,
}

/// What decides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Binding {
    /// `lag.max` of the destination.
    LagMax,
    /// Half of `journal.budget`.
    LagBytes,
    /// All of `journal.budget`.
    Budget,
    /// The disk beside its reserve.
    Disk,
    /// `journal.replay_window`: what is kept to be released again fills the journal, vendor or not.
    ReplayWindow,
}

impl Binding {
    /// Its name, for a program.
    pub const fn name(self) -> &'static str {
        match self {
            Binding::LagMax => "lag.max",
            Binding::LagBytes => "journal.budget / 2",
            Binding::Budget => "journal.budget",
            Binding::Disk => "disk",
            Binding::ReplayWindow => "journal.replay_window",
        }
    }

    /// What changes it.
    pub const fn advice(self) -> &'static str {
        match self {
            Binding::LagMax => "raise lag.max of the destination",
            Binding::LagBytes => "raise journal.budget: the lag limit acts at half of it",
            Binding::Budget => "raise journal.budget",
            Binding::Disk => "free disk space, or put the data folder on a larger disk",
            Binding::ReplayWindow => {
                "raise journal.budget or shorten journal.replay_window: it does not fit even while all is well"
            }
        }
    }
}

/// A moment from now on.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct When {
    /// After so many seconds.
    pub seconds: f64,
    /// By which limit.
    pub by: Binding,
}

/// What would happen, if a vendor went away now.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Outage {
    /// The alert; always before the first of the others.
    pub alert: When,
    /// Events begin to expire; `None` where they are held.
    pub expire: Option<When>,
    /// Intake stops; `None` where it does not because of this.
    pub stop: Option<When>,
}

impl Outage {
    /// How long it may take until something is lost or refused.
    pub fn bearable(&self) -> When {
        let both = [self.expire, self.stop];
        both.into_iter().flatten().min_by(|a, b| a.seconds.total_cmp(&b.seconds)).unwrap_or(self.alert)
    }
}

/// What would happen.
pub fn outage(of: &Inputs, limits: &Limits) -> Outage {
    let after =
        |bytes: f64| if of.bytes_per_second > 0.0 { (bytes / of.bytes_per_second).max(0.0) } else { f64::INFINITY };
    let sooner = |a: When, b: When| if b.seconds < a.seconds { b } else { a };
    let half = of.budget_bytes as f64 / 2.0;
    // Files are larger than what is in them: the lag limit counts files, the events that wait are in what is filled.
    let in_files =
        if of.file_bytes > 0 { (of.filled_bytes as f64 / of.file_bytes as f64).clamp(0.5, 1.0) } else { 1.0 };
    let lag = |share: f64| {
        let by_time = When { seconds: limits.lag_seconds * share, by: Binding::LagMax };
        sooner(by_time, When { seconds: after(half * share * in_files), by: Binding::LagBytes })
    };
    let stop = full(of, &after);
    let expires = lag(1.0);
    let fills = stop.by == Binding::ReplayWindow;
    Outage {
        alert: lag(0.5),
        expire: (!limits.holds).then_some(expires),
        stop: (limits.holds || fills || stop.seconds < expires.seconds).then_some(stop),
    }
}

/// When no further segment fits while a vendor is away and its events are held.
fn full(of: &Inputs, after: &impl Fn(f64) -> f64) -> When {
    let whole = |bytes: u64| (bytes / of.segment_bytes.max(1) * of.segment_bytes) as f64;
    let (by_budget, by_disk) = (whole(of.budget_bytes), whole(of.file_bytes.saturating_add(of.disk_bytes)));
    let (room, by) = if by_disk < by_budget { (by_disk, Binding::Disk) } else { (by_budget, Binding::Budget) };
    if after(room - of.segment_bytes as f64) <= of.replay_seconds {
        // No whole segment is old enough to be freed before it is full.
        return When { seconds: after(room - of.filled_bytes as f64), by: Binding::ReplayWindow };
    }
    When { seconds: after(room - of.segment_bytes as f64 / 2.0), by }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MIB: u64 = 1024 * 1024;
    const HOUR: f64 = 3_600.0;

    fn inputs() -> Inputs {
        Inputs {
            bytes_per_second: 65_000.0,
            filled_bytes: 300 * MIB,
            file_bytes: 320 * MIB,
            segment_bytes: 64 * MIB,
            budget_bytes: 24 * 1024 * MIB,
            replay_seconds: HOUR,
            disk_bytes: 1024 * 1024 * MIB,
        }
    }

    const EXPIRE: Limits = Limits { lag_seconds: 72.0 * HOUR, holds: false };
    const HOLD: Limits = Limits { lag_seconds: 72.0 * HOUR, holds: true };

    #[test]
    fn d12_each_limit_binds_where_it_is_the_first_and_is_named() {
        let roomy = Inputs { budget_bytes: 200 * 1024 * MIB, ..inputs() };
        let by_time = outage(&roomy, &EXPIRE);
        assert_eq!(by_time.expire, Some(When { seconds: 72.0 * HOUR, by: Binding::LagMax }));
        assert_eq!(by_time.alert, When { seconds: 36.0 * HOUR, by: Binding::LagMax });
        assert_eq!(by_time.stop, None, "it expires, so intake goes on");

        let tight = outage(&inputs(), &EXPIRE);
        assert_eq!(tight.bearable().by, Binding::LagBytes);
        assert!((45.0..52.0).contains(&(tight.bearable().seconds / HOUR)), "{tight:?}");

        let held = outage(&inputs(), &HOLD);
        assert_eq!((held.expire, held.stop.map(|s| s.by)), (None, Some(Binding::Budget)));
        assert!((105.0..111.0).contains(&(held.bearable().seconds / HOUR)), "{held:?}");

        let small_disk = outage(&Inputs { disk_bytes: 5 * 1024 * MIB, ..inputs() }, &HOLD);
        assert_eq!(small_disk.bearable().by, Binding::Disk);
        let smaller = outage(&Inputs { disk_bytes: 1024 * MIB, ..inputs() }, &EXPIRE);
        assert_eq!(smaller.bearable().by, Binding::Disk, "the disk is full before anything expires");

        let kept = outage(&Inputs { replay_seconds: 500.0 * HOUR, ..inputs() }, &EXPIRE);
        assert_eq!(kept.stop.map(|s| s.by), Some(Binding::ReplayWindow), "it fills up, vendor or not");
    }

    #[test]
    fn where_nothing_comes_in_only_time_counts() {
        let quiet = outage(&Inputs { bytes_per_second: 0.0, ..inputs() }, &EXPIRE);
        assert_eq!(quiet.bearable(), When { seconds: 72.0 * HOUR, by: Binding::LagMax });
        assert!(outage(&Inputs { bytes_per_second: 0.0, ..inputs() }, &HOLD).bearable().seconds.is_infinite());
    }

    /// The journal as it is kept: whole segments, trimmed where the destination and the window have passed.
    fn simulated(of: &Inputs) -> f64 {
        let step = of.segment_bytes as f64 / of.bytes_per_second / 50.0;
        let room = of.budget_bytes / of.segment_bytes;
        let replay = of.replay_seconds;
        // (made at, filled) of each segment; all that came in before now, at the same rate.
        let mut at = -(of.filled_bytes as f64) / of.bytes_per_second;
        let (mut segments, mut filled): (Vec<f64>, f64) = (vec![at], 0.0);
        loop {
            at += step;
            filled += step * of.bytes_per_second;
            if filled >= of.segment_bytes as f64 {
                filled = 0.0;
                // Freed: its events are older than the window, and from before the outage.
                while segments.len() > 1 && segments[1] <= at - replay && segments[1] <= 0.0 {
                    segments.remove(0);
                }
                if segments.len() as u64 >= room && at > 0.0 {
                    return at;
                }
                segments.push(at);
            }
        }
    }

    proptest! {
        #[test]
        fn the_time_until_it_is_full_is_that_of_a_simulated_journal(
            rate in 10_000.0..2_000_000.0_f64,
            segments in 8_u64..200,
            replay in 0.0..50.0_f64,
            history in 0.05..1.0_f64,
        ) {
            let segment_bytes = 16 * MIB;
            let budget_bytes = segments * segment_bytes;
            let replay_seconds = replay * HOUR;
            // What is there before: at most what the window keeps, and what fits.
            let filled = (rate * replay_seconds * history).min(budget_bytes as f64 * 0.5) as u64;
            let of = Inputs {
                bytes_per_second: rate, filled_bytes: filled, file_bytes: filled + segment_bytes,
                segment_bytes, budget_bytes, replay_seconds, disk_bytes: u64::MAX / 4,
            };
            let (said, is) = (outage(&of, &HOLD).stop.unwrap().seconds, simulated(&of));
            let off = (said - is).abs() / is;
            prop_assert!(off < 0.2, "said {said}, is {is}");
        }

        #[test]
        fn the_alert_is_never_later_than_what_it_warns_of(rate in 1.0..1e9_f64, disk in 0_u64..1 << 40, holds in any::<bool>()) {
            let of = Inputs { bytes_per_second: rate, disk_bytes: disk, ..inputs() };
            let outage = outage(&of, &Limits { lag_seconds: 72.0 * HOUR, holds });
            if let Some(expire) = outage.expire {
                prop_assert!(outage.alert.seconds <= expire.seconds);
            }
            prop_assert!(outage.bearable().seconds >= 0.0);
        }
    }
}

//! How long this thread has run, for benches.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// The kernel brings it up to date with its clock's ticks, so what is measured takes many of them. Where the system does not say, how late
/// it is.
pub(crate) fn thread_time() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let nanoseconds = std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|text| text.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| START.elapsed(), Duration::from_nanos)
}

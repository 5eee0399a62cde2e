//! CPU time by stage, for the benchmark and for an operator who asks where the time goes. Off by default: reading a thread's CPU
//! clock costs a system call. `WEIR_STAGE_TIMES=1` turns it on; `/metrics` then has `weir_stage_cpu_seconds_total{stage}`.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::time::{ClockId, clock_gettime};

/// The stages that are measured, in the order of an event's way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
#[expect(missing_docs, reason = "the names are those of ARCHITECTURE.md")]
pub enum Stage {
    Body,
    Decode,
    Dedup,
    Minimise,
    Answer,
}

const COUNT: usize = 5;
static NANOS: [AtomicU64; COUNT] = [const { AtomicU64::new(0) }; COUNT];
static ON: OnceLock<bool> = OnceLock::new();

impl Stage {
    /// All stages with their names in metrics.
    pub const ALL: [(Stage, &'static str); COUNT] = [
        (Stage::Body, "body"),
        (Stage::Decode, "decode"),
        (Stage::Dedup, "event_ids_and_dedup"),
        (Stage::Minimise, "detect_and_minimise"),
        (Stage::Answer, "answer"),
    ];
}

/// Measures the thread's CPU time between marks.
pub struct StageTimer(Option<u64>);

impl StageTimer {
    /// Starts on this thread. Must not live across an `await`: the task may wake on another thread.
    pub fn start() -> StageTimer {
        let on = *ON.get_or_init(|| std::env::var_os("WEIR_STAGE_TIMES").is_some_and(|v| v == "1"));
        StageTimer(on.then(thread_nanos))
    }

    /// Books the time since the last mark to `stage`.
    pub fn mark(&mut self, stage: Stage) {
        if let Some(since) = &mut self.0 {
            let now = thread_nanos();
            NANOS[stage as usize].fetch_add(now.saturating_sub(*since), Ordering::Relaxed);
            *since = now;
        }
    }
}

/// Seconds by stage; `None` while measuring is off.
pub fn seconds() -> Option<Vec<(&'static str, f64)>> {
    ON.get().copied().unwrap_or(false).then(|| {
        Stage::ALL.iter().map(|(s, name)| (*name, NANOS[*s as usize].load(Ordering::Relaxed) as f64 / 1e9)).collect()
    })
}

fn thread_nanos() -> u64 {
    let t = clock_gettime(ClockId::ThreadCPUTime);
    t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64
}

//! Seeded events whose fate can be followed one by one: each carries a number `n`, allowed to leave, by which it is found again.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};
use weir_event::{Clock, SystemClock};

use crate::harness::WRITE_KEY;
use crate::random::Random;
use crate::wire::{self, Connection};

/// One event with the number `n`; every thirtieth carries something that must not leave.
pub fn event(n: u64, random: &mut Random) -> Value {
    let mut event = json!({"event": *random.pick(&["Report Exported", "Page Viewed", "Seat Added", "Plan Changed"]), "properties": {
        "token": WRITE_KEY,
        "distinct_id": format!("user-{:06}", random.below(5_000)),
        "$insert_id": format!("{n:032x}"),
        "time": SystemClock.now().0 as f64 / 1000.0,
        "$os": "Linux", "$browser": "Chrome", "$browser_version": 156, "$screen_width": 1280, "$screen_height": 720,
        "$current_url": format!("https://app.example.com/projects/{}/reports?tab=2", random.below(100_000)),
        "mp_lib": "web", "$lib_version": "2.83.0",
        "plan": *random.pick(&["free", "pro", "enterprise"]),
        "format": *random.pick(&["csv", "pdf"]),
        "n": n,
        "rows": random.below(10_000),
    }});
    if random.chance(30) {
        event["properties"]["comment"] = json!(format!("mail me at planted{n}@example.com"));
    }
    event
}

/// What became of the load.
#[derive(Debug, Default)]
pub struct Fate {
    /// Numbers that were written to a socket, answered or not.
    pub sent: BTreeSet<u64>,
    /// Numbers whose request was answered with 200.
    pub acknowledged: BTreeSet<u64>,
    /// Answers by status; 0 for a connection that broke.
    pub answers: std::collections::BTreeMap<u16, u64>,
}

/// Producers that post batches until they are stopped or the server goes away.
pub struct Load {
    stop: Arc<AtomicBool>,
    fate: Arc<Mutex<Fate>>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    /// Starts `producers` connections that post batches of up to `batch` events with numbers drawn from `numbers`.
    pub fn start(ingest: SocketAddr, producers: u64, batch: u64, numbers: &Arc<AtomicU64>, seed: u64) -> Load {
        let stop = Arc::new(AtomicBool::new(false));
        let fate = Arc::new(Mutex::new(Fate::default()));
        let threads = (0..producers)
            .map(|producer| {
                let (stop, fate, numbers) = (Arc::clone(&stop), Arc::clone(&fate), Arc::clone(numbers));
                let mut random = Random::new(seed.wrapping_add(producer.wrapping_mul(0x9E37)));
                std::thread::spawn(move || {
                    let mut connection = None;
                    while !stop.load(Ordering::Relaxed) {
                        let count = 1 + random.below(batch);
                        let from = numbers.fetch_add(count, Ordering::Relaxed);
                        let body: Value = (from..from + count).map(|n| event(n, &mut random)).collect();
                        let body = body.to_string();
                        lock(&fate).sent.extend(from..from + count);
                        let answer = connection
                            .take()
                            .map_or_else(|| Connection::open(ingest), Ok)
                            .and_then(|mut c| c.exchange(&post(&body)).map(|answer| (c, answer)));
                        let mut fate = lock(&fate);
                        let status = answer.as_ref().map_or(0, |(_, a)| a.status);
                        *fate.answers.entry(status).or_insert(0) += 1;
                        if status == 200 {
                            fate.acknowledged.extend(from..from + count);
                        }
                        drop(fate);
                        match answer {
                            // As every client does: who is told to close comes back on a new connection.
                            Ok((_, a)) if a.header("connection").is_some_and(|c| c.eq_ignore_ascii_case("close")) => {}
                            Ok((open, _)) => connection = Some(open),
                            // The server is gone or going; do not spin on it.
                            Err(_) => std::thread::sleep(Duration::from_millis(5)),
                        }
                    }
                })
            })
            .collect();
        Load { stop, fate, threads }
    }

    /// How many events have been acknowledged so far.
    pub fn acknowledged(&self) -> usize {
        lock(&self.fate).acknowledged.len()
    }

    /// Stops and says what became of it.
    pub fn stop(mut self) -> Fate {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().expect("a producer ends without a panic");
        }
        std::mem::take(&mut *lock(&self.fate))
    }
}

/// Posts one batch of events; the status of the answer.
pub fn send(ingest: SocketAddr, events: &[Value]) -> std::io::Result<u16> {
    Ok(wire::exchange(ingest, &post(&Value::from(events.to_vec()).to_string()))?.status)
}

fn post(body: &str) -> Vec<u8> {
    wire::request("POST", "/in/web/track?verbose=1&ip=1", &[("Content-Type", "application/json")], body.as_bytes())
}

fn lock(fate: &Mutex<Fate>) -> std::sync::MutexGuard<'_, Fate> {
    fate.lock().unwrap_or_else(PoisonError::into_inner)
}

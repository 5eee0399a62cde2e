//! The generator: keep-alive connections that write ready-made requests, closed loop for throughput or at a fixed rate for latency.
//! At a fixed rate a request's time counts from when it was due, so that a stall is not hidden by a generator that waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::report;
use crate::workload;

/// What the generator saw.
struct Seen {
    answered: usize,
    refused: usize,
    latencies_us: Vec<u32>,
}

/// `load TARGET EVENTS SEED identity|gzip [RATE events/s]`: prints one JSON line.
#[expect(clippy::disallowed_methods, reason = "a load generator has no clock to be given and opens bare connections")]
pub(crate) fn main(arguments: &[String]) -> Result<(), String> {
    let [target, events, seed, encoding, rest @ ..] = arguments else {
        return Err("load needs TARGET EVENTS SEED identity|gzip [RATE]".into());
    };
    let events: usize = events.parse().map_err(|_| "EVENTS is not a number")?;
    let seed: u64 = seed.parse().map_err(|_| "SEED is not a number")?;
    let rate: Option<f64> = rest.first().map(|r| r.parse()).transpose().map_err(|_| "RATE is not a number")?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|e| e.to_string())?.as_secs();
    let requests =
        Arc::new(workload::requests(target, events.div_ceil(workload::BATCH), seed, encoding == "gzip", now));
    let bytes: usize = requests.iter().map(Vec::len).sum();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    let connections = 64;
    // The caller waits for this line before it reads the CPU time of the server.
    report::line("ready");
    let mut go = String::new();
    std::io::stdin().read_line(&mut go).map_err(|e| e.to_string())?;
    let started = Instant::now();
    let seen = runtime.block_on(async {
        let next = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..connections)
            .map(|_| tokio::spawn(connection(target.clone(), Arc::clone(&requests), Arc::clone(&next), started, rate)))
            .collect();
        let mut all = Seen { answered: 0, refused: 0, latencies_us: Vec::new() };
        for task in tasks {
            let seen = task.await.map_err(|e| e.to_string())??;
            all.answered += seen.answered;
            all.refused += seen.refused;
            all.latencies_us.extend(seen.latencies_us);
        }
        Ok::<Seen, String>(all)
    })?;
    let seconds = started.elapsed().as_secs_f64();
    let mut sorted = seen.latencies_us;
    sorted.sort_unstable();
    let at = |q: f64| {
        sorted.get(((sorted.len() as f64 * q) as usize).min(sorted.len().saturating_sub(1))).copied().unwrap_or(0)
    };
    let figures = serde_json::json!({
        "events": seen.answered * workload::BATCH, "refused_requests": seen.refused, "seconds": seconds,
        "bytes_per_event": bytes as f64 / (requests.len() * workload::BATCH) as f64,
        "p50_ms": f64::from(at(0.50)) / 1e3, "p99_ms": f64::from(at(0.99)) / 1e3, "max_ms": f64::from(at(1.0)) / 1e3,
    });
    report::line(&figures.to_string());
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a load generator opens bare connections")]
async fn connection(
    target: String,
    requests: Arc<Vec<Vec<u8>>>,
    next: Arc<AtomicUsize>,
    started: Instant,
    rate: Option<f64>,
) -> Result<Seen, String> {
    let mut stream = TcpStream::connect(&target).await.map_err(|e| e.to_string())?;
    stream.set_nodelay(true).map_err(|e| e.to_string())?;
    let mut seen = Seen { answered: 0, refused: 0, latencies_us: Vec::new() };
    let mut answer = Vec::with_capacity(4096);
    loop {
        let i = next.fetch_add(1, Ordering::Relaxed);
        let Some(request) = requests.get(i) else { return Ok(seen) };
        let mut due = Instant::now();
        if let Some(rate) = rate {
            due = started + Duration::from_secs_f64((i * workload::BATCH) as f64 / rate);
            tokio::time::sleep_until(due.into()).await;
        }
        stream.write_all(request).await.map_err(|e| format!("write: {e}"))?;
        answer.clear();
        let end = loop {
            if stream.read_buf(&mut answer).await.map_err(|e| format!("read: {e}"))? == 0 {
                return Err("the server closed a keep-alive connection".into());
            }
            if let Some(head) = memmem::find(&answer, b"\r\n\r\n") {
                let text = String::from_utf8_lossy(&answer[..head]).to_ascii_lowercase();
                let length: usize = text
                    .lines()
                    .find_map(|l| l.strip_prefix("content-length:"))
                    .and_then(|v| v.trim().parse().ok())
                    .unwrap_or(0);
                if answer.len() >= head + 4 + length {
                    break head;
                }
            }
        };
        if answer[..end].starts_with(b"HTTP/1.1 200") {
            seen.answered += 1;
        } else {
            seen.refused += 1;
        }
        seen.latencies_us.push(u32::try_from(due.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
}

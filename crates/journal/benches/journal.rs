//! Durable acknowledgements per second beside a bare loop of write and sync on a file prepared the same way.
//!
//! `cargo bench -p weir-journal --bench journal -- [--dir DIR] [--seconds N] [--only WORDS] [--json]`
#![allow(clippy::print_stdout, reason = "a bench reports on standard output")]

use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use weir_event::names::NameVerdict;
use weir_event::wire::put_bytes;
use weir_event::{Millis, NameId, NameJudge, Names, Offset, SystemClock};
use weir_journal::{Journal, Options, Record};
use weir_keys::Keys;

struct AllClean;

impl NameJudge for AllClean {
    fn judge(&self, _: &str) -> NameVerdict {
        NameVerdict::Clean
    }
}

#[derive(Clone)]
struct Batch {
    bytes: Arc<[u8]>,
    names: Arc<[NameId]>,
    count: u32,
}

impl Record for Batch {
    fn bytes(&self) -> &[u8] {
        &self.bytes
    }
    fn count(&self) -> u32 {
        self.count
    }
    fn names(&self) -> &[NameId] {
        &self.names
    }
    fn note(&self) -> &[u8] {
        b"note of a dozen"
    }
    fn received_at(&self) -> Millis {
        Millis(1_800_000_000_000)
    }
}

fn batch(names: &Names, records: u32, bytes: usize) -> Batch {
    let mut out = Vec::new();
    for i in 0..records {
        put_bytes(&mut out, &vec![i as u8; bytes]);
    }
    let mut ids: Vec<NameId> = (0..25).map(|i| names.label(&format!("property name {i}"))).collect();
    ids.sort_unstable();
    Batch { bytes: out.into(), names: ids.into(), count: records }
}

struct Outcome {
    label: String,
    acks: f64,
    p50: Duration,
    p99: Duration,
    cpu_micros: f64,
}

fn outcome(label: String, mut took: Vec<Duration>, elapsed: Duration, cpu: Duration) -> Outcome {
    took.sort_unstable();
    let at = |part: f64| took.get(((took.len() - 1) as f64 * part) as usize).copied().unwrap_or_default();
    let (acks, cpu_micros) = (took.len() as f64 / elapsed.as_secs_f64(), cpu.as_secs_f64() * 1e6 / took.len() as f64);
    Outcome { label, acks, p50: at(0.5), p99: at(0.99), cpu_micros }
}

/// CPU time of this process, user and system.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks: u64 = [11, 12].iter().filter_map(|i| fields.get(*i)?.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

fn bare(dir: &Path, size: usize, time: Duration) -> Outcome {
    let path = dir.join("bare");
    let file = std::fs::OpenOptions::new().create(true).write(true).truncate(true).open(&path).expect("a file");
    let length = 64 * 1024 * 1024;
    for chunk in 0..64 {
        file.write_all_at(&vec![0; 1024 * 1024], chunk * 1024 * 1024).expect("zeros");
    }
    file.sync_all().expect("a sync");
    let (payload, mut at, mut took) = (vec![7; size], 0, Vec::new());
    let (started, cpu_before) = (Instant::now(), cpu());
    while started.elapsed() < time {
        let one = Instant::now();
        file.write_all_at(&payload, at).expect("a write");
        file.sync_data().expect("a sync");
        took.push(one.elapsed());
        at = (at + size as u64) % (length - size as u64);
    }
    let outcome = outcome(format!("bare write+fdatasync {size} B"), took, started.elapsed(), cpu() - cpu_before);
    std::fs::remove_file(path).expect("a removal");
    outcome
}

async fn producers(journal: &Journal<Batch>, label: &str, n: usize, batch: &Batch, time: Duration) -> Outcome {
    // The first segments are prepared outside the measured time.
    journal.append(batch.clone()).await.expect("an append");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (started, cpu_before) = (Instant::now(), cpu());
    let tasks: Vec<_> = (0..n)
        .map(|_| {
            let (journal, batch) = (journal.clone(), batch.clone());
            tokio::spawn(async move {
                let mut took = Vec::new();
                while started.elapsed() < time {
                    let one = Instant::now();
                    journal.append(batch.clone()).await.expect("an append");
                    took.push(one.elapsed());
                }
                took
            })
        })
        .collect();
    let mut took = Vec::new();
    for task in tasks {
        took.extend(task.await.expect("a producer"));
    }
    outcome(label.to_owned(), took, started.elapsed(), cpu() - cpu_before)
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let value = |name: &str| args.iter().position(|a| a == name).and_then(|i| args.get(i + 1)).cloned();
    let time = Duration::from_secs(value("--seconds").and_then(|s| s.parse().ok()).unwrap_or(3));
    let only = value("--only").unwrap_or_default();
    let json = args.iter().any(|a| a == "--json");
    let folder = value("--dir").map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = tempfile::tempdir_in(folder).expect("a folder");
    let keys = Keys::open(&folder.path().join("keys"), Arc::new(SystemClock)).expect("keys");
    let names = Names::new(Box::new(AllClean));
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");

    let mut outcomes = vec![bare(folder.path(), 2_048, time), bare(folder.path(), 131_072, time)];
    let small = batch(&names, 4, 500);
    let large = batch(&names, 50, 500);
    // "steady" trims as it goes, so that segments are used again instead of prepared anew.
    for (label, n, batch, with_readers, steady) in [
        ("1 producer, 2 KiB", 1, &small, 0, false),
        ("8 producers, 2 KiB", 8, &small, 0, false),
        ("64 producers, 2 KiB", 64, &small, 0, false),
        ("64 producers, 2 KiB, steady", 64, &small, 0, true),
        ("64 producers, 2 KiB, 3 readers at the tail", 64, &small, 3, false),
        ("64 producers, 2 KiB, 1 reader from the start", 64, &small, 1, false),
        ("1 producer, 50 x 500 B, steady", 1, &large, 0, true),
        ("8 producers, 50 x 500 B", 8, &large, 0, false),
        ("8 producers, 50 x 500 B, steady", 8, &large, 0, true),
    ] {
        if !label.contains(&only) {
            continue;
        }
        let dir = folder.path().join("journal");
        let options = Options { budget_bytes: 64 << 30, ..Options::default() };
        let clock = Arc::new(SystemClock);
        let (journal, _) = Journal::open(&dir, Arc::clone(&keys), Arc::clone(&names), Box::new(()), options, clock)
            .expect("a journal");
        let read = Arc::new(AtomicU64::new(0));
        outcomes.push(runtime.block_on(async {
            let from = if with_readers == 1 { Offset(0) } else { journal.tail() };
            if with_readers == 1 {
                // Something to catch up with that is behind the window.
                for _ in 0..3_000 {
                    journal.append(large.clone()).await.expect("an append");
                }
            }
            for _ in 0..with_readers {
                let (mut reader, read) = (journal.reader(from), Arc::clone(&read));
                tokio::spawn(async move {
                    while let Ok(group) = reader.next().await {
                        read.fetch_add(u64::from(group.count()), Ordering::Relaxed);
                    }
                });
            }
            let stop = Arc::new(AtomicBool::new(!steady));
            let trimming = {
                let (journal, stop) = (journal.clone(), Arc::clone(&stop));
                std::thread::spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        journal.trim(journal.tail(), Millis(i64::MAX)).expect("a trim");
                        std::thread::sleep(Duration::from_millis(50));
                    }
                })
            };
            let outcome = producers(&journal, label, n, batch, time).await;
            stop.store(true, Ordering::Relaxed);
            trimming.join().expect("the trimming thread");
            journal.close().await;
            outcome
        }));
        std::fs::remove_dir_all(dir).expect("a removal");
    }
    for o in outcomes {
        if json {
            println!(
                "{{\"name\":\"{}\",\"acks_per_second\":{:.0},\"p50_ms\":{:.3},\"p99_ms\":{:.3},\"cpu_micros_per_ack\":{:.2}}}",
                o.label,
                o.acks,
                o.p50.as_secs_f64() * 1e3,
                o.p99.as_secs_f64() * 1e3,
                o.cpu_micros
            );
        } else {
            println!(
                "{:48} {:>8.0} acks/s   p50 {:>7.3} ms   p99 {:>7.3} ms   {:>6.2} us CPU/ack",
                o.label,
                o.acks,
                o.p50.as_secs_f64() * 1e3,
                o.p99.as_secs_f64() * 1e3,
                o.cpu_micros
            );
        }
    }
}

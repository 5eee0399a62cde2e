//! What recording an intent costs: `cargo run --release -p weir-ledger --example intend -- FOLDER [ROWS]`. The folder's disk is
//! measured with it. Reports the time of the caller (rows, blinds, hashes, root) and of the whole with its fsync.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a tool at the developer's desk")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use weir_event::names::{ClassOnly, NameKind};
use weir_event::{Clock, DestinationId, GenerationId, Names, Offset, SystemClock};
use weir_keys::Keys;
use weir_ledger::tree::hash::sha256;
use weir_ledger::{FieldSetDefinition, FieldSetId, Intent, Kind, Ledger, Options, Outcome, Purpose, Results, Row};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let parent = arguments.next().unwrap_or_else(|| ".".to_owned());
    let rows: u64 = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(2_000);
    let folder = tempfile::tempdir_in(parent).unwrap();
    let clock = Arc::new(SystemClock) as Arc<dyn Clock>;
    let keys = Keys::open(&folder.path().join("keys"), Arc::clone(&clock)).unwrap();
    let names = Names::new(Box::new(ClassOnly));
    let options = Options { tree_interval: Duration::from_secs(1), ..Options::default() };
    let (ledger, _) =
        Ledger::open(&folder.path().join("ledger"), Kind::Egress, keys, Arc::clone(&names), options, clock).unwrap();
    let destination = DestinationId::parse("product").unwrap();
    ledger.start(&destination, Offset(0)).wait().unwrap();
    let canonical = b"export_made left plan".to_vec();
    let id = FieldSetId(sha256(&canonical)[..16].try_into().unwrap());
    let row = Row {
        subject: 7,
        organisation: 0,
        event: names.restore(NameKind::Event, "export_made").unwrap(),
        field_set: id,
        slice: names.label("CH"),
        epoch: 7,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (mut whole, mut first_poll) = (Duration::ZERO, Duration::ZERO);
    let rounds = 400_u32;
    for i in 0..u64::from(rounds) {
        let intent = Intent {
            destination: destination.clone(),
            lane: 1,
            generation: GenerationId([1; 8]),
            offsets: vec![Offset(i * rows)..Offset((i + 1) * rows)],
            rows: vec![row; rows as usize],
            field_sets: vec![FieldSetDefinition { id, canonical: canonical.clone() }],
            payload_digest: [0; 32],
            retry_of: None,
            purpose: Purpose::Deliver,
        };
        let begun = Instant::now();
        let batch = runtime.block_on(async {
            let mut future = std::pin::pin!(ledger.intend(intent));
            // The first poll does all the work of the caller and ends at the queue.
            let ready = std::future::poll_fn(|context| std::task::Poll::Ready(future.as_mut().poll(context))).await;
            first_poll += begun.elapsed();
            match ready {
                std::task::Poll::Ready(batch) => batch.unwrap(),
                std::task::Poll::Pending => future.await.unwrap(),
            }
        });
        whole += begun.elapsed();
        ledger.outcome(Outcome { batch, status: 200, results: Results::Accepted }).wait().unwrap();
    }
    let per_row = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(rounds) / rows as f64;
    println!(
        "{rows} rows: caller {:.3} µs a row, whole with its fsync {:.3} µs a row",
        per_row(first_poll),
        per_row(whole)
    );
    let begun = Instant::now();
    ledger.close().unwrap();
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or("").split(' ').collect();
    let ticks = |i: usize| fields.get(i).and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0);
    // Fields 14 and 15 of proc(5), counted from the state behind the name; a tick is a hundredth of a second.
    let cpu = (ticks(12) + ticks(13)) / 100.0;
    println!(
        "close {:?}; CPU of the process {cpu:.2} s, {:.3} µs a row with making the rows, log, tree and system calls",
        begun.elapsed(),
        cpu * 1e6 / f64::from(rounds) / rows as f64
    );
}

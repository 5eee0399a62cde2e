//! What a row takes on the disk once the log has given it up, and what that costs: a real ledger is written, taken over, thinned, verified,
//! and asked for the rows of some batches, as a proof needs them. `WEIR_THIN_ROWS` (4 million) rows in batches of `WEIR_THIN_BATCH` (500),
//! to one destination in one month. No event content.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use weir_event::names::{ClassOnly, NameKind};
use weir_event::{Clock, DestinationId, GenerationId, ManualClock, Millis, Names, Offset};
use weir_keys::Keys;
use weir_ledger::tree::hash::sha256;
use weir_ledger::{
    BatchId, FieldSetDefinition, FieldSetId, Intent, Kind, Ledger, Options, Outcome, Purpose, Results, Row,
};
use weir_rows::Store;
use weir_rows::thin::{Asked, fetch};

/// The beginning of a month, so that all of it lies in one.
const START: Millis = Millis(1_793_500_000_000);
const PEOPLE: u64 = 1_000_000;

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn bytes_of(dir: &Path) -> u64 {
    std::fs::read_dir(dir).unwrap().map(|item| item.unwrap().metadata().unwrap().len()).sum()
}

/// A number that looks random (SplitMix64).
fn mixed(n: u64) -> u64 {
    let mut x = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let done = work();
    println!("{what:<44}{:>9.3} s", begun.elapsed().as_secs_f64());
    done
}

fn main() {
    let (rows, batch) = (number("WEIR_THIN_ROWS", 4_000_000), number("WEIR_THIN_BATCH", 500));
    let batches = rows / batch;
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(START));
    let keys = Keys::open(&dir.path().join("keys"), Arc::clone(&clock) as Arc<dyn Clock>).unwrap();
    let names = Names::new(Box::new(ClassOnly));
    let folder = dir.path().join("ledger");
    let options = Options { tree_interval: Duration::ZERO, ..Options::default() };
    let of = (Arc::clone(&names), Arc::clone(&clock) as Arc<dyn Clock>);
    let (ledger, _) = Ledger::open(&folder, Kind::Egress, Arc::clone(&keys), of.0, options, of.1).unwrap();
    let product = DestinationId::parse("product").unwrap();
    ledger.start(&product, Offset(0)).wait().unwrap();
    let events: Vec<_> = (0..40).map(|i| names.restore(NameKind::Event, &format!("event_{i}")).unwrap()).collect();
    let slices = ["CH", "DE", "FR", "US"].map(|country| names.label(country));
    let set = |i: usize| {
        let canonical = format!("weir field set v1\nevent\tevent_{i}\nleft\tplan\t-\tkeep\n").into_bytes();
        FieldSetDefinition { id: FieldSetId(sha256(&canonical)[..16].try_into().unwrap()), canonical }
    };
    let sets: Vec<FieldSetDefinition> = (0..40).map(set).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    timed("written", || {
        for i in 0..batches {
            clock.set(START.plus(i as i64 * 60));
            let row = |at: u64| {
                let (n, person) = (mixed(i * batch + at), mixed(i * batch + at) % PEOPLE);
                let event = (n >> 32) as usize % 40;
                Row {
                    subject: mixed(person),
                    organisation: mixed(person % 20_000),
                    event: events[event],
                    field_set: sets[event].id,
                    slice: slices[person as usize % 4],
                    epoch: 2_968,
                }
            };
            let intent = Intent {
                destination: product.clone(),
                lane: 0,
                generation: GenerationId([1; 8]),
                offsets: vec![Offset(i * batch)..Offset((i + 1) * batch)],
                rows: (0..batch).map(row).collect(),
                field_sets: sets.clone(),
                payload_digest: sha256(&i.to_le_bytes()),
                retry_of: None,
                purpose: Purpose::Deliver,
            };
            let batch = runtime.block_on(ledger.intend(intent)).unwrap();
            ledger.outcome(Outcome { batch, status: 200, results: Results::Accepted }).wait().unwrap();
        }
    });
    ledger.end_file().unwrap();
    let per_row = |bytes: u64| bytes as f64 / (batches * batch) as f64;
    println!("log, bytes a row                            {:>9.2}", per_row(bytes_of(&folder.join("log"))));
    let mut store = Store::open(&folder).unwrap();
    timed("taken over and merged", || {
        while store.take(u64::MAX).unwrap().more {}
        while store.merge(START.plus(90 * Millis::DAY)).unwrap() {}
    });
    store.thin(&ledger, Millis(0), &|| true).unwrap();
    timed("thinned", || while store.thin(&ledger, Millis(i64::MAX), &|| true).unwrap() {});
    let (log, files) = (bytes_of(&folder.join("log")), bytes_of(&folder.join("rows")));
    println!("log, bytes a row, thinned                   {:>9.2}", per_row(log));
    println!("files of rows, bytes a row                  {:>9.2}", per_row(files));
    ledger.flush_tree().unwrap();
    ledger.close().unwrap();
    let report = timed("verified, log", || weir_ledger::verify::verify(&folder, Some(&keys)).unwrap());
    assert!(report.bad.is_none() && report.rows_elsewhere == batches * batch, "{report:?}");
    let verify = || weir_rows::verify::verify(&folder, Some(&keys)).unwrap();
    let report = timed("verified, files, each batch made again", verify);
    assert!(report.bad.is_none() && report.proved == Some(batches * batch), "{report:?}");
    for many in [1, 20] {
        let of = |i: u64| Asked { batch: BatchId(1 + i * batches / many), destination: &product, at: START };
        let asked: Vec<Asked<'_>> = (0..many).map(of).collect();
        let fetched = timed(&format!("rows of {many} batches fetched"), || fetch(&folder, &asked).unwrap());
        assert!(asked.iter().all(|of| fetched.of(of.batch).len() as u64 == batch));
    }
}

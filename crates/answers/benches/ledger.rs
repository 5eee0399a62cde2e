//! `cargo xtask bench ledger`: a ledger of many rows is made, and asked the two questions that matter when a vendor was breached.
//!
//! The rows have the form of real ones and no event content: people who come often and people who came once, in countries and organisations
//! of their own, by day and night, to six destinations of which one receives half. What is measured is in the files that the same store
//! writes in a running Weir. `WEIR_LEDGER_ROWS` (default 300,000,000), `WEIR_LEDGER_DIR` (kept and used again if it is there).

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use weir_answers::{Question, ask};
use weir_event::{DestinationId, Millis};
use weir_ledger::history::Place;
use weir_rows::dictionary::{Destination, Dictionary};
use weir_rows::facts::{BatchFact, Fate};
use weir_rows::gather::Gathered;
use weir_rows::{LedgerRow, Store};

const SUBJECTS: u64 = 4_000_000;
const ORGANISATIONS: u64 = 20_000;
const COUNTRIES: u64 = 60;
const EVENTS: u64 = 40;
/// Policies over the year: each gives every event another field set.
const POLICIES: u64 = 5;
const DESTINATIONS: [(&str, u64); 6] =
    [("product", 50), ("growth", 20), ("warehouse", 12), ("ads", 8), ("errors", 6), ("support", 4)];
const BATCH_ROWS: u64 = 200;
const TAKE_ROWS: usize = 1_000_000;
const YEAR_BEGINS: i64 = 1_735_689_600;
const YEAR_SECONDS: i64 = 365 * 86_400;

/// xorshift64*: the same rows on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(n)) >> 64) as u64
    }

    /// Small numbers often: a few people make most of the events.
    fn skewed(&mut self, n: u64) -> u64 {
        let share = self.next() as f64 / u64::MAX as f64;
        ((share * share) * n as f64) as u64
    }
}

/// A number that looks like the beginning of a keyed tag.
fn tag(number: u64, salt: u64) -> u64 {
    let mut z = number.wrapping_add(salt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)).max(1)
}

fn dictionary() -> Dictionary {
    let mut dictionary = Dictionary::default();
    dictionary.names.extend((0..EVENTS).map(|event| format!("Event {event}")));
    dictionary.names.extend((0..COUNTRIES).map(|country| format!("C{country:02}")));
    for event in 0..EVENTS {
        for policy in 0..POLICIES {
            let mut text = format!("weir field set v1\nevent\tEvent {event}\n");
            for path in 0..12 {
                let (category, action) = match (path + policy) % 4 {
                    0 => ("user.unique_id", "pseudonymize"),
                    1 => ("user.contact.email", "mask"),
                    _ => ("-", "keep"),
                };
                text.push_str(&format!("left\tproperty_{}\t{category}\t{action}\n", (path * 7 + event) % 60));
            }
            text.push_str("withheld\temail\tminimised\nwithheld\tcard\tminimised\n");
            dictionary.add_field_set(weir_ledger::FieldSetId(event_policy(event, policy)), text.as_bytes());
        }
    }
    for (name, _) in DESTINATIONS {
        dictionary.destinations.push(Destination { id: DestinationId::parse(name).unwrap(), changes: Vec::new() });
    }
    dictionary
}

fn event_policy(event: u64, policy: u64) -> [u8; 16] {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&event.to_le_bytes());
    id[8..].copy_from_slice(&policy.to_le_bytes());
    id
}

/// Makes the ledger; what it cost.
fn make(dir: &Path, rows: u64) {
    let mut random = Random(88_172_645_463_325_252);
    let mut store = Store::open(dir).unwrap();
    let (mut made, mut batch, mut entries) = (0_u64, 0_u64, 0_u64);
    let (mut adding, mut merging) = (Duration::ZERO, Duration::ZERO);
    let words = dictionary();
    let mut shown = Instant::now();
    while made < rows {
        let mut gathered = Gathered::default();
        let mut now = Millis(0);
        while gathered.rows.len() < TAKE_ROWS && made < rows {
            let share = random.below(100);
            let mut up_to = 0;
            let destination = DESTINATIONS.iter().position(|(_, part)| {
                up_to += part;
                share < up_to
            });
            let destination = destination.unwrap_or(0) as u16;
            let second = YEAR_BEGINS + (u128::from(made) * YEAR_SECONDS as u128 / u128::from(rows)) as i64;
            let policy = (second - YEAR_BEGINS) as u64 * POLICIES / YEAR_SECONDS as u64;
            batch += 1;
            now = Millis(second * 1_000 + random.below(1_000) as i64);
            for index in 0..BATCH_ROWS {
                // Who came in this quarter: newer people have higher numbers.
                let grown = SUBJECTS / 2 + SUBJECTS / 2 * made / rows;
                let person = grown - 1 - random.skewed(grown);
                let event = random.skewed(EVENTS);
                let row = LedgerRow {
                    subject: tag(person, 0),
                    time: second as u32,
                    batch,
                    index: index as u16,
                    organisation: tag(person % ORGANISATIONS, 1 << 40),
                    event: event as u32 + 1,
                    field_set: (event * POLICIES + policy) as u32 + 1,
                    slice: (EVENTS + tag(person, 2 << 40) % COUNTRIES) as u32 + 1,
                    epoch: (second / 604_800) as u32,
                    more: 0,
                };
                gathered.rows.push((destination, row));
            }
            gathered.batches.push(BatchFact {
                batch,
                at: now,
                generation: (policy + 1).to_le_bytes(),
                entry: entries,
                destination,
                purpose: 0,
                fate: Some(Fate::Accepted),
                is_unclear: false,
                rows: BATCH_ROWS as u32,
                is_month: false,
            });
            entries += 2;
            made += BATCH_ROWS;
        }
        // The files are of no log: an empty one comes by the place of none.
        gathered.place = Place::default();
        let began = Instant::now();
        store.add(gathered, words.clone()).unwrap();
        adding += began.elapsed();
        let began = Instant::now();
        while store.merge(now).unwrap() {}
        merging += began.elapsed();
        if shown.elapsed() > Duration::from_secs(20) {
            shown = Instant::now();
            println!("  {made} rows, appending {adding:.0?}, merging {merging:.0?}");
        }
    }
    let began = Instant::now();
    while store.merge(Millis((YEAR_BEGINS + YEAR_SECONDS) * 1_000 + 40 * Millis::DAY)).unwrap() {}
    merging += began.elapsed();
    let per_second = |time: Duration| made as f64 / time.as_secs_f64();
    println!("append   {:>12.0} rows/s on one core: sorted, written, synced", per_second(adding));
    println!("merge    {:>12.0} rows/s of the ledger, all merging of its life together", per_second(merging));
}

fn percentile(times: &mut [Duration], share: f64) -> Duration {
    times.sort_unstable();
    times[((times.len() - 1) as f64 * share) as usize]
}

fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0) / 1024
}

fn main() {
    let rows = std::env::var("WEIR_LEDGER_ROWS").ok().and_then(|n| n.parse().ok()).unwrap_or(300_000_000);
    let dir =
        std::env::var_os("WEIR_LEDGER_DIR").map_or_else(|| std::env::temp_dir().join("weir-ledger"), PathBuf::from);
    let dir = dir.join(format!("{rows}"));
    if !dir.join("rows/manifest").exists() {
        std::fs::create_dir_all(&dir).unwrap();
        make(&dir, rows);
    }
    let manifest = weir_rows::manifest::Manifest::read(&dir).unwrap();
    let held: u64 = manifest.rows.iter().map(|file| file.rows).sum();
    println!(
        "ledger   {held:>12} rows in {} files, {:.2} bytes a row with all that goes with them",
        manifest.rows.len(),
        manifest.bytes() as f64 / held as f64
    );
    println!("folder   {}", dir.join("rows").display());

    let product = DestinationId::parse(DESTINATIONS[0].0).unwrap();
    let mut times = Vec::new();
    for begin in [10, 47, 100, 200, 320] {
        let from = Millis((YEAR_BEGINS + begin * 86_400) * 1_000);
        let to = from.plus(30 * Millis::DAY);
        let question = Question { destinations: Some(BTreeMap::from([(product.clone(), vec![(from, to)])])), from, to };
        let began = Instant::now();
        let answer = ask(&dir, &question).unwrap();
        times.push(began.elapsed());
        println!(
            "exposure {:>12.3} s: 30 days from day {begin}: {} rows of {} subjects, {} organisations, {} countries, {} fields",
            times[times.len() - 1].as_secs_f64(),
            answer.sums.held(),
            answer.subjects,
            answer.organisations,
            answer.slices.len(),
            answer.fields.len()
        );
    }
    let mut random = Random(4_711);
    let (mut times, mut found) = (Vec::new(), 0);
    for _ in 0..100 {
        let subject = tag(random.below(SUBJECTS / 2), 0);
        let began = Instant::now();
        let about =
            weir_answers::subject::about(&dir, &BTreeSet::from([subject]), Millis(0), Millis(i64::MAX), 100_000)
                .unwrap();
        times.push(began.elapsed());
        found += about.rows.len();
    }
    println!(
        "subject  {:>12.1} ms median, {:.1} ms at most, of 100; {found} rows",
        percentile(&mut times, 0.5).as_secs_f64() * 1e3,
        percentile(&mut times, 1.0).as_secs_f64() * 1e3
    );
    println!("memory   {:>12} MiB at most", memory());
}

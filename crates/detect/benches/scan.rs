//! What a leaf costs: in the mean and by tier, beside merely touching its bytes and beside the same rules as plain regexes; whether
//! adversarial inputs stay linear; what allocates.
//!
//! `cargo xtask bench detect` makes a corpus and runs this over it; `cargo bench -p weir-detect` runs it over a few leaves of its own.
//! `WEIR_CORPUS` names a file of leaves. Nothing is asserted: figures of a shared machine prove nothing.
#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]

#[path = "scan/hunt.rs"]
mod hunt;

use std::hint::black_box;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use weir_detect::engine::Tier;
use weir_detect::{Engine, PathFacts};
use weir_event::LeafKind;

/// A leaf, with the bytes that it has on the wire: its key, its value, quotes, colon and comma.
#[derive(Clone, Copy)]
struct Sample {
    facts: PathFacts,
    kind: LeafKind,
    text: &'static str,
    wire: usize,
    key: &'static str,
}

/// Leaves whose values lie one after the other, as they do in a request.
fn samples(leaves: impl Iterator<Item = (String, LeafKind, String)>) -> Vec<Sample> {
    let (mut text, mut places) = (String::new(), Vec::new());
    for (key, kind, value) in leaves {
        text.push_str(&value);
        places.push((key, kind, text.len()));
    }
    // Once in a run: what it measures.
    let text: &'static str = text.leak();
    let mut from = 0;
    let sample = |(key, kind, to): (String, LeafKind, usize)| {
        let value = &text[from..to];
        from = to;
        let quotes = if kind == LeafKind::Number { 4 } else { 6 };
        let wire = key.rsplit('.').next().unwrap_or_default().len() + value.len() + quotes;
        Sample { facts: PathFacts::of_path(&key), kind, text: value, wire, key: key.leak() }
    };
    places.into_iter().map(sample).collect()
}

/// Rounds of which the best counts, and how long each is at least.
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_millis(60);

/// Nanoseconds of processor time per leaf: on a machine that others use too the clock on the wall counts their work.
fn measure(samples: &[Sample], mut work: impl FnMut(&Sample)) -> f64 {
    let mut round = || {
        let (begin, mut leaves) = (processor_time(), 0_usize);
        loop {
            samples.iter().for_each(&mut work);
            leaves += samples.len();
            let spent = processor_time().saturating_sub(begin);
            if spent >= ROUND {
                return spent.as_secs_f64() * 1e9 / leaves as f64;
            }
        }
    };
    (0..ROUNDS).map(|_| round()).fold(f64::INFINITY, f64::min)
}

/// How long this thread has run; where the system does not say, how late it is.
fn processor_time() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let nanoseconds = std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|text| text.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| START.elapsed(), Duration::from_nanos)
}

fn floor(samples: &[Sample]) -> f64 {
    measure(samples, |sample| {
        black_box(black_box(sample.text.as_bytes()).iter().map(|b| u64::from(*b)).sum::<u64>());
    })
}

fn scan(samples: &[Sample]) -> f64 {
    let engine = Engine::new();
    let mut found = Vec::with_capacity(1_024);
    measure(samples, |sample| {
        found.clear();
        engine.scan(sample.facts, sample.kind, black_box(sample.text.as_bytes()), &mut found);
    })
}

fn line(what: &str, samples: &[Sample]) {
    if samples.is_empty() {
        return;
    }
    let bytes: usize = samples.iter().map(|s| s.text.len()).sum();
    let wire: usize = samples.iter().map(|s| s.wire).sum();
    let mean = bytes as f64 / samples.len() as f64;
    let (floor, scan) = (floor(samples), scan(samples));
    println!(
        "| {what} | {} | {mean:.1} | {scan:.1} | {:.2} | {floor:.1} | {:.2} | {:.0} | {:.0} |",
        samples.len(),
        scan / mean,
        scan / floor,
        mean / scan * 1e3,
        wire as f64 / samples.len() as f64 / scan * 1e3,
    );
}

/// The rules of the first fifteen detectors as one writes them down, one regex each, without a checksum.
const PLAIN: [&str; 15] = [
    r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,253}\.[A-Za-z]{2,24}",
    r"\b(?:\d[ -]?){13,19}\b",
    r"\b(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)\b",
    r"\b(?:[0-9a-fA-F]{1,4}:){2,7}[0-9a-fA-F]{1,4}\b",
    r"\b\d{3}-\d{2}-\d{4}\b",
    r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}\b",
    r"(?:\+\d{1,3}[ .-]?)?\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}",
    r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    r"\bgh[pousr]_[A-Za-z0-9]{36}\b",
    r"\bxox[abprs]-[A-Za-z0-9-]{10,}",
    r"(?i)bearer [A-Za-z0-9._~+/-]{16,}",
    r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b",
    r"\b(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}\b",
    r"[a-z][a-z0-9+.-]{1,20}://[^\s/:@]{1,100}:[^\s/@]{1,100}@",
];

fn plain(samples: &[Sample]) -> f64 {
    let rules: Vec<_> = PLAIN
        .iter()
        .map(|rule| regex::bytes::RegexBuilder::new(rule).unicode(false).build().expect("a rule that compiles"))
        .collect();
    measure(samples, |sample| {
        for rule in &rules {
            black_box(rule.find_iter(black_box(sample.text.as_bytes())).count());
        }
    })
}

/// A corpus's leaves, in the order of the file.
fn corpus(path: &str) -> Vec<Sample> {
    let text = std::fs::read_to_string(path).expect("WEIR_CORPUS names a file of leaves");
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("a line of JSON"));
    samples(lines.map(|leaf| {
        let kind = match leaf["t"].as_str() {
            Some("n") => LeafKind::Number,
            Some("b") => LeafKind::True,
            _ => LeafKind::String,
        };
        let field = |name: &str| leaf[name].as_str().expect("text").to_owned();
        let key = field("k");
        let own = ["properties.", "event_properties."].iter().find_map(|p| key.strip_prefix(p)).map(str::to_owned);
        (own.unwrap_or(key), kind, field("v"))
    }))
}

fn repeat(text: &str, n: usize) -> Vec<Sample> {
    samples((0..n).map(|_| ("field".to_owned(), LeafKind::String, text.to_owned())))
}

/// Inputs that make careless code slow.
const TRICKS: [&str; 45] = [
    "1.1.1.",
    "123-45-",
    "@",
    "a@a.",
    "%25",
    "%2525",
    "eyJ-",
    "eyJ.",
    "\"a\":",
    "sk-",
    "password=a&",
    "0a:",
    "::",
    "://",
    "[{",
    "\\u0040",
    "a b the ",
    "1 2 ",
    "AB12 ",
    "ghp_",
    "YWRh/",
    "sig=Aa1%",
    "sig=Aa1bcdefghijklmnopqrstuvwxyzabcdefghijklmnopq ",
    "Bearer+",
    "basic+YWRh",
    "=/home/a/",
    "/home/a/:",
    " at :1.",
    "A1 cookie:a ",
    "AKIA-A1B2",
    "sk.eyJ-A1",
    "MTA-1.AA:",
    "C:\\Users\\a",
    "token: A1b2c3d4e5 ",
    "k: A1b2c3d4e5",
    "A1b2c3d4",
    "=A1b2c3d4+",
    "value=\"A1b2c3d4\" ",
    // Found by `--hunt`.
    "-07",
    "3293-",
    "4111-",
    "sk21-",
    "\na=q=9",
    "%46::\\\"1_:6",
    "\\\\:6=e=x+1",
];

/// The number behind a flag.
fn number_of(flag: &str) -> Option<u64> {
    std::env::args().skip_while(|a| a != flag).nth(1)?.parse().ok()
}

/// `--passes N` scans the corpus so often and measures nothing: for counters of the processor, which no neighbour disturbs.
fn passes() -> Option<u64> {
    number_of("--passes")
}

/// A function of its own, so that a profiler can be told to count only it: `--toggle-collect='scan::pass'`.
#[inline(never)]
fn pass(engine: &Engine, samples: &[Sample], found: &mut Vec<weir_event::Finding>) {
    for sample in samples {
        found.clear();
        engine.scan(sample.facts, sample.kind, black_box(sample.text.as_bytes()), found);
    }
}

fn main() {
    if let (Some(passes), Ok(path)) = (passes(), std::env::var("WEIR_CORPUS")) {
        let (samples, engine) = (corpus(&path), Engine::new());
        let mut found = Vec::with_capacity(1_024);
        (0..passes).for_each(|_| pass(&engine, &samples, &mut found));
        return;
    }
    // `--hunt SECONDS`, with `--seed N` for others: texts that are no tricks yet.
    if let Some(seconds) = number_of("--hunt") {
        return hunt::hunt(Duration::from_secs(seconds), number_of("--seed").unwrap_or(1));
    }
    println!(
        "| leaves | number | bytes | ns/leaf | ns/byte | byte sum | times it | MB/s of values | MB/s on the wire |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|");
    line("clean, 8 bytes", &repeat("treatmen", 50_000));
    line("clean, 20 bytes", &repeat("checkout/step_review", 50_000));
    line("UUID", &repeat("550e8400-e29b-41d4-a716-446655440000", 50_000));
    line("e-mail address", &repeat("ada@example.com", 50_000));
    let agent = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";
    line("user agent", &repeat(agent, 20_000));
    line("page with a campaign", &repeat("https://app.example.com/pricing?utm_source=google&utm_medium=cpc", 20_000));
    line("200 bytes of text with an address", &repeat(&"export shows 203.0.113.7 twice. ".repeat(7)[..200], 20_000));
    if let Ok(path) = std::env::var("WEIR_CORPUS") {
        of_corpus(&corpus(&path));
    }
    if std::env::args().any(|a| a == "--growth") {
        return;
    }
    println!("\n| 64 KiB of | ns/byte | of 128 KiB |");
    println!("|---|--:|--:|");
    for trick in TRICKS {
        let per_byte = |bytes: usize| scan(&repeat(&trick.repeat(bytes / trick.len()), 3)) / bytes as f64;
        println!("| `{}` | {:.2} | {:.2} |", trick.replace('\n', "\\n"), per_byte(64 * 1024), per_byte(128 * 1024));
    }
}

/// The paths whose values cost most, by their share of the whole.
fn paths(samples: &[Sample]) {
    let mut by_path: std::collections::BTreeMap<&str, Vec<Sample>> = std::collections::BTreeMap::new();
    samples.iter().for_each(|sample| by_path.entry(sample.key).or_default().push(*sample));
    let mut costs: Vec<_> = by_path
        .iter()
        .map(|(path, of_path)| (scan(of_path) * of_path.len() as f64 / samples.len() as f64, *path, of_path))
        .collect();
    costs.sort_by(|a, b| b.0.total_cmp(&a.0));
    println!("\n| path | leaves | ns of the mean leaf | ns/leaf | such as |");
    println!("|---|--:|--:|--:|---|");
    for (share, path, of_path) in costs.iter().take(25) {
        let one = share * samples.len() as f64 / of_path.len() as f64;
        println!("| {path} | {} | {share:.2} | {one:.0} | `{:.60}` |", of_path.len(), of_path[0].text);
    }
}

/// Whether a value could hold what is looked for in every value, whatever is known of its path (a secret with a form of its own, a card, an
/// e-mail address), by the counts that the gate has of it.
fn may_be_anchored(sample: &Sample) -> bool {
    let text = sample.text.as_bytes();
    let count = |is: fn(&u8) -> bool| text.iter().filter(|b| is(b)).count();
    let (digits, capitals) = (count(u8::is_ascii_digit), count(u8::is_ascii_uppercase));
    let has_signs = text.iter().any(|b| matches!(b, b'@' | b'%' | b'\\' | b'=' | b'{' | b'[' | b'"'));
    has_signs || digits >= 12 || (text.len() >= 16 && digits + capitals >= 4)
}

/// What a table of the clean values of each path could spare: of leaves that pass the gate at paths that only ever show few clean values,
/// what a scan costs, and what a keyed hash and a probe cost in its place; all of them at most, and those alone that cannot hold
/// what must be looked for in any value.
fn known_values(samples: &[Sample]) {
    const FEW: usize = 64;
    const OFTEN: usize = 1_000;
    let engine = Engine::new();
    let mut found = Vec::with_capacity(1_024);
    let mut by_path: std::collections::BTreeMap<&str, Vec<Sample>> = std::collections::BTreeMap::new();
    samples.iter().for_each(|sample| by_path.entry(sample.key).or_default().push(*sample));
    by_path.retain(|_, of_path| {
        let values: std::collections::BTreeSet<&str> = of_path.iter().map(|s| s.text).collect();
        let mut is_clean = |value: &&str| {
            found.clear();
            engine.scan(of_path[0].facts, of_path[0].kind, value.as_bytes(), &mut found);
            found.is_empty()
        };
        of_path.len() >= OFTEN && values.len() <= FEW && values.iter().all(&mut is_clean)
    });
    let all: usize = by_path.values().map(Vec::len).sum();
    let goes_on = |s: &&Sample| engine.tier(s.facts, s.kind, s.text.as_bytes()) != Tier::Gate;
    let behind: Vec<Sample> = by_path.values().flatten().filter(goes_on).copied().collect();
    let spared: Vec<Sample> = behind.iter().filter(|s| !may_be_anchored(s)).copied().collect();
    let scan_all = scan(samples);
    println!(
        "\nPaths of at most {FEW} values, all clean, in {OFTEN} leaves or more: {} with {:.1} % of the leaves.",
        by_path.len(),
        100.0 * all as f64 / samples.len() as f64,
    );
    for (what, leaves) in [("behind the gate", &behind), ("of these without what is looked for in any value", &spared)]
    {
        let share = leaves.len() as f64 / samples.len() as f64;
        let (scan, probe) = (scan(leaves), probe(leaves));
        println!(
            "{what}: {:.2} % of the leaves, a scan {scan:.0} ns, a keyed hash and a probe {probe:.1} ns: {:.2} of {scan_all:.1} ns a leaf are to be spared.",
            100.0 * share,
            share * (scan - probe),
        );
    }
}

/// One table of 128 places for each path, as a path's plan would hold it.
fn probe(leaves: &[Sample]) -> f64 {
    let key = foldhash::fast::FixedState::with_seed(processor_time().as_nanos() as u64);
    let hash = |sample: &Sample| std::hash::BuildHasher::hash_one(&key, sample.text.as_bytes());
    let mut tables: std::collections::BTreeMap<&str, Box<[u64; 128]>> = std::collections::BTreeMap::new();
    for sample in leaves {
        let table = tables.entry(sample.key).or_insert_with(|| Box::new([0; 128]));
        table[(hash(sample) & 127) as usize] = hash(sample);
    }
    let places: Vec<&[u64; 128]> = leaves.iter().map(|s| &*tables[s.key]).collect();
    let mut next = 0;
    measure(leaves, |sample| {
        let hash = hash(black_box(sample));
        black_box(places[next][(hash & 127) as usize] == hash);
        next = (next + 1) % places.len();
    })
}

fn of_corpus(samples: &[Sample]) {
    let engine = Engine::new();
    let of = |tier| {
        samples.iter().filter(|s| engine.tier(s.facts, s.kind, s.text.as_bytes()) == tier).copied().collect::<Vec<_>>()
    };
    let (gate, parsed, decoded) = (of(Tier::Gate), of(Tier::Parsed), of(Tier::Decoded));
    line(&format!("**corpus, {} detectors**", engine.detectors().count()), samples);
    line("of it: end at the gate", &gate);
    line("of it: parsed", &parsed);
    line("of it: decoded", &decoded);
    if std::env::args().any(|a| a == "--growth") {
        return;
    }
    if std::env::args().any(|a| a == "--paths") {
        paths(samples);
    }
    if std::env::args().any(|a| a == "--known") {
        return known_values(samples);
    }
    println!("\nThe 15 rules as plain regexes, one after the other: {:.0} ns/leaf.", plain(samples));
    let mut found = Vec::with_capacity(1_024);
    let mut allocating = 0;
    let mut clean = 0;
    for sample in samples {
        let mut empty = true;
        let info = allocation_counter::measure(|| {
            found.clear();
            engine.scan(sample.facts, sample.kind, sample.text.as_bytes(), &mut found);
            empty = found.is_empty();
        });
        clean += u64::from(empty);
        allocating += u64::from(empty && info.count_total > 0);
    }
    println!("Leaves in which nothing was found: {clean}; of them scans that allocated: {allocating}.");
}

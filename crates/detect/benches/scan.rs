//! Nanoseconds per leaf over a seeded set of realistic leaves, beside the cost of merely touching the bytes.
//!
//! `cargo bench -p weir-detect` prints the table; it fails nothing. `WEIR_CORPUS=/path/to/x.leaves.jsonl` measures a labelled
//! corpus's leaves instead.
#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::hint::black_box;
use std::time::Instant;

use weir_detect::{Engine, PathFacts};
use weir_event::LeafKind;

type Sample = (PathFacts, LeafKind, String);

/// splitmix64: the same leaves on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len() as u64) as usize]
    }

    fn hex(&mut self, len: usize) -> String {
        (0..len).map(|_| char::from(b"0123456789abcdef"[self.below(16) as usize])).collect()
    }
}

/// One event's leaves, about as an SDK of the web sends them; one in 25 events holds something.
fn event(r: &mut Random, out: &mut Vec<Sample>) {
    let mut add = |key: &str, kind, value: String| out.push((PathFacts::of_path(key), kind, value));
    let uuid = format!("{}-{}-4{}-a{}-{}", r.hex(8), r.hex(4), r.hex(3), r.hex(3), r.hex(12));
    add("distinct_id", LeafKind::String, uuid);
    add("$insert_id", LeafKind::String, r.hex(16));
    add("time", LeafKind::Number, (1_760_000_000 + r.below(30_000_000)).to_string());
    add("$browser", LeafKind::String, r.pick(&["Chrome", "Safari", "Firefox", "Edge", "Mobile Safari"]).into());
    add("$browser_version", LeafKind::Number, (96 + r.below(40)).to_string());
    add("$os", LeafKind::String, r.pick(&["Mac OS X", "Windows", "iOS", "Android", "Linux"]).into());
    let query = if r.below(5) < 2 { "?utm_source=google&utm_medium=cpc&utm_campaign=spring-4" } else { "" };
    let path = r.pick(&["/", "/pricing", "/docs/quickstart", "/dashboard", "/settings/billing", "/orders/4711208"]);
    add("$current_url", LeafKind::String, format!("https://app.example.com{path}{query}"));
    add("$pathname", LeafKind::String, path.into());
    add("$host", LeafKind::String, "app.example.com".into());
    add("$referrer", LeafKind::String, r.pick(&["https://www.google.com/", "$direct"]).into());
    add("$screen_width", LeafKind::Number, r.pick(&["1440", "1920", "390"]).into());
    add("$lib", LeafKind::String, "web".into());
    add("$lib_version", LeafKind::String, format!("1.{}.{}", r.below(290), r.below(9)));
    add("locale", LeafKind::String, r.pick(&["en-US", "de-DE", "ja-JP"]).into());
    add("timezone", LeafKind::String, r.pick(&["America/New_York", "Europe/Berlin"]).into());
    add("plan", LeafKind::String, r.pick(&["free", "pro", "team", "enterprise"]).into());
    add("org_id", LeafKind::String, format!("org-{}", r.hex(24)));
    add("button_text", LeafKind::String, r.pick(&["Get started", "Save changes", "Add to cart"]).into());
    add("page_title", LeafKind::String, r.pick(&["Dashboard | Example", "Pricing - Example"]).into());
    add("product.sku", LeafKind::String, format!("ABC-{}-RED", r.below(99_999)));
    add("price", LeafKind::Number, format!("{}.{:02}", r.below(400), r.below(100)));
    add("selector", LeafKind::String, "button[data-testid=save]".into());
    add("iso_time", LeafKind::String, format!("2026-11-{:02}T12:{:02}:00.000Z", 1 + r.below(28), r.below(60)));
    if r.below(4) == 0 {
        let agent = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";
        add("user_agent", LeafKind::String, agent.into());
    }
    if r.below(25) == 0 {
        let values =
            ["ada@example.com", "+14155550132", "4111 1111 1111 1111", "https://x.example/?e=ada%40example.com"];
        add("field_3", LeafKind::String, r.pick(&values).into());
    }
}

fn corpus(path: &str) -> Vec<Sample> {
    let text = std::fs::read_to_string(path).expect("WEIR_CORPUS names a file of leaves");
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("a line of JSON"));
    let sample = |leaf: serde_json::Value| {
        let kind = if leaf["t"] == "n" { LeafKind::Number } else { LeafKind::String };
        let field = |name: &str| leaf[name].as_str().expect("text").to_owned();
        (PathFacts::of_path(field("k").trim_start_matches("properties.")), kind, field("v"))
    };
    lines.map(sample).collect()
}

/// Best of seven passes, in nanoseconds per leaf.
fn measure(samples: &[Sample], mut work: impl FnMut(&Sample)) -> f64 {
    let pass = |work: &mut dyn FnMut(&Sample)| {
        let begin = Instant::now();
        samples.iter().for_each(work);
        begin.elapsed().as_secs_f64() * 1e9 / samples.len() as f64
    };
    (0..7).map(|_| pass(&mut work)).fold(f64::INFINITY, f64::min)
}

fn line(what: &str, samples: &[Sample]) {
    let engine = Engine::new();
    let mut found = Vec::with_capacity(1_024);
    let mut findings = 0;
    let floor = measure(samples, |(_, _, text)| {
        black_box(black_box(text.as_bytes()).iter().map(|b| u64::from(*b)).sum::<u64>());
    });
    let scan = measure(samples, |(facts, kind, text)| {
        found.clear();
        engine.scan(*facts, *kind, black_box(text.as_bytes()), &mut found);
        findings += found.len();
    });
    let bytes: usize = samples.iter().map(|(_, _, text)| text.len()).sum();
    let mean = bytes as f64 / samples.len() as f64;
    println!(
        "{what:34} {:7} leaves {mean:7.1} B  scan {scan:9.1} ns/leaf ({:6.2} ns/B)  byte sum {floor:8.1} ns/leaf  {:.3} findings/leaf",
        samples.len(),
        scan / mean,
        findings as f64 / 7.0 / samples.len() as f64,
    );
}

fn main() {
    let mut r = Random(7);
    let mut samples = Vec::new();
    (0..8_000).for_each(|_| event(&mut r, &mut samples));
    line("realistic web event", &samples);
    let repeat = |text: &str, n: usize| vec![(PathFacts::NONE, LeafKind::String, text.to_owned()); n];
    line("clean, 20 B", &repeat("checkout/step_review", 50_000));
    line("clean, 8 B", &repeat("treatment"[..8].as_ref(), 50_000));
    line("uuid", &repeat("550e8400-e29b-41d4-a716-446655440000", 50_000));
    line("e-mail", &repeat("ada@example.com", 50_000));
    line("text of 200 B with an address", &repeat(&"export shows 203.0.113.7 twice. ".repeat(7)[..200], 20_000));
    for trick in ["1.1.1.", "123-45-", "a@a.", "%25", "eyJ-", "\"a\":", "sk-", "password=a&", "0a:"] {
        line(&format!("64 KiB of {trick}"), &repeat(&trick.repeat(65_536 / trick.len()), 4));
    }
    if let Ok(path) = std::env::var("WEIR_CORPUS") {
        line("corpus", &corpus(&path));
    }
}

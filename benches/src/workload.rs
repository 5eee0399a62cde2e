//! The seeded workload: requests are made before the clock starts, each event with an insert id of its own, so that the dedup
//! window never helps.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

/// The write key of the benchmark's source.
pub(crate) const TOKEN: &str = "benchtoken0123456789abcdef012345";
/// Events in one request.
pub(crate) const BATCH: usize = 50;

/// SplitMix64: small, seeded, the same on every machine. Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators".
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn seeded(seed: u64) -> Random {
        Random(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[(self.next() % of.len() as u64) as usize]
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

/// Whole HTTP requests, ready to write.
pub(crate) fn requests(host: &str, count: usize, seed: u64, gzip: bool, now_seconds: u64) -> Vec<Vec<u8>> {
    let mut random = Random::seeded(seed);
    let mut body = Vec::new();
    (0..count)
        .map(|_| {
            body.clear();
            batch(&mut body, &mut random, now_seconds);
            let mut request = Vec::with_capacity(body.len() + 256);
            let payload = if gzip {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(&body).and_then(|()| encoder.finish()).unwrap_or_default()
            } else {
                body.clone()
            };
            let encoding = if gzip { "Content-Encoding: gzip\r\n" } else { "" };
            let head = format!(
                "POST /track?verbose=1 HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{encoding}\
                 User-Agent: weir-bench\r\nAccept: */*\r\n\r\n",
                payload.len()
            );
            request.extend_from_slice(head.as_bytes());
            request.extend_from_slice(&payload);
            request
        })
        .collect()
}

fn batch(out: &mut Vec<u8>, random: &mut Random, now: u64) {
    out.push(b'[');
    for i in 0..BATCH {
        if i > 0 {
            out.push(b',');
        }
        event(out, random, now);
    }
    out.push(b']');
}

fn event(out: &mut Vec<u8>, random: &mut Random, now: u64) {
    let user = random.below(200_000);
    let dirty = random.below(100) < 3;
    let label = if dirty {
        match random.below(4) {
            0 => format!("contact user{user}@example.com today"),
            1 => "call +49 30 901820 now".to_owned(),
            2 => "paid with 4111 1111 1111 1111".to_owned(),
            _ => "from 203.0.113.42 today".to_owned(),
        }
    } else {
        format!(
            "{} {}",
            random.pick(&["Open", "Save", "Share", "Export"]),
            random.pick(&["report", "board", "project", "draft"])
        )
    };
    let (a, b) = (random.next(), random.next());
    let _ = write!(
        out,
        "{{\"event\":\"{}\",\"properties\":{{\"token\":\"{TOKEN}\",\"distinct_id\":\"user-{user:06}\",\"time\":{}.{:03},\
         \"$insert_id\":\"{a:016x}{b:016x}\",\"mp_lib\":\"web\",\"$lib_version\":\"2.83.0\",\"$os\":\"{}\",\"$browser\":\"{}\",\
         \"$browser_version\":{},\"$screen_width\":{},\"$screen_height\":1080,\"$current_url\":\"https://app.example.com/projects/{}/boards?tab={}\",\
         \"plan\":\"{}\",\"format\":\"{}\",\"rows\":{},\"label\":\"{label}\",\"description\":\"{}\"}}}}",
        random.pick(&["Report Exported", "Page Viewed", "Button Clicked", "Project Opened", "Search Performed"]),
        now - random.below(600),
        random.below(1000),
        random.pick(&["Mac OS X", "Windows", "Linux", "iOS", "Android"]),
        random.pick(&["Chrome", "Safari", "Firefox", "Microsoft Edge"]),
        100 + random.below(60),
        random.pick(&["1280", "1440", "1920", "390"]),
        random.below(9_000),
        random.pick(&["all", "mine", "shared"]),
        random.pick(&["free", "team", "business", "enterprise"]),
        random.pick(&["csv", "pdf", "xlsx"]),
        random.below(100_000),
        random.pick(&[
            "weekly summary of sales",
            "monthly report for finance",
            "dashboard of active accounts",
            "list of open tickets"
        ]),
    );
}

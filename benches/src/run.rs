//! Runs every scenario and prints the table: the server on core 0, the generator and the sink on core 1.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::report::{cpu_seconds_tree, line, peak_mib};
use crate::workload::TOKEN;

/// One measured server.
struct Measured {
    name: String,
    events_per_second: f64,
    cpu_per_million: f64,
    p50_ms: f64,
    p99_ms: f64,
    peak_mib: f64,
    stages: Vec<(String, f64)>,
}

/// What a run is for.
#[derive(Clone, Copy)]
enum Measures {
    /// CPU and throughput at full load, then waiting times at half of it.
    All,
    /// CPU by stage at full load.
    Stages,
    /// CPU and throughput at full load, with so many destinations that all have to have every event.
    Load(usize),
}

struct Running {
    child: Child,
    // Held so that the child does not meet a closed pipe.
    _out: BufReader<ChildStdout>,
    address: String,
    console: Option<String>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Kinds of destinations, in the order in which a run with several takes them.
const KINDS: [&str; 5] = ["mixpanel", "amplitude", "posthog", "segment", "rudderstack"];

/// `run [--events N] [--weir PATH] [--json FILE] [--only WORDS]`.
pub(crate) fn main(arguments: &[String]) -> Result<(), String> {
    let option = |name: &str| arguments.iter().position(|a| a == name).and_then(|i| arguments.get(i + 1).cloned());
    let events: usize =
        option("--events").map_or(Ok(500_000), |e| e.parse()).map_err(|_| "--events is not a number")?;
    let weir = PathBuf::from(option("--weir").unwrap_or_else(|| "target/release/weir".into()));
    let own = std::env::current_exe().map_err(|e| e.to_string())?;
    let folder = std::env::temp_dir().join(format!("weir-bench-{}", std::process::id()));
    fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
    let only = option("--only").unwrap_or_default();
    let mut all = Vec::new();
    for encoding in ["identity", "gzip"] {
        if format!("copying proxy, {encoding}").contains(&only) {
            all.push(one(&own, &folder, encoding, events, "copying proxy", Measures::All, |sink, _| {
                spawn_pinned(0, &own, &["relay", sink])
            })?);
        }
        if format!("nginx, {encoding}").contains(&only) {
            match nginx(&own, &folder, encoding, events) {
                Ok(measured) => all.push(measured),
                Err(why) => line(&format!("nginx was not measured: {why}")),
            }
        }
        if format!("weir, {encoding}").contains(&only) {
            let mut measured = one(&own, &folder, encoding, events, "weir", Measures::All, |sink, home| {
                start_weir(&weir, sink, home, &KINDS[..1], false)
            })?;
            // Reading a thread's clock at each stage costs what it measures, so the stages have a run of their own.
            let timed = one(&own, &folder, encoding, events / 2, "weir timed", Measures::Stages, |sink, home| {
                start_weir(&weir, sink, home, &KINDS[..1], true)
            })?;
            measured.stages = timed.stages;
            all.push(measured);
        }
    }
    for count in [1, 3, 5] {
        let name = format!("weir, {count} destinations");
        if format!("{name}, identity").contains(&only) {
            let kinds = &KINDS[..count];
            all.push(one(&own, &folder, "identity", events / 2, &name, Measures::Load(count), |sink, home| {
                start_weir(&weir, sink, home, kinds, false)
            })?);
        }
    }
    let floor = fdatasync_loop(&folder, 2_000)?;
    line(&table(&all, floor));
    if let Some(file) = option("--json") {
        fs::write(&file, json(&all, floor).to_string()).map_err(|e| format!("{file}: {e}"))?;
    }
    let _ = fs::remove_dir_all(&folder);
    Ok(())
}

fn one(
    own: &Path,
    folder: &Path,
    encoding: &str,
    events: usize,
    name: &str,
    measures: Measures,
    start: impl Fn(&str, &Path) -> Result<Running, String>,
) -> Result<Measured, String> {
    let sink = spawn_pinned(1, own, &["sink"])?;
    let home = folder.join(format!("{}-{encoding}", name.replace(' ', "-")));
    fs::create_dir_all(&home).map_err(|e| e.to_string())?;
    let server = start(&sink.address, &home)?;
    let pid = server.child.id();
    let copies = if let Measures::Load(destinations) = measures { destinations as u64 } else { 1 };
    // Warm-up: caches, connections, segments; not counted.
    let mut sent = load(own, &server.address, 50_000, 1, encoding, None)?.0;
    drained(&sink.address, sent * copies)?;
    let stages_before = stages(server.console.as_deref());
    let before = cpu_seconds_tree(pid);
    let (answered, seconds, ..) = load(own, &server.address, events, 2, encoding, None)?;
    sent += answered;
    drained(&sink.address, sent * copies)?;
    let cpu = cpu_seconds_tree(pid) - before;
    let stages = stages(server.console.as_deref())
        .into_iter()
        .map(|(stage, s)| {
            let earlier = stages_before.iter().find(|(n, _)| *n == stage).map_or(0.0, |(_, s)| *s);
            (stage, (s - earlier) / answered as f64 * 1e6)
        })
        .collect();
    let events_per_second = answered as f64 / seconds;
    let half = events_per_second / 2.0;
    let (.., p50_ms, p99_ms) = match measures {
        Measures::All => load(own, &server.address, (half * 8.0) as usize, 3, encoding, Some(half))?,
        Measures::Stages | Measures::Load(_) => (0, 0.0, 0.0, 0.0),
    };
    Ok(Measured {
        name: format!("{name}, {encoding}"),
        events_per_second,
        cpu_per_million: cpu / answered as f64 * 1e6,
        p50_ms,
        p99_ms,
        peak_mib: peak_mib(pid),
        stages,
    })
}

fn nginx(own: &Path, folder: &Path, encoding: &str, events: usize) -> Result<Measured, String> {
    one(own, folder, encoding, events, "nginx", Measures::All, |sink, home| {
        let port =
            std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).map_err(|e| e.to_string())?.port();
        let config = home.join("nginx.conf");
        let text = format!(
            "daemon off; worker_processes 1; pid {0}/pid; error_log {0}/error.log;\nevents {{ worker_connections 1024; }}\nhttp {{ access_log off; \
             client_body_buffer_size 256k; client_body_temp_path {0}/body; proxy_temp_path {0}/proxy; fastcgi_temp_path {0}/f; uwsgi_temp_path {0}/u; \
             scgi_temp_path {0}/s; keepalive_requests 1000000;\n\
             upstream sink {{ server {sink}; keepalive 64; }}\nserver {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://sink; \
             proxy_http_version 1.1; proxy_set_header Connection \"\"; }} }} }}\n",
            home.display()
        );
        fs::write(&config, text).map_err(|e| e.to_string())?;
        let mut child = Command::new("taskset")
            .args(["-c", "0", "nginx", "-p"])
            .arg(home)
            .arg("-c")
            .arg(&config)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| format!("nginx does not start: {e}"))?;
        let out = BufReader::new(child.stdout.take().ok_or("no standard output")?);
        let address = format!("127.0.0.1:{port}");
        let running = Running { child, _out: out, address: address.clone(), console: None };
        wait_for(&address)?;
        Ok(running)
    })
}

fn start_weir(weir: &Path, sink: &str, home: &Path, kinds: &[&str], timed: bool) -> Result<Running, String> {
    let config = home.join("weir.yaml");
    let mut text = format!(
        "listen: {{ingest: 127.0.0.1:0, console: 127.0.0.1:0}}\n\
         sources:\n  bench: {{protocol: mixpanel, write_keys: [{TOKEN}], environment: production, mode: enforce}}\n\
         destinations:\n"
    );
    for kind in kinds {
        let _ = writeln!(
            text,
            "  {kind}: {{type: {kind}, subject: {{rotating: 7d}}, endpoint: \"http://{sink}\", allow_addresses: [127.0.0.0/8], \
             token: {{env: PRODUCT_TOKEN}}, compression: none, release: {{allow: [plan, format, rows]}}}}"
        );
    }
    fs::write(&config, text).map_err(|e| e.to_string())?;
    let mut child = Command::new("taskset")
        .args(["-c", "0"])
        .arg(weir)
        .args(["serve", "--ready-json", "--config"])
        .arg(&config)
        .arg("--data")
        .arg(home.join("data"))
        .arg("--keys")
        .arg(home.join("keys"))
        .env("PRODUCT_TOKEN", "vendorside0123456789abcdef012345")
        .env("WEIR_STAGE_TIMES", if timed { "1" } else { "0" })
        .stdout(Stdio::piped())
        .stderr(Stdio::from(fs::File::create(home.join("log")).map_err(|e| e.to_string())?))
        .spawn()
        .map_err(|e| format!("{} does not start: {e}", weir.display()))?;
    let mut out = BufReader::new(child.stdout.take().ok_or("no standard output")?);
    let mut ready = String::new();
    out.read_line(&mut ready).map_err(|e| e.to_string())?;
    let ready: Value = serde_json::from_str(&ready).map_err(|e| format!("weir's ready line: {e}"))?;
    let part = |k: &str| ready[k].as_str().unwrap_or_default().trim_start_matches("http://").to_owned();
    Ok(Running { child, _out: out, address: part("ingest"), console: Some(part("console")) })
}

fn spawn_pinned(core: u32, program: &Path, arguments: &[&str]) -> Result<Running, String> {
    let mut child = Command::new("taskset")
        .args(["-c", &core.to_string()])
        .arg(program)
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| format!("taskset (util-linux) is needed: {e}"))?;
    let mut out = BufReader::new(child.stdout.take().ok_or("no standard output")?);
    let mut address = String::new();
    out.read_line(&mut address).map_err(|e| e.to_string())?;
    Ok(Running { child, _out: out, address: address.trim().to_owned(), console: None })
}

/// Events answered, seconds, p50 and p99 in milliseconds.
fn load(
    own: &Path,
    target: &str,
    events: usize,
    seed: u64,
    encoding: &str,
    rate: Option<f64>,
) -> Result<(u64, f64, f64, f64), String> {
    let mut command = Command::new("taskset");
    command.args(["-c", "1"]).arg(own).args(["load", target, &events.to_string(), &seed.to_string(), encoding]);
    if let Some(rate) = rate {
        command.arg(rate.to_string());
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(|e| e.to_string())?;
    let mut out = BufReader::new(child.stdout.take().ok_or("no standard output")?);
    let mut text = String::new();
    out.read_line(&mut text).map_err(|e| e.to_string())?;
    child.stdin.take().ok_or("no standard input")?.write_all(b"go\n").map_err(|e| e.to_string())?;
    text.clear();
    out.read_line(&mut text).map_err(|e| e.to_string())?;
    child.wait().map_err(|e| e.to_string())?;
    let figures: Value =
        serde_json::from_str(&text).map_err(|e| format!("the generator said nothing readable: {e}"))?;
    let number = |k: &str| figures[k].as_f64().unwrap_or(0.0);
    if number("refused_requests") > 0.0 {
        line(&format!("note: {} requests were refused", number("refused_requests")));
    }
    Ok((number("events") as u64, number("seconds"), number("p50_ms"), number("p99_ms")))
}

/// Waits until the sink has counted `events`: the full path is in the figure, or there is none.
fn drained(sink: &str, events: u64) -> Result<(), String> {
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut seen = 0;
    while Instant::now() < deadline {
        let counts = get(sink, "/_counts")?;
        seen = counts.split_whitespace().nth(1).and_then(|c| c.parse::<u64>().ok()).unwrap_or(0);
        if seen >= events {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Err(format!("the sink has {seen} of {events} events after a minute"))
}

fn stages(console: Option<&str>) -> Vec<(String, f64)> {
    let Some(text) = console.and_then(|c| get(c, "/metrics").ok()) else { return Vec::new() };
    text.lines()
        .filter_map(|l| {
            let rest = l.strip_prefix("weir_stage_cpu_seconds_total{stage=\"")?;
            let (stage, value) = rest.split_once("\"} ")?;
            Some((stage.to_owned(), value.parse().ok()?))
        })
        .collect()
}

#[expect(clippy::disallowed_methods, reason = "the benchmark reads its own servers over bare connections")]
fn get(address: &str, path: &str) -> Result<String, String> {
    let mut stream = TcpStream::connect(address).map_err(|e| format!("{address}: {e}"))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").map_err(|e| e.to_string())?;
    let _ = stream.set_read_timeout(Some(Duration::from_millis(2_000)));
    let mut bytes = Vec::new();
    let mut chunk = [0; 65_536];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => break,
            Ok(n) => bytes.extend_from_slice(&chunk[..n]),
        }
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .to_ascii_lowercase()
                .lines()
                .find_map(|l| l.strip_prefix("content-length:").map(|v| v.trim().to_owned()));
            if length.and_then(|l| l.parse::<usize>().ok()).is_some_and(|l| body.len() >= l) {
                break;
            }
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    text.split_once("\r\n\r\n")
        .map(|(_, body)| body.to_owned())
        .ok_or_else(|| format!("{address}{path} gave no answer"))
}

#[expect(clippy::disallowed_methods, reason = "the benchmark waits for a server of its own")]
fn wait_for(address: &str) -> Result<(), String> {
    let address: SocketAddr = address.parse().map_err(|_| "not an address")?;
    for _ in 0..100 {
        if TcpStream::connect(address).is_ok() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Err("the server does not accept".into())
}

/// `fdatasync DIR`: the bare loop alone.
pub(crate) fn fdatasync_main(arguments: &[String]) -> Result<(), String> {
    let folder = arguments.first().map_or_else(std::env::temp_dir, PathBuf::from);
    let (p50, p99) = fdatasync_loop(&folder, 2_000)?;
    line(&format!("bare 32 KiB write + fdatasync: p50 {p50:.2} ms, p99 {p99:.2} ms"));
    Ok(())
}

/// p50 and p99 in milliseconds of one 32 KiB write and one fdatasync into a file that is already there.
fn fdatasync_loop(folder: &Path, rounds: usize) -> Result<(f64, f64), String> {
    use std::os::unix::fs::FileExt;
    let path = folder.join("fdatasync");
    let block = vec![7_u8; 32 * 1024];
    let file = fs::File::create(&path).map_err(|e| e.to_string())?;
    for i in 0..64 {
        file.write_at(&block, i * block.len() as u64).map_err(|e| e.to_string())?;
    }
    file.sync_all().map_err(|e| e.to_string())?;
    let mut times: Vec<u64> = Vec::with_capacity(rounds);
    for i in 0..rounds {
        let started = Instant::now();
        file.write_at(&block, (i as u64 % 64) * block.len() as u64).map_err(|e| e.to_string())?;
        file.sync_data().map_err(|e| e.to_string())?;
        times.push(started.elapsed().as_micros() as u64);
    }
    let _ = fs::remove_file(&path);
    times.sort_unstable();
    Ok((times[rounds / 2] as f64 / 1e3, times[rounds * 99 / 100] as f64 / 1e3))
}

fn table(all: &[Measured], floor: (f64, f64)) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{:<26} {:>10} {:>16} {:>9} {:>9} {:>9}",
        "server, body", "events/s", "CPU-s/M events", "p50 ms", "p99 ms", "MiB peak"
    );
    for m in all {
        let _ = writeln!(
            out,
            "{:<26} {:>10.0} {:>16.2} {:>9.2} {:>9.2} {:>9.1}",
            m.name, m.events_per_second, m.cpu_per_million, m.p50_ms, m.p99_ms, m.peak_mib
        );
    }
    let _ = writeln!(out, "bare 32 KiB write + fdatasync: p50 {:.2} ms, p99 {:.2} ms", floor.0, floor.1);
    for m in all.iter().filter(|m| !m.stages.is_empty()) {
        let _ = writeln!(out, "\n{}: CPU-seconds per million events by stage, timed in a run of its own", m.name);
        for (stage, value) in &m.stages {
            let bar = "█".repeat((value * 20.0).round().min(80.0) as usize);
            let _ = writeln!(out, "  {stage:<18} {value:>6.2} {bar}");
        }
        let counted: f64 = m.stages.iter().map(|(_, v)| v).sum();
        let _ = writeln!(
            out,
            "  {:<18} {:>6.2} (sockets, runtime, timers)",
            "http and the rest",
            m.cpu_per_million - counted
        );
    }
    let of = |count: usize| all.iter().find(|m| m.name == format!("weir, {count} destinations, identity"));
    if let (Some(one), Some(five)) = (of(1), of(5)) {
        let each = (five.cpu_per_million - one.cpu_per_million) / 4.0;
        let _ = writeln!(out, "each further destination: {each:.2} CPU-seconds per million events");
    }
    for encoding in ["identity", "gzip"] {
        let of = |name: &str| all.iter().find(|m| m.name == format!("{name}, {encoding}"));
        if let (Some(weir), Some(proxy)) = (of("weir"), of("copying proxy")) {
            let _ = writeln!(
                out,
                "weir / copying proxy, {encoding}: {:.1}× the CPU",
                weir.cpu_per_million / proxy.cpu_per_million
            );
        }
    }
    out
}

fn json(all: &[Measured], floor: (f64, f64)) -> Value {
    let servers: Vec<Value> = all
        .iter()
        .map(|m| {
            serde_json::json!({"name": m.name, "events_per_second": m.events_per_second, "cpu_seconds_per_million": m.cpu_per_million,
                "p50_ms": m.p50_ms, "p99_ms": m.p99_ms, "peak_mib": m.peak_mib,
                "stages": m.stages.iter().cloned().collect::<std::collections::BTreeMap<_, _>>()})
        })
        .collect();
    serde_json::json!({"servers": servers, "fdatasync_p50_ms": floor.0, "fdatasync_p99_ms": floor.1})
}

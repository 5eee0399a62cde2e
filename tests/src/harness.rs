//! The `weir` process as an operator runs it: a configuration file, a data folder, a key folder, its output, its end.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::metrics::Metrics;
use crate::wire;

/// The project token of the kept captures, so that they can be replayed byte for byte.
pub const WRITE_KEY: &str = "mptoken0123456789abcdef012345678";
/// The token that Weir uses towards the stand-in; never the write key, so that a copied one is seen. A secret of
/// Standard Webhooks, which every type of destination takes.
pub const VENDOR_TOKEN: &str = "whsec_d2VpciBzdGFuZC1pbiBzZWNyZXQgMDEy";
/// The service account of the destination, as `user:secret`.
pub const IMPORT_ACCOUNT: &str = "weir-import.acme.mp-service-account:import-secret-of-the-vendor";
/// Small files: a test starts many of these.
const SMALL: &str = "journal: {segment: 4MiB, budget: 512MiB}\ndisk: {reserve: 8MiB}\n";
/// How long anything may take that a test waits for, before it counts as stuck. Generous: nothing is timed by it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What a test wants in `weir.yaml`. Everything else keeps its default.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Lines under `sources:`, already indented by two.
    pub sources: String,
    /// Lines under `destinations:`, already indented by two.
    pub destinations: String,
    /// More top-level lines.
    pub more: String,
}

impl Setup {
    /// One source `web` and one destination `product` at this address, as the first page of the documentation shows it.
    pub fn mixpanel(vendor: &str) -> Setup {
        Setup::with_subject(vendor, "{rotating: 7d}", "{allow: [plan, format, n, profile.plan]}")
    }

    /// The same with a subject mode and a release policy of the test's own.
    pub fn with_subject(vendor: &str, subject: &str, release: &str) -> Setup {
        Setup {
            sources: format!(
                "  web: {{protocol: mixpanel, write_keys: [{WRITE_KEY}], environment: production, mode: enforce}}\n"
            ),
            destinations: format!(
                "  product: {{type: mixpanel, subject: {subject}, endpoint: \"{vendor}\", allow_addresses: [127.0.0.0/8], \
                 token: {{env: PRODUCT_TOKEN}}, import: {{username: {{env: IMPORT_USER}}, secret: {{env: IMPORT_SECRET}}, \
                 project_id: 1234567}}, release: {release}}}\n"
            ),
            more: SMALL.to_owned(),
        }
    }

    /// More top-level lines.
    pub fn and(mut self, more: &str) -> Setup {
        self.more.push_str(more);
        self
    }

    /// The file. Ports are free ones.
    pub fn yaml(&self) -> String {
        let mut out = "listen: {ingest: \"127.0.0.1:0\", console: \"127.0.0.1:0\"}\n".to_owned();
        for (key, lines) in [("sources", &self.sources), ("destinations", &self.destinations)] {
            if !lines.is_empty() {
                out.push_str(&format!("{key}:\n{lines}"));
            }
        }
        out + &self.more
    }
}

/// A running Weir with folders of its own. Dropping it kills it.
pub struct Weir {
    folder: Arc<Folder>,
    child: Child,
    ingest: SocketAddr,
    console: SocketAddr,
    output: Arc<Mutex<Vec<u8>>>,
    pumps: Vec<JoinHandle<()>>,
}

/// The folders of one Weir, which outlive its processes.
pub struct Folder {
    root: TempDir,
    data: PathBuf,
}

impl Folder {
    /// New folders with this configuration.
    pub fn new(setup: &Setup) -> Arc<Folder> {
        let root = TempDir::with_prefix("weir-test-").expect("a folder can be made");
        let data = root.path().join("data");
        Folder::write(root, data, setup)
    }

    /// The same, with the data folder at a place of the test's own, such as a small mount.
    pub fn with_data(data: PathBuf, setup: &Setup) -> Arc<Folder> {
        Folder::write(TempDir::with_prefix("weir-test-").expect("a folder can be made"), data, setup)
    }

    fn write(root: TempDir, data: PathBuf, setup: &Setup) -> Arc<Folder> {
        let folder = Folder { root, data };
        folder.configure(setup);
        Arc::new(folder)
    }

    /// Writes the configuration anew.
    pub fn configure(&self, setup: &Setup) {
        std::fs::write(self.config(), setup.yaml()).expect("the configuration can be written");
    }

    /// `weir.yaml`.
    pub fn config(&self) -> PathBuf {
        self.root.path().join("weir.yaml")
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The key folder.
    pub fn keys(&self) -> PathBuf {
        self.root.path().join("keys")
    }

    /// Runs another `weir` command beside it, with these variables in its environment.
    pub fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let mut command = command();
        command.args(arguments).envs(variables.iter().copied());
        command.stdin(Stdio::null()).output().expect("the weir binary runs")
    }

    /// Runs another `weir` command on all folders of this one: exit code, standard output, standard error.
    pub fn weir(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let paths = [self.data().to_owned(), self.keys(), self.config()].map(|path| path.display().to_string());
        let [data, keys, config] = &paths;
        let mut all: Vec<&str> = arguments.to_vec();
        all.extend(["--data", data, "--keys", keys, "--config", config]);
        let output = self.run(&all, &[]);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    }

    /// `weir ledger verify`, with or without the keys: exit status and what it said.
    pub fn verify_ledger(&self, with_keys: bool) -> (Option<i32>, String) {
        let mut command = command();
        command.args(["ledger", "verify", "--data"]).arg(self.data());
        if with_keys {
            command.arg("--keys").arg(self.keys());
        }
        let output = command.stdin(Stdio::null()).output().expect("the weir binary runs");
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.code(), said)
    }

    /// Starts Weir on these folders and waits until it is ready.
    pub fn start(self: &Arc<Folder>) -> Weir {
        self.try_start().unwrap_or_else(|said| panic!("weir did not start:\n{said}"))
    }

    /// Starts Weir; what it said where it ended instead.
    pub fn try_start(self: &Arc<Folder>) -> Result<Weir, String> {
        self.start_by(command())
    }

    /// Starts Weir as the child of another program, such as a tracer. To be ended by [`Weir::end_under`].
    pub fn start_under(self: &Arc<Folder>, program: &[&str]) -> Weir {
        let (name, arguments) = program.split_first().expect("a program has a name");
        let mut command = Command::new(name);
        command.env_remove("XDG_STATE_HOME").args(arguments).arg(binary());
        self.start_by(command).unwrap_or_else(|said| panic!("weir did not start:\n{said}"))
    }

    fn start_by(self: &Arc<Folder>, mut command: Command) -> Result<Weir, String> {
        let mut child = command
            .args(["serve", "--ready-json", "--config"])
            .arg(self.config())
            .arg("--data")
            .arg(self.data())
            .arg("--keys")
            .arg(self.keys())
            .env("PRODUCT_TOKEN", VENDOR_TOKEN)
            .env("IMPORT_USER", IMPORT_ACCOUNT.split(':').next().unwrap_or_default())
            .env("IMPORT_SECRET", IMPORT_ACCOUNT.split(':').nth(1).unwrap_or_default())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the weir binary runs");
        let output = Arc::new(Mutex::new(Vec::new()));
        let mut stdout = BufReader::new(child.stdout.take().expect("standard output is piped"));
        let stderr = BufReader::new(child.stderr.take().expect("standard error is piped"));
        let mut pumps = vec![pump(stderr, &output)];
        let ready = loop {
            let mut line = String::new();
            match stdout.read_line(&mut line) {
                Ok(0) | Err(_) => break None,
                Ok(_) => append(&output, line.as_bytes()),
            }
            let found: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            let address = |key: &str| found[key].as_str()?.split_once("://")?.1.trim_end_matches('/').parse().ok();
            if let (Some(ingest), Some(console)) = (address("ingest"), address("console")) {
                break Some((ingest, console));
            }
        };
        let Some((ingest, console)) = ready else {
            let _ = child.wait();
            pumps.into_iter().for_each(|p| drop(p.join()));
            return Err(text(&output));
        };
        pumps.push(pump(stdout, &output));
        let weir = Weir { folder: Arc::clone(self), child, ingest, console, output, pumps };
        weir.wait_until("ready", || wire::get(weir.console, "/readyz").is_ok_and(|a| a.status == 200));
        Ok(weir)
    }
}

impl Weir {
    /// Starts one with new folders.
    pub fn start(setup: &Setup) -> Weir {
        Folder::new(setup).start()
    }

    /// Its folders.
    pub fn folder(&self) -> &Arc<Folder> {
        &self.folder
    }

    /// The ingest listener.
    pub fn ingest(&self) -> SocketAddr {
        self.ingest
    }

    /// The console listener.
    pub fn console(&self) -> SocketAddr {
        self.console
    }

    /// The ingest base URL of a source.
    pub fn source_url(&self, source: &str) -> String {
        format!("http://{}/in/{source}", self.ingest)
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to standard output and standard error so far.
    pub fn output(&self) -> String {
        text(&self.output)
    }

    /// Its metrics now.
    pub fn metrics(&self) -> Metrics {
        Metrics::read(self.console).expect("/metrics answers")
    }

    /// Waits until a condition holds; fails with its output where it never does.
    pub fn wait_until(&self, what: &str, holds: impl Fn() -> bool) {
        let until = Instant::now() + PATIENCE;
        while !holds() {
            assert!(Instant::now() < until, "waited too long until: {what}\noutput of weir:\n{}", self.output());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until nothing waits and nothing is unknown at any destination; the metrics then.
    pub fn settle(&self) -> Metrics {
        let at_rest = |m: &Metrics| m.sum("weir_events_waiting", &[]) == 0 && m.sum("weir_events_unknown", &[]) == 0;
        let until = Instant::now() + PATIENCE;
        loop {
            let before = self.metrics();
            if at_rest(&before) && before.sums_broken().is_empty() {
                return before;
            }
            assert!(
                Instant::now() < until,
                "it never came to rest: {:?}\n{}\noutput of weir:\n{}",
                before.sums_broken(),
                before.text().lines().filter(|l| l.starts_with("weir_events")).collect::<Vec<_>>().join("\n"),
                self.output()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it at once, as a power cut would, and keeps the folders.
    pub fn kill(mut self) -> Arc<Folder> {
        self.end();
        Arc::clone(&self.folder)
    }

    /// Asks it to stop and waits; its exit code and output.
    pub fn stop(mut self) -> (Option<i32>, String) {
        let pid = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(asked.is_ok_and(|s| s.success()), "the process can be asked to stop");
        let until = Instant::now() + PATIENCE;
        let code = loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                break status.code();
            }
            assert!(Instant::now() < until, "weir did not stop when asked:\n{}", self.output());
            std::thread::sleep(Duration::from_millis(10));
        };
        self.pumps.drain(..).for_each(|p| drop(p.join()));
        (code, self.output())
    }

    /// Asks a Weir that was started by [`Folder::start_under`] to stop, and waits for the program that it runs under.
    pub fn end_under(mut self) {
        let tasks = format!("/proc/{0}/task/{0}/children", self.child.id());
        let children = std::fs::read_to_string(tasks).unwrap_or_default();
        let child = children.split_whitespace().next().expect("weir is its child");
        let asked = Command::new("kill").args(["-TERM", child]).status();
        assert!(asked.is_ok_and(|s| s.success()), "the process can be asked to stop");
        let ended = self.child.wait();
        assert!(ended.is_ok_and(|status| status.success()), "it ended well");
        self.pumps.drain(..).for_each(|p| drop(p.join()));
    }

    fn end(&mut self) {
        // SIGKILL; an error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.pumps.drain(..).for_each(|p| drop(p.join()));
    }
}

impl Drop for Weir {
    fn drop(&mut self) {
        self.end();
        if std::thread::panicking() {
            // Best effort: the test fails anyway, this only says more.
            let _ = writeln!(std::io::stderr(), "output of weir:\n{}", self.output());
        }
    }
}

/// The `weir` binary: `WEIR_BIN`, else the one built beside the tests.
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("WEIR_BIN") {
        return PathBuf::from(path);
    }
    let test = std::env::current_exe().expect("a test knows its own path");
    // target/<profile>/deps/<test>
    let path = test.ancestors().nth(2).expect("a test lies in target/<profile>/deps").join("weir");
    assert!(path.exists(), "no weir binary beside the tests: run `cargo build -p weir` with the same profile first");
    path
}

fn command() -> Command {
    let mut command = Command::new(binary());
    command.env_remove("XDG_STATE_HOME");
    command
}

fn pump(mut from: impl BufRead + Send + 'static, to: &Arc<Mutex<Vec<u8>>>) -> JoinHandle<()> {
    let to = Arc::clone(to);
    std::thread::spawn(move || {
        let mut line = Vec::new();
        while from.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
            append(&to, &line);
            line.clear();
        }
    })
}

fn append(to: &Arc<Mutex<Vec<u8>>>, bytes: &[u8]) {
    to.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
}

fn text(of: &Arc<Mutex<Vec<u8>>>) -> String {
    String::from_utf8_lossy(&of.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
}

//! The real SDKs as child processes: `tests/sdk`, installed by `cargo xtask install`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// What a driver does at most, browser start included.
const DRIVER_TIMEOUT: Duration = Duration::from_secs(150);

/// An SDK under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sdk {
    /// npm `mixpanel`.
    Node,
    /// npm `mixpanel-browser` in headless Chromium.
    Browser,
    /// PyPI `mixpanel`.
    Python,
    /// Another one, by its driver's path below `tests/sdk`.
    Script(&'static str),
}

/// What a driver did, from its last line of output.
#[derive(Clone, Debug)]
pub struct Driven {
    /// The JSON of that line: `sent` (numbers `n` handed to the SDK), `failed` (numbers for which the SDK reported an error), …
    pub report: Value,
}

impl Driven {
    /// The numbers that were handed to the SDK.
    pub fn sent(&self) -> Vec<u64> {
        self.numbers("sent")
    }

    /// The numbers for which the SDK told its caller of a failure.
    pub fn failed(&self) -> Vec<u64> {
        self.numbers("failed")
    }

    /// It made at least so many calls.
    pub fn expect_calls(&self, calls_min: usize) {
        let calls = self.report["calls"].as_array().map_or(0, Vec::len);
        assert!(calls >= calls_min, "the driver made {calls} calls only");
    }

    /// It spoke to nobody but Weir, and was not refused.
    pub fn expect_nobody_else(&self) {
        assert_eq!(self.report["elsewhere"].as_array().map(Vec::len), Some(0), "{}", self.report["elsewhere"]);
    }

    /// Its caller was told of no failure.
    pub fn expect_no_failure(&self) {
        assert_eq!(self.failed(), Vec::<u64>::new(), "the SDK was told of a failure");
    }

    fn numbers(&self, key: &str) -> Vec<u64> {
        self.report[key].as_array().into_iter().flatten().filter_map(Value::as_u64).collect()
    }
}

/// Runs a driver against a base URL (`http://host:port/path`): `plain` exercises every call, `faults` sends numbered events.
pub fn drive(sdk: Sdk, what: &str, base: &str, token: &str) -> Driven {
    let folder = folder();
    let mut command = match sdk {
        Sdk::Node => node("node/mixpanel.mjs"),
        Sdk::Browser => node("browser/mixpanel.mjs"),
        Sdk::Python => python("python/mixpanel_driver.py"),
        Sdk::Script(script) if script.ends_with(".py") => python(script),
        Sdk::Script(script) => node(script),
    };
    let mut child = command
        .args([what, base, token])
        .current_dir(&folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("the driver starts");
    let stdout = child.stdout.take().expect("standard output is piped");
    let reader = std::thread::spawn(move || crate::wire::drain(stdout));
    let until = Instant::now() + DRIVER_TIMEOUT;
    let status = loop {
        if let Some(status) = child.try_wait().expect("the driver can be waited for") {
            break status;
        }
        if Instant::now() >= until {
            let _ = child.kill();
            panic!("the {sdk:?} driver did not end within {DRIVER_TIMEOUT:?}");
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let output = String::from_utf8_lossy(&reader.join().expect("the reader ends")).into_owned();
    assert!(status.success(), "the {sdk:?} driver failed:\n{output}");
    let last =
        output.lines().rfind(|l| l.starts_with('{')).unwrap_or_else(|| panic!("no report from {sdk:?}:\n{output}"));
    Driven { report: serde_json::from_str(last).expect("the report is JSON") }
}

/// Runs a Python script of `tests/sdk` over this input; its last line of output is JSON.
pub fn judge(script: &str, arguments: &[&str], input: &[u8]) -> Value {
    let mut child = python(script)
        .args(arguments)
        .current_dir(folder())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("the script starts");
    let mut stdin = child.stdin.take().expect("standard input is piped");
    stdin.write_all(input).expect("the script reads its input");
    drop(stdin);
    let output = child.wait_with_output().expect("the script ends");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{script} failed:\n{said}");
    let last = said.lines().rfind(|l| l.starts_with('{')).unwrap_or_else(|| panic!("no report of {script}:\n{said}"));
    serde_json::from_str(last).expect("the report is JSON")
}

fn node(script: &str) -> Command {
    let folder = folder();
    assert!(folder.join("node_modules/mixpanel").exists(), "the npm SDKs are not installed: run `cargo xtask install`");
    let mut command = Command::new("node");
    command.arg(folder.join(script));
    command
}

/// A program of Python that goes on until it is ended, in the environment of the SDKs.
pub fn python(script: &str) -> Command {
    let folder = folder();
    let python = folder.join(".venv/bin/python");
    assert!(python.exists(), "the Python SDKs are not installed: run `cargo xtask install`");
    let mut command = Command::new(python);
    command.arg(folder.join(script));
    command
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sdk")
}

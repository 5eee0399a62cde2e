//! A bucket in PyPI's `moto`, a server that verifies signatures; it ends with its input.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// The server and its bucket.
pub struct Bucket {
    child: Child,
    about: Value,
    said: BufReader<std::process::ChildStdout>,
}

impl Bucket {
    /// One of this name, whose access key may put objects and, if asked, get and list them.
    pub fn start(name: &str, may_read: bool) -> Bucket {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sdk");
        let mut child = Command::new(folder.join(".venv/bin/python"))
            .arg(folder.join("python/s3_server.py"))
            .arg(name)
            .args(may_read.then_some("read"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the Python packages are installed: run `cargo xtask install`");
        let mut said = BufReader::new(child.stdout.take().expect("standard output is piped"));
        let about = line(&mut said);
        Bucket { child, about, said }
    }

    /// `endpoint`, `access_key` or `secret_key`.
    pub fn about(&self, key: &str) -> String {
        self.about[key].as_str().unwrap_or_default().to_owned()
    }

    /// Every object by its name, as base64.
    pub fn objects(&mut self) -> serde_json::Map<String, Value> {
        let stdin = self.child.stdin.as_mut().expect("standard input is piped");
        stdin.write_all(b"\n").and_then(|()| stdin.flush()).expect("it listens");
        line(&mut self.said).as_object().cloned().unwrap_or_default()
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn line(from: &mut impl BufRead) -> Value {
    let mut line = String::new();
    from.read_line(&mut line).expect("it says something");
    serde_json::from_str(&line).unwrap_or_else(|_| panic!("no JSON: {line}"))
}

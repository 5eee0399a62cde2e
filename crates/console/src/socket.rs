//! `admin.sock`: a Unix socket in the data folder, owner-only (0600). The kernel says who connects; only the user that Weir runs
//! as, and root, are answered. One JSON object a line, both ways.
//!
//! Limits: a line of 8 MiB (an opened event in hex), 16 connections, 60 seconds between two lines.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream as Blocking;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use weir_event::log::{Field, Level, emit};

use crate::admin::{self, Actor, Admin, AdminError};
use crate::command::{Command, Reply, VERSION};

/// Its name in the data folder.
pub const FILE_NAME: &str = "admin.sock";
const LINE_BYTES_MAX: u64 = 8 * 1024 * 1024;
const CONNECTIONS_MAX: usize = 16;
const IDLE: Duration = Duration::from_secs(60);
/// How long a client waits: a replay or a reload may take a while.
const ANSWER: Duration = Duration::from_secs(120);

#[derive(Serialize, Deserialize)]
struct Envelope {
    v: u32,
    #[serde(flatten)]
    command: Command,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Ok(Box<Reply>),
    Error(AdminError),
}

/// A bound socket.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    path: PathBuf,
}

impl Socket {
    /// Binds `admin.sock` in `folder`. The caller holds the lock of the folder, so a socket found there is a dead one.
    pub fn bind(folder: &Path) -> std::io::Result<Socket> {
        let path = folder.join(FILE_NAME);
        let fresh = folder.join("admin.sock.new");
        for old in [&path, &fresh] {
            match std::fs::remove_file(old) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
                _ => {}
            }
        }
        let listener = UnixListener::bind(&fresh)?;
        // Nobody looks for it under the first name, so nobody connects before it is closed to others.
        std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(0o600))?;
        std::fs::rename(&fresh, &path)?;
        Ok(Socket { listener, path })
    }

    /// Answers until `stop` is true.
    pub async fn run<A: Admin>(self, admin: Arc<A>, mut stop: watch::Receiver<bool>) {
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        loop {
            let stream = tokio::select! {
                biased;
                () = stopped(&mut stop) => break,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    Err(error) => {
                        emit(Level::Warn, "cannot accept on admin.sock", &[("error", Field::Io(error.kind()))]);
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                },
            };
            // Beyond the limit the connection is closed: the client says so, and the operator tries again.
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
            let admin = Arc::clone(&admin);
            tokio::spawn(async move {
                let _place = place;
                let _ = serve(stream, &*admin).await;
            });
        }
        let _ = std::fs::remove_file(&self.path);
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn serve<A: Admin>(stream: UnixStream, admin: &A) -> std::io::Result<()> {
    let peer = stream.peer_cred()?;
    let actor = Actor { uid: peer.uid(), pid: peer.pid() };
    let own = rustix::process::geteuid().as_raw();
    if actor.uid != own && actor.uid != 0 {
        emit(Level::Warn, "refused a stranger at admin.sock", &[("uid", Field::Count(actor.uid.into()))]);
        return Ok(());
    }
    let (read, mut write) = stream.into_split();
    let mut lines = tokio::io::BufReader::new(read);
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut limited = (&mut lines).take(LINE_BYTES_MAX);
        match tokio::time::timeout(IDLE, limited.read_until(b'\n', &mut line)).await {
            Ok(Ok(0)) | Err(_) => return Ok(()),
            Ok(Err(error)) => return Err(error),
            Ok(Ok(_)) => {}
        }
        let whole = line.last() == Some(&b'\n');
        let outcome = if whole {
            match read_command(&line) {
                Ok(command) => admin::handle(admin, actor, command).await,
                Err(error) => Err(error),
            }
        } else {
            Err(AdminError::request(format!("a request is one line of at most {LINE_BYTES_MAX} bytes")))
        };
        let outcome = outcome.map_or_else(Outcome::Error, |reply| Outcome::Ok(Box::new(reply)));
        let mut text = serde_json::to_vec(&outcome).unwrap_or_else(|_| b"{}".to_vec());
        text.push(b'\n');
        write.write_all(&text).await?;
        if !whole {
            return Ok(());
        }
    }
}

fn read_command(line: &[u8]) -> Result<Command, AdminError> {
    // The parser's own message could repeat what was sent, and an opened event may be in it.
    let envelope: serde_json::Value =
        serde_json::from_slice(line).map_err(|_| AdminError::request("the request is not JSON"))?;
    let version = envelope.get("v").and_then(serde_json::Value::as_u64);
    if version != Some(u64::from(VERSION)) {
        return Err(AdminError::request(format!(
            "this weir speaks version {VERSION} of the admin interface: use the command line of the same release"
        )));
    }
    serde_json::from_value::<Envelope>(envelope)
        .map(|envelope| envelope.command)
        .map_err(|_| AdminError::request("unknown command or field: use the command line of the same release"))
}

/// Asks the Weir that runs on `folder`, from another process. Blocks.
pub fn ask(folder: &Path, command: &Command) -> Result<Reply, AdminError> {
    let path = folder.join(FILE_NAME);
    let not_running = |e: std::io::Error| AdminError::NotRunning {
        socket: path.display().to_string(),
        reason: match e.kind() {
            std::io::ErrorKind::NotFound => {
                "there is no such socket, is `weir serve` running with this data folder?".into()
            }
            std::io::ErrorKind::ConnectionRefused => "it is not running any more, start `weir serve`".into(),
            std::io::ErrorKind::PermissionDenied => "permission denied, run as the user that weir runs as".into(),
            kind => kind.to_string(),
        },
    };
    let mut stream = Blocking::connect(&path).map_err(not_running)?;
    let timeouts = stream.set_read_timeout(Some(ANSWER)).and_then(|()| stream.set_write_timeout(Some(IDLE)));
    timeouts.map_err(not_running)?;
    let failed = |message: String| AdminError::Failed { message };
    let mut line = serde_json::to_vec(&Envelope { v: VERSION, command: command.clone() })
        .map_err(|_| failed("the command cannot be written as JSON".into()))?;
    line.push(b'\n');
    stream.write_all(&line).map_err(not_running)?;
    let mut answer = Vec::new();
    let mut reader = BufReader::new(&stream).take(16 * LINE_BYTES_MAX);
    let read = reader.read_until(b'\n', &mut answer).map_err(|e| failed(format!("no answer: {}", e.kind())))?;
    if read == 0 {
        return Err(failed(
            "the connection was closed without an answer: run as the user that weir runs as, or try again".into(),
        ));
    }
    match serde_json::from_slice(&answer) {
        Ok(Outcome::Ok(reply)) => Ok(*reply),
        Ok(Outcome::Error(error)) => Err(error),
        Err(_) => Err(failed("the answer is not of this release: use the command line of the same release".into())),
    }
}

/// Replayed on stable and by libFuzzer.
pub mod fuzz {
    /// Any bytes as a request line.
    pub fn fuzz_command(data: &[u8]) {
        let _ = super::read_command(data);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Status;

    impl Admin for Status {
        async fn record(&self, _: Actor, _: &Command) -> Result<(), AdminError> {
            Ok(())
        }

        async fn run(&self, actor: Actor, command: Command) -> Result<Reply, AdminError> {
            match command {
                Command::Trim {} => Ok(Reply::Done { count: u64::from(actor.uid) }),
                Command::QuarantineReplay { opened: Some(opened), .. } => {
                    Ok(Reply::Done { count: opened.reveal().map_or(0, |b| b.len() as u64) })
                }
                _ => Err(AdminError::NotFound { what: "destination `x`".into() }),
            }
        }
    }

    struct Running {
        folder: tempfile::TempDir,
        stop: watch::Sender<bool>,
        task: tokio::task::JoinHandle<()>,
    }

    fn start() -> Running {
        let folder = tempfile::tempdir().unwrap();
        let (stop, stopped) = watch::channel(false);
        let socket = Socket::bind(folder.path()).unwrap();
        let task = tokio::spawn(socket.run(Arc::new(Status), stopped));
        Running { folder, stop, task }
    }

    async fn asked(running: &Running, command: Command) -> Result<Reply, AdminError> {
        let folder = running.folder.path().to_owned();
        tokio::task::spawn_blocking(move || ask(&folder, &command)).await.unwrap()
    }

    #[tokio::test]
    async fn the_socket_is_owner_only_and_answers_its_owner() {
        let running = start();
        let mode = std::fs::metadata(running.folder.path().join(FILE_NAME)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let own = u64::from(rustix::process::geteuid().as_raw());
        assert_eq!(asked(&running, Command::Trim {}).await, Ok(Reply::Done { count: own }));
        let error = asked(&running, Command::Reload {}).await.unwrap_err();
        assert_eq!(error.to_string(), "there is no destination `x`");
        let large = Command::QuarantineReplay {
            entry: "raw-1".into(),
            opened: Some(crate::command::Opened::new(&vec![7; 1_000_000])),
            preview: false,
        };
        assert_eq!(asked(&running, large).await, Ok(Reply::Done { count: 1_000_000 }));
        running.stop.send(true).unwrap();
        running.task.await.unwrap();
        assert!(matches!(ask(running.folder.path(), &Command::Trim {}), Err(AdminError::NotRunning { .. })));
    }

    #[tokio::test]
    async fn a_dead_socket_is_taken_over() {
        let running = start();
        running.task.abort();
        let _ = running.task.await;
        assert!(running.folder.path().join(FILE_NAME).exists());
        Socket::bind(running.folder.path()).unwrap();
    }

    #[test]
    fn what_cannot_be_read_is_named_without_repeating_it() {
        for (line, want) in [
            ("ada@example.com", "not JSON"),
            (r#"{"v":2,"command":"ada@example.com"}"#, "version 1"),
            (r#"{"v":1,"command":"ada@example.com"}"#, "unknown command"),
            (r#"{"v":1,"command":"reload","ada@example.com":1}"#, "unknown command or field"),
        ] {
            let error = read_command(line.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(want) && !error.contains("ada"), "{error}");
        }
        assert_eq!(read_command(br#"{"v":1,"command":"reload"}"#), Ok(Command::Reload {}));
    }
}

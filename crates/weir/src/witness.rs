//! This Weir as a witness of others (`ledger.witness`): `POST /add-checkpoint` on a listener of its own (c2sp.org/tlog-witness), which
//! has nothing to do with events. What is cosigned and what not is decided in [`weir_ledger::witness`].

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::sync::watch;
use weir_event::Clock;
use weir_event::log::{Field, Level, emit};
use weir_keys::Keys;
use weir_ledger::disk::RealDisk;
use weir_ledger::tree::cosignature::CosignerKey;
use weir_ledger::witness::{REQUEST_BYTES_MAX, Refused, Witness};
use weir_protocol::answer::Answer;

use crate::config::{Limits, WitnessFor};
use crate::listen::{self, Body, Head, Listener, Peer, Refusal, Settings};

/// Connections at a time: a handful of ledgers ask once in some seconds.
const CONNECTIONS_MAX: usize = 32;
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long until the address is tried again.
const RETRY: Duration = Duration::from_secs(1);
const TEXT: &str = "text/plain; charset=utf-8";

/// The witness, its key and its clock.
pub struct Cosigner {
    witness: Witness,
    keys: Arc<Keys>,
    clock: Arc<dyn Clock>,
    cosigned: AtomicU64,
    refused: AtomicU64,
}

/// The key by which others check what a Weir with these keys cosigns.
pub fn key(name: &str, keys: &Keys) -> CosignerKey {
    CosignerKey { name: name.to_owned(), public: keys.witness_signer().public() }
}

/// The witness that a configuration describes, over the folder of its last heads.
pub fn of(of: &WitnessFor, data: &std::path::Path, keys: &Keys) -> Witness {
    Witness::new(&data.join("witness"), key(&of.name, keys), of.logs.clone(), Arc::new(RealDisk))
}

impl Cosigner {
    /// With these last heads, keys and clock.
    pub fn new(witness: Witness, keys: Arc<Keys>, clock: Arc<dyn Clock>) -> Arc<Cosigner> {
        Arc::new(Cosigner { witness, keys, clock, cosigned: AtomicU64::new(0), refused: AtomicU64::new(0) })
    }

    /// Heads cosigned, requests refused.
    pub fn counts(&self) -> (u64, u64) {
        (self.cosigned.load(Relaxed), self.refused.load(Relaxed))
    }

    /// Answers one request. A file is synced for each: delivery shares the thread, and anybody may ask as often as they like.
    fn cosign(&self, body: &[u8]) -> Result<String, Refused> {
        let seconds = u64::try_from(self.clock.now().seconds()).unwrap_or(0);
        let sign = |text: &[u8]| self.keys.witness_signer().sign(text);
        tokio::task::block_in_place(|| self.witness.add(body, seconds, sign))
    }

    /// Listens until it is told to stop. An address that is taken, as by the process that hands over, is tried again.
    pub async fn run(self: Arc<Self>, address: SocketAddr, stop: watch::Receiver<bool>) {
        let limits = Limits {
            body_bytes: REQUEST_BYTES_MAX,
            body_decoded_bytes: REQUEST_BYTES_MAX,
            head_bytes: 16 * 1024,
            in_flight_bytes: CONNECTIONS_MAX * REQUEST_BYTES_MAX,
            connections: CONNECTIONS_MAX,
            head_timeout: TIMEOUT,
            body_timeout: TIMEOUT,
            idle_timeout: TIMEOUT,
        };
        let mut is_said = false;
        loop {
            let settings = Settings { limits, trusted_proxies: Vec::new() };
            let listening = async { Listener::on(listen::reserve(address)?, settings, None).await };
            match listening.await {
                Ok(listener) => {
                    let fields = [("address", Field::Ours(address.to_string().into()))];
                    emit(Level::Info, "cosigning checkpoints of other ledgers", &fields);
                    listener.run(self, stop, TIMEOUT).await;
                    return;
                }
                Err(error) if !is_said => {
                    is_said = true;
                    let fields = [("error", Field::Io(error.kind()))];
                    emit(
                        Level::Error,
                        "ledger.witness.listen cannot be taken: no checkpoint is cosigned until it can",
                        &fields,
                    );
                }
                Err(_) => {}
            }
            tokio::time::sleep(RETRY).await;
        }
    }
}

impl listen::Service for Cosigner {
    async fn handle(&self, head: Head, body: Body, _peer: Peer) -> Answer {
        if head.path() != "/add-checkpoint" {
            return Answer::new(404, TEXT, b"there is /add-checkpoint and nothing else\n".as_slice());
        }
        if head.method() != "POST" {
            let mut answer = Answer::new(405, TEXT, b"POST\n".as_slice());
            answer.headers.push(("Allow", "POST".into()));
            return answer;
        }
        let body = match &body {
            Body::Whole(bytes, _) => bytes.as_slice(),
            Body::Refused(Refusal::TooLarge) => return Answer::new(413, TEXT, b"too large\n".as_slice()),
            Body::Refused(_) => return Answer::new(503, TEXT, b"try again\n".as_slice()),
        };
        match self.cosign(body) {
            Ok(line) => {
                self.cosigned.fetch_add(1, Relaxed);
                Answer::new(200, TEXT, line.into_bytes())
            }
            Err(refused) => {
                self.refused.fetch_add(1, Relaxed);
                let status = refused.status();
                match refused {
                    Refused::Conflict { size } => {
                        Answer::new(status, "text/x.tlog.size", format!("{size}\n").into_bytes())
                    }
                    Refused::Malformed => Answer::new(status, TEXT, b"not a request to add a checkpoint\n".as_slice()),
                    Refused::UnknownLog => {
                        Answer::new(status, TEXT, b"no log of this origin is known here\n".as_slice())
                    }
                    Refused::NotSigned => Answer::new(status, TEXT, b"not signed by the key of this log\n".as_slice()),
                    Refused::NotShown => Answer::new(status, TEXT, b"the proof does not hold\n".as_slice()),
                    Refused::Unstorable => {
                        emit(
                            Level::Error,
                            "the last head of another ledger cannot be read or written: it is not cosigned",
                            &[],
                        );
                        Answer::new(status, TEXT, b"the last checkpoint cannot be read or written here\n".as_slice())
                    }
                }
            }
        }
    }
}

impl std::fmt::Debug for Cosigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.witness)
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;
    use std::sync::Mutex;
    use std::sync::mpsc::{Receiver, Sender, channel};

    use weir_event::SystemClock;
    use weir_ledger::disk::{Disk, DiskFile};
    use weir_ledger::tree::note::{Checkpoint, VerifierKey};
    use weir_ledger::witness::AddCheckpoint;

    use super::*;

    /// A disk that says when it is written to, and goes on when it is told.
    struct SlowDisk(Sender<()>, Mutex<Receiver<()>>);

    impl Disk for SlowDisk {
        fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
            let _ = self.0.send(());
            let told = self.1.lock().unwrap().recv_timeout(Duration::from_secs(20));
            told.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?;
            RealDisk.create(path)
        }

        fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
            RealDisk.rename(from, to)
        }

        fn sync_dir(&self, dir: &Path) -> io::Result<()> {
            RealDisk.sync_dir(dir)
        }

        fn create_dir(&self, dir: &Path) -> io::Result<()> {
            RealDisk.create_dir(dir)
        }

        fn remove(&self, path: &Path) -> io::Result<()> {
            RealDisk.remove(path)
        }
    }

    #[test]
    fn what_shares_the_thread_of_a_witness_goes_on_while_its_disk_is_slow() {
        let folder = tempfile::tempdir().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let keys = Keys::open(&folder.path().join("keys"), Arc::clone(&clock)).unwrap();
        let log = VerifierKey { name: "weir/0011aabb/egress".to_owned(), public: keys.ledger_signer().public() };
        let head = Checkpoint { origin: log.name.clone(), size: 1, root: [1; 32] };
        let note = String::from_utf8(head.sign(&log, |text| keys.ledger_signer().sign(text))).unwrap();
        let ((began, begins), (go, goes)) = (channel(), channel());
        let disk = Arc::new(SlowDisk(began, Mutex::new(goes)));
        let of = Witness::new(&folder.path().join("witness"), key("weir-b/witness", &keys), vec![log], disk);
        let cosigner = Cosigner::new(of, Arc::clone(&keys), clock);
        // As `weir serve` has it for delivery.
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let request = AddCheckpoint { old: 0, proof: Vec::new(), note };
        let asked = runtime.spawn(async move { cosigner.cosign(request.text().as_bytes()) });
        begins.recv().unwrap();
        runtime.spawn(async move { go.send(()) });
        let line = runtime.block_on(asked).unwrap().expect("the disk was told to go on");
        assert!(key("weir-b/witness", &keys).line_of(&head.text(), &line).is_some());
    }
}

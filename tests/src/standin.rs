//! A stand-in for Mixpanel's ingestion API: a real HTTP server on a port of its own.
//!
//! It behaves as the vendor documents: reads every form an SDK uses, refuses what is over a limit or lacks a field, answers in
//! the vendor's words, removes duplicates by ($insert_id, distinct_id, time, event), and silently throws away what is too old for
//! `/track`. It keeps everything it received, so that a test can say what reached the vendor side. Faults are scripted or drawn
//! from a seed ([`fault`]).
//!
//! In a test: [`Standin::start`]. From outside: the binary `mixpanel-standin` and the control paths
//! `GET /_control/events|requests|profiles|counts|violations`, `POST /_control/faults` (a fault script as JSON), `POST /_control/reset`.

pub mod amplitude;
pub mod check;
pub mod datadog;
pub mod fault;
pub mod ga4;
pub mod otlp;
pub mod posthog;
pub mod record;
pub mod segment;
mod serve;
pub mod splunk;
pub mod webhook;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use weir_event::{Clock, SystemClock};

use crate::harness;
use crate::standin::fault::{Fault, Faults};
use crate::standin::record::{Received, Recorded, StoredEvent, StoredProfile};

/// What the vendor account of the stand-in accepts.
#[derive(Clone, Debug)]
pub struct Account {
    /// Project tokens that are known; empty: any.
    pub tokens: Vec<String>,
    /// `user:password` pairs for `/import`; empty: any non-empty Basic user name.
    pub import_credentials: Vec<String>,
    /// What `/flags` answers.
    pub flags: serde_json::Value,
    /// Whether `/flags` decides by who asks instead.
    pub decides_flags: bool,
    /// What Splunk's tokens say of acknowledgement.
    pub acks: splunk::Acks,
}

impl Default for Account {
    fn default() -> Account {
        Account {
            tokens: Vec::new(),
            import_credentials: Vec::new(),
            flags: serde_json::json!({"flags": {}}),
            decides_flags: false,
            acks: splunk::Acks::Disabled,
        }
    }
}

/// What the server and its handle share.
struct Shared {
    account: Account,
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
}

/// Everything that changes, under one lock: a request is judged, recorded and answered in one step.
#[derive(Default)]
struct State {
    recorded: Recorded,
    faults: Faults,
    channels: splunk::Channels,
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running stand-in; it stops when dropped.
pub struct Standin {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Standin {
    /// Starts one on a free port of the loopback address.
    pub fn start() -> Standin {
        Standin::start_with(Account::default(), 0)
    }

    /// Starts one that knows only the token and the service account that the harness gives to Weir.
    pub fn of_weir() -> Standin {
        Standin::of_weir_at(0)
    }

    /// The same on a port, where one has stood before.
    pub fn of_weir_at(port: u16) -> Standin {
        let account = Account {
            tokens: vec![harness::VENDOR_TOKEN.to_owned()],
            import_credentials: vec![harness::IMPORT_ACCOUNT.to_owned()],
            ..Account::default()
        };
        Standin::start_with(account, port)
    }

    /// Starts one for an account, on a port (0: any free one).
    pub fn start_with(account: Account, port: u16) -> Standin {
        let state = Mutex::new(State::default());
        let shared = Arc::new(Shared { account, state, clock: Arc::new(SystemClock) });
        let listener =
            std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("the port of the stand-in is free");
        listener.set_nonblocking(true).expect("a listener can be made non-blocking");
        let address = listener.local_addr().expect("a bound listener has an address");
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let served = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
            runtime.block_on(serve::run(listener, served, stopped));
        });
        Standin { address, shared, stop: Some(stop), thread: Some(thread) }
    }

    /// How often Splunk was asked whether it has indexed something.
    pub fn asked_about_acks(&self) -> u64 {
        self.shared.lock().channels.asked()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Puts these faults in front of the next requests, one each, in order.
    pub fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        self.shared.lock().faults.script(faults);
    }

    /// Answers every request with this fault until [`Standin::heal`].
    pub fn always(&self, fault: Fault) {
        self.shared.lock().faults.always(fault);
    }

    /// Draws faults from a seed: `per_mille` of the requests get one of `among`.
    pub fn seeded(&self, seed: u64, per_mille: u64, among: Vec<Fault>) {
        self.shared.lock().faults.seeded(seed, per_mille, among);
    }

    /// Ends all faults.
    pub fn heal(&self) {
        self.shared.lock().faults = Faults::default();
    }

    /// Whether scripted faults are left.
    pub fn faults_left(&self) -> usize {
        self.shared.lock().faults.left()
    }

    /// Forgets what was received.
    pub fn forget(&self) {
        self.shared.lock().recorded = Recorded::default();
    }

    /// Forgets the requests only: a long run need not keep every body.
    pub fn forget_requests(&self) {
        self.shared.lock().recorded.forget_requests();
    }

    /// The events that the vendor now holds, each once, in order of arrival.
    pub fn events(&self) -> Vec<StoredEvent> {
        self.shared.lock().recorded.events().to_vec()
    }

    /// How many events the vendor now holds.
    pub fn event_count(&self) -> usize {
        self.shared.lock().recorded.events().len()
    }

    /// The profile and group operations that the vendor applied, repeats included.
    pub fn profiles(&self) -> Vec<StoredProfile> {
        self.shared.lock().recorded.profiles().to_vec()
    }

    /// Every request, refused ones included.
    pub fn requests(&self) -> Vec<Received> {
        self.shared.lock().recorded.requests().to_vec()
    }

    /// What the vendor refused, and why: (endpoint, field or subject, message).
    pub fn violations(&self) -> Vec<check::Violation> {
        self.shared.lock().recorded.violations().to_vec()
    }

    /// Events accepted and thrown away by the vendor because they are too old for `/track`.
    pub fn silently_lost(&self) -> usize {
        self.shared.lock().recorded.silently_lost()
    }
}

impl Drop for Standin {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The thread ends once its listener is closed; a panic in it is already on standard error.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests;

//! The ingest listener: HTTP/1.1 from SDKs, with a limit on everything, handed to a [`Service`] one request at a time.
//!
//! What it decides itself is only what needs no knowledge of a vendor: sizes, times, counts, CORS, and whose address to believe.
//! It answers nothing but preflights; every other answer is the service's, in its vendor's form, also when a body was not read.
//!
//! It never logs a request, and of an address only the truncated network leaves this module (D18).

mod body;
mod budget;
mod connection;
mod forwarded;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Semaphore, watch};
use weir_detect::TruncatedAddress;
use weir_event::histogram::Histogram;
use weir_event::log::{Field, Level, emit};
use weir_protocol::RequestHead;
use weir_protocol::answer::Answer;

pub use body::{Body, Refusal};
pub use budget::{Budget, InFlight};

use crate::config::{Cidr, Limits};
use crate::tls::Tls;

/// Connections that the system keeps until they are accepted.
const QUEUE: u32 = 1_024;

/// What the listener hands requests to: the pipeline.
pub trait Service: Send + Sync + 'static {
    /// Answers one request. The listener adds CORS headers.
    fn handle(&self, head: Head, body: Body, peer: Peer) -> impl Future<Output = Answer> + Send;
}

/// The head of a request. All of it is data from outside: never logged, never forwarded.
pub struct Head(pub(crate) http::request::Parts);

impl Head {
    /// The method.
    pub fn method(&self) -> &str {
        self.0.method.as_str()
    }

    /// The path, percent-encoded as it came.
    pub fn path(&self) -> &str {
        self.0.uri.path()
    }

    /// What a protocol may see, under `path`: the request's own without the source's prefix.
    pub fn for_protocol<'a>(&'a self, path: &'a str) -> RequestHead<'a> {
        RequestHead {
            method: self.method(),
            path,
            query: self.0.uri.query().unwrap_or_default(),
            authorization: self.header(&http::header::AUTHORIZATION),
            content_encoding: self.header(&http::header::CONTENT_ENCODING),
            content_type: self.header(&http::header::CONTENT_TYPE),
            sdk_info: self.0.headers.get("posthog-sdk-info").and_then(|value| value.to_str().ok()),
            anonymous_id: self.0.headers.get("anonymousid").and_then(|value| value.to_str().ok()),
            api_key: self.0.headers.get("x-apikey").and_then(|value| value.to_str().ok()),
            gpc: self.says_one("sec-gpc"),
            dnt: self.says_one("dnt"),
        }
    }

    /// The headers `Cookie`, for the consent rules that name a cookie (D18): nobody else may look into them.
    pub fn cookies(&self) -> impl Iterator<Item = &[u8]> {
        self.0.headers.get_all(http::header::COOKIE).iter().map(http::HeaderValue::as_bytes)
    }

    fn says_one(&self, name: &str) -> bool {
        self.0.headers.get(name).is_some_and(|value| value.as_bytes().trim_ascii() == b"1")
    }

    fn header(&self, name: &http::HeaderName) -> Option<&str> {
        self.0.headers.get(name)?.to_str().ok()
    }
}

/// Shows nothing of the request.
impl std::fmt::Debug for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Head(…)")
    }
}

/// Where a request came from, as far as anybody may know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Peer {
    /// The client's network; `None` where a trusted proxy does not say it in a way that can be believed.
    pub network: Option<TruncatedAddress>,
    /// Whether a trusted proxy named it.
    pub by_proxy: bool,
}

/// What a reload may change.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Sizes, times and counts. `connections` and `in_flight_bytes` hold from the start on.
    pub limits: Limits,
    /// From whom a forwarded address is believed.
    pub trusted_proxies: Vec<Cidr>,
}

/// Counters of the listener.
#[derive(Debug, Default)]
pub struct Gauges {
    /// Connections open now.
    pub connections: AtomicUsize,
    /// Connections closed because a head did not arrive in time, or was not HTTP.
    pub closed_early: AtomicU64,
    /// Handshakes that failed.
    pub tls_failed: AtomicU64,
    /// Handlers that panicked: a defect of ours each time. The client saw a closed connection and kept its events.
    pub panicked: AtomicU64,
    /// How long requests took, from their head to their answer, the arrival of the body included.
    pub took: Histogram,
}

/// A bound listener.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    shared: Arc<Shared>,
    tls: Option<Arc<Tls>>,
}

/// Changes a running listener and shows its counters.
#[derive(Clone, Debug)]
pub struct Handle(Arc<Shared>);

#[derive(Debug)]
pub(crate) struct Shared {
    settings: RwLock<Arc<Settings>>,
    pub(crate) budget: Budget,
    pub(crate) gauges: Gauges,
    /// Each answer is the last of its connection.
    pub(crate) last_answers: AtomicBool,
}

impl Shared {
    pub(crate) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Handle {
    /// Holds for the next request of every connection.
    pub fn set(&self, settings: Settings) {
        *self.0.settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
    }

    /// From now on each connection is closed after its next answer, which says so: clients come back to whoever listens then.
    pub fn give_last_answers(&self) {
        self.0.last_answers.store(true, Ordering::Relaxed);
    }

    /// The counters.
    pub fn gauges(&self) -> &Gauges {
        &self.0.gauges
    }

    /// Bytes of requests being handled.
    pub fn in_flight_bytes(&self) -> usize {
        self.0.budget.used()
    }
}

impl Listener {
    /// Takes the address; nothing is accepted before [`Listener::run`].
    pub async fn bind(address: SocketAddr, settings: Settings, tls: Option<Arc<Tls>>) -> std::io::Result<Listener> {
        Listener::on(reserve(address)?, settings, tls).await
    }

    /// Listens on an address that was reserved; nothing is accepted before [`Listener::run`].
    pub async fn on(address: TcpSocket, settings: Settings, tls: Option<Arc<Tls>>) -> std::io::Result<Listener> {
        Ok(Listener::over(address.listen(QUEUE)?, settings, tls))
    }

    /// Takes over a socket that listens already; nothing is accepted before [`Listener::run`].
    pub async fn inherited(
        socket: std::net::TcpListener,
        settings: Settings,
        tls: Option<Arc<Tls>>,
    ) -> std::io::Result<Listener> {
        Ok(Listener::over(TcpListener::from_std(socket)?, settings, tls))
    }

    fn over(socket: TcpListener, settings: Settings, tls: Option<Arc<Tls>>) -> Listener {
        let budget = Budget::new(settings.limits.in_flight_bytes);
        let shared = Shared {
            settings: RwLock::new(Arc::new(settings)),
            budget,
            gauges: Gauges::default(),
            last_answers: AtomicBool::new(false),
        };
        Listener { socket, shared: Arc::new(shared), tls }
    }

    /// A second descriptor of the socket: it listens for as long as one of them is open.
    pub fn second(&self) -> std::io::Result<std::net::TcpListener> {
        Ok(std::os::fd::AsFd::as_fd(&self.socket).try_clone_to_owned()?.into())
    }

    /// The address taken, with the port that was free where the configuration said 0.
    pub fn local_address(&self) -> std::io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// To change and watch it while it runs.
    pub fn handle(&self) -> Handle {
        Handle(Arc::clone(&self.shared))
    }

    /// Accepts until `stop` is true, then lets requests under way end for at most `grace`. Returns whether all of them did.
    pub async fn run<S: Service>(self, service: Arc<S>, mut stop: watch::Receiver<bool>, grace: Duration) -> bool {
        let places = self.shared.settings().limits.connections;
        let free = Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS)));
        loop {
            let place = tokio::select! {
                biased;
                () = stopped(&mut stop) => break,
                place = Arc::clone(&free).acquire_owned() => match place {
                    Ok(place) => place,
                    Err(_) => break, // never closed while this runs
                },
            };
            let (stream, address) = tokio::select! {
                biased;
                () = stopped(&mut stop) => break,
                accepted = self.socket.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        // Out of descriptors or the like: connections wait in the system's queue meanwhile.
                        emit(Level::Warn, "cannot accept a connection", &[("error", Field::Io(error.kind()))]);
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                },
            };
            let _ = stream.set_nodelay(true);
            let (shared, service, stop) = (Arc::clone(&self.shared), Arc::clone(&service), stop.clone());
            let tls = self.tls.as_ref().map(|tls| tls.acceptor());
            tokio::spawn(async move {
                shared.gauges.connections.fetch_add(1, Ordering::Relaxed);
                // Dropped last, also where the task is aborted at the end of the process.
                let _place = OnDrop(place, Arc::clone(&shared));
                connection::run(stream, address, tls, shared, service, stop).await;
            });
        }
        drop(self.socket);
        let all = u32::try_from(places.min(Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX);
        tokio::time::timeout(grace, free.acquire_many(all)).await.is_ok()
    }
}

/// Takes an address before there is anything to serve there: who connects is refused until it is listened on.
pub fn reserve(address: SocketAddr) -> std::io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // As every server does: connections of the last process that are still being closed do not keep the address.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Resolves once `stop` is true, or nobody is left to say so.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

struct OnDrop(#[expect(dead_code, reason = "held, not read")] tokio::sync::OwnedSemaphorePermit, Arc<Shared>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.1.gauges.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;

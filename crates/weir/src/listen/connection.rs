//! One connection: TLS if there is any, HTTP/1.1, and the times that it is held to.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use weir_event::log::{Level, emit};
use weir_protocol::answer::{Answer, cors};

use super::{Head, Service, Shared, body, forwarded, stopped};

/// How long a connection whose request has not begun, or not whole, at the end may still send it.
const LAST_WORD: Duration = Duration::from_secs(1);
/// The same for one that has got answers before: what it sent before the end is here by then.
const LAST_WORD_IDLE: Duration = Duration::from_millis(250);
/// Read buffer of one connection: holds a batch of the SDKs whole, so that it arrives in one read.
const BUFFER_BYTES: usize = 128 * 1024;

pub(super) async fn run<S: Service>(
    stream: TcpStream,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    shared: Arc<Shared>,
    service: Arc<S>,
    stop: watch::Receiver<bool>,
) {
    match tls {
        None => serve(stream, address, shared, service, stop).await,
        Some(acceptor) => {
            let limit = shared.settings().limits.head_timeout;
            match tokio::time::timeout(limit, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => serve(stream, address, shared, service, stop).await,
                _ => {
                    shared.gauges.tls_failed.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }
}

async fn serve<S: Service>(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    address: SocketAddr,
    shared: Arc<Shared>,
    service: Arc<S>,
    mut stop: watch::Receiver<bool>,
) {
    let phases = Arc::new(Phases::new());
    let limits = shared.settings().limits;
    let (phases_of_calls, shared_by_calls) = (Arc::clone(&phases), Arc::clone(&shared));
    let answer = service_fn(move |request: http::Request<Incoming>| {
        let (service, shared, phases) =
            (Arc::clone(&service), Arc::clone(&shared_by_calls), Arc::clone(&phases_of_calls));
        phases.enter(Phase::Handling);
        async move {
            let panicked = PanicCount(&shared.gauges.panicked);
            let began = Instant::now();
            let response = call(&*service, &shared, address, request).await;
            shared.gauges.took.observe(began.elapsed());
            std::mem::forget(panicked);
            phases.enter(Phase::Answering);
            Ok::<_, Infallible>(response)
        }
    });
    let io = TokioIo::new(WatchedIo { stream, phases: Arc::clone(&phases) });
    let mut http = http1::Builder::new();
    http.header_read_timeout(None) // the watch below knows idle from reading, which hyper's own timer does not
        .max_header_size(limits.head_bytes)
        .max_buf_size(BUFFER_BYTES.max(limits.head_bytes));
    let mut connection = pin!(http.serve_connection(io, answer));
    let mut watch = pin!(tokio::time::sleep(limits.head_timeout));
    let mut last_word = pin!(tokio::time::sleep(Duration::ZERO));
    let (mut stopping, mut patient) = (false, false);
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => {
                if ended.is_err_and(|e| e.is_parse() || e.is_parse_too_large()) {
                    shared.gauges.closed_early.fetch_add(1, Ordering::Relaxed);
                }
                return;
            }
            () = stopped(&mut stop), if !stopping => {
                stopping = true;
                shared.last_answers.store(true, Ordering::Relaxed);
                // A request may be on its way, and to close now would leave it without an answer.
                let wait = match phases.now() {
                    Phase::Head => LAST_WORD,
                    Phase::Idle => LAST_WORD_IDLE,
                    Phase::Handling | Phase::Answering => Duration::ZERO,
                };
                patient = true;
                last_word.as_mut().reset(Instant::now() + wait);
            }
            () = last_word.as_mut(), if patient => {
                patient = false;
                connection.as_mut().graceful_shutdown();
            }
            () = watch.as_mut() => match phases.deadline(limits.head_timeout, limits.idle_timeout) {
                Some(deadline) => watch.as_mut().reset(deadline),
                None => {
                    if phases.now() == Phase::Head {
                        shared.gauges.closed_early.fetch_add(1, Ordering::Relaxed);
                    }
                    return;
                }
            },
        }
    }
}

/// Counts a handler that unwound: the connection's task ends, its client sees a closed socket and keeps its events.
struct PanicCount<'a>(&'a AtomicU64);

impl Drop for PanicCount<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.fetch_add(1, Ordering::Relaxed);
            emit(Level::Error, "a request handler panicked; the request was not acknowledged", &[]);
        }
    }
}

async fn call<S: Service>(
    service: &S,
    shared: &Shared,
    address: SocketAddr,
    request: http::Request<Incoming>,
) -> http::Response<Full<Bytes>> {
    let settings = shared.settings();
    let (parts, incoming) = request.into_parts();
    let origin = parts.headers.get(http::header::ORIGIN).cloned();
    if parts.method == http::Method::OPTIONS {
        let text = |value: Option<&HeaderValue>| value.and_then(|v| v.to_str().ok()).map(str::to_owned);
        let requested = text(parts.headers.get(http::header::ACCESS_CONTROL_REQUEST_HEADERS));
        return response(cors::preflight(text(origin.as_ref()).as_deref(), requested.as_deref()), None);
    }
    let peer = forwarded::peer(address.ip(), &parts.headers, &settings.trusted_proxies);
    let waits = parts.headers.contains_key(http::header::EXPECT);
    let limits = &settings.limits;
    let body = body::read(incoming, limits.body_bytes, limits.body_timeout, &shared.budget, waits).await;
    drop(settings);
    let answer = service.handle(Head(parts), body, peer).await;
    let mut response = response(answer, origin.as_ref());
    if shared.last_answers.load(Ordering::Relaxed) {
        response.headers_mut().insert(http::header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

fn response(answer: Answer, origin: Option<&HeaderValue>) -> http::Response<Full<Bytes>> {
    let body = match answer.body {
        std::borrow::Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        std::borrow::Cow::Owned(bytes) => Bytes::from(bytes),
    };
    let mut response = http::Response::new(Full::new(body));
    *response.status_mut() =
        http::StatusCode::from_u16(answer.status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    let more = origin.and_then(|o| o.to_str().ok()).map(|o| cors::headers(Some(o))).unwrap_or_default();
    for (name, value) in answer.headers.into_iter().chain(more) {
        // Header names and values are ours or were checked for line breaks; one that is not sendable is left out.
        let value = match value {
            std::borrow::Cow::Borrowed(text) => HeaderValue::from_str(text),
            std::borrow::Cow::Owned(text) => HeaderValue::try_from(text),
        };
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), value) {
            headers.append(name, value);
        }
    }
    response
}

/// What a connection is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
enum Phase {
    /// Between two requests.
    Idle = 0,
    /// A head has begun to arrive.
    Head = 1,
    /// The body is read, which has a timer of its own, or the pipeline works.
    Handling = 2,
    /// The answer is being written.
    Answering = 3,
}

/// The phase and since when. Two plain atomics: connection and watch run in one task, so they never race.
#[derive(Debug)]
struct Phases {
    phase: AtomicU8,
    since: AtomicU64,
    start: Instant,
}

impl Phases {
    /// A new connection owes us a head.
    fn new() -> Phases {
        Phases { phase: AtomicU8::new(Phase::Head as u8), since: AtomicU64::new(0), start: Instant::now() }
    }

    fn now(&self) -> Phase {
        match self.phase.load(Ordering::Relaxed) {
            0 => Phase::Idle,
            1 => Phase::Head,
            2 => Phase::Handling,
            _ => Phase::Answering,
        }
    }

    fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Relaxed);
        let since = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.since.store(since, Ordering::Relaxed);
    }

    /// When to look again; `None` when the time of this phase is over.
    fn deadline(&self, head: Duration, idle: Duration) -> Option<Instant> {
        let limit = match self.now() {
            Phase::Head => head,
            Phase::Idle | Phase::Answering => idle,
            // Body and pipeline end by themselves.
            Phase::Handling => return Some(Instant::now() + head),
        };
        let deadline = self.start + Duration::from_millis(self.since.load(Ordering::Relaxed)) + limit;
        (deadline > Instant::now()).then_some(deadline)
    }
}

/// Sees bytes arrive, to tell a connection that is idle from one that sends its head byte by byte.
struct WatchedIo<T> {
    stream: T,
    phases: Arc<Phases>,
}

impl<T: AsyncRead + Unpin> AsyncRead for WatchedIo<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(cx, buffer);
        match this.phases.now() {
            Phase::Idle | Phase::Answering if buffer.filled().len() > before => this.phases.enter(Phase::Head),
            // Waiting for the next request: the answer is out.
            Phase::Answering if read.is_pending() => this.phases.enter(Phase::Idle),
            _ => {}
        }
        read
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for WatchedIo<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

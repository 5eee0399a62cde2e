//! The request's way: take or open a connection, write, read the whole answer; and say truly whether anything was sent.
//!
//! A kept connection can be closed by the other side at any moment, also while a request is being written to it. Such a request
//! counts as unsent only if, after our side of the connection has stopped for good, the operating system took no byte of it;
//! then it is tried once more on a new connection. In every other case its outcome is unknown.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::uri::PathAndQuery;
use http::{Method, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use crate::connect::{self, Resolve, SystemResolver};
use crate::{Cidr, Endpoint, NotSent, OutboundError, SendError, Unknown, retry_after, tls};

/// An answer's head: longer ones are an unknown outcome.
const ANSWER_HEAD_BYTES_MAX: usize = 64 * 1024;

/// How a client behaves.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// Ranges that may be connected to although they are private, local or reserved.
    pub allow_addresses: Vec<Cidr>,
    /// Root certificates beyond Mozilla's, PEM; empty for none.
    pub extra_roots: Vec<u8>,
    /// For resolving, connecting and TLS together.
    pub connect_timeout: Duration,
    /// From the first byte of the request to the last of the answer.
    pub request_timeout: Duration,
    /// An answer's body; a longer one is an unknown outcome.
    pub response_bytes_max: usize,
    /// Idle connections kept for one endpoint.
    pub idle_per_host: usize,
    /// How long an idle connection is kept: shorter than what load balancers allow (60 s and more), since a connection that the
    /// other side closes while we write is an unknown outcome.
    pub idle_timeout: Duration,
}

impl Default for ClientOptions {
    fn default() -> ClientOptions {
        ClientOptions {
            allow_addresses: Vec::new(),
            extra_roots: Vec::new(),
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            response_bytes_max: 1024 * 1024,
            idle_per_host: 8,
            idle_timeout: Duration::from_secs(15),
        }
    }
}

/// One request. The caller's headers are sent as they are; those that belong to the connection are refused.
#[derive(Clone)]
pub struct Request<'a> {
    /// Where to.
    pub endpoint: &'a Endpoint,
    /// How.
    pub method: Method,
    /// Appended to the endpoint's path; begins with `/`, or is empty for the endpoint itself. May hold a token: never logged.
    pub path_and_query: &'a str,
    /// Headers of the request. May hold a token: never logged.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("endpoint", self.endpoint)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// A whole answer. Redirects are answers like others.
#[derive(Clone)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// What `Retry-After` asks for.
    pub retry_after: Option<Duration>,
    /// The `Content-Type`, where it is readable text.
    pub content_type: Option<String>,
    /// The body as sent; nothing was asked to be compressed.
    pub body: Bytes,
}

/// Shows no body: a vendor may quote the event in it.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Sends requests and keeps connections. Cheap to clone; clones share the connections.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    options: ClientOptions,
    resolver: Arc<dyn Resolve>,
    tls: TlsConnector,
    tls_of_streams: TlsConnector,
    /// Locked only to push and pop.
    idle: Mutex<HashMap<Peer, Vec<Idle>>>,
}

type Peer = (bool, String, u16);

struct Idle {
    connection: Connection,
    since: Instant,
}

impl Client {
    /// A client that asks the machine's resolver.
    pub fn new(options: ClientOptions) -> Result<Client, OutboundError> {
        Client::with_resolver(options, Arc::new(SystemResolver))
    }

    /// A client with another resolver.
    pub fn with_resolver(options: ClientOptions, resolver: Arc<dyn Resolve>) -> Result<Client, OutboundError> {
        let [tls, tls_of_streams] = tls::connectors(&options.extra_roots)?;
        Ok(Client(Arc::new(Inner { options, resolver, tls, tls_of_streams, idle: Mutex::default() })))
    }

    /// Sends a request once and reads the whole answer. Dropping the future closes its connection; the outcome is then unknown.
    pub async fn send(&self, request: Request<'_>) -> Result<Response, SendError> {
        let endpoint = request.endpoint;
        let prepared = prepare(&request).ok_or(SendError::NotSent(NotSent::InvalidRequest))?;
        if let Some(connection) = self.take_idle(endpoint).await {
            match self.exchange(endpoint, connection, &prepared).await {
                // Provably nothing was sent: the connection had ended while it was idle. Once more, on a new one.
                Err(SendError::NotSent(_)) => {}
                result => return result,
            }
        }
        let connection = self.connect(endpoint).await.map_err(SendError::NotSent)?;
        self.exchange(endpoint, connection, &prepared).await
    }

    /// Writes bytes on a connection of their own, ends our side of it, and waits until the other side has ended its own: the only word
    /// that a receiver gives whose protocol has no answer, such as syslog (RFC 6587, RFC 5425). One that went down with bytes unread
    /// resets the connection, which is an unknown outcome; what it had read and not kept is lost all the same.
    pub async fn stream(&self, endpoint: &Endpoint, bytes: &[u8]) -> Result<(), SendError> {
        let connected = self.open(endpoint, &self.0.tls_of_streams).await.map_err(SendError::NotSent)?;
        let mut stream = connected.stream;
        let written_before = connected.written.load(Ordering::SeqCst);
        let sent = async {
            stream.write_all(bytes).await?;
            stream.flush().await?;
            stream.shutdown().await?;
            read_to_end(&mut stream, self.0.options.response_bytes_max).await
        };
        let unknown = match tokio::time::timeout(self.0.options.request_timeout, sent).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(_)) => Unknown::ClosedBeforeAnswer,
            Err(_) => Unknown::Timeout,
        };
        let nothing = connected.written.load(Ordering::SeqCst) == written_before;
        Err(if nothing { SendError::NotSent(NotSent::Closed) } else { SendError::Unknown(unknown) })
    }

    /// Sends a request once, on a connection of its own, and gives its answer as it comes in: for answers that are larger than memory.
    /// `request_timeout` is how long the head of the answer, and then each further piece, may take.
    pub async fn download(&self, request: Request<'_>) -> Result<Download, SendError> {
        let prepared = prepare(&request).ok_or(SendError::NotSent(NotSent::InvalidRequest))?;
        let mut connection = self.connect(request.endpoint).await.map_err(SendError::NotSent)?;
        let patience = self.0.options.request_timeout;
        let answer = async {
            connection.sender.try_send_request(prepared).await.map_err(|failed| {
                if failed.error().is_parse() { Unknown::NotHttp } else { Unknown::ClosedBeforeAnswer }
            })
        };
        match tokio::time::timeout(patience, answer).await.unwrap_or(Err(Unknown::Timeout)) {
            Ok(answer) => {
                let (head, body) = answer.into_parts();
                Ok(Download { head, body, patience, _connection: connection })
            }
            Err(unknown) => {
                let nothing = connection.stop().await == 0;
                Err(if nothing { SendError::NotSent(NotSent::Closed) } else { SendError::Unknown(unknown) })
            }
        }
    }

    async fn open(&self, endpoint: &Endpoint, tls: &TlsConnector) -> Result<connect::Connected, NotSent> {
        let options = &self.0.options;
        let (resolver, allowed) = (&*self.0.resolver, &options.allow_addresses);
        connect::connect(endpoint, resolver, allowed, tls, options.connect_timeout).await
    }

    async fn connect(&self, endpoint: &Endpoint) -> Result<Connection, NotSent> {
        let connected = self.open(endpoint, &self.0.tls).await?;
        let (sender, driver) = http1::Builder::new()
            .max_buf_size(ANSWER_HEAD_BYTES_MAX)
            .handshake(TokioIo::new(connected.stream))
            .await
            .map_err(|_| NotSent::Connect)?;
        let task = tokio::spawn(async move {
            // Its error reaches whoever waits for the answer.
            let _ = driver.await;
        });
        Ok(Connection { sender, task, written: connected.written })
    }

    async fn exchange(
        &self,
        endpoint: &Endpoint,
        mut connection: Connection,
        prepared: &http::Request<Full<Bytes>>,
    ) -> Result<Response, SendError> {
        let options = &self.0.options;
        let written_before = connection.written.load(Ordering::SeqCst);
        let answer = async {
            let answer = connection.sender.try_send_request(prepared.clone()).await.map_err(|failed| {
                let error = failed.error();
                if error.is_parse() { Unknown::NotHttp } else { Unknown::ClosedBeforeAnswer }
            })?;
            read_answer(answer, options.response_bytes_max).await
        };
        let result = tokio::time::timeout(options.request_timeout, answer).await.unwrap_or(Err(Unknown::Timeout));
        match result {
            Ok(response) => {
                self.keep(endpoint, connection);
                Ok(response)
            }
            Err(unknown) => {
                // Only once our side has stopped can no more of the request be written, and the count be trusted.
                let written = connection.stop().await;
                Err(if written == written_before {
                    SendError::NotSent(NotSent::Closed)
                } else {
                    SendError::Unknown(unknown)
                })
            }
        }
    }

    /// An idle connection that is still open as far as we can tell.
    async fn take_idle(&self, endpoint: &Endpoint) -> Option<Connection> {
        loop {
            let Idle { mut connection, since } = {
                let mut idle = self.lock_idle();
                idle.get_mut(&peer(endpoint))?.pop()?
            };
            if since.elapsed() >= self.0.options.idle_timeout || connection.sender.is_closed() {
                continue;
            }
            // The driver may still be finishing the last answer; a connection that does not become ready is not used.
            let ready = tokio::time::timeout(self.0.options.connect_timeout, connection.sender.ready()).await;
            if matches!(ready, Ok(Ok(()))) {
                return Some(connection);
            }
        }
    }

    fn keep(&self, endpoint: &Endpoint, connection: Connection) {
        let options = &self.0.options;
        if connection.sender.is_closed() {
            return;
        }
        let mut idle = self.lock_idle();
        let kept = idle.entry(peer(endpoint)).or_default();
        kept.retain(|other| other.since.elapsed() < options.idle_timeout && !other.connection.sender.is_closed());
        if kept.len() < options.idle_per_host {
            kept.push(Idle { connection, since: Instant::now() });
        }
    }

    fn lock_idle(&self) -> MutexGuard<'_, HashMap<Peer, Vec<Idle>>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("options", &self.0.options).finish_non_exhaustive()
    }
}

/// An answer that is coming in.
pub struct Download {
    head: http::response::Parts,
    body: Incoming,
    patience: Duration,
    _connection: Connection,
}

impl Download {
    /// The status code.
    pub fn status(&self) -> u16 {
        self.head.status.as_u16()
    }

    /// What `Retry-After` asks for.
    pub fn retry_after(&self) -> Option<Duration> {
        retry_after::read(&self.head.headers)
    }

    /// Whether the answer says itself where it ends. One that only ends with its connection may have been cut short without anybody
    /// being able to tell.
    pub fn says_its_end(&self) -> bool {
        self.head.headers.contains_key(header::CONTENT_LENGTH)
            || self.head.headers.contains_key(header::TRANSFER_ENCODING)
    }

    /// The next piece; `None` at the end that the answer said.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Unknown> {
        loop {
            let frame = tokio::time::timeout(self.patience, self.body.frame()).await.map_err(|_| Unknown::Timeout)?;
            let Some(frame) = frame else { return Ok(None) };
            // Trailers say nothing that is looked at.
            if let Ok(data) = frame.map_err(|_| Unknown::ClosedMidAnswer)?.into_data() {
                return Ok(Some(data));
            }
        }
    }
}

/// Shows no body: it is what a vendor has.
impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download").field("status", &self.head.status.as_u16()).finish_non_exhaustive()
    }
}

struct Connection {
    sender: SendRequest<Full<Bytes>>,
    task: JoinHandle<()>,
    written: Arc<AtomicU64>,
}

impl Connection {
    /// Ends our side; how many bytes the operating system had taken when it ended.
    async fn stop(mut self) -> u64 {
        self.task.abort();
        let _ = (&mut self.task).await;
        self.written.load(Ordering::SeqCst)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reads until the other side has ended; what it says is not looked at.
async fn read_to_end(stream: &mut (impl AsyncRead + Unpin), bytes_max: usize) -> io::Result<()> {
    let mut buffer = [0; 1024];
    let mut read = 0;
    loop {
        match stream.read(&mut buffer).await {
            Ok(0) => return Ok(()),
            Ok(more) if read + more > bytes_max => return Err(io::ErrorKind::InvalidData.into()),
            Ok(more) => read += more,
            // Under TLS: it ended the connection without saying so first, as many do once they were told that nothing more comes.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

fn peer(endpoint: &Endpoint) -> Peer {
    (endpoint.is_tls(), endpoint.host().to_owned(), endpoint.port())
}

/// Headers that belong to the connection: a caller that sets one could make two requests of one, or is mistaken.
const REFUSED_HEADERS: [HeaderName; 8] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::UPGRADE,
    header::EXPECT,
    header::TE,
    header::COOKIE,
];

/// Headers of these names and values, none of which is ever shown; `None` where one of them is no header.
pub fn header_map<N: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (N, V)>) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    put_headers(&mut headers, pairs).then_some(headers)
}

/// Adds those that are headers; whether all of them are.
pub fn put_headers<N: AsRef<str>, V: AsRef<str>>(
    headers: &mut HeaderMap,
    pairs: impl IntoIterator<Item = (N, V)>,
) -> bool {
    let mut all = true;
    for (name, value) in pairs {
        match (HeaderName::from_bytes(name.as_ref().as_bytes()), HeaderValue::from_str(value.as_ref())) {
            (Ok(name), Ok(mut value)) => {
                value.set_sensitive(true);
                headers.append(name, value);
            }
            _ => all = false,
        }
    }
    all
}

fn prepare(request: &Request<'_>) -> Option<http::Request<Full<Bytes>>> {
    if REFUSED_HEADERS.iter().any(|name| request.headers.contains_key(name)) {
        return None;
    }
    let path = match request.path_and_query {
        "" => request.endpoint.own_path().to_owned(),
        below if below.starts_with('/') => format!("{}{below}", request.endpoint.base_path()),
        _ => return None,
    };
    let path = PathAndQuery::from_maybe_shared(Bytes::from(path)).ok()?;
    let mut prepared = http::Request::new(Full::new(request.body.clone()));
    *prepared.method_mut() = request.method.clone();
    *prepared.uri_mut() = Uri::from(path);
    *prepared.headers_mut() = request.headers.clone();
    let host = HeaderValue::from_maybe_shared(Bytes::from(request.endpoint.host_header())).ok()?;
    prepared.headers_mut().insert(header::HOST, host);
    Some(prepared)
}

async fn read_answer(answer: http::Response<Incoming>, bytes_max: usize) -> Result<Response, Unknown> {
    let (head, mut incoming) = answer.into_parts();
    let mut body = Vec::new();
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|_| Unknown::ClosedMidAnswer)?;
        if let Some(data) = frame.data_ref() {
            if body.len() + data.len() > bytes_max {
                return Err(Unknown::AnswerTooLarge);
            }
            body.extend_from_slice(data);
        }
    }
    Ok(Response {
        status: head.status.as_u16(),
        retry_after: retry_after::read(&head.headers),
        content_type: head.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).map(str::to_owned),
        body: body.into(),
    })
}

#[cfg(test)]
mod tests;

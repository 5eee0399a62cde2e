use std::sync::Mutex;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::config::Config;

/// Answers with what it was given, so that a test sees the pipeline's side too.
#[derive(Default)]
struct Echo {
    seen: Mutex<Vec<String>>,
    panics: bool,
}

impl Service for Echo {
    async fn handle(&self, head: Head, body: Body, peer: Peer) -> Answer {
        assert!(!self.panics, "a defect in the pipeline");
        let (status, what) = match &body {
            Body::Whole(bytes, _) => (200, format!("{} bytes", bytes.len())),
            Body::Refused(Refusal::TooLarge) => (413, "too large".to_owned()),
            Body::Refused(Refusal::Overloaded) => (503, "overloaded".to_owned()),
            Body::Refused(Refusal::TimedOut) => (408, "timed out".to_owned()),
            Body::Refused(Refusal::Broken) => (400, "broken".to_owned()),
        };
        let head = head.for_protocol(head.path());
        let network = peer.network.map(TruncatedAddress::network);
        let line = format!("{} {} ?{} {what} {network:?} {}", head.method, head.path, head.query, peer.by_proxy);
        self.seen.lock().unwrap().push(line);
        Answer::new(status, "text/plain", what.into_bytes())
    }
}

struct Running {
    address: SocketAddr,
    service: Arc<Echo>,
    handle: Handle,
    stop: watch::Sender<bool>,
    ended: tokio::task::JoinHandle<bool>,
}

async fn start(change: impl FnOnce(&mut Settings), echo: Echo) -> Running {
    let mut settings = Settings { limits: Config::built_in().limits, trusted_proxies: Vec::new() };
    change(&mut settings);
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), settings, None).await.unwrap();
    let (address, handle) = (listener.local_address().unwrap(), listener.handle());
    let (stop, stopped) = watch::channel(false);
    let service = Arc::new(echo);
    let ended = tokio::spawn(listener.run(Arc::clone(&service), stopped, Duration::from_secs(20)));
    Running { address, service, handle, stop, ended }
}

#[expect(clippy::disallowed_methods, reason = "the test is the client")]
async fn connect(running: &Running) -> TcpStream {
    TcpStream::connect(running.address).await.unwrap()
}

/// Sends `request` and reads one answer: status, headers (lower-case) and body.
async fn exchange(stream: &mut TcpStream, request: &[u8]) -> (u16, String, Vec<u8>) {
    stream.write_all(request).await.unwrap();
    read_answer(stream).await
}

async fn read_answer(stream: &mut TcpStream) -> (u16, String, Vec<u8>) {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break end + 4;
        }
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "closed before an answer");
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_lowercase();
    let length: usize =
        head.lines().find_map(|l| l.strip_prefix("content-length: ")).map_or(0, |n| n.trim().parse().unwrap());
    while bytes.len() < end + length {
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0);
    }
    (head[9..12].parse().unwrap(), head, bytes[end..].to_vec())
}

fn post(body_len: usize, more: &str) -> Vec<u8> {
    let mut request =
        format!("POST /track?ip=1 HTTP/1.1\r\nhost: h\r\ncontent-length: {body_len}\r\n{more}\r\n").into_bytes();
    request.resize(request.len() + body_len, b'x');
    request
}

#[tokio::test]
async fn a_request_reaches_the_service_whole_and_the_connection_stays_open() {
    let running = start(|_| {}, Echo::default()).await;
    let mut stream = connect(&running).await;
    for n in [0, 1, 32 * 1024, 5 * 1024 * 1024] {
        let (status, _, body) = exchange(&mut stream, &post(n, "")).await;
        assert_eq!((status, body), (200, format!("{n} bytes").into_bytes()));
    }
    assert_eq!(running.service.seen.lock().unwrap()[0], "POST /track ?ip=1 0 bytes Some(127.0.0.0) false");
    assert_eq!(running.handle.in_flight_bytes(), 0);
}

#[tokio::test]
async fn a_chunked_body_is_read_and_held_to_the_same_cap() {
    let running = start(|s| s.limits.body_bytes = 10_000, Echo::default()).await;
    let chunked = |chunks: usize| {
        let mut request = b"POST /track HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
        for _ in 0..chunks {
            request.extend_from_slice(b"3e8\r\n");
            request.resize(request.len() + 1_000, b'x');
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"0\r\n\r\n");
        request
    };
    let mut stream = connect(&running).await;
    assert_eq!(exchange(&mut stream, &chunked(10)).await.0, 200);
    assert_eq!(exchange(&mut stream, &chunked(11)).await.0, 413);
    assert_eq!(running.handle.in_flight_bytes(), 0);
}

#[tokio::test]
async fn an_announced_body_over_the_cap_is_refused_and_its_sender_can_read_that() {
    let running = start(|s| s.limits.body_bytes = 1_000, Echo::default()).await;
    let mut stream = connect(&running).await;
    let (status, _, _) = exchange(&mut stream, &post(3_000_000, "")).await;
    assert_eq!(status, 413);
    let (status, _, _) = exchange(&mut stream, &post(10, "")).await;
    assert_eq!(status, 200, "the refused body was read away, so the connection is usable");
}

#[tokio::test]
async fn expect_100_continue_is_answered_before_the_body_is_sent() {
    let running = start(|s| s.limits.body_bytes = 1_000, Echo::default()).await;
    let mut stream = connect(&running).await;
    let head = b"POST /track HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n";
    let (status, _, _) = exchange(&mut stream, head).await;
    assert_eq!(status, 100);
    assert_eq!(exchange(&mut stream, b"12345").await.0, 200);
    let head = b"POST /track HTTP/1.1\r\nhost: h\r\ncontent-length: 5000\r\nexpect: 100-continue\r\n\r\n";
    assert_eq!(exchange(&mut stream, head).await.0, 413, "the body is not asked for");
}

#[tokio::test]
async fn d12_bodies_beyond_the_common_budget_are_refused_with_503() {
    let running = start(|s| s.limits.in_flight_bytes = 10_000, Echo::default()).await;
    let mut slow = connect(&running).await;
    slow.write_all(&post(9_000, "")[..200]).await.unwrap();
    while running.handle.in_flight_bytes() == 0 {
        tokio::task::yield_now().await;
    }
    let mut stream = connect(&running).await;
    assert_eq!(exchange(&mut stream, &post(2_000, "")).await.0, 503);
    assert_eq!(exchange(&mut stream, &post(900, "")).await.0, 200);
    drop(slow);
    while running.handle.in_flight_bytes() != 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(exchange(&mut stream, &post(2_000, "")).await.0, 200);
}

#[tokio::test]
async fn every_answer_carries_cors_and_a_preflight_is_answered_on_every_path() {
    let running = start(|s| s.limits.body_bytes = 10, Echo::default()).await;
    let mut stream = connect(&running).await;
    let preflight = b"OPTIONS /in/web/track/ HTTP/1.1\r\nhost: h\r\norigin: https://app.example\r\naccess-control-request-headers: authorization,traceparent\r\n\r\n";
    let (status, head, _) = exchange(&mut stream, preflight).await;
    assert_eq!(status, 204);
    for want in [
        "access-control-allow-origin: https://app.example\r\n",
        "access-control-allow-credentials: true\r\n",
        "access-control-allow-methods: get, post, options\r\n",
        "access-control-allow-headers: authorization,traceparent\r\n",
        "access-control-max-age: 86400\r\n",
        "vary: origin\r\n",
    ] {
        assert!(head.contains(want), "{want} in {head}");
    }
    for (n, status) in [(5, 200), (50, 413)] {
        let (got, head, _) = exchange(&mut stream, &post(n, "origin: https://app.example\r\n")).await;
        assert_eq!(got, status);
        assert!(head.contains("access-control-allow-origin: https://app.example\r\n"), "{head}");
        assert!(head.contains("vary: origin\r\n"), "{head}");
    }
    let (_, head, _) = exchange(&mut stream, &post(5, "")).await;
    assert!(!head.contains("access-control"), "without an origin there is nothing to allow: {head}");
    assert_eq!(running.service.seen.lock().unwrap().len(), 3, "a preflight never reaches the pipeline");
}

#[tokio::test]
async fn d18_a_reload_of_trusted_proxies_holds_for_open_connections() {
    let running = start(|_| {}, Echo::default()).await;
    let mut stream = connect(&running).await;
    let request = post(1, "x-forwarded-for: 203.0.113.77\r\n");
    exchange(&mut stream, &request).await;
    let trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    running.handle.set(Settings { limits: Config::built_in().limits, trusted_proxies });
    exchange(&mut stream, &request).await;
    let seen = running.service.seen.lock().unwrap();
    assert_eq!(seen[0], "POST /track ?ip=1 1 bytes Some(127.0.0.0) false");
    assert_eq!(seen[1], "POST /track ?ip=1 1 bytes Some(203.0.113.0) true");
}

#[tokio::test]
async fn a_head_over_its_limit_is_431() {
    let running = start(|_| {}, Echo::default()).await;
    let mut stream = connect(&running).await;
    let request = format!("GET / HTTP/1.1\r\nhost: h\r\nx: {}\r\n\r\n", "y".repeat(70_000));
    assert_eq!(exchange(&mut stream, request.as_bytes()).await.0, 431);
    assert!(running.service.seen.lock().unwrap().is_empty());
}

/// Time is tokio's own and stands still until nothing else can run, so these waits cost nothing and cannot be missed.
#[tokio::test(start_paused = true)]
async fn a_head_that_dribbles_in_is_cut_off_and_an_idle_connection_is_closed_later() {
    let running = start(|_| {}, Echo::default()).await;
    let begun = tokio::time::Instant::now();
    let mut dribbling = connect(&running).await;
    dribbling.write_all(b"GET / HT").await.unwrap();
    assert_eq!(dribbling.read(&mut [0; 16]).await.unwrap(), 0, "closed");
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_secs(10) && waited < Duration::from_secs(30), "{waited:?}");

    let mut idle = connect(&running).await;
    exchange(&mut idle, &post(1, "")).await;
    let begun = tokio::time::Instant::now();
    assert_eq!(idle.read(&mut [0; 16]).await.unwrap(), 0, "closed");
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_secs(70) && waited < Duration::from_secs(95), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_arrive_is_408() {
    let running = start(|_| {}, Echo::default()).await;
    let mut stream = connect(&running).await;
    let (status, _, _) = exchange(&mut stream, &post(1_000, "")[..300]).await;
    assert_eq!(status, 408);
    assert_eq!(running.handle.in_flight_bytes(), 0);
}

#[tokio::test]
async fn a_stop_lets_what_is_under_way_end_and_accepts_nothing_more() {
    let running = start(|_| {}, Echo::default()).await;
    let mut under_way = connect(&running).await;
    let request = post(1_000, "");
    under_way.write_all(&request[..500]).await.unwrap();
    while running.handle.in_flight_bytes() == 0 {
        tokio::task::yield_now().await;
    }
    running.stop.send(true).unwrap();
    tokio::task::yield_now().await;
    let (status, head, _) = exchange(&mut under_way, &request[500..]).await;
    assert_eq!(status, 200);
    assert!(head.contains("connection: close"), "{head}");
    assert!(running.ended.await.unwrap(), "everything ended within the grace");
}

#[tokio::test]
async fn d10_a_panic_in_a_handler_ends_one_connection_and_is_counted() {
    let running = start(|_| {}, Echo { panics: true, ..Echo::default() }).await;
    let mut stream = connect(&running).await;
    stream.write_all(&post(1, "")).await.unwrap();
    assert_eq!(stream.read(&mut [0; 16]).await.unwrap_or(0), 0, "closed without an answer: not acknowledged");
    assert_eq!(running.handle.gauges().panicked.load(Ordering::Relaxed), 1);
    connect(&running).await;
    assert_eq!(running.handle.in_flight_bytes(), 0);
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_and_are_served_in_turn() {
    let running = start(|s| s.limits.connections = 1, Echo::default()).await;
    let mut first = connect(&running).await;
    exchange(&mut first, &post(1, "")).await;
    let mut second = connect(&running).await;
    second.write_all(&post(2, "")).await.unwrap();
    assert_eq!(running.service.seen.lock().unwrap().len(), 1);
    drop(first);
    assert_eq!(read_answer(&mut second).await.0, 200);
}

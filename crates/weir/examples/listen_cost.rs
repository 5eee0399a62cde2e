//! What one request costs the listener, the kernel included: `cargo run --release -p weir --example listen_cost`.
//!
//! Server and clients are two threads; only the server's CPU time is reported. The clients send one recorded request over and over
//! on 64 keep-alive connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;
use weir::config::Config;
use weir::listen::{Body, Head, Listener, Peer, Service, Settings};
use weir_protocol::answer::Answer;

const CONNECTIONS: usize = 64;
const REQUESTS: u64 = 200_000;

#[derive(Default)]
struct Count(AtomicU64);

impl Service for Count {
    async fn handle(&self, _: Head, body: Body, _: Peer) -> Answer {
        if let Body::Whole(bytes, _) = &body {
            self.0.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        }
        Answer::json(200, "1")
    }
}

fn thread_seconds() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

#[expect(clippy::print_stdout, reason = "the measurement is the output")]
fn main() {
    for size in [2 * 1024, 32 * 1024] {
        let (address_out, address_in) = std::sync::mpsc::channel();
        let (stop, stopped) = watch::channel(false);
        let server = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            let begun = thread_seconds();
            let service = Arc::new(Count::default());
            let counted = Arc::clone(&service);
            runtime.block_on(async move {
                let settings = Settings { limits: Config::built_in().limits, trusted_proxies: Vec::new() };
                let bound = Listener::bind(([127, 0, 0, 1], 0).into(), settings, None).await.expect("a free port");
                address_out.send(bound.local_address().expect("bound")).expect("a listener");
                bound.run(service, stopped, Duration::from_secs(1)).await;
            });
            (thread_seconds() - begun, counted.0.load(Ordering::Relaxed))
        });
        let address = address_in.recv().expect("an address");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let mut clients = tokio::task::JoinSet::new();
            for _ in 0..CONNECTIONS {
                clients.spawn(client(address, size));
            }
            clients.join_all().await;
        });
        let _ = stop.send(true);
        let (seconds, bytes) = server.join().expect("the server");
        let micros = seconds * 1e6 / REQUESTS as f64;
        println!("{size} bytes: {micros:.1} µs of CPU a request, {} MB taken", bytes / 1_000_000);
    }
}

#[expect(clippy::disallowed_methods, reason = "the measurement is the client")]
async fn client(address: std::net::SocketAddr, size: usize) {
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("the server");
    let _ = stream.set_nodelay(true);
    let mut request = format!(
        "POST /track?ip=1&verbose=1 HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: */*\r\nuser-agent: load\r\ncontent-type: application/json\r\ncontent-length: {size}\r\n\r\n"
    )
    .into_bytes();
    request.resize(request.len() + size, b'x');
    let mut answer = vec![0; 1024];
    for _ in 0..REQUESTS / CONNECTIONS as u64 {
        stream.write_all(&request).await.expect("sent");
        let n = stream.read(&mut answer).await.expect("answered");
        assert!(answer[..n].starts_with(b"HTTP/1.1 200"));
    }
}

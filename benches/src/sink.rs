//! A counting sink: accepts every request, counts requests, bytes and events, answers as the vendor of the path does.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::report;

#[derive(Default)]
struct Counts {
    requests: AtomicU64,
    events: AtomicU64,
    bytes: AtomicU64,
}

/// Prints its address, then serves until killed; `GET /_counts` answers `requests events bytes`.
pub(crate) fn main() -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|e| e.to_string())?;
        report::line(&listener.local_addr().map_err(|e| e.to_string())?.to_string());
        let counts = Arc::new(Counts::default());
        loop {
            let (stream, _) = listener.accept().await.map_err(|e| e.to_string())?;
            let counts = Arc::clone(&counts);
            tokio::spawn(async move {
                let _ = serve(stream, &counts).await;
            });
        }
    })
}

async fn serve(mut stream: TcpStream, counts: &Counts) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(256 * 1024);
    loop {
        let head_end = loop {
            if let Some(at) = memmem::find(&buffer, b"\r\n\r\n") {
                break at + 4;
            }
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        };
        let head = String::from_utf8_lossy(&buffer[..head_end]).to_ascii_lowercase();
        let length: usize = head
            .lines()
            .find_map(|l| l.strip_prefix("content-length:"))
            .and_then(|v| v.trim().parse().ok())
            .unwrap_or(0);
        while buffer.len() < head_end + length {
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        }
        if head.starts_with("get /_counts") {
            let [r, e, b] = [&counts.requests, &counts.events, &counts.bytes].map(|c| c.load(Ordering::Relaxed));
            let body = format!("{r} {e} {b}");
            stream
                .write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).as_bytes())
                .await?;
        } else {
            let body = &buffer[head_end..head_end + length];
            let mut plain = Vec::new();
            let text = if head.contains("content-encoding: gzip") {
                flate2::read::GzDecoder::new(body).read_to_end(&mut plain)?;
                &plain[..]
            } else {
                body
            };
            counts.requests.fetch_add(1, Ordering::Relaxed);
            counts.bytes.fetch_add(length as u64, Ordering::Relaxed);
            let (key, answer) = vendor(head.split(' ').nth(1).unwrap_or_default());
            counts.events.fetch_add(memmem::find_iter(text, key).count() as u64, Ordering::Relaxed);
            stream
                .write_all(
                    format!(
                        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{answer}",
                        answer.len()
                    )
                    .as_bytes(),
                )
                .await?;
        }
        buffer.drain(..head_end + length);
    }
}

/// The key that every event has once, and the answer that means "taken", by the path.
fn vendor(path: &str) -> (&'static [u8], &'static str) {
    match path {
        "/2/httpapi" | "/batch" => (b"\"event_type\":", r#"{"code":200,"events_ingested":1}"#),
        "/batch/" => (b"\"event\":", r#"{"status":"Ok"}"#),
        "/v1/batch" => (b"\"event\":", r#"{"success":true}"#),
        _ => (b"\"event\":", r#"{"error":null,"status":1}"#),
    }
}

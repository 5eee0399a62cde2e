//! A stand-in vendor: takes JSON arrays, does with each request what the script says, remembers everything.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What to do with a request.
#[derive(Clone, Debug)]
pub(crate) enum Do {
    /// Accept it as the vendor does.
    Accept,
    /// Answer this status, extra headers and body; nothing was taken.
    Answer(u16, &'static str, String),
    /// Take it and close without an answer.
    TakeAndClose,
    /// Take it and never answer.
    TakeAndStall,
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) events: Vec<Value>,
}

impl Request {
    pub(crate) fn insert_ids(&self) -> Vec<String> {
        self.events.iter().filter_map(|e| Some(e["properties"]["$insert_id"].as_str()?.to_owned())).collect()
    }
}

type Script = Box<dyn Fn(usize, &Request) -> Do + Send + Sync>;

#[derive(Default)]
struct Seen {
    requests: Vec<Request>,
    /// Those that the vendor took, with or without saying so.
    taken: Vec<Request>,
}

pub(crate) struct Vendor {
    pub(crate) url: String,
    seen: Arc<Mutex<Seen>>,
    script: Arc<Mutex<Script>>,
    at_once: Arc<AtomicUsize>,
    pub(crate) at_once_max: Arc<AtomicUsize>,
}

impl Vendor {
    pub(crate) async fn start(script: impl Fn(usize, &Request) -> Do + Send + Sync + 'static) -> Vendor {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let vendor = Vendor {
            url: format!("http://{}", listener.local_addr().unwrap()),
            seen: Arc::default(),
            script: Arc::new(Mutex::new(Box::new(script))),
            at_once: Arc::default(),
            at_once_max: Arc::default(),
        };
        let (seen, script) = (Arc::clone(&vendor.seen), Arc::clone(&vendor.script));
        let (now, most) = (Arc::clone(&vendor.at_once), Arc::clone(&vendor.at_once_max));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, script) = (Arc::clone(&seen), Arc::clone(&script));
                let (now, most) = (Arc::clone(&now), Arc::clone(&most));
                tokio::spawn(async move { Box::pin(serve(stream, &seen, &script, &now, &most)).await });
            }
        });
        vendor
    }

    pub(crate) fn script(&self, script: impl Fn(usize, &Request) -> Do + Send + Sync + 'static) {
        *self.script.lock().unwrap() = Box::new(script);
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.seen.lock().unwrap().requests.clone()
    }

    pub(crate) fn taken(&self) -> Vec<Request> {
        self.seen.lock().unwrap().taken.clone()
    }

    /// The insert ids that arrived, and how many arrived in all.
    pub(crate) fn arrived(&self) -> (BTreeSet<String>, usize) {
        let all: Vec<String> = self.taken().iter().flat_map(Request::insert_ids).collect();
        let count = all.len();
        (all.into_iter().collect(), count)
    }
}

async fn serve(
    mut stream: TcpStream,
    seen: &Mutex<Seen>,
    script: &Mutex<Script>,
    now: &AtomicUsize,
    most: &AtomicUsize,
) -> Option<()> {
    let mut buffer = Vec::new();
    loop {
        let request = read(&mut stream, &mut buffer).await?;
        most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
        // Others get their turn, so that requests that may overlap do.
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        let action = {
            let mut seen = seen.lock().unwrap();
            let action = (script.lock().unwrap())(seen.requests.len(), &request);
            seen.requests.push(request.clone());
            if !matches!(action, Do::Answer(..)) {
                seen.taken.push(request.clone());
            }
            action
        };
        now.fetch_sub(1, SeqCst);
        let (status, headers, body) = match action {
            Do::Accept if request.path.starts_with("/import") => (
                200,
                "",
                format!("{{\"code\":200,\"num_records_imported\":{},\"status\":\"OK\"}}", request.events.len()),
            ),
            Do::Accept => (200, "", "{\"error\":null,\"status\":1}".to_owned()),
            Do::Answer(status, headers, body) => (status, headers, body),
            Do::TakeAndClose => return None,
            Do::TakeAndStall => {
                std::future::pending::<()>().await;
                return None;
            }
        };
        let answer = format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len());
        stream.write_all(answer.as_bytes()).await.ok()?;
    }
}

async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Request> {
    loop {
        let text = String::from_utf8_lossy(buffer).into_owned();
        if let Some(end) = text.find("\r\n\r\n") {
            let head = &text[..end];
            let length: usize = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())
                .unwrap_or(0);
            if buffer.len() >= end + 4 + length {
                let body = &buffer[end + 4..end + 4 + length];
                let events: Vec<Value> = serde_json::from_slice(body).unwrap();
                let path = head.split(' ').nth(1)?.to_owned();
                buffer.drain(..end + 4 + length);
                return Some(Request { path, events });
            }
        }
        let mut chunk = vec![0; 16 * 1024];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(n) => buffer.extend_from_slice(&chunk[..n]),
        }
    }
}

//! A receiver of whatever is posted to it: what it got can be looked at, what it answers can be changed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// Path, head in lower case and body of a request.
pub type Got = (String, String, Vec<u8>);

/// A receiver that takes everything: path, headers in lower case, body.
pub struct Receiver {
    /// Where it listens.
    pub address: SocketAddr,
    got: Arc<Mutex<Vec<Got>>>,
    answer: Arc<Mutex<(u16, Vec<u8>)>>,
}

impl Receiver {
    /// On a free port; it answers 200.
    pub fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it has an address");
        let got: Arc<Mutex<Vec<Got>>> = Arc::default();
        let answer = Arc::new(Mutex::new((200, b"{}".to_vec())));
        let (kept, says) = (Arc::clone(&got), Arc::clone(&answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (kept, says) = (Arc::clone(&kept), Arc::clone(&says));
                std::thread::spawn(move || take(stream, &kept, &says));
            }
        });
        Receiver { address, got, answer }
    }

    /// From now on it answers so.
    pub fn answers(&self, status: u16, body: &[u8]) {
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = (status, body.to_vec());
    }

    /// What it got.
    pub fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn take(stream: TcpStream, kept: &Mutex<Vec<Got>>, says: &Mutex<(u16, Vec<u8>)>) {
    let mut reader = BufReader::new(&stream);
    loop {
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if line == "\r\n" {
                break;
            }
            let lower = line.to_ascii_lowercase();
            length = lower.strip_prefix("content-length:").and_then(|n| n.trim().parse().ok()).unwrap_or(length);
            head.push_str(if head.is_empty() { &line } else { &lower });
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        kept.lock().unwrap_or_else(PoisonError::into_inner).push((path, head, body));
        let (status, body) = says.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let head = format!(
            "HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        if (&stream).write_all(&[head.as_bytes(), &body].concat()).is_err() {
            return;
        }
    }
}

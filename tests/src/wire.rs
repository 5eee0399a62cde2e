//! Requests over a socket, byte for byte, as an SDK or an attacker would write them.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long a test waits for an answer before it calls it missing.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Header names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; `Null` where it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// A keep-alive connection to a listener on this machine.
pub struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    /// Connects.
    #[expect(clippy::disallowed_methods, reason = "a test plays the SDK, which is outside of Weir")]
    pub fn open(address: SocketAddr) -> io::Result<Connection> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        stream.set_write_timeout(Some(ANSWER_TIMEOUT))?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream: BufReader::new(stream) })
    }

    /// Writes these bytes and reads one answer.
    pub fn exchange(&mut self, request: &[u8]) -> io::Result<Answer> {
        // A server may refuse and close before it has read everything; its answer counts all the same.
        let written = self.stream.get_mut().write_all(request);
        match read_answer(&mut self.stream, request.starts_with(b"HEAD ")) {
            Ok(answer) => Ok(answer),
            Err(error) => Err(written.err().unwrap_or(error)),
        }
    }

    /// Writes bytes without waiting for an answer.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Reads one answer.
    pub fn read(&mut self) -> io::Result<Answer> {
        read_answer(&mut self.stream, false)
    }
}

/// One request on a connection of its own.
pub fn exchange(address: SocketAddr, request: &[u8]) -> io::Result<Answer> {
    Connection::open(address)?.exchange(request)
}

/// `GET` on a connection of its own.
pub fn get(address: SocketAddr, target: &str) -> io::Result<Answer> {
    exchange(address, &request("GET", target, &[], b""))
}

/// `POST` on a connection of its own.
pub fn post(address: SocketAddr, target: &str, content_type: &str, body: &[u8]) -> io::Result<Answer> {
    exchange(address, &request("POST", target, &[("Content-Type", content_type)], body))
}

/// The bytes of a request.
pub fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut out = format!("{method} {target} HTTP/1.1\r\nHost: weir.test\r\n").into_bytes();
    for (name, value) in headers {
        out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    if !body.is_empty() || method == "POST" {
        out.extend_from_slice(format!("Content-Length: {}\r\n", body.len()).as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
    out
}

fn read_answer(reader: &mut impl BufRead, without_body: bool) -> io::Result<Answer> {
    loop {
        let answer = read_one(reader, without_body)?;
        // 100 Continue is not the answer yet.
        if answer.status != 100 {
            return Ok(answer);
        }
    }
}

fn read_one(reader: &mut impl BufRead, without_body: bool) -> io::Result<Answer> {
    let malformed = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let line = line(reader)?;
    let status = line.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or_else(|| malformed("no status line"))?;
    let mut headers = Vec::new();
    loop {
        let line = self::line(reader)?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or_else(|| malformed("a header without a colon"))?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut answer = Answer { status, headers, body: Vec::new() };
    if without_body || matches!(status, 100..200 | 204 | 304) {
        return Ok(answer);
    }
    if answer.header("transfer-encoding").is_some_and(|t| t.eq_ignore_ascii_case("chunked")) {
        loop {
            let length = usize::from_str_radix(self::line(reader)?.split(';').next().unwrap_or_default().trim(), 16);
            let length = length.map_err(|_| malformed("a chunk without a length"))?;
            let from = answer.body.len();
            answer.body.resize(from + length, 0);
            reader.read_exact(&mut answer.body[from..])?;
            self::line(reader)?;
            if length == 0 {
                return Ok(answer);
            }
        }
    }
    match answer.header("content-length").map(str::parse::<usize>) {
        Some(Ok(length)) => {
            answer.body.resize(length, 0);
            reader.read_exact(&mut answer.body)?;
        }
        Some(Err(_)) => return Err(malformed("a content length that is no number")),
        None => {
            reader.read_to_end(&mut answer.body)?;
        }
    }
    Ok(answer)
}

fn line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the connection was closed"));
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Whether the other side hung up without an answer.
pub fn is_closed(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionRefused | ConnectionReset | UnexpectedEof)
}

/// Reads a stream to its end, whatever happens to it.
pub fn drain(mut reader: impl Read) -> Vec<u8> {
    let mut out = Vec::new();
    // What was read before an error is what there is.
    let _ = reader.read_to_end(&mut out);
    out
}

//! One request as bytes: request line, headers, an empty line, the body. `\n` alone ends a line too.

use super::exchange::Exchange;

/// Bytes of one request that are read.
pub(in crate::cli) const BYTES_MAX: u64 = 32 << 20;
/// Headers that are read.
const HEADERS_MAX: usize = 200;

/// Takes a request apart; `None` where there is no request line.
pub(in crate::cli) fn parse(bytes: &[u8]) -> Option<Exchange> {
    let (line, mut rest) = line(bytes)?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let is_method = !method.is_empty() && method.len() <= 16 && method.bytes().all(|b| b.is_ascii_uppercase());
    if !is_method || !words.next()?.starts_with("HTTP/") {
        return None;
    }
    let mut headers = Vec::new();
    while let Some((line, next)) = self::line(rest) {
        rest = next;
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && headers.len() < HEADERS_MAX
        {
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    let host = headers.iter().find(|(name, _)| name == "host").map(|(_, value)| value.clone());
    let target = target.split_once("://").map_or(target, |(_, rest)| &rest[rest.find('/').unwrap_or(rest.len())..]);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Some(Exchange {
        method: method.to_owned(),
        host: host.unwrap_or_default(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body: rest.to_vec(),
        answer: None,
    })
}

fn line(bytes: &[u8]) -> Option<(String, &[u8])> {
    let end = bytes.iter().position(|b| *b == b'\n')?;
    let line = bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]);
    Some((String::from_utf8_lossy(line).into_owned(), &bytes[end + 1..]))
}

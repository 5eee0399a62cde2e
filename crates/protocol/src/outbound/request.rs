//! A request in the making, and one that is made.

use std::fmt;
use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use weir_event::Millis;

use super::Lane;
use super::setup::Secret;
use crate::signing::{SigningKeys, webhook_id};
use crate::vendors::files::S3Signer;

/// A request that is being put together. Only encoders write to it.
pub struct Building {
    lane: Lane,
    body: Vec<u8>,
    count: u32,
    /// Bytes of the body that are whole events. What stands behind them is of an event that was not taken.
    whole: usize,
}

impl Building {
    /// An empty one.
    pub fn new(lane: Lane) -> Building {
        Building { lane, body: Vec::new(), count: 0, whole: 0 }
    }

    /// Where it goes.
    pub fn lane(&self) -> Lane {
        self.lane
    }

    /// Events in it.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Lets `write` add an event; it says whether the body may stay as it left it.
    pub(crate) fn add(&mut self, write: impl FnOnce(&mut Vec<u8>) -> bool) -> bool {
        self.body.truncate(self.whole);
        let fits = write(&mut self.body);
        if fits {
            (self.whole, self.count) = (self.body.len(), self.count + 1);
        }
        fits
    }

    /// The same, up to so many events. `write` is told whether it is the first, whose body may stay in any case: an empty request
    /// takes any event. `bytes_last` is how long the request before became, which this one will be about as long as.
    pub(crate) fn add_next(
        &mut self,
        events_max: usize,
        bytes_last: usize,
        write: impl FnOnce(&mut Vec<u8>, bool) -> bool,
    ) -> bool {
        let is_first = self.count == 0;
        if self.count as usize >= events_max {
            return false;
        }
        self.add(|body| {
            if is_first {
                // Cheaper than one that grows to it.
                body.reserve(bytes_last + bytes_last / 16);
            }
            write(body, is_first) || is_first
        })
    }

    /// The whole events.
    pub(crate) fn into_body(mut self) -> Vec<u8> {
        self.body.truncate(self.whole);
        self.body
    }

    /// The same as an array of JSON, whose opening bracket the first event wrote.
    pub(crate) fn into_array(self) -> Vec<u8> {
        let is_empty = self.count == 0;
        let mut json = self.into_body();
        json.extend_from_slice(if is_empty { &b"[]"[..] } else { b"]" });
        json
    }
}

/// How an attempt is signed.
#[derive(Clone)]
enum Signing {
    None,
    Webhook(SigningKeys),
    S3(S3Signer),
}

/// A request, ready to be sent. Only encoders make one, and only of [`Released`](weir_policy::Released) events (D2).
///
/// ```compile_fail,E0451
/// fn forge(request: weir_protocol::Encoded) -> weir_protocol::Encoded {
///     weir_protocol::Encoded { count: 0, ..request }
/// }
/// ```
#[derive(Clone)]
pub struct Encoded {
    lane: Lane,
    method: &'static str,
    count: u32,
    path_and_query: String,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
    bytes_uncompressed: usize,
    digest: [u8; 32],
    signing: Signing,
    own_headers: Option<Arc<[(String, Secret)]>>,
}

impl Encoded {
    /// Makes a request of JSON, see [`Encoded::post`].
    pub(crate) fn json(
        lane: Lane,
        count: u32,
        path_and_query: String,
        json: Vec<u8>,
        gzip_from_bytes: Option<usize>,
    ) -> Encoded {
        Encoded::post(lane, count, path_and_query, "application/json", json, gzip_from_bytes)
            .with_header("Accept", "application/json".to_owned())
    }

    /// Makes a request with a body; compresses it from `gzip_from_bytes` on, at the level where time is cheaper than bytes.
    pub(crate) fn post(
        lane: Lane,
        count: u32,
        path_and_query: String,
        content_type: &'static str,
        body: Vec<u8>,
        gzip_from_bytes: Option<usize>,
    ) -> Encoded {
        let mut digest = [0; 32];
        digest.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, &body).as_ref());
        let mut headers = vec![("Content-Type", content_type.to_owned())];
        let bytes_uncompressed = body.len();
        let body = match gzip_from_bytes.filter(|from| bytes_uncompressed >= *from).and_then(|_| gzip(&body)) {
            Some(compressed) => {
                headers.push(("Content-Encoding", "gzip".to_owned()));
                compressed
            }
            None => body,
        };
        Encoded {
            lane,
            method: "POST",
            count,
            path_and_query,
            headers,
            body: body.into(),
            bytes_uncompressed,
            digest,
            signing: Signing::None,
            own_headers: None,
        }
    }

    /// Makes an object of an object store, or a file. `digest`: SHA-256 of the content before compression.
    pub(crate) fn put(
        lane: Lane,
        count: u32,
        path: String,
        content_type: &'static str,
        body: Vec<u8>,
        digest: [u8; 32],
    ) -> Encoded {
        let post = Encoded::post(lane, count, path, content_type, body, None);
        Encoded { method: "PUT", digest, ..post }
    }

    /// Makes a question that is all in its path and query; its digest is theirs.
    pub(crate) fn get(lane: Lane, count: u32, path_and_query: String) -> Encoded {
        let mut digest = [0; 32];
        digest.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, path_and_query.as_bytes()).as_ref());
        let headers = vec![("Accept", "application/json".to_owned())];
        Encoded {
            lane,
            method: "GET",
            count,
            path_and_query,
            headers,
            body: Bytes::new(),
            bytes_uncompressed: 0,
            digest,
            signing: Signing::None,
            own_headers: None,
        }
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: String) -> Encoded {
        self.headers.push((name, value));
        self
    }

    /// Headers whose names come from the configuration.
    pub(crate) fn with_own_headers(mut self, headers: Arc<[(String, Secret)]>) -> Encoded {
        self.own_headers = Some(headers);
        self
    }

    /// Signs each attempt with these.
    pub(crate) fn signed(mut self, keys: SigningKeys) -> Encoded {
        self.signing = Signing::Webhook(keys);
        self
    }

    /// Signs each attempt for an object store.
    pub(crate) fn signed_for_s3(mut self, signer: S3Signer) -> Encoded {
        self.signing = Signing::S3(signer);
        self
    }

    /// Where it goes.
    pub fn lane(&self) -> Lane {
        self.lane
    }

    /// Events in it.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// `POST`, `PUT` for an object, or `GET` for a question.
    pub fn method(&self) -> &'static str {
        self.method
    }

    /// Path and query below the destination's endpoint. May hold an account's number: not for logs.
    pub fn path_and_query(&self) -> &str {
        &self.path_and_query
    }

    /// Every header but `Host`, `Content-Length`, those of the configuration and those of an attempt. May hold credentials: not for
    /// logs.
    pub fn headers(&self) -> &[(&'static str, String)] {
        &self.headers
    }

    /// The headers whose names come from the configuration.
    pub fn own_headers(&self) -> &[(String, Secret)] {
        self.own_headers.as_deref().unwrap_or_default()
    }

    /// The headers that an attempt at `now` has beside [`Encoded::headers`]: a signature over its time. Each attempt has its own.
    pub fn attempt_headers(&self, now: Millis) -> impl Iterator<Item = (&'static str, String)> {
        let headers = match &self.signing {
            Signing::None => None,
            Signing::Webhook(keys) => Some(keys.headers(&webhook_id(&self.digest), now, &self.body)),
            Signing::S3(signer) => Some(signer.headers("PUT", &self.path_and_query, now, &self.body)),
        };
        headers.into_iter().flatten()
    }

    /// The body as sent.
    pub fn body(&self) -> Bytes {
        self.body.clone()
    }

    /// Bytes before compression.
    pub fn bytes_uncompressed(&self) -> usize {
        self.bytes_uncompressed
    }

    /// SHA-256 of the body before compression, or of path and query where there is no body, for the ledger (D13).
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }
}

/// Counts only.
impl fmt::Debug for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Encoded({}, {} events, {} bytes)", self.lane.name, self.count, self.body.len())
    }
}

/// Compressed, or `None` where memory fails to take it, which a `Vec` does not do; at the level where time is cheaper than bytes.
pub(crate) fn gzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_event_that_is_not_taken_leaves_nothing_of_itself(parts in proptest::collection::vec((any::<Vec<u8>>(), 0_u8..3), 0..20)) {
            let mut request = Building::new(Lane { number: 1, name: "events" });
            let (mut count, mut expected) = (0, Vec::new());
            for (part, fate) in &parts {
                let write = |body: &mut Vec<u8>| {
                    body.extend_from_slice(part);
                    if *fate == 2 {
                        // As a defect of an encoder would, without its message.
                        std::panic::resume_unwind(Box::new(()));
                    }
                    *fate == 0
                };
                let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| request.add(write)));
                if *fate == 0 {
                    count += 1;
                    expected.extend_from_slice(part);
                }
            }
            prop_assert_eq!(request.count(), count);
            prop_assert_eq!(request.into_body(), expected);
        }
    }
}

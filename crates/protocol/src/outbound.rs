//! What an encoder is: released events in, requests out, and what the vendor's answers mean.
//!
//! Requests are built from nothing but [`Released`] events and the destination's own setup. No byte, header or parameter of an
//! inbound request can get here, because no type here holds one.

use std::fmt;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use weir_event::{Millis, Names, Rule};
use weir_policy::Released;

use crate::signing::{SigningKeys, webhook_id};
use crate::vendors::files::S3Signer;

/// One destination's outbound format. Each delivery task owns one; it caches and needs no lock.
pub trait Encoder: Send {
    /// Which of the vendor's endpoints takes this event, or the rule by which none does (D11: never silently). The answer is the
    /// same for the same event and time.
    fn lane_of(&mut self, event: &Released<'_>, now: Millis) -> Result<Lane, Rule>;

    /// Until when [`Encoder::lane_of`] puts the event into this lane; `None` where its age does not matter. A request that is not
    /// sent by then is made anew (D4: an age limit is a rule, never left to the vendor).
    fn good_until(&self, _lane: Lane, _event: &Released<'_>) -> Option<Millis> {
        None
    }

    /// Which requests of its lane take the event, as a number: those of two numbers never share one. For vendors that read some
    /// facts once for a whole request.
    fn request_of(&mut self, _event: &Released<'_>) -> u64 {
        0
    }

    /// The lanes, for reports and for cutting batches.
    fn lanes(&self) -> &'static [Lane];

    /// What one request of a lane may hold.
    fn limits(&self, lane: Lane) -> LaneLimits;

    /// Writes an event that [`Encoder::lane_of`] put into this lane behind those that the request holds. `false`: the request has
    /// no room for it and is as it was; an empty one takes any. Should this panic, the request still holds what it held.
    fn push(&mut self, request: &mut Building, event: &Released<'_>) -> bool;

    /// Closes a request. The same events give the same bytes.
    fn finish(&mut self, request: Building) -> Encoded;

    /// Encodes as many events from the front as one request may hold, at least one of a list that is not empty.
    /// [`Encoded::count`] says how many.
    fn encode(&mut self, lane: Lane, events: &[Released<'_>]) -> Encoded {
        let mut request = Building::new(lane);
        let _ = events.iter().all(|event| self.push(&mut request, event));
        self.finish(request)
    }

    /// How the vendor is asked whether it has kept what it took under a number of its own; `None` for a vendor whose first word is
    /// enough.
    ///
    /// Without a number it is a rehearsal, before anything is sent: a vendor that does not answer such questions is refused before
    /// it has anything of which nobody will ever know whether it was kept.
    fn confirm(&self, _receipt: Option<u64>) -> Option<Question> {
        None
    }

    /// What the answer to that question means.
    fn confirmed(&self, _receipt: Option<u64>, _status: u16, _body: &[u8]) -> Confirmation {
        Confirmation::Later
    }

    /// What an answer means for the batch.
    fn interpret(&self, encoded: &Encoded, status: u16, retry_after: Option<Duration>, body: &[u8]) -> Verdict;
}

/// One of a vendor's endpoints as a destination uses it. The number goes into ledger entries: append, never renumber.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Lane {
    /// The stored number.
    pub number: u8,
    /// The name in reports.
    pub name: &'static str,
}

/// What one request may hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LaneLimits {
    /// Events.
    pub events_max: usize,
    /// Bytes before compression.
    pub bytes_max: usize,
}

/// What an answer means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The vendor has all of it.
    Accepted,
    /// The vendor has all but these: index in the batch, and a code of ours.
    Partial {
        /// Index and code.
        rejected: Vec<(u32, &'static str)>,
    },
    /// Something in it does not go in: send halves.
    Split,
    /// Not now.
    Retry {
        /// When, if the vendor said.
        after: Option<Duration>,
    },
    /// The one event in it will never go in; a code of ours.
    Reject(&'static str),
    /// The vendor does not take us: keep everything, retry slowly, tell somebody. A code of ours.
    Refused(&'static str),
    /// It cannot be told whether the vendor has it, as if no answer had come.
    Unknown,
    /// The same, and the vendor forbids to send it again: it stays unknown.
    Undecided,
    /// The event at this place, or the one before it, since vendors count from both ends, does not go in: send them by themselves.
    SplitAround(u32),
    /// The vendor has read all of it and will say later whether it is kept: ask by [`Encoder::confirm`], under its own number.
    Confirm {
        /// The vendor's number of what it took.
        receipt: u64,
    },
}

/// A question that holds nothing of any event: numbers that the vendor gave.
#[derive(Clone, Debug)]
pub struct Question {
    /// The request.
    pub request: Encoded,
    /// The first wait before it is asked again; it doubles up to `longest`.
    pub every: Duration,
    /// The longest wait.
    pub longest: Duration,
    /// How long it is asked before the outcome counts as unknown.
    pub within: Duration,
}

/// What the vendor says to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Confirmation {
    /// It is kept.
    Kept,
    /// Not that it knew of.
    NotYet,
    /// Nothing: it cannot be asked now.
    Later,
    /// It answers no such questions. A code of ours.
    Refused(&'static str),
}

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

/// A request, ready to be sent. Only encoders make one, and only of [`Released`] events (D2).
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

/// A text that must not be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes it in.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The text itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What an encoder needs to know about its destination.
#[derive(Clone, Debug)]
pub struct DestinationSetup {
    /// The vendor's project token.
    pub token: Secret,
    /// Credentials for the vendor's import of old data, where it has one.
    pub import: Option<ImportCredentials>,
    /// Bytes from which on bodies are compressed; `None` never.
    pub gzip_from_bytes: Option<usize>,
    /// The names, to write paths as keys.
    pub names: Arc<Names>,
    /// How a project of Mixpanel's merges ids; no other vendor reads it.
    pub identity_merge: IdentityMerge,
    /// What only one type of destination reads.
    pub settings: Settings,
}

/// What the configuration says for one type of destination alone: a field for each type that has any.
#[derive(Clone, Default, Debug)]
pub struct Settings {
    /// Of type `datadog`.
    pub datadog: crate::vendors::datadog::Settings,
    /// Of type `ga4`.
    pub ga4: crate::vendors::ga4::Settings,
    /// Of type `splunk_hec`.
    pub splunk_hec: crate::vendors::splunk_hec::Settings,
    /// Of type `files`.
    pub files: crate::vendors::files::Settings,
    /// Of type `otlp`.
    pub otlp: crate::vendors::otlp::Settings,
}

/// How a Mixpanel project makes one person of several ids. Source: Mixpanel's "Identity Management" pages.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum IdentityMerge {
    /// Simplified ID Merge: an event that has both `$device_id` and `$user_id` links them; `$identify`, `$create_alias` and `$merge`
    /// mean nothing.
    Simplified,
    /// Original ID Merge: `$identify` links an anonymous id, `$merge` and `$create_alias` two ids.
    #[default]
    Original,
    /// No ID merge: `$create_alias` gives an id a second name.
    Legacy,
}

impl DestinationSetup {
    /// Bytes from which on compression pays over a wide-area link.
    pub const GZIP_FROM_BYTES: usize = 1_024;

    /// A setup with a token and nothing else: no import, no compression, no settings.
    pub fn new(token: impl Into<String>, names: &Arc<Names>) -> DestinationSetup {
        DestinationSetup {
            token: Secret::new(token),
            import: None,
            gzip_from_bytes: None,
            names: Arc::clone(names),
            identity_merge: IdentityMerge::default(),
            settings: Settings::default(),
        }
    }
}

/// Credentials of an import.
#[derive(Clone, Debug)]
pub struct ImportCredentials {
    /// A service account, or the project's API secret.
    pub user: Secret,
    /// The service account's secret; empty for an API secret.
    pub password: Secret,
    /// The project, which a service account must name.
    pub project_id: Option<String>,
}

/// What is wrong with a destination's configuration. No variant holds a credential.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SetupError {
    /// No such kind.
    #[error("there is no such type of destination")]
    UnknownKind,
    /// No such region.
    #[error("the vendor has no such region")]
    UnknownRegion,
    /// The vendor has no address of its own.
    #[error("this type of destination needs an endpoint")]
    NoEndpoint,
    /// The endpoint is the vendor's, in another region.
    #[error(
        "the endpoint is in the vendor's region {endpoint}, which is not the configured one; change one of the two"
    )]
    RegionMismatch {
        /// The region of the endpoint.
        endpoint: &'static str,
    },
    /// The endpoint is a host of the vendor that takes no events.
    #[error("the endpoint is a host of the vendor that takes no events: remove it, `region` decides the host")]
    NotForEvents,
    /// The token cannot be one.
    #[error("the token is empty or holds characters that no token has")]
    BadToken,
    /// The import credentials are incomplete or cannot be ones.
    #[error("import needs a service account with its secret and project_id, or the project's API secret alone")]
    BadImportCredentials,
    /// A setting of this type, by its name below the destination, and what it has to be.
    #[error("`{0}` has to be {1}")]
    BadSetting(&'static str, &'static str),
    /// The token is no secret of Standard Webhooks.
    #[error(
        "the token is not a signing secret: `whsec_` and the base64 of 24 to 64 random bytes; while it is changed, two with a comma between"
    )]
    BadSigningSecret,
    /// Import credentials for a vendor that has no import of its own.
    #[error("this type of destination takes no import credentials; take `import` out")]
    NoImport,
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

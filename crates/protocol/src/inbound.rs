//! What a protocol is: how one vendor's SDKs speak, and what they need to hear.
//!
//! The gateway calls [`Protocol::classify`], opens the body by [`crate::body::open`], finds the source by
//! [`Protocol::find_write_keys`], decodes, stores, and only then answers by [`Protocol::answer`].

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use weir_event::names::NameKind;
use weir_event::{DraftBatch, Millis, NameId, Names, Rule, SourceNames};

use crate::answer::{Answer, Answering};
use crate::body::{self, BodyError, Opened};
use crate::inquiry::Inquirer;

/// One vendor's inbound format.
pub trait Protocol: Sync {
    /// The name in `sources.<id>.protocol`.
    fn name(&self) -> &'static str;

    /// The number in journal records (D9): one per protocol, never reused.
    fn number(&self) -> u8;

    /// What a request is, by method and path alone. The path comes without the source's prefix.
    fn classify(&self, method: &str, path: &str) -> Call;

    /// The same where the source's prefix stands before the path, so that no other vendor can be meant. A protocol whose SDKs
    /// take a whole URL may know more paths here than on the bare host.
    fn classify_named(&self, method: &str, path: &str) -> Call {
        self.classify(method, path)
    }

    /// Opens a body. What all vendors share is [`crate::body::open`]; a protocol that packs its events differently (parameters of
    /// a query, multipart) does so here.
    fn open(
        &self,
        endpoint: Endpoint,
        head: &RequestHead<'_>,
        body: Vec<u8>,
        limits: &body::Limits,
    ) -> Result<Opened, BodyError> {
        let _ = endpoint;
        body::open(head, body, limits)
    }

    /// Everything in the request that may be a write key, most explicit first. Candidates are compared with the configured keys
    /// and forgotten.
    fn find_write_keys(&self, head: &RequestHead<'_>, opened: &Opened) -> Vec<WriteKey>;

    /// Decodes every event of the request into `batch`, which is emptied first. Takes the text out of `opened`; its parameters
    /// stay for the answer. On an error the batch is empty.
    fn decode(
        &self,
        endpoint: Endpoint,
        head: &RequestHead<'_>,
        opened: &mut Opened,
        names: &SourceNames,
        options: &DecodeOptions,
        batch: &mut DraftBatch,
    ) -> Result<Decoded, DecodeError>;

    /// The answer to an ingest or replay request, in the vendor's own form.
    fn answer(&self, answering: &Answering<'_>) -> Answer;

    /// The constant answer to an auxiliary call (D17 mode `constant`): nothing is switched on.
    fn auxiliary(&self, call: &Auxiliary<'_>) -> Answer;

    /// Whether an auxiliary endpoint asks for feature flags: `constant` answers with none, which doctor and a metric say (D17).
    fn is_flags(&self, endpoint: Endpoint) -> bool;

    /// How flags are asked of the vendor (D17 mode `proxy`); `None` where this vendor has none.
    fn inquirer(&self) -> Option<&'static dyn Inquirer> {
        None
    }

    /// The canonical path of a vendor's own property name, where it has one: `$browser` is `context.browser.name`. Allow lists
    /// accept both.
    fn canonical_path(&self, property: &str) -> Option<&'static str>;
}

/// What a request asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Call {
    /// Events.
    Ingest(Endpoint),
    /// Flags, remote settings: D17.
    Auxiliary(Endpoint),
    /// What is accepted, dropped and counted by the named rule: session recordings (`session_replay`), an SDK's own metrics, logs
    /// and diagnostics (`not_carried`). The body is read for a write key and for nothing else.
    Drop(Endpoint, Rule),
    /// A known path with a method that it does not have.
    WrongMethod(Endpoint),
    /// Not of this protocol.
    Unknown,
}

/// One of a protocol's endpoints. The name is ours, so it may be logged and counted by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Endpoint(pub &'static str);

/// What a protocol may see of a request's head. Everything in it is data from outside: never logged.
#[derive(Clone, Copy, Default)]
pub struct RequestHead<'a> {
    /// Upper-case method.
    pub method: &'a str,
    /// Path without the source's prefix, percent-encoded as it came.
    pub path: &'a str,
    /// What follows `?`, without it, as it came.
    pub query: &'a str,
    /// `Authorization`.
    pub authorization: Option<&'a str>,
    /// `Content-Encoding`.
    pub content_encoding: Option<&'a str>,
    /// `Content-Type`. A hint for answers only: bodies are sniffed.
    pub content_type: Option<&'a str>,
    /// `PostHog-Sdk-Info`: name and version of the SDK, which Capture V1 says nowhere else.
    pub sdk_info: Option<&'a str>,
    /// `AnonymousId`: base64 of the id that RudderStack's browser SDK says once more beside the body.
    pub anonymous_id: Option<&'a str>,
    /// `X-ApiKey`: the write key of calls that have it nowhere else (Amplitude's diagnostics).
    pub api_key: Option<&'a str>,
    /// `Sec-GPC: 1` (Global Privacy Control).
    pub gpc: bool,
    /// `DNT: 1`.
    pub dnt: bool,
}

/// An auxiliary call, for its constant answer.
#[derive(Clone, Copy, Debug)]
pub struct Auxiliary<'a> {
    /// Which endpoint was called.
    pub endpoint: Endpoint,
    /// The request's head.
    pub head: &'a RequestHead<'a>,
    /// The opened body; empty where there was none or it could not be opened.
    pub opened: &'a Opened,
    /// The configured write key that the request bears; `None` where it bears none. Ours, so an answer may hold it.
    pub write_key: Option<&'a str>,
    /// Event names that no destination takes, where the browser is to be told: configured ones, so an answer may hold them.
    pub blocked: &'a [String],
    /// Now.
    pub now: Millis,
}

impl RequestHead<'_> {
    /// A parameter of the query, percent-decoded.
    pub fn query_param(&self, name: &str) -> Option<Cow<'_, str>> {
        body::form::param(self.query.as_bytes(), name)
    }

    /// User and password of Basic authentication.
    pub fn basic(&self) -> Option<(String, String)> {
        let (scheme, encoded) = self.authorization?.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") || encoded.len() > 4_096 {
            return None;
        }
        let text = String::from_utf8(body::base64::decode(encoded.trim().as_bytes())?).ok()?;
        let (user, password) = text.split_once(':').unwrap_or((&text, ""));
        Some((user.to_owned(), password.to_owned()))
    }
}

/// Shows nothing of the request but its method.
impl fmt::Debug for RequestHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestHead({} …)", if self.method.len() <= 8 { self.method } else { "?" })
    }
}

/// A text that may be a write key. Not printable: it may as well be a secret that an SDK sends along.
#[derive(Clone, PartialEq, Eq)]
pub struct WriteKey(String);

impl WriteKey {
    /// The candidate, to be compared with configured keys.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Adds a candidate unless it is empty, overlong or there already; eight at most.
    pub fn add(keys: &mut Vec<WriteKey>, candidate: impl Into<String>) {
        let key = WriteKey(candidate.into());
        if !key.0.is_empty() && key.0.len() <= 256 && keys.len() < 8 && !keys.contains(&key) {
            keys.push(key);
        }
    }
}

impl fmt::Debug for WriteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WriteKey(…)")
    }
}

/// What decoding needs to know about the source.
#[derive(Clone, Debug, Default)]
pub struct DecodeOptions {
    group_keys: Vec<(String, NameId)>,
    canonical: OnceLock<Arc<Canonical>>,
}

/// The ids of what protocols name themselves, looked up once per source: a request of one event must not pay for them.
#[derive(Debug)]
pub struct Canonical {
    by_property: HashMap<&'static str, NameId, FixedState>,
    /// `context.meta`: what an SDK says that has no canonical path.
    pub meta: NameId,
    /// `$profile`: the event name of a person's profile operations.
    pub profile: NameId,
    /// `$group`: the event name of a group's profile operations, and of joining one where the vendor has no name for it.
    pub group: NameId,
    /// `$identify`, where the vendor has a call for it and no name.
    pub identify: NameId,
    /// `$create_alias`, likewise.
    pub alias: NameId,
    /// `$page`, likewise.
    pub page: NameId,
    /// `$screen`, likewise.
    pub screen: NameId,
    /// `$flags`: what a question about somebody's feature flags is recorded as (D17 `proxy`).
    pub flags: NameId,
}

impl Canonical {
    /// The canonical path of a vendor's property.
    pub fn path(&self, property: &str) -> Option<NameId> {
        self.by_property.get(property).copied()
    }
}

impl DecodeOptions {
    /// `group_keys` are the property names by which the product groups people (Mixpanel: group analytics), from configuration.
    pub fn new<'a>(group_keys: impl IntoIterator<Item = &'a str>, names: &Names) -> DecodeOptions {
        let group_keys = group_keys.into_iter().take(32).map(|key| (key.to_owned(), names.label(key))).collect();
        DecodeOptions { group_keys, canonical: OnceLock::new() }
    }

    /// The vendor's table of (property, canonical path) as ids. A source speaks one protocol, so it has one table.
    pub fn canonical(&self, names: &Names, table: &'static [(&'static str, &'static str)]) -> &Canonical {
        self.canonical.get_or_init(|| {
            let path = |text| names.restore(NameKind::Path, text);
            let event = |text| names.restore(NameKind::Event, text).unwrap_or(NameId::UNNAMED);
            Arc::new(Canonical {
                by_property: table.iter().filter_map(|(property, text)| Some((*property, path(text)?))).collect(),
                meta: path("context.meta").unwrap_or(NameId::UNNAMED),
                profile: event("$profile"),
                group: event("$group"),
                identify: event("$identify"),
                alias: event("$create_alias"),
                page: event("$page"),
                screen: event("$screen"),
                flags: event("$flags"),
            })
        })
    }

    /// Number and type label of a declared group key.
    pub fn group(&self, key: &str) -> Option<(usize, NameId)> {
        self.group_keys.iter().position(|(k, _)| k == key).map(|i| (i, self.group_keys[i].1))
    }

    /// The type label of a declared group key by its number.
    pub fn group_label(&self, number: usize) -> Option<NameId> {
        self.group_keys.get(number).map(|(_, label)| *label)
    }
}

/// What decoding found, beside the drafts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Decoded {
    /// Events that the request held, which is also what the SDK is told: operations in one object count once.
    pub events: u32,
    /// Drafts made; more than `events` where one profile update held several operations.
    pub drafts: u32,
    /// Drafts with a fault.
    pub faults: u32,
}

/// Why no event of a request can be used. Positions only: content never gets into an error.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DecodeError {
    /// The text is not JSON.
    #[error("the body is not JSON at byte {at}")]
    Malformed {
        /// Where in the decoded text.
        at: usize,
    },
    /// JSON of the wrong shape: neither an event nor a list of events.
    #[error("the body is neither an event nor a list of events")]
    NotEvents,
    /// More events than one request may hold.
    #[error("the request holds more than {max} events")]
    TooManyEvents {
        /// The limit.
        max: usize,
    },
}

//! One exchange of a recording: a request with its answer, and whose it is. What `weir preflight` and `weir audit` share.

use serde_json::Value;
use weir_protocol::RequestHead;
use weir_protocol::body::{self, form};
use weir_protocol::preflight::{Library, VENDORS, Vendor, Version};

/// Bytes of a body after decoding.
const BODY_BYTES_MAX: usize = 16 << 20;
/// Events of one body that are looked at.
const EVENTS_MAX: usize = 5_000;

/// One request with its answer.
#[derive(Default)]
pub(in crate::cli) struct Exchange {
    pub(in crate::cli) method: String,
    /// Host and port.
    pub(in crate::cli) host: String,
    pub(in crate::cli) path: String,
    pub(in crate::cli) query: String,
    /// Names in lower case.
    pub(in crate::cli) headers: Vec<(String, String)>,
    pub(in crate::cli) body: Vec<u8>,
    /// The answer, where it is JSON.
    pub(in crate::cli) answer: Option<Vec<u8>>,
}

impl Exchange {
    /// Host and path.
    pub(in crate::cli) fn address(&self) -> String {
        format!("{}{}", self.host_name(), self.path)
    }

    pub(in crate::cli) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub(in crate::cli) fn host_name(&self) -> &str {
        match self.host.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => &self.host,
        }
    }
}

/// The decoded text of a body, or of an event in the address.
pub(in crate::cli) fn open(exchange: &Exchange) -> Option<Vec<u8>> {
    let head = RequestHead {
        method: &exchange.method,
        path: &exchange.path,
        query: &exchange.query,
        content_encoding: exchange.header("content-encoding"),
        content_type: exchange.header("content-type"),
        ..RequestHead::default()
    };
    let limits = body::Limits { decoded_bytes_max: BODY_BYTES_MAX };
    let undecoded = || {
        // A browser's recording may hold the body already decompressed beside the header that says otherwise.
        let head = RequestHead { content_encoding: None, ..head };
        body::open(&head, exchange.body.clone(), &limits).ok()
    };
    let opened = body::open(&head, exchange.body.clone(), &limits).ok().or_else(undecoded)?;
    let text = opened.text_bytes();
    (!text.is_empty()).then(|| text.to_vec())
}

/// The events of a body, whatever holds them.
pub(in crate::cli) fn events_of(body: &Value) -> Vec<&Value> {
    let list = match body {
        Value::Array(list) => list,
        Value::Object(object) => {
            match ["batch", "events", "data"].iter().find_map(|key| object.get(*key)?.as_array()) {
                Some(list) => list,
                None => return vec![body],
            }
        }
        _ => return Vec::new(),
    };
    list.iter().filter(|event| event.is_object()).take(EVENTS_MAX).collect()
}

/// The vendor of an exchange: by its host, by what its events carry, by who made it, by a path of its own.
pub(in crate::cli) fn vendor_of(
    exchange: &Exchange,
    known: Option<&'static Vendor>,
    events: &[&Value],
) -> Option<&'static Vendor> {
    if known.is_some() {
        return known;
    }
    let by_path = || VENDORS.iter().find(|v| v.owns_path(&exchange.path));
    let by_body = || VENDORS.iter().find(|v| events.first().is_some_and(|event| is_made_by(v, event)));
    let by_agent = || VENDORS.iter().find(|v| agents(exchange).any(|(product, _)| v.sdk_of_agent(product).is_some()));
    let by_script = || {
        let address = exchange.address();
        let is_script = exchange.method == "GET" && address.ends_with(".js");
        VENDORS.iter().find(|v| is_script && v.sdk_of_script(&address).is_some())
    };
    let has_query_mark =
        |v: &Vendor| v.query_marks.iter().any(|name| form::param(exchange.query.as_bytes(), name).is_some());
    let by_query = || VENDORS.iter().find(|v| in_query(v, &exchange.query).is_some() || has_query_mark(v));
    // What an event says counts before a path, which a customer may have named.
    by_body().or_else(by_agent).or_else(by_query).or_else(by_path).or_else(by_script).copied()
}

/// Whether an event to an unknown host is this vendor's: it has a mark and names an SDK of the table, or a mark that nobody else has.
fn is_made_by(vendor: &Vendor, event: &Value) -> bool {
    let marks = || vendor.marks.iter().filter(|mark| !at(event, mark).is_null());
    let has_library = vendor.libraries.iter().any(|library| {
        let name = at(event, library.name).as_str().unwrap_or_default();
        let name = match library.version {
            Version::At(_) => name,
            Version::After(sign) => name.rsplit_once(sign).map_or("", |(name, _)| name),
        };
        vendor.sdk_of_library(name).is_some()
    });
    marks().any(|mark| has_library || mark.starts_with("/$"))
}

/// Name and version of an SDK in an address whose parameters are the event (Snowplow's `tv`).
pub(in crate::cli) fn in_query<'v>(vendor: &'v Vendor, query: &str) -> Option<(&'v Library, String)> {
    vendor.libraries.iter().find_map(|library| {
        let name = library
            .name
            .strip_prefix('/')
            .filter(|name| !name.contains('/') && matches!(library.version, Version::After('-')))?;
        let value = form::param(query.as_bytes(), name)?;
        // A parameter of two letters may be anybody's: its value has to be of a known tracker.
        let known = vendor.sdk_of_library(value.rsplit_once('-')?.0).is_some_and(|sdk| !sdk.snippet.is_empty());
        known.then(|| (library, value.into_owned()))
    })
}

/// (product, version) of `User-Agent` and of the like.
pub(in crate::cli) fn agents(exchange: &Exchange) -> impl Iterator<Item = (&str, &str)> {
    let texts = ["user-agent", "posthog-sdk-info"].into_iter().filter_map(|name| exchange.header(name));
    texts.filter_map(|text| text.split(' ').next()?.split_once('/'))
}

pub(in crate::cli) fn at<'j>(value: &'j Value, pointer: &str) -> &'j Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

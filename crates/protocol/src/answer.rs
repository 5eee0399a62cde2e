//! What the gateway answers. Each protocol writes a [`Situation`] in its vendor's own form, because the answers are load-bearing:
//! a wrong shape makes an SDK throw, retry for ever or drop what it holds. No answer carries a byte of an event.

use std::borrow::Cow;
use std::fmt;

use weir_event::Millis;

use crate::body::Opened;
use crate::inbound::{Endpoint, RequestHead};

/// What happened to a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Situation<'a> {
    /// Every event is durable: journaled, held, or dropped by a named rule and counted.
    Accepted {
        /// Events received.
        events: u32,
    },
    /// The valid events are durable; the listed ones were malformed. Only a protocol that can say so does.
    AcceptedPartly {
        /// Events received and usable.
        events: u32,
        /// The others.
        failed: &'a [FailedEvent],
    },
    /// A refusal that a developer should see, for sources outside production. The text is ours.
    Refused(&'static str),
    /// The body cannot be read.
    BadBody,
    /// The body did not arrive in time.
    TimedOut,
    /// A content encoding that we do not speak.
    UnsupportedEncoding,
    /// No write key, or none that is configured.
    BadKey,
    /// Over a size or count limit.
    TooLarge,
    /// The source is over its rate.
    TooManyRequests {
        /// When to come back.
        retry_after_seconds: u32,
    },
    /// Disk full, queue full, shutting down: the SDK is to keep what it has and come back.
    Overloaded {
        /// When to come back.
        retry_after_seconds: u32,
    },
    /// The path is known, the method is not.
    WrongMethod,
    /// No such path.
    Unknown,
}

impl Situation<'_> {
    /// The HTTP status that most vendors use for it.
    pub const fn status(&self) -> u16 {
        match self {
            Situation::Accepted { .. } | Situation::AcceptedPartly { .. } => 200,
            Situation::Refused(_) | Situation::BadBody => 400,
            Situation::TimedOut => 408,
            Situation::UnsupportedEncoding => 415,
            Situation::BadKey => 401,
            Situation::TooLarge => 413,
            Situation::TooManyRequests { .. } => 429,
            Situation::Overloaded { .. } => 503,
            Situation::WrongMethod => 405,
            Situation::Unknown => 404,
        }
    }

    /// One line for the developer who reads the answer. Ours, so free of content.
    pub const fn message(&self) -> &'static str {
        match self {
            Situation::Accepted { .. } => "accepted",
            Situation::AcceptedPartly { .. } => "some data points in the request failed validation",
            Situation::Refused(text) => text,
            Situation::BadBody => "the body cannot be read as events",
            Situation::TimedOut => "the body did not arrive in time, send it again",
            Situation::UnsupportedEncoding => "unsupported content encoding, use gzip, deflate or none",
            Situation::BadKey => "invalid or missing write key",
            Situation::TooLarge => "the request is too large, send fewer events at once",
            Situation::TooManyRequests { .. } => "too many requests, try again later",
            Situation::Overloaded { .. } => "temporarily unavailable, try again later",
            Situation::WrongMethod => "method not allowed",
            Situation::Unknown => "not found",
        }
    }

    /// The standard reason phrase of [`Situation::status`].
    pub const fn reason(&self) -> &'static str {
        match self.status() {
            200 => "OK",
            401 => "Unauthorized",
            404 => "Not Found",
            408 => "Request Timeout",
            405 => "Method Not Allowed",
            413 => "Payload Too Large",
            415 => "Unsupported Media Type",
            429 => "Too Many Requests",
            503 => "Service Unavailable",
            _ => "Bad Request",
        }
    }
}

/// One event that could not be used, by its place in the request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FailedEvent {
    /// Its place.
    pub index: u32,
    /// What is wrong with it; ours.
    pub message: &'static str,
}

/// All that an answer may depend on.
#[derive(Clone, Copy, Debug)]
pub struct Answering<'a> {
    /// Which endpoint was called.
    pub endpoint: Endpoint,
    /// The request's head.
    pub head: &'a RequestHead<'a>,
    /// The opened body, for form parameters such as `verbose`; `None` where it could not be opened.
    pub opened: Option<&'a Opened>,
    /// What happened.
    pub situation: Situation<'a>,
    /// Now.
    pub now: Millis,
}

/// One answer, ready for the listener, which adds `Content-Length` and the CORS headers.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// The body.
    pub body: Cow<'static, [u8]>,
    /// Further headers.
    pub headers: Vec<(&'static str, Cow<'static, str>)>,
}

impl Answer {
    /// An answer without further headers.
    pub fn new(status: u16, content_type: &'static str, body: impl Into<Cow<'static, [u8]>>) -> Answer {
        Answer { status, content_type, body: body.into(), headers: Vec::new() }
    }

    /// JSON with a fixed text.
    pub fn json(status: u16, body: &'static str) -> Answer {
        Answer::new(status, "application/json", body.as_bytes())
    }

    /// Adds the headers that the situation calls for: `Retry-After` and `Allow`.
    pub fn with_headers_of(mut self, situation: &Situation<'_>, allow: &'static str) -> Answer {
        match situation {
            Situation::TooManyRequests { retry_after_seconds } | Situation::Overloaded { retry_after_seconds } => {
                self.headers.push(("Retry-After", retry_after_seconds.to_string().into()));
            }
            Situation::WrongMethod => self.headers.push(("Allow", allow.into())),
            _ => {}
        }
        self
    }
}

/// Bodies of answers are ours, so they may be shown.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {:?} {:?}", self.status, self.content_type, String::from_utf8_lossy(&self.body), self.headers)
    }
}

/// CORS, the same for all protocols: browser SDKs are cross-origin, send credentials and their own headers.
pub mod cors {
    use super::{Answer, Cow};

    /// What a page may read of an answer: when to come back, and what a development source is told.
    const EXPOSE_HEADERS: &str = "Retry-After, Weir-Omitted";
    const ALLOW_METHODS: &str = "GET, POST, OPTIONS";
    /// A preflight may ask for this many bytes of header names; a longer list is not echoed.
    const REQUESTED_HEADERS_BYTES_MAX: usize = 2_048;

    /// Headers of every answer to a request with an `Origin`. Credentialed requests forbid `*`, so the origin is echoed.
    pub fn headers(origin: Option<&str>) -> Vec<(&'static str, Cow<'static, str>)> {
        let Some(origin) = origin.filter(|o| is_header_value(o)) else { return Vec::new() };
        vec![
            ("Access-Control-Allow-Origin", origin.to_owned().into()),
            ("Access-Control-Allow-Credentials", "true".into()),
            ("Access-Control-Expose-Headers", EXPOSE_HEADERS.into()),
            ("Vary", "Origin".into()),
        ]
    }

    /// The answer to `OPTIONS` on any ingest or auxiliary path.
    pub fn preflight(origin: Option<&str>, requested_headers: Option<&str>) -> Answer {
        let mut answer = Answer::new(204, "text/plain", Cow::Borrowed(&b""[..]));
        answer.headers = headers(origin);
        answer.headers.push(("Access-Control-Allow-Methods", ALLOW_METHODS.into()));
        if let Some(names) = requested_headers.filter(|h| h.len() <= REQUESTED_HEADERS_BYTES_MAX && is_header_value(h))
        {
            answer.headers.push(("Access-Control-Allow-Headers", names.to_owned().into()));
        }
        answer.headers.push(("Access-Control-Max-Age", "86400".into()));
        answer
    }

    /// Visible ASCII and blanks: nothing that could end a header line.
    fn is_header_value(text: &str) -> bool {
        !text.is_empty() && text.bytes().all(|b| (0x20..0x7f).contains(&b))
    }
}

/// Whether a text is a plain identifier, as a JSONP callback must be; anything else could run as script.
pub fn is_plain_identifier(text: &str) -> bool {
    let bytes = text.as_bytes();
    (1..=64).contains(&bytes.len())
        && !bytes[0].is_ascii_digit()
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$'))
}

/// The smallest transparent GIF, for pixels.
pub const PIXEL_GIF: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff\x21\xf9\x04\x01\x00\x00\x00\x00\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00\x3b";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callback_is_a_plain_identifier_or_nothing() {
        for good in ["f", "_cb", "$x1", "mixpanelCallback"] {
            assert!(is_plain_identifier(good), "{good}");
        }
        for bad in ["", "1f", "a.b", "alert(1)//", "f;", "é", "a b", "<script>"] {
            assert!(!is_plain_identifier(bad), "{bad}");
        }
    }

    #[test]
    fn a_preflight_echoes_origin_and_headers() {
        let answer = cors::preflight(Some("http://localhost:36109"), Some("authorization,traceparent"));
        assert_eq!(answer.status, 204);
        let header = |name| answer.headers.iter().find(|(n, _)| *n == name).map(|(_, v)| v.as_ref());
        assert_eq!(header("Access-Control-Allow-Origin"), Some("http://localhost:36109"));
        assert_eq!(header("Access-Control-Allow-Credentials"), Some("true"));
        assert_eq!(header("Access-Control-Allow-Headers"), Some("authorization,traceparent"));
        assert_eq!(header("Access-Control-Max-Age"), Some("86400"));
        assert_eq!(header("Vary"), Some("Origin"));
    }

    #[test]
    fn a_header_that_could_end_its_line_is_not_echoed() {
        assert!(cors::headers(Some("http://a\r\nSet-Cookie: x")).is_empty());
        let answer = cors::preflight(None, Some("a\r\nb"));
        assert!(!answer.headers.iter().any(|(name, _)| *name == "Access-Control-Allow-Headers"));
    }
}

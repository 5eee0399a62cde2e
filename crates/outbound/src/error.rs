//! What can go wrong on the way out. No message holds a path, a query, a header or a byte of a body: they carry tokens and events.

/// Whether a request may have been acted on. D3 rests on the difference: only `NotSent` may be sent again without asking whether
/// the operation repeats safely.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SendError {
    /// No byte of the request reached the other side.
    #[error("not sent: {0}")]
    NotSent(NotSent),
    /// Bytes of the request were written and no whole answer came back.
    #[error("outcome unknown: {0}")]
    Unknown(Unknown),
}

/// Why nothing was sent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
pub enum NotSent {
    /// The path, the method or a header is not one that this client sends.
    #[error("the request is malformed")]
    InvalidRequest,
    /// The host name has no address.
    #[error("the host name does not resolve")]
    Resolve,
    /// Every address of the host is private, local or reserved and not in `allow_addresses`.
    #[error("every address of the host is private or reserved: add it to allow_addresses if that is meant")]
    AddressRefused,
    /// No address took the connection.
    #[error("no address of the host accepts connections")]
    Connect,
    /// Resolving, connecting and TLS took longer than the connect timeout.
    #[error("connecting took too long")]
    ConnectTimeout,
    /// TLS failed: the certificate does not fit the host name or no root is known for it.
    #[error("TLS failed: check the host name, the certificate and extra roots")]
    Tls,
    /// The connection was closed before the first byte of the request was written, twice.
    #[error("the connection was closed before anything was written")]
    Closed,
}

impl NotSent {
    /// A short name for metrics and the ledger.
    pub const fn name(self) -> &'static str {
        match self {
            NotSent::InvalidRequest => "invalid_request",
            NotSent::Resolve => "resolve",
            NotSent::AddressRefused => "address_refused",
            NotSent::Connect => "connect",
            NotSent::ConnectTimeout => "connect_timeout",
            NotSent::Tls => "tls",
            NotSent::Closed => "closed",
        }
    }
}

/// Why the outcome is unknown.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
pub enum Unknown {
    /// No whole answer within the request timeout.
    #[error("no whole answer in time")]
    Timeout,
    /// The connection ended before an answer's head.
    #[error("the connection was closed before an answer")]
    ClosedBeforeAnswer,
    /// The connection ended within an answer's body.
    #[error("the connection was closed within the answer")]
    ClosedMidAnswer,
    /// The answer is not HTTP/1.
    #[error("the answer is not HTTP/1")]
    NotHttp,
    /// The answer's body is longer than the cap.
    #[error("the answer is longer than the cap")]
    AnswerTooLarge,
}

impl Unknown {
    /// A short name for metrics and the ledger.
    pub const fn name(self) -> &'static str {
        match self {
            Unknown::Timeout => "timeout",
            Unknown::ClosedBeforeAnswer => "closed_before_answer",
            Unknown::ClosedMidAnswer => "closed_mid_answer",
            Unknown::NotHttp => "not_http",
            Unknown::AnswerTooLarge => "answer_too_large",
        }
    }
}

/// A setting that cannot be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OutboundError {
    /// Not a base URL.
    #[error(
        "not a base URL: write http:// or https://, a host, an optional port and an optional path, and nothing else"
    )]
    Endpoint,
    /// Not the address of a stream.
    #[error("not the address of a stream: write tls:// or tcp://, a host, a port, and nothing else")]
    Stream,
    /// Not an address range.
    #[error("not an address range: write an address or address/prefix as 10.0.0.0/8 or fd00::/8")]
    Cidr,
    /// Extra roots that cannot be read.
    #[error("the extra root certificates are not PEM certificates")]
    ExtraRoots,
}

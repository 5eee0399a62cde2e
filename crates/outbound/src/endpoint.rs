//! A base URL, parsed once. It is shown as scheme and host only: paths and ports may be telling, and a path can hold a token.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use rustls_pki_types::ServerName;

use crate::OutboundError;

/// Where requests go.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    tls: bool,
    host: Arc<str>,
    port: u16,
    path: Arc<str>,
}

impl Endpoint {
    /// Reads `http(s)://host[:port][/path]`. No user, query or fragment: none of them belongs to a base URL, and the first holds
    /// secrets.
    pub fn parse(text: &str) -> Result<Endpoint, OutboundError> {
        let (tls, rest) = if let Some(rest) = text.strip_prefix("https://") {
            (true, rest)
        } else if let Some(rest) = text.strip_prefix("http://") {
            (false, rest)
        } else {
            return Err(OutboundError::Endpoint);
        };
        if !rest.bytes().all(|b| b.is_ascii_graphic()) || rest.contains(['@', '?', '#', '\\']) {
            return Err(OutboundError::Endpoint);
        }
        let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let (host, port) = split_port(authority)?;
        let host = host.to_ascii_lowercase();
        // Also says that it is a host name or an address at all.
        ServerName::try_from(host.as_str()).map_err(|_| OutboundError::Endpoint)?;
        let port = match port {
            None => {
                if tls {
                    443
                } else {
                    80
                }
            }
            Some(text) => text.parse().ok().filter(|port| *port != 0).ok_or(OutboundError::Endpoint)?,
        };
        Ok(Endpoint { tls, host: host.into(), port, path: path.into() })
    }

    /// Reads `tcp://host:port` or `tls://host:port`: a stream of bytes without a protocol of ours above it.
    pub fn parse_stream(text: &str) -> Result<Endpoint, OutboundError> {
        let (tls, rest) = match (text.strip_prefix("tls://"), text.strip_prefix("tcp://")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => return Err(OutboundError::Stream),
        };
        let scheme = if tls { "https" } else { "http" };
        let endpoint = Endpoint::parse(&format!("{scheme}://{rest}")).map_err(|_| OutboundError::Stream)?;
        // There is no usual port, and no path.
        let has_port = split_port(rest).is_ok_and(|(_, port)| port.is_some());
        if has_port && endpoint.path.is_empty() { Ok(endpoint) } else { Err(OutboundError::Stream) }
    }

    /// Whether connections use TLS.
    pub fn is_tls(&self) -> bool {
        self.tls
    }

    /// The host name or address, lower-case, an IPv6 address without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The path before every request's own, without a slash at its end.
    pub(crate) fn base_path(&self) -> &str {
        self.path.trim_end_matches('/')
    }

    /// The path as it was written, for requests to the endpoint itself.
    pub(crate) fn own_path(&self) -> &str {
        if self.path.is_empty() { "/" } else { &self.path }
    }

    /// Whether it has no path of its own.
    pub fn is_bare(&self) -> bool {
        self.base_path().is_empty()
    }

    pub(crate) fn server_name(&self) -> Option<ServerName<'static>> {
        ServerName::try_from(self.host.to_string()).ok()
    }

    /// The value of the `Host` header.
    pub fn host_header(&self) -> String {
        let port = if self.port == if self.tls { 443 } else { 80 } { String::new() } else { format!(":{}", self.port) };
        if self.host.contains(':') { format!("[{}]{port}", self.host) } else { format!("{}{port}", self.host) }
    }
}

fn split_port(authority: &str) -> Result<(&str, Option<&str>), OutboundError> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or(OutboundError::Endpoint)?;
        return match (host.contains(':'), rest.strip_prefix(':')) {
            (true, Some(port)) => Ok((host, Some(port))),
            (true, None) if rest.is_empty() => Ok((host, None)),
            _ => Err(OutboundError::Endpoint),
        };
    }
    match authority.split_once(':') {
        None => Ok((authority, None)),
        Some((host, port)) if !port.contains(':') => Ok((host, Some(port))),
        Some(_) => Err(OutboundError::Endpoint),
    }
}

impl FromStr for Endpoint {
    type Err = OutboundError;

    fn from_str(text: &str) -> Result<Endpoint, OutboundError> {
        Endpoint::parse(text)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]", self.host)
        } else {
            write!(f, "{scheme}://{}", self.host)
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls_are_read_and_shown_as_scheme_and_host() {
        for (text, host_header, path, shown) in [
            ("https://api.mixpanel.com", "api.mixpanel.com", "", "https://api.mixpanel.com"),
            ("https://API.mixpanel.com:443/", "api.mixpanel.com", "", "https://api.mixpanel.com"),
            ("http://127.0.0.1:9900/in/tok/", "127.0.0.1:9900", "/in/tok", "http://127.0.0.1"),
            ("https://[::1]:8443/x", "[::1]:8443", "/x", "https://[::1]"),
            ("http://localhost:80", "localhost", "", "http://localhost"),
        ] {
            let endpoint = Endpoint::parse(text).unwrap();
            assert_eq!(endpoint.host_header(), host_header);
            assert_eq!(endpoint.base_path(), path);
            assert_eq!(endpoint.to_string(), shown);
            assert_eq!(format!("{endpoint:?}"), format!("Endpoint({shown})"));
        }
    }

    #[test]
    fn the_address_of_a_stream_has_a_port_and_no_path() {
        for (text, tls, host, port) in [
            ("tcp://127.0.0.1:601", false, "127.0.0.1", 601),
            ("tls://SIEM.example.com:6514", true, "siem.example.com", 6_514),
            ("tls://[::1]:6514", true, "::1", 6_514),
        ] {
            let endpoint = Endpoint::parse_stream(text).unwrap();
            assert_eq!((endpoint.is_tls(), endpoint.host(), endpoint.port()), (tls, host, port));
        }
        for text in [
            "",
            "tls://a.b",
            "tcp://a.b:",
            "tcp://a.b:1/x",
            "tcp://a.b:1/",
            "udp://a.b:514",
            "https://a.b:1",
            "tls://u@a.b:1",
        ] {
            assert_eq!(Endpoint::parse_stream(text), Err(OutboundError::Stream), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_base_url_is_refused() {
        for text in [
            "",
            "api.mixpanel.com",
            "ftp://a.b",
            "https://",
            "https:///x",
            "https://user:pw@a.b",
            "https://a.b?x=1",
            "https://a.b#x",
            "https://a.b:0",
            "https://a.b:65536",
            "https://a.b:",
            "https://a b",
            "https://a.b/ü",
            "https://[::1",
            "https://[a.b]",
            "https://::1",
            "https://a.b\\c",
            "https://a..b",
            "HTTPS://a.b",
        ] {
            assert_eq!(Endpoint::parse(text), Err(OutboundError::Endpoint), "{text}");
        }
    }
}

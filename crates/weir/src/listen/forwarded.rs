//! D18: whose address a request comes from. Only a trusted proxy is believed, and of its list only the rightmost address that is
//! not itself a trusted proxy: everything left of it was written by the client.
//!
//! Where a proxy sends both `Forwarded` and `X-Forwarded-For` and they name different addresses, one of them came from the
//! client, and neither is believed.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use weir_detect::TruncatedAddress;

use super::Peer;
use crate::config::Cidr;

/// Addresses of one header that are looked at, from the right. Source: four layers of proxies, four times over.
const HOPS_MAX: usize = 16;

/// The peer of a request whose connection comes from `direct`.
pub(super) fn peer(direct: IpAddr, headers: &HeaderMap, trusted: &[Cidr]) -> Peer {
    if !is_trusted(direct, trusted) {
        return Peer { network: Some(TruncatedAddress::of(direct)), by_proxy: false };
    }
    let listed = rightmost(headers, "x-forwarded-for", trusted, address);
    let forwarded = rightmost(headers, "forwarded", trusted, forwarded_for);
    let named = match (listed, forwarded) {
        (Named::No, Named::No) => return Peer { network: Some(TruncatedAddress::of(direct)), by_proxy: false },
        (Named::Address(a), Named::No) | (Named::No, Named::Address(a)) => Some(a),
        (Named::Address(a), Named::Address(b)) if a == b => Some(a),
        _ => None,
    };
    Peer { network: named.map(TruncatedAddress::of), by_proxy: true }
}

fn is_trusted(address: IpAddr, trusted: &[Cidr]) -> bool {
    trusted.iter().any(|range| range.contains(address))
}

enum Named {
    /// There is no such header.
    No,
    Address(IpAddr),
    /// There is one, and it cannot be believed.
    Unknown,
}

fn rightmost(headers: &HeaderMap, name: &str, trusted: &[Cidr], read: fn(&str) -> Option<IpAddr>) -> Named {
    let mut lines = headers.get_all(name).iter().collect::<Vec<_>>();
    if lines.is_empty() {
        return Named::No;
    }
    let mut last = None;
    let mut hops = 0;
    // A further header line continues the list (RFC 9110, 5.3).
    while let Some(line) = lines.pop() {
        let Ok(line) = line.to_str() else { return Named::Unknown };
        for element in line.rsplit(',') {
            hops += 1;
            let Some(address) = read(element.trim()).filter(|_| hops <= HOPS_MAX) else { return Named::Unknown };
            if !is_trusted(address, trusted) {
                return Named::Address(address.to_canonical());
            }
            last = Some(address.to_canonical());
        }
    }
    // Only proxies of ours are named: the request began at the first of them.
    last.map_or(Named::Unknown, Named::Address)
}

/// An element of `X-Forwarded-For`: an address, with a port from some proxies.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|a| a.ip()))
}

/// An element of `Forwarded` (RFC 7239): the `for` parameter.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut found = None;
    for pair in element.split(';') {
        let (name, value) = pair.trim().split_once('=')?;
        if name.trim().eq_ignore_ascii_case("for") {
            let value = value.trim();
            found = address(value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    fn network(direct: &str, headers: &[(&str, &str)]) -> (Option<IpAddr>, bool) {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap());
        }
        let peer = peer(direct.parse().unwrap(), &map, &trusted);
        (peer.network.map(TruncatedAddress::network), peer.by_proxy)
    }

    fn ip(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn d18_a_stranger_is_never_believed() {
        let headers = [("X-Forwarded-For", "203.0.113.7"), ("Forwarded", "for=203.0.113.7")];
        assert_eq!(network("198.51.100.9", &headers), (ip("198.51.100.0"), false));
    }

    #[test]
    fn d18_of_a_trusted_proxys_list_the_rightmost_stranger_counts() {
        for (headers, want) in [
            (vec![("X-Forwarded-For", "203.0.113.7")], ip("203.0.113.0")),
            (vec![("X-Forwarded-For", "1.2.3.4, 203.0.113.7, 10.0.0.2")], ip("203.0.113.0")),
            (vec![("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-For", "203.0.113.7")], ip("203.0.113.0")),
            (vec![("X-Forwarded-For", "203.0.113.7:4711")], ip("203.0.113.0")),
            (vec![("X-Forwarded-For", "junk, 203.0.113.7")], ip("203.0.113.0")),
            (vec![("X-Forwarded-For", "203.0.113.7, junk")], None),
            (vec![("X-Forwarded-For", "10.9.9.9, 10.0.0.2")], ip("10.9.9.0")),
            (vec![("Forwarded", "for=1.2.3.4, for=\"[2001:db8:1:2::3]:80\";proto=https")], ip("2001:db8:1::")),
            (vec![("Forwarded", "for=_hidden")], None),
            (vec![("Forwarded", "for=203.0.113.7"), ("X-Forwarded-For", "203.0.113.7")], ip("203.0.113.0")),
            (vec![("Forwarded", "for=1.2.3.4"), ("X-Forwarded-For", "203.0.113.7")], None),
            (vec![("X-Forwarded-For", "::ffff:203.0.113.7")], ip("203.0.113.0")),
        ] {
            assert_eq!(network("10.0.0.1", &headers), (want, true), "{headers:?}");
        }
    }

    #[test]
    fn a_trusted_proxy_that_names_nobody_is_the_peer() {
        assert_eq!(network("10.0.0.1", &[]), (ip("10.0.0.0"), false));
    }

    proptest! {
        #[test]
        fn what_a_client_writes_before_the_proxys_entry_changes_nothing(junk in "[ -+--~]{0,60}") {
            let list = format!("{junk}, 203.0.113.7");
            prop_assert_eq!(network("10.0.0.1", &[("X-Forwarded-For", &list)]), (ip("203.0.113.0"), true));
        }
    }
}

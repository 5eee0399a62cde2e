//! D18: the country of a truncated address, from a table that is compiled in.
//!
//! `data/country.bin`, made by `examples/make_country_table.rs`; numbers are little-endian unless said otherwise:
//!
//! | bytes | what |
//! |---|---|
//! | 4 | `WCTY` |
//! | 2 | format version, 1 |
//! | 2 | number of countries `c`, at most 255 |
//! | 4 | day the data was published, as the number `YYYYMMDD`; 0 for an empty table |
//! | 4 | number of IPv4 ranges `n` |
//! | 4 | number of IPv6 ranges `m` |
//! | 2 · c | countries, two upper-case ASCII letters each; index 1 is the first, index 0 is unknown |
//! | 4 · n | IPv4 ranges: first /24 (3 bytes, big-endian), country index (1 byte); ascending |
//! | 7 · m | IPv6 ranges: first /48 (6 bytes, big-endian), country index (1 byte); ascending |
//!
//! A range ends where the next begins. Nothing follows the last. A table that does not read as this answers `UNKNOWN`.

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

/// The table that is compiled in. `data/README.md` says where its data comes from.
static TABLE: &[u8] = include_bytes!("../data/country.bin");

/// The country of a network; `UNKNOWN` where the table has none.
pub fn look_up(address: TruncatedAddress) -> Region {
    Table::read(TABLE).map_or(Region::UNKNOWN, |table| table.look_up(address))
}

/// The day that the table's data was published, as the number `YYYYMMDD`; `None` where the table is empty, so that every
/// answer is `UNKNOWN`.
pub fn published() -> Option<u32> {
    Table::read(TABLE).filter(|table| table.v4.len() + table.v6.len() > 0).map(|table| table.published)
}

/// A table read in place.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    published: u32,
    countries: &'a [u8],
    v4: &'a [u8],
    v6: &'a [u8],
}

const HEADER_BYTES: usize = 20;
const V4_BYTES: usize = 4;
const V6_BYTES: usize = 7;

impl<'a> Table<'a> {
    /// Reads the header; `None` for anything but a whole table of version 1.
    pub fn read(bytes: &'a [u8]) -> Option<Table<'a>> {
        let (header, rest) = bytes.split_at_checked(HEADER_BYTES)?;
        let number = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let countries = usize::from(u16::from_le_bytes([header[6], header[7]]));
        if &header[..4] != b"WCTY" || header[4..6] != [1, 0] || countries > 255 {
            return None;
        }
        let (countries, rest) = rest.split_at_checked(2 * countries)?;
        let (v4, v6) = rest.split_at_checked(V4_BYTES.checked_mul(number(12) as usize)?)?;
        let whole = v6.len() == V6_BYTES.checked_mul(number(16) as usize)?;
        whole.then_some(Table { published: number(8), countries, v4, v6 })
    }

    /// The country of a network.
    pub fn look_up(&self, address: TruncatedAddress) -> Region {
        let index = match address.0 {
            Truncated::V4(prefix) => range_of::<3, V4_BYTES>(self.v4, u64::from(prefix)),
            Truncated::V6(prefix) => range_of::<6, V6_BYTES>(self.v6, prefix),
        };
        let Some(at) = index.checked_sub(1).map(|i| 2 * usize::from(i)) else { return Region::UNKNOWN };
        match self.countries.get(at..at + 2) {
            Some([a, b]) if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Region([*a, *b]),
            _ => Region::UNKNOWN,
        }
    }
}

/// The country index of the last range that begins at or before `prefix`; 0 where there is none.
fn range_of<const KEY: usize, const ENTRY: usize>(entries: &[u8], prefix: u64) -> u8 {
    let entry = |i: usize| &entries[i * ENTRY..(i + 1) * ENTRY];
    let first = |i: usize| entry(i)[..KEY].iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    let (mut low, mut high) = (0, entries.len() / ENTRY);
    while low < high {
        let middle = (low + high) / 2;
        if first(middle) <= prefix {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low.checked_sub(1).map_or(0, |i| entry(i)[KEY])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truncated(text: &str) -> TruncatedAddress {
        TruncatedAddress::of(text.parse().expect("an address"))
    }

    #[test]
    fn d18_the_last_bits_are_gone() {
        assert_eq!(truncated("203.0.113.7").network().to_string(), "203.0.113.0");
        assert_eq!(truncated("::ffff:203.0.113.7").network().to_string(), "203.0.113.0");
        assert_eq!(truncated("2001:db8:1:2:3::4").network().to_string(), "2001:db8:1::");
        assert_eq!(truncated("203.0.113.7"), truncated("203.0.113.250"));
    }

    #[test]
    fn d18_ranges_are_found_at_their_ends() {
        let mut bytes = b"WCTY\x01\x00\x02\x00".to_vec();
        bytes.extend([0_u32, 3, 1].iter().flat_map(|n| n.to_le_bytes()));
        bytes.extend(b"DEFR");
        bytes.extend([10, 0, 0, 1, 10, 0, 2, 0, 10, 0, 9, 2]);
        bytes.extend([0x20, 0x01, 0x0d, 0xb8, 0, 0, 2]);
        let table = Table::read(&bytes).expect("a table");
        let code = |text: &str| table.look_up(truncated(text)).code().map(str::to_owned);
        assert_eq!(code("9.255.255.255"), None);
        assert_eq!(code("10.0.0.0").as_deref(), Some("DE"));
        assert_eq!(code("10.0.1.255").as_deref(), Some("DE"));
        assert_eq!(code("10.0.2.1"), None);
        assert_eq!(code("10.0.9.1").as_deref(), Some("FR"));
        assert_eq!(code("2001:db8::1").as_deref(), Some("FR"));
        assert_eq!(code("2001:db7::1"), None);
        for cut in 0..bytes.len() {
            assert!(Table::read(&bytes[..cut]).is_none(), "cut at {cut}");
        }
    }

    #[test]
    fn the_embedded_table_reads() {
        assert!(Table::read(TABLE).is_some());
    }
}

//! Makes the country table: `cargo run -p weir-detect --example make_country_table -- V4.csv V6.csv YYYYMMDD OUT`.
//!
//! The CSVs have lines `first address,last address,country` with addresses as text, ascending, without overlaps. Ranges are aligned
//! to /24 and /48 (a network with two countries goes to the one that covers most of it), neighbours of one country are merged, and
//! gaps become ranges of no country. The bytes are described in `src/country.rs`.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [v4, v6, published, out] = arguments.as_slice() else {
        return fail("give the IPv4 CSV, the IPv6 CSV, the day as YYYYMMDD and the file to write");
    };
    match make(v4, v6, published).and_then(|bytes| std::fs::write(out, bytes).map_err(|e| format!("{out}: {e}"))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => fail(&message),
    }
}

#[expect(clippy::print_stderr, reason = "a tool that people run")]
fn fail(message: &str) -> ExitCode {
    eprintln!("{message}");
    ExitCode::FAILURE
}

fn make(v4: &str, v6: &str, published: &str) -> Result<Vec<u8>, String> {
    let published: u32 = published.parse().map_err(|_| "the day is not YYYYMMDD".to_owned())?;
    let read = |path: &str| std::fs::read_to_string(path).map_err(|e| format!("{path}: {e}"));
    let mut countries = BTreeMap::new();
    let v4 = ranges(&read(v4)?, 8, &mut countries, |a| a.parse::<Ipv4Addr>().ok().map(|a| u128::from(u32::from(a))))?;
    let v6 = ranges(&read(v6)?, 80, &mut countries, |a| a.parse::<Ipv6Addr>().ok().map(u128::from))?;
    let mut bytes = b"WCTY\x01\x00".to_vec();
    let count = u16::try_from(countries.len()).ok().filter(|n| *n <= 255).ok_or("more than 255 countries")?;
    bytes.extend(count.to_le_bytes());
    for number in [published, v4.len() as u32, v6.len() as u32] {
        bytes.extend(number.to_le_bytes());
    }
    let mut codes: Vec<_> = countries.iter().map(|(code, index)| (*index, *code)).collect();
    codes.sort_unstable();
    bytes.extend(codes.iter().flat_map(|(_, code)| *code));
    for (first, country) in v4 {
        bytes.extend(&first.to_be_bytes()[13..]);
        bytes.push(country);
    }
    for (first, country) in v6 {
        bytes.extend(&first.to_be_bytes()[10..]);
        bytes.push(country);
    }
    Ok(bytes)
}

/// A stretch of networks of one country, whole ones or a part of a single one.
struct Piece {
    first: u128,
    last: u128,
    country: u8,
    /// How many addresses of a single network it covers.
    covered: u128,
}

/// (First network, country index), merged; index 0 for gaps.
fn ranges(
    csv: &str,
    cut_bits: u32,
    countries: &mut BTreeMap<[u8; 2], u8>,
    parse: impl Fn(&str) -> Option<u128>,
) -> Result<Vec<(u128, u8)>, String> {
    let mut pieces = Vec::new();
    let mut previous_last = None;
    for (number, line) in csv.lines().enumerate() {
        let wrong = || format!("line {}: not `first,last,CC` in ascending order", number + 1);
        let mut fields = line.split(',');
        let (Some(first), Some(last), Some(code)) = (fields.next(), fields.next(), fields.next()) else {
            return Err(wrong());
        };
        let (Some(first), Some(last)) = (parse(first), parse(last)) else { return Err(wrong()) };
        let &[a @ b'A'..=b'Z', b @ b'A'..=b'Z'] = code.trim().as_bytes() else { return Err(wrong()) };
        if first > last || previous_last.is_some_and(|previous| first <= previous) {
            return Err(wrong());
        }
        previous_last = Some(last);
        let next = u8::try_from(countries.len() + 1).map_err(|_| "more than 255 countries".to_owned())?;
        let country = *countries.entry([a, b]).or_insert(next);
        cut(first, last, cut_bits, country, &mut pieces);
    }
    Ok(merge(&pieces))
}

/// Cuts a range at its first and last network, which it may share with its neighbours.
fn cut(first: u128, last: u128, cut_bits: u32, country: u8, pieces: &mut Vec<Piece>) {
    let (from, to) = (first >> cut_bits, last >> cut_bits);
    let network_last = |network: u128| (network << cut_bits) + (1 << cut_bits) - 1;
    let mut add = |first: u128, last: u128, covered: u128| pieces.push(Piece { first, last, country, covered });
    add(from, from, last.min(network_last(from)) - first + 1);
    if to > from + 1 {
        add(from + 1, to - 1, 1 << cut_bits);
    }
    if to > from {
        add(to, to, last - (to << cut_bits) + 1);
    }
}

/// Gives each network to the country that covers most of it and joins neighbours.
fn merge(pieces: &[Piece]) -> Vec<(u128, u8)> {
    let mut out: Vec<(u128, u8)> = Vec::new();
    let mut end = 0;
    for same_network in pieces.chunk_by(|a, b| a.first == b.first) {
        let mut shares = BTreeMap::<u8, u128>::new();
        for piece in same_network {
            *shares.entry(piece.country).or_default() += piece.covered;
        }
        let country = shares.into_iter().max_by_key(|(_, covered)| *covered).map_or(0, |(country, _)| country);
        let (first, last) = (same_network[0].first, same_network[0].last);
        for (start, country) in [(end, 0), (first, country)] {
            let is_gap = country == 0;
            if !(is_gap && first == end) && out.last().is_none_or(|(_, before)| *before != country) {
                out.push((start, country));
            }
        }
        end = last + 1;
    }
    out.push((end, 0));
    out
}

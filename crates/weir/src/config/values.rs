//! The small values of a configuration: durations, sizes, address ranges, origins, paths.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use weir_event::{Category, Millis};
use weir_outbound::Cidr;

/// `7d`, `72h`, `90m`, `30s`, `250ms`, in milliseconds. `None` for anything else: a bare number has no unit.
pub(crate) fn duration(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let factor = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(factor)
}

/// `2027-03-31`: the instant at which that day begins in UTC.
/// A category by its key, in whole.
pub(crate) fn category(key: &str) -> Option<Category> {
    Category::ALL.into_iter().find(|category| category.key() == key)
}

/// The instant of a day's begin, UTC.
pub(crate) fn day(text: &str) -> Option<Millis> {
    let begin = Millis::from_rfc3339(&format!("{text}T00:00:00Z"))?;
    // A day that no month has reads as one of the next month.
    (begin.to_rfc3339().get(..10) == Some(text)).then_some(begin)
}

/// Who answers for something: one line of at most 100 characters.
pub(crate) fn is_owner(text: &str) -> bool {
    (1..=100).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

/// `64MiB`, `10 GiB`, `512KiB`, `100B` in bytes. `MB` and the like are refused: they would be read both ways.
pub(crate) fn size(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let shift = match unit {
        "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        "TiB" => 40,
        _ => return None,
    };
    number.checked_mul(1 << shift)
}

/// `0.1`, `.25`, `1` in millionths, exactly; `None` for nothing at all, for more than 1 and for more than six digits behind the point.
pub(crate) fn share(text: &str) -> Option<u32> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let are_digits = |t: &str, most: usize| t.len() <= most && t.bytes().all(|b| b.is_ascii_digit());
    if !are_digits(whole, 1) || !are_digits(part, 6) || (whole.is_empty() && part.is_empty()) {
        return None;
    }
    let millionths = format!("{whole}{part:0<6}").parse().ok()?;
    weir_policy::Share::from_millionths(millionths).map(weir_policy::Share::millionths)
}

/// `10%`, `0.5%`, in millionths: above none, at most all. At most four digits after the point.
pub(crate) fn percent(text: &str) -> Option<u32> {
    let text = text.strip_suffix('%')?;
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let are_digits = |t: &str, most: usize| (1..=most).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_digit());
    if !are_digits(whole, 3) || !are_digits(part, 4) {
        return None;
    }
    let millionths: u32 = format!("{whole}{part:0<4}").parse().ok()?;
    (1..=1_000_000).contains(&millionths).then_some(millionths)
}

/// The shortest text that [`percent`] reads back as `millionths`.
pub(crate) fn percent_text(millionths: u32) -> String {
    let text = format!("{}.{:04}", millionths / 10_000, millionths % 10_000);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

fn split(text: &str) -> Option<(u64, &str)> {
    let end = text.bytes().position(|b| !b.is_ascii_digit())?;
    Some((text.get(..end)?.parse().ok()?, text.get(end..)?.trim_start()))
}

/// The shortest text that [`duration`] reads back as `millis`.
pub(crate) fn duration_text(millis: u64) -> String {
    for (factor, unit) in [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")] {
        if millis != 0 && millis.is_multiple_of(factor) {
            return format!("{}{unit}", millis / factor);
        }
    }
    format!("{millis}ms")
}

/// The shortest text that [`size`] reads back as `bytes`.
pub(crate) fn size_text(bytes: u64) -> String {
    for (shift, unit) in [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")] {
        if bytes != 0 && bytes.is_multiple_of(1 << shift) {
            return format!("{}{unit}", bytes >> shift);
        }
    }
    format!("{bytes}B")
}

/// A range whose bits beyond the prefix are zero, so that a slip of the pen is seen.
pub(crate) fn cidr(text: &str) -> Option<Cidr> {
    let cidr = text.parse().ok()?;
    let (address, prefix) = text.split_once('/').unwrap_or((text, "128"));
    let address: IpAddr = address.parse().ok().filter(|_| prefix.bytes().all(|b| b.is_ascii_digit()))?;
    (truncate(address, prefix.parse().ok()?) == address).then_some(cidr)
}

/// `address` with all bits beyond the first `prefix` set to zero.
fn truncate(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & mask))
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix.min(128))).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & mask))
        }
    }
}

/// Scheme, host and port of a place that requests go to, with an optional path before every request's own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin {
    text: String,
    scheme_end: usize,
    host_end: usize,
}

impl Origin {
    /// An http or https URL without user, query or fragment.
    pub fn parse(text: &str) -> Option<Origin> {
        let scheme_end = if text.starts_with("https://") {
            8
        } else if text.starts_with("http://") {
            7
        } else {
            return None;
        };
        let rest = &text[scheme_end..];
        let authority = rest.split('/').next()?;
        let plain =
            text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'?' | b'#' | b'@' | b'\\' | b'"' | b'<' | b'>'));
        let (host, port) = split_port(authority)?;
        let host_ok = match host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
            Some(v6) => v6.parse::<Ipv6Addr>().is_ok(),
            None => {
                // The same host by another text would be nobody's in the list of vendors' hosts.
                !host.is_empty()
                    && !host.ends_with('.')
                    && host.len() <= 253
                    && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
            }
        };
        let port_ok = port.is_none_or(|p| p.parse::<u16>().is_ok_and(|p| p != 0));
        // A slash behind a path means something to some servers; one behind the host says nothing.
        let text = if rest.len() == authority.len() + 1 { &text[..text.len() - 1] } else { text }.to_owned();
        (plain && host_ok && port_ok).then(|| Origin { text, scheme_end, host_end: scheme_end + host.len() })
    }

    /// As written, without a slash right behind the host.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is https.
    pub fn is_secure(&self) -> bool {
        self.scheme_end == 8
    }

    /// The host, lower-case; an IPv6 address keeps its brackets.
    pub fn host(&self) -> String {
        self.text[self.scheme_end..self.host_end].to_ascii_lowercase()
    }
}

fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    if authority.starts_with('[') {
        let end = authority.find(']')? + 1;
        return match &authority[end..] {
            "" => Some((authority, None)),
            port => Some((&authority[..end], Some(port.strip_prefix(':')?))),
        };
    }
    Some(authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))))
}

/// Whether `text` is a property path (D1): clean keys joined by `.`, with `\` before `.`, `*` and `\` inside a key.
pub(crate) fn is_path(text: &str) -> bool {
    if text.is_empty() || text.len() > 1_000 {
        return false;
    }
    let mut key = String::new();
    let mut keys = 0;
    let mut chars = text.chars();
    let mut star = false;
    let key_ok = |key: &str, star: bool| star && key.is_empty() || !star && weir_event::names::has_clean_class(key);
    loop {
        match chars.next() {
            None => {
                keys += 1;
                return keys <= weir_event::limits::JSON_DEPTH_MAX && key_ok(&key, star);
            }
            Some('.') => {
                keys += 1;
                if !key_ok(&key, star) {
                    return false;
                }
                key.clear();
                star = false;
            }
            Some('*') if !star && key.is_empty() => star = true,
            Some('*') => return false,
            Some('\\') => match chars.next() {
                Some(c @ ('.' | '*' | '\\')) => key.push(if c == '*' || c == '\\' { '_' } else { c }),
                // `\profile` at the start is an event property of that name (D1).
                Some(c) if keys == 0 && key.is_empty() => key.push(c),
                _ => return false,
            },
            Some(c) => key.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_duration_and_a_size_need_their_unit() {
        assert_eq!(duration("7d"), Some(604_800_000));
        assert_eq!(duration("250ms"), Some(250));
        assert_eq!(size("64MiB"), Some(67_108_864));
        assert_eq!(size("10 GiB"), Some(10 << 30));
        for bad in ["", "7", "d", "7 days", "-1d", "1.5h", "7D", "99999999999999999999d", "200000000000000000d"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
        for bad in ["64MB", "64M", "64", "MiB", "18446744073709551615KiB"] {
            assert_eq!(size(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(n in 0..u64::MAX / 2) {
            prop_assert_eq!(duration(&duration_text(n)), Some(n));
            prop_assert_eq!(size(&size_text(n)), Some(n));
        }

        #[test]
        fn an_address_is_in_its_own_truncation(bits in any::<u128>(), prefix in 0..=128_u8) {
            let v6 = IpAddr::V6(Ipv6Addr::from_bits(bits));
            prop_assume!(v6.to_canonical().is_ipv6());
            let range = truncate(v6, prefix);
            let cidr = cidr(&format!("{range}/{prefix}")).unwrap();
            prop_assert!(cidr.contains(v6));
        }

        #[test]
        fn no_text_makes_a_check_panic(text in ".{0,40}") {
            let _ = (duration(&text), size(&text), cidr(&text), Origin::parse(&text), is_path(&text));
        }
    }

    #[test]
    fn ranges_hold_what_they_say() {
        let ten = cidr("10.0.0.0/8").unwrap();
        assert!(ten.contains("10.255.1.2".parse().unwrap()));
        assert!(ten.contains("::ffff:10.1.1.1".parse().unwrap()), "mapped addresses are the address that they map");
        assert!(!ten.contains("11.0.0.0".parse().unwrap()));
        assert!(cidr("0.0.0.0/0").unwrap().contains("8.8.8.8".parse().unwrap()));
        for bad in ["10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/+8", "ten", "::/129", "1.2.3.4/"] {
            assert_eq!(cidr(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_origin_has_no_user_query_or_fragment() {
        let origin = Origin::parse("https://API-eu.mixpanel.com/").unwrap();
        assert_eq!((origin.host().as_str(), origin.is_secure()), ("api-eu.mixpanel.com", true));
        assert_eq!(Origin::parse("http://[::1]:9900/relay").unwrap().host(), "[::1]");
        for bad in
            ["ftp://a", "https://", "https://u@h", "https://h?x", "https://h:0", "https://h:x", "https://a b", "h"]
        {
            assert_eq!(Origin::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn d1_paths_are_clean_keys_joined_by_dots() {
        for good in
            ["plan", "cart.items.*.price", "profile.$email", "a\\.b", "\\profile.x", "group.company.plan", "été"]
        {
            assert!(is_path(good), "{good}");
        }
        for bad in ["", ".", "a.", ".a", "a..b", "a*", "*b", "utm_*", "a\\x", "tab\there", "ada@example.com"] {
            assert!(!is_path(bad), "{bad}");
        }
    }
}

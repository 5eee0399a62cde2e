//! Newtypes for every id. A bare `String` or `u64` never says whose id it is.

use std::fmt;
use std::sync::Arc;

/// The identity of one event inside Weir (D5): 16 bytes of a keyed hash of the SDK's own id, or random; never content.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(pub [u8; 16]);

impl EventId {
    /// Lower-case hex, 32 characters. An event id is keyed and not content, so it may be shown.
    pub fn to_hex(self) -> String {
        hex(&self.0)
    }

    /// Reads what [`EventId::to_hex`] wrote.
    pub fn from_hex(text: &str) -> Option<EventId> {
        unhex(text).map(EventId)
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventId({})", self.to_hex())
    }
}

/// The place of one event in the journal: a count from 0 that never repeats and never goes back.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct Offset(pub u64);

/// The first 8 bytes of the SHA-256 of a resolved configuration, plan and policy (D16).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct GenerationId(pub [u8; 8]);

impl GenerationId {
    /// Lower-case hex, 16 characters.
    pub fn to_hex(self) -> String {
        hex(&self.0)
    }

    /// Reads what [`GenerationId::to_hex`] wrote.
    pub fn from_hex(text: &str) -> Option<GenerationId> {
        unhex(text).map(GenerationId)
    }
}

/// As many bytes as are wanted, of twice as many hex digits, in lower or upper case.
pub fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut out = [0; N];
    // Digits alone: a number may begin with a sign.
    if text.len() != 2 * N || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    for (i, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok()?;
    }
    Some(out)
}

/// An ISO 3166-1 alpha-2 country, as two upper-case ASCII letters; `UNKNOWN` is a value of its own.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Region(pub [u8; 2]);

impl Region {
    /// No country is known for this event.
    pub const UNKNOWN: Region = Region([0, 0]);

    /// `None` for anything but two ASCII letters.
    pub fn parse(text: &str) -> Option<Region> {
        match text.as_bytes() {
            [a, b] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => {
                Some(Region([a.to_ascii_uppercase(), b.to_ascii_uppercase()]))
            }
            _ => None,
        }
    }

    /// The two letters, or `None` where unknown.
    pub fn code(&self) -> Option<&str> {
        if *self == Region::UNKNOWN { None } else { std::str::from_utf8(&self.0).ok() }
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code().unwrap_or("unknown"))
    }
}

/// Development, staging and production have keys of their own (`design.md`), so the same person has three tags.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Environment {
    /// A developer's machine.
    Development = 0,
    /// A rehearsal of production.
    Staging = 1,
    /// Real users.
    Production = 2,
}

impl Environment {
    /// All of them, in order of their stored number.
    pub const ALL: [Environment; 3] = [Environment::Development, Environment::Staging, Environment::Production];

    /// The name in configuration, metrics and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Environment::Development => "development",
            Environment::Staging => "staging",
            Environment::Production => "production",
        }
    }

    /// Reads [`Environment::name`].
    pub fn parse(text: &str) -> Option<Environment> {
        Environment::ALL.into_iter().find(|e| e.name() == text)
    }

    /// Reads the stored number.
    pub fn from_number(number: u8) -> Option<Environment> {
        Environment::ALL.into_iter().find(|e| *e as u8 == number)
    }
}

/// What is wrong with an id in a configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id is 1 to 40 of the characters a-z 0-9 _ - and begins with a letter")]
pub struct IdError;

fn checked(text: &str) -> Result<Arc<str>, IdError> {
    let bytes = text.as_bytes();
    let ok = (1..=40).contains(&bytes.len())
        && bytes[0].is_ascii_lowercase()
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'_' || *b == b'-');
    if ok { Ok(text.into()) } else { Err(IdError) }
}

/// The id of a source: chosen by the operator, shown in URLs, metrics and reports.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(Arc<str>);

/// The id of a destination: chosen by the operator, kept in the ledger after the destination has ended.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DestinationId(Arc<str>);

macro_rules! id_type {
    ($name:ident) => {
        impl $name {
            /// 1 to 40 of `a-z 0-9 _ -`, beginning with a letter.
            pub fn parse(text: &str) -> Result<$name, IdError> {
                checked(text).map($name)
            }

            /// The id as written in the configuration.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), &self.0)
            }
        }
    };
}
id_type!(SourceId);
id_type!(DestinationId);

/// Lower-case hex of any bytes that may be shown.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)] as char);
        out.push(DIGITS[usize::from(byte & 15)] as char);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_short_lower_case_and_begin_with_a_letter() {
        assert!(SourceId::parse("web").is_ok());
        assert!(SourceId::parse("web-2_eu").is_ok());
        for bad in ["", "2web", "Web", "we b", "wéb", &"a".repeat(41)] {
            assert_eq!(SourceId::parse(bad), Err(IdError), "{bad}");
        }
    }

    #[test]
    fn event_id_survives_hex() {
        let id = EventId([7; 16]);
        assert_eq!(EventId::from_hex(&id.to_hex()), Some(id));
        assert_eq!(EventId::from_hex("zz"), None);
        assert_eq!(EventId::from_hex(&"+7".repeat(16)), None, "a sign is no digit");
        let id = GenerationId([0, 1, 2, 3, 4, 5, 6, 0xff]);
        assert_eq!(GenerationId::from_hex(&id.to_hex()), Some(id));
        assert_eq!(GenerationId::from_hex("00ff"), None);
    }
}

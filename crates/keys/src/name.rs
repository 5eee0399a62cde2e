//! What a key is for. The text of a name is stored in the ring and bound to the wrapped key, so a key cannot be moved to another name.

use std::fmt;

use weir_event::{DestinationId, Environment};

use crate::KeysError;

/// The name of a key of the ring.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum KeyName {
    /// `event/<environment>`: turns SDK ids into event ids (D5).
    Event(Environment),
    /// `tag/<environment>`: turns ids into subject tags (D6).
    Tag(Environment),
    /// `insert/<destination>`: turns event ids into the vendor's insert ids (D5).
    Insert(DestinationId),
    /// `stable/<destination>`: pseudonyms that do not rotate.
    Stable(DestinationId),
    /// `epoch/<destination>/<number>`: pseudonyms of one epoch (D15).
    Epoch(DestinationId, u32),
    /// `raw/<day>`: raw ids received on one day, days since 1970 (D8).
    RawDay(u32),
}

impl KeyName {
    /// What such keys are for, as `weir keys list` shows it.
    pub fn purpose(&self) -> &'static str {
        match self {
            KeyName::Event(_) => "event ids",
            KeyName::Tag(_) => "subject tags",
            KeyName::Insert(_) => "insert ids",
            KeyName::Stable(_) => "stable pseudonyms",
            KeyName::Epoch(..) => "pseudonyms of an epoch",
            KeyName::RawDay(_) => "raw ids of a day",
        }
    }

    /// Whether such a key may be destroyed while the rest lives on.
    pub fn is_destroyable(&self) -> bool {
        matches!(self, KeyName::Stable(_) | KeyName::Epoch(..) | KeyName::RawDay(_))
    }

    /// Reads the text of a name.
    pub fn parse(text: &str) -> Result<KeyName, KeysError> {
        let mut parts = text.split('/');
        let (kind, first, second) = (parts.next(), parts.next(), parts.next());
        let environment = |text: &str| Environment::parse(text).ok_or(KeysError::NotAKeyName);
        let destination = |text: &str| DestinationId::parse(text).map_err(|_| KeysError::NotAKeyName);
        let name = match (kind, first, second) {
            (Some("event"), Some(text), None) => KeyName::Event(environment(text)?),
            (Some("tag"), Some(text), None) => KeyName::Tag(environment(text)?),
            (Some("insert"), Some(text), None) => KeyName::Insert(destination(text)?),
            (Some("stable"), Some(text), None) => KeyName::Stable(destination(text)?),
            (Some("epoch"), Some(text), Some(n)) => KeyName::Epoch(destination(text)?, number(n)?),
            (Some("raw"), Some(n), None) => KeyName::RawDay(number(n)?),
            _ => return Err(KeysError::NotAKeyName),
        };
        if parts.next().is_some() { Err(KeysError::NotAKeyName) } else { Ok(name) }
    }
}

/// Only the one way in which [`KeyName`] writes a number, so that a name has one text.
fn number(text: &str) -> Result<u32, KeysError> {
    let number: u32 = text.parse().map_err(|_| KeysError::NotAKeyName)?;
    if number.to_string() == text { Ok(number) } else { Err(KeysError::NotAKeyName) }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyName::Event(environment) => write!(f, "event/{}", environment.name()),
            KeyName::Tag(environment) => write!(f, "tag/{}", environment.name()),
            KeyName::Insert(destination) => write!(f, "insert/{destination}"),
            KeyName::Stable(destination) => write!(f, "stable/{destination}"),
            KeyName::Epoch(destination, epoch) => write!(f, "epoch/{destination}/{epoch}"),
            KeyName::RawDay(day) => write!(f, "raw/{day}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_text_and_comes_back() {
        for text in
            ["event/production", "tag/staging", "insert/product", "stable/a-b_2", "epoch/product/4294967295", "raw/0"]
        {
            assert_eq!(KeyName::parse(text).unwrap().to_string(), text);
        }
        for bad in [
            "",
            "event",
            "event/prod",
            "insert/",
            "insert/A",
            "epoch/a",
            "epoch/a/-1",
            "epoch/a/01",
            "raw/+1",
            "raw/1/2",
            "epoch/a/1/2",
            "raw/4294967296",
        ] {
            assert!(KeyName::parse(bad).is_err(), "{bad}");
        }
    }
}

//! Readers of bytes from disk as plain functions, replayed on stable and run by libFuzzer. None may panic on any input.

use std::path::Path;

use crate::files::{self, HOLD_PRIVATE, HOLD_PUBLIC, LEDGER, MASTER};
use crate::ring::{Master, Ring};
use crate::{AeadKey, HoldPrivate, KeyName, SecretKey};

/// The ring and the small key files, with and without the check value; the names of keys; sealed and wrapped bytes.
pub fn fuzz_keys(data: &[u8]) {
    let secret = SecretKey::from_bytes([1; 32]);
    let master = Master::new(&secret);
    let path = Path::new("ring");
    let _ = Ring::decode(path, data, &master);
    if let Ok(ring) = Ring::parse(data) {
        // What parses is written back as it was and reads again.
        let bytes = ring.encode(&master);
        assert!(Ring::decode(path, &bytes, &master).is_ok());
        for name in ring.keys.keys() {
            let _ = ring.open(name, &master);
        }
    }
    for file in [&MASTER, &LEDGER, &HOLD_PRIVATE, &HOLD_PUBLIC] {
        let _ = files::decode_key(path, file, data);
    }
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(name) = KeyName::parse(text)
    {
        assert_eq!(name.to_string(), text);
    }
    let _ = master.unwrap("journal/v1", b"", data);
    let _ = AeadKey::new(&secret).open(0, b"", &mut data.to_vec());
    let _ = AeadKey::new(&secret).open_random(b"", &mut data.to_vec());
    if let Some(private) = HoldPrivate::from_secret(&secret) {
        let _ = private.open(b"", data);
    }
}

#[cfg(test)]
mod tests {
    use super::fuzz_keys;
    use crate::ring::{Master, Ring};
    use crate::{KeyName, SecretKey};
    use proptest::prelude::*;
    use weir_event::Millis;

    fn a_ring() -> Vec<u8> {
        let master = Master::new(&SecretKey::from_bytes([1; 32]));
        let mut ring = Ring::new([2; 32], [3; 32]);
        for day in 0..3 {
            ring.add(&KeyName::RawDay(day), Millis(5), &master).unwrap();
        }
        ring.destroy(&KeyName::RawDay(1), Millis(6)).unwrap();
        ring.encode(&master)
    }

    #[test]
    fn the_seeds_parse() {
        let bytes = a_ring();
        assert!(Ring::parse(&bytes[..bytes.len() - 32]).is_ok());
        fuzz_keys(&bytes[..bytes.len() - 32]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            fuzz_keys(&bytes);
        }

        #[test]
        fn a_damaged_ring_is_read_without_a_panic(at in any::<proptest::sample::Index>(), byte in any::<u8>(), cut in any::<proptest::sample::Index>()) {
            let mut bytes = a_ring();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            bytes.truncate(cut.index(bytes.len()) + 1);
            fuzz_keys(&bytes);
        }
    }
}

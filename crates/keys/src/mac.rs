//! HMAC-SHA256 (RFC 2104) with the key's two blocks compressed ahead, for the short inputs of ids: two to four compressions and
//! nothing else. Ring's HMAC spends about as much again beside its compressions (side by side on a busy machine, 16 bytes: 369 ns,
//! of which 140 are compressions), and ids are made several times for each event. Compression is RustCrypto's, which `hpke` brings
//! along; the result is held against ring's at every length.

use sha2::compress256;
use sha2::digest::generic_array::{GenericArray, typenum::U64};

use crate::SecretKey;

const BLOCK: usize = 64;
/// Inputs up to this are put together on the stack: an id of 300 bytes, its space and its kind.
const STACK_BYTES: usize = 6 * BLOCK;
/// The end mark and the length.
const PADDING_BYTES: usize = 9;
/// SHA-256's initial state: FIPS 180-4, 5.3.3.
const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// A key, ready to be used.
#[derive(Clone)]
pub(crate) struct MacKey {
    inner: [u32; 8],
    outer: [u32; 8],
}

impl MacKey {
    pub(crate) fn new(key: &SecretKey) -> MacKey {
        let state = |pad: u8| {
            let mut block = zeroize::Zeroizing::new([pad; BLOCK]);
            block.iter_mut().zip(key.bytes()).for_each(|(byte, key)| *byte ^= key);
            let mut state = INITIAL;
            compress(&mut state, &*block);
            state
        };
        MacKey { inner: state(0x36), outer: state(0x5c) }
    }

    /// The MAC of a message.
    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 32] {
        self.with_buffer(message.len(), |buffer| buffer[..message.len()].copy_from_slice(message))
    }

    /// The MAC of `lp` of each part, one after the other (D5).
    pub(crate) fn sign_lp(&self, parts: [&[u8]; 3]) -> [u8; 32] {
        let length = parts.iter().map(|part| 4 + part.len()).sum();
        self.with_buffer(length, |buffer| {
            let mut at = 0;
            for part in parts {
                // Ids are at most `limits::ID_BYTES_MAX` long, so none saturates.
                let length = u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes();
                buffer[at..at + 4].copy_from_slice(&length);
                buffer[at + 4..at + 4 + part.len()].copy_from_slice(part);
                at += 4 + part.len();
            }
        })
    }

    /// The MAC of the first `length` bytes of a zeroed buffer that `fill` writes.
    fn with_buffer(&self, length: usize, fill: impl FnOnce(&mut [u8])) -> [u8; 32] {
        let padded = (length + PADDING_BYTES).next_multiple_of(BLOCK);
        if padded == BLOCK {
            // Nearly all ids: to clear the larger one takes a tenth of what hashing does.
            let mut buffer = [0; BLOCK];
            fill(&mut buffer);
            self.finish(&mut buffer, length)
        } else if padded <= STACK_BYTES {
            let mut buffer = [0; STACK_BYTES];
            fill(&mut buffer);
            self.finish(&mut buffer[..padded], length)
        } else {
            let mut buffer = vec![0; padded];
            fill(&mut buffer);
            self.finish(&mut buffer, length)
        }
    }

    fn finish(&self, padded: &mut [u8], length: usize) -> [u8; 32] {
        let mut state = self.inner;
        pad(padded, length);
        compress(&mut state, padded);
        let mut block = [0; BLOCK];
        put(&state, &mut block);
        pad(&mut block, 32);
        state = self.outer;
        compress(&mut state, &block);
        let mut out = [0; 32];
        put(&state, &mut out);
        out
    }
}

/// SHA-256 of up to 119 bytes, which is one or two compressions: tree nodes and row leaves, where ring's digest spends about as
/// much again beside them. Longer messages do not compile.
pub fn sha256_short<const BYTES: usize>(message: &[u8; BYTES]) -> [u8; 32] {
    const { assert!(BYTES + PADDING_BYTES <= 2 * BLOCK) };
    let mut blocks = [0; 2 * BLOCK];
    let padded = (BYTES + PADDING_BYTES).next_multiple_of(BLOCK);
    blocks[..BYTES].copy_from_slice(message);
    blocks[BYTES] = 0x80;
    blocks[padded - 8..padded].copy_from_slice(&(BYTES as u64 * 8).to_be_bytes());
    let mut state = INITIAL;
    compress(&mut state, &blocks[..padded]);
    let mut out = [0; 32];
    put(&state, &mut out);
    out
}

/// Writes the end mark and the length in bits, the key's block included.
fn pad(padded: &mut [u8], length: usize) {
    padded[length] = 0x80;
    let end = padded.len();
    padded[end - 8..].copy_from_slice(&((BLOCK + length) as u64 * 8).to_be_bytes());
}

fn put(state: &[u32; 8], out: &mut [u8]) {
    for (bytes, word) in out.chunks_exact_mut(4).zip(state) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
}

fn compress(state: &mut [u32; 8], blocks: &[u8]) {
    // Two at a time: each call takes the state apart and puts it together again.
    let mut pairs = blocks.chunks_exact(2 * BLOCK);
    for pair in &mut pairs {
        compress256(state, &[0, BLOCK].map(|at| *GenericArray::<u8, U64>::from_slice(&pair[at..at + BLOCK])));
    }
    for block in pairs.remainder().chunks_exact(BLOCK) {
        compress256(state, std::slice::from_ref(GenericArray::<u8, U64>::from_slice(block)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ring::hmac;

    proptest! {
        #[test]
        fn every_length_gives_what_ring_gives(key in any::<[u8; 32]>(), message in proptest::collection::vec(any::<u8>(), 0..600)) {
            let expected = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), &message);
            let got = MacKey::new(&SecretKey::from_bytes(key)).sign(&message);
            prop_assert_eq!(&got[..], expected.as_ref());
        }
    }

    #[test]
    fn short_digests_are_those_of_ring() {
        fn check<const BYTES: usize>() {
            let message: [u8; BYTES] = std::array::from_fn(|i| i as u8 ^ 0xa5);
            let expected = ring::digest::digest(&ring::digest::SHA256, &message);
            assert_eq!(&sha256_short(&message)[..], expected.as_ref(), "{BYTES}");
        }
        for check in [check::<0>, check::<1>, check::<54>, check::<55>, check::<56>, check::<63>, check::<64>] {
            check();
        }
        for check in [check::<65>, check::<91>, check::<118>, check::<119>] {
            check();
        }
    }

    #[test]
    fn lengths_around_the_blocks_give_what_ring_gives() {
        let key = [7; 32];
        let (ours, theirs) = (MacKey::new(&SecretKey::from_bytes(key)), hmac::Key::new(hmac::HMAC_SHA256, &key));
        for length in (50..70).chain(115..135).chain(370..390) {
            let message = vec![0x80; length];
            assert_eq!(&ours.sign(&message)[..], hmac::sign(&theirs, &message).as_ref(), "{length}");
        }
    }
}

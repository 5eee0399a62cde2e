//! Key material in memory: hidden from `Debug`, wiped when dropped where we own the bytes, and the one cipher that uses it.

use std::cell::RefCell;
use std::fmt;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroize;

use crate::KeysError;

/// Fills `out` with random bytes of the operating system.
///
/// # Panics
/// Where the operating system has no random numbers. [`crate::Keys::open`] draws some first and reports an error, so a process
/// that came up has a source that works; going on without one would mean guessable keys.
pub fn random(out: &mut [u8]) {
    SystemRandom::new().fill(out).expect("the operating system gave random bytes at start and no longer does");
}

/// Random bytes drawn through a small buffer of this thread: one system call for 64 draws of 16 bytes. For ids and nonces, which
/// are public once used, not for keys.
pub(crate) fn random_buffered<const N: usize>() -> [u8; N] {
    const BYTES: usize = 1_024;
    thread_local! {
        static BUFFER: RefCell<(usize, [u8; BYTES])> = const { RefCell::new((BYTES, [0; BYTES])) };
    }
    BUFFER.with_borrow_mut(|(used, bytes)| {
        if *used + N > BYTES {
            random(bytes);
            *used = 0;
        }
        let mut out = [0; N];
        out.copy_from_slice(&bytes[*used..*used + N]);
        *used += N;
        out
    })
}

/// 32 secret bytes; wiped when dropped, never shown.
#[derive(Clone)]
pub struct SecretKey([u8; 32]);

impl SecretKey {
    /// A new random key.
    pub fn generate() -> SecretKey {
        let mut bytes = [0; 32];
        random(&mut bytes);
        SecretKey(bytes)
    }

    /// Takes over bytes that the caller has.
    pub fn from_bytes(bytes: [u8; 32]) -> SecretKey {
        SecretKey(bytes)
    }

    /// The bytes, for the one place that wraps them or hands them to a cipher.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Drop for SecretKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(hidden)")
    }
}

/// AES-256-GCM under one key. A nonce must never be used twice under a key: callers count (one counter per key, burnt even where
/// a write fails, D9), or let [`AeadKey::seal_random`] draw one.
pub struct AeadKey(LessSafeKey);

impl AeadKey {
    /// Bytes that sealing adds.
    pub const TAG_BYTES: usize = 16;
    /// Bytes that [`AeadKey::seal_random`] adds beyond the tag.
    pub const NONCE_BYTES: usize = NONCE_LEN;

    /// A cipher under `key`.
    pub fn new(key: &SecretKey) -> AeadKey {
        // Cannot fail: the key has the length that the algorithm wants.
        let key = UnboundKey::new(&AES_256_GCM, key.bytes()).expect("32 bytes are a key of AES-256");
        AeadKey(LessSafeKey::new(key))
    }

    /// Encrypts `in_out[from..]` in place and appends the tag. Nonce: 4 zero bytes, then `counter` big-endian.
    pub fn seal(&self, counter: u64, aad: &[u8], in_out: &mut Vec<u8>, from: usize) {
        self.seal_with(counter_nonce(counter), aad, in_out, from);
    }

    /// Opens what [`AeadKey::seal`] sealed, in place; the plain bytes are the front of `in_out`.
    pub fn open<'a>(&self, counter: u64, aad: &[u8], in_out: &'a mut [u8]) -> Result<&'a mut [u8], KeysError> {
        self.0
            .open_in_place(Nonce::assume_unique_for_key(counter_nonce(counter)), Aad::from(aad), in_out)
            .map_err(|_| KeysError::DoesNotOpen { what: "sealed bytes" })
    }

    /// Like [`AeadKey::seal`] with a random nonce, which is inserted before the encrypted bytes: for many small things under one
    /// key that no counter covers, as the raw ids of a day (D8). At 2^32 of them a repeat has a chance of 2^-33.
    pub fn seal_random(&self, aad: &[u8], in_out: &mut Vec<u8>, from: usize) {
        let nonce: [u8; NONCE_LEN] = random_buffered();
        let plain = in_out.len();
        in_out.extend_from_slice(&nonce);
        in_out[from..].rotate_right(NONCE_LEN);
        debug_assert_eq!(in_out.len(), plain + NONCE_LEN);
        self.seal_with(nonce, aad, in_out, from + NONCE_LEN);
    }

    /// Opens what [`AeadKey::seal_random`] sealed.
    pub fn open_random<'a>(&self, aad: &[u8], in_out: &'a mut [u8]) -> Result<&'a mut [u8], KeysError> {
        let does_not_open = KeysError::DoesNotOpen { what: "sealed bytes" };
        let Some((nonce, sealed)) = in_out.split_first_chunk_mut::<NONCE_LEN>() else { return Err(does_not_open) };
        self.0.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(aad), sealed).map_err(|_| does_not_open)
    }

    fn seal_with(&self, nonce: [u8; NONCE_LEN], aad: &[u8], in_out: &mut Vec<u8>, from: usize) {
        let nonce = Nonce::assume_unique_for_key(nonce);
        // Cannot fail: the only limit is 64 GiB for one message.
        let tag = self
            .0
            .seal_in_place_separate_tag(nonce, Aad::from(aad), &mut in_out[from..])
            .expect("a message is below the cipher's limit");
        in_out.extend_from_slice(tag.as_ref());
    }
}

impl fmt::Debug for AeadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AeadKey(hidden)")
    }
}

fn counter_nonce(counter: u64) -> [u8; NONCE_LEN] {
    let mut nonce = [0; NONCE_LEN];
    nonce[4..].copy_from_slice(&counter.to_be_bytes());
    nonce
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_sealed_opens_and_nothing_else_does(
            head in proptest::collection::vec(any::<u8>(), 0..20),
            plain in proptest::collection::vec(any::<u8>(), 0..300),
            aad in proptest::collection::vec(any::<u8>(), 0..40),
            counter in any::<u64>(),
            flip in any::<proptest::sample::Index>(),
        ) {
            let key = AeadKey::new(&SecretKey::from_bytes([7; 32]));
            let mut buffer = head.clone();
            buffer.extend_from_slice(&plain);
            key.seal(counter, &aad, &mut buffer, head.len());
            prop_assert_eq!(buffer.len(), head.len() + plain.len() + AeadKey::TAG_BYTES);
            prop_assert_eq!(&buffer[..head.len()], &head[..]);
            let mut sealed = buffer.split_off(head.len());

            let mut ours = sealed.clone();
            prop_assert_eq!(&*key.open(counter, &aad, &mut ours).unwrap(), &plain[..]);
            let mut damaged = sealed.clone();
            let at = flip.index(damaged.len());
            damaged[at] ^= 1;
            prop_assert!(key.open(counter, &aad, &mut damaged).is_err());
            prop_assert!(key.open(counter.wrapping_add(1), &aad, &mut sealed.clone()).is_err());
            prop_assert!(AeadKey::new(&SecretKey::from_bytes([8; 32])).open(counter, &aad, &mut sealed).is_err());
        }

        #[test]
        fn a_random_nonce_goes_before_the_sealed_bytes(plain in proptest::collection::vec(any::<u8>(), 0..300)) {
            let key = AeadKey::new(&SecretKey::from_bytes([7; 32]));
            let mut buffer = b"head".to_vec();
            buffer.extend_from_slice(&plain);
            key.seal_random(b"aad", &mut buffer, 4);
            prop_assert_eq!(&buffer[..4], b"head");
            prop_assert_eq!(buffer.len(), 4 + AeadKey::NONCE_BYTES + plain.len() + AeadKey::TAG_BYTES);
            prop_assert!(key.open_random(b"other", &mut buffer.clone()[4..]).is_err());
            prop_assert_eq!(&*key.open_random(b"aad", &mut buffer[4..]).unwrap(), &plain[..]);
        }
    }

    #[test]
    fn debug_hides_keys() {
        let key = SecretKey::from_bytes(*b"abcdefghijklmnopqrstuvwxyz012345");
        assert_eq!(format!("{key:?} {:?}", AeadKey::new(&key)), "SecretKey(hidden) AeadKey(hidden)");
    }

    #[test]
    fn short_sealed_bytes_do_not_open() {
        let key = AeadKey::new(&SecretKey::generate());
        assert!(key.open(0, b"", &mut []).is_err());
        assert!(key.open_random(b"", &mut [0; 11]).is_err());
        assert!(key.open_random(b"", &mut [0; 20]).is_err());
    }

    #[test]
    fn buffered_random_bytes_do_not_repeat() {
        let drawn: std::collections::HashSet<[u8; 16]> = (0..1_000).map(|_| random_buffered()).collect();
        assert_eq!(drawn.len(), 1_000);
    }
}

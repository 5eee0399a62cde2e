//! The hold key (D10): the gateway seals with the public half and cannot open what it sealed. HPKE base mode (RFC 9180),
//! DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305.
//!
//! Base mode does not say who sealed: whoever reads a sealed body trusts the log that holds it, not the seal.
//!
//! Sealed bytes, version 1: version u8 = 1 ‖ encapsulated key 32 ‖ ciphertext ‖ tag 16. `info` is `weir/hold/v1`.

use std::fmt;
use std::path::Path;

use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::rand_core::{CryptoRng, RngCore};
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};

use crate::files::{self, HOLD_PRIVATE, HOLD_PUBLIC};
use crate::{KeysError, SecretKey, random};

type Scheme = X25519HkdfSha256;

const INFO: &[u8] = b"weir/hold/v1";
const VERSION: u8 = 1;
const ENCAPSULATED_BYTES: usize = 32;

/// Seals bodies for the hold.
#[derive(Clone)]
pub struct HoldPublic(<Scheme as Kem>::PublicKey);

impl HoldPublic {
    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Option<HoldPublic> {
        <Scheme as Kem>::PublicKey::from_bytes(bytes).ok().map(HoldPublic)
    }

    /// The public key.
    pub fn bytes(&self) -> [u8; 32] {
        self.0.to_bytes().into()
    }

    /// Seals `plain`, bound to `aad`.
    pub fn seal(&self, aad: &[u8], plain: &[u8]) -> Vec<u8> {
        // Neither can fail: the public key was checked when it was read, and one message is below every limit of the scheme.
        let (encapsulated, sealed) = hpke::single_shot_seal::<ChaCha20Poly1305, HkdfSha256, Scheme, _>(
            &OpModeS::Base,
            &self.0,
            INFO,
            plain,
            aad,
            &mut SystemRng,
        )
        .expect("one message to a valid public key");
        let mut out = Vec::with_capacity(1 + ENCAPSULATED_BYTES + sealed.len());
        out.push(VERSION);
        out.extend_from_slice(&encapsulated.to_bytes());
        out.extend_from_slice(&sealed);
        out
    }
}

impl fmt::Debug for HoldPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HoldPublic({})", weir_event::ids::hex(&self.bytes()))
    }
}

/// Opens bodies of the hold. Never made in the gateway's process: `weir quarantine` reads the key in its own.
pub struct HoldPrivate(<Scheme as Kem>::PrivateKey);

impl HoldPrivate {
    pub(crate) fn from_secret(secret: &SecretKey) -> Option<HoldPrivate> {
        <Scheme as Kem>::PrivateKey::from_bytes(secret.bytes()).ok().map(HoldPrivate)
    }

    /// The public half.
    pub fn public(&self) -> HoldPublic {
        HoldPublic(Scheme::sk_to_pk(&self.0))
    }

    /// Opens what [`HoldPublic::seal`] sealed with the same `aad`.
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, KeysError> {
        let does_not_open = || KeysError::DoesNotOpen { what: "held body" };
        let (version, rest) = sealed.split_first().ok_or_else(does_not_open)?;
        if *version != VERSION {
            return Err(KeysError::DoesNotOpen { what: "held body of another format" });
        }
        let (encapsulated, sealed) = rest.split_at_checked(ENCAPSULATED_BYTES).ok_or_else(does_not_open)?;
        let encapsulated = <Scheme as Kem>::EncappedKey::from_bytes(encapsulated).map_err(|_| does_not_open())?;
        hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, Scheme>(
            &OpModeR::Base,
            &self.0,
            &encapsulated,
            INFO,
            sealed,
            aad,
        )
        .map_err(|_| does_not_open())
    }
}

impl fmt::Debug for HoldPrivate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HoldPrivate(hidden)")
    }
}

/// Reads the private hold key of a key folder, and checks that it belongs to `hold.pub` beside it (where that is there: the key
/// may have been moved to a folder of its own).
pub fn open_hold_key(dir: &Path) -> Result<HoldPrivate, KeysError> {
    let path = dir.join(HOLD_PRIVATE.name);
    let secret = files::read_key(dir, &HOLD_PRIVATE)?;
    let private = HoldPrivate::from_secret(&secret).ok_or_else(|| KeysError::damaged(&path, "not a key"))?;
    match files::read_key(dir, &HOLD_PUBLIC) {
        Ok(public) if *public.bytes() != private.public().bytes() => {
            Err(KeysError::damaged(&path, "not the key that hold.pub belongs to"))
        }
        Ok(_) | Err(KeysError::Missing { .. }) => Ok(private),
        Err(error) => Err(error),
    }
}

/// The operating system's random numbers in the form that `hpke` takes.
struct SystemRng;

impl RngCore for SystemRng {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        random(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        random(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, out: &mut [u8]) {
        random(out);
    }
}

impl CryptoRng for SystemRng {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pair() -> HoldPrivate {
        HoldPrivate::from_secret(&SecretKey::from_bytes([5; 32])).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn d10_a_held_body_opens_with_the_private_key_only(
            plain in proptest::collection::vec(any::<u8>(), 0..400),
            aad in proptest::collection::vec(any::<u8>(), 0..40),
            flip in any::<proptest::sample::Index>(),
        ) {
            let private = pair();
            let sealed = private.public().seal(&aad, &plain);
            prop_assert_eq!(private.open(&aad, &sealed).unwrap(), plain);
            let mut damaged = sealed.clone();
            let at = flip.index(damaged.len());
            damaged[at] ^= 4;
            prop_assert!(private.open(&aad, &damaged).is_err());
            prop_assert!(HoldPrivate::from_secret(&SecretKey::from_bytes([6; 32])).unwrap().open(&aad, &sealed).is_err());
        }

        #[test]
        fn any_bytes_do_not_open_and_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            prop_assert!(pair().open(b"", &bytes).is_err());
        }
    }

    #[test]
    fn debug_hides_the_private_key() {
        assert_eq!(format!("{:?}", pair()), "HoldPrivate(hidden)");
    }
}

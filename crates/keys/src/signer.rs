//! The ledger's signing key (Ed25519). The ledger crate knows what is signed; this one only holds the key.

use std::fmt;

use ring::signature::{Ed25519KeyPair, KeyPair};

use crate::SecretKey;
use crate::mac::MacKey;

/// Signs checkpoints.
pub struct LedgerSigner {
    pair: Ed25519KeyPair,
    public: [u8; 32],
}

impl LedgerSigner {
    pub(crate) fn new(seed: &SecretKey) -> LedgerSigner {
        // Cannot fail: any 32 bytes are a seed.
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.bytes()).expect("32 bytes are an Ed25519 seed");
        let mut public = [0; 32];
        public.copy_from_slice(pair.public_key().as_ref());
        LedgerSigner { pair, public }
    }

    /// The key of a witness: no signature of the one is ever one of the other.
    pub(crate) fn for_witness(seed: &SecretKey) -> LedgerSigner {
        LedgerSigner::new(&SecretKey::from_bytes(MacKey::new(seed).sign(b"weir/witness/v1")))
    }

    /// The Ed25519 signature of `message`.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut out = [0; 64];
        out.copy_from_slice(self.pair.sign(message).as_ref());
        out
    }

    /// The public key.
    pub fn public(&self) -> [u8; 32] {
        self.public
    }
}

impl fmt::Debug for LedgerSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LedgerSigner({})", weir_event::ids::hex(&self.public))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032, 7.1, test 1.
    #[test]
    fn signs_as_rfc_8032_says() {
        let seed = [
            0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49,
            0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
        ];
        let signer = LedgerSigner::new(&SecretKey::from_bytes(seed));
        assert_eq!(
            weir_event::ids::hex(&signer.public()),
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
        );
        assert!(
            weir_event::ids::hex(&signer.sign(b""))
                .starts_with("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065")
        );
        assert!(!format!("{signer:?}").contains("9d61b1"));
        let witness = LedgerSigner::for_witness(&SecretKey::from_bytes(seed));
        // HMAC-SHA256 and Ed25519 of another library: what witnesses have given must stay checkable.
        assert_eq!(
            weir_event::ids::hex(&witness.public()),
            "8bc6006b63275295803927845fb9a1b829c33bc5e76ca3eb2c76c0ccf3eb3a6a"
        );
    }
}

//! The ring: every destroyable key, wrapped, and the names of those that were destroyed.
//!
//! ```text
//! ring, version 1
//!   0   8  magic WEIRRING
//!   8   2  version u16 LE = 1
//!  10   8  sequence u64 LE: how often the ring was replaced
//!  18  32  public key of ledger.key
//!  50  32  hold.pub
//!  82      number of keys (varint, at most 100,000), then each, sorted by name:
//!            name (varint length, text) · created i64 LE (Unix ms) · wrapped key 61
//!          number of destroyed keys (varint, at most 100,000), then each: name · destroyed i64 LE
//!          HMAC-SHA256 over everything before, 32
//! wrapped key, version 1 (61 bytes): version u8 = 1 · nonce 12 · AES-256-GCM of the key 32 · tag 16
//!   under HMAC-SHA256(master, "weir/wrap/v1" ‖ lp(purpose)); AAD = lp(purpose) ‖ the caller's
//! ```
//! The two public keys are here so that an exchanged or damaged key file is noticed before anything is signed or sealed with it.

use std::collections::BTreeMap;
use std::path::Path;

use ring::hmac;
use weir_event::Millis;
use weir_event::wire::{Cursor, WireError, put_bytes, put_lp, put_varint};

use crate::{AeadKey, KeyName, KeysError, SecretKey};

/// Keys in a ring, and destroyed ones remembered: at 20 destinations with daily epochs that is 13 years.
pub const RING_KEYS_MAX: usize = 100_000;

pub(crate) const WRAPPED_BYTES: usize = 1 + AeadKey::NONCE_BYTES + 32 + AeadKey::TAG_BYTES;

const MAGIC: &[u8; 8] = b"WEIRRING";
const VERSION: u16 = 1;
const WRAP_VERSION: u8 = 1;
const MAC_BYTES: usize = 32;

/// The key that wraps all others.
pub(crate) struct Master(hmac::Key);

impl Master {
    pub(crate) fn new(secret: &SecretKey) -> Master {
        Master(hmac::Key::new(hmac::HMAC_SHA256, secret.bytes()))
    }

    pub(crate) fn wrap(&self, purpose: &str, aad: &[u8], key: &[u8; 32]) -> Vec<u8> {
        let mut out = Vec::with_capacity(WRAPPED_BYTES);
        out.push(WRAP_VERSION);
        out.extend_from_slice(key);
        AeadKey::new(&self.derive(purpose)).seal_random(&bound(purpose, aad), &mut out, 1);
        out
    }

    pub(crate) fn unwrap(&self, purpose: &str, aad: &[u8], wrapped: &[u8]) -> Result<SecretKey, KeysError> {
        let does_not_open = KeysError::DoesNotOpen { what: "wrapped key" };
        if wrapped.len() != WRAPPED_BYTES || wrapped[0] != WRAP_VERSION {
            return Err(does_not_open);
        }
        let mut sealed = zeroize::Zeroizing::new([0; WRAPPED_BYTES - 1]);
        sealed.copy_from_slice(&wrapped[1..]);
        let plain = AeadKey::new(&self.derive(purpose)).open_random(&bound(purpose, aad), &mut sealed[..]);
        let key: [u8; 32] = (&*plain.map_err(|_| KeysError::DoesNotOpen { what: "wrapped key" })?)
            .try_into()
            .map_err(|_| does_not_open)?;
        Ok(SecretKey::from_bytes(key))
    }

    fn derive(&self, purpose: &str) -> SecretKey {
        let mut label = b"weir/wrap/v1".to_vec();
        put_lp(&mut label, purpose.as_bytes());
        let mut key = [0; 32];
        key.copy_from_slice(hmac::sign(&self.0, &label).as_ref());
        SecretKey::from_bytes(key)
    }

    fn mac(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.derive("ring-mac/v1").bytes())
    }
}

fn bound(purpose: &str, aad: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(4 + purpose.len() + aad.len());
    put_lp(&mut out, purpose.as_bytes());
    out.extend_from_slice(aad);
    out
}

/// One key of the ring.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) created: Millis,
    wrapped: [u8; WRAPPED_BYTES],
}

/// The ring in memory. Plain keys are not in it.
#[derive(Clone)]
pub(crate) struct Ring {
    pub(crate) sequence: u64,
    pub(crate) ledger_public: [u8; 32],
    pub(crate) hold_public: [u8; 32],
    pub(crate) keys: BTreeMap<KeyName, Entry>,
    pub(crate) destroyed: BTreeMap<KeyName, Millis>,
}

const PURPOSE: &str = "ring/v1";

impl Ring {
    pub(crate) fn new(ledger_public: [u8; 32], hold_public: [u8; 32]) -> Ring {
        Ring { sequence: 0, ledger_public, hold_public, keys: BTreeMap::new(), destroyed: BTreeMap::new() }
    }

    /// Adds a new random key and returns it; `None` where the name has a key or was destroyed.
    pub(crate) fn add(
        &mut self,
        name: &KeyName,
        created: Millis,
        master: &Master,
    ) -> Result<Option<SecretKey>, KeysError> {
        if self.keys.contains_key(name) || self.destroyed.contains_key(name) {
            return Ok(None);
        }
        if self.keys.len() >= RING_KEYS_MAX {
            return Err(KeysError::Full { limit: RING_KEYS_MAX });
        }
        let key = SecretKey::generate();
        let mut wrapped = [0; WRAPPED_BYTES];
        wrapped.copy_from_slice(&master.wrap(PURPOSE, &entry_aad(name, created), key.bytes()));
        self.keys.insert(name.clone(), Entry { created, wrapped });
        Ok(Some(key))
    }

    /// Removes a key and remembers that it was destroyed; whether anything changed. A name without a key is remembered too:
    /// that is how a destroyed key stays away after an older ring was restored (D15).
    pub(crate) fn destroy(&mut self, name: &KeyName, at: Millis) -> Result<bool, KeysError> {
        if self.destroyed.contains_key(name) {
            // Both cannot be: `add` refuses a destroyed name and `decode` a ring that has both.
            return Ok(false);
        }
        if self.destroyed.len() >= RING_KEYS_MAX {
            return Err(KeysError::Full { limit: RING_KEYS_MAX });
        }
        self.keys.remove(name);
        self.destroyed.insert(name.clone(), at);
        Ok(true)
    }

    pub(crate) fn open(&self, name: &KeyName, master: &Master) -> Result<SecretKey, KeysError> {
        let entry = self.keys.get(name).ok_or(KeysError::DoesNotOpen { what: "key that is not in the ring" })?;
        master.unwrap(PURPOSE, &entry_aad(name, entry.created), &entry.wrapped)
    }

    pub(crate) fn encode(&self, master: &Master) -> Vec<u8> {
        let mut out = Vec::with_capacity(128 + self.keys.len() * 110 + self.destroyed.len() * 50);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&self.sequence.to_le_bytes());
        out.extend_from_slice(&self.ledger_public);
        out.extend_from_slice(&self.hold_public);
        put_varint(&mut out, self.keys.len() as u64);
        for (name, entry) in &self.keys {
            put_bytes(&mut out, name.to_string().as_bytes());
            out.extend_from_slice(&entry.created.0.to_le_bytes());
            out.extend_from_slice(&entry.wrapped);
        }
        put_varint(&mut out, self.destroyed.len() as u64);
        for (name, at) in &self.destroyed {
            put_bytes(&mut out, name.to_string().as_bytes());
            out.extend_from_slice(&at.0.to_le_bytes());
        }
        let mac = hmac::sign(&master.mac(), &out);
        out.extend_from_slice(mac.as_ref());
        out
    }

    /// Reads a ring that this master key wrote.
    pub(crate) fn decode(path: &Path, bytes: &[u8], master: &Master) -> Result<Ring, KeysError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| KeysError::damaged(path, "not a key ring"))?;
        let version = rest.first_chunk().ok_or_else(|| KeysError::damaged(path, "cut short"))?;
        let found = u16::from_le_bytes(*version);
        if found > VERSION {
            return Err(KeysError::NewerFormat { path: path.to_owned(), found, known: VERSION });
        }
        let (body, mac) = bytes
            .len()
            .checked_sub(MAC_BYTES)
            .and_then(|at| bytes.split_at_checked(at))
            .ok_or_else(|| KeysError::damaged(path, "cut short"))?;
        hmac::verify(&master.mac(), body, mac)
            .map_err(|_| KeysError::damaged(path, "its check value does not fit its bytes and master.key"))?;
        Ring::parse(body).map_err(|_| KeysError::damaged(path, "malformed"))
    }

    /// Reads everything but the check value.
    pub(crate) fn parse(body: &[u8]) -> Result<Ring, WireError> {
        let mut cursor = Cursor::new(body);
        if cursor.array::<8>()? != *MAGIC || cursor.array::<2>()? != VERSION.to_le_bytes() {
            return Err(WireError(0));
        }
        let sequence = cursor.u64()?;
        let mut ring = Ring { sequence, ..Ring::new(cursor.array()?, cursor.array()?) };
        for _ in 0..count(&mut cursor)? {
            let name = name(&mut cursor)?;
            let (created, wrapped) = (Millis(cursor.i64()?), cursor.array()?);
            if ring.keys.insert(name, Entry { created, wrapped }).is_some() {
                return Err(WireError(cursor.position()));
            }
        }
        for _ in 0..count(&mut cursor)? {
            let name = name(&mut cursor)?;
            let at = Millis(cursor.i64()?);
            if ring.keys.contains_key(&name) || ring.destroyed.insert(name, at).is_some() {
                return Err(WireError(cursor.position()));
            }
        }
        if cursor.is_done() { Ok(ring) } else { Err(WireError(cursor.position())) }
    }
}

fn count(cursor: &mut Cursor<'_>) -> Result<u64, WireError> {
    let count = cursor.varint()?;
    if count > RING_KEYS_MAX as u64 { Err(WireError(cursor.position())) } else { Ok(count) }
}

fn name(cursor: &mut Cursor<'_>) -> Result<KeyName, WireError> {
    let at = cursor.position();
    KeyName::parse(cursor.str()?).map_err(|_| WireError(at))
}

fn entry_aad(name: &KeyName, created: Millis) -> Vec<u8> {
    let mut aad = Vec::with_capacity(64);
    put_lp(&mut aad, name.to_string().as_bytes());
    aad.extend_from_slice(&created.0.to_le_bytes());
    aad
}

//! What the stages use: precomputed keys, immutable, shared. D5 (event and insert ids), D6 (tags, pseudonyms), D8 (raw ids of a day).
//!
//! These run several times for each event: input is put together on the stack, nothing is allocated.
//!
//! ```text
//! event id  = HMAC(K_event(environment), lp(source) ‖ lp(kind) ‖ lp(SDK id))[..16]
//! tag       = HMAC(K_tag(environment), lp(identity space) ‖ lp(kind) ‖ lp(canonical id))[..16]
//! insert id = v4(HMAC(K_insert(destination), event id)[..16])
//! pseudonym = v4(HMAC(k, tag)[..16])        k = HKDF-Expand(K(destination, epoch), info, 32)
//! session   = v4(HMAC(k, session id)[..16]) with kind "session"
//! info      = "weir/pseud/v1" ‖ lp(destination) ‖ lp(epoch) ‖ lp(kind)   epoch: "stable" or its number in decimal
//! ```

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use ring::hmac;
use weir_event::{DestinationId, Environment, EventId, SubjectTag};

use crate::secret::random_buffered;
use crate::{AeadKey, KeyName, SecretKey};

/// The unwrapped keys at one moment.
#[derive(Clone)]
pub struct KeySnapshot {
    event: [hmac::Key; 3],
    tag: [hmac::Key; 3],
    destinations: HashMap<DestinationId, Arc<DestinationKeys>>,
    raw_days: BTreeMap<u32, Arc<AeadKey>>,
}

impl KeySnapshot {
    pub(crate) fn new(event: [hmac::Key; 3], tag: [hmac::Key; 3]) -> KeySnapshot {
        KeySnapshot { event, tag, destinations: HashMap::new(), raw_days: BTreeMap::new() }
    }

    /// Takes a key of a destination or a day in.
    pub(crate) fn put(&mut self, name: &KeyName, key: &SecretKey) {
        match name {
            KeyName::Event(environment) => self.event[*environment as usize] = hmac_key(key),
            KeyName::Tag(environment) => self.tag[*environment as usize] = hmac_key(key),
            KeyName::Insert(id) => self.destination_mut(id).insert = Some(hmac_key(key)),
            KeyName::Stable(id) => {
                self.destination_mut(id).stable = Some(Arc::new(PseudonymKeys::new(key, id, Epoch::Stable)));
            }
            KeyName::Epoch(id, number) => {
                let keys = Arc::new(PseudonymKeys::new(key, id, Epoch::Rotating(*number)));
                self.destination_mut(id).rotating.insert(*number, keys);
            }
            KeyName::RawDay(day) => {
                self.raw_days.insert(*day, Arc::new(AeadKey::new(key)));
            }
        }
    }

    /// Forgets a key. Event, tag and insert keys are never destroyed.
    pub(crate) fn remove(&mut self, name: &KeyName) {
        match name {
            KeyName::Event(_) | KeyName::Tag(_) | KeyName::Insert(_) => {}
            KeyName::Stable(id) => {
                if let Some(keys) = self.destinations.get_mut(id) {
                    Arc::make_mut(keys).stable = None;
                }
            }
            KeyName::Epoch(id, number) => {
                if let Some(keys) = self.destinations.get_mut(id) {
                    Arc::make_mut(keys).rotating.remove(number);
                }
            }
            KeyName::RawDay(day) => {
                self.raw_days.remove(day);
            }
        }
    }

    /// Whether every destination has its insert key: they come and stay together.
    pub(crate) fn is_complete(&self) -> bool {
        self.destinations.values().all(|keys| keys.insert.is_some())
    }

    fn destination_mut(&mut self, id: &DestinationId) -> &mut DestinationKeys {
        Arc::make_mut(self.destinations.entry(id.clone()).or_default())
    }

    /// The event id of an SDK's own id (D5). `kind` is the class of operation, as `track` or `profile`.
    pub fn event_id(&self, environment: Environment, source: &str, kind: &str, sdk_id: &[u8]) -> EventId {
        EventId(keyed(&self.event[environment as usize], [source.as_bytes(), kind.as_bytes(), sdk_id]))
    }

    /// The event id of an event that has no id of its own (D5).
    pub fn random_event_id(&self) -> EventId {
        EventId(random_buffered())
    }

    /// The tag of a canonical id (D6). `kind` is `user`, `device`, `group:<type>`, `email` or `phone`; the last two are the same
    /// in every identity space.
    pub fn tag(&self, environment: Environment, space: &str, kind: &str, canonical_id: &[u8]) -> SubjectTag {
        let space = if matches!(kind, "email" | "phone") { "" } else { space };
        SubjectTag(keyed(&self.tag[environment as usize], [space.as_bytes(), kind.as_bytes(), canonical_id]))
    }

    /// The keys of a destination; `None` before [`crate::Keys::ensure_destination`].
    pub fn destination(&self, id: &DestinationId) -> Option<Arc<DestinationKeys>> {
        self.destinations.get(id).cloned()
    }

    /// The key of raw ids received on one day, in days since 1970 (D8). `None` before [`crate::Keys::ensure_raw_day`] and for
    /// ever after it was destroyed. Use [`AeadKey::seal_random`]: no counter covers a day.
    pub fn raw_day(&self, day: u32) -> Option<&AeadKey> {
        self.raw_days.get(&day).map(|key| &**key)
    }
}

impl fmt::Debug for KeySnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySnapshot")
            .field("destinations", &self.destinations.len())
            .field("raw_days", &self.raw_days.len())
            .finish_non_exhaustive()
    }
}

/// Which keys pseudonyms are made with.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Epoch {
    /// One key for as long as the destination lives.
    Stable,
    /// The key of one epoch: `floor(epoch_time / period)`.
    Rotating(u32),
}

/// The keys of one destination.
#[derive(Clone, Default)]
pub struct DestinationKeys {
    insert: Option<hmac::Key>,
    stable: Option<Arc<PseudonymKeys>>,
    rotating: BTreeMap<u32, Arc<PseudonymKeys>>,
}

impl DestinationKeys {
    /// The vendor's insert id of an event (D5): the same for ever, own to this destination.
    pub fn insert_id(&self, event: EventId) -> Uuid {
        // An insert key is created with the destination, in the same replacement of the ring, and never destroyed; a ring
        // without one does not open.
        let key = self.insert.as_ref().expect("a destination in the ring has an insert key");
        Uuid::v4(&hmac::sign(key, &event.0))
    }

    /// The pseudonym of a subject in an epoch (D6). `kind` as for [`KeySnapshot::tag`]. `None` where the epoch has no key: not
    /// yet, or no longer.
    pub fn pseudonym(&self, epoch: Epoch, kind: &str, tag: &SubjectTag) -> Option<Uuid> {
        Some(self.keys(epoch)?.make(kind, &tag.0))
    }

    /// The session id that this destination sees (D7). `None` where the epoch has no key.
    pub fn session(&self, epoch: Epoch, session_id: &[u8]) -> Option<Uuid> {
        Some(self.keys(epoch)?.make("session", session_id))
    }

    /// Whether an epoch has its key.
    pub fn has_epoch(&self, epoch: Epoch) -> bool {
        self.keys(epoch).is_some()
    }

    fn keys(&self, epoch: Epoch) -> Option<&PseudonymKeys> {
        match epoch {
            Epoch::Stable => self.stable.as_deref(),
            Epoch::Rotating(number) => self.rotating.get(&number).map(|keys| &**keys),
        }
    }
}

impl fmt::Debug for DestinationKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DestinationKeys").field("epochs", &self.rotating.len()).finish_non_exhaustive()
    }
}

/// The keys of one epoch by kind: the common ones at hand, those of group types made when first seen.
struct PseudonymKeys {
    epoch_key: hmac::Key,
    destination: DestinationId,
    epoch: Epoch,
    user: hmac::Key,
    device: hmac::Key,
    session: hmac::Key,
    groups: RwLock<Vec<(Box<str>, hmac::Key)>>,
}

/// Group kinds kept at hand; further ones are derived each time. Source: vendors allow 5 to 10 group types.
const GROUP_KINDS_MAX: usize = 64;

impl PseudonymKeys {
    fn new(key: &SecretKey, destination: &DestinationId, epoch: Epoch) -> PseudonymKeys {
        let epoch_key = hmac_key(key);
        let kind = |kind| expand(&epoch_key, destination, epoch, kind);
        PseudonymKeys {
            user: kind("user"),
            device: kind("device"),
            session: kind("session"),
            groups: RwLock::default(),
            destination: destination.clone(),
            epoch,
            epoch_key,
        }
    }

    fn make(&self, kind: &str, input: &[u8]) -> Uuid {
        match kind {
            "user" => Uuid::v4(&hmac::sign(&self.user, input)),
            "device" => Uuid::v4(&hmac::sign(&self.device, input)),
            "session" => Uuid::v4(&hmac::sign(&self.session, input)),
            _ => self.make_rare(kind, input),
        }
    }

    fn make_rare(&self, kind: &str, input: &[u8]) -> Uuid {
        {
            let groups = self.groups.read().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, key)) = groups.iter().find(|(name, _)| &**name == kind) {
                return Uuid::v4(&hmac::sign(key, input));
            }
        }
        let key = expand(&self.epoch_key, &self.destination, self.epoch, kind);
        let out = Uuid::v4(&hmac::sign(&key, input));
        let mut groups = self.groups.write().unwrap_or_else(PoisonError::into_inner);
        if groups.len() < GROUP_KINDS_MAX && groups.iter().all(|(name, _)| &**name != kind) {
            groups.push((kind.into(), key));
        }
        out
    }
}

/// HKDF-Expand with SHA-256 to 32 bytes, which is one block: `HMAC(K, info ‖ 0x01)` (RFC 5869, 2.3).
fn expand(epoch_key: &hmac::Key, destination: &DestinationId, epoch: Epoch, kind: &str) -> hmac::Key {
    let number;
    let epoch = match epoch {
        Epoch::Stable => "stable",
        Epoch::Rotating(n) => {
            number = n.to_string();
            &number
        }
    };
    let mut info = b"weir/pseud/v1".to_vec();
    for part in [destination.as_str(), epoch, kind] {
        weir_event::wire::put_lp(&mut info, part.as_bytes());
    }
    info.push(1);
    hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(epoch_key, &info).as_ref())
}

pub(crate) fn hmac_key(key: &SecretKey) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, key.bytes())
}

/// The first 16 bytes of the HMAC of `lp` of each part.
fn keyed(key: &hmac::Key, parts: [&[u8]; 3]) -> [u8; 16] {
    const STACK_BYTES: usize = 256;
    let length: usize = parts.iter().map(|part| 4 + part.len()).sum();
    let tag = if length <= STACK_BYTES {
        let mut input = [0; STACK_BYTES];
        let mut at = 0;
        for part in parts {
            input[at..at + 4].copy_from_slice(&lp_length(part));
            input[at + 4..at + 4 + part.len()].copy_from_slice(part);
            at += 4 + part.len();
        }
        hmac::sign(key, &input[..length])
    } else {
        let mut context = hmac::Context::with_key(key);
        for part in parts {
            context.update(&lp_length(part));
            context.update(part);
        }
        context.sign()
    };
    first_16(&tag)
}

/// The 4-byte big-endian length of `lp` (D5). Ids are at most [`weir_event::limits::ID_BYTES_MAX`] long, so none saturates.
fn lp_length(part: &[u8]) -> [u8; 4] {
    u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes()
}

fn first_16(tag: &hmac::Tag) -> [u8; 16] {
    let mut out = [0; 16];
    out.copy_from_slice(&tag.as_ref()[..16]);
    out
}

/// 16 bytes in the shape of a random UUID: vendors want that shape (Mixpanel for anonymous ids, Segment for all).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uuid([u8; 16]);

impl Uuid {
    fn v4(tag: &hmac::Tag) -> Uuid {
        Uuid::from_random(first_16(tag))
    }

    /// Shapes 16 random bytes.
    pub fn from_random(mut bytes: [u8; 16]) -> Uuid {
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        Uuid(bytes)
    }

    /// The 16 bytes.
    pub fn bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// `xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx`, ASCII.
    pub fn to_text(&self) -> [u8; 36] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut out = [b'-'; 36];
        let mut at = 0;
        for (i, byte) in self.0.iter().enumerate() {
            if matches!(i, 4 | 6 | 8 | 10) {
                at += 1;
            }
            out[at] = DIGITS[usize::from(byte >> 4)];
            out[at + 1] = DIGITS[usize::from(byte & 15)];
            at += 2;
        }
        out
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.to_text()).unwrap_or_default())
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uuid({self})")
    }
}

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

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use weir_event::{DestinationId, Environment, EventId, SubjectTag};

use crate::mac::MacKey;
use crate::secret::random_buffered;
use crate::{AeadKey, KeyName, SecretKey};

/// The unwrapped keys at one moment.
#[derive(Clone)]
pub struct KeySnapshot {
    event: [MacKey; 3],
    tag: [MacKey; 3],
    destinations: HashMap<DestinationId, Arc<DestinationKeys>>,
    raw_days: BTreeMap<u32, Arc<AeadKey>>,
}

impl KeySnapshot {
    pub(crate) fn new(event: [MacKey; 3], tag: [MacKey; 3]) -> KeySnapshot {
        KeySnapshot { event, tag, destinations: HashMap::new(), raw_days: BTreeMap::new() }
    }

    /// Takes a key of a destination or a day in.
    pub(crate) fn put(&mut self, name: &KeyName, key: &SecretKey) {
        match name {
            KeyName::Event(environment) => self.event[*environment as usize] = MacKey::new(key),
            KeyName::Tag(environment) => self.tag[*environment as usize] = MacKey::new(key),
            KeyName::Insert(id) => self.destination_mut(id).insert = Some(MacKey::new(key)),
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

    /// The same with throw-away keys wherever this destination has none, except for epochs whose keys are gone for good: to find out
    /// what a policy would release before it is in force. What is made with them must not leave.
    pub(crate) fn rehearsing(&self, id: &DestinationId, gone: BTreeSet<u32>) -> KeySnapshot {
        let mut rehearsal = self.clone();
        let keys = rehearsal.destination_mut(id);
        let fresh = PseudonymKeys::new(&SecretKey::generate(), id, Epoch::Stable);
        keys.insert.get_or_insert_with(|| MacKey::new(&SecretKey::generate()));
        keys.rehearsal = Some(Arc::new(Rehearsal { keys: fresh, gone }));
        rehearsal
    }

    /// The event id of an SDK's own id (D5). `kind` is the class of operation, as `track` or `profile`.
    pub fn event_id(&self, environment: Environment, source: &str, kind: &str, sdk_id: &[u8]) -> EventId {
        EventId(first_16(&self.event[environment as usize].sign_lp([source.as_bytes(), kind.as_bytes(), sdk_id])))
    }

    /// The event id of an event that has no id of its own (D5).
    pub fn random_event_id(&self) -> EventId {
        EventId(random_buffered())
    }

    /// The tag of a canonical id (D6). `kind` is `user`, `device`, `group:<type>`, `email` or `phone`; the last two are the same
    /// in every identity space.
    pub fn tag(&self, environment: Environment, space: &str, kind: &str, canonical_id: &[u8]) -> SubjectTag {
        let space = if matches!(kind, "email" | "phone") { "" } else { space };
        SubjectTag(first_16(&self.tag[environment as usize].sign_lp([space.as_bytes(), kind.as_bytes(), canonical_id])))
    }

    /// A copy in which a destination has keys at random for these epochs, beside those of before, in the place of its own. They are
    /// kept nowhere: for finding out what a policy would release, never for anything that is sent.
    pub fn rehearsal(&self, id: &DestinationId, epochs: impl IntoIterator<Item = u32>) -> KeySnapshot {
        let mut copy = self.clone();
        let mut put = |name: KeyName| copy.put(&name, &SecretKey::generate());
        put(KeyName::Insert(id.clone()));
        put(KeyName::Stable(id.clone()));
        epochs.into_iter().for_each(|epoch| put(KeyName::Epoch(id.clone(), epoch)));
        copy
    }

    /// Keys at random for one destination and its events, where there is no key folder. They are kept nowhere: for finding out what
    /// policy would do with events of a file, never for anything that is stored or sent.
    pub fn throw_away(id: &DestinationId) -> KeySnapshot {
        let key = || MacKey::new(&SecretKey::generate());
        KeySnapshot::new([key(), key(), key()], [key(), key(), key()]).rehearsal(id, [])
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
    insert: Option<MacKey>,
    stable: Option<Arc<PseudonymKeys>>,
    rotating: BTreeMap<u32, Arc<PseudonymKeys>>,
    /// Only in a rehearsal.
    rehearsal: Option<Arc<Rehearsal>>,
}

/// What stands in for keys that do not exist yet.
struct Rehearsal {
    keys: PseudonymKeys,
    /// Epochs whose keys were destroyed: nothing stands in for them.
    gone: BTreeSet<u32>,
}

impl DestinationKeys {
    /// The vendor's insert id of an event (D5): the same for ever, own to this destination.
    pub fn insert_id(&self, event: EventId) -> Uuid {
        // An insert key is created with the destination, in the same replacement of the ring, and never destroyed; a ring
        // without one does not open.
        let key = self.insert.as_ref().expect("a destination in the ring has an insert key");
        Uuid::v4(&key.sign(&event.0))
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
            Epoch::Stable => self.stable.as_deref().or_else(|| Some(&self.rehearsal.as_ref()?.keys)),
            Epoch::Rotating(number) => {
                let stand_in = || self.rehearsal.as_ref().filter(|r| !r.gone.contains(&number)).map(|r| &r.keys);
                self.rotating.get(&number).map(|keys| &**keys).or_else(stand_in)
            }
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
    epoch_key: MacKey,
    destination: DestinationId,
    epoch: Epoch,
    user: MacKey,
    device: MacKey,
    session: MacKey,
    groups: RwLock<Vec<(Box<str>, MacKey)>>,
}

/// Group kinds kept at hand; further ones are derived each time. Source: vendors allow 5 to 10 group types.
const GROUP_KINDS_MAX: usize = 64;

impl PseudonymKeys {
    fn new(key: &SecretKey, destination: &DestinationId, epoch: Epoch) -> PseudonymKeys {
        let epoch_key = MacKey::new(key);
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
            "user" => Uuid::v4(&self.user.sign(input)),
            "device" => Uuid::v4(&self.device.sign(input)),
            "session" => Uuid::v4(&self.session.sign(input)),
            _ => self.make_rare(kind, input),
        }
    }

    fn make_rare(&self, kind: &str, input: &[u8]) -> Uuid {
        {
            let groups = self.groups.read().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, key)) = groups.iter().find(|(name, _)| &**name == kind) {
                return Uuid::v4(&key.sign(input));
            }
        }
        let key = expand(&self.epoch_key, &self.destination, self.epoch, kind);
        let out = Uuid::v4(&key.sign(input));
        let mut groups = self.groups.write().unwrap_or_else(PoisonError::into_inner);
        if groups.len() < GROUP_KINDS_MAX && groups.iter().all(|(name, _)| &**name != kind) {
            groups.push((kind.into(), key));
        }
        out
    }
}

/// HKDF-Expand with SHA-256 to 32 bytes, which is one block: `HMAC(K, info ‖ 0x01)` (RFC 5869, 2.3).
fn expand(epoch_key: &MacKey, destination: &DestinationId, epoch: Epoch, kind: &str) -> MacKey {
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
    MacKey::new(&SecretKey::from_bytes(epoch_key.sign(&info)))
}

/// The first 16 bytes of a MAC.
fn first_16(mac: &[u8; 32]) -> [u8; 16] {
    let mut out = [0; 16];
    out.copy_from_slice(&mac[..16]);
    out
}

/// 16 bytes in the shape of a random UUID: vendors want that shape (Mixpanel for anonymous ids, Segment for all).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uuid([u8; 16]);

impl Uuid {
    fn v4(mac: &[u8; 32]) -> Uuid {
        Uuid::from_random(first_16(mac))
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
        /// Where the digits of each byte stand.
        const PLACES: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
        let mut out = [b'-'; 36];
        for (byte, at) in self.0.iter().zip(PLACES) {
            out[at..at + 2].copy_from_slice(&HEX[usize::from(*byte)]);
        }
        out
    }
}

/// Both digits of each byte.
static HEX: [[u8; 2]; 256] = {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [DIGITS[byte >> 4], DIGITS[byte & 15]];
        byte += 1;
    }
    pairs
};

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

//! The key folder and its life.
//!
//! ```text
//! master.key  32 random bytes that wrap every other key
//! ledger.key  Ed25519 seed of the checkpoints
//! hold.key    X25519 private key of the hold; may be moved away, never opened by [`Keys`] (D10)
//! hold.pub    its public half
//! ring        everything else, wrapped; replaced as a whole ([`crate::ring`])
//! lock        held by the one process that may write
//! ```
//! The folder is 0700, its files 0600; anything wider is refused. The ring is written last at the first start: as long as there is
//! none, the folder is not in use and what a crash left is completed.

use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use ring::rand::{SecureRandom, SystemRandom};
use weir_event::{Clock, DestinationId, Environment, Millis};

use crate::files::{self, Disk, HOLD_PRIVATE, HOLD_PUBLIC, LEDGER, MASTER, RING};
use crate::mac::MacKey;
use crate::ring::{Master, Ring};
use crate::{HoldPrivate, HoldPublic, KeyName, KeySnapshot, KeysError, LedgerSigner, SecretKey};

/// The keys of one Weir.
pub struct Keys {
    dir: PathBuf,
    clock: Arc<dyn Clock>,
    is_new: bool,
    master: Master,
    signer: LedgerSigner,
    witness: LedgerSigner,
    hold_public: HoldPublic,
    /// What the file `ring` holds. Whoever replaces the file has this lock from reading the old ring until the new snapshot is out.
    ring: Mutex<Ring>,
    snapshot: RwLock<Arc<KeySnapshot>>,
    disk: Disk,
    /// Held for life; `None` where opened for reading only, and once it was released. Taken after `ring`.
    lock: Mutex<Option<File>>,
}

/// What `weir keys list` shows of a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyInfo {
    /// Its name.
    pub name: KeyName,
    /// What it is for.
    pub purpose: &'static str,
    /// When it was created; `None` for a destroyed one.
    pub created: Option<Millis>,
    /// When it was destroyed.
    pub destroyed: Option<Millis>,
}

impl Keys {
    /// Opens the key folder for writing; creates what is missing as long as it holds no ring.
    pub fn open(dir: &Path, clock: Arc<dyn Clock>) -> Result<Arc<Keys>, KeysError> {
        SystemRandom::new()
            .fill(&mut [0; 32])
            .map_err(|_| KeysError::io("draw random bytes for", dir)(std::io::ErrorKind::Unsupported.into()))?;
        files::prepare_folder(dir)?;
        let lock = files::lock(dir)?;
        for name in [RING, MASTER.name, LEDGER.name, HOLD_PRIVATE.name, HOLD_PUBLIC.name] {
            // Left by a crash between writing and renaming.
            let _ = fs::remove_file(dir.join(format!("{name}.new")));
        }
        let is_new = !dir.join(RING).exists();
        if is_new {
            create(dir, clock.now())?;
        }
        Keys::load(dir, clock, is_new, Some(lock)).map(Arc::new)
    }

    /// Opens a key folder that another process may be using; nothing can be added or destroyed.
    pub fn open_read_only(dir: &Path, clock: Arc<dyn Clock>) -> Result<Arc<Keys>, KeysError> {
        files::check_folder(dir)?;
        Keys::load(dir, clock, false, None).map(Arc::new)
    }

    fn load(dir: &Path, clock: Arc<dyn Clock>, is_new: bool, lock: Option<File>) -> Result<Keys, KeysError> {
        let (master, ring) = load_ring(dir)?;
        let seed = files::read_key(dir, &LEDGER)?;
        let (signer, witness) = (LedgerSigner::new(&seed), LedgerSigner::for_witness(&seed));
        if signer.public() != ring.ledger_public {
            return Err(KeysError::damaged(&dir.join(LEDGER.name), "not the key that the ring belongs to"));
        }
        let hold = *files::read_key(dir, &HOLD_PUBLIC)?.bytes();
        let hold_public = HoldPublic::from_bytes(&hold)
            .filter(|_| hold == ring.hold_public)
            .ok_or_else(|| KeysError::damaged(&dir.join(HOLD_PUBLIC.name), "not the key that the ring belongs to"))?;
        if lock.is_some() && dir.join(HOLD_PRIVATE.name).exists() {
            // Not read here (D10), only looked at: its permissions are as important as the others'.
            files::check_file(dir, HOLD_PRIVATE.name)?;
        }
        let snapshot = unwrap_all(dir, &ring, &master)?;
        Ok(Keys {
            dir: dir.to_owned(),
            clock,
            is_new,
            master,
            signer,
            witness,
            hold_public,
            ring: Mutex::new(ring),
            snapshot: RwLock::new(Arc::new(snapshot)),
            disk: Disk::default(),
            lock: Mutex::new(lock),
        })
    }

    /// Whether this call of [`Keys::open`] created the keys. A data folder with content and new keys do not belong together.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// The key folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The keys as they are now. Cheap; take one per request or batch, so that it sees one state.
    pub fn snapshot(&self) -> Arc<KeySnapshot> {
        self.snapshot.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The keys as they are now, with throw-away ones wherever this destination lacks one that it could still get: for finding out
    /// what a policy would release. What is made with it must not leave.
    pub fn rehearsal(&self, id: &DestinationId) -> Arc<KeySnapshot> {
        let of_this = |name: &KeyName| match name {
            KeyName::Epoch(of, epoch) if of == id => Some(*epoch),
            _ => None,
        };
        let gone = self.lock_ring().destroyed.keys().filter_map(of_this).collect();
        Arc::new(self.snapshot().rehearsing(id, gone))
    }

    /// Creates the insert-id key and the stable pseudonym key of a destination where they are missing; durable on return.
    pub fn ensure_destination(&self, id: &DestinationId) -> Result<(), KeysError> {
        if self.snapshot().destination(id).is_some() {
            return Ok(());
        }
        self.add(&[KeyName::Insert(id.clone()), KeyName::Stable(id.clone())])
    }

    /// Creates the pseudonym keys of epochs where they are missing; durable on return. An epoch whose key was destroyed gets none
    /// again: its pseudonyms stay `None`. Blocks on the disk where a key is new.
    pub fn ensure_epochs(&self, id: &DestinationId, epochs: &[u32]) -> Result<(), KeysError> {
        let keys = self.snapshot().destination(id);
        let has = |epoch: u32| keys.as_ref().is_some_and(|keys| keys.has_epoch(crate::Epoch::Rotating(epoch)));
        let mut names: Vec<KeyName> = Vec::new();
        if keys.is_none() {
            names.extend([KeyName::Insert(id.clone()), KeyName::Stable(id.clone())]);
        }
        names.extend(epochs.iter().filter(|epoch| !has(**epoch)).map(|epoch| KeyName::Epoch(id.clone(), *epoch)));
        if names.is_empty() { Ok(()) } else { self.add(&names) }
    }

    /// Creates the key of raw ids received on a day (days since 1970) where it is missing; durable on return (D8).
    pub fn ensure_raw_day(&self, day: u32) -> Result<(), KeysError> {
        if self.snapshot().raw_day(day).is_some() { Ok(()) } else { self.add(&[KeyName::RawDay(day)]) }
    }

    /// Destroys the raw-id keys of all days before `day`; how many there were (D8).
    pub fn destroy_raw_days_before(&self, day: u32) -> Result<u32, KeysError> {
        self.destroy_where(|ring| {
            ring.keys.range(KeyName::RawDay(0)..KeyName::RawDay(day)).map(|(name, _)| name.clone()).collect()
        })
    }

    /// Destroys the pseudonym key of one epoch; whether there was one (D15).
    pub fn destroy_epoch(&self, id: &DestinationId, epoch: u32) -> Result<bool, KeysError> {
        let name = KeyName::Epoch(id.clone(), epoch);
        let destroyed =
            self.destroy_where(|ring| if ring.keys.contains_key(&name) { vec![name.clone()] } else { Vec::new() })?;
        Ok(destroyed == 1)
    }

    /// Destroys these keys, and remembers those of them that are not here as destroyed, so that they are never created again:
    /// for a key folder that was restored from an older backup, with the list of destroyed keys that the ledger kept (D15).
    /// Keys that everything rests on (event, tag, insert) cannot be destroyed.
    pub fn destroy(&self, names: &[KeyName]) -> Result<u32, KeysError> {
        if names.iter().any(|name| !name.is_destroyable()) {
            return Err(KeysError::NotDestroyable);
        }
        self.destroy_where(|_| names.to_vec())
    }

    /// All keys and all destroyed ones, sorted by name; never key material.
    pub fn list(&self) -> Vec<KeyInfo> {
        let ring = self.lock_ring();
        let info = |name: &KeyName, created, destroyed| KeyInfo {
            name: name.clone(),
            purpose: name.purpose(),
            created,
            destroyed,
        };
        let mut all: Vec<KeyInfo> =
            ring.keys.iter().map(|(name, entry)| info(name, Some(entry.created), None)).collect();
        all.extend(ring.destroyed.iter().map(|(name, at)| info(name, None, Some(*at))));
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// How often the ring was replaced: a copy with a smaller number is older.
    pub fn sequence(&self) -> u64 {
        self.lock_ring().sequence
    }

    /// By what a backup of data names the key folder that it needs: the first 16 bytes of the SHA-256 of its two public keys, in hex.
    /// Nothing of a key is in it.
    pub fn fingerprint(&self) -> String {
        let mut of = b"weir/keys/fingerprint/v1".to_vec();
        of.extend_from_slice(&self.signer.public());
        of.extend_from_slice(&self.hold_public.bytes());
        let digest = ring::digest::digest(&ring::digest::SHA256, &of);
        weir_event::ids::hex(digest.as_ref().get(..16).unwrap_or_default())
    }

    /// Gives the folder up to another process, although this value still lives: nothing can be added or destroyed through it any more.
    pub fn release(&self) {
        // The ring first: a change under way is either whole before the lock goes, or refused.
        let _ring = self.lock_ring();
        self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Wraps a key under the master key, bound to a purpose (`journal/v1`, `rows/v1`, `hold/v1`) and to `aad`. 61 bytes.
    pub fn wrap(&self, purpose: &'static str, aad: &[u8], key: &[u8; 32]) -> Vec<u8> {
        self.master.wrap(purpose, aad, key)
    }

    /// Opens what [`Keys::wrap`] wrapped for the same purpose and `aad`.
    pub fn unwrap(&self, purpose: &'static str, aad: &[u8], wrapped: &[u8]) -> Result<SecretKey, KeysError> {
        self.master.unwrap(purpose, aad, wrapped)
    }

    /// Signs checkpoints.
    pub fn ledger_signer(&self) -> &LedgerSigner {
        &self.signer
    }

    /// Signs for others as their witness, by a key of its own that is made of the ledger's.
    pub fn witness_signer(&self) -> &LedgerSigner {
        &self.witness
    }

    /// Seals for the hold.
    pub fn hold_public(&self) -> HoldPublic {
        self.hold_public.clone()
    }

    fn lock_ring(&self) -> MutexGuard<'_, Ring> {
        // A panic while it was held changed nothing: the ring is exchanged as the last step.
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, names: &[KeyName]) -> Result<(), KeysError> {
        self.change(false, |next, at| {
            let mut added = Vec::new();
            for name in names {
                if let Some(key) = next.add(name, at, &self.master)? {
                    added.push((name.clone(), Some(key)));
                }
            }
            Ok(added)
        })?;
        Ok(())
    }

    fn destroy_where(&self, choose: impl FnOnce(&Ring) -> Vec<KeyName>) -> Result<u32, KeysError> {
        let changed = self.change(true, |next, at| {
            let mut destroyed = Vec::new();
            for name in choose(next) {
                if next.destroy(&name, at)? {
                    destroyed.push((name, None));
                }
            }
            Ok(destroyed)
        })?;
        Ok(u32::try_from(changed).unwrap_or(u32::MAX))
    }

    /// Makes a changed copy of the ring durable, then shows it to everybody. An error before that leaves the old one in use; the
    /// file may be either, and the next change replaces it by what is in use plus that change.
    fn change(
        &self,
        wipe: bool,
        edit: impl FnOnce(&mut Ring, Millis) -> Result<Vec<(KeyName, Option<SecretKey>)>, KeysError>,
    ) -> Result<usize, KeysError> {
        let mut ring = self.lock_ring();
        if self.lock.lock().unwrap_or_else(PoisonError::into_inner).is_none() {
            return Err(KeysError::ReadOnly { path: self.dir.clone() });
        }
        let mut next = ring.clone();
        let changes = edit(&mut next, self.clock.now())?;
        if changes.is_empty() {
            return Ok(0);
        }
        next.sequence += 1;
        self.disk.replace(&self.dir, RING, &next.encode(&self.master), wipe)?;
        let mut snapshot = KeySnapshot::clone(&self.snapshot());
        for (name, key) in &changes {
            match key {
                Some(key) => snapshot.put(name, key),
                None => snapshot.remove(name),
            }
        }
        *self.snapshot.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(snapshot);
        *ring = next;
        Ok(changes.len())
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("dir", &self.dir).finish_non_exhaustive()
    }
}

/// The first start. A crash leaves some of the files and no ring; the next start takes what is there and makes the rest.
fn create(dir: &Path, now: Millis) -> Result<(), KeysError> {
    let master = Master::new(&files::read_or_create_key(dir, &MASTER, SecretKey::generate)?);
    let signer = LedgerSigner::new(&files::read_or_create_key(dir, &LEDGER, SecretKey::generate)?);
    let private = files::read_or_create_key(dir, &HOLD_PRIVATE, SecretKey::generate)?;
    let public = HoldPrivate::from_secret(&private)
        .ok_or_else(|| KeysError::damaged(&dir.join(HOLD_PRIVATE.name), "not a key"))?
        .public()
        .bytes();
    let found = files::read_or_create_key(dir, &HOLD_PUBLIC, || SecretKey::from_bytes(public))?;
    if *found.bytes() != public {
        return Err(KeysError::damaged(&dir.join(HOLD_PUBLIC.name), "not the public half of hold.key"));
    }
    let mut ring = Ring::new(signer.public(), public);
    for environment in Environment::ALL {
        ring.add(&KeyName::Event(environment), now, &master)?;
        ring.add(&KeyName::Tag(environment), now, &master)?;
    }
    Disk::default().replace(dir, RING, &ring.encode(&master), false)
}

pub(crate) fn load_ring(dir: &Path) -> Result<(Master, Ring), KeysError> {
    let bytes = files::read(dir, RING)?;
    let master = Master::new(&files::read_key(dir, &MASTER)?);
    let ring = Ring::decode(&dir.join(RING), &bytes, &master)?;
    Ok((master, ring))
}

fn unwrap_all(dir: &Path, ring: &Ring, master: &Master) -> Result<KeySnapshot, KeysError> {
    let one = |name: KeyName| -> Result<MacKey, KeysError> {
        let key = ring.open(&name, master).map_err(|_| KeysError::damaged(&dir.join(RING), "a key is missing"))?;
        Ok(MacKey::new(&key))
    };
    let [a, b, c] = Environment::ALL;
    let event = [one(KeyName::Event(a))?, one(KeyName::Event(b))?, one(KeyName::Event(c))?];
    let tag = [one(KeyName::Tag(a))?, one(KeyName::Tag(b))?, one(KeyName::Tag(c))?];
    let mut snapshot = KeySnapshot::new(event, tag);
    for name in ring.keys.keys() {
        if !matches!(name, KeyName::Event(_) | KeyName::Tag(_)) {
            snapshot.put(name, &ring.open(name, master)?);
        }
    }
    if snapshot.is_complete() { Ok(snapshot) } else { Err(KeysError::damaged(&dir.join(RING), "a key is missing")) }
}

#[cfg(test)]
mod tests;

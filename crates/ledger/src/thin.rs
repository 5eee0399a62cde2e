//! The body of an intent whose rows were taken out of the log because they lie in files elsewhere (D13: write-ahead log, then files by
//! month). It keeps what those files do not have: what the blinds are made of, and the leaf hashes of erased rows. With it and the rows
//! the body can be made again as it was, and the root over its rows says whether they are the ones that left. A row takes 90 bytes
//! in a whole body, and about one in a thin one of some hundred rows.
//!
//! | bytes | what |
//! |---|---|
//! | 0 | 4 |
//! | … | what the blinds are made of (`secrets.rs`) |
//! | … | count of events, LEB128, then number of the stored name and number of rows of each, LEB128; in order of the names, without erased rows |
//! | … | count of erased rows, LEB128, then 2 bytes place and 32 bytes leaf hash of each; in order of the places |

use std::collections::{BTreeMap, BTreeSet};

use weir_event::wire::{Cursor, WireError, put_varint};
use weir_keys::{Keys, KeysError};

use crate::entry::{BatchId, StoredName};
use crate::rows::{FORMAT, ROW_BYTES, RowsBody, StoredRow, row_leaf};
use crate::secrets::Secrets;
use crate::tree::hash::Hash;

/// Bytes of an erased row: its place and its leaf hash.
const ERASED_BYTES: usize = 2 + 32;

/// See the module.
#[derive(Clone, Copy, Debug)]
pub struct ThinBody<'a> {
    secrets: Secrets<'a>,
    /// Name and number of rows of each event.
    events: &'a [u8],
    erased: &'a [[u8; ERASED_BYTES]],
}

impl<'a> ThinBody<'a> {
    /// Reads the parts; whether secrets and hashes are the right ones is not checked.
    pub fn parse(body: &'a [u8]) -> Result<ThinBody<'a>, WireError> {
        let mut c = Cursor::new(body);
        if c.u8()? != FORMAT {
            return Err(WireError(0));
        }
        let secrets = Secrets::read(&mut c)?;
        let count = c.varint()?;
        let (from, rest) = (c.position(), c.rest());
        let (mut last, mut rows) = (None, 0_u64);
        for _ in 0..count {
            let bad = WireError(c.position());
            let (name, count) = (c.varint()?, c.varint()?);
            rows = rows.saturating_add(count);
            if last >= Some(name) || name > u64::from(u32::MAX) || rows > secrets.count() as u64 {
                return Err(bad);
            }
            last = Some(name);
        }
        let events = rest.get(..c.position() - from).unwrap_or_default();
        let bad = WireError(c.position());
        let count = usize::try_from(c.varint()?).map_err(|_| bad)?;
        if count > secrets.count() {
            return Err(bad);
        }
        let (erased, _) = c.take(count * ERASED_BYTES)?.as_chunks::<ERASED_BYTES>();
        let is_fit = erased.is_sorted_by(|a, b| place_of(a) < place_of(b))
            && erased.last().is_none_or(|last| usize::from(place_of(last)) < secrets.count());
        if c.is_done() && is_fit { Ok(ThinBody { secrets, events, erased }) } else { Err(bad) }
    }

    /// The bytes of a thin body in the place of a whole one.
    pub(crate) fn of(body: &RowsBody<'_>) -> Vec<u8> {
        let mut events: BTreeMap<u32, u64> = BTreeMap::new();
        let mut erased = BTreeMap::new();
        for ((place, row), hash) in (0..=u16::MAX).zip(body.rows()).zip(body.hashes()) {
            match row {
                Some(row) => *events.entry(row.event.0).or_default() += 1,
                None => drop(erased.insert(place, *hash)),
            }
        }
        encode(body.secrets().bytes(), &events, &erased)
    }

    /// How many rows the batch has, erased ones among them.
    pub fn count(&self) -> usize {
        self.secrets.count()
    }

    /// The places of erased rows, and their leaf hashes.
    pub fn erased(&self) -> BTreeMap<u16, Hash> {
        self.erased.iter().map(|erased| (place_of(erased), hash_of(erased))).collect()
    }

    /// How many rows of each event are not erased.
    pub fn events(&self) -> BTreeMap<StoredName, u64> {
        self.counts().into_iter().map(|(name, count)| (StoredName(name), count)).collect()
    }

    /// The place of a row that was taken out and not erased: its blind is still there. An error says that the blinds do not open with these keys.
    pub fn emptied(&self, keys: &Keys, batch: BatchId) -> Result<Option<u16>, KeysError> {
        if self.erased.is_empty() {
            return Ok(None);
        }
        let blinds = self.secrets.blinds(keys, batch)?;
        let has_blind = |place: &u16| blinds.get(usize::from(*place)).is_some_and(Option::is_some);
        Ok(self.erased.iter().map(place_of).find(has_blind))
    }

    /// The body as it was with its rows, which those at hand are put into; `None` where one is missing, or its blind is, or one was taken out
    /// and not erased. Whether they are
    /// the ones that left, the root over the hashes says ([`RowsBody::stored_root`]). An error says that the blinds do not open with these
    /// keys.
    pub fn whole(
        &self,
        keys: &Keys,
        batch: BatchId,
        rows: &BTreeMap<u16, StoredRow>,
    ) -> Result<Option<Vec<u8>>, KeysError> {
        let blinds = self.secrets.blinds(keys, batch)?;
        let mut erased = self.erased();
        let mut body = self.secrets.bytes().to_vec();
        body.reserve(self.count() * (ROW_BYTES + 32));
        let mut hashes = Vec::with_capacity(self.count() * 32);
        for (place, blind) in (0..=u16::MAX).zip(blinds) {
            let (row, hash) = match (erased.remove(&place), blind, rows.get(&place)) {
                (Some(hash), None, _) => ([0; ROW_BYTES], hash),
                (None, Some(blind), Some(row)) => {
                    let row = row.encode();
                    (row, row_leaf(&blind, &row))
                }
                // Without its row, or taken out and not erased: its blind is still there.
                (None, ..) | (Some(_), Some(_), _) => return Ok(None),
            };
            body.extend_from_slice(&row);
            hashes.extend_from_slice(&hash);
        }
        body.extend_from_slice(&hashes);
        Ok(Some(body))
    }

    /// The bytes of the same once these rows are erased; those that are already change nothing, and it is `None` where all are.
    pub(crate) fn punctured(
        &self,
        keys: &Keys,
        batch: BatchId,
        rows: &[StoredRow],
    ) -> Result<Option<Vec<u8>>, KeysError> {
        let (mut erased, mut events) = (self.erased(), self.counts());
        let rows: Vec<&StoredRow> = rows.iter().filter(|row| !erased.contains_key(&row.index)).collect();
        if rows.is_empty() {
            return Ok(None);
        }
        let blinds = self.secrets.blinds(keys, batch)?;
        let mut gone = BTreeSet::new();
        for row in rows {
            let unread = KeysError::DoesNotOpen { what: "the blind of a row that is to be erased" };
            let blind = blinds.get(usize::from(row.index)).copied().flatten().ok_or(unread)?;
            erased.insert(row.index, row_leaf(&blind, &row.encode()));
            gone.insert(row.index);
            if let Some(count) = events.get_mut(&row.event.0) {
                *count = count.saturating_sub(1);
            }
        }
        events.retain(|_, count| *count > 0);
        Ok(Some(encode(&self.secrets.punctured(keys, batch, &gone)?, &events, &erased)))
    }

    fn counts(&self) -> BTreeMap<u32, u64> {
        let mut c = Cursor::new(self.events);
        // It was read once before, to its end.
        std::iter::from_fn(|| Some((u32::try_from(c.varint().ok()?).ok()?, c.varint().ok()?))).collect()
    }
}

fn encode(secrets: &[u8], events: &BTreeMap<u32, u64>, erased: &BTreeMap<u16, Hash>) -> Vec<u8> {
    let mut out = vec![FORMAT];
    out.extend_from_slice(secrets);
    put_varint(&mut out, events.len() as u64);
    for (name, count) in events {
        put_varint(&mut out, u64::from(*name));
        put_varint(&mut out, *count);
    }
    put_varint(&mut out, erased.len() as u64);
    for (place, hash) in erased {
        out.extend_from_slice(&place.to_le_bytes());
        out.extend_from_slice(hash);
    }
    out
}

fn place_of(erased: &[u8; ERASED_BYTES]) -> u16 {
    u16::from_le_bytes([erased[0], erased[1]])
}

fn hash_of(erased: &[u8; ERASED_BYTES]) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(&erased[2..]);
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(events: &[(u32, u64)], erased: &[u16]) -> Vec<u8> {
        // Ten rows, and a seed that nobody opens here.
        let secrets = [&[2, 10, 0, 0, 0, 3, 0][..], b"abc"].concat();
        let mut out = vec![FORMAT];
        out.extend_from_slice(&secrets);
        put_varint(&mut out, events.len() as u64);
        for (name, count) in events {
            put_varint(&mut out, u64::from(*name));
            put_varint(&mut out, *count);
        }
        put_varint(&mut out, erased.len() as u64);
        for place in erased {
            out.extend_from_slice(&place.to_le_bytes());
            out.extend_from_slice(&[7; 32]);
        }
        out
    }

    #[test]
    fn a_thin_body_has_one_reading() {
        let good = body(&[(1, 4), (300, 5)], &[9]);
        let read = ThinBody::parse(&good).unwrap();
        assert_eq!((read.count(), read.events()), (10, [(StoredName(1), 4), (StoredName(300), 5)].into()));
        assert_eq!(read.erased(), [(9, [7; 32])].into());
        assert_eq!(encode(read.secrets.bytes(), &read.counts(), &read.erased()), good);
        for (bad, why) in [
            (body(&[(2, 1), (1, 1)], &[]), "events out of order"),
            (body(&[(1, 1), (1, 1)], &[]), "an event twice"),
            (body(&[(1, 11)], &[]), "more rows than there are"),
            (body(&[], &[3, 2]), "erased rows out of order"),
            (body(&[], &[3, 3]), "an erased row twice"),
            (body(&[], &[10]), "an erased row that the batch does not have"),
            ([&good[..], &[0]].concat(), "bytes behind it"),
            (good[..good.len() - 1].to_vec(), "cut short"),
        ] {
            assert!(ThinBody::parse(&bad).is_err(), "{why}");
        }
        for at in 0..good.len() {
            let mut changed = good.clone();
            changed[at] ^= 0x80;
            if let Ok(read) = ThinBody::parse(&changed) {
                assert_eq!(encode(read.secrets.bytes(), &read.counts(), &read.erased()), changed, "byte {at}");
            }
        }
    }
}

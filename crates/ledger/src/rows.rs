//! Rows: one per (event, destination), hidden under the `rows_root` of their intent (D13).
//!
//! # Row, frozen: 58 bytes, little-endian
//!
//! | bytes | what |
//! |---|---|
//! | 0..4 | time: seconds UTC of the intent, that is when it left |
//! | 4..12 | subject: first 8 bytes of the tag (user, else device), 0 none |
//! | 12..20 | organisation: the same form, 0 none |
//! | 20..24 | event: stored name |
//! | 24..40 | field set |
//! | 40..44 | slice: stored name |
//! | 44..48 | epoch, 0 for `raw` and `stable` |
//! | 48..56 | batch |
//! | 56..58 | index in the batch |
//!
//! Leaf hash = `SHA-256(0x00 ‖ blind ‖ row)`; the blinds are made of the batch's seed (`blinds.rs`). Without its blind a leaf hash says
//! nothing about a row. So a row is erased by destroying its blind (puncturing): of the row 58 zero bytes are left and its leaf hash, of the
//! seed what makes the blinds of the other rows. Root, tree, receipts and the other rows stay as they were.
//!
//! # Body of an intent
//! What its blinds are made of (`secrets.rs`), then the rows, 58 bytes each, then their leaf hashes, 32 bytes each. Its first byte is 1, 2
//! or 3. One that begins with 4 is thinned: its rows lie in files elsewhere (`thin.rs`).

use std::collections::BTreeSet;

use weir_event::wire::{Cursor, WireError};
use weir_event::{Millis, NameId};
use weir_keys::{Keys, KeysError, SecretKey};

use crate::blinds::{self, BLIND_BYTES, Root};
use crate::entry::{BatchId, FieldSetId, StoredName};
use crate::secrets::Secrets;
use crate::thin::ThinBody;
use crate::tree::hash::{Hash, root_of};
use crate::tree::proof::{Nodes, inclusion};

/// Bytes of a stored row.
pub const ROW_BYTES: usize = 58;
/// Rows of one batch: the index is two bytes.
pub const ROWS_MAX: usize = 65_536;
/// The newest format of a body.
pub const FORMAT: u8 = 4;

/// What `deliver` says about one event that is about to leave.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row {
    /// Short form of the subject's tag, 0 for none.
    pub subject: u64,
    /// Short form of the organisation's tag, 0 for none.
    pub organisation: u64,
    /// The event's name.
    pub event: NameId,
    /// What left of it and what did not.
    pub field_set: FieldSetId,
    /// Its slice.
    pub slice: NameId,
    /// The pseudonym's epoch, 0 for `raw` and `stable`.
    pub epoch: u32,
}

/// A row as it is stored.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[expect(missing_docs, reason = "the fields are those of the table above")]
pub struct StoredRow {
    pub time: u32,
    pub subject: u64,
    pub organisation: u64,
    pub event: StoredName,
    pub field_set: FieldSetId,
    pub slice: StoredName,
    pub epoch: u32,
    pub batch: BatchId,
    pub index: u16,
}

impl StoredRow {
    /// The time of rows that leave at this moment.
    pub fn time_of(at: Millis) -> u32 {
        u32::try_from(at.seconds().max(0)).unwrap_or(u32::MAX)
    }

    /// The frozen bytes.
    #[inline]
    pub fn encode(&self) -> [u8; ROW_BYTES] {
        let mut out = [0; ROW_BYTES];
        out[0..4].copy_from_slice(&self.time.to_le_bytes());
        out[4..12].copy_from_slice(&self.subject.to_le_bytes());
        out[12..20].copy_from_slice(&self.organisation.to_le_bytes());
        out[20..24].copy_from_slice(&self.event.0.to_le_bytes());
        out[24..40].copy_from_slice(&self.field_set.0);
        out[40..44].copy_from_slice(&self.slice.0.to_le_bytes());
        out[44..48].copy_from_slice(&self.epoch.to_le_bytes());
        out[48..56].copy_from_slice(&self.batch.0.to_le_bytes());
        out[56..58].copy_from_slice(&self.index.to_le_bytes());
        out
    }

    /// Reads a stored row; `None` for an erased one.
    pub fn decode(bytes: &[u8; ROW_BYTES]) -> Option<StoredRow> {
        if bytes == &[0; ROW_BYTES] {
            return None;
        }
        let mut c = Cursor::new(bytes);
        let mut read = || -> Result<StoredRow, WireError> {
            Ok(StoredRow {
                time: c.u32()?,
                subject: c.u64()?,
                organisation: c.u64()?,
                event: StoredName(c.u32()?),
                field_set: FieldSetId(c.array()?),
                slice: StoredName(c.u32()?),
                epoch: c.u32()?,
                batch: BatchId(c.u64()?),
                index: u16::from_le_bytes(c.array()?),
            })
        };
        read().ok()
    }
}

/// That a row is one of those under a `rows_root`, checkable by whoever is given it, who learns nothing of the other rows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RowProof {
    /// Its place in the batch.
    pub index: u16,
    /// The row.
    pub row: [u8; ROW_BYTES],
    /// What hides it: with it the leaf hash can be made again.
    pub blind: [u8; 32],
    /// From its leaf hash to the `rows_root`, over as many leaves as the entry says.
    pub path: Vec<Hash>,
}

struct Held<'a>(&'a [Hash]);

impl Nodes for Held<'_> {
    type Error = std::convert::Infallible;

    fn node(&self, level: u8, index: u64) -> Result<Hash, Self::Error> {
        let from = (index << level) as usize;
        Ok(root_of(&mut self.0[from..from + (1 << level)].to_vec()))
    }
}

/// The leaf hash of a row under its blind.
#[inline]
pub(crate) fn row_leaf(blind: &[u8], row: &[u8]) -> Hash {
    let mut bytes = [0; 1 + 32 + ROW_BYTES];
    bytes[1..33].copy_from_slice(blind);
    bytes[33..].copy_from_slice(row);
    weir_keys::sha256_short(&bytes)
}

/// Builds the body of an intent and the root over its rows. `root` says how blinds are made: the older way as long as the release before
/// must be able to read it.
pub(crate) fn seal(
    root: Root,
    seed: &SecretKey,
    wrapped_seed: &[u8],
    rows: impl ExactSizeIterator<Item = StoredRow>,
) -> (Vec<u8>, Hash) {
    let count = rows.len();
    let blinds = blinds::all(root, seed, count);
    let mut body = Vec::with_capacity(7 + wrapped_seed.len() + count * (ROW_BYTES + 32));
    Secrets::put(root, count, wrapped_seed, &mut body);
    let mut hashes = Vec::with_capacity(count);
    for (row, blind) in rows.zip(blinds.as_chunks::<BLIND_BYTES>().0) {
        let bytes = row.encode();
        hashes.push(row_leaf(blind, &bytes));
        body.extend_from_slice(&bytes);
    }
    hashes.iter().for_each(|hash| body.extend_from_slice(hash));
    let root = root_of(&mut hashes);
    (body, root)
}

/// The body of an intent, read.
#[derive(Clone, Copy, Debug)]
pub enum Body<'a> {
    /// It has its rows.
    Rows(RowsBody<'a>),
    /// Its rows lie elsewhere.
    Thin(ThinBody<'a>),
}

impl<'a> Body<'a> {
    /// Reads the parts; what they say is not checked yet.
    pub fn parse(body: &'a [u8]) -> Result<Body<'a>, WireError> {
        match body.first() {
            Some(&FORMAT) => ThinBody::parse(body).map(Body::Thin),
            _ => RowsBody::parse(body).map(Body::Rows),
        }
    }

    /// How many rows the batch has.
    pub fn count(&self) -> usize {
        match self {
            Body::Rows(body) => body.count(),
            Body::Thin(body) => body.count(),
        }
    }
}

/// The body of an intent with its rows.
#[derive(Clone, Copy, Debug)]
pub struct RowsBody<'a> {
    secrets: Secrets<'a>,
    rows: &'a [u8],
    hashes: &'a [u8],
}

/// What is wrong with a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wrong {
    /// Its leaf hash is not that of its bytes.
    Changed,
    /// It is empty, yet its blind is there: somebody took it out without erasing it.
    Emptied,
    /// It is there, yet nothing is left that its leaf hash could be made with.
    Unprovable,
}

impl<'a> RowsBody<'a> {
    /// Reads the parts; what they say is not checked yet.
    pub fn parse(body: &'a [u8]) -> Result<RowsBody<'a>, WireError> {
        let mut c = Cursor::new(body);
        let secrets = Secrets::read(&mut c)?;
        let (rows, hashes) = (c.take(secrets.count() * ROW_BYTES)?, c.take(secrets.count() * 32)?);
        let body = RowsBody { secrets, rows, hashes };
        if c.is_done() { Ok(body) } else { Err(WireError(c.position())) }
    }

    /// How many rows.
    pub fn count(&self) -> usize {
        self.secrets.count()
    }

    /// Whether no blind is left, so that no row can be recomputed any more.
    pub fn is_punctured(&self) -> bool {
        self.secrets.are_gone()
    }

    /// The rows in order; `None` for an erased one.
    pub fn rows(&self) -> impl Iterator<Item = Option<StoredRow>> + 'a {
        self.rows.as_chunks::<ROW_BYTES>().0.iter().map(StoredRow::decode)
    }

    /// The places of the rows about these subjects.
    pub(crate) fn places_of(&self, subjects: &BTreeSet<u64>) -> BTreeSet<u16> {
        let is_one = |row: &[u8; ROW_BYTES]| {
            let (subject, _) = row[4..].split_first_chunk::<8>()?;
            Some(subjects.contains(&u64::from_le_bytes(*subject)) && row != &[0; ROW_BYTES])
        };
        let rows = (0..=u16::MAX).zip(self.rows.as_chunks::<ROW_BYTES>().0);
        rows.filter(|(_, row)| is_one(row) == Some(true)).map(|(place, _)| place).collect()
    }

    /// The sealed secrets that blinds are made of.
    pub(crate) fn secrets(&self) -> Secrets<'a> {
        self.secrets
    }

    /// The leaf hashes in order.
    pub(crate) fn hashes(&self) -> &'a [Hash] {
        self.hashes.as_chunks::<32>().0
    }

    /// The root over the stored leaf hashes.
    pub fn stored_root(&self) -> Hash {
        root_of(&mut self.hashes.as_chunks::<32>().0.to_vec())
    }

    /// Proofs of these rows; `None` where the seed does not open with these keys, or a row is erased or not the one that was recorded.
    pub fn proofs(&self, keys: &Keys, batch: BatchId, indexes: &[u16]) -> Option<Vec<RowProof>> {
        let blinds = self.secrets.blinds(keys, batch).ok()?;
        let hashes = self.hashes.as_chunks::<32>().0;
        let rows = self.rows.as_chunks::<ROW_BYTES>().0;
        let proof = |index: &u16| {
            let at = usize::from(*index);
            let (row, blind) = (rows.get(at)?, blinds.get(at)?.as_ref()?);
            let Ok(path) = inclusion(&Held(hashes), u64::from(*index), hashes.len() as u64);
            (row_leaf(blind, row) == *hashes.get(at)?).then_some(RowProof {
                index: *index,
                row: *row,
                blind: *blind,
                path,
            })
        };
        indexes.iter().map(proof).collect()
    }

    /// The first row that is not as it was recorded, and what is wrong with it. An error says that the seed does not open.
    pub(crate) fn first_wrong(&self, keys: &Keys, batch: BatchId) -> Result<Option<(usize, Wrong)>, KeysError> {
        let blinds = self.secrets.blinds(keys, batch)?;
        let rows = self.rows.as_chunks::<ROW_BYTES>().0.iter().zip(blinds).zip(self.hashes.as_chunks::<32>().0);
        let wrong = |((row, blind), hash): ((&[u8; ROW_BYTES], Option<[u8; BLIND_BYTES]>), &Hash)| match (
            row == &[0; ROW_BYTES],
            blind,
        ) {
            (true, None) => None,
            (true, Some(_)) => Some(Wrong::Emptied),
            (false, None) => Some(Wrong::Unprovable),
            (false, Some(blind)) => (row_leaf(&blind, row) != *hash).then_some(Wrong::Changed),
        };
        Ok(rows.map(wrong).enumerate().find_map(|(at, wrong)| Some((at, wrong?))))
    }

    /// The same body without these rows and without what made their blinds.
    pub(crate) fn punctured(&self, keys: &Keys, batch: BatchId, gone: &BTreeSet<u16>) -> Result<Vec<u8>, KeysError> {
        let mut body = self.secrets.punctured(keys, batch, gone)?;
        let from = body.len();
        body.extend_from_slice(self.rows);
        for row in gone {
            let at = from + usize::from(*row) * ROW_BYTES;
            body.get_mut(at..at + ROW_BYTES).unwrap_or_default().fill(0);
        }
        body.extend_from_slice(self.hashes);
        Ok(body)
    }
}

#[cfg(test)]
mod tests {
    use crate::secrets::PURPOSE;

    use super::*;

    fn row(index: u16) -> StoredRow {
        StoredRow {
            time: 1_795_303_178,
            subject: 0x0102_0304_0506_0708,
            organisation: 0,
            event: StoredName(7),
            field_set: FieldSetId([0xab; 16]),
            slice: StoredName(8),
            epoch: 2_968,
            batch: BatchId(1),
            index,
        }
    }

    #[test]
    fn d13_the_row_bytes_are_frozen() {
        let hex = weir_event::ids::hex(&row(513).encode());
        assert_eq!(
            hex,
            "0a27026b0807060504030201000000000000000007000000abababababababababababababababab08000000980b000001000000000000000102"
        );
        assert_eq!(StoredRow::decode(&row(513).encode()), Some(row(513)));
        assert_eq!(StoredRow::decode(&[0; ROW_BYTES]), None);
    }

    /// The body of a batch of so many rows under a seed of sevens, and its root.
    fn body(keys: &Keys, of: Root, rows: u16) -> (Vec<u8>, Hash) {
        let seed = SecretKey::from_bytes([7; 32]);
        let wrapped = keys.wrap(PURPOSE, &1_u64.to_le_bytes(), seed.bytes());
        seal(of, &seed, &wrapped, (0..rows).map(row).collect::<Vec<_>>().into_iter())
    }

    fn keys() -> (tempfile::TempDir, std::sync::Arc<Keys>) {
        let dir = tempfile::tempdir().unwrap();
        let clock = weir_event::ManualClock::at(Millis(1_795_303_178_843));
        let keys = Keys::open(&dir.path().join("keys"), std::sync::Arc::new(clock)).unwrap();
        (dir, keys)
    }

    #[test]
    fn d13_the_leaf_hash_of_a_known_row_is_frozen() {
        for of in [Root::Flat, Root::Tree] {
            let (body, root) = seal(of, &SecretKey::from_bytes([7; 32]), b"wrapped", [row(0)].into_iter());
            let read = RowsBody::parse(&body).unwrap();
            assert_eq!(read.stored_root(), root);
            // Made with an AES-256-CTR of another library: key 07…07, counter block 0^96 ‖ 00000002, then SHA-256.
            let hex = weir_event::ids::hex(&root);
            assert_eq!(hex, "a28c9aedd73bc2b5c039ef1ea3f67db0902076ddd3bfbb55db410389bab5c3c5");
        }
    }

    #[test]
    fn a_changed_row_and_one_that_was_only_emptied_are_found() {
        let (_dir, keys) = keys();
        for of in [Root::Flat, Root::Tree] {
            let (body, _) = body(&keys, of, 300);
            let wrong = |body: &[u8]| RowsBody::parse(body).unwrap().first_wrong(&keys, BatchId(1)).unwrap();
            assert_eq!(wrong(&body), None);
            let at = body.len() - 300 * (32 + ROW_BYTES) + 123 * ROW_BYTES;
            let mut changed = body.clone();
            changed[at + 5] ^= 1;
            assert_eq!(wrong(&changed), Some((123, Wrong::Changed)));
            let mut emptied = body.clone();
            emptied[at..at + ROW_BYTES].fill(0);
            assert_eq!(wrong(&emptied), Some((123, Wrong::Emptied)));
            let read = RowsBody::parse(&body).unwrap();
            let erased = read.punctured(&keys, BatchId(1), &BTreeSet::from([123])).unwrap();
            let mut restored = erased.clone();
            let at = erased.len() - 300 * (32 + ROW_BYTES) + 123 * ROW_BYTES;
            restored[at..at + ROW_BYTES].copy_from_slice(&row(123).encode());
            assert_eq!(wrong(&restored), Some((123, Wrong::Unprovable)));
        }
    }

    #[test]
    fn d13_an_erased_row_leaves_its_hash_and_the_other_rows_their_proofs() {
        let (_dir, keys) = keys();
        for of in [Root::Flat, Root::Tree] {
            let (before, root) = body(&keys, of, 300);
            let read = RowsBody::parse(&before).unwrap();
            let all: Vec<u16> = (0..300).collect();
            let proofs = read.proofs(&keys, BatchId(1), &all).unwrap();
            let mut body = before.clone();
            let mut gone = BTreeSet::new();
            for round in [BTreeSet::from([0]), BTreeSet::from([16, 17, 299]), (100..290).collect()] {
                body = RowsBody::parse(&body).unwrap().punctured(&keys, BatchId(1), &round).unwrap();
                gone.extend(round);
                let read = RowsBody::parse(&body).unwrap();
                assert_eq!((read.count(), read.stored_root(), read.is_punctured()), (300, root, false));
                assert_eq!(read.first_wrong(&keys, BatchId(1)).unwrap(), None);
                assert_eq!(read.rows().filter(Option::is_none).count(), gone.len());
                let left: Vec<u16> = all.iter().copied().filter(|at| !gone.contains(at)).collect();
                let kept: Vec<RowProof> = left.iter().map(|at| proofs[usize::from(*at)].clone()).collect();
                assert_eq!(read.proofs(&keys, BatchId(1), &left), Some(kept), "the same proofs");
                for at in &gone {
                    assert_eq!(read.proofs(&keys, BatchId(1), &[*at]), None);
                }
                assert!(body.len() < before.len() + 300 * 37 + 100);
            }
            let none =
                RowsBody::parse(&body).unwrap().punctured(&keys, BatchId(1), &all.into_iter().collect()).unwrap();
            let read = RowsBody::parse(&none).unwrap();
            assert!(read.is_punctured() && read.stored_root() == root);
            assert_eq!(read.first_wrong(&keys, BatchId(1)).unwrap(), None);
        }
    }

    #[test]
    fn d15_no_byte_of_an_erased_row_and_none_of_its_batch_s_sealed_seed_is_left() {
        let (_dir, keys) = keys();
        let (body, _) = body(&keys, Root::Tree, 300);
        let read = RowsBody::parse(&body).unwrap();
        let seed = &read.secrets.bytes()[7..];
        let blind = read.secrets.blinds(&keys, BatchId(1)).unwrap()[40].unwrap();
        let erased = read.punctured(&keys, BatchId(1), &BTreeSet::from([40])).unwrap();
        let after = RowsBody::parse(&erased).unwrap();
        let opened = blinds::encode(&after.secrets.nodes(&keys, BatchId(1)).unwrap());
        let holds = |bytes: &[u8], wanted: &[u8]| bytes.windows(wanted.len()).any(|w| w == wanted);
        assert!(holds(&body, seed) && holds(&body, &row(40).encode()));
        assert!(!holds(&erased, seed) && !holds(&erased, &row(40).encode()));
        assert!(!holds(&opened, &blind) && !holds(&opened, &[7; 32]), "not even for who has the key folder");
    }

    #[test]
    fn a_row_that_was_emptied_before_its_batch_was_thinned_is_found_by_its_blind() {
        let (_dir, keys) = keys();
        let (mut body, _) = body(&keys, Root::Tree, 20);
        let at = body.len() - 20 * (32 + ROW_BYTES) + 3 * ROW_BYTES;
        body[at..at + ROW_BYTES].fill(0);
        let thin = ThinBody::of(&RowsBody::parse(&body).unwrap());
        let thin = ThinBody::parse(&thin).unwrap();
        let rows = (0..20).map(|place| (place, row(place))).collect();
        assert_eq!(thin.emptied(&keys, BatchId(1)).unwrap(), Some(3));
        assert_eq!(thin.whole(&keys, BatchId(1), &rows).unwrap(), None);
    }

    #[test]
    fn the_places_of_subjects_are_those_of_their_rows() {
        let (_dir, keys) = keys();
        let (body, _) = body(&keys, Root::Tree, 20);
        let read = RowsBody::parse(&body).unwrap();
        assert_eq!(read.places_of(&BTreeSet::from([0x0102_0304_0506_0708])).len(), 20);
        assert!(read.places_of(&BTreeSet::from([1, 0])).is_empty());
    }
}

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
//! Leaf hash = `SHA-256(0x00 ‖ blind ‖ row)`; blind `i` = bytes `32 i .. 32 i + 32` of the AES-256-CTR key stream under the batch's
//! seed, from the counter block `0^96 ‖ 2` on (what AES-256-GCM with a zero nonce encrypts zeros to). Without the seed a leaf
//! hash says nothing about a row, so destroying the seed (puncturing) leaves hashes only; a row that was erased is 58 zero bytes.
//!
//! # Body of an intent
//!
//! | bytes | what |
//! |---|---|
//! | 0 | format, 1 |
//! | 1..5 | rows, at most 65,536 |
//! | 5..7 | length of the sealed seed, 0 once punctured |
//! | … | the seed, wrapped by the key folder for `rows/v1` with the batch (8 bytes) as associated data |
//! | … | rows, 58 bytes each |
//! | … | leaf hashes, 32 bytes each |

use weir_event::NameId;
use weir_event::wire::{Cursor, WireError};
use weir_keys::{AeadKey, Keys, SecretKey};

use crate::entry::{BatchId, FieldSetId, StoredName};
use crate::tree::hash::{Hash, root_of};
use crate::tree::proof::{Nodes, inclusion};

/// Bytes of a stored row.
pub const ROW_BYTES: usize = 58;
/// Rows of one batch: the index is two bytes.
pub const ROWS_MAX: usize = 65_536;
/// What seeds are wrapped for.
pub(crate) const PURPOSE: &str = "rows/v1";
const FORMAT: u8 = 1;

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
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
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

/// The blinds of a batch's rows, 32 bytes each.
fn blinds(seed: &SecretKey, rows: usize) -> Vec<u8> {
    // The seed is used for this one message, so the nonce 0 is never repeated under it. The tag is not needed.
    let mut stream = vec![0; rows * 32];
    AeadKey::new(seed).seal(0, &[], &mut stream, 0);
    stream.truncate(rows * 32);
    stream
}

#[inline]
fn row_leaf(blind: &[u8], row: &[u8]) -> Hash {
    let mut bytes = [0; 1 + 32 + ROW_BYTES];
    bytes[1..33].copy_from_slice(blind);
    bytes[33..].copy_from_slice(row);
    weir_keys::sha256_short(&bytes)
}

/// Builds the body of an intent and the root over its rows.
pub(crate) fn seal(
    seed: &SecretKey,
    wrapped_seed: &[u8],
    rows: impl ExactSizeIterator<Item = StoredRow>,
) -> (Vec<u8>, Hash) {
    let count = rows.len();
    let blinds = blinds(seed, count);
    let mut body = Vec::with_capacity(7 + wrapped_seed.len() + count * (ROW_BYTES + 32));
    body.push(FORMAT);
    body.extend_from_slice(&(count as u32).to_le_bytes());
    body.extend_from_slice(&(wrapped_seed.len() as u16).to_le_bytes());
    body.extend_from_slice(wrapped_seed);
    let mut hashes = Vec::with_capacity(count);
    for (row, blind) in rows.zip(blinds.chunks_exact(32)) {
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
pub struct RowsBody<'a> {
    wrapped_seed: &'a [u8],
    rows: &'a [u8],
    hashes: &'a [u8],
}

impl<'a> RowsBody<'a> {
    /// Reads the parts; what they say is not checked yet.
    pub fn parse(body: &'a [u8]) -> Result<RowsBody<'a>, WireError> {
        let mut c = Cursor::new(body);
        if c.u8()? != FORMAT {
            return Err(WireError(0));
        }
        let count = c.u32()? as usize;
        if count > ROWS_MAX {
            return Err(WireError(1));
        }
        let seed = usize::from(u16::from_le_bytes(c.array()?));
        let wrapped_seed = c.take(seed)?;
        let (rows, hashes) = (c.take(count * ROW_BYTES)?, c.take(count * 32)?);
        if c.is_done() { Ok(RowsBody { wrapped_seed, rows, hashes }) } else { Err(WireError(c.position())) }
    }

    /// How many rows.
    pub fn count(&self) -> usize {
        self.hashes.len() / 32
    }

    /// Whether the seed was destroyed, so that no row can be recomputed any more.
    pub fn is_punctured(&self) -> bool {
        self.wrapped_seed.is_empty()
    }

    /// The rows in order; `None` for an erased one.
    pub fn rows(&self) -> impl Iterator<Item = Option<StoredRow>> + 'a {
        self.rows.as_chunks::<ROW_BYTES>().0.iter().map(StoredRow::decode)
    }

    /// The root over the stored leaf hashes.
    pub fn stored_root(&self) -> Hash {
        root_of(&mut self.hashes.as_chunks::<32>().0.to_vec())
    }

    /// Proofs of these rows; `None` where the seed does not open with these keys, or a row is erased or not the one that was recorded.
    pub fn proofs(&self, keys: &Keys, batch: BatchId, indexes: &[u16]) -> Option<Vec<RowProof>> {
        let seed = keys.unwrap(PURPOSE, &batch.0.to_le_bytes(), self.wrapped_seed).ok()?;
        let blinds = blinds(&seed, self.count());
        let (blinds, hashes) = (blinds.as_chunks::<32>().0, self.hashes.as_chunks::<32>().0);
        let rows = self.rows.as_chunks::<ROW_BYTES>().0;
        let proof = |index: &u16| {
            let at = usize::from(*index);
            let (row, blind) = (rows.get(at)?, blinds.get(at)?);
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

    /// The sealed seed.
    pub(crate) fn wrapped_seed(&self) -> &'a [u8] {
        self.wrapped_seed
    }

    /// The first row whose stored leaf hash is not that of its bytes. Erased rows have none to compare with.
    pub(crate) fn first_wrong(&self, seed: &SecretKey) -> Option<usize> {
        let blinds = blinds(seed, self.count());
        let hashes = self.hashes.as_chunks::<32>().0;
        self.rows
            .as_chunks::<ROW_BYTES>()
            .0
            .iter()
            .zip(blinds.chunks_exact(32))
            .zip(hashes)
            .position(|((row, blind), hash)| row != &[0; ROW_BYTES] && row_leaf(blind, row) != *hash)
    }
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn d13_the_leaf_hash_of_a_known_row_is_frozen() {
        let (body, root) = seal(&SecretKey::from_bytes([7; 32]), b"wrapped", [row(0)].into_iter());
        let read = RowsBody::parse(&body).unwrap();
        assert_eq!(read.stored_root(), root);
        // Made with an AES-256-CTR of another library: key 07…07, counter block 0^96 ‖ 00000002, then SHA-256.
        assert_eq!(weir_event::ids::hex(&root), "a28c9aedd73bc2b5c039ef1ea3f67db0902076ddd3bfbb55db410389bab5c3c5");
    }

    #[test]
    fn a_changed_row_is_found_and_an_erased_one_keeps_its_hash() {
        let seed = SecretKey::from_bytes([7; 32]);
        let (body, root) = seal(&seed, b"wrapped", (0..300).map(row));
        assert_eq!(RowsBody::parse(&body).unwrap().first_wrong(&seed), None);
        let at = 7 + 7 + 123 * ROW_BYTES;
        let mut changed = body.clone();
        changed[at + 5] ^= 1;
        assert_eq!(RowsBody::parse(&changed).unwrap().first_wrong(&seed), Some(123));
        let mut erased = body;
        erased[at..at + ROW_BYTES].fill(0);
        let read = RowsBody::parse(&erased).unwrap();
        assert_eq!((read.first_wrong(&seed), read.stored_root()), (None, root));
        assert_eq!(read.rows().filter(Option::is_none).count(), 1);
    }
}

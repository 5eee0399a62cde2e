//! What the blinds of a batch's rows are made of, as a body has it: sealed for the key folder (`blinds.rs` says how blinds come of it).
//!
//! | bytes | what |
//! |---|---|
//! | 0 | kind: 1 a seed of an older Weir, whose children are all blinds; 2 a seed; 3 what is left of one, without the blinds of erased rows |
//! | 1..5 | rows, at most 65,536 |
//! | 5..7 | length of the sealed seed; 0 where no blind is left |
//! | … | the seed, wrapped by the key folder for `rows/v1` with the batch (8 bytes) as associated data; in kind 3 a key of its own, wrapped for `rows-left/v1` |
//! | … | in kind 3 only: 4 bytes length, and the nodes that are left, AES-256-GCM under that key, counter 0 |

use std::collections::BTreeSet;

use weir_event::wire::{Cursor, WireError};
use weir_keys::{AeadKey, Keys, KeysError, SecretKey};

use crate::blinds::{self, BLIND_BYTES, Node, Root};
use crate::entry::BatchId;
use crate::rows::ROWS_MAX;

/// What seeds are wrapped for.
pub(crate) const PURPOSE: &str = "rows/v1";
/// What the key over the nodes of a punctured batch is wrapped for.
const PURPOSE_LEFT: &str = "rows-left/v1";
const FLAT: u8 = 1;
const WHOLE: u8 = 2;
const PUNCTURED: u8 = 3;

/// Bytes of the fixed part.
const FIXED_BYTES: usize = 7;

/// See the module.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Secrets<'a> {
    kind: u8,
    count: usize,
    wrapped_seed: &'a [u8],
    left: &'a [u8],
    /// All of it.
    bytes: &'a [u8],
}

impl<'a> Secrets<'a> {
    /// Whether a body that begins with this byte begins with secrets.
    pub(crate) const fn is_kind(byte: u8) -> bool {
        matches!(byte, FLAT | WHOLE | PUNCTURED)
    }

    /// The bytes of a new batch's, appended.
    pub(crate) fn put(root: Root, count: usize, wrapped_seed: &[u8], out: &mut Vec<u8>) {
        out.push(if root == Root::Flat { FLAT } else { WHOLE });
        out.extend_from_slice(&(count as u32).to_le_bytes());
        out.extend_from_slice(&(wrapped_seed.len() as u16).to_le_bytes());
        out.extend_from_slice(wrapped_seed);
    }

    /// Reads them. What they say is not checked yet.
    pub(crate) fn read(c: &mut Cursor<'a>) -> Result<Secrets<'a>, WireError> {
        let (from, whole) = (c.position(), c.rest());
        let kind = c.u8()?;
        if !Secrets::is_kind(kind) {
            return Err(WireError(from));
        }
        let count = c.u32()? as usize;
        if count > ROWS_MAX {
            return Err(WireError(from + 1));
        }
        let seed = usize::from(u16::from_le_bytes(c.array()?));
        let wrapped_seed = c.take(seed)?;
        let left = if kind == PUNCTURED { c.u32()? as usize } else { 0 };
        let left = c.take(left)?;
        let bytes = whole.get(..c.position() - from).unwrap_or_default();
        Ok(Secrets { kind, count, wrapped_seed, left, bytes })
    }

    /// Rows of the batch.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The bytes that they were read from.
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Whether no blind is left, so that no row can be recomputed any more.
    pub(crate) fn are_gone(&self) -> bool {
        self.wrapped_seed.is_empty()
    }

    /// The blind of each row, `None` for one that was destroyed. An error says that they do not open with these keys.
    pub(crate) fn blinds(&self, keys: &Keys, batch: BatchId) -> Result<Vec<Option<[u8; BLIND_BYTES]>>, KeysError> {
        Ok(blinds::of_nodes(&self.nodes(keys, batch)?, self.count))
    }

    /// The bytes of the same without the blinds of these rows.
    pub(crate) fn punctured(&self, keys: &Keys, batch: BatchId, gone: &BTreeSet<u16>) -> Result<Vec<u8>, KeysError> {
        let nodes = blinds::punctured(self.nodes(keys, batch)?, self.count, gone);
        let (mut wrapped, mut left) = (Vec::new(), Vec::new());
        if !nodes.is_empty() {
            let key = SecretKey::generate();
            wrapped = keys.wrap(PURPOSE_LEFT, &batch.0.to_le_bytes(), key.bytes());
            left = blinds::encode(&nodes);
            AeadKey::new(&key).seal(0, &[], &mut left, 0);
        }
        let mut out = Vec::with_capacity(FIXED_BYTES + 4 + wrapped.len() + left.len());
        out.push(PUNCTURED);
        out.extend_from_slice(&(self.count as u32).to_le_bytes());
        out.extend_from_slice(&(wrapped.len() as u16).to_le_bytes());
        out.extend_from_slice(&wrapped);
        out.extend_from_slice(&(left.len() as u32).to_le_bytes());
        out.extend_from_slice(&left);
        Ok(out)
    }

    /// What blinds are made of.
    pub(crate) fn nodes(&self, keys: &Keys, batch: BatchId) -> Result<Vec<Node>, KeysError> {
        if self.are_gone() {
            return Ok(Vec::new());
        }
        let unwrap = |purpose| keys.unwrap(purpose, &batch.0.to_le_bytes(), self.wrapped_seed);
        match self.kind {
            FLAT => Ok(blinds::whole(Root::Flat, &unwrap(PURPOSE)?, self.count)),
            WHOLE => Ok(blinds::whole(Root::Tree, &unwrap(PURPOSE)?, self.count)),
            _ => {
                let mut left = self.left.to_vec();
                let left = AeadKey::new(&unwrap(PURPOSE_LEFT)?).open(0, &[], &mut left)?;
                let bad = KeysError::DoesNotOpen { what: "what is left of a batch's seed" };
                blinds::decode(left, self.count).map_err(|_| bad)
            }
        }
    }
}

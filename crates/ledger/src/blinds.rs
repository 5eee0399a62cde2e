//! The blinds of a batch's rows, and what is left to make them of once some of them were destroyed (puncture, D13).
//!
//! Blinds are the leaves of a tree of secrets whose root is the batch's seed. Each node has 16 children: child `k` is bytes
//! `32 k .. 32 k + 32` of the AES-256-CTR key stream under the node's secret, from the counter block `0^96 ‖ 2` on (what AES-256-GCM
//! with a zero nonce encrypts zeros to). The root stands on the lowest level, from 1 on, that has room for all rows; a node of level `l`
//! and number `i` has the rows from `i 16^l` on, and a node of level 0 is a blind. So whoever has a node makes every blind under it, and
//! none beside it: to destroy a blind is to keep the siblings on the way down to it, at most 15 on each level, and to forget the nodes
//! above.
//!
//! Batches of an older Weir have one root over all of their rows ([`Root::Flat`]). Of these, destroying a blind keeps the others one by one.
//!
//! # What is kept, 37 bytes a node, little-endian, in order of the rows
//! level (1 byte), number (4 bytes), secret (32 bytes).

use std::collections::BTreeSet;

use weir_event::wire::{Cursor, WireError};
use weir_keys::{AeadKey, SecretKey};

/// Bytes of a blind, and of any node's secret.
pub(crate) const BLIND_BYTES: usize = 32;
/// Children of a node: with two a batch would cost an AES key schedule for each row, with 16 for every fifteenth.
const CHILDREN: u32 = 16;
const CHILDREN_BITS: u32 = CHILDREN.ilog2();
/// So that 16 to this power is more rows than a batch can have.
const LEVELS_MAX: u8 = 5;

/// How many rows a seed's direct children are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Root {
    /// All of them: an older Weir's.
    Flat,
    /// The tree above.
    Tree,
}

/// A secret of which blinds are made.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    level: u8,
    number: u32,
    secret: SecretKey,
}

/// The blinds under a seed: all of them, one after the other.
pub(crate) fn all(root: Root, seed: &SecretKey, rows: usize) -> Vec<u8> {
    match root {
        Root::Flat => stream(seed, rows),
        Root::Tree => {
            let mut out = Vec::with_capacity(rows * BLIND_BYTES);
            let rows = u32::try_from(rows).unwrap_or(u32::MAX);
            fill(&mut out, seed, level_of_root(rows), rows);
            out
        }
    }
}

/// The same by row, of what is left of a batch; `None` where a blind was destroyed.
pub(crate) fn of_nodes(nodes: &[Node], rows: usize) -> Vec<Option<[u8; BLIND_BYTES]>> {
    let mut blinds = vec![None; rows];
    for node in nodes {
        let (first, end) = node.rows(rows);
        let mut under = Vec::new();
        if node.level == 0 {
            under.extend_from_slice(node.secret.bytes());
        } else {
            fill(&mut under, &node.secret, node.level, u32::try_from(end - first).unwrap_or(u32::MAX));
        }
        let places = blinds.get_mut(first..end).unwrap_or_default();
        for (place, blind) in places.iter_mut().zip(under.as_chunks::<BLIND_BYTES>().0) {
            *place = Some(*blind);
        }
    }
    blinds
}

/// The nodes that a whole batch begins with.
pub(crate) fn whole(root: Root, seed: &SecretKey, rows: usize) -> Vec<Node> {
    match root {
        Root::Tree => {
            let level = level_of_root(u32::try_from(rows).unwrap_or(u32::MAX));
            vec![Node { level, number: 0, secret: seed.clone() }]
        }
        Root::Flat => {
            let blinds = stream(seed, rows);
            let blinds = blinds.as_chunks::<BLIND_BYTES>().0.iter();
            (0..).zip(blinds).map(|(number, b)| Node { level: 0, number, secret: SecretKey::from_bytes(*b) }).collect()
        }
    }
}

/// What is left without the blinds of these rows.
pub(crate) fn punctured(nodes: Vec<Node>, rows: usize, gone: &BTreeSet<u16>) -> Vec<Node> {
    let mut left = Vec::new();
    for node in nodes {
        puncture(node, rows, gone, &mut left);
    }
    left
}

fn puncture(node: Node, rows: usize, gone: &BTreeSet<u16>, left: &mut Vec<Node>) {
    let (first, end) = node.rows(rows);
    let is_gone = |row: usize| u16::try_from(row).is_ok_and(|row| gone.contains(&row));
    let last = end.saturating_sub(1);
    let touched = match (u16::try_from(first), u16::try_from(last)) {
        (Ok(first), Ok(last)) if first <= last => gone.range(first..=last).next().is_some(),
        // Rows that no batch has.
        _ => (first..end).any(is_gone),
    };
    if !touched {
        left.push(node);
        return;
    }
    if node.level == 0 {
        return;
    }
    let level = node.level - 1;
    let children = stream(&node.secret, CHILDREN as usize);
    for (k, secret) in (0..).zip(children.as_chunks::<BLIND_BYTES>().0) {
        let number = (node.number << CHILDREN_BITS) + k;
        let child = Node { level, number, secret: SecretKey::from_bytes(*secret) };
        let (first, end) = child.rows(rows);
        if first < end {
            puncture(child, rows, gone, left);
        }
    }
}

/// The bytes of nodes.
pub(crate) fn encode(nodes: &[Node]) -> Vec<u8> {
    let mut out = Vec::with_capacity(nodes.len() * 37);
    for node in nodes {
        out.push(node.level);
        out.extend_from_slice(&node.number.to_le_bytes());
        out.extend_from_slice(node.secret.bytes());
    }
    out
}

/// Reads nodes of a batch of so many rows: in order, and none beside another's rows.
pub(crate) fn decode(bytes: &[u8], rows: usize) -> Result<Vec<Node>, WireError> {
    let mut c = Cursor::new(bytes);
    let (mut nodes, mut next) = (Vec::new(), 0);
    while !c.is_done() {
        let bad = WireError(c.position());
        let (level, number, secret) = (c.u8()?, c.u32()?, SecretKey::from_bytes(c.array()?));
        if level > LEVELS_MAX || u64::from(number) << (u32::from(level) * CHILDREN_BITS) > u64::from(u32::MAX) {
            return Err(bad);
        }
        let node = Node { level, number, secret };
        let (first, end) = node.rows(rows);
        if first < next || first >= end {
            return Err(bad);
        }
        next = end;
        nodes.push(node);
    }
    Ok(nodes)
}

impl Node {
    /// The rows under it: the first, and the first behind them.
    fn rows(&self, rows: usize) -> (usize, usize) {
        let bits = u32::from(self.level) * CHILDREN_BITS;
        let of = |number: u64| usize::try_from(number << bits).unwrap_or(usize::MAX).min(rows);
        (of(u64::from(self.number)), of(u64::from(self.number) + 1))
    }
}

/// The lowest level, from 1 on, that has room for so many rows.
fn level_of_root(rows: u32) -> u8 {
    let mut level = 1;
    while u64::from(rows) > 1 << (u32::from(level) * CHILDREN_BITS) {
        level += 1;
    }
    level
}

/// Appends the first `rows` blinds under a node.
fn fill(out: &mut Vec<u8>, secret: &SecretKey, level: u8, rows: u32) {
    let under_child = 1_u32 << (u32::from(level).saturating_sub(1) * CHILDREN_BITS);
    let children = stream(secret, rows.div_ceil(under_child) as usize);
    if level <= 1 {
        out.extend_from_slice(&children);
        return;
    }
    let mut left = rows;
    for child in children.as_chunks::<BLIND_BYTES>().0 {
        let here = left.min(under_child);
        fill(out, &SecretKey::from_bytes(*child), level - 1, here);
        left -= here;
    }
}

/// The first children of a secret, 32 bytes each.
fn stream(secret: &SecretKey, children: usize) -> Vec<u8> {
    // The secret is used for this one message, so the nonce 0 is never repeated under it. The tag is not needed.
    let mut stream = Vec::with_capacity(children * BLIND_BYTES + AeadKey::TAG_BYTES);
    stream.resize(children * BLIND_BYTES, 0);
    AeadKey::new(secret).seal(0, &[], &mut stream, 0);
    stream.truncate(children * BLIND_BYTES);
    stream
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SEED: [u8; 32] = [7; 32];

    fn seed() -> SecretKey {
        SecretKey::from_bytes(SEED)
    }

    #[test]
    fn a_batch_of_up_to_sixteen_rows_has_the_blinds_that_it_always_had() {
        for rows in 0..=16 {
            assert_eq!(all(Root::Tree, &seed(), rows), all(Root::Flat, &seed(), rows));
        }
        assert_ne!(all(Root::Tree, &seed(), 17), all(Root::Flat, &seed(), 17));
    }

    #[test]
    fn d13_the_blinds_of_a_known_seed_are_frozen() {
        let of = |rows: usize, at: usize| weir_event::ids::hex(&all(Root::Tree, &seed(), rows)[32 * at..][..8]);
        // Made with an AES-256-CTR of another library (Python's cryptography) from the text above, key 07…07.
        assert_eq!(of(300, 81), KNOWN[0]);
        assert_eq!(of(5_000, 4_097), KNOWN[1]);
    }

    const KNOWN: [&str; 2] = ["6b3f3e7b92544c27", "b38b4e3e76538a80"];

    #[test]
    fn one_destroyed_blind_of_many_costs_the_siblings_on_its_way() {
        let rows = 2_000;
        for gone in [0_u16, 1, 15, 16, 999, 1_999] {
            let left = punctured(whole(Root::Tree, &seed(), rows), rows, &BTreeSet::from([gone]));
            assert!(left.len() <= 3 * 15, "{} nodes for {gone}", left.len());
        }
        let flat = punctured(whole(Root::Flat, &seed(), rows), rows, &BTreeSet::from([7]));
        assert_eq!(flat.len(), rows - 1, "of an older batch the others one by one");
    }

    proptest! {
        #[test]
        fn what_is_left_makes_every_other_blind_and_none_that_was_destroyed(
            rows in prop_oneof![1_usize..40, 200_usize..600, Just(4_097_usize)],
            gone in prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 0..5), 1..4),
            is_flat in any::<bool>(),
        ) {
            let root = if is_flat { Root::Flat } else { Root::Tree };
            let before = all(root, &seed(), rows);
            let (mut nodes, mut all_gone) = (whole(root, &seed(), rows), BTreeSet::new());
            for round in gone {
                let round: BTreeSet<u16> = round.iter().map(|at| at.index(rows) as u16).collect();
                nodes = punctured(nodes, rows, &round);
                all_gone.extend(round);
                let bytes = encode(&nodes);
                nodes = decode(&bytes, rows).unwrap();
                prop_assert_eq!(encode(&nodes), bytes.clone(), "what is kept comes back");
                let blinds = of_nodes(&nodes, rows);
                for (at, blind) in blinds.iter().enumerate() {
                    let expected = &before[32 * at..32 * at + 32];
                    if all_gone.contains(&(at as u16)) {
                        prop_assert_eq!(blind, &None);
                        prop_assert!(!bytes.windows(32).any(|w| w == expected), "blind {} is still there", at);
                    } else {
                        prop_assert_eq!(blind.as_ref().map(|b| &b[..]), Some(expected));
                    }
                }
                // No node above a destroyed blind is left: the seed least of all.
                prop_assert!(all_gone.is_empty() || !bytes.windows(32).any(|w| w == SEED));
            }
        }

        #[test]
        fn no_bytes_make_the_reader_of_nodes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), rows in 0_usize..70_000) {
            if let Ok(nodes) = decode(&bytes, rows) {
                prop_assert_eq!(encode(&nodes), bytes);
                let _ = of_nodes(&nodes, rows);
            }
        }
    }
}

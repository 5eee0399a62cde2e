//! Roots, inclusion and consistency proofs over any store of node hashes, and their checks (RFC 6962 section 2.1).

use super::hash::{Hash, node_hash, sha256};

/// Hashes that a proof has at most, in a tree of 2^63 leaves.
pub const HASHES_MAX: usize = 63;

/// Where node hashes come from: `level` 0 holds leaf hashes, `index` counts from the left, and only complete subtrees are asked for.
pub trait Nodes {
    /// What can go wrong.
    type Error;
    /// The hash of the complete subtree of `2^level` leaves that begins at leaf `index · 2^level`.
    fn node(&self, level: u8, index: u64) -> Result<Hash, Self::Error>;
}

/// The largest power of two below `n`; `n` is at least 2.
fn split_of(n: u64) -> u64 {
    1 << (63 - (n - 1).leading_zeros())
}

/// The hash over the leaves `[from, to)`, which begin at a multiple of the largest power of two that fits in them.
fn range_hash<N: Nodes>(nodes: &N, from: u64, to: u64) -> Result<Hash, N::Error> {
    let n = to - from;
    if n.is_power_of_two() {
        let level = n.trailing_zeros() as u8;
        return nodes.node(level, from >> level);
    }
    let split = from + split_of(n);
    Ok(node_hash(&range_hash(nodes, from, split)?, &range_hash(nodes, split, to)?))
}

/// The root of the tree of the first `size` leaves.
pub fn root_at<N: Nodes>(nodes: &N, size: u64) -> Result<Hash, N::Error> {
    if size == 0 { Ok(sha256(&[])) } else { range_hash(nodes, 0, size) }
}

/// The audit path of leaf `index` in the tree of `size` leaves, from the leaf up. `index` must be below `size`; otherwise it is empty.
pub fn inclusion<N: Nodes>(nodes: &N, index: u64, size: u64) -> Result<Vec<Hash>, N::Error> {
    let mut path = Vec::new();
    let (mut from, mut to) = (0, size);
    if index >= size {
        return Ok(path);
    }
    while to - from > 1 {
        let split = from + split_of(to - from);
        if index < split {
            path.push(range_hash(nodes, split, to)?);
            to = split;
        } else {
            path.push(range_hash(nodes, from, split)?);
            from = split;
        }
    }
    path.reverse();
    Ok(path)
}

/// The proof that the tree of `old` leaves is a prefix of the tree of `new` leaves. Empty where `old` is 0 or equals `new`.
pub fn consistency<N: Nodes>(nodes: &N, old: u64, new: u64) -> Result<Vec<Hash>, N::Error> {
    let mut proof = Vec::new();
    if old == 0 || old >= new {
        return Ok(proof);
    }
    let (mut from, mut to) = (0, new);
    // Walks down to the node whose right edge is `old`, collecting the siblings.
    while to != old {
        let split = from + split_of(to - from);
        if old <= split {
            proof.push(range_hash(nodes, split, to)?);
            to = split;
        } else {
            proof.push(range_hash(nodes, from, split)?);
            from = split;
        }
    }
    if from != 0 {
        proof.push(range_hash(nodes, from, to)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Whether `path` shows that `leaf` is leaf `index` of the tree with `root` (RFC 9162 section 2.1.3.2).
pub fn inclusion_holds(leaf: &Hash, index: u64, size: u64, path: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for sibling in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(sibling, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Whether `proof` shows that the tree (`old`, `old_root`) is a prefix of (`new`, `new_root`) (RFC 9162 section 2.1.4.2).
pub fn consistency_holds(old: u64, old_root: &Hash, new: u64, new_root: &Hash, proof: &[Hash]) -> bool {
    if old > new {
        return false;
    }
    if old == new {
        return proof.is_empty() && old_root == new_root;
    }
    if old == 0 {
        return proof.is_empty() && *old_root == sha256(&[]);
    }
    let mut hashes = proof.iter();
    let first = if old.is_power_of_two() {
        *old_root
    } else {
        let Some(first) = hashes.next() else { return false };
        *first
    };
    let (mut at, mut last) = (old - 1, new - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let (mut old_hash, mut new_hash) = (first, first);
    for sibling in hashes {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && old_hash == *old_root && new_hash == *new_root
}

#[cfg(test)]
mod tests {
    use super::super::hash::{leaf_hash, root_of};
    use super::*;
    use std::convert::Infallible;

    struct Held(Vec<Hash>);

    impl Nodes for Held {
        type Error = Infallible;
        fn node(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
            let from = (index << level) as usize;
            Ok(root_of(&mut self.0[from..from + (1 << level)].to_vec()))
        }
    }

    fn held(n: u32) -> Held {
        Held((0..n).map(|i| leaf_hash(&i.to_be_bytes())).collect())
    }

    #[test]
    fn every_proof_of_small_trees_holds_and_no_other_does() {
        let nodes = held(33);
        let root = |n: u64| root_of(&mut nodes.0[..n as usize].to_vec());
        for size in 1..=33 {
            assert_eq!(root_at(&nodes, size), Ok(root(size)));
            for index in 0..size {
                let Ok(path) = inclusion(&nodes, index, size);
                let leaf = nodes.0[index as usize];
                assert!(inclusion_holds(&leaf, index, size, &path, &root(size)));
                assert!(!inclusion_holds(&nodes.0[(index as usize + 1) % 33], index, size, &path, &root(size)));
                assert!(!inclusion_holds(&leaf, index, size, &[path.as_slice(), &[leaf]].concat(), &root(size)));
                if !path.is_empty() {
                    assert!(!inclusion_holds(&leaf, index, size, &path[1..], &root(size)));
                }
            }
            for old in 0..=size {
                let Ok(proof) = consistency(&nodes, old, size);
                assert!(consistency_holds(old, &root(old), size, &root(size), &proof), "{old} to {size}");
                if old != 0 {
                    assert!(!consistency_holds(old, &[7; 32], size, &root(size), &proof));
                    assert!(!consistency_holds(old, &root(old), size, &[7; 32], &proof));
                }
            }
        }
    }
}

//! RFC 6962 hashing: leaves, nodes, and the root of a list that is held whole.

use ring::digest::{SHA256, digest};

/// A SHA-256 value.
pub type Hash = [u8; 32];

/// SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> Hash {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, bytes).as_ref());
    out
}

/// `SHA-256(0x00 ‖ leaf)`.
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    let mut context = ring::digest::Context::new(&SHA256);
    context.update(&[0]);
    context.update(leaf);
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    out
}

/// `SHA-256(0x01 ‖ left ‖ right)`.
#[inline]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [1; 65];
    bytes[1..33].copy_from_slice(left);
    bytes[33..].copy_from_slice(right);
    weir_keys::sha256_short(&bytes)
}

/// The root over leaf hashes, which are used up: each pass pairs neighbours and lets an odd last one rise, which is the
/// tree of RFC 6962 section 2.1.
pub fn root_of(level: &mut Vec<Hash>) -> Hash {
    if level.is_empty() {
        return sha256(&[]);
    }
    while level.len() > 1 {
        let pairs = level.len() / 2;
        for i in 0..pairs {
            level[i] = node_hash(&level[2 * i], &level[2 * i + 1]);
        }
        if level.len() % 2 == 1 {
            level[pairs] = level[level.len() - 1];
            level.truncate(pairs + 1);
        } else {
            level.truncate(pairs);
        }
    }
    level[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Section 2.1 as written, slow.
    fn by_the_text(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => sha256(&[]),
            [one] => *one,
            many => {
                let split = many.len().next_power_of_two() / 2;
                node_hash(&by_the_text(&many[..split]), &by_the_text(&many[split..]))
            }
        }
    }

    #[test]
    fn pairing_levels_gives_the_tree_of_rfc_6962() {
        for n in 0..70_u32 {
            let leaves: Vec<Hash> = (0..n).map(|i| leaf_hash(&i.to_be_bytes())).collect();
            assert_eq!(root_of(&mut leaves.clone()), by_the_text(&leaves), "{n} leaves");
        }
    }

    #[test]
    fn the_empty_root_is_the_hash_of_nothing() {
        assert_eq!(
            weir_event::ids::hex(&root_of(&mut Vec::new())),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }
}

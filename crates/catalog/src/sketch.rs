//! How many different values a property has, estimated, without keeping one.
//!
//! A value goes through SipHash-2-4 under a key that lives in the key folder ([`SketchKey`]), mixed with the path, so that equal
//! values at two paths leave different marks. Of the 64 bits 32 are used: for the first [`SPARSE_MAX`] different values these 32 bits
//! are kept as they are (an exact count), after that only the largest number of leading zeros in each of 128 registers remains
//! (HyperLogLog: Flajolet et al. 2007; standard error 1.04/√128 = 9 %).
//!
//! Whoever has the file and not the key can try no guess: the hash is a keyed pseudorandom function. Whoever has both can, as with
//! the tags of the ledger, hold a guessed value against a sparse sketch; against registers a guess can only be excluded, not
//! confirmed. Nothing can be read back in either case: 32 bits do not determine a value.

use weir_event::Environment;
use weir_keys::KeySnapshot;

/// Different values that are counted exactly.
pub const SPARSE_MAX: usize = 32;
const REGISTERS: usize = 128;
/// Bytes of a value that count: two that agree in as many and in length are taken for one.
const HASHED_BYTES_MAX: usize = 256;

/// The key of all sketches of a Weir.
#[derive(Clone, Copy)]
pub struct SketchKey(u64, u64);

impl SketchKey {
    /// Derived from the tag key of the production environment, which lives as long as any ledger answer rests on it: so that a
    /// restart goes on with the same key, and a copied data folder does not have it.
    pub fn derive(keys: &KeySnapshot) -> SketchKey {
        SketchKey::from_bytes(keys.tag(Environment::Production, "", "weir/catalog/sketch/v1", b"").0)
    }

    /// Of 16 random bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> SketchKey {
        let whole = u128::from_le_bytes(bytes);
        SketchKey(whole as u64, (whole >> 64) as u64)
    }

    /// The key for the values of one path.
    pub(crate) fn of_path(self, path: &str) -> SketchKey {
        SketchKey(self.hash(path.as_bytes()), self.1 ^ self.0.rotate_left(32))
    }

    /// 32 bits of a value's mark.
    #[inline]
    pub(crate) fn mark(self, value: &[u8]) -> u32 {
        let cut = value.get(..HASHED_BYTES_MAX).unwrap_or(value);
        (self.hash(cut) ^ if cut.len() < value.len() { value.len() as u64 } else { 0 }) as u32
    }

    /// SipHash-2-4. Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012; held against the standard library's.
    #[inline]
    fn hash(self, bytes: &[u8]) -> u64 {
        let mut v = [
            self.0 ^ 0x736f_6d65_7073_6575,
            self.1 ^ 0x646f_7261_6e64_6f6d,
            self.0 ^ 0x6c79_6765_6e65_7261,
            self.1 ^ 0x7465_6462_7974_6573,
        ];
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            let m = u64::from_le_bytes(*word);
            v[3] ^= m;
            round(&mut v);
            round(&mut v);
            v[0] ^= m;
        }
        let mut last = [0; 8];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        last[7] = bytes.len() as u8;
        let m = u64::from_le_bytes(last);
        v[3] ^= m;
        round(&mut v);
        round(&mut v);
        v[0] ^= m;
        v[2] ^= 0xff;
        (0..4).for_each(|_| round(&mut v));
        v[0] ^ v[1] ^ v[2] ^ v[3]
    }
}

/// Hides itself.
impl std::fmt::Debug for SketchKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SketchKey(…)")
    }
}

#[inline]
fn round(v: &mut [u64; 4]) {
    v[0] = v[0].wrapping_add(v[1]);
    v[1] = v[1].rotate_left(13) ^ v[0];
    v[0] = v[0].rotate_left(32);
    v[2] = v[2].wrapping_add(v[3]);
    v[3] = v[3].rotate_left(16) ^ v[2];
    v[0] = v[0].wrapping_add(v[3]);
    v[3] = v[3].rotate_left(21) ^ v[0];
    v[2] = v[2].wrapping_add(v[1]);
    v[1] = v[1].rotate_left(17) ^ v[2];
    v[2] = v[2].rotate_left(32);
}

/// How many different values were seen.
#[derive(Clone, PartialEq, Eq)]
pub enum Sketch {
    /// Few: their marks, sorted.
    Sparse(Vec<u32>),
    /// Many: the registers.
    Dense(Box<[u8; REGISTERS]>),
}

impl Default for Sketch {
    fn default() -> Sketch {
        Sketch::Sparse(Vec::new())
    }
}

impl Sketch {
    /// Adds the mark of a value.
    #[inline]
    pub(crate) fn add(&mut self, mark: u32) {
        match self {
            Sketch::Dense(registers) => raise(registers, mark),
            Sketch::Sparse(marks) => {
                let Err(place) = marks.binary_search(&mark) else { return };
                if marks.len() < SPARSE_MAX {
                    marks.insert(place, mark);
                    return;
                }
                let mut registers = Box::new([0; REGISTERS]);
                marks.iter().for_each(|mark| raise(&mut registers, *mark));
                raise(&mut registers, mark);
                *self = Sketch::Dense(registers);
            }
        }
    }

    /// About how many different values: exact up to [`SPARSE_MAX`].
    pub fn estimate(&self) -> u64 {
        let registers = match self {
            Sketch::Sparse(marks) => return marks.len() as u64,
            Sketch::Dense(registers) => registers,
        };
        let m = REGISTERS as f64;
        let sum: f64 = registers.iter().map(|r| 0.5_f64.powi(i32::from(*r))).sum();
        let raw = 0.7213 / (1.0 + 1.079 / m) * m * m / sum;
        let empty = registers.iter().filter(|r| **r == 0).count();
        let estimate = if raw <= 2.5 * m && empty > 0 { m * (m / empty as f64).ln() } else { raw };
        // It became dense because there were more.
        (estimate.round() as u64).max(SPARSE_MAX as u64 + 1)
    }

    /// Whether [`Sketch::estimate`] is exact.
    pub fn is_exact(&self) -> bool {
        matches!(self, Sketch::Sparse(_))
    }

    pub(crate) fn from_registers(registers: [u8; REGISTERS]) -> Option<Sketch> {
        registers.iter().all(|r| *r <= RANK_MAX).then(|| Sketch::Dense(Box::new(registers)))
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        match self {
            Sketch::Sparse(marks) => marks.capacity() * 4,
            Sketch::Dense(_) => REGISTERS,
        }
    }
}

/// Shows how many, not which.
impl std::fmt::Debug for Sketch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sketch({})", self.estimate())
    }
}

/// Bits of a mark that choose the register.
const REGISTER_BITS: u32 = 7;
/// The highest that a register can hold.
const RANK_MAX: u8 = (32 - REGISTER_BITS + 1) as u8;

#[inline]
fn raise(registers: &mut [u8; REGISTERS], mark: u32) {
    let rest = mark >> REGISTER_BITS | 1 << (32 - REGISTER_BITS);
    let rank = rest.trailing_zeros() as u8 + 1;
    if let Some(register) = registers.get_mut(mark as usize % REGISTERS) {
        *register = (*register).max(rank);
    }
}

#[cfg(test)]
mod tests {
    use std::hash::Hasher;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        #[allow(deprecated, reason = "the one SipHash-2-4 of the standard library that takes a key")]
        fn the_hash_is_siphash(k0 in any::<u64>(), k1 in any::<u64>(), bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let mut other = std::hash::SipHasher::new_with_keys(k0, k1);
            other.write(&bytes);
            prop_assert_eq!(SketchKey(k0, k1).hash(&bytes), other.finish());
        }
    }

    #[test]
    fn the_estimate_is_exact_for_few_and_near_for_many() {
        let key = SketchKey::from_bytes([7; 16]).of_path("plan");
        for n in [0_u32, 1, 5, 32, 33, 60, 200, 1_000, 10_000, 200_000] {
            let mut sketch = Sketch::default();
            for value in (0..n).chain(0..n.min(50)) {
                sketch.add(key.mark(format!("value {value}").as_bytes()));
            }
            let off = (sketch.estimate() as f64 - f64::from(n)).abs();
            let tolerance = if n <= 32 { 0.0 } else { 0.3 * f64::from(n) };
            assert!(off <= tolerance, "{n}: {}", sketch.estimate());
        }
    }

    #[test]
    fn equal_values_at_two_paths_leave_different_marks() {
        let key = SketchKey::from_bytes([7; 16]);
        let marks = |path| {
            let key = key.of_path(path);
            (0..1_000).map(|n| key.mark(format!("user {n}").as_bytes())).collect::<std::collections::HashSet<u32>>()
        };
        assert!(marks("a").intersection(&marks("b")).count() < 3);
        assert_eq!(key.of_path("a").mark(&[b'x'; 300]), key.of_path("a").mark(&[b'x'; 300]));
        assert_ne!(key.of_path("a").mark(&[b'x'; 300]), key.of_path("a").mark(&[b'x'; 301]));
    }
}

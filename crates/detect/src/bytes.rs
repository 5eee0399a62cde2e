//! Eight bytes at a time by arithmetic on words of 64 bits, sixteen by the processor's own instructions: what stands where in a text.
//!
//! Of a word, a set of places is the high bit of each byte that is in it; of more, a bit for each place.

use std::cell::Cell;

const ONES: u64 = 0x0101_0101_0101_0101;
/// Every place.
pub(crate) const HIGH: u64 = 0x80 * ONES;

/// The eight bytes at a place, zeros behind the end.
#[inline(always)]
pub(crate) fn word_at(text: &[u8], at: usize) -> u64 {
    if let Some(word) = text.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        return u64::from_le_bytes(*word);
    }
    // The last eight of the text hold the rest of it.
    let left = text.len().saturating_sub(at);
    match text.last_chunk::<8>() {
        Some(_) if left == 0 => 0,
        Some(word) => u64::from_le_bytes(*word) >> (8 * (8 - left)),
        None => text[text.len() - left..].iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

/// Where `byte` stands.
#[inline(always)]
pub(crate) const fn equal(word: u64, byte: u8) -> u64 {
    let other = word ^ (ONES * byte as u64);
    // A byte's high bit stays clear only where it is zero.
    !(((other & !HIGH) + !HIGH) | other) & HIGH
}

/// Where bytes from `first` to `last` stand, both ASCII.
#[inline(always)]
pub(crate) const fn between(word: u64, first: u8, last: u8) -> u64 {
    let low = word & !HIGH;
    let from = low + ONES * (0x80 - first as u64);
    let beyond = low + ONES * (0x7f - last as u64);
    from & !beyond & !word & HIGH
}

/// The word with its ASCII letters in lower case.
#[inline(always)]
pub(crate) const fn lower(word: u64) -> u64 {
    word | between(word, b'A', b'Z') >> 2
}

/// Which of the eight bytes is the first of a set, which must not be empty.
#[inline(always)]
pub(crate) const fn first(set: u64) -> usize {
    set.trailing_zeros() as usize / 8
}

/// Where one of two bytes stands, at `from` or later. Neither may be zero.
#[inline]
pub(crate) fn find_either(text: &[u8], from: usize, one: u8, other: u8) -> Option<usize> {
    find_any(text, from, [one, other])
}

/// Where a byte stands, at `from` or later. It must not be zero.
#[inline]
pub(crate) fn find_byte(text: &[u8], from: usize, byte: u8) -> Option<usize> {
    find_any(text, from, [byte])
}

/// Where one of several bytes stands, at `from` or later. None of them may be zero.
#[inline(always)]
pub(crate) fn find_any<const N: usize>(text: &[u8], from: usize, wanted: [u8; N]) -> Option<usize> {
    let mut at = from;
    while at < text.len() {
        let here = sixteen::equal_to_any(word_at(text, at), word_at(text, at + 8), wanted);
        if here != 0 {
            return Some(at + here.trailing_zeros() as usize);
        }
        at += 16;
    }
    None
}

/// Whether `look` says so of a place where one of several bytes stands, in their order. None of the bytes may be zero.
#[inline(always)]
pub(crate) fn any_place<const N: usize>(text: &[u8], wanted: [u8; N], mut look: impl FnMut(usize) -> bool) -> bool {
    let mut at = 0;
    while at < text.len() {
        let mut here = sixteen::equal_to_any(word_at(text, at), word_at(text, at + 8), wanted);
        while here != 0 {
            if look(at + here.trailing_zeros() as usize) {
                return true;
            }
            here &= here - 1;
        }
        at += 16;
    }
    false
}

/// The places of a [`Block`].
pub(crate) const BLOCK_BYTES: usize = 64;

/// Where letters and digits stand in 64 bytes of a text: a bit for each place, none behind the end.
#[derive(Clone, Copy, Default)]
pub(crate) struct Block {
    pub(crate) letters: u64,
    pub(crate) digits: u64,
}

impl Block {
    /// The `i`th of a text.
    #[inline]
    fn of(text: &[u8], i: usize) -> Block {
        let from = i * BLOCK_BYTES;
        let mut block = Block::default();
        if let Some(bytes) = text.get(from..).and_then(|rest| rest.first_chunk::<BLOCK_BYTES>()) {
            for (i, [first, second]) in bytes.as_chunks::<8>().0.as_chunks::<2>().0.iter().enumerate() {
                let (letters, digits) =
                    sixteen::letters_and_digits(u64::from_le_bytes(*first), u64::from_le_bytes(*second));
                block.letters |= u64::from(letters) << (16 * i);
                block.digits |= u64::from(digits) << (16 * i);
            }
            return block;
        }
        let mut at = 0;
        while at < BLOCK_BYTES && from + at < text.len() {
            let (letters, digits) = sixteen::letters_and_digits(word_at(text, from + at), word_at(text, from + at + 8));
            block.letters |= u64::from(letters) << at;
            block.digits |= u64::from(digits) << at;
            at += 16;
        }
        block
    }

    /// Letters and digits.
    #[inline(always)]
    pub(crate) fn words(self) -> u64 {
        self.letters | self.digits
    }
}

/// Blocks of a long text that are worked out once for all who ask: those of 256 KiB.
const SHARED_BLOCKS_MAX: usize = 4_096;

thread_local! {
    /// Lent to one text at a time: what was decoded of it takes a new one.
    static SHARED: Cell<Vec<Block>> = const { Cell::new(Vec::new()) };
}

/// Shows the first blocks of a text, worked out once for all who ask.
#[inline]
pub(crate) fn with_first_blocks<T>(text: &[u8], work: impl FnOnce(&[Block]) -> T) -> T {
    if text.len() <= 2 * BLOCK_BYTES {
        return work(&[
            Block::of(text, 0),
            if text.len() > BLOCK_BYTES { Block::of(text, 1) } else { Block::default() },
        ]);
    }
    let mut blocks = SHARED.take();
    blocks.clear();
    blocks.extend((0..text.len().div_ceil(BLOCK_BYTES).min(SHARED_BLOCKS_MAX)).map(|i| Block::of(text, i)));
    let result = work(&blocks);
    SHARED.set(blocks);
    result
}

/// The blocks of a text. One is kept, so that a walk works out each once.
#[derive(Clone, Copy)]
pub(crate) struct Blocks<'t> {
    text: &'t [u8],
    first: &'t [Block],
    kept: usize,
    block: Block,
}

impl<'t> Blocks<'t> {
    /// Of a text, with its first ones where they are known.
    #[inline]
    pub(crate) fn of(text: &'t [u8], first: &'t [Block]) -> Blocks<'t> {
        Blocks { text, first, kept: usize::MAX, block: Block::default() }
    }

    /// How many bytes the text has.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }

    /// The block in which a place is.
    #[inline(always)]
    pub(crate) fn around(&mut self, at: usize) -> Block {
        let i = at / BLOCK_BYTES;
        if i != self.kept {
            self.block = match self.first.get(i) {
                Some(block) => *block,
                None => Block::of(self.text, i),
            };
            self.kept = i;
        }
        self.block
    }

    /// Where the digits end that begin at `at`.
    #[inline(always)]
    pub(crate) fn end_of_digits(&mut self, at: usize) -> usize {
        let mut end = at;
        loop {
            let len = (!(self.around(end).digits >> (end % BLOCK_BYTES))).trailing_zeros() as usize;
            end += len;
            if len == 0 || !end.is_multiple_of(BLOCK_BYTES) || end >= self.text.len() {
                return end;
            }
        }
    }

    /// Whether a letter or digit stands in front of the block in which a place is, as the lowest bit.
    #[inline(always)]
    pub(crate) fn carry(&self, at: usize) -> u64 {
        let first = at / BLOCK_BYTES * BLOCK_BYTES;
        u64::from(first.checked_sub(1).and_then(|at| self.text.get(at)).is_some_and(u8::is_ascii_alphanumeric))
    }
}

/// The places of a text that have no letter or digit in front of them: where words begin, and all that is between words.
pub(crate) struct Starts<'t> {
    blocks: Blocks<'t>,
    /// Every place is one.
    all: bool,
    block: usize,
    set: u64,
}

impl<'t> Starts<'t> {
    /// From a place on; with `all`, every place.
    #[inline]
    pub(crate) fn from(blocks: Blocks<'t>, at: usize, all: bool) -> Starts<'t> {
        let mut starts = Starts { blocks, all, block: at / BLOCK_BYTES * BLOCK_BYTES, set: 0 };
        starts.load();
        starts.set &= !0 << (at % BLOCK_BYTES);
        starts
    }

    #[inline(always)]
    fn load(&mut self) {
        let carry = self.blocks.carry(self.block);
        self.set = if self.all { !0 } else { !(self.blocks.around(self.block).words() << 1 | carry) };
    }
}

impl Iterator for Starts<'_> {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        while self.set == 0 {
            self.block += BLOCK_BYTES;
            if self.block >= self.blocks.text.len() {
                return None;
            }
            self.load();
        }
        let at = self.block + self.set.trailing_zeros() as usize;
        self.set &= self.set - 1;
        (at < self.blocks.text.len()).then_some(at)
    }
}

/// Sixteen bytes at a time, as two words of eight: every x86-64 processor compares as many at once. A bit for each place.
#[cfg(target_arch = "x86_64")]
mod sixteen {
    use safe_arch::{
        add_i8_m128i, bitor_m128i, cmp_eq_mask_i8_m128i, cmp_lt_mask_i8_m128i, m128i, move_mask_i8_m128i,
        set_i64_m128i, set_splat_i8_m128i,
    };

    /// Where ASCII letters and digits stand.
    #[inline(always)]
    pub(super) fn letters_and_digits(first: u64, second: u64) -> (u16, u16) {
        let bytes = both(first, second);
        (among(bitor_m128i(bytes, set_splat_i8_m128i(0x20)), b'a', 26), among(bytes, b'0', 10))
    }

    /// Where any of these bytes stands.
    #[inline(always)]
    pub(super) fn equal_to_any<const N: usize>(first: u64, second: u64, wanted: [u8; N]) -> u16 {
        let bytes = both(first, second);
        let places = wanted.map(|byte| cmp_eq_mask_i8_m128i(bytes, set_splat_i8_m128i(byte.cast_signed())));
        move_mask_i8_m128i(places.into_iter().fold(m128i::default(), bitor_m128i)) as u16
    }

    #[inline(always)]
    fn both(first: u64, second: u64) -> m128i {
        set_i64_m128i(second.cast_signed(), first.cast_signed())
    }

    /// Where one of `count` bytes from `from` on stands: bytes are compared with a sign, so these are moved to the least of all.
    #[inline(always)]
    fn among(bytes: m128i, from: u8, count: u8) -> u16 {
        let moved = add_i8_m128i(bytes, set_splat_i8_m128i(0x80_u8.wrapping_sub(from).cast_signed()));
        move_mask_i8_m128i(cmp_lt_mask_i8_m128i(moved, set_splat_i8_m128i((0x80 + count).cast_signed()))) as u16
    }
}

/// The same by arithmetic, for other processors.
#[cfg(any(test, not(target_arch = "x86_64")))]
#[cfg_attr(target_arch = "x86_64", allow(dead_code, reason = "what the other is held against"))]
mod by_words {
    use super::{ONES, between, equal};

    pub(super) fn letters_and_digits(first: u64, second: u64) -> (u16, u16) {
        let letters = |word| between(word | (ONES * 0x20), b'a', b'z');
        let digits = |word| between(word, b'0', b'9');
        (bits(letters(first)) | bits(letters(second)) << 8, bits(digits(first)) | bits(digits(second)) << 8)
    }

    pub(super) fn equal_to_any<const N: usize>(first: u64, second: u64, wanted: [u8; N]) -> u16 {
        let any = |word| wanted.iter().fold(0, |any, byte| any | equal(word, *byte));
        bits(any(first)) | bits(any(second)) << 8
    }

    /// The places of a set as its lowest eight bits: the product moves each place's bit beside the others.
    const fn bits(set: u64) -> u16 {
        ((set >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u16
    }
}
#[cfg(not(target_arch = "x86_64"))]
use by_words as sixteen;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sixteen_bytes_at_once_are_what_single_ones_are(first in any::<u64>(), second in any::<u64>(), wanted in any::<[u8; 3]>()) {
            prop_assert_eq!(sixteen::letters_and_digits(first, second), by_words::letters_and_digits(first, second));
            prop_assert_eq!(sixteen::equal_to_any(first, second, wanted), by_words::equal_to_any(first, second, wanted));
            let bytes: Vec<u8> = [first.to_le_bytes(), second.to_le_bytes()].concat();
            let set = |test: &dyn Fn(&u8) -> bool| bytes.iter().rev().fold(0_u16, |set, byte| set << 1 | u16::from(test(byte)));
            prop_assert_eq!(sixteen::letters_and_digits(first, second), (set(&u8::is_ascii_alphabetic), set(&u8::is_ascii_digit)));
            prop_assert_eq!(sixteen::equal_to_any(first, second, wanted), set(&|byte| wanted.contains(byte)));
        }

        #[test]
        fn sets_are_those_of_single_bytes(text in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'a'), Just(b'7'), Just(b' ')], 0..200), at in 0_usize..200, a in 1_u8..128, b in 1_u8..128) {
            let at = at.min(text.len());
            let word = word_at(&text, at);
            let bytes: Vec<u8> = text[at..].iter().copied().chain(std::iter::repeat(0)).take(8).collect();
            prop_assert_eq!(&word.to_le_bytes().to_vec(), &bytes);
            let set = |test: &dyn Fn(u8) -> bool| bytes.iter().rev().fold(0_u64, |set, byte| set << 8 | if test(*byte) { 0x80 } else { 0 });
            prop_assert_eq!(equal(word, a), set(&|byte| byte == a));
            let (a, b) = (a.min(b), a.max(b));
            prop_assert_eq!(between(word, a, b), set(&|byte| (a..=b).contains(&byte)));
            prop_assert_eq!(lower(word).to_le_bytes().to_vec(), bytes.to_ascii_lowercase());
            prop_assert_eq!(find_either(&text, at, a, b), text[at..].iter().position(|byte| [a, b].contains(byte)).map(|found| at + found));
            let is_start = |at: &usize| *at == 0 || !text[at - 1].is_ascii_alphanumeric();
            let first = [Block::of(&text, 0), Block::of(&text, 1)];
            let blocks = Blocks::of(&text, if at.is_multiple_of(2) { &first } else { &[] });
            prop_assert_eq!(Starts::from(blocks, at, false).collect::<Vec<_>>(), (at..text.len()).filter(is_start).collect::<Vec<_>>());
            prop_assert_eq!(Starts::from(blocks, at, true).collect::<Vec<_>>(), (at..text.len()).collect::<Vec<_>>());
            let is_digit = |at: &usize| text[*at].is_ascii_digit();
            let digit = (at..text.len()).find(is_digit);
            let mut walk = blocks;
            if let Some(digit) = digit {
                prop_assert_eq!(walk.end_of_digits(digit), (digit..text.len()).find(|at| !is_digit(at)).unwrap_or(text.len()));
            }
            let mut places = Vec::new();
            let all = any_place(&text, [a], |at| {
                places.push(at);
                false
            });
            prop_assert!(!all);
            prop_assert_eq!(places, (0..text.len()).filter(|at| text[*at] == a).collect::<Vec<_>>());
            prop_assert_eq!(find_byte(&text, at, a), text[at..].iter().position(|byte| *byte == a).map(|found| at + found));
        }
    }
}

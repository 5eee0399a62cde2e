//! Eight bytes at a time: what stands where in a text, by arithmetic on words of 64 bits.
//!
//! A set of places is the high bit of each byte that is in it.

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

/// Where ASCII letters stand.
#[inline(always)]
pub(crate) const fn letters(word: u64) -> u64 {
    between(word | (ONES * 0x20), b'a', b'z')
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

/// Where one of two bytes stands, at `from` or later.
#[inline]
pub(crate) fn find_either(text: &[u8], from: usize, one: u8, other: u8) -> Option<usize> {
    find(text, from, |word| equal(word, one) | equal(word, other))
}

/// Where a byte stands, at `from` or later.
#[inline]
pub(crate) fn find_byte(text: &[u8], from: usize, byte: u8) -> Option<usize> {
    find(text, from, |word| equal(word, byte))
}

/// Where the first byte of a set stands, at `from` or later. The set must not hold zero bytes.
#[inline(always)]
pub(crate) fn find(text: &[u8], from: usize, set: impl Fn(u64) -> u64) -> Option<usize> {
    let mut at = from;
    while at < text.len() {
        let here = set(word_at(text, at));
        if here != 0 {
            return Some(at + first(here));
        }
        at += 8;
    }
    None
}

/// Whether `look` says so of a place where a byte of a set stands. The set must not hold zero bytes.
#[inline(always)]
pub(crate) fn any_place(text: &[u8], set: impl Fn(u64) -> u64, mut look: impl FnMut(usize) -> bool) -> bool {
    let mut at = 0;
    while at < text.len() {
        let mut here = set(word_at(text, at));
        while here != 0 {
            if look(at + first(here)) {
                return true;
            }
            here &= here - 1;
        }
        at += 8;
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
            for (i, word) in bytes.as_chunks::<8>().0.iter().enumerate() {
                let word = u64::from_le_bytes(*word);
                block.letters |= bits(letters(word)) << (8 * i);
                block.digits |= bits(between(word, b'0', b'9')) << (8 * i);
            }
            return block;
        }
        let mut at = 0;
        while at < BLOCK_BYTES && from + at < text.len() {
            let word = word_at(text, from + at);
            block.letters |= bits(letters(word)) << at;
            block.digits |= bits(between(word, b'0', b'9')) << at;
            at += 8;
        }
        block
    }

    /// Letters and digits.
    #[inline(always)]
    pub(crate) fn words(self) -> u64 {
        self.letters | self.digits
    }
}

/// The places of a set as its lowest eight bits: the product moves each place's bit beside the others.
#[inline(always)]
const fn bits(set: u64) -> u64 {
    (set >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
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

    /// The first place of a set, at `from` or later.
    #[inline(always)]
    pub(crate) fn next(&mut self, from: usize, set: impl Fn(Block) -> u64) -> Option<usize> {
        let mut at = from;
        while at < self.text.len() {
            let here = set(self.around(at)) >> (at % BLOCK_BYTES);
            if here != 0 {
                return Some(at + here.trailing_zeros() as usize);
            }
            at = (at / BLOCK_BYTES + 1) * BLOCK_BYTES;
        }
        None
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
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
            prop_assert_eq!(walk.next(at, |block| block.digits), digit);
            prop_assert_eq!(walk.next(at, Block::words), (at..text.len()).find(|at| text[*at].is_ascii_alphanumeric()));
            if let Some(digit) = digit {
                prop_assert_eq!(walk.end_of_digits(digit), (digit..text.len()).find(|at| !is_digit(at)).unwrap_or(text.len()));
            }
            let mut places = Vec::new();
            let all = any_place(&text, |word| equal(word, a), |at| {
                places.push(at);
                false
            });
            prop_assert!(!all);
            prop_assert_eq!(places, (0..text.len()).filter(|at| text[*at] == a).collect::<Vec<_>>());
            prop_assert_eq!(find_byte(&text, at, a), text[at..].iter().position(|byte| *byte == a).map(|found| at + found));
        }
    }
}

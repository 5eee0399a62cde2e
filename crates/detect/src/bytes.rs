//! Eight bytes at a time: what stands where in a text, by arithmetic on words of 64 bits.
//!
//! A set of places is the high bit of each byte that is in it.

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

/// Where ASCII letters and digits stand.
#[inline(always)]
pub(crate) const fn alphanumeric(word: u64) -> u64 {
    between(word, b'0', b'9') | letters(word)
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

/// The places of a text that have no letter or digit in front of them: where words begin, and all that is between words.
pub(crate) struct Starts<'t> {
    text: &'t [u8],
    /// Every place is one.
    all: bool,
    block: usize,
    set: u64,
    /// Whether a letter or digit stands in front of the block, as its lowest bits.
    carry: u64,
}

impl<'t> Starts<'t> {
    /// From a place on; with `all`, every place.
    #[inline]
    pub(crate) fn from(text: &'t [u8], at: usize, all: bool) -> Starts<'t> {
        let is_inside = at.checked_sub(1).and_then(|at| text.get(at)).is_some_and(u8::is_ascii_alphanumeric);
        let mut starts = Starts { text, all, block: at, set: 0, carry: if is_inside { 0x80 } else { 0 } };
        starts.load();
        starts
    }

    #[inline(always)]
    fn load(&mut self) {
        let inside = alphanumeric(word_at(self.text, self.block.min(self.text.len())));
        self.set = if self.all { HIGH } else { !(inside << 8 | self.carry) & HIGH };
        self.carry = inside >> 56;
    }
}

impl Iterator for Starts<'_> {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        while self.set == 0 {
            self.block += 8;
            if self.block >= self.text.len() {
                return None;
            }
            self.load();
        }
        let at = self.block + first(self.set);
        self.set &= self.set - 1;
        (at < self.text.len()).then_some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sets_are_those_of_single_bytes(text in proptest::collection::vec(any::<u8>(), 0..40), at in 0_usize..40, a in 1_u8..128, b in 1_u8..128) {
            let at = at.min(text.len());
            let word = word_at(&text, at);
            let bytes: Vec<u8> = text[at..].iter().copied().chain(std::iter::repeat(0)).take(8).collect();
            prop_assert_eq!(&word.to_le_bytes().to_vec(), &bytes);
            let set = |test: &dyn Fn(u8) -> bool| bytes.iter().rev().fold(0_u64, |set, byte| set << 8 | if test(*byte) { 0x80 } else { 0 });
            prop_assert_eq!(equal(word, a), set(&|byte| byte == a));
            let (a, b) = (a.min(b), a.max(b));
            prop_assert_eq!(between(word, a, b), set(&|byte| (a..=b).contains(&byte)));
            prop_assert_eq!(alphanumeric(word), set(&|byte| byte.is_ascii_alphanumeric()));
            prop_assert_eq!(lower(word).to_le_bytes().to_vec(), bytes.to_ascii_lowercase());
            prop_assert_eq!(find_either(&text, at, a, b), text[at..].iter().position(|byte| [a, b].contains(byte)).map(|found| at + found));
            let is_start = |at: &usize| *at == 0 || !text[at - 1].is_ascii_alphanumeric();
            prop_assert_eq!(Starts::from(&text, at, false).collect::<Vec<_>>(), (at..text.len()).filter(is_start).collect::<Vec<_>>());
            prop_assert_eq!(Starts::from(&text, at, true).collect::<Vec<_>>(), (at..text.len()).collect::<Vec<_>>());
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

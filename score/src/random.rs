//! splitmix64: the same corpus on every machine, whatever the version of any library.

/// A stream of numbers from a seed.
pub(crate) struct Random(u64);

pub(crate) const DIGITS: &[u8] = b"0123456789";
pub(crate) const LOWER_HEX: &[u8] = b"0123456789abcdef";
pub(crate) const UPPER_HEX: &[u8] = b"0123456789ABCDEF";
pub(crate) const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
pub(crate) const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
pub(crate) const UPPER_DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
pub(crate) const LOWER_DIGITS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
pub(crate) const ALNUM: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
pub(crate) const WORD: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
pub(crate) const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
pub(crate) const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// `0..n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// Both ends included.
    pub(crate) fn between(&mut self, from: i64, to: i64) -> i64 {
        from + (self.next() % (to - from + 1) as u64) as i64
    }

    /// True in `percent` of 100 cases.
    pub(crate) fn chance(&mut self, percent: f64) -> bool {
        ((self.next() >> 11) as f64) < percent / 100.0 * (1_u64 << 53) as f64
    }

    pub(crate) fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    /// One of the words of a list with `|` between them.
    pub(crate) fn word<'a>(&mut self, list: &'a str) -> &'a str {
        let n = list.split('|').count();
        let at = self.below(n);
        list.split('|').nth(at).unwrap_or_default()
    }

    pub(crate) fn text(&mut self, alphabet: &[u8], len: usize) -> String {
        (0..len).map(|_| char::from(alphabet[self.below(alphabet.len())])).collect()
    }

    pub(crate) fn digits(&mut self, len: usize) -> Vec<u32> {
        (0..len).map(|_| self.below(10) as u32).collect()
    }

    /// A shape: `0` a digit, `A` a capital, `a` a small letter, `x` a small hex digit, `X` a capital one; other characters themselves.
    pub(crate) fn shape(&mut self, shape: &str) -> String {
        let of = |r: &mut Random, alphabet: &[u8]| char::from(alphabet[r.below(alphabet.len())]);
        shape
            .chars()
            .map(|c| match c {
                '0' => of(self, DIGITS),
                'A' => of(self, UPPER),
                'a' => of(self, LOWER),
                'x' => of(self, LOWER_HEX),
                'X' => of(self, UPPER_HEX),
                other => other,
            })
            .collect()
    }

    pub(crate) fn uuid(&mut self) -> String {
        let variant = char::from(*self.pick(b"89ab"));
        let (head, tail) = (self.shape("xxxxxxxx-xxxx-4xxx-"), self.shape("xxx-xxxxxxxxxxxx"));
        format!("{head}{variant}{tail}")
    }
}

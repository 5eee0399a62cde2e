//! Small readers and writers that every stored format shares: LEB128 numbers and length-prefixed bytes.

/// What is wrong with stored bytes. The offset is where reading stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stored bytes are cut short or malformed at byte {0}")]
pub struct WireError(pub usize);

/// Appends an unsigned LEB128 number, 1 to 10 bytes.
#[inline]
pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a length and the bytes.
#[inline]
pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends `lp(bytes)` of D5 and D6: a 4-byte big-endian length, then the bytes.
pub fn put_lp(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(bytes);
}

/// Reads stored bytes from the front, never past the end, never panicking.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// A cursor at the first byte.
    pub fn new(bytes: &'a [u8]) -> Cursor<'a> {
        Cursor { bytes, at: 0 }
    }

    /// Where it stands.
    pub fn position(&self) -> usize {
        self.at
    }

    /// What is left.
    pub fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Whether everything was read.
    pub fn is_done(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// One byte.
    #[inline]
    pub fn u8(&mut self) -> Result<u8, WireError> {
        let byte = *self.bytes.get(self.at).ok_or(WireError(self.at))?;
        self.at += 1;
        Ok(byte)
    }

    /// `N` bytes.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let bytes = self.take(N)?;
        let mut out = [0; N];
        out.copy_from_slice(bytes);
        Ok(out)
    }

    /// `len` bytes.
    #[inline(always)]
    pub fn take(&mut self, len: usize) -> Result<&'a [u8], WireError> {
        let end = self.at.checked_add(len).ok_or(WireError(self.at))?;
        let bytes = self.bytes.get(self.at..end).ok_or(WireError(self.at))?;
        self.at = end;
        Ok(bytes)
    }

    /// An unsigned LEB128 number of at most 10 bytes.
    ///
    /// Nearly all numbers in a record are of one or two bytes: lengths, names, counts. Every reader of the journal reads a hundred of
    /// them for each event, so these are read in place; the compiler, left alone, calls a loop for each.
    #[inline(always)]
    pub fn varint(&mut self) -> Result<u64, WireError> {
        match self.bytes.get(self.at..) {
            Some([one, ..]) if *one < 0x80 => {
                self.at += 1;
                Ok(u64::from(*one))
            }
            Some([low, high, ..]) if *high < 0x80 => {
                self.at += 2;
                Ok(u64::from(*low & 0x7f) | u64::from(*high) << 7)
            }
            _ => self.long_varint(),
        }
    }

    #[inline(never)]
    fn long_varint(&mut self) -> Result<u64, WireError> {
        // Up to eight bytes at once, where so many are left: the last is the first one below 0x80.
        if let Some(word) = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<8>()) {
            let word = u64::from_le_bytes(*word);
            let ends = !word & 0x8080_8080_8080_8080;
            if ends != 0 {
                let bits = ends.trailing_zeros();
                self.at += bits as usize / 8 + 1;
                // The bytes of the number, each with its seven bits: pushed together in pairs, pairs of pairs, and once more.
                let bytes = word & (u64::MAX >> (63 - bits)) & 0x7f7f_7f7f_7f7f_7f7f;
                let pairs = bytes & 0x007f_007f_007f_007f | (bytes & 0x7f00_7f00_7f00_7f00) >> 1;
                let fours = pairs & 0x0000_3fff_0000_3fff | (pairs & 0x3fff_0000_3fff_0000) >> 2;
                return Ok(fours & 0x0fff_ffff | (fours & 0x0fff_ffff_0000_0000) >> 4);
            }
        }
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return if shift == 63 && byte > 1 { Err(WireError(self.at)) } else { Ok(value) };
            }
        }
        Err(WireError(self.at))
    }

    /// A length and that many bytes.
    #[inline(always)]
    pub fn bytes(&mut self) -> Result<&'a [u8], WireError> {
        let len = self.varint()?;
        self.take(usize::try_from(len).map_err(|_| WireError(self.at))?)
    }

    /// A length and that many bytes of UTF-8.
    pub fn str(&mut self) -> Result<&'a str, WireError> {
        let at = self.at;
        std::str::from_utf8(self.bytes()?).map_err(|_| WireError(at))
    }

    /// 8 bytes, little-endian.
    #[inline]
    pub fn u64(&mut self) -> Result<u64, WireError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// 8 bytes, little-endian, signed.
    #[inline]
    pub fn i64(&mut self) -> Result<i64, WireError> {
        Ok(i64::from_le_bytes(self.array()?))
    }

    /// 4 bytes, little-endian.
    #[inline]
    pub fn u32(&mut self) -> Result<u32, WireError> {
        Ok(u32::from_le_bytes(self.array()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_number_comes_back(value in any::<u64>()) {
            let mut out = Vec::new();
            put_varint(&mut out, value);
            let mut cursor = Cursor::new(&out);
            prop_assert_eq!(cursor.varint(), Ok(value));
            prop_assert!(cursor.is_done());
        }

        #[test]
        fn numbers_of_any_length_read_one_after_the_other(values in proptest::collection::vec((any::<u64>(), 0_u32..64), 0..40)) {
            let values: Vec<u64> = values.into_iter().map(|(value, by)| value >> by).collect();
            let mut out = Vec::new();
            values.iter().for_each(|value| put_varint(&mut out, *value));
            let mut cursor = Cursor::new(&out);
            for value in &values {
                prop_assert_eq!(cursor.varint(), Ok(*value));
            }
            prop_assert!(cursor.is_done());
        }

        #[test]
        fn a_number_that_is_cut_short_stops_at_its_end(value in any::<u64>()) {
            let mut out = Vec::new();
            put_varint(&mut out, value);
            let mut cursor = Cursor::new(&out[..out.len() - 1]);
            prop_assert_eq!(cursor.varint(), Err(WireError(out.len() - 1)));
        }

        #[test]
        fn any_bytes_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut cursor = Cursor::new(&bytes);
            while cursor.varint().is_ok() && cursor.bytes().is_ok() {}
        }
    }
}

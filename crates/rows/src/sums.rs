//! Checksums of a Parquet file, block by block: no byte of a file reaches a reader before it was checked.
//!
//! Parquet has a place for checksums of pages, which the library does not fill, and none for its own footer. A flipped bit in a column
//! would be another number, and an answer would be wrong without a sign of it.
//!
//! # File `N.sums`, version 1, little-endian
//! `WEIRSUMS`, two bytes version, two bytes 0, four bytes length of a block (16,384 where we write), eight bytes length of the Parquet file, four bytes
//! CRC-32C of each block, four bytes CRC-32C of all before.

use std::fs::File;
use std::io::{self, Write};
use std::ops::RangeInclusive;
use std::os::unix::fs::FileExt;

use bytes::Bytes;
use weir_event::wire::{Cursor, WireError};

/// The newest version.
pub const VERSION: u16 = 1;
const MAGIC: &[u8; 8] = b"WEIRSUMS";
/// A look-up reads a page of each column: what it has to read beside that to check it is up to two blocks.
const BLOCK: usize = 16 * 1024;
/// Lengths that are read.
const BLOCKS: RangeInclusive<usize> = 4 * 1024..=1024 * 1024;

/// The checksums of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sums {
    block: usize,
    len: u64,
    blocks: Vec<u32>,
}

impl Sums {
    /// Bytes of the file that they are of.
    pub fn file_len(&self) -> u64 {
        self.len
    }

    /// The bytes of the file.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&[0; 2]);
        out.extend_from_slice(&(self.block as u32).to_le_bytes());
        out.extend_from_slice(&self.len.to_le_bytes());
        self.blocks.iter().for_each(|crc| out.extend_from_slice(&crc.to_le_bytes()));
        let crc = crc32c::crc32c(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    /// Reads the bytes of a file.
    pub fn decode(bytes: &[u8]) -> Result<Sums, &'static str> {
        let (body, crc) = bytes.split_last_chunk::<4>().ok_or("its checksums are too short")?;
        if crc32c::crc32c(body) != u32::from_le_bytes(*crc) {
            return Err("its checksums are damaged");
        }
        let mut c = Cursor::new(body);
        let mut head =
            || -> Result<_, WireError> { Ok((c.array::<8>()?, c.array::<2>()?, c.array::<2>()?, c.u32()?, c.u64()?)) };
        let Ok((magic, version, _, block, len)) = head() else { return Err("its checksums are too short") };
        let block = block as usize;
        if &magic != MAGIC || !BLOCKS.contains(&block) {
            return Err("its checksums are not ours");
        }
        if u16::from_le_bytes(version) > VERSION {
            return Err("its checksums were written by a newer weir");
        }
        let (blocks, rest) = c.rest().as_chunks::<4>();
        if !rest.is_empty() || blocks.len() as u64 != len.div_ceil(block as u64) {
            return Err("it has more or fewer checksums than blocks");
        }
        Ok(Sums { block, len, blocks: blocks.iter().map(|crc| u32::from_le_bytes(*crc)).collect() })
    }

    /// Reads a range of the file and checks each block that it touches.
    pub(crate) fn read(&self, file: &File, start: u64, length: usize) -> io::Result<Bytes> {
        let end = start.checked_add(length as u64).filter(|end| *end <= self.len);
        let end = end.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        if length == 0 {
            return Ok(Bytes::new());
        }
        let block = self.block as u64;
        let from = start / block * block;
        let to = end.div_ceil(block).saturating_mul(block).min(self.len);
        let mut bytes = vec![0; (to - from) as usize];
        file.read_exact_at(&mut bytes, from)?;
        let sums = self.blocks.get((from / block) as usize..).unwrap_or_default();
        if bytes.chunks(self.block).zip(sums).any(|(bytes, sum)| crc32c::crc32c(bytes) != *sum) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a block does not have its checksum"));
        }
        Ok(Bytes::from(bytes).slice((start - from) as usize..(end - from) as usize))
    }
}

/// Writes through to a file and keeps the checksums.
pub(crate) struct Summing<W> {
    inner: W,
    len: u64,
    crc: u32,
    blocks: Vec<u32>,
}

impl<W> Summing<W> {
    pub(crate) fn new(inner: W) -> Summing<W> {
        Summing { inner, len: 0, crc: 0, blocks: Vec::new() }
    }

    pub(crate) fn into_parts(mut self) -> (W, Sums) {
        if !self.len.is_multiple_of(BLOCK as u64) {
            self.blocks.push(self.crc);
        }
        (self.inner, Sums { block: BLOCK, len: self.len, blocks: self.blocks })
    }
}

impl<W: Write> Write for Summing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = BLOCK - (self.len % BLOCK as u64) as usize;
        let written = self.inner.write(&bytes[..bytes.len().min(room)])?;
        self.crc = crc32c::crc32c_append(self.crc, &bytes[..written]);
        self.len += written as u64;
        if self.len.is_multiple_of(BLOCK as u64) && written > 0 {
            self.blocks.push(std::mem::take(&mut self.crc));
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_of_a_file_is_noticed_by_who_reads_it_and_by_nobody_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let bytes: Vec<u8> = (0..3 * BLOCK + 100).map(|i| (i * 7 % 251) as u8).collect();
        let mut out = Summing::new(Vec::new());
        bytes.chunks(1_000).for_each(|chunk| out.write_all(chunk).unwrap());
        let (written, sums) = out.into_parts();
        assert_eq!(written, bytes);
        assert_eq!(Sums::decode(&sums.encode()), Ok(sums.clone()));
        std::fs::write(&path, &bytes).unwrap();
        let file = File::open(&path).unwrap();
        for (start, length) in [(0, 1), (0, bytes.len()), (BLOCK - 1, 2), (3 * BLOCK + 99, 1), (40_000, 0)] {
            let read = sums.read(&file, start as u64, length).unwrap();
            assert_eq!(read, &bytes[start..start + length]);
        }
        assert!(sums.read(&file, 0, bytes.len() + 1).is_err());
        let mut changed = bytes.clone();
        changed[BLOCK + 5] ^= 1;
        std::fs::write(&path, &changed).unwrap();
        let file = File::open(&path).unwrap();
        assert!(sums.read(&file, 0, 10).is_ok() && sums.read(&file, 2 * BLOCK as u64, 10).is_ok());
        assert!(sums.read(&file, BLOCK as u64, 1).is_err() && sums.read(&file, 0, bytes.len()).is_err());
    }

    #[test]
    fn a_changed_byte_of_the_checksums_is_noticed() {
        let bytes = Sums { block: BLOCK, len: 20_000, blocks: vec![1, 2] }.encode();
        assert!(Sums::decode(&bytes).is_ok());
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(Sums::decode(&changed).is_err(), "byte {at}");
        }
    }
}

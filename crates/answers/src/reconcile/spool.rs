//! Events of one side, by insert id: in memory while they are few, in files without a name where they are many. The files are cut by
//! insert id, so that the copies of an event on both sides meet in the same part, and one part is in memory at a time.
//!
//! # Bytes of a record, version-less: a file ends with the process that made it
//! insert id (16, big-endian) ‖ name (4, little-endian) ‖ day (3, little-endian, two's complement) ‖ mark (1)

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::rc::Rc;

/// So many are kept in memory: 24 MB.
pub const MEMORY_RECORDS: usize = 1 << 20;
/// Files of one side where they are more.
pub const PARTS: usize = 128;
const BYTES: usize = 24;

/// An event.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Record {
    /// Its insert id.
    pub id: u128,
    /// The day that counts.
    pub day: i32,
    /// The number of its name.
    pub name: u32,
    /// What its side knows of it.
    pub mark: u8,
}

impl Record {
    fn part(&self) -> usize {
        // An insert id is a keyed hash or the hash of a text: its first bits are even.
        (self.id >> 121) as usize
    }

    fn encode(&self) -> [u8; BYTES] {
        let mut out = [0; BYTES];
        out[..16].copy_from_slice(&self.id.to_be_bytes());
        out[16..20].copy_from_slice(&self.name.to_le_bytes());
        // 8 million days: what lies beyond is one day.
        let day = self.day.clamp(-DAYS, DAYS).to_le_bytes();
        out[20..23].copy_from_slice(&day[..3]);
        out[23] = self.mark;
        out
    }

    fn decode(bytes: &[u8; BYTES]) -> Record {
        let (mut id, mut name) = ([0; 16], [0; 4]);
        id.copy_from_slice(&bytes[..16]);
        name.copy_from_slice(&bytes[16..20]);
        let day = i32::from_le_bytes([0, bytes[20], bytes[21], bytes[22]]) >> 8;
        Record { id: u128::from_be_bytes(id), day, name: u32::from_le_bytes(name), mark: bytes[23] }
    }
}

const DAYS: i32 = (1 << 23) - 1;

/// The events of one side.
pub struct Spool {
    scratch: Rc<dyn Fn() -> io::Result<File>>,
    memory: Vec<Record>,
    files: Vec<BufWriter<File>>,
    len: u64,
    memory_max: usize,
}

impl Spool {
    /// An empty one.
    pub fn new(scratch: Rc<dyn Fn() -> io::Result<File>>) -> Spool {
        Spool { scratch, memory: Vec::new(), files: Vec::new(), len: 0, memory_max: MEMORY_RECORDS }
    }

    /// Goes to files earlier.
    #[cfg(test)]
    pub(crate) fn keep_in_memory(&mut self, records: usize) {
        self.memory_max = records;
    }

    /// Takes one in.
    pub fn push(&mut self, record: Record) -> io::Result<()> {
        self.len += 1;
        self.memory.push(record);
        if self.memory.len() > self.memory_max {
            self.spill()?;
        }
        Ok(())
    }

    fn spill(&mut self) -> io::Result<()> {
        while self.files.len() < PARTS {
            self.files.push(BufWriter::with_capacity(16 * 1024, (self.scratch)()?));
        }
        for record in self.memory.drain(..) {
            if let Some(file) = self.files.get_mut(record.part()) {
                file.write_all(&record.encode())?;
            }
        }
        Ok(())
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Gives one part of [`PARTS`], sorted, and forgets it.
    pub fn take(&mut self, part: usize) -> io::Result<Vec<Record>> {
        let mut records = Vec::new();
        if let Some(file) = self.files.get_mut(part) {
            file.flush()?;
            let file = file.get_mut();
            file.rewind()?;
            let mut input = BufReader::with_capacity(1 << 16, &mut *file);
            let mut bytes = [0; BYTES];
            loop {
                match input.read_exact(&mut bytes) {
                    Ok(()) => records.push(Record::decode(&bytes)),
                    Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
                    Err(error) => return Err(error),
                }
            }
            file.set_len(0)?;
        }
        records.extend(self.memory.extract_if(.., |record| record.part() == part));
        records.sort_unstable();
        Ok(records)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        // Each case makes as many files as there are parts.
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn what_goes_in_comes_out_once_in_the_part_of_its_id(
            ids in proptest::collection::vec((any::<u128>(), any::<u32>(), -DAYS..=DAYS, any::<u8>()), 0..300),
            in_memory in 1_usize..400,
        ) {
            let mut spool = Spool::new(Rc::new(tempfile::tempfile));
            spool.keep_in_memory(in_memory);
            let mut records: Vec<Record> =
                ids.into_iter().map(|(id, name, day, mark)| Record { id, day, name, mark }).collect();
            for record in &records {
                spool.push(*record).unwrap();
            }
            prop_assert_eq!(spool.len(), records.len() as u64);
            let mut all = Vec::new();
            for part in 0..PARTS {
                let of_part = spool.take(part).unwrap();
                prop_assert!(of_part.iter().all(|record| record.part() == part));
                all.extend(of_part);
            }
            records.sort_unstable();
            all.sort_unstable();
            prop_assert_eq!(all, records);
        }
    }
}

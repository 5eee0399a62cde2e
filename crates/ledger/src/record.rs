//! The framing of the log: how one record lies in a file, and where a file's readable part ends.
//!
//! # File
//! `<index of its first entry, 20 digits>.log`, little-endian, read by position. Once it has ended nothing is appended to it; an erasure
//! or thinning puts a file of the same entries into its place:
//!
//! | bytes | what |
//! |---|---|
//! | 0..8 | `WEIRLOG\0` |
//! | 8..10 | format: 1, or 2 where bodies of it were replaced; a newer one is refused |
//! | 10 | tree: 1 egress, 2 audit |
//! | 11 | 0 |
//! | 12..20 | index of the first entry |
//! | 20..28 | group number of the first group |
//! | 28..32 | checksum of the last record of the file before, 0 in the first file |
//! | 32..40 | when it was made, Unix milliseconds |
//! | 40..44 | CRC-32C of bytes 0..40 |
//!
//! In format 2 bytes 40..44 are those of the file that was here before, and 44..48 are the CRC-32C of bytes 0..44.
//!
//! The first record is a snapshot of the state (`state.rs`), the others are entries.
//!
//! # Record
//!
//! | bytes | what |
//! |---|---|
//! | 0..4 | `WLR1` |
//! | 4 | kind (`entry.rs`), 128 for a snapshot |
//! | 5 | flags: 1 first of its group, 2 last of its group |
//! | 6..8 | length of the leaf, at most 4,096 |
//! | 8..12 | length of the body, at most 64 MiB |
//! | 12..20 | group number: one more for each fsync |
//! | 20..24 | checksum of the record before (in the first, bytes 40..44 of the file header) |
//! | 24..28 | CRC-32C of the body |
//! | 28..32 | CRC-32C of bytes 0..28 and the leaf: the checksum of this record |
//! | 32.. | leaf, body |
//!
//! # Record whose body was replaced
//! An erasure takes rows out of a body (`rows.rs`), and thinning takes all of them (`thin.rs`). The header stays as it was, so that the chain through all files, and every place in it
//! that others keep, stays what it was; before it lies what is here now. Of what was there before only length and CRC-32C are left, and the
//! latter says nothing: it is also over a sealed seed that nobody has any more.
//!
//! | bytes | what |
//! |---|---|
//! | 0..4 | `WLR2` |
//! | 4..8 | length of the body that is here |
//! | 8..12 | CRC-32C of it |
//! | 12..16 | CRC-32C of bytes 0..12 |
//! | 16..48 | the header above |
//! | 48.. | leaf, body |
//!
//! # The end of a file
//! Only what was not acknowledged may be unreadable: records of the last group. After the first record that does not check, the
//! reader looks for any later record that checks by itself. If one belongs to a later group than the broken one, an fsync lay in
//! between and the break is damage, not a torn tail.

use weir_event::limits::LEDGER_ENTRY_BYTES_MAX;

/// The newest file format.
pub(crate) const FORMAT: u16 = 2;
const AS_WRITTEN: u16 = 1;
const REPLACED: u16 = 2;
const FILE_HEADER_BYTES: usize = 44;
/// Bytes that a file header has at most.
pub(crate) const FILE_HEADER_BYTES_MAX: usize = FILE_HEADER_BYTES + 4;
const RECORD_HEADER_BYTES: usize = 32;
/// What lies before it where the body was replaced.
const PREFIX_BYTES: usize = 16;
/// Bytes that a record header has at most.
pub(crate) const RECORD_HEADER_BYTES_MAX: usize = PREFIX_BYTES + RECORD_HEADER_BYTES;
/// A body over this is not written.
pub(crate) const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The kind of a state snapshot: not an entry, not a leaf.
pub(crate) const SNAPSHOT: u8 = 128;

const FILE_MAGIC: &[u8; 8] = b"WEIRLOG\0";
const RECORD_MAGIC: &[u8; 4] = b"WLR1";
const REPLACED_MAGIC: &[u8; 4] = b"WLR2";
const FIRST_OF_GROUP: u8 = 1;
const LAST_OF_GROUP: u8 = 2;

/// What a file says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileHeader {
    pub(crate) tree: u8,
    pub(crate) first_index: u64,
    pub(crate) first_group: u64,
    pub(crate) previous: u32,
    pub(crate) made_at: i64,
    /// What the first record is chained to, where that is not the header's own checksum: bodies of the file were replaced.
    pub(crate) replaced: Option<u32>,
}

/// Why a file header was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeaderError {
    Newer(u16),
    Malformed,
}

impl FileHeader {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = FILE_MAGIC.to_vec();
        let format = if self.replaced.is_some() { REPLACED } else { AS_WRITTEN };
        out.extend_from_slice(&format.to_le_bytes());
        out.extend_from_slice(&[self.tree, 0]);
        out.extend_from_slice(&self.first_index.to_le_bytes());
        out.extend_from_slice(&self.first_group.to_le_bytes());
        out.extend_from_slice(&self.previous.to_le_bytes());
        out.extend_from_slice(&self.made_at.to_le_bytes());
        out.extend_from_slice(self.replaced.map(u32::to_le_bytes).as_ref().map_or(&[], |before| before.as_slice()));
        let crc = crc32c::crc32c(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    /// Reads the header that a file begins with.
    pub(crate) fn decode(bytes: &[u8]) -> Result<FileHeader, HeaderError> {
        if bytes.get(..8).is_none_or(|magic| magic != FILE_MAGIC) || bytes.len() < FILE_HEADER_BYTES {
            return Err(HeaderError::Malformed);
        }
        // The format is read before the checksum: a later format may keep its checksum elsewhere.
        let format = u16::from_le_bytes([bytes[8], bytes[9]]);
        if format > FORMAT {
            return Err(HeaderError::Newer(format));
        }
        let replaced = (format == REPLACED).then(|| u32_at(bytes, 40));
        let end = if replaced.is_some() { 44 } else { 40 };
        if bytes.len() < end + 4
            || u32_at(bytes, end) != crc32c::crc32c(&bytes[..end])
            || format < AS_WRITTEN
            || bytes[11] != 0
        {
            return Err(HeaderError::Malformed);
        }
        Ok(FileHeader {
            tree: bytes[10],
            first_index: u64_at(bytes, 12),
            first_group: u64_at(bytes, 20),
            previous: u32_at(bytes, 28),
            made_at: u64_at(bytes, 32) as i64,
            replaced,
        })
    }

    /// Bytes of it.
    pub(crate) fn len(&self) -> usize {
        if self.replaced.is_some() { FILE_HEADER_BYTES + 4 } else { FILE_HEADER_BYTES }
    }

    /// What the first record of the file is chained to.
    pub(crate) fn checksum(&self) -> u32 {
        self.replaced.unwrap_or_else(|| u32_at(&self.encode(), 40))
    }
}

/// A record header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RecordHeader {
    pub(crate) kind: u8,
    flags: u8,
    pub(crate) leaf_len: usize,
    pub(crate) body_len: usize,
    pub(crate) group: u64,
    pub(crate) previous: u32,
    body_crc: u32,
    pub(crate) checksum: u32,
    /// Bytes before it, which say that the body was replaced.
    prefix: usize,
}

impl RecordHeader {
    /// Reads a header; `None` where it cannot be one.
    pub(crate) fn decode(bytes: &[u8]) -> Option<RecordHeader> {
        let Some(prefix) = bytes.get(..PREFIX_BYTES).filter(|prefix| prefix.starts_with(REPLACED_MAGIC)) else {
            return RecordHeader::as_written(bytes);
        };
        let written = RecordHeader::as_written(&bytes[PREFIX_BYTES..])?;
        let (body_len, body_crc) = (u32_at(prefix, 4) as usize, u32_at(prefix, 8));
        let checks = u32_at(prefix, 12) == crc32c::crc32c(&prefix[..12]) && body_len <= BODY_BYTES_MAX;
        checks.then_some(RecordHeader { body_len, body_crc, prefix: PREFIX_BYTES, ..written })
    }

    fn as_written(bytes: &[u8]) -> Option<RecordHeader> {
        let bytes = bytes.get(..RECORD_HEADER_BYTES)?;
        let header = RecordHeader {
            kind: bytes[4],
            flags: bytes[5],
            leaf_len: usize::from(u16::from_le_bytes([bytes[6], bytes[7]])),
            body_len: u32_at(bytes, 8) as usize,
            group: u64_at(bytes, 12),
            previous: u32_at(bytes, 20),
            body_crc: u32_at(bytes, 24),
            checksum: u32_at(bytes, 28),
            prefix: 0,
        };
        let fits = header.leaf_len <= LEDGER_ENTRY_BYTES_MAX && header.body_len <= BODY_BYTES_MAX && header.flags <= 3;
        (&bytes[..4] == RECORD_MAGIC && fits).then_some(header)
    }

    /// Bytes of the whole record.
    pub(crate) fn len(&self) -> usize {
        self.body_at() + self.body_len
    }

    /// Where in the record the leaf begins.
    pub(crate) fn leaf_at(&self) -> usize {
        self.prefix + RECORD_HEADER_BYTES
    }

    /// Where in the record the body begins.
    pub(crate) fn body_at(&self) -> usize {
        self.leaf_at() + self.leaf_len
    }

    /// Whether the leaf is the one that was written: `bytes` begins with the header.
    pub(crate) fn leaf_checks(&self, bytes: &[u8]) -> bool {
        let header = bytes.get(self.prefix..self.prefix + 28);
        let leaf = bytes.get(self.leaf_at()..self.body_at());
        header
            .zip(leaf)
            .is_some_and(|(header, leaf)| crc32c::crc32c_append(crc32c::crc32c(header), leaf) == self.checksum)
    }

    /// Appends the record, which `bytes` are, with another body in the place of its own. The chain stays as it is. `None` where the body is
    /// over its limit.
    pub(crate) fn put_replaced(&self, bytes: &[u8], body: &[u8], out: &mut Vec<u8>) -> Option<()> {
        let length = u32::try_from(body.len()).ok().filter(|length| *length as usize <= BODY_BYTES_MAX)?;
        let header_and_leaf = bytes.get(self.prefix..self.body_at())?;
        let at = out.len();
        out.extend_from_slice(REPLACED_MAGIC);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&crc32c::crc32c(body).to_le_bytes());
        let crc = crc32c::crc32c(&out[at..]);
        out.extend_from_slice(&crc.to_le_bytes());
        out.extend_from_slice(header_and_leaf);
        out.extend_from_slice(body);
        Some(())
    }
}

/// A record as its maker hands it over: the header is filled in when it is written.
#[derive(Debug)]
pub(crate) struct Unwritten {
    bytes: Vec<u8>,
}

impl Unwritten {
    /// `None` where leaf or body is over its limit.
    pub(crate) fn new(kind: u8, leaf: &[u8], body: &[u8]) -> Option<Unwritten> {
        if leaf.len() > LEDGER_ENTRY_BYTES_MAX || body.len() > BODY_BYTES_MAX {
            return None;
        }
        let mut bytes = Vec::with_capacity(RECORD_HEADER_BYTES + leaf.len() + body.len());
        bytes.extend_from_slice(RECORD_MAGIC);
        bytes.extend_from_slice(&[kind, 0]);
        bytes.extend_from_slice(&(leaf.len() as u16).to_le_bytes());
        bytes.extend_from_slice(&(body.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&[0; 12]);
        bytes.extend_from_slice(&crc32c::crc32c(body).to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(leaf);
        bytes.extend_from_slice(body);
        Some(Unwritten { bytes })
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn body(&self) -> &[u8] {
        let leaf_len = usize::from(u16::from_le_bytes([self.bytes[6], self.bytes[7]]));
        &self.bytes[RECORD_HEADER_BYTES + leaf_len..]
    }

    /// Appends the finished record and gives its checksum.
    pub(crate) fn write(&self, out: &mut Vec<u8>, group: u64, first: bool, last: bool, previous: u32) -> u32 {
        let at = out.len();
        out.extend_from_slice(&self.bytes);
        let record = &mut out[at..];
        record[5] = u8::from(first) * FIRST_OF_GROUP + u8::from(last) * LAST_OF_GROUP;
        record[12..20].copy_from_slice(&group.to_le_bytes());
        record[20..24].copy_from_slice(&previous.to_le_bytes());
        let leaf_end = RECORD_HEADER_BYTES + usize::from(u16::from_le_bytes([record[6], record[7]]));
        let crc = crc32c::crc32c_append(crc32c::crc32c(&record[..28]), &record[RECORD_HEADER_BYTES..leaf_end]);
        record[28..32].copy_from_slice(&crc.to_le_bytes());
        crc
    }
}

/// One record that checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a> {
    pub(crate) kind: u8,
    pub(crate) leaf: &'a [u8],
    pub(crate) body: &'a [u8],
}

/// How the readable part of a file ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// At the end of the file.
    Clean,
    /// In an unacknowledged group: what follows may be thrown away.
    Torn,
    /// Before bytes that were acknowledged.
    Damaged(&'static str),
}

/// How far a walk went.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Walked {
    /// Where the next record begins.
    pub(crate) at: usize,
    /// The checksum of the last record.
    pub(crate) previous: u32,
    /// Group of the next record: (number, whether it has begun).
    group: (u64, bool),
}

impl Walked {
    /// Before the first record of a file.
    pub(crate) fn at_first(header: &FileHeader) -> Walked {
        Walked { at: header.len(), previous: header.checksum(), group: (header.first_group, false) }
    }
}

/// Walks the records of one file's bytes.
pub(crate) struct Records<'a> {
    bytes: &'a [u8],
    walked: Walked,
    end: Option<End>,
    fault: Option<&'static str>,
}

impl<'a> Records<'a> {
    /// `bytes` is the whole file, whose header was read.
    pub(crate) fn new(bytes: &'a [u8], header: &FileHeader) -> Records<'a> {
        Records::resumed(bytes, Walked::at_first(header))
    }

    /// Goes on from where another walk stood.
    pub(crate) fn resumed(bytes: &'a [u8], walked: Walked) -> Records<'a> {
        Records { bytes, walked, end: None, fault: None }
    }

    /// How far it went.
    pub(crate) fn walked(&self) -> Walked {
        self.walked
    }

    /// Where the next record begins: the length of what was read.
    pub(crate) fn position(&self) -> usize {
        self.walked.at
    }

    /// The checksum of the last record, and the number of the next group.
    pub(crate) fn chain(&self) -> (u32, u64) {
        (self.walked.previous, self.walked.group.0 + u64::from(self.walked.group.1))
    }

    /// How it ended, after `next` gave `None`.
    pub(crate) fn end(&self) -> End {
        self.end.unwrap_or(End::Clean)
    }

    /// What is wrong with the first record that did not check, if one did not.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        self.fault
    }

    pub(crate) fn next(&mut self) -> Option<Record<'a>> {
        if self.end.is_some() {
            return None;
        }
        let rest = self.bytes.get(self.walked.at..).unwrap_or_default();
        if rest.is_empty() {
            self.end = Some(End::Clean);
            return None;
        }
        match self.check(rest) {
            Ok((record, header)) => {
                self.walked.at += header.len();
                self.walked.previous = header.checksum;
                self.walked.group =
                    if header.flags & LAST_OF_GROUP != 0 { (header.group + 1, false) } else { (header.group, true) };
                Some(record)
            }
            Err(what) => {
                self.fault = Some(what);
                self.end = Some(if self.later_group_follows() { End::Damaged(what) } else { End::Torn });
                None
            }
        }
    }

    fn check(&self, rest: &'a [u8]) -> Result<(Record<'a>, RecordHeader), &'static str> {
        let (record, header) = standalone(rest)?;
        if header.previous != self.walked.previous {
            return Err("the record does not follow the one before it");
        }
        if header.group != self.walked.group.0 || (header.flags & FIRST_OF_GROUP != 0) == self.walked.group.1 {
            return Err("the record is of another group than the one that was due");
        }
        Ok((record, header))
    }

    /// Whether a record of a later group than the broken one lies behind it.
    fn later_group_follows(&self) -> bool {
        let mut at = self.walked.at;
        let is_magic = |w: &[u8]| w == RECORD_MAGIC || w == REPLACED_MAGIC;
        while let Some(found) = self.bytes.get(at..).and_then(|b| b.windows(4).position(is_magic)) {
            at += found;
            match standalone(&self.bytes[at..]) {
                Ok((_, header)) if header.group > self.walked.group.0 => return true,
                Ok((_, header)) => at += header.len(),
                Err(_) => at += 1,
            }
        }
        false
    }
}

/// A record that checks by itself, whatever came before it.
fn standalone(bytes: &[u8]) -> Result<(Record<'_>, RecordHeader), &'static str> {
    let header = RecordHeader::decode(bytes).ok_or("no record begins where one is due")?;
    let whole = bytes.get(..header.len()).ok_or("the record is cut short")?;
    if !header.leaf_checks(whole) {
        return Err("the entry does not have its checksum");
    }
    let (leaf, body) = (&whole[header.leaf_at()..header.body_at()], &whole[header.body_at()..]);
    if crc32c::crc32c(body) != header.body_crc {
        return Err("the body does not have its checksum");
    }
    Ok((Record { kind: header.kind, leaf, body }, header))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut out = [0; 4];
    out.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(out)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut out = [0; 8];
    out.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: FileHeader =
        FileHeader { tree: 1, first_index: 0, first_group: 4, previous: 0, made_at: 7, replaced: None };

    /// A file of groups, each a list of leaves; gives the bytes and where each record begins.
    fn file(groups: &[&[&[u8]]]) -> (Vec<u8>, Vec<usize>) {
        let mut bytes = HEADER.encode().to_vec();
        let (mut previous, mut starts) = (HEADER.checksum(), Vec::new());
        for (g, leaves) in groups.iter().enumerate() {
            for (i, leaf) in leaves.iter().enumerate() {
                starts.push(bytes.len());
                let record = Unwritten::new(9, leaf, b"body").unwrap();
                previous = record.write(&mut bytes, 4 + g as u64, i == 0, i + 1 == leaves.len(), previous);
            }
        }
        (bytes, starts)
    }

    fn read(bytes: &[u8]) -> (usize, End) {
        let mut records = Records::new(bytes, &FileHeader::decode(bytes).unwrap());
        let mut n = 0;
        while records.next().is_some() {
            n += 1;
        }
        (n, records.end())
    }

    #[test]
    fn what_was_written_is_read_and_a_newer_format_is_refused() {
        let (bytes, _) = file(&[&[b"a", b"b"], &[b"c"]]);
        assert_eq!(read(&bytes), (3, End::Clean));
        let mut newer = bytes;
        newer[8] = 3;
        assert_eq!(FileHeader::decode(&newer), Err(HeaderError::Newer(3)));
    }

    #[test]
    fn every_cut_inside_the_last_group_is_a_torn_tail() {
        let (bytes, starts) = file(&[&[b"a", b"b"], &[b"c", b"d"]]);
        for len in starts[2]..bytes.len() {
            let (n, end) = read(&bytes[..len]);
            assert!(n >= 2 && end != End::Damaged(""), "{len}");
            assert!(matches!(end, End::Torn | End::Clean), "{len}");
        }
    }

    #[test]
    fn a_break_before_a_later_group_is_damage_and_in_the_last_group_it_is_not() {
        let (bytes, starts) = file(&[&[b"a", b"b"], &[b"c", b"d"], &[b"e", b"f"]]);
        for at in FILE_HEADER_BYTES..bytes.len() {
            let mut broken = bytes.clone();
            broken[at] ^= 0x10;
            let (n, end) = read(&broken);
            assert_eq!(
                n,
                starts.iter().filter(|s| **s <= at).count() - 1,
                "the record that holds byte {at} is the first bad one"
            );
            assert_eq!(matches!(end, End::Damaged(_)), at < starts[4], "byte {at}");
        }
    }

    #[test]
    fn a_dropped_or_moved_record_is_found() {
        let (bytes, starts) = file(&[&[b"a"], &[b"b"], &[b"c"], &[b"d"]]);
        let dropped = [&bytes[..starts[1]], &bytes[starts[2]..]].concat();
        assert!(matches!(read(&dropped), (1, End::Damaged(_))));
        let moved =
            [&bytes[..starts[1]], &bytes[starts[2]..starts[3]], &bytes[starts[1]..starts[2]], &bytes[starts[3]..]];
        assert!(matches!(read(&moved.concat()), (1, End::Damaged(_))));
    }

    /// The same file with other bodies in some of its records, and where each record begins.
    fn replaced(bytes: &[u8], starts: &[usize], which: &[usize]) -> (Vec<u8>, Vec<usize>) {
        let header = FileHeader::decode(bytes).unwrap();
        let mut out = FileHeader { replaced: Some(header.checksum()), ..header }.encode();
        let mut new_starts = Vec::new();
        for (i, at) in starts.iter().enumerate() {
            new_starts.push(out.len());
            let record = RecordHeader::decode(&bytes[*at..]).unwrap();
            let whole = &bytes[*at..*at + record.len()];
            if which.contains(&i) {
                record.put_replaced(whole, format!("another body {i}").as_bytes(), &mut out).unwrap();
            } else {
                out.extend_from_slice(whole);
            }
        }
        (out, new_starts)
    }

    #[test]
    fn a_record_with_another_body_keeps_its_leaf_and_its_place_in_the_chain() {
        let (before, starts) = file(&[&[b"a", b"b"], &[b"c"], &[b"d"]]);
        let chain = |bytes: &[u8]| {
            let mut records = Records::new(bytes, &FileHeader::decode(bytes).unwrap());
            let (mut chain, mut leaves, mut bodies) = (Vec::new(), Vec::new(), Vec::new());
            while let Some(record) = records.next() {
                chain.push(records.chain());
                leaves.push(record.leaf.to_vec());
                bodies.push(record.body.to_vec());
            }
            assert_eq!(records.end(), End::Clean);
            (chain, leaves, bodies)
        };
        let (one, starts) = replaced(&before, &starts, &[1]);
        let (two, _) = replaced(&one, &starts, &[1, 3]);
        let (was, first, then) = (chain(&before), chain(&one), chain(&two));
        assert_eq!((&was.0, &was.1), (&first.0, &first.1));
        assert_eq!((&was.0, &was.1), (&then.0, &then.1));
        assert_eq!(then.2, [&b"body"[..], b"another body 1", b"body", b"another body 3"]);
        assert_eq!(was.2, [b"body"; 4]);
    }

    #[test]
    fn every_changed_byte_of_a_replaced_record_is_noticed() {
        let (bytes, starts) = file(&[&[b"a", b"b"], &[b"c", b"d"], &[b"e", b"f"]]);
        let (bytes, starts) = replaced(&bytes, &starts, &[1, 2, 5]);
        for at in 0..bytes.len() {
            let mut broken = bytes.clone();
            broken[at] ^= 0x10;
            if at < FILE_HEADER_BYTES_MAX {
                assert!(FileHeader::decode(&broken).is_err(), "byte {at}");
                continue;
            }
            let (n, end) = read(&broken);
            assert_eq!(n, starts.iter().filter(|s| **s <= at).count() - 1, "byte {at}");
            assert_eq!(matches!(end, End::Damaged(_)), at < starts[4], "byte {at}");
        }
    }
}

//! `identity/<16 hex>.run` in the data folder: links in order, written once and never changed. Version 1.
//!
//! Little-endian, pages of 4 KiB, each with a checksum of its own, so that a search reads and checks a few pages and no more.
//!
//! ```text
//! first page   8 "WEIRIDRN"   2 version   6 zero   8 number of the run   8 links   zeros   4 CRC-32C of what stands before
//! other pages  102 times 40 bytes of a link (`link.rs`)   2 links in this page   10 - 4 zero   4 CRC-32C of what stands before
//! ```
//!
//! All pages but the last are full; links stand in strictly rising order of their key. Tags are keyed hashes and so spread evenly,
//! which the search makes use of: it guesses the page from the tag, and falls back to halving where a tag with many links bends that.

use std::path::{Path, PathBuf};

use weir_event::SubjectTag;
use weir_journal::disk::{Disk, DiskError, DiskFile};

use crate::link::{LINK_BYTES, Stored};
use crate::store::IdentityError;

/// The version that this code reads and writes.
pub const VERSION: u16 = 1;
const MAGIC: &[u8; 8] = b"WEIRIDRN";
/// Bytes of a page.
pub const PAGE_BYTES: usize = 4096;
/// Links of a full page.
pub const PAGE_LINKS: usize = 102;
const COUNT_AT: usize = PAGE_LINKS * LINK_BYTES;
const SUM_AT: usize = PAGE_BYTES - 4;
/// Pages that are written at once.
const TOGETHER: usize = 64;
/// Guesses before a search halves.
const GUESSES_MAX: u32 = 6;

/// The links of one page.
pub type Page = Vec<Stored>;

/// A run that is open for reading. Its file may have gone from the folder meanwhile.
pub struct Run {
    file: Box<dyn DiskFile>,
    path: PathBuf,
    /// Its number: a run with a higher one was made later.
    pub number: u64,
    /// How many links are in it, each side for itself.
    pub links: u64,
    /// The beginning of the first tag of each page, where that was asked for.
    firsts: Vec<u64>,
    filter: Filter,
}

impl Run {
    /// Opens run `number` of a folder and checks its first page.
    pub fn open(disk: &dyn Disk, dir: &Path, number: u64) -> Result<Run, IdentityError> {
        let path = dir.join(name(number));
        let file = disk.open(&path).map_err(DiskError::at("open", &path))?;
        let length = file.len().map_err(DiskError::at("measure", &path))?;
        let mut head = vec![0; PAGE_BYTES];
        let read = file.read_at(&mut head, 0).map_err(DiskError::at("read", &path))?;
        head.truncate(read);
        let links = read_head(&head, number, length).map_err(|what| IdentityError::damaged(&path, what))?;
        Ok(Run { file, path, number, links, firsts: Vec::new(), filter: Filter::default() })
    }

    /// How many pages of links it has.
    pub fn pages(&self) -> u64 {
        self.links.div_ceil(PAGE_LINKS as u64)
    }

    /// Reads page `at`, from 0.
    pub fn page(&self, at: u64) -> Result<Page, IdentityError> {
        let mut bytes = vec![0; PAGE_BYTES];
        let place = (at + 1) * PAGE_BYTES as u64;
        let read = self.file.read_at(&mut bytes, place).map_err(DiskError::at("read", &self.path))?;
        let before = at * PAGE_LINKS as u64;
        let expected = self.links.saturating_sub(before).min(PAGE_LINKS as u64);
        read_page(bytes.get(..read).unwrap_or_default(), expected)
            .map_err(|what| IdentityError::damaged(&self.path, what))
    }

    /// The links of a tag, in order, each given to `take` until that says `false`.
    pub fn each(&self, tag: SubjectTag, mut take: impl FnMut(Stored) -> bool) -> Result<(), IdentityError> {
        if !self.filter.may_hold(tag) {
            return Ok(());
        }
        let (mut at, mut page) = self.first_page(tag)?;
        while at < self.pages() {
            let links = match page.take() {
                Some(links) => links,
                None => self.page(at)?,
            };
            for link in links {
                let of = link.tag();
                if of > tag || (of == tag && !take(link)) {
                    return Ok(());
                }
            }
            at += 1;
        }
        Ok(())
    }

    /// The first page whose last link is not before the tag's, and that page if it was read.
    fn first_page(&self, tag: SubjectTag) -> Result<(u64, Option<Page>), IdentityError> {
        let wanted = beginning(tag);
        if !self.firsts.is_empty() {
            let at = self.firsts.partition_point(|first| *first < wanted);
            return Ok((at.saturating_sub(1) as u64, None));
        }
        // The page lies in `low..=high`; the tags there lie between the two bounds.
        let (mut low, mut high) = (0, self.pages());
        let (mut least, mut most) = (0, u64::MAX);
        let (mut guesses, mut found) = (0, None);
        while low < high {
            let at = if guesses < GUESSES_MAX && most > least {
                let part = u128::from(wanted.clamp(least, most) - least) * u128::from(high - low);
                low + (u64::try_from(part / u128::from(most - least)).unwrap_or(0)).min(high - low - 1)
            } else {
                low + (high - low) / 2
            };
            guesses += 1;
            let page = self.page(at)?;
            match (page.first().map(Stored::tag), page.last().map(Stored::tag)) {
                (_, Some(last)) if last < tag => (low, least) = (at + 1, beginning(last)),
                // It begins before the tag: no earlier page has one of it.
                (Some(first), _) if first < tag => return Ok((at, Some(page))),
                (Some(first), _) => {
                    (high, most) = (at, beginning(first));
                    found = Some((at, page));
                }
                _ => return Err(IdentityError::damaged(&self.path, "a page is empty")),
            }
        }
        Ok((low, found.filter(|(at, _)| *at == low).map(|(_, page)| page)))
    }

    /// Reads all of it once and remembers which page begins where and which tags are in it, for very many look-ups: about four
    /// bytes for a link, of which a tag that is not there then costs no page.
    pub fn remember(&mut self) -> Result<(), IdentityError> {
        let mut firsts = Vec::new();
        let mut filter = Filter::new(self.links);
        for at in 0..self.pages() {
            let page = self.page(at)?;
            firsts.extend(page.first().map(|link| beginning(link.tag())));
            page.iter().for_each(|link| filter.add(link.tag()));
        }
        (self.firsts, self.filter) = (firsts, filter);
        Ok(())
    }
}

/// The name of a run's file.
pub fn name(number: u64) -> String {
    format!("{number:016x}.run")
}

/// The bytes that a run of so many links has.
pub const fn length_of(links: u64) -> u64 {
    (1 + links.div_ceil(PAGE_LINKS as u64)) * PAGE_BYTES as u64
}

fn beginning(tag: SubjectTag) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&tag.0[..8]);
    u64::from_be_bytes(first)
}

/// How many links a first page says, if it is one of run `number` in a file of this length.
pub(crate) fn read_head(head: &[u8], number: u64, length: u64) -> Result<u64, &'static str> {
    let head = checked(head)?;
    if &head[..8] != MAGIC {
        return Err("it is no run of links");
    }
    let u64_at = |at: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&head[at..at + 8]);
        u64::from_le_bytes(bytes)
    };
    if u16::from_le_bytes([head[8], head[9]]) != VERSION {
        return Err("it is of a newer version");
    }
    if u64_at(16) != number {
        return Err("it is another run than its name says");
    }
    let links = u64_at(24);
    if links > u64::MAX / PAGE_BYTES as u64 || length_of(links) != length {
        return Err("its length is not that of its links");
    }
    Ok(links)
}

/// The links of a page, which has to have so many.
pub(crate) fn read_page(bytes: &[u8], expected: u64) -> Result<Page, &'static str> {
    let page = checked(bytes)?;
    let count = u16::from_le_bytes([page[COUNT_AT], page[COUNT_AT + 1]]);
    if u64::from(count) != expected || usize::from(count) > PAGE_LINKS {
        return Err("a page does not have the links that it should");
    }
    let (links, _) = page[..usize::from(count) * LINK_BYTES].as_chunks::<LINK_BYTES>();
    Ok(links.iter().map(|bytes| Stored(*bytes)).collect())
}

fn checked(bytes: &[u8]) -> Result<&[u8; PAGE_BYTES], &'static str> {
    let page: &[u8; PAGE_BYTES] = bytes.try_into().map_err(|_| "it is shorter than it was")?;
    let sum = u32::from_le_bytes([page[SUM_AT], page[SUM_AT + 1], page[SUM_AT + 2], page[SUM_AT + 3]]);
    if crc32c::crc32c(&page[..SUM_AT]) == sum { Ok(page) } else { Err("a page has not its checksum") }
}

/// Writes a run, link by link in their order.
pub struct Writer {
    file: Box<dyn DiskFile>,
    path: PathBuf,
    number: u64,
    links: u64,
    page: Vec<u8>,
    waiting: Vec<u8>,
    written: u64,
}

impl Writer {
    /// Begins run `number`. A crash before a manifest names it leaves a file that the next start removes.
    pub fn create(disk: &dyn Disk, dir: &Path, number: u64) -> Result<Writer, IdentityError> {
        let path = dir.join(name(number));
        let file = disk.create(&path).map_err(DiskError::at("create", &path))?;
        let written = PAGE_BYTES as u64;
        Ok(Writer { file, path, number, links: 0, page: Vec::new(), waiting: Vec::new(), written })
    }

    /// Adds a link behind those that are there.
    pub fn add(&mut self, link: &Stored) -> Result<(), IdentityError> {
        self.page.extend_from_slice(&link.0);
        self.links += 1;
        if self.page.len() == COUNT_AT {
            self.end_page();
            if self.waiting.len() >= TOGETHER * PAGE_BYTES {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// Makes it durable, all but its name in the folder; how many links it has.
    pub fn finish(mut self) -> Result<u64, IdentityError> {
        if !self.page.is_empty() {
            self.end_page();
        }
        self.flush()?;
        let mut head = vec![0; SUM_AT];
        head[..8].copy_from_slice(MAGIC);
        head[8..10].copy_from_slice(&VERSION.to_le_bytes());
        head[16..24].copy_from_slice(&self.number.to_le_bytes());
        head[24..32].copy_from_slice(&self.links.to_le_bytes());
        seal(&mut head);
        self.file.write_all_at(&head, 0).map_err(DiskError::at("write", &self.path))?;
        self.file.sync_data().map_err(DiskError::at("sync", &self.path))?;
        Ok(self.links)
    }

    fn end_page(&mut self) {
        let count = (self.page.len() / LINK_BYTES) as u16;
        self.page.resize(SUM_AT, 0);
        self.page[COUNT_AT..COUNT_AT + 2].copy_from_slice(&count.to_le_bytes());
        seal(&mut self.page);
        self.waiting.append(&mut self.page);
    }

    fn flush(&mut self) -> Result<(), IdentityError> {
        self.file.write_all_at(&self.waiting, self.written).map_err(DiskError::at("write", &self.path))?;
        self.written += self.waiting.len() as u64;
        self.waiting.clear();
        Ok(())
    }
}

fn seal(page: &mut Vec<u8>) {
    let sum = crc32c::crc32c(page);
    page.extend_from_slice(&sum.to_le_bytes());
}

/// Which tags may be in a run: 16 bits for each, four of them set within one word of eight.
#[derive(Default)]
struct Filter {
    words: Vec<u64>,
}

impl Filter {
    fn new(tags: u64) -> Filter {
        let words = usize::try_from(tags / 4).unwrap_or(0).max(1);
        Filter { words: vec![0; words] }
    }

    /// The word of a tag and its bits there, from bytes of the tag that the order of tags does not begin with.
    fn place(&self, tag: SubjectTag) -> (usize, u64) {
        let mut last = [0; 8];
        last.copy_from_slice(&tag.0[8..]);
        let hash = u64::from_be_bytes(last);
        let word = (u128::from(hash) * self.words.len() as u128) >> 64;
        let bits = (0..4).fold(0, |bits, at| bits | 1 << (hash >> (at * 6) & 63));
        (word as usize, bits)
    }

    fn add(&mut self, tag: SubjectTag) {
        let (word, bits) = self.place(tag);
        if let Some(word) = self.words.get_mut(word) {
            *word |= bits;
        }
    }

    fn may_hold(&self, tag: SubjectTag) -> bool {
        if self.words.is_empty() {
            return true;
        }
        let (word, bits) = self.place(tag);
        self.words.get(word).is_some_and(|word| word & bits == bits)
    }
}

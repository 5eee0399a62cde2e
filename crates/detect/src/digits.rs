//! Runs of digit groups: what cards, phones, social security numbers and dotted addresses are made of, found in one walk.
//!
//! `call +1 (415) 555-0132 or 4111 1111 1111 1111` has one run of eight groups, with what stands between them; each detector
//! looks for its own pattern of groups. A UUID is shown by itself: its digits are no number.

use std::cell::Cell;
use std::ops::{Range, RangeInclusive};

use crate::bytes::{BLOCK_BYTES, Block, Blocks};
use crate::nearby::{Near, Nearby, Says};

/// One group of digits.
#[derive(Clone, Copy, Default)]
pub(crate) struct Group {
    /// First digit.
    pub(crate) start: usize,
    /// One past the last digit.
    pub(crate) end: usize,
}

impl Group {
    pub(crate) fn len(&self) -> usize {
        self.end - self.start
    }
}

/// Groups with at most two separators between neighbours.
pub(crate) struct Run<'a> {
    pub(crate) text: &'a [u8],
    groups: [Group; RUN_GROUPS_MAX],
    count: usize,
    digits: usize,
    /// For each length the groups that have it; the last stands for all that are longer.
    of_length: [Places; LENGTHS],
    /// Groups behind which one dot stands, and then the next.
    dotted: Places,
    /// Groups with a plus or a parenthesis in front.
    led: Places,
    /// Its first groups were shown before, as the last of a longer row.
    goes_on: bool,
    /// What is known of the words of the text, for all of its runs.
    nearby: Cell<Nearby>,
}

/// Groups of a run, a bit each: which places a pattern can begin at is a few operations for all of them.
pub(crate) type Places = u16;

const LENGTHS: usize = 24;

const RUN_GROUPS_MAX: usize = 16;
/// A run of fewer digits in fewer than four groups is no one's number.
const DIGITS_MIN: usize = 7;
/// No pattern has more groups than this.
const OVERLAP_GROUPS: usize = 8;

impl Run<'_> {
    /// How many digits it has in all.
    pub(crate) fn digit_count(&self) -> usize {
        self.digits
    }

    pub(crate) fn groups(&self) -> &[Group] {
        &self.groups[..self.count]
    }

    /// The groups that have one of these lengths, which are below 23.
    #[inline]
    pub(crate) fn of_length(&self, lengths: RangeInclusive<usize>) -> Places {
        self.of_length[lengths].iter().fold(0, |all, places| all | places)
    }

    /// The groups from which on so many were not shown together before: of those a longer row began with, nothing new is to be said.
    pub(crate) fn not_shown(&self, together: usize) -> Places {
        if self.goes_on { !0 << (OVERLAP_GROUPS + 1 - together) } else { !0 }
    }

    /// The groups behind which one dot stands, and then the next group.
    pub(crate) fn dotted(&self) -> Places {
        self.dotted
    }

    /// The groups with a plus or a parenthesis in front.
    pub(crate) fn led(&self) -> Places {
        self.led
    }

    /// Adds a group with what stands in front of it: [`Before`].
    #[inline]
    fn push(&mut self, group: Group, before: u8) {
        let place = 1 << self.count;
        self.groups[self.count] = group;
        self.count += 1;
        self.digits += group.len();
        self.of_length[group.len().min(LENGTHS - 1)] |= place;
        self.dotted |= if before & DOTTED != 0 { place >> 1 } else { 0 };
        self.led |= if before & LED != 0 { place } else { 0 };
    }

    /// Keeps the last groups, for those that follow.
    fn keep_last(&mut self, kept: usize) {
        let dropped = self.count - kept;
        self.digits -= self.groups[..dropped].iter().map(Group::len).sum::<usize>();
        self.groups.copy_within(dropped..self.count, 0);
        self.count = kept;
        self.of_length.iter_mut().for_each(|places| *places >>= dropped);
        self.dotted >>= dropped;
        self.led >>= dropped;
        self.goes_on = true;
    }

    fn empty(&mut self) {
        (self.count, self.digits, self.dotted, self.led) = (0, 0, 0, 0);
        self.of_length = [0; LENGTHS];
        self.goes_on = false;
    }

    /// What stands between group `i` and the one after it.
    pub(crate) fn between(&self, i: usize) -> &[u8] {
        match self.groups().get(i + 1) {
            Some(next) => &self.text[self.groups[i].end..next.start],
            None => &[],
        }
    }

    /// The digits of groups `first..=last`, at most 20; how many there are.
    pub(crate) fn digits(&self, first: usize, last: usize, out: &mut [u8; 20]) -> usize {
        let mut len = 0;
        for group in &self.groups()[first..=last] {
            let Some(places) = out.get_mut(len..len + group.len()) else { return out.len() + 1 };
            for (digit, byte) in places.iter_mut().zip(&self.text[group.start..group.end]) {
                *digit = byte - b'0';
            }
            len += group.len();
        }
        len
    }

    /// Whether the words of the text may still be asked for.
    pub(crate) fn may_ask_words(&self) -> bool {
        self.nearby.get().may_ask()
    }

    /// The words around groups `first..=last`; those behind only where none in front says `wanted`.
    pub(crate) fn near(&self, first: usize, last: usize, wanted: Says) -> Near {
        let mut nearby = self.nearby.get();
        let near = nearby.of(self.text, self.groups[first].start, self.groups[last].end, wanted);
        self.nearby.set(nearby);
        near
    }

    /// Whether a letter touches group `i` on the left.
    pub(crate) fn is_glued_before(&self, i: usize) -> bool {
        self.byte_before(i).is_some_and(|byte| byte.is_ascii_alphabetic())
    }

    /// Whether a letter touches group `i` on the right.
    pub(crate) fn is_glued_after(&self, i: usize) -> bool {
        self.text.get(self.groups[i].end).is_some_and(u8::is_ascii_alphabetic)
    }

    pub(crate) fn is_glued(&self, i: usize) -> bool {
        self.is_glued_before(i) || self.is_glued_after(i)
    }

    /// The byte before group `i`, if any.
    pub(crate) fn byte_before(&self, i: usize) -> Option<u8> {
        self.groups[i].start.checked_sub(1).map(|at| self.text[at])
    }

    /// Whether the digits go on to the left of group `i` by `separator`: `1.2` before `.3`.
    pub(crate) fn goes_on_before(&self, i: usize, separator: u8) -> bool {
        let start = self.groups[i].start;
        start >= 2 && self.text[start - 1] == separator && self.text[start - 2].is_ascii_digit()
    }

    /// Whether the digits go on to the right of group `i` by `separator`.
    pub(crate) fn goes_on_after(&self, i: usize, separator: u8) -> bool {
        let end = self.groups[i].end;
        self.text.get(end) == Some(&separator) && self.text.get(end + 1).is_some_and(u8::is_ascii_digit)
    }
}

/// Whether `text` begins with a UUID in its usual form.
#[inline]
pub(crate) fn starts_with_uuid(text: &[u8]) -> bool {
    let Some(text) = text.first_chunk::<36>() else { return false };
    if text[8] != b'-' || text[13] != b'-' || text[18] != b'-' || text[23] != b'-' {
        return false;
    }
    // Without a way out in the middle, so that it runs on many bytes at once.
    let mut digits = *text;
    for dash in [8, 13, 18, 23] {
        digits[dash] = b'0';
    }
    all_hexadecimal(&digits)
}

/// Whether each byte is a hexadecimal digit. It reads all of them, many at once.
#[inline]
pub(crate) fn all_hexadecimal(text: &[u8]) -> bool {
    text.iter().fold(true, |all, byte| all & ((byte.wrapping_sub(b'0') < 10) | ((byte | 0x20).wrapping_sub(b'a') < 6)))
}

/// What the walk over a text meets.
pub(crate) enum Met<'a> {
    /// Groups of digits.
    Run(&'a Run<'a>),
    /// A UUID, at this place.
    Uuid(Range<usize>),
}

/// Shows each run and each UUID of `text` to `look`. A text without four dashes has no UUID.
#[inline]
pub(crate) fn for_each_run(text: &[u8], mut blocks: Blocks<'_>, has_dashes: bool, mut look: impl FnMut(Met<'_>)) {
    let groups = [Group::default(); RUN_GROUPS_MAX];
    let mut run = Run {
        text,
        groups,
        count: 0,
        digits: 0,
        of_length: [0; LENGTHS],
        dotted: 0,
        led: 0,
        goes_on: false,
        nearby: Cell::default(),
    };
    let may_hold_uuid = text.len() >= 36 && has_dashes;
    // Behind the last group.
    let mut end = 0;
    let mut at = 0;
    'blocks: while at < text.len() {
        let block = blocks.around(at);
        let digits = block.digits & !0 << (at % BLOCK_BYTES);
        let mut starts = digits & !(digits << 1);
        at = (at / BLOCK_BYTES + 1) * BLOCK_BYTES;
        while starts != 0 {
            let place = starts.trailing_zeros() as usize;
            let start = at - BLOCK_BYTES + place;
            starts &= starts - 1;
            if may_hold_uuid
                && may_be_of_uuid(block, place)
                && let Some(uuid) = uuid_around(text, end, start)
            {
                flush(&mut run, &mut look);
                look(Met::Uuid(uuid..uuid + 36));
                (at, end) = (uuid + 36, uuid + 36);
                continue 'blocks;
            }
            let before = before(text, end..start);
            if run.count > 0 && before & JOINS == 0 {
                flush(&mut run, &mut look);
            } else if run.count == RUN_GROUPS_MAX {
                look(Met::Run(&run));
                run.keep_last(OVERLAP_GROUPS);
            }
            let len = (digits >> place).trailing_ones() as usize;
            end = if place + len < BLOCK_BYTES { start + len } else { blocks.end_of_digits(start) };
            run.push(Group { start, end }, before);
        }
        at = at.max(end);
    }
    flush(&mut run, &mut look);
}

/// Whether the digit at a place of a block may be the first of a UUID: it is of one of the parts of eight and four characters.
#[inline]
fn may_be_of_uuid(block: Block, place: usize) -> bool {
    let words = block.words();
    let (ahead, behind) = ((words << (BLOCK_BYTES - 1 - place)).leading_ones(), (words >> place).trailing_ones());
    // A word may go on outside of the block.
    let is_cut = ahead as usize > place || place + behind as usize == BLOCK_BYTES;
    is_cut || matches!(ahead + behind - 1, 4 | 8)
}

/// Where the UUID begins that the first digit at `digit` is of, at `from` or later. The fifteenth character, the version, is always
/// one.
#[inline]
fn uuid_around(text: &[u8], from: usize, digit: usize) -> Option<usize> {
    let ahead = text[from..digit].iter().rev().take(14);
    let letters = ahead.take_while(|b| matches!(b, b'a'..=b'f' | b'A'..=b'F' | b'-')).count();
    (digit - letters..=digit).find(|start| {
        let dashed = text.get(start + 8) == Some(&b'-') && text.get(start + 13) == Some(&b'-');
        let is_boundary = |start: usize| start == 0 || !text[start - 1].is_ascii_alphanumeric();
        dashed && is_boundary(*start) && starts_with_uuid(&text[*start..])
    })
}

#[inline(always)]
fn flush(run: &mut Run<'_>, look: &mut impl FnMut(Met<'_>)) {
    if run.count >= 4
        || (run.digits >= DIGITS_MIN && !(run.count == 1 && run.is_glued_before(0) && run.is_glued_after(0)))
    {
        look(Met::Run(run));
    }
    run.empty();
}

/// What stands in front of a group, as bits: whether it joins the group to one before,
const JOINS: u8 = 1;
/// whether it is one dot,
const DOTTED: u8 = 2;
/// and whether a plus or a parenthesis is the last of it.
const LED: u8 = 4;

/// What one byte does that stands in front of a group.
static BEFORE: [u8; 256] = {
    let mut before = [0; 256];
    let mut i = 0;
    while i < b" -.()/+".len() {
        let byte = b" -.()/+"[i];
        before[byte as usize] = match byte {
            b'.' => JOINS | DOTTED,
            b'(' => JOINS | LED,
            b'+' => LED,
            _ => JOINS,
        };
        i += 1;
    }
    before
};

/// What stands in front of a group, from the group before to it.
#[inline]
fn before(text: &[u8], gap: Range<usize>) -> u8 {
    let of = |byte: u8| BEFORE[usize::from(byte)];
    if gap.len() == 1 {
        return of(text[gap.start]);
    }
    // What is pasted from pages has spaces that do not break, and dashes of their own: U+00A0, U+2000 to U+200A, U+2010 to U+2013,
    // U+202F.
    let last = gap.end.checked_sub(1);
    let joins = match &text[gap] {
        [0xc2, 0xa0] | [0xe2, 0x80, 0x80..=0x8a | 0x90..=0x93 | 0xaf] => JOINS,
        [one, two] => of(*one) & of(*two) & JOINS,
        [one, two, three] => of(*one) & of(*two) & of(*three) & JOINS,
        _ => 0,
    };
    joins | last.map_or(0, |last| of(text[last]) & LED)
}

/// Whether digits pass the Luhn sum: thirty-two of them at most are summed up at once.
pub(crate) fn passes_luhn(digits: &[u8]) -> bool {
    const AT_ONCE: usize = 32;
    let sum_of = |last: &[u8; AT_ONCE]| {
        let doubled = |digit: u8| 2 * u16::from(digit) - if digit >= 5 { 9 } else { 0 };
        let (pairs, _) = last.as_chunks::<2>();
        pairs.iter().fold(0, |sum, [double, single]| sum + doubled(*double) + u16::from(*single))
    };
    // The last digit stands last; zeros in front add nothing.
    let sum = digits.rchunks(AT_ONCE).fold(0_u32, |sum, part| {
        let mut last = [0; AT_ONCE];
        last[AT_ONCE - part.len()..].copy_from_slice(part);
        sum + u32::from(sum_of(&last))
    });
    sum.is_multiple_of(10)
}

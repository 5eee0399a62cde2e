//! Numbers with a shape: `529.982.247-25`, `1 85 05 78 006 084 36`, `RSSMRA85T10A562S`.
//!
//! A text is walked once, word by word: a word is a run of letters and digits, and what counts of it is its length, whether it is
//! digits, letters or a mix, and the one separator before it. The shapes of every [`IdNumber`] stand in one tree over such
//! steps, built when this crate is compiled, so that a leaf costs the same however many there are: most words fail the first
//! test of a bit. Only where a whole shape is matched, and neither goes on to the left nor to the right, is the sum computed.
//!
//! How sure a finding is, is decided in one place, [`likelihood`], from what the key says, whether the number is formatted, and
//! how often a random number of its shape would pass.

use weir_event::{Category, Evidence, Likelihood};

use crate::bytes::{BLOCK_BYTES, Block, Blocks};
use crate::detectors::ids::IDS;
use crate::digits::starts_with_uuid;
use crate::facts::PathFacts;
use crate::leaf::{Leaf, Output};

pub mod learned;
mod tree;

use tree::{ALL, Entry, WITHOUT_KEY, Ways, entries, next};

/// One kind of number.
#[derive(Clone, Copy)]
pub(crate) struct IdNumber {
    /// Its stable name in findings and docs.
    pub(crate) name: &'static str,
    /// What it is.
    pub(crate) category: Category,
    /// The hints of a key under which it is believed more, and found without a format.
    pub(crate) facts: PathFacts,
    /// How it is written: `0` a digit, `A` a letter of either case, `*` either, `- . / ( ` and the space themselves; another digit is
    /// itself. A shape of digits alone is *bare*: it is found under a key only, unless `chance` is very high.
    pub(crate) shapes: &'static [&'static str],
    /// Whether the letters (made capitals) and digits of a number of such a shape are one: its sum, its date, its ranges.
    pub(crate) passes: fn(&[u8]) -> bool,
    /// Whether it has a check digit or letter, and not only ranges and dates.
    pub(crate) has_sum: bool,
    /// Whether `passes` is given the letters as they were written.
    pub(crate) case_matters: bool,
    /// Whether `passes` computes a digest.
    pub(crate) has_digest: bool,
    /// One in how many numbers of its shape passes if there is nothing behind them.
    pub(crate) chance: u32,
}

/// What most of them share: a national id with a sum.
pub(crate) const NATIONAL_ID: IdNumber = IdNumber {
    name: "",
    category: Category::NationalId,
    facts: PathFacts::NATIONAL_ID,
    shapes: &[],
    passes: |_| false,
    has_sum: true,
    case_matters: false,
    has_digest: false,
    chance: 1,
};

/// Every hint that some kind of number asks for.
pub(crate) const FACTS: PathFacts = {
    let mut facts = PathFacts::NONE;
    let mut i = 0;
    while i < IDS.len() {
        facts = facts.and(IDS[i].facts);
        i += 1;
    }
    facts
};

/// How much the form alone says, before any sum.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Digits in one group: any counter looks so.
    Bare,
    /// Letters and digits in one word: codes of products look so, but seldom the same.
    Word,
    /// Two or three groups of digits with one separator: amounts, phones, orders, vouchers are written so too.
    Common,
    /// Four groups or more, or two kinds of separators: little else is written so.
    Telling,
    /// Letters in their places, and separators: hardly anything else is written so.
    Lettered,
}

impl Form {
    const fn of(shape: &str) -> Form {
        let bytes = shape.as_bytes();
        let (mut letters, mut separators, mut first, mut differ) = (false, 0, 0, false);
        let mut i = 0;
        while i < bytes.len() {
            let separator = separator(bytes[i]);
            if separator != 0 {
                separators += 1;
                differ |= first != 0 && first != separator;
                first = separator;
            }
            letters |= bytes[i] == b'A';
            i += 1;
        }
        match (letters, separators) {
            (false, 0) => Form::Bare,
            (true, 0) => Form::Word,
            (true, _) => Form::Lettered,
            (false, 1 | 2) if !differ => Form::Common,
            (false, _) => Form::Telling,
        }
    }

    /// If no more than one in so many numbers of a shape is of any kind by chance, they are believed without a key.
    const fn chance_likely(self) -> u32 {
        match self {
            Form::Bare => 2_000,
            Form::Word => 20,
            Form::Common => 50,
            Form::Telling => 5,
            Form::Lettered => 4,
        }
    }

    /// If one in so many passes for a kind, or fewer do, its numbers are at least possible without a key.
    const fn chance_possible(self) -> u32 {
        match self {
            Form::Bare => 2_000,
            Form::Word | Form::Common | Form::Telling => 10,
            Form::Lettered => 4,
        }
    }
}

/// How sure a number is that passes; `None` where it is not worth a finding. Several kinds may share a shape: what counts is how often
/// chance alone would make a number of any of them.
fn likelihood(entry: &Entry, facts: PathFacts) -> Option<Likelihood> {
    let id = &IDS[entry.id];
    let reference = facts.has(PathFacts::REFERENCE);
    match () {
        () if facts.has(id.facts) => Some(Likelihood::VeryLikely),
        () if id.chance < entry.form.chance_possible() => None,
        () if entry.chance_of_shape >= entry.form.chance_likely() => {
            Some(if reference { Likelihood::Possible } else { Likelihood::Likely })
        }
        () => (!reference).then_some(Likelihood::Possible),
    }
}

/// Numbers of one text of which a digest is computed: it is dear, and a text with more of them is dirty enough.
const DIGESTS_MAX: u32 = 32;

/// Finds every kind of number in one text.
#[inline(never)]
pub(crate) fn find(leaf: &Leaf<'_>, out: &mut Output<'_>) {
    let text = leaf.text;
    let ways = if leaf.facts.has(FACTS) { &ALL } else { &WITHOUT_KEY };
    let mut at = 0;
    let mut digests = DIGESTS_MAX;
    let mut blocks = leaf.blocks();
    while let Some((start, word)) = next_begin(text, &mut blocks, ways, at) {
        at = start;
        if word.end - at == 8 && starts_with_uuid(&text[at..]) {
            at += 36;
            continue;
        }
        if let Some(node) = word.begins(ways)
            && let Some(found) = longest(leaf, ways, blocks, at, word, node, &mut digests)
        {
            let id = &IDS[found.id];
            out.detector = id.name;
            let evidence = if id.has_sum { Evidence::Checksum } else { Evidence::Shape };
            out.add(id.category, found.likelihood, evidence, at, found.end);
            at = found.end;
            continue;
        }
        at = word.end;
    }
}

/// The next word, at `from` or later, that may begin a number or a UUID. Most words are stepped over: they are no shape's first, or have
/// none behind them that is as long as a second.
#[inline]
fn next_begin(text: &[u8], blocks: &mut Blocks<'_>, ways: &Ways, from: usize) -> Option<(usize, Word)> {
    let mut at = from;
    while at < text.len() {
        let block = blocks.around(at);
        let base = at / BLOCK_BYTES * BLOCK_BYTES;
        let words = block.words() & !0 << (at % BLOCK_BYTES);
        let mut starts = words & !(words << 1);
        while starts != 0 {
            let place = starts.trailing_zeros() as usize;
            let len = (!(words >> place)).trailing_zeros() as usize;
            let start = base + place;
            // It may go on behind the block.
            if place + len >= BLOCK_BYTES {
                return Some((start, word_at(text, blocks, start)));
            }
            starts &= starts - 1;
            let word = Word::within(block, place, len, start);
            let follows = text.get(word.end).copied().unwrap_or_default();
            let may_be_uuid = len == 8 && follows == b'-';
            let node = usize::from(ways.first[word.step as usize]);
            let may_begin = node != 0
                && (ways.ends[node]
                    || ways.may_go_on(node, follows, words, place + len + 1)
                        && !is_cut_before(text, start, separator_at(text, word.end).0)
                        && goes_on(text, *blocks, ways, node, word.end));
            if may_begin || may_be_uuid {
                return Some((start, word));
            }
        }
        at = base + BLOCK_BYTES;
    }
    None
}

/// Whether a whole shape may lie before the words behind a first one, which ends at `end` and has led to `node`.
#[inline(never)]
fn goes_on(text: &[u8], mut blocks: Blocks<'_>, ways: &Ways, mut node: usize, mut end: usize) -> bool {
    loop {
        let (separator, len) = separator_at(text, end);
        if ways.follows[node] >> separator & 1 == 0 {
            return false;
        }
        let word = word_at(text, &mut blocks, end + len);
        if ways.words[node][(word.step & 3) as usize] >> (word.step >> 2) & 1 == 0 {
            return false;
        }
        let Some(deeper) = next(node, word.step | separator << 8) else { return false };
        if ways.ends[deeper] {
            return true;
        }
        (node, end) = (deeper, word.end);
    }
}

struct Found {
    id: usize,
    likelihood: Likelihood,
    end: usize,
}

/// The longest number that begins with the word at `start`.
fn longest(
    leaf: &Leaf<'_>,
    ways: &Ways,
    blocks: Blocks<'_>,
    start: usize,
    first: Word,
    node: usize,
    digests: &mut u32,
) -> Option<Found> {
    let text = leaf.text;
    let mut best: Option<Found> = None;
    walk(text, blocks, ways, first.end, node, |node, end, last| {
        if is_cut_out(text, start, first.end, end, last) {
            return;
        }
        let number = &text[start..end];
        let is_time = is_time(number, first.end - start);
        for entry in entries(node) {
            let id = &IDS[entry.id];
            let Some(likelihood) = likelihood(entry, leaf.facts) else { continue };
            let likelihood =
                if is_time && likelihood < Likelihood::VeryLikely { Likelihood::Possible } else { likelihood };
            // Of kinds that are believed alike the one that passes more seldom by chance gives the finding its name.
            let belief = (likelihood, id.chance);
            if best.as_ref().is_some_and(|best| best.end == end && (best.likelihood, IDS[best.id].chance) >= belief) {
                continue;
            }
            if !fits(number, entry.shape) || is_of_a_machine(id, entry.form, number, likelihood) {
                continue;
            }
            if id.has_digest {
                if *digests == 0 {
                    continue;
                }
                *digests -= 1;
            }
            if passes(id, number) {
                best = Some(Found { id: entry.id, likelihood, end });
            }
        }
    });
    best
}

/// `20261122-3`, `20261122-1015`, `261122-1015`: a day of these years and a counter, or an hour.
fn is_time(number: &[u8], first: usize) -> bool {
    let two = |at: usize| match number.get(at..at + 2) {
        Some([tens @ b'0'..=b'9', units @ b'0'..=b'9']) => 10 * u32::from(tens - b'0') + u32::from(units - b'0'),
        _ => 100,
    };
    let is_day = |at: usize| (1..=12).contains(&two(at)) && (1..=31).contains(&two(at + 2));
    match (first, number.len()) {
        (8, 10..=13) => matches!(two(0), 19 | 20) && is_day(4),
        (6, 11) => matches!(two(0), 20..=35) && is_day(2) && two(7) < 24 && two(9) < 60,
        _ => false,
    }
}

/// From here on a word of letters and digits is believed in small letters too.
const CHANCE_OF_SMALL_LETTERS: u32 = 90;

/// `8624431d`: people write their numbers in capitals, machines write hexadecimal ones in small letters.
fn is_of_a_machine(id: &IdNumber, form: Form, number: &[u8], likelihood: Likelihood) -> bool {
    form == Form::Word
        && likelihood < Likelihood::VeryLikely
        && id.chance < CHANCE_OF_SMALL_LETTERS
        && number.iter().any(u8::is_ascii_lowercase)
}

/// Whether the number goes on: `1.529.982.247-25`, `046 454 286 12`, `0.52998224725`, `+36 574 261 809` are cut out of something
/// longer.
fn is_cut_out(text: &[u8], start: usize, first_end: usize, end: usize, last: u32) -> bool {
    let is_digit = |at: usize| text.get(at).is_some_and(u8::is_ascii_digit);
    // A number of one word may stand in a path, and between words.
    let (first, last) = if first_end < end { (separator_at(text, first_end).0, last) } else { (DOT, DOT) };
    if is_cut_before(text, start, first) {
        return true;
    }
    let (separator, len) = separator_at(text, end);
    // `12345678909.0` is a number that lost its kind.
    let zero_fraction = text[end..] == *b".0";
    separates(separator, last) && is_digit(end + len) && !zero_fraction
}

/// Whether it goes on in front, by the separator behind its first word.
#[inline]
fn is_cut_before(text: &[u8], start: usize, first: u32) -> bool {
    let Some(before) = start.checked_sub(1) else { return false };
    let is_digit = || before > 0 && text[before - 1].is_ascii_digit();
    text[before] == b'+' || separates(separator(text[before]), first) && is_digit()
}

/// Whether a number goes on behind a separator, by one of its own.
#[inline]
fn separates(separator: u32, inner: u32) -> bool {
    match separator {
        DASH | DOT => true,
        SLASH | SPACE => separator == inner,
        _ => false,
    }
}

/// A run of letters and digits.
#[derive(Clone, Copy)]
struct Word {
    end: usize,
    /// Its step in the tree, without a separator.
    step: u32,
}

impl Word {
    /// A word that ends within its block.
    #[inline(always)]
    fn within(block: Block, place: usize, len: usize, start: usize) -> Word {
        let inside = ((1 << len) - 1) << place;
        let mix = u32::from(block.digits & inside != 0) | u32::from(block.letters & inside != 0) << 1;
        Word { end: start + len, step: mix | (len as u32) << 2 }
    }

    /// The node that a shape's first word leads to.
    #[inline]
    fn begins(self, ways: &Ways) -> Option<usize> {
        let node = ways.first[self.step as usize];
        (node != 0).then_some(usize::from(node))
    }
}

const WORD_BYTES_MAX: usize = 63;

/// Bit 0 for a digit, bit 1 for a letter.
static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        if (byte as u8).is_ascii_digit() {
            classes[byte] = 1;
        } else if (byte as u8).is_ascii_alphabetic() {
            classes[byte] = 2;
        }
        byte += 1;
    }
    classes
};

#[inline]
fn word_at(text: &[u8], blocks: &mut Blocks<'_>, start: usize) -> Word {
    let (block, place) = (blocks.around(start), start % BLOCK_BYTES);
    let len = (!(block.words() >> place)).trailing_zeros() as usize;
    // Most words end within their block.
    if place + len < BLOCK_BYTES { Word::within(block, place, len, start) } else { long_word_at(text, start) }
}

/// A word that may go on behind its block.
#[cold]
fn long_word_at(text: &[u8], start: usize) -> Word {
    let (mut mix, mut end) = (0, start);
    while end < text.len() {
        let class = CLASSES[usize::from(text[end])];
        if class == 0 {
            break;
        }
        mix |= class;
        end += 1;
    }
    // No shape has a word of the greatest length, so longer ones may share its step.
    Word { end, step: u32::from(mix) | ((end - start).min(WORD_BYTES_MAX) as u32) << 2 }
}

const DASH: u32 = 1;
const DOT: u32 = 2;
const SLASH: u32 = 3;
const SPACE: u32 = 4;
const BRACKET: u32 = 5;

const fn separator(byte: u8) -> u32 {
    match byte {
        b'-' => DASH,
        b'.' => DOT,
        b'/' => SLASH,
        b' ' => SPACE,
        b'(' => BRACKET,
        _ => 0,
    }
}

static SEPARATORS: [u8; 128] = {
    let mut separators = [0; 128];
    let mut byte = 0;
    while byte < separators.len() {
        separators[byte] = separator(byte as u8) as u8;
        byte += 1;
    }
    separators
};

/// The separator at a place and its bytes: pages and documents write spaces and dashes that do not break.
#[inline]
fn separator_at(text: &[u8], at: usize) -> (u32, usize) {
    match text.get(at) {
        Some(byte) if *byte < 0x80 => (u32::from(SEPARATORS[usize::from(*byte)]), 1),
        Some(0xC2) if text.get(at + 1) == Some(&0xA0) => (SPACE, 2),
        Some(0xE2) => match text.get(at + 1..at + 3) {
            Some([0x80, 0x82..=0x8A | 0xAF]) => (SPACE, 3),
            Some([0x80, 0x90..=0x93]) => (DASH, 3),
            _ => (0, 1),
        },
        _ => (0, 1),
    }
}

/// Shows each place at which words make up a whole shape: its node, where it ends, and the last separator. The first word ends at
/// `end` and has led to `node`.
#[inline]
fn walk(
    text: &[u8],
    mut blocks: Blocks<'_>,
    ways: &Ways,
    mut end: usize,
    mut node: usize,
    mut whole: impl FnMut(usize, usize, u32),
) {
    let mut last = 0;
    loop {
        if ways.ends[node] {
            whole(node, end, last);
        }
        let (separator, len) = separator_at(text, end);
        if ways.follows[node] >> separator & 1 == 0 {
            return;
        }
        // A word longer than any step is not read to its end: whoever walks the text reads it once more.
        let start = end + len;
        let word = word_at(&text[..text.len().min(start + WORD_BYTES_MAX)], &mut blocks, start);
        if word.end == start {
            return;
        }
        let Some(deeper) = next(node, word.step | separator << 8) else { return };
        (node, end, last) = (deeper, word.end, separator);
    }
}

/// Whether each letter and digit is what the shape has in its place: the tree knows of a word only its length and its mix.
fn fits(text: &[u8], shape: &str) -> bool {
    let own = text.iter().filter(|byte| byte.is_ascii_alphanumeric());
    let wanted = shape.bytes().filter(|byte| separator(*byte) == 0);
    own.zip(wanted).all(|(byte, wanted)| match wanted {
        b'0' => byte.is_ascii_digit(),
        b'A' => byte.is_ascii_alphabetic(),
        b'*' => true,
        wanted => byte.eq_ignore_ascii_case(&wanted),
    })
}

/// Whether a text that has a shape is a number of the kind: without its separators and in capitals, if case does not matter.
fn passes(id: &IdNumber, text: &[u8]) -> bool {
    let mut compact = [0; WORD_BYTES_MAX];
    let mut len = 0;
    for (to, byte) in compact.iter_mut().zip(text.iter().filter(|b| b.is_ascii_alphanumeric())) {
        *to = if id.case_matters { *byte } else { byte.to_ascii_uppercase() };
        len += 1;
    }
    !is_filler(&compact[..len]) && (id.passes)(&compact[..len])
}

/// `100-200-300`, `111 111 111`: round numbers and placeholders, two thirds of them zeros up to the end, or all of them one digit.
fn is_filler(value: &[u8]) -> bool {
    let digits = || value.iter().filter(|byte| byte.is_ascii_digit());
    let (count, zeros) = (digits().count(), digits().filter(|byte| **byte == b'0').count());
    let first = digits().next();
    let round = 3 * zeros >= 2 * count && digits().next_back() == Some(&b'0');
    count > 5 && (round || digits().all(|byte| Some(byte) == first))
}

#[cfg(test)]
mod tests;

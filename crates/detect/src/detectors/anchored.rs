//! Values that begin with something that only they have: one table of all such formats, one walk over the text.
//!
//! A format is a prefix, the parts of its body and a judge. The formats stand in one table by their first two bytes, which is
//! built at compile time, so the walk costs the same for ten of them and for three hundred: each byte that begins a word asks the
//! table, and few of them get an answer. Lengths are bounded, so the walk is linear whatever the text.

use weir_event::{Category, Evidence, Likelihood};

use crate::bytes::Starts;
use crate::detectors::{identifiers, secrets};
use crate::gate::signal;
use crate::leaf::{Leaf, Output};
use crate::randomness::{WORDY, mean_cost};

/// One detector of this kind: its formats mean the same class.
pub(crate) struct Anchored {
    /// Its stable name in findings and docs.
    pub(crate) name: &'static str,
    /// What it finds.
    pub(crate) category: Category,
    /// Its formats.
    pub(crate) forms: &'static [Form],
}

/// One format.
pub(crate) struct Form {
    prefix: &'static [u8],
    body: &'static [Part],
    judge: Judge,
    /// The prefix may stand inside a word.
    glued: bool,
    /// Where it fails, it is not tried again before the word ends.
    once: bool,
}

/// What follows a prefix.
pub(crate) enum Part {
    /// So many bytes of a set.
    Exactly(Set, u16),
    /// At least so many; what follows of the set belongs to it. Only at the end.
    AtLeast(Set, u16),
    /// From so many to so many.
    Between(Set, u16, u16),
    /// This text.
    Text(&'static [u8]),
    /// What stands between a key and its value: quotes, blanks and one `=` or `:`.
    Assign,
}

/// A set of bytes, as one bit of the table below.
#[derive(Clone, Copy)]
pub(crate) struct Set(u16);

pub(crate) const DIGIT: Set = Set(1);
/// Of either case.
pub(crate) const HEX: Set = Set(1 << 1);
/// Small letters and digits.
pub(crate) const LOWER: Set = Set(1 << 2);
/// Capitals and digits.
pub(crate) const UPPER: Set = Set(1 << 3);
/// Letters and digits.
pub(crate) const ALNUM: Set = Set(1 << 4);
/// Letters, digits, `-` and `_`: base64 for URLs.
pub(crate) const WORD: Set = Set(1 << 5);
/// Letters, digits, `+`, `/` and `=`: base64.
pub(crate) const BASE64: Set = Set(1 << 6);
/// All that a credential in a header or a query is made of.
pub(crate) const WIDE: Set = Set(1 << 7);
pub(crate) const LETTER: Set = Set(1 << 8);
/// Letters, digits, `-`, `_` and `/`: the path of a web-hook.
pub(crate) const PATH: Set = Set(1 << 9);
/// [`WIDE`] without `=`.
pub(crate) const UNPADDED: Set = Set(1 << 10);

const SETS: [u16; 256] = {
    let mut sets = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        let word = b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        let bits = [
            (DIGIT, b.is_ascii_digit()),
            (HEX, b.is_ascii_hexdigit()),
            (LOWER, b.is_ascii_lowercase() || b.is_ascii_digit()),
            (UPPER, b.is_ascii_uppercase() || b.is_ascii_digit()),
            (ALNUM, b.is_ascii_alphanumeric()),
            (WORD, word),
            (BASE64, b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=')),
            (WIDE, word || matches!(b, b'.' | b'+' | b'/' | b'=' | b'~' | b'%')),
            (LETTER, b.is_ascii_alphabetic()),
            (PATH, word || b == b'/'),
            (UNPADDED, word || matches!(b, b'.' | b'+' | b'/' | b'~' | b'%')),
        ];
        let mut i = 0;
        while i < bits.len() {
            sets[byte] |= if bits[i].1 { bits[i].0.0 } else { 0 };
            i += 1;
        }
        byte += 1;
    }
    sets
};

impl Set {
    pub(crate) fn has(self, byte: u8) -> bool {
        SETS[usize::from(byte)] & self.0 != 0
    }

    /// How many bytes of the set `text` begins with, at most `max`.
    pub(crate) fn run(self, text: &[u8], max: usize) -> usize {
        let text = &text[..text.len().min(max)];
        text.iter().position(|b| !self.has(*b)).unwrap_or(text.len())
    }
}

/// What a judge sees of a candidate whose form fits.
pub(crate) struct Seen<'a> {
    /// The whole text.
    pub(crate) text: &'a [u8],
    /// Where the prefix begins.
    pub(crate) start: usize,
    /// Where the body begins.
    pub(crate) body: usize,
    /// Where the least body ends.
    pub(crate) end: usize,
}

/// What a judge says of it.
pub(crate) struct Verdict {
    likelihood: Likelihood,
    evidence: Evidence,
    start: usize,
    end: usize,
}

/// Decides whether a candidate is one.
pub(crate) type Judge = fn(&Seen<'_>) -> Option<Verdict>;

impl<'a> Seen<'a> {
    pub(crate) fn body(&self) -> &'a [u8] {
        &self.text[self.body..self.end]
    }

    /// What stands before the prefix.
    pub(crate) fn before(&self) -> &'a [u8] {
        &self.text[..self.start]
    }

    /// What stands behind the least body.
    pub(crate) fn after(&self) -> &'a [u8] {
        &self.text[self.end..]
    }

    /// The same with a body of so many bytes, which must be there.
    pub(crate) fn with_body(&self, len: usize) -> Seen<'a> {
        Seen { text: self.text, start: self.start, body: self.body, end: self.body + len }
    }

    pub(crate) fn is(&self, likelihood: Likelihood) -> Option<Verdict> {
        Some(Verdict { likelihood, evidence: Evidence::Prefix, start: self.start, end: self.end })
    }
}

impl Verdict {
    /// A checksum says so too.
    pub(crate) fn checked(self) -> Verdict {
        Verdict { evidence: Evidence::Checksum, ..self }
    }

    /// It begins `len` bytes before the prefix.
    pub(crate) fn with_before(self, len: usize) -> Verdict {
        Verdict { start: self.start - len, ..self }
    }

    /// It goes on for `len` bytes.
    pub(crate) fn and_after(self, len: usize) -> Verdict {
        Verdict { end: self.end + len, ..self }
    }
}

/// A format whose prefix stands at the beginning of a word.
pub(crate) const fn form(prefix: &'static [u8], body: &'static [Part], judge: Judge) -> Form {
    Form { prefix, body, judge, glued: false, once: false }
}

impl Form {
    /// Its prefix may stand inside a word. For few formats: their first byte is asked for everywhere.
    pub(crate) const fn glued(self) -> Form {
        Form { glued: true, ..self }
    }

    /// It is tried once in a word, for judges whose look is not bounded.
    pub(crate) const fn once(self) -> Form {
        Form { once: true, ..self }
    }
}

/// The form alone is proof.
pub(crate) fn any(seen: &Seen<'_>) -> Option<Verdict> {
    seen.is(Likelihood::VeryLikely)
}

/// The form, and a body that is no word: it holds a digit or two cases. One of a few characters over and over is a placeholder.
pub(crate) fn varied(seen: &Seen<'_>) -> Option<Verdict> {
    let body = seen.body();
    let has = |test: fn(&u8) -> bool| body.iter().any(test);
    let two_cases = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    if !has(u8::is_ascii_digit) && !two_cases {
        return None;
    }
    // Of a body that goes on, all of it must be of a few characters.
    let rest = ALNUM.run(seen.after(), 64);
    seen.is(if is_placeholder(&seen.text[seen.body..seen.end + rest]) {
        Likelihood::Possible
    } else {
        Likelihood::VeryLikely
    })
}

/// The form, and a body with a digit and two cases that is not made of words, for prefixes that words begin with too.
pub(crate) fn random(seen: &Seen<'_>) -> Option<Verdict> {
    let has = |test: fn(&u8) -> bool| seen.body().iter().any(test);
    let mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    if mixed { unworded(seen) } else { None }
}

/// As [`varied`], where slugs and names of files may begin with the prefix: a body of words is none.
pub(crate) fn unworded(seen: &Seen<'_>) -> Option<Verdict> {
    if is_of_words(seen) { None } else { varied(seen) }
}

/// Whether the body, with what follows of its word, is made of words and numbers: `_Report_2024_v2`. A digest is not.
fn is_of_words(seen: &Seen<'_>) -> bool {
    let rest = &seen.text[seen.body..];
    let word = &rest[..WORD.run(rest, 64).max(seen.end - seen.body)];
    let is_hex = word.iter().all(|b| b.is_ascii_hexdigit() || matches!(b, b'-' | b'_'));
    !is_hex && mean_cost(word) < WORDY - 4
}

/// As [`varied`], where the form is shared with values that are no secret, or the credential is one for tests.
pub(crate) fn likely(seen: &Seen<'_>) -> Option<Verdict> {
    varied(seen).map(|verdict| Verdict { likelihood: verdict.likelihood.min(Likelihood::Likely), ..verdict })
}

/// As [`varied`], and proven where the last six characters are the CRC-32 of the thirty before in base 62; where they are not, `unproven`.
pub(crate) fn with_crc(seen: &Seen<'_>, unproven: Likelihood) -> Option<Verdict> {
    let verdict = varied(seen)?;
    let (random, checksum) = seen.body().split_last_chunk::<6>()?;
    Some(if crc_in_base_62(random) == *checksum {
        Verdict { likelihood: Likelihood::VeryLikely, ..verdict }.checked()
    } else {
        Verdict { likelihood: verdict.likelihood.min(unproven), ..verdict }
    })
}

/// The CRC-32 (IEEE) of `bytes` as six digits in base 62, digits before capitals before small letters.
pub(crate) fn crc_in_base_62(bytes: &[u8]) -> [u8; 6] {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut crc = !0_u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    let mut crc = !crc;
    let mut out = [b'0'; 6];
    for digit in out.iter_mut().rev() {
        *digit = DIGITS[(crc % 62) as usize];
        crc /= 62;
    }
    out
}

/// `xxxxxxxxxxxxxxxx`, `0000…`, `123412341234…`: five characters or fewer over and over.
fn is_placeholder(body: &[u8]) -> bool {
    let mut seen = 0_u128;
    for byte in body {
        seen |= 1 << (byte & 0x7f);
    }
    body.len() >= 16 && seen.count_ones() <= 5
}

/// What of a body that is at least so long is taken as its rest.
pub(crate) const TAIL_BYTES_MAX: usize = 4_096;

pub(crate) fn find(leaf: &Leaf<'_>, out: &mut Output<'_>) {
    let text = leaf.text;
    let glued = leaf.may_have(GLUED_SIGNS);
    let mut starts = Starts::from(leaf.blocks(), 0, glued);
    let mut once_until = 0;
    while let Some(at) = starts.next() {
        let [one, two, ..] = text[at..] else { return };
        if SECONDS[usize::from(one)] >> (two & 31) & 1 == 0 {
            continue;
        }
        let is_start = !glued || at == 0 || !text[at - 1].is_ascii_alphanumeric();
        let (first, count) = BUCKETS[bucket(one, two)];
        let entries = &TABLE[usize::from(first)..usize::from(first) + usize::from(count)];
        let head = head(&text[at..]);
        let found = entries.iter().find_map(|entry| {
            if head & entry.mask != entry.head {
                return None;
            }
            let form = entry.form;
            let fits = (is_start || form.glued)
                && (form.prefix.len() <= 4 || text[at..].starts_with(form.prefix))
                && !(form.once && at < once_until);
            let verdict = if fits { attempt(text, at, form) } else { None };
            if fits && form.once && verdict.is_none() {
                once_until = at + WORD.run(&text[at..], usize::MAX);
            }
            Some((entry.owner, verdict?))
        });
        let Some((owner, verdict)) = found else { continue };
        out.detector = owner.name;
        out.add(owner.category, verdict.likelihood, verdict.evidence, verdict.start, verdict.end);
        if out.is_full(owner.category) {
            return;
        }
        starts = Starts::from(leaf.blocks(), verdict.end.max(at + 1), glued);
    }
}

/// Whether a text begins with a prefix of the table.
#[inline]
pub(crate) fn begins(text: &[u8]) -> bool {
    matches!(text, [one, two, ..] if SECONDS[usize::from(*one)] >> (two & 31) & 1 != 0 && begins_with_one(text))
}

#[inline(never)]
fn begins_with_one(text: &[u8]) -> bool {
    let (first, count) = BUCKETS[bucket(text[0], text[1])];
    let entries = &TABLE[usize::from(first)..usize::from(first) + usize::from(count)];
    entries.iter().any(|entry| text.starts_with(entry.form.prefix))
}

fn attempt(text: &[u8], start: usize, form: &Form) -> Option<Verdict> {
    let mut end = start + form.prefix.len();
    let mut body = end;
    let mut tail = None;
    for part in form.body {
        let rest = &text[end..];
        match part {
            Part::Exactly(set, len) => {
                let len = usize::from(*len);
                end += (set.run(rest, len) == len).then_some(len)?;
            }
            Part::Between(set, min, max) => {
                let len = set.run(rest, usize::from(*max));
                end += (len >= usize::from(*min)).then_some(len)?;
            }
            Part::AtLeast(set, min) => {
                let min = usize::from(*min);
                end += (set.run(rest, min) == min).then_some(min)?;
                tail = Some(*set);
            }
            Part::Text(word) => end += rest.starts_with(word).then_some(word.len())?,
            Part::Assign => {
                end += assignment(rest)?;
                body = end;
            }
        }
    }
    // A longer word is another thing.
    let goes_on = |at: usize| text.get(at).is_some_and(u8::is_ascii_alphanumeric);
    if tail.is_none() && end > body && goes_on(end) {
        return None;
    }
    let verdict = (form.judge)(&Seen { text, start, body, end })?;
    let tail = tail.map_or(0, |set| set.run(&text[verdict.end..], TAIL_BYTES_MAX));
    Some(verdict.and_after(tail))
}

/// `": "`, `=`, ` = '`, `\":\"`: how long it is.
fn assignment(text: &[u8]) -> Option<usize> {
    let text = &text[..text.len().min(8)];
    let is_filler = |b: &u8| matches!(b, b' ' | b'"' | b'\'' | b'\\' | b'=' | b':' | b'>');
    let len = text.iter().position(|b| !is_filler(b))?;
    text[..len].iter().any(|b| matches!(b, b'=' | b':')).then_some(len)
}

/// The first four bytes as a number, zeros behind the end.
const fn head(text: &[u8]) -> u32 {
    match *text {
        [a, b, c, d, ..] => u32::from_le_bytes([a, b, c, d]),
        [a, b, c] => u32::from_le_bytes([a, b, c, 0]),
        [a, b] => u32::from_le_bytes([a, b, 0, 0]),
        [a] => u32::from_le_bytes([a, 0, 0, 0]),
        [] => 0,
    }
}

/// A form in the table.
struct Entry {
    /// The first four bytes of its prefix, and which of them it has: most others fail one comparison.
    head: u32,
    mask: u32,
    form: &'static Form,
    owner: &'static Anchored,
}

/// Who owns formats.
const LISTS: [&[Anchored]; 2] = match cfg!(weir_first_detectors) {
    false => [secrets::SECRETS, identifiers::IDENTIFIERS],
    true => [secrets::FIRST, &[]],
};

/// The names of the detectors of this kind.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    LISTS.iter().flat_map(|list| list.iter().map(|owner| owner.name))
}

const COUNT: usize = {
    let (mut count, mut list) = (0, 0);
    while list < LISTS.len() {
        let mut owner = 0;
        while owner < LISTS[list].len() {
            count += LISTS[list][owner].forms.len();
            owner += 1;
        }
        list += 1;
    }
    count
};

/// Two bytes, of either case, to one of 1,024 places.
const fn bucket(first: u8, second: u8) -> usize {
    ((first & 31) as usize) << 5 | (second & 31) as usize
}

/// The forms by bucket, in each the longest prefixes first.
static TABLE: [Entry; COUNT] = {
    // (place in the order, list, owner, form)
    let mut order = [(0_u32, 0_u8, 0_u8, 0_u8); COUNT];
    let mut count = 0;
    let mut list = 0;
    while list < LISTS.len() {
        let mut owner = 0;
        while owner < LISTS[list].len() {
            let mut form = 0;
            while form < LISTS[list][owner].forms.len() {
                let prefix = LISTS[list][owner].forms[form].prefix;
                assert!(prefix.len() >= 2 && prefix.len() < 256, "two bytes choose the bucket");
                let place = (bucket(prefix[0], prefix[1]) as u32) << 8 | (255 - prefix.len() as u32);
                // Insertion: stable, so the order of the lists stays among equals.
                let mut at = count;
                while at > 0 && order[at - 1].0 > place {
                    order[at] = order[at - 1];
                    at -= 1;
                }
                order[at] = (place, list as u8, owner as u8, form as u8);
                count += 1;
                form += 1;
            }
            owner += 1;
        }
        list += 1;
    }
    let mut table = [const { Entry { head: 0, mask: 0, form: &LISTS[0][0].forms[0], owner: &LISTS[0][0] } }; COUNT];
    let mut i = 0;
    while i < COUNT {
        let (_, list, owner, form) = order[i];
        let owner = &LISTS[list as usize][owner as usize];
        let form = &owner.forms[form as usize];
        let len = form.prefix.len();
        let mask = if len >= 4 { u32::MAX } else { (1 << (8 * len)) - 1 };
        table[i] = Entry { head: head(form.prefix), mask, form, owner };
        i += 1;
    }
    table
};

/// Where each bucket's forms begin in the table, and how many there are.
static BUCKETS: [(u16, u8); 1_024] = {
    let mut buckets = [(0, 0); 1_024];
    let mut i = 0;
    while i < COUNT {
        let prefix = TABLE[i].form.prefix;
        let place = bucket(prefix[0], prefix[1]);
        if buckets[place].1 == 0 {
            buckets[place].0 = i as u16;
        }
        buckets[place].1 += 1;
        i += 1;
    }
    buckets
};

/// Every prefix that may stand inside a word has one of these signs.
const GLUED_SIGNS: u32 = signal::HAS_TILDE;

/// For each byte that begins a prefix the lowest five bits of what may stand behind it, as bits: most beginnings of words end here.
static SECONDS: [u32; 256] = {
    let mut seconds = [0; 256];
    let mut i = 0;
    while i < COUNT {
        let prefix = TABLE[i].form.prefix;
        seconds[prefix[0] as usize] |= 1 << (prefix[1] & 31);
        i += 1;
    }
    seconds
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds_every_form_once_longest_prefix_first() {
        assert_eq!(BUCKETS.iter().map(|b| usize::from(b.1)).sum::<usize>(), COUNT);
        for pair in TABLE.windows(2) {
            let [a, b] = [pair[0].form.prefix, pair[1].form.prefix];
            assert!(bucket(a[0], a[1]) != bucket(b[0], b[1]) || a.len() >= b.len());
        }
        for entry in &TABLE {
            assert!(!entry.form.glued || entry.form.prefix.contains(&b'~'), "{}: GLUED_SIGNS", entry.owner.name);
            // Of digits alone nothing is anchored: the gate relies on it.
            assert!(!entry.form.prefix.iter().all(u8::is_ascii_digit), "{}", entry.owner.name);
            let last = entry.form.body.len().saturating_sub(1);
            let is_last = |(i, part): (usize, &Part)| i == last || !matches!(part, Part::AtLeast(..));
            assert!(
                entry.form.body.iter().enumerate().all(is_last),
                "{}: only the last part is open",
                entry.owner.name
            );
        }
    }

    #[test]
    fn names_are_of_one_list_and_unique() {
        let mut names: Vec<_> = names().collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}

//! Running text, in which anyone may have written anything.
//!
//! Finds: 24 bytes or more with four spaces or more, mostly letters, and a stop word of one of seventeen languages; 16 or more letters
//! of a script without spaces, six words of one that is not Latin; under a key of texts (`comment`, `message`, `bio`) three words are
//! enough. Without a sentence too what a person writes in several lines: a form (`Name: …`, `Phone: …`), a signature, an address with a name
//! above it. Prompts and messages of exceptions have detectors of their own.
//! Not one: user agents, button labels (up to six words that begin with a capital and have no end), titles of pages (`Pricing | Example`), breadcrumbs, SQL, code, lists of identifiers; addresses and
//! names of one line, which have detectors of their own; settings, requests and lists of several lines; paths in any script. Under a key of labels or of a program's own messages (`page_title`, `error_message`)
//! it asks for a whole sentence.
//! Example: `field_3` = `the dashboard export shows wrong totals when I filter by date`, `comment` = `does not work`,
//! `x` = `レポートの合計が日付でフィルターすると間違って表示されます。`
//! Misses: short notes under silent keys; one label with its value (`ZIP: 3520`); forms and signatures with fewer than four spaces.
//! Source: the most frequent words of each language.

use weir_event::{Category, Evidence, Likelihood};

use self::stop_words::is_stop_word;
use crate::bytes::{any_place, find_byte};
use crate::facts::PathFacts;
use crate::gate::signal;
use crate::leaf::{Leaf, Output};

mod lines;
mod stop_words;

/// Hints that make it look.
pub(crate) const FACTS: PathFacts = PathFacts::TEXT;

/// A shorter text of a silent key is none.
const BYTES_MIN: usize = 24;
/// How much of a long text is looked at: enough to tell.
const SAMPLE_BYTES: usize = 1_024;
/// A longer one is more than an address or a name.
const OWN_DETECTOR_BYTES_MAX: usize = 120;

pub(crate) fn find(leaf: &Leaf<'_>, out: &mut Output<'_>) {
    let text = &leaf.text[..leaf.text.len().min(SAMPLE_BYTES)];
    if leaf.is_number {
        return;
    }
    if is_of_a_program(leaf, text) {
        return;
    }
    let (is_text, is_label) = (leaf.facts.has(PathFacts::TEXT), leaf.facts.has(PathFacts::LABEL));
    let counts = counts(text);
    if counts[6] > 0 && !is_label && lines::are_of_a_person(text, out) {
        out.add(Category::FreeText, Likelihood::Likely, Evidence::LongText, 0, leaf.text.len());
        return;
    }
    let own = [Category::ContactAddress, Category::Name];
    if text.len() <= OWN_DETECTOR_BYTES_MAX && own.iter().any(|category| out.has(*category, Likelihood::Possible)) {
        return;
    }
    let Some(prose) = Prose::of(text, counts, is_text, is_label) else { return };
    let running = prose.is_running(text) && (is_text || prose.is_sentence(text));
    let sentence =
        !is_label || (prose.words >= LABEL_WORDS_MIN && prose.stop_words >= LABEL_STOP_WORDS_MIN) || prose.high >= 120;
    let keyed = is_text && prose.words >= 3 && prose.is_wordy();
    if !(running && sentence || keyed) {
        return;
    }
    let evidence = if running { Evidence::LongText } else { Evidence::KeyName };
    let likelihood = if is_text && running { Likelihood::VeryLikely } else { Likelihood::Likely };
    out.add(Category::FreeText, likelihood, evidence, 0, leaf.text.len());
}

/// A user agent, which opens with a program and its version, a key in its armour, a request, a statement of SQL, a piece of code.
fn is_of_a_program(leaf: &Leaf<'_>, text: &[u8]) -> bool {
    if text.starts_with(b"-----BEGIN ") {
        return true;
    }
    let (first, rest) = text.split_at(find_byte(text, 0, b' ').unwrap_or(text.len()));
    let agent = leaf.may_have(signal::HAS_SLASH)
        && first.iter().position(|b| *b == b'/').is_some_and(|at| first.get(at + 1).is_some_and(u8::is_ascii_digit));
    let code = leaf.may_have(signal::HAS_OPEN)
        && leaf.may_have(signal::HAS_COMMA)
        && [b'{', b'}', b';'].iter().all(|sign| text.contains(sign));
    let rest = rest.get(1..).unwrap_or_default();
    let has = |word: &[u8]| rest.split(|b| *b == b' ').any(|other| other == word);
    agent
        || code
        || match first {
            b"GET" | b"POST" | b"PUT" | b"PATCH" | b"HEAD" | b"OPTIONS" => rest.starts_with(b"/"),
            b"SELECT" | b"DELETE" => has(b"FROM"),
            b"INSERT" => has(b"INTO"),
            b"UPDATE" => has(b"SET"),
            b"CREATE" | b"ALTER" | b"DROP" => has(b"TABLE"),
            _ => false,
        }
}

/// A title with signs between its parts has no more words, and no more stop words.
const SIGNS_WORDS_MAX: usize = 16;
const SIGNS_STOP_WORDS_MAX: usize = 4;
/// A title has no more words, and more that begin with a capital.
const TITLE_WORDS_MAX: usize = 14;
const TITLE_CAPITALS_MIN: usize = 3;
/// What stands on a button has no more words.
const LABEL_WORDS_MAX: usize = 6;
/// From so many words on one stop word is enough.
const WORDS_MANY: usize = 7;
/// A sentence about a number, and how long that is.
const NUMBER_SPACES_MIN: usize = 3;
const NUMBER_DIGITS_MIN: usize = 6;
/// What a text under a key of labels has at least.
const LABEL_WORDS_MIN: usize = 14;
const LABEL_STOP_WORDS_MIN: usize = 3;

/// What a byte counts as, a byte for each of seven counts.
static CLASSES: [u64; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        let counts = [
            b.is_ascii_alphabetic() || b >= 0x80,
            matches!(b, b' ' | b'+' | b'\n'),
            b >= 0x80,
            b.is_ascii_uppercase() || b.is_ascii_digit(),
            b == b'_',
            is_sign(b),
            b == b'\n',
        ];
        let mut i = 0;
        while i < counts.len() {
            classes[byte] |= (counts[i] as u64) << (8 * i);
            i += 1;
        }
        byte += 1;
    }
    classes
};

/// Letters, spaces, bytes of other scripts, capitals and digits, underscores, signs, ends of lines.
fn counts(text: &[u8]) -> [usize; 7] {
    let mut counts = [0; 7];
    // No count of so many bytes overflows its own.
    for block in text.chunks(255) {
        let sum = block.iter().fold(0_u64, |sum, byte| sum.wrapping_add(CLASSES[usize::from(*byte)]));
        for (i, count) in counts.iter_mut().enumerate() {
            *count += (sum >> (8 * i)) as usize & 0xff;
        }
    }
    counts
}

/// What stands between the parts of a title.
const fn is_sign(byte: u8) -> bool {
    matches!(byte, b'|' | b'-' | b'>' | b'/' | b'~')
}

/// What one pass over a text counts.
#[derive(Default)]
struct Prose {
    len: usize,
    letters: usize,
    spaces: usize,
    /// Bytes of letters that are not ASCII.
    high: usize,
    words: usize,
    /// Words that begin with a capital or a digit.
    capitals: usize,
    /// Words with an underscore.
    identifiers: usize,
    stop_words: usize,
    /// Signs between spaces: `|`, `-`, `>`, `·`.
    separators: usize,
    /// Bytes of a number that the sentence is about: a card's, a phone's.
    number: usize,
}

impl Prose {
    /// `None` where no words could make it running text. Its words are counted to where those that follow make no difference.
    fn of(text: &[u8], counts: [usize; 7], is_text: bool, is_label: bool) -> Option<Prose> {
        let [letters, spaces, high, capitals, bars, signs, _] = counts;
        let mut prose = Prose { len: text.len(), letters, high, spaces, ..Prose::default() };
        let is_plain = high == 0 && bars == 0;
        let mut may_run = prose.is_spaced();
        // Digits are counted with the capitals.
        let may_have_number = spaces >= NUMBER_SPACES_MIN && capitals >= NUMBER_DIGITS_MIN;
        if !may_run && may_have_number && 2 * (letters + spaces) >= text.len() && text.len() >= BYTES_MIN {
            prose.number = longest_number(text);
            may_run = prose.is_spaced();
            // Whoever speaks of themselves may name several: `Meet me at Unit 7194 Box 5854`.
            if !may_run && 2 * letters >= text.len() && has_person(text) {
                prose.number = text.iter().filter(|b| b.is_ascii_digit()).count();
                may_run = prose.is_spaced();
            }
        }
        if high == 0 && !may_run && !is_text {
            return None;
        }
        // From so many words on it is none of what a sentence is not.
        let may_be_title = !is_text && !ends(text);
        let begins_large = text.first().is_some_and(u8::is_ascii_uppercase);
        let bounds = [
            (!is_text && signs > 0, SIGNS_WORDS_MAX + 1),
            (may_be_title && capitals >= TITLE_CAPITALS_MIN, TITLE_WORDS_MAX + 1),
            (may_be_title && begins_large, LABEL_WORDS_MAX + 1),
            (is_label, LABEL_WORDS_MIN),
        ];
        let bound = |(holds, words): &(bool, usize)| if *holds { *words } else { 0 };
        let words_min = bounds.iter().map(bound).fold(0, usize::max);
        let stop_words_min = if is_label { LABEL_STOP_WORDS_MIN } else { 1 };
        let mut start = 0;
        let told = any_place(text, [b' ', b'+', b'\n'], |end| {
            prose.end_word(text, start, end, bars > 0);
            start = end + 1;
            is_plain
                && may_run
                && prose.words >= words_min
                && prose.stop_words >= stop_words_min
                && prose.has_stop_words()
        });
        if !told {
            prose.end_word(text, start, text.len(), bars > 0);
        }
        Some(prose)
    }

    #[inline(always)]
    fn end_word(&mut self, text: &[u8], start: usize, end: usize, has_bars: bool) {
        let word = &text[start..end];
        // Not `–`, `·`, `»` and `›`, nor a bullet.
        let sign = match word {
            [] => return,
            [one] => is_sign(*one),
            [0xc2, _] | [0xe2, 0x80, _] => true,
            _ => false,
        };
        if sign {
            self.separators += 1;
            return;
        }
        self.words += 1;
        let capital =
            word[0].is_ascii_uppercase() || word[0].is_ascii_digit() || matches!(word, [0xc3, 0x80..=0x9e, ..]);
        self.capitals += usize::from(capital);
        self.identifiers += usize::from(has_bars && word.contains(&b'_'));
        let len = word.len() - usize::from(matches!(word, [.., b',' | b'.']));
        self.stop_words += usize::from(is_stop_word(text, start, len));
    }

    fn is_wordy(&self) -> bool {
        10 * (self.letters + self.spaces) >= 7 * (self.len - self.number)
    }

    /// Long enough, and of words with spaces between them.
    fn is_spaced(&self) -> bool {
        let spaces_min = if self.number > 0 { NUMBER_SPACES_MIN } else { 4 };
        self.len >= BYTES_MIN && self.spaces >= spaces_min && self.is_wordy()
    }

    fn has_stop_words(&self) -> bool {
        self.stop_words >= if self.words >= WORDS_MANY { 1 } else { 2 }
    }

    fn is_running(&self, text: &[u8]) -> bool {
        let latin = self.is_spaced() && self.has_stop_words();
        let other = 10 * self.high >= 6 * self.len && self.words >= 6 && self.separators == 0;
        // Three bytes a character: scripts that put no spaces between words.
        let dense = self.high >= 48 && 10 * self.high >= 7 * self.len && self.spaces * 12 < self.high && !is_path(text);
        latin || other || dense
    }

    /// Not a title (signs between few words, or a capital on all but stop words), a label (few words, a capital, no end) or a list
    /// of identifiers.
    fn is_sentence(&self, text: &[u8]) -> bool {
        let ends = ends(text);
        let signs = self.separators > 0 && self.words <= SIGNS_WORDS_MAX && self.stop_words <= SIGNS_STOP_WORDS_MAX;
        let title = self.words <= TITLE_WORDS_MAX
            && !ends
            && self.number == 0
            && self.capitals >= TITLE_CAPITALS_MIN
            && self.capitals + self.stop_words >= self.words;
        let label = self.words <= LABEL_WORDS_MAX
            && self.stop_words < 4
            && !ends
            && self.high * 3 < self.len
            && text[0].is_ascii_uppercase()
            && self.number == 0
            && !has_person(text);
        !(signs || title || label || 3 * self.identifiers >= self.words)
    }
}

/// The digits, and what stands between them but spaces, of the longest number in a text; `0` where none has so many digits.
fn longest_number(text: &[u8]) -> usize {
    let is_of_number = |b: &u8| b.is_ascii_digit() || matches!(b, b' ' | b'-' | b'.' | b'/' | b'(' | b')' | b'+');
    let count = |part: &[u8], test: fn(&u8) -> bool| part.iter().filter(|b| test(b)).count();
    let numbers = text.split(|b| !is_of_number(b)).filter(|part| count(part, u8::is_ascii_digit) >= NUMBER_DIGITS_MIN);
    numbers.map(|part| count(part, |b| *b != b' ')).max().unwrap_or_default()
}

/// `/再現する/メニュー.png`.
fn is_path(text: &[u8]) -> bool {
    text[0] == b'/' && find_byte(text, 1, b'/').is_some()
}

fn ends(text: &[u8]) -> bool {
    matches!(text.trim_ascii_end().last(), Some(b'.' | b'!' | b'?' | b')'))
}

/// Whether someone speaks of themselves, which no label does.
fn has_person(text: &[u8]) -> bool {
    const FIRST: &[&[u8]] = &[
        b"I", b"I'm", b"I've", b"my", b"My", b"me", b"we", b"We", b"ich", b"Ich", b"mein", b"meine", b"mir", b"wir",
        b"Wir", b"je", b"Je", b"mon", b"ma", b"mes", b"nous", b"Nous", b"yo", b"Yo", b"mi", b"Mi", b"mis", b"eu",
        b"Eu", b"meu", b"minha", b"io", b"Io", b"mio", b"mia", b"ik", b"Ik", b"mijn", b"wij", b"mam", b"Mam",
        b"jestem", b"jag", b"Jag", b"min", b"jeg", b"Jeg", b"mit", b"olen", b"jsem", b"saya", b"Saya", b"benim",
        b"ben",
    ];
    // Most words end here.
    let may_be =
        |word: &[u8]| word.len() <= 6 && word.first().is_some_and(|first| b"beijmnoswy".contains(&(first | 0x20)));
    text.split(|b| *b == b' ').any(|word| may_be(word) && FIRST.contains(&word))
}

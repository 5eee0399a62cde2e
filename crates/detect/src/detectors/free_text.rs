//! Running text, in which anyone may have written anything.
//!
//! Finds: 24 bytes or more with four spaces or more, mostly letters, and a stop word of one of eight languages; 16 or more letters
//! of a script without spaces; under a key of texts (`comment`, `message`, `q`) three words are enough; below a prompt, an answer
//! of a model, an exception's message or its stack frames (code, paths) one letter is.
//! Not one: user agents, button labels and titles of a few words, lists of identifiers.
//! Misses: short notes under silent keys.
//! Source: the most frequent words of each language.

use weir_event::{Category, Evidence, Likelihood};

use crate::facts::PathFacts;
use crate::leaf::{Leaf, Output};

/// Hints that make it look.
pub(crate) const FACTS: PathFacts = PathFacts::TEXT.and(PathFacts::ALWAYS_TEXT);

/// How much of a long text is looked at: enough to tell.
const SAMPLE_BYTES: usize = 1_024;

pub(crate) fn find(leaf: &Leaf<'_>, out: &mut Output<'_>) {
    let text = &leaf.text[..leaf.text.len().min(SAMPLE_BYTES)];
    if leaf.is_number {
        return;
    }
    if leaf.facts.has(PathFacts::ALWAYS_TEXT) && leaf.text.iter().any(|b| b.is_ascii_alphabetic() || *b >= 0x80) {
        out.add(Category::FreeText, Likelihood::VeryLikely, Evidence::KeyName, 0, leaf.text.len());
        return;
    }
    if text.starts_with(b"Mozilla/") {
        return;
    }
    let (mut letters, mut spaces, mut high, mut words) = (0_usize, 0_usize, 0_usize, 0_usize);
    let mut stop_words = false;
    let mut word = 0;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => letters += 1,
            0x80.. => {
                letters += 1;
                high += 1;
            }
            b' ' | b'+' | b'\n' => {
                spaces += 1;
                words += usize::from(at > word);
                stop_words = stop_words || is_stop_word(&text[word..at]);
                word = at + 1;
            }
            _ => {}
        }
    }
    words += usize::from(text.len() > word);
    stop_words = stop_words || is_stop_word(&text[word..]);
    let wordy = 10 * (letters + spaces) >= 7 * text.len();
    let running = text.len() >= 24 && spaces >= 4 && stop_words && wordy;
    // Three bytes a character: scripts that put no spaces between words.
    let dense = high >= 48 && 10 * high >= 7 * text.len() && spaces * 12 < high;
    let keyed = leaf.facts.has(PathFacts::TEXT) && words >= 3 && wordy;
    if !(running || dense || keyed) {
        return;
    }
    let evidence = if running || dense { Evidence::LongText } else { Evidence::KeyName };
    let likelihood =
        if leaf.facts.has(PathFacts::TEXT) && (running || dense) { Likelihood::VeryLikely } else { Likelihood::Likely };
    out.add(Category::FreeText, likelihood, evidence, 0, leaf.text.len());
}

fn is_stop_word(word: &[u8]) -> bool {
    if !(2..=6).contains(&word.len()) {
        return false;
    }
    // Most words end here: no stop word has their first letter and length.
    if LENGTHS[usize::from(word[0] & 0x1f)] & (1 << word.len()) == 0 {
        return false;
    }
    let mut lower = [0; 8];
    for (to, from) in lower.iter_mut().zip(word) {
        *to = from.to_ascii_lowercase();
    }
    lower[7] = word.len() as u8;
    PACKED.binary_search(&u64::from_be_bytes(lower)).is_ok()
}

/// The stop words as numbers, in the same order, so that a comparison is one instruction. The last byte is the length: a text may
/// hold zero bytes.
const PACKED: [u64; STOP_WORDS.len()] = {
    let mut packed = [0; STOP_WORDS.len()];
    let mut i = 0;
    while i < STOP_WORDS.len() {
        let mut bytes = [0; 8];
        let mut at = 0;
        while at < STOP_WORDS[i].len() {
            bytes[at] = STOP_WORDS[i][at];
            at += 1;
        }
        assert!(at < 8, "a word and its length are eight bytes");
        bytes[7] = at as u8;
        packed[i] = u64::from_be_bytes(bytes);
        i += 1;
    }
    packed
};

/// The lengths of the stop words that begin with each letter, as bits.
const LENGTHS: [u8; 32] = {
    let mut lengths = [0; 32];
    let mut i = 0;
    while i < STOP_WORDS.len() {
        lengths[(STOP_WORDS[i][0] & 0x1f) as usize] |= 1 << STOP_WORDS[i].len();
        i += 1;
    }
    lengths
};

/// Sorted. English, German, French, Spanish, Portuguese, Italian, Dutch, Polish.
#[rustfmt::skip]
const STOP_WORDS: [&[u8]; 127] = [
    b"aan", b"about", b"after", b"all", b"als", b"am", b"an", b"and", b"are", b"as", b"at", b"auch", b"auf", b"avec", b"bardzo", b"be",
    b"because", b"been", b"but", b"by", b"can", b"che", b"com", b"como", b"con", b"dans", b"das", b"de", b"dem", b"den", b"der", b"des",
    b"die", b"do", b"een", b"ein", b"eine", b"el", b"en", b"es", b"est", b"et", b"for", b"from", b"had", b"has", b"have", b"he", b"help",
    b"het", b"his", b"how", b"ich", b"if", b"il", b"in", b"is", b"ist", b"it", b"its", b"je", b"jest", b"kann", b"la", b"las", b"le", b"les",
    b"los", b"me", b"mit", b"more", b"my", b"nicht", b"nie", b"niet", b"no", b"non", b"not", b"of", b"on", b"or", b"our", b"para", b"pas",
    b"per", b"please", b"por", b"pour", b"que", b"qui", b"se", b"she", b"sich", b"sie", b"so", b"some", b"sur", b"that", b"the", b"their",
    b"them", b"there", b"they", b"this", b"to", b"too", b"um", b"uma", b"un", b"una", b"und", b"une", b"van", b"very", b"von", b"was", b"we",
    b"were", b"what", b"when", b"which", b"will", b"with", b"would", b"you", b"your", b"zijn",
];

#[cfg(test)]
mod tests {
    #[test]
    fn stop_words_are_sorted_and_fit() {
        assert!(super::STOP_WORDS.is_sorted());
        assert!(super::STOP_WORDS.iter().all(|word| word.len() >= 2 && (word.len() > 6 || super::is_stop_word(word))));
        assert!(super::PACKED.is_sorted());
        for no_stop_word in ["ab", "aa\0", "an\0", "andy", "zi", "zijns"] {
            assert!(!super::is_stop_word(no_stop_word.as_bytes()), "{no_stop_word}");
        }
    }
}

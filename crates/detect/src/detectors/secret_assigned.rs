//! Credentials in lines of programs, of configuration and of command lines.
//!
//! Finds: in a text, a random value of 10 bytes or more with a digit that a word of secrets or of passwords gives a name to:
//! `token: …`, `val apiKey: String = "…"`, `"api_key" => "…"`, `access_token := '…'`, `<password>…</password>`,
//! `<add key="ApiKey" value="…"/>`, `--token …`, `setenv API_KEY …`, `setToken("…")`, `API key: …`, `the password is …`. From 16
//! bytes on likely, before that possible; a password in quotes or in a tag always likely.
//! Not one: words, names of files, versions, paths, what stands for a secret (`${TOKEN}`, `<your token>`), values that are called.
//! Example: `token: {alnum 32}`, `val apiKey: String = "{hex 32}"`, `<password>{alnum 20}</password>`, `deploy --token {alnum 24} --all`
//! Misses: values with fewer than eight letters and digits in a row near their beginning, with no digit among these; keys that stand
//! apart from their value by more than a type; what stands behind hundreds of random values with as many other names.
//! Source: the grammars of the languages; key vocabulary of the vendors' SDKs.

use std::ops::Range;

use weir_event::{Category, Evidence, Likelihood};

use crate::bytes::{BLOCK_BYTES, Block};
use crate::detectors::{secret_entropy, secret_keyed};
use crate::embedded::KnownKeys;
use crate::facts::PathFacts;
use crate::gate::signal;
use crate::leaf::{Leaf, Output};
use crate::randomness::{WORDY, mean_cost};

/// Shorter values are none.
const VALUE_BYTES_MIN: usize = 10;
const VALUE_BYTES_MAX: usize = 512;
/// `4294967295u32`
const LETTERS_MIN: usize = 3;
/// The dashes of a UUID.
const HEX_OTHERS_MAX: usize = 4;
/// How far from a value's beginning its first eight letters and digits in a row may stand.
const LEAD_BYTES_MAX: usize = 24;
/// Keys that the dictionary is asked for, and one more for so many bytes: it is dear, and a text may be made of them.
const ASKED_MIN: usize = 32;
const BYTES_PER_ASKED: usize = 256;
/// Blanks between a key, a sign and a value.
const BLANKS_MAX: usize = 24;
const KEY_BYTES_MAX: usize = 60;

pub(crate) fn find(leaf: &Leaf<'_>, out: &mut Output<'_>) {
    let text = leaf.text;
    // The fields of a URL are looked at elsewhere.
    if !leaf.may_have(signal::HAS_SPACE | signal::HAS_OPEN) && text.starts_with(b"http") {
        return;
    }
    let (mut known, mut seen) = (None, 0);
    for_each_mixed_run(leaf, |at| look_at(text, at, &mut seen, &mut known, out));
}

/// Looks at the value around a place, behind those seen; whether there is room for another finding.
#[inline(never)]
fn look_at<'t>(
    text: &'t [u8],
    at: usize,
    seen: &mut usize,
    known: &mut Option<KnownKeys<'t>>,
    out: &mut Output<'_>,
) -> bool {
    let Some(value) = value_around(text, at, seen) else { return true };
    let known = known.get_or_insert_default();
    if known.asked > ASKED_MIN + text.len() / BYTES_PER_ASKED {
        return false;
    }
    let Some((facts, is_held)) = named(text, &value, known) else { return true };
    if !may_be_secret(&text[value.clone()], is_held) || out.is_explained(value.start, value.end) {
        return true;
    }
    let category = if facts.has(PathFacts::PASSWORD) { Category::Password } else { Category::Secret };
    let likelihood = match secret_keyed::judge(&text[value.clone()]) {
        // People make passwords of words.
        Some(_) if category == Category::Password && is_held => Likelihood::Likely,
        Some(likelihood @ (Likelihood::Possible | Likelihood::Likely)) => likelihood,
        _ => return true,
    };
    out.add(category, likelihood, Evidence::KeyName, value.start, value.end);
    !out.is_full(category)
}

/// Shows where eight letters and digits in a row begin, with one of each among them and what follows, until `look` has enough.
#[inline(always)]
fn for_each_mixed_run(leaf: &Leaf<'_>, mut look: impl FnMut(usize) -> bool) {
    let mut blocks = leaf.blocks();
    let mut begin = 0;
    // Of the block before: where letters and digits stand, and where two, four and eight in a row end.
    let (mut before, mut twos, mut fours, mut eights) = (Block::default(), 0, 0, 0);
    while begin < leaf.text.len() {
        let block = blocks.around(begin);
        let words = block.words();
        let two = words & (words << 1 | before.words() >> 63);
        let four = two & (two << 2 | twos >> 62);
        let eight = four & (four << 4 | fours >> 60);
        let mut firsts = eight & !(eight << 1 | eights >> 63);
        while firsts != 0 {
            let eighth = firsts.trailing_zeros();
            firsts &= firsts - 1;
            let behind = (!(words >> eighth)).trailing_zeros();
            // From the eighth on, and what of the seven before it stands in this block or the one before.
            let below = (1 << eighth) - 1;
            let run = (u64::MAX >> (64 - behind)) << eighth | below & !(below >> 7);
            let run_before = if eighth < 7 { !0 << (57 + eighth) } else { 0 };
            let digits = block.digits & run | before.digits & run_before;
            let letters = block.letters & run | before.letters & run_before;
            let goes_on = (eighth + behind) as usize == BLOCK_BYTES;
            let is_mixed = match (digits != 0, letters != 0) {
                (true, true) => true,
                (false, true) if goes_on => goes_on_with(u8::is_ascii_digit, leaf.text, begin + BLOCK_BYTES),
                (true, false) if goes_on => goes_on_with(u8::is_ascii_alphabetic, leaf.text, begin + BLOCK_BYTES),
                _ => false,
            };
            if is_mixed && !look(begin + eighth as usize - 7) {
                return;
            }
        }
        (before, twos, fours, eights) = (block, two, four, eight);
        begin += BLOCK_BYTES;
    }
}

/// Whether letters and digits that go on behind a block have such a one there, in the block that follows.
#[cold]
fn goes_on_with(wanted: fn(&u8) -> bool, text: &[u8], from: usize) -> bool {
    let rest = text.get(from..).unwrap_or_default();
    rest.iter().take(BLOCK_BYTES).take_while(|b| b.is_ascii_alphanumeric()).any(wanted)
}

/// Bits of [`CLASSES`].
const VALUE: u8 = 1;
const KEY: u8 = 2;
const BLANK: u8 = 4;
/// What stands in a type, beside a key's bytes.
const OF_TYPE: u8 = 8;

static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        let word = b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'$');
        let value = word || matches!(b, b'+' | b'/' | b'~' | b'!' | b'@' | b'#' | b'%' | b'^' | b'*' | b'?');
        classes[byte] = (if value { VALUE } else { 0 })
            | (if word || b >= 0x80 { KEY } else { 0 })
            | (if matches!(b, b' ' | b'\t' | b'\n' | b'\r') { BLANK } else { 0 })
            | (if matches!(b, b'<' | b'>' | b'?' | b'*' | b'&' | b'|' | b'[' | b']' | b' ' | b'\'') {
                OF_TYPE
            } else {
                0
            });
        byte += 1;
    }
    classes
};

#[inline]
fn is(byte: u8, class: u8) -> bool {
    CLASSES[usize::from(byte)] & class != 0
}

/// Where bytes of a class begin that end at `to`, at most so many.
#[inline]
fn back(text: &[u8], to: usize, class: u8, max: usize) -> usize {
    let head = &text[to.saturating_sub(max)..to];
    to - head.iter().rev().take_while(|b| is(**b, class)).count()
}

/// The value around eight letters and digits, behind those seen: its bytes without quotes.
fn value_around(text: &[u8], at: usize, seen: &mut usize) -> Option<Range<usize>> {
    if at < *seen {
        return None;
    }
    let start = back(text, at, VALUE, LEAD_BYTES_MAX).max(*seen);
    let before = *text[..start].last()?;
    // A path, a place for a secret, an option.
    if matches!(text[start], b'/' | b'.' | b'-' | b'?') {
        return None;
    }
    let quote = matches!(before, b'"' | b'\'' | b'`').then_some(before);
    if quote.is_none() && !matches!(before, b'=' | b':' | b'>') && !is(before, BLANK) {
        return None;
    }
    let rest = &text[start..text.len().min(start + VALUE_BYTES_MAX + 1)];
    let len = match quote {
        Some(quote) => rest.iter().position(|b| *b == quote || is(*b, BLANK)),
        None => Some(rest.iter().position(|b| !is(*b, VALUE) && *b != b'=').unwrap_or(rest.len())),
    }?;
    let end = start + len;
    if quote.is_none() {
        // Whatever begins behind an equals sign in it ends where it ends: one look is enough, of the text `a=b=c=…` too.
        *seen = end;
    }
    let is_end = match (quote, text.get(end)) {
        (Some(quote), Some(byte)) => *byte == quote,
        (None, Some(byte)) => {
            is(*byte, BLANK) || matches!(byte, b',' | b';' | b')' | b'}' | b']' | b'<' | b'"' | b'\'' | b'`' | b'\\')
        }
        (quote, None) => quote.is_none(),
    };
    let trimmed = match quote {
        Some(_) => len,
        // What ends a sentence.
        None => len - rest[..len].iter().rev().take_while(|b| matches!(b, b'.' | b'!' | b'?')).count(),
    };
    if !is_end || !(VALUE_BYTES_MIN..=VALUE_BYTES_MAX).contains(&trimmed) {
        return None;
    }
    *seen = start + trimmed;
    Some(start..start + trimmed)
}

/// Whether a value is of the characters of one: no code, no name of a file, no version, no number with its type.
fn may_be_secret(value: &[u8], is_held: bool) -> bool {
    let count = |test: fn(&u8) -> bool| value.iter().filter(|b| test(b)).count();
    count(|b| matches!(b, b'(' | b'{' | b'<' | b'\\' | b'"')) == 0
        && count(|b| matches!(b, b'-' | b'_' | b'.' | b'/')) * 8 <= value.len() + 8
        && count(u8::is_ascii_alphabetic) >= LETTERS_MIN
        && !secret_entropy::has_ending(value)
        // Behind a name in a program stands the name of a type as often.
        && (is_held || mean_cost(value) >= WORDY || count(u8::is_ascii_hexdigit) + HEX_OTHERS_MAX >= value.len())
}

/// What the name of the value says, if it is one of secrets or of passwords, and whether a quote or a tag holds the value.
fn named<'t>(text: &'t [u8], value: &Range<usize>, known: &mut KnownKeys<'t>) -> Option<(PathFacts, bool)> {
    let before = |at: usize| text[..at].last().copied();
    let is_quote = |at: usize| matches!(before(at), Some(b'"' | b'\'' | b'`'));
    let mut at = value.start;
    let is_quoted = is_quote(at);
    if is_quoted {
        // `"""…"""`
        at -= if at > 2 && is_quote(at - 1) && is_quote(at - 2) { 3 } else { 1 };
        // `b"…"`, `@"…"`
        let is_mark = at > 1 && matches!(text[at - 1], b'b' | b'r' | b'u' | b'f' | b'L' | b'@');
        at -= usize::from(is_mark && !is(text[at - 2], KEY));
    }
    let blanks = |at: usize| back(text, at, BLANK, BLANKS_MAX);
    // `["…"]`
    if is_quoted && before(at) == Some(b'[') {
        at = blanks(at - 1);
    }
    let sign_end = blanks(at);
    let is_spaced = sign_end < at;
    let sign = before(sign_end)?;
    let mut is_name = |key: Range<usize>| {
        let facts = known.facts_of(&text[key]);
        facts.has(PathFacts::SECRET.and(PathFacts::PASSWORD)).then_some(facts)
    };
    let key_before = |at: usize| back(text, at, KEY, KEY_BYTES_MAX)..at;
    match sign {
        // `Secrets::Chacha20Poly1305`
        b':' if !is_spaced && before(sign_end - 1) == Some(b':') => return None,
        b'=' | b':' | b'>' | b'|' => {}
        // `set("token", "…")`, `setToken("…")`
        b',' if is_quoted && is_quote(sign_end - 1) => {
            return Some((is_name(key_before(sign_end - 2))?, true));
        }
        b'(' if is_quoted => return Some((is_name(key_before(sign_end - 1))?, true)),
        // `--token …`, `setenv TOKEN …`, `Authorization: Token …`, `the password is …`
        _ if is_spaced => {
            let word = key_before(sign_end);
            let word_before = blanks(word.start);
            let facts = match (&text[word.clone()], before(word_before)) {
                ([b'-', _, ..], _) => is_name(word),
                (_, None) => None,
                (b"is", _) => name_of_words(text, word_before, &mut is_name),
                (_, Some(b':')) => is_name(word).and(is_name(key_before(word_before - 1))),
                (_, _) => {
                    let command = &text[key_before(word_before)];
                    matches!(command, b"setenv" | b"set" | b"ENV" | b"ARG" | b"env").then(|| is_name(word)).flatten()
                }
            };
            return Some((facts?, is_quoted));
        }
        _ => return None,
    }
    // `:=`, `=>`, `->`, `==`, `?=`, `||=`, `: |`
    let is_operator = |b: &u8| matches!(b, b'=' | b':' | b'>' | b'?' | b'+' | b'.' | b'!' | b'|' | b'-' | b' ');
    let signs = text[..sign_end].iter().rev().take(5).take_while(|b| is_operator(b)).count();
    let mut at = blanks(sign_end - signs);
    let is_tag = sign == b'>' && signs == 1;
    // JSON's fields are looked at elsewhere.
    let is_field = sign == b':' && before(at) == Some(b'"') && text[value.start - 1] == b'"';
    if is_quote(at) || matches!(before(at), Some(b']' | b')')) {
        at -= 1;
        at -= usize::from(is_quote(at));
    }
    let key = key_before(at);
    if is_tag {
        // `<token>…`, `<ns:token>…`, `<param name="token">…`
        let opens = matches!(before(key.start)?, b'<' | b':' | b'"' | b'\'');
        // `<key>API_KEY</key><string>…`
        if &text[key.clone()] == b"string"
            && let Some(head) = text[..blanks(key.start - 1)].strip_suffix(b"</key>")
        {
            return Some((is_name(key_before(head.len()))?, true));
        }
        return Some((opens.then(|| is_name(key)).flatten()?, true));
    }
    // `key="ApiKey" value="…"`, `"name": "API_TOKEN", "value": "…"`
    if matches!(&text[key.clone()], b"value" | b"Value" | b"val" | b"content" | b"default") {
        let filler = |b: &u8| is(*b, BLANK) || matches!(b, b'"' | b'\'' | b',');
        let len = text[..key.start].iter().rev().take(BLANKS_MAX).take_while(|b| filler(b)).count();
        return Some((is_name(key_before(key.start - len))?, true));
    }
    if is_field {
        return None;
    }
    if let Some(facts) = is_name(key.clone()) {
        return Some((facts, is_quoted));
    }
    // `API key: …`
    if let Some(facts) = name_of_words(text, key.end, &mut is_name) {
        return Some((facts, is_quoted));
    }
    if sign != b'=' {
        return None;
    }
    // `apiKey: String = …`, `apiKey: Option<&str> = …`, `var apiKey string = …`
    let of_type = back(text, key.end, KEY | OF_TYPE, KEY_BYTES_MAX);
    let name = match before(of_type)? {
        b':' => key_before(blanks(of_type - 1)),
        _ if matches!(&text[key.clone()], b"string" | b"str" | b"String" | b"byte") => key_before(blanks(key.start)),
        _ => return None,
    };
    Some((is_name(name)?, is_quoted))
}

/// What two words before a place say together.
fn name_of_words(
    text: &[u8],
    end: usize,
    is_name: &mut impl FnMut(Range<usize>) -> Option<PathFacts>,
) -> Option<PathFacts> {
    let last = back(text, end, KEY, KEY_BYTES_MAX);
    if last == 0 || text[last - 1] != b' ' {
        return is_name(last..end);
    }
    let first = back(text, last - 1, KEY, KEY_BYTES_MAX / 2);
    is_name(first..end).or_else(|| is_name(last..end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_together_without_quotes_is_looked_at_once() {
        for text in ["x: a1b2c3d4=a1b2c3d4=a1b2c3d4(", "x: a1b2c3d4=a1b2c3d4=a1b2c3d4 "] {
            let mut seen = 0;
            let first = value_around(text.as_bytes(), 3, &mut seen);
            assert_eq!(first.is_some(), text.ends_with(' '));
            assert_eq!(seen, text.len() - 1);
            assert_eq!(value_around(text.as_bytes(), 12, &mut seen), None);
        }
    }
}

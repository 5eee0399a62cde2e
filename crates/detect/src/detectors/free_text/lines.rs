//! Texts of several lines that a person wrote without a sentence: a form filled in, a signature, an address with a name above it.

use weir_event::{Category, Likelihood};

use crate::facts::PathFacts;
use crate::leaf::Output;

/// Of more lines the first ones are looked at.
const LINES_MAX: usize = 16;
/// Lines of a signature or an address are no longer.
const LINE_BYTES_MAX: usize = 64;
/// So many labels are held against the dictionary.
const LABELS_MAX: usize = 8;
/// A label is no longer.
const LABEL_BYTES_MAX: usize = 24;
/// A name behind a label that does not ask for one is no longer.
const NAME_BYTES_MAX: usize = 32;
/// A number to call has so many digits.
const CALL_DIGITS: std::ops::RangeInclusive<usize> = 6..=18;

/// Whether the lines are of one of the three forms.
pub(super) fn are_of_a_person(text: &[u8], out: &Output<'_>) -> bool {
    // What stands before each line of a quotation or a list says nothing.
    let trimmed = |line: &'_ [u8]| {
        let from =
            line.iter().position(|b| !matches!(b, b' ' | b'\t' | b'?' | b'>' | b'*' | b'-')).unwrap_or(line.len());
        from..line.trim_ascii_end().len().max(from)
    };
    let mut all: [&[u8]; LINES_MAX] = [b""; LINES_MAX];
    let mut count = 0;
    for line in text.split(|b| *b == b'\n') {
        let line = &line[trimmed(line)];
        if line.is_empty() {
            continue;
        }
        // Of a program: an assignment, a block, a tag, a column.
        if count == LINES_MAX || line.iter().any(|b| matches!(b, b'{' | b'}' | b'<' | b'=' | b';' | b'|' | b'"' | b'_'))
        {
            break;
        }
        all[count] = line;
        count += 1;
    }
    let lines = &all[..count];
    is_form(lines) || is_signature(lines, out) || is_address_block(lines, out)
}

/// Two kinds or more of what a form asks of a person, each behind its label: `Name: Ada Lovelace`, `Phone: 0490 75 40 81`.
fn is_form(lines: &[&[u8]]) -> bool {
    const SURE: [PathFacts; 3] = [PathFacts::PHONE, PathFacts::EMAIL, PathFacts::BIRTH];
    let (mut labels, mut names, mut parts_of_names, mut whole_names, mut sure, mut places) = (0, 0, 0, 0, 0, 0);
    let (mut named, mut asked): (&[u8], usize) = (b"", 0);
    for line in lines {
        let Some((label, value)) = label_and_value(line) else { continue };
        labels += 1;
        let fits = [is_number_to_call(value), value.contains(&b'@'), (4..=8).contains(&digits(value))];
        // Before a label is held against the dictionary: what no form asks for is under none.
        if asked == LABELS_MAX || !(fits.contains(&true) || is_name(value, 1) || is_place(value)) {
            continue;
        }
        asked += 1;
        let facts = facts_of(label);
        let is_large = has_capital(value);
        if facts.has(PathFacts::NAME) && is_name(value, 1) {
            names += 1;
            // `First name: Ada`, `Last name: Lovelace`: two labels, and none of a program's.
            parts_of_names += u32::from(is_large && label != named && !label[0].is_ascii_lowercase());
            named = label;
        }
        // Whatever the label: `Caller: Ada Lovelace`.
        whole_names += u32::from(is_large && is_name(value, 2) && value.len() <= NAME_BYTES_MAX);
        places += u32::from(facts.has(PathFacts::ADDRESS) && is_large && is_place(value));
        sure += u32::from(SURE.iter().zip(fits).any(|(fact, fits)| fits && facts.has(*fact)));
    }
    let two = sure >= 2
        || (sure >= 1 && names + whole_names + places >= 1)
        || (places >= 1 && names >= 1 && whole_names >= 1)
        || parts_of_names >= 2;
    two && 2 * labels >= lines.len()
}

/// Three lines or more, of them one with a name above and one with a number to call or an e-mail address.
fn is_signature(lines: &[&[u8]], out: &Output<'_>) -> bool {
    let [first, rest @ ..] = lines else { return false };
    let is_call = |line: &[u8]| match label_and_value(line) {
        Some((_, value)) => is_number_in_parts(value),
        None => is_announced_behind(line) || is_number_alone(line),
    };
    let is_named_call = |line: &[u8]| {
        label_and_value(line).is_some_and(|(label, value)| {
            is_number_to_call(value) && (label.len() == 1 || facts_of(label).has(PathFacts::PHONE.and(PathFacts::FAX)))
        })
    };
    if lines.len() < 3 || !is_name(first, 2) || lines.iter().any(|line| line.len() > LINE_BYTES_MAX) {
        return false;
    }
    let calls = rest.iter().filter(|line| is_call(line)).count();
    let has_more = || out.has(Category::ContactEmail, Likelihood::Likely) || rest.iter().any(|line| is_place(line));
    calls >= 2 || (calls == 1 && has_more()) || rest.iter().any(|line| is_named_call(line))
}

/// Three lines or more that hold an address: found as one, by the line of a flat behind a line of a street, or by a name, a street and a
/// town with its code.
fn is_address_block(lines: &[&[u8]], out: &Output<'_>) -> bool {
    let flat = || lines.windows(3).any(|lines| is_place(lines[0]) && is_unit(lines[1]) && has_letters(lines[2]));
    let block = || {
        let is_one = |lines: &[&[u8]]| is_name(lines[0], 2) && is_place(lines[1]) && is_town(lines[2]);
        lines.windows(3).any(|lines| is_one(lines) && lines.iter().all(|line| has_capital(line)))
    };
    lines.len() >= 3
        && lines.iter().all(|line| line.len() <= LINE_BYTES_MAX)
        && (out.has(Category::ContactAddress, Likelihood::Likely) || flat() || block())
}

/// What a label asks for: one below no key is one of a person's, as `name` and `address` are in their profile.
fn facts_of(label: &[u8]) -> PathFacts {
    std::str::from_utf8(label).map_or(PathFacts::NONE, |label| PathFacts::of_key(label, Some("user")))
}

/// `Phone: 0490 75 40 81`: letters, a colon, a space, the value.
fn label_and_value(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().take(LABEL_BYTES_MAX).position(|b| *b == b':')?;
    let (label, value) = (line[..colon].trim_ascii_end(), &line[colon + 1..]);
    let is_label =
        label.iter().all(|b| b.is_ascii_alphabetic() || *b >= 0x80 || matches!(b, b' ' | b'.' | b'-' | b'/'));
    (is_label && !label.is_empty() && value.starts_with(b" ")).then_some((label, value.trim_ascii()))
}

fn digits(text: &[u8]) -> usize {
    text.iter().filter(|b| b.is_ascii_digit()).count()
}

/// Digits, and the signs that stand in numbers to call.
fn is_number_to_call(value: &[u8]) -> bool {
    let fits = |b: &u8| b.is_ascii_digit() || matches!(b, b' ' | b'-' | b'.' | b'/' | b'(' | b')' | b'+' | b'x');
    CALL_DIGITS.contains(&digits(value)) && value.iter().all(fits)
}

/// Written as a number to call is, whatever stands beside it: bare digits count something, and a day or a decimal is none.
fn is_number_in_parts(value: &[u8]) -> bool {
    let signs = value.iter().filter(|b| !b.is_ascii_digit()).count();
    let is_day = || {
        let mut groups = value.split(|b| !b.is_ascii_digit()).filter(|group| !group.is_empty());
        let [first, _, third] = [(); 3].map(|()| groups.next().unwrap_or_default());
        matches!((first.len(), third.len()), (4, 1 | 2) | (1 | 2, 4))
    };
    // `1 234 567` is an amount.
    let is_amount = || {
        let mut groups = value.split(|b| matches!(b, b' ' | b'.'));
        groups.next().is_some_and(|first| (1..=3).contains(&first.len()) && first[0] != b'0')
            && groups.all(|group| group.len() == 3)
    };
    is_number_to_call(value) && (matches!(value, [b'+' | b'(' | b'0', ..]) || signs >= 2) && !is_day() && !is_amount()
}

/// `+1 415 555 0132` alone in its line.
fn is_number_alone(line: &[u8]) -> bool {
    is_number_in_parts(line) && (line[0] == b'+' || line.iter().filter(|b| matches!(b, b' ' | b'-')).count() >= 2)
}

/// `930.167.3943 fax`: the number, and a word behind it.
fn is_announced_behind(line: &[u8]) -> bool {
    let Some(space) = line.iter().rposition(|b| *b == b' ') else { return false };
    let (number, word) = (&line[..space], &line[space + 1..]);
    (1..=10).contains(&word.len()) && word.iter().all(u8::is_ascii_lowercase) && is_number_in_parts(number)
}

/// Words of letters, up to five; the first begins as a name does, or all are small.
fn is_name(text: &[u8], words_min: usize) -> bool {
    let fits = |b: &u8| b.is_ascii_alphabetic() || *b >= 0x80 || matches!(b, b' ' | b'.' | b'-' | b'\'' | b',');
    let words = text.split(|b| *b == b' ').filter(|word| !word.is_empty()).count();
    let large = text.first().is_some_and(|b| b.is_ascii_uppercase() || *b >= 0x80);
    (words_min..=5).contains(&words) && text.iter().all(fits) && (large || !text.iter().any(u8::is_ascii_uppercase))
}

/// A number and a word of letters: a street, a town with its code.
fn is_place(text: &[u8]) -> bool {
    let fits = |b: &u8| {
        b.is_ascii_alphanumeric() || *b >= 0x80 || matches!(b, b' ' | b'.' | b'-' | b'\'' | b',' | b'/' | b'#')
    };
    let word = |word: &[u8]| word.len() >= 3 && word.iter().all(|b| b.is_ascii_alphabetic() || *b >= 0x80);
    (1..=12).contains(&digits(text)) && text.iter().all(fits) && text.split(|b| matches!(b, b' ' | b',')).any(word)
}

/// `Austin, TX 78701`, `10115 Berlin`: a place whose first word or last is a code.
fn is_town(text: &[u8]) -> bool {
    let is_code = |word: &[u8]| (5..=6).contains(&word.len()) && word.iter().all(u8::is_ascii_digit);
    let mut words = text.split(|b| *b == b' ');
    is_place(text) && (words.next().is_some_and(is_code) || words.next_back().is_some_and(is_code))
}

fn has_capital(text: &[u8]) -> bool {
    text.iter().any(|b| b.is_ascii_uppercase() || *b >= 0x80)
}

fn has_letters(text: &[u8]) -> bool {
    text.iter().filter(|b| b.is_ascii_alphabetic() || **b >= 0x80).count() >= 3
}

/// `Apt. 297`, `Suite 292`: nothing else in the line.
fn is_unit(line: &[u8]) -> bool {
    const UNITS: [&[u8]; 6] = [b"apt", b"apartment", b"suite", b"ste", b"flat", b"unit"];
    let Some(space) = line.iter().position(|b| *b == b' ') else { return false };
    let (word, number) = (line[..space].trim_ascii(), &line[space + 1..]);
    let word = word.strip_suffix(b".").unwrap_or(word);
    UNITS.iter().any(|unit| word.eq_ignore_ascii_case(unit))
        && (1..=6).contains(&number.len())
        && number[0].is_ascii_digit()
        && number.iter().all(u8::is_ascii_alphanumeric)
}

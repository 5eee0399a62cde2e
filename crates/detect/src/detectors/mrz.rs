//! The machine-readable lines of passports and identity cards.
//!
//! Finds: the line with the numbers of a passport (44 characters), of a visa or an old card (36), or of a card (30, the second
//! line): a birth date and an expiry date whose check digits are right. Lines may stand in one text, with or without a break.
//! Not one: lines whose check digits are wrong.
//! Example: `L898902C36UTO7408122F1204159ZE184226B<<<<<10`, `I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6`
//! Misses: the line with the name alone; lines in which `<` was changed to something else.
//! Source: ICAO Doc 9303 parts 3 to 7 (the examples are its own); check digits with weights 7, 3, 1.

use weir_event::{Category, Evidence, Likelihood};

use crate::leaf::{Leaf, Output};

/// The shortest line.
const LINE_BYTES_MIN: usize = 30;

pub(crate) fn find(leaf: &Leaf<'_>, out: &mut Output<'_>) {
    let text = leaf.text;
    let mut start = 0;
    // A line holds each of thirty bytes, the last too: most bytes are not looked at.
    while let Some(next) = text.get(start..start + LINE_BYTES_MIN) {
        if let Some(gap) = next.iter().rposition(|byte| !is_of_lines(*byte)) {
            start += gap + 1;
            continue;
        }
        let end = start + text[start..].iter().take_while(|byte| is_of_lines(**byte)).count();
        let line = start..end;
        start = end;
        let is_letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_lowercase);
        let glued = is_letter(text[..line.start].last()) || is_letter(text.get(end));
        if !glued && holds_a_line(&text[line.clone()]) {
            out.add(Category::Passport, Likelihood::VeryLikely, Evidence::Checksum, line.start, line.end);
            if out.is_full(Category::Passport) {
                return;
            }
        }
    }
}

fn is_of_lines(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'<'
}

/// Whether a line, or two or three without a break between them, has the numbers in its places.
fn holds_a_line(run: &[u8]) -> bool {
    let lines: &[usize] = match run.len() {
        30 | 36 | 44 => &[0],
        60 | 90 => &[30],
        72 => &[36],
        88 => &[44],
        _ => return false,
    };
    let width = if run.len().is_multiple_of(30) {
        30
    } else if run.len().is_multiple_of(36) {
        36
    } else {
        44
    };
    lines.iter().any(|at| is_line(&run[*at..*at + width]))
}

fn is_line(line: &[u8]) -> bool {
    // Where a date of birth, the sex and a date of expiry stand, each date with its check digit behind.
    let (birth, number) = if line.len() == LINE_BYTES_MIN { (0, None) } else { (13, Some(0..9)) };
    let checks = |from: usize, to: usize| {
        line[to] == check(&line[from..to]) || (line[to] == b'<' && check(&line[from..to]) == b'0')
    };
    let dates = line[birth + 8..birth + 14].iter().all(u8::is_ascii_digit)
        && line[birth..birth + 6].iter().all(|byte| byte.is_ascii_digit() || *byte == b'<');
    dates
        && matches!(line[birth + 7], b'M' | b'F' | b'X' | b'<')
        && checks(birth, birth + 6)
        && checks(birth + 8, birth + 14)
        && number.is_none_or(|number| checks(number.start, number.end))
}

fn check(field: &[u8]) -> u8 {
    let count = |byte: u8| match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        b'A'..=b'Z' => u32::from(byte - b'A') + 10,
        _ => 0,
    };
    let sum: u32 = field.iter().zip([7, 3, 1].into_iter().cycle()).map(|(byte, weight)| count(*byte) * weight).sum();
    b'0' + (sum % 10) as u8
}

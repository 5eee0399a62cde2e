//! Phone numbers.
//!
//! Finds: E.164 with its plus (`+44 20 7946 0123`, `+14155550132`, `+43 (0) 1 5880 1000`), the North American forms
//! (`(415) 555-0132`, `415-555-0132`, `1-415-555-0132`, `415.555.0132x17`), French pairs (`06 12 34 56 78`), a value that is nothing but
//! groups of digits as few other things have them: behind the zero that many countries dial (`07700 900 123`), with an area in parentheses
//! (`(03551) 82891 821`), behind two zeros and a country (`00420 601 482 229`), and some countries' own (`8 (563) 343-18-86`,
//! `21 2957-5377`). Beside a word of calls in the same text other numbers of 7 to 15 digits in groups (`answering at 71-33-52-22`), and
//! bare digits beside one that names a phone or says who is called (`call me at 9498777106`). Any 7 to 15 digits under a phone key,
//! also as a JSON number.
//! Not one: bare digits without a key or a word, digits inside a UUID, a card or an address; beside words: dates, versions, amounts,
//! coordinates, lists, and what a nearer word says to be an order's, an account's, a page's.
//! Example: `+44 20 7946 0123`, `415-555-0132`, `415 555-0132`, `07700 900 123`, `phone` = `4155550132`, `x` = `call me at 9498777106`
//! Misses: other national forms without a plus, a key or a word (`9472 7916`, `699 956 915`), with fewer than seven digits under one; words
//! for digits.
//! Source: ITU-T E.164 and its list of country codes; NANP numbering (NXX-NXX-XXXX).

mod national;

use weir_event::{Category, Evidence, Likelihood};

use crate::digits::{Group, Places, Run};
use crate::facts::PathFacts;
use crate::leaf::{Leaf, Output};

pub(crate) fn find(leaf: &Leaf<'_>, run: &Run<'_>, out: &mut Output<'_>) {
    if run.digit_count() < 7 {
        return;
    }
    let keyed = leaf.facts.has(PathFacts::PHONE);
    // Where a form of these lengths begins; only after a plus or a parenthesis may a group of any length begin a number.
    let of = |length: usize| run.of_length(length..=length);
    let north_american_at = of(3) & of(3) >> 1 & of(4) >> 2;
    let with_prefix = (of(1) | of(3)) & north_american_at >> 1;
    let north_american_at = north_american_at | with_prefix;
    let pairs = of(2) & of(2) >> 1;
    let french_at = pairs & pairs >> 2 & of(2) >> 4;
    let begins = run.led() | north_american_at | french_at;
    if begins == 0 && !keyed {
        return find_national(leaf, run, out);
    }
    let sure = if keyed { Likelihood::VeryLikely } else { Likelihood::Likely };
    let plain = if keyed { Likelihood::VeryLikely } else { Likelihood::Possible };
    let groups = run.groups();
    let (mut left, mut is_likely_here) = (begins, false);
    while left != 0 && !out.is_full(Category::ContactPhone) {
        let i = left.trailing_zeros() as usize;
        left &= left - 1;
        let is_at = |places: Places| places >> i & 1 == 1;
        let found = is_at(run.led()).then(|| international(run, i)).flatten();
        let found = found.or_else(|| is_at(north_american_at).then(|| north_american(run, i)).flatten());
        let found = found.or_else(|| is_at(french_at).then(|| french(run, i)).flatten());
        if let Some(last) = found {
            // Three numbers with spaces may be any three numbers.
            let is_plain = last == i + 2 && !is_at(run.led()) && run.between(i) == b" " && run.between(i + 1) == b" ";
            let sure = if is_plain { sure.min(plain) } else { sure };
            out.add(Category::ContactPhone, sure, Evidence::Shape, groups[i].start, groups[last].end);
            is_likely_here |= sure >= Likelihood::Likely;
            left &= !1 << last;
        }
    }
    if !keyed {
        if !is_likely_here {
            find_national(leaf, run, out);
        }
        return;
    }
    if out.has(Category::ContactPhone, Likelihood::Likely) {
        return;
    }
    let digits: usize = groups.iter().map(|g| g.len()).sum();
    let (Some(first), Some(last)) = (groups.first(), groups.last()) else { return };
    if (7..=15).contains(&digits) && !run.is_glued_before(0) && !letter_follows(run, groups.len() - 1) {
        out.add(Category::ContactPhone, Likelihood::Likely, Evidence::KeyName, first.start, last.end);
    }
}

/// Without a key: a value that is nothing but a number as countries write them, and what the words of a text call a phone's.
#[inline(always)]
fn find_national(leaf: &Leaf<'_>, run: &Run<'_>, out: &mut Output<'_>) {
    let groups = run.groups();
    if national::may_be_value(run) {
        if let Some(likelihood) = national::of_value(run) {
            let (first, last) = (groups[0].start, groups[groups.len() - 1].end);
            out.add(Category::ContactPhone, likelihood, Evidence::Shape, first, last);
        }
    } else if national::may_have_words(run) && !leaf.facts.has(PathFacts::REFERENCE.and(PathFacts::VERSION)) {
        national::beside_words(run, |first, last| {
            let (first, last) = (groups[first].start, groups[last].end);
            out.add(Category::ContactPhone, Likelihood::Likely, Evidence::Shape, first, last);
        });
    }
}

/// A plus, a country code that exists, 8 to 15 digits; the last group of the longest such number.
fn international(run: &Run<'_>, first: usize) -> Option<usize> {
    let groups = run.groups();
    let start = groups[first].start;
    let plus = match &run.text[..start] {
        [.., b'+'] => start - 1,
        [.., b'+', b'('] => start - 2,
        _ => return None,
    };
    // `1e+10`, `1.0.0+20240102`: the plus belongs to what stands before.
    if run.text[plus] == b'+' && plus > 0 && run.text[plus - 1].is_ascii_alphanumeric() {
        return None;
    }
    let (mut total, mut best) = (0, None);
    for (last, group) in groups.iter().enumerate().skip(first) {
        if last > first && (run.between(last - 1).len() > 2 && run.between(last - 1) != b") -") {
            break;
        }
        total += group.len();
        if total > 15 {
            break;
        }
        if total >= 8 && !letter_follows(run, last) {
            best = Some((last, total));
        }
    }
    let (mut last, mut total) = best?;
    let mut digits = [0; 20];
    // A number in running text may be followed by another: cut back to what its country code allows.
    loop {
        let len = run.digits(first, last, &mut digits);
        let digits = digits.get_mut(..len)?;
        // `+43 (0) 1 5880 1000`: the zero is dialled inside the country only.
        let zero = groups.get(first + 1).filter(|group| group.len() == 1 && last > first + 1);
        let is_optional = zero.is_some_and(|group| {
            let in_parentheses = run.text[group.start - 1] == b'(' && run.between(first + 1).starts_with(b")");
            digits[groups[first].len()] == 0 && in_parentheses
        });
        let digits = if is_optional {
            digits.copy_within(groups[first].len() + 1.., groups[first].len());
            &digits[..len - 1]
        } else {
            &*digits
        };
        if is_country_number(digits) {
            return Some(last);
        }
        total -= groups[last].len();
        if last == first || total < 8 {
            return None;
        }
        last -= 1;
    }
}

/// NXX-NXX-XXXX with one separator, with or without a 1 before it.
fn north_american(run: &Run<'_>, first: usize) -> Option<usize> {
    let groups = run.groups();
    let one = matches!(&run.text[groups[first].start..groups[first].end], b"1" | b"001") && first + 3 < groups.len();
    let area = if one { first + 1 } else { first };
    let [a, b, c, ..] = groups.get(area..)? else { return None };
    if (a.len(), b.len(), c.len()) != (3, 3, 4)
        || run.is_glued_before(first)
        || letter_follows(run, area + 2)
        || run.is_glued(area + 1)
    {
        return None;
    }
    let valid = |group: &Group| matches!(run.text[group.start], b'2'..=b'9');
    let (gap, second_gap) = (run.between(area), run.between(area + 1));
    let separated = match gap {
        b")" | b") " | b")-" => run.byte_before(area) == Some(b'(') && matches!(second_gap, b"-" | b" " | b"."),
        b" " | b"/" => second_gap == gap || second_gap == b"-",
        b"-" | b"." => second_gap == gap,
        _ => false,
    };
    let goes_on = [b'-', b'.'].iter().any(|s| run.goes_on_before(first, *s) || run.goes_on_after(area + 2, *s));
    (valid(a) && valid(b) && separated && !goes_on).then_some(area + 2)
}

/// Whether a letter follows that is not the beginning of an extension: `x17`.
fn letter_follows(run: &Run<'_>, group: usize) -> bool {
    run.is_glued_after(group) && !is_extension(&run.text[run.groups()[group].end..])
}

fn is_extension(rest: &[u8]) -> bool {
    let digits = rest.iter().skip(1).take(7).take_while(|b| b.is_ascii_digit()).count();
    matches!(rest.first(), Some(b'x' | b'X'))
        && (1..=6).contains(&digits)
        && !rest.get(1 + digits).is_some_and(u8::is_ascii_alphanumeric)
}

/// Three pairs in front that are a day, a month and a year in any usual order: `05/11/24 1530`.
fn begins_with_short_date(run: &Run<'_>) -> bool {
    let [a, b, c, ..] = run.groups() else { return false };
    if [a, b, c].iter().any(|group| group.len() != 2) {
        return false;
    }
    let [a, b, c] = [a, b, c].map(|group| pair(run, group));
    let is_date = |day, month| (1..=31).contains(&day) && (1..=12).contains(&month);
    is_date(a, b) || is_date(b, a) || is_date(c, b)
}

/// The number that a group of two digits writes.
fn pair(run: &Run<'_>, group: &Group) -> i32 {
    i32::from(run.text[group.start] - b'0') * 10 + i32::from(run.text[group.start + 1] - b'0')
}

/// Five pairs that begin with 01 to 09.
fn french(run: &Run<'_>, first: usize) -> Option<usize> {
    let groups = run.groups();
    let five = groups.get(first..first + 5)?;
    let gap = run.between(first);
    let start = &run.text[five[0].start..];
    // Most rows of pairs end here.
    if start[0] != b'0' || first > 0 && run.between(first - 1) == gap {
        return None;
    }
    let shape = (first..first + 5).all(|i| groups[i].len() == 2 && !run.is_glued(i))
        && matches!(start[1], b'1'..=b'9')
        && matches!(gap, b" " | b"." | b"-")
        && (first..first + 4).all(|i| run.between(i) == gap);
    let more = groups.get(first + 5).is_some() && run.between(first + 4) == gap;
    // A row of numbers with equal steps is a list; with dashes, pairs below 60 are a date and a time.
    let pair = |group: &Group| pair(run, group);
    let is_row = || five.windows(2).all(|two| pair(&two[1]) - pair(&two[0]) == pair(&five[1]) - pair(&five[0]));
    let is_time = || gap == b"-" && five[1..].iter().all(|g| pair(g) < 60) && pair(&five[1]) < 32;
    (shape && !more && !is_row() && !is_time()).then_some(first + 4)
}

/// Whether the first digits are a country code and the number's whole length is one that the country uses. Areas of North America that there
/// are not count too: generators make them.
fn is_country_number(digits: &[u8]) -> bool {
    let [a, b, c, ..] = digits else { return false };
    let len = digits.len();
    match (*a, *b) {
        (1, _) => len == 11,
        (7, _) => len == 11,
        (2, 0 | 7) => (10..=13).contains(&len),
        (2, _) | (3, 5 | 7 | 8) | (4, 2) | (5, 0 | 9) | (6, 7..=9) | (8, 0 | 5 | 7 | 8) | (9, 6 | 7 | 9) => {
            is_three_digit_code(*a, *b, *c) && (8..=15).contains(&len)
        }
        (3, 0..=4 | 6 | 9) | (4, 0 | 1 | 3..=9) | (5, 1..=8) | (6, 0..=6) | (8, 1 | 2 | 4 | 6) | (9, 0..=5 | 8) => {
            (9..=14).contains(&len)
        }
        _ => false,
    }
}

fn is_three_digit_code(a: u8, b: u8, c: u8) -> bool {
    match (a, b) {
        (2, 1) => matches!(c, 1..=3 | 6 | 8),
        (2, 2..=6) => !matches!((b, c), (5, 9)),
        (2, 9) => matches!(c, 0 | 1 | 7..=9),
        (3, 5) => true,
        (3, 7) => true,
        (3, 8) => matches!(c, 0..=3 | 5..=7 | 9),
        (4, 2) => matches!(c, 0 | 1 | 3),
        (5, 0 | 9) => true,
        (6, 7) => matches!(c, 0 | 2..=9),
        (6, 8) => !matches!(c, 4),
        (6, 9) => matches!(c, 0..=2),
        (8, 0) => matches!(c, 0 | 8),
        (8, 5) => matches!(c, 0 | 2 | 3 | 5 | 6),
        (8, 7) => matches!(c, 0 | 8),
        (8, 8) => matches!(c, 0..=3 | 6 | 8),
        (9, 6) => !matches!(c, 9),
        (9, 7) => c != 8,
        (9, 9) => matches!(c, 2..=6 | 8),
        _ => false,
    }
}

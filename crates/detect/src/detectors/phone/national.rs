//! Numbers as they are written inside a country, by the lengths of their groups and what stands between these.
//!
//! A value that is nothing but such a number is a phone's where few other things have its shape. Inside a text a word beside a number
//! says so: of one in groups any word of calls, of bare digits one that names a phone.

use weir_event::Likelihood;

use super::{begins_with_short_date, is_country_number, is_extension, letter_follows, pair};
use crate::digits::{Group, Run};
use crate::nearby::Says;

/// No number has more groups.
const GROUPS_MAX: usize = 8;
const LIST_GROUPS_MIN: usize = 12;
const DIGITS_MIN: usize = 7;
const DIGITS_MAX: usize = 15;
/// `tel` or `fax`.
const WORD_BYTES_MIN: usize = 3;

/// Whether a value may be nothing but one number; most runs of digits end here.
#[inline(always)]
pub(super) fn may_be_value(run: &Run<'_>) -> bool {
    let groups = run.groups();
    let last = &groups[groups.len() - 1];
    let is_extended = || matches!(run.text[last.end..], [b'x' | b'X', ..] | [b' ', b'x' | b'X', ..]);
    groups[0].start <= 1 && if last.end == run.text.len() { groups.len() > 1 } else { is_extended() }
}

/// How sure a value is that is nothing but one number; `None` where its shape is of other things as well.
#[inline(never)]
pub(super) fn of_value(run: &Run<'_>) -> Option<Likelihood> {
    let groups = run.groups();
    let is_led = matches!(run.text, [b'0' | b'(', ..] | [_, b'(', ..] | [_, b' ', b'(', ..]);
    // A day, a version or an address has none of the shapes without a zero in front.
    let has_shape = || {
        let is_address = groups.len() == 4 && run.dotted() & 7 == 7;
        let is_day = groups[0].len() == 4 && groups.get(1).is_some_and(|group| group.len() != 3);
        (7..=11).contains(&run.digit_count()) && run.of_length(1..=1) >> 1 == 0 && !is_address && !is_day
    };
    let last = &groups[groups.len() - 1];
    if groups.len() > GROUPS_MAX || !is_led && !has_shape() {
        return None;
    }
    let rest = run.text[last.end..].trim_ascii_start();
    let extended = !rest.is_empty();
    if extended && !(is_extension(rest) && rest[1..].iter().all(u8::is_ascii_digit)) || is_one_digit(run) {
        return None;
    }
    if run.text.starts_with(b"00") && is_dialled_from_abroad(run) {
        return Some(Likelihood::Likely);
    }
    if let Some(is_one) = with_parentheses(run) {
        return is_one.then_some(Likelihood::Likely);
    }
    let (mut lengths, mut gaps) = ([0; GROUPS_MAX], [0; GROUPS_MAX]);
    for (i, group) in groups.iter().enumerate() {
        lengths[i] = group.len();
        gaps[i] = gap(run.between(i));
    }
    let (lengths, gaps) = (&lengths[..groups.len()], &gaps[..groups.len() - 1]);
    match run.text {
        [b'0', second, ..] => behind_zero(run, *second, lengths, gaps),
        [first, ..] if is_national(*first, run.text, lengths, gaps, extended) => Some(Likelihood::Likely),
        _ => None,
    }
}

/// `1111111`: one digit and no other.
fn is_one_digit(run: &Run<'_>) -> bool {
    let first = run.text[run.groups()[0].start];
    run.groups().iter().all(|group| run.text[group.start..group.end].iter().all(|digit| *digit == first))
}

/// The byte that parts two groups, whatever spaces are around it; 0 where it is none of a number.
fn gap(between: &[u8]) -> u8 {
    match between.trim_ascii() {
        [] if !between.is_empty() => b' ',
        [0xc2, 0xa0] | [0xe2, 0x80, 0x80..=0x8a | 0xaf] => b' ',
        [0xe2, 0x80, 0x90..=0x93] => b'-',
        [one @ (b'-' | b'.' | b'/')] => *one,
        _ => 0,
    }
}

/// `00420 601 482 229`; `0056-4583-9902` is as often another's.
fn is_dialled_from_abroad(run: &Run<'_>) -> bool {
    let mut digits = [0; 20];
    let len = run.digits(0, run.groups().len() - 1, &mut digits);
    let number = digits.get(2..len);
    let is_even = run.groups().iter().all(|group| group.len() == 4);
    let is_tied = (0..run.groups().len() - 1).all(|i| gap(run.between(i)) != b'/');
    run.groups().len() > 1
        && !is_even
        && is_tied
        && run.text.starts_with(b"00")
        && number.is_some_and(is_country_number)
}

/// `(03551) 82891 821`, `8 (563) 343-18-86`: whether a number with its area in parentheses is one; `None` where it has none.
fn with_parentheses(run: &Run<'_>) -> Option<bool> {
    let area = match run.text {
        [b'(', ..] => 0,
        [b'0' | b'1' | b'7' | b'8', b' ', b'(', ..] | [b'0' | b'1' | b'7' | b'8', b'(', ..] => 1,
        _ => return None,
    };
    let groups = run.groups();
    let (Some(number), Some(next)) = (groups.get(area), groups.get(area + 1)) else { return Some(false) };
    let digits = groups[area + 1..].iter().map(Group::len).sum::<usize>();
    let closes = matches!(run.between(area), b")" | b") " | b")-" | b")/" | b").");
    let single = (area + 1..groups.len() - 1).all(|i| gap(run.between(i)) != 0);
    // `(2019) 1234567` is of a year, `(12) 2024-01-05` a day.
    let is_dated = is_year(run, number) || groups.len() > area + 3 && is_year(run, next);
    let fits = (2..=5).contains(&number.len()) && (5..=9).contains(&digits) && number.len() + digits <= 13;
    Some(fits && closes && single && !is_dated && number.len() + digits >= DIGITS_MIN)
}

fn is_year(run: &Run<'_>, group: &Group) -> bool {
    matches!(run.text[group.start..group.end], [b'1', b'9', _, _] | [b'2', b'0', _, _])
}

/// A value with the zero in front that most countries dial. Of which no first groups are a date.
fn behind_zero(run: &Run<'_>, second: u8, lengths: &[usize], gaps: &[u8]) -> Option<Likelihood> {
    let digits: usize = lengths.iter().sum();
    let all = |byte: u8| gaps.iter().all(|gap| *gap == byte);
    match (lengths, gaps) {
        // Stockholm, and Hungary's own prefix.
        ([2, 2, 2, 2], [b'-', b' ', b' ']) | ([2, 1 | 2, 3, 4], [b'-', b'/', b' ' | b'-']) => {
            return Some(Likelihood::Likely);
        }
        // A Belgian's number.
        ([2, 2, 2, 3, 2], _) => return None,
        ([2, 4, 4], _) if all(b'.') => return Some(Likelihood::Likely),
        ([2, 3, 3], b"  ") if second != b'0' => return Some(Likelihood::Likely),
        _ => {}
    }
    let [first, .., last] = *lengths else { return None };
    let dated = first == 2 && lengths[1] == 2 && lengths.get(2) == Some(&4) || begins_with_short_date(run);
    let slashes = gaps.iter().filter(|gap| **gap == b'/').count();
    let has_slash = gaps[0] == b'/';
    let is_long = all(b' ') && (digits == 12 || digits == 13 && lengths.len() > 2);
    if dated
        || !((9..=11).contains(&digits) || is_long)
        || !(2..=5).contains(&first)
        || last < 2
        // Pairs are French numbers or lists.
        || lengths.iter().all(|len| *len == 2)
        // `030/123456`; what has a slash further on counts papers or months: `0815-2024/123`.
        || slashes > usize::from(has_slash)
        || gaps.contains(&b'.') || gaps.contains(&0)
        // As often a tax number's, or a person's in Japan and India.
        || matches!(lengths, [3, 3, 3] | [4, 4, 4])
    {
        return None;
    }
    let is_area = second != b'0';
    let is_mobile = *lengths == [3, 4, 4] && is_area;
    // `07/2024 12345`: a year, and no part of a number.
    let is_tied = |i: usize| matches!(gaps.get(i), Some(b'/' | b'-'));
    let is_dated = |i: usize| is_year(run, &run.groups()[i]) && (is_tied(i - 1) || is_tied(i));
    if !is_mobile && (1..lengths.len()).any(is_dated) {
        return None;
    }
    // With dashes alone, or with a slash, it may be an order's.
    let is_sure = if has_slash {
        false
    } else if all(b'-') {
        let is_usual = matches!(lengths, [3, 3 | 4, 4] | [4, 2, 4] | [4, 3, 3] | [2, 3, 4]);
        is_area && (is_usual || matches!(lengths, [2, 4 | 5, 4]) && second > b'1')
    } else {
        is_area || *lengths != [3, 3, 4]
    };
    Some(if is_sure { Likelihood::Likely } else { Likelihood::Possible })
}

/// Whether a value without a zero in front has a shape that is of phones and of few other things.
fn is_national(first: u8, text: &[u8], lengths: &[usize], gaps: &[u8], extended: bool) -> bool {
    match (lengths, gaps) {
        // North America's, also of areas that there are not, as generators make them.
        ([3, 3, 4], b"--" | b" -") => true,
        ([3, 3, 4], b"..") => first > b'1' || extended,
        ([1, 3, 3, 4], b"---" | b"...") => first == b'1',
        ([3, 3, 4] | [10], _) => extended,
        // Poland, Russia, Ukraine; 3-3-2-2 with dashes alone is a Polish tax number.
        ([3, 2, 2], b"--") | ([2, 3, 2, 2], b"   " | b" --" | b"---") | ([3, 3, 2, 2], b" --") => true,
        ([1, 3, 3, 2, 2], gaps) => matches!(first, b'7' | b'8') && gaps.iter().all(|gap| matches!(gap, b' ' | b'-')),
        // Spain, Norway's mobiles, Greece, Brazil, China's mobiles.
        ([3, 2, 2, 2], b"   ") => first > b'5',
        ([3, 2, 3], b"  ") => matches!(first, b'4' | b'9'),
        // `2024 123 456` begins as a year does, and no area.
        ([4, 3, 3], b"  ") => (first == b'2' && text[1] != b'0') || text.starts_with(b"69"),
        ([2, 4 | 5, 4], b" -") => true,
        ([3, 4, 4], b"--" | b"  ") => first == b'1' && text[1] > b'2',
        _ => false,
    }
}

/// Whether words may stand beside the numbers, and nothing touches them; most runs of digits end here.
#[inline(always)]
pub(super) fn may_have_words(run: &Run<'_>) -> bool {
    let groups = run.groups();
    let (start, end) = (groups[0].start, groups[groups.len() - 1].end);
    let ends = match run.text.get(end) {
        None
        | Some(b' ' | b'.' | b',' | b')' | b';' | b'?' | b'!' | b'\n' | b'\r' | b'\\' | b'-' | b'x' | b'X' | 0x80..) => {
            true
        }
        Some(byte) => {
            byte.is_ascii_punctuation() && !matches!(byte, b':' | b'/' | b'_' | b'%' | b'@' | b'=' | b'&' | b'}')
        }
    };
    // So many groups, or so many single digits, are a list.
    let is_list = groups.len() >= LIST_GROUPS_MIN || run.of_length(1..=1).count_ones() > 3;
    ends && !is_list
        && run.may_ask_words()
        && (start >= WORD_BYTES_MIN || end + WORD_BYTES_MIN <= run.text.len())
        && is_free_before(run, 0)
}

/// Shows the first and the last group of each number that the words beside it call a phone's.
#[inline(never)]
pub(super) fn beside_words(run: &Run<'_>, mut found: impl FnMut(usize, usize)) {
    let mut first = 0;
    while first < run.groups().len() {
        let last = end_of_number(run, first);
        if is_told(run, first, last) {
            found(first, last);
        }
        first = last + 1;
    }
}

/// The last group of what may be one number: to where it would be too long, or something else than spaces and signs stands between.
/// A date in front is by itself.
fn end_of_number(run: &Run<'_>, first: usize) -> usize {
    let groups = run.groups();
    if is_date(run, first) {
        return first + 2;
    }
    let (mut last, mut digits) = (first, groups[first].len());
    while let Some(next) = groups.get(last + 1) {
        let tied = gap(run.between(last)) != 0
            || matches!(run.between(last), b")" | b") " | b" (" | b"(" | b")-" | b")/" | b").");
        digits += next.len();
        if !tied || digits > DIGITS_MAX {
            break;
        }
        last += 1;
    }
    last
}

/// `2026-11-21`, `21.11.2026`, `05/11/24`
fn is_date(run: &Run<'_>, first: usize) -> bool {
    let Some([a, b, c]) = run.groups().get(first..first + 3) else { return false };
    let (one, other) = (gap(run.between(first)), gap(run.between(first + 1)));
    let small = |group: &Group| group.len() <= 2;
    let has_year = is_year(run, a) && small(b) && small(c) || small(a) && small(b) && is_year(run, c);
    if (one, other) == (b' ', b' ') {
        // `2026 11 21`
        let is_within = |group: &Group, most: i32| group.len() == 2 && (1..=most).contains(&pair(run, group));
        return is_year(run, a) && is_within(b, 12) && is_within(c, 31);
    }
    one == other && matches!(one, b'-' | b'.' | b'/') && (has_year || one != b'-' && small(a) && small(b) && small(c))
}

fn is_told(run: &Run<'_>, first: usize, last: usize) -> bool {
    let groups = &run.groups()[first..=last];
    let digits: usize = groups.iter().map(Group::len).sum();
    if !(DIGITS_MIN..=DIGITS_MAX).contains(&digits) || groups.len() > GROUPS_MAX || !stands_alone(run, first, last) {
        return false;
    }
    if groups.len() == 1 { is_told_of_digits(run, first) } else { is_told_of_groups(run, first, last, digits) }
}

/// Whether nothing touches a number in front that makes it part of something else.
#[inline(always)]
fn is_free_before(run: &Run<'_>, first: usize) -> bool {
    let before = match &run.text[..run.groups()[first].start] {
        [before @ .., b'(' | b'#' | b'+'] => before,
        before => before,
    };
    match before {
        [] | [.., b' ' | b':' | b'\n' | b'\r' | b'\t' | b'\'' | b'>' | b'|' | b'*' | b'(' | b'[' | 0x80..] => true,
        [.., byte, b'.' | b','] => !byte.is_ascii_digit(),
        // What an assignment holds is looked at by its key, to the next space.
        [.., byte, b'='] => byte.is_ascii_alphabetic() && run.groups().len() > 1,
        _ => false,
    }
}

/// Whether nothing touches a number that makes it part of something else: a path, an amount, a decimal, a time.
fn stands_alone(run: &Run<'_>, first: usize, last: usize) -> bool {
    let end = run.groups()[last].end;
    let (next, behind) = (run.text.get(end), run.text.get(end + 1));
    let goes_on = match next {
        Some(b'.' | b',' | b':' | b'-') => behind.is_some_and(u8::is_ascii_digit),
        Some(b'/' | b'_' | b'%' | b'@' | b'=' | b'$') => true,
        _ => letter_follows(run, last),
    };
    is_free_before(run, first) && !goes_on
}

/// Bare digits: a word names a phone, and nothing else is said between; of as many digits as most numbers have it may be further away.
fn is_told_of_digits(run: &Run<'_>, at: usize) -> bool {
    let group = &run.groups()[at];
    let digits = &run.text[group.start..group.end];
    // Days, seconds and milliseconds of these decades.
    let is_time = match digits {
        [b'1', b'9', ..] | [b'2', b'0', ..] if digits.len() == 8 => true,
        [b'1', b'4'..=b'9', ..] => matches!(digits.len(), 10 | 13),
        // The most that four bytes hold.
        b"2147483647" | b"2147483648" | b"4294967295" | b"4294967296" => true,
        _ => false,
    };
    if is_time || digits.iter().all(|digit| *digit == digits[0]) {
        return false;
    }
    let near = run.near(at, at, Says::Phone);
    let is_dialled = match digits {
        [b'0', b'1'..=b'9', ..] => (9..=11).contains(&digits.len()),
        [b'2'..=b'9', _, _, b'2'..=b'9', ..] => digits.len() == 10,
        _ => false,
    };
    near.is_phone_at_once()
        || (10..=12).contains(&digits.len()) && near.is_phone() && near.is_led_to()
        || is_dialled && near.is_call_at_once()
}

/// A number in groups: a word of calls is near, and it has no shape of something else.
fn is_told_of_groups(run: &Run<'_>, first: usize, last: usize, digits: usize) -> bool {
    let groups = &run.groups()[first..=last];
    let mut gaps = [0; GROUPS_MAX];
    for i in first..last {
        gaps[i - first] = gap(run.between(i));
    }
    let gaps = &gaps[..last - first];
    let len = |i: usize| groups.get(i).map_or(0, Group::len);
    let three = [len(0), len(1), len(2)];
    let all = |byte: u8| gaps.iter().all(|gap| *gap == byte);
    // Decimals, versions, addresses, coordinates.
    let is_pairs = groups.iter().all(|group| group.len() == 2);
    let is_dotted = gaps.contains(&b'.')
        && !(all(b'.') && (groups.len() == 3 && len(0).min(len(1)) > 1 && len(2) > 2 || groups.len() == 5 && is_pairs));
    let slashes = gaps.iter().filter(|gap| **gap == b'/').count();
    let is_led = run.text[groups[0].start] == b'0' || run.byte_before(first) == Some(b'(');
    let is_fraction = slashes > 1 || slashes == 1 && !is_led;
    let is_list = groups.len() > 5 && groups.iter().all(|group| group.len() < 3)
        || groups[1..].iter().filter(|group| group.len() == 1).count() > 1
        || groups.len() > 1 && len(groups.len() - 1) == 1;
    // Numbers of social security and of persons, areas of the post, keys in fours.
    let is_ssn = three == [3, 2, 4] && groups.len() == 3
        || three == [5, 4, 0] && all(b'-')
        || three == [4, 4, 4] && !is_led
        || matches!(three, [6, 4 | 5, 0]);
    let is_range = groups.len() == 2 && is_year(run, &groups[0]) && is_year(run, &groups[1]);
    let is_amount = groups[1..].iter().all(|group| group.len() == 3)
        && (all(b' ') || all(b'.') || all(b'-'))
        && len(0) < 4
        && !is_led;
    if is_date(run, first)
        || is_dotted
        || is_fraction
        || is_list
        || is_ssn
        || is_range
        || is_amount && (len(0) == 1 || digits < 8)
    {
        return false;
    }
    let near = run.near(first, last, Says::Phone);
    // Numbers of calls have shapes of their own; others ask that a word leads to them.
    let is_usual = is_led || three == [3, 3, 4] && groups.len() == 3;
    if !is_amount {
        return near.is_call() && (is_usual || near.is_led_to());
    }
    near.is_phone_at_once() || near.is_call() && is_behind_preposition(&run.text[..groups[0].start])
}

/// `not answering at 78 651 450`
fn is_behind_preposition(before: &[u8]) -> bool {
    [&b" at "[..], b" on ", b" to ", b" from ", b" under ", b" unter ", b" au ", b" al ", b" op ", b" pod "]
        .iter()
        .any(|word| before.ends_with(word))
}

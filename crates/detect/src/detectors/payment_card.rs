//! Payment card numbers.
//!
//! Finds: `4111111111111111`, `4111 1111 1111 1111`, `3782-822463-10005`, also as a JSON number. Issuer prefix, length and
//! Luhn sum must agree; also of lengths that are hardly issued any more, as generators of tests make them (`4222222222222`,
//! `180016070420458`). Beside a word of cards in the same text (`my card 9951111111111111 expires`) 12 to 19 digits whose sum is right.
//! One random number in ten passes the sum, so a bare one under a key of order numbers is only possible.
//! Under a key of cards also 12 to 19 digits that are of no network or whose sum is wrong.
//! Not one: a number with a wrong sum, the fraction of a decimal, digits inside a longer word of letters and digits, what under a key of
//! references is a right article number, too (`barcode` = `4005265356738`).
//! Example: `4111 1111 1111 1111`, `4111111111111111`, `3782-822463-10005`
//! Misses: numbers with letters on either side (`card4111…`), numbers cut in two fields, digits of other scripts.
//! Source: ISO/IEC 7812-1; issuer ranges as published by the networks (Visa 4, Mastercard 51–55 and 2221–2720, Amex 34/37,
//! Discover 6011/644–649/65, Diners 300–305/36/38/39, JCB 35 and once 1800/2131, UnionPay 62, Maestro 50/56–58/63/67, Mir 2200–2204,
//! RuPay 60/65/81/82/508, Troy 9792).

use weir_event::{Category, Evidence, Likelihood};

use crate::digits::{Places, Run, passes_luhn};
use crate::facts::PathFacts;
use crate::leaf::{Leaf, Output};
use crate::nearby::Says;

/// Maestro's shortest.
const DIGITS_MIN: usize = 12;

pub(crate) fn find(leaf: &Leaf<'_>, run: &Run<'_>, out: &mut Output<'_>) {
    find_by_sum(leaf, run, out);
    // Under a key of cards also a number with a slip, or of a network that is not of the list.
    let keyed = leaf.facts.has(PathFacts::CARD) && !out.has(Category::CreditCard, Likelihood::Possible);
    if keyed && is_keyed_number(run) {
        out.add(Category::CreditCard, leaf.facts.sure(Likelihood::Likely), Evidence::KeyName, 0, run.text.len());
    }
}

fn find_by_sum(leaf: &Leaf<'_>, run: &Run<'_>, out: &mut Output<'_>) {
    if run.digit_count() < DIGITS_MIN {
        return;
    }
    let groups = run.groups();
    let mut digits = [0; 20];
    // With the one behind, which may make it longer.
    const GROUPS: usize = 5;
    let mut begins = first_of_grouping(run) & run.not_shown(GROUPS);
    while begins != 0 && !out.is_full(Category::CreditCard) {
        let first = begins.trailing_zeros() as usize;
        begins &= begins - 1;
        let [one, two, ..] = run.text[groups[first].start..] else { return };
        let may_have_issuer = begins_issuer(10 * (one - b'0') + two - b'0');
        if !may_have_issuer && !may_have_words(run) {
            continue;
        }
        let Some(last) = last_of_grouping(run, first) else { continue };
        // Behind sixteen digits three more may be of a number of nineteen, or a code of their own.
        let is_long = last == first + 4;
        if is_long && !is_card(run, first, last) && is_card(run, first, last - 1) {
            out.add(
                Category::CreditCard,
                Likelihood::VeryLikely,
                Evidence::Checksum,
                groups[first].start,
                groups[last - 1].end,
            );
            continue;
        }
        if run.is_glued_before(first) || run.is_glued_after(last) || is_fraction(run, first, last) {
            continue;
        }
        let len = run.digits(first, last, &mut digits);
        let Some(digits) = digits.get(..len) else { continue };
        let has_issuer = may_have_issuer && is_issuer(digits);
        let is_others = !has_issuer && (!may_have_words(run) || is_time_or_book(digits));
        if is_others || digits.iter().all(|d| *d == digits[0]) {
            continue;
        }
        let grouped = first != last;
        // What a profile is made of: whole values of a bare number, whether they pass or not.
        let counts = !grouped && (groups[first].start, groups[last].end) == (0, run.text.len());
        if !passes_luhn(digits) {
            if counts && has_issuer && leaf.facts.has(PathFacts::COUNTING) {
                out.add(Category::CreditCard, Likelihood::VeryUnlikely, Evidence::Shape, 0, run.text.len());
            }
            continue;
        }
        // Of random numbers of 16 digits one in 28 has an issuer and the sum, of 15 one in 480, of 13 one in 110, of 12 one in 360: all
        // are likely. The last two only where the last digit is not right for an article's number too, which begins alike and is
        // everywhere, and where no country's phones begin so. What goes on behind a space or a dash is a short card's by chance:
        // `4079184724714 73`.
        let is_alone = !grouped && groups.len() == 1;
        let is_rare = !has_issuer || digits.len() < 14 && (!is_alone || is_of_others(digits));
        let likelihood = if has_issuer && (grouped && digits.len() > 12 || leaf.facts.has(PathFacts::CARD)) {
            Likelihood::VeryLikely
        } else if counts && leaf.facts.has(PathFacts::CARDS_BY_CHANCE) {
            Likelihood::Unlikely
        } else if (is_rare || leaf.facts.has(PathFacts::REFERENCE))
            && run.may_ask_words()
            && run.near(first, last, Says::Card).is_card()
        {
            Likelihood::Likely
        } else if !has_issuer || is_of_goods(leaf, digits) || grouped && digits.len() == DIGITS_MIN {
            // Twelve in groups are numbers of persons: India's, Japan's.
            continue;
        } else if is_rare || leaf.facts.has(PathFacts::REFERENCE) {
            Likelihood::Possible
        } else {
            Likelihood::Likely
        };
        out.add(Category::CreditCard, likelihood, Evidence::Checksum, groups[first].start, groups[last].end);
    }
}

/// Whether a word of cards may stand beside the numbers, and not only what a path or an id is made of.
fn may_have_words(run: &Run<'_>) -> bool {
    let behind = &run.text[run.groups()[run.groups().len() - 1].end..];
    run.may_ask_words()
        && (matches!(run.byte_before(0), Some(b' ' | b':' | b'#' | b'\n' | b'(' | b'"' | b'\'' | b'=' | 0x80..))
            || behind.first() == Some(&b' '))
}

/// Whether these groups are a card's number: issuer, length and sum.
fn is_card(run: &Run<'_>, first: usize, last: usize) -> bool {
    let mut digits = [0; 20];
    let len = run.digits(first, last, &mut digits);
    !run.is_glued_before(first)
        && !run.is_glued_after(last)
        && digits.get(..len).is_some_and(|digits| is_issuer(digits) && passes_luhn(digits))
}

/// Whether the text of a run is twelve to nineteen digits, in groups or not, and nothing else. It is read from the run on, and only as far
/// as that may be: of a long text each run reads little.
fn is_keyed_number(run: &Run<'_>) -> bool {
    let (before, behind) = run.text.split_at(run.groups()[0].start);
    let mut digits = 0;
    let fits = behind.iter().chain(before).all(|byte| {
        digits += u32::from(byte.is_ascii_digit());
        digits <= 19 && (byte.is_ascii_digit() || matches!(byte, b' ' | b'-'))
    });
    fits && digits >= 12
}

/// The groups that have the length of a first one, and behind them those of the others, as [`last_of_grouping`] asks for.
fn first_of_grouping(run: &Run<'_>) -> Places {
    let of = |length: usize| run.of_length(length..=length);
    let fours = of(4);
    let of_three = of(6) >> 1 & (fours | of(5)) >> 2;
    run.of_length(DIGITS_MIN..=19) | fours & (fours >> 1 & fours >> 2 | of_three)
}

/// The last group of a number that begins at group `first`: itself, or 4-4-4, 4-4-4-4, either with up to three digits more, 4-6-5, 4-6-4
/// with one separator.
fn last_of_grouping(run: &Run<'_>, first: usize) -> Option<usize> {
    let groups = run.groups();
    let len = |i: usize| groups.get(i).map_or(0, |g| g.len());
    let separator = run.between(first);
    let same = |last: usize| (first + 1..last).all(|i| run.between(i).iter().eq(separator));
    match len(first) {
        DIGITS_MIN..=19 => Some(first),
        4 if !separator.is_empty() && separator[0] != b'/' => match (len(first + 1), len(first + 2), len(first + 3)) {
            (4, 4, 4) if same(first + 3) => {
                Some(if matches!(len(first + 4), 1..=3) && same(first + 4) { first + 4 } else { first + 3 })
            }
            (4, 4, 1..=3) if same(first + 3) => Some(first + 3),
            (4, 4, _) if same(first + 2) => Some(first + 2),
            (6, 4 | 5, _) if same(first + 2) => Some(first + 2),
            _ => None,
        },
        _ => None,
    }
}

/// `0.4111111111111111` and `4111111111111111.5` are decimals; `4111111111111111.0` is a number that lost its kind.
fn is_fraction(run: &Run<'_>, first: usize, last: usize) -> bool {
    let after = &run.text[run.groups()[last].end..];
    let zero_fraction =
        after.first() == Some(&b'.') && after.get(1) == Some(&b'0') && !after.get(2).is_some_and(u8::is_ascii_digit);
    run.goes_on_before(first, b'.') || (run.goes_on_after(last, b'.') && !zero_fraction)
}

/// Whether numbers of some issuer begin with these two digits: most others end here.
fn begins_issuer(two: u8) -> bool {
    matches!(two, 6 | 18 | 21..=27 | 30 | 34..=58 | 60 | 62..=65 | 67 | 81 | 82 | 97)
}

fn is_issuer(digits: &[u8]) -> bool {
    let prefix = |n: usize| digits[..n].iter().fold(0_u32, |sum, d| sum * 10 + u32::from(*d));
    if digits.len() < DIGITS_MIN {
        return false;
    }
    let is_maestro = || matches!(prefix(4), 5018 | 5020 | 5038 | 6304 | 6759 | 6761..=6763);
    match digits.len() {
        12 => is_maestro() || matches!(prefix(2), 56..=58) || matches!(prefix(4), 604 | 6390),
        13 if digits[0] == 4 => true,
        14 => matches!(prefix(3), 300..=305) || matches!(prefix(2), 36 | 38 | 39) || is_maestro(),
        15 => matches!(prefix(2), 34 | 37) || matches!(prefix(4), 1800 | 2131) || is_maestro(),
        16 => {
            digits[0] == 4
                || matches!(prefix(2), 35 | 36 | 38 | 39 | 50..=58 | 60 | 62 | 63 | 65 | 67 | 81 | 82)
                || matches!(prefix(3), 300..=305 | 644..=649)
                || matches!(prefix(4), 2200..=2204 | 2221..=2720 | 9792)
        }
        17..=19 => {
            matches!(prefix(2), 62 | 65 | 50 | 56..=58 | 67)
                || matches!(prefix(4), 3528..=3589 | 6304 | 6334)
                || digits.len() == 19 && digits[0] == 4
        }
        _ => false,
    }
}

/// Whether a key of references says what a short number is that an article's may be: an EAN of Germany passes a card's sum as well one time in
/// ten.
fn is_of_goods(leaf: &Leaf<'_>, digits: &[u8]) -> bool {
    leaf.facts.has(PathFacts::REFERENCE) && (digits.len() == DIGITS_MIN || digits.len() == 13 && is_of_others(digits))
}

/// Milliseconds, microseconds and nanoseconds of these decades, and the number of a book: `payment of 1724791968146`.
fn is_time_or_book(digits: &[u8]) -> bool {
    match digits {
        [1, 4..=9, ..] => matches!(digits.len(), 13 | 16 | 19),
        [9, 7, 8 | 9, ..] => digits.len() == 13,
        _ => false,
    }
}

/// Whether a bare number of a short card is as often another's: an article's, whose last digit is right too, or a phone's with its country in
/// front: mobiles of Germany, of Colombia and of Venezuela.
fn is_of_others(digits: &[u8]) -> bool {
    let weighted = |(i, digit): (usize, &u8)| u32::from(*digit) * if i % 2 == 1 { 3 } else { 1 };
    let is_article = || digits.iter().rev().enumerate().map(weighted).sum::<u32>().is_multiple_of(10);
    match digits {
        [4, 9, 1, 5..=7, ..] if digits.len() == 13 => true,
        [5, 7, 3 | 6, ..] | [5, 8, 2 | 4, ..] if digits.len() == 12 => true,
        _ => is_article(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_issues_is_known_by_two_digits() {
        for first in 0..10_000_u16 {
            let mut digits = [0; 19];
            let mut rest = first;
            digits[..4].iter_mut().rev().for_each(|digit| {
                *digit = (rest % 10) as u8;
                rest /= 10;
            });
            let issued = (DIGITS_MIN..=19).any(|len| is_issuer(&digits[..len]));
            assert!(!issued || begins_issuer(10 * digits[0] + digits[1]), "{first:04}");
        }
    }
}

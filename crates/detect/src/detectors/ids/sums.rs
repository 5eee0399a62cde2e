//! Sums and dates that several numbers share. All take the letters (capitals) and digits of a number whose shape was checked.

use crate::digits::passes_luhn;

/// The value of a digit.
pub(super) fn digit(byte: u8) -> u32 {
    u32::from(byte.wrapping_sub(b'0'))
}

/// The digits of `value` as one number; at most 19 of them.
pub(super) fn number(value: &[u8]) -> u64 {
    value.iter().fold(0, |sum, byte| sum.wrapping_mul(10).wrapping_add(u64::from(digit(*byte))))
}

/// Two digits from `at` on.
pub(super) fn two(value: &[u8], at: usize) -> u32 {
    10 * digit(value[at]) + digit(value[at + 1])
}

/// Each digit times its weight.
pub(super) fn weighted(value: &[u8], weights: &[u32]) -> u32 {
    value.iter().zip(weights).map(|(byte, weight)| digit(*byte) * weight).sum()
}

/// Whether one digit stands there over and over: such numbers pass many sums and are fill-ins.
pub(super) fn is_one_digit(value: &[u8]) -> bool {
    value.iter().all(|byte| *byte == value[0])
}

/// Whether there is such a day in some year.
pub(super) fn is_day(month: u32, day: u32) -> bool {
    let days = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

/// Whether the digits pass the Luhn sum.
pub(super) fn luhn(value: &[u8]) -> bool {
    let mut digits = [0; 32];
    let Some(digits) = digits.get_mut(..value.len()) else { return false };
    for (to, byte) in digits.iter_mut().zip(value) {
        *to = byte.wrapping_sub(b'0');
    }
    passes_luhn(digits)
}

/// ISO 7064 modulo 11, 10: one check digit behind the others.
pub(super) fn mod_11_10(value: &[u8]) -> bool {
    let mut product = 10;
    for byte in &value[..value.len() - 1] {
        let sum = (product + digit(*byte)) % 10;
        product = 2 * if sum == 0 { 10 } else { sum } % 11;
    }
    (product + digit(value[value.len() - 1])) % 10 == 1
}

/// Verhoeff's check digit, over the dihedral group of order ten.
pub(super) fn verhoeff(value: &[u8]) -> bool {
    /// The permutation of the second place from the right; further places apply it again.
    const PERMUTED: [u32; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    /// Rotations are 0 to 4, reflections 5 to 9.
    fn times(a: u32, b: u32) -> u32 {
        match (a < 5, b < 5) {
            (true, true) => (a + b) % 5,
            (true, false) => 5 + (a + b - 5) % 5,
            (false, true) => 5 + (a - 5 + 5 - b) % 5,
            (false, false) => (5 + a - b) % 5,
        }
    }
    let mut check = 0;
    for (i, byte) in value.iter().rev().enumerate() {
        let mut own = digit(*byte);
        for _ in 0..i % 8 {
            own = PERMUTED[own as usize];
        }
        check = times(check, own);
    }
    check == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples_of_the_sums_pass_and_altered_ones_do_not() {
        // ISO/IEC 7064:2003's own example is 0794 with the check digit 5.
        assert!(mod_11_10(b"07945") && !mod_11_10(b"07946"));
        // Verhoeff: 236 has the check digit 3.
        assert!(verhoeff(b"2363") && !verhoeff(b"2364") && !verhoeff(b"3263"));
        assert!(luhn(b"79927398713") && !luhn(b"79927398710"));
        assert!(is_day(2, 29) && !is_day(2, 30) && !is_day(0, 1) && !is_day(13, 1) && !is_day(4, 31));
        assert_eq!(number(b"0123"), 123);
    }
}

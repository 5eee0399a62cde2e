//! The shape of a value, for a person to recognise what sort of value it is: never a letter or digit of it, and no exact length.

/// Runs of letters and digits that are shown.
const RUNS_MAX: usize = 8;
/// Characters of the shape.
const SHAPE_CHARS_MAX: usize = 40;

/// `ada.lovelace@example.com` as `xxx.xxxx@xxxx.xxx`: letters are `x`, digits `9`, a run of them is as long as its bucket says (up to
/// 2, up to 5, longer); signs stand for themselves where they are ASCII, everything else is `·`.
pub(super) fn shape(text: &str) -> String {
    let mut out = String::new();
    let (mut runs, mut shown) = (0, 0);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let class = class(c);
        let mut len = 1_usize;
        while chars.peek().is_some_and(|next| self::class(*next) == class) {
            chars.next();
            len += 1;
        }
        let times = match (class, len) {
            ('x' | '9', 0..=2) => 2,
            ('x' | '9', 3..=5) => 3,
            ('x' | '9', _) => 4,
            _ => len.min(2),
        };
        runs += usize::from(matches!(class, 'x' | '9'));
        if runs > RUNS_MAX || shown + times > SHAPE_CHARS_MAX {
            out.push('…');
            break;
        }
        out.extend(std::iter::repeat_n(class, times));
        shown += times;
    }
    out
}

fn class(c: char) -> char {
    match c {
        _ if c.is_alphabetic() => 'x',
        _ if c.is_numeric() => '9',
        ' ' | '\t' | '\n' | '\r' => ' ',
        '!'..='~' => c,
        _ => '·',
    }
}

/// How long a value is, in characters, by powers of two.
pub(super) fn length(text: &str) -> &'static str {
    match text.chars().count() {
        0 => "0",
        1..=4 => "1-4",
        5..=8 => "5-8",
        9..=16 => "9-16",
        17..=32 => "17-32",
        33..=64 => "33-64",
        65..=256 => "65-256",
        _ => "over 256",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_shape_is_recognised_and_says_nothing() {
        for (value, shown) in [
            ("ada.lovelace@example.com", "xxx.xxxx@xxxx.xxx"),
            ("a@b.co", "xx@xx.xx"),
            ("4111 1111 1111 1111", "999 999 999 999"),
            ("536-22-8741", "999-99-999"),
            ("Zoë 日本", "xxx xx"),
            ("", ""),
            ("--------", "--"),
            ("a1b2c3d4e5f6", "xx99xx99xx99xx99…"),
        ] {
            assert_eq!(shape(value), shown);
        }
    }

    proptest! {
        #[test]
        fn no_letter_and_no_digit_of_a_value_is_in_its_shape(value in "\\PC{0,300}") {
            let shape = shape(&value);
            prop_assert!(shape.chars().all(|c| matches!(c, 'x' | '9' | '·' | '…') || !c.is_alphanumeric()));
            prop_assert!(shape.chars().count() <= SHAPE_CHARS_MAX + 1);
        }

        #[test]
        fn values_of_a_like_form_have_one_shape(a in "[a-z]{6,30}", b in "[A-Za-z]{6,30}", n in "[0-9]{3,5}", m in "[0-9]{3,5}") {
            prop_assert_eq!(shape(&format!("{a}@{n}")), shape(&format!("{b}@{m}")));
        }
    }
}

//! What texts at a property are made of: characters by class, and of what form each value is; and whether that has changed.
//!
//! A property that was one of three plans and now holds sentences, or an id that became a name, is a change of an app that nobody
//! announced: most leaks begin so. The newest [`NEWEST`] values of the sample are held against those before them; a form that was in at
//! most one of a hundred before, and is surely in a tenth of the newest (Wilson's bound), has newly come.
//!
//! Limits: counts of all of a property take 100 bytes; of a value the first [`LOOKED_AT_MAX`] bytes are looked at. At
//! [`crate::learn::WINDOW`] values what was before is halved.

use weir_event::Millis;

use crate::learn::{WINDOW, wilson};

/// Values that are held against those before them.
pub const NEWEST: u32 = 64;
/// Bytes of a value that are looked at.
pub const LOOKED_AT_MAX: usize = 256;
/// So many values before anything can be new.
const BEFORE_MIN: u32 = 256;
/// Surely in this part of the newest.
const SHARE_MIN: f64 = 0.1;

/// What a text is of the look of. The number is stored: append, never renumber.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TextForm {
    /// A word, or a few joined by signs: `pro`, `en-US`, `signed_up`.
    Word = 0,
    /// Digits, and signs between them: `1.20.3`, `2026-11-22`.
    Digits = 1,
    /// Sixteen hexadecimal digits or more, dashes aside.
    Hex = 2,
    /// Letters and digits in one: `usr_81f3`, `v1.20.3-beta`.
    Id = 3,
    /// A few words: `Add to cart`.
    Phrase = 4,
    /// Four blanks or more: a sentence.
    Text = 5,
    /// What has a structure of its own: a URL, JSON, an address.
    Structured = 6,
}

impl TextForm {
    /// All, in order of their number.
    pub const ALL: [TextForm; 7] = [
        TextForm::Word,
        TextForm::Digits,
        TextForm::Hex,
        TextForm::Id,
        TextForm::Phrase,
        TextForm::Text,
        TextForm::Structured,
    ];

    /// The word in reports.
    pub const fn name(self) -> &'static str {
        match self {
            TextForm::Word => "words",
            TextForm::Digits => "digits",
            TextForm::Hex => "hexadecimal ids",
            TextForm::Id => "ids",
            TextForm::Phrase => "phrases",
            TextForm::Text => "running text",
            TextForm::Structured => "structured values",
        }
    }

    pub(crate) fn from_number(number: u8) -> Option<TextForm> {
        TextForm::ALL.get(usize::from(number)).copied()
    }
}

/// The classes of characters.
pub const CLASSES: [&str; 5] = ["letters", "digits", "blanks", "signs", "beyond ASCII"];
const LETTERS: usize = 0;
const DIGITS: usize = 1;
const BLANKS: usize = 2;
const SIGNS: usize = 3;
const BEYOND: usize = 4;

/// The class of each byte, in the byte of that number, and whether it is a hexadecimal digit or a sign of structure.
const OF_BYTE: [u64; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        let class = match b {
            b'a'..=b'z' | b'A'..=b'Z' => LETTERS,
            b'0'..=b'9' => DIGITS,
            b' ' | b'\t' | b'\n' | b'\r' => BLANKS,
            0x80.. => BEYOND,
            _ => SIGNS,
        };
        table[byte] = 1 << (8 * class);
        if b.is_ascii_hexdigit() || b == b'-' {
            table[byte] |= 1 << (8 * HEX);
        }
        if matches!(b, b'{' | b'[' | b'<' | b'@' | b'=' | b'%' | b'\\' | b'?') {
            table[byte] |= 1 << (8 * STRUCTURE);
        }
        byte += 1;
    }
    table
};
const HEX: usize = 5;
const STRUCTURE: usize = 6;

/// A form that newly came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Changed {
    /// When the event was received that showed it.
    pub at: Millis,
    /// What most values were of before.
    pub from: TextForm,
    /// What newly came.
    pub to: TextForm,
}

/// What the texts of a property are like.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Texts {
    /// Bytes by class, see [`CLASSES`].
    pub(crate) characters: [u32; CLASSES.len()],
    /// Values by form before the newest.
    pub(crate) before: [u32; TextForm::ALL.len()],
    /// The newest.
    pub(crate) newest: [u32; TextForm::ALL.len()],
    pub(crate) changed: Option<Changed>,
}

impl Texts {
    #[inline]
    pub(crate) fn add(&mut self, at: Millis, value: &[u8]) {
        let (counts, form) = look(value.get(..LOOKED_AT_MAX).unwrap_or(value));
        for (sum, count) in self.characters.iter_mut().zip(counts) {
            *sum += count;
        }
        if self.characters.iter().any(|sum| *sum > u32::MAX / 2) {
            self.characters.iter_mut().for_each(|sum| *sum /= 2);
        }
        self.newest[form as usize] += 1;
        if self.newest.iter().sum::<u32>() >= NEWEST {
            self.compare(at);
        }
    }

    #[cold]
    fn compare(&mut self, at: Millis) {
        let before: u32 = self.before.iter().sum();
        let most = |counts: &[u32; 7]| TextForm::ALL.into_iter().max_by_key(|form| counts[*form as usize]);
        if before >= BEFORE_MIN {
            let mut fresh = self.newest;
            for (count, before_of_form) in fresh.iter_mut().zip(self.before) {
                if 100 * before_of_form > before {
                    *count = 0;
                }
            }
            if let (Some(from), Some(to)) = (most(&self.before), most(&fresh))
                && wilson(fresh[to as usize].into(), NEWEST.into()).0 >= SHARE_MIN
            {
                self.changed = Some(Changed { at, from, to });
            }
        }
        if before >= WINDOW {
            self.before.iter_mut().for_each(|count| *count /= 2);
        }
        for (before, newest) in self.before.iter_mut().zip(&mut self.newest) {
            *before += std::mem::take(newest);
        }
    }

    /// The newest form that newly came, if one ever did.
    pub fn changed(&self) -> Option<Changed> {
        self.changed
    }

    /// Bytes by class.
    pub fn characters(&self) -> impl Iterator<Item = (&'static str, u32)> {
        CLASSES.into_iter().zip(self.characters)
    }

    /// Values by form.
    pub fn forms(&self) -> impl Iterator<Item = (TextForm, u32)> {
        TextForm::ALL.into_iter().map(|form| (form, self.before[form as usize] + self.newest[form as usize]))
    }
}

/// Counts the classes of a text and says of what form it is.
#[inline]
fn look(value: &[u8]) -> ([u32; CLASSES.len()], TextForm) {
    let mut lanes = [0_u32; 8];
    // A lane of eight bits takes 255 of one class.
    for block in value.chunks(255) {
        let sum = block.iter().fold(0_u64, |sum, byte| sum + OF_BYTE[usize::from(*byte)]);
        for (lane, count) in lanes.iter_mut().zip(sum.to_le_bytes()) {
            *lane += u32::from(count);
        }
    }
    let counts = [lanes[LETTERS], lanes[DIGITS], lanes[BLANKS], lanes[SIGNS], lanes[BEYOND]];
    let [letters, digits, blanks, ..] = counts;
    let letters = letters + lanes[BEYOND];
    let form = match () {
        () if blanks >= 4 => TextForm::Text,
        () if lanes[STRUCTURE] > 0 || memchr::memmem::find(value, b"://").is_some() => TextForm::Structured,
        () if lanes[HEX] as usize == value.len() && value.len() >= 16 && digits > 0 => TextForm::Hex,
        // Scripts without blanks write sentences too.
        () if lanes[BEYOND] >= 48 => TextForm::Text,
        () if letters == 0 => TextForm::Digits,
        () if blanks > 0 => TextForm::Phrase,
        () if digits > 0 => TextForm::Id,
        () => TextForm::Word,
    };
    (counts, form)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn form(text: &str) -> TextForm {
        look(text.as_bytes()).1
    }

    #[test]
    fn texts_are_told_by_their_look() {
        for (text, expected) in [
            ("pro", TextForm::Word),
            ("en-US", TextForm::Word),
            ("", TextForm::Digits),
            ("1.20.3", TextForm::Digits),
            ("2026-11-22 10:00", TextForm::Digits),
            ("550e8400-e29b-41d4-a716-446655440000", TextForm::Hex),
            ("da39a3ee5e6b4b0d", TextForm::Hex),
            ("usr_81f3", TextForm::Id),
            ("Add to cart", TextForm::Phrase),
            ("Ada Lovelace", TextForm::Phrase),
            ("please call me back on Monday", TextForm::Text),
            ("https://example.com/a", TextForm::Structured),
            ("ada@example.com", TextForm::Structured),
            ("{\"a\":1}", TextForm::Structured),
            ("注文が完了しましたのでご確認をお願いいたします", TextForm::Text),
        ] {
            assert_eq!(form(text), expected, "{text}");
        }
    }

    fn texts_of(values: impl Iterator<Item = String>) -> Texts {
        let mut texts = Texts::default();
        values.zip(0..).for_each(|(value, n)| texts.add(Millis(n), value.as_bytes()));
        texts
    }

    #[test]
    fn an_enum_that_becomes_running_text_has_changed_and_says_when() {
        let plan = |n: i64| ["free", "pro", "team"][n as usize % 3].to_owned();
        let note = |n: i64| if n % 4 == 0 { "my own words about this and that".to_owned() } else { plan(n) };
        let texts = texts_of((0..640).map(plan).chain((0..320).map(note)));
        let changed = texts.changed().expect("a quarter is new");
        assert_eq!((changed.from, changed.to), (TextForm::Word, TextForm::Text));
        assert_eq!(changed.at, Millis(703), "at the first 64 values with it, once");
        let hex = |n: i64| format!("{n:032x}");
        let texts = texts_of((0..640).map(hex).chain((0..64).map(|n| format!("Ada Number{n}"))));
        assert_eq!(texts.changed().map(|c| (c.from, c.to)), Some((TextForm::Hex, TextForm::Phrase)));
    }

    #[test]
    fn what_was_always_mixed_and_what_is_rare_is_no_change() {
        let mixed = |n: i64| if n % 20 == 0 { "some words of running text".to_owned() } else { "pro".to_owned() };
        assert_eq!(texts_of((0..5_000).map(mixed)).changed(), None);
        let rare =
            |n: i64| if n > 1_000 && n % 40 == 0 { "some words of running text".to_owned() } else { "pro".to_owned() };
        assert_eq!(texts_of((0..1_400).map(rare)).changed(), None);
        assert_eq!(
            texts_of((0..64).map(|n| if n < 32 { "pro".to_owned() } else { format!("{n} a b c d") })).changed(),
            None
        );
    }

    proptest! {
        #[test]
        fn every_byte_that_is_looked_at_is_of_one_class(value in proptest::collection::vec(any::<u8>(), 0..600)) {
            let cut = value.get(..LOOKED_AT_MAX).unwrap_or(&value);
            prop_assert_eq!(look(cut).0.iter().sum::<u32>() as usize, cut.len());
        }
    }
}

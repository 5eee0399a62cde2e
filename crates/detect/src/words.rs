//! A key as words: split at punctuation, digits and camel-case humps, without case and without accents.

/// The longest key that is looked at; of longer ones the end.
const KEY_BYTES_MAX: usize = 120;
const KEY_WORDS_MAX: usize = 24;

/// Lower-case words, joined, with where each begins. Letters with accents are those without (`ß` is `ss`), Cyrillic is lower-case,
/// and each character of Chinese, Japanese and Korean, which put nothing between words, is a word of its own.
#[derive(Clone, Copy)]
pub(crate) struct Words {
    joined: [u8; KEY_BYTES_MAX],
    begins: [u8; KEY_WORDS_MAX + 1],
    /// How many; may be lowered to look at the first words only.
    pub(crate) count: usize,
}

impl Words {
    pub(crate) fn of(key: &str) -> Words {
        let mut words = Words { joined: [0; KEY_BYTES_MAX], begins: [0; KEY_WORDS_MAX + 1], count: 0 };
        let bytes = key.as_bytes();
        let bytes = &bytes[bytes.len().saturating_sub(KEY_BYTES_MAX)..];
        let (mut len, mut at, mut in_word) = (0, 0, false);
        while at < bytes.len() {
            let byte = bytes[at];
            if byte.is_ascii() && !byte.is_ascii_alphabetic() {
                // Digits end a word and are not part of one: `email2`, `address1`.
                in_word = false;
                at += 1;
                continue;
            }
            let previous = at.checked_sub(1).map_or(b' ', |p| bytes[p]);
            let hump = byte.is_ascii_uppercase()
                && (previous.is_ascii_lowercase()
                    || (previous.is_ascii_uppercase() && bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase)));
            let is_ideograph = matches!(byte, 0xe3..=0xed);
            if !in_word || hump || is_ideograph {
                if words.count == KEY_WORDS_MAX {
                    break;
                }
                words.begins[words.count] = len as u8;
                words.count += 1;
            }
            in_word = true;
            if byte.is_ascii() {
                words.joined[len] = byte.to_ascii_lowercase();
                (len, at) = (len + 1, at + 1);
                continue;
            }
            let (folded, used) = fold(&bytes[at..]);
            let (from, size) = match folded {
                Folded::Letters(letters) => (letters, letters.len()),
                Folded::AsIs => (&bytes[at..], used),
                Folded::Pair(pair) => {
                    words.joined[len..len + 2].copy_from_slice(&pair);
                    (len, at) = (len + 2, at + used);
                    continue;
                }
            };
            words.joined[len..len + size].copy_from_slice(&from[..size]);
            words.joined[len..len + size].make_ascii_lowercase();
            len += size;
            at += used;
        }
        words.begins[words.count] = len as u8;
        words
    }

    pub(crate) fn word(&self, i: usize) -> &[u8] {
        &self.joined[usize::from(self.begins[i])..usize::from(self.begins[i + 1])]
    }

    /// The words from `first` to the last, joined.
    pub(crate) fn ending(&self, first: usize) -> &[u8] {
        &self.joined[usize::from(self.begins[first])..usize::from(self.begins[self.count])]
    }

    pub(crate) fn before(&self, first: usize) -> Option<&[u8]> {
        first.checked_sub(1).map(|i| self.word(i))
    }
}

enum Folded {
    /// Letters without accents, never more bytes than were read.
    Letters(&'static [u8]),
    /// A Cyrillic or Greek letter.
    Pair([u8; 2]),
    AsIs,
}

/// The first character without its accent, and how many bytes it has.
fn fold(bytes: &[u8]) -> (Folded, usize) {
    let (first, second) = (bytes[0], bytes.get(1).copied().unwrap_or_default());
    match first {
        ..0xc3 => (Folded::AsIs, 1),
        0xc3..=0xc5 if second >= 0x80 => {
            let letters = LATIN[usize::from(first - 0xc3)][usize::from(second & 0x3f)];
            (if letters.is_empty() { Folded::AsIs } else { Folded::Letters(letters) }, 2)
        }
        0xd0 if second >= 0x80 => {
            let pair = match second {
                // Ё is written as Е.
                0x81 => [0xd0, 0xb5],
                0x80..=0x8f => [0xd1, second + 0x10],
                0x90..=0x9f => [0xd0, second + 0x20],
                0xa0..=0xaf => [0xd1, second - 0x20],
                _ => [0xd0, second],
            };
            (Folded::Pair(pair), 2)
        }
        0xd1 if second == 0x91 => (Folded::Pair([0xd0, 0xb5]), 2),
        0xce..=0xcf if second >= 0x80 => (Folded::Pair(greek(first, second)), 2),
        0xc3..=0xdf => (Folded::AsIs, bytes.len().min(2)),
        0xe0..=0xef => (Folded::AsIs, bytes.len().min(3)),
        _ => (Folded::AsIs, bytes.len().min(4)),
    }
}

/// A Greek letter in lower case and without its accent.
fn greek(first: u8, second: u8) -> [u8; 2] {
    match (first, second) {
        (0xce, 0x86 | 0xac) => [0xce, 0xb1],
        (0xce, 0x88 | 0xad) => [0xce, 0xb5],
        (0xce, 0x89 | 0xae) => [0xce, 0xb7],
        (0xce, 0x8a | 0xaf) => [0xce, 0xb9],
        (0xce, 0x8c) | (0xcf, 0x8c) => [0xce, 0xbf],
        (0xce, 0x8e) | (0xcf, 0x8d) => [0xcf, 0x85],
        (0xce, 0x8f) | (0xcf, 0x8e) => [0xcf, 0x89],
        (0xce, 0x91..=0x9f) => [0xce, second + 0x20],
        (0xce, 0xa0..=0xa9) => [0xcf, second - 0x20],
        // The sigma at the end of a word.
        (0xcf, 0x82) => [0xcf, 0x83],
        other => [other.0, other.1],
    }
}

/// The letters of U+00C0 to U+017F, by the second byte of their UTF-8.
const LATIN: [[&[u8]; 64]; 3] = {
    let mut table: [[&[u8]; 64]; 3] = [[b""; 64]; 3];
    let mut i = 0;
    while i < RANGES.len() {
        let (first, last, letters) = RANGES[i];
        let mut code = first as u32;
        while code <= last as u32 {
            table[(code >> 6) as usize - 3][(code & 0x3f) as usize] = letters;
            code += 1;
        }
        i += 1;
    }
    table
};

const RANGES: &[(char, char, &[u8])] = &[
    ('À', 'Å', b"a"),
    ('Æ', 'Æ', b"ae"),
    ('Ç', 'Ç', b"c"),
    ('È', 'Ë', b"e"),
    ('Ì', 'Ï', b"i"),
    ('Ð', 'Ð', b"d"),
    ('Ñ', 'Ñ', b"n"),
    ('Ò', 'Ö', b"o"),
    ('Ø', 'Ø', b"o"),
    ('Ù', 'Ü', b"u"),
    ('Ý', 'Ý', b"y"),
    ('Þ', 'Þ', b"th"),
    ('ß', 'ß', b"ss"),
    ('à', 'å', b"a"),
    ('æ', 'æ', b"ae"),
    ('ç', 'ç', b"c"),
    ('è', 'ë', b"e"),
    ('ì', 'ï', b"i"),
    ('ð', 'ð', b"d"),
    ('ñ', 'ñ', b"n"),
    ('ò', 'ö', b"o"),
    ('ø', 'ø', b"o"),
    ('ù', 'ü', b"u"),
    ('ý', 'ý', b"y"),
    ('þ', 'þ', b"th"),
    ('ÿ', 'ÿ', b"y"),
    ('Ā', 'ą', b"a"),
    ('Ć', 'č', b"c"),
    ('Ď', 'đ', b"d"),
    ('Ē', 'ě', b"e"),
    ('Ĝ', 'ģ', b"g"),
    ('Ĥ', 'ħ', b"h"),
    ('Ĩ', 'ı', b"i"),
    ('Ĵ', 'ĵ', b"j"),
    ('Ķ', 'ĸ', b"k"),
    ('Ĺ', 'ł', b"l"),
    ('Ń', 'ŋ', b"n"),
    ('Ō', 'ő', b"o"),
    ('Œ', 'œ', b"oe"),
    ('Ŕ', 'ř', b"r"),
    ('Ś', 'š', b"s"),
    ('Ţ', 'ŧ', b"t"),
    ('Ũ', 'ų', b"u"),
    ('Ŵ', 'ŵ', b"w"),
    ('Ŷ', 'Ÿ', b"y"),
    ('Ź', 'ž', b"z"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn words(key: &str) -> Vec<String> {
        let words = Words::of(key);
        (0..words.count).map(|i| String::from_utf8(words.word(i).to_vec()).expect("text")).collect()
    }

    #[test]
    fn keys_are_split_and_folded() {
        assert_eq!(words("billingEmailAddress2"), ["billing", "email", "address"]);
        assert_eq!(words("userID"), ["user", "id"]);
        assert_eq!(words("XMLHttpRequest"), ["xml", "http", "request"]);
        assert_eq!(words("TÉLÉPHONE_Größe"), ["telephone", "grosse"]);
        assert_eq!(words("Płeć"), ["plec"]);
        assert_eq!(words("Имя_Ёлка"), ["имя", "елка"]);
        assert_eq!(words("ЇЖАК"), ["їжак"]);
        assert_eq!(words("Γιώργος"), ["γιωργοσ"]);
        assert_eq!(words("用户电话2"), ["用", "户", "电", "话"]);
        assert_eq!(words("$_9"), Vec::<String>::new());
    }

    #[test]
    fn any_key_is_read_within_bounds() {
        for part in ["é", "ß", "Ж", "电", "😀", "aB", "_", "œ"] {
            for n in [1, 23, 24, 25, 59, 60, 119, 121, 300] {
                let key = part.repeat(n);
                let words = Words::of(&key);
                assert!(words.count <= KEY_WORDS_MAX && (words.count == 0 || words.ending(0).len() <= KEY_BYTES_MAX));
            }
        }
    }
}

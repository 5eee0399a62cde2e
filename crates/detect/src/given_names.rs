//! What is known of a word: a given name, a family name, an ordinary word.
//!
//! `data/names.bin`, made by `examples/make_name_table.rs` of lists of names and of words; `data/README.md` says of which. Words stand in
//! it by their hash, in lower case without accents. Numbers are little-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 4 | `WNAM` |
//! | 4 | format version, 1 |
//! | 2¹⁵ | a bit of 2¹⁸ for each given name and each of *also* |
//! | 2¹⁷ | three bits of 2²⁰ for each ordinary word |
//! | 4 · 4,097 | where the entries of each of 4,096 buckets begin; the last is their number |
//! | 2 · n | entries, ascending within a bucket: 14 bits of the hash, and two that say what it is |
//!
//! One word in eight thousand that is in no list is taken for a given name, one in two thousand for a family name, and one in sixteen
//! for an ordinary word.

/// What is known of one word of a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Known {
    /// A given name and hardly anything else.
    Given,
    /// A family name and hardly anything else.
    Family,
    /// A name, and as often a word, a place or a brand.
    Also,
    /// A word, and a common family name.
    AlsoFamily,
    /// Stands inside names: `von`, `de`, `al`.
    Particle,
}

/// The hash of a word, one byte after the other in lower case: begin with [`NameHash::NEW`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct NameHash(u32);

impl NameHash {
    pub(crate) const NEW: NameHash = NameHash(0x811c_9dc5);

    pub(crate) fn of(word: &[u8]) -> NameHash {
        word.iter().fold(NameHash::NEW, |hash, byte| hash.with(*byte))
    }

    #[inline]
    #[must_use]
    pub(crate) const fn with(self, byte: u8) -> NameHash {
        NameHash((self.0 ^ byte as u32).wrapping_mul(0x0100_0193))
    }

    /// Its bucket, and what an entry says of it, without the two bits of a class.
    pub(crate) const fn place(self) -> (usize, u16) {
        let mixed = self.0.wrapping_mul(0x9E37_79B1);
        ((mixed >> 20) as usize, (mixed >> 4) as u16 & !CLASS)
    }

    /// Its bit of the filter of given names.
    pub(crate) const fn filter_bit(self) -> usize {
        (self.0.wrapping_mul(0x85EB_CA6B) >> 14) as usize
    }

    /// Its bits of the filter of words.
    pub(crate) const fn word_bits(self) -> [usize; 3] {
        let first = self.0.wrapping_mul(0xC2B2_AE35);
        let step = self.0.rotate_left(15).wrapping_mul(0x27D4_EB2F) | 1;
        let second = first.wrapping_add(step);
        [first as usize >> 12, second as usize >> 12, second.wrapping_add(step) as usize >> 12]
    }

    /// Whether a word may be a given name or one of *also*: one in six of the others passes too.
    #[inline]
    pub(crate) fn may_be_given(self) -> bool {
        is_set(TABLE.given, self.filter_bit())
    }

    /// Whether a word is an ordinary one of some language.
    #[inline]
    pub(crate) fn is_word(self) -> bool {
        self.word_bits().into_iter().all(|bit| is_set(TABLE.words, bit))
    }

    /// What the table says of a word.
    pub(crate) fn entry(self) -> Option<Entry> {
        let (bucket, wanted) = self.place();
        let [from, to] = [bucket, bucket + 1].map(|i| begins(TABLE.buckets, i));
        let entries = &TABLE.entries[2 * from..2 * to];
        let found =
            entries.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).find(|e| *e >= wanted)?;
        let entry = match found & CLASS {
            0 => Entry::Name(Known::Given),
            1 => Entry::Name(Known::Family),
            2 => Entry::Name(Known::Also),
            _ => Entry::Other,
        };
        // What falls together with a given name by chance mostly has no bit of one.
        let is_given = matches!(entry, Entry::Name(Known::Given | Known::Also));
        (found & !CLASS == wanted && (!is_given || self.may_be_given())).then_some(entry)
    }
}

/// What stands in the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Entry {
    /// One word that is a name.
    Name(Known),
    /// An ordinary word that is a common family name too; or, of several words with a space between, a place or a brand that looks like a
    /// name.
    Other,
}

/// The bits of an entry that say what it is.
pub(crate) const CLASS: u16 = 0b11;
pub(crate) const MAGIC: [u8; 8] = *b"WNAM\x01\0\0\0";
pub(crate) const GIVEN_BYTES: usize = 1 << 15;
pub(crate) const WORDS_BYTES: usize = 1 << 17;
pub(crate) const BUCKETS: usize = 4_096;

struct Table {
    given: &'static [u8; GIVEN_BYTES],
    words: &'static [u8; WORDS_BYTES],
    buckets: &'static [u8; 4 * (BUCKETS + 1)],
    entries: &'static [u8],
}

static TABLE: Table = Table::read(include_bytes!("../data/names.bin"));

impl Table {
    const fn read(bytes: &'static [u8]) -> Table {
        let Some((magic, rest)) = bytes.split_first_chunk() else { panic!("no table of names") };
        assert!(u64::from_le_bytes(*magic) == u64::from_le_bytes(MAGIC), "no table of names");
        let Some((given, rest)) = rest.split_first_chunk() else { panic!("no given names") };
        let Some((words, rest)) = rest.split_first_chunk() else { panic!("no words") };
        let Some((buckets, entries)) = rest.split_first_chunk() else { panic!("no buckets") };
        Table { given, words, buckets, entries }
    }
}

#[inline]
fn is_set(bits: &[u8], bit: usize) -> bool {
    bits[bit / 8] >> (bit % 8) & 1 == 1
}

/// Where the entries of a bucket begin.
fn begins(buckets: &[u8; 4 * (BUCKETS + 1)], i: usize) -> usize {
    let number = buckets[4 * i..].first_chunk().copied().unwrap_or_default();
    u32::from_le_bytes(number) as usize
}

/// What is known of a word in lower case without accents.
pub(crate) fn look_up(word: &[u8]) -> Option<Known> {
    if is_particle(word) {
        return Some(Known::Particle);
    }
    let hash = NameHash::of(word);
    match hash.entry() {
        Some(Entry::Name(known)) => Some(known),
        Some(Entry::Other) => Some(Known::AlsoFamily),
        None => (has_family_ending(word) && !hash.is_word()).then_some(Known::Family),
    }
}

/// Whether a word in lower case stands inside names.
#[rustfmt::skip]
pub(crate) fn is_particle(word: &[u8]) -> bool {
    matches!(
        word,
            b"von" | b"van" | b"der" | b"den" | b"de" | b"del" | b"della" | b"delle" | b"di" | b"da" | b"das" | b"do" | b"dos" |
            b"du" | b"des" | b"la" | b"le" | b"las" | b"los" | b"el" | b"al" | b"bin" | b"ibn" | b"bint" | b"abu" | b"abd" |
            b"ben" | b"bar" | b"mac" | b"mc" | b"st" | b"san" | b"o" | b"d" | b"y" | b"e" | b"i" | b"zu" | b"zum" | b"zur" | b"af"
            | b"av" | b"ter" | b"ten" | b"te" | b"op" | b"vom" | b"ud" | b"din" | b"ul" | b"jr" | b"sr" | b"ii" | b"iii"
            | b"iv" | b"dr" | b"prof" | b"mr" | b"mrs" | b"ms" | b"miss" | b"mx" | b"sir" | b"dame" | b"herr" | b"frau" | b"mme" |
            b"mlle" | b"monsieur" | b"madame" | b"senor" | b"senora" | b"sra" | b"dhr" | b"mevr" | b"pan" | b"pani" | b"phd" | b"md" | b"dds" | b"dvm" | b"mba" | b"bsc" | b"msc" | b"ing" | b"dipl" | b"mag" | b"dott"
    )
}

/// Endings that make a family name of many: Slavic in Cyrillic and Latin, Greek, Armenian, Georgian, Icelandic, Turkish. By their last bytes.
#[rustfmt::skip]
const ENDINGS: &[&str] = &[
    "ewska", "inska", "ovska", "owska", "ynska", "evic", "ovic", "adze", "evich", "ovich", "evski", "ewski", "inski",
    "ovski", "owski", "shvili", "ynski", "chuk", "czyk", "sson", "yan", "enko", "dottir", "akis", "idis", "opoulos",
    "oglu", "ovsky", "wicz", "ακησ", "ιδησ", "οπουλοσ", "ιου", "οπουλου", "евич", "ович", "ская", "ева", "евна", "ина",
    "ова", "овна", "ев", "ов", "ский", "чук", "ин", "енко",
];

/// By its last byte, where the endings of a word begin, and how many there are.
static BY_LAST_BYTE: [(u8, u8); 256] = {
    let mut places = [(0, 0); 256];
    let mut i = 0;
    while i < ENDINGS.len() {
        let ending = ENDINGS[i].as_bytes();
        let place = &mut places[ending[ending.len() - 1] as usize];
        if place.1 == 0 {
            place.0 = i as u8;
        }
        assert!(place.0 + place.1 == i as u8, "endings of one last byte stand together");
        place.1 += 1;
        i += 1;
    }
    places
};

/// Whether a word in lower case without accents ends as a family name does.
pub(crate) fn has_family_ending(word: &[u8]) -> bool {
    const STEM_BYTES_MIN: usize = 3;
    let (first, count) = word.last().map_or((0, 0), |last| BY_LAST_BYTE[usize::from(*last)]);
    let endings = &ENDINGS[usize::from(first)..][..usize::from(count)];
    endings.iter().any(|ending| {
        word.len() >= ending.len() + STEM_BYTES_MIN + usize::from(ending.len() < 4) && word.ends_with(ending.as_bytes())
    }) && !matches!(word, b"lesson" | b"sasson" | b"banyan" | b"canyan" | b"kenyan" | b"libyan" | b"guyan")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_many_cultures_are_known() {
        for name in ["camille", "olu", "иван", "ليلى", "lakshmi"] {
            assert_eq!(look_up(name.as_bytes()), Some(Known::Given), "{name}");
        }
        for name in ["lovelace", "okafor", "zielinski", "кузнецова", "παπαδοπουλοσ", "sigurdardottir"]
        {
            assert_eq!(look_up(name.as_bytes()), Some(Known::Family), "{name}");
        }
        assert_eq!(look_up(b"may"), Some(Known::Also));
        assert_eq!(look_up(b"von"), Some(Known::Particle));
        for word in ["dashboard", "checkout", "settings", "safari", "chrome", "button", "lesson"] {
            assert_eq!(look_up(word.as_bytes()), None, "{word}");
            assert!(NameHash::of(word.as_bytes()).is_word(), "{word}");
        }
    }

    #[test]
    fn the_filter_lets_what_is_listed_pass() {
        let own = include_str!("../data/names.txt");
        for word in own.split_whitespace().filter(|word| !word.starts_with('[')) {
            let folded = crate::words::Words::of(word);
            for word in (0..folded.count).map(|i| folded.word(i)) {
                let known = look_up(word);
                let given = matches!(known, Some(Known::Given | Known::Also));
                assert!(!given || NameHash::of(word).may_be_given(), "{word:?}");
            }
        }
    }

    #[test]
    fn hardly_a_word_of_no_list_is_taken_for_a_name() {
        const WORDS: u32 = 100_000;
        let (mut given, mut names, mut words, mut state) = (0, 0, 0, 1_u64);
        for _ in 0..WORDS {
            let word: [u8; 12] = std::array::from_fn(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                b'a' + (state >> 33) as u8 % 26
            });
            let hash = NameHash::of(&word);
            let entry = hash.entry();
            given += u32::from(matches!(entry, Some(Entry::Name(Known::Given | Known::Also))));
            names += u32::from(entry.is_some());
            words += u32::from(hash.is_word());
        }
        assert!(given < WORDS / 5_000 && names < WORDS / 1_000 && words < WORDS / 12, "{given}, {names}, {words}");
    }
}

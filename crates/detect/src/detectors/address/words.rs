//! The words that streets have, by where they stand and how much they say.

use crate::words::Words;

/// A word between spaces, commas and line breaks.
#[derive(Clone, Copy, Default)]
pub(super) struct Part<'a> {
    pub(super) text: &'a [u8],
    /// A comma or the end of a line stands before it.
    pub(super) after_comma: bool,
    /// The kinds of words that it is, as bits.
    kinds: u16,
    number: bool,
}

impl<'a> Part<'a> {
    pub(super) fn of(text: &'a [u8], after_comma: bool) -> Part<'a> {
        Part { text, after_comma, kinds: 0, number: is_number(text) }
    }

    /// Looks the word up: before that it is of no kind.
    pub(super) fn look_up(&mut self) {
        self.kinds = kinds_of(self.text);
    }

    /// `12`, `12a`, `12-14`, `7/9`, `199B`, `76.`, and where a house has none `S/N`: a number of a house.
    pub(super) fn is_number(&self) -> bool {
        self.number
    }

    pub(super) fn has_capital(&self) -> bool {
        self.text.first().is_some_and(|b| b.is_ascii_uppercase() || *b >= 0x80)
    }

    /// Begins as a name does, and has letters enough for one.
    pub(super) fn is_named(&self) -> bool {
        is_named(self.text)
    }

    pub(super) fn is_one_of(&self, kinds: u16) -> bool {
        self.kinds & kinds != 0
    }

    /// A word in small letters that addresses have none of.
    pub(super) fn is_of_a_sentence(&self) -> bool {
        self.kinds == 0 && self.text.first().is_some_and(u8::is_ascii_lowercase) && self.text.len() > 1
    }
}

pub(super) fn is_named(text: &[u8]) -> bool {
    let capital = text.first().is_some_and(|b| b.is_ascii_uppercase() || *b >= 0x80);
    capital && text.len() >= 3 && !text.iter().any(u8::is_ascii_digit)
}

#[inline]
fn is_number(text: &[u8]) -> bool {
    match text {
        [b'0'..=b'9', ..] => {}
        b"S/N" | b"s/n" => return true,
        _ => return false,
    }
    let text = text.strip_suffix(b".").unwrap_or(text);
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    (1..=5).contains(&digits)
        && match &text[digits..] {
            [] => true,
            [one] => one.is_ascii_alphabetic(),
            [b'-' | b'/', more @ ..] => more.len() <= 4 && more.iter().all(u8::is_ascii_alphanumeric),
            _ => false,
        }
}

/// Words for a street that stand before its name. French, Spanish, Portuguese, Italian, Polish, Romanian, Russian, Ukrainian, Indonesian.
pub(super) const FIRST: u16 = 1 << 0;
/// Words for a street that stand behind its name. English, as in India too.
pub(super) const LAST: u16 = 1 << 1;
/// The same of languages that put the number last, all of which need a postal code: Hungarian, Danish, Norwegian, Swedish, Turkish, Czech,
/// Slovak, Croatian, Estonian, Latvian, Lithuanian.
pub(super) const BEHIND: u16 = 1 << 2;
/// Words of streets that mean something else as often: they need a town.
pub(super) const ALSO: u16 = 1 << 3;
/// Words that mean something else still oftener, or are short: they need a town with its postal code. Spanish, Portuguese, Italian,
/// French, Romanian, Catalan, Slovene and Croatian, Russian and Ukrainian; boxes of a post office.
pub(super) const NEEDS_CODE: u16 = 1 << 4;
/// What may stand between the number and the street.
pub(super) const BEHIND_NUMBER: u16 = 1 << 5;
/// What says that the number behind it is a house's.
pub(super) const HOUSE: u16 = 1 << 6;
/// What may stand behind a street, or before it: the part of a house.
pub(super) const UNITS: u16 = 1 << 7;
/// Those that stand behind a street of any name.
pub(super) const STRICT_UNITS: u16 = 1 << 8;
/// Small words inside names of streets and towns.
pub(super) const PARTICLES: u16 = 1 << 9;

/// The words of each kind, lower-case, without accents and signs.
#[rustfmt::skip]
const LISTS: &[(u16, &[&str])] = &[
    (FIRST, &[
        "al", "alameda", "aleea", "aleja", "allee", "av", "avda", "avenida", "avenue", "azinhaga", "bd", "boulevard", "bulevardul",
        "calcada", "calle", "camino", "carrera", "carretera", "chemin", "corso", "cours", "estrada", "impasse", "intrarea", "jalan",
        "jl", "largo", "lotissement", "os", "osiedle", "paseo", "piazza", "piazzale", "pl", "plac", "place", "plaza", "praca", "quai",
        "rodovia", "ronda", "route", "rua", "rue", "soseaua", "splaiul", "travessa", "ul", "ulica", "ulitsa", "via", "viale",
        "vicoletto", "vicolo", "вул", "вулиця", "проспект", "ул", "улица",
    ]),
    (LAST, &[
        "alley", "ave", "avenue", "blvd", "boulevard", "broadway", "causeway", "chowk", "cir", "circle", "close", "court", "crescent",
        "ct", "dr", "drive", "expressway", "gardens", "grove", "highway", "hill", "hwy", "lane", "ln", "loop", "marg", "mews",
        "nagar", "parade", "parkway", "pike", "pkwy", "pl", "place", "plaza", "quay", "rd", "road", "row", "sq", "square", "st",
        "street", "ter", "terrace", "trail", "walk", "way",
    ]),
    (BEHIND, &[
        "alle", "alleen", "bulvari", "bulvaris", "cad", "caddesi", "cesta", "dulo", "fasor", "g", "gata", "gate", "gatve", "gatves",
        "iela", "korut", "koz", "krt", "mah", "mahallesi", "mnt", "nabrezi", "namesti", "namestie", "plads", "plass", "pst", "put",
        "rakpart", "setany", "sk", "sok", "sokagi", "sokak", "sugarut", "tanav", "tee", "ter", "tere", "terrasse", "torg", "torv",
        "trida", "u", "ulica", "ulice", "ut", "utca", "utja", "veg", "vei", "vej",
    ]),
    (ALSO, &[
        "al", "alley", "av", "broadway", "camino", "cir", "circle", "close", "cours", "court", "crescent", "ct", "dr", "drive",
        "gardens", "grove", "highway", "hill", "largo", "loop", "mews", "os", "pike", "pl", "plac", "place", "plaza", "ronda",
        "route", "row", "sq", "square", "ter", "terrace", "trail", "via", "walk", "way",
    ]),
    (NEEDS_CODE, &[
        "acceso", "am", "ampliacion", "andador", "apartado", "auf", "avenija", "beco", "borgo", "boulevar", "bp", "c", "calea",
        "callejon", "calzada", "canada", "canale", "carrer", "cerrada", "cesta", "circuito", "circunvalacion", "cite", "continuacion",
        "contrada", "corredor", "cuesta", "diagonal", "drumul", "eje", "esplanade", "faubourg", "fundatura", "gang", "glorieta",
        "hameau", "im", "incrocio", "jardim", "ladeira", "localita", "lungomare", "montee", "parque", "pasadizo", "pasaje", "passage",
        "peatonal", "periferico", "piata", "postboks", "postbus", "postfach", "privada", "prolongacion", "rambla", "rang",
        "residence", "retorno", "rotonda", "salita", "sentier", "square", "str", "strada", "stretto", "trg", "unter", "urbanizacion",
        "vereda", "viaducto", "vial", "viela", "zum", "zur", "алея", "алл", "аллея", "бул", "бульвар", "майдан", "мкр", "наб",
        "набережна", "набережная", "парк", "пер", "переулок", "пл", "площа", "площадь", "пр", "провулок", "проезд", "просп", "проїзд",
        "прт", "сквер", "тупик", "узвіз", "ш", "шосе", "шоссе",
    ]),
    (BEHIND_NUMBER, &[
        "bis", "quater", "ter",
    ]),
    (HOUSE, &[
        "no", "nr", "num", "numero", "буд", "будинок", "д", "дом",
    ]),
    (UNITS, &[
        "apartment", "app", "appartamento", "apt", "apto", "bldg", "blk", "block", "depto", "fl", "flat", "floor", "interno", "lot",
        "piso", "room", "ste", "studio", "suite", "unit", "wohnung", "кв",
    ]),
    (STRICT_UNITS, &[
        "apartment", "apt", "ste", "suite",
    ]),
    (PARTICLES, &[
        "a", "altos", "an", "and", "ap", "au", "aux", "bajos", "bei", "bl", "box", "bus", "col", "d", "da", "das", "de", "degli",
        "dei", "del", "della", "delle", "dello", "dem", "den", "der", "des", "di", "do", "dos", "du", "e", "el", "en", "esc", "esq",
        "este", "et", "fracc", "het", "i", "in", "k", "l", "la", "las", "le", "les", "lo", "lok", "los", "lt", "m", "na", "nad",
        "norte", "nr", "ob", "oeste", "of", "op", "p", "pod", "pri", "s", "sc", "sous", "st", "sur", "ten", "the", "u", "v", "van",
        "ve", "von", "y", "zu",
    ]),
];

const COUNT: usize = {
    let (mut count, mut list) = (0, 0);
    while list < LISTS.len() {
        count += LISTS[list].1.len();
        list += 1;
    }
    count
};

/// Where the words with each first letter begin in [`SORTED`].
static BEGINS: [u16; 33] = {
    let mut begins = [0; 33];
    let mut list = 0;
    while list < LISTS.len() {
        let mut i = 0;
        while i < LISTS[list].1.len() {
            begins[(LISTS[list].1[i].as_bytes()[0] & 0x1f) as usize + 1] += 1;
            i += 1;
        }
        list += 1;
    }
    let mut letter = 0;
    while letter < 32 {
        begins[letter + 1] += begins[letter];
        letter += 1;
    }
    begins
};

/// All words with their kinds, by their first letters.
static SORTED: [(&str, u16); COUNT] = {
    let mut sorted = [("", 0); COUNT];
    let mut next = BEGINS;
    let mut list = 0;
    while list < LISTS.len() {
        let mut i = 0;
        while i < LISTS[list].1.len() {
            let word = LISTS[list].1[i];
            let place = &mut next[(word.as_bytes()[0] & 0x1f) as usize];
            sorted[*place as usize] = (word, LISTS[list].0);
            *place += 1;
            i += 1;
        }
        list += 1;
    }
    sorted
};

/// By the first letter of a word and its last, the lengths that there are, as bits.
static LENGTHS: [u32; 32 * 32] = {
    let mut lengths = [0; 32 * 32];
    let mut i = 0;
    while i < COUNT {
        let word = SORTED[i].0.as_bytes();
        assert!(word.len() < WORD_BYTES_MAX, "a bit for each length");
        lengths[both(word[0], word[word.len() - 1])] |= 1 << word.len();
        i += 1;
    }
    lengths
};

/// The place of two letters, whatever their case.
const fn both(first: u8, last: u8) -> usize {
    (first & 0x1f) as usize * 32 + (last & 0x1f) as usize
}

const WORD_BYTES_MAX: usize = 32;

/// A word in lower case, without accents and signs. None where it is too long for a street's.
struct Folded {
    bytes: [u8; WORD_BYTES_MAX],
    len: usize,
}

impl Folded {
    fn of(text: &[u8]) -> Option<Folded> {
        let mut folded = Folded { bytes: [0; WORD_BYTES_MAX], len: 0 };
        if !text.is_ascii() {
            let words = Words::of(std::str::from_utf8(text).ok()?);
            let word = if words.count == 0 { &[] } else { words.ending(0) };
            folded.bytes.get_mut(..word.len())?.copy_from_slice(word);
            folded.len = word.len();
            return Some(folded);
        }
        for byte in text.iter().filter(|b| b.is_ascii_alphabetic()) {
            *folded.bytes.get_mut(folded.len)? = byte.to_ascii_lowercase();
            folded.len += 1;
        }
        Some(folded)
    }

    fn word(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

fn kinds_of(text: &[u8]) -> u16 {
    let [first, .., last] = text else { return text.first().map_or(0, |letter| kinds_of(&[*letter, b'.'])) };
    if text.iter().any(u8::is_ascii_digit) {
        return 0;
    }
    // Most words end here: none of the lists has one of their length with their first letter and their last.
    let len = text.len() - usize::from(*last == b'.');
    let plain = text[..len].iter().all(u8::is_ascii_alphabetic);
    if plain && (len >= WORD_BYTES_MAX || LENGTHS[both(*first, text[len - 1])] >> len & 1 == 0) {
        return 0;
    }
    let Some(folded) = Folded::of(text) else { return 0 };
    let Some(first) = folded.word().first() else { return 0 };
    let bucket = usize::from(first & 0x1f);
    let among = &SORTED[usize::from(BEGINS[bucket])..usize::from(BEGINS[bucket + 1])];
    among.iter().filter(|(word, _)| word.as_bytes() == folded.word()).fold(0, |kinds, (_, kind)| kinds | kind)
}

/// Endings of the names of streets. German, Dutch, Swedish, Danish, Norwegian, Finnish.
#[rustfmt::skip]
const ENDINGS: &[&str] = &[
    "allee", "chaussee", "damm", "dijk", "gade", "gasse", "gata", "gatan", "gate", "gracht", "kade", "katu", "laan", "platz",
    "plein", "ring", "singel", "str", "straat", "strasse", "tie", "ufer", "vagen", "veien", "vej", "weg",
];

/// Those that other words have as well: they need a town with its postal code.
#[rustfmt::skip]
const ENDINGS_NEEDING_CODE: &[&str] = &[
    "alleen", "allen", "asen", "aukio", "baan", "backen", "bakken", "berget", "boulevard", "bulevardi", "burg", "dreef", "ekra",
    "engen", "faret", "garden", "gjerdet", "graben", "grand", "hagen", "haugen", "haven", "hof", "holtet", "jordet", "kaari",
    "kollen", "kroken", "kuja", "leden", "lia", "linja", "lokka", "lunden", "marka", "marken", "markt", "moen", "myra", "pad",
    "parken", "penger", "plan", "plantsoen", "plassen", "polku", "portti", "promenade", "rain", "raitti", "ranta", "rinne",
    "skogen", "skrenten", "spranget", "steeg", "steig", "stieg", "stien", "stig", "stigen", "straede", "stranda", "stubben",
    "svangen", "svingen", "toften", "toppen", "torget", "tori", "tunet", "vaenge", "veg", "vei", "vollen", "wal", "weide",
    "zeile",
];

/// The endings of streets and of nothing else.
const ENDINGS_ALONE: [&str; 11] =
    ["strasse", "gasse", "straat", "gracht", "laan", "gatan", "vagen", "vej", "gade", "veien", "katu"];

/// What a name of a street asks for besides its number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Needs {
    /// Its word means a street and nothing else.
    Nothing,
    /// A town: `Via Email 1`, `10 Minute Walk`.
    Town,
    /// A town with its postal code: `Canale 5`.
    Code,
}

/// What one word that stands behind the name of a street, or ends it, asks for; `None` where it is none.
pub(super) fn ends_a_street(part: Part<'_>, is_first: bool) -> Option<Needs> {
    if !is_first && part.is_one_of(BEHIND) {
        return Some(Needs::Code);
    }
    if !may_end_a_street(part.text) {
        return None;
    }
    let folded = Folded::of(part.text)?;
    let word = folded.word();
    let last = *word.last()?;
    let has = |endings: &[&str]| {
        endings.iter().any(|ending| {
            let ending = ending.as_bytes();
            ending[ending.len() - 1] == last
                && (word.len() >= ending.len() + 3 || ending.len() >= 5)
                && word.ends_with(ending)
        })
    };
    match () {
        () if !has(ENDINGS) => has(ENDINGS_NEEDING_CODE).then_some(Needs::Code),
        () if ENDINGS_ALONE.iter().any(|ending| word.ends_with(ending.as_bytes())) => Some(Needs::Nothing),
        () => Some(Needs::Town),
    }
}

/// By the last letter of an ending, the letters before it, as bits.
static LAST_TWO: [u32; 32] = {
    let mut letters = [0; 32];
    let lists = [ENDINGS, ENDINGS_NEEDING_CODE];
    let mut i = 0;
    while i < ENDINGS.len() + ENDINGS_NEEDING_CODE.len() {
        let ending = if i < ENDINGS.len() { lists[0][i] } else { lists[1][i - ENDINGS.len()] }.as_bytes();
        letters[(ending[ending.len() - 1] & 0x1f) as usize] |= 1 << (ending[ending.len() - 2] & 0x1f);
        i += 1;
    }
    letters
};

/// Whether a part can have one of the endings. One that is not of letters alone is folded first.
fn may_end_a_street(part: &[u8]) -> bool {
    match part {
        [.., before, last] if part.iter().all(u8::is_ascii_alphabetic) => {
            LAST_TWO[usize::from(last & 0x1f)] >> (before & 0x1f) & 1 == 1
        }
        _ => part.len() > 1,
    }
}

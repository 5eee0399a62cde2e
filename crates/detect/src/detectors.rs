//! The list of detectors: one file each, and one line each here. Order matters only between findings of equal strength.
//!
//! A detector says what must be true of a leaf for it to run (`signals` of the gate, or `facts` of the key) and looks either at
//! the whole text or at each run of digit groups.

use std::ops::Range;

use crate::digits::Run;
use crate::facts::PathFacts;
use crate::gate::signal;
use crate::leaf::{Leaf, Output};

pub(crate) mod address;
pub(crate) mod anchored;
pub(crate) mod birth_date;
pub(crate) mod device_id;
pub(crate) mod email;
pub(crate) mod exception;
pub(crate) mod free_text;
pub(crate) mod home_path;
pub(crate) mod iban;
pub(crate) mod identifiers;
pub(crate) mod ids;
pub(crate) mod ip_v4;
pub(crate) mod ip_v6;
pub(crate) mod keyed;
pub(crate) mod location;
pub(crate) mod mac;
pub(crate) mod mrz;
pub(crate) mod name;
pub(crate) mod payment_card;
pub(crate) mod phone;
pub(crate) mod prompt;
pub(crate) mod secret_assigned;
pub(crate) mod secret_entropy;
pub(crate) mod secret_keyed;
pub(crate) mod secrets;
pub(crate) mod stack_trace;
pub(crate) mod url_credentials;
pub(crate) mod us_ssn;
pub(crate) mod uuid;

/// One detector.
pub(crate) struct Detector {
    /// Its stable name in findings and docs.
    pub(crate) name: &'static str,
    /// It runs where the gate gives any of these signals,
    pub(crate) signals: u32,
    /// or where the key gives any of these hints.
    pub(crate) facts: PathFacts,
    /// What it does.
    pub(crate) find: Find,
}

/// How a detector looks at a leaf.
pub(crate) enum Find {
    /// At the whole text.
    Text(fn(&Leaf<'_>, &mut Output<'_>)),
    /// At each run of digit groups.
    Digits(fn(&Leaf<'_>, &Run<'_>, &mut Output<'_>)),
    /// At each UUID, which the walk over digits steps over.
    Uuid(fn(&Leaf<'_>, Range<usize>, &mut Output<'_>)),
}

/// The places in [`DETECTORS`] that these signals and hints ask for, as bits: so that a leaf costs its own detectors and not all.
#[inline]
pub(crate) fn wanted(signals: u32, facts: PathFacts) -> u32 {
    // Of the signals that detectors ask for, eight at a time.
    let by_signal = |shift: u32, i: usize| BY_SIGNALS[i][(signals >> shift) as usize & 0xff];
    let mut wanted = by_signal(0, 0) | by_signal(8, 1) | by_signal(16, 2);
    let mut facts = facts.only(ASKED).bits();
    while facts != 0 {
        wanted |= BY_FACT[facts.trailing_zeros() as usize];
        facts &= facts - 1;
    }
    if cfg!(weir_first_detectors) { wanted & FIRST } else { wanted }
}

/// The first detectors of all, with five vendors' credentials, as bits: what the benchmark compares all others with.
const FIRST: u32 = {
    let mut bits = 0;
    let mut i = 0;
    while i < DETECTORS.len() {
        let name = DETECTORS[i].name.as_bytes();
        let first = matches!(
            name,
            b"url_credentials"
                | b"email"
                | b"payment_card"
                | b"us_ssn"
                | b"ip_v4"
                | b"phone"
                | b"uuid"
                | b"iban"
                | b"ip_v6"
                | b"mac"
                | b"anchored"
        );
        bits |= (first as u32) << i;
        i += 1;
    }
    bits
};

/// For each eight signals, the detectors that each set of them asks for. None asks for the highest eight: they are signs.
static BY_SIGNALS: [[u32; 256]; 3] = {
    let mut tables = [[0; 256]; 3];
    let mut detector = 0;
    while detector < DETECTORS.len() {
        assert!(DETECTORS[detector].signals & signal::SIGNS == 0, "signs ask for no detector");
        let mut i = 0;
        while i < 3 * 256 {
            let (table, set) = (i / 256, i % 256);
            let asks = DETECTORS[detector].signals >> (8 * table) & set as u32 != 0;
            tables[table][set] |= (asks as u32) << detector;
            i += 1;
        }
        detector += 1;
    }
    tables
};

/// Every hint that asks for a detector.
const ASKED: PathFacts = {
    let (mut asked, mut i) = (PathFacts::NONE, 0);
    while i < DETECTORS.len() {
        asked = asked.and(DETECTORS[i].facts);
        i += 1;
    }
    asked
};

static BY_FACT: [u32; 64] = {
    assert!(DETECTORS.len() <= 32, "one bit each");
    let mut table = [0; 64];
    let mut i = 0;
    while i < DETECTORS.len() * 64 {
        let (detector, bit) = (i / 64, i % 64);
        table[bit] |= ((DETECTORS[detector].facts.bits() >> bit & 1) as u32) << detector;
        i += 1;
    }
    table
};

const NO_FACTS: PathFacts = PathFacts::NONE;
/// With dashes an adapter's address has capitals or digits enough.
const COLONS_OR_MIXED: u32 = signal::COLONS | signal::MIXED;
const DIGITS_OR_NUMBER: u32 = signal::DIGITS | signal::NUMBER;

/// Frames have colons, lines of a log words.
const PATHS: u32 = signal::HOME | signal::COLONS | signal::WORDS;

/// The walk that all anchored formats share; its findings carry the names of their owners.
const ANCHORED: &str = "anchored";

/// The names of all detectors.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    let by_hand = DETECTORS.iter().map(|detector| detector.name).filter(|name| ![ANCHORED, keyed::LIST].contains(name));
    let keyed = keyed::CLASSES.iter().map(|class| class.name);
    by_hand.chain(ids::IDS.iter().map(|id| id.name)).chain(anchored::names()).chain(keyed)
}

/// Every detector.
#[rustfmt::skip]
pub(crate) const DETECTORS: &[Detector] = &[
    Detector { name: "url_credentials", signals: signal::AT,     facts: NO_FACTS,               find: Find::Text(url_credentials::find) },
    Detector { name: "email",           signals: signal::AT,     facts: PathFacts::EMAIL,       find: Find::Text(email::find) },
    Detector { name: "payment_card",    signals: DIGITS_OR_NUMBER, facts: PathFacts::CARD,      find: Find::Digits(payment_card::find) },
    Detector { name: "us_ssn",          signals: signal::DIGITS, facts: PathFacts::NATIONAL_ID, find: Find::Digits(us_ssn::find) },
    Detector { name: "ip_v4",           signals: signal::DIGITS, facts: PathFacts::IP,          find: Find::Digits(ip_v4::find) },
    Detector { name: "phone",           signals: signal::DIGITS, facts: PathFacts::PHONE,       find: Find::Digits(phone::find) },
    Detector { name: "uuid",            signals: signal::DIGITS, facts: NO_FACTS,               find: Find::Uuid(uuid::find) },
    Detector { name: "iban",            signals: signal::ACCOUNT, facts: PathFacts::BANK,        find: Find::Text(iban::find) },
    Detector { name: "mrz",             signals: signal::ACCOUNT, facts: PathFacts::PASSPORT,    find: Find::Text(mrz::find) },
    Detector { name: "ip_v6",           signals: signal::COLONS, facts: PathFacts::IP,          find: Find::Text(ip_v6::find) },
    Detector { name: "mac",             signals: COLONS_OR_MIXED, facts: PathFacts::DEVICE_ID,   find: Find::Text(mac::find) },
    Detector { name: ANCHORED,          signals: signal::MIXED,  facts: PathFacts::SECRET,      find: Find::Text(anchored::find) },
    Detector { name: "secret_keyed",    signals: 0,              facts: PathFacts::SECRET,      find: Find::Text(secret_keyed::find) },
    Detector { name: "secret_assigned", signals: signal::ASSIGNED, facts: NO_FACTS,             find: Find::Text(secret_assigned::find) },
    Detector { name: "secret_entropy",  signals: signal::MIXED,  facts: NO_FACTS,               find: Find::Text(secret_entropy::find) },
    Detector { name: "location",        signals: signal::DECIMALS, facts: PathFacts::GEO,         find: Find::Text(location::find) },
    Detector { name: "address",         signals: signal::STREET,              facts: PathFacts::ADDRESS,     find: Find::Text(address::find) },
    Detector { name: "name",            signals: signal::NAME,              facts: name::FACTS,        find: Find::Text(name::find) },
    Detector { name: "prompt",          signals: 0,              facts: PathFacts::PROMPT,      find: Find::Text(prompt::find) },
    Detector { name: "exception",       signals: 0,              facts: PathFacts::ALWAYS_TEXT, find: Find::Text(exception::find) },
    Detector { name: "stack_trace",     signals: signal::FRAMES,  facts: NO_FACTS,               find: Find::Text(stack_trace::find) },
    Detector { name: "free_text",       signals: signal::WORDS,  facts: free_text::FACTS,       find: Find::Text(free_text::find) },
    Detector { name: "home_path",       signals: PATHS,          facts: NO_FACTS,               find: Find::Text(home_path::find) },
    Detector { name: "birth_date",      signals: 0,              facts: PathFacts::BIRTH,       find: Find::Text(birth_date::find) },
    Detector { name: "device_id",       signals: 0,              facts: PathFacts::DEVICE_ID,   find: Find::Text(device_id::find) },
    Detector { name: keyed::LIST,       signals: 0,              facts: keyed::FACTS,           find: Find::Text(keyed::find) },
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn each_detector_runs_where_its_signals_or_its_hints_are(signals in any::<u32>(), facts in any::<u64>()) {
            let facts = (0..64).filter(|bit| facts >> bit & 1 == 1).fold(PathFacts::NONE, |set, bit| set.and(PathFacts::of_bit(bit)));
            let asked = |d: &Detector| d.signals & signals != 0 || d.facts.has(facts);
            let expected = DETECTORS.iter().enumerate().filter(|(_, d)| asked(d)).fold(0, |set, (i, _)| set | 1 << i);
            prop_assert_eq!(wanted(signals, facts), expected);
        }
    }
}

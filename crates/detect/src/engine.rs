//! How one leaf is scanned.
//!
//! The gate counts classes of bytes in one pass; most leaves end there. What the counts hint at, and what the key says, chooses the
//! detectors that run. Where the leaf hides other values (percent-encoding, JSON in a string, base64) it is decoded and
//! looked at again: at most two levels deep, at most twice the leaf's bytes in all, in buffers that a thread keeps.

use std::cell::Cell;

use weir_event::{Category, Finding, LeafKind, Likelihood, NameEntry};

use crate::agent;
use crate::bytes;
use crate::decode;
use crate::detectors::{DETECTORS, Detector, Find, home_path, keyed, names, uuid, wanted};
use crate::digits::{Met, all_hexadecimal, for_each_run, starts_with_uuid};
use crate::embedded::for_each_field;
use crate::facts::PathFacts;
use crate::gate::{self, signal};
use crate::leaf::{Leaf, Output};
use crate::own::Known;
use crate::shapes;

/// All detectors behind one call. Holds no state: tables are compiled in, so making one costs nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Engine;

/// What the hints announce whose detectors have code of their own; the others are in [`keyed::CLASSES`].
const OF_NAMES: &[(PathFacts, Category, Likelihood)] = &[
    (PathFacts::EMAIL, Category::ContactEmail, Likelihood::Likely),
    (PathFacts::PHONE, Category::ContactPhone, Likelihood::Likely),
    (PathFacts::ADDRESS, Category::ContactAddress, Likelihood::Likely),
    (PathFacts::NAME, Category::Name, Likelihood::Likely),
    (PathFacts::NAME_VAGUE, Category::Name, Likelihood::Possible),
    (PathFacts::CARD, Category::CreditCard, Likelihood::Likely),
    (PathFacts::BANK, Category::BankAccount, Likelihood::Likely),
    (PathFacts::IP, Category::IpAddress, Likelihood::Likely),
    (PathFacts::DEVICE_ID, Category::DeviceId, Likelihood::Likely),
    (PathFacts::GEO, Category::LocationPrecise, Likelihood::Likely),
    (PathFacts::BIRTH, Category::DateOfBirth, Likelihood::Likely),
    (PathFacts::SECRET, Category::Secret, Likelihood::Likely),
    (PathFacts::TEXT, Category::FreeText, Likelihood::Possible),
    (PathFacts::ALWAYS_TEXT, Category::FreeText, Likelihood::VeryLikely),
];

/// Levels of decoding.
const DEPTH_MAX: u32 = 2;
/// No identifier that is known by its form alone is shorter: a time.
const PLAIN_BYTES_MIN: usize = 20;
const UUID_BYTES: usize = 36;
/// No class without a key is shorter than this: `a@b.co`.
const TEXT_BYTES_MIN: usize = 6;
/// No card is shorter.
const NUMBER_BYTES_MIN: usize = 12;

impl Engine {
    /// The engine with every detector of the list.
    pub const fn new() -> Engine {
        Engine
    }

    /// The version of the detectors. Stored with each record, so that release can rescan what an older one saw (D16).
    pub const fn version(&self) -> u32 {
        4
    }

    /// The stable names of the detectors, as findings carry them.
    pub fn detectors(&self) -> impl Iterator<Item = &'static str> {
        names()
    }

    /// What a path's name says about its values: once per path, to be kept beside the [`weir_event::NameId`].
    pub fn path_facts(&self, entry: &NameEntry) -> PathFacts {
        PathFacts::of_path(entry.text)
    }

    /// What a path's name alone announces, before any value was seen, and how sure it is.
    pub fn path_categories(&self, facts: &PathFacts) -> impl Iterator<Item = (Category, Likelihood)> + use<> {
        let facts = *facts;
        let certain = facts.has(PathFacts::CERTAIN);
        let of_keyed = keyed::CLASSES.iter().map(move |class| (class.facts, class.category, class.sure(facts)));
        let announced = OF_NAMES.iter().copied().chain(of_keyed).filter(move |(fact, ..)| {
            facts.has(*fact) && !(*fact == PathFacts::NAME_VAGUE && facts.has(PathFacts::NAME))
        });
        announced.map(move |(_, category, sure)| (category, if certain { Likelihood::VeryLikely } else { sure }))
    }

    /// Appends what is found in one leaf. Strings, numbers and map keys are scanned; other kinds hold nothing.
    #[inline]
    pub fn scan(&self, facts: PathFacts, kind: LeafKind, text: &[u8], found: &mut Vec<Finding>) {
        if let Some(signals) = signals_of(facts, kind, text) {
            scan_closer(Known::default(), 0, facts, kind, text, signals, found);
        }
    }

    /// [`Engine::scan`] with detectors of the configuration.
    #[inline]
    pub fn scan_knowing(
        &self,
        known: Known<'_>,
        facts: PathFacts,
        kind: LeafKind,
        text: &[u8],
        found: &mut Vec<Finding>,
    ) {
        let own = if kind.has_text() { known.wanted(text) } else { 0 };
        match signals_of(facts, kind, text) {
            Some(signals) => scan_closer(known, own, facts, kind, text, signals, found),
            None if own != 0 => scan_closer(known, own, facts, kind, text, 0, found),
            None => {}
        }
    }

    /// How far a leaf goes: for the benchmark.
    #[doc(hidden)]
    pub fn tier(&self, facts: PathFacts, kind: LeafKind, text: &[u8]) -> Tier {
        let Some(signals) = signals_of(facts, kind, text) else { return Tier::Gate };
        let has = |signs: u32| signals & signs != 0;
        let coded = has(signal::HAS_PERCENT | signal::HAS_BACKSLASH)
            || text.contains(&b'"')
            || (has(signal::HAS_EQUALS) && text.contains(&b'+'));
        match signals {
            _ if signals & signal::STRUCTURE != 0 && coded => Tier::Decoded,
            _ if signals & signal::BASE64 != 0 && decode::may_be_base64_text(text) => Tier::Decoded,
            _ => Tier::Parsed,
        }
    }
}

/// How far a leaf goes.
#[doc(hidden)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tier {
    /// It ends at the gate.
    Gate,
    /// Detectors look at it.
    Parsed,
    /// And at what is inside it.
    Decoded,
}

/// What the gate says of a leaf; `None` where nothing has to look closer.
#[inline(always)]
fn signals_of(facts: PathFacts, kind: LeafKind, text: &[u8]) -> Option<u32> {
    let silent = facts.is_silent();
    let signals = match kind {
        LeafKind::String | LeafKind::MapKey if silent && text.len() < TEXT_BYTES_MIN => return None,
        LeafKind::String | LeafKind::MapKey => {
            if text.len() >= PLAIN_BYTES_MIN && is_plain_identifier(text) {
                match silent && text.len() != UUID_BYTES {
                    true => return None,
                    false => signal::PLAIN | signal::HAS_DASHES | signal::HAS_SEPARATORS,
                }
            } else if agent::is_plain(text) {
                // Whatever a key asks for looks everywhere.
                signal::SIGNS
            } else {
                let signals = gate::signals(text);
                let may_begin = signals & (signal::HAS_SLASH | signal::HAS_BACKSLASH) != 0;
                signals | if may_begin && home_path::begins(text) { signal::HOME } else { 0 }
            }
        }
        LeafKind::Number if text.len() >= NUMBER_BYTES_MIN || text.iter().any(|b| b | 0x20 == b'e') => {
            signal::NUMBER | signal::SHAPES
        }
        LeafKind::Number => 0,
        _ => return None,
    };
    // The benchmark's comparison: what only later detectors look for is nothing.
    let signals = if cfg!(weir_first_detectors) { signals & signal::OF_FIRST } else { signals };
    (!(text.is_empty() || silent && signals & !signal::SIGNS == 0)).then_some(signals)
}

/// What is found in a text whose form says that there is nothing: for the tests of such forms.
#[cfg(test)]
pub(crate) fn scan_all_the_same(text: &[u8]) -> Vec<Finding> {
    let mut found = Vec::new();
    scan_closer(Known::default(), 0, PathFacts::NONE, LeafKind::String, text, gate::signals(text), &mut found);
    found
}

#[inline(never)]
fn scan_closer(
    known: Known<'_>,
    own: u64,
    facts: PathFacts,
    kind: LeafKind,
    text: &[u8],
    signals: u32,
    found: &mut Vec<Finding>,
) {
    let is_number = kind == LeafKind::Number;
    let is_plain = signals & signal::PLAIN != 0;
    let mut out = Output::new(found, text.len());
    out.known = known;
    if own != 0 {
        out.run_own(own, text);
    }
    let mut expanded = [0; 24];
    if is_number && let Some(len) = expand_exponent(text, &mut expanded) {
        let leaf = Leaf { text: &expanded[..len], facts, is_number, signs: 0, first_blocks: &[] };
        out.decoded(|out| run_detectors(&leaf, signals, out));
        return;
    }
    let signals = match text {
        _ if is_number => signals,
        _ if is_plain => {
            if text.len() == UUID_BYTES {
                out.detector = "uuid";
                let leaf = Leaf { text, facts, is_number, signs: signal::HAS_DASHES, first_blocks: &[] };
                uuid::find(&leaf, 0..UUID_BYTES, &mut out);
            }
            signals & signal::SIGNS
        }
        // The longest leaf of most events, full of numbers: no account, place, running text or base64 stands in one.
        [b'M', b'o', b'z', b'i', b'l', b'l', b'a', b'/', b'5', ..] if ends_as_a_user_agent(text) => {
            signals
                & !(signal::ACCOUNT
                    | signal::SHAPES
                    | signal::DECIMALS
                    | signal::BASE64
                    | signal::WORDS
                    | signal::FRAMES)
        }
        _ => signals,
    };
    if signals & !signal::SIGNS == 0 && facts.is_silent() {
        return;
    }
    let leaf = Leaf { text, facts, is_number, signs: signals & signal::SIGNS, first_blocks: &[] };
    run_detectors(&leaf, signals, &mut out);
    if signals & OF_INSIDE != 0 {
        let mut budget = Budget { percent: 2 * text.len(), escapes: 2 * text.len(), base64: 2 * text.len() };
        look_inside(&leaf, signals, &mut out, 0, &mut budget);
    }
    out.resolve_overlaps();
}

/// Bytes that each way of decoding may still read. Each has its own, so that one cannot keep another from looking: in all at most six
/// times the leaf.
struct Budget {
    percent: usize,
    escapes: usize,
    base64: usize,
}

/// Takes one of the budgets.
type Of = fn(&mut Budget) -> &mut usize;

/// What says that a text may hide another one, or hold keys.
const OF_INSIDE: u32 = signal::STRUCTURE | signal::BASE64;

/// Goes into what a text hides, after the detectors have seen the text itself.
fn look_inside(leaf: &Leaf<'_>, signals: u32, out: &mut Output<'_>, depth: u32, budget: &mut Budget) {
    if signals & signal::STRUCTURE != 0 {
        look_at_fields(leaf, out);
    }
    if depth == DEPTH_MAX {
        return;
    }
    if signals & signal::STRUCTURE != 0 {
        let is_form = leaf.may_have(signal::HAS_EQUALS);
        if leaf.may_have(signal::HAS_PERCENT)
            || (is_form && leaf.may_have(signal::HAS_SPACE) && leaf.text.contains(&b'+'))
        {
            let undo = |text: &[u8], buffer: &mut Vec<u8>| decode::percent(text, is_form, buffer);
            look_decoded(leaf, out, depth, budget, |budget| &mut budget.percent, undo);
        }
        if leaf.may_have(signal::HAS_BACKSLASH) {
            look_decoded(leaf, out, depth, budget, |budget| &mut budget.escapes, decode::json_escapes);
        }
    }
    if signals & signal::BASE64 != 0 {
        look_at_base64(leaf, out, depth, budget);
    }
}

/// What detectors that walk over words and digits ask for.
const OF_WORDS: u32 = signal::SHAPES | signal::DIGITS | signal::MIXED | signal::ACCOUNT;

#[inline]
fn run_detectors(leaf: &Leaf<'_>, signals: u32, out: &mut Output<'_>) {
    match signals & OF_WORDS {
        0 => run_wanted(leaf, signals, out),
        _ => bytes::with_first_blocks(leaf.text, |first_blocks| {
            run_wanted(&Leaf { first_blocks, ..*leaf }, signals, out);
        }),
    }
}

fn run_wanted(leaf: &Leaf<'_>, signals: u32, out: &mut Output<'_>) {
    if !cfg!(weir_first_detectors) && (signals & signal::SHAPES != 0 || leaf.facts.has(shapes::FACTS)) {
        shapes::find(leaf, out);
    }
    const NONE: Option<&Detector> = None;
    let mut of_digits = [NONE; 8];
    let mut count = 0;
    let mut wanted = wanted(signals, leaf.facts);
    while wanted != 0 {
        let detector = &DETECTORS[wanted.trailing_zeros() as usize];
        wanted &= wanted - 1;
        match detector.find {
            Find::Text(find) => {
                out.detector = detector.name;
                find(leaf, out);
            }
            Find::Digits(_) | Find::Uuid(_) => {
                of_digits[count] = Some(detector);
                count += 1;
            }
        }
    }
    if count == 0 {
        return;
    }
    for_each_run(leaf.text, leaf.blocks(), leaf.may_have(signal::HAS_DASHES), |met| {
        for detector in of_digits[..count].iter().flatten() {
            match (&met, &detector.find) {
                (Met::Run(run), Find::Digits(find)) => {
                    out.detector = detector.name;
                    find(leaf, run, out);
                }
                (Met::Uuid(place), Find::Uuid(find)) => {
                    out.detector = detector.name;
                    find(leaf, place.clone(), out);
                }
                _ => {}
            }
        }
    });
}

/// Keys inside the text: only the detectors that the key asks for run on its value, the others have seen it.
fn look_at_fields(leaf: &Leaf<'_>, out: &mut Output<'_>) {
    if !leaf.may_have(signal::HAS_OPEN | signal::HAS_EQUALS) {
        return;
    }
    let base = out.offset;
    for_each_field(leaf.text, |facts, value, is_number| {
        out.offset = base + value.start as u32;
        run_detectors(
            &Leaf { text: &leaf.text[value], facts, is_number, signs: leaf.signs, first_blocks: &[] },
            0,
            out,
        );
    });
    out.offset = base;
}

fn look_decoded(
    leaf: &Leaf<'_>,
    out: &mut Output<'_>,
    depth: u32,
    budget: &mut Budget,
    of: Of,
    decode: impl FnOnce(&[u8], &mut Vec<u8>) -> bool,
) {
    let left = of(budget);
    if leaf.text.len() > *left {
        return;
    }
    *left -= leaf.text.len();
    with_buffer(|buffer| {
        if decode(leaf.text, buffer) {
            let signals = gate::signals(buffer);
            let inner = Leaf { text: buffer, signs: signals & signal::SIGNS, ..*leaf };
            out.decoded(|out| {
                let own = out.known.wanted(inner.text);
                if own != 0 {
                    out.run_own(own, inner.text);
                }
                run_detectors(&inner, signals, out);
                if signals & OF_INSIDE != 0 {
                    look_inside(&inner, signals, out, depth + 1, budget);
                }
            });
        }
    });
}

fn look_at_base64(leaf: &Leaf<'_>, out: &mut Output<'_>, depth: u32, budget: &mut Budget) {
    let text = leaf.text;
    let mut at = 0;
    // A run that is long enough holds the last byte of the next sixteen, so most bytes are not looked at.
    while let Some(next) = text.get(at..at + decode::BASE64_BYTES_MIN) {
        if let Some(gap) = next.iter().rposition(|b| !decode::is_base64(*b)) {
            at += gap + 1;
            continue;
        }
        let len = text[at..].iter().position(|b| !decode::is_base64(*b)).unwrap_or(text.len() - at);
        let run = &text[at..at + len];
        at += len;
        // A path's or a prefix's last part may be the base64, not the whole run: `/v1/YWRh…`, `data_YWRh…`.
        let last = last_part(run);
        let parts = [Some(run), (last.len() < run.len()).then_some(last)];
        for part in parts.into_iter().flatten() {
            if !decode::may_be_base64_text(part) {
                continue;
            }
            let undo = |text: &[u8], buffer: &mut Vec<u8>| decode::base64_text(text, buffer);
            look_decoded(&Leaf { text: part, ..*leaf }, out, depth, budget, |budget| &mut budget.base64, undo);
            break;
        }
    }
}

fn last_part(run: &[u8]) -> &[u8] {
    run.rsplit(|b| matches!(b, b'/' | b'_' | b'-' | b'+')).next().unwrap_or_default()
}

/// A whole leaf that is a UUID, a digest, a trace id or a time: what it holds is no one's number.
fn is_plain_identifier(text: &[u8]) -> bool {
    match text.len() {
        36 => starts_with_uuid(text),
        32 | 40 | 64 => text[0].is_ascii_hexdigit() && all_hexadecimal(text),
        55 if text[2] == b'-' && text[35] == b'-' => text.iter().all(|b| b.is_ascii_hexdigit() || *b == b'-'),
        20..=35 if text[4] == b'-' => is_time(text),
        _ => false,
    }
}

/// `2026-11-21T23:19:38`, with up to nine digits of a second, and a zone.
fn is_time(text: &[u8]) -> bool {
    const SHAPE: &[u8; 19] = b"0000-00-00T00:00:00";
    let Some((head, rest)) = text.split_first_chunk::<19>() else { return false };
    let fits = |(byte, shape): (&u8, &u8)| match shape {
        b'0' => byte.is_ascii_digit(),
        b'T' => matches!(byte, b'T' | b' '),
        other => byte == other,
    };
    if !head.iter().zip(SHAPE).all(fits) {
        return false;
    }
    let digits = |text: &[u8]| text.iter().take_while(|b| b.is_ascii_digit()).count();
    let zone = match rest {
        [b'.', rest @ ..] if (1..=9).contains(&digits(rest)) => &rest[digits(rest)..],
        other => other,
    };
    match zone {
        [] | [b'Z'] => true,
        [b'+' | b'-', hours @ ..] => match hours.len() {
            2 | 4 => digits(hours) == hours.len(),
            5 => digits(hours) == 2 && hours[2] == b':' && digits(&hours[3..]) == 2,
            _ => false,
        },
        _ => false,
    }
}

/// The last word of a user agent names a program and its version, or closes a bracket: nobody has written on behind it.
fn ends_as_a_user_agent(text: &[u8]) -> bool {
    let last = text.rsplit(|b| *b == b' ').next().unwrap_or_default();
    last.contains(&b'/') || matches!(last, [.., b')' | b']'])
}

/// `4.111111111111111e15` as `4111111111111111`; `None` for a number without an exponent, or one that is no whole number of
/// at most 20 digits.
fn expand_exponent(text: &[u8], out: &mut [u8; 24]) -> Option<usize> {
    let mark = text.iter().position(|b| b | 0x20 == b'e')?;
    let exponent: usize = std::str::from_utf8(text.get(mark + 1..)?).ok()?.trim_start_matches('+').parse().ok()?;
    let mantissa = text[..mark].strip_prefix(b"-").unwrap_or(&text[..mark]);
    let dot = mantissa.iter().position(|b| *b == b'.').unwrap_or(mantissa.len());
    let fraction = mantissa.len().saturating_sub(dot + 1);
    let whole = dot.checked_add(exponent)?;
    if whole > 20 || fraction > exponent {
        return None;
    }
    let digits = mantissa.iter().filter(|b| **b != b'.').copied().chain(std::iter::repeat(b'0'));
    for (to, digit) in out.iter_mut().zip(digits.take(whole)) {
        *to = digit;
    }
    Some(whole)
}

/// A buffer larger than this is given back to the system.
const BUFFER_BYTES_KEPT_MAX: usize = 256 * 1024;

thread_local! {
    static BUFFERS: [Cell<Vec<u8>>; DEPTH_MAX as usize] = const { [const { Cell::new(Vec::new()) }; DEPTH_MAX as usize] };
}

/// Lends one of the thread's buffers, which is emptied of what was decoded afterwards.
fn with_buffer(work: impl FnOnce(&mut Vec<u8>)) {
    BUFFERS.with(|buffers| {
        let taken = buffers.iter().map(Cell::take).find(|buffer| buffer.capacity() > 0);
        let mut buffer = taken.unwrap_or_default();
        work(&mut buffer);
        buffer.fill(0);
        buffer.clear();
        if buffer.capacity() <= BUFFER_BYTES_KEPT_MAX {
            for slot in buffers {
                let other = slot.take();
                if other.capacity() == 0 {
                    slot.set(buffer);
                    break;
                }
                slot.set(other);
            }
        }
    });
}

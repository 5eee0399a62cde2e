//! The text that every match of an expression holds, and finding many such texts in one pass.

use regex_syntax::hir::{Class, Hir, HirKind};

/// A shorter text is in too many leaves to save anything.
const BYTES_MIN: usize = 3;
/// An expression with more ways than this has no text of its own.
const WAYS_MAX: usize = 32;

/// Texts of which every match holds at least one, in lower case; `None` where there are none worth looking for.
pub(super) fn required(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    let best = of(hir)?;
    (shortest(&best) >= BYTES_MIN && best.len() <= WAYS_MAX).then_some(best)
}

/// How many digits every match holds.
pub(super) fn digits(hir: &Hir) -> u32 {
    match hir.kind() {
        HirKind::Literal(text) => text.0.iter().filter(|b| b.is_ascii_digit()).count() as u32,
        HirKind::Class(Class::Bytes(class)) => {
            u32::from(class.ranges().iter().all(|r| r.start() >= b'0' && r.end() <= b'9'))
        }
        HirKind::Repetition(repetition) => repetition.min.saturating_mul(digits(&repetition.sub)),
        HirKind::Capture(capture) => digits(&capture.sub),
        HirKind::Concat(parts) => parts.iter().map(digits).fold(0, u32::saturating_add),
        HirKind::Alternation(ways) => ways.iter().map(digits).min().unwrap_or(0),
        _ => 0,
    }
}

fn of(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    match hir.kind() {
        HirKind::Literal(text) => Some(vec![text.0.to_ascii_lowercase()]),
        HirKind::Capture(capture) => of(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => of(&repetition.sub),
        HirKind::Concat(parts) => {
            let mut best: Option<Vec<Vec<u8>>> = None;
            let mut consider = |found: Vec<Vec<u8>>| {
                if best.as_ref().is_none_or(|best| shortest(best) < shortest(&found)) {
                    best = Some(found);
                }
            };
            let mut run = Vec::new();
            for part in parts {
                match (part.kind(), letter(part)) {
                    (HirKind::Literal(text), _) => run.extend(text.0.to_ascii_lowercase()),
                    (_, Some(letter)) => run.push(letter),
                    // Looking around between two texts leaves them beside each other.
                    (HirKind::Look(_), _) => {}
                    _ => {
                        consider(vec![std::mem::take(&mut run)]);
                        if let Some(found) = of(part) {
                            consider(found);
                        }
                    }
                }
            }
            consider(vec![run]);
            best
        }
        HirKind::Alternation(ways) => {
            let mut all = Vec::new();
            for way in ways {
                all.extend(of(way)?);
            }
            Some(all)
        }
        _ => letter(hir).map(|letter| vec![vec![letter]]),
    }
}

/// `[Aa]`: what a letter is where case does not matter.
fn letter(hir: &Hir) -> Option<u8> {
    let HirKind::Class(Class::Bytes(class)) = hir.kind() else { return None };
    let single = |r: &regex_syntax::hir::ClassBytesRange| r.start() == r.end();
    match class.ranges() {
        [upper, lower] if single(upper) && single(lower) && upper.start().to_ascii_lowercase() == lower.start() => {
            Some(lower.start())
        }
        _ => None,
    }
}

fn shortest(texts: &[Vec<u8>]) -> usize {
    texts.iter().map(Vec::len).min().unwrap_or(0)
}

/// Many texts, looked for in one pass: the first three bytes of each choose a bit of a table that stays in the processor's cache.
#[derive(Debug, Default)]
pub(super) struct Literals {
    bits: Option<Box<[u64; SLOTS / 64]>>,
    /// By slot: the text and whose it is.
    texts: Box<[(u16, Vec<u8>, u64)]>,
}

const SLOTS: usize = 4_096;

impl Literals {
    /// Of these texts, in lower case, of at least three bytes.
    pub(super) fn new(texts: Vec<(Vec<u8>, u64)>) -> Literals {
        let mut bits = Box::new([0; SLOTS / 64]);
        let mut by_slot: Vec<(u16, Vec<u8>, u64)> = Vec::new();
        for (text, whose) in texts {
            let Some(head) = text.first_chunk::<3>() else { continue };
            let slot = slot(*head);
            bits[slot / 64] |= 1 << (slot % 64);
            by_slot.push((slot as u16, text, whose));
        }
        by_slot.sort_unstable();
        Literals { bits: (!by_slot.is_empty()).then_some(bits), texts: by_slot.into() }
    }

    /// Whose texts stand in this one.
    #[inline]
    pub(super) fn find(&self, text: &[u8]) -> u64 {
        let Some(bits) = &self.bits else { return 0 };
        let mut found = 0;
        for (at, head) in text.array_windows::<3>().enumerate() {
            let slot = slot(head.map(|b| b.to_ascii_lowercase()));
            if bits[slot / 64] >> (slot % 64) & 1 == 1 {
                found |= self.at(slot, &text[at..]);
            }
        }
        found
    }

    #[cold]
    fn at(&self, slot: usize, text: &[u8]) -> u64 {
        let first = self.texts.partition_point(|(of, ..)| usize::from(*of) < slot);
        let here = self.texts[first..].iter().take_while(|(of, ..)| usize::from(*of) == slot);
        let stands = |literal: &[u8]| text.get(..literal.len()).is_some_and(|head| head.eq_ignore_ascii_case(literal));
        here.filter(|(_, literal, _)| stands(literal)).fold(0, |whose, (.., of)| whose | of)
    }
}

#[inline]
fn slot([a, b, c]: [u8; 3]) -> usize {
    let whole = u32::from(a) | u32::from(b) << 8 | u32::from(c) << 16;
    (whole.wrapping_mul(0x9E37_79B1) >> 20) as usize
}

//! What the values of a property are like, in counts: lengths, orders of magnitude, how many different ones, how many look like ids, of
//! what characters they are ([`crate::texts`]), which sums they pass ([`crate::numbers`]).
//! Bounded, of a sample of the events (see [`crate::catalog`]); no count stands for less than a bucket.

use weir_detect::shapes::learned::shaped;
use weir_event::{Category, Millis};

use crate::numbers::ShapedNumbers;
use crate::sketch::{Sketch, SketchKey};
use crate::texts::Texts;

/// Upper ends of the length buckets, in bytes; one more bucket for what is longer.
pub const LENGTHS: [usize; 9] = [0, 4, 8, 16, 32, 64, 128, 256, 1_024];
/// Buckets of numbers: 0, below 1, then one for each number of digits before the point up to 12, then all longer ones.
pub const MAGNITUDES: usize = 15;
/// A text shorter than this does not look like an id.
const ID_BYTES_MIN: usize = 6;
/// A whole number of fewer digits does not look like an id.
const ID_DIGITS_MIN: usize = 6;

/// What the sampled values of a property are like.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Profile {
    /// Texts and numbers that were looked at.
    pub values: u64,
    /// Of these, how many look like an id: a whole number of six digits or more; a text of six bytes or more without blanks that has
    /// a digit and nothing but letters, digits and `_ - . : / |`.
    pub id_like: u64,
    /// How many different ones there were.
    pub distinct: Sketch,
    pub(crate) strings: Option<Box<[u32; LENGTHS.len() + 1]>>,
    pub(crate) numbers: Option<Box<Numbers>>,
    pub(crate) texts: Option<Box<Texts>>,
    pub(crate) shaped: Option<Box<ShapedNumbers>>,
}

/// What the numbers among the values are like.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Numbers {
    /// By order of magnitude, without the sign.
    pub magnitudes: [u32; MAGNITUDES],
    /// Below zero.
    pub negative: u32,
    /// With a point or an exponent.
    pub fractional: u32,
}

impl Profile {
    #[inline]
    pub(crate) fn add_string(&mut self, key: SketchKey, at: Millis, value: &[u8]) {
        let bucket = LENGTHS.iter().position(|max| value.len() <= *max).unwrap_or(LENGTHS.len());
        let strings = self.strings.get_or_insert_default();
        strings[bucket] = strings[bucket].saturating_add(1);
        self.values += 1;
        self.id_like += u64::from(looks_like_id(value));
        self.texts.get_or_insert_default().add(at, value);
        self.add_mark(key.mark(value), value);
    }

    #[inline]
    pub(crate) fn add_number(&mut self, key: SketchKey, lexeme: &[u8]) {
        let numbers = self.numbers.get_or_insert_default();
        let (negative, digits) = match lexeme.split_first() {
            Some((b'-', rest)) => (true, rest),
            _ => (false, lexeme),
        };
        let whole = digits.iter().all(u8::is_ascii_digit);
        let bucket = if whole { bucket_of_digits(digits) } else { bucket_of(digits) };
        numbers.magnitudes[bucket] = numbers.magnitudes[bucket].saturating_add(1);
        numbers.negative = numbers.negative.saturating_add(u32::from(negative));
        numbers.fractional = numbers.fractional.saturating_add(u32::from(!whole));
        self.values += 1;
        self.id_like += u64::from(whole && digits.len() >= ID_DIGITS_MIN);
        self.add_mark(key.mark(lexeme), lexeme);
    }

    #[inline]
    fn add_mark(&mut self, mark: u32, value: &[u8]) {
        self.distinct.add(mark);
        if let Some(shaped) = shaped(value) {
            self.shaped.get_or_insert_default().add(mark, &shaped);
        }
    }

    /// A value that the gate dropped because it found this in it.
    #[inline]
    pub(crate) fn add_dropped(&mut self, category: Category) {
        match &mut self.shaped {
            Some(shaped) => shaped.add_dropped(category),
            None if category == Category::NationalId => self.shaped.get_or_insert_default().add_dropped(category),
            None => {}
        }
    }

    /// What its texts are made of; `None` where there was none.
    pub fn texts(&self) -> Option<&Texts> {
        self.texts.as_deref()
    }

    /// The numbers with a shape among its values; `None` where there was none.
    pub fn shaped(&self) -> Option<&ShapedNumbers> {
        self.shaped.as_deref()
    }

    /// Lengths of texts by bucket; the upper end in bytes, `None` for the last.
    pub fn lengths(&self) -> impl Iterator<Item = (Option<usize>, u32)> {
        let ends = LENGTHS.into_iter().map(Some).chain([None]);
        ends.zip(self.strings.iter().flat_map(|counts| counts.iter().copied()))
    }

    /// What its numbers are like; `None` where there was none.
    pub fn numbers(&self) -> Option<&Numbers> {
        self.numbers.as_deref()
    }

    /// Why a person should decide whether such values may leave; `None` where nothing speaks against it. A rule of thumb on
    /// counts: many different values that look like ids, or hardly a value twice.
    pub fn needs_decision(&self) -> Option<&'static str> {
        let distinct = self.distinct.estimate();
        let mostly_ids = 2 * self.id_like >= self.values;
        // Estimates of many are off by a tenth, so nearly every value is three of four.
        let hardly_repeats = 4 * distinct >= 3 * self.values;
        if mostly_ids && (distinct >= 50 || (distinct >= 3 && hardly_repeats)) {
            Some("many different values that look like ids")
        } else if distinct >= 50 && 2 * distinct >= self.values {
            Some("hardly a value comes twice")
        } else {
            None
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        let strings = self.strings.as_ref().map_or(0, |s| size_of_val(&**s));
        let numbers = self.numbers.as_ref().map_or(0, |n| size_of_val(&**n));
        let texts = self.texts.as_ref().map_or(0, |t| size_of_val(&**t));
        let shaped = self.shaped.as_ref().map_or(0, |s| size_of_val(&**s) + s.heap_bytes());
        strings + numbers + texts + shaped + self.distinct.heap_bytes()
    }
}

/// What the buckets of [`Numbers::magnitudes`] are called.
pub fn magnitude_name(bucket: usize) -> String {
    match bucket {
        0 => "0".to_owned(),
        1 => "below 1".to_owned(),
        _ if bucket + 1 == MAGNITUDES => format!("1e{} and more", bucket - 2),
        _ => format!("1e{}", bucket - 2),
    }
}

fn bucket_of_digits(digits: &[u8]) -> usize {
    let leading = digits.iter().take_while(|d| **d == b'0').count();
    match digits.len() - leading {
        0 => 0,
        n => (n + 1).min(MAGNITUDES - 1),
    }
}

fn bucket_of(lexeme: &[u8]) -> usize {
    let value = std::str::from_utf8(lexeme).ok().and_then(|text| text.parse::<f64>().ok()).unwrap_or(f64::MAX);
    if value == 0.0 {
        0
    } else if value < 1.0 {
        1
    } else {
        // A finite logarithm of at most 308: the cast does not cut.
        (value.log10().floor() as usize + 2).min(MAGNITUDES - 1)
    }
}

#[inline]
fn looks_like_id(value: &[u8]) -> bool {
    let fits = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b':' | b'/' | b'|');
    (ID_BYTES_MIN..=128).contains(&value.len()) && value.iter().any(u8::is_ascii_digit) && value.iter().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile_of(values: impl Iterator<Item = String>, number: bool) -> Profile {
        let key = SketchKey::from_bytes([3; 16]);
        let mut profile = Profile::default();
        for value in values {
            if number {
                profile.add_number(key, value.as_bytes())
            } else {
                profile.add_string(key, Millis(0), value.as_bytes())
            }
        }
        profile
    }

    #[test]
    fn what_looks_like_ids_or_hardly_repeats_needs_a_decision() {
        let ids = profile_of((0..500).map(|n| format!("usr_{n:08x}")), false);
        assert!(ids.needs_decision().is_some());
        assert!(
            profile_of((0..4).map(|n| format!("order-{n}881")), false).needs_decision().is_some(),
            "few, all different"
        );
        assert!(profile_of((0..400).map(|n| (1_000_000 + n * 7).to_string()), true).needs_decision().is_some());
        assert!(
            profile_of((0..300).map(|n| format!("a thought of somebody, number {n}")), false)
                .needs_decision()
                .is_some()
        );
    }

    #[test]
    fn plans_prices_and_counts_need_none() {
        let plan = |n: u32| ["free", "pro", "team"][n as usize % 3].to_owned();
        assert_eq!(profile_of((0..500).map(plan), false).needs_decision(), None);
        assert_eq!(profile_of((0..500).map(|n| (n % 40).to_string()), true).needs_decision(), None);
        assert_eq!(profile_of((0..30).map(|_| "v1.20.3".to_owned()), false).needs_decision(), None, "one version");
        assert_eq!(profile_of((0..500).map(|n| format!("{}.99", n % 90)), true).needs_decision(), None);
        assert_eq!(Profile::default().needs_decision(), None);
    }

    #[test]
    fn numbers_fall_into_orders_of_magnitude() {
        for (lexeme, name) in [
            ("0", "0"),
            ("-0.0", "0"),
            ("0.25", "below 1"),
            ("7", "1e0"),
            ("10", "1e1"),
            ("999.9", "1e2"),
            ("1E5", "1e5"),
            ("-1795303178843", "1e12 and more"),
        ] {
            let profile = profile_of([lexeme.to_owned()].into_iter(), true);
            let numbers = profile.numbers().unwrap();
            let bucket = numbers.magnitudes.iter().position(|n| *n == 1).unwrap();
            assert_eq!(magnitude_name(bucket), name, "{lexeme}");
            assert_eq!(numbers.negative, u32::from(lexeme.starts_with('-')));
        }
    }
}

//! Checks by name, for detectors of one's own: is a number what it says it is? Three sums, and every number with a shape
//! ([`crate::shapes`]) by the name of its detector.

use crate::detectors::ids::IDS;
use crate::digits::passes_luhn;
use crate::shapes::IdNumber;

/// A check that a match has to pass.
#[derive(Clone, Copy)]
pub struct Check(Kind);

#[derive(Clone, Copy)]
enum Kind {
    Sum(fn(&[u8]) -> bool),
    Id(&'static IdNumber),
}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Kind::Sum(_) => f.write_str("Check(a sum)"),
            Kind::Id(id) => write!(f, "Check({})", id.name),
        }
    }
}

type Sum = fn(&[u8]) -> bool;

const SUMS: &[(&str, Sum)] = &[("luhn", luhn), ("mod97", mod97), ("verhoeff", verhoeff)];

/// Digits of a number at most.
const DIGITS_MAX: usize = 40;

impl Check {
    /// The check of this name.
    pub fn named(name: &str) -> Option<Check> {
        let sum = SUMS.iter().find(|(of, _)| *of == name).map(|(_, sum)| Kind::Sum(*sum));
        sum.or_else(|| IDS.iter().find(|id| id.name == name).map(Kind::Id)).map(Check)
    }

    /// All names.
    pub fn names() -> impl Iterator<Item = &'static str> {
        SUMS.iter().map(|(name, _)| *name).chain(IDS.iter().map(|id| id.name))
    }

    /// Whether a text passes. What is neither letter nor digit is passed over.
    pub fn passes(self, text: &[u8]) -> bool {
        match self.0 {
            Kind::Sum(sum) => sum(text),
            Kind::Id(id) => passes_as(id, text),
        }
    }
}

/// Whether the letters and digits of a text have one of the id's shapes, and are one.
fn passes_as(id: &IdNumber, text: &[u8]) -> bool {
    let mut compact = [0; DIGITS_MAX];
    let mut len = 0;
    for byte in text.iter().filter(|b| b.is_ascii_alphanumeric()) {
        let Some(to) = compact.get_mut(len) else { return false };
        *to = byte.to_ascii_uppercase();
        len += 1;
    }
    let compact = &compact[..len];
    let has_shape = |shape: &&str| {
        let mut steps = shape.bytes().filter(|b| b.is_ascii_alphanumeric() || *b == b'*');
        let fits = |byte: &u8| match steps.next() {
            Some(b'0') => byte.is_ascii_digit(),
            Some(b'A') => byte.is_ascii_uppercase(),
            Some(b'*') => true,
            Some(other) => *byte == other,
            None => false,
        };
        compact.iter().all(fits) && steps.next().is_none()
    };
    id.shapes.iter().any(has_shape) && (id.passes)(compact)
}

/// The digits of a text, as numbers.
fn digits(text: &[u8], out: &mut [u8; DIGITS_MAX]) -> Option<usize> {
    let mut len = 0;
    for digit in text.iter().filter(|b| b.is_ascii_digit()) {
        *out.get_mut(len)? = digit - b'0';
        len += 1;
    }
    (len > 1).then_some(len)
}

fn luhn(text: &[u8]) -> bool {
    let mut out = [0; DIGITS_MAX];
    digits(text, &mut out).is_some_and(|len| passes_luhn(&out[..len]))
}

/// ISO 7064 MOD 97-10 over letters and digits, the check digits last. (An IBAN's stand in front: those have a detector.)
fn mod97(text: &[u8]) -> bool {
    let mut sum = 0_u32;
    let mut count = 0;
    for byte in text.iter().filter(|b| b.is_ascii_alphanumeric()) {
        count += 1;
        sum = match byte {
            b'0'..=b'9' => (sum * 10 + u32::from(byte - b'0')) % 97,
            letter => (sum * 100 + u32::from(letter.to_ascii_uppercase() - b'A') + 10) % 97,
        };
    }
    count > 2 && sum == 1
}

/// Source: Verhoeff, "Error detecting decimal codes", 1969.
fn verhoeff(text: &[u8]) -> bool {
    const PERMUTED: [[u8; 10]; 8] = {
        let mut table = [[0; 10]; 8];
        let first = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
        let mut d = 0;
        while d < 10 {
            table[0][d] = d as u8;
            d += 1;
        }
        let mut row = 1;
        while row < 8 {
            let mut d = 0;
            while d < 10 {
                table[row][d] = first[table[row - 1][d] as usize];
                d += 1;
            }
            row += 1;
        }
        table
    };
    // The dihedral group of ten: turns 0–4, mirrored 5–9.
    let product = |a: u8, b: u8| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + (a + b - 5) % 5,
        (false, true) => 5 + (a - b) % 5,
        (false, false) => (a + 5 - b) % 5,
    };
    let mut out = [0; DIGITS_MAX];
    let Some(len) = digits(text, &mut out) else { return false };
    let digits = out[..len].iter().rev().enumerate();
    digits.fold(0, |sum, (place, digit)| product(sum, PERMUTED[place % 8][usize::from(*digit)])) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_check_takes_what_is_right_and_refuses_each_changed_digit() {
        for (name, text) in [
            ("luhn", "79927398713"),
            ("luhn", "4111-1111 1111 1111"),
            ("mod97", "794 44"),
            ("verhoeff", "2363"),
            ("verhoeff", "123451"),
            ("br_cpf", "529.982.247-25"),
            ("br_cpf", "52998224725"),
        ] {
            let check = Check::named(name).unwrap();
            assert!(check.passes(text.as_bytes()), "{name} {text}");
            for at in (0..text.len()).filter(|at| text.as_bytes()[*at].is_ascii_digit()) {
                let mut wrong = text.as_bytes().to_vec();
                wrong[at] = b'0' + (wrong[at] - b'0' + 1) % 10;
                assert!(!check.passes(&wrong), "{name} {}", String::from_utf8_lossy(&wrong));
            }
        }
        assert!(Check::named("none").is_none());
        assert!(Check::names().all(|name| !Check::named(name).unwrap().passes(b"")));
    }
}

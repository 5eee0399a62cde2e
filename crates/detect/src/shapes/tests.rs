//! What holds of every kind of number: made up by its shape until its own rule is content, then wrapped, altered and glued.

use std::sync::LazyLock;

use weir_event::{Category, Finding, LeafKind, Likelihood};

use super::learned::{Kind, shaped};
use super::tree::ENTRIES;
use super::{IDS, IdNumber, likelihood, passes, separator};
use crate::Engine;
use crate::facts::PathFacts;

/// splitmix64: the same numbers on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % n as u64) as usize
    }

    fn of_shape(&mut self, shape: &str) -> String {
        const ANY: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        let one = |wanted| match wanted {
            b'0' => char::from(ANY[self.below(10)]),
            b'A' => char::from(ANY[10 + self.below(26)]),
            b'*' => char::from(ANY[self.below(36)]),
            other => char::from(other),
        };
        close(shape.bytes().map(one).collect())
    }

    /// A number that passes; `None` for those that cannot be hit upon.
    fn valid(&mut self, id: &IdNumber, shape: &str) -> Option<String> {
        (0..400_000).map(|_| self.of_shape(shape)).find(|text| passes(id, text.as_bytes()))
    }
}

/// With the bracket that closes what a shape opens.
fn close(text: String) -> String {
    if text.contains('(') { text + ")" } else { text }
}

/// Wallets: no chance made-up text hits upon a digest.
fn is_digest(id: &IdNumber) -> bool {
    id.has_digest || id.name == "ethereum"
}

fn scan(facts: PathFacts, text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    Engine::new().scan(facts, LeafKind::String, text.as_bytes(), &mut found);
    found
}

fn best(found: &[Finding], category: Category) -> Option<Likelihood> {
    found.iter().filter(|finding| finding.category == category).map(|finding| finding.likelihood).max()
}

fn percent(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(one).collect()
}

fn wrapped(value: &str) -> Vec<String> {
    vec![
        value.to_owned(),
        format!("it is {value}, thank you"),
        format!("<{value}>"),
        format!("\"{value}\""),
        format!("v={value};w=1"),
        value.replace(' ', "\u{a0}").replace('-', "\u{2011}"),
        format!("it is {}, thank you", value.replace(' ', "\u{202f}")),
        format!("{{\"a\":17,\"v\":\"{value}\"}}"),
        format!("{{\"body\":\"{{\\\"v\\\":\\\"{value}\\\"}}\"}}"),
        format!("https://app.example.com/cb?q={}&utm_source=x", percent(value)),
        format!("https://app.example.com/cb?q={}&utm_source=x", percent(&percent(value))),
    ]
}

/// Each kind with each of its shapes, and a valid number of it.
static VALID: LazyLock<Vec<(&IdNumber, &str, String)>> = LazyLock::new(|| {
    let mut random = Random(11);
    let shapes = IDS.iter().filter(|id| !is_digest(id)).flat_map(|id| id.shapes.iter().map(move |shape| (id, *shape)));
    let valid = |(id, shape): (&'static IdNumber, &'static str)| match random.valid(id, shape) {
        Some(value) => (id, shape, value),
        None => panic!("{}: no number of the shape {shape} passes", id.name),
    };
    shapes.map(valid).collect()
});

fn for_each_valid(mut look: impl FnMut(&IdNumber, &str, &str)) {
    VALID.iter().for_each(|(id, shape, value)| look(id, shape, value));
}

#[test]
fn a_valid_number_is_found_in_every_wrapping_as_surely_as_its_form_allows() {
    for_each_valid(|id, shape, value| {
        let entry = ENTRIES.iter().find(|entry| IDS[entry.id].name == id.name && entry.shape == shape);
        let first = value.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let expected = likelihood(entry.expect("in the tree"), PathFacts::NONE);
        let expected = expected.filter(|_| !super::is_time(value.as_bytes(), first));
        if expected.is_some_and(|expected| expected >= Likelihood::Likely) {
            for text in wrapped(value) {
                assert!(best(&scan(PathFacts::NONE, &text), id.category) >= expected, "{}: {text}", id.name);
            }
        }
    });
}

#[test]
fn a_valid_number_under_a_key_of_its_class_is_certain_in_small_letters_too() {
    for_each_valid(|id, _, value| {
        for text in [value.to_owned(), format!("no. {value}")] {
            assert_eq!(best(&scan(id.facts, &text), id.category), Some(Likelihood::VeryLikely), "{}: {text}", id.name);
        }
        if !id.case_matters {
            let found = scan(id.facts, &value.to_ascii_lowercase());
            assert_eq!(best(&found, id.category), Some(Likelihood::VeryLikely), "{}: {value}", id.name);
        }
    });
}

#[test]
fn a_number_altered_to_fail_its_check_is_never_likely() {
    for_each_valid(|id, _, value| {
        for at in 0..value.len() {
            let byte = value.as_bytes()[at];
            if !byte.is_ascii_digit() {
                continue;
            }
            let mut altered = value.as_bytes().to_vec();
            altered[at] = b'0' + (byte - b'0' + 1) % 10;
            if passes(id, &altered) {
                continue;
            }
            let altered = String::from_utf8(altered).expect("ASCII");
            for facts in [PathFacts::NONE, id.facts] {
                assert!(scan(facts, &altered).iter().all(|f| f.detector != id.name), "{}: {altered}", id.name);
            }
        }
    });
}

#[test]
fn a_number_that_is_a_piece_of_something_longer_is_not_found() {
    for_each_valid(|id, shape, value| {
        let last = shape.bytes().rev().find(|byte| separator(*byte) != 0 && *byte != b'(').map_or('.', char::from);
        for text in [
            format!("x{value}x"),
            format!("7{value}7"),
            format!("é7.{value}"),
            format!("7-{value}"),
            format!("+{value}"),
            format!("{value}{last}7"),
        ] {
            // A closing bracket ends the number, whatever follows.
            if text.contains(")7") || text.contains(")x") || text.contains(").") || text.contains(")-") {
                continue;
            }
            let found = scan(PathFacts::NONE, &text);
            assert!(
                !found.iter().any(|f| f.detector == id.name && f.span.1 - f.span.0 == value.len() as u32),
                "{}: {text}",
                id.name
            );
        }
    });
}

#[test]
fn numbers_pass_by_chance_no_more_often_than_their_kind_says() {
    let mut random = Random(5);
    let mut wrong = Vec::new();
    for id in IDS.iter().filter(|id| !is_digest(id) && !id.case_matters) {
        for shape in id.shapes {
            // A digit that stands in the shape is part of the chance.
            let given = shape.bytes().filter(|byte| matches!(byte, b'1'..=b'9')).count();
            let chance = f64::from(id.chance) / 10_f64.powi(given as i32);
            let draws = (chance as u32 * 40).clamp(1_000, 8_000);
            let hits = (0..draws).filter(|_| passes(id, random.of_shape(shape).as_bytes())).count();
            let expected = f64::from(draws) / chance;
            if hits as f64 > 1.6 * expected + 6.0 {
                wrong.push(format!("{} {shape}: {hits} of {draws} pass, one in {chance} may", id.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_whole_number_is_told_its_kinds_and_their_sums() {
    let kinds =
        |text: &str| shaped(text.as_bytes()).map(|shaped| shaped.kinds().collect::<Vec<_>>()).unwrap_or_default();
    let own = Kind::named("jp_my_number").expect("in the list");
    let (right, wrong) = (kinds("123456789018"), kinds("123456789017"));
    assert!(right.contains(&(own, true)) && wrong.contains(&(own, false)));
    assert_eq!(right.len(), wrong.len());
    for text in ["pro", "", "number 123456789018", "123456789018 ", "1234567890181234567890181234567890"] {
        assert!(shaped(text.as_bytes()).is_none(), "{text}");
    }
    for name in ["in_pan", "id_nik", "bic", "bitcoin", "nothing"] {
        assert_eq!(Kind::named(name), None, "{name} has no check digit to learn of");
    }
}

#[test]
fn the_chance_that_a_shape_is_found_is_what_random_numbers_of_it_show() {
    let mut random = Random(7);
    for shape in ["000 000 000", "000-000-000", "0000-0000-0000", "000000-0000", "00000000A"] {
        const DRAWS: u32 = 4_000;
        let (mut found, mut chance) = (0, 0.0);
        for _ in 0..DRAWS {
            let text = random.of_shape(shape);
            let shaped = shaped(text.as_bytes()).expect("it has the shape");
            found += u32::from(shaped.is_found());
            chance = shaped.chance();
            let reported = scan(PathFacts::NONE, &text);
            let national =
                reported.iter().any(|f| f.category == Category::NationalId && f.span.1 as usize == text.len());
            assert_eq!(shaped.is_found(), national, "{text}: {reported:?}");
        }
        let share = f64::from(found) / f64::from(DRAWS);
        assert!(share <= 1.3 * f64::from(chance) + 0.02, "{shape}: {share} of {chance}");
    }
}

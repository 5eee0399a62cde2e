use proptest::prelude::*;
use weir_detect::shapes::learned::shaped;

use super::*;

/// A small generator of its own, so that a failure prints a seed that means the same for ever.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + self.below(10) as u8)).collect()
    }

    /// A number of a shape that passes the sum of its kind, found by trying.
    fn of_kind(&mut self, kind: Kind, shape: &str) -> String {
        loop {
            let text = self.of_shape(shape);
            if kind.is_of(text.as_bytes()) {
                return text;
            }
        }
    }

    fn of_shape(&mut self, shape: &str) -> String {
        shape.chars().map(|c| if c == '0' { self.digits(1) } else { c.to_string() }).collect()
    }
}

fn mark(text: &str) -> u32 {
    crc32c::crc32c(text.as_bytes())
}

fn add(numbers: &mut ShapedNumbers, text: &str) {
    let shaped = shaped(text.as_bytes()).unwrap_or_else(|| panic!("{text} has a shape"));
    numbers.add(mark(text), &shaped);
}

/// As the gate treats what is found without a key: dropped.
fn add_as_the_gate(numbers: &mut ShapedNumbers, text: &str) {
    let shaped = shaped(text.as_bytes()).unwrap_or_else(|| panic!("{text} has a shape"));
    if shaped.is_found() && !numbers.verdict().has(Verdict::NUMBERS_BY_CHANCE) {
        numbers.add_dropped(Category::NationalId);
    } else {
        numbers.add(mark(text), &shaped);
    }
}

const BARE: [(&str, &str); 9] = [
    ("br_cpf", "00000000000"),
    ("nl_bsn", "000000000"),
    ("pl_nip", "0000000000"),
    ("ca_sin", "000000000"),
    ("in_aadhaar", "000000000000"),
    ("jp_my_number", "000000000000"),
    ("gb_nhs", "0000000000"),
    ("hr_oib", "00000000000"),
    ("th_national_id", "0000000000000"),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn bare_ids_of_one_kind_are_of_that_kind_even_with_some_typed_wrong(seed in any::<u64>(), which in 0..BARE.len(), wrong in 0_u64..5) {
        let (name, shape) = BARE[which];
        let kind = Kind::named(name).expect("in the list");
        let (mut random, mut numbers) = (Random(seed), ShapedNumbers::default());
        for n in 0..200 {
            prop_assert!(n >= VALUES_MIN || numbers.verdict().kind().is_none(), "not on {} values", n);
            let text = if random.below(100) < wrong { random.of_shape(shape) } else { random.of_kind(kind, shape) };
            add(&mut numbers, &text);
        }
        // Two kinds of one sum cannot be told apart: the finding is of the same class.
        let found = numbers.verdict().kind().expect("it is learned");
        prop_assert_eq!(found.category(), kind.category());
        let count = |kind: Kind| numbers.kinds().iter().find(|count| count.kind == kind).map_or(0, |count| count.passed);
        prop_assert!(found == kind || count(found) >= count(kind), "{} for {}", found.name(), name);
    }

    #[test]
    fn random_numbers_of_any_shape_are_of_no_kind(seed in any::<u64>(), length in 7_usize..20) {
        let (mut random, mut numbers) = (Random(seed), ShapedNumbers::default());
        for _ in 0..600 {
            let text = random.digits(length);
            if shaped(text.as_bytes()).is_some() {
                add(&mut numbers, &text);
                prop_assert!(numbers.verdict().kind().is_none() && !numbers.verdict().has(Verdict::NUMBERS), "{:?}", numbers);
            }
        }
    }

    #[test]
    fn counters_and_times_are_of_no_kind(seed in any::<u64>(), step in 1_u64..40, which in 0_usize..6) {
        let (mut random, mut numbers) = (Random(seed), ShapedNumbers::default());
        let start = 100_000_000 + random.below(100_000_000);
        for n in 0..400 {
            let text = match which {
                0 => (start + n * step).to_string(),
                1 => (10 * (start + n * step)).to_string(),
                2 => (1_795_305_600_000 + 1_000 * n * step).to_string(),
                3 => (1_795_305_600 + n * step).to_string(),
                4 => format!("2611{:02}{:04}", 1 + n % 28, n),
                _ => format!("202611{:02}{:04}", 1 + n % 28, n),
            };
            add(&mut numbers, &text);
        }
        prop_assert_eq!(numbers.verdict().kind(), None, "{:?}", numbers);
    }

    #[test]
    fn one_value_a_thousand_times_is_one_value(seed in any::<u64>(), different in 1_u32..VALUES_MIN) {
        let kind = Kind::named("br_cpf").expect("in the list");
        let (mut random, mut numbers) = (Random(seed), ShapedNumbers::default());
        let values: Vec<String> = (0..different).map(|_| random.of_kind(kind, "00000000000")).collect();
        for _ in 0..30 {
            values.iter().for_each(|value| add(&mut numbers, value));
        }
        prop_assert_eq!(numbers.verdict().kind(), None);
        // At most one in 2^15 pairs of different values has the same mark.
        prop_assert!(numbers.different <= different && numbers.different + 2 >= different);
    }

    #[test]
    fn formatted_numbers_that_pass_by_chance_are_learned_to_be_none_and_ids_to_be_ids(seed in any::<u64>(), which in 0_usize..4) {
        let shape = ["000 000 000", "000-000-000", "0000-0000-0000", "000.000.000-0"][which];
        let (mut random, mut chance, mut ids) = (Random(seed), ShapedNumbers::default(), ShapedNumbers::default());
        let mut by_chance = 0;
        for n in 0..1_500 {
            let text = random.of_shape(shape);
            if shaped(text.as_bytes()).is_none() {
                continue;
            }
            add_as_the_gate(&mut chance, &text);
            by_chance += u32::from(n > 500 && chance.verdict() == Verdict::NUMBERS_BY_CHANCE);
            prop_assert!(!chance.verdict().has(Verdict::NUMBERS));
            let found = (0..1_000).map(|_| random.of_shape(shape)).find(|text| {
                shaped(text.as_bytes()).is_some_and(|shaped| shaped.is_found())
            });
            if n < 100 && let Some(text) = found {
                add_as_the_gate(&mut ids, &text);
            }
        }
        prop_assert!(by_chance > 900, "{} {:?}", by_chance, chance);
        prop_assert!(ids.verdict().has(Verdict::NUMBERS) && !ids.verdict().has(Verdict::NUMBERS_BY_CHANCE), "{:?}", ids);
    }
}

#[test]
fn a_path_that_was_of_ids_and_is_of_other_numbers_now_is_decided_anew_and_one_of_ids_stays_so() {
    let kind = Kind::named("nl_bsn").expect("in the list");
    let (mut random, mut numbers) = (Random(4), ShapedNumbers::default());
    // As the gate does: what passes the sum of the verdict's kind is dropped.
    let see = |numbers: &mut ShapedNumbers, text: &str| match numbers.verdict().kind() {
        Some(of) if of.is_of(text.as_bytes()) => numbers.add_dropped(Category::NationalId),
        _ => add(numbers, text),
    };
    for n in 0..3_000 {
        let text = random.of_kind(kind, "000000000");
        see(&mut numbers, &text);
        assert_eq!(numbers.verdict().kind().is_some(), n + 1 >= VALUES_MIN, "{n}: {numbers:?}");
    }
    for _ in 0..4_096 {
        let text = random.digits(9);
        if shaped(text.as_bytes()).is_some() {
            see(&mut numbers, &text);
        }
    }
    assert_eq!(numbers.verdict().kind(), None, "{numbers:?}");
}

#[test]
fn the_bound_is_the_one_that_the_page_states() {
    let paths = weir_event::limits::CATALOG_PROPERTIES_MAX as f64;
    let (kinds, once_in) = (Kind::all().count() as f64, 1e6);
    assert!(EVIDENCE_MIN >= (kinds * paths * once_in).ln(), "{} kinds", Kind::all().count());
    // At the fewest values that decide, the weakest sum has it.
    assert!(evidence(VALUES_MIN, VALUES_MIN, 0.1) > EVIDENCE_MIN);
}

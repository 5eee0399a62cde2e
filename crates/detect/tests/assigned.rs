//! Credentials in lines of programs, of configuration and of command lines: the forms and what is none stand in `assigned.txt`.

mod made_up;

use weir_detect::{Engine, PathFacts};
use weir_event::{Finding, LeafKind, Likelihood};

/// What random values look like.
const VALUES: [&str; 9] = [
    "{alnum 32}",
    "{hex 32}",
    "{hex 64}",
    "{lower 24}",
    "{upper 20}",
    "{alnum 20}-{alnum 12}",
    "{alnum 24}/{alnum 17}+{alnum 12}=",
    "{hex 8}-{hex 4}-4{hex 3}-a{hex 3}-{hex 12}",
    "{alnum 12}_{alnum 12}",
];
const SEEDS: u64 = 20;

/// The lines of a section of `assigned.txt`, with their line breaks.
fn lines(section: &str) -> Vec<String> {
    let text = include_str!("assigned.txt").split("# ").find_map(|part| part.strip_prefix(section)).expect("a section");
    text.lines()
        .skip(1)
        .filter(|line| !line.is_empty())
        .map(|line| line.replace("\\n", "\n").replace("\\t", "\t"))
        .collect()
}

fn secrets(text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    Engine::new().scan(PathFacts::NONE, LeafKind::String, text.as_bytes(), &mut found);
    found.retain(|f| f.category.is_under("secret") || f.category.is_under("user.authorization.password"));
    found
}

#[test]
fn a_random_value_is_found_in_every_form() {
    let (mut missed, mut count) = (Vec::new(), 0);
    for line in lines("Forms") {
        for (value, seed) in VALUES.iter().flat_map(|value| (0..SEEDS).map(move |seed| (value, seed))) {
            let value = made_up::expand_with(value, seed);
            let text = line.replace("VALUE", &value);
            count += 1;
            let place = text.find(&value).expect("the value");
            // The header of a request may be marked with it.
            let is_it = |f: &Finding| {
                f.likelihood >= Likelihood::Likely
                    && f.span.0 as usize <= place
                    && f.span.1 as usize == place + value.len()
            };
            if !secrets(&text).iter().any(is_it) {
                missed.push(text);
            }
        }
    }
    // Eight in a row without a digit, or sixteen that are words by chance.
    let share = missed.len() as f64 / f64::from(count);
    assert!(share <= 0.01, "{share}: {} of {count}: {missed:#?}", missed.len());
}

#[test]
fn what_is_no_secret_is_found_in_no_form() {
    let wrong: Vec<_> =
        lines("None").into_iter().map(|line| made_up::expand(&line)).filter(|text| !secrets(text).is_empty()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_value_is_found_wherever_it_stands() {
    let missed: Vec<String> = (0..192)
        .map(|at| format!("{} token: {}", "x".repeat(at % 2) + &" x".repeat(at / 2), "kxQwhzjvbTnfgdpRtr4kQ7wZ"))
        .filter(|text| !secrets(text).iter().any(|f| f.likelihood >= Likelihood::Likely))
        .collect();
    assert!(missed.is_empty(), "{} missed: {missed:#?}", missed.len());
}

#[test]
fn a_password_that_two_detectors_see_is_one_finding() {
    for text in [r#"password = "kxQwhzjvbTnfgdpRtr4kQ7wZ""#, "DB_PASSWORD=kxQ4hzjvbTn psql"] {
        let found = secrets(text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert_eq!(found[0].likelihood, Likelihood::VeryLikely, "{text}");
    }
}

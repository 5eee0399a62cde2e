//! Secrets without a form of their own, found by their randomness or by their key: precision and recall over a list of ours.

mod made_up;

use weir_detect::{Engine, PathFacts};
use weir_event::{Category, LeafKind, Likelihood};

/// Whether a secret is reported that the default policy would act on.
fn is_found(path: &str, value: &str) -> bool {
    let mut found = Vec::new();
    Engine::new().scan(PathFacts::of_path(path), LeafKind::String, value.as_bytes(), &mut found);
    found.iter().any(|f| {
        [Category::Secret.key(), Category::Password.key()].iter().any(|key| f.category.is_under(key))
            && f.likelihood >= Likelihood::Possible
    })
}

#[test]
fn secrets_without_a_form_are_found_and_what_looks_like_them_is_not() {
    let (mut hits, mut missed, mut wrong) = (0, Vec::new(), Vec::new());
    for line in include_str!("entropy.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let fields: Vec<&str> = line.splitn(3, '|').map(str::trim).collect();
        let [expected, path, value] = fields.as_slice() else { panic!("three fields: {line}") };
        match (*expected, is_found(path, &made_up::expand(value))) {
            ("+", true) => hits += 1,
            ("+", false) => missed.push(line),
            (_, true) => wrong.push(line),
            _ => {}
        }
    }
    let recall = f64::from(hits) / (f64::from(hits) + missed.len() as f64);
    let precision = f64::from(hits) / (f64::from(hits) + wrong.len() as f64);
    println!("recall {recall:.3}, precision {precision:.3}; missed {missed:#?}; wrong {wrong:#?}");
    assert!(
        recall >= 0.85 && precision >= 0.80,
        "recall {recall:.3}, precision {precision:.3}; missed {missed:#?}; wrong {wrong:#?}"
    );
}

#[test]
fn randomness_alone_makes_no_secret_likely() {
    let mut found = Vec::new();
    for form in ["{alnum 20}", "{alnum 32}", "{alnum 40}", "{alnum 64}", "{alnum 100}"] {
        Engine::new().scan(PathFacts::NONE, LeafKind::String, made_up::expand(form).as_bytes(), &mut found);
    }
    assert!(!found.is_empty() && found.iter().all(|f| f.likelihood <= Likelihood::Possible), "{found:?}");
}

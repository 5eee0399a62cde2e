//! What a path's name alone announces, as data: `keys.txt`. No value is seen.

use weir_detect::{Engine, PathFacts};
use weir_event::{Category, LeafKind, Likelihood};

fn announced(path: &str) -> Vec<(Category, Likelihood)> {
    Engine::new().path_categories(&PathFacts::of_path(path)).collect()
}

#[test]
fn every_key_announces_what_it_should_and_nothing_else() {
    let (mut problems, mut expected, mut count) = (Vec::new(), Vec::new(), 0);
    for line in include_str!("keys.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let paths = match line.split_once(':') {
            Some((keys, paths)) if !line.starts_with(' ') => {
                expected = keys.split('+').map(str::trim).filter(|key| *key != "-").collect();
                paths
            }
            _ => line,
        };
        for path in paths.split_whitespace() {
            count += 1;
            let mut found: Vec<&str> = announced(path).iter().map(|(category, _)| category.key()).collect();
            found.sort_unstable();
            found.dedup();
            if found != expected {
                problems.push(format!("{path}: {found:?}, not {expected:?}"));
            }
        }
    }
    assert!(problems.is_empty(), "{} of {count}: {problems:#?}", problems.len());
    assert!(count >= 600, "the table holds {count} paths");
}

#[test]
fn a_vendors_reserved_path_is_certain_and_a_vague_one_only_possible() {
    assert_eq!(announced("email"), [(Category::ContactEmail, Likelihood::Likely)]);
    assert_eq!(announced("profile.$email"), [(Category::ContactEmail, Likelihood::VeryLikely)]);
    assert_eq!(announced("context.traits.age"), [(Category::AgeRange, Likelihood::VeryLikely)]);
    assert_eq!(announced("owner"), [(Category::Name, Likelihood::Possible)]);
    assert_eq!(announced("id_nr"), [(Category::NationalId, Likelihood::Possible)]);
}

/// Acceptance 12: a boolean, a state or a counter under a telling key is none of its class.
#[test]
fn acceptance_12_a_boolean_email_verified_is_not_an_email() {
    assert!(announced("email_verified").is_empty());
    let found = |path: &str, kind, text: &str| {
        let mut found = Vec::new();
        Engine::new().scan(PathFacts::of_path(path), kind, text.as_bytes(), &mut found);
        found
    };
    for path in [
        "email_verified",
        "email",
        "is_email_verified",
        "phone_verified",
        "password_set",
        "address_valid",
        "has_children",
    ] {
        assert!(found(path, LeafKind::True, "true").is_empty(), "{path}");
        assert!(found(path, LeafKind::String, "true").is_empty(), "{path}");
        assert!(found(path, LeafKind::String, "False").is_empty(), "{path}");
    }
    for (path, count) in
        [("phone_count", "3"), ("user.children", "2"), ("cookies", "17"), ("city_count", "4"), ("avatar", "3")]
    {
        assert!(found(path, LeafKind::Number, count).is_empty(), "{path}");
    }
}

/// Acceptance 13: a property is told by its name before any value was seen, and by its value under an innocent name.
#[test]
fn acceptance_13_email_is_flagged_before_any_value_is_seen_and_by_value_under_any_name() {
    assert_eq!(announced("email"), [(Category::ContactEmail, Likelihood::Likely)]);
    assert!(announced("button_text").is_empty());
    let mut found = Vec::new();
    Engine::new().scan(PathFacts::of_path("button_text"), LeafKind::String, b"write to ada@example.com", &mut found);
    assert!(found.iter().any(|f| f.category == Category::ContactEmail && f.likelihood >= Likelihood::Likely));
}

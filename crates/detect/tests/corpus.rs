//! The detectors against a labelled corpus: precision and recall per class, printed, and recall held for the classes that must
//! not leak.

use std::collections::BTreeMap;

use weir_detect::{Engine, PathFacts};
use weir_event::{Category, LeafKind, Likelihood};

/// Label of the corpus, category, the least recall and precision that pass.
const CLASSES: &[(&str, &[Category], f64, f64)] = &[
    ("email", &[Category::ContactEmail], 0.99, 0.97),
    ("credit_card", &[Category::CreditCard], 0.97, 0.95),
    ("ipv4", &[Category::IpAddress], 0.97, 0.95),
    ("ipv6", &[Category::IpAddress], 0.97, 0.95),
    ("jwt", SECRET, 0.97, 0.95),
    ("aws_key", SECRET, 0.97, 0.95),
    ("github_token", SECRET, 0.97, 0.95),
    ("slack_token", SECRET, 0.97, 0.95),
    ("bearer", SECRET, 0.97, 0.95),
    ("url_creds", SECRET, 0.97, 0.95),
    ("iban", &[Category::BankAccount], 0.97, 0.97),
    ("us_ssn", &[Category::NationalId], 0.97, 0.95),
    ("phone", &[Category::ContactPhone], 0.95, 0.95),
    ("mac", &[Category::DeviceId], 0.97, 0.9),
    ("person_name", &[Category::Name], 0.9, 0.9),
    ("address", &[Category::ContactAddress], 0.9, 0.9),
    ("dob", &[Category::DateOfBirth], 0.9, 0.9),
    ("geo_precise", &[Category::LocationPrecise], 0.9, 0.9),
];
const SECRET: &[Category] = &[Category::Secret, Category::SecretToken, Category::SecretUrl];

#[derive(Default)]
struct Score {
    hits: u32,
    missed: Vec<String>,
    wrong: Vec<String>,
}

#[test]
fn recall_and_precision_per_class_hold() {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/corpus/sample.leaves.jsonl").to_owned();
    let path = std::env::var("WEIR_CORPUS").unwrap_or(own);
    let engine = Engine::new();
    let mut scores: BTreeMap<&str, Score> = BTreeMap::new();
    let mut found = Vec::new();
    for line in std::fs::read_to_string(&path).expect("the corpus").lines() {
        let leaf: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
        let (key, value) = (leaf["k"].as_str().expect("k"), leaf["v"].as_str().expect("v"));
        let labels: Vec<&str> = leaf["y"].as_array().expect("y").iter().filter_map(|y| y.as_str()).collect();
        // The decoders put event properties at the top.
        let facts = PathFacts::of_path(key.strip_prefix("properties.").unwrap_or(key));
        let kind = match leaf["t"].as_str() {
            Some("n") => LeafKind::Number,
            Some("b") => LeafKind::True,
            _ => LeafKind::String,
        };
        found.clear();
        engine.scan(facts, kind, value.as_bytes(), &mut found);
        let found_any = |categories: &[Category]| {
            found.iter().any(|f| categories.contains(&f.category) && f.likelihood >= Likelihood::Likely)
        };
        for (label, categories, ..) in CLASSES {
            let score = scores.entry(label).or_default();
            // A label's finding is wrong where no label of its category is there.
            let is_true = labels.contains(label);
            let other = CLASSES.iter().any(|(l, c, ..)| labels.contains(l) && c == categories);
            match (is_true, found_any(categories)) {
                (true, true) => score.hits += 1,
                (true, false) => score.missed.push(format!("{key}: {value}")),
                (false, true) if !other => score.wrong.push(format!("{key}: {value}")),
                _ => {}
            }
        }
    }
    let mut failures = Vec::new();
    for (label, _, recall_min, precision_min) in CLASSES {
        let score = &scores[label];
        let hits = f64::from(score.hits);
        let recall = hits / (hits + score.missed.len() as f64);
        // Classes of one category share their wrong findings, so precision is judged against all of that category's hits.
        let categories = CLASSES.iter().find(|c| c.0 == *label).expect("itself").1;
        let all: u32 = CLASSES.iter().filter(|c| c.1 == categories).map(|c| scores[c.0].hits).sum();
        let precision = f64::from(all) / (f64::from(all) + score.wrong.len() as f64);
        println!(
            "{label:13} recall {recall:.3} precision {precision:.3}  ({} true, {} wrong)",
            score.hits as usize + score.missed.len(),
            score.wrong.len()
        );
        for line in score.missed.iter().take(4) {
            println!("    missed {line}");
        }
        for line in score.wrong.iter().take(6) {
            println!("    wrong  {line}");
        }
        if recall < *recall_min || precision < *precision_min {
            failures.push(format!(
                "{label}: recall {recall:.3} (least {recall_min}), precision {precision:.3} (least {precision_min})"
            ));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

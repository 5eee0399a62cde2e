//! Each vendor's format, from the examples that its file opens with: found in every disguise, and not where it is cut or glued.

use std::collections::BTreeMap;

mod made_up;
mod wrapped;

use weir_detect::{Engine, PathFacts};
use weir_event::{Category, LeafKind, Likelihood};

/// The examples of each file of `secrets/`, by the detector's name.
fn examples() -> BTreeMap<String, Vec<String>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/detectors/secrets");
    let mut examples = BTreeMap::new();
    for file in std::fs::read_dir(folder).expect("the folder of vendors") {
        let path = file.expect("a file").path();
        let text = std::fs::read_to_string(&path).expect("text");
        let line =
            text.lines().find_map(|line| line.strip_prefix("//! Example: ")).unwrap_or_else(|| panic!("{path:?}"));
        let stem = path.file_stem().expect("a name").to_string_lossy();
        let forms = line.split('`').skip(1).step_by(2).map(made_up::expand).collect();
        examples.insert(format!("secret_{stem}"), forms);
    }
    examples
}

/// What the detector of that name finds: how likely.
fn found_by(detector: &str, text: &str) -> Option<Likelihood> {
    let mut found = Vec::new();
    Engine::new().scan(PathFacts::NONE, LeafKind::String, text.as_bytes(), &mut found);
    found.iter().filter(|f| f.detector == detector).map(|f| f.likelihood).max()
}

#[test]
fn every_vendor_has_a_file_with_examples_and_every_file_is_listed() {
    let files: Vec<String> = examples().into_keys().collect();
    let listed: Vec<&str> = Engine::new().detectors().filter(|name| name.starts_with("secret_")).collect();
    for file in &files {
        assert!(listed.contains(&file.as_str()), "{file} is not listed");
    }
    assert!(files.len() >= 90, "{} vendors", files.len());
}

#[test]
fn the_examples_of_every_vendor_are_found_in_every_disguise() {
    let mut missed = Vec::new();
    for (detector, examples) in examples() {
        for example in examples {
            for text in wrapped::wrappers(&example) {
                if found_by(&detector, &text) < Some(Likelihood::Likely) {
                    missed.push(format!("{detector}: {text}"));
                }
            }
        }
    }
    assert!(missed.is_empty(), "{} missed: {missed:#?}", missed.len());
}

#[test]
fn a_credential_in_a_sentence_is_marked_from_its_first_to_its_last_byte() {
    for (detector, examples) in examples() {
        for example in examples {
            let text = format!("my key is {example} thanks");
            let mut found = Vec::new();
            Engine::new().scan(PathFacts::NONE, LeafKind::String, text.as_bytes(), &mut found);
            let finding = found.iter().find(|f| f.detector == detector).unwrap_or_else(|| panic!("{text}"));
            let span = &text[finding.span.0 as usize..finding.span.1 as usize];
            let is_key = finding.category == Category::PrivateKey;
            assert!(is_key || example.ends_with(span) || example.contains("hooks."), "{detector}: {span} of {example}");
        }
    }
}

#[test]
fn what_is_glued_to_a_word_or_cut_short_is_no_credential() {
    // Of these a part may be proof enough, or another detector's.
    const OPEN: [&str; 5] = ["secret_private_key", "secret_authorization", "secret_jwt", "secret_fly", "secret_aws"];
    let mut wrong = Vec::new();
    for (detector, examples) in examples() {
        for example in examples {
            if OPEN.contains(&detector.as_str()) || example.contains("//") || example.contains(": ") {
                continue;
            }
            let cut = &example[..(example.len() * 2 / 5).min(20)];
            for text in [format!("x{example}"), cut.to_owned(), format!("see {cut} there")] {
                if found_by(&detector, &text) >= Some(Likelihood::Likely) {
                    wrong.push(format!("{detector}: {text}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong: {wrong:#?}", wrong.len());
}

//! Each vendor's format, from the examples that its file opens with: found in every disguise, and not where it is cut or glued.

use std::collections::BTreeMap;

mod made_up;
mod wrapped;

use proptest::prelude::*;
use weir_detect::{Engine, PathFacts};
use weir_event::{Category, LeafKind, Likelihood};

/// The examples of each file of `secrets/`, filled in, by the detector's name.
fn examples() -> BTreeMap<String, Vec<String>> {
    let fill = |forms: Vec<String>| forms.iter().map(|form| made_up::expand(form)).collect();
    forms().into_iter().map(|(detector, forms)| (detector, fill(forms))).collect()
}

/// The examples as they stand.
fn forms() -> BTreeMap<String, Vec<String>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/detectors/secrets");
    let mut examples = BTreeMap::new();
    for file in std::fs::read_dir(folder).expect("the folder of vendors") {
        let path = file.expect("a file").path();
        let text = std::fs::read_to_string(&path).expect("text");
        let line =
            text.lines().find_map(|line| line.strip_prefix("//! Example: ")).unwrap_or_else(|| panic!("{path:?}"));
        let stem = path.file_stem().expect("a name").to_string_lossy();
        let forms = line.split('`').skip(1).step_by(2).map(str::to_owned).collect();
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

/// Of a million bodies hardly one is of words or of a few characters by chance, so the seeds are the same each time.
#[test]
fn a_credential_of_any_vendor_is_found_whatever_its_body() {
    let (forms, mut missed) = (forms(), Vec::new());
    for (detector, form) in forms.iter().flat_map(|(detector, forms)| forms.iter().map(move |form| (detector, form))) {
        for seed in 0..128 {
            let value = made_up::expand_with(form, seed);
            let mut texts = vec![value.clone()];
            // Inside a text the gate asks for four digits or capitals; of bodies of 16 letters and digits one in 600 has fewer.
            if value.bytes().filter(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()).count() >= 4 {
                let json = serde_json::json!({"a": [value]}).to_string();
                texts.extend([format!("please see {value} and tell me"), json]);
            }
            missed.extend(texts.into_iter().filter(|text| found_by(detector, text) < Some(Likelihood::Likely)));
        }
    }
    assert!(missed.is_empty(), "{} missed: {missed:#?}", missed.len());
}

#[test]
fn a_credential_of_small_letters_is_found_where_it_stands_alone() {
    const PREFIXES: [(&str, &str, usize); 4] = [
        ("secret_settlemint", "sm_pat_", 16),
        ("secret_buildkite", "bkua_", 40),
        ("secret_gitlab", "glpat-", 20),
        ("secret_stripe", "sk_live_", 24),
    ];
    for (detector, prefix, len) in PREFIXES {
        let text = format!("{prefix}xkq7{}", &"qwhzjkvbxnfgdptr".repeat(3)[..len - 4]);
        assert!(found_by(detector, &text) >= Some(Likelihood::Likely), "{text}");
    }
}

#[test]
fn a_body_that_only_begins_with_few_characters_is_no_placeholder() {
    let found = |text: &str| found_by("secret_devcycle", text);
    assert!(found("dvc_server_e6edf66efcf6fdee9c82e960d44ebb14") >= Some(Likelihood::Likely));
    assert!(found("dvc_server_123412341234123412341234") <= Some(Likelihood::Possible));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_token_of_github_whose_checksum_is_wrong_is_not_likely(seed in any::<u64>(), at in 34_usize..40, by in 1_u8..10) {
        let mut token = made_up::expand_with("ghp_{alnum 30}{crc}", seed).into_bytes();
        token[at] = if token[at].is_ascii_digit() { b'0' + (token[at] - b'0' + by) % 10 } else { b'0' + by };
        let token = String::from_utf8(token).expect("letters and digits");
        for text in wrapped::wrappers(&token) {
            prop_assert!(found_by("secret_github", &text) <= Some(Likelihood::Possible), "{text}");
        }
    }

    #[test]
    fn what_is_published_on_purpose_is_no_secret(seed in any::<u64>()) {
        const PUBLIC: [&str; 9] = [
            "pk_live_{alnum 24}", "pk_test_{alnum 24}", "phc_{alnum 43}", "sb_publishable_{word 31}", "pk.eyJ{alnum 70}.{word 22}",
            "https://{hex 32}@o{digit 6}.ingest.sentry.io/{digit 7}", "NRJS-{hex 19}", "pub{hex 32}", "{digit 12}-{lower 32}.apps.googleusercontent.com",
        ];
        for form in PUBLIC {
            let text = made_up::expand_with(form, seed);
            let mut found = Vec::new();
            Engine::new().scan(PathFacts::NONE, LeafKind::String, text.as_bytes(), &mut found);
            let secret = found.iter().find(|f| f.category.is_under("secret") && f.likelihood >= Likelihood::Possible);
            prop_assert!(secret.is_none(), "{text}: {secret:?}");
        }
    }
}

#[test]
fn a_private_key_is_marked_to_its_end() {
    let key = made_up::expand("-----BEGIN EC PRIVATE KEY-----\n{base64 64}\n{base64 40}\n-----END EC PRIVATE KEY-----");
    let text = format!("here: {key} bye");
    let mut found = Vec::new();
    Engine::new().scan(PathFacts::NONE, LeafKind::String, text.as_bytes(), &mut found);
    let finding = found.iter().find(|f| f.category == Category::PrivateKey).expect("found");
    assert_eq!(&text[finding.span.0 as usize..finding.span.1 as usize], key);
}

#[test]
fn slugs_and_names_that_begin_as_a_credential_does_are_none() {
    const NAMES: [&str; 20] = [
        "BSA-2024-Annual-Compliance-Report",
        "BSAutomation_Deploy_Report_2024_v2",
        "pina_Colada_recipe_2024_with_rum",
        "tss_20241122_Session_Export_Final",
        "EXOSKELETON2024ANNUALREPORTS",
        "lip_SamplingRate2024Q4Report",
        "dvc_server_Config4f9Backup2",
        "polar_at_Bear_Sightings_2024_Export",
        "polar_pat_Release_Notes_v2_Final",
        "aact_prod_Export_2024_customers_v2",
        "aact_hmlg_Export_2024_customers_v2",
        "vtwn_Quarterly_Numbers_2024_final",
        "api_live.Dashboard_Overview_2024_Q4",
        "access-production-Backup-2024-11-22-Database-Exported1",
        "access-sandbox-Backup-2024-11-22-Database-Exported1234",
        "persona_production_Settings_Export_2024",
        "persona_sandbox_Settings_Export_2024",
        "mercury_production_Settings_Export_2024_Quarterly_Numbers_Final",
        "sk-Loading-Indicator-2024-Large-Primary",
        "unkey_SettingsExport2024Final",
    ];
    for name in NAMES {
        for text in [name.to_owned(), format!("see {name}.pdf there"), format!("https://x.example/files/{name}")] {
            let mut found = Vec::new();
            Engine::new().scan(PathFacts::NONE, LeafKind::String, text.as_bytes(), &mut found);
            let secret = found.iter().find(|f| f.category.is_under("secret") && f.likelihood >= Likelihood::Possible);
            assert!(secret.is_none(), "{text}: {secret:?}");
        }
    }
}

#[test]
fn a_credential_of_another_alphabet_than_its_example_is_found_too() {
    const FORMS: [(&str, &str); 6] = [
        ("secret_brave", "BSA{alnum 12}_{alnum 9}-{alnum 5}"),
        ("secret_pinterest", "pina_{alnum 30}_{alnum 24}-{alnum 8}"),
        ("secret_exoscale", "EXO{hex 24}"),
        ("secret_devcycle", "dvc_server_{hex 8}-{hex 4}-{hex 4}-{hex 4}-{hex 12}_{hex 7}"),
        ("secret_thunderstore", "tss_{alnum 20}-{alnum 12}"),
        ("secret_plaid", "access-development-{hex 8}-{hex 4}-{hex 4}-{hex 4}-{hex 12}"),
    ];
    for (detector, form) in FORMS {
        for seed in 0..200 {
            let text = made_up::expand_with(form, seed);
            assert!(found_by(detector, &text) >= Some(Likelihood::Likely), "{detector}: {text}");
        }
    }
}

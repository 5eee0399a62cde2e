//! Every sample configuration of the documentation is one that Weir takes.

use std::path::{Path, PathBuf};

use weir_tests::captures::fixtures;
use weir_tests::harness::{Folder, Setup, VENDOR_TOKEN};

/// Top-level fields by which a block is known to be a whole `weir.yaml`.
const FIELDS: [&str; 4] = ["listen:", "sources:", "destinations:", "trusted_proxies:"];

/// The configurations of a page: YAML blocks that have one of the top-level fields.
fn samples(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if line.trim() != "```yaml" {
            continue;
        }
        let block: Vec<&str> = lines.by_ref().take_while(|l| l.trim() != "```").collect();
        if block.iter().any(|l| FIELDS.iter().any(|f| l.starts_with(f))) {
            found.push(block.join("\n") + "\n");
        }
    }
    found
}

/// The environment variables that a sample takes its secrets from.
fn variables(sample: &str) -> Vec<&str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    sample.split("env: ").skip(1).filter_map(|rest| rest.split(|c| !is_name(c)).next()).collect()
}

fn pages() -> Vec<PathBuf> {
    let root = fixtures().parent().expect("the fixtures lie in the repository").to_owned();
    let below = |folder: &Path| {
        let files = weir_tests::privacy::files_below(folder).into_iter();
        files.filter(|f| f.extension().is_some_and(|e| e == "md" || e == "yaml")).collect::<Vec<_>>()
    };
    let mut pages = vec![root.join("README.md")];
    pages.extend(below(&root.join("docs")));
    pages.extend(below(&root.join("deploy")));
    pages
}

#[test]
fn every_sample_configuration_is_taken() {
    let folder = Folder::new(&Setup { sources: String::new(), destinations: String::new(), more: String::new() });
    let mut checked = 0;
    for page in pages() {
        let Ok(text) = std::fs::read_to_string(&page) else { continue };
        let whole =
            page.file_name().is_some_and(|n| n.to_string_lossy().starts_with("weir") && text.contains("sources:"));
        let samples = if page.extension().is_some_and(|e| e == "md") { samples(&text) } else { Vec::new() };
        for sample in samples.into_iter().chain(whole.then(|| text.clone())) {
            std::fs::write(folder.config(), &sample).expect("the sample can be written");
            let config = folder.config();
            let variables: Vec<(&str, &str)> =
                variables(&sample).into_iter().map(|name| (name, VENDOR_TOKEN)).collect();
            let output = folder.run(&["config", "check", &config.to_string_lossy()], &variables);
            let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(0), "a sample of {} is refused:\n{said}\n{sample}", page.display());
            checked += 1;
        }
    }
    assert!(checked > 0, "no sample was found");
}

fn page(name: &str) -> String {
    let root = fixtures().parent().expect("the fixtures lie in the repository").to_owned();
    std::fs::read_to_string(root.join("docs").join(name)).expect("the page is there")
}

/// The first two cells of each table row that begins with a name in backticks.
fn rows(text: &str) -> impl Iterator<Item = (&str, Vec<&str>)> {
    text.lines().filter_map(|line| {
        let (name, rest) = line.strip_prefix("| `")?.split_once("` |")?;
        Some((name, rest.split(" | ").map(str::trim).collect()))
    })
}

#[test]
fn every_default_is_explained_as_it_is() {
    let configuration = page("configuration.md");
    let mut defaults = std::collections::BTreeMap::new();
    for section in configuration.split("\n## ").skip(1) {
        let name = section.strip_prefix('`').and_then(|s| s.split('`').next());
        for (field, cells) in rows(section) {
            let path = name.map_or_else(|| field.to_owned(), |name| format!("{name}.{field}"));
            // Sections have no default of their own, and what is absent says itself what then happens.
            if !cells[1].is_empty() && cells[1] != "none" {
                defaults.insert(path, cells[1].to_owned());
            }
        }
    }
    assert!(defaults.len() > 40, "the tables of configuration.md are read: {defaults:?}");
    let explained = page("defaults.md");
    let explained = rows(&explained).map(|(field, cells)| (field.to_owned(), cells[0].to_owned()));
    // What is absent may be explained too, in words.
    let explained = explained.filter(|(_, default)| default.starts_with('`') || default.starts_with("**")).collect();
    assert_eq!(defaults, explained);
}

#[test]
fn every_test_that_a_claim_names_exists() {
    let root = fixtures().parent().expect("the fixtures lie in the repository").to_owned();
    let sources = ["crates", "tests", "xtask"].map(|folder| weir_tests::privacy::files_below(&root.join(folder)));
    let mut tests = std::collections::BTreeSet::new();
    for file in sources.iter().flatten().filter(|f| f.extension().is_some_and(|e| e == "rs")) {
        let text = std::fs::read_to_string(file).expect("a source file can be read");
        tests.extend(text.split("fn ").skip(1).filter_map(|s| Some(s.split_once('(')?.0.to_owned())));
    }
    for name in ["claims.md", "breaches.md"] {
        let text = page(name);
        // Names of tests are the only names of four words and more in backticks.
        let named = text.split('`').skip(1).step_by(2).filter(|n| n.matches('_').count() >= 3 && !n.contains('.'));
        let named: Vec<&str> = named.collect();
        assert!(named.len() > 10, "{name} names tests: {named:?}");
        for test in named {
            assert!(tests.contains(test), "docs/{name} names {test}, which does not exist");
        }
    }
}

//! Every sample configuration of the documentation is one that Weir takes.

use std::path::{Path, PathBuf};

use weir_tests::captures::fixtures;
use weir_tests::harness::{Folder, Setup};

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
            let variables: Vec<(&str, &str)> = variables(&sample).into_iter().map(|name| (name, "any")).collect();
            let output = folder.run(&["config", "check", &config.to_string_lossy()], &variables);
            let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(0), "a sample of {} is refused:\n{said}\n{sample}", page.display());
            checked += 1;
        }
    }
    assert!(checked > 0, "no sample was found");
}

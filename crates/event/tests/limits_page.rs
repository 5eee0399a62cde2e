//! `docs/limits.md` is made from `limits.rs`, so that no limit goes undocumented. `UPDATE=1` rewrites the page.

use std::fmt::Write as _;
use std::path::Path;

#[test]
fn every_limit_is_on_the_page_with_its_value_and_its_answer() {
    let source = include_str!("../src/limits.rs");
    let mut page = String::from(
        "# Limits\n\nMade from `crates/event/src/limits.rs`; what happens at each limit stands beside it. Limits that an operator sets \
         are in `docs/configuration.md`.\n\n| limit | value | what happens |\n|---|---|---|\n",
    );
    let mut doc = String::new();
    let mut count = 0;
    for line in source.lines() {
        if let Some(text) = line.strip_prefix("/// ") {
            let _ = write!(doc, "{}{text}", if doc.is_empty() { "" } else { " " });
        } else if let Some(rest) = line.strip_prefix("pub const ") {
            let (name, value) = rest.split_once(": ").expect("a constant has a type");
            let value = value.split_once("= ").expect("a constant has a value").1.trim_end_matches(';');
            assert!(!doc.is_empty(), "{name} says what happens at it");
            let _ = writeln!(page, "| `{name}` | {} | {doc} |", value.replace('*', "×"));
            doc.clear();
            count += 1;
        }
    }
    assert!(count > 10);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/limits.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &page).expect("docs can be written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/limits.md is not what limits.rs says: run this test with UPDATE=1");
}

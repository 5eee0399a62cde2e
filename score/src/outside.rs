//! The engine over leaves that others made: `fixtures/corpus/outside.py` fetches and writes them.
//!
//! Nothing is held against a floor: what others publish is not ours to promise, and the build machine reaches no index. The targets
//! that were set for such material stand beside what is reached.

use std::fmt::Write;
use std::path::Path;

use weir_detect::Engine;
use weir_event::{Category, Likelihood};

use crate::classes::CLASSES;
use crate::corpus::{self, Leaf};
use crate::measure::{self, Score};
use crate::report::{self, number};

/// Scores each file of leaves in a folder: the tables, and what was missed and mistaken.
pub(crate) fn run(folder: &Path, confusions: usize) -> Result<(String, String), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.to_string_lossy().ends_with(ENDING) {
            files.push(path);
        }
    }
    files.sort();
    let engine = Engine::new();
    let mut table = String::from(
        "| corpus | class | leaves | found | wrong | precision | recall | recall, key helps | key silent | span |\n|---|---|--:|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    let (mut sums, mut details) = (String::new(), String::new());
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let name = name.trim_end_matches(ENDING).replace('_', " ");
        let leaves = corpus::read(&file)?;
        let score = measure::score(&engine, &leaves);
        rows(&mut table, &name, &score);
        let [found, mistaken] = possible(&engine, &leaves);
        let sensitive = score.any.total();
        let recall = (sensitive > 0).then(|| found as f64 / sensitive as f64);
        let _ = writeln!(
            sums,
            "| {name} | {} | {sensitive} | {} | {} | {} | {mistaken} |",
            score.leaves,
            number(score.any.recall()),
            score.any.wrong,
            number(recall),
        );
        let _ = writeln!(details, "== {name}\n{}", report::everything(&score, confusions));
    }
    let _ = writeln!(
        table,
        "\n| corpus | leaves | sensitive | found as anything sensitive | clean and found | at least possible | clean and possible |\n|---|--:|--:|--:|--:|--:|--:|\n{sums}"
    );
    Ok((table, details))
}

/// How many leaves with a label and how many without have a finding that is at least possible, which the default policy acts on.
fn possible(engine: &Engine, leaves: &[Leaf]) -> [u64; 2] {
    let (mut counts, mut found) = ([0; 2], Vec::new());
    for leaf in leaves {
        measure::scan(engine, leaf, &mut found);
        // An id says nothing by itself: a digest may be taken for one.
        let is_id = |category: Category| leaf.labels.is_empty() && category.is_under("user.unique_id");
        let is_found = found.iter().any(|f| f.likelihood >= Likelihood::Possible && !is_id(f.category));
        counts[usize::from(leaf.labels.is_empty())] += u64::from(is_found);
    }
    counts
}

const ENDING: &str = ".leaves.jsonl";

fn rows(table: &mut String, name: &str, score: &Score) {
    for (class, own) in CLASSES.iter().zip(&score.classes) {
        if own.leaf.total() == 0 && own.leaf.wrong == 0 {
            continue;
        }
        let span = if own.placed.1 == 0 { None } else { Some(own.placed.0 as f64 / own.placed.1 as f64) };
        let _ = writeln!(
            table,
            "| {name} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            class.name,
            own.leaf.total(),
            own.leaf.hits,
            own.leaf.wrong,
            number(own.leaf.precision()),
            number(own.leaf.recall()),
            number(own.known.recall()),
            number(own.silent.recall()),
            number(span),
        );
    }
}

//! `weir detect --test`: the cases of the configuration's own detectors.

use std::path::Path;

use serde_json::json;
use weir_detect::{OwnDetectors, OwnProblem};

use super::super::output::counted;
use super::super::output::table;
use super::super::{Exit, Output};
use crate::config::{Config, Secrets};

/// The detectors of a configuration, whose cases hold.
pub(super) fn load(file: &Path) -> Result<OwnDetectors, String> {
    let config = Config::load(file, Secrets::Leave).map_err(|problems| problems.to_string())?;
    OwnDetectors::compile(&config.detectors).map_err(|problems| {
        let name = |place: usize| config.detectors.get(place).map_or("", |spec| spec.name.as_str());
        problems.iter().map(|(place, problem)| format!("{}: {problem}", name(*place))).collect::<Vec<_>>().join("\n")
    })
}

/// Runs them and says of each detector how many cases hold.
pub(super) fn run(out: &Output, file: &Path) -> Exit {
    let config = match Config::load(file, Secrets::Leave) {
        Ok(config) => config,
        Err(problems) => return out.fail(problems),
    };
    let specs = &config.detectors;
    let problems = OwnDetectors::compile(specs).err().unwrap_or_default();
    let of = |place: usize| problems.iter().filter(move |(at, _)| *at == place).map(|(_, problem)| problem);
    let failed = |place| of(place).filter(|p| matches!(p, OwnProblem::Missed(_) | OwnProblem::Found(_))).count();
    let value: Vec<_> = specs
        .iter()
        .enumerate()
        .map(|(place, spec)| {
            let problems: Vec<String> = of(place).map(ToString::to_string).collect();
            json!({"detector": spec.name, "category": spec.category.key(), "cases": spec.matches.len() + spec.not.len(),
                "failed": failed(place), "problems": problems})
        })
        .collect();
    let mut text = table(
        &["detector", "finds", "cases", "failed"],
        specs.iter().enumerate().map(|(place, spec)| {
            let cases = spec.matches.len() + spec.not.len();
            vec![spec.name.clone(), spec.category.key().to_owned(), cases.to_string(), failed(place).to_string()]
        }),
    );
    for (place, problem) in &problems {
        let name = specs.get(*place).map_or("", |spec| spec.name.as_str());
        text.push_str(&format!("! {name}: {problem}\n"));
    }
    text.push_str(&format!(
        "{}, {}",
        counted(specs.len() as u64, "detector"),
        counted(problems.len() as u64, "problem")
    ));
    out.show(&json!({"ok": problems.is_empty(), "file": file, "detectors": value}), &text);
    if problems.is_empty() { Exit::Fine } else { Exit::Found }
}

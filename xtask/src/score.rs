//! The detectors by themselves: how well they do over a corpus, and how fast.

use crate::shell;

/// Scores them, with whatever arguments that takes. An error where something fell below the floor.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let mut command = vec!["run", "--quiet", "--locked", "--package", "weir-score", "--"];
    command.extend(arguments.iter().map(String::as_str));
    shell::run("cargo", &command)
}

/// Their own benchmark.
pub(crate) fn bench(arguments: &[String]) -> Result<(), String> {
    let mut command = vec!["bench", "--locked", "--package", "weir-detect", "--bench", "scan", "--"];
    command.extend(arguments.iter().map(String::as_str));
    shell::run("cargo", &command)
}

//! Every check and every suite, in an order in which the cheap failures come first and one build serves all suites (D20, D21).
//!
//! The last line is `N passed, N failed`, summed over all of them; a step that fails without a count of its own counts as one.

use std::ops::AddAssign;
use std::process::Command;
use std::time::Instant;

use crate::shell::{command, has, watched};
use crate::{check, deny, root, tidy};

/// Crash rounds of a CI run (issue: at least 200), two at a time.
const CRASH_ROUNDS: &str = "200";

/// Tests of a suite or a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    passed: u64,
    failed: u64,
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Count) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// A step by its name; `Stop` ends the run where it fails, since nothing after it could work.
struct Step {
    name: &'static str,
    stops: bool,
    run: fn() -> Count,
}

const STEPS: [Step; 10] = [
    Step { name: "fmt", stops: false, run: fmt },
    Step { name: "tidy", stops: false, run: || checks(&tidy::run(&root())) },
    Step { name: "deny", stops: false, run: || checks(&deny::run(&root())) },
    Step { name: "clippy", stops: false, run: clippy },
    Step { name: "build", stops: true, run: build },
    Step { name: "unit", stops: false, run: unit },
    Step { name: "doc", stops: false, run: doc },
    Step { name: "product", stops: false, run: product },
    Step { name: "sdk", stops: false, run: sdk },
    Step { name: "crash", stops: false, run: crash },
];

/// Runs all steps, or those that are named.
pub(crate) fn run(wanted: &[String]) -> bool {
    if let Some(unknown) = wanted.iter().find(|w| STEPS.iter().all(|s| s.name != w.as_str())) {
        eprintln!("there is no suite `{unknown}`");
        return false;
    }
    let mut total = Count::default();
    let mut table = Vec::new();
    for step in STEPS.iter().filter(|s| wanted.is_empty() || wanted.iter().any(|w| w == s.name)) {
        println!("\n== {} ==", step.name);
        let started = Instant::now();
        let count = (step.run)();
        table.push(format!(
            "{:<8} {:>6.1} min {:>6} passed {:>4} failed",
            step.name,
            started.elapsed().as_secs_f64() / 60.0,
            count.passed,
            count.failed
        ));
        total += count;
        if step.stops && count.failed > 0 {
            table.push("the steps after it were not run".to_owned());
            break;
        }
    }
    println!("\n{}\n", table.join("\n"));
    println!("{} passed, {} failed", total.passed, total.failed);
    total.failed == 0
}

fn checks(checks: &[check::Check]) -> Count {
    check::print(checks);
    let failed = checks.iter().filter(|c| !c.broken.is_empty()).count() as u64;
    Count { passed: checks.len() as u64 - failed, failed }
}

fn one(command: Command) -> Count {
    let (good, _) = watched(command);
    Count { passed: u64::from(good), failed: u64::from(!good) }
}

fn fmt() -> Count {
    one(command("cargo", &["fmt", "--all", "--check"]))
}

fn clippy() -> Count {
    one(command(
        "cargo",
        &["clippy", "--locked", "--profile", "ci", "--workspace", "--all-targets", "--", "-D", "warnings"],
    ))
}

/// The one build: binaries, unit tests and integration tests, in the profile that every suite uses.
fn build() -> Count {
    one(command("cargo", &["build", "--locked", "--profile", "ci", "--workspace", "--all-targets"]))
}

fn unit() -> Count {
    suite(&["--workspace", "--exclude", "weir-tests"], &[])
}

fn doc() -> Count {
    counted(command("cargo", &["test", "--locked", "--profile", "ci", "--workspace", "--doc"]))
}

/// Everything in `tests/` that has no suite of its own.
fn product() -> Count {
    let folder = root().join("tests/tests");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".rs").map(str::to_owned))
        .filter(|name| !matches!(name.as_str(), "sdk" | "crash"))
        .collect();
    names.sort();
    let mut arguments = vec!["-p", "weir-tests", "--lib"];
    for name in &names {
        arguments.extend(["--test", name]);
    }
    suite(&arguments, &[])
}

fn sdk() -> Count {
    suite(&["-p", "weir-tests", "--test", "sdk"], &[])
}

fn crash() -> Count {
    suite(&["-p", "weir-tests", "--test", "crash"], &[("WEIR_CRASH_ROUNDS", CRASH_ROUNDS)])
}

/// Runs tests by nextest where it is installed, else by `cargo test`; both from the same build.
fn suite(arguments: &[&str], environment: &[(&str, &str)]) -> Count {
    let mut command = if has("cargo", &["nextest", "--version"]) {
        let mut command = command("cargo", &["nextest", "run", "--locked", "--cargo-profile", "ci", "--no-fail-fast"]);
        // What a passing crash run prints (its seed, what it skipped) belongs into the log.
        command.args(["--success-output", if environment.is_empty() { "never" } else { "final" }]);
        command.args(arguments);
        command
    } else {
        let mut command = command("cargo", &["test", "--locked", "--profile", "ci", "--no-fail-fast"]);
        // Doc tests have a step of their own.
        let picks = arguments.iter().any(|a| matches!(*a, "--lib" | "--test"));
        command.args(arguments).args(if picks { &[][..] } else { &["--lib", "--bins", "--tests"][..] });
        command
    };
    command.env("WEIR_BIN", root().join("target/ci/weir"));
    // Go and Python of the second verifiers, before those of the machine.
    let installed = root().join("tests/sdk/.venv/bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(installed).chain(std::env::split_paths(&path));
    if let Ok(path) = std::env::join_paths(paths) {
        command.env("PATH", path);
    }
    for (name, value) in environment {
        if std::env::var_os(name).is_none() {
            command.env(name, value);
        }
    }
    counted(command)
}

fn counted(command: Command) -> Count {
    let (good, lines) = watched(command);
    let mut count = Count::default();
    for line in &lines {
        count += count_of(line);
    }
    if !good && count.failed == 0 {
        count.failed = 1;
    }
    count
}

/// The numbers of a summary line, of libtest (`test result: ok. 3 passed; 0 failed; …`) or of nextest
/// (`Summary [ 1.2s] 3 tests run: 3 passed, 0 skipped`).
fn count_of(line: &str) -> Count {
    let plain = without_colour(line);
    let numbers = match (plain.trim_start().strip_prefix("test result:"), plain.split_once("run:")) {
        (Some(rest), _) => rest.split_once(". ").map_or("", |(_, rest)| rest).to_owned(),
        (None, Some((before, rest))) if before.contains("Summary [") => rest.to_owned(),
        _ => return Count::default(),
    };
    let mut count = Count::default();
    for part in numbers.split([',', ';']) {
        let mut words = part.split_whitespace();
        let Some(Ok(number)) = words.next().map(str::parse::<u64>) else { continue };
        match words.next() {
            Some("passed") => count.passed += number,
            Some("failed" | "timed") => count.failed += number,
            _ => {}
        }
    }
    count
}

fn without_colour(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        out.push_str(before);
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_of_both_runners_are_counted() {
        let count = |passed, failed| Count { passed, failed };
        assert_eq!(
            count_of("test result: FAILED. 13 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out"),
            count(13, 2)
        );
        assert_eq!(
            count_of("     Summary [  12.345s] 20 tests run: 17 passed (1 slow), 2 failed, 1 timed out, 4 skipped"),
            count(17, 3)
        );
        assert_eq!(
            count_of(
                "\u{1b}[32;1m     Summary\u{1b}[0m [   0.1s] \u{1b}[1m1\u{1b}[0m test run: 1 \u{1b}[32mpassed\u{1b}[0m, 0 skipped"
            ),
            count(1, 0)
        );
        assert_eq!(count_of("running 13 tests"), count(0, 0));
    }
}

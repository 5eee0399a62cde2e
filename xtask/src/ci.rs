//! Every check and every suite, in an order in which the cheap failures come first and one build serves all suites (D20, D21).
//!
//! The last line is `N passed, N failed`, summed over all of them; a step that fails without a count of its own counts as one.

use std::ops::AddAssign;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::shell::{command, has, watched};
use crate::{check, deny, root, target, tidy};

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

const STEPS: [Step; 11] = [
    Step { name: "fmt", stops: false, run: fmt },
    Step { name: "tidy", stops: false, run: || checks(&tidy::run(&root())) },
    Step { name: "deny", stops: false, run: || checks(&deny::run(&root())) },
    Step { name: "clippy", stops: false, run: clippy },
    Step { name: "build", stops: true, run: build },
    Step { name: "unit", stops: false, run: unit },
    Step { name: "score", stops: false, run: score },
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

/// Every crate's own tests, those in its `tests` folder included, and the harness's.
fn unit() -> Count {
    let mut names = Vec::new();
    for krate in entries(&root().join("crates")).into_iter().map(|c| root().join("crates").join(c)) {
        names.extend(test_names(&krate.join("tests")));
    }
    names.sort();
    names.dedup();
    let mut fallback = vec!["--lib".to_owned(), "--bins".to_owned()];
    fallback.extend(names.into_iter().flat_map(|name| ["--test".to_owned(), name]));
    suite("not (package(weir-tests) & kind(test))", &fallback, &[])
}

/// The detectors over the corpus that the floor is of, with the binary that `build` made.
fn score() -> Count {
    match target().join("ci/weir-score").to_str() {
        Some(program) => one(command(program, &[])),
        None => Count { passed: 0, failed: 1 },
    }
}

fn doc() -> Count {
    let command = command("cargo", &["test", "--locked", "--profile", "ci", "--workspace", "--doc"]);
    counted(command, LIBTEST_SUMMARY)
}

/// Everything in `tests/` that has no suite of its own.
fn product() -> Count {
    let names =
        test_names(&root().join("tests/tests")).into_iter().filter(|name| !drives_sdks(name) && name != "crash");
    product_tests(&names.collect::<Vec<_>>(), &[])
}

fn sdk() -> Count {
    let names: Vec<_> = test_names(&root().join("tests/tests")).into_iter().filter(|name| drives_sdks(name)).collect();
    product_tests(&names, &[])
}

/// Whether a suite runs packages of npm or PyPI: the vendors', or the browser's driver.
fn drives_sdks(name: &str) -> bool {
    name.starts_with("sdk")
        || matches!(name, "answer" | "flags" | "preflight" | "identity_space" | "ladder" | "audit_page" | "view_page")
}

fn crash() -> Count {
    product_tests(&["crash".to_owned()], &[("WEIR_CRASH_ROUNDS", CRASH_ROUNDS)])
}

fn product_tests(names: &[String], environment: &[(&str, &str)]) -> Count {
    let any = names.iter().map(|name| format!("binary(={name})")).collect::<Vec<_>>().join(" | ");
    let fallback: Vec<String> = names.iter().flat_map(|name| ["--test".to_owned(), name.clone()]).collect();
    suite(&format!("package(weir-tests) & kind(test) & ({any})"), &fallback, environment)
}

/// The integration tests of a folder, by cargo's names.
fn test_names(folder: &Path) -> Vec<String> {
    let name = |entry: String| match entry.strip_suffix(".rs") {
        Some(name) => Some(name.to_owned()),
        None => folder.join(&entry).join("main.rs").exists().then_some(entry),
    };
    let mut names: Vec<String> = entries(folder).into_iter().filter_map(name).collect();
    names.sort();
    names
}

fn entries(folder: &Path) -> Vec<String> {
    std::fs::read_dir(folder).into_iter().flatten().flatten().filter_map(|e| e.file_name().into_string().ok()).collect()
}

/// Runs tests by nextest where it is installed, else by `cargo test`. Both always name the whole workspace and pick from it,
/// since naming one package gives its dependencies other features and builds them again.
fn suite(filter: &str, fallback: &[String], environment: &[(&str, &str)]) -> Count {
    let is_nextest = has("cargo", &["nextest", "--version"]);
    let mut command = if is_nextest {
        let mut command = command("cargo", &["nextest", "run", "--locked", "--cargo-profile", "ci", "--workspace"]);
        // What a passing crash run prints (its seed, what it skipped) belongs into the log.
        command.args(["--no-fail-fast", "--success-output", if environment.is_empty() { "never" } else { "final" }]);
        command.args(["-E", filter]);
        command
    } else {
        let mut command = command("cargo", &["test", "--locked", "--profile", "ci", "--workspace", "--no-fail-fast"]);
        command.args(fallback);
        command
    };
    command.env("WEIR_BIN", target().join("ci/weir"));
    // Here the second verifiers must run: a tool that is missing is a failure.
    command.env("WEIR_VERIFIERS", "1");
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
    counted(command, if is_nextest { NEXTEST_SUMMARY } else { LIBTEST_SUMMARY })
}

/// By what the summary line of a runner is known, and what stands before its numbers.
type Summary = (&'static str, &'static str);
const LIBTEST_SUMMARY: Summary = ("test result:", ". ");
/// The output of single tests holds lines of libtest as well, which must not count twice.
const NEXTEST_SUMMARY: Summary = ("Summary [", "run:");

fn counted(command: Command, summary: Summary) -> Count {
    let (good, lines) = watched(command);
    let mut count = Count::default();
    for line in &lines {
        count += count_of(line, summary);
    }
    if !good && count.failed == 0 {
        count.failed = 1;
    }
    count
}

/// The numbers of a summary line, of libtest (`test result: ok. 3 passed; 0 failed; …`) or of nextest
/// (`Summary [ 1.2s] 3 tests run: 3 passed, 0 skipped`).
fn count_of(line: &str, (sign, before): Summary) -> Count {
    let plain = without_colour(line);
    let mut count = Count::default();
    if !plain.trim_start().starts_with(sign) {
        return count;
    }
    let numbers = plain.split_once(before).map_or("", |(_, numbers)| numbers);
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
            count_of(
                "test result: FAILED. 13 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out",
                LIBTEST_SUMMARY
            ),
            count(13, 2)
        );
        let line = "     Summary [  12.345s] 20 tests run: 17 passed (1 slow), 2 failed, 1 timed out, 4 skipped";
        assert_eq!(count_of(line, NEXTEST_SUMMARY), count(17, 3));
        let coloured = "\u{1b}[32;1m     Summary\u{1b}[0m [   0.1s] \u{1b}[1m1\u{1b}[0m test run: 1 \u{1b}[32mpassed\u{1b}[0m, 0 skipped";
        assert_eq!(count_of(coloured, NEXTEST_SUMMARY), count(1, 0));
        assert_eq!(count_of("    test result: ok. 1 passed; 0 failed", NEXTEST_SUMMARY), count(0, 0));
        assert_eq!(count_of("running 13 tests", LIBTEST_SUMMARY), count(0, 0));
    }
}

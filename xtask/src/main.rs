//! `cargo xtask`: everything that is done to this repository by command. `ci` is what the build machine runs, step by step.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool")]

mod check;
mod ci;
mod deny;
mod install;
mod long;
mod score;
mod shell;
mod tidy;
mod toml;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask <command>

  ci [SUITE…]        every check and every suite, each with its minutes; ends in `N passed, N failed`
                     suites: fmt, clippy, deny, tidy, build, unit, score, doc, product, sdk, crash
  install            what the tests need: Debian, npm and PyPI packages
  tidy               rules of this repository (no build needed)
  deny               licences, sources, duplicates and number of dependencies, by deny.toml
  bench [ARGS…]      the benchmark (release build)
  bench detect       the detectors alone: nanoseconds a leaf, growth, adversarial inputs
  bench ledger       300 million rows of the egress ledger: appending, exposure, one subject; with DuckDB beside it if it is there
  score [OPTIONS]    the detectors over a labelled corpus, against their targets and the floor (--help)
  score --outside    the same over what others published: fetched from the indexes of packages, so no part of `ci`
  soak --minutes N   crash rounds until the time is over, each pass with a new seed
  fuzz --minutes N [TARGET…]
                     every fuzz target in turn, or these (needs cargo-fuzz)
  weight             a cold release build, timed (D20)
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", &[][..]),
    };
    let good = match command {
        "ci" => ci::run(rest),
        "install" => report(install::run()),
        "tidy" => check::print(&tidy::run(&root())),
        "deny" => check::print(&deny::run(&root())),
        "bench" if rest.first().is_some_and(|what| what == "detect") => report(score::bench(&rest[1..])),
        "bench" if rest.first().is_some_and(|what| what == "ledger") => report(long::bench_ledger()),
        "bench" => report(long::bench(rest)),
        "score" => report(score::run(rest)),
        "soak" => report(long::soak(rest)),
        "fuzz" => report(long::fuzz(rest)),
        "weight" => report(long::weight()),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            true
        }
        other => {
            eprint!("there is no command `{other}`\n\n{HELP}");
            false
        }
    };
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn report(result: Result<(), String>) -> bool {
    result.inspect_err(|message| eprintln!("xtask: {message}")).is_ok()
}

/// Where Cargo builds.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The folder of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

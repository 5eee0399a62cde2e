//! Runs that are too long for CI; their figures and dates are committed (D21).

use std::time::{Duration, Instant};

use crate::root;
use crate::shell::{self, command, watched};

/// Crash rounds of one pass of a soak.
const SOAK_ROUNDS: &str = "200";
/// D20: a cold release build on two cores.
const RELEASE_BUILD_MINUTES_MAX: f64 = 8.0;

/// The benchmark, with whatever arguments it takes.
pub(crate) fn bench(arguments: &[String]) -> Result<(), String> {
    shell::run("cargo", &["build", "--release", "--locked", "-p", "weir", "-p", "weir-bench"])?;
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let program = root().join("target/release/weir-bench");
    shell::run(program.to_str().ok_or("the path of the repository is not UTF-8")?, &arguments)
}

/// Crash rounds until the time is over; ends at the first failure, whose seed is printed.
pub(crate) fn soak(arguments: &[String]) -> Result<(), String> {
    let until = Instant::now() + minutes(arguments)?;
    shell::run("cargo", &["build", "--locked", "--profile", "ci", "-p", "weir", "-p", "weir-tests", "--all-targets"])?;
    let mut passes = 0_u64;
    while Instant::now() < until {
        let mut pass =
            command("cargo", &["test", "--locked", "--profile", "ci", "-p", "weir-tests", "--test", "crash"]);
        pass.args(["--", "--nocapture", "nothing_acknowledged_is_lost"]);
        pass.env("WEIR_CRASH_ROUNDS", SOAK_ROUNDS).env("WEIR_BIN", root().join("target/ci/weir"));
        if !watched(pass).0 {
            return Err(format!("pass {} failed: run it again with the WEIR_CRASH_SEED above", passes + 1));
        }
        passes += 1;
    }
    println!("{passes} passes of {SOAK_ROUNDS} rounds, none failed");
    Ok(())
}

/// Every fuzz target in turn, the time shared evenly.
pub(crate) fn fuzz(arguments: &[String]) -> Result<(), String> {
    let time = minutes(arguments)?;
    let folder = root().join("fuzz");
    let folder = folder.to_str().ok_or("the path of the repository is not UTF-8")?;
    let targets = shell::output("cargo", &["+nightly", "fuzz", "list", "--fuzz-dir", folder])?;
    let targets: Vec<&str> = targets.split_whitespace().collect();
    let seconds = time.as_secs() / targets.len().max(1) as u64;
    for target in &targets {
        let limit = format!("-max_total_time={seconds}");
        shell::run("cargo", &["+nightly", "fuzz", "run", "--fuzz-dir", folder, target, "--", &limit])?;
    }
    println!("{} targets, {seconds} s each, no finding", targets.len());
    Ok(())
}

/// A cold release build in a folder of its own.
pub(crate) fn weight() -> Result<(), String> {
    let folder = root().join("target/weight");
    // Absent is what is wanted.
    let _ = std::fs::remove_dir_all(&folder);
    let started = Instant::now();
    let mut build = command("cargo", &["build", "--release", "--locked", "-p", "weir"]);
    build.env("CARGO_TARGET_DIR", &folder);
    if !watched(build).0 {
        return Err("the release build failed".to_owned());
    }
    let minutes = started.elapsed().as_secs_f64() / 60.0;
    let size = std::fs::metadata(folder.join("release/weir")).map_or(0, |m| m.len());
    println!("a cold release build took {minutes:.1} min; the binary has {} MiB", size >> 20);
    let _ = std::fs::remove_dir_all(&folder);
    if minutes > RELEASE_BUILD_MINUTES_MAX {
        return Err(format!(
            "a cold release build takes {minutes:.1} min, the limit is {RELEASE_BUILD_MINUTES_MAX} (D20)"
        ));
    }
    Ok(())
}

fn minutes(arguments: &[String]) -> Result<Duration, String> {
    match arguments {
        [flag, number] if flag == "--minutes" => number
            .parse::<u64>()
            .map(|minutes| Duration::from_secs(minutes * 60))
            .map_err(|_| "`--minutes` takes a whole number".to_owned()),
        _ => Err("say for how long: --minutes N".to_owned()),
    }
}

//! Runs that are too long for CI; their figures and dates are committed (D21).

use std::time::{Duration, Instant};

use crate::shell::{self, command, watched};
use crate::{root, target};

/// Crash rounds of one pass of a soak.
const SOAK_ROUNDS: &str = "200";
/// A fuzzer runs no longer than this at a time: interned names are never freed, so its memory grows with what it finds.
const FUZZ_PIECE_SECONDS: u64 = 300;
/// D20: a cold release build on two cores.
const RELEASE_BUILD_MINUTES_MAX: f64 = 8.0;

/// The benchmark, with whatever arguments it takes.
pub(crate) fn bench(arguments: &[String]) -> Result<(), String> {
    shell::run("cargo", &["build", "--release", "--locked", "-p", "weir", "-p", "weir-bench"])?;
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let program = target().join("release/weir-bench");
    shell::run(program.to_str().ok_or("the path of the repository is not UTF-8")?, &arguments)
}

/// The ledger's rows: made, asked, and asked again by another engine over the same files, where Python has `duckdb`. Needs about 6 GB of
/// disk for the 300 million rows (`WEIR_LEDGER_ROWS`, `WEIR_LEDGER_DIR`).
pub(crate) fn bench_ledger() -> Result<(), String> {
    // What a row takes once the log has given it up: a ledger of its own, since the large one is made without a log.
    shell::run("cargo", &["bench", "--locked", "--package", "weir-rows", "--bench", "thin"])?;
    shell::run("cargo", &["bench", "--locked", "--package", "weir-answers", "--bench", "ledger"])?;
    let rows = std::env::var("WEIR_LEDGER_ROWS").unwrap_or_else(|_| "300000000".to_owned());
    let dir = std::env::var_os("WEIR_LEDGER_DIR").map_or_else(|| std::env::temp_dir().join("weir-ledger"), Into::into);
    let files = dir.join(rows).join("rows");
    let (script, files) = (root().join("benches/duckdb_rows.py"), files.to_string_lossy().into_owned());
    shell::run("python3", &[&script.to_string_lossy(), &files])
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
        pass.env("WEIR_CRASH_ROUNDS", SOAK_ROUNDS).env("WEIR_BIN", target().join("ci/weir"));
        if !watched(pass).0 {
            return Err(format!("pass {} failed: run it again with the WEIR_CRASH_SEED above", passes + 1));
        }
        passes += 1;
    }
    println!("{passes} passes of {SOAK_ROUNDS} rounds, none failed");
    Ok(())
}

/// Every fuzz target in turn, or those named, the time shared evenly; prints the table of `docs/fuzzing.md`. Findings do not stop the others.
pub(crate) fn fuzz(arguments: &[String]) -> Result<(), String> {
    let (time, named) = arguments.split_at(arguments.len().min(2));
    let time = minutes(time)?;
    let folder = root().join("fuzz");
    let listed = std::fs::read_dir(folder.join("fuzz_targets"))
        .map_err(|error| format!("fuzz/fuzz_targets cannot be read: {error}"))?
        .filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_str()?.to_owned()));
    let mut targets: Vec<String> = listed.collect();
    targets.sort();
    if let Some(unknown) = named.iter().find(|name| !targets.contains(name)) {
        return Err(format!("there is no fuzz target {unknown}: there is {}", targets.join(", ")));
    }
    if !named.is_empty() {
        targets.retain(|target| named.contains(target));
    }
    // What is found on the way stays out of the repository until somebody minimises it.
    let found = folder.join("target/corpus");
    let seconds = time.as_secs() / targets.len().max(1) as u64;
    let (mut table, mut failed) = (String::new(), Vec::new());
    for target in &targets {
        let grown = found.join(target);
        std::fs::create_dir_all(&grown).map_err(|error| format!("{}: {error}", grown.display()))?;
        let (mut left, mut runs, mut good) = (seconds, 0_u64, true);
        while good && left > 0 {
            let piece = left.min(FUZZ_PIECE_SECONDS);
            let mut run = command("cargo", &["fuzz", "run", "--sanitizer", "none", "--fuzz-dir"]);
            // Coverage needs flags that are nightly's; a sanitizer would look for what `forbid(unsafe_code)` excludes in our crates.
            run.env("RUSTC_BOOTSTRAP", "1").arg(&folder).arg(target);
            run.arg(&grown).arg(folder.join("corpus").join(target));
            run.args(["--", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"]);
            run.arg(format!("-max_total_time={piece}"));
            let (ended_well, lines) = watched(run);
            let executed = lines.iter().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
            runs += executed.and_then(|n| n.trim().parse::<u64>().ok()).unwrap_or(0);
            good = ended_well;
            left -= piece;
        }
        let speed = runs / seconds.saturating_sub(left).max(1);
        let findings = if good { "none" } else { "see above" };
        table.push_str(&format!("| {target} | {runs} | {} | {speed} | {findings} |\n", seconds - left));
        if !good {
            failed.push(target.as_str());
        }
    }
    println!("| target | runs | seconds | runs/s | findings |\n|---|---|---|---|---|\n{table}");
    if failed.is_empty() { Ok(()) } else { Err(format!("findings in {}: see fuzz/artifacts", failed.join(", "))) }
}

/// A cold release build in a folder of its own.
pub(crate) fn weight() -> Result<(), String> {
    let folder = target().join("weight");
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

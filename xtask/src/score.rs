//! The detectors by themselves: how well they do over a corpus, and how fast.

use crate::shell::{self, command, watched};
use crate::{root, target};

/// Events of the corpus that the benchmark runs over: some 290,000 leaves.
const BENCH_EVENTS: &str = "10000";
/// Leaves out all but the first fifteen detectors: see `crates/detect/src/detectors.rs`.
const FIRST_ONLY: &str = "--cfg weir_first_detectors";

/// Scores them, with whatever arguments that takes. An error where something fell below the floor. `--outside` scores what others
/// published instead, which is fetched first, and `--others` how others do on that.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let folder = target().join("outside");
    let folder = folder.to_str().ok_or("the path of the repository is not UTF-8")?;
    let leaves = format!("{folder}/leaves");
    let script = |name: &str| root().join("fixtures/corpus").join(name).to_string_lossy().into_owned();
    let mut command = vec!["run", "--quiet", "--locked", "--package", "weir-score", "--"];
    for argument in arguments {
        match argument.as_str() {
            "--others" => return shell::run("python3", &[&script("others.py"), folder]),
            "--outside" => {
                shell::run("python3", &[&script("outside.py"), folder])?;
                command.extend(["--outside", &leaves]);
            }
            other => command.push(other),
        }
    }
    shell::run("cargo", &command)
}

/// Their own benchmark over a corpus; `--growth` measures the first fifteen detectors too, which needs a build of its own.
pub(crate) fn bench(arguments: &[String]) -> Result<(), String> {
    let corpus = target().join("bench.leaves.jsonl");
    let corpus = corpus.to_str().ok_or("the path of the repository is not UTF-8")?;
    run(&["--events".to_owned(), BENCH_EVENTS.to_owned(), "--dump".to_owned(), corpus.to_owned()])?;
    let growth = arguments.iter().any(|a| a == "--growth");
    let bench = |first_only: bool| {
        let mut command = command("cargo", &["bench", "--locked", "--package", "weir-detect", "--bench", "scan"]);
        command.env("WEIR_CORPUS", corpus);
        if first_only {
            command.env("RUSTFLAGS", FIRST_ONLY).env("CARGO_TARGET_DIR", target().join("first-detectors"));
        }
        if growth {
            command.args(["--", "--growth"]);
        }
        if watched(command).0 { Ok(()) } else { Err("the benchmark did not run".to_owned()) }
    };
    if growth {
        println!("the first fifteen detectors:");
        bench(true)?;
        println!("all of them:");
    }
    bench(false)
}

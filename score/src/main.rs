//! `weir-score`: how well the detectors do over a labelled corpus, and whether they do worse than before.
//!
//! `cargo xtask score` runs it. Read in this order: `corpus` (what is scored), `classes` (what must be reached), `measure`, `policy`
//! (what the default policy makes of it), `profile` (what many values of a property add), `report`; and `outside` (what others made).

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool")]

mod classes;
mod corpus;
mod measure;
mod outside;
mod policy;
mod profile;
#[cfg(test)]
mod properties;
mod random;
mod report;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use weir_detect::Engine;

const HELP: &str = "\
cargo xtask score [OPTIONS]

  --seed N           of the corpus that is made (1)
  --events N         how many events it has (4000), of some thirty leaves each
  --corpus FILE      score a file of leaves instead; may be given more than once
  --outside          fetch what others published and score it: needs Python 3.11, pip and an index of packages
  --others           how Presidio and detect-secrets do on what was fetched
  --dump FILE        write the corpus as a file of leaves, and do no more
  --confusions N     show so many confusions and misses of each class that misses a target (12)
  --all              show confusions of the classes that reach their targets too
  --markdown FILE    write the tables into the marked part of a page
  --write-floor      note the targets that are reached, below which no later run may fall
";

/// What was reached, and must not be missed again.
const FLOOR: &str = "fixtures/corpus/floor.txt";
/// The tables stand between these lines of the page.
const MARKS: [&str; 2] = ["<!-- score: begin -->", "<!-- score: end -->"];
const OUTSIDE_MARKS: [&str; 2] = ["<!-- outside: begin -->", "<!-- outside: end -->"];

struct Options {
    seed: u64,
    events: u64,
    files: Vec<PathBuf>,
    /// A folder of leaves that others made.
    outside: Option<PathBuf>,
    dump: Option<PathBuf>,
    markdown: Option<PathBuf>,
    confusions: usize,
    all: bool,
    write_floor: bool,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|a| a == "--help" || a == "-h") {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    match options(&arguments).and_then(|options| run(&options)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("weir-score: {message}");
            ExitCode::from(2)
        }
    }
}

fn options(arguments: &[String]) -> Result<Options, String> {
    let mut options = Options {
        seed: 1,
        events: 4_000,
        files: Vec::new(),
        outside: None,
        dump: None,
        markdown: None,
        confusions: 12,
        all: false,
        write_floor: false,
    };
    let mut rest = arguments.iter();
    while let Some(name) = rest.next() {
        let mut value = || rest.next().ok_or_else(|| format!("`{name}` needs a value"));
        let number = |text: &str| text.parse::<u64>().map_err(|_| format!("`{name}` needs a number, not `{text}`"));
        match name.as_str() {
            "--seed" => options.seed = number(value()?)?,
            "--events" => options.events = number(value()?)?,
            "--confusions" => options.confusions = number(value()?)? as usize,
            "--corpus" => options.files.push(value()?.into()),
            "--outside" => options.outside = Some(value()?.into()),
            "--dump" => options.dump = Some(value()?.into()),
            "--markdown" => options.markdown = Some(value()?.into()),
            "--all" => options.all = true,
            "--write-floor" => options.write_floor = true,
            other => return Err(format!("there is no option `{other}`\n\n{HELP}")),
        }
    }
    Ok(options)
}

/// Whether nothing fell below the floor.
fn run(options: &Options) -> Result<bool, String> {
    if let Some(folder) = &options.outside {
        let (table, details) = outside::run(folder, options.confusions)?;
        println!("{table}\n{details}");
        if let Some(page) = &options.markdown {
            write_between_marks(page, OUTSIDE_MARKS, &table)?;
        }
        return Ok(true);
    }
    let (leaves, corpus) = if options.files.is_empty() {
        let corpus = format!("seed {} events {}", options.seed, options.events);
        (corpus::generate(options.seed, options.events), corpus)
    } else {
        let mut leaves = Vec::new();
        for file in &options.files {
            leaves.extend(corpus::read(file)?);
        }
        (leaves, "files".to_owned())
    };
    if let Some(path) = &options.dump {
        corpus::write(&leaves, path)?;
        println!("{} leaves of {} events", leaves.len(), options.events);
        return Ok(true);
    }
    let score = measure::score(&Engine::new(), &leaves);
    let fates = policy::run(&leaves)?;
    let profiles = profile::run(options.seed)?;
    let table = report::markdown(&score, Some(&fates)) + &report::profiles(&profiles);
    println!("corpus: {corpus}\n\n{table}");
    print!("labels below the recall that their class must reach:\n{}\n", report::labels(&score));
    print!("{}", report::confusions(&score, options.confusions));
    if options.all {
        print!("{}", report::everything(&score, options.confusions));
    }
    print!("{}", policy_losses(&fates, options.confusions));
    if let Some(page) = &options.markdown {
        write_between_marks(page, MARKS, &table)?;
    }
    let reached = report::reached(&score, Some(&fates), Some(&profiles));
    let missed: Vec<&String> = reached.iter().filter(|(_, good)| !**good).map(|(name, _)| name).collect();
    println!("\n{} of {} targets reached; missed: {missed:?}", reached.len() - missed.len(), reached.len());
    if options.write_floor {
        std::fs::write(FLOOR, report::floor_text(&corpus, &reached)).map_err(|error| format!("{FLOOR}: {error}"))?;
        return Ok(true);
    }
    let floor = std::fs::read_to_string(FLOOR).unwrap_or_default();
    match report::fallen(&floor, &corpus, &reached) {
        Some(fallen) if !fallen.is_empty() => {
            eprintln!("reached before and missed now: {}", fallen.join(", "));
            Ok(false)
        }
        Some(_) => Ok(true),
        None => {
            println!("the floor is that of another corpus: nothing is held against it");
            Ok(true)
        }
    }
}

fn policy_losses(fates: &policy::Fates, limit: usize) -> String {
    let mut out = String::from("default policy\n");
    report::list(&mut out, "leaked", fates.leaks.iter(), limit);
    report::list(&mut out, "lost", fates.losses.iter(), limit);
    if fates.withheld > 0 {
        out.push_str(&format!("  {} leaves of events that were withheld as a whole\n", fates.withheld));
    }
    out
}

fn write_between_marks(page: &Path, marks: [&str; 2], table: &str) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", page.display());
    let text = std::fs::read_to_string(page).map_err(failed)?;
    let (Some(begin), Some(end)) = (text.find(marks[0]), text.find(marks[1])) else {
        return Err(format!("{} has no lines `{}` and `{}`", page.display(), marks[0], marks[1]));
    };
    let text = format!("{}\n\n{table}\n{}", &text[..begin + marks[0].len()], &text[end..]);
    std::fs::write(page, text).map_err(failed)
}

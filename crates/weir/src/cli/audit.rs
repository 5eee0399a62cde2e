//! `weir audit`: what an export of a vendor, or a recording of traffic, says about people. Offline: reads files only, opens no connection,
//! needs no configuration; shows names, counts and shapes, never a value.
//!
//! - [`files`]: forms of files, with [`export`] (events of vendors' exports), [`elements`] (lists as they stream in);
//! - [`examine`]: each event through decoder, minimise and release, into [`inventory`];
//! - [`report`]: what came of it, weighed by [`sensitivity`]; as text and JSON, [`sarif`], [`page`] with its [`picture`];
//! - [`mask`]: the shape of a value;
//! - [`collect`]: the same events into a holding, for `weir holdings`.
//!
//! `weir ledger reconcile` reads the same files and no more of an event than its name, insert id and time.

pub(super) mod collect;
mod elements;
mod examine;
pub(super) mod export;
pub(super) mod files;
mod inventory;
mod mask;
mod page;
mod picture;
mod report;
mod sarif;
pub(super) mod sensitivity;

use std::path::PathBuf;

use clap::Args;
use weir_event::{Clock, SystemClock};

use super::{Exit, Output, output, reading};
use examine::Examiner;
use files::Files;
use report::Report;

/// Ends of names that are read in a folder.
pub(super) const ENDS: &[&str] = &[
    ".ndjson",
    ".jsonl",
    ".json",
    ".csv",
    ".tsv",
    ".har",
    ".http",
    ".ndjson.gz",
    ".jsonl.gz",
    ".json.gz",
    ".csv.gz",
    ".har.gz",
    ".ndjson.zst",
    ".jsonl.zst",
    ".json.zst",
    ".csv.zst",
    ".har.zst",
    ".zip",
];

/// What `weir audit` was told.
#[derive(Clone, Debug, Args)]
pub(super) struct Options {
    /// Exports of Mixpanel, Amplitude, Segment, RudderStack or PostHog (NDJSON, JSON, CSV), HAR files, requests as bytes (`.http`), each
    /// plain, gzip or zstd; or folders or ZIP archives of them, as Amplitude exports.
    #[arg(value_name = "FILE|FOLDER", required = true)]
    inputs: Vec<PathBuf>,
    /// Says it as SARIF 2.1.0, as code scanners do.
    #[arg(long, conflicts_with = "json")]
    sarif: bool,
    /// Writes the report as one page to be forwarded, without anything from outside.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

pub(super) fn run(out: &Output, options: &Options) -> Exit {
    let files = match reading::files(&options.inputs, ENDS) {
        Ok(files) => files,
        Err(error) => return out.fail_with(&error),
    };
    let now = SystemClock.now();
    let mut examiner = match Examiner::new(now) {
        Ok(examiner) => examiner,
        Err(error) => return out.fail_with(&error),
    };
    let mut reader = Files::new(&mut examiner);
    let mut progress = reading::progress(&files);
    for file in &files {
        reader.read(file, &mut progress);
    }
    progress.end();
    let reports = reader.reports;
    let report = Report::new(examiner, reports, now);
    if let Some(file) = &options.html
        && let Err(why) = output::write(file, page::render(&report))
    {
        return out.fail(why);
    }
    if options.sarif {
        Output::new(true).show(&sarif::of(&report), "");
    } else {
        out.show(&report.json(), &report.text(output::width()));
    }
    report.exit()
}

/// Replayed on stable and by libFuzzer: no file makes the reading or a report panic.
pub mod fuzz {
    use std::path::Path;

    use weir_event::Millis;

    use super::{Examiner, Files, Report, page, reading, sarif};

    /// Any bytes as a file.
    pub fn fuzz_audit(data: &[u8]) {
        let now = Millis(1_795_000_000_000);
        let Ok(mut examiner) = Examiner::new(now) else { return };
        let mut files = Files::new(&mut examiner);
        if weir_protocol::archive::is_archive(data) {
            files.archive("a.zip", std::io::Cursor::new(data));
        } else if let Ok(input) = reading::unpacked(reading::Packing::of(data).undo(data)) {
            // A file that is refused may have added what stood before the fault.
            let _ = files.read_open(Path::new("a.csv"), input);
        }
        files.flush_all();
        let reports = files.reports;
        let report = Report::new(examiner, reports, now);
        let _ = (report.json(), report.text(60), page::render(&report), sarif::of(&report));
    }
}

#[cfg(test)]
mod tests;

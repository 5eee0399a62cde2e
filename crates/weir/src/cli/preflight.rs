//! `weir preflight`: what a recording of traffic says about the SDKs in it, before their host is switched. Reads files only, opens
//! no connection, and shows no value: names of the table in `weir_protocol::preflight`, counts, versions, kinds of findings.
//!
//! - [`study`]: what each exchange adds to what is known;
//! - [`report`]: the findings, as text and JSON, [`page`]: as a page for a browser.

mod page;
mod report;
mod study;

use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use weir_protocol::preflight::Address;

use weir_console::command::{Command as Ask, Reply};

use super::output::{Progress, refused};
use super::reading::{self, ReadingError};
use super::recording::{Exchanges, capture, exchange, har};
use super::{Exit, Output, output};
use study::Study;

/// Ends of names that are read in a folder.
const ENDS: &[&str] = &[".har", ".har.gz", ".har.zst", ".http"];

/// What `weir preflight` was told.
#[derive(Clone, Debug, Args)]
pub(super) struct Options {
    /// HAR files (`.har`, `.har.gz`), requests as bytes (`.http`), or folders of either.
    #[arg(value_name = "FILE|FOLDER", required_unless_present = "data")]
    inputs: Vec<PathBuf>,
    /// The data folder of a running Weir: adds what its sources have seen since it began, such as real traffic in mode `tap`.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Where Weir will be, for the snippets.
    #[arg(long, value_name = "URL", default_value = "https://weir.example.com")]
    weir: String,
    /// The source's id in `weir.yaml`, for the snippets.
    #[arg(long, value_name = "ID", default_value = "web")]
    source: String,
    /// Writes the report as one page for a browser, without anything from outside.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// Why a run could not be.
#[derive(Debug, thiserror::Error)]
enum PreflightError {
    /// The inputs cannot be read.
    #[error(transparent)]
    Reading(#[from] ReadingError),
    /// Not a HAR file.
    #[error("{} is not a HAR file", .0.display())]
    NotHar(PathBuf, #[source] har::HarError),
    /// Not a request.
    #[error("{} is not an HTTP request: it has no request line", .0.display())]
    NotRequest(PathBuf),
}

pub(super) fn run(out: &Output, options: &Options) -> Exit {
    let Some(address) = Address::parse(&options.weir, &options.source) else {
        return out.fail(
            "--weir takes http://host[:port] or https://host[:port], --source an id of letters, digits, - and _",
        );
    };
    let mut study = Study::default();
    if let Err(error) = read_all(&options.inputs, &mut study) {
        return out.fail_with(&error);
    }
    if let Some(data) = &options.data {
        match weir_console::socket::ask(data, &Ask::Observed {}) {
            Ok(Reply::Observed { sources }) => sources.iter().for_each(|source| study.add_observed(source)),
            Ok(_) => return out.fail("the running weir is of another version and does not say what it saw"),
            Err(error) => return refused(out, &error),
        }
    }
    let report = report::Report::new(study, &address);
    if let Some(file) = &options.html
        && let Err(why) = output::write(file, page::render(&report))
    {
        return out.fail(why);
    }
    out.show(&report.json(), &report.text(output::width()));
    if report.needs_action() { Exit::Found } else { Exit::Fine }
}

fn read_all(inputs: &[PathBuf], study: &mut Study) -> Result<(), PreflightError> {
    let files = reading::files(inputs, ENDS)?;
    let mut progress = reading::progress(&files);
    for file in &files {
        read_one(file, study, &mut progress)?;
    }
    progress.end();
    Ok(())
}

fn read_one(file: &Path, study: &mut Study, progress: &mut Progress) -> Result<(), PreflightError> {
    let failed = |error| ReadingError::Read(file.to_owned(), error);
    let mut input = reading::open(file, progress)?;
    let head = input.fill_buf().map_err(failed)?;
    let is_json = head.iter().find(|b| !b.is_ascii_whitespace() && !matches!(b, 0xef | 0xbb | 0xbf)) == Some(&b'{');
    if is_json {
        let read = har::read(&mut input, study).map_err(|error| PreflightError::NotHar(file.to_owned(), error))?;
        study.files += 1;
        study.cut |= read.is_cut;
    } else {
        let mut bytes = Vec::new();
        input.take(capture::BYTES_MAX).read_to_end(&mut bytes).map_err(failed)?;
        let exchange = capture::parse(&bytes).ok_or_else(|| PreflightError::NotRequest(file.to_owned()))?;
        study.add(&exchange);
        study.files += 1;
    }
    Ok(())
}

impl Exchanges for Study {
    fn exchange(&mut self, exchange: &exchange::Exchange) {
        self.add(exchange);
    }

    fn unreadable(&mut self) {
        self.unreadable += 1;
    }
}

/// Replayed on stable and by libFuzzer: no recording, and no request, makes the reading, the study or a report panic.
pub mod fuzz {
    use super::*;

    /// Any bytes as a HAR file and as a request.
    pub fn fuzz_preflight(data: &[u8]) {
        let mut study = Study::default();
        // A file that is refused may have added what stood before the fault.
        let _ = reading::unpacked(Box::new(data)).map(|mut input| har::read(&mut input, &mut study).is_ok());
        if let Some(exchange) = capture::parse(data) {
            study.add(&exchange);
        }
        if let Some(address) = Address::parse("https://weir.example.com", "web") {
            let report = report::Report::new(study, &address);
            let _ = (report.json(), report.text(60), page::render(&report));
        }
    }
}

#[cfg(test)]
mod tests;

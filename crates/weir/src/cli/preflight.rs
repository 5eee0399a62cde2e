//! `weir preflight`: what a recording of traffic says about the SDKs in it, before their host is switched. Reads files only, opens
//! no connection, and shows no value: names of the table in `weir_protocol::preflight`, counts, versions, kinds of findings.
//!
//! - [`har`]: HAR files as they stream in, [`capture`]: requests as bytes;
//! - [`study`]: what each exchange adds to what is known;
//! - [`report`]: the findings, as text and JSON, [`page`]: as a page for a browser.

mod capture;
mod har;
mod page;
mod report;
mod study;

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use flate2::read::MultiGzDecoder;
use weir_protocol::preflight::Address;

use weir_console::command::{Command as Ask, Reply};

use super::output::{Progress, refused};
use super::{Exit, Output};
use study::Study;

/// Files of one run.
const FILES_MAX: usize = 100_000;
/// Folders below a folder.
const DEPTH_MAX: usize = 8;
/// Bytes of one input after decompression. What lies behind them is not read, and the report says so.
const INPUT_BYTES_MAX: u64 = 8 << 30;

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
    /// An input cannot be opened or read.
    #[error("{} cannot be read", .0.display())]
    Read(PathBuf, #[source] std::io::Error),
    /// Too many files.
    #[error("there are more than {FILES_MAX} files, name fewer")]
    TooManyFiles,
    /// A folder without anything to read.
    #[error("{} holds no .har, .har.gz or .http file", .0.display())]
    Nothing(PathBuf),
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
        && let Err(error) = std::fs::write(file, page::render(&report))
    {
        return out.fail(format!("{} cannot be written: {error}", file.display()));
    }
    out.show(&report.json(), &report.text(width()));
    if report.needs_action() { Exit::Found } else { Exit::Fine }
}

/// Columns of the terminal, as the shell says them; a page's width where it does not.
fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
    columns.unwrap_or(100).clamp(40, 160)
}

fn read_all(inputs: &[PathBuf], study: &mut Study) -> Result<(), PreflightError> {
    let mut files = Vec::new();
    for input in inputs {
        let before = files.len();
        if input.is_dir() {
            collect(input, 0, &mut files)?;
        } else {
            files.push(input.clone());
        }
        if files.len() == before {
            return Err(PreflightError::Nothing(input.clone()));
        }
    }
    let size = |file: &PathBuf| std::fs::metadata(file).map_or(0, |m| m.len());
    let mut progress = Progress::new("reading", files.iter().map(size).sum());
    for file in &files {
        read_one(file, study, &mut progress)?;
    }
    progress.end();
    Ok(())
}

/// The files of a folder, in order of name, so that two runs say the same. Links are not followed.
fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), PreflightError> {
    let failed = |error| PreflightError::Read(folder.to_owned(), error);
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        entries.push(entry.map_err(failed)?);
    }
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type().map_err(failed)?;
        let name = entry.file_name().to_string_lossy().to_ascii_lowercase();
        if kind.is_dir() && depth < DEPTH_MAX {
            collect(&entry.path(), depth + 1, files)?;
        } else if kind.is_file() && [".har", ".har.gz", ".http"].iter().any(|end| name.ends_with(end)) {
            files.push(entry.path());
            if files.len() > FILES_MAX {
                return Err(PreflightError::TooManyFiles);
            }
        }
    }
    Ok(())
}

fn read_one(file: &Path, study: &mut Study, progress: &mut Progress) -> Result<(), PreflightError> {
    let failed = |error| PreflightError::Read(file.to_owned(), error);
    let input = Counted { input: BufReader::new(File::open(file).map_err(failed)?), progress };
    let mut input = BufReader::with_capacity(1 << 16, input);
    let head = std::io::BufRead::fill_buf(&mut input).map_err(failed)?;
    // What the bytes are counts, not what the name says.
    let is_gzip = head.starts_with(&[0x1f, 0x8b]);
    let input: Box<dyn Read + '_> = if is_gzip { Box::new(MultiGzDecoder::new(input)) } else { Box::new(input) };
    let mut input = BufReader::with_capacity(1 << 16, input.take(INPUT_BYTES_MAX));
    let head = std::io::BufRead::fill_buf(&mut input).map_err(failed)?;
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

struct Counted<'p, R> {
    input: R,
    progress: &'p mut Progress,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.progress.add(read as u64);
        Ok(read)
    }
}

/// Replayed on stable and by libFuzzer: no recording, and no request, makes the reading, the study or a report panic.
pub mod fuzz {
    use super::*;

    /// Any bytes as a HAR file and as a request.
    pub fn fuzz_preflight(data: &[u8]) {
        let mut study = Study::default();
        let input: Box<dyn Read + '_> = Box::new(data);
        // A file that is refused may have added what stood before the fault.
        let _ = har::read(&mut BufReader::new(input.take(INPUT_BYTES_MAX)), &mut study);
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

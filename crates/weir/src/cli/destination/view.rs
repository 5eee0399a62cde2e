//! `weir destination view`: what a vendor can see of us today, as a stranger who opens its dashboard would: fields, how their values look
//! (made up, never one of yours), how many people and organisations, and what follows from when they did what. Reads the ledger's log,
//! also beside a running Weir; opens no key for the answer.

mod page;
mod report;

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use weir_answers::Question;
use weir_answers::view::look;
use weir_console::command::{Disclose, Disclosure};
use weir_event::{Clock, DestinationId, Millis, SystemClock};

use crate::cli::disclosure::Recording;
use crate::cli::ledger::{Tree, tree_dir};
use crate::cli::{Exit, Folders, Output, apply, catalog, output};
use crate::evidence;
use report::Report;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The destination, also one that has ended.
    #[arg(value_name = "ID")]
    destination: String,
    /// Writes one page with pictures to this file.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    recording: Recording,
    #[command(flatten)]
    folders: Folders,
}

pub(super) fn run(out: &Output, options: &Options) -> Exit {
    let report = match report(options) {
        Ok(report) => report,
        Err(why) => return out.fail(why),
    };
    let mut text = report.text();
    if let Some(file) = &options.html {
        match output::write(file, page::page(&report)) {
            Ok(written) => text.push_str(&written),
            Err(why) => return out.fail(why),
        }
    }
    out.show(&report.value(), &text);
    Exit::Fine
}

fn report(options: &Options) -> Result<Report, String> {
    let Options { folders, .. } = options;
    let dir = tree_dir(&folders.data, Tree::Egress)?;
    let destination = DestinationId::parse(&options.destination).map_err(|error| error.to_string())?;
    let config = folders.configuration()?;
    let of = config.as_ref().and_then(|config| config.destinations.get(&destination));
    let disclose =
        Disclose { destinations: vec![destination.to_string()], ..Disclose::new(Disclosure::DestinationView) };
    let recorded = options.recording.enter(folders, &[], disclose)?.line();
    let retention = of.and_then(|of| of.retention);
    let now = SystemClock.now();
    // What left before that the vendor has deleted by its own retention.
    let from =
        retention.and_then(|kept| i64::try_from(kept.as_millis()).ok()).map_or(Millis(0), |kept| now.plus(-kept));
    let times = BTreeMap::from([(destination.clone(), vec![(Millis(0), now)])]);
    let question = Question { destinations: Some(times), from, to: now };
    let view = look(&dir, &question).map_err(|error| error.to_string())?;
    if !view.exposure.known.contains(&destination) {
        let known: Vec<&str> = view.exposure.known.iter().map(DestinationId::as_str).collect();
        return Err(format!("the ledger knows no destination {destination}: it knows {}", known.join(", ")));
    }
    let vendor = of.map(|of| of.vendor.clone());
    let its = [(destination.clone(), vendor.clone())];
    let mut holdings = evidence::holdings(&folders.data)?;
    // Whose one was whose file is gone, nobody knows.
    holdings.retain(|(_, holding)| holding.as_ref().is_none_or(|of| crate::cli::holdings::about(of, None, &its)));
    // Types make examples better; without a catalog they are plainer.
    let names = apply::names();
    let kinds = catalog::load(folders, &names).map(|catalog| catalog::kinds(&catalog, &names)).unwrap_or_default();
    Ok(Report { destination, vendor, retention, now, view, kinds, holdings, recorded })
}

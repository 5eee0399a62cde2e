//! `weir ledger exposure`: what a vendor got, of how many, and what it did not get. Reads the ledger's log, also beside a running Weir;
//! opens no key for the answer. Every answer says what it is an answer about.

mod page;
mod report;
mod resolve;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use clap::Args;
use weir_answers::reconcile::stored::Stored;
use weir_answers::{Holding, Question, ask, ask_each};
use weir_console::command::{Disclose, Disclosure};
use weir_event::{Clock, DestinationId, Millis, SystemClock};
use weir_ledger::Coverage;
use weir_ledger::kept::Kept;

use super::{Tree, reconcile, tree_dir};
use crate::cli::disclosure::Recording;
use crate::cli::holdings::about;
use crate::cli::{Exit, Folders, Output, output};
use crate::config::{self, Config, Destination, Onward, duration};
use crate::{bypass, evidence};
pub(in crate::cli) use report::looked;
use report::{Recipient, Report, Scope};
use resolve::{Resolve, Resolved};

#[derive(Debug, Args)]
pub(in crate::cli) struct Options {
    /// What left to this destination, also one that has ended. May be given several times.
    #[arg(long, value_name = "ID")]
    destination: Vec<String>,
    /// What left to this vendor: by every destination of its own, and by those that forward to it as declared under `onward`.
    #[arg(long, value_name = "NAME", conflicts_with = "destination")]
    vendor: Option<String>,
    /// From when on: a time, a day, or how long ago, as 30d. Default: the ledger's beginning.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Up to this time, which is outside; a day counts to its end. Default: now.
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// What a thief of this Weir would get instead: of the disk, of the keys, of both, of a backup; by what lies there now, and which
    /// setting makes it less.
    #[arg(long = "self", conflicts_with_all = ["destination", "vendor", "from", "to", "csv", "resolve"])]
    of_itself: bool,
    /// Writes one page with pictures to this file.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Writes the fields to this file, a line for each.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    #[command(flatten)]
    recording: Recording,
    #[command(flatten)]
    resolve: Resolve,
    #[command(flatten)]
    folders: Folders,
}

impl Options {
    pub(super) fn folders(&self) -> &Folders {
        &self.folders
    }

    pub(super) fn recording(&self) -> &Recording {
        &self.recording
    }

    pub(super) fn html_file(&self) -> Option<&Path> {
        self.html.as_deref()
    }
}

pub(super) fn run(out: &Output, options: &Options) -> Exit {
    if options.of_itself {
        return super::itself::run(out, options);
    }
    match report(options) {
        Ok((report, resolved)) => {
            let files = [(&options.html, page::page as fn(&Report) -> String), (&options.csv, report::csv)];
            let mut written = String::new();
            for (file, make) in files {
                let Some(file) = file else { continue };
                match output::write(file, make(&report)) {
                    Ok(line) => written.push_str(&line),
                    Err(why) => return out.fail(why),
                }
            }
            let mut value = report.value();
            let of_table = resolved.as_ref().map(Resolved::text).unwrap_or_default();
            if let Some(resolved) = &resolved {
                value["resolved"] = resolved.value();
            }
            out.show(&value, &format!("{}{of_table}{written}", report.text()));
            Exit::Fine
        }
        Err(why) => out.fail(why),
    }
}

fn report(options: &Options) -> Result<(Report, Option<Resolved>), String> {
    let Options { folders, .. } = options;
    let dir = tree_dir(&folders.data, Tree::Egress)?;
    let now = SystemClock.now();
    let (begin, to) = window_of(options.from.as_deref(), options.to.as_deref(), now)?;
    let from = begin.unwrap_or(Millis(0));
    // It says whose each destination is; the ledger does not.
    let config = folders.configuration()?;
    let mut holdings = evidence::holdings(&folders.data)?;
    let recipients = match recipients(options, config.as_ref()) {
        // A vendor to which Weir has sent nothing may have had something before.
        Err(_) if is_held(&holdings, options) => Some(Vec::new()),
        recipients => recipients?,
    };
    let asked = recipients.iter().flatten().map(|of| of.destination.to_string()).collect();
    let what = if options.resolve.is_asked() { Disclosure::LedgerResolve } else { Disclosure::LedgerExposure };
    let disclose = Disclose { destinations: asked, ..Disclose::new(what) };
    let standing = options.recording.enter(folders, &[], disclose)?;
    let question = Question { destinations: recipients.as_ref().map(|list| times(list, (from, to))), from, to };
    let (mut subjects, mut last) = (HashMap::new(), 0);
    // A subject's rows come one after the other.
    let mut note = |row: weir_answers::exposure::Counted<'_>| {
        if row.subject != last && row.subject != 0 {
            subjects.insert(row.subject, false);
        }
        last = row.subject;
    };
    let asked = if options.resolve.is_asked() { ask_each(&dir, &question, &mut note) } else { ask(&dir, &question) };
    let exposure = asked.map_err(|error| error.to_string())?;
    if let Some(list) = &recipients {
        let strange = list.iter().find(|recipient| !exposure.known.contains(&recipient.destination));
        if let (Some(strange), true) = (strange, options.vendor.is_none())
            && !is_held(&holdings, options)
        {
            let known: Vec<&str> = exposure.known.iter().map(DestinationId::as_str).collect();
            return Err(format!(
                "the ledger knows no destination {}: it knows {}",
                strange.destination,
                known.join(", ")
            ));
        }
    }
    let recipients = recipients.unwrap_or_else(|| of_ledger(&exposure.known, config.as_ref()));
    let is_named = |id: &DestinationId| config.as_ref().is_some_and(|config| config.destinations.contains_key(id));
    // Whose they were, nothing says any more.
    let of_nobody = exposure.known.iter().filter(|id| !is_named(id)).cloned().collect();
    let named: Vec<_> = recipients.iter().map(|of| (of.destination.clone(), of.vendor.clone())).collect();
    holdings.retain(|(_, holding)| {
        let touches = |(first, last): (Millis, Millis)| first < to && from <= last;
        let is_about = |holding: &Holding| about(holding, options.vendor.as_deref(), &named);
        holding.as_ref().is_none_or(|holding| is_about(holding) && holding.span.is_none_or(touches))
    });
    let scope = Scope {
        holdings,
        from: begin,
        to,
        asked: now,
        vendor: options.vendor.clone(),
        recipients,
        of_nobody,
        recorded: standing.line(),
        not_covered: not_covered(&folders.data.join("audit"), from, to),
        vendors_counts: Vec::new(),
    };
    let scope = Scope { vendors_counts: vendors_counts(&folders.data, &scope.recipients, from, to)?, ..scope };
    let resolved = options.resolve.run(folders, config.as_ref(), subjects)?;
    Ok((Report { exposure, scope }, resolved))
}

/// Whether an import is of the vendor, or of a destination, that is asked about.
fn is_held(holdings: &[(Kept, Option<Holding>)], options: &Options) -> bool {
    holdings.iter().filter_map(|(_, holding)| Some(&holding.as_ref()?.said)).any(|said| match &options.vendor {
        Some(vendor) => said.vendor == *vendor,
        None => said.destination.as_ref().is_some_and(|id| options.destination.iter().any(|of| of == id.as_str())),
    })
}

/// The time that a flag says.
pub(in crate::cli) fn time_of(text: &str, flag: &str, now: Millis, is_end: bool) -> Result<Millis, String> {
    time(text, now, is_end).ok_or_else(|| {
        format!("{flag} `{text}` is no time: write 2026-11-22T08:00:00Z, 2026-11-22, 30d for 30 days ago, or now")
    })
}

/// The time that is asked about; no beginning is the ledger's. What ends before it begins would be answered with nothing.
pub(in crate::cli) fn window_of(
    from: Option<&str>,
    to: Option<&str>,
    now: Millis,
) -> Result<(Option<Millis>, Millis), String> {
    let begin = from.map(|text| time_of(text, "--from", now, false)).transpose()?;
    let end = to.map_or(Ok(now), |text| time_of(text, "--to", now, true))?;
    match (begin, to) {
        (Some(begin), None) if begin >= end => Err("--from has not come yet: nothing can have left since".to_owned()),
        (Some(begin), Some(_)) if begin > end => Err("--from is behind --to: exchange them".to_owned()),
        (Some(begin), Some(_)) if begin == end => {
            Err("--from and --to are the same time: a day is written without a time of day, 2026-11-22".to_owned())
        }
        _ => Ok((begin, end)),
    }
}

/// A time: RFC 3339, a day (its beginning, or its end), how long ago, or now.
fn time(text: &str, now: Millis, is_end: bool) -> Option<Millis> {
    if text == "now" {
        return Some(now);
    }
    let ago = || Some(now.plus(-i64::try_from(duration(text)?).ok()?));
    // A day that no month has reads as one of the next month.
    let of_calendar = |text: &str| text.get(..10).and_then(config::day);
    let day = || Some(of_calendar(text).filter(|_| text.len() == 10)?.plus(if is_end { Millis::DAY } else { 0 }));
    Millis::from_rfc3339(text).filter(|_| of_calendar(text).is_some()).or_else(day).or_else(ago)
}

/// Who is asked about, or everybody.
fn recipients(options: &Options, config: Option<&Config>) -> Result<Option<Vec<Recipient>>, String> {
    let of = |id: &DestinationId| config.and_then(|config| config.destinations.get(id));
    if let Some(vendor) = &options.vendor {
        let config =
            config.ok_or("without a configuration nothing says whose a destination is: name it with --destination")?;
        let list: Vec<Recipient> =
            config.destinations.iter().flat_map(|(id, destination)| of_vendor(id, destination, vendor)).collect();
        if list.is_empty() {
            let mut known: Vec<&str> = config.destinations.values().map(|of| of.vendor.as_str()).collect();
            known.extend(
                config.destinations.values().flat_map(|of| of.onward.iter().flatten()).map(|of| of.vendor.as_str()),
            );
            known.sort_unstable();
            known.dedup();
            return Err(format!("the configuration sends to no {vendor}: it names {}", known.join(", ")));
        }
        return Ok(Some(list));
    }
    if options.destination.is_empty() {
        return Ok(None);
    }
    let parse = |text: &String| DestinationId::parse(text).map_err(|error| format!("--destination: {error}"));
    let mut named: Vec<&String> = options.destination.iter().collect();
    named.sort();
    named.dedup();
    let list = named.into_iter().map(|text| {
        let destination = parse(text)?;
        let vendor = of(&destination).map(|of| of.vendor.clone());
        Ok(Recipient { destination, vendor, forwards: None })
    });
    list.collect::<Result<_, String>>().map(Some)
}

/// As whose recipient a destination is asked about when a vendor is: its own, or one that it forwards to.
fn of_vendor(id: &DestinationId, destination: &Destination, vendor: &str) -> Vec<Recipient> {
    let recipient =
        |forwards| Recipient { destination: id.clone(), vendor: Some(destination.vendor.clone()), forwards };
    let own = (destination.vendor == vendor).then(|| recipient(None));
    let onward = destination.onward.iter().flatten().filter(|onward| onward.vendor == vendor);
    own.into_iter().chain(onward.map(|onward| recipient(Some(onward.clone())))).collect()
}

fn of_ledger<'a>(known: impl IntoIterator<Item = &'a DestinationId>, config: Option<&Config>) -> Vec<Recipient> {
    let vendor = |id: &DestinationId| Some(config?.destinations.get(id)?.vendor.clone());
    known.into_iter().map(|id| Recipient { destination: id.clone(), vendor: vendor(id), forwards: None }).collect()
}

/// The times that count of each destination: all, or those in which it forwards as declared.
fn times(list: &[Recipient], all: (Millis, Millis)) -> BTreeMap<DestinationId, Vec<(Millis, Millis)>> {
    let mut times: BTreeMap<DestinationId, Vec<(Millis, Millis)>> = BTreeMap::new();
    for recipient in list {
        let window = recipient.forwards.as_ref().map_or(all, |onward| declared(onward, all));
        times.entry(recipient.destination.clone()).or_default().push(window);
    }
    times
}

fn declared(onward: &Onward, all: (Millis, Millis)) -> (Millis, Millis) {
    let day = |text: &Option<String>| Millis::from_rfc3339(&format!("{}T00:00:00Z", text.as_deref()?));
    let since = day(&onward.since).map_or(all.0, |since| since.max(all.0));
    let until = day(&onward.until).map_or(all.1, |until| until.plus(Millis::DAY).min(all.1));
    (since, until)
}

/// What vendors said that they have, where they were asked (`weir ledger reconcile`).
fn vendors_counts(data: &Path, recipients: &[Recipient], from: Millis, to: Millis) -> Result<Vec<String>, String> {
    let kept = evidence::reconciliations(data)?;
    let is_about = |stored: &&Stored| {
        recipients.iter().any(|of| of.destination == stored.destination) && reconcile::touches(stored, from, to)
    };
    Ok(kept.iter().filter_map(|(_, stored)| stored.as_ref()).filter(is_about).map(reconcile::headline).collect())
}

/// Windows in which apps sent past Weir. Where they cannot be read, no time is covered.
pub(super) fn not_covered(audit: &Path, from: Millis, to: Millis) -> Vec<String> {
    match Coverage::read(audit) {
        Ok(coverage) => {
            coverage.over(from..to, None).map(|window| bypass::not_covered(&bypass::shown(window, audit))).collect()
        }
        Err(error) => vec![format!("NOT COVERED: the whole time, because what was bypassed cannot be read: {error}")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_counts_from_its_beginning_to_its_end() {
        let now = Millis::from_rfc3339("2026-11-22T12:00:00Z").unwrap();
        let at = |text, is_end| time(text, now, is_end).map(Millis::to_rfc3339);
        assert_eq!(at("2026-11-01", false).as_deref(), Some("2026-11-01T00:00:00.000Z"));
        assert_eq!(at("2026-11-01", true).as_deref(), Some("2026-11-02T00:00:00.000Z"));
        assert_eq!(at("2026-11-01T05:00:00Z", true).as_deref(), Some("2026-11-01T05:00:00.000Z"));
        assert_eq!(at("36h", false).as_deref(), Some("2026-11-21T00:00:00.000Z"));
        assert_eq!(
            (at("2026-02-30", false), at("2026-02-30T00:00:00Z", false), at("2026-02-28x", false)),
            (None, None, None)
        );
        assert_eq!((at("now", true).as_deref(), at("soon", true)), (Some("2026-11-22T12:00:00.000Z"), None));
    }

    #[test]
    fn a_window_that_has_not_come_or_ends_before_it_begins_is_said_to_be_one() {
        let now = Millis::from_rfc3339("2026-11-22T12:00:00Z").unwrap();
        let why = |from, to| window_of(from, to, now).err().unwrap_or_default();
        assert!(why(Some("2027-01-01"), None).contains("has not come yet"));
        assert!(why(Some("2026-11-02"), Some("2026-10-01")).contains("exchange them"));
        assert!(why(Some("2026-11-01T00:00:00Z"), Some("2026-11-01T00:00:00Z")).contains("the same time"));
        let ends =
            |from, to| window_of(from, to, now).map(|(from, to)| (from.map(Millis::to_rfc3339), to.to_rfc3339()));
        let day = (Some("2026-11-01T00:00:00.000Z".to_owned()), "2026-11-02T00:00:00.000Z".to_owned());
        assert_eq!(ends(Some("2026-11-01"), Some("2026-11-01")), Ok(day));
        assert_eq!(ends(None, None), Ok((None, "2026-11-22T12:00:00.000Z".to_owned())));
    }

    #[test]
    fn what_is_forwarded_counts_in_the_declared_time_only() {
        let all = (Millis(0), Millis::from_rfc3339("2026-12-01T00:00:00Z").unwrap());
        let onward = |since: Option<&str>, until: Option<&str>| Onward {
            vendor: "mixpanel".to_owned(),
            region: None,
            since: since.map(str::to_owned),
            until: until.map(str::to_owned),
        };
        assert_eq!(declared(&onward(None, None), all), all);
        let (since, until) = declared(&onward(Some("2026-11-01"), Some("2026-11-03")), all);
        assert_eq!(
            (since.to_rfc3339().as_str(), until.to_rfc3339().as_str()),
            ("2026-11-01T00:00:00.000Z", "2026-11-04T00:00:00.000Z")
        );
    }
}

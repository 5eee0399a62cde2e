//! `weir ledger reconcile`: what left to a destination against what its vendor says that it has. Recorded before the vendor is asked (D19);
//! what is kept of it are sums by day, whose digest the audit ledger has. No value of the vendor's is kept or shown.
//!
//! - [`ours`]: rows of the ledger, with insert ids where the journal still holds the events;
//! - [`theirs`] and [`ask`]: the vendor's interface, or files of it; [`event`]: what is read of an event;
//! - [`report`]: what came of it.

mod ask;
mod event;
mod ours;
mod report;
mod theirs;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::Args;
use weir_answers::reconcile::left::Rows;
use weir_answers::reconcile::stored::{Stored, Way};
use weir_answers::reconcile::zone::{BYTES_MAX, Zone};
use weir_answers::reconcile::{Comparison, Known, LATE_DAYS};
use weir_console::command::{Command as Ask, Disclose, Disclosure};
use weir_console::socket;
use weir_event::ids::hex;
use weir_event::limits::RECONCILE_DAYS_MAX;
use weir_event::{Clock, DestinationId, Millis, SystemClock};
use weir_journal::beside::Beside;
use weir_keys::Keys;
use weir_ledger::Coverage;
use weir_ledger::disk::RealDisk;
use weir_ledger::kept::{self, Class};
use weir_outbound::Endpoint;
use weir_protocol::export::{self, Access, Export};

use crate::cli::disclosure::{Recording, Standing};
use crate::cli::{Exit, Folders, Output, holdings, offline};
use crate::config::{self, Config, Destination, Secrets, duration};
use crate::{destination, disk, evidence};
use ask::Asker;
use ours::{Found, Ours};
use report::{Report, Scope};
use theirs::{Vendor, day_text};

#[derive(Debug, Args)]
pub(in crate::cli) struct Options {
    /// Which destination.
    #[arg(long, value_name = "ID")]
    destination: String,
    /// The first day, as the vendor counts days.
    #[arg(long, value_name = "DAY")]
    from: String,
    /// The last day, at most 31 days later.
    #[arg(long, value_name = "DAY")]
    to: String,
    /// Files or folders that the vendor handed out, instead of asking it: NDJSON, JSON, CSV, plain, gzip, zstd or in a ZIP.
    #[arg(long, value_name = "FILE|FOLDER", num_args = 1..)]
    export: Vec<PathBuf>,
    /// The files hold every event of these days, also of days of which they hold none.
    #[arg(long, requires = "export")]
    whole: bool,
    /// So long after it left an event may still not have come in there. Default: 3h, Amplitude 4h, PostHog 1h.
    #[arg(long, value_name = "DURATION")]
    delay: Option<String>,
    /// Writes one page to this file.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    recording: Recording,
    #[command(flatten)]
    folders: Folders,
}

pub(super) fn run(out: &Output, options: &Options) -> Exit {
    match reconcile(options) {
        Ok(report) => {
            let mut written = String::new();
            if let Some(file) = &options.html {
                if let Err(error) = std::fs::write(file, report.page()) {
                    return out.fail(format!("{} cannot be written: {}", file.display(), error.kind()));
                }
                written = format!("written: {}\n", file.display());
            }
            out.show(&report.value(), &format!("{}{written}", report.text()));
            if report.answer.total().unexplained() > 0 { Exit::Found } else { Exit::Fine }
        }
        Err(why) => out.fail(why),
    }
}

/// How long the head of an answer, or a further piece of it, may take: vendors look for a while before they answer.
const PATIENCE: Duration = Duration::from_secs(600);

fn reconcile(options: &Options) -> Result<Report, String> {
    let folders = &options.folders;
    let data = &folders.data;
    disk::version_is_known(data).map_err(|error| error.to_string())?;
    let ledger = data.join("ledger");
    if !ledger.is_dir() {
        return Err(format!("{} has no ledger: name the data folder with --data", data.display()));
    }
    let id = DestinationId::parse(&options.destination).map_err(|error| format!("--destination: {error}"))?;
    let config = folders.config_file().map(|file| Config::load(&file, Secrets::Leave)).transpose();
    let config = config.map_err(|problems| problems.to_string())?;
    let of = config.as_ref().and_then(|config| config.destinations.get(&id));
    let kind = of.map_or("", |of| of.kind);
    let zone_name = of.and_then(|of| of.export.as_ref()).map_or("UTC", |export| export.time_zone.as_str());
    let zone = zone(zone_name)?;
    let now = SystemClock.now();
    let days = days(options, zone.day_of(now))?;
    let delay = match &options.delay {
        Some(text) => duration(text).and_then(|delay| i64::try_from(delay).ok()),
        None => Some(export::settles_after(kind)),
    };
    let fresh_from = now.plus(-delay.ok_or("--delay is a duration: write 90m or 6h")?);
    let scratch = scratch(data);
    // Everything that can be wrong is, before anybody is asked.
    let asked = if options.export.is_empty() { Some(asker(&id, of, &scratch)?) } else { None };
    let key_folder = folders.key_folder()?;
    let keys = Keys::open_read_only(&key_folder, Arc::new(SystemClock)).map_err(|error| error.to_string())?;
    let disclose = Disclose { destinations: vec![id.to_string()], ..Disclose::new(Disclosure::LedgerReconcile) };
    let standing = options.recording.enter(folders, &[], disclose)?;

    let utc = |day: i64| Millis(day.saturating_mul(Millis::DAY));
    let slack = LATE_DAYS + 1;
    let rows =
        Rows::open(&ledger, &id, utc(days.0 - slack), utc(days.1 + 1 + slack)).map_err(|error| error.to_string())?;
    if !rows.knows(&id) {
        return Err(format!("the ledger knows no destination {id}: nothing has left to it"));
    }
    if rows.are_sums() {
        return Err(
            "of days so long ago the ledger has sums of a month only, which no day of a vendor's can be held against"
                .to_owned(),
        );
    }
    let journal = Beside::open(&data.join("journal")).map_err(|error| error.to_string())?;
    let names = rows.names().iter().map(|name| export::shown_as(kind, name).to_owned());
    let mut told = {
        let scratch = Rc::clone(&scratch);
        Comparison::new(days, names, Box::new(move || scratch()))
    };
    // Around the days that are asked about, as far as something of theirs may lie there.
    let mut vendor = asked.map(|(asker, access)| Vendor {
        asker,
        access,
        zone: zone.clone(),
        zone_name: zone_name.to_owned(),
        days: (days.0 - 1, days.1 + 1),
        fresh_from,
    });
    let with_ids = vendor.as_mut().map_or(Ok(true), Vendor::shows_ids)?;
    let ours = Ours {
        rows: &rows,
        journal: &journal,
        keys: &keys,
        destination: &id,
        kind,
        zone: &zone,
        fresh_from,
        with_ids,
        scratch: Rc::clone(&scratch),
    };
    let found = ours.tell(&mut told).map_err(|error| error.to_string())?;
    let events = match &mut vendor {
        Some(vendor) => {
            if found.counted > 0 {
                // What is only counted may be somebody's of a few days before or after.
                vendor.days = (days.0 - LATE_DAYS, (days.1 + LATE_DAYS).min(zone.day_of(now)));
            }
            vendor.days.1 = vendor.days.1.min(zone.day_of(now));
            vendor.tell(&mut told, with_ids)?
        }
        None => {
            let read = theirs::from_files(&options.export, &mut told, &zone)?;
            are_covered(options, days, &read.days, &rows, &zone)?;
            read.events
        }
    };
    let known = known(data, &id, days, &zone);
    let answer = told.finish(&known).map_err(|error| error.to_string())?;
    let way = if vendor.is_some() { Way::Asked } else { Way::Files };
    let stored = Stored::new(id.clone(), zone_name.to_owned(), days, now, way, &answer);
    let is_kept = matches!(standing, Standing::Recorded);
    if is_kept {
        keep(folders, &key_folder, &stored)?;
    }
    let scope = Scope {
        destination: id,
        vendor: of.map_or_else(String::new, |of| of.vendor.clone()),
        days,
        zone: zone_name.to_owned(),
        asked: now,
        fresh_from,
        way,
        with_ids,
        events,
        requests: vendor.map_or(0, |vendor| vendor.asker.requests),
        entries: rows.entries(),
        found,
        recorded: standing.line(),
        is_kept,
    };
    Ok(Report { answer, scope })
}

/// The days that were asked for.
fn days(options: &Options, today: i64) -> Result<(i64, i64), String> {
    let day = |text: &str, flag: &str| {
        config::day(text).map(Millis::day).ok_or_else(|| format!("{flag} `{text}` is no day: write 2026-11-22"))
    };
    let (from, to) = (day(&options.from, "--from")?, day(&options.to, "--to")?);
    if from > to {
        return Err("--from is after --to: exchange them".to_owned());
    }
    if to > today {
        return Err(format!("--to is a day that has not begun: today is {}", day_text(today)));
    }
    if to - from >= RECONCILE_DAYS_MAX as i64 {
        return Err(format!("at most {RECONCILE_DAYS_MAX} days are compared at once: ask for each month by itself"));
    }
    Ok((from, to))
}

/// The rules of a time zone, by the table of this machine.
fn zone(name: &str) -> Result<Zone, String> {
    if name == "UTC" {
        return Ok(Zone::utc());
    }
    let file = Path::new("/usr/share/zoneinfo").join(name);
    let wrong = |why: &dyn std::fmt::Display| {
        format!("the time zone {name}: {}: {why}; install the time zones of the system (tzdata)", file.display())
    };
    // The form of the name was checked with the configuration.
    let length = std::fs::metadata(&file).map_err(|error| wrong(&error.kind()))?.len();
    if length > BYTES_MAX as u64 {
        return Err(wrong(&"it is too long for a table"));
    }
    let bytes = std::fs::read(&file).map_err(|error| wrong(&error.kind()))?;
    Zone::read(&bytes).map_err(|error| wrong(&error))
}

/// Makes files that nobody else sees: they lose their name before anything is in them, and their bytes with the process.
fn scratch(data: &Path) -> Rc<dyn Fn() -> io::Result<File>> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let data = data.to_owned();
    Rc::new(move || {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = data.join(format!(".reconcile-{}-{number}.tmp", std::process::id()));
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        std::fs::remove_file(&path)?;
        Ok(file)
    })
}

/// The vendor's interface and what opens it.
fn asker(
    id: &DestinationId,
    of: Option<&Destination>,
    scratch: &Rc<dyn Fn() -> io::Result<File>>,
) -> Result<(Asker, Access), String> {
    let files = "give files of its export with --export";
    let of =
        of.ok_or_else(|| format!("the configuration names no destination {id}, so nobody can be asked: {files}"))?;
    let export = Export::of(of.kind)
        .ok_or_else(|| format!("{} has no interface that Weir can ask what it has: {files}", of.kind))?;
    let access = of.export.as_ref().filter(|access| access.secret.is_some());
    let access = access.ok_or_else(|| {
        format!(
            "`destinations.{id}.export` does not say with which credentials the vendor is asked: add them, or {files}"
        )
    })?;
    let read = |name: &str, secret: &Option<config::Secret>| match secret {
        Some(secret) => secret.fetch().map_err(|why| format!("`destinations.{id}.export.{name}`: {why}")),
        None => Ok(Default::default()),
    };
    let (user, secret) = (read("username", &access.username)?, read("secret", &access.secret)?);
    let origin = access.endpoint.as_ref().map_or_else(|| export.origin(of.region), |endpoint| endpoint.as_str());
    let endpoint = Endpoint::parse(origin).map_err(|error| error.to_string())?;
    let client = destination::client_with(of, PATIENCE)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.kind().to_string())?;
    let access = Access { user: user.to_string(), secret: secret.to_string(), project: access.project_id };
    Ok((Asker { export, endpoint, client, runtime, scratch: Rc::clone(scratch), requests: 0 }, access))
}

/// A day of which the files hold nothing, though something left on it, may be a file that was not named.
fn are_covered(
    options: &Options,
    days: (i64, i64),
    there: &BTreeSet<i64>,
    rows: &Rows,
    zone: &Zone,
) -> Result<(), String> {
    if options.whole {
        return Ok(());
    }
    let mut left = BTreeSet::new();
    rows.each(&mut |row| -> Result<(), weir_answers::AskError> {
        left.insert(zone.day_of(row.at));
        Ok(())
    })
    .map_err(|error| error.to_string())?;
    match (days.0..=days.1).find(|day| left.contains(day) && !there.contains(day)) {
        Some(day) => Err(format!(
            "the files hold no event of {}, on which something left: name the files of that day, or say with --whole that there are no others",
            day_text(day)
        )),
        None => Ok(()),
    }
}

/// What is known of days from elsewhere. Where it cannot be read it explains nothing.
fn known(data: &Path, id: &DestinationId, days: (i64, i64), zone: &Zone) -> Known {
    let mut known = Known::default();
    let utc = |day: i64| Millis(day.saturating_mul(Millis::DAY));
    if let Ok(coverage) = Coverage::read(&data.join("audit")) {
        for day in days.0..=days.1 {
            // A day of any zone lies within a day more on both sides of the same day of UTC.
            let hours = (-14..38).map(|hour| utc(day).plus(hour * Millis::HOUR));
            let mut of_day = hours.filter(|at| zone.day_of(*at) == day);
            if of_day.any(|at| coverage.over(at..at.plus(Millis::HOUR), None).next().is_some()) {
                known.bypassed.insert(day);
            }
        }
    }
    let holdings = evidence::holdings(data).unwrap_or_default();
    let of_this = holdings.iter().filter_map(|(_, holding)| holding.as_ref());
    let mut declared: BTreeMap<i64, u64> = BTreeMap::new();
    for holding in of_this.filter(|holding| holding.said.destination.as_ref() == Some(id)) {
        holding.days.iter().for_each(|(day, count)| *declared.entry(*day).or_default() += count);
    }
    Known { declared, ..known }
}

/// Keeps the sums, recorded; an older answer to the same question goes.
fn keep(folders: &Folders, key_folder: &Path, stored: &Stored) -> Result<(), String> {
    let data = &folders.data;
    let older = evidence::reconciliations(data)?.into_iter().filter(|(_, known)| {
        known.as_ref().is_none_or(|known| (&known.destination, known.days) == (&stored.destination, stored.days))
    });
    let older: Vec<[u8; 32]> = older.map(|(kept, _)| kept.digest).collect();
    let digest = evidence::put(data, Class::Reconciliation, &stored.encode())?;
    match holdings::record(folders, key_folder, Class::Reconciliation, digest) {
        Ok(()) | Err(holdings::Refusal::Known(_)) => {}
        Err(refusal) => {
            let _ = kept::delete(&RealDisk, data, Class::Reconciliation, &digest);
            return Err(format!("the answer could not be recorded: {}", refusal.why()));
        }
    }
    for digest in older.into_iter().filter(|of| *of != digest) {
        if disk::is_in_use(data) {
            let remove = Ask::ReconciliationRemove { digest: hex(&digest) };
            socket::ask(data, &remove).map_err(|error| error.to_string())?;
        } else {
            let act = || Ok::<_, String>(kept::removing(offline::actor(), Class::Reconciliation, digest));
            offline::record(folders, key_folder, act)?;
            kept::delete(&RealDisk, data, Class::Reconciliation, &digest).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

/// Coverage in a line, for an exposure (scope): what the vendor said, against what left.
pub(super) fn headline(stored: &Stored) -> String {
    let total = stored.total();
    let how = match stored.way {
        Way::Asked => "asked",
        Way::Files => "from files that it handed out,",
    };
    let rest = match total.unexplained() {
        0 => "nothing is unexplained".to_owned(),
        count => format!("{count} are unexplained: see `weir ledger reconcile`"),
    };
    format!(
        "the vendor's own count for {}, {how} {}: of {} to {} ({}) it has {}, of {} that left and may be there; {rest}",
        stored.destination,
        stored.asked.to_rfc3339(),
        day_text(stored.days.0),
        day_text(stored.days.1),
        stored.zone,
        total.theirs,
        total.sent(),
    )
}

/// Whether what was compared touches a time; days may be of another zone.
pub(super) fn touches(stored: &Stored, from: Millis, to: Millis) -> bool {
    let utc = |day: i64| day.saturating_mul(Millis::DAY);
    utc(stored.days.0 - 1) < to.0 && from.0 < utc(stored.days.1 + 2)
}

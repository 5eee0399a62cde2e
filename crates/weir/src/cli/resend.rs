//! `weir resend`: events of a time once more from the journal, under today's policy. Without `--go` it only says what that would do.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use clap::Args;
use weir_console::command::{Command as Ask, Reply};
use weir_console::resend::{Resending, ResentTo};
use weir_console::{AdminError, socket};
use weir_event::{Clock, Millis, SystemClock};

use super::output::{refused, table};
use super::{Exit, Folders, Output};
use crate::config::values;

/// Events a second where nothing else is said: far below what a vendor takes, so that live events are not held up.
pub(super) const RATE: u32 = 500;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// The event's name.
    #[arg(long, value_name = "NAME", required_unless_present_any = ["status", "cancel"])]
    event: Option<String>,
    /// When it was received: two times joined by `..`, each RFC 3339, `now`, or so long ago (`6h`).
    #[arg(long, value_name = "FROM..TO", required_unless_present_any = ["status", "cancel"])]
    window: Option<String>,
    /// Only to this destination; may be given more than once. Default: all of them.
    #[arg(long, value_name = "ID")]
    destination: Vec<String>,
    /// Sends. Without it nothing leaves and nothing is changed.
    #[arg(long, conflicts_with = "dry_run")]
    go: bool,
    /// Only says what would happen: the default.
    #[arg(long)]
    dry_run: bool,
    /// Leaves out what an earlier resend has brought to the vendor: to go on after one that was cut short.
    #[arg(long)]
    skip_resent: bool,
    /// At most so many events a second.
    #[arg(long, value_name = "EVENTS", default_value_t = RATE)]
    rate: u32,
    /// How the last one is.
    #[arg(long, conflicts_with_all = ["event", "window", "go", "cancel"])]
    status: bool,
    /// Ends the one that is under way.
    #[arg(long, conflicts_with_all = ["event", "window", "go"])]
    cancel: bool,
    #[command(flatten)]
    folders: Folders,
}

pub(super) fn run(out: &Output, options: &Options) -> Exit {
    let data = &options.folders.data;
    if options.cancel {
        return super::output::ask(out, data, &Ask::ResendCancel {});
    }
    if options.status {
        return match socket::ask(data, &Ask::ResendStatus {}) {
            Ok(Reply::Resend(resending)) => show(out, &resending),
            Ok(_) => out.fail(OTHER_RELEASE),
            Err(error) => refused(out, &error),
        };
    }
    let (Some(event), Some(window)) = (&options.event, &options.window) else {
        return out.fail("say which event and window: weir resend --event NAME --window FROM..TO");
    };
    let Some((from, to)) = read_window(window, SystemClock.now()) else {
        return out.fail(format!(
            "`{window}` is no window: write 2026-11-22T08:00:00Z..2026-11-22T09:30:00Z with the earlier time first, 6h..2h, or 6h for 6h..now"
        ));
    };
    let ask = Ask::ResendStart {
        event: event.clone(),
        from: from.0,
        to: to.0,
        destinations: options.destination.clone(),
        go: options.go,
        skip_resent: options.skip_resent,
        rate: options.rate,
    };
    match socket::ask(data, &ask).and_then(|reply| follow(options, reply)) {
        Ok(resending) => show(out, &resending),
        Err(error) => refused(out, &error),
    }
}

const OTHER_RELEASE: &str = "the answer is not of this release: use the command line of the same release";

/// Watches it to its end. When this process ends before, it goes on.
fn follow(options: &Options, mut reply: Reply) -> Result<Resending, AdminError> {
    let is_shown = std::io::stderr().is_terminal();
    loop {
        let Reply::Resend(resending) = reply else {
            return Err(AdminError::Failed { message: OTHER_RELEASE.to_owned() });
        };
        if is_shown {
            let percent = (resending.seen * 100).checked_div(resending.offsets).unwrap_or(0).min(100);
            let doing = if resending.go { "sending" } else { "looking" };
            let waits = if resending.waits { ", waits" } else { "" };
            let full = usize::try_from(percent / 4).unwrap_or(25);
            // The terminal may be gone; the report does not depend on it.
            let _ = write!(
                std::io::stderr().lock(),
                "\r{doing} [{:<25}] {percent:>3} %, {} sent{waits:<8}",
                "=".repeat(full),
                resending.sent
            );
        }
        if !resending.running {
            if is_shown {
                let _ = write!(std::io::stderr().lock(), "\r{:<70}\r", "");
            }
            return Ok(resending);
        }
        std::thread::sleep(Duration::from_millis(if is_shown { 200 } else { 50 }));
        reply = socket::ask(&options.folders.data, &Ask::ResendStatus {})?;
    }
}

/// Two times joined by `..`.
fn read_window(text: &str, now: Millis) -> Option<(Millis, Millis)> {
    let time = |text: &str| match text.trim() {
        "now" => Some(now),
        text => Millis::from_rfc3339(text).or_else(|| Some(now.plus(-i64::try_from(values::duration(text)?).ok()?))),
    };
    let (from, to) = text.split_once("..").unwrap_or((text, "now"));
    let (from, to) = (time(from)?, time(to)?);
    (from < to).then_some((from, to))
}

fn show(out: &Output, resending: &Resending) -> Exit {
    let value = serde_json::to_value(Reply::Resend(resending.clone())).unwrap_or_default();
    out.show(&value, &describe(resending));
    let is_short = |to: &ResentTo| to.stopped.is_some() || to.results.iter().any(|(what, _)| what != "delivered");
    if resending.destinations.iter().any(is_short) { Exit::Found } else { Exit::Fine }
}

pub(super) fn describe(resending: &Resending) -> String {
    let Resending { event, from, to, .. } = resending;
    let head = match (resending.running, resending.go) {
        (true, _) => "under way",
        (false, true) => "done",
        (false, false) => "nothing was sent: this is what --go would do",
    };
    let mut text = format!("{event}, received from {from} to {to}: {head}\n");
    if resending.journal_from.is_empty() {
        text.push_str("the journal holds no event\n");
    } else if resending.journal_from > *from {
        text.push_str(&format!(
            "the journal begins at {}; what came in before is not here any more\n",
            resending.journal_from
        ));
    }
    let row = |what: &str, counts: &[(String, u64)]| {
        let told = counts.iter().map(|(name, n)| format!("{name} {n}")).collect::<Vec<_>>().join(", ");
        (!told.is_empty()).then(|| vec![what.to_owned(), told])
    };
    for to in &resending.destinations {
        let found = [("events".to_owned(), to.found)];
        let gone = [("left in this time, and no longer in the journal:".to_owned(), to.gone)];
        let damaged = [("damaged offsets".to_owned(), to.damaged)];
        let rows = [
            row("found", &found),
            row("before", &to.before),
            row(if resending.go { "sent" } else { "to send" }, &to.sends),
            row("stays", &to.stays),
            row("withheld", &to.withheld),
            row("gone", if to.gone > 0 { &gone } else { &[] }),
            row("unreadable", if to.damaged > 0 { &damaged } else { &[] }),
            row("result", &to.results),
        ];
        text.push('\n');
        text.push_str(&table(&[to.destination.as_str(), to.vendor.as_str()], rows.into_iter().flatten()));
        for note in notes(to) {
            text.push_str(&format!("  {note}\n"));
        }
    }
    text
}

/// What the counts mean at this vendor.
fn notes(to: &ResentTo) -> Vec<String> {
    let has = |counts: &[(String, u64)], what: &str| counts.iter().any(|(name, _)| name == what);
    let mut notes = Vec::new();
    if has(&to.sends, "replaces") {
        notes.push(format!("replaces: the copy counts instead of the first. {}", to.repeat_source));
        notes.push("of a profile: the values of then are written again, over newer ones".to_owned());
    }
    if has(&to.sends, "ignored") {
        notes.push(format!("ignored: the vendor keeps the first, nothing is put right. {}", to.repeat_source));
    }
    if has(&to.sends, "duplicates") {
        notes.push(format!("duplicates: the vendor counts each copy. {}", to.repeat_source));
    }
    if has(&to.stays, "not repairable") {
        notes.push(
            "not repairable: sent twice, `$add` and `$append` would count twice; they stay as they are".to_owned(),
        );
    }
    if has(&to.stays, "quarantined") {
        notes.push(format!("quarantined: see `weir quarantine list --destination {}`", to.destination));
    }
    if let Some(why) = &to.stopped {
        notes.push(format!("ended early: {why}"));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_two_times_the_earlier_first() {
        let now = Millis(1_795_303_178_843);
        let hours = |n: i64| now.plus(-n * Millis::HOUR);
        assert_eq!(read_window("6h..now", now), Some((hours(6), now)));
        assert_eq!(read_window("6h", now), Some((hours(6), now)));
        assert_eq!(read_window("2d..30m", now), Some((hours(48), now.plus(-30 * 60_000))));
        let fixed = read_window("2026-11-21T08:00:00Z..2026-11-21T09:30:00Z", now).unwrap();
        assert_eq!(fixed.1.since(fixed.0), 90 * 60_000);
        for bad in ["", "now", "now..now", "now..6h", "yesterday..now", "6..now", "6h...now"] {
            assert_eq!(read_window(bad, now), None, "{bad}");
        }
    }

    #[test]
    fn a_report_says_what_a_copy_does_and_what_stays() {
        let counts = |counts: &[(&str, u64)]| counts.iter().map(|(what, n)| ((*what).to_owned(), *n)).collect();
        let to = ResentTo {
            destination: "product".to_owned(),
            vendor: "mixpanel".to_owned(),
            repeat_source: "The vendor's page.".to_owned(),
            found: 9,
            before: counts(&[("delivered", 7), ("dropped: event", 2)]),
            sends: counts(&[("first", 2), ("replaces", 6)]),
            stays: counts(&[("not repairable", 1)]),
            gone: 4,
            ..ResentTo::default()
        };
        let resending = Resending {
            event: "Report Exported".to_owned(),
            from: "2026-11-21T08:00:00.000Z".to_owned(),
            journal_from: "2026-11-21T08:30:00.000Z".to_owned(),
            destinations: vec![to],
            ..Resending::default()
        };
        let text = describe(&resending);
        for part in [
            "nothing was sent",
            "begins at 2026-11-21T08:30",
            "delivered 7, dropped: event 2",
            "to send",
            "first 2, replaces 6",
            "The vendor's page.",
            "not repairable 1",
            "no longer in the journal: 4",
        ] {
            assert!(text.contains(part), "{part} is not in:\n{text}");
        }
    }
}

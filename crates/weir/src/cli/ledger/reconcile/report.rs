//! The answer as text, JSON and a page. Each form states its scope.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use weir_answers::reconcile::stored::Way;
use weir_answers::reconcile::{Line, Reconciliation, WORDS};
use weir_event::{DestinationId, Millis};

use super::Found;
use super::theirs::day_text;
use crate::cli::output::{counted, table};
use crate::cli::page;

/// Lines with something unexplained that a text shows, the largest first; JSON has all.
const LINES_SHOWN: usize = 40;
/// An event that the ledger does not know: its name is the vendor's, and a value (D1).
const STRANGE: &str = "(names that the ledger does not know)";

/// What the answer is about.
pub(super) struct Scope {
    pub(super) destination: DestinationId,
    pub(super) vendor: String,
    pub(super) days: (i64, i64),
    pub(super) zone: String,
    pub(super) asked: Millis,
    pub(super) fresh_from: Millis,
    pub(super) way: Way,
    pub(super) with_ids: bool,
    /// What the vendor showed, also of days around these.
    pub(super) events: u64,
    pub(super) requests: u64,
    pub(super) entries: u64,
    pub(super) found: Found,
    pub(super) recorded: String,
    pub(super) is_kept: bool,
}

pub(super) struct Report {
    pub(super) answer: Reconciliation,
    pub(super) scope: Scope,
}

/// Known reasons: what they say, and of how many events.
fn reasons(line: &Line) -> [(&'static str, u64); 9] {
    [
        ("possibly held, and there", line.possibly_there + line.possibly_there_earlier),
        (
            "possibly held, and not there",
            line.possibly_held - (line.possibly_there + line.possibly_there_earlier).min(line.possibly_held),
        ),
        ("there on an earlier day: it happened before it left", line.found_earlier),
        ("left in the last hours and may not have come in yet", line.settling),
        ("further copies of what Weir tried more than once", line.repeated_by_us),
        ("further copies made there, or shown twice by the export", line.repeated_there),
        ("there on a day on which apps sent past Weir", line.bypassed),
        ("there before Weir, as declared", line.declared),
        ("rejected by the vendor, and not there", line.rejected - line.rejected_there.min(line.rejected)),
    ]
}

/// What nobody explains.
fn open(line: &Line) -> [(&'static str, u64); 4] {
    [
        ("missing: the vendor said that it has them, and does not show them", line.missing),
        ("rejected by the vendor, and there all the same", line.rejected_there),
        ("there, under an insert id that Weir never gives: somebody else sends to this project", line.others),
        ("there, and not known to have left", line.extra),
    ]
}

impl Report {
    fn title(&self) -> String {
        let Scope { destination, vendor, days, .. } = &self.scope;
        let of = if vendor.is_empty() { String::new() } else { format!(" ({vendor})") };
        format!("{destination}{of} from {} to {}: what left and what is there", day_text(days.0), day_text(days.1))
    }

    /// Everything that the answer must say about itself.
    fn statements(&self) -> Vec<String> {
        let Scope {
            zone, asked, fresh_from, way, with_ids, events, requests, entries, found, recorded, is_kept, ..
        } = &self.scope;
        let mut list = vec![format!(
            "days are the vendor's, in {zone}: on which it happened, and where only that is known, on which it left"
        )];
        list.push(match way {
            Way::Asked => format!(
                "the vendor was asked {} by {}, all answered whole, and showed {} of these days and some around them",
                asked.to_rfc3339(),
                counted(*requests, "request"),
                counted(*events, "event")
            ),
            Way::Files => format!(
                "the vendor's side is from files, read whole: {}; whether the files are all there are, only who made them knows",
                counted(*events, "event")
            ),
        });
        list.push(format!("our side is from {} of the ledger", counted(*entries, "entry")));
        list.push(match (with_ids, found.exact, found.counted) {
            (false, ..) => "counts only: the vendor has too many events to show each of them".to_owned(),
            (true, _, 0) => "exact: every event is compared by its insert id".to_owned(),
            (true, 0, _) => {
                "counts only: the journal holds none of these events any more, so that no insert id is known".to_owned()
            }
            (true, exact, by_count) => format!(
                "exact, by insert id, for {}, those whose events the journal still holds; counts only for the other {by_count}",
                counted(exact, "row")
            ),
        });
        if found.counted > 0 {
            list.push("by count one event can stand in for another of the same name: a number that agrees is no proof that they are the same".to_owned());
        }
        if found.erased > 0 {
            list.push(format!(
                "erased: {}; of which event is not known, and they are not compared",
                counted(found.erased, "row")
            ));
        }
        list.push(format!("what left after {} may not have come in there yet", fresh_from.to_rfc3339()));
        list.push("not compared: links between ids and profiles, which vendors may not list; what the vendor samples or deletes by itself is missing here".to_owned());
        list.push(recorded.clone());
        list.push(
            if *is_kept { "kept: the sums by day, in the data folder; exposures name them" } else { "not kept" }
                .to_owned(),
        );
        list
    }

    /// Days as rows of a table.
    fn day_rows(&self) -> Vec<Vec<String>> {
        let row = |(day, line): (i64, Line)| {
            let explained: u64 = reasons(&line).iter().map(|(_, count)| count).sum();
            [line.accepted, line.possibly_held, line.rejected, line.theirs, explained, line.unexplained()].iter().fold(
                vec![day_text(day)],
                |mut row, count| {
                    row.push(count.to_string());
                    row
                },
            )
        };
        self.answer.by_day().into_iter().map(row).collect()
    }

    /// Lines with something that nobody explains, the largest first.
    fn open_rows(&self) -> Vec<Vec<String>> {
        let mut lines: Vec<_> = self.answer.lines.iter().filter(|(_, line)| line.unexplained() > 0).collect();
        lines.sort_by_key(|((day, name), line)| (std::cmp::Reverse(line.unexplained()), *day, name.clone()));
        let row = |((day, name), line): (&(i64, Option<String>), &Line)| {
            let sent = line.sent().to_string();
            let open = [line.missing, line.rejected_there, line.others, line.extra].map(|count| count.to_string());
            let mut row = vec![day_text(*day), name.clone().unwrap_or_else(|| STRANGE.to_owned()), sent];
            row.push(line.theirs.to_string());
            row.extend(open);
            row
        };
        lines.into_iter().map(row).collect()
    }

    pub(super) fn text(&self) -> String {
        let total = self.answer.total();
        let mut text = format!(
            "{}\n\nleft: {} accepted, {} possibly held, {} rejected; there: {}\n",
            self.title(),
            total.accepted,
            total.possibly_held,
            total.rejected,
            total.theirs
        );
        let _ = writeln!(text, "found: {} by insert id, {} by count", total.found, total.found_by_count);
        for (what, count) in reasons(&total).into_iter().filter(|(_, count)| *count > 0) {
            let _ = writeln!(text, "  {count} {what}");
        }
        match total.unexplained() {
            0 => text.push_str("nothing is unexplained\n"),
            count => {
                let _ = writeln!(text, "UNEXPLAINED: {count}");
                for (what, count) in open(&total).into_iter().filter(|(_, count)| *count > 0) {
                    let _ = writeln!(text, "  {count} {what}");
                }
            }
        }
        text.push('\n');
        text.push_str(&table(&DAY_HEAD, self.day_rows().into_iter()));
        let open_rows = self.open_rows();
        if !open_rows.is_empty() {
            let more = open_rows.len().saturating_sub(LINES_SHOWN);
            text.push('\n');
            text.push_str(&table(&OPEN_HEAD, open_rows.into_iter().take(LINES_SHOWN)));
            if more > 0 {
                let _ = writeln!(text, "and {more} further lines, in --json");
            }
        }
        text.push('\n');
        for line in self.statements() {
            let _ = writeln!(text, "- {line}");
        }
        text
    }

    pub(super) fn value(&self) -> Value {
        let Scope { destination, vendor, days, zone, asked, way, found, is_kept, .. } = &self.scope;
        let by_day: Vec<Value> = self.answer.by_day().into_iter().map(|(day, line)| value(day, None, &line)).collect();
        let lines: Vec<Value> =
            self.answer.lines.iter().map(|((day, name), line)| value(*day, Some(name.as_deref()), line)).collect();
        json!({
            "destination": destination.as_str(), "vendor": vendor, "from": day_text(days.0), "to": day_text(days.1),
            "time_zone": zone, "asked": asked.to_rfc3339(), "from_files": *way == Way::Files,
            "compared": {"exact": found.exact, "counted": found.counted, "erased": found.erased},
            "total": numbers(&self.answer.total()), "by_day": by_day, "lines": lines, "kept": is_kept,
            "scope": self.statements(),
        })
    }

    pub(super) fn page(&self) -> String {
        let total = self.answer.total();
        let mut out = page::head(&self.title());
        let _ = write!(
            out,
            "<main>\n<h1>{}</h1>\n<p><strong>{} left and may be there; {} are there.</strong> {} were rejected.</p>\n",
            page::escaped(&self.title()),
            total.sent(),
            total.theirs,
            total.rejected
        );
        match total.unexplained() {
            0 => out.push_str("<p class=\"weir\">Nothing is unexplained.</p>\n"),
            count => {
                let _ = writeln!(out, "<p class=\"past\">Unexplained: {count}</p>");
            }
        }
        let cells = |list: Vec<(&str, u64)>| {
            list.into_iter()
                .filter(|(_, count)| *count > 0)
                .map(|(what, count)| vec![count.to_string(), page::escaped(what)])
                .collect::<Vec<_>>()
        };
        page::table(&mut out, "Unexplained", &["events", "what"], cells(open(&total).to_vec()).into_iter());
        page::table(&mut out, "Explained", &["events", "what"], cells(reasons(&total).to_vec()).into_iter());
        let html = |rows: Vec<Vec<String>>| {
            rows.into_iter().map(|row| row.iter().map(|cell| page::escaped(cell)).collect::<Vec<_>>())
        };
        page::table(&mut out, "By day", &DAY_HEAD, html(self.day_rows()));
        page::table(&mut out, "Unexplained, by day and event", &OPEN_HEAD, html(self.open_rows()));
        out.push_str("<h2>What this is an answer about</h2>\n<ul>\n");
        for line in self.statements() {
            let _ = writeln!(out, "<li>{}</li>", page::escaped(&line));
        }
        out.push_str("</ul>\n</main>\n</body>\n</html>\n");
        out
    }
}

const DAY_HEAD: [&str; 7] = ["day", "accepted", "possibly held", "rejected", "there", "explained", "unexplained"];
const OPEN_HEAD: [&str; 8] = ["day", "event", "left", "there", "missing", "rejected, there", "by others", "extra"];

fn numbers(line: &Line) -> Value {
    let mut value: Map<String, Value> =
        WORDS.iter().zip(line.values()).map(|(word, number)| ((*word).to_owned(), number.into())).collect();
    value.insert("unexplained".to_owned(), line.unexplained().into());
    Value::Object(value)
}

fn value(day: i64, event: Option<Option<&str>>, line: &Line) -> Value {
    let mut value = numbers(line);
    value["day"] = day_text(day).into();
    if let Some(event) = event {
        value["event"] = event.map_or(Value::Null, Value::from);
    }
    value
}

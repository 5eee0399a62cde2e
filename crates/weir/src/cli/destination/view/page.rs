//! The vendor's-eye view as one page: the question, the fields with made-up examples, and pictures of what follows from the rows.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use weir_answers::view::monday;

use super::report::{QUESTION, Report, WEEKDAYS};
use crate::cli::holdings::report as before;
use crate::cli::output::day;
use crate::cli::page::{Figure, breakable, escaped, head, table};

/// Columns of weeks; of more, the newest.
const WEEKS_MAX: usize = 53;
/// Events in the picture of adoption; the first by events.
const EVENTS_MAX: usize = 24;

pub(super) fn page(report: &Report) -> String {
    let title = report.title();
    let mut out = head(&title);
    let _ = write!(
        out,
        "<header><h1>{}</h1>\n<p class=\"care\">{QUESTION}</p>\n<p><strong>{}</strong></p>\n\
         <p class=\"quiet\">Every example on this page is made up. No value of an event stands on it, and no id.</p>\n</header>\n<main>\n",
        escaped(&title),
        escaped(&report.summary())
    );
    out.push_str("<h2>What it sees</h2>\n");
    let cells = |row: Vec<String>| {
        row.iter()
            .enumerate()
            .map(|(i, cell)| if i == 1 { format!("<code>{}</code>", escaped(cell)) } else { breakable(cell) })
            .collect()
    };
    let names = ["field", "looks like (made up)", "how", "what was found in it", "ids"];
    table(&mut out, "Fields", &names, report.field_rows().map(cells));
    let list = report.inferences();
    if !list.is_empty() {
        out.push_str("<h2>What follows from it</h2>\n<ul>\n");
        list.iter().for_each(|line| {
            let _ = writeln!(out, "<li>{}</li>", escaped(line));
        });
        out.push_str("</ul>\n");
    }
    let weeks = report.weeks();
    let weeks = &weeks[weeks.len().saturating_sub(WEEKS_MAX)..];
    organisations(&mut out, report, weeks);
    adoption(&mut out, report, weeks);
    hours(&mut out, report);
    newcomers(&mut out, report, weeks);
    for (kept, holding) in report.holdings.iter().filter_map(|(kept, holding)| Some((kept, holding.as_ref()?))) {
        let _ = write!(
            out,
            "<h2>And what it had before Weir</h2>\n<p class=\"care\">{}</p>\n",
            escaped(&before::headline(kept, holding))
        );
        let cells = |row: Vec<String>| row.iter().map(|cell| breakable(cell)).collect();
        let names = ["", "field", "holds", "events", "ids"];
        table(&mut out, "What to delete there, worst first", &names, before::delete_rows(holding).map(cells));
    }
    out.push_str("<h2>What this rests on</h2>\n<ul>\n");
    report.statements().iter().for_each(|line| {
        let _ = writeln!(out, "<li>{}</li>", escaped(line));
    });
    out.push_str("</ul>\n</main>\n</body>\n</html>\n");
    out
}

/// Rows of squares over weeks, each row as dark as its own busiest week.
fn over_weeks(rows: &[(String, &BTreeMap<i64, u64>)], weeks: &[i64]) -> String {
    let width = (440.0 / weeks.len().max(1) as f64).min(40.0);
    let mut body = String::new();
    for (row, (name, by)) in rows.iter().enumerate() {
        let y = 6 + row * 24;
        let _ = writeln!(body, "<text x=\"0\" y=\"{}\">{}</text>", y + 15, escaped(name));
        let most = by.values().max().copied().unwrap_or_default().max(1);
        for (i, week) in weeks.iter().enumerate() {
            let Some(events) = by.get(week) else { continue };
            let _ = writeln!(
                body,
                "<rect class=\"mark\" x=\"{:.1}\" y=\"{y}\" width=\"{:.1}\" height=\"20\" fill-opacity=\"{:.2}\">\
                 <title>{}, week of {}: {events} events</title></rect>",
                270.0 + i as f64 * width,
                (width - 1.0).max(1.0),
                0.2 + 0.8 * *events as f64 / most as f64,
                escaped(name),
                day(monday(*week))
            );
        }
    }
    if let (Some(first), Some(last)) = (weeks.first(), weeks.last()) {
        let y = rows.len() * 24 + 22;
        let _ = write!(body, "<text x=\"270\" y=\"{y}\">{}</text>", day(monday(*first)));
        let end = (270.0 + width * weeks.len() as f64).max(440.0);
        if last != first {
            let _ = write!(body, "<text x=\"{end:.0}\" y=\"{y}\" text-anchor=\"end\">{}</text>", day(monday(*last)));
        }
    }
    body
}

fn organisations(out: &mut String, report: &Report, weeks: &[i64]) {
    let list = &report.view.organisations;
    if list.is_empty() {
        return;
    }
    let rows: Vec<_> = list
        .iter()
        .enumerate()
        .map(|(i, of)| (format!("no. {}: {} events, {} ids", i + 1, of.events, of.subjects), &of.weeks))
        .collect();
    Figure {
        heading: "How much each customer uses you",
        height: rows.len() * 24 + 30,
        title: format!("The {} largest of {} organisations over {} weeks", rows.len(), report.view.exposure.organisations, weeks.len()),
        body: over_weeks(&rows, weeks),
        caption: "A row for each of the largest organisations, which the vendor knows by a pseudonym or a name. The darker, the busier its week.",
    }
    .draw(out);
}

fn adoption(out: &mut String, report: &Report, weeks: &[i64]) {
    let mut list: Vec<_> = report.view.adoption.iter().collect();
    list.sort_by_key(|(name, by)| (std::cmp::Reverse(by.values().sum::<u64>()), *name));
    let rows: Vec<_> = list
        .into_iter()
        .take(EVENTS_MAX)
        .map(|(name, by)| {
            let short: String = name.chars().take(34).collect();
            (if short.len() < name.len() { format!("{short}…") } else { short }, by)
        })
        .collect();
    if rows.is_empty() {
        return;
    }
    Figure {
        heading: "Which features are used, and since when",
        height: rows.len() * 24 + 30,
        title: format!("{} events over {} weeks", rows.len(), weeks.len()),
        body: over_weeks(&rows, weeks),
        caption: "A row for each event. What you launched, what was taken up and what was not can be read off it.",
    }
    .draw(out);
}

fn hours(out: &mut String, report: &Report) {
    let hours = &report.view.hours;
    let Some(most) = hours.iter().flatten().max().copied().filter(|most| *most > 0) else { return };
    let mut body = String::new();
    for (row, (name, hours)) in WEEKDAYS.iter().zip(hours).enumerate() {
        let y = 6 + row * 24;
        let _ = writeln!(body, "<text x=\"0\" y=\"{}\">{name}</text>", y + 15);
        for (hour, events) in hours.iter().enumerate().filter(|(_, events)| **events > 0) {
            let _ = writeln!(
                body,
                "<rect class=\"mark\" x=\"{}\" y=\"{y}\" width=\"24\" height=\"20\" fill-opacity=\"{:.2}\">\
                 <title>{name} {hour:02}:00 UTC: {events} events</title></rect>",
                50 + hour * 26,
                0.2 + 0.8 * *events as f64 / most as f64
            );
        }
    }
    for hour in [0, 6, 12, 18] {
        let _ = write!(body, "<text x=\"{}\" y=\"190\">{hour:02}:00</text>", 50 + hour * 26);
    }
    Figure {
        heading: "When your customers work",
        height: 198,
        title: format!("Events by weekday and hour in UTC, at most {most} in an hour of the week"),
        body,
        caption: "Hours of work say where somebody lives; the nights and Sundays of a customer say how it is doing.",
    }
    .draw(out);
}

fn newcomers(out: &mut String, report: &Report, weeks: &[i64]) {
    let by = &report.view.newcomers;
    let Some(most) = weeks.iter().filter_map(|week| by.get(week)).max().copied() else { return };
    let width = (640.0 / weeks.len().max(1) as f64).min(80.0);
    let mut body = String::new();
    for (i, week) in weeks.iter().enumerate() {
        let ids = by.get(week).copied().unwrap_or_default();
        let height = ids as f64 * 140.0 / most as f64;
        let _ = writeln!(
            body,
            "<rect class=\"mark\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\"><title>week of {}: {ids} new ids</title></rect>",
            60.0 + i as f64 * width,
            160.0 - height,
            (width - 1.0).max(1.0),
            day(monday(*week))
        );
    }
    let end = 60.0 + width * weeks.len() as f64;
    let _ = write!(
        body,
        "<path class=\"rule\" d=\"M60 160 H{end:.0}\"/>\n<text x=\"52\" y=\"30\" text-anchor=\"end\">{most}</text>\
         <text x=\"52\" y=\"164\" text-anchor=\"end\">0</text>\n"
    );
    if let (Some(first), Some(last)) = (weeks.first(), weeks.last()) {
        let _ = write!(body, "<text x=\"60\" y=\"182\">{}</text>", day(monday(*first)));
        if last != first {
            let _ = write!(
                body,
                "<text x=\"{:.0}\" y=\"182\" text-anchor=\"end\">{}</text>",
                end.max(240.0),
                day(monday(*last))
            );
        }
    }
    Figure {
        heading: "How fast you grow",
        height: 192,
        title: format!("New ids by week, at most {most}"),
        body,
        caption: "Each bar: ids that the vendor first saw in that week. With pseudonyms that rotate, each epoch looks like new people, which is the point of it.",
    }
    .draw(out);
}

//! The answer about an exposure as one page: what left over time, which categories on which day, which field in which event.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use weir_answers::Holding;
use weir_event::ids::hex;
use weir_ledger::kept::Kept;

use super::report::{Report, looked};
use crate::cli::holdings::report as before;
use crate::cli::output::{counted, day};
use crate::cli::page::{Figure, breakable, escaped, head, table};

/// Columns that a picture over days has room for; of more days, several share one.
const COLUMNS_MAX: usize = 60;
/// Events that the field matrix shows, the largest first.
const EVENTS_MAX: usize = 24;
/// Fields that the field matrix shows; the table has all.
const FIELDS_MAX: usize = 60;

pub(super) fn page(report: &Report) -> String {
    let exposure = &report.exposure;
    let title = report.title();
    let (of, became) = report.summary();
    let mut out = head(&title);
    let _ = write!(
        out,
        "<main>\n<h1>{}</h1>\n<p>{}</p>\n<p><strong>{of}</strong>: {became}.</p>\n",
        escaped(&title),
        escaped(&report.window()),
    );
    for line in &report.scope.not_covered {
        let _ = writeln!(out, "<p class=\"past\">{}</p>", escaped(line));
    }
    timeline(&mut out, report);
    categories(&mut out, report);
    matrix(&mut out, report);
    if report.is_empty() {
        out.push_str("<p>Nothing left in this time, as far as the ledger goes.</p>\n");
    } else {
        out.push_str("<h2>Every field that left</h2>\n");
    }
    let cells = report.field_rows().map(|row| row.iter().map(|cell| escaped(cell)).collect());
    let names = ["field", "events", "ids", "how it looked", "what was found in it", "in"];
    table(&mut out, "Fields", &names, cells);
    if !exposure.withheld.is_empty() || !exposure.not_sent.is_empty() {
        out.push_str("<h2>What Weir did not send there</h2>\n");
    }
    let withheld = exposure.withheld.iter().map(|line| {
        let under: Vec<String> = line.generations.iter().map(|id| hex(&id.0)).collect();
        vec![escaped(&line.path), line.events.to_string(), escaped(&line.rule), escaped(&under.join(", "))]
    });
    let names = ["field", "events", "by rule", "under generation"];
    table(&mut out, "Fields of events that left without them", &names, withheld);
    let rows = exposure.not_sent.iter();
    let rows = rows.map(|((rule, became), count)| vec![escaped(rule), count.to_string(), escaped(became)]);
    table(&mut out, "Events that did not leave", &["by rule", "events", "became"], rows);
    if !report.is_empty() {
        out.push_str("<h2>Who</h2>\n");
    }
    for (caption, name, rows) in [
        ("By event", "event", report.event_rows()),
        ("By slice", "slice", report.slice_rows()),
        ("By day", "day", report.day_rows()),
    ] {
        let cells = rows.into_iter().map(|row| row.iter().map(|cell| escaped(cell)).collect());
        table(&mut out, caption, &[name, "events", "ids", "organisations"], cells);
    }
    for (kept, holding) in report.holdings() {
        held(&mut out, kept, holding);
    }
    out.push_str("<h2>What this is an answer about</h2>\n<ul>\n");
    report.statements().iter().for_each(|line| {
        let _ = writeln!(out, "<li>{}</li>", escaped(line));
    });
    out.push_str("</ul>\n</main>\n</body>\n</html>\n");
    out
}

/// What was there before Weir, and what to delete of it.
fn held(out: &mut String, kept: &Kept, holding: &Holding) {
    let _ = write!(
        out,
        "<h2>Before Weir, as declared: import {}</h2>\n<p class=\"care\">{}. Not in any number above.</p>\n",
        kept.number,
        escaped(&before::headline(kept, holding))
    );
    let cells = |row: Vec<String>| row.iter().map(|cell| breakable(cell)).collect();
    let names = ["", "field", "holds", "events", "ids"];
    let vendor = &holding.said.vendor;
    table(out, &format!("What to delete at {vendor}, worst first"), &names, before::delete_rows(holding).map(cells));
    out.push_str("<ul>\n");
    before::tool_lines(holding).iter().for_each(|line| {
        let _ = writeln!(out, "<li>{}</li>", escaped(line));
    });
    out.push_str("</ul>\n");
    let names = ["field", "events", "ids", "looked like", "what was found in it"];
    table(out, "Every field that it held", &names, before::field_rows(holding).map(cells));
    out.push_str("<ul>\n");
    before::statements(holding).iter().for_each(|line| {
        let _ = writeln!(out, "<li>{}</li>", escaped(line));
    });
    out.push_str("</ul>\n");
}

/// The columns of a picture over days: the first and last day of each.
fn columns(report: &Report) -> Vec<(i64, i64)> {
    let days = &report.exposure.days;
    let (Some((first, _)), Some((last, _))) = (days.first_key_value(), days.last_key_value()) else {
        return Vec::new();
    };
    let count = usize::try_from(last - first + 1).unwrap_or(usize::MAX);
    let wide = i64::try_from(count.div_ceil(COLUMNS_MAX)).unwrap_or(i64::MAX);
    let begins = (0..).map(|i| first + i * wide).take_while(|from| from <= last);
    begins.map(|from| (from, (from + wide - 1).min(*last))).collect()
}

fn events(report: &Report, (from, to): (i64, i64)) -> u64 {
    report.exposure.days.range(from..=to).map(|(_, share)| share.events).sum()
}

fn days((from, to): (i64, i64)) -> String {
    if from == to { day(from) } else { format!("{} to {}", day(from), day(to)) }
}

/// A bar of events for each column of days.
fn timeline(out: &mut String, report: &Report) {
    let columns = columns(report);
    let Some(most) = columns.iter().map(|range| events(report, *range)).max().filter(|most| *most > 0) else { return };
    let width = (640.0 / columns.len() as f64).min(80.0);
    let mut body = String::new();
    for (i, range) in columns.iter().enumerate() {
        let height = events(report, *range) as f64 * 140.0 / most as f64;
        let _ = writeln!(
            body,
            "<rect class=\"mark\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\"><title>{}: {} events</title></rect>",
            60.0 + i as f64 * width,
            160.0 - height,
            (width - 1.0).max(1.0),
            days(*range),
            events(report, *range)
        );
    }
    let (first, last) = (columns.first().map_or(0, |c| c.0), columns.last().map_or(0, |c| c.1));
    let end = 60.0 + width * columns.len() as f64;
    let _ = write!(
        body,
        "<path class=\"rule\" d=\"M60 160 H{end:.0}\"/>\n<text x=\"52\" y=\"30\" text-anchor=\"end\">{most}</text>\
         <text x=\"52\" y=\"164\" text-anchor=\"end\">0</text>\n<text x=\"60\" y=\"182\">{}</text>\n",
        day(first)
    );
    if last != first {
        let _ = writeln!(body, "<text x=\"{:.0}\" y=\"182\" text-anchor=\"end\">{}</text>", end.max(240.0), day(last));
    }
    Figure {
        heading: "What left over time",
        height: 192,
        title: format!("Events that left, {} to {}, at most {most} in a column", day(first), day(last)),
        body,
        caption: "Each bar: events that the vendor has or may have. The table by day has the numbers.",
    }
    .draw(out);
}

/// A row for each category, a square for each column of days: the darker, the larger the share of events that had it.
fn categories(out: &mut String, report: &Report) {
    let columns = columns(report);
    let categories = &report.exposure.categories;
    if categories.is_empty() || columns.is_empty() {
        return;
    }
    let width = (390.0 / columns.len() as f64).min(40.0);
    let mut body = String::new();
    for (row, (category, by_day)) in categories.iter().enumerate() {
        let y = 6 + row * 24;
        let _ = writeln!(body, "<text x=\"0\" y=\"{}\">{}</text>", y + 15, escaped(category));
        for (i, range) in columns.iter().enumerate() {
            let had: u64 = by_day.range(range.0..=range.1).map(|(_, count)| count).sum();
            let all = events(report, *range);
            if had == 0 {
                continue;
            }
            let _ = writeln!(
                body,
                "<rect class=\"mark\" x=\"{:.1}\" y=\"{y}\" width=\"{:.1}\" height=\"20\" fill-opacity=\"{:.2}\">\
                 <title>{}, {}: {had} of {all} events</title></rect>",
                320.0 + i as f64 * width,
                (width - 1.0).max(1.0),
                0.25 + 0.75 * had as f64 / all.max(1) as f64,
                escaped(category),
                days(*range)
            );
        }
    }
    let below = 24 + categories.len() * 24;
    let (first, last) = (columns.first().map_or(0, |c| c.0), columns.last().map_or(0, |c| c.1));
    let _ = writeln!(body, "<text x=\"320\" y=\"{below}\">{}</text>", day(first));
    if last != first {
        let end = (320.0 + width * columns.len() as f64).max(480.0);
        let _ = writeln!(body, "<text x=\"{end:.0}\" y=\"{below}\" text-anchor=\"end\">{}</text>", day(last));
    }
    Figure {
        heading: "Which categories on which day",
        height: below + 10,
        title: format!(
            "{} over {}",
            counted(categories.len() as u64, "category"),
            counted(columns.len() as u64, "column")
        ),
        body,
        caption: "The darker, the larger the share of that day's events with a value of the category.",
    }
    .draw(out);
}

/// A row for each field, a column for each event.
fn matrix(out: &mut String, report: &Report) {
    let exposure = &report.exposure;
    let mut events: Vec<(&String, u64)> = exposure.events.iter().map(|(name, share)| (name, share.events)).collect();
    events.sort_by_key(|(name, count)| (Reverse(*count), *name));
    events.truncate(EVENTS_MAX);
    if exposure.fields.is_empty() || events.is_empty() {
        return;
    }
    let shown: BTreeSet<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    let mut body = String::new();
    let top = 20 + 16 * events.len();
    for (i, (name, _)) in events.iter().enumerate() {
        let (x, y) = (290 + i * 17, 14 + i * 16);
        let _ = writeln!(
            body,
            "<text x=\"280\" y=\"{y}\" text-anchor=\"end\">{}</text><path class=\"rule\" d=\"M284 {} H{} V{top}\"/>",
            escaped(name),
            y - 4,
            x + 6
        );
    }
    let fields = exposure.fields.iter().filter(|field| field.events.keys().any(|name| shown.contains(name.as_str())));
    let fields: Vec<_> = fields.take(FIELDS_MAX).collect();
    for (row, field) in fields.iter().enumerate() {
        let y = top + 4 + row * 18;
        let _ = writeln!(body, "<text x=\"0\" y=\"{}\">{}</text>", y + 12, escaped(&field.path));
        for (i, (name, count)) in events.iter().enumerate() {
            let Some(had) = field.events.get(name.as_str()) else { continue };
            let class = if field.categories.is_empty() { "box" } else { "mark" };
            let how: Vec<&str> = field.actions.keys().map(|action| looked(action)).collect();
            let _ = writeln!(
                body,
                "<rect class=\"{class}\" x=\"{}\" y=\"{y}\" width=\"13\" height=\"13\"><title>{} in {}: {had} of {count} events, {}</title></rect>",
                290 + i * 17,
                escaped(&field.path),
                escaped(name),
                escaped(&how.join(", "))
            );
        }
    }
    Figure {
        heading: "Which field in which event",
        height: top + 12 + fields.len() * 18,
        title: format!("{} in {}", counted(fields.len() as u64, "field"), counted(events.len() as u64, "event")),
        body,
        caption: "A square: the field left with that event. Filled: something was found in its values. The table below has all of it.",
    }
    .draw(out);
}

//! `weir destination preview`: what a destination gets of the traffic of the last hours, before and after, by event and property.
//! Paths, shares and rules; no value is shown.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use weir_console::command::{Command as Ask, Reply};
use weir_console::preview::{Preview, PreviewEvent, PreviewProperty};
use weir_console::{AdminError, socket};
use weir_event::{Clock, SystemClock};

use crate::cli::output::{refused, table};
use crate::cli::page::{self, escaped, head};
use crate::cli::{Exit, Folders, Output, output};
use crate::config::duration;

/// Bars of the picture of one event; further properties are in the table only.
const BARS_MAX: usize = 24;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The destination.
    #[arg(value_name = "ID")]
    destination: String,
    /// Only events of this source.
    #[arg(long, value_name = "ID")]
    source: Option<String>,
    /// Only events received in this time.
    #[arg(long, value_name = "TIME", default_value = "1h")]
    since: String,
    /// A configuration that is not in force: the destination as it stands there.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Writes the report as one HTML page.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    folders: Folders,
}

pub(super) fn run(out: &Output, options: &Options) -> Exit {
    let config = match &options.file {
        None => None,
        Some(file) => match std::fs::read_to_string(file) {
            Ok(text) => Some(text),
            Err(error) => return out.fail(format!("{} cannot be read: {}", file.display(), error.kind())),
        },
    };
    let preview = match ask(&options.folders, &options.destination, config, options.source.clone(), &options.since) {
        Ok(preview) => preview,
        Err(error) => return refused(out, &error),
    };
    if let Some(file) = &options.html
        && let Err(why) = output::write(file, html(&preview))
    {
        return out.fail(why);
    }
    out.show(&serde_json::to_value(&preview).unwrap_or_default(), &text(&preview));
    Exit::Fine
}

/// Asks the running Weir, which alone reads the journal.
pub(super) fn ask(
    folders: &Folders,
    destination: &str,
    config: Option<String>,
    source: Option<String>,
    since: &str,
) -> Result<Preview, AdminError> {
    let millis = duration(since).and_then(|millis| i64::try_from(millis).ok());
    let millis = millis.ok_or_else(|| AdminError::request("--since is a time with its unit: 90m, 1h, 7d"))?;
    let since = SystemClock.now().plus(-millis).0;
    let ask = Ask::DestinationPreview { destination: destination.to_owned(), config, source, since };
    match socket::ask(&folders.data, &ask)? {
        Reply::Preview(preview) => Ok(*preview),
        _ => Err(AdminError::Failed { message: "weir gave another answer than was asked for".to_owned() }),
    }
}

/// For people.
pub(crate) fn text(preview: &Preview) -> String {
    let mut text = format!("{}\n", summary(preview));
    for event in &preview.list {
        let _ = write!(text, "\n{}: {}\n", event.event, fate(event));
        let rows = event.properties.iter().map(|p| {
            vec![format!("  {}", p.path), percent(p.seen, event.seen), before(p), after(p, event), p.found.join(", ")]
        });
        if !event.properties.is_empty() {
            text.push_str(&table(&["  property", "seen in", "before", "after", "found"], rows));
        }
    }
    if preview.unlisted > 0 {
        let _ = writeln!(text, "\n{} more values of properties beyond the limit of this list", preview.unlisted);
    }
    text
}

fn summary(preview: &Preview) -> String {
    if preview.events == 0 {
        return format!("{}: no event was received in this time", preview.destination);
    }
    let cut = if preview.cut { ", the newest of more" } else { "" };
    format!(
        "{}: {} events from {} to {}{cut}; people appear {}",
        preview.destination,
        preview.events,
        preview.from,
        preview.to,
        people(&preview.subject)
    )
}

fn people(subject: &str) -> &'static str {
    match subject {
        "raw" => "as your apps name them",
        "stable" => "under a pseudonym that stays",
        _ => "under a pseudonym that rotates",
    }
}

fn fate(event: &PreviewEvent) -> String {
    let dropped: Vec<String> = event.dropped.iter().map(|(rule, n)| format!("{n} dropped by {rule}")).collect();
    let dropped = if dropped.is_empty() { String::new() } else { format!(", {}", dropped.join(", ")) };
    format!("{} of {} leave{dropped}", event.leaves, event.seen)
}

fn percent(part: u64, whole: u64) -> String {
    // Rounded up: what was seen once is not shown as never.
    format!("{} %", (part * 100).div_ceil(whole.max(1)))
}

fn before(property: &PreviewProperty) -> String {
    match (property.kinds.join(", "), property.characters) {
        (kinds, _) if kinds.is_empty() => "–".to_owned(),
        (kinds, (least, most)) if least == most => format!("{kinds}, {most} characters"),
        (kinds, (least, most)) => format!("{kinds}, {least} to {most} characters"),
    }
}

fn after(property: &PreviewProperty, event: &PreviewEvent) -> String {
    let share = |n: u64| if n == property.seen { String::new() } else { format!(" ({})", percent(n, property.seen)) };
    let leaves = property.leaves.iter().map(|(how, n)| format!("{}{}", word(how), share(*n)));
    let withheld = property.withheld.iter().map(|(rule, n)| format!("withheld by {rule}{}", share(*n)));
    let all: Vec<String> = leaves.chain(withheld).collect();
    match (all.is_empty(), event.leaves) {
        (false, _) => all.join(", "),
        (true, 0) => "its event does not leave".to_owned(),
        (true, _) => "does not leave".to_owned(),
    }
}

/// How it leaves, in words.
fn word(action: &str) -> &str {
    match action {
        "keep" => "as it is",
        "truncate" => "cut to its network",
        "template" => "as a template",
        "coarsen" => "as its family or class",
        "pseudonymize" => "as a pseudonym",
        other => other,
    }
}

fn leaves(property: &PreviewProperty) -> u64 {
    property.leaves.iter().map(|(_, n)| n).sum::<u64>().min(property.seen)
}

/// The report as a page.
pub(crate) fn html(preview: &Preview) -> String {
    let mut out = head(&format!("What {} gets – Weir preview", preview.destination));
    let _ = write!(
        out,
        "<header><h1>What {} gets</h1>\n<p>{}</p>\n<p class=\"quiet\">Names, shares and rules only: no value of an event stands on this \
         page.</p></header>\n<main>\n",
        escaped(&preview.destination),
        escaped(&summary(preview))
    );
    for (number, event) in preview.list.iter().enumerate() {
        let _ = write!(
            out,
            "<section aria-labelledby=\"e{number}\">\n<h2 id=\"e{number}\">{}</h2>\n<p>{}</p>\n",
            escaped(&event.event),
            escaped(&fate(event))
        );
        picture(&mut out, number, event);
        let rows = event.properties.iter().map(|p| {
            let class = if leaves(p) == 0 { "past" } else { "weir" };
            vec![
                escaped(&p.path),
                percent(p.seen, event.seen),
                escaped(&before(p)),
                format!("<span class=\"{class}\">{}</span>", escaped(&after(p, event))),
                escaped(&p.found.join(", ")),
            ]
        });
        page::table(&mut out, "Properties", &["Property", "Seen in", "Before", "After", "Found"], rows);
        out.push_str("</section>\n");
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

/// Two bars for each property: in how many events it was, and in how many of them it leaves.
fn picture(out: &mut String, number: usize, event: &PreviewEvent) {
    let rows = &event.properties[..event.properties.len().min(BARS_MAX)];
    if rows.is_empty() {
        return;
    }
    let height = 16 + 30 * rows.len();
    let _ = write!(
        out,
        "<figure>\n<div class=\"picture\" tabindex=\"0\" role=\"group\" aria-label=\"Picture\">\n<svg viewBox=\"0 0 720 {height}\" role=\"img\" \
         aria-labelledby=\"p{number}\">\n<title id=\"p{number}\">Share of the events that have each property, before and after; the \
         table below says the same in words</title>\n"
    );
    let width = |n: u64| (n * 400 / event.seen.max(1)).max(u64::from(n > 0));
    for (row, property) in rows.iter().enumerate() {
        let y = 12 + 30 * row;
        let name: String = property.path.chars().take(34).collect();
        let _ = writeln!(
            out,
            "<text x=\"0\" y=\"{}\">{}</text><rect class=\"box\" x=\"300\" y=\"{y}\" width=\"{}\" height=\"9\"/>\
             <rect class=\"weir\" x=\"300\" y=\"{}\" width=\"{}\" height=\"9\"/>",
            y + 13,
            escaped(&name),
            width(property.seen),
            y + 11,
            width(leaves(property))
        );
    }
    out.push_str(
        "</svg>\n</div>\n<figcaption class=\"quiet\">Upper bar: events in which it was. Lower bar, outlined: events in which it leaves.\
         </figcaption>\n</figure>\n",
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preview() -> Preview {
        let property = |path: &str, leaves: Vec<(String, u64)>, withheld: Vec<(String, u64)>| PreviewProperty {
            path: path.to_owned(),
            seen: 8,
            kinds: vec!["string".into()],
            characters: (3, 9),
            leaves,
            withheld,
            ..PreviewProperty::default()
        };
        Preview {
            destination: "growth".into(),
            subject: "stable".into(),
            events: 10,
            list: vec![PreviewEvent {
                event: "Report <Exported>".into(),
                seen: 10,
                leaves: 9,
                dropped: vec![("sampled".into(), 1)],
                properties: vec![
                    property("plan", vec![("keep".into(), 8)], Vec::new()),
                    property("context.os.name", vec![("coarsen".into(), 6)], vec![("not_allowed".into(), 2)]),
                ],
            }],
            ..Preview::default()
        }
    }

    #[test]
    fn a_person_reads_what_leaves_and_by_which_rule_something_does_not() {
        let text = text(&preview());
        assert!(text.contains("Report <Exported>: 9 of 10 leave, 1 dropped by sampled"), "{text}");
        assert!(text.contains("plan             80 %     string, 3 to 9 characters  as it is"), "{text}");
        assert!(text.contains("as its family or class (75 %), withheld by not_allowed (25 %)"), "{text}");
    }

    #[test]
    fn the_page_loads_nothing_runs_nothing_and_takes_names_for_text() {
        let page = html(&preview());
        assert!(page.contains("default-src 'none'") && page.contains("Report &lt;Exported&gt;"), "{page}");
        for bad in ["<script", "http://", "https://", "src=", "url(", "@import", "onload"] {
            assert!(!page.contains(bad), "{bad}");
        }
        assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
    }
}

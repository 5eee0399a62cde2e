//! The report as one page, made to be forwarded: no script, no resource from outside, refused by its own policy anyway; readable in the
//! dark, on a phone and on paper. Names, counts and shapes; every text goes through [`escaped`].

use std::fmt::Write as _;

use crate::cli::output::counted;
use crate::cli::page::{breakable, escaped, head, table};

use super::picture;
use super::report::{Report, WORK_MAX, base, day, few, percent, shortened};

/// Rows of properties; of more, those with the least to say stay out, and the page says so.
const ROWS_MAX: usize = 4_000;

/// The page.
pub(super) fn render(report: &Report) -> String {
    let mut out = head(&report.title());
    let _ = write!(out, "<header><h1>{}</h1>\n<p>{}</p>\n", escaped(&report.title()), escaped(&report.summary()));
    out.push_str(
        "<p class=\"quiet\">Names and shapes only: no value of an event stands on this page.</p>\n</header>\n<main>\n",
    );
    if report.is_sensitive() {
        first_steps(&mut out, report);
        out.push_str("<section aria-labelledby=\"where\">\n<h2 id=\"where\">What sits where</h2>\n");
        picture::draw(&mut out, report);
        out.push_str("</section>\n");
        work_list(&mut out, report);
    }
    inventory(&mut out, report);
    scope(&mut out, report);
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn first_steps(out: &mut String, report: &Report) {
    let (first, _, most) = report.fix();
    let _ = write!(
        out,
        "<section aria-labelledby=\"first\">\n<h2 id=\"first\">{}</h2>\n<ol class=\"steps\">\n",
        escaped(&report.headline())
    );
    for row in report.work.iter().take(first) {
        let _ = writeln!(
            out,
            "<li><strong>{}</strong> holds {} in {}: {}. <span class=\"quiet\">Looks like <code>{}</code></span></li>",
            escaped(&row.label),
            breakable(&few(&row.categories)),
            counted(row.values, "event"),
            escaped(&shortened(&row.events, 60)),
            escaped(row.example.as_deref().unwrap_or("…")),
        );
    }
    let _ = write!(
        out,
        "</ol>\n<p class=\"quiet\">Of the sensitive values, each weighed by how much its category matters. 80 % takes {}.</p>\n</section>\n",
        counted(most as u64, "property")
    );
}

fn work_list(out: &mut String, report: &Report) {
    out.push_str("<section class=\"work\" aria-labelledby=\"work\">\n<h2 id=\"work\">Work list</h2>\n");
    let caption = match report.work.len() {
        all if all > WORK_MAX => format!("The first {WORK_MAX} of {all} properties, by volume and sensitivity"),
        _ => "By volume and sensitivity".to_owned(),
    };
    table(
        out,
        &caption,
        &["No.", "Property", "Holds", "Events", "Share", "Shape", "In", "By default, Weir"],
        report.work.iter().take(WORK_MAX).enumerate().map(|(i, row)| {
            vec![
                (i + 1).to_string(),
                format!("<strong>{}</strong>", breakable(&row.label)),
                breakable(&few(&row.categories)),
                row.values.to_string(),
                format!("{}&nbsp;%", report.share(row)),
                format!("<code>{}</code>", escaped(row.example.as_deref().unwrap_or("…"))),
                breakable(&shortened(&row.events, 40)),
                escaped(&row.says),
            ]
        }),
    );
    out.push_str("</section>\n");
}

fn inventory(out: &mut String, report: &Report) {
    out.push_str("<section aria-labelledby=\"events\">\n<h2 id=\"events\">Events and their properties</h2>\n");
    let mut left = ROWS_MAX;
    let mut left_out = 0;
    for event in &report.events {
        if left == 0 {
            left_out += 1;
            continue;
        }
        let _ = write!(out, "<h3>{}</h3>\n<p class=\"quiet\">", escaped(&report.event_words(event)));
        for (rule, times) in event.withheld.iter().chain(&event.dropped) {
            let _ = write!(out, "{times} kept out as a whole ({}). ", escaped(rule));
        }
        out.push_str("</p>\n");
        let shown = event.properties.len().min(left);
        left -= shown;
        let caption = if shown < event.properties.len() {
            format!("{shown} of {} properties", event.properties.len())
        } else {
            counted(shown as u64, "property")
        };
        table(
            out,
            &caption,
            &["Property", "Type", "In", "Found", "Shape", "By default, Weir"],
            event.properties[..shown].iter().map(|property| {
                let found = property.findings.iter().map(|finding| {
                    let class = if finding.is_sensitive() { "past" } else { "quiet" };
                    let likelihood = finding.likelihood.key().replace('_', " ");
                    let evidence = finding.evidence.join(", ").replace('_', " ");
                    format!(
                        "<span class=\"{class}\">{}</span> <span class=\"quiet\">{likelihood}, {} ({evidence})</span>",
                        breakable(finding.category.key()),
                        share(finding.events, event.seen),
                    )
                });
                let shape = property.example.as_ref().map(|(shape, length)| {
                    format!("<code>{}</code> <span class=\"quiet\">{length} characters</span>", escaped(shape))
                });
                vec![
                    breakable(&property.label),
                    property.kinds.join(", "),
                    share(property.seen, event.seen),
                    found.collect::<Vec<_>>().join("<br>"),
                    shape.unwrap_or_default(),
                    escaped(&property.says),
                ]
            }),
        );
    }
    if left_out > 0 {
        let _ = writeln!(
            out,
            "<p class=\"care\">{} not listed here for their number; <code>weir audit --json</code> lists all.</p>",
            counted(left_out, "event")
        );
    }
    out.push_str("</section>\n");
}

/// A share that stays in one line.
fn share(part: u64, of: u64) -> String {
    escaped(&percent(part, of)).replace(' ', "&nbsp;")
}

fn scope(out: &mut String, report: &Report) {
    out.push_str("<section aria-labelledby=\"scope\">\n<h2 id=\"scope\">What this rests on</h2>\n");
    let span = report.span().map(|(from, to)| format!(" of {} to {}", day(&from), day(&to)));
    let _ = writeln!(
        out,
        "<p>{} with {}{}, read by weir {} on {}, offline. Detection does not find everything, and what the files do not hold is \
         not in here.</p>",
        counted(report.files.len() as u64, "file"),
        counted(report.seen, "event"),
        span.unwrap_or_default(),
        env!("CARGO_PKG_VERSION"),
        day(&report.now.to_rfc3339()),
    );
    table(
        out,
        "Files",
        &["File", "Form", "Events", "Damaged"],
        report.files.iter().map(|file| {
            let form = if file.form.is_empty() { "not read" } else { file.form };
            vec![escaped(&base(&file.name)), form.to_owned(), file.events.to_string(), file.damaged.to_string()]
        }),
    );
    let gaps = report.gaps();
    if !gaps.is_empty() {
        out.push_str("<h3>Not in this report</h3>\n<ul>\n");
        gaps.iter().for_each(|gap| out.push_str(&format!("<li class=\"care\">{}</li>\n", escaped(gap))));
        out.push_str("</ul>\n");
    }
    out.push_str("</section>\n");
}

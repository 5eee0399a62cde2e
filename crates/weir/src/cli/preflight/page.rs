//! The report as one HTML page: no script, no resource from outside, refused by its own policy anyway; readable in the dark, on a phone
//! and on paper. Every text goes
//! through [`escaped`].

use std::fmt::Write as _;

use crate::cli::output::counted;
use crate::cli::page::{escaped, head, table};

use super::report::{After, Report, VendorReport, shown_key, versions};

/// Rows of the picture; further hosts are in the table only.
const PICTURE_ROWS_MAX: usize = 12;

/// The page.
pub(super) fn render(report: &Report) -> String {
    let mut out = head("Before the switch – Weir preflight");
    let study = &report.study;
    let _ = write!(
        out,
        "<header><h1>Before the switch</h1>\n<p>{} with {}. {}</p>\n",
        study.inputs(),
        counted(study.exchanges, "request"),
        match (report.vendors.is_empty(), report.needs_action()) {
            (true, _) => "No analytics SDK that Weir speaks is in them.",
            (false, true) => "<strong class=\"care\">There is something to do before the host is switched.</strong>",
            (false, false) => "<strong class=\"weir\">Nothing to do but switch the host.</strong>",
        }
    );
    if study.cut {
        out.push_str(
            "<p class=\"care\">An input is longer than is read: what lies behind 1 TiB is not in this report.</p>\n",
        );
    }
    out.push_str("<p class=\"quiet\">Names, counts and kinds only: no value of an event, no token and no id stands on this page. What the recording does not hold is not in here.</p>\n");
    if report.vendors.len() > 1 {
        out.push_str("<nav aria-label=\"Vendors\"><ul>\n");
        for vendor in &report.vendors {
            let _ =
                writeln!(out, "<li><a href=\"#{0}\">{1}</a></li>", vendor.vendor.name, escaped(vendor.vendor.title));
        }
        out.push_str("</ul></nav>\n");
    }
    out.push_str("</header>\n<main>\n");
    for vendor in &report.vendors {
        section(&mut out, vendor);
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn section(out: &mut String, report: &VendorReport) {
    let (vendor, seen) = (report.vendor, &report.seen);
    let _ = write!(
        out,
        "<section id=\"{0}\" aria-labelledby=\"{0}-title\">\n<h2 id=\"{0}-title\">{1}</h2>\n<p>{2}, {3}.",
        vendor.name,
        escaped(vendor.title),
        counted(seen.calls, "call"),
        counted(seen.events, "event")
    );
    if !seen.keys.is_empty() {
        let keys: Vec<String> = seen.keys.iter().map(|(starts, length)| shown_key(starts, *length)).collect();
        let _ = write!(out, " Write keys: {}.", escaped(&keys.join(", ")));
    }
    out.push_str("</p>\n");
    picture(out, report);
    table(
        out,
        "Which host gets what",
        &["Host", "For", "Calls", "After the switch"],
        report.hosts.iter().map(|row| {
            let (class, text) =
                (class(row.after), if row.text.is_empty() { String::new() } else { format!(": {}", row.text) });
            vec![
                escaped(&row.name),
                escaped(row.role),
                row.calls.to_string(),
                format!("<span class=\"{class}\">{}</span>{}", row.after.text(), escaped(&text)),
            ]
        }),
    );
    table(
        out,
        "SDKs",
        &["Package", "Runs in", "Versions"],
        report.sdks.iter().map(|row| {
            vec![escaped(row.sdk.package), row.sdk.platform.text().to_owned(), escaped(&versions(&row.versions))]
        }),
    );
    table(
        out,
        "Features in use",
        &["Feature", "Seen", "Behind Weir"],
        report.features.iter().map(|row| {
            let class = if row.becomes.needs_action() { "care" } else { "weir" };
            let list = row
                .list()
                .map(|list| format!(" <span class=\"quiet\">({})</span>", escaped(&list)))
                .unwrap_or_default();
            vec![
                escaped(row.feature.text()),
                row.times.to_string(),
                format!("<span class=\"{class}\">{}</span>: {}{list}", row.becomes.text(), escaped(row.text)),
            ]
        }),
    );
    table(
        out,
        "Calls that the host option alone does not move",
        &["SDK", "Calls", "When", "Seen", "Instead"],
        report.sdks.iter().flat_map(|row| {
            row.beside.iter().map(|(beside, calls)| {
                vec![
                    escaped(row.sdk.package),
                    escaped(beside.host),
                    escaped(beside.when),
                    if *calls > 0 { counted(*calls, "time") } else { "not in this recording".to_owned() },
                    escaped(beside.instead),
                ]
            })
        }),
    );
    table(
        out,
        "Personal data outside of bodies",
        &["Kind", "Where", "Times"],
        seen.personal.iter().map(|((place, kind), times)| vec![escaped(kind), escaped(place), times.to_string()]),
    );
    for row in &report.sdks {
        if row.snippet.is_empty() {
            let _ = writeln!(
                out,
                "<h3>{}</h3>\n<p class=\"care\">There is no tested configuration for it yet.</p>",
                escaped(row.sdk.package)
            );
        } else {
            let _ = writeln!(
                out,
                "<h3>{} ({}), everything on Weir</h3>\n<pre tabindex=\"0\" aria-label=\"Configuration of {}\"><code>{}</code></pre>",
                escaped(row.sdk.package),
                row.sdk.platform.text(),
                escaped(row.sdk.package),
                escaped(&row.snippet)
            );
        }
    }
    out.push_str("</section>\n");
}

/// Your product on the left, hosts in the middle, and where their calls go after the switch on the right.
fn picture(out: &mut String, report: &VendorReport) {
    let rows = &report.hosts[..report.hosts.len().min(PICTURE_ROWS_MAX)];
    if rows.is_empty() {
        return;
    }
    let (height, middle) = (60 + 44 * rows.len(), 40 + 22 * rows.len());
    let _ = write!(
        out,
        "<figure>\n<div class=\"picture\" tabindex=\"0\" role=\"group\" aria-label=\"Picture\">\n<svg viewBox=\"0 0 720 {height}\" role=\"img\" aria-labelledby=\"{0}-picture\">\n<title id=\"{0}-picture\">Hosts that {1} SDKs \
         call, and where their calls go after the switch; the table below says the same in words</title>\n",
        report.vendor.name,
        escaped(report.vendor.title)
    );
    let _ = writeln!(
        out,
        "<rect class=\"box\" x=\"4\" y=\"{}\" width=\"110\" height=\"36\" rx=\"6\"/><text x=\"59\" y=\"{}\" text-anchor=\"middle\">your product</text>",
        middle - 18,
        middle + 5
    );
    let ends = [(After::Weir, "Weir", height / 2), (After::Past, "past Weir", height - 30)];
    for (end, text, y) in ends {
        let is_used = rows.iter().any(|r| r.after == end || (end == After::Weir && r.after == After::WithSnippet));
        if is_used {
            let _ = writeln!(
                out,
                "<rect class=\"box\" x=\"600\" y=\"{}\" width=\"112\" height=\"36\" rx=\"6\"/><text x=\"656\" y=\"{}\" text-anchor=\"middle\">{text}</text>",
                y - 18,
                y + 5
            );
        }
    }
    for (number, row) in rows.iter().enumerate() {
        let y = 40 + 44 * number;
        let to = if row.after == After::Past { ends[1].2 } else { ends[0].2 };
        let class = class(row.after);
        let name: String = row.name.chars().take(40).collect();
        let _ = writeln!(
            out,
            "<path class=\"{class}\" d=\"M114 {middle} C150 {middle} 150 {y} 186 {y}\"/><path class=\"{class}\" d=\"M510 {y} C555 {y} 555 {to} 600 {to}\"/>"
        );
        let _ = writeln!(
            out,
            "<rect class=\"box\" x=\"186\" y=\"{}\" width=\"324\" height=\"34\" rx=\"6\"/><text x=\"196\" y=\"{}\">{} · {}</text>",
            y - 17,
            y + 5,
            escaped(&name),
            row.calls
        );
    }
    out.push_str("</svg>\n</div>\n<figcaption class=\"quiet\">Solid: moves with the host option. Dashed: moves or ends only with the snippet below. Dotted: stays as it is. \
                  The number is the calls seen.</figcaption>\n</figure>\n");
}

const fn class(after: After) -> &'static str {
    match after {
        After::Weir => "weir",
        After::WithSnippet => "care",
        After::Past => "past",
    }
}

//! The report as one HTML page: no script, no resource from outside, refused by its own policy anyway; readable in the dark, on a phone
//! and on paper. Every text goes through [`escaped`].

use std::fmt::Write as _;

use super::report::{After, Report, VendorReport, counted, shown_key, versions};

/// Rows of the picture; further hosts are in the table only.
const PICTURE_ROWS_MAX: usize = 12;

const HEAD: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<title>Before the switch – Weir preflight</title>
<style>
:root { color-scheme: light dark; --text: #1a1f24; --quiet: #4a5560; --back: #ffffff; --line: #c9d1d9; --soft: #f3f5f7;
  --weir: #0b6b3a; --care: #8a4b00; --past: #a3161b; }
@media (prefers-color-scheme: dark) { :root { --text: #e9edf0; --quiet: #b3bdc6; --back: #14181c; --line: #3a444d; --soft: #1e242a;
  --weir: #6fd39c; --care: #f2b35e; --past: #ff9a93; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1rem; background: var(--back); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.3rem; margin-top: 2.5rem; border-bottom: 1px solid var(--line); } h3 { font-size: 1.05rem; }
a { color: inherit; } :focus-visible { outline: 3px solid var(--care); outline-offset: 2px; }
.quiet { color: var(--quiet); }
.weir { color: var(--weir); font-weight: 600; } .care { color: var(--care); font-weight: 600; } .past { color: var(--past); font-weight: 600; }
table { border-collapse: collapse; width: 100%; } caption { text-align: left; font-weight: 600; padding: .5rem 0; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem .4rem 0; border-top: 1px solid var(--line); }
pre { background: var(--soft); border: 1px solid var(--line); padding: .8rem; overflow-x: auto; font-size: .875rem; }
figure { margin: 1rem 0; } .picture { overflow-x: auto; } svg { width: 100%; height: auto; min-width: 34rem; max-width: 46rem; font: 13px system-ui, sans-serif; }
svg text { fill: var(--text); } svg .box { fill: var(--soft); stroke: var(--line); }
svg .weir { fill: none; stroke: var(--weir); stroke-width: 2; } svg .care { fill: none; stroke: var(--care); stroke-width: 2; stroke-dasharray: 7 4; }
svg .past { fill: none; stroke: var(--past); stroke-width: 2; stroke-dasharray: 2 4; }
@media (max-width: 40rem) { thead { position: absolute; left: -9999px; } tr { display: block; border-top: 1px solid var(--line); padding: .4rem 0; }
  th, td { display: block; border: 0; padding: .1rem 0; } td::before { content: attr(data-name) ": "; color: var(--quiet); } }
@media print { body { max-width: none; } h2, h3, tr, figure { break-inside: avoid; } pre { white-space: pre-wrap; } svg { min-width: 0; } }
</style>
</head>
<body>
"#;

/// The page.
pub(super) fn render(report: &Report) -> String {
    let mut out = HEAD.to_owned();
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
            "<p class=\"care\">An input is longer than is read: what lies behind 8 GiB is not in this report.</p>\n",
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

/// A table; nothing where it has no row. The cells are HTML.
fn table(out: &mut String, caption: &str, names: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return;
    }
    let _ = write!(out, "<table>\n<caption>{}</caption>\n<thead><tr>", escaped(caption));
    for name in names {
        let _ = write!(out, "<th scope=\"col\">{}</th>", escaped(name));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        for (cell, name) in row.iter().zip(names) {
            let _ = write!(out, "<td data-name=\"{}\">{cell}</td>", escaped(name));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n");
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

/// A text as HTML, in an element and in a quoted attribute.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

//! What the HTML pages of commands share: no script, no resource from outside, refused by their own policy anyway; readable in the dark,
//! on a phone and on paper. Every text goes through [`escaped`].

use std::fmt::Write as _;

use weir_ledger::tree::hash::sha256;
use weir_ledger::tree::note::base64;

const HEAD: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
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
svg .mark { fill: var(--care); stroke: none; } svg .rule { fill: none; stroke: var(--line); }
svg .past { fill: none; stroke: var(--past); stroke-width: 2; stroke-dasharray: 2 4; }
svg .cell { fill: var(--past); stroke: var(--line); } code { font-size: .875em; overflow-wrap: anywhere; } .work td { font-size: .9rem; } .steps li { margin: .4rem 0; }
.cards { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1rem; } .cards > h1, .cards > p, .cards > .all { grid-column: 1 / -1; }
@media (max-width: 40rem) { .cards { grid-template-columns: minmax(0, 1fr); } }
.card { border: 2px solid var(--line); border-radius: .5rem; padding: 1rem; } .card h2 { margin-top: 0; } .card dt { color: var(--quiet); font-size: .9rem; }
.card dd { margin: 0 0 .6rem; overflow-wrap: anywhere; }
@page { size: A4; margin: 14mm; }
@media (max-width: 40rem) { thead { position: absolute; left: -9999px; } tr { display: block; border-top: 1px solid var(--line); padding: .4rem 0; }
  th, td { display: block; border: 0; padding: .1rem 0; } td:empty { display: none; } td::before { content: attr(data-name) ": "; color: var(--quiet); } }
@media print { body { max-width: none; } h2, h3, tr, figure, .card { break-inside: avoid; } pre { white-space: pre-wrap; } svg { min-width: 0; } }
</style>
</head>
<body>
"#;

/// The page up to its body.
pub(super) fn head(title: &str) -> String {
    HEAD.replacen("{title}", &escaped(title), 1)
}

/// The head of a page with one script and a style of its own, which its policy names by their hashes: nothing else in it runs.
pub(super) fn checked_head(title: &str, style: &str, script: &str) -> String {
    let hash = |text: &str| format!("'sha256-{}'", base64(&sha256(text.as_bytes())));
    let page = head(title).replacen("</style>", &format!("{style}</style>"), 1);
    let style =
        page.split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>")).map_or("", |(style, _)| style);
    let policy = format!("style-src {}; script-src {};", hash(style), hash(script));
    page.replacen("style-src 'unsafe-inline';", &policy, 1)
}

/// A table; nothing where it has no row. The cells are HTML.
pub(super) fn table(out: &mut String, caption: &str, names: &[&str], rows: impl Iterator<Item = Vec<String>>) {
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

/// A picture with its words: what it is called, how high it is, what it says to whoever does not see it, what it shows.
pub(super) struct Figure<'a> {
    pub(super) heading: &'a str,
    pub(super) height: usize,
    pub(super) title: String,
    pub(super) body: String,
    pub(super) caption: &'a str,
}

impl Figure<'_> {
    pub(super) fn draw(&self, out: &mut String) {
        let id = self.heading.to_ascii_lowercase().replace(' ', "-");
        let _ = write!(
            out,
            "<h2>{}</h2>\n<figure>\n<div class=\"picture\" tabindex=\"0\" role=\"group\" aria-label=\"Picture\">\n\
             <svg viewBox=\"0 0 720 {}\" role=\"img\" aria-labelledby=\"{id}\">\n<title id=\"{id}\">{}</title>\n{}</svg>\n</div>\n\
             <figcaption class=\"quiet\">{}</figcaption>\n</figure>\n",
            escaped(self.heading),
            self.height,
            escaped(&self.title),
            self.body,
            escaped(self.caption)
        );
    }
}

/// A name as HTML that may go on in the next line behind each part of it.
pub(super) fn breakable(name: &str) -> String {
    escaped(name).replace('.', ".<wbr>").replace('_', "_<wbr>").replace('/', "/<wbr>")
}

/// A text as HTML, in an element and in a quoted attribute.
pub(super) fn escaped(text: &str) -> String {
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

//! The page of an answer: readable without its script, and checked by it. The script loads nothing and asks nobody; the page's policy
//! names it and its style by their hashes, so that nothing else in the page runs.

use std::fmt::Write as _;

use weir_event::Rule;

use super::{Answer, Left};
use crate::cli::output::counted;
use crate::cli::page::{breakable, checked_head, escaped, table};

const SCRIPT: &str = include_str!("check.js");
const STYLE: &str = r#"
.state { white-space: nowrap; } tr.good .state, .banner.good { color: var(--weir); font-weight: 600; }
tr.bad { outline: 2px solid var(--past); outline-offset: -2px; } tr.bad td, .banner.bad { color: var(--past); font-weight: 600; }
.banner { border: 1px solid var(--line); padding: .8rem; } .banner.good { border-color: var(--weir); } .banner.bad { border: 3px solid var(--past); }
"#;

pub(super) fn page(answer: &Answer) -> String {
    let rows = answer.rows();
    let title = "What left about you";
    let mut out = checked_head(title, STYLE, SCRIPT);
    let by = answer.by.as_ref().map(|by| format!("{} answers with this page. ", escaped(by))).unwrap_or_default();
    let destinations: std::collections::BTreeSet<&str> = rows.iter().map(|row| row.destination.as_str()).collect();
    let _ = write!(
        out,
        "<main>\n<h1>{title}</h1>\n<p>{by}It is about the id <code>{}</code>, {}. It says which data about this id the software named \
         Weir sent on to other companies, as Weir recorded it before sending.</p>\n",
        escaped(&answer.found.id),
        escaped(&answer.window()),
    );
    if rows.is_empty() {
        out.push_str("<p><strong>Weir recorded nothing that left about this id in this time.</strong></p>\n");
    } else {
        let _ = writeln!(
            out,
            "<p><strong>{} left, to {}.</strong></p>",
            counted(rows.len() as u64, "event"),
            escaped(&destinations.into_iter().collect::<Vec<_>>().join(", "))
        );
        out.push_str(
            "<p id=\"banner\" class=\"banner\" role=\"status\">Nothing was checked yet: this page checks itself where scripts are allowed, \
             without any connection.</p>\n",
        );
    }
    out.push_str("<h2>Which data left</h2>\n");
    let left = answer.left().into_iter().map(|((destination, path), Left { rows, looked, categories })| {
        let list = |words: std::collections::BTreeSet<&str>| escaped(&words.into_iter().collect::<Vec<_>>().join(", "));
        vec![
            escaped(destination.as_str()),
            format!("<span data-left>{}</span>", breakable(path)),
            rows.to_string(),
            list(looked),
            list(categories),
        ]
    });
    let names = ["to", "field", "in how many events", "how it looked there", "what was found in it"];
    table(&mut out, "Fields that were in what left", &names, left);
    out.push_str("<h2>Under which name</h2>\n");
    let mut appears: Vec<(String, String)> = rows
        .iter()
        .map(|row| {
            let name = answer.found.pseudonym(row);
            (row.destination.to_string(), name.unwrap_or_else(|| "a pseudonym that cannot be made again".to_owned()))
        })
        .collect();
    appears.sort();
    appears.dedup();
    let appears = appears.into_iter().map(|(to, name)| vec![escaped(&to), format!("<code>{}</code>", escaped(&name))]);
    table(&mut out, "How this id appears there", &["at", "as"], appears);
    out.push_str("<h2>What did not leave</h2>\n");
    let withheld = answer.withheld().into_iter().map(|((destination, path, rule), rows)| {
        vec![
            escaped(destination.as_str()),
            format!("<span data-withheld=\"{}\">{}</span>", escaped(rule), breakable(path)),
            rows.to_string(),
            format!("{} <span class=\"quiet\">({})</span>", escaped(because(rule)), escaped(rule)),
        ]
    });
    let names = ["to", "field", "events without it", "why Weir did not send it"];
    table(&mut out, "Fields that those events had and Weir did not send there, in this time", &names, withheld);
    out.push_str("<h2>Each event that left</h2>\n");
    let events = rows.iter().enumerate().map(|(at, row)| {
        let event = answer.found.about.shapes.get(&row.field_set).map(|shape| shape.event.clone()).unwrap_or_default();
        vec![
            format!("<span data-row=\"{at}\">{}</span>", escaped(&row.at.to_rfc3339())),
            escaped(row.destination.as_str()),
            escaped(&event),
            escaped(row.became.name()),
            row.entry.to_string(),
            "<span class=\"state\">not checked</span>".to_owned(),
        ]
    });
    let names = ["left at", "to", "event", "became there", "entry of the ledger", "check"];
    table(&mut out, "Events", &names, events);
    out.push_str("<h2>What this says and what not</h2>\n<ul>\n");
    for line in answer.scope() {
        let _ = writeln!(out, "<li>{}</li>", escaped(&line));
    }
    out.push_str("</ul>\n");
    proof(&mut out, answer);
    // As JSON in an element that does not run; `<` cannot end it.
    let evidence = answer.evidence().to_string().replace('<', "\\u003c");
    let _ = write!(
        out,
        "</main>\n<script type=\"application/json\" id=\"evidence\">{evidence}</script>\n<script>{SCRIPT}</script>\n</body>\n</html>\n"
    );
    out
}

fn proof(out: &mut String, answer: &Answer) {
    let _ = write!(
        out,
        "<h2>How it can be checked</h2>\n<p>Before Weir sends a batch of events it records what is in it, in a list to which entries can only be \
         added. The head of that list is signed with this key:</p>\n<pre>{}</pre>\n<p>Fingerprint of the key:</p>\n<pre id=\"fingerprint\">{}</pre>\n\
         <p>The key stands in this page, and whoever made up a page could make up a key. <strong>Compare the fingerprint with the one that \
         was published</strong>, or with one that you got by another way.</p>\n<p>The check goes, for each event: the fields' list has the \
         fingerprint that the row names; the row belongs to the batch; the batch's entry is in the list that the signed head fixes; and what \
         is written above is what they say. It shows that the record was not changed after the head was signed. It does not show that the \
         record was complete, nor what became of an event there (the receiver's answer as Weir recorded it), nor the name under which the \
         id appears there.</p>\n",
        escaped(&answer.key.0),
        escaped(&answer.key.1)
    );
    let heads: std::collections::BTreeSet<&str> = answer.receipts.values().map(|one| one.checkpoint.as_str()).collect();
    for head in heads {
        let _ = writeln!(out, "<pre>{}</pre>", escaped(head));
    }
}

/// A rule in words for whoever does not know Weir.
fn because(rule: &str) -> &str {
    let known = Rule::ALL.into_iter().find(|known| known.name() == rule);
    match known {
        Some(Rule::NotAllowed) => "this field is not among those that this receiver may get",
        Some(Rule::Category) => "a kind of data that this receiver does not get",
        Some(Rule::Property) => "a rule keeps this field from this receiver",
        Some(Rule::Event) => "a rule keeps this event's data from this receiver",
        Some(Rule::Minimised) => "personal data, a secret or free text: removed on arrival",
        Some(Rule::PathUnclean) => "the field's own name could be data",
        Some(Rule::ConsentRefused) => "consent was refused",
        Some(Rule::ConsentUnknown) => "nothing was known of consent",
        Some(Rule::UnconfirmedIdentifier) => "an id that looks like an e-mail address or a phone number",
        Some(Rule::RawIdNotKept) => "the id itself was not kept",
        Some(Rule::LinkNotReleased | Rule::LinkAcrossEpochs) => "it would have linked two names of one person",
        Some(Rule::OverLimit) => "more fields than a limit allows",
        Some(Rule::AllowanceEnded) => "the time for which this receiver could get it was over",
        Some(Rule::Residency | Rule::RegionUnknown) => "it may not leave for the region of this receiver",
        _ => "by the rule of this name",
    }
}

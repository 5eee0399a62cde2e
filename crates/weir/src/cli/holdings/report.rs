//! What a vendor had before Weir, for people and programs: fields by what was found in them, and what to delete there, worst first.

use std::cmp::Reverse;

use serde_json::{Value, json};
use weir_answers::Holding;
use weir_answers::holding::{HeldField, Item};
use weir_event::ids::hex;
use weir_event::{DestinationId, Likelihood};
use weir_ledger::kept::Kept;
use weir_protocol::deletion::{self, Deletion};

use crate::cli::audit::sensitivity::{SENSITIVE_MIN, weight};
use crate::cli::output::{counted, day, table};

/// A line of what to delete.
pub(in crate::cli) struct ToDelete<'h> {
    pub(in crate::cli) field: HeldField<'h>,
    /// The categories that it is for, worst first.
    pub(in crate::cli) categories: Vec<&'static str>,
    /// Events with any of them.
    pub(in crate::cli) events: u64,
    pub(in crate::cli) weight: u32,
}

/// Fields with something sensitive, worst first: by what the category weighs, then by events.
pub(in crate::cli) fn to_delete(holding: &Holding) -> Vec<ToDelete<'_>> {
    let lines = holding.fields().into_iter().filter_map(|field| {
        let mut found: Vec<(u32, &Item)> =
            field.found.iter().filter_map(|(item, _)| Some((weight(item.category?), *item))).collect();
        found.retain(|(weight, _)| *weight >= SENSITIVE_MIN);
        found.sort_by_key(|(weight, item)| (Reverse((*weight, item.events)), item.category));
        let (weight, first) = found.first().copied()?;
        let mut categories: Vec<&'static str> = Vec::new();
        found.iter().filter_map(|(_, item)| Some(item.category?.key())).for_each(|key| categories.push(key));
        Some(ToDelete { categories, events: first.events, weight, field })
    });
    let mut lines: Vec<ToDelete<'_>> = lines.collect();
    lines.sort_by_key(|line| (Reverse((line.weight, line.events)), line.field.item.path.clone()));
    lines
}

/// With which of the vendor's tools.
pub(in crate::cli) fn tools(holding: &Holding) -> Option<&'static Deletion> {
    deletion::of(&holding.said.vendor.to_ascii_lowercase())
}

/// The time of its events.
pub(in crate::cli) fn span(holding: &Holding) -> String {
    holding
        .span
        .map_or_else(|| "no time".to_owned(), |(first, last)| format!("{} to {}", day(first.day()), day(last.day())))
}

/// What was found in a field, as a report says it: what is merely possible is marked.
pub(in crate::cli) fn found(field: &HeldField<'_>) -> String {
    let words = field.found.iter().filter_map(|(item, _)| {
        let mark = if item.likelihood == Some(Likelihood::Possible) { " (possible)" } else { "" };
        Some(format!("{}{mark}", item.category?.key()))
    });
    words.collect::<Vec<_>>().join(", ")
}

/// The one line that says what an import is and that it is only declared.
pub(in crate::cli) fn headline(kept: &Kept, holding: &Holding) -> String {
    format!(
        "import {} of {}, declared: {} of {} and {}, {}; recorded {}",
        kept.number,
        holding.said.vendor,
        counted(holding.events, "event"),
        counted(holding.subjects(), "id"),
        counted(holding.organisations(), "organisation"),
        span(holding),
        kept.at.to_rfc3339()
    )
}

/// What an answer says of an import that cannot be read.
pub(in crate::cli) fn gone(kept: &Kept) -> String {
    format!("the file of import {} is gone or was changed: what it declared, and about whom, is not known", kept.number)
}

/// What an import cannot say.
pub(in crate::cli) fn statements(holding: &Holding) -> Vec<String> {
    let said = &holding.said;
    let bytes: u64 = holding.files.iter().map(|(_, bytes)| bytes).sum();
    let mut list = vec![
        format!(
            "declared: it is what {} of {bytes} bytes held, and that they are all that {} had, nobody but you can say",
            counted(holding.files.len() as u64, "file"),
            said.vendor
        ),
        format!(
            "ids are tagged as in environment {}, identity space {}: an id that is a pseudonym of Weir's counts as another",
            said.environment, said.space
        ),
        "never added to what Weir sent: who is in both is one person".to_owned(),
    ];
    if let Some((from, to)) = said.days {
        let from = if from == 0 { String::new() } else { format!("from {} ", day(from)) };
        list.push(format!(
            "of the days {from}up to {}; left out: {} of other days",
            day(to),
            counted(holding.outside, "event")
        ));
    }
    for (count, what) in [
        (holding.undated, "events say no time"),
        (holding.without_subject, "events are of nobody's id"),
        (holding.withheld, "events would not get past the gate: whose they are is not known"),
        (holding.damaged, "places could not be read: they may hold anything"),
        (
            holding.subjects_without_profile(),
            "ids have no list of fields: there were too many different ones, so that ids by field are too few by up to that",
        ),
    ] {
        if count > 0 {
            list.push(format!("{count} {what}"));
        }
    }
    list
}

pub(in crate::cli) fn field_rows(holding: &Holding) -> impl Iterator<Item = Vec<String>> {
    holding.fields().into_iter().map(|field| {
        let item = field.item;
        let name = if item.label == item.path { item.path.clone() } else { format!("{} ({})", item.path, item.label) };
        vec![name, item.events.to_string(), field.subjects.to_string(), item.shape.clone(), found(&field)]
    })
}

pub(in crate::cli) fn delete_rows(holding: &Holding) -> impl Iterator<Item = Vec<String>> {
    to_delete(holding).into_iter().enumerate().map(|(i, line)| {
        vec![
            (i + 1).to_string(),
            line.field.item.label.clone(),
            line.categories.join(", "),
            line.events.to_string(),
            line.field.subjects.to_string(),
        ]
    })
}

/// The tools, in two lines.
pub(in crate::cli) fn tool_lines(holding: &Holding) -> Vec<String> {
    match tools(holding) {
        Some(tools) => vec![
            format!("people: {}", tools.people),
            format!("fields: {}", tools.fields),
            format!("({})", tools.source),
        ],
        None => vec![format!("with which tool {} deletes is not known to weir: ask it", holding.said.vendor)],
    }
}

pub(in crate::cli) fn text(kept: &Kept, holding: &Holding) -> String {
    let mut text = format!("{}\n\n", headline(kept, holding));
    text.push_str(&table(&["field", "events", "ids", "looked like", "what was found in it"], field_rows(holding)));
    let mut rows = delete_rows(holding).peekable();
    if rows.peek().is_some() {
        text.push_str(&format!("\nwhat to delete at {}, worst first\n", holding.said.vendor));
        text.push_str(&table(&["", "field", "holds", "events", "ids"], rows));
        tool_lines(holding).iter().for_each(|line| text.push_str(&format!("  {line}\n")));
    }
    text.push('\n');
    statements(holding).iter().for_each(|line| text.push_str(&format!("  {line}\n")));
    text
}

/// What an import is, without its fields.
pub(in crate::cli) fn head(kept: &Kept, holding: Option<&Holding>) -> Value {
    let mut value = json!({
        "import": kept.number,
        "evidence": "declared",
        "recorded": kept.at.to_rfc3339(),
        "digest": hex(&kept.digest),
        "readable": holding.is_some(),
    });
    if let Some(holding) = holding {
        let said = &holding.said;
        let files = holding.files.iter().map(|(digest, bytes)| json!({"sha256": hex(digest), "bytes": bytes}));
        value["vendor"] = json!(said.vendor);
        value["destination"] = json!(said.destination.as_ref().map(DestinationId::as_str));
        value["environment"] = json!(said.environment);
        value["identity_space"] = json!(said.space);
        value["first"] = json!(holding.span.map(|(first, _)| first.to_rfc3339()));
        value["last"] = json!(holding.span.map(|(_, last)| last.to_rfc3339()));
        value["events"] = json!(holding.events);
        value["subjects"] = json!(holding.subjects());
        value["organisations"] = json!(holding.organisations());
        value["without_subject"] = json!(holding.without_subject);
        value["withheld"] = json!(holding.withheld);
        value["outside"] = json!(holding.outside);
        value["damaged"] = json!(holding.damaged);
        value["files"] = files.collect();
    }
    value
}

pub(in crate::cli) fn value(kept: &Kept, holding: &Holding) -> Value {
    let fields = holding.fields();
    let fields = fields.iter().map(|field| {
        let found = field.found.iter().map(|(item, subjects)| {
            json!({
                "category": item.category.map(|category| category.key()),
                "likelihood": item.likelihood.map(Likelihood::key),
                "events": item.events,
                "subjects": subjects,
            })
        });
        json!({
            "path": field.item.path,
            "name": field.item.label,
            "events": field.item.events,
            "subjects": field.subjects,
            "shape": field.item.shape,
            "found": found.collect::<Vec<_>>(),
        })
    });
    let delete = to_delete(holding);
    let delete = delete.iter().map(|line| {
        json!({"name": line.field.item.label, "path": line.field.item.path, "categories": line.categories,
            "events": line.events, "subjects": line.field.subjects, "weight": line.weight})
    });
    let mut value = head(kept, Some(holding));
    value["by_event"] = json!(holding.names);
    value["by_day"] =
        holding.days.iter().map(|(number, events)| json!({"day": day(*number), "events": events})).collect();
    value["fields"] = fields.collect();
    value["delete"] = delete.collect();
    value["delete_with"] = json!(tool_lines(holding));
    value["scope"] = json!(statements(holding));
    value
}

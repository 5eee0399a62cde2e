//! `weir catalog`: what was observed, event by event and property by property. Names, times and counts; reads only.

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use weir_catalog::catalog::number_of;
use weir_catalog::learn::Standing;
use weir_catalog::texts::Texts;
use weir_catalog::{Catalog, Changed, ObservedEvent, ObservedProperty, ValueType};
use weir_console::command::Command as Ask;
use weir_console::socket;
use weir_detect::{Engine, Lift, PathFacts, Verdict};
use weir_event::names::NameKind;
use weir_event::{Clock, Millis, Names, SystemClock};

use super::output::table;
use super::{Exit, Folders, Output, apply};
use crate::disk;
use crate::explain::{sentence, verdicts};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Every event that came in: from which source, since when, how often, with how many properties, and what was found in it.
    #[command(after_help = "Example:\n  weir catalog list --source web\n  weir catalog list --json")]
    List(List),
    /// One event: its properties, in which part of the events, of what type, how many different values, what was found in them.
    #[command(
        after_help = "Example:\n  weir catalog show 'Plan Upgraded'\n  weir catalog show signed_up --source web --json"
    )]
    Show(Show),
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// Only events of this source.
    #[arg(long, value_name = "ID")]
    source: Option<String>,
    #[command(flatten)]
    folders: Folders,
}

#[derive(Debug, Args)]
pub(super) struct Show {
    /// The event's name.
    #[arg(value_name = "EVENT")]
    event: String,
    /// Only as this source sends it.
    #[arg(long, value_name = "ID")]
    source: Option<String>,
    #[command(flatten)]
    folders: Folders,
}

pub(super) fn run(out: &Output, command: &Command) -> Exit {
    let (folders, source) = match command {
        Command::List(list) => (&list.folders, &list.source),
        Command::Show(show) => (&show.folders, &show.source),
    };
    let names = apply::names();
    let catalog = match load(folders, &names) {
        Ok(catalog) => catalog,
        Err(why) => return out.fail(why),
    };
    let now = SystemClock.now();
    let wanted = |event: &&ObservedEvent| source.as_deref().is_none_or(|id| names.text(event.source) == id);
    let events = catalog.events().iter().filter(wanted);
    match command {
        Command::List(_) => list(out, &catalog, &names, events, now),
        Command::Show(of) => {
            let name = names.restore(NameKind::Event, &of.event);
            let events: Vec<_> = events.filter(|event| Some(event.name) == name).collect();
            if events.is_empty() {
                out.fail(format!("no event `{}` was observed: `weir catalog list` shows those that were", of.event));
                return Exit::Found;
            }
            show(out, &names, &catalog.lift(&names), &events, now)
        }
    }
}

/// The catalog of a data folder; a running Weir first writes down what it has read so far.
pub(super) fn load(folders: &Folders, names: &Arc<Names>) -> Result<Catalog, String> {
    if disk::is_in_use(&folders.data) {
        // Whoever may read the folder may look at the last file, also where the socket is another user's.
        let _ = socket::ask(&folders.data, &Ask::CatalogSave {});
    }
    Catalog::open_read(&folders.data, names).map_err(|error| error.to_string())
}

/// What sort of values each path has mostly, as far as the catalog knows.
pub(super) fn kinds(catalog: &Catalog, names: &Names) -> BTreeMap<String, &'static str> {
    let mut kinds = BTreeMap::new();
    for property in catalog.events().iter().flat_map(|event| &event.properties) {
        let most = ValueType::ALL
            .into_iter()
            .zip(property.types)
            .filter(|(_, count)| *count > 0)
            .max_by_key(|(_, count)| *count);
        let kind = match most {
            Some((ValueType::Number, _)) => "number",
            Some((ValueType::Boolean, _)) => "boolean",
            Some((ValueType::String, _)) => "string",
            _ => continue,
        };
        kinds.insert(names.text(property.path).to_owned(), kind);
    }
    kinds
}

/// What was found at each path.
pub(super) fn found(catalog: &Catalog, names: &Names) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for property in catalog.events().iter().flat_map(|event| &event.properties) {
        let keys = found_keys(property).map(str::to_owned);
        found.entry(names.text(property.path).to_owned()).or_default().extend(keys);
    }
    found
}

fn list<'c>(
    out: &Output,
    catalog: &Catalog,
    names: &Names,
    events: impl Iterator<Item = &'c ObservedEvent>,
    now: Millis,
) -> Exit {
    let mut events: Vec<_> = events.collect();
    events.sort_by_key(|event| (names.text(event.source), names.text(event.name)));
    let row = |event: &&ObservedEvent| {
        let mut found: Vec<&str> = event.properties.iter().flat_map(found_keys).collect();
        found.sort_unstable();
        found.dedup();
        vec![
            names.text(event.source).to_owned(),
            names.text(event.name).to_owned(),
            minute(event.first),
            minute(event.last),
            event.events.to_string(),
            last_day(event, now).to_string(),
            event.properties.len().to_string(),
            found.join(", "),
        ]
    };
    let head = ["event of", "event", "first seen", "last seen", "events", "last 24 h", "properties", "found"];
    let mut text = table(&head, events.iter().map(row));
    text.push_str(&format!("since {}, up to journal offset {}\n", minute(catalog.began()), catalog.position().0));
    for (count, what) in [
        (catalog.missed(), "events were not counted: the journal was trimmed or damaged before they were read"),
        (catalog.unlisted_events(), "events are not listed: there are too many different ones"),
        (catalog.unlisted_properties(), "values are not listed: there are too many different properties"),
    ] {
        if count > 0 {
            text.push_str(&format!("! {count} {what}\n"));
        }
    }
    let value = json!({
        "since": catalog.began().to_rfc3339(),
        "position": catalog.position().0,
        "missed": catalog.missed(),
        "unlisted_events": catalog.unlisted_events(),
        "unlisted_properties": catalog.unlisted_properties(),
        "events": events.iter().map(|event| event_json(names, event, now, None)).collect::<Vec<_>>(),
    });
    out.show(&value, &text);
    Exit::Fine
}

fn show(out: &Output, names: &Names, lift: &Lift, events: &[&ObservedEvent], now: Millis) -> Exit {
    let mut text = String::new();
    for event in events {
        text.push_str(&format!(
            "{} from {}: {} events, {} in the last 24 h, first {}, last {}\n\n",
            names.text(event.name),
            names.text(event.source),
            event.events,
            last_day(event, now),
            minute(event.first),
            minute(event.last)
        ));
        let mut properties: Vec<_> = event.properties.iter().collect();
        properties.sort_by_key(|property| names.text(property.path));
        let row = |property: &&ObservedProperty| {
            let distinct = &property.profile.distinct;
            let about = if distinct.is_exact() { "" } else { "about " };
            let different =
                if property.profile.values == 0 { String::new() } else { format!("{about}{}", distinct.estimate()) };
            vec![
                names.text(property.path).to_owned(),
                types(property),
                percent(property.fill(event)),
                minute(property.first),
                minute(property.last),
                different,
                remarks(names.text(property.path), property, lift.verdict(property.path)),
            ]
        };
        let head = ["property", "type", "in", "first seen", "last seen", "different", ""];
        text.push_str(&table(&head, properties.iter().map(row)));
        if event.unnamed > 0 {
            text.push_str(&format!("! {} properties without a clean name were dropped at the gate\n", event.unnamed));
        }
        text.push('\n');
    }
    let value =
        json!({"events": events.iter().map(|event| event_json(names, event, now, Some(lift))).collect::<Vec<_>>()});
    out.show(&value, text.trim_end());
    Exit::Fine
}

fn event_json(names: &Names, event: &ObservedEvent, now: Millis, lift: Option<&Lift>) -> Value {
    let mut value = json!({
        "source": names.text(event.source),
        "event": names.text(event.name),
        "first": event.first.to_rfc3339(),
        "last": event.last.to_rfc3339(),
        "events": event.events,
        "last_24h": last_day(event, now),
        "unnamed_properties": event.unnamed,
        "properties": event.properties.len(),
    });
    if let Some(lift) = lift {
        value["properties"] = event.properties.iter().map(|p| property_json(names, lift, event, p)).collect();
        value["days"] = event.days.iter().map(|(day, count)| json!([day_text(day), count])).collect();
    }
    value
}

fn property_json(names: &Names, lift: &Lift, event: &ObservedEvent, property: &ObservedProperty) -> Value {
    let types = ValueType::ALL.into_iter().filter(|t| property.types[*t as usize] > 0);
    let types: serde_json::Map<_, _> =
        types.map(|t| (t.name().to_owned(), json!(property.types[t as usize]))).collect();
    let findings = property.findings.iter().map(|finding| {
        json!({
            "category": finding.category.key(),
            "events": finding.events,
            "last": (finding.events > 0).then(|| finding.last.to_rfc3339()),
            "near_misses": finding.near_misses,
            "tested": finding.tested,
            "passed": finding.passed,
            "first": (finding.first.0 > 0).then(|| finding.first.to_rfc3339()),
            "never_seen_before": finding.is_new_class(),
        })
    });
    let (profile, standing) = (&property.profile, property.standing());
    json!({
        "path": names.text(property.path),
        "first": property.first.to_rfc3339(),
        "last": property.last.to_rfc3339(),
        "events": property.events,
        "fill": property.fill(event),
        "withheld_at_gate": property.withheld,
        "types": types,
        "findings": findings.collect::<Vec<_>>(),
        "sampled_values": profile.values,
        "different": profile.distinct.estimate(),
        "different_is_exact": profile.distinct.is_exact(),
        "id_like": profile.id_like,
        "lengths": profile.lengths().filter(|(_, n)| *n > 0).map(|(to, n)| json!({"to": to, "values": n})).collect::<Vec<_>>(),
        "characters": profile.texts().map(|texts| texts.characters().collect::<BTreeMap<_, _>>()),
        "forms": profile.texts().map(|texts| {
            let forms = texts.forms().filter(|(_, values)| *values > 0);
            forms.map(|(form, values)| (form.name(), values)).collect::<BTreeMap<_, _>>()
        }),
        "changed": profile.texts().and_then(Texts::changed).map(|changed| {
            json!({"at": changed.at.to_rfc3339(), "from": changed.from.name(), "to": changed.to.name()})
        }),
        "numbers": profile.shaped().map(|shaped| {
            let kinds = shaped.kinds().iter();
            kinds
                .map(|count| json!({"kind": count.kind.name(), "tested": count.tested, "passed": count.passed}))
                .collect::<Vec<_>>()
        }),
        "needs_decision": profile.needs_decision(),
        "standing": standing.word(),
        "verdict": verdicts(lift.verdict(property.path)),
    })
}

/// Categories that were found at a property.
pub(super) fn found_keys(property: &ObservedProperty) -> impl Iterator<Item = &'static str> {
    property.findings.iter().filter(|finding| finding.events > 0).map(|finding| finding.category.key())
}

fn types(property: &ObservedProperty) -> String {
    let sum: u64 = property.types.iter().sum();
    let of_type = |t: ValueType| match property.types[t as usize] {
        0 => None,
        all if all == sum => Some(t.name().to_owned()),
        some => Some(format!("{} {}", t.name(), percent(some as f64 / sum as f64))),
    };
    ValueType::ALL.into_iter().filter_map(of_type).collect::<Vec<_>>().join(", ")
}

fn remarks(path: &str, property: &ObservedProperty, verdict: Verdict) -> String {
    let mut remarks: Vec<String> = Vec::new();
    for finding in property.findings.iter().filter(|finding| finding.events > 0) {
        let new = if finding.is_new_class() {
            format!(", never seen here before {}", minute(finding.first))
        } else {
            String::new()
        };
        remarks.push(format!("{} in {}{new}", finding.category.key(), finding.events));
    }
    if property.findings.iter().all(|finding| finding.events == 0) {
        let facts = PathFacts::of_path(path);
        let announced = Engine::new().path_categories(&facts).map(|(category, _)| category.key());
        remarks.extend(announced.map(|key| format!("by its name {key}")));
    }
    remarks.extend(verdicts(verdict).iter().filter_map(|word| sentence(word)));
    if let Some(Changed { at, from, to }) = property.profile.texts().and_then(Texts::changed) {
        remarks.push(format!("was {}, {} newly came {}", from.name(), to.name(), minute(at)));
    }
    match property.standing() {
        // Its reason is said below.
        Standing::Undecided(_) if property.profile.needs_decision().is_some() => remarks.push("undecided".to_owned()),
        Standing::Undecided(why) => remarks.push(format!("undecided: {why}")),
        Standing::NothingFound => remarks.push("nothing found".to_owned()),
        Standing::Tagged(_) | Standing::Found(_) => {}
    }
    if property.withheld > 0 {
        remarks.push(format!("dropped at the gate in {}", property.withheld));
    }
    remarks.extend(property.profile.needs_decision().map(str::to_owned));
    remarks.join("; ")
}

/// A part of one in percent; what is not all and not nothing does not look like it.
pub(super) fn percent(part: f64) -> String {
    match part * 100.0 {
        p if p > 99.0 && part < 1.0 => "99 %".to_owned(),
        p if p > 0.0 && p < 1.0 => "< 1 %".to_owned(),
        p => format!("{p:.0} %"),
    }
}

/// `2026-11-22 09:14Z`.
pub(super) fn minute(at: Millis) -> String {
    let text = at.to_rfc3339();
    format!("{} {}Z", text.get(..10).unwrap_or_default(), text.get(11..16).unwrap_or_default())
}

fn day_text(day: u32) -> String {
    Millis(i64::from(day) * Millis::DAY).to_rfc3339().get(..10).unwrap_or_default().to_owned()
}

/// Events of this hour and the 23 before.
pub(super) fn last_day(event: &ObservedEvent, now: Millis) -> u64 {
    event.hours.since(number_of(now, Millis::HOUR).saturating_sub(23))
}

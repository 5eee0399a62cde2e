//! `weir detect mark` and `weir detect explain`: what was found at a property of a running Weir, and somebody's word that it is none.

use clap::Args;
use serde_json::json;
use weir_console::command::{Command as Ask, Explained, ExplainedMark};

use super::super::{Exit, Folders, Output, apply, offline, output};
use crate::config::edit::{Edit, Yaml};
use crate::config::values;
use crate::explain::sentence;
use crate::marks::{About, REFUSED};

#[derive(Clone, Debug, Args)]
pub(super) struct Mark {
    /// What was found is none of the class.
    #[arg(long, required = true)]
    false_positive: bool,
    /// The event's name.
    #[arg(long, value_name = "NAME")]
    event: String,
    /// The property: its path, or the vendor's own name for it.
    #[arg(long, value_name = "PATH")]
    property: String,
    /// What was found in error, such as free_text.
    #[arg(long, value_name = "CATEGORY")]
    category: String,
    /// Only as this source sends it.
    #[arg(long, value_name = "ID")]
    source: Option<String>,
    /// Why, for whoever reads it later.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The last day on which it holds (UTC), such as 2027-03-31. Without: until it is taken out of the file.
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
    /// Shows what would be changed in the file, and changes nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    folders: Folders,
}

#[derive(Clone, Debug, Args)]
pub(super) struct Explain {
    /// The event's name.
    #[arg(value_name = "EVENT")]
    event: String,
    /// The property: its path, or the vendor's own name for it.
    #[arg(value_name = "PROPERTY")]
    property: String,
    /// Only as this source sends it.
    #[arg(long, value_name = "ID")]
    source: Option<String>,
    #[command(flatten)]
    folders: Folders,
}

pub(super) fn explain(out: &Output, explain: &Explain) -> Exit {
    let (event, property) = (explain.event.clone(), explain.property.clone());
    output::ask(out, &explain.folders.data, &Ask::Explain { event, property, source: explain.source.clone() })
}

pub(super) fn mark(out: &Output, mark: &Mark) -> Exit {
    let found = |why: &dyn std::fmt::Display| {
        out.fail(why);
        Exit::Found
    };
    let Some(category) = values::category(&mark.category) else {
        return found(&format!("there is no category `{}`: see docs/detectors.md", mark.category));
    };
    if !weir_policy::may_be_marked(category) {
        return found(&REFUSED);
    }
    let about =
        About { source: mark.source.clone(), event: mark.event.clone(), property: mark.property.clone(), category };
    let edit = match prepare(mark, &about) {
        Ok(edit) => edit,
        Err(why) => return found(&why),
    };
    let diff = edit.diff();
    let what = format!("{} at {} of {}", mark.category, mark.property, mark.event);
    let value = |done: bool, generation: Option<&str>| {
        json!({"event": mark.event, "property": mark.property, "category": mark.category, "source": mark.source,
            "reason": mark.reason, "until": mark.until, "done": done, "generation": generation, "diff": diff})
    };
    if mark.dry_run {
        out.show(&value(false, None), &format!("{what} would be marked (nothing was changed)\n{diff}"));
        return Exit::Fine;
    }
    let ask = Ask::FalsePositiveMark {
        event: about.event.clone(),
        property: about.property.clone(),
        category: mark.category.clone(),
        source: about.source.clone(),
    };
    match apply::apply(&mark.folders, edit, &ask, || about.act(offline::actor())) {
        Ok(applied) => {
            let text = format!("{diff}{what} is marked as found in error\n{}", applied.text());
            out.show(&value(true, applied.in_force()), &text);
            Exit::Fine
        }
        Err(why) => apply::not_applied(out, &why),
    }
}

fn prepare(mark: &Mark, about: &About) -> Result<Edit, String> {
    let file = apply::file(&mark.folders)?;
    let mut edit = Edit::open(&file).map_err(|e| e.to_string())?;
    let config = edit.check().map_err(|e| e.to_string())?;
    if about.is_in(&config) {
        return Err(format!("it is marked already, see `false_positives` in {}", file.display()));
    }
    let mut fields = Vec::new();
    fields.extend(mark.source.as_deref().map(|source| ("source", source)));
    fields.extend([("event", mark.event.as_str()), ("property", &mark.property), ("category", &mark.category)]);
    fields.push(("reason", &mark.reason));
    fields.extend(mark.until.as_deref().map(|until| ("until", until)));
    let entry = Yaml::map(fields.into_iter().map(|(key, text)| (key, Yaml::from(text))));
    let path = ["false_positives".into()];
    if config.false_positives.is_empty() {
        edit.set(&path, Yaml::List(vec![entry])).map_err(|e| e.to_string())?;
    } else {
        edit.push(&path, entry).map_err(|e| e.to_string())?;
    }
    edit.check().map_err(|e| e.to_string())?;
    Ok(edit)
}

/// What is known of a property, for people.
pub(in crate::cli) fn text(of: &Explained) -> String {
    let mut text = format!("{} of {} from {}: {}", of.property, of.event, of.source, of.standing);
    if !of.because.is_empty() {
        text.push_str(&format!(" ({})", of.because));
    }
    text.push_str(&format!(", in {} events\n", of.events));
    for (category, likelihood) in &of.by_name {
        text.push_str(&format!("  by its name: {category}, {}\n", likelihood.replace('_', " ")));
    }
    let sentences = of.verdicts.iter().filter_map(|word| sentence(word));
    sentences.for_each(|sentence| text.push_str(&format!("  by its values: {sentence}\n")));
    for finding in &of.findings {
        let time = |at: &Option<String>| at.clone().unwrap_or_else(|| "at a time that is not known".to_owned());
        let new = if finding.never_seen_before { ", never seen here before" } else { "" };
        text.push_str(&format!(
            "  {} in {} events{new}, first {}, last {}\n",
            finding.category,
            finding.events,
            time(&finding.first),
            time(&finding.last)
        ));
        match (&finding.detector, &finding.evidence, &finding.likelihood, &finding.actor, &finding.shape) {
            (Some(detector), Some(evidence), Some(likelihood), Some(actor), Some(shape)) => {
                let likelihood = likelihood.replace('_', " ");
                text.push_str(&format!(
                    "    by detector {detector} of {actor}: {likelihood}, evidence {evidence}, in a value like {shape}\n"
                ));
            }
            _ => text.push_str("    not found since weir was started: by which detector is not known any more\n"),
        }
    }
    of.marks.iter().for_each(|mark| text.push_str(&mark_line(mark)));
    text
}

/// A mark, for people.
pub(in crate::cli) fn mark_line(mark: &ExplainedMark) -> String {
    let by = match (&mark.actor, &mark.at) {
        (Some(actor), Some(at)) => format!("by {actor} at {at}"),
        _ => "written by hand".to_owned(),
    };
    let ends = mark.ends.as_ref().map(|at| format!(", until {at}")).unwrap_or_default();
    format!("  {} is marked as found in error, {by}{ends}: {}\n", mark.category, mark.reason)
}

//! `weir ladder`: where each source and event stands, and moving one up or back.

use clap::{Args, Subcommand};
use serde_json::json;
use weir_console::command::Command as Ask;
use weir_event::SourceId;

use super::output::table;
use super::{Exit, Folders, Output, apply, offline};
use crate::config::edit::{Edit, Step};
use crate::config::{Config, Mode, Secrets};
use crate::ladder::{self, History, Way};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Ladder {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    folders: Folders,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// On which step each source stands, and each event that has a step of its own; since when, where a command put it there.
    #[command(after_help = "Example:\n  weir ladder list --json")]
    List(Folders),
    /// Moves a source, or one event of it, one step up: tap, observe, enforce.
    #[command(after_help = "Example:\n  weir ladder up web\n  weir ladder up web 'Report Exported'")]
    Up(Named),
    /// Moves it one step back.
    #[command(after_help = "Example:\n  weir ladder back web 'Report Exported'")]
    Back(Named),
}

#[derive(Debug, Args)]
struct Named {
    /// The source.
    #[arg(value_name = "SOURCE")]
    source: String,
    /// One event of it, by its name. Without: the source, and with it each event that has no step of its own.
    #[arg(value_name = "EVENT")]
    event: Option<String>,
    /// Shows what would be changed in the file, and changes nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    folders: Folders,
}

pub(super) fn run(out: &Output, ladder: &Ladder) -> Exit {
    match &ladder.command {
        None => list(out, &ladder.folders),
        Some(Command::List(folders)) => list(out, folders),
        Some(Command::Up(named)) => climb(out, named, Way::Up),
        Some(Command::Back(named)) => climb(out, named, Way::Back),
    }
}

fn list(out: &Output, folders: &Folders) -> Exit {
    let loaded = apply::file(folders)
        .and_then(|file| Config::load(&file, Secrets::Leave).map_err(|problems| problems.to_string()));
    let config = match loaded {
        Ok(config) => config,
        Err(why) => return out.fail(why),
    };
    let history = match History::read(&folders.data.join("audit")) {
        Ok(history) => history,
        Err(error) => return out.fail_with(&error),
    };
    let mut steps = Vec::new();
    for (id, source) in &config.sources {
        let mut add = |event: Option<&str>, mode: Mode| {
            let since = history.since(id, event, mode).map(weir_event::Millis::to_rfc3339);
            steps.push((id.to_string(), event.map(str::to_owned), ladder::word(mode), since));
        };
        add(None, source.mode);
        source.events.iter().for_each(|(event, mode)| add(Some(event), *mode));
    }
    let value: Vec<_> = steps
        .iter()
        .map(|(source, event, step, since)| json!({"source": source, "event": event, "step": step, "since": since}))
        .collect();
    let rows = steps.into_iter().map(|(source, event, step, since)| {
        let event = event.unwrap_or_else(|| "(every other)".to_owned());
        vec![source, event, step.to_owned(), since.unwrap_or_else(|| "written by hand".to_owned())]
    });
    out.show(&json!({"steps": value}), &table(&["source", "event", "step", "since"], rows));
    Exit::Fine
}

fn climb(out: &Output, named: &Named, way: Way) -> Exit {
    let Named { source, event, folders, .. } = named;
    let event = event.as_deref();
    let edit = match prepare(named, way) {
        Ok(edit) => edit,
        Err(NotMoved::Found(why)) => {
            out.fail(why);
            return Exit::Found;
        }
        Err(NotMoved::CouldNotRun(why)) => return out.fail(why),
    };
    let Moved { edit, from, to } = edit;
    let diff = edit.diff();
    let what = event.map_or_else(|| format!("source {source}"), |event| format!("{event} of source {source}"));
    let moved = format!("{what}: {} -> {}", ladder::word(from), ladder::word(to));
    let value = |done: bool, generation: Option<&str>| {
        json!({"source": source, "event": event, "from": ladder::word(from), "to": ladder::word(to), "done": done,
            "generation": generation, "diff": diff})
    };
    if named.dry_run {
        out.show(&value(false, None), &format!("{moved} (nothing was changed)\n{diff}"));
        return Exit::Fine;
    }
    let ask = Ask::LadderMove { source: source.clone(), event: event.map(str::to_owned), step: ladder::step(to) };
    match apply::apply(folders, edit, &ask, || ladder::act(offline::actor(), source, event, to)) {
        Ok(applied) => {
            let text = format!("{diff}{moved}\n{}", applied.text());
            out.show(&value(true, applied.in_force()), &text);
            Exit::Fine
        }
        Err(why) => apply::not_applied(out, &why),
    }
}

struct Moved {
    edit: Edit,
    from: Mode,
    to: Mode,
}

enum NotMoved {
    Found(String),
    CouldNotRun(String),
}

fn prepare(named: &Named, way: Way) -> Result<Moved, NotMoved> {
    let could_not = |why: &dyn std::fmt::Display| NotMoved::CouldNotRun(why.to_string());
    let file = apply::file(&named.folders).map_err(|e| could_not(&e))?;
    let mut edit = Edit::open(&file).map_err(|e| could_not(&e))?;
    let config = edit.check().map_err(|e| could_not(&e))?;
    let event = named.event.as_deref();
    let source = SourceId::parse(&named.source).ok().and_then(|id| config.sources.get(&id));
    let Some(source) = source else {
        let known = config.sources.keys().map(|id| id.to_string()).collect::<Vec<_>>().join(", ");
        return Err(NotMoved::Found(format!("there is no such source in {}: there is {known}", file.display())));
    };
    let from = ladder::mode_of(source, event);
    let Some(to) = ladder::next(from, way) else {
        let end = if way == Way::Up { "highest" } else { "lowest" };
        return Err(NotMoved::Found(format!("it stands on `{}`, the {end} step, already", ladder::word(from))));
    };
    let mut path: Vec<Step<'_>> = vec!["sources".into(), named.source.as_str().into()];
    if let Some(event) = event {
        path.extend([Step::Key("events"), Step::Key(event)]);
    }
    path.push("mode".into());
    edit.set(&path, ladder::word(to)).map_err(|e| could_not(&e))?;
    Ok(Moved { edit, from, to })
}

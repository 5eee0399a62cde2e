//! `weir rollout`: what a change of what destinations may have does to events, before and while it comes into force.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use weir_console::command::{Command as Ask, Reply};
use weir_console::rollout::{Difference, Evaluation, Reading, Rollout};
use weir_console::socket;

use super::output::{ask, refused, table};
use super::{Exit, Folders, Output};
use crate::config::values::{duration_text, percent_text};

#[derive(Debug, Args)]
pub(super) struct Reload {
    /// Takes a change that a guard of the rollout refuses. Recorded as such.
    #[arg(long)]
    pub(super) force: bool,
    #[command(flatten)]
    pub(super) folders: Folders,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Holds a configuration against the events of the last hour: what leaves and what does not, under the policy in force and under
    /// this one. Changes nothing.
    #[command(after_help = "Example:\n  weir rollout preview --change weir.yaml --json\n\n\
                      Exit codes: 0 no guard has anything against it, 1 a guard has, 2 could not run")]
    Preview {
        /// The configuration to look at. Default: the file that the running Weir reads.
        #[arg(long, value_name = "FILE")]
        change: Option<PathBuf>,
        #[command(flatten)]
        folders: Folders,
    },
    /// How the rollout is, or how the last one ended.
    #[command(
        after_help = "Example:\n  weir rollout status\n\nExit codes: 0 all well, 1 it was taken back, 2 could not run"
    )]
    Status(Folders),
    /// Stays at its step; the guards go on looking.
    #[command(after_help = "Example:\n  weir rollout pause")]
    Pause(Folders),
    /// Goes on.
    #[command(after_help = "Example:\n  weir rollout resume")]
    Resume(Folders),
    /// Takes the change back: the generation before it stays in force, also after a restart.
    #[command(after_help = "Example:\n  weir rollout abort")]
    Abort(Folders),
    /// Takes all further steps at once.
    #[command(after_help = "Example:\n  weir rollout finish")]
    Finish(Folders),
}

pub(super) fn run(out: &Output, command: &Command) -> Exit {
    match command {
        Command::Preview { change, folders } => preview(out, change.as_deref(), folders),
        Command::Status(folders) => ask(out, &folders.data, &Ask::RolloutStatus {}),
        Command::Pause(folders) => ask(out, &folders.data, &Ask::RolloutPause {}),
        Command::Resume(folders) => ask(out, &folders.data, &Ask::RolloutResume {}),
        Command::Abort(folders) => ask(out, &folders.data, &Ask::RolloutAbort {}),
        Command::Finish(folders) => ask(out, &folders.data, &Ask::RolloutFinish {}),
    }
}

fn preview(out: &Output, change: Option<&Path>, folders: &Folders) -> Exit {
    let text = match change.map(std::fs::read_to_string).transpose() {
        Ok(text) => text,
        Err(error) => return out.fail(format!("the configuration cannot be read: {}", error.kind())),
    };
    match socket::ask(&folders.data, &Ask::RolloutPreview { config: text }) {
        Ok(reply) => super::output::show(out, &reply),
        Err(error) => refused(out, &error),
    }
}

/// How an answer ends the command.
pub(super) fn exit(reply: &Reply) -> Exit {
    let found = match reply {
        Reply::Evaluated(evaluation) => evaluation.guards.iter().any(Reading::is_breach),
        Reply::Rollout(rollout) => rollout.state == "rolled_back",
        _ => false,
    };
    if found { Exit::Found } else { Exit::Fine }
}

/// A change and what it does.
pub(super) fn evaluation(of: &Evaluation) -> String {
    let part = if of.is_sample { " (a part, evenly spread)" } else { "" };
    let mut text = format!(
        "generation {} held against {} events{part} received since {}, which {} released\n",
        of.new, of.events, of.from, of.old
    );
    if of.destinations.is_empty() {
        text.push_str("what destinations may have does not change\n");
    }
    of.at_once.iter().for_each(|what| text.push_str(&format!("at once, not held against events: {what}\n")));
    of.destinations.iter().for_each(|one| text.push_str(&difference(one)));
    if !of.destinations.is_empty() {
        text.push_str(&format!("\n{}", guards(&of.guards)));
    }
    text
}

fn difference(of: &Difference) -> String {
    let rules = |dropped: &[(String, u64)]| {
        let all = dropped.iter().map(|(rule, n)| format!("{rule} {n}")).collect::<Vec<_>>().join(", ");
        if all.is_empty() { "none".to_owned() } else { all }
    };
    let mut text = format!("\n{}: {} events\n", of.destination, of.offered);
    let row = |what: &str, old: String, new: String| vec![what.to_owned(), old, new];
    let mut rows = vec![
        row("leave", of.old_released.to_string(), of.new_released.to_string()),
        row("dropped", rules(&of.old_dropped), rules(&of.new_dropped)),
        row("leave here only", of.lost.to_string(), of.gained.to_string()),
    ];
    for event in &of.events {
        rows.push(row(&event.event, event.old_released.to_string(), event.new_released.to_string()));
        let with = |property: &(String, u64, u64)| {
            let what = match property {
                (path, 0, _) => format!("  {path} leaves now"),
                (path, _, 0) => format!("  {path} is withheld now"),
                (path, ..) => format!("  {path}"),
            };
            row(&what, property.1.to_string(), property.2.to_string())
        };
        rows.extend(event.properties.iter().map(with));
    }
    text.push_str(&table(&["", "in force", "next"], rows.into_iter()));
    if of.more > 0 {
        text.push_str(&format!("and {} further events\n", of.more));
    }
    text
}

/// One bar a guard: full where it takes the change back.
fn guards(readings: &[Reading]) -> String {
    let rows = readings.iter().map(|reading| {
        let part = u64::from(reading.value) * 20 / u64::from(reading.limit.max(1));
        let full = usize::try_from(part).unwrap_or(20).min(20);
        let bar = format!("[{:<20}]", if reading.is_breach() { "!".repeat(20) } else { "=".repeat(full) });
        let told = format!("{} of {}", percent_text(reading.value), percent_text(reading.limit));
        vec![reading.guard.clone(), bar, told, reading.place.clone()]
    });
    table(&["guard", "", "", "where it measures most"], rows)
}

/// How a rollout is.
pub(super) fn status(of: &Rollout) -> String {
    let mut text = match of.state.as_str() {
        "none" => "no rollout is under way\n".to_owned(),
        "finished" => format!("finished: generation {} holds for all\n", of.new),
        "rolled_back" => format!(
            "generation {} was taken back, {} stays in force: {}\n",
            of.new,
            of.old,
            of.breach.as_deref().unwrap_or_default()
        ),
        state => format!(
            "{state} since {}: generation {} on its way, {} in force for the others\n",
            of.started, of.new, of.old
        ),
    };
    if !of.steps.is_empty() {
        let steps = of.steps.iter().enumerate().map(|(i, share)| {
            let share = percent_text(*share);
            match i.cmp(&(of.step as usize)) {
                std::cmp::Ordering::Less => format!("[== {share} ==]"),
                std::cmp::Ordering::Equal => format!("[>> {share}   ]"),
                std::cmp::Ordering::Greater => format!("[   {share}   ]"),
            }
        });
        text.push_str(&steps.collect::<Vec<_>>().join("─"));
        if of.state == "running" || of.state == "paused" {
            text.push_str(&format!("   {} left at this step", duration_text(of.left_millis / 1_000 * 1_000)));
        }
        text.push_str("\n\n");
    }
    if !of.guards.is_empty() {
        text.push_str(&guards(&of.guards));
    }
    of.destinations.iter().for_each(|one| text.push_str(&difference(one)));
    if of.kept > 0 {
        text.push_str(&format!("\nkept in quarantine until one policy holds for all: {} events\n", of.kept));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_shows_steps_and_guards_as_bars() {
        let reading =
            |value| Reading { guard: "fill".into(), limit: 100_000, value, place: "product · a · b".into() };
        let rollout = Rollout {
            state: "running".to_owned(),
            new: "aa".to_owned(),
            old: "bb".to_owned(),
            steps: vec![10_000, 100_000, 1_000_000],
            step: 1,
            left_millis: 90_500,
            guards: vec![reading(50_000), reading(100_001)],
            kept: 3,
            ..Rollout::default()
        };
        let text = status(&rollout);
        for part in [
            "[== 1% ==]─[>> 10%   ]─[   100%   ]",
            "90s left",
            "[==========          ]",
            "[!!!!!!!!!!!!!!!!!!!!]",
            "5% of 10%",
            "3 events",
        ] {
            assert!(text.contains(part), "{part} is not in:\n{text}");
        }
    }
}

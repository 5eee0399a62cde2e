//! `weir status`: how a running Weir is doing.

use clap::Args;
use weir_console::command::Command;

use super::{Exit, Folders, Output, output};

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Each event with its step, its counts, and how many of its properties each destination has.
    #[arg(long)]
    events: bool,
    #[command(flatten)]
    folders: Folders,
}

pub(super) fn run(out: &Output, options: &Options) -> Exit {
    let command = if options.events { Command::Events {} } else { Command::Status {} };
    output::ask(out, &options.folders.data, &command)
}

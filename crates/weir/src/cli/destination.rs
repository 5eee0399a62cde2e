//! `weir destination`: list, add, preview, view, suspend, resume, end.

mod add;
pub(super) mod preview;
mod view;

use clap::{Args, Subcommand};
use weir_console::command::Command as Ask;

use super::{Exit, Folders, Output, output};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// All destinations, ended ones too, with their sums.
    #[command(after_help = "Example:\n  weir destination list")]
    List(Folders),
    /// Adds a destination: asks for what no flag says, shows what each way for people to appear costs by your own traffic and what would
    /// leave, then writes the lines into weir.yaml and makes the running Weir go by them. Where it refuses, the file is put back.
    #[command(after_help = "Example:\n  weir destination add\n  \
                            weir destination add --id growth --type amplitude --region eu --token-env GROWTH_KEY --subject stable --allow plan --yes")]
    Add(Box<add::Options>),
    /// What a destination gets of the traffic of the last hours, by event and property, as the release policy decides it: also one that
    /// is not in force yet, from a file. Shows no value. Asks the running Weir; recorded in the audit ledger.
    #[command(after_help = "Example:\n  weir destination preview product --since 24h\n  \
                            weir destination preview growth --file weir.new.yaml --html preview.html")]
    Preview(preview::Options),
    /// What the vendor can see of us today: fields with made-up examples, people, organisations, and what follows from when they did what.
    /// Reads the ledger, also beside a running Weir, and opens no key for it; to record the question where none runs, the key folder is
    /// needed.
    #[command(after_help = "Example:\n  weir destination view product --html view.html")]
    View(view::Options),
    /// Stops delivery. Events wait, on the clock of `lag`.
    #[command(after_help = "Example:\n  weir destination suspend product")]
    Suspend(Named),
    /// Takes delivery up again.
    #[command(after_help = "Example:\n  weir destination resume product")]
    Resume(Named),
    /// Ends a destination for good: what waits is dropped under `ended`. Its id is never used again.
    #[command(after_help = "Example:\n  weir destination end product --confirm product")]
    End {
        #[command(flatten)]
        named: Named,
        /// The id once more: there is no way back.
        #[arg(long, value_name = "ID")]
        confirm: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct Named {
    /// The id of the destination.
    #[arg(value_name = "ID")]
    destination: String,
    #[command(flatten)]
    folders: Folders,
}

pub(super) fn run(out: &Output, command: &Command) -> Exit {
    let (folders, ask) = match command {
        Command::List(folders) => (folders, Ask::DestinationList {}),
        Command::Add(options) => return add::run(out, options),
        Command::Preview(options) => return preview::run(out, options),
        Command::View(options) => return view::run(out, options),
        Command::Suspend(n) => (&n.folders, Ask::DestinationSuspend { destination: n.destination.clone() }),
        Command::Resume(n) => (&n.folders, Ask::DestinationResume { destination: n.destination.clone() }),
        Command::End { named: n, confirm } => {
            (&n.folders, Ask::DestinationEnd { destination: n.destination.clone(), confirm: confirm.clone() })
        }
    };
    output::ask(out, &folders.data, &ask)
}

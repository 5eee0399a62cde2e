//! `weir config`: check a file without starting anything; print what editors need.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::output::counted;
use super::{Exit, Output};
use crate::config::{Secrets, page, schema};
use crate::generation::Generation;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Reports everything that is wrong with a file, with line and column.
    #[command(
        after_help = "Example:\n  weir config check weir.yaml\n  weir config check --without-secrets weir.yaml   (in CI)"
    )]
    Check {
        /// The file.
        #[arg(default_value = "weir.yaml")]
        file: PathBuf,
        /// Does not look for the secrets that the file names.
        #[arg(long)]
        without_secrets: bool,
    },
    /// Prints the JSON Schema of the file, for editors.
    #[command(after_help = "Example:\n  weir config schema > weir.schema.json")]
    Schema,
    /// Prints the page that documents every field.
    #[command(after_help = "Example:\n  weir config page > configuration.md")]
    Page,
}

pub(super) fn run(out: &Output, command: &Command) -> Exit {
    match command {
        Command::Check { file, without_secrets } => {
            let secrets = if *without_secrets { Secrets::Leave } else { Secrets::environment() };
            if !file.is_file() {
                return out
                    .fail(format!("there is no file {}: name one, or run without a configuration", file.display()));
            }
            match Generation::check(file, secrets) {
                Ok(config) => {
                    let (sources, destinations) = (config.sources.len(), config.destinations.len());
                    let value = json!({"ok": true, "sources": sources, "destinations": destinations, "problems": []});
                    let (s, d) = (counted(sources as u64, "source"), counted(destinations as u64, "destination"));
                    let text = format!("{}: good; {s}, {d}", file.display());
                    out.show(&value, &text);
                    Exit::Fine
                }
                Err(problems) => {
                    let list: Vec<_> = problems
                        .list
                        .iter()
                        .map(|p| json!({"line": p.at.line, "column": p.at.column, "message": p.message}))
                        .collect();
                    let text = format!("{problems}\n{}", counted(problems.list.len() as u64, "problem"));
                    out.show(&json!({"ok": false, "file": problems.file, "problems": list}), &text);
                    Exit::Found
                }
            }
        }
        Command::Schema => {
            let schema = schema::text();
            out.show(&serde_json::from_str(&schema).unwrap_or_default(), &schema);
            Exit::Fine
        }
        Command::Page => {
            let page = page::text();
            out.show(&json!({"page": page}), &page);
            Exit::Fine
        }
    }
}

//! `weir outbound`: whom a configuration lets Weir connect to.

use clap::Subcommand;
use serde_json::json;

use super::output::table;
use super::{Exit, Folders, Output};
use crate::calls;
use crate::config::Config;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Every connection to the outside that the configuration leads to. Reads the file only; no secret is needed.
    #[command(after_help = "Example:\n  weir outbound list --config weir.yaml")]
    List(Folders),
}

pub(super) fn run(out: &Output, command: &Command) -> Exit {
    let Command::List(folders) = command;
    let config = match folders.configuration() {
        Ok(config) => config.unwrap_or_else(Config::built_in),
        Err(why) => return out.fail(why),
    };
    let calls = calls::calls(&config);
    let rows = calls.iter().map(|call| {
        let port = if call.tls { format!("{} (TLS)", call.port) } else { call.port.to_string() };
        [call.host.as_str(), &port, call.purpose, &call.field, call.recorded].map(str::to_owned).to_vec()
    });
    let text = if calls.is_empty() {
        "nothing: the configuration leads to no connection to the outside\n".to_owned()
    } else {
        table(&["host", "port", "what for", "field", "recorded in"], rows)
    };
    out.show(&json!({"calls": calls}), &text);
    Exit::Fine
}

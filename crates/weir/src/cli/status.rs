//! `weir status`: how a running Weir is doing.

use weir_console::command::Command;

use super::{Exit, Folders, Output, output};

pub(super) fn run(out: &Output, folders: &Folders) -> Exit {
    output::ask(out, &folders.data, &Command::Status {})
}

//! `weir why`: by which rule a destination has an event or a property.

use clap::Args;
use weir_console::command::Command as Ask;

use super::{Exit, Folders, Output, output};

#[derive(Debug, Args)]
pub(super) struct Why {
    /// The event's name.
    #[arg(value_name = "EVENT")]
    event: String,
    /// A property of it: its path, or the vendor's own name for it.
    #[arg(value_name = "PROPERTY")]
    property: Option<String>,
    /// Only this destination.
    #[arg(long, value_name = "ID")]
    destination: Option<String>,
    /// Only as this source sends it.
    #[arg(long, value_name = "ID")]
    source: Option<String>,
    #[command(flatten)]
    folders: Folders,
}

pub(super) fn run(out: &Output, why: &Why) -> Exit {
    let (event, property) = (why.event.clone(), why.property.clone());
    let (source, destination) = (why.source.clone(), why.destination.clone());
    output::ask(out, &why.folders.data, &Ask::Why { event, property, source, destination })
}

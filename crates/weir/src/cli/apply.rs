//! Puts an edited configuration in force: checked whole, written, taken up by the running Weir, and put back where that refuses.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use weir_console::AdminError;
use weir_console::command::{Command as Ask, Reply};
use weir_console::socket;
use weir_detect::{Engine, Judge};
use weir_event::Names;
use weir_ledger::Act;

use super::{Exit, Folders, Output, offline, output};
use crate::config::edit::{Edit, EditError};
use crate::config::{Problems, Secrets};
use crate::disk;
use crate::generation::Generation;

/// What became of an edit.
#[derive(Debug)]
pub(super) enum Applied {
    /// The running Weir goes by it.
    InForce {
        /// The generation.
        generation: String,
        /// Fields that wait for the next start.
        at_next_start: Vec<String>,
    },
    /// No Weir runs on this data folder: the next start goes by it.
    Written,
}

/// Why nothing changed.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotApplied {
    /// The file.
    #[error("{0}")]
    Edit(#[from] EditError),
    /// It would not be a configuration.
    #[error("nothing was changed, the file would have a problem:\n{0}")]
    Problems(Problems),
    /// The running Weir did not take it; the file is as it was.
    #[error("weir refused the change and the file was put back: {0}")]
    Refused(AdminError),
    /// The running Weir did not take it, and the file could not be put back.
    #[error("weir refused the change ({0}), and the file could not be put back: {1}")]
    Stranded(AdminError, EditError),
    /// Whether the running Weir goes by it cannot be told, so the file is left as what it may go by.
    #[error(
        "whether the change is in force is not known ({0}), and the file stays as it was written: look with `weir status`, then run `weir reload`"
    )]
    Unknown(String),
    /// The audit ledger.
    #[error("not recorded, so nothing was changed: {0}")]
    NotRecorded(String),
}

/// The file that commands edit: the one that `serve` would choose.
pub(super) fn file(folders: &Folders) -> Result<PathBuf, String> {
    folders.config_file().ok_or_else(|| "there is no weir.yaml here: name one with --config FILE".to_owned())
}

/// The generation that a text would be. Secrets may be at hand of the running Weir only, so they are not looked for.
pub(super) fn generation(text: &str, file: &Path, names: &Arc<Names>) -> Result<Generation, Problems> {
    Generation::of_text(text, file, Secrets::Leave, names, &Engine::new())
}

/// Names of this process.
pub(super) fn names() -> Arc<Names> {
    Names::new(Box::new(Judge::new(Arc::new(Engine::new()))))
}

/// Writes an edit and makes the running Weir go by it. `ask` is entered into the audit ledger before the change is in force; where no
/// Weir runs, `act` is, before the file is written.
pub(super) fn apply(
    folders: &Folders,
    edit: Edit,
    ask: &Ask,
    act: impl FnOnce() -> Act,
) -> Result<Applied, NotApplied> {
    let file = file(folders).map_err(NotApplied::NotRecorded)?;
    let ours = generation(&edit.text(), &file, &names()).map_err(NotApplied::Problems)?.id.to_hex();
    if !disk::is_in_use(&folders.data) {
        if disk::version_is_known(&folders.data).unwrap_or(false) {
            let keys = folders.key_folder().map_err(NotApplied::NotRecorded)?;
            offline::record(folders, &keys, || Ok::<_, String>(act())).map_err(NotApplied::NotRecorded)?;
        }
        edit.write()?;
        return Ok(Applied::Written);
    }
    // A crash between the two leaves a file that is not in force: the next start or reload takes it up, as if it had been
    // edited by hand.
    let written = edit.write()?;
    let answer = match socket::ask(&folders.data, ask) {
        // It found nothing new and goes by something else than what was written, so it reads another file.
        Ok(Reply::Reloaded { generation, changed: false, .. }) if generation != ours => {
            let message = "the running weir reads another file: name it with --config".to_owned();
            Err(AdminError::Conflict { message })
        }
        answer => answer,
    };
    match answer {
        Ok(Reply::Reloaded { generation, at_next_start, .. }) => Ok(Applied::InForce { generation, at_next_start }),
        Ok(_) => Ok(Applied::InForce { generation: String::new(), at_next_start: Vec::new() }),
        // The change may be in force, or come into force yet: with the file put back the next start would take it away again.
        Err(AdminError::Failed { message }) => Err(NotApplied::Unknown(message)),
        Err(error) => match written.undo() {
            Ok(()) => Err(NotApplied::Refused(error)),
            Err(undo) => Err(NotApplied::Stranded(error, undo)),
        },
    }
}

/// How a command that changed nothing ends: what the operator can mend was found.
pub(super) fn not_applied(out: &Output, why: &NotApplied) -> Exit {
    match why {
        NotApplied::Refused(error) => {
            out.fail(why);
            output::exit_of(error)
        }
        _ => out.fail(why),
    }
}

impl Applied {
    /// For people.
    pub(super) fn text(&self) -> String {
        match self {
            Applied::InForce { generation, at_next_start } if at_next_start.is_empty() => {
                format!("generation {generation} is in force")
            }
            Applied::InForce { generation, at_next_start } => {
                format!("generation {generation} is in force\nat the next start only: {}", at_next_start.join(", "))
            }
            Applied::Written => {
                "no weir runs on this data folder: the file was edited, the next start goes by it".into()
            }
        }
    }

    /// The generation in force, for programs.
    pub(super) fn in_force(&self) -> Option<&str> {
        match self {
            Applied::InForce { generation, .. } => Some(generation),
            Applied::Written => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::os::unix::net::UnixListener;

    use super::*;

    const TEXT: &str = "sources:\n  web: {protocol: mixpanel, environment: development, write_keys: [k]}\n";

    /// An edit while a process holds the folder and gives this answer, or none; what the file says afterwards.
    fn applied(answer: &str) -> (Result<Applied, NotApplied>, String) {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let held = disk::DataFolder::open(&data).unwrap();
        let listener = UnixListener::bind(data.join("admin.sock")).unwrap();
        let config = folder.path().join("weir.yaml");
        std::fs::write(&config, TEXT).unwrap();
        let folders = Folders { config: Some(config.clone()), data, keys: None };
        let mut edit = Edit::open(&config).unwrap();
        edit.set(&["sources".into(), "web".into(), "environment".into()], "production").unwrap();
        let answer = answer.replace("OURS", &generation(&edit.text(), &config, &names()).unwrap().id.to_hex());
        let other = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            BufReader::new(&stream).read_line(&mut String::new()).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let done = apply(&folders, edit, &Ask::Reload {}, || unreachable!("a process runs"));
        other.join().unwrap();
        drop(held);
        (done, std::fs::read_to_string(config).unwrap())
    }

    #[test]
    fn what_was_refused_is_put_back_and_what_got_no_answer_is_left() {
        let (done, file) = applied("");
        assert!(matches!(done, Err(NotApplied::Unknown(_))), "{done:?}");
        assert!(file.contains("production"), "it may be in force: {file}");
        let (done, file) = applied("{\"error\":{\"kind\":\"conflict\",\"message\":\"no\"}}\n");
        assert!(matches!(done, Err(NotApplied::Refused(AdminError::Conflict { .. }))), "{done:?}");
        assert_eq!(file, TEXT);
    }

    #[test]
    fn what_changed_nothing_is_in_force_only_if_the_running_weir_goes_by_just_that() {
        let reloaded = |generation: &str| {
            let reply =
                format!(r#"{{"reply":"reloaded","generation":"{generation}","changed":false,"at_next_start":[]}}"#);
            applied(&format!("{{\"ok\":{reply}}}\n"))
        };
        let (done, file) = reloaded("0123456789abcdef");
        let Err(why @ NotApplied::Refused(AdminError::Conflict { .. })) = done else { panic!("{done:?}") };
        assert!(why.to_string().contains("reads another file: name it with --config"), "{why}");
        assert_eq!(file, TEXT);
        let (done, file) = reloaded("OURS");
        assert!(matches!(done, Ok(Applied::InForce { .. })), "{done:?}");
        assert!(file.contains("production"), "{file}");
    }
}

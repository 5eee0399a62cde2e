//! The handlers behind `admin.sock` and, later, behind the console's API: one way in, and the audit entry comes first.

use std::future::Future;

use crate::command::{Command, Reply};

/// Entries that one command may name.
const ENTRIES_MAX: usize = 1_000;

/// Who asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Actor {
    /// The user id of the process at the other end of the socket, as the kernel says.
    pub uid: u32,
    /// Its process id, where the kernel says it.
    pub pid: Option<i32>,
}

/// What the binary does for an operator.
pub trait Admin: Send + Sync + 'static {
    /// Writes the audit entry. Durable when it returns; an error means that the command is not run.
    fn record(&self, actor: Actor, command: &Command) -> impl Future<Output = Result<(), AdminError>> + Send;

    /// Does it. Called by [`handle`] only.
    fn run(&self, actor: Actor, command: Command) -> impl Future<Output = Result<Reply, AdminError>> + Send;
}

/// Why a command was not done. The texts are for the operator; none holds a value of an event.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AdminError {
    /// The request cannot be read, or asks for something that cannot be.
    #[error("{message}")]
    Request {
        /// What is wrong with it.
        message: String,
    },
    /// There is no such destination, entry or key.
    #[error("there is no {what}")]
    NotFound {
        /// What was asked for.
        what: String,
    },
    /// It cannot be done in the present state.
    #[error("{message}")]
    Conflict {
        /// Why, and what to do.
        message: String,
    },
    /// The audit entry could not be written, so nothing was done.
    #[error("the audit log cannot be written, so nothing was done: {message}")]
    NotRecorded {
        /// Why.
        message: String,
    },
    /// Something of ours failed.
    #[error("{message}")]
    Failed {
        /// What.
        message: String,
    },
    /// Nobody answers at the socket.
    #[error("no running weir answers at {socket}: {reason}")]
    NotRunning {
        /// Where it was looked for.
        socket: String,
        /// Why.
        reason: String,
    },
}

impl AdminError {
    /// A request that cannot be done as asked.
    pub fn request(message: impl Into<String>) -> AdminError {
        AdminError::Request { message: message.into() }
    }
}

/// Runs one command: checked, recorded, then done.
pub async fn handle<A: Admin>(admin: &A, actor: Actor, command: Command) -> Result<Reply, AdminError> {
    check(&command)?;
    if command.is_recorded() {
        // A crash after this line leaves an entry for an act that did not happen; never the other way round.
        admin.record(actor, &command).await?;
    }
    admin.run(actor, command).await
}

fn check(command: &Command) -> Result<(), AdminError> {
    let entry = |entry: &String| {
        let number = entry.strip_prefix("raw-").or_else(|| entry.strip_prefix("rejected-"));
        match number.filter(|n| n.bytes().all(|b| b.is_ascii_digit())).and_then(|n| n.parse::<u64>().ok()) {
            Some(_) => Ok(()),
            None => Err(AdminError::request("an entry is named raw-12 or rejected-7: see `weir quarantine list`")),
        }
    };
    match command {
        Command::QuarantineShow { entry: one } | Command::QuarantineReplay { entry: one, .. } => entry(one),
        Command::QuarantineDiscard { entries } => {
            if entries.is_empty() || entries.len() > ENTRIES_MAX {
                return Err(AdminError::request(format!("name 1 to {ENTRIES_MAX} entries at once")));
            }
            entries.iter().try_for_each(entry)
        }
        Command::Disclose(disclose) => {
            disclose.destinations.iter().try_for_each(|id| destination(id))?;
            disclose.entry.iter().try_for_each(entry)
        }
        Command::DestinationSuspend { destination: id }
        | Command::DestinationResume { destination: id }
        | Command::DestinationPreview { destination: id, .. }
        | Command::DestinationAdd { destination: id } => destination(id),
        Command::LadderMove { source, event, .. } => {
            weir_event::SourceId::parse(source)
                .map_err(|error| AdminError::request(format!("not a source id: {error}")))?;
            match event {
                // D1: a name is data until proven a name, and its digest goes into the audit ledger.
                Some(name) if !weir_event::names::has_clean_class(name) => {
                    Err(AdminError::request("not the name of an event: at most 100 clean characters"))
                }
                _ => Ok(()),
            }
        }
        Command::FalsePositiveMark { event, source, .. } => {
            if let Some(source) = source {
                weir_event::SourceId::parse(source)
                    .map_err(|error| AdminError::request(format!("not a source id: {error}")))?;
            }
            match weir_event::names::has_clean_class(event) {
                true => Ok(()),
                false => Err(AdminError::request("not the name of an event: at most 100 clean characters")),
            }
        }
        Command::DestinationEnd { destination: id, confirm } => {
            destination(id)?;
            if id != confirm {
                return Err(AdminError::request("ending a destination has no way back: confirm it by its id"));
            }
            Ok(())
        }
        Command::Upgrade { binary: Some(binary) } if !std::path::Path::new(binary).is_absolute() => {
            Err(AdminError::request("name the binary by its absolute path"))
        }
        _ => Ok(()),
    }
}

fn destination(id: &str) -> Result<(), AdminError> {
    match weir_event::DestinationId::parse(id) {
        Ok(_) => Ok(()),
        Err(error) => Err(AdminError::request(format!("not a destination id: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::command::LadderStep;

    #[derive(Default)]
    struct Recorder {
        steps: Mutex<Vec<String>>,
        audit_is_broken: bool,
    }

    impl Admin for Recorder {
        async fn record(&self, _: Actor, command: &Command) -> Result<(), AdminError> {
            self.steps.lock().unwrap().push(format!("record {}", command.action()));
            if self.audit_is_broken {
                return Err(AdminError::NotRecorded { message: "disk full".into() });
            }
            Ok(())
        }

        async fn run(&self, _: Actor, command: Command) -> Result<Reply, AdminError> {
            self.steps.lock().unwrap().push(format!("run {}", command.action()));
            Ok(Reply::Done { count: 1 })
        }
    }

    const ACTOR: Actor = Actor { uid: 0, pid: None };

    #[tokio::test]
    async fn d19_the_audit_entry_comes_first_and_without_it_nothing_is_done() {
        let admin = Recorder::default();
        handle(&admin, ACTOR, Command::DestinationSuspend { destination: "a".into() }).await.unwrap();
        handle(&admin, ACTOR, Command::Status {}).await.unwrap();
        assert_eq!(
            *admin.steps.lock().unwrap(),
            ["record destination_suspend", "run destination_suspend", "run status"]
        );
        let broken = Recorder { audit_is_broken: true, ..Recorder::default() };
        handle(&broken, ACTOR, Command::Trim {}).await.unwrap_err();
        assert_eq!(*broken.steps.lock().unwrap(), ["record trim"]);
    }

    #[tokio::test]
    async fn a_command_that_cannot_be_meant_is_neither_recorded_nor_done() {
        let admin = Recorder::default();
        let entry = String::from("raw-+1");
        for command in [
            Command::DestinationEnd { destination: "a".into(), confirm: "b".into() },
            Command::DestinationSuspend { destination: "../etc".into() },
            Command::LadderMove { source: "web".into(), event: Some("a@b".into()), step: LadderStep::Tap },
            Command::QuarantineShow { entry: entry.clone() },
            Command::QuarantineDiscard { entries: Vec::new() },
            Command::QuarantineDiscard { entries: vec![entry] },
            Command::Upgrade { binary: Some("weir".into()) },
        ] {
            handle(&admin, ACTOR, command).await.unwrap_err();
        }
        assert!(admin.steps.lock().unwrap().is_empty());
    }
}

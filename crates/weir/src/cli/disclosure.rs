//! Entering into the audit ledger that a command is about to show, hand out or open something of this Weir: before it does (D19). A read
//! of personal data that nobody knows of is what the ledger is there to tell, so where it cannot be entered the command does not run,
//! unless it is told to; then the answer says so itself.

use clap::Args;
use weir_console::command::{Command as Ask, Disclose};
use weir_console::socket;

use super::{Folders, offline};
use crate::{disclose, disk};

/// How an act of reading is recorded.
#[derive(Clone, Default, Debug, Args)]
pub(super) struct Recording {
    /// Why, in a line: it stands beside the act in the audit log, where it can be deleted.
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: Option<String>,
    /// Goes on where this cannot be entered into the audit log; the answer then says that it is in none.
    #[arg(long)]
    pub(super) unrecorded: bool,
}

/// Whether it was entered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Standing {
    /// It was.
    Recorded,
    /// It was not: why.
    Unrecorded(String),
}

impl Standing {
    /// A line for the scope of an answer.
    pub(super) fn line(&self) -> String {
        match self {
            Standing::Recorded => "this question is in the audit log of the Weir that it was asked of".to_owned(),
            Standing::Unrecorded(why) => format!("NOT RECORDED: this question is in no audit log: {why}"),
        }
    }
}

impl Recording {
    /// Enters it: through the Weir that runs on the data folder, or under the folder's lock where none does. An error means that the
    /// command is not to go on.
    pub(super) fn enter(&self, folders: &Folders, tags: &[u64], mut disclose: Disclose) -> Result<Standing, String> {
        disclose.note = disclose::note(tags, self.reason.as_deref())?;
        let data = &folders.data;
        // A copy of a ledger, as a verifier has one, is nobody's data folder: there is nothing to enter it into.
        if !disk::version_is_known(data).map_err(|error| error.to_string())? {
            let why = format!("{} is no data folder of a weir, but a copy of some of its files", data.display());
            return Ok(Standing::Unrecorded(why));
        }
        let entered = if disk::is_in_use(data) {
            socket::ask(data, &Ask::Disclose(disclose)).map(drop).map_err(|error| error.to_string())
        } else {
            let act = || disclose::act(offline::actor(), &data.join("audit"), &disclose);
            folders.key_folder().and_then(|keys| offline::record(folders, &keys, act))
        };
        match entered {
            Ok(()) => Ok(Standing::Recorded),
            Err(why) if self.unrecorded => Ok(Standing::Unrecorded(why)),
            Err(why) => Err(format!(
                "nothing is shown, because it cannot be entered into the audit log: {why}; with --unrecorded it goes on, and the answer says so"
            )),
        }
    }
}

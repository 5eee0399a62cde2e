//! Entering an act into the audit ledger where no Weir runs, under the lock of the data folder (D19).

use std::path::Path;
use std::sync::Arc;

use weir_event::{Clock, SystemClock};
use weir_keys::Keys;
use weir_ledger::{Act, Actor};

use super::Folders;
use crate::disk::DataFolder;
use crate::gateway::{self, Places};

/// The user who runs this command.
pub(super) fn actor() -> Actor {
    Actor::Local { uid: rustix::process::getuid().as_raw() }
}

/// Makes the act while the folder is locked, then enters it; durable when this returns. `keys` is the key folder.
pub(super) fn record<E: ToString>(
    folders: &Folders,
    keys: &Path,
    act: impl FnOnce() -> Result<Act, E>,
) -> Result<(), String> {
    // Opened, a folder without a ring would become a new key folder, which is not this ledger's.
    if !keys.join("ring").is_file() {
        return Err(format!("{} is no key folder: name the one of this data folder with --keys", keys.display()));
    }
    let folder = DataFolder::open(&folders.data).map_err(|e| e.to_string())?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let opened = Keys::open(keys, Arc::clone(&clock)).map_err(|e| e.to_string())?;
    let config = folders.config_file().unwrap_or_default();
    let places = Places { config, data: folders.data.clone(), keys: keys.to_owned() };
    let act = act().map_err(|e| e.to_string())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(|e| e.kind().to_string())?;
    let done = runtime.block_on(gateway::record_offline(&folder, &places, &opened, act, &clock));
    done.map_err(|e| e.to_string())
}

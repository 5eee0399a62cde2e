//! Keys that were made or destroyed, as acts of the audit ledger (D15): by name, never a key. A key is noted within ten seconds, or at the
//! next start; what the ledger knows already is not noted again.

use std::collections::BTreeMap;
use std::path::Path;

use weir_keys::Keys;
use weir_ledger::entry::Entry;
use weir_ledger::{Act, Actor, Ledger, LedgerError, Target, acts};

const MADE: &str = "key_made";
const DESTROYED: &str = "key_destroyed";

/// What the audit ledger knows of keys.
#[derive(Debug, Default)]
pub(crate) struct KeyActs(tokio::sync::Mutex<BTreeMap<String, bool>>);

impl KeyActs {
    /// Reads it from the audit ledger in `dir`.
    pub(crate) fn read(dir: &Path) -> Result<KeyActs, LedgerError> {
        let mut known = BTreeMap::new();
        acts::each(dir, |_, entry| {
            if let Entry::Act { action, targets, .. } = entry
                && let [Target::Key(name)] = &targets[..]
                && (action == MADE || action == DESTROYED)
            {
                known.insert(name.clone(), action == DESTROYED);
            }
        })?;
        Ok(KeyActs(tokio::sync::Mutex::new(known)))
    }

    /// Enters what it does not know yet.
    pub(crate) async fn note(&self, audit: &Ledger, keys: &Keys) -> Result<(), LedgerError> {
        let mut known = self.0.lock().await;
        let mut waits = Vec::new();
        for key in keys.list() {
            let (name, is_destroyed) = (key.name.to_string(), key.destroyed.is_some());
            let before = known.get(&name).copied();
            let mut enter = |action| {
                let act = Act { actor: Actor::Weir, action, targets: vec![Target::Key(name.clone())] };
                waits.push((name.clone(), is_destroyed, audit.act(act)));
            };
            if before.is_none() {
                enter(MADE);
            }
            if is_destroyed && before != Some(true) {
                enter(DESTROYED);
            }
        }
        // Known once they are durable; what fails is tried again.
        for (name, is_destroyed, durable) in waits {
            durable.await?;
            known.insert(name, is_destroyed);
        }
        Ok(())
    }
}

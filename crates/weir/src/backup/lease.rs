//! The running gateway's side of a backup: who may keep files from being freed, for how long, and the moment itself.
//!
//! Taking events comes first: where the journal needs room while a backup copies, the lease is broken, the files are freed and the
//! backup ends with an error.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use weir_console::command::{BackupCut, BackupTree};
use weir_event::{Clock, Millis, limits};
use weir_hold::Hold;
use weir_journal::Journal;
use weir_keys::Keys;
use weir_ledger::tree::note::VerifierKey;
use weir_ledger::{Cut, Ledger, LedgerError};
use weir_policy::MinimisedBatch;

use crate::formats::Formats;

/// The one backup that is under way, if there is one.
#[derive(Debug, Default)]
pub struct Lease(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    last: u64,
    current: Option<Current>,
}

#[derive(Debug)]
struct Current {
    number: u64,
    pid: u32,
    begun: Millis,
    renewed: Millis,
}

impl Lease {
    /// Begins one for a process; `None` while another is under way whose process is there.
    pub fn begin(&self, pid: u32, now: Millis) -> Option<u64> {
        let mut state = self.lock();
        let is_there = |pid: u32| Path::new(&format!("/proc/{pid}")).exists();
        if state.is_live(now) && state.current.as_ref().is_some_and(|current| is_there(current.pid)) {
            return None;
        }
        state.last += 1;
        let number = state.last;
        state.current = Some(Current { number, pid, begun: now, renewed: now });
        Some(number)
    }

    /// Goes on with it; `false` where it was broken or has run out.
    pub fn renew(&self, number: u64, now: Millis) -> bool {
        let mut state = self.lock();
        let goes_on = state.is_live(now) && state.current.as_ref().is_some_and(|current| current.number == number);
        if let Some(current) = state.current.as_mut().filter(|_| goes_on) {
            current.renewed = now;
        }
        goes_on
    }

    /// Ends it; `false` where it was not there any more.
    pub fn end(&self, number: u64, now: Millis) -> bool {
        let was_live = self.renew(number, now);
        let mut state = self.lock();
        if was_live {
            state.current = None;
        }
        was_live
    }

    /// Whether files must stay.
    pub fn is_live(&self, now: Millis) -> bool {
        self.lock().is_live(now)
    }

    /// Room is needed: the backup has to begin again. Says whether there was one.
    pub fn break_up(&self) -> bool {
        self.lock().current.take().is_some()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_live(&self, now: Millis) -> bool {
        self.current.as_ref().is_some_and(|current| {
            now.since(current.renewed) < limits::BACKUP_LEASE_MILLIS
                && now.since(current.begun) < limits::BACKUP_MILLIS_MAX
        })
    }
}

/// The logs of a folder, open.
pub struct Logs<'a> {
    /// The data folder.
    pub folder: &'a Path,
    /// What left.
    pub egress: &'a Ledger,
    /// Who did what.
    pub audit: &'a Ledger,
    /// The key ring.
    pub keys: &'a Keys,
    /// The formats of the folder.
    pub formats: Formats,
    /// The time.
    pub clock: &'a dyn Clock,
}

impl Logs<'_> {
    /// The moment of a running gateway: all four logs stand between two groups while their lengths are read. Waits for the groups
    /// under way, so not for an async thread. `rows` are the files of ledger rows of a moment before, which stay until the copy has ended.
    pub fn cut(
        &self,
        journal: &Journal<MinimisedBatch>,
        hold: &Hold,
        rows: Vec<PathBuf>,
    ) -> Result<BackupCut, LedgerError> {
        // Nobody else takes two of these, so that the order is free. No fsync happens between the first and the last.
        let stopped = (journal.freeze(), hold.freeze(), self.egress.freeze(), self.audit.freeze());
        let (journal, held) = (stopped.0.cut(), stopped.1.files());
        let (egress, audit) = (stopped.2.cut(), stopped.3.cut());
        let at = self.clock.now();
        drop(stopped);
        let mut files = journal.files;
        files.extend(held.into_iter().map(|(path, bytes)| (path, Some(bytes))));
        files.extend(rows.into_iter().map(|path| (path, None)));
        Ok(self.facts(at, (journal.floor.0, Some(journal.tail.0)), files, egress?, audit?))
    }

    /// The same where no gateway runs: nothing is written, so that every file is whole.
    pub fn cut_at_rest(&self, files: Vec<(PathBuf, Option<u64>)>, first: u64) -> Result<BackupCut, LedgerError> {
        let (egress, audit) = (self.egress.freeze().cut()?, self.audit.freeze().cut()?);
        Ok(self.facts(self.clock.now(), (first, None), files, egress, audit))
    }

    fn facts(
        &self,
        at: Millis,
        journal: (u64, Option<u64>),
        mut files: Vec<(PathBuf, Option<u64>)>,
        egress: Cut,
        audit: Cut,
    ) -> BackupCut {
        let mut tree = |folder: &str, key: &VerifierKey, cut: Cut| {
            files.extend(cut.files);
            let signed = cut.signed.and_then(|note| String::from_utf8(note).ok());
            let head = signed.as_ref().and_then(|note| key.open(note.as_bytes()).ok());
            BackupTree {
                folder: folder.to_owned(),
                origin: key.name.clone(),
                entries: cut.entries,
                signed_size: head.map_or(0, |head| head.size),
                signed,
            }
        };
        let trees =
            vec![tree("ledger", self.egress.verifier_key(), egress), tree("audit", self.audit.verifier_key(), audit)];
        let below = |path: &Path| Some(path.strip_prefix(self.folder).ok()?.to_str()?.to_owned());
        let files = files.iter().filter_map(|(path, bytes)| Some((below(path)?, *bytes))).collect();
        let names = |destroyed: bool| {
            let list = self.keys.list().into_iter();
            list.filter(|key| key.destroyed.is_some() == destroyed).map(|key| key.name.to_string()).collect()
        };
        BackupCut {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            at: at.0,
            formats: self.formats.iter().map(|(name, version)| (name.to_owned(), version)).collect(),
            journal,
            trees,
            key_fingerprint: self.keys.fingerprint(),
            // After the moment: the ring may be younger than the data, never older.
            key_ring: self.keys.sequence(),
            keys: names(false),
            keys_destroyed: names(true),
            files,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_backup_at_a_time_and_one_that_does_not_come_back_is_over() {
        let lease = Lease::default();
        let at = Millis(1_000_000);
        let pid = std::process::id();
        let gone = lease.begin(u32::MAX, at).unwrap();
        let first = lease.begin(pid, at).unwrap();
        assert!(!lease.renew(gone, at), "its process has gone");
        assert_eq!(lease.begin(pid, at.plus(1)), None);
        assert!(lease.renew(first, at.plus(limits::BACKUP_LEASE_MILLIS - 1)));
        let late = at.plus(2 * limits::BACKUP_LEASE_MILLIS);
        assert!(!lease.is_live(late) && !lease.renew(first, late), "it was not renewed in time");
        let second = lease.begin(pid, late).unwrap();
        assert!(!lease.end(first, late), "the first is not the second");
        assert!(lease.break_up() && !lease.renew(second, late), "room was needed");
        let third = lease.begin(pid, late).unwrap();
        let mut now = late;
        while lease.renew(third, now) {
            now = now.plus(limits::BACKUP_LEASE_MILLIS / 2);
        }
        assert!(now.since(late) >= limits::BACKUP_MILLIS_MAX, "however often it is renewed");
    }
}

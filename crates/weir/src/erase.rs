//! Taking what is about somebody out of what Weir itself keeps (D15): the rows of the ledger, in its log and in its files, what joins the
//! ids, and notes of the audit log that name them.
//!
//! It is the in-house piece of an erasure. It neither holds back events that wait or come later, nor asks a vendor to delete anything.
//! The order: rows first, since without the links nobody could find out again which ids were joined; links last.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use weir_console::admin::AdminError;
use weir_console::command::{Erased, Reply, unhex};
use weir_event::SubjectTag;
use weir_event::log::{self, Level};
use weir_ledger::disk::RealDisk;
use weir_ledger::{Act, Actor, Target, coverage};

use crate::gateway::Gateway;

/// Tags that one command names: what belongs to one person is bound already (`weir_identity::closure`), in each environment and space.
const TAGS_MAX: usize = 10_000;
/// After this time the answer says that it goes on by itself.
const ANSWER: Duration = Duration::from_secs(90);

impl Gateway {
    /// Whether it can be done, before it is recorded that it is to be.
    pub(crate) fn may_erase(&self, tags: &[String]) -> Result<(), AdminError> {
        if self.egress.writes_newest_formats() {
            return read(tags).map(drop);
        }
        let message =
            "the release before could not read a ledger from which rows were erased: run `weir upgrade finish` first"
                .to_owned();
        Err(AdminError::Conflict { message })
    }

    /// Does it. Goes on when nobody waits any more.
    pub(crate) async fn erase(self: &Arc<Self>, tags: &[String]) -> Result<Reply, AdminError> {
        let (tags, gateway) = (read(tags)?, Arc::clone(self));
        let task = tokio::spawn(async move { gateway.erase_all(tags).await });
        match tokio::time::timeout(ANSWER, task).await {
            Ok(Ok(erased)) => Ok(Reply::Erased(erased?)),
            Ok(Err(_)) => Err(failed("it ended early: run the command again")),
            Err(_) => Ok(Reply::Erased(Erased::default())),
        }
    }

    async fn erase_all(&self, tags: Vec<SubjectTag>) -> Result<Erased, AdminError> {
        let subjects: BTreeSet<u64> = tags.iter().map(|tag| tag.short()).collect();
        let audit = Arc::clone(&self.audit);
        let record = move |rows: weir_ledger::Erased| {
            let targets = vec![Target::Count(rows.rows), Target::Count(rows.batches)];
            audit.act(Act { actor: Actor::Weir, action: "ledger_rows_erase", targets }).wait()
        };
        let done = self.rows.erase(subjects.clone(), Box::new(record));
        // A copy of files from before and after it would be of no moment: the backup has to begin again.
        if self.lease.break_up() {
            log::emit(Level::Warn, "an erasure ended a backup under way: run it again", &[]);
        }
        let rows = tokio::task::spawn_blocking(move || done.recv()).await;
        let Ok(Ok(rows)) = rows else { return Err(failed("weir stops: what was begun ends after the next start")) };
        let rows = rows.map_err(|error| failed(error.to_string()))?;
        let dir = self.places.data.join("audit");
        let hex: Vec<String> = subjects.iter().map(|subject| format!("{subject:016x}")).collect();
        let names = |text: &str| hex.iter().any(|hex| text.contains(hex));
        let notes = coverage::forget_reasons(&RealDisk, &dir, names).map_err(|error| failed(error.to_string()))?;
        let are_links_gone = self.forget(tags).await.map_err(|error| failed(error.to_string()))?;
        let weir_ledger::Erased { rows, batches, under_way } = rows;
        Ok(Erased { is_done: true, rows, batches, under_way, notes, are_links_gone })
    }

    /// Takes the links of these out of the identity index; whether they are off the disk, which they cannot be while a backup copies.
    async fn forget(&self, tags: Vec<SubjectTag>) -> Result<bool, weir_identity::IdentityError> {
        self.identity.forget(tags).await?;
        // Reads on to where it was told to forget, and makes one of what holds such links.
        self.identity.save().await?;
        if self.files_must_stay() {
            return Ok(false);
        }
        self.identity.sweep();
        // It does one after the other: when it has answered this, it has swept.
        self.identity.save().await?;
        Ok(true)
    }
}

fn failed(message: impl Into<String>) -> AdminError {
    AdminError::Failed { message: message.into() }
}

fn read(tags: &[String]) -> Result<Vec<SubjectTag>, AdminError> {
    let tag = |text: &String| unhex(text).and_then(|bytes| <[u8; 16]>::try_from(bytes).ok()).map(SubjectTag);
    let tags: Option<Vec<SubjectTag>> = tags.iter().map(tag).collect();
    let tags = tags.filter(|tags| !tags.is_empty() && tags.len() <= TAGS_MAX);
    tags.ok_or_else(|| AdminError::request(format!("an erasure names 1 to {TAGS_MAX} tags, of 32 hex digits each")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_whole_or_not_at_all() {
        let good = "00112233445566778899aabbccddeeff".to_owned();
        assert_eq!(read(std::slice::from_ref(&good)).unwrap()[0].short(), 0x0011_2233_4455_6677);
        for bad in [vec![], vec![good.clone(), "0011".to_owned()], vec![String::new()], vec![good; TAGS_MAX + 1]] {
            assert!(read(&bad).is_err());
        }
    }
}

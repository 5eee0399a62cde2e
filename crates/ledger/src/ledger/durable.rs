//! Waiting until an entry is durable.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use crate::error::LedgerError;
use crate::queue::Failed;

/// Resolves once the entry is durable. The entry is queued already: dropping this does not take it back.
#[must_use = "an entry whose durability nobody awaits may be lost"]
#[derive(Debug)]
pub struct Durable(Waited);

#[derive(Debug)]
enum Waited {
    Reply(oneshot::Receiver<Result<(), Failed>>),
    Refused(Option<LedgerError>),
}

impl Future for Durable {
    type Output = Result<(), LedgerError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Waited::Refused(error) => Poll::Ready(Err(error.take().unwrap_or(LedgerError::Closed))),
            Waited::Reply(reply) => Pin::new(reply).poll(context).map(|reply| match reply {
                Ok(result) => result.map_err(LedgerError::from),
                // The writer ended without an answer: as after a failed fsync, the disk may hold the entry or not.
                Err(_) => Err(LedgerError::Poisoned),
            }),
        }
    }
}

impl Durable {
    /// Of an entry that is queued.
    pub(super) fn of(reply: oneshot::Receiver<Result<(), Failed>>) -> Durable {
        Durable(Waited::Reply(reply))
    }

    /// Of an entry that was not queued.
    pub(super) fn refused(error: LedgerError) -> Durable {
        Durable(Waited::Refused(Some(error)))
    }

    /// Waits on a thread that is not asynchronous, as in the CLI.
    pub fn wait(self) -> Result<(), LedgerError> {
        match self.0 {
            Waited::Refused(error) => Err(error.unwrap_or(LedgerError::Closed)),
            Waited::Reply(reply) => {
                reply.blocking_recv().map_err(|_| LedgerError::Poisoned)?.map_err(LedgerError::from)
            }
        }
    }
}

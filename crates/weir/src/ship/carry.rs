//! One batch of acts to one receiver. It counts as taken when: a webhook answered 2xx; a receiver of syslog ended its side of the
//! connection once ours had ended; the socket of this machine has it; the file is synced.

use std::fs::OpenOptions;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use weir_event::Clock;
use weir_ledger::tree::hash::sha256;
use weir_outbound::{SendError, local};
use weir_protocol::signing::webhook_id;
use weir_trail::ocsf::Sender;
use weir_trail::outbox::Batch;
use weir_trail::syslog::{self, Form};

use super::{Target, Way};

/// For a socket of this machine.
const PATIENCE: Duration = Duration::from_secs(10);

/// Hands it over; a word of ours where that failed.
pub(super) async fn carry(
    target: &Target,
    batch: &Batch,
    sender: &Sender,
    clock: &dyn Clock,
) -> Result<(), &'static str> {
    match &target.way {
        Way::Webhook(receiver) => {
            // An array, which the standard's own libraries read; they take a body for one value.
            let acts = batch.acts.iter().map(|act| syslog::value(act, sender, target.form)).collect();
            let body = Bytes::from(Value::Array(acts).to_string());
            // The same acts sent again have the same id.
            match receiver.post(&webhook_id(&sha256(&body)), "application/json", body, clock.now()).await {
                Ok(answer) if (200..300).contains(&answer.status) => Ok(()),
                Ok(_) => Err("it refused them"),
                Err(error) => Err(word(error)),
            }
        }
        Way::Stream { endpoint, client } => {
            client.stream(endpoint, &framed(&messages(batch, sender, target.form))).await.map_err(word)
        }
        Way::Local(socket) => {
            let messages = messages(batch, sender, target.form);
            local::send(socket, &messages, &framed(&messages), PATIENCE).await.map_err(word)
        }
        Way::File(file) => {
            let lines = lines(batch, sender, target.form);
            tokio::task::block_in_place(|| append(file, lines.as_bytes())).map_err(|_| "the file cannot be written")
        }
    }
}

fn word(error: SendError) -> &'static str {
    match error {
        SendError::NotSent(why) => why.name(),
        SendError::Unknown(why) => why.name(),
    }
}

fn lines(batch: &Batch, sender: &Sender, form: Form) -> String {
    batch.acts.iter().map(|act| format!("{}\n", syslog::value(act, sender, form))).collect()
}

fn messages(batch: &Batch, sender: &Sender, form: Form) -> Vec<Vec<u8>> {
    batch.acts.iter().map(|act| syslog::message(act, sender, form).into_bytes()).collect()
}

fn framed(messages: &[Vec<u8>]) -> Vec<u8> {
    messages.iter().flat_map(|message| syslog::framed(message)).collect()
}

/// Appends whole lines. The file is opened anew each time, so that it may be rotated by renaming it.
fn append(file: &Path, lines: &[u8]) -> std::io::Result<()> {
    let mut out = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(file)?;
    // A line that a crash cut short stays one line: the act comes again whole behind it.
    if out.seek(SeekFrom::End(0))? > 0 {
        out.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        out.read_exact(&mut last)?;
        if last != *b"\n" {
            out.write_all(b"\n")?;
        }
    }
    out.write_all(lines)?;
    out.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_appended_whole_also_behind_one_that_was_cut_short_and_after_a_rotation() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("acts.ndjson");
        append(&file, b"{\"a\":1}\n").unwrap();
        OpenOptions::new().append(true).open(&file).unwrap().write_all(b"{\"b\"").unwrap();
        append(&file, b"{\"b\":2}\n").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "{\"a\":1}\n{\"b\"\n{\"b\":2}\n");
        std::fs::rename(&file, folder.path().join("acts.ndjson.1")).unwrap();
        append(&file, b"{\"c\":3}\n").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "{\"c\":3}\n");
        use std::os::unix::fs::MetadataExt;
        assert_eq!(std::fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
    }
}

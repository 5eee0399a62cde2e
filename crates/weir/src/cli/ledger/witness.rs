//! `weir ledger witness`: what others need to check this Weir's cosignatures, and what it cosigned last.

use std::sync::Arc;

use serde_json::json;
use weir_event::SystemClock;
use weir_event::ids::hex;
use weir_keys::Keys;

use crate::cli::{Exit, Folders, Output};
use crate::witness;

pub(super) fn run(out: &Output, folders: &Folders) -> Exit {
    let config = match folders.configuration() {
        Ok(Some(config)) => config,
        Err(why) => return out.fail(why),
        Ok(None) => return out.fail("there is no weir.yaml here: name it with --config"),
    };
    let Some(of) = &config.ledger.witness else {
        return out.fail("this Weir is no witness: configure `ledger.witness`");
    };
    let keys = match folders.key_folder().map(|dir| Keys::open_read_only(&dir, Arc::new(SystemClock))) {
        Ok(Ok(keys)) => keys,
        Ok(Err(error)) => return out.fail_with(&error),
        Err(why) => return out.fail(why),
    };
    let witness = witness::of(of, &folders.data, &keys);
    let (mut logs, mut text) = (Vec::new(), format!("{}\n", witness.key().to_text()));
    for log in witness.logs() {
        let last = match witness.last(log) {
            Ok(last) => last,
            Err(error) => return out.fail_with(&error),
        };
        let file = witness.path(log);
        let seconds = last.as_ref().and_then(|(_, note)| witness.key().cosigned(note).ok());
        match &last {
            Some((head, _)) => {
                text.push_str(&format!("{}: {} entries, kept in {}\n", log.name, head.size, file.display()))
            }
            None => text.push_str(&format!("{}: nothing cosigned yet\n", log.name)),
        }
        let head = last
            .map(|(head, _)| json!({"size": head.size, "root": hex(&head.root), "cosigned_at": seconds, "file": file}));
        logs.push(json!({"origin": log.name, "last": head}));
    }
    out.show(
        &json!({"key": witness.key().to_text(), "name": of.name, "listen": of.listen.to_string(), "logs": logs}),
        &text,
    );
    Exit::Fine
}

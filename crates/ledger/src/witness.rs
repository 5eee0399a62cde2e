//! A witness of other ledgers (c2sp.org/tlog-witness): it cosigns a checkpoint only where a proof shows that it extends the last one
//! that it cosigned, so that two readers of a ledger who both ask for its cosignature see one history.
//!
//! # A request
//! ```text
//! old <size>\n<hashes of the consistency proof, base64, one a line, at most 63>\n\n<the checkpoint, a signed note>
//! ```
//! # On the disk
//! One file for each ledger, `<first 16 bytes of SHA-256 of its origin, hex>.checkpoint`: the last note that was cosigned, with the
//! cosignature under it. It is written and synced before the answer, so that a crash leaves at most a cosignature that nobody got. Being a
//! checkpoint of that ledger, it serves as its anchor.
//!
//! ML-DSA-44 is neither made nor asked for.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use weir_event::ids::hex;

use crate::anchor::read_if_there;
use crate::disk::{Disk, replace};
use crate::error::LedgerError;
use crate::tree::cosignature::CosignerKey;
use crate::tree::hash::{Hash, sha256};
use crate::tree::note::{self, Checkpoint, NOTE_BYTES_MAX, VerifierKey, base64, from_base64};
use crate::tree::proof::{HASHES_MAX, consistency_holds};

/// A request is not read past this.
pub const REQUEST_BYTES_MAX: usize = NOTE_BYTES_MAX + 4 * 1024;

/// What a ledger asks of a witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size that the proof begins at: the last that the witness cosigned.
    pub old: u64,
    /// From there to the checkpoint.
    pub proof: Vec<Hash>,
    /// The signed note.
    pub note: String,
}

impl AddCheckpoint {
    /// Reads a request.
    pub fn parse(body: &[u8]) -> Option<AddCheckpoint> {
        let text = std::str::from_utf8(body).ok().filter(|text| text.len() <= REQUEST_BYTES_MAX)?;
        let (head, note) = text.split_once("\n\n")?;
        let mut lines = head.split('\n');
        let old = lines.next()?.strip_prefix("old ")?;
        if old.starts_with('+') || (old.starts_with('0') && old != "0") {
            return None;
        }
        let hash = |line: &str| from_base64(line)?.try_into().ok();
        let proof: Vec<Hash> = lines.take(HASHES_MAX + 1).map(hash).collect::<Option<_>>()?;
        (proof.len() <= HASHES_MAX).then_some(())?;
        Some(AddCheckpoint { old: old.parse().ok()?, proof, note: note.to_owned() })
    }

    /// The request's body.
    pub fn text(&self) -> String {
        let hashes: String = self.proof.iter().map(|hash| format!("{}\n", base64(hash))).collect();
        format!("old {}\n{hashes}\n{}", self.old, self.note)
    }
}

/// Why a witness does not cosign. Each has its HTTP status in the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Not a request: 400.
    Malformed,
    /// No ledger of that origin is known: 404.
    UnknownLog,
    /// Not signed by that ledger's key: 403.
    NotSigned,
    /// The last size that was cosigned is another one, or the same with another root: 409, with that size.
    Conflict {
        /// The last size.
        size: u64,
    },
    /// The proof does not hold: 422.
    NotShown,
    /// The last head cannot be read or written: 500, and nothing is cosigned.
    Unstorable,
}

impl Refused {
    /// The HTTP status.
    pub const fn status(self) -> u16 {
        match self {
            Refused::Malformed => 400,
            Refused::UnknownLog => 404,
            Refused::NotSigned => 403,
            Refused::Conflict { .. } => 409,
            Refused::NotShown => 422,
            Refused::Unstorable => 500,
        }
    }
}

/// Cosigns for the ledgers that it knows.
pub struct Witness {
    dir: PathBuf,
    disk: Arc<dyn Disk>,
    key: CosignerKey,
    logs: Vec<VerifierKey>,
    /// Held from reading the last head until the next one is durable.
    one: Mutex<()>,
}

impl Witness {
    /// A witness of these ledgers, which keeps its last heads in `dir`; the folder is made with the first of them.
    pub fn new(dir: &Path, key: CosignerKey, logs: Vec<VerifierKey>, disk: Arc<dyn Disk>) -> Witness {
        Witness { dir: dir.to_owned(), disk, key, logs, one: Mutex::new(()) }
    }

    /// The key that checks its cosignatures.
    pub fn key(&self) -> &CosignerKey {
        &self.key
    }

    /// Answers a request at a time, in Unix seconds, with a signature line. Blocks on the disk.
    pub fn add(&self, body: &[u8], seconds: u64, sign: impl FnOnce(&[u8]) -> [u8; 64]) -> Result<String, Refused> {
        let AddCheckpoint { old, proof, note } = AddCheckpoint::parse(body).ok_or(Refused::Malformed)?;
        let said = Checkpoint::parse_unverified(note.as_bytes()).map_err(|_| Refused::Malformed)?;
        let log = self.logs.iter().find(|log| log.name == said.origin).ok_or(Refused::UnknownLog)?;
        let head = log.open(note.as_bytes()).map_err(|_| Refused::NotSigned)?;
        if old > head.size {
            return Err(Refused::Malformed);
        }
        let _one = self.one.lock().unwrap_or_else(PoisonError::into_inner);
        let last = self.last(log).map_err(|_| Refused::Unstorable)?;
        let last =
            last.map_or(Checkpoint { origin: head.origin.clone(), size: 0, root: sha256(&[]) }, |(last, _)| last);
        if old != last.size || (head.size == last.size && head.root != last.root) {
            return Err(Refused::Conflict { size: last.size });
        }
        if !consistency_holds(last.size, &last.root, head.size, &head.root, &proof) {
            return Err(Refused::NotShown);
        }
        let line = self.key.line(&head.text(), seconds, sign);
        // Of the signatures only the ledger's own and ours are kept: others are not this witness's to pass on.
        let kept = format!("{}\n{}{line}", head.text(), own_line(&note, log).ok_or(Refused::NotSigned)?);
        // What cannot be read again later would end all cosigning for this ledger.
        (log.open(kept.as_bytes()).as_ref() == Ok(&head)).then_some(()).ok_or(Refused::NotSigned)?;
        let path = self.path(log);
        self.disk.create_dir(&self.dir).map_err(|_| Refused::Unstorable)?;
        // A crash up to here leaves the head before; from the rename on the new one, whose cosignature nobody has yet. Asked again for
        // the same head from the size before it, this witness answers 409 with the new size, and the ledger asks from there.
        replace(&*self.disk, &path, kept.as_bytes()).map_err(|_| Refused::Unstorable)?;
        self.disk.sync_dir(&self.dir).map_err(|_| Refused::Unstorable)?;
        Ok(line)
    }

    /// The ledgers that it knows.
    pub fn logs(&self) -> &[VerifierKey] {
        &self.logs
    }

    /// The last head of a ledger that was cosigned, and its note; `None` where there is none. What is there and is not good is an error.
    pub fn last(&self, log: &VerifierKey) -> Result<Option<(Checkpoint, Vec<u8>)>, LedgerError> {
        let path = self.path(log);
        let Some(note) = read_if_there(&path)? else { return Ok(None) };
        let read = || {
            self.key.cosigned(&note)?;
            log.open(&note)
        };
        match read() {
            Ok(head) => Ok(Some((head, note))),
            Err(source) => Err(LedgerError::Checkpoint { path, source }),
        }
    }

    /// Where the last head of a ledger lies.
    pub fn path(&self, log: &VerifierKey) -> PathBuf {
        self.dir.join(format!("{}.checkpoint", hex(&sha256(log.name.as_bytes())[..16])))
    }
}

impl std::fmt::Debug for Witness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Witness({} of {} ledgers)", self.key.name, self.logs.len())
    }
}

/// What a witness answered, as the ledger that asked reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// It cosigned: the line.
    Cosigned(String),
    /// Ask again from this size.
    From(u64),
    /// It has cosigned something that this ledger does not hold: a larger tree, or another one.
    Ahead {
        /// The size that it says, where it says one.
        size: u64,
    },
    /// It does not know this ledger.
    Unknown,
    /// It knows this ledger by another key.
    OtherKey,
    /// Anything else: it is as good as down.
    Useless,
}

/// Reads a witness's answer to a checkpoint that was asked for from `old`.
pub fn read_answer(witness: &CosignerKey, head: &Checkpoint, old: u64, status: u16, body: &[u8]) -> Answered {
    let text = std::str::from_utf8(body).unwrap_or_default();
    match status {
        200 => witness.line_of(&head.text(), text).map_or(Answered::Useless, |(line, _)| Answered::Cosigned(line)),
        409 => match text.trim_end().parse::<u64>() {
            Ok(size) if size > head.size => Answered::Ahead { size },
            // It holds another tree of this very size.
            Ok(size) if size == old && size == head.size => Answered::Ahead { size },
            Ok(size) if size == old => Answered::Useless,
            Ok(size) => Answered::From(size),
            Err(_) => Answered::Useless,
        },
        // Our proofs are right for our tree, so what it holds of `old` entries is another tree. Of no entries there is one tree only, and its
        // proof is empty: there the answer says nothing of the ledger (D14).
        422 if old > 0 => Answered::Ahead { size: old },
        404 => Answered::Unknown,
        403 => Answered::OtherKey,
        _ => Answered::Useless,
    }
}

/// The line of the ledger's own key that [`VerifierKey::open`] verified: the first. Whoever asks may have put others of that key under it.
fn own_line(note: &str, log: &VerifierKey) -> Option<String> {
    let (_, lines) = note::split(note.as_bytes()).ok()?;
    let (name, id, signature) = lines.into_iter().find(|(name, id, _)| *name == log.name && *id == log.id())?;
    Some(note::signature_text(name, &id, &signature))
}

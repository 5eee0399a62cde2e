//! `rollout`: what a start has to know of a rollout that is under way or was taken back. The configuration file holds the next
//! generation by then; this file holds the one before.
//!
//! # Version 1
//! Text of at most 4 MiB: `weir-rollout 1`, the SHA-256 of everything after the second line end in 64 hex digits, then one JSON object
//! ([`Kept`]). Replaced as a whole: written beside under `rollout.tmp`, synced, renamed. It goes when a rollout is finished, or when the
//! configuration file holds neither of the two generations. A file that cannot be read stops a start: which policy is in force is not
//! guessed.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use ring::digest;
use serde::{Deserialize, Serialize};
use weir_event::GenerationId;
use weir_event::ids::hex;

/// The file's name in the data folder.
pub const FILE_NAME: &str = "rollout";
const VERSION: u32 = 1;
const HEAD: &str = "weir-rollout";
const BYTES_MAX: u64 = 4 * 1024 * 1024;

/// What is kept.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// Whether it was taken back: the generation before stays in force.
    pub rolled_back: bool,
    /// The generation on its way, in hex.
    pub new: String,
    /// The SHA-256 of its configuration as it was written, in hex: another release gives the same text another generation.
    pub new_text: String,
    /// The generation that it began as, by which people are drawn, in hex.
    pub draw: String,
    /// The configuration before, as it was written; secrets are named in it.
    pub old_config: String,
    /// Which step it is at.
    pub step: u32,
    /// Since when, Unix milliseconds.
    pub step_since: i64,
    /// When it began, Unix milliseconds.
    pub started: i64,
    /// Since when it is paused, Unix milliseconds.
    pub paused: Option<i64>,
    /// Why it was taken back.
    pub breach: Option<String>,
}

impl Kept {
    /// Whether this configuration is the one on its way, or taken back.
    pub fn is_next(&self, generation: GenerationId, text: &str) -> bool {
        self.new == generation.to_hex() || self.new_text == checksum(text.as_bytes())
    }
}

/// The file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// It is not as it was written.
    #[error(
        "{} is damaged, so it is not known which policy is in force: put the configuration that is to hold into weir.yaml, and remove this file",
        .0.display()
    )]
    Damaged(PathBuf),
    /// The system says no.
    #[error("{}: {}", file.display(), source.kind())]
    Io {
        /// Which.
        file: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}

/// Reads the file of a data folder; `None` where there is none.
pub fn read(data: &Path) -> Result<Option<Kept>, KeptError> {
    let file = data.join(FILE_NAME);
    let length = match std::fs::metadata(&file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(KeptError::Io { file, source }),
        Ok(meta) => meta.len(),
    };
    if length > BYTES_MAX {
        return Err(KeptError::Damaged(file));
    }
    match std::fs::read(&file) {
        Ok(bytes) => decode(&bytes).map(Some).ok_or(KeptError::Damaged(file)),
        Err(source) => Err(KeptError::Io { file, source }),
    }
}

/// Writes it, durable on return.
pub fn write(data: &Path, kept: &Kept) -> Result<(), KeptError> {
    let file = data.join(FILE_NAME);
    let temporary = data.join(format!("{FILE_NAME}.tmp"));
    let written = || -> std::io::Result<()> {
        // As `weir.yaml` it is nobody else's business.
        let mut out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        out.write_all(&encode(kept))?;
        out.sync_all()?;
        // A crash before the rename leaves the file as it was.
        std::fs::rename(&temporary, &file)?;
        std::fs::File::open(data)?.sync_all()
    };
    written().map_err(|source| KeptError::Io { file: file.clone(), source })
}

/// Removes it, durable on return.
pub fn remove(data: &Path) -> Result<(), KeptError> {
    let file = data.join(FILE_NAME);
    let removed = match std::fs::remove_file(&file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other.and_then(|()| std::fs::File::open(data)?.sync_all()),
    };
    removed.map_err(|source| KeptError::Io { file, source })
}

fn encode(kept: &Kept) -> Vec<u8> {
    let body = serde_json::to_string(kept).unwrap_or_default();
    format!("{}\n{}\n{body}", head_line(), checksum(body.as_bytes())).into_bytes()
}

fn head_line() -> String {
    format!("{HEAD} {VERSION}")
}

fn decode(bytes: &[u8]) -> Option<Kept> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, rest) = text.split_once('\n')?;
    let (sum, body) = rest.split_once('\n')?;
    if head != head_line() || sum != checksum(body.as_bytes()) {
        return None;
    }
    serde_json::from_str(body).ok()
}

pub(crate) fn checksum(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// Replayed on stable and by libFuzzer: any bytes as the file, and as the body of one whose checksum is right.
pub fn fuzz_rollout(data: &[u8]) {
    let _ = decode(data);
    let whole = [head_line().as_bytes(), b"\n", checksum(data).as_bytes(), b"\n", data].concat();
    if let Some(kept) = decode(&whole) {
        assert_eq!(decode(&encode(&kept)).as_ref(), Some(&kept));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_a_changed_byte_is_found() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()).unwrap(), None);
        let kept = Kept {
            rolled_back: true,
            new: "00ff".to_owned(),
            new_text: checksum(b"sources:\n"),
            draw: "00fe".to_owned(),
            old_config: "sources: {}\n".to_owned(),
            step: 2,
            step_since: 7,
            started: 5,
            paused: Some(9),
            breach: Some("guard fill: 100% at product, the limit is 10%".to_owned()),
        };
        write(folder.path(), &kept).unwrap();
        assert_eq!(read(folder.path()).unwrap().as_ref(), Some(&kept));
        let id = GenerationId([0; 8]);
        assert!(kept.is_next(id, "sources:\n") && !kept.is_next(id, &kept.old_config));
        let bytes = encode(&kept);
        for at in 0..bytes.len() {
            let mut broken = bytes.clone();
            broken[at] ^= 1;
            assert_eq!(decode(&broken), None, "byte {at}");
            assert_eq!(decode(&bytes[..at]), None, "cut at {at}");
        }
        remove(folder.path()).unwrap();
        remove(folder.path()).unwrap();
        assert_eq!(read(folder.path()).unwrap(), None);
        fuzz_rollout(&bytes);
        fuzz_rollout(&bytes[head_line().len() + 66..]);
    }
}

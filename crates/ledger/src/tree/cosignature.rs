//! Timestamped Ed25519 cosignatures (c2sp.org/tlog-cosignature, key type 0x04): what a witness says of somebody else's checkpoint.
//!
//! ```text
//! signed:  cosignature/v1\ntime <Unix seconds>\n<the checkpoint's text>
//! line:    — <witness's name> <base64(key id, 4 bytes ‖ time, 8 bytes big-endian ‖ signature, 64 bytes)>\n
//! ```
//! Lines of other types, ML-DSA-44 (0x06) among them, are passed over: this crate neither makes nor checks them.

use super::note::{self, NoteError, key_id, key_text, parse_key, signature_line, signature_text};

const COSIGNATURE: u8 = 4;

/// The key that checks a witness's cosignatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CosignerKey {
    /// The witness's name.
    pub name: String,
    /// Its Ed25519 public key.
    pub public: [u8; 32],
}

impl CosignerKey {
    /// The 4-byte id that a signature line carries.
    pub fn id(&self) -> [u8; 4] {
        key_id(&self.name, COSIGNATURE, &self.public)
    }

    /// `name+id+base64`, as other tools read it.
    pub fn to_text(&self) -> String {
        key_text(&self.name, COSIGNATURE, &self.public)
    }

    /// Reads what [`CosignerKey::to_text`] writes.
    pub fn parse(text: &str) -> Option<CosignerKey> {
        let (name, public) = parse_key(text, COSIGNATURE)?;
        Some(CosignerKey { name, public })
    }

    /// The signature line of this witness under a checkpoint's text, with its end.
    pub fn line(&self, text: &str, seconds: u64, sign: impl FnOnce(&[u8]) -> [u8; 64]) -> String {
        let signature = sign(message(text, seconds).as_bytes());
        signature_text(&self.name, &self.id(), &[&seconds.to_be_bytes()[..], &signature].concat())
    }

    /// When this witness cosigned the note, in Unix seconds: an error where no line is its own, or one is and is not good.
    pub fn cosigned(&self, note: &[u8]) -> Result<u64, NoteError> {
        let (text, lines) = note::split(note)?;
        let own = lines.iter().find(|(name, id, _)| *name == self.name && *id == self.id());
        self.check(text, &own.ok_or(NoteError::NotSigned)?.2).ok_or(NoteError::Forged)
    }

    /// The first line of a witness's answer that is its own and good for a checkpoint's text, and its time.
    pub fn line_of(&self, text: &str, answer: &str) -> Option<(String, u64)> {
        answer.lines().take(LINES_MAX).find_map(|line| {
            let (name, id, signature) = signature_line(line)?;
            let time = (name == self.name && id == self.id()).then(|| self.check(text, &signature))??;
            Some((format!("{line}\n"), time))
        })
    }

    fn check(&self, text: &str, bytes: &[u8]) -> Option<u64> {
        let (seconds, signature) = bytes.split_first_chunk::<8>()?;
        let seconds = u64::from_be_bytes(*seconds);
        let key = ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, &self.public);
        key.verify(message(text, seconds).as_bytes(), signature).ok()?;
        Some(seconds)
    }
}

/// Lines of an answer that are looked at.
const LINES_MAX: usize = 100;

fn message(text: &str, seconds: u64) -> String {
    format!("cosignature/v1\ntime {seconds}\n{text}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::note::{Checkpoint, VerifierKey};
    use ring::signature::{Ed25519KeyPair, KeyPair};

    #[test]
    fn a_cosignature_is_of_one_text_one_time_and_one_witness() {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[5; 32]).unwrap();
        let sign = |text: &[u8]| pair.sign(text).as_ref().try_into().unwrap();
        let public = pair.public_key().as_ref().try_into().unwrap();
        let (log, witness) =
            (VerifierKey { name: "log".to_owned(), public }, CosignerKey { name: "weir-b/witness".to_owned(), public });
        assert_ne!(log.id(), witness.id(), "the type is part of the id");
        assert_eq!(CosignerKey::parse(&witness.to_text()), Some(witness.clone()));
        assert_eq!(CosignerKey::parse(&log.to_text()), None, "a log's key is no witness's");
        let head = Checkpoint { origin: "log".to_owned(), size: 7, root: [1; 32] };
        let mut note = String::from_utf8(head.sign(&log, sign)).unwrap();
        assert_eq!(witness.cosigned(note.as_bytes()), Err(NoteError::NotSigned));
        let line = witness.line(&head.text(), 1_795_303_178, sign);
        note.push_str(&line);
        assert_eq!(witness.cosigned(note.as_bytes()), Ok(1_795_303_178));
        assert_eq!(log.open(note.as_bytes()), Ok(head.clone()));
        assert_eq!(witness.line_of(&head.text(), &format!("\n{line}")), Some((line.clone(), 1_795_303_178)));
        let later = Checkpoint { size: 8, ..head };
        assert_eq!(witness.line_of(&later.text(), &line), None);
        for i in note.len() - line.len() + 20..note.len() - 1 {
            let mut changed = note.clone().into_bytes();
            changed[i] = if changed[i] == b'A' { b'B' } else { b'A' };
            assert!(witness.cosigned(&changed).is_err(), "byte {i}");
        }
    }
}

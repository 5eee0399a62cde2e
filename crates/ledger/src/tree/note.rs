//! C2SP signed notes and checkpoints (c2sp.org/signed-note, c2sp.org/tlog-checkpoint).
//!
//! ```text
//! <origin>\n<size, decimal>\n<root, base64>\n\n— <key name> <base64(key id, 4 bytes ‖ signature, 64 bytes)>\n
//! ```
//! The key name is the origin; key id = first 4 bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key); the signature is Ed25519
//! over the text up to and including the newline before the blank line. Limits: 64 KiB a note, 100 signatures, no extension lines.

use super::hash::{Hash, sha256};

/// A note is not read past this.
pub const NOTE_BYTES_MAX: usize = 64 * 1024;
const SIGNATURES_MAX: usize = 100;
const ED25519: u8 = 1;
/// What stands before each signature, with a space behind it.
pub(crate) const DASH: &str = "\u{2014}";

/// What a checkpoint says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Whose tree.
    pub origin: String,
    /// How many leaves.
    pub size: u64,
    /// Their root.
    pub root: Hash,
}

/// Why a note was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not a signed note, or not a checkpoint in one.
    #[error("not a C2SP checkpoint")]
    Malformed,
    /// No signature line is of the key that was asked for.
    #[error("no signature by the expected key")]
    NotSigned,
    /// A line claims that key, and its signature is not of this text.
    #[error("the signature does not fit the text")]
    Forged,
}

/// The key that checks an origin's checkpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    /// The key name: the origin.
    pub name: String,
    /// The Ed25519 public key.
    pub public: [u8; 32],
}

impl VerifierKey {
    /// The 4-byte id that a signature line carries.
    pub fn id(&self) -> [u8; 4] {
        key_id(&self.name, ED25519, &self.public)
    }

    /// The form that Go's `sumdb/note` and other tools read: `name+id+base64`.
    pub fn to_text(&self) -> String {
        key_text(&self.name, ED25519, &self.public)
    }

    /// Reads what [`VerifierKey::to_text`] writes, with the id that it must have.
    pub fn parse(text: &str) -> Option<VerifierKey> {
        let (name, public) = parse_key(text, ED25519)?;
        Some(VerifierKey { name, public })
    }

    /// What people compare: SHA-256 of the text of the key, as `printf %s KEY | sha256sum` says it.
    pub fn fingerprint(&self) -> String {
        weir_event::ids::hex(&sha256(self.to_text().as_bytes()))
    }

    /// Reads a note and checks its signature by this key. Signatures of other keys (witnesses) are passed over.
    pub fn open(&self, note: &[u8]) -> Result<Checkpoint, NoteError> {
        let (text, signatures) = split(note)?;
        let checkpoint = parse_text(text)?;
        for (name, id, signature) in signatures {
            if name == self.name && id == self.id() {
                let key = ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, &self.public);
                key.verify(text.as_bytes(), &signature).map_err(|_| NoteError::Forged)?;
                return if checkpoint.origin == self.name { Ok(checkpoint) } else { Err(NoteError::Malformed) };
            }
        }
        Err(NoteError::NotSigned)
    }
}

impl Checkpoint {
    /// The signed part.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, base64(&self.root))
    }

    /// The whole note, signed by `sign`.
    pub fn sign(&self, key: &VerifierKey, sign: impl FnOnce(&[u8]) -> [u8; 64]) -> Vec<u8> {
        let text = self.text();
        let line = signature_text(&key.name, &key.id(), &sign(text.as_bytes()));
        format!("{text}\n{line}").into_bytes()
    }

    /// Reads a checkpoint without checking who signed it.
    pub fn parse_unverified(note: &[u8]) -> Result<Checkpoint, NoteError> {
        parse_text(split(note)?.0)
    }
}

/// The 4 bytes by which a signature line names its key.
pub(crate) fn key_id(name: &str, kind: u8, public: &[u8; 32]) -> [u8; 4] {
    let hash = sha256(&[name.as_bytes(), b"\n", &[kind], public].concat());
    [hash[0], hash[1], hash[2], hash[3]]
}

pub(crate) fn key_text(name: &str, kind: u8, public: &[u8; 32]) -> String {
    let key = [&[kind], &public[..]].concat();
    format!("{name}+{}+{}", weir_event::ids::hex(&key_id(name, kind, public)), base64(&key))
}

pub(crate) fn parse_key(text: &str, kind: u8) -> Option<(String, [u8; 32])> {
    let (name, rest) = text.split_once('+')?;
    let (id, key) = rest.split_once('+')?;
    let key = from_base64(key)?;
    let (found, public) = key.split_first()?;
    let public: [u8; 32] = public.try_into().ok()?;
    let is_whole = *found == kind && is_valid_origin(name) && weir_event::ids::hex(&key_id(name, kind, &public)) == id;
    is_whole.then(|| (name.to_owned(), public))
}

/// A name for keys and origins: not empty, no white space, no `+`, no control character (c2sp.org/signed-note), at most 200 bytes.
pub fn is_valid_origin(name: &str) -> bool {
    !name.is_empty() && name.len() <= 200 && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

pub(crate) type SignatureLine<'a> = (&'a str, [u8; 4], Vec<u8>);

/// The signed text of a note, and its signature lines: name, key id, signature.
pub(crate) fn split(note: &[u8]) -> Result<(&str, Vec<SignatureLine<'_>>), NoteError> {
    let bad = NoteError::Malformed;
    if note.len() > NOTE_BYTES_MAX {
        return Err(bad);
    }
    let note = std::str::from_utf8(note).map_err(|_| bad)?;
    if note.chars().any(|c| c.is_control() && c != '\n') {
        return Err(bad);
    }
    let end = note.rfind("\n\n").ok_or(bad)? + 1;
    let (text, lines) = (&note[..end], &note[end + 1..]);
    let lines = lines.strip_suffix('\n').ok_or(bad)?;
    let mut signatures = Vec::new();
    for line in lines.split('\n') {
        if signatures.len() == SIGNATURES_MAX {
            return Err(bad);
        }
        signatures.push(signature_line(line).ok_or(bad)?);
    }
    Ok((text, signatures))
}

/// A note with one more signature line, which takes the place of one of the same name and key.
pub(crate) fn with_line(note: &str, line: &str) -> Result<String, NoteError> {
    let (text, lines) = split(note.as_bytes())?;
    let line = line.trim_end_matches('\n');
    let (name, id, signature) = signature_line(line).ok_or(NoteError::Malformed)?;
    let mut out = format!("{text}\n");
    for (name, id, signature) in lines.iter().filter(|other| (other.0, other.1) != (name, id)) {
        out.push_str(&signature_text(name, id, signature));
    }
    Ok(out + &signature_text(name, &id, &signature))
}

/// One signature, as a line with its end.
pub(crate) fn signature_text(name: &str, id: &[u8; 4], signature: &[u8]) -> String {
    format!("{DASH} {name} {}\n", base64(&[&id[..], signature].concat()))
}

/// One line of a signature, without its end.
pub(crate) fn signature_line(line: &str) -> Option<SignatureLine<'_>> {
    let (name, encoded) = line.strip_prefix(DASH)?.strip_prefix(' ')?.split_once(' ')?;
    let bytes = from_base64(encoded)?;
    let (id, signature) = bytes.split_first_chunk::<4>()?;
    (is_valid_origin(name) && !signature.is_empty()).then(|| (name, *id, signature.to_vec()))
}

fn parse_text(text: &str) -> Result<Checkpoint, NoteError> {
    let bad = NoteError::Malformed;
    let mut lines = text.strip_suffix('\n').ok_or(bad)?.split('\n');
    let (Some(origin), Some(size), Some(root), None) = (lines.next(), lines.next(), lines.next(), lines.next()) else {
        return Err(bad);
    };
    let digits = size.bytes().all(|b| b.is_ascii_digit()) && (size == "0" || !size.starts_with('0'));
    if !is_valid_origin(origin) || !digits {
        return Err(bad);
    }
    Ok(Checkpoint {
        origin: origin.to_owned(),
        size: size.parse().map_err(|_| bad)?,
        root: from_base64(root).and_then(|r| r.try_into().ok()).ok_or(bad)?,
    })
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Standard base64 with padding (RFC 4648 section 4).
pub fn base64(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().enumerate().fold(0_u32, |word, (i, b)| word | u32::from(*b) << (16 - 8 * i));
        for i in 0..4 {
            if i <= chunk.len() {
                out.push(ALPHABET[(word >> (18 - 6 * i)) as usize & 63] as char);
            } else {
                out.push('=');
            }
        }
    }
    out
}

/// Reads what [`base64`] writes and nothing else: padding required, unused bits zero.
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    let bytes = text.as_bytes();
    if !bytes.len().is_multiple_of(4) {
        return None;
    }
    let mut out = Vec::with_capacity(bytes.len() / 4 * 3);
    for (n, chunk) in bytes.chunks(4).enumerate() {
        let padding = if n + 1 == bytes.len() / 4 { chunk.iter().rev().take_while(|b| **b == b'=').count() } else { 0 };
        if padding > 2 {
            return None;
        }
        let mut word = 0_u32;
        for byte in &chunk[..4 - padding] {
            word = word << 6 | ALPHABET.iter().position(|a| a == byte)? as u32;
        }
        word <<= 6 * padding;
        let decoded = word.to_be_bytes();
        out.extend_from_slice(&decoded[1..4 - padding]);
        if decoded[4 - padding..].iter().any(|b| *b != 0) {
            return None;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ring::signature::{Ed25519KeyPair, KeyPair};

    fn pair() -> (Ed25519KeyPair, VerifierKey) {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap();
        let public = pair.public_key().as_ref().try_into().unwrap();
        (pair, VerifierKey { name: "weir/0011aabb/egress".to_owned(), public })
    }

    fn signed() -> (VerifierKey, Checkpoint, Vec<u8>) {
        let (pair, key) = pair();
        let checkpoint = Checkpoint { origin: key.name.clone(), size: 70_000, root: [3; 32] };
        let note = checkpoint.sign(&key, |text| pair.sign(text).as_ref().try_into().unwrap());
        (key, checkpoint, note)
    }

    #[test]
    fn a_signed_checkpoint_opens_and_a_changed_one_does_not() {
        let (key, checkpoint, note) = signed();
        assert_eq!(key.open(&note), Ok(checkpoint));
        for i in 0..note.len() {
            let mut changed = note.clone();
            changed[i] ^= 1;
            assert!(key.open(&changed).is_err(), "byte {i}");
        }
        let other = VerifierKey { public: [1; 32], ..key };
        assert_eq!(other.open(&note), Err(NoteError::NotSigned));
    }

    #[test]
    fn the_example_note_of_go_sumdb_verifies() {
        // golang.org/x/mod/sumdb/note, package example.
        let text = "If you think cryptography is the answer to your problem,\n\
                    then you don't know what your problem is.\n";
        let line = "\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
        let key = VerifierKey {
            name: "PeterNeumann".to_owned(),
            public: from_base64("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").unwrap()[1..].try_into().unwrap(),
        };
        assert_eq!(key.to_text(), "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
        assert_eq!(VerifierKey::parse(&key.to_text()), Some(key.clone()));
        assert_eq!(VerifierKey::parse(&key.to_text().replace("c74f", "c74e")), None, "the id is of the key");
        let note = format!("{text}\n{line}");
        let (signed, lines) = split(note.as_bytes()).unwrap();
        assert_eq!((signed, lines.len(), lines[0].1), (text, 1, key.id()));
        let ed25519 = ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, &key.public);
        ed25519.verify(signed.as_bytes(), &lines[0].2).unwrap();
    }

    #[test]
    fn a_witness_signature_is_passed_over() {
        let (key, checkpoint, mut note) = signed();
        note.extend_from_slice(format!("\u{2014} witness {}\n", base64(&[5; 76])).as_bytes());
        assert_eq!(key.open(&note), Ok(checkpoint));
    }

    #[test]
    fn base64_of_rfc_4648_section_10() {
        for (plain, encoded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(plain.as_bytes()), encoded);
            assert_eq!(from_base64(encoded).as_deref(), Some(plain.as_bytes()));
        }
        for bad in ["Z", "Zg=", "Zh==", "Z===", "Zm8=Zm8=", "Zm 8"] {
            assert_eq!(from_base64(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn base64_comes_back(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            prop_assert_eq!(from_base64(&base64(&bytes)), Some(bytes));
        }
    }
}

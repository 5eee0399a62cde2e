//! A checkpoint as a letter: words that a person can mail, with the signed note between two lines, and the way back from a mail that was
//! quoted, wrapped or re-encoded on its way. What is read back must be signed: the words around it count for nothing.

use crate::tree::note::{Checkpoint, DASH, NOTE_BYTES_MAX, VerifierKey};

/// A letter is not read past this.
pub const LETTER_BYTES_MAX: usize = 1024 * 1024;
const BEGIN: &str = "-----BEGIN CHECKPOINT-----";
const END: &str = "-----END CHECKPOINT-----";

/// The note between its two lines.
pub(crate) fn armored(note: &str) -> String {
    format!("{BEGIN}\n{note}{END}\n")
}

/// The letter about a checkpoint.
pub fn write(note: &str, head: &Checkpoint, key: &VerifierKey) -> String {
    format!(
        "Checkpoint of the ledger {}\n\n\
         This message fixes what the ledger held when it was written: {} entries. Please keep it where whoever runs\n\
         the ledger cannot change it: a mailbox, a printout. On any later day, on the machine of that ledger,\n\
         \x20   weir ledger check-checkpoint FILE_WITH_THIS_MESSAGE\n\
         says whether the ledger still holds these entries as they were.\n\n{}\n\
         The key that signed it: {}\n\
         Its fingerprint, the SHA-256 of that text: {}\n\
         Compare the fingerprint with one that reached you by another way.\n",
        head.origin,
        head.size,
        armored(note),
        key.to_text(),
        key.fingerprint()
    )
}

/// The notes in a text: between the two lines, or the whole of it where it has none. They may have been quoted with `>`, have other ends
/// of lines, be wrapped at spaces, or be quoted-printable. Not checked: who signed them is for [`VerifierKey::open`] to say.
pub fn read(text: &[u8]) -> Vec<String> {
    let Some(text) = text.get(..text.len().min(LETTER_BYTES_MAX)) else { return Vec::new() };
    let text = String::from_utf8_lossy(text);
    // The dash before a signature is not ASCII, so that every quoted-printable letter has one of these.
    let text = if text.contains("=E2=80=94") { unquoted(&text) } else { text.into_owned() };
    let lines: Vec<&str> = text.lines().map(|line| line.trim_start_matches(['>', ' ', '\t', '|']).trim_end()).collect();
    let mut notes = Vec::new();
    let mut rest = lines.as_slice();
    while let Some(begin) = rest.iter().position(|line| *line == BEGIN) {
        rest = &rest[begin + 1..];
        let Some(end) = rest.iter().position(|line| *line == END) else { return notes };
        notes.extend(note(&rest[..end]));
        rest = &rest[end + 1..];
        if notes.len() == NOTES_MAX {
            return notes;
        }
    }
    if notes.is_empty() {
        notes.extend(note(&lines));
    }
    notes
}

/// Notes of one text.
const NOTES_MAX: usize = 16;

/// The note of these lines as it was signed.
fn note(lines: &[&str]) -> Option<String> {
    let mut lines = lines.iter().filter(|line| !line.is_empty());
    let mut note = String::new();
    for _ in 0..3 {
        note.push_str(lines.next()?);
        note.push('\n');
    }
    let mut signatures: Vec<String> = Vec::new();
    for line in lines {
        match line.split_once(' ') {
            // Mail programs write the dash in other ways, too.
            Some((DASH | "\u{2013}" | "-" | "--" | "?" | "\u{fffd}", rest)) => {
                signatures.push(format!("{DASH} {rest}"))
            }
            // A wrapped line goes on: at its only space, or inside the base64.
            _ => {
                let last = signatures.last_mut()?;
                if last.matches(' ').count() < 2 {
                    last.push(' ');
                }
                last.push_str(line);
            }
        }
    }
    note.push('\n');
    for line in &signatures {
        note.push_str(line);
        note.push('\n');
    }
    let is_note = note.len() <= NOTE_BYTES_MAX && Checkpoint::parse_unverified(note.as_bytes()).is_ok();
    is_note.then_some(note)
}

/// Quoted-printable (RFC 2045 section 6.7) as text.
fn unquoted(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let digit = |i: usize| bytes.get(i).and_then(|b| char::from(*b).to_digit(16));
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'=', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            (b'=', ..) if bytes.get(at + 1) == Some(&b'\n') => at += 2,
            (b'=', ..) if bytes.get(at + 1..at + 3) == Some(b"\r\n") => at += 3,
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{Ed25519KeyPair, KeyPair};

    #[test]
    fn a_letter_comes_back_however_mail_treated_it() {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap();
        let key = VerifierKey {
            name: "weir/0011aabb/egress".to_owned(),
            public: pair.public_key().as_ref().try_into().unwrap(),
        };
        let head = Checkpoint { origin: key.name.clone(), size: 70_000, root: [3; 32] };
        let note = String::from_utf8(head.sign(&key, |text| pair.sign(text).as_ref().try_into().unwrap())).unwrap();
        let letter = write(&note, &head, &key);
        assert!(letter.contains(&key.fingerprint()) && letter.contains(&key.to_text()));
        let wrapped = {
            let line = note.lines().last().unwrap();
            let at = line.rfind(' ').unwrap();
            letter.replace(line, &format!("{}\n{}\n{}", &line[..at], &line[at + 1..at + 40], &line[at + 40..]))
        };
        let printable: String = letter
            .bytes()
            .map(|b| if b == b'=' || !b.is_ascii() { format!("={b:02X}") } else { char::from(b).to_string() })
            .collect();
        for (how, text) in [
            ("as it is", letter.clone()),
            ("bare", note.clone()),
            ("quoted", letter.lines().map(|line| format!("> {line}  \r\n")).collect()),
            ("wrapped", wrapped),
            ("with another dash", letter.replace(DASH, "--")),
            ("quoted-printable", printable.replace("70000", "700=\n00")),
            ("twice as many lines", letter.replace('\n', "\n\n")),
        ] {
            let notes = read(text.as_bytes());
            assert_eq!(notes.as_slice(), std::slice::from_ref(&note), "{how}");
            assert_eq!(key.open(notes[0].as_bytes()), Ok(head.clone()), "{how}");
        }
        assert_eq!(read(letter.replace(END, "").as_bytes()), Vec::<String>::new());
        let forged = read(letter.replace("\n70000\n", "\n60000\n").as_bytes());
        assert!(key.open(forged[0].as_bytes()).is_err(), "what is changed on the way is not signed");
    }
}

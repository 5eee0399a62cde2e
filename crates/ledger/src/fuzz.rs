//! Readers of bytes from the disk, as functions that must never panic; replayed on stable by the tests and by libFuzzer.

use weir_event::Millis;

use crate::anchor::Origin;
use crate::consistency::Proof;
use crate::entry::{Entry, decode_results};
use crate::record::{FileHeader, Records, SNAPSHOT};
use crate::rows::Body;
use crate::state::State;
use crate::thin::ThinBody;
use crate::tree::cosignature::CosignerKey;
use crate::tree::note::{Checkpoint, VerifierKey};
use crate::tree::tiles::{read_bundle, read_tile};
use crate::witness::AddCheckpoint;

/// A log file: header, records, entries, snapshot, rows, and what they add up to.
pub fn fuzz_log_file(data: &[u8]) {
    let Ok(header) = FileHeader::decode(data) else { return fuzz_entry(data) };
    let mut records = Records::new(data, &header);
    let mut state = State::default();
    while let Some(record) = records.next() {
        if record.kind == SNAPSHOT {
            state = State::decode(record.body).unwrap_or_default();
        } else if let Ok((at, entry)) = Entry::decode(record.leaf) {
            let _ = state.apply(at, &entry, record.body);
        }
    }
    let _ = (records.end(), state.encode());
}

/// One entry with a body: the first byte is the length of the leaf.
pub fn fuzz_entry(data: &[u8]) {
    let Some((len, rest)) = data.split_first() else { return };
    let (leaf, body) = rest.split_at(usize::from(*len).min(rest.len()));
    if let Ok((at, entry)) = Entry::decode(leaf) {
        assert_eq!(entry.encode(at), leaf, "a leaf has one form");
        let _ = State::default().apply(Millis(0), &entry, body);
    }
    let _ = decode_results(body, u32::from(*len));
    fuzz_rows(body);
}

/// A state snapshot.
pub fn fuzz_snapshot(data: &[u8]) {
    if let Ok(state) = State::decode(data) {
        let again = State::decode(&state.encode());
        assert_eq!(again.as_ref(), Ok(&state), "a snapshot comes back");
    }
}

/// The body of an intent.
pub fn fuzz_rows(data: &[u8]) {
    match Body::parse(data) {
        Ok(Body::Rows(body)) => {
            let _ = (body.stored_root(), body.is_punctured());
            let (rows, thin) = (body.rows().flatten().count() as u64, ThinBody::of(&body));
            let again = ThinBody::parse(&thin).map(|thin| (thin.count(), thin.events().values().sum::<u64>()));
            assert_eq!(again, Ok((body.count(), rows)), "a thinned body comes back");
        }
        Ok(Body::Thin(body)) => {
            let _ = (body.events(), body.erased());
        }
        Err(_) => {}
    }
}

/// What comes from outside as text: a letter, a proof of consistency, what somebody asks of a witness, a cosignature.
pub fn fuzz_from_outside(data: &[u8]) {
    for note in crate::letter::read(data) {
        assert!(Checkpoint::parse_unverified(note.as_bytes()).is_ok(), "what is read is a note");
    }
    if let Ok(proof) = Proof::parse(data) {
        let _ = proof.check(None);
        let again = Proof::parse(proof.text().as_bytes());
        assert!(again.is_ok_and(|again| again.hashes == proof.hashes), "a proof comes back");
    }
    if let Some(request) = AddCheckpoint::parse(data) {
        assert_eq!(AddCheckpoint::parse(request.text().as_bytes()), Some(request), "a request comes back");
    }
    let witness = CosignerKey { name: "witness".to_owned(), public: [7; 32] };
    let text = String::from_utf8_lossy(data);
    let _ = (witness.cosigned(data), witness.line_of(&text, &text));
    let _ = (CosignerKey::parse(&text), VerifierKey::parse(&text));
}

/// The file of a reason.
pub fn fuzz_reason(data: &[u8]) {
    if let Some(text) = crate::coverage::read_reason(data) {
        assert!(crate::coverage::is_reason(&text));
    }
}

/// A tile and a bundle.
pub fn fuzz_tile(data: &[u8]) {
    let _ = (read_tile(data), read_bundle(data));
}

/// A checkpoint, an origin file.
pub fn fuzz_checkpoint(data: &[u8]) {
    let key = VerifierKey { name: "weir/0011aabb/egress".to_owned(), public: [1; 32] };
    let _ = key.open(data);
    if let Ok(checkpoint) = Checkpoint::parse_unverified(data) {
        let text = checkpoint.text();
        assert!(data.starts_with(text.as_bytes()), "a checkpoint has one form");
    }
    let _ = Origin::parse(data);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(data: &[u8]) {
        for target in
            [fuzz_log_file, fuzz_entry, fuzz_snapshot, fuzz_rows, fuzz_tile, fuzz_checkpoint, fuzz_from_outside]
        {
            target(data);
        }
    }

    /// A file of a good header and good records around the given leaves and bodies.
    fn framed(parts: &[(u8, Vec<u8>, Vec<u8>)]) -> Vec<u8> {
        let header = FileHeader { tree: 1, first_index: 0, first_group: 0, previous: 0, made_at: 0, replaced: None };
        let mut bytes = header.encode();
        let mut previous = header.checksum();
        for (i, (kind, leaf, body)) in parts.iter().enumerate() {
            let record = crate::record::Unwritten::new(*kind, leaf, body).unwrap();
            previous = record.write(&mut bytes, 0, i == 0, i + 1 == parts.len(), previous);
        }
        bytes
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn no_bytes_make_a_reader_panic(data in proptest::collection::vec(any::<u8>(), 0..300)) {
            all(&data);
        }

        #[test]
        fn no_framed_bytes_make_a_reader_panic(
            parts in proptest::collection::vec(
                (
                    prop_oneof![Just(SNAPSHOT), 1_u8..13],
                    proptest::collection::vec(any::<u8>(), 0..60),
                    proptest::collection::vec(any::<u8>(), 0..60),
                ),
                0..4,
            ),
        ) {
            let parts: Vec<_> = parts
                .into_iter()
                .map(|(kind, mut leaf, mut body)| {
                    // Past the version bytes, where the interesting readers are.
                    leaf.splice(0..0, [1, kind]);
                    body.splice(0..0, [1]);
                    (kind, leaf, body)
                })
                .collect();
            fuzz_log_file(&framed(&parts));
            for (_, leaf, body) in parts {
                all(&[&[leaf.len() as u8][..], &leaf, &body].concat());
                all(&body);
            }
        }
    }
}

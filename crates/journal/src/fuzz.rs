//! Entry points for fuzzing; replayed on stable by this crate's tests and by libFuzzer.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use weir_event::names::NameVerdict;
use weir_event::{NameJudge, Names};
use weir_keys::{AeadKey, SecretKey};

use crate::disk::DiskFile;
use crate::group::{Group, KnownNames, notes};
use crate::segment::{Found, Frame, SegmentReader, Span};

struct AllClean;

impl NameJudge for AllClean {
    fn judge(&self, _: &str) -> NameVerdict {
        NameVerdict::Clean
    }
}

struct Bytes(Vec<u8>);

impl DiskFile for Bytes {
    fn read_at(&self, buffer: &mut [u8], at: u64) -> std::io::Result<usize> {
        let rest = usize::try_from(at).ok().and_then(|at| self.0.get(at..)).unwrap_or_default();
        let n = rest.len().min(buffer.len());
        buffer[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    }
    fn write_all_at(&self, _: &[u8], _: u64) -> std::io::Result<()> {
        Ok(())
    }
    fn sync_data(&self) -> std::io::Result<()> {
        Ok(())
    }
    fn len(&self) -> std::io::Result<u64> {
        Ok(self.0.len() as u64)
    }
    fn set_len(&self, _: u64) -> std::io::Result<()> {
        Ok(())
    }
}

/// Any bytes as a segment's groups, and as the plain bytes of a group whose seal was right: never panics, never loops, never
/// allocates more than the bytes justify.
pub fn fuzz_segment(data: &[u8]) {
    static NAMES: OnceLock<Arc<Names>> = OnceLock::new();
    let names = NAMES.get_or_init(|| Names::new(Box::new(AllClean)));
    let records = data.first().copied().unwrap_or(0).into();
    let frame = Frame { sealed_len: 16, counter: 1, base: 0, records, span: Span::EMPTY };
    let _ = notes(data);
    let _ = Group::own(&frame, data.to_vec());
    // Names are interned for good, so only short inputs may bring some.
    if data.len() < 64 {
        let _ = Group::decode(&frame, data.to_vec(), names, &mut KnownNames::default());
    }

    let key = AeadKey::new(&SecretKey::from_bytes([7; 32]));
    let file = Bytes(data.to_vec());
    let reader = SegmentReader { file: &file, path: Path::new("segment"), id: &[0; 16], key: &key };
    let _ = reader.group(0);
    if let Ok(Some((at, _))) = reader.search(0, 0) {
        let found = reader.group(at);
        debug_assert!(!matches!(found, Ok(Found::Nothing)), "a frame that was found is there");
    }
}

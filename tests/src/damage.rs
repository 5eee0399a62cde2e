//! What a crash can leave on a disk beside what was synced: a group that was only partly written.
//!
//! Bytes that were synced stay as they are: losing those is a broken disk, not a crash. So the damage goes behind the last
//! written byte of the newest file, where an append was under way.

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::privacy::files_below;
use crate::random::Random;

/// How an append can be torn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tear {
    /// The sectors of it hold whatever was there before: noise.
    Noise,
    /// A copy of a real beginning, then nothing: the first sectors arrived.
    Beginning,
    /// A copy of a real beginning with a flipped bit, then noise.
    Flipped,
}

/// All of them.
pub const TEARS: [Tear; 3] = [Tear::Noise, Tear::Beginning, Tear::Flipped];

/// The newest file with this ending below a folder, by time of its last change; of equals the last by name.
pub fn newest(folder: &Path, ending: &str) -> Option<PathBuf> {
    let changed = |path: &PathBuf| fs::metadata(path).and_then(|m| m.modified()).ok();
    let files = files_below(folder).into_iter().filter(|path| path.extension().is_some_and(|e| e == ending));
    files.filter(|path| fs::metadata(path).is_ok_and(|m| m.len() > 0)).max_by_key(changed)
}

/// Tears the end of a file that is appended to; says what it did.
pub fn tear(file: &Path, tear: Tear, random: &mut Random) -> std::io::Result<String> {
    let bytes = fs::read(file)?;
    let end = bytes.iter().rposition(|b| *b != 0).map_or(0, |at| at + 1);
    // A value may end in zero bytes; what follows within the same 64 bytes could still belong to it.
    let from = (end + 64).next_multiple_of(64).min(bytes.len().max(end + 64));
    let length = 16 + random.below(2_000) as usize;
    let start = end.saturating_sub(4_096 + random.below(8_192) as usize);
    let mut written: Vec<u8> = bytes[start..end].iter().copied().cycle().take(length).collect();
    match tear {
        Tear::Noise => written.iter_mut().for_each(|b| *b = random.draw() as u8),
        Tear::Beginning => {}
        Tear::Flipped => {
            if let Some(byte) = written.first_mut() {
                *byte ^= 1 << random.below(8);
            }
            let half = written.len() / 2;
            written[half..].iter_mut().for_each(|b| *b = random.draw() as u8);
        }
    }
    let mut out = fs::OpenOptions::new().write(true).open(file)?;
    out.seek(SeekFrom::Start(from as u64))?;
    out.write_all(&written)?;
    out.sync_all()?;
    Ok(format!("{tear:?}: {} bytes at {from} of {}", written.len(), file.display()))
}

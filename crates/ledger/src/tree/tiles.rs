//! Tiles on the disk: their paths, and a reader that serves node hashes of one tree size to the proofs (c2sp.org/tlog-tiles).

use std::io;
use std::path::{Path, PathBuf};

use super::hash::{Hash, root_of};
use super::proof::Nodes;

/// Hashes of a full tile, and leaves of a full bundle.
pub const TILE_WIDTH: u64 = 256;
/// Levels that a tree of 2^64 leaves has.
pub(crate) const LEVELS: u8 = 8;

/// `001`, `x001/234`, `x001/x234/067`: the index in groups of three digits, all but the last marked.
pub fn index_path(index: u64) -> String {
    let mut path = format!("{:03}", index % 1_000);
    let mut rest = index / 1_000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1_000);
        rest /= 1_000;
    }
    path
}

/// The path of a tile below `tree/`; a width of 256 is a full one.
pub fn tile_path(level: u8, index: u64, width: u64) -> String {
    format!("tile/{level}/{}{}", index_path(index), partial(width))
}

/// The path of a bundle of leaves below `tree/`.
pub fn bundle_path(index: u64, width: u64) -> String {
    format!("tile/entries/{}{}", index_path(index), partial(width))
}

fn partial(width: u64) -> String {
    if width == TILE_WIDTH { String::new() } else { format!(".p/{width}") }
}

/// How many hashes the tile has in a tree of `size` leaves; 0 where it is not served.
pub fn tile_width(level: u8, index: u64, size: u64) -> u64 {
    let hashes = size.checked_shr(8 * u32::from(level)).unwrap_or(0);
    hashes.saturating_sub(index.saturating_mul(TILE_WIDTH)).min(TILE_WIDTH)
}

/// The tiles of a tree of `size` leaves in a folder.
#[derive(Clone, Debug)]
pub struct Tiles {
    dir: PathBuf,
    size: u64,
}

impl Tiles {
    /// `dir` is the folder that holds `checkpoint` and `tile/`; `size` that of a checkpoint.
    pub fn new(dir: &Path, size: u64) -> Tiles {
        Tiles { dir: dir.to_owned(), size }
    }

    /// The hashes of one tile.
    pub fn tile(&self, level: u8, index: u64) -> io::Result<Vec<Hash>> {
        let width = tile_width(level, index, self.size);
        let bytes = self.read(width, |width| tile_path(level, index, width))?;
        let hashes = read_tile(&bytes).ok_or_else(|| malformed("a tile is not made of whole hashes"))?;
        // A wider tile than this size needs begins with the same hashes.
        hashes.get(..width as usize).map(<[Hash]>::to_vec).ok_or_else(|| malformed("a tile is too short"))
    }

    /// The leaves of one bundle.
    pub fn bundle(&self, index: u64) -> io::Result<Vec<Vec<u8>>> {
        let width = tile_width(0, index, self.size);
        let bytes = self.read(width, |width| bundle_path(index, width))?;
        let leaves = read_bundle(&bytes).ok_or_else(|| malformed("a bundle ends inside a leaf"))?;
        let wanted = leaves.get(..width as usize).ok_or_else(|| malformed("a bundle is too short"))?;
        Ok(wanted.iter().map(|leaf| leaf.to_vec()).collect())
    }

    /// Reads the file of the width asked for, or the full one that replaced it.
    fn read(&self, width: u64, path: impl Fn(u64) -> String) -> io::Result<Vec<u8>> {
        match std::fs::read(self.dir.join(path(width))) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && width < TILE_WIDTH => {
                std::fs::read(self.dir.join(path(TILE_WIDTH)))
            }
            read => read,
        }
    }
}

impl Nodes for Tiles {
    type Error = io::Error;

    fn node(&self, level: u8, index: u64) -> io::Result<Hash> {
        node_of_tile(level, index, |level, index| self.tile(level, index))
    }
}

/// The node as the root over the hashes of the tile that it lies in.
pub(crate) fn node_of_tile(
    level: u8,
    index: u64,
    tile: impl FnOnce(u8, u64) -> io::Result<Vec<Hash>>,
) -> io::Result<Hash> {
    let (tile_level, rise) = (level / 8, level % 8);
    let first = index << rise;
    let hashes = tile(tile_level, first / TILE_WIDTH)?;
    let from = (first % TILE_WIDTH) as usize;
    let below = hashes.get(from..from + (1 << rise)).ok_or_else(|| malformed("a tile is too short"))?;
    Ok(root_of(&mut below.to_vec()))
}

/// Splits a tile into hashes; `None` where it is not made of 1 to 256 whole ones.
pub fn read_tile(bytes: &[u8]) -> Option<Vec<Hash>> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    (rest.is_empty() && (1..=256).contains(&hashes.len())).then(|| hashes.to_vec())
}

/// Splits a bundle into leaves; `None` where it ends inside one or holds more than 256.
pub fn read_bundle(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut leaves = Vec::new();
    let mut rest = bytes;
    while let Some((len, after)) = rest.split_first_chunk::<2>() {
        let len = usize::from(u16::from_be_bytes(*len));
        leaves.push(after.get(..len)?);
        rest = &after[len..];
        if leaves.len() > TILE_WIDTH as usize {
            return None;
        }
    }
    rest.is_empty().then_some(leaves)
}

fn malformed(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        assert_eq!(tile_path(0, 0, 256), "tile/0/000");
        assert_eq!(tile_path(0, 273, 112), "tile/0/273.p/112");
        assert_eq!(tile_path(1, 1_234_067, 256), "tile/1/x001/x234/067");
        assert_eq!(bundle_path(1_000, 1), "tile/entries/x001/000.p/1");
    }

    #[test]
    fn widths_of_70_000_leaves() {
        assert_eq!((tile_width(0, 272, 70_000), tile_width(0, 273, 70_000), tile_width(0, 274, 70_000)), (256, 112, 0));
        assert_eq!((tile_width(1, 0, 70_000), tile_width(1, 1, 70_000)), (256, 17));
        assert_eq!((tile_width(2, 0, 70_000), tile_width(3, 0, 70_000), tile_width(9, 0, 70_000)), (1, 0, 0));
    }
}

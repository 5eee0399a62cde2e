//! The tree that is being written: its right edge in memory, its tiles and checkpoint on the disk.
//!
//! Order of a publication, and what a crash leaves after each step:
//! 1. sign the new head — nothing;
//! 2. persist it as `signed` beside the tree — a head that nobody has seen; the next open finds it, makes the tiles again from
//!    the log, and checks that they have its root before it signs anything else;
//! 3. write tiles and bundles — files that no checkpoint covers yet; the next open writes the same bytes again;
//! 4. publish `checkpoint` — done;
//! 5. remove partial tiles of the publication before the last — at worst some stay.
//!
//! Only ever appending to a tree whose root was checked against the newest signed head, a process cannot sign two heads that
//! contradict each other.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::hash::{Hash, leaf_hash, node_hash, root_of, sha256};
use super::note::{Checkpoint, VerifierKey};
use super::proof::Nodes;
use super::tiles::{LEVELS, TILE_WIDTH, Tiles, bundle_path, node_of_tile, tile_path};
use crate::disk::{Disk, replace};
use crate::error::LedgerError;

/// Full tiles held for the next publication; over it they are written ahead, which is harmless: no checkpoint covers them.
const PENDING_FILES_MAX: usize = 512;

pub(crate) struct Tree {
    /// The folder of the ledger: `signed` lies here, the rest below `tree/`.
    dir: PathBuf,
    disk: Arc<dyn Disk>,
    size: u64,
    /// For each level the hashes of its last, partial tile.
    edges: Vec<Vec<Hash>>,
    /// The last, partial bundle.
    bundle: Vec<u8>,
    /// Full tiles and bundles that are not on the disk yet, by path below `tree/`.
    pending: BTreeMap<String, Vec<u8>>,
    /// Partial files of the last two publications: only those of the one before the last may go.
    partials: [BTreeSet<String>; 2],
    published: u64,
}

impl Tree {
    pub(crate) fn empty(dir: &Path, disk: Arc<dyn Disk>) -> Tree {
        Tree {
            dir: dir.to_owned(),
            disk,
            size: 0,
            edges: vec![Vec::new(); usize::from(LEVELS)],
            bundle: Vec::new(),
            pending: BTreeMap::new(),
            partials: [BTreeSet::new(), BTreeSet::new()],
            published: 0,
        }
    }

    /// The tree at a published checkpoint, from its tiles; `None` where they are missing or do not have its root.
    pub(crate) fn load(dir: &Path, disk: Arc<dyn Disk>, checkpoint: &Checkpoint) -> Option<Tree> {
        let mut tree = Tree::empty(dir, disk);
        let tiles = Tiles::new(&tree_dir(dir), checkpoint.size);
        tree.size = checkpoint.size;
        for level in 0..LEVELS {
            let hashes = checkpoint.size >> (8 * u32::from(level));
            if !hashes.is_multiple_of(TILE_WIDTH) {
                tree.edges[usize::from(level)] = tiles.tile(level, hashes / TILE_WIDTH).ok()?;
            }
        }
        if !checkpoint.size.is_multiple_of(TILE_WIDTH) {
            for (i, leaf) in tiles.bundle(checkpoint.size / TILE_WIDTH).ok()?.iter().enumerate() {
                if tree.edges[0].get(i) != Some(&leaf_hash(leaf)) {
                    return None;
                }
                put_leaf(&mut tree.bundle, leaf);
            }
        }
        tree.published = checkpoint.size;
        tree.partials[1] = tree.partial_files().into_keys().collect();
        if tree.root() != checkpoint.root {
            return None;
        }
        tree.sweep();
        Some(tree)
    }

    /// Removes partial files that the last process wrote and nobody needs: those of the tiles before the last ones, which are whole and
    /// durable because the checkpoint covers them, and of the last ones every width but the present. Each open does so, so that there
    /// are no older ones.
    fn sweep(&self) {
        let root = tree_dir(&self.dir);
        let mut folders = BTreeSet::new();
        for index in [self.size / TILE_WIDTH, (self.size / TILE_WIDTH).saturating_sub(1)] {
            folders.insert(bundle_path(index, 1));
        }
        for level in 0..LEVELS {
            let last = (self.size >> (8 * u32::from(level))) / TILE_WIDTH;
            folders.extend([last, last.saturating_sub(1)].map(|index| tile_path(level, index, 1)));
        }
        for folder in folders.iter().filter_map(|one| Path::new(one).parent()) {
            for file in std::fs::read_dir(root.join(folder)).into_iter().flatten().flatten() {
                let is_needed = |path: &String| root.join(path) == file.path();
                if !self.partials[1].iter().any(is_needed) {
                    let _ = self.disk.remove(&file.path());
                }
            }
            // It goes with its last file.
            let _ = std::fs::remove_dir(root.join(folder));
        }
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The size of the checkpoint that readers see.
    pub(crate) fn published(&self) -> u64 {
        self.published
    }

    /// Adds a leaf, of at most 65,535 bytes (a ledger entry has at most 4,096).
    pub(crate) fn append(&mut self, leaf: &[u8]) -> Result<(), LedgerError> {
        self.edges[0].push(leaf_hash(leaf));
        put_leaf(&mut self.bundle, leaf);
        self.size += 1;
        if !self.size.is_multiple_of(TILE_WIDTH) {
            return Ok(());
        }
        let index = self.size / TILE_WIDTH - 1;
        self.pending.insert(bundle_path(index, TILE_WIDTH), std::mem::take(&mut self.bundle));
        for level in 0..LEVELS {
            let at = usize::from(level);
            if self.edges[at].len() < TILE_WIDTH as usize {
                break;
            }
            let index = (self.size >> (8 * u32::from(level))) / TILE_WIDTH - 1;
            self.pending.insert(tile_path(level, index, TILE_WIDTH), self.edges[at].concat());
            let root = root_of(&mut self.edges[at]);
            self.edges[at].clear();
            if let Some(above) = self.edges.get_mut(at + 1) {
                above.push(root);
            }
        }
        if self.pending.len() > PENDING_FILES_MAX {
            self.write_files(&self.pending)?;
            self.pending.clear();
        }
        Ok(())
    }

    /// The root over all leaves.
    pub(crate) fn root(&self) -> Hash {
        root_of_edges(&self.edges)
    }

    /// Signs, persists and publishes the present head; see the module for the order. Gives the checkpoint and its note.
    pub(crate) fn publish(
        &mut self,
        key: &VerifierKey,
        sign: impl FnOnce(&[u8]) -> [u8; 64],
    ) -> Result<(Checkpoint, Vec<u8>), LedgerError> {
        let checkpoint = Checkpoint { origin: key.name.clone(), size: self.size, root: self.root() };
        let note = checkpoint.sign(key, sign);
        self.put(&signed_path(&self.dir), &note)?;
        let partial = self.partial_files();
        self.write_files(&self.pending)?;
        self.write_files(&partial)?;
        self.pending.clear();
        self.put(&checkpoint_path(&self.dir), &note)?;
        self.published = self.size;
        let written: BTreeSet<String> = partial.into_keys().collect();
        if self.partials[1] != written {
            let [old, last] = std::mem::take(&mut self.partials);
            for path in old.iter().filter(|path| !last.contains(*path) && !written.contains(*path)) {
                let path = tree_dir(&self.dir).join(path);
                // Tidiness only: a file that stays is right, just not needed. The folder goes with its last file.
                let _ = self.disk.remove(&path);
                let _ = path.parent().map(std::fs::remove_dir);
            }
            self.partials = [last, written];
        }
        Ok((checkpoint, note))
    }

    fn partial_files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        for (level, edge) in (0..LEVELS).zip(&self.edges) {
            if !edge.is_empty() {
                let index = (self.size >> (8 * u32::from(level))) / TILE_WIDTH;
                files.insert(tile_path(level, index, edge.len() as u64), edge.concat());
            }
        }
        if !self.bundle.is_empty() {
            files.insert(bundle_path(self.size / TILE_WIDTH, self.size % TILE_WIDTH), self.bundle.clone());
        }
        files
    }

    fn write_files(&self, files: &BTreeMap<String, Vec<u8>>) -> Result<(), LedgerError> {
        let root = tree_dir(&self.dir);
        let mut dirs = BTreeSet::new();
        for (path, bytes) in files {
            let path = root.join(path);
            let parents = path.ancestors().skip(1).take_while(|dir| dir.starts_with(&root));
            let new: Vec<PathBuf> = parents.map(Path::to_owned).collect();
            if let Some(parent) = new.first() {
                self.disk.create_dir(parent).map_err(LedgerError::io("create", parent))?;
            }
            dirs.extend(new);
            replace(&*self.disk, &path, bytes).map_err(LedgerError::io("write", &path))?;
        }
        // Folders from the inside out, so that no name is durable in a folder that is not.
        dirs.iter().rev().try_for_each(|dir| self.disk.sync_dir(dir).map_err(LedgerError::io("sync", dir)))
    }

    fn put(&self, path: &Path, note: &[u8]) -> Result<(), LedgerError> {
        let dir = path.parent().unwrap_or(&self.dir);
        self.disk.create_dir(dir).map_err(LedgerError::io("create", dir))?;
        replace(&*self.disk, path, note).map_err(LedgerError::io("write", path))?;
        self.disk.sync_dir(dir).map_err(LedgerError::io("sync", dir))
    }
}

/// Serves nodes from the edge in memory and from full tiles, written or not.
impl Nodes for Tree {
    type Error = io::Error;

    fn node(&self, level: u8, index: u64) -> io::Result<Hash> {
        node_of_tile(level, index, |level, index| {
            let edge = &self.edges[usize::from(level)];
            if (self.size >> (8 * u32::from(level))) / TILE_WIDTH == index {
                return Ok(edge.clone());
            }
            if let Some(bytes) = self.pending.get(&tile_path(level, index, TILE_WIDTH)) {
                return Ok(bytes.as_chunks::<32>().0.to_vec());
            }
            Tiles::new(&tree_dir(&self.dir), self.size).tile(level, index)
        })
    }
}

/// The root of the tree whose last, partial tiles have these hashes, level by level.
pub(crate) fn root_of_edges(edges: &[Vec<Hash>]) -> Hash {
    // The complete subtrees from left to right: of each level's partial tile, its binary parts, the largest first.
    let mut peaks = Vec::new();
    for edge in edges.iter().rev() {
        let mut rest = edge.as_slice();
        while !rest.is_empty() {
            let (part, after) = rest.split_at(1 << rest.len().ilog2());
            peaks.push(root_of(&mut part.to_vec()));
            rest = after;
        }
    }
    peaks.into_iter().rev().reduce(|right, left| node_hash(&left, &right)).unwrap_or_else(|| sha256(&[]))
}

pub(crate) fn tree_dir(dir: &Path) -> PathBuf {
    dir.join("tree")
}

pub(crate) fn checkpoint_path(dir: &Path) -> PathBuf {
    tree_dir(dir).join("checkpoint")
}

/// Where a head waits between being signed and being published.
pub(crate) fn signed_path(dir: &Path) -> PathBuf {
    dir.join("signed")
}

/// The newest checkpoint with cosignatures of witnesses under it.
pub(crate) fn cosigned_path(dir: &Path) -> PathBuf {
    dir.join("cosigned")
}

fn put_leaf(bundle: &mut Vec<u8>, leaf: &[u8]) {
    bundle.extend_from_slice(&(leaf.len() as u16).to_be_bytes());
    bundle.extend_from_slice(leaf);
}

#[cfg(test)]
mod tests {
    use super::super::proof::root_at;
    use super::*;
    use crate::disk::RealDisk;

    #[test]
    fn partial_files_that_an_earlier_process_left_are_removed_at_open_and_nothing_else_is() {
        let dir = tempfile::tempdir().unwrap();
        let key = VerifierKey { name: "test".to_owned(), public: [0; 32] };
        let mut tree = Tree::empty(dir.path(), Arc::new(RealDisk));
        let files = || {
            let (mut found, mut folders) = (BTreeSet::new(), vec![tree_dir(dir.path())]);
            while let Some(at) = folders.pop() {
                for path in std::fs::read_dir(at).unwrap().map(|entry| entry.unwrap().path()) {
                    if path.is_dir() {
                        folders.push(path);
                    } else {
                        found.insert(path);
                    }
                }
            }
            found.into_iter().map(|p| p.strip_prefix(tree_dir(dir.path())).unwrap().display().to_string())
        };
        for (until, left) in [(250_u32, ["tile/0/000.p/250"].as_slice()), (260, &["tile/0/000", "tile/0/001.p/4"])] {
            // Three publications by a process that ends after the last.
            for size in [until - 2, until - 1, until] {
                while tree.size() < u64::from(size) {
                    tree.append(&(tree.size() as u32).to_be_bytes()).unwrap();
                }
                tree.publish(&key, |_| [0; 64]).unwrap();
            }
            let head = Checkpoint { origin: key.name.clone(), size: tree.size(), root: tree.root() };
            assert!(files().count() > 2 * left.len() + 1, "there is something to remove");
            tree = Tree::load(dir.path(), Arc::new(RealDisk), &head).unwrap();
            let level_0: Vec<String> = files().filter(|file| file.starts_with("tile/0/")).collect();
            assert_eq!(level_0, left);
            let bundles = files().filter(|file| file.starts_with("tile/entries/")).count();
            assert_eq!(bundles, left.len());
            assert_eq!(tree.root(), Tree::load(dir.path(), Arc::new(RealDisk), &head).unwrap().root());
        }
    }

    #[test]
    fn the_root_at_every_size_is_that_of_rfc_6962() {
        let dir = tempfile::tempdir().unwrap();
        let mut tree = Tree::empty(dir.path(), Arc::new(RealDisk));
        let mut hashes = Vec::new();
        for i in 0..1_100_u32 {
            assert_eq!(tree.root(), root_of(&mut hashes.clone()), "{i} leaves");
            tree.append(&i.to_be_bytes()).unwrap();
            hashes.push(leaf_hash(&i.to_be_bytes()));
        }
        for size in [1, 255, 256, 257, 700, 1_100] {
            assert_eq!(root_at(&tree, size).unwrap(), root_of(&mut hashes[..size as usize].to_vec()));
        }
    }
}

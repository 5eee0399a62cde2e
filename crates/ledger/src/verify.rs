//! Walking a ledger from its first entry to its checkpoint, writing nothing (`weir ledger verify`).
//!
//! Checked, in this order, until the first thing that is bad: each log file's header and place in the chain, its snapshot against
//! the replay of all entries before, each record's checksums and chain, each entry's form and fit, each body against its digest or
//! `rows_root` (rows that lie in files elsewhere are left to whoever keeps those), each leaf against bundle and tile; then the partial tiles, the root of `signed` and `checkpoint`, the
//! signatures, the anchors. With the key folder also every row against its stored leaf hash; without it the rows are not opened.

use std::path::{Path, PathBuf};

use weir_event::Millis;
use weir_keys::Keys;

use crate::anchor::{Anchor, Origin, Rewind, check};
use crate::entry::{Entry, IntentEntry};
use crate::error::LedgerError;
use crate::log::checked_header;
use crate::read::list;
use crate::record::{End, FileHeader, Record, Records, SNAPSHOT};
use crate::rows::{Body, StoredRow, Wrong};
use crate::state::State;
use crate::tree::hash::{Hash, leaf_hash, root_of};
use crate::tree::note::Checkpoint;
use crate::tree::store::{checkpoint_path, cosigned_path, root_of_edges, signed_path, tree_dir};
use crate::tree::tiles::{LEVELS, TILE_WIDTH, Tiles, bundle_path, tile_path};

/// The first thing that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bad {
    /// In which file.
    pub file: PathBuf,
    /// At which entry of the log, where it is about one.
    pub index: Option<u64>,
    /// What is wrong.
    pub what: String,
}

/// What a walk found.
#[derive(Clone, Debug)]
pub struct Report {
    /// The tree's name.
    pub origin: String,
    /// The key that checks its checkpoints, as other tools read it.
    pub verifier_key: String,
    /// Readable entries of the log.
    pub entries: u64,
    /// Entries that the checkpoint covers.
    pub tree_size: u64,
    /// Rows in intents.
    pub rows: u64,
    /// Rows that were recomputed; `None` without keys: `rows not opened`.
    pub rows_opened: Option<u64>,
    /// Rows that were erased: only their hashes are left.
    pub rows_erased: u64,
    /// Rows that are not in the log any more and lie in files elsewhere, without erased ones.
    pub rows_elsewhere: u64,
    /// Intents without an outcome.
    pub unfinished: u64,
    /// Unacknowledged bytes at the end of the log.
    pub torn_bytes: u64,
    /// Heads of origins that were given up, whose entries are not in this tree.
    pub origins_before: usize,
    /// What the anchors say.
    pub rewind: Rewind,
    /// The first thing that is bad, if anything is.
    pub bad: Option<Bad>,
}

/// Checks the ledger in `dir`. An error says that it could not be checked; what was found is in the report.
pub fn verify(dir: &Path, keys: Option<&Keys>) -> Result<Report, LedgerError> {
    verify_with_anchors(dir, keys, &[])
}

/// Checks the ledger in `dir` and holds it against its anchors (D14).
pub fn verify_with_anchors(dir: &Path, keys: Option<&Keys>, anchors: &[PathBuf]) -> Result<Report, LedgerError> {
    let anchors: Vec<Anchor> = anchors.iter().cloned().map(Anchor::File).collect();
    let log = dir.join("log");
    let mut report = Report {
        origin: "unknown".to_owned(),
        verifier_key: String::new(),
        entries: 0,
        tree_size: 0,
        rows: 0,
        rows_opened: keys.map(|_| 0),
        rows_erased: 0,
        rows_elsewhere: 0,
        unfinished: 0,
        torn_bytes: 0,
        origins_before: 0,
        rewind: Rewind::Undetectable,
        bad: None,
    };
    let origin = match Origin::read(dir) {
        Ok(Some(origin)) => origin,
        Ok(None) if !log.is_dir() => {
            return Err(LedgerError::Misuse("there is no ledger here: its origin is missing"));
        }
        // Without it nothing says whose tree this is, so nothing else of it can be held against a signature.
        Ok(None) => return Ok(report.but(dir.join("origin"), "the origin is missing")),
        Err(LedgerError::Damaged { path, what, .. }) => return Ok(report.but(path, what)),
        Err(error) => return Err(error),
    };
    report.origin = origin.key.name.clone();
    report.verifier_key = origin.key.to_text();
    report.origins_before = origin.after.len();
    let walk = Walk::new(dir, keys, &origin, &mut report);
    // After the heads: beside a running Weir the log only grows, so it holds everything that a head read before covers.
    let files = match list(&log) {
        Ok(files) => files,
        Err(_) if !log.exists() => return Ok(report.but(log, "the log is missing")),
        Err(error) => return Err(error),
    };
    let bad = walk.run(&files, &anchors).err().map(|bad| *bad);
    report.bad = bad;
    Ok(report)
}

impl Report {
    /// The same with a file that keeps everything else from being looked at.
    fn but(mut self, file: PathBuf, what: &str) -> Report {
        self.bad = Some(Bad { file, index: None, what: what.to_owned() });
        self
    }
}

struct Walk<'a> {
    dir: PathBuf,
    keys: Option<&'a Keys>,
    origin: &'a Origin,
    report: &'a mut Report,
    state: State,
    tree: Checker,
    /// Heads that were signed, smallest first: file and what it says.
    heads: Vec<(PathBuf, Checkpoint)>,
    /// What is wrong with a head, said after the entries, which come first.
    bad_head: Option<Bad>,
}

type Found<T> = Result<T, Box<Bad>>;

fn bad<T>(file: &Path, index: impl Into<Option<u64>>, what: impl Into<String>) -> Found<T> {
    Err(Box::new(Bad { file: file.to_owned(), index: index.into(), what: what.into() }))
}

impl<'a> Walk<'a> {
    fn new(dir: &Path, keys: Option<&'a Keys>, origin: &'a Origin, report: &'a mut Report) -> Walk<'a> {
        let (mut heads, mut unsigned, mut bad_head) = (Vec::new(), Vec::new(), None);
        for path in [checkpoint_path(dir), signed_path(dir), cosigned_path(dir)] {
            let Ok(note) = std::fs::read(&path) else { continue };
            match origin.key.open(&note) {
                Ok(head) => heads.push((path, head)),
                Err(error) => {
                    unsigned.extend(Checkpoint::parse_unverified(&note).ok().map(|head| (path.clone(), head)));
                    bad_head = bad_head.or(Some(Bad { file: path, index: None, what: error.to_string() }));
                }
            }
        }
        if heads.is_empty() {
            // Its size, even unsigned, says how far the entries should go.
            heads = unsigned;
        }
        // Where the checkpoint is bad and `signed` is not, the tiles are those of `signed`. Where there is none, nothing was published:
        // `signed` is persisted before the first tiles are written, and is held against the log alone.
        let is_published = checkpoint_path(dir).exists();
        let of_checkpoint = heads.iter().find(|(path, _)| *path == checkpoint_path(dir)).or(heads.first());
        let published = of_checkpoint.filter(|_| is_published).map_or(0, |(_, head)| head.size);
        report.tree_size = published;
        heads.sort_by_key(|(_, head)| head.size);
        Walk {
            dir: dir.to_owned(),
            keys,
            origin,
            report,
            state: State::default(),
            tree: Checker::new(dir, published),
            heads,
            bad_head,
        }
    }

    fn run(mut self, files: &[(u64, PathBuf)], anchors: &[Anchor]) -> Found<()> {
        self.check_heads()?;
        let mut chain = (0, 0);
        let mut tree = None;
        for (i, (first_index, path)) in files.iter().enumerate() {
            let bytes = match std::fs::read(path) {
                Ok(bytes) => bytes,
                Err(error) => return bad(path, None, format!("cannot be read: {}", error.kind())),
            };
            if *first_index != self.report.entries {
                return bad(path, self.report.entries, "entries are missing before this file");
            }
            let kind = *tree.get_or_insert_with(|| FileHeader::decode(&bytes).map_or(0, |h| h.tree));
            let header = match checked_header(&bytes, path, *first_index, kind) {
                Ok(header) => header,
                Err(LedgerError::Damaged { what, .. }) => return bad(path, *first_index, what),
                Err(error) => return bad(path, *first_index, error.to_string()),
            };
            if header.previous != chain.0 || header.first_group < chain.1 {
                return bad(path, *first_index, "the file does not follow the one before it");
            }
            chain = self.walk_file(path, &bytes, &header, i + 1 == files.len())?;
        }
        let last = files.last().map_or_else(|| self.dir.join("log"), |(_, path)| path.clone());
        if let Some((head, _)) = self.heads.iter().find(|(_, h)| self.origin.base + h.size > self.report.entries) {
            let name = head.file_name().unwrap_or_default().to_string_lossy().into_owned();
            return bad(&last, self.report.entries, format!("the log ends before the entries that `{name}` covers"));
        }
        if let Some(bad) = self.bad_head.take() {
            return Err(Box::new(bad));
        }
        if let Some(keys) = self.keys
            && keys.ledger_signer().public() != self.origin.key.public
        {
            return bad(&self.dir.join("origin"), None, "the key is not the one of the key folder");
        }
        self.report.unfinished = self.state.open_intents().count() as u64;
        let tiles = Tiles::new(&tree_dir(&self.dir), self.report.tree_size);
        match check(anchors, self.origin, &tiles, self.report.tree_size) {
            Ok(rewind) => self.report.rewind = rewind,
            Err(LedgerError::Rewound { checkpoint, size, local }) => {
                return bad(
                    &checkpoint,
                    None,
                    format!("the tree of {local} entries does not extend this anchor of {size}"),
                );
            }
            Err(LedgerError::Checkpoint { path, source }) => return bad(&path, None, source.to_string()),
            Err(error) => return bad(&self.dir, None, error.to_string()),
        }
        Ok(())
    }

    fn walk_file(&mut self, path: &Path, bytes: &[u8], header: &FileHeader, is_last: bool) -> Found<(u32, u64)> {
        let mut records = Records::new(bytes, header);
        let snapshot = records.next().filter(|r| r.kind == SNAPSHOT && r.leaf.is_empty());
        if snapshot.is_none_or(|snapshot| snapshot.body != self.state.encode()) {
            return bad(path, self.report.entries, "the snapshot is not what the entries before it add up to");
        }
        while let Some(record) = records.next() {
            self.walk_entry(path, record)?;
        }
        let index = self.report.entries;
        match (records.end(), records.fault()) {
            (End::Clean, _) => {}
            (End::Damaged(what), _) => return bad(path, index, what),
            (End::Torn, fault) => {
                let covered = self.heads.iter().any(|(_, head)| self.origin.base + head.size > index);
                if covered || !is_last {
                    return bad(path, index, fault.unwrap_or("the file ends inside an entry"));
                }
                self.report.torn_bytes = (bytes.len() - records.position()) as u64;
            }
        }
        Ok(records.chain())
    }

    fn walk_entry(&mut self, path: &Path, record: Record<'_>) -> Found<()> {
        let index = self.report.entries;
        let Ok((at, entry)) = Entry::decode(record.leaf) else { return bad(path, index, "the entry cannot be read") };
        if entry.kind() != record.kind {
            return bad(path, index, "the entry is not of the kind that its record says");
        }
        // The tree first: where an entry was replaced by another that fits, only the tree knows.
        if index >= self.origin.base {
            self.tree.add(path, index, record.leaf)?;
        }
        if let Entry::Intent(intent) = &entry {
            self.walk_rows(path, index, at, intent, record.body)?;
        }
        if let Err(misfit) = self.state.apply(at, &entry, record.body) {
            return bad(path, index, misfit.0);
        }
        self.report.entries += 1;
        self.check_heads()
    }

    /// Compares the root with every head of just this size.
    fn check_heads(&self) -> Found<()> {
        let size = self.tree.size;
        for (path, head) in self.heads.iter().filter(|(_, head)| head.size == size) {
            if size == self.tree.published {
                self.tree.check_partial()?;
            }
            if self.tree.root() != head.root && self.bad_head.is_none() {
                return bad(path, None, "the root is not that of the entries");
            }
        }
        Ok(())
    }

    fn walk_rows(&mut self, path: &Path, index: u64, at: Millis, intent: &IntentEntry, body: &[u8]) -> Found<()> {
        let Ok(body) = Body::parse(body) else { return bad(path, index, "the rows cannot be read") };
        if body.count() != intent.rows as usize {
            return bad(path, index, "the rows are not as many as the entry says");
        }
        self.report.rows += body.count() as u64;
        let rows = match body {
            Body::Rows(rows) => rows,
            Body::Thin(thin) => {
                let erased = thin.erased().len() as u64;
                if thin.events().values().sum::<u64>() + erased != u64::from(intent.rows) {
                    return bad(path, index, "the rows of its events are not as many as the entry says");
                }
                self.report.rows_erased += erased;
                self.report.rows_elsewhere += u64::from(intent.rows) - erased;
                return Ok(());
            }
        };
        if rows.stored_root() != intent.rows_root {
            return bad(path, index, "the stored row hashes do not have the entry's root");
        }
        let erased = rows.rows().filter(Option::is_none).count() as u64;
        self.report.rows_erased += erased;
        let time = StoredRow::time_of(at);
        for (i, row) in rows.rows().enumerate() {
            let Some(row) = row else { continue };
            let belongs = row.batch == intent.batch && usize::from(row.index) == i && row.time == time;
            if !belongs || !intent.field_sets.contains(&row.field_set) {
                return bad(path, index, format!("row {i} does not belong to its entry"));
            }
        }
        let Some(keys) = self.keys else { return Ok(()) };
        let Ok(wrong) = rows.first_wrong(keys, intent.batch) else {
            return bad(path, index, "the seed of the rows does not open with this key folder");
        };
        match wrong {
            None => {}
            Some((row, Wrong::Changed)) => {
                return bad(path, index, format!("row {row} is not the one that was recorded"));
            }
            Some((row, Wrong::Emptied)) => {
                return bad(path, index, format!("row {row} was taken out and not erased: its blind is still there"));
            }
            Some((row, Wrong::Unprovable)) => {
                return bad(path, index, format!("row {row} was erased, and something stands in its place"));
            }
        }
        let opened = self.report.rows_opened.get_or_insert(0);
        *opened += rows.count() as u64 - erased;
        Ok(())
    }
}

/// The tree made again from the entries, each tile compared with the one on the disk as soon as it is whole.
struct Checker {
    tiles: Tiles,
    dir: PathBuf,
    published: u64,
    size: u64,
    edges: Vec<Vec<Hash>>,
    /// Bundle and tile of leaf hashes that the next entry lies in, as the disk has them.
    bundle: Vec<Vec<u8>>,
    leaf_hashes: Vec<Hash>,
}

impl Checker {
    fn new(dir: &Path, published: u64) -> Checker {
        let dir = tree_dir(dir);
        let edges = vec![Vec::new(); usize::from(LEVELS)];
        Checker {
            tiles: Tiles::new(&dir, published),
            dir,
            published,
            size: 0,
            edges,
            bundle: Vec::new(),
            leaf_hashes: Vec::new(),
        }
    }

    fn add(&mut self, log: &Path, entry: u64, leaf: &[u8]) -> Found<()> {
        let hash = leaf_hash(leaf);
        if self.size < self.published {
            self.check_leaf(log, entry, leaf, &hash)?;
        }
        self.edges[0].push(hash);
        self.size += 1;
        for level in 0..LEVELS {
            let at = usize::from(level);
            if self.edges[at].len() < TILE_WIDTH as usize {
                break;
            }
            let index = (self.size >> (8 * u32::from(level))) / TILE_WIDTH - 1;
            if self.size <= self.published && level > 0 {
                self.check_tile(level, index)?;
            }
            let root = root_of(&mut std::mem::take(&mut self.edges[at]));
            if let Some(above) = self.edges.get_mut(at + 1) {
                above.push(root);
            }
        }
        Ok(())
    }

    /// Holds one leaf against the tile of leaf hashes and the bundle, and says which of the three stands alone.
    fn check_leaf(&mut self, log: &Path, entry: u64, leaf: &[u8], hash: &Hash) -> Found<()> {
        let (tile, place) = (self.size / TILE_WIDTH, (self.size % TILE_WIDTH) as usize);
        let width = TILE_WIDTH.min(self.published - tile * TILE_WIDTH);
        let (tile_file, bundle_file) =
            (self.dir.join(tile_path(0, tile, width)), self.dir.join(bundle_path(tile, width)));
        if place == 0 {
            self.bundle = match self.tiles.bundle(tile) {
                Ok(bundle) => bundle,
                Err(error) => return bad(&bundle_file, entry, format!("the bundle cannot be read: {error}")),
            };
            self.leaf_hashes = match self.tiles.tile(0, tile) {
                Ok(tile) => tile,
                Err(error) => return bad(&tile_file, entry, format!("the tile cannot be read: {error}")),
            };
        }
        let in_tile = self.leaf_hashes.get(place);
        let in_bundle = self.bundle.get(place).map(Vec::as_slice);
        match (in_tile == Some(hash), in_bundle == Some(leaf)) {
            (true, true) => Ok(()),
            (true, false) => bad(&bundle_file, entry, "the bundle does not hold the entry that log and tile hold"),
            (false, true) => {
                bad(&tile_file, entry, "the tile does not hold the hash of the entry that log and bundle hold")
            }
            (false, false) => bad(log, entry, "the entry is not the one that the tree holds"),
        }
    }

    /// The partial tiles of the published size, which is the present one.
    fn check_partial(&self) -> Found<()> {
        (1..LEVELS)
            .filter(|level| !self.edges[usize::from(*level)].is_empty())
            .try_for_each(|level| self.check_tile(level, (self.size >> (8 * u32::from(level))) / TILE_WIDTH))
    }

    fn check_tile(&self, level: u8, index: u64) -> Found<()> {
        let hashes = &self.edges[usize::from(level)];
        let width = (self.published >> (8 * u32::from(level))).saturating_sub(index * TILE_WIDTH).min(TILE_WIDTH);
        let file = self.dir.join(tile_path(level, index, width));
        match self.tiles.tile(level, index) {
            Ok(tile) if tile.starts_with(hashes) => Ok(()),
            Ok(_) => bad(&file, None, "the tile does not hold the hashes of the tiles below it"),
            Err(error) => bad(&file, None, format!("the tile cannot be read: {error}")),
        }
    }

    fn root(&self) -> Hash {
        root_of_edges(&self.edges)
    }
}

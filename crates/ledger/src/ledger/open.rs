//! Opening: the log is read, the tree is made of it and held against every head that was signed.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use weir_event::{Clock, Names};
use weir_keys::Keys;

use super::dictionary::Dictionary;
use super::heads::{Signal, Signing, TreeSide, catch_up};
use super::options::{Kind, Options, Recovered};
use super::{Ledger, Shared};
use crate::anchor::{self, Anchor, Origin, Published};
use crate::disk::Disk;
use crate::error::LedgerError;
use crate::log::LogWriter;
use crate::queue::{Queue, Writer};
use crate::read::LeafCursor;
use crate::tree::note::{Checkpoint, VerifierKey};
use crate::tree::store::{Tree, checkpoint_path, cosigned_path, signed_path};

impl Ledger {
    /// Opens or makes the ledger in `dir`. Where this fails nothing may be sent.
    pub fn open(
        dir: &Path,
        kind: Kind,
        keys: Arc<Keys>,
        names: Arc<Names>,
        options: Options,
        clock: Arc<dyn Clock>,
    ) -> Result<(Arc<Ledger>, Recovered), LedgerError> {
        let Options { origin, anchors, has_remote_anchors, tree_interval, roll_bytes, newest_formats, disk } = options;
        disk.create_dir(dir).map_err(LedgerError::io("create", dir))?;
        let log_dir = dir.join("log");
        let opened = LogWriter::open(&log_dir, Arc::clone(&disk), kind as u8, roll_bytes, clock.now())?;
        let entries = opened.writer.index();
        let public = keys.ledger_signer().public();
        let known = Origin::read(dir)?;
        let is_new = known.is_none();
        let origin = match known {
            Some(known) if known.key.public == public => known,
            Some(_) => return Err(LedgerError::Misuse("the ledger was signed by another key; use its key folder")),
            // Without a name of its own the ledger has signed nothing, so nothing binds it: a crash at first start.
            None => {
                let made = Origin {
                    key: VerifierKey { name: anchor::new_name(origin, kind)?, public },
                    base: 0,
                    after: Vec::new(),
                };
                made.write(&*disk, dir)?;
                made
            }
        };
        let mut side = open_tree(dir, &log_dir, &disk, &origin, entries)?;
        let files: Vec<Anchor> = anchors.iter().cloned().map(Anchor::File).collect();
        let rewind = anchor::check(&files, &origin, &side.tree, side.tree.size())?;
        if side.tree.size() > side.tree.published() && !has_remote_anchors {
            let (_, note) = side.tree.publish(&origin.key, |text| keys.ledger_signer().sign(text))?;
            anchor::mirror(&*disk, &anchors, &note);
        }

        let queue = Arc::new(Queue::new(opened.writer.end()));
        let unfinished = opened.state.open_intents().cloned().collect();
        let shared = Arc::new(Shared {
            dir: dir.to_owned(),
            dictionary: RwLock::new(Dictionary::of(&opened.state, &names, 0)),
            next_batch: AtomicU64::new(opened.state.next_batch()),
            state: Arc::new(Mutex::new(opened.state)),
            queue: Arc::clone(&queue),
            newest_formats: AtomicBool::new(newest_formats),
            rewriting: Mutex::new(()),
            tree: Mutex::new(side),
            anchors_behind: AtomicU64::new(0),
            signing: Mutex::new(if has_remote_anchors { Signing::Waits } else { Signing::Free }),
            keys,
            names,
            clock: Arc::clone(&clock),
            disk,
            anchors,
            origin,
        });
        let signal = Arc::new(Signal::default());
        let writer = Writer {
            queue,
            log: opened.writer,
            state: Arc::clone(&shared.state),
            clock,
            forget: {
                let shared = Arc::clone(&shared);
                Box::new(move |state, era| {
                    let mut dictionary = shared.dictionary.write().unwrap_or_else(PoisonError::into_inner);
                    *dictionary = Dictionary::of(state, &shared.names, era);
                })
            },
            advanced: {
                let signal = Arc::clone(&signal);
                Box::new(move || signal.raise(false))
            },
        };
        let spawn = |name: &str, run: Box<dyn FnOnce() + Send>| {
            let thread = std::thread::Builder::new().name(name.to_owned()).spawn(run);
            thread.map_err(LedgerError::io("start a thread for", dir))
        };
        let writer = spawn("ledger-log", Box::new(move || writer.run()))?;
        let publisher = if tree_interval.is_zero() {
            None
        } else {
            let (shared, signal) = (Arc::clone(&shared), Arc::clone(&signal));
            Some(spawn("ledger-tree", Box::new(move || shared.publish_at_most_every(tree_interval, &signal)))?)
        };
        let ledger = Ledger { shared, writer: Mutex::new(Some(writer)), publisher: Mutex::new(publisher), signal };
        let recovered = Recovered { is_new, entries, torn_bytes: opened.torn_bytes, unfinished, rewind };
        Ok((Arc::new(ledger), recovered))
    }
}

/// The tree with every entry of the log in it, checked against every head that was signed, signing nothing.
fn open_tree(
    dir: &Path,
    log_dir: &Path,
    disk: &Arc<dyn Disk>,
    origin: &Origin,
    entries: u64,
) -> Result<TreeSide, LedgerError> {
    let here = entries.saturating_sub(origin.base);
    let paths = [checkpoint_path(dir), signed_path(dir), cosigned_path(dir)];
    let mut heads: Vec<(&PathBuf, Checkpoint)> = Vec::new();
    for path in &paths {
        heads.extend(Published::read_file(path, &origin.key)?.map(|published| (path, published.head)));
    }
    let rewound = |path: &Path, size| LedgerError::Rewound { checkpoint: path.to_owned(), size, local: here };
    if let Some((path, head)) = heads.iter().find(|(_, head)| head.size > here) {
        return Err(rewound(path, head.size));
    }
    // From the published tiles where they are whole; else from the log, which holds the same leaves.
    let published = heads.iter().find(|(path, _)| **path == paths[0]).map(|(_, head)| head.clone());
    let loaded = published.as_ref().and_then(|head| Tree::load(dir, Arc::clone(disk), head));
    let mut tree = loaded.unwrap_or_else(|| Tree::empty(dir, Arc::clone(disk)));
    let mut cursor = LeafCursor::at(log_dir, origin.base + tree.size())?;
    heads.sort_by_key(|(_, head)| head.size);
    for (path, head) in &heads {
        if head.size < tree.size() {
            continue;
        }
        catch_up(&mut tree, &mut cursor, origin.base + head.size)?;
        if tree.root() != head.root {
            return Err(rewound(path, head.size));
        }
    }
    catch_up(&mut tree, &mut cursor, entries)?;
    debug_assert_eq!(origin.base + tree.size(), cursor.index().max(origin.base));
    Ok(TreeSide { tree, cursor })
}

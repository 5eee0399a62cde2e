//! Windows in which the company's apps sent to vendors past Weir (`weir bypass`). Nothing that Weir can say holds for them: every
//! answer about a time that touches one says "not covered".
//!
//! A window is two acts of the audit ledger, so that it is in its tree, signed and anchored, and can be neither added nor taken
//! back later. Windows are numbered from 1 in the order of their opening.
//!
//! | act | targets |
//! |---|---|
//! | `bypass_open` | the source, or none for all of them; since when as a count of Unix milliseconds; the digest of the reason |
//! | `bypass_close` | the window's number as a count |
//!
//! An act that closes what is not open, or has other targets, changes nothing.
//!
//! # Reasons
//! A reason is the operator's own text. It may name people, so it is not in the tree, which keeps everything for ever, but in a file
//! beside it that may be deleted; the tree holds its digest. `reasons/<64 hex digits of the digest>`: `weir reason 1`, a line of 64
//! hex digits at random, so that a short text cannot be guessed from its digest, the text, each with a line end. At most 4 KiB.
//! It is durable before its act is recorded; a crash in between leaves a file that no act names.

use std::ops::Range;
use std::path::Path;

use weir_event::limits::BYPASS_REASON_CHARS_MAX;
use weir_event::{Millis, SourceId, ids::hex};
use weir_keys::SecretKey;

use crate::Act;
use crate::acts;
use crate::digested;
use crate::disk::Disk;
use crate::entry::{Actor, Entry, Target};
use crate::error::LedgerError;
use crate::tree::hash::Hash;

const OPEN: &str = "bypass_open";
const CLOSE: &str = "bypass_close";
const REASONS: &str = "reasons";
const REASON_HEAD: &str = "weir reason 1\n";
const REASON_BYTES_MAX: u64 = 4 * 1024;
/// A window that begins this long before it was recorded was opened afterwards.
const BACKDATED_MILLIS: i64 = 60_000;

/// A time in which apps sent past Weir.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Window {
    /// Its number, from 1.
    pub number: u64,
    /// Whose apps; `None` for all sources.
    pub source: Option<SourceId>,
    /// When the apps began.
    pub since: Millis,
    /// When that was recorded.
    pub recorded: Millis,
    /// When it was closed; `None` while it is open.
    pub until: Option<Millis>,
    /// Who opened it.
    pub opened_by: Actor,
    /// The digest of the reason, see [`reason`].
    pub reason: Hash,
}

impl Window {
    /// Whether it was recorded after it had begun: what was answered in between did not know of it.
    pub fn is_backdated(&self) -> bool {
        self.recorded.since(self.since) > BACKDATED_MILLIS
    }

    /// Whether it touches a time.
    pub fn touches(&self, time: &Range<Millis>) -> bool {
        self.since < time.end && self.until.is_none_or(|until| time.start < until)
    }
}

/// All windows, by number.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Coverage {
    windows: Vec<Window>,
}

impl Coverage {
    /// What the audit ledger in `dir` says, also beside a Weir that writes it. No ledger: nothing was ever bypassed.
    ///
    /// An error means that coverage is not known, and then no time counts as covered.
    pub fn read(dir: &Path) -> Result<Coverage, LedgerError> {
        let mut coverage = Coverage::default();
        acts::each(dir, |at, entry| coverage.add(at, entry))?;
        Ok(coverage)
    }

    fn add(&mut self, at: Millis, entry: &Entry) {
        let Entry::Act { actor, action, targets } = entry else { return };
        match (action.as_str(), targets.as_slice()) {
            (OPEN, [rest @ .., Target::Count(since), Target::Digest(reason)]) if rest.len() <= 1 => {
                let source = match rest {
                    [] => None,
                    [Target::Source(id)] => Some(id.clone()),
                    _ => return,
                };
                let number = self.windows.len() as u64 + 1;
                // A window cannot begin after it was recorded; a clock that was set back makes it no smaller.
                let since = Millis(i64::try_from(*since).unwrap_or(i64::MAX)).min(at);
                let (opened_by, reason) = (actor.clone(), *reason);
                let (recorded, until) = (at, None);
                self.windows.push(Window { number, source, since, recorded, until, opened_by, reason });
            }
            (CLOSE, [Target::Count(number)]) => {
                let open = self.windows.iter_mut().find(|w| w.number == *number && w.until.is_none());
                if let Some(window) = open {
                    window.until = Some(at.max(window.recorded));
                }
            }
            _ => {}
        }
    }

    /// All windows, by number.
    pub fn windows(&self) -> &[Window] {
        &self.windows
    }

    /// Those that are open.
    pub fn open(&self) -> impl Iterator<Item = &Window> {
        self.windows.iter().filter(|window| window.until.is_none())
    }

    /// Those that touch a time. Where there is any, an answer about that time says "not covered". With a source, those of its apps
    /// and of all apps.
    pub fn over<'a>(
        &'a self,
        time: Range<Millis>,
        source: Option<&'a SourceId>,
    ) -> impl Iterator<Item = &'a Window> + use<'a> {
        let of = move |window: &Window| source.is_none() || window.source.is_none() || window.source.as_ref() == source;
        self.windows.iter().filter(move |window| window.touches(&time) && of(window))
    }
}

/// The act that opens a window.
pub fn opening(actor: Actor, source: Option<SourceId>, since: Millis, reason: Hash) -> Act {
    let mut targets: Vec<Target> = source.map(Target::Source).into_iter().collect();
    targets.push(Target::Count(u64::try_from(since.0).unwrap_or(0)));
    targets.push(Target::Digest(reason));
    Act { actor, action: OPEN, targets }
}

/// The act that closes a window.
pub fn closing(actor: Actor, number: u64) -> Act {
    Act { actor, action: CLOSE, targets: vec![Target::Count(number)] }
}

/// Whether a text may be a reason: one line, not empty, at most 500 characters.
pub fn is_reason(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= BYPASS_REASON_CHARS_MAX && !text.chars().any(char::is_control)
}

/// Keeps a reason beside the audit ledger in `dir`, durable, and gives its digest for [`opening`].
pub fn keep_reason(disk: &dyn Disk, dir: &Path, text: &str) -> Result<Hash, LedgerError> {
    if !is_reason(text) {
        return Err(LedgerError::Misuse("a reason is one line of 1 to 500 characters"));
    }
    let file = format!("{REASON_HEAD}{}\n{text}\n", hex(SecretKey::generate().bytes()));
    digested::put(disk, dir, REASONS, file.as_bytes())
}

/// The reason with this digest; `None` where its file is gone or is not what was recorded.
pub fn reason(dir: &Path, digest: &Hash) -> Option<String> {
    read_reason(&digested::read(&dir.join(REASONS), digest, REASON_BYTES_MAX)?)
}

/// Deletes the reasons and notes beside the audit ledger in `dir` whose text is meant, durably; how many. The acts that name them stay.
pub fn forget_reasons(disk: &dyn Disk, dir: &Path, is_meant: impl Fn(&str) -> bool) -> Result<u64, LedgerError> {
    let folder = dir.join(REASONS);
    let items = match std::fs::read_dir(&folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        items => items.map_err(LedgerError::io("list", &folder))?,
    };
    let mut deleted = 0;
    for item in items {
        let path = item.map_err(LedgerError::io("list", &folder))?.path();
        let bytes = std::fs::read(&path).map_err(LedgerError::io("read", &path))?;
        // As it lies there, whatever it is: also what a crash left beside a note.
        if is_meant(&String::from_utf8_lossy(&bytes)) {
            disk.remove(&path).map_err(LedgerError::io("remove", &path))?;
            deleted += 1;
        }
    }
    disk.sync_dir(&folder).map_err(LedgerError::io("sync", &folder))?;
    Ok(deleted)
}

/// Reads a reason's file.
pub(crate) fn read_reason(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?.strip_prefix(REASON_HEAD)?;
    let (random, text) = text.split_once('\n')?;
    let text = text.strip_suffix('\n')?;
    (random.len() == 64 && random.bytes().all(|b| b.is_ascii_hexdigit()) && is_reason(text)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::disk::RealDisk;

    const ACTOR: Actor = Actor::Local { uid: 7 };

    fn entry(act: Act) -> Entry {
        Entry::Act { actor: act.actor, action: act.action.to_owned(), targets: act.targets }
    }

    fn source(id: &str) -> SourceId {
        SourceId::parse(id).unwrap()
    }

    #[test]
    fn reasons_that_name_somebody_are_deleted_and_no_other() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(forget_reasons(&RealDisk, dir.path(), |_| true).unwrap(), 0, "there is none");
        let [one, two] = ["tags 0123456789abcdef; ticket 7", "tags fedcba9876543210"]
            .map(|text| keep_reason(&RealDisk, dir.path(), text).unwrap());
        assert_eq!(forget_reasons(&RealDisk, dir.path(), |text| text.contains("0123456789abcdef")).unwrap(), 1);
        assert_eq!(reason(dir.path(), &one), None);
        assert_eq!(reason(dir.path(), &two).as_deref(), Some("tags fedcba9876543210"));
    }

    #[test]
    fn a_window_touches_what_lies_in_it_and_an_open_one_everything_after_its_beginning() {
        let mut coverage = Coverage::default();
        let hour = Millis::HOUR;
        coverage.add(Millis(10 * hour), &entry(opening(ACTOR, Some(source("web")), Millis(8 * hour), [1; 32])));
        coverage.add(Millis(12 * hour), &entry(closing(ACTOR, 1)));
        coverage.add(Millis(20 * hour), &entry(opening(ACTOR, None, Millis(20 * hour), [2; 32])));
        let over = |from: i64, to: i64, of: Option<&str>| {
            let of = of.map(source);
            coverage.over(Millis(from * hour)..Millis(to * hour), of.as_ref()).map(|w| w.number).collect::<Vec<_>>()
        };
        assert_eq!(over(0, 8, None), []);
        assert_eq!(over(0, 9, None), [1]);
        assert_eq!(over(11, 13, Some("web")), [1]);
        assert_eq!(over(11, 13, Some("app")), [], "another source was covered");
        assert_eq!(over(12, 20, None), [], "until is not in it");
        assert_eq!(over(0, 99, None), [1, 2]);
        assert_eq!(over(98, 99, Some("app")), [2], "all sources, and still open");
        assert!(coverage.windows()[0].is_backdated() && !coverage.windows()[1].is_backdated());
        assert_eq!(coverage.open().map(|w| w.number).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn acts_that_mean_nothing_change_nothing() {
        let mut coverage = Coverage::default();
        let act = |action: &str, targets: Vec<Target>| Entry::Act { actor: ACTOR, action: action.to_owned(), targets };
        for (action, targets) in [
            (CLOSE, vec![Target::Count(1)]),
            (OPEN, vec![]),
            (OPEN, vec![Target::Count(1)]),
            (OPEN, vec![Target::Count(1), Target::Count(1), Target::Digest([0; 32])]),
            ("reload", vec![Target::Count(1), Target::Digest([0; 32])]),
        ] {
            coverage.add(Millis(5), &act(action, targets));
        }
        assert_eq!(coverage, Coverage::default());
        coverage.add(Millis(5), &entry(opening(ACTOR, None, Millis(9), [0; 32])));
        coverage.add(Millis(6), &entry(closing(ACTOR, 1)));
        coverage.add(Millis(7), &entry(closing(ACTOR, 1)));
        let window = &coverage.windows()[0];
        assert_eq!((window.since, window.until), (Millis(5), Some(Millis(6))), "the first close counts");
    }

    #[test]
    fn a_reason_is_kept_beside_the_tree_and_its_digest_says_whether_it_is_the_one() {
        let dir = tempfile::tempdir().unwrap();
        let kept = keep_reason(&RealDisk, dir.path(), "vendor's SDK needed a direct key, ticket 42").unwrap();
        let again = keep_reason(&RealDisk, dir.path(), "vendor's SDK needed a direct key, ticket 42").unwrap();
        assert_ne!(kept, again, "nobody can tell from the tree that two reasons are one");
        assert_eq!(reason(dir.path(), &kept).as_deref(), Some("vendor's SDK needed a direct key, ticket 42"));
        let path = dir.path().join(REASONS).join(hex(&kept));
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("42", "43")).unwrap();
        assert_eq!(reason(dir.path(), &kept), None, "it was changed");
        std::fs::remove_file(&path).unwrap();
        assert_eq!(reason(dir.path(), &kept), None, "it was deleted");
        for bad in ["", "  ", "two\nlines", &"x".repeat(501)] {
            assert!(keep_reason(&RealDisk, dir.path(), bad).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn every_instant_of_a_bypass_is_found_and_no_other(
            steps in proptest::collection::vec((0_i64..100, any::<bool>(), 0_i64..30), 1..20),
            at in 0_i64..2_500,
        ) {
            // A clock that moves on; each step opens a window that began `back` before, or closes the oldest open one.
            let (mut now, mut coverage) = (0, Coverage::default());
            let mut model: Vec<(i64, Option<i64>)> = Vec::new();
            for (wait, opens, back) in steps {
                now += wait + 1;
                if opens {
                    let since = (now - back).max(0);
                    coverage.add(Millis(now), &entry(opening(ACTOR, None, Millis(since), [0; 32])));
                    model.push((since, None));
                } else if let Some(oldest) = model.iter().position(|(_, until)| until.is_none()) {
                    coverage.add(Millis(now), &entry(closing(ACTOR, oldest as u64 + 1)));
                    model[oldest].1 = Some(now);
                }
            }
            let inside = model.iter().any(|(since, until)| *since <= at && until.is_none_or(|until| at < until));
            prop_assert_eq!(coverage.over(Millis(at)..Millis(at + 1), None).next().is_some(), inside);
        }

        #[test]
        fn no_bytes_make_the_reader_of_reasons_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            crate::fuzz::fuzz_reason(&bytes);
        }
    }
}

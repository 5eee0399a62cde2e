//! Anchors that are not files (D14): the newest checkpoints of both trees in a bucket, at a webhook, and with witnesses, which cosign
//! them. Asked before the first head of this process is signed, as far as they answer in time; told of every new head after that, at
//! most once in `ledger.publish`.
//!
//! What it must never do: hold up delivery because one of them is down, or write over what one holds before it was compared. One that
//! holds a head which the ledger does not extend stops signing and sending; that is what it is for.

mod place;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use weir_event::Clock;
use weir_event::log::{Field, Level, emit};
use weir_ledger::witness::Answered;
use weir_ledger::{Anchor, Ledger, LedgerError, Published};

use crate::config::{Config, Problems};
use place::{Place, Said};

/// How long a start waits for them, all together.
const START_WAIT: Duration = Duration::from_secs(5);
/// How long an end waits to tell them of the last head.
const LAST_WAIT: Duration = Duration::from_secs(3);
/// A witness that says another size than the one that it was asked from is asked again so often.
const WITNESS_TRIES: u32 = 3;

/// The two trees, by the name that objects and messages have.
const TREES: [&str; 2] = ["egress", "audit"];

/// All of them.
#[derive(Debug)]
pub struct Mirror {
    places: Vec<Kept>,
    every: Duration,
}

/// A place, and what is known of it.
#[derive(Debug)]
struct Kept {
    place: Place,
    trees: [State; 2],
}

/// Of one tree at one place.
#[derive(Debug, Default)]
struct State {
    /// Whether what it holds was compared with the ledger in this process: before that nothing there is written over. One that is compared
    /// by being told of a head stays without.
    compared: AtomicBool,
    /// The size that it took last.
    size: AtomicU64,
    /// Whether the last try failed.
    is_behind: AtomicBool,
    taken: AtomicU64,
    failed: AtomicU64,
}

impl Mirror {
    /// What the configuration names; it may be nothing.
    pub fn of(config: &Config) -> Result<Mirror, Problems> {
        let places = place::all(config)?;
        let kept = |place| Kept { place, trees: Default::default() };
        Ok(Mirror { places: places.into_iter().map(kept).collect(), every: config.ledger.publish })
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Asks each what it holds, for a few seconds at most; then signing may begin. What did not answer is asked again by [`Mirror::run`].
    pub async fn compare(self: &Arc<Self>, ledgers: &[Arc<Ledger>; 2], clock: &Arc<dyn Clock>) {
        if self.is_empty() {
            return;
        }
        let _ = tokio::time::timeout(START_WAIT, self.round(ledgers, clock, true)).await;
        ledgers.iter().for_each(|ledger| ledger.allow_signing());
    }

    /// Tells all of them of new heads, until it is aborted.
    pub async fn run(self: Arc<Self>, ledgers: [Arc<Ledger>; 2], clock: Arc<dyn Clock>) {
        if self.is_empty() {
            return;
        }
        let mut ticks = tokio::time::interval(self.every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.round(&ledgers, &clock, false).await;
        }
    }

    /// Tells all of them of the last head, for a few seconds at most.
    pub async fn last(self: &Arc<Self>, ledgers: &[Arc<Ledger>; 2], clock: &Arc<dyn Clock>) {
        let _ = tokio::time::timeout(LAST_WAIT, self.round(ledgers, clock, false)).await;
    }

    /// Pairs of place and tree that could not be told of the newest head at the last try.
    pub fn behind(&self) -> u64 {
        self.places.iter().flat_map(|kept| &kept.trees).filter(|state| state.is_behind.load(Relaxed)).count() as u64
    }

    /// Of each kind of place: checkpoints that they took, and tries that failed.
    pub fn counts(&self) -> [(&'static str, u64, u64); 3] {
        ["bucket", "webhook", "witness"].map(|kind| {
            let places = self.places.iter().filter(|kept| kept.place.kind() == kind);
            let states = places.flat_map(|kept| &kept.trees);
            let sums = states.fold((0, 0), |(taken, failed), state| {
                (taken + state.taken.load(Relaxed), failed + state.failed.load(Relaxed))
            });
            (kind, sums.0, sums.1)
        })
    }

    /// Every place and tree once, side by side: a slow one keeps none of the others waiting.
    async fn round(self: &Arc<Self>, ledgers: &[Arc<Ledger>; 2], clock: &Arc<dyn Clock>, compare_only: bool) {
        let mut asked = tokio::task::JoinSet::new();
        for (tree, ledger) in ledgers.iter().enumerate() {
            let of = Arc::clone(ledger);
            let published = tokio::task::spawn_blocking(move || of.published()).await;
            let Ok(Ok(published)) = published else { continue };
            for at in 0..self.places.len() {
                let (mirror, ledger, clock, published) =
                    (Arc::clone(self), Arc::clone(ledger), Arc::clone(clock), published.clone());
                asked.spawn(async move { mirror.one(at, tree, ledger, published, &*clock, compare_only).await });
            }
        }
        while asked.join_next().await.is_some() {}
    }

    /// One place and tree; what comes of it is said.
    async fn one(
        &self,
        at: usize,
        tree: usize,
        ledger: Arc<Ledger>,
        published: Option<Published>,
        clock: &dyn Clock,
        compare_only: bool,
    ) {
        let Some(Kept { place, trees }) = self.places.get(at) else { return };
        let (state, name) = (&trees[tree], TREES[tree]);
        if ledger.is_rewound() {
            return;
        }
        match ask(place, state, name, &ledger, published, clock, compare_only).await {
            Ok(()) => {}
            Err(Failed::Rewound) => emit(
                Level::Error,
                "the ledger does not extend a checkpoint that an anchor holds: nothing is signed or sent; restore or recover it",
                &fields(place, name),
            ),
            Err(Failed::Why(why)) => {
                state.failed.fetch_add(1, Relaxed);
                // Said once, not at each try.
                if !state.is_behind.swap(true, Relaxed) {
                    let mut fields = fields(place, name);
                    fields.push(("why", Field::Static(why)));
                    emit(Level::Warn, "a checkpoint could not be anchored elsewhere; delivery goes on", &fields);
                }
            }
        }
    }
}

/// Compares what a place holds with the ledger, and tells it of a newer head.
async fn ask(
    place: &Place,
    state: &State,
    tree: &'static str,
    ledger: &Arc<Ledger>,
    published: Option<Published>,
    clock: &dyn Clock,
    compare_only: bool,
) -> Result<(), Failed> {
    if !state.compared.load(Relaxed) && !place.is_told() {
        if let Some(note) = place.held(tree, clock).await? {
            compare(place, ledger, note).await?;
        }
        state.compared.store(true, Relaxed);
    }
    let Some(published) = published else { return Ok(()) };
    let size = published.head.size;
    if size <= state.size.load(Relaxed) || (compare_only && !place.is_told()) {
        return Ok(());
    }
    if let Some(line) = tell(place, state, tree, ledger, &published, clock).await? {
        // Before it counts as told: where this round is cut here, the witness is asked once more.
        let of = Arc::clone(ledger);
        let kept = tokio::task::spawn_blocking(move || of.keep_cosigned(&published, &line)).await;
        if !matches!(kept, Ok(Ok(()))) {
            emit(Level::Warn, "cosignatures of witnesses could not be kept: receipts go without them", &[]);
        }
    }
    state.size.store(size, Relaxed);
    state.taken.fetch_add(1, Relaxed);
    if state.is_behind.swap(false, Relaxed) {
        emit(Level::Info, "a checkpoint is anchored elsewhere again", &fields(place, tree));
    }
    Ok(())
}

/// Tells a place of a head; gives the line of a witness.
async fn tell(
    place: &Place,
    state: &State,
    tree: &'static str,
    ledger: &Arc<Ledger>,
    published: &Published,
    clock: &dyn Clock,
) -> Result<Option<String>, Failed> {
    let mut old = state.size.load(Relaxed);
    for _ in 0..WITNESS_TRIES {
        let proof = if place.is_witness() {
            let (from, new, of) = (old, published.head.size, Arc::clone(ledger));
            let proof = tokio::task::spawn_blocking(move || of.consistency(from, new)).await;
            proof.ok().and_then(Result::ok).ok_or("the tiles cannot be read")?
        } else {
            Vec::new()
        };
        match place.tell(tree, published, old, proof, clock).await? {
            Said::Taken => return Ok(None),
            Said::Holds(note) => {
                compare(place, ledger, note).await?;
                return Err("it refuses a checkpoint that extends the one that it holds".into());
            }
            Said::Witness(Answered::Cosigned(line)) => return Ok(Some(line)),
            Said::Witness(Answered::From(size)) => old = size,
            Said::Witness(Answered::Ahead { size }) => {
                let (by, of) = (PathBuf::from(place.name()), Arc::clone(ledger));
                let _ = tokio::task::spawn_blocking(move || of.contradicted(&by, size)).await;
                return Err(Failed::Rewound);
            }
            Said::Witness(Answered::Unknown) => {
                return Err("it does not know this log: give it the key of `weir ledger checkpoint --key`".into());
            }
            Said::Witness(Answered::OtherKey) => return Err("it knows this log by another key".into()),
            Said::Witness(Answered::Useless) => return Err("its answer is none".into()),
        }
    }
    Err("it says another size each time".into())
}

/// Holds the note of a place against the ledger. Where it is no checkpoint of ours nothing there is written over, and somebody has to look.
async fn compare(place: &Place, ledger: &Arc<Ledger>, note: Vec<u8>) -> Result<(), Failed> {
    let (from, of) = (PathBuf::from(place.name()), Arc::clone(ledger));
    match tokio::task::spawn_blocking(move || of.compare(Anchor::Note(from, note))).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(LedgerError::Rewound { .. })) => Err(Failed::Rewound),
        _ => Err("it holds what is no checkpoint of this ledger".into()),
    }
}

/// Why a place was not told.
enum Failed {
    /// It is as good as down.
    Why(&'static str),
    /// It holds what the ledger does not extend.
    Rewound,
}

impl From<&'static str> for Failed {
    fn from(why: &'static str) -> Failed {
        Failed::Why(why)
    }
}

fn fields(place: &Place, tree: &'static str) -> Vec<(&'static str, Field)> {
    vec![("anchor", Field::Ours(place.name().into())), ("tree", Field::Static(tree))]
}

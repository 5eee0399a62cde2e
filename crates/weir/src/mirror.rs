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
    /// Whether what it holds was compared with the ledger in this process: before that nothing there is written over.
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

    /// One place and tree.
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
        if !state.compared.load(Relaxed) {
            match place.held(name, published.as_ref(), clock).await {
                Ok(Some(note)) => {
                    let (from, ledger) = (PathBuf::from(place.name()), Arc::clone(&ledger));
                    let compared = tokio::task::spawn_blocking(move || ledger.compare(Anchor::Note(from, note))).await;
                    match compared {
                        Ok(Ok(_)) => {}
                        Ok(Err(LedgerError::Rewound { .. })) => return say_rewound(place, name),
                        // It is not a checkpoint of ours: nothing there is written over, and somebody has to look.
                        _ => return behind(state, place, name, "it holds what is no checkpoint of this ledger"),
                    }
                }
                Ok(None) => {}
                Err(why) => return behind(state, place, name, why),
            }
            // A witness is compared by being asked.
            if !place.is_witness() {
                state.compared.store(true, Relaxed);
            }
        }
        let Some(published) = published else { return };
        let size = published.head.size;
        let is_news = size > state.size.load(Relaxed);
        if !is_news || (compare_only && !place.is_witness()) {
            return;
        }
        match self.tell(place, state, name, &ledger, &published, clock).await {
            Ok(line) => {
                if let Some(line) = line {
                    // Before it counts as told: where this round is cut here, the witness is asked once more.
                    let kept = tokio::task::spawn_blocking(move || ledger.keep_cosigned(&published, &line)).await;
                    if !matches!(kept, Ok(Ok(()))) {
                        emit(Level::Warn, "cosignatures of witnesses could not be kept: receipts go without them", &[]);
                    }
                }
                state.compared.store(true, Relaxed);
                state.size.store(size, Relaxed);
                state.taken.fetch_add(1, Relaxed);
                if state.is_behind.swap(false, Relaxed) {
                    emit(Level::Info, "a checkpoint is anchored elsewhere again", &fields(place, name));
                }
            }
            Err(Failed::Rewound) => say_rewound(place, name),
            Err(Failed::Why(why)) => behind(state, place, name, why),
        }
    }

    async fn tell(
        &self,
        place: &Place,
        state: &State,
        tree: &'static str,
        ledger: &Arc<Ledger>,
        published: &Published,
        clock: &dyn Clock,
    ) -> Result<Option<String>, Failed> {
        let mut old = state.size.load(Relaxed);
        for _ in 0..WITNESS_TRIES {
            let (from, new, of) = (old, published.head.size, Arc::clone(ledger));
            let proof = if place.is_witness() {
                let proof = tokio::task::spawn_blocking(move || of.consistency(from, new)).await;
                proof.ok().and_then(Result::ok).ok_or(Failed::Why("the tiles cannot be read"))?
            } else {
                Vec::new()
            };
            match place.tell(tree, published, old, proof, clock).await.map_err(Failed::Why)? {
                Said::Taken => return Ok(None),
                Said::Holds(note) => {
                    let (from, of) = (PathBuf::from(place.name()), Arc::clone(ledger));
                    let compared = tokio::task::spawn_blocking(move || of.compare(Anchor::Note(from, note))).await;
                    return match compared {
                        Ok(Err(LedgerError::Rewound { .. })) => Err(Failed::Rewound),
                        Ok(Ok(_)) => Err(Failed::Why("it refuses a checkpoint that extends the one that it holds")),
                        _ => Err(Failed::Why("it holds what is no checkpoint of this ledger")),
                    };
                }
                Said::Witness(Answered::Cosigned(line)) => return Ok(Some(line)),
                Said::Witness(Answered::From(size)) => old = size,
                Said::Witness(Answered::Ahead { size }) => {
                    let (by, of) = (PathBuf::from(place.name()), Arc::clone(ledger));
                    let _ = tokio::task::spawn_blocking(move || of.contradicted(&by, size)).await;
                    return Err(Failed::Rewound);
                }
                Said::Witness(Answered::Unknown) => {
                    return Err(Failed::Why(
                        "it does not know this log: give it the key of `weir ledger checkpoint --key`",
                    ));
                }
                Said::Witness(Answered::OtherKey) => return Err(Failed::Why("it knows this log by another key")),
                Said::Witness(Answered::Useless) => return Err(Failed::Why("its answer is none")),
            }
        }
        Err(Failed::Why("it says another size each time"))
    }
}

/// Why a place was not told.
enum Failed {
    /// It is as good as down.
    Why(&'static str),
    /// It holds what the ledger does not extend.
    Rewound,
}

fn fields(place: &Place, tree: &'static str) -> Vec<(&'static str, Field)> {
    vec![("anchor", Field::Ours(place.name().into())), ("tree", Field::Static(tree))]
}

/// Said once, not at each try.
fn behind(state: &State, place: &Place, tree: &'static str, why: &'static str) {
    state.failed.fetch_add(1, Relaxed);
    if !state.is_behind.swap(true, Relaxed) {
        let mut fields = fields(place, tree);
        fields.push(("why", Field::Static(why)));
        emit(Level::Warn, "a checkpoint could not be anchored elsewhere; delivery goes on", &fields);
    }
}

fn say_rewound(place: &Place, tree: &'static str) {
    emit(
        Level::Error,
        "the ledger does not extend a checkpoint that an anchor holds: nothing is signed or sent; restore or recover it",
        &fields(place, tree),
    );
}

//! `kill -9` at random points under load, torn writes, a full disk, a vendor that is down, slow or broken.
//!
//! `WEIR_CRASH_ROUNDS` (default 6) rounds run two at a time from `WEIR_CRASH_SEED` (printed). After each round the ledger verifies
//! and the counters hold what was acknowledged; every tenth round everything drains and each acknowledged event is looked up at
//! the vendor, by its number.

#![expect(clippy::print_stdout, reason = "a failed run is repeated from the seed that it printed")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use weir_event::{Clock, SystemClock};
use weir_tests::damage::{self, TEARS};
use weir_tests::disk::SmallDisk;
use weir_tests::harness::{Folder, Setup, Weir};
use weir_tests::load::{self, Fate, Load};
use weir_tests::random::Random;
use weir_tests::standin::Standin;
use weir_tests::standin::fault::Fault;

/// After how many rounds everything drains.
const ROUNDS_BETWEEN_DRAINS: u64 = 10;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn nothing_acknowledged_is_lost_by_a_kill_at_any_point() {
    let rounds = setting("WEIR_CRASH_ROUNDS", 6);
    let seed = setting("WEIR_CRASH_SEED", SystemClock.now().0 as u64);
    println!("WEIR_CRASH_SEED={seed} WEIR_CRASH_ROUNDS={rounds}");
    let workers: Vec<_> = (0..2)
        .map(|worker| {
            let share = (rounds + worker) / 2;
            std::thread::spawn(move || Crash::new(seed.wrapping_add(worker)).run(share))
        })
        .collect();
    for worker in workers {
        worker.join().expect("a worker ends without a failure");
    }
}

/// One Weir that is killed again and again, with its vendor.
struct Crash {
    seed: u64,
    random: Random,
    standin: Standin,
    folder: Arc<Folder>,
    numbers: Arc<AtomicU64>,
    fate: Fate,
}

impl Crash {
    fn new(seed: u64) -> Crash {
        let standin = Standin::of_weir();
        let folder = Folder::new(&Setup::mixpanel(&standin.url()));
        Crash {
            seed,
            random: Random::new(seed),
            standin,
            folder,
            numbers: Arc::new(AtomicU64::new(0)),
            fate: Fate::default(),
        }
    }

    fn run(mut self, rounds: u64) {
        for round in 0..rounds {
            let mood = self.set_mood();
            let weir = self.folder.start();
            self.check_restart(&weir, round, mood);
            self.round(weir);
            if self.random.chance(500) {
                self.tear();
            }
            if round % ROUNDS_BETWEEN_DRAINS == ROUNDS_BETWEEN_DRAINS - 1 || round + 1 == rounds {
                self.drain(round);
            }
        }
        assert!(!self.fate.acknowledged.is_empty(), "no event was ever acknowledged");
        println!(
            "seed {}: {rounds} rounds, {} events sent, {} acknowledged, answers {:?}",
            self.seed,
            self.fate.sent.len(),
            self.fate.acknowledged.len(),
            self.fate.answers
        );
    }

    /// How the vendor is today.
    fn set_mood(&mut self) -> &'static str {
        self.standin.heal();
        let seed = self.random.draw();
        let mixed = vec![
            Fault::status(500),
            Fault::status_after(503, 1),
            Fault::status(429),
            Fault::Slow(30),
            Fault::CloseBeforeRead,
            Fault::CloseAfterRead,
            Fault::CloseAfterStore,
            Fault::TooLargeAbove(20),
        ];
        match self.random.below(6) {
            0 => "well",
            1 => {
                self.standin.always(Fault::CloseBeforeRead);
                "down"
            }
            2 => {
                self.standin.always(Fault::Slow(20 + seed % 200));
                "slow"
            }
            3 => {
                self.standin.always(Fault::status(500));
                "500"
            }
            4 => {
                self.standin.seeded(seed, 300, vec![Fault::CloseAfterStore]);
                "takes and hangs up"
            }
            _ => {
                self.standin.seeded(seed, 400, mixed);
                "mixed"
            }
        }
    }

    /// What holds after any restart, whatever the vendor does.
    fn check_restart(&self, weir: &Weir, round: u64, mood: &str) {
        let at = format!("seed {}, round {round}, vendor {mood}", self.seed);
        let received = weir.metrics().sum("weir_events_received_total", &[("source", "web")]);
        let acknowledged = self.fate.acknowledged.len() as u64;
        assert!(received >= acknowledged, "{at}: {received} counted as received, {acknowledged} acknowledged");
        weir.wait_until(&format!("{at}: the sums hold"), || weir.metrics().sums_broken().is_empty());
        let (code, said) = self.folder.verify_ledger(round.is_multiple_of(2));
        assert_eq!(code, Some(0), "{at}: the ledger does not verify:\n{said}");
    }

    /// Load, then a kill at a random moment.
    fn round(&mut self, weir: Weir) {
        let load = Load::start(weir.ingest(), 3, 12, &self.numbers, self.random.draw());
        std::thread::sleep(Duration::from_millis(self.random.below(350)));
        drop(weir.kill());
        let fate = load.stop();
        self.fate.sent.extend(fate.sent);
        self.fate.acknowledged.extend(fate.acknowledged);
        for (status, count) in fate.answers {
            assert!(matches!(status, 0 | 200 | 503), "an answer of {status} under load (seed {})", self.seed);
            *self.fate.answers.entry(status).or_insert(0) += count;
        }
    }

    /// Leaves a torn append behind the newest file of the journal or of the ledger's log.
    fn tear(&mut self) {
        let (place, ending) = *self.random.pick(&[("journal", "segment"), ("ledger/log", "log")]);
        let tear = *self.random.pick(&TEARS);
        if let Some(file) = damage::newest(&self.folder.data().join(place), ending) {
            let what = damage::tear(&file, tear, &mut self.random).expect("the damage can be done");
            println!("seed {}: {what}", self.seed);
        }
    }

    /// The vendor is well: everything arrives, each event once, none that was never sent.
    fn drain(&mut self, round: u64) {
        self.standin.heal();
        let weir = self.folder.start();
        let metrics = weir.settle();
        let at = format!("seed {}, round {round}", self.seed);
        let stored = self.standin.events();
        let mut arrived = BTreeSet::new();
        for event in &stored {
            let n = event.number().expect("`n` is allowed to leave");
            assert!(arrived.insert(n), "{at}: event {n} stands at the vendor under two insert ids");
        }
        let lost: Vec<&u64> = self.fate.acknowledged.difference(&arrived).take(10).collect();
        assert!(lost.is_empty(), "{at}: acknowledged and lost: {lost:?} …\n{}", metrics.text());
        let stray: Vec<&u64> = arrived.difference(&self.fate.sent).take(10).collect();
        assert!(stray.is_empty(), "{at}: never sent, yet at the vendor: {stray:?}");
        let delivered = metrics.sum("weir_events_delivered_total", &[("destination", "product")]);
        assert_eq!(delivered, stored.len() as u64, "{at}: delivered by the ledger and held by the vendor");
        assert_eq!(self.standin.violations(), [], "{at}");
        let (code, said) = self.folder.verify_ledger(true);
        assert_eq!(code, Some(0), "{at}: the ledger does not verify:\n{said}");
        self.standin.forget_requests();
        let (code, output) = weir.stop();
        assert_eq!(code, Some(0), "{at}: a stop is not clean:\n{output}");
    }
}

#[test]
fn a_full_disk_refuses_with_503_and_recovers_without_a_restart() {
    let Some(disk) = SmallDisk::mount(160) else {
        // Loud: the full-disk promise was not looked at in this run.
        println!("SKIPPED: a full disk needs the right to mount a file system; run as root");
        return;
    };
    let standin = Standin::of_weir();
    let folder = Folder::with_data(disk.path().join("data"), &Setup::mixpanel(&standin.url()));
    let weir = folder.start();
    let numbers = Arc::new(AtomicU64::new(0));
    let load = Load::start(weir.ingest(), 2, 10, &numbers, 12);
    weir.wait_until("something is acknowledged", || load.acknowledged() > 100);
    // Everything that is free is taken by somebody else.
    let ballast = disk.path().join("ballast");
    disk.fill(&ballast);
    weir.wait_until("intake refuses", || refused(&weir, &numbers));
    let answered = weir_tests::wire::get(weir.console(), "/healthz").expect("the console answers");
    assert_eq!(answered.status, 200, "a full disk is no reason to be restarted");
    std::fs::remove_file(&ballast).expect("the ballast can go");
    weir.wait_until("intake works again", || {
        let event = load::event(numbers.fetch_add(1, Ordering::Relaxed), &mut Random::new(1));
        load::send(weir.ingest(), &[event]).is_ok_and(|status| status == 200)
    });
    let fate = load.stop();
    let refused = fate.answers.get(&503).copied().unwrap_or(0);
    assert!(refused > 0, "the load met no refusal: {:?}", fate.answers);
    assert!(fate.answers.keys().all(|status| matches!(status, 200 | 503)), "{:?}", fate.answers);
    let metrics = weir.settle();
    let stored: BTreeSet<u64> = standin.events().iter().filter_map(|e| e.number()).collect();
    let lost: Vec<&u64> = fate.acknowledged.difference(&stored).take(10).collect();
    assert!(lost.is_empty(), "acknowledged and lost on a full disk: {lost:?}\n{}", metrics.text());
    drop(weir.kill());
    let weir = folder.start();
    assert_eq!(weir.settle().sums_broken(), Vec::<String>::new());
    assert_eq!(folder.verify_ledger(true).0, Some(0));
}

fn refused(weir: &Weir, numbers: &AtomicU64) -> bool {
    let event = load::event(numbers.fetch_add(1, Ordering::Relaxed), &mut Random::new(1));
    let request = weir_tests::wire::request(
        "POST",
        "/in/web/track",
        &[("Content-Type", "application/json")],
        event.to_string().as_bytes(),
    );
    weir_tests::wire::exchange(weir.ingest(), &request).is_ok_and(|answer| {
        let refuses = answer.status == 503;
        assert!(!refuses || answer.header("retry-after").is_some(), "a 503 without Retry-After");
        refuses
    })
}

#[test]
fn a_graceful_stop_keeps_what_waits() {
    let standin = Standin::of_weir();
    standin.always(Fault::status(500));
    let folder = Folder::new(&Setup::mixpanel(&standin.url()));
    let weir = folder.start();
    let events: Vec<_> = (0..40).map(|n| load::event(n, &mut Random::new(n))).collect();
    assert_eq!(load::send(weir.ingest(), &events).expect("weir answers"), 200);
    let (code, output) = weir.stop();
    assert_eq!(code, Some(0), "{output}");
    standin.heal();
    let weir = folder.start();
    let metrics = weir.settle();
    assert_eq!(metrics.sum("weir_events_delivered_total", &[("destination", "product")]), 40);
    assert_eq!(standin.event_count(), 40);
}

//! `kill -9` under load with five destinations at once, one of them dead for longer than its lag limit (D12): the dead one loses the
//! oldest events by the rule `expired`, and nobody else notices.

#![expect(clippy::print_stdout, reason = "a failed run is repeated from the seed that it printed")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use weir_event::{Clock, SystemClock};
use weir_tests::harness::{Folder, Setup, Weir};
use weir_tests::load::Load;
use weir_tests::random::Random;
use weir_tests::standin::Standin;
use weir_tests::standin::fault::Fault;

/// The destinations by kind; the last one is dead.
const KINDS: [&str; 5] = ["mixpanel", "posthog", "segment", "amplitude", "rudderstack"];
const DEAD: &str = KINDS[4];
/// Rounds after which the dead one must have lost something.
const ROUNDS_MAX: u64 = 120;
/// Half of this is the lag limit: some 50,000 events, more than the others ever have waiting. On a fast machine two rounds bring
/// 40,000.
const JOURNAL: &str = "journal: {segment: 1MiB, budget: 32MiB, replay_window: 0s}\ndisk: {reserve: 8MiB}\n";

#[test]
fn a_dead_destination_expires_by_itself_and_four_others_lose_nothing() {
    let seed = std::env::var("WEIR_CRASH_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(SystemClock.now().0 as u64);
    println!("WEIR_CRASH_SEED={seed}");
    let mut random = Random::new(seed);
    let vendors: BTreeMap<&str, Standin> = KINDS.into_iter().map(|kind| (kind, Standin::of_weir())).collect();
    vendors[DEAD].always(Fault::CloseBeforeRead);
    let folder = Folder::new(&setup(&vendors));
    let numbers = Arc::new(AtomicU64::new(0));
    let (mut sent, mut acknowledged) = (BTreeSet::new(), BTreeSet::new());
    let mut round = 0;
    loop {
        assert!(round < ROUNDS_MAX, "seed {seed}: nothing expired in {round} rounds");
        for (kind, standin) in vendors.iter().filter(|(kind, _)| **kind != DEAD) {
            standin.heal();
            // 429 is not among them: Amplitude asks for half a minute at it.
            let moods = [Fault::status(500), Fault::Slow(40), Fault::CloseAfterRead, Fault::CloseAfterStore];
            standin.seeded(random.draw(), 200, vec![random.pick(&moods).clone()]);
            assert_eq!(standin.violations(), [], "{kind}");
        }
        let weir = folder.start();
        weir.wait_until("the sums hold after a kill", || weir.metrics().sums_broken().is_empty());
        let load = Load::start(weir.ingest(), 4, 200, &numbers, random.draw());
        std::thread::sleep(Duration::from_millis(200 + random.below(300)));
        drop(weir.kill());
        let fate = load.stop();
        sent.extend(fate.sent);
        acknowledged.extend(fate.acknowledged);
        assert!(fate.answers.keys().all(|status| matches!(status, 0 | 200 | 503)), "{:?}", fate.answers);
        round += 1;
        if round % 2 == 0 {
            let weir = folder.start();
            vendors.iter().filter(|(kind, _)| **kind != DEAD).for_each(|(_, standin)| standin.heal());
            caught_up(&weir);
            if dropped(&weir, DEAD) > 0 {
                finish(&weir, &vendors, &sent, &acknowledged, seed);
                return;
            }
            let (code, output) = weir.stop();
            assert_eq!(code, Some(0), "{output}");
        }
    }
}

fn setup(vendors: &BTreeMap<&str, Standin>) -> Setup {
    let mut setup = Setup::mixpanel("http://127.0.0.1:1");
    setup.more = JOURNAL.to_owned();
    setup.destinations.clear();
    for (kind, standin) in vendors {
        setup.destinations.push_str(&format!(
            "  {kind}: {{type: {kind}, subject: stable, endpoint: \"{}\", allow_addresses: [127.0.0.0/8], \
             token: {{env: PRODUCT_TOKEN}}, release: {{allow: [n]}}}}\n",
            standin.url()
        ));
    }
    setup
}

fn of(weir: &Weir, name: &str, kind: &str) -> u64 {
    weir.metrics().sum(name, &[("destination", kind)])
}

fn dropped(weir: &Weir, kind: &str) -> u64 {
    weir.metrics().sum("weir_events_dropped_total", &[("destination", kind), ("rule", "expired")])
}

/// Nothing waits at the four that live.
fn caught_up(weir: &Weir) {
    for kind in KINDS.into_iter().filter(|kind| *kind != DEAD) {
        weir.wait_until(&format!("{kind} has caught up"), || {
            of(weir, "weir_events_waiting", kind) == 0 && of(weir, "weir_events_unknown", kind) == 0
        });
    }
    weir.wait_until("the sums hold", || weir.metrics().sums_broken().is_empty());
}

fn finish(
    weir: &Weir,
    vendors: &BTreeMap<&str, Standin>,
    sent: &BTreeSet<u64>,
    acknowledged: &BTreeSet<u64>,
    seed: u64,
) {
    for (kind, standin) in vendors.iter().filter(|(kind, _)| **kind != DEAD) {
        let numbers: Vec<u64> = standin.events().iter().filter_map(|event| event.number()).collect();
        let arrived: BTreeSet<u64> = numbers.iter().copied().collect();
        assert_eq!(numbers.len(), arrived.len(), "seed {seed}, {kind}: an event stands there under two insert ids");
        let lost: Vec<&u64> = acknowledged.difference(&arrived).take(10).collect();
        assert!(lost.is_empty(), "seed {seed}, {kind}: acknowledged and lost: {lost:?}");
        assert!(arrived.is_subset(sent), "seed {seed}, {kind}: never sent, yet at the vendor");
        assert_eq!(of(weir, "weir_events_delivered_total", kind), numbers.len() as u64, "seed {seed}, {kind}");
        assert_eq!(dropped(weir, kind), 0, "seed {seed}, {kind}: lost something to the dead one");
        assert_eq!(standin.violations(), [], "{kind}");
    }
    assert!(vendors[DEAD].events().is_empty());
    let (offered, expired) = (of(weir, "weir_events_offered_total", DEAD), dropped(weir, DEAD));
    assert_eq!(offered, of(weir, "weir_events_waiting", DEAD) + expired, "seed {seed}: the dead one");
    println!(
        "{} events, {} acknowledged, {expired} of {offered} expired at the dead one",
        sent.len(),
        acknowledged.len()
    );
    let (code, said) = weir.folder().verify_ledger(true);
    assert_eq!(code, Some(0), "seed {seed}: {said}");
}

//! Each write failed both ways, crashes at each step, power cuts; then reload. What was acknowledged is there, what was signed stays
//! true, and the whole verifies.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use common::{Failure, FaultyDisk, World, accepted, dropped, options, wait};
use weir_event::Offset;
use weir_ledger::tree::proof::root_at;
use weir_ledger::tree::tiles::Tiles;
use weir_ledger::verify::verify;
use weir_ledger::{BatchId, Options, Outcome, Results, Rewind};

/// What the callers were told.
#[derive(Debug, Default)]
struct Told {
    intents: BTreeSet<BatchId>,
    outcomes: BTreeSet<BatchId>,
    delivered: u64,
    dropped: u64,
    acknowledged: u64,
}

fn faulty(disk: &FaultyDisk, anchor: PathBuf) -> Options {
    Options { disk: Arc::new(disk.clone()), roll_bytes: 1_500, anchors: vec![anchor], ..options() }
}

/// Some life on a ledger: three openings, each with batches, outcomes, ranges and publications. Goes on over every error.
fn live(world: &World, disk: &FaultyDisk) -> Told {
    let mut told = Told::default();
    let anchor = world.root.path().join("anchor");
    let mut offset = 0;
    for _ in 0..3 {
        let Ok((ledger, recovered)) = world.try_open(faulty(disk, anchor.clone())) else { continue };
        for open in recovered.unfinished {
            if ledger.outcome(Outcome { batch: open.batch, status: 0, results: Results::Unknown }).wait().is_ok() {
                told.outcomes.insert(open.batch);
                told.acknowledged += 1;
            }
        }
        told.acknowledged += u64::from(ledger.start(&world.product, Offset(0)).wait().is_ok());
        for i in 0..4_u64 {
            if let Ok(batch) = wait(ledger.intend(world.intent(offset, 3))) {
                assert!(told.intents.insert(batch), "{batch:?} was given twice");
                told.acknowledged += 1;
                if i != 2 && ledger.outcome(accepted(batch)).wait().is_ok() {
                    told.outcomes.insert(batch);
                    told.delivered += 3;
                    told.acknowledged += 1;
                }
            }
            offset += 3;
            if i == 1 {
                let _ = ledger.flush_tree();
            }
        }
        if ledger.range(dropped(world, offset, offset + 2)).wait().is_ok() {
            told.dropped += 2;
            told.acknowledged += 1;
        }
        offset += 2;
        let _ = ledger.close();
    }
    told
}

/// Reloads on a disk that works, holds the ledger against what was told, goes on, and holds it against every head that was signed.
fn check(world: &World, disk: &FaultyDisk, told: &Told, what: &str) {
    let anchor = world.root.path().join("anchor");
    let (ledger, recovered) = world
        .try_open(Options { anchors: vec![anchor.clone()], ..options() })
        .unwrap_or_else(|error| panic!("{what}: does not open: {error}"));
    assert!(recovered.entries >= told.acknowledged, "{what}: {} of {} entries", recovered.entries, told.acknowledged);
    let unfinished: BTreeSet<BatchId> = recovered.unfinished.iter().map(|open| open.batch).collect();
    for batch in told.intents.difference(&told.outcomes) {
        // Its outcome was not acknowledged: it is open, or the outcome was kept though reported lost.
        assert!(unfinished.contains(batch) || recovered.entries > told.acknowledged, "{what}: {batch:?} is gone");
    }
    assert!(told.outcomes.is_disjoint(&unfinished), "{what}: an acknowledged outcome is gone");
    if told.delivered > 0 {
        let totals = &ledger.totals()[&world.product];
        assert!(totals.delivered >= told.delivered && totals.dropped.values().sum::<u64>() >= told.dropped, "{what}");
    }
    ledger.start(&world.product, Offset(0)).wait().unwrap();
    let batch = wait(ledger.intend(world.intent(1_000, 2))).unwrap();
    assert!(!told.intents.contains(&batch), "{what}: {batch:?} was given twice");
    ledger.outcome(accepted(batch)).wait().unwrap();
    ledger.close().unwrap();
    drop(ledger);

    let report = verify(&world.dir(), Some(&world.keys)).unwrap();
    assert_eq!(report.bad, None, "{what}");
    assert_eq!(report.entries, report.tree_size, "{what}");
    let tiles = Tiles::new(&world.dir().join("tree"), report.tree_size);
    let origin = weir_ledger::anchor::Origin::read(&world.dir()).unwrap().unwrap();
    for note in disk.signed() {
        let head = origin.key.open(&note).unwrap();
        assert_eq!(root_at(&tiles, head.size).unwrap(), head.root, "{what}: two heads of size {}", head.size);
    }
    let (_, again) = world.try_open(Options { anchors: vec![anchor], ..options() }).unwrap();
    assert_eq!(again.rewind, Rewind::Excluded { anchors: 1 }, "{what}");
}

#[test]
fn a_life_without_faults_is_as_told() {
    let (world, disk) = (World::new(), FaultyDisk::default());
    let told = live(&world, &disk);
    assert_eq!((told.intents.len(), told.delivered, told.dropped), (12, 27, 6));
    assert!(disk.signed().len() >= 6 && world.log_files().len() > 4, "publications and rolls are part of it");
    check(&world, &disk, &told, "no fault");
}

#[test]
fn each_step_may_fail_lost_or_kept_once_or_for_good() {
    let steps = {
        let (world, disk) = (World::new(), FaultyDisk::default());
        live(&world, &disk);
        disk.steps()
    };
    assert!(steps > 200, "{steps}");
    for at in 1..=steps {
        for failure in [Failure::Lost, Failure::Kept] {
            for dies in [false, true] {
                let (world, disk) = (World::new(), FaultyDisk::failing(at, failure, dies));
                let told = live(&world, &disk);
                check(&world, &disk, &told, &format!("step {at} of {steps}, {failure:?}, dies: {dies}"));
            }
        }
    }
}

#[test]
fn a_power_cut_at_any_step_loses_nothing_acknowledged() {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below.max(1)
    };
    for round in 0..150 {
        let at = 1 + random(300);
        let (world, disk) = (World::new(), FaultyDisk::failing(at, Failure::Kept, true));
        let told = live(&world, &disk);
        disk.cut_power(&mut random);
        check(&world, &disk, &told, &format!("round {round}, step {at}"));
    }
}

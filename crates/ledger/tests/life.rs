//! A ledger in use: restarts, resends, names, field sets, refusals, the new origin after a rewind.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{World, accepted, dropped, field_set, folder, options, wait};
use weir_event::names::ClassOnly;
use weir_event::{Clock, DestinationId, Names, Offset, Rule};
use weir_ledger::disk::RealDisk;
use weir_ledger::verify::verify;
use weir_ledger::{
    Act, Actor, Intent, Kind, Ledger, LedgerError, Options, Outcome, Purpose, Results, Rewind, Row, Status, Target,
    recover_from_anchor,
};

#[test]
fn d3_an_intent_without_outcome_comes_back_and_each_way_of_ending_it_counts() {
    let world = World::new();
    let (ledger, recovered) = world.open();
    assert!(recovered.is_new && recovered.unfinished.is_empty());
    ledger.start(&world.product, Offset(10)).wait().unwrap();
    let kept = wait(ledger.intend(world.intent(10, 4))).unwrap();
    let again = wait(ledger.intend(world.intent(14, 2))).unwrap();
    ledger.attempt(again, 1, 503).wait().unwrap();
    drop(ledger);

    let (ledger, recovered) = world.open();
    let unfinished: Vec<_> = recovered.unfinished.iter().map(|open| (open.batch, open.lane, open.rows)).collect();
    assert_eq!(unfinished, vec![(kept, 1, 4), (again, 1, 2)]);
    assert_eq!(recovered.unfinished[0].offsets, vec![Offset(10)..Offset(14)]);
    assert_eq!(ledger.position(&world.product).unwrap().floor, Offset(10));

    // `keep_unknown`: terminal, a gauge. `resend`: the events wait again, and a new batch names the old one.
    let unknown = Outcome { batch: kept, status: 0, results: Results::Unknown };
    ledger.outcome(unknown.clone()).wait().unwrap();
    ledger.outcome(Outcome { batch: again, status: 0, results: Results::Returned }).wait().unwrap();
    let resent = wait(ledger.intend(Intent { retry_of: Some(again), ..world.intent(14, 2) })).unwrap();
    ledger.outcome(accepted(resent)).wait().unwrap();
    let totals = ledger.totals()[&world.product].clone();
    assert_eq!((totals.delivered, totals.unknown), (2, 4));
    assert_eq!(ledger.position(&world.product).unwrap().floor, Offset(16));

    // A replay of unknown events: they are decided, the position stays.
    let decided =
        wait(ledger.intend(Intent { retry_of: Some(kept), purpose: Purpose::Replay, ..world.intent(10, 4) })).unwrap();
    let reason = world.names.label("invalid_time");
    let partial = Results::Partial(vec![(1, reason), (2, reason)]);
    ledger.outcome(Outcome { batch: decided, status: 400, results: partial }).wait().unwrap();
    let totals = ledger.totals()[&world.product].clone();
    assert_eq!((totals.delivered, totals.rejected, totals.unknown), (4, 2, 0));

    assert!(matches!(ledger.outcome(unknown).wait(), Err(LedgerError::Misuse(_))), "a batch ends once");
    ledger.close().unwrap();
    drop(ledger);
    let (ledger, recovered) = world.open();
    assert!(recovered.unfinished.is_empty() && !recovered.is_new);
    assert_eq!(ledger.totals()[&world.product], totals, "restored before anything is sent");
    assert_eq!(verify(&world.dir(), Some(&world.keys)).unwrap().bad, None);
}

#[test]
fn ranges_and_lives_are_terminal_and_counted_by_rule() {
    let world = World::new();
    let (ledger, _) = world.open();
    assert!(matches!(ledger.range(dropped(&world, 0, 5)).wait(), Err(LedgerError::Misuse(_))), "never started");
    assert_eq!(ledger.position(&world.product), None);
    ledger.start(&world.product, Offset(0)).wait().unwrap();
    ledger.range(dropped(&world, 0, 5)).wait().unwrap();
    let not_offered = weir_ledger::RangeDrop { passed: weir_ledger::Passed::NotOffered, ..dropped(&world, 7, 9) };
    ledger.range(not_offered).wait().unwrap();
    let position = ledger.position(&world.product).unwrap();
    assert_eq!((position.floor, position.done), (Offset(5), vec![Offset(7)..Offset(9)]));
    ledger.suspend(&world.product).wait().unwrap();
    assert_eq!(ledger.position(&world.product).unwrap().life, Status::Suspended);
    ledger.resume(&world.product).wait().unwrap();
    ledger.end(&world.product).wait().unwrap();
    assert_eq!(ledger.position(&world.product).unwrap().life, Status::Ended);
    let totals = ledger.totals()[&world.product].clone();
    assert_eq!((totals.dropped[&Rule::TooOld], totals.not_offered), (5, 2));
}

#[test]
fn names_and_field_sets_outlive_the_process_that_numbered_them() {
    let world = World::new();
    world.filled(9, 1_500);
    let elsewhere = Names::new(Box::new(ClassOnly));
    // Another process interned other names first, so its ids differ.
    elsewhere.label("something else");
    let clock = Arc::clone(&world.clock) as Arc<dyn Clock>;
    let keys = Arc::clone(&world.keys);
    let (ledger, recovered) =
        Ledger::open(&world.dir(), Kind::Egress, keys, Arc::clone(&elsewhere), options(), clock).unwrap();
    assert!(ledger.knows_field_set(&field_set("export_made", 0).id));
    let before = recovered.entries;
    let other = World { names: elsewhere, ..world };
    let intent = other.intent(100, 2);
    let batch = wait(ledger.intend(Intent { field_sets: Vec::new(), ..intent })).unwrap();
    assert_eq!(ledger.entries(), before + 1, "nothing had to be defined again");
    ledger.outcome(accepted(batch)).wait().unwrap();
    let names: Vec<_> = (1..4).map(|n| ledger.name(weir_ledger::StoredName(n)).unwrap()).collect();
    assert_eq!(names, ["export_made", "CH", "page_viewed"]);
}

#[test]
fn what_breaks_a_rule_of_the_interface_is_refused_and_records_nothing() {
    let world = World::new();
    let (ledger, _) = world.open();
    ledger.start(&world.product, Offset(0)).wait().unwrap();
    wait(ledger.intend(world.intent(0, 1))).unwrap();
    let before = ledger.entries();
    let good = world.intent(14, 2);
    let row = good.rows[0];
    let unknown = field_set("nobody defined", 1).id;
    let refused = [
        Intent { offsets: vec![Offset(5)..Offset(5)], rows: Vec::new(), ..good.clone() },
        Intent { offsets: vec![Offset(5)..Offset(6), Offset(4)..Offset(5)], ..good.clone() },
        Intent { rows: vec![row], ..good.clone() },
        Intent { rows: vec![Row { field_set: unknown, ..row }; 2], ..good.clone() },
        Intent { destination: DestinationId::parse("nobody").unwrap(), ..good.clone() },
    ];
    for intent in refused {
        assert!(matches!(wait(ledger.intend(intent)), Err(LedgerError::Misuse(_))));
    }
    // D13: a batch is cut so that its entries fit 4 KiB.
    let scattered = (0..2_100_u64).map(|i| Offset(2 * i + 1_000_000)..Offset(2 * i + 1_000_001)).collect();
    let too_large = Intent { offsets: scattered, rows: vec![row; 2_100], ..good };
    assert!(matches!(wait(ledger.intend(too_large)), Err(LedgerError::EntryTooLarge { limit: 4_096, .. })));
    assert_eq!(ledger.entries(), before);
    wait(ledger.intend(world.intent(14, 2))).unwrap();
}

#[test]
fn many_callers_share_an_fsync_and_each_batch_has_its_own_number() {
    let world = World::new();
    let (ledger, _) = world.open();
    ledger.start(&world.product, Offset(0)).wait().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap();
    let tasks: Vec<_> = (0..200_u64)
        .map(|i| {
            let (ledger, intent) = (Arc::clone(&ledger), world.intent(5 * i, 5));
            runtime.spawn(async move {
                let batch = ledger.intend(intent).await.unwrap();
                ledger.outcome(accepted(batch)).await.unwrap();
                batch
            })
        })
        .collect();
    let mut batches: Vec<_> = tasks.into_iter().map(|task| runtime.block_on(task).unwrap()).collect();
    batches.sort();
    batches.dedup();
    assert_eq!(batches.len(), 200);
    assert_eq!(ledger.position(&world.product).unwrap().floor, Offset(1_000));
    ledger.close().unwrap();
    let report = verify(&world.dir(), Some(&world.keys)).unwrap();
    assert_eq!((report.bad, report.rows_opened), (None, Some(1_000)));
}

#[test]
fn the_tree_follows_by_itself_and_its_head_is_copied_to_the_anchor() {
    let world = World::new();
    let anchor = world.root.path().join("anchor");
    let every =
        Options { tree_interval: Duration::from_millis(1), anchors: vec![anchor.clone()], ..Options::default() };
    let (ledger, _) = world.try_open(every).unwrap();
    ledger.start(&world.product, Offset(0)).wait().unwrap();
    // No time is measured: it waits as long as it takes.
    while std::fs::read(&anchor).map(|note| ledger.verifier_key().open(&note).unwrap().size).unwrap_or(0) < 1 {
        std::thread::yield_now();
    }
    ledger.close().unwrap();
    assert_eq!(std::fs::read(&anchor).unwrap(), std::fs::read(world.dir().join("tree/checkpoint")).unwrap());
}

#[test]
fn the_audit_ledger_is_the_same_code_and_not_the_same_file() {
    let world = World::new();
    let dir = world.root.path().join("audit");
    let open = |kind| {
        let clock = Arc::clone(&world.clock) as Arc<dyn Clock>;
        Ledger::open(&dir, kind, Arc::clone(&world.keys), Arc::clone(&world.names), options(), clock)
    };
    let (audit, _) = open(Kind::Audit).unwrap();
    assert!(audit.verifier_key().name.starts_with("weir/") && audit.verifier_key().name.ends_with("/audit"));
    let target = Target::Destination(world.product.clone());
    audit.act(Act { actor: Actor::Local { uid: 0 }, action: "suspend", targets: vec![target] }).wait().unwrap();
    audit.close().unwrap();
    drop(audit);
    assert!(matches!(open(Kind::Egress), Err(LedgerError::Damaged { .. })));
    assert_eq!(verify(&dir, Some(&world.keys)).unwrap().bad, None);
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    let world = World::new();
    world.filled(2, 1 << 20);
    let path = world.log_files().pop().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[8] = 9;
    std::fs::write(&path, &bytes).unwrap();
    let refused = world.try_open(options());
    assert!(matches!(refused, Err(LedgerError::NewerFormat { found: 9, known: 2, .. })));
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    let origin = world.dir().join("origin");
    let text = std::fs::read_to_string(&origin).unwrap();
    std::fs::write(&origin, text.replace("weir-origin 1", "weir-origin 2")).unwrap();
    assert!(matches!(verify(&world.dir(), None), Err(LedgerError::NewerFormat { found: 2, known: 1, .. })));
}

#[test]
fn a_configured_origin_is_kept_and_a_foreign_key_folder_is_refused() {
    let world = World::new();
    let named = Options { origin: Some("example.org/weir".to_owned()), ..options() };
    let (ledger, _) = world.try_open(named).unwrap();
    drop(ledger);
    let (ledger, _) = world.open();
    assert_eq!(ledger.verifier_key().name, "example.org/weir");
    drop(ledger);
    let other = World::new();
    let clock = Arc::clone(&world.clock) as Arc<dyn Clock>;
    let opened =
        Ledger::open(&world.dir(), Kind::Egress, Arc::clone(&other.keys), Arc::clone(&world.names), options(), clock);
    assert!(matches!(opened, Err(LedgerError::Misuse(_))));
}

#[test]
fn lost_tiles_are_made_again_from_the_log() {
    let world = World::new();
    world.filled(100, 4_000);
    std::fs::remove_dir_all(world.dir().join("tree/tile")).unwrap();
    assert!(verify(&world.dir(), None).unwrap().bad.is_some());
    let (ledger, _) = world.open();
    wait(ledger.intend(world.intent(300, 3))).unwrap();
    ledger.close().unwrap();
    assert_eq!(verify(&world.dir(), Some(&world.keys)).unwrap().bad, None);
}

#[test]
fn d14_recovery_opens_a_new_origin_that_links_the_old_one() {
    let world = World::new();
    let anchor = world.root.path().join("anchor");
    let anchored = || Options { anchors: vec![anchor.clone()], ..options() };
    world.filled(3, 1 << 20);
    let earlier = folder();
    common::copy_dir(&world.dir(), earlier.path());
    let (ledger, before) = world.try_open(anchored()).unwrap();
    let last = (0..5_u64).map(|i| wait(ledger.intend(world.intent(9 + 3 * i, 3))).unwrap()).max().unwrap();
    let old = ledger.verifier_key().clone();
    ledger.close().unwrap();
    drop(ledger);
    std::fs::remove_dir_all(world.dir()).unwrap();
    common::copy_dir(earlier.path(), &world.dir());
    assert!(matches!(world.try_open(anchored()), Err(LedgerError::Rewound { .. })));

    let clock: &dyn Clock = &*world.clock;
    let none = recover_from_anchor(&world.dir(), Kind::Egress, &world.keys, &[], Arc::new(RealDisk), clock);
    assert!(matches!(none, Err(LedgerError::Misuse(_))), "an anchor is needed");
    let anchors = [anchor.clone()];
    let new =
        recover_from_anchor(&world.dir(), Kind::Egress, &world.keys, &anchors, Arc::new(RealDisk), clock).unwrap();
    assert_eq!(new.after.origin, old.name);
    assert_eq!(new.lost, new.after.size - before.entries);
    assert!(new.old_tree.join("checkpoint").is_file() && new.old_tree.join("anchor-0").is_file());

    let (ledger, _) = world.try_open(anchored()).unwrap();
    assert_eq!(ledger.verifier_key().name, new.origin);
    let batch = wait(ledger.intend(world.intent(9, 3))).unwrap();
    assert!(batch > last, "batch numbers of the lost entries are not used again");
    ledger.close().unwrap();
    drop(ledger);
    let (_, recovered) = world.try_open(anchored()).unwrap();
    assert_eq!(recovered.rewind, Rewind::Excluded { anchors: 1 }, "the anchor is of the new origin now");
    let report = verify(&world.dir(), Some(&world.keys)).unwrap();
    assert_eq!((report.bad, report.origins_before), (None, 1));
    assert!(report.tree_size < report.entries, "the new tree begins with the entry that links the old one");
}

//! A policy on its way into force: who gets it, what is kept, and both ends (D11, D16).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use weir_deliver::{Comparison, Counts, DeliverError, Progress, Replayed, Rollout, Setup, Wanted};
use weir_event::{GenerationId, Millis, Offset, ProfileOp, Rule};
use weir_policy::{RecordView, RuleSpec, UnknownCountry};

use crate::held::{any, from, german};
use crate::support::{Event, NOW, World, options, product};
use crate::vendor::{Do, Vendor};

fn people(n: usize) -> Vec<Event> {
    (0..n).map(|i| Event::track(&format!("user-{}", i % 40))).collect()
}

fn drops() -> Vec<RuleSpec> {
    vec![RuleSpec { event: Some("key created".into()), action: Some("drop".into()), ..RuleSpec::default() }]
}

impl World {
    /// Generation 1 in force, generation 2 on its way.
    async fn stage(&mut self, old: &Arc<Setup>, new: &Arc<Setup>, share: u32) -> Arc<Counts> {
        let counts = Arc::new(Counts::default());
        let rollout = Rollout {
            old: GenerationId([1; 8]),
            draw: GenerationId([2; 8]),
            setups: BTreeMap::from([(product(), Arc::clone(old))]),
            share,
            counts: BTreeMap::from([(product(), Arc::clone(&counts))]),
        };
        let setups = BTreeMap::from([(product(), Arc::clone(new))]);
        self.deliver().apply_staged(GenerationId([2; 8]), &setups, Some(&rollout)).await.unwrap();
        counts
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_of_a_person_is_on_one_side_and_a_larger_share_holds_the_smaller() {
    let vendor = Vendor::start(|_, _| Do::Accept).await;
    let mut world = World::new().await;
    let (old, new) = (world.setup(&vendor.url, &["plan"], options()), world.setup(&vendor.url, &[], options()));
    world.deliver_with(1, Some(Arc::clone(&old))).await;
    let mut before: BTreeSet<String> = BTreeSet::new();
    for share in [0, 250_000, 500_000, 1_000_000] {
        let taken = vendor.taken().len();
        let counts = world.stage(&old, &new, share).await;
        world.put(&people(200)).await;
        world.settled().await;
        // Only what came at this share.
        let mut sides: BTreeMap<String, BTreeSet<bool>> = BTreeMap::new();
        for event in vendor.taken()[taken..].iter().flat_map(|request| &request.events) {
            let person = event["properties"]["distinct_id"].as_str().unwrap().to_owned();
            sides.entry(person).or_default().insert(event["properties"].get("plan").is_some());
        }
        assert_eq!(sides.len(), 40);
        assert!(sides.values().all(|sides| sides.len() == 1), "{share}: somebody is on both sides");
        let next: BTreeSet<String> = sides.into_iter().filter(|(_, s)| s.contains(&false)).map(|(p, _)| p).collect();
        assert!(before.is_subset(&next), "{share}");
        let expected = share as usize * 40 / 1_000_000;
        // Five standard deviations: the keys are new with each run.
        assert!(next.len().abs_diff(expected) <= 15, "{share}: {} people", next.len());
        assert_eq!(counts.comparison().offered(), 5 * next.len() as u64);
        before = next;
    }
    assert_eq!((world.totals().delivered, world.quarantined()), (800, 0));
    // Over: the next policy holds for all, and no batch of the old one is sent any more.
    world.deliver_with(2, Some(new)).await;
    world.put(&people(40)).await;
    world.settled().await;
    assert_eq!(world.totals().delivered, 840);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d11_what_only_the_policy_in_force_releases_is_kept_and_either_end_settles_it() {
    for rolls_back in [true, false] {
        let vendor = Vendor::start(|_, _| Do::Accept).await;
        let mut world = World::new().await;
        let old = world.setup(&vendor.url, &["plan"], options());
        let new = world.setup_with(&vendor.url, &["plan"], drops(), options());
        world.deliver_with(1, Some(Arc::clone(&old))).await;
        let counts = world.stage(&old, &new, 500_000).await;
        world.put(&people(200)).await;
        world.settled().await;
        let kept = world.quarantined();
        assert!(kept > 40 && kept < 160 && world.totals().delivered == 200 - kept, "{kept}");
        let (_, compared) = counts.comparison().events().next().map(|(n, c)| (n, c.clone())).unwrap();
        assert_eq!((compared.offered, compared.lost, compared.old.released), (kept, kept, kept));
        assert!(world.up().hold.gauges().iter().all(|gauge| gauge.reason == "rollout"));

        // A crash in the middle: nothing is in two states, and the rollout goes on where it was.
        world = world.crash().await;
        let (old, new) = (
            world.setup(&vendor.url, &["plan"], options()),
            world.setup_with(&vendor.url, &["plan"], drops(), options()),
        );
        assert_eq!((world.quarantined(), world.waiting()), (kept, 0));
        world.deliver_with(if rolls_back { 1 } else { 2 }, Some(if rolls_back { old } else { new })).await;
        let settled = world.deliver().settle_held(&product()).await.unwrap();
        let totals = world.totals();
        if rolls_back {
            assert_eq!(settled, Replayed { delivered: kept, ..Replayed::default() });
            assert_eq!((world.quarantined(), totals.delivered, world.waiting()), (0, 200, 0));
        } else {
            assert_eq!(settled, Replayed { not_released: kept, ..Replayed::default() });
            let ended = world.up().hold.totals();
            let by_rule = ended.iter().find(|total| total.fate.rule() == Some(Rule::Event)).map(|total| total.count);
            assert_eq!((world.quarantined(), totals.delivered, by_rule), (0, 200 - kept, Some(kept)));
        }
        assert_eq!(world.deliver().settle_held(&product()).await.unwrap(), Replayed::default(), "once");
        // Rules survive a restart of the hold.
        let totals = world.up().hold.totals();
        let world = world.crash().await;
        assert_eq!(world.up().hold.totals(), totals);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_vendor_rejects_of_what_was_kept_is_tried_once_and_does_not_stop_the_rest() {
    let vendor = Vendor::start(|_, _| Do::Accept).await;
    let mut world = World::new().await;
    let old = world.setup(&vendor.url, &["plan"], options());
    let new = world.setup_with(&vendor.url, &["plan"], drops(), options());
    world.deliver_with(1, Some(Arc::clone(&old))).await;
    world.stage(&old, &new, 1_000_000).await;
    let mut events = people(40);
    events[0].plan = "poison".into();
    world.put(&events).await;
    world.settled().await;
    assert_eq!(world.quarantined(), 40);
    world.deliver_with(1, Some(old)).await;

    // Away: nothing is settled, and all of it still is to be.
    vendor.script(|_, _| Do::Answer(503, "", String::new()));
    let settled = world.deliver().settle_held(&product()).await.unwrap();
    assert_eq!(
        (settled, world.deliver().has_held(&product())),
        (Replayed { put_off: 40, ..Replayed::default() }, true)
    );

    vendor.script(|_, request| match request.events.iter().any(|e| e["properties"]["plan"] == "poison") {
        true => Do::Answer(400, "", "{\"error\":\"no\",\"status\":0}".to_owned()),
        false => Do::Accept,
    });
    let mut delivered = 0;
    while world.deliver().has_held(&product()) {
        delivered += world.deliver().settle_held(&product()).await.unwrap().delivered;
    }
    assert!(delivered == 39 && world.quarantined() == 1, "{delivered}, {} are left", world.quarantined());
    assert_eq!(world.deliver().settle_held(&product()).await.unwrap(), Replayed::default(), "not again by itself");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d11_what_the_next_policy_holds_is_delivered_when_the_change_is_taken_back_and_stays_held_otherwise() {
    let vendor = Vendor::start(|_, _| Do::Accept).await;
    let mut world = World::new().await;
    let (old, new) = (any(&world, &vendor.url), german(&world, &vendor.url, UnknownCountry::Hold));
    world.deliver_with(1, Some(Arc::clone(&old))).await;
    world.stage(&old, &new, 1_000_000).await;
    world.put(&[from("DE"), from(""), from("")]).await;
    world.settled().await;
    assert_eq!((world.totals().delivered, world.quarantined()), (1, 2));
    // The change holds for all: its rule keeps them, and they are not tried again.
    world.deliver_with(2, Some(Arc::clone(&new))).await;
    let settled = world.deliver().settle_held(&product()).await.unwrap();
    assert_eq!(settled, Replayed { put_off: 2, ..Replayed::default() });
    assert!(!world.deliver().has_held(&product()) && world.quarantined() == 2);
    // The one before holds again.
    world.deliver_with(1, Some(old)).await;
    assert!(world.deliver().has_held(&product()));
    let settled = world.deliver().settle_held(&product()).await.unwrap();
    assert_eq!(settled, Replayed { delivered: 2, ..Replayed::default() });
    assert_eq!((world.totals().delivered, world.quarantined()), (3, 0));
}

/// The process ends after quarantine took an event for a rollout, and before the ledger said so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d11_what_was_kept_and_not_recorded_is_delivered_once() {
    let vendor = Vendor::start(|_, _| Do::Accept).await;
    let mut world = World::new().await;
    let (old, new) =
        (world.setup(&vendor.url, &["plan"], options()), world.setup_with(&vendor.url, &["plan"], drops(), options()));
    world.deliver_with(1, Some(Arc::clone(&old))).await;
    world.stage(&old, &new, 1_000_000).await;
    world.disk.appends.store(true, SeqCst);
    world.put(&people(5)).await;
    world.until("the entry failed", || world.disk.failed.load(SeqCst) > 0).await;
    assert_eq!(world.quarantined(), 5);

    let mut world = world.crash().await;
    vendor.script(|_, _| Do::Answer(503, "", String::new()));
    let old = world.setup(&vendor.url, &["plan"], options());
    world.deliver_with(1, Some(old)).await;
    world.until("it is tried", || world.status().failures > 0).await;
    assert_eq!(world.deliver().settle_held(&product()).await.unwrap(), Replayed::default(), "it is on its way");
    let replayed = world.deliver().replay(&product(), world.held().await).await.unwrap();
    assert_eq!(replayed, Replayed { put_off: 5, ..Replayed::default() });
    vendor.script(|_, _| Do::Accept);
    world.settled().await;
    while world.deliver().has_held(&product()) {
        world.deliver().settle_held(&product()).await.unwrap();
    }
    assert_eq!((world.totals().delivered, world.quarantined()), (5, 0));
    assert!(vendor.arrived().0.len() == 5 && vendor.taken().iter().map(|taken| taken.events.len()).sum::<usize>() == 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_two_policies_hold_nothing_leaves_once_more_by_hand() {
    let vendor = Vendor::start(|_, _| Do::Accept).await;
    let mut world = World::new().await;
    let (old, new) =
        (world.setup(&vendor.url, &["plan"], options()), world.setup_with(&vendor.url, &["plan"], drops(), options()));
    world.deliver_with(1, Some(Arc::clone(&old))).await;
    world.stage(&old, &new, 500_000).await;
    world.put(&people(40)).await;
    world.settled().await;
    let (kept, sent) = (world.quarantined(), vendor.requests().len());
    let wanted = Wanted {
        event: "key created".to_owned(),
        from: NOW.plus(-Millis::HOUR),
        to: NOW.plus(Millis::HOUR),
        skip_resent: false,
        rate: 1_000_000,
    };
    let replayed = world.deliver().replay(&product(), world.held().await).await;
    assert!(matches!(replayed, Err(DeliverError::InRollout(_))), "{replayed:?}");
    let resent = world.deliver().resend(&product(), &wanted, false, &Progress::default()).await;
    assert!(matches!(resent, Err(DeliverError::InRollout(_))), "{resent:?}");
    assert_eq!((world.quarantined(), vendor.requests().len()), (kept, sent));
    world.deliver_with(1, Some(old)).await;
    let replayed = world.deliver().replay(&product(), world.held().await).await.unwrap();
    assert_eq!(replayed, Replayed { delivered: kept, ..Replayed::default() });
    let resent = world.deliver().resend(&product(), &wanted, false, &Progress::default()).await.unwrap();
    assert_eq!(resent.delivered, 40);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_counted_by_side_and_an_abort_cuts_what_waits_again() {
    let vendor = Vendor::start(|_, _| Do::Accept).await;
    let mut world = World::new().await;
    let (old, new) = (world.setup(&vendor.url, &["plan"], options()), world.setup(&vendor.url, &[], options()));
    world.deliver_with(1, Some(Arc::clone(&old))).await;
    // The vendor refuses what has no plan, one by one.
    let lacks = |e: &serde_json::Value| e["properties"].get("plan").is_none();
    vendor.script(move |_, r| {
        if r.events.iter().any(lacks) {
            Do::Answer(400, "", "{\"error\":\"no\",\"status\":0}".to_owned())
        } else {
            Do::Accept
        }
    });
    let counts = world.stage(&old, &new, 500_000).await;
    world.put(&people(80)).await;
    world.settled().await;
    let read = |of: &std::sync::atomic::AtomicU64| of.load(SeqCst);
    let rejected = world.quarantined();
    assert!(rejected > 0 && read(&counts.new.rejected) == rejected && read(&counts.new.answered) == rejected);
    assert_eq!((read(&counts.old.answered), read(&counts.old.rejected)), (80 - rejected, 0));

    // While the vendor is away nothing leaves; after the abort everything leaves under the policy in force.
    vendor.script(|_, _| Do::Answer(503, "", String::new()));
    world.put(&people(80)).await;
    world.until("it is tried", || world.status().failures > 0).await;
    let taken = vendor.taken().len();
    world.deliver_with(1, Some(old)).await;
    // What was on its way at the abort is still turned away; nothing is tried again without a plan.
    vendor.script(move |_, r| match r.events.iter().any(lacks) {
        true => Do::Answer(503, "", String::new()),
        false => Do::Accept,
    });
    world.settled().await;
    let late: Vec<_> = vendor.taken()[taken..].iter().flat_map(|r| r.events.clone()).collect();
    assert!(late.len() == 80 && late.iter().all(|e| e["properties"].get("plan").is_some()));
}

/// What an evaluation says of a change is what the change does: for pairs of policies and traffic drawn from a seed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_two_policies_make_of_events_is_what_happens_when_the_second_is_applied() {
    for seed in 0..12_u64 {
        // A small generator is enough: each bit chooses something.
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut bit = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state & 4 != 0
        };
        let vendor = Vendor::start(|_, _| Do::Accept).await;
        let mut world = World::new().await;
        let mut policy = |world: &World| {
            let allow: Vec<&str> = ["plan", "profile.plan", "note"].into_iter().filter(|_| bit()).collect();
            let rules = if bit() { drops() } else { Vec::new() };
            world.setup_with(&vendor.url, &allow, rules, options())
        };
        let (old, new) = (policy(&world), policy(&world));
        world.deliver_with(1, Some(Arc::clone(&old))).await;
        // Without a setup events wait; a destination that is suspended would drop by its rules already.
        world.deliver_with(1, None).await;
        let events: Vec<Event> = (0..90)
            .map(|i| match i % 5 {
                0 => Event::profile(ProfileOp::Set, &format!("user-{i}"), "pro"),
                1 => Event { offered: false, ..Event::track("nobody's") },
                2 => Event { age: 6 * 86_400_000, ..Event::track(&format!("late-{i}")) },
                _ => Event::track(&format!("user-{}", i % 7)),
            })
            .collect();
        world.put(&events).await;

        let mut pair = world.deliver().pair(&old, &new).unwrap();
        let mut comparison = Comparison::default();
        let mut reader = world.up().journal.reader(Offset(0));
        while reader.position() < world.up().tail() {
            let group = reader.next().await.unwrap();
            for index in 0..group.count() {
                let view = RecordView::parse(&group, index).unwrap();
                pair.look(&view, group.base().0 + u64::from(index), NOW, &mut comparison);
            }
        }
        let (mut released, mut dropped, mut with_plan) = (0, BTreeMap::new(), 0);
        for (_, compared) in comparison.events() {
            released += compared.new.released;
            compared.new.dropped.iter().for_each(|(rule, n)| *dropped.entry(*rule).or_insert(0) += n);
            let plans = compared.new.filled.iter().filter(|(path, _)| world.up().names.text(**path).ends_with("plan"));
            with_plan += plans.map(|(_, n)| n).sum::<u64>();
        }
        assert_eq!(comparison.offered(), 72, "seed {seed}");

        world.deliver_with(2, Some(new)).await;
        world.settled().await;
        assert_eq!((world.totals().delivered, world.totals().dropped), (released, dropped), "seed {seed}");
        let carries = |e: &serde_json::Value| e["properties"].get("plan").is_some() || e["$set"].get("plan").is_some();
        let arrived = vendor.taken().iter().flat_map(|request| request.events.clone()).filter(carries).count();
        assert_eq!(arrived as u64, with_plan, "seed {seed}");
    }
}

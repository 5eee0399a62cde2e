//! Once more from the journal: D5 (the same insert id, time and pseudonym), D11 (in no sum).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use weir_deliver::{Progress, Resent, Wanted};
use weir_event::{Millis, ProfileOp, Rule};
use weir_hold::Owner;
use weir_policy::RuleSpec;

use crate::support::{Event, NOW, World, options, product};
use crate::vendor::{Do, Vendor};

fn wanted(event: &str) -> Wanted {
    let (from, to) = (NOW.plus(-Millis::HOUR), NOW.plus(Millis::HOUR));
    Wanted { event: event.to_owned(), from, to, skip_resent: false, rate: 1_000_000 }
}

async fn rehearse(world: &World, wanted: &Wanted) -> Resent {
    world.deliver().resend(&product(), wanted, true, &Progress::default()).await.unwrap()
}

async fn resend(world: &World, wanted: &Wanted) -> Resent {
    world.deliver().resend(&product(), wanted, false, &Progress::default()).await.unwrap()
}

/// What a vendor tells copies by, of every event that arrived since, and how often.
fn keys(vendor: &Vendor, since: usize) -> BTreeMap<String, usize> {
    let mut keys = BTreeMap::new();
    for event in vendor.taken()[since..].iter().flat_map(|request| &request.events) {
        let p = &event["properties"];
        let key = format!("{} {} {} {}", event["event"], p["$insert_id"], p["time"], p["distinct_id"]);
        *keys.entry(key).or_default() += 1;
    }
    keys
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d5_a_resend_has_the_same_insert_id_time_and_pseudonym_and_a_rehearsal_changes_nothing() {
    let vendor = Vendor::start(|_, _| Do::Accept).await;
    let mut world = World::new().await;
    world.deliver_to(&vendor.url, options()).await;
    world.put(&Event::many(120)).await;
    world.put(&[Event { offered: false, ..Event::track("u9") }]).await;
    world.settled().await;
    let (first, requests) = (keys(&vendor, 0), vendor.requests().len());
    let (totals, entries) = (world.totals(), world.up().ledger.entries());

    let expected = Resent { found: 120, delivered_before: 120, replaces: 120, ..Resent::default() };
    assert_eq!(rehearse(&world, &wanted("key created")).await, expected);
    assert_eq!(rehearse(&world, &wanted("key removed")).await, Resent::default());
    let (from, to) = (NOW.plus(1), NOW.plus(2));
    assert_eq!(rehearse(&world, &Wanted { from, to, ..wanted("key created") }).await, Resent::default());
    assert_eq!((world.up().ledger.entries(), vendor.requests().len()), (entries, requests), "nothing was changed");

    let done = resend(&world, &wanted("key created")).await;
    assert_eq!(done, Resent { delivered: 120, ..expected.clone() });
    assert_eq!(keys(&vendor, requests), first);
    assert_eq!((world.totals(), world.waiting()), (totals, 0), "D11: each event keeps the state that it had");

    // Known to the next one.
    let again = Wanted { skip_resent: true, ..wanted("key created") };
    let left_out = Resent { resent_before: 120, left_out: 120, replaces: 0, ..expected };
    assert_eq!(rehearse(&world, &again).await, left_out);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn today_s_policy_releases_and_what_was_dropped_arrives_for_the_first_time() {
    let vendor = Vendor::start(|_, _| Do::Accept).await;
    let mut world = World::new().await;
    let drops = RuleSpec { event: Some("key created".into()), action: Some("drop".into()), ..RuleSpec::default() };
    let dropping = world.setup_with(&vendor.url, &["plan"], vec![drops], options());
    world.deliver_with(1, Some(dropping)).await;
    world.put(&Event::many(10)).await;
    world.settled().await;
    assert_eq!(world.totals().dropped.get(&Rule::Event), Some(&10));
    let still = rehearse(&world, &wanted("key created")).await;
    assert_eq!((still.sends(), still.withheld.get(&Rule::Event)), (0, Some(&10)));

    let allowing = world.setup(&vendor.url, &["plan"], options());
    world.deliver_with(2, Some(allowing)).await;
    let done = resend(&world, &wanted("key created")).await;
    assert_eq!((done.first, done.replaces, done.delivered), (10, 0, 10));
    assert_eq!(vendor.taken()[0].events[0]["properties"]["plan"], "pro");
    assert_eq!(world.totals().dropped.get(&Rule::Event), Some(&10), "dropped then, whatever left since");
    assert_eq!(world.totals().delivered, 0);

    // And once more under a policy that lets less leave: these replace what is there.
    let stricter = world.setup(&vendor.url, &[], options());
    world.deliver_with(3, Some(stricter)).await;
    let done = resend(&world, &wanted("key created")).await;
    assert_eq!((done.first, done.replaces, done.resent_before, done.delivered), (0, 10, 10, 10));
    assert!(vendor.taken()[1].events[0]["properties"].get("plan").is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_is_held_or_would_count_twice_is_told_and_not_sent() {
    let vendor = Vendor::start(|_, r| {
        if r.events.iter().any(|e| e["$set"]["plan"] == "poison") {
            return Do::Answer(400, "", "{\"error\":\"no\",\"status\":0}".to_owned());
        }
        Do::Accept
    })
    .await;
    let mut world = World::new().await;
    world.deliver_to(&vendor.url, options()).await;
    world.put(&[Event::profile(ProfileOp::Set, "u1", "pro"), Event::profile(ProfileOp::Set, "u2", "poison")]).await;
    world.put(&[Event::profile(ProfileOp::Append, "u3", "pro")]).await;
    world.settled().await;
    assert_eq!(world.quarantined(), 1);
    world.deliver().suspend(&product()).await.unwrap();
    world.put(&[Event::profile(ProfileOp::Set, "u4", "pro")]).await;
    let refused = world.deliver().resend(&product(), &wanted("$profile"), false, &Progress::default()).await;
    assert!(refused.is_err(), "suspended");
    let report = rehearse(&world, &wanted("$profile")).await;
    let expected = Resent {
        found: 4,
        delivered_before: 2,
        quarantined: 1,
        waiting: 1,
        replaces: 1,
        not_repairable: 1,
        ..Resent::default()
    };
    assert_eq!(report, expected);
    world.deliver().resume(&product()).await.unwrap();
    world.settled().await;
    let before = vendor.taken().len();
    let done = resend(&world, &wanted("$profile")).await;
    assert_eq!((done.delivered, done.not_repairable, done.quarantined), (2, 1, 1));
    assert!(vendor.taken()[before..].iter().flat_map(|r| &r.events).all(|e| e.get("$append").is_none()));
    let held = world.up().hold.list(10, |info| info.owner == Owner::Destination(product()));
    assert_eq!((held.len(), world.waiting()), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vendor_that_is_away_is_waited_for_and_what_it_refuses_keeps_its_state() {
    let vendor = Vendor::start(|_, _| Do::Accept).await;
    let mut world = World::new().await;
    world.deliver_to(&vendor.url, options()).await;
    world.put(&Event::many(40)).await;
    world.settled().await;
    let totals = world.totals();
    let tries = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&tries);
    vendor.script(move |_, _| match counted.fetch_add(1, SeqCst) {
        0..7 => Do::Answer(503, "", String::new()),
        7 => Do::Answer(413, "", String::new()),
        _ => Do::Accept,
    });
    let done = resend(&world, &wanted("key created")).await;
    assert_eq!((done.delivered, done.rejected, done.stopped), (40, 0, None));
    vendor.script(|_, _| Do::Answer(400, "", "{\"error\":\"no\",\"status\":0}".to_owned()));
    let done = resend(&world, &wanted("key created")).await;
    assert_eq!((done.delivered, done.rejected), (0, 40));
    assert_eq!((world.totals(), world.quarantined(), world.waiting()), (totals, 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_within_a_resend_moves_no_sum_and_the_command_goes_on_where_it_stopped() {
    let vendor = Vendor::start(|_, _| Do::Accept).await;
    let mut world = World::new().await;
    world.deliver_to(&vendor.url, options()).await;
    world.put(&Event::many(30)).await;
    world.settled().await;
    let totals = world.totals();
    let requests = vendor.requests().len();
    vendor.script(|_, _| Do::TakeAndStall);
    let all = wanted("key created");
    tokio::select! {
        done = resend(&world, &all) => panic!("without an answer: {done:?}"),
        () = world.until("it was sent", || vendor.requests().len() > requests) => {}
    }
    vendor.script(|_, _| Do::Accept);
    let mut world = world.crash().await;
    world.deliver_to(&vendor.url, options()).await;
    world.put(&Event::many(1)).await;
    world.settled().await;
    assert_eq!(world.totals().delivered, totals.delivered + 1);
    assert_eq!(world.totals().unknown, 0);
    let done = resend(&world, &Wanted { skip_resent: true, ..wanted("key created") }).await;
    assert_eq!((done.delivered, done.resent_before, done.stopped), (31, 0, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspended_or_cancelled_resend_ends_and_its_rate_is_kept() {
    let vendor = Vendor::start(|_, _| Do::Accept).await;
    let mut world = World::new().await;
    world.deliver_to(&vendor.url, options()).await;
    world.put(&Event::many(20)).await;
    world.settled().await;
    vendor.script(|_, _| Do::Answer(503, "", String::new()));
    let progress = Progress::default();
    let all = wanted("key created");
    let product = product();
    let cancelled = async {
        while !progress.waits.load(SeqCst) {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        progress.cancel();
    };
    let (done, ()) = tokio::join!(world.deliver().resend(&product, &all, false, &progress), cancelled);
    assert_eq!(done.unwrap().stopped, Some("cancelled"));
    let progress = Progress::default();
    let suspended = async {
        while !progress.waits.load(SeqCst) {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        world.deliver().suspend(&product).await.unwrap();
    };
    let (done, ()) = tokio::join!(world.deliver().resend(&product, &all, false, &progress), suspended);
    assert!(done.unwrap().stopped.is_some_and(|why| why.contains("suspended")));
    assert_eq!((world.totals().delivered, world.waiting()), (20, 0));

    // No more events a second than asked for.
    world.deliver().resume(&product).await.unwrap();
    vendor.script(|_, _| Do::Accept);
    let begun = std::time::Instant::now();
    let done = resend(&world, &Wanted { rate: 100, ..wanted("key created") }).await;
    assert!(done.delivered == 20 && begun.elapsed().as_millis() >= 200);
}

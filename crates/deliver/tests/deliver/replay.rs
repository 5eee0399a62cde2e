//! Quarantine and the way back.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use weir_deliver::{DeliverError, Replayed};
use weir_event::{ProfileOp, Rule};

use crate::support::{Event, World, options, product};
use crate::vendor::{Do, Request, Vendor};

fn is_poisoned(request: &Request) -> bool {
    request.events.iter().any(|e| e["properties"]["plan"] == "poison")
}

fn refuse() -> Do {
    Do::Answer(400, "", "{\"error\":\"no\",\"status\":0}".to_owned())
}

async fn with_three_in_quarantine() -> (World, Vendor) {
    let vendor = Vendor::start(|_, r| if is_poisoned(r) { refuse() } else { Do::Accept }).await;
    let mut world = World::new().await;
    world.deliver_to(&vendor.url, options()).await;
    let mut events = Event::many(30);
    for i in [4, 11, 29] {
        events[i].plan = "poison".into();
    }
    world.put(&events).await;
    world.settled().await;
    assert_eq!(world.quarantined(), 3);
    (world, vendor)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d10_replayed_events_leave_quarantine_under_the_same_insert_ids() {
    let (mut world, vendor) = with_three_in_quarantine().await;
    let refused: Vec<String> =
        vendor.requests().iter().filter(|r| r.events.len() == 1).flat_map(Request::insert_ids).collect();
    vendor.script(|_, _| Do::Accept);
    let (records, twice) = (world.held().await, world.held().await);
    let replayed = world.deliver().replay(&product(), records).await.unwrap();
    assert_eq!(replayed, Replayed { delivered: 3, ..Replayed::default() });
    assert_eq!(world.deliver().replay(&product(), twice).await.unwrap(), Replayed::default(), "D11: once");
    assert_eq!((world.quarantined(), world.totals().delivered), (0, 30));
    let last = vendor.taken().pop().unwrap().insert_ids();
    assert!(last.len() == 3 && last.iter().all(|id| refused.contains(id)));

    // Also in the ledger, and after a restart; new events go on as before.
    let mut again = world.crash().await;
    assert_eq!(again.waiting(), 0);
    again.deliver_to(&vendor.url, options()).await;
    again.put(&Event::many(5)).await;
    again.settled().await;
    world = again;
    assert_eq!(world.totals().delivered, 35);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_rejected_again_or_put_off_stays_in_quarantine() {
    let (world, vendor) = with_three_in_quarantine().await;
    let replayed = world.deliver().replay(&product(), world.held().await).await.unwrap();
    assert_eq!(replayed, Replayed { rejected: 3, ..Replayed::default() });
    assert_eq!((world.quarantined(), world.waiting()), (3, 0));

    vendor.script(|_, _| Do::Answer(503, "", String::new()));
    let replayed = world.deliver().replay(&product(), world.held().await).await.unwrap();
    assert_eq!(replayed, Replayed { put_off: 3, ..Replayed::default() });
    vendor.script(|_, _| Do::TakeAndClose);
    let replayed = world.deliver().replay(&product(), world.held().await).await.unwrap();
    assert_eq!(replayed, Replayed { unknown: 3, ..Replayed::default() });
    assert_eq!((world.quarantined(), world.waiting()), (3, 0));

    world.deliver().suspend(&product()).await.unwrap();
    let refused = world.deliver().replay(&product(), world.held().await).await;
    assert!(matches!(refused, Err(DeliverError::NotSending(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replays_give_way_to_the_breaker_and_write_no_intents_while_the_vendor_is_away() {
    let (world, vendor) = with_three_in_quarantine().await;
    vendor.script(|_, _| Do::Answer(503, "", String::new()));
    let before = vendor.requests().len();
    let tries = u64::from(options().breaker_failures);
    for _ in 0..tries + 4 {
        let replayed = world.deliver().replay(&product(), world.held().await).await.unwrap();
        assert_eq!(replayed, Replayed { put_off: 3, ..Replayed::default() });
        if vendor.requests().len() - before == tries as usize {
            break;
        }
    }
    assert_eq!(world.status().breaker, weir_deliver::BreakerState::Open);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_waits_for_the_request_of_a_replay_and_nothing_more_goes_out() {
    let (world, vendor) = with_three_in_quarantine().await;
    let before = vendor.requests().len();
    vendor.script(|_, _| Do::TakeAndStall);
    let records = world.held().await;
    let product = product();
    let (replayed, ()) = tokio::join!(world.deliver().replay(&product, records), async {
        world.until("it is sent", || vendor.requests().len() > before).await;
        let began = std::time::Instant::now();
        world.deliver().stop(std::time::Duration::from_millis(300)).await;
        assert!(began.elapsed() >= std::time::Duration::from_millis(250), "it waits for the request under way");
    });
    assert_eq!(replayed.unwrap().unknown, 3);
    let refused = world.deliver().replay(&product, world.held().await).await;
    assert!(matches!(refused, Err(DeliverError::NotSending(_))));
    assert_eq!(vendor.requests().len(), before + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_is_released_by_today_s_policy() {
    let vendor = Vendor::start(|_, _| refuse()).await;
    let mut world = World::new().await;
    world.deliver_to(&vendor.url, options()).await;
    world.put(&[Event::profile(ProfileOp::Set, "u1", "pro"), Event::track("u1")]).await;
    world.settled().await;
    assert_eq!(world.quarantined(), 2);
    vendor.script(|_, _| Do::Accept);
    let stricter = world.setup(&vendor.url, &[], options());
    world.deliver_with(2, Some(stricter)).await;
    let replayed = world.deliver().replay(&product(), world.held().await).await.unwrap();
    assert_eq!(replayed, Replayed { delivered: 1, not_released: 1, ..Replayed::default() });
    assert!(vendor.taken()[0].events[0]["properties"].get("plan").is_none());
    assert_eq!((world.quarantined(), world.waiting()), (1, 0));
    assert_eq!(world.totals().dropped.get(&Rule::EmptyProfile), None);
}

/// Rejected, in quarantine, and then no outcome: the restart sends the batch again, and what the vendor takes this time is in one
/// state only.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d11_a_crash_between_quarantine_and_outcome_leaves_each_event_in_one_state() {
    let mut world = World::new().await;
    let appends = Arc::clone(&world.disk.appends);
    let vendor = Vendor::start(move |_, _| {
        appends.store(true, SeqCst);
        refuse()
    })
    .await;
    world.deliver_to(&vendor.url, options()).await;
    world.put(&Event::many(1)).await;
    world.until("the outcome cannot be recorded", || world.disk.failed.load(SeqCst) > 0).await;
    assert_eq!(world.quarantined(), 1);
    vendor.script(|_, _| Do::Accept);

    let mut world = world.crash().await;
    assert_eq!(world.totals().rejected, 0);
    world.deliver_to(&vendor.url, options()).await;
    world.until("it is delivered", || world.totals().delivered == 1).await;
    assert_eq!((world.quarantined(), world.waiting()), (0, 0));
}

/// Taken by the vendor and out of quarantine, and then no outcome: the restart takes the replay for accepted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d11_a_crash_within_a_replay_leaves_each_event_in_one_state() {
    let (world, vendor) = with_three_in_quarantine().await;
    let appends = Arc::clone(&world.disk.appends);
    vendor.script(move |_, _| {
        appends.store(true, SeqCst);
        Do::Accept
    });
    let product = product();
    tokio::select! {
        done = world.deliver().replay(&product, world.held().await) => panic!("without an outcome: {done:?}"),
        () = world.until("the outcome cannot be recorded", || world.disk.failed.load(SeqCst) > 0) => {}
    }
    vendor.script(|_, _| Do::Accept);
    let mut world = world.crash().await;
    assert_eq!((world.quarantined(), world.totals().delivered), (0, 27));
    world.deliver_to(&vendor.url, options()).await;
    world.settled().await;
    assert_eq!(world.totals().delivered, 30);
    assert_eq!(vendor.requests().last().unwrap().events.len(), 3);
}

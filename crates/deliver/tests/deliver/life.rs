//! Suspend, resume, end, reload, lag, stop.

use std::time::Duration;

use weir_deliver::{DeliverError, OnLag, Options};
use weir_event::{Millis, Rule};
use weir_ledger::Status;

use crate::support::{Event, NOW, World, options, product};
use crate::vendor::{Do, Vendor};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspended_destination_sends_nothing_and_a_resumed_one_everything() {
    let vendor = Vendor::start(|_, _| Do::Accept).await;
    let mut world = World::new().await;
    world.deliver_to(&vendor.url, options()).await;
    world.deliver().suspend(&product()).await.unwrap();
    world.put(&Event::many(10)).await;
    world.until("the events are queued", || world.status().queued == 10).await;
    assert_eq!((vendor.requests().len(), world.status().life), (0, Status::Suspended));

    // Also after a restart.
    let mut world = world.crash().await;
    world.deliver_to(&vendor.url, options()).await;
    world.until("the events are queued", || world.status().queued == 10).await;
    assert_eq!(vendor.requests().len(), 0);
    world.deliver().resume(&product()).await.unwrap();
    world.settled().await;
    assert_eq!(vendor.arrived().1, 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d11_an_ended_destination_drops_what_waits_and_what_still_comes() {
    let vendor = Vendor::start(|_, _| Do::Answer(503, "", String::new())).await;
    let mut world = World::new().await;
    world.deliver_to(&vendor.url, options()).await;
    world.put(&Event::many(30)).await;
    world.until("it is tried", || !vendor.requests().is_empty()).await;
    world.deliver().end(&product()).await.unwrap();
    world.put(&Event::many(5)).await;
    world.settled().await;
    assert_eq!(world.totals().dropped.get(&Rule::Ended), Some(&35));
    assert!(matches!(world.deliver().resume(&product()).await, Err(DeliverError::Ended(_))));

    // Not in the configuration any more, and something of it was left in the journal by a crash.
    world.put(&Event::many(3)).await;
    let mut world = world.crash().await;
    world.deliver_with(2, None).await;
    world.settled().await;
    assert_eq!(world.totals().dropped.get(&Rule::Ended), Some(&38));
    assert!(!world.status().is_configured);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_destination_that_left_the_configuration_keeps_its_events_until_it_is_back_or_ended() {
    let vendor = Vendor::start(|_, _| Do::Answer(503, "", String::new())).await;
    let mut world = World::new().await;
    world.deliver_to(&vendor.url, options()).await;
    world.put(&Event::many(10)).await;
    world.until("it is tried", || !vendor.requests().is_empty()).await;
    world.deliver_with(2, None).await;
    world.put(&Event::many(10)).await;
    world.until("nothing is under way", || world.status().in_flight == 0).await;
    assert_eq!(world.waiting(), 20);
    assert!(world.deliver().floor().unwrap() < world.up().tail());
    vendor.script(|_, _| Do::Accept);
    world.deliver_to(&vendor.url, options()).await;
    world.settled().await;
    assert_eq!(vendor.arrived().0.len(), 20);
}

/// D16: what was not sent is released again under the newest generation; also what failed and waits for its next try.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d16_a_batch_that_was_not_sent_is_released_again_under_the_newest_generation() {
    let vendor = Vendor::start(|_, _| Do::Answer(503, "", String::new())).await;
    let mut world = World::new().await;
    world.deliver_to(&vendor.url, options()).await;
    world.put(&Event::many(10)).await;
    world.until("it is tried", || vendor.requests().len() > 1).await;
    assert!(vendor.requests()[0].events[0]["properties"].get("plan").is_some());

    let stricter = world.setup(&vendor.url, &[], options());
    world.deliver_with(2, Some(stricter)).await;
    let before = vendor.requests().len();
    world.put(&Event::many(10)).await;
    vendor.script(|_, _| Do::Accept);
    world.settled().await;
    let after = vendor.taken();
    assert_eq!(vendor.arrived().0.len(), 20);
    assert!(after.iter().flat_map(|r| &r.events).all(|e| e["properties"].get("plan").is_none()), "{before}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ended_destination_counts_what_was_offered_and_then_needs_the_journal_no_more() {
    let vendor = Vendor::start(|_, _| Do::Answer(503, "", String::new())).await;
    let mut world = World::new().await;
    world.deliver_to(&vendor.url, options()).await;
    world.put(&Event::many(10)).await;
    world.deliver().end(&product()).await.unwrap();
    world.settled().await;
    assert_eq!(world.totals().dropped.get(&Rule::Ended), Some(&10));
    // A request that was under way when it ended.
    world.put(&Event::many(5)).await;
    world.settled().await;
    assert_eq!(world.totals().dropped.get(&Rule::Ended), Some(&15));
    assert!(world.deliver().floor().is_some(), "more may come");
    // It is told the end at its first look; two minutes later nothing is under way.
    let mut now = NOW;
    for _ in 0..600 {
        if world.deliver().floor().is_none() {
            break;
        }
        now = now.plus(121_000);
        world.clock.set(now);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(world.deliver().floor(), None, "it holds no segment of the journal");
    world.put(&Event::many(10)).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(world.totals().dropped.get(&Rule::Ended), Some(&15), "it does not read on");
    assert_eq!(world.waiting(), 10);
    // A restart looks once again.
    let mut world = world.crash().await;
    world.deliver_with(2, None).await;
    world.settled().await;
    assert_eq!(world.totals().dropped.get(&Rule::Ended), Some(&25));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d12_events_over_the_lag_limit_expire_by_name_and_younger_ones_stay() {
    let vendor = Vendor::start(|_, _| Do::Answer(503, "", String::new())).await;
    let mut world = World::new().await;
    world.deliver_to(&vendor.url, options()).await;
    world.put(&Event::many(30)).await;
    world.until("it is tried", || !vendor.requests().is_empty()).await;
    world.clock.set(NOW.plus(40 * Millis::HOUR));
    world.put(&Event::many(10)).await;
    world.until("the alert at half", || world.status().is_lagging).await;
    assert_eq!(world.waiting(), 40);
    world.clock.set(NOW.plus(73 * Millis::HOUR));
    world.until("the old ones have expired", || world.totals().dropped.get(&Rule::Expired) == Some(&30)).await;
    assert_eq!(world.waiting(), 10);
    vendor.script(|_, _| Do::Accept);
    world.settled().await;
    assert_eq!(world.totals().delivered, 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d12_a_suspended_destination_runs_on_the_same_clock() {
    let vendor = Vendor::start(|_, _| Do::Accept).await;
    let mut world = World::new().await;
    world.deliver_to(&vendor.url, options()).await;
    world.deliver().suspend(&product()).await.unwrap();
    world.put(&Event::many(10)).await;
    world.until("queued", || world.status().queued == 10).await;
    world.clock.set(NOW.plus(73 * Millis::HOUR));
    world.settled().await;
    assert_eq!(world.totals().dropped.get(&Rule::Expired), Some(&10));
    assert!(vendor.requests().is_empty());
}

/// Half of the journal's budget, here nothing at all: what waits expires also from the middle of a retry, so that the journal can
/// be trimmed while the vendor is down.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d12_events_over_the_lag_limit_in_bytes_expire_under_way_and_queued() {
    let vendor = Vendor::start(|_, _| Do::Answer(503, "", String::new())).await;
    let mut world = World::new().await;
    let slow =
        Options { retry_longest: Duration::from_secs(3_600), retry_first: Duration::from_secs(3_600), ..options() };
    world.deliver_to(&vendor.url, slow.clone()).await;
    world.put(&Event::many(30)).await;
    world.until("it is tried", || !vendor.requests().is_empty()).await;
    assert_eq!(world.waiting(), 30);
    let setup = world.setup(&vendor.url, &["plan"], Options { lag_bytes_max: 1, ..slow });
    world.deliver_with(1, Some(setup)).await;
    world.put(&Event::many(30)).await;
    world.settled().await;
    assert_eq!(world.totals().dropped.get(&Rule::Expired), Some(&60));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d12_with_hold_nothing_expires() {
    let vendor = Vendor::start(|_, _| Do::Answer(503, "", String::new())).await;
    let mut world = World::new().await;
    world.deliver_to(&vendor.url, Options { on_lag: OnLag::Hold, ..options() }).await;
    world.put(&Event::many(10)).await;
    world.clock.set(NOW.plus(100 * Millis::HOUR));
    let tried = vendor.requests().len();
    world.until("it is tried after the limit", || vendor.requests().len() > tried + 2).await;
    assert_eq!(world.waiting(), 10);
    vendor.script(|_, _| Do::Accept);
    world.settled().await;
    assert_eq!(world.totals().delivered, 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_graceful_stop_leaves_no_open_intent() {
    let vendor = Vendor::start(|n, _| if n == 0 { Do::Accept } else { Do::Answer(503, "", String::new()) }).await;
    let mut world = World::new().await;
    world.deliver_to(&vendor.url, options()).await;
    world.put(&Event::many(10)).await;
    world.until("the first is delivered", || world.totals().delivered == 10).await;
    world.put(&Event::many(10)).await;
    world.until("the second is tried", || vendor.requests().len() > 1).await;
    world.deliver().stop(Duration::from_secs(10)).await;
    assert!(world.deliver().status().is_empty());
    let requests = vendor.requests().len();

    let mut world = world.crash().await;
    assert_eq!(world.waiting(), 10);
    vendor.script(|_, _| Do::Accept);
    world.deliver_to(&vendor.url, options()).await;
    world.settled().await;
    assert_eq!(vendor.arrived().1, 20);
    assert!(vendor.requests().len() <= requests + 1);
}

//! The vendor does what its documents say.

use std::sync::atomic::Ordering::SeqCst;

use weir_deliver::BreakerState;
use weir_event::{Millis, ProfileOp, Rule};
use weir_hold::{Owner, Shelf};
use weir_policy::SubjectMode;

use crate::support::{Event, World, options, product};
use crate::vendor::{Do, Vendor};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_arrives_once_with_what_is_released() {
    let vendor = Vendor::start(|_, _| Do::Accept).await;
    let mut world = World::new().await;
    world.deliver_to(&vendor.url, options()).await;
    world.put(&Event::many(430)).await;
    world.settled().await;

    let (ids, count) = vendor.arrived();
    assert_eq!((ids.len(), count), (430, 430));
    let totals = world.totals();
    assert_eq!((totals.delivered, totals.not_offered, totals.unknown), (430, 0, 0));
    let event = &vendor.requests()[0].events[0];
    assert_eq!(event["properties"]["plan"], "pro");
    assert!(
        vendor
            .requests()
            .iter()
            .all(|r| r.path.starts_with("/track?") && !format!("{:?}", r.events).contains("not for"))
    );
    let status = world.status();
    assert_eq!((status.breaker, status.in_flight, status.queued, status.behind), (BreakerState::Closed, 0, 0, 0));
    assert!(status.last_success.is_some() && status.is_configured);
    assert_eq!(world.deliver().floor(), Some(world.up().tail()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d8_raw_ids_arrive_on_the_first_day_and_on_each_that_begins_while_delivery_runs() {
    let vendor = Vendor::start(|_, _| Do::Accept).await;
    let mut world = World::new().await;
    world.keep_raw();
    let raw = SubjectMode::Raw { confirm_category: None };
    let setup = world.setup_for(&vendor.url, &["plan"], raw, options());
    world.deliver_with(1, Some(setup)).await;
    for day in 1..=3 {
        world.put(&[Event::track(&format!("person {day}"))]).await;
        world.settled().await;
        world.clock.advance(Millis::DAY);
    }
    let requests = vendor.requests();
    let ids = requests.iter().flat_map(|r| &r.events).map(|e| e["properties"]["distinct_id"].as_str());
    assert_eq!(ids.collect::<Vec<_>>(), [Some("person 1"), Some("person 2"), Some("person 3")]);
    assert_eq!(world.totals().delivered, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_window_becomes_requests_of_the_vendor_s_size() {
    let vendor = Vendor::start(|_, _| Do::Accept).await;
    let mut world = World::new().await;
    world.deliver_with(1, None).await;
    world.deliver_to(&vendor.url, options()).await;
    world.put(&Event::many(4_300)).await;
    world.settled().await;
    let (ids, count) = vendor.arrived();
    assert_eq!((ids.len(), count), (4_300, 4_300));
    assert!(vendor.requests().iter().all(|r| r.events.len() <= 2_000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_are_not_offered_are_passed_and_counted() {
    let vendor = Vendor::start(|_, _| Do::Accept).await;
    let mut world = World::new().await;
    world.deliver_to(&vendor.url, options()).await;
    let mut events = Event::many(100);
    events.iter_mut().step_by(2).for_each(|e| e.offered = false);
    world.put(&events).await;
    world.settled().await;
    world.until("the floor is at the tail", || world.totals().not_offered == 50).await;
    assert_eq!(vendor.arrived().1, 50);
    assert_eq!(world.totals().delivered, 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_release_drops_is_counted_by_rule() {
    let vendor = Vendor::start(|_, _| Do::Accept).await;
    let mut world = World::new().await;
    let setup = world.setup(&vendor.url, &["plan"], options());
    world.deliver_with(1, Some(setup)).await;
    // Nothing of the profile is allowed.
    world.put(&[Event::profile(ProfileOp::Set, "u1", "pro"), Event::track("u1")]).await;
    world.settled().await;
    assert_eq!(world.totals().dropped.get(&Rule::EmptyProfile), Some(&1));
    assert_eq!(world.totals().delivered, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn profile_operations_arrive_in_order_one_request_at_a_time() {
    let vendor = Vendor::start(|n, _| if n % 3 == 1 { Do::Answer(503, "", String::new()) } else { Do::Accept }).await;
    let mut world = World::new().await;
    world.deliver_to(&vendor.url, options()).await;
    let ops = [ProfileOp::Set, ProfileOp::Append, ProfileOp::Set, ProfileOp::Union];
    let events: Vec<Event> =
        (0..40).map(|i| Event::profile(ops[(i / 3) % ops.len()], "u1", &format!("step {i}"))).collect();
    world.put(&events).await;
    world.settled().await;
    let order: Vec<String> = vendor
        .taken()
        .iter()
        .flat_map(|r| r.events.clone())
        .map(|e| {
            let op = ["$set", "$append", "$union"].iter().find_map(|op| e.get(op)).unwrap().clone();
            // What is united with a list is a list itself.
            op["plan"].as_str().or(op["plan"][0].as_str()).unwrap_or_default().to_owned()
        })
        .collect();
    let expected: Vec<String> = (0..40).map(|i| format!("step {i}")).collect();
    assert_eq!(order, expected);
    assert_eq!(vendor.at_once_max.load(SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partial_failure_quarantines_the_rejected_and_delivers_the_others() {
    let vendor = Vendor::start(|_, _| {
        let body = r#"{"code":400,"error":"some data points in the request failed validation","num_records_imported":8,"failed_records":[{"index":3,"insert_id":"x","field":"properties.time","message":"m"},{"index":7,"insert_id":"y","field":"f","message":"m"}],"status":"Bad Request"}"#;
        Do::Answer(400, "", body.to_owned())
    })
    .await;
    let mut world = World::new().await;
    world.deliver_to(&vendor.url, options()).await;
    let old = |i: usize| Event { age: 30 * Millis::DAY, ..Event::track(&format!("user-{i}")) };
    world.put(&(0..10).map(old).collect::<Vec<_>>()).await;
    world.settled().await;
    assert_eq!(vendor.requests().len(), 1);
    assert!(vendor.requests()[0].path.starts_with("/import?"));
    let totals = world.totals();
    assert_eq!((totals.delivered, totals.rejected), (8, 2));
    let held = world.up().hold.gauges();
    assert_eq!(held.iter().map(|gauge| gauge.count).sum::<u64>(), 2);
    assert!(held.iter().all(|gauge| gauge.owner == Owner::Destination(product())), "{held:?} {:?}", Shelf::Rejected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_is_too_large_is_split_until_it_fits() {
    let vendor =
        Vendor::start(|_, r| if r.events.len() > 3 { Do::Answer(413, "", String::new()) } else { Do::Accept }).await;
    let mut world = World::new().await;
    world.deliver_to(&vendor.url, options()).await;
    world.put(&Event::many(25)).await;
    world.settled().await;
    let (ids, count) = vendor.arrived();
    assert_eq!((ids.len(), count), (25, 25));
    assert_eq!(world.totals().delivered, 25);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_event_that_the_vendor_never_takes_ends_in_quarantine_alone() {
    let vendor = Vendor::start(|_, r| {
        let bad = r.events.iter().any(|e| e["properties"]["plan"] == "poison");
        if bad { Do::Answer(400, "", "{\"error\":\"no\",\"status\":0}".to_owned()) } else { Do::Accept }
    })
    .await;
    let mut world = World::new().await;
    world.deliver_to(&vendor.url, options()).await;
    let mut events = Event::many(30);
    events[11].plan = "poison".into();
    world.put(&events).await;
    world.settled().await;
    let totals = world.totals();
    assert_eq!((totals.delivered, totals.rejected), (29, 1));
    assert_eq!(vendor.arrived().1, 29);
}

//! The vendor, the network, the ledger's disk and the process fail.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use weir_deliver::{BreakerState, OnUnknown, Options};
use weir_event::{Millis, ProfileOp, Rule};
use weir_policy::Released;
use weir_protocol::outbound::Building;
use weir_protocol::{DestinationKind, Encoded, Encoder, Lane, LaneLimits, Verdict};

use crate::support::{Event, World, options};
use crate::vendor::{Do, Vendor};

/// Mixpanel's, except that it has a defect which one event meets.
struct Defective(Box<dyn Encoder>);

static DEFECTIVE: DestinationKind = DestinationKind {
    name: "defective",
    endpoints: &[],
    encoder: |setup| Ok(Box::new(Defective(weir_protocol::encoder("mixpanel", setup)?))),
    repeat: weir_protocol::vendors::mixpanel::encode::REPEAT,
    resends_unknown: true,
    forwards: false,
};

impl Encoder for Defective {
    fn lane_of(&mut self, event: &Released<'_>, now: Millis) -> Result<Lane, Rule> {
        self.0.lane_of(event, now)
    }
    fn lanes(&self) -> &'static [Lane] {
        self.0.lanes()
    }
    fn limits(&self, lane: Lane) -> LaneLimits {
        self.0.limits(lane)
    }
    fn push(&mut self, request: &mut Building, event: &Released<'_>) -> bool {
        if event.leaves().iter().any(|leaf| leaf.bytes() == b"defect") {
            // As a panic, without its message in the output of the tests.
            std::panic::resume_unwind(Box::new("a defect"));
        }
        self.0.push(request, event)
    }
    fn finish(&mut self, request: Building) -> Encoded {
        self.0.finish(request)
    }
    fn interpret(&self, encoded: &Encoded, status: u16, after: Option<Duration>, body: &[u8]) -> Verdict {
        self.0.interpret(encoded, status, after, body)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d10_an_event_that_meets_a_defect_of_the_encoder_stays_here_and_the_others_leave() {
    let vendor = Vendor::start(|_, _| Do::Accept).await;
    let mut world = World::new().await;
    let mut setup = Arc::into_inner(world.setup(&vendor.url, &["plan"], options())).unwrap();
    setup.kind = &DEFECTIVE;
    world.deliver_with(1, Some(Arc::new(setup))).await;
    let mut events = Event::many(30);
    for (place, event) in events.iter_mut().enumerate() {
        event.plan = if matches!(place, 0 | 11 | 29) { "defect".into() } else { format!("plan {place}") };
    }
    world.put(&events).await;
    world.settled().await;

    let requests = vendor.requests();
    let plans: Vec<_> = requests.iter().flat_map(|r| &r.events).map(|e| e["properties"]["plan"].clone()).collect();
    let expected: Vec<String> = (1..29).filter(|i| *i != 11).map(|i| format!("plan {i}")).collect();
    assert_eq!(plans, expected);
    let totals = world.totals();
    assert_eq!((totals.delivered, totals.dropped.get(&Rule::StageFailed)), (27, Some(&3)));
}

/// Promise 2: if the ledger cannot be written, nothing is sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d3_nothing_is_sent_while_the_ledger_cannot_be_written() {
    let vendor = Vendor::start(|_, _| Do::Accept).await;
    let mut world = World::new().await;
    world.deliver_to(&vendor.url, options()).await;
    world.disk.appends.store(true, SeqCst);
    world.put(&Event::many(20)).await;
    world.until("several intents failed", || world.disk.failed.load(SeqCst) >= 3).await;
    assert_eq!(vendor.requests().len(), 0);
    assert_eq!(world.waiting(), 20);

    world.disk.appends.store(false, SeqCst);
    world.settled().await;
    assert_eq!(vendor.arrived().1, 20);
}

/// A failed fsync leaves it open whether the intent is on the disk: not durable is not sent, and nothing is until a restart.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d3_nothing_is_sent_after_a_failed_fsync_of_the_ledger() {
    let vendor = Vendor::start(|_, _| Do::Accept).await;
    let mut world = World::new().await;
    world.deliver_to(&vendor.url, options()).await;
    world.disk.syncs.store(true, SeqCst);
    world.put(&Event::many(20)).await;
    world.until("delivery has halted", || world.status().halted.is_some()).await;
    assert_eq!(vendor.requests().len(), 0);
    world.disk.syncs.store(false, SeqCst);

    let mut world = world.crash().await;
    world.deliver_to(&vendor.url, options()).await;
    world.settled().await;
    assert_eq!(vendor.arrived().0.len(), 20);
}

/// The outcome cannot be recorded: the batch stays open, nothing else is sent, and the restart sends it again under the same ids.
/// Failed both ways: the outcome never reached the disk, or it did and was reported lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d3_an_outcome_that_cannot_be_recorded_is_decided_by_the_next_start() {
    for kept in [false, true] {
        let mut world = World::new().await;
        let flag = Arc::clone(if kept { &world.disk.syncs } else { &world.disk.appends });
        // The ledger's disk fails while the vendor has the request.
        let fails = Arc::clone(&flag);
        let vendor = Vendor::start(move |_, _| {
            fails.store(true, SeqCst);
            Do::Accept
        })
        .await;
        world.deliver_to(&vendor.url, options()).await;
        world.put(&Event::many(20)).await;
        world.until("the outcome failed", || world.disk.failed.load(SeqCst) > 0).await;
        world.put(&Event::many(20)).await;
        world.until("what came later waits", || world.waiting() == 40).await;
        assert_eq!(vendor.requests().len(), 1);
        vendor.script(|_, _| Do::Accept);

        let mut world = world.crash().await;
        assert_eq!(world.totals().delivered, if kept { 20 } else { 0 });
        world.deliver_to(&vendor.url, options()).await;
        world.settled().await;
        let (ids, count) = vendor.arrived();
        assert_eq!((ids.len(), count), (40, if kept { 40 } else { 60 }));
        assert_eq!(world.totals().delivered, 40);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_that_pass_are_retried_with_the_same_bytes() {
    let vendor = Vendor::start(|n, _| match n {
        0 => Do::Answer(503, "", String::new()),
        1 => Do::Answer(429, "Retry-After: 0\r\n", "{}".into()),
        2 => Do::Answer(500, "", "<html>".into()),
        3 => Do::Answer(200, "", "<html>somebody else answers</html>".into()),
        _ => Do::Accept,
    })
    .await;
    let mut world = World::new().await;
    world.deliver_to(&vendor.url, options()).await;
    world.put(&Event::many(10)).await;
    world.settled().await;
    let requests = vendor.requests();
    assert_eq!(requests.len(), 5);
    assert!(requests.iter().all(|r| r.events == requests[0].events));
    assert_eq!(world.totals().delivered, 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_vendor_opens_the_breaker_and_nothing_is_lost() {
    let vendor = Vendor::start(|_, _| Do::Answer(503, "", String::new())).await;
    let mut world = World::new().await;
    let options = Options { breaker_failures: 3, ..options() };
    world.deliver_to(&vendor.url, options).await;
    world.put(&Event::many(10)).await;
    world.until("the breaker is open", || world.status().breaker != BreakerState::Closed).await;
    assert_eq!(world.waiting(), 10);
    vendor.script(|_, _| Do::Accept);
    world.settled().await;
    assert_eq!(world.status().breaker, BreakerState::Closed);
    assert_eq!(world.totals().delivered, 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d16_what_waits_while_an_allowance_ends_is_released_again_without_it() {
    let vendor = Vendor::start(|_, _| Do::Answer(503, "", String::new())).await;
    let mut world = World::new().await;
    let mut setup = Arc::into_inner(world.setup(&vendor.url, &["plan"], options())).unwrap();
    let mut policy = weir_policy::ReleasePolicy::clone(&setup.release);
    assert!(policy.end_at("plan", crate::support::NOW.plus(Millis::HOUR), &world.up().names));
    setup.release = Arc::new(policy);
    world.deliver_with(1, Some(Arc::new(setup))).await;
    world.put(&Event::many(10)).await;
    world.until("it was tried", || vendor.requests().len() >= 2).await;
    world.clock.advance(Millis::HOUR);
    vendor.script(|_, _| Do::Accept);
    world.settled().await;
    let (before, after) = (vendor.requests(), vendor.taken());
    assert!(before[0].events.iter().all(|e| e["properties"]["plan"] == "pro"));
    assert_eq!(after.iter().flat_map(|r| &r.events).count(), 10);
    for event in after.iter().flat_map(|r| &r.events) {
        assert_eq!(event["properties"]["plan"], serde_json::Value::Null);
    }
    assert_eq!(world.totals().delivered, 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vendor_that_refuses_us_keeps_everything_and_is_shown() {
    let vendor = Vendor::start(|_, _| Do::Answer(401, "", "{\"error\":\"bad token\"}".into())).await;
    let mut world = World::new().await;
    world.deliver_to(&vendor.url, options()).await;
    world.put(&Event::many(10)).await;
    world.until("it is shown", || world.status().refused == Some("credentials_refused")).await;
    assert_eq!(world.waiting(), 10);
    vendor.script(|_, _| Do::Accept);
    world.settled().await;
    assert_eq!(world.status().refused, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_outcome_is_sent_again_with_the_same_insert_ids() {
    let vendor = Vendor::start(|n, _| if n < 2 { Do::TakeAndClose } else { Do::Accept }).await;
    let mut world = World::new().await;
    world.deliver_to(&vendor.url, options()).await;
    world.put(&Event::many(10)).await;
    world.settled().await;
    let (ids, count) = vendor.arrived();
    assert_eq!((ids.len(), count), (10, 30));
    let totals = world.totals();
    assert_eq!((totals.delivered, totals.unknown), (10, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d3_what_does_not_repeat_safely_stays_unknown() {
    let vendor = Vendor::start(|_, r| match r.events.iter().any(|e| e.get("$append").is_some()) {
        true => Do::TakeAndClose,
        false => Do::Accept,
    })
    .await;
    let mut world = World::new().await;
    world.deliver_to(&vendor.url, options()).await;
    world
        .put(&[
            Event::profile(ProfileOp::Set, "u1", "a"),
            Event::profile(ProfileOp::Append, "u1", "b"),
            Event::profile(ProfileOp::Append, "u1", "c"),
            Event::profile(ProfileOp::Set, "u1", "d"),
        ])
        .await;
    world.settled().await;
    let totals = world.totals();
    assert_eq!((totals.delivered, totals.unknown), (2, 2));
    let appends = vendor.taken().iter().flat_map(|r| r.events.clone()).filter(|e| e.get("$append").is_some()).count();
    assert_eq!(appends, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keep_unknown_keeps_everything_unknown() {
    let vendor = Vendor::start(|_, _| Do::TakeAndClose).await;
    let mut world = World::new().await;
    world.deliver_to(&vendor.url, Options { on_unknown: OnUnknown::KeepUnknown, ..options() }).await;
    world.put(&Event::many(10)).await;
    world.settled().await;
    assert_eq!(world.totals().unknown, 10);
    assert_eq!(vendor.arrived().1, 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d3_an_intent_left_open_by_a_crash_is_sent_again_or_stays_unknown() {
    let vendor = Vendor::start(|_, _| Do::TakeAndStall).await;
    let mut world = World::new().await;
    world.deliver_to(&vendor.url, options()).await;
    let mut events = Event::many(10);
    events.push(Event::profile(ProfileOp::Append, "u1", "b"));
    world.put(&events).await;
    world.until("both lanes are under way", || vendor.requests().len() == 2).await;
    vendor.script(|_, _| Do::Accept);

    let mut world = world.crash().await;
    assert_eq!(world.waiting(), 11);
    world.deliver_to(&vendor.url, options()).await;
    world.put(&Event::many(3)).await;
    world.settled().await;
    let totals = world.totals();
    assert_eq!((totals.delivered, totals.unknown), (13, 1));
    let (ids, count) = vendor.arrived();
    assert_eq!((ids.len(), count), (13, 23));
}

/// Faults of all sorts, with crashes in between: every event is delivered, twice only under the same insert id, and the sums hold.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d11_the_sums_hold_under_random_faults_and_crashes() {
    let mut seed = [0; 8];
    weir_keys::random(&mut seed);
    let seed = u64::from_le_bytes(seed);
    println!("seed {seed}");
    let state = std::sync::Mutex::new(seed | 1);
    let draw = move |n: u64| {
        // xorshift64.
        let mut s = state.lock().unwrap();
        *s ^= *s << 13;
        *s ^= *s >> 7;
        *s ^= *s << 17;
        (*s >> 33) % n
    };
    let vendor = Vendor::start(move |_, r| match draw(12) {
        0 => Do::Answer(503, "", String::new()),
        1 => Do::Answer(429, "Retry-After: 0\r\n", String::new()),
        2 | 3 => Do::TakeAndClose,
        4 if r.events.len() > 1 => Do::Answer(413, "", String::new()),
        5 => Do::Answer(200, "", "no".into()),
        _ => Do::Accept,
    })
    .await;
    let mut world = World::new().await;
    let mut put = 0;
    for round in 0..6 {
        world.deliver_to(&vendor.url, options()).await;
        for _ in 0..4 {
            world.put(&Event::many(35)).await;
            put += 35;
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
        assert_eq!(world.offered(), put);
        if round < 5 {
            world = world.crash().await;
        }
    }
    world.settled().await;
    let totals = world.totals();
    assert_eq!(totals.delivered, put, "seed {seed}: {totals:?}");
    assert_eq!(vendor.arrived().0.len() as u64, put, "seed {seed}");
}

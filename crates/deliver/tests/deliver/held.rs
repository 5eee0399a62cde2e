//! What a rule holds back: quarantine before the ledger, each event in one state, also where a crash or a new rule comes in between.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use weir_deliver::{Replayed, Setup};
use weir_event::Rule;
use weir_policy::{ResidencyClassSpec, ResidencySpec, RouteSpec, Routing, SubjectMode, UnknownCountry};

use crate::support::{Event, World, options, product};
use crate::vendor::{Do, Vendor};

/// A destination that only Germans' events may reach, and what becomes of those whose country is not known.
pub(crate) fn german(world: &World, url: &str, unknown: UnknownCountry) -> Arc<Setup> {
    let class = ResidencyClassSpec { name: "us".into(), countries: vec!["US".into()], only: vec![] };
    let routing = Routing { route: RouteSpec::default(), residency: ResidencySpec { classes: vec![class], unknown } };
    world.setup_routed(url, &["plan"], SubjectMode::Stable, options(), routing)
}

pub(crate) fn any(world: &World, url: &str) -> Arc<Setup> {
    world.setup_for(url, &["plan"], SubjectMode::Stable, options())
}

pub(crate) fn from(country: &'static str) -> Event {
    Event { country, ..Event::track("ada") }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d11_what_a_rule_holds_is_in_quarantine_and_leaves_it_when_the_rule_has_changed() {
    let vendor = Vendor::start(|_, _| Do::Accept).await;
    let mut world = World::new().await;
    let setup = german(&world, &vendor.url, UnknownCountry::Hold);
    world.deliver_with(1, Some(setup)).await;
    world.put(&[from("DE"), from(""), from("US"), from(""), from("DE")]).await;
    world.settled().await;
    assert_eq!((world.totals().delivered, world.quarantined()), (2, 2));
    assert_eq!(world.totals().dropped.get(&Rule::Residency), Some(&1));
    assert!(world.held().await.iter().all(|held| held.info().reason == "region_unknown"));

    // The same rule keeps them there, and a restart changes nothing.
    let replayed = world.deliver().replay(&product(), world.held().await).await.unwrap();
    assert_eq!(replayed, Replayed { not_released: 2, ..Replayed::default() });
    let mut world = world.crash().await;
    let setup = any(&world, &vendor.url);
    world.deliver_with(2, Some(setup)).await;
    assert_eq!((world.quarantined(), world.waiting()), (2, 0));
    let replayed = world.deliver().replay(&product(), world.held().await).await.unwrap();
    assert_eq!(replayed, Replayed { delivered: 2, ..Replayed::default() });
    assert_eq!((world.quarantined(), world.totals().delivered, world.waiting()), (0, 4, 0));
    assert_eq!(vendor.arrived().0.len(), 4);
}

/// The ledger cannot be written after quarantine took an event, the process ends, and another rule holds by then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d11_a_crash_between_quarantine_and_the_ledger_leaves_each_event_in_one_state() {
    for (unknown, delivered, dropped) in [(None, 1, 0), (Some(UnknownCountry::Strictest), 0, 1)] {
        let vendor = Vendor::start(|_, _| Do::Accept).await;
        let mut world = World::new().await;
        let setup = german(&world, &vendor.url, UnknownCountry::Hold);
        world.deliver_with(1, Some(setup)).await;
        world.disk.appends.store(true, SeqCst);
        world.put(&[from("")]).await;
        world.until("the entry failed", || world.disk.failed.load(SeqCst) > 0).await;
        assert_eq!(world.quarantined(), 1);

        let mut world = world.crash().await;
        assert_eq!(world.quarantined(), 1);
        let setup = match unknown {
            Some(unknown) => german(&world, &vendor.url, unknown),
            None => any(&world, &vendor.url),
        };
        world.deliver_with(2, Some(setup)).await;
        world.settled().await;
        let totals = world.totals();
        assert_eq!((world.quarantined(), totals.delivered), (0, delivered));
        assert_eq!(totals.dropped.get(&Rule::RegionUnknown).copied().unwrap_or(0), dropped);
        assert_eq!(vendor.arrived().0.len() as u64, delivered);
    }
}

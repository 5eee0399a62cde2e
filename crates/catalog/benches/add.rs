//! What the catalog costs: records as the journal has them, read and added. Prints nanoseconds an event, the time to store and read
//! it, and what a full one takes.
//!
//! `cargo bench -p weir-catalog --bench add`

#![allow(clippy::print_stdout, reason = "a bench prints its figures")]

#[path = "../../../benches/src/thread_time.rs"]
mod thread_time;
#[allow(dead_code, clippy::unwrap_used, reason = "shared with the tests, which use all of it")]
#[path = "../tests/world/mod.rs"]
mod world;

use std::time::Instant;

use thread_time::thread_time;
use weir_catalog::{Catalog, EVENTS_MAX, PROPERTIES_MAX};
use weir_event::{Millis, Offset};
use world::{START, World, letters};

const EVENTS: usize = 500;
const ROUNDS: i64 = 2_000;

fn main() {
    let world = World::new();
    for properties in [3, 10, 20] {
        let events: Vec<String> = (0..EVENTS).map(|n| event(n, properties)).collect();
        let batch = world.minimise("web", START, &format!("[{}]", events.join(",")));
        let mut catalog = Catalog::new(world.key(), Offset(0), START);
        let (parsed, whole) = (time(&world, &batch, None), time(&world, &batch, Some(&mut catalog)));
        println!("{properties} properties: {whole:.0} ns an event, of which {parsed:.0} to read the record's head");
    }

    profile_update(&world);

    let mut catalog = Catalog::new(world.key(), Offset(0), START);
    fill(&world, &mut catalog);
    let began = Instant::now();
    let stored = catalog.encode(&world.names);
    let written = began.elapsed();
    let began = Instant::now();
    let again = Catalog::decode(&stored, &world.names, world.key()).expect("it comes back");
    println!(
        "full ({} properties of {PROPERTIES_MAX}, {EVENTS_MAX} events at most): {} MiB in memory, {} MiB stored, {} ms to store, {} ms to read",
        again.properties(),
        catalog.memory_bytes() >> 20,
        stored.len() >> 20,
        written.as_millis(),
        began.elapsed().as_millis()
    );
}

/// What a profile costs a leaf: the same events spread over so many hours that each is looked at, and in one hour, where one in 16 is.
fn profile_update(world: &World) {
    const HOURS: i64 = 30;
    const OF_HOUR: usize = 300;
    const PROPERTIES: usize = 12;
    let body = |hour: i64| {
        let events: Vec<String> = (0..OF_HOUR).map(|n| event(n + hour as usize * OF_HOUR, PROPERTIES)).collect();
        format!("[{}]", events.join(","))
    };
    let run = |apart: i64| {
        let batches: Vec<_> =
            (0..HOURS).map(|hour| world.minimise("web", START.plus(hour * apart), &body(hour))).collect();
        let round = || {
            let mut catalog = Catalog::new(world.key(), Offset(0), START);
            let began = thread_time();
            for batch in &batches {
                world.add(&mut catalog, batch);
            }
            (thread_time() - began).as_nanos()
        };
        (0..20).map(|_| round()).min().unwrap_or_default() as f64
    };
    let leaves = HOURS as f64 * OF_HOUR as f64 * PROPERTIES as f64;
    let (all, sampled) = (run(Millis::HOUR), run(0));
    // Of five names 64 each are looked at in the one hour, and a sixteenth of the rest.
    let events = HOURS as f64 * OF_HOUR as f64;
    let looked_at = (320.0 + (events - 320.0) / 16.0) / events;
    let full = (all - sampled) / leaves / (1.0 - looked_at);
    println!("profile: {full:.0} ns a leaf that is looked at, {:.1} amortised over one in 16", full / 16.0);
}

/// Nanoseconds an event, at a thousand rounds of half a second each.
fn time(world: &World, batch: &weir_policy::MinimisedBatch, mut catalog: Option<&mut Catalog>) -> f64 {
    let began = Instant::now();
    let mut sum = 0;
    for _ in 0..ROUNDS {
        World::each(batch, |view| {
            sum += view.received_at().0;
            if let Some(catalog) = &mut catalog {
                catalog.add(view, catalog.position(), &world.names);
            }
        });
    }
    std::hint::black_box(sum);
    began.elapsed().as_nanos() as f64 / (EVENTS as f64 * ROUNDS as f64)
}

fn event(n: usize, properties: usize) -> String {
    let names = ["signed_up", "report_exported", "page_viewed", "plan_changed", "seat_added"];
    let properties: Vec<String> = (0..properties)
        .map(|p| match p % 3 {
            0 => format!(r#""plan_{}":"tier {}""#, letters(p), (n + p) % 7),
            1 => format!(r#""seats_{}":{}"#, letters(p), (n * 13 + p) % 1_000),
            _ => format!(r#""trial_{}":{}"#, letters(p), n.is_multiple_of(2)),
        })
        .collect();
    format!(r#"{{"event":"{}","properties":{{{}}}}}"#, names[n % names.len()], properties.join(","))
}

/// As many properties as there may be, each with counts for all hours and days and a dense sketch.
fn fill(world: &World, catalog: &mut Catalog) {
    for day in 0..92 {
        for hour in if day < 89 { 0..1 } else { 0..24 } {
            for source in ["web", "app"] {
                for name in 0..100 {
                    let properties: Vec<String> =
                        (0..500).map(|p| format!(r#""key_of_{}":"v {}""#, letters(p), day * 24 + hour)).collect();
                    let body =
                        format!(r#"{{"event":"event_{}","properties":{{{}}}}}"#, letters(name), properties.join(","));
                    let at = START.plus(day * Millis::DAY + hour * Millis::HOUR);
                    world.add(catalog, &world.minimise(source, at, &body));
                }
            }
        }
    }
}

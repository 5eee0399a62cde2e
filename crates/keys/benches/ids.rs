//! What ids cost: nanoseconds for each call of what runs several times per event. Prints; judges nothing.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program for a terminal")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use weir_event::{DestinationId, Environment, SystemClock};
use weir_keys::{Epoch, Keys};

const CALLS: u32 = 1_000_000;

fn measure(name: &str, mut call: impl FnMut()) {
    let start = Instant::now();
    for _ in 0..CALLS {
        call();
    }
    println!("{name:<16} {:>6.0} ns", start.elapsed().as_nanos() as f64 / f64::from(CALLS));
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let keys = Keys::open(&folder.path().join("keys"), Arc::new(SystemClock)).unwrap();
    let product = DestinationId::parse("product").unwrap();
    keys.ensure_epochs(&product, &[2_968]).unwrap();
    let snapshot = keys.snapshot();
    let destination = snapshot.destination(&product).unwrap();
    let id = b"0f8fad5b-d9cb-469f-a165-70867728950e";
    let event = snapshot.event_id(Environment::Production, "web", "track", id);
    let tag = snapshot.tag(Environment::Production, "default", "user", id);
    measure("event id", || {
        black_box(snapshot.event_id(Environment::Production, "web", "track", black_box(id)));
    });
    measure("random event id", || {
        black_box(snapshot.random_event_id());
    });
    measure("tag", || {
        black_box(snapshot.tag(Environment::Production, "default", "user", black_box(id)));
    });
    measure("insert id", || {
        black_box(destination.insert_id(black_box(event)));
    });
    measure("pseudonym", || {
        black_box(destination.pseudonym(Epoch::Rotating(2_968), "user", black_box(&tag)));
    });
    measure("snapshot", || {
        black_box(keys.snapshot());
    });
    measure("uuid as text", || {
        black_box(black_box(destination.insert_id(event)).to_text());
    });
}

//! How long the index takes: `cargo run -p weir-identity --example lookups -- FOLDER MILLIONS`. Not a test: it fills the folder with
//! that many millions of links between people and devices, as `serve` does, a hundred thousand at a time, then asks.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement stops where it fails and says what it measured"
)]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use weir_event::{Millis, Offset, SubjectTag};
use weir_identity::link::{IdKind, Stored, pair};
use weir_identity::manifest::Manifest;
use weir_identity::store::Store;
use weir_identity::{Index, Limits};
use weir_journal::disk::RealDisk;
use weir_policy::record::LinkKind;

/// Spread like a keyed hash.
fn tag(kind: u64, number: u64) -> SubjectTag {
    let mut out = [0; 16];
    for (half, chunk) in out.chunks_mut(8).enumerate() {
        let mut x = (number * 8 + kind + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(half as u64);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        chunk.copy_from_slice(&(x ^ (x >> 31)).to_be_bytes());
    }
    SubjectTag(out)
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let data = PathBuf::from(arguments.next().expect("FOLDER"));
    let millions: u64 = arguments.next().map_or(8, |text| text.parse().expect("MILLIONS"));
    let people = millions * 1_000_000 / 2;
    let now = Millis(1_795_305_600_000);
    let began = Instant::now();
    let (mut store, _) = Store::open(Arc::new(RealDisk::default()), &data, Offset(0), Offset(u64::MAX), now).unwrap();
    let mut first = 0;
    while first < people && store.manifest().position.0 < people {
        let mut links: Vec<Stored> = Vec::new();
        for n in first..(first + 50_000).min(people) {
            let user = (IdKind::User, tag(1, n));
            links.extend(pair(LinkKind::DeviceUser, (IdKind::Device, tag(2, n)), user, now));
            links.extend(pair(LinkKind::EmailUser, (IdKind::Email, tag(3, n)), user, now));
        }
        links.sort_unstable();
        first += 50_000;
        let progress = Manifest { position: Offset(first), ..store.manifest().clone() };
        store.commit(&links, &progress).unwrap();
        while store.merge().unwrap() {}
        store.sweep().unwrap();
    }
    let bytes: u64 =
        std::fs::read_dir(data.join("identity")).unwrap().map(|e| e.unwrap().metadata().unwrap().len()).sum();
    println!(
        "{} links in {} runs, {} MB, written in {:.1} s",
        2 * people,
        store.manifest().runs.len(),
        bytes / 1_000_000,
        began.elapsed().as_secs_f64()
    );
    let began = Instant::now();
    let mut index = Index::open(&data).unwrap();
    println!("opened in {:.2} ms", began.elapsed().as_secs_f64() * 1e3);
    for (what, count) in [("first", 1), ("next", 1), ("next thousand", 1_000), ("next thousand", 1_000)] {
        let began = Instant::now();
        let mut joined = 0;
        for n in 0..count {
            joined += index.closure(&[tag(3, (n * 7_919 + 13) % people)]).unwrap().joined.len();
        }
        let each = began.elapsed().as_secs_f64() * 1e6 / count as f64;
        println!("{what}: {each:.0} µs for a closure over an address, a user and a device ({joined} joined)");
    }
    let began = Instant::now();
    index.remember().unwrap();
    println!("remembered in {:.1} s", began.elapsed().as_secs_f64());
    let began = Instant::now();
    let rows = 200_000;
    for n in 0..rows {
        // A row of a table: its own tags in three environments, most of which nothing is known of.
        let n = n * 19 % people;
        let starts = [tag(1, n), tag(5, n), tag(6, n), tag(7, n), tag(3, n), tag(4, n)];
        let closure = index.closure_within(&starts, Limits::default()).unwrap();
        assert_eq!(closure.joined.len(), 1);
    }
    println!("then {:.1} µs for each of {rows} rows", began.elapsed().as_secs_f64() * 1e6 / rows as f64);
}

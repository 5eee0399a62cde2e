//! What the index promises on any disk: look-ups and closures against plain counting, each operation failed both ways, power loss at
//! any moment, gaps, and what is to be forgotten.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use weir_event::{Millis, Offset, SubjectTag};
use weir_identity::link::{IdKind, Stored, pair};
use weir_identity::manifest::Manifest;
use weir_identity::store::{Found, Store};
use weir_identity::{IdentityError, Index, Limits};
use weir_journal::sim::{Fault, SimDisk};
use weir_policy::record::LinkKind;

const DATA: &str = "/data";
const NOW: Millis = Millis(1_795_305_600_000);

/// Spread like a keyed hash.
fn tag(number: u64) -> SubjectTag {
    let mut out = [0; 16];
    for (half, chunk) in out.chunks_mut(8).enumerate() {
        let mut x = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(half as u64);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        chunk.copy_from_slice(&(x ^ (x >> 31)).to_be_bytes());
    }
    SubjectTag(out)
}

fn sides(a: u64, b: u64, kind: LinkKind, at: i64) -> [Stored; 2] {
    pair(kind, (IdKind::Device, tag(a)), (IdKind::User, tag(b)), NOW.plus(at))
}

fn sorted(links: impl IntoIterator<Item = [Stored; 2]>) -> Vec<Stored> {
    let mut all: BTreeMap<Vec<u8>, Stored> = BTreeMap::new();
    for link in links.into_iter().flatten() {
        all.entry(link.key().to_vec()).and_modify(|known| *known = known.earliest(&link)).or_insert(link);
    }
    all.into_values().collect()
}

fn open(disk: &SimDisk) -> (Store, Found) {
    Store::open(Arc::new(disk.clone()), Path::new(DATA), Offset(0), Offset(u64::MAX), NOW).unwrap()
}

fn index(disk: &SimDisk) -> Index {
    Index::open_on(disk, Path::new(DATA)).unwrap()
}

fn upto(store: &Store, position: u64) -> Manifest {
    Manifest { position: Offset(position), through: NOW, ..store.manifest().clone() }
}

fn commit(store: &mut Store, links: Vec<Stored>, position: u64) -> Result<(), IdentityError> {
    let progress = upto(store, position);
    store.commit(&links, &progress)
}

/// A plain walk over the same links.
fn walked(links: &[(u64, u64)], start: u64, hub: usize) -> (BTreeSet<u64>, BTreeSet<u64>) {
    let mut near: BTreeMap<u64, BTreeSet<(u64, bool)>> = BTreeMap::new();
    for (a, b) in links.iter().filter(|(a, b)| a != b) {
        near.entry(*a).or_default().insert((*b, false));
        near.entry(*b).or_default().insert((*a, true));
    }
    let (mut seen, mut hubs, mut next) = (BTreeSet::from([start]), BTreeSet::new(), vec![start]);
    while let Some(at) = next.pop() {
        let of = near.get(&at).cloned().unwrap_or_default();
        if of.len() > hub {
            hubs.insert(at);
            continue;
        }
        next.extend(of.iter().map(|(to, _)| *to).filter(|to| seen.insert(*to)));
    }
    seen.remove(&start);
    (seen, hubs)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn d6_a_closure_is_what_a_plain_walk_over_all_links_reaches_however_they_lie_in_runs(
        batches in proptest::collection::vec(proptest::collection::vec((0_u64..60, 0_u64..60), 0..30), 1..9),
        hub in 2_usize..9, is_remembered in any::<bool>(),
    ) {
        let disk = SimDisk::default();
        let (mut store, found) = open(&disk);
        prop_assert_eq!(found, Found::New);
        for (at, batch) in batches.iter().enumerate() {
            let links = batch.iter().filter(|(a, b)| a != b).map(|(a, b)| sides(*a, *b, LinkKind::DeviceUser, at as i64));
            commit(&mut store, sorted(links), at as u64 + 1).unwrap();
            while store.merge().unwrap() {}
            if at % 3 == 1 {
                store.sweep().unwrap();
            }
        }
        let mut index = index(&disk);
        if is_remembered {
            index.remember().unwrap();
        }
        let all: Vec<(u64, u64)> = batches.concat();
        let number: BTreeMap<SubjectTag, u64> = (0..60).map(|n| (tag(n), n)).collect();
        for start in 0..60 {
            let (expected, hubs) = walked(&all, start, hub);
            let closure = index.closure_within(&[tag(start)], Limits { joined: 1000, hub }).unwrap();
            let joined: BTreeSet<u64> = closure.joined.iter().map(|of| number[&of.tag]).collect();
            prop_assert_eq!(&joined, &expected);
            prop_assert_eq!(closure.joined.len(), joined.len(), "each once");
            prop_assert_eq!(closure.hubs.iter().map(|of| number[&of.tag]).collect::<BTreeSet<_>>(), hubs);
            prop_assert!(!closure.is_cut);
            // D6: a cap, and it is said.
            let few = index.closure_within(&[tag(start)], Limits { joined: 3, hub }).unwrap();
            prop_assert_eq!((few.joined.len(), few.is_cut), (expected.len().min(3), expected.len() > 3));
            prop_assert!(few.joined.iter().zip(&closure.joined).all(|(a, b)| a == b));
        }
    }

    #[test]
    fn a_search_finds_each_link_of_a_tag_in_a_run_of_many_pages_also_where_one_tag_has_most_of_them(
        tags in 1_u64..3_000, crowd in 0_u64..900, crowded in 0_u64..3_000, is_remembered in any::<bool>(),
    ) {
        let disk = SimDisk::default();
        let (mut store, _) = open(&disk);
        let each = (0..tags).map(|n| sides(n, n + 10_000, LinkKind::Alias, 0));
        let many = (0..crowd).map(|n| sides(crowded % tags, n + 100_000, LinkKind::DeviceUser, 0));
        let links = sorted(each.chain(many));
        commit(&mut store, links.clone(), 1).unwrap();
        let mut index = index(&disk);
        if is_remembered {
            index.remember().unwrap();
        }
        for n in (0..tags).step_by(37).chain([crowded % tags, tags + 1, 10_000, u64::MAX - 1]) {
            let expected = links.iter().filter(|link| link.tag() == tag(n)).count();
            let found = index.links_of(tag(n), 100_000).unwrap();
            prop_assert_eq!(found.joined.len(), expected);
            prop_assert_eq!(index.links_of(tag(n), 5).unwrap().is_hub, expected > 5);
        }
    }
}

#[test]
fn a_contact_that_was_only_mentioned_joins_nobody_and_is_counted() {
    let disk = SimDisk::default();
    let (mut store, _) = open(&disk);
    let links =
        [sides(1, 2, LinkKind::Mentioned, 0), sides(1, 3, LinkKind::EmailUser, 0), sides(1, 4, LinkKind::Mentioned, 0)];
    commit(&mut store, sorted(links), 1).unwrap();
    let index = index(&disk);
    let closure = index.closure(&[tag(1)]).unwrap();
    assert_eq!(closure.joined.iter().map(|of| (of.tag, of.by)).collect::<Vec<_>>(), [(tag(3), LinkKind::EmailUser)]);
    assert_eq!(closure.mentioned, 2);
    assert_eq!(index.closure(&[tag(2)]).unwrap().joined, []);
    assert_eq!(
        index.closure(&[tag(1), tag(2), tag(4)]).unwrap().mentioned,
        0,
        "who is asked for is not only mentioned"
    );
}

#[test]
fn a_link_that_comes_again_is_one_link_since_the_first_time() {
    let disk = SimDisk::default();
    let (mut store, _) = open(&disk);
    for (position, at) in [(1, 50), (2, 20), (3, 70), (4, 90)] {
        commit(&mut store, sorted([sides(1, 2, LinkKind::DeviceUser, at)]), position).unwrap();
        let links = index(&disk).links_of(tag(1), 10).unwrap().joined;
        assert_eq!(links.len(), 1);
        assert_eq!(links[0].first_seen, NOW.plus(if position == 1 { 50 } else { 20 }));
    }
    assert!(store.merge().unwrap());
    let links: Vec<u64> = store.manifest().runs.iter().map(|(_, links)| *links).collect();
    assert_eq!(links, [2], "one run, in which each side stands once");
    assert_eq!(index(&disk).links_of(tag(2), 10).unwrap().joined[0].first_seen, NOW.plus(20));
}

/// What is done to an index in the tests of faults: commits of one link each, merges, sweeps, in between something is forgotten.
/// Says up to which position a commit has returned, and whether the forgetting has.
fn work(disk: &SimDisk) -> (u64, bool) {
    let opened = Store::open(Arc::new(disk.clone()), Path::new(DATA), Offset(0), Offset(u64::MAX), NOW);
    let Ok((mut store, _)) = opened else { return (0, false) };
    let (mut done, mut forgot) = (store.manifest().position.0, false);
    let from = done;
    for n in from..from + 14 {
        let kept = done;
        // What failed is tried again, as the task does, with what has come in since.
        let links = (kept..=n).map(|n| sides(n, n + 1_000, LinkKind::DeviceUser, n as i64));
        if commit(&mut store, sorted(links), n + 1).is_ok() {
            done = n + 1;
        }
        let _ = store.merge();
        if n % 5 == 3 {
            let _ = store.sweep();
        }
        if n == from + 6 {
            forgot = store.forget(&[tag(from)], Offset(done)).is_ok();
        }
    }
    (done, forgot)
}

/// After anything: the index opens, its position is at least what was promised, every link below the position is there, and what was
/// forgotten is not.
fn check(disk: &SimDisk, promised: u64, forgot: bool, why: &str) {
    let (store, found) = open(disk);
    assert!(found != Found::Lost, "{why}");
    let position = store.manifest().position.0;
    assert!(position >= promised, "{why}: {position} is before {promised}");
    if position == 0 {
        return;
    }
    let index = index(disk);
    for n in 0..position {
        let there = index.links_of(tag(n), 10).unwrap().joined.len();
        assert!(there == 1 || n == 0, "{why}: link {n} below {position} is lost");
        assert!(!(n == 0 && forgot && there == 1), "{why}: what was forgotten is there again");
    }
    assert_eq!(store.manifest().missed, 0, "{why}");
}

#[test]
fn d3_no_operation_of_the_disk_that_fails_either_way_loses_a_link_below_the_position() {
    let whole = SimDisk::default();
    assert_eq!(work(&whole), (14, true));
    let operations = whole.operations().len();
    assert!(operations > 80, "{operations}");
    for at in 0..operations {
        for fault in [Fault::Lost, Fault::Kept] {
            let disk = SimDisk::default();
            disk.fail(at, fault);
            let (done, forgot) = work(&disk);
            assert!(disk.has_failed());
            for after in [disk.after_kill(), disk.after_power_loss(|n| n - 1), disk.after_power_loss(|_| 0)] {
                check(&after, done, forgot, &format!("operation {at} failed, {fault:?}"));
                // And it goes on from there.
                let (again, _) = work(&after);
                assert!(again > done);
            }
        }
    }
}

#[test]
fn d3_power_that_fails_at_any_moment_leaves_state_and_position_of_one_moment() {
    let whole = SimDisk::default();
    work(&whole);
    let operations = whole.operations().len();
    let mut seed = 7_u64;
    for at in 0..operations {
        for _ in 0..4 {
            let disk = SimDisk::default();
            disk.stop_after(at);
            let (done, forgot) = work(&disk);
            let choice = |n: usize| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (seed >> 33) as usize % n.max(1)
            };
            let after = disk.after_power_loss(choice);
            check(&after, done, forgot, &format!("power failed at operation {at}"));
            // Whatever lay about is removed, and nothing that counts.
            let (mut store, _) = open(&after);
            store.sweep().unwrap();
            check(&after, done, forgot, &format!("swept after operation {at}"));
        }
    }
}

#[test]
fn d15_what_is_forgotten_is_gone_at_once_off_the_disk_with_the_next_merge_and_may_come_again() {
    let disk = SimDisk::default();
    let (mut store, _) = open(&disk);
    let links =
        [sides(1, 2, LinkKind::DeviceUser, 0), sides(1, 3, LinkKind::Alias, 0), sides(4, 3, LinkKind::DeviceUser, 0)];
    commit(&mut store, sorted(links), 10).unwrap();
    store.forget(&[tag(1)], Offset(12)).unwrap();
    let joined =
        |start: u64| index(&disk).closure(&[tag(start)]).unwrap().joined.iter().map(|of| of.tag).collect::<Vec<_>>();
    assert_eq!((joined(1), joined(2), joined(3)), (vec![], vec![], vec![tag(4)]));
    let on_disk = |number: u64| {
        let of_index = |path: &&std::path::PathBuf| path.starts_with("/data/identity") && !path.ends_with("forgotten");
        let holds =
            |path: &std::path::PathBuf| disk.bytes(path).unwrap().windows(16).any(|bytes| bytes == tag(number).0);
        disk.paths().iter().filter(of_index).any(holds)
    };
    // Also where the process ends before anything else happens.
    drop(store);
    let (mut store, _) = open(&disk);
    assert_eq!((joined(2), on_disk(1)), (vec![], true));
    assert!(store.merge().unwrap());
    store.sweep().unwrap();
    assert_eq!((joined(2), on_disk(1), on_disk(4)), (vec![], false, true));
    assert_eq!(store.forgotten().len(), 1, "records below 12 may be read again");
    // The same person came back.
    commit(&mut store, sorted([sides(1, 2, LinkKind::DeviceUser, 900)]), 13).unwrap();
    store.sweep().unwrap();
    assert_eq!((store.forgotten(), joined(2)), (&[][..], vec![tag(1)]));
    assert!(!store.merge().unwrap());
}

#[test]
fn events_that_were_trimmed_before_they_were_read_and_an_index_that_was_lost_are_gaps() {
    let disk = SimDisk::default();
    let open_at = |floor: u64, tail: u64| {
        Store::open(Arc::new(disk.clone()), Path::new(DATA), Offset(floor), Offset(tail), NOW).unwrap()
    };
    let (mut store, found) = open_at(5, 100);
    assert_eq!((found, store.manifest().missed, store.manifest().position), (Found::New, 5, Offset(5)));
    commit(&mut store, sorted([sides(1, 2, LinkKind::DeviceUser, 0)]), 20).unwrap();
    drop(store);
    let (mut store, found) = open_at(30, 100);
    let gaps: Vec<_> = store.manifest().gaps.iter().map(|gap| (gap.from.0, gap.to.0)).collect();
    assert_eq!((found, gaps, store.manifest().missed), (Found::Whole, vec![(0, 5), (20, 30)], 15));
    commit(&mut store, Vec::new(), 40).unwrap();
    assert_eq!(index(&disk).manifest().missed, 15);
    drop(store);
    // The journal lost its end.
    let (store, _) = open_at(30, 35);
    assert_eq!(store.manifest().position, Offset(35));
    drop(store);

    // Damage of the newest manifest: from the one before, and what that one did not have is read again.
    let manifests: Vec<_> =
        disk.paths().into_iter().filter(|path| path.extension().is_some_and(|e| e == "manifest")).collect();
    assert_eq!(manifests.len(), 2);
    let newest = manifests.last().unwrap();
    let mut bytes = disk.bytes(newest).unwrap();
    bytes[30] ^= 1;
    disk.set_bytes(newest, bytes);
    let (store, found) = open_at(10, 100);
    assert_eq!((found, store.manifest().position), (Found::Earlier, Offset(20)));
    drop(store);

    // No state can be read: what the journal holds is read anew.
    for path in disk.paths().into_iter().filter(|path| path.extension().is_some_and(|e| e == "run")) {
        disk.set_bytes(&path, b"nothing".to_vec());
    }
    assert!(matches!(Index::open_on(&disk, Path::new(DATA)), Err(IdentityError::Damaged { .. })));
    let (store, found) = open_at(10, 100);
    assert_eq!((found, store.manifest().missed, store.manifest().position), (Found::Lost, 10, Offset(10)));
    drop(store);

    // What was to be forgotten is not known any more: nothing of before comes back.
    let (mut store, _) = open_at(10, 100);
    store.forget(&[tag(1)], Offset(100)).unwrap();
    drop(store);
    disk.set_bytes(Path::new("/data/identity/forgotten"), b"nothing".to_vec());
    let (store, found) = open_at(10, 100);
    assert_eq!((found, store.manifest().position, store.manifest().missed), (Found::Lost, Offset(100), 100));
}

#[test]
fn a_flipped_bit_in_a_page_is_found_by_the_look_up_that_reads_it() {
    let disk = SimDisk::default();
    let (mut store, _) = open(&disk);
    commit(&mut store, sorted((0..300).map(|n| sides(n, n + 1_000, LinkKind::Alias, 0))), 1).unwrap();
    let path = disk.paths().into_iter().find(|path| path.extension().is_some_and(|e| e == "run")).unwrap();
    let bytes = disk.bytes(&path).unwrap();
    assert_eq!(bytes.len(), 4096 * 7);
    for at in [0, 17, 30, 4096, 5000, 8191] {
        let mut flipped = bytes.clone();
        flipped[at] ^= 16;
        disk.set_bytes(&path, flipped);
        let found = Index::open_on(&disk, Path::new(DATA))
            .and_then(|index| (0..300).try_for_each(|n| index.links_of(tag(n), 10).map(drop)));
        assert!(matches!(found, Err(IdentityError::Damaged { .. })), "byte {at}");
    }
}

#[test]
fn a_merge_that_would_take_the_room_of_intake_waits() {
    let disk = SimDisk::default();
    let (mut store, _) = open(&disk);
    for n in 0..4 {
        commit(&mut store, sorted([sides(n, n + 1_000, LinkKind::Alias, 0)]), n + 1).unwrap();
    }
    disk.set_capacity(Some(200 * 1024 * 1024));
    assert!(!store.merge().unwrap());
    disk.set_capacity(Some(600 * 1024 * 1024));
    assert!(store.merge().unwrap() && !store.merge().unwrap());
    assert_eq!(store.manifest().runs.len(), 1);
}

//! What somebody with the data folder may do to it: flip, drop, reorder, truncate, replace, rewind, forge. Each is found and named.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::path::{Path, PathBuf};

use common::{World, copy_dir, folder, options, wait};
use ring::signature::Ed25519KeyPair;
use weir_event::Offset;
use weir_ledger::tree::hash::leaf_hash;
use weir_ledger::tree::note::{Checkpoint, VerifierKey};
use weir_ledger::verify::{Bad, Report, verify, verify_with_anchors};
use weir_ledger::{LedgerError, Options, Rewind};

const FILE_HEADER: usize = 44;
const RECORD_HEADER: usize = 32;

/// Where the records of a file lie, and the index of the entry each holds; the snapshot counts as the first entry.
fn records(path: &Path) -> Vec<(usize, usize, u64)> {
    let bytes = std::fs::read(path).unwrap();
    let first: u64 = path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
    let (mut at, mut index, mut found) = (FILE_HEADER, first, Vec::new());
    while at < bytes.len() {
        let leaf = usize::from(u16::from_le_bytes(bytes[at + 6..at + 8].try_into().unwrap()));
        let body = u32::from_le_bytes(bytes[at + 8..at + 12].try_into().unwrap()) as usize;
        let end = at + RECORD_HEADER + leaf + body;
        found.push((at, end, index));
        index += u64::from(bytes[at + 4] != 128);
        at = end;
    }
    found
}

/// A record of one file, changed, with every checksum behind it made again: what a forger does who knows the format.
fn forge(path: &Path, change: impl Fn(u64, &mut Vec<u8>, &mut Vec<u8>)) {
    let bytes = std::fs::read(path).unwrap();
    let mut out = bytes[..FILE_HEADER].to_vec();
    let mut previous = u32::from_le_bytes(bytes[40..44].try_into().unwrap());
    for (at, end, index) in records(path) {
        let mut header = bytes[at..at + RECORD_HEADER].to_vec();
        let leaf_len = usize::from(u16::from_le_bytes(header[6..8].try_into().unwrap()));
        let mut leaf = bytes[at + RECORD_HEADER..at + RECORD_HEADER + leaf_len].to_vec();
        let mut body = bytes[at + RECORD_HEADER + leaf_len..end].to_vec();
        if header[4] != 128 {
            change(index, &mut leaf, &mut body);
        }
        header[6..8].copy_from_slice(&(leaf.len() as u16).to_le_bytes());
        header[8..12].copy_from_slice(&(body.len() as u32).to_le_bytes());
        header[20..24].copy_from_slice(&previous.to_le_bytes());
        header[24..28].copy_from_slice(&crc32c::crc32c(&body).to_le_bytes());
        previous = crc32c::crc32c_append(crc32c::crc32c(&header[..28]), &leaf);
        header[28..32].copy_from_slice(&previous.to_le_bytes());
        out.extend([header, leaf, body].concat());
    }
    std::fs::write(path, out).unwrap();
}

/// A copy of a ledger, its report with and without keys after a change.
fn after(world: &World, change: impl FnOnce(&Path)) -> (tempfile::TempDir, Report, Report) {
    let copy = folder();
    copy_dir(&world.dir(), copy.path());
    change(copy.path());
    let without = verify(copy.path(), None).unwrap();
    let with = verify(copy.path(), Some(&world.keys)).unwrap();
    (copy, without, with)
}

/// What both walks name: the file below the ledger's folder, the entry, what.
fn named(world: &World, change: impl FnOnce(&Path)) -> (String, Option<u64>, String) {
    let (copy, without, with) = after(world, change);
    let Bad { file, index, what } = with.bad.expect("the change is found");
    assert_eq!(
        without.bad,
        Some(Bad { file: file.clone(), index, what: what.clone() }),
        "keys are not needed for this"
    );
    (file.strip_prefix(copy.path()).unwrap().to_str().unwrap().to_owned(), index, what)
}

fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= 4;
    std::fs::write(path, bytes).unwrap();
}

fn name(path: &Path) -> String {
    format!("log/{}", path.file_name().unwrap().to_str().unwrap())
}

#[test]
fn an_untouched_ledger_is_good_and_says_what_was_not_opened() {
    let world = World::new();
    world.filled(30, 3_000);
    let (_copy, without, with) = after(&world, |_| {});
    assert_eq!((without.bad, with.bad), (None, None));
    assert_eq!((without.rows, without.rows_opened), (90, None), "rows not opened");
    assert_eq!((with.rows, with.rows_opened), (90, Some(90)));
    assert_eq!((with.entries, with.tree_size, with.rewind), (with.tree_size, without.entries, Rewind::Undetectable));
    assert!(world.log_files().len() > 4);
}

#[test]
fn a_flipped_byte_of_the_log_is_named_with_its_entry() {
    let world = World::new();
    world.filled(30, 3_000);
    for path in world.log_files() {
        let records = records(&path);
        let len = std::fs::metadata(&path).unwrap().len() as usize;
        for at in (0..len).step_by(61) {
            let first = records[0].2;
            let index = records.iter().find(|(_, end, _)| at < *end).map_or(first, |(_, _, index)| *index);
            let index = if at < FILE_HEADER { first } else { index };
            let (file, named_index, what) =
                named(&world, |dir| flip(&dir.join("log").join(path.file_name().unwrap()), at));
            assert_eq!((file, named_index), (name(&path), Some(index)), "byte {at}: {what}");
        }
    }
}

#[test]
fn a_damaged_or_missing_origin_or_log_is_something_found_and_not_a_walk_that_failed() {
    let world = World::new();
    world.filled(5, 1 << 20);
    let len = std::fs::metadata(world.dir().join("origin")).unwrap().len() as usize;
    for at in 0..len {
        if at == "weir-origin ".len() {
            continue; // the format: another one is a newer Weir's, which cannot be checked
        }
        let (_, without, with) = after(&world, |dir| flip(&dir.join("origin"), at));
        assert!(without.bad.is_some() && with.bad.is_some(), "byte {at} of the origin");
    }
    let cut = |dir: &Path| std::fs::write(dir.join("origin"), "weir-origin 1\n").unwrap();
    assert_eq!(named(&world, cut).0, "origin");
    assert_eq!(named(&world, |dir| std::fs::remove_file(dir.join("origin")).unwrap()).0, "origin");
    assert_eq!(named(&world, |dir| std::fs::remove_dir_all(dir.join("log")).unwrap()).0, "log");
    assert!(verify(&world.dir().join("nowhere"), None).is_err(), "where there is no ledger, nothing is found");
}

#[test]
fn a_flipped_byte_of_the_tree_is_named_with_its_file() {
    let world = World::new();
    world.filled(150, 1 << 20);
    let size = verify(&world.dir(), None).unwrap().tree_size;
    assert_eq!((size / 256, size % 256), (1, 54));
    for (file, first, last) in [
        ("tile/entries/000", 0, 255),
        ("tile/entries/001.p/54", 256, 309),
        ("tile/0/000", 0, 255),
        ("tile/0/001.p/54", 256, 309),
    ] {
        let len = std::fs::metadata(world.dir().join("tree").join(file)).unwrap().len() as usize;
        for at in (0..len).step_by(211) {
            let (bad, index, what) = named(&world, |dir| flip(&dir.join("tree").join(file), at));
            assert_eq!(bad, format!("tree/{file}"), "{what}");
            assert!((first..=last).contains(&index.unwrap()), "{file} {at}: {index:?} {what}");
            if file.starts_with("tile/0") {
                assert_eq!(index, Some(first + at as u64 / 32));
            }
        }
    }
    for at in 0..32 {
        let (bad, _, _) = named(&world, |dir| flip(&dir.join("tree/tile/1/000.p/1"), at));
        assert_eq!(bad, "tree/tile/1/000.p/1");
    }
    for file in ["tree/checkpoint", "signed"] {
        let len = std::fs::metadata(world.dir().join(file)).unwrap().len() as usize;
        for at in 0..len {
            let (bad, _, what) = named(&world, |dir| flip(&dir.join(file), at));
            assert_eq!(bad, file, "byte {at}: {what}");
        }
    }
}

#[test]
fn a_dropped_entry_or_file_is_named() {
    let world = World::new();
    world.filled(30, 3_000);
    let files = world.log_files();
    let path = &files[1];
    for (at, end, index) in records(path).into_iter().skip(1) {
        let (file, bad, _) = named(&world, |dir| {
            let path = dir.join("log").join(path.file_name().unwrap());
            let mut bytes = std::fs::read(&path).unwrap();
            bytes.drain(at..end);
            std::fs::write(path, bytes).unwrap();
        });
        // The last record of a file leaves a clean end behind it; the gap shows at the next file.
        let expected =
            if index + 1 == records(&files[2])[0].2 { (name(&files[2]), index) } else { (name(path), index) };
        assert_eq!((file, bad), (expected.0, Some(expected.1)));
    }
    for (i, path) in files.iter().enumerate().take(files.len() - 1) {
        let (file, bad, _) =
            named(&world, |dir| std::fs::remove_file(dir.join("log").join(path.file_name().unwrap())).unwrap());
        assert_eq!((file, bad), (name(&files[i + 1]), Some(records(path)[0].2)), "file {i}");
    }
    let last = files.last().unwrap();
    let has_entries = records(last).len() > 1;
    if has_entries {
        let (_, bad, what) =
            named(&world, |dir| std::fs::remove_file(dir.join("log").join(last.file_name().unwrap())).unwrap());
        assert_eq!(bad, Some(records(last)[0].2), "{what}");
    }
    let width = verify(&world.dir(), None).unwrap().tree_size;
    for file in [format!("tree/tile/entries/000.p/{width}"), format!("tree/tile/0/000.p/{width}")] {
        let (bad, index, _) = named(&world, |dir| std::fs::remove_file(dir.join(&file)).unwrap());
        assert_eq!((bad, index), (file, Some(0)));
    }
}

#[test]
fn reordered_entries_and_files_are_named() {
    let world = World::new();
    world.filled(30, 3_000);
    let files = world.log_files();
    let found = records(&files[1]);
    for pair in found[1..].windows(2) {
        let [(a, b, index), (_, c, _)] = pair else { continue };
        let (file, bad, _) = named(&world, |dir| {
            let path = dir.join("log").join(files[1].file_name().unwrap());
            let bytes = std::fs::read(&path).unwrap();
            std::fs::write(path, [&bytes[..*a], &bytes[*b..*c], &bytes[*a..*b], &bytes[*c..]].concat()).unwrap();
        });
        assert_eq!((file, bad), (name(&files[1]), Some(*index)));
    }
    let (file, bad, _) = named(&world, |dir| {
        let [one, two] = [1, 2].map(|i: usize| dir.join("log").join(files[i].file_name().unwrap()));
        let spare = dir.join("spare");
        std::fs::rename(&one, &spare).unwrap();
        std::fs::rename(&two, &one).unwrap();
        std::fs::rename(&spare, &two).unwrap();
    });
    assert_eq!((file, bad), (name(&files[1]), Some(found[0].2)));
}

#[test]
fn a_truncated_log_is_named_at_its_first_missing_entry() {
    let world = World::new();
    world.filled(10, 1 << 20);
    let path = world.log_files().pop().unwrap();
    let found = records(&path);
    let len = std::fs::metadata(&path).unwrap().len() as usize;
    for keep in (found[1].0..len).step_by(37) {
        let (file, bad, _) = named(&world, |dir| {
            let path = dir.join("log").join(path.file_name().unwrap());
            let bytes = std::fs::read(&path).unwrap();
            std::fs::write(path, &bytes[..keep]).unwrap();
        });
        let index = found.iter().find(|(_, end, _)| keep < *end).unwrap().2;
        assert_eq!((file, bad), (name(&path), Some(index)), "{keep} bytes");
    }
    let width = verify(&world.dir(), None).unwrap().tree_size;
    let tiles = ["tree/tile/entries/000.p", "tree/tile/0/000.p"].map(|tile| format!("{tile}/{width}"));
    for file in tiles.into_iter().chain(["tree/checkpoint", "signed"].map(str::to_owned)) {
        let (bad, _, _) = named(&world, |dir| {
            let bytes = std::fs::read(dir.join(&file)).unwrap();
            std::fs::write(dir.join(&file), &bytes[..bytes.len() - 5]).unwrap();
        });
        assert_eq!(bad, file);
    }
}

/// A ledger in one file, and the index of an intent in the middle of it.
fn single() -> (World, PathBuf, u64) {
    let world = World::new();
    world.filled(20, 1 << 20);
    let path = world.log_files().pop().unwrap();
    let intents: Vec<u64> = records(&path)
        .into_iter()
        .filter(|(at, _, _)| std::fs::read(&path).unwrap()[at + 4] == 7)
        .map(|(_, _, index)| index)
        .collect();
    let name = PathBuf::from(path.file_name().unwrap());
    (world, PathBuf::from("log").join(name), intents[9])
}

#[test]
fn a_forged_entry_with_good_checksums_is_not_the_one_that_the_tree_holds() {
    let (world, log, intent) = single();
    // Byte 2 is of the time: the entry still reads, and the row times, which are of it, do not fit; the tree comes first.
    let change = |dir: &Path| {
        forge(&dir.join(&log), |index, leaf, _| leaf[if index == intent { 9 } else { 0 }] ^= u8::from(index == intent));
    };
    let (file, index, what) = named(&world, change);
    assert_eq!((file, index), (log.to_str().unwrap().to_owned(), Some(intent)));
    assert_eq!(what, "the entry is not the one that the tree holds");
}

#[test]
fn a_forged_row_is_found_with_keys_and_said_to_be_unopened_without() {
    let (world, log, intent) = single();
    let (_copy, without, with) = after(&world, |dir| {
        // The subject of row 1; the sealed seed has its length at bytes 5 and 6.
        forge(&dir.join(&log), |index, _, body| {
            if index == intent {
                let seed = usize::from(u16::from_le_bytes([body[5], body[6]]));
                body[7 + seed + 58 + 4] ^= 1;
            }
        });
    });
    assert_eq!((without.bad, without.rows_opened), (None, None));
    let bad = with.bad.unwrap();
    assert_eq!((bad.index, bad.what.as_str()), (Some(intent), "row 1 is not the one that was recorded"));
}

#[test]
fn a_forged_row_hash_or_seed_is_found() {
    let (world, log, intent) = single();
    let (_, index, what) = named(&world, |dir| {
        forge(&dir.join(&log), |index, _, body| {
            let last = body.len().saturating_sub(1);
            if index == intent {
                body[last] ^= 1;
            }
        });
    });
    assert_eq!((index, what.as_str()), (Some(intent), "the stored row hashes do not have the entry's root"));
    let (_copy, _, with) = after(&world, |dir| {
        forge(&dir.join(&log), |index, _, body| {
            if index == intent {
                body[20] ^= 1;
            }
        });
    });
    let bad = with.bad.unwrap();
    assert_eq!(
        (bad.index, bad.what.as_str()),
        (Some(intent), "the seed of the rows does not open with this key folder")
    );
}

#[test]
fn whoever_forges_log_and_tree_still_lacks_the_signature() {
    let (world, log, intent) = single();
    let change_all = |dir: &Path| {
        let mut leaves = Vec::new();
        forge(&dir.join(&log), |index, leaf, _| {
            // The payload digest, 48 bytes and more before the end of the leaf: the entry stays a good one.
            if index == intent {
                let at = leaf.len() - 17 - 40;
                leaf[at] ^= 1;
            }
        });
        let bytes = std::fs::read(dir.join(&log)).unwrap();
        for (at, _, _) in records(&dir.join(&log)).into_iter().skip(1) {
            let len = usize::from(u16::from_le_bytes(bytes[at + 6..at + 8].try_into().unwrap()));
            leaves.push(bytes[at + RECORD_HEADER..at + RECORD_HEADER + len].to_vec());
        }
        let bundle: Vec<u8> =
            leaves.iter().flat_map(|leaf| [&(leaf.len() as u16).to_be_bytes(), leaf.as_slice()].concat()).collect();
        let mut hashes: Vec<_> = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
        let width = leaves.len();
        std::fs::write(dir.join(format!("tree/tile/entries/000.p/{width}")), bundle).unwrap();
        std::fs::write(dir.join(format!("tree/tile/0/000.p/{width}")), hashes.concat()).unwrap();
        (width as u64, weir_ledger::tree::hash::root_of(&mut hashes))
    };
    let (file, _, what) = named(&world, |dir| {
        change_all(dir);
    });
    // `signed` and `checkpoint` say the same, so either may be named first.
    assert!(["tree/checkpoint", "signed"].contains(&file.as_str()), "{file}");
    assert_eq!(what, "the root is not that of the entries");

    let origin = weir_ledger::anchor::Origin::read(&world.dir()).unwrap().unwrap();
    let pair = Ed25519KeyPair::from_seed_unchecked(&[66; 32]).unwrap();
    let sign = |text: &[u8]| pair.sign(text).as_ref().try_into().unwrap();
    let (file, _, what) = named(&world, |dir| {
        let (size, root) = change_all(dir);
        let note = Checkpoint { origin: origin.key.name.clone(), size, root }.sign(&origin.key, sign);
        std::fs::write(dir.join("tree/checkpoint"), &note).unwrap();
        std::fs::write(dir.join("signed"), note).unwrap();
    });
    assert_eq!((file.as_str(), what.as_str()), ("tree/checkpoint", "the signature does not fit the text"));

    // With a key of their own all fits, until it is held against the key folder.
    let (_copy, without, with) = after(&world, |dir| {
        let (size, root) = change_all(dir);
        let public = ring::signature::KeyPair::public_key(&pair).as_ref().try_into().unwrap();
        let key = VerifierKey { name: origin.key.name.clone(), public };
        let note = Checkpoint { origin: key.name.clone(), size, root }.sign(&key, sign);
        std::fs::write(dir.join("tree/checkpoint"), &note).unwrap();
        std::fs::write(dir.join("signed"), note).unwrap();
        let text = std::fs::read_to_string(dir.join("origin")).unwrap();
        let hex = weir_event::ids::hex;
        std::fs::write(dir.join("origin"), text.replace(&hex(&origin.key.public), &hex(&public))).unwrap();
    });
    assert_eq!(without.bad, None, "a stranger must have the verifier key from elsewhere, which the report shows");
    assert_ne!(without.verifier_key, origin.key.to_text());
    assert_eq!(with.bad.unwrap().what, "the key is not the one of the key folder");
}

#[test]
fn a_replaced_file_of_another_ledger_is_named() {
    let (one, two) = (World::new(), World::new());
    one.filled(12, 1 << 20);
    two.clock.advance(1);
    two.filled(12, 1 << 20);
    let log = PathBuf::from("log").join(one.log_files()[0].file_name().unwrap());
    let (file, index, what) = named(&one, |dir| {
        std::fs::copy(two.dir().join(&log), dir.join(&log)).unwrap();
    });
    assert_eq!((file, index), (log.to_str().unwrap().to_owned(), Some(0)), "{what}");
    let (file, _, _) = named(&one, |dir| {
        std::fs::copy(two.dir().join("tree/checkpoint"), dir.join("tree/checkpoint")).unwrap();
    });
    assert_eq!(file, "tree/checkpoint");
}

#[test]
fn d14_a_rewound_ledger_passes_without_an_anchor_and_is_refused_with_one() {
    let world = World::new();
    let anchor = world.root.path().join("elsewhere");
    let anchored = || Options { anchors: vec![anchor.clone()], ..options() };
    let (ledger, recovered) = world.try_open(anchored()).unwrap();
    assert_eq!(recovered.rewind, Rewind::Undetectable, "nothing has been anchored yet");
    ledger.start(&world.product, Offset(0)).wait().unwrap();
    wait(ledger.intend(world.intent(0, 3))).unwrap();
    ledger.close().unwrap();
    drop(ledger);
    let earlier = folder();
    copy_dir(&world.dir(), earlier.path());

    let (ledger, recovered) = world.try_open(anchored()).unwrap();
    assert_eq!(recovered.rewind, Rewind::Excluded { anchors: 1 });
    wait(ledger.intend(world.intent(3, 3))).unwrap();
    ledger.close().unwrap();
    drop(ledger);

    std::fs::remove_dir_all(world.dir()).unwrap();
    copy_dir(earlier.path(), &world.dir());
    let report = verify(&world.dir(), Some(&world.keys)).unwrap();
    assert_eq!((report.bad, report.rewind), (None, Rewind::Undetectable));
    let bad = verify_with_anchors(&world.dir(), None, std::slice::from_ref(&anchor)).unwrap().bad.unwrap();
    assert_eq!(bad.file, anchor);
    assert!(matches!(world.try_open(anchored()), Err(LedgerError::Rewound { .. })));
    let (size, local) = match world.try_open(anchored()) {
        Err(LedgerError::Rewound { checkpoint, size, local }) if checkpoint == anchor => (size, local),
        other => panic!("{:?}", other.err()),
    };
    assert!(size > local);
}

#[test]
fn d14_a_ledger_that_went_another_way_since_does_not_extend_its_anchor() {
    let world = World::new();
    let anchor = world.root.path().join("elsewhere");
    world.filled(2, 1 << 20);
    let earlier = folder();
    copy_dir(&world.dir(), earlier.path());
    let (ledger, _) = world.try_open(Options { anchors: vec![anchor.clone()], ..options() }).unwrap();
    wait(ledger.intend(world.intent(6, 3))).unwrap();
    ledger.close().unwrap();
    drop(ledger);
    // Put back, then used without the anchor: as long as before, with other entries.
    std::fs::remove_dir_all(world.dir()).unwrap();
    copy_dir(earlier.path(), &world.dir());
    world.clock.advance(1_000);
    let (ledger, _) = world.open();
    for i in 0..3 {
        wait(ledger.intend(world.intent(6 + 3 * i, 3))).unwrap();
    }
    ledger.close().unwrap();
    drop(ledger);
    let opened = world.try_open(Options { anchors: vec![anchor.clone()], ..options() });
    assert!(
        matches!(opened, Err(LedgerError::Rewound { checkpoint, size, local }) if checkpoint == anchor && size <= local)
    );
}

#[test]
fn a_log_that_is_shorter_than_its_tree_does_not_open() {
    let world = World::new();
    world.filled(5, 1 << 20);
    let path = world.log_files().pop().unwrap();
    let found = records(&path);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..found[found.len() - 2].0]).unwrap();
    let local = found[found.len() - 2].2;
    assert!(matches!(world.try_open(options()), Err(LedgerError::Rewound { local: l, .. }) if l == local));
}

#[test]
fn a_head_that_is_signed_and_not_yet_published_is_no_tampering() {
    // What a crash leaves between the first `signed` and the first checkpoint: no tiles, no checkpoint.
    let (world, _, _) = single();
    let (_folder, before, _) = after(&world, |dir| {
        std::fs::remove_dir_all(dir.join("tree")).unwrap();
        std::fs::create_dir(dir.join("tree")).unwrap();
    });
    assert_eq!(before.bad, None);
    assert_eq!(before.tree_size, 0, "nothing is published");
}

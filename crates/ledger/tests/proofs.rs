//! Two signed heads: one history, or a fork, or a rewind, and which of them is said. Rewinds that only an anchor elsewhere shows.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::path::{Path, PathBuf};

use common::{World, copy_dir, folder, options, wait};
use weir_event::Offset;
use weir_ledger::consistency::{Inconsistent, Point, Proof, since};
use weir_ledger::tree::note::VerifierKey;
use weir_ledger::tree::proof::consistency_holds;
use weir_ledger::{Anchor, LedgerError, Options, Rewind};

/// A ledger that grows by three rows a step, with the checkpoint of each step.
fn grown(world: &World, from: u64, steps: u64) -> (VerifierKey, Vec<String>) {
    let (ledger, _) = world.open();
    ledger.start(&world.product, Offset(0)).wait().unwrap();
    let mut notes = Vec::new();
    for i in from..from + steps {
        wait(ledger.intend(world.intent(3 * i, 3))).unwrap();
        ledger.flush_tree().unwrap();
        notes.push(ledger.published().unwrap().unwrap().note);
    }
    let key = ledger.verifier_key().clone();
    ledger.close().unwrap();
    (key, notes)
}

fn signed(note: &str) -> Point {
    Point::Signed(note.to_owned())
}

/// The same ledger in two versions: put back to what it was, then used on.
fn forked() -> (World, VerifierKey, Vec<String>, Vec<String>) {
    let world = World::new();
    let (_, before) = grown(&world, 0, 3);
    let earlier = folder();
    copy_dir(&world.dir(), earlier.path());
    let (key, one) = grown(&world, 3, 4);
    std::fs::remove_dir_all(world.dir()).unwrap();
    copy_dir(earlier.path(), &world.dir());
    world.clock.advance(60_000);
    let (_, other) = grown(&world, 3, 4);
    let all = |more: Vec<String>| before.iter().cloned().chain(more).collect();
    let (one, other) = (all(one), all(other));
    (world, key, one, other)
}

#[test]
fn any_two_checkpoints_of_a_ledger_have_a_proof_that_holds_without_the_ledger() {
    let world = World::new();
    let (key, notes) = grown(&world, 0, 12);
    let dir = world.dir();
    for (i, old) in notes.iter().enumerate() {
        for new in &notes {
            let proof = Proof::make(&dir, &signed(old), &signed(new)).unwrap();
            assert!(proof.old.size <= proof.new.size, "whichever is named first");
            let read = Proof::parse(proof.text().as_bytes()).unwrap();
            assert_eq!(read, proof);
            assert_eq!(read.check(Some(&key)).unwrap(), 2);
        }
        let size = key.open(old.as_bytes()).unwrap().size;
        let by_size = Proof::make(&dir, &Point::Size(size - 1), &Point::Size(size)).unwrap();
        assert_eq!(by_size.check(Some(&key)).unwrap(), 0, "a size alone is signed by nobody: {i}");
    }
    let empty = Proof::make(&dir, &Point::Size(0), &signed(&notes[3])).unwrap();
    assert_eq!(empty.check(Some(&key)).unwrap(), 1);
    let stranger = VerifierKey { public: [3; 32], ..key };
    let proof = Proof::make(&dir, &signed(&notes[0]), &signed(&notes[5])).unwrap();
    assert!(matches!(proof.check(Some(&stranger)), Err(Inconsistent::NotAccepted { .. })));
}

#[test]
fn a_changed_byte_of_a_proof_is_found() {
    let world = World::new();
    let (key, notes) = grown(&world, 0, 9);
    let proof = Proof::make(&world.dir(), &signed(&notes[2]), &signed(&notes[8])).unwrap();
    let text = proof.text();
    let (numbers, _) = text.split_once("\n\n").unwrap();
    for at in 0..numbers.len() {
        let mut changed = text.clone().into_bytes();
        changed[at] ^= 1;
        let holds = Proof::parse(&changed).and_then(|proof| proof.check(Some(&key)));
        assert!(holds.is_err(), "byte {at}");
    }
    let shorter = Proof { hashes: proof.hashes[1..].to_vec(), ..proof };
    assert!(matches!(shorter.check(Some(&key)), Err(Inconsistent::NotShown { .. })));
}

#[test]
fn a_fork_is_named_by_two_checkpoints_alone_and_by_the_ledger() {
    let (world, key, one, other) = forked();
    let last = |notes: &[String]| notes.last().unwrap().clone();
    let sizes = [&one, &other].map(|notes| key.open(last(notes).as_bytes()).unwrap().size);
    assert_eq!(sizes[0], sizes[1], "both versions are as long, and both are signed");
    let two_heads = Proof {
        origin: key.name.clone(),
        old: head(&key, &last(&one)),
        new: head(&key, &last(&other)),
        hashes: Vec::new(),
    };
    let read = Proof::parse(two_heads.text().as_bytes()).unwrap();
    assert!(matches!(read.check(Some(&key)), Err(Inconsistent::Fork { size }) if size == sizes[0]));
    let made = Proof::make(&world.dir(), &signed(&last(&one)), &signed(&last(&other)));
    assert!(matches!(made, Err(Inconsistent::Fork { .. })), "{made:?}");
    // Of two sizes: what the ledger holds now is the other version.
    for note in &one[3..] {
        let found = since(&world.dir(), note);
        let is_as_long = *note == last(&one);
        assert!(
            matches!(found, Err(Inconsistent::Other { .. })) && !is_as_long
                || matches!(found, Err(Inconsistent::Fork { .. })) && is_as_long,
            "{found:?}"
        );
    }
    for note in one[..3].iter().chain(&other) {
        assert_eq!(since(&world.dir(), note).unwrap().check(Some(&key)).unwrap(), 2);
    }
}

fn head(key: &VerifierKey, note: &str) -> weir_ledger::consistency::Head {
    let head = key.open(note.as_bytes()).unwrap();
    weir_ledger::consistency::Head { size: head.size, root: head.root, note: Some(note.to_owned()) }
}

#[test]
fn a_rewound_ledger_is_named_by_a_letter() {
    let world = World::new();
    grown(&world, 0, 3);
    let earlier = folder();
    copy_dir(&world.dir(), earlier.path());
    let (key, notes) = grown(&world, 3, 2);
    let letter = weir_ledger::letter::write(&notes[1], &key.open(notes[1].as_bytes()).unwrap(), &key);
    std::fs::remove_dir_all(world.dir()).unwrap();
    copy_dir(earlier.path(), &world.dir());
    let note = weir_ledger::letter::read(letter.as_bytes()).remove(0);
    let found = since(&world.dir(), &note);
    assert!(matches!(found, Err(Inconsistent::Rewound { size, local }) if size > local), "{found:?}");
}

/// What an anchor elsewhere would give.
fn elsewhere(note: &str) -> Anchor {
    Anchor::Note(PathBuf::from("s3://bucket/egress.checkpoint"), note.as_bytes().to_vec())
}

#[test]
fn d14_nothing_is_signed_before_anchors_elsewhere_were_asked_and_nothing_after_one_shows_a_rewind() {
    let (world, key, one, _) = forked();
    let opened = || world.try_open(Options { has_remote_anchors: true, ..options() }).unwrap().0;
    let ledger = opened();
    let before = std::fs::read(world.dir().join("signed")).unwrap();
    ledger.start(&world.product, Offset(0)).wait().unwrap();
    wait(ledger.intend(world.intent(300, 3))).unwrap();
    ledger.flush_tree().unwrap();
    assert_eq!(std::fs::read(world.dir().join("signed")).unwrap(), before, "nothing is signed yet");
    ledger.allow_signing();
    ledger.flush_tree().unwrap();
    assert_ne!(std::fs::read(world.dir().join("signed")).unwrap(), before);
    ledger.close().unwrap();

    let ledger = opened();
    let size = key.open(one.last().unwrap().as_bytes()).unwrap().size;
    let compared = ledger.compare(elsewhere(one.last().unwrap()));
    assert!(matches!(compared, Err(LedgerError::Rewound { size: s, .. }) if s == size), "{compared:?}");
    ledger.allow_signing();
    let signed = std::fs::read(world.dir().join("signed")).unwrap();
    assert!(ledger.is_rewound());
    assert!(matches!(ledger.flush_tree(), Err(LedgerError::Rewound { .. })));
    let sent = wait(ledger.intend(world.intent(303, 3)));
    assert!(matches!(sent, Err(LedgerError::Rewound { .. })), "nothing is sent");
    assert!(ledger.close().is_err());
    assert_eq!(std::fs::read(world.dir().join("signed")).unwrap(), signed, "nothing is signed");

    // What is of this history is no reason to stop, and what a stranger signed says nothing.
    let ledger = opened();
    assert_eq!(ledger.compare(elsewhere(&one[1])).unwrap(), Rewind::Excluded { anchors: 1 });
    let stranger = one[6].replace(&key.name, "weir/somebody/egress");
    assert!(matches!(ledger.compare(elsewhere(&stranger)), Err(LedgerError::Checkpoint { .. })));
    assert!(!ledger.is_rewound());
    ledger.contradicted(Path::new("witness weir-b/witness"), 10_000);
    assert!(ledger.is_rewound());
}

#[test]
fn d14_a_ledger_without_its_tree_as_a_backup_is_still_says_what_it_signed_and_proves_it() {
    let world = World::new();
    let (key, notes) = grown(&world, 0, 90);
    let signed = std::fs::read_to_string(world.dir().join("signed")).unwrap();
    std::fs::remove_dir_all(world.dir().join("tree")).unwrap();
    let (ledger, _) = world.try_open(Options { has_remote_anchors: true, ..options() }).unwrap();
    let now = ledger.published().unwrap().expect("what was signed");
    assert_eq!(now.note, signed);
    assert!(!world.dir().join("tree/checkpoint").exists(), "nothing is published before anchors were asked");
    for note in &notes {
        let old = key.open(note.as_bytes()).unwrap();
        let proof = ledger.consistency(old.size, now.head.size).unwrap();
        assert!(consistency_holds(old.size, &old.root, now.head.size, &now.head.root, &proof), "{}", old.size);
    }
}

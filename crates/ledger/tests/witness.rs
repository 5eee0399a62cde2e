//! A witness cosigns one history of each ledger that it knows, whatever is asked of it and whenever its disk fails.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::path::Path;
use std::sync::{Arc, OnceLock};

use common::{Failure, FaultyDisk, World, copy_dir, folder, wait};
use ring::signature::{Ed25519KeyPair, KeyPair};
use weir_event::Offset;
use weir_ledger::Ledger;
use weir_ledger::disk::{Disk, RealDisk};
use weir_ledger::receipt::Receipts;
use weir_ledger::tree::cosignature::CosignerKey;
use weir_ledger::tree::note::{Checkpoint, NoteError, VerifierKey, base64};
use weir_ledger::tree::proof::{Nodes, consistency, consistency_holds, root_at};
use weir_ledger::verify::verify;
use weir_ledger::witness::{AddCheckpoint, Answered, Refused, Witness, read_answer};

fn pair() -> &'static Ed25519KeyPair {
    static PAIR: OnceLock<Ed25519KeyPair> = OnceLock::new();
    PAIR.get_or_init(|| Ed25519KeyPair::from_seed_unchecked(&[44; 32]).unwrap())
}

fn key() -> CosignerKey {
    CosignerKey { name: "weir-b/witness".to_owned(), public: pair().public_key().as_ref().try_into().unwrap() }
}

fn sign(text: &[u8]) -> [u8; 64] {
    pair().sign(text).as_ref().try_into().unwrap()
}

fn witness(dir: &Path, log: &VerifierKey, disk: Arc<dyn Disk>) -> Witness {
    Witness::new(dir, key(), vec![log.clone()], disk)
}

/// The witnesses that cosigned a note, with the time of each, of those whose keys are given.
fn cosigners<'k>(note: &[u8], keys: &'k [CosignerKey]) -> Vec<(&'k CosignerKey, u64)> {
    let mut found = Vec::new();
    for key in keys {
        match key.cosigned(note) {
            Ok(seconds) => found.push((key, seconds)),
            Err(NoteError::NotSigned) => {}
            Err(error) => panic!("{error}"),
        }
    }
    found
}

/// A request of a ledger from a size on.
fn request(ledger: &Ledger, old: u64) -> (Checkpoint, AddCheckpoint) {
    let published = ledger.published().unwrap().unwrap();
    let proof = ledger.consistency(old.min(published.head.size), published.head.size).unwrap();
    (published.head, AddCheckpoint { old, proof, note: published.note })
}

fn grow(world: &World, ledger: &Ledger, from: u64) {
    wait(ledger.intend(world.intent(from, 3))).unwrap();
    ledger.flush_tree().unwrap();
}

#[test]
fn a_witness_answers_as_the_specification_says() {
    let world = World::new();
    let (ledger, _) = world.open();
    ledger.start(&world.product, Offset(0)).wait().unwrap();
    let log = ledger.verifier_key().clone();
    let dir = world.root.path().join("witness");
    let of = witness(&dir, &log, Arc::new(RealDisk));
    let add = |request: &AddCheckpoint| of.add(request.text().as_bytes(), 1_795_303_178, sign);
    grow(&world, &ledger, 0);
    let (head, first) = request(&ledger, 0);
    let line = add(&first).unwrap();
    assert_eq!(key().line_of(&head.text(), &line).unwrap().1, 1_795_303_178);
    assert_eq!(read_answer(&key(), &head, 0, 200, line.as_bytes()), Answered::Cosigned(line));
    // Again from 0: told where to begin; from there the same head is cosigned again.
    assert_eq!(add(&first), Err(Refused::Conflict { size: head.size }));
    let conflict = format!("{}\n", head.size);
    assert_eq!(read_answer(&key(), &head, 0, 409, conflict.as_bytes()), Answered::From(head.size));
    assert!(add(&AddCheckpoint { old: head.size, proof: Vec::new(), ..first.clone() }).is_ok());
    // A stranger puts a line under it that claims the ledger's key: the one that was verified is kept, and the witness goes on.
    let garbage = base64(&[&log.id()[..], &[7; 64]].concat());
    let more = AddCheckpoint { note: format!("{}\u{2014} {} {garbage}\n", first.note, log.name), ..first };
    assert!(add(&AddCheckpoint { old: head.size, proof: Vec::new(), ..more }).is_ok());
    assert_eq!(of.last(&log).unwrap().unwrap().0, head);
    let old = head.size;
    (0..40).for_each(|i| grow(&world, &ledger, 3 + 3 * i));
    let (head, next) = request(&ledger, old);
    assert!(!next.proof.is_empty());
    let mut wrong = next.clone();
    wrong.proof[0][0] ^= 1;
    assert_eq!(add(&wrong), Err(Refused::NotShown));
    assert_eq!(add(&AddCheckpoint { old: old + 1, ..next.clone() }), Err(Refused::Conflict { size: old }));
    assert_eq!(add(&AddCheckpoint { old: head.size + 1, ..next.clone() }), Err(Refused::Malformed));
    assert_eq!(of.add(b"old 0\n", 0, sign), Err(Refused::Malformed));
    let other = AddCheckpoint { note: next.note.replace(&log.name, "weir/other/egress"), ..next.clone() };
    assert_eq!(add(&other), Err(Refused::UnknownLog));
    let forged = AddCheckpoint { note: next.note.replace(&format!("\n{}\n", head.size), "\n99\n"), ..next.clone() };
    assert_eq!(add(&forged), Err(Refused::NotSigned));
    assert!(add(&next).is_ok());

    // Another process finds what was cosigned; a file that was changed is trusted no more.
    let again = witness(&dir, &log, Arc::new(RealDisk));
    let (last, note) = again.last(&log).unwrap().unwrap();
    assert_eq!(last, head);
    assert_eq!(cosigners(&note, &[key()]), [(&key(), 1_795_303_178)]);
    let file = again.path(&log);
    std::fs::write(&file, String::from_utf8(note).unwrap().replace(&format!("\n{}\n", head.size), "\n1\n")).unwrap();
    assert_eq!(again.add(next.text().as_bytes(), 0, sign), Err(Refused::Unstorable));
}

#[test]
fn a_rewound_ledger_learns_it_from_its_witness() {
    let world = World::new();
    let dir = world.root.path().join("witness");
    let (ledger, _) = world.open();
    ledger.start(&world.product, Offset(0)).wait().unwrap();
    let of = witness(&dir, ledger.verifier_key(), Arc::new(RealDisk));
    grow(&world, &ledger, 0);
    of.add(request(&ledger, 0).1.text().as_bytes(), 1, sign).unwrap();
    let old = ledger.published().unwrap().unwrap().head.size;
    ledger.close().unwrap();
    let earlier = folder();
    copy_dir(&world.dir(), earlier.path());
    let (ledger, _) = world.open();
    (1..4).for_each(|i| grow(&world, &ledger, 3 * i));
    of.add(request(&ledger, old).1.text().as_bytes(), 2, sign).unwrap();
    let witnessed = ledger.published().unwrap().unwrap().head.size;
    ledger.close().unwrap();
    drop(ledger);
    std::fs::remove_dir_all(world.dir()).unwrap();
    copy_dir(earlier.path(), &world.dir());
    world.clock.advance(5_000);
    let (ledger, _) = world.open();
    let ask = |old: u64| {
        let (head, request) = request(&ledger, old);
        let answer = of.add(request.text().as_bytes(), 3, sign).unwrap_err();
        let body = if let Refused::Conflict { size } = answer { format!("{size}\n") } else { String::new() };
        read_answer(&key(), &head, old, answer.status(), body.as_bytes())
    };
    assert_eq!(ask(0), Answered::Ahead { size: witnessed }, "shorter than what was cosigned");
    (1..3).for_each(|i| grow(&world, &ledger, 3 * i));
    assert_eq!(ask(0), Answered::Ahead { size: witnessed }, "still shorter");
    grow(&world, &ledger, 9);
    assert_eq!(ledger.published().unwrap().unwrap().head.size, witnessed);
    assert_eq!(ask(0), Answered::From(witnessed), "as long: asked from there");
    assert_eq!(ask(witnessed), Answered::Ahead { size: witnessed }, "with another root");
    grow(&world, &ledger, 12);
    assert_eq!(ask(0), Answered::From(witnessed));
    assert_eq!(ask(witnessed), Answered::Ahead { size: witnessed }, "longer, and no proof leads there");
    // The witness's own file is the anchor that recovery needs.
    let note = std::fs::read(of.path(ledger.verifier_key())).unwrap();
    let found = ledger.compare(weir_ledger::Anchor::Note(of.path(ledger.verifier_key()), note));
    assert!(matches!(found, Err(weir_ledger::LedgerError::Rewound { .. })), "{found:?}");
}

#[test]
fn receipts_stand_under_the_cosigned_checkpoint_as_far_as_it_goes() {
    let world = World::new();
    let (ledger, _) = world.open();
    ledger.start(&world.product, Offset(0)).wait().unwrap();
    for i in 0..150 {
        wait(ledger.intend(world.intent(3 * i, 3))).unwrap();
    }
    ledger.flush_tree().unwrap();
    let of = witness(&world.root.path().join("witness"), ledger.verifier_key(), Arc::new(RealDisk));
    let (head, asked) = request(&ledger, 0);
    let line = of.add(asked.text().as_bytes(), 7, sign).unwrap();
    let published = ledger.published().unwrap().unwrap();
    assert_eq!((&published.head, &published.note), (&head, &asked.note));
    ledger.keep_cosigned(&published, &line).unwrap();
    (150..300).for_each(|i| grow(&world, &ledger, 3 * i));
    ledger.close().unwrap();
    let receipts = Receipts::open(&world.dir()).unwrap();
    for entry in 0..receipts.size() {
        let receipt = receipts.of(entry).unwrap();
        let under = receipts.key().open(receipt.checkpoint.as_bytes()).unwrap();
        let by = cosigners(receipt.checkpoint.as_bytes(), &[key()]).len();
        let expected = if entry < head.size { (head.size, 1) } else { (receipts.size(), 0) };
        assert_eq!((under.size, by), expected, "entry {entry}");
    }
    assert_eq!(verify(&world.dir(), Some(&world.keys)).unwrap().bad, None);
    // A cosigned head is one more that the entries are held against.
    let file = world.dir().join("cosigned");
    let note = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, note.replace(&format!("\n{}\n", head.size), "\n17\n")).unwrap();
    let bad = verify(&world.dir(), None).unwrap().bad.unwrap();
    assert_eq!((bad.file, bad.what.as_str()), (file, "the signature does not fit the text"));
}

#[test]
fn cosignatures_of_one_checkpoint_are_kept_however_far_apart_they_come() {
    let world = World::new();
    let (ledger, _) = world.open();
    ledger.start(&world.product, Offset(0)).wait().unwrap();
    grow(&world, &ledger, 0);
    let older = ledger.published().unwrap().unwrap();
    let other = CosignerKey { name: "weir-c/witness".to_owned(), ..key() };
    let keys = [key(), other.clone()];
    let of = |head: &Checkpoint, key: &CosignerKey, seconds| key.line(&head.text(), seconds, sign);
    let kept = || {
        let note = std::fs::read(world.dir().join("cosigned")).unwrap();
        let size = ledger.verifier_key().open(&note).unwrap().size;
        (size, cosigners(&note, &keys).into_iter().map(|(_, seconds)| seconds).collect::<Vec<_>>())
    };
    ledger.keep_cosigned(&older, &of(&older.head, &key(), 1)).unwrap();
    ledger.keep_cosigned(&older, &of(&older.head, &other, 2)).unwrap();
    assert_eq!(kept(), (older.head.size, vec![1, 2]), "one that comes later takes nothing away");
    ledger.keep_cosigned(&older, &of(&older.head, &key(), 3)).unwrap();
    assert_eq!(kept(), (older.head.size, vec![3, 2]), "one line of each witness");
    grow(&world, &ledger, 3);
    let newer = ledger.published().unwrap().unwrap();
    ledger.keep_cosigned(&newer, &of(&newer.head, &other, 4)).unwrap();
    assert_eq!(kept(), (newer.head.size, vec![4]));
    ledger.keep_cosigned(&older, &of(&older.head, &key(), 5)).unwrap();
    assert_eq!(kept(), (newer.head.size, vec![4]), "an older checkpoint never takes the place of a newer one");
    assert!(ledger.keep_cosigned(&newer, "no line").is_err());
    assert_eq!(kept(), (newer.head.size, vec![4]));
}

/// A small tree in memory, in two versions that part at leaf 5.
struct Leaves(Vec<[u8; 32]>);

impl Nodes for Leaves {
    type Error = std::convert::Infallible;
    fn node(&self, level: u8, index: u64) -> Result<[u8; 32], Self::Error> {
        let from = (index << level) as usize;
        Ok(weir_ledger::tree::hash::root_of(&mut self.0[from..from + (1 << level)].to_vec()))
    }
}

#[test]
fn a_witness_never_cosigns_two_heads_that_contradict_each_other_wherever_its_disk_fails() {
    let log = VerifierKey { name: "weir/x/egress".to_owned(), public: key().public };
    let version = |salt: u8| Leaves((0..12_u8).map(|i| [if i < 5 { i } else { i ^ salt }; 32]).collect());
    let versions = [version(0), version(0x80)];
    let ask = |tree: &Leaves, old: u64, size: u64| {
        let Ok(root) = root_at(tree, size);
        let Ok(proof) = consistency(tree, old, size);
        let note = Checkpoint { origin: log.name.clone(), size, root }.sign(&log, sign);
        AddCheckpoint { old, proof, note: String::from_utf8(note).unwrap() }
    };
    // Two hands at one log: each asks for its version in turn, from the size that the witness says.
    let live = |dir: &Path, disk: &FaultyDisk| {
        let mut given: Vec<(usize, u64)> = Vec::new();
        for round in 0..2 {
            let of = Witness::new(dir, key(), vec![log.clone()], Arc::new(disk.clone()));
            for size in [3, 5, 6, 11] {
                for (i, tree) in versions.iter().enumerate() {
                    let mut old = 0;
                    for _ in 0..2 {
                        match of.add(ask(tree, old.min(size), size).text().as_bytes(), round, sign) {
                            Ok(_) => given.push((i, size)),
                            Err(Refused::Conflict { size }) => old = size,
                            Err(_) => {}
                        }
                    }
                }
            }
        }
        given
    };
    let check = |dir: &Path, given: &[(usize, u64)], what: &str| {
        for (a, small) in given {
            for (b, large) in given.iter().filter(|(_, large)| large >= small) {
                let (Ok(old), Ok(new)) = (root_at(&versions[*a], *small), root_at(&versions[*b], *large));
                let Ok(proof) = consistency(&versions[*b], *small, *large);
                assert!(consistency_holds(*small, &old, *large, &new, &proof), "{what}: {a}/{small} and {b}/{large}");
            }
        }
        // What was given is what the next process holds, or less than it.
        let of = Witness::new(dir, key(), vec![log.clone()], Arc::new(RealDisk));
        let last = of.last(&log).unwrap().map_or(0, |(head, _)| head.size);
        assert!(given.iter().all(|(_, size)| *size <= last), "{what}: {given:?}, {last} on the disk");
    };
    let dir = folder();
    let disk = FaultyDisk::default();
    let given = live(dir.path(), &disk);
    assert!(given.contains(&(0, 11)) && given.iter().all(|(i, size)| *i == 0 || *size <= 5), "{given:?}");
    check(dir.path(), &given, "no fault");
    for at in 1..=disk.steps() {
        for failure in [Failure::Lost, Failure::Kept] {
            for dies in [false, true] {
                let dir = folder();
                let disk = FaultyDisk::failing(at, failure, dies);
                let mut given = live(dir.path(), &disk);
                check(dir.path(), &given, &format!("step {at}, {failure:?}, dies: {dies}"));
                given.extend(live(dir.path(), &FaultyDisk::default()));
                check(dir.path(), &given, &format!("after step {at}, {failure:?}, dies: {dies}"));
            }
        }
    }
}

#[test]
fn nothing_that_a_witness_answers_is_taken_for_more_than_it_is() {
    let head = Checkpoint { origin: "log".to_owned(), size: 9, root: [1; 32] };
    let answer = |old, status, body: &str| read_answer(&key(), &head, old, status, body.as_bytes());
    assert_eq!(answer(0, 200, "ok\n"), Answered::Useless);
    assert_eq!(answer(0, 200, &key().line("log\n8\nx\n", 1, sign)), Answered::Useless, "of another head");
    assert_eq!(answer(0, 409, "7\n"), Answered::From(7));
    assert_eq!(answer(7, 409, "7\n"), Answered::Useless, "it says what it was told");
    assert_eq!(answer(0, 409, "many\n"), Answered::Useless);
    assert_eq!(answer(7, 422, ""), Answered::Ahead { size: 7 }, "what it holds of 7 entries is another tree");
    assert_eq!(answer(0, 422, ""), Answered::Useless, "of no entries there is one tree only");
    assert_eq!(answer(0, 404, ""), Answered::Unknown);
    assert_eq!(answer(0, 403, ""), Answered::OtherKey);
    assert_eq!(answer(0, 500, ""), Answered::Useless);
    assert_eq!(answer(0, 302, ""), Answered::Useless);
}

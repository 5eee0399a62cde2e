use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;
use weir_event::{EventId, ManualClock, SubjectTag};

use super::*;
use crate::files::Step;
use crate::{Epoch, Uuid, open_hold_key};

fn clock() -> Arc<dyn Clock> {
    Arc::new(ManualClock::at(Millis(1_800_000_000_000)))
}

fn folder() -> (TempDir, PathBuf) {
    let parent = TempDir::new().unwrap();
    let dir = parent.path().join("keys");
    (parent, dir)
}

fn open(dir: &Path) -> Arc<Keys> {
    Keys::open(dir, clock()).unwrap()
}

fn product() -> DestinationId {
    DestinationId::parse("product").unwrap()
}

fn tag_of(keys: &Keys) -> SubjectTag {
    keys.snapshot().tag(Environment::Production, "default", "user", b"u1")
}

fn pseudonym(keys: &Keys, epoch: u32) -> Option<Uuid> {
    keys.snapshot().destination(&product())?.pseudonym(Epoch::Rotating(epoch), "user", &SubjectTag([9; 16]))
}

#[test]
fn the_first_open_creates_and_the_second_finds_the_same_keys() {
    let (_parent, dir) = folder();
    let first = open(&dir);
    assert!(first.is_new());
    first.ensure_destination(&product()).unwrap();
    first.ensure_epochs(&product(), &[3, 4]).unwrap();
    let (tag, public, name) = (tag_of(&first), first.ledger_signer().public(), pseudonym(&first, 3));
    assert!(name.is_some());
    assert_ne!(name, pseudonym(&first, 4));
    drop(first);

    let second = open(&dir);
    assert!(!second.is_new());
    assert_eq!(tag_of(&second), tag);
    assert_eq!(second.ledger_signer().public(), public);
    assert_eq!(pseudonym(&second, 3), name);
    assert_eq!(pseudonym(&second, 5), None);
}

#[test]
fn the_folder_and_its_files_are_for_the_owner_only() {
    let (_parent, dir) = folder();
    drop(open(&dir));
    assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
    let mut names = Vec::new();
    for entry in fs::read_dir(&dir).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.file_name());
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["hold.key", "hold.pub", "ledger.key", "lock", "master.key", "ring"]);
}

#[test]
fn a_folder_or_file_that_others_can_use_is_refused() {
    for name in ["", "master.key", "ring", "ledger.key", "hold.key", "hold.pub"] {
        for mode in [0o040, 0o004, 0o020] {
            let (_parent, dir) = folder();
            drop(open(&dir));
            let path = if name.is_empty() { dir.clone() } else { dir.join(name) };
            let before = fs::metadata(&path).unwrap().permissions().mode();
            fs::set_permissions(&path, fs::Permissions::from_mode(before | mode)).unwrap();
            let error = Keys::open(&dir, clock()).unwrap_err();
            assert!(matches!(error, KeysError::Exposed { .. }), "{name} {error:?}");
        }
    }
}

#[test]
fn a_newer_format_is_refused_by_name() {
    for (name, at) in [("ring", 8), ("master.key", 8), ("ledger.key", 8), ("hold.pub", 8)] {
        let (_parent, dir) = folder();
        drop(open(&dir));
        let mut bytes = fs::read(dir.join(name)).unwrap();
        bytes[at] = 2;
        fs::write(dir.join(name), bytes).unwrap();
        match Keys::open(&dir, clock()).unwrap_err() {
            KeysError::NewerFormat { path, found: 2, known: 1 } => assert!(path.ends_with(name)),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn every_flipped_byte_of_every_file_is_noticed() {
    let (_parent, dir) = folder();
    let keys = open(&dir);
    keys.ensure_epochs(&product(), &[1]).unwrap();
    drop(keys);
    for name in ["ring", "master.key", "ledger.key", "hold.pub"] {
        let good = fs::read(dir.join(name)).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            fs::write(dir.join(name), &bad).unwrap();
            assert!(Keys::open(&dir, clock()).is_err(), "{name} byte {at}");
        }
        fs::write(dir.join(name), &good[..good.len() - 1]).unwrap();
        assert!(Keys::open(&dir, clock()).is_err(), "{name} cut");
        fs::write(dir.join(name), good).unwrap();
    }
    open(&dir);
}

#[test]
fn a_missing_file_beside_a_ring_is_an_error_and_never_made_anew() {
    for name in ["master.key", "ledger.key", "hold.pub"] {
        let (_parent, dir) = folder();
        drop(open(&dir));
        fs::remove_file(dir.join(name)).unwrap();
        assert!(matches!(Keys::open(&dir, clock()), Err(KeysError::Missing { .. })), "{name}");
        assert!(!dir.join(name).exists());
    }
}

#[test]
fn a_first_start_cut_short_anywhere_is_completed() {
    let written = ["master.key", "ledger.key", "hold.key", "hold.pub", "ring"];
    for present in 0..written.len() {
        let (_parent, dir) = folder();
        let public = open(&dir).ledger_signer().public();
        for name in &written[present..] {
            fs::remove_file(dir.join(name)).unwrap();
        }
        fs::write(dir.join("ring.new"), b"half").unwrap();
        let keys = open(&dir);
        assert!(keys.is_new());
        assert_eq!(keys.ledger_signer().public() == public, present >= 2, "{present}");
        assert!(!dir.join("ring.new").exists());
        drop(keys);
        assert!(!open(&dir).is_new());
    }
}

/// Each step of each change failed both ways (lost, or done but reported lost), then reloaded.
#[test]
fn a_failed_replacement_leaves_the_old_ring_or_the_new_one() {
    for step in [Step::Write, Step::SyncFile, Step::Rename, Step::SyncFolder] {
        for done in [false, true] {
            let (_parent, dir) = folder();
            let keys = open(&dir);
            keys.ensure_epochs(&product(), &[1, 2]).unwrap();
            let (one, two) = (pseudonym(&keys, 1), pseudonym(&keys, 2));

            *keys.disk.fail.lock().unwrap() = Some((step, done));
            assert!(keys.ensure_epochs(&product(), &[3]).is_err());
            // What is not known to be durable is not used.
            assert_eq!(pseudonym(&keys, 3), None, "{step:?} {done}");
            assert!(keys.destroy_epoch(&product(), 1).is_err());
            assert_eq!(pseudonym(&keys, 1), one);
            drop(keys);

            let keys = open(&dir);
            // The destruction is done or not; the other key is untouched in either case, and both changes can be made now.
            assert!(pseudonym(&keys, 1).is_none() || pseudonym(&keys, 1) == one, "{step:?} {done}");
            assert_eq!(pseudonym(&keys, 2), two);
            keys.ensure_epochs(&product(), &[3]).unwrap();
            keys.destroy_epoch(&product(), 1).unwrap();
            let three = pseudonym(&keys, 3);
            assert!(three.is_some());
            drop(keys);
            let keys = open(&dir);
            assert_eq!((pseudonym(&keys, 1), pseudonym(&keys, 2), pseudonym(&keys, 3)), (None, two, three));
        }
    }
}

#[test]
fn a_change_after_a_failed_one_in_the_same_process_holds() {
    for step in [Step::Write, Step::SyncFile, Step::Rename, Step::SyncFolder] {
        let (_parent, dir) = folder();
        let keys = open(&dir);
        *keys.disk.fail.lock().unwrap() = Some((step, true));
        assert!(keys.ensure_epochs(&product(), &[1]).is_err());
        *keys.disk.fail.lock().unwrap() = None;
        keys.ensure_epochs(&product(), &[1]).unwrap();
        let one = pseudonym(&keys, 1);
        drop(keys);
        assert_eq!(pseudonym(&open(&dir), 1), one, "{step:?}");
    }
}

#[test]
fn d15_a_destroyed_key_is_gone_from_memory_and_disk_and_never_created_again() {
    let (_parent, dir) = folder();
    let keys = open(&dir);
    keys.ensure_epochs(&product(), &[1]).unwrap();
    let old_ring = File::open(dir.join("ring")).unwrap();
    let before = keys.snapshot();
    assert!(keys.destroy_epoch(&product(), 1).unwrap());
    assert!(!keys.destroy_epoch(&product(), 1).unwrap());
    assert_eq!(pseudonym(&keys, 1), None);
    // A request that pinned its snapshot earlier finishes with it.
    assert!(before.destination(&product()).unwrap().has_epoch(Epoch::Rotating(1)));
    // The bytes that the replaced file held are overwritten.
    let mut left = Vec::new();
    std::io::Read::read_to_end(&mut &old_ring, &mut left).unwrap();
    assert!(!left.is_empty() && left.iter().all(|byte| *byte == 0));
    drop(keys);

    let keys = open(&dir);
    keys.ensure_epochs(&product(), &[1, 2]).unwrap();
    assert_eq!(pseudonym(&keys, 1), None);
    assert!(pseudonym(&keys, 2).is_some());
    let gone: Vec<_> = keys.list().into_iter().filter(|info| info.destroyed.is_some()).collect();
    assert_eq!(gone.len(), 1);
    assert_eq!(gone[0].name.to_string(), "epoch/product/1");
}

#[test]
fn d8_days_before_are_destroyed_and_later_ones_stay() {
    let (_parent, dir) = folder();
    let keys = open(&dir);
    for day in [20_000, 20_001, 20_002] {
        keys.ensure_raw_day(day).unwrap();
    }
    let snapshot = keys.snapshot();
    let mut sealed = b"u1".to_vec();
    snapshot.raw_day(20_002).unwrap().seal_random(b"record", &mut sealed, 0);
    assert_eq!(keys.destroy_raw_days_before(20_002).unwrap(), 2);
    assert_eq!(keys.destroy_raw_days_before(20_002).unwrap(), 0);
    drop(keys);
    let keys = open(&dir);
    let snapshot = keys.snapshot();
    assert!(snapshot.raw_day(20_000).is_none() && snapshot.raw_day(20_001).is_none());
    assert_eq!(&*snapshot.raw_day(20_002).unwrap().open_random(b"record", &mut sealed).unwrap(), b"u1");
    keys.ensure_raw_day(20_001).unwrap();
    assert!(keys.snapshot().raw_day(20_001).is_none());
}

#[test]
fn a_backup_restores_to_the_same_keys() {
    let (parent, dir) = folder();
    let keys = open(&dir);
    keys.ensure_epochs(&product(), &[1]).unwrap();
    let (tag, name) = (tag_of(&keys), pseudonym(&keys, 1));
    let to = parent.path().join("backup");
    // Beside the running process.
    let report = Keys::backup(&dir, &to).unwrap();
    assert!(report.has_hold_key);
    assert_eq!(report.keys, 9);
    assert_eq!(report.files.len(), 5);
    assert_eq!(fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(Keys::restore_check(&to).unwrap(), report);

    let restored = parent.path().join("restored");
    Keys::restore(&to, &restored, &[], &*clock()).unwrap();
    let other = open(&restored);
    assert!(!other.is_new());
    assert_eq!((tag_of(&other), pseudonym(&other, 1)), (tag, name));
    open_hold_key(&restored).unwrap();
    assert!(matches!(Keys::backup(&dir, &to), Err(KeysError::TargetExists { .. })));
}

#[test]
fn a_backup_without_the_private_hold_key_says_so_and_a_damaged_one_is_refused() {
    let (parent, dir) = folder();
    let keys = open(&dir);
    fs::rename(dir.join("hold.key"), parent.path().join("hold.key")).unwrap();
    let to = parent.path().join("backup");
    assert!(!Keys::backup(&dir, &to).unwrap().has_hold_key);
    for name in ["ring", "master.key", "ledger.key", "hold.pub", "manifest"] {
        let good = fs::read(to.join(name)).unwrap();
        let mut bad = good.clone();
        *bad.last_mut().unwrap() ^= 1;
        fs::write(to.join(name), bad).unwrap();
        assert!(Keys::restore_check(&to).is_err(), "{name}");
        assert!(Keys::restore(&to, &parent.path().join("never"), &[], &*clock()).is_err());
        fs::write(to.join(name), good).unwrap();
    }
    Keys::restore_check(&to).unwrap();
    assert!(!parent.path().join("never").exists());
    drop(keys);
}

#[test]
fn d15_destroyed_keys_never_come_back_from_an_older_backup() {
    let (parent, dir) = folder();
    let keys = open(&dir);
    keys.ensure_epochs(&product(), &[1, 2]).unwrap();
    let two = pseudonym(&keys, 2);
    let backup = parent.path().join("backup");
    Keys::backup(&dir, &backup).unwrap();
    keys.destroy_epoch(&product(), 1).unwrap();
    let destroyed: Vec<KeyName> =
        keys.list().into_iter().filter(|info| info.destroyed.is_some()).map(|info| info.name).collect();
    drop(keys);

    // Restored by the command, with the list that the ledger kept.
    let restored = parent.path().join("restored");
    Keys::restore(&backup, &restored, &destroyed, &*clock()).unwrap();
    let keys = open(&restored);
    assert_eq!((pseudonym(&keys, 1), pseudonym(&keys, 2)), (None, two));
    keys.ensure_epochs(&product(), &[1]).unwrap();
    assert_eq!(pseudonym(&keys, 1), None);
    drop(keys);

    // Copied back by hand: the list is given when it is next opened.
    let copied = parent.path().join("copied");
    Keys::restore(&backup, &copied, &[], &*clock()).unwrap();
    let keys = open(&copied);
    assert!(pseudonym(&keys, 1).is_some());
    assert_eq!(keys.destroy(&destroyed).unwrap(), 1);
    assert_eq!((pseudonym(&keys, 1), pseudonym(&keys, 2)), (None, two));
    assert!(matches!(keys.destroy(&[KeyName::Insert(product())]), Err(KeysError::NotDestroyable)));
}

#[test]
fn one_process_writes_and_others_only_read() {
    let (_parent, dir) = folder();
    let keys = open(&dir);
    assert!(matches!(Keys::open(&dir, clock()), Err(KeysError::InUse { .. })));
    let reader = Keys::open_read_only(&dir, clock()).unwrap();
    assert_eq!(tag_of(&reader), tag_of(&keys));
    assert!(matches!(reader.ensure_raw_day(1), Err(KeysError::ReadOnly { .. })));
    drop(keys);
    open(&dir).ensure_raw_day(1).unwrap();
}

#[test]
fn d10_the_gateway_runs_without_the_private_hold_key() {
    let (parent, dir) = folder();
    drop(open(&dir));
    let away = parent.path().join("away");
    fs::DirBuilder::new().create(&away).unwrap();
    fs::rename(dir.join("hold.key"), away.join("hold.key")).unwrap();
    let keys = open(&dir);
    let sealed = keys.hold_public().seal(b"event", b"body");
    assert!(matches!(open_hold_key(&dir), Err(KeysError::Missing { .. })));
    let private = open_hold_key(&away).unwrap();
    assert_eq!(private.open(b"event", &sealed).unwrap(), b"body");
    assert!(private.open(b"another", &sealed).is_err());
}

#[test]
fn a_wrapped_key_opens_for_its_purpose_and_place_only() {
    let (_parent, dir) = folder();
    let keys = open(&dir);
    let wrapped = keys.wrap("journal/v1", b"segment 1", &[7; 32]);
    assert_eq!(keys.unwrap("journal/v1", b"segment 1", &wrapped).unwrap().bytes(), &[7; 32]);
    assert!(keys.unwrap("rows/v1", b"segment 1", &wrapped).is_err());
    assert!(keys.unwrap("journal/v1", b"segment 2", &wrapped).is_err());
    assert!(keys.unwrap("journal/v1", b"segment 1", &wrapped[1..]).is_err());
    assert_ne!(wrapped, keys.wrap("journal/v1", b"segment 1", &[7; 32]));
}

#[test]
fn no_key_material_is_printed() {
    let (_parent, dir) = folder();
    let keys = open(&dir);
    keys.ensure_epochs(&product(), &[1]).unwrap();
    let snapshot = keys.snapshot();
    let shown = format!("{keys:?} {snapshot:?} {:?} {:?}", snapshot.destination(&product()), keys.list());
    let master = fs::read(dir.join("master.key")).unwrap();
    assert!(!shown.contains(&weir_event::ids::hex(&master[10..])) && !shown.contains(&format!("{:?}", &master[10..])));
    // Nothing that looks like 16 bytes of a key, in hex or as a list of numbers.
    let longest = shown.split(|c: char| !c.is_ascii_hexdigit()).map(str::len).max().unwrap();
    assert!(longest < 16, "{shown}");
    assert!(!shown.contains("[1"), "{shown}");
}

/// The constructions of D5, D6 and `cryptography-and-log.md` 3.1, written down a second time from RFC 2104 and RFC 5869 alone.
mod known_answers {
    use super::*;
    use crate::SecretKey;
    use ::ring::digest::{SHA256, digest};
    use proptest::prelude::*;

    fn sha256(bytes: &[u8]) -> Vec<u8> {
        digest(&SHA256, bytes).as_ref().to_vec()
    }

    fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
        let mut block = [0; 64];
        block[..key.len()].copy_from_slice(key);
        let pad = |byte: u8| block.iter().map(|b| b ^ byte).collect::<Vec<u8>>();
        let inner = sha256(&[pad(0x36), message.to_vec()].concat());
        sha256(&[pad(0x5c), inner].concat())
    }

    fn lp(bytes: &[u8]) -> Vec<u8> {
        [&(bytes.len() as u32).to_be_bytes()[..], bytes].concat()
    }

    fn v4(mac: &[u8]) -> String {
        let mut b = mac[..16].to_vec();
        b[6] = 0x40 | (b[6] & 0x0f);
        b[8] = 0x80 | (b[8] & 0x3f);
        let h = weir_event::ids::hex(&b);
        format!("{}-{}-{}-{}-{}", &h[..8], &h[8..12], &h[12..16], &h[16..20], &h[20..])
    }

    fn snapshot() -> KeySnapshot {
        let hmac_of = |byte| MacKey::new(&SecretKey::from_bytes([byte; 32]));
        let mut snapshot = KeySnapshot::new([hmac_of(1), hmac_of(2), hmac_of(3)], [hmac_of(4), hmac_of(5), hmac_of(6)]);
        snapshot.put(&KeyName::Insert(product()), &SecretKey::from_bytes([7; 32]));
        snapshot.put(&KeyName::Stable(product()), &SecretKey::from_bytes([8; 32]));
        snapshot.put(&KeyName::Epoch(product(), 2_929), &SecretKey::from_bytes([9; 32]));
        snapshot
    }

    fn pseudonym_key(epoch_key: u8, epoch: &str, kind: &str) -> Vec<u8> {
        let info = [&b"weir/pseud/v1"[..], &lp(b"product"), &lp(epoch.as_bytes()), &lp(kind.as_bytes())].concat();
        hmac(&[epoch_key; 32], &[info, vec![1]].concat())
    }

    #[test]
    fn the_test_s_own_hmac_is_that_of_rfc_4231() {
        let mac = hmac(b"Jefe", b"what do ya want for nothing?");
        assert!(weir_event::ids::hex(&mac).starts_with("5bdcc146bf60754e6a042426089575c7"));
    }

    proptest! {
        #[test]
        fn d5_event_ids(source in "[a-z]{1,40}", kind in "track|profile", id in proptest::collection::vec(any::<u8>(), 0..400)) {
            let expected = hmac(&[3; 32], &[lp(source.as_bytes()), lp(kind.as_bytes()), lp(&id)].concat());
            let got = snapshot().event_id(Environment::Production, &source, &kind, &id);
            prop_assert_eq!(&got.0[..], &expected[..16]);
        }

        #[test]
        fn d6_tags(space in "[a-z]{0,20}", id in proptest::collection::vec(any::<u8>(), 0..400)) {
            let tag = |space: &str, kind: &str| snapshot().tag(Environment::Staging, space, kind, &id).0;
            let expected = |space: &str, kind: &str| {
                hmac(&[5; 32], &[lp(space.as_bytes()), lp(kind.as_bytes()), lp(&id)].concat())[..16].to_vec()
            };
            for kind in ["user", "device", "group:company"] {
                prop_assert_eq!(&tag(&space, kind)[..], &expected(&space, kind)[..]);
            }
            for kind in ["email", "phone"] {
                prop_assert_eq!(&tag(&space, kind)[..], &expected("", kind)[..]);
            }
        }

        #[test]
        fn d5_insert_ids_and_pseudonyms(event in any::<[u8; 16]>(), tag in any::<[u8; 16]>(), session in proptest::collection::vec(any::<u8>(), 0..100)) {
            let keys = snapshot().destination(&product()).unwrap();
            prop_assert_eq!(keys.insert_id(EventId(event)).to_string(), v4(&hmac(&[7; 32], &event)));
            for kind in ["user", "device", "group:company", "group:company"] {
                let stable = keys.pseudonym(Epoch::Stable, kind, &SubjectTag(tag)).unwrap();
                prop_assert_eq!(stable.to_string(), v4(&hmac(&pseudonym_key(8, "stable", kind), &tag)));
                let rotating = keys.pseudonym(Epoch::Rotating(2_929), kind, &SubjectTag(tag)).unwrap();
                prop_assert_eq!(rotating.to_string(), v4(&hmac(&pseudonym_key(9, "2929", kind), &tag)));
            }
            prop_assert_eq!(
                keys.session(Epoch::Rotating(2_929), &session).unwrap().to_string(),
                v4(&hmac(&pseudonym_key(9, "2929", "session"), &session))
            );
            prop_assert_eq!(keys.session(Epoch::Rotating(1), &session), None);
        }
    }

    #[test]
    fn parts_that_run_together_give_different_ids() {
        let snapshot = snapshot();
        let id = |source, kind, id: &[u8]| snapshot.event_id(Environment::Production, source, kind, id);
        assert_ne!(id("ab", "c", b"d"), id("a", "bc", b"d"));
        assert_ne!(id("a", "b", b"cd"), id("a", "bc", b"d"));
        assert_ne!(
            snapshot.event_id(Environment::Production, "a", "b", b"c"),
            snapshot.event_id(Environment::Staging, "a", "b", b"c")
        );
    }

    #[test]
    fn group_kinds_beyond_those_kept_at_hand_are_the_same_each_time() {
        let keys = snapshot().destination(&product()).unwrap();
        let all = || -> Vec<Uuid> {
            (0..100)
                .map(|n| keys.pseudonym(Epoch::Stable, &format!("group:{n}"), &SubjectTag([1; 16])).unwrap())
                .collect()
        };
        let first = all();
        assert_eq!(first, all());
        assert_eq!(first.iter().collect::<std::collections::HashSet<_>>().len(), 100);
    }
}

//! The catalog over real records: requests are decoded, minimised and journaled as at the gate, and what the catalog then says is held
//! against what was sent.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::collections::{BTreeMap, BTreeSet};

mod world;

use proptest::prelude::*;
use weir_catalog::{Catalog, PROPERTIES_MAX, TextForm, ValueType};
use weir_detect::Verdict;
use weir_event::{Millis, Offset};

use world::{START, World, letters};

const EVENTS: [&str; 4] = ["signed_up", "report_exported", "page_viewed", "plan_changed"];
const PATHS: [&str; 5] = ["plan", "seats", "is_trial", "tags", "contact"];

/// An event that a test sends: when, which, with what.
#[derive(Clone, Debug)]
struct Sent {
    source: usize,
    event: usize,
    step: i64,
    plan: Option<u8>,
    seats: Option<i64>,
    is_trial: Option<bool>,
    tags: Option<u8>,
    contact: Option<bool>,
}

impl Sent {
    fn json(&self) -> String {
        let mut properties = Vec::new();
        properties.extend(self.plan.map(|n| format!(r#""plan":"tier {n}""#)));
        properties.extend(self.seats.map(|n| format!(r#""seats":{}"#, n * 100_003)));
        properties.extend(self.is_trial.map(|b| format!(r#""is_trial":{b}"#)));
        properties.extend(self.tags.map(|n| format!(r#""tags":[{}]"#, vec![r#""new""#; n.into()].join(","))));
        let contact = |is_mail: bool| if is_mail { r#""ada@example.com""# } else { r#""by phone""# };
        properties.extend(self.contact.map(|is_mail| format!(r#""contact":{}"#, contact(is_mail))));
        format!(r#"{{"event":"{}","properties":{{{}}}}}"#, EVENTS[self.event], properties.join(","))
    }
}

fn some_sent() -> impl Strategy<Value = Sent> {
    let kept =
        (proptest::option::of(0_u8..40), proptest::option::of(-5_i64..100_000), proptest::option::of(any::<bool>()));
    let rest = (proptest::option::of(0_u8..4), proptest::option::of(any::<bool>()));
    (0_usize..2, 0_usize..4, 0_i64..90 * 60_000, kept, rest).prop_map(
        |(source, event, step, (plan, seats, is_trial), (tags, contact))| Sent {
            source,
            event,
            step,
            plan,
            seats,
            is_trial,
            tags,
            contact,
        },
    )
}

/// A path, whether it is there, its values by type, how many were withheld, how many e-mail addresses found.
type Seen<'a> = (&'static str, bool, &'a [(&'static str, u64)], u64, u64);

/// What a plain count of the same events says of one property.
#[derive(Default, PartialEq, Eq, Debug)]
struct Counted {
    events: u64,
    withheld: u64,
    mails: u64,
    types: BTreeMap<&'static str, u64>,
    hours: BTreeMap<u32, u32>,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_catalog_says_what_a_plain_count_says_and_a_restart_at_any_point_changes_nothing(
        sent in proptest::collection::vec(some_sent(), 1..160), cut in 0_usize..160
    ) {
        let world = World::new();
        let mut catalog = Catalog::new(world.key(), Offset(7), START);
        let mut restarted = catalog.clone();
        let mut counted: BTreeMap<(usize, usize, &str), Counted> = BTreeMap::new();
        let mut events: BTreeMap<(usize, usize), (u64, Millis, Millis, u64)> = BTreeMap::new();
        let mut now = START;
        for (number, sent) in sent.iter().enumerate() {
            now = now.plus(sent.step);
            let hour = u32::try_from(now.0 / Millis::HOUR).unwrap();
            let of_event = events.entry((sent.source, sent.event)).or_insert((0, now, now, 0));
            *of_event = (of_event.0 + 1, of_event.1, now, 7 + number as u64);
            let tags = sent.tags.unwrap_or(0);
            let of_tags = [("string", u64::from(tags))];
            let seen: [Seen<'_>; 6] = [
                ("plan", sent.plan.is_some(), &[("string", 1)], 0, 0),
                ("seats", sent.seats.is_some(), &[("number", 1)], 0, 0),
                ("is_trial", sent.is_trial.is_some(), &[("boolean", 1)], 0, 0),
                ("tags", sent.tags.is_some(), &[("array", 1)], 0, 0),
                ("tags.*", tags > 0, &of_tags, 0, 0),
                match sent.contact {
                    Some(true) => ("contact", true, &[], 1, 1),
                    other => ("contact", other.is_some(), &[("string", 1)], 0, 0),
                },
            ];
            for (path, is_there, types, withheld, mails) in seen {
                if is_there {
                    let count = counted.entry((sent.source, sent.event, path)).or_default();
                    count.events += 1;
                    count.withheld += withheld;
                    count.mails += mails;
                    types.iter().for_each(|(name, n)| *count.types.entry(name).or_default() += n);
                    *count.hours.entry(hour).or_default() += 1;
                }
            }
            let batch = world.minimise(["web", "app"][sent.source], now, &sent.json());
            if number == cut {
                let stored = restarted.encode(&world.names);
                restarted = Catalog::decode(&stored, &world.names, world.key()).unwrap();
            }
            world.add(&mut catalog, &batch);
            world.add(&mut restarted, &batch);
        }
        prop_assert_eq!(catalog.encode(&world.names), restarted.encode(&world.names));
        prop_assert_eq!(catalog.position(), Offset(7 + sent.len() as u64));
        prop_assert_eq!(catalog.events().len(), events.len());
        let newest_hour = |event: &weir_catalog::ObservedProperty| event.hours.newest().unwrap();
        for ((source, name), (count, first, last, newest)) in events {
            let event = catalog.event(world.names.label(["web", "app"][source]), world.event(EVENTS[name])).unwrap();
            prop_assert_eq!((event.events, event.first, event.last, event.newest.0), (count, first, last, newest));
            prop_assert_eq!(event.days.since(0), count);
            for path in PATHS.into_iter().chain(["tags.*"]) {
                let property = event.property(world.path(path));
                let mut expected = counted.remove(&(source, name, path)).unwrap_or_default();
                let Some(property) = property else {
                    prop_assert_eq!(expected, Counted::default(), "{}", path);
                    continue;
                };
                expected.hours.retain(|hour, _| hour + 48 > newest_hour(property));
                let types = ValueType::ALL.into_iter().map(|t| (t.name(), property.types[t as usize]));
                let got = Counted {
                    events: property.events,
                    withheld: property.withheld,
                    mails: property.findings.iter().map(|f| f.events).sum(),
                    types: types.filter(|(_, n)| *n > 0).collect(),
                    hours: property.hours.iter().filter(|(_, n)| *n > 0).collect(),
                };
                prop_assert_eq!(got, expected, "{}", path);
            }
        }
        prop_assert!(counted.is_empty());
    }

    #[test]
    fn any_bytes_decode_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        weir_catalog::fuzz::fuzz_catalog(&bytes);
        let framed = [b"WEIRCATG\x01\x00", &bytes[..]].concat();
        weir_catalog::fuzz::fuzz_catalog(&framed);
    }
}

#[test]
fn no_value_and_no_unclean_name_is_in_the_stored_form() {
    let world = World::new();
    let mut catalog = Catalog::new(world.key(), Offset(0), START);
    for n in 0..40 {
        let body = format!(
            r#"{{"event":"signed_up","properties":{{"plan":"enterprise-{n}","note":"call ada {n}","ada@example.com":1,"amount":48121{n}}}}}"#
        );
        world.add(&mut catalog, &world.minimise("web", START, &body));
    }
    let stored = catalog.encode(&world.names);
    let text = String::from_utf8_lossy(&stored);
    for value in ["enterprise", "ada", "example", "48121"] {
        assert!(!text.contains(value), "{value}");
    }
    let event = catalog.event(world.names.label("web"), world.event("signed_up")).unwrap();
    assert_eq!(event.unnamed, 40, "what has no clean name is counted");
    let distinct = &event.property(world.path("plan")).unwrap().profile.distinct;
    assert!(!distinct.is_exact() && (30..=52).contains(&distinct.estimate()), "{distinct:?}");
    assert!(!format!("{catalog:?}{event:?}").contains("enterprise"));
}

#[test]
fn near_misses_stay_with_their_property_for_detection() {
    let world = World::new();
    let mut catalog = Catalog::new(world.key(), Offset(0), START);
    // The form of an address, of a range that no host has.
    let body = r#"{"event":"signed_up","properties":{"reference":"240.1.2.3"}}"#;
    let batch = world.minimise("web", START, body);
    let mut recorded = Vec::new();
    World::each(&batch, |view| recorded.extend(view.near_misses()));
    assert!(!recorded.is_empty(), "the gate counts near misses");
    world.add(&mut catalog, &batch);
    let event = catalog.event(world.names.label("web"), world.event("signed_up")).unwrap();
    for (path, category, times) in recorded {
        let finding = event.property(path).unwrap().findings.iter().find(|f| f.category == category).unwrap();
        assert_eq!((finding.near_misses, finding.events), (times, 0));
    }
}

/// Numbers of nine digits of which all, or one in eleven, pass the sum of the Netherlands' citizens' numbers.
fn nine_digits(all: bool) -> impl Iterator<Item = u64> {
    (0..).map(|n| 123_456_000 + 7 * n).filter(move |n| {
        let sum: u64 =
            (0..9).map(|place| n / 10_u64.pow(place) % 10 * if place == 0 { 10 } else { u64::from(place) + 1 }).sum();
        !all || sum.is_multiple_of(11)
    })
}

#[test]
fn d16_bare_ids_under_a_silent_key_are_learned_to_be_ids_and_other_numbers_are_not() {
    let world = World::new();
    let mut catalog = Catalog::new(world.key(), Offset(0), START);
    let (verdict_on, empty) =
        (|catalog: &Catalog, path| catalog.lift(&world.names).verdict(world.path(path)), Verdict::NONE);
    for (n, (id, other)) in nine_digits(true).zip(nine_digits(false).skip(3)).take(64).enumerate() {
        let body =
            format!(r#"{{"event":"signed_up","properties":{{"dimension":"{id}","counter":{other},"plan":"pro"}}}}"#);
        world.add(&mut catalog, &world.minimise("web", START, &body));
        let kind = verdict_on(&catalog, "dimension").kind().map(|kind| kind.name());
        assert_eq!(kind, (n >= 29).then_some("nl_bsn"), "after {} values", n + 1);
        assert_eq!((verdict_on(&catalog, "counter"), verdict_on(&catalog, "plan")), (empty, empty));
    }
    // It comes back from the disk, and what an older version of the file has no place for is learned anew.
    let stored = catalog.encode(&world.names);
    let again = Catalog::decode(&stored, &world.names, world.key()).unwrap();
    assert_eq!(again.lift(&world.names).version(), catalog.lift(&world.names).version());
    for version in [1, 2] {
        let stored = catalog.encode_as(&world.names, version);
        let older = Catalog::decode(&stored, &world.names, world.key()).unwrap();
        assert_eq!(verdict_on(&older, "dimension"), empty);
        assert_eq!(older.encode_as(&world.names, version), stored, "version {version} is read and written");
    }
}

#[test]
fn a_property_of_words_that_becomes_one_of_text_is_named_with_the_time() {
    let world = World::new();
    let mut catalog = Catalog::new(world.key(), Offset(0), START);
    for n in 0..10 * 64 {
        // Running text is dropped at the gate; a few words are not.
        let value = if n < 9 * 64 { "pro" } else { "Add to cart" };
        let body = format!(r#"{{"event":"signed_up","properties":{{"plan":"{value}","tier":"pro"}}}}"#);
        let at = START.plus(n / 64 * Millis::HOUR);
        world.add(&mut catalog, &world.minimise("web", at, &body));
    }
    let changed: Vec<_> =
        catalog.changed_forms(START).into_iter().map(|(_, p, c)| (p.path, c.from, c.to, c.at)).collect();
    let at = START.plus(9 * Millis::HOUR);
    assert_eq!(changed, [(world.path("plan"), TextForm::Word, TextForm::Phrase, at)]);
    assert!(catalog.changed_forms(at.plus(1)).is_empty());
    let stored = catalog.encode(&world.names);
    let again = Catalog::decode(&stored, &world.names, world.key()).unwrap();
    assert_eq!(again.changed_forms(START).len(), 1);
}

#[test]
fn what_is_over_the_limit_is_counted_and_not_listed() {
    let world = World::new();
    let mut catalog = Catalog::new(world.key(), Offset(0), START);
    let properties: Vec<String> = (0..500).map(|n| format!(r#""key_of_{}":1"#, letters(n))).collect();
    let properties = properties.join(",");
    let mut names = 0;
    while catalog.unlisted_properties() == 0 {
        let body = format!(r#"{{"event":"event_{}","properties":{{{properties}}}}}"#, letters(names));
        names += 1;
        let source = ["web", "app"][names / 1_000 % 2];
        world.add(&mut catalog, &world.minimise(source, START, &body));
        assert!(catalog.properties() <= PROPERTIES_MAX && names < 2_000);
    }
    assert_eq!(catalog.properties(), PROPERTIES_MAX);
    let stored = catalog.encode(&world.names);
    let again = Catalog::decode(&stored, &world.names, world.key()).unwrap();
    assert_eq!(again.properties(), PROPERTIES_MAX);
}

#[tokio::test]
async fn d3_a_kill_at_any_moment_loses_no_count_and_counts_nothing_twice() {
    let world = World::new();
    let data = world.folder().join("data");
    std::fs::create_dir_all(&data).unwrap();
    let journal = world.journal();
    let web = world.names.label("web");
    let mut sent = 0;
    for life in 0..6 {
        let catalog = world.start(&data, &journal);
        for n in 0..50 {
            journal
                .append(world.minimise("web", START.plus(n), r#"{"event":"signed_up","properties":{"plan":"a"}}"#))
                .await
                .unwrap();
            sent += 1;
            // Written at some moment of its life; killed at another.
            if n == life * 9 {
                catalog.save().await.unwrap();
                let names = &world.names;
                assert_eq!(
                    Catalog::open_read(&data, names).unwrap().event(web, world.event("signed_up")).unwrap().events,
                    sent
                );
            }
        }
        // Dropped without a word, but for the last: what was read since is in no file.
        if life == 5 {
            catalog.save().await.unwrap();
            catalog.close().await;
        }
    }
    let stored = Catalog::open_read(&data, &world.names).unwrap();
    assert_eq!(stored.event(web, world.event("signed_up")).unwrap().events, sent);
    assert_eq!((stored.position(), stored.missed()), (journal.tail(), 0));
}

#[tokio::test]
async fn a_damaged_file_is_made_anew_of_the_journal_and_a_half_written_one_is_not_read() {
    let world = World::new();
    let data = world.folder().join("data");
    std::fs::create_dir_all(&data).unwrap();
    let journal = world.journal();
    for n in 0..10 {
        journal
            .append(world.minimise("web", START.plus(n), r#"{"event":"signed_up","properties":{"plan":"a"}}"#))
            .await
            .unwrap();
    }
    let catalog = world.start(&data, &journal);
    catalog.save().await.unwrap();
    catalog.close().await;
    let whole = std::fs::read(data.join("catalog")).unwrap();
    std::fs::write(data.join("catalog.new"), &whole[..whole.len() / 2]).unwrap();
    assert_eq!(Catalog::open_read(&data, &world.names).unwrap().position(), Offset(10));
    for place in [0, 9, whole.len() / 2, whole.len() - 1] {
        let mut damaged = whole.clone();
        damaged[place] ^= 0x20;
        std::fs::write(data.join("catalog"), &damaged).unwrap();
        assert!(Catalog::open_read(&data, &world.names).is_err(), "byte {place}");
        let catalog = world.start(&data, &journal);
        catalog.save().await.unwrap();
        catalog.close().await;
        assert_eq!(std::fs::read(data.join("catalog")).unwrap(), whole, "the same events make the same catalog");
    }
}

#[tokio::test]
async fn a_reader_that_is_behind_the_journals_floor_goes_on_and_counts_what_it_missed() {
    let world = World::new();
    let data = world.folder().join("data");
    std::fs::create_dir_all(&data).unwrap();
    let journal = world.journal();
    let long = format!(r#"{{"event":"signed_up","properties":{{"plan":"{}"}}}}"#, "free ".repeat(2_000));
    for n in 0..100 {
        journal.append(world.minimise("web", START.plus(n), &long)).await.unwrap();
    }
    let tail = journal.tail();
    journal.trim(tail, START.plus(Millis::DAY)).unwrap();
    let floor = journal.floor();
    assert!(floor.0 > 0, "trimming freed something");
    // A catalog that had read nothing yet, as if it had been stopped before the first of them.
    std::fs::write(data.join("catalog"), Catalog::new(world.key(), Offset(0), START).encode(&world.names)).unwrap();
    let catalog = world.start(&data, &journal);
    catalog.save().await.unwrap();
    catalog.read(|catalog| {
        let listed: u64 = catalog.events().iter().map(|e| e.events).sum();
        assert_eq!((catalog.missed(), catalog.missed() + listed), (floor.0, tail.0));
    });
    let all: BTreeSet<_> = catalog.snapshot().events().iter().map(|e| world.names.text(e.name)).collect();
    assert_eq!(all, BTreeSet::from(["signed_up"]));
    catalog.close().await;
    assert!(catalog.save().await.is_err(), "a closed catalog says so");
}

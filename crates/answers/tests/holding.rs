//! What is made of an export against a model that keeps every event, on random exports.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use weir_answers::Holding;
use weir_answers::holding::{Collector, Said, Seen};
use weir_event::{Category, DestinationId, Likelihood, Millis};

const PATHS: [&str; 4] = ["email", "note", "plan", "context.ip"];
const CATEGORIES: [Option<Category>; 3] = [None, Some(Category::ContactEmail), Some(Category::FreeText)];
const NAMES: [&str; 3] = ["signed_up", "exported", "opened"];

/// Name, time, subject, organisation, (path, category).
type Event = (usize, Option<i64>, Option<u64>, u64, BTreeSet<(usize, usize)>);

fn event() -> impl Strategy<Value = Event> {
    let items = prop::collection::btree_set((0_usize..4, 0_usize..3), 0..6);
    (0_usize..3, prop::option::of(-5_i64..40), prop::option::of(0_u64..9), 0_u64..4, items)
}

fn said() -> Said {
    Said {
        vendor: "mixpanel".to_owned(),
        destination: Some(DestinationId::parse("product").unwrap()),
        environment: "production".to_owned(),
        space: "default".to_owned(),
        days: Some((-3, 30)),
    }
}

fn collect(events: &[Event]) -> Holding {
    let mut collector = Collector::new(said());
    for (name, day, subject, organisation, items) in events {
        let at = day.map(|day| Millis(day * Millis::DAY + 5));
        let mut numbers = Vec::new();
        let is_outside = collector.is_outside(at);
        for (path, category) in items.iter().filter(|_| !is_outside) {
            // Something that was found in a field is in the field.
            numbers.extend(collector.item(PATHS[*path], PATHS[*path], None));
            let item = collector.item(PATHS[*path], PATHS[*path], CATEGORIES[*category]);
            if *category > 0 {
                collector.sure(item.unwrap(), Likelihood::Likely);
            }
            numbers.extend(item);
        }
        collector.event(&Seen {
            name: NAMES[*name],
            at,
            subject: *subject,
            organisation: *organisation,
            items: &numbers,
            is_part: false,
        });
    }
    collector.finish(Millis(7), vec![([9; 32], 1_000)], 3)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 128 } else { 512 }))]

    #[test]
    fn d13_a_holding_says_what_counting_every_event_by_hand_says(events in prop::collection::vec(event(), 0..40)) {
        let holding = collect(&events);
        let all = events.len();
        let events: Vec<Event> = events.into_iter().filter(|e| e.1.is_none_or(|day| (-3..=30).contains(&day))).collect();
        prop_assert_eq!(holding.outside, (all - events.len()) as u64);
        let holding = Holding::decode(&holding.encode()).unwrap();
        prop_assert_eq!(&holding.said, &said());
        prop_assert_eq!(holding.events, events.len() as u64);
        prop_assert_eq!(holding.withheld, events.iter().filter(|e| e.2.is_none()).count() as u64);
        prop_assert_eq!(holding.without_subject, events.iter().filter(|e| e.2 == Some(0)).count() as u64);
        prop_assert_eq!(holding.undated, events.iter().filter(|e| e.1.is_none()).count() as u64);
        let mut days = BTreeMap::new();
        events.iter().filter_map(|e| e.1).for_each(|day| *days.entry(day).or_insert(0_u64) += 1);
        prop_assert_eq!(&holding.days, &days);
        prop_assert_eq!(holding.organisations(), events.iter().map(|e| e.3).filter(|o| *o != 0).collect::<BTreeSet<_>>().len() as u64);

        let people: BTreeSet<u64> = events.iter().filter_map(|e| e.2).filter(|s| *s != 0).collect();
        prop_assert_eq!(holding.subjects(), people.len() as u64);
        for field in holding.fields() {
            prop_assert!(field.item.events > 0, "a field of days that are left out is no field of it: {}", field.item.path);
            let has = |e: &&Event, category: Option<Category>| {
                e.4.iter().any(|(path, of)| PATHS[*path] == field.item.path && (category.is_none() || CATEGORIES[*of] == category))
            };
            let of = |category| {
                let with: Vec<&Event> = events.iter().filter(|e| has(e, category)).collect();
                let people: BTreeSet<u64> = with.iter().filter_map(|e| e.2).filter(|s| *s != 0).collect();
                (with.len() as u64, people.len() as u64)
            };
            prop_assert_eq!((field.item.events, field.subjects), of(None), "{}", field.item.path);
            for (item, subjects) in &field.found {
                prop_assert_eq!((item.events, *subjects), of(item.category), "{} {:?}", item.path, item.category);
            }
        }
        for subject in 0..10_u64 {
            let mut had: BTreeSet<(&str, Option<Category>)> = BTreeSet::new();
            for (path, category) in events.iter().filter(|e| e.2 == Some(subject)).flat_map(|e| &e.4) {
                had.extend([(PATHS[*path], None), (PATHS[*path], CATEGORIES[*category])]);
            }
            let said = holding.of(subject);
            prop_assert_eq!(said.is_some(), people.contains(&subject));
            let said = said.flatten().unwrap_or_default();
            let said: BTreeSet<_> = said.iter().map(|item| (item.path.as_str(), item.category)).collect();
            prop_assert_eq!(said, if subject == 0 { BTreeSet::new() } else { had });
        }
    }

    #[test]
    fn a_cut_or_longer_file_is_no_holding(events in prop::collection::vec(event(), 1..8), at in any::<prop::sample::Index>()) {
        let bytes = collect(&events).encode();
        prop_assert!(Holding::decode(&bytes[..at.index(bytes.len())]).is_err());
        prop_assert!(Holding::decode(&[bytes, vec![0]].concat()).is_err());
    }

    #[test]
    fn no_bytes_make_the_reader_panic(events in prop::collection::vec(event(), 1..8), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = collect(&events).encode();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        weir_answers::fuzz::fuzz_holding(&bytes);
    }
}

#[test]
fn with_more_profiles_than_there_is_room_for_it_says_of_whom_it_does_not_know() {
    let mut collector = Collector::new(said());
    let items: Vec<u32> = (0..17).filter_map(|i| collector.item(&format!("p{i}"), "", None)).collect();
    for subject in 1..=70_000_u64 {
        let set: Vec<u32> = items.iter().copied().filter(|i| subject >> i & 1 == 1).collect();
        collector.event(&Seen {
            name: "a",
            at: None,
            subject: Some(subject),
            organisation: 0,
            items: &set,
            is_part: false,
        });
    }
    let holding = collector.finish(Millis(0), Vec::new(), 0);
    assert_eq!((holding.subjects(), holding.subjects_without_profile()), (70_000, 70_000 - 65_536));
    let field = holding.fields().into_iter().find(|field| field.item.path == "p0").unwrap();
    assert_eq!((field.item.events, field.subjects), (35_000, 65_536 / 2));
    assert!(holding.of(69_999) == Some(None) && holding.of(70_001).is_none());
}

#[test]
fn what_is_over_a_limit_is_left_out_and_the_rest_can_be_read_again() {
    let mut collector = Collector::new(Said { days: None, ..said() });
    let long = "p".repeat(2_001);
    assert_eq!(collector.item(&long, "p", None), None);
    let plan = collector.item("plan", "plan", None).unwrap();
    collector.describe("plan", 1, Some(&long));
    for day in 0..200_010 {
        let name = if day == 0 { long.as_str() } else { "a" };
        let at = Some(Millis(day * Millis::DAY));
        collector.event(&Seen { name, at, subject: Some(1), organisation: 0, items: &[plan], is_part: false });
    }
    let made = collector.finish(Millis(7), Vec::new(), 0);
    let holding = Holding::decode(&made.encode()).unwrap();
    assert_eq!(holding, made);
    assert_eq!((holding.events, holding.days.len(), holding.names.len()), (200_010, 200_000, 1));
    assert_eq!((holding.items.len(), holding.items[0].shape.as_str()), (1, ""));
}

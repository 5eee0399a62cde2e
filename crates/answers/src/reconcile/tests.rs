//! The comparison against a model that goes through the events one by one.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::stored::{Stored, Way};
use super::*;

/// What really happened to one event.
#[derive(Clone, Debug)]
struct Story {
    name: u8,
    happened: i64,
    late: i64,
    fate: Fate,
    is_fresh: bool,
    tries: u8,
    /// Copies at the vendor.
    there: u8,
    /// The journal still holds it.
    is_exact: bool,
}

fn story() -> impl Strategy<Value = Story> {
    let fate = prop_oneof![
        4 => Just(Fate::Accepted), 1 => Just(Fate::Possibly), 1 => Just(Fate::Rejected), 1 => Just(Fate::Aside)
    ];
    (0_u8..3, -2_i64..8, 0_i64..4, fate, any::<bool>(), 1_u8..3, 0_u8..4, any::<bool>()).prop_map(
        |(name, happened, late, fate, is_fresh, tries, there, is_exact)| Story {
            name,
            happened,
            late,
            fate,
            is_fresh,
            tries,
            there,
            is_exact,
        },
    )
}

const NAMES: [&str; 3] = ["Opened", "Closed", "Saved"];
const DAYS: (i64, i64) = (0, 5);

fn comparison() -> Comparison {
    Comparison::new(DAYS, NAMES.map(str::to_owned), Box::new(tempfile::tempfile))
}

fn id(number: usize) -> u128 {
    (number as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
}

fn tell(stories: &[Story], exact: impl Fn(&Story) -> bool, in_memory: usize) -> Comparison {
    let mut told = comparison();
    told.ours.keep_in_memory(in_memory);
    told.theirs.keep_in_memory(in_memory);
    for (number, story) in stories.iter().enumerate() {
        let name = told.name(NAMES[usize::from(story.name)]);
        let is_exact = exact(story);
        let (id_of, day) =
            if is_exact { (Some(id(number)), story.happened) } else { (None, story.happened + story.late) };
        let sent = Sent { id: id_of, name, day, fate: story.fate, is_fresh: story.is_fresh };
        // What is only counted is told once: further tries say what became of it.
        for _ in 0..if is_exact { story.tries } else { 1 } {
            told.sent(sent).unwrap();
        }
        for _ in 0..story.there {
            told.held(Told::Id(id(number)), name, story.happened).unwrap();
        }
    }
    told
}

proptest! {
    #[test]
    fn where_every_id_is_known_the_answer_is_the_one_that_going_through_the_events_gives(
        stories in proptest::collection::vec(story(), 0..60),
        strangers in proptest::collection::vec((0_i64..6, 0_usize..4), 0..6),
        foreign in proptest::collection::vec((-1_i64..7, 0_usize..4), 0..6),
        in_memory in 30_usize..600,
        bypassed in proptest::collection::btree_set(0_i64..6, 0..2),
        declared in 0_u64..3,
    ) {
        let mut told = tell(&stories, |_| true, in_memory);
        let number = |name: usize| if name < 3 { name as u32 + 1 } else { STRANGE };
        for (i, (day, name)) in strangers.iter().enumerate() {
            told.held(Told::Id(id(1_000 + i)), number(*name), *day).unwrap();
        }
        for (day, name) in &foreign {
            told.held(Told::Foreign, number(*name), *day).unwrap();
        }
        let known = Known { bypassed: bypassed.clone(), declared: BTreeMap::from([(3, declared)]) };
        let answer = told.finish(&known).unwrap();

        let mut expected = Line::default();
        for story in stories.iter().filter(|s| s.fate != Fate::Aside && (DAYS.0..=DAYS.1).contains(&s.happened)) {
            let (there, more) = (story.there > 0, u64::from(story.there.saturating_sub(1)));
            expected.exact += 1;
            expected.theirs += u64::from(story.there);
            expected.repeated_by_us += more.min(u64::from(story.tries) - 1);
            expected.repeated_there += more - more.min(u64::from(story.tries) - 1);
            match story.fate {
                Fate::Accepted => {
                    expected.accepted += 1;
                    expected.found += u64::from(there);
                    expected.settling += u64::from(!there && story.is_fresh);
                    expected.missing += u64::from(!there && !story.is_fresh);
                }
                Fate::Possibly => {
                    expected.possibly_held += 1;
                    expected.possibly_there += u64::from(there);
                }
                _ => {
                    expected.rejected += 1;
                    expected.rejected_there += u64::from(there);
                }
            }
        }
        let within = |day: &i64| (DAYS.0..=DAYS.1).contains(day);
        let left: Vec<(i64, bool)> = strangers.iter().map(|(day, _)| (*day, false))
            .chain(foreign.iter().filter(|(day, _)| within(day)).map(|(day, _)| (*day, true))).collect();
        expected.theirs += left.len() as u64;
        expected.bypassed = left.iter().filter(|(day, _)| bypassed.contains(day)).count() as u64;
        let on_third = left.iter().filter(|(day, _)| *day == 3 && !bypassed.contains(day)).count() as u64;
        expected.declared = on_third.min(declared);
        let total = answer.total();
        let open = left.len() as u64 - expected.bypassed - expected.declared;
        prop_assert_eq!(total.others + total.extra, open);
        (expected.others, expected.extra) = (total.others, total.extra);
        prop_assert_eq!(total, expected);
        prop_assert!(answer.lines.values().all(Line::adds_up));
        prop_assert!(answer.lines.keys().all(|(day, _)| within(day)));

        let destination = weir_event::DestinationId::parse("product").unwrap();
        let stored = Stored::new(destination, "UTC".to_owned(), DAYS, weir_event::Millis(7), Way::Asked, &answer);
        prop_assert_eq!(Stored::decode(&stored.encode()), Ok(stored.clone()));
        prop_assert_eq!(stored.total(), total);
    }

    #[test]
    fn what_is_only_counted_is_missing_by_as_many_as_no_way_of_pairing_can_help(
        stories in proptest::collection::vec(story(), 0..14),
    ) {
        let stories: Vec<Story> = stories.into_iter()
            .map(|s| Story { fate: Fate::Accepted, is_fresh: false, there: s.there.min(1), ..s }).collect();
        let told = tell(&stories, |story| story.is_exact, 1 << 20);
        let answer = Comparison { days: (-3, 12), ..told }.finish(&Known::default()).unwrap();
        let total = answer.total();
        prop_assert!(answer.lines.values().all(Line::adds_up));
        prop_assert!(total.left_later == total.found_earlier, "what is taken from a day is given to another");
        let exact_missing = stories.iter().filter(|s| s.is_exact && s.there == 0).count() as u64;
        // Each of ours may be paired with a copy of its name on its day or up to so many days before: the most pairs there are.
        let counted: Vec<(u8, i64)> = stories.iter().filter(|s| !s.is_exact).map(|s| (s.name, s.happened + s.late)).collect();
        let copies: Vec<(u8, i64)> =
            stories.iter().filter(|s| !s.is_exact && s.there == 1).map(|s| (s.name, s.happened)).collect();
        let most = pairs(&counted, &copies);
        let found = total.found_by_count + total.found_earlier;
        prop_assert_eq!(found, most);
        // Every event that is there can be paired with itself: none is missing beyond those that are not there.
        prop_assert_eq!(total.missing, exact_missing + counted.len() as u64 - most);
        prop_assert!(total.missing <= stories.iter().filter(|s| s.there == 0).count() as u64);
    }

    #[test]
    fn reading_what_is_kept_ends_whatever_the_bytes_are(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Stored::decode(&bytes).is_err());
    }
}

/// The most pairs of ours and copies, by augmenting ways.
fn pairs(ours: &[(u8, i64)], copies: &[(u8, i64)]) -> u64 {
    fn reach(
        at: usize,
        ours: &[(u8, i64)],
        copies: &[(u8, i64)],
        seen: &mut BTreeSet<usize>,
        of: &mut [Option<usize>],
    ) -> bool {
        for (c, (name, day)) in copies.iter().enumerate() {
            let fits = *name == ours[at].0 && (ours[at].1 - LATE_DAYS..=ours[at].1).contains(day);
            if fits && seen.insert(c) && of[c].is_none_or(|other| reach(other, ours, copies, seen, of)) {
                of[c] = Some(at);
                return true;
            }
        }
        false
    }
    let mut of = vec![None; copies.len()];
    (0..ours.len()).filter(|at| reach(*at, ours, copies, &mut BTreeSet::new(), &mut of)).count() as u64
}

#[test]
fn what_happened_before_midnight_and_left_after_it_is_no_difference() {
    let mut told = comparison();
    let opened = told.name("Opened");
    let sent = |day| Sent { id: None, name: opened, day, fate: Fate::Accepted, is_fresh: false };
    // Three left on day 1, of which two had happened on day 0; one left on day 0.
    for day in [0, 1, 1, 1] {
        told.sent(sent(day)).unwrap();
    }
    told.held_in_all(opened, 0, 3);
    told.held_in_all(opened, 1, 1);
    let answer = told.finish(&Known::default()).unwrap();
    let line = |day: i64| answer.lines[&(day, Some("Opened".to_owned()))];
    assert_eq!((line(0).left_later, line(1).found_earlier, answer.total().unexplained()), (2, 2, 0));
    // The other way round nothing helps: it cannot have happened after it left.
    let mut told = comparison();
    told.sent(sent(0)).unwrap();
    told.held_in_all(opened, 1, 1);
    let total = told.finish(&Known::default()).unwrap().total();
    assert_eq!((total.missing, total.extra, total.unexplained()), (1, 1, 2));
}

#[test]
fn copies_are_told_apart_by_whether_we_tried_more_than_once() {
    let mut told = comparison();
    let opened = told.name("Opened");
    for (number, tries) in [(1, 1), (2, 2)] {
        for _ in 0..tries {
            told.sent(Sent { id: Some(id(number)), name: opened, day: 1, fate: Fate::Accepted, is_fresh: false })
                .unwrap();
        }
        for _ in 0..3 {
            told.held(Told::Id(id(number)), STRANGE, 1).unwrap();
        }
    }
    let total = told.finish(&Known::default()).unwrap().total();
    assert_eq!((total.found, total.repeated_by_us, total.repeated_there, total.unexplained()), (2, 1, 3, 0));
}

#[test]
fn d1_a_name_that_the_ledger_does_not_know_is_not_said() {
    let mut told = comparison();
    let number = told.name("ada@example.com");
    assert_eq!(number, STRANGE);
    told.held(Told::Foreign, number, 2).unwrap();
    let answer = told.finish(&Known::default()).unwrap();
    assert_eq!(answer.lines.keys().collect::<Vec<_>>(), [&(2, None)]);
    assert_eq!(answer.total().others, 1);
}

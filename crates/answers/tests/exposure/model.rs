//! What an answer should be, counted one row at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use weir_answers::Question;
use weir_answers::exposure::{Counted, Exposure, Share, Sums, ask_each};
use weir_answers::subject::{Became, about};
use weir_answers::view::{look, week_of};
use weir_event::{DestinationId, Millis};
use weir_ledger::{FieldSetId, Purpose};

use crate::ledgers::{DESTINATIONS, EPOCH, Fact, Fate, SETS, SLICES, Sent};

#[derive(Default)]
pub(crate) struct Model {
    pub(crate) sums: Sums,
    pub(crate) held: Vec<(Fact, i64)>,
    pub(crate) dropped: u64,
}

pub(crate) fn model(all: &[Sent], times: &[Millis], question: &Question) -> Model {
    let mut model = Model::default();
    for (sent, at) in all.iter().zip(times) {
        let id = DestinationId::parse(DESTINATIONS[sent.destination]).unwrap();
        let is_asked = question
            .destinations
            .as_ref()
            .is_none_or(|of| of.get(&id).is_some_and(|windows| windows.iter().any(|(from, to)| from <= at && at < to)));
        if !is_asked || *at < question.from || *at >= question.to {
            continue;
        }
        model.dropped += sent.dropped;
        for (i, fact) in sent.rows.iter().enumerate() {
            let sum = match &sent.fate {
                Fate::Accepted | Fate::DecidedLater | Fate::LostAndAgain => &mut model.sums.accepted,
                Fate::Unknown | Fate::Open | Fate::Lost => &mut model.sums.possibly_held,
                Fate::Rejected => &mut model.sums.rejected,
                Fate::Partial(which) if which.contains(&(i as u32)) => &mut model.sums.rejected,
                Fate::Partial(_) => &mut model.sums.accepted,
                Fate::Returned => &mut model.sums.returned,
            };
            *sum += 1;
            let is_held = match &sent.fate {
                Fate::Rejected | Fate::Returned => false,
                Fate::Partial(which) => !which.contains(&(i as u32)),
                _ => true,
            };
            if is_held {
                model.held.push((*fact, at.day()));
                // What decided an unknown batch was a replay.
                let is_copy = sent.purpose == Purpose::Resend && !matches!(sent.fate, Fate::DecidedLater);
                model.sums.resent += u64::from(is_copy);
            }
        }
    }
    model
}

pub(crate) fn share<'a>(facts: impl Iterator<Item = &'a (Fact, i64)>) -> Share {
    let facts: Vec<_> = facts.collect();
    let different =
        |of: fn(&Fact) -> u64| facts.iter().map(|(f, _)| of(f)).filter(|id| *id != 0).collect::<BTreeSet<_>>().len();
    Share { events: facts.len() as u64, subjects: different(|f| f.0) as u64, organisations: different(|f| f.1) as u64 }
}

pub(crate) fn by<K: Ord>(held: &[(Fact, i64)], key: impl Fn(&(Fact, i64)) -> K) -> BTreeMap<K, Share> {
    let keys: BTreeSet<K> = held.iter().map(&key).collect();
    keys.into_iter().map(|k| (share(held.iter().filter(|h| key(h) == k)), k)).map(|(s, k)| (k, s)).collect()
}

/// A row is in each group that its slice tells.
pub(crate) fn by_slices(held: &[(Fact, i64)]) -> BTreeMap<String, Share> {
    let groups: BTreeSet<&str> = held.iter().flat_map(|(fact, _)| SLICES[fact.3].split(", ")).collect();
    let of = |group: &str| share(held.iter().filter(|(fact, _)| SLICES[fact.3].split(", ").any(|told| told == group)));
    groups.into_iter().map(|group| (group.to_owned(), of(group))).collect()
}

/// The vendor's-eye view, by hand from each row that counts.
pub(crate) fn seen_by_the_vendor(dir: &Path, question: &Question, answer: &Exposure) {
    let mut rows = Vec::new();
    let mut each = |row: Counted<'_>| rows.push((row.at, row.subject, row.organisation, row.event.to_owned()));
    ask_each(dir, question, &mut each).unwrap();
    let view = look(dir, question).unwrap();
    assert_eq!(&view.exposure, answer);
    let mut hours = [[0; 24]; 7];
    for (at, ..) in &rows {
        // Zeller: 0 is Saturday.
        let text = at.to_rfc3339();
        let part = |range: std::ops::Range<usize>| text[range].parse::<i64>().unwrap();
        let (mut year, mut month, day) = (part(0..4), part(5..7), part(8..10));
        if month < 3 {
            (year, month) = (year - 1, month + 12);
        }
        let zeller = (day + 13 * (month + 1) / 5 + year + year / 4 - year / 100 + year / 400) % 7;
        hours[((zeller + 5) % 7) as usize][part(11..13) as usize] += 1;
    }
    assert_eq!(view.hours, hours);
    let week = |at: Millis| week_of(at.day());
    let people: BTreeSet<u64> = rows.iter().map(|row| row.1).filter(|subject| *subject != 0).collect();
    let mut newcomers = BTreeMap::new();
    for person in people {
        let first = rows.iter().filter(|row| row.1 == person).map(|row| week(row.0)).min().unwrap();
        *newcomers.entry(first).or_insert(0_u64) += 1;
    }
    assert_eq!(view.newcomers, newcomers);
    let mut adoption: BTreeMap<String, BTreeMap<i64, u64>> = BTreeMap::new();
    rows.iter().for_each(|row| *adoption.entry(row.3.clone()).or_default().entry(week(row.0)).or_default() += 1);
    assert_eq!(view.adoption, adoption);
    let all: BTreeSet<u64> = rows.iter().map(|row| row.2).filter(|of| *of != 0).collect();
    assert_eq!((view.organisations.len() as u64, all.len() as u64), (answer.organisations, answer.organisations));
    let mut expected: Vec<(u64, u64)> = all
        .iter()
        .map(|of| {
            let of: Vec<_> = rows.iter().filter(|row| row.2 == *of).collect();
            (of.len() as u64, of.iter().map(|row| row.1).filter(|s| *s != 0).collect::<BTreeSet<_>>().len() as u64)
        })
        .collect();
    expected.sort_unstable();
    let mut said: Vec<(u64, u64)> = view.organisations.iter().map(|of| (of.events, of.subjects)).collect();
    said.sort_unstable();
    assert_eq!(said, expected);
    assert!(view.organisations.iter().all(|of| of.weeks.values().sum::<u64>() == of.events));
}

pub(crate) fn everything() -> Question {
    Question { destinations: None, from: Millis(0), to: Millis(i64::MAX) }
}

/// What is told of subjects, without the moment of each event; of tries that a later one replaced nothing is left in sums.
pub(crate) fn sums_of(
    ledger: &Path,
    subjects: &BTreeSet<u64>,
) -> BTreeMap<(u64, DestinationId, FieldSetId, &'static str), u64> {
    let mut sums = BTreeMap::new();
    let told = about(ledger, subjects, Millis(0), Millis(i64::MAX), usize::MAX).unwrap();
    for row in told.rows.into_iter().filter(|row| row.became != Became::PossiblyHeld) {
        *sums.entry((row.subject, row.destination.clone(), row.field_set, row.became.name())).or_default() +=
            row.events();
    }
    sums
}

/// An exposure says what the rows that count say.
pub(crate) fn agrees(answer: &Exposure, expected: &Model) {
    assert_eq!(answer.sums, expected.sums);
    let whole = share(expected.held.iter());
    assert_eq!((answer.subjects, answer.organisations), (whole.subjects, whole.organisations));
    assert_eq!(answer.without_subject, expected.held.iter().filter(|(f, _)| f.0 == 0).count() as u64);
    assert_eq!(answer.days, by(&expected.held, |(_, day)| *day));
    assert_eq!(answer.slices, by_slices(&expected.held));
    assert_eq!(answer.events, by(&expected.held, |(f, _)| SETS[f.2].0.to_owned()));
    let mut epochs = BTreeMap::new();
    answer.epochs.values().flatten().for_each(|(epoch, events)| *epochs.entry(*epoch).or_insert(0) += events);
    let of_epochs = by(&expected.held, |(f, _)| EPOCH + f.3 as u32);
    assert!(epochs.into_iter().eq(of_epochs.into_iter().map(|(epoch, share)| (epoch, share.events))));
    assert_eq!(answer.not_sent.values().sum::<u64>(), expected.dropped);
    let has = |f: &Fact, path: &str| SETS[f.2].1.iter().any(|(p, ..)| *p == path);
    let paths: BTreeSet<&str> = expected.held.iter().flat_map(|(f, _)| SETS[f.2].1.iter().map(|(p, ..)| *p)).collect();
    assert_eq!(
        answer.fields.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(),
        paths.into_iter().collect::<Vec<_>>()
    );
    for field in &answer.fields {
        let of = share(expected.held.iter().filter(|(f, _)| has(f, &field.path)));
        assert_eq!((field.count(), field.subjects), (of.events, of.subjects), "{}", field.path);
        let with = |is: &dyn Fn(&str, &str) -> bool| {
            let has = |f: &Fact| {
                SETS[f.2].1.iter().any(|(path, category, action)| *path == field.path && is(category, action))
            };
            expected.held.iter().filter(|(f, _)| has(f)).count() as u64
        };
        for (action, events) in &field.actions {
            assert_eq!(*events, with(&|_, of| of == action), "{} {action}", field.path);
        }
        for (category, events) in &field.categories {
            assert_eq!(*events, with(&|of, _| of == category), "{} {category}", field.path);
        }
        let in_events = field.events.iter().map(|(name, events)| (name.as_str(), *events));
        let by_name =
            by(&expected.held.iter().filter(|(f, _)| has(f, &field.path)).copied().collect::<Vec<_>>(), |(f, _)| {
                SETS[f.2].0
            });
        assert!(in_events.eq(by_name.into_iter().map(|(name, share)| (name, share.events))), "{}", field.path);
    }
    for line in &answer.withheld {
        let with = |f: &Fact| SETS[f.2].2.contains(&(line.path.as_str(), line.rule.as_str()));
        assert_eq!(line.events, expected.held.iter().filter(|(f, _)| with(f)).count() as u64);
    }
    let found = by(&expected.held.iter().filter(|(f, _)| has(f, "user")).copied().collect::<Vec<_>>(), |(_, day)| *day);
    let found: BTreeMap<i64, u64> = found.into_iter().map(|(day, share)| (day, share.events)).collect();
    assert_eq!(answer.categories.get("user.unique_id").cloned().unwrap_or_default(), found);
}

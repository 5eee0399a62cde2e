//! What takes a change back: differences between two policies on the same events, and between what the vendor answered to each.

use std::collections::{BTreeMap, HashMap};

use weir_console::rollout::{Difference, EventDifference, Reading};
use weir_deliver::compare::{Compared, Comparison};
use weir_event::limits::ROLLOUT_SAMPLE_MIN as SAMPLE_MIN;
use weir_event::{DestinationId, NameId, Names, Rule};

use crate::config::Guards;
use crate::config::values::percent_text;

/// Names of events of one destination, and properties of one name, that a report shows.
const SHOWN_MAX: usize = 50;
const WHOLE: u64 = 1_000_000;

/// What a vendor answered: events answered, and rejected.
pub(crate) type Answered = (u64, u64);

/// What one destination showed.
pub(crate) struct Seen {
    pub(crate) destination: DestinationId,
    pub(crate) comparison: Comparison,
    pub(crate) old: Answered,
    pub(crate) new: Answered,
}

/// What each guard measures where it measures most; in the order of the configuration.
pub(crate) fn read(guards: &Guards, names: &Names, seen: &[Seen]) -> Vec<Reading> {
    let reading = |guard: &str, limit| Reading { guard: guard.to_owned(), limit, ..Reading::default() };
    let mut volume = reading("volume", guards.volume);
    let mut fill = reading("fill", guards.fill);
    let mut dropped = reading("dropped", guards.dropped);
    let mut quarantined = reading("quarantined", guards.quarantined);
    for one in seen {
        let at = |parts: &[&str]| {
            let mut place = one.destination.to_string();
            parts.iter().for_each(|part| place.push_str(&format!(" · {part}")));
            place
        };
        let (mut offered, mut old_dropped, mut new_dropped) = (0, 0, 0);
        for (name, compared) in one.comparison.events() {
            offered += compared.offered;
            old_dropped += compared.old.dropped_all();
            new_dropped += compared.new.dropped_all();
            let (old, new) = (compared.old.released, compared.new.released);
            if old >= SAMPLE_MIN {
                raise(&mut volume, share(old.abs_diff(new), old), || at(&[names.text(name)]));
            }
            if old >= SAMPLE_MIN && new >= SAMPLE_MIN {
                for (path, before) in &compared.old.filled {
                    let after = compared.new.filled.get(path).copied().unwrap_or(0);
                    let less = share(*before, old).saturating_sub(share(after, new));
                    raise(&mut fill, less, || at(&[names.text(name), names.text(*path)]));
                }
            }
        }
        if offered >= SAMPLE_MIN {
            let more = share(new_dropped, offered).saturating_sub(share(old_dropped, offered));
            raise(&mut dropped, more, || at(&[]));
        }
        if one.new.0 >= SAMPLE_MIN {
            let more = share(one.new.1, one.new.0).saturating_sub(share(one.old.1, one.old.0));
            raise(&mut quarantined, more, || at(&[]));
        }
    }
    vec![volume, fill, dropped, quarantined]
}

fn raise(reading: &mut Reading, value: u64, place: impl FnOnce() -> String) {
    let value = u32::try_from(value).unwrap_or(u32::MAX);
    if value > reading.value {
        reading.value = value;
        reading.place = place();
    }
}

/// In millionths; none of none.
fn share(part: u64, of: u64) -> u64 {
    part.saturating_mul(WHOLE).checked_div(of).unwrap_or(0)
}

/// The first guard that takes the change back, in words.
pub(crate) fn breach(readings: &[Reading]) -> Option<String> {
    let found = readings.iter().find(|reading| reading.is_breach())?;
    let (value, limit) = (percent_text(found.value), percent_text(found.limit));
    Some(format!("guard {}: {value} at {}, the limit is {limit}", found.guard, found.place))
}

/// The difference at one destination, for people.
pub(crate) fn difference(id: &DestinationId, comparison: &Comparison, names: &Names) -> Difference {
    let mut all = Difference { destination: id.to_string(), ..Difference::default() };
    let (mut old_dropped, mut new_dropped) = (BTreeMap::new(), BTreeMap::new());
    let mut events: Vec<(u64, EventDifference)> = Vec::new();
    for (name, compared) in comparison.events() {
        all.offered += compared.offered;
        all.old_released += compared.old.released;
        all.new_released += compared.new.released;
        all.lost += compared.lost;
        all.gained += compared.gained;
        add(&mut old_dropped, &compared.old.dropped);
        add(&mut new_dropped, &compared.new.dropped);
        events.extend(event(name, compared, names));
    }
    (all.old_dropped, all.new_dropped) = (named(&old_dropped), named(&new_dropped));
    events.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.event.cmp(&b.1.event)));
    all.more = events.len().saturating_sub(SHOWN_MAX) as u64;
    all.events = events.into_iter().take(SHOWN_MAX).map(|(_, event)| event).collect();
    all
}

/// How much the events of a name differ, and in what; `None` where they do not.
fn event(name: NameId, compared: &Compared, names: &Names) -> Option<(u64, EventDifference)> {
    let (old, new) = (&compared.old.filled, &compared.new.filled);
    let count = |filled: &HashMap<NameId, u64>, path: &NameId| filled.get(path).copied().unwrap_or(0);
    let paths = old.keys().chain(new.keys().filter(|path| !old.contains_key(*path)));
    let all = paths.map(|path| (names.text(*path).to_owned(), count(old, path), count(new, path)));
    let mut properties: Vec<(String, u64, u64)> = all.filter(|(_, before, after)| before != after).collect();
    if properties.is_empty() && compared.lost == 0 && compared.gained == 0 {
        return None;
    }
    let differ = |property: &(String, u64, u64)| property.1.abs_diff(property.2);
    let weight = compared.lost + compared.gained + properties.iter().map(differ).sum::<u64>();
    properties.sort_by(|a, b| differ(b).cmp(&differ(a)).then_with(|| a.0.cmp(&b.0)));
    properties.truncate(SHOWN_MAX);
    let event = EventDifference {
        event: names.text(name).to_owned(),
        old_released: compared.old.released,
        new_released: compared.new.released,
        properties,
    };
    Some((weight, event))
}

fn add(sums: &mut BTreeMap<Rule, u64>, more: &BTreeMap<Rule, u64>) {
    more.iter().for_each(|(rule, n)| *sums.entry(*rule).or_default() += n);
}

fn named(sums: &BTreeMap<Rule, u64>) -> Vec<(String, u64)> {
    sums.iter().map(|(rule, n)| (rule.name().to_owned(), *n)).collect()
}

//! What a profile adds: properties of one kind each, bare national ids and formatted ones under keys that say nothing, and numbers of our own
//! beside them, through the real minimiser and the real catalog. Before anything was learned, and after.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_catalog::{Catalog, SketchKey};
use weir_detect::{Engine, OwnDetectors, PathFacts};
use weir_event::names::NameKind;
use weir_event::{Category, LeafKind, Likelihood, NameId, Offset};
use weir_policy::{Detectors, Learned, RecordView};

use crate::corpus::numbers;
use crate::corpus::secrets::Maker;
use crate::policy::{NOW, World};
use crate::random::{Random, UPPER};

/// Events from which is learned, and as many again that are scored.
const EVENTS: usize = 60;
/// A property is of ids where this part of its values is found.
const MOST: f64 = 0.5;

/// What came of the properties of one sort.
#[derive(Clone, Copy, Default)]
pub(crate) struct Group {
    pub(crate) properties: u32,
    /// Of these: most values are found, at least as likely; before and after learning.
    pub(crate) found: [u32; 2],
    pub(crate) values: u64,
    pub(crate) found_values: [u64; 2],
    /// Values that the default policy dropped.
    pub(crate) dropped: [u64; 2],
}

/// Before and after.
#[derive(Default)]
pub(crate) struct Profiles {
    pub(crate) bare: Group,
    pub(crate) formatted: Group,
    pub(crate) others: Group,
    /// Others of which most are found after learning, and ids of which most are not: their names.
    pub(crate) wrong: Vec<&'static str>,
    pub(crate) missed: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Bare,
    Formatted,
    Other,
}

type Make = Box<dyn Fn(&mut Random) -> String>;

struct Property {
    sort: Sort,
    name: &'static str,
    make: Make,
}

/// Numbers that are nobody's, as analytics events hold them.
const OTHERS: [(&str, Maker); 15] = [
    ("eight digits", |r| r.shape("00000000")),
    ("nine digits", |r| r.shape("000000000")),
    ("ten digits", |r| r.shape("0000000000")),
    ("eleven digits", |r| r.shape("00000000000")),
    ("twelve digits", |r| r.shape("000000000000")),
    ("thirteen digits", |r| r.shape("0000000000000")),
    ("fifteen digits", |r| r.shape("000000000000000")),
    ("a counter behind a day", |r| format!("2611{:02}{:04}", r.between(1, 28), r.between(1, 9_999))),
    ("milliseconds", |r| (1_795_000_000_000 + r.below(900_000_000) as u64).to_string()),
    ("EAN-13", |r| with_check(&format!("400{}", r.shape("000000000")), 13)),
    ("UPC-A", |r| with_check(&r.shape("00000000000"), 12)),
    ("three groups of three", |r| r.shape("000-000-000")),
    ("three groups with blanks", |r| r.shape("000 000 000")),
    ("three groups of four", |r| r.shape("0000-0000-0000")),
    ("an article", |r| format!("{}{}", r.shape("00000000"), r.text(UPPER, 1))),
];

/// The check digit of GS1 behind the digits: weights 3 and 1 from the right.
fn with_check(digits: &str, length: usize) -> String {
    assert_eq!(digits.len() + 1, length);
    let weighted = |(i, d): (usize, u8)| u32::from(d - b'0') * if i % 2 == 0 { 3 } else { 1 };
    let sum: u32 = digits.bytes().rev().enumerate().map(weighted).sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

fn properties() -> Vec<Property> {
    let mut all = Vec::new();
    for (place, label) in numbers::national_id_labels().enumerate() {
        let bare: Make = Box::new(move |r| numbers::national_id_of(place, r).bare);
        let written: Make = Box::new(move |r| numbers::national_id_of(place, r).written);
        let example = numbers::national_id_of(place, &mut Random::new(1));
        all.push(Property { sort: Sort::Bare, name: label, make: bare });
        if example.written != example.bare {
            all.push(Property { sort: Sort::Formatted, name: label, make: written });
        }
    }
    let others = OTHERS.iter().map(|(name, make)| Property { sort: Sort::Other, name, make: Box::new(*make) });
    all.into_iter().chain(others).collect()
}

pub(crate) fn run(seed: u64) -> Result<Profiles, String> {
    let world = World::new()?;
    let learned = Arc::new(Learned::default());
    let detectors = Arc::new(Detectors::new(Arc::clone(&learned), OwnDetectors::default(), []));
    let mut catalog = Catalog::new(SketchKey::from_bytes([7; 16]), Offset(0), NOW);
    let properties = properties();
    let mut paths = Vec::new();
    for number in 0..properties.len() {
        let text = format!("payload.slot_{}", word(number));
        assert!(Engine::new().path_categories(&PathFacts::of_path(&text)).next().is_none(), "{text} says nothing");
        paths.push(world.names.restore(NameKind::Path, &text).ok_or("no room for names")?);
    }
    let mut random = Random::new(seed ^ 0x9e37);
    // By property: values that are found, values that are gone.
    let mut counts: Vec<[(u64, u64); 2]> = vec![Default::default(); properties.len()];
    for round in 0..2 {
        for _ in 0..EVENTS {
            let values: Vec<String> = properties.iter().map(|property| (property.make)(&mut random)).collect();
            let leaves = paths.iter().zip(&values).map(|(path, value)| (*path, LeafKind::String, value.as_str()));
            let record = world.record(detectors.pin(), leaves)?.ok_or("an event was withheld")?;
            let own = |stored: u32| NameId(stored);
            let view = RecordView::parse_bytes(&record, &own).map_err(|error| format!("a record: {error}"))?;
            let mut of_path: BTreeMap<NameId, (bool, bool)> = BTreeMap::new();
            for finding in view.findings().filter(|f| f.category == Category::NationalId) {
                of_path.entry(finding.path).or_default().0 |= finding.likelihood >= Likelihood::Likely;
            }
            view.withheld().for_each(|(path, _)| of_path.entry(path).or_default().1 = true);
            for (path, count) in paths.iter().zip(&mut counts) {
                let (found, gone) = of_path.get(path).copied().unwrap_or_default();
                count[round].0 += u64::from(found);
                count[round].1 += u64::from(gone);
            }
            if round == 0 {
                let offset = catalog.position();
                catalog.add(&view, offset, &world.names);
            }
        }
        learned.set(Arc::new(catalog.lift(&world.names)));
    }
    let mut profiles = Profiles::default();
    for (property, count) in properties.iter().zip(counts) {
        let group = match property.sort {
            Sort::Bare => &mut profiles.bare,
            Sort::Formatted => &mut profiles.formatted,
            Sort::Other => &mut profiles.others,
        };
        group.properties += 1;
        group.values += EVENTS as u64;
        let is_found = |round: usize| count[round].0 as f64 > MOST * EVENTS as f64;
        for (round, (found, dropped)) in count.iter().enumerate() {
            group.found[round] += u32::from(is_found(round));
            group.found_values[round] += found;
            group.dropped[round] += dropped;
        }
        match property.sort {
            Sort::Other if is_found(1) => profiles.wrong.push(property.name),
            Sort::Bare if !is_found(1) => profiles.missed.push(format!("{}, bare", property.name)),
            Sort::Formatted if !is_found(1) => profiles.missed.push(format!("{}, formatted", property.name)),
            _ => {}
        }
    }
    Ok(profiles)
}

/// A number as letters: digits in a key would fold.
fn word(mut n: usize) -> String {
    let mut out = String::new();
    loop {
        out.push(char::from(b'a' + (n % 26) as u8));
        n /= 26;
        if n == 0 {
            return out;
        }
    }
}

//! By what answers of the ledger can be grouped (D13): the country of an event and properties with few values, as its row bears them.
//!
//! A slice is one clean text: the country's code alone, others as `plan=pro`, joined by `, `; neither sign is in a path or a value that is told. A value is
//! in it only where it was kept, is judged clean (D1), nothing was found at its path, and it is among the first of its property. Where
//! the event has none it is `unknown`, everything else is `other`. The counts are of one process: they bound what a sender can fill the
//! names with.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

use weir_event::limits::{SLICE_CHARS_MAX, SLICE_VALUES_MAX, SLICES_MAX};
use weir_event::names::NameKind;
use weir_event::{LeafKind, NameId, Names, Region};

use crate::minimise::StoredFinding;
use crate::record;

/// Which slices are made, as a source's configuration says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Slices {
    /// The place of the country among them, where it is one.
    country: Option<usize>,
    properties: Arc<[(NameId, &'static str)]>,
}

/// The word for the country in the list.
const COUNTRY: &str = "country";
/// The event has no such value.
const UNKNOWN: &str = "unknown";
/// It has one, and it is not told.
const OTHER: &str = "other";

impl Default for Slices {
    fn default() -> Slices {
        Slices { country: Some(0), properties: Arc::default() }
    }
}

impl Slices {
    /// Of a list of property paths, `country` for the country. `None` for what is no path.
    pub fn resolve<'t>(list: impl IntoIterator<Item = &'t str>, names: &Names) -> Option<Slices> {
        let (mut country, mut properties) = (None, Vec::new());
        for (at, text) in list.into_iter().enumerate() {
            if text == COUNTRY {
                country = Some(at);
            } else {
                let path = names.restore(NameKind::Path, text).filter(|_| !text.contains([',', '=']))?;
                // A slice that told one twice would count its events twice.
                if properties.iter().all(|(known, _)| *known != path) {
                    properties.push((path, names.text(path)));
                }
            }
        }
        Some(Slices { country, properties: properties.into() })
    }

    /// Whether the country is the only one.
    pub(crate) fn is_country_alone(&self) -> bool {
        self.country.is_some() && self.properties.is_empty()
    }
}

/// What was told so far, of all sources.
#[derive(Default)]
pub(crate) struct Told {
    values: RwLock<HashMap<NameId, HashSet<Box<str>>>>,
    labels: RwLock<HashMap<Box<str>, NameId>>,
}

impl Told {
    /// The slice of an event whose tape was just written.
    pub(crate) fn slice(
        &self,
        slices: &Slices,
        names: &Names,
        region: Region,
        tape: &[u8],
        findings: &[StoredFinding],
    ) -> NameId {
        let country = region.code().unwrap_or(UNKNOWN);
        let told = slices.properties.iter().map(|(path, _)| match value(*path, tape) {
            None => UNKNOWN,
            Some(_) if findings.iter().any(|finding| finding.path == *path) => OTHER,
            Some(text) if self.is_told(*path, text, names) => text,
            Some(_) => OTHER,
        });
        let text = joined(slices, country, told);
        if let Some(known) = self.labels.read().unwrap_or_else(PoisonError::into_inner).get(text.as_str()) {
            return *known;
        }
        let mut labels = self.labels.write().unwrap_or_else(PoisonError::into_inner);
        if labels.len() >= SLICES_MAX {
            return names.label(&joined(slices, country, slices.properties.iter().map(|_| OTHER)));
        }
        let label = names.label(&text);
        labels.insert(text.into(), label);
        label
    }

    fn is_told(&self, path: NameId, text: &str, names: &Names) -> bool {
        let known =
            |values: &HashMap<NameId, HashSet<Box<str>>>| values.get(&path).map(|set| (set.contains(text), set.len()));
        match known(&self.values.read().unwrap_or_else(PoisonError::into_inner)) {
            Some((true, _)) => return true,
            Some((false, SLICE_VALUES_MAX..)) => return false,
            Some((false, _)) | None => {}
        }
        let is_one_part = !text.is_empty() && !text.contains([',', '=']);
        if !is_one_part || text.chars().count() > SLICE_CHARS_MAX || !names.is_clean(text) {
            return false;
        }
        let mut values = self.values.write().unwrap_or_else(PoisonError::into_inner);
        let set = values.entry(path).or_default();
        if set.len() < SLICE_VALUES_MAX {
            set.insert(text.into());
        }
        set.contains(text)
    }
}

/// The first value of a path, where it is one of few as a word or a yes is.
fn value(path: NameId, tape: &[u8]) -> Option<&str> {
    let leaf = record::tape(tape).map_while(Result::ok).find(|leaf| {
        leaf.path == path && matches!(leaf.kind, LeafKind::String | LeafKind::Number | LeafKind::True | LeafKind::False)
    })?;
    match leaf.kind {
        LeafKind::True => Some("true"),
        LeafKind::False => Some("false"),
        _ => Some(std::str::from_utf8(leaf.text).unwrap_or_default()),
    }
}

/// The text: in the order of the list, the country by its code alone.
fn joined(slices: &Slices, country: &str, values: impl Iterator<Item = impl std::fmt::Display>) -> String {
    let mut parts: Vec<String> =
        slices.properties.iter().zip(values).map(|((_, path), value)| format!("{path}={value}")).collect();
    if let Some(at) = slices.country {
        parts.insert(at.min(parts.len()), country.to_owned());
    }
    if parts.is_empty() { UNKNOWN.to_owned() } else { parts.join(", ") }
}

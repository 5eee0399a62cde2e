//! The score as tables, for the terminal and for `docs/detection-quality.md`, and the floor below which nothing may fall again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::classes::{CLASSES, Class};
use crate::measure::{ClassScore, Count, Score};
use crate::policy::Fates;
use crate::profile::{Group, Profiles};

/// Leaked leaves and altered clean leaves that are allowed, as shares.
pub(crate) const LEAK_MAX: f64 = 0.002;
pub(crate) const COLLATERAL_MAX: f64 = 0.005;

/// Of properties of national ids under keys that say nothing, so many are known once their values were learned; and of properties of other
/// numbers, none is taken for one.
pub(crate) const LEARNED_MIN: f64 = 0.9;

/// A target by its name, and whether it is reached.
pub(crate) type Reached = BTreeMap<String, bool>;

pub(crate) fn number(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{share:.4}"))
}

/// Which targets are reached. A class of which the corpus has nothing has none.
pub(crate) fn reached(score: &Score, fates: Option<&Fates>, profiles: Option<&Profiles>) -> Reached {
    let mut reached = Reached::new();
    for (class, own) in CLASSES.iter().zip(&score.classes) {
        if own.leaf.total() == 0 {
            continue;
        }
        reached.insert(format!("{} precision", class.name), own.leaf.precision().is_none_or(|p| p >= class.precision));
        reached.insert(format!("{} recall", class.name), recall_reached(class, own));
    }
    if let Some(fates) = fates {
        reached.insert("leak rate".to_owned(), fates.leak_rate() <= LEAK_MAX);
        reached.insert("collateral".to_owned(), fates.collateral() <= COLLATERAL_MAX);
    }
    if let Some(profiles) = profiles {
        let enough = |group: &Group| f64::from(group.found[1]) >= LEARNED_MIN * f64::from(group.properties);
        let recall = enough(&profiles.bare) && enough(&profiles.formatted);
        reached.insert("national_id learned recall".to_owned(), recall);
        reached.insert("national_id learned precision".to_owned(), profiles.wrong.is_empty());
    }
    reached
}

fn recall_reached(class: &Class, own: &ClassScore) -> bool {
    let enough = |count: &Count, target: f64| count.recall().is_none_or(|recall| recall >= target);
    match class.recall_silent {
        // What is neither is inside other values: the key is there.
        Some(silent) => enough(&own.known, class.recall) && enough(&own.silent, silent),
        None => enough(&own.leaf, class.recall),
    }
}

/// The tables in Markdown.
pub(crate) fn markdown(score: &Score, fates: Option<&Fates>) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "| class | leaves | precision | target | recall | target | F2 | recall, key helps | key silent | property P / R | span | |"
    );
    let _ = writeln!(out, "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|");
    for (class, own) in CLASSES.iter().zip(&score.classes) {
        if own.leaf.total() == 0 && own.leaf.wrong == 0 {
            continue;
        }
        let good = own.leaf.precision().is_none_or(|p| p >= class.precision);
        let mark = match (good, recall_reached(class, own)) {
            _ if own.leaf.total() == 0 => "",
            (true, true) => "reached",
            (true, false) => "**recall missed**",
            (false, true) => "**precision missed**",
            (false, false) => "**both missed**",
        };
        let silent = class.recall_silent.map_or_else(String::new, |silent| format!(", {silent} silent"));
        let span = if own.placed.1 == 0 { None } else { Some(own.placed.0 as f64 / own.placed.1 as f64) };
        let property = match own.property.total() {
            0 => "–".to_owned(),
            _ => format!("{} / {}", number(own.property.precision()), number(own.property.recall())),
        };
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {}{silent} | {} | {} | {} | {property} | {} | {mark} |",
            class.name,
            own.leaf.total(),
            number(own.leaf.precision()),
            class.precision,
            number(own.leaf.recall()),
            class.recall,
            number(own.leaf.f2()),
            number(own.known.recall()),
            number(own.silent.recall()),
            number(span),
        );
    }
    let _ = writeln!(
        out,
        "\nAnything sensitive: precision {}, recall {} over {} leaves, {} of them sensitive.",
        number(score.any.precision()),
        number(score.any.recall()),
        score.leaves,
        score.any.total()
    );
    if let Some(fates) = fates {
        let _ = writeln!(
            out,
            "Under the default policy {} of {} leaves of classes that it takes away stand as they came: leak rate {:.3} % (target {} %). {} of {} clean leaves are gone or altered: collateral {:.3} % (target {} %); {} more are URLs that became templates, as every URL does.",
            fates.leaked,
            fates.sensitive,
            100.0 * fates.leak_rate(),
            100.0 * LEAK_MAX,
            fates.altered,
            fates.clean,
            100.0 * fates.collateral(),
            100.0 * COLLATERAL_MAX,
            fates.templates
        );
    }
    out
}

/// What was learned, in Markdown.
pub(crate) fn profiles(profiles: &Profiles) -> String {
    let mut out = String::from(
        "\nWith a profile: properties of one kind each under keys that say nothing, 60 values each to learn from and 60 others to score.\n\n| properties | how many | found, cold | found, learned | values found as likely, cold | learned | values dropped, cold | learned |\n|---|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    let groups = [
        ("national ids, bare", &profiles.bare),
        ("national ids, formatted", &profiles.formatted),
        ("other numbers", &profiles.others),
    ];
    for (name, group) in groups {
        let share = |n: u64| format!("{:.4}", n as f64 / group.values.max(1) as f64);
        let [found, found_values, dropped] =
            [group.found.map(|n| n.to_string()), group.found_values.map(share), group.dropped.map(share)];
        let _ = writeln!(
            out,
            "| {name} | {} | {} | {} | {} | {} | {} | {} |",
            group.properties, found[0], found[1], found_values[0], found_values[1], dropped[0], dropped[1]
        );
    }
    let or_none = |list: String| if list.is_empty() { "none".to_owned() } else { list };
    let _ = writeln!(
        out,
        "\nNot learned: {}. Taken for ids: {}.",
        or_none(profiles.missed.join("; ")),
        or_none(profiles.wrong.join("; "))
    );
    out
}

/// Recall of each label of classes that hold several.
pub(crate) fn labels(score: &Score) -> String {
    let mut out = String::new();
    for (label, count) in &score.labels {
        let Some(class) = Class::of_label(label) else { continue };
        if count.recall().is_some_and(|recall| recall < CLASSES[class].recall) {
            let _ = writeln!(out, "  {label:24} recall {} of {}", number(count.recall()), count.total());
        }
    }
    out
}

/// For each class that misses its target what it was taken for, the most frequent first.
pub(crate) fn confusions(score: &Score, per_class: usize) -> String {
    let mut out = String::new();
    for (class, own) in CLASSES.iter().zip(&score.classes) {
        let precise = own.leaf.precision().is_none_or(|p| p >= class.precision);
        if own.leaf.total() == 0 && own.leaf.wrong == 0 || precise && recall_reached(class, own) {
            continue;
        }
        let _ = writeln!(out, "{}", class.name);
        if !precise || own.leaf.total() == 0 {
            list(&mut out, "wrong", own.confusions.iter(), per_class);
        }
        if !recall_reached(class, own) {
            list(&mut out, "missed", own.misses.iter(), per_class);
        }
    }
    out
}

/// For every class what was mistaken for it and what of it was missed.
pub(crate) fn everything(score: &Score, limit: usize) -> String {
    let mut out = String::new();
    for (class, own) in CLASSES.iter().zip(&score.classes) {
        if own.confusions.is_empty() && own.misses.is_empty() {
            continue;
        }
        out.push_str(class.name);
        out.push('\n');
        list(&mut out, "wrong", own.confusions.iter(), limit);
        list(&mut out, "missed", own.misses.iter(), limit);
    }
    out
}

/// The most frequent of a list of what and how often.
pub(crate) fn list<'a>(
    out: &mut String,
    what: &str,
    entries: impl Iterator<Item = (&'a String, &'a (u64, String))>,
    limit: usize,
) {
    let mut entries: Vec<_> = entries.collect();
    entries.sort_by_key(|(name, (count, _))| (std::cmp::Reverse(*count), (*name).clone()));
    for (name, (count, example)) in entries.into_iter().take(limit) {
        let _ = writeln!(out, "  {what} {count:5}  {name}: {example}");
    }
}

/// The floor's text: the corpus it holds for, then each target that was reached.
pub(crate) fn floor_text(corpus: &str, reached: &Reached) -> String {
    let mut text = format!(
        "# Targets that were reached on this corpus and must not be missed again: `cargo xtask score --write-floor`.\ncorpus {corpus}\n"
    );
    for name in reached.iter().filter(|(_, good)| **good).map(|(name, _)| name) {
        let _ = writeln!(text, "{name}");
    }
    text
}

/// What has fallen below the floor; `None` where the floor is that of another corpus.
pub(crate) fn fallen(floor: &str, corpus: &str, reached: &Reached) -> Option<Vec<String>> {
    let lines: BTreeSet<&str> = floor.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    if !lines.contains(format!("corpus {corpus}").as_str()) {
        return None;
    }
    let is_missed = |name: &&&str| reached.get(**name).is_none_or(|good| !good);
    Some(lines.iter().filter(|l| !l.starts_with("corpus ")).filter(is_missed).map(|l| (*l).to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_reached_may_not_be_missed_again() {
        let before = Reached::from([("email recall".to_owned(), true), ("phone recall".to_owned(), false)]);
        let floor = floor_text("seed 1 events 10", &before);
        assert_eq!(fallen(&floor, "seed 1 events 10", &before), Some(Vec::new()));
        assert_eq!(fallen(&floor, "seed 2 events 10", &before), None);
        let after = Reached::from([("email recall".to_owned(), false), ("phone recall".to_owned(), true)]);
        assert_eq!(fallen(&floor, "seed 1 events 10", &after), Some(vec!["email recall".to_owned()]));
    }
}

//! The vendor's-eye view as text and JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use weir_answers::exposure::Field;
use weir_answers::view::{View, monday};
use weir_answers::{Holding, example};
use weir_event::{DestinationId, Millis};
use weir_ledger::kept::Kept;

use crate::cli::holdings::report as before;
use crate::cli::ledger::looked;
use crate::cli::output::{counted, day, table};

pub(super) const QUESTION: &str = "If this dashboard were exposed tomorrow, would you be proud of it?";
pub(super) const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

pub(super) struct Report {
    pub(super) destination: DestinationId,
    /// Whose it is, by the configuration of today.
    pub(super) vendor: Option<String>,
    pub(super) retention: Option<Duration>,
    pub(super) now: Millis,
    pub(super) view: View,
    /// What sort of values a path has, as far as the catalog knows.
    pub(super) kinds: BTreeMap<String, &'static str>,
    /// What it had before Weir, as declared; `None`: its file is gone.
    pub(super) holdings: Vec<(Kept, Option<Holding>)>,
    /// Whether the question is in the audit log.
    pub(super) recorded: String,
}

impl Report {
    pub(super) fn title(&self) -> String {
        match &self.vendor {
            Some(vendor) => format!("What {vendor} can see of us, as {}", self.destination),
            None => format!("What can be seen of us at {}", self.destination),
        }
    }

    pub(super) fn summary(&self) -> String {
        let exposure = &self.view.exposure;
        format!(
            "{} of {} and {}, {}",
            counted(exposure.sums.held(), "event"),
            counted(exposure.subjects, "id"),
            counted(exposure.organisations, "organisation"),
            self.since()
        )
    }

    /// Since when, until when.
    pub(super) fn since(&self) -> String {
        let Some((first, last)) = self.view.exposure.span else { return "nothing yet".to_owned() };
        let until = match self.retention.and_then(|kept| i64::try_from(kept.as_millis()).ok()) {
            Some(kept) => format!("the last of it there until {} by its retention", day(last.plus(kept).day())),
            None => "kept for ever as far as anybody has said (`retention` of the destination)".to_owned(),
        };
        format!("{} to {}, {until}", day(first.day()), day(last.day()))
    }

    pub(super) fn example(&self, field: &Field) -> &'static str {
        let category = field.categories.iter().max_by_key(|(_, events)| **events).map(|(key, _)| key.as_str());
        let action = field.actions.iter().max_by_key(|(_, events)| **events).map_or("", |(action, _)| action.as_str());
        example::of(&field.path, category, action, self.kinds.get(&field.path).copied().unwrap_or_default())
    }

    pub(super) fn field_rows(&self) -> impl Iterator<Item = Vec<String>> + '_ {
        self.view.exposure.fields.iter().map(|field| {
            let looks: Vec<&str> = field.actions.keys().map(|action| looked(action)).collect();
            let found: Vec<&str> = field.categories.keys().map(String::as_str).collect();
            vec![
                field.path.clone(),
                self.example(field).to_owned(),
                looks.join(", "),
                found.join(", "),
                field.subjects.to_string(),
            ]
        })
    }

    /// The weeks from the first row to the last.
    pub(super) fn weeks(&self) -> Vec<i64> {
        let all = self.view.adoption.values().flat_map(BTreeMap::keys);
        let (Some(first), Some(last)) = (all.clone().min(), all.max()) else { return Vec::new() };
        (*first..=*last).collect()
    }

    /// What follows from it, in sentences with numbers.
    pub(super) fn inferences(&self) -> Vec<String> {
        let View { exposure, hours, organisations, adoption, newcomers } = &self.view;
        let mut list = Vec::new();
        let all: u64 = hours.iter().flatten().sum();
        if all == 0 {
            return list;
        }
        let percent = |part: u64, of: u64| (part * 100 + of / 2) / of.max(1);
        if let Some(first) = organisations.first() {
            let shown: u64 = organisations.iter().map(|of| of.events).sum();
            list.push(format!(
                "who your customers are, by weight: the largest organisation makes {} % of all events with {}, the {} largest {} %",
                percent(first.events, all),
                counted(first.subjects, "id"),
                organisations.len(),
                percent(shown, all)
            ));
        }
        let weeks = self.weeks();
        if let (Some(first), Some(last)) = (weeks.first(), weeks.last()) {
            let new = |week: &i64| {
                let ids = newcomers.get(week).copied().unwrap_or_default();
                format!("{} in the week of {}", counted(ids, "new id"), day(monday(*week)))
            };
            let later = if first == last { String::new() } else { format!(", {}", new(last)) };
            list.push(format!("how fast you grow: {}{later}", new(first)));
        }
        let busiest =
            (0..7).flat_map(|day| (0..24).map(move |hour| (day, hour))).max_by_key(|(day, hour)| hours[*day][*hour]);
        if let Some((day, hour)) = busiest {
            let working: u64 = hours[..5].iter().flat_map(|day| &day[7..19]).sum();
            list.push(format!(
                "when your customers work, and so where they live: most on {} at {hour:02}:00 UTC; {} % on weekdays from 07:00 to 19:00 UTC",
                WEEKDAYS[day],
                percent(working, all)
            ));
        }
        let newest = adoption.iter().filter_map(|(name, by)| Some((*by.keys().next()?, name))).max();
        if let Some((week, name)) = newest.filter(|(week, _)| weeks.first() != Some(week)) {
            list.push(format!(
                "what you ship, and whether it is used: {name} appears in the week of {}",
                day(monday(week))
            ));
        }
        // A slice of a property names it (`plan=pro`); of a country it is the code.
        let countries: Vec<_> = exposure.slices.iter().filter(|(name, _)| !name.contains('=')).collect();
        if countries.len() > 1 {
            let largest = countries.iter().max_by_key(|(_, share)| share.events);
            list.extend(largest.map(|(name, share)| {
                let name = if name.is_empty() { "unknown" } else { name };
                format!(
                    "where they are: {}, the largest, {name}, with {} % of the events",
                    counted(countries.len() as u64, "country"),
                    percent(share.events, all)
                )
            }));
        }
        list
    }

    pub(super) fn statements(&self) -> Vec<String> {
        let mut list = vec![
            format!("looked at {}, by the ledger: what Weir sent; ids are not people", self.now.to_rfc3339()),
            "examples are made up from category and type: no value of an event is in the ledger or here".to_owned(),
            "times are when events left, in UTC: an event that came late counts later than it was".to_owned(),
        ];
        if let Some(until) = self.view.exposure.sums_until {
            list.push(format!(
                "up to {} sums of months are left: they stand on the first day of their month, and are in no hour of the week",
                &until.to_rfc3339()[..10]
            ));
        }
        list.push(self.recorded.clone());
        if self.kinds.is_empty() {
            list.push(
                "no catalog could be read: examples of fields in which nothing was found are plainer for that"
                    .to_owned(),
            );
        }
        for (kept, holding) in &self.holdings {
            list.push(match holding {
                Some(holding) => format!(
                    "it may still have what it had before Weir, not in any number here: {}",
                    before::headline(kept, holding)
                ),
                None => before::gone(kept),
            });
        }
        list
    }

    pub(super) fn text(&self) -> String {
        let View { exposure, hours, organisations, adoption, .. } = &self.view;
        let mut text = format!("{}\n{}\n\n", self.title(), self.summary());
        text.push_str(&table(
            &["field", "looks like (made up)", "how", "what was found in it", "ids"],
            self.field_rows(),
        ));
        let list = self.inferences();
        if !list.is_empty() {
            text.push_str("\nwhat follows from it\n");
            list.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
        }
        if !organisations.is_empty() {
            let rows = organisations.iter().enumerate();
            let rows = rows.map(|(i, of)| {
                vec![
                    format!("no. {}", i + 1),
                    of.events.to_string(),
                    of.subjects.to_string(),
                    bars(&self.weeks(), &of.weeks),
                ]
            });
            text.push_str(&format!("\nof {}, the largest\n", counted(exposure.organisations, "organisation")));
            text.push_str(&table(&["organisation", "events", "ids", "by week"], rows));
        }
        if !adoption.is_empty() {
            let rows = adoption
                .iter()
                .map(|(name, by)| vec![name.clone(), by.values().sum::<u64>().to_string(), bars(&self.weeks(), by)]);
            text.push('\n');
            text.push_str(&table(&["event", "events", "by week"], rows));
            text.push_str("\nhours of work, UTC\n");
            let most = hours.iter().flatten().max().copied().unwrap_or_default();
            for (day, hours) in WEEKDAYS.iter().zip(hours) {
                let line: String = hours.iter().map(|events| bar(*events, most)).collect();
                text.push_str(&format!("  {day} {line}\n"));
            }
        }
        text.push_str(&format!("\n{QUESTION}\n\nscope\n"));
        self.statements().iter().for_each(|line| text.push_str(&format!("  {line}\n")));
        text
    }

    pub(super) fn value(&self) -> Value {
        let View { exposure, hours, organisations, adoption, newcomers } = &self.view;
        let by_week = |by: &BTreeMap<i64, u64>| {
            by.iter().map(|(week, events)| json!({"week": day(monday(*week)), "events": events})).collect::<Vec<_>>()
        };
        let fields = exposure.fields.iter().map(|field| {
            json!({
                "path": field.path,
                "example": self.example(field),
                "actions": field.actions,
                "categories": field.categories,
                "subjects": field.subjects,
            })
        });
        let newcomers = newcomers.iter().map(|(week, ids)| json!({"week": day(monday(*week)), "subjects": ids}));
        let organisations = organisations
            .iter()
            .map(|of| json!({"events": of.events, "subjects": of.subjects, "by_week": by_week(&of.weeks)}));
        json!({
            "destination": self.destination.as_str(),
            "vendor": self.vendor,
            "question": QUESTION,
            "events": exposure.sums.held(),
            "subjects": exposure.subjects,
            "organisations": exposure.organisations,
            "since": exposure.span.map(|(first, _)| first.to_rfc3339()),
            "last": exposure.span.map(|(_, last)| last.to_rfc3339()),
            "retention_days": self.retention.map(|kept| kept.as_secs() / 86_400),
            "fields": fields.collect::<Vec<_>>(),
            "infers": self.inferences(),
            "largest_organisations": organisations.collect::<Vec<_>>(),
            "by_event": adoption.iter().map(|(name, by)| json!({"name": name, "by_week": by_week(by)})).collect::<Vec<_>>(),
            "new_subjects": newcomers.collect::<Vec<_>>(),
            "hours": WEEKDAYS.iter().zip(hours).map(|(day, hours)| json!({"day": day, "events": hours})).collect::<Vec<_>>(),
            "before_weir": self.holdings.iter().map(|(kept, holding)| before::head(kept, holding.as_ref())).collect::<Vec<_>>(),
            "scope": self.statements(),
        })
    }
}

/// A bar for each of the last weeks.
fn bars(weeks: &[i64], by: &BTreeMap<i64, u64>) -> String {
    const SHOWN_MAX: usize = 26;
    let most = by.values().max().copied().unwrap_or_default();
    let shown = &weeks[weeks.len().saturating_sub(SHOWN_MAX)..];
    shown.iter().map(|week| bar(by.get(week).copied().unwrap_or_default(), most)).collect()
}

fn bar(part: u64, most: u64) -> char {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    match part {
        0 => '·',
        _ => BARS[usize::try_from(part * 7 / most.max(1)).unwrap_or(7).min(7)],
    }
}

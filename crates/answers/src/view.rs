//! The vendor's-eye view: what one vendor can make of the rows that it has, without a value of any: who uses what, since when, at which
//! hours, how fast that grows. Counted from the rows that count in an exposure ([`crate::exposure`]), with the vendor's clock in UTC.
//! Where only sums of a month are left, they say nothing of hours, and stand in the week of the month's first day.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::Path;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use weir_event::Millis;

use crate::exposure::{AskError, Counted, Exposure, Question, ask_each};

/// Organisations that are told one by one, the largest first.
pub const ORGANISATIONS_MAX: usize = 12;

/// One organisation, as the vendor sees it: under a pseudonym that is not said here.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Organisation {
    /// Events.
    pub events: u64,
    /// Ids.
    pub subjects: u64,
    /// Events by week.
    pub weeks: BTreeMap<i64, u64>,
}

/// What there is to be seen.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct View {
    /// Fields, numbers, days.
    pub exposure: Exposure,
    /// Events by weekday, Monday first, and hour.
    pub hours: [[u64; 24]; 7],
    /// The largest organisations by events.
    pub organisations: Vec<Organisation>,
    /// Events by name and week.
    pub adoption: BTreeMap<String, BTreeMap<i64, u64>>,
    /// Ids by the week in which they were first seen.
    pub newcomers: BTreeMap<i64, u64>,
}

/// The week of a day, both counted from 1970; weeks begin on Mondays, week 0 on 29 December 1969.
pub const fn week_of(day: i64) -> i64 {
    (day + 3).div_euclid(7)
}

/// The Monday of a week.
pub const fn monday(week: i64) -> i64 {
    week * 7 - 3
}

/// Looks, with the vendor's eyes, at what is asked about.
pub fn look(dir: &Path, question: &Question) -> Result<View, AskError> {
    let mut view = View::default();
    // A subject's rows come one after the other: the one whose rows come, and its first week.
    let mut newest: Option<(u64, i64)> = None;
    let mut newcomers = BTreeMap::<i64, u64>::new();
    // Of each organisation the last of its subjects that was counted.
    let mut organisations: HashMap<u64, (Organisation, u64), RandomState> = HashMap::default();
    let mut each = |row: Counted<'_>| {
        let day = row.at.day();
        let week = week_of(day);
        let weekday = (day + 3).rem_euclid(7) as usize;
        let hour = (row.at.0.rem_euclid(Millis::DAY) / (Millis::DAY / 24)) as usize;
        if row.sum.is_none() {
            view.hours[weekday][hour] += 1;
        }
        match view.adoption.get_mut(row.event) {
            Some(weeks) => *weeks.entry(week).or_default() += row.events(),
            None => _ = view.adoption.insert(row.event.to_owned(), BTreeMap::from([(week, row.events())])),
        }
        if row.subject != 0 {
            newest = match newest {
                Some((subject, first)) if subject == row.subject => Some((subject, week.min(first))),
                before => {
                    before.into_iter().for_each(|(_, first)| *newcomers.entry(first).or_default() += 1);
                    Some((row.subject, week))
                }
            };
        }
        if row.organisation != 0 {
            let (of, last) = organisations.entry(row.organisation).or_default();
            of.events += row.events();
            *of.weeks.entry(week).or_default() += row.events();
            if row.subject != 0 && *last != row.subject {
                (of.subjects, *last) = (of.subjects + 1, row.subject);
            }
        }
    };
    let exposure = ask_each(dir, question, &mut each)?;
    newest.into_iter().for_each(|(_, first)| *newcomers.entry(first).or_default() += 1);
    view.newcomers = newcomers;
    let mut all: Vec<(u64, Organisation)> = organisations.into_iter().map(|(tag, (of, _))| (tag, of)).collect();
    all.sort_by_key(|(tag, of)| (Reverse(of.events), *tag));
    view.organisations = all.into_iter().take(ORGANISATIONS_MAX).map(|(_, of)| of).collect();
    Ok(View { exposure, ..view })
}

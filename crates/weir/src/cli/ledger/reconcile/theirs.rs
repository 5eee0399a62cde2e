//! The vendor's side: asked, or from files that it handed out. Either all of it was read, or there is no result: what a reader passed over
//! would otherwise be *missing*.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use weir_answers::reconcile::zone::Zone;
use weir_answers::reconcile::{Comparison, Told};
use weir_event::Millis;
use weir_protocol::export::{self, Access, Export, POSTHOG_ROWS_MAX};

use super::ask::{Answer, Asker, say};
use super::event;
use crate::cli::audit::ENDS;
use crate::cli::audit::export::Form;
use crate::cli::audit::files::Files;
use crate::cli::reading;

/// So many events of PostHog's are asked for one by one; of more, how many there are of each.
const POSTHOG_IDS_MAX: u64 = 2_000_000;
/// Bytes of one of its answers: 50,000 names of the longest form.
const POSTHOG_BYTES_MAX: u64 = 64 << 20;

/// A day as vendors write it.
pub(super) fn day_text(day: i64) -> String {
    Millis(day.saturating_mul(Millis::DAY)).to_rfc3339().get(..10).unwrap_or_default().to_owned()
}

/// Where the vendor's side comes from.
pub(super) struct Vendor {
    pub(super) asker: Asker,
    pub(super) access: Access,
    pub(super) zone: Zone,
    pub(super) zone_name: String,
    /// The first and the last day that are asked for.
    pub(super) days: (i64, i64),
    /// What came in later may not be there yet.
    pub(super) fresh_from: Millis,
}

impl Vendor {
    /// Whether it shows each event, or has so many that it only counts them.
    pub(super) fn shows_ids(&mut self) -> Result<bool, String> {
        if self.asker.export != Export::PostHog {
            return Ok(true);
        }
        let mut events = 0;
        for day in self.days.0..=self.days.1 {
            events += self.posthog_counts(day)?.iter().map(|(_, count)| count).sum::<u64>();
        }
        Ok(events <= POSTHOG_IDS_MAX)
    }

    /// Tells the comparison what there is; how many events.
    pub(super) fn tell(&mut self, told: &mut Comparison, with_ids: bool) -> Result<u64, String> {
        match self.asker.export {
            Export::Mixpanel => self.mixpanel(told),
            Export::Amplitude => self.amplitude(told),
            Export::PostHog => self.posthog(told, with_ids),
        }
    }

    fn mixpanel(&mut self, told: &mut Comparison) -> Result<u64, String> {
        let mut events = 0;
        for day in self.days.0..=self.days.1 {
            say(&format!("asking for {}", day_text(day)));
            let ask = export::mixpanel_day(&self.access, &day_text(day));
            match self.asker.ask(&ask)? {
                Answer::Whole(_, 0) | Answer::Nothing => {}
                Answer::Whole(file, _) => {
                    // The day that was asked for is the one on which the vendor counts it.
                    let mut teller = Teller::new(told, &self.zone, Some(day));
                    let read = &mut |form: Form, event: &[u8]| form == Form::Mixpanel && teller.tell(form, event);
                    let mut files = Files::showing(read);
                    let input = reading::unpacked(Box::new(file)).map_err(|error| error.kind().to_string());
                    let done = input.and_then(|input| files.read_open(Path::new("answer.ndjson"), input));
                    let unread = files.reports.iter().find_map(|report| report.unread());
                    teller.done(done.err().or(unread), "the answer")?;
                    events += teller.events;
                }
                Answer::TooMuch => return Err("the vendor does not give a whole day: use --export".to_owned()),
            }
        }
        Ok(events)
    }

    /// By the hour at which it came in: what happened on these days may have come in a while later, and no sooner.
    fn amplitude(&mut self, told: &mut Comparison) -> Result<u64, String> {
        let hour = |at: Millis| at.0.div_euclid(Millis::HOUR);
        let first = hour(Millis(self.days.0 * Millis::DAY)) - 24;
        let last = (hour(Millis((self.days.1 + 1) * Millis::DAY)) + 24).min(hour(self.fresh_from));
        let mut waiting: Vec<(i64, i64)> = Vec::new();
        let mut from = first;
        while from <= last {
            waiting.push((from, (from + 23).min(last)));
            from += 24;
        }
        waiting.reverse();
        let mut events = 0;
        while let Some((from, to)) = waiting.pop() {
            let (first, last) = (hour_text(from), hour_text(to));
            say(&format!("asking for {first} to {last}"));
            match self.asker.ask(&export::amplitude_hours(&self.access, &first, &last))? {
                Answer::Nothing => {}
                Answer::TooMuch if from == to => {
                    return Err(format!("the vendor does not give the hour {first} at once: use --export"));
                }
                Answer::TooMuch => {
                    let middle = from + (to - from) / 2;
                    waiting.extend([(middle + 1, to), (from, middle)]);
                }
                Answer::Whole(file, _) => {
                    let mut teller = Teller::new(told, &self.zone, None);
                    let read = &mut |form: Form, event: &[u8]| form == Form::Amplitude && teller.tell(form, event);
                    let mut files = Files::showing(read);
                    files.archive("answer.zip", file);
                    let unread = files.reports.iter().find_map(|report| report.unread());
                    teller.done(unread, "the answer")?;
                    events += teller.events;
                }
            }
        }
        Ok(events)
    }

    fn posthog(&mut self, told: &mut Comparison, with_ids: bool) -> Result<u64, String> {
        let mut events = 0;
        for day in self.days.0..=self.days.1 {
            let counts = self.posthog_counts(day)?;
            let there: u64 = counts.iter().map(|(_, count)| count).sum();
            if !with_ids {
                let counted = counts.iter().filter(|(name, _)| !export::is_aside(name));
                counted.for_each(|(name, count)| told.held_in_all(told.name(name), day, *count));
                events += there;
                continue;
            }
            let (mut after, mut seen) = (None, 0);
            loop {
                let rows: Vec<(String, String)> =
                    self.posthog_rows(&export::posthog_ids(&self.access, &self.zone_name, &day_text(day), after))?;
                let count = rows.len();
                let mut last = after;
                for (id, name) in rows {
                    let number = plain_id(&id).ok_or("PostHog answered with an id that is none: there is no result")?;
                    if last.is_some_and(|last| number < last) || after.is_some_and(|after| number == after) {
                        return Err(
                            "PostHog answered in another order than was asked for: there is no result".to_owned()
                        );
                    }
                    last = Some(number);
                    if !export::is_aside(&name) {
                        let id = export::insert_id(&id).map_or(Told::Foreign, Told::Id);
                        told.held(id, told.name(&name), day).map_err(|error| error.to_string())?;
                    }
                }
                seen += count as u64;
                after = last;
                if count < POSTHOG_ROWS_MAX {
                    break;
                }
            }
            // More may have come in meanwhile; fewer means that a page was cut short.
            if seen < there {
                return Err(format!(
                    "PostHog counts {there} events on {} and showed {seen}: there is no result",
                    day_text(day)
                ));
            }
            events += seen;
        }
        Ok(events)
    }

    fn posthog_counts(&mut self, day: i64) -> Result<Vec<(String, u64)>, String> {
        say(&format!("asking for {}", day_text(day)));
        let rows = self.posthog_rows(&export::posthog_counts(&self.access, &self.zone_name, &day_text(day)))?;
        if rows.len() >= POSTHOG_ROWS_MAX {
            return Err(format!("there are more than {POSTHOG_ROWS_MAX} names of events on a day: use --export"));
        }
        Ok(rows)
    }

    fn posthog_rows<T: for<'de> Deserialize<'de>>(&mut self, ask: &export::Ask) -> Result<Vec<T>, String> {
        #[derive(Deserialize)]
        struct Rows<T> {
            results: Vec<T>,
        }
        let Answer::Whole(file, bytes) = self.asker.ask(ask)? else {
            return Err("PostHog gives no answer to the query: there is no result".to_owned());
        };
        let mut text = Vec::new();
        let read = file.take(POSTHOG_BYTES_MAX + 1).read_to_end(&mut text);
        if read.is_err() || bytes > POSTHOG_BYTES_MAX {
            return Err("an answer of PostHog's cannot be read".to_owned());
        }
        let rows: Rows<T> = serde_json::from_slice(&text)
            .map_err(|_| "PostHog answered with something else than rows: there is no result".to_owned())?;
        Ok(rows.results)
    }
}

/// A UUID of any version.
fn plain_id(text: &str) -> Option<u128> {
    (text.len() == 36).then(|| u128::from_str_radix(&text.replace('-', ""), 16).ok()).flatten()
}

fn hour_text(hour: i64) -> String {
    let text = Millis(hour.saturating_mul(Millis::HOUR)).to_rfc3339();
    format!("{}T{}", text.get(..10).unwrap_or_default().replace('-', ""), text.get(11..13).unwrap_or_default())
}

/// What files tell.
pub(super) struct FromFiles {
    pub(super) events: u64,
    /// Days of which they hold an event.
    pub(super) days: BTreeSet<i64>,
}

/// Reads files of the vendor's, whatever days they are of.
pub(super) fn from_files(files: &[PathBuf], told: &mut Comparison, zone: &Zone) -> Result<FromFiles, String> {
    let files = reading::files(files, ENDS).map_err(|error| error.to_string())?;
    let mut teller = Teller::new(told, zone, None);
    let read = &mut |form: Form, event: &[u8]| teller.tell(form, event);
    let mut reader = Files::showing(read);
    let mut progress = reading::progress(&files);
    for file in &files {
        reader.read(file, &mut progress);
    }
    progress.end();
    let unread = reader.reports.iter().find_map(|report| report.unread());
    teller.done(unread, "an export")?;
    Ok(FromFiles { events: teller.events, days: teller.days })
}

/// Tells the comparison event by event.
struct Teller<'t> {
    told: &'t mut Comparison,
    zone: &'t Zone,
    /// The day on which all of them are, where the vendor says so.
    day: Option<i64>,
    events: u64,
    days: BTreeSet<i64>,
    failed: Option<String>,
}

impl<'t> Teller<'t> {
    fn new(told: &'t mut Comparison, zone: &'t Zone, day: Option<i64>) -> Teller<'t> {
        Teller { told, zone, day, events: 0, days: BTreeSet::new(), failed: None }
    }

    /// Whether it could be read.
    fn tell(&mut self, form: Form, object: &[u8]) -> bool {
        let Some(their) = event::read(form, object, self.zone) else { return false };
        let Some(their) = their.filter(|their| !export::is_aside(&their.name)) else { return true };
        // Of an event that says no time nobody could say whether it is meant.
        let Some(day) = self.day.or(their.day) else { return false };
        let name = self.told.name(&their.name);
        if let Err(error) = self.told.held(their.told, name, day) {
            self.failed.get_or_insert(error.to_string());
        }
        self.events += 1;
        self.days.insert(day);
        true
    }

    fn done(&mut self, unread: Option<String>, what: &str) -> Result<(), String> {
        match (self.failed.take(), unread) {
            (Some(why), _) => Err(why),
            (None, Some(why)) => Err(format!("{what} could not be read whole, so there is no result: {why}")),
            (None, None) => Ok(()),
        }
    }
}

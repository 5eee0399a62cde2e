//! `weir doctor --capacity`: how long a vendor may be away, from what the journal says comes in. Looks only.

use std::sync::Arc;

use serde_json::json;
use weir_event::{Clock, Millis, SystemClock};
use weir_journal::survey::{Rate, Survey, survey};
use weir_keys::Keys;

use super::{Exit, Folders, Output};
use crate::capacity::{Inputs, Limits, Outage, When, outage};
use crate::config::{Config, OnLag};
use crate::disk;

/// Under it, something is lost or refused so soon that it is a finding.
const SOON_SECONDS: f64 = 24.0 * 3_600.0;
/// Over so many characters the time until the last thing happens is drawn.
const BAR: usize = 48;
/// A measurement over less than this is said to be short.
const SHORT_MILLIS: i64 = 10 * 60 * 1_000;

pub(super) fn run(out: &Output, folders: &Folders) -> Exit {
    match look(folders) {
        Ok(found) => show(out, &found),
        Err(why) => out.fail(why),
    }
}

struct Found {
    rate: Option<Rate>,
    window: &'static str,
    inputs: Inputs,
    destinations: Vec<(String, Limits, Outage)>,
    free_bytes: u64,
}

fn look(folders: &Folders) -> Result<Found, String> {
    let data = &folders.data;
    folders.must_be_there()?;
    let config = folders.configuration()?.unwrap_or_else(Config::built_in);
    let keys = Keys::open_read_only(&folders.key_folder()?, Arc::new(SystemClock)).map_err(|e| e.to_string())?;
    let survey = survey(&data.join("journal"), &keys).map_err(|e| e.to_string())?;
    let (rate, window) = measured(&survey, SystemClock.now());
    let free = disk::free_bytes(data).map_err(|e| format!("the free space cannot be read: {}", e.kind()))?;
    let reserve = config.disk_reserve.map_or_else(|| disk::automatic_reserve(data), Ok);
    let wanted = reserve.map_err(|e| format!("the size of the disk cannot be read: {}", e.kind()))?;
    let there = std::fs::metadata(data.join("reserve")).map_or(0, |m| m.len());
    let inputs = Inputs {
        bytes_per_second: rate.map_or(0.0, |rate| rate.bytes as f64 * 1e3 / rate.millis as f64),
        filled_bytes: survey.filled_bytes,
        file_bytes: survey.file_bytes,
        segment_bytes: config.journal.segment_bytes,
        budget_bytes: config.journal.budget_bytes,
        replay_seconds: config.journal.replay_window.as_secs_f64(),
        // As intake sees it: what the reserve lacks is not free, and one segment always stays so.
        disk_bytes: free.saturating_sub(wanted.saturating_sub(there)).saturating_sub(config.journal.segment_bytes),
    };
    let destinations = config.destinations.iter().map(|(id, destination)| {
        let limits =
            Limits { lag_seconds: destination.lag_max.as_secs_f64(), holds: destination.on_lag == OnLag::Hold };
        (id.to_string(), limits, outage(&inputs, &limits))
    });
    Ok(Found { rate, window, inputs, destinations: destinations.collect(), free_bytes: free })
}

/// The larger of the last hour's and the last day's rate.
fn measured(survey: &Survey, now: Millis) -> (Option<Rate>, &'static str) {
    let per_milli = |rate: &Rate| rate.bytes as f64 / rate.millis as f64;
    let hour = survey.since(now.plus(-Millis::HOUR), now);
    let day = survey.since(now.plus(-Millis::DAY), now);
    match (hour, day) {
        (Some(hour), Some(day)) if per_milli(&hour) < per_milli(&day) => (Some(day), "last day"),
        (Some(hour), _) => (Some(hour), "last hour"),
        (None, day) => (day, "last day"),
    }
}

fn show(out: &Output, found: &Found) -> Exit {
    let when = |when: &When| {
        let seconds = if when.seconds.is_finite() { json!(when.seconds.round()) } else { json!(null) };
        json!({"seconds": seconds, "by": when.by.name()})
    };
    let values: Vec<_> = found
        .destinations
        .iter()
        .map(|(id, limits, outage)| {
            let bearable = outage.bearable();
            json!({
                "destination": id,
                "on_lag": if limits.holds { "hold" } else { "expire" },
                "alert": when(&outage.alert),
                "expire": outage.expire.as_ref().map(when),
                "intake_stops": outage.stop.as_ref().map(when),
                "bearable": when(&bearable),
                "advice": bearable.by.advice(),
            })
        })
        .collect();
    let inputs = &found.inputs;
    let events = found.rate.map_or(0.0, |rate| rate.events as f64 * 1e3 / rate.millis as f64);
    let each = if events > 0.0 { inputs.bytes_per_second / events } else { 0.0 };
    let value = json!({
        "measured": {
            "over": found.window,
            "seconds": found.rate.map_or(0, |rate| rate.millis / 1_000),
            "events_per_second": events,
            "bytes_per_second": inputs.bytes_per_second,
            "bytes_per_event": each,
        },
        "journal": {"bytes": inputs.file_bytes, "filled": inputs.filled_bytes, "budget": inputs.budget_bytes},
        "disk": {"free_bytes": found.free_bytes, "for_the_journal": inputs.disk_bytes},
        "destinations": values,
    });
    let mut text = match &found.rate {
        None => "nothing came in during the last day: only times count below\n".to_owned(),
        Some(rate) => format!(
            "{}: {events:.1} events and {} of journal a second, {each:.0} bytes an event (measured over {})\n{}",
            found.window,
            size(inputs.bytes_per_second),
            duration(rate.millis as f64 / 1e3),
            if rate.millis < SHORT_MILLIS { "  that is a short time: ask again when more came in\n" } else { "" }
        ),
    };
    text.push_str(&format!(
        "journal {} of {}, disk {} free\n",
        size(inputs.file_bytes as f64),
        size(inputs.budget_bytes as f64),
        size(found.free_bytes as f64)
    ));
    if found.destinations.is_empty() {
        text.push_str("there is no destination: no vendor can be away\n");
    }
    for (id, limits, outage) in &found.destinations {
        text.push_str(&described(id, limits, outage));
    }
    out.show(&value, &text);
    let soon = |outage: &Outage| outage.bearable().seconds < SOON_SECONDS;
    if found.destinations.iter().any(|(_, _, outage)| soon(outage)) { Exit::Found } else { Exit::Fine }
}

fn described(id: &str, limits: &Limits, outage: &Outage) -> String {
    let bearable = outage.bearable();
    let mut text = format!("\n{id}: an outage of {} is bridged\n  now {}\n", duration(bearable.seconds), bar(outage));
    let mut line = |mark: char, what: &str, when: &When| {
        let binds = if *when == bearable { format!("; to change it: {}", when.by.advice()) } else { String::new() };
        text.push_str(&format!("  {mark} {what:<14} after {:<12} {}{binds}\n", duration(when.seconds), when.by.name()));
    };
    line('a', "alert", &outage.alert);
    if let Some(expire) = &outage.expire {
        line('e', "events expire", expire);
    }
    if let Some(stop) = &outage.stop {
        line('S', "intake stops", stop);
    }
    if outage.stop.is_none() && !limits.holds {
        text.push_str("    intake goes on: what waits too long expires, counted under that rule (on_lag: expire)\n");
    }
    text
}

/// A line as long as the time until the last of the three, each at its place.
fn bar(outage: &Outage) -> String {
    let marks = [Some((outage.alert, 'a')), outage.expire.map(|e| (e, 'e')), outage.stop.map(|s| (s, 'S'))];
    let marks: Vec<(f64, char)> =
        marks.into_iter().flatten().filter(|(w, _)| w.seconds.is_finite()).map(|(w, c)| (w.seconds, c)).collect();
    let end = marks.iter().map(|(at, _)| *at).fold(0.0, f64::max);
    let mut line = vec!['='; BAR];
    for (at, mark) in marks {
        let place = if end > 0.0 { (at / end * (BAR - 1) as f64).round() as usize } else { 0 };
        if let Some(place) = line.get_mut(place) {
            *place = mark;
        }
    }
    format!("|{}|", line.into_iter().collect::<String>())
}

/// In the two largest units.
fn duration(seconds: f64) -> String {
    if !seconds.is_finite() {
        return "no limit".to_owned();
    }
    let seconds = seconds.round() as u64;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, minutes) => format!("{minutes}m {}s", seconds % 60),
        (0, hours, minutes) => format!("{hours}h {minutes}m"),
        (days, hours, _) => format!("{days}d {hours}h"),
    }
}

fn size(bytes: f64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let (mut bytes, mut unit) = (bytes, 0);
    while bytes >= 1024.0 && unit + 1 < units.len() {
        bytes /= 1024.0;
        unit += 1;
    }
    format!("{bytes:.1} {}", units.get(unit).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capacity::Binding;

    #[test]
    fn times_and_sizes_are_said_in_their_two_largest_units() {
        for (seconds, said) in
            [(5.0, "5s"), (125.0, "2m 5s"), (7_260.0, "2h 1m"), (90_000.0, "1d 1h"), (f64::INFINITY, "no limit")]
        {
            assert_eq!(duration(seconds), said);
        }
        assert_eq!(size(1536.0), "1.5 KiB");
    }

    #[test]
    fn the_picture_has_each_mark_at_its_place_and_the_text_names_what_binds() {
        let at = |seconds, by| When { seconds, by };
        let outage =
            Outage { alert: at(50.0, Binding::LagBytes), expire: Some(at(100.0, Binding::LagBytes)), stop: None };
        let line = bar(&outage);
        assert_eq!((line.find('a'), line.find('e')), (Some(1 + BAR / 2), Some(BAR)), "{line}");
        let text = described("product", &Limits { lag_seconds: 1e6, holds: false }, &outage);
        assert!(text.contains("1m 40s is bridged") && text.contains("raise journal.budget"), "{text}");
    }
}

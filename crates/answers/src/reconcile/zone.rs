//! Days of a vendor: a project counts them in a time zone of its own. The rules of a zone are read from the machine's own table
//! (TZif, RFC 9636), because they change by law and not by release; no zone but UTC is known without it.
//!
//! Read of a table: version 2 or later, its 64-bit times of change, and the rule at its end for all times after them. Leap seconds are not
//! looked at: no system clock shows them.

use weir_event::Millis;

/// Bytes of a table: the largest there is has some four thousand.
pub const BYTES_MAX: usize = 64 * 1024;
const DAY: i64 = 86_400;
/// Up to this year changes by rule are written out.
const EXPANDED_TO: i64 = 2_100;

/// A time zone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Zone {
    /// Seconds since 1970, and the seconds that clocks are ahead of UTC from then on; the first holds from ever.
    changes: Vec<(i64, i64)>,
    /// What holds after the last of them.
    rule: Option<Rule>,
}

/// Why a table is not read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the table of the time zone cannot be read")]
pub struct ZoneError;

impl Zone {
    /// Universal time.
    pub fn utc() -> Zone {
        Zone::default()
    }

    /// Reads a table.
    pub fn read(bytes: &[u8]) -> Result<Zone, ZoneError> {
        parse(bytes).ok_or(ZoneError)
    }

    /// Seconds that clocks are ahead of UTC.
    pub fn ahead(&self, at: Millis) -> i64 {
        let second = at.0.div_euclid(1_000);
        let passed = self.changes.partition_point(|(from, _)| *from <= second);
        match &self.rule {
            Some(rule) if passed == self.changes.len() => rule.ahead(second),
            _ => self.changes.get(passed.saturating_sub(1)).map_or(0, |(_, ahead)| *ahead),
        }
    }

    /// The day, counted from 1970, that a calendar on the wall shows.
    pub fn day_of(&self, at: Millis) -> i64 {
        (at.0.div_euclid(1_000) + self.ahead(at)).div_euclid(DAY)
    }

    /// Whether it may be the name of a zone: `Europe/Berlin`, and no way out of the folder of the tables.
    pub fn is_name(text: &str) -> bool {
        let is_part = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_alphanumeric())
                && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+'))
        };
        text.len() <= 60 && text.split('/').count() <= 3 && text.split('/').all(is_part)
    }
}

fn parse(bytes: &[u8]) -> Option<Zone> {
    if bytes.len() > BYTES_MAX {
        return None;
    }
    // The first part, of 32-bit times, is there for readers of before 2005.
    let (_, rest) = header(bytes, 4)?;
    let (counts, rest) = header(rest, 8).and_then(|(counts, _)| Some((counts, rest.get(44..)?)))?;
    let (times, rest) = rest.split_at_checked(counts.times.checked_mul(8)?)?;
    let (kinds, rest) = rest.split_at_checked(counts.times)?;
    let (types, rest) = rest.split_at_checked(counts.types.checked_mul(6)?)?;
    let rest = rest.get(counts.after_types(8)?..)?;
    let ahead = |kind: usize| {
        let of = types.get(kind.checked_mul(6)?..)?.first_chunk::<4>()?;
        let ahead = i64::from(i32::from_be_bytes(*of));
        (ahead.abs() < 2 * DAY).then_some(ahead)
    };
    let mut changes = vec![(i64::MIN, ahead(0)?)];
    for (time, kind) in times.chunks_exact(8).zip(kinds) {
        let at = i64::from_be_bytes(*time.first_chunk::<8>()?);
        if changes.last().is_some_and(|(before, _)| *before >= at && *before != i64::MIN) {
            return None;
        }
        changes.push((at, ahead(usize::from(*kind))?));
    }
    let text = rest.strip_prefix(b"\n")?;
    let text = std::str::from_utf8(text.get(..text.iter().position(|b| *b == b'\n')?)?).ok()?;
    let rule = if text.is_empty() { None } else { Some(Rule::parse(text)?) };
    if let Some(rule) = &rule {
        rule.expand(&mut changes);
    }
    Some(Zone { changes, rule })
}

struct Counts {
    marks: [usize; 2],
    leaps: usize,
    times: usize,
    types: usize,
    letters: usize,
}

impl Counts {
    /// Bytes behind the types: names, leap seconds, marks.
    fn after_types(&self, time_bytes: usize) -> Option<usize> {
        let leaps = self.leaps.checked_mul(time_bytes + 4)?;
        self.letters.checked_add(leaps)?.checked_add(self.marks[0])?.checked_add(self.marks[1])
    }
}

/// A header, and what lies behind the part that it heads.
fn header(bytes: &[u8], time_bytes: usize) -> Option<(Counts, &[u8])> {
    let head = bytes.get(..44)?;
    if &head[..4] != b"TZif" || head[4] < b'2' {
        return None;
    }
    let count = |at: usize| Some(u32::from_be_bytes(*head.get(at..)?.first_chunk::<4>()?) as usize);
    let counts = Counts {
        marks: [count(20)?, count(24)?],
        leaps: count(28)?,
        times: count(32)?,
        types: count(36)?,
        letters: count(40)?,
    };
    let of_times = counts.times.checked_mul(time_bytes + 1)?;
    let skip = of_times.checked_add(counts.types.checked_mul(6)?)?.checked_add(counts.after_types(time_bytes)?)?;
    Some((counts, bytes.get(44usize.checked_add(skip)?..)?))
}

/// The rule of a year, as POSIX writes it: `CET-1CEST,M3.5.0,M10.5.0/3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rule {
    standard: i64,
    /// Ahead in summer; when it begins and when it ends, the latter by summer's clock.
    summer: Option<(i64, Turn, Turn)>,
}

/// A moment of each year: which day, and the second of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Turn {
    day: TurnDay,
    second: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TurnDay {
    /// Day of the year from 1, 29 February not counted.
    Julian(i64),
    /// Day of the year from 0.
    Zero(i64),
    /// Month, week (5: the last), weekday from Sunday.
    Week(u8, i64, i64),
}

impl Rule {
    fn parse(text: &str) -> Option<Rule> {
        let text = after_name(text)?;
        let (standard, text) = signed(text)?;
        let standard = -standard;
        if text.is_empty() {
            return Some(Rule { standard, summer: None });
        }
        let text = after_name(text)?;
        let (summer, text) = match text.strip_prefix(',') {
            Some(_) => (standard + 3_600, text),
            None => signed(text).map(|(ahead, text)| (-ahead, text))?,
        };
        let (from, to) = text.strip_prefix(',')?.split_once(',')?;
        Some(Rule { standard, summer: Some((summer, Turn::parse(from)?, Turn::parse(to)?)) })
    }

    /// Writes the changes of the next decades out: a day is told millions of times.
    fn expand(&self, changes: &mut Vec<(i64, i64)>) {
        let Some((summer, from, to)) = self.summer else { return };
        let last = changes.last().map_or(0, |(at, _)| (*at).max(0));
        let (first, ..) = Millis(last.saturating_mul(1_000)).date();
        for year in first..EXPANDED_TO {
            let mut turns = [(from.in_year(year) - self.standard, summer), (to.in_year(year) - summer, self.standard)];
            turns.sort_unstable();
            changes.extend(turns.into_iter().filter(|(at, _)| *at > last));
        }
    }

    fn ahead(&self, second: i64) -> i64 {
        let Some((summer, from, to)) = self.summer else { return self.standard };
        let (year, ..) = Millis((second + self.standard).saturating_mul(1_000)).date();
        let from = from.in_year(year) - self.standard;
        let to = to.in_year(year) - summer;
        let is_summer = if from < to { (from..to).contains(&second) } else { !(to..from).contains(&second) };
        if is_summer { summer } else { self.standard }
    }
}

impl Turn {
    fn parse(text: &str) -> Option<Turn> {
        let (day, second) = match text.split_once('/') {
            Some((day, time)) => (day, signed(time).filter(|(_, rest)| rest.is_empty())?.0),
            None => (text, 2 * 3_600),
        };
        let number = |text: &str, range: std::ops::RangeInclusive<i64>| {
            text.parse::<i64>().ok().filter(|number| range.contains(number))
        };
        let day = if let Some(rest) = day.strip_prefix('M') {
            let mut parts = rest.split('.');
            let month = number(parts.next()?, 1..=12)?;
            let (week, weekday) = (number(parts.next()?, 1..=5)?, number(parts.next()?, 0..=6)?);
            if parts.next().is_some() {
                return None;
            }
            TurnDay::Week(u8::try_from(month).ok()?, week, weekday)
        } else if let Some(rest) = day.strip_prefix('J') {
            TurnDay::Julian(number(rest, 1..=365)?)
        } else {
            TurnDay::Zero(number(day, 0..=365)?)
        };
        Some(Turn { day, second })
    }

    /// Seconds since 1970 by the clock on the wall.
    fn in_year(&self, year: i64) -> i64 {
        let day = match self.day {
            TurnDay::Zero(day) => first_of(year, 1) + day,
            TurnDay::Julian(day) => {
                let leap = first_of(year, 3) - first_of(year, 1) == 60;
                first_of(year, 1) + day - 1 + i64::from(leap && day >= 60)
            }
            TurnDay::Week(month, week, weekday) => {
                let first = first_of(year, month);
                let next = if month == 12 { first_of(year + 1, 1) } else { first_of(year, month + 1) };
                // 1 January 1970 was a Thursday.
                let begin = first + (weekday - (first + 4)).rem_euclid(7);
                let day = begin + 7 * (week - 1);
                if day >= next { day - 7 } else { day }
            }
        };
        day * DAY + self.second
    }
}

/// The first of a month, in days since 1970.
fn first_of(year: i64, month: u8) -> i64 {
    let text = format!("{year:04}-{month:02}-01T00:00:00Z");
    Millis::from_rfc3339(&text).map_or(0, |at| at.0.div_euclid(Millis::DAY))
}

/// What follows the name of a clock: letters, or anything in angle brackets.
fn after_name(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix('<') {
        return rest.split_once('>').map(|(_, rest)| rest);
    }
    let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    (end >= 3).then(|| &text[end..])
}

/// `[+-]h[h[h]][:mm[:ss]]` in seconds, and what follows.
fn signed(text: &str) -> Option<(i64, &str)> {
    let (sign, text) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    let end = text.find(|c: char| !c.is_ascii_digit() && c != ':').unwrap_or(text.len());
    let (time, rest) = text.split_at(end);
    let mut seconds = 0;
    for (part, unit) in time.split(':').zip([3_600, 60, 1]) {
        seconds += part.parse::<i64>().ok().filter(|number| *number < 168)? * unit;
    }
    Some((sign * seconds, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table of version 2 with these times of change and rule.
    fn table(changes: &[(i64, u8)], types: &[i32], rule: &str) -> Vec<u8> {
        let mut out = Vec::new();
        for wide in [false, true] {
            let times = if wide { changes } else { &[] };
            out.extend_from_slice(b"TZif2");
            out.extend_from_slice(&[0; 15]);
            for count in [0, 0, 0, times.len(), types.len(), 4] {
                out.extend_from_slice(&(count as u32).to_be_bytes());
            }
            times.iter().for_each(|(at, _)| out.extend_from_slice(&at.to_be_bytes()));
            times.iter().for_each(|(_, kind)| out.push(*kind));
            for ahead in types {
                out.extend_from_slice(&ahead.to_be_bytes());
                out.extend_from_slice(&[0, 0]);
            }
            out.extend_from_slice(b"ABC\0");
        }
        out.extend_from_slice(format!("\n{rule}\n").as_bytes());
        out
    }

    fn hours(zone: &Zone, at: &str) -> f64 {
        zone.ahead(Millis::from_rfc3339(at).unwrap()) as f64 / 3_600.0
    }

    #[test]
    fn a_day_has_23_24_or_25_hours_where_clocks_are_changed() {
        let berlin = Zone::read(&table(&[], &[3_600], "CET-1CEST,M3.5.0,M10.5.0/3")).unwrap();
        let day = |at: &str| berlin.day_of(Millis::from_rfc3339(at).unwrap());
        assert_eq!(hours(&berlin, "2026-01-01T00:00:00Z"), 1.0);
        assert_eq!(hours(&berlin, "2026-03-29T00:59:59Z"), 1.0);
        assert_eq!(hours(&berlin, "2026-03-29T01:00:00Z"), 2.0);
        assert_eq!(hours(&berlin, "2026-10-25T00:59:59Z"), 2.0);
        assert_eq!(hours(&berlin, "2026-10-25T01:00:00Z"), 1.0);
        // 29 March has 23 hours, 25 October has 25.
        assert_eq!(day("2026-03-28T22:59:59Z") + 1, day("2026-03-28T23:00:00Z"));
        assert_eq!(day("2026-03-28T23:00:00Z"), day("2026-03-29T21:59:59Z"));
        assert_eq!(day("2026-03-29T22:00:00Z"), day("2026-03-29T21:59:59Z") + 1);
        assert_eq!(day("2026-10-24T22:00:00Z"), day("2026-10-25T22:59:59Z"));
        assert_eq!(day("2026-10-25T23:00:00Z"), day("2026-10-25T22:59:59Z") + 1);
    }

    #[test]
    fn zones_of_both_hemispheres_and_of_odd_minutes_are_read() {
        let los_angeles = Zone::read(&table(&[], &[-28_800], "PST8PDT,M3.2.0,M11.1.0")).unwrap();
        assert_eq!(hours(&los_angeles, "2026-03-08T09:59:59Z"), -8.0);
        assert_eq!(hours(&los_angeles, "2026-03-08T10:00:00Z"), -7.0);
        assert_eq!(hours(&los_angeles, "2026-11-01T08:59:59Z"), -7.0);
        assert_eq!(hours(&los_angeles, "2026-11-01T09:00:00Z"), -8.0);
        let sydney = Zone::read(&table(&[], &[36_000], "AEST-10AEDT,M10.1.0,M4.1.0/3")).unwrap();
        assert_eq!((hours(&sydney, "2026-01-15T00:00:00Z"), hours(&sydney, "2026-07-15T00:00:00Z")), (11.0, 10.0));
        let lord_howe = Zone::read(&table(&[], &[37_800], "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0")).unwrap();
        assert_eq!(
            (hours(&lord_howe, "2026-01-15T00:00:00Z"), hours(&lord_howe, "2026-07-15T00:00:00Z")),
            (11.0, 10.5)
        );
        let kathmandu = Zone::read(&table(&[], &[20_700], "<+0545>-5:45")).unwrap();
        assert_eq!(hours(&kathmandu, "2026-07-15T00:00:00Z"), 5.75);
        let dublin = Zone::read(&table(&[], &[3_600], "IST-1GMT0,M10.5.0,M3.5.0/1")).unwrap();
        assert_eq!((hours(&dublin, "2026-01-15T00:00:00Z"), hours(&dublin, "2026-07-15T00:00:00Z")), (0.0, 1.0));
        assert_eq!(Zone::utc().day_of(Millis(-1)), -1);
    }

    #[test]
    fn times_of_change_count_before_the_rule() {
        let zone = Zone::read(&table(&[(1_000, 1), (2_000, 0)], &[0, 7_200], "")).unwrap();
        let ahead = [999_999, 1_000_000, 1_999_999, 2_000_000].map(|at| zone.ahead(Millis(at)));
        assert_eq!(ahead, [0, 7_200, 7_200, 0]);
    }

    #[test]
    fn the_tables_of_this_machine_are_read() {
        let Ok(bytes) = std::fs::read("/usr/share/zoneinfo/Europe/Berlin") else { return };
        let berlin = Zone::read(&bytes).unwrap();
        assert_eq!((hours(&berlin, "2026-07-01T00:00:00Z"), hours(&berlin, "2060-01-01T00:00:00Z")), (2.0, 1.0));
        assert_eq!(hours(&berlin, "1916-06-01T00:00:00Z"), 2.0, "summer time of 1916");
    }

    #[test]
    fn what_is_no_table_is_refused_and_a_name_leads_nowhere_else() {
        let good = table(&[(1_000, 1)], &[0, 7_200], "CET-1CEST,M3.5.0,M10.5.0/3");
        for len in 0..good.len() {
            assert_eq!(Zone::read(&good[..len]), Err(ZoneError), "{len}");
        }
        for (at, _) in good.iter().enumerate() {
            let mut changed = good.clone();
            changed[at] ^= 0x85;
            // Whatever it says then, reading it ends.
            let _ = Zone::read(&changed).map(|zone| zone.ahead(Millis(1_795_000_000_000)));
        }
        for rule in ["CET", "CET-1CEST", "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.5.0", "-1", "CET-1CEST,M3.5.0.1,J1"]
        {
            assert_eq!(Zone::read(&table(&[], &[0], rule)), Err(ZoneError), "{rule}");
        }
        for name in ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+8"] {
            assert!(Zone::is_name(name), "{name}");
        }
        for name in ["", "/etc/passwd", "../x", "Europe/../x", "Europe//Berlin", ".", "a/b/c/d"] {
            assert!(!Zone::is_name(name), "{name}");
        }
    }
}

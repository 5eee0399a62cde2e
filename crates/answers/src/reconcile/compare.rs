//! Who is whose: first by insert id, part by part; then by numbers, event by event; then by what is known of a day.

use std::collections::BTreeMap;

use super::spool::{PARTS, Record};
use super::{Cell, CompareError, Comparison, FRESH, Fate, Known, LATE_DAYS, Line, Reconciliation};

/// All rows of one insert id.
struct Ours {
    name: u32,
    day: i32,
    fate: u8,
    is_fresh: bool,
    tries: u64,
}

impl Comparison {
    /// Compares, when both sides were told.
    pub fn finish(mut self, known: &Known) -> Result<Reconciliation, CompareError> {
        for part in 0..PARTS {
            let (ours, theirs) = (self.ours.take(part)?, self.theirs.take(part)?);
            self.meet(&ours, &theirs);
        }
        let mut by_name: BTreeMap<u32, BTreeMap<i64, Cell>> = BTreeMap::new();
        for ((name, day), cell) in std::mem::take(&mut self.cells) {
            by_name.entry(name).or_default().insert(day, cell);
        }
        by_name.values_mut().for_each(count);
        let mut declared = known.declared.clone();
        let mut answer = Reconciliation::default();
        for (name, days) in by_name {
            for (day, mut cell) in days {
                explain(&mut cell, known.bypassed.contains(&day), declared.get_mut(&day));
                debug_assert!(cell.line.adds_up(), "{:?}", cell.line);
                // What lies beside the days that were asked for was there to be compared with.
                if self.days.0 <= day && day <= self.days.1 && cell.line != Line::default() {
                    let name = self.names.get(name as usize).filter(|name| !name.is_empty()).cloned();
                    answer.lines.entry((day, name)).or_default().add(&cell.line);
                }
            }
        }
        Ok(answer)
    }

    /// The events of one part; both sides are sorted.
    fn meet(&mut self, ours: &[Record], theirs: &[Record]) {
        let same = |a: &Record, b: &Record| a.id == b.id;
        let (mut ours, mut theirs) = (ours.chunk_by(same).peekable(), theirs.chunk_by(same).peekable());
        loop {
            let (of_ours, of_theirs) = match (ours.peek(), theirs.peek()) {
                (None, None) => return,
                (Some(_), None) => (ours.next(), None),
                (None, Some(_)) => (None, theirs.next()),
                (Some(a), Some(b)) => match a[0].id.cmp(&b[0].id) {
                    std::cmp::Ordering::Less => (ours.next(), None),
                    std::cmp::Ordering::Greater => (None, theirs.next()),
                    std::cmp::Ordering::Equal => (ours.next(), theirs.next()),
                },
            };
            let of_ours = of_ours.and_then(one);
            let copies = of_theirs.map_or(0, |copies| copies.len() as u64);
            match (of_ours, of_theirs.and_then(|copies| copies.first())) {
                (Some(of_ours), _) => self.known(&of_ours, copies),
                (None, Some(first)) => {
                    if let Some(cell) = self.cell(first.name, i64::from(first.day)) {
                        cell.line.theirs += copies;
                        cell.line.repeated_there += copies - 1;
                        cell.free += 1;
                    }
                }
                (None, None) => {}
            }
        }
    }

    /// An event that left, and so many copies of it there.
    fn known(&mut self, ours: &Ours, copies: u64) {
        if ours.fate == Fate::Aside as u8 {
            return;
        }
        let Some(Cell { line, .. }) = self.cell(ours.name, i64::from(ours.day)) else { return };
        line.exact += 1;
        line.theirs += copies;
        let more = copies.saturating_sub(1);
        let by_us = more.min(ours.tries - 1);
        line.repeated_by_us += by_us;
        line.repeated_there += more - by_us;
        let is_there = copies > 0;
        if ours.fate == Fate::Accepted as u8 {
            line.accepted += 1;
            match (is_there, ours.is_fresh) {
                (true, _) => line.found += 1,
                (false, true) => line.settling += 1,
                (false, false) => line.missing += 1,
            }
        } else if ours.fate == Fate::Possibly as u8 {
            line.possibly_held += 1;
            line.possibly_there += u64::from(is_there);
        } else {
            line.rejected += 1;
            line.rejected_there += u64::from(is_there);
        }
    }
}

/// The rows of one id as one event: the best that is known of it counts.
fn one(rows: &[Record]) -> Option<Ours> {
    let best = rows.iter().max_by_key(|row| row.mark & !FRESH)?;
    let fate = best.mark & !FRESH;
    let of_best = || rows.iter().filter(|row| row.mark & !FRESH == fate);
    Some(Ours {
        name: best.name,
        day: best.day,
        fate,
        // It has come in if the earliest of them has.
        is_fresh: of_best().all(|row| row.mark & FRESH != 0),
        tries: rows.len() as u64,
    })
}

/// One event over its days: what is wanted takes what is free, of its own day first, then of the days before, so that as much as can be
/// is paired; what may be there comes last.
fn count(days: &mut BTreeMap<i64, Cell>) {
    let mut pairs = Pairs::new(days);
    let half = pairs.days.len();
    for consumers in [0..half, half..2 * half] {
        consumers.clone().for_each(|consumer| pairs.give(consumer % half, consumer));
        for consumer in consumers.clone() {
            let before = pairs.reach(consumer).rev().skip(1);
            before.for_each(|supplier| pairs.give(supplier, consumer));
        }
        consumers.for_each(|consumer| while pairs.shift(consumer) {});
    }
    for (place, cell) in days.values_mut().enumerate() {
        cell.free = pairs.free[place];
        let missing = pairs.needs[place];
        let settling = missing.min(cell.fresh);
        cell.line.settling += settling;
        cell.line.missing += missing - settling;
        for (consumer, given) in pairs.given[place].iter().enumerate().filter(|(consumer, _)| *consumer != place) {
            if consumer == half + place {
                cell.line.possibly_there += given;
            } else {
                cell.line.left_later += given;
            }
        }
        cell.line.found_by_count += pairs.given[place][place];
        let earlier = |consumer: usize| (0..place).map(|supplier| pairs.given[supplier][consumer]).sum::<u64>();
        cell.line.found_earlier += earlier(place);
        cell.line.possibly_there_earlier += earlier(half + place);
    }
}

/// What vendors have on days, given to what left on days. A consumer is a day and what is wanted on it, or, behind all days, a day and
/// what may be there.
struct Pairs {
    days: Vec<i64>,
    free: Vec<u64>,
    needs: Vec<u64>,
    /// By supplier, then by consumer.
    given: Vec<Vec<u64>>,
}

impl Pairs {
    fn new(days: &BTreeMap<i64, Cell>) -> Pairs {
        let needs = days.values().map(|cell| cell.wanted).chain(days.values().map(|cell| cell.maybe)).collect();
        Pairs {
            days: days.keys().copied().collect(),
            free: days.values().map(|cell| cell.free).collect(),
            needs,
            given: vec![vec![0; 2 * days.len()]; days.len()],
        }
    }

    /// The days that a consumer can be given from: its own is the last.
    fn reach(&self, consumer: usize) -> std::ops::Range<usize> {
        let own = consumer % self.days.len();
        let first = self.days[own] - LATE_DAYS;
        self.days.partition_point(|day| *day < first)..own + 1
    }

    fn give(&mut self, supplier: usize, consumer: usize) {
        let amount = self.free[supplier].min(self.needs[consumer]);
        self.free[supplier] -= amount;
        self.needs[consumer] -= amount;
        self.given[supplier][consumer] += amount;
    }

    /// Finds what is free for a consumer by way of others that take something else instead; whether there was any.
    fn shift(&mut self, consumer: usize) -> bool {
        if self.needs[consumer] == 0 {
            return false;
        }
        // By which consumer a day was come to, and by which day a consumer.
        let mut by_consumer: Vec<Option<usize>> = vec![None; self.days.len()];
        let mut by_day: Vec<Option<usize>> = vec![None; self.needs.len()];
        let mut queue = std::collections::VecDeque::from([consumer]);
        while let Some(from) = queue.pop_front() {
            for day in self.reach(from) {
                if by_consumer[day].is_some() {
                    continue;
                }
                by_consumer[day] = Some(from);
                if self.free[day] > 0 {
                    self.pull(day, consumer, &by_consumer, &by_day);
                    return true;
                }
                for other in (0..self.needs.len()).filter(|other| *other != consumer && self.given[day][*other] > 0) {
                    if by_day[other].is_none() {
                        by_day[other] = Some(day);
                        queue.push_back(other);
                    }
                }
            }
        }
        false
    }

    /// Along the way that was found: each takes from the day that it came to, and leaves what it had.
    fn pull(&mut self, end: usize, first: usize, by_consumer: &[Option<usize>], by_day: &[Option<usize>]) {
        let mut way = Vec::new();
        let mut day = end;
        while let Some(consumer) = by_consumer[day] {
            way.push((day, consumer));
            match by_day[consumer] {
                Some(before) if consumer != first => day = before,
                _ => break,
            }
        }
        let had = way.windows(2).map(|pair| self.given[pair[1].0][pair[0].1]);
        let amount = had.min().unwrap_or(u64::MAX).min(self.free[end]).min(self.needs[first]);
        self.free[end] -= amount;
        self.needs[first] -= amount;
        for (place, (day, consumer)) in way.iter().enumerate() {
            self.given[*day][*consumer] += amount;
            if let Some((before, _)) = way.get(place + 1) {
                self.given[*before][*consumer] -= amount;
            }
        }
    }
}

/// What is left over of a day at the vendor.
fn explain(cell: &mut Cell, is_bypassed: bool, declared: Option<&mut u64>) {
    let Cell { line, free, foreign, .. } = cell;
    if is_bypassed {
        line.bypassed += std::mem::take(free) + std::mem::take(foreign);
    }
    if let Some(declared) = declared {
        for left in [&mut *foreign, &mut *free] {
            let before = (*left).min(*declared);
            (*left, *declared) = (*left - before, *declared - before);
            line.declared += before;
        }
    }
    line.others += *foreign;
    line.extra += *free;
}

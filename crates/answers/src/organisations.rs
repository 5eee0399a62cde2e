//! Which organisations are in which groups. Each gets a number once, and a row of bits.
//!
//! An organisation's people lie anywhere, so that each of them finds its row far away in memory, and waiting for it would cost more than
//! all other counting. So what is to be noted waits until there is enough of it: then the rows are asked for one after the other, none
//! waiting for the one before.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use crate::seen::Seen;

/// So many notes wait.
const WAITING_MAX: usize = 256;

/// See the module. Groups are numbered from 0 on.
pub(crate) struct Organisations {
    /// Groups that have a bit in an organisation's row. Those behind are so many, each of few organisations, that they have rows instead.
    in_rows: usize,
    hasher: RandomState,
    numbers: HashTable<u32>,
    /// Of each organisation so many words: its id, and its bits.
    words: usize,
    rows: Vec<u64>,
    of_groups: Vec<Seen>,
    /// What waits: organisations, each with the end of its part of the groups; and room for their numbers.
    waiting: Vec<(u64, usize)>,
    groups: Vec<u32>,
    found: Vec<u32>,
}

impl Organisations {
    pub(crate) fn new(in_rows: usize, behind: usize) -> Organisations {
        Organisations {
            in_rows,
            hasher: RandomState::default(),
            numbers: HashTable::new(),
            words: 1 + in_rows.div_ceil(64),
            rows: Vec::new(),
            of_groups: vec![Seen::default(); behind],
            waiting: Vec::with_capacity(WAITING_MAX),
            groups: Vec::new(),
            found: Vec::with_capacity(WAITING_MAX),
        }
    }

    /// An organisation (0: none) is in these groups.
    #[inline]
    pub(crate) fn join(&mut self, organisation: u64, groups: impl Iterator<Item = u32>) {
        if organisation == 0 {
            return;
        }
        self.groups.extend(groups);
        self.waiting.push((organisation, self.groups.len()));
        if self.waiting.len() == WAITING_MAX {
            self.settle();
        }
    }

    /// Notes what waits.
    fn settle(&mut self) {
        self.found.clear();
        for at in 0..self.waiting.len() {
            let number = self.number(self.waiting[at].0);
            self.found.push(number);
        }
        let mut from = 0;
        for (number, (_, to)) in self.found.iter().zip(&self.waiting) {
            let row = &mut self.rows[*number as usize * self.words..][..self.words];
            for group in &self.groups[from..*to] {
                let group = *group as usize;
                match group.checked_sub(self.in_rows) {
                    None => row[1 + group / 64] |= 1 << (group % 64),
                    Some(behind) => self.of_groups[behind].add(*number),
                }
            }
            from = *to;
        }
        self.waiting.clear();
        self.groups.clear();
    }

    #[inline]
    fn number(&mut self, organisation: u64) -> u32 {
        let (hasher, words, rows) = (&self.hasher, self.words, &mut self.rows);
        let id = |number: &u32| rows[*number as usize * words];
        let of = |number: &u32| hasher.hash_one(id(number));
        match self.numbers.entry(hasher.hash_one(organisation), |number| id(number) == organisation, of) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(place) => {
                let number = (rows.len() / words) as u32;
                rows.resize(rows.len() + words, 0);
                rows[number as usize * words] = organisation;
                place.insert(number);
                number
            }
        }
    }

    /// Adds what another thread saw.
    pub(crate) fn add(&mut self, mut other: Organisations) {
        self.settle();
        other.settle();
        let mut numbers = Vec::with_capacity(other.numbers.len());
        for from in other.rows.chunks_exact(other.words) {
            let number = self.number(from[0]);
            numbers.push(number);
            let to = &mut self.rows[number as usize * self.words..][..self.words];
            to[1..].iter_mut().zip(&from[1..]).for_each(|(to, from)| *to |= from);
        }
        for (to, from) in self.of_groups.iter_mut().zip(&other.of_groups) {
            from.each(|number| to.add(numbers[number]));
        }
    }

    /// The bits of each organisation.
    pub(crate) fn rows(&mut self) -> impl Iterator<Item = &[u64]> {
        self.settle();
        self.rows.chunks_exact(self.words).map(|row| &row[1..])
    }

    /// How many are in each of the groups that have no bit in rows.
    pub(crate) fn behind(&mut self) -> Vec<u64> {
        self.settle();
        self.of_groups.iter().map(Seen::count).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_several_note_is_what_one_notes_however_much_waits() {
        for notes in [0, 1, WAITING_MAX as u64, 5_000] {
            let mut parts = [(); 3].map(|()| Organisations::new(70, 5));
            let mut expected = std::collections::BTreeSet::new();
            for note in 0..notes {
                let (organisation, group) = (note * 7 % 31, (note * note % 75) as u32);
                parts[(note % 3) as usize].join(organisation, [group, 69].into_iter());
                if organisation != 0 {
                    expected.extend([(organisation, group), (organisation, 69)]);
                }
            }
            let [mut all, second, third] = parts;
            all.add(second);
            all.add(third);
            let behind: Vec<u64> =
                (70..75).map(|g| expected.iter().filter(|(_, of)| *of == g).count() as u64).collect();
            assert_eq!(all.behind(), behind);
            let bits: u64 = all.rows().flatten().map(|word| u64::from(word.count_ones())).sum();
            assert_eq!(bits, expected.iter().filter(|(_, group)| *group < 70).count() as u64);
            let known: std::collections::BTreeSet<u64> =
                expected.iter().map(|(organisation, _)| *organisation).collect();
            assert_eq!(all.rows().count(), known.len());
        }
    }
}

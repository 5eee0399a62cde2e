//! A set of journal offsets as sorted, disjoint, non-touching ranges.

use weir_event::wire::{Cursor, WireError, put_varint};

/// Half-open ranges `[start, end)`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RangeSet(Vec<(u64, u64)>);

impl RangeSet {
    /// Adds `[start, end)`.
    pub(crate) fn add(&mut self, start: u64, end: u64) {
        if start >= end {
            return;
        }
        let first = self.0.partition_point(|r| r.1 < start);
        let last = self.0.partition_point(|r| r.0 <= end);
        if first == last {
            self.0.insert(first, (start, end));
        } else {
            let merged = (start.min(self.0[first].0), end.max(self.0[last - 1].1));
            self.0.splice(first..last, [merged]);
        }
    }

    /// Moves `floor` over what is done from there on and forgets it.
    pub(crate) fn advance(&mut self, floor: &mut u64) {
        let mut passed = 0;
        for (start, end) in &self.0 {
            if *start > *floor {
                break;
            }
            *floor = (*floor).max(*end);
            passed += 1;
        }
        self.0.drain(..passed);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.0.iter().copied()
    }
}

/// Writes ranges that are sorted and disjoint: a count, then gap and length of each.
pub(crate) fn put_ranges(out: &mut Vec<u8>, ranges: impl ExactSizeIterator<Item = (u64, u64)>) {
    put_varint(out, ranges.len() as u64);
    let mut at = 0;
    for (start, end) in ranges {
        put_varint(out, start - at);
        put_varint(out, end - start);
        at = end;
    }
}

/// Reads what [`put_ranges`] wrote; an empty or overflowing range is malformed.
pub(crate) fn read_ranges(cursor: &mut Cursor<'_>) -> Result<Vec<(u64, u64)>, WireError> {
    let count = cursor.varint()?;
    let mut ranges = Vec::new();
    let mut at = 0_u64;
    for _ in 0..count {
        let bad = WireError(cursor.position());
        let start = at.checked_add(cursor.varint()?).ok_or(bad)?;
        let len = cursor.varint()?;
        let end = start.checked_add(len).filter(|_| len > 0).ok_or(bad)?;
        ranges.push((start, end));
        at = end;
    }
    Ok(ranges)
}

impl RangeSet {
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        put_ranges(out, self.0.iter().copied());
    }

    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<RangeSet, WireError> {
        let mut set = RangeSet::default();
        for (start, end) in read_ranges(cursor)? {
            set.add(start, end);
        }
        Ok(set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn ranges_hold_what_a_plain_set_holds(adds in proptest::collection::vec((0_u64..60, 0_u64..12), 0..40)) {
            let (mut set, mut plain) = (RangeSet::default(), BTreeSet::new());
            for (start, len) in adds {
                set.add(start, start + len);
                plain.extend(start..start + len);
            }
            prop_assert_eq!(set.iter().flat_map(|(a, b)| a..b).collect::<BTreeSet<_>>(), plain.clone());
            prop_assert!(set.0.windows(2).all(|w| w[0].1 < w[1].0), "disjoint and not touching");
            let mut bytes = Vec::new();
            set.put(&mut bytes);
            prop_assert_eq!(&RangeSet::read(&mut Cursor::new(&bytes)).unwrap(), &set);
            let mut floor = 0;
            set.advance(&mut floor);
            prop_assert_eq!(floor, (0..).find(|n| !plain.contains(n)).unwrap());
            prop_assert!(set.iter().all(|r| r.0 > floor));
        }
    }
}

//! One row as it lies in the files (D13): what left about whom, when, in which batch.

use weir_event::Millis;

/// A row. Two numbers of it are this store's own: `field_set` is the place of the field set among those of the ledger, from 1 on, and
/// 0 marks a row that was erased, of which only time, batch and index are left.
///
/// The order of the fields is the order of the files: by subject, then by time.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LedgerRow {
    /// First 8 bytes of the tag, big-endian; 0 for nobody.
    pub subject: u64,
    /// When it left, seconds UTC.
    pub time: u32,
    /// In which batch.
    pub batch: u64,
    /// At which place of it.
    pub index: u16,
    /// First 8 bytes of the organisation's tag; 0 for none.
    pub organisation: u64,
    /// The event, a stored name of the ledger.
    pub event: u32,
    /// What left of it and what did not.
    pub field_set: u32,
    /// Its slice, a stored name of the ledger.
    pub slice: u32,
    /// The pseudonym's epoch, 0 for `raw` and `stable`.
    pub epoch: u32,
    /// Events that it stands for beside the first: 0 but in sums of a month ([`crate::months`]).
    pub more: u32,
}

impl LedgerRow {
    /// What is left of it once it is erased.
    pub fn erased(&self) -> LedgerRow {
        LedgerRow { time: self.time, batch: self.batch, index: self.index, more: self.more, ..LedgerRow::default() }
    }

    /// In which month it left.
    pub fn month(&self) -> Month {
        Month::of(Millis(i64::from(self.time) * 1_000))
    }

    /// Whether it was erased.
    pub const fn is_erased(&self) -> bool {
        self.field_set == 0
    }
}

/// A month of the UTC calendar: twelve times the year, and the month from 0 on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub struct Month(pub i32);

impl Month {
    /// The month of a time.
    pub fn of(at: Millis) -> Month {
        let (year, month, _) = at.date();
        Month(i32::try_from(year).unwrap_or(i32::MAX / 12) * 12 + i32::from(month) - 1)
    }

    /// Its first moment and the first one after it.
    pub fn bounds(self) -> (Millis, Millis) {
        let begin = |Month(n): Month| Millis::of_month(i64::from(n.div_euclid(12)), n.rem_euclid(12) as u8 + 1);
        (begin(self), begin(Month(self.0 + 1)))
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.0.div_euclid(12), self.0.rem_euclid(12) + 1)
    }
}

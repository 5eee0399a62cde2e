//! What is kept beside the tape, by number.

// At the top of an event.
pub(super) const EVENT: u8 = 0;
pub(super) const TOP_DISTINCT_ID: u8 = 1;
pub(super) const UUID: u8 = 2;
pub(super) const TIMESTAMP: u8 = 3;
pub(super) const OFFSET: u8 = 4;
pub(super) const UNCORRECTED: u8 = 5;
// Among its properties.
pub(super) const FIRST_OF_PROPERTIES: usize = 6;
pub(super) const DISTINCT_ID: u8 = 6;
pub(super) const DEVICE_ID: u8 = 7;
pub(super) const USER_ID: u8 = 8;
pub(super) const ANON_DISTINCT_ID: u8 = 9;
pub(super) const INSERT_ID: u8 = 10;
pub(super) const TIME: u8 = 11;
pub(super) const GROUP_TYPE: u8 = 12;
pub(super) const GROUP_KEY: u8 = 13;
pub(super) const IGNORE_SENT_AT: u8 = 14;
pub(super) const IS_IDENTIFIED: u8 = 15;
pub(super) const COUNT: usize = 16;
/// Tokens and switches: read and forgotten.
pub(super) const FORGET: u8 = 20;
pub(super) const PROPERTIES: u8 = 21;
pub(super) const OPTIONS: u8 = 22;
pub(super) const GROUPS: u8 = 23;
pub(super) const BATCH: u8 = 24;
pub(super) const SENT_AT: u8 = 25;
pub(super) const HISTORICAL: u8 = 26;
/// Objects and lists that are read after the event: this number plus the place in `LATER`.
pub(super) const LATER: u8 = 32;

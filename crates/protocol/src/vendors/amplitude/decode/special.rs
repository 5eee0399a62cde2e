//! What a decoder takes, by number.

pub(super) const EVENT_TYPE: u8 = 0;
pub(super) const USER_ID: u8 = 1;
pub(super) const DEVICE_ID: u8 = 2;
pub(super) const TIME: u8 = 3;
pub(super) const INSERT_ID: u8 = 4;
pub(super) const SESSION_ID: u8 = 5;
pub(super) const IP: u8 = 6;
pub(super) const GROUP_TYPE: u8 = 7;
pub(super) const GROUP_VALUE: u8 = 8;
pub(super) const LIBRARY_NAME: u8 = 9;
pub(super) const LIBRARY_VERSION: u8 = 10;
pub(super) const COUNT: usize = 11;
/// Keys: read and forgotten.
pub(super) const FORGET: u8 = 20;
pub(super) const EVENTS: u8 = 21;
pub(super) const SENT_AT: u8 = 22;
pub(super) const EVENT_PROPERTIES: u8 = 23;
pub(super) const USER_PROPERTIES: u8 = 24;
pub(super) const GROUP_PROPERTIES: u8 = 25;
pub(super) const GROUPS: u8 = 26;
pub(super) const LIBRARY: u8 = 27;
/// Operations: this number plus the place in `OPERATIONS`.
pub(super) const OPERATION: u8 = 32;

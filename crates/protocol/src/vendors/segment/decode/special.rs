//! Keys with a meaning of their own.

pub(super) const TYPE: u8 = 0;
pub(super) const EVENT: u8 = 1;
pub(super) const NAME: u8 = 2;
pub(super) const CATEGORY: u8 = 3;
pub(super) const USER_ID: u8 = 4;
pub(super) const ANONYMOUS_ID: u8 = 5;
pub(super) const PREVIOUS_ID: u8 = 6;
pub(super) const GROUP_ID: u8 = 7;
pub(super) const MESSAGE_ID: u8 = 8;
pub(super) const TIMESTAMP: u8 = 9;
pub(super) const ORIGINAL_TIMESTAMP: u8 = 10;
pub(super) const SENT_AT: u8 = 11;
/// `context.groupId`, the group of the event.
pub(super) const CONTEXT_GROUP_ID: u8 = 12;
/// `context.device.id`, which is asked only where there is no other.
pub(super) const DEVICE_ID: u8 = 13;
pub(super) const COUNT: usize = 14;
/// Keys, tokens and further ids: read and forgotten.
pub(super) const FORGET: u8 = 20;
pub(super) const PROPERTIES: u8 = 21;
pub(super) const CONTEXT: u8 = 22;
pub(super) const TRAITS: u8 = 23;
pub(super) const MERGE_PROPERTIES: u8 = 24;
pub(super) const BATCH: u8 = 25;
pub(super) const MERGED_TYPE: u8 = 26;
pub(super) const MERGED_VALUE: u8 = 27;
/// Objects in `context`: this number plus the place in `names::CONTEXT`.
pub(super) const PART: u8 = 64;

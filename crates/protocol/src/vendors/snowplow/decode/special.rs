//! What is kept beside the tape, by number.

pub(super) const KIND: u8 = 0;
pub(super) const EVENT_ID: u8 = 1;
pub(super) const USER: u8 = 2;
pub(super) const DOMAIN_USER: u8 = 3;
pub(super) const NETWORK_USER: u8 = 4;
pub(super) const TRACKER_NETWORK_USER: u8 = 5;
pub(super) const DEVICE_TIME: u8 = 6;
pub(super) const TRUE_TIME: u8 = 7;
pub(super) const SENT_TIME: u8 = 8;
pub(super) const ACTION: u8 = 9;
pub(super) const TRACKER: u8 = 10;
/// Of an entity: `client_session.userId`.
pub(super) const SESSION_USER: u8 = 11;
/// Of an entity: an id of the phone.
pub(super) const PHONE: u8 = 12;
pub(super) const COUNT: usize = 13;
/// Ids that are no use twice, and the app id: read and forgotten.
pub(super) const FORGET: u8 = 20;
pub(super) const DATA: u8 = 21;
pub(super) const SCHEMA: u8 = 22;
/// JSON in a text: this number plus its place in `Found::nested`.
pub(super) const NESTED: u8 = 24;
pub(super) const EVENT_PLAIN: u8 = 24;
pub(super) const EVENT_BASE64: u8 = 25;
pub(super) const ENTITIES_PLAIN: u8 = 26;
pub(super) const ENTITIES_BASE64: u8 = 27;
pub(super) const NESTED_COUNT: usize = 4;
/// Keys with a type: this number plus the place in `names::TYPED`.
pub(super) const TYPED: u8 = 64;
/// Keys of an entity with a canonical path: this number plus the place in its list.
pub(super) const CANONICAL: u8 = 128;
/// Group keys: this number plus the group's.
pub(super) const GROUP: u8 = 192;

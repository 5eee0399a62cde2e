//! Readers of bytes from the disk, replayed on stable and by libFuzzer.

use crate::act::People;
use crate::position::Position;

/// Any bytes as a receiver's position.
pub fn fuzz_position(data: &[u8]) {
    if let Some(position) = Position::parse(data) {
        assert_eq!(position.text().as_bytes(), data, "one text for one position");
    }
}

/// Any bytes as a file of users.
pub fn fuzz_people(data: &[u8]) {
    let _ = People::parse(&String::from_utf8_lossy(data));
}

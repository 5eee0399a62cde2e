//! Readers of bytes from the disk, as functions that must never panic.

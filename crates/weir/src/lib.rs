//! Weir, the binary's library: configuration, listener, the pipeline where the stages meet, and the command line.

pub mod cli;
pub mod config;
pub mod disk;
pub mod listen;
pub mod log;
pub mod tls;

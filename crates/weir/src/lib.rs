//! Weir, the binary's library: configuration, listener, the pipeline where the stages meet, and the command line.
//!
//! Read in this order: [`pipeline`] (the gate, one screen), [`generation`], [`gateway`] (what a running Weir is made of), [`serve`].

pub mod alerts;
pub mod auxiliary;
pub mod backup;
pub mod bypass;
pub mod calls;
pub mod capacity;
pub mod cli;
pub mod config;
mod consent;
pub mod dedup;
pub mod destination;
pub mod disclose;
pub mod disk;
pub mod evidence;
mod explain;
pub mod first_start;
pub mod formats;
pub mod gateway;
pub mod generation;
pub mod hand_over;
mod key_acts;
pub mod ladder;
pub mod listen;
pub mod log;
pub mod marks;
pub mod observed;
mod omitted;
pub mod operate;
pub mod pipeline;
pub mod preview;
pub mod process;
mod profile;
pub mod propose;
pub mod rate;
pub mod receivers;
pub mod resend;
pub mod rollout;
pub mod serve;
pub mod ship;
pub mod stage;
pub mod telemetry;
pub mod tls;
pub mod versions;
pub mod watch;
pub mod why;

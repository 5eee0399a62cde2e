//! What `weir rollout` says: what a change of what destinations may have does to events, how far it is on its way, what its guards
//! measure. Counts, names of rules and clean names; no value of an event.

use serde::{Deserialize, Serialize};

/// What a change does, held against events that the journal holds.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Evaluation {
    /// The generation in force.
    pub old: String,
    /// The one to follow it.
    pub new: String,
    /// Received from this time on, RFC 3339.
    pub from: String,
    /// Events looked at.
    pub events: u64,
    /// Whether these are a part of the events of that time, evenly spread.
    pub is_sample: bool,
    /// What the change touches that cannot be held against events and comes into force at once.
    pub at_once: Vec<String>,
    /// Destinations whose rules differ.
    pub destinations: Vec<Difference>,
    /// What the guards measure.
    pub guards: Vec<Reading>,
}

/// One destination under both policies. Counts of events.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Difference {
    /// Its id.
    pub destination: String,
    /// Meant for it.
    pub offered: u64,
    /// Leave under the policy in force.
    pub old_released: u64,
    /// Leave under the next one.
    pub new_released: u64,
    /// Dropped under the one in force, by rule.
    pub old_dropped: Vec<(String, u64)>,
    /// Dropped under the next one, by rule.
    pub new_dropped: Vec<(String, u64)>,
    /// Leave under the one in force only.
    pub lost: u64,
    /// Leave under the next one only.
    pub gained: u64,
    /// Names of events that differ, the greatest difference first.
    pub events: Vec<EventDifference>,
    /// Further names that differ.
    pub more: u64,
}

/// Events of one name.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EventDifference {
    /// The name.
    pub event: String,
    /// Leave under the policy in force.
    pub old_released: u64,
    /// Leave under the next one.
    pub new_released: u64,
    /// Properties that differ: path, how many of the events that leave carry it under the one in force, and under the next one.
    pub properties: Vec<(String, u64, u64)>,
}

/// What one guard measures where it measures most. Shares in millionths.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reading {
    /// `volume`, `fill`, `dropped`, `quarantined`.
    pub guard: String,
    /// More than this takes the change back.
    pub limit: u32,
    /// What is measured.
    pub value: u32,
    /// Where: destination, event, property.
    pub place: String,
}

impl Reading {
    /// Whether it takes the change back.
    pub fn is_breach(&self) -> bool {
        self.value > self.limit
    }
}

/// How a rollout is, or the last one was.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Rollout {
    /// `none`, `running`, `paused`, `rolled_back`, `finished`.
    pub state: String,
    /// The generation that was in force before.
    pub old: String,
    /// The one on its way.
    pub new: String,
    /// When it began, RFC 3339.
    pub started: String,
    /// The steps: shares of people in millionths.
    pub steps: Vec<u32>,
    /// Which of them it is at, from 0.
    pub step: u32,
    /// How long this step still lasts, in milliseconds.
    pub left_millis: u64,
    /// Why it was taken back.
    pub breach: Option<String>,
    /// Events kept for it now.
    pub kept: u64,
    /// What the guards measure in this step.
    pub guards: Vec<Reading>,
    /// What the two policies made of the events of this step's share.
    pub destinations: Vec<Difference>,
}

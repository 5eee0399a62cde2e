//! What a destination would get of traffic that the journal holds: paths, shares and rules, no value.

use serde::{Deserialize, Serialize};

/// Before and after of a destination.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct Preview {
    /// The destination.
    pub destination: String,
    /// How people appear there: `raw`, `stable` or `rotating`.
    pub subject: String,
    /// The oldest event that was looked at, RFC 3339; empty where there was none.
    pub from: String,
    /// The newest.
    pub to: String,
    /// Events that were looked at.
    pub events: u64,
    /// Whether there were more: then these are the newest.
    pub cut: bool,
    /// Names of events and properties beyond the limit, not listed.
    pub unlisted: u64,
    /// By how often they were seen.
    pub list: Vec<PreviewEvent>,
    /// What each way for people to appear costs.
    pub price: Price,
}

/// One event.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct PreviewEvent {
    /// Its name.
    pub event: String,
    /// How often it was seen.
    pub seen: u64,
    /// How often it leaves.
    pub leaves: u64,
    /// How often it does not, by rule.
    pub dropped: Vec<(String, u64)>,
    /// By how often they were seen.
    pub properties: Vec<PreviewProperty>,
}

/// One property of one event.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct PreviewProperty {
    /// Its path.
    pub path: String,
    /// In how many of the events it was.
    pub seen: u64,
    /// Of what kinds its values were: `string`, `number`, `boolean`, `null`. Empty for what the gate took away.
    pub kinds: Vec<String>,
    /// Characters of its shortest and its longest value.
    pub characters: (u64, u64),
    /// What was found in it, by category.
    pub found: Vec<String>,
    /// In how many events it leaves, by how: `keep`, `coarsen`, `pseudonymize`, ….
    pub leaves: Vec<(String, u64)>,
    /// In how many it does not, by rule.
    pub withheld: Vec<(String, u64)>,
}

/// What each way for people to appear costs, by the traffic that was looked at.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct Price {
    /// Distinct users and devices.
    pub subjects: u64,
    /// From the first to the last event of one, by their own time as far as it counts for epochs (D4), in milliseconds.
    pub span_millis: u64,
    /// For `rotating`, by period.
    pub rotating: Vec<PricePeriod>,
}

/// What pseudonyms of one lifetime cost.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct PricePeriod {
    /// The lifetime in milliseconds.
    pub period_millis: u64,
    /// Epochs that the traffic touches.
    pub epochs: u64,
    /// Pseudonyms that the vendor sees: each is a user to it.
    pub pseudonyms: u64,
    /// Subjects of more than one epoch: their return looks like somebody new.
    pub returning: u64,
    /// Whether the traffic is enough to say so: at least 100 subjects and one and a half times the lifetime.
    pub is_enough: bool,
}

//! What the stand-in received, and what of it the vendor would now hold.

use std::collections::HashMap;

use serde_json::Value;

use crate::standin::check::{Operation, Violation};

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Received {
    /// `POST` and so on.
    pub method: String,
    /// Path and query as sent.
    pub target: String,
    /// Header names in lower case, values as sent.
    pub headers: Vec<(String, String)>,
    /// The body as sent.
    pub body: Vec<u8>,
    /// The body after its content encoding was taken off.
    pub opened: Vec<u8>,
    /// The status that was answered; 0 where the socket was closed instead.
    pub status: u16,
}

impl Received {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The path without the query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// Everything of the request as bytes, body opened, for looking for planted values.
    pub fn everything(&self) -> Vec<u8> {
        let mut out = format!("{} {}\n", self.method, self.target).into_bytes();
        for (name, value) in &self.headers {
            out.extend_from_slice(format!("{name}: {value}\n").as_bytes());
        }
        out.extend_from_slice(&self.opened);
        out
    }
}

/// An event that the vendor holds.
#[derive(Clone, Debug)]
pub struct StoredEvent {
    /// The whole event object.
    pub event: Value,
    /// Which endpoint it came by: `track` or `import`.
    pub endpoint: &'static str,
    /// How often it arrived; the vendor keeps one.
    pub copies: u32,
}

impl StoredEvent {
    /// Its name.
    pub fn name(&self) -> &str {
        self.event["event"]
            .as_str()
            .or_else(|| self.event["event_type"].as_str())
            .or_else(|| self.event["name"].as_str())
            .unwrap_or_default()
    }

    /// Its number `n`, by which a test follows it.
    pub fn number(&self) -> Option<u64> {
        self.properties().get("n").and_then(Value::as_u64)
    }

    /// Its properties.
    pub fn properties(&self) -> &serde_json::Map<String, Value> {
        static EMPTY: std::sync::OnceLock<serde_json::Map<String, Value>> = std::sync::OnceLock::new();
        let own = self.event["properties"].as_object().or_else(|| self.event["event_properties"].as_object());
        let own = own.or_else(|| self.event["params"].as_object());
        own.unwrap_or_else(|| EMPTY.get_or_init(serde_json::Map::new))
    }

    /// What the vendor knows it by, so that it keeps one where it gets two.
    pub fn insert_id(&self) -> Option<String> {
        let own = ["insert_id", "uuid", "messageId"].iter().find_map(|key| self.event[*key].as_str());
        self.text("$insert_id").or_else(|| own.map(str::to_owned))
    }

    /// One property as text, however it was written.
    pub fn text(&self, property: &str) -> Option<String> {
        match self.properties().get(property)? {
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }
}

/// A profile or group operation that the vendor applied.
#[derive(Clone, Debug)]
pub struct StoredProfile {
    /// The whole operation object.
    pub update: Value,
    /// `engage` or `groups`.
    pub endpoint: &'static str,
    /// `$set` and so on.
    pub operation: String,
}

/// Everything since the start or the last reset.
#[derive(Debug, Default)]
pub struct Recorded {
    requests: Vec<Received>,
    events: Vec<StoredEvent>,
    by_key: HashMap<String, usize>,
    profiles: Vec<StoredProfile>,
    violations: Vec<Violation>,
    silently_lost: usize,
}

impl Recorded {
    /// Keeps a request.
    pub fn request(&mut self, request: Received) {
        self.requests.push(request);
    }

    /// Forgets the requests, keeps what they brought.
    pub fn forget_requests(&mut self) {
        self.requests = Vec::new();
    }

    /// Stores what passed the checks.
    pub fn store(&mut self, endpoint: &'static str, operation: &Operation) {
        match operation {
            Operation::TooOld => self.silently_lost += 1,
            Operation::Event { event, key } => {
                let place = key.as_ref().and_then(|key| self.by_key.get(key));
                if let Some(place) = place {
                    self.events[*place].copies += 1;
                    return;
                }
                if let Some(key) = key {
                    self.by_key.insert(key.clone(), self.events.len());
                }
                self.events.push(StoredEvent { event: event.clone(), endpoint, copies: 1 });
            }
            Operation::Profile { update, operation } => {
                let operation = operation.clone();
                self.profiles.push(StoredProfile { update: update.clone(), endpoint, operation });
            }
        }
    }

    /// Notes what was refused.
    pub fn violation(&mut self, violation: Violation) {
        self.violations.push(violation);
    }

    /// All requests.
    pub fn requests(&self) -> &[Received] {
        &self.requests
    }

    /// Events held, each once.
    pub fn events(&self) -> &[StoredEvent] {
        &self.events
    }

    /// Operations applied.
    pub fn profiles(&self) -> &[StoredProfile] {
        &self.profiles
    }

    /// What was refused.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Accepted and thrown away.
    pub fn silently_lost(&self) -> usize {
        self.silently_lost
    }
}

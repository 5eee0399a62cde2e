//! The stand-in as a Splunk HTTP Event Collector: `/services/collector/event` and `/services/collector/ack`.
//!
//! It checks as Splunk documents it: a known token, objects one behind the other, an `event` that is there and not blank, a time in
//! seconds, an index that the token may write to, at most 1 MB; with acknowledgement a channel, and numbers that count from 0 in
//! each. Refusals bear Splunk's codes and the place of the first event that does not go in; what stands before it is taken, as
//! Splunk does. Splunk removes no duplicates; the stand-in keeps the copies of an `insert_id` together, so that a test can count both.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::Account;
use super::check::{Judged, Operation, Violation};
use crate::encoding;

/// Bytes of one request, uncompressed.
const REQUEST_BYTES_MAX: usize = 1_000_000;
/// The one index that tokens may write to.
pub const INDEX: &str = "analytics";

/// What tokens say of acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acks {
    /// They have none.
    Disabled,
    /// What was taken is indexed when it is asked about for the n-th time.
    After(u32),
    /// Nothing is ever indexed that anybody knew of.
    Never,
}

/// What is under way in each channel.
#[derive(Default)]
pub struct Channels {
    next: HashMap<String, u64>,
    /// How often each was asked about.
    pending: HashMap<(String, u64), u32>,
    asked: u64,
}

impl Channels {
    /// Questions so far.
    pub fn asked(&self) -> u64 {
        self.asked
    }

    /// Judges one request. `planted`: the number of an event that is refused whatever it is.
    pub fn judge(
        &mut self,
        endpoint: &'static str,
        authorization: Option<&str>,
        channel: Option<&str>,
        opened: &[u8],
        account: &Account,
        planted: Option<u64>,
    ) -> Judged {
        let whole = |status: u16, code: u16, text: &str| {
            Judged::refused(endpoint, status, json!({"text": text, "code": code}), text)
        };
        if let Some((status, code, text)) = refused(authorization, account) {
            return whole(status, code, text);
        }
        if account.acks != Acks::Disabled && !channel.is_some_and(is_guid) {
            return whole(400, 10, "Data channel is missing");
        }
        if opened.len() > REQUEST_BYTES_MAX {
            return whole(413, 27, "Request entity too large");
        }
        let mut accepted = Vec::new();
        let events = serde_json::Deserializer::from_slice(opened).into_iter::<Value>();
        for (index, event) in events.enumerate() {
            let number = event.as_ref().ok().and_then(|event| event["event"]["properties"]["n"].as_u64());
            let is_planted = planted.is_some() && planted == number;
            let checked = match event {
                _ if is_planted => Err((6, "Invalid data format")),
                Ok(event) => check(&event),
                Err(_) => Err((6, "Invalid data format")),
            };
            match checked {
                Ok(operation) => accepted.push(operation),
                Err((code, text)) => {
                    let answer = json!({"text": text, "code": code, "invalid-event-number": index});
                    // What a test planted is no defect of the sender's.
                    let refused =
                        if is_planted { Vec::new() } else { vec![Violation::new(endpoint, index, "event", text)] };
                    return Judged { status: 400, answer, accepted, refused };
                }
            }
        }
        if accepted.is_empty() {
            return whole(400, 5, "No data");
        }
        let mut answer = json!({"text": "Success", "code": 0});
        if let (Some(channel), false) = (channel, account.acks == Acks::Disabled) {
            let next = self.next.entry(channel.to_owned()).or_default();
            answer["ackId"] = json!(*next);
            self.pending.insert((channel.to_owned(), *next), 0);
            *next += 1;
        }
        Judged { status: 200, answer, accepted, refused: Vec::new() }
    }

    /// Answers a question.
    pub fn answer(&mut self, authorization: Option<&str>, query: &str, body: &[u8], account: &Account) -> (u16, Value) {
        if let Some((status, code, text)) = refused(authorization, account) {
            return (status, json!({"text": text, "code": code}));
        }
        if account.acks == Acks::Disabled {
            return (400, json!({"text": "ACK is disabled", "code": 14}));
        }
        let channel = encoding::form(query.as_bytes()).into_iter().find(|(name, _)| name == "channel");
        let channel = channel.map(|(_, value)| String::from_utf8_lossy(&value).into_owned());
        let Some(channel) = channel.filter(|channel| is_guid(channel)) else {
            return (400, json!({"text": "Data channel is missing", "code": 10}));
        };
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        let Some(numbers) = asked["acks"].as_array() else {
            return (400, json!({"text": "Invalid data format", "code": 6}));
        };
        let mut acks = json!({});
        for number in numbers.iter().filter_map(Value::as_u64) {
            let key = (channel.clone(), number);
            let is_indexed = match (self.pending.get_mut(&key), account.acks) {
                (Some(times), Acks::After(n)) => {
                    *times += 1;
                    self.asked += 1;
                    *times >= n
                }
                (Some(_), _) => {
                    self.asked += 1;
                    false
                }
                (None, _) => false,
            };
            if is_indexed {
                // Splunk forgets a number once it has said so.
                self.pending.remove(&key);
            }
            acks[number.to_string()] = json!(is_indexed);
        }
        (200, json!({ "acks": acks }))
    }
}

fn refused(authorization: Option<&str>, account: &Account) -> Option<(u16, u16, &'static str)> {
    let Some(header) = authorization else { return Some((401, 2, "Token is required")) };
    let Some(token) = header.strip_prefix("Splunk ") else { return Some((401, 3, "Invalid authorization")) };
    let is_known = account.tokens.is_empty() || account.tokens.iter().any(|known| known == token);
    (!is_known).then_some((403, 4, "Invalid token"))
}

fn is_guid(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

fn check(event: &Value) -> Result<Operation, (u16, &'static str)> {
    let object = event.as_object().ok_or((6, "Invalid data format"))?;
    let known = ["time", "host", "source", "sourcetype", "index", "event", "fields"];
    if object.keys().any(|key| !known.contains(&key.as_str())) {
        return Err((6, "Invalid data format"));
    }
    let time = object.get("time").and_then(Value::as_f64).ok_or((6, "Invalid data format"))?;
    if !(1e8..1e10).contains(&time) {
        return Err((6, "a time that is not in seconds"));
    }
    if object.get("index").is_some_and(|index| index != INDEX) {
        return Err((7, "Incorrect index"));
    }
    let inner = object.get("event").ok_or((12, "Event field is required"))?;
    if inner == "" || inner.is_null() {
        return Err((13, "Event field cannot be blank"));
    }
    let id = inner["insert_id"].as_str().ok_or((6, "an event without an id of its own"))?;
    Ok(Operation::Event { event: inner.clone(), key: Some(id.to_owned()) })
}

//! What a vendor does on a bad day.

use std::collections::VecDeque;

use serde_json::Value;

use crate::random::Random;

/// One fault, put in front of one ingestion request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is wrong with this one: a place in a script that lets a request through.
    None,
    /// Answers this status, stores nothing.
    Status {
        /// The status code.
        status: u16,
        /// The `Retry-After` header, as written.
        retry_after: Option<String>,
    },
    /// Answers 413 where a request holds more events than this.
    TooLargeAbove(usize),
    /// Refuses every n-th event of an `/import` in the strict answer and stores the rest.
    Partial(usize),
    /// Refuses the event whose `n` is this, where the vendor says which event it refuses.
    Event(u64),
    /// Closes the socket before it reads the body.
    CloseBeforeRead,
    /// Reads the body, closes the socket, stores nothing.
    CloseAfterRead,
    /// Stores everything and closes the socket before the answer: only the vendor knows.
    CloseAfterStore,
    /// Works, but takes this many milliseconds to answer.
    Slow(u64),
    /// Redirects to another place on the same host.
    Redirect,
    /// Answers 200 with a page that is not the vendor's, and stores nothing, as a captive portal does.
    Garbage,
}

impl Fault {
    /// A status without `Retry-After`.
    pub fn status(status: u16) -> Fault {
        Fault::Status { status, retry_after: None }
    }

    /// A status with `Retry-After` in seconds.
    pub fn status_after(status: u16, seconds: u64) -> Fault {
        Fault::Status { status, retry_after: Some(seconds.to_string()) }
    }

    /// Reads one entry of a fault script: `{"kind": "status", "status": 429, "retry_after": "1"}`, `{"kind": "slow", "ms": 50}` and so on.
    pub fn from_json(value: &Value) -> Option<Fault> {
        let number = |key: &str| value.get(key).and_then(Value::as_u64);
        Some(match value.get("kind")?.as_str()? {
            "none" => Fault::None,
            "status" => Fault::Status {
                status: u16::try_from(number("status")?).ok().filter(|s| (100..1000).contains(s))?,
                retry_after: value.get("retry_after").and_then(Value::as_str).map(str::to_owned),
            },
            "too_large_above" => Fault::TooLargeAbove(usize::try_from(number("events")?).ok()?),
            "partial" => Fault::Partial(usize::try_from(number("every")?).ok()?),
            "event" => Fault::Event(number("n")?),
            "close_before_read" => Fault::CloseBeforeRead,
            "close_after_read" => Fault::CloseAfterRead,
            "close_after_store" => Fault::CloseAfterStore,
            "slow" => Fault::Slow(number("ms")?),
            "redirect" => Fault::Redirect,
            "garbage" => Fault::Garbage,
            _ => return None,
        })
    }
}

/// Which fault the next request meets: the script first, then what always holds, then what the seed draws.
#[derive(Debug, Default)]
pub struct Faults {
    script: VecDeque<Fault>,
    always: Option<Fault>,
    seeded: Option<(Random, u64, Vec<Fault>)>,
}

impl Faults {
    /// Appends to the script.
    pub fn script(&mut self, faults: impl IntoIterator<Item = Fault>) {
        self.script.extend(faults);
    }

    /// Sets what every request meets.
    pub fn always(&mut self, fault: Fault) {
        self.always = Some(fault);
    }

    /// Sets what is drawn.
    pub fn seeded(&mut self, seed: u64, per_mille: u64, among: Vec<Fault>) {
        self.seeded = Some((Random::new(seed), per_mille, among));
    }

    /// How much of the script is left.
    pub fn left(&self) -> usize {
        self.script.len()
    }

    /// The fault for the next request.
    pub fn draw(&mut self) -> Fault {
        if let Some(fault) = self.script.pop_front() {
            return fault;
        }
        if let Some(fault) = &self.always {
            return fault.clone();
        }
        let Some((random, per_mille, among)) = &mut self.seeded else { return Fault::None };
        let meets_one = random.chance(*per_mille) && !among.is_empty();
        if meets_one { random.pick(among).clone() } else { Fault::None }
    }
}

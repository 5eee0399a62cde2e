//! What a path's name says about its values, and how the path is written in an answer: once per path.

use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use serde_json::Value;
use weir_detect::container::of_wire;
use weir_detect::{Engine, Judge, PathFacts};
use weir_event::names::has_clean_class;
use weir_event::{Finding, LeafKind, NameJudge, NameVerdict, limits};

/// One path.
pub(super) struct Place {
    /// What its name says.
    pub(super) facts: PathFacts,
    /// The path for a person.
    pub(super) text: String,
    /// The path as a string of JSON, quotes and all.
    pub(super) json: String,
    /// What was found in keys that are data, and so are written `*`.
    pub(super) in_key: Vec<Finding>,
}

/// The paths met so far.
pub(super) struct Paths {
    given: HashMap<String, Place, RandomState>,
    walked: HashMap<String, Place, RandomState>,
    /// A path that no longer found room.
    last: Option<Place>,
    judge: Judge,
}

impl Paths {
    pub(super) fn new() -> Paths {
        let judge = Judge::new(Arc::new(Engine::new()));
        Paths { given: HashMap::default(), walked: HashMap::default(), last: None, judge }
    }

    /// A path that a leaf brings along: it is written as it came.
    pub(super) fn given(&mut self, path: &str) -> &Place {
        let make = || Place {
            facts: PathFacts::of_path(&of_wire(path)),
            text: path.to_owned(),
            json: Value::from(path).to_string(),
            in_key: Vec::new(),
        };
        remembered(&mut self.given, &mut self.last, path, make)
    }

    /// The path of a scalar in an event, keys escaped and joined as D1 says: a key that is data is written `*`, and what it holds is
    /// a finding.
    pub(super) fn walked(&mut self, path: &str) -> &Place {
        let judge = &self.judge;
        remembered(&mut self.walked, &mut self.last, path, || folded(judge, path))
    }
}

fn remembered<'p>(
    known: &'p mut HashMap<String, Place, RandomState>,
    last: &'p mut Option<Place>,
    path: &str,
    make: impl FnOnce() -> Place,
) -> &'p Place {
    if known.len() >= limits::DETECT_PATHS_MAX && !known.contains_key(path) {
        return last.insert(make());
    }
    known.entry_ref(path).or_insert_with(make)
}

fn folded(judge: &Judge, path: &str) -> Place {
    let mut text = String::with_capacity(path.len());
    let mut in_key = Vec::new();
    for (i, key) in keys(path).into_iter().enumerate() {
        if i > 0 {
            text.push('.');
        }
        let raw = raw(key);
        if key == "*" || (has_clean_class(&raw) && judge.judge(&raw) == NameVerdict::Clean) {
            text.push_str(key);
        } else {
            text.push('*');
            judge.0.scan(PathFacts::NONE, LeafKind::MapKey, raw.as_bytes(), &mut in_key);
        }
    }
    Place { facts: PathFacts::of_path(&of_wire(&text)), json: Value::from(&*text).to_string(), text, in_key }
}

/// The keys of a path, still escaped.
fn keys(path: &str) -> Vec<&str> {
    let (mut keys, mut start, mut is_escaped) = (Vec::new(), 0, false);
    for (at, byte) in path.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'.' => {
                keys.push(&path[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    keys.push(&path[start..]);
    keys
}

fn raw(key: &str) -> String {
    let (mut raw, mut is_escaped) = (String::with_capacity(key.len()), false);
    for c in key.chars() {
        is_escaped = c == '\\' && !is_escaped;
        if !is_escaped {
            raw.push(c);
        }
    }
    raw
}

//! Changes to JSON by the place of a value, on a tree that is only of the tests.

use serde_json::{Map, Value};

/// A way from the root to a value.
pub(crate) type Way = Vec<Step>;

/// One step of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Step {
    /// Into an object.
    Key(String),
    /// Into an array.
    Index(usize),
}

/// The ways to every value of a tree, parents first.
pub(crate) fn ways(root: &Value) -> Vec<Way> {
    fn below(value: &Value, way: &mut Way, out: &mut Vec<Way>) {
        out.push(way.clone());
        let mut step = |step, value, way: &mut Way| {
            way.push(step);
            below(value, way, out);
            way.pop();
        };
        match value {
            Value::Object(map) => map.iter().for_each(|(key, value)| step(Step::Key(key.clone()), value, way)),
            Value::Array(list) => list.iter().enumerate().for_each(|(i, value)| step(Step::Index(i), value, way)),
            _ => {}
        }
    }
    let mut out = Vec::new();
    below(root, &mut Vec::new(), &mut out);
    out
}

/// The value at the end of a way.
pub(crate) fn at<'a>(root: &'a Value, way: &[Step]) -> &'a Value {
    way.iter().fold(root, |value, step| match step {
        Step::Key(key) => &value[key.as_str()],
        Step::Index(i) => &value[*i],
    })
}

/// The same, to change it.
pub(crate) fn at_mut<'a>(root: &'a mut Value, way: &[Step]) -> &'a mut Value {
    way.iter().fold(root, |value, step| match step {
        Step::Key(key) => &mut value[key.as_str()],
        Step::Index(i) => &mut value[*i],
    })
}

/// The tree with another value at the end of a way.
pub(crate) fn with(root: &Value, way: &[Step], value: Value) -> Value {
    let mut changed = root.clone();
    *at_mut(&mut changed, way) = value;
    changed
}

/// The text of a tree where the key at the end of `way` stands twice: first with `first`, then as it is.
pub(crate) fn text_with_twin(root: &Value, way: &[Step], first: &str) -> String {
    let mut out = String::new();
    write(root, Some(way), first, &mut out);
    out
}

fn write(value: &Value, way: Option<&[Step]>, first: &str, out: &mut String) {
    let quoted = |text: &str| Value::String(text.to_owned()).to_string();
    match value {
        Value::Object(map) => write_object(map, way, first, out),
        Value::Array(list) => {
            out.push('[');
            for (i, value) in list.iter().enumerate() {
                out.push_str(if i == 0 { "" } else { "," });
                let next = way.and_then(|way| way.split_first()).filter(|(step, _)| **step == Step::Index(i));
                write(value, next.map(|(_, rest)| rest), first, out);
            }
            out.push(']');
        }
        Value::String(text) => out.push_str(&quoted(text)),
        other => out.push_str(&other.to_string()),
    }
}

fn write_object(map: &Map<String, Value>, way: Option<&[Step]>, first: &str, out: &mut String) {
    out.push('{');
    for (i, (key, value)) in map.iter().enumerate() {
        out.push_str(if i == 0 { "" } else { "," });
        let quoted = Value::String(key.clone()).to_string();
        let next = way.and_then(|way| way.split_first()).filter(|(step, _)| **step == Step::Key(key.clone()));
        if next.is_some_and(|(_, rest)| rest.is_empty()) {
            out.push_str(&format!("{quoted}:{first},"));
        }
        out.push_str(&quoted);
        out.push(':');
        write(value, next.map(|(_, rest)| rest), first, out);
    }
    out.push('}');
}

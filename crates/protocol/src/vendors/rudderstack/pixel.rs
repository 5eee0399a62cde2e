//! The pixel: one event as parameters of a query, where a dot in a name leads into an object, as rudder-server reads it
//! (`gateway/handle_http_pixel.go`). It becomes the JSON that other SDKs send, and is decoded as that.

use std::collections::BTreeMap;

use crate::body::form;
use crate::body::{BodyError, Carrier, Limits, Opened};

/// A parameter with more dots is a name as it stands.
const DEPTH_MAX: usize = 8;

enum Node {
    Text(String),
    Object(BTreeMap<String, Node>),
}

/// Opens a query.
pub(super) fn open(query: &str, limits: &Limits) -> Result<Opened, BodyError> {
    let mut root = BTreeMap::new();
    for (name, value) in form::params(query.as_bytes()) {
        // Not part of the event: the key is looked for in the query itself.
        if name == "writeKey" || name.is_empty() {
            continue;
        }
        let mut keys: Vec<&str> = name.split('.').collect();
        if keys.len() > DEPTH_MAX || keys.contains(&"") {
            keys = vec![&name];
        }
        put(&mut root, &keys, value);
    }
    if root.is_empty() {
        return Ok(Opened::default());
    }
    let mut text = String::with_capacity(query.len() + 64);
    write(&Node::Object(root), &mut text);
    if text.len() > limits.decoded_bytes_max {
        return Err(BodyError::TooLarge { max: limits.decoded_bytes_max });
    }
    Ok(Opened::new(text.into_bytes(), Carrier::Query))
}

/// The last of two values of one name stands, whatever it replaces.
fn put(object: &mut BTreeMap<String, Node>, keys: &[&str], value: String) {
    match keys {
        [] => {}
        [key] => {
            object.insert((*key).to_owned(), Node::Text(value));
        }
        [key, rest @ ..] => {
            let node = object.entry((*key).to_owned()).or_insert_with(|| Node::Object(BTreeMap::new()));
            if let Node::Text(_) = node {
                *node = Node::Object(BTreeMap::new());
            }
            if let Node::Object(below) = node {
                put(below, rest, value);
            }
        }
    }
}

fn write(node: &Node, out: &mut String) {
    match node {
        Node::Text(text) => string(text, out),
        Node::Object(object) => {
            out.push('{');
            for (i, (key, value)) in object.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                string(key, out);
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
    }
}

fn string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            ..' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

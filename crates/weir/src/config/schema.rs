//! The JSON Schema of `weir.yaml`, for editors; generated from the table of fields (`weir config schema`).

use serde_json::{Map, Value, json};

use super::table::{Default, Field, Kind, ROOT};

/// The schema as it stands in `docs/weir.schema.json`.
pub fn text() -> String {
    let mut schema = section(ROOT);
    if let Some(fields) = schema.as_object_mut() {
        fields.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
        fields.insert("title".into(), json!("weir.yaml"));
        fields.insert(
            "description".into(),
            json!("Configuration of Weir. Every field has a default; unknown fields are errors."),
        );
    }
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

fn section(fields: &'static [Field]) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in fields {
        let mut schema = kind(&field.kind);
        if let Some(object) = schema.as_object_mut() {
            object.insert("description".into(), json!(field.doc));
            match field.default {
                Default::Value(text) => {
                    if let Some(value) = default_value(text) {
                        object.insert("default".into(), value);
                    }
                }
                Default::Absent => {}
                Default::Required { .. } => required.push(field.name),
            }
        }
        properties.insert(field.name.into(), schema);
    }
    let mut schema = json!({"type": "object", "additionalProperties": false, "properties": properties});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// Defaults are YAML of one line; those in use are words, flags, numbers and flat lists, which this reads.
fn default_value(text: &str) -> Option<Value> {
    Some(match text {
        "{}" => return None,
        "true" => json!(true),
        "false" => json!(false),
        _ => match text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
            Some("") => json!([]),
            Some(items) => items.split(',').map(|item| json!(item.trim())).collect(),
            None => text.parse::<u64>().map_or_else(|_| json!(text), |n| json!(n)),
        },
    })
}

fn kind(of: &'static Kind) -> Value {
    match of {
        Kind::Text(form) => match form.pattern {
            // An editor reads `4711` as a number where a text of digits is meant.
            Some(pattern) => json!({"type": ["string", "number"], "pattern": pattern}),
            None => json!({"type": ["string", "number"]}),
        },
        Kind::Flag => json!({"type": "boolean"}),
        Kind::Count { min, max } => json!({"type": "integer", "minimum": min, "maximum": max}),
        Kind::Share => json!({"type": "number", "minimum": 0.000_001, "maximum": 1}),
        Kind::Size { auto, .. } => {
            let size = r"[0-9]+ ?(B|KiB|MiB|GiB|TiB)";
            json!({"type": "string", "pattern": if *auto { format!("^(auto|{size})$") } else { format!("^{size}$") }})
        }
        Kind::Duration { .. } => json!({"type": "string", "pattern": "^[0-9]+ ?(ms|s|m|h|d)$"}),
        Kind::Choice(choices) => {
            let accepted = choices.iter().filter(|c| c.not_yet.is_none());
            json!({"oneOf": accepted.map(|c| json!({"const": c.name, "description": c.doc})).collect::<Vec<_>>()})
        }
        Kind::List { of, min, max } => json!({"type": "array", "items": kind(of), "minItems": min, "maxItems": max}),
        Kind::Map { key, of, max, .. } => {
            let mut schema = json!({"type": "object", "additionalProperties": kind(of), "maxProperties": max});
            if let Some(pattern) = key.pattern {
                schema["propertyNames"] = json!({"pattern": pattern});
            }
            schema
        }
        Kind::Section(fields) => section(fields),
        Kind::Short { main, of } => {
            let alone = of.iter().filter(|field| field.name == *main).map(|field| kind(&field.kind));
            json!({"oneOf": alone.chain([section(of)]).collect::<Vec<_>>()})
        }
        Kind::Variants { of, .. } => {
            let mut forms = Vec::new();
            for variant in *of {
                if variant.bare {
                    forms.push(json!({"const": variant.name, "description": variant.doc}));
                }
                if let Some(body) = variant.body {
                    forms.push(json!({
                        "type": "object",
                        "additionalProperties": false,
                        "properties": {variant.name: kind(body)},
                        "required": [variant.name],
                        "description": variant.doc,
                    }));
                }
            }
            json!({"oneOf": forms})
        }
    }
}

//! SARIF 2.1.0 (OASIS): each category is a rule, each finding in a property of an event a result.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use weir_event::Category;

use super::report::{Report, percent};
use super::sensitivity::weight;

/// The report as a SARIF log.
pub(super) fn of(report: &Report) -> Value {
    let mut rules: BTreeMap<Category, usize> = BTreeMap::new();
    let properties = report.events.iter().flat_map(|event| &event.properties);
    rules.extend(properties.flat_map(|property| &property.findings).map(|finding| (finding.category, 0)));
    rules.values_mut().enumerate().for_each(|(i, place)| *place = i);
    let mut results = Vec::new();
    for event in &report.events {
        for property in &event.properties {
            for finding in &property.findings {
                let (key, likelihood) = (finding.category.key(), finding.likelihood.key());
                let text = format!(
                    "`{}` of the event `{}` holds {key} ({}), in {} of its events. By default, Weir {}.",
                    property.label,
                    event.name,
                    likelihood.replace('_', " "),
                    percent(finding.events, event.seen),
                    property.says,
                );
                let file = report.files.get(property.file).map(|file| uri(&file.name)).unwrap_or_default();
                results.push(json!({
                    "ruleId": key,
                    "ruleIndex": rules.get(&finding.category),
                    "level": level(finding.category),
                    "message": {"text": text},
                    "locations": [{
                        "physicalLocation": {"artifactLocation": {"uri": file}},
                        "logicalLocations": [{
                            "name": property.path,
                            "fullyQualifiedName": format!("{}/{}/{}", event.vendor, event.name, property.path),
                            "kind": "member",
                        }],
                    }],
                    // Names only, so that a later export of the same events has the same.
                    "partialFingerprints": {"weirAudit/v1": format!("{}/{}/{}/{key}", event.vendor, event.name, property.path)},
                    "properties": {
                        "likelihood": likelihood,
                        "events": finding.events,
                        "of": event.seen,
                        "evidence": finding.evidence,
                        "detectors": finding.detectors,
                    },
                }));
            }
        }
    }
    let rules = rules.keys().map(|category| {
        json!({
            "id": category.key(),
            "shortDescription": {"text": format!("An event holds {}", category.key())},
            "defaultConfiguration": {"level": level(*category)},
            "properties": {"sensitivity": weight(*category)},
        })
    });
    let notes = report.gaps().into_iter().map(|gap| json!({"level": "warning", "message": {"text": gap}}));
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "weir audit",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.collect::<Vec<_>>(),
            }},
            "invocations": [{
                "executionSuccessful": report.is_whole(),
                "endTimeUtc": report.now.to_rfc3339(),
                "toolExecutionNotifications": notes.collect::<Vec<_>>(),
            }],
            "artifacts": report.files.iter().map(|file| json!({"location": {"uri": uri(&file.name)}})).collect::<Vec<_>>(),
            "results": results,
        }],
    })
}

fn level(category: Category) -> &'static str {
    match weight(category) {
        4.. => "error",
        2..=3 => "warning",
        _ => "note",
    }
}

/// A path as a reference of RFC 3986.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

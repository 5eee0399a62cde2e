//! Each line of the table of reports, held against what the encoders write: an event with everything that the vendor's own SDK may say,
//! released by the baseline, with the presets, and with what may be allowed. `docs/parity.md` is written from the table:
//! `WEIR_WRITE_DOCS=1` writes it anew.

#[allow(dead_code, reason = "other tests use the rest")]
mod world;

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use weir_protocol::parity::{Field, Sent, VENDORS};

use world::{NOW, World};

/// All that lets something out beside an allow list.
const PRESETS: &[&str] = &["attribution", "device", "app", "revenue", "experiments"];

/// An event with everything in it, as the vendor's own SDK says it.
fn everything(vendor: &str) -> (&'static str, Value) {
    match vendor {
        "mixpanel" => (
            "/track",
            json!([{"event": "Order Placed", "properties": {
                "token": "tok", "distinct_id": "u-7f3a", "time": NOW.0, "$insert_id": "a1", "ip": "203.0.113.9",
                "$city": "Springfield", "$region": "Illinois", "utm_source": "newsletter", "utm_medium": "email",
                "utm_campaign": "spring", "utm_term": "shoes", "utm_content": "banner",
                "$referrer": "https://search.example/q", "$referring_domain": "search.example",
                "$initial_referring_domain": "news.example", "gclid": "Cj0KCQ", "$os": "Mac OS X", "$os_version": "15.1.2",
                "$browser": "Chrome", "$browser_version": 131, "$model": "Pixel 9", "$manufacturer": "Google",
                "$brand": "google", "$screen_width": 1440, "$app_version_string": "4.12.0", "$app_build_number": "1042",
                "$current_url": "https://shop.example/cart", "current_page_title": "Cart", "revenue": 49.99, "currency": "EUR",
                "Experiment name": "checkout", "Variant name": "blue",
            }}]),
        ),
        "amplitude" => (
            "/2/httpapi",
            json!({"api_key": "key", "events": [{
                "event_type": "Order Placed", "user_id": "u-7f3a", "device_id": "d-1", "time": NOW.0, "insert_id": "a1",
                "session_id": NOW.0 - 60_000, "ip": "203.0.113.9", "region": "Illinois", "city": "Springfield", "dma": "Champaign",
                "os_name": "iOS", "os_version": "18.1.1", "device_model": "iPhone", "device_brand": "Apple",
                "device_manufacturer": "Apple", "platform": "iOS", "language": "de-DE", "carrier": "Telco",
                "app_version": "4.12.0", "price": 24.99, "quantity": 2, "revenue": 49.98, "productId": "sku-7",
                "event_properties": {
                    "utm_source": "newsletter", "utm_campaign": "spring", "referrer": "https://search.example/q",
                    "referring_domain": "search.example", "gclid": "Cj0KCQ", "flag_key": "checkout", "variant": "blue",
                },
            }]}),
        ),
        "posthog" => (
            "/batch/",
            json!({"api_key": "phc_key", "batch": [{
                "event": "order placed", "distinct_id": "u-7f3a", "timestamp": NOW.to_rfc3339(),
                "uuid": "0193540c-7f6f-7c3e-9b1e-4d3a8c550e6f", "properties": {
                    "$ip": "203.0.113.9", "$geoip_city_name": "Springfield", "utm_source": "newsletter", "utm_medium": "email",
                    "utm_campaign": "spring", "$referring_domain": "search.example", "$referrer": "https://search.example/q",
                    "gclid": "Cj0KCQ", "$current_url": "https://shop.example/cart", "$pathname": "/cart",
                    "$host": "shop.example", "$session_id": "0193540c-0000-7c3e-9b1e-4d3a8c550e6f", "$os": "Mac OS X",
                    "$os_version": "15.1.2", "$browser": "Chrome", "$browser_version": 131, "$device_type": "Desktop",
                    "$device_model": "Pixel 9", "$device_manufacturer": "Google", "$app_version": "4.12.0",
                    "$app_build": "1042", "revenue": 49.99, "currency": "EUR", "$feature_flag": "checkout",
                    "$feature_flag_response": "blue", "$feature/checkout": "blue",
                },
            }]}),
        ),
        _ => (
            "/v1/batch",
            json!({"batch": [{
                "type": "track", "event": "Order Placed", "userId": "u-7f3a", "messageId": "m-1",
                "timestamp": NOW.to_rfc3339(), "context": {
                    "ip": "203.0.113.9", "location": {"city": "Springfield"},
                    "campaign": {"source": "newsletter", "medium": "email", "name": "spring"},
                    "page": {"referrer": "https://search.example/q", "url": "https://shop.example/cart", "title": "Cart"},
                    "os": {"name": "iOS", "version": "18.1.1"},
                    "device": {"model": "iPhone", "manufacturer": "Apple", "type": "ios"}, "locale": "de-DE",
                    "userAgent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/131.0", "app": {"version": "4.12.0", "build": "1042"},
                }, "properties": {
                    "revenue": 49.99, "currency": "EUR", "value": 49.99, "product_id": "sku-7", "order_id": "o-1",
                    "experiment_name": "checkout", "variation_name": "blue",
                },
            }]}),
        ),
    }
}

/// What leaves for the vendor, of all lanes.
fn sent(vendor: &'static str, presets: &[&str], allow: &[&str]) -> Vec<Value> {
    let (path, request) = everything(vendor);
    let world = World::new(vendor, allow).in_country("DE").with_presets(presets);
    // Google has no SDK whose requests Weir takes: what goes there comes from others, such as Segment's.
    let from = if vendor == "ga4" { "segment" } else { vendor };
    let bodies = world.encoded(from, path, &request);
    assert!(!bodies.is_empty(), "{vendor}: the event leaves");
    bodies.iter().map(|encoded| serde_json::from_slice(&encoded.body()).expect("a body is JSON")).collect()
}

/// Whether a value lies at these keys, somewhere.
fn holds(value: &Value, keys: &[&str]) -> bool {
    let at = |keys: &[&str]| -> Option<()> {
        let mut here = value;
        for key in keys {
            here = here.get(*key)?;
        }
        (!here.is_null()).then_some(())
    };
    if !keys.is_empty() && at(keys).is_some() {
        return true;
    }
    match value {
        Value::Array(items) => items.iter().any(|item| holds(item, keys)),
        Value::Object(fields) => fields.values().any(|field| holds(field, keys)),
        _ => false,
    }
}

/// The text at these keys, somewhere.
fn value_of<'a>(value: &'a Value, keys: &[&str]) -> Option<&'a str> {
    let here = keys.iter().try_fold(value, |here, key| here.get(*key)).and_then(Value::as_str);
    here.or_else(|| match value {
        Value::Array(items) => items.iter().find_map(|item| value_of(item, keys)),
        Value::Object(fields) => fields.values().find_map(|field| value_of(field, keys)),
        _ => None,
    })
}

fn has(bodies: &[Value], field: &Field) -> bool {
    // `$feature/checkout` is one key.
    let keys: Vec<&str> = if field.key.starts_with('$') { vec![field.key] } else { field.key.split('/').collect() };
    bodies.iter().any(|body| holds(body, &keys))
}

#[test]
fn every_line_of_the_table_is_what_the_encoders_write() {
    let mut wrong = Vec::new();
    for (vendor, reports) in VENDORS {
        let fields = || reports.iter().flat_map(|report| report.fields);
        let path = |field: &Field| if let Sent::Allow(path) = field.sent { Some(path) } else { None };
        let allowed: Vec<&str> = fields().filter_map(path).collect();
        let (_, request) = everything(vendor);
        let (baseline, presets) = (sent(vendor, &[], &[]), sent(vendor, PRESETS, &[]));
        let all = sent(vendor, PRESETS, &allowed);
        for field in fields() {
            let given: Vec<&str> =
                if field.given.starts_with('$') { vec![field.given] } else { field.given.split('/').collect() };
            assert!(
                field.given.is_empty() || holds(&request, &given),
                "{vendor}: the SDK does not say {}",
                field.given
            );
            let is_there = match field.sent {
                // A constant may stand in its place, so that the vendor does not fill in ours: it is the value that never leaves.
                Sent::Never(_) => {
                    let value = value_of(&request, &given).expect("the SDK says it");
                    let shows = |bodies: &[Value]| bodies.iter().any(|body| body.to_string().contains(value));
                    [shows(&baseline), shows(&presets), shows(&all)]
                }
                _ => [has(&baseline, field), has(&presets, field), has(&all, field)],
            };
            let wanted = match field.sent {
                Sent::Always => [true, true, true],
                Sent::Preset(_) => [false, true, true],
                Sent::Allow(_) => [false, false, true],
                Sent::Never(_) => [false, false, false],
            };
            let alone = match field.sent {
                Sent::Preset(preset) => has(&sent(vendor, &[preset], &[]), field),
                Sent::Allow(path) => has(&sent(vendor, &[], &[path]), field),
                _ => true,
            };
            if is_there != wanted || !alone {
                wrong.push(format!(
                    "{vendor} {}: {is_there:?} alone {alone}, but the table says {:?}",
                    field.key, field.sent
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_page_is_what_the_table_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/parity.md");
    let page = page();
    if std::env::var_os("WEIR_WRITE_DOCS").is_some() {
        std::fs::write(&file, &page).expect("the page can be written");
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(written == page, "docs/parity.md is not what the table says: run with WEIR_WRITE_DOCS=1");
}

fn page() -> String {
    let mut out = String::from(
        "# The vendors' built-in reports\n\nMade from `crates/protocol/src/parity.rs`; a test holds each line against what the encoders \
         write of an event in which everything is set.\nWhat a report needs and Weir sends:\n\n- **always**: it is in the baseline;\n- **preset**: with \
         `release: {rules: [{preset: NAME}]}`, see [presets](presets.md): bounded values;\n- **allow**: with its path in `release: {allow: [PATH]}`;\n- **never**: what the \
         report then lacks, and why.\n\nPeople are pseudonyms unless the destination is `raw`: retention, funnels and cohorts work on them, with `rotating` within one epoch.\n",
    );
    for (vendor, reports) in VENDORS {
        let _ = write!(out, "\n## {}\n\n| report | field | sent |\n|---|---|---|\n", title(vendor));
        for report in *reports {
            for field in report.fields {
                let sent = match field.sent {
                    Sent::Always => "always".to_owned(),
                    Sent::Preset(preset) => format!("preset `{preset}`"),
                    Sent::Allow(path) => format!("allow `{path}`"),
                    Sent::Never(why) => format!("never: {why}"),
                };
                let _ = writeln!(out, "| {} | `{}` | {sent} |", report.name, field.key.replace('/', "."));
            }
        }
    }
    out
}

fn title(vendor: &str) -> &'static str {
    match vendor {
        "ga4" => "Google Analytics 4, fed by an SDK of Segment",
        _ => weir_protocol::preflight::vendor(vendor).map_or("", |vendor| vendor.title),
    }
}

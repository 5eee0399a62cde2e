use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn said(input: &str) -> Vec<Value> {
    let mut out = Vec::new();
    detect(input.as_bytes(), &mut out, Form::Json).unwrap();
    String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn categories(line: &Value) -> Vec<&str> {
    line["findings"].as_array().unwrap().iter().filter_map(|f| f["category"].as_str()).collect()
}

#[test]
fn a_leaf_gets_its_line_with_what_where_how_sure_and_why() {
    let said = said(concat!(
        r#"{"e":0,"k":"properties.note","t":"s","v":"é mail ada@example.com now","y":["email"]}"#,
        "\n\n",
        r#"{"k":"plan","t":"s","v":"pro"}"#,
    ));
    assert_eq!(said.len(), 2);
    assert_eq!((&said[0]["line"], &said[0]["path"]), (&json!(1), &json!("properties.note")));
    let finding = &said[0]["findings"][0];
    assert_eq!(finding["category"], "user.contact.email");
    // é is two bytes.
    assert_eq!(finding["span"], json!([8, 23]));
    assert!(["likely", "very_likely"].contains(&finding["likelihood"].as_str().unwrap()), "{finding}");
    assert_eq!(finding["evidence"][1], "detector:email");
    assert_eq!(said[1], json!({"line": 3, "path": "plan", "findings": []}));
}

#[test]
fn every_leaf_has_one_line_whatever_form_its_value_has() {
    let said = said(concat!(
        "{\"k\":\"card\",\"t\":\"n\",\"v\":\"4111111111111111\"}\n",
        "{\"k\":\"card\",\"t\":\"n\",\"v\":4111111111111111}\n",
        "{\"k\":\"is_mobile\",\"t\":\"b\",\"v\":\"true\"}\n",
        "{\"k\":\"is_mobile\",\"t\":\"b\",\"v\":true}\n",
        "{\"k\":\"email\",\"t\":\"s\",\"v\":null}\n",
        " {\"v\" : \"ada\\u0040example.com\" , \"x\":{\"k\":[1,{}]}, \"k\":\"a\\\"b\" }\r\n",
    ));
    assert_eq!(said.len(), 6);
    for card in &said[..2] {
        assert_eq!(categories(card), ["user.financial.credit_card"]);
    }
    for clean in &said[2..5] {
        assert_eq!(categories(clean), [""; 0]);
    }
    assert_eq!(said[5]["path"], "a\"b");
    assert_eq!((categories(&said[5]), &said[5]["findings"][0]["span"]), (vec!["user.contact.email"], &json!([0, 15])));
}

#[test]
fn an_event_is_flattened_in_the_order_of_its_leaves() {
    let said = said(
        r#"{"event":"Paid","properties":{"items":[{"sku":"A"},{"sku":"B"}],"a.b":1,"n":[[2],[]],"e":{}},"k":"x","t":"s","v":{"y":false},"z":null}"#,
    );
    let paths: Vec<&str> = said.iter().filter_map(|line| line["path"].as_str()).collect();
    let expected = [
        "event",
        "properties.items.*.sku",
        "properties.items.*.sku",
        r"properties.a\.b",
        "properties.n.*.*",
        "k",
        "t",
        "v.y",
        "z",
    ];
    assert_eq!(paths, expected);
    assert!(said.iter().all(|line| line["line"] == 1));
}

#[test]
fn a_key_that_is_data_is_not_shown_and_what_it_holds_is_said() {
    let said = said(r#"{"properties":{"ada@example.com":{"seats":3},"4711028":true}}"#);
    assert_eq!(said[0]["path"], "properties.*.seats");
    assert_eq!(said[0]["findings"][0]["category"], "user.contact.email");
    assert_eq!(said[0]["findings"][0]["evidence"][0], "in_key");
    assert_eq!((&said[1]["path"], categories(&said[1])), (&json!("properties.*"), vec![]));
}

#[test]
fn what_holds_properties_is_no_part_of_their_names() {
    let said = said(concat!(
        r#"{"k":"properties.user_properties.id","t":"s","v":"c-81"}"#,
        "\n",
        r#"{"properties":{"name":"Ada Lovelace","product":{"name":"Blue Kettle"}}}"#,
    ));
    assert_eq!(categories(&said[1]), ["user.name"]);
    assert_eq!(categories(&said[2]), [""; 0], "a product's name is no person's");
}

#[test]
fn the_first_line_that_is_no_json_is_named_and_those_before_it_are_answered() {
    for (bad, says) in [
        ("{\"k\": secret}", "line 2 is not JSON"),
        ("{\"k\":1}{", "line 2 is not JSON"),
        ("[1]", "line 2 is not a JSON object"),
        ("\"secret\"", "line 2 is not a JSON object"),
    ] {
        let mut out = Vec::new();
        let input = format!("{{\"a\":1}}\n{bad}\n{{\"b\":1}}\n");
        let error = detect(input.as_bytes(), &mut out, Form::Json).unwrap_err();
        assert_eq!(error.to_string(), says);
        assert_eq!(out.iter().filter(|b| **b == b'\n').count(), 1);
    }
    let error = detect(&b"{\"a\":\"\xff\"}"[..], &mut Vec::new(), Form::Json).unwrap_err();
    assert_eq!(error.to_string(), "line 1 is not UTF-8");
    let long = format!("{{}}\n{{\"k\":\"{}\"}}", "x".repeat(limits::DETECT_LINE_BYTES_MAX));
    let error = detect(long.as_bytes(), &mut Vec::new(), Form::Json).unwrap_err();
    assert_eq!(error.to_string(), format!("line 2 is longer than {} bytes", limits::DETECT_LINE_BYTES_MAX));
}

#[test]
fn explained_findings_say_why_and_never_the_value() {
    let mut out = Vec::new();
    let input = r#"{"event":"Invite","properties":{"to":"ada@example.com","ada@example.org":1}}"#;
    detect(input.as_bytes(), &mut out, Form::Words).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains("line 1, properties.to: likely user.contact.email at bytes 0 to 15, because"), "{text}");
    assert!(text.contains("in a key above") && text.ends_with("2 of 3 leaves have findings\n"), "{text}");
    assert!(!text.contains("ada") && !text.contains("example"), "{text}");
}

/// The scalars of a value, in order, as a tree walk finds them.
fn scalars_of(value: &Value, out: &mut Vec<Value>) {
    match value {
        Value::Array(list) => list.iter().for_each(|v| scalars_of(v, out)),
        Value::Object(map) => map.values().for_each(|v| scalars_of(v, out)),
        scalar => out.push(scalar.clone()),
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        "[\\x00-\\u{ffff}\"\\\\]{0,6}".prop_map(Value::from),
    ];
    scalar.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("\\PC{0,4}", inner, 0..4).prop_map(|m| m.into_iter().collect::<Value>()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_walk_meets_each_scalar_once_and_reads_what_a_parser_reads(value in any_json()) {
        let text = json!({ "a": value }).to_string();
        let mut expected = Vec::new();
        scalars_of(&serde_json::from_str(&text).unwrap(), &mut expected);
        let mut buffer = Vec::new();
        let mut met = Vec::new();
        scalars::check(text.as_bytes()).unwrap();
        scalars::for_each(text.as_bytes(), &mut String::new(), |_, scalar| {
            let (kind, text) = scalar.read(None, &mut buffer);
            let text = std::str::from_utf8(text).unwrap();
            met.push(match kind {
                LeafKind::String => Value::from(text),
                _ => serde_json::from_str(text).unwrap(),
            });
        });
        prop_assert_eq!(met, expected);
    }

    /// Whatever bytes come, nothing panics and every answer is whole.
    #[test]
    fn any_bytes_are_answered_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), json in any_json()) {
        fuzz::fuzz_detect(&bytes);
        fuzz::fuzz_detect(json!({ "k": "x", "v": json }).to_string().as_bytes());
    }
}

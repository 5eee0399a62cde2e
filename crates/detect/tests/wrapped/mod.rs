//! The disguises in which values turn up: in sentences, addresses, JSON, percent-encoding and base64.

fn percent(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { (b as char).to_string() } else { format!("%{b:02X}") })
        .collect()
}

fn base64(text: &str, alphabet: &[u8; 64]) -> String {
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bits = chunk.iter().fold(0_u32, |sum, b| sum << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..=chunk.len() {
            out.push(alphabet[(bits >> (18 - 6 * i)) as usize & 63] as char);
        }
    }
    out
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The ways in which a value turns up inside another.
pub(crate) fn wrappers(value: &str) -> Vec<String> {
    let json = serde_json::json!({"a": 1, "v": value, "ok": true}).to_string();
    vec![
        value.to_owned(),
        format!("please see {value} and tell me"),
        format!("({value})"),
        format!("v={value};"),
        format!("\"{value}\""),
        format!("first,{value},last"),
        format!("https://app.example.com/cb?q={}&utm_source=x", percent(value)),
        format!("https://app.example.com/cb?next={}", percent(&format!("/join?q={}", percent(value)))),
        json.clone(),
        serde_json::Value::String(json.clone()).to_string(),
        format!("[\"{value}\",null]"),
        json.bytes().map(|b| if b == b'@' { "\\u0040".to_owned() } else { (b as char).to_string() }).collect(),
        base64(&json, STANDARD),
        base64(&format!("{value} and more text"), URL_SAFE),
        format!("line one\nline two {value}\n"),
        format!("<b>{value}</b>"),
        format!("<input value='{value}'>"),
        format!("  {value}\t"),
        format!("[{value}]"),
        format!("id;value\n7;{value}\n"),
        percent(&percent(value)),
        format!("a=1&v={}&b=2", percent(value).replace("%20", "+")),
    ]
}

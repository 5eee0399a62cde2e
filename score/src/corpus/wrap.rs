//! Where a value turns up: bare under a key that helps or one that does not, in a sentence, in a URL, in JSON, in base64.

use super::secrets::base64;
use super::{Leaf, text};
use crate::random::{LOWER_HEX, Random};

/// Keys that say nothing of what stands there.
const SILENT: &str = "value|data|field_1|field_2|field_3|field_7|prop_4|extra|attr_12|custom_3|v1|meta.x|payload.b|param|dimension5|eVar12|slot_a|item_value|s|content_2|raw_value|opt|input_4|answer_3";
/// Keys that say something about many classes at once.
const VAGUE: &str = "contact|to|note|ref|remote|account|adapter|state|header|target|source_value|entry|user_input|lookup|recipient|invitee_ref|config|env";

/// A value in its place: where it was put, and how much the key helps.
pub(crate) fn place(r: &mut Random, at: &str, label: &'static str, value: &str, keys: &str) -> Leaf {
    let leaf = |key: &str, value: String| Leaf::text(format!("{at}.{key}"), value).labelled(label);
    match r.below(100) {
        0..=39 => leaf(r.word(keys), value.to_owned()).spanning(label, value).known(),
        40..=49 => leaf(r.word(VAGUE), value.to_owned()).spanning(label, value),
        50..=61 => leaf(r.word(SILENT), value.to_owned()).spanning(label, value),
        62..=76 => {
            let (before, after) = (text::sentence(r, 3, 10), text::sentence(r, 2, 8));
            let key = r.word("message|comment|feedback|error_message|note|answer_2|description|chat_line");
            leaf(key, format!("{before} {value} {after}")).spanning(label, value).wrapped("sentence").maybe("free_text")
        }
        77..=84 => url(r, at, label, value, 1),
        85..=87 => url(r, at, label, value, 2),
        88..=92 => {
            let json = serde_json::json!({"a": r.between(1, 99), "v": value, "ok": true}).to_string();
            leaf(r.word("payload|debug|raw|body|context_json"), json).wrapped("json")
        }
        93 | 94 => {
            let json = serde_json::json!({"id": r.text(LOWER_HEX, 8), "v": value}).to_string();
            let twice = serde_json::json!({ "body": json, "code": 200 }).to_string();
            leaf(r.word("payload|debug|raw|response"), twice).wrapped("json in json")
        }
        95 | 96 => {
            let json = serde_json::json!({"v": value, "ts": 1_760_000_000 + r.below(999_999)}).to_string();
            let url_safe = r.chance(50.0);
            leaf(r.word("state|blob|ctx|data"), base64(&json, url_safe)).wrapped("base64")
        }
        _ => {
            let n = r.between(1, 99);
            let (form, name) = match r.below(5) {
                0 => (format!("{n},{value},true,Berlin"), "csv"),
                1 => (format!("({value})"), "brackets"),
                2 => (format!("\"{value}\""), "quotes"),
                3 => (format!("<a title=\"{value}\">x</a>"), "html"),
                _ => (format!("level=info id={n} v=\"{value}\" took={n}ms"), "log line"),
            };
            leaf(r.word(SILENT), form).spanning(label, value).wrapped(name)
        }
    }
}

fn url(r: &mut Random, at: &str, label: &'static str, value: &str, times: u32) -> Leaf {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'~');
    let raw_at = times == 1 && r.chance(50.0);
    let mut coded = percent(value, &|b| plain(b) || (raw_at && b == b'@'));
    if times == 1 && r.chance(20.0) {
        coded = coded.replace("%20", "+");
    }
    if times == 2 {
        coded = percent(&coded, &plain);
    }
    let query = format!("{}={coded}&utm_source={}", r.word("e|q|t|u|ref|x|value"), r.word("news|ads|x"));
    let url = format!("https://app.example.com/{}?{query}", r.word("invite|reset|search|cb"));
    let key = r.word("$current_url|page.url|referrer|href|redirect_to");
    let wrap = match (times, coded == value) {
        (1, true) => "url",
        (1, false) => "url, percent",
        _ => "url, percent twice",
    };
    Leaf::text(format!("{at}.{key}"), url).labelled(label).wrapped(wrap).maybe("browsing_history")
}

fn percent(text: &str, plain: &dyn Fn(u8) -> bool) -> String {
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// A value that only a key gives away: bare under such a key, or in JSON or a URL beside one; sometimes under a key that says nothing.
pub(crate) fn keyed(
    r: &mut Random,
    at: &str,
    label: &'static str,
    value: &str,
    keys: &str,
    unknown_percent: f64,
) -> Leaf {
    let key = r.word(keys).to_owned();
    if r.chance(unknown_percent) {
        return Leaf::text(format!("{at}.{}", r.word(SILENT)), value).labelled(label).spanning(label, value);
    }
    let inner = key.rsplit('.').next().unwrap_or_default();
    match r.below(20) {
        0 => {
            let json = serde_json::json!({"n": r.between(1, 9), inner: value}).to_string();
            Leaf::text(format!("{at}.{}", r.word("payload|debug|raw")), json)
                .labelled(label)
                .wrapped("json, keyed")
                .maybe("free_text")
        }
        1 => {
            let coded = percent(value, &|b| b.is_ascii_alphanumeric());
            let inner = percent(inner, &|b| b.is_ascii_alphanumeric() || b == b'_');
            let url = format!("https://app.example.com/form?step=2&{inner}={coded}");
            Leaf::text(format!("{at}.$current_url"), url)
                .labelled(label)
                .wrapped("url, keyed")
                .maybe("browsing_history")
                .maybe("free_text")
        }
        _ => Leaf::text(format!("{at}.{key}"), value).labelled(label).spanning(label, value).known(),
    }
}

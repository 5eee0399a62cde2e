//! A URL or a path reduced to its template: origin and path, with segments that look like ids or hold a finding replaced by `*`.
//!
//! `https://ada:pw@app.example.com/u/8f14e45f/reports?email=a@b.co&utm_source=news#x` becomes
//! `https://app.example.com/u/*/reports` and (`source`, `news`).

use weir_event::LeafKind;

use crate::judge::looks_like_data;
use crate::{Engine, PathFacts, decode};

/// What is left of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Templated {
    /// Origin and path, or the path alone where the input had no origin. No user information, query or fragment.
    pub text: String,
    /// The `utm_*` parameters of the query whose values are short, plain and clean: (`source`, `newsletter`).
    pub utm: Vec<(&'static str, String)>,
}

/// Longer URLs are not looked at: nothing of them is kept.
const URL_BYTES_MAX: usize = 8 * 1024;
/// Segments of a path that are kept; what follows becomes one `*`.
const SEGMENTS_MAX: usize = 16;
const SEGMENT_BYTES_MAX: usize = 64;
const HOST_BYTES_MAX: usize = 253;
const UTM_BYTES_MAX: usize = 64;
const UTM: [&str; 6] = ["source", "medium", "campaign", "term", "content", "id"];

/// Reduces an `http(s)` URL or an absolute path. `None` for anything else.
pub fn template(text: &str) -> Option<Templated> {
    let text = text.trim();
    if text.len() > URL_BYTES_MAX || text.bytes().any(|b| b.is_ascii_control() || matches!(b, b' ' | b'\\')) {
        return None;
    }
    let (origin, rest) = match split_origin(text) {
        Some((scheme, authority, rest)) => (Some((scheme, clean_authority(authority)?)), rest),
        None if text.starts_with('/') && !text.starts_with("//") => (None, text),
        None => return None,
    };
    let (before_fragment, _) = rest.split_once('#').unwrap_or((rest, ""));
    let (path, query) = before_fragment.split_once('?').unwrap_or((before_fragment, ""));
    let mut out = String::with_capacity(text.len());
    if let Some((scheme, authority)) = origin {
        out.push_str(scheme);
        out.push_str(&authority);
    }
    if path.is_empty() {
        out.push('/');
    }
    for (i, segment) in path.split('/').skip(1).enumerate() {
        out.push('/');
        if i == SEGMENTS_MAX {
            out.push('*');
            break;
        }
        // Matrix parameters (`;jsessionid=…`) are parameters, not path.
        let segment = segment.split(';').next().unwrap_or_default();
        out.push_str(if is_clean_segment(segment) { segment } else { "*" });
    }
    Some(Templated { text: out, utm: utm(query) })
}

fn split_origin(text: &str) -> Option<(&'static str, &str, &str)> {
    let (scheme, rest) = ["https://", "http://"].into_iter().find_map(|scheme| {
        let head = text.get(..scheme.len())?;
        head.eq_ignore_ascii_case(scheme).then(|| (scheme, &text[scheme.len()..]))
    })?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    Some((scheme, &rest[..end], &rest[end..]))
}

/// The host and port, lower-cased; labels that look like ids and hosts that are addresses become `*`.
fn clean_authority(authority: &str) -> Option<String> {
    let host_port = authority.rsplit('@').next().unwrap_or_default();
    if host_port.starts_with('[') {
        return Some("*".to_owned());
    }
    let (host, port) = match host_port.rsplit_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (host_port, None),
    };
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_' | '*');
    if host.is_empty() || host.len() > HOST_BYTES_MAX || !host.chars().all(plain) {
        return None;
    }
    let mut out = String::with_capacity(host_port.len());
    if host.bytes().all(|b| b.is_ascii_digit() || b == b'.') || has_finding(host) {
        out.push('*');
    } else {
        for (i, label) in host.split('.').enumerate() {
            if i > 0 {
                out.push('.');
            }
            if looks_like_data(label) { out.push('*') } else { out.push_str(&label.to_lowercase()) }
        }
    }
    match port {
        Some(port) if !port.is_empty() && port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit()) => {
            out.push(':');
            out.push_str(port);
        }
        None | Some("") => {}
        Some(_) => return None,
    }
    Some(out)
}

/// Whether a segment is a word of the site rather than a value: short, plain once decoded, no id, no finding.
fn is_clean_segment(segment: &str) -> bool {
    if segment.is_empty() {
        return true;
    }
    let mut decoded = Vec::new();
    decode::percent(segment.as_bytes(), false, &mut decoded);
    // What is still encoded after one round hides something.
    let Ok(decoded) = std::str::from_utf8(&decoded) else { return false };
    let plain = |c: char| {
        c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '~' | '$' | '+' | ',' | ' ' | '(' | ')' | '!' | ':')
    };
    segment.len() <= SEGMENT_BYTES_MAX
        && decoded.chars().all(plain)
        && !looks_like_data(decoded)
        && !is_long_token(decoded)
        && !has_finding(decoded)
}

/// A long word of mixed case, or one too long to be a word, is a token even without digits.
fn is_long_token(segment: &str) -> bool {
    segment.split(['-', '_', '.', ' ', '+', ',']).any(|word| {
        let upper = word.bytes().filter(u8::is_ascii_uppercase).count();
        let lower = word.bytes().filter(u8::is_ascii_lowercase).count();
        word.len() > 24 || (word.len() >= 16 && upper >= 4 && lower >= 4)
    })
}

fn has_finding(text: &str) -> bool {
    let mut found = Vec::new();
    Engine::new().scan(PathFacts::NONE, LeafKind::String, text.as_bytes(), &mut found);
    !found.is_empty()
}

fn utm(query: &str) -> Vec<(&'static str, String)> {
    let mut out: Vec<(&'static str, String)> = Vec::new();
    for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        let Some(name) = key.strip_prefix("utm_").and_then(|k| UTM.into_iter().find(|name| *name == k)) else {
            continue;
        };
        let mut decoded = Vec::new();
        decode::percent(value.as_bytes(), true, &mut decoded);
        let Ok(value) = String::from_utf8(decoded) else { continue };
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'+' | b' ' | b'-');
        let is_clean = !value.is_empty()
            && value.len() <= UTM_BYTES_MAX
            && value.bytes().all(plain)
            && !has_finding(&value)
            && !looks_like_token(&value)
            && out.iter().all(|(known, _)| *known != name);
        if is_clean {
            out.push((name, value));
        }
    }
    out
}

/// Campaign ids are numbers, so digits are fine; a UUID, a digest or a random token is not.
fn looks_like_token(value: &str) -> bool {
    crate::digits::starts_with_uuid(value.as_bytes())
        || (value.len() >= 24 && !value.contains([' ', '+', '_', '-', '.']))
        || is_long_token(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(url: &str) -> Option<String> {
        template(url).map(|t| t.text)
    }

    #[test]
    fn a_url_keeps_origin_and_path_only() {
        let cases = [
            ("https://ada:pw@app.example.com/u/8f14e45f/reports?email=a@b.co#x", "https://app.example.com/u/*/reports"),
            ("HTTPS://App.Example.com", "https://app.example.com/"),
            ("http://localhost:3000/docs/quickstart/", "http://localhost:3000/docs/quickstart/"),
            ("https://203.0.113.7/a", "https://*/a"),
            ("https://[2001:db8::1]/a", "https://*/a"),
            ("https://x.example?token=abc", "https://x.example/"),
            ("/orders/1234567/items", "/orders/*/items"),
            ("/u/ada%40example.com/x", "/u/*/x"),
            ("/u/ada@example.com/x", "/u/*/x"),
            ("/reset/9f86d081884c7d659a2feaa0c55ad015", "/reset/*"),
            ("/p/550e8400-e29b-41d4-a716-446655440000", "/p/*"),
            ("/a;jsessionid=4711ABCDEF/b", "/a/b"),
            ("/blog/how-to-build-a-funnel", "/blog/how-to-build-a-funnel"),
            ("/v2/step3", "/v2/step3"),
            ("/invite/QmFzZTY0VG9rZW5PZg", "/invite/*"),
            ("/", "/"),
        ];
        for (url, expected) in cases {
            assert_eq!(text(url).as_deref(), Some(expected), "{url}");
        }
    }

    #[test]
    fn what_is_no_url_has_no_template() {
        for not_one in [
            "$direct",
            "javascript:alert(1)",
            "ftp://a/b",
            "//evil.example/x",
            "a b",
            "",
            "mailto:ada@example.com",
            "https://",
        ] {
            assert_eq!(template(not_one), None, "{not_one}");
        }
    }

    #[test]
    fn campaign_values_are_kept_only_where_plain_and_clean() {
        let t = template(
            "https://x.example/?utm_source=news&utm_medium=cpc&utm_term=ada%40example.com&utm_campaign=spring+sale-12&utm_x=1",
        );
        let expected = [("source", "news"), ("medium", "cpc"), ("campaign", "spring sale-12")];
        assert_eq!(t.map(|t| t.utm), Some(expected.map(|(k, v)| (k, v.to_owned())).to_vec()));
        let long = format!("/?utm_source={}&utm_id=4155550132x&utm_content=415-555-0132", "a".repeat(65));
        assert_eq!(template(&long).map(|t| t.utm), Some(vec![("id", "4155550132x".to_owned())]));
    }
}

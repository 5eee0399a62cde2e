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
/// Longer words are tokens.
const WORD_BYTES_MAX: usize = 24;
const HOST_BYTES_MAX: usize = 253;
const UTM_BYTES_MAX: usize = 64;
const UTM: [&str; 6] = ["source", "medium", "campaign", "term", "content", "id"];

/// Reduces an `http(s)` URL or an absolute path. `None` for anything else.
pub fn template(url: &str) -> Option<Templated> {
    let mut text = String::new();
    let query = template_into(url, &mut text)?;
    Some(Templated { utm: campaign(query), text })
}

/// As [`template`], into a buffer that is kept: what it held is gone. Returns the query, for [`campaign`]; on `None` the buffer
/// holds nothing that may be used.
pub fn template_into<'t>(url: &'t str, out: &mut String) -> Option<&'t str> {
    out.clear();
    let url = url.trim();
    // One test over all bytes without a way out in the middle, so that it runs on many bytes at once.
    let strange = url.bytes().fold(false, |any, b| any | (b <= b' ') | (b == 0x7f) | (b == b'\\'));
    if url.len() > URL_BYTES_MAX || strange {
        return None;
    }
    let rest = match split_origin(url) {
        Some((scheme, authority, rest)) => {
            out.push_str(scheme);
            if !push_clean_authority(authority, out) {
                return None;
            }
            rest
        }
        None if url.starts_with('/') && !url.starts_with("//") => url,
        None => return None,
    };
    let before_fragment = cut(rest, |b| b == b'#').0;
    let (mut path, query) = cut(before_fragment, |b| b == b'?');
    if path.is_empty() {
        out.push('/');
    }
    let mut segments = 0;
    // A path begins with its slash.
    while let Some(after) = path.get(1..) {
        out.push('/');
        if segments == SEGMENTS_MAX {
            out.push('*');
            break;
        }
        segments += 1;
        let len = after.bytes().position(|b| b == b'/').unwrap_or(after.len());
        let segment = clean_segment(&after[..len]);
        out.push_str(segment.unwrap_or("*"));
        path = &after[len..];
    }
    Some(query.get(1..).unwrap_or_default())
}

/// What stands before the first byte that is `at`, which must be ASCII, and the rest with it.
fn cut(text: &str, at: impl Fn(u8) -> bool) -> (&str, &str) {
    text.split_at(text.bytes().position(at).unwrap_or(text.len()))
}

fn split_origin(text: &str) -> Option<(&'static str, &str, &str)> {
    let (scheme, rest) = ["https://", "http://"].into_iter().find_map(|scheme| {
        let head = text.get(..scheme.len())?;
        head.eq_ignore_ascii_case(scheme).then(|| (scheme, &text[scheme.len()..]))
    })?;
    let (authority, rest) = cut(rest, |b| matches!(b, b'/' | b'?' | b'#'));
    Some((scheme, authority, rest))
}

/// Writes the host and port, lower-cased; labels that look like ids and hosts that are addresses become `*`. Whether it is one.
fn push_clean_authority(authority: &str, out: &mut String) -> bool {
    // Most hosts: letters alone hold no id and no finding, and are written as they are.
    if authority.len() <= HOST_BYTES_MAX
        && authority.as_bytes().first().is_some_and(u8::is_ascii_lowercase)
        && authority.bytes().all(|b| matches!(b, b'a'..=b'z' | b'.' | b'-'))
    {
        out.push_str(authority);
        return true;
    }
    let host_port = authority.rsplit('@').next().unwrap_or_default();
    if host_port.starts_with('[') {
        out.push('*');
        return true;
    }
    let (host, port) = match host_port.rsplit_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (host_port, None),
    };
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_' | '*');
    if host.is_empty() || host.len() > HOST_BYTES_MAX || !host.chars().all(plain) {
        return false;
    }
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
        Some(_) => return false,
    }
    true
}

/// What is kept of a segment that is a word of the site rather than a value: short, plain once decoded, no id, no finding.
fn clean_segment(segment: &str) -> Option<&str> {
    match at_a_glance(segment.as_bytes()) {
        Some(is_clean) => is_clean.then_some(segment),
        None => {
            // Matrix parameters (`;jsessionid=…`) are parameters, not path.
            let (segment, _) = cut(segment, |b| b == b';');
            is_clean_segment(segment).then_some(segment)
        }
    }
}

/// The same answer for most segments: words of small letters, which no detector looks at, and numbers. `None` for the others.
fn at_a_glance(segment: &[u8]) -> Option<bool> {
    let (mut words, mut number) = (true, true);
    for byte in segment {
        words &= matches!(byte, b'a'..=b'z' | b'-' | b'_');
        number &= byte.is_ascii_digit();
    }
    match segment.len() {
        0 => Some(true),
        1..=WORD_BYTES_MAX if words => Some(true),
        1.. if number => Some(false),
        _ => None,
    }
}

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
        word.len() > WORD_BYTES_MAX || (word.len() >= 16 && upper >= 4 && lower >= 4)
    })
}

fn has_finding(text: &str) -> bool {
    let mut found = Vec::new();
    Engine::new().scan(PathFacts::NONE, LeafKind::String, text.as_bytes(), &mut found);
    !found.is_empty()
}

/// The `utm_*` parameters of a query whose values are short, plain and clean.
pub fn campaign(query: &str) -> Vec<(&'static str, String)> {
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
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_glance_at_a_segment_agrees_with_a_closer_look(segment in "[a-z_-]{0,26}|[0-9]{1,70}|[ -~]{1,12}") {
            if let Some(clean) = at_a_glance(segment.as_bytes()) {
                prop_assert_eq!(clean, is_clean_segment(&segment));
            }
        }

        #[test]
        fn a_host_of_letters_is_written_as_it_is(host in "[a-z][a-z.-]{0,80}") {
            // A port takes the long way.
            let (mut plain, mut with_port) = (String::new(), String::new());
            prop_assert!(push_clean_authority(&host, &mut plain));
            prop_assert!(push_clean_authority(&(host + ":1"), &mut with_port));
            prop_assert_eq!(plain + ":1", with_port);
        }
    }

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

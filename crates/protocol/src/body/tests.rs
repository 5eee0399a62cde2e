use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use proptest::prelude::*;

use super::*;

const MAX: Limits = Limits { decoded_bytes_max: 1 << 20 };

fn head<'a>(content_encoding: Option<&'a str>, query: &'a str) -> RequestHead<'a> {
    RequestHead { method: "POST", path: "/track", query, content_encoding, ..RequestHead::default() }
}

fn text(content_encoding: Option<&str>, body: &[u8]) -> Result<String, BodyError> {
    open(&head(content_encoding, ""), body.to_vec(), &MAX).map(|opened| opened.text().to_owned())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("to memory");
    encoder.finish().expect("to memory")
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("to memory");
    encoder.finish().expect("to memory")
}

fn raw_deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("to memory");
    encoder.finish().expect("to memory")
}

/// Encodes everything that is no letter or digit, as `encodeURIComponent` nearly does.
pub(crate) fn percent(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for b in bytes {
        if b.is_ascii_alphanumeric() {
            out.push(*b);
        } else {
            write!(out, "%{b:02X}").expect("to memory");
        }
    }
    out
}

fn cesu8(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for unit in text.encode_utf16() {
        match unit {
            0..0x80 => out.push(unit as u8),
            0x80..0x800 => out.extend([0xc0 | (unit >> 6) as u8, 0x80 | (unit & 0x3f) as u8]),
            _ => out.extend([0xe0 | (unit >> 12) as u8, 0x80 | (unit >> 6 & 0x3f) as u8, 0x80 | (unit & 0x3f) as u8]),
        }
    }
    out
}

/// Every way in which an SDK or something on the way wraps JSON.
fn wrappings(json: &str) -> Vec<(&'static str, Option<&'static str>, Vec<u8>)> {
    let base64 = |url_safe, padded| base64::tests::encode(json.as_bytes(), url_safe, padded).into_bytes();
    let cesu = base64::tests::encode(&cesu8(json), false, true).into_bytes();
    let form = |value: &[u8]| [b"data=", value, b"&verbose=1&ip=0"].concat();
    let plus = String::from_utf8(percent(json.as_bytes())).expect("ASCII").replace("%20", "+").into_bytes();
    vec![
        ("bare", None, json.into()),
        ("with a byte order mark", None, [b"\xef\xbb\xbf", json.as_bytes()].concat()),
        ("CESU-8", None, cesu8(json)),
        ("base64", None, base64(false, true)),
        ("base64 without padding", None, base64(false, false)),
        ("URL-safe base64", None, base64(true, true)),
        ("URL-safe base64 without padding", None, base64(true, false)),
        ("percent-encoded base64", None, percent(&base64(false, true))),
        ("percent-encoded JSON", None, percent(json.as_bytes())),
        ("form, encoded JSON", None, form(&percent(json.as_bytes()))),
        ("form, JSON with plus for space", None, form(&plus)),
        ("form, encoded base64", None, form(&percent(&base64(false, true)))),
        ("form, bare base64", None, form(&base64(false, true))),
        ("form, URL-safe base64", None, form(&base64(true, false))),
        ("form, base64 of CESU-8", None, form(&percent(&cesu))),
        ("form, payload last", None, [b"verbose=1&ip=0&data=".to_vec(), percent(&base64(false, true))].concat()),
        ("gzip", Some("gzip"), gzip(json.as_bytes())),
        ("gzip unsaid", None, gzip(json.as_bytes())),
        ("gzip said and undone", Some("gzip"), json.into()),
        ("gzip twice, said once", Some("gzip"), gzip(&gzip(json.as_bytes()))),
        ("gzip twice, said twice", Some("gzip, gzip"), gzip(&gzip(json.as_bytes()))),
        ("gzip of a form", Some("gzip"), gzip(&form(&percent(json.as_bytes())))),
        ("base64 of gzip", None, base64::tests::encode(&gzip(json.as_bytes()), false, true).into_bytes()),
        ("zlib", Some("deflate"), zlib(json.as_bytes())),
        ("raw deflate", Some("deflate"), raw_deflate(json.as_bytes())),
        ("identity", Some("identity"), json.into()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_wrapping_opens_to_the_same_text(note in any::<String>(), count in 0_u32..1_000_000) {
        let json = serde_json::json!([{"event": "a b+c", "properties": {"note": note, "count": count, "x": "100%25&d=e"}}]).to_string();
        for (name, content_encoding, body) in wrappings(&json) {
            let opened = text(content_encoding, &body).map(|text| text.trim_start_matches('\u{feff}').to_owned());
            prop_assert_eq!(opened.as_deref(), Ok(json.as_str()), "{}", name);
        }
    }

    #[test]
    fn any_bytes_open_or_are_refused(data in proptest::collection::vec(any::<u8>(), 0..300)) {
        crate::fuzz::fuzz_body(&data);
    }
}

#[test]
fn a_plus_that_became_a_space_is_a_plus_in_base64() {
    let json = "[\"\u{7de}\u{7fb}>>>???\"]";
    let encoded = base64::tests::encode(json.as_bytes(), false, true);
    assert!(encoded.contains('+'));
    assert_eq!(text(None, format!("data={}", encoded.replace('+', " ")).as_bytes()).as_deref(), Ok(json));
    assert_eq!(text(None, format!("data={encoded}").as_bytes()).as_deref(), Ok(json));
}

#[test]
fn a_get_has_its_payload_in_the_query() {
    let encoded = base64::tests::encode(b"{\"event\":\"a\"}", false, true);
    let query = format!("ip=1&verbose=0&data={encoded}&_=1795303179349");
    let opened = open(&head(None, &query), Vec::new(), &MAX).expect("it opens");
    assert_eq!(opened.text(), "{\"event\":\"a\"}");
    assert_eq!(opened.carrier(), Some(Carrier::Query));
}

#[test]
fn fields_beside_the_payload_are_parameters() {
    let opened = open(&head(None, ""), b"verbose=1&data=%7B%7D&api_key=k%2B1".to_vec(), &MAX).expect("it opens");
    assert_eq!(opened.text(), "{}");
    assert_eq!(opened.carrier(), Some(Carrier::Field));
    assert_eq!(opened.field("verbose").as_deref(), Some("1"));
    assert_eq!(opened.field("api_key").as_deref(), Some("k+1"));
    assert_eq!(opened.field("data"), None);
}

#[test]
fn json_that_mentions_a_field_is_no_form() {
    assert_eq!(text(None, b" {\"a\":\"b&data=e30\"}").as_deref(), Ok(" {\"a\":\"b&data=e30\"}"));
}

#[test]
fn encodings_that_we_do_not_speak_are_refused() {
    for encoding in ["br", "compress", "gzip, br", "aes128gcm"] {
        assert_eq!(text(Some(encoding), b"{}"), Err(BodyError::UnsupportedEncoding), "{encoding}");
    }
}

#[test]
fn a_bomb_in_any_layer_is_too_large() {
    let bomb = gzip(&vec![b' '; 2 << 20]);
    let too_large = Err(BodyError::TooLarge { max: 1 << 20 });
    assert_eq!(text(Some("gzip"), &bomb), too_large);
    assert_eq!(text(None, &gzip(&bomb)), too_large);
    assert_eq!(text(Some("deflate"), &zlib(&vec![b' '; 2 << 20])), too_large);
    let form = [b"data=".to_vec(), base64::tests::encode(&bomb, false, true).into_bytes()].concat();
    assert_eq!(text(None, &form), too_large);
    let four = gzip(&gzip(&gzip(&gzip(b"{}"))));
    assert_eq!(text(None, &four), Err(BodyError::UnsupportedEncoding), "layers have an end");
}

#[test]
fn damaged_compression_is_damaged() {
    assert_eq!(text(Some("gzip"), &gzip(b"{\"event\":1}")[..20]), Err(BodyError::Damaged));
    assert_eq!(text(Some("deflate"), b"\xff\xff\xff"), Err(BodyError::Damaged));
}

#[test]
fn an_opened_body_prints_no_byte_of_itself() {
    let opened = open(&head(None, ""), b"data=%7B%22ada%22%3A1%7D&token=secret".to_vec(), &MAX).expect("it opens");
    let printed = format!("{opened:?}");
    assert!(!printed.contains("ada") && !printed.contains("secret"), "{printed}");
}

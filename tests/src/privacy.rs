//! Looking for planted values in every form they could hide in.
//!
//! A value counts as present where it stands in any letter case, percent-encoded, base64-encoded at any of the three alignments
//! (standard or URL-safe), JSON-escaped, or as hexadecimal digits. Compressed bytes are opened before they get here.

use std::path::Path;

use memchr::memmem;

use crate::encoding;

/// A value that must not be found, with the forms to look for.
#[derive(Clone, Debug)]
pub struct Needle {
    value: String,
    forms: Vec<(&'static str, Vec<u8>, bool)>,
}

impl Needle {
    /// A value; shorter than 5 bytes would be found by chance.
    pub fn new(value: &str) -> Needle {
        assert!(value.len() >= 5, "a planted value needs 5 bytes or more: {value}");
        let bytes = value.as_bytes();
        let lower = value.to_lowercase();
        // (form, bytes, whether letter case is ignored)
        let mut forms = vec![
            ("plain", lower.clone().into_bytes(), true),
            ("percent-encoded", encoding::percent(lower.as_bytes()).to_lowercase().into_bytes(), true),
            ("form-encoded", encoding::percent(lower.as_bytes()).to_lowercase().replace("%20", "+").into_bytes(), true),
            ("hexadecimal", bytes.iter().map(|b| format!("{b:02x}")).collect::<String>().into_bytes(), true),
        ];
        if !value.is_ascii() {
            let escape = |unit: u16| match u8::try_from(unit) {
                Ok(ascii) if ascii.is_ascii() => char::from(ascii).to_string(),
                _ => format!("\\u{unit:04x}"),
            };
            let escaped: String = lower.encode_utf16().map(escape).collect();
            forms.push(("JSON-escaped", escaped.into_bytes(), true));
        }
        for alignment in 0..3_usize {
            let padded = [&[0_u8; 2][..alignment], bytes].concat();
            let text = encoding::base64(&padded);
            // The first characters mix with what stands before, the last with what comes after.
            let from = [0, 2, 3][alignment];
            let to = (padded.len() * 8) / 6;
            let core = &text[from..to.max(from)];
            if core.len() >= 6 {
                forms.push(("base64", core.as_bytes().to_vec(), false));
                forms.push(("base64", core.replace('+', "-").replace('/', "_").into_bytes(), false));
                forms.push(("base64 in a form", encoding::percent(core.as_bytes()).into_bytes(), false));
            }
        }
        forms.sort();
        forms.dedup();
        Needle { value: value.to_owned(), forms }
    }

    /// The value itself.
    pub fn value(&self) -> &str {
        &self.value
    }

    fn found(&self, bytes: &[u8], lower: &[u8]) -> Option<&'static str> {
        self.forms
            .iter()
            .find(|(_, form, any_case)| memmem::find(if *any_case { lower } else { bytes }, form).is_some())
            .map(|(name, _, _)| *name)
    }
}

/// What the SDK drivers plant (`sdk/planted.json`), as far as it must never leave; digits also without their spaces.
pub fn planted() -> Vec<Needle> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("sdk/planted.json");
    let text = std::fs::read_to_string(file).expect("the planted values can be read");
    let values: serde_json::Value = serde_json::from_str(&text).expect("the planted values are JSON");
    let mut needles = vec![Needle::new("4111111111111111"), Needle::new("4915123456789"), Needle::new("abc123planted")];
    needles.extend(values.as_object().into_iter().flatten().filter_map(|(_, v)| v.as_str()).map(Needle::new));
    needles
}

/// Personal data and secrets of the kept captures.
pub fn captured() -> Vec<Needle> {
    let mut needles: Vec<Needle> = [
        "ada.lovelace@example.com",
        "Ada Lovelace",
        "+49 151 23456789",
        "4915123456789",
        "203.0.113.42",
        "user-4711",
        "anon-9f2c",
        "alias-1",
        "org-77",
        "Acme GmbH",
        "mpsecret",
        "sa-user",
        "sa-secret",
        "token=secret",
        "gclid=abc123",
        "søk etter nøkkel",
        "Größe ÄÖÜ",
        "fixed-insert-1",
        "a5565614-4497-4d72-aa2f-18ea69a78926",
        "b45cc52f-489d-4de6-b60e-5b3380561be4",
        "93bc0e7f-3901-4b07-aee3-87fe5437f575",
        // Ids that phones give: for advertising, of the vendor, of the device, of an installation, for messages.
        "AEBE52E7-03EE-455A-B3C4-E57283966239",
        "7F3D2B41-9C8E-4A1B-8D55-2C0A9E6F1B37",
        "38400000-8cf0-11bd-b23e-10b96e40000d",
        "9774d56d682e549b",
        "c9f2b8d1-4a37-4e0e-9d61-7b5f3c2a1e90",
        "740f4707bebcf74f9b7c25d48e3358945f6aa01da5ddb387462c7eaf61bb78ad",
    ]
    .map(Needle::new)
    .into();
    needles.push(Needle::new(crate::harness::WRITE_KEY));
    needles
}

/// Fails where a needle reached the vendor, Weir's own output, its metrics, or a readable byte of its data folder.
pub fn assert_nowhere(needles: &[Needle], standin: &crate::standin::Standin, weir: &crate::harness::Weir) {
    for request in standin.requests() {
        assert_absent(needles, &request.everything(), &format!("the vendor, by {} {}", request.method, request.path()));
    }
    assert_absent(needles, weir.output().as_bytes(), "Weir's own output");
    assert_absent(needles, weir.metrics().text().as_bytes(), "the metrics");
    assert_absent_below(needles, weir.folder().data());
}

/// Every needle that stands in these bytes, as "value (form)".
pub fn found_in(needles: &[Needle], bytes: &[u8]) -> Vec<String> {
    let lower: Vec<u8> = String::from_utf8(bytes.to_vec())
        .map(|text| text.to_lowercase().into_bytes())
        .unwrap_or_else(|_| bytes.to_ascii_lowercase());
    needles.iter().filter_map(|n| n.found(bytes, &lower).map(|form| format!("{} ({form})", n.value))).collect()
}

/// Fails where a needle stands in these bytes; `place` says where that is.
pub fn assert_absent(needles: &[Needle], bytes: &[u8], place: &str) {
    let found = found_in(needles, bytes);
    assert!(found.is_empty(), "planted values reached {place}: {found:?}");
}

/// Fails where a needle stands in any file below a folder, file names included.
pub fn assert_absent_below(needles: &[Needle], folder: &Path) {
    let mut files = 0;
    for path in files_below(folder) {
        assert_absent(needles, path.to_string_lossy().as_bytes(), "a file name");
        let Ok(mut bytes) = std::fs::read(&path) else { continue };
        // Pre-zeroed segments end in megabytes of nothing.
        let end = bytes.iter().rposition(|b| *b != 0).map_or(0, |at| at + 1);
        bytes.truncate(end);
        assert_absent(needles, &bytes, &path.display().to_string());
        files += 1;
    }
    assert!(files > 0, "there is nothing to look at below {}", folder.display());
}

/// Every regular file below a folder.
pub fn files_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut out = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => out.push(entry.path()),
                _ => {}
            }
        }
    }
    out.sort();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_in_every_form() {
        let value = "Ada.Lövelace+x@example.com";
        let needle = [Needle::new(value)];
        let hide = |text: String| format!("..{text}..").into_bytes();
        let mut forms = vec![
            hide(value.to_owned()),
            hide(value.to_uppercase()),
            hide(encoding::percent(value.as_bytes())),
            hide(encoding::percent(value.as_bytes()).to_lowercase()),
            hide(value.replace('ö', "\\u00f6")),
            hide(value.replace('ö', "\\u00F6")),
            hide(value.bytes().map(|b| format!("{b:02X}")).collect()),
        ];
        for before in ["", "a", "ab", "abc"] {
            forms.push(encoding::base64(format!("{before}{value}tail").as_bytes()).into_bytes());
            forms.push(encoding::base64(format!("{before}{value}").as_bytes()).replace('/', "_").into_bytes());
            let in_form = encoding::percent(encoding::base64(format!("{before}{value}!").as_bytes()).as_bytes());
            forms.push(in_form.into_bytes());
        }
        for (index, form) in forms.iter().enumerate() {
            assert_eq!(found_in(&needle, form).len(), 1, "form {index}: {}", String::from_utf8_lossy(form));
        }
        assert_eq!(found_in(&needle, b"ada.lovelace@example.com"), Vec::<String>::new());
    }
}

//! The kept requests of real SDKs, from `fixtures/<vendor>/**.http`: request line, headers, body, exactly as sent.

use std::path::{Path, PathBuf};

use crate::privacy::files_below;

/// One kept request.
#[derive(Clone, Debug)]
pub struct Capture {
    /// Its file, below the vendor's folder.
    pub name: String,
    /// All bytes.
    pub bytes: Vec<u8>,
}

impl Capture {
    /// Method and target of the request line.
    pub fn line(&self) -> (String, String) {
        let end = self.bytes.iter().position(|b| *b == b'\r').unwrap_or(self.bytes.len());
        let line = String::from_utf8_lossy(&self.bytes[..end]).into_owned();
        let mut parts = line.split(' ');
        (parts.next().unwrap_or_default().to_owned(), parts.next().unwrap_or_default().to_owned())
    }

    /// The path without the query.
    pub fn path(&self) -> String {
        self.line().1.split('?').next().unwrap_or_default().to_owned()
    }

    /// The same request to another path; query, headers and body stay byte for byte.
    pub fn at_path(&self, path: &str) -> Vec<u8> {
        let (method, target) = self.line();
        let old = format!("{method} {target}");
        let query = target.find('?').map_or("", |at| &target[at..]);
        let mut out = format!("{method} {path}{query}").into_bytes();
        out.extend_from_slice(&self.bytes[old.len()..]);
        out
    }

    /// Whether it carries events or profile updates.
    pub fn is_ingest(&self) -> bool {
        let (method, _) = self.line();
        method != "OPTIONS" && matches!(endpoint(&self.path()), Some("track" | "engage" | "groups" | "import"))
    }
}

/// The vendor's endpoint behind a path; an SDK may be set to routes of the customer's own (`/mp/t/`).
pub fn endpoint(path: &str) -> Option<&'static str> {
    Some(match path.trim_end_matches('/') {
        "/track" | "/mp/t" => "track",
        "/engage" | "/mp/e" => "engage",
        "/groups" | "/mp/g" => "groups",
        "/import" => "import",
        "/flags" => "flags",
        "/settings" => "settings",
        "/record" => "record",
        _ => return None,
    })
}

/// Every kept request of a vendor, in order of name.
pub fn all(vendor: &str) -> Vec<Capture> {
    let folder = fixtures().join(vendor);
    let captures: Vec<Capture> = files_below(&folder)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|e| e == "http"))
        .map(|path| Capture {
            name: path.strip_prefix(&folder).unwrap_or(&path).display().to_string(),
            bytes: std::fs::read(&path).expect("a fixture can be read"),
        })
        .collect();
    assert!(!captures.is_empty(), "no captures below {}", folder.display());
    captures
}

/// The `fixtures` folder.
pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace").join("fixtures")
}

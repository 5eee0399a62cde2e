//! Captured requests of a vendor, to be sent again whole or damaged.

use std::fs;
use std::path::{Path, PathBuf};

use weir_protocol::RequestHead;

/// One captured request.
#[derive(Clone)]
pub(crate) struct Sample {
    /// The file, below the vendor's folder.
    pub(crate) name: String,
    /// Upper-case method.
    pub(crate) method: String,
    /// Path as it came.
    pub(crate) path: String,
    /// Query as it came.
    pub(crate) query: String,
    /// Headers, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// Body as it came.
    pub(crate) body: Vec<u8>,
}

impl Sample {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// What a protocol sees of the head.
    pub(crate) fn head(&self) -> RequestHead<'_> {
        RequestHead {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            authorization: self.header("authorization"),
            content_encoding: self.header("content-encoding"),
            content_type: self.header("content-type"),
            sdk_info: self.header("posthog-sdk-info"),
            anonymous_id: self.header("anonymousid"),
            api_key: self.header("x-apikey"),
            ..RequestHead::default()
        }
    }

    /// The same request with a body of plain JSON, which every protocol takes wherever it takes events.
    pub(crate) fn with_text(&self, text: Vec<u8>) -> Sample {
        let mut sample = self.clone();
        sample.headers.retain(|(name, _)| name != "content-encoding");
        sample.body = text;
        sample
    }
}

/// Every captured request of a vendor but preflights, in order of their files.
pub(crate) fn samples(vendor: &str) -> Vec<Sample> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(vendor);
    let mut paths = Vec::new();
    for entry in list(&folder) {
        if entry.is_dir() {
            paths.extend(list(&entry).into_iter().filter(|path| path.extension().is_some_and(|e| e == "http")));
        }
    }
    paths.sort();
    let name = |path: &Path| path.strip_prefix(&folder).unwrap_or(path).display().to_string();
    let read = |path: &PathBuf| parse(name(path), &fs::read(path).expect("a fixture is readable"));
    paths.iter().map(read).filter(|sample| sample.method != "OPTIONS").collect()
}

fn list(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect()
}

fn parse(name: String, request: &[u8]) -> Sample {
    let split = request.windows(4).position(|four| four == b"\r\n\r\n").expect("a head ends in an empty line");
    let head = std::str::from_utf8(&request[..split]).expect("heads are ASCII");
    let mut lines = head.lines();
    let mut first = lines.next().expect("a request line").split(' ');
    let (method, target) = (first.next().expect("a method"), first.next().expect("a target"));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers = lines.filter_map(|line| line.split_once(": ")).map(|(n, v)| (n.to_ascii_lowercase(), v.to_owned()));
    // What `api_routes` of mixpanel-browser renamed; the gateway does this by the source's configuration.
    let path = match path {
        "/mp/t/" => "/track/",
        "/mp/e/" => "/engage/",
        other => other,
    };
    Sample {
        name,
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: headers.collect(),
        body: request[split + 4..].to_vec(),
    }
}

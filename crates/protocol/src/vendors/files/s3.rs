//! AWS Signature Version 4 for `PUT` of one object, path style. Source: AWS General Reference, "Create a signed AWS API request";
//! S3-compatible stores (MinIO, Ceph, R2, Garage) verify the same.
//!
//! Signed are the host, the time of the attempt and the SHA-256 of the body, so an attempt has headers of its own.

use std::fmt;
use std::fmt::Write;
use std::sync::Arc;

use ring::{digest, hmac};
use weir_event::Millis;

use crate::outbound::{Secret, SetupError};

/// A bucket, and who may write there.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// `Host` of a request: the endpoint's, with its port where it is not the usual one.
    pub host: String,
    /// Its region, which is part of what is signed.
    pub region: String,
    /// Its name.
    pub name: String,
    /// What stands before every object's name, without slashes at its ends; may be empty.
    pub prefix: String,
    /// The access key.
    pub access_key: Secret,
    /// Its secret.
    pub secret_key: Secret,
}

impl Bucket {
    /// The path of every request up to the object's own name, with a slash at both ends.
    pub fn path_prefix(&self) -> String {
        let mut path = format!("/{}/", escape(&self.name));
        if !self.prefix.is_empty() {
            let _ = write!(path, "{}/", escape(&self.prefix));
        }
        path
    }
}

/// Signs attempts. Cheap to clone.
#[derive(Clone)]
pub struct S3Signer(Arc<Inner>);

struct Inner {
    host: String,
    region: String,
    access_key: String,
    secret_key: Secret,
}

impl S3Signer {
    /// Checks the parts.
    pub fn new(bucket: &Bucket) -> Result<S3Signer, SetupError> {
        let is_plain = |text: &str, also: &[u8]| {
            !text.is_empty()
                && text.len() <= 256
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || also.contains(&b))
        };
        // Source: Amazon S3 user guide, "Bucket naming rules", with the underscores of older buckets.
        if !is_plain(&bucket.name, b".-_") || bucket.name.len() > 63 {
            return Err(SetupError::BadSetting("files.path", "s3://, the name of a bucket and a prefix"));
        }
        if !is_plain(&bucket.region, b"-_") {
            return Err(SetupError::BadSetting("files.s3.region", "a region such as eu-central-1"));
        }
        let access_key = bucket.access_key.reveal();
        // A slash would end it in what is signed.
        if !is_plain(access_key, b"-_.") {
            return Err(SetupError::BadSetting("files.s3.access_key", "an access key of letters and digits"));
        }
        if bucket.secret_key.reveal().is_empty() {
            return Err(SetupError::BadSetting("files.s3.secret_key", "the secret of the access key"));
        }
        Ok(S3Signer(Arc::new(Inner {
            host: bucket.host.clone(),
            region: bucket.region.clone(),
            access_key: access_key.to_owned(),
            secret_key: bucket.secret_key.clone(),
        })))
    }

    /// The headers of an attempt at `now` to `PUT` this body at this path, which is escaped already; or to `GET` it with an empty one.
    pub fn headers(&self, method: &str, path: &str, now: Millis, body: &[u8]) -> [(&'static str, String); 3] {
        let own = &self.0;
        let stamp: String = now.to_rfc3339().chars().filter(|c| !matches!(c, '-' | ':')).collect();
        let stamp = format!("{}Z", stamp.split('.').next().unwrap_or_default());
        let day = stamp.get(..8).unwrap_or_default();
        let content = hex(digest::digest(&digest::SHA256, body).as_ref());
        let signed = "host;x-amz-content-sha256;x-amz-date";
        let request = format!(
            "{method}\n{path}\n\nhost:{}\nx-amz-content-sha256:{content}\nx-amz-date:{stamp}\n\n{signed}\n{content}",
            own.host
        );
        let scope = format!("{day}/{}/s3/aws4_request", own.region);
        let request = hex(digest::digest(&digest::SHA256, request.as_bytes()).as_ref());
        let to_sign = format!("AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{request}");
        let mut key = format!("AWS4{}", own.secret_key.reveal()).into_bytes();
        for part in [day, &own.region, "s3", "aws4_request", &to_sign] {
            key = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), part.as_bytes()).as_ref().to_vec();
        }
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={signed}, Signature={}",
            own.access_key,
            hex(&key)
        );
        [("x-amz-content-sha256", content), ("x-amz-date", stamp), ("Authorization", authorization)]
    }
}

/// Shows no key.
impl fmt::Debug for S3Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S3Signer({})", self.0.region)
    }
}

/// A path as S3 wants it signed: everything but the unreserved characters and the slash is escaped.
fn escape(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => out.push(byte as char),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against botocore 1.44.5's `S3SigV4Auth`, by the same request; `tests/tests/own_destinations.rs` has a server verify one.
    #[test]
    fn an_attempt_signs_host_time_and_content_and_no_key_is_shown() {
        let bucket = Bucket {
            host: "s3.eu-central-1.amazonaws.com".to_owned(),
            region: "eu-central-1".to_owned(),
            name: "warehouse".to_owned(),
            prefix: "a b/c".to_owned(),
            access_key: Secret::new("AKIDEXAMPLE"),
            secret_key: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        };
        assert_eq!(bucket.path_prefix(), "/warehouse/a%20b/c/");
        let signer = S3Signer::new(&bucket).unwrap();
        let of = |millis, body: &[u8]| signer.headers("PUT", "/warehouse/a%20b/c/x", Millis(millis), body);
        let first = of(1_795_303_178_843, b"content");
        assert_eq!(first[1].1, "20261121T231938Z");
        assert_eq!(
            first[2].1,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261121/eu-central-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=e87ed8beffa58a658d4c1d3f6117ef04c4e45c55137818d7d4e5f40798772fd3"
        );
        assert_ne!(first[2], of(1_795_303_179_843, b"content")[2]);
        assert_ne!(first[2], of(1_795_303_178_843, b"other")[2]);
        assert!(!format!("{signer:?} {bucket:?}").contains("KEY"));
    }
}

//! Private keys.
//!
//! Finds: PEM of every kind (RSA, EC, OpenSSH, PGP, encrypted), PuTTY's files, the DER of PKCS#8 in base64 without its frame.
//! Not one: public keys and certificates.
//! Example: `-----BEGIN RSA PRIVATE KEY-----`, `PuTTY-User-Key-File-3: ssh-ed25519`, `MIIEvAIBADANBgkqhkiG9w0BAQEFAASC{base64 40}`
//! Misses: keys in DER or as JSON web keys.
//! Source: RFC 7468; RFC 5208; PuTTY's documentation, appendix C.

use weir_event::Category;

use crate::detectors::anchored::Part::{AtLeast, Exactly, Text};
use crate::detectors::anchored::{Anchored, BASE64, DIGIT, Seen, Verdict, any, form};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_private_key",
    category: Category::PrivateKey,
    forms: &[
        form(b"-----BEGIN ", &[], private_key),
        form(b"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY", &[], any),
        form(b"PuTTY-User-Key-File-", &[Exactly(DIGIT, 1)], any),
        form(b"MII", &[Exactly(BASE64, 3), Text(b"IBADANBgkqhkiG9w0BAQEFAASC"), AtLeast(BASE64, 40)], any),
        form(b"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg", &[AtLeast(BASE64, 40)], any),
        form(b"MC4CAQAwBQYDK2VwBCIEI", &[AtLeast(BASE64, 40)], any),
    ],
};

/// `-----BEGIN [RSA|EC|OPENSSH|ENCRYPTED|PGP] PRIVATE KEY`: to the end of the key where it is there.
fn private_key(seen: &Seen<'_>) -> Option<Verdict> {
    const KIND: &[u8] = b"PRIVATE KEY";
    const END: &[u8] = b"-----END ";
    const KEY_BYTES_MAX: usize = 16 * 1_024;
    const END_BYTES_MAX: usize = 64;
    let after = seen.after();
    let head = after[..after.len().min(64)].windows(KIND.len()).position(|w| w == KIND)? + KIND.len();
    let body = &after[head..after.len().min(KEY_BYTES_MAX)];
    let key = body.windows(END.len()).position(|w| w == END).map_or(0, |at| {
        let rest = &body[at + END.len()..];
        let line = rest[..rest.len().min(END_BYTES_MAX)].windows(5).position(|w| w == b"-----");
        at + END.len() + line.map_or(0, |at| at + 5)
    });
    any(seen).map(|verdict| verdict.and_after(head + key))
}

//! Signatures by Standard Webhooks 1.0.0: who receives a request of ours can tell that it is ours, whole and of this moment.
//!
//! Three headers: `webhook-id`, the same whenever the same content is sent again; `webhook-timestamp`, the attempt's, in seconds;
//! `webhook-signature`, `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`, one for each secret, with blanks between. So
//! a secret is changed without a gap: both are configured until the receiver knows the new one.

use std::fmt;
use std::fmt::Write;
use std::sync::Arc;

use ring::hmac;
use weir_event::Millis;

use crate::body::base64;

/// Secrets of one endpoint; two are what a change needs, the other two are for whoever forgot one.
const SECRETS_MAX: usize = 4;
/// Bytes of a secret. Source: Standard Webhooks, "Signature scheme": at least 24, at most 64.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// The secrets that requests to one endpoint are signed with. Cheap to clone.
#[derive(Clone)]
pub struct SigningKeys(Arc<[hmac::Key]>);

/// What a secret has to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "a signing secret is `whsec_` and the base64 of 24 to 64 random bytes; while it is changed, two with a comma between"
)]
pub struct BadSecret;

impl SigningKeys {
    /// Reads `whsec_…`, or several with commas between.
    pub fn parse(text: &str) -> Result<SigningKeys, BadSecret> {
        let keys: Vec<hmac::Key> = text.split(',').map(key).collect::<Result<_, _>>()?;
        if keys.len() > SECRETS_MAX { Err(BadSecret) } else { Ok(SigningKeys(keys.into())) }
    }

    /// The three headers of an attempt at `now` to send `body`.
    pub fn headers(&self, id: &str, now: Millis, body: &[u8]) -> [(&'static str, String); 3] {
        let timestamp = now.0.div_euclid(1_000).to_string();
        let mut signatures = String::new();
        for key in self.0.iter() {
            let mut signed = hmac::Context::with_key(key);
            for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
                signed.update(part);
            }
            let blank = if signatures.is_empty() { "" } else { " " };
            let _ = write!(signatures, "{blank}v1,{}", base64::encode(signed.sign().as_ref()));
        }
        [("webhook-id", id.to_owned()), ("webhook-timestamp", timestamp), ("webhook-signature", signatures)]
    }
}

fn key(text: &str) -> Result<hmac::Key, BadSecret> {
    let bytes = text.strip_prefix("whsec_").and_then(|text| base64::decode(text.as_bytes())).ok_or(BadSecret)?;
    if SECRET_BYTES.contains(&bytes.len()) { Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes)) } else { Err(BadSecret) }
}

/// An id for content, by its SHA-256: the same content has the same. No full stop, which the signature uses.
pub fn webhook_id(digest: &[u8; 32]) -> String {
    let mut id = String::from("weir_");
    for byte in &digest[..16] {
        let _ = write!(id, "{byte:02x}");
    }
    id
}

/// Shows no key.
impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKeys({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    /// The example of the standard's reference libraries.
    #[test]
    fn the_signature_is_the_one_of_the_standards_example() {
        let keys = SigningKeys::parse(SECRET).unwrap();
        let [id, timestamp, signature] =
            keys.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", Millis(1_614_265_330_999), b"{\"test\": 2432232314}");
        assert_eq!(id.1, "msg_p5jXN8AQM9LWM0D4loKWxJek");
        assert_eq!(timestamp.1, "1614265330");
        assert_eq!(signature.1, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn each_secret_signs_so_that_one_can_be_changed() {
        let other = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let of = |text: &str| SigningKeys::parse(text).unwrap().headers("a", Millis(0), b"b")[2].1.clone();
        assert_eq!(of(&format!("{SECRET},{other}")), format!("{} {}", of(SECRET), of(other)));
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        let short = "whsec_AAAA";
        let long = format!("whsec_{}", "A".repeat(88));
        for text in
            ["", SECRET.trim_start_matches("whsec_"), short, &long, &format!("{SECRET},"), &[SECRET; 5].join(",")]
        {
            assert_eq!(SigningKeys::parse(text).err(), Some(BadSecret), "{text}");
        }
    }
}

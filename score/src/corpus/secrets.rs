//! Credentials of the right shape, none of which opens anything: tokens of vendors, headers, URLs with passwords, secrets without
//! a prefix. Shapes are those of the vendors' own documentation.

use crate::random::{ALNUM, BASE32, BASE64, DIGITS, LOWER, LOWER_DIGITS, LOWER_HEX, Random, UPPER_DIGITS, WORD};

/// Makes a value of the class.
pub(crate) type Maker = fn(&mut Random) -> String;

/// Label, value, keys that name it.
pub(crate) const VENDORS: &[(&str, Maker, &str)] = &[
    ("aws_key", |r| format!("{}{}", r.word("AKIA|AKIA|ASIA"), r.text(BASE32, 16)), "aws_access_key_id|key|config"),
    ("github_token", github, "token|github_token|config"),
    ("github_pat", |r| format!("github_pat_{}_{}", r.text(ALNUM, 22), r.text(ALNUM, 59)), "token|pat"),
    ("gitlab_token", |r| format!("glpat-{}", r.text(WORD, 20)), "token|gitlab_token"),
    (
        "slack_token",
        |r| format!("xoxb-{}-{}-{}", r.text(DIGITS, 12), r.text(DIGITS, 12), r.text(ALNUM, 24)),
        "token|slack_token",
    ),
    (
        "slack_webhook",
        |r| {
            format!(
                "https://hooks.slack.com/services/T{}/B{}/{}",
                r.text(UPPER_DIGITS, 10),
                r.text(UPPER_DIGITS, 10),
                r.text(ALNUM, 24)
            )
        },
        "webhook|webhook_url",
    ),
    (
        "stripe_key",
        |r| format!("{}_{}_{}", r.word("sk|rk"), r.word("live|test"), r.text(ALNUM, 24)),
        "stripe_key|api_key",
    ),
    ("openai_key", |r| format!("sk-proj-{}T3BlbkFJ{}", r.text(WORD, 74), r.text(WORD, 74)), "openai_api_key|api_key"),
    ("openai_key_old", |r| format!("sk-{}T3BlbkFJ{}", r.text(ALNUM, 20), r.text(ALNUM, 20)), "openai_api_key|api_key"),
    ("anthropic_key", |r| format!("sk-ant-api03-{}AA", r.text(WORD, 93)), "anthropic_api_key|api_key"),
    ("google_api_key", |r| format!("AIza{}", r.text(WORD, 35)), "google_api_key|maps_key"),
    ("google_oauth_secret", |r| format!("GOCSPX-{}", r.text(WORD, 28)), "client_secret"),
    ("google_access_token", |r| format!("ya29.a0{}", r.text(WORD, 160)), "access_token"),
    ("npm_token", |r| format!("npm_{}", r.text(ALNUM, 36)), "npm_token|token"),
    ("pypi_token", |r| format!("pypi-AgEIcHlwaS5vcmc{}", r.text(WORD, 90)), "pypi_token|token"),
    ("sendgrid_key", |r| format!("SG.{}.{}", r.text(WORD, 22), r.text(WORD, 43)), "sendgrid_api_key|mail_key"),
    ("mailgun_key", |r| format!("key-{}", r.text(LOWER_HEX, 32)), "mailgun_key|api_key"),
    ("mailchimp_key", |r| format!("{}-us{}", r.text(LOWER_HEX, 32), r.between(1, 21)), "mailchimp_api_key|api_key"),
    ("twilio_key", |r| format!("SK{}", r.text(LOWER_HEX, 32)), "twilio_api_key|api_key"),
    ("shopify_token", |r| format!("shpat_{}", r.text(LOWER_HEX, 32)), "shopify_token|access_token"),
    ("square_token", |r| format!("sq0atp-{}", r.text(WORD, 22)), "square_token|access_token"),
    ("digitalocean_token", |r| format!("dop_v1_{}", r.text(LOWER_HEX, 64)), "do_token|token"),
    ("huggingface_token", |r| format!("hf_{}", r.text(ALNUM, 34)), "hf_token|token"),
    ("replicate_token", |r| format!("r8_{}", r.text(ALNUM, 37)), "token"),
    ("groq_key", |r| format!("gsk_{}", r.text(ALNUM, 52)), "groq_api_key"),
    ("databricks_token", |r| format!("dapi{}", r.text(LOWER_HEX, 32)), "databricks_token|token"),
    ("docker_pat", |r| format!("dckr_pat_{}", r.text(WORD, 27)), "docker_token|token"),
    ("linear_key", |r| format!("lin_api_{}", r.text(ALNUM, 40)), "linear_api_key"),
    ("notion_token", |r| format!("ntn_{}{}", r.text(DIGITS, 11), r.text(ALNUM, 35)), "notion_token"),
    ("new_relic_key", |r| format!("NRAK-{}", r.text(UPPER_DIGITS, 27)), "newrelic_key"),
    ("postman_key", |r| format!("PMAK-{}-{}", r.text(LOWER_HEX, 24), r.text(LOWER_HEX, 34)), "postman_key"),
    ("grafana_token", |r| format!("glsa_{}_{}", r.text(ALNUM, 32), r.text(LOWER_HEX, 8)), "grafana_token"),
    ("vault_token", |r| format!("hvs.{}", r.text(WORD, 90)), "vault_token"),
    (
        "telegram_token",
        |r| format!("{}:AA{}", r.between(100_000_000, 9_999_999_999), r.text(WORD, 33)),
        "bot_token|telegram_token",
    ),
    (
        "discord_webhook",
        |r| format!("https://discord.com/api/webhooks/{}/{}", r.text(DIGITS, 18), r.text(WORD, 68)),
        "webhook|webhook_url",
    ),
    ("doppler_token", |r| format!("dp.pt.{}", r.text(ALNUM, 43)), "doppler_token"),
    ("figma_token", |r| format!("figd_{}", r.text(WORD, 40)), "figma_token"),
    ("xai_key", |r| format!("xai-{}", r.text(ALNUM, 80)), "xai_api_key"),
    (
        "azure_storage_key",
        |r| {
            format!(
                "DefaultEndpointsProtocol=https;AccountName={};AccountKey={}==;EndpointSuffix=core.windows.net",
                r.text(LOWER, 9),
                r.text(BASE64, 86)
            )
        },
        "connection_string",
    ),
    ("age_key", |r| format!("AGE-SECRET-KEY-1{}", r.text(b"QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58)), "age_key"),
    (
        "private_key",
        |r| {
            format!(
                "-----BEGIN {}PRIVATE KEY-----\n{}\n-----END {0}PRIVATE KEY-----",
                r.word("RSA |EC |OPENSSH |"),
                r.text(BASE64, 64)
            )
        },
        "private_key|pem",
    ),
    ("basic_auth", basic, "authorization|headers.authorization"),
    ("bearer", |r| format!("Bearer {}", r.text(WORD, 40)), "authorization|headers.auth|header"),
    ("jwt", jwt, "token|auth|state|id_token"),
];

/// The labels of all of them.
pub(crate) fn labels() -> impl Iterator<Item = &'static str> {
    VENDORS.iter().map(|vendor| vendor.0)
}

/// The last six characters are the CRC-32 of the first thirty in base 62, as GitHub describes it.
fn github(r: &mut Random) -> String {
    let body = r.text(ALNUM, 30);
    let mut crc = !0_u32;
    for byte in body.bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    let mut crc = !crc;
    let mut check = [b'0'; 6];
    for place in check.iter_mut().rev() {
        *place = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[(crc % 62) as usize];
        crc /= 62;
    }
    format!("{}{body}{}", r.word("ghp_|gho_|ghs_"), String::from_utf8_lossy(&check))
}

/// Base64 with or without padding.
pub(crate) fn base64(text: &str, url_safe: bool) -> String {
    let alphabet: Vec<u8> = if url_safe { WORD.to_vec() } else { BASE64.to_vec() };
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bits = chunk.iter().fold(0_u32, |sum, b| sum << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            match i <= chunk.len() {
                true => out.push(char::from(alphabet[(bits >> (18 - 6 * i)) as usize & 63])),
                false if !url_safe => out.push('='),
                false => {}
            }
        }
    }
    out
}

fn jwt(r: &mut Random) -> String {
    let header =
        *r.pick(&[r#"{"alg":"HS256","typ":"JWT"}"#, r#"{"alg":"RS256","kid":"k1"}"#, r#"{"typ":"JWT","alg":"ES256"}"#]);
    let claims = format!(r#"{{"sub":"{}","iat":{}}}"#, r.text(DIGITS, 10), 1_750_000_000 + r.below(9_999_999));
    format!("{}.{}.{}", base64(header, true), base64(&claims, true), r.text(WORD, 43))
}

fn basic(r: &mut Random) -> String {
    let pair = format!("{}:{}", r.text(LOWER, 6), r.text(ALNUM, 12));
    format!("Basic {}", base64(&pair, false))
}

pub(crate) fn url_credentials(r: &mut Random) -> String {
    let user = r.word("maria|james|wei|app|svc_report|root|deploy");
    let host = r.word("example.com|db.example.net|cache.example.org|example.co.uk");
    match r.below(4) {
        0 => format!("postgres://{user}:{}@{host}:5432/app", r.text(ALNUM, 14)),
        1 => format!("redis://{user}:{}@{host}:6379/0", r.text(WORD, 20)),
        _ => format!("https://{user}:{}@{host}/api/v{}", r.text(ALNUM, 14), r.between(1, 3)),
    }
}

/// Secrets without a prefix of their own: only a key or their randomness tells.
pub(crate) fn entropy(r: &mut Random) -> String {
    match r.below(5) {
        0 => r.text(BASE64, 40),
        1 => r.text(ALNUM, 32),
        2 => r.text(ALNUM, 40),
        3 => r.text(WORD, 48),
        _ => format!("{}~{}", r.text(ALNUM, 8), r.text(ALNUM, 28)),
    }
}

pub(crate) fn password(r: &mut Random) -> String {
    match r.below(4) {
        0 => format!("{}{}!", r.word("Sommer|Winter|Letmein|Welcome|Passw0rd"), r.between(1, 2029)),
        1 => r.text(ALNUM, 12),
        2 => format!(
            "{}-{}-{}",
            r.word("correct|blue|quiet"),
            r.word("horse|river|lamp"),
            r.word("battery|staple|cloud")
        ),
        _ => r.text(LOWER_DIGITS, 9),
    }
}

/// An advertising id as phones show it: a UUID, in capitals on some.
pub(crate) fn ad_id(r: &mut Random) -> String {
    let id = r.uuid();
    if r.chance(50.0) { id.to_uppercase() } else { id }
}

pub(crate) fn cookie(r: &mut Random) -> (&'static str, String) {
    let time = 1_740_000_000 + r.below(30_000_000);
    match r.below(5) {
        0 => (
            "_ga|ga_client_id|cookies._ga",
            format!("GA1.{}.{}.{time}", r.between(1, 3), r.between(100_000_000, 2_147_483_647)),
        ),
        1 => ("_fbp|fbp", format!("fb.1.{time}{}.{}", r.text(DIGITS, 3), r.between(100_000_000, 2_147_483_647))),
        2 => ("_fbc|fbc", format!("fb.1.{time}{}.IwAR{}", r.text(DIGITS, 3), r.text(WORD, 50))),
        3 => ("ajs_anonymous_id|anonymous_id|anonymousId", r.uuid()),
        _ => ("_gid|cookie_id|visitor_id", format!("{}.{time}", r.between(100_000_000, 2_147_483_647))),
    }
}

/// The SHA-256 of somebody's address looks like any other; only its key tells.
pub(crate) fn hash(r: &mut Random) -> String {
    {
        let len = *r.pick(&[64, 64, 32]);
        r.text(LOWER_HEX, len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        assert_eq!(base64("foobar", false), "Zm9vYmFy");
        assert_eq!(base64("foob", false), "Zm9vYg==");
        assert_eq!(base64("foob", true), "Zm9vYg");
    }

    #[test]
    fn every_vendor_value_has_letters_enough_to_be_one() {
        let mut r = Random::new(3);
        for (label, maker, keys) in VENDORS {
            assert!(maker(&mut r).len() >= 16 && !keys.is_empty(), "{label}");
        }
    }
}

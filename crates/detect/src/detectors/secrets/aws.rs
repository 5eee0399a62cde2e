//! Access keys, session tokens and signed requests of Amazon Web Services.
//!
//! Finds: ids of access keys (`AKIA`, `ASIA`, `ABIA`, `ACCA`), a secret access key or a session token beside its name, keys of
//! Bedrock, the signature of a signed URL.
//! Not one: ids of roles, users and groups (`AROA`, `AIDA`, `AGPA`).
//! Example: `AKIA{base32 16}`, `aws_secret_access_key = {base64 40}`, `https://b.s3.amazonaws.com/x?X-Amz-Signature={hex 64}`
//! Misses: a secret access key that stands alone: forty characters of base64 (`secret_entropy` finds it possible).
//! Source: AWS IAM user guide (unique identifiers); AWS signature version 4; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::{Assign, AtLeast, Exactly};
use crate::detectors::anchored::{Anchored, BASE64, HEX, UPPER, WIDE, any, form, likely, random, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_aws",
    category: Category::SecretToken,
    forms: &[
        form(b"AKIA", &[Exactly(UPPER, 16)], any),
        form(b"ASIA", &[Exactly(UPPER, 16)], any),
        form(b"ABIA", &[Exactly(UPPER, 16)], any),
        form(b"ACCA", &[Exactly(UPPER, 16)], any),
        form(b"aws_secret_access_key", &[Assign, Exactly(BASE64, 40)], random),
        form(b"AWS_SECRET_ACCESS_KEY", &[Assign, Exactly(BASE64, 40)], random),
        form(b"secretAccessKey", &[Assign, Exactly(BASE64, 40)], random),
        form(b"SecretAccessKey", &[Assign, Exactly(BASE64, 40)], random),
        form(b"aws_session_token", &[Assign, AtLeast(BASE64, 100)], varied),
        form(b"AWS_SESSION_TOKEN", &[Assign, AtLeast(BASE64, 100)], varied),
        form(b"sessionToken", &[Assign, AtLeast(BASE64, 100)], varied),
        form(b"SessionToken", &[Assign, AtLeast(BASE64, 100)], varied),
        form(b"IQoJb3JpZ2luX2Vj", &[AtLeast(BASE64, 80)], varied),
        form(b"FwoGZXIvYXdz", &[AtLeast(BASE64, 80)], varied),
        form(b"ABSK", &[AtLeast(BASE64, 100)], varied),
        form(b"bedrock-api-key-", &[AtLeast(BASE64, 40)], varied),
        form(b"X-Amz-Signature=", &[Exactly(HEX, 64)], likely),
        form(b"X-Amz-Security-Token=", &[AtLeast(WIDE, 40)], likely),
    ],
};

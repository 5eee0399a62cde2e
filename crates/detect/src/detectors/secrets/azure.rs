//! Keys, signatures and client secrets of Microsoft Azure.
//!
//! Finds: `AccountKey=` and `SharedAccessKey=` of connection strings, shared access signatures (`sig=` beside `se=` or `sv=`),
//! client secrets of Entra ID (`…8Q~…`).
//! Not one: names of accounts, ids of tenants and clients.
//! Example: `AccountKey={base64 86}==`, `https://a.blob.core.windows.net/c?sv=2024-11-04&se=2030-01-01&sig={alnum 43}%3D`, `{alnum 3}8Q~{word 34}`
//! Misses: keys of services without a prefix, except under a key of secrets.
//! Source: Microsoft's documentation of storage connection strings, of service SAS and of app registrations; the rules of
//! gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::bytes::find_byte;
use crate::detectors::anchored::Part::{AtLeast, Between, Exactly};
use crate::detectors::anchored::{Anchored, BASE64, Seen, TAIL_BYTES_MAX, UNPADDED, Verdict, WIDE, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_azure",
    category: Category::SecretToken,
    forms: &[
        form(b"AccountKey=", &[Exactly(BASE64, 88)], varied),
        form(b"SharedAccessKey=", &[AtLeast(BASE64, 43)], varied),
        form(b"sig=", &[], shared_access),
        form(b"Q~", &[Between(WIDE, 31, 34)], client_secret).glued(),
    ],
};

/// A signature is one where the other parameters of a shared access stand near it.
fn shared_access(seen: &Seen<'_>) -> Option<Verdict> {
    const BYTES_MIN: usize = 40;
    // Its padding comes last: a text of parameters has it before.
    if UNPADDED.run(seen.after(), BYTES_MIN) < BYTES_MIN {
        return None;
    }
    let seen = seen.with_body(BYTES_MIN);
    const BEFORE: usize = 200;
    const AFTER: usize = 100;
    let before = &seen.before()[seen.start.saturating_sub(BEFORE)..];
    let after = &seen.after()[..seen.after().len().min(AFTER)];
    let (mut expiry, mut version) = (false, false);
    for near in [before, after] {
        let mut at = 0;
        while let Some(sign) = find_byte(near, at, b'=') {
            match near[..sign] {
                [.., b's', b'e'] => expiry = true,
                [.., b's', b'v' | b'p'] => version = true,
                _ => {}
            }
            at = sign + 1;
        }
    }
    let rest = WIDE.run(seen.after(), TAIL_BYTES_MAX);
    if expiry && version { varied(&seen).map(|verdict| verdict.and_after(rest)) } else { None }
}

/// Three characters and a digit stand before `Q~`.
fn client_secret(seen: &Seen<'_>) -> Option<Verdict> {
    let (before, four) = seen.before().split_last_chunk::<4>()?;
    let fits = four[3].is_ascii_digit() && four[..3].iter().all(|b| WIDE.has(*b));
    let is_whole = !before.last().is_some_and(u8::is_ascii_alphanumeric);
    if fits && is_whole { varied(seen).map(|verdict| verdict.with_before(4)) } else { None }
}

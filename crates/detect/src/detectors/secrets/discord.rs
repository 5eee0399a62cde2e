//! Bot tokens and web-hooks of Discord.
//!
//! Finds: a token whose first part is the bot's number in base64; the path of a web-hook.
//! Not one: ids of servers, channels and users, which are numbers.
//! Example: `MTIzNDU2Nzg5MDEyMzQ1Njc4.{word 6}.{word 38}`, `https://discord.com/api/webhooks/{digit 18}/{word 68}`
//! Misses: client secrets, except under a key of secrets.
//! Source: Discord's developer documentation (authentication, web-hooks).

use weir_event::Category;

use crate::decode;
use crate::detectors::anchored::Part::{AtLeast, Between, Exactly, Text};
use crate::detectors::anchored::{ALNUM, Anchored, DIGIT, Seen, Verdict, WORD, any, form};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_discord",
    category: Category::SecretToken,
    forms: &[
        form(b"MD", &[Between(ALNUM, 20, 26), Text(b"."), Exactly(WORD, 6), Text(b"."), AtLeast(WORD, 27)], bot),
        form(b"MT", &[Between(ALNUM, 20, 26), Text(b"."), Exactly(WORD, 6), Text(b"."), AtLeast(WORD, 27)], bot),
        form(b"Mj", &[Between(ALNUM, 20, 26), Text(b"."), Exactly(WORD, 6), Text(b"."), AtLeast(WORD, 27)], bot),
        form(b"Mz", &[Between(ALNUM, 20, 26), Text(b"."), Exactly(WORD, 6), Text(b"."), AtLeast(WORD, 27)], bot),
        form(b"ND", &[Between(ALNUM, 20, 26), Text(b"."), Exactly(WORD, 6), Text(b"."), AtLeast(WORD, 27)], bot),
        form(b"NT", &[Between(ALNUM, 20, 26), Text(b"."), Exactly(WORD, 6), Text(b"."), AtLeast(WORD, 27)], bot),
        form(b"Nj", &[Between(ALNUM, 20, 26), Text(b"."), Exactly(WORD, 6), Text(b"."), AtLeast(WORD, 27)], bot),
        form(b"Nz", &[Between(ALNUM, 20, 26), Text(b"."), Exactly(WORD, 6), Text(b"."), AtLeast(WORD, 27)], bot),
        form(b"OD", &[Between(ALNUM, 20, 26), Text(b"."), Exactly(WORD, 6), Text(b"."), AtLeast(WORD, 27)], bot),
        form(b"OT", &[Between(ALNUM, 20, 26), Text(b"."), Exactly(WORD, 6), Text(b"."), AtLeast(WORD, 27)], bot),
        form(b"discord.com/api/webhooks/", &[Between(DIGIT, 16, 20), Text(b"/"), AtLeast(WORD, 60)], any),
        form(b"discordapp.com/api/webhooks/", &[Between(DIGIT, 16, 20), Text(b"/"), AtLeast(WORD, 60)], any),
    ],
};

/// The first part is a number of 17 to 20 digits in base64.
fn bot(seen: &Seen<'_>) -> Option<Verdict> {
    let mut number = [0; 24];
    let len = decode::base64_prefix(&seen.text[seen.start..seen.end], &mut number);
    if len >= 15 && number[..len].iter().all(u8::is_ascii_digit) { any(seen) } else { None }
}

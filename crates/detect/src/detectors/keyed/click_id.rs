//! Ids of clicks on advertisements, by which the advertiser knows the person again.
//!
//! Finds: a value of ten bytes or more with a digit or a capital under the keys of Google, Meta, Microsoft, TikTok, X, LinkedIn,
//! Snapchat, Pinterest, Reddit, Yandex, Mailchimp, HubSpot, Marketo and others, also in the query of an address.
//! Not one: words, which test something.
//! Example: `gclid` = `Cj0KCQiA{alnum 40}`, `$current_url` = `https://x.example/?fbclid=IwAR0{alnum 50}`, `msclkid` = `{hex 32}`
//! Misses: click ids of networks that are not listed.
//! Source: each network's documentation of its parameter.

use weir_event::{Category, Likelihood};

use super::{Fit, Keyed, Vocabulary};
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "click_id",
    category: Category::PseudonymousId,
    facts: PathFacts::CLICK_ID,
    also: PathFacts::NONE,
    likelihood: Likelihood::Likely,
    fits,
    words: Vocabulary {
        always: "gclid dclid gbraid wbraid fbclid msclkid ttclid twclid lifatid scclid sccid epik rdtcid yclid ymclid igshid igsh
            irclickid obclid tblci qclid mceid mccid hsenc mkttok veroid gclaw vmcid clickid adclickid",
        ..Vocabulary::NONE
    },
};

fn fits(value: &[u8], is_number: bool) -> Fit {
    let has = |test: fn(&u8) -> bool| value.iter().any(test);
    let varied = has(u8::is_ascii_digit) || has(u8::is_ascii_uppercase);
    let is_token = value.len() >= 10 && varied && !has(|b| b.is_ascii_whitespace() || matches!(b, b'{' | b'<' | b'['));
    if !is_number && is_token { Fit::Yes } else { Fit::No }
}

//! Identifiers of a browser, as cookies hold them.
//!
//! Finds: any value of six bytes or more under a key of visitors.
//! Not one: small numbers, words of a state.
//! Example: `anonymous_id` = `a1b2c3d4e5`, `domain_userid` = `bc92c8f1-4c2f`
//! Misses: the same values under keys that say nothing.
//! Source: the names that Google Analytics, Segment, Snowplow and Meta give their cookies and fields.

use weir_event::{Category, Likelihood};

use super::{Fit, Keyed, Vocabulary};
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "cookie_id",
    category: Category::CookieId,
    facts: PathFacts::COOKIE_ID,
    also: PathFacts::NONE,
    likelihood: Likelihood::Likely,
    fits,
    words: Vocabulary {
        always: "cookieid ga gaclientid ajsanonymousid anonymousid visitorid fbp fbc muid browserid uetvid uetsid stripemid stripesid hubspotutk hstc hjid clck clsk pinunauth
            optanonconsent intercomdeviceid domainuserid
            networkuserid duid nuid tnuid anonid besucherid idvisiteur idvisitante idvisitatore bezoekersid",
        ..Vocabulary::NONE
    },
};

fn fits(value: &[u8], _: bool) -> Fit {
    if value.len() < 6 { Fit::No } else { Fit::Yes }
}

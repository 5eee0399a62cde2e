//! Profiles in social networks and pages of one's own.
//!
//! Finds: a URL or a handle under a key of profiles.
//! Not one: counters of shares, networks (`twitter: 12`, `share: facebook`).
//! Example: `linkedin_url` = `https://www.linkedin.com/in/ada`, `user.website` = `ada.example`
//! Misses: the same values under keys that say nothing.
//! Source: key vocabulary; Fideslang 2.0 for the category.

use weir_event::{Category, Likelihood};

use super::{Fit, Keyed, Vocabulary};
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "social_url",
    category: Category::SocialUrl,
    facts: PathFacts::SOCIAL,
    also: PathFacts::NONE,
    likelihood: Likelihood::Likely,
    fits,
    words: Vocabulary {
        always: "linkedinurl linkedinprofile linkedinprofileurl twitterurl twitterprofile facebookurl facebookprofile
            instagramurl instagramprofile githuburl githubprofile tiktokurl youtubechannel mastodonurl xingprofil
            xingurl socialprofile socialprofiles socialurl profileurl personalwebsite personalurl blogurl homepageurl
            profillinkedin perfillinkedin profilolinkedin linkedinprofiel",
        alone: "linkedin facebook instagram mastodon",
        of_persons: "website homepage blog webseite siteweb sitioweb sitoweb url",
        ..Vocabulary::NONE
    },
};

fn fits(value: &[u8], is_number: bool) -> Fit {
    match value {
        _ if is_number || value.len() < 4 => Fit::No,
        _ if value.iter().any(|b| matches!(b, b'/' | b'.' | b'@')) => Fit::Yes,
        _ => Fit::Perhaps,
    }
}

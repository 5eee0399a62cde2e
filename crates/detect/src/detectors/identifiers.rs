//! Identifiers of browsers and persons that begin with something only they have: cookies, hashes in addresses of pictures.
//!
//! They stand in the same table as credentials: [`super::anchored`].

use crate::detectors::anchored::Anchored;

mod browser_cookie;
mod cookie_header;
pub(crate) mod cookie_names;
mod gravatar;

/// Every one.
pub(crate) const IDENTIFIERS: &[Anchored] =
    &[browser_cookie::IDENTIFIER, cookie_header::IDENTIFIER, gravatar::IDENTIFIER];

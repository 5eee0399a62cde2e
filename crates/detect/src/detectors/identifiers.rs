//! Identifiers of browsers and persons that begin with something only they have: cookies, click ids, hashes in addresses.
//!
//! They stand in the same table as credentials: [`super::anchored`].

use crate::detectors::anchored::Anchored;

/// Every one.
pub(crate) const IDENTIFIERS: &[Anchored] = &[];

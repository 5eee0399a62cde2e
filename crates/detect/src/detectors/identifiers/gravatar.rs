//! Hashes of e-mail addresses in the addresses of pictures.
//!
//! Finds: Gravatar's pictures, whose path is the MD5 or the SHA-256 of an address.
//! Not one: pictures of other sites, whose digests are of the picture.
//! Example: `https://www.gravatar.com/avatar/{hex 32}?s=80`, `https://gravatar.com/avatar/{hex 64}`
//! Misses: mirrors of Gravatar under other names, except Libravatar.
//! Source: Gravatar's developer documentation (creating the hash).

use weir_event::Category;

use crate::detectors::anchored::Part::{Exactly, Text};
use crate::detectors::anchored::{Anchored, HEX, any, form};

pub(crate) const IDENTIFIER: Anchored = Anchored {
    name: "gravatar",
    category: Category::PseudonymousId,
    forms: &[
        form(b"gravatar.com/avatar", &[Text(b"/"), Exactly(HEX, 32)], any),
        form(b"gravatar.com/avatar", &[Text(b"/"), Exactly(HEX, 64)], any),
        form(b"libravatar.org/avatar", &[Text(b"/"), Exactly(HEX, 32)], any),
        form(b"libravatar.org/avatar", &[Text(b"/"), Exactly(HEX, 64)], any),
    ],
};
